import Formats

/// A document that can be changed.
struct MutableTree {
  struct Node {
    var name: String
    var namespace: String?
    var kind: Document.Kind
    var scalar: Document.Scalar
    var text: String?
    var isArrayElement: Bool
    var isArray: Bool
    var emptyMembers: [String]
    var children: [Node]

    /// Nodes of the subtree, itself included.
    var count: Int { children.reduce(1) { $0 + $1.count } }
  }

  let syntax: Document.Syntax
  var root: Node

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
