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
