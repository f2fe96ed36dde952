package import Primitives

extension Tile {
  /// Makes the hashes of a tile from stored subtrees. At most 256 reads.
  ///
  /// - Precondition: a tile of hashes.
  package func hashes(node: MerkleTree.NodeReader) throws(CausewayError) -> [Digest] {
    guard case .hashes(let level) = content else { preconditionFailure("a bundle holds no hashes") }
    var hashes: [Digest] = []
    for offset in 0..<width {
      hashes.append(try node(TreeNode(level: level * Self.height, index: index * Self.fullWidth + offset)))
    }
    return hashes
  }

  /// The bytes of a tile of hashes: one after the other, 32 bytes each.
  package static func bytes(of hashes: [Digest]) -> [UInt8] { hashes.flatMap(\.bytes) }

  /// Reads the bytes of a tile of hashes. What they lead to is not looked at.
  ///
  /// - Throws: `ledger.tile_malformed` (facts `path`, `reason`) when there are not exactly ``width`` hashes.
  package func hashes(parsing bytes: [UInt8]) throws(CausewayError) -> [Digest] {
    guard bytes.count == width * 32 else { throw malformed("\(bytes.count) bytes where \(width * 32) belong") }
    return stride(from: 0, to: bytes.count, by: 32).compactMap { Digest(bytes[$0..<$0 + 32]) }
  }

  /// Reads the bytes of a bundle. What the entries hash to is not looked at.
  ///
  /// - Throws: `ledger.tile_malformed` when they are not exactly ``width`` entries with their lengths.
  package func entries(parsing bytes: [UInt8]) throws(CausewayError) -> [[UInt8]] {
    let (entries, isWhole) = EntryBundle.split(bytes, most: width)
    guard isWhole, entries.count == width else { throw malformed("no \(width) entries with their lengths") }
    return entries
  }

  func malformed(_ reason: String) -> CausewayError { CausewayError("ledger.tile_malformed", facts: ["path": path, "reason": reason]) }
  var mismatch: CausewayError { CausewayError("ledger.tile_mismatch", facts: ["path": path]) }
}

/// The bytes of a bundle: each entry behind its length in two bytes, big-endian.
///
/// - SeeAlso: C2SP tlog-tiles, Log entries.
package enum EntryBundle {
  /// Adds one entry.
  ///
  /// - Precondition: at most 65 535 bytes.
  package static func append(_ entry: [UInt8], to bundle: inout [UInt8]) {
    precondition(entry.count <= Entry.largestByteCount, "the length of an entry has 16 bits")
    bundle.append(UInt8(entry.count >> 8))
    bundle.append(UInt8(entry.count & 0xFF))
    bundle += entry
  }

  package static func bytes(_ entries: [[UInt8]]) -> [UInt8] {
    var bundle: [UInt8] = []
    for entry in entries { append(entry, to: &bundle) }
    return bundle
  }

  /// Takes entries from the front of hostile bytes.
  ///
  /// - Returns: those that are whole, at most `most`; and whether nothing is left behind them.
  package static func split(_ bytes: [UInt8], most: Int = Tile.fullWidth) -> (entries: [[UInt8]], isWhole: Bool) {
    var entries: [[UInt8]] = []
    var position = 0
    while position < bytes.count, entries.count < most {
      guard position + 2 <= bytes.count else { return (entries, false) }
      let end = position + 2 + Int(bytes[position]) << 8 + Int(bytes[position + 1])
      guard end <= bytes.count else { return (entries, false) }
      entries.append(Array(bytes[(position + 2)..<end]))
      position = end
    }
    return (entries, position == bytes.count)
  }
}
