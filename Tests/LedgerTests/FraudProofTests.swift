import Ledger
import Primitives
import Testing
import Trust

/// Attacks L-02 to L-04: what convicts a log, and what only accuses it.
@Suite struct FraudProofTests {
  private let ledger = try! LedgerSamples(count: 21, groupSize: 1)
  private let reporter = try! Cosigner(name: "witness.sg.example", key: .generate(.ed25519))
  private let now = LedgerSamples.start

  private func fork(at size: Int, to end: Int) throws -> LedgerSamples {
    var fork = LedgerSamples(forkOf: ledger, at: size)
    for index in size..<end {
      try fork.append(LedgerSamples.draft(index + 100))
      try fork.checkpoint()
    }
    return fork
  }

  private func path(_ old: Int, _ new: Int, in ledger: LedgerSamples) throws -> [Digest] {
    try MerkleTree.consistencyPath(from: old, to: new) { ledger.nodes[$0]! }
  }

  private func verdict(_ proof: FraudProof) throws -> FraudProof.Verdict {
    let note = try proof.signed(by: reporter)
    try FraudProof.verifyReporter(note, keys: [reporter.key])
    let read = try FraudProof(parsing: note)
    #expect(read == proof)
    return try read.verdict(keys: [ledger.signer.verifierKey])
  }

  @Test func aSplitViewIsProven() throws {
    let fork = try fork(at: 10, to: 15)
    let proof = try #require(FraudProof(known: ledger.checkpoints[14], shown: fork.head, path: [], at: now))
    #expect(proof.kind == .splitView)
    #expect(try verdict(proof) == .proven)
    #expect(FraudProof(known: ledger.checkpoints[14], shown: ledger.checkpoints[14], path: [], at: now) == nil)
  }

  /// For every pair of sizes: a rewritten history is proven, the honest twin is not.
  @Test func aRewriteIsProvenAtEverySize() throws {
    for old in 1..<20 {
      let rewritten = try fork(at: old - 1, to: 21)
      for new in (old + 1)...21 {
        let known = ledger.checkpoints[old - 1]
        let shown = try #require(rewritten.checkpoints.first { $0.size == new })
        let proof = try #require(FraudProof(known: known, shown: shown, path: try path(old, new, in: rewritten), at: now))
        #expect(proof.kind == .rewrite)
        #expect(try verdict(proof) == .proven)
        let honest = FraudProof(known: known, shown: ledger.checkpoints[new - 1], path: try path(old, new, in: ledger), at: now)
        #expect(honest == nil)
      }
    }
  }

  /// A smaller tree after a larger one: when its entries are others the larger one convicts it, when they are the same nothing does.
  @Test func aRollbackIsProvenWhenItRewrites() throws {
    let fork = try fork(at: 6, to: 9)
    let known = ledger.checkpoints[17]
    let proven = try #require(FraudProof(known: known, shown: fork.head, path: try path(9, 18, in: ledger), at: now))
    #expect(proven.kind == .rewrite)
    #expect(try verdict(proven) == .proven)
    #expect(FraudProof(known: known, shown: ledger.checkpoints[8], path: try path(9, 18, in: ledger), at: now) == nil)
    let claim = try #require(FraudProof(known: known, shown: fork.head, path: [], at: now))
    #expect(claim.kind == .claim)
    #expect(try verdict(claim) == .claim)
  }

  @Test func nobodyIsConvictedByOthers() throws {
    let fork = try fork(at: 10, to: 15)
    let proof = try #require(FraudProof(known: ledger.checkpoints[14], shown: fork.head, path: [], at: now))
    let other = try LedgerSamples(count: 15)
    #expect(throws: CausewayError("ledger.note_unknown_key")) { try proof.verdict(keys: [other.signer.verifierKey]) }
    // A forged checkpoint: the accuser's key under the log's name.
    let forged = try CheckpointSigner(origin: ledger.signer.origin, key: .generate(.ed25519)).sign(size: 15, root: SHA256.hash("x"))
    let accusation = try #require(FraudProof(known: ledger.checkpoints[14], shown: forged, path: [], at: now))
    #expect(throws: CausewayError("ledger.note_unknown_key")) { try accusation.verdict(keys: [ledger.signer.verifierKey]) }
    let foreign = try LedgerSamples(count: 15, origin: "gateway.my.example/ledger")
    #expect(FraudProof(known: ledger.checkpoints[14], shown: foreign.head, path: [], at: now) == nil)
  }

  /// Two true checkpoints put into the form of a conviction.
  @Test func agreementIsNoProof() throws {
    let fork = try fork(at: 10, to: 15)
    let note = try #require(FraudProof(known: ledger.checkpoints[14], shown: fork.head, path: [], at: now)).signed(by: reporter)
    let text = String(decoding: note, as: UTF8.self)
    let honest = Base64.encode(ledger.checkpoints[14].note)
    for changed in [
      text.replacing(Base64.encode(fork.head.note), with: honest), text.replacing("split-view", with: "claim"),
      text.replacing("split-view", with: "rewrite"),
    ] {
      let read = try FraudProof(parsing: Array(changed.utf8))
      #expect(throws: CausewayError("ledger.fraud_unproven")) { try read.verdict(keys: [ledger.signer.verifierKey]) }
      #expect(throws: CausewayError("ledger.note_signature")) { try FraudProof.verifyReporter(Array(changed.utf8), keys: [reporter.key]) }
    }
  }

  @Test func everyFlippedBitIsNoticed() throws {
    let rewritten = try fork(at: 6, to: 21)
    let note = try #require(FraudProof(known: ledger.checkpoints[7], shown: rewritten.head, path: try path(8, 21, in: rewritten), at: now))
      .signed(by: reporter)
    for index in note.indices {
      for bit in 0..<8 {
        var changed = note
        changed[index] ^= 1 << bit
        #expect(throws: CausewayError.self) {
          try FraudProof.verifyReporter(changed, keys: [reporter.key])
          _ = try FraudProof(parsing: changed).verdict(keys: [ledger.signer.verifierKey])
        }
      }
    }
  }
}
