extension Document {
  /// One way in which two documents say different things.
  package struct Difference: Hashable, Sendable, CustomStringConvertible {
    package enum Kind: String, Sendable { case missing, extra, text, null, scalar, array }
    package let kind: Kind
    /// Where: in the left document, or in the right one when `kind` is `extra`.
    package let pointer: String
    package var description: String { "\(kind.rawValue) \(pointer)" }
  }

  /// True when both hold the same elements, attributes and texts, with the order among siblings of the same name kept. The order of
  /// siblings with different names, prefixes, comments, white space between elements and encodings do not count.
  package func isEquivalent(to other: Document) -> Bool { differences(from: other, limit: 1).isEmpty }

  /// What differs, in document order of this document. Between two XML documents, and between two EDIFACT documents, an element
  /// without content equals an empty text, because the syntax cannot tell them apart.
  ///
  /// - Parameter limit: how many differences to list at most.
  package func differences(from other: Document, limit: Int = 1000) -> [Difference] {
    guard limit > 0 else { return [] }
    var found: [Difference] = []
    if !root(of: self, matches: other) {
      return [Difference(kind: .missing, pointer: pointer(root)), Difference(kind: .extra, pointer: other.pointer(other.root))]
    }
    compare(root, other, other.root, limit, &found)
    return found
  }

  private func root(of left: Document, matches right: Document) -> Bool {
    ChildName(left, left.root) == ChildName(right, right.root)
  }

  private func compare(_ left: NodeID, _ other: Document, _ right: NodeID, _ limit: Int, _ found: inout [Difference]) {
    guard found.count < limit else { return }
    if isNull(left) != other.isNull(right) {
      found.append(.init(kind: .null, pointer: pointer(left)))
    } else if !sameText(left, other, right) {
      found.append(.init(kind: .text, pointer: pointer(left)))
    } else if syntax == .json, other.syntax == .json, text(left) != nil, scalar(left) != other.scalar(right) {
      found.append(.init(kind: .scalar, pointer: pointer(left)))
    }
    if syntax == .json, other.syntax == .json {
      let sameEmpty = emptyArrayNames(left) == other.emptyArrayNames(right)
      if isArray(left) != other.isArray(right) || isArrayElement(left) != other.isArrayElement(right) || !sameEmpty {
        found.append(.init(kind: .array, pointer: pointer(left)))
      }
    }
    let rightChildren = other.grouped(right)
    let leftChildren = grouped(left)
    for (name, nodes) in leftChildren.ordered {
      let peers = rightChildren.byName[name] ?? []
      for (index, node) in nodes.enumerated() where found.count < limit {
        if index < peers.count {
          compare(node, other, peers[index], limit, &found)
        } else {
          found.append(.init(kind: .missing, pointer: pointer(node)))
        }
      }
    }
    for (name, nodes) in rightChildren.ordered {
      for node in nodes.dropFirst(leftChildren.byName[name]?.count ?? 0) where found.count < limit {
        found.append(.init(kind: .extra, pointer: other.pointer(node)))
      }
    }
  }

  private func sameText(_ left: NodeID, _ other: Document, _ right: NodeID) -> Bool {
    let empty = syntax != .json && other.syntax == syntax
    func text(_ document: Document, _ node: NodeID) -> ArraySlice<UInt8>? {
      if let text = document.utf8(node) { return text }
      let hasElements = document.children(node).contains { document.kind($0) == .element }
      return empty && !hasElements && !document.isNull(node) ? [] : nil
    }
    return text(self, left) == text(other, right)
  }

  private func emptyArrayNames(_ node: NodeID) -> [[UInt8]] {
    emptyArrays.filter { $0.parent == node }.map { Array($0.name.utf8) }.sorted { $0.lexicographicallyPrecedes($1) }
  }

  private func grouped(_ node: NodeID) -> (ordered: [(ChildName, [NodeID])], byName: [ChildName: [NodeID]]) {
    var names: [ChildName] = []
    var byName: [ChildName: [NodeID]] = [:]
    for child in children(node) {
      let name = ChildName(self, child)
      if byName[name] == nil { names.append(name) }
      byName[name, default: []].append(child)
    }
    return (names.map { ($0, byName[$0] ?? []) }, byName)
  }
}

/// The name of a child as bytes, with its kind and namespace.
private struct ChildName: Hashable {
  let name: [UInt8]
  let namespace: [UInt8]
  let isAttribute: Bool

  init(_ document: Document, _ node: Document.NodeID) {
    name = Array(document.name(node).utf8)
    namespace = Array((document.namespace(node) ?? "").utf8)
    isAttribute = document.kind(node) == .attribute
  }
}
