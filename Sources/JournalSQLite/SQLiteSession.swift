import Journal
import Ledger
import Primitives

/// The journal's questions and writes in SQL, on one connection. Lent to bodies as `JournalReader` or `JournalTransaction`.
final class SQLiteSession {
  let connection: SQLiteConnection
  /// Where entries are read whose bytes are not in the journal.
  private(set) var archives: ArchivedEntries?
  /// Depth of open savepoints; names them.
  private var depth = 0

  init(_ connection: SQLiteConnection, archives: ArchivedEntries? = nil) {
    self.connection = connection
    self.archives = archives
  }

  /// Runs the body in a transaction, durable when it returns.
  func transaction<Result>(_ body: (SQLiteSession) throws(CausewayError) -> Result) throws(CausewayError) -> Result {
    try connection.run("BEGIN IMMEDIATE")
    let result: Result
    do {
      result = try body(self)
    } catch {
      try rollBack(after: error)
      throw error
    }
    do {
      try connection.run("COMMIT")
    } catch  where error.code == "journal.storage_full" {
      // Without the commit record in the log nothing of the transaction exists; this is as if the disk had been full before.
      try rollBack(after: error)
      throw error
    } catch {
      try? rollBack(after: error)
      throw CausewayError("journal.commit_failed", underlying: error.underlying)
    }
    return result
  }

  /// Runs the body on one snapshot.
  func snapshot<Result>(_ body: (any JournalReader) throws(CausewayError) -> Result) throws(CausewayError) -> Result {
    try connection.run("BEGIN DEFERRED")
    defer { try? connection.run("COMMIT") }
    return try body(self)
  }

  /// Folds the write-ahead log into the database and cuts it to nothing: what was overwritten (`secure_delete`) is left in neither.
  ///
  /// - Throws: `journal.busy` while a reader still needs the log.
  func scrub() throws(CausewayError) {
    // A reader that takes long is waited for by the next try, not by the writers behind this one.
    try connection.execute(script: "PRAGMA busy_timeout = 200")
    defer { try? connection.execute(script: "PRAGMA busy_timeout = \(SQLiteConnection.busyTimeoutMilliseconds)") }
    let isBusy = try connection.row("PRAGMA wal_checkpoint(TRUNCATE)") { row throws(CausewayError) in try row.int(0) != 0 }
    if isBusy == true { throw CausewayError("journal.busy") }
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

  private func rollBack(after error: CausewayError) throws(CausewayError) {
    depth = 0
    guard !connection.isInAutocommit else { return }
    do {
      try connection.run("ROLLBACK")
    } catch let second {
      throw CausewayError("journal.commit_failed", underlying: "\(error); then \(second)")
    }
  }
}

extension SQLiteSession: JournalTransaction {
  func savepoint<Result>(_ body: () throws(CausewayError) -> Result) throws(CausewayError) -> Result {
    // Two levels are in use: a group and a change in it.
    precondition(depth < 2, "savepoints are two deep at most")
    depth += 1
    defer { depth = max(0, depth - 1) }
    let isOuter = depth == 1
    if isOuter { try connection.run("SAVEPOINT outer_part") } else { try connection.run("SAVEPOINT inner_part") }
    do {
      let result = try body()
      if isOuter { try connection.run("RELEASE outer_part") } else { try connection.run("RELEASE inner_part") }
      return result
    } catch {
      // After some failures SQLite has already rolled the whole transaction back.
      guard !connection.isInAutocommit else { throw error.code == "journal.storage_full" ? error : error.asStorageFailure }
      if isOuter {
        try connection.run("ROLLBACK TO outer_part")
        try connection.run("RELEASE outer_part")
      } else {
        try connection.run("ROLLBACK TO inner_part")
        try connection.run("RELEASE inner_part")
      }
      throw error
    }
  }

  func value(_ name: String) throws(CausewayError) -> [UInt8]? {
    try connection.row("SELECT value FROM stored_value WHERE name = ?1", .text(name)) { row throws(CausewayError) in try row.blob(0) }
  }

  func setValue(_ name: String, _ value: [UInt8]?) throws(CausewayError) {
    if let value {
      try connection.run("INSERT OR REPLACE INTO stored_value (name, value) VALUES (?1, ?2)", .text(name), .blob(value))
    } else {
      try connection.run("DELETE FROM stored_value WHERE name = ?1", .text(name))
    }
  }
}

extension CausewayError {
  /// The same failure as one of the store itself: the transaction it happened in is gone.
  var asStorageFailure: CausewayError { CausewayError("journal.storage", underlying: description) }
}
