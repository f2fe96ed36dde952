import Declarations
import Formats
import Foundation
import Policy
import Primitives
import Testing
import YAMLTree

@testable import Translation

/// An economy joins by a folder of data: a made-up one (`Tests/Fixtures/zembla`) is laid over a copy of `schemas/`, and trades with China and Singapore.
@Suite struct NewEconomyTests {
  static let fixture = Repository.root.appending(path: "Tests/Fixtures/zembla")

  /// A copy of the repository's data, with the economy in it. Its code is put on the list of countries.
  ///
  /// - Parameter change: of the copy, before it is loaded.
  static func withSchemas(change: (URL) throws -> Void = { _ in }, _ body: (Translator, [String: ReleasePolicy]) throws -> Void) throws {
    let files = FileManager.default
    let folder = files.temporaryDirectory.appending(path: "causeway-economy-\(UUID().uuidString)")
    defer { try? files.removeItem(at: folder) }
    try files.copyItem(at: Repository.root.appending(path: "schemas").resolvingSymlinksInPath(), to: folder)
    for name in try #require(files.enumerator(atPath: fixture.path)).compactMap({ $0 as? String }) where !name.hasSuffix(".md") {
      let (source, target) = (fixture.appending(path: name), folder.appending(path: name))
      try files.createDirectory(at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
      var isFolder: ObjCBool = false
      if files.fileExists(atPath: source.path, isDirectory: &isFolder), !isFolder.boolValue { try files.copyItem(at: source, to: target) }
    }
    let countries = folder.appending(path: "codelists/iso3166-a2.csv")
    try (try String(contentsOf: countries, encoding: .utf8) + "QZ,赞巴拉,Zembla,,,made up,,\n").write(
      to: countries, atomically: true, encoding: .utf8)
    try change(folder)
    // What `causeway profiles check` does.
    let translator = Translator(try ProfileLibrary.load(folder.path))
    let policies = try ["cn-qz-clearance", "qz-sg-clearance"].reduce(into: [String: ReleasePolicy]()) { found, name in
      let file = folder.appending(path: "policies/\(name).yaml").path
      found[name] = try ReleasePolicy(configuration: try YAMLDocument.load(file), dictionary: translator.library.dictionary)
    }
    try body(translator, policies)
  }

  /// There by the hub under a policy, and supplemented in one round.
  ///
  /// - Returns: the import declaration, and what was asked for.
  private static func cross(_ bytes: [UInt8], _ from: String, _ to: String, _ policy: ReleasePolicy?, _ translator: Translator) throws -> (
    valid: ValidDocument, asked: [SupplementRequest.Item]
  ) {
    let source = try translator.valid(bytes, from)
    let there = try translator.write(
      source, released: try policy?.release(source.declaration).declaration, to: try translator.profile("uncefact.xml"))
    #expect(there.supplement.isEmpty)
    #expect(there.report.unmentionedSourceLeaves == [])
    let wire = try translator.valid(try there.bytes(), "uncefact.xml")
    let draft = try translator.write(wire, to: try translator.profile(to))
    #expect(draft.report.unmentionedSourceLeaves == [])
    let answers = try draft.supplement.items.map {
      SupplementAnswer(path: $0.path, value: try Answer.text(for: $0, of: translator.library))
    }
    let supplied = try translator.supply(answers, to: draft.document, profile: draft.profile)
    #expect(supplied.remaining.isEmpty)
    return (try translator.valid(supplied.bytes, to), draft.supplement.items)
  }

