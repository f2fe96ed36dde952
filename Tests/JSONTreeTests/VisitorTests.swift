import JSONTree
import Primitives
import Testing

/// Writes down what the reader hands on.
private struct Recorder: JSONVisitor {
  var events: [String] = []
  mutating func beginObject(line: Int) { events.append("\(line) {") }
  mutating func member(_ name: String, line: Int) { events.append("\(line) \(name):") }
  mutating func endObject() { events.append("}") }
  mutating func beginArray(line: Int) { events.append("\(line) [") }
  mutating func endArray() { events.append("]") }
  mutating func scalar(_ value: JSONValue, line: Int) throws(CausewayError) {
    if value == "stop" { throw CausewayError("parse.test_stop") }
    events.append("\(line) \(text(value.serialized()))")
  }
}

@Suite struct VisitorTests {
  @Test func handsOnPiecesWithLines() throws {
    var recorder = Recorder()
    try JSONReader.read(utf8("{\"a\":\n [1.50,\n {}],\n\"b\":null,\"c\":[ ]}\n"), into: &recorder)
    #expect(recorder.events == ["1 {", "1 a:", "2 [", "2 1.50", "3 {", "}", "]", "4 b:", "4 null", "4 c:", "4 [", "]", "}"])
  }

  @Test func stopsWhenTheVisitorThrows() {
    var recorder = Recorder()
    #expect(throws: CausewayError("parse.test_stop")) { try JSONReader.read(utf8(#"[1,"stop",2]"#), into: &recorder) }
    #expect(recorder.events == ["1 [", "1 1"])
  }

  @Test func prettyText() throws {
    let value: JSONValue = ["a": [1, "x"], "b": [:], "c": []]
    #expect(text(value.serialized(pretty: true)) == "{\n  \"a\": [\n    1,\n    \"x\"\n  ],\n  \"b\": {},\n  \"c\": []\n}\n")
    #expect(text(value.serialized()) == #"{"a":[1,"x"],"b":{},"c":[]}"#)
  }
}
