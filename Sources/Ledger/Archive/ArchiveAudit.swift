package import Primitives

/// Verifies archives of a ledger, one after the other from its first entry on, with nothing but their files and the ledger's key.
///
/// Checked of each: its manifest, that it begins where the one before ended and names it, its signed checkpoint, every tile of hashes up to the
/// checkpoint's root, every entry against its leaf hash, the chain and the order of times, also across the border, and that it goes on from the
/// history of the archives before. Findings name the archive's file.
/// - Complexity: O(*n*) time in the checkpoint's size; one bundle and one tile a level in memory.
package struct ArchiveAudit {
  /// Lends the bytes of a file by its path below the archive's folder; nil when it is not there. Need not be true.
  package typealias Read = (String) throws(CausewayError) -> [UInt8]?

  private let origin: String
  private let keys: [VerifierKey]
  private var state: AuditState
  /// Digest of the last manifest.
  private var previous: Digest
  private var report = AuditReport()
  /// The last archive added, when it has a manifest that can be read.
  package private(set) var last: ArchiveManifest?

  /// - Parameters:
  ///   - origin: the ledger that is meant, and `keys` its keys: pinned by the caller.
  ///   - archive: one that was verified before; the first to add is the one behind it.
  package init(origin: String, keys: [VerifierKey], after archive: ArchiveManifest? = nil) {
    self.origin = origin
    self.keys = keys
    state = archive?.state ?? AuditState()
    previous = archive?.digest ?? .zero
    report.start = state.size
  }

  /// Takes the next archive.
  ///
  /// - Parameters:
  ///   - name: what findings call it, for example its folder.
  ///   - read: lends its files.
  /// - Throws: what `read` throws; damage is reported, not thrown.
  package mutating func add(_ name: String, read: @escaping Read) throws(CausewayError) {
    var pass = Pass(name: name, read: read, state: state)
    if let (manifest, checkpoint) = try identify(&pass) {
      try pass.run(manifest, checkpoint)
      report.checkpointCount += 1
      if pass.report.findingCount == 0 { report.checkpoint = checkpoint.checkpoint }
    }
    report.take(pass.report)
  }

  /// What was found in all of them. Not sound when there was none.
  package func finish() -> AuditReport { report }

  /// The last archive, when it and all before it are sound.
  package var verified: VerifiedArchive? { report.isSound ? last.map { VerifiedArchive(manifest: $0) } : nil }

  /// Which archive it is, and its checkpoint; nil when what is wrong leaves nothing to verify.
  private mutating func identify(_ pass: inout Pass) throws(CausewayError) -> (ArchiveManifest, SignedCheckpoint)? {
    let path = ArchiveManifest.path
    last = nil
    guard let bytes = try pass.read(path) else {
      pass.note(.archive, state.size, "no manifest", path)
      return nil
    }
    let manifest: ArchiveManifest
    do {
      manifest = try ArchiveManifest(parsing: bytes)
    } catch {
      pass.note(.archive, state.size, error.problems[0].facts["field"] ?? "manifest", path)
      return nil
    }
    // What comes behind is held against this one, whatever is wrong with it.
    let (state, previous) = (state, previous)
    (self.state, self.previous, last) = (manifest.state, manifest.digest, manifest)
    guard manifest.origin.hasSameBytes(as: origin) else {
      pass.note(.archive, manifest.start, "origin", path)
      return nil
    }
    guard manifest.start == state.size else {
      let isGap = manifest.start > state.size
      pass.note(
        .index, min(manifest.start, state.size), isGap ? "missing up to \(manifest.start - 1)" : "archived before, up to \(state.size - 1)",
        path)
      return nil
    }
    guard manifest.previous == previous else {
      pass.note(.archive, manifest.start, "previous", path)
      return nil
    }
    do {
      let checkpoint = try SignedCheckpoint.verify(manifest.note, origin: origin, keys: keys)
      guard checkpoint.size >= manifest.end else {
        pass.note(.archive, manifest.start, "end", path)
        return nil
      }
      return (manifest, checkpoint)
    } catch {
      pass.note(.checkpoint, manifest.end, error.code.rawValue, path)
      return nil
    }
  }
}

/// An archive of which every byte has been verified: only such a one may take entries out of a journal.
package struct VerifiedArchive: Sendable {
  package let manifest: ArchiveManifest

  fileprivate init(manifest: ArchiveManifest) { self.manifest = manifest }
}

/// One pass over the files of one archive.
private struct Pass {
  let name: String
  let read: ArchiveAudit.Read
  private(set) var report = AuditReport()

