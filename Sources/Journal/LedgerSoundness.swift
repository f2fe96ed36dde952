import Ledger
import Primitives

/// Cheap checks that the stored end of a ledger agrees with itself; the whole ledger is `LedgerAudit`'s matter.
enum LedgerSoundness {
  /// How many entries at the end are read when a journal is opened.
  static let tailLength = 64

  /// The signed checkpoint of a head, after checking that the two belong together. O(log *n*) hashes.
  ///
  /// - Throws: `journal.ledger_unsound` (facts `index`, `reason`).
  static func checkpoint(
    of head: LedgerHead, stored: StoredCheckpoint?, known: SignedCheckpoint?, key: VerifierKey
  ) throws(CausewayError) -> SignedCheckpoint {
    guard let stored else { throw unsound(head.size, "no checkpoint") }
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
    return signed
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
