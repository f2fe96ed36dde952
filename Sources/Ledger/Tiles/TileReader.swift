package import Primitives

/// Reads a tiled log of which one checkpoint is believed: whatever it hands out has been verified against the checkpoint's root.
///
/// The partial tiles on the right edge are the roots of all complete subtrees of the tree, so that they verify each other by the root.
/// Every other tile is verified by the hash in the tile above it, and a bundle by the tile of level 0. A partial tile that is not there
/// is taken from the full one, because a log may delete it then.
/// - Complexity: holds one tile a level, at most 7 of 8 KiB, besides the right edge.
/// - SeeAlso: C2SP tlog-tiles, Partial Tiles.
package struct TileReader {
  /// Lends the bytes of a resource; nil when it is not there. Need not be true.
  package typealias Fetch = (Tile) throws(CausewayError) -> [UInt8]?

  /// The tree of the checkpoint.
  package let tree: CompactTree
  private let fetch: Fetch
  /// By level: the hashes of the partial tile; empty where there is none.
  package let edge: [[Digest]]
  /// By level: the full tile verified last.
  private var verified: [Int: (index: Int, hashes: [Digest])] = [:]

  /// Fetches and verifies the right edge.
  ///
  /// - Parameters:
  ///   - size: of a checkpoint whose signature has been verified, and `root` its root.
  /// - Throws: `ledger.tile_missing`, `ledger.tile_malformed`, `ledger.tile_mismatch` (fact `path`); what `fetch` throws.
  package init(size: Int, root: Digest, fetch: @escaping Fetch) throws(CausewayError) {
    guard size >= 0, size <= MerkleTree.largestSize else { throw CausewayError("ledger.proof_index") }
    var edge = [[Digest]](repeating: [], count: Tile.levelCount(size: size))
    var lowest: Tile?
    for tile in Tile.partials(size: size) {
      guard case .hashes(let level) = tile.content else { continue }
      edge[level] = try Self.hashes(of: tile, fetch)
      lowest = lowest ?? tile
    }
    var frontier: [Digest] = []
    for hashes in edge.reversed() {
      var part = CompactTree()
      for hash in hashes { part.append(hash) }
      frontier += part.frontier
    }
    guard let tree = CompactTree(size: size, frontier: frontier), tree.root == root else {
      throw lowest?.mismatch ?? CausewayError("ledger.proof_mismatch")
    }
    self.tree = tree
    self.edge = edge
    self.fetch = fetch
  }

  package var size: Int { tree.size }

  /// The entries of one bundle, in order.
  ///
  /// - Parameter index: of the bundle; entry `i` is in bundle `i / 256`.
  /// - Throws: `ledger.proof_index` when the log has no such bundle; otherwise as ``init(size:root:fetch:)``.
  package mutating func bundle(_ index: Int) throws(CausewayError) -> [[UInt8]] {
    guard let tile = Tile(.entries, index: index, size: size) else { throw CausewayError("ledger.proof_index") }
    let hashes = try hashes(level: 0, index: index)
    let (bytes, found) = try Self.bytes(of: tile, fetch)
    let entries = try found.entries(parsing: bytes).prefix(tile.width)
    guard zip(entries, hashes).allSatisfy({ MerkleTree.leafHash($0) == $1 }) else { throw tile.mismatch }
    return Array(entries)
  }

  /// The leaf hashes of one tile of level 0, partial at the right edge.
  ///
  /// - Throws: as ``bundle(_:)``.
  package mutating func leafHashes(_ index: Int) throws(CausewayError) -> [Digest] {
    guard Tile(.hashes(level: 0), index: index, size: size) != nil else { throw CausewayError("ledger.proof_index") }
    return try hashes(level: 0, index: index)
  }

  /// The root of one complete subtree.
  ///
  /// - Throws: `ledger.proof_index` when the tree has no such subtree; otherwise as ``init(size:root:fetch:)``.
  package mutating func node(_ node: TreeNode) throws(CausewayError) -> Digest {
    guard (0..<53).contains(node.level), node.index >= 0, node.index < size >> node.level else {
      throw CausewayError("ledger.proof_index")
    }
    let (level, height) = node.level.quotientAndRemainder(dividingBy: Tile.height)
    let first = node.index << height
    let offset = first % Tile.fullWidth
    return MerkleTree.root(of: try hashes(level: level, index: first / Tile.fullWidth)[offset..<offset + 1 << height])
  }

  /// Root of the first `size` entries: what an earlier checkpoint of the same log must have.
  package mutating func root(size: Int) throws(CausewayError) -> Digest {
    guard size <= self.size else { throw CausewayError("ledger.proof_index") }
    return try MerkleTree.root(size: size) { node throws(CausewayError) in try self.node(node) }
  }

  /// - Throws: `ledger.proof_index` unless `0 ≤ index < size`; otherwise as ``init(size:root:fetch:)``.
  package mutating func inclusionProof(index: Int) throws(CausewayError) -> InclusionProof {
    try InclusionProof(index: index, size: size) { node throws(CausewayError) in try self.node(node) }
  }

  /// Proof that this log extends the one of `oldSize` entries.
  package mutating func consistencyProof(from oldSize: Int) throws(CausewayError) -> ConsistencyProof {
    try ConsistencyProof(from: oldSize, to: size) { node throws(CausewayError) in try self.node(node) }
  }

  /// What ``bundle(_:)`` would fetch: the bundle, and the tiles over it that are not verified yet, from below. At most 8.
  package func tiles(forBundle index: Int) -> [Tile] {
    guard let bundle = Tile(.entries, index: index, size: size) else { return [] }
    var tiles = [bundle]
    var (level, place) = (0, index)
    while place < Tile.hashCount(level: level, size: size) / Tile.fullWidth, verified[level]?.index != place {
      tiles.append(Tile(.hashes(level: level), index: place))
      level += 1
      place /= Tile.fullWidth
    }
    return tiles
  }

  /// The hashes of one tile, verified.
  private mutating func hashes(level: Int, index: Int) throws(CausewayError) -> [Digest] {
    if index == Tile.hashCount(level: level, size: size) / Tile.fullWidth { return edge[level] }
    if let known = verified[level], known.index == index { return known.hashes }
    let tile = Tile(.hashes(level: level), index: index)
    let above = try hashes(level: level + 1, index: index / Tile.fullWidth)
    let hashes = try Self.hashes(of: tile, fetch)
    guard MerkleTree.root(of: hashes) == above[index % Tile.fullWidth] else { throw tile.mismatch }
    verified[level] = (index, hashes)
    return hashes
  }

  private static func hashes(of tile: Tile, _ fetch: Fetch) throws(CausewayError) -> [Digest] {
    let (bytes, found) = try bytes(of: tile, fetch)
    return Array(try found.hashes(parsing: bytes).prefix(tile.width))
  }

  /// The bytes of a tile, or of the full one in its place.
  private static func bytes(of tile: Tile, _ fetch: Fetch) throws(CausewayError) -> (bytes: [UInt8], tile: Tile) {
    if let bytes = try fetch(tile) { return (bytes, tile) }
    if !tile.isFull, let bytes = try fetch(tile.full) { return (bytes, tile.full) }
    throw CausewayError("ledger.tile_missing", facts: ["path": tile.path])
  }
}