  /// The end of the archive before.
  private let start: AuditState
  /// Leaf hash of the entry before; nil when it is not known.
  private var lastHash: Digest?
  private var lastTime: Instant?
  /// Files that there is a finding of: one is enough.
  private var flawed: Set<String> = []

  init(name: String, read: @escaping ArchiveAudit.Read, state: AuditState) {
    self.name = name
    self.read = read
    start = state
    lastHash = state.lastHash
    lastTime = state.lastTime
  }

  mutating func note(_ damage: AuditFinding.Damage, _ index: Int, _ field: String, _ path: String) {
    var finding = AuditFinding(damage, index: index, field: field)
    finding.file = name + "/" + path
    report.note(finding)
  }

  mutating func run(_ manifest: ArchiveManifest, _ checkpoint: SignedCheckpoint) throws(CausewayError) {
    if try read(TiledLogAudit.checkpointPath) != manifest.note {
      note(.checkpoint, checkpoint.size, "another than in the manifest", TiledLogAudit.checkpointPath)
    }
    var tiles: TileReader
    do throws(CausewayError) {
      tiles = try TileReader(size: checkpoint.size, root: checkpoint.root) { [read] tile throws(CausewayError) in try read(tile.path) }
    } catch {
      return try noteTile(error)
    }
    for index in 0..<(checkpoint.size + Tile.fullWidth - 1) / Tile.fullWidth {
      let isOwn = manifest.start / Tile.fullWidth <= index && index < manifest.end / Tile.fullWidth
      do throws(CausewayError) {
        let hashes = try tiles.leafHashes(index)
        if isOwn { try checkBundle(index, hashes) }
      } catch {
        try noteTile(error)
        if isOwn { lastHash = nil }
      }
    }
    guard report.findingCount == 0, let lastHash else { return }
    let before = try CompactTree(size: start.size) { node throws(CausewayError) in try tiles.node(node) }
    if before != start.tree { note(.archive, manifest.start, "goes on from another history", ArchiveManifest.path) }
    let tree = try CompactTree(size: manifest.end) { node throws(CausewayError) in try tiles.node(node) }
    if AuditState(tree: tree, lastHash: lastHash, lastTime: lastTime) != manifest.state {
      note(.archive, manifest.start, "state", ArchiveManifest.path)
    }
  }

  /// A tile that is not there or does not lead to the root. What else was thrown is thrown on.
  private mutating func noteTile(_ error: CausewayError) throws(CausewayError) {
    let field: String
    switch error.code {
    case "ledger.tile_missing": field = "missing"
    case "ledger.tile_malformed": field = "length"
    case "ledger.tile_mismatch", "ledger.proof_mismatch": field = "does not lead to the signed root"
    default: throw error
    }
    let path = error.problems[0].facts["path"] ?? TiledLogAudit.checkpointPath
    guard flawed.insert(path).inserted else { return }
    let tile = Tile(path: path)
    let first = tile.map { TreeNode(level: $0.content.level * Tile.height, index: $0.index * Tile.fullWidth).firstLeaf } ?? 0
    note(.tree, first, field, path)
  }

  private mutating func checkBundle(_ index: Int, _ hashes: [Digest]) throws(CausewayError) {
    let path = Tile(.entries, index: index).path
    let first = index * Tile.fullWidth
    guard let bytes = try read(path) else {
      note(.index, first, "missing up to \(first + Tile.fullWidth - 1)", path)
      lastHash = hashes.last
      return
    }
    let (entries, isWhole) = EntryBundle.split(bytes)
    for (offset, entry) in entries.enumerated() { checkEntry(entry, first + offset, hashes[offset], path) }
    if entries.count < Tile.fullWidth {
      note(.data, first + entries.count, "length", path)
    } else if !isWhole {
      note(.data, first + Tile.fullWidth - 1, "surplus bytes", path)
    }
    lastHash = hashes.last
  }

  /// - Parameter leaf: verified up to the signed root: what it is not the hash of is damaged, whatever stands in it.
  private mutating func checkEntry(_ bytes: [UInt8], _ index: Int, _ leaf: Digest, _ path: String) {
    report.entryCount += 1
    report.byteCount += bytes.count
    defer { lastHash = leaf }
    guard MerkleTree.leafHash(bytes) == leaf else { return note(.data, index, "entry", path) }
    let entry: ScannedEntry
    do {
      entry = try ScannedEntry(bytes)
    } catch {
      return note(.data, index, error.problems[0].facts["field"] ?? "entry", path)
    }
    if entry.index != index { note(.index, index, "index", path) }
    if let lastHash, entry.previous != lastHash { note(.chain, index, "previous", path) }
    if let lastTime, entry.time < lastTime { note(.data, index, "time", path) }
    lastTime = entry.time
  }
}
