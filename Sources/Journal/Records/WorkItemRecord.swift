package import Primitives

/// Something that a person has to look into. The words in `kind` and `details` belong to the gateway.
package struct WorkItemRecord: Hashable, Sendable {
  package enum State: String, Sendable, CaseIterable {
    case open
    /// A person has dealt with it.
    case resolved
    /// It is no longer so.
    case closed
  }

  package let id: String
  /// Order of creation in this journal; 0 until it is stored.
  package internal(set) var position: Int64 = 0
  package let corridor: String
  /// The corridor's day that it is about, `YYYY-MM-DD` in UTC.
  package let day: String
  package let kind: String
  /// Id of the message or clearance.
  package let subject: String
  package var state: State
  /// What was found, JSON text; digests and codes, no payload.
  package var details: [UInt8]
  package let firstSeen: Instant
  package var lastSeen: Instant
  /// When it was resolved or closed; nil while it is open.
  package var ended: Instant?
  /// By whom: a token's subject, or the gateway itself.
  package var endedBy: String?
  package var note: String?
  /// Counts the writes, from 1; 0 until it is stored. A write names the revision it was made from.
  package internal(set) var revision = 0

  package init(
    id: String, corridor: String, day: String, kind: String, subject: String, state: State = .open, details: [UInt8],
    firstSeen: Instant, lastSeen: Instant? = nil, ended: Instant? = nil, endedBy: String? = nil, note: String? = nil
  ) {
    self.id = id
    self.corridor = corridor
    self.day = day
    self.kind = kind
    self.subject = subject
    self.state = state
    self.details = details
    self.firstSeen = firstSeen
    self.lastSeen = lastSeen ?? firstSeen
    self.ended = ended
    self.endedBy = endedBy
    self.note = note
  }

  /// For stores: the record as it stands in a row.
  package func stored(position: Int64, revision: Int) -> WorkItemRecord {
    var record = self
    record.position = position
    record.revision = revision
    return record
  }
}

/// Which work items to list, in the order of creation. All conditions hold together; nil is no condition.
package struct WorkItemQuery: Sendable {
  package var corridor: String?
  package var day: String?
  package var state: WorkItemRecord.State?
  /// Only items behind this position.
  package var after: Int64?
  /// 1…1000.
  package var limit: Int

  package init(
    corridor: String? = nil, day: String? = nil, state: WorkItemRecord.State? = nil, after: Int64? = nil, limit: Int = 100
  ) {
    self.corridor = corridor
    self.day = day
    self.state = state
    self.after = after
    self.limit = min(max(limit, 1), 1000)
  }
}
