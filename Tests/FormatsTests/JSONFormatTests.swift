import Primitives
import Testing

@testable import Formats

@Suite struct JSONFormatTests {
  private func parse(_ text: String) throws -> Document { try JSONFormat.parse(Array(text.utf8)) }

  @Test func membersArraysAndScalars() throws {
    let document = try parse(
      """
      {"lrn": "A1", "total": 1440.00, "test": false, "note": null, "empty": "", "none": [],
       "items": [ {"gqty": "1"}, {"gqty": "2"},
                  {"gqty": "3", "a/b~c": 1} ]}
      """)
    let root = document.root
    #expect(document.syntax == .json && document.name(root) == "" && document.pointer(root) == "")
    #expect(document.find("total").flatMap(document.text) == "1440.00")
    #expect(document.find("total").map(document.scalar) == .number)
    #expect(document.find("test").map(document.scalar) == .bool)
    #expect(document.find("note").map(document.isNull) == true)
    #expect(document.find("empty").flatMap(document.text) == "")
    let items = document.children(root, named: "items")
    #expect(items.count == 3)
    #expect(document.line(items[2]) == 3)
    #expect(document.pointer(try #require(document.first("gqty", of: items[2]))) == "/items/2/gqty")
    #expect(document.pointer(try #require(document.first("a/b~c", of: items[2]))) == "/items/2/a~1b~0c")
    #expect(document.find("none") == nil)
  }

  /// Nothing is lost on the way through: array of one, empty array at its place, nested arrays, number spellings.
  @Test(arguments: [
    "{}", "[]", "null", "\"x\"", "1.50", "true", "[[],[1,[2]],{}]", "{\"a\":[]}", "{\"a\":[1]}", "{\"a\":1}",
    "{\"a\":[],\"b\":1,\"c\":[],\"d\":[2]}",
    "{\"a\":[[1,2],[3]],\"b\":[[]]}", "{\"a\":{\"a\":[{\"a\":[null]}]}}", "{\"n\":-0.10,\"z\":[\"\",null,false]}",
    "[{\"a\":1},\"x\",null]", "{\"\":{\"\":[1]}}",
  ])
  func goesThereAndBack(_ text: String) throws {
    let document = try parse(text)
    #expect(String(decoding: try JSONFormat.write(document), as: UTF8.self) == text)
  }

  @Test func pointersInNestedArrays() throws {
    let document = try parse("{\"a\":[[1,2],[3]]}")
    let rows = document.children(document.root, named: "a")
    let cell = try #require(document.children(rows[0]).map(\.self).last)
    #expect(document.pointer(cell) == "/a/0/1")
    #expect(document.text(cell) == "2")
  }

  @Test func writesRepeatedChildrenAsAnArray() throws {
    var builder = DocumentBuilder(syntax: .xml)
    builder.open(name: "root")
    for (name, text) in [("a", "1"), ("b", "2"), ("a", "3")] {
      builder.open(name: name)
      builder.text(text)
      builder.close()
    }
    builder.close()
    #expect(String(decoding: try JSONFormat.write(builder.finish()), as: UTF8.self) == "{\"a\":[\"1\",\"3\"],\"b\":\"2\"}")
  }

  @Test func escapes() throws {
    var builder = DocumentBuilder(syntax: .json)
    builder.open(name: "")
    builder.text("\" \\ / \n\r\t\u{8}\u{C}\0\u{1F} 中🚢\u{2028}")
    builder.close()
    #expect(
      String(decoding: try JSONFormat.write(builder.finish()), as: UTF8.self)
        == "\"\\\" \\\\ / \\n\\r\\t\\b\\f\\u0000\\u001f 中🚢\u{2028}\"")
  }

  @Test func scalarsThatAreNoneAreRefused() {
    for (text, scalar) in [("1,5", Document.Scalar.number), ("", .number), ("0x1", .number), ("NaN", .number), ("yes", .bool)] {
      var builder = DocumentBuilder(syntax: .json)
      builder.open(name: "")
      builder.open(name: "v")
      builder.text(text, scalar: scalar)
      builder.close()
      builder.close()
      let error = #expect(throws: CausewayError("write.illegal_number")) { try JSONFormat.write(builder.finish()) }
      #expect(error?.problems[0].pointer == "/v")
    }
  }

  @Test(arguments: ["{\"a\":1,\"a\":2}", "{\"a\":1,}", "[1 2]", "", "{\"a\":\"\\ud800\"}", "\u{FEFF}{}", "{\"a\":1} x"])
  func hostileTextsAreRefused(_ text: String) {
    #expect(throws: CausewayError.self) { try parse(text) }
  }
}
