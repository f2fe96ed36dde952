import Synchronization

/// Where each node of a document stands among the siblings of its kind and local name. Counted for the whole document when the first
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
    // By name and kind: the last parent that had such a child, and how many it had.
    var owners = [Int32](repeating: -1, count: document.symbols.names.count * 2)
    var counts = [Int32](repeating: 0, count: owners.count)
    func slot(_ node: Document.Node) -> Int { Int(node.symbol) * 2 + (node.kind == .attribute ? 1 : 0) }
    for parent in nodes.indices {
      var child = nodes[parent].firstChild
      while child >= 0 {
        let slot = slot(nodes[Int(child)])
        if owners[slot] != Int32(parent) { (owners[slot], counts[slot]) = (Int32(parent), 0) }
        counts[slot] += 1
        places[Int(child)].position = counts[slot]
        child = nodes[Int(child)].nextSibling
      }
      child = nodes[parent].firstChild
      while child >= 0 {
        places[Int(child)].count = counts[slot(nodes[Int(child)])]
        child = nodes[Int(child)].nextSibling
      }
    }
    return places
  }
}
