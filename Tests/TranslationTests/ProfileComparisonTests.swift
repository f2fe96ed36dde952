import Declarations
import FoundationEssentials
import JSONTree
import Primitives
import Testing

@testable import Translation

/// Two versions of a profile, compared as data and by messages.
@Suite struct ProfileComparisonTests {
  /// A library with the hub's format and one toy.
  private static func library(_ toy: Toy, codes: CodeLibrary? = nil) throws -> ProfileLibrary {
    let shipped = try Schemas.library.get()
    let hub = try #require(shipped["uncefact.xml"])
    return ProfileLibrary(
      dictionary: shipped.dictionary, codes: codes ?? shipped.codes, profiles: [try toy.load(codes: codes), hub],
      crossing: shipped.crossing,
      splitting: shipped.splitting, editions: shipped.editions, defaults: [])
  }

  private static func comparison(_ edits: [(String, String)]) throws -> ProfileComparison {
    var after = try Toy().breaking("version: '1'", "version: '2'")
    for (old, new) in edits { after = try after.breaking(old, new) }
    return try ProfileComparison("toy", of: try library(Toy()), with: "toy", of: try library(after))
  }

  private func kinds(_ difference: ProfileDifference) -> [String] {
    difference.changes.map { "\($0.effect.rawValue) \($0.kind.rawValue) \($0.path ?? $0.element ?? "")" }
  }

  // MARK: Data

  struct Edit: Sendable, CustomTestStringConvertible {
    let edits: [(String, String)]
    let changes: [String]
    init(_ old: String, _ new: String, _ changes: String...) { (edits, self.changes) = ([(old, new)], changes) }
    init(_ edits: [(String, String)], _ changes: String...) { (self.edits, self.changes) = (edits, changes) }
    var testDescription: String { changes.joined(separator: "; ") }
  }

