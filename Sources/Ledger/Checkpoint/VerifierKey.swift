package import Primitives
package import Trust

/// A public key that verifies the notes of one signer: the checkpoints of a log, or what a witness reports.
///
/// Text form: `<name>+<key id, 8 hexadecimal digits>+<base64 of 0x01 ‖ Ed25519 point>`.
/// - SeeAlso: C2SP signed-note, Signatures.
package struct VerifierKey: NoteKey, CustomStringConvertible {
  /// Name of the signer; for a log, its origin.
  package let name: String
  package let keyID: UInt32
  package let publicKey: PublicKey

  /// - Throws: `ledger.verifier_key` when the name is no key name or the key is not Ed25519.
  package init(name: String, publicKey: PublicKey) throws(CausewayError) {
    try NoteKeyText.check(name, publicKey)
    self.name = name
    self.publicKey = publicKey
    keyID = NoteKeyText.keyID(name, .ed25519, publicKey.rawEd25519 ?? [])
  }

  /// Reads the text form.
  ///
  /// - Throws: `ledger.verifier_key` (fact `reason`).
  package init(parsing text: String) throws(CausewayError) {
    let (name, key) = try NoteKeyText.read(text, .ed25519)
    try self.init(name: name, publicKey: key)
  }

  package func accepts(_ signature: [UInt8], on text: [UInt8]) -> Bool { publicKey.verify(signature, text) }

  package var description: String { NoteKeyText.write(name, .ed25519, publicKey) }

  package static func == (left: Self, right: Self) -> Bool {
    left.name.hasSameBytes(as: right.name) && left.publicKey.spki == right.publicKey.spki
  }
  package func hash(into hasher: inout Hasher) { hasher.combine(publicKey.spki) }
}
