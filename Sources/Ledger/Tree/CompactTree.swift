package import Primitives

/// A Merkle tree that only grows, kept as the roots of its complete subtrees: all that appending and the root need.
///
/// - Invariant: ``frontier`` has one digest for each set bit of ``size``, the largest subtree first.
/// - SeeAlso: RFC 9162 §2.1.1.
package struct CompactTree: Hashable, Sendable {
  /// Number of leaves.
  package private(set) var size: Int
  /// Roots of the complete subtrees from left to right. At most 53.
  package private(set) var frontier: [Digest]

  /// The tree without leaves.
  package init() {
    size = 0
    frontier = []
  }

  /// - Returns: nil when the number of digests does not belong to the size.
  package init?(size: Int, frontier: [Digest]) {
    guard size >= 0, size <= MerkleTree.largestSize, frontier.count == size.nonzeroBitCount else { return nil }
    self.size = size
    self.frontier = frontier
  }

  /// Rebuilds the tree of `size` leaves from stored subtrees. O(log *n*) reads.
  package init(size: Int, node: MerkleTree.NodeReader) throws(CausewayError) {
    guard size >= 0, size <= MerkleTree.largestSize else { throw CausewayError("ledger.proof_index") }
    self.size = size
    frontier = []
    var start = 0
    for level in (0..<53).reversed() where size >> level & 1 == 1 {
      frontier.append(try node(TreeNode(level: level, index: start >> level)))
      start += 1 << level
    }
  }

  /// Appends one leaf.
  package mutating func append(_ leafHash: Digest) { append(leafHash) { _, _ in } }

  /// Appends one leaf.
  ///
  /// - Parameter completed: called for each subtree above the leaves that the leaf completes, from below. At most 52 times;
  ///   once per leaf on average.
  /// - Throws: what `completed` throws; the tree is then used up.
  package mutating func append<Failure: Error>(
    _ leafHash: Digest, completed: (TreeNode, Digest) throws(Failure) -> Void
  ) throws(Failure) {
    var hash = leafHash
    var level = 0
    while size >> level & 1 == 1 {
      hash = MerkleTree.nodeHash(frontier.removeLast(), hash)
      level += 1
      try completed(TreeNode(level: level, index: size >> level), hash)
    }
    frontier.append(hash)
    size += 1
  }

  /// Root of all leaves so far; `SHA-256("")` when there is none. O(log *n*).
  package var root: Digest {
    guard var hash = frontier.last else { return MerkleTree.emptyRoot }
    for left in frontier.dropLast().reversed() { hash = MerkleTree.nodeHash(left, hash) }
    return hash
  }
}
