import Ledger
import Primitives

/// Writes one group of changes in one transaction: each change whole or not at all, none at the expense of another.
///
/// Order within the transaction: preconditions, operations and drafts of each change; the ledger entries of all; a read-back of
/// what was stored, hashed anew; tree and signed checkpoint; then each change's `finish`.
///
/// A change that cannot go through leaves nothing behind. Being able to undo each of them costs a good part of what writing it costs, and is seldom needed:
/// what is in the way mostly shows before the first write. So the first try (`undoing: false`) goes without, and is given up as a whole
/// (`journal.group_undone`) when a change would have to be undone; in the second one each can be.
struct GroupWriter: Sendable {
  typealias Verdict = Result<Change.Outcome, CausewayError>

  let signer: CheckpointSigner
  let now: Instant
  /// The checkpoint that this process signed or verified last: saves verifying it again.
  let known: SignedCheckpoint?

  /// - Throws: what concerns the whole group; the changes then have had no effect. What concerns one change is its verdict. Unless `undoing`,
  ///   `journal.group_undone`: the transaction must be rolled back, and the group written anew.
  func write(_ changes: [Change], in transaction: any JournalTransaction, undoing: Bool) throws(CausewayError) -> (
    verdicts: [Verdict], head: SignedCheckpoint
  ) {
    guard undoing else {
      var attempt = Attempt(writer: self, transaction: transaction, decided: nil)
      do {
        try attempt.run(changes)
      } catch {
        throw Self.concernsGroup(error) ? error : CausewayError("journal.group_undone", underlying: error.description)
      }
      guard attempt.late.isEmpty else { throw CausewayError("journal.group_undone") }
      return (attempt.verdicts(), attempt.checkpoint)
    }
    var decided: [Int: Verdict] = [:]
    while true {
      var attempt = Attempt(writer: self, transaction: transaction, decided: decided)
      var late: [Int: Verdict] = [:]
      do {
        return try transaction.savepoint { () throws(CausewayError) in
          try attempt.run(changes)
          late = attempt.late
          if !late.isEmpty { throw CausewayError("journal.constraint") }
          return (attempt.verdicts(), attempt.checkpoint)
        }
      } catch {
        // Changes that failed only in their `finish` have left entries behind: once more without them.
        guard !late.isEmpty else { throw error }
        decided.merge(late) { _, new in new }
      }
    }
  }

  /// Codes that end the whole group: the store itself, or the ledger, is not well.
  static func concernsGroup(_ error: CausewayError) -> Bool {
    switch error.code {
    case "journal.storage_full", "journal.busy", "journal.unreachable", "journal.storage", "journal.commit_failed", "journal.read_back",
      "journal.ledger_unsound", "journal.closed", "journal.read_only", "ledger.full":
      true
    default: false
    }
  }
}

/// One try at a group.
private struct Attempt {
  let writer: GroupWriter
  let transaction: any JournalTransaction
  /// Changes of which it is already known that they fail; nil: no change of this try can be undone.
  let decided: [Int: GroupWriter.Verdict]?

  private var head = LedgerHead()
  private var entries: [Entry] = []
  private var applied: [Applied] = []
  private var signed: SignedCheckpoint?
  /// Changes that failed in their `finish`.
  private(set) var late: [Int: GroupWriter.Verdict] = [:]

  private struct Applied {
    var verdict: GroupWriter.Verdict?
    var entries: Range<Int> = 0..<0
    var assignedIDs: [Int64] = []
    var result: [UInt8] = []
  }

  init(writer: GroupWriter, transaction: any JournalTransaction, decided: [Int: GroupWriter.Verdict]?) {
    self.writer = writer
    self.transaction = transaction
    self.decided = decided
  }

  var checkpoint: SignedCheckpoint { signed! }

  mutating func run(_ changes: [Change]) throws(CausewayError) {
    head = try transaction.ledgerHead()
    signed = try LedgerSoundness.checkpoint(in: transaction, known: writer.known, key: writer.signer.verifierKey)
    for (index, change) in changes.enumerated() {
      if let verdict = decided?[index] {
        applied.append(Applied(verdict: verdict))
      } else {
        applied.append(try apply(change))
      }
    }
    if !entries.isEmpty { try record() }
    for (index, change) in changes.enumerated() where applied[index].verdict == nil {
      if let finish = change.finish { try run(finish, of: index) }
    }
  }

