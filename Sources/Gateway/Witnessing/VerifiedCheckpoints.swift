import Ledger
import Primitives
import Synchronization

/// Checkpoints of partners' logs that were verified a moment ago. Receipts of one commit carry the same one, and its signature costs as much to check as
/// the receipt's own.
final class VerifiedCheckpoints: Sendable {
  private struct Verified {
    let checkpoint: SignedCheckpoint
    let keys: [VerifierKey]
  }

  private let latest = Mutex<[[UInt8]: Verified]>([:])
  private static let most = 256

  /// As `SignedCheckpoint.verify`: the same bytes, by the same keys, are looked at once.
  func verify(_ note: [UInt8], origin: String, keys: [VerifierKey]) throws(CausewayError) -> SignedCheckpoint {
    if let known = latest.withLock({ $0[note] }), known.checkpoint.origin.hasSameBytes(as: origin), known.keys == keys {
      return known.checkpoint
    }
    let checkpoint = try SignedCheckpoint.verify(note, origin: origin, keys: keys)
    latest.withLock { latest in
      if latest.count >= Self.most { latest.removeAll(keepingCapacity: true) }
      latest[note] = Verified(checkpoint: checkpoint, keys: keys)
    }
    return checkpoint
  }
}
