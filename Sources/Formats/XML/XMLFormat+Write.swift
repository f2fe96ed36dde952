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
    var writer = try XMLWriter(document, prefixes: prefixes, nullMark: nullMark, indent: indent)
    if declaration {
      writer.output += Array("<?xml version=\"1.0\" encoding=\"\(encoding.ianaName)\"?>\n".utf8)
    } else if encoding != .utf8 {
      // Without a declaration a document is UTF-8 (XML 1.0 §4.3.3).
      throw CausewayError("write.encoding", facts: ["encoding": encoding.rawValue])
    }
    try writer.element(document.root)
    if indent || declaration { writer.output.append(0x0A) }
    guard encoding != .utf8 else { return writer.output }
    switch encoding.encode(utf8: writer.output) {
    case .success(let bytes): return bytes
    case .failure: throw CausewayError("write.illegal_character", facts: ["encoding": encoding.rawValue])
    }
  }
}

extension XMLFormat {
  /// Whether a text is the local name of an element: a name of XML 1.0 without a colon (Namespaces in XML 1.0 §3, NCName).
  package static func isName(_ text: String) -> Bool { XMLWriter.isName(Array(text.utf8)) }
}

private struct XMLWriter {
  let document: Document
  let indent: Bool
  var output: [UInt8] = []
  /// `prefix:` of each namespace of the document, empty for the default one.
  private var prefixes: [[UInt8]] = []
  private var declarations: [(uri: String, prefix: String)] = []
  private var defaultNamespace: Int32 = -1
  /// By symbol; of names that no node has, empty.
  private var names: [[UInt8]] = []
  /// `xsi:nil` with the document's prefix; empty when nothing is null.
  private var nilName: [UInt8] = []
  private let nullMark: [UInt8]?
  private var level = 0
  private let isSpecial = XMLWriter.specialBytes

  /// The bytes that escaping has to look at: control characters, `" & < >`, and the first byte of U+FFFE and U+FFFF.
  private static let specialBytes = (0..<256).map { $0 < 0x20 || [0x22, 0x26, 0x3C, 0x3E, 0xEF].contains($0) }

  init(_ document: Document, prefixes given: [(uri: String, prefix: String)], nullMark: String?, indent: Bool) throws(CausewayError) {
    self.document = document
    self.nullMark = nullMark.map { Array($0.utf8) }
    self.indent = indent
    output.reserveCapacity(document.bytes.count + document.count * 24)
    names = Array(repeating: [], count: document.symbols.names.count)
    try collectNames()
    try assignPrefixes(given)
  }

  // MARK: Names

  private mutating func collectNames() throws(CausewayError) {
    for (index, node) in document.nodes.enumerated() where names[Int(node.symbol)].isEmpty {
      let name = Array(document.symbols.names[Int(node.symbol)].utf8)
      guard Self.isName(name) else { throw CausewayError("write.illegal_name", pointer: document.pointer(.init(index: Int32(index)))) }
      names[Int(node.symbol)] = name
    }
  }

