package import Primitives

/// The asker's side of a comparison of two sets: goes down into the ranges whose fingerprints differ until it has the items that do.
///
/// Does no I/O: the caller carries ``next()`` to the partner and brings the answer to ``take(_:to:)``. Two equal sets cost one question. With *d*
/// differences in *n* items about *d* · log₁₆ *n* ranges are asked for.
///
/// - Invariant: whatever the partner answers, there are at most ``limitQuestions`` questions, ``limitDifferences`` differences, and
///   as many ranges waiting as one question can bring for each digit of a key.
package struct ReconciliationRun: Sendable {
  package static let limitQuestions = 256
  package static let limitDifferences = 1000

  package let corridor: String
  package let day: String
  package let own: ReconciliationSet
  /// Questions so far.
  package private(set) var questions = 0
  /// What the partner said of its whole set when it was first asked.
  package private(set) var partner: ReconciliationAnswer.Summary?
  /// Subjects that one side has and the other has not, or has with another value. In no order, none twice.
  package private(set) var differences: [ReconciliationSubject] = []
  /// Whether a limit has ended the run before all ranges were compared: then there are more differences than it has found.
  package private(set) var isCut = false
  /// Ranges that differ and have not been asked for, the next ones last.
  private var waiting: [KeyPrefix] = [.all]

  package init(corridor: String, day: String, own: ReconciliationSet) {
    self.corridor = corridor
    self.day = day
    self.own = own
  }

  /// What to ask next; nil when the comparison has ended.
  package mutating func next() -> ReconciliationQuestion? {
    guard !waiting.isEmpty, !isCut else { return nil }
    guard questions < Self.limitQuestions else {
      isCut = true
      return nil
    }
    questions += 1
    let ranges = waiting.suffix(ReconciliationQuestion.limitParts)
    waiting.removeLast(ranges.count)
    return ReconciliationQuestion(corridor: corridor, day: day, ranges: ranges.reversed())
  }

  /// Takes the answer to the question that ``next()`` gave last.
  ///
  /// - Throws: `reconcile.answer_invalid` when the set's fingerprint differs from ours and those of all its parts do not.
  package mutating func take(_ answer: ReconciliationAnswer, to question: ReconciliationQuestion) throws(CausewayError) {
    if partner == nil { partner = answer.set }
    if question.ranges == [.all], answer.set == own.summary { return }
    var found: [KeyPrefix] = []
    for (prefix, range) in zip(question.ranges, answer.ranges) {
      switch range {
      case .split(let parts):
        let differing = zip(prefix.children, parts).filter { own.fingerprint(of: $0) != $1 }
        guard prefix != .all || !differing.isEmpty else { throw ReconciliationAnswer.invalid("set") }
        found += differing.map(\.0)
      case .items(let items): compare(items, in: prefix)
      }
    }
    waiting += found.reversed()
  }

  private mutating func compare(_ items: [ReconciliationItem], in prefix: KeyPrefix) {
    let theirs = Dictionary(items.map { ($0.subject, $0.value) }) { first, _ in first }
    // A few more of our own than the limit are enough to pass it: the rest of a large range need not be made.
    let ours = own.items(in: prefix, atMost: Self.limitDifferences + ReconciliationSet.listed + 1)
    let known = Set(ours.map(\.subject))
    for item in ours where theirs[item.subject] != item.value { note(item.subject) }
    for item in items where !known.contains(item.subject) { note(item.subject) }
  }

  private mutating func note(_ subject: ReconciliationSubject) {
    guard differences.count < Self.limitDifferences else {
      isCut = true
      return
    }
    differences.append(subject)
  }
}
