package import Primitives

/// A table from the codes of one list (a national one) to those of another (the canonical one), good in both directions.
///
/// File: `conversions/<id>.csv` with the columns from, to, kind, note; before the header the facts `# from:`, `# to:` (list ids),
/// `# source:`, `# version:`. A table never guesses: what is not one-to-one is said to be ambiguous.
package struct CodeConversion: Sendable {
  /// What kind of step a row is.
  package enum Kind: String, Sendable {
    /// Both codes mean the same.
    case exact
    /// As exact, and the one to choose on the way back when several codes lead to the same one.
    case preferred
    /// The code on the other side says less, or the usual case of several.
    case lossy
    /// The code on the other side is another unit: the quantity is multiplied.
    case scaled
    /// The code has several peers; each has a row.
    case ambiguous
    /// The row holds on the way back only.
    case reverse
    /// The code is known and has no peer.
    case none
  }

  /// How exact a conversion was.
  package enum Fidelity: Hashable, Sendable {
    case exact
    case lossy
    /// The quantity in the new unit is the quantity in the old one times this factor.
    case scaled(ExactDecimal)
  }

  package enum Outcome: Hashable, Sendable {
    case mapped(String, Fidelity)
    /// Several peers, in table order; a human has to choose.
    case ambiguous([String])
    /// The code is known and has no peer: not converted.
    case none
    /// The source list does not have the code.
    case unknown
  }

  package struct Row: Hashable, Sendable {
    package let from: String
    /// Empty for `none`.
    package let to: String
    package let kind: Kind
    /// For `scaled`.
    package let factor: ExactDecimal?
    package let note: String
  }

  package let id: String
  package let version: CodeListVersion
  package let source: String
  package let from: CodeList
  package let to: CodeList
  package let rows: [Row]
  private let forwardIndex: CodeIndex
  private let reverseIndex: CodeIndex
  private let forwardOutcomes: [Outcome]
  private let reverseOutcomes: [Outcome]

  /// From the national code to the canonical one.
  ///
  /// - Complexity: O(length of the code).
  package func forward(_ code: String) -> Outcome {
    if let position = forwardIndex.position(of: code) { return forwardOutcomes[position] }
    return from.accepts(code) ? .none : .unknown
  }

  /// From the canonical code to the national one.
  ///
  /// - Complexity: O(length of the code).
  package func reverse(_ code: String) -> Outcome {
    if let position = reverseIndex.position(of: code) { return reverseOutcomes[position] }
    return to.accepts(code) ? .none : .unknown
  }

  /// Reads a table.
  ///
  /// - Throws: `config.csv_malformed`, `config.codelist_invalid` with file, line and reason: a list that is not known, a code that its list
  ///   does not have, a second row of a code whose rows are not all ambiguous, a factor that is missing.
  package static func load(
    csv: [UInt8], id: String, file: String, lists: (String) -> CodeList?
  ) throws(CausewayError) -> CodeConversion {
    let table = try CSVTable.parse(csv, file: file)
    func invalid(_ reason: String, line: Int = 1) -> CausewayError {
      CausewayError("config.codelist_invalid", pointer: file, line: line, facts: ["list": id, "reason": reason])
    }
    guard table.columns == ["from", "to", "kind", "note"] else { throw invalid("the columns are not from,to,kind,note") }
    guard let source = table.facts["source"], let version = table.facts["version"], !source.isEmpty, !version.isEmpty else {
      throw invalid("source or version is not given")
    }
    guard let from = lists(table.facts["from"] ?? ""), let to = lists(table.facts["to"] ?? "") else {
      throw invalid("the list that it leads from or to is not known")
    }
    var forward = CodeIndex(capacity: table.rows.count + 1)
    var reverse = CodeIndex(capacity: table.rows.count + 1)
    var rows: [Row] = []
    var byFrom: [[Int]] = []
    var byTo: [[Int]] = []
    for line in table.rows {
      let row = try row(line, file: file, id: id)
      guard from.contains(row.from) else { throw invalid("\(row.from) is not in \(from.id)", line: line.line) }
      guard row.to.isEmpty || to.contains(row.to) else { throw invalid("\(row.to) is not in \(to.id)", line: line.line) }
      let first = forward.insert(row.from)
      if first { byFrom.append([]) }
      guard let key = forward.position(of: row.from) else { throw invalid("the table cannot be indexed", line: line.line) }
      if row.kind != .reverse {
        let others = byFrom[key].map { rows[$0] }
        guard others.isEmpty || (row.kind == .ambiguous && others.allSatisfy { $0.kind == .ambiguous }) else {
          throw invalid("\(row.from) is there already and is not ambiguous throughout", line: line.line)
        }
        byFrom[key].append(rows.count)
      }
      if !row.to.isEmpty {
        if reverse.insert(row.to) { byTo.append([]) }
        guard let key = reverse.position(of: row.to) else { throw invalid("the table cannot be indexed", line: line.line) }
        let others = byTo[key].map { rows[$0] }
        guard !others.contains(where: { $0.from.hasSameBytes(as: row.from) }) else {
          throw invalid("\(row.from) to \(row.to) is there already", line: line.line)
        }
        guard row.kind != .preferred || !others.contains(where: { $0.kind == .preferred }) else {
          throw invalid("\(row.to) has two preferred peers", line: line.line)
        }
        byTo[key].append(rows.count)
      }
      rows.append(row)
    }
    for (key, positions) in byFrom.enumerated() where positions.count == 1 && rows[positions[0]].kind == .ambiguous {
      throw invalid("\(forward.codes[key]) is called ambiguous and has one peer")
    }
    return CodeConversion(
      id: id, version: CodeListVersion(list: id, version: version), source: source, from: from, to: to, rows: rows,
      forwardIndex: forward, reverseIndex: reverse, forwardOutcomes: byFrom.map { forwardOutcome($0.map { rows[$0] }) },
      reverseOutcomes: byTo.map { reverseOutcome($0.map { rows[$0] }) })
  }

  private static func row(_ line: CSVTable.Row, file: String, id: String) throws(CausewayError) -> Row {
    func invalid(_ reason: String) -> CausewayError {
      CausewayError("config.codelist_invalid", pointer: file, line: line.line, facts: ["list": id, "reason": reason])
    }
    let fields = line.fields
    guard let kind = Kind(rawValue: fields[2]) else { throw invalid("the kind \(fields[2]) is not known") }
    guard !fields[0].isEmpty, fields[1].isEmpty == (kind == .none) else {
      throw invalid("a code is missing, or a row of kind none has one too many")
    }
    var factor: ExactDecimal?
    if kind == .scaled {
      let word = fields[3].split(separator: " ").first ?? ""
      factor = word.utf8.first == 0x78 ? ExactDecimal(String(word.dropFirst())) : nil
      guard let factor, factor.mantissa > 0 else { throw invalid("the note of a scaled row starts with its factor, such as x1000") }
    }
    return Row(from: fields[0], to: fields[1], kind: kind, factor: factor, note: fields[3])
  }

  private static func forwardOutcome(_ rows: [Row]) -> Outcome {
    guard let row = rows.first else { return .none }
    return switch row.kind {
    case .exact, .preferred: .mapped(row.to, .exact)
    case .lossy: .mapped(row.to, .lossy)
    case .scaled: .mapped(row.to, row.factor.map { .scaled($0) } ?? .lossy)
    case .ambiguous: .ambiguous(rows.map(\.to))
    case .reverse, .none: .none
    }
  }

  /// A scaled row is not walked back: the unit on this side would be another one than the sender meant.
  private static func reverseOutcome(_ rows: [Row]) -> Outcome {
    if let preferred = rows.first(where: { $0.kind == .preferred }) { return .mapped(preferred.from, .exact) }
    let candidates = rows.filter { $0.kind != .scaled }
    guard let first = candidates.first else { return .none }
    guard candidates.count == 1 else { return .ambiguous(candidates.map(\.from)) }
    return .mapped(first.from, first.kind == .exact ? .exact : .lossy)
  }
}
