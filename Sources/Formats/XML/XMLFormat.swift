package import Primitives
package import XMLTree

/// XML 1.0 documents: bytes ⇄ ``Document``.
package enum XMLFormat {
  /// What a profile's XML may use beyond plain elements and attributes.
  package struct Options: Sendable {
    /// Accept `xsi:type`; it is then an attribute of the document like any other.
    package var allowsTypeSubstitution = false
    /// Local name of the element that marks a null: an element below the root whose only child element is an empty one of this name, in its
    /// own namespace and without attributes but ignored ones, is a null. nil: there is no such mark.
    package var nullMark: String?
    package init(nullMark: String? = nil) { self.nullMark = nullMark }
    package static let standard = Options()
  }

  static let schemaInstance = "http://www.w3.org/2001/XMLSchema-instance"
  static let xmlNamespace = "http://www.w3.org/XML/1998/namespace"

  /// Parses a document.
  ///
  /// - Parameter vocabulary: names that it mostly has; nil: it is not known.
  /// - Throws: `parse.*` of ``XMLTree/parse(_:limits:encodings:)`` and of ``document(of:options:vocabulary:)``.
  package static func parse(
    _ bytes: [UInt8], limits: XMLLimits = .standard, encodings: [TextEncoding] = [.utf8], options: Options = .standard,
    vocabulary: Vocabulary? = nil
  ) throws(CausewayError) -> Document {
    try XMLStream.parse(bytes, limits: limits, encodings: encodings) { nodes in
      XMLDocumentReader(expectedNodes: nodes, options: options, vocabulary: vocabulary)
    }.builder.finish()
  }

  /// The document of a tree that is already parsed: the same nodes that a schema or a signature was checked on.
  ///
  /// White space between elements is dropped; the text of an element without child elements is kept whole, comments inside it passed
  /// over. `xsi:schemaLocation` and `xsi:noNamespaceSchemaLocation` are ignored, `xsi:nil="true"` becomes a null, and so
  /// does what `Options.nullMark` marks. `xml:space` and
  /// `xml:lang` are kept.
  ///
  /// - Throws: `parse.mixed_content`, `parse.xsi_type`, `parse.xsi_nil`, each with pointer and line.
  /// - Complexity: O(nodes + bytes of text).
  package static func document(
    of tree: XMLTree, options: Options = .standard, vocabulary: Vocabulary? = nil
  ) throws(CausewayError) -> Document {
    let reader = XMLDocumentReader(expectedNodes: tree.nodeCount, options: options, vocabulary: vocabulary)
    try tree.walk(reader)
    return reader.builder.finish()
  }
}

/// Turns what a tree or a stream tells into calls of a builder.
private final class XMLDocumentReader: XMLTreeSink {
  /// Unchecked: nothing that is called while it changes knows of this object.
  @exclusivity(unchecked) private(set) var builder: DocumentBuilder
  private let options: XMLFormat.Options
  /// The names that `xsi:` attributes have, once they have come.
  private var nilSymbol: Int32 = -1
  private var typeSymbol: Int32 = -1
  private var markSymbol: Int32 = -1
  /// Stands for the `xsi` namespace, which is not one of the document's unless something of it is kept.
  private static let schemaInstance: Int32 = -2
  /// The open element has no child elements, as far as has been seen.
  private var isLeaf = false
  private var isNull = false
  private var hasText = false
  /// The open element is a mark of null, as far as has been seen.
  private var isMark = false
  /// The element that was closed last is one, and nothing was opened since.
  private var wasMark = false

  init(expectedNodes: Int, options: XMLFormat.Options, vocabulary: Vocabulary?) {
    builder = DocumentBuilder(syntax: .xml, vocabulary: vocabulary, expectedNodes: expectedNodes, expectedText: expectedNodes * 12)
    self.options = options
  }

  func symbol(_ name: Span<UInt8>) -> Int32 {
    let symbol = builder.symbol(utf8: name)
    if name.count == 3, name.isUTF8(of: "nil") { nilSymbol = symbol }
    if name.count == 4, name.isUTF8(of: "type") { typeSymbol = symbol }
    if let mark = options.nullMark, name.isUTF8(of: mark) { markSymbol = symbol }
    return symbol
  }

  func namespace(_ uri: String) -> Int32 {
    uri.hasSameBytes(as: XMLFormat.schemaInstance) ? Self.schemaInstance : builder.namespaceIndex(uri)
  }

  func open(symbol: Int32, namespace: Int32, line: Int, isLeaf: Bool?) throws(CausewayError) {
    // What was taken for a leaf has a child element.
    if self.isLeaf {
      guard !isNull else { throw CausewayError("parse.xsi_nil") }
      guard !hasText || builder.takeBackBlankText() else { throw CausewayError("parse.mixed_content") }
    }
    let isInstance = namespace == Self.schemaInstance
    builder.open(symbol: symbol, namespace: isInstance ? builder.namespaceIndex(XMLFormat.schemaInstance) : namespace, line: line)
    self.isLeaf = isLeaf ?? true
    isNull = false
    hasText = false
    isMark = self.isLeaf && symbol == markSymbol
    wasMark = false
  }

  func attribute(symbol: Int32, namespace: Int32, value: Span<UInt8>, line: Int) throws(CausewayError) {
    // What of `xsi` is ignored is not written back, and does not tell a mark from an element either.
    guard namespace == Self.schemaInstance else {
      isMark = false
      builder.attribute(symbol: symbol, namespace: namespace, utf8: value, line: line)
      return
    }
    if symbol == nilSymbol {
      switch value.text {
      case "true", "1": isNull = true
      case "false", "0": break
      default: throw CausewayError("parse.xsi_nil")
      }
      guard isLeaf || !isNull else { throw CausewayError("parse.xsi_nil") }
      if isNull {
        isMark = false
        builder.null()
      }
    } else if symbol == typeSymbol {
      guard options.allowsTypeSubstitution else { throw CausewayError("parse.xsi_type") }
      isMark = false
      builder.attribute(symbol: symbol, namespace: builder.namespaceIndex(XMLFormat.schemaInstance), utf8: value, line: line)
    }
  }

  func text(_ text: Span<UInt8>) throws(CausewayError) {
    if isLeaf {
      guard !isNull else {
        if !text.isEmpty { throw CausewayError("parse.xsi_nil") }
        return
      }
      hasText = true
      if !text.isEmpty { isMark = false }
      builder.text(utf8: text)
    } else {
      for index in text.indices {
        guard Document.isSpace(text[index]) else { throw CausewayError("parse.mixed_content") }
      }
    }
  }

  func close() {
    if isLeaf, !isNull, !hasText { builder.text("") }
    if wasMark { builder.nullInsteadOfOnlyChild() }
    builder.close()
    wasMark = isMark
    // What is open now has a child element.
    isLeaf = false
    isNull = false
    isMark = false
  }
}

extension Span<UInt8> {
  /// As a string, for short values.
  fileprivate var text: String {
    var bytes: [UInt8] = []
    for index in indices { bytes.append(self[index]) }
    return String(decoding: bytes, as: UTF8.self)
  }
}
