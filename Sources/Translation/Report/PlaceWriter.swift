import Formats
import JSONTree
import Primitives

/// Writes the places of a document's nodes, as ``DocumentPointers`` does, into a report: what the children of a node have in common is made once.
struct PlaceWriter: ~Copyable {
  private let document: Document
  private let isJSON: Bool
  /// For JSON documents, whose names may need escapes.
  private var pointers: DocumentPointers
  private var pieces: ByteSink
  private let siblings: [Document.SiblingPlace]
  /// By node that has children.
  private var outer: [ByteSink.Piece?]

  init(_ document: Document) {
    self.document = document
    isJSON = document.syntax == .json
    pointers = DocumentPointers(document)
    pieces = ByteSink(capacity: 4096)
    siblings = document.siblingPlaces
    outer = Array(repeating: nil, count: isJSON ? 0 : document.count)
  }

  /// Adds the place of a node as a JSON string.
  mutating func append(_ node: Int32, to sink: inout ByteSink) {
    if isJSON {
      JSONText.append(utf8: pointers.pointer(.init(index: node)).utf8.span, to: &sink)
    } else {
      let id = Document.NodeID(index: node)
      if let parent = document.parent(id) { sink.append(place(of: parent.index), of: pieces) } else { sink.append("\"/") }
      let isAttribute = document.isAttribute(id)
      if isAttribute { sink.append(0x40) }
      document.appendName(id, to: &sink)
      if !isAttribute { Self.append(siblings[Int(node)], to: &sink) }
      sink.append(0x22)
    }
  }

  /// The beginning of the places of a node's children.
  private mutating func place(of node: Int32) -> ByteSink.Piece {
    if let known = outer[Int(node)] { return known }
    let id = Document.NodeID(index: node)
    let parent = document.parent(id).map { place(of: $0.index) }
    let start = pieces.count
    if let parent { pieces.append(again: parent) } else { pieces.append("\"/") }
    document.appendName(id, to: &pieces)
    Self.append(siblings[Int(node)], to: &pieces)
    pieces.append(0x2F)
    let piece = pieces.piece(from: start)
    outer[Int(node)] = piece
    return piece
  }

  private static func append(_ place: Document.SiblingPlace, to sink: inout ByteSink) {
    guard place.count > 1 else { return }
    sink.append(0x5B)
    sink.append(decimal: Int(place.position))
    sink.append(0x5D)
  }
}
