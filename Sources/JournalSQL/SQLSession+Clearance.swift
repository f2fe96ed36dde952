package import Journal
package import Primitives

extension SQLSession {
  package func clearance(_ id: String) throws(CausewayError) -> ClearanceRecord? {
    try connection.row(
      "SELECT position, id, ucr, corridor, side, status, state, created, updated, revision FROM clearance WHERE id = ?1",
      .text(id), read: Self.clearance)
  }

  package func clearance(corridor: String, side: String, ucr: String) throws(CausewayError) -> ClearanceRecord? {
    try connection.row(
      """
      SELECT position, id, ucr, corridor, side, status, state, created, updated, revision
      FROM clearance WHERE ucr = ?1 AND corridor = ?2 AND side = ?3
      """, .text(ucr), .text(corridor), .text(side), read: Self.clearance)
  }

  package func clearances(_ query: ClearanceQuery) throws(CausewayError) -> [ClearanceRecord] {
    var sql = "SELECT position, id, ucr, corridor, side, status, state, created, updated, revision FROM clearance WHERE TRUE"
    var values: [SQLValue] = []
    func add(_ condition: String, _ value: SQLValue?) {
      guard let value else { return }
      sql += " AND \(condition)"
      values.append(value)
    }
    add("ucr = ?", query.ucr.map { .text($0) })
    add("corridor = ?", query.corridor.map { .text($0) })
    add("side = ?", query.side.map { .text($0) })
    add("status = ?", query.status.map { .text($0) })
    add(query.newestFirst ? "position < ?" : "position > ?", query.after.map { .integer($0) })
    sql += " ORDER BY position \(query.newestFirst ? "DESC" : "ASC") LIMIT ?"
    values.append(.integer(query.limit))
    return try connection.rows(assembled: sql, values, Self.clearance)
  }

  package func save(_ clearance: ClearanceRecord, isNew: Bool) throws(CausewayError) {
    let values: [SQLValue] = [
      .text(clearance.id), .text(clearance.ucr), .text(clearance.corridor), .text(clearance.side), .text(clearance.status),
      .blob(clearance.state), .time(clearance.created), .time(clearance.updated), .integer(clearance.revision + 1),
    ]
    if isNew {
      try connection.run(
        """
        INSERT INTO clearance (id, ucr, corridor, side, status, state, created, updated, revision)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
        """, values)
    } else {
      try connection.run(
        """
        UPDATE clearance SET ucr = ?2, corridor = ?3, side = ?4, status = ?5, state = ?6, created = ?7, updated = ?8, revision = ?9
        WHERE id = ?1
        """, values)
    }
  }

  private static func clearance(_ row: SQLRow) throws(CausewayError) -> ClearanceRecord {
    let record = ClearanceRecord(
      id: try row.text(1), ucr: try row.text(2), corridor: try row.text(3), side: try row.text(4), status: try row.text(5),
      state: try row.blob(6), created: try row.time(7), updated: try row.time(8))
    return record.stored(position: try row.int64(0), revision: try row.int(9))
  }
}

/// Idempotency keys and partners' checkpoints.
extension SQLSession {
  package func idempotency(subject: String, key: String) throws(CausewayError) -> IdempotencyRecord? {
    try connection.row(
      "SELECT request, outcome, created, clearance FROM idempotency WHERE subject = ?1 AND key = ?2", .text(subject), .text(key)
    ) { row throws(CausewayError) in
      IdempotencyRecord(
        subject: subject, key: key, request: try row.digest(0), outcome: try row.blob(1), clearance: try row.optional(3, row.text),
        created: try row.time(2))
    }
  }

  package func idempotencyWithoutClearance(limit: Int) throws(CausewayError) -> [IdempotencyRecord] {
    try connection.rows(
      "SELECT subject, key, request, outcome, created FROM idempotency WHERE clearance IS NULL LIMIT ?1", [.integer(limit)]
    ) { row throws(CausewayError) in
      IdempotencyRecord(
        subject: try row.text(0), key: try row.text(1), request: try row.digest(2), outcome: try row.blob(3), created: try row.time(4))
    }
  }

  package func removeIdempotency(subject: String, key: String) throws(CausewayError) {
    try connection.run("DELETE FROM idempotency WHERE subject = ?1 AND key = ?2", .text(subject), .text(key))
  }

  package func insert(_ record: IdempotencyRecord) throws(CausewayError) {
    try connection.run(
      "INSERT INTO idempotency (subject, key, request, created, outcome, clearance) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
      .text(record.subject), .text(record.key), .blob(record.request.bytes), .time(record.created), .blob(record.outcome),
      .optional(record.clearance))
  }

  package func peerCheckpoint(origin: String, size: Int) throws(CausewayError) -> PeerCheckpointRecord? {
    try connection.row(
      "SELECT origin, size, root, note, received FROM peer_checkpoint WHERE origin = ?1 AND size = ?2",
      .text(origin), .integer(size), read: Self.peerCheckpoint)
  }

  package func latestPeerCheckpoint(origin: String) throws(CausewayError) -> PeerCheckpointRecord? {
    try connection.row(
      "SELECT origin, size, root, note, received FROM peer_checkpoint WHERE origin = ?1 ORDER BY size DESC LIMIT 1",
      .text(origin), read: Self.peerCheckpoint)
  }

  package func insert(_ checkpoint: PeerCheckpointRecord) throws(CausewayError) {
    try connection.run(
      "INSERT INTO peer_checkpoint (origin, size, root, received, note) VALUES (?1, ?2, ?3, ?4, ?5)",
      .text(checkpoint.origin), .integer(checkpoint.size), .digest(checkpoint.root), .time(checkpoint.received),
      .blob(checkpoint.note))
  }

  private static func peerCheckpoint(_ row: SQLRow) throws(CausewayError) -> PeerCheckpointRecord {
    PeerCheckpointRecord(
      origin: try row.text(0), size: try row.int(1), root: try row.digest(2), note: try row.blob(3), received: try row.time(4))
  }
}
