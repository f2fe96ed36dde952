import CSQLite
import Primitives

/// SQLite as it is, one table without an index beside its key: the floor of making something durable.
final class RawSQLite {
  private let database: OpaquePointer
  private let insert: OpaquePointer

  /// Opens a new database with the same durability as the journal: write-ahead log, `synchronous=FULL`.
  init(path: String) throws(CausewayError) {
    var database: OpaquePointer?
    var insert: OpaquePointer?
    guard sqlite3_open(path, &database) == SQLITE_OK, let database else { throw Self.failure("sqlite3_open") }
    let settings = """
      PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA cache_size = -16384; PRAGMA wal_autocheckpoint = 4000;
      CREATE TABLE stored (id INTEGER PRIMARY KEY, entry BLOB, payload BLOB);
      """
    guard sqlite3_exec(database, settings, nil, nil, nil) == SQLITE_OK,
      sqlite3_prepare_v2(database, "INSERT INTO stored (entry, payload) VALUES (?, ?)", -1, &insert, nil) == SQLITE_OK, let insert
    else { throw Self.failure("sqlite3_exec") }
    self.database = database
    self.insert = insert
  }

  deinit {
    sqlite3_finalize(insert)
    sqlite3_close(database)
  }

  /// What a message says of itself, and a document of it.
  typealias Row = (entry: [UInt8], payload: [UInt8])

  /// Inserts the same byte strings `count` times and commits once.
  func store(_ entry: [UInt8], _ payload: [UInt8] = [], count: Int = 1) throws(CausewayError) {
    try store([(entry, payload)], count: count)
  }

  /// Inserts the same rows `count` times and commits once.
  func store(_ rows: [Row], count: Int) throws(CausewayError) {
    var isDone = sqlite3_exec(database, "BEGIN IMMEDIATE", nil, nil, nil) == SQLITE_OK
    for _ in 0..<count { for row in rows where isDone { isDone = add(row) } }
    guard isDone, sqlite3_exec(database, "COMMIT", nil, nil, nil) == SQLITE_OK else { throw Self.failure("sqlite3_step") }
  }

  private func add(_ row: Row) -> Bool {
    row.entry.withUnsafeBytes { entry in
      row.payload.withUnsafeBytes { payload in
        // No destructor: the bytes outlive the step.
        sqlite3_bind_blob64(insert, 1, entry.baseAddress, UInt64(entry.count), nil) == SQLITE_OK
          && sqlite3_bind_blob64(insert, 2, payload.baseAddress, UInt64(payload.count), nil) == SQLITE_OK
          && sqlite3_step(insert) == SQLITE_DONE && sqlite3_reset(insert) == SQLITE_OK
      }
    }
  }

  private static func failure(_ call: String) -> CausewayError { CausewayError("bench.raw_call", facts: ["call": call]) }
}
