import Primitives
import Testing

@testable import XMLTree

/// Hostile documents. Each comes with a twin that differs in the attack alone and is accepted.
@Suite struct XMLAttackTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let attack: [UInt8]
    let code: ErrorCode
    let twin: [UInt8]
    var testDescription: String { name }

    init(_ name: String, _ attack: String, _ code: ErrorCode, twin: String) {
      self.init(name, Array(attack.utf8), code, twin: Array(twin.utf8))
    }

    init(_ name: String, _ attack: [UInt8], _ code: ErrorCode, twin: [UInt8]) {
      self.name = name
      self.attack = attack
      self.code = code
      self.twin = twin
    }
  }

  private func check(_ test: Case) {
    #expect(test.attack != test.twin)
    #expect(throws: CausewayError(test.code)) { try XMLTree.parse(test.attack) }
    #expect(throws: Never.self) { try XMLTree.parse(test.twin) }
  }

  // MARK: XP-01, XP-02 entities

  static let entities: [Case] = [
    .init("general", "<!DOCTYPE d [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><d>&x;</d>", "parse.doctype", twin: "<d>x</d>"),
    .init("parameter", "<!DOCTYPE d [<!ENTITY % p SYSTEM \"http://127.0.0.1/e\"> %p;]><d/>", "parse.doctype", twin: "<d/>"),
    .init("external subset", "<!DOCTYPE d SYSTEM \"http://127.0.0.1/d.dtd\"><d/>", "parse.doctype", twin: "<!-- DOCTYPE --><d/>"),
    .init("public", "<!DOCTYPE d PUBLIC \"-//X//Y\" \"http://127.0.0.1/d.dtd\"><d/>", "parse.doctype", twin: "<d a=\"&lt;!DOCTYPE d>\"/>"),
    .init("empty", "<!DOCTYPE d><d/>", "parse.doctype", twin: "<d><![CDATA[<!DOCTYPE d>]]></d>"),
    .init("lower case", "<!doctype d><d/>", "parse.malformed", twin: "<d>doctype</d>"),
    .init("after a comment", "<!-- -->\n<!DOCTYPE d><d/>", "parse.doctype", twin: "<!-- <!DOCTYPE d> -->\n<d/>"),
    .init("inside the root", "<d><!DOCTYPE d></d>", "parse.doctype", twin: "<d><!--!DOCTYPE d--></d>"),
    .init("laughs", "<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]><l>&b;</l>", "parse.doctype", twin: "<l>&amp;b;</l>"),
    .init("undeclared", "<d>&x;</d>", "parse.entity", twin: "<d>&amp;&lt;&gt;&apos;&quot;</d>"),
    .init("undeclared in attribute", "<d a=\"&x;\"/>", "parse.entity", twin: "<d a=\"&amp;\"/>"),
    .init("long reference", "<d>&aaaaaaaaaaaaaaaaaaaaaaaaaa;</d>", "parse.entity", twin: "<d>&#x000000000041;</d>"),
    .init("unfinished reference", "<d>a & b</d>", "parse.malformed", twin: "<d>a &#38; b</d>"),
  ]
  @Test(arguments: entities) func refusesEntities(_ test: Case) { check(test) }

  // MARK: XP-03, XP-04 floods

  static let floods: [Case] = [
    .init("attributes", flood(65) { "a\($0)=\"\"" }, "parse.attributes", twin: flood(64) { "a\($0)=\"\"" }),
    .init("namespaces", flood(257) { "xmlns:n\($0)=\"urn:\($0)\"" }, "parse.namespaces", twin: flood(256) { "xmlns:n\($0)=\"urn:\($0)\"" }),
    .init(
      "nested namespaces", nest(52, " xmlns:a='u:1' xmlns:b='u:2' xmlns:c='u:3' xmlns:d='u:4' xmlns:e='u:5'"), "parse.namespaces",
      twin: nest(51, " xmlns:a='u:1' xmlns:b='u:2' xmlns:c='u:3' xmlns:d='u:4' xmlns:e='u:5'")),
    .init("many attributes", flood(200_000) { "a\($0)=\"\"" }, "parse.attributes", twin: flood(10) { "a\($0)=\"\"" }),
    .init("long name", "<\(run("n", 257))/>", "parse.name_length", twin: "<\(run("n", 256))/>"),
    .init("long attribute name", "<d \(run("n", 257))=\"\"/>", "parse.name_length", twin: "<d \(run("n", 256))=\"\"/>"),
    .init("long attribute", "<d a=\"\(run("v", 65_537))\"/>", "parse.text_length", twin: "<d a=\"\(run("v", 65_536))\"/>"),
    .init("duplicate attribute", "<d a=\"1\" a=\"2\"/>", "parse.malformed", twin: "<d a=\"1\" b=\"2\"/>"),
    .init(
      "duplicate attribute by namespace", "<d xmlns:p='u:1' xmlns:q='u:1' p:a='1' q:a='2'/>", "parse.namespace",
      twin: "<d xmlns:p='u:1' xmlns:q='u:2' p:a='1' q:a='2'/>"),
    .init("depth 65", nest(65, ""), "parse.depth", twin: nest(64, "")),
    .init("depth 1000", nest(1000, ""), "parse.depth", twin: nest(10, "")),
    .init("depth 1000000", nest(1_000_000, ""), "parse.depth", twin: run("<d/>", 0) + nest(2, "")),
    .init("depth, never closed", run("<d>", 300_000), "parse.depth", twin: nest(3, "")),
  ]
  @Test(arguments: floods) func refusesFloods(_ test: Case) { check(test) }

  @Test func limitsOfSizeAndCount() throws {
    var limits = XMLLimits()
    limits.bytes = 20
    #expect(throws: CausewayError("parse.too_large")) { try XMLTree.parse(Array("<d>\(Self.run("x", 14))</d>".utf8), limits: limits) }
    #expect(throws: Never.self) { try XMLTree.parse(Array("<d>\(Self.run("x", 13))</d>".utf8), limits: limits) }
    limits = XMLLimits()
    limits.nodes = 5
    #expect(throws: CausewayError("parse.nodes")) { try XMLTree.parse(Array("<d a='' b=''><e/><e/><!----></d>".utf8), limits: limits) }
    #expect(throws: Never.self) { try XMLTree.parse(Array("<d a='' b=''><e/><e/></d>".utf8), limits: limits) }
    limits = XMLLimits()
    limits.text = 4
    for text in ["12345", "<![CDATA[12345]]>", "<!--12345-->"] {
      #expect(throws: CausewayError("parse.text_length")) { try XMLTree.parse(Array("<d>\(text)</d>".utf8), limits: limits) }
    }
    for text in ["1234", "<![CDATA[1234]]>", "<!--1234-->"] {
      #expect(throws: Never.self) { try XMLTree.parse(Array("<d>\(text)</d>".utf8), limits: limits) }
    }
  }

  // MARK: XP-05 encodings

  static let encodings: [Case] = [
    .init(
      "UTF-16 LE with mark", [0xFF, 0xFE] + wide("<d/>"), "parse.encoding_unsupported", twin: [0xEF, 0xBB, 0xBF] + Array("<d/>".utf8)),
    .init("UTF-16 BE with mark", [0xFE, 0xFF] + wide("<d/>", bigEndian: true), "parse.encoding_unsupported", twin: Array("<d/>".utf8)),
    .init("UTF-16 LE without mark", wide("<d/>"), "parse.encoding_unsupported", twin: Array("<d/>".utf8)),
    .init(
      "UTF-16 BE without mark", wide("<?xml version='1.0'?><d/>", bigEndian: true), "parse.encoding_unsupported",
      twin: Array("<?xml version='1.0'?><d/>".utf8)),
    .init("UTF-32", [0, 0, 0xFE, 0xFF] + [0, 0, 0, 0x3C], "parse.encoding_unsupported", twin: Array("<d/>".utf8)),
    .init("EBCDIC", [0x4C, 0x6F, 0xA7, 0x94, 0x93, 0x40], "parse.encoding_unsupported", twin: Array("<d/>".utf8)),
    .init("UTF-7 declared", declared("UTF-7", "+ADw-"), "parse.encoding_unsupported", twin: declared("UTF-8", "+ADw-")),
    .init("UTF-7 not declared", Array("+ADw-d+AC8-+AD4-".utf8), "parse.text_outside_root", twin: Array("<d>+ADw-</d>".utf8)),
    .init("UTF-16 declared in ASCII", declared("UTF-16", "x"), "parse.encoding_unsupported", twin: declared("utf-8", "x")),
    .init("ISO-8859-1 declared", declared("ISO-8859-1", "x"), "parse.encoding_unsupported", twin: declared("Utf-8", "x")),
    .init("ISO-8859-1 bytes", Array("<d>".utf8) + [0xE9] + Array("</d>".utf8), "parse.invalid_text", twin: Array("<d>é</d>".utf8)),
    .init("overlong", Array("<d>".utf8) + [0xC0, 0xBC] + Array("</d>".utf8), "parse.invalid_text", twin: Array("<d>&lt;</d>".utf8)),
    .init(
      "overlong slash", Array("<d>".utf8) + [0xE0, 0x80, 0xAF] + Array("</d>".utf8), "parse.invalid_text",
      twin: Array("<d>/</d>".utf8)),
    .init(
      "surrogate", Array("<d>".utf8) + [0xED, 0xA0, 0x80] + Array("</d>".utf8), "parse.invalid_text",
      twin: Array("<d>\u{D7FF}</d>".utf8)),
    .init(
      "past the last character", Array("<d>".utf8) + [0xF4, 0x90, 0x80, 0x80] + Array("</d>".utf8), "parse.invalid_text",
      twin: Array("<d>\u{10FFFF}</d>".utf8)),
    .init("cut off", Array("<d>中</d>".utf8.prefix(5)), "parse.invalid_text", twin: Array("<d>中</d>".utf8)),
    .init("GB18030 not allowed", declared("GB18030", "x"), "parse.encoding_unsupported", twin: declared("UTF-8", "x")),
    .init(
      "mark and GB18030", [0xEF, 0xBB, 0xBF] + declared("GB18030", "x"), "parse.encoding_mismatch",
      twin: [0xEF, 0xBB, 0xBF] + declared("UTF-8", "x")),
    .init(
      "two marks", [0xEF, 0xBB, 0xBF, 0xEF, 0xBB, 0xBF] + Array("<d/>".utf8), "parse.text_outside_root",
      twin: [0xEF, 0xBB, 0xBF] + Array("<d/>".utf8)),
  ]
  @Test(arguments: encodings) func refusesEncodings(_ test: Case) { check(test) }

  // MARK: XP-06, XP-07, XP-11 and the prolog

  static let prologs: [Case] = [
    .init(
      "instruction in the root", "<d>10<?x?>00</d>", "parse.processing_instruction",
      twin: "<?xml-stylesheet href='http://127.0.0.1/'?><d>1000</d><?x?>"),
    .init("stray byte", "4<?xml version=\"1.0\"?><d/>", "parse.content_before_declaration", twin: "<?xml version=\"1.0\"?><d/>"),
    .init("blank line first", "\n<?xml version=\"1.0\"?><d/>", "parse.content_before_declaration", twin: "\n<d/>"),
    .init(
      "second declaration", "<?xml version=\"1.0\"?><?xml version=\"1.0\"?><d/>", "parse.content_before_declaration",
      twin: "<?xml version=\"1.0\"?><?xmlx version=\"1.0\"?><d/>"),
    .init("declaration in capitals", "<?XML version=\"1.0\"?><d/>", "parse.content_before_declaration", twin: "<d/>"),
    .init("XML 1.1", "<?xml version=\"1.1\"?><d>&#1;</d>", "parse.xml_version", twin: "<?xml version='1.0'?><d>&#9;</d>"),
    .init("no version", "<?xml encoding=\"UTF-8\"?><d/>", "parse.malformed", twin: "<?xml version=\"1.0\" encoding=\"UTF-8\"?><d/>"),
    .init(
      "odd declaration", "<?xml version=\"1.0\" a=\"b\"?><d/>", "parse.malformed",
      twin: "<?xml version=\"1.0\" standalone=\"yes\" ?><d/>"),
    .init("text before", "a<d/>", "parse.text_outside_root", twin: "<d>a</d>"),
    .init("text after", "<d/>a", "parse.text_outside_root", twin: "<d/>\n"),
    .init("second root", "<d/><d/>", "parse.malformed", twin: "<d><d/></d>"),
    .init("nothing", "", "parse.empty", twin: "<d/>"),
    .init("only blanks", " \n ", "parse.empty", twin: " \n <d/>"),
    .init("only a comment", "<!-- x -->", "parse.empty", twin: "<!-- x --><d/>"),
    .init("NUL", "<d>\0</d>", "parse.illegal_character", twin: "<d>0</d>"),
    .init("NUL after the root", "<d></d>\0", "parse.illegal_character", twin: "<d></d>\n"),
    .init("NUL reference", "<d>&#0;</d>", "parse.illegal_character", twin: "<d>&#48;</d>"),
    .init("U+FFFE", "<d>\u{FFFE}</d>", "parse.illegal_character", twin: "<d>\u{FFFD}</d>"),
    .init("U+FFFF in a comment", "<d><!--\u{FFFF}--></d>", "parse.illegal_character", twin: "<d><!--\u{FF01}--></d>"),
    .init("surrogate reference", "<d>&#xD800;</d>", "parse.illegal_character", twin: "<d>&#xD7FF;</d>"),
    .init("surrogate pair references", "<d>&#xD83D;&#xDE00;</d>", "parse.illegal_character", twin: "<d>&#x1F600;</d>"),
    .init("reference past the last", "<d>&#x110000;</d>", "parse.illegal_character", twin: "<d>&#x10FFFF;</d>"),
    .init("reference that overflows", "<d>&#xFFFFFFFFF;</d>", "parse.illegal_character", twin: "<d>&#xFFFFD;</d>"),
    .init("escape character", "<d a=\"\u{1B}[31m\"/>", "parse.illegal_character", twin: "<d a=\"[31m\"/>"),
    .init("hyphens in a comment", "<d><!-- a -- b --></d>", "parse.malformed", twin: "<d><!-- a - b --></d>"),
    .init("section end in text", "<d>]]></d>", "parse.malformed", twin: "<d>]]&gt;</d>"),
    .init("less-than in attribute", "<d a=\"<\"/>", "parse.malformed", twin: "<d a=\"&lt;\"/>"),
    .init("tags crossed", "<a><b></a></b>", "parse.malformed", twin: "<a><b></b></a>"),
    .init("not closed", "<a><b></b>", "parse.malformed", twin: "<a><b></b></a>"),
    .init("quote not closed", "<a b=\"></a>", "parse.malformed", twin: "<a b=\">\"></a>"),
    .init("attributes touching", "<a b=\"\"c=\"\"/>", "parse.malformed", twin: "<a b=\"\" c=\"\"/>"),
  ]
  @Test(arguments: prologs) func refusesProlog(_ test: Case) { check(test) }

  // MARK: XP-10 namespaces

  static let namespaces: [Case] = [
    .init("undeclared prefix", "<p:d/>", "parse.namespace", twin: "<p:d xmlns:p='urn:p'/>"),
    .init("undeclared attribute prefix", "<d p:a=''/>", "parse.namespace", twin: "<d xmlns:p='urn:p' p:a=''/>"),
    .init("empty prefix namespace", "<d xmlns:p=''/>", "parse.namespace", twin: "<d xmlns=''/>"),
    .init("xmlns bound", "<d xmlns:xmlns='urn:x'/>", "parse.namespace", twin: "<d xmlns:xml='http://www.w3.org/XML/1998/namespace'/>"),
    .init("xml bound elsewhere", "<d xmlns:xml='urn:x'/>", "parse.namespace", twin: "<d xmlns:x='urn:x'/>"),
    .init("two colons", "<a:b:c xmlns:a='urn:a'/>", "parse.namespace", twin: "<a:b.c xmlns:a='urn:a'/>"),
    .init("reference in a namespace", "<d xmlns='urn:a?b&amp;c'/>", "parse.namespace", twin: "<d x='urn:a?b&amp;c'/>"),
    .init("not a URI", "<d xmlns:p='urn: a'/>", "parse.namespace", twin: "<d xmlns:p='urn:%20a'/>"),
    .init("colon first", "<:d/>", "parse.namespace", twin: "<d/>"),
  ]
  @Test(arguments: namespaces) func refusesNamespaces(_ test: Case) { check(test) }

  // MARK: Where

  @Test func refusalsNameLineAndColumn() {
    func place(_ text: String) -> (Int?, String?)? {
      do throws(CausewayError) {
        _ = try XMLTree.parse(Array(text.utf8))
        return nil
      } catch {
        return (error.problems[0].line, error.problems[0].facts["column"])
      }
    }
    #expect(place("<d>\n  <e>&x;</e></d>")! == (2, "6"))
    #expect(place("<d>\n中文\u{1}</d>")! == (2, "3"))
    #expect(place("4<?xml version='1.0'?><d/>")! == (1, "1"))
    #expect(place("<a>\n<b>\n</a>")?.0 == 3)
    #expect(place("\u{FEFF}<a>\n&#0;</a>")! == (2, "1"))
  }

  /// What is refused is never quoted: neither in the facts nor in the text for the log.
  @Test func refusalsHoldNothingOfTheDocument() {
    for test in Self.entities + Self.floods + Self.encodings + Self.prologs + Self.namespaces {
      let secret = "secretvalue"
      let attack = test.attack + Array("<\(secret) \(secret)=\"\(secret)\">\(secret)".utf8)
      let error = #expect(throws: CausewayError.self) { try XMLTree.parse(attack) }
      #expect(error.map { String(describing: $0).contains(secret) } == false)
    }
  }

  // MARK: Making documents

  static func run(_ text: String, _ count: Int) -> String { String(repeating: text, count: count) }

  static func flood(_ count: Int, _ attribute: (Int) -> String) -> String {
    "<d " + (0..<count).map(attribute).joined(separator: " ") + "/>"
  }

  static func nest(_ depth: Int, _ attributes: String) -> String { run("<d\(attributes)>", depth) + run("</d>", depth) }

  static func wide(_ text: String, bigEndian: Bool = false) -> [UInt8] {
    text.utf16.flatMap { bigEndian ? [UInt8($0 >> 8), UInt8($0 & 255)] : [UInt8($0 & 255), UInt8($0 >> 8)] }
  }

  static func declared(_ encoding: String, _ text: String) -> [UInt8] {
    Array("<?xml version=\"1.0\" encoding=\"\(encoding)\"?><d>\(text)</d>".utf8)
  }
}
