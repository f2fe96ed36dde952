internal import Primitives

extension InterchangeReader {
  /// The numbers that a document's names have, for one row of the grammar.
  struct RowSymbols: Sendable {
    let own: Int32
    let slots: [(element: Int32, components: [Int32])]
  }

  /// Puts the present segment into the tree. Once something is wrong nothing is built any more, but places are looked for all the same.
  mutating func add(_ tag: SegmentTag) {
    guard let grammar, let placement = place(tag) else {
      if grammar == nil, findings.isEmpty { addByPosition(tag) }
      return
    }
    let row = grammar.nodes[placement.segment]
    check(row)
    guard findings.isEmpty else { return }
    for _ in 0..<placement.closed { builder.close() }
    for opened in placement.opened {
      builder.open(symbol: rowSymbols(opened, grammar).own, namespace: -1, line: place.number)
    }
    let names = rowSymbols(placement.segment, grammar)
    builder.open(symbol: names.own, namespace: -1, line: place.number)
    addElements(row, names)
    builder.close()
  }

  private mutating func place(_ tag: SegmentTag) -> SegmentPlacer.Placement? {
    guard placer != nil else { return nil }
    if let placement = placer?.place(tag) { return placement }
    note("parse.edifact_unexpected", tag == .ung ? .envelopeNotSupported : .notSupported)
    return nil
  }

  private mutating func rowSymbols(_ row: Int, _ grammar: MessageGrammar) -> RowSymbols {
    if let known = symbols[row] { return known }
    let node = grammar.nodes[row]
    let made = RowSymbols(
      own: builder.symbol(node.name),
      slots: node.slots.map { slot in
        (element: builder.symbol(slot.name), components: slot.components.map { builder.symbol($0.name) })
      })
    symbols[row] = made
    return made
  }

  // MARK: With a grammar

  /// That the segment has no more than its row, and numbers the decimal mark of the interchange.
  private mutating func check(_ row: MessageGrammar.Node) {
    for piece in scanner.pieces where piece.element > 0 {
      let element = Int(piece.element)
      let component = Int(piece.component)
      guard element <= row.slots.count else { return note("parse.edifact_constituents", .tooManyConstituents, element: element) }
      let slot = row.slots[element - 1]
      if Int(piece.repetition) >= slot.repetitions {
        return note("parse.edifact_repetitions", .tooManyRepetitions, element: element)
      }
      if component >= max(slot.components.count, 1) {
        return note("parse.edifact_constituents", .tooManyConstituents, element: element, component: component + 1)
      }
      let isNumeric = slot.isComposite ? slot.components[component].isNumeric : slot.isNumeric
      if isNumeric, envelope.version < 4, !usesDecimalMark(scanner.utf8(piece)) {
        note("parse.edifact_decimal", .decimalNotation, element: element, component: slot.isComposite ? component + 1 : 0)
      }
    }
  }

  /// The decimal mark of UNA, point without one (ISO 9735:1988 §10.1). Version 4 takes both.
  private func usesDecimalMark(_ text: ArraySlice<UInt8>) -> Bool {
    !text.contains(characters.decimalMark == 0x2E ? 0x2C : 0x2E)
  }

  private mutating func addElements(_ row: MessageGrammar.Node, _ names: RowSymbols) {
    var rest = scanner.pieces[...].drop { $0.element == 0 }
    // The element of the last position that was built, and how many positions of it there are so far.
    var present: (name: Int32, count: Int) = (-1, 0)
    while let first = rest.first {
      let pieces = rest.prefix { $0.element == first.element }
      rest = rest.dropFirst(pieces.count)
      let slot = row.slots[Int(first.element) - 1]
      let name = names.slots[Int(first.element) - 1]
      if present.name != name.element { present = (name.element, 0) }
      for _ in present.count..<max(slot.occurrence, present.count) { addEmpty(name.element, slot) }
      present.count = slot.occurrence + 1
      addRepetitions(pieces, slot, name.element, name.components)
    }
  }

  private mutating func addRepetitions(
    _ pieces: ArraySlice<SegmentScanner.Piece>, _ slot: MessageGrammar.Slot, _ name: Int32, _ names: [Int32]
  ) {
    var rest = pieces
    var count = 0
    while let first = rest.first {
      let inner = rest.prefix { $0.repetition == first.repetition }
      rest = rest.dropFirst(inner.count)
      for _ in count..<Int(first.repetition) { addEmpty(name, slot) }
      count = Int(first.repetition) + 1
      builder.open(symbol: name, namespace: -1, line: place.number)
      if slot.isComposite { addComponents(inner, slot, names) } else { addText(first, isNumeric: slot.isNumeric) }
      builder.close()
    }
  }

  private mutating func addComponents(_ pieces: ArraySlice<SegmentScanner.Piece>, _ slot: MessageGrammar.Slot, _ names: [Int32]) {
    var present: (name: Int32, count: Int) = (-1, 0)
    for piece in pieces {
      let component = slot.components[Int(piece.component)]
      let name = names[Int(piece.component)]
      if present.name != name { present = (name, 0) }
      for _ in present.count..<max(component.occurrence, present.count) { addLeaf(name) }
      present.count = component.occurrence + 1
      builder.open(symbol: name, namespace: -1, line: place.number)
      addText(piece, isNumeric: component.isNumeric)
      builder.close()
    }
  }

  private mutating func addEmpty(_ name: Int32, _ slot: MessageGrammar.Slot) {
    guard slot.isComposite else { return addLeaf(name) }
    builder.open(symbol: name, namespace: -1, line: place.number)
    builder.close()
  }

  private mutating func addLeaf(_ name: Int32) {
    builder.open(symbol: name, namespace: -1, line: place.number)
    builder.text("")
    builder.close()
  }

  private mutating func addText(_ piece: SegmentScanner.Piece, isNumeric: Bool) {
    let text = scanner.utf8(piece)
    if isNumeric, text.contains(0x2C) {
      builder.text(utf8: text.map { $0 == 0x2C ? 0x2E : $0 })
    } else {
      builder.text(utf8: text)
    }
  }

  // MARK: Without one

  private mutating func addByPosition(_ tag: SegmentTag) {
    if tag == .ung { builder.open(name: EDIFACTFormat.Names.group, line: place.number) }
    if tag == .unh { builder.open(name: EDIFACTFormat.Names.message, line: place.number) }
    builder.open(name: tag.text, line: place.number)
    var rest = scanner.pieces[...].drop { $0.element == 0 }
    while let first = rest.first {
      let pieces = rest.prefix { $0.element == first.element }
      rest = rest.dropFirst(pieces.count)
      addByPosition(pieces, name: builder.symbol(String(first.element)), isComposite: pieces.contains { $0.component > 0 })
    }
    builder.close()
  }

  private mutating func addByPosition(_ pieces: ArraySlice<SegmentScanner.Piece>, name: Int32, isComposite: Bool) {
    var rest = pieces
    var count = 0
    while let first = rest.first {
      let inner = rest.prefix { $0.repetition == first.repetition }
      rest = rest.dropFirst(inner.count)
      for _ in count..<Int(first.repetition) { addLeaf(name) }
      count = Int(first.repetition) + 1
      builder.open(symbol: name, namespace: -1, line: place.number)
      if isComposite {
        for piece in inner {
          builder.open(name: String(piece.component + 1), line: place.number)
          builder.text(utf8: scanner.utf8(piece))
          builder.close()
        }
      } else {
        builder.text(utf8: scanner.utf8(first))
      }
      builder.close()
    }
  }
}
