import CSQLite
import Primitives

/// A value that goes into or comes out of a statement.
enum SQLiteValue {
  case null
  case integer(Int64)
  case text(String)
  case blob([UInt8])
  case digest(Digest)

  static func integer(_ value: Int) -> SQLiteValue { .integer(Int64(value)) }
  static func optional(_ text: String?) -> SQLiteValue { text.map { .text($0) } ?? .null }
  static func optional(_ bytes: [UInt8]?) -> SQLiteValue { bytes.map { .blob($0) } ?? .null }
  static func time(_ instant: Instant) -> SQLiteValue { .integer(instant.milliseconds) }
  static func time(_ instant: Instant?) -> SQLiteValue { instant.map { .integer($0.milliseconds) } ?? .null }
}

/// Owner of one SQLite connection and of its prepared statements. Used by one thread at a time; not Sendable.
final class SQLiteConnection {
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
  private var statements: [UInt: OpaquePointer] = [:]

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
    for statement in statements.values { sqlite3_finalize(statement) }
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

  /// Whether no transaction is open: SQLite ends one by itself after some failures.
  var isInAutocommit: Bool { sqlite3_get_autocommit(handle) != 0 }
  var lastInsertedRow: Int64 { sqlite3_last_insert_rowid(handle) }

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

  /// Runs statements that give no rows, one after the other. For schema and settings.
  func execute(script: String) throws(CausewayError) {
    let code = sqlite3_exec(handle, script, nil, nil, nil)
    guard code == SQLITE_OK else { throw error(code) }
  }

  /// Runs one statement that gives no rows.
  func run(_ sql: StaticString, _ values: SQLiteValue...) throws(CausewayError) {
    try run(sql, values)
  }

  func run(_ sql: StaticString, _ values: [SQLiteValue]) throws(CausewayError) {
    let statement = try prepared(sql, values)
    defer { sqlite3_reset(statement) }
    let code = sqlite3_step(statement)
    guard code == SQLITE_DONE || code == SQLITE_ROW else { throw error(code) }
  }

  /// Runs one query and reads each row.
  func rows<Value>(
    _ sql: StaticString, _ values: [SQLiteValue] = [], _ read: (SQLiteRow) throws(CausewayError) -> Value
  ) throws(CausewayError) -> [Value] {
    let statement = try prepared(sql, values)
    defer { sqlite3_reset(statement) }
    return try allRows(of: statement, read)
  }

  /// Runs one query and lends each row.
  func eachRow(
    _ sql: StaticString, _ values: [SQLiteValue], _ body: (SQLiteRow) throws(CausewayError) -> Void
  ) throws(CausewayError) {
    let statement = try prepared(sql, values)
    defer { sqlite3_reset(statement) }
    try eachRow(of: statement, body)
  }

  private func eachRow(
    of statement: OpaquePointer, _ body: (SQLiteRow) throws(CausewayError) -> Void
  ) throws(CausewayError) {
    while true {
      let code = sqlite3_step(statement)
      if code == SQLITE_DONE { return }
      guard code == SQLITE_ROW else { throw error(code) }
      try body(SQLiteRow(statement: statement))
    }
  }

  private func allRows<Value>(
    of statement: OpaquePointer, _ read: (SQLiteRow) throws(CausewayError) -> Value
  ) throws(CausewayError) -> [Value] {
    var results: [Value] = []
    try eachRow(of: statement) { row throws(CausewayError) in results.append(try read(row)) }
    return results
  }

  /// As ``rows(_:_:_:)`` for a query that is put together from fixed pieces; it is prepared for this one use.
  func rows<Value>(
    assembled sql: String, _ values: [SQLiteValue], _ read: (SQLiteRow) throws(CausewayError) -> Value
  ) throws(CausewayError) -> [Value] {
    var statement: OpaquePointer?
    let code = sqlite3_prepare_v3(handle, sql, -1, 0, &statement, nil)
    guard code == SQLITE_OK, let statement else { throw error(code) }
    defer { sqlite3_finalize(statement) }
    try bind(values, to: statement)
    return try allRows(of: statement, read)
  }

  /// Runs one query and reads its first row; nil when there is none.
  func row<Value>(
    _ sql: StaticString, _ values: SQLiteValue..., read: (SQLiteRow) throws(CausewayError) -> Value
  ) throws(CausewayError) -> Value? {
    let statement = try prepared(sql, values)
    defer { sqlite3_reset(statement) }
    let code = sqlite3_step(statement)
    if code == SQLITE_DONE { return nil }
    guard code == SQLITE_ROW else { throw error(code) }
    return try read(SQLiteRow(statement: statement))
  }

