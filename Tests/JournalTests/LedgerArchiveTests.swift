import Foundation
import Journal
import JournalSQLite
import Ledger
import Primitives
import Testing
import Trust

/// Entries leave the journal for archives, and nothing of what was signed can be changed on the way: the hashes stay, the archives are chained, and
/// the ledger itself records them.
@Suite struct LedgerArchiveTests {
  @Test func anArchivedLedgerIsSoundAndGoesOn() async throws {
    var archived = try await ArchivedJournal.plain()
    let before = try await archived.audit()
    #expect(before.isSound && before.entryCount == 1600 && before.hashedCount == 0)
    try await archived.archive(upTo: 300)
    let report = try await archived.audit()
    #expect(report.isSound && report.hashedCount == 256 && report.entryCount == 1345, "\(report.findings)")
    let whole = try await archived.audit(fromArchives: true)
    #expect(whole.isSound && whole.hashedCount == 0 && whole.entryCount == 1601, "\(whole.findings)")
    // It goes on, after a restart too; the next archive goes on from the first.
    let journal = try await archived.fixture.open()
    #expect(await journal.fault == nil)
    try await ArchivedJournal.commit(1600..<1900, to: journal, archived.fixture)
    await journal.close()
    try await archived.archive(upTo: .max)
    let last = try await archived.audit()
    #expect(last.isSound && last.hashedCount == 768 && last.entryCount == 1902 - 768, "\(last.findings)")
    #expect(try await archived.audit(fromArchives: true).entryCount == 1902)
    var audit = ArchiveAudit(origin: archived.key.name, keys: [archived.key])
    for files in archived.archives { try audit.add("archive") { files[$0] } }
    #expect(audit.finish().isSound && audit.finish().entryCount == 768)
    // The chain of archives stands on the ledger.
    let manifests = try archived.archives.map { try ArchiveManifest(parsing: try #require($0["manifest.json"])) }
    #expect(manifests.map(\.start) == [0, 256] && manifests.map(\.end) == [256, 768] && manifests[1].previous == manifests[0].digest)
    for (manifest, index) in zip(manifests, [1600, 1901]) {
      let entry = try #require(try await archived.read { reader throws(CausewayError) in try reader.entry(index) })
      #expect(manifest.isRecorded(by: entry))
    }
    #expect(try await archived.read { reader throws(CausewayError) in try reader.lastArchive().manifest } == manifests[1])
  }

  /// What needs hashes alone works as before; what needs bytes takes them from the archives, or says where they are.
  @Test func archivedEntriesAreReadFromTheArchives() async throws {
    var archived = try await ArchivedJournal.plain()
    let copy = archived.copy
    try await archived.archive(upTo: 512)
    let (entry, archivedError) = (300, CausewayError("ledger.archived"))
    let proof = try await archived.read { reader throws(CausewayError) in try reader.inclusionProof(index: entry, size: 1600) }
    let bytes = try await archived.read(fromArchives: true) { reader throws(CausewayError) in try reader.entry(entry)?.bytes }
    try proof.verify(entry: try #require(bytes), in: archived.copied)
    for (path, content) in copy where !path.hasPrefix("tile/entries") {
      let tile = try #require(Tile(path: path))
      #expect(try await archived.read { reader throws(CausewayError) in try reader.tile(tile) } == content, "\(path)")
    }
    for index in 0..<7 {
      let tile = try #require(Tile(.entries, index: index, size: 1600))
      #expect(try await archived.read(fromArchives: true) { reader throws(CausewayError) in try reader.tile(tile) } == copy[tile.path])
      if index < 2 {
        await #expect(throws: archivedError) { try await archived.read { reader throws(CausewayError) in try reader.tile(tile) } }
      } else {
        #expect(try await archived.read { reader throws(CausewayError) in try reader.tile(tile) } == copy[tile.path])
      }
    }
    let error = await #expect(throws: archivedError) {
      try await archived.read { reader throws(CausewayError) in try reader.entry(entry) }
    }
    #expect(error?.problems[0].facts == ["index": "300", "end": "512"])
    #expect(try await archived.read { reader throws(CausewayError) in try reader.entry(512)?.index } == 512)
    #expect(try await archived.read { reader throws(CausewayError) in try reader.entryIndices(message: Sample.id(300)) } == [300])
    // An archive that says something else is not believed.
    archived.archives[0]["tile/entries/001"]?[700] ^= 1
    await #expect(throws: CausewayError("ledger.data_damaged")) {
      for index in 256..<512 { _ = try await archived.read(fromArchives: true) { reader throws(CausewayError) in try reader.entry(index) } }
    }
    // One that is gone holds nothing.
    archived.archives[0]["tile/entries/001"] = nil
    await #expect(throws: archivedError) {
      try await archived.read(fromArchives: true) { reader throws(CausewayError) in try reader.entry(entry) }
    }
  }

