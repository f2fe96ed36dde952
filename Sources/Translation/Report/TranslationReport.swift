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

    /// A code stands for another: both are told.
    var isConverted: Bool { table != nil && reason != .scaled }
  }

  let source: BoundDocument
  let target: BoundDocument
  let dictionary: ElementDictionary
  let from: String
  let to: String
  /// Of commodity codes, when the two sides' are not the same.
  let editions: HSEditions.Difference?
  /// Of which values were taken; nil: none were.
  let defaults: DefaultsTaken?
  let make: @Sendable () -> [Raw]

  init(
    source: BoundDocument, target: BoundDocument, dictionary: ElementDictionary, from: String, to: String, editions: HSEditions.Difference?,
    defaults: DefaultsTaken? = nil, make: @escaping @Sendable () -> [Raw]
  ) {
    self.source = source
    self.target = target
    self.dictionary = dictionary
    self.from = from
    self.to = to
    self.editions = editions
    self.defaults = defaults
    self.make = make
  }

  /// Number of entries by action.
  package var counts: [Action: Int] { Dictionary(uniqueKeysWithValues: Self.counts(make())) }

  private static func counts(_ raw: [Raw]) -> [(Action, Int)] {
    var counts = [Int](repeating: 0, count: Action.allCases.count)
    for entry in raw { counts[entry.action.index] += 1 }
    return Action.allCases.map { ($0, counts[$0.index]) }.filter { $0.1 > 0 }
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
      func text(_ document: BoundDocument, _ node: Int32) -> String? {
        guard raw.isConverted, node >= 0 else { return nil }
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
  /// - Parameter pretty: for people, as ``JSONText/indented(_:)``.
  package func serialized(pretty: Bool = false) -> [UInt8] {
    let raw = make()
    var writer = ReportWriter(self, entries: raw.count)
    writer.head(
      from: from, to: to, editions: editions, defaults: defaults?.defaults.name,
      counts: Self.counts(raw).sorted { $0.0.rawValue < $1.0.rawValue })
    for (index, raw) in raw.enumerated() { writer.entry(raw, isFirst: index == 0) }
    let text = writer.finish()
    return pretty ? JSONText.indented(text) : text
  }
}
