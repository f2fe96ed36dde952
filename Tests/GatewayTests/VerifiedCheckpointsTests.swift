import Ledger
import Primitives
import Testing
import Trust

@testable import Gateway

/// What was verified once stays verified for the same log and the same keys, and for no others.
@Suite struct VerifiedCheckpointsTests {
  @Test func aKnownNoteIsHeldAgainstOriginAndKeys() throws {
    let signer = try CheckpointSigner(origin: "ledger.cn.example", key: .generate(.ed25519))
    let other = try CheckpointSigner(origin: "ledger.cn.example", key: .generate(.ed25519))
    let signed = try signer.sign(size: 1, root: SHA256.hash("entry"))
    let checkpoints = VerifiedCheckpoints()
    for _ in 0..<2 {
      #expect(try checkpoints.verify(signed.note, origin: signer.origin, keys: [signer.verifierKey]) == signed)
    }
    #expect(throws: CausewayError("ledger.note_unknown_key")) {
      try checkpoints.verify(signed.note, origin: signer.origin, keys: [other.verifierKey])
    }
    #expect(throws: CausewayError("ledger.note_unknown_key")) { try checkpoints.verify(signed.note, origin: signer.origin, keys: []) }
    #expect(throws: CausewayError("ledger.checkpoint_origin")) {
      try checkpoints.verify(signed.note, origin: "ledger.sg.example", keys: [signer.verifierKey])
    }
    var altered = signed.note
    altered[signer.origin.utf8.count + 1] ^= 1
    #expect(throws: CausewayError.self) { try checkpoints.verify(altered, origin: signer.origin, keys: [signer.verifierKey]) }
    // However many are looked at, the answer is the same.
    for size in 2..<600 {
      let next = try signer.sign(size: size, root: SHA256.hash("entry \(size)"))
      #expect(try checkpoints.verify(next.note, origin: signer.origin, keys: [signer.verifierKey]).size == size)
    }
  }
}
