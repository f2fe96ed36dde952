package import Ledger
package import Primitives

/// The one door for writes: whoever wants something written hands over a ``Change`` and waits until it is durable.
///
/// Changes that arrive while a transaction is being committed wait and then go together into the next one, so that the cost of
/// making things durable is shared. Reads go beside the door and wait for nobody.
///
/// - Invariant: a checkpoint is handed out only after everything under it is durable, so the log never shows two histories.
package actor Journal {
  /// Bounds of what waits and of what goes together.
  package struct Limits: Sendable {
    /// Changes that may wait; more are refused with `journal.overloaded`.
    package var queuedChanges = 4096
    /// Bytes that may wait, roughly. A single larger change is let through when nothing else waits.
    package var queuedBytes = 256 << 20
    package var groupChanges = 256
    /// A group holds at least one change, however large.
    package var groupBytes = 16 << 20

    package init() {}
  }

  /// Counters since the journal was opened.
  package struct Statistics: Hashable, Sendable {
    package var groups = 0
    package var changes = 0
    package var conflicts = 0
    package var failures = 0
    package var entries = 0
    package var largestGroup = 0
    /// Changes that wait now.
    package var queued = 0
  }

  /// The ledger's key and name, which the journal was created with.
  package nonisolated let verifierKey: VerifierKey

  let store: any JournalStore
  private let signer: CheckpointSigner
  private let clock: any WallClock
  private let queue: ChangeQueue

  private var checkpoint: SignedCheckpoint?
  private var counters = Statistics()

  /// Why writing has stopped, or nil. Set once; only a restart clears it.
  package var fault: CausewayError? { queue.fault }

  private init(store: any JournalStore, signer: CheckpointSigner, clock: any WallClock, limits: Limits) {
    self.store = store
    self.signer = signer
    self.clock = clock
    queue = ChangeQueue(limits: limits)
    verifierKey = signer.verifierKey
  }

  /// Opens the journal in a store, creating its ledger when the store is empty.
  ///
  /// Checks that head, subtrees, last entries and last checkpoint agree. When they do not, the journal opens with ``fault`` set:
  /// it serves reads and refuses writes.
  ///
  /// - Parameter signer: name and key of the ledger. Pinned when the ledger is created.
  /// - Throws: `journal.ledger_origin` when the store belongs to another name or key; what the store throws.
  package static func open(
    _ store: any JournalStore, signer: CheckpointSigner, clock: any WallClock, limits: Limits = Limits()
  ) async throws(CausewayError) -> Journal {
    let journal = Journal(store: store, signer: signer, clock: clock, limits: limits)
    try await journal.start()
    return journal
  }

  private func start() async throws(CausewayError) {
    let (signer, now) = (signer, clock.now())
    try await store.write { transaction throws(CausewayError) in
      guard try transaction.value(StoredValue.verifierKey) == nil else { return }
      // A ledger without its key is not new: it lost something.
      guard try transaction.entries(from: 0, limit: 1).isEmpty else { throw CausewayError("journal.ledger_origin") }
      let empty = try signer.sign(size: 0, root: MerkleTree.emptyRoot)
      try transaction.setValue(StoredValue.verifierKey, Array(signer.verifierKey.description.utf8))
      try transaction.save(LedgerHead())
      try transaction.insert(StoredCheckpoint(size: 0, root: empty.root, note: empty.note, time: now))
    }
    do {
      checkpoint = try await store.read { reader throws(CausewayError) in
        guard try reader.value(StoredValue.verifierKey) == Array(signer.verifierKey.description.utf8) else {
          throw CausewayError("journal.ledger_origin")
        }
        try LedgerSoundness.checkTail(of: try reader.ledgerHead(), reader)
        return try LedgerSoundness.checkpoint(in: reader, known: nil, key: signer.verifierKey)
      }
    } catch  where error.code == "journal.ledger_unsound" || error.code == "journal.row_invalid" {
      queue.stop(error)
    }
  }

  /// Commits a change. Returns when it is durable, or when it is known that nothing of it was written.
  ///
  /// - Returns: `committed`, or `conflict` when a precondition or an expectation does not hold.
  /// - Throws: `journal.overloaded`, `journal.closed`, `journal.faulted`; `ledger.draft_invalid`, `ledger.entry_too_large`; what
  ///   `finish` throws; `journal.storage_full`, `journal.busy`, `journal.unreachable` and `journal.commit_unknown`, which may be tried again; `journal.storage`,
  ///   `journal.commit_failed`, `journal.read_back`, `journal.ledger_unsound`, after which writing has stopped.
  package nonisolated(nonsending) func commit(_ change: Change) async throws(CausewayError) -> Change.Outcome {
    switch await queue.turn(for: change) {
    case .decided(let verdict): return try verdict.get()
    case .lead:
      await queue.waitForCompany()
      return try await commitGroup(of: change).get()
    }
  }

  /// Commits a change with those that wait, wakes them, and hands the turn over.
  private func commitGroup(of change: Change) async -> GroupWriter.Verdict {
    let followers = queue.takeFollowers(of: change.weight)
    let verdicts = await write([change] + followers.map(\.change))
    for (follower, verdict) in zip(followers, verdicts.dropFirst()) { follower.continuation.resume(returning: .decided(verdict)) }
    queue.handOver()
    return verdicts[0]
  }

  /// Runs the body on one snapshot. Never waits for writers. The reader must not leave the body.
  ///
  /// - Throws: what the body throws; `journal.storage`, `journal.busy`, `journal.closed`.
  package nonisolated func read<Result: Sendable>(
    _ body: @Sendable (any JournalReader) throws(CausewayError) -> Result
  ) async throws(CausewayError) -> Result {
    try await store.read(body)
  }

  package var statistics: Statistics {
    var statistics = counters
    statistics.queued = queue.count
    return statistics
  }

  /// The newest checkpoint that this process knows to be durable; nil only when the journal opened with a fault.
  package var latestCheckpoint: SignedCheckpoint? { checkpoint }

  /// The newest checkpoint there is, also when another process that shares the store has signed it; nil only when the journal opened with a
  /// fault.
  ///
  /// - Throws: what the store throws; `journal.ledger_unsound` when it does not extend the one that was known. Writing has then stopped.
  package func currentCheckpoint() async throws(CausewayError) -> SignedCheckpoint? {
    guard let known = checkpoint else { return nil }
    let key = signer.verifierKey
    do {
      let current = try await store.read { reader throws(CausewayError) in
        try reader.latestCheckpoint()?.note == known.note ? known : try LedgerSoundness.checkpoint(in: reader, known: known, key: key)
      }
      // Another caller may have come further meanwhile.
      if current.size > checkpoint?.size ?? 0 { checkpoint = current }
      return current
    } catch {
      if Self.stopsWriting(error) { stop(error) }
      throw error
    }
  }

  /// Overwrites what erased rows have left in the files of the store, see `JournalStore.scrub`.
  ///
  /// - Throws: `journal.busy`, `journal.storage`, `journal.closed`, `journal.faulted`.
  package func scrub() async throws(CausewayError) {
    try queue.checkOpen()
    try await store.scrub()
  }

  /// Refuses further changes, commits those that wait, and closes the store.
  package func close() async {
    await queue.close()
    await store.close()
  }

  /// Stops writing because something outside the store shows that going on would rewrite history. Reading goes on.
  package func stop(_ reason: CausewayError) { queue.stop(reason) }

  private func write(_ changes: [Change]) async -> [GroupWriter.Verdict] {
    if let fault { return changes.map { _ in .failure(.faulted(fault)) } }
    let writer = GroupWriter(signer: signer, now: clock.now(), known: checkpoint)
    do {
      let (verdicts, head) = try await write(changes, by: writer)
      checkpoint = head
      count(verdicts)
      return verdicts
    } catch {
      if Self.stopsWriting(error) { stop(error) }
      counters.failures += changes.count
      return changes.map { _ in .failure(error) }
    }
  }

  private func write(
    _ changes: [Change], by writer: GroupWriter
  ) async throws(CausewayError) -> (verdicts: [GroupWriter.Verdict], head: SignedCheckpoint) {
    do throws(CausewayError) {
      return try await store.write { transaction throws(CausewayError) in try writer.write(changes, in: transaction, undoing: false) }
    } catch  where error.code == "journal.group_undone" {
      return try await store.write { transaction throws(CausewayError) in try writer.write(changes, in: transaction, undoing: true) }
    }
  }

  private func count(_ verdicts: [GroupWriter.Verdict]) {
    counters.groups += 1
    counters.changes += verdicts.count
    counters.largestGroup = max(counters.largestGroup, verdicts.count)
    for verdict in verdicts {
      switch verdict {
      case .success(.committed(let committed)): counters.entries += committed.entries.count
      case .success(.conflict): counters.conflicts += 1
      case .failure: counters.failures += 1
      }
    }
  }

  /// Whether going on could make things worse: it is then not known what the store holds.
  private static func stopsWriting(_ error: CausewayError) -> Bool {
    switch error.code {
    case "journal.storage", "journal.commit_failed", "journal.read_back", "journal.ledger_unsound", "ledger.full": true
    default: false
    }
  }
}

/// Names of the journal's own values; the gateway's carry another prefix.
package enum StoredValue {
  /// Text of the ledger's verifier key.
  package static let verifierKey = "journal.verifier_key"
  /// The key by which a sealed store looks things up, wrapped.
  package static let indexKey = "journal.index_key"
}
