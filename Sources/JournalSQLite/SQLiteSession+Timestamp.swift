import Journal
import Primitives

extension SQLiteSession {
  func timestamp(coveringSize size: Int) throws(CausewayError) -> TimestampRecord? {
    try connection.row(
      "SELECT size, time, token FROM ledger_timestamp WHERE size >= ?1 ORDER BY size LIMIT 1", .integer(size), read: Self.timestamp)
  }

  func latestTimestamp() throws(CausewayError) -> TimestampRecord? {
    try connection.row("SELECT size, time, token FROM ledger_timestamp ORDER BY size DESC LIMIT 1", read: Self.timestamp)
  }

  func insert(_ timestamp: TimestampRecord) throws(CausewayError) {
    try connection.run(
      "INSERT INTO ledger_timestamp (size, time, token) VALUES (?1, ?2, ?3)", .integer(timestamp.size), .time(timestamp.time),
      .blob(timestamp.token))
  }

  private static func timestamp(_ row: SQLiteRow) throws(CausewayError) -> TimestampRecord {
    TimestampRecord(size: try row.int(0), time: try row.time(1), token: try row.blob(2))
  }
}
