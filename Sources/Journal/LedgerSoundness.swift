import Ledger
import Primitives

/// Cheap checks that the stored end of a ledger agrees with itself; the whole ledger is `LedgerAudit`'s matter.
enum LedgerSoundness {
  /// How many entries at the end are read when a journal is opened.
  static let tailLength = 64

  /// The signed checkpoint of the ledger's head, after checking that the two belong together. O(log *n*) hashes.
  ///
  /// - Parameter known: the checkpoint that this process signed or verified last. Another process may have gone on from it since: then the
  ///   ledger must extend it. A database that was set back to an older state, as a failover without all that was committed does, is found here.
  /// - Throws: `journal.ledger_unsound` (facts `index`, `reason`).
  static func checkpoint(
    in reader: any JournalReader, known: SignedCheckpoint?, key: VerifierKey
  ) throws(CausewayError) -> SignedCheckpoint {
    let head = try reader.ledgerHead()
    guard let stored = try reader.latestCheckpoint() else { throw unsound(head.size, "no checkpoint") }
    let signed: SignedCheckpoint
    if let known, known.note == stored.note {
      signed = known
    } else {
      do {
        signed = try SignedCheckpoint.verify(stored.note, origin: key.name, keys: [key])
      } catch {
        throw unsound(head.size, "checkpoint: \(error.code)")
      }
    }
    guard signed.size == head.size, signed.size == stored.size else { throw unsound(min(head.size, signed.size), "size of checkpoint") }
    guard signed.root == head.tree.root, signed.root == stored.root else { throw unsound(head.size, "root of checkpoint") }
    if let known, known.note != signed.note { try check(signed, extends: known, reader) }
    return signed
  }

  private static func check(
    _ signed: SignedCheckpoint, extends known: SignedCheckpoint, _ reader: any JournalReader
  ) throws(CausewayError) {
    guard signed.size >= known.size else { throw unsound(signed.size, "behind a checkpoint that was signed") }
    guard signed.size > known.size || signed.root == known.root else { throw unsound(signed.size, "another root than was signed") }
    guard known.size > 0, signed.size > known.size else { return }
    do {
      try reader.consistencyProof(from: known.size, to: signed.size).verify(from: known, to: signed)
    } catch  where error.code.rawValue.hasPrefix("ledger.") || error.code == "journal.not_found" {
      throw unsound(known.size, "another history than was signed")
    }
  }

  /// Checks the last entries, the stored subtrees on the right edge, and the head.
  ///
  /// - Throws: `journal.ledger_unsound` (facts `index`, `reason`).
  static func checkTail(of head: LedgerHead, _ reader: any JournalReader) throws(CausewayError) {
    let start = max(0, head.size - tailLength)
    let stored = try reader.entries(from: start, limit: tailLength + 1)
    var previous: Entry?
    for (offset, row) in stored.enumerated() {
      let index = start + offset
      guard row.index == index, index < head.size else { throw unsound(index, "index") }
      guard let entry = try? Entry(parsing: row.bytes), entry.index == index else { throw unsound(index, "entry") }
      guard entry.leafHash == row.leafHash else { throw unsound(index, "leaf hash") }
      if let previous {
        guard entry.previous == previous.leafHash else { throw unsound(index, "chain") }
        guard entry.time >= previous.time else { throw unsound(index, "time") }
      } else if start == 0, entry.previous != Entry.genesis {
        throw unsound(index, "chain")
      }
      previous = entry
    }
    guard stored.count == head.size - start else { throw unsound(start + stored.count, "missing entry") }
    guard head.lastHash == previous?.leafHash ?? Entry.genesis, head.lastTime == previous?.time else {
      throw unsound(head.size, "head")
    }
    let tree = try CompactTree(size: head.size) { node throws(CausewayError) in
      guard let hash = try reader.node(node) else { throw unsound(node.firstLeaf, "subtree") }
      return hash
    }
    guard tree == head.tree else { throw unsound(head.size, "tree") }
  }

  static func unsound(_ index: Int, _ reason: String) -> CausewayError {
    CausewayError("journal.ledger_unsound", facts: ["index": String(index), "reason": reason])
  }
}