  @Test func onlyTheNextArchiveTakesEntriesOut() async throws {
    var archived = try await ArchivedJournal.plain()
    let journal = try await archived.fixture.open()
    let key = archived.key
    for limit in [-1, 0, 255] {
      let error = await #expect(throws: CausewayError("ledger.archive_nothing")) {
        try await journal.read { reader throws(CausewayError) in try reader.nextArchive(upTo: limit, key: key, keys: [key]) }
      }
      #expect(error?.problems[0].facts["start"] == "0")
    }
    // The newest entries stay.
    let all = try await journal.read { reader throws(CausewayError) in try reader.nextArchive(upTo: .max, key: key, keys: [key]) }
    #expect(all.end == 512)
    let (first, files) = try await archived.verified(journal, upTo: 256)
    let (larger, _) = try await archived.verified(journal, upTo: 512)
    _ = try #require(try await ArchivedJournal.commit(first, to: journal).committed)
    archived.archives.append(files)
    // Neither the same again nor one that begins elsewhere; and nothing of it is recorded.
    let size = await journal.latestCheckpoint?.size
    for archive in [first, larger] {
      await #expect(throws: CausewayError("journal.constraint")) { try await ArchivedJournal.commit(archive, to: journal) }
    }
    #expect(await journal.latestCheckpoint?.size == size)
    // Nor one that another entry records.
    let (second, _) = try await archived.verified(journal, upTo: 512)
    for index in [3, 1599, 1600, 5000] {
      await #expect(throws: CausewayError("journal.constraint"), "\(index)") {
        try await journal.commit(Change(operations: [.archive(second, recordedAt: index)]))
      }
    }
    #expect(await journal.fault == nil)
    _ = try #require(try await ArchivedJournal.commit(second, to: journal).committed)
    await journal.close()
    #expect(try await archived.audit().hashedCount == 512)
  }

  /// Between the archive's verification and its commit a stored hash changes: nothing is taken out, and writing stops.
  @Test func hashesThatAreNotTheArchivesAreNoticed() async throws {
    for sql in ["UPDATE ledger_entry SET leaf = zeroblob(32) WHERE idx = 100", "DELETE FROM ledger_entry WHERE idx = 100"] {
      let archived = try await ArchivedJournal.plain()
      let journal = try await archived.fixture.open()
      let (archive, _) = try await archived.verified(journal, upTo: 256)
      try archived.alter(sql)
      await #expect(throws: CausewayError("journal.read_back")) { try await ArchivedJournal.commit(archive, to: journal) }
      #expect(await journal.fault != nil)
      await journal.close()
      let report = try await archived.audit()
      #expect(report.hashedCount == 0 && report.findings.first?.index == 100 && report.checkpoint?.size == 1600, "\(report.findings)")
    }
  }

  @Test func theFirstEntryOfADayIsFound() async throws {
    var archived = try await ArchivedJournal.plain()
    try await archived.archive(upTo: 256)
    // Groups of 400 at one moment each.
    for (seconds, index) in [(0, 256), (1, 400), (400, 400), (401, 800), (1200, 1200), (1201, 1601)] {
      let time = Sample.now.adding(seconds: Int64(seconds))
      #expect(try await archived.read { reader throws(CausewayError) in try reader.firstIndex(notBefore: time) } == index, "\(seconds)")
    }
  }

  /// The room of archived entries is used again: the file does not grow while less is written than was taken out.
  @Test func theRoomIsUsedAgain() async throws {
    var archived = try await ArchivedJournal.plain()
    try await archived.archive(upTo: 512)
    let before = try await archived.fileSize()
    let journal = try await archived.fixture.open()
    try await ArchivedJournal.commit(1600..<1750, to: journal, archived.fixture)
    await journal.close()
    #expect(try await archived.fileSize() == before)
  }

  // MARK: Incremental verification

  @Test func aVerificationGoesOnBehindTheBorderOnly() async throws {
    var archived = try await ArchivedJournal.plain()
    let key = archived.key
    func states() async throws -> [AuditState] {
      try await archived.read { reader throws(CausewayError) in
        var states: [AuditState] = []
        _ = try reader.auditLedger(origin: key.name, keys: [key], passed: { states.append($0) })
        return states
      }
    }
    let end = try #require(try await states().last)
    #expect(end.size == 1600)
    try await archived.archive(upTo: 512)
    let believed = try #require(
      try await archived.read { reader throws(CausewayError) in try reader.believed(end, origin: key.name, keys: [key]) })
    let rest = try await archived.read { reader throws(CausewayError) in
      try reader.auditLedger(origin: key.name, keys: [key], from: believed)
    }
    #expect(rest.isSound && rest.entryCount == 1 && rest.hashedCount == 0, "\(rest.findings)")
    #expect(try await states().allSatisfy { $0.lastTime != nil })
    // A state that ends among archived entries: nobody can say what its last entry was.
    let early = try await archived.read(fromArchives: true) { reader throws(CausewayError) in
      let entry = try reader.entry(399)
      return AuditState(
        tree: try CompactTree(size: 400) { node throws(CausewayError) in try reader.existing(node) }, lastHash: entry?.leafHash ?? .zero,
        lastTime: entry?.time)
    }
    #expect(try await archived.read { reader throws(CausewayError) in try reader.believed(early, origin: key.name, keys: [key]) } == nil)
    #expect(
      try await archived.read(fromArchives: true) { reader throws(CausewayError) in
        try reader.believed(early, origin: key.name, keys: [key])
      } != nil)
  }
}

extension ArchivedJournal {
  fileprivate func fileSize() async throws -> Int {
    let size = try FileManager.default.attributesOfItem(atPath: fixture.path)[.size] as? NSNumber
    return try #require(size).intValue
  }
}
