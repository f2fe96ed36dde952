import FoundationEssentials
import Testing

@testable import Declarations

/// Files of this repository, as the tests read them.
enum Repository {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  static func bytes(_ path: String) throws -> [UInt8] { [UInt8](try Data(contentsOf: root.appending(path: path))) }

  static func dictionary() throws -> ElementDictionary {
    try ElementDictionary.load(csv: bytes("schemas/canonical/dictionary.csv"), file: "schemas/canonical/dictionary.csv")
  }

  static func library() throws -> CodeLibrary { try CodeLibrary.load(folder: root.appending(path: "schemas/codelists").path) }
}
