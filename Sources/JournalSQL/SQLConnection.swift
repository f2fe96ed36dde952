package import Ledger
package import Primitives

/// A value that goes into a statement.
package enum SQLValue {
  case null
  case integer(Int64)
  case text(String)
  case blob([UInt8])
  case digest(Digest)

  package static func integer(_ value: Int) -> SQLValue { .integer(Int64(value)) }
  package static func optional(_ text: String?) -> SQLValue { text.map { .text($0) } ?? .null }
  package static func optional(_ bytes: [UInt8]?) -> SQLValue { bytes.map { .blob($0) } ?? .null }
  package static func time(_ instant: Instant) -> SQLValue { .integer(instant.milliseconds) }
  package static func time(_ instant: Instant?) -> SQLValue { instant.map { .integer($0.milliseconds) } ?? .null }
}

/// A connection to a database that understands the SQL of ``SQLSession``. Used by one thread at a time.
///
/// Values never stand in the text of a statement: `?1`, `?2` … (in an assembled one: `?`) are their places.
package protocol SQLConnection: AnyObject {
  /// A statement ready to be stepped through; what is prepared is kept for the next use.
  ///
  /// - Throws: `journal.constraint`, `journal.busy`, `journal.storage_full`, `journal.unreachable`, `journal.storage`, `journal.read_only`,
  ///   as do the steps.
  func statement(_ sql: StaticString, _ values: [SQLValue]) throws(CausewayError) -> any SQLStatement
  /// As ``statement(_:_:)`` for a text that is put together from fixed pieces. Values, limits among them, never stand in it, so that there are few such texts.
  func statement(assembled sql: String, _ values: [SQLValue]) throws(CausewayError) -> any SQLStatement
  /// Lends each row of a query, of which no more than a few are in memory at a time. Within a transaction.
  func stream(_ sql: String, _ body: (SQLRow) throws(CausewayError) -> Void) throws(CausewayError)
  /// Runs statements that give no rows, one after the other. For schema and settings.
  func execute(script: String) throws(CausewayError)
  /// Where entries are read whose bytes are not in the journal.
  var archives: ArchivedEntries? { get }
  /// Whether the transaction that was begun is gone without having been ended: nothing can be undone in it any more.
  var isTransactionLost: Bool { get }
}

/// A statement that is being carried out. Whoever asked for it resets it.
package protocol SQLStatement: AnyObject {
  /// Goes to the next row, at first to the first one; false when there is none.
  func step() throws(CausewayError) -> Bool
  /// Ends it, so that it can be used again.
  func reset()
  func kind(_ column: Int32) -> SQLKind
  /// Of a column that is an integer.
  func integer(_ column: Int32) -> Int64
  /// The bytes of a text or blob in the current row; valid until the next step.
  func bytes(_ column: Int32) -> UnsafeRawBufferPointer
  /// Names of a column and of its table, for messages; "?" for what is not known.
  func name(_ column: Int32) -> (table: String, column: String)
}

/// What lies in a column of a row.
package enum SQLKind {
  case null, integer, text, blob
  /// Of a type that no column of the journal has.
  case other
}

extension SQLConnection {
  /// Runs one statement that gives no rows.
  package func run(_ sql: StaticString, _ values: SQLValue...) throws(CausewayError) { try run(sql, values) }

  package func run(_ sql: StaticString, _ values: [SQLValue]) throws(CausewayError) {
    let statement = try statement(sql, values)
    defer { statement.reset() }
    _ = try statement.step()
  }

  /// Runs one query and reads each row.
  package func rows<Value>(
    _ sql: StaticString, _ values: [SQLValue] = [], _ read: (SQLRow) throws(CausewayError) -> Value
  ) throws(CausewayError) -> [Value] {
    try allRows(of: try statement(sql, values), read)
  }

  /// As ``rows(_:_:_:)`` for a query that is put together from fixed pieces.
  package func rows<Value>(
    assembled sql: String, _ values: [SQLValue], _ read: (SQLRow) throws(CausewayError) -> Value
  ) throws(CausewayError) -> [Value] {
    try allRows(of: try statement(assembled: sql, values), read)
  }

  private func allRows<Value>(
    of statement: any SQLStatement, _ read: (SQLRow) throws(CausewayError) -> Value
  ) throws(CausewayError) -> [Value] {
    defer { statement.reset() }
    var results: [Value] = []
    while try statement.step() { results.append(try read(SQLRow(statement))) }
    return results
  }

