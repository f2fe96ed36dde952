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

  /// An entry in numbers: no references, since there are as many as the documents have leaves.
  struct Raw: Sendable {
    var element: ElementIndex?
    /// Where the element stands: index into the content's instances.
    var instance: Int32 = 0
    /// Document nodes; -1: none.
    var source: Int32 = -1
    var target: Int32 = -1
    /// Instead of a node: index into the content's places; -1: none.
    var place: Int32 = -1
    var action: Action
    var reason: Reason?
    /// Index into the content's tables; -1: none.
    var table: Int16 = -1

    /// A code stands for another: both are told.
    var isConverted: Bool { table >= 0 && reason != .scaled }
  }

  /// All entries, and what they name by number.
  struct Content: Sendable {
    var entries: [Raw] = []
    /// The first one is the root.
    var instances: [[ElementPath.Step]] = [[]]
    var places: [String] = []
    var tables = UsedTables()

    func path(_ raw: Raw) -> ElementPath? { raw.element.map { ElementPath($0, in: instances[Int(raw.instance)]) } }
    func place(_ raw: Raw) -> String? { raw.place < 0 ? nil : places[Int(raw.place)] }
    func table(_ raw: Raw) -> CodeListVersion? { tables[raw.table] }
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
  let make: @Sendable () -> Content

  init(
    source: BoundDocument, target: BoundDocument, dictionary: ElementDictionary, from: String, to: String, editions: HSEditions.Difference?,
    defaults: DefaultsTaken? = nil, make: @escaping @Sendable () -> Content
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
  package var counts: [Action: Int] { Dictionary(uniqueKeysWithValues: Self.counts(make().entries)) }

  private static func counts(_ raw: [Raw]) -> [(Action, Int)] {
    var counts = [Int](repeating: 0, count: Action.allCases.count)
    for entry in raw { counts[entry.action.index] += 1 }
    return Action.allCases.map { ($0, counts[$0.index]) }.filter { $0.1 > 0 }
  }

  /// All entries: by source place, then by target place.
  ///
  /// - Complexity: O(entries × depth), and O(nodes) once for each document.
  package var entries: [Entry] {
    let content = make()
    var renderer = Renderer(self, content)
    return content.entries.map { renderer.entry($0) }
  }

  /// Pointers to leaves of the source that no entry mentions: always empty; a test counts them.
  package var unmentionedSourceLeaves: [String] {
    var isMentioned = [Bool](repeating: false, count: source.document.count)
    for entry in make().entries where entry.source >= 0 { isMentioned[Int(entry.source)] = true }
    return ReportBuilder.leaves(source).filter { !isMentioned[Int($0)] }.map { source.document.pointer(.init(index: $0)) }
  }

  /// Makes the texts of entries.
  private struct Renderer {
    private let report: TranslationReport
    private let content: Content
    private var sourcePointers: DocumentPointers
    private var targetPointers: DocumentPointers

    init(_ report: TranslationReport, _ content: Content) {
      self.report = report
      self.content = content
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
        path: content.path(raw)?.description(in: dictionary), element: raw.element.map { dictionary.id(of: $0) },
        source: raw.source < 0 ? nil : sourcePointers.pointer(.init(index: raw.source)),
        target: raw.target < 0 ? content.place(raw) : targetPointers.pointer(.init(index: raw.target)), action: raw.action,
        reason: raw.reason, table: content.table(raw)?.description, from: text(report.source, raw.source),
        to: text(report.target, raw.target))
    }
  }

  /// The stable JSON form (`schemas/translation-report.schema.json`).
  ///
  /// - Parameter pretty: for people, as ``JSONText/indented(_:)``.
  package func serialized(pretty: Bool = false) -> [UInt8] {
    let content = make()
    var writer = ReportWriter(self, content)
    writer.head(
      from: from, to: to, editions: editions, defaults: defaults?.defaults.name,
      counts: Self.counts(content.entries).sorted { $0.0.rawValue < $1.0.rawValue })
    for (index, raw) in content.entries.enumerated() { writer.entry(raw, isFirst: index == 0) }
    let text = writer.finish()
    return pretty ? JSONText.indented(text) : text
  }
}
