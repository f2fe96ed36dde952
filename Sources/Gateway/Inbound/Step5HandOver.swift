import Exchange
package import JSONTree
import Journal
import Logging
package import Primitives
import Translation
import Trust

/// What a document in the inbox is.
package enum InboxKind: String, Sendable {
  /// A pre-filled local declaration, complete or with a supplement request.
  case declaration
  /// The local declaration, completed: to be lodged.
  case lodgement
  /// The partner's status.
  case status
  /// The partner's request to amend its declaration.
  case amendment
  /// The partner has withdrawn the declaration; the document is a status or the request to cancel.
  case withdrawal
  /// The partner's receipt refuses a message of ours; the document is a status with the reasons.
  case refusal
  /// A message of ours expired before the partner answered; the document is a status of our own with the reason.
  case expiry
  /// The answer to the syntax of a document of ours in EDIFACT that asks for one.
  case contrl
}

extension RulesInForce {
  func localStatusProfile(of corridor: String) -> Profile? {
    configuration.corridor(corridor)?.handsOverStatus.flatMap { profiles[$0] } ?? statusProfile(of: corridor)
  }

  /// The partner's status in the profile that the configuration names; nil when it is handed over as it travelled.
  ///
  /// - Throws: `write.*`: the profile cannot say it.
  func localStatus(_ document: ValidDocument, corridor: String) throws(CausewayError) -> Translation? {
    guard let profile = localStatusProfile(of: corridor), ByteString(profile.name) != ByteString(document.profile.name) else { return nil }
    return try Translator(profiles).write(document, to: profile, options: .init(makesComplement: false)).complete()
  }

  /// The partner's request as a draft of one to this side's own customs; nil when it is handed over as it travelled.
  ///
  /// - Throws: `write.*`: the profile cannot say what is asked for.
  func localRequest(_ document: ValidDocument, _ clearance: Clearance, day: String) throws(CausewayError) -> Translation? {
    let settings = configuration.corridor(clearance.corridor)
    guard let profile = settings?.handsOverAmendment.flatMap({ profiles[$0] }),
      ByteString(profile.name) != ByteString(document.profile.name)
    else { return nil }
    let request = profile.isHub ? document.declaration : document.declaration.mirrored(for: clearance, economy: economy)
    return try Translator(profiles).write(
      document, released: request, to: profile,
      options: .init(shape: settings?.amendmentShape, makesComplement: false, day: day, isMirrored: !profile.isHub))
  }
}

extension GatewayNode {
  /// The one local single window of a gateway.
  static let consumer = "local"

  /// Inbound step 5: puts a document where the local single window takes it from.
  func handOver(
    _ kind: InboxKind, of message: MessageRecord, clearance: String, payloadKind: PayloadKind, at now: Instant
  ) -> [Change.Operation] {
    [
      .putInbox(
        InboxRecord(
          consumer: Self.consumer, clearance: clearance, kind: kind.rawValue, messageID: message.id, payloadOwner: message.id.text,
          payloadKind: payloadKind.rawValue, created: now))
    ]
  }

  /// Step 5 for the partner's status: in the profile that the configuration names, as it travelled when that is the same one.
  func handOver(
    _ kind: InboxKind, _ document: ValidDocument, of message: MessageRecord, clearance: Clearance, at now: Instant
  ) -> [Change.Operation] {
    do throws(CausewayError) {
      if let written = try localStatus(document, corridor: clearance.corridor) {
        return try handOver(kind, written, of: message, clearance: clearance, at: now)
      }
    } catch {
      // The partner's word counts, whether or not our format can say it.
      logger.error("status handed over as it came", metadata: ["gw.message_id": "\(message.id)", "gw.code": "\(error.code)"])
    }
    return handOver(kind, of: message, clearance: clearance.id, payloadKind: .wire, at: now)
  }

  /// Step 5 for the partner's request: to this side's own customs in the profile that the configuration names, a draft as far as the partner's
  /// request fills it; as it travelled where there is none, or where it cannot say what is asked for.
  func handOver(
    request document: ValidDocument, of message: MessageRecord, clearance: Clearance, at now: Instant
  ) -> [Change.Operation] {
    let kind: InboxKind = message.kind == MessageKind.withdrawal.rawValue ? .withdrawal : .amendment
    do throws(CausewayError) {
      if let written = try localRequest(document, clearance, day: now.day) {
        return try handOver(kind, written, of: message, clearance: clearance, at: now)
      }
    } catch {
      logger.notice("request handed over as it came", metadata: ["gw.message_id": "\(message.id)", "gw.code": "\(error.code)"])
    }
    return handOver(kind, of: message, clearance: clearance.id, payloadKind: .wire, at: now)
  }

  /// Step 5 for a document in a local profile, kept with the account of its translation.
  private func handOver(
    _ kind: InboxKind, _ written: Translation, of message: MessageRecord, clearance: Clearance, at now: Instant
  ) throws(CausewayError) -> [Change.Operation] {
    [
      .putPayload(payload(.local, of: message.id, mediaType: written.profile.mediaType, try written.bytes(), at: now)),
      .putPayload(payload(.report, of: message.id, json: written.report.serialized(), at: now)),
    ] + handOver(kind, of: message, clearance: clearance.id, payloadKind: .local, at: now)
  }

  /// Step 5 for a receipt that refuses: what the partner says of its side, with the reasons.
  ///
  /// A refused declaration or amendment is refused; after a refused request, withdrawal or status everything is as before.
  func handOver(
    refusalOf message: MessageRecord, _ reasons: [StatusMessage.Reason], clearance: Clearance, at time: Instant, now: Instant
  ) -> [Change.Operation] {
    handOver(.refusal, of: message, by: message.partner, reasons, clearance: clearance, at: time, now: now)
  }

