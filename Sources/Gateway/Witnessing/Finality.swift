import Journal
package import Ledger
package import Primitives
import Synchronization
package import Trust

/// The newest final checkpoint of the own ledger by corridor, as far as this process has looked, and when its witnesses' debt was last found to be
/// within its bound.
///
/// Only saves looking at the same signatures again: what is final is in the journal.
final class Finality: Sendable {
  private let known = Mutex<[ByteString: FinalCheckpoint]>([:])
  private let withinDebt = Mutex<[ByteString: Instant]>([:])

  subscript(_ corridor: String) -> FinalCheckpoint? { known.withLock { $0[ByteString(corridor)] } }

  /// Keeps the larger one.
  func note(_ final: FinalCheckpoint, in corridor: String) {
    known.withLock { known in
      let key = ByteString(corridor)
      if known[key].map({ $0.checkpoint.size < final.checkpoint.size }) ?? true { known[key] = final }
    }
  }

  /// Whether the debt of a corridor's witnesses was found to be within its bound less than a second ago: the bound itself is in seconds.
  func isWithinDebt(_ corridor: String, at now: Instant) -> Bool {
    withinDebt.withLock { $0[ByteString(corridor)] }.map { $0 <= now && now < $0.adding(seconds: 1) } ?? false
  }

  func noteWithinDebt(_ corridor: String, at now: Instant) { withinDebt.withLock { $0[ByteString(corridor)] = now } }
}

extension GatewayNode {
  /// The newest checkpoint of the own ledger that a corridor's quorum has cosigned; nil when there is none yet.
  ///
  /// - Throws: `journal.*`.
  package func finalCheckpoint(of corridor: Corridor) async throws(CausewayError) -> FinalCheckpoint? {
    guard let owner = registry.participant(economy) else { return nil }
    let known = finality[corridor.id]
    let policy = keyring.policy(of: corridor, log: owner, at: clock.now())
    if policy.witnesses.isEmpty {
      guard let checkpoint = try await journal.currentCheckpoint() else { return nil }
      return try? policy.verify(checkpoint.note)
    }
    let found = try await journal.read { reader throws(CausewayError) -> FinalCheckpoint? in
      try reader.finalCheckpoint(policy, above: known?.checkpoint.size ?? 0)
    }
    if let found { finality.note(found, in: corridor.id) }
    return found ?? known
  }
}

extension JournalReader {
  /// Proof that an entry is in the ledger: to the newest checkpoint that covers it and that the policy makes final, or, when there is
  /// none, to the newest one with whatever cosignatures it has.
  ///
  /// - Parameter policy: nil takes the newest.
  /// - Throws: `ledger.proof_index` when the ledger has no such entry; `journal.*`.
  package func proof(of index: Int, by policy: LogPolicy?) throws(CausewayError) -> (proof: LogProof, isFinal: Bool) {
    let final = try policy.flatMap { policy throws(CausewayError) in try finalCheckpoint(policy, above: index) }
    if let final {
      let hashes = try inclusionProof(index: index, size: final.checkpoint.size).hashes
      return (LogProof(index: index, hashes: hashes, note: final.checkpoint.note), true)
    }
    guard let latest = try latestCheckpoint(), let note = try latestNote() else { throw CausewayError("ledger.proof_index") }
    return (LogProof(index: index, hashes: try inclusionProof(index: index, size: latest.size).hashes, note: note), false)
  }

  /// The largest checkpoint of this ledger that a policy's quorum has cosigned, with all its cosignatures.
  ///
  /// - Parameter smallest: only checkpoints that are larger.
  package func finalCheckpoint(_ policy: LogPolicy, above smallest: Int = 0) throws(CausewayError) -> FinalCheckpoint? {
    var before = Int.max
    while true {
      let sizes = try cosignedSizes(before: before, limit: 32).filter { $0 > smallest }
      guard let last = sizes.last else { return nil }
      before = last
      for size in sizes {
        guard let stored = try checkpoint(coveringSize: size), stored.size == size else { continue }
        if let final = try? policy.verify(stored.note + (try cosignatures(size: size)).flatMap(\.line)) { return final }
      }
    }
  }
}
