import CPQ
import Glibc
import JournalSQL
import Ledger
import Primitives

/// Owner of one libpq connection and of its prepared statements. Used by one thread at a time; not Sendable.
///
/// Parameters and results travel in binary form; no value ever stands in a statement's text.
final class PostgresConnection: SQLConnection {
  /// How long a statement waits for a lock; mostly a writer for the writer before it, in another process.
  static let lockTimeoutMilliseconds = 5_000
  /// How long a transaction may lie idle: one whose process, or machine, is gone must not hold up the others.
  static let idleTransactionMilliseconds = 15_000
  /// How long the answer to a statement is waited for: a server that hangs, or a line that swallows everything, says nothing for ever.
  static let patienceSeconds = 60

  var archives: ArchivedEntries?

  private let handle: OpaquePointer
  private let patience: Duration
  /// Names of prepared statements by the address of their text, which is constant.
  private var statements: [UInt: String] = [:]
  /// By the id under which results name their table.
  private var tables: [Oid: String] = [:]
  /// Nothing can be asked any more: the server or the way to it is gone, or it is a standby now.
  private(set) var isLost = false
  /// Whether the server has warned of something since this was set back.
  fileprivate(set) var hasWarned = false

  /// - Parameters:
  ///   - uri: a libpq connection URI, see ``PostgresURI``.
  ///   - patience: after which the connection is given up when a statement is not answered. Scripts, which change the schema, take their time.
  /// - Throws: `journal.unreachable` when no server takes the connection; `journal.open_failed` when it is not fit for a journal;
  ///   `journal.unsafe_settings`.
  init(_ uri: PostgresURI, patience: Duration = .seconds(patienceSeconds)) throws(CausewayError) {
    self.patience = patience
    handle = try uri.connect()
    // What is sent is waited for here as well.
    PQsetnonblocking(handle, 1)
    PQsetNoticeReceiver(
      handle,
      { context, notice in
        guard let context, let severity = PQresultErrorField(notice, Int32(UnicodeScalar("V").value)) else { return }
        if String(cString: severity) == "WARNING" {
          Unmanaged<PostgresConnection>.fromOpaque(context).takeUnretainedValue().hasWarned = true
        }
      }, Unmanaged.passUnretained(self).toOpaque())
    try configure()
  }

  deinit { PQfinish(handle) }

  private func configure() throws(CausewayError) {
    guard version >= 13_00_00 else {
      throw CausewayError("journal.open_failed", underlying: "PostgreSQL 13 or later is needed")
    }
    // In another encoding the server would change texts on their way.
    guard let encoding = PQparameterStatus(handle, "server_encoding"), String(cString: encoding) == "UTF8" else {
      throw CausewayError("journal.open_failed", underlying: "the database is not in UTF8")
    }
    try execute(
      within: patience,
      script: """
        SET client_encoding = 'UTF8';
        SET client_min_messages = warning;
        SET lock_timeout = \(Self.lockTimeoutMilliseconds);
        SET idle_in_transaction_session_timeout = \(Self.idleTransactionMilliseconds);
        SET jit = off;
        """)
    // What an operator, a role or the database sets is read, not overruled: whoever weakens durability is told.
    for (setting, safe) in [("fsync", ["on"]), ("full_page_writes", ["on"]), ("synchronous_commit", ["on", "remote_apply"])] {
      let value = try row("SELECT current_setting(?1)", .text(setting)) { row throws(CausewayError) in try row.text(0) }
      guard safe.contains(where: { value == $0 }) else {
        throw CausewayError("journal.unsafe_settings", facts: ["setting": "\(setting)=\(safe[0])"])
      }
    }
  }

  /// Learns the names of tables, for messages about damaged rows.
  func readTableNames() throws(CausewayError) {
    let names = try rows("SELECT oid::bigint, relname::text FROM pg_class WHERE relnamespace = current_schema()::regnamespace") {
      row throws(CausewayError) in (Oid(truncatingIfNeeded: try row.int64(0)), try row.text(1))
    }
    tables = Dictionary(names) { first, _ in first }
  }

  var isTransactionLost: Bool { isLost }
  var socket: Int32 { PQsocket(handle) }
  /// Of the server, 15.4 as 150004.
  var version: Int { Int(PQserverVersion(handle)) }

  func execute(script: String) throws(CausewayError) { try execute(within: nil, script: script) }

