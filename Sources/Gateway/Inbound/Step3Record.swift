import Declarations
import Exchange
import JSONTree
import Journal
import Ledger
import Primitives
import Translation
import Trust

extension GatewayNode {
  /// Inbound step 3: message, clearance, ledger entry and signed receipt in one transaction.
  ///
  /// Duplicates by message id or by effect get the stored receipt. Whether the message is legal now is decided by the clearance, in the
  /// same transaction that records the answer.
  func record(_ envelope: VerifiedEnvelope) async throws(CausewayError) -> String {
    for _ in 0..<Self.mostRounds {
      if let receipt = try await receiptGivenBefore(to: envelope) { return receipt }
      let stored = try await clearanceRecord(envelope.header.clearance.text)
      // Nothing of it can be kept under a key that is gone. When and why is not the partner's to know.
      if stored?.erasure != nil { return try await refuse(envelope, Problem("verify.clearance_erased", pointer: "/clearance")) }
      let decision = try decide(envelope, stored)
      let now = clock.now()
      switch try await commit(decision, envelope, stored, at: now) {
      case .committed(let committed):
        let outcome = decision.problems.isEmpty ? "accepted" : "refused"
        metrics.count("gateway_inbound_messages_total", [("kind", envelope.header.kind.rawValue), ("outcome", outcome)])
        probe(.inboundRecorded)
        return String(decoding: committed.result, as: UTF8.self)
      // Somebody else was faster: the next round finds what they wrote.
      case .conflict(.clearance), .conflict(.message), .conflict(.businessKey): continue
      case .conflict: throw CausewayError("journal.conflict")
      }
    }
    throw CausewayError("journal.contended")
  }

  /// What is to become of a verified message.
  struct Decision {
    var clearance: Clearance?
    var change = ClearanceChange()
    /// What the partner says or asks, when the message is a status or a request.
    var document: ValidDocument?
    /// Empty: accepted.
    var problems: [Problem] = []
    /// Nothing left to do after the receipt.
    var isHandled = false
  }

  private func receiptGivenBefore(to envelope: VerifiedEnvelope) async throws(CausewayError) -> String? {
    let header = envelope.header
    let (same, alike) = try await journal.read { reader throws(CausewayError) in
      (try reader.message(header.messageID), try reader.message(.inbound, businessKey: Self.businessKey(header)))
    }
    if let same, same.direction == .outbound || same.header != envelope.headerBytes {
      // Same id, other content: both digests go on the ledger.
      return try await refuseReusedID(envelope, same)
    }
    guard let receipt = (same ?? alike)?.receipt else { return nil }
    if same == nil { try await takeNumber(of: envelope) }
    metrics.count("gateway_duplicates_total", [("kind", header.kind.rawValue)])
    return String(decoding: receipt, as: UTF8.self)
  }

  /// A duplicate in effect under another id takes its place in the order: what comes after it would wait for it for ever.
  private func takeNumber(of envelope: VerifiedEnvelope) async throws(CausewayError) {
    let header = envelope.header
    guard let stored = try await clearanceRecord(header.clearance.text), stored.erasure == nil else { return }
    switch try Clearance(stored).order(of: header.sequence) {
    case .early: throw CausewayError("receive.early")
    case .repeated: return
    case .next:
      try await update(clearance: header.clearance.text) { clearance, _ throws(CausewayError) in
        clearance.received(sequence: header.sequence)
        return ClearanceChange(entries: [entry(for: envelope, kind: "message.repeated", reasons: [])])
      }
    }
  }

  private func refuseReusedID(_ envelope: VerifiedEnvelope, _ known: MessageRecord) async throws(CausewayError) -> String {
    try await refuse(
      envelope, Problem("verify.message_id_reused", pointer: "/messageId"),
      noting: ["firstEnvelope": .string(SHA256.hash(known.header).hex)])
  }

  /// One entry on the ledger and a signed refusal; nothing is kept of the message.
  private func refuse(
    _ envelope: VerifiedEnvelope, _ problem: Problem, noting facts: JSONObject = [:]
  ) async throws(CausewayError) -> String {
    var entry = entry(for: envelope, kind: "message.refused", reasons: [problem.code])
    for fact in facts.members { entry.extra[fact.name] = fact.value }
    let outcome = try await journal.commit(
      Change(
        entries: [entry],
        finish: { recorded, _ throws(CausewayError) in
          let receipt = Receipt.refusing(envelope, problems: [problem], ledger: Self.position(recorded))
          return Change.Finish(result: Array(try receipt.signed(keyID: signer.keyID, key: signer.key).utf8))
        }))
    guard let committed = outcome.committed else { throw CausewayError("journal.conflict") }
    return String(decoding: committed.result, as: UTF8.self)
  }

