package import Primitives

/// One delivery that is still owed. The row goes in the transaction that records the answer.
package struct OutboxRecord: Hashable, Sendable {
  /// Assigned by the journal, rising; 0 until it is stored. Deliveries of one ``orderKey`` go in this order.
  package internal(set) var id: Int64 = 0
  /// Which worker delivers it, for example `partner` or `webhook`.
  package let channel: String
  /// One delivery per channel and message.
  package let messageID: MessageID
  /// Where it goes: the partner's or the local endpoint's name.
  package let destination: String
  /// Deliveries with the same key never overtake each other, for example the clearance.
  package let orderKey: String
  /// Higher goes first among what is due.
  package var priority: Int
  /// Not before.
  package var due: Instant
  /// How often it was tried.
  package var attempts: Int
  package var lastError: ErrorCode?
  /// Given up: waits for a person, and no longer holds up what is behind it.
  package var isDead: Bool
  package let created: Instant

  package init(
    channel: String, messageID: MessageID, destination: String, orderKey: String, priority: Int = 0, due: Instant,
    attempts: Int = 0, lastError: ErrorCode? = nil, isDead: Bool = false, created: Instant
  ) {
    self.channel = channel
    self.messageID = messageID
    self.destination = destination
    self.orderKey = orderKey
    self.priority = priority
    self.due = due
    self.attempts = attempts
    self.lastError = lastError
    self.isDead = isDead
    self.created = created
  }

  /// For stores: the record as it stands in a row.
  package func stored(id: Int64) -> OutboxRecord {
    var record = self
    record.id = id
    return record
  }
}