  /// - Parameter patience: nil: however long it takes.
  private func execute(within patience: Duration?, script: String) throws(CausewayError) {
    guard !isLost else { throw CausewayError("journal.unreachable") }
    PQclear(try checked(try answer(to: PQsendQuery(handle, script), within: patience)))
  }

  /// Waits for the answer to what was sent, all of it.
  ///
  /// - Returns: the last result, of which nothing is checked, as `PQexec` gives it; nil when there is none.
  /// - Throws: `journal.unreachable` when it does not come in time; the connection is then lost.
  private func answer(to isSent: Int32, within patience: Duration?) throws(CausewayError) -> OpaquePointer? {
    guard isSent == 1 else { return nil }
    let deadline = patience.map { ContinuousClock.now + $0 }
    var last: OpaquePointer?
    do {
      try wait(until: deadline) { PQflush(handle) == 0 }
      while true {
        try wait(until: deadline) { PQisBusy(handle) == 0 }
        guard let result = PQgetResult(handle) else { return last }
        PQclear(last)
        last = result
      }
    } catch {
      PQclear(last)
      throw error
    }
  }

  /// Lets bytes come and go until it is done, or the connection is broken: libpq says so in the next result.
  private func wait(until deadline: ContinuousClock.Instant?, _ isDone: () -> Bool) throws(CausewayError) {
    while !isDone(), socket >= 0 {
      let isWriting = PQflush(handle) == 1
      var descriptor = pollfd(fd: socket, events: Int16(POLLIN | (isWriting ? POLLOUT : 0)), revents: 0)
      let left = deadline.map { max(.zero, $0 - ContinuousClock.now) } ?? .seconds(60)
      let milliseconds = Int32(left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000 + 1)
      if poll(&descriptor, 1, milliseconds) == 0, let deadline, ContinuousClock.now >= deadline {
        isLost = true
        throw CausewayError("journal.unreachable", underlying: "the server does not answer")
      }
      if descriptor.revents != 0, PQconsumeInput(handle) == 0 { return }
    }
  }

  func statement(_ sql: StaticString, _ values: [SQLValue]) throws(CausewayError) -> any SQLStatement {
    let name = try prepared(sql)
    let parameters = try PostgresParameters(values)
    let isSent = parameters.withPointers { pointers, lengths, formats in
      PQsendQueryPrepared(handle, name, Int32(values.count), pointers, lengths, formats, 1)
    }
    return PostgresRows(try checked(try answer(to: isSent, within: patience)), of: self)
  }

  func statement(assembled sql: String, _ values: [SQLValue]) throws(CausewayError) -> any SQLStatement {
    guard !isLost else { throw CausewayError("journal.unreachable") }
    let parameters = try PostgresParameters(values)
    var text = ""
    var number = 0
    for scalar in sql.unicodeScalars {
      text.unicodeScalars.append(scalar == "?" ? "$" : scalar)
      if scalar == "?" {
        number += 1
        text += String(number)
      }
    }
    let isSent = parameters.withPointers { pointers, lengths, formats in
      PQsendQueryParams(handle, text, Int32(values.count), nil, pointers, lengths, formats, 1)
    }
    return PostgresRows(try checked(try answer(to: isSent, within: patience)), of: self)
  }

  func stream(_ sql: String, _ body: (SQLRow) throws(CausewayError) -> Void) throws(CausewayError) {
    try execute(within: patience, script: "DECLARE streamed NO SCROLL CURSOR FOR \(sql)")
    var isOver = false
    while !isOver {
      // Few: each may hold a document of the largest size.
      let rows = try statement(assembled: "FETCH FORWARD 16 FROM streamed", [])
      defer { rows.reset() }
      isOver = true
      while try rows.step() {
        isOver = false
        try body(SQLRow(rows))
      }
    }
    try execute(within: patience, script: "CLOSE streamed")
  }

  private func prepared(_ sql: StaticString) throws(CausewayError) -> String {
    guard !isLost else { throw CausewayError("journal.unreachable") }
    let key = UInt(bitPattern: sql.utf8Start)
    if let name = statements[key] { return name }
    let name = "s\(statements.count)"
    let isSent = PQsendPrepare(handle, name, sql.description.replacing("?", with: "$"), 0, nil)
    PQclear(try checked(try answer(to: isSent, within: patience)))
    statements[key] = name
    return name
  }

  // MARK: Transactions

  /// What became of a transaction whose body has returned.
  enum Ending<Result> {
    case committed(Result)
    /// The connection was lost while it was being committed, or the server gave up waiting for its standby.
    case unknown(Result)
  }

