import JSONTree
package import Primitives
package import Trust

/// One reason of a refusal, as the partner may read it: a code, a place in the partner's own document, never a value from it.
package struct ReceiptReason: Hashable, Sendable {
  package let code: String
  package let pointer: String?
  package let line: Int?
  /// Id of the canonical element.
  package let element: String?
  package let facts: [String: String]

  package init(code: String, pointer: String? = nil, line: Int? = nil, element: String? = nil, facts: [String: String] = [:]) {
    self.code = code
    self.pointer = pointer
    self.line = line
    self.element = element
    self.facts = facts
  }

  /// What a receipt may not carry (a pointer or fact that is too long, a line that is none) is left out; the code says enough.
  package init(_ problem: Problem) {
    self.init(
      code: problem.code.rawValue, pointer: problem.pointer.flatMap { $0.utf8.count <= Self.limitPointer ? $0 : nil },
      line: problem.line.flatMap { (1...Int(Int32.max)).contains($0) ? $0 : nil },
      element: problem.element.flatMap { $0.utf8.count <= Self.limitFact ? $0 : nil },
      facts: problem.facts.filter { $0.key.utf8.count <= Self.limitFact && $0.value.utf8.count <= Self.limitFact })
  }

  static let limitPointer = 2048
  static let limitFact = 256

  /// The reason as a problem of our own, so that it is shown with the catalogue's texts.
  package var problem: Problem {
    Problem(ErrorCode(rawValue: code), pointer: pointer, line: line, element: element, facts: facts)
  }
}