  private mutating func assignPrefixes(_ given: [(uri: String, prefix: String)]) throws(CausewayError) {
    let hasPlainElements = document.nodes.contains { $0.kind == .element && $0.namespace < 0 }
    var attributeNamespaces = Set<Int32>()
    for node in document.nodes where node.kind == .attribute && node.namespace >= 0 { attributeNamespaces.insert(node.namespace) }
    var taken = Set(given.map { ByteString($0.prefix) })
    guard taken.count == given.count, Set(given.map { ByteString($0.uri) }).count == given.count,
      !given.contains(where: { $0.prefix.hasSameBytes(as: "xmlns") || $0.uri.isEmpty })
    else { throw CausewayError("write.namespace", facts: ["detail": "prefixes"]) }
    for (uri, prefix) in given where !prefix.isEmpty {
      guard Self.isName(Array(prefix.utf8)), prefix.hasSameBytes(as: "xml") == uri.hasSameBytes(as: XMLFormat.xmlNamespace)
      else { throw CausewayError("write.namespace", facts: ["detail": "prefixes"]) }
    }
    // The reader takes no references in namespace names, so the writer makes none.
    let markup = Array("&<>\"".utf8)
    guard document.namespaces.allSatisfy({ !$0.utf8.contains { $0 <= 0x20 || markup.contains($0) } }) else {
      throw CausewayError("write.namespace", facts: ["detail": "name"])
    }
    var generated = 0
    for (index, uri) in document.namespaces.enumerated() {
      if uri.hasSameBytes(as: XMLFormat.xmlNamespace) {
        prefixes.append(Array("xml:".utf8))
        continue
      }
      var prefix: String
      if let named = given.first(where: { $0.uri.hasSameBytes(as: uri) }) {
        prefix = named.prefix
      } else if uri.hasSameBytes(as: XMLFormat.schemaInstance), taken.insert("xsi").inserted {
        prefix = "xsi"
      } else {
        repeat {
          generated += 1
          prefix = "ns\(generated)"
        } while !taken.insert(ByteString(prefix)).inserted
      }
      if prefix.isEmpty {
        guard !hasPlainElements, !attributeNamespaces.contains(Int32(index)) else {
          throw CausewayError("write.namespace", facts: ["detail": "default_namespace"])
        }
        defaultNamespace = Int32(index)
      }
      declarations.append((uri, prefix))
      prefixes.append(prefix.isEmpty ? [] : Array("\(prefix):".utf8))
    }
    if let nullMark, !Self.isName(nullMark) { throw CausewayError("write.illegal_name") }
    // The root has no mark: it is null by the attribute in every format.
    if nullMark == nil ? document.nodes.contains(where: { $0.scalar == .null && $0.kind == .element }) : document.isNull(document.root) {
      if let index = document.namespaces.firstIndex(where: { $0.hasSameBytes(as: XMLFormat.schemaInstance) }) {
        guard !prefixes[index].isEmpty else { throw CausewayError("write.namespace", facts: ["detail": "default_namespace"]) }
        nilName = prefixes[index] + Array("nil".utf8)
      } else {
        var prefix = given.first { $0.uri.hasSameBytes(as: XMLFormat.schemaInstance) }?.prefix ?? ""
        while prefix.isEmpty {
          let candidate = generated == 0 ? "xsi" : "ns\(generated)"
          if taken.insert(ByteString(candidate)).inserted { prefix = candidate }
          generated += 1
        }
        declarations.append((XMLFormat.schemaInstance, prefix))
        nilName = Array("\(prefix):nil".utf8)
      }
    }
    // Listed namespaces come first, in the order of the list; the rest in the order of first use.
    let order = given.map { ByteString($0.uri) }
    declarations = declarations.enumerated().sorted { left, right in
      let a = order.firstIndex(of: ByteString(left.element.uri)) ?? order.count + left.offset
      let b = order.firstIndex(of: ByteString(right.element.uri)) ?? order.count + right.offset
      return a < b
    }.map(\.element)
  }

  /// A name that XML 1.0 has and that has no colon (Namespaces in XML 1.0 §3, NCName).
  static func isName(_ name: [UInt8]) -> Bool {
    if let first = name.first, first | 0x20 >= 0x61, first | 0x20 <= 0x7A, name.allSatisfy(isPlainName) { return true }
    var first = true
    for scalar in String(decoding: name, as: UTF8.self).unicodeScalars {
      guard isNameStart(scalar.value) || (!first && isNameRest(scalar.value)) else { return false }
      first = false
    }
    return !first
  }

