import Primitives
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// An exclusive lock on a file of its own, held until released or until the process ends, however it ends.
final class FileLock: Sendable {
  private let descriptor: Mutex<Int32?>

  /// - Throws: `journal.locked` when another holds it; `journal.open_failed` when the file cannot be made.
  init(path: String) throws(CausewayError) {
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw CausewayError("journal.open_failed", underlying: "lock file: errno \(errno)") }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      throw CausewayError("journal.locked")
    }
    self.descriptor = Mutex(descriptor)
  }

  deinit { release() }

  /// Creates an empty file that its owner alone can read, unless there is one, and makes its name durable.
  ///
  /// - Throws: `journal.open_failed`.
  static func createFile(_ path: String) throws(CausewayError) {
    let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      guard errno == EEXIST else { throw CausewayError("journal.open_failed", underlying: "database file: errno \(errno)") }
      return
    }
    close(descriptor)
    try syncFolder(of: path)
  }

  /// Makes the names in a file's folder durable.
  ///
  /// - Throws: `journal.open_failed`.
  static func syncFolder(of path: String) throws(CausewayError) {
    let end = path.utf8.lastIndex(of: 0x2F)
    let folder = open(end.map { String(path[..<$0]) + "/" } ?? ".", O_RDONLY | O_CLOEXEC)
    guard folder >= 0 else { throw CausewayError("journal.open_failed", underlying: "folder: errno \(errno)") }
    defer { close(folder) }
    guard fsync(folder) == 0 else { throw CausewayError("journal.open_failed", underlying: "folder sync: errno \(errno)") }
  }

  static func exists(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 || errno != ENOENT
  }

  /// Whether there is nothing to read at a path.
  static func isAbsentOrEmpty(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) != 0 ? errno == ENOENT : status.st_size == 0
  }

  func release() {
    descriptor.withLock { descriptor in
      if let open = descriptor {
        // Not by closing alone: a process that is being started holds a copy of the descriptor until it runs its own program.
        flock(open, LOCK_UN)
        close(open)
      }
      descriptor = nil
    }
  }
}