  /// Step 5 for a message that expired unanswered: this gateway says so, and nothing of the partner's side.
  func handOver(expiryOf message: MessageRecord, clearance: Clearance, at now: Instant) -> [Change.Operation] {
    let problems: JSONValue = [
      "outcome": "expired", "by": .string(economy), "reasons": [Self.json(Problem(Delivery.expired))],
    ]
    let reason = StatusMessage.Reason(code: Delivery.expired.rawValue, pointer: nil)
    return [.replacePayload(payload(.problems, of: message.id, problems, at: now))]
      + handOver(.expiry, of: message, by: economy, [reason], clearance: clearance, at: now, now: now)
  }

  /// Step 5 for a message of ours that came to nothing, as a status with the reasons.
  private func handOver(
    _ kind: InboxKind, of message: MessageRecord, by economy: String, _ reasons: [StatusMessage.Reason], clearance: Clearance,
    at time: Instant, now: Instant
  ) -> [Change.Operation] {
    do throws(CausewayError) {
      guard let profile = localStatusProfile(of: clearance.corridor) else { throw CausewayError("seal.corridor_gone") }
      let header = try EnvelopeHeader.parse(message.header)
      let isDeclaration = [.declaration, .amendment].contains(header.kind) && !isRequest(header)
      let said = StatusMessage(
        clearanceID: clearance.id, side: clearance.partnerSide, revision: header.revision ?? 1,
        status: isDeclaration && kind == .refusal ? .refused : nil, effective: time, reasons: reasons)
      let tree = try said.declaration(in: profiles, economy: economy, id: message.id, issued: time)
      let bytes = try Translator(profiles).write(tree, as: profile)
      // One that expired, was replayed and expired again has a second notice.
      return [.replacePayload(payload(.local, of: message.id, mediaType: profile.mediaType, bytes, at: now))]
        + handOver(kind, of: message, clearance: clearance.id, payloadKind: .local, at: now)
    } catch {
      // It is said, whether or not our format can say it.
      logger.error("\(kind.rawValue) handed over as its reasons", metadata: ["gw.message_id": "\(message.id)", "gw.code": "\(error.code)"])
      return handOver(kind, of: message, clearance: clearance.id, payloadKind: .problems, at: now)
    }
  }

  /// The oldest documents that have not been acknowledged.
  package func inbox(waitSeconds: Int, by principal: Principal) async throws(CausewayError) -> JSONValue {
    let deadline = ContinuousClock.now + .seconds(waitSeconds)
    while true {
      let seen = bell.rung(for: .documents)
      let items = try await inboxItems(after: 0, limit: 32)
      if !items.isEmpty || ContinuousClock.now >= deadline || Task.isCancelled { return ["items": .array(items.map(\.json))] }
      await bell.wait(for: .documents, after: seen, atMost: min(deadline - ContinuousClock.now, .seconds(5)))
    }
  }

  /// The local single window has the document; it is not offered again.
  ///
  /// - Throws: `receive.not_found`.
  package func acknowledge(_ sequence: Int, by principal: Principal) async throws(CausewayError) {
    let outcome = try await journal.commit(Change(operations: [.acknowledge(sequence: Int64(sequence), at: clock.now())]))
    if outcome.conflict != nil { throw CausewayError("receive.not_found") }
  }

  func inboxItems(after sequence: Int64, limit: Int) async throws(CausewayError) -> [InboxItem] {
    try await journal.read { reader throws(CausewayError) in
      let records = try reader.inbox(consumer: Self.consumer, after: sequence, clearance: nil, acknowledged: false, limit: limit)
      return try records.map { record throws(CausewayError) in
        InboxItem(
          record: record, payload: try reader.payload(owner: record.payloadOwner, kind: record.payloadKind),
          revision: try Self.revision(of: record.messageID, reader), mode: try mode(of: record, reader))
      }
    }
  }

  /// Of the case; of a document that never became one, that of its corridor. nil: neither is known any more.
  private func mode(of record: InboxRecord, _ reader: any JournalReader) throws(CausewayError) -> Corridor.Mode? {
    let stored = try reader.clearance(record.clearance)
    if let stored, stored.erasure == nil { return try Clearance(stored).mode }
    let message = try record.messageID.flatMap { id throws(CausewayError) in try reader.message(id) }
    return (stored?.corridor ?? message?.corridor).flatMap { registry.corridor($0)?.mode }
  }

  /// A document that was refused before it was sealed has none.
  private static func revision(of id: MessageID?, _ reader: any JournalReader) throws(CausewayError) -> Int? {
    guard let id, let message = try reader.message(id), !message.header.isEmpty else { return nil }
    return try EnvelopeHeader.parse(message.header).revision
  }
}

/// A document of the inbox, with its bytes.
struct InboxItem: Sendable {
  let record: InboxRecord
  let payload: PayloadRecord?
  /// Of the declaration that the document is, or speaks about.
  let revision: Int?
  let mode: Corridor.Mode?

  var json: JSONValue {
    [
      "sequence": .number(JSONNumber(Int(record.sequence))),
      "clearanceId": .string(record.clearance),
      "kind": .string(record.kind),
      "revision": revision.map { .number(JSONNumber($0)) } ?? .null,
      "mode": mode.map { .string($0.rawValue) } ?? .null,
      "messageId": record.messageID.map { .string($0.text) } ?? .null,
      "created": .string(record.created.rfc3339),
      "mediaType": payload.map { .string($0.mediaType) } ?? .null,
      "sha256": payload.map { .string($0.digest.hex) } ?? .null,
      "document": payload.map { .string(Base64.encode($0.bytes)) } ?? .null,
    ]
  }
}
