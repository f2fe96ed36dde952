extension Document {
  /// Nodes of one document as documents of their own.
  package struct Subtrees: Sendable {
    private let document: Document
    private let emptyArrays: [NodeID: [EmptyArray]]

    /// - Complexity: O(empty arrays of the document).
    package init(of document: Document) {
      self.document = document
      emptyArrays = Dictionary(grouping: document.emptyArrays) { $0.parent }
    }

    /// A node with all that is below it.
    ///
    /// - Complexity: O(nodes of the subtree).
    package func subtree(_ node: NodeID) -> Document {
      var builder = DocumentBuilder(syntax: document.syntax)
      builder.append(document, node, name: document.name(node), inArray: document.isArrayElement(node), emptyArrays)
      return builder.finish()
    }
  }
}

extension DocumentBuilder {
  /// Adds a document's root to the open node, with all that is below it, as a member of another name.
  package mutating func append(_ document: Document, name: String) {
    let emptyArrays = Dictionary(grouping: document.emptyArrays) { $0.parent }
    append(document, document.root, name: name, inArray: document.isArrayElement(document.root), emptyArrays)
  }

  fileprivate mutating func append(
    _ document: Document, _ node: Document.NodeID, name: String, inArray: Bool, _ emptyArrays: [Document.NodeID: [Document.EmptyArray]]
  ) {
    if document.kind(node) == .attribute {
      attribute(name: name, namespace: document.namespace(node), value: document.text(node) ?? "", line: document.line(node))
      return
    }
    open(name: name, namespace: document.namespace(node), line: document.line(node), inArray: inArray)
    if document.isArray(node) { array() }
    var arrays = (emptyArrays[node] ?? [])[...]
    for (position, child) in document.children(node).enumerated() {
      while let array = arrays.first, array.position <= position {
        emptyArray(name: array.name)
        arrays.removeFirst()
      }
      append(document, child, name: document.name(child), inArray: document.isArrayElement(child), emptyArrays)
    }
    for array in arrays { emptyArray(name: array.name) }
    if let text = document.utf8(node) { self.text(utf8: text, scalar: document.scalar(node)) } else if document.isNull(node) { null() }
    close()
  }
}
