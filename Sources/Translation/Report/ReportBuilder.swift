import Declarations
import Formats
import Primitives

/// Joins what reading, crossing, releasing and writing did into a report.
struct ReportBuilder {
  let reading: Reading
  let source: BoundDocument
  /// By draft node of the target: document node.
  let outputs: [Int32]
  /// As of ``Crossing/Result``.
  let swapped: [Action?]
  /// By node of the source: a leaf that does not come back as it was. Empty: it is not known.
  let changed: [Bool]
  /// The document is one part of several.
  let isPart: Bool
  private(set) var content = TranslationReport.Content()

  /// Nodes that hold a text of their own, or could: elements without child elements, and attributes.
  static func leaves(_ bound: BoundDocument) -> [Int32] {
    let document = bound.document
    var hasElements = [Bool](repeating: false, count: document.count)
    for index in 1..<Int32(max(document.count, 1)) {
      let id = Document.NodeID(index: index)
      if !document.isAttribute(id), let parent = document.parent(id) { hasElements[Int(parent.index)] = true }
    }
    var leaves: [Int32] = []
    leaves.reserveCapacity(document.count)
    for index in 0..<Int32(document.count) where bound.binding[Int(index)] != BoundDocument.content {
      let isLeaf = !hasElements[Int(index)]
      if document.hasText(.init(index: index)) {
        if isLeaf || bound.isFilled[Int(index)] { leaves.append(index) }
      } else if index > 0, isLeaf || bound.utf8(index) != nil {
        leaves.append(index)
      }
    }
    return leaves
  }

  mutating func add(_ writing: Writing, targetCount: Int) {
    content.tables = reading.tables
    // First target of each source node, for lines and units that belong to it.
    var isMentioned = [Bool](repeating: false, count: source.document.count)
    var eventOf = [Int32](repeating: -1, count: source.document.count)
    // What was lost before writing speaks for its further lines and units too.
    for (index, entry) in content.entries.enumerated() where entry.source >= 0 { eventOf[Int(entry.source)] = Int32(index) }
    content.entries.reserveCapacity(content.entries.count + writing.events.count + source.document.count)
    let firstInstance = content.instances.count - 1
    content.instances += repeatElement([], count: writing.instances.count - 1)
    let tables = (0..<Int16(writing.tables.count)).map { content.tables.number(of: writing.tables[$0]) }
    for event in writing.events {
      var mark = event.origin >= 0 ? reading.marks[Int(event.origin)] : nil
      if mark?.unconverted == event.element { mark?.action = .copied }
      var (action, reason, table) = Self.combine(mark, event, event.table < 0 ? -1 : tables[Int(event.table)])
      if event.target >= 0 || event.action == .implied, !swapped.isEmpty, let swap = swapped[Int(event.element.raw)], action != .lossy {
        action = swap
      }
      if event.origin >= 0 {
        isMentioned[Int(event.origin)] = true
        if eventOf[Int(event.origin)] < 0 { eventOf[Int(event.origin)] = Int32(content.entries.count) }
        if isChanged(event.origin), action == .copied || action == .converted {
          (action, reason) = (.lossy, reason ?? .notReversible)
        }
      }
      let instance = event.instance > 0 ? firstInstance + Int(event.instance) : 0
      if instance > 0, content.instances[instance].isEmpty { content.instances[instance] = writing.steps(event.instance) }
      content.entries.append(
        .init(
          element: event.element, instance: Int32(instance), source: event.origin,
          target: event.target < 0 ? -1 : outputs[Int(event.target)], action: action, reason: reason, table: table))
    }
    addRest(&isMentioned, eventOf)
    addTargets(writing.draft, eventOf, targetCount)
  }

  /// Leaves of the target that stand for no element: fixed values, what tells like elements apart, units, further lines, what a complement gave.
  private mutating func addTargets(_ draft: Draft, _ eventOf: [Int32], _ count: Int) {
    var isMentioned = [Bool](repeating: false, count: count)
    for entry in content.entries where entry.target >= 0 { isMentioned[Int(entry.target)] = true }
    for node in draft.nodes where node.output >= 0 && (node.text != nil || node.isNull) && !isMentioned[Int(node.output)] {
      if node.isRestored {
        content.entries.append(.init(target: node.output, action: .copied, reason: .complement))
      } else if node.origin >= 0, eventOf[Int(node.origin)] >= 0 {
        var entry = content.entries[Int(eventOf[Int(node.origin)])]
        entry.target = node.output
        content.entries.append(entry)
      } else {
        content.entries.append(.init(target: node.output, action: .implied, reason: .constant))
      }
    }
  }

