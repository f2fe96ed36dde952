import Journal
import Ledger
package import Primitives

/// The journal's questions and writes in SQL that SQLite and PostgreSQL both understand. Lent to bodies as `JournalReader` or
/// `JournalTransaction`, within a transaction that the store has begun and will end.
package final class SQLSession {
  let connection: any SQLConnection
  /// Where entries are read whose bytes are not in the journal.
  private(set) var archives: ArchivedEntries?
  /// Depth of open savepoints; names them.
  private var depth = 0

  package init(_ connection: any SQLConnection) {
    self.connection = connection
    archives = connection.archives
  }

  /// Gives rows the bytes that archives have of them, as they lie there: whoever reads them holds them against the leaf hash. Not above the border of
  /// the archives: what is empty there is damaged.
  func filled(_ rows: [StoredEntry]) throws(CausewayError) -> [StoredEntry] {
    guard let archives, rows.contains(where: \.isEmptied) else { return rows }
    // The record of the last archive is never in an archive; were it read from one, this would go round in circles.
    self.archives = nil
    defer { self.archives = archives }
    let end = try lastArchive().end
    var bundle: (index: Int, entries: [[UInt8]]?)?
    return rows.map { row in
      guard row.isEmptied, (0..<end).contains(row.index) else { return row }
      let index = row.index / Tile.fullWidth
      if bundle?.index != index { bundle = (index, archives.bundle(index)) }
      guard let bytes = bundle?.entries?[row.index % Tile.fullWidth] else { return row }
      return StoredEntry(index: row.index, bytes: bytes, leafHash: row.leafHash, message: row.message)
    }
  }
}

extension SQLSession: JournalTransaction {
  package func savepoint<Result>(_ body: () throws(CausewayError) -> Result) throws(CausewayError) -> Result {
    // Two levels are in use: a group and a change in it.
    precondition(depth < 2, "savepoints are two deep at most")
    depth += 1
    defer { depth -= 1 }
    let isOuter = depth == 1
    if isOuter { try connection.run("SAVEPOINT outer_part") } else { try connection.run("SAVEPOINT inner_part") }
    do {
      let result = try body()
      if isOuter { try connection.run("RELEASE SAVEPOINT outer_part") } else { try connection.run("RELEASE SAVEPOINT inner_part") }
      return result
    } catch {
      guard !connection.isTransactionLost else {
        throw error.code == "journal.storage_full" || error.code == "journal.unreachable" ? error : error.asStorageFailure
      }
      if isOuter {
        try connection.run("ROLLBACK TO SAVEPOINT outer_part")
        try connection.run("RELEASE SAVEPOINT outer_part")
      } else {
        try connection.run("ROLLBACK TO SAVEPOINT inner_part")
        try connection.run("RELEASE SAVEPOINT inner_part")
      }
      throw error
    }
  }

  package func value(_ name: String) throws(CausewayError) -> [UInt8]? {
    try connection.row("SELECT value FROM stored_value WHERE name = ?1", .text(name)) { row throws(CausewayError) in try row.blob(0) }
  }

  package func setValue(_ name: String, _ value: [UInt8]?) throws(CausewayError) {
    if let value {
      try connection.run(
        "INSERT INTO stored_value (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value", .text(name),
        .blob(value))
    } else {
      try connection.run("DELETE FROM stored_value WHERE name = ?1", .text(name))
    }
  }
}

extension CausewayError {
  /// The same failure as one of the store itself: the transaction it happened in is gone.
  fileprivate var asStorageFailure: CausewayError { CausewayError("journal.storage", underlying: description) }
}
