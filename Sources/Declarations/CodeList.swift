package import Primitives

/// One dated edition of a code list.
///
/// File: `<id>.csv` with the columns code, zh, en, valid_from, valid_to, note and any further ones; before the header the facts
/// `# source:`, `# version:` and, when the table holds only part of the published one, either `# prefixes:` (the first characters of
/// the codes that it covers wholly, separated by spaces) or `# coverage: partial`. A class, so that asking one copies a reference.
package final class CodeList: Sendable {
  package struct Entry: Hashable, Sendable {
    package let code: String
    /// Empty when the source gives none.
    package let zh: String
    package let en: String
    /// First and last day of validity, `YYYY-MM-DD`; nil: open.
    package let validFrom: String?
    package let validTo: String?
    package let note: String
    /// Values of the further columns, in the order of `extraColumns`.
    package let extra: [String]
  }

  /// What the list says about a code.
  package enum Standing: Hashable, Sendable {
    case listed
    case notListed
    /// Listed, but not valid on that day.
    case notValidThen
    /// The table at hand does not hold this part of the published list.
    case notCovered
  }

  /// How much of the published list the table holds.
  package enum Coverage: Hashable, Sendable {
    case whole
    /// All codes that start with one of these.
    case prefixes([String])
    case partial
  }

  package let id: String
  package let version: CodeListVersion
  package let source: String
  package let entries: [Entry]
  package let extraColumns: [String]
  package let coverage: Coverage
  private let index: CodeIndex

  private init(
    id: String, version: CodeListVersion, source: String, entries: [Entry], extraColumns: [String], coverage: Coverage, index: CodeIndex
  ) {
    self.id = id
    self.version = version
    self.source = source
    self.entries = entries
    self.extraColumns = extraColumns
    self.coverage = coverage
    self.index = index
  }

  /// The line of a code, or nil. Codes compare as UTF-8 bytes.
  ///
  /// - Complexity: O(length of the code).
  package func entry(_ code: String) -> Entry? { index.position(of: code).map { entries[$0] } }

  /// Whether the code is in the table and, if a day is given, valid on it.
  package func contains(_ code: String, on day: String? = nil) -> Bool { standing(code, on: day) == .listed }

  /// What validation asks: false only when the list is known not to have the code.
  package func accepts(_ code: String, on day: String? = nil) -> Bool {
    switch standing(code, on: day) {
    case .listed, .notCovered: true
    case .notListed, .notValidThen: false
    }
  }

  /// - Parameter day: `YYYY-MM-DD`; nil: validity does not count.
  package func standing(_ code: String, on day: String? = nil) -> Standing {
    guard let position = index.position(of: code) else {
      return switch coverage {
      case .whole: .notListed
      case .prefixes(let prefixes): prefixes.contains { code.utf8.starts(with: $0.utf8) } ? .notListed : .notCovered
      case .partial: .notCovered
      }
    }
    guard let day else { return .listed }
    let entry = entries[position]
    if let from = entry.validFrom, day.utf8.lexicographicallyPrecedes(from.utf8) { return .notValidThen }
    if let to = entry.validTo, to.utf8.lexicographicallyPrecedes(day.utf8) { return .notValidThen }
    return .listed
  }

  /// English and Chinese name of a code.
  package func label(_ code: String) -> (en: String, zh: String)? { entry(code).map { ($0.en, $0.zh) } }

  /// Value of a further column for a code; nil when there is no such code or column.
  package func extra(_ column: String, of code: String) -> String? {
    guard let column = extraColumns.firstIndex(of: column), let entry = entry(code) else { return nil }
    return entry.extra[column]
  }

  /// Reads a list.
  ///
  /// - Throws: `config.csv_malformed`, `config.codelist_invalid` with file, line and reason; a duplicate code is refused.
  package static func load(csv: [UInt8], id: String, file: String) throws(CausewayError) -> CodeList {
    let table = try CSVTable.parse(csv, file: file)
    func invalid(_ reason: String, line: Int = 1) -> CausewayError {
      CausewayError("config.codelist_invalid", pointer: file, line: line, facts: ["list": id, "reason": reason])
    }
    let required = ["code", "zh", "en", "valid_from", "valid_to", "note"]
    guard table.columns.starts(with: required) else { throw invalid("the columns do not start with \(required.joined(separator: ","))") }
    guard let source = table.facts["source"], let version = table.facts["version"], !source.isEmpty, !version.isEmpty else {
      throw invalid("source or version is not given")
    }
    var index = CodeIndex(capacity: table.rows.count + 1)
    var entries: [Entry] = []
    entries.reserveCapacity(table.rows.count)
    for row in table.rows {
      let fields = row.fields
      guard ElementType.code(35).canonical(fields[0]) == fields[0], !fields[0].isEmpty else {
        throw invalid("a code is empty or no code", line: row.line)
      }
      for day in fields[3...4] where ElementType.date.canonical(day) == nil {
        throw invalid("a day of validity is no date", line: row.line)
      }
      guard index.insert(fields[0]) else { throw invalid("the code \(fields[0]) is there already", line: row.line) }
      entries.append(
        Entry(
          code: fields[0], zh: fields[1], en: fields[2], validFrom: fields[3].isEmpty ? nil : fields[3],
          validTo: fields[4].isEmpty ? nil : fields[4], note: fields[5], extra: Array(fields[6...])))
    }
    let prefixes = (table.facts["prefixes"] ?? "").split(separator: " ").map(String.init)
    let coverage: Coverage
    switch table.facts["coverage"] {
    case nil: coverage = prefixes.isEmpty ? .whole : .prefixes(prefixes)
    case "partial" where prefixes.isEmpty: coverage = .partial
    default: throw invalid("coverage is `partial`, or prefixes are given, not both")
    }
    return CodeList(
      id: id, version: CodeListVersion(list: id, version: version), source: source, entries: entries,
      extraColumns: Array(table.columns.dropFirst(required.count)), coverage: coverage, index: index)
  }
}
