import CSQLite
import JournalSQL
import Ledger
import Primitives

/// Owner of one SQLite connection and of its prepared statements. Used by one thread at a time; not Sendable.
final class SQLiteConnection: SQLConnection {
  enum Mode {
    case readWrite
    /// Another process may be writing.
    case readOnly
    /// Nobody writes, and the directory may not be written to.
    case immutable
  }

  static let busyTimeoutMilliseconds: Int32 = 5_000

  private let handle: OpaquePointer
  /// Prepared statements by the address of their text, which is constant.
  private var statements: [UInt: SQLiteStatement] = [:]
  /// Those that were put together, by their text. There are a few dozen of them at most, however long the gateway runs: values never stand in them.
  private var assembledStatements: [String: SQLiteStatement] = [:]
  private static let mostAssembledStatements = 64

  /// - Throws: `journal.open_failed`.
  init(path: String, mode: Mode) throws(CausewayError) {
    var handle: OpaquePointer?
    // NOMUTEX: the queue that owns the connection is its mutex.
    var flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
    flags |= mode == .readWrite ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY
    let name = mode == .immutable ? Self.immutableURI(path) : path
    if mode == .immutable { flags |= SQLITE_OPEN_URI }
    let code = sqlite3_open_v2(name, &handle, flags, nil)
    guard code == SQLITE_OK, let handle else {
      let text = handle.map { String(cString: sqlite3_errmsg($0)) }
      sqlite3_close_v2(handle)
      throw CausewayError("journal.open_failed", underlying: text)
    }
    self.handle = handle
    sqlite3_busy_timeout(handle, Self.busyTimeoutMilliseconds)
    // The largest payload with room to spare; and no second file beside the journal.
    sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, 512 << 20)
    sqlite3_limit(handle, SQLITE_LIMIT_ATTACHED, 0)
  }

  deinit {
    (statements, assembledStatements) = ([:], [:])
    sqlite3_close_v2(handle)
  }

  /// Path as a URI that tells SQLite to look for no lock and no log.
  private static func immutableURI(_ path: String) -> String {
    let unreserved = Set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/".utf8)
    let escaped = path.utf8.map { byte in
      unreserved.contains(byte) ? String(UnicodeScalar(byte)) : "%" + Hex.encode(CollectionOfOne(byte)).uppercased()
    }
    return "file:\(escaped.joined())?immutable=1"
  }

  var archives: ArchivedEntries?

  /// Whether no transaction is open: SQLite ends one by itself after some failures.
  var isInAutocommit: Bool { sqlite3_get_autocommit(handle) != 0 }
  var isTransactionLost: Bool { isInAutocommit }

  /// Copies the database as of one moment to a file that is empty or not there. Others may be writing meanwhile; what they fold into the
  /// database waits.
  func copy(to path: String) throws(CausewayError) {
    let target = try SQLiteConnection(path: path, mode: .readWrite)
    guard let backup = sqlite3_backup_init(target.handle, "main", handle, "main") else {
      throw target.error(sqlite3_errcode(target.handle))
    }
    let code = sqlite3_backup_step(backup, -1)
    sqlite3_backup_finish(backup)
    guard code == SQLITE_DONE else { throw target.error(code) }
  }

  func stream(_ sql: String, _ body: (SQLRow) throws(CausewayError) -> Void) throws(CausewayError) {
    // Of its own: what the body asks may have the same text.
    let statement = try prepare(sql)
    while try statement.step() { try body(SQLRow(statement)) }
  }

  func execute(script: String) throws(CausewayError) {
    let code = sqlite3_exec(handle, script, nil, nil, nil)
    guard code == SQLITE_OK else { throw error(code) }
  }

  func statement(_ sql: StaticString, _ values: [SQLValue]) throws(CausewayError) -> any SQLStatement {
    let statement = try prepared(sql)
    try bind(values, to: statement.handle)
    return statement
  }

  func statement(assembled sql: String, _ values: [SQLValue]) throws(CausewayError) -> any SQLStatement {
    let statement: SQLiteStatement
    if let known = assembledStatements[sql] {
      statement = known
    } else {
      statement = try prepare(sql)
      if assembledStatements.count >= Self.mostAssembledStatements { assembledStatements = [:] }
      assembledStatements[sql] = statement
    }
    try bind(values, to: statement.handle)
    return statement
  }

  private func prepare(_ sql: String) throws(CausewayError) -> SQLiteStatement {
    var handle: OpaquePointer?
    let code = sqlite3_prepare_v3(self.handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
    guard code == SQLITE_OK, let handle else { throw error(code) }
    return SQLiteStatement(handle, of: self)
  }

  private func bind(_ values: [SQLValue], to statement: OpaquePointer) throws(CausewayError) {
    for (offset, value) in values.enumerated() {
      let position = Int32(offset + 1)
      let code: Int32
      switch value {
      case .null:
        code = sqlite3_bind_null(statement, position)
      case .integer(let value):
        code = sqlite3_bind_int64(statement, position, value)
      case .text(let text):
        var text = text
        code = text.withUTF8 { buffer in
          buffer.withMemoryRebound(to: CChar.self) {
            // An empty buffer may have no address, and a null pointer would bind NULL.
            sqlite3_bind_text64(statement, position, $0.baseAddress ?? Self.empty, UInt64($0.count), Self.transient, UInt8(SQLITE_UTF8))
          }
        }
      case .digest(let digest):
        code = digest.withUnsafeBytes { sqlite3_bind_blob64(statement, position, $0.baseAddress, UInt64($0.count), Self.transient) }
      case .blob(let bytes):
        code = bytes.withUnsafeBytes { buffer in
          buffer.isEmpty
            ? sqlite3_bind_zeroblob(statement, position, 0)
            : sqlite3_bind_blob64(statement, position, buffer.baseAddress, UInt64(buffer.count), Self.transient)
        }
      }
      guard code == SQLITE_OK else { throw error(code) }
    }
  }

  private func prepared(_ sql: StaticString) throws(CausewayError) -> SQLiteStatement {
    let key = UInt(bitPattern: sql.utf8Start)
    if let statement = statements[key] { return statement }
    var handle: OpaquePointer?
    let code = sql.utf8Start.withMemoryRebound(to: CChar.self, capacity: sql.utf8CodeUnitCount) {
      sqlite3_prepare_v3(self.handle, $0, Int32(sql.utf8CodeUnitCount), UInt32(SQLITE_PREPARE_PERSISTENT), &handle, nil)
    }
    guard code == SQLITE_OK, let handle else { throw error(code) }
    let statement = SQLiteStatement(handle, of: self)
    statements[key] = statement
    return statement
  }

  /// Tells SQLite to copy what is bound.
  private static let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
  /// One terminating zero, for the life of the process.
  private nonisolated(unsafe) static let empty: UnsafePointer<CChar> = {
    let pointer = UnsafeMutablePointer<CChar>.allocate(capacity: 1)
    pointer.initialize(to: 0)
    return UnsafePointer(pointer)
  }()

  /// The journal's code for a result of SQLite. The text names tables, columns and file system errors, never values.
  fileprivate func error(_ code: Int32) -> CausewayError {
    let text = "\(String(cString: sqlite3_errmsg(handle))) (\(sqlite3_extended_errcode(handle)))"
    let name: ErrorCode =
      switch code & 0xFF {
      case SQLITE_FULL: "journal.storage_full"
      case SQLITE_BUSY, SQLITE_LOCKED: "journal.busy"
      case SQLITE_CONSTRAINT, SQLITE_TOOBIG, SQLITE_MISMATCH, SQLITE_RANGE: "journal.constraint"
      case SQLITE_READONLY: "journal.read_only"
      case SQLITE_CANTOPEN, SQLITE_NOTADB: "journal.open_failed"
      default: "journal.storage"
      }
    return CausewayError(name, underlying: text)
  }
}

