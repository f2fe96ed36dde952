import Foundation
import Journal
import JournalSQLite
import Ledger
import Primitives
import Testing
import Trust

/// A journal with more entries than stay in it, and the archives that are made of it, in memory.
struct ArchivedJournal {
  let fixture: JournalFixture
  var archives: [[String: [UInt8]]] = []
  /// Everything that the journal had before anything was archived.
  private(set) var copy: [String: [UInt8]] = [:]
  private(set) var copied: SignedCheckpoint

  private init(entries: Int = 1600) async throws {
    fixture = try JournalFixture()
    let journal = try await fixture.open()
    for start in stride(from: 0, to: entries, by: 400) { try await Self.commit(start..<min(start + 400, entries), to: journal, fixture) }
    copied = try #require(await journal.latestCheckpoint)
    copy = try await Self.files(journal, copied.size, bundles: 0..<(copied.size + 255) / 256)
    await journal.close()
  }

  private init(_ fixture: JournalFixture, like other: ArchivedJournal) {
    (self.fixture, archives, copy, copied) = (fixture, other.archives, other.copy, other.copied)
  }

  /// 1600 entries in one journal, and in another two archives of 256 of them, recorded as 1600 and 1601; made once, and copied.
  static func plain() async throws -> ArchivedJournal { try await whole.value.again() }
  static func withTwoArchives() async throws -> ArchivedJournal { try await archivedTwice.value.again() }

  private static let whole = Task { try await ArchivedJournal() }
  private static let archivedTwice = Task {
    var archived = try await plain()
    try await archived.archive(upTo: 256)
    try await archived.archive(upTo: 512)
    return archived
  }

  private func again() throws -> ArchivedJournal {
    let other = ArchivedJournal(try JournalFixture(signer: fixture.signer), like: self)
    other.fixture.clock.set(fixture.clock.now())
    try other.restore(try files())
    return other
  }

  static func commit(_ numbers: Range<Int>, to journal: Journal, _ fixture: JournalFixture) async throws {
    fixture.clock.set(Sample.now.adding(seconds: Int64(numbers.lowerBound)))
    _ = try await journal.commit(Change(entries: numbers.map { Sample.draft($0) }))
  }

  /// All tiles of hashes and some bundles, as the journal hands them out.
  static func files(_ journal: Journal, _ size: Int, bundles: Range<Int>) async throws -> [String: [UInt8]] {
    try await journal.read { reader throws(CausewayError) in
      var tiles = bundles.compactMap { Tile(.entries, index: $0, size: size) }
      for level in 0..<Tile.levelCount(size: size) { tiles += (0..<99).compactMap { Tile(.hashes(level: level), index: $0, size: size) } }
      var files: [String: [UInt8]] = [:]
      for tile in tiles { files[tile.path] = try reader.tile(tile) }
      return files
    }
  }

  var key: VerifierKey { fixture.signer.verifierKey }

  /// Makes the next archive; only `isCommitted` takes its entries out.
  mutating func archive(upTo limit: Int, isCommitted: Bool = true) async throws {
    let journal = try await fixture.open()
    let (archive, files) = try await verified(journal, upTo: limit)
    if isCommitted {
      _ = try #require(try await Self.commit(archive, to: journal).committed)
      archives.append(files)
    }
    await journal.close()
  }

  func verified(_ journal: Journal, upTo limit: Int) async throws -> (archive: VerifiedArchive, files: [String: [UInt8]]) {
    let key = key
    let (manifest, before) = try await journal.read { reader throws(CausewayError) in
      (try reader.nextArchive(upTo: limit, key: key, keys: [key]), try reader.lastArchive().manifest)
    }
    let size = try SignedCheckpoint.verify(manifest.note, origin: key.name, keys: [key]).size
    var files = try await Self.files(journal, size, bundles: manifest.start / 256..<manifest.end / 256)
    files["checkpoint"] = manifest.note
    files["manifest.json"] = manifest.bytes
    var audit = ArchiveAudit(origin: key.name, keys: [key], after: before)
    try audit.add("archive") { [files] in files[$0] }
    return (try #require(audit.verified, "\(audit.finish().findings)"), files)
  }

  static func commit(_ archive: VerifiedArchive, to journal: Journal) async throws -> Change.Outcome {
    try await journal.commit(
      Change(entries: [archive.manifest.record(actor: "gateway.cn")]) { recorded, _ throws(CausewayError) in
        Change.Finish(operations: [.archive(archive, recordedAt: recorded.entries[0].index)])
      })
  }

  /// - Parameter isReading: whether archived entries are read from the archives.
  func read<Result: Sendable>(
    fromArchives isReading: Bool = false, _ body: @Sendable (any JournalReader) throws(CausewayError) -> Result
  ) async throws -> Result {
    let entries = ArchivedEntries(archives.map { files in { files[$0] } })
    let store = try SQLiteStore(readingFrom: fixture.path, archives: isReading ? entries : nil)
    do {
      let result = try await store.read(body)
      await store.close()
      return result
    } catch {
      await store.close()
      throw error
    }
  }

  func audit(fromArchives isReading: Bool = false) async throws -> AuditReport {
    let key = key
    return try await read(fromArchives: isReading) { reader throws(CausewayError) in try reader.auditLedger(origin: key.name, keys: [key]) }
  }

  func repair() async throws -> RepairReport {
    let store = try SQLiteStore(path: fixture.path)
    let (key, copy, copied) = (key, copy, copied)
    do {
      let report = try await store.repair { transaction throws(CausewayError) in
        let source = try TileReader(size: copied.size, root: copied.root) { copy[$0.path] }
        var repair = LedgerRepair(transaction, key: key, keys: [key], source: source, copied: copied)
        return try repair.run(witnessed: nil)
      }
      await store.close()
      return report
    } catch {
      await store.close()
      throw error
    }
  }

  /// Takes an archive for the copy to repair from.
  mutating func copy(archive: Int) throws {
    copy = archives[archive]
    copied = try SignedCheckpoint.verify(try #require(copy["checkpoint"]), origin: key.name, keys: [key])
  }

  /// Takes a new copy of the whole, with what is in the archives.
  mutating func copyAll() async throws {
    let head = try await read { reader throws(CausewayError) in try reader.latestCheckpoint() }
    copied = try SignedCheckpoint.verify(try #require(head).note, origin: key.name, keys: [key])
    let size = copied.size
    copy = try await read(fromArchives: true) { reader throws(CausewayError) in
      var files: [String: [UInt8]] = [:]
      for content in [Tile.Content.entries, .hashes(level: 0), .hashes(level: 1)] {
        for tile in (0..<99).compactMap({ Tile(content, index: $0, size: size) }) { files[tile.path] = try reader.tile(tile) }
      }
      return files
    }
  }

  func alter(_ sql: String) throws { try tamper(fixture.path, "PRAGMA ignore_check_constraints = ON; " + sql) }

  /// The database's files, to be put back.
  func files() throws -> [String: Data] {
    try FileManager.default.contentsOfDirectory(atPath: fixture.folder.path).reduce(into: [:]) {
      $0[$1] = try Data(contentsOf: URL(filePath: fixture.folder.file($1)))
    }
  }

  func restore(_ files: [String: Data]) throws {
    for name in try FileManager.default.contentsOfDirectory(atPath: fixture.folder.path) {
      try FileManager.default.removeItem(atPath: fixture.folder.file(name))
    }
    for (name, data) in files { try data.write(to: URL(filePath: fixture.folder.file(name))) }
  }
}
