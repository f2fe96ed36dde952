package import Primitives

// One proof for several leaves of a tree: subtrees that their paths share are told once.
extension MerkleTree {
  /// The roots of all largest subtrees that hold none of the shown leaves, from left to right.
  ///
  /// - Parameter indices: the shown leaves: rising, within the tree.
  /// - Complexity: O(*n*) hashes.
  package static func multiProof(of indices: [Int], leaves: [Digest]) -> [Digest] {
    var proof: [Digest] = []
    appendProof(indices[...], leaves[...], to: &proof)
    return proof
  }

  private static func appendProof(_ indices: ArraySlice<Int>, _ leaves: ArraySlice<Digest>, to proof: inout [Digest]) {
    guard !indices.isEmpty else { return proof.append(root(of: leaves)) }
    guard leaves.count > 1 else { return }
    let middle = leaves.startIndex + largestPowerOfTwo(below: leaves.count)
    let (left, right) = divide(indices, at: middle) { $0 }
    appendProof(left, leaves[..<middle], to: &proof)
    appendProof(right, leaves[middle...], to: &proof)
  }

  /// The root that follows from some leaves and a proof that ``multiProof(of:leaves:)`` made for them.
  ///
  /// - Parameters:
  ///   - size: number of leaves of the tree, at least 1.
  ///   - leaves: the shown leaves with their indices: at least one, rising.
  /// - Throws: `ledger.proof_index` when an index is out of its order or range; `ledger.proof_length` when the proof has too few hashes or too many.
  /// - Complexity: O(*k* log *n*) for *k* leaves, whatever the proof.
  package static func root(
    size: Int, leaves: [(index: Int, hash: Digest)], proof: [Digest]
  ) throws(CausewayError) -> Digest {
    guard let last = leaves.last, leaves[0].index >= 0, last.index < size, size <= largestSize,
      zip(leaves, leaves.dropFirst()).allSatisfy({ $0.index < $1.index })
    else { throw CausewayError("ledger.proof_index") }
    var rest = proof[...]
    let root = try root(0, size, leaves[...], &rest)
    guard rest.isEmpty else {
      throw CausewayError("ledger.proof_length", facts: ["count": String(proof.count), "expected": String(proof.count - rest.count)])
    }
    return root
  }

  private static func root(
    _ start: Int, _ count: Int, _ leaves: ArraySlice<(index: Int, hash: Digest)>, _ rest: inout ArraySlice<Digest>
  ) throws(CausewayError) -> Digest {
    guard let first = leaves.first else {
      guard let hash = rest.popFirst() else {
        throw CausewayError("ledger.proof_length", facts: ["count": String(rest.startIndex), "expected": "more"])
      }
      return hash
    }
    guard count > 1 else { return first.hash }
    let split = largestPowerOfTwo(below: count)
    let (left, right) = divide(leaves, at: start + split) { $0.index }
    let leftRoot = try root(start, split, left, &rest)
    return nodeHash(leftRoot, try root(start + split, count - split, right, &rest))
  }

  private static func divide<Leaf>(
    _ leaves: ArraySlice<Leaf>, at middle: Int, index: (Leaf) -> Int
  ) -> (ArraySlice<Leaf>, ArraySlice<Leaf>) {
    let position = leaves.firstIndex { index($0) >= middle } ?? leaves.endIndex
    return (leaves[..<position], leaves[position...])
  }
}
