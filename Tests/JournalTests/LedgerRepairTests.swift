import Foundation
import Journal
import JournalSQLite
import Ledger
import Primitives
import Testing
import Trust

/// A damaged ledger is put right from a copy, as far as signed checkpoints vouch for it, and proven against the signed root.
@Suite struct LedgerRepairTests {
  /// A journal of three groups, 11 entries, and its copy.
  private struct Damaged {
    let fixture: JournalFixture
    let copy: Copy

    init(entries: Int = 11) async throws {
      fixture = try JournalFixture()
      let journal = try await fixture.open()
      try await Self.commit(0..<4, to: journal)
      try await Self.commit(4..<5, to: journal)
      try await Self.commit(5..<entries, to: journal)
      copy = try await Copy(journal)
      await journal.close()
    }

    static func commit(_ numbers: Range<Int>, to journal: Journal) async throws {
      _ = try await journal.commit(
        Change(operations: [.putPayload(Sample.payload(numbers.lowerBound))], entries: numbers.map { Sample.draft($0) }))
    }

    func alter(_ sql: String) throws {
      try tamper(fixture.path, "PRAGMA ignore_check_constraints = ON; " + sql)
    }

    func audit() async throws -> AuditReport {
      let store = try SQLiteStore(readingFrom: fixture.path)
      let key = fixture.signer.verifierKey
      let report = try await store.read { reader throws(CausewayError) in try reader.auditLedger(origin: key.name, keys: [key]) }
      await store.close()
      return report
    }

    func repair(from copy: Copy? = nil, witnessed: SignedCheckpoint? = nil, rehearsed: Bool = false) async throws -> RepairReport {
      let store = try SQLiteStore(path: fixture.path)
      let (copy, key) = (copy ?? self.copy, fixture.signer.verifierKey)
      do {
        let report = try await store.repair { transaction throws(CausewayError) in
          func run() throws(CausewayError) -> RepairReport {
            let files = copy.files
            let source = try TileReader(size: copy.checkpoint.size, root: copy.checkpoint.root) { files[$0.path] }
            var repair = LedgerRepair(transaction, key: key, keys: [key], source: source, copied: copy.checkpoint)
            return try repair.run(witnessed: witnessed)
          }
          return rehearsed ? try transaction.rehearse(run) : try run()
        }
        await store.close()
        return report
      } catch {
        await store.close()
        throw error
      }
    }
  }

  /// A journal's tiles at one moment.
  private struct Copy: Sendable {
    var files: [String: [UInt8]] = [:]
    let checkpoint: SignedCheckpoint

    init(_ journal: Journal) async throws {
      checkpoint = try #require(await journal.latestCheckpoint)
      let size = checkpoint.size
      files = try await journal.read { reader throws(CausewayError) in
        var files: [String: [UInt8]] = [:]
        for tile in Tile.partials(size: size) { files[tile.path] = try reader.tile(tile) }
        return files
      }
    }
  }

