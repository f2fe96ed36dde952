import Primitives
import TestSupport
import Testing
import XMLTree

@testable import Formats

@Suite struct EncodingTests {
  /// Two-byte, four-byte and private-use characters, and one outside the basic plane.
  static let texts = ["深圳集成电路", "\u{3400}\u{4DB5}", "\u{E000}\u{E765}", "\u{20000}\u{2A6D6}", "€", "é\u{301}", "🚢", "\u{9FA6}"]

  private func gb(_ text: String) throws -> [UInt8] { try TextEncoding.gb18030.encode(utf8: Array(text.utf8)).get() }

  private func document(_ bytes: [UInt8], declared: String?) -> [UInt8] {
    let declaration = declared.map { "<?xml version=\"1.0\" encoding=\"\($0)\"?>" } ?? ""
    return Array("\(declaration)<d>".utf8) + bytes + Array("</d>".utf8)
  }

  @Test(arguments: texts) func goesThereAndBack(_ text: String) throws {
    let bytes = try gb(text)
    #expect(try TextEncoding.gb18030.decode(bytes).get() == Array(text.utf8))
    for name in ["GB18030", "gbk", "GB2312"] {
      let parsed = try XMLFormat.parse(document(bytes, declared: name), encodings: [.utf8, .gb18030])
      #expect(parsed.utf8(parsed.root).map(Array.init) == Array(text.utf8))
    }
    let parsed = try XMLFormat.parse(document(bytes, declared: "GB18030"), encodings: [.gb18030])
    let written = try XMLFormat.write(parsed, encoding: .gb18030)
    #expect(written == Array("<?xml version=\"1.0\" encoding=\"GB18030\"?>\n".utf8) + document(bytes, declared: nil) + [0x0A])
    #expect(try XMLFormat.parse(written, encodings: [.gb18030]).isEquivalent(to: parsed))
  }

  @Test func knownBytes() throws {
    #expect(try gb("中") == [0xD6, 0xD0])
    #expect(try gb("\u{20000}") == [0x95, 0x32, 0x82, 0x36])
    #expect(try gb("a") == [0x61])
  }

  @Test(arguments: [[0xD6], [0x81, 0x30], [0x81, 0x30, 0x81], [0xFF], [0x80], [0xD6, 0x3C], [0xFE, 0x39, 0xFE, 0x39]] as [[UInt8]])
  func invalidBytesAreRefused(_ bytes: [UInt8]) {
    #expect(throws: TextEncoding.InvalidText.self) { try TextEncoding.gb18030.decode(bytes).get() }
    let error = #expect(throws: CausewayError("parse.invalid_text")) {
      try XMLFormat.parse(document(bytes, declared: "GB18030"), encodings: [.utf8, .gb18030])
    }
    #expect(error?.problems[0].line == 1)
  }

  /// Declared one thing, written another.
  @Test func declaredIsNotActual() throws {
    let utf8 = Array("深圳".utf8)
    let gb = try gb("深圳")
    let both: [TextEncoding] = [.utf8, .gb18030]
    #expect(throws: CausewayError("parse.encoding_mismatch")) { try XMLFormat.parse(document(utf8, declared: "GB18030"), encodings: both) }
    #expect(throws: CausewayError("parse.invalid_text")) { try XMLFormat.parse(document(gb, declared: "UTF-8"), encodings: both) }
    #expect(throws: CausewayError("parse.invalid_text")) {
      try XMLFormat.parse([0xEF, 0xBB, 0xBF] + document(gb, declared: nil), encodings: both)
    }
    #expect(throws: Never.self) { try XMLFormat.parse(document(utf8, declared: "UTF-8"), encodings: both) }
    #expect(throws: Never.self) { try XMLFormat.parse(document(gb, declared: "GB18030"), encodings: both) }
    // Two bytes that are a character in each of the two encodings are what the sender says they are.
    let parsed = try XMLFormat.parse(document([0xCE, 0xAC], declared: "GBK"), encodings: both)
    #expect(parsed.text(parsed.root) == "维")
  }

  /// Without a declaration: UTF-8 when it is UTF-8, else GB18030 where the profile has it, else refused.
  @Test func notDeclared() throws {
    let gb = try gb("深圳")
    let parsed = try XMLFormat.parse(document(gb, declared: nil), encodings: [.utf8, .gb18030])
    #expect(parsed.text(parsed.root) == "深圳")
    #expect(throws: CausewayError("parse.invalid_text")) { try XMLFormat.parse(document(gb, declared: nil)) }
    #expect(throws: CausewayError("parse.encoding_unsupported")) { try XMLFormat.parse(document(gb, declared: "GB18030")) }
    let utf8 = try XMLFormat.parse(document(Array("深圳".utf8), declared: nil), encodings: [.utf8, .gb18030])
    #expect(utf8.text(utf8.root) == "深圳")
  }

  static let hasSamples = SharedData.has("samples/gb18030")

  @Test(.enabled(if: hasSamples, "needs ../shared")) func publishedFiles() throws {
    var converted = 0
    for file in SharedData.files("samples/gb18030", extension: "csv") {
      let bytes = try SharedData.bytes(file)
      if case .success = TextEncoding.utf8.decode(bytes) { continue }
      let utf8 = try TextEncoding.gb18030.decode(bytes).get()
      #expect(try TextEncoding.gb18030.encode(utf8: utf8).get() == bytes, "\(file)")
      converted += 1
    }
    #expect(converted > 0)
  }
}
