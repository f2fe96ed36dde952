import Foundation
import Gateway
import Journal
import JournalPostgres
import JournalSQLite
import Ledger
import Primitives
import Trust

/// A folder with a copy of a journal and its manifest.
struct BackupFolder {
  let path: String
  var journal: String { path + "/journal.sqlite" }
  var manifest: String { path + "/backup.json" }

  /// Copies the journal as of one moment, whichever store it is kept in, into a file.
  static func copyJournal(of configuration: GatewayConfiguration, to path: String) async throws(CausewayError) {
    guard let uri = configuration.journal else { return try SQLiteStore.copy(configuration.data + "/journal.sqlite", to: path) }
    let store = try await PostgresStore(readingFrom: try PostgresURI(uri))
    do throws(CausewayError) {
      try await store.lend { source throws(CausewayError) in try SQLiteStore.make(path, from: source) }
    } catch {
      await store.close()
      throw error
    }
    await store.close()
  }

  /// Fills the empty database of a gateway from a copy.
  ///
  /// - Throws: `backup.not_empty`, `journal.*`; `ledger.unsound`, `backup.altered` when what is in the database then is not what was in the copy.
  static func fill(
    _ uri: String, from copy: String, note: String, origin: VerifierKey, keys: [VerifierKey]
  ) async throws(CausewayError) {
    let store = try await PostgresStore(try PostgresURI(uri))
    do throws(CausewayError) {
      try await store.fill { target throws(CausewayError) in try SQLiteStore.pour(copy, into: target) }
      let last = try await verifiedCheckpoint(in: store, origin: origin, keys: keys)
      guard last.note.hasSameBytes(as: note) else { throw CausewayError("backup.altered") }
    } catch {
      await store.close()
      throw error
    }
    await store.close()
  }

  /// Whole verification of the ledger in a copy.
  ///
  /// - Returns: the signed note of its last checkpoint.
  /// - Throws: `ledger.unsound`; `journal.*` when the copy cannot be read.
  static func verifiedCheckpoint(
    of journal: String, origin: VerifierKey, keys: [VerifierKey]
  ) async throws(CausewayError) -> (note: String, size: Int) {
    let store = try SQLiteStore(readingFrom: journal)
    let last: (note: String, size: Int)
    do throws(CausewayError) {
      last = try await verifiedCheckpoint(in: store, origin: origin, keys: keys)
    } catch {
      await store.close()
      throw error
    }
    await store.close()
    for suffix in ["-wal", "-shm"] { Files.remove(journal + suffix) }
    return last
  }

  private static func verifiedCheckpoint(
    in store: any JournalStore, origin: VerifierKey, keys: [VerifierKey]
  ) async throws(CausewayError) -> (note: String, size: Int) {
    let (report, last) = try await store.read { reader throws(CausewayError) in
      let report = try reader.auditLedger(
        origin: origin.name, keys: keys, progress: { count, size in Console.progress("\(count) of \(size) entries verified") })
      return (report, try reader.latestCheckpoint())
    }
    Console.progressEnds()
    guard report.isSound, let last else { throw CausewayError("ledger.unsound", facts: ["findings": String(report.findingCount)]) }
    return (String(decoding: last.note, as: UTF8.self), last.size)
  }

  /// Reads a file to its end, and writes what it reads to another when one is given.
  ///
  /// - Throws: `config.file_missing`, `config.file_unwritable`.
  static func digest(of path: String, copyingTo copy: String? = nil) throws(CausewayError) -> (byteCount: Int, digest: Digest) {
    guard let source = FileHandle(forReadingAtPath: path) else { throw CausewayError("config.file_missing", pointer: path) }
    defer { try? source.close() }
    if let copy { try Files.write([], to: copy, isSecret: true) }
    let target = copy.flatMap { FileHandle(forWritingAtPath: $0) }
    defer { try? target?.close() }
    let hasher = SHA256.Hasher()
    var count = 0
    do {
      while let chunk = try source.read(upToCount: 1 << 20), !chunk.isEmpty {
        hasher.update(chunk)
        count += chunk.count
        try target?.write(contentsOf: chunk)
      }
      try target?.synchronize()
    } catch {
      throw CausewayError("config.file_unwritable", pointer: copy ?? path, underlying: String(describing: error))
    }
    return (count, hasher.finish())
  }
}
