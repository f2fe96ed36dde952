package import Primitives

/// The two-side case of one consignment as this gateway sees it. The state machine is the gateway's; here it is text.
package struct ClearanceRecord: Hashable, Sendable {
  package let id: String
  /// Order of creation in this journal; 0 until it is stored.
  package internal(set) var position: Int64 = 0
  package let ucr: String
  package let corridor: String
  /// Which side of the corridor this record is about. Unique together with the corridor and the UCR.
  package let side: String
  /// One word for lists and filters.
  package var status: String
  /// The whole state, JSON text. Empty once erased.
  package var state: [UInt8]
  /// Set when the data of the clearance has been erased: there is no state any more, and the reference is none.
  package internal(set) var erasure: Erasure?
  package let created: Instant
  package var updated: Instant
  /// Counts the writes, from 1; 0 until it is stored. A write names the revision it was made from.
  package internal(set) var revision = 0

  package init(
    id: String, ucr: String, corridor: String, side: String, status: String, state: [UInt8], created: Instant,
    updated: Instant? = nil
  ) {
    self.id = id
    self.ucr = ucr
    self.corridor = corridor
    self.side = side
    self.status = status
    self.state = state
    self.created = created
    self.updated = updated ?? created
  }

  /// For stores: the record as it stands in a row.
  package func stored(position: Int64, revision: Int) -> ClearanceRecord {
    var record = self
    record.position = position
    record.revision = revision
    return record
  }
}

/// Which clearances to list. All conditions hold together; nil is no condition.
package struct ClearanceQuery: Sendable {
  package var ucr: String?
  package var corridor: String?
  package var side: String?
  package var status: String?
  /// Only clearances behind (newest first: before) this position.
  package var after: Int64?
  package var newestFirst: Bool
  /// 1…1000.
  package var limit: Int

  package init(
    ucr: String? = nil, corridor: String? = nil, side: String? = nil, status: String? = nil, after: Int64? = nil,
    newestFirst: Bool = true, limit: Int = 100
  ) {
    self.ucr = ucr
    self.corridor = corridor
    self.side = side
    self.status = status
    self.after = after
    self.newestFirst = newestFirst
    self.limit = min(max(limit, 1), 1000)
  }
}