  @Test(arguments: [
    "UPDATE ledger_entry SET bytes = x'00' WHERE idx = 3", "UPDATE ledger_entry SET bytes = x'' WHERE idx = 10",
    "UPDATE ledger_entry SET leaf = zeroblob(32) WHERE idx = 0", "UPDATE ledger_entry SET message = NULL WHERE idx = 2",
    "UPDATE ledger_entry SET message = 'x' WHERE idx = 2", "UPDATE ledger_entry SET idx = 100 WHERE idx = 5",
    "DELETE FROM ledger_entry WHERE idx IN (0, 4, 10)", "DELETE FROM ledger_entry",
    "INSERT INTO ledger_entry (idx, leaf, bytes) VALUES (11, zeroblob(32), x'7B7D')",
    "UPDATE ledger_node SET hash = zeroblob(32)", "DELETE FROM ledger_node WHERE position IN (0, 1, 3, 4, 7)",
    "UPDATE ledger_entry SET idx = -3 WHERE idx = 3", "UPDATE ledger_node SET position = 1000 WHERE position = 2",
    "INSERT INTO ledger_node VALUES (99, zeroblob(32))", "UPDATE ledger_node SET position = 8 WHERE position = 2",
    "UPDATE ledger_head SET last_hash = zeroblob(32)", "UPDATE ledger_head SET size = 10", "UPDATE ledger_head SET last_time = NULL",
    "DELETE FROM ledger_head", "UPDATE ledger_checkpoint SET note = x'00' WHERE size = 11",
    "UPDATE ledger_checkpoint SET root = zeroblob(32) WHERE size = 5", "UPDATE ledger_checkpoint SET time = time + 1 WHERE size = 4",
    "UPDATE ledger_checkpoint SET size = 6 WHERE size = 5", "UPDATE ledger_checkpoint SET note = x'00' WHERE size IN (0, 4)",
    "DELETE FROM ledger_checkpoint WHERE size = 11",
    """
    UPDATE ledger_entry SET idx = 1000 WHERE idx = 4; UPDATE ledger_entry SET idx = 4 WHERE idx = 5;
    UPDATE ledger_entry SET idx = 5 WHERE idx = 1000
    """,
    "DELETE FROM ledger_entry WHERE idx > 5; DELETE FROM ledger_node; DELETE FROM ledger_head; UPDATE ledger_checkpoint SET time = 0",
  ]) func everyClassOfDamageIsPutRight(_ sql: String) async throws {
    let damaged = try await Damaged()
    #expect(try await damaged.audit().isSound)
    try damaged.alter(sql)
    #expect(try await !damaged.audit().isSound, "\(sql)")
    let rehearsal = try await damaged.repair(rehearsed: true)
    #expect(!rehearsal.isEmpty && rehearsal.root == damaged.copy.checkpoint.root)
    #expect(try await !damaged.audit().isSound, "a rehearsal changes nothing")
    let report = try await damaged.repair()
    #expect(report == rehearsal)
    let audit = try await damaged.audit()
    #expect(audit.isSound && audit.checkpoint?.root == damaged.copy.checkpoint.root && audit.entryCount == 11, "\(audit.findings)")
    #expect(try await damaged.repair().isEmpty)
    // Nothing but the ledger has changed, and the journal goes on.
    let journal = try await damaged.fixture.open()
    #expect(await journal.fault == nil)
    #expect(try await journal.read { reader throws(CausewayError) in try reader.payload(owner: Sample.id(4).text, kind: "raw") } != nil)
    try await Damaged.commit(11..<13, to: journal)
    #expect(try await journal.audit().isSound)
    await journal.close()
  }

  @Test func whatIsPutRightIsNamed() async throws {
    let damaged = try await Damaged()
    try damaged.alter("UPDATE ledger_entry SET bytes = x'00' WHERE idx IN (3, 7); UPDATE ledger_checkpoint SET note = x'00' WHERE size = 4")
    let report = try await damaged.repair()
    #expect(report.entries == [3, 7] && report.entryCount == 2 && report.appended == 0 && report.nodeCount == 0 && !report.isHeadChanged)
    #expect(report.removedCheckpoints == [4] && report.checkpoints.isEmpty && report.size == 11)
  }

  /// A gateway restored from an older backup gets the rest of its own ledger back from whoever has mirrored it.
  @Test func aRestoredBackupIsCaughtUp() async throws {
    let damaged = try await Damaged()
    let backup = try Files(damaged.fixture)
    let journal = try await damaged.fixture.open()
    try await Damaged.commit(11..<600, to: journal)
    let size = try #require(await journal.latestCheckpoint?.size)
    let tiles = [Tile(.hashes(level: 0), index: 0), Tile(.entries, index: 0), Tile(.hashes(level: 0), index: 1), Tile(.entries, index: 1)]
    var later = try await Copy(journal)
    later.files.merge(
      try await journal.read { reader throws(CausewayError) in
        var files: [String: [UInt8]] = [:]
        for tile in tiles { files[tile.path] = try reader.tile(tile) }
        return files
      }
    ) { $1 }
    await journal.close()
    try backup.restore()
    #expect(try await damaged.audit().checkpoint?.size == 11)
    let report = try await damaged.repair(from: later)
    #expect(report.appended == size - 11 && report.entryCount == 0 && report.size == size && report.checkpoints == [size])
    #expect(try await damaged.audit().checkpoint?.root == later.checkpoint.root)
    let again = try await damaged.fixture.open()
    try await Damaged.commit(600..<601, to: again)
    #expect(try await again.audit().isSound)
    await again.close()
    // One that has written since has forked: nothing puts that right, and nothing is changed.
    try backup.restore()
    let forked = try await damaged.fixture.open()
    try await Damaged.commit(700..<702, to: forked)
    await forked.close()
    await #expect(throws: CausewayError("ledger.history_conflict")) { try await damaged.repair(from: later) }
    #expect(try await damaged.audit().checkpoint?.size == 13)
  }

