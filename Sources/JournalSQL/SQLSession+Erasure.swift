package import Journal
package import Primitives

/// Keys of sealed data, and its erasure.
extension SQLSession {
  package func dataKey(_ clearance: String) throws(CausewayError) -> DataKeyRecord? {
    try connection.row(
      """
      SELECT clearance, wrapped, created, erased, ground, rule, held, hold_reason, hold_actor FROM data_key WHERE clearance = ?1
      """, .text(clearance), read: Self.dataKey)
  }

  package func dataKeys(after clearance: String, limit: Int) throws(CausewayError) -> [DataKeyRecord] {
    try connection.rows(
      """
      SELECT clearance, wrapped, created, erased, ground, rule, held, hold_reason, hold_actor FROM data_key
      WHERE wrapped IS NOT NULL AND clearance > ?1 ORDER BY clearance LIMIT ?2
      """, [.text(clearance), .integer(limit)], Self.dataKey)
  }

  package func heldDataKeys(after clearance: String, limit: Int) throws(CausewayError) -> [DataKeyRecord] {
    try connection.rows(
      """
      SELECT clearance, wrapped, created, erased, ground, rule, held, hold_reason, hold_actor FROM data_key
      WHERE held IS NOT NULL AND clearance > ?1 ORDER BY clearance LIMIT ?2
      """, [.text(clearance), .integer(limit)], Self.dataKey)
  }

  package func insert(_ key: DataKeyRecord) throws(CausewayError) {
    try connection.run(
      """
      INSERT INTO data_key (clearance, wrapped, created, erased, ground, rule, held, hold_reason, hold_actor)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
      """, Self.values(key))
  }

  package func update(_ key: DataKeyRecord) throws(CausewayError) {
    try connection.run(
      """
      UPDATE data_key SET wrapped = ?2, created = ?3, erased = ?4, ground = ?5, rule = ?6, held = ?7, hold_reason = ?8, hold_actor = ?9
      WHERE clearance = ?1
      """, Self.values(key))
  }

  package func payloadCount(clearance: String?) throws(CausewayError) -> Int {
    if let clearance {
      return try connection.count("SELECT count(*) FROM payload WHERE clearance = ?1", .text(clearance))
    }
    return try connection.count("SELECT count(*) FROM payload WHERE clearance IS NULL")
  }

  package func ended(_ query: EndedQuery) throws(CausewayError) -> [EndedClearance] {
    var sql: String
    var values: [SQLValue]
    let corridor: String
    func marks(_ texts: [String]) -> String { repeatElement("?", count: texts.count).joined(separator: ", ") }
    switch query.kind {
    case .side(let side, let except):
      corridor = "clearance.corridor"
      sql = """
        SELECT clearance.id, clearance.updated FROM clearance JOIN data_key ON data_key.clearance = clearance.id
        WHERE clearance.side = ? AND clearance.updated <= ?
        """
      values = [.text(side), .time(query.until)]
      if !except.isEmpty {
        sql += " AND clearance.status NOT IN (\(marks(except)))"
        values += except.map { .text($0) }
      }
    case .noClearance(let states):
      if states.isEmpty { return [] }
      corridor = "message.corridor"
      sql = """
        SELECT message.clearance, message.updated FROM message JOIN data_key ON data_key.clearance = message.clearance
        WHERE message.state IN (\(marks(states))) AND message.updated <= ?
          AND NOT EXISTS (SELECT 1 FROM clearance WHERE clearance.id = message.clearance)
          AND NOT EXISTS (
            SELECT 1 FROM message AS other WHERE other.clearance = message.clearance AND other.position > message.position)
        """
      values = states.map { .text($0) } + [.time(query.until)]
    }
    sql += " AND data_key.wrapped IS NOT NULL AND data_key.held IS NULL"
    if let only = query.corridor {
      sql += " AND \(corridor) = ?"
      values.append(.text(only))
    }
    if !query.exceptCorridors.isEmpty {
      sql += " AND \(corridor) NOT IN (\(marks(query.exceptCorridors)))"
      values += query.exceptCorridors.map { .text($0) }
    }
    sql += " ORDER BY 2 LIMIT ?"
    values.append(.integer(query.limit))
    return try connection.rows(assembled: sql, values) { row throws(CausewayError) in
      EndedClearance(clearance: try row.text(0), ended: try row.time(1))
    }
  }

  package func eraseData(of clearance: String, at now: Instant) throws(CausewayError) {
    try connection.run("DELETE FROM payload WHERE clearance = ?1", .text(clearance))
    try connection.run("DELETE FROM idempotency WHERE clearance = ?1", .text(clearance))
    try connection.run("DELETE FROM delivery WHERE order_key = ?1", .text(clearance))
    try connection.run("UPDATE inbox SET acknowledged = ?2 WHERE clearance = ?1 AND acknowledged IS NULL", .text(clearance), .time(now))
    try connection.run(
      "UPDATE message SET details = ?2, revision = revision + 1 WHERE clearance = ?1 AND length(details) > 0", .text(clearance), .blob([]))
    // No reference has a colon: this one is free again.
    try connection.run(
      "UPDATE clearance SET ucr = 'erased:' || id, state = ?3, updated = ?2, revision = revision + 1 WHERE id = ?1", .text(clearance),
      .time(now), .blob([]))
  }

  private static func values(_ key: DataKeyRecord) -> [SQLValue] {
    [
      .text(key.clearance), .optional(key.wrapped), .time(key.created), .time(key.erasure?.time), .optional(key.erasure?.ground),
      .optional(key.erasure?.rule), .time(key.hold?.since), .optional(key.hold?.reason), .optional(key.hold?.actor),
    ]
  }

  private static func dataKey(_ row: SQLRow) throws(CausewayError) -> DataKeyRecord {
    var record = DataKeyRecord(clearance: try row.text(0), wrapped: try row.optional(1, row.blob), created: try row.time(2))
    if let erased = try row.optional(3, row.time) {
      record.erasure = Erasure(time: erased, ground: try row.text(4), rule: try row.optional(5, row.text))
    }
    if let held = try row.optional(6, row.time) {
      record.hold = LegalHold(since: held, reason: try row.text(7), actor: try row.text(8))
    }
    return record
  }
}
