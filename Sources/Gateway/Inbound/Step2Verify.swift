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

  /// A message of a known participant that does not verify: one security entry on the ledger and a signed refusal; nothing is kept of it.
  private func record(_ refusal: EnvelopeRefusal) async throws(CausewayError) -> String {
    if let receipt = try await receiptGivenBefore(to: refusal) { return receipt }
    let codes = refusal.problems.map(\.code)
    logger.warning(
      "message refused",
      metadata: ["gw.partner": "\(refusal.peer.participant)", "gw.codes": "\(codes.map(\.rawValue).joined(separator: " "))"])
    metrics.count("gateway_inbound_refusals_total", [("code", codes[0].rawValue)])
    let entry = EntryDraft(
      kind: "message.refused", corridor: refusal.header.map(\.corridor), messageID: refusal.header?.messageID,
      payloadDigest: refusal.payloadDigest, actor: refusal.peer.participant, reasons: Array(codes.prefix(64)),
      extra: ["envelope": .string(refusal.envelopeDigest.hex)])
    let change = ClearanceChange(
      entries: [entry],
      finish: { recorded, _ throws(CausewayError) in
        let receipt = Receipt.refusing(refusal, receiver: economy, ledger: Self.position(recorded))
        return Change.Finish(result: Array(try receipt.signed(keyID: signer.keyID, key: signer.key).utf8))
      })
    for _ in 0..<Self.mostRounds {
      switch try await commit(change, takingNumberOf: refusal) {
      case .committed(let committed): return String(decoding: committed.result, as: UTF8.self)
      case .conflict(.clearance): continue
      case .conflict: throw CausewayError("journal.conflict")
      }
    }
    throw CausewayError("journal.contended")
  }

  /// A genuine message that is refused has had its turn: its sender goes on with the next number.
  private func commit(_ change: ClearanceChange, takingNumberOf refusal: EnvelopeRefusal) async throws(CausewayError) -> Change.Outcome {
    let alone = Change(entries: change.entries, finish: change.finish)
    guard refusal.isAuthentic, let header = refusal.header, let stored = try await clearanceRecord(header.clearance.text),
      stored.erasure == nil
    else {
      return try await journal.commit(alone)
    }
    var clearance = try Clearance(stored)
    guard ByteString(clearance.corridor) == ByteString(header.corridor), clearance.order(of: header.sequence) == .next else {
      return try await journal.commit(alone)
    }
    clearance.received(sequence: header.sequence)
    return try await commit(change, clearance, created: stored.created, expecting: .revision(stored.revision), at: clock.now())
  }

  /// A message that was dealt with in time and comes again after it expired gets the receipt that it got then.
  private func receiptGivenBefore(to refusal: EnvelopeRefusal) async throws(CausewayError) -> String? {
    guard let id = refusal.header?.messageID, refusal.problems.allSatisfy({ $0.code == "verify.expired" }) else { return nil }
    let known = try await journal.read { reader throws(CausewayError) in try reader.message(id) }
    guard let known, known.direction == .inbound, SHA256.hash(known.header) == refusal.envelopeDigest else { return nil }
    return known.receipt.map { String(decoding: $0, as: UTF8.self) }
  }

  static func position(_ recorded: Change.Recorded) -> Receipt.LedgerPosition {
    Receipt.LedgerPosition(
      index: recorded.entries[0].index, checkpoint: String(decoding: recorded.checkpoint.note, as: UTF8.self))
  }
}