  private func isChanged(_ node: Int32) -> Bool { !changed.isEmpty && changed[Int(node)] }

  /// Values of an element that the target reads by another edition than the source: carried as they are, and to be compared by somebody.
  mutating func mark(_ element: ElementIndex) {
    for index in content.entries.indices where content.entries[index].target >= 0 && content.entries[index].element == element {
      (content.entries[index].action, content.entries[index].reason) = (.lossy, .editionDiffers)
    }
  }

  /// Values that nobody declared.
  mutating func mark(_ taken: DefaultsTaken) {
    for index in content.entries.indices where content.entries[index].source < 0 && content.entries[index].target >= 0 {
      guard let path = content.path(content.entries[index]), taken.places[path] != nil else { continue }
      (content.entries[index].action, content.entries[index].reason) = (.defaulted, .agreed)
    }
  }

  mutating func add(_ lost: LostValue, _ action: Action, _ reason: Reason) {
    let steps = lost.path.steps
    if content.instances[content.instances.count - 1] != steps { content.instances.append(steps) }
    let instance = Int32(steps.isEmpty ? 0 : content.instances.count - 1)
    content.entries.append(.init(element: lost.path.element, instance: instance, source: lost.origin, action: action, reason: reason))
  }

  /// What the target requires and nothing gives, or where a complement could not be put back.
  mutating func addPlace(_ place: String, _ element: ElementIndex?, _ action: Action, _ reason: Reason) {
    content.entries.append(.init(element: element, place: Int32(content.places.count), action: action, reason: reason))
    content.places.append(place)
  }

  /// Leaves of the source that gave no value that was written.
  private mutating func addRest(_ isMentioned: inout [Bool], _ eventOf: [Int32]) {
    for entry in content.entries where entry.source >= 0 { isMentioned[Int(entry.source)] = true }
    for leaf in Self.leaves(source) where !isMentioned[Int(leaf)] {
      let mark = reading.marks[Int(leaf)]
      if let mark, mark.via >= 0, eventOf[Int(mark.via)] >= 0 {
        let main = content.entries[Int(eventOf[Int(mark.via)])]
        var entry = main
        entry.source = leaf
        if isChanged(leaf), entry.action == .copied || entry.action == .converted {
          (entry.action, entry.reason) = (.lossy, .notReversible)
        }
        content.entries.append(entry)
        continue
      }
      let isEmpty = !source.isFilled[Int(leaf)]
      var action = mark?.action ?? .notCarried
      if action == .copied || action == .converted || action == .lossy { action = .notCarried }
      let wasRead = mark?.element != nil && mark?.action != .notCarried
      let rest: Reason = isPart && wasRead ? .otherPart : .local
      let reason = mark?.reason ?? (isEmpty ? .empty : action == .notCarried ? rest : nil)
      content.entries.append(.init(element: mark?.element, source: leaf, action: action, reason: reason, table: mark?.table ?? -1))
    }
  }

  /// - Parameter table: the event's.
  private static func combine(_ mark: ReadMark?, _ event: WriteEvent, _ table: Int16) -> (Action, Reason?, Int16) {
    guard event.target >= 0 || event.action == .implied else { return (event.action, event.reason, table) }
    guard let mark else { return (event.origin < 0 && event.action == .copied ? .computed : event.action, event.reason, table) }
    if mark.action == .computed { return (.computed, mark.reason, table) }
    if event.action == .lossy { return (.lossy, event.reason, table) }
    if mark.action == .lossy { return (.lossy, mark.reason, mark.table < 0 ? table : mark.table) }
    if event.action == .converted { return (.converted, event.reason, table) }
    if mark.action == .converted { return (.converted, mark.reason, mark.table < 0 ? table : mark.table) }
    return (event.action, event.reason, table)
  }
}
