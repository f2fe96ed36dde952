package import Primitives
package import Trust

/// A checkpoint that its log has signed. Only ``verify(_:origin:keys:)`` and ``CheckpointSigner`` can make one.
package struct SignedCheckpoint: Hashable, Sendable {
  package let checkpoint: Checkpoint
  /// The note as it was received or written, with all its signatures.
  package let note: [UInt8]

  package var origin: String { checkpoint.origin }
  package var size: Int { checkpoint.size }
  package var root: Digest { checkpoint.root }

  fileprivate init(unchecked checkpoint: Checkpoint, note: [UInt8]) {
    self.checkpoint = checkpoint
    self.note = note
  }

  init(_ signed: SignedCheckpoint, lines: [UInt8]) {
    self.init(unchecked: signed.checkpoint, note: signed.note + lines)
  }

  /// Verifies a checkpoint of one known log.
  ///
  /// - Parameters:
  ///   - origin: the log that is meant. Pinned by the caller, never taken from the note.
  ///   - keys: the log's keys; more than one while a key is being rolled over. Signatures of others are not looked at.
  /// - Throws: `ledger.note_malformed`, `ledger.note_signature` when a signature of a known key is wrong,
  ///   `ledger.note_unknown_key` when no known key signed, `ledger.checkpoint_malformed`, `ledger.checkpoint_origin`,
  ///   `ledger.checkpoint_extension`.
  /// - SeeAlso: C2SP signed-note, Signatures; C2SP tlog-checkpoint.
  package static func verify(_ note: [UInt8], origin: String, keys: [VerifierKey]) throws(CausewayError) -> SignedCheckpoint {
    let parsed = try SignedNote(parsing: note)
    try parsed.verify(keys: keys)
    let checkpoint = try Checkpoint(parsing: parsed.text)
    guard ByteString(checkpoint.origin) == ByteString(origin) else { throw CausewayError("ledger.checkpoint_origin") }
    guard checkpoint.extensions.isEmpty else { throw CausewayError("ledger.checkpoint_extension") }
    return SignedCheckpoint(unchecked: checkpoint, note: note)
  }
}

/// Signs the checkpoints of one log.
///
/// Whoever holds it must sign only heads that extend every head signed before.
package struct CheckpointSigner: Sendable {
  /// The log's name; also the name of its key.
  package let origin: String
  package let verifierKey: VerifierKey
  private let key: PrivateKey

  /// - Throws: `ledger.verifier_key` when the origin is no key name or the key is not Ed25519.
  package init(origin: String, key: PrivateKey) throws(CausewayError) {
    verifierKey = try VerifierKey(name: origin, publicKey: key.publicKey)
    self.origin = origin
    self.key = key
  }

  /// - Throws: `key.signing`.
  package func sign(size: Int, root: Digest) throws(CausewayError) -> SignedCheckpoint {
    let checkpoint = Checkpoint(origin: origin, size: size, root: root)
    let text = checkpoint.text
    let signature = SignedNote.Signature(name: origin, keyID: verifierKey.keyID, bytes: try key.sign(text))
    return SignedCheckpoint(unchecked: checkpoint, note: SignedNote(text: text, signatures: [signature]).bytes)
  }
}
