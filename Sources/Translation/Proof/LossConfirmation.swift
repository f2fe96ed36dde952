package import Declarations
import Formats
package import Primitives

extension Translator {
  /// The loss matrix of an ordered pair of formats: an export declaration (or a document without direction) of the first in the second.
  ///
  /// - Parameters:
  ///   - withheld: dictionary ids that the corridor's release policy does not let go.
  ///   - shape: of the target's document; nil: the one that is written by default.
  ///   - declarations: how many generated declarations confirm it; what happens in them is counted, and what contradicts the matrix is named.
  ///   - release: the policy itself, for the generated declarations.
  /// - Throws: `write.kind_differs`, `write.shape_unknown`; codes of parsing and validating generated declarations.
  package func lossMatrix(
    from source: Profile, to target: Profile, shape: String? = nil, withheld: Set<String> = [], declarations: Int = 0,
    release: ((Declaration) throws(CausewayError) -> Declaration)? = nil
  ) throws(CausewayError) -> LossMatrix {
    guard source.document == target.document, var head = Declaration(source.document, in: library.dictionary) else {
      throw target.differs(from: source)
    }
    let direction: Direction? = !source.document.hasDirection ? nil : source.mirrors(in: target) ? .import : .export
    if let known = source.known, let direction { head[known.type] = Value(direction.rawValue) }
    let plan = try TranslationRun.plan(target, head, shape: shape)
    let elements = Set(withheld.compactMap { library.dictionary[id: $0] })
    let analysis = LossAnalysis(source: source, target: target, plan: plan, library: library, withheld: elements)
    var matrix = LossMatrix(
      from: source.name, to: target.name, direction: direction, shape: plan.variant.shape.map { target.structure.shapes[$0] },
      rows: analysis.rows())
    var confirmation = LossConfirmation(matrix, library.dictionary)
    for seed in 0..<UInt64(max(declarations, 0)) {
      let bytes = try source.sample(seed: seed, direction: source.document.hasDirection ? .export : nil)
      let valid = try validate(try parse(bytes, as: source), as: source)
      var released = try release?(valid.declaration) ?? valid.declaration
      if target.impliedFunction(plan) == .changes { released = released.amending }
      let translation = try write(valid, released: released, to: target, options: Options(shape: matrix.shape, replacesDraft: true))
      confirmation.add(translation.report, seed: seed)
    }
    matrix.rows = confirmation.rows
    matrix.contradictions = confirmation.contradictions
    matrix.declarations = declarations
    return matrix
  }
}

/// Holds what happens in generated declarations against a matrix.
struct LossConfirmation {
  private(set) var rows: [LossMatrix.Row]
  private(set) var contradictions: [LossMatrix.Contradiction] = []
  private var index: [ByteString: Int] = [:]

  private let dictionary: ElementDictionary

  init(_ matrix: LossMatrix, _ dictionary: ElementDictionary) {
    self.dictionary = dictionary
    rows = matrix.rows
    for (position, row) in rows.enumerated() { if let element = row.element { index[ByteString(element)] = position } }
  }

  mutating func add(_ report: TranslationReport, seed: UInt64) {
    for entry in report.entries {
      // A place without a value says nothing of the way that values take.
      guard let element = entry.element, entry.reason != .empty, dictionary[id: element].map({ !dictionary[$0].isGroup }) ?? false else {
        continue
      }
      guard let position = index[ByteString(element)] else {
        contradictions.append(.init(element: element, predicted: .open, seen: entry.action, reason: entry.reason, seed: seed))
        continue
      }
      rows[position].seen[entry.action, default: 0] += 1
      guard !Self.allows(rows[position], entry.action, entry.reason) else { continue }
      contradictions.append(
        .init(element: element, predicted: rows[position].class, seen: entry.action, reason: entry.reason, seed: seed))
    }
  }

  /// Whether a row lets something happen to a value.
  static func allows(_ row: LossMatrix.Row, _ action: Action, _ reason: Reason?) -> Bool {
    // Asked for: whatever the class, when the target requires the place and the source had nothing to say this time.
    if action == .missing { return row.isRequired }
    if action == .defaulted { return row.agreed != nil }
    // What a reason of the row allows, it allows whatever becomes of the other values.
    if let reason, row.conditions.contains(reason) { return true }
    if action == .lossy, reason == .notReversible, row.hasNotation { return true }
    switch (row.class, action) {
    case (.carried, .copied), (.converted, .converted), (.lossy, .copied), (.lossy, .converted), (.lossy, .lossy): return true
    // A format that says the value by itself, in one of its places.
    case (.carried, .implied), (.carried, .computed), (.lossy, .implied), (.lossy, .computed), (.computed, .computed): return true
    case (.computed, .implied): return true
    case (.computed, .copied), (.computed, .converted), (.computed, .lossy): return true
    case (.computed, .notCarried) where reason == .noPlace || reason == .conflict: return true
    case (.swapped, .swapped), (.swapped, .converted), (.swapped, .lossy), (.swapped, .implied): return true
    case (.ownSide, .notCarried): return reason == .ownSide
    case (.withheld, .withheld): return true
    case (.lossy, .notCarried), (.computed, .notCarried): return [.codeAmbiguous, .codeNoPeer, .codeUnknown].contains(reason)
    case (.missing, .notCarried): return reason == .noPlace || reason == .tooMany
    case (.supplement, .supplemented): return true
    default: return false
    }
  }
}
