import Primitives

/// Builds a ``Document`` from the outside in: `open`, `attribute`, `text`, `close`.
///
/// - Precondition: one root; each `open` has its `close`; `finish` after the last `close`. A call out of this order is a programming error
///   and traps. Attributes may be added as long as the element is open, and stand before its elements all the same.
package struct DocumentBuilder: Sendable {
  private let syntax: Document.Syntax
  private var nodes: [Document.Node] = []
  private var bytes: [UInt8] = []
  private let vocabulary: Vocabulary
  private var symbols: SymbolTable
  private var namespaces: [String] = []
  private var emptyArrays: [Document.EmptyArray] = []
  private var stack: [Level] = []

  /// An open node: the last of its children and of its attributes so far (−1: none), and the number of both.
  private struct Level: Sendable {
    var node: Int32
    var lastChild: Int32 = -1
    var lastAttribute: Int32 = -1
    var children = 0
  }

  /// - Parameters:
  ///   - vocabulary: names to begin with; nil: none.
  ///   - expectedNodes: a guess that saves growing; 0 when unknown.
  package init(syntax: Document.Syntax, vocabulary: Vocabulary? = nil, expectedNodes: Int = 0, expectedText: Int = 0) {
    self.syntax = syntax
    self.vocabulary = vocabulary ?? .empty
    symbols = self.vocabulary.symbols
    nodes.reserveCapacity(expectedNodes)
    bytes.reserveCapacity(expectedText)
  }

  /// How many nodes are open.
  package var depth: Int { stack.count }
  /// How many nodes there are so far.
  package var count: Int { nodes.count }

  /// Opens an element (a JSON member) as the next child of the open one, or as the root.
  ///
  /// - Parameters:
  ///   - name: local name; "" for a JSON root.
  ///   - namespace: its namespace URI; nil or "" for none.
  ///   - line: line in the source, from 1; 0 when there is no source.
  ///   - inArray: JSON: the node is an element of an array.
  @discardableResult
  package mutating func open(name: String, namespace: String? = nil, line: Int = 0, inArray: Bool = false) -> Document.NodeID {
    open(symbol: symbol(name), namespace: namespaceIndex(namespace), line: line, inArray: inArray)
  }

  @discardableResult
  package mutating func attribute(name: String, namespace: String? = nil, value: String, line: Int = 0) -> Document.NodeID {
    let id = append(.init(symbol: symbol(name), namespace: namespaceIndex(namespace), line: line, kind: .attribute))
    setText(value.utf8, of: Int(id.index), scalar: .string)
    return id
  }

  /// Gives text to the open node; a second call appends. `text("")` makes it present and empty.
  ///
  /// - Parameter scalar: JSON: what the text is written back as.
  package mutating func text(_ text: String, scalar: Document.Scalar = .string) { self.text(utf8: text.utf8, scalar: scalar) }

  mutating func text(utf8 text: Span<UInt8>) {
    unsafe text.withUnsafeBufferPointer { unsafe self.text(utf8: $0) }
  }

  package mutating func text(utf8 text: some Collection<UInt8>, scalar: Document.Scalar = .string) {
    setText(text, of: openNode, scalar: scalar)
  }

  /// Takes the text of the open node away again, provided that it is white space only and was the last thing to be added.
  ///
  /// - Returns: false when it is not.
  mutating func takeBackBlankText() -> Bool {
    let node = openNode
    let text = nodes[node].text
    guard text.isEmpty || text.upperBound == bytes.count, bytes[text].allSatisfy(Document.isSpace) else { return false }
    bytes.removeLast(text.count)
    nodes[node].textLength = -1
    return true
  }

  /// Makes the open node an explicit null.
  package mutating func null() { nodes[openNode].scalar = .null }

  /// Takes away the child that was added last and makes the open node an explicit null instead, provided that the child is its only element and
  /// of its namespace, and that the open node is not the root.
  mutating func nullInsteadOfOnlyChild() {
    let top = stack.count - 1
    let (node, child, attribute) = (openNode, stack[top].lastChild, stack[top].lastAttribute)
    let first = attribute < 0 ? nodes[node].firstChild : nodes[Int(attribute)].nextSibling
    guard top > 0, child >= 0, child == first, Int(child) == nodes.count - 1, nodes[Int(child)].namespace == nodes[node].namespace else {
      return
    }
    nodes.removeLast()
    if attribute < 0 { nodes[node].firstChild = -1 } else { nodes[Int(attribute)].nextSibling = -1 }
    stack[top].lastChild = attribute
    stack[top].children -= 1
    nodes[node].scalar = .null
  }

  /// JSON: makes the open node an array, whose elements are children with the empty name.
  package mutating func array() { nodes[openNode].isArray = true }

  /// JSON: the open object has a member whose array is empty.
  package mutating func emptyArray(name: String) {
    let parent = Document.NodeID(index: Int32(openNode))
    emptyArrays.append(.init(parent: parent, name: name, position: stack[stack.count - 1].children))
  }

  package mutating func close() { stack.removeLast() }

  package func finish() -> Document {
    precondition(stack.isEmpty && !nodes.isEmpty, "a document is finished when its root is closed")
    return Document(
      syntax: syntax, nodes: nodes, bytes: bytes, vocabulary: vocabulary, symbols: symbols, namespaces: namespaces, emptyArrays: emptyArrays
    )
  }

  // MARK: For callers that intern names themselves

  package mutating func symbol(_ name: String) -> Int32 { symbols.intern(name) }

  mutating func symbol(utf8 name: Span<UInt8>) -> Int32 {
    symbols.intern(name, unsafe name.withUnsafeBufferPointer { unsafe String(decoding: $0, as: UTF8.self) })
  }

  /// - Complexity: linear in the number of different namespaces, which are few.
  package mutating func namespaceIndex(_ namespace: String?) -> Int32 {
    guard let namespace, !namespace.isEmpty else { return -1 }
    if let known = namespaces.firstIndex(where: { $0.hasSameBytes(as: namespace) }) { return Int32(known) }
    namespaces.append(namespace)
    return Int32(namespaces.count - 1)
  }

  @discardableResult
  package mutating func open(symbol: Int32, namespace: Int32, line: Int, inArray: Bool = false) -> Document.NodeID {
    var node = Document.Node(symbol: symbol, namespace: namespace, line: line, kind: .element)
    node.isArrayElement = inArray
    let id = append(node)
    stack.append(Level(node: id.index))
    return id
  }

  package mutating func attribute(symbol: Int32, namespace: Int32, utf8: some Collection<UInt8>, line: Int) {
    let id = append(.init(symbol: symbol, namespace: namespace, line: line, kind: .attribute))
    setText(utf8, of: Int(id.index), scalar: .string)
  }

  package mutating func attribute(symbol: Int32, namespace: Int32, utf8: Span<UInt8>, line: Int) {
    unsafe utf8.withUnsafeBufferPointer { unsafe attribute(symbol: symbol, namespace: namespace, utf8: $0, line: line) }
  }

  private var openNode: Int {
    precondition(!stack.isEmpty, "no node is open")
    return Int(stack[stack.count - 1].node)
  }

  /// Puts a node into the chain of the open node's children: an attribute behind the last attribute, an element at the end.
  private mutating func append(_ new: Document.Node) -> Document.NodeID {
    let id = Int32(nodes.count)
    guard var level = stack.last else {
      precondition(nodes.isEmpty && new.kind == .element, "a document has one root, which is an element")
      nodes.append(new)
      return Document.NodeID(index: id)
    }
    var node = new
    node.parent = level.node
    let previous = node.kind == .attribute ? level.lastAttribute : level.lastChild
    if previous < 0 {
      node.nextSibling = nodes[Int(level.node)].firstChild
      nodes[Int(level.node)].firstChild = id
    } else {
      node.nextSibling = nodes[Int(previous)].nextSibling
      nodes[Int(previous)].nextSibling = id
    }
    nodes.append(node)
    if level.lastChild == previous { level.lastChild = id }
    if node.kind == .attribute { level.lastAttribute = id }
    level.children += 1
    stack[stack.count - 1] = level
    return Document.NodeID(index: id)
  }

  private mutating func setText(_ text: some Collection<UInt8>, of index: Int, scalar: Document.Scalar) {
    let start = bytes.count
    var node = nodes[index]
    if node.textLength < 0 {
      node.textStart = Int32(start)
    } else if Int(node.textStart + node.textLength) != start {
      let old = node.text
      node.textStart = Int32(start)
      bytes.append(contentsOf: bytes[old])
    }
    bytes.append(contentsOf: text)
    node.textLength = Int32(bytes.count) - node.textStart
    node.scalar = scalar
    nodes[index] = node
  }
}
