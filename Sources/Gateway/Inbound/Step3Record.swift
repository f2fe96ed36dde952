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
      let facts = try await facts(about: envelope.header)
      var decision = Decision(problems: [Problem("verify.sequence_reused", pointer: "/sequence")])
      let arrival = facts.arrival.decision
      switch arrival {
      case .later: throw CausewayError("receive.early")
      // Same id, other content: both digests go on the ledger.
      case .refuseReusedID: return try await refuseReusedID(envelope, facts.same)
      // When and why is not the partner's to know.
      case .refuseErased: return try await refuse(envelope, Problem("verify.clearance_erased", pointer: "/clearance"))
      case .repeatReceipt, .repeatEffect:
        guard let receipt = (facts.same ?? facts.alike)?.receipt else { throw CausewayError("journal.row_invalid") }
        if !arrival.isAnsweredAtOnce, try await !takeNumber(of: envelope) { continue }
        metrics.count("gateway_duplicates_total", [("kind", envelope.header.kind.rawValue)])
        return String(decoding: receipt, as: UTF8.self)
      case .refuseReusedNumber: break
      case .process: decision = decide(envelope, facts.clearance)
      }
      let now = clock.now()
      switch try await commit(decision, envelope, facts, at: now) {
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

  /// What the journal knows about a message that arrives, all of one moment.
  struct Facts {
    let arrival: Arrival
    let same: MessageRecord?
    let alike: MessageRecord?
    let record: ClearanceRecord?
    /// nil too once its data has been erased.
    let clearance: Clearance?
  }

  func facts(about header: EnvelopeHeader) async throws(CausewayError) -> Facts {
    let (same, alike, stored) = try await journal.read { reader throws(CausewayError) in
      (
        try reader.message(header.messageID), try reader.message(.inbound, businessKey: Self.businessKey(header)),
        try reader.clearance(header.clearance.text)
      )
    }
    let known: Arrival.Known =
      switch same {
      case nil: .nothing
      case let same? where same.direction == .outbound || same.header != header.canonicalBytes: .other
      case let same?: .same(isReceipted: same.receipt != nil)
      }
    let isErased = stored?.erasure != nil
    let clearance = isErased ? nil : try stored.map { record throws(CausewayError) in try Clearance(record) }
    var order: MessageOrder? = clearance?.order(of: header.sequence) ?? MessageOrder(of: header.sequence, after: 0)
    // Not one of the two that the case belongs to: its numbers have nothing to do with theirs.
    if let clearance, ByteString(clearance.corridor) != ByteString(header.corridor) { order = nil }
    let arrival = Arrival(known: known, isEffectReceipted: alike?.receipt != nil, order: order, isErased: isErased)
    return Facts(arrival: arrival, same: same, alike: alike, record: stored, clearance: clearance)
  }

  /// A duplicate in effect under another id takes its place in the order.
  ///
  /// - Returns: false when somebody else was faster.
  private func takeNumber(of envelope: VerifiedEnvelope) async throws(CausewayError) -> Bool {
    let header = envelope.header
    guard let stored = try await clearanceRecord(header.clearance.text), stored.erasure == nil else { return false }
    var clearance = try Clearance(stored)
    guard clearance.order(of: header.sequence) == .next else { return false }
    clearance.received(sequence: header.sequence)
    let change = ClearanceChange(entries: [entry(for: envelope, kind: "message.repeated", reasons: [])])
    switch try await commit(change, clearance, created: stored.created, expecting: .revision(stored.revision), at: clock.now()) {
    case .committed: return true
    case .conflict(.clearance): return false
    case .conflict: throw CausewayError("journal.conflict")
    }
  }

  private func refuseReusedID(_ envelope: VerifiedEnvelope, _ known: MessageRecord?) async throws(CausewayError) -> String {
    try await refuse(
      envelope, Problem("verify.message_id_reused", pointer: "/messageId"),
      noting: ["firstEnvelope": .string(SHA256.hash(known?.header ?? []).hex)])
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

  private func decide(_ envelope: VerifiedEnvelope, _ known: Clearance?) -> Decision {
    let header = envelope.header
    guard var clearance = known else {
      // The first message of a clearance is its declaration.
      guard header.kind == .declaration else { return Decision(problems: [Problem("clearance.unknown", pointer: "/clearance")]) }
      guard header.revision ?? 1 == 1 else {
        return Decision(problems: [Problem("clearance.illegal_revision", facts: ["expected": "1", "found": String(header.revision ?? 1)])])
      }
      var clearance = Clearance(
        id: header.clearance.text, ucr: nil, salt: Hex.encode(envelope.salt.bytes.exposed), commitment: header.ucrCommitment.hex,
        corridor: header.corridor, mode: header.mode, ownSide: .import, declared: header.created, messageID: header.messageID.text)
      clearance.received(sequence: 1)
      return Decision(clearance: clearance)
    }
    let mismatch = Problem("verify.clearance_mismatch", pointer: "/clearance")
    guard ByteString(clearance.corridor) == ByteString(header.corridor) else { return Decision(problems: [mismatch]) }
    // A case ends in the mode in which it began, also where the corridor has another one by now.
    let isOfOneMode = clearance.mode == header.mode
    let before = clearance
    var decision =
      isOfOneMode && clearance.commitment == header.ucrCommitment.hex ? decide(envelope, &clearance) : Decision(problems: [mismatch])
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
}

extension RulesInForce {
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
}

extension GatewayNode {
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
    _ decision: Decision, _ envelope: VerifiedEnvelope, _ facts: Facts, at now: Instant
  ) async throws(CausewayError) -> Change.Outcome {
    let header = envelope.header
    let isAccepted = decision.problems.isEmpty
    let state: MessageState = !isAccepted ? .turnedAway : decision.isHandled ? .handled : .recorded
    let codes = decision.problems.map(\.code)
    let message = MessageRecord(
      id: header.messageID, direction: .inbound, clearance: header.clearance.text, kind: header.kind.rawValue, corridor: header.corridor,
      partner: header.sender, businessKey: Arrival.remembersEffect(isAccepted: isAccepted) ? Self.businessKey(header) : nil,
      state: state.rawValue, reason: codes.first,
      header: envelope.headerBytes, signature: Array(envelope.signature.utf8), payloadDigest: header.payload.sha256,
      envelopeCreated: header.created, sequence: header.sequence, inReplyTo: header.inReplyTo,
      versions: ["policy": Self.name(header.policy), "profile": Self.name(header.profile), "registry": String(registry.version)],
      created: now)
    var change = decision.change
    change.operations =
      [
        .putMessage(message, expecting: facts.same.map { .revision($0.revision) } ?? .absent),
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
      change, clearance, created: facts.record?.created ?? now, expecting: facts.record.map { .revision($0.revision) } ?? .absent, at: now)
  }

  private func entry(for envelope: VerifiedEnvelope, kind: String, reasons: [ErrorCode]) -> EntryDraft {
    let header = envelope.header
    return EntryDraft(
      kind: kind, corridor: header.corridor, subject: header.ucrCommitment, messageID: header.messageID,
      payloadDigest: header.payload.sha256, fieldsRoot: header.payload.fieldsRoot, actor: header.sender, claimedTime: header.created,
      versions: ["policy": Self.name(header.policy), "profile": Self.name(header.profile), "registry": String(registry.version)],
      reasons: Array(reasons.prefix(64)), extra: Self.extra(envelope.digest, header))
  }

  /// What makes two messages the same in effect, whatever their ids: clearance, kind, revision and content.
  static func businessKey(_ header: EnvelopeHeader) -> String {
    "\(header.sender)|\(header.clearance.text)|\(header.kind.rawValue)|\(header.revision ?? 0)|\(header.payload.sha256.hex)"
  }
}
