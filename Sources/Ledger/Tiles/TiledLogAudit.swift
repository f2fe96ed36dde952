package import Primitives

/// Verifies a whole log in the layout of C2SP tlog-tiles with nothing but its resources and its key: signature, every entry, the chain,
/// every hash of every tile, the root.
package enum TiledLogAudit {
  /// Lends the bytes of a resource by its path below the log's prefix; nil when it is not there.
  package typealias Read = (String) throws(CausewayError) -> [UInt8]?

  /// Where the signed checkpoint is.
  package static let checkpointPath = "checkpoint"

  /// - Parameters:
  ///   - origin: the log that is meant, and `keys` its keys: pinned by the caller.
  ///   - progress: called for each bundle with how many entries have been read, and how many there should be.
  /// - Returns: a report whose findings name files; also of a checkpoint that is missing or does not verify.
  /// - Throws: what `read` throws; damage is reported, not thrown.
  /// - Complexity: O(*n*) time, one bundle and one tile a level in memory.
  package static func verify(
    origin: String, keys: [VerifierKey], progress: (Int, Int) -> Void = { _, _ in }, read: @escaping Read
  ) throws(CausewayError) -> AuditReport {
    let checkpoint: SignedCheckpoint
    do throws(CausewayError) {
      guard let note = try read(checkpointPath) else { throw CausewayError("ledger.tile_missing", facts: ["path": checkpointPath]) }
      checkpoint = try SignedCheckpoint.verify(note, origin: origin, keys: keys)
    } catch  where error.code.rawValue.hasPrefix("ledger.") {
      // Without it nothing says how large the log is, or what it holds.
      var report = AuditReport()
      report.note(AuditFinding(.checkpoint, index: 0, field: error.code.rawValue))
      report.locate { _ in checkpointPath }
      return report
    }
    let tiles = RawTiles(size: checkpoint.size, read: read)
    var audit = LedgerAudit(
      checkpoints: [checkpoint], storedNode: { node throws(CausewayError) in try tiles.hash(node) }, storedLevels: Tile.height)
    for index in 0..<(checkpoint.size + Tile.fullWidth - 1) / Tile.fullWidth {
      try addBundle(index, tiles, to: &audit)
      progress(min((index + 1) * Tile.fullWidth, checkpoint.size), checkpoint.size)
    }
    var report = try audit.finish()
    for flaw in tiles.flaws { report.note(flaw) }
    report.locate { file(of: $0, size: checkpoint.size) }
    return report
  }

  private static func addBundle(_ index: Int, _ tiles: RawTiles, to audit: inout LedgerAudit) throws(CausewayError) {
    guard let tile = Tile(.entries, index: index, size: tiles.size) else { return }
    let first = index * Tile.fullWidth
    guard let (bytes, width) = try tiles.bytes(of: tile) else {
      return audit.note(.index, first, "missing up to \(first + tile.width - 1)")
    }
    let (entries, isWhole) = EntryBundle.split(bytes, most: width)
    for (offset, entry) in entries.prefix(tile.width).enumerated() {
      let leaf = try tiles.hash(TreeNode(level: 0, index: first + offset))
      try audit.add(entry, stored: LedgerAudit.Stored(index: first + offset, leaf: leaf))
    }
    if entries.count < tile.width {
      audit.note(.data, first + entries.count, "length")
    } else if !isWhole {
      audit.note(.data, first + tile.width - 1, "surplus bytes")
    }
  }

  private static func file(of finding: AuditFinding, size: Int) -> String? {
    let content: Tile.Content
    let index: Int
    switch finding.damage {
    case .checkpoint, .archive: return checkpointPath
    case .tree:
      let level = finding.level / Tile.height
      content = .hashes(level: level)
      index = finding.index >> (Tile.height * (level + 1))
    case .data, .index, .chain:
      content = .entries
      index = finding.index / Tile.fullWidth
    }
    return Tile(content, index: index, size: size)?.path
  }
}

/// The hashes of a log's tiles as they lie there, unverified, one tile a level at a time.
private final class RawTiles {
  let size: Int
  private let read: TiledLogAudit.Read
  private var known: [Int: (index: Int, hashes: [Digest])] = [:]
  private(set) var flaws: [AuditFinding] = []

  init(size: Int, read: @escaping TiledLogAudit.Read) {
    self.size = size
    self.read = read
  }

  /// - Parameter node: of a level that is a multiple of 8.
  /// - Returns: nil when the tile is not there or ends before.
  func hash(_ node: TreeNode) throws(CausewayError) -> Digest? {
    let level = node.level / Tile.height
    let hashes = try hashes(level, node.index / Tile.fullWidth)
    let offset = node.index % Tile.fullWidth
    return offset < hashes.count ? hashes[offset] : nil
  }

  /// The bytes of a tile, or of the full one in its place, and how many hashes or entries belong there.
  func bytes(of tile: Tile) throws(CausewayError) -> (bytes: [UInt8], width: Int)? {
    if let bytes = try read(tile.path) { return (bytes, tile.width) }
    guard !tile.isFull, let bytes = try read(tile.full.path) else { return nil }
    return (bytes, Tile.fullWidth)
  }

  private func hashes(_ level: Int, _ index: Int) throws(CausewayError) -> [Digest] {
    if let known = known[level], known.index == index { return known.hashes }
    guard let tile = Tile(.hashes(level: level), index: index, size: size) else { return [] }
    let (bytes, width) = try bytes(of: tile) ?? ([], tile.width)
    if bytes.count > width * 32 {
      let last = TreeNode(level: level * Tile.height, index: index * Tile.fullWidth + tile.width - 1)
      flaws.append(AuditFinding(subtree: last, field: "surplus bytes"))
    }
    let whole = min(bytes.count, tile.width * 32) / 32 * 32
    let hashes = stride(from: 0, to: whole, by: 32).compactMap { Digest(bytes[$0..<$0 + 32]) }
    known[level] = (index, hashes)
    return hashes
  }
}
