internal import Primitives

/// The positions that an answer names, for problems that were found in the tree of an interchange.
struct SyntaxPlaces {
  private let document: Document
  private let grammar: MessageGrammar
  private let messages: [Document.NodeID]

  init(_ document: Document, _ grammar: MessageGrammar) {
    self.document = document
    self.grammar = grammar
    var messages: [Document.NodeID] = []
    for child in document.children(document.root) {
      switch document.name(child) {
      case EDIFACTFormat.Names.message: messages.append(child)
      case EDIFACTFormat.Names.group: messages += document.children(child, named: EDIFACTFormat.Names.message)
      default: break
      }
    }
    self.messages = messages
  }

  private static let codes: [(code: ErrorCode, syntax: SyntaxCode)] = [
    ("validate.missing", .missing), ("validate.too_few", .missing), ("validate.empty", .missing),
    ("validate.too_many", .tooManyRepetitions), ("validate.order", .notSupported),
    ("validate.unknown_element", .notSupported), ("validate.unexpected_text", .notSupported),
    ("validate.too_long", .tooLong), ("validate.too_many_digits", .tooLong),
    ("validate.not_decimal", .invalidCharacterType), ("validate.not_integer", .invalidCharacterType),
    ("validate.not_listed", .invalidValue), ("validate.pattern", .invalidValue), ("validate.white_space", .invalidValue),
    ("validate.not_indicator", .invalidValue), ("validate.not_date", .invalidValue), ("validate.not_datetime", .invalidValue),
  ]

  /// nil: not for this answer, or the pointer leads nowhere.
  func finding(_ problem: Problem) -> SyntaxFinding? {
    guard let syntax = Self.codes.first(where: { $0.code == problem.code })?.syntax, let pointer = problem.pointer else { return nil }
    let (path, rest) = follow(pointer)
    guard rest.count <= 1, let root = path.first, root.node == document.root else { return nil }
    var place = SyntaxFinding.Place()
    let segment = path.firstIndex { $0.row != nil && grammar.nodes[$0.row ?? 0].items.isEmpty }
    guard let segment, let row = path[segment].row else { return missing(rest.first, under: path, syntax, problem) }
    locate(path[segment].node, &place)
    name(grammar.nodes[row].tag, &place)
    var steps = path[(segment + 1)...].map { (name: document.name($0.node), occurrence: occurrence($0.node)) }
    for name in rest { steps.append((name: name, occurrence: 0)) }
    if let element = steps.first {
      let slots = grammar.nodes[row].slots
      guard let first = slots.firstIndex(where: { $0.name.hasSameBytes(as: element.name) }) else { return nil }
      let slot = slots[first]
      place.element = first + 1 + (slot.repetitions > 1 ? 0 : element.occurrence)
      if steps.count > 1 {
        let (name, occurrence) = steps[1]
        let component = slot.components.firstIndex { $0.name.hasSameBytes(as: name) && $0.occurrence == occurrence }
        place.component = component.map { $0 + 1 } ?? 0
      }
    }
    return SyntaxFinding(problem.code, syntax, place)
  }

  /// Something missing in a group, or a group or segment too many.
  private func missing(_ name: String?, under path: [(node: Document.NodeID, row: Int?)], _ syntax: SyntaxCode, _ problem: Problem)
    -> SyntaxFinding?
  {
    guard let group = path.last, let row = group.row else { return nil }
    var place = SyntaxFinding.Place()
    guard let name else {
      locate(group.node, &place)
      return SyntaxFinding(problem.code, syntax == .tooManyRepetitions ? .tooManyGroupRepetitions : syntax, place)
    }
    let items = grammar.nodes[row].items
    guard let item = items.firstIndex(where: { grammar.nodes[$0].name.hasSameBytes(as: name) }) else { return nil }
    // The last segment in front of the place.
    var before = group.node
    for child in document.children(group.node) {
      guard let index = items.firstIndex(where: { grammar.nodes[$0].name.hasSameBytes(as: document.name(child)) }), index < item
      else {
        break
      }
      before = child
    }
    locate(last(before), &place)
    return SyntaxFinding(problem.code, syntax, place)
  }

  /// The nodes that a pointer leads through with their rows of the grammar, and the names that it ends with and that are not there.
  private func follow(_ pointer: String) -> (path: [(node: Document.NodeID, row: Int?)], rest: [String]) {
    var steps = pointer.split(separator: "/").map(String.init)[...]
    guard let first = steps.popFirst(), first.hasSameBytes(as: document.name(document.root)) else { return ([], []) }
    var path: [(node: Document.NodeID, row: Int?)] = [(document.root, 0)]
    while let step = steps.first, let last = path.last {
      let name = String(step.prefix { $0 != "[" })
      let position = step.contains("[") ? Int(step.dropFirst(name.count + 1).dropLast()) ?? 1 : 1
      let found = document.children(last.node, named: name)
      guard position <= found.count else { break }
      let row = last.row.flatMap { row in grammar.nodes[row].items.first { grammar.nodes[$0].name.hasSameBytes(as: name) } }
      path.append((found[position - 1], row))
      steps.removeFirst()
    }
    return (path, Array(steps))
  }

  /// How many siblings of its name stand before a node.
  private func occurrence(_ node: Document.NodeID) -> Int {
    guard let parent = document.parent(node) else { return 0 }
    return document.children(parent, named: document.name(node)).firstIndex(of: node) ?? 0
  }

  /// The last segment in a subtree.
  private func last(_ node: Document.NodeID) -> Document.NodeID {
    var node = node
    while MessageGrammar.tag(document.name(node)) == nil || isGroup(node), let child = Array(document.children(node)).last { node = child }
    return node
  }

  private func isGroup(_ node: Document.NodeID) -> Bool {
    document.children(node).first { _ in true }.map { MessageGrammar.tag(document.name($0)) != nil } ?? false
  }

  /// Message and position in it; a node's line is its segment's number in the interchange.
  private func locate(_ node: Document.NodeID, _ place: inout SyntaxFinding.Place) {
    place.number = document.line(node)
    guard let index = messages.lastIndex(where: { document.line($0) <= place.number }), let next = document.parent(messages[index]) else {
      return
    }
    // A segment of a group's own header stands behind the messages of the group before.
    guard isInside(node, messages[index]) || node == messages[index] else { return }
    place.message = index + 1
    place.segment = place.number - document.line(messages[index]) + 1
    if document.name(next).hasSameBytes(as: EDIFACTFormat.Names.group) {
      place.group = document.children(document.root, named: EDIFACTFormat.Names.group).firstIndex(of: next).map { $0 + 1 } ?? 0
    }
  }

  private func isInside(_ node: Document.NodeID, _ ancestor: Document.NodeID) -> Bool {
    var current = document.parent(node)
    while let found = current {
      if found == ancestor { return true }
      current = document.parent(found)
    }
    return false
  }

  private func name(_ tag: SegmentTag, _ place: inout SyntaxFinding.Place) {
    if [SegmentTag.unb, .ung, .unh].contains(tag) { place.service = tag.text }
  }
}
