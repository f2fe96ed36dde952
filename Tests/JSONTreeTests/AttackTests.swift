import AttackCases
import JSONTree
import Primitives
import Testing

/// Known attacks on JSON readers (duplicate names, precision, Unicode, exhaustion), each beside a twin that must be accepted.
@Suite struct AttackTests {
  static func code(_ bytes: [UInt8], _ limits: JSONLimits = .standard) -> ErrorCode? {
    do {
      _ = try JSONValue.parse(bytes, limits: limits)
      return nil
    } catch {
      return error.code
    }
  }

  @Test(arguments: AttackCase.json) func isRefusedAndItsTwinTaken(_ test: AttackCase) {
    #expect(test.attack != test.twin)
    #expect(test.answer(to: test.attack)?.code == test.code)
    #expect(test.answer(to: test.twin) == nil)
  }

  // J-01
  @Test func duplicateNames() throws {
    #expect(Self.code(utf8(#"{"to":"AA","to":"BB"}"#)) == "parse.json_duplicate_member")
    #expect(Self.code(utf8(#"{"to":"AA","\u0074o":"BB"}"#)) == "parse.json_duplicate_member")
    #expect(Self.code(utf8(#"{"a/b":1,"a\/b":1}"#)) == "parse.json_duplicate_member")
    #expect(Self.code(utf8(#"[{"x":{"é":1,"z":2,"é":3}}]"#)) == "parse.json_duplicate_member")
    #expect(Self.code(utf8(#"{"":1,"":2}"#)) == "parse.json_duplicate_member")
    // Twins: the same name in another object, in another case, as a prefix.
    let value = try JSONValue.parse(utf8(#"{"to":"AA","TO":"BB","t":{"to":1},"toto":[{"to":2},{"to":3}]}"#))
    #expect(value["to"]?.string == "AA")
    #expect(value["t"]?["to"]?.int == 1)
  }

  @Test func duplicateNamesAmongMany() {
    let many = (0..<5000).map { "\"k\($0)\":0" }
    #expect(Self.code(utf8("{" + many.joined(separator: ",") + "}")) == nil)
    #expect(Self.code(utf8("{" + many.joined(separator: ",") + ",\"k2500\":1}")) == "parse.json_duplicate_member")
    #expect(Self.code(utf8("{\"\\u006b77\":1," + many.joined(separator: ",") + "}")) == "parse.json_duplicate_member")
  }

  @Test func duplicateNamesTellTheLine() {
    #expect(throws: CausewayError.self) { try JSONValue.parse(utf8("{\n\"a\": 1,\n\"b\": {\"a\": 1},\n\"a\": 2\n}")) }
    do {
      _ = try JSONValue.parse(utf8("{\n\"a\": 1,\n\"b\": {\"a\": 1},\n\"a\": 2\n}"))
    } catch {
      #expect(error.problems[0].line == 4)
    }
  }

  // J-03
  @Test func composedAndDecomposedNamesAreTwoNames() throws {
    let value = try JSONValue.parse(utf8("{\"caf\u{E9}\":1,\"cafe\u{301}\":2}"))
    #expect(value["caf\u{E9}"]?.int == 1)
    #expect(value["cafe\u{301}"]?.int == 2)
    #expect(value.object?.members.count == 2)
    #expect(JSONValue.string("caf\u{E9}") != JSONValue.string("cafe\u{301}"))
    #expect(Set([JSONValue.string("caf\u{E9}"), .string("cafe\u{301}")]).count == 2)
    #expect(try value.canonical() == utf8("{\"cafe\u{301}\":2,\"caf\u{E9}\":1}"))
  }

  @Test(arguments: [
    #""\ud800""#, #""\udc00""#, #""\ud800\ud800""#, #""\ud83dx""#, #""\ud83d\n""#, #""\ud83d\u0041""#, #"{"\udead":1}"#, #""\udc00\ud800""#,
  ])
  func loneSurrogateEscapes(source: String) {
    #expect(Self.code(utf8(source)) == "parse.json_surrogate")
  }

  @Test func surrogatePairs() throws {
    #expect(try JSONValue.parse(utf8(#""\ud83d\ude02 \uD83D\uDE02 \u00e9""#)).string == "😂 😂 é")
    #expect(Self.code(utf8(#""\ud83"#)) == "parse.json_syntax")
    #expect(Self.code(utf8(#""\ud83d\u"#)) == "parse.json_syntax")
    #expect(Self.code(utf8(#""\ud83d\"#)) == "parse.json_surrogate")
  }

  @Test(
    arguments: [
      [0xC0, 0xAF], [0xE0, 0x80, 0xAF], [0xF0, 0x80, 0x80, 0xAF], [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80], [0x80],
      [0xC3],
      [0xFF], [0xC1, 0xBF], [0xF8, 0x88, 0x80, 0x80, 0x80],
    ] as [[UInt8]])
  func bytesThatAreNoUTF8(bytes: [UInt8]) {
    #expect(Self.code([0x22] + bytes + [0x22]) == "parse.json_encoding")
    #expect(Self.code([0x7B, 0x22] + bytes + [0x22, 0x3A, 0x31, 0x7D]) == "parse.json_encoding")
  }

  @Test func bytesAtTheEdgesOfUTF8() throws {
    for scalar in ["\u{80}", "\u{7FF}", "\u{800}", "\u{D7FF}", "\u{E000}", "\u{FFFF}", "\u{10000}", "\u{10FFFF}"] {
      #expect(try JSONValue.parse(utf8("\"\(scalar)\"")).string == scalar)
    }
    #expect(Self.code([0xEF, 0xBB, 0xBF] + utf8("{}")) == "parse.json_bom")
    #expect(try JSONValue.parse(utf8("\"\u{FEFF}\"")).string == "\u{FEFF}")
  }

  @Test func zeroCharacterInNames() throws {
    let value = try JSONValue.parse(utf8(#"{"a":1,"a\u0000":2,"a\u0000b":3}"#))
    #expect(value["a"]?.int == 1)
    #expect(value["a\0"]?.int == 2)
    #expect(value["a\0b"]?.int == 3)
    #expect(Self.code(utf8("{\"a\0\":1}")) == "parse.json_control_character")
  }

  // J-04
  @Test(arguments: [10_000, 100_000, 1_000_000])
  func depth(levels: Int) {
    #expect(Self.code([UInt8](repeating: 0x5B, count: levels)) == "parse.json_depth")
    #expect(Self.code(utf8(String(repeating: #"{"a":"#, count: levels))) == "parse.json_depth")
  }

  @Test func depthAtTheLimit() {
    func nested(_ levels: Int) -> [UInt8] { [UInt8](repeating: 0x5B, count: levels) + [UInt8](repeating: 0x5D, count: levels) }
    #expect(Self.code(nested(64)) == nil)
    #expect(Self.code(nested(65)) == "parse.json_depth")
    #expect(Self.code(utf8("7"), JSONLimits(depth: 0)) == nil)
    #expect(Self.code(utf8("[]"), JSONLimits(depth: 0)) == "parse.json_depth")
  }

  @Test func manyMembers() {
    func object(_ count: Int) -> [UInt8] { utf8("{" + (0..<count).map { "\"\($0)\":0" }.joined(separator: ",") + "}") }
    #expect(Self.code(object(100_000)) == nil)
    #expect(Self.code(object(100_001)) == "parse.json_members")
    #expect(Self.code(object(10), JSONLimits(members: 9)) == "parse.json_members")
    #expect(Self.code(utf8("[1,2,3]"), JSONLimits(values: 4)) == nil)
    #expect(Self.code(utf8("[1,2,3]"), JSONLimits(values: 3)) == "parse.json_values")
  }

  /// The count of what follows is exact: no text at the limit is refused, none beyond it is read.
  @Test(arguments: [
    #"[1,-2.5e3,"a\"],[1","\\",true,false,null,{},[],[[]]]"#, #" { "a" : [ { "b:c" : 1 , "d,e" : "f" } , 2 ] , "" : { "g" : {} } } "#,
    #"{"a":{"b":{"c":{"d":"e"}}},"f":"g","h":1}"#,
  ])
  func valuesAtTheLimit(_ text: String) throws {
    func count(_ value: JSONValue) -> Int {
      let inner = (value.array ?? []) + (value.object?.members.map(\.value) ?? [])
      return inner.reduce(1) { $0 + count($1) }
    }
    let values = count(try JSONValue.parse(utf8(text)))
    #expect(values > 6)
    for limit in 1..<values * 6 {
      #expect(Self.code(utf8(text), JSONLimits(values: limit)) == (limit < values ? "parse.json_values" : nil), "\(limit) of \(values)")
    }
  }

  @Test func longStrings() {
    let long = [0x22] + [UInt8](repeating: 0x61, count: 100_000_000) + [0x22]
    #expect(Self.code(long) == "parse.json_too_large")
    #expect(Self.code(Array(long.suffix(1_000_000))) == "parse.json_syntax")
    #expect(Self.code([0x22] + Array(long.suffix(1_000_000))) == nil)
  }

  /// Every cut and every changed byte of a text gives a value or a coded error, never a trap.
  @Test func mutilatedTexts() throws {
    let source = utf8(#"{"a":[1,-2.5e+3,"x\u00e9\ud83d\ude02\n",true,false,null,{}],"b":{"c":"é","d":[]}}"#)
    _ = try JSONValue.parse(source)
    for length in 0..<source.count { #expect(Self.code(Array(source[..<length])) != nil, "\(length)") }
    var accepted = 0
    for position in source.indices {
      for byte in [0x00, 0x22, 0x2C, 0x30, 0x5B, 0x5C, 0x5D, 0x65, 0x75, 0x7B, 0x7D, 0x80, 0xC3, 0xED, 0xF0, 0xFF] as [UInt8] {
        var changed = source
        changed[position] = byte
        guard let value = try? JSONValue.parse(changed) else { continue }
        accepted += 1
        #expect(try JSONValue.parse(value.serialized()) == value)
      }
    }
    #expect(accepted > 0)
  }

  @Test func positions() {
    do {
      _ = try JSONValue.parse(utf8("{\n  \"a\": [1,\r\n  01]\n}"))
      Issue.record("accepted")
    } catch {
      #expect(error.code == "parse.json_syntax")
      #expect(error.problems[0].line == 3)
      #expect(error.problems[0].facts["column"] == "4")
    }
  }
}
