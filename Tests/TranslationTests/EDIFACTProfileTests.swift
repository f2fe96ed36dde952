import Declarations
import Formats
import Primitives
import Testing
import YAMLTree

@testable import Translation

/// A profile in EDIFACT: its structure is the directory of the message, and translation goes through it like through any other.
@Suite struct EDIFACTProfileTests {
  static let structure = """
    root: Interchange
    tree:
      - name: UNB
        card: 1
        children:
          - name: S001
            card: 1
            children:
              - {name: "0001", card: 1, type: code 4, values: [UNOC, UNOY], en: Syntax identifier, zh: 语法标识}
              - {name: "0002", card: 1, type: code 1, values: ["3", "4"], en: Syntax version, zh: 语法版本}
          - name: S002
            card: 1
            children: [{name: "0004", card: 1, type: id 35, en: Sender, zh: 发送方}]
          - name: S003
            card: 1
            children: [{name: "0010", card: 1, type: id 35, en: Recipient, zh: 接收方}]
          - name: S004
            card: 1
            children:
              - {name: "0017", card: 1, type: integer 8, en: Date, zh: 日期}
              - {name: "0019", card: 1, type: integer 4, en: Time, zh: 时间}
          - {name: "0020", card: 1, type: id 14, en: Interchange reference, zh: 交换参考号}
      - name: Message
        card: 1
        children:
          - name: UNH
            card: 1
            children:
              - {name: "0062", card: 1, type: id 14}
              - name: S009
                card: 1
                children:
                  - {name: "0065", card: 1, type: code 6, values: [TOYDEC]}
                  - {name: "0052", card: 1, type: code 3, values: [D]}
                  - {name: "0054", card: 1, type: code 3, values: [03B]}
                  - {name: "0051", card: 1, type: code 3, values: [UN]}
          - name: BGM
            card: 1
            children: [{name: C002, card: 1, children: [{name: "1001", card: 1, type: code 3, values: ["830", "929"]}]}]
          - name: SG1
            card: 0..9
            children:
              - name: RFF
                card: 1
                children:
                  - name: C506
                    card: 1
                    children:
                      - {name: "1153", card: 1, type: code 3}
                      - {name: "1154", card: 0..1, type: id 70}
          - name: UNS.D
            card: 1
            children: [{name: "0081", card: 1, type: code 1, values: [D]}]
          - name: SG2
            card: 0..99
            children:
              - name: CST
                card: 1
                children: [{name: "1496", card: 1, type: integer 5, en: Item, zh: 项号}]
              - name: FTX
                card: 0..1
                children:
                  - {name: "4451", card: 1, type: code 3}
                  - {name: C108, card: 0..1, children: [{name: "4440", card: 0..3, type: text 10}]}
              - name: MOA
                card: 0..1
                children:
                  - name: C516
                    card: 1
                    children:
                      - {name: "5025", card: 1, type: code 3}
                      - {name: "5004", card: 0..1, type: decimal 18.4}
          - name: UNS.S
            card: 1
            children: [{name: "0081", card: 1, type: code 1, values: [S]}]
          - name: CNT
            card: 0..1
            children:
              - {name: C270, card: 1, children: [{name: "6069", card: 1, type: code 3}, {name: "6066", card: 1, type: decimal 18.0}]}
    """

  static let mapping = """
    direction: {at: Message/BGM/C002/1001, values: {"830": EX, "929": IM}}
    economy: SG
    rules:
      - {at: UNB/S001/0001, const: UNOC}
      - {at: UNB/S001/0002, const: "3"}
      - {at: Message/UNH/0062, const: "1"}
      - {at: Message/UNH/S009/0065, const: TOYDEC}
      - {at: Message/UNH/S009/0052, const: D}
      - {at: Message/UNH/S009/0054, const: 03B}
      - {at: Message/UNH/S009/0051, const: UN}
      - {at: Message/UNS.D/0081, const: D}
      - {at: Message/UNS.S/0081, const: S}
      - {at: "Message/SG1[RFF/C506/1153=UCN]/RFF/C506/1154", element: Declaration.UCR}
      - {at: "Message/CNT/C270[6069=5]/6066", compute: count(GoodsItem)}
      - group: GoodsItem
        at: Message/SG2
        key: GoodsItem.SequenceNumeric
        rules:
          - {at: CST/1496, element: GoodsItem.SequenceNumeric}
          - {at: "FTX[4451=AAA]/C108/4440", element: Commodity.Description.Latin, lines: {length: 10, max: 3}}
          - {at: "MOA/C516[5025=38]/5004", element: InvoiceLine.ItemChargeAmount}
    local:
      - {reason: envelope, at: [UNB]}
    """

  static func profile(_ change: (String) -> String = { $0 }) throws -> Profile {
    let library = try Schemas.library.get()
    let head = "{id: toy, version: '1', economy: SG, syntax: edifact, structure: s, mapping: m}"
    func parse(_ text: String, _ file: String) throws -> YAMLNode { try YAMLDocument.parse(Array(text.utf8), file: file) }
    return try Profile.make(
      head: parse(head, "profile.yaml"), structure: parse(change(structure), "structure.yaml"), mapping: parse(mapping, "mapping.yaml"),
      rules: nil, dictionary: library.dictionary, codes: library.codes)
  }

  static let interchange =
    "UNB+UNOC:3+S+R+261121:0845+1'UNH+1+TOYDEC:D:03B:UN'BGM+830'RFF+UCN:U?:1'RFF+ABT:9'UNS+D'CST+1'FTX+AAA+A ten char:s line!'"
    + "MOA+38:12.50'CST+2'UNS+S'CNT+5:2'UNT+12+1'UNZ+1+1'"

