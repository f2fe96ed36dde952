import Foundation
import Journal
import JournalSQL
import Ledger
import Primitives
import Testing
import Trust

@testable import JournalSQLite

/// What holds for the SQLite store beyond the behaviour that all stores share.
@Suite struct SQLiteStoreTests {
  private func filled(_ count: Int = 12) async throws -> JournalFixture {
    let fixture = try JournalFixture()
    let journal = try await fixture.open()
    for number in 0..<count { _ = try await journal.commit(Change(entries: [Sample.draft(number)])) }
    await journal.close()
    return fixture
  }

  private func audit(_ fixture: JournalFixture) async throws -> AuditReport {
    let store = try SQLiteStore(readingFrom: fixture.path)
    let key = fixture.signer.verifierKey
    let report = try await store.read { reader throws(CausewayError) in try reader.auditLedger(origin: key.name, keys: [key]) }
    await store.close()
    return report
  }

  // MARK: Opening

  @Test func onlyOneProcessWrites() async throws {
    let fixture = try JournalFixture()
    let journal = try await fixture.open()
    #expect(throws: CausewayError("journal.locked")) { try SQLiteStore(path: fixture.path) }
    await journal.close()
    let again = try await fixture.open()
    #expect(await again.fault == nil)
    await again.close()
  }

  @Test func readingGoesOnBesideTheWriterAndAfterIt() async throws {
    let fixture = try JournalFixture()
    let journal = try await fixture.open()
    _ = try await journal.commit(Change(entries: [Sample.draft(0)]))
    let beside = try SQLiteStore(readingFrom: fixture.path)
    let size: @Sendable (any JournalReader) throws(CausewayError) -> Int = { reader throws(CausewayError) in try reader.ledgerHead().size }
    #expect(try await beside.read(size) == 1)
    _ = try await journal.commit(Change(entries: [Sample.draft(1)]))
    #expect(try await beside.read(size) == 2)
    await #expect(throws: CausewayError("journal.read_only")) { try await beside.write { _ in } }
    await beside.close()
    await journal.close()
    let after = try SQLiteStore(readingFrom: fixture.path)
    #expect(try await after.read(size) == 2)
    await after.close()
    #expect(try await audit(fixture).isSound)
  }

  /// attacks L-20: what was erased is not left in the file, and proofs stay valid. Nobody else on the machine reads the file.
  @Test func erasedPayloadsLeaveNothingBehind() async throws {
    let fixture = try JournalFixture()
    let journal = try await fixture.open()
    let marker = "marker-of-something-private"
    let payloads = (0..<4).map { Sample.payload($0, text: String(repeating: marker, count: $0 * 400 + 1)) }
    _ = try await journal.commit(Change(operations: payloads.map { .putPayload($0) }, entries: [Sample.draft(1)]))
    await journal.close()
    func occurrences() throws -> Int {
      try Data(contentsOf: URL(fileURLWithPath: fixture.path)).ranges(of: Data(marker.utf8)).count
    }
    #expect(try occurrences() > 4)
    let again = try await fixture.open()
    _ = try await again.commit(Change(operations: payloads.map { .erasePayload(owner: $0.owner, kind: $0.kind) }))
    #expect(try await again.audit().isSound)
    await again.close()
    #expect(try occurrences() == 0)
    let attributes = try FileManager.default.attributesOfItem(atPath: fixture.path)
    #expect((attributes[.posixPermissions] as? NSNumber)?.intValue == 0o600)
  }

