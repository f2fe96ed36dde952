package import Exchange
import JSONTree
import Journal
import Ledger
import Logging
package import Primitives
import Trust

extension GatewayNode {
  /// Inbound step 1: who is on the other end of the connection, before anything it sent is looked at.
  ///
  /// - Parameter tlsCertificate: DER of the certificate that the TLS handshake verified.
  /// - Throws: `registry.*`: nobody that we know.
  package func identify(tlsCertificate: [UInt8]) throws(CausewayError) -> AuthenticatedPeer {
    try verifier.identify(tlsCertificate: SHA256.hash(tlsCertificate), at: clock.now())
  }

  /// Inbound steps 2 and 3: verifies a message and makes it durable.
  ///
  /// - Returns: the signed receipt, the same bytes however often the message comes.
  /// - Throws: `receive.early` when a message before this one is still missing, and `journal.*`: the sender tries again.
  package func receive(_ received: ReceivedEnvelope, from peer: AuthenticatedPeer) async throws(CausewayError) -> String {
    switch verifier.verify(received, from: peer, at: clock.now()) {
    case .accepted(let envelope):
      probe(.inboundVerified)
      return try await record(envelope)
    case .refused(let refusal):
      return try await record(refusal)
    }
  }

  private var verifier: EnvelopeVerifier { EnvelopeVerifier(recipient: economy, registry: registry) }

  /// A message of a known participant that does not verify: one security entry on the ledger and a signed refusal. Of one that is genuine and for
  /// us all the same, header and refusal are kept, and its sender goes on with the next number.
  private func record(_ refusal: EnvelopeRefusal) async throws(CausewayError) -> String {
    for _ in 0..<Self.mostRounds {
      var facts: Facts?
      if refusal.isAuthentic, let header = refusal.header {
        let known = try await self.facts(about: header)
        let decision = known.arrival.decisionWhenRefused
        if decision == .repeatReceipt, let receipt = known.same?.receipt { return String(decoding: receipt, as: UTF8.self) }
        // Of a message that is not between its sender and us nothing is kept: its id may be that of somebody else's message.
        if isBetweenUs(header) {
          if decision == .later { throw CausewayError("receive.early") }
          facts = known
        }
      }
      switch try await commit(refusal, facts) {
      case .committed(let committed):
        note(refusal)
        return String(decoding: committed.result, as: UTF8.self)
      // Somebody else was faster.
      case .conflict(.clearance), .conflict(.message): continue
      case .conflict: throw CausewayError("journal.conflict")
      }
    }
    throw CausewayError("journal.contended")
  }

  private func isBetweenUs(_ header: EnvelopeHeader) -> Bool {
    guard let corridor = registry.corridor(header.corridor), ByteString(header.recipient) == ByteString(economy) else { return false }
    return Set([ByteString(header.sender), ByteString(economy)]) == [ByteString(corridor.from), ByteString(corridor.to)]
  }

  private func note(_ refusal: EnvelopeRefusal) {
    let codes = refusal.problems.map(\.code)
    logger.warning(
      "message refused",
      metadata: ["gw.partner": "\(refusal.peer.participant)", "gw.codes": "\(codes.map(\.rawValue).joined(separator: " "))"])
    metrics.count("gateway_inbound_refusals_total", [("code", codes[0].rawValue)])
  }

  /// - Parameter facts: nil: the message is not genuine or not for us, and nothing of it is kept.
  private func commit(_ refusal: EnvelopeRefusal, _ facts: Facts?) async throws(CausewayError) -> Change.Outcome {
    let now = clock.now()
    var remembered: MessageRecord?
    // Nothing can be kept under a key that is gone.
    if let facts, facts.same == nil, facts.record?.erasure == nil { remembered = refusal.header.map { message(refusal, $0, at: now) } }
    let codes = refusal.problems.map(\.code)
    let entry = EntryDraft(
      kind: "message.refused", corridor: refusal.header.map(\.corridor), messageID: refusal.header?.messageID,
      payloadDigest: refusal.payloadDigest, actor: refusal.peer.participant, reasons: Array(codes.prefix(64)),
      extra: ["envelope": .string(refusal.envelopeDigest.hex)])
    let change = ClearanceChange(
      operations: remembered.map { [.putMessage($0, expecting: .absent)] } ?? [], entries: [entry],
      finish: { [remembered] recorded, _ throws(CausewayError) in
        let receipt = Receipt.refusing(refusal, receiver: economy, ledger: Self.position(recorded))
        let signed = Array(try receipt.signed(keyID: signer.keyID, key: signer.key).utf8)
        let keeping = remembered.map { Change.Operation.recordReceipt($0.id, signed, state: $0.state, at: now) }
        return Change.Finish(operations: keeping.map { [$0] } ?? [], result: signed)
      })
    // A genuine message that is refused has had its turn: its sender goes on with the next number.
    guard let facts, let header = refusal.header, let stored = facts.record, var clearance = facts.clearance, facts.arrival.order == .next
    else { return try await journal.commit(Change(operations: change.operations, entries: change.entries, finish: change.finish)) }
    clearance.received(sequence: header.sequence)
    return try await commit(change, clearance, created: stored.created, expecting: .revision(stored.revision), at: now)
  }

  private func message(_ refusal: EnvelopeRefusal, _ header: EnvelopeHeader, at now: Instant) -> MessageRecord {
    MessageRecord(
      id: header.messageID, direction: .inbound, clearance: header.clearance.text, kind: header.kind.rawValue, corridor: header.corridor,
      partner: header.sender, state: MessageState.turnedAway.rawValue, reason: refusal.problems[0].code, header: header.canonicalBytes,
      signature: Array(refusal.signature.utf8), payloadDigest: header.payload.sha256, envelopeCreated: header.created,
      sequence: header.sequence, inReplyTo: header.inReplyTo,
      versions: ["policy": Self.name(header.policy), "profile": Self.name(header.profile), "registry": String(registry.version)],
      created: now)
  }

  static func position(_ recorded: Change.Recorded) -> Receipt.LedgerPosition {
    Receipt.LedgerPosition(
      index: recorded.entries[0].index, checkpoint: String(decoding: recorded.checkpoint.note, as: UTF8.self))
  }
}
