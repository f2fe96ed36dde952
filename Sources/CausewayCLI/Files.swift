import Foundation
import Glibc
import Primitives

/// The file system as the commands use it: whole files, coded errors.
enum Files {
  static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }

  /// A document to work on: a file, or standard input for `-`.
  ///
  /// - Throws: `receive.file_missing`, `receive.too_large`.
  static func document(_ path: String) throws(CausewayError) -> [UInt8] {
    if path == "-" { return try standardInput() }
    guard let data = FileManager.default.contents(atPath: path) else { throw CausewayError("receive.file_missing", pointer: path) }
    return [UInt8](data)
  }

  /// - Throws: `config.file_missing`.
  static func read(_ path: String) throws(CausewayError) -> [UInt8] {
    guard let data = FileManager.default.contents(atPath: path) else { throw CausewayError("config.file_missing", pointer: path) }
    return [UInt8](data)
  }

  static func text(_ path: String) throws(CausewayError) -> String {
    guard let text = String(validating: try read(path), as: UTF8.self) else { throw CausewayError("config.file_encoding", pointer: path) }
    return text
  }

  /// Whether nobody but the owner may do anything with the file.
  ///
  /// - Throws: `config.file_missing`.
  static func isPrivate(_ path: String) throws(CausewayError) -> Bool {
    guard let mode = (try? FileManager.default.attributesOfItem(atPath: path))?[.posixPermissions] as? NSNumber else {
      throw CausewayError("config.file_missing", pointer: path)
    }
    return mode.intValue & 0o077 == 0
  }

  /// Writes the whole file or nothing of it.
  ///
  /// - Parameter isSecret: readable by its owner only (mode 0600).
  /// - Throws: `config.file_unwritable`.
  static func write(_ bytes: [UInt8], to path: String, isSecret: Bool = false) throws(CausewayError) {
    do {
      let folder = URL(filePath: path).deletingLastPathComponent().path()
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      if isSecret {
        guard FileManager.default.createFile(atPath: path, contents: Data(bytes), attributes: [.posixPermissions: 0o600]) else {
          throw CausewayError("config.file_unwritable", pointer: path)
        }
      } else {
        try Data(bytes).write(to: URL(filePath: path), options: .atomic)
      }
    } catch {
      throw CausewayError("config.file_unwritable", pointer: path, underlying: String(describing: error))
    }
  }

  /// Makes a file's or a folder's content durable.
  ///
  /// - Throws: `config.file_unwritable`.
  static func sync(_ path: String) throws(CausewayError) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw CausewayError("config.file_unwritable", pointer: path, underlying: "errno \(errno)") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw CausewayError("config.file_unwritable", pointer: path, underlying: "errno \(errno)") }
  }

  /// Makes a folder, and those above it, where there are none.
  ///
  /// - Throws: `config.file_unwritable`.
  static func makeFolder(_ path: String) throws(CausewayError) {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw CausewayError("config.file_unwritable", pointer: path, underlying: String(describing: error))
    }
  }

  /// Removes a file, if it is there.
  static func remove(_ path: String) { unlink(path) }

  /// Standard input to its end, at most `limit` bytes.
  ///
  /// - Throws: `receive.too_large`.
  static func standardInput(limit: Int = 64 << 20) throws(CausewayError) -> [UInt8] {
    var bytes: [UInt8] = []
    while let chunk = try? FileHandle.standardInput.read(upToCount: 1 << 16), !chunk.isEmpty {
      bytes += chunk
      guard bytes.count <= limit else { throw CausewayError("receive.too_large", facts: ["limit": String(limit)]) }
    }
    return bytes
  }

  /// Where the dictionary, code lists, profiles and policies are: as stated, by `CAUSEWAY_SCHEMAS`, or beside the executable or above it.
  ///
  /// - Throws: `config.schemas_missing`.
  static func schemas(_ stated: String?) throws(CausewayError) -> String {
    func holds(_ folder: String) -> Bool { FileManager.default.fileExists(atPath: folder + "/canonical/dictionary.csv") }
    let environment = ProcessInfo.processInfo.environment["CAUSEWAY_SCHEMAS"]
    if let folder = stated ?? environment {
      guard holds(folder) else { throw CausewayError("config.schemas_missing", pointer: folder) }
      return folder
    }
    var folder = URL(filePath: executable).resolvingSymlinksInPath().deletingLastPathComponent()
    for _ in 0..<6 {
      for candidate in ["schemas", "share/causeway/schemas"] {
        let path = folder.appending(path: candidate).path()
        if holds(path) { return path }
      }
      folder = folder.deletingLastPathComponent()
    }
    throw CausewayError("config.schemas_missing", pointer: executable)
  }

  /// This program's own file.
  static var executable: String {
    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? CommandLine.arguments[0]
  }
}
