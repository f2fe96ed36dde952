package import Journal
import JournalSQL
package import Ledger
package import Primitives

/// A journal in one SQLite file: write-ahead log, `synchronous=FULL`, one writer, several readers.
///
/// Only one process has a journal open for writing: a lock on `<path>.lock` sees to it. Reading goes on beside it, from other
/// processes too.
package final class SQLiteStore: RepairableStore {
  private let writer: SQLiteWorker?
  private let readers: ReaderPool<SQLiteWorker>
  private let lock: FileLock?

  /// Opens a journal for reading and writing and brings its schema up to date; creates it when there is no file.
  ///
  /// - Parameters:
  ///   - path: the database file; its directory must exist.
  ///   - readerCount: connections for reading, 1…16.
  ///   - largestPageCount: bound of the file in pages of 4096 bytes; what would make it larger is refused with
  ///     `journal.storage_full`. nil is SQLite's own bound.
  ///   - archives: where entries are read that were taken out of the journal.
  /// - Throws: `journal.locked`, `journal.open_failed`, `journal.newer_schema`, `journal.unsafe_settings`, `journal.storage`.
  package convenience init(
    path: String, readerCount: Int = 2, largestPageCount: Int? = nil, archives: ArchivedEntries? = nil
  ) throws(CausewayError) {
    let lock = try FileLock(path: path + ".lock")
    try FileLock.createFile(path)
    let connection = try SQLiteConnection(path: path, mode: .readWrite)
    try Self.configureWriter(connection)
    if let largestPageCount { try connection.execute(script: "PRAGMA max_page_count = \(largestPageCount)") }
    try self.init(
      path: path, writer: SQLiteWorker(connection, label: "journal.writer", archives), mode: .readOnly, readerCount, lock, archives)
  }

  /// Opens an existing journal for reading only, whether or not a gateway is using it.
  ///
  /// - Throws: `journal.open_failed`, `journal.newer_schema`, `journal.storage`.
  package convenience init(readingFrom path: String, readerCount: Int = 1, archives: ArchivedEntries? = nil) throws(CausewayError) {
    let mode = try Self.readingMode(path)
    try self.init(path: path, writer: nil, mode: mode, readerCount, nil, archives)
  }

  private init(
    path: String, writer: SQLiteWorker?, mode: SQLiteConnection.Mode, _ readerCount: Int, _ lock: FileLock?,
    _ archives: ArchivedEntries?
  ) throws(CausewayError) {
    readers = try ReaderPool(count: readerCount) { number throws(CausewayError) in
      let connection = try SQLiteConnection(path: path, mode: mode)
      try connection.execute(script: "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF;")
      return SQLiteWorker(connection, label: "journal.reader.\(number)", archives)
    }
    self.writer = writer
    self.lock = lock
  }

  package func write<Result: Sendable>(
    _ body: @Sendable (any JournalTransaction) throws(CausewayError) -> Result
  ) async throws(CausewayError) -> Result {
    guard let writer else { throw CausewayError("journal.read_only") }
    return try await writer.write(body)
  }

  package func repair<Result: Sendable>(
    _ body: @Sendable (any LedgerRepairTransaction) throws(CausewayError) -> Result
  ) async throws(CausewayError) -> Result {
    guard let writer else { throw CausewayError("journal.read_only") }
    return try await writer.repair(body)
  }

  package func read<Result: Sendable>(
    _ body: @Sendable (any JournalReader) throws(CausewayError) -> Result
  ) async throws(CausewayError) -> Result {
    try await readers.lend { reader throws(CausewayError) in try await reader.read(body) }
  }

  package func scrub() async throws(CausewayError) {
    guard let writer else { throw CausewayError("journal.read_only") }
    try await writer.scrub()
  }

  package func close() async {
    for reader in readers.readers { await reader.close() }
    // Last: the last connection to go folds the write-ahead log into the database.
    await writer?.close()
    lock?.release()
  }

  private static func configureWriter(_ connection: SQLiteConnection) throws(CausewayError) {
    _ = try Migration.check(connection)
    try connection.execute(
      script: """
        PRAGMA journal_mode = WAL;
        PRAGMA synchronous = FULL;
        PRAGMA fullfsync = ON;
        PRAGMA checkpoint_fullfsync = ON;
        PRAGMA foreign_keys = ON;
        PRAGMA trusted_schema = OFF;
        PRAGMA secure_delete = ON;
        PRAGMA temp_store = MEMORY;
        PRAGMA cache_size = -16384;
        PRAGMA wal_autocheckpoint = 4000;
        """)
    try Migration.migrate(connection)
    // Read back: a pragma that is not understood is silently ignored, and then nothing would be durable.
    let journalMode = try connection.row("PRAGMA journal_mode") { row throws(CausewayError) in try row.text(0) }
    guard journalMode == "wal" else { throw CausewayError("journal.unsafe_settings", facts: ["setting": "journal_mode=WAL"]) }
    let synchronous = try connection.row("PRAGMA synchronous") { row throws(CausewayError) in try row.int(0) }
    guard synchronous == 2 else { throw CausewayError("journal.unsafe_settings", facts: ["setting": "synchronous=FULL"]) }
    let foreignKeys = try connection.row("PRAGMA foreign_keys") { row throws(CausewayError) in try row.int(0) }
    guard foreignKeys == 1 else { throw CausewayError("journal.unsafe_settings", facts: ["setting": "foreign_keys=ON"]) }
  }

  /// Reading a write-ahead log needs its index file, which a reader can make only where it may write.
  static func readingMode(_ path: String) throws(CausewayError) -> SQLiteConnection.Mode {
    do {
      return try probe(path, .readOnly)
    } catch  where error.code == "journal.open_failed" || error.code == "journal.read_only" {
      // Only when nothing is left in the log: what is there would not be seen.
      guard FileLock.isAbsentOrEmpty(path + "-wal") else { throw error }
      return try probe(path, .immutable)
    }
  }

  private static func probe(_ path: String, _ mode: SQLiteConnection.Mode) throws(CausewayError) -> SQLiteConnection.Mode {
    let connection = try SQLiteConnection(path: path, mode: mode)
    guard try Migration.check(connection) > 0 else {
      throw CausewayError("journal.open_failed", underlying: "the file is no journal")
    }
    return mode
  }
}

/// One connection on its own queue.
private actor SQLiteWorker {
  private let executor: SerialQueueExecutor
  private var connection: SQLiteConnection?

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  init(_ connection: sending SQLiteConnection, label: String, _ archives: ArchivedEntries?) {
    executor = SerialQueueExecutor(label: label)
    connection.archives = archives
    self.connection = connection
  }

  func write<Result: Sendable>(
    _ body: @Sendable (any JournalTransaction) throws(CausewayError) -> Result
  ) throws(CausewayError) -> Result {
    try open().transaction { session throws(CausewayError) in try body(session) }
  }

  func repair<Result: Sendable>(
    _ body: @Sendable (any LedgerRepairTransaction) throws(CausewayError) -> Result
  ) throws(CausewayError) -> Result {
    try open().transaction { session throws(CausewayError) in try body(session) }
  }

  func read<Result: Sendable>(
    _ body: @Sendable (any JournalReader) throws(CausewayError) -> Result
  ) throws(CausewayError) -> Result {
    try open().snapshot { session throws(CausewayError) in try body(session) }
  }

  func scrub() throws(CausewayError) { try open().scrub() }

  func close() { connection = nil }

  private func open() throws(CausewayError) -> SQLiteConnection {
    guard let connection else { throw CausewayError("journal.closed") }
    return connection
  }
}