  static let edits: [Edit] = [
    Edit("card: 0..9", "card: 0..5", "narrower cardinality /Doc/Items/Item"),
    Edit("card: 0..9", "card: 0..n", "wider cardinality /Doc/Items/Item"),
    Edit("decimal 10.3", "decimal 12.3", "wider type /Doc/Gross"),
    Edit("decimal 10.3", "decimal 8.2", "narrower type /Doc/Gross"),
    Edit("decimal 10.3", "decimal 10.2", "other type /Doc/Gross"),
    Edit("text 20}", "text 20 upper-ascii}", "narrower type /Doc/Note"),
    Edit("text 20}", "text 20, pattern: '[A-Z]+'}", "narrower pattern /Doc/Note"),
    Edit("text 20}", "text 20, values: [A, B]}", "narrower values /Doc/Note"),
    Edit("{name: Gross, card: 1", "{name: Gross, card: 0..1", "wider optional /Doc/Gross"),
    Edit("{name: Mode, card: 0..1", "{name: Mode, card: 1", "narrower required /Doc/Mode"),
    Edit("{name: Mode, card: 0..1", "{name: Mode, card: 0..1, required_in: [import]", "narrower required /Doc/Mode"),
    Edit("text 20}", "text 20, list: cn-unit}", "narrower lists /Doc/Note"),
    Edit(
      [("  - {name: Note, card: 0..1, type: text 20}\n", ""), ("local:\n  - {reason: a remark, at: [Note]}", "local: []")],
      "narrower gone /Doc/Note"),
    Edit(
      [("- {name: Note,", "- {name: More, card: 0..1, type: text 5}\n  - {name: Note,"), ("[Note]", "[Note, More]")], "wider new /Doc/More"),
    Edit(
      [("- {name: Note,", "- {name: More, card: 1, type: text 5, en: a, zh: b}\n  - {name: Note,"), ("[Note]", "[Note, More]")],
      "narrower new /Doc/More"),
    Edit([("{name: Gross,", "{name: Weight,"), ("at: Gross,", "at: Weight,")], "narrower renamed /Doc/Gross"),
    Edit([("{name: Gross,", "{name: Weight, also: [Gross],"), ("at: Gross,", "at: Weight,")], "other renamed /Doc/Gross"),
    Edit([("name: Items", "name: Goods"), ("at: Items/Item", "at: Goods/Item")], "narrower renamed /Doc/Items"),
    Edit(
      [
        ("  - {name: Gross, card: 1, type: decimal 10.3}\n", ""),
        ("          - {name: No,", "          - {name: No2, card: 0..1, type: text 1}\n          - {name: No,"),
        ("- name: Items", "- {name: Totals, card: 1, children: [{name: Gross, card: 1, type: decimal 10.3}]}\n  - name: Items"),
        ("at: Gross,", "at: Totals/Gross,"), ("[Note]", "[Note, Items/Item/No2]"),
      ], "narrower moved /Doc/Gross", "narrower new /Doc/Totals", "wider new /Doc/Items/Item/No2"),
    Edit(
      [
        ("  - {name: Note, card: 0..1, type: text 20}\n", ""),
        ("- {name: Gross, card: 1", "- {name: Note, card: 0..1, type: text 20}\n  - {name: Gross, card: 1"),
      ], "narrower order /Doc"),
    Edit(
      ", convert: cn-transport-mode-to-rec19", ", convert: cn-transport-mode-to-rec19, only: read",
      "other mapping BorderTransportMeans.ModeCode"),
    Edit("length: 2..4", "length: 2..6", "other mapping Commodity.HS6", "other mapping Commodity.NationalCode"),
    Edit(
      [("  - {at: Mode, element: BorderTransportMeans.ModeCode, convert: cn-transport-mode-to-rec19}\n", ""), ("[Note]", "[Note, Mode]")],
      "narrower not_carried BorderTransportMeans.ModeCode"),
    Edit(
      [
        ("local:\n  - {reason: a remark, at: [Note]}", "local: []"),
        ("- {at: Mode,", "- {at: Note, element: Declaration.MarksNumbers}\n  - {at: Mode,"),
      ],
      "wider carried Declaration.MarksNumbers"),
    Edit("max: 9}]", "max: 8}]", "narrower rule_new", "wider rule_gone"),
    Edit("empties: keep", "empties: omit", "narrower head empties"),
    Edit("empties: keep", "empties: keep, itemLimit: 20", "narrower head itemLimit"),
    Edit("values: {E: EX, I: IM}", "values: {E: EX, I: IM, J: IM}", "other head direction"),
  ]

  @Test(arguments: edits) func aChangeIsNamedWithItsPlaceAndEffect(_ edit: Edit) throws {
    let difference = try Self.comparison(edit.edits).difference()
    var found = kinds(difference)
    // A rule without an id goes by what it says.
    found = found.map { $0.contains("rule_") ? $0.split(separator: " ").prefix(2).joined(separator: " ") : $0 }
    #expect(Set(found) == Set(edit.changes) && found.count == edit.changes.count, "\(difference.lines)")
  }

  @Test func aVersionIsTheSameAsItself() throws {
    let comparison = try Self.comparison([])
    #expect(comparison.before.name == "toy@1" && comparison.after.name == "toy@2")
    #expect(comparison.difference().changes == [])
    let trial = try comparison.trial(of: try comparison.generated(10))
    #expect(trial.messages.count == 10 && trial.findings.isEmpty && trial.different.isEmpty && trial.refusedAfter.isEmpty)
    #expect(trial.with == "uncefact.xml")
  }

  @Test(arguments: ["cn.decmessage", "sg.tradenet", "edifact.cusdec", "my.kastam", "wco.dms.response", "uncefact.xml"])
  func everyShippedProfileIsTheSameAsItself(_ name: String) throws {
    let library = try Schemas.library.get()
    let comparison = try ProfileComparison(name, of: library, with: name, of: library)
    #expect(comparison.difference().changes == [])
    #expect(try comparison.trial(of: try comparison.generated(2)).findings.isEmpty)
  }