  private func decide(_ envelope: VerifiedEnvelope, _ stored: ClearanceRecord?) throws(CausewayError) -> Decision {
    let header = envelope.header
    guard let stored else {
      // The first message of a clearance is its declaration; a later one has overtaken it and comes again.
      guard header.sequence == 1 else { throw CausewayError("receive.early") }
      guard header.kind == .declaration else { return Decision(problems: [Problem("clearance.unknown", pointer: "/clearance")]) }
      guard header.revision ?? 1 == 1 else {
        return Decision(problems: [Problem("clearance.illegal_revision", facts: ["expected": "1", "found": String(header.revision ?? 1)])])
      }
      var clearance = Clearance(
        id: header.clearance.text, ucr: nil, salt: Hex.encode(envelope.salt.bytes.exposed), commitment: header.ucrCommitment.hex,
        corridor: header.corridor, ownSide: .import, declared: header.created, messageID: header.messageID.text)
      clearance.received(sequence: 1)
      return Decision(clearance: clearance)
    }
    var clearance = try Clearance(stored)
    let mismatch = Problem("verify.clearance_mismatch", pointer: "/clearance")
    // Not one of the two that the case belongs to: its numbers have nothing to do with theirs.
    guard ByteString(clearance.corridor) == ByteString(header.corridor) else { return Decision(problems: [mismatch]) }
    switch clearance.order(of: header.sequence) {
    case .early: throw CausewayError("receive.early")
    case .repeated: return Decision(problems: [Problem("verify.sequence_reused", pointer: "/sequence")])
    case .next: break
    }
    let before = clearance
    var decision = clearance.commitment == header.ucrCommitment.hex ? decide(envelope, &clearance) : Decision(problems: [mismatch])
    // A refused step changes nothing but that its number is used up.
    if !decision.problems.isEmpty { clearance = before }
    clearance.received(sequence: header.sequence)
    decision.clearance = clearance
    return decision
  }

  /// Applies a message to the partner's side of the clearance.
  private func decide(_ envelope: VerifiedEnvelope, _ clearance: inout Clearance) -> Decision {
    let header = envelope.header
    let now = header.created
    if isRequest(header) { return decide(request: envelope, &clearance) }
    switch header.kind {
    case .amendment:
      let problem = clearance.apply(.revision(header.revision ?? 0, .declared), on: .export, at: now, messageID: header.messageID.text)
      _ = clearance.apply(.proposalAccepted, on: .export, at: now)
      return Decision(problems: problem.map { [$0] } ?? [])
    case .withdrawal, .status:
      do {
        let document = try statusDocument(envelope.payload, header)
        let problems = apply(try StatusMessage(reading: document), document, header, to: &clearance)
        return Decision(document: document, problems: problems, isHandled: header.kind == .status)
      } catch {
        return Decision(problems: error.problems.filter { $0.severity == .error })
      }
    case .declaration: return Decision(problems: [Problem("verify.clearance_exists", pointer: "/clearance")])
    }
  }

  /// The document of a status or withdrawal: parsed, valid and read.
  ///
  /// - Throws: `receive.too_large`, `verify.profile_unknown`; as `Translator`'s steps.
  func statusDocument(_ bytes: [UInt8], _ header: EnvelopeHeader) throws(CausewayError) -> ValidDocument {
    let agreed = registry.corridor(header.corridor).map { $0.statusWire ?? StatusMessage.standardProfile }
    return try document(bytes, header, agreed: agreed, limit: StatusMessage.limitBytes)
  }

  /// A document that is read before its receipt is signed, in the profile on which its corridor agreed.
  ///
  /// - Parameter agreed: nil: there is no such agreement.
  /// - Throws: `receive.too_large`, `verify.profile_unknown`; as `Translator`'s steps.
  func document(_ bytes: [UInt8], _ header: EnvelopeHeader, agreed: String?, limit: Int) throws(CausewayError) -> ValidDocument {
    guard bytes.count <= limit else { throw CausewayError("receive.too_large", pointer: "/payload/size") }
    guard let profile = agreed.flatMap({ profile(of: header, agreed: $0) }) else {
      throw CausewayError("verify.profile_unknown", pointer: "/profile")
    }
    let translator = Translator(profiles)
    return try translator.validate(try translator.parse(bytes, as: profile), as: profile, on: header.created.day)
  }

