import Exchange
import JSONTree
import Journal
import Ledger
import Logging
import Primitives
import Trust

extension GatewayNode {
  /// Step 10: the partner's verified receipt ends the delivery. Receipt, state, clearance, the partner's checkpoint and the ledger
  /// entry are one transaction.
  func settle(
    _ delivery: OutboxRecord, _ message: MessageRecord, _ header: EnvelopeHeader, _ receipt: VerifiedReceipt
  ) async throws(CausewayError) {
    let content = receipt.receipt
    let reasons = if case .refused(let reasons) = content.outcome { reasons } else { [ReceiptReason]() }
    let isAccepted = reasons.isEmpty
    let position = try ledgerPosition(of: content)
    let known = try await known(besides: position?.checkpoint, of: message)
    let conflicting = try await conflict(of: position?.checkpoint, with: known.checkpoints)
    let isTrusted = known.isTrusted
    let expired = try await expiredReplay(of: message, refusedWith: reasons.map(\.code))
    let isRequest = isRequest(header)
    try await update(clearance: message.clearance, from: known.clearance) { clearance, now throws(CausewayError) in
      var change = ClearanceChange(preconditions: [.delivery(delivery.id, attempts: delivery.attempts)])
      let state = isAccepted ? MessageState.delivered : .refusedByPartner
      change.operations = [
        .recordReceipt(message.id, Array(receipt.compact.utf8), state: state.rawValue, at: now), .dequeue(delivery.id),
      ]
      let cause = Self.recordable(reasons.map(\.code)).first
      if expired == nil, message.reason != cause {
        change.operations.append(.setMessageState(message.id, state.rawValue, reason: cause, at: now))
      }
      if let position, isTrusted, conflicting == nil {
        change.operations.append(.putPeerCheckpoint(PeerCheckpointRecord(position.checkpoint, received: now)))
      }
      var entry = EntryDraft(
        kind: "receipt.received", corridor: message.corridor, messageID: message.id, payloadDigest: message.payloadDigest,
        actor: message.partner, claimedTime: content.receivedAt, reasons: Self.recordable(reasons.map(\.code)),
        extra: [
          "outcome": isAccepted ? "accepted" : "refused", "receipt": .string(SHA256.hash(Array(receipt.compact.utf8)).hex),
        ])
      if let position {
        entry.extra["partnerIndex"] = .number(JSONNumber(position.index))
        entry.extra["partnerSize"] = .number(JSONNumber(position.checkpoint.size))
        entry.extra["partnerRoot"] = .string(position.checkpoint.root.hex)
      }
      // Two roots for one size: the partner shows two histories. The first one stays; both are named for evidence.
      if let conflicting { entry.extra["conflictingRoot"] = .string(conflicting.root.hex) }
      // The message is receipted all the same: its signature holds. Where the partner says it recorded it counts for nothing.
      if position != nil, !isTrusted { entry.extra["trusted"] = false }
      change.entries = [entry]
      // A request to amend proposes nothing: the clearance is as it was.
      if !isRequest || message.kind != MessageKind.amendment.rawValue {
        apply(isAccepted: isAccepted, of: message, to: &clearance, at: now)
      }
      if let expired {
        try add(expired, of: message, to: &change, at: now)
      } else if !isAccepted {
        change.operations += handOver(
          refusalOf: message, reasons.map { .init(code: $0.code, pointer: $0.pointer) }, clearance: clearance, at: content.receivedAt,
          now: now)
      }
      if !isAccepted {
        let problems: JSONValue = [
          "outcome": "refused", "by": .string(message.partner), "reasons": .array(reasons.map { Self.json($0.problem) }),
        ]
        change.operations.insert(.replacePayload(payload(.problems, of: message.id, problems, at: now)), at: 0)
      }
      return change
    }
    metrics.count("gateway_receipts_total", [("outcome", isAccepted ? "accepted" : "refused")])
  }

  /// Codes that others chose, as far as a ledger entry can hold them: the partner's receipt, whose digest the entry names, has them all.
  static func recordable(_ codes: [String]) -> [ErrorCode] {
    var seen: Set<ByteString> = []
    let fitting = codes.filter { code in
      code.utf8.count <= 64 && code.utf8.first.map { (0x61...0x7A).contains($0) } == true && seen.insert(ByteString(code)).inserted
    }
    return fitting.prefix(64).map { ErrorCode(rawValue: $0) }
  }

  private func apply(isAccepted: Bool, of message: MessageRecord, to clearance: inout Clearance, at now: Instant) {
    switch (MessageKind(rawValue: message.kind), isAccepted) {
    case (.amendment, true), (.withdrawal, true): _ = clearance.apply(.proposalAccepted, on: .export, at: now)
    case (.amendment, false), (.withdrawal, false):
      _ = clearance.apply(.proposalRefused, on: .export, at: now, messageID: message.id.text)
    case (.declaration, false):
      _ = clearance.apply(.revision(clearance.export.revision, .refused), on: .import, at: now, messageID: message.id.text)
    default: break
    }
  }

  /// The partner's checkpoint, verified with the keys that the registry names for its log.
  private func ledgerPosition(of receipt: Receipt) throws(CausewayError) -> (index: Int, checkpoint: SignedCheckpoint)? {
    guard let position = receipt.ledger else { return nil }
    guard let partner = registry.participant(receipt.receiver) else { throw CausewayError("deliver.partner_unknown") }
    let keys = keyring.logKeys(origin: partner.ledger.origin, at: receipt.receivedAt) ?? []
    let note = Array(position.checkpoint.utf8)
    let checkpoint = try checkpoints.verify(note, origin: partner.ledger.origin, keys: keys)
    guard position.index < checkpoint.size else { throw CausewayError("receipt.checkpoint_too_small") }
    return (position.index, checkpoint)
  }

  /// What the journal knows when a receipt comes, all of one moment.
  private struct Known: Sendable {
    /// Checkpoints of the same size that the partner has shown before.
    var checkpoints: [(root: Digest, note: [UInt8], time: Instant)] = []
    var isTrusted = true
    var clearance: ClearanceRecord?
  }

  private func known(besides shown: SignedCheckpoint?, of message: MessageRecord) async throws(CausewayError) -> Known {
    try await journal.read { reader throws(CausewayError) in
      var known = Known(clearance: try reader.clearance(message.clearance))
      guard let shown else { return known }
      known.isTrusted = try !reader.isDistrusted(shown.origin)
      if let record = try reader.peerCheckpoint(origin: shown.origin, size: shown.size) {
        known.checkpoints.append((record.root, record.note, record.received))
      }
      if let record = try reader.witnessed(origin: shown.origin), record.size == shown.size {
        known.checkpoints.append((record.root, record.note, record.time))
      }
      return known
    }
  }

  /// What was known before of the same size with another root. The two are kept as evidence.
  private func conflict(
    of shown: SignedCheckpoint?, with known: [(root: Digest, note: [UInt8], time: Instant)]
  ) async throws(CausewayError) -> SignedCheckpoint? {
    guard let shown, let other = known.first(where: { $0.root != shown.root }) else { return nil }
    let keys = keyring.logKeys(origin: shown.origin, at: other.time) ?? []
    let known = try checkpoints.verify(other.note, origin: shown.origin, keys: keys)
    if let fraud = FraudProof(known: known, shown: shown, path: [], at: clock.now()) { try await keep(fraud) }
    return known
  }
}
