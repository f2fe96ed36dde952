import Primitives
import Testing

@testable import Formats

/// What each syntax identifier takes, and that nothing else is taken or written in its place.
@Suite struct RepertoireTests {
  /// An interchange whose free text is given in bytes.
  private func bytes(_ syntax: String, _ text: [UInt8]) -> [UInt8] {
    let parts = SmallMessage.text([SmallMessage.message(["FTX+AAA+#"])], syntax: syntax).split(separator: "#")
    return Array(parts[0].utf8) + text + Array(parts[1].utf8)
  }

  private func text(_ syntax: String, _ bytes: [UInt8]) throws -> String? {
    let document = try EDIFACTFormat.parse(self.bytes(syntax, bytes))
    let text = document.find("Message", "FTX", "2").flatMap { document.text($0) }
    #expect(try EDIFACTFormat.write(document) == self.bytes(syntax, bytes), "\(syntax)")
    return text
  }

  /// One character of each part of ISO 8859 that no other of them has in that place.
  static let samples: [(String, [UInt8], String)] = [
    ("UNOC:3", [0xC3, 0xA5, 0xFF], "Ã¥ÿ"), ("UNOD:3", [0xA3, 0xB1, 0xE8], "Łąč"), ("UNOE:3", [0xBC, 0xDE, 0xF0], "Мо№"),
    ("UNOF:3", [0xC1, 0xE8, 0xDE], "Αθή"), ("UNOG:4", [0xA6, 0xE6, 0xD8], "ĤĉĜ"), ("UNOH:4", [0xC1, 0xA5, 0xBF], "ÁĨŋ"),
    ("UNOI:4", [0xC7, 0xD4], "\u{627}\u{634}"), ("UNOJ:4", [0xE0, 0xFA], "\u{5D0}\u{5EA}"), ("UNOK:4", [0xD0, 0xFE], "Ğş"),
    ("UNOL:4", [0xA4, 0xBD], "€œ"), ("UNOY:4", Array("中文é\u{20000}".utf8), "中文é\u{20000}"), ("UNOW:4", Array("Ж".utf8), "Ж"),
    ("UNOA:1", Array("AZ09 .,-()/=!\"%&*;<>".utf8), "AZ09 .,-()/=!\"%&*;<>"), ("UNOB:2", Array("az".utf8), "az"),
    ("UNOA:4", Array("A_".utf8), "A_"), ("UNOX:4", Array("plain~".utf8), "plain~"),
  ]

  @Test(arguments: samples) func decodesAndEncodes(_ syntax: String, _ bytes: [UInt8], _ expected: String) throws {
    let text = try #require(try self.text(syntax, bytes))
    #expect(text.utf8.elementsEqual(expected.utf8), "\(text)")
  }

  /// XP-14: the repertoire that UNB names, and bytes of another one.
  static let refused: [(String, [UInt8], SyntaxCode)] = [
    ("UNOA:3", Array("a".utf8), .invalidCharacter), ("UNOA:3", [0xE9], .invalidCharacter), ("UNOA:3", Array("A_".utf8), .invalidCharacter),
    ("UNOB:3", Array("#".utf8), .invalidCharacter), ("UNOB:4", Array("@".utf8), .invalidCharacter),
    ("UNOB:3", [0xC3, 0xA9], .invalidCharacter),
    ("UNOC:3", [0x85], .invalidCharacter), ("UNOC:3", [0x09], .invalidCharacter), ("UNOC:3", [0x7F], .invalidCharacter),
    ("UNOC:3", [0x0A], .invalidCharacter), ("UNOC:3", [0x00], .invalidCharacter), ("UNOG:4", [0xA5], .invalidCharacter),
    ("UNOI:4", [0xA1], .invalidCharacter), ("UNOY:4", [0xE9], .invalidCharacter), ("UNOY:4", [0xC0, 0x80], .invalidCharacter),
    ("UNOY:4", [0xED, 0xA0, 0x80], .invalidCharacter), ("UNOY:4", [0xF4, 0x90, 0x80, 0x80], .invalidCharacter),
    // A sequence that would be whole if the separators were not there.
    ("UNOY:4", [0xC3, 0x2B, 0xA9], .invalidCharacter), ("UNOY:4", [0xC3, 0x3A, 0xA9], .invalidCharacter),
    ("UNOX:4", [0x1B, 0x24, 0x29, 0x41], .characterSetNotSupported), ("UNOX:4", [0xC4], .characterSetNotSupported),
  ]

  @Test(arguments: refused) func refusesWhatIsOutside(_ syntax: String, _ text: [UInt8], _ code: SyntaxCode) {
    let reading = EDIFACTFormat.read(bytes(syntax, text))
    #expect(reading.document == nil)
    #expect(reading.findings.map(\.code) == ["parse.edifact_character"] && reading.findings.first?.syntax == code)
    #expect(reading.findings.first?.place.segment == 2 && reading.findings.first?.place.element == 2)
  }

  @Test func aByteOrderMarkNeedsUTF8() {
    let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
    let text = SmallMessage.text(syntax: "UNOY:4")
    #expect(EDIFACTFormat.read(mark + Array(text.utf8)).findings == [])
    #expect(EDIFACTFormat.read(mark + Array(SmallMessage.text().utf8)).findings.first?.code == "parse.edifact_character")
  }

  /// Nothing is written in the place of a character that the repertoire does not have: no `?`, no other letter.
  @Test func whatARepertoireDoesNotHaveIsRefused() throws {
    for (syntax, text) in [("UNOA:3", "é"), ("UNOA:3", "a"), ("UNOB:3", "é"), ("UNOC:3", "中"), ("UNOE:4", "é"), ("UNOC:3", "\u{20000}")] {
      let original = try EDIFACTFormat.parse(bytes("UNOY:4", Array(text.utf8)))
      let names = ["/Interchange/UNB/1/1": String(syntax.prefix(4)), "/Interchange/UNB/1/2": String(syntax.suffix(1))]
      let document = SmallMessage.changed(original, names)
      #expect(throws: CausewayError("write.illegal_character")) { try EDIFACTFormat.write(document) }
    }
  }
}
