import Exchange
package import JSONTree
import Journal
package import Primitives
import Trust

/// A local document as it was handed in, and what the caller said about it.
package struct Submission: Sendable {
  package let body: [UInt8]
  /// Local profile of the document, with or without its version; nil when the corridor accepts only one.
  package let profile: String?
  /// nil for an amendment: the clearance knows it.
  package let corridor: String?
  /// Unique consignment reference, when the caller has one and the document does not.
  package let ucr: String?
  /// The clearance that is amended; nil for a new declaration.
  package let clearanceID: String?
  package let idempotencyKey: String?

  package init(body: [UInt8], profile: String?, corridor: String?, ucr: String?, clearanceID: String?, idempotencyKey: String?) {
    self.body = body
    self.profile = profile
    self.corridor = corridor
    self.ucr = ucr
    self.clearanceID = clearanceID
    self.idempotencyKey = idempotencyKey
  }
}

/// The promise behind a 202: the document is on disk and will be dealt with.
package struct Acknowledgement: Sendable, Equatable {
  package let messageID: String
  package let clearanceID: String
  /// The same submission had been made before; these are its ids.
  package let repeated: Bool

  init(messageID: String, clearanceID: String, repeated: Bool) {
    self.messageID = messageID
    self.clearanceID = clearanceID
    self.repeated = repeated
  }

  fileprivate init(repeating stored: [UInt8]) throws(CausewayError) {
    let ids = try JSONValue.parse(stored)
    self.init(messageID: ids["messageId"]?.string ?? "", clearanceID: ids["clearanceId"]?.string ?? "", repeated: true)
  }

  package var json: JSONValue {
    ["messageId": .string(messageID), "clearanceId": .string(clearanceID), "repeated": .bool(repeated)]
  }
}

extension GatewayNode {
  /// Step 1: stores the raw bytes durably. Nothing of them is looked at.
  ///
  /// - Throws: `receive.corridor_unknown`, `receive.profile_not_offered`, `receive.profile_missing`, `receive.not_found`,
  ///   `receive.empty`, `receive.ucr_form`, `receive.key_form`, `receive.idempotency_key_reused`, `receive.witness_debt`, `receive.backlog`, `journal.*`.
  package func submit(_ submission: Submission, by principal: Principal) async throws(CausewayError) -> Acknowledgement {
    let terms = try await terms(of: submission)
    try await checkWitnessDebt(in: terms.corridor)
    try await checkBacklog(of: terms.corridor)
    let content = SHA256.hash(submission.body)
    let request = SHA256.hash(
      Array([submission.clearanceID ?? "", terms.corridor, terms.profile, submission.ucr ?? "", content.hex].joined(separator: "\n").utf8))
    var refusals = 0
    while true {
      // Without a key of the caller's the content is the key. Content that was refused before is dealt with again, not swallowed.
      let key = submission.idempotencyKey.map { "key:\($0)" } ?? "content:\(request.hex):\(refusals)"
      let outcome = try await store(submission, terms, key: key, request: request, by: principal)
      guard outcome.repeated, submission.idempotencyKey == nil, try await isRefused(outcome.messageID) else { return outcome }
      refusals += 1
    }
  }

