package import Primitives

/// Evidence that one entry is in the tree of a checkpoint.
///
/// - SeeAlso: RFC 9162 §2.1.3.
package struct InclusionProof: Hashable, Sendable {
  package let index: Int
  /// Size of the tree that the proof leads into.
  package let size: Int
  /// Audit path from the leaf upwards. 0…53 digests.
  package let hashes: [Digest]

  package init(index: Int, size: Int, hashes: [Digest]) {
    self.index = index
    self.size = size
    self.hashes = hashes
  }

  /// Makes the proof from stored subtrees.
  ///
  /// - Throws: `ledger.proof_index`, and what the reader throws.
  package init(index: Int, size: Int, node: MerkleTree.NodeReader) throws(CausewayError) {
    self.init(index: index, size: size, hashes: try MerkleTree.inclusionProof(index: index, size: size, node: node))
  }

  /// Checks that these bytes are the entry at ``index`` of the log that signed the checkpoint.
  ///
  /// - Throws: `ledger.proof_index` also when the checkpoint has another size; `ledger.proof_length`; `ledger.proof_mismatch`.
  package func verify(entry bytes: [UInt8], in checkpoint: SignedCheckpoint) throws(CausewayError) {
    guard checkpoint.size == size else { throw CausewayError("ledger.proof_index") }
    try MerkleTree.verifyInclusion(
      leaf: MerkleTree.leafHash(bytes), index: index, size: size, proof: hashes, root: checkpoint.root)
  }
}

/// Evidence that a log at one size is a prefix of the same log at a later size.
///
/// - SeeAlso: RFC 9162 §2.1.4.
package struct ConsistencyProof: Hashable, Sendable {
  package let oldSize: Int
  package let newSize: Int
  package let hashes: [Digest]

  package init(oldSize: Int, newSize: Int, hashes: [Digest]) {
    self.oldSize = oldSize
    self.newSize = newSize
    self.hashes = hashes
  }

  /// Makes the proof from stored subtrees.
  ///
  /// - Throws: `ledger.proof_index`, and what the reader throws.
  package init(from oldSize: Int, to newSize: Int, node: MerkleTree.NodeReader) throws(CausewayError) {
    self.init(
      oldSize: oldSize, newSize: newSize, hashes: try MerkleTree.consistencyProof(from: oldSize, to: newSize, node: node))
  }

  /// Checks that `new` extends `old`: nothing that was in the log is changed or gone.
  ///
  /// - Throws: `ledger.checkpoint_origin` when the two are of different logs; `ledger.proof_index`, `ledger.proof_length`,
  ///   `ledger.proof_mismatch`.
  package func verify(from old: SignedCheckpoint, to new: SignedCheckpoint) throws(CausewayError) {
    guard ByteString(old.origin) == ByteString(new.origin) else { throw CausewayError("ledger.checkpoint_origin") }
    guard old.size == oldSize, new.size == newSize else { throw CausewayError("ledger.proof_index") }
    try MerkleTree.verifyConsistency(oldSize: oldSize, newSize: newSize, oldRoot: old.root, newRoot: new.root, proof: hashes)
  }
}
