import Ledger
import Primitives
import Testing
import Trust

@Suite struct ProofTests {
  @Test func proofsVerifyAgainstSignedCheckpoints() throws {
    let ledger = try LedgerSamples(count: 21, groupSize: 5)
    for entry in ledger.entries {
      let proof = try InclusionProof(index: entry.index, size: 21) { ledger.nodes[$0]! }
      try proof.verify(entry: entry.bytes, in: ledger.head)
      #expect(throws: CausewayError("ledger.proof_mismatch")) { try proof.verify(entry: entry.bytes + [0x20], in: ledger.head) }
      #expect(throws: CausewayError("ledger.proof_index")) { try proof.verify(entry: entry.bytes, in: ledger.checkpoints[0]) }
    }
    let proof = try ConsistencyProof(from: 5, to: 21) { ledger.nodes[$0]! }
    try proof.verify(from: ledger.checkpoints[0], to: ledger.head)
    #expect(throws: CausewayError("ledger.proof_index")) { try proof.verify(from: ledger.checkpoints[1], to: ledger.head) }
    let other = try LedgerSamples(count: 21, origin: "gateway.sg.example/ledger")
    #expect(throws: CausewayError("ledger.checkpoint_origin")) { try proof.verify(from: ledger.checkpoints[0], to: other.head) }
    // attacks L-03: another history of the same size.
    var fork = LedgerSamples(forkOf: ledger, at: 10)
    for index in 10..<21 { try fork.append(LedgerSamples.draft(index + 100)) }
    try fork.checkpoint()
    #expect(throws: CausewayError("ledger.proof_mismatch")) {
      try ConsistencyProof(from: 15, to: 21) { fork.nodes[$0]! }.verify(from: ledger.checkpoints[2], to: fork.head)
    }
    try ConsistencyProof(from: 10, to: 21) { fork.nodes[$0]! }.verify(from: ledger.checkpoints[1], to: fork.head)
  }
}

extension LedgerSamples {
  /// The same ledger up to an index, to be continued differently with the same key.
  init(forkOf other: LedgerSamples, at size: Int) {
    self = other
    entries = Array(other.entries.prefix(size))
    nodes = [:]
    tree = CompactTree()
    for entry in entries {
      nodes[TreeNode(level: 0, index: entry.index)] = entry.leafHash
      tree.append(entry.leafHash) { nodes[$0] = $1 }
    }
    checkpoints = other.checkpoints.filter { $0.size <= size }
  }
}