  private func store(
    _ submission: Submission, _ terms: (corridor: String, partner: String, profile: String), key: String, request: Digest,
    by principal: Principal
  ) async throws(CausewayError) -> Acknowledgement {
    let now = clock.now()
    let id = SecureRandom.messageID(at: now)
    let acknowledgement = Acknowledgement(
      messageID: id.text, clearanceID: submission.clearanceID ?? ClearanceID.random().text, repeated: false)
    var details: JSONObject = ["profile": .string(terms.profile), "submittedBy": .string(principal.name)]
    if let ucr = submission.ucr { details["ucr"] = .string(ucr) }
    let message = MessageRecord(
      id: id, direction: .outbound, clearance: acknowledgement.clearanceID,
      kind: (submission.clearanceID == nil ? MessageKind.declaration : .amendment).rawValue, corridor: terms.corridor,
      partner: terms.partner,
      state: MessageState.received.rawValue, details: JSONValue.object(details).serialized(), created: now)
    let outcome = try await journal.commit(
      Change(
        operations: [
          .putIdempotency(
            IdempotencyRecord(
              subject: principal.name, key: key, request: request, outcome: acknowledgement.json.serialized(),
              clearance: acknowledgement.clearanceID, created: now)),
          .putMessage(message, expecting: .absent),
          .putPayload(payload(.source, of: id, mediaType: "application/octet-stream", submission.body, at: now)),
        ]))
    switch outcome {
    case .committed:
      metrics.count("gateway_received_messages_total", [("corridor", terms.corridor)])
      probe(.outboundReceived)
      bell.ring(for: [.received, .news])
      return acknowledgement
    case .conflict(.idempotencyKey(let earlier)) where earlier.request == request: return try Acknowledgement(repeating: earlier.outcome)
    case .conflict(.idempotencyKey): throw CausewayError("receive.idempotency_key_reused")
    case .conflict: throw CausewayError("journal.conflict")
    }
  }

  private func isRefused(_ text: String) async throws(CausewayError) -> Bool {
    guard let id = MessageID(text) else { return false }
    let message = try await journal.read { reader throws(CausewayError) in try reader.message(id) }
    return message?.state == MessageState.refused.rawValue || message?.state == MessageState.refusedByPartner.rawValue
  }

  /// What the submission refers to, checked against the configuration and the registry.
  private func terms(
    of submission: Submission
  ) async throws(CausewayError) -> (corridor: String, partner: String, profile: String) {
    guard !submission.body.isEmpty else { throw CausewayError("receive.empty") }
    if let ucr = submission.ucr, !UCR.isWellFormed(ucr) { throw CausewayError("receive.ucr_form") }
    if let key = submission.idempotencyKey, !(1...128).contains(key.utf8.count) || !key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) {
      throw CausewayError("receive.key_form")
    }
    var corridorID = submission.corridor
    if let clearance = submission.clearanceID {
      guard let record = try await clearanceRecord(clearance), record.side == SideKind.export.rawValue else {
        throw CausewayError("receive.not_found")
      }
      if let erasure = record.erasure { throw CausewayError(erasure.problem) }
      corridorID = record.corridor
    }
    guard let corridorID, let settings = configuration.corridor(corridorID), let corridor = registry.corridor(corridorID),
      ByteString(corridor.from) == ByteString(economy)
    else { throw CausewayError("receive.corridor_unknown") }
    guard let profile = submission.profile ?? (settings.accepts.count == 1 ? settings.accepts[0] : nil) else {
      throw CausewayError("receive.profile_missing")
    }
    // A request to amend or cancel is about a clearance that exists.
    let offered = submission.clearanceID == nil ? settings.accepts : settings.accepts + settings.acceptsAmendment
    guard isOffered(profile, in: offered) else { throw CausewayError("receive.profile_not_offered") }
    return (corridorID, corridor.to, profile)
  }
}

/// Unique consignment reference (WCO UCR guideline): at most 35 of upper-case letters, digits and `-`.
package enum UCR {
  package static func isWellFormed(_ text: String) -> Bool {
    (1...35).contains(text.utf8.count)
      && text.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || $0 == 0x2D }
  }

  /// A reference for a consignment whose declaration has none: last digit of the year, economy, and 32 digits of a digest of who
  /// exports and under which local reference. The same declaration handed in again therefore meets its first clearance, whatever its
  /// encoding or its idempotency key. Without a local reference the clearance's own random id takes the digest's place.
  static func issued(economy: String, exporter: String, localReference: String, clearanceID: String, at now: Instant) -> String {
    let year = now.rfc3339.utf8.dropFirst(3).first.map { String(UnicodeScalar($0)) } ?? "0"
    let digest = SHA256.hash(Array("causeway/issued-ucr/v1\n\(economy)\n\(exporter)\n\(localReference)".utf8))
    return year + economy + (localReference.isEmpty ? clearanceID : String(digest.hex.prefix(32))).uppercased()
  }
}
