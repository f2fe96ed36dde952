import Formats
import JSONTree

/// Writes the places of a document's nodes, as ``DocumentPointers`` does, into a report: what nodes have in common is made once.
struct PlaceWriter: ~Copyable {
  private let document: Document
  private let isJSON: Bool
  /// For JSON documents, whose names may need escapes.
  private var pointers: DocumentPointers
  private var escaped: [UInt8] = []
  private var pieces: ByteSink
  private let siblings: [Document.SiblingPlace]
  /// By symbol: the name.
  private var names: [ByteSink.Piece?] = []
  /// By node: the place of a node that has children.
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
      escaped.removeAll(keepingCapacity: true)
      JSONText.append(utf8: pointers.pointer(.init(index: node)).utf8.span, to: &escaped)
      sink.append(escaped)
    } else {
      sink.append(0x22)
      appendPlain(node, to: &sink)
      sink.append(0x22)
    }
  }

  private mutating func appendPlain(_ node: Int32, to sink: inout ByteSink) {
    let parent = document.parent(.init(index: node))?.index ?? -1
    if parent >= 0 { sink.append(place(of: parent), of: pieces) }
    let name = name(of: node)
    let id = Document.NodeID(index: node)
    sink.append(0x2F)
    let isAttribute = document.isAttribute(id)
    if isAttribute { sink.append(0x40) }
    sink.append(name, of: pieces)
    guard parent >= 0, !isAttribute, siblings[Int(node)].count > 1 else { return }
    sink.append(0x5B)
    sink.append(decimal: Int(siblings[Int(node)].position))
    sink.append(0x5D)
  }

  private mutating func place(of node: Int32) -> ByteSink.Piece {
    if let known = outer[Int(node)] { return known }
    let parent = document.parent(.init(index: node)).map { place(of: $0.index) }
    let name = name(of: node)
    let start = pieces.count
    if let parent { pieces.append(again: parent) }
    pieces.append(0x2F)
    pieces.append(again: name)
    if parent != nil, siblings[Int(node)].count > 1 {
      pieces.append(0x5B)
      pieces.append(decimal: Int(siblings[Int(node)].position))
      pieces.append(0x5D)
    }
    let piece = pieces.piece(from: start)
    outer[Int(node)] = piece
    return piece
  }

  private mutating func name(of node: Int32) -> ByteSink.Piece {
    let symbol = Int(document.symbol(.init(index: node)).index)
    if symbol < names.count, let known = names[symbol] { return known }
    if symbol >= names.count { names += Array(repeating: nil, count: symbol + 1 - names.count) }
    let start = pieces.count
    pieces.append(document.name(.init(index: node)))
    let piece = pieces.piece(from: start)
    names[symbol] = piece
    return piece
  }
}