  /// ASCII letters, digits and `_ - .`: what most names consist of.
  private static func isPlainName(_ byte: UInt8) -> Bool {
    (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || (byte >= 0x30 && byte <= 0x39) || byte == 0x5F || byte == 0x2D || byte == 0x2E
  }

  private static func isNameStart(_ value: UInt32) -> Bool {
    switch value {
    case 0x41...0x5A, 0x5F, 0x61...0x7A, 0xC0...0xD6, 0xD8...0xF6, 0xF8...0x2FF, 0x370...0x37D, 0x37F...0x1FFF, 0x200C...0x200D,
      0x2070...0x218F, 0x2C00...0x2FEF, 0x3001...0xD7FF, 0xF900...0xFDCF, 0xFDF0...0xFFFD, 0x1_0000...0xE_FFFF:
      true
    default: false
    }
  }

  private static func isNameRest(_ value: UInt32) -> Bool {
    switch value {
    case 0x2D, 0x2E, 0x30...0x39, 0xB7, 0x300...0x36F, 0x203F...0x2040: true
    default: false
    }
  }

  private mutating func name(_ node: Document.Node) {
    if node.namespace >= 0 { output += prefixes[Int(node.namespace)] }
    output += names[Int(node.symbol)]
  }

  // MARK: Nodes

  /// Documents that were parsed are not deep; one that was built is as deep as its builder made it, and this recurses once per level.
  mutating func element(_ id: Document.NodeID) throws(CausewayError) {
    let node = document.nodes[Int(id.index)]
    output.append(0x3C)
    name(node)
    if node.parent < 0 {
      for (uri, prefix) in declarations {
        output += Array(prefix.isEmpty ? " xmlns=\"".utf8 : " xmlns:\(prefix)=\"".utf8)
        try escape(Array(uri.utf8)[...], inAttribute: true, id)
        output.append(0x22)
      }
    }
    var next = node.firstChild
    while next >= 0, document.nodes[Int(next)].kind == .attribute {
      let attribute = document.nodes[Int(next)]
      output.append(0x20)
      name(attribute)
      output += [0x3D, 0x22]
      try escape(document.utf8(.init(index: next)) ?? [], inAttribute: true, .init(index: next))
      output.append(0x22)
      next = attribute.nextSibling
    }
    if node.scalar == .null, nullMark != nil, node.parent >= 0 {
      guard node.textLength <= 0, next < 0 else { throw CausewayError("write.mixed_content", pointer: document.pointer(id)) }
      return mark(node)
    }
    if node.scalar == .null {
      output.append(0x20)
      output += nilName
      output += Array("=\"true\"".utf8)
    }
    guard node.textLength > 0 || next >= 0 else {
      output += [0x2F, 0x3E]
      return
    }
    guard node.textLength <= 0 || next < 0, node.scalar != .null else {
      throw CausewayError("write.mixed_content", pointer: document.pointer(id))
    }
    output.append(0x3E)
    if next < 0 {
      try escape(document.utf8(id) ?? [], inAttribute: false, id)
    } else {
      level += 1
      while next >= 0 {
        newline()
        try element(.init(index: next))
        next = document.nodes[Int(next)].nextSibling
      }
      level -= 1
      newline()
    }
    output += [0x3C, 0x2F]
    name(node)
    output.append(0x3E)
  }

  /// The mark in a null element, whose start tag is open.
  private mutating func mark(_ node: Document.Node) {
    output.append(0x3E)
    level += 1
    newline()
    output.append(0x3C)
    if node.namespace >= 0 { output += prefixes[Int(node.namespace)] }
    output += nullMark ?? []
    output += [0x2F, 0x3E]
    level -= 1
    newline()
    output += [0x3C, 0x2F]
    name(node)
    output.append(0x3E)
  }

  private mutating func newline() {
    guard indent else { return }
    output.append(0x0A)
    for _ in 0..<level { output += [0x20, 0x20] }
  }

  /// Text with what XML gives a meaning to escaped (§2.4, §2.11, §3.3.3): `& < >` always, the quote in an attribute, and the line ends
  /// and tabs that a reader would otherwise normalise.
  private mutating func escape(_ text: ArraySlice<UInt8>, inAttribute: Bool, _ id: Document.NodeID) throws(CausewayError) {
    var plain = text.startIndex
    var at = text.startIndex
    while at < text.endIndex {
      let byte = text[at]
      guard isSpecial[Int(byte)] else {
        at += 1
        continue
      }
      let replacement: StaticString
      switch byte {
      case 0x26: replacement = "&amp;"
      case 0x3C: replacement = "&lt;"
      case 0x3E: replacement = "&gt;"
      case 0x22 where inAttribute: replacement = "&quot;"
      case 0x0D: replacement = "&#13;"
      case 0x0A where inAttribute: replacement = "&#10;"
      case 0x09 where inAttribute: replacement = "&#9;"
      case 0x09, 0x0A:
        at += 1
        continue
      case 0..<0x20: throw CausewayError("write.illegal_character", pointer: document.pointer(id))
      case 0xEF where at + 2 < text.endIndex && text[at + 1] == 0xBF && text[at + 2] >= 0xBE:
        throw CausewayError("write.illegal_character", pointer: document.pointer(id))
      default:
        at += 1
        continue
      }
      output += text[plain..<at]
      replacement.withUTF8Buffer { unsafe output.append(contentsOf: $0) }
      at += 1
      plain = at
    }
    output += text[plain..<at]
  }
}
