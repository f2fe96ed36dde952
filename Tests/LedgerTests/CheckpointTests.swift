import Foundation
import Ledger
import Primitives
import TestSupport
import Testing
import Trust

/// C2SP signed-note and tlog-checkpoint; attacks L-17.
@Suite struct CheckpointTests {
  private let origin = "gateway.cn.example/ledger"

  private func signer() throws -> CheckpointSigner { try CheckpointSigner(origin: origin, key: .generate(.ed25519)) }
  private let root = SHA256.hash("root")

  @Test func signedTextHasTheFormOfTheSpecification() throws {
    let signer = try signer()
    let signed = try signer.sign(size: 42, root: root)
    let lines = String(decoding: signed.note, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines.count == 6)
    #expect(
      lines[0] == origin[...] && lines[1] == "42" && lines[2] == Base64.encode(root.bytes)[...] && lines[3].isEmpty && lines[5].isEmpty)
    #expect(lines[4].hasPrefix("\u{2014} \(origin) "))
    let signature = try #require(Base64.decode(lines[4].split(separator: " ")[2]))
    #expect(signature.count == 4 + 64)
    let id = SHA256.hash(Array(origin.utf8) + [0x0A, 0x01] + (signer.verifierKey.publicKey.rawEd25519 ?? [])).bytes.prefix(4)
    #expect(Array(signature.prefix(4)) == Array(id))
    #expect(try SignedCheckpoint.verify(signed.note, origin: origin, keys: [signer.verifierKey]) == signed)
  }

  @Test func verifierKeyTextReadsBack() throws {
    let key = try signer().verifierKey
    #expect(try VerifierKey(parsing: key.description) == key)
    let parts = key.description.split(separator: "+", maxSplits: 2)
    for text in [
      "", "a+b", "\(parts[0])+00000000+\(parts[2])", "other+\(parts[1])+\(parts[2])", "\(parts[0])+\(parts[1].uppercased())x+\(parts[2])",
      "\(parts[0])+\(parts[1])+AAAA", "a b+\(parts[1])+\(parts[2])", "\(parts[0])+\(parts[1])+\(parts[2]) ",
    ] {
      #expect(throws: CausewayError("ledger.verifier_key"), "\(text)") { try VerifierKey(parsing: text) }
    }
  }

  /// The example key of the Go implementation's documentation and of sunlight's test data.
  @Test func publishedVerifierKeyIsRead() throws {
    let text = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    #expect(try VerifierKey(parsing: text).description == text)
  }

  @Test func publishedNoteVerifies() throws {
    let key = try VerifierKey(parsing: "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW")
    let text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    let note =
      text + "\n\u{2014} PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
    try SignedNote(parsing: Array(note.utf8)).verify(keys: [key])
    let changed = note.replacing("answer", with: "Answer")
    #expect(throws: CausewayError("ledger.note_signature")) { try SignedNote(parsing: Array(changed.utf8)).verify(keys: [key]) }
  }

  @Test func otherLogsAndOtherKeysAreRefused() throws {
    let (signer, other) = (try signer(), try signer())
    let signed = try signer.sign(size: 1, root: root)
    #expect(throws: CausewayError("ledger.note_unknown_key")) {
      try SignedCheckpoint.verify(signed.note, origin: origin, keys: [other.verifierKey])
    }
    #expect(throws: CausewayError("ledger.note_unknown_key")) { try SignedCheckpoint.verify(signed.note, origin: origin, keys: []) }
    #expect(throws: CausewayError("ledger.checkpoint_origin")) {
      try SignedCheckpoint.verify(signed.note, origin: "gateway.sg.example/ledger", keys: [signer.verifierKey])
    }
  }

  @Test func aKeyMayBeRolledOver() throws {
    let (old, new) = (try signer(), try signer())
    for signer in [old, new] {
      _ = try SignedCheckpoint.verify(
        try signer.sign(size: 1, root: root).note, origin: origin, keys: [old.verifierKey, new.verifierKey])
    }
  }

  @Test func signaturesOfStrangersAreIgnoredAndWrongOnesOfFriendsAreNot() throws {
    let (signer, stranger) = (try signer(), try signer())
    let signed = try SignedNote(parsing: try signer.sign(size: 1, root: root).note)
    let foreign = try SignedNote(parsing: try stranger.sign(size: 1, root: root).note).signatures[0]
    let both = SignedNote(text: signed.text, signatures: [foreign] + signed.signatures)
    _ = try SignedCheckpoint.verify(both.bytes, origin: origin, keys: [signer.verifierKey])
    let wrong = SignedNote.Signature(
      name: origin, keyID: signer.verifierKey.keyID, bytes: [UInt8](repeating: 7, count: 64))
    let mixed = SignedNote(text: signed.text, signatures: signed.signatures + [wrong])
    #expect(throws: CausewayError("ledger.note_signature")) {
      try SignedCheckpoint.verify(mixed.bytes, origin: origin, keys: [signer.verifierKey])
    }
  }

  @Test func everyFlippedBitOfANoteIsNoticed() throws {
    let signer = try signer()
    let signed = try signer.sign(size: 42, root: root)
    for index in signed.note.indices {
      for bit in 0..<8 {
        var note = signed.note
        note[index] ^= 1 << bit
        #expect(throws: CausewayError.self) { try SignedCheckpoint.verify(note, origin: origin, keys: [signer.verifierKey]) }
      }
    }
  }

  @Test func malformedNotesAreRefused() throws {
    let signer = try signer()
    let good = String(decoding: try signer.sign(size: 42, root: root).note, as: UTF8.self)
    let line = good.split(separator: "\n").last!
    for text in [
      "", "\n", "\n\n", "x\n", "x\n\n", good + "\n", String(good.dropLast()), good.replacing("\u{2014} ", with: "- "),
      good.replacing("\u{2014} ", with: "\u{2014}  "), good.replacing("\n\n", with: "\n"), good + "\(line) x\n",
      good + "\u{2014} a+b AAAAAAA=\n",
      good + "\u{2014} a\u{A0}b AAAAAAA=\n", good + "\u{2014} a AAAA\n", good + "\u{2014} a !!!!\n",
      good.replacing("\n42\n", with: "\r\n42\r\n"),
      good + String(repeating: "\(line)\n", count: 64),
    ] {
      #expect(throws: CausewayError("ledger.note_malformed"), "\(text)") { try SignedNote(parsing: Array(text.utf8)) }
    }
    #expect(throws: CausewayError("ledger.note_malformed")) { try SignedNote(parsing: Array(good.utf8) + [0xFF, 0x0A]) }
    // Sixteen signatures have to be readable.
    #expect(try SignedNote(parsing: Array((good + String(repeating: "\(line)\n", count: 15)).utf8)).signatures.count == 16)
  }

  @Test func malformedCheckpointsAreRefused() throws {
    let hash = Base64.encode(root.bytes)
    _ = try Checkpoint(parsing: Array("o\n1\n\(hash)\n".utf8))
    for text in [
      "", "o\n1\n", "o\n1\n\(hash)", "\n1\n\(hash)\n", "o\n01\n\(hash)\n", "o\n+1\n\(hash)\n", "o\n-1\n\(hash)\n", "o\n\n\(hash)\n",
      "o\n1 \n\(hash)\n",
      "o\n9007199254740993\n\(hash)\n", "o\n1\n\(hash.dropLast())\n", "o\n1\nAAAA\n", "o\n1\n\(hash)\n\n", "o\n0\n\(hash)\n",
    ] {
      #expect(throws: CausewayError("ledger.checkpoint_malformed"), "\(text)") { try Checkpoint(parsing: Array(text.utf8)) }
    }
    let empty = try Checkpoint(parsing: Array("o\n0\n\(Base64.encode(MerkleTree.emptyRoot.bytes))\n".utf8))
    #expect(empty.size == 0)
  }

  @Test func extensionLinesAreReadAndRefusedInPartnersCheckpoints() throws {
    let key = try PrivateKey.generate(.ed25519)
    let signer = try CheckpointSigner(origin: origin, key: key)
    let text = Array("\(origin)\n1\n\(Base64.encode(root.bytes))\nextra line\n".utf8)
    #expect(try Checkpoint(parsing: text).extensions == ["extra line"])
    let signature = SignedNote.Signature(name: origin, keyID: signer.verifierKey.keyID, bytes: try key.sign(text))
    #expect(throws: CausewayError("ledger.checkpoint_extension")) {
      try SignedCheckpoint.verify(SignedNote(text: text, signatures: [signature]).bytes, origin: origin, keys: [signer.verifierKey])
    }
  }

  // Runs only where the published vectors lie beside the repository. Checkpoints of a growing log written by transparency-dev/tessera.
  @Test(.enabled(if: SharedData.has("vectors/tlog"))) func checkpointsOfAnotherImplementationAreReadAndFitItsTiles() throws {
    let folder = SharedData.folder.appending(path: "vectors/tlog/tessera-log/testdata/log")
    var tree = CompactTree()
    for size in 1...15 {
      let note = try SignedNote(parsing: Array(Data(contentsOf: folder.appendingPathComponent("checkpoint.\(size)"))))
      let checkpoint = try Checkpoint(parsing: note.text)
      #expect(checkpoint.size == size && checkpoint.origin == "example.com/log/testdata" && note.signatures.count == 1)
      let tile = Array(try Data(contentsOf: folder.appendingPathComponent("tile/0/000.p/\(size)")))
      tree.append(try #require(Digest(tile.suffix(32))))
      #expect(tree.root == checkpoint.root)
      let bundle = Array(try Data(contentsOf: folder.appendingPathComponent("tile/entries/000.p/\(size)")))
      var leaves: [Digest] = []
      var offset = 0
      while offset < bundle.count {
        let length = Int(bundle[offset]) << 8 | Int(bundle[offset + 1])
        leaves.append(MerkleTree.leafHash(Array(bundle[offset + 2..<offset + 2 + length])))
        offset += 2 + length
      }
      #expect(MerkleTree.root(of: leaves) == checkpoint.root)
    }
  }
}
