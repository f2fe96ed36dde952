import Formats
import Primitives
import YAMLTree

/// An EDIFACT structure as the directory that the reader and writer of the syntax need.
///
/// | in the structure | is |
/// |---|---|
/// | the root `Interchange`, `FunctionalGroup`, `Message`, `SG` and digits | a group; its first child is the segment that begins it |
/// | three capital letters or digits, a point and more: `BGM`, `UNS.S` | a segment; what stands behind the point tells it from its like |
/// | below a segment, with children | a composite |
/// | below a segment, with a type | a data element; `decimal` and `integer` are numbers |
/// | `card` up to more than one, below a segment | as many positions in a row; with `repeat`, repetitions in one position |
extension Structure {
  /// - Throws: `profile.structure_invalid` with file, line and reason.
  func messageGrammar() throws(CausewayError) -> MessageGrammar {
    let root = try group(0)
    do throws(MessageGrammar.Invalid) {
      return try MessageGrammar(root, messageTypes: messageTypes)
    } catch { throw refusal(0, error.reason) }
  }

  private func refusal(_ node: Int, _ reason: String) -> CausewayError {
    CausewayError("profile.structure_invalid", pointer: nodes[node].place.file, line: nodes[node].place.line, facts: ["reason": reason])
  }

  private func isGroup(_ node: Int) -> Bool {
    let name = nodes[node].name.utf8
    guard !name.elementsEqual(EDIFACTFormat.Names.message.utf8), !name.elementsEqual(EDIFACTFormat.Names.group.utf8) else { return true }
    return name.count > 2 && name.starts(with: "SG".utf8) && name.dropFirst(2).allSatisfy { $0 >= 0x30 && $0 <= 0x39 }
  }

  private func group(_ node: Int) throws(CausewayError) -> MessageGrammar.Group {
    var parts: [MessageGrammar.Part] = []
    for child in children(node) {
      guard !nodes[child].isAttribute, nodes[child].type == nil, nodes[child].shape == nil else {
        throw refusal(child, "\(nodes[child].name) is neither a segment nor a segment group")
      }
      parts.append(isGroup(child) ? .group(try group(child)) : .segment(try segment(child)))
    }
    return .init(nodes[node].name, min: nodes[node].min, max: nodes[node].max, parts: parts)
  }

  private func segment(_ node: Int) throws(CausewayError) -> MessageGrammar.Segment {
    var elements: [MessageGrammar.Element] = []
    for child in children(node) { elements.append(try element(child)) }
    return .init(nodes[node].name, min: nodes[node].min, max: nodes[node].max, elements: elements)
  }

  private func element(_ node: Int) throws(CausewayError) -> MessageGrammar.Element {
    let entry = nodes[node]
    var components: [MessageGrammar.Element.Component] = []
    for child in children(node) {
      guard nodes[child].type != nil, !nodes[child].isAttribute, !nodes[child].repeatsInPlace else {
        throw refusal(child, "\(nodes[child].name) is no component of a composite")
      }
      components.append(.init(nodes[child].name, isNumeric: isNumeric(child), positions: try count(child)))
    }
    let count = try count(node)
    return .init(
      entry.name, isNumeric: isNumeric(node), positions: entry.repeatsInPlace ? 1 : count, repetitions: entry.repeatsInPlace ? count : 1,
      components: components)
  }

  private func isNumeric(_ node: Int) -> Bool {
    switch nodes[node].type {
    case .decimal, .integer: true
    default: false
    }
  }

  /// How many there may be: each has its position, so there is a last.
  private func count(_ node: Int) throws(CausewayError) -> Int {
    guard nodes[node].max <= 999 else { throw refusal(node, "\(nodes[node].name) has more than 999 positions or no limit") }
    return nodes[node].max
  }

  /// What the first values of data elements 0001 and 0002 in UNB name: they are the ones that are written. Without them, of all characters
  /// those that no repertoire has are left out.
  static func repertoire(_ rows: [Row]) -> CharacterRepertoire? {
    func value(_ name: String) -> String? {
      rows.first { row in
        row.name.hasSameBytes(as: name) && row.parent > 0 && rows[row.parent].name.hasSameBytes(as: "S001")
      }?.values.first
    }
    return CharacterRepertoire(identifier: value("0001") ?? "UNOY", version: value("0002").flatMap(Int.init) ?? 4)
  }

  /// Fixed values of the message type.
  private var messageTypes: [String] { values(ofMessage: "0065") }

  /// Fixed values of a data element of the message identifier.
  private func values(ofMessage element: String) -> [String] {
    var values: [String] = []
    for (index, node) in nodes.enumerated()
    where node.name.hasSameBytes(as: element) && path(index).hasSuffix("UNH/S009/\(element)") {
      values += node.values
    }
    return values
  }

  /// Whether a message is of this directory: type, version, release and controlling agency (S009, component by component).
  func isOfMessage(_ identifier: [String]) -> Bool {
    ["0065", "0052", "0054", "0051"].enumerated().allSatisfy { position, element in
      let values = values(ofMessage: element)
      return values.isEmpty || (position < identifier.count && values.contains { $0.hasSameBytes(as: identifier[position]) })
    }
  }
}
