package import Primitives
package import Trust

/// A public key that verifies the cosignatures of one witness. Not a ``VerifierKey``: what a witness says of a log is never taken for
/// what the log says.
///
/// Text form: `<name>+<key id, 8 hexadecimal digits>+<base64 of 0x04 ‖ Ed25519 point>`.
/// - Important: only Ed25519 is implemented. OpenSSL 3.0 has no ML-DSA-44; keys of that type (0x06) are not read, and their
///   cosignatures are those of unknown keys.
/// - SeeAlso: C2SP tlog-cosignature, Format.
package struct CosignerKey: NoteKey, CustomStringConvertible {
  /// Name of the witness.
  package let name: String
  package let keyID: UInt32
  package let publicKey: PublicKey

  /// - Throws: `ledger.verifier_key` when the name is no key name or the key is not Ed25519.
  package init(name: String, publicKey: PublicKey) throws(CausewayError) {
    try NoteKeyText.check(name, publicKey)
    self.name = name
    self.publicKey = publicKey
    keyID = NoteKeyText.keyID(name, .cosignature, publicKey.rawEd25519 ?? [])
  }

  /// Reads the text form.
  ///
  /// - Throws: `ledger.verifier_key` (fact `reason`).
  package init(parsing text: String) throws(CausewayError) {
    let (name, key) = try NoteKeyText.read(text, .cosignature)
    try self.init(name: name, publicKey: key)
  }

  /// The key under which the same witness signs its fraud proofs.
  package var reporterKey: VerifierKey {
    get throws(CausewayError) { try VerifierKey(name: name, publicKey: publicKey) }
  }

  package func accepts(_ signature: [UInt8], on text: [UInt8]) -> Bool {
    guard let time = CosignatureText.time(of: signature) else { return false }
    return publicKey.verify(Array(signature.dropFirst(8)), CosignatureText.message(text, time: time))
  }

  package var description: String { NoteKeyText.write(name, .cosignature, publicKey) }

  package static func == (left: Self, right: Self) -> Bool {
    left.name.hasSameBytes(as: right.name) && left.publicKey.spki == right.publicKey.spki
  }
  package func hash(into hasher: inout Hasher) { hasher.combine(publicKey.spki) }
}

/// The bytes of an Ed25519 cosignature and of what it signs.
///
/// - SeeAlso: C2SP tlog-cosignature, Ed25519 signed message.
enum CosignatureText {
  /// Seconds since 1970 of a `timestamped_signature`: 8 bytes of time, 64 of signature.
  static func time(of signature: [UInt8]) -> Int64? {
    guard signature.count == 72, signature[0] < 0x80 else { return nil }
    return signature.prefix(8).reduce(0) { $0 << 8 | Int64($1) }
  }

  static func message(_ text: [UInt8], time: Int64) -> [UInt8] { Array("cosignature/v1\ntime \(time)\n".utf8) + text }
}
