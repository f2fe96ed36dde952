import Ledger
import Primitives
import TestSupport
import Testing
import Trust

@Suite struct MultiProofTests {
  private func leaves(_ count: Int) -> [Digest] { (0..<count).map { MerkleTree.leafHash(Array("leaf \($0)".utf8)) } }

  private func root(_ leaves: [Digest], _ indices: [Int], _ proof: [Digest]) throws(CausewayError) -> Digest {
    try MerkleTree.root(size: leaves.count, leaves: indices.map { ($0, leaves[$0]) }, proof: proof)
  }

  /// Every set of leaves of every small tree leads to the root, and no other proof of them is taken.
  @Test func everySetOfSmallTrees() throws {
    for count in 1...10 {
      let leaves = leaves(count)
      let expected = MerkleTree.root(of: leaves)
      for set in 1..<(1 << count) {
        let indices = (0..<count).filter { set >> $0 & 1 == 1 }
        let proof = MerkleTree.multiProof(of: indices, leaves: leaves)
        #expect(try root(leaves, indices, proof) == expected)
        #expect(throws: CausewayError("ledger.proof_length")) { try root(leaves, indices, proof + [expected]) }
        guard let first = proof.first else {
          #expect(indices.count == count)
          continue
        }
        #expect(throws: CausewayError("ledger.proof_length")) { try root(leaves, indices, Array(proof.dropLast())) }
        #expect(try root(leaves, indices, [MerkleTree.nodeHash(first, first)] + proof.dropFirst()) != expected)
      }
    }
  }

  /// For one leaf it has the hashes of the audit path, though from left to right.
  @Test func oneLeafIsTheAuditPath() throws {
    var random = SplitMix(state: 7)
    for count in [1, 2, 3, 64, 65, 777, 1000] {
      let leaves = leaves(count)
      let index = Int(random.next() % UInt64(count))
      let path = try MerkleTree.inclusionProof(index: index, size: count) { node in
        MerkleTree.root(of: leaves[(node.index << node.level)..<((node.index + 1) << node.level)])
      }
      #expect(Set(MerkleTree.multiProof(of: [index], leaves: leaves)) == Set(path))
    }
  }

  @Test func indicesAreInOrderAndInRange() {
    let leaves = leaves(7)
    for indices in [[3, 2], [2, 2], [6, 7], [-1, 2]] {
      #expect(throws: CausewayError("ledger.proof_index")) {
        try MerkleTree.root(size: 7, leaves: indices.map { ($0, leaves[0]) }, proof: leaves)
      }
    }
    #expect(throws: CausewayError("ledger.proof_index")) { try MerkleTree.root(size: 7, leaves: [], proof: [leaves[0]]) }
    #expect(throws: CausewayError("ledger.proof_index")) { try MerkleTree.root(size: 0, leaves: [(0, leaves[0])], proof: []) }
  }
}