  @Test func aFolderOfDataIsAPartner() throws {
    try Self.withSchemas { translator, policies in
      let shipped = try Repository.library.get().profiles.count
      #expect(translator.library.profiles.count == shipped + 2)

      // China's export becomes Zembla's import.
      let chinese = try translator.profile("cn.decmessage").sample(seed: 3, items: 2, direction: .export, density: 85)
      let declared = try translator.valid(chinese, "cn.decmessage")
      let (sheet, asked) = try Self.cross(chinese, "cn.decmessage", "qz.form", policies["cn-qz-clearance"], translator)
      #expect(sheet.document.find("Way").flatMap(sheet.document.text) == "IN")
      #expect(
        sheet.declaration[id: "Declaration.TotalGrossMassMeasure"]?.text
          == declared.declaration[id: "Declaration.TotalGrossMassMeasure"]?.text)
      // In Zembla's own terms: what it alone knows, and the digits of its tariff behind the six that all have.
      #expect(asked.map(\.path).contains("Toll") && asked.map(\.path).contains("Gate"))
      let code = try #require(asked.first { $0.path == "Goods[No=1]/Code" })
      #expect(code.known?.utf8.count == 6 && code.pattern == "[0-9]{9}" && code.reason == .partial)
      #expect(asked.first { $0.path == "Toll" }?.en == "Toll at the bridge")

      // Zembla's export becomes Singapore's import, and China's.
      for seed in 0..<UInt64(20) {
        let export = try translator.profile("qz.form").sample(seed: seed, items: 3, direction: .export)
        let (permit, _) = try Self.cross(export, "qz.form", "sg.tradenet", policies["qz-sg-clearance"], translator)
        #expect(permit.document.find("InboundMessage") != nil)
        _ = try Self.cross(export, "qz.form", "cn.decmessage", nil, translator)
      }
    }
  }

  /// There and back with the complement, both directions, by both syntaxes of the hub.
  @Test func itsSheetsComeBack() throws {
    try Self.withSchemas { translator, _ in
      let profile = try translator.profile("qz.form")
      for (seed, hub) in (0..<UInt64(20)).flatMap({ seed in Repository.hub.map { (seed, $0) } }) {
        let source = try translator.valid(try profile.sample(seed: seed, items: 2), "qz.form")
        let there = try translator.write(source, to: try translator.profile(hub))
        let partner = try translator.valid(try there.bytes(), hub)
        let back = try translator.write(partner, to: profile, options: .init(complement: there.complement, makesComplement: false))
        #expect(source.document.differences(from: try translator.parse(try back.bytes(), as: profile)) == [], "seed \(seed) \(hub)")
      }
    }
  }

  @Test func itsAnswersAreStatuses() throws {
    try Self.withSchemas { translator, _ in
      let json = #"{"sheet":"S-1","verdict":"no","why":[{"where":"/Sheet/Goods[2]/Code","text":"no such code"}]}"#
      let hub = try translator.write(try translator.valid(Array(json.utf8), "qz.answer"), to: try translator.profile("uncefact.cdar.json"))
      let read = try translator.valid(try hub.bytes(), "uncefact.cdar.json")
      #expect(read.declaration[id: "Status.Code"]?.text == "refused")
      #expect(read.declaration[id: "Status.EconomyCode"]?.text == "QZ")
      let back = try translator.write(read, to: try translator.profile("qz.answer"))
      #expect(String(decoding: try back.bytes(), as: UTF8.self).contains(#""verdict":"no""#))
      // A sheet of sixty goods is two sheets; the answer to the second names the goods of the whole.
      let joined = try translator.rejoin(
        answers: [nil, read], numbers: [Array(1...30), Array(31...60)].map { $0.map(String.init) }, parts: try translator.profile("qz.form")
      )
      let reasons = joined.status.root.groups(try #require(translator.library.dictionary[id: "Reason"]))
      let pointer = try #require(translator.library.dictionary[id: "Reason.Pointer"])
      #expect(reasons.map { $0.text(pointer) } == ["part[1]", "/Sheet/Goods[32]/Code"])
    }
  }

  /// The data is checked as that of others is: a mistake is refused with its file and line.
  @Test func aMistakeInItIsRefused() throws {
    let found = problems {
      try Self.withSchemas(change: { folder in
        let mapping = folder.appending(path: "profiles/qz.form/1/mapping.yaml")
        let text = try String(contentsOf: mapping, encoding: .utf8)
        try text.replacing("{at: Gate,", with: "{at: Gates,").write(to: mapping, atomically: true, encoding: .utf8)
      }) { _, _ in Issue.record("it was loaded") }
    }
    #expect(!found.isEmpty && found.allSatisfy { $0.pointer?.contains("qz.form/1/") ?? false }, "\(found)")
    let line = try String(contentsOf: Self.fixture.appending(path: "profiles/qz.form/1/mapping.yaml"), encoding: .utf8)
      .components(separatedBy: "\n").firstIndex { $0.contains("{at: Gate,") }
    #expect(found.contains { $0.line == line.map { $0 + 1 } })
  }

  @Test func noCodeKnowsIt() throws {
    let sources = Repository.root.appending(path: "Sources").resolvingSymlinksInPath()
    let names = try #require(FileManager.default.enumerator(atPath: sources.path)).compactMap { $0 as? String }.filter {
      $0.hasSuffix(".swift")
    }
    #expect(names.count > 100)
    for name in names {
      let text = try String(contentsOf: sources.appending(path: name), encoding: .utf8)
      #expect(!text.localizedCaseInsensitiveContains("zembla") && !text.contains("qz."), "\(name)")
    }
  }
}
