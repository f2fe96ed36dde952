import Primitives
import Testing

@testable import Formats

@Suite struct DocumentTests {
  static func sample() -> Document {
    var builder = DocumentBuilder(syntax: .xml)
    builder.open(name: "DecMessage", namespace: "urn:dec", line: 1)
    builder.attribute(name: "Version", value: "3.1", line: 1)
    builder.open(name: "DecLists", namespace: "urn:dec", line: 2)
    for number in 1...3 {
      builder.open(name: "DecList", namespace: "urn:dec", line: 2 + number)
      builder.attribute(name: "unitCode", value: "KGM")
      builder.open(name: "GQty", namespace: "urn:dec")
      builder.text("\(number)")
      builder.text("0")
      builder.close()
      builder.open(name: "Empty")
      builder.text("")
      builder.close()
      builder.open(name: "Null")
      builder.null()
      builder.close()
      builder.close()
    }
    builder.close()
    builder.close()
    return builder.finish()
  }

  @Test func readingBack() throws {
    let document = Self.sample()
    #expect(document.name(document.root) == "DecMessage")
    #expect(document.namespace(document.root) == "urn:dec")
    #expect(document.text(document.root) == nil)
    #expect(document.parent(document.root) == nil)
    let version = try #require(document.attribute("Version", of: document.root))
    #expect(document.kind(version) == .attribute)
    #expect(document.text(version) == "3.1")
    let lists = try #require(document.first("DecLists", of: document.root))
    #expect(document.children(document.root).map(\.self) == [version, lists])
    let items = document.children(lists, named: "DecList")
    #expect(items.map(document.line) == [3, 4, 5])
    #expect(items.flatMap { document.texts($0, named: "GQty") } == ["10", "20", "30"])
    #expect(document.parent(items[2]) == lists)
    let empty = try #require(document.first("Empty", of: items[0]))
    #expect(document.text(empty) == "")
    #expect(document.namespace(empty) == nil)
    let null = try #require(document.first("Null", of: items[0]))
    #expect(document.isNull(null) && document.text(null) == nil)
    #expect(document.find("DecLists", "DecList", "@unitCode").flatMap(document.text) == "KGM")
    #expect(document.find("DecLists", "Absent") == nil)
    #expect(document.symbol(named: "absent") == nil)
  }

  @Test func pointersInXML() throws {
    let document = Self.sample()
    let items = document.children(try #require(document.first("DecLists", of: document.root)), named: "DecList")
    #expect(document.pointer(document.root) == "/DecMessage")
    #expect(document.pointer(items[2]) == "/DecMessage/DecLists/DecList[3]")
    #expect(document.pointer(try #require(document.first("GQty", of: items[2]))) == "/DecMessage/DecLists/DecList[3]/GQty")
    #expect(document.pointer(try #require(document.attribute("unitCode", of: items[0]))) == "/DecMessage/DecLists/DecList[1]/@unitCode")
  }

  @Test func attributesStandFirstWhenTheyComeLate() {
    var builder = DocumentBuilder(syntax: .xml)
    builder.open(name: "a")
    for name in ["b", "c"] {
      builder.open(name: name)
      builder.close()
      builder.attribute(name: "\(name)1", value: name)
      builder.attribute(name: "\(name)2", value: name)
    }
    builder.close()
    let document = builder.finish()
    #expect(document.children(document.root).map(document.name) == ["b1", "b2", "c1", "c2", "b", "c"])
  }

  /// Names that Swift calls equal and that are not the same bytes stay apart.
  @Test func namesAreBytes() throws {
    var builder = DocumentBuilder(syntax: .json)
    builder.open(name: "")
    for name in ["caf\u{E9}", "cafe\u{301}"] {
      builder.open(name: name)
      builder.text(name)
      builder.close()
    }
    builder.close()
    let document = builder.finish()
    #expect(document.children(document.root, named: "caf\u{E9}").count == 1)
    let decomposed = try #require(document.first("cafe\u{301}", of: document.root))
    #expect(document.text(decomposed).map { Array($0.utf8) } == Array("cafe\u{301}".utf8))
  }

  @Test func differencesAreNamed() {
    func document(_ build: (inout DocumentBuilder) -> Void) -> Document {
      var builder = DocumentBuilder(syntax: .xml)
      builder.open(name: "a")
      build(&builder)
      builder.close()
      return builder.finish()
    }
    func leaf(_ builder: inout DocumentBuilder, _ name: String, _ text: String?) {
      builder.open(name: name)
      if let text { builder.text(text) } else { builder.null() }
      builder.close()
    }
    let left = document { builder in
      builder.attribute(name: "x", value: "1")
      builder.attribute(name: "y", value: "2")
      leaf(&builder, "b", "1")
      leaf(&builder, "b", "2")
      leaf(&builder, "c", "3")
    }
    let reordered = document { builder in
      builder.attribute(name: "y", value: "2")
      builder.attribute(name: "x", value: "1")
      leaf(&builder, "c", "3")
      leaf(&builder, "b", "1")
      leaf(&builder, "b", "2")
    }
    #expect(left.isEquivalent(to: reordered))
    let other = document { builder in
      builder.attribute(name: "x", value: "9")
      leaf(&builder, "b", "2")
      leaf(&builder, "b", "1")
      leaf(&builder, "c", nil)
      leaf(&builder, "d", "")
    }
    #expect(
      left.differences(from: other).map(\.description) == [
        "text /a/@x", "missing /a/@y", "text /a/b[1]", "text /a/b[2]", "null /a/c", "extra /a/d",
      ])
    #expect(!left.isEquivalent(to: other))
    #expect(left.differences(from: other, limit: 2).count == 2)
    var elsewhere = DocumentBuilder(syntax: .xml)
    elsewhere.open(name: "a", namespace: "urn:a")
    elsewhere.close()
    #expect(!left.isEquivalent(to: elsewhere.finish()))
  }
}