  @Test func onlyVersionsOfOneFormatAreCompared() throws {
    let library = try Schemas.library.get()
    #expect(
      problems { _ = try ProfileComparison("cn.decmessage", of: library, with: "sg.tradenet", of: library) }.map(\.code)
        == ["profile.not_comparable"])
    #expect(
      problems { _ = try ProfileComparison("cn.decmessage@9", of: library, with: "cn.decmessage", of: library) }.map(\.code)
        == ["profile.unknown"])
  }

  /// In JSON a place goes by another name and has a kind.
  @Test(arguments: [
    (
      "{name: Gross, card: 1, type: decimal 10.3}", "{name: Gross, card: 1, type: decimal 10.3, json: weight}",
      "narrower renamed /Doc/Gross"
    ),
    (
      "{name: Gross, card: 1, type: decimal 10.3}", "{name: Gross, card: 1, type: decimal 10.3, json: {type: string}}",
      "narrower type /Doc/Gross"
    ),
    ("{name: Gross, card: 1, type: decimal 10.3}", "{name: Gross, card: 1, type: decimal 10.3, also: [Weight]}", nil),
  ])
  func namesAndKindsOfJSON(_ old: String, _ new: String, _ change: String?) throws {
    let before = try Toy().breaking("syntax: xml", "syntax: json")
    let after = try before.breaking(old, new)
    let comparison = try ProfileComparison("toy", of: try Self.library(before), with: "toy", of: try Self.library(after))
    #expect(kinds(comparison.difference()) == (change.map { [$0] } ?? []))
    let trial = try comparison.trial(of: try comparison.generated(4))
    #expect(trial.newlyRefused.count == (change == nil ? 0 : 4), "\(trial.lines)")
  }

  @Test func aDirectionThatAloneRequiresALeafIsNamed() throws {
    let difference = try Self.comparison([("{name: Mode, card: 0..1", "{name: Mode, card: 0..1, required_in: [import]")]).difference()
    #expect(difference.changes.first?.only == ["import"])
  }

  // MARK: Codes

  /// The shipped lists and tables with lines left out of one of them.
  private func codes(without prefix: String, in table: String) throws -> CodeLibrary {
    func files(_ folder: String) throws -> [CodeLibrary.File] {
      let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".csv") }.sorted()
      return try names.map { name in
        var bytes = [UInt8](try #require(FileManager.default.contents(atPath: "\(folder)/\(name)")))
        if name == table + ".csv" {
          let lines = text(bytes).split(separator: "\n", omittingEmptySubsequences: false).filter { !$0.hasPrefix(prefix) }
          bytes = Array(lines.joined(separator: "\n").utf8)
        }
        return .init(name: String(name.dropLast(4)), path: "\(folder)/\(name)", bytes: bytes)
      }
    }
    return try CodeLibrary(lists: files(Schemas.folder + "/codelists"), conversions: files(Schemas.folder + "/codelists/conversions"))
  }

  @Test func aPeerThatATableLosesIsNamedAndItsValuesAreNotRead() throws {
    let codes = try codes(without: "2,1,", in: "cn-transport-mode-to-rec19")
    let comparison = try ProfileComparison(
      "toy", of: try Self.library(Toy()), with: "toy", of: try Self.library(Toy(), codes: codes))
    let difference = comparison.difference()
    #expect(kinds(difference) == ["narrower table cn-transport-mode-to-rec19"])
    #expect(difference.changes.first?.gone == ["2"])
    let message = "<Doc><Flag>E</Flag><Gross>1</Gross><Mode>2</Mode></Doc>"
    let trial = try comparison.trial(of: [.init(name: "ship", bytes: Array(message.utf8))])
    let value = try #require(trial.findings.first { $0.kind == .value })
    #expect(value.place == "BorderTransportMeans.ModeCode" && value.before == "1" && value.after == nil && value.way == .out)
    let report = try #require(trial.findings.first { $0.kind == .report && $0.way == .out })
    #expect(report.place == "/Doc/Mode" && report.after?.hasPrefix("not_carried code_no_peer") == true)
    #expect(trial.newlyRefused.isEmpty && trial.different == ["ship"])
  }

  // MARK: Messages

  private let messages = [
    ProfileComparison.Message(name: "with mode", bytes: Array("<Doc><Flag>E</Flag><Gross>1</Gross><Mode>2</Mode></Doc>".utf8)),
    ProfileComparison.Message(name: "without mode", bytes: Array("<Doc><Flag>I</Flag><Gross>1.125</Gross></Doc>".utf8)),
    ProfileComparison.Message(name: "broken", bytes: Array("<Doc><Flag>I</Flag></Doc>".utf8)),
  ]

  @Test func aLeafThatIsRequiredNowRefusesMessagesAndIsAskedFor() throws {
    let trial = try Self.comparison([("{name: Mode, card: 0..1", "{name: Mode, card: 1")]).trial(of: messages)
    #expect(
      trial.newlyRefused == ["without mode"] && trial.refusedBefore == ["broken"] && trial.refusedAfter == ["without mode", "broken"])
    let refused = try #require(trial.findings.first { $0.kind == .refused })
    #expect(refused.place == "/Doc/Mode" && refused.after == "validate.missing" && refused.messages == ["without mode"])
    let refusal = try #require(trial.findings.first { $0.kind == .refusal })
    #expect(refusal.place == "/Doc/Mode" && refusal.messages == ["broken"])
    let asked = try #require(trial.findings.first { $0.kind == .asked })
    #expect(asked.place == "Mode" && asked.way == .in && asked.before == nil)
    let last = try #require(trial.lines.last)
    #expect(last == "1 of 3 messages would be refused, because validate.missing at /Doc/Mode (1)")
  }

  @Test func aLeafThatIsNoLongerRequiredLetsMessagesPass() throws {
    let trial = try Self.comparison([("{name: Gross, card: 1", "{name: Gross, card: 0..1")]).trial(of: messages)
    #expect(trial.refusedBefore == ["broken"] && trial.refusedAfter.isEmpty && trial.newlyRefused.isEmpty)
    #expect(trial.findings.first { $0.kind == .accepted }?.before == "validate.missing")
  }

  @Test func aNarrowerNumberIsWrittenRounded() throws {
    // What the second version refuses from its own senders, it rounds when it comes from the partner.
    let trial = try Self.comparison([("decimal 10.3", "decimal 10.2")]).trial(of: messages)
    #expect(trial.newlyRefused == ["without mode"])
    let written = try #require(trial.findings.first { $0.kind == .written && $0.way == .in })
    #expect(written.place == "/Doc/Gross" && written.before == "1.125" && ["1.12", "1.13"].contains(written.after))
  }

  @Test func findingsOfManyMessagesAreOne() throws {
    let comparison = try Self.comparison([("{name: Gross,", "{name: Weight, also: [Gross],"), ("at: Gross,", "at: Weight,")])
    let trial = try comparison.trial(of: try comparison.generated(12))
    let written = trial.findings.filter { $0.kind == .written }
    #expect(written.map(\.place).sorted() == ["/Doc/Gross", "/Doc/Weight"])
    #expect(written.allSatisfy { $0.messages.count == 12 && $0.way == .in })
    #expect(trial.newlyRefused.isEmpty)
  }

  @Test func placesAreWithoutPositions() {
    #expect(MessageTrial.withoutPositions("/A/B[3]/C") == "/A/B/C")
    #expect(MessageTrial.withoutPositions("/a/0/b") == "/a/b")
    #expect(MessageTrial.withoutPositions("GoodsItem[2].Origin.CountryCode") == "GoodsItem.Origin.CountryCode")
    #expect(MessageTrial.withoutPositions("A[Key=x/1]/B") == "A/B")
    #expect(MessageTrial.withoutPositions("") == "")
  }

  @Test func itHasAJSONFormAndLines() throws {
    let comparison = try Self.comparison([("{name: Mode, card: 0..1", "{name: Mode, card: 1")])
    var difference = comparison.difference()
    #expect(difference.json["trial"] == nil)
    difference.trial = try comparison.trial(of: messages)
    #expect(difference.json["changes"]?.array?.count == 1)
    #expect(difference.json["counts"]?["narrower"]?.int == 1)
    #expect(difference.json["trial"]?["newlyRefused"] == ["without mode"])
    #expect(difference.lines.first == "narrower  required  /Doc/Mode  BorderTransportMeans.ModeCode")
  }
}
