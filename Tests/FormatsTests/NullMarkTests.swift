import Primitives
import Testing
import XMLTree

@testable import Formats

/// A null that a format writes as a child element: `<X><null/></X>` is null, `<X/>` is empty, `<X>0</X>` is a zero.
@Suite struct NullMarkTests {
  private func parse(_ text: String, mark: String? = "null") throws -> Document {
    try XMLFormat.parse(Array(text.utf8), options: .init(nullMark: mark))
  }

  private func text(_ document: Document, mark: String? = "null", indent: Bool = false) throws -> String {
    String(decoding: try XMLFormat.write(document, declaration: false, nullMark: mark, indent: indent), as: UTF8.self)
  }

  @Test func nullEmptyAndZeroAreThreeThings() throws {
    let document = try parse(
      "<d><v><null/></v><v/><v></v><v>0</v><v>\n  <null></null>\n</v><v><!-- c --><null/></v><v a='1'><null/></v></d>")
    let nodes = document.children(document.root, named: "v")
    #expect(nodes.map(document.isNull) == [true, false, false, false, true, true, true])
    #expect(nodes.map(document.text) == [nil, "", "", "0", nil, nil, nil])
    #expect(document.children(nodes[6]).map(document.name) == ["a"])
    #expect(document.children(nodes[0]).map(document.name) == [])
    #expect(document.count == 9)
    let null = try parse("<d><v><null/></v></d>")
    for other in ["<d><v/></d>", "<d><v>0</v></d>", "<d><v>null</v></d>", "<d><v a='1'><null/></v></d>", "<d/>"] {
      let document = try parse(other)
      #expect(!null.isEquivalent(to: document) && !document.isEquivalent(to: null), "\(other)")
    }
    #expect(try null.isEquivalent(to: parse("<d>\n<v>\n<null/>\n</v>\n</d>")))
  }

  /// A mark says nothing else: with anything in it, on it or beside it, it is an element like others. The root is never null.
  @Test(arguments: [
    "<d><v><null>0</null></v></d>", "<d><v><null> </null></v></d>", "<d><v><null a=\"\"/></v></d>", "<d><v><null><x/></null></v></d>",
    "<d><v><null/><null/></v></d>", "<d><v><null/><w/></v></d>", "<d><v><w/><null/></v></d>", "<d><v><Null/></v></d>", "<d><null/></d>",
    "<d><null/><v/></d>", "<d><v><p:null xmlns:p=\"urn:p\"/></v></d>",
  ])
  func whatIsNoMarkIsAnElement(_ text: String) throws {
    let document = try parse(text)
    #expect((0..<Int32(document.count)).allSatisfy { !document.isNull(.init(index: $0)) })
    #expect(try parse(text).isEquivalent(to: parse(text, mark: nil)))
    #expect(try parse(self.text(document)).isEquivalent(to: document))
  }

  /// A mark in a mark: the outer one is null, and then marks nothing.
  @Test func aMarkedMarkIsNull() throws {
    let document = try parse("<d><v><null><null/></null></v></d>")
    let outer = try #require(document.find("v", "null"))
    let value = try #require(document.find("v"))
    #expect(document.isNull(outer) && !document.isNull(value))
    #expect(try text(document) == "<d><v><null><null/></null></v></d>")
  }

  /// What the reader ignores is not written back: a mark with it would come back as a mark.
  @Test(arguments: ["schemaLocation='urn:x x.xsd'", "nil='false'", "other='1'"]) func ignoredAttributesAreNone(_ attribute: String) throws {
    let xsi = "xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'"
    let document = try parse("<d \(xsi)><v><null xsi:\(attribute)/></v></d>")
    let value = try #require(document.find("v"))
    #expect(document.isNull(value))
    #expect(try parse(text(document)).isEquivalent(to: document))
    let null = try parse("<d \(xsi)><v><null xsi:nil='true'/></v></d>")
    #expect(null.find("v").map(null.isNull) == false)
    #expect(null.find("v", "null").map(null.isNull) == true)
  }

  /// The root has no mark; the attribute of XML Schema says that it is null.
  @Test func aNullRootComesBack() throws {
    let root = "<d xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:nil=\"true\"/>"
    let document = try parse(root)
    #expect(document.isNull(document.root))
    #expect(try text(document) == root)
    #expect(try parse(text(document)).isEquivalent(to: document))
  }

  @Test func textBesideAMarkIsMixedContent() throws {
    for text in ["<d><v>0<null/></v></d>", "<d><v><null/>0</v></d>"] {
      #expect(throws: CausewayError("parse.mixed_content")) { try parse(text) }
    }
  }

  @Test func aNullIsWrittenAsItsMark() throws {
    let plain = "<d><v><null/></v><v a=\"1\"><null/></v><v/><w><v><null/></v></w></d>"
    #expect(try text(try parse(plain)) == plain)
    let prefixed = "<p:d xmlns:p=\"urn:p\"><p:v><p:null/></p:v><p:v/></p:d>"
    let document = try parse(prefixed)
    #expect(document.children(document.root).map(document.isNull) == [true, false])
    let written = try XMLFormat.write(document, prefixes: [(uri: "urn:p", prefix: "p")], declaration: false, nullMark: "null")
    #expect(String(decoding: written, as: UTF8.self) == prefixed)
    #expect(try text(try parse("<d><v><null/></v></d>"), indent: true) == "<d>\n  <v>\n    <null/>\n  </v>\n</d>\n")
    // Without a mark the format has xsi:nil, and reads it as the same null.
    let standard = try text(document, mark: nil)
    #expect(standard.contains(":nil=\"true\"") && !standard.contains("null"))
    #expect(try parse(standard).isEquivalent(to: document))
  }

  @Test func aMarkIsTheNameOfAnElement() throws {
    let document = try parse("<d><v><null/></v></d>")
    for mark in ["", "a b", "a:b", "1", "<x"] {
      #expect(throws: CausewayError("write.illegal_name")) { try text(document, mark: mark) }
    }
  }

  @Test func aNullWithContentIsNotWritten() {
    var builder = DocumentBuilder(syntax: .xml)
    builder.open(name: "d")
    builder.open(name: "v")
    builder.null()
    builder.open(name: "w")
    builder.close()
    builder.close()
    builder.close()
    let document = builder.finish()
    #expect(throws: CausewayError("write.mixed_content")) { try text(document) }
  }

  /// Attributes and elements around a mark that was taken away stay linked, in order.
  @Test func whatStandsAroundAMarkIsKept() throws {
    let document = try parse("<d a='1' b='2'><v x='1' y='2'><null/></v><w>1</w><v><null/></v><w><v><null/></v><u/></w></d>")
    #expect(document.children(document.root).map(document.name) == ["a", "b", "v", "w", "v", "w"])
    #expect(document.find("v").map { document.children($0).map(document.name) } == ["x", "y"])
    #expect((1..<Int32(document.count)).allSatisfy { (document.parent(.init(index: $0))?.index ?? -1) < $0 })
    #expect(document.pointer(document.children(document.root, named: "v")[1]) == "/d/v[2]")
  }
}