  /// Runs one query and lends each row.
  func eachRow(
    _ sql: StaticString, _ values: [SQLValue], _ body: (SQLRow) throws(CausewayError) -> Void
  ) throws(CausewayError) {
    let statement = try statement(sql, values)
    defer { statement.reset() }
    while try statement.step() { try body(SQLRow(statement)) }
  }

  /// Runs one query and reads its first row; nil when there is none.
  package func row<Value>(
    _ sql: StaticString, _ values: SQLValue..., read: (SQLRow) throws(CausewayError) -> Value
  ) throws(CausewayError) -> Value? {
    let statement = try statement(sql, values)
    defer { statement.reset() }
    return try statement.step() ? try read(SQLRow(statement)) : nil
  }

  /// Runs one query that counts.
  package func count(_ sql: StaticString, _ values: SQLValue...) throws(CausewayError) -> Int {
    let statement = try statement(sql, values)
    defer { statement.reset() }
    return try statement.step() ? try SQLRow(statement).int(0) : 0
  }

  /// Runs one `INSERT … RETURNING` of a number that the database gives.
  func assignedID(_ sql: StaticString, _ values: SQLValue...) throws(CausewayError) -> Int64 {
    let statement = try statement(sql, values)
    defer { statement.reset() }
    guard try statement.step() else { throw CausewayError("journal.storage", underlying: "no row inserted") }
    return try SQLRow(statement).int64(0)
  }
}

/// The current row of a query. Columns are read with their type checked: a damaged database gives an error, not a wrong value.
package struct SQLRow {
  private let statement: any SQLStatement

  package init(_ statement: any SQLStatement) { self.statement = statement }

  func isNull(_ column: Int32) -> Bool { statement.kind(column) == .null }

  package func int64(_ column: Int32) throws(CausewayError) -> Int64 {
    guard statement.kind(column) == .integer else { throw invalid(column) }
    return statement.integer(column)
  }

  package func int(_ column: Int32) throws(CausewayError) -> Int { Int(try int64(column)) }
  package func time(_ column: Int32) throws(CausewayError) -> Instant { Instant(milliseconds: try int64(column)) }

  package func text(_ column: Int32) throws(CausewayError) -> String {
    guard statement.kind(column) == .text else { throw invalid(column) }
    guard let text = String(validating: statement.bytes(column), as: UTF8.self) else { throw invalid(column) }
    return text
  }

  package func blob(_ column: Int32) throws(CausewayError) -> [UInt8] {
    guard statement.kind(column) == .blob else { throw invalid(column) }
    return Array(statement.bytes(column))
  }

  /// As it lies there.
  func value(_ column: Int32) throws(CausewayError) -> SQLValue {
    switch statement.kind(column) {
    case .null: .null
    case .integer: .integer(try int64(column))
    case .text: .text(try text(column))
    case .blob: .blob(try blob(column))
    case .other: throw invalid(column)
    }
  }

  /// Replaces the contents by the bytes that lie there, whatever their type.
  func copyBytes(_ column: Int32, to bytes: inout [UInt8]) {
    bytes.removeAll(keepingCapacity: true)
    bytes.append(contentsOf: statement.bytes(column))
  }

  /// nil when what lies there is no digest.
  func anyDigest(_ column: Int32) -> Digest? { Digest(statement.bytes(column)) }

  func digest(_ column: Int32) throws(CausewayError) -> Digest {
    guard statement.kind(column) == .blob, let digest = anyDigest(column) else { throw invalid(column) }
    return digest
  }

  func value<Value>(_ column: Int32, _ make: (String) -> Value?) throws(CausewayError) -> Value {
    guard let value = make(try text(column)) else { throw invalid(column) }
    return value
  }

  /// nil for NULL, otherwise what `read` reads.
  package func optional<Value>(_ column: Int32, _ read: (Int32) throws(CausewayError) -> Value) throws(CausewayError) -> Value? {
    isNull(column) ? nil : try read(column)
  }

  func invalid(_ column: Int32) -> CausewayError {
    let name = statement.name(column)
    return CausewayError("journal.row_invalid", facts: ["table": name.table, "column": name.column])
  }
}