  private mutating func run(
    _ finish: (Change.Recorded, any JournalReader) throws(CausewayError) -> Change.Finish, of index: Int
  ) throws(CausewayError) {
    let recorded = Change.Recorded(entries: Array(entries[applied[index].entries]), checkpoint: checkpoint)
    var conflict: Change.Conflict?
    var ids = applied[index].assignedIDs
    do {
      applied[index].result = try undoable { () throws(CausewayError) in
        let last = try finish(recorded, transaction)
        var rules = ChangeRules(transaction)
        conflict = try rules.carryOut(last.operations, assigning: &ids)
        if conflict != nil { throw CausewayError("journal.constraint") }
        return last.result
      }
      applied[index].assignedIDs = ids
    } catch {
      if let conflict {
        late[index] = .success(.conflict(conflict))
      } else if GroupWriter.concernsGroup(error) {
        throw error
      } else {
        late[index] = .failure(error)
      }
    }
  }

  /// Runs the body so that what it wrote is undone when it throws, if this try can undo anything.
  private func undoable<Result>(_ body: () throws(CausewayError) -> Result) throws(CausewayError) -> Result {
    decided == nil ? try body() : try transaction.savepoint(body)
  }

  func verdicts() -> [GroupWriter.Verdict] {
    applied.map { applied in
      applied.verdict
        ?? .success(
          .committed(
            Change.Committed(
              entries: Array(entries[applied.entries]), checkpoint: checkpoint, assignedIDs: applied.assignedIDs, result: applied.result)))
    }
  }

  /// Preconditions, operations and drafts of one change.
  private mutating func apply(_ change: Change) throws(CausewayError) -> Applied {
    var applied = Applied()
    var conflict: Change.Conflict?
    var rules = ChangeRules(transaction)
    let mark = entries.count
    do {
      func body() throws(CausewayError) {
        conflict = try rules.firstBroken(change.preconditions)
        if conflict == nil { conflict = try rules.carryOut(change.operations, assigning: &applied.assignedIDs) }
        if conflict != nil { throw CausewayError("journal.constraint") }
        for draft in change.entries {
          entries.append(
            try Entry(
              draft, index: head.size + entries.count, now: writer.now, notBefore: entries.last?.time ?? head.lastTime,
              previous: entries.last?.leafHash ?? head.lastHash))
        }
      }
      // What writes nothing yet leaves nothing to undo.
      if change.operations.isEmpty { try body() } else { try undoable(body) }
      applied.entries = mark..<entries.count
    } catch {
      if decided == nil, conflict == nil || rules.hasWritten { throw error }
      entries.removeSubrange(mark...)
      if let conflict {
        applied.verdict = .success(.conflict(conflict))
      } else if GroupWriter.concernsGroup(error) {
        throw error
      } else {
        applied.verdict = .failure(error)
      }
    }
    return applied
  }

  /// Appends the group's entries and signs the new head.
  private mutating func record() throws(CausewayError) {
    try transaction.append(entries)
    var nodes: [(node: TreeNode, hash: Digest)] = []
    nodes.reserveCapacity(entries.count)
    var count = 0
    // Nothing is signed that was not read back and hashed again: a bit may flip on the way into the store.
    try transaction.eachEntry(from: head.size, limit: entries.count + 1) { stored throws(CausewayError) in
      guard count < entries.count, stored.index == entries[count].index, stored.leafHash == entries[count].leafHash,
        MerkleTree.leafHash(stored.bytes) == stored.leafHash
      else { throw CausewayError("journal.read_back", facts: ["index": String(stored.index)]) }
      count += 1
    }
    guard count == entries.count, let last = entries.last else {
      throw CausewayError("journal.read_back", facts: ["index": String(head.size + count)])
    }
    for entry in entries { head.tree.append(entry.leafHash) { nodes.append(($0, $1)) } }
    head.lastHash = last.leafHash
    head.lastTime = last.time
    try transaction.insert(nodes)
    try transaction.save(head)
    guard try transaction.ledgerHead() == head else {
      throw CausewayError("journal.read_back", facts: ["index": String(last.index)])
    }
    let checkpoint = try writer.signer.sign(size: head.size, root: head.tree.root)
    try transaction.insert(
      StoredCheckpoint(size: checkpoint.size, root: checkpoint.root, note: checkpoint.note, time: last.time))
    signed = checkpoint
  }
}
