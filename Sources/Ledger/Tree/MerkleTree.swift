package import Primitives
import Trust

/// One complete subtree of an RFC 9162 tree: the leaves `index · 2^level ..< (index + 1) · 2^level`. Level 0 is the leaves.
package struct TreeNode: Hashable, Sendable {
  /// 0…62.
  package let level: Int
  package let index: Int

  package init(level: Int, index: Int) {
    self.level = level
    self.index = index
  }

  /// The first leaf under this node.
  package var firstLeaf: Int { index << level }

  /// How many subtrees above the leaves are complete before this one, in a tree that grows leaf by leaf: its place among them. Rows by
  /// this number are only ever written behind the last.
  ///
  /// - Precondition: above the leaves.
  package var position: Int {
    let lastLeaf = (index + 1) << level - 1
    return lastLeaf - lastLeaf.nonzeroBitCount + level - 1
  }
}

/// The hashes, proofs and verifications of RFC 9162 §2.1 with SHA-256.
///
/// Proofs are made from complete subtrees only, which never change once they exist: a store keeps them by ``TreeNode`` and
/// lends them through a closure, so that nothing here touches a disk.
package enum MerkleTree {
  /// Lends the hash of one complete subtree.
  package typealias NodeReader = (TreeNode) throws(CausewayError) -> Digest

  /// Largest tree: indices stay exact in JSON numbers (RFC 7493 §2.2).
  package static let largestSize = 1 << 53 - 1

  /// Root of the tree without leaves: `SHA-256("")`.
  package static let emptyRoot = SHA256.hash([UInt8]())

  /// `SHA-256(0x00 ‖ bytes)`. The prefix keeps a leaf from ever being taken for a node.
  package static func leafHash(_ bytes: [UInt8]) -> Digest { SHA256.hash(prefix: 0, bytes) }

  /// `SHA-256(0x01 ‖ left ‖ right)`.
  package static func nodeHash(_ left: Digest, _ right: Digest) -> Digest { SHA256.hash(prefix: 1, left, right) }

  /// Root over the given leaf hashes. O(*n*).
  package static func root(of leaves: some Sequence<Digest>) -> Digest {
    var tree = CompactTree()
    for leaf in leaves { tree.append(leaf) }
    return tree.root
  }

  /// Root of the first `size` leaves. O(log *n*) reads.
  package static func root(size: Int, node: NodeReader) throws(CausewayError) -> Digest {
    size == 0 ? emptyRoot : try hash(0, size, node)
  }

  // MARK: Making proofs

  /// The audit path of leaf `index` in the tree of `size` leaves, from the leaf upwards. At most 53 digests.
  ///
  /// - Throws: `ledger.proof_index` unless `0 ≤ index < size`.
  /// - Complexity: O(log *n*) digests, O(log² *n*) reads at worst.
  /// - SeeAlso: RFC 9162 §2.1.3.1.
  package static func inclusionProof(index: Int, size: Int, node: NodeReader) throws(CausewayError) -> [Digest] {
    guard index >= 0, index < size, size <= largestSize else { throw CausewayError("ledger.proof_index") }
    var path: [Digest] = []
    try appendPath(index, 0, size, node, to: &path)
    return path
  }

  /// Proof that the tree of `oldSize` leaves is a prefix of the tree of `newSize` leaves.
  ///
  /// - Throws: `ledger.proof_index` unless `0 < oldSize ≤ newSize`.
  /// - SeeAlso: RFC 9162 §2.1.4.1.
  package static func consistencyProof(from oldSize: Int, to newSize: Int, node: NodeReader) throws(CausewayError) -> [Digest] {
    guard oldSize > 0, oldSize <= newSize, newSize <= largestSize else { throw CausewayError("ledger.proof_index") }
    var proof: [Digest] = []
    try appendSubproof(oldSize, 0, newSize, isWholeOldTree: true, node, to: &proof)
    return proof
  }

  /// PATH(m, D_n) over the leaves from `start`.
  private static func appendPath(
    _ index: Int, _ start: Int, _ count: Int, _ node: NodeReader, to path: inout [Digest]
  ) throws(CausewayError) {
    guard count > 1 else { return }
    let split = largestPowerOfTwo(below: count)
    if index < split {
      try appendPath(index, start, split, node, to: &path)
      path.append(try hash(start + split, count - split, node))
    } else {
      try appendPath(index - split, start + split, count - split, node, to: &path)
      path.append(try hash(start, split, node))
    }
  }

  /// A consistency proof with its first digest always there: what ``roots(oldSize:newSize:path:)`` takes.
  ///
  /// - Throws: `ledger.proof_index` unless `0 < oldSize < newSize`.
  package static func consistencyPath(from oldSize: Int, to newSize: Int, node: NodeReader) throws(CausewayError) -> [Digest] {
    guard oldSize < newSize else { throw CausewayError("ledger.proof_index") }
    let proof = try consistencyProof(from: oldSize, to: newSize, node: node)
    return oldSize & (oldSize - 1) == 0 ? [try hash(0, oldSize, node)] + proof : proof
  }

  /// SUBPROOF(m, D_n, b) over the leaves from `start`.
  private static func appendSubproof(
    _ old: Int, _ start: Int, _ count: Int, isWholeOldTree: Bool, _ node: NodeReader, to proof: inout [Digest]
  ) throws(CausewayError) {
    guard old < count else {
      if !isWholeOldTree { proof.append(try hash(start, count, node)) }
      return
    }
    let split = largestPowerOfTwo(below: count)
    if old <= split {
      try appendSubproof(old, start, split, isWholeOldTree: isWholeOldTree, node, to: &proof)
      proof.append(try hash(start + split, count - split, node))
    } else {
      try appendSubproof(old - split, start + split, count - split, isWholeOldTree: false, node, to: &proof)
      proof.append(try hash(start, split, node))
    }
  }

  /// MTH(D[start : start + count]) where `start` is a multiple of the largest power of two not above `count`.
  private static func hash(_ start: Int, _ count: Int, _ node: NodeReader) throws(CausewayError) -> Digest {
    if count & (count - 1) == 0 {
      let level = count.trailingZeroBitCount
      return try node(TreeNode(level: level, index: start >> level))
    }
    let split = largestPowerOfTwo(below: count)
    return nodeHash(try hash(start, split, node), try hash(start + split, count - split, node))
  }

  static func largestPowerOfTwo(below count: Int) -> Int {
    1 << (Int.bitWidth - 1 - (count - 1).leadingZeroBitCount)
  }

  // MARK: Verifying proofs

  /// Checks that the leaf stands at `index` in the tree of `size` leaves with that root.
  ///
  /// Says nothing about who vouches for the root: verify the checkpoint first.
  ///
  /// - Throws: `ledger.proof_index`, `ledger.proof_length`, `ledger.proof_mismatch`.
  /// - SeeAlso: RFC 9162 §2.1.3.2.
  package static func verifyInclusion(
    leaf: Digest, index: Int, size: Int, proof: [Digest], root: Digest
  ) throws(CausewayError) {
    guard index >= 0, index < size, size <= largestSize else { throw CausewayError("ledger.proof_index") }
    // Below the split the path goes left and right, above it only to the left: its length follows from index and size.
    let inner = Int.bitWidth - (index ^ (size - 1)).leadingZeroBitCount
    let border = (index >> inner).nonzeroBitCount
    try checkLength(proof, inner + border)
    var hash = leaf
    for (level, sibling) in proof.prefix(inner).enumerated() {
      hash = index >> level & 1 == 0 ? nodeHash(hash, sibling) : nodeHash(sibling, hash)
    }
    for sibling in proof.dropFirst(inner) { hash = nodeHash(sibling, hash) }
    guard hash == root else { throw CausewayError("ledger.proof_mismatch") }
  }

  /// Checks that the tree with `newRoot` begins with all leaves of the tree with `oldRoot`.
  ///
  /// - Throws: `ledger.proof_index` unless `0 < oldSize ≤ newSize` (a proof from an empty tree would say nothing);
  ///   `ledger.proof_length`; `ledger.proof_mismatch`.
  /// - SeeAlso: RFC 9162 §2.1.4.2.
  package static func verifyConsistency(
    oldSize: Int, newSize: Int, oldRoot: Digest, newRoot: Digest, proof: [Digest]
  ) throws(CausewayError) {
    guard oldSize > 0, oldSize <= newSize, newSize <= largestSize else { throw CausewayError("ledger.proof_index") }
    guard oldSize < newSize else {
      try checkLength(proof, 0)
      guard oldRoot == newRoot else { throw CausewayError("ledger.proof_mismatch") }
      return
    }
    // An old tree that is one complete subtree is its own first digest, and the proof leaves it out.
    let path = oldSize & (oldSize - 1) == 0 ? [oldRoot] + proof : proof
    let roots = try roots(oldSize: oldSize, newSize: newSize, path: path)
    guard roots.old == oldRoot, roots.new == newRoot else { throw CausewayError("ledger.proof_mismatch") }
  }

  /// The two roots that a consistency path leads to. When the new one is the root of a tree, the old one is the root of that tree's
  /// first `oldSize` leaves: there is no other path that leads there.
  ///
  /// - Parameter path: a consistency proof with its first digest always there, also when the old tree is one complete subtree.
  /// - Precondition: `0 < oldSize < newSize`.
  /// - Throws: `ledger.proof_length`.
  /// - SeeAlso: RFC 9162 §2.1.4.2.
  static func roots(oldSize: Int, newSize: Int, path: [Digest]) throws(CausewayError) -> (old: Digest, new: Digest) {
    func wrongLength(_ expected: String) -> CausewayError {
      CausewayError("ledger.proof_length", facts: ["count": String(path.count), "expected": expected])
    }
    var position = oldSize - 1
    var last = newSize - 1
    while position & 1 == 1 {
      position >>= 1
      last >>= 1
    }
    guard var oldHash = path.first else { throw wrongLength("1") }
    var newHash = oldHash
    for sibling in path.dropFirst() {
      guard last > 0 else { throw wrongLength("fewer") }
      if position & 1 == 1 || position == last {
        oldHash = nodeHash(sibling, oldHash)
        newHash = nodeHash(sibling, newHash)
        while position & 1 == 0, position > 0 {
          position >>= 1
          last >>= 1
        }
      } else {
        newHash = nodeHash(newHash, sibling)
      }
      position >>= 1
      last >>= 1
    }
    guard last == 0 else { throw wrongLength("more") }
    return (oldHash, newHash)
  }

  private static func checkLength(_ proof: [Digest], _ expected: Int) throws(CausewayError) {
    guard proof.count == expected else {
      throw CausewayError("ledger.proof_length", facts: ["count": String(proof.count), "expected": String(expected)])
    }
  }
}