  private func apply(
    _ message: StatusMessage, _ document: ValidDocument, _ header: EnvelopeHeader, to clearance: inout Clearance
  ) -> [Problem] {
    let said = document.declaration.text("Status.EconomyCode")
    let current = clearance.side(message.side)
    // The answer to a request: everything is as before.
    let isAnswer =
      header.kind == .status && header.inReplyTo != nil && !document.declaration.text("Status.RequestID").isEmpty
      && message.status == current?.status && message.revision == current?.revision
    let agreements = [
      ("Status.ClearanceID", ByteString(message.clearanceID) == ByteString(header.clearance.text)),
      ("Status.EconomyCode", said.isEmpty || ByteString(said) == ByteString(header.sender)),
      ("Status.DirectionCode", message.side == clearance.partnerSide), ("Status.Revision", message.revision == header.revision),
      ("Status.Code", isAnswer || (message.status == .withdrawn && message.side == .export) == (header.kind == .withdrawal)),
    ]
    let mismatches = agreements.filter { !$0.1 }.map { document.problem("verify.status_mismatch", $0.0) }
    guard mismatches.isEmpty, let status = message.status, !isAnswer else { return mismatches }
    let side = message.side
    let begins = side.entryStatuses.contains(status) && (current.map { message.revision > $0.revision } ?? true)
    if !begins, let current, message.revision != current.revision {
      return [
        Problem(
          "clearance.illegal_revision", facts: ["expected": String(current.revision), "found": String(message.revision)])
      ]
    }
    let event: Clearance.Event =
      begins ? .revision(message.revision, status) : .status(status, registrationID: message.registrationID)
    let problem = clearance.apply(event, on: side, at: message.effective, messageID: header.messageID.text)
    if status == .withdrawn { _ = clearance.apply(.proposalAccepted, on: .export, at: message.effective) }
    return problem.map { [$0] } ?? []
  }

  private func commit(
    _ decision: Decision, _ envelope: VerifiedEnvelope, _ stored: ClearanceRecord?, at now: Instant
  ) async throws(CausewayError) -> Change.Outcome {
    let header = envelope.header
    let isAccepted = decision.problems.isEmpty
    let state: MessageState = !isAccepted ? .turnedAway : decision.isHandled ? .handled : .recorded
    let codes = decision.problems.map(\.code)
    let message = MessageRecord(
      id: header.messageID, direction: .inbound, clearance: header.clearance.text, kind: header.kind.rawValue, corridor: header.corridor,
      partner: header.sender, businessKey: isAccepted ? Self.businessKey(header) : nil, state: state.rawValue, reason: codes.first,
      header: envelope.headerBytes, signature: Array(envelope.signature.utf8), payloadDigest: header.payload.sha256,
      envelopeCreated: header.created, sequence: header.sequence, inReplyTo: header.inReplyTo,
      versions: ["policy": Self.name(header.policy), "profile": Self.name(header.profile), "registry": String(registry.version)],
      created: now)
    var change = decision.change
    change.operations =
      [
        .putMessage(message, expecting: .absent),
        .putPayload(payload(.wire, of: header.messageID, mediaType: header.payload.mediaType, envelope.payload, at: now)),
      ] + fieldsPayload(envelope.fieldsSecret, of: header.messageID, at: now)
    // A withdrawal is handed over when this side follows it.
    if isAccepted, let clearance = decision.clearance, let document = decision.document {
      switch header.kind {
      case .status: change.operations += handOver(.status, document, of: message, clearance: clearance, at: now)
      case .amendment: change.operations += handOver(request: document, of: message, clearance: clearance, at: now)
      case .declaration, .withdrawal: break
      }
    }
    change.entries = [entry(for: envelope, kind: isAccepted ? "\(header.kind.rawValue).received" : "message.refused", reasons: codes)]
    let problems = decision.problems
    change.finish = { recorded, _ throws(CausewayError) in
      let position = Self.position(recorded)
      let receipt =
        problems.isEmpty
        ? Receipt.accepting(envelope, ledger: position) : Receipt.refusing(envelope, problems: problems, ledger: position)
      let signed = Array(try receipt.signed(keyID: signer.keyID, key: signer.key).utf8)
      return Change.Finish(operations: [.recordReceipt(header.messageID, signed, state: state.rawValue, at: now)], result: signed)
    }
    guard let clearance = decision.clearance else {
      return try await journal.commit(
        Change(operations: change.operations, entries: change.entries, finish: change.finish))
    }
    return try await commit(
      change, clearance, created: stored?.created ?? now, expecting: stored.map { .revision($0.revision) } ?? .absent, at: now)
  }

  private func entry(for envelope: VerifiedEnvelope, kind: String, reasons: [ErrorCode]) -> EntryDraft {
    let header = envelope.header
    return EntryDraft(
      kind: kind, corridor: header.corridor, subject: header.ucrCommitment, messageID: header.messageID,
      payloadDigest: header.payload.sha256, fieldsRoot: header.payload.fieldsRoot, actor: header.sender, claimedTime: header.created,
      versions: ["policy": Self.name(header.policy), "profile": Self.name(header.profile), "registry": String(registry.version)],
      reasons: Array(reasons.prefix(64)), extra: ["envelope": .string(envelope.digest.hex)])
  }

  /// What makes two messages the same in effect, whatever their ids: clearance, kind, revision and content.
  static func businessKey(_ header: EnvelopeHeader) -> String {
    "\(header.sender)|\(header.clearance.text)|\(header.kind.rawValue)|\(header.revision ?? 0)|\(header.payload.sha256.hex)"
  }
}
