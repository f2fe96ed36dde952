package import JSONTree
package import Primitives
import Trust

/// What one side holds of one subject, as it stands when it is asked.
package struct ReconciliationFacts: Hashable, Sendable {
  package enum Held: Hashable, Sendable {
    /// - Parameter isOnLedger: whether the ledger names the message: of what does not verify its recipient keeps that alone.
    case nothing(isOnLedger: Bool)
    case message(Message)
    case clearance(Clearance)
    /// There was a clearance; its data has been erased, and nobody can say how it stood.
    case erased
  }

  /// A message between the two: what its sender signed, and what its recipient answered.
  package struct Message: Hashable, Sendable {
    package let sender: String
    /// SHA-256 of the envelope header's bytes.
    package let envelope: Digest
    /// SHA-256 of the payload.
    package let payload: Digest?
    /// SHA-256 of the signed receipt's bytes; nil while there is none.
    package let receipt: Digest?
    /// What the receipt says.
    package let isAccepted: Bool?

    package init(sender: String, envelope: Digest, payload: Digest?, receipt: Digest?, isAccepted: Bool?) {
      self.sender = sender
      self.envelope = envelope
      self.payload = payload
      self.receipt = receipt
      self.isAccepted = isAccepted
    }
  }

  /// How far both sides of a clearance have come.
  package struct Clearance: Hashable, Sendable {
    package struct Side: Hashable, Sendable {
      /// Code of the list `clearance-status`: a token, see ``EnvelopeHeader/isToken(_:)``.
      package let status: String
      package let revision: Int

      package init(status: String, revision: Int) {
        self.status = status
        self.revision = revision
      }
    }

    package let export: Side
    package let `import`: Side?

    package init(export: Side, import: Side?) {
      self.export = export
      self.import = `import`
    }
  }

  package let held: Held
  /// Something of it is on the way to the other side, or has only just been sent: what differs now need not differ soon.
  package let isInFlight: Bool

  package init(_ held: Held, isInFlight: Bool) {
    self.held = held
    self.isInFlight = isInFlight
  }

  func isPossible(of subject: ReconciliationSubject) -> Bool {
    switch (subject, held) {
    case (.message, .message), (.clearance, .clearance), (.clearance, .erased), (_, .nothing): true
    default: false
    }
  }
}

extension ReconciliationFacts.Message {
  /// The value of a message's item: `SHA-256(domain ‖ envelope ‖ payload ‖ receipt)`, with 32 zero bytes for what is not there.
  package var value: Digest {
    SHA256.hash(
      Array("causeway/reconciliation/message-value/v1\n".utf8) + envelope.bytes + (payload ?? .zero).bytes + (receipt ?? .zero).bytes)
  }
}

extension ReconciliationFacts.Clearance {
  /// The value of a clearance's item: SHA-256 over a text of status and revision of both sides.
  package var value: Digest {
    func text(_ side: Side?) -> String { side.map { "\($0.status) \($0.revision)" } ?? "none" }
    return SHA256.hash("causeway/reconciliation/clearance-value/v1\nexport \(text(export))\nimport \(text(`import`))\n")
  }
}

// The JSON form.
extension ReconciliationFacts {
  package func json(of subject: ReconciliationSubject) -> JSONValue {
    var object: JSONObject = ["subject": .string(subject.text), "inFlight": .bool(isInFlight)]
    switch held {
    case .nothing(let isOnLedger): if isOnLedger { object["onLedger"] = true }
    case .message(let message): object["message"] = message.json
    case .clearance(let clearance): object["clearance"] = clearance.json
    case .erased: object["erased"] = true
    }
    return .object(object)
  }

  static func read(_ fields: inout JSONFields) -> (subject: ReconciliationSubject, facts: ReconciliationFacts)? {
    let subject = fields.string("subject", "id of a message or a clearance", ReconciliationSubject.init)
    let isInFlight = fields.bool("inFlight")
    let isOnLedger = fields.bool("onLedger", required: false) ?? false
    let isErased = fields.bool("erased", required: false) ?? false
    let message = fields.nested("message", required: false) { Message.read(&$0) }
    let clearance = fields.nested("clearance", required: false) { Clearance.read(&$0) }
    if [message != nil, clearance != nil, isOnLedger, isErased].count(where: { $0 }) > 1 {
      fields.refuse("subject", "one of message, clearance, onLedger and erased")
    }
    guard let subject, let isInFlight else { return nil }
    let held: Held =
      message.map { .message($0) } ?? clearance.map { .clearance($0) } ?? (isErased ? .erased : .nothing(isOnLedger: isOnLedger))
    return (subject, ReconciliationFacts(held, isInFlight: isInFlight))
  }
}

extension ReconciliationFacts.Message {
  package var json: JSONValue {
    var object: JSONObject = ["sender": .string(sender), "envelope": ReconciliationAnswer.json(envelope)]
    object["payload"] = payload.map(ReconciliationAnswer.json)
    object["receipt"] = receipt.map(ReconciliationAnswer.json)
    object["outcome"] = isAccepted.map { $0 ? "accepted" : "refused" }
    return .object(object)
  }

  static func read(_ fields: inout JSONFields) -> Self? {
    func digest(_ name: String, required: Bool = true) -> Digest? {
      fields.string(name, required: required, "SHA-256 in base64url", ReconciliationAnswer.digest)
    }
    let (sender, envelope) = (fields.token("sender"), digest("envelope"))
    let (payload, receipt) = (digest("payload", required: false), digest("receipt", required: false))
    let isAccepted = fields.string("outcome", required: false, "accepted or refused") { ["accepted": true, "refused": false][$0] }
    guard let sender, let envelope else { return nil }
    return Self(sender: sender, envelope: envelope, payload: payload, receipt: receipt, isAccepted: isAccepted)
  }
}

extension ReconciliationFacts.Clearance {
  package var json: JSONValue {
    var object: JSONObject = ["export": export.json]
    object["import"] = `import`?.json
    return .object(object)
  }

  static func read(_ fields: inout JSONFields) -> Self? {
    let export = fields.nested("export") { Side.read(&$0) }
    let `import` = fields.nested("import", required: false) { Side.read(&$0) }
    return export.map { Self(export: $0, import: `import`) }
  }
}

extension ReconciliationFacts.Clearance.Side {
  fileprivate var json: JSONValue { ["status": .string(status), "revision": .number(JSONNumber(revision))] }

  fileprivate static func read(_ fields: inout JSONFields) -> Self? {
    let (status, revision) = (fields.token("status"), fields.integer("revision", in: 1...Int(Int32.max)))
    return status.flatMap { status in revision.map { Self(status: status, revision: $0) } }
  }
}
