import Synchronization

/// Counters of the gateway, in the text format of Prometheus. Labels are bounded: stages, codes and corridors, never values of messages.
package final class Metrics: Sendable {
  private struct Key: Hashable {
    let name: String
    let labels: String
  }

  private let counters = Mutex<[Key: Int]>([:])

  package init() {}

  package func count(_ name: String, _ labels: [(String, String)] = [], by amount: Int = 1) {
    let text = labels.map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ",")
    counters.withLock { $0[Key(name: name, labels: text), default: 0] += amount }
  }

  /// The exposition text, sorted by name.
  ///
  /// - Parameter gauges: values of this moment, for example the number of messages that wait.
  package func text(gauges: [(name: String, value: Int)]) -> String {
    let counters = counters.withLock { $0 }
    var lines: [String] = []
    var lastName = ""
    for (key, value) in counters.sorted(by: { ($0.key.name, $0.key.labels) < ($1.key.name, $1.key.labels) }) {
      if key.name != lastName { lines.append("# TYPE \(key.name) counter") }
      lastName = key.name
      lines.append(key.labels.isEmpty ? "\(key.name) \(value)" : "\(key.name){\(key.labels)} \(value)")
    }
    for gauge in gauges {
      lines.append("# TYPE \(gauge.name) gauge")
      lines.append("\(gauge.name) \(gauge.value)")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  private static func escaped(_ label: String) -> String {
    String(
      String.UnicodeScalarView(
        label.unicodeScalars.flatMap { scalar -> [Unicode.Scalar] in
          switch scalar {
          case "\\", "\"": ["\\", scalar]
          case "\n": ["\\", "n"]
          default: [scalar]
          }
        }))
  }
}
