import Declarations
import FoundationEssentials
import Primitives
import Testing

@testable import Translation

struct Mistake: Sendable, CustomTestStringConvertible {
  let old: String
  let new: String
  let file: String
  let line: Int
  let reason: String
  var testDescription: String { "\(file):\(line) \(reason)" }
}

@Suite struct ProfileLoadingTests {
  @Test func everyProfileOfTheRepositoryLoads() throws {
    let library = try Schemas.library.get()
    let folders = try FileManager.default.contentsOfDirectory(atPath: Schemas.folder + "/profiles").filter { !$0.hasPrefix(".") }
    #expect(Set(library.profiles.map(\.id)) == Set(folders))
    #expect(folders.contains("cn.decmessage") && folders.contains("uncefact.xml"))
    #expect(library["cn.decmessage@5.0"] === library["cn.decmessage"])
    #expect(library["no.such"] == nil)
  }

  /// Names of folders have no order that could say which version is meant.
  @Test func ofSeveralVersionsOneIsTheDefault() throws {
    func versions(_ heads: [String]) throws -> [Profile] {
      try heads.map { try Toy().breaking("version: '1'", $0).load() }
    }
    #expect(ProfileLibrary.undecided(try versions(["version: '1'"])) == [])
    #expect(ProfileLibrary.undecided(try versions(["version: '1', default: true", "version: '2'"])) == [])
    #expect(ProfileLibrary.undecided(try versions(["version: '1'", "version: '2'"])) == ["toy"])
    #expect(ProfileLibrary.undecided(try versions(["version: '1', default: true", "version: '2', default: true"])) == ["toy"])
    #expect(problems { _ = try versions(["version: '1', default: newest"]) }.first?.facts["reason"] == "true or false is expected here")
  }

  @Test func theToyLoads() throws { #expect(try Toy().load().id == "toy") }

  static let mistakes = [
    Mistake(
      old: "element: Declaration.TotalGrossMassMeasure", new: "element: Declaration.Weight", file: "mapping.yaml", line: 4,
      reason: "no element Declaration.Weight"),
    Mistake(old: "at: Gross", new: "at: Grass", file: "mapping.yaml", line: 4, reason: "has no Grass"),
    Mistake(
      old: "Declaration.TotalGrossMassMeasure", new: "Authentication.Indicator", file: "mapping.yaml", line: 4, reason: "cannot hold"),
    Mistake(old: ", convert: cn-transport-mode-to-rec19", new: "", file: "mapping.yaml", line: 5, reason: "a conversion is missing"),
    Mistake(
      old: "convert: cn-transport-mode-to-rec19", new: "convert: cn-unit-to-rec20", file: "mapping.yaml", line: 5, reason: "leads to rec20"),
    Mistake(
      old: "convert: cn-transport-mode-to-rec19", new: "convert: no-such", file: "mapping.yaml", line: 5, reason: "no conversion no-such"),
    Mistake(old: "list: cn-transport-mode}", new: "list: no-list}", file: "structure.yaml", line: 6, reason: "no-list"),
    Mistake(
      old: "element: GoodsItem.SequenceNumeric}", new: "element: Declaration.LRN}", file: "mapping.yaml", line: 10,
      reason: "not in GoodsItem"),
    Mistake(
      old: "at: Gross, element: Declaration.TotalGrossMassMeasure", new: "at: Items/Item/No, element: Declaration.GoodsItemQuantity",
      file: "mapping.yaml", line: 4, reason: "may occur more than once"),
    Mistake(
      old: "- {at: Gross,", new: "- {at: Gross, element: Declaration.TotalGrossMassMeasure}\n  - {at: Gross,", file: "mapping.yaml",
      line: 5, reason: "writes the same place"),
    Mistake(old: "at: [Note]", new: "at: [Flag]", file: "structure.yaml", line: 5, reason: "neither mapped nor local"),
    Mistake(old: "at: [Note]", new: "at: [Note, Gross]", file: "mapping.yaml", line: 13, reason: "called local, and a rule maps it"),
    Mistake(old: "{name: Note, card: 0..1", new: "{name: Note, card: 1", file: "structure.yaml", line: 5, reason: "no names"),
    Mistake(old: "decimal 10.3", new: "decimal ten", file: "structure.yaml", line: 4, reason: "is not known"),
    Mistake(old: "card: 0..9", new: "card: nine", file: "structure.yaml", line: 10, reason: "cardinality"),
    Mistake(old: "card: 0..9", new: "card: 2..9", file: "structure.yaml", line: 10, reason: "cardinality"),
    Mistake(old: "card: 0..9", new: "card: 2147483648", file: "structure.yaml", line: 10, reason: "cardinality"),
    Mistake(old: "I: IM", new: "I: EX", file: "mapping.yaml", line: 1, reason: "no value means IM"),
    Mistake(old: "at: Items/Item", new: "at: 'Items/Item[!Nope]'", file: "mapping.yaml", line: 6, reason: "has no Nope"),
    Mistake(old: "at: Items/Item", new: "at: 'Items/Item[!]'", file: "mapping.yaml", line: 6, reason: "is not understood"),
    Mistake(
      old: "key: GoodsItem.SequenceNumeric", new: "key: Commodity.Brand", file: "mapping.yaml", line: 8, reason: "the key Commodity.Brand"),
    Mistake(old: "length: 6}", new: "length: six}", file: "mapping.yaml", line: 11, reason: "a length is"),
    Mistake(old: "{at: Gross, element", new: "{at: Gross, elemnt", file: "mapping.yaml", line: 4, reason: "elemnt is not known here"),
    Mistake(old: "group: GoodsItem, max", new: "group: Goods, max", file: "rules.yaml", line: 1, reason: "no such group"),
    Mistake(old: "kind: max_count", new: "kind: most", file: "rules.yaml", line: 1, reason: "the kind most"),
  ]

  /// What is understood, and could never be of use.
  static let idle = [
    // A rule of the mapping that no document has.
    Mistake(
      old: "- {at: Code, concat:", new: "- {at: Code, direction: imports, concat:", file: "mapping.yaml", line: 11,
      reason: "direction is export or import"),
    Mistake(
      old: "key: GoodsItem.SequenceNumeric\n    rules:",
      new:
        "key: GoodsItem.SequenceNumeric\n    direction: export\n    rules:\n      - {at: Code, element: Commodity.Brand, direction: import}",
      file: "mapping.yaml", line: 11, reason: "exclude each other"),
    Mistake(
      old: "at: Items/Item\n", new: "at: Items/Item[No=x]\n", file: "mapping.yaml", line: 6, reason: "no document passes the test for x"),
    Mistake(
      old: "at: Gross, element", new: "at: Gross, only: read, element", file: "structure.yaml", line: 4, reason: "no names"),
    // A place that nothing could ever fill.
    Mistake(
      old: "values: [E, I]", new: "values: [E, I, XX]", file: "structure.yaml", line: 3, reason: "the value XX of Flag"),
    Mistake(
      old: "type: text 20}", new: "type: code 1, pattern: '[a-z]', list: cn-unit}", file: "structure.yaml", line: 5,
      reason: "no code of the list cn-unit"),
    Mistake(
      old: "{at: Gross, element", new: "{at: Gross, direction: export, element", file: "structure.yaml", line: 4,
      reason: "no rule can fill it"),
    // A rule across fields that could never speak, or always would.
    Mistake(
      old: "{kind: max_count, group: GoodsItem, max: 9}", new: "{kind: max_count, group: TransportEquipment, max: 9}", file: "rules.yaml",
      line: 1,
      reason: "never reads TransportEquipment, so the rule never speaks"),
    Mistake(
      old: "{kind: max_count, group: GoodsItem, max: 9}", new: "{kind: min_count, group: TransportEquipment, min: 1}", file: "rules.yaml",
      line: 1,
      reason: "always speaks"),
    Mistake(
      old: "{kind: max_count, group: GoodsItem, max: 9}", new: "{kind: conditional_required, element: Declaration.UCR}", file: "rules.yaml",
      line: 1,
      reason: "never reads Declaration.UCR, so the rule always speaks"),
    Mistake(
      old: "group: GoodsItem, max: 9}", new: "group: GoodsItem, max: 9, when: {element: Declaration.UCR, in: [x]}}", file: "rules.yaml",
      line: 1,
      reason: "on which the rule depends"),
    Mistake(
      old: "group: GoodsItem, max: 9}", new: "group: GoodsItem, max: 9, when: {element: BorderTransportMeans.ModeCode, in: ['1', '77']}}",
      file: "rules.yaml", line: 1, reason: "77 is not in rec19"),
  ]

  @Test(arguments: idle) func whatCouldNeverBeOfUseIsRefused(_ mistake: Mistake) throws {
    let toy = try Toy().breaking(mistake.old, mistake.new)
    let found = problems { _ = try toy.load() }
    #expect(
      found.contains { $0.pointer == mistake.file && $0.line == mistake.line && ($0.facts["reason"] ?? "").contains(mistake.reason) },
      "\(found.map { "\($0.pointer ?? "") \($0.line ?? 0) \($0.facts["reason"] ?? "")" })")
  }