  @Test func otherFilesAreRefused() async throws {
    let folder = try TemporaryFolder()
    #expect(throws: CausewayError("journal.open_failed")) { try SQLiteStore(readingFrom: folder.file("absent.sqlite")) }
    try Data("this is no database, and long enough to be taken for one by its size alone".utf8)
      .write(to: URL(fileURLWithPath: folder.file("text.sqlite")))
    #expect(throws: CausewayError("journal.open_failed")) { try SQLiteStore(path: folder.file("text.sqlite")) }
    try Data().write(to: URL(fileURLWithPath: folder.file("other.sqlite")))
    try tamper(folder.file("other.sqlite"), "CREATE TABLE customers (name TEXT)")
    #expect(throws: CausewayError("journal.open_failed")) { try SQLiteStore(path: folder.file("other.sqlite")) }
    #expect(throws: CausewayError("journal.open_failed")) { try SQLiteStore(path: folder.file("no/such/folder.sqlite")) }
  }

  @Test func newerSchemasAreRefused() async throws {
    let fixture = try await filled(1)
    try tamper(fixture.path, "PRAGMA user_version = 99")
    #expect(throws: CausewayError("journal.newer_schema")) { try SQLiteStore(path: fixture.path) }
    #expect(throws: CausewayError("journal.newer_schema")) { try SQLiteStore(readingFrom: fixture.path) }
  }

  // MARK: Damage

  /// attacks L-01 on the file itself.
  @Test(arguments: [
    (
      "UPDATE ledger_entry SET bytes = CAST(replace(CAST(bytes AS TEXT), '\"sg\"', '\"sh\"') AS BLOB) WHERE idx = 5",
      AuditFinding.Damage.data, 5
    ),
    ("UPDATE ledger_entry SET bytes = CAST(replace(CAST(bytes AS TEXT), '\"v\":1', '\"v\":2') AS BLOB) WHERE idx = 11", .data, 11),
    ("UPDATE ledger_entry SET bytes = x'00' WHERE idx = 0", .data, 0),
    ("DELETE FROM ledger_entry WHERE idx = 4", .index, 4),
    ("DELETE FROM ledger_entry WHERE idx = 11", .index, 11),
    (
      "UPDATE ledger_entry SET idx = 100 WHERE idx = 3; UPDATE ledger_entry SET idx = 3 WHERE idx = 4; UPDATE ledger_entry SET idx = 4 WHERE idx = 100",
      .index, 3
    ),
    ("INSERT INTO ledger_entry (idx, leaf, bytes) SELECT 12, leaf, bytes FROM ledger_entry WHERE idx = 11", .index, 12),
    ("UPDATE ledger_entry SET leaf = zeroblob(32) WHERE idx = 7", .tree, 7),
    ("UPDATE ledger_node SET hash = zeroblob(32) WHERE position = \(TreeNode(level: 2, index: 1).position)", .tree, 4),
    ("DELETE FROM ledger_node WHERE position = \(TreeNode(level: 1, index: 5).position)", .tree, 10),
    ("UPDATE ledger_checkpoint SET root = zeroblob(32) WHERE size = 6", .checkpoint, 6),
    ("UPDATE ledger_checkpoint SET note = CAST('forged' AS BLOB) WHERE size = 12", .checkpoint, 12),
    ("UPDATE ledger_head SET last_time = last_time + 1", .tree, 12),
    ("DELETE FROM ledger_checkpoint WHERE size = 12", .checkpoint, 11),
  ])
  func damagedRowsAreNamed(_ sql: String, _ damage: AuditFinding.Damage, _ index: Int) async throws {
    let fixture = try await filled()
    #expect(try await audit(fixture).isSound)
    try tamper(fixture.path, sql)
    let report = try await audit(fixture)
    #expect(!report.isSound)
    #expect(report.findings.contains { $0.damage == damage && $0.index == index }, "\(report.findings)")
  }

