package import Primitives
internal import XMLTree

extension XMLFormat {
  /// Writes a document.
  ///
  /// The bytes depend on the document and the arguments alone. An element without text and children is written `<a/>`; namespaces are
  /// declared on the root, all of them, in the order of `prefixes` and then of first use; a null is written `xsi:nil="true"`, or with an empty
  /// element of the name `nullMark` in it.
  ///
  /// - Parameters:
  ///   - encoding: what the bytes are in, and what the XML declaration says.
  ///   - prefixes: prefix for each namespace URI; "" makes it the default namespace. A namespace that is used and not listed gets `ns1`,
  ///     `ns2` … A namespace that has an attribute needs a prefix that is not empty.
  ///   - declaration: write `<?xml version="1.0" encoding="…"?>`.
  ///   - nullMark: local name of the element that marks a null, in the namespace of the element that is null; nil: `xsi:nil`.
  ///   - indent: two spaces a level between elements; never inside a text.
  /// - Returns: ends with a line feed when there is a declaration or indentation.
  /// - Throws: `write.illegal_character`, `write.illegal_name`, `write.mixed_content`, with a pointer; `write.namespace`, `write.encoding`.
  /// - Complexity: O(nodes + bytes).
  package static func write(
    _ document: Document, encoding: TextEncoding = .utf8, prefixes: [(uri: String, prefix: String)] = [], declaration: Bool = true,
    nullMark: String? = nil, indent: Bool = false
  ) throws(CausewayError) -> [UInt8] {
    for (index, node) in document.nodes.enumerated() where !document.symbols.entries[Int(node.symbol)].isXML {
      throw CausewayError("write.illegal_name", pointer: document.pointer(.init(index: Int32(index))))
    }
    if let nullMark, !XMLName.isLocal(nullMark) { throw CausewayError("write.illegal_name") }
    let prefixes = try XMLPrefixes(document, prefixes, marksNulls: nullMark != nil)
    var writer = XMLWriter(document, prefixes: prefixes, nullMark: nullMark, indent: indent)
    if declaration {
      writer.declaration(encoding)
    } else if encoding != .utf8 {
      // Without a declaration a document is UTF-8 (XML 1.0 §4.3.3).
      throw CausewayError("write.encoding", facts: ["encoding": encoding.rawValue])
    }
    try writer.element(document.root)
    let bytes = writer.finish(newline: indent || declaration)
    guard encoding != .utf8 else { return bytes }
    switch encoding.encode(utf8: bytes) {
    case .success(let bytes): return bytes
    case .failure: throw CausewayError("write.illegal_character", facts: ["encoding": encoding.rawValue])
    }
  }
}

extension XMLFormat {
  /// Whether a text is the local name of an element.
  package static func isName(_ text: String) -> Bool { XMLName.isLocal(text) }
}
