package import Ledger
package import Primitives

extension JournalReader {
  /// The bytes of one resource of the ledger's tiled form.
  ///
  /// What is handed out is kept by others for good, so it is held against the stored subtrees and leaf hashes first.
  /// - Returns: nil for a tile that is not full and that no signed checkpoint needs, and for anything beyond the latest one.
  /// - Throws: `ledger.tree_damaged`, `ledger.data_damaged` (facts `index`, `field`) when the stored rows do not agree; `ledger.archived`.
  /// - SeeAlso: C2SP tlog-tiles.
  package func tile(_ tile: Tile) throws(CausewayError) -> [UInt8]? {
    guard let size = try latestCheckpoint()?.size else { return nil }
    let first = tile.index * Tile.fullWidth
    guard first + tile.width <= Tile.hashCount(level: tile.content.level, size: size) else { return nil }
    if !tile.isFull {
      guard let needing = try checkpoint(coveringSize: tile.sizes.lowerBound), tile.sizes.contains(needing.size) else { return nil }
    }
    guard case .hashes(let level) = tile.content else { return try bundle(of: first, count: tile.width) }
    let hashes = try tile.hashes { node throws(CausewayError) in try existing(node) }
    var tree = CompactTree()
    for hash in hashes { tree.append(hash) }
    var start = first
    for (bit, root) in zip((0...Tile.height).reversed().filter { tile.width >> $0 & 1 == 1 }, tree.frontier) {
      let node = TreeNode(level: level * Tile.height + bit, index: start >> bit)
      guard try existing(node) == root else {
        throw CausewayError(
          "ledger.tree_damaged", facts: ["index": String(node.firstLeaf), "field": "subtree \(node.level)/\(node.index)"])
      }
      start += 1 << bit
    }
    return Tile.bytes(of: hashes)
  }

  /// Root of the first `size` entries, from the stored subtrees.
  ///
  /// - Throws: `journal.not_found` when a subtree is missing.
  package func root(size: Int) throws(CausewayError) -> Digest {
    try MerkleTree.root(size: size) { node throws(CausewayError) in try existing(node) }
  }

  private func bundle(of first: Int, count: Int) throws(CausewayError) -> [UInt8] {
    let rows = try entries(from: first, limit: count)
    var bundle: [UInt8] = []
    for offset in 0..<count {
      guard offset < rows.count, rows[offset].index == first + offset else {
        throw CausewayError("ledger.data_damaged", facts: ["index": String(first + offset), "field": "entry"])
      }
      try check(rows[offset])
      EntryBundle.append(rows[offset].bytes, to: &bundle)
    }
    return bundle
  }
}

extension StoredEntry {
  /// Whether the bytes can be an entry's and hash to the stored leaf hash.
  package var isUndamaged: Bool { bytes.count <= Entry.largestByteCount && MerkleTree.leafHash(bytes) == leafHash }
}
