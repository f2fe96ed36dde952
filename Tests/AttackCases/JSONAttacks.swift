import Formats
import JSONTree
import Primitives

extension AttackCase {
  /// Attacks on the JSON parser.
  package static let json: [AttackCase] = [
    // J-01: repeated names
    .init(json: "J-01", "same name", #"{"to":"AA","to":"BB"}"#, "parse.json_duplicate_member", twin: #"{"to":"AA","TO":"BB"}"#),
    .init(
      json: "J-01", "same name, escaped", #"{"to":"AA","\u0074o":"BB"}"#, "parse.json_duplicate_member",
      twin: #"{"to":"AA","\u0054o":"BB"}"#),
    .init(json: "J-01", "same empty name", #"{"":1,"":2}"#, "parse.json_duplicate_member", twin: #"{"":1," ":2}"#),
    .init(
      json: "J-01", "same name inside", #"[{"x":{"é":1,"z":2,"é":3}}]"#, "parse.json_duplicate_member",
      twin: #"[{"x":{"é":1,"z":{"é":3}}}]"#),
    .init(
      json: "J-01", "same name among many", members(90_000, last: #""k45000":1"#), "parse.json_duplicate_member",
      twin: members(90_000, last: #""k90000":1"#)),
    // J-02: numbers
    .init(json: "J-02", "beyond double", "[1e400]", "parse.json_number_unsafe", twin: "[1e300]"),
    .init(json: "J-02", "below double", "[1e-400]", "parse.json_number_unsafe", twin: "[1e-300]"),
    .init(json: "J-02", "past the last safe integer", "[9007199254740993]", "parse.json_number_unsafe", twin: "[9007199254740991]"),
    .init(json: "J-02", "more digits than a double", "[0.12345678901234567890]", "parse.json_number_unsafe", twin: "[0.123456789012345]"),
    .init(json: "J-02", "many digits", "[\(run("9", 1_000_000))]", "parse.json_number_unsafe", twin: "[\"\(run("9", 1_000_000))\"]"),
    .init(json: "J-02", "many digits of exponent", "[1e\(run("9", 1_000_000))]", "parse.json_number_unsafe", twin: "[1e9]"),
    .init(json: "J-02", "minus zero", "[-0]", nil, twin: "[0]"),
    .init(json: "J-02", "leading zero", "[01]", "parse.json_syntax", twin: "[0.1]"),
    .init(json: "J-02", "not a number", "[NaN]", "parse.json_syntax", twin: "[null]"),
    // J-03: Unicode
    .init(json: "J-03", "composed and decomposed", "{\"caf\u{E9}\":1,\"cafe\u{301}\":2}", nil, twin: "{\"caf\u{E9}\":1}"),
    .init(json: "J-03", "lone surrogate", #"["\ud800"]"#, "parse.json_surrogate", twin: #"["\ud83d\ude02"]"#),
    .init(json: "J-03", "surrogates the other way", #"["\ude02\ud83d"]"#, "parse.json_surrogate", twin: #"["\ud83d\ude02"]"#),
    .init(
      json: "J-03", "overlong", Array("[\"".utf8) + [0xC0, 0xAF] + Array("\"]".utf8), "parse.json_encoding", twin: Array("[\"/\"]".utf8)),
    .init(
      json: "J-03", "surrogate in bytes", Array("[\"".utf8) + [0xED, 0xA0, 0x80] + Array("\"]".utf8), "parse.json_encoding",
      twin: Array("[\"\u{D7FF}\"]".utf8)),
    .init(json: "J-03", "byte order mark", [0xEF, 0xBB, 0xBF] + Array("{}".utf8), "parse.json_bom", twin: Array("{}".utf8)),
    .init(json: "J-03", "UTF-16", [0x7B, 0, 0x7D, 0], "parse.json_syntax", twin: [0x7B, 0x7D]),
    .init(json: "J-03", "NUL in a name", "{\"a\0\":1}", "parse.json_control_character", twin: #"{"a\u0000":1}"#),
    // J-04: exhaustion
    .init(json: "J-04", "depth 65", run("[", 65) + run("]", 65), "parse.json_depth", twin: run("[", 64) + run("]", 64)),
    .init(json: "J-04", "depth 100000", run("[", 100_000), "parse.json_depth", twin: "[\(run("[],", 100_000))[]]"),
    .init(json: "J-04", "depth 1000000 of objects", run(#"{"a":"#, 1_000_000), "parse.json_depth", twin: #"{"a":{"a":{}}}"#),
    .init(
      json: "J-04", "a million names", members(1_000_000, last: #""x":0"#), "parse.json_members", twin: members(50_000, last: #""x":0"#)),
    .init(json: "J-04", "two million values", "[\(run("0,", 2_000_000))0]", "parse.json_values", twin: "[\(run("0,", 200_000))0]"),
    .init(
      json: "J-04", "two million values in objects", "[\(run(#"{"a":0},"#, 1_000_000))0]", "parse.json_values",
      twin: "[\(run(#"{"a":0},"#, 100_000))0]"),
    .init(json: "J-04", "a text of 100 MB", "\"\(run("a", 100_000_000))\"", "parse.json_too_large", twin: "\"\(run("a", 1_000_000))\""),
    .init(json: "J-04", "a text without end", "\"\(run("a", 10_000_000))", "parse.json_syntax", twin: "\"\(run("a", 1_000_000))\""),
    .init(
      json: "J-04", "escapes without end", "\"\(run("\\u0041", 2_000_000))", "parse.json_syntax", twin: "\"\(run("\\u0041", 100_000))\""),
    // J-05: order of names in the canonical form, by UTF-16 code units and by nothing else
    canonical("names by scalars", "{\"\u{E000}\":1,\"\u{10000}\":2}", twin: "{\"\u{10000}\":2,\"\u{E000}\":1}"),
    canonical("names as they came", "{\"b\":1,\"a\":2}", twin: "{\"a\":2,\"b\":1}"),
    // J-06: members that schema readers follow are members like any other; nothing is fetched
    .init(json: "J-06", "remote schema", ##"{"$schema":"http://127.0.0.1/s","$ref":"#"}"##, nil, twin: #"{"schema":"s","ref":""}"#),
  ]

  private static func canonical(_ name: String, _ attack: String, twin: String) -> AttackCase {
    AttackCase("J-05", name, Array(attack.utf8), "parse.json_not_canonical", twin: Array(twin.utf8)) { bytes throws(CausewayError) in
      _ = try JSONValue.parseCanonical(bytes)
    }
  }

  private init(json id: String, _ name: String, _ attack: String, _ code: ErrorCode?, twin: String) {
    self.init(json: id, name, Array(attack.utf8), code, twin: Array(twin.utf8))
  }

  private init(json id: String, _ name: String, _ attack: [UInt8], _ code: ErrorCode?, twin: [UInt8]) {
    self.init(id, name, attack, code, twin: twin) { bytes throws(CausewayError) in _ = try JSONFormat.parse(bytes) }
  }

  /// An object of `k0`, `k1` … and one more.
  private static func members(_ count: Int, last: String) -> String {
    "{" + (0..<count).map { "\"k\($0)\":0," }.joined() + last + "}"
  }
}
