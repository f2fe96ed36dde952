import Primitives

extension Document {
  /// Where a node stands, in the way a sender can follow it in their own document.
  ///
  /// XML, EDIFACT: local names from the root, `[n]` counted from 1 where the parent has several elements of that local name, `@` before an
  /// attribute: `/DecMessage/DecLists/DecList[3]/GQty`. JSON: RFC 6901, array positions from 0: `/items/2/gqty`; the root is "".
  ///
  /// - Complexity: O(depth); the first one of a document O(nodes). Made when it is asked for, not while parsing.
  package func pointer(_ node: NodeID) -> String {
    var pointers = DocumentPointers(self)
    return pointers.pointer(node)
  }

  /// An element among its siblings of the same local name; an attribute is alone.
  package struct SiblingPlace: Sendable {
    /// From 1.
    package var position: Int32
    package var count: Int32
  }

  /// By node.
  ///
  /// - Complexity: O(nodes) the first time.
  package var siblingPlaces: [SiblingPlace] { siblings.all(in: self) }

  /// RFC 6901 §3: `~` and `/` in a member name.
  static func escaped(_ name: String) -> String {
    guard name.utf8.contains(where: { $0 == 0x7E || $0 == 0x2F }) else { return name }
    var bytes: [UInt8] = []
    for byte in name.utf8 {
      switch byte {
      case 0x7E: bytes += [0x7E, 0x30]
      case 0x2F: bytes += [0x7E, 0x31]
      default: bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// Makes the pointers (``Document/pointer(_:)``) of many nodes of a document: what one has in common with the one before is kept.
package struct DocumentPointers {
  package let document: Document
  /// The nodes that `text` leads through, from the root, with its length at each.
  private var way: [(node: Document.NodeID, length: Int)] = []
  private var text: [UInt8] = []

  package init(_ document: Document) { self.document = document }

  package mutating func pointer(_ node: Document.NodeID) -> String {
    point(to: node)
    return String(decoding: text, as: UTF8.self)
  }

  /// Goes from the node of the last pointer up to the first common ancestor, and down to the node.
  private mutating func point(to node: Document.NodeID) {
    if let known = way.lastIndex(where: { $0.node == node }) {
      way.removeLast(way.count - known - 1)
      text.removeLast(text.count - way[known].length)
      return
    }
    if let parent = document.parent(node) {
      point(to: parent)
    } else {
      way.removeAll(keepingCapacity: true)
      text.removeAll(keepingCapacity: true)
    }
    appendStep(node)
    way.append((node, text.count))
  }

  private mutating func appendStep(_ node: Document.NodeID) {
    let parent = document.parent(node)
    guard document.syntax == .json else {
      text.append(0x2F)
      if document.kind(node) == .attribute { text.append(0x40) }
      text.append(contentsOf: document.name(node).utf8)
      guard parent != nil, document.kind(node) == .element else { return }
      let place = document.siblings.place(of: node, in: document)
      if place.count > 1 {
        text.append(0x5B)
        text.append(decimal: Int(place.position))
        text.append(0x5D)
      }
      return
    }
    guard let parent else { return }
    if !document.isArray(parent) {
      text.append(0x2F)
      text.append(contentsOf: Document.escaped(document.name(node)).utf8)
      guard document.isArrayElement(node) else { return }
    }
    text.append(0x2F)
    text.append(decimal: Int(document.siblings.place(of: node, in: document).position) - 1)
  }
}
