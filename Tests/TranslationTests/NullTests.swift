import Declarations
import Formats
import JSONTree
import Primitives
import Testing

@testable import Translation

/// Explicit nulls in XML (`nulls` of a profile): without value for every reader, and told from empty elements on the way home.
@Suite struct NullTests {
  private static let toy = Toy(
    head: "{id: toy, version: '1', economy: CN, syntax: xml, empties: keep, nulls: \"null\", unknown: keep, structure: s, mapping: m}",
    structure: """
      root: Doc
      tree:
        - {name: Flag, card: 1, type: code 1, values: [E, I]}
        - {name: Gross, card: 0..1, type: decimal 10.3}
        - {name: Count, card: 0..1, type: integer 5}
        - {name: Note, card: 0..1, type: text 20}
        - name: Remarks
          card: 0..1
          children:
            - {name: "@lang", card: 0..1, type: code 2}
            - {name: Remark, card: 0..3, type: text 20}
        - name: Totals
          card: 0..1
          children:
            - {name: Net, card: 0..1, type: decimal 10.3}
        - name: Item
          card: 0..9
          children:
            - {name: Model, card: 0..1, type: text 20}
            - {name: Brand, card: 0..1, type: text 20}
      """,
    mapping: """
      direction: {at: Flag, values: {E: EX, I: IM}}
      economy: CN
      rules:
        - {at: Gross, element: Declaration.TotalGrossMassMeasure}
        - {at: Totals/Net, element: Declaration.TotalNetMassMeasure}
        - {at: Count, compute: count(GoodsItem)}
        - group: GoodsItem
          at: Item
          rules:
            - {at: Model, element: Commodity.Model}
      local:
        - {reason: a remark, at: [Note, Remarks, Item/Brand]}
      """)

  private struct Sent {
    let original: ValidDocument
    let there: Translation
    let partner: ValidDocument
    let complement: Complement
  }

  /// The document at a partner of the same format, who knows no marks, and the complement through its JSON form.
  private func send(_ text: String) throws -> Sent {
    let home = try Self.toy.load()
    let partner = try Self.toy.breaking(", nulls: \"null\", unknown: keep", "").load()
    let translator = try Schemas.translator()
    let original = try translator.validate(try translator.parse(Array(text.utf8), as: home), as: home)
    let there = try translator.write(original, to: partner)
    #expect(there.report.unmentionedSourceLeaves == [])
    let stored = try #require(there.complement).serialized()
    return Sent(
      original: original, there: there, partner: try translator.validate(try translator.parse(try there.bytes(), as: partner), as: partner),
      complement: try Complement(json: try JSONValue.parse(stored)))
  }

  private func back(_ sent: Sent, _ declaration: Declaration? = nil, complement: Complement? = nil) throws -> Document {
    let translator = try Schemas.translator()
    let back = try translator.write(
      sent.partner, released: declaration, to: sent.original.profile,
      options: .init(complement: complement ?? sent.complement, makesComplement: false))
    return try translator.parse(try back.bytes(), as: sent.original.profile)
  }

  private static let full = """
    <Doc><Flag>E</Flag><Gross><null/></Gross><Count><null/></Count><Note/><Remarks lang="EN"><null/></Remarks><Totals><null/></Totals>\
    <Item><Model><null/></Model><Brand/></Item><Item><Model>A</Model><Brand><null/></Brand></Item><Item><null/></Item>\
    <Item><Model>0</Model></Item><Extra><null/></Extra><Other/><More x="1"><Deep><null/></Deep></More></Doc>
    """

