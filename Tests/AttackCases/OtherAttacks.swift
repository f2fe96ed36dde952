import Formats
import Primitives
import XMLTree

extension AttackCase {
  /// XP-09: schemas whose patterns or counts explode; they are refused when they are loaded.
  package static let xmlSchemas: [AttackCase] =
    [
      ("overlapping choices", "(a|aa)+", "(a|b)+"), ("repeated repetition", "(a+)+", "(a+b)+"),
      ("repeated star", "([a-z]+)*", "([a-z]+ )*"),
      ("nested counts", "((((a{16}){16}){16}){16}){16}", "(a{16}){16}"), ("many choices", "(a?){40}", "(a?){10}"),
    ].map { name, pattern, benign in
      AttackCase("XP-09", name, schema(pattern), "profile.schema_pattern", twin: schema(benign), read: compile)
    } + [
      AttackCase("XP-09", "huge count", occurring("4294967296"), "profile.schema_occurs", twin: occurring("9999"), read: compile)
    ]

  /// XP-14: EDIFACT interchanges. (What is answered to each, with a message's own directory: EDIFACTHostileTests.)
  package static let edifact: [AttackCase] = [
    .init(edifact: "equal service characters", "UNA++.? '" + interchange(), "parse.edifact_service_characters"),
    .init(edifact: "odd service characters", "UNA:A.? '" + interchange(), "parse.edifact_service_characters"),
    .init(edifact: "release at the end", String(interchange().dropLast()) + "?'", "parse.edifact_unterminated"),
    .init(edifact: "segment without end", String(interchange().dropLast()), "parse.edifact_unterminated"),
    .init(edifact: "wrong count of segments", interchange(segments: 4), "parse.edifact_count"),
    .init(edifact: "wrong count of messages", interchange(messages: "2"), "parse.edifact_count"),
    .init(edifact: "count beyond numbers", interchange(messages: run("9", 30_000)), "parse.edifact_count"),
    .init(edifact: "another reference", interchange(reference: "REF2"), "parse.edifact_reference"),
    .init(
      edifact: "duplicate message", interchange(body: "BGM+1'UNT+3+1'UNH+1+T:D:03B:UN'BGM+1'", messages: "2"), "parse.edifact_duplicate"),
    .init(edifact: "small letters in level A", interchange(syntax: "UNOA:3", body: "BGM+abc'"), "parse.edifact_character"),
    .init(edifact: "unknown syntax", interchange(syntax: "UNOZ:9"), "parse.edifact_syntax_unknown"),
    .init(edifact: "a segment of 15 MB", interchange(body: "FTX+\(run("A", 15 << 20))'"), "parse.edifact_segment_too_long"),
    .init(edifact: "a segment of separators", interchange(body: "FTX\(run("+", 15 << 20))'"), "parse.edifact_segment_too_long"),
    .init(edifact: "a segment of releases", interchange(body: "FTX+\(run("??", 7 << 20))'"), "parse.edifact_segment_too_long"),
    .init(edifact: "more than 16 MB", interchange(body: run("FTX+A'", 3 << 20)), "parse.edifact_too_large"),
    .init(edifact: "many segments", interchange(body: run("FTX+A'", 2 << 20)), "parse.edifact_too_many"),
    .init(edifact: "many data elements", interchange(body: run("FTX\(run("+A", 4000))'", 1000)), "parse.edifact_too_many"),
    .init(
      edifact: "many empty repetitions", interchange(syntax: "UNOC:4", body: run("FTX+A\(run("*", 4000))B'", 1000)),
      "parse.edifact_too_many"),
    .init(
      edifact: "many messages", interchange(body: (2...80_000).map { "BGM'UNT+3+\($0 - 1)'UNH+\($0)+T:D:03B:UN'" }.joined()),
      "parse.edifact_too_many"),
    .init(edifact: "many line breaks", interchange() + run("\r\n", 7 << 20) + "X", "parse.edifact_unterminated"),
  ]

  /// XP-12, XP-13: nothing is taken out of a container or unpacked; the bytes are what they are.
  package static let containers: [AttackCase] = {
    let xml = Array("<d/>".utf8)
    let mail = Array("MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=b\r\n\r\n--b\r\n\r\n<d/>\r\n--b--\r\n".utf8)
    let parts = Array(run("--b\r\nContent-ID: <1>\r\n\r\n<d/>\r\n", 10_000).utf8)
    // Ten kilobytes that unpack to ten megabytes: one stored block of zeros, and the same distance again and again.
    let packed = [0x1F, 0x8B, 0x08, 0, 0, 0, 0, 0, 0, 0x03, 0xED, 0xC1, 0x01, 0x01] + [UInt8](repeating: 0, count: 10_000)
    let archive = [0x50, 0x4B, 0x03, 0x04, 0x14, 0, 0, 0, 0x08, 0] + [UInt8](repeating: 0, count: 10_000)
    return [
      AttackCase("XP-12", "multipart", mail, "parse.text_outside_root", twin: xml, read: parseXML),
      AttackCase("XP-12", "10000 parts", parts, "parse.text_outside_root", twin: xml, read: parseXML),
      AttackCase("XP-13", "gzip", packed, "parse.invalid_text", twin: xml, read: parseXML),
      AttackCase("XP-13", "zip", archive, "parse.text_outside_root", twin: xml, read: parseXML),
    ]
  }()

  // MARK: Making documents

  @Sendable private static func parseXML(_ bytes: [UInt8]) throws(CausewayError) { _ = try XMLFormat.parse(bytes) }

  @Sendable private static func compile(_ bytes: [UInt8]) throws(CausewayError) { _ = try XMLSchema(compiling: bytes) }

  private static func schema(_ pattern: String) -> [UInt8] {
    let type = "<xs:restriction base='xs:string'><xs:pattern value='\(pattern)'/></xs:restriction>"
    return Array(
      "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'><xs:simpleType name='T'>\(type)</xs:simpleType></xs:schema>".utf8)
  }

  private static func occurring(_ count: String) -> [UInt8] {
    let element = "<xs:sequence><xs:element name='a' maxOccurs='\(count)'/></xs:sequence>"
    return Array(
      "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'><xs:complexType name='T'>\(element)</xs:complexType></xs:schema>".utf8)
  }

  private init(edifact name: String, _ attack: String, _ code: ErrorCode) {
    self.init("XP-14", name, Array(attack.utf8), code, twin: Array(Self.interchange().utf8)) { bytes throws(CausewayError) in
      _ = try EDIFACTFormat.parse(bytes)
    }
  }

  private static func interchange(
    syntax: String = "UNOC:3", body: String = "BGM+929+A1+9'", segments: Int = 3, messages: String = "1", reference: String = "REF1"
  ) -> String {
    "UNB+\(syntax)+S+R+261121:0845+REF1'UNH+1+T:D:03B:UN'\(body)UNT+\(segments)+1'UNZ+\(messages)+\(reference)'"
  }
}
