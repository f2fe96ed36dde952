import Exchange
import Primitives

/// Keeps the sets of a few corridor-days, so that the questions of one run do not each read the whole day again, and makes one at a time.
///
/// A set that is kept may be behind the journal. That does no harm: what differs is looked at again before it is called a difference, and each run
/// begins with a set as new as the ledger.
actor ReconciliationSets {
  /// Most sets that are kept, most items in all of them, and most callers that wait.
  static let limitSets = 4
  static let limitItems = 2 << 20
  static let limitWaiting = 32
  /// How long the later questions of a run may use a set.
  private static let lifetimeSeconds: Int64 = 600

  private struct Kept {
    let corridor: ByteString
    let day: ByteString
    let set: ReconciliationSet
    let ledgerSize: Int
    let made: Instant
  }

  /// The one used last stands last.
  private var kept: [Kept] = []
  private var isBusy = false
  private var waiting: [CheckedContinuation<Void, Never>] = []

  /// - Parameters:
  ///   - ledgerSize: for the first question of a run: a set made at another size is made anew. nil: the one that is kept will do.
  ///   - make: reads the journal.
  /// - Throws: `reconcile.busy`, and what `make` throws.
  func set(
    corridor: String, day: String, ledgerSize: Int?, at now: Instant, make: @Sendable () async throws(CausewayError) -> ReconciliationSet
  ) async throws(CausewayError) -> ReconciliationSet {
    try await takeTurn()
    defer { giveTurn() }
    let (corridor, day) = (ByteString(corridor), ByteString(day))
    let index = kept.firstIndex { $0.corridor == corridor && $0.day == day }
    let found = index.map { kept.remove(at: $0) }
    if let found, now.milliseconds - found.made.milliseconds < Self.lifetimeSeconds * 1000,
      ledgerSize.map({ $0 == found.ledgerSize }) ?? true
    {
      kept.append(found)
      return found.set
    }
    let set = try await make()
    kept.append(Kept(corridor: corridor, day: day, set: set, ledgerSize: ledgerSize ?? -1, made: now))
    while kept.count > Self.limitSets || kept.reduce(0, { $0 + $1.set.count }) > Self.limitItems, kept.count > 1 { kept.removeFirst() }
    return set
  }

  private func takeTurn() async throws(CausewayError) {
    guard isBusy else {
      isBusy = true
      return
    }
    guard waiting.count < Self.limitWaiting else { throw CausewayError("reconcile.busy") }
    await withCheckedContinuation { waiting.append($0) }
  }

  private func giveTurn() {
    if waiting.isEmpty { isBusy = false } else { waiting.removeFirst().resume() }
  }
}