  /// The twins: nearly the same, and of use.
  @Test(arguments: [
    ("- {at: Code, concat:", "- {at: Code, direction: import, concat:"), ("at: Items/Item\n", "at: Items/Item[No=1]\n"),
    ("type: text 20}", "type: code 1, pattern: '[0-9]', list: cn-transport-mode}"),
    ("{name: Gross, card: 1, type: decimal 10.3}", "{name: Gross, card: 1, type: decimal 10.3, en: gross mass, zh: 毛重}"),
    ("group: GoodsItem, max: 9}", "group: GoodsItem, max: 9, when: {element: BorderTransportMeans.ModeCode, in: ['1', '3']}}"),
    ("{kind: max_count, group: GoodsItem, max: 9}", "{kind: conditional_required, element: BorderTransportMeans.ModeCode}"),
    ("group: GoodsItem, max: 9}", "group: GoodsItem, max: 9, direction: import}"),
  ])
  func whatIsOfUseIsNot(_ old: String, _ new: String) throws { _ = try Toy().breaking(old, new).load() }

  @Test(arguments: mistakes) func aBadProfileIsRefusedWithFileLineAndReason(_ mistake: Mistake) throws {
    let toy = try Toy().breaking(mistake.old, mistake.new)
    let found = problems { _ = try toy.load() }
    #expect(
      found.contains { $0.pointer == mistake.file && $0.line == mistake.line && ($0.facts["reason"] ?? "").contains(mistake.reason) },
      "\(found.map { "\($0.pointer ?? "") \($0.line ?? 0) \($0.facts["reason"] ?? "")" })")
  }

  @Test func allMistakesAreReportedAtOnce() throws {
    let toy = try Toy().breaking("element: Declaration.TotalGrossMassMeasure", "element: A.B").breaking("at: Mode", "at: Mood").breaking(
      "max_count", "most")
    let found = problems { _ = try toy.load() }
    #expect(found.contains { $0.line == 4 && $0.pointer == "mapping.yaml" })
    #expect(found.contains { $0.line == 5 && $0.pointer == "mapping.yaml" })
    #expect(found.contains { $0.pointer == "rules.yaml" })
  }
}
