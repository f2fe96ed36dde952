import Testing

@testable import Translation

/// A profile's structure against the directory of its message: names, order, occurrences and sizes of segments, groups and elements.
struct DirectoryComparison {
  private(set) var differences: [String] = []
  /// Tags of the segments that were compared.
  private(set) var segments: Set<String> = []
  private let structure: Structure
  private let directory: UNDirectory
  private let beyond: (String, inout [String]) -> Void

  /// - Parameter beyond: changes what is expected of a segment's elements, where the profile asks for more than the directory.
  init(_ structure: Structure, _ directory: UNDirectory, beyond: @escaping (String, inout [String]) -> Void = { _, _ in }) throws {
    (self.structure, self.directory, self.beyond) = (structure, directory, beyond)
    let message = try #require(structure.children(0).first { structure[$0].name == "Message" })
    compare(message, directory.message.parts, "")
  }

  private mutating func expect<Value: Equatable>(_ found: Value, _ expected: Value, _ place: String) {
    if found != expected { differences.append("\(place): \(found) instead of \(expected)") }
  }

  private mutating func compare(_ node: Int, _ parts: [UNDirectory.Part], _ path: String) {
    // The envelope's header comes from the syntax, the trailer is no node.
    let parts = parts.filter { !["UNH", "UNT"].contains($0.name) }
    let children = structure.children(node).filter { structure[$0].name != "UNH" }
    expect(children.map { String(structure[$0].name.prefix { $0 != "." }) }, parts.map(\.name), path)
    for (child, part) in zip(children, parts) {
      let place = path + "/" + part.name
      expect(structure[child].max, part.times, place)
      expect(structure[child].min > 0, part.isMandatory, place)
      if part.isGroup {
        compare(child, part.parts, place)
      } else if let positions = directory.segments[part.name] {
        segments.insert(part.name)
        var expected = merged(positions)
        beyond(place, &expected)
        expect(flat(child), expected, place)
      } else {
        expect(part.name, "UNS", place)
      }
    }
  }

  /// Names, least and most occurrences, sizes of what stands below a node.
  private func flat(_ node: Int) -> [String] {
    structure.children(node).map { child in
      let node = structure[child]
      let inner = node.type == nil ? "(" + flat(child).joined(separator: " ") + ")" : ""
      return "\(node.name.prefix { $0 != "." }) \(node.min)..\(node.max) \(node.type.map(size) ?? "")\(inner)"
    }
  }

  private func merged(_ positions: [UNDirectory.Position]) -> [String] {
    var rows: [(position: UNDirectory.Position, least: Int, most: Int)] = []
    for position in positions {
      let least = position.isMandatory ? 1 : 0
      if let last = rows.last, last.position.id == position.id, position.components.isEmpty {
        rows[rows.count - 1] = (last.position, last.least + least, last.most + position.times)
      } else {
        rows.append((position, least, position.times))
      }
    }
    return rows.map { row in
      let inner = row.position.components.isEmpty ? "" : "(" + merged(row.position.components).joined(separator: " ") + ")"
      var size = String(row.position.format.drop { !$0.isNumber })
      // Numbers that the directory calls text: sign and decimal mark count there, and are no digits.
      if ["6060", "6314"].contains(row.position.id) { size = String((Int(size) ?? 0) - 2) }
      return "\(row.position.id) \(row.least)..\(row.most) \(size)\(inner)"
    }
  }

  private func size(_ type: LeafType) -> String {
    switch type {
    case .text(let length, _), .id(let length), .code(let length), .integer(let length): "\(length)"
    case .decimal(let digits, _): "\(digits)"
    default: "no type of this format"
    }
  }
}
