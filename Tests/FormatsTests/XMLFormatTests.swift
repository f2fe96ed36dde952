import Primitives
import Testing
import XMLTree

@testable import Formats

@Suite struct XMLFormatTests {
  private func parse(_ text: String) throws -> Document { try XMLFormat.parse(Array(text.utf8)) }

  private func texts(_ document: Document, _ name: String) -> [String?] {
    document.children(document.root, named: name).map(document.text)
  }

  @Test func elementsAttributesAndTexts() throws {
    let document = try parse(
      """
      <?xml version="1.0" encoding="UTF-8"?>
      <!-- declaration -->
      <m:Dec xmlns:m="urn:m" xmlns="urn:d" m:kind="x" plain="a&amp;b">
        <Item>
          <Qty unitCode="KGM">1.50</Qty>
        </Item>
        <Item><Qty> two words </Qty></Item>
        <None/>
      </m:Dec>
      """)
    let root = document.root
    #expect(document.name(root) == "Dec" && document.namespace(root) == "urn:m" && document.line(root) == 3)
    let attributes = document.children(root).filter { document.kind($0) == .attribute }
    #expect(attributes.map(document.name) == ["kind", "plain"])
    #expect(attributes.map(document.namespace) == ["urn:m", nil])
    #expect(attributes.map(document.text) == ["x", "a&b"])
    let items = document.children(root, named: "Item")
    #expect(items.map(document.text) == [nil, nil])
    #expect(items.map { document.texts($0, named: "Qty") } == [["1.50"], [" two words "]])
    #expect(document.find("Item", "Qty", "@unitCode").flatMap(document.text) == "KGM")
    #expect(document.find("None").flatMap(document.text) == "")
    #expect(document.pointer(items[1]) == "/Dec/Item[2]")
    #expect(document.line(items[1]) == 7)
  }

  /// A comment, a CDATA section or a reference inside a value never cuts it.
  @Test func textIsNeverTruncated() throws {
    let document = try parse(
      "<d><v>10<!-- -->00</v><v>10<!---->00</v><v>10<![CDATA[00]]></v><v>1&#48;00</v><v><!-- -->1000</v><v>1000<!-- --></v>"
        + "<v><![CDATA[10]]><!-- --><![CDATA[00]]></v><v>1000</v></d>")
    #expect(texts(document, "v") == Array(repeating: "1000", count: 8))
    let certificate = try parse("<d><v><![CDATA[<14>I2017-0166475]]></v><v>&lt;14>I2017-0166475</v></d>")
    #expect(texts(certificate, "v") == ["<14>I2017-0166475", "<14>I2017-0166475"])
  }

  @Test func blanksOnlyBetweenElementsAreDropped() throws {
    let document = try parse("<d>\n <v> </v>\n\t<v>\n</v> <v></v><!-- c -->\r\n<w><x/> </w></d>")
    #expect(texts(document, "v") == [" ", "\n", ""])
    #expect(document.find("w").flatMap(document.text) == nil)
  }

  @Test func mixedContentIsRefused() throws {
    for text in ["<d>a<e/></d>", "<d><e/>a</d>", "<d><e/>\u{A0}<e/></d>", "<d><f><e/>1</f></d>"] {
      #expect(throws: CausewayError("parse.mixed_content")) { try parse(text) }
    }
    #expect(throws: Never.self) { try parse("<d>\n<e/>&#32;<e>a</e></d>") }
    let error = #expect(throws: CausewayError.self) { try parse("<d>\n<f/>\n<f><e/>secret</f></d>") }
    #expect(error?.problems[0].pointer == "/d/f[2]")
    #expect(error?.problems[0].line == 3)
    #expect(error.map { String(describing: $0).contains("secret") } == false)
  }