  /// Subtrees of an older journal are kept by level and index.
  @Test func subtreesOfAnOlderJournalAreTakenOver() async throws {
    let fixture = try await filled()
    let (size, positions) = (12, (1..<4).flatMap { level in (0..<12 >> level).map { TreeNode(level: level, index: $0) } })
    try tamper(
      fixture.path,
      """
      ALTER TABLE ledger_node RENAME TO newer_node;
      CREATE TABLE ledger_node (level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (level, idx)) STRICT, WITHOUT ROWID;
      \(positions.map {
        "INSERT INTO ledger_node SELECT \($0.level), \($0.index), hash FROM newer_node WHERE position = \($0.position);"
      }.joined())
      DROP TABLE newer_node;
      """)
    #expect(positions.count == LedgerHead.nodeCount(size: size))
    let migration = try #require(Migration.all.first { $0.name == "0005_order_ledger_nodes" })
    try SQLiteConnection(path: fixture.path, mode: .readWrite).execute(script: migration.sql)
    let journal = try await fixture.open()
    #expect(await journal.fault == nil)
    await journal.close()
    #expect(try await audit(fixture).isSound)
  }

  @Test(arguments: [
    "UPDATE ledger_entry SET bytes = x'00' WHERE idx = 11", "DELETE FROM ledger_entry WHERE idx = 11",
    "UPDATE ledger_entry SET leaf = zeroblob(32) WHERE idx = 9", "UPDATE ledger_head SET frontier = zeroblob(64)",
    "UPDATE ledger_head SET size = 11, frontier = zeroblob(96)", "DELETE FROM ledger_node", "DELETE FROM ledger_checkpoint WHERE size = 12",
    "UPDATE ledger_checkpoint SET note = zeroblob(10) WHERE size = 12", "UPDATE ledger_head SET last_hash = zeroblob(32)",
    "UPDATE ledger_checkpoint SET root = zeroblob(32) WHERE size = 12", "DELETE FROM ledger_head",
  ])
  func anUnsoundLedgerIsReadButNotWritten(_ sql: String) async throws {
    let fixture = try await filled()
    try tamper(fixture.path, sql)
    let journal = try await fixture.open()
    #expect(await journal.fault != nil)
    await #expect(throws: CausewayError("journal.faulted")) { try await journal.commit(Change(entries: [Sample.draft(99)])) }
    #expect(try await journal.read { reader throws(CausewayError) in try reader.entries(from: 0, limit: 3).count } == 3)
    await journal.close()
  }

  /// attacks L-09: a bit flips between hashing and storing. No checkpoint is signed over it.
  @Test(arguments: [
    "CREATE TRIGGER flip AFTER INSERT ON ledger_entry BEGIN UPDATE ledger_entry SET bytes = CAST(replace(CAST(bytes AS TEXT), 'sg', 'sh') AS BLOB) WHERE idx = new.idx; END",
    "CREATE TRIGGER flip AFTER INSERT ON ledger_entry BEGIN UPDATE ledger_entry SET leaf = zeroblob(32) WHERE idx = new.idx; END",
    "CREATE TRIGGER lose AFTER INSERT ON ledger_entry BEGIN DELETE FROM ledger_entry WHERE idx = new.idx; END",
    "CREATE TRIGGER flip AFTER UPDATE ON ledger_head BEGIN UPDATE ledger_head SET last_time = last_time + 1; END",
  ])
  func whatIsNotReadBackIsNotSigned(_ trigger: String) async throws {
    let fixture = try await filled()
    try tamper(fixture.path, trigger)
    let journal = try await fixture.open()
    #expect(await journal.fault == nil)
    let change = Change(operations: [.putMessage(Sample.message(50), expecting: .absent)], entries: [Sample.draft(50)])
    await #expect(throws: CausewayError("journal.read_back")) { try await journal.commit(change) }
    await #expect(throws: CausewayError("journal.faulted")) { try await journal.commit(change) }
    try await journal.read { reader throws(CausewayError) in
      #expect(try reader.latestCheckpoint()?.size == 12)
      #expect(try reader.message(Sample.id(50)) == nil)
    }
    #expect(try await journal.audit().isSound)
    await journal.close()
    try tamper(fixture.path, "DROP TRIGGER IF EXISTS flip; DROP TRIGGER IF EXISTS lose")
    let healed = try await fixture.open()
    #expect(try await healed.commit(change).committed?.entries[0].index == 12)
    #expect(try await healed.audit().isSound)
    await healed.close()
  }

