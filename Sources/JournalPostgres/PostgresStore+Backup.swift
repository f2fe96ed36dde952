package import JournalSQL
package import Primitives

// Copies of a journal as a whole: into another database, and from one.
extension PostgresStore {
  /// Lends the journal as of one moment. Writers go on beside it.
  ///
  /// - Throws: what the body throws; `journal.unreachable`, `journal.storage`.
  package func lend<Result: Sendable>(
    _ body: @Sendable (any SQLConnection) throws(CausewayError) -> Result
  ) async throws(CausewayError) -> Result {
    try await readers.lend { reader throws(CausewayError) in try await reader.lend(body) }
  }

  /// Fills an empty journal, all of it or nothing.
  ///
  /// - Parameter body: writes the rows; run once more when nothing of the first run was committed.
  /// - Throws: `backup.not_empty`; `journal.locked` while a gateway is connected; what the body throws; `journal.*`.
  package func fill(_ body: @Sendable (any SQLConnection) throws(CausewayError) -> Void) async throws(CausewayError) {
    guard let writer else { throw CausewayError("journal.read_only") }
    try await writer.fill(body)
  }
}

extension PostgresConnection {
  /// Writes into a journal that holds nothing yet, and lets the database number on from there.
  func fill(_ body: (any SQLConnection) throws(CausewayError) -> Void) throws(CausewayError) {
    for table in JournalCopy.tables {
      // The head of a ledger without entries is there from the beginning.
      let condition = table.name == "ledger_head" ? "WHERE size > 0" : ""
      let rows = try rows(
        assembled: "SELECT count(*) FROM (SELECT 1 FROM \(table.name) \(condition) LIMIT 1) AS any_row", []
      ) { row throws(CausewayError) in try row.int(0) }
      guard rows == [0] else { throw CausewayError("backup.not_empty") }
    }
    try run("DELETE FROM ledger_head")
    try body(self)
    for case (let table, let column?) in JournalCopy.tables.map({ ($0.name, $0.numbered) }) {
      _ = try rows(
        assembled: """
          SELECT setval(pg_get_serial_sequence('\(table)', '\(column)'), max(\(column))) FROM \(table) HAVING max(\(column)) IS NOT NULL
          """, []
      ) { row throws(CausewayError) in try row.int64(0) }
    }
  }
}
