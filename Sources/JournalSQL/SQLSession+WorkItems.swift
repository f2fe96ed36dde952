package import Journal
package import Primitives

/// What waits for a person.
extension SQLSession {
  package func workItem(_ id: String) throws(CausewayError) -> WorkItemRecord? {
    try connection.row(
      """
      SELECT position, id, corridor, day, kind, subject, state, details, first_seen, last_seen, ended, ended_by, note, revision
      FROM work_item WHERE id = ?1
      """, .text(id), read: Self.workItem)
  }

  package func workItems(_ query: WorkItemQuery) throws(CausewayError) -> [WorkItemRecord] {
    var sql = """
      SELECT position, id, corridor, day, kind, subject, state, details, first_seen, last_seen, ended, ended_by, note, revision
      FROM work_item WHERE TRUE
      """
    var values: [SQLValue] = []
    func add(_ condition: String, _ value: SQLValue?) {
      guard let value else { return }
      sql += " AND \(condition)"
      values.append(value)
    }
    add("corridor = ?", query.corridor.map { .text($0) })
    add("day = ?", query.day.map { .text($0) })
    add("state = ?", query.state.map { .text($0.rawValue) })
    add("position > ?", query.after.map { .integer($0) })
    sql += " ORDER BY position LIMIT ?"
    values.append(.integer(query.limit))
    return try connection.rows(assembled: sql, values, Self.workItem)
  }

  package func save(_ item: WorkItemRecord, isNew: Bool) throws(CausewayError) {
    let values: [SQLValue] = [
      .text(item.id), .text(item.corridor), .text(item.day), .text(item.kind), .text(item.subject), .text(item.state.rawValue),
      .blob(item.details), .time(item.firstSeen), .time(item.lastSeen), .time(item.ended), .optional(item.endedBy), .optional(item.note),
      .integer(item.revision + 1),
    ]
    if isNew {
      try connection.run(
        """
        INSERT INTO work_item (id, corridor, day, kind, subject, state, details, first_seen, last_seen, ended, ended_by, note, revision)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
        """, values)
    } else {
      try connection.run(
        """
        UPDATE work_item SET corridor = ?2, day = ?3, kind = ?4, subject = ?5, state = ?6, details = ?7, first_seen = ?8, last_seen = ?9,
          ended = ?10, ended_by = ?11, note = ?12, revision = ?13
        WHERE id = ?1
        """, values)
    }
  }

  private static func workItem(_ row: SQLRow) throws(CausewayError) -> WorkItemRecord {
    let item = WorkItemRecord(
      id: try row.text(1), corridor: try row.text(2), day: try row.text(3), kind: try row.text(4), subject: try row.text(5),
      state: try row.value(6) { WorkItemRecord.State(rawValue: $0) }, details: try row.blob(7), firstSeen: try row.time(8),
      lastSeen: try row.time(9), ended: try row.optional(10, row.time), endedBy: try row.optional(11, row.text),
      note: try row.optional(12, row.text))
    return item.stored(position: try row.int64(0), revision: try row.int(13))
  }
}
