import Foundation
import JSONTree
import Testing

/// `profiles diff` as an integration team uses it: the shipped schemas against a folder with an edited profile.
@Suite struct ProfileDiffTests {
  /// A copy of the schemas with one text of a profile replaced.
  private func edited(_ file: String, _ old: String, _ new: String, _ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "causeway-schemas-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.copyItem(at: URL(filePath: World.repository + "schemas"), to: folder)
    let place = folder.appending(path: file)
    let text = try String(contentsOf: place, encoding: .utf8)
    #expect(text.contains(old))
    try text.replacing(old, with: new, maxReplacements: 1).write(to: place, atomically: true, encoding: .utf8)
    try body(folder.path)
  }

  private static let structure = "profiles/cn.decmessage/5.0/structure.yaml"

  @Test func aMessageThatWouldBeRefusedIsNamedWithTheReason() throws {
    try edited(Self.structure, "{name: BillNo, card: 0..1", "{name: BillNo, card: 1") { folder in
      let files = [World.samples + World.textiles, World.samples + "export-minimal.xml"]
      let run = try World.run(["profiles", "diff", "cn.decmessage", "--against", folder] + files)
      #expect(run.status == 65)
      #expect(run.output.contains("narrower  required  /DecMessage/DecHead/BillNo"))
      let lines = run.output.split(separator: "\n")
      #expect(lines.last?.hasSuffix("2 messages would be refused, because validate.missing at /DecMessage/DecHead/BillNo (1)") == true)
    }
  }

  @Test func aWiderPlaceRefusesNothing() throws {
    try edited(Self.structure, "{name: BillNo, card: 0..1, type: id 32", "{name: BillNo, card: 0..1, type: id 35") { folder in
      let run = try World.run(["profiles", "diff", "cn.decmessage", "--against", folder, "--messages", "5", "--json"])
      #expect(run.status == 0)
      let found = try JSONValue.parse(Array(run.output.utf8))
      #expect(found["changes"]?.array?.count == 1 && found["counts"]?["wider"]?.int == 1)
      #expect(found["trial"]?["messages"]?.int == 5 && found["trial"]?["newlyRefused"] == [])
    }
  }

  @Test func theDataAloneIsCompared() throws {
    let run = try World.run(["profiles", "diff", "sg.tradenet@4.1", "sg.tradenet", "--messages", "0"])
    #expect(run.status == 0)
    #expect(run.output == "sg.tradenet@4.1 to sg.tradenet@4.1: 0 changes, 0 narrower, 0 wider, 0 other\n")
  }

  @Test func wrongUsage() throws {
    #expect(try World.run(["profiles", "diff", "cn.decmessage"]).status == 64)
    #expect(try World.run(["profiles", "diff", "cn.decmessage", "cn.decmessage", "--messages", "-1"]).status == 64)
    #expect(try World.run(["profiles", "diff", "cn.decmessage", "--against", "/nowhere"]).status == 78)
    #expect(try World.run(["profiles", "diff", "cn.decmessage", "cn.decmessage", "/nowhere.xml"]).status == 66)
  }
}
