import Foundation
import JSONTree
import Logging
import Primitives

/// Structured log: one JSON object a line on standard error. Values are escaped by the JSON writer, so nothing from outside can begin a line.
struct JSONLog: LogHandler {
  var metadata: Logger.Metadata = [:]
  var logLevel: Logger.Level
  private let label: String

  static func logger(level: Logger.Level) -> Logger {
    Logger(label: "causeway") { JSONLog(logLevel: level, label: $0) }
  }

  private init(logLevel: Logger.Level, label: String) {
    self.logLevel = logLevel
    self.label = label
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    var object: JSONObject = [
      "time": .string(SystemClock().now().rfc3339), "level": .string(event.level.rawValue), "message": .string("\(event.message)"),
    ]
    let all = metadata.merging(event.metadata ?? [:]) { _, new in new }
    for (key, value) in all.sorted(by: { $0.key < $1.key }) { object[key] = .string("\(value)") }
    FileHandle.standardError.write(Data(JSONValue.object(object).serialized() + [0x0A]))
  }
}
