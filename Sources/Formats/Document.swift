package import Primitives

/// A parsed document whatever its syntax: a tree of named nodes with text, and the place of each in the sender's bytes.
///
/// One flat array of nodes, one buffer of text, each name held once. It knows no customs word. A class because it never changes once it is
/// built and is passed along everywhere.
///
/// XML: an element is a node; its attributes are its first children, with kind ``Kind/attribute``. JSON: a member of an object is a node;
/// an array is repeated children of the same name, each with ``isArrayElement(_:)``; an array directly inside an array is a node with
/// ``isArray(_:)`` whose children have the empty name. EDIFACT: see ``EDIFACTFormat``.
///
/// - Invariant: at least one node; a node has a larger index than its parent; fewer than 2³¹ nodes and bytes of text.
package final class Document: Sendable {
  package enum Syntax: String, Sendable { case xml, json, edifact }
  /// JSON members are elements.
  package enum Kind: Sendable { case element, attribute }
  /// What a leaf was in the syntax it came from. XML has strings and nulls only, EDIFACT strings.
  package enum Scalar: Sendable { case string, number, bool, null }

  /// The place of a node in the array: valid in the document that gave it, and in no other.
  package struct NodeID: Hashable, Comparable, Sendable {
    package let index: Int32
    package init(index: Int32) { self.index = index }
    package static func < (left: Self, right: Self) -> Bool { left.index < right.index }
  }

  /// A local name of this document as a number, so that names are compared once per document and not once per node.
  package struct Symbol: Hashable, Sendable {
    package let index: Int32
  }

  struct Node: Sendable {
    let symbol: Int32
    var namespace: Int32
    /// −1: the root.
    var parent: Int32 = -1
    var firstChild: Int32 = -1
    var nextSibling: Int32 = -1
    var textStart: Int32 = 0
    /// −1: no text.
    var textLength: Int32 = -1
    let line: Int32
    let kind: Kind
    var scalar: Scalar = .string
    var isArrayElement = false
    var isArray = false

    /// Of its text in the document's bytes; empty: it has none.
    var text: Range<Int> { Int(textStart)..<Int(textStart + max(textLength, 0)) }

    init(symbol: Int32, namespace: Int32, line: Int, kind: Kind) {
      self.symbol = symbol
      self.namespace = namespace
      self.line = Int32(clamping: line)
      self.kind = kind
    }
  }

  /// A JSON member whose array has no elements: it has no node, and is kept so that writing gives it back.
  struct EmptyArray: Sendable {
    var parent: NodeID
    var name: String
    /// How many child nodes stood before it.
    var position: Int
  }

  package let syntax: Syntax
  let nodes: [Node]
  let bytes: [UInt8]
  /// The names that the numbers of symbols begin with.
  package let vocabulary: Vocabulary
  let symbols: SymbolTable
  /// URIs, each once.
  package let namespaces: [String]
  let emptyArrays: [EmptyArray]
  let siblings = SiblingPositions()

  init(
    syntax: Syntax, nodes: [Node], bytes: [UInt8], vocabulary: Vocabulary, symbols: SymbolTable, namespaces: [String],
    emptyArrays: [EmptyArray]
  ) {
    self.syntax = syntax
    self.nodes = nodes
    self.bytes = bytes
    self.vocabulary = vocabulary
    self.symbols = symbols
    self.namespaces = namespaces
    self.emptyArrays = emptyArrays
  }

  package var root: NodeID { NodeID(index: 0) }
  /// Number of nodes, attributes included: at least 1.
  package var count: Int { nodes.count }

  /// Members whose array is empty, with the object that has them; JSON only. They are no nodes.
  package var emptyMembers: [(parent: NodeID, name: String)] { emptyArrays.map { (parent: $0.parent, name: $0.name) } }

  /// Local name, without a prefix. Empty for a JSON root and for the elements of an array inside an array.
  package func name(_ node: NodeID) -> String { symbols.names[Int(nodes[Int(node.index)].symbol)] }

  /// Adds ``name(_:)`` to a text.
  package func appendName(_ node: NodeID, to text: inout ByteSink) {
    text.append(symbols.text, symbols.entries[Int(nodes[Int(node.index)].symbol)].range)
  }

  package func symbol(_ node: NodeID) -> Symbol { Symbol(index: nodes[Int(node.index)].symbol) }

  /// The number of a local name, or nil when neither a node of this document nor its vocabulary has it. Names are compared as UTF-8 bytes.
  package func symbol(named name: String) -> Symbol? { symbols.find(name).map(Symbol.init) }

  /// Namespace URI, or nil when the name is in none (always nil in JSON).
  package func namespace(_ node: NodeID) -> String? {
    let index = nodes[Int(node.index)].namespace
    return index < 0 ? nil : namespaces[Int(index)]
  }

  /// The place of the name's namespace in ``namespaces``, or nil when the name is in none.
  package func namespaceIndex(_ node: NodeID) -> Int? {
    let index = nodes[Int(node.index)].namespace
    return index < 0 ? nil : Int(index)
  }

  package func kind(_ node: NodeID) -> Kind { nodes[Int(node.index)].kind }
  package func isAttribute(_ node: NodeID) -> Bool { nodes[Int(node.index)].kind == .attribute }
  /// Line in the sender's bytes, from 1; in EDIFACT the segment, UNB being 1. 0 when the document was built and not parsed.
  package func line(_ node: NodeID) -> Int { Int(nodes[Int(node.index)].line) }
  package func scalar(_ node: NodeID) -> Scalar { nodes[Int(node.index)].scalar }
  /// An explicit null: `xsi:nil="true"` or the format's own mark in XML, `null` in JSON. Such a node has no text.
  package func isNull(_ node: NodeID) -> Bool { nodes[Int(node.index)].scalar == .null }
  /// The node is one element of a JSON array (so an array of one element is told from a plain member).
  package func isArrayElement(_ node: NodeID) -> Bool { nodes[Int(node.index)].isArrayElement }
  /// The node is itself a JSON array: the root, or an array directly inside an array.
  package func isArray(_ node: NodeID) -> Bool { nodes[Int(node.index)].isArray }

  /// The text of a leaf or an attribute; nil: none (an element with children, a JSON object, a null); "": present and empty.
  package func text(_ node: NodeID) -> String? { utf8(node).map { String(decoding: $0, as: UTF8.self) } }

  /// Whether ``text(_:)`` gives one.
  package func hasText(_ node: NodeID) -> Bool { nodes[Int(node.index)].textLength >= 0 }

  /// ``text(_:)`` as its UTF-8 bytes, without a copy.
  package func utf8(_ node: NodeID) -> ArraySlice<UInt8>? {
    let node = nodes[Int(node.index)]
    return node.textLength < 0 ? nil : bytes[node.text]
  }

  /// By node: whether its text has anything but white space in it.
  ///
  /// - Complexity: O(nodes + white space).
  package func filledNodes() -> [Bool] {
    nodes.map { node in
      guard node.textLength > 0 else { return false }
      return node.text.contains { !Self.isSpace(bytes[$0]) }
    }
  }

  /// White space of XML 1.0 §2.3.
  static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x09 || byte == 0x0D }

  package func parent(_ node: NodeID) -> NodeID? {
    let parent = nodes[Int(node.index)].parent
    return parent < 0 ? nil : NodeID(index: parent)
  }

  /// Attributes first, then elements, each in document order.
  package func children(_ node: NodeID) -> Children { Children(nodes: nodes, upcoming: nodes[Int(node.index)].firstChild) }

  package struct Children: Sequence, IteratorProtocol, Sendable {
    let nodes: [Node]
    var upcoming: Int32

    package mutating func next() -> NodeID? {
      guard upcoming >= 0 else { return nil }
      defer { upcoming = nodes[Int(upcoming)].nextSibling }
      return NodeID(index: upcoming)
    }
  }

  /// Whether a node has child elements, or only attributes and text.
  package func hasElements(_ node: NodeID) -> Bool {
    var child = nodes[Int(node.index)].firstChild
    while child >= 0 {
      if nodes[Int(child)].kind == .element { return true }
      child = nodes[Int(child)].nextSibling
    }
    return false
  }

  // MARK: Finding

  /// The child elements with a local name, in whatever namespace, in document order.
  package func children(_ node: NodeID, named name: String) -> [NodeID] {
    guard let symbol = symbol(named: name) else { return [] }
    return children(node).filter { self.symbol($0) == symbol && kind($0) == .element }
  }

  /// The first child element with a local name, in whatever namespace.
  package func first(_ name: String, of node: NodeID) -> NodeID? {
    guard let symbol = symbol(named: name) else { return nil }
    for child in children(node) where self.symbol(child) == symbol && kind(child) == .element { return child }
    return nil
  }

  /// The attribute with a local name, in whatever namespace.
  package func attribute(_ name: String, of node: NodeID) -> NodeID? {
    guard let symbol = symbol(named: name) else { return nil }
    for child in children(node) {
      guard kind(child) == .attribute else { return nil }
      if self.symbol(child) == symbol { return child }
    }
    return nil
  }

  /// The first node down a path of local names, `@name` for an attribute as the last of them: `find("DecLists", "DecList", "GQty")`.
  package func find(_ path: String..., from start: NodeID? = nil) -> NodeID? {
    var node = start ?? root
    for name in path {
      let found = name.utf8.first == 0x40 ? attribute(String(name.dropFirst()), of: node) : first(name, of: node)
      guard let found else { return nil }
      node = found
    }
    return node
  }

  /// The texts of the child elements with a local name, in document order; children without text are left out.
  package func texts(_ node: NodeID, named name: String) -> [String] { children(node, named: name).compactMap(text) }
}