/// One prepared statement, and its current row.
final class SQLiteStatement: SQLStatement {
  fileprivate let handle: OpaquePointer
  /// The connection keeps its statements, and outlives them.
  private unowned let connection: SQLiteConnection

  fileprivate init(_ handle: OpaquePointer, of connection: SQLiteConnection) {
    self.handle = handle
    self.connection = connection
  }

  deinit { sqlite3_finalize(handle) }

  func step() throws(CausewayError) -> Bool {
    switch sqlite3_step(handle) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    case let code: throw connection.error(code)
    }
  }

  func reset() { sqlite3_reset(handle) }

  func kind(_ column: Int32) -> SQLKind {
    switch sqlite3_column_type(handle, column) {
    case SQLITE_NULL: .null
    case SQLITE_INTEGER: .integer
    case SQLITE_TEXT: .text
    case SQLITE_BLOB: .blob
    default: .other
    }
  }

  func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

  func bytes(_ column: Int32) -> UnsafeRawBufferPointer {
    guard let bytes = sqlite3_column_blob(handle, column) else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    return UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(handle, column)))
  }

  func name(_ column: Int32) -> (table: String, column: String) {
    (
      sqlite3_column_table_name(handle, column).map { String(cString: $0) } ?? "?",
      sqlite3_column_name(handle, column).map { String(cString: $0) } ?? "?"
    )
  }
}

extension SQLiteConnection {
  /// Runs the body in a transaction, durable when it returns.
  func transaction<Result>(_ body: (SQLSession) throws(CausewayError) -> Result) throws(CausewayError) -> Result {
    try run("BEGIN IMMEDIATE")
    let result: Result
    do {
      result = try body(SQLSession(self))
    } catch {
      try rollBack(after: error)
      throw error
    }
    do {
      try run("COMMIT")
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
  func snapshot<Result>(_ body: (SQLSession) throws(CausewayError) -> Result) throws(CausewayError) -> Result {
    try run("BEGIN DEFERRED")
    defer { try? run("COMMIT") }
    return try body(SQLSession(self))
  }

  /// Folds the write-ahead log into the database and cuts it to nothing: what was overwritten (`secure_delete`) is left in neither.
  ///
  /// - Throws: `journal.busy` while a reader still needs the log.
  func scrub() throws(CausewayError) {
    // A reader that takes long is waited for by the next try, not by the writers behind this one.
    try execute(script: "PRAGMA busy_timeout = 200")
    defer { try? execute(script: "PRAGMA busy_timeout = \(SQLiteConnection.busyTimeoutMilliseconds)") }
    let isBusy = try row("PRAGMA wal_checkpoint(TRUNCATE)") { row throws(CausewayError) in try row.int(0) != 0 }
    if isBusy == true { throw CausewayError("journal.busy") }
  }

  private func rollBack(after error: CausewayError) throws(CausewayError) {
    guard !isInAutocommit else { return }
    do {
      try run("ROLLBACK")
    } catch let second {
      throw CausewayError("journal.commit_failed", underlying: "\(error); then \(second)")
    }
  }
}