  @Test(arguments: [
    full, "<Doc><Flag>E</Flag><Gross/><Note><null/></Note></Doc>", "<Doc><Flag>E</Flag><Remarks><null/></Remarks><Totals/></Doc>",
    "<Doc><Flag>E</Flag><Remarks><Remark/><Remark><null/></Remark><Remark>a</Remark></Remarks></Doc>",
    "<Doc><Flag>E</Flag><Gross>0</Gross><Count/><Totals><Net><null/></Net></Totals></Doc>",
  ])
  func nullsComeBack(_ text: String) throws {
    let sent = try send(text)
    #expect(sent.original.document.differences(from: try back(sent)) == [])
    for index in sent.complement.entries.indices {
      var entries = sent.complement.entries
      entries.remove(at: index)
      let less = try back(sent, complement: Self.complement(sent.complement, entries))
      #expect(!sent.original.document.isEquivalent(to: less), "\(sent.complement.entries[index].path) is not needed")
    }
  }

  private static func complement(_ whole: Complement, _ entries: [Complement.Entry]) -> Complement {
    Complement(
      profile: whole.profile, direction: whole.direction, economy: whole.economy, shape: whole.shape, namespace: whole.namespace,
      counts: whole.counts, orders: whole.orders, entries: entries)
  }

  @Test func aNullIsWithoutValue() throws {
    let sent = try send(Self.full)
    #expect(sent.original.declaration[id: "Declaration.TotalGrossMassMeasure"] == nil)
    let entries = sent.there.report.entries
    for place in ["Gross", "Totals", "Item[1]/Model", "Item[2]/Brand", "Item[3]"] {
      let entry = try #require(entries.first { $0.source == "/Doc/" + place }, "\(place)")
      #expect(entry.action == .notCarried && entry.reason == .empty, "\(place)")
    }
    // What the profile does not know is reported; its nulls are no elements of their own.
    #expect(sent.original.warnings.map(\.pointer) == ["/Doc/Extra", "/Doc/Other", "/Doc/More"])
  }

  /// A place that must be filled is not filled by a null, and a format without empty elements refuses one like an empty element.
  @Test func aNullIsAnEmptyElementForTheValidator() throws {
    let translator = try Schemas.translator()
    func found(_ toy: Toy, _ gross: String) throws -> [ErrorCode] {
      let profile = try toy.load()
      return problems {
        let text = "<Doc><Flag>E</Flag>\(gross)</Doc>"
        _ = try translator.validate(try translator.parse(Array(text.utf8), as: profile), as: profile)
      }.map(\.code)
    }
    let required = try Self.toy.breaking("{name: Gross, card: 0..1", "{name: Gross, card: 1")
    #expect(try found(required, "<Gross><null/></Gross>") == found(required, "<Gross/>"))
    #expect(try found(required, "<Gross><null/></Gross>") == ["validate.missing"])
    let omitting = try Self.toy.breaking("empties: keep", "empties: omit")
    #expect(try found(omitting, "<Gross><null/></Gross>") == ["validate.empty"])
    #expect(try found(Self.toy, "<Gross><null/></Gross>") == [])
  }