  private func prepared(_ sql: StaticString, _ values: [SQLiteValue]) throws(CausewayError) -> OpaquePointer {
    let statement = try statement(sql)
    try bind(values, to: statement)
    return statement
  }

  private func bind(_ values: [SQLiteValue], to statement: OpaquePointer) throws(CausewayError) {
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

  private func statement(_ sql: StaticString) throws(CausewayError) -> OpaquePointer {
    let key = UInt(bitPattern: sql.utf8Start)
    if let statement = statements[key] { return statement }
    var statement: OpaquePointer?
    let code = sql.utf8Start.withMemoryRebound(to: CChar.self, capacity: sql.utf8CodeUnitCount) {
      sqlite3_prepare_v3(handle, $0, Int32(sql.utf8CodeUnitCount), UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
    }
    guard code == SQLITE_OK, let statement else { throw error(code) }
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
  private func error(_ code: Int32) -> CausewayError {
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

/// The current row of a query. Columns are read with their type checked: a damaged file gives an error, not a wrong value.
struct SQLiteRow {
  fileprivate let statement: OpaquePointer

  func isNull(_ column: Int32) -> Bool { sqlite3_column_type(statement, column) == SQLITE_NULL }

  func int64(_ column: Int32) throws(CausewayError) -> Int64 {
    guard sqlite3_column_type(statement, column) == SQLITE_INTEGER else { throw invalid(column) }
    return sqlite3_column_int64(statement, column)
  }

  func int(_ column: Int32) throws(CausewayError) -> Int { Int(try int64(column)) }
  func time(_ column: Int32) throws(CausewayError) -> Instant { Instant(milliseconds: try int64(column)) }

  func text(_ column: Int32) throws(CausewayError) -> String {
    guard sqlite3_column_type(statement, column) == SQLITE_TEXT, let bytes = sqlite3_column_text(statement, column) else {
      throw invalid(column)
    }
    let buffer = UnsafeBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(statement, column)))
    guard let text = String(validating: buffer, as: UTF8.self) else { throw invalid(column) }
    return text
  }

  func blob(_ column: Int32) throws(CausewayError) -> [UInt8] {
    guard sqlite3_column_type(statement, column) == SQLITE_BLOB else { throw invalid(column) }
    guard let bytes = sqlite3_column_blob(statement, column) else { return [] }
    return Array(UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(statement, column))))
  }

  /// The bytes that lie there, whatever their type; valid as long as the row is.
  private func lentBytes(_ column: Int32) -> UnsafeRawBufferPointer {
    guard let bytes = sqlite3_column_blob(statement, column) else { return UnsafeRawBufferPointer(start: nil, count: 0) }
    return UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(statement, column)))
  }

  /// Replaces the contents by the bytes that lie there, whatever their type.
  func copyBytes(_ column: Int32, to bytes: inout [UInt8]) {
    bytes.removeAll(keepingCapacity: true)
    bytes.append(contentsOf: lentBytes(column))
  }

  /// nil when what lies there is no digest.
  func anyDigest(_ column: Int32) -> Digest? { Digest(lentBytes(column)) }

  func digest(_ column: Int32) throws(CausewayError) -> Digest {
    guard sqlite3_column_type(statement, column) == SQLITE_BLOB, let digest = anyDigest(column) else { throw invalid(column) }
    return digest
  }

  func value<Value>(_ column: Int32, _ make: (String) -> Value?) throws(CausewayError) -> Value {
    guard let value = make(try text(column)) else { throw invalid(column) }
    return value
  }

  /// nil for NULL, otherwise what `read` reads.
  func optional<Value>(_ column: Int32, _ read: (Int32) throws(CausewayError) -> Value) throws(CausewayError) -> Value? {
    isNull(column) ? nil : try read(column)
  }

  func invalid(_ column: Int32) -> CausewayError {
    let table = sqlite3_column_table_name(statement, column).map { String(cString: $0) } ?? "?"
    let name = sqlite3_column_name(statement, column).map { String(cString: $0) } ?? "?"
    return CausewayError("journal.row_invalid", facts: ["table": table, "column": name])
  }
}
