import Foundation
import Journal
import JournalPostgres
import Ledger
import Primitives
import Synchronization
import TestSupport
import Testing
import Trust

/// What is PostgreSQL's own: several processes on one database, connections that are lost, settings that are not safe.
///
/// A process is a store and a journal of its own here: nothing but the database is shared.
@Suite struct PostgresStoreTests {
  private let fixture: JournalFixture

  init() throws { fixture = try JournalFixture(.postgres) }

  /// Somebody else's hand in the database.
  @discardableResult private func tamper(_ sql: String) throws -> [String] {
    _ = try fixture.folder.postgres
    return try PostgresCluster.shared.execute(sql, in: fixture.folder.name)
  }

  /// What sets the ledger's head back to what it is now.
  private func headAssignments() throws -> String {
    try tamper(
      """
      SELECT format('size = %s, last_time = %s, last_hash = %L, frontier = %L', size, quote_nullable(last_time), last_hash, frontier)
      FROM ledger_head
      """)[0]
  }

  private func write(_ journal: Journal, _ number: Int) async throws -> Change.Committed? {
    try await journal.commit(
      Change(
        preconditions: [.businessKeyFree(.inbound, "k\(number)")],
        operations: [.putMessage(Sample.message(number, key: "k\(number)"), expecting: .absent), .putPayload(Sample.payload(number))],
        entries: [Sample.draft(number)])
    ).committed
  }

  /// Keeps a transaction alive without keeping a processor.
  private func pause(_ body: () throws(CausewayError) -> Void) throws(CausewayError) {
    try body()
    usleep(5_000)
  }

  /// Whether the store could not be cleared yet.
  private func isBusy(_ store: PostgresStore) async throws -> Bool {
    do throws(CausewayError) {
      try await store.scrub()
      return false
    } catch {
      guard error.code == "journal.busy" else { throw error }
      return true
    }
  }

  // MARK: Several processes