  /// Runs the body alone among all writers of the database, and commits it together with a mark of the writer's.
  ///
  /// The row of the ledger's head is locked first: whoever writes next, in whatever process, waits for it, and then sees what was written here.
  /// - Throws: what the body throws; `journal.unreachable` when the connection was lost before the commit. Nothing was then committed.
  func transaction<Result>(
    as writer: String, mark: Int64, _ body: (SQLSession) throws(CausewayError) -> Result
  ) throws(CausewayError) -> Ending<Result> {
    let result: Result
    do {
      try run("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
      try run("SELECT size FROM ledger_head WHERE id = 1 FOR UPDATE")
      result = try body(SQLSession(self))
      try run(
        """
        INSERT INTO writer (name, mark, written) VALUES (?1, ?2, CAST(extract(epoch FROM now()) * 1000 AS bigint))
        ON CONFLICT (name) DO UPDATE SET mark = excluded.mark, written = excluded.written
        RETURNING pg_notify('causeway_journal', ?1)
        """, .text(writer), .integer(mark))
    } catch {
      if !isLost { try? run("ROLLBACK") }
      throw error
    }
    hasWarned = false
    do {
      try commit()
    } catch  where error.code == "journal.unreachable" || error.code == "journal.commit_unknown" {
      return .unknown(result)
    }
    return .committed(result)
  }

  /// - Throws: `journal.unreachable` when the connection was lost on the way; what the server says when it has not committed;
  ///   `journal.commit_unknown` when it has, but not as durably as it should.
  private func commit() throws(CausewayError) {
    let result = try checked(try answer(to: PQsendQuery(handle, "COMMIT"), within: patience))
    defer { PQclear(result) }
    // A transaction in which a statement failed is rolled back by COMMIT, without an error.
    guard String(cString: PQcmdStatus(result)) == "COMMIT" else {
      throw CausewayError("journal.storage", underlying: "a failed transaction was committed")
    }
    // Committed on this machine, while somebody has cut short the waiting for the standby.
    guard !hasWarned else { throw CausewayError("journal.commit_unknown", underlying: "the server warned at the commit") }
  }

  /// Whether a transaction of the writer's with this mark is there, after whatever is still being committed is over.
  ///
  /// A commit behind it makes sure that it is as durable as any other: the wait for a standby may have been lost together with the connection.
  func isCommitted(_ mark: Int64, of writer: String) throws(CausewayError) -> Bool {
    do {
      try run("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
      try run("SELECT size FROM ledger_head WHERE id = 1 FOR UPDATE")
      let isThere =
        try row("UPDATE writer SET mark = mark WHERE name = ?1 RETURNING mark", .text(writer)) { row throws(CausewayError) in
          try row.int64(0)
        } == mark
      hasWarned = false
      try commit()
      return isThere
    } catch {
      if !isLost { try? run("ROLLBACK") }
      throw error
    }
  }

  /// Runs the body on one snapshot.
  func snapshot<Result>(_ body: (SQLSession) throws(CausewayError) -> Result) throws(CausewayError) -> Result {
    try run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    defer { if !isLost { try? run("COMMIT") } }
    return try body(SQLSession(self))
  }

  // MARK: Notifications

  /// Texts of the notifications that have come, in their order.
  func notifications() throws(CausewayError) -> [String] {
    guard PQconsumeInput(handle) == 1 else {
      isLost = true
      throw CausewayError("journal.unreachable", underlying: errorText)
    }
    var texts: [String] = []
    while let notification = PQnotifies(handle) {
      texts.append(String(cString: notification.pointee.extra))
      PQfreemem(notification)
    }
    return texts
  }

  // MARK: Failures

  fileprivate func tableName(_ id: Oid) -> String { tables[id] ?? "?" }

  private var errorText: String { String(cString: PQerrorMessage(handle)).split(separator: "\n").first.map(String.init) ?? "" }

  /// - Returns: the result, whose owner clears it.
  private func checked(_ result: OpaquePointer?) throws(CausewayError) -> OpaquePointer {
    let status = PQresultStatus(result)
    if let result, status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK { return result }
    defer { PQclear(result) }
    func field(_ code: UnicodeScalar) -> String? { PQresultErrorField(result, Int32(code.value)).map { String(cString: $0) } }
    let state = field("C")
    // The primary message names tables, columns and limits; what names values is its detail, which is left out.
    let text = [state, field("M") ?? errorText].compactMap { $0 }.joined(separator: " ")
    if PQstatus(handle) == CONNECTION_BAD { isLost = true }
    let code = Self.code(state)
    if code == "journal.unreachable" { isLost = true }
    throw CausewayError(isLost ? "journal.unreachable" : code, underlying: text)
  }

  /// The journal's code for an SQLSTATE.
  private static func code(_ state: String?) -> ErrorCode {
    switch state {
    case "53100": "journal.storage_full"
    // Serialization failure, deadlock, lock not available, query cancelled, out of memory.
    case "40001", "40P01", "55P03", "57014", "53200": "journal.busy"
    // A standby: writing goes on somewhere else.
    case "25006": "journal.unreachable"
    case "42501": "journal.read_only"
    case let state?:
      switch state.prefix(2) {
      case "08", "57": "journal.unreachable"
      case "22", "23", "54": "journal.constraint"
      default: "journal.storage"
      }
    case nil: "journal.storage"
    }
  }
}

/// The rows that a statement has given, and the current one.
final class PostgresRows: SQLStatement {
  private var result: OpaquePointer?
  private let connection: PostgresConnection
  private let count: Int32
  private var row: Int32 = -1

  init(_ result: OpaquePointer, of connection: PostgresConnection) {
    self.result = result
    self.connection = connection
    count = PQntuples(result)
  }

  deinit { reset() }

  func step() throws(CausewayError) -> Bool {
    row += 1
    return row < count
  }

  func reset() {
    PQclear(result)
    result = nil
  }

  func kind(_ column: Int32) -> SQLKind {
    guard PQgetisnull(result, row, column) == 0 else { return .null }
    // Ids of built-in types: bigint, integer; text, name, varchar; bytea.
    return switch PQftype(result, column) {
    case 20, 23: .integer
    case 25, 19, 1043: .text
    case 17: .blob
    default: .other
    }
  }

  func integer(_ column: Int32) -> Int64 {
    let bytes = bytes(column)
    // Big-endian, of 4 or 8 bytes.
    let first: Int64 = (bytes.first ?? 0) & 0x80 == 0 ? 0 : -1
    return bytes.reduce(first) { $0 << 8 | Int64($1) }
  }

  func bytes(_ column: Int32) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(start: PQgetvalue(result, row, column), count: Int(PQgetlength(result, row, column)))
  }

  func name(_ column: Int32) -> (table: String, column: String) {
    (connection.tableName(PQftable(result, column)), PQfname(result, column).map { String(cString: $0) } ?? "?")
  }
}

/// Values in the form in which libpq takes them.
private struct PostgresParameters {
  private var bytes: [UInt8] = []
  /// Where each begins; nil is NULL.
  private var starts: [Int?] = []
  private var lengths: [Int32] = []

