import Declarations
import Formats
import JSONTree
import Primitives

@testable import Translation

/// A document with one thing wrong.
struct Mutation {
  enum Kind: CaseIterable {
    case dropped, tooLong, wrongType, notInCalendar, notListed, blank, unknownElement, unknownAttribute, repeated, order
    /// A number with an exponent, or with more decimals than the place has.
    case notation
  }

  let kind: Kind
  let pointer: String
  let document: Document

  /// One of each kind at each place where it makes sense; places of one structure node once.
  static func all(of document: Document, _ profile: Profile) throws -> [Mutation] {
    let bound = try BoundDocument(document, to: profile.structure)
    let variant = try Translator.variant(of: bound, profile: profile).variant
    var found: [Mutation] = []
    var seen: Set<Int32> = []
    for index in 1..<Int32(document.count) where bound.binding[Int(index)] >= 0 && seen.insert(bound.binding[Int(index)]).inserted {
      let id = Document.NodeID(index: index)
      let entry = profile.structure[Int(bound.binding[Int(index)])]
      // In JSON the text of a leaf with attributes is a member of its own.
      let holder = document.children(id).first { bound.binding[Int($0.index)] == BoundDocument.content } ?? id
      func add(_ kind: Kind, _ change: Change) {
        let node = if case .text = change { holder } else { id }
        found.append(
          Mutation(kind: kind, pointer: document.pointer(id), document: Copier(document: document, node: node, change: change).run()))
      }
      // What the message's direction or shape is read from decides everything else.
      let decides = if case .value(let path, _, _) = profile.plan.direction { Int(bound.binding[Int(index)]) == path.target } else { false }
      if !decides, entry.shape == nil, entry.requiredIn.isEmpty { add(.dropped, .drop) }
      guard entry.isLeaf, !decides else {
        if !entry.isLeaf {
          add(.unknownElement, .insert("Surprise"))
          add(.unknownAttribute, .attribute("surprise"))
        }
        if entry.max < 60, !decides { add(.repeated, .repeated(entry.max + 1)) }
        continue
      }
      // An empty element takes no place here; for the schema it does.
      if entry.max < 60, !entry.isAttribute, bound.filled(index) != nil { add(.repeated, .repeated(entry.max + 1)) }
      let isRequired = profile.structure.isRequired(Int(bound.binding[Int(index)]), in: variant)
      if isRequired && entry.requiredIn.isEmpty || profile.empties == .omit { add(.blank, .text(" ")) }
      guard let type = entry.type else { continue }
      switch type {
      case .text(let limit, let isUpper):
        add(.tooLong, .text(String(repeating: "X", count: limit + 1)))
        if isUpper { add(.wrongType, .text("lower case")) }
      case .id(let limit), .base64(let limit): add(.tooLong, .text(String(repeating: "X", count: limit + 1)))
      case .code(let limit):
        add(.tooLong, .text(String(repeating: "X", count: limit + 1)))
        if limit > 2 { add(.wrongType, .text("A B")) }
        if !entry.lists.isEmpty { add(.notListed, .text(String(repeating: "?", count: limit))) }
      case .decimal(let digits, let scale):
        for text in ["1,5", "+1", ".5", "1.", "--1", "0x1", "1 000"] { add(.wrongType, .text(text)) }
        for text in ["1e3", "0." + String(repeating: "0", count: scale) + "1"] { add(.notation, .text(text)) }
        add(.wrongType, .text("1" + String(repeating: "0", count: digits - scale)))
      case .integer(let digits):
        for text in ["1.5", "-1", "+1", "1" + String(repeating: "0", count: digits)] { add(.wrongType, .text(text)) }
      case .indicator: for text in ["yes", "2", "TRUE"] { add(.wrongType, .text(text)) }
      case .date, .datetime:
        for text in ["2026/04/01", "1.4.2026", "20261301", "2026-04-32"] { add(.wrongType, .text(text)) }
        if let text = document.text(id), text.utf8.count == 8 { add(.notInCalendar, .text("20260230")) }
      }
      if !entry.isAttribute, !entry.hasAttributes, profile.syntax != .json { add(.unknownAttribute, .attribute("surprise")) }
    }
    found += swaps(document, bound, profile)
    return found
  }

  private static func swaps(_ document: Document, _ bound: BoundDocument, _ profile: Profile) -> [Mutation] {
    var found: [Mutation] = []
    for index in 0..<Int32(document.count) where bound.binding[Int(index)] >= 0 {
      let id = Document.NodeID(index: index)
      let children = document.children(id).filter { document.kind($0) == .element }
      guard let first = children.first, let last = children.last, document.name(first) != document.name(last), found.count < 40 else {
        continue
      }
      found.append(
        Mutation(kind: .order, pointer: document.pointer(id), document: Copier(document: document, node: id, change: .reverse).run()))
    }
    return found
  }

  enum Change {
    case drop
    case text(String)
    case insert(String)
    case attribute(String)
    case repeated(Int)
    case reverse
  }

  /// Copies a document with a change at one node.
  private struct Copier {
    let document: Document
    let node: Document.NodeID
    let change: Change

    func run() -> Document {
      var builder = DocumentBuilder(syntax: document.syntax)
      copy(document.root, &builder)
      return builder.finish()
    }

    private func copy(_ id: Document.NodeID, _ builder: inout DocumentBuilder) {
      var times = 1
      if id == node {
        if case .drop = change { return }
        if case .repeated(let count) = change { times = count }
      }
      for _ in 0..<times { write(id, &builder) }
    }

    /// What JSON has for a text in the place of another: a number only when it is one.
    private func scalar(_ id: Document.NodeID, _ text: String) -> Document.Scalar {
      switch document.scalar(id) {
      case .number: JSONNumber(lexeme: text) == nil ? .string : .number
      case .bool: text == "true" || text == "false" ? .bool : .string
      case .string, .null: .string
      }
    }

    private func write(_ id: Document.NodeID, _ builder: inout DocumentBuilder) {
      var text = document.text(id)
      if id == node, case .text(let new) = change { text = new }
      if document.kind(id) == .attribute {
        _ = builder.attribute(name: document.name(id), namespace: document.namespace(id), value: text ?? "")
        return
      }
      _ = builder.open(name: document.name(id), namespace: document.namespace(id), inArray: document.isArrayElement(id))
      if document.isArray(id) { builder.array() }
      if id == node, case .attribute(let name) = change { _ = builder.attribute(name: name, value: "x") }
      let children = Array(document.children(id))
      let attributes = children.filter { document.kind($0) == .attribute }
      let elements = children.filter { document.kind($0) == .element }
      for child in attributes { copy(child, &builder) }
      if let text { builder.text(text, scalar: scalar(id, text)) }
      if id == node, case .reverse = change {
        for child in elements.reversed() { copy(child, &builder) }
      } else {
        for child in elements { copy(child, &builder) }
      }
      if id == node, case .insert(let name) = change {
        _ = builder.open(name: name, namespace: document.namespace(id))
        builder.close()
      }
      builder.close()
    }
  }
}
