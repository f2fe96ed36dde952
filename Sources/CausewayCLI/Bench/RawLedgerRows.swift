import CSQLite
import Ledger
import Primitives

/// SQLite as it is, with the rows that the journal stores for ledger entries: the floor of making an entry durable so that it can be found, proven
/// and signed for. Nothing is hashed, linked, signed or read back.
final class RawLedgerRows {
  private let database: OpaquePointer
  private let insertEntry: OpaquePointer
  private let insertNode: OpaquePointer
  private let insertCheckpoint: OpaquePointer
  private let saveHead: OpaquePointer
  private var size = 0

  /// As much as a checkpoint's signed note takes.
  private let note = [UInt8](repeating: 0x61, count: 230)
  /// As many hashes as the right edge of a tree of some thousand entries has on average.
  private let frontier = [UInt8](repeating: 0x61, count: 6 * 32)

  /// Opens a new database with the journal's settings and the tables of its ledger.
  init(path: String) throws(CausewayError) {
    var database: OpaquePointer?
    guard sqlite3_open(path, &database) == SQLITE_OK, let database else { throw Self.failure("sqlite3_open") }
    let settings = """
      PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA fullfsync = ON; PRAGMA secure_delete = ON; PRAGMA cache_size = -16384;
      PRAGMA wal_autocheckpoint = 4000;
      CREATE TABLE entry (idx INTEGER PRIMARY KEY, leaf BLOB, message TEXT, bytes BLOB) STRICT;
      CREATE INDEX entry_message ON entry (message, idx) WHERE message IS NOT NULL;
      CREATE TABLE node (position INTEGER PRIMARY KEY, hash BLOB) STRICT;
      CREATE TABLE head (id INTEGER PRIMARY KEY, size INTEGER, last_time INTEGER, last_hash BLOB, frontier BLOB) STRICT;
      CREATE TABLE checkpoint (size INTEGER PRIMARY KEY, time INTEGER, root BLOB, note BLOB) STRICT;
      """
    guard sqlite3_exec(database, settings, nil, nil, nil) == SQLITE_OK else { throw Self.failure("sqlite3_exec") }
    self.database = database
    insertEntry = try Self.prepare("INSERT INTO entry (idx, leaf, message, bytes) VALUES (?1, ?2, ?3, ?4)", database)
    insertNode = try Self.prepare("INSERT INTO node (position, hash) VALUES (?1, ?2)", database)
    insertCheckpoint = try Self.prepare("INSERT INTO checkpoint (size, time, root, note) VALUES (?1, ?2, ?3, ?4)", database)
    saveHead = try Self.prepare(
      "INSERT OR REPLACE INTO head (id, size, last_time, last_hash, frontier) VALUES (1, ?1, ?2, ?3, ?4)", database)
  }

  deinit {
    for statement in [insertEntry, insertNode, insertCheckpoint, saveHead] { sqlite3_finalize(statement) }
    sqlite3_close(database)
  }

  /// Inserts what a group of entries leaves behind and commits once. A tree of *n* leaves has *n* − 1 subtrees: about one an entry.
  func store(_ entries: [Entry]) throws(CausewayError) {
    var isDone = sqlite3_exec(database, "BEGIN IMMEDIATE", nil, nil, nil) == SQLITE_OK
    for entry in entries where isDone {
      isDone =
        sqlite3_bind_int64(insertEntry, 1, Int64(size)) == SQLITE_OK
        && bind(entry.draft.messageID?.text ?? "", to: insertEntry, at: 3)
        && entry.leafHash.withUnsafeBytes { leaf in
          entry.bytes.withUnsafeBytes { bytes in
            bind(leaf, to: insertEntry, at: 2) && bind(bytes, to: insertEntry, at: 4) && run(insertEntry)
              && sqlite3_bind_int64(insertNode, 1, Int64(size)) == SQLITE_OK && bind(leaf, to: insertNode, at: 2) && run(insertNode)
          }
        }
      size += 1
    }
    isDone =
      isDone
      && note.withUnsafeBytes { note in
        frontier.withUnsafeBytes { frontier in
          let root = UnsafeRawBufferPointer(rebasing: frontier[0..<32])
          return [insertCheckpoint, saveHead].allSatisfy { statement in
            sqlite3_bind_int64(statement, 1, Int64(size)) == SQLITE_OK && sqlite3_bind_int64(statement, 2, 1) == SQLITE_OK
              && bind(root, to: statement, at: 3) && bind(statement == saveHead ? frontier : note, to: statement, at: 4) && run(statement)
          }
        }
      }
    guard isDone, sqlite3_exec(database, "COMMIT", nil, nil, nil) == SQLITE_OK else { throw Self.failure("sqlite3_step") }
  }

  // No destructor: the bytes outlive the step.
  private func bind(_ bytes: UnsafeRawBufferPointer, to statement: OpaquePointer, at position: Int32) -> Bool {
    sqlite3_bind_blob64(statement, position, bytes.baseAddress, UInt64(bytes.count), nil) == SQLITE_OK
  }

  /// SQLite copies the text.
  private func bind(_ text: String, to statement: OpaquePointer, at position: Int32) -> Bool {
    sqlite3_bind_text(statement, position, text, -1, unsafeBitCast(-1, to: sqlite3_destructor_type.self)) == SQLITE_OK
  }

  private func run(_ statement: OpaquePointer) -> Bool {
    sqlite3_step(statement) == SQLITE_DONE && sqlite3_reset(statement) == SQLITE_OK
  }

  private static func prepare(_ sql: String, _ database: OpaquePointer) throws(CausewayError) -> OpaquePointer {
    var statement: OpaquePointer?
    guard sqlite3_prepare_v2(database, sql, -1, &statement, nil) == SQLITE_OK, let statement else { throw failure("sqlite3_prepare") }
    return statement
  }

  private static func failure(_ call: String) -> CausewayError { CausewayError("bench.raw_call", facts: ["call": call]) }
}
