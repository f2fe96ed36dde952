import Formats

/// A document that can be changed.
struct MutableTree {
  struct Node {
    var name: String
    var namespace: String?
    var kind = Document.Kind.element
    var scalar = Document.Scalar.string
    var text: String?
    var isArrayElement = false
    var isArray = false
    var emptyMembers: [String] = []
    var children: [Node] = []

    /// Gives every leaf at the node and below it the same text, or makes it null.
    mutating func blank(_ text: String, isNull: Bool) {
      if self.text != nil, kind == .element { (self.text, scalar) = isNull ? (nil, .null) : (text, scalar) }
      for index in children.indices { children[index].blank(text, isNull: isNull) }
    }

    /// Puts the elements of the node's namespace into another one, at the node and below it.
    mutating func rename(_ other: String?) {
      let old = namespace
      func visit(_ node: inout Node) {
        if node.namespace == old, node.kind == .element { node.namespace = other }
        for index in node.children.indices { visit(&node.children[index]) }
      }
      visit(&self)
    }

    /// Of the nodes of the subtree in document order, its own first.
    var names: [String] { children.reduce(into: [name]) { $0 += $1.names } }

    /// Nodes of the subtree, itself included.
    var count: Int { children.reduce(1) { $0 + $1.count } }
  }

  let syntax: Document.Syntax
  var root: Node

  /// Gives some node the text, or a child, that a node of the same name has in another document: the child behind what stands before it there.
  mutating func graft(_ other: MutableTree, _ random: inout Chance) {
    let donor = other.node(random.below(other.root.count))
    let names = root.names
    guard let place = random.pick(names.indices.filter { names[$0] == donor.name }) else { return }
    guard let position = donor.children.indices.randomElement(using: &random) else {
      return change(place) { node in if node.text != nil { node.text = donor.text } }
    }
    let before = Set(donor.children[...position].map(\.name))
    change(place) { node in
      guard node.kind == .element, node.text == nil else { return }
      let index = node.children.lastIndex { before.contains($0.name) }.map { $0 + 1 } ?? 0
      node.children.insert(donor.children[position], at: index)
    }
  }

  init(_ document: Document) {
    var empty: [Document.NodeID: [String]] = [:]
    for member in document.emptyMembers { empty[member.parent, default: []].append(member.name) }
    func node(_ id: Document.NodeID) -> Node {
      Node(
        name: document.name(id), namespace: document.namespace(id), kind: document.kind(id), scalar: document.scalar(id),
        text: document.text(id), isArrayElement: document.isArrayElement(id), isArray: document.isArray(id),
        emptyMembers: empty[id] ?? [], children: document.children(id).map(node))
    }
    syntax = document.syntax
    root = node(document.root)
  }

  var document: Document {
    var builder = DocumentBuilder(syntax: syntax)
    func add(_ node: Node) {
      if node.kind == .attribute {
        builder.attribute(name: node.name, namespace: node.namespace, value: node.text ?? "")
        return
      }
      builder.open(name: node.name, namespace: node.namespace, inArray: node.isArrayElement)
      if node.isArray { builder.array() }
      for child in node.children where child.kind == .attribute { add(child) }
      for name in node.emptyMembers { builder.emptyArray(name: name) }
      if let text = node.text { builder.text(text, scalar: node.scalar) } else if node.scalar == .null { builder.null() }
      for child in node.children where child.kind == .element { add(child) }
      builder.close()
    }
    add(root)
    return builder.finish()
  }

  /// Calls a function with the nth node of the tree in document order, the root being 0.
  mutating func change(_ index: Int, _ body: (inout Node) -> Void) {
    var left = index
    func visit(_ node: inout Node) -> Bool {
      if left == 0 {
        body(&node)
        return true
      }
      left -= 1
      for child in node.children.indices where visit(&node.children[child]) { return true }
      return false
    }
    _ = visit(&root)
  }

  func node(_ index: Int) -> Node {
    var found = root
    var copy = self
    copy.change(index) { found = $0 }
    return found
  }
}
