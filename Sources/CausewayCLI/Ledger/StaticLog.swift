import Foundation
import Glibc
import Ledger
import Primitives

/// A log in a folder, in the layout of C2SP tlog-tiles: any web server can host it.
struct StaticLog: Sendable {
  let folder: String
  /// The log that is meant, and the keys it is known by.
  let origin: String
  let keys: [VerifierKey]

  /// Keeps other commands from writing to the folder, which is made when it is not there. Of two that write at a time, the later could put
  /// an older checkpoint over a newer one.
  ///
  /// - Throws: `config.folder_in_use`; `config.file_unwritable`.
  func lock() throws(CausewayError) -> FolderLock { try FolderLock(folder) }

  /// - Returns: nil when there is no such file.
  func read(_ path: String) -> [UInt8]? { FileManager.default.contents(atPath: folder + "/" + path).map { [UInt8]($0) } }

  /// The signed checkpoint that the folder ends with; nil when the folder holds none.
  ///
  /// - Throws: what `SignedCheckpoint.verify` throws.
  func checkpoint() throws(CausewayError) -> SignedCheckpoint? {
    guard let note = read(TiledLogAudit.checkpointPath) else { return nil }
    return try SignedCheckpoint.verify(note, origin: origin, keys: keys)
  }

  /// - Throws: what `TileReader.init` throws.
  func reader(of checkpoint: SignedCheckpoint) throws(CausewayError) -> TileReader {
    try TileReader(size: checkpoint.size, root: checkpoint.root) { tile throws(CausewayError) in read(tile.path) }
  }
}

/// Extends a log in a folder, so that whoever reads it meanwhile finds the old one or the new one whole: full tiles first, then the partial
/// ones, then the checkpoint in one step, and only then the partial tiles of the old one go.
struct StaticLogWriter {
  private let log: StaticLog
  private let old: SignedCheckpoint?
  private var builder: TileBuilder
  /// What was written and is not known to be durable: files, and the folders they are in.
  private var written: Set<String> = []

  /// - Parameter old: the checkpoint that the folder ends with; nil begins a new log.
  /// - Throws: what `TileReader` throws when the folder's log is damaged at its end.
  init(extending log: StaticLog, from old: SignedCheckpoint?) throws(CausewayError) {
    self.log = log
    self.old = old
    if let old {
      var reader = try log.reader(of: old)
      builder = try TileBuilder(continuing: &reader)
    } else {
      builder = TileBuilder()
    }
  }

  /// Entries so far.
  var size: Int { builder.tree.size }

  /// Adds an entry that has been verified.
  mutating func append(_ entry: [UInt8]) throws(CausewayError) {
    try builder.append(entry) { tile, bytes throws(CausewayError) in try Self.write(tile, bytes, log, &written) }
  }

  private static func write(_ tile: Tile, _ bytes: [UInt8], _ log: StaticLog, _ written: inout Set<String>) throws(CausewayError) {
    let path = log.folder + "/" + tile.path
    try Files.write(bytes, to: path)
    written.insert(path)
    var folder = tile.path[...]
    while let end = folder.lastIndex(of: "/") {
      folder = folder[..<end]
      written.insert(log.folder + "/" + folder)
    }
  }

  /// Ends the log with a checkpoint.
  ///
  /// - Throws: `ledger.history_conflict` when the checkpoint is not the one of these entries: the old one then stays.
  mutating func finish(_ checkpoint: SignedCheckpoint) throws(CausewayError) {
    guard builder.tree.size == checkpoint.size, builder.tree.root == checkpoint.root else {
      throw LedgerCommand.conflict(old?.size ?? 0, checkpoint.size, "the entries do not lead to its root")
    }
    try builder.writePartials { tile, bytes throws(CausewayError) in try Self.write(tile, bytes, log, &written) }
    for path in written { try Files.sync(path) }
    let path = log.folder + "/" + TiledLogAudit.checkpointPath
    try Files.write(checkpoint.note, to: path)
    for path in [path, log.folder] { try Files.sync(path) }
    removePartials(before: checkpoint.size)
  }

  /// Partial tiles between the old end and the new one, also those that an interrupted run has left.
  private func removePartials(before size: Int) {
    let kept = Set(Tile.partials(size: size).map(\.path))
    let contents = (0..<Tile.levelCount(size: size)).map { Tile.Content.hashes(level: $0) } + [.entries]
    for content in contents {
      let places = [old?.size ?? 0, size].map { Tile.hashCount(level: content.level, size: $0) / Tile.fullWidth }
      for index in places[0]...places[1] {
        let folder = Tile(content, index: index).path + ".p"
        guard let names = try? FileManager.default.contentsOfDirectory(atPath: log.folder + "/" + folder) else { continue }
        let stale = names.filter { !kept.contains(folder + "/" + $0) }
        for name in stale { try? FileManager.default.removeItem(atPath: log.folder + "/" + folder + "/" + name) }
        if stale.count == names.count { _ = rmdir(log.folder + "/" + folder) }
      }
    }
  }
}
