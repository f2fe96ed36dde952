import Glibc
package import Journal
import JournalSQL
package import Ledger
package import Primitives

/// A journal in a PostgreSQL database, which any number of gateway processes of one economy share.
///
/// Writers take turns, over all processes: each holds the ledger's head for the length of its transaction. A connection that is lost is opened
/// again, at the server that takes writes then; what was running is run again when it is certain that nothing of it was committed.
package final class PostgresStore: RepairableStore {
  private let uri: PostgresURI
  /// Under which this process signs its commits and notifications.
  private let name: String
  let writer: PostgresWorker?
  let readers: ReaderPool<PostgresWorker>
  private let claims: PostgresClaims

  /// Opens a journal for reading and writing and brings its schema up to date; creates it in an empty database.
  ///
  /// - Parameters:
  ///   - readerCount: connections for reading, 1…16.
  ///   - terms: other than ``Terms`` only in tests.
  /// - Throws: `journal.unreachable`, `journal.open_failed`, `journal.newer_schema`, `journal.unsafe_settings`; `journal.locked` while it is
  ///   being repaired, and when the schema is to be changed in a way that a gateway which is connected would not understand; `journal.busy`, `journal.storage`.
  package convenience init(
    _ uri: PostgresURI, readerCount: Int = 2, archives: ArchivedEntries? = nil, terms: Terms = Terms()
  ) async throws(CausewayError) {
    let name = (0..<4).map { _ in String(UInt32.random(in: 0...UInt32.max), radix: 16) }.joined()
    let writer = PostgresWorker(uri, as: name, isWriter: true, terms, archives)
    try await writer.migrate()
    self.init(uri, name: name, writer: writer, readerCount, terms, archives)
  }

  /// Opens an existing journal for reading only.
  ///
  /// - Throws: `journal.unreachable`, `journal.open_failed`, `journal.newer_schema`, `journal.unsafe_settings`, `journal.storage`.
  package convenience init(
    readingFrom uri: PostgresURI, readerCount: Int = 1, archives: ArchivedEntries? = nil
  ) async throws(CausewayError) {
    self.init(uri, name: "", writer: nil, readerCount, Terms(), archives)
    try await readers.readers[0].connect()
  }

  private init(
    _ uri: PostgresURI, name: String, writer: PostgresWorker?, _ readerCount: Int, _ terms: Terms, _ archives: ArchivedEntries?
  ) {
    self.uri = uri
    self.name = name
    self.writer = writer
    claims = PostgresClaims(uri, silenceSeconds: terms.silenceSeconds)
    readers = ReaderPool(count: readerCount) { _ in PostgresWorker(uri, as: name, isWriter: false, terms, archives) }
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

  /// Writes the table of wrapped data keys anew, without those that were erased. The server's write-ahead log, its archive and backups hold them
  /// for as long as they are kept.
  package func scrub() async throws(CausewayError) {
    guard let writer else { throw CausewayError("journal.read_only") }
    try await writer.scrub()
  }

  package var isShared: Bool { true }
  package func claim(_ names: [String], atMost limit: Int) async throws(CausewayError) -> [String] {
    try await claims.claim(names, atMost: limit)
  }
  package func release(_ names: [String]) async { await claims.release(names) }
  package func keepClaims() async { await claims.keep() }

  package func close() async {
    await claims.close()
    for reader in readers.readers { await reader.close() }
    await writer?.close()
  }

  /// Tells of commits of other processes.
  package func listener() -> PostgresListener { PostgresListener(uri, ignoring: name) }
}

extension PostgresStore {
  /// What a gateway takes as it is.
  package struct Terms: Sendable {
    /// How long it is tried to find out what became of a commit.
    package var longestDoubtSeconds = 60
    /// How long the answer to a statement is waited for before the connection is given up.
    package var patienceSeconds = PostgresConnection.patienceSeconds
    /// After which the claims of a process that says nothing are given up; at least three times the pause between two signs of life.
    package var silenceSeconds = 15
    /// The steps that the program knows.
    var migrations = PostgresMigration.all

    package init() {}
  }
}

/// One connection on its own queue, opened when it is needed.
actor PostgresWorker {
  private let executor: SerialQueueExecutor
  private let uri: PostgresURI
  private let name: String
  private let isWriter: Bool
  private let terms: PostgresStore.Terms
  private let archives: ArchivedEntries?
  private var connection: PostgresConnection?
  private var isClosed = false
  private var mark: Int64 = 0

  nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

  init(_ uri: PostgresURI, as name: String, isWriter: Bool, _ terms: PostgresStore.Terms, _ archives: ArchivedEntries?) {
    executor = SerialQueueExecutor(label: isWriter ? "journal.writer" : "journal.reader")
    self.uri = uri
    self.name = name
    self.isWriter = isWriter
    self.terms = terms
    self.archives = archives
  }

  func migrate() throws(CausewayError) {
    let connection = try PostgresConnection(uri)
    try PostgresMigration.migrate(connection, by: terms.migrations)
  }

  func connect() throws(CausewayError) { _ = try open() }

  func write<Result: Sendable>(
    _ body: @Sendable (any JournalTransaction) throws(CausewayError) -> Result
  ) throws(CausewayError) -> Result {
    try transaction { session throws(CausewayError) in try body(session) }
  }

  func repair<Result: Sendable>(
    _ body: @Sendable (any LedgerRepairTransaction) throws(CausewayError) -> Result
  ) throws(CausewayError) -> Result {
    let connection = try open()
    try connection.takeAlone()
    defer { connection.share() }
    // On this connection or not at all: on another one it would not be alone.
    return try attempt(on: connection) { session throws(CausewayError) in try body(session) }
  }

  func read<Result: Sendable>(
    _ body: @Sendable (any JournalReader) throws(CausewayError) -> Result
  ) throws(CausewayError) -> Result {
    do {
      return try open().snapshot { session throws(CausewayError) in try body(session) }
    } catch  where error.code == "journal.unreachable" {
      return try open().snapshot { session throws(CausewayError) in try body(session) }
    }
  }

  func lend<Result: Sendable>(
    _ body: @Sendable (any SQLConnection) throws(CausewayError) -> Result
  ) throws(CausewayError) -> Result {
    let connection = try open()
    return try connection.snapshot { _ throws(CausewayError) in try body(connection) }
  }

  func fill(_ body: @Sendable (any SQLConnection) throws(CausewayError) -> Void) throws(CausewayError) {
    let connection = try open()
    try connection.takeAlone()
    defer { connection.share() }
    try attempt(on: connection) { _ throws(CausewayError) in try connection.fill(body) }
  }

  func scrub() throws(CausewayError) { try open().scrub() }

  func close() {
    isClosed = true
    connection = nil
  }

  /// Runs the body in a transaction, durable when it returns; once more when the connection was lost and nothing was committed.
  private func transaction<Result>(_ body: (SQLSession) throws(CausewayError) -> Result) throws(CausewayError) -> Result {
    do {
      return try attempt(on: try open(), body)
    } catch  where error.code == "journal.unreachable" {
      return try attempt(on: try open(), body)
    }
  }

  private func attempt<Result>(
    on connection: PostgresConnection, _ body: (SQLSession) throws(CausewayError) -> Result
  ) throws(CausewayError) -> Result {
    mark += 1
    switch try connection.transaction(as: name, mark: mark, body) {
    case .committed(let result): return result
    case .unknown(let result):
      guard try isCommitted() else { throw CausewayError("journal.unreachable", underlying: "lost at the commit, which was not made") }
      return result
    }
  }

  /// Asks until a server answers: what the callers are told depends on it.
  ///
  /// - Throws: `journal.commit_unknown`. That ends nothing: a checkpoint that was signed in that transaction has left this process with nobody, and whoever
  ///   writes next begins with what the database holds then.
  private func isCommitted() throws(CausewayError) -> Bool {
    let deadline = ContinuousClock.now + .seconds(terms.longestDoubtSeconds)
    while true {
      do {
        return try open().isCommitted(mark, of: name)
      } catch  where ContinuousClock.now < deadline && error.mayPassSoon {
        // The queue is this worker's own.
        usleep(200_000)
      } catch {
        throw CausewayError("journal.commit_unknown", underlying: error.description)
      }
    }
  }

  private func open() throws(CausewayError) -> PostgresConnection {
    guard !isClosed else { throw CausewayError("journal.closed") }
    if let connection, !connection.isLost { return connection }
    connection = nil
    let new = try PostgresConnection(uri, patience: .seconds(terms.patienceSeconds))
    new.archives = archives
    // Before the look at the schema: from here on nobody changes it beyond what this program understands.
    if isWriter { try new.takeShare() }
    try PostgresMigration.check(new, by: terms.migrations)
    try new.readTableNames()
    connection = new
    return new
  }
}

extension CausewayError {
  /// Whether the next question may be answered: there is no server, it is busy, or it could not wait for its standby.
  fileprivate var mayPassSoon: Bool { ["journal.unreachable", "journal.busy", "journal.commit_unknown"].contains(code) }
}

extension PostgresConnection {
  /// Who writes holds a share of this; who repairs, or changes the schema beyond what others understand, holds it alone. Per database.
  static let writersLock: Int64 = 0x4357_4A31

  fileprivate func takeShare() throws(CausewayError) {
    let isTaken = try row("SELECT pg_try_advisory_lock_shared(?1)::integer", .integer(Self.writersLock)) { row throws(CausewayError) in
      try row.int(0) == 1
    }
    guard isTaken == true else { throw CausewayError("journal.locked") }
  }

  /// - Throws: `journal.locked` while another process has the journal open for writing.
  fileprivate func takeAlone() throws(CausewayError) {
    // Besides the share that is held: an own share does not stand in the way.
    let isTaken = try row("SELECT pg_try_advisory_lock(?1)::integer", .integer(Self.writersLock)) { row throws(CausewayError) in
      try row.int(0) == 1
    }
    guard isTaken == true else { throw CausewayError("journal.locked") }
  }

  /// - Throws: `journal.locked` while a gateway has the journal open for writing.
  func takeAloneForTransaction() throws(CausewayError) {
    let isTaken = try row("SELECT pg_try_advisory_xact_lock(?1)::integer", .integer(Self.writersLock)) { row throws(CausewayError) in
      try row.int(0) == 1
    }
    guard isTaken == true else { throw CausewayError("journal.locked") }
  }

  fileprivate func share() { try? run("SELECT pg_advisory_unlock(?1)", .integer(Self.writersLock)) }

  /// - Throws: `journal.busy` while a transaction is open that may see what was erased.
  fileprivate func scrub() throws(CausewayError) {
    // Rows that an older snapshot may see are copied with the rest: everything that ran when this began has to be over, in this database, on standbys
    // that tell what they read, and, as it counts for each new snapshot, in the other databases of the server.
    let end = try row("SELECT pg_snapshot_xmax(pg_current_snapshot())::text") { row throws(CausewayError) in try row.text(0) }
    var isOver = false
    for turn in 0..<10 where !isOver {
      if turn > 0 { usleep(20_000) }
      isOver =
        try count(
          """
          SELECT CAST(pg_snapshot_xmin(pg_current_snapshot()) < bound.value AS integer)
            + (SELECT count(*) FROM pg_stat_activity WHERE (datname = current_database() OR datname IS NULL) AND pid <> pg_backend_pid()
                AND backend_xmin IS NOT NULL AND age(backend_xmin) > age(CAST(bound.value AS xid)))
            + (SELECT count(*) FROM pg_replication_slots WHERE xmin IS NOT NULL AND age(xmin) > age(CAST(bound.value AS xid)))
          FROM (SELECT CAST(CAST(?1 AS text) AS xid8) AS value) AS bound
          """, .optional(end)) == 0
    }
    guard isOver else { throw CausewayError("journal.busy") }
    try execute(script: "SET lock_timeout = 500")
    defer { try? execute(script: "SET lock_timeout = \(Self.lockTimeoutMilliseconds)") }
    try execute(script: "VACUUM (FULL) data_key")
  }
}