  @Test func readsAndWritesBack() throws {
    let translator = try Schemas.translator()
    let profile = try Self.profile()
    let document = try translator.parse(Array(Self.interchange.utf8), as: profile)
    let valid = try translator.validate(document, as: profile)
    let root = valid.declaration.root
    #expect(valid.reading.direction == .export)
    #expect(root.text(try #require(profile.dictionary[id: "Declaration.UCR"])) == "U:1")
    let hub = try translator.profile("uncefact.xml")
    let there = try translator.write(valid, to: hub)
    let crossed = try translator.validate(there.document, as: hub, isDraft: true)
    let back = try translator.write(crossed, to: profile, options: .init(complement: there.complement))
    #expect(text(try back.bytes()) == Self.interchange)
    #expect(back.problems == [])
  }

  /// A text that the repertoire does not have stays at home and is reported; the rest goes.
  @Test(arguments: ["钢管", "two\nlines", "tab\there"]) func whatTheRepertoireDoesNotHaveStaysAtHome(_ description: String) throws {
    let translator = try Schemas.translator()
    let profile = try Self.profile()
    let valid = try translator.validate(try translator.parse(Array(Self.interchange.utf8), as: profile), as: profile)
    let hub = try translator.profile("uncefact.xml")
    let there = try translator.write(valid, to: hub)
    var changed = try replacing(try there.bytes(), "A ten chars line!", description)
    changed = try replacing(changed, "U:1", "U?+1'")
    let crossed = try translator.validate(try translator.parse(changed, as: hub), as: hub, isDraft: true)
    let back = try translator.write(crossed, to: profile)
    let bytes = text(try back.bytes())
    #expect(!bytes.contains("FTX") && bytes.contains("RFF+UCN:U???+1?''") && bytes.contains("MOA+38:12.50'"))
    #expect(back.report.entries.contains { $0.element == "Commodity.Description.Latin" && $0.reason == .character })
  }

  @Test func problemsAreAnsweredByPosition() throws {
    let translator = try Schemas.translator()
    let profile = try Self.profile()
    let wrong = Self.interchange.replacing("12.50", with: "12.x").replacing("CNT+5:2", with: "CNT+5")
      .replacing("UNB+UNOC:3+S", with: "UNB+UNOC:3+")
    let bytes = Array(wrong.utf8)
    let document = try translator.parse(bytes, as: profile)
    let found = problems { _ = try translator.validate(document, as: profile) }
    let findings = SyntaxReport.findings(of: found, in: document, grammar: profile.grammar)
    #expect(
      findings.map { "\($0.syntax.rawValue) \($0.place.service ?? "") \($0.place.segment) \($0.place.element) \($0.place.component)" } == [
        "13 UNB 0 2 0", "37  8 1 2", "13  11 1 2",
      ])
  }

  /// The answer to the syntax, through the profile: what breaks the directory is turned back, what breaks only a rule is taken.
  @Test(arguments: [
    ("", "", "+7'"), ("12.50", "12.x", "+4'UCS+8'UCD+37+2:2'"), ("CNT+5:2", "CNT+5", "+4'UCS+11'UCD+13+2:2'"),
    ("TOYDEC:D:03B", "TOYDEC:D:96B", "+4+12+UNH+3:3'"),
    ("BGM+830", "BGM+831", "+4'UCS+2'UCD+12+2:1'"), ("CNT+5:2", "CNT+5:3", "+7'"), ("UNZ+1+1", "UNZ+2+1", "+4+29+UNZ+2'"),
  ]) func theSyntaxIsAnswered(_ old: String, _ new: String, _ verdict: String) throws {
    let translator = try Schemas.translator()
    let profile = try Self.profile()
    let stamp = SyntaxReport.Stamp(reference: "A1", time: Instant(milliseconds: 1_795_250_700_000))
    let bytes = Array(Self.interchange.replacing(old.isEmpty ? "no such text" : old, with: new).utf8)
    let answer = try #require(translator.syntaxAnswer(to: bytes, as: profile, stamp: stamp))
    #expect(text(answer).contains("UNH+1+CONTRL:D:3:UN'UCI+1+S+R"))
    #expect(text(answer).contains(verdict), "\(text(answer))")
  }

  @Test func whatIsNoInterchangeHasNoAnswer() throws {
    let translator = try Schemas.translator()
    let stamp = SyntaxReport.Stamp(reference: "A1", time: Instant(milliseconds: 0))
    #expect(translator.syntaxAnswer(to: Array("<xml/>".utf8), as: try Self.profile(), stamp: stamp) == nil)
    #expect(translator.syntaxAnswer(to: Array(Self.interchange.utf8), as: try translator.profile("cn.decmessage"), stamp: stamp) == nil)
  }

  @Test(arguments: [
    ("- name: UNB\n    card: 1", "- name: UNB\n    card: 0..1"), ("card: 0..3, type: text 10", "card: 0..n, type: text 10"),
    ("name: UNS.S", "name: unt"), ("name: UNS.S", "name: UNT"), ("name: SG2", "name: XX2"),
  ]) func structuresThatAreNoDirectory(_ old: String, _ new: String) throws {
    try #require(Self.structure.contains(old))
    #expect(throws: CausewayError("profile.structure_invalid")) { _ = try Self.profile { $0.replacing(old, with: new) } }
  }
}
