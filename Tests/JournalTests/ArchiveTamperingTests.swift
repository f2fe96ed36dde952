import Foundation
import Journal
import JournalSQLite
import Ledger
import Primitives
import TestSupport
import Testing
import Trust

/// A journal whose oldest entries are in archives, altered in every way that could drop or change something unseen; each with the twin that has to be
/// accepted. And what a repair makes of it.
@Suite struct ArchiveTamperingTests {
  @Test func everyAlteredRowIsNoticed() async throws {
    let archived = try await ArchivedJournal.withTwoArchives()
    let pristine = try archived.files()
    let twin = try await archived.audit()
    #expect(twin.isSound && twin.hashedCount == 512)
    for (sql, damage, index) in [
      // The row of the archive.
      ("UPDATE ledger_archive SET entry = 1600", AuditFinding.Damage.archive, 256),
      ("UPDATE ledger_archive SET entry = 1599", .archive, 256),
      ("UPDATE ledger_archive SET entry = 100", .archive, 256),
      ("UPDATE ledger_archive SET entry = -1", .archive, 256),
      ("UPDATE ledger_archive SET manifest = x''", .archive, 0),
      ("UPDATE ledger_archive SET id = 2", .data, 0),
      ("DELETE FROM ledger_archive", .data, 0),
      // Bytes that are gone where they have to be.
      ("UPDATE ledger_entry SET bytes = x'' WHERE idx = 512", .data, 512),
      ("UPDATE ledger_entry SET bytes = x'' WHERE idx BETWEEN 512 AND 767", .data, 512),
      ("UPDATE ledger_entry SET bytes = x'' WHERE idx = 1601", .archive, 256),
      ("UPDATE ledger_entry SET bytes = x'' WHERE idx = 1600", .data, 1600),
      // Other bytes in the place of none.
      ("UPDATE ledger_entry SET bytes = x'00' WHERE idx = 17", .data, 17),
      ("UPDATE ledger_entry SET bytes = (SELECT bytes FROM ledger_entry WHERE idx = 600) WHERE idx = 17", .index, 17),
      // Rows and hashes below the border.
      ("DELETE FROM ledger_entry WHERE idx = 17", .index, 17), ("DELETE FROM ledger_entry WHERE idx < 512", .index, 0),
      ("UPDATE ledger_entry SET idx = -7 WHERE idx = 17", .index, 17),
      ("UPDATE ledger_entry SET leaf = zeroblob(32) WHERE idx = 16", .tree, 16),
      ("UPDATE ledger_entry SET leaf = zeroblob(32) WHERE idx = 17", .tree, 16),
      ("UPDATE ledger_entry SET leaf = zeroblob(32) WHERE idx = 511", .tree, 511),
      ("UPDATE ledger_node SET hash = zeroblob(32) WHERE position = \(TreeNode(level: 3, index: 5).position)", .tree, 40),
      ("DELETE FROM ledger_node WHERE position = \(TreeNode(level: 9, index: 0).position)", .tree, 0),
      ("UPDATE ledger_checkpoint SET root = zeroblob(32) WHERE size = 400", .checkpoint, 400),
      ("UPDATE ledger_checkpoint SET note = x'00' WHERE size = 400", .checkpoint, 400),
    ] {
      try archived.alter(sql)
      let report = try await archived.audit()
      #expect(
        !report.isSound && report.findings.contains { $0.damage == damage && $0.index == index }, "\(sql): \(report.findings.prefix(3))")
      try archived.restore(pristine)
    }
    #expect(try await archived.audit() == twin)
  }

  /// Each bit of the archive's row: the manifest is what the ledger has recorded, or it is nothing.
  @Test func everyFlippedBitOfTheManifestIsNoticed() async throws {
    let archived = try await ArchivedJournal.withTwoArchives()
    let manifest = try #require(archived.archives[1]["manifest.json"])
    var chance = SplitMix(state: 3)
    for _ in 0..<20 {
      var bytes = manifest
      bytes[Int.random(in: bytes.indices, using: &chance)] ^= 1 << UInt8.random(in: 0..<8, using: &chance)
      try archived.alter("UPDATE ledger_archive SET manifest = x'\(Hex.encode(bytes))'")
      let report = try await archived.audit()
      // The record still tells where the archives end: nothing else is blamed.
      #expect(report.findings.map(\.damage) == [.archive], "\(report.findings.prefix(3))")
    }
    try archived.alter("UPDATE ledger_archive SET manifest = x'\(Hex.encode(manifest))'")
    #expect(try await archived.audit().isSound)
  }

  /// Manifests that are well-formed and of this ledger, and not the one that was recorded.
  @Test func anotherManifestIsNoticed() async throws {
    let archived = try await ArchivedJournal.withTwoArchives()
    let right = try ArchiveManifest(parsing: try #require(archived.archives[1]["manifest.json"]))
    let first = try ArchiveManifest(parsing: try #require(archived.archives[0]["manifest.json"]))
    let moved = try await archived.read { reader throws(CausewayError) in
      let entry = try reader.entry(767)
      let tree = try CompactTree(size: 768) { node throws(CausewayError) in try reader.existing(node) }
      return AuditState(tree: tree, lastHash: entry?.leafHash ?? .zero, lastTime: entry?.time)
    }
    let state = right.state
    func manifest(
      origin: String? = nil, start: Int = 256, state: AuditState? = nil, note: [UInt8]? = nil, previous: Digest? = nil
    ) throws -> ArchiveManifest {
      try ArchiveManifest(
        origin: origin ?? right.origin, start: start, state: state ?? right.state, note: note ?? right.note,
        previous: previous ?? right.previous)
    }
    for (name, other) in [
      ("of the first archive", first), ("of another log", try manifest(origin: "other")), ("begins before", try manifest(start: 0)),
      ("names none before", try manifest(previous: .zero)),
      ("border moved up", try manifest(state: moved)),
      (
        "another root",
        try manifest(
          state: AuditState(
            tree: try #require(CompactTree(size: 512, frontier: [SHA256.hash("x")])), lastHash: state.lastHash, lastTime: state.lastTime))
      ),
      ("another last hash", try manifest(state: AuditState(tree: state.tree, lastHash: .zero, lastTime: state.lastTime))),
      (
        "another time",
        try manifest(
          state: AuditState(
            tree: state.tree, lastHash: state.lastHash, lastTime: state.lastTime?.adding(seconds: -900)))
      ),
      ("another checkpoint", try manifest(note: first.note)),
    ] {
      try archived.alter("UPDATE ledger_archive SET manifest = x'\(Hex.encode(other.bytes))'")
      let report = try await archived.audit()
      #expect(report.findings.map(\.damage) == [.archive], "\(name): \(report.findings.prefix(3))")
    }
    // What was recorded before: then the second archive's entries are missing.
    try archived.alter("UPDATE ledger_archive SET entry = 1600, manifest = x'\(Hex.encode(first.bytes))'")
    let back = try await archived.audit()
    #expect(back.findingCount == 256 && back.findings.allSatisfy { $0.damage == .data && $0.index >= 256 }, "\(back.findings.prefix(3))")
    try archived.alter("UPDATE ledger_archive SET entry = 1601")
    // With the border moved up, a rewritten entry is no less rewritten.
    try archived.alter(
      """
      UPDATE ledger_archive SET manifest = x'\(Hex.encode(try manifest(state: moved).bytes))';
      UPDATE ledger_entry SET bytes = x'', leaf = zeroblob(32) WHERE idx = 600
      """)
    let report = try await archived.audit()
    #expect(report.findings.contains { $0.index == 600 && $0.damage == .data }, "\(report.findings)")
  }

  /// attacks L-02: with the key in hand an archive is recorded of entries that were rewritten. Its hashes do not lead to what was signed before.
  @Test func anArchiveOfARewrittenHistoryIsNoticed() async throws {
    var archived = try await ArchivedJournal.plain()
    let (journal, key) = (try await archived.fixture.open(), archived.key)
    let right = try await journal.read { reader throws(CausewayError) in try reader.nextArchive(upTo: 256, key: key, keys: [key]) }
    var tree = CompactTree()
    for index in 0..<256 { tree.append(SHA256.hash("rewritten \(index)")) }
    let forged = try ArchiveManifest(
      origin: right.origin, start: 0, state: AuditState(tree: tree, lastHash: right.state.lastHash, lastTime: right.state.lastTime),
      note: right.note, previous: .zero)
    _ = try await journal.commit(Change(entries: [forged.record(actor: "gateway.cn")]))
    await journal.close()
    // The door does not take it; a hand in the file does.
    try archived.alter(
      """
      UPDATE ledger_entry SET bytes = x'' WHERE idx < 256;
      INSERT INTO ledger_archive (id, entry, manifest) VALUES (1, 1600, x'\(Hex.encode(forged.bytes))')
      """)
    #expect(try await archived.audit().findings.map(\.line) == ["entry 256: archive damaged (state)"])
    try archived.alter("UPDATE ledger_entry SET leaf = zeroblob(32) WHERE idx = 100")
    #expect(try await archived.audit().findings.contains { $0.damage == .tree && $0.index == 100 })
    archived.archives = []
  }

  /// With the archives at hand, what no hash covers is held against their entries, too.
  @Test func whatNoHashCoversIsHeldAgainstTheArchives() async throws {
    let archived = try await ArchivedJournal.withTwoArchives()
    let pristine = try archived.files()
    for (sql, line) in [
      ("UPDATE ledger_entry SET message = NULL WHERE idx = 17", "entry 17: index damaged (message)"),
      ("UPDATE ledger_checkpoint SET time = time + 1 WHERE size = 400", "entry 400: checkpoint damaged (time)"),
      ("UPDATE ledger_entry SET leaf = zeroblob(32) WHERE idx = 17", "entry 17: tree damaged (leaf hash)"),
    ] {
      try archived.alter(sql)
      let report = try await archived.audit(fromArchives: true)
      #expect(report.findings.map(\.line) == [line], "\(report.findings)")
      try archived.restore(pristine)
    }
    // Bytes that are gone above the border are damage, also when some archive would have them.
    var unrecorded = try await ArchivedJournal.plain()
    let journal = try await unrecorded.fixture.open()
    unrecorded.archives.append(try await unrecorded.verified(journal, upTo: 256).files)
    await journal.close()
    #expect(try await unrecorded.audit(fromArchives: true).isSound)
    try unrecorded.alter("UPDATE ledger_entry SET bytes = x'' WHERE idx = 17")
    #expect(try await unrecorded.audit(fromArchives: true).findings.map(\.line) == ["entry 17: data damaged (entry)"])
  }

  // MARK: Repair

  @Test func archivedEntriesAreNoDamageToARepair() async throws {
    var archived = try await ArchivedJournal.withTwoArchives()
    #expect(try await archived.repair().isEmpty, "with a copy from before the archives")
    try await archived.copyAll()
    #expect(try await archived.repair().isEmpty)
    #expect(try await archived.audit().hashedCount == 512)
  }

  /// What only the archives tell, a copy that has these entries tells, too.
  @Test(arguments: [
    ("UPDATE ledger_entry SET message = NULL WHERE idx = 17", 511), ("UPDATE ledger_checkpoint SET time = time + 1 WHERE size = 400", 512),
  ]) func whatNoHashCoversIsPutRight(_ sql: String, archivedAfter: Int) async throws {
    let archived = try await ArchivedJournal.withTwoArchives()
    try archived.alter(sql)
    #expect(try await !archived.audit(fromArchives: true).isSound)
    #expect(try await !archived.repair().isEmpty)
    #expect(try await archived.audit(fromArchives: true).isSound)
    #expect(try await archived.audit().hashedCount == archivedAfter)
    #expect(try await archived.repair().isEmpty)
  }

  /// An archive is a copy, too: of all hashes, and of its own entries.
  @Test func damageIsPutRightFromAnArchive() async throws {
    var archived = try await ArchivedJournal.withTwoArchives()
    try archived.copy(archive: 1)
    #expect(try await archived.repair().isEmpty)
    let nodes = (0..<32).map { String(TreeNode(level: 4, index: $0).position) }.joined(separator: ", ")
    try archived.alter("DELETE FROM ledger_entry WHERE idx = 300; UPDATE ledger_node SET hash = zeroblob(32) WHERE position IN (\(nodes))")
    #expect(try await archived.repair().entries == [300])
    let report = try await archived.audit()
    #expect(report.isSound && report.hashedCount == 511, "\(report.findings)")
    try archived.alter("DELETE FROM ledger_entry WHERE idx = 17")
    await #expect(throws: CausewayError("ledger.tile_missing")) { try await archived.repair() }
    try archived.copy(archive: 0)
    #expect(try await archived.repair().entries == [17])
  }

  @Test(arguments: [
    ("UPDATE ledger_entry SET bytes = x'00' WHERE idx IN (17, 700)", 511), ("DELETE FROM ledger_entry WHERE idx = 700", 512),
    ("DELETE FROM ledger_entry WHERE idx = 17", 511), ("UPDATE ledger_entry SET leaf = zeroblob(32) WHERE idx = 17", 511),
    ("UPDATE ledger_entry SET bytes = x'' WHERE idx = 700", 512), ("UPDATE ledger_entry SET bytes = x'' WHERE idx = 1601", 512),
    ("UPDATE ledger_node SET hash = zeroblob(32); DELETE FROM ledger_head", 512),
    ("UPDATE ledger_checkpoint SET note = x'00' WHERE size IN (400, 1602)", 512),
    ("UPDATE ledger_checkpoint SET root = zeroblob(32) WHERE size = 400", 512),
    ("UPDATE ledger_archive SET entry = 5", 0), ("UPDATE ledger_archive SET manifest = x'00'", 0), ("DELETE FROM ledger_archive", 0),
  ]) func damageIsPutRight(_ sql: String, archivedAfter: Int) async throws {
    var archived = try await ArchivedJournal.withTwoArchives()
    try await archived.copyAll()
    try archived.alter(sql)
    #expect(try await !archived.audit().isSound)
    let repaired = try await archived.repair()
    #expect(!repaired.isEmpty)
    let report = try await archived.audit()
    #expect(report.isSound && report.hashedCount == archivedAfter, "\(report.findings) \(report.hashedCount)")
    #expect(repaired.isArchiveForgotten == (archivedAfter == 0 && !sql.hasPrefix("DELETE")))
    #expect(try await archived.repair().isEmpty)
    // It goes on, and what came back can be archived again.
    let journal = try await archived.fixture.open()
    #expect(await journal.fault == nil)
    await journal.close()
    if archivedAfter == 0 {
      archived.archives = []
      try await archived.archive(upTo: 512)
      #expect(try await archived.audit().hashedCount == 512)
    }
  }
}
