import Foundation
import Ledger
import Primitives

/// An archive of a ledger in a folder.
struct ArchiveFolder: Sendable {
  let path: String

  /// - Returns: nil when there is no such file.
  func read(_ file: String) -> [UInt8]? { FileManager.default.contents(atPath: path + "/" + file).map { [UInt8]($0) } }

  /// What archives in folders hold; nil when there are none. A folder that is not there, for example because a disk is not mounted, holds nothing.
  static func entries(of folders: [String]) -> ArchivedEntries? {
    folders.isEmpty ? nil : ArchivedEntries(folders.map { folder in { ArchiveFolder(path: folder).read($0) } })
  }

  /// Verifies archives one after the other.
  static func audit(_ folders: [String], origin: String, keys: [VerifierKey]) throws(CausewayError) -> ArchiveAudit {
    var audit = ArchiveAudit(origin: origin, keys: keys)
    for folder in folders {
      Console.progress("verifying \(folder)")
      try audit.add(folder) { path throws(CausewayError) in ArchiveFolder(path: folder).read(path) }
    }
    Console.progressEnds()
    return audit
  }
}

/// Writes one archive: tiles, bundles and checkpoint first, the manifest last, each of them durable before the next step.
struct ArchiveWriter: Sendable {
  private let folder: String
  private var written: Set<String> = []

  /// - Throws: `config.folder_not_empty`; `config.folder_in_use`, `config.file_unwritable`.
  init(_ folder: String) throws(CausewayError) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    guard names.allSatisfy({ $0 == ".lock" }) else { throw CausewayError("config.folder_not_empty", pointer: folder) }
    self.folder = folder
  }

  mutating func write(_ bytes: [UInt8], to path: String) throws(CausewayError) {
    try Files.write(bytes, to: folder + "/" + path)
    written.insert(folder + "/" + path)
    var above = path[...]
    while let end = above.lastIndex(of: "/") {
      above = above[..<end]
      written.insert(folder + "/" + above)
    }
    written.insert(folder)
  }

  mutating func sync() throws(CausewayError) {
    for path in written { try Files.sync(path) }
    written = []
  }
}
