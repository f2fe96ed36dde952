import Formats
import Primitives

/// A document whose nodes are tied to the nodes of a structure, so that everything after works with numbers and not with names.
final class BoundDocument: Sendable {
  /// Binding of a document node that the structure does not know.
  static let unknown: Int32 = -1
  /// Binding of the JSON member that holds the text of its parent.
  static let content: Int32 = -2
  /// Binding of what lies under an unknown node.
  static let inside: Int32 = -3

  let document: Document
  let isJSON: Bool
  /// By document node: structure node, or one of the above.
  let binding: [Int32]
  /// By document node: one past the last node of the subtree.
  let ends: [Int32]
  /// By document node, JSON only: the node that holds the text.
  private let contents: [Int32: Int32]
  /// By document node: there is a text to read, one that is not white space only.
  let isFilled: [Bool]
  /// Nodes that the structure does not know, outermost only.
  let unknownNodes: [Int32]

  static let instanceNamespace = "http://www.w3.org/2001/XMLSchema-instance"

  /// Ties a document to a structure.
  ///
  /// - Throws: `parse.root_unknown`, `parse.namespace_unknown`.
  /// - Complexity: O(nodes), one look into a small list of siblings for each.
  init(_ document: Document, to structure: Structure) throws(CausewayError) {
    self.document = document
    let count = document.count
    let isJSON = document.syntax == .json
    self.isJSON = isJSON
    if isJSON {
      guard !document.isArray(document.root), document.text(document.root) == nil else {
        throw CausewayError("parse.root_unknown", pointer: "")
      }
    } else {
      let root = structure[0]
      let name = document.name(document.root)
      guard ([root.name] + root.also).contains(where: { $0.hasSameBytes(as: name) }) else {
        throw CausewayError(
          "parse.root_unknown", pointer: document.pointer(document.root), line: document.line(document.root), facts: ["expected": root.name]
        )
      }
      let uri = document.namespace(document.root) ?? ""
      let isAccepted = root.namespace < 0 ? uri.isEmpty : structure.namespaces[root.namespace].accepts(uri)
      guard isAccepted else {
        let expected = root.namespace < 0 ? "" : structure.namespaces[root.namespace].uri
        throw CausewayError(
          "parse.namespace_unknown", pointer: document.pointer(document.root), line: document.line(document.root),
          facts: ["expected": expected])
      }
    }
    var binding = [Int32](repeating: Self.unknown, count: count)
    var ends = [Int32](repeating: 0, count: count)
    var contents: [Int32: Int32] = [:]
    var unknownNodes: [Int32] = []
    // A document that was parsed with the structure's vocabulary has its numbers for names.
    let sharesNames = document.vocabulary === structure.vocabulary
    var symbolNames: [Int32] = []
    func nameID(_ node: Document.NodeID) -> Int32 {
      let symbol = Int(document.symbol(node).index)
      guard !sharesNames else { return symbol < structure.vocabulary.count ? Int32(symbol) : -1 }
      while symbolNames.count <= symbol { symbolNames.append(-2) }
      if symbolNames[symbol] == -2 { symbolNames[symbol] = structure.vocabulary.number(of: document.name(node)) ?? -1 }
      return symbolNames[symbol]
    }
    let contentID = structure.contentID
    let uris = structure.uris(root: document.namespace(document.root) ?? "")
    let isNone = uris.map(\.isEmpty)
    let isNamed = uris.map { uri in document.namespaces.map { $0.hasSameBytes(as: uri) } }
    func agrees(_ node: Document.NodeID, _ found: Int) -> Bool {
      let (own, expected) = (document.namespaceIndex(node), Int(structure.outline[found].namespace))
      guard expected >= 0 else { return own == nil }
      return own.map { isNamed[expected][$0] } ?? isNone[expected]
    }
    binding[0] = 0
    // Children of one parent mostly come in written order: the search goes on where the last one was found.
    var cursor = [Int32](repeating: 0, count: structure.count)
    var index: Int32 = 1
    while index < count {
      defer { index += 1 }
      let id = Document.NodeID(index: index)
      guard let parentID = document.parent(id) else { continue }
      let parent = binding[Int(parentID.index)]
      guard parent >= 0 else {
        binding[Int(index)] = Self.inside
        continue
      }
      let name = nameID(id)
      let isAttribute = document.isAttribute(id)
      let found =
        name < 0 ? -1 : structure.find(name, isAttribute: isAttribute, isJSON: isJSON, parent: Int(parent), cursor: &cursor[Int(parent)])
      if found >= 0, isJSON || agrees(id, found) {
        binding[Int(index)] = Int32(found)
      } else if isJSON, name == contentID, structure.outline[Int(parent)].isLeaf {
        binding[Int(index)] = Self.content
        contents[parentID.index] = index
      } else {
        unknownNodes.append(index)
      }
    }
    Self.fillEnds(&ends, document)
    self.binding = binding
    self.ends = ends
    self.contents = contents
    var isFilled = document.filledNodes()
    for (node, content) in contents where document.utf8(.init(index: node)) == nil { isFilled[Int(node)] = isFilled[Int(content)] }
    self.isFilled = isFilled
    self.unknownNodes = unknownNodes
  }

