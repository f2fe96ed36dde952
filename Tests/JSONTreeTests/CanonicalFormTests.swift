import Foundation
import Primitives
import TestSupport
import Testing

@testable import JSONTree

@Suite struct CanonicalFormTests {
  @Test(
    .enabled(if: SharedData.has("vectors"), "not run: ../shared is absent"),
    arguments: ["arrays", "french", "structures", "unicode", "values", "weird"])
  func publishedPairs(name: String) throws {
    // values.json holds a number of more than 17 significant digits, which the reader would refuse.
    let limits = JSONLimits(numbers: .any)
    let value = try JSONValue.parse(try SharedData.bytes("vectors/jcs/testdata/input/\(name).json"), limits: limits)
    let canonical = try value.canonical()
    #expect(canonical == (try SharedData.bytes("vectors/jcs/testdata/output/\(name).json")))
    let hex = text(try SharedData.bytes("vectors/jcs/testdata/outhex/\(name).txt")).split(whereSeparator: \.isWhitespace).joined()
    #expect(Hex.encode(canonical) == hex)
    #expect(try JSONValue.parseCanonical(canonical).canonical() == canonical)
  }

  @Test(.enabled(if: SharedData.has("vectors"), "not run: ../shared is absent"))
  func tenThousandNumbers() throws {
    let lines = try SharedData.bytes("vectors/jcs/es6-numbers-10k.txt").split(separator: 0x0A)
    #expect(lines.count == 10_000)
    var wrong: Set<String> = []
    for line in lines {
      let parts = text(Array(line)).split(separator: ",")
      let value = Double(bitPattern: try #require(UInt64(parts[0], radix: 16)))
      if JSONText.ecmaScript(value) != String(parts[1]) { wrong.insert(String(parts[0])) }
    }
    #expect(wrong == Set(VectorExceptions.jcs.keys), "\(wrong.prefix(5))")
  }

  // RFC 8785 appendix B, the table of number samples.
  @Test(arguments: [
    (0x0000_0000_0000_0000 as UInt64, "0"), (0x8000_0000_0000_0000, "0"), (0x0000_0000_0000_0001, "5e-324"),
    (0x7fef_ffff_ffff_ffff, "1.7976931348623157e+308"), (0x4340_0000_0000_0000, "9007199254740992"),
    (0x4430_0000_0000_0000, "295147905179352830000"), (0x44b5_2d02_c7e1_4af5, "9.999999999999997e+22"),
    (0x44b5_2d02_c7e1_4af6, "1e+23"), (0x444b_1ae4_d6e2_ef4e, "999999999999999700000"), (0x444b_1ae4_d6e2_ef50, "1e+21"),
    (0x3eb0_c6f7_a0b5_ed8c, "9.999999999999997e-7"), (0x3eb0_c6f7_a0b5_ed8d, "0.000001"), (0x41b3_de43_5555_5553, "333333333.3333332"),
    (0xbecb_f647_612f_3696, "-0.0000033333333333333333"), (0x4314_3ff3_c1cb_0959, "1424953923781206.2"),
  ])
  func numberSamples(bits: UInt64, printed: String) {
    #expect(JSONText.ecmaScript(Double(bitPattern: bits)) == printed)
  }

  @Test(arguments: [
    "9007199254740992", "-9007199254740992", "123456789012345678901234567890", "1e400", "-1e400", "1e-400", "1e20", "-9.007199254740992e15",
    "9007199254740992.5",
  ])
  func refusesUnsafeNumbers(lexeme: String) throws {
    let number = try #require(JSONNumber(lexeme: lexeme))
    #expect(throws: CausewayError("write.json_number_unsafe")) { try JSONValue.number(number).canonical() }
    #expect(throws: CausewayError("parse.json_number_unsafe")) { try JSONValue.parse(utf8("[\(lexeme)]")) }
    #expect(try JSONValue.parse(utf8(lexeme), limits: JSONLimits(numbers: .any)).serialized() == utf8(lexeme))
  }

  @Test(arguments: [
    ("9007199254740991", "9007199254740991"), ("-9007199254740991", "-9007199254740991"), ("-0", "0"), ("-0.0e5", "0"),
    ("24000.00", "24000"),
    ("1E30", "1e+30"), ("1e21", "1e+21"), ("9.007199254740991e15", "9007199254740991"), ("0.002", "0.002"), ("1e-7", "1e-7"),
    ("4.50", "4.5"), ("100e-2", "1"),
  ])
  func writesSafeNumbers(lexeme: String, canonical: String) throws {
    let value = try JSONValue.parse(utf8(lexeme))
    #expect(text(try value.canonical()) == canonical)
    #expect(text(value.serialized()) == lexeme)
  }

  /// J-05: UTF-16 order puts supplementary characters before U+E000…U+FFFF; byte order and Swift's order do not.
  @Test func sortsByUTF16CodeUnits() throws {
    let names = ["\u{10000}", "\u{E000}", "\u{FFFF}", "\u{1F602}", "\u{D7FF}", "z", "é", "e\u{301}", "", "a\u{10000}", "a\u{FB33}", "aa"]
    let object = JSONObject(names.map { ($0, .null) })
    let sorted = try JSONValue.parse(try JSONValue.object(object).canonical()).object?.members.map(\.name)
    let expected = names.sorted { $0.utf16.lexicographicallyPrecedes($1.utf16) }
    #expect(sorted.map { $0.map { Array($0.utf8) } } == expected.map { Array($0.utf8) })
    #expect(expected.firstIndex(of: "\u{10000}")! < expected.firstIndex(of: "\u{E000}")!)
  }

  @Test func parseCanonicalTakesOneSpellingOnly() throws {
    #expect(try JSONValue.parseCanonical(utf8(#"{"a":1,"b":"é"}"#)) == ["a": 1, "b": "é"])
    for other in [#"{"b":"é","a":1}"#, #"{"a":1, "b":"é"}"#, #"{"a":1.0,"b":"é"}"#, #"{"a":1,"b":"\u00e9"}"#, "{\"a\":1,\"b\":\"é\"}\n"] {
      #expect(throws: CausewayError("parse.json_not_canonical"), "\(other)") { try JSONValue.parseCanonical(utf8(other)) }
    }
  }

  @Test func refusesToWriteRepeatedNames() {
    let object = JSONObject([("a", 1), ("b", 2), ("a", 3)])
    #expect(throws: CausewayError("write.json_duplicate_member")) { try JSONValue.object(object).canonical() }
  }
}
