package import Primitives

extension EDIFACTFormat {
  /// Writes a document. Counts and trailers are made; the repertoire is the one that UNB names.
  ///
  /// - Parameters:
  ///   - grammar: the one that the document was made by; nil: its nodes are named by position.
  ///   - characters: nil: those of the standard for the version that UNB names. With others the interchange begins with UNA.
  /// - Throws: `write.illegal_character` (also control characters, and what the repertoire does not have), `write.edifact_position`, each with
  ///   a pointer; `write.edifact_envelope`.
  /// - Complexity: O(nodes + bytes).
  package static func write(_ document: Document, grammar: MessageGrammar? = nil, characters: ServiceCharacters? = nil)
    throws(CausewayError)
    -> [UInt8]
  {
    var writer = try InterchangeWriter(document, grammar: grammar, characters: characters)
    return try writer.run()
  }
}

/// Writes the segments of a document and the trailers of its envelope.
private struct InterchangeWriter {
  let document: Document
  let grammar: MessageGrammar?
  private let isAdvised: Bool
  private var writer: SegmentWriter
  /// By row of the grammar: what the document's names stand for in it.
  private var names: [[Int32: Int]?]
  /// Texts of the segment that is written, for trailers: elements 1 and 5.
  private var first: ArraySlice<UInt8> = []
  private var fifth: ArraySlice<UInt8> = []

  init(_ document: Document, grammar: MessageGrammar?, characters: ServiceCharacters?) throws(CausewayError) {
    self.document = document
    self.grammar = grammar
    names = Array(repeating: nil, count: grammar?.nodes.count ?? 0)
    guard document.name(document.root).hasSameBytes(as: EDIFACTFormat.Names.interchange),
      let header = document.children(document.root).first(where: { MessageGrammar.tag(document.name($0)) == .unb })
    else { throw CausewayError("write.edifact_envelope", pointer: document.pointer(document.root)) }
    let row = grammar.map { $0.nodes[$0.nodes[0].items[0]] }
    func text(_ component: Int) -> String? {
      let slot = row?.slots.first
      let inner = slot.map { component < $0.components.count ? $0.components[component].name : "" } ?? String(component + 1)
      return document.find(slot?.name ?? "1", inner, from: header).flatMap { document.text($0) }
    }
    guard let version = text(1).flatMap(Int.init), (1...4).contains(version),
      let repertoire = text(0).flatMap({ CharacterRepertoire(identifier: $0, version: version) })
    else { throw CausewayError("write.edifact_envelope", pointer: document.pointer(header)) }
    let standard = ServiceCharacters.standard(version: version)
    var used = characters ?? standard
    if version < 4 { used.repetition = nil }
    guard used.isSound else { throw CausewayError("write.edifact_envelope", pointer: document.pointer(header)) }
    isAdvised = used != standard
    writer = SegmentWriter(characters: used, repertoire: repertoire)
  }

  mutating func run() throws(CausewayError) -> [UInt8] {
    if isAdvised { writer.advice() }
    try group(document.root, row: 0)
    return writer.output
  }

  // MARK: Groups

  /// A group with all it holds; then its trailer, when it has one.
  private mutating func group(_ node: Document.NodeID, row: Int) throws(CausewayError) {
    let name = document.name(node)
    let before = writer.count
    var reference: ArraySlice<UInt8> = []
    var inner = 0
    var groups = 0
    for (index, child) in document.children(node).enumerated() {
      let childRow = try self.row(of: child, in: row)
      if isGroup(child, childRow) {
        try group(child, row: childRow)
        inner += 1
        if document.name(child).hasSameBytes(as: EDIFACTFormat.Names.group) { groups += 1 }
      } else {
        try segment(child, row: childRow)
        if index == 0 { reference = name.hasSameBytes(as: EDIFACTFormat.Names.message) ? first : fifth }
      }
    }
    switch name {
    case EDIFACTFormat.Names.message: try trailer("UNT", writer.count - before + 1, reference, node)
    case EDIFACTFormat.Names.group: try trailer("UNE", inner, reference, node)
    case EDIFACTFormat.Names.interchange: try trailer("UNZ", groups > 0 ? groups : inner, reference, node)
    default: break
    }
  }

  private mutating func trailer(_ tag: String, _ count: Int, _ reference: ArraySlice<UInt8>, _ node: Document.NodeID) throws(CausewayError)
  {
    writer.begin(tag)
    try text(Array(String(count).utf8)[...], .init(element: 0), node)
    try text(reference, .init(element: 1), node)
    writer.end()
  }

  private func isGroup(_ node: Document.NodeID, _ row: Int) -> Bool {
    if let grammar { return !grammar.nodes[row].items.isEmpty }
    return MessageGrammar.tag(document.name(node)) == nil
  }