/// The receiver's answer to one envelope: what it got, and that it took responsibility for it or refused it.
///
/// Signed as a JWS with attached payload; the payload is the canonical JSON (RFC 8785) of these members. The same envelope gets the same
/// receipt bytes whenever it comes again.
///
/// - SeeAlso: docs/protocol.md; RFC 7515 §7.1.
package struct Receipt: Hashable, Sendable {
  /// `typ` of the signature: keeps it apart from those of messages and registries.
  package static let signatureType = "causeway-receipt+jws"
  package static let version = 1
  /// Longest compact receipt accepted, in bytes.
  package static let limitBytes = 256 << 10
  package static let limitReasons = 200

  package enum Outcome: Hashable, Sendable {
    /// The message is stored durably and recorded in the receiver's ledger.
    case accepted
    /// Not empty.
    case refused([ReceiptReason])
  }

  /// Where the receiver's ledger has the message, and a signed checkpoint of that ledger (C2SP tlog-checkpoint, as text). The checkpoint's
  /// own signature is for the ledger to verify.
  package struct LedgerPosition: Hashable, Sendable {
    package let index: Int
    package let checkpoint: String

    package init(index: Int, checkpoint: String) {
      self.index = index
      self.checkpoint = checkpoint
    }
  }

  /// nil only in a refusal of a header that could not be read.
  package let messageID: MessageID?
  /// SHA-256 of the envelope header's bytes.
  package let envelope: Digest
  /// SHA-256 of the payload as received.
  package let payload: Digest
  /// To whom the receipt is given: the participant whose TLS connection brought the envelope.
  package let sender: String
  /// Who gives it.
  package let receiver: String
  package let receivedAt: Instant
  package let outcome: Outcome
  /// Always there when accepted.
  package let ledger: LedgerPosition?

  init(
    messageID: MessageID?, envelope: Digest, payload: Digest, sender: String, receiver: String, receivedAt: Instant, outcome: Outcome,
    ledger: LedgerPosition?
  ) {
    self.messageID = messageID
    self.envelope = envelope
    self.payload = payload
    self.sender = sender
    self.receiver = receiver
    self.receivedAt = receivedAt
    self.outcome = outcome
    self.ledger = ledger
  }

  /// Why the message was refused; nil when it was accepted.
  package var reasons: [ReceiptReason]? {
    if case .refused(let reasons) = outcome { reasons } else { nil }
  }

  /// The receipt of a message that was taken over.
  package static func accepting(_ message: VerifiedEnvelope, ledger: LedgerPosition) -> Receipt {
    Receipt(
      messageID: message.header.messageID, envelope: message.digest, payload: message.header.payload.sha256,
      sender: message.peer.participant, receiver: message.header.recipient, receivedAt: message.receivedAt, outcome: .accepted,
      ledger: ledger)
  }

  /// The receipt of a genuine message whose content is refused.
  ///
  /// - Precondition: `problems` is not empty. More than ``limitReasons`` are cut.
  package static func refusing(_ message: VerifiedEnvelope, problems: [Problem], ledger: LedgerPosition?) -> Receipt {
    Receipt(
      messageID: message.header.messageID, envelope: message.digest, payload: message.header.payload.sha256,
      sender: message.peer.participant, receiver: message.header.recipient, receivedAt: message.receivedAt,
      outcome: .refused(fitting(problems)), ledger: ledger)
  }

  /// The receipt of an envelope that a known participant sent and that did not verify.
  ///
  /// - Parameter receiver: who we are; a refused envelope may name another recipient.
  package static func refusing(_ refusal: EnvelopeRefusal, receiver: String, ledger: LedgerPosition?) -> Receipt {
    Receipt(
      messageID: refusal.header?.messageID, envelope: refusal.envelopeDigest, payload: refusal.payloadDigest,
      sender: refusal.peer.participant, receiver: receiver, receivedAt: refusal.receivedAt, outcome: .refused(fitting(refusal.problems)),
      ledger: ledger)
  }

  /// Signs the receipt. The result is what travels and what is kept: signing again gives other bytes.
  ///
  /// - Returns: compact JWS, ASCII, at most ``limitBytes``.
  /// - Throws: `key.signing`.
  package func signed(keyID: String, key: PrivateKey) throws(CausewayError) -> String {
    try JWS.sign(payload: canonicalBytes, type: Self.signatureType, keyID: keyID, key: key, detached: false)
  }

  /// As many reasons as a receipt holds; when some are left out, the last one says how many there were.
  private static func fitting(_ problems: [Problem]) -> [ReceiptReason] {
    precondition(!problems.isEmpty, "a refusal gives at least one reason")
    var reasons: [ReceiptReason] = []
    var size = 0
    for problem in problems {
      let reason = ReceiptReason(problem)
      size += json(reason).serialized().count
      // 160 KiB as base64url, with a checkpoint beside them, stay below the limit.
      guard size <= 160 << 10, reasons.count < limitReasons - 1 || problems.count <= limitReasons else { break }
      reasons.append(reason)
    }
    if reasons.count < problems.count {
      reasons.append(ReceiptReason(code: "receipt.more_reasons", facts: ["count": String(problems.count)]))
    }
    return reasons
  }
}

// The JSON form.
extension Receipt {
  /// The bytes that are signed.
  package var canonicalBytes: [UInt8] {
    var receipt: JSONObject = [
      "version": .number(JSONNumber(Self.version)), "envelope": .string(envelope.hex), "payload": .string(payload.hex),
      "sender": .string(sender), "receiver": .string(receiver), "receivedAt": .string(receivedAt.rfc3339),
    ]
    receipt["messageId"] = messageID.map { .string($0.text) }
    switch outcome {
    case .accepted: receipt["outcome"] = "accepted"
    case .refused(let reasons):
      receipt["outcome"] = "refused"
      receipt["reasons"] = .array(reasons.map(Self.json))
    }
    receipt["ledger"] = ledger.map { ["index": .number(JSONNumber($0.index)), "checkpoint": .string($0.checkpoint)] }
    do {
      return try JSONValue.object(receipt).canonical()
    } catch {
      preconditionFailure("a receipt always has a canonical form: \(error)")
    }
  }

  private static func json(_ reason: ReceiptReason) -> JSONValue {
    var object: JSONObject = ["code": .string(reason.code)]
    object["pointer"] = reason.pointer.map { .string($0) }
    object["line"] = reason.line.map { .number(JSONNumber($0)) }
    object["element"] = reason.element.map { .string($0) }
    if !reason.facts.isEmpty {
      let facts = reason.facts.sorted { ByteString($0.key) < ByteString($1.key) }
      object["facts"] = .object(JSONObject(facts.map { ($0.key, .string($0.value)) }))
    }
    return .object(object)
  }

