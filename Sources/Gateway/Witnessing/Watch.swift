import Exchange
import JSONTree
import Journal
import Ledger
import Logging
import Primitives
import Trust

// What a partner says of its ledger in receipts and what it has cosigned must be one history. Receipts come one by one, each with a
// checkpoint of its own; here they are held against each other.
extension GatewayNode {
  /// Compares the checkpoints of a partner's receipts that are new with each other, with those before, and with what was cosigned.
  ///
  /// - Returns: how many were compared; 0 when there is nothing new, or the partner does not show its log now.
  /// - Throws: `journal.*`, `key.signing`.
  func watch(_ partner: Participant) async throws(CausewayError) -> Int {
    let origin = partner.ledger.origin
    let (new, compared, witnessed, isDistrusted) = try await journal.read { reader throws(CausewayError) in
      (
        try reader.peerCheckpoints(origin: origin, compared: false, limit: 1000),
        // The largest one compared comes along: it stands for all that were.
        try reader.peerCheckpoints(origin: origin, compared: true, limit: 1), try reader.witnessed(origin: origin),
        try reader.isDistrusted(origin)
      )
    }
    guard !new.isEmpty, !isDistrusted else { return 0 }
    var shown = try (new + compared).map { record throws(CausewayError) in
      try checkpoints.verify(record.note, origin: origin, keys: keyring.logKeys(origin: origin, at: record.received) ?? [])
    }
    if let witnessed {
      let keys = keyring.logKeys(origin: origin, at: witnessed.time) ?? []
      shown.append(try checkpoints.verify(witnessed.note, origin: origin, keys: keys))
    }
    do throws(CausewayError) {
      for fraud in try await contradictions(among: shown, of: partner) { try await keep(fraud) }
    } catch {
      if error.code.rawValue.hasPrefix("journal.") || error.code == "key.signing" { throw error }
      metrics.count("gateway_watch_failures_total", [("partner", partner.id), ("code", error.code.rawValue)])
      try? await Task.sleep(for: .seconds(5))
      return 0
    }
    // Each by itself: receipts come in any order, and one of a smaller tree may still be on its way.
    _ = try await journal.commit(Change(operations: [.markCompared(origin: origin, sizes: new.map(\.size))]))
    return new.count
  }

  /// What the log's own tiles, read as of the largest checkpoint, prove against the others.
  private func contradictions(
    among checkpoints: [SignedCheckpoint], of partner: Participant
  ) async throws(CausewayError) -> [FraudProof] {
    guard let largest = checkpoints.max(by: { $0.size < $1.size }) else { return [] }
    let now = clock.now()
    let others = checkpoints.filter { $0.size > 0 && $0.root != largest.root }
    return try await look(into: largest, of: partner) { reader throws(CausewayError) in
      var proofs: [FraudProof] = []
      for other in others {
        let path = try reader.consistencyPath(from: other.size)
        if let fraud = FraudProof(known: other, shown: largest, path: path, at: now), fraud.kind != .claim { proofs.append(fraud) }
      }
      return proofs
    }
  }

  /// The consistency path from a smaller size to a checkpoint, with its first digest, from the log's own tiles.
  func consistencyPath(from size: Int, to checkpoint: SignedCheckpoint, of partner: Participant) async throws(CausewayError) -> [Digest] {
    try await look(into: checkpoint, of: partner) { reader throws(CausewayError) in try reader.consistencyPath(from: size) }
  }
}

extension TileReader {
  /// Empty for the size of the tree itself.
  fileprivate mutating func consistencyPath(from oldSize: Int) throws(CausewayError) -> [Digest] {
    guard oldSize < size else { return [] }
    return try MerkleTree.consistencyPath(from: oldSize, to: size) { node throws(CausewayError) in try self.node(node) }
  }
}