  /// What the partner fills in wins over the null that stood there, in a leaf and below an element.
  @Test func aValueOfThePartnerWins() throws {
    let sent = try send(Self.full)
    var filled = sent.partner.declaration
    for (id, text) in [("Declaration.TotalGrossMassMeasure", "12.5"), ("Declaration.TotalNetMassMeasure", "10")] {
      filled = filled.setting(try #require(ElementPath(id, in: filled.dictionary)), Value(text))
    }
    let returned = try back(sent, filled)
    #expect(returned.find("Gross").flatMap(returned.text) == "12.5")
    #expect(returned.find("Totals", "Net").flatMap(returned.text) == "10")
    #expect(returned.find("Totals").map(returned.isNull) == false && returned.find("Gross").map(returned.isNull) == false)
    // All else is as it was.
    let places = sent.original.document.differences(from: returned).map(\.pointer)
    #expect(places == ["/Doc/Gross", "/Doc/Totals", "/Doc/Totals/Net"])
  }

  /// An element in the place of a text that is no mark of null is kept like other unknown ones, and gives way to a value like a null.
  @Test func aValueOfThePartnerWinsOverUnknownElements() throws {
    let sent = try send("<Doc><Flag>E</Flag><Gross y=\"2\"><null x=\"1\"/><more><null/></more></Gross><Note/></Doc>")
    #expect(sent.original.document.differences(from: try back(sent)) == [])
    var filled = sent.partner.declaration
    filled = filled.setting(try #require(ElementPath("Declaration.TotalGrossMassMeasure", in: filled.dictionary)), Value("12.5"))
    let returned = try back(sent, filled)
    let gross = try #require(returned.find("Gross"))
    #expect(returned.text(gross) == "12.5")
    #expect(returned.children(gross).map(returned.name) == ["y"])
  }

  /// An answer to a supplement takes the place of a null.
  @Test func anAnswerReplacesANull() throws {
    let profile = try Self.toy.breaking("{name: Gross, card: 0..1", "{name: Gross, card: 1").load()
    let translator = try Schemas.translator()
    let text = "<Doc><Flag>E</Flag><Gross><null/></Gross><Note><null/></Note></Doc>"
    let document = try translator.parse(Array(text.utf8), as: profile)
    let supplied = try translator.supply([.init(path: "Gross", value: "1.5")], to: document, profile: profile)
    #expect(supplied.remaining.isEmpty)
    #expect(
      String(decoding: supplied.bytes, as: UTF8.self).contains(
        "<Doc><Flag>E</Flag><Gross>1.5</Gross><Note><null/></Note></Doc>"))
  }

  /// `xsi:nil` is the same null, in formats that have no mark too.
  @Test func aStandardNullComesBackAsOne() throws {
    let profile = try Self.toy.breaking(", nulls: \"null\"", "").load()
    let translator = try Schemas.translator()
    let text = """
      <Doc xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><Flag>E</Flag><Gross xsi:nil="true"/><Note/></Doc>
      """
    let original = try translator.validate(try translator.parse(Array(text.utf8), as: profile), as: profile)
    let there = try translator.write(original, to: profile)
    let back = try translator.write(
      try translator.validate(there.document, as: profile), to: profile,
      options: .init(complement: there.complement, makesComplement: false))
    #expect(original.document.differences(from: try translator.parse(try back.bytes(), as: profile)) == [])
  }

  @Test func theStoredFormTellsNullFromEmpty() throws {
    let json = try send("<Doc><Flag>E</Flag><Gross><null/></Gross><Note/></Doc>").there.complement.map { $0.serialized() }
    let text = String(decoding: try #require(json), as: UTF8.self)
    #expect(text.contains("\"path\":\"Gross\",\"is\":\"\",\"null\":true,\"guard\":{\"Declaration.TotalGrossMassMeasure\":null}"))
    #expect(text.contains("{\"path\":\"Note\",\"is\":\"\"}"))
    for wrong in ["\"null\":false", "\"null\":null", "\"null\":\"true\"", "\"null\":1"] {
      let changed = text.replacing("\"null\":true", with: wrong)
      #expect(problems { _ = try Complement(json: try JSONValue.parse(Array(changed.utf8))) }.map(\.code) == ["write.complement_invalid"])
    }
    let filled = text.replacing("\"is\":\"\",\"null\":true", with: "\"is\":\"1\",\"null\":true")
    #expect(problems { _ = try Complement(json: try JSONValue.parse(Array(filled.utf8))) }.map(\.code) == ["write.complement_invalid"])
  }

  @Test(arguments: [
    ("syntax: xml", "syntax: json", "of XML only"), ("nulls: \"null\"", "nulls: \"a b\"", "the name of an element"),
    ("nulls: \"null\"", "nulls: Note", "an element of the structure"), ("nulls: \"null\"", "nulls: \"\"", "the name of an element"),
  ])
  func aBadMarkIsRefused(_ old: String, _ new: String, _ reason: String) throws {
    let toy = try Self.toy.breaking(old, new)
    let found = problems { _ = try toy.load() }
    #expect(found.contains { ($0.facts["reason"] ?? "").contains(reason) && $0.pointer == "profile.yaml" })
  }
}
