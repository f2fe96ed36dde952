import Exchange
import JSONTree
import Journal
import Ledger
import Primitives
import Trust

/// Who replays, and why.
struct ReplayOrder: Sendable {
  /// Id of the replay.
  let id: String
  let actor: String
}

/// The document that a message begins with, as a replay takes it over.
struct ReplayDocument: Sendable {
  let source: PayloadRecord
  /// As two people have changed it.
  var edited: PayloadRecord?
}

// What a replay writes. It is the same operation as the first time; the link to what failed is written with it.
extension GatewayNode {
  /// What one message adds to the change of its replay.
  ///
  /// - Parameter document: needed for ``ReplayAction/anew``.
  func change(
    replaying subject: ReplaySubject, _ action: ReplayAction, document: ReplayDocument?, by order: ReplayOrder, at now: Instant
  ) throws(CausewayError) -> Change {
    var message = subject.message
    var extra: JSONObject = ["replay": .string(order.id), "action": .string(action.word)]
    var change = Change(preconditions: [.message(message.id, in: [message.state])])
    switch action {
    case .nothing: return Change()
    case .deliver, .ask:
      guard let record = subject.delivery else { throw CausewayError("deliver.incomplete") }
      change.preconditions.append(.delivery(record.id, attempts: record.attempts))
      var delivery = Delivery(record)
      delivery.apply(.replay, at: now, terms: configuration.delivery.terms, chance: 0)
      if action == .deliver {
        message.state = MessageState.sealed.rawValue
        message.reason = nil
      }
      message.details = try Self.details(message, ["replay": ["id": .string(order.id), "by": .string(order.actor)]])
      change.operations = [.reschedule(record.with(delivery))]
    case .translate:
      message.state = (message.direction == .inbound ? MessageState.recorded : .received).rawValue
      message.reason = nil
    case .anew:
      guard let document else { throw CausewayError("journal.not_found", facts: ["what": "source"]) }
      let successor = try successor(of: message, document, at: now)
      change.operations = successor.operations
      change.entries = [entry(for: message, replacedBy: successor.id, by: order)]
      message = try superseded(message, by: successor.id)
      extra["replacedBy"] = .string(successor.id.text)
    }
    message.updated = now
    change.operations.append(.putMessage(message, expecting: .revision(message.revision)))
    change.entries.insert(
      EntryDraft(
        kind: "message.replayed", corridor: message.corridor, messageID: message.id, payloadDigest: message.payloadDigest,
        actor: order.actor, reasons: Self.recordable(subject.message.reason.map { [$0.rawValue] } ?? []), extra: extra), at: 0)
    return change
  }

  /// A new message from the document of one that the partner has refused. A declaration begins a new clearance: the partner knows none.
  func successor(
    of message: MessageRecord, _ document: ReplayDocument, at now: Instant
  ) throws(CausewayError) -> (id: MessageID, operations: [Change.Operation]) {
    let id = SecureRandom.messageID(at: now)
    let isDeclaration = message.kind == MessageKind.declaration.rawValue
    let before = try JSONValue.parse(message.details)
    var details: JSONObject = ["replays": .string(message.id.text)]
    // What the caller said about the document.
    for name in ["profile", "submittedBy", "ucr", "edited"] { details[name] = before[name] }
    let successor = MessageRecord(
      id: id, direction: .outbound, clearance: isDeclaration ? ClearanceID.random().text : message.clearance,
      kind: (isDeclaration ? MessageKind.declaration : .amendment).rawValue, corridor: message.corridor, partner: message.partner,
      state: MessageState.received.rawValue, details: JSONValue.object(details).serialized(), created: now)
    var operations: [Change.Operation] = [.putMessage(successor, expecting: .absent)]
    let source = document.source
    operations.append(.putPayload(payload(.source, of: id, mediaType: source.mediaType, source.bytes, at: now)))
    if let edited = document.edited {
      operations.append(.putPayload(payload(.edited, of: id, mediaType: edited.mediaType, edited.bytes, at: now)))
    }
    return (id, operations)
  }

  /// The message whose place another one takes.
  func superseded(_ message: MessageRecord, by successor: MessageID) throws(CausewayError) -> MessageRecord {
    var message = message
    message.reason = "replay.superseded"
    message.details = try Self.details(message, ["replayedBy": .string(successor.text)])
    return message
  }

