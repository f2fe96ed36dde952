import Foundation

/// How many alterations the tampering tests try: some in every run of the tests, many with `make soak`.
package enum TamperingExtent {
  /// `count` as it is, or as much more as `CAUSEWAY_FLIPS` is above 25 000.
  package static func scaled(_ count: Int) -> Int {
    let flips = ProcessInfo.processInfo.environment["CAUSEWAY_FLIPS"].flatMap { Int($0) } ?? 25_000
    return max(count, count * flips / 25_000)
  }
}

/// Counts by class what was altered and what was noticed.
package struct TamperingTally {
  package private(set) var tried: [String: Int] = [:]
  package private(set) var missed: [String] = []

  package init() {}

  /// - Parameter isNoticed: whether the alteration was found, and named where it has to be.
  package mutating func count(_ kind: String, _ isNoticed: Bool, _ what: @autoclosure () -> String) {
    tried[kind, default: 0] += 1
    if !isNoticed, missed.count < 20 { missed.append("\(kind): \(what())") }
  }

  package var total: Int { tried.values.reduce(0, +) }
  /// One line: the classes by name with their counts.
  package var line: String { tried.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ") }
}
