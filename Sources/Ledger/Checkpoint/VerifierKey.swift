package import Primitives
package import Trust

/// A public key that verifies the notes of one signer, known by its name.
///
/// Text form: `<name>+<key id, 8 hexadecimal digits>+<base64 of 0x01 ‖ Ed25519 point>`.
/// - Important: only Ed25519 (signature type 0x01) is implemented; signatures of other types are those of unknown keys.
/// - SeeAlso: C2SP signed-note, Signatures.
package struct VerifierKey: Hashable, Sendable, CustomStringConvertible {
  /// Name of the signer; for a log, its origin.
  package let name: String
  package let keyID: UInt32
  package let publicKey: PublicKey

  private static let ed25519: UInt8 = 1

  /// - Throws: `ledger.verifier_key` when the name is no key name or the key is not Ed25519.
  package init(name: String, publicKey: PublicKey) throws(CausewayError) {
    guard SignedNote.isKeyName(name) else { throw Self.malformed("name") }
    guard let point = publicKey.rawEd25519 else { throw Self.malformed("algorithm") }
    self.name = name
    self.publicKey = publicKey
    keyID = SHA256.hash(Array(name.utf8) + [0x0A, Self.ed25519] + point).bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
  }

  /// Reads the text form.
  ///
  /// - Throws: `ledger.verifier_key` (fact `reason`).
  package init(parsing text: String) throws(CausewayError) {
    // The base64 part may hold plus signs; the name and the id cannot.
    let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3 else { throw Self.malformed("not name+id+key") }
    guard let bytes = Base64.decode(parts[2]), bytes.first == Self.ed25519, bytes.count == 33 else { throw Self.malformed("algorithm") }
    let key: PublicKey
    do {
      key = try PublicKey(rawEd25519: Array(bytes.dropFirst()))
    } catch {
      throw Self.malformed("key")
    }
    try self.init(name: String(parts[0]), publicKey: key)
    guard ByteString(String(parts[1])) == ByteString(Hex.encode(bigEndianBytes(keyID))) else { throw Self.malformed("key id") }
  }

  package var description: String {
    let key = [Self.ed25519] + (publicKey.rawEd25519 ?? [])
    return "\(name)+\(Hex.encode(bigEndianBytes(keyID)))+\(Base64.encode(key))"
  }

  package static func == (left: Self, right: Self) -> Bool {
    left.name.hasSameBytes(as: right.name) && left.publicKey.spki == right.publicKey.spki
  }
  package func hash(into hasher: inout Hasher) { hasher.combine(publicKey.spki) }

  private static func malformed(_ reason: String) -> CausewayError { CausewayError("ledger.verifier_key", facts: ["reason": reason]) }
}
