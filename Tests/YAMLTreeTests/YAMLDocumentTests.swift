import Primitives
import Testing

@testable import YAMLTree

@Suite struct YAMLDocumentTests {
  func parse(_ text: String) throws(CausewayError) -> YAMLNode { try YAMLDocument.parse(Array(text.utf8), file: "c.yaml") }

  @Test func scalarsStayTheTextThatWasWritten() throws {
    let node = try parse("country: NO\nrate: 1.10\ncode: 041\nquoted: \"\"\nempty:\ntilde: ~\nhex: 0x1F\ntext: 海关\n")
    #expect(try node.required("country").string() == "NO")
    #expect(try node.required("rate").string() == "1.10")
    #expect(try node.required("code").string() == "041")
    #expect(try node.required("quoted").string() == "")
    #expect(try node.required("hex").string() == "0x1F")
    #expect(try node.required("text").string() == "海关")
    #expect(node["empty"] == nil && node["tilde"] == nil && node["other"] == nil)
    #expect(throws: CausewayError("config.yaml_invalid")) { try node.required("empty") }
  }

  @Test func readsFlowAndBlockWithLines() throws {
    let node = try parse("rules:\n  - {at: A/B, element: X.Y}\n  - at: \"C[D=1]\"\n    list: [a, b]\n    flag: true\n    count: 50\n")
    let rules = try node.required("rules").list()
    #expect(rules.map(\.line) == [2, 3])
    #expect(try rules[0].required("at").string() == "A/B")
    #expect(try rules[1].required("list").strings() == ["a", "b"])
    #expect(try rules[1].required("list").list().map(\.line) == [4, 4])
    #expect(try rules[1].required("flag").flag())
    #expect(try rules[1].required("count").integer() == 50)
    #expect(try rules[0].members().map(\.key) == ["at", "element"])
    #expect(try rules[0].required("at").strings() == ["A/B"])
  }

  @Test func errorsNameFileLineAndReason() throws {
    let node = try parse("a: 1\nb:\n  c: x\n  d: y\n")
    let error = #expect(throws: CausewayError.self) { try node.required("b").allow(["c"]) }
    #expect(error?.problems.first?.line == 4)
    #expect(error?.problems.first?.pointer == "c.yaml")
    #expect(error?.problems.first?.facts["reason"] == "the key d is not known here")
    #expect(throws: CausewayError("config.yaml_invalid")) { try node.required("b").string() }
    #expect(throws: CausewayError("config.yaml_invalid")) { try node.required("a").list() }
    #expect(throws: CausewayError("config.yaml_invalid")) { try node.required("a").flag() }
    #expect(throws: CausewayError("config.yaml_invalid")) { try node.required("b").integer() }
    #expect(throws: CausewayError("config.yaml_invalid")) { try node.required("a").required("x") }
  }

  @Test(arguments: [
    ("a: 1\na: 2\n", "twice"), ("a: &x 1\nb: *x\n", "anchors"), ("a: &x 1\n", "anchors"), ("a: !!int 1\n", "tags"), ("a: [1, 2\n", ""),
    ("", "empty"),
    ("a: 1\n---\nb: 2\n", "another document"), ("[a]: 1\n", "key"), ("\ta: 1\n", ""), ("a: b: c\n", ""),
  ])
  func refuses(text: String, reason: String) {
    let error = #expect(throws: CausewayError.self) { try parse(text) }
    #expect(error?.code == "config.yaml_invalid")
    #expect(reason.isEmpty || error?.problems.first?.facts["reason"]?.contains(reason) == true, "\(error?.description ?? "")")
  }

  @Test func refusesDeepNestingBeforeTheLibrarySeesIt() throws {
    for text in [
      String(repeating: "[", count: 100_000), String(repeating: "{a: ", count: 5000), String(repeating: "- ", count: 70_000),
      (0..<200).map { String(repeating: " ", count: $0) + "a:\n" }.joined(),
    ] {
      #expect(throws: CausewayError("config.yaml_invalid")) { try parse(text) }
    }
    #expect(try parse(String(repeating: "[", count: 40) + String(repeating: "]", count: 40)).list().count == 1)
  }

  @Test func refusesTheBillionLaughs() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...12 {
      text += "a\(level): &a\(level) [" + [String](repeating: "*a\(level - 1)", count: 10).joined(separator: ", ") + "]\n"
    }
    #expect(throws: CausewayError("config.yaml_invalid")) { try parse(text) }
  }

  @Test func refusesWhatIsNotUTF8AndWhatIsTooBig() {
    #expect(throws: CausewayError("config.yaml_invalid")) { try YAMLDocument.parse([0x61, 0x3A, 0x20, 0xFF], file: "c.yaml") }
    #expect(throws: CausewayError("config.yaml_invalid")) {
      try YAMLDocument.parse([UInt8](repeating: 0x20, count: YAMLDocument.Limit.bytes + 1), file: "c.yaml")
    }
    #expect(throws: CausewayError("config.file_missing")) { try YAMLDocument.load("/nowhere/c.yaml") }
  }

  @Test func errorsHoldNoTextOfTheFile() {
    let error = #expect(throws: CausewayError.self) { try parse("password: [hunter2\n") }
    #expect(error?.description.contains("hunter2") == false)
  }
}
