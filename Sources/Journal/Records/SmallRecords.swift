package import Ledger
package import Primitives

/// What a client's idempotency key has already brought about.
package struct IdempotencyRecord: Hashable, Sendable {
  /// Whose key it is: the token's subject.
  package let subject: String
  package let key: String
  /// SHA-256 of the request: the same key with another request is a mistake, not a repetition.
  package let request: Digest
  /// The answer that was given, as the gateway likes to keep it.
  package let outcome: [UInt8]
  /// The clearance that it brought about or changed: the request is forgotten with its data.
  package let clearance: String?
  package let created: Instant

  package init(
    subject: String, key: String, request: Digest, outcome: [UInt8], clearance: String? = nil, created: Instant
  ) {
    self.subject = subject
    self.key = key
    self.request = request
    self.outcome = outcome
    self.clearance = clearance
    self.created = created
  }
}

/// One document that waits to be fetched by the local single window.
package struct InboxRecord: Hashable, Sendable {
  /// Assigned by the journal, rising, never reused: the cursor of whoever pulls. 0 until it is stored.
  package internal(set) var sequence: Int64 = 0
  /// Who may fetch it: a token's subject or a single window's name.
  package let consumer: String
  package let clearance: String
  package let kind: String
  package let messageID: MessageID?
  /// The payload to hand over, by its owner and kind.
  package let payloadOwner: String
  package let payloadKind: String
  package let created: Instant
  /// When the consumer said that it has it.
  package internal(set) var acknowledged: Instant?

  package init(
    consumer: String, clearance: String, kind: String, messageID: MessageID?, payloadOwner: String, payloadKind: String,
    created: Instant
  ) {
    self.consumer = consumer
    self.clearance = clearance
    self.kind = kind
    self.messageID = messageID
    self.payloadOwner = payloadOwner
    self.payloadKind = payloadKind
    self.created = created
  }

  /// For stores: the record as it stands in a row.
  package func stored(sequence: Int64, acknowledged: Instant?) -> InboxRecord {
    var record = self
    record.sequence = sequence
    record.acknowledged = acknowledged
    return record
  }
}

/// A partner's checkpoint that was verified. Two of one size with different roots prove that the partner shows two histories:
/// the first is kept, the second is a conflict that hands out the first.
package struct PeerCheckpointRecord: Hashable, Sendable {
  package let origin: String
  package let size: Int
  package let root: Digest
  /// The signed note as received.
  package let note: [UInt8]
  package let received: Instant

  package init(origin: String, size: Int, root: Digest, note: [UInt8], received: Instant) {
    self.origin = origin
    self.size = size
    self.root = root
    self.note = note
    self.received = received
  }

  package init(_ checkpoint: SignedCheckpoint, received: Instant) {
    self.init(origin: checkpoint.origin, size: checkpoint.size, root: checkpoint.root, note: checkpoint.note, received: received)
  }
}
