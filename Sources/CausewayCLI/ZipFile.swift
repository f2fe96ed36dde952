import CZip
import Glibc
import Primitives

/// Writes ZIP archives, by libzip.
enum ZipFile {
  struct Member {
    let name: String
    let bytes: [UInt8]
    var isCompressed = true
  }

  /// Writes a new file that its owner alone can read. The members stand in it in their order, with no fields beyond the plain ones.
  ///
  /// - Throws: `config.file_exists`; `config.file_unwritable`.
  static func write(_ members: [Member], to path: String) throws(CausewayError) {
    func failure(_ text: String) -> CausewayError { CausewayError("config.file_unwritable", pointer: path, underlying: text) }
    let mask = umask(0o077)
    defer { umask(mask) }
    var code: Int32 = 0
    guard let archive = zip_open(path, ZIP_CREATE | ZIP_EXCL, &code) else {
      throw code == ZIP_ER_EXISTS ? CausewayError("config.file_exists", pointer: path) : failure("libzip: \(code)")
    }
    do throws(CausewayError) {
      for member in members { try add(member, to: archive, failure) }
    } catch {
      zip_discard(archive)
      throw error
    }
    guard zip_close(archive) == 0 else {
      defer { zip_discard(archive) }
      throw failure(String(cString: zip_strerror(archive)))
    }
  }

  private static func add(
    _ member: Member, to archive: OpaquePointer, _ failure: (String) -> CausewayError
  ) throws(CausewayError) {
    // libzip reads the copy when the archive is closed, and frees it then.
    guard let copy = malloc(max(1, member.bytes.count)) else { throw failure("out of memory") }
    member.bytes.withUnsafeBytes { bytes in
      if let start = bytes.baseAddress { memcpy(copy, start, bytes.count) }
    }
    guard let source = zip_source_buffer(archive, copy, UInt64(member.bytes.count), 1) else {
      free(copy)
      throw failure(String(cString: zip_strerror(archive)))
    }
    let index = zip_file_add(archive, member.name, source, 0)
    guard index >= 0 else {
      zip_source_free(source)
      throw failure(String(cString: zip_strerror(archive)))
    }
    let method = member.isCompressed ? ZIP_CM_DEFLATE : ZIP_CM_STORE
    guard zip_set_file_compression(archive, UInt64(index), Int32(method), 0) == 0 else {
      throw failure(String(cString: zip_strerror(archive)))
    }
  }
}
