package import Primitives

/// A replay that goes on until it is done, whatever is restarted in between. The words in `state` and `details` belong to the gateway.
package struct ReplayRecord: Hashable, Sendable {
  package let id: String
  /// Order of creation in this journal; 0 until it is stored.
  package internal(set) var position: Int64 = 0
  package var state: String
  /// What is replayed, how far it has come and what became of it, JSON text; ids, codes and counts, no payload.
  package var details: [UInt8]
  package let created: Instant
  package var updated: Instant
  /// Counts the writes, from 1; 0 until it is stored. A write names the revision it was made from.
  package internal(set) var revision = 0

  package init(id: String, state: String, details: [UInt8], created: Instant, updated: Instant? = nil) {
    self.id = id
    self.state = state
    self.details = details
    self.created = created
    self.updated = updated ?? created
  }

  /// For stores: the record as it stands in a row.
  package func stored(position: Int64, revision: Int) -> ReplayRecord {
    var record = self
    record.position = position
    record.revision = revision
    return record
  }
}
