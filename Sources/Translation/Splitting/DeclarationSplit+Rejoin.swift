import Declarations
import Primitives

extension SplittingRules {
  /// Puts parts together again: items under their numbers in the whole, totals added up, what the parts share taken once.
  ///
  /// - Parameters:
  ///   - parts: in the order of the split, each with the items that it was given.
  ///   - numbers: of the split.
  /// - Returns: the whole; an element of the declaration that the parts say differently is absent, and named.
  /// - Throws: `write.parts_incomplete` when a part is missing or has another number of items than it was given.
  func rejoin(_ parts: [Declaration], numbers: [[String]]) throws(CausewayError) -> (declaration: Declaration, conflicts: [ElementIndex]) {
    guard let first = parts.first, parts.count == numbers.count else {
      throw CausewayError("write.parts_incomplete", facts: ["expected": String(numbers.count), "found": String(parts.count)])
    }
    for (part, own) in zip(parts, numbers) where part.root.count(items) != own.count {
      throw CausewayError("write.parts_incomplete", facts: ["expected": String(own.count), "found": String(part.root.count(items))])
    }
    var root = Group(first.root.element)
    var conflicts: [ElementIndex] = []
    let summed = Set(totals.map(\.element))
    let elements = Set(parts.flatMap { $0.root.values.map(\.element) }).sorted()
    for element in elements {
      let values = parts.map { $0.root[element] }
      if summed.contains(element), let total = totals.first(where: { $0.element == element }), isDivided(total, first.root) {
        let sum = values.reduce(ExactDecimal?(ExactDecimal(0))) { sum, value in
          value.flatMap { ExactDecimal($0.text) }.flatMap { sum?.adding($0) }
        }
        if let sum, let text = first.dictionary[element].type.canonical(sum.description) {
          root[element] = Value(text)
        } else {
          conflicts.append(element)
        }
      } else if let value = values[0], values.allSatisfy({ $0.map(value.hasSameContent) ?? false }) {
        root[element] = value
      } else {
        conflicts.append(element)
      }
    }
    for (part, own) in zip(parts, numbers) { join(part.root, own, into: &root) }
    return (Declaration(root: root, in: first.dictionary), conflicts)
  }

  private func isDivided(_ total: Total, _ root: Group) -> Bool {
    total.condition.map { root.text($0.element)?.hasSameBytes(as: $0.text) ?? false } ?? true
  }

  private func join(_ part: Group, _ numbers: [String], into root: inout Group) {
    for list in part.groups {
      let reference = references.first { $0.holder == list.element || ($0.holder == nil && $0.group == list.element) }
      for (position, instance) in list.groups.enumerated() {
        var moved = instance
        if list.element == items {
          moved[number] = Value(numbers[position])
        } else if let reference {
          renumber(&moved, reference, numbers)
          if reference.holder != nil, let same = root.groups(list.element).firstIndex(where: { isSame($0, moved, reference) }) {
            root.modify(list.element, at: same) { merge(moved, into: &$0, reference) }
            continue
          }
        } else if root.groups(list.element).contains(where: { $0.hasSameContent(as: moved) }) {
          continue
        }
        root.append(moved)
      }
    }
  }

  private func renumber(_ instance: inout Group, _ reference: Reference, _ numbers: [String]) {
    func whole(_ group: inout Group) {
      guard let text = group.text(reference.element), let number = Int(text), number >= 1, number <= numbers.count else { return }
      group[reference.element] = Value(numbers[number - 1])
    }
    guard reference.holder != nil else { return whole(&instance) }
    for position in 0..<instance.count(reference.group) { instance.modify(reference.group, at: position) { whole(&$0) } }
  }

  /// The same instance in another part: its items are added, and so are its shares.
  private func merge(_ instance: Group, into present: inout Group, _ reference: Reference) {
    for named in instance.groups(reference.group) where !present.groups(reference.group).contains(where: { $0.hasSameContent(as: named) }) {
      present.append(named)
    }
    for share in shares where share.reference.holder == reference.holder {
      guard let left = present.text(share.element).flatMap({ ExactDecimal($0) }),
        let right = instance.text(share.element).flatMap({ ExactDecimal($0) }), let sum = left.adding(right)
      else { continue }
      present[share.element] = Value(sum.description)
    }
  }
}