  /// The document that a finished draft became, but for JSON: its nodes know their place already.
  init(_ document: Document, of draft: Draft) {
    self.document = document
    isJSON = false
    isFilled = document.filledNodes()
    var binding = [Int32](repeating: Self.unknown, count: document.count)
    for node in draft.nodes.indices where draft.nodes[node].output >= 0 {
      binding[Int(draft.nodes[node].output)] = draft.nodes[node].structure
    }
    var unknownNodes: [Int32] = []
    var ends = [Int32](repeating: 0, count: document.count)
    for index in binding.indices where binding[index] < 0 {
      guard let parent = document.parent(.init(index: Int32(index))) else { continue }
      if binding[Int(parent.index)] < 0 { binding[index] = Self.inside } else { unknownNodes.append(Int32(index)) }
    }
    Self.fillEnds(&ends, document)
    self.binding = binding
    self.ends = ends
    contents = [:]
    self.unknownNodes = unknownNodes
  }

  private static func fillEnds(_ ends: inout [Int32], _ document: Document) {
    var node = document.count - 1
    while node >= 0 {
      if ends[node] == 0 { ends[node] = Int32(node + 1) }
      if let parent = document.parent(.init(index: Int32(node))), ends[Int(parent.index)] < ends[node] {
        ends[Int(parent.index)] = ends[node]
      }
      node -= 1
    }
  }

  /// The text of a leaf's node as UTF-8; nil: none.
  func utf8(_ node: Int32) -> ArraySlice<UInt8>? {
    if let text = document.utf8(.init(index: node)) { return text }
    return contents.isEmpty ? nil : contents[node].flatMap { document.utf8(.init(index: $0)) }
  }

  /// The text when there is one to read, with the white space around it.
  func filled(_ node: Int32) -> ArraySlice<UInt8>? { isFilled[Int(node)] ? utf8(node) : nil }

  /// Child nodes that stand for a structure node, in document order.
  func children(_ node: Int32, boundTo structureNode: Int) -> [Int32] {
    var found: [Int32] = []
    for child in document.children(.init(index: node)) where binding[Int(child.index)] == Int32(structureNode) { found.append(child.index) }
    return found
  }

  func firstChild(_ node: Int32, boundTo structureNode: Int) -> Int32 {
    for child in document.children(.init(index: node)) where binding[Int(child.index)] == Int32(structureNode) { return child.index }
    return -1
  }

  /// Whether a tested child of a node has (or has not) a text.
  func passes(_ node: Int32, _ test: Path.Test, position: Int) -> Bool {
    switch test {
    case .position(let wanted): return position == wanted
    case .equals(let nodes, let text): return textBelow(node, nodes)?.elementsEqual(text.utf8) ?? false
    case .differs(let nodes, let text): return !(textBelow(node, nodes)?.elementsEqual(text.utf8) ?? false)
    case .absent(let nodes): return textBelow(node, nodes)?.isEmpty ?? true
    }
  }

  private func textBelow(_ node: Int32, _ path: [Int]) -> ArraySlice<UInt8>? {
    var current = node
    for step in path {
      current = firstChild(current, boundTo: step)
      guard current >= 0 else { return nil }
    }
    return utf8(current).map(LeafType.trimmed)
  }

  /// All nodes that the last step of a path matches, from a context.
  func matches(_ path: Path, from context: Int32) -> [Int32] {
    var current: [Int32] = [path.isAbsolute ? 0 : context]
    for (offset, step) in path.steps.enumerated() {
      let isLast = offset == path.steps.count - 1
      var next: [Int32] = []
      search: for node in current {
        var position = 0
        for child in document.children(.init(index: node)) where binding[Int(child.index)] == Int32(step.node) {
          position += 1
          guard step.tests.allSatisfy({ passes(child.index, $0, position: position) }) else { continue }
          next.append(child.index)
          if !isLast { break search }
        }
      }
      current = next
      if current.isEmpty { break }
    }
    return current
  }
}

extension Structure {
  /// The child of a parent by the number of its name; searches from where the last search under that parent ended.
  func find(_ name: Int32, isAttribute: Bool, isJSON: Bool, parent: Int, cursor: inout Int32) -> Int {
    let end = Int(outline[parent].end)
    let start = parent + 1
    guard start < end else { return -1 }
    var node = Int(cursor) >= start && Int(cursor) < end ? Int(cursor) : start
    let first = node
    repeat {
      let candidate = outline[node]
      let isMatch = isJSON ? candidate.jsonNameID == name : candidate.isAttribute == isAttribute && candidate.nameID == name
      if isMatch || (!isJSON && candidate.hasOthers && candidate.isAttribute == isAttribute && nodes[node].alsoIDs.contains(name)) {
        cursor = Int32(node)
        return node
      }
      node = Int(candidate.end)
      if node >= end { node = start }
    } while node != first
    return -1
  }
}
