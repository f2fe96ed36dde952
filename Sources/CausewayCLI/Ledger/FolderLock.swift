import Foundation
import Glibc
import Primitives

/// An exclusive lock on a folder by a file `.lock` in it, held until released or until the process ends, however it ends.
final class FolderLock {
  private let descriptor: Int32

  /// - Throws: `config.folder_in_use` when another holds it; `config.file_unwritable`.
  init(_ folder: String) throws(CausewayError) {
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw CausewayError("config.file_unwritable", pointer: folder, underlying: String(describing: error))
    }
    descriptor = open(folder + "/.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw CausewayError("config.file_unwritable", pointer: folder, underlying: "errno \(errno)") }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else { throw CausewayError("config.folder_in_use", pointer: folder) }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  func release() { flock(descriptor, LOCK_UN) }
}
