package import Journal
package import Primitives

extension SQLSession {
  package func timestamp(coveringSize size: Int) throws(CausewayError) -> TimestampRecord? {
    try connection.row(
      "SELECT size, time, token FROM ledger_timestamp WHERE size >= ?1 ORDER BY size LIMIT 1", .integer(size), read: Self.timestamp)
  }

  package func latestTimestamp() throws(CausewayError) -> TimestampRecord? {
    try connection.row("SELECT size, time, token FROM ledger_timestamp ORDER BY size DESC LIMIT 1", read: Self.timestamp)
  }

  package func insert(_ timestamp: TimestampRecord) throws(CausewayError) {
    try connection.run(
      "INSERT INTO ledger_timestamp (size, time, token) VALUES (?1, ?2, ?3)", .integer(timestamp.size), .time(timestamp.time),
      .blob(timestamp.token))
  }

  private static func timestamp(_ row: SQLRow) throws(CausewayError) -> TimestampRecord {
    TimestampRecord(size: try row.int(0), time: try row.time(1), token: try row.blob(2))
  }
}
