import CSQLite
import Foundation
import Synchronization

/// A disk that can be told to fail: an SQLite VFS over the usual one, for files with `failing` in their name.
///
/// - SeeAlso: https://sqlite.org/vfs.html
enum FailingDisk {
  enum Failure: Int {
    case none
    /// No room: every write fails with `SQLITE_FULL`.
    case full
    /// What was written cannot be made durable: every sync fails with `SQLITE_IOERR_FSYNC`.
    case sync
    /// Every write fails with `SQLITE_IOERR_WRITE`.
    case write
  }

  /// Applies to all such files of the process: tests that use it run one after the other.
  static func set(_ failure: Failure) { current.store(failure.rawValue, ordering: .sequentiallyConsistent) }

  /// Puts the disk in place of the usual one. Once.
  static let isInstalled: Bool = {
    guard let usual = sqlite3_vfs_find(nil) else { return false }
    let disk = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
    disk.initialize(to: usual.pointee)
    disk.pointee.zName = UnsafePointer(strdup("failing"))
    disk.pointee.pNext = nil
    open = usual.pointee.xOpen
    disk.pointee.xOpen = { vfs, name, file, flags, outFlags in
      guard let code = open?(vfs, name, file, flags, outFlags) else { return SQLITE_CANTOPEN }
      if code == SQLITE_OK, let name, strstr(name, "failing") != nil, let usual = file?.pointee.pMethods {
        file?.pointee.pMethods = wrapped(usual)
      }
      return code
    }
    return sqlite3_vfs_register(disk, 1) == SQLITE_OK
  }()

  private static let current = Atomic(0)

  // Written once, before what reads them runs.
  private nonisolated(unsafe) static var open:
    (
      @convention(c) (
        UnsafeMutablePointer<sqlite3_vfs>?, UnsafePointer<CChar>?, UnsafeMutablePointer<sqlite3_file>?, Int32,
        UnsafeMutablePointer<Int32>?
      ) -> Int32
    )?
  private nonisolated(unsafe) static var usualMethods: UnsafePointer<sqlite3_io_methods>?
  /// Address of a usual table to the address of its copy.
  private static let copies = Mutex<[UInt: UInt]>([:])

  /// The usual methods with the ones replaced that can fail. The usual VFS has a table for files that are locked and one for others;
  /// both write and sync alike.
  private static func wrapped(_ usual: UnsafePointer<sqlite3_io_methods>) -> UnsafePointer<sqlite3_io_methods>? {
    let address = copies.withLock { copies in
      if let copy = copies[UInt(bitPattern: usual)] { return copy }
      if usualMethods == nil { usualMethods = usual }
      let copy = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
      copy.initialize(to: usual.pointee)
      copy.pointee.xWrite = { file, bytes, count, offset in
        switch Failure(rawValue: FailingDisk.current.load(ordering: .sequentiallyConsistent)) {
        case .full: SQLITE_FULL
        case .write: SQLITE_IOERR | 3 << 8
        default: FailingDisk.usualMethods?.pointee.xWrite(file, bytes, count, offset) ?? SQLITE_ERROR
        }
      }
      copy.pointee.xSync = { file, flags in
        FailingDisk.current.load(ordering: .sequentiallyConsistent) == Failure.sync.rawValue
          ? SQLITE_IOERR | 4 << 8 : FailingDisk.usualMethods?.pointee.xSync(file, flags) ?? SQLITE_ERROR
      }
      copies[UInt(bitPattern: usual)] = UInt(bitPattern: copy)
      return UInt(bitPattern: copy)
    }
    return UnsafePointer(bitPattern: address)
  }
}
