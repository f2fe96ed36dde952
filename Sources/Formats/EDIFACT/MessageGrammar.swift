/// The directory of one kind of message with its envelope: which segments and segment groups stand where, how often, and which data
/// elements each segment has. It gives a message its tree, because EDIFACT nests by position and not by brackets.
///
/// - Invariant: a group begins with its trigger, a segment that occurs once; tags are those of segments; names of siblings differ.
/// - SeeAlso: ISO 9735-1 §7 and §8, annex E (order of segments and groups of segments within a message).
package struct MessageGrammar: Sendable {
  /// A stand-alone data element or a composite.
  package struct Element: Sendable {
    package struct Component: Sendable {
      let name: String
      let isNumeric: Bool
      let positions: Int

      /// - Parameter positions: how many positions in a row it takes, for several values.
      package init(_ name: String, isNumeric: Bool = false, positions: Int = 1) {
        self.name = name
        self.isNumeric = isNumeric
        self.positions = positions
      }
    }

    let name: String
    let isNumeric: Bool
    let positions: Int
    let repetitions: Int
    let components: [Component]

    /// - Parameters:
    ///   - isNumeric: a number: its decimal mark is read as a point.
    ///   - positions: how many positions in a row it takes, for several values.
    ///   - repetitions: how often it may stand in one position, behind the repetition character.
    ///   - components: those of a composite; empty: a stand-alone data element.
    package init(_ name: String, isNumeric: Bool = false, positions: Int = 1, repetitions: Int = 1, components: [Component] = []) {
      self.name = name
      self.isNumeric = isNumeric
      self.positions = positions
      self.repetitions = repetitions
      self.components = components
    }
  }

  package struct Segment: Sendable {
    let name: String
    let min: Int
    let max: Int
    let elements: [Element]

    /// - Parameter name: the tag, or the tag and a point and what tells it from another of that tag in the same group: `UNS.S`.
    package init(_ name: String, min: Int, max: Int, elements: [Element]) {
      self.name = name
      self.min = min
      self.max = max
      self.elements = elements
    }
  }

  package struct Group: Sendable {
    let name: String
    let min: Int
    let max: Int
    let parts: [Part]

    package init(_ name: String, min: Int, max: Int, parts: [Part]) {
      self.name = name
      self.min = min
      self.max = max
      self.parts = parts
    }
  }

  package enum Part: Sendable {
    case segment(Segment)
    case group(Group)
  }

  /// Why a directory is none.
  package struct Invalid: Error, Hashable, Sendable {
    package let reason: String
  }

  // MARK: Compiled

  /// A segment or group as one row of a table.
  struct Node: Sendable {
    let name: String
    /// Of the segment, or of the group's trigger.
    let tag: SegmentTag
    let min: Int
    let max: Int
    /// Rows of what a group holds, in order; empty: a segment.
    var items: [Int]
    /// A segment's data elements by position behind the tag.
    let slots: [Slot]
  }

  /// One position of a segment.
  struct Slot: Sendable {
    let name: String
    let isNumeric: Bool
    let repetitions: Int
    /// Which of several positions of the element this is, from 0.
    let occurrence: Int
    let isComposite: Bool
    let components: [ComponentSlot]
  }

  /// One position of a composite.
  struct ComponentSlot: Sendable {
    let name: String
    let isNumeric: Bool
    let occurrence: Int
  }

  /// Row 0 is the interchange.
  private(set) var nodes: [Node] = []
  /// Values of data element 0065 that are taken; empty: all.
  let messageTypes: [String]

  private static let depth = 16
  private static let trailers = [SegmentTag.unt, .une, .unz]

  /// - Parameters:
  ///   - interchange: begins with UNB; trailers (UNT, UNE, UNZ) are no part of it: they are checked when read and made when written.
  ///   - messageTypes: values of data element 0065 that are taken; empty: all.
  /// - Throws: ``Invalid`` when the invariant does not hold.
  package init(_ interchange: Group, messageTypes: [String] = []) throws(Invalid) {
    self.messageTypes = messageTypes
    _ = try add(interchange, depth: 0)
    guard nodes[0].name == EDIFACTFormat.Names.interchange, nodes[0].tag == .unb else {
      throw Invalid(reason: "the root is not \(EDIFACTFormat.Names.interchange) with UNB at its beginning")
    }
    for node in nodes where !node.items.isEmpty {
      let expected: SegmentTag? =
        switch node.name {
        case EDIFACTFormat.Names.group: .ung
        case EDIFACTFormat.Names.message: .unh
        default: nil
        }
      if let expected, node.tag != expected { throw Invalid(reason: "\(node.name) begins with \(node.tag.text)") }
    }
  }

  private mutating func add(_ group: Group, depth: Int) throws(Invalid) -> Int {
    guard depth < Self.depth else { throw Invalid(reason: "groups are nested deeper than \(Self.depth)") }
    guard case .segment(let trigger)? = group.parts.first, trigger.min == 1, trigger.max == 1, let tag = Self.tag(trigger.name) else {
      throw Invalid(reason: "\(group.name) does not begin with a segment that occurs exactly once")
    }
    let row = nodes.count
    nodes.append(Node(name: group.name, tag: tag, min: group.min, max: group.max, items: [], slots: []))
    var names: Set<String> = []
    for part in group.parts {
      let item =
        switch part {
        case .segment(let segment): try add(segment)
        case .group(let inner): try add(inner, depth: depth + 1)
        }
      guard names.insert(nodes[item].name).inserted else { throw Invalid(reason: "\(nodes[item].name) stands twice in \(group.name)") }
      nodes[row].items.append(item)
    }
    return row
  }

  private mutating func add(_ segment: Segment) throws(Invalid) -> Int {
    guard let tag = Self.tag(segment.name), !Self.trailers.contains(tag) else {
      throw Invalid(reason: "\(segment.name) is no tag of a segment")
    }
    var slots: [Slot] = []
    var names: Set<String> = []
    for element in segment.elements {
      guard names.insert(element.name).inserted else { throw Invalid(reason: "\(element.name) stands twice in \(segment.name)") }
      guard element.positions == 1 || element.repetitions == 1 else {
        throw Invalid(reason: "\(element.name) of \(segment.name) has several positions and is repeated in one")
      }
      var components: [ComponentSlot] = []
      var inner: Set<String> = []
      for component in element.components {
        guard inner.insert(component.name).inserted else { throw Invalid(reason: "\(component.name) stands twice in \(element.name)") }
        for occurrence in 0..<component.positions {
          components.append(.init(name: component.name, isNumeric: component.isNumeric, occurrence: occurrence))
        }
      }
      for occurrence in 0..<element.positions {
        slots.append(
          Slot(
            name: element.name, isNumeric: element.isNumeric, repetitions: element.repetitions, occurrence: occurrence,
            isComposite: !element.components.isEmpty, components: components))
      }
    }
    nodes.append(Node(name: segment.name, tag: tag, min: segment.min, max: segment.max, items: [], slots: slots))
    return nodes.count - 1
  }

  /// The part of a segment's name before the point.
  static func tag(_ name: String) -> SegmentTag? { SegmentTag(name.utf8.prefix { $0 != 0x2E }) }
}