  @Test func schemaInstanceAttributes() throws {
    let xsi = "xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'"
    let document = try parse(
      "<d \(xsi) xsi:schemaLocation='urn:x http://127.0.0.1/x.xsd' xsi:noNamespaceSchemaLocation='x.xsd'><v xsi:nil='true'/>"
        + "<v xsi:nil='false'>a</v><v xsi:nil='1'></v><v nil='true'>b</v></d>")
    #expect(document.children(document.root).count { document.kind($0) == .attribute } == 0)
    let nodes = document.children(document.root, named: "v")
    #expect(nodes.map(document.isNull) == [true, false, true, false])
    #expect(nodes.map(document.text) == [nil, "a", nil, "b"])
    for text in ["<d \(xsi) xsi:nil='yes'/>", "<d \(xsi) xsi:nil='true'>a</d>", "<d \(xsi) xsi:nil='true'><e/></d>"] {
      #expect(throws: CausewayError("parse.xsi_nil")) { try parse(text) }
    }
    let typed = "<d \(xsi) xsi:type='Wider'>a</d>"
    #expect(throws: CausewayError("parse.xsi_type")) { try parse(typed) }
    var options = XMLFormat.Options()
    options.allowsTypeSubstitution = true
    let accepted = try XMLFormat.parse(Array(typed.utf8), options: options)
    #expect(accepted.attribute("type", of: accepted.root).flatMap(accepted.text) == "Wider")
    #expect(throws: Never.self) { try parse("<d type='Wider'>a</d>") }
  }

  /// Equal documents with other prefixes are equal here.
  @Test func prefixesDoNotCount() throws {
    let plain = try parse("<d xmlns='urn:d' xmlns:a='urn:a' a:x='1'><e/></d>")
    let prefixed = try parse("<ns2:d xmlns:ns2='urn:d' xmlns:b='urn:a' b:x='1'><ns2:e></ns2:e></ns2:d>")
    let redeclared = try parse("<d xmlns='urn:d' p:x='1' xmlns:p='urn:a'><e xmlns='urn:d'/></d>")
    #expect(plain.isEquivalent(to: prefixed) && plain.isEquivalent(to: redeclared))
    #expect(try !plain.isEquivalent(to: parse("<d xmlns='urn:other' xmlns:a='urn:a' a:x='1'><e/></d>")))
    #expect(try !plain.isEquivalent(to: parse("<d xmlns='urn:d' x='1'><e/></d>")))
  }

  /// libxml2 keeps sixteen bits of a line in a node.
  @Test func linesOfLongDocuments() throws {
    let lines = String(repeating: "<v>1</v>\n", count: 70_000)
    let document = try parse("<d>\n\(lines)</d>")
    let nodes = document.children(document.root, named: "v")
    #expect(nodes.map(document.line) == Array(2...70_001))
    #expect(nodes.last.map(document.pointer) == "/d/v[70000]")
    let error = #expect(throws: CausewayError("parse.mixed_content")) { try parse("<d>\n\(lines)<e>x<f/></e></d>") }
    #expect(error?.problems[0].line == 70_002)
  }

  /// The pointers of the schema's problems are those of the document.
  @Test func checkedAndReadFromOneParse() throws {
    let schema = try XMLFormat.Schema(
      compiling: Array(
        """
        <xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'><xs:element name='d'><xs:complexType><xs:sequence>
        <xs:element name='v' type='xs:decimal' maxOccurs='9'/></xs:sequence></xs:complexType></xs:element></xs:schema>
        """.utf8))
    let valid = try XMLFormat.parse(Array("<d><v>1</v><v>2.0</v></d>".utf8), schema: schema)
    #expect(valid.problems == [])
    #expect(texts(valid.document, "v") == ["1", "2.0"])
    let invalid = try XMLFormat.parse(Array("<d><v>1</v>\n<v>two</v><v/></d>".utf8), schema: schema)
    let nodes = invalid.document.children(invalid.document.root, named: "v")
    #expect(invalid.problems.map(\.pointer) == nodes.dropFirst().map(invalid.document.pointer))
    #expect(invalid.problems.map(\.line) == [2, 2])
  }

  // MARK: Writing

  private func written(_ document: Document, indent: Bool = false, prefixes: [(uri: String, prefix: String)] = []) throws -> String {
    String(decoding: try XMLFormat.write(document, prefixes: prefixes, declaration: false, indent: indent), as: UTF8.self)
  }

