import Ledger
import Primitives

/// A log in the layout of tlog-tiles, in memory: resources by path, for tests to break.
struct TiledLog {
  var files: [String: [UInt8]] = [:]
  var tree = CompactTree()

  /// - Parameter size: the partial tiles are those of this many entries.
  init(_ entries: some Sequence<[UInt8]>) throws {
    var builder = TileBuilder()
    var files: [String: [UInt8]] = [:]
    for entry in entries { try builder.append(entry) { files[$0.path] = $1 } }
    try builder.writePartials { files[$0.path] = $1 }
    self.files = files
    tree = builder.tree
  }

  /// The ledger's export, with its last checkpoint.
  init(_ ledger: LedgerSamples) throws {
    try self.init(ledger.entries.map(\.bytes))
    files[TiledLogAudit.checkpointPath] = ledger.head.note
  }

  func reader() throws -> TileReader {
    let files = files
    return try TileReader(size: tree.size, root: tree.root) { files[$0.path] }
  }

  func audit(_ ledger: LedgerSamples) throws -> AuditReport {
    let files = files
    return try TiledLogAudit.verify(origin: ledger.signer.origin, keys: [ledger.signer.verifierKey]) { files[$0] }
  }

  /// `count` short entries that are nothing but different.
  static func short(_ count: Int) -> [[UInt8]] { (0..<count).map { Array("entry \($0)".utf8) } }
}