  /// The ledger entry of the message that takes another one's place: from either of them the other is found.
  func entry(for message: MessageRecord, replacedBy successor: MessageID, by order: ReplayOrder) -> EntryDraft {
    EntryDraft(
      kind: "message.replays", corridor: message.corridor, messageID: successor, actor: order.actor,
      extra: ["replay": .string(order.id), "replaces": .string(message.id.text)])
  }

  /// The details of a message with some members set, and one removed.
  static func details(_ message: MessageRecord, _ members: JSONObject, without removed: String? = nil) throws(CausewayError) -> [UInt8] {
    var details = message.details.isEmpty ? JSONObject() : try JSONValue.parse(message.details).object ?? [:]
    for member in members.members { details[member.name] = member.value }
    if let removed { details[removed] = nil }
    return JSONValue.object(details).serialized()
  }

  /// The document of a message, for a message that begins with it anew; nil when it has none.
  static func replayDocument(
    of id: MessageID, _ reader: any JournalReader
  ) throws(CausewayError) -> ReplayDocument? {
    guard let source = try reader.payload(owner: id.text, kind: PayloadKind.source.rawValue) else { return nil }
    return ReplayDocument(source: source, edited: try reader.payload(owner: id.text, kind: PayloadKind.edited.rawValue))
  }
}

// MARK: - Asked what became of an expired message

extension GatewayNode {
  /// Whether a message that has expired is in the outbox all the same: a replay asks the partner what became of it. No other message that is
  /// dead can be there.
  ///
  /// - Throws: `deliver.expired`; `replay.earlier_failed`: its refusal would leave a gap in the partner's numbers.
  func checkExpiry(of delivery: OutboxRecord, _ envelope: SealedEnvelope, _ message: MessageRecord) async throws(CausewayError) {
    let (now, expires) = (clock.now(), envelope.header.expires)
    guard now >= expires else { return }
    guard message.state == MessageState.dead.rawValue || Delivery(delivery).mayGo(at: now, expires: expires) else {
      throw CausewayError(Delivery.expired)
    }
    let isBehind = try await journal.read { reader throws(CausewayError) in try isBehindFailure(message, reader) }
    if isBehind { throw CausewayError("replay.earlier_failed") }
  }

  /// What takes the place of a message after the partner has signed that it came too late: it can have had no effect, so that a new id is safe.
  struct ExpiredReplay: Sendable {
    let order: ReplayOrder
    /// nil: a status, which is said again as it was.
    let document: ReplayDocument?
    let wire: PayloadRecord
    let header: EnvelopeHeader
  }

  /// - Parameter codes: of the partner's refusal.
  /// - Returns: nil when no replay has asked, the answer is another one, or there is nothing to begin from.
  func expiredReplay(of message: MessageRecord, refusedWith codes: [String]) async throws(CausewayError) -> ExpiredReplay? {
    guard message.state == MessageState.dead.rawValue, !codes.isEmpty, codes.allSatisfy({ $0.hasSameBytes(as: "verify.expired") }) else {
      return nil
    }
    let replay = try JSONValue.parse(message.details)["replay"]
    guard let id = replay?["id"]?.string, let actor = replay?["by"]?.string else { return nil }
    let (document, wire) = try await journal.read { reader throws(CausewayError) in
      (
        try Self.replayDocument(of: message.id, reader),
        try reader.payload(owner: message.id.text, kind: PayloadKind.wire.rawValue)
      )
    }
    let isStatus = message.kind == MessageKind.status.rawValue
    guard let wire, document != nil || isStatus else { return nil }
    return ExpiredReplay(
      order: ReplayOrder(id: id, actor: actor), document: isStatus ? nil : document, wire: wire,
      header: try EnvelopeHeader.parse(message.header))
  }

  /// Adds to the change of a receipt what takes the message's place.
  func add(_ replay: ExpiredReplay, of message: MessageRecord, to change: inout ClearanceChange, at now: Instant) throws(CausewayError) {
    let id: MessageID
    if let document = replay.document {
      let successor = try successor(of: message, document, at: now)
      id = successor.id
      change.operations += successor.operations
    } else {
      let header = replay.header
      id = SecureRandom.messageID(at: now)
      change.outgoing = [
        Outgoing(
          id: id, kind: header.kind, revision: header.revision ?? 1, mediaType: header.payload.mediaType, payload: replay.wire.bytes,
          profile: header.profile, policy: header.policy, inReplyTo: header.inReplyTo, replays: message.id)
      ]
    }
    change.operations.insert(
      .putMessage(try superseded(message, by: id), expecting: .revision(message.revision)), at: 0)
    change.entries.append(entry(for: message, replacedBy: id, by: replay.order))
  }
}
