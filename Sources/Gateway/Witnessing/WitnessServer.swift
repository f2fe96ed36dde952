import JSONTree
package import Journal
import Ledger
import Logging
package import Primitives
import Trust

/// The answer of the witness to a log (C2SP tlog-witness, add-checkpoint).
package enum WitnessAnswer: Sendable, Equatable {
  /// 200: signature lines, stored before they are given.
  case cosigned([UInt8])
  /// 400
  case malformed
  /// 403
  case forbidden
  /// 404
  case unknownLog
  /// 409: the size cosigned last.
  case conflict(size: Int)
  /// 422
  case inconsistent
}

extension GatewayNode {
  /// Cosigns a checkpoint of a partner's log when it extends what was cosigned before.
  ///
  /// Looking and storing are one step for each advance: a request that was overtaken is judged again.
  /// A log that a fraud proof convicts is cosigned no more (403).
  /// - Parameter participant: who asks, by the connection; usually the log's own.
  /// - Throws: `journal.*`, `key.signing`: nothing was cosigned.
  package func addCheckpoint(_ body: [UInt8], from participant: String) async throws(CausewayError) -> WitnessAnswer {
    guard let cosigner else { return .unknownLog }
    guard let request = try? WitnessRequest(parsing: body) else { return .malformed }
    for _ in 0..<Self.mostRounds {
      let now = clock.now()
      let (judgement, known, isDistrusted) = try await journal.read { reader throws(CausewayError) in
        var known: WitnessedRecord?
        var isDistrusted = false
        let judgement = try request.judge(
          logs: { origin throws(CausewayError) in
            isDistrusted = try reader.isDistrusted(origin)
            return witnessedLogKeys(origin, at: now)
          },
          latest: { origin throws(CausewayError) in
            known = try reader.witnessed(origin: origin)
            return known?.state
          })
        return (judgement, known, isDistrusted)
      }
      if isDistrusted { return .forbidden }
      switch judgement {
      case .malformed: return .malformed
      case .forbidden: return .forbidden
      case .unknownLog: return .unknownLog
      case .conflict(let size, let shown):
        if shown.size < size { metrics.count("gateway_witness_smaller_trees_total") }
        return .conflict(size: size)
      case .inconsistent(let shown):
        try await accuse(shown, after: known, proof: request.proof, from: participant)
        return .inconsistent
      case .cosign(let advance):
        // Signed first, so that a key out of reach changes nothing; given only when stored.
        let line = try cosigner.cosign(advance, at: now).line
        let outcome = try await journal.commit(
          Change(operations: [.advanceWitnessed(WitnessedRecord(advance, at: now), from: advance.from)]))
        guard case .committed = outcome else { continue }
        metrics.count("gateway_cosigned_checkpoints_total")
        return .cosigned(line)
      }
    }
    throw CausewayError("journal.contended")
  }

  /// What this gateway cosigned last of a log, as the log signed it; nil when it never did.
  ///
  /// - Parameter originDigest: SHA-256 of the origin, in hexadecimal: the place of a log among those of a witness.
  package func witnessedCheckpoint(originDigest: String) async throws(CausewayError) -> [UInt8]? {
    let origins = registry.content.participants.map(\.ledger.origin)
    guard let origin = origins.first(where: { Self.originDigest($0).hasSameBytes(as: originDigest) }) else { return nil }
    return try await journal.read { reader throws(CausewayError) in try reader.witnessed(origin: origin)?.note }
  }

  static func originDigest(_ origin: String) -> String { SHA256.hash(origin).hex }

  /// The own log is witnessed by others.
  private func witnessedLogKeys(_ origin: String, at now: Instant) -> [VerifierKey]? {
    origin.hasSameBytes(as: journal.verifierKey.name) ? nil : keyring.logKeys(origin: origin, at: now)
  }

  private func accuse(
    _ shown: SignedCheckpoint, after known: WitnessedRecord?, proof: [Digest], from participant: String
  ) async throws(CausewayError) {
    metrics.count("gateway_witness_inconsistent_total")
    guard let known, let keys = keyring.logKeys(origin: known.origin, at: known.time) else { return }
    let before = try SignedCheckpoint.verify(known.note, origin: known.origin, keys: keys)
    // Whoever asked may have sent a wrong proof for an honest checkpoint: only what the log's own signatures prove is kept.
    var fraud = FraudProof(known: before, shown: shown, path: proof, at: clock.now())
    // At a size that is a power of two the proof leaves out the hash that convicts; the log's tiles have it. Others than the log are not
    // given the means to have us read it over and over.
    if fraud?.kind == .claim, known.size < shown.size, let partner = registry.participant(participant),
      partner.ledger.origin.hasSameBytes(as: known.origin),
      let path = try? await consistencyPath(from: known.size, to: shown, of: partner)
    {
      fraud = FraudProof(known: before, shown: shown, path: path, at: clock.now())
    }
    if let fraud, fraud.kind != .claim { try await keep(fraud) }
  }
}

extension JournalReader {
  /// Whether there is evidence against a log: then none of its new positions is trusted.
  func isDistrusted(_ origin: String) throws(CausewayError) -> Bool { !(try fraudProofs(origin: origin)).isEmpty }
}

extension GatewayNode {
  /// Signs and stores evidence against a log, records it on the own ledger and raises the alarm. Once for the same two checkpoints.
  func keep(_ fraud: FraudProof) async throws(CausewayError) {
    guard let cosigner else { return }
    let isKnown = try await journal.read { reader throws(CausewayError) in
      try reader.fraudProofs(origin: fraud.origin).contains { record in
        (try? FraudProof(parsing: record.note)).map { $0.first == fraud.first && $0.second == fraud.second } ?? false
      }
    }
    guard !isKnown else { return }
    let note = try fraud.signed(by: cosigner)
    _ = try await journal.commit(
      Change(
        operations: [.putFraudProof(FraudProofRecord(origin: fraud.origin, found: fraud.time, note: note))],
        entries: [
          EntryDraft(
            kind: "ledger.fraud_found", actor: economy,
            extra: [
              "kind": .string(fraud.kind.rawValue), "log": .string(SHA256.hash(fraud.origin).hex), "proof": .string(SHA256.hash(note).hex),
            ])
        ]))
    logger.critical(
      "partner's ledger shows two histories", metadata: ["gw.ledger": "\(fraud.origin)", "gw.kind": "\(fraud.kind.rawValue)"])
    metrics.count("gateway_ledger_alarms_total", [("kind", fraud.kind.rawValue)])
  }

  /// Evidence against partners' logs, as signed notes, in the order in which it was found.
  package func fraudProofs() async throws(CausewayError) -> [FraudProofRecord] {
    try await journal.read { reader throws(CausewayError) in try reader.fraudProofs(origin: nil) }
  }
}