  /// Damage that appears while the journal runs stops the next signature.
  @Test func aHeadThatIsChangedWhileRunningStopsWriting() async throws {
    let fixture = try JournalFixture()
    let journal = try await fixture.open()
    for number in 0..<3 { _ = try await journal.commit(Change(entries: [Sample.draft(number)])) }
    try tamper(fixture.path, "UPDATE ledger_head SET frontier = zeroblob(64)")
    await #expect(throws: CausewayError("journal.ledger_unsound")) { try await journal.commit(Change(entries: [Sample.draft(3)])) }
    #expect(await journal.fault?.code == "journal.ledger_unsound")
    #expect(try await journal.read { reader throws(CausewayError) in try reader.entries(from: 0, limit: 9).count } == 3)
    await journal.close()
  }

  // MARK: Full storage

  /// attacks L-10, L-11: refused before anything is promised; goes on without a gap when there is room again.
  @Test func fullStorageIsAnErrorAndNoGap() async throws {
    let fixture = try await filled(3)
    let store = try SQLiteStore(path: fixture.path, largestPageCount: 120)
    let journal = try await Journal.open(store, signer: fixture.signer, clock: fixture.clock)
    var committed = 0
    var refused = 0
    for number in 0..<40 {
      let bytes = [UInt8](repeating: 7, count: 20_000)
      let change = Change(
        operations: [
          .putPayload(
            PayloadRecord(
              owner: Sample.id(number).text, kind: "raw", mediaType: "x", digest: SHA256.hash(bytes), bytes: bytes, created: Sample.now))
        ], entries: [Sample.draft(number)])
      do throws(CausewayError) {
        _ = try await journal.commit(change)
        committed += 1
      } catch {
        #expect(error.code == "journal.storage_full")
        refused += 1
      }
    }
    #expect(committed > 0 && refused > 0)
    #expect(await journal.fault == nil)
    let kept = committed
    let size = try await journal.read { reader throws(CausewayError) in try reader.ledgerHead().size }
    #expect(size == 3 + kept)
    // Room is made by erasing payloads.
    for number in 0..<40 { _ = try? await journal.commit(Change(operations: [.erasePayload(owner: Sample.id(number).text, kind: "raw")])) }
    #expect(try await journal.commit(Change(entries: [Sample.draft(100)])).committed?.entries[0].index == 3 + kept)
    #expect(try await journal.audit().isSound)
    await journal.close()
  }

  /// Statements are kept for the next use; one that is being streamed is not used by whoever asks the same meanwhile.
  @Test func rowsOfAStreamAreItsOwn() throws {
    let folder = try TemporaryFolder()
    let connection = try SQLiteConnection(path: folder.file("stream.sqlite"), mode: .readWrite)
    try connection.execute(script: "CREATE TABLE number (n INTEGER); INSERT INTO number (n) VALUES (1), (2), (3)")
    let sql = "SELECT n FROM number ORDER BY n"
    var seen: [Int] = []
    try connection.stream(sql) { row throws(CausewayError) in
      let all = try connection.rows(assembled: sql, []) { row throws(CausewayError) in try row.int(0) }
      #expect(all == [1, 2, 3])
      seen.append(try row.int(0))
    }
    #expect(seen == [1, 2, 3])
    // More texts than are kept, each with its own rows.
    for limit in 0..<200 {
      let rows = try connection.rows(assembled: "SELECT n + \(limit) FROM number WHERE n = ?", [.integer(2)]) { row throws(CausewayError) in
        try row.int(0)
      }
      #expect(rows == [2 + limit])
    }
    #expect(try connection.rows(assembled: sql, []) { row throws(CausewayError) in try row.int(0) } == [1, 2, 3])
  }
}
