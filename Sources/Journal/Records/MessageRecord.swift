package import Primitives

/// Which way a message goes, seen from this gateway.
package enum Direction: Int, Sendable, Hashable, CaseIterable {
  case inbound = 0
  case outbound = 1
}

/// One message between the gateways, or one document between the gateway and its single window, and how far it has come.
///
/// The words in `kind`, `state` and `reason` belong to the gateway; the journal only compares them, as bytes.
package struct MessageRecord: Sendable {
  package let id: MessageID
  /// Order of arrival in this journal; 0 until it is stored.
  package internal(set) var position: Int64 = 0
  package let direction: Direction
  package var clearance: String
  package var kind: String
  package var corridor: String
  package var partner: String
  /// What makes two messages the same in effect. Unique per direction; nil frees the key, so that a duplicate of something
  /// that failed is processed.
  package var businessKey: String?
  package var state: String
  /// Why it stands where it stands: the code of a refusal or failure.
  package var reason: ErrorCode?
  /// Envelope header, canonical JSON. Empty while there is none.
  package var header: [UInt8]
  /// Detached signature over the header and payload digest, as sent.
  package var signature: [UInt8]
  package var payloadDigest: Digest?
  /// The time that the header states, signed by the sender: the same on both sides. nil while there is no header.
  package var envelopeCreated: Instant?
  /// The signed answer, byte for byte as first given.
  package var receipt: [UInt8]?
  /// Place within the clearance.
  package var sequence: Int?
  package var inReplyTo: MessageID?
  /// Versions in force when it was handled, by name.
  package var versions: [String: String]
  /// Further facts for views, JSON text; no payload. Empty once the clearance's data has been erased.
  package var details: [UInt8]
  package var created: Instant
  package var updated: Instant
  /// Counts the writes, from 1; 0 until it is stored.
  package internal(set) var revision = 0

  package init(
    id: MessageID, direction: Direction, clearance: String, kind: String, corridor: String, partner: String,
    businessKey: String? = nil, state: String, reason: ErrorCode? = nil, header: [UInt8] = [], signature: [UInt8] = [],
    payloadDigest: Digest? = nil, envelopeCreated: Instant? = nil, receipt: [UInt8]? = nil, sequence: Int? = nil,
    inReplyTo: MessageID? = nil,
    versions: [String: String] = [:], details: [UInt8] = [], created: Instant, updated: Instant? = nil
  ) {
    self.id = id
    self.direction = direction
    self.clearance = clearance
    self.kind = kind
    self.corridor = corridor
    self.partner = partner
    self.businessKey = businessKey
    self.state = state
    self.reason = reason
    self.header = header
    self.signature = signature
    self.payloadDigest = payloadDigest
    self.envelopeCreated = envelopeCreated
    self.receipt = receipt
    self.sequence = sequence
    self.inReplyTo = inReplyTo
    self.versions = versions
    self.details = details
    self.created = created
    self.updated = updated ?? created
  }

  /// For stores: the record as a list gives it that asks for no details.
  package var withoutDetails: MessageRecord {
    var record = self
    record.details = []
    return record
  }

  /// For stores: the record as it stands in a row.
  package func stored(position: Int64, revision: Int) -> MessageRecord {
    var record = self
    record.position = position
    record.revision = revision
    return record
  }
}

/// Which messages to list. All conditions hold together; nil is no condition.
package struct MessageQuery: Sendable {
  /// Only these; empty is no condition.
  package var ids: [MessageID] = []
  package var direction: Direction?
  package var clearance: String?
  package var corridor: String?
  package var partner: String?
  package var kind: String?
  package var states: [String]
  package var reason: ErrorCode?
  /// All reasons but this one.
  package var exceptReason: ErrorCode?
  /// Of the last change of state or content.
  package var updated: ClosedRange<Instant>?
  /// Only messages behind (newest first: before) this position.
  package var after: Int64?
  package var newestFirst: Bool
  /// 1…1000.
  package var limit: Int
  /// Whether ``MessageRecord/details`` are given; otherwise they are empty. A list without them holds, too, when those of one message are damaged.
  package var withDetails: Bool

  package init(
    direction: Direction? = nil, clearance: String? = nil, corridor: String? = nil, states: [String] = [],
    reason: ErrorCode? = nil, after: Int64? = nil, newestFirst: Bool = false, limit: Int = 100, withDetails: Bool = true
  ) {
    self.withDetails = withDetails
    self.direction = direction
    self.clearance = clearance
    self.corridor = corridor
    self.states = states
    self.reason = reason
    self.after = after
    self.newestFirst = newestFirst
    self.limit = min(max(limit, 1), 1000)
  }
}

/// Which sealed messages of a corridor to go through, by the time in their headers, a page at a time.
package struct EnvelopeQuery: Sendable {
  package var corridor: String
  /// Of the time in the header.
  package var period: Range<Instant>
  /// Only messages behind this one, the last of the page before.
  package var after: EnvelopeRecord?
  /// 1…1000.
  package var limit: Int

  package init(corridor: String, period: Range<Instant>, after: EnvelopeRecord? = nil, limit: Int = 1000) {
    self.corridor = corridor
    self.period = period
    self.after = after
    self.limit = min(max(limit, 1), 1000)
  }
}

/// A sealed message without what only this gateway knows of it: as ``MessageRecord``, as far as it goes.
package struct EnvelopeRecord: Sendable {
  package let id: MessageID
  package let position: Int64
  package let direction: Direction
  package let clearance: String
  package let kind: String
  package let state: String
  package let created: Instant
  package let header: [UInt8]
  package let payloadDigest: Digest?
  package let receipt: [UInt8]?

  package init(
    id: MessageID, position: Int64, direction: Direction, clearance: String, kind: String, state: String, created: Instant,
    header: [UInt8], payloadDigest: Digest?, receipt: [UInt8]?
  ) {
    self.id = id
    self.position = position
    self.direction = direction
    self.clearance = clearance
    self.kind = kind
    self.state = state
    self.created = created
    self.header = header
    self.payloadDigest = payloadDigest
    self.receipt = receipt
  }
}

/// Messages that a query finds and that stand alike: for failures grouped by cause.
package struct MessageGroup: Hashable, Sendable {
  package let direction: Direction
  package let state: String
  package let reason: ErrorCode?
  package let corridor: String
  package let partner: String
  package let kind: String
  package let count: Int
  /// When the first and the last of them came to stand as they do.
  package let first: Instant
  package let last: Instant
  /// When the oldest of them was made.
  package let oldest: Instant

  package init(
    direction: Direction, state: String, reason: ErrorCode?, corridor: String, partner: String, kind: String, count: Int, first: Instant,
    last: Instant, oldest: Instant
  ) {
    self.direction = direction
    self.state = state
    self.reason = reason
    self.corridor = corridor
    self.partner = partner
    self.kind = kind
    self.count = count
    self.first = first
    self.last = last
    self.oldest = oldest
  }
}

/// How many messages stand alike: for metrics.
package struct MessageCount: Hashable, Sendable {
  package let direction: Direction
  package let kind: String
  package let state: String
  package let reason: ErrorCode?
  package let count: Int

  package init(direction: Direction, kind: String, state: String, reason: ErrorCode?, count: Int) {
    self.direction = direction
    self.kind = kind
    self.state = state
    self.reason = reason
    self.count = count
  }
}
