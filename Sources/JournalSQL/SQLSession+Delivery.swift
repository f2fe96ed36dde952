package import Journal
package import Primitives

/// The outbox.
extension SQLSession {
  package func delivery(_ id: Int64) throws(CausewayError) -> OutboxRecord? {
    try connection.row(
      """
      SELECT id, channel, message, destination, order_key, priority, due, attempts, last_error, dead, created
      FROM delivery WHERE id = ?1
      """, .integer(id), read: Self.delivery)
  }

  package func delivery(channel: String, messageID: MessageID) throws(CausewayError) -> OutboxRecord? {
    try connection.row(
      """
      SELECT id, channel, message, destination, order_key, priority, due, attempts, last_error, dead, created
      FROM delivery WHERE channel = ?1 AND message = ?2
      """, .text(channel), .text(messageID.text), read: Self.delivery)
  }

  package func dueDeliveries(channel: String, at now: Instant, horizon: Instant, limit: Int) throws(CausewayError) -> [OutboxRecord] {
    try connection.rows(
      """
      SELECT id, channel, message, destination, order_key, priority, due, attempts, last_error, dead, created
      FROM delivery AS candidate
      WHERE dead = 0 AND channel = ?1 AND (due <= ?2 OR due > ?4) AND NOT EXISTS (
        SELECT 1 FROM delivery AS earlier
        WHERE earlier.dead = 0 AND earlier.channel = candidate.channel AND earlier.order_key = candidate.order_key
          AND earlier.id < candidate.id)
      ORDER BY priority DESC, due, id LIMIT ?3
      """, [.text(channel), .time(now), .integer(limit), .time(horizon)], Self.delivery)
  }

  package func nextDue(channel: String) throws(CausewayError) -> Instant? {
    try connection.row(
      """
      SELECT due FROM delivery AS candidate
      WHERE dead = 0 AND channel = ?1 AND NOT EXISTS (
        SELECT 1 FROM delivery AS earlier
        WHERE earlier.dead = 0 AND earlier.channel = candidate.channel AND earlier.order_key = candidate.order_key
          AND earlier.id < candidate.id)
      ORDER BY due LIMIT 1
      """, .text(channel)
    ) { row throws(CausewayError) in try row.time(0) }
  }

  package func deliveries(channel: String, dead: Bool, after: Int64, limit: Int) throws(CausewayError) -> [OutboxRecord] {
    try connection.rows(
      """
      SELECT id, channel, message, destination, order_key, priority, due, attempts, last_error, dead, created
      FROM delivery WHERE channel = ?1 AND dead = ?2 AND id > ?3 ORDER BY id LIMIT ?4
      """, [.text(channel), .integer(dead ? 1 : 0), .integer(after), .integer(limit)], Self.delivery)
  }

  package func deliveryCount(channel: String, dead: Bool) throws(CausewayError) -> Int {
    try connection.count("SELECT count(*) FROM delivery WHERE channel = ?1 AND dead = ?2", .text(channel), .integer(dead ? 1 : 0))
  }

  package func insert(_ delivery: OutboxRecord) throws(CausewayError) -> Int64 {
    try connection.assignedID(
      """
      INSERT INTO delivery (channel, message, destination, order_key, priority, due, attempts, last_error, dead, created)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) RETURNING id
      """,
      .text(delivery.channel), .text(delivery.messageID.text), .text(delivery.destination), .text(delivery.orderKey),
      .integer(delivery.priority), .time(delivery.due), .integer(delivery.attempts), .optional(delivery.lastError?.rawValue),
      .integer(delivery.isDead ? 1 : 0), .time(delivery.created))
  }

  package func update(_ delivery: OutboxRecord) throws(CausewayError) {
    try connection.run(
      "UPDATE delivery SET priority = ?2, due = ?3, attempts = ?4, last_error = ?5, dead = ?6 WHERE id = ?1",
      .integer(delivery.id), .integer(delivery.priority), .time(delivery.due), .integer(delivery.attempts),
      .optional(delivery.lastError?.rawValue), .integer(delivery.isDead ? 1 : 0))
  }

  package func removeDelivery(_ id: Int64) throws(CausewayError) {
    try connection.run("DELETE FROM delivery WHERE id = ?1", .integer(id))
  }

  private static func delivery(_ row: SQLRow) throws(CausewayError) -> OutboxRecord {
    let record = OutboxRecord(
      channel: try row.text(1), messageID: try row.value(2) { MessageID($0) }, destination: try row.text(3), orderKey: try row.text(4),
      priority: try row.int(5), due: try row.time(6), attempts: try row.int(7),
      lastError: try row.optional(8, row.text).map { ErrorCode(rawValue: $0) }, isDead: try row.int(9) != 0, created: try row.time(10))
    return record.stored(id: try row.int64(0))
  }
}

/// What waits for the local single window.
extension SQLSession {
  package func inbox(_ sequence: Int64) throws(CausewayError) -> InboxRecord? {
    try connection.row(
      """
      SELECT sequence, consumer, clearance, kind, message, payload_owner, payload_kind, created, acknowledged
      FROM inbox WHERE sequence = ?1
      """, .integer(sequence), read: Self.inbox)
  }

  package func inbox(
    consumer: String, after: Int64, clearance: String?, acknowledged: Bool, limit: Int
  ) throws(CausewayError) -> [InboxRecord] {
    var sql = """
      SELECT sequence, consumer, clearance, kind, message, payload_owner, payload_kind, created, acknowledged
      FROM inbox WHERE consumer = ? AND sequence > ? AND acknowledged IS \(acknowledged ? "NOT NULL" : "NULL")
      """
    var values: [SQLValue] = [.text(consumer), .integer(after)]
    if let clearance {
      sql += " AND clearance = ?"
      values.append(.text(clearance))
    }
    sql += " ORDER BY sequence LIMIT ?"
    values.append(.integer(max(1, limit)))
    return try connection.rows(assembled: sql, values, Self.inbox)
  }

  package func insert(_ record: InboxRecord) throws(CausewayError) -> Int64 {
    try connection.assignedID(
      """
      INSERT INTO inbox (consumer, clearance, kind, message, payload_owner, payload_kind, created)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING sequence
      """,
      .text(record.consumer), .text(record.clearance), .text(record.kind), .optional(record.messageID?.text),
      .text(record.payloadOwner), .text(record.payloadKind), .time(record.created))
  }

  package func acknowledgeInbox(_ sequence: Int64, at time: Instant) throws(CausewayError) {
    try connection.run("UPDATE inbox SET acknowledged = ?2 WHERE sequence = ?1", .integer(sequence), .time(time))
  }

  private static func inbox(_ row: SQLRow) throws(CausewayError) -> InboxRecord {
    let record = InboxRecord(
      consumer: try row.text(1), clearance: try row.text(2), kind: try row.text(3),
      messageID: try row.optional(4) { column throws(CausewayError) in try row.value(column) { MessageID($0) } },
      payloadOwner: try row.text(5), payloadKind: try row.text(6), created: try row.time(7))
    return record.stored(sequence: try row.int64(0), acknowledged: try row.optional(8, row.time))
  }
}
