package import Primitives

/// Makes the tiles and bundles of a log from its entries, one after the other.
///
/// - Complexity: holds the open tile of each level and the open bundle; one tile hash an entry.
package struct TileBuilder {
  /// Takes a finished resource.
  package typealias Write = (Tile, [UInt8]) throws(CausewayError) -> Void

  /// The tree of all entries so far.
  package private(set) var tree = CompactTree()
  /// By level: the hashes of the tile that is not full.
  private var open: [[Digest]] = []
  private var bundle: [UInt8] = []

  /// Begins with an empty log.
  package init() {}

  /// Goes on behind the end of a log that is there.
  ///
  /// - Throws: as `TileReader.bundle`.
  package init(continuing reader: inout TileReader) throws(CausewayError) {
    tree = reader.tree
    open = reader.edge
    if !reader.size.isMultiple(of: Tile.fullWidth) {
      bundle = EntryBundle.bytes(try reader.bundle(reader.size / Tile.fullWidth))
    }
  }

  /// Adds one entry.
  ///
  /// - Parameter write: called for the bundle and each tile that is full now, from below.
  package mutating func append(_ entry: [UInt8], write: Write) throws(CausewayError) {
    var hash = MerkleTree.leafHash(entry)
    tree.append(hash)
    EntryBundle.append(entry, to: &bundle)
    var level = 0
    while true {
      if open.count == level { open.append([]) }
      open[level].append(hash)
      guard open[level].count == Tile.fullWidth else { return }
      let index = Tile.hashCount(level: level + 1, size: tree.size) - 1
      if level == 0 {
        try write(Tile(.entries, index: index), bundle)
        bundle = []
      }
      try write(Tile(.hashes(level: level), index: index), Tile.bytes(of: open[level]))
      hash = MerkleTree.root(of: open[level])
      open[level] = []
      level += 1
    }
  }

  /// Writes the partial tiles of the log as it is now, and its partial bundle.
  package func writePartials(_ write: Write) throws(CausewayError) {
    for tile in Tile.partials(size: tree.size) {
      if case .hashes(let level) = tile.content {
        try write(tile, Tile.bytes(of: open[level]))
      } else {
        try write(tile, bundle)
      }
    }
  }
}
