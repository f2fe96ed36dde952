import Primitives
import Testing

@Suite struct BytesTests {
  @Test func aDigestHasTheDigitsOfItsBytes() throws {
    var chance = SystemRandomNumberGenerator()
    for _ in 0..<1000 {
      let bytes = (0..<32).map { _ in UInt8.random(in: 0...255, using: &chance) }
      let digest = try #require(Digest(bytes))
      #expect(digest.bytes == bytes && digest.hex == Hex.encode(bytes) && Digest(hex: digest.hex) == digest)
      #expect(digest.hex == bytes.map { String($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined())
    }
    #expect(Digest([UInt8](repeating: 0, count: 31)) == nil && Digest([UInt8](repeating: 0, count: 33)) == nil)
    #expect(Digest.zero.bytes == [UInt8](repeating: 0, count: 32))
  }

  /// RFC 4648 §10.
  @Test(arguments: [
    ("", "", ""), ("f", "Zg==", "66"), ("fo", "Zm8=", "666f"), ("foo", "Zm9v", "666f6f"), ("foob", "Zm9vYg==", "666f6f62"),
    ("fooba", "Zm9vYmE=", "666f6f6261"), ("foobar", "Zm9vYmFy", "666f6f626172"),
  ])
  func publishedEncodings(text: String, base64: String, hex: String) {
    let bytes = Array(text.utf8)
    #expect(Base64.encode(bytes) == base64)
    #expect(Base64.decode(base64) == bytes)
    #expect(Hex.encode(bytes) == hex)
    #expect(Hex.decode(hex) == bytes)
  }

  @Test func alphabetsDiffer() {
    let bytes: [UInt8] = [0xFB, 0xEF, 0xFF, 0xFE]
    #expect(Base64.encode(bytes) == "++///g==")
    #expect(Base64.encode(bytes, .url) == "--___g")
    #expect(Base64.decode("--___g", .url) == bytes)
    #expect(Base64.decode("++///g", .url) == nil)
    #expect(Base64.decode("--___g==") == nil)
  }

  @Test func allLengthsReturn() {
    for length in 0...100 {
      let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 89 &+ length) }
      #expect(Base64.decode(Base64.encode(bytes)) == bytes)
      #expect(Base64.decode(Base64.encode(bytes[...], .url), .url) == bytes)
      #expect(Hex.decode(Hex.encode(bytes)) == bytes)
    }
  }

  /// Each byte string has one text: anything else is refused.
  @Test(arguments: [
    "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm9vY", "Zm9v\n", " Zm9v", "Zm 9v", "Zm9v====", "=", "==", "====",
    "Z===", "Z=g=", "Zm9v=", "Zm9\u{E9}",
  ])
  func otherTextsAreNoBase64(text: String) {
    #expect(Base64.decode(text) == nil)
  }

  @Test(arguments: ["Z", "Zh", "Zm9", "Zm9vY", "Zg==", "Zm9v\u{0}"])
  func otherTextsAreNoBase64URL(text: String) {
    #expect(Base64.decode(text, .url) == nil)
  }

  @Test(arguments: ["0", "0g", "AB", "0x00", " 00", "00 ", "é0"])
  func otherTextsAreNoHex(text: String) {
    #expect(Hex.decode(text) == nil)
  }

  /// Canonically equivalent texts are different names.
  @Test func byteStringsCompareAsBytes() {
    let composed: ByteString = "caf\u{E9}"
    let decomposed: ByteString = "cafe\u{301}"
    #expect(composed.string == decomposed.string)
    #expect(composed != decomposed)
    #expect(Set([composed, decomposed]).count == 2)
    #expect(decomposed < composed)
  }
}