  /// Reads the payload of a receipt.
  ///
  /// - Throws: the `parse.json_*` codes; `verify.receipt_version`.
  static func parse(_ bytes: [UInt8]) throws(CausewayError) -> Receipt {
    let value = try JSONValue.parseCanonical(bytes, limits: JSONLimits(bytes: limitBytes, depth: 4, members: 64, values: 8192))
    if let version = value["version"], version != .number(JSONNumber(Self.version)) {
      throw CausewayError("verify.receipt_version", facts: ["supported": String(Self.version)])
    }
    var fields = JSONFields(value)
    _ = fields.integer("version")
    let messageID = fields.string("messageId", required: false, "UUIDv7", MessageID.init)
    let envelope = fields.digest("envelope")
    let payload = fields.digest("payload")
    let sender = fields.token("sender")
    let receiver = fields.token("receiver")
    let receivedAt = fields.instant("receivedAt")
    let isAccepted = fields.string("outcome", "accepted or refused") { ["accepted": true, "refused": false][$0] }
    var outcome = Outcome.accepted
    if isAccepted == false {
      let reasons = fields.list("reasons") { readReason(&$0) } ?? []
      if reasons.isEmpty || reasons.count > limitReasons { fields.refuse("reasons", "1…\(limitReasons) reasons") }
      outcome = .refused(reasons)
    } else if messageID == nil {
      fields.refuse("messageId", "UUIDv7")
    }
    let ledger = fields.nested("ledger", required: isAccepted == true) { ledger -> LedgerPosition? in
      let index = ledger.integer("index", in: 0...(1 << 53 - 1))
      let checkpoint = ledger.string("checkpoint", "at most 16 KiB") { $0.utf8.count <= 16 << 10 ? $0 : nil }
      guard let index, let checkpoint else { return nil }
      return LedgerPosition(index: index, checkpoint: checkpoint)
    }
    let problems = fields.finish()
    guard problems.isEmpty else { throw CausewayError(problems: problems) }
    guard let envelope, let payload, let sender, let receiver, let receivedAt else { throw CausewayError("parse.json_member_missing") }
    return Receipt(
      messageID: messageID, envelope: envelope, payload: payload, sender: sender, receiver: receiver, receivedAt: receivedAt,
      outcome: outcome, ledger: ledger)
  }

  private static func readReason(_ fields: inout JSONFields) -> ReceiptReason? {
    let code = fields.string("code", "stage.reason") { isCode($0) ? $0 : nil }
    let pointer = fields.string("pointer", required: false, "at most 2048 bytes") { $0.utf8.count <= ReceiptReason.limitPointer ? $0 : nil }
    let line = fields.integer("line", in: 1...Int(Int32.max), required: false)
    let element = fields.string("element", required: false, "at most 256 bytes") { $0.utf8.count <= ReceiptReason.limitFact ? $0 : nil }
    var facts: [String: String] = [:]
    for fact in fields.object("facts", required: false)?.members ?? [] {
      if let text = fact.value.string, text.utf8.count <= ReceiptReason.limitFact, fact.name.utf8.count <= ReceiptReason.limitFact {
        facts[fact.name] = text
      } else {
        fields.refuse("facts", "short texts")
      }
    }
    return code.map { ReceiptReason(code: $0, pointer: pointer, line: line, element: element, facts: facts) }
  }

  /// Two or more parts of lower-case letters, digits and `_`, with a point between: partners bring codes of their own, but neither markup
  /// nor line breaks.
  private static func isCode(_ text: String) -> Bool {
    let parts = text.utf8.split(separator: 0x2E, omittingEmptySubsequences: false)
    return text.utf8.count <= 128 && parts.count >= 2
      && parts.allSatisfy { part in
        !part.isEmpty && part.allSatisfy { (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x5F }
      }
  }
}
