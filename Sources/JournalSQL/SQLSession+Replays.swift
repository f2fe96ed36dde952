package import Journal
package import Primitives

/// Replays that were begun.
extension SQLSession {
  package func replay(_ id: String) throws(CausewayError) -> ReplayRecord? {
    try connection.row(
      "SELECT position, id, state, details, created, updated, revision FROM replay WHERE id = ?1", .text(id), read: Self.replay)
  }

  package func replays(state: String?, limit: Int) throws(CausewayError) -> [ReplayRecord] {
    guard let state else {
      return try connection.rows(
        "SELECT position, id, state, details, created, updated, revision FROM replay ORDER BY position DESC LIMIT ?1", [.integer(limit)],
        Self.replay)
    }
    return try connection.rows(
      "SELECT position, id, state, details, created, updated, revision FROM replay WHERE state = ?1 ORDER BY position LIMIT ?2",
      [.text(state), .integer(limit)], Self.replay)
  }

  package func save(_ replay: ReplayRecord, isNew: Bool) throws(CausewayError) {
    let values: [SQLValue] = [
      .text(replay.id), .text(replay.state), .blob(replay.details), .time(replay.created), .time(replay.updated),
      .integer(replay.revision + 1),
    ]
    if isNew {
      try connection.run(
        "INSERT INTO replay (id, state, details, created, updated, revision) VALUES (?1, ?2, ?3, ?4, ?5, ?6)", values)
    } else {
      try connection.run(
        "UPDATE replay SET state = ?2, details = ?3, created = ?4, updated = ?5, revision = ?6 WHERE id = ?1", values)
    }
  }

  private static func replay(_ row: SQLRow) throws(CausewayError) -> ReplayRecord {
    let replay = ReplayRecord(
      id: try row.text(1), state: try row.text(2), details: try row.blob(3), created: try row.time(4), updated: try row.time(5))
    return replay.stored(position: try row.int64(0), revision: try row.int(6))
  }
}