  /// - Throws: `journal.constraint` for a text with a zero character, which PostgreSQL does not store.
  init(_ values: [SQLValue]) throws(CausewayError) {
    for value in values {
      let start = bytes.count
      switch value {
      case .null: break
      case .integer(let number):
        for shift in stride(from: 56, through: 0, by: -8) { bytes.append(UInt8(truncatingIfNeeded: number >> shift)) }
      case .text(let text):
        guard !text.utf8.contains(0) else { throw CausewayError("journal.constraint", underlying: "zero character in a text") }
        bytes += text.utf8
      case .blob(let blob): bytes += blob
      case .digest(let digest): digest.withUnsafeBytes { bytes.append(contentsOf: $0) }
      }
      if case .null = value { starts.append(nil) } else { starts.append(start) }
      lengths.append(Int32(bytes.count - start))
    }
    // So that there is an address also for an empty value.
    bytes.append(0)
  }

  func withPointers<Result>(
    _ body: (UnsafePointer<UnsafePointer<CChar>?>?, UnsafePointer<Int32>?, UnsafePointer<Int32>?) -> Result
  ) -> Result {
    let formats = [Int32](repeating: 1, count: starts.count)
    return bytes.withUnsafeBytes { buffer in
      let base = buffer.baseAddress.map { $0.assumingMemoryBound(to: CChar.self) }
      let pointers = starts.map { start in start.flatMap { offset in base.map { $0 + offset } } }
      return pointers.withUnsafeBufferPointer { pointers in
        lengths.withUnsafeBufferPointer { lengths in
          formats.withUnsafeBufferPointer { body(pointers.baseAddress, lengths.baseAddress, $0.baseAddress) }
        }
      }
    }
  }
}
