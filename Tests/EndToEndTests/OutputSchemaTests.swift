import Foundation
import JSONTree
import TestSupport
import Testing

/// What the commands give to machines holds to the schemas of `schemas/`.
@Suite struct OutputSchemaTests {
  private static let message = World.samples + World.textiles

  private func errors(_ bytes: [UInt8], _ name: String) throws -> [String] {
    let schema = [UInt8](try Data(contentsOf: URL(filePath: World.repository + "schemas/\(name).schema.json")))
    return try JSONSchema(schema).errors(in: try JSONValue.parse(bytes))
  }

  private func lines(_ text: String) -> [[UInt8]] { text.split(separator: "\n").map { Array($0.utf8) } }

  @Test func everyProblemOfACommandIsALine() throws {
    let good = String(decoding: try Data(contentsOf: URL(filePath: Self.message)), as: UTF8.self)
    let bad = good.replacing("<GrossWet>", with: "<GrossWet>x").replacing("<TradeMode>", with: "<TradeMode>99").replacing(
      "CNY", with: "???")
    for (arguments, input) in [
      (["validate", "--profile", "cn.decmessage", "-"], bad), (["validate", "--profile", "cn.decmessage", "-"], "<a"),
      (["validate", "--profile", "no.such", "-"], good), (["translate", "--from", "cn.decmessage", "--to", "sg.tradenet", "-"], bad),
      (["profiles", "diff", "cn.decmessage", "sg.tradenet"], ""),
    ] {
      let run = try World.run(arguments, input: Array(input.utf8))
      #expect(run.status != 0)
      let found = lines(run.errors)
      #expect(!found.isEmpty)
      for line in found { #expect(try errors(line, "problem") == [], "\(String(decoding: line, as: UTF8.self))") }
    }
  }

  @Test func filesOfATranslation() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "causeway-outputs-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    func file(_ name: String) -> String { folder.appending(path: name).path }
    let translate = ["translate", "--from", "cn.decmessage", "--to", "sg.tradenet"]
    let run = try World.run(
      translate + ["--report", file("r"), "--complement", file("c"), "--supplement", file("s"), Self.message])
    #expect(run.status == 0)
    for (name, schema) in [("r", "translation-report"), ("c", "complement"), ("s", "supplement-request")] {
      #expect(try errors([UInt8](try Data(contentsOf: URL(filePath: file(name)))), schema) == [])
    }
    // The request as a document of the hub.
    let hub = ["--supplement", file("s.xml"), "--supplement-profile", "uncefact.supplement.xml"]
    #expect(try World.run(translate + hub + [Self.message]).status == 0)
    #expect(try World.run(["validate", "--profile", "uncefact.supplement.xml", file("s.xml")]).status == 0)
    #expect(try World.run(translate + hub.dropLast() + ["uncefact.cdar.xml", Self.message]).status != 0)
    #expect(try World.run(translate + ["--split", file("parts"), Self.message]).status == 0)
    #expect(try errors([UInt8](try Data(contentsOf: URL(filePath: file("parts/plan.json")))), "split-plan") == [])
    #expect(try errors([UInt8](try Data(contentsOf: URL(filePath: file("parts/part-001.report.json")))), "translation-report") == [])
    let explained = lines(try World.run(translate + ["--explain", "Origin.CountryCode", "--json", Self.message]).output)
    #expect(explained.count == 12)
    for line in explained { #expect(try errors(line, "explanation") == []) }
  }

  @Test func answersAboutProfiles() throws {
    let list = try JSONValue.parse(Array(try World.run(["profiles", "list", "--json"]).output.utf8)).array ?? []
    #expect(list.count > 10)
    for profile in list { #expect(try errors(profile.serialized(), "profile") == []) }
    for name in ["sg.tradenet", "uncefact.cdar.xml"] {
      #expect(try errors(Array(try World.run(["profiles", "show", name, "--json"]).output.utf8), "profile") == [])
    }
    let matrix = try World.run(["profiles", "prove", "cn.decmessage", "sg.tradenet", "--declarations", "2", "--json"])
    #expect(try errors(Array(matrix.output.utf8), "loss-matrix") == [])
    let difference = try World.run(["profiles", "diff", "cn.decmessage", "cn.decmessage", Self.message, "--json"])
    #expect(difference.status == 0)
    #expect(try errors(Array(difference.output.utf8), "profile-difference") == [])
  }
}
