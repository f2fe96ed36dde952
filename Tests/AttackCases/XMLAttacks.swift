import Formats
import Primitives

extension AttackCase {
  /// Attacks on the XML parser.
  package static let xml = entities + floods + encodings + prologs + namespaces

  // MARK: XP-01, XP-02: entities

  private static let entities: [AttackCase] = [
    .init(xml: "XP-01", "general", "<!DOCTYPE d [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><d>&x;</d>", "parse.doctype", twin: "<d>x</d>"),
    .init(xml: "XP-01", "parameter", "<!DOCTYPE d [<!ENTITY % p SYSTEM \"http://127.0.0.1/e\"> %p;]><d/>", "parse.doctype", twin: "<d/>"),
    .init(
      xml: "XP-01", "external subset", "<!DOCTYPE d SYSTEM \"http://127.0.0.1/d.dtd\"><d/>", "parse.doctype", twin: "<!-- DOCTYPE --><d/>"),
    .init(
      xml: "XP-01", "public", "<!DOCTYPE d PUBLIC \"-//X//Y\" \"http://127.0.0.1/d.dtd\"><d/>", "parse.doctype",
      twin: "<d a=\"&lt;!DOCTYPE d>\"/>"),
    .init(xml: "XP-01", "empty", "<!DOCTYPE d><d/>", "parse.doctype", twin: "<d><![CDATA[<!DOCTYPE d>]]></d>"),
    .init(xml: "XP-01", "lower case", "<!doctype d><d/>", "parse.malformed", twin: "<d>doctype</d>"),
    .init(xml: "XP-01", "after a comment", "<!-- -->\n<!DOCTYPE d><d/>", "parse.doctype", twin: "<!-- <!DOCTYPE d> -->\n<d/>"),
    .init(xml: "XP-01", "inside the root", "<d><!DOCTYPE d></d>", "parse.doctype", twin: "<d><!--!DOCTYPE d--></d>"),
    .init(
      xml: "XP-02", "laughs", "<!DOCTYPE l [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;&a;\">]><l>&b;</l>", "parse.doctype",
      twin: "<l>&amp;b;</l>"),
    .init(xml: "XP-01", "undeclared", "<d>&x;</d>", "parse.entity", twin: "<d>&amp;&lt;&gt;&apos;&quot;</d>"),
    .init(xml: "XP-01", "undeclared in attribute", "<d a=\"&x;\"/>", "parse.entity", twin: "<d a=\"&amp;\"/>"),
    .init(xml: "XP-01", "long reference", "<d>&aaaaaaaaaaaaaaaaaaaaaaaaaa;</d>", "parse.entity", twin: "<d>&#x000000000041;</d>"),
    .init(xml: "XP-01", "unfinished reference", "<d>a & b</d>", "parse.malformed", twin: "<d>a &#38; b</d>"),
    .init(
      xml: "XP-02", "quadratic", "<!DOCTYPE d [<!ENTITY a \"\(run("a", 100_000))\">]><d>\(run("&a;", 100_000))</d>", "parse.doctype",
      twin: "<d>\(run("&amp;", 100_000))</d>"),
    .init(
      xml: "XP-02", "parameter entities", "<!DOCTYPE d [<!ENTITY % a \"\(run("&#37;b;", 1000))\"> %a;]><d/>", "parse.doctype",
      twin: "<d>\(run("&#37;b;", 1000))</d>"),
  ]

  // MARK: XP-03, XP-04: floods

  private static let floods: [AttackCase] = [
    .init(xml: "XP-03", "attributes", flood(65) { "a\($0)=\"\"" }, "parse.attributes", twin: flood(64) { "a\($0)=\"\"" }),
    .init(
      xml: "XP-03", "namespaces", flood(257) { "xmlns:n\($0)=\"urn:\($0)\"" }, "parse.namespaces",
      twin: flood(256) { "xmlns:n\($0)=\"urn:\($0)\"" }),
    .init(
      xml: "XP-03", "nested namespaces", nest(52, " xmlns:a='u:1' xmlns:b='u:2' xmlns:c='u:3' xmlns:d='u:4' xmlns:e='u:5'"),
      "parse.namespaces",
      twin: nest(51, " xmlns:a='u:1' xmlns:b='u:2' xmlns:c='u:3' xmlns:d='u:4' xmlns:e='u:5'")),
    .init(xml: "XP-03", "many attributes", flood(200_000) { "a\($0)=\"\"" }, "parse.attributes", twin: flood(10) { "a\($0)=\"\"" }),
    .init(xml: "XP-03", "long name", "<\(run("n", 257))/>", "parse.name_length", twin: "<\(run("n", 256))/>"),
    .init(xml: "XP-03", "long attribute name", "<d \(run("n", 257))=\"\"/>", "parse.name_length", twin: "<d \(run("n", 256))=\"\"/>"),
    .init(xml: "XP-03", "long attribute", "<d a=\"\(run("v", 65_537))\"/>", "parse.text_length", twin: "<d a=\"\(run("v", 65_536))\"/>"),
    .init(xml: "XP-03", "duplicate attribute", "<d a=\"1\" a=\"2\"/>", "parse.malformed", twin: "<d a=\"1\" b=\"2\"/>"),
    .init(
      xml: "XP-03", "duplicate attribute by namespace", "<d xmlns:p='u:1' xmlns:q='u:1' p:a='1' q:a='2'/>", "parse.namespace",
      twin: "<d xmlns:p='u:1' xmlns:q='u:2' p:a='1' q:a='2'/>"),
    .init(xml: "XP-04", "depth 65", nest(65, ""), "parse.depth", twin: nest(64, "")),
    .init(xml: "XP-04", "depth 1000", nest(1000, ""), "parse.depth", twin: nest(10, "")),
    .init(xml: "XP-04", "depth 1000000", nest(1_000_000, ""), "parse.depth", twin: nest(2, "")),
    .init(xml: "XP-04", "depth, never closed", run("<d>", 300_000), "parse.depth", twin: nest(3, "")),
    .init(
      xml: "XP-03", "many namespaces", flood(50_000) { "xmlns:n\($0)=\"urn:\($0)\"" }, "parse.namespaces",
      twin: flood(200) { "xmlns:n\($0)=\"urn:\($0)\"" }),
    .init(
      xml: "XP-03", "many namespaces and children", manyNamespaces(1000), "parse.namespaces", twin: manyNamespaces(200)),
    .init(xml: "XP-03", "very long name", "<\(run("n", 10_000_000))/>", "parse.name_length", twin: "<n>\(run("n", 1_000_000))</n>"),
    .init(xml: "XP-03", "many nodes", "<d>\(run("<e/>", 500_000))</d>", "parse.nodes", twin: "<d>\(run("<e/>", 5000))</d>"),
    .init(xml: "XP-03", "too large", "<d>\(run("x", 17 << 20))</d>", "parse.too_large", twin: "<d>\(run("x", 1 << 20))</d>"),
  ]

  // MARK: XP-05: encodings

  private static let encodings: [AttackCase] = [
    .init(
      xml: "XP-05", "UTF-16 LE with mark", [0xFF, 0xFE] + wide("<d/>"), "parse.encoding_unsupported",
      twin: [0xEF, 0xBB, 0xBF] + Array("<d/>".utf8)),
    .init(
      xml: "XP-05", "UTF-16 BE with mark", [0xFE, 0xFF] + wide("<d/>", bigEndian: true), "parse.encoding_unsupported",
      twin: Array("<d/>".utf8)),
    .init(xml: "XP-05", "UTF-16 LE without mark", wide("<d/>"), "parse.encoding_unsupported", twin: Array("<d/>".utf8)),
    .init(
      xml: "XP-05", "UTF-16 BE without mark", wide("<?xml version='1.0'?><d/>", bigEndian: true), "parse.encoding_unsupported",
      twin: Array("<?xml version='1.0'?><d/>".utf8)),
    .init(xml: "XP-05", "UTF-32", [0, 0, 0xFE, 0xFF] + [0, 0, 0, 0x3C], "parse.encoding_unsupported", twin: Array("<d/>".utf8)),
    .init(xml: "XP-05", "EBCDIC", [0x4C, 0x6F, 0xA7, 0x94, 0x93, 0x40], "parse.encoding_unsupported", twin: Array("<d/>".utf8)),
    .init(xml: "XP-05", "UTF-7 declared", declared("UTF-7", "+ADw-"), "parse.encoding_unsupported", twin: declared("UTF-8", "+ADw-")),
    .init(xml: "XP-05", "UTF-7 not declared", Array("+ADw-d+AC8-+AD4-".utf8), "parse.text_outside_root", twin: Array("<d>+ADw-</d>".utf8)),
    .init(xml: "XP-05", "UTF-16 declared in ASCII", declared("UTF-16", "x"), "parse.encoding_unsupported", twin: declared("utf-8", "x")),
    .init(xml: "XP-05", "ISO-8859-1 declared", declared("ISO-8859-1", "x"), "parse.encoding_unsupported", twin: declared("Utf-8", "x")),
    .init(
      xml: "XP-05", "ISO-8859-1 bytes", Array("<d>".utf8) + [0xE9] + Array("</d>".utf8), "parse.invalid_text", twin: Array("<d>é</d>".utf8)),
    .init(
      xml: "XP-05", "overlong", Array("<d>".utf8) + [0xC0, 0xBC] + Array("</d>".utf8), "parse.invalid_text", twin: Array("<d>&lt;</d>".utf8)
    ),
    .init(
      xml: "XP-05", "overlong slash", Array("<d>".utf8) + [0xE0, 0x80, 0xAF] + Array("</d>".utf8), "parse.invalid_text",
      twin: Array("<d>/</d>".utf8)),
    .init(
      xml: "XP-05", "surrogate", Array("<d>".utf8) + [0xED, 0xA0, 0x80] + Array("</d>".utf8), "parse.invalid_text",
      twin: Array("<d>\u{D7FF}</d>".utf8)),
    .init(
      xml: "XP-05", "past the last character", Array("<d>".utf8) + [0xF4, 0x90, 0x80, 0x80] + Array("</d>".utf8), "parse.invalid_text",
      twin: Array("<d>\u{10FFFF}</d>".utf8)),
    .init(xml: "XP-05", "cut off", Array("<d>中</d>".utf8.prefix(5)), "parse.invalid_text", twin: Array("<d>中</d>".utf8)),
    .init(xml: "XP-05", "GB18030 not allowed", declared("GB18030", "x"), "parse.encoding_unsupported", twin: declared("UTF-8", "x")),
    .init(
      xml: "XP-05", "mark and GB18030", [0xEF, 0xBB, 0xBF] + declared("GB18030", "x"), "parse.encoding_mismatch",
      twin: [0xEF, 0xBB, 0xBF] + declared("UTF-8", "x")),
    .init(
      xml: "XP-05", "two marks", [0xEF, 0xBB, 0xBF, 0xEF, 0xBB, 0xBF] + Array("<d/>".utf8), "parse.text_outside_root",
      twin: [0xEF, 0xBB, 0xBF] + Array("<d/>".utf8)),
  ]

  // MARK: XP-06, XP-11, and what no XML is

  private static let prologs: [AttackCase] = [
    .init(
      xml: "XP-06", "instruction in the root", "<d>10<?x?>00</d>", "parse.processing_instruction",
      twin: "<?xml-stylesheet href='http://127.0.0.1/'?><d>1000</d><?x?>"),
    .init(
      xml: "XML", "stray byte", "4<?xml version=\"1.0\"?><d/>", "parse.content_before_declaration", twin: "<?xml version=\"1.0\"?><d/>"),
    .init(xml: "XML", "blank line first", "\n<?xml version=\"1.0\"?><d/>", "parse.content_before_declaration", twin: "\n<d/>"),
    .init(
      xml: "XML", "second declaration", "<?xml version=\"1.0\"?><?xml version=\"1.0\"?><d/>", "parse.content_before_declaration",
      twin: "<?xml version=\"1.0\"?><?xmlx version=\"1.0\"?><d/>"),
    .init(xml: "XML", "declaration in capitals", "<?XML version=\"1.0\"?><d/>", "parse.content_before_declaration", twin: "<d/>"),
    .init(xml: "XML", "XML 1.1", "<?xml version=\"1.1\"?><d>&#1;</d>", "parse.xml_version", twin: "<?xml version='1.0'?><d>&#9;</d>"),
    .init(
      xml: "XML", "no version", "<?xml encoding=\"UTF-8\"?><d/>", "parse.malformed", twin: "<?xml version=\"1.0\" encoding=\"UTF-8\"?><d/>"),
    .init(
      xml: "XML", "odd declaration", "<?xml version=\"1.0\" a=\"b\"?><d/>", "parse.malformed",
      twin: "<?xml version=\"1.0\" standalone=\"yes\" ?><d/>"),
    .init(xml: "XML", "text before", "a<d/>", "parse.text_outside_root", twin: "<d>a</d>"),
    .init(xml: "XML", "text after", "<d/>a", "parse.text_outside_root", twin: "<d/>\n"),
    .init(xml: "XML", "second root", "<d/><d/>", "parse.malformed", twin: "<d><d/></d>"),
    .init(xml: "XML", "nothing", "", "parse.empty", twin: "<d/>"),
    .init(xml: "XML", "only blanks", " \n ", "parse.empty", twin: " \n <d/>"),
    .init(xml: "XML", "only a comment", "<!-- x -->", "parse.empty", twin: "<!-- x --><d/>"),
    .init(xml: "XP-11", "NUL", "<d>\0</d>", "parse.illegal_character", twin: "<d>0</d>"),
    .init(xml: "XP-11", "NUL after the root", "<d></d>\0", "parse.illegal_character", twin: "<d></d>\n"),
    .init(xml: "XP-11", "NUL reference", "<d>&#0;</d>", "parse.illegal_character", twin: "<d>&#48;</d>"),
    .init(xml: "XP-11", "U+FFFE", "<d>\u{FFFE}</d>", "parse.illegal_character", twin: "<d>\u{FFFD}</d>"),
    .init(xml: "XP-11", "U+FFFF in a comment", "<d><!--\u{FFFF}--></d>", "parse.illegal_character", twin: "<d><!--\u{FF01}--></d>"),
    .init(xml: "XP-11", "surrogate reference", "<d>&#xD800;</d>", "parse.illegal_character", twin: "<d>&#xD7FF;</d>"),
    .init(xml: "XP-11", "surrogate pair references", "<d>&#xD83D;&#xDE00;</d>", "parse.illegal_character", twin: "<d>&#x1F600;</d>"),
    .init(xml: "XP-11", "reference past the last", "<d>&#x110000;</d>", "parse.illegal_character", twin: "<d>&#x10FFFF;</d>"),
    .init(xml: "XP-11", "reference that overflows", "<d>&#xFFFFFFFFF;</d>", "parse.illegal_character", twin: "<d>&#xFFFFD;</d>"),
    .init(xml: "XP-11", "escape character", "<d a=\"\u{1B}[31m\"/>", "parse.illegal_character", twin: "<d a=\"[31m\"/>"),
    .init(xml: "XML", "hyphens in a comment", "<d><!-- a -- b --></d>", "parse.malformed", twin: "<d><!-- a - b --></d>"),
    .init(xml: "XML", "section end in text", "<d>]]></d>", "parse.malformed", twin: "<d>]]&gt;</d>"),
    .init(xml: "XML", "less-than in attribute", "<d a=\"<\"/>", "parse.malformed", twin: "<d a=\"&lt;\"/>"),
    .init(xml: "XML", "tags crossed", "<a><b></a></b>", "parse.malformed", twin: "<a><b></b></a>"),
    .init(xml: "XML", "not closed", "<a><b></b>", "parse.malformed", twin: "<a><b></b></a>"),
    .init(xml: "XML", "quote not closed", "<a b=\"></a>", "parse.malformed", twin: "<a b=\">\"></a>"),
    .init(xml: "XML", "attributes touching", "<a b=\"\"c=\"\"/>", "parse.malformed", twin: "<a b=\"\" c=\"\"/>"),
    .init(
      xml: "XP-06", "inclusion", "<d xmlns:xi='http://www.w3.org/2001/XInclude'><xi:include href='file:///etc/passwd' parse='text'/></d>",
      nil,
      twin: "<d><include href='file:///etc/passwd' parse='text'/></d>"),
    .init(xml: "XP-06", "style sheet", "<?xml-stylesheet href='http://127.0.0.1/'?><d/>", nil, twin: "<!-- http://127.0.0.1/ --><d/>"),
    .init(xml: "XP-06", "base", "<d xml:base='http://127.0.0.1/'><e href='x'/></d>", nil, twin: "<d base='x'><e href='x'/></d>"),
    .init(
      xml: "XP-07", "schema location", "<d xmlns:xsi='\(instance)' xsi:schemaLocation='urn:a http://127.0.0.1/x.xsd' a='1'/>", nil,
      twin: "<d a='1'/>"),
    .init(xml: "XP-08", "wider type", "<d xmlns:xsi='\(instance)' xsi:type='e'/>", "parse.xsi_type", twin: "<d type='e'/>"),
    .init(
      xml: "XP-08", "nil with content", "<d xmlns:xsi='\(instance)' xsi:nil='true'>1</d>", "parse.xsi_nil",
      twin: "<d xmlns:xsi='\(instance)' xsi:nil='true'/>"),
    .init(xml: "XP-11", "bidirectional control", "<d>\u{202E}1</d>", nil, twin: "<d>1</d>"),
    .init(xml: "XP-03", "many blanks", "<d>\(run(" ", 9 << 20))</d>", "parse.text_length", twin: "<d>\(run(" ", 1 << 20))</d>"),
  ]

  // MARK: XP-10: namespaces

  private static let namespaces: [AttackCase] = [
    .init(xml: "XP-10", "undeclared prefix", "<p:d/>", "parse.namespace", twin: "<p:d xmlns:p='urn:p'/>"),
    .init(xml: "XP-10", "undeclared attribute prefix", "<d p:a=''/>", "parse.namespace", twin: "<d xmlns:p='urn:p' p:a=''/>"),
    .init(xml: "XP-10", "empty prefix namespace", "<d xmlns:p=''/>", "parse.namespace", twin: "<d xmlns=''/>"),
    .init(
      xml: "XP-10", "xmlns bound", "<d xmlns:xmlns='urn:x'/>", "parse.namespace",
      twin: "<d xmlns:xml='http://www.w3.org/XML/1998/namespace'/>"),
    .init(xml: "XP-10", "xml bound elsewhere", "<d xmlns:xml='urn:x'/>", "parse.namespace", twin: "<d xmlns:x='urn:x'/>"),
    .init(xml: "XP-10", "two colons", "<a:b:c xmlns:a='urn:a'/>", "parse.namespace", twin: "<a:b.c xmlns:a='urn:a'/>"),
    .init(xml: "XP-10", "reference in a namespace", "<d xmlns='urn:a?b&amp;c'/>", "parse.namespace", twin: "<d x='urn:a?b&amp;c'/>"),
    .init(xml: "XP-10", "not a URI", "<d xmlns:p='urn: a'/>", "parse.namespace", twin: "<d xmlns:p='urn:%20a'/>"),
    .init(xml: "XP-10", "colon first", "<:d/>", "parse.namespace", twin: "<d/>"),
  ]

  // MARK: Making documents

  private static let instance = "http://www.w3.org/2001/XMLSchema-instance"

  private init(xml id: String, _ name: String, _ attack: String, _ code: ErrorCode?, twin: String) {
    self.init(xml: id, name, Array(attack.utf8), code, twin: Array(twin.utf8))
  }

  private init(xml id: String, _ name: String, _ attack: [UInt8], _ code: ErrorCode?, twin: [UInt8]) {
    self.init(id, name, attack, code, twin: twin) { bytes throws(CausewayError) in _ = try XMLFormat.parse(bytes) }
  }

  private static func flood(_ count: Int, _ attribute: (Int) -> String) -> String {
    "<d " + (0..<count).map(attribute).joined(separator: " ") + "/>"
  }

  /// What inclusive canonicalisation pays for with the product of both numbers.
  private static func manyNamespaces(_ count: Int) -> String {
    "<d " + (0..<count).map { "xmlns:n\($0)=\"urn:\($0)\"" }.joined(separator: " ") + ">" + run("<e/>", 5000) + "</d>"
  }

  private static func nest(_ depth: Int, _ attributes: String) -> String { run("<d\(attributes)>", depth) + run("</d>", depth) }

  private static func wide(_ text: String, bigEndian: Bool = false) -> [UInt8] {
    text.utf16.flatMap { bigEndian ? [UInt8($0 >> 8), UInt8($0 & 255)] : [UInt8($0 & 255), UInt8($0 >> 8)] }
  }

  private static func declared(_ encoding: String, _ text: String) -> [UInt8] {
    Array("<?xml version=\"1.0\" encoding=\"\(encoding)\"?><d>\(text)</d>".utf8)
  }
}