  @Test func writesNamespacesAndEscapes() throws {
    let document = try parse("<d xmlns='urn:d' xmlns:a='urn:a' a:x='1&#10;&quot;2'><e>&lt;a&gt; ]]&gt; &amp; \"q\" &#13;</e><f/></d>")
    #expect(
      try written(document, prefixes: [("urn:d", "")])
        == "<d xmlns=\"urn:d\" xmlns:ns1=\"urn:a\" ns1:x=\"1&#10;&quot;2\"><e>&lt;a&gt; ]]&gt; &amp; \"q\" &#13;</e><f/></d>")
    #expect(
      try written(document, indent: true, prefixes: [("urn:a", "a"), ("urn:d", "d")])
        == """
        <d:d xmlns:a="urn:a" xmlns:d="urn:d" a:x="1&#10;&quot;2">
          <d:e>&lt;a&gt; ]]&gt; &amp; "q" &#13;</d:e>
          <d:f/>
        </d:d>

        """)
    #expect(
      String(decoding: try XMLFormat.write(try parse("<d>x</d>")), as: UTF8.self)
        == "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<d>x</d>\n")
  }

  @Test func refusesWhatXMLCannotHold() throws {
    func document(_ name: String, _ text: String) -> Document {
      var builder = DocumentBuilder(syntax: .json)
      builder.open(name: "a")
      builder.open(name: name)
      builder.text(text)
      builder.close()
      builder.close()
      return builder.finish()
    }
    for text in ["\0", "\u{B}", "\u{1F}", "\u{FFFE}", "\u{FFFF}"] {
      #expect(throws: CausewayError("write.illegal_character")) { try XMLFormat.write(document("b", "x\(text)y")) }
    }
    for name in ["", "1a", "a b", "a:b", "-a", "a>", "xmlns:a", "é\u{300}\u{2028}"] {
      #expect(throws: CausewayError("write.illegal_name")) { try XMLFormat.write(document(name, "x")) }
    }
    for (name, text) in [("b", "\t\u{FFFD}\u{10FFFF}"), ("名称", "中"), ("é", ""), ("a-1.b", "x")] {
      #expect(throws: Never.self) { try XMLFormat.write(document(name, text)) }
    }
    #expect(throws: CausewayError("write.encoding")) { try XMLFormat.write(document("b", "x"), encoding: .gb18030, declaration: false) }
    var mixed = DocumentBuilder(syntax: .xml)
    mixed.open(name: "a")
    mixed.text("x")
    mixed.open(name: "b")
    mixed.close()
    mixed.close()
    #expect(throws: CausewayError("write.mixed_content")) { try XMLFormat.write(mixed.finish()) }
  }

  @Test func prefixesThatDoNotFitAreRefused() throws {
    let document = try parse("<d xmlns='urn:d' xmlns:a='urn:a' a:x='1'><e xmlns=''/></d>")
    for prefixes in [
      [("urn:d", "")], [("urn:a", "")], [("urn:a", "p"), ("urn:d", "p")], [("urn:a", "p"), ("urn:a", "q")], [("urn:a", "xmlns")],
      [("urn:a", "xml")], [("urn:a", "1")], [("urn:a", "p:q")],
    ] {
      let pairs = prefixes.map { (uri: $0.0, prefix: $0.1) }
      #expect(throws: CausewayError("write.namespace")) { try XMLFormat.write(document, prefixes: pairs) }
    }
    let written = try XMLFormat.write(document, prefixes: [(uri: "urn:a", prefix: "ns1")])
    #expect(try XMLFormat.parse(written).isEquivalent(to: document))
  }

  @Test func nullsAreWrittenAndReadBack() throws {
    let document = try parse("<d xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'><v xsi:nil='true' a='1'/><v>x</v></d>")
    #expect(
      try written(document)
        == "<d xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"><v a=\"1\" xsi:nil=\"true\"/><v>x</v></d>")
    #expect(try parse(written(document)).isEquivalent(to: document))
  }
}
