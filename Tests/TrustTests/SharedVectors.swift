import FoundationEssentials
import JSONTree

/// Published test vectors that are kept beside the repository. Found relative to the package root or by `CAUSEWAY_SHARED`.
enum SharedVectors {
  static let folder: String = {
    if let path = ProcessInfo.processInfo.environment["CAUSEWAY_SHARED"] { return path }
    let root = #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
    return root + "/../shared"
  }()

  /// Whether the vectors are there; tests that need them say so when they are not.
  static let arePresent: Bool = {
    let present = FileManager.default.fileExists(atPath: folder + "/vectors")
    if !present { print("not run: ../shared is absent") }
    return present
  }()

  static func bytes(_ path: String) throws -> [UInt8] {
    Array(try Data(contentsOf: URL(filePath: folder + "/vectors/" + path)))
  }

  static func json(_ path: String) throws -> JSONValue {
    try JSONValue.parse(bytes(path), limits: JSONLimits(bytes: 64 << 20, depth: 64, members: 1_000_000, values: 10_000_000))
  }
}
