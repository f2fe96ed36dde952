import Formats
import Foundation
import Primitives
import Testing

@testable import Translation

/// The XML Schema beside each profile is generated from its structure, and says the same of a document as our own validation does.
///
/// `CAUSEWAY_RECORD=1` writes the files anew; a run that records fails.
@Suite struct SchemaTests {
  static let profiles = ["cn.decmessage", "sg.tradenet", "uncefact.xml"]
  static let isRecording = ProcessInfo.processInfo.environment["CAUSEWAY_RECORD"] == "1"

  static func folder(_ profile: Profile) -> URL { Repository.root.appending(path: "schemas/profiles/\(profile.id)/\(profile.version)") }

  static func schema(_ profile: Profile) throws -> XMLFormat.Schema {
    let files = profile.schemaFiles.map { ($0.name, Array($0.text.utf8)) }
    return try XMLFormat.Schema(compiling: "schema.xsd", files: [String: [UInt8]](uniqueKeysWithValues: files))
  }

  @Test(arguments: profiles)
  func theCommittedSchemaIsTheGeneratedOne(_ name: String) throws {
    let profile = try Repository.translator().profile(name)
    let folder = Self.folder(profile)
    let generated = profile.schemaFiles
    if Self.isRecording {
      for file in generated { try Data(file.text.utf8).write(to: folder.appending(path: file.name)) }
      Issue.record("recorded \(generated.count) files of \(name); run again without CAUSEWAY_RECORD")
      return
    }
    for file in generated { #expect(try String(contentsOf: folder.appending(path: file.name), encoding: .utf8) == file.text, "\(file.name) is stale") }
    let committed = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".xsd") }.sorted()
    #expect(committed == generated.map(\.name).sorted())
  }

  @Test func jsonHasNoXMLSchema() throws { #expect(try Repository.translator().profile("uncefact.json").schemaFiles.isEmpty) }
}
