import Declarations
import Formats
import JSONTree
import Primitives
import Testing

@testable import Translation

/// Elements that hold nothing but white space, and documents in the one or the other of several namespaces: what comes back is what there was.
@Suite struct EmptyContentTests {
  private static let toy = Toy(
    head: "{id: toy, version: '1', economy: CN, syntax: xml, empties: keep, unknown: keep, structure: s, mapping: m}",
    structure: """
      root: Doc
      namespaces:
        - {prefix: a, uri: "urn:a", accept: ["urn:old", ""]}
        - {prefix: b, uri: "urn:b", accept: [""]}
      tree:
        - {name: Flag, card: 1, type: code 1, values: [E, I]}
        - {name: Gross, card: 0..1, type: decimal 10.3}
        - name: Remarks
          card: 0..1
          children:
            - {name: "@lang", card: 0..1, type: code 2}
            - {name: Remark, card: 0..3, type: text 20}
        - name: Totals
          card: 0..1
          ns: b
          children:
            - {name: Net, card: 1, ns: b, type: decimal 10.3}
        - name: Item
          card: 0..9
          children:
            - {name: Model, card: 0..1, type: text 20}
      """,
    mapping: """
      direction: {at: Flag, values: {E: EX, I: IM}}
      economy: CN
      rules:
        - {at: Gross, element: Declaration.TotalGrossMassMeasure}
        - {at: Totals/Net, element: Declaration.TotalNetMassMeasure}
        - group: GoodsItem
          at: Item
          rules:
            - {at: Model, element: Commodity.Model}
      local:
        - {reason: a remark, at: [Remarks]}
      """)

  /// Writes a document to a partner and back.
  ///
  /// - Parameter change: what the partner does.
  private func back(_ text: String, change: (Declaration) throws -> Declaration = { $0 }) throws -> (original: Document, back: Document) {
    let profile = try Self.toy.load()
    let translator = try Schemas.translator()
    let original = try translator.validate(try translator.parse(Array(text.utf8), as: profile), as: profile, isDraft: true)
    let hub = try translator.profile("uncefact.xml")
    let there = try translator.write(original, to: hub)
    #expect(there.report.unmentionedSourceLeaves == [])
    let partner = try translator.validate(try translator.parse(try there.bytes(), as: hub), as: hub, isDraft: true)
    let complement = try Complement(json: try JSONValue.parse(try #require(there.complement).serialized()))
    let back = try translator.write(
      partner, released: try change(partner.declaration), to: profile, options: .init(complement: complement, makesComplement: false))
    return (original.document, try translator.parse(try back.bytes(), as: profile))
  }

  private static let blank = """
    <a:Doc xmlns:a="urn:a" xmlns:b="urn:b"><a:Flag>E</a:Flag><a:Gross> </a:Gross><a:Remarks lang="EN">\t</a:Remarks>\
    <b:Totals>\n  </b:Totals><a:Item> </a:Item><a:Item><a:Model>A</a:Model></a:Item><a:Item>\n</a:Item></a:Doc>
    """

  @Test func whiteSpaceComesBack() throws {
    let (original, returned) = try back(Self.blank)
    #expect(original.differences(from: returned) == [])
  }

  @Test func whiteSpaceGivesWayToWhatThePartnerFillsIn() throws {
    let (original, returned) = try back(Self.blank) { declaration in
      declaration.setting(try #require(ElementPath("Declaration.TotalNetMassMeasure", in: declaration.dictionary)), Value("10"))
    }
    #expect(returned.find("Totals", "Net").flatMap(returned.text) == "10")
    #expect(original.differences(from: returned).map(\.pointer) == ["/Doc/Totals", "/Doc/Totals/Net"])
  }

  @Test func anAnswerTakesThePlaceOfWhiteSpace() throws {
    let profile = try Self.toy.load()
    let translator = try Schemas.translator()
    let document = try translator.parse(Array(Self.blank.utf8), as: profile)
    let supplied = try translator.supply([.init(path: "Totals/Net", value: "1.5")], to: document, profile: profile)
    #expect(supplied.document.find("Totals", "Net").flatMap(supplied.document.text) == "1.5")
    #expect(document.differences(from: supplied.document).map(\.pointer) == ["/Doc/Totals", "/Doc/Totals/Net"])
  }

  /// Other text in such an element's place would be no document of the format: a complement cannot bring it in.
  @Test func aComplementBringsNoTextIntoAnElementOfOthers() throws {
    let profile = try Self.toy.load()
    let translator = try Schemas.translator()
    let valid = try translator.validate(try translator.parse(Array(Self.blank.utf8), as: profile), as: profile, isDraft: true)
    let stored = String(decoding: try #require(try translator.write(valid, to: profile).complement).serialized(), as: UTF8.self)
    let forged = stored.replacing("\"is\":\"\\n  \"", with: "\"is\":\"x\"")
    #expect(forged != stored)
    let options = Translator.Options(complement: try Complement(json: try JSONValue.parse(Array(forged.utf8))), makesComplement: false)
    let document = try translator.write(valid, to: profile, options: options).document
    let totals = try #require(document.find("Totals"))
    #expect(document.text(totals) == nil)
  }

  @Test(arguments: [
    "<a:Doc xmlns:a='urn:a' xmlns:b='urn:b'><a:Flag>E</a:Flag><b:Totals><b:Net>1</b:Net></b:Totals></a:Doc>",
    "<Doc xmlns='urn:old' xmlns:b='urn:b'><Flag>E</Flag><b:Totals><b:Net>1</b:Net></b:Totals></Doc>",
    "<Doc><Flag>E</Flag><Totals><Net>1</Net></Totals></Doc>",
  ])
  func aDocumentIsInOneNamespace(_ text: String) throws {
    let (original, returned) = try back(text)
    #expect(original.differences(from: returned) == [])
  }

  /// What is in another namespace than the root says is unknown, although a document that is in it from the root on is accepted.
  @Test(arguments: [
    ("<a:Doc xmlns:a='urn:a' xmlns:b='urn:b'><a:Flag>E</a:Flag><Gross>1</Gross><b:Totals/></a:Doc>", "/Doc/Gross"),
    ("<a:Doc xmlns:a='urn:a' xmlns:o='urn:old'><a:Flag>E</a:Flag><o:Gross>1</o:Gross></a:Doc>", "/Doc/Gross"),
    ("<a:Doc xmlns:a='urn:a' xmlns:b='urn:b'><a:Flag>E</a:Flag><Totals><Net>1</Net></Totals></a:Doc>", "/Doc/Totals"),
    ("<Doc xmlns:b='urn:b'><Flag>E</Flag><b:Totals><b:Net>1</b:Net></b:Totals></Doc>", "/Doc/Totals"),
    ("<Doc xmlns:a='urn:a'><Flag>E</Flag><a:Gross>1</a:Gross></Doc>", "/Doc/Gross"),
  ])
  func anotherNamespaceInsideIsUnknown(_ text: String, _ place: String) throws {
    let profile = try Self.toy.load()
    let translator = try Schemas.translator()
    let valid = try translator.validate(try translator.parse(Array(text.utf8), as: profile), as: profile, isDraft: true)
    #expect(valid.warnings.map(\.code) == ["validate.unknown_element"])
    #expect(valid.warnings.map(\.pointer) == [place])
    let (original, returned) = try back(text)
    #expect(original.differences(from: returned) == [])
  }
}