  private func misplaced(_ node: Document.NodeID) -> CausewayError {
    CausewayError("write.edifact_position", pointer: document.pointer(node))
  }

  /// What a child's name stands for: a row in a group, the first of its positions in a segment.
  private mutating func meaning(of node: Document.NodeID, in row: Int, _ grammar: MessageGrammar) throws(CausewayError) -> Int {
    if names[row] == nil {
      var made: [Int32: Int] = [:]
      let parent = grammar.nodes[row]
      for item in parent.items { if let symbol = document.symbol(named: grammar.nodes[item].name) { made[symbol.index] = item } }
      for (index, slot) in parent.slots.enumerated() where slot.occurrence == 0 {
        if let symbol = document.symbol(named: slot.name) { made[symbol.index] = index }
      }
      names[row] = made
    }
    guard document.kind(node) == .element, let found = names[row]?[document.symbol(node).index] else { throw misplaced(node) }
    return found
  }

  private mutating func row(of node: Document.NodeID, in row: Int) throws(CausewayError) -> Int {
    guard let grammar else { return 0 }
    return try meaning(of: node, in: row, grammar)
  }

  // MARK: Segments

  private mutating func segment(_ node: Document.NodeID, row: Int) throws(CausewayError) {
    guard let tag = MessageGrammar.tag(document.name(node)) else { throw misplaced(node) }
    writer.begin(tag.text)
    first = []
    fifth = []
    var present: (symbol: Document.Symbol?, count: Int) = (nil, 0)
    for child in document.children(node) {
      let symbol = document.symbol(child)
      present = present.symbol == symbol ? (symbol, present.count + 1) : (symbol, 0)
      if let grammar {
        let index = try meaning(of: child, in: row, grammar)
        try element(child, present.count, index, grammar.nodes[row].slots)
      } else {
        guard let position = Int(document.name(child)), position > 0 else { throw misplaced(child) }
        try elementByPosition(child, .init(element: position - 1, repetition: present.count))
      }
    }
    writer.end()
  }

  private mutating func element(_ node: Document.NodeID, _ occurrence: Int, _ index: Int, _ slots: [MessageGrammar.Slot])
    throws(CausewayError)
  {
    let slot = slots[index]
    var position = SegmentWriter.Position(element: index)
    if slot.repetitions > 1 {
      guard occurrence < slot.repetitions else { throw misplaced(node) }
      position.repetition = occurrence
    } else {
      position.element += occurrence
      guard position.element < slots.count, slots[position.element].name.hasSameBytes(as: slot.name) else { throw misplaced(node) }
    }
    guard slot.isComposite else { return try leaf(node, position) }
    guard document.utf8(node)?.isEmpty ?? true else { throw misplaced(node) }
    var present: (symbol: Document.Symbol?, count: Int) = (nil, 0)
    for child in document.children(node) {
      let symbol = document.symbol(child)
      present = present.symbol == symbol ? (symbol, present.count + 1) : (symbol, 0)
      let name = document.name(child)
      guard let component = slot.components.firstIndex(where: { $0.occurrence == present.count && $0.name.hasSameBytes(as: name) })
      else { throw misplaced(child) }
      position.component = component
      try leaf(child, position)
    }
  }

  private mutating func elementByPosition(_ node: Document.NodeID, _ position: SegmentWriter.Position) throws(CausewayError) {
    var position = position
    var isLeaf = true
    for child in document.children(node) {
      isLeaf = false
      guard let component = Int(document.name(child)), component > 0 else { throw misplaced(child) }
      position.component = component - 1
      try leaf(child, position)
    }
    if isLeaf { try leaf(node, position) }
  }

  private mutating func leaf(_ node: Document.NodeID, _ position: SegmentWriter.Position) throws(CausewayError) {
    guard document.kind(node) == .element, document.children(node).first(where: { _ in true }) == nil else { throw misplaced(node) }
    guard let text = document.utf8(node) else { return }
    try self.text(text, position, node)
    guard position.repetition == 0, position.component == 0 else { return }
    if position.element == 0 { first = text }
    if position.element == 4 { fifth = text }
  }

  private mutating func text(_ text: ArraySlice<UInt8>, _ position: SegmentWriter.Position, _ node: Document.NodeID) throws(CausewayError) {
    do throws(SegmentWriter.Failure) {
      try writer.text(text, at: position)
    } catch {
      switch error {
      case .character:
        throw CausewayError(
          "write.illegal_character", pointer: document.pointer(node), facts: ["encoding": writer.repertoire.identifier])
      case .position: throw misplaced(node)
      }
    }
  }
}
