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
  var raw: [TranslationReport.Raw] = []

  /// Nodes that hold a text of their own, or could: elements without child elements, and attributes.
  static func leaves(_ bound: BoundDocument) -> [Int32] {
    let document = bound.document
    var leaves: [Int32] = []
    for index in 0..<Int32(document.count) where bound.binding[Int(index)] != BoundDocument.content {
      let id = Document.NodeID(index: index)
      let hasElements = document.kind(id) == .element && document.hasElements(id)
      guard let text = document.utf8(id) else {
        if index > 0, !hasElements || bound.utf8(index) != nil { leaves.append(index) }
        continue
      }
      if !hasElements || !LeafType.trimmed(text).isEmpty { leaves.append(index) }
    }
    return leaves
  }

  mutating func add(_ writing: Writing, events: [WriteEvent]) {
    // First target of each source node, for lines and units that belong to it.
    var isMentioned = [Bool](repeating: false, count: source.document.count)
    var eventOf = [Int32](repeating: -1, count: source.document.count)
    // What was lost before writing speaks for its further lines and units too.
    for (index, entry) in raw.enumerated() where entry.source >= 0 { eventOf[Int(entry.source)] = Int32(index) }
    raw.reserveCapacity(raw.count + events.count + source.document.count)
    var steps = [[ElementPath.Step]](repeating: [], count: writing.instances.count)
    for event in events {
      var mark = event.origin >= 0 ? reading.marks[Int(event.origin)] : nil
      if mark?.unconverted == event.element { mark?.action = .copied }
      var (action, reason, table) = Self.combine(mark, event)
      if event.target >= 0 || event.action == .implied, !swapped.isEmpty, let swap = swapped[Int(event.element.raw)], action != .lossy {
        action = swap
      }
      if event.origin >= 0 {
        isMentioned[Int(event.origin)] = true
        if eventOf[Int(event.origin)] < 0 { eventOf[Int(event.origin)] = Int32(raw.count) }
        if isChanged(event.origin), action == .copied || action == .converted {
          (action, reason) = (.lossy, reason ?? .notReversible)
        }
      }
      let instance = Int(event.instance)
      if instance > 0, steps[instance].isEmpty { steps[instance] = writing.steps(event.instance) }
      raw.append(
        .init(
          element: ElementPath(event.element, in: steps[instance]), source: event.origin,
          target: event.target < 0 ? -1 : outputs[Int(event.target)],
          action: action, reason: reason, table: table ?? event.table))
      table = nil
    }
    addRest(&isMentioned, eventOf)
    addTargets(writing.draft, eventOf)
  }

  /// Leaves of the target that stand for no element: fixed values, what tells like elements apart, units, further lines, what a complement gave.
  private mutating func addTargets(_ draft: Draft, _ eventOf: [Int32]) {
    let mentioned = Set(raw.map(\.target))
    for node in draft.nodes where node.output >= 0 && (node.text != nil || node.isNull) && !mentioned.contains(node.output) {
      if node.isRestored {
        raw.append(.init(target: node.output, action: .copied, reason: .complement))
      } else if node.origin >= 0, eventOf[Int(node.origin)] >= 0 {
        var entry = raw[Int(eventOf[Int(node.origin)])]
        entry.target = node.output
        raw.append(entry)
      } else {
        raw.append(.init(target: node.output, action: .implied, reason: .constant))
      }
    }
  }

  private func isChanged(_ node: Int32) -> Bool { !changed.isEmpty && changed[Int(node)] }

  /// Values of an element that the target reads by another edition than the source: carried as they are, and to be compared by somebody.
  mutating func mark(_ element: ElementIndex) {
    for index in raw.indices where raw[index].target >= 0 && raw[index].element?.element == element {
      (raw[index].action, raw[index].reason) = (.lossy, .editionDiffers)
    }
  }

  /// Values that nobody declared.
  mutating func mark(_ taken: DefaultsTaken) {
    for index in raw.indices where raw[index].source < 0 && raw[index].target >= 0 {
      guard let path = raw[index].element, taken.places[path] != nil else { continue }
      (raw[index].action, raw[index].reason) = (.defaulted, .agreed)
    }
  }

  mutating func addLost(_ path: ElementPath, _ value: Value, _ action: Action, _ reason: Reason) {
    raw.append(.init(element: path, source: value.origin, action: action, reason: reason))
  }

  /// Leaves of the source that gave no value that was written.
  private mutating func addRest(_ isMentioned: inout [Bool], _ eventOf: [Int32]) {
    for entry in raw where entry.source >= 0 { isMentioned[Int(entry.source)] = true }
    for leaf in Self.leaves(source) where !isMentioned[Int(leaf)] {
      let mark = reading.marks[Int(leaf)]
      if let mark, mark.via >= 0, eventOf[Int(mark.via)] >= 0 {
        let main = raw[Int(eventOf[Int(mark.via)])]
        var entry = main
        entry.source = leaf
        if isChanged(leaf), entry.action == .copied || entry.action == .converted {
          (entry.action, entry.reason) = (.lossy, .notReversible)
        }
        raw.append(entry)
        continue
      }
      let isEmpty = source.filled(leaf) == nil
      var action = mark?.action ?? .notCarried
      if action == .copied || action == .converted || action == .lossy { action = .notCarried }
      let wasRead = mark?.element != nil && mark?.action != .notCarried
      let rest: Reason = isPart && wasRead ? .otherPart : .local
      let reason = mark?.reason ?? (isEmpty ? .empty : action == .notCarried ? rest : nil)
      raw.append(.init(element: mark?.element.map { ElementPath($0) }, source: leaf, action: action, reason: reason, table: mark?.table))
    }
  }

  private static func combine(_ mark: ReadMark?, _ event: WriteEvent) -> (Action, Reason?, CodeListVersion?) {
    guard event.target >= 0 || event.action == .implied else { return (event.action, event.reason, event.table) }
    guard let mark else { return (event.origin < 0 && event.action == .copied ? .computed : event.action, event.reason, event.table) }
    if mark.action == .computed { return (.computed, mark.reason, event.table) }
    if event.action == .lossy { return (.lossy, event.reason, event.table) }
    if mark.action == .lossy { return (.lossy, mark.reason, mark.table) }
    if event.action == .converted { return (.converted, event.reason, event.table) }
    if mark.action == .converted { return (.converted, mark.reason, mark.table) }
    return (event.action, event.reason, event.table)
  }
}
