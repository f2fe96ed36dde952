import Primitives

/// Writes the elements of a document as XML.
struct XMLWriter: ~Copyable {
  private let document: Document
  /// The document's own: reading them from it would count a reference for each name.
  private let symbols: SymbolTable
  private let indent: Bool
  private var output: ByteSink
  private let prefixes: XMLPrefixes
  private let nullMark: String?
  private var level = 0
  private let isSpecial = XMLWriter.specialBytes

  /// The bytes that escaping has to look at: control characters, `" & < >`, and the first byte of U+FFFE and U+FFFF.
  private static let specialBytes = (0..<256).map { $0 < 0x20 || [0x22, 0x26, 0x3C, 0x3E, 0xEF].contains($0) }

  init(_ document: Document, prefixes: XMLPrefixes, nullMark: String?, indent: Bool) {
    self.document = document
    symbols = document.symbols
    self.prefixes = prefixes
    self.nullMark = nullMark
    self.indent = indent
    output = ByteSink(capacity: document.bytes.count + document.count * 40)
  }

  mutating func declaration(_ encoding: TextEncoding) {
    output.append("<?xml version=\"1.0\" encoding=\"")
    output.append(string: encoding.ianaName)
    output.append("\"?>\n")
  }

  consuming func finish(newline: Bool) -> [UInt8] {
    if newline { output.append(0x0A) }
    return output.finish()
  }

  private mutating func name(_ node: Document.Node) {
    if node.namespace >= 0 { output.append(prefixes.marks[Int(node.namespace)]) }
    output.append(symbols.text, symbols.entries[Int(node.symbol)].range)
  }

  // MARK: Nodes

  /// Documents that were parsed are not deep; one that was built is as deep as its builder made it, and this recurses once per level.
  mutating func element(_ id: Document.NodeID) throws(CausewayError) {
    let node = document.nodes[Int(id.index)]
    output.append(0x3C)
    name(node)
    if node.parent < 0 {
      for (uri, prefix) in prefixes.declarations {
        output.append(" xmlns")
        if !prefix.isEmpty {
          output.append(0x3A)
          output.append(string: prefix)
        }
        output.append("=\"")
        try escape(Array(uri.utf8), 0..<uri.utf8.count, inAttribute: true, id)
        output.append(0x22)
      }
    }
    var next = node.firstChild
    while next >= 0, document.nodes[Int(next)].kind == .attribute {
      let attribute = document.nodes[Int(next)]
      output.append(0x20)
      name(attribute)
      output.append("=\"")
      try escape(document.bytes, attribute.text, inAttribute: true, .init(index: next))
      output.append(0x22)
      next = attribute.nextSibling
    }
    if node.scalar == .null, nullMark != nil, node.parent >= 0 {
      guard node.textLength <= 0, next < 0 else { throw CausewayError("write.mixed_content", pointer: document.pointer(id)) }
      return mark(node)
    }
    if node.scalar == .null {
      output.append(0x20)
      output.append(string: prefixes.nilName)
      output.append("=\"true\"")
    }
    guard node.textLength > 0 || next >= 0 else {
      output.append("/>")
      return
    }
    guard node.textLength <= 0 || next < 0, node.scalar != .null else {
      throw CausewayError("write.mixed_content", pointer: document.pointer(id))
    }
    output.append(0x3E)
    if next < 0 {
      try escape(document.bytes, node.text, inAttribute: false, id)
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
    output.append("</")
    name(node)
    output.append(0x3E)
  }

  /// The mark in a null element, whose start tag is open.
  private mutating func mark(_ node: Document.Node) {
    output.append(0x3E)
    level += 1
    newline()
    output.append(0x3C)
    if node.namespace >= 0 { output.append(prefixes.marks[Int(node.namespace)]) }
    output.append(string: nullMark ?? "")
    output.append("/>")
    level -= 1
    newline()
    output.append("</")
    name(node)
    output.append(0x3E)
  }

  private mutating func newline() {
    guard indent else { return }
    output.append(0x0A)
    for _ in 0..<level { output.append("  ") }
  }

  /// Text with what XML gives a meaning to escaped (§2.4, §2.11, §3.3.3): `& < >` always, the quote in an attribute, and the line ends
  /// and tabs that a reader would otherwise normalise.
  private mutating func escape(
    _ text: [UInt8], _ range: Range<Int>, inAttribute: Bool, _ id: Document.NodeID
  ) throws(CausewayError) {
    var plain = range.lowerBound
    var at = plain
    while at < range.upperBound {
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
      case 0xEF where at + 2 < range.upperBound && text[at + 1] == 0xBF && text[at + 2] >= 0xBE:
        throw CausewayError("write.illegal_character", pointer: document.pointer(id))
      default:
        at += 1
        continue
      }
      output.append(text, plain..<at)
      output.append(replacement)
      at += 1
      plain = at
    }
    output.append(text, plain..<at)
  }
}
