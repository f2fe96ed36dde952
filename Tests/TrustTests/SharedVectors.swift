import JSONTree
import TestSupport

/// Published test vectors, as JSON.
enum SharedVectors {
  static let arePresent = SharedData.has("vectors")

  static func json(_ path: String) throws -> JSONValue {
    try JSONValue.parse(
      SharedData.bytes("vectors/" + path), limits: JSONLimits(bytes: 64 << 20, depth: 64, members: 1_000_000, values: 10_000_000))
  }
}