  @Test func processesShareOneLedger() async throws {
    let journals = [try await fixture.open(), try await fixture.open(), try await fixture.open()]
    let indices = try await withThrowingTaskGroup(of: [Int].self) { group in
      for (process, journal) in journals.enumerated() {
        for writer in 0..<4 {
          group.addTask {
            var indices: [Int] = []
            for step in 0..<8 {
              let number = process * 1000 + writer * 100 + step
              indices += try await write(journal, number)?.entries.map(\.index) ?? []
            }
            return indices
          }
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(indices.sorted() == Array(0..<96))
    for journal in journals {
      #expect(await journal.fault == nil)
      #expect(try await journal.currentCheckpoint()?.size == 96)
      #expect(try await journal.audit().isSound)
      await journal.close()
    }
  }

  /// D11 over several processes: one of them wins, and all others meet the row that is there.
  @Test func duplicatesInAllProcessesHaveOneEffect() async throws {
    let journals = [try await fixture.open(), try await fixture.open()]
    let outcomes = try await withThrowingTaskGroup(of: Change.Outcome.self) { group in
      for round in 0..<40 {
        group.addTask {
          try await journals[round % 2].commit(
            Change(
              preconditions: [.messageAbsent(Sample.id(1)), .businessKeyFree(.inbound, "k1")],
              operations: [.putMessage(Sample.message(1, key: "k1"), expecting: .absent)], entries: [Sample.draft(1)],
              finish: { recorded, _ in
                let receipt = Array("receipt at \(recorded.entries[0].index), round \(round)".utf8)
                return .init(operations: [.recordReceipt(Sample.id(1), receipt, state: "receipted", at: Sample.now)], result: receipt)
              }))
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    let receipts = outcomes.compactMap { outcome in
      switch outcome {
      case .committed(let committed): committed.result
      case .conflict(.message(let message)): message?.receipt
      case .conflict: nil
      }
    }
    #expect(receipts.count == 40 && Set(receipts).count == 1)
    #expect(outcomes.count { $0.committed != nil } == 1)
    for journal in journals {
      #expect(try await journal.currentCheckpoint()?.size == 1)
      await journal.close()
    }
  }

  @Test(arguments: [StoreKind.all[2], StoreKind.all[3]]) func processesThatStartAtOnceMakeOneJournal(_ kind: StoreKind) async throws {
    let fixture = try JournalFixture(kind)
    _ = try fixture.folder.postgres
    let journals = try await withThrowingTaskGroup(of: Journal.self) { group in
      for _ in 0..<4 { group.addTask { try await fixture.open() } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    for (number, journal) in journals.enumerated() { #expect(try await write(journal, number) != nil) }
    // Sealed by one of them, opened by each.
    for journal in journals {
      for number in journals.indices {
        let payload = try await journal.read { reader throws(CausewayError) in
          try reader.payload(owner: Sample.id(number).text, kind: "raw")
        }
        #expect(payload?.bytes == Sample.payload(number).bytes)
      }
      #expect(try await journal.currentCheckpoint()?.size == 4)
    }
    for journal in journals { await journal.close() }
  }

  @Test func whatAnotherProcessSignedIsVerified() async throws {
    let (first, second) = (try await fixture.open(), try await fixture.open())
    _ = try await write(first, 1)
    _ = try await write(second, 2)
    #expect(await first.latestCheckpoint?.size == 1)
    try tamper("UPDATE ledger_checkpoint SET note = note || '\\x41'::bytea WHERE size = 2")
    await #expect(throws: CausewayError("journal.ledger_unsound")) { try await write(first, 3) }
    await #expect(throws: CausewayError("journal.faulted")) { try await write(first, 4) }
    for journal in [first, second] { await journal.close() }
  }

  /// A database without the last of what was committed, as a failover to a standby that lags behind leaves it.
  @Test func aDatabaseThatWasSetBackStopsTheJournal() async throws {
    let (first, second) = (try await fixture.open(), try await fixture.open())
    for number in 0..<3 { _ = try await write(first, number) }
    let head = try headAssignments()
    for number in 3..<6 { _ = try await write(first, number) }
    try tamper(
      """
      DELETE FROM ledger_entry WHERE idx >= 3; DELETE FROM ledger_checkpoint WHERE size > 3; DELETE FROM ledger_node WHERE position >= 1;
      DELETE FROM message WHERE sequence >= 3; UPDATE ledger_head SET \(head);
      """)
    // Whoever knows nothing of the rest cannot tell; who has signed it does not sign another history.
    #expect(try await write(second, 7)?.checkpoint.size == 4)
    await #expect(throws: CausewayError("journal.ledger_unsound")) { try await write(first, 8) }
    #expect(await first.fault != nil)
    // And when the other history has become longer.
    let third = try await fixture.open()
    _ = try await write(third, 9)
    for journal in [first, second, third] { await journal.close() }
  }

  @Test func anotherHistoryThatIsLongerStopsTheJournal() async throws {
    let (first, second) = (try await fixture.open(), try await fixture.open())
    let head = try headAssignments()
    for number in 0..<3 { _ = try await write(first, number) }
    try tamper(
      """
      DELETE FROM ledger_entry; DELETE FROM ledger_checkpoint WHERE size > 0; DELETE FROM ledger_node; DELETE FROM message;
      DELETE FROM payload; UPDATE ledger_head SET \(head);
      """)
    for number in 10..<15 { #expect(try await write(second, number) != nil) }
    await #expect(throws: CausewayError("journal.ledger_unsound")) { try await first.currentCheckpoint() }
    await #expect(throws: CausewayError("journal.faulted")) { try await write(first, 8) }
    // The benign twin: the same history, longer.
    let third = try await fixture.open()
    for number in 20..<22 { #expect(try await write(second, number) != nil) }
    #expect(try await write(third, 30)?.checkpoint.size == 8)
    for journal in [first, second, third] { await journal.close() }
  }

  @Test func otherProcessesAreToldOfEachCommit() async throws {
    let stores = [try await PostgresStore(try fixture.folder.postgres), try await PostgresStore(try fixture.folder.postgres)]
    let listener = stores[1].listener()
    #expect(try await listener.wait(atMost: 1), "the connection is new: something may have been missed")
    _ = try await stores[1].write { transaction throws(CausewayError) in try transaction.setValue("a", [1]) }
    #expect(try await !listener.wait(atMost: 50), "its own process knows already")
    _ = try await stores[0].write { transaction throws(CausewayError) in try transaction.setValue("a", [2]) }
    #expect(try await listener.wait(atMost: 30_000))
    await #expect(throws: CausewayError("test.failed")) {
      try await stores[0].write { transaction throws(CausewayError) in
        try transaction.setValue("a", [3])
        throw CausewayError("test.failed")
      }
    }
    #expect(try await !listener.wait(atMost: 50), "nothing was committed")
    await listener.close()
    for store in stores { await store.close() }
  }

  // MARK: Lost connections

  private func endAllSessions() throws {
    try PostgresCluster.shared.execute(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '\(fixture.folder.name)' AND pid <> pg_backend_pid()",
      in: "postgres")
  }

  @Test func aLostConnectionIsOpenedAgain() async throws {
    let journal = try await fixture.open()
    for number in 0..<5 {
      #expect(try await write(journal, number) != nil)
      try endAllSessions()
      #expect(try await journal.read { reader throws(CausewayError) in try reader.ledgerHead().size } == number + 1)
      try endAllSessions()
    }
    #expect(try await journal.audit().isSound)
    await journal.close()
  }

  /// Ended on the server's side in the middle of a commit, before it took effect: the same once more.
  @Test func aTransactionThatWasNotCommittedIsRunAgain() async throws {
    let journal = try await fixture.open()
    _ = try await write(journal, 0)
    try tamper(
      """
      CREATE SEQUENCE once;
      CREATE FUNCTION strike() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF nextval('once') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF; RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER strike AFTER INSERT ON message DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION strike();
      """)
    #expect(try await write(journal, 1)?.entries.map(\.index) == [1])
    #expect(try await write(journal, 2)?.entries.map(\.index) == [2])
    #expect(try tamper("SELECT nextval('once')") == ["4"], "struck once, run again once, and one more message")
    #expect(try await journal.audit().isSound)
    await journal.close()
  }

  /// The commit took effect, and the answer to it was lost: nothing is written twice, and the caller is told what was written.
  @Test func aCommitWhoseAnswerIsLostIsFoundOut() async throws {
    let cut = try CuttingProxy(to: PostgresCluster.shared.socketPath)
    defer { cut.stop() }
    let uri = try cut.uri(of: try fixture.folder.postgres)
    let journal = try await Journal.open(try await PostgresStore(uri), signer: fixture.signer, clock: fixture.clock)
    _ = try await write(journal, 0)
    for number in 1...3 {
      cut.cutAfterNextCommit()
      #expect(try await write(journal, number)?.entries.map(\.index) == [number])
      #expect(cut.cuts == number)
    }
    #expect(await journal.fault == nil)
    #expect(try await journal.audit().isSound)
    #expect(try tamper("SELECT count(*) FROM message") == ["4"])
    await journal.close()
  }

  // MARK: What is not safe

  @Test func settingsThatWeakenDurabilityAreRefused() async throws {
    await (try await fixture.open()).close()
    for value in ["off", "local", "remote_write"] {
      try tamper("ALTER DATABASE \"\(fixture.folder.name)\" SET synchronous_commit = \(value)")
      let error = await #expect(throws: CausewayError.self) { try await PostgresStore(try fixture.folder.postgres) }
      #expect(error?.code == "journal.unsafe_settings" && error?.problems[0].facts == ["setting": "synchronous_commit=on"])
    }
    try tamper("ALTER DATABASE \"\(fixture.folder.name)\" SET synchronous_commit = remote_apply")
    await (try await fixture.open()).close()
  }

  @Test func databasesOfOthersAndOfNewerProgramsAreRefused() async throws {
    await #expect(throws: CausewayError("journal.open_failed")) { try await PostgresStore(readingFrom: try fixture.folder.postgres) }
    try tamper("CREATE TABLE invoices (id bigint)")
    await #expect(throws: CausewayError("journal.open_failed")) { try await PostgresStore(try fixture.folder.postgres) }
    try tamper("DROP TABLE invoices")
    let journal = try await fixture.open()
    _ = try await write(journal, 1)
    // Upgraded beside this process by a program that lets the old ones go on, and by one that does not.
    try tamper("UPDATE journal_schema SET version = 99")
    let beside = try await fixture.open()
    #expect(try await write(beside, 2) != nil)
    await beside.close()
    try tamper("UPDATE journal_schema SET oldest_program = 99")
    await #expect(throws: CausewayError("journal.newer_schema")) { try await PostgresStore(try fixture.folder.postgres) }
    await journal.close()
  }

  @Test(arguments: [
    ("postgresql://gw:secret@db/gw", "password"), ("postgresql://db/gw?password=secret", "password"), ("host=db password=x", "form"),
    ("postgresql://db/gw?no_such_option=1", "form"), ("mysql://db/gw", "form"), ("", "form"),
  ]) func urisThatAreRefused(_ text: String, _ reason: String) throws {
    let error = #expect(throws: CausewayError.self) { try PostgresURI(text) }
    #expect(error?.code == "journal.uri_invalid" && error?.problems[0].facts == ["reason": reason])
    #expect(error?.description.contains("secret") == false)
  }

  @Test func urisThatAreTaken() throws {
    for text in [
      "postgresql://gw@db1:5432,db2:5432/gw?target_session_attrs=read-write&sslmode=verify-full&passfile=/etc/causeway/pgpass",
      "postgres:///gw?host=/run/postgresql",
    ] {
      #expect(try PostgresURI(text).text == text)
    }
  }

  @Test func noServerIsAnErrorOfItsOwn() async throws {
    await #expect(throws: CausewayError("journal.unreachable")) {
      try await PostgresStore(try PostgresURI("postgresql:///gw?host=/no/such/folder"))
    }
  }

  /// A writer of another process that does not end is waited for, but not for ever, and harms nothing.
  @Test func aWriterThatHoldsTheHeadForTooLongIsBusy() async throws {
    let journal = try await fixture.open()
    let other = try await PostgresStore(try fixture.folder.postgres)
    let (holding, release) = (AsyncStream<Void>.makeStream(), Flag())
    async let held: Void = other.write { transaction throws(CausewayError) in
      holding.continuation.yield()
      while !release.isSet.withLock({ $0 }) { try pause { () throws(CausewayError) in _ = try transaction.value("a") } }
    }
    for await _ in holding.stream { break }
    await #expect(throws: CausewayError("journal.busy")) { try await write(journal, 1) }
    release.isSet.withLock { $0 = true }
    try await held
    #expect(try await write(journal, 1) != nil)
    await journal.close()
    await other.close()
  }

  /// Text with a zero character, which SQLite stores and PostgreSQL does not.
  @Test func aZeroCharacterIsAnErrorAndNotCut() async throws {
    let journal = try await fixture.open()
    var message = Sample.message(1)
    message.partner = "sg\u{0}x"
    await #expect(throws: CausewayError("journal.constraint")) {
      try await journal.commit(Change(operations: [.putMessage(message, expecting: .absent)]))
    }
    message.partner = "sg\u{1}x"
    #expect(try await journal.commit(Change(operations: [.putMessage(message, expecting: .absent)])).committed != nil)
    #expect(try await journal.read { reader throws(CausewayError) in try reader.message(Sample.id(1))?.partner } == "sg\u{1}x")
    await journal.close()
  }

  @Test func damagedRowsAreErrors() async throws {
    let journal = try await fixture.open()
    _ = try await write(journal, 1)
    try tamper("ALTER TABLE message DROP CONSTRAINT message_direction_check; UPDATE message SET direction = 7")
    let error = await #expect(throws: CausewayError.self) {
      try await journal.read { reader throws(CausewayError) in try reader.message(Sample.id(1)) }
    }
    #expect(error?.code == "journal.row_invalid" && error?.problems[0].facts == ["table": "message", "column": "direction"])
    await journal.close()
  }

  // MARK: Repair and erasure

  @Test func aRepairWantsToBeAlone() async throws {
    let (store, other) = (try await PostgresStore(try fixture.folder.postgres), try await PostgresStore(try fixture.folder.postgres))
    _ = try await other.write { transaction throws(CausewayError) in try transaction.setValue("a", [1]) }
    await #expect(throws: CausewayError("journal.locked")) {
      try await store.repair { transaction throws(CausewayError) in try transaction.removeEntries(beyond: 0) }
    }
    await other.close()
    // The server lets go of what the other one held a moment after it has gone.
    let deadline = ContinuousClock.now + .seconds(60)
    var count: Int?
    while count == nil, ContinuousClock.now < deadline {
      count = try? await store.repair { transaction throws(CausewayError) in
        try transaction.rehearse { () throws(CausewayError) in try transaction.ledgerNodeCount() }
      }
      if count == nil { try await Task.sleep(for: .milliseconds(20)) }
    }
    #expect(count == 0)
    _ = try await store.write { transaction throws(CausewayError) in try transaction.setValue("a", [2]) }
    await store.close()
  }

  /// An erased key is in no file of its table any more; while an older snapshot is open, it may be, and the caller is told.
  @Test func erasedKeysLeaveTheTable() async throws {
    let store = try await PostgresStore(try fixture.folder.postgres)
    let secret = Array("WRAPPEDSECRET".utf8)
    _ = try await store.write { transaction throws(CausewayError) in
      try transaction.insert(DataKeyRecord(clearance: "c", wrapped: secret, created: Sample.now))
    }
    func isThere() throws -> Bool {
      try tamper("CHECKPOINT")
      let path = try tamper("SELECT pg_relation_filepath('data_key')")[0]
      return try tamper("SELECT position('\\x\(Hex.encode(secret))'::bytea IN pg_read_binary_file('\(path)'))::text")[0] != "0"
    }
    #expect(try isThere())
    let other = try await PostgresStore(try fixture.folder.postgres)
    let (holding, release) = (AsyncStream<Void>.makeStream(), Flag())
    async let held: Void = other.read { reader throws(CausewayError) in
      _ = try reader.dataKey("c")
      holding.continuation.yield()
      while !release.isSet.withLock({ $0 }) { try pause { () throws(CausewayError) in _ = try reader.value("a") } }
    }
    for await _ in holding.stream { break }
    _ = try await store.write { transaction throws(CausewayError) in
      guard var key = try transaction.dataKey("c") else { throw CausewayError("journal.not_found") }
      key.wrapped = nil
      key.erasure = Erasure(time: Sample.now, ground: "court_order", rule: nil)
      try transaction.update(key)
    }
    await #expect(throws: CausewayError("journal.busy")) { try await store.scrub() }
    release.isSet.withLock { $0 = true }
    try await held
    // Transactions in the databases of other tests count, too.
    for _ in 0..<600 { if try await !isBusy(store) { break } }
    #expect(try !isThere())
    #expect(try await store.read { reader throws(CausewayError) in try reader.dataKey("c")?.erasure != nil })
    await store.close()
    await other.close()
  }
}

private final class Flag: Sendable {
  let isSet = Mutex(false)
}
