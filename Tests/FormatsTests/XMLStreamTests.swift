import Primitives
import Testing
import XMLTree

@testable import Formats

/// A document that is read while it is parsed is the one that its tree gives, and is refused with the same words.
@Suite struct XMLStreamTests {
  static let documents = [
    "<d a='&amp;&#38;&lt;&#x4E2D;' b='x&#10;y\n z'>&amp;&#38;<![CDATA[<&]]>&gt;</d>",
    "<d xml:lang='zh' xml:space='preserve'> a <!-- c -->b c</d>",
    "<d xmlns='d' xmlns:d='urn:d' d:d='d'><d:d xmlns:d='d'/><d/></d>",
    "<d>\n <a>\n</a>\n <b> <c/> </b>&#32;<e>\u{A0}</e></d>",
    "<v/>", "<v></v>", "<v> </v>", "<v><null/></v>", "<d><v> <null/> </v><v><null> </null></v></d>",
    "<d xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'><v xsi:nil='true'/><v xsi:nil='0'>1</v></d>",
    "<d>" + String(repeating: "<e>text</e>\n", count: 70_000) + "<f/></d>",
    "<d>" + String(repeating: "中文&amp;", count: 5_000) + "</d>",
  ]

  static let refused = [
    "<d>a<e/></d>", "<d> a <e/></d>", "<d><e/>a</d>", "<d>\u{A0}<e/></d>", "<d><![CDATA[x]]><e/></d>", "<d>\n<f><e/>\nsecret</f></d>",
    "<d>1", "<d></e>", "<a:d/>", "<d a='1' a='2'/>", "<d><e></d></e>", "<d>&x;</d>",
    "<d xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:nil='true'>\n<e/></d>",
    "<d xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'><e xsi:nil='true'>1</e></d>",
    "<d xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'><e xsi:nil='maybe'/></d>",
    "<d xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'>\n<e xsi:type='t'/></d>",
  ]

  @Test(arguments: documents, [nil, "null"] as [String?])
  func theDocumentOfTheTree(_ text: String, mark: String?) throws {
    let bytes = Array(text.utf8)
    let options = XMLFormat.Options(nullMark: mark)
    let streamed = try XMLFormat.parse(bytes, options: options)
    let read = try XMLFormat.document(of: XMLTree.parse(bytes), options: options)
    #expect(streamed.differences(from: read).isEmpty)
    try #require(streamed.count == read.count)
    for index in 0..<Int32(read.count) {
      let id = Document.NodeID(index: index)
      guard streamed.line(id) == read.line(id), streamed.name(id) == read.name(id), streamed.text(id) == read.text(id),
        streamed.namespace(id) == read.namespace(id), streamed.parent(id) == read.parent(id), streamed.isNull(id) == read.isNull(id)
      else {
        Issue.record("another node at \(read.pointer(id))")
        return
      }
    }
  }

  @Test(arguments: refused)
  func refusedAsTheTreeIs(_ text: String) {
    let bytes = Array(text.utf8)
    let streamed = #expect(throws: CausewayError.self) { try XMLFormat.parse(bytes) }
    let read = #expect(throws: CausewayError.self) { try XMLFormat.document(of: XMLTree.parse(bytes)) }
    #expect(streamed == read)
    #expect(streamed?.problems.first?.line != nil)
  }
}
