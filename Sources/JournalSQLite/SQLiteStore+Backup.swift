import Glibc
package import JournalSQL
package import Primitives

extension SQLiteStore {
  /// Copies a journal as of one moment, whether or not a gateway is using it. The copy is a file of its own that its owner alone can read.
  ///
  /// - Parameter copy: path of a file that does not exist.
  /// - Throws: `journal.open_failed`, `journal.newer_schema`, `journal.storage_full`, `journal.storage`.
  package static func copy(_ path: String, to copy: String) throws(CausewayError) {
    let source = try SQLiteConnection(path: path, mode: try readingMode(path))
    try FileLock.createFile(copy)
    try source.copy(to: copy)
  }

  /// Puts a copy in the place of a journal that no gateway is using, or where there is none. The folder never lacks a journal in between.
  ///
  /// - Parameters:
  ///   - copy: path in the same file system; the file is moved from there.
  ///   - aside: path under which the journal that was there is kept; nil: there must be none.
  /// - Throws: `journal.locked`; `journal.open_failed` when there is a journal and `aside` is nil, or a file cannot be moved.
  package static func install(_ copy: String, at path: String, aside: String?) throws(CausewayError) {
    let lock = try FileLock(path: path + ".lock")
    defer { lock.release() }
    if FileLock.exists(path) {
      guard let aside else { throw CausewayError("journal.open_failed", underlying: "there is a journal") }
      // Folds the write-ahead log into the file. One that is damaged is set aside as it is, with its log.
      try? SQLiteConnection(path: path, mode: .readWrite).execute(script: "PRAGMA wal_checkpoint(TRUNCATE)")
      try Self.check(link(path, aside), "link")
      if FileLock.exists(path + "-wal") { try Self.check(rename(path + "-wal", aside + "-wal"), "rename") }
    }
    // A log or index of another database beside the copy would be taken for its own.
    for suffix in ["-wal", "-shm"] where FileLock.exists(path + suffix) { try Self.check(unlink(path + suffix), "unlink") }
    try Self.check(rename(copy, path), "rename")
    try FileLock.syncFolder(of: path)
  }

  private static func check(_ result: Int32, _ call: String) throws(CausewayError) {
    guard result == 0 else { throw CausewayError("journal.open_failed", underlying: "\(call): errno \(errno)") }
  }
}

extension SQLiteStore {
  /// Makes a journal of the rows of another database, whose owner alone can read it.
  ///
  /// - Parameters:
  ///   - path: of a file that does not exist.
  ///   - source: within a transaction that sees one moment.
  /// - Throws: `journal.open_failed`, `journal.storage_full`, `journal.storage`; what the source throws.
  package static func make(_ path: String, from source: any SQLConnection) throws(CausewayError) {
    try FileLock.createFile(path)
    let target = try SQLiteConnection(path: path, mode: .readWrite)
    // Whoever copies makes the file durable when it is whole.
    try target.execute(script: "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
    try Migration.migrate(target)
    try target.execute(script: "BEGIN")
    try JournalCopy.copy(from: source, to: target)
    try target.execute(script: "COMMIT")
  }

  /// Pours all rows of a journal that nobody else is using into another database, after bringing its schema up to date.
  ///
  /// - Throws: `journal.open_failed`, `journal.newer_schema`, `journal.storage`; what the target throws.
  package static func pour(_ path: String, into target: any SQLConnection) throws(CausewayError) {
    let source = try SQLiteConnection(path: path, mode: .readWrite)
    try Migration.migrate(source)
    try source.execute(script: "BEGIN")
    try JournalCopy.copy(from: source, to: target)
    try source.execute(script: "COMMIT")
  }
}
