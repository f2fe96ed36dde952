import Synchronization

/// Where each element of a document stands among its siblings of the same local name; an attribute is alone. Counted for the whole document when the first
/// pointer is asked for, in one walk, so that a hostile document with as many problems as nodes costs no more than linear time.
final class SiblingPositions: Sendable {
  typealias Place = Document.SiblingPlace

  private let places = Mutex<[Place]?>(nil)

  /// - Complexity: O(nodes) once, O(1) afterwards.
  func place(of node: Document.NodeID, in document: Document) -> Place { all(in: document)[Int(node.index)] }

  /// By node.
  func all(in document: Document) -> [Place] {
    places.withLock { places in
      let known = places ?? Self.count(document)
      places = known
      return known
    }
  }

  private static func count(_ document: Document) -> [Place] {
    let nodes = document.nodes
    var places = [Place](repeating: Place(position: 1, count: 1), count: nodes.count)
    // By name: the last element that had it. Attributes have no siblings of their name.
    var latest = [Int32](repeating: -1, count: document.symbols.count)
    for parent in nodes.indices {
      var child = nodes[parent].firstChild
      var isRepeated = false
      while child >= 0 {
        let node = nodes[Int(child)]
        if node.kind == .element {
          let before = latest[Int(node.symbol)]
          if before >= 0, nodes[Int(before)].parent == Int32(parent) {
            places[Int(child)].position = places[Int(before)].position + 1
            isRepeated = true
          }
          latest[Int(node.symbol)] = child
        }
        child = node.nextSibling
      }
      child = isRepeated ? nodes[parent].firstChild : -1
      while child >= 0 {
        let node = nodes[Int(child)]
        if node.kind == .element { places[Int(child)].count = places[Int(latest[Int(node.symbol)])].position }
        child = node.nextSibling
      }
    }
    return places
  }
}
