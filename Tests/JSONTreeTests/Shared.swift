import Foundation

/// The published vectors beside the repository: `../shared` seen from the package root, or `CAUSEWAY_SHARED`.
enum Shared {
  static let folder: URL = {
    if let path = ProcessInfo.processInfo.environment["CAUSEWAY_SHARED"] { return URL(fileURLWithPath: path, isDirectory: true) }
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    return root.deletingLastPathComponent().appendingPathComponent("shared", isDirectory: true)
  }()

  static let isPresent: Bool = {
    let present = FileManager.default.fileExists(atPath: folder.appendingPathComponent("vectors/jcs").path)
    if !present { print("not run: ../shared is absent") }
    return present
  }()

  static func bytes(_ path: String) throws -> [UInt8] { try Array(Data(contentsOf: folder.appendingPathComponent(path))) }

  static func names(in path: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.appendingPathComponent(path).path).sorted()
  }
}

func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }
func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
