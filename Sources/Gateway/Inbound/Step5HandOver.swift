package import JSONTree
import Journal
package import Primitives

/// What a document in the inbox is.
package enum InboxKind: String, Sendable {
  /// A pre-filled local declaration, complete or with a supplement request.
  case declaration
  /// The local declaration, completed: to be lodged.
  case lodgement
  /// The partner's status message.
  case status
  /// The partner has withdrawn the declaration.
  case withdrawal
  /// A message of ours was refused; the document says why.
  case refusal
}

extension GatewayNode {
  /// The one local single window of a gateway.
  static let consumer = "local"

  /// Inbound step 5: puts a document where the local single window takes it from.
  func handOver(
    _ kind: InboxKind, of message: MessageRecord, clearance: Clearance, payloadKind: PayloadKind, at now: Instant
  ) -> [Change.Operation] {
    [
      .putInbox(
        InboxRecord(
          consumer: Self.consumer, clearance: clearance.id, kind: kind.rawValue, messageID: message.id, payloadOwner: message.id.text,
          payloadKind: payloadKind.rawValue, created: now))
    ]
  }

  /// The oldest documents that have not been acknowledged.
  package func inbox(waitSeconds: Int, by principal: Principal) async throws(CausewayError) -> JSONValue {
    let deadline = ContinuousClock.now + .seconds(waitSeconds)
    while true {
      let seen = bell.rung
      let items = try await inboxItems(after: 0, limit: 32)
      if !items.isEmpty || ContinuousClock.now >= deadline || Task.isCancelled { return ["items": .array(items.map(\.json))] }
      await bell.wait(after: seen, atMost: min(deadline - ContinuousClock.now, .seconds(5)))
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
        InboxItem(record: record, payload: try reader.payload(owner: record.payloadOwner, kind: record.payloadKind))
      }
    }
  }
}

/// A document of the inbox, with its bytes.
struct InboxItem: Sendable {
  let record: InboxRecord
  let payload: PayloadRecord?

  var json: JSONValue {
    [
      "sequence": .number(JSONNumber(Int(record.sequence))),
      "clearanceId": .string(record.clearance),
      "kind": .string(record.kind),
      "messageId": record.messageID.map { .string($0.text) } ?? .null,
      "created": .string(record.created.rfc3339),
      "mediaType": payload.map { .string($0.mediaType) } ?? .null,
      "sha256": payload.map { .string($0.digest.hex) } ?? .null,
      "document": payload.map { .string(Base64.encode($0.bytes)) } ?? .null,
    ]
  }
}