  /// A copy that is behind puts right what it has; what came after has to be whole by itself.
  @Test func anOlderCopyHelpsAsFarAsItReaches() async throws {
    let damaged = try await Damaged()
    let journal = try await damaged.fixture.open()
    try await Damaged.commit(20..<23, to: journal)
    await journal.close()
    try damaged.alter("DELETE FROM ledger_entry WHERE idx = 2; UPDATE ledger_entry SET leaf = zeroblob(32) WHERE idx = 12")
    let report = try await damaged.repair()
    #expect(report.entries == [2, 12] && report.size == 14)
    try damaged.alter("DELETE FROM ledger_entry WHERE idx = 12")
    let error = await #expect(throws: CausewayError("ledger.repair_incomplete")) { try await damaged.repair() }
    #expect(error?.problems[0].facts["index"] == "12")
    // Entries behind the last checkpoint that is left go on from it: they may be all there is, and stay.
    let orphans = try await Damaged()
    let rest = try await orphans.fixture.open()
    try await Damaged.commit(20..<23, to: rest)
    await rest.close()
    try orphans.alter("UPDATE ledger_checkpoint SET note = x'00' WHERE size = 14")
    await #expect(throws: CausewayError("ledger.repair_incomplete")) { try await orphans.repair() }
    #expect(try await orphans.audit().entryCount == 14)
  }

  @Test func aCopyThatNobodyVouchesForIsRefused() async throws {
    let damaged = try await Damaged()
    try damaged.alter("DELETE FROM ledger_entry WHERE idx = 2; UPDATE ledger_checkpoint SET note = x'00' WHERE size > 0")
    await #expect(throws: CausewayError("ledger.repair_unvouched")) { try await damaged.repair() }
    // A witness has one: then it does.
    let report = try await damaged.repair(witnessed: damaged.copy.checkpoint)
    #expect(report.entries == [2] && report.checkpoints == [11] && report.removedCheckpoints == [4, 5])
    #expect(try await damaged.audit().isSound)
  }

  /// Nothing is left of the journal: with a witness's checkpoint the ledger begins again as its copy, and goes on.
  @Test func aLostJournalBeginsWithTheCopy() async throws {
    let damaged = try await Damaged()
    for name in try FileManager.default.contentsOfDirectory(atPath: damaged.fixture.folder.path) {
      try FileManager.default.removeItem(atPath: damaged.fixture.folder.file(name))
    }
    await #expect(throws: CausewayError("ledger.repair_unvouched")) { try await damaged.repair() }
    let report = try await damaged.repair(witnessed: damaged.copy.checkpoint)
    #expect(report.appended == 11 && report.entryCount == 0 && report.checkpoints == [11])
    let journal = try await damaged.fixture.open()
    #expect(await journal.fault == nil)
    try await Damaged.commit(11..<13, to: journal)
    #expect(try await journal.audit().isSound)
    await journal.close()
  }

  /// attacks L-02: the key in the wrong hands makes a copy of another history. The journal's own checkpoints are against it.
  @Test func aRewrittenCopyIsRefused() async throws {
    let damaged = try await Damaged()
    let other = try JournalFixture(signer: damaged.fixture.signer)
    let journal = try await other.open()
    try await Damaged.commit(50..<70, to: journal)
    let forged = try await Copy(journal)
    await journal.close()
    try damaged.alter("DELETE FROM ledger_entry WHERE idx = 2")
    await #expect(throws: CausewayError("ledger.history_conflict")) { try await damaged.repair(from: forged) }
    // An altered copy is refused as a whole, too.
    for path in damaged.copy.files.keys {
      var copy = damaged.copy
      copy.files[path]?[5] ^= 1
      await #expect(throws: CausewayError.self, "\(path)") { try await damaged.repair(from: copy) }
    }
    #expect(try await damaged.audit().findings.map(\.index) == [2], "nothing was changed")
    #expect(try await damaged.repair().entries == [2])
  }

  /// The database's files, put back as a restored backup is.
  private struct Files {
    let folder: String
    let contents: [String: Data]

    init(_ fixture: JournalFixture) throws {
      folder = fixture.folder.path
      contents = try FileManager.default.contentsOfDirectory(atPath: folder).reduce(into: [:]) {
        $0[$1] = try Data(contentsOf: URL(filePath: fixture.folder.file($1)))
      }
    }

    func restore() throws {
      for name in try FileManager.default.contentsOfDirectory(atPath: folder) {
        try FileManager.default.removeItem(atPath: folder + "/" + name)
      }
      for (name, data) in contents { try data.write(to: URL(filePath: folder + "/" + name)) }
    }
  }
}
