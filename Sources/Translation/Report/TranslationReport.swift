import Declarations
import Formats
import JSONTree
import Primitives

/// What became of every element: each leaf that the source has and each leaf that the target requires is in at least one entry.
///
/// Holds numbers; places and codes are made into texts when asked for.
package struct TranslationReport: Sendable {
  package struct Entry: Hashable, Sendable {
    /// Place in the declaration, such as `GoodsItem[3].Origin.CountryCode`; nil: no canonical element.
    package let path: String?
    /// Dictionary id.
    package let element: String?
    /// Pointer into the source document.
    package let source: String?
    /// Pointer into the target document; for what is missing, the keyed path of the place.
    package let target: String?
    package let action: Action
    package let reason: Reason?
    /// Table and version, such as `cn-country-to-iso@2018`.
    package let table: String?
    /// Codes before and after, when a table converted them.
    package let from: String?
    package let to: String?
  }

  struct Raw: Sendable {
    var element: ElementPath?
    /// Document nodes; -1: none.
    var source: Int32 = -1
    var target: Int32 = -1
    /// Instead of a node.
    var place: String?
    var action: Action
    var reason: Reason?
    var table: CodeListVersion?
  }

  let source: BoundDocument
  let target: BoundDocument
  let dictionary: ElementDictionary
  let from: String
  let to: String
  let make: @Sendable () -> [Raw]

  init(
    source: BoundDocument, target: BoundDocument, dictionary: ElementDictionary, from: String, to: String,
    make: @escaping @Sendable () -> [Raw]
  ) {
    self.source = source
    self.target = target
    self.dictionary = dictionary
    self.from = from
    self.to = to
    self.make = make
  }

  /// Number of entries by action.
  package var counts: [Action: Int] { Dictionary(uniqueKeysWithValues: Self.counts(make())) }

  private static func counts(_ raw: [Raw]) -> [(Action, Int)] {
    Action.allCases.map { action in (action, raw.count { $0.action == action }) }.filter { $0.1 > 0 }
  }

  /// All entries: by source place, then by target place.
  ///
  /// - Complexity: O(entries × depth), and O(nodes) once for each document.
  package var entries: [Entry] {
    var renderer = Renderer(self)
    return make().map { renderer.entry($0) }
  }

  /// Pointers to leaves of the source that no entry mentions: always empty; a test counts them.
  package var unmentionedSourceLeaves: [String] {
    var isMentioned = [Bool](repeating: false, count: source.document.count)
    for entry in make() where entry.source >= 0 { isMentioned[Int(entry.source)] = true }
    return ReportBuilder.leaves(source).filter { !isMentioned[Int($0)] }.map { source.document.pointer(.init(index: $0)) }
  }

  /// Makes the texts of entries.
  private struct Renderer {
    private let report: TranslationReport
    private var sourcePointers: DocumentPointers
    private var targetPointers: DocumentPointers

    init(_ report: TranslationReport) {
      self.report = report
      sourcePointers = DocumentPointers(report.source.document)
      targetPointers = DocumentPointers(report.target.document)
    }

    mutating func entry(_ raw: Raw) -> Entry {
      let isConverted = raw.table != nil && raw.reason != .scaled
      func text(_ document: BoundDocument, _ node: Int32) -> String? {
        guard isConverted, node >= 0 else { return nil }
        return document.utf8(node).map { String(decoding: $0, as: UTF8.self) }
      }
      let dictionary = report.dictionary
      return Entry(
        path: raw.element?.description(in: dictionary), element: raw.element.map { dictionary.id(of: $0.element) },
        source: raw.source < 0 ? nil : sourcePointers.pointer(.init(index: raw.source)),
        target: raw.target < 0 ? raw.place : targetPointers.pointer(.init(index: raw.target)), action: raw.action, reason: raw.reason,
        table: raw.table?.description, from: text(report.source, raw.source), to: text(report.target, raw.target))
    }
  }

  /// The stable JSON form (`schemas/translation-report.schema.json`).
  ///
  /// - Parameter pretty: as of ``JSONWriter``.
  package func serialized(pretty: Bool = false) -> [UInt8] {
    let raw = make()
    var writer = JSONWriter(pretty: pretty)
    writer.beginObject()
    writer.member("version", 1)
    writer.member("from", from)
    writer.member("to", to)
    writer.name("counts")
    writer.beginObject()
    for (action, count) in Self.counts(raw).sorted(by: { $0.0.rawValue < $1.0.rawValue }) { writer.member(action.rawValue, count) }
    writer.endObject()
    writer.name("entries")
    writer.beginArray()
    var renderer = Renderer(self)
    for raw in raw {
      let entry = renderer.entry(raw)
      writer.beginObject()
      writer.member("action", entry.action.rawValue)
      writer.member("reason", entry.reason?.rawValue)
      writer.member("path", entry.path)
      writer.member("element", entry.element)
      writer.member("source", entry.source)
      writer.member("target", entry.target)
      writer.member("table", entry.table)
      writer.member("from", entry.from)
      writer.member("to", entry.to)
      writer.endObject()
    }
    writer.endArray()
    writer.endObject()
    return writer.finish()
  }
}

/// Joins what reading, crossing, releasing and writing did into a report.
struct ReportBuilder {
  let reading: Reading
  let source: BoundDocument
  /// By draft node of the target: document node.
  let outputs: [Int32]
  let swapped: [ElementIndex: Action]
  /// Leaves of the source that do not come back as they were.
  let changed: Set<Int32>
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
    // Events of one instance follow each other.
    var instance: Int32 = 0
    var steps: [ElementPath.Step] = []
    for event in events {
      var mark = event.origin >= 0 ? reading.marks[Int(event.origin)] : nil
      if mark?.unconverted == event.element { mark?.action = .copied }
      var (action, reason, table) = Self.combine(mark, event)
      if event.target >= 0 || event.action == .implied, let swap = swapped[event.element], action != .lossy { action = swap }
      if event.origin >= 0 {
        isMentioned[Int(event.origin)] = true
        if eventOf[Int(event.origin)] < 0 { eventOf[Int(event.origin)] = Int32(raw.count) }
        if changed.contains(event.origin), action == .copied || action == .converted {
          (action, reason) = (.lossy, reason ?? .notReversible)
        }
      }
      if event.instance != instance { (instance, steps) = (event.instance, writing.steps(event.instance)) }
      raw.append(
        .init(
          element: ElementPath(event.element, in: steps), source: event.origin,
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
        if changed.contains(leaf), entry.action == .copied || entry.action == .converted {
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
