import Primitives

/// Place of a value in a declaration: `GoodsItem[3].Origin.CountryCode`, `TransportEquipment[1].Seal[2].ID`, `Declaration.UCR`.
///
/// Group instances count from 1 and are written before the element's id; the id's own first part is left out where it repeats the
/// name of the group it stands in.
package struct ElementPath: Hashable, Sendable {
  package struct Step: Hashable, Sendable {
    package let group: ElementIndex
    /// From 0.
    package let position: Int

    package init(group: ElementIndex, position: Int) {
      self.group = group
      self.position = position
    }
  }

  /// Instances from the outside in; the root is not a step.
  package var steps: [Step]
  /// The leaf, or the group that the last step is an instance of.
  package var element: ElementIndex

  package init(_ element: ElementIndex, in steps: [Step] = []) {
    self.steps = steps
    self.element = element
  }

  package func description(in dictionary: ElementDictionary) -> String {
    let id = dictionary.id(of: element)
    guard let last = steps.last else { return id }
    var text: [UInt8] = []
    Self.append(steps, in: dictionary, to: &text)
    if last.group != element {
      text.append(0x2E)
      text.append(contentsOf: Self.name(id, in: dictionary.id(of: last.group)).utf8)
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// An element's id in an instance of a group: without the group's name where it begins with it.
  package static func name(_ id: String, in group: String) -> Substring {
    let isRepeated = id.utf8.starts(with: group.utf8) && id.utf8.dropFirst(group.utf8.count).first == 0x2E
    return Substring(id.utf8.dropFirst(isRepeated ? group.utf8.count + 1 : 0))
  }

  /// Adds the place of an instance, `GoodsItem[3].Origin[1]`, to UTF-8 text.
  package static func append(_ steps: [Step], in dictionary: ElementDictionary, to text: inout [UInt8]) {
    for (index, step) in steps.enumerated() {
      if index > 0 { text.append(0x2E) }
      text.append(contentsOf: dictionary.id(of: step.group).utf8)
      text.append(0x5B)
      text.append(decimal: step.position + 1)
      text.append(0x5D)
    }
  }

  /// Parses what `description(in:)` writes.
  ///
  /// - Returns: nil when a name is unknown or stands in a group it does not belong to.
  package init?(_ text: String, in dictionary: ElementDictionary) {
    var steps: [Step] = []
    var rest = text.utf8[...]
    while let open = rest.firstIndex(of: 0x5B) {
      guard let close = rest[open...].firstIndex(of: 0x5D),
        let position = Int(Substring(rest[rest.index(after: open)..<close])), position > 0,
        let group = dictionary[id: String(Substring(rest[..<open]))], dictionary[group].isGroup,
        steps.isEmpty || dictionary[group].group == steps[steps.count - 1].group
      else { return nil }
      steps.append(Step(group: group, position: position - 1))
      rest = rest[rest.index(after: close)...]
      if rest.isEmpty { break }
      guard rest.first == 0x2E else { return nil }
      rest = rest.dropFirst()
      guard !rest.isEmpty else { return nil }
    }
    if let first = steps.first, let outer = dictionary[first.group].group, dictionary[outer].group != nil { return nil }
    if rest.isEmpty {
      guard let last = steps.last else { return nil }
      self.init(last.group, in: steps)
      return
    }
    let name = String(Substring(rest))
    if let last = steps.last?.group {
      guard let element = dictionary[id: "\(dictionary[last].id).\(name)"] ?? dictionary[id: name],
        !dictionary[element].isGroup, dictionary[element].group == last
      else { return nil }
      self.init(element, in: steps)
    } else {
      guard let element = dictionary[id: name], !dictionary[element].isGroup, let group = dictionary[element].group,
        dictionary[group].group == nil
      else { return nil }
      self.init(element)
    }
  }
}
