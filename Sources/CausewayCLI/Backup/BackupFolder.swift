import Foundation
import Gateway
import Journal
import JournalSQLite
import Ledger
import Primitives
import Trust

/// A folder with a copy of a journal and its manifest.
struct BackupFolder {
  let path: String
  var journal: String { path + "/journal.sqlite" }
  var manifest: String { path + "/backup.json" }

  /// Whole verification of the ledger in a copy.
  ///
  /// - Returns: the signed note of its last checkpoint.
  /// - Throws: `ledger.unsound`; `journal.*` when the copy cannot be read.
  static func verifiedCheckpoint(
    of journal: String, origin: VerifierKey, keys: [VerifierKey]
  ) async throws(CausewayError) -> (note: String, size: Int) {
    let store = try SQLiteStore(readingFrom: journal)
    let (report, last) = try await store.read { reader throws(CausewayError) in
      let report = try reader.auditLedger(
        origin: origin.name, keys: keys, progress: { count, size in Console.progress("\(count) of \(size) entries verified") })
      return (report, try reader.latestCheckpoint())
    }
    await store.close()
    Console.progressEnds()
    for suffix in ["-wal", "-shm"] { Files.remove(journal + suffix) }
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
