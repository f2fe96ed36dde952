package import Primitives
import Trust

/// What the keys of notes have in common, whatever they sign for.
///
/// - SeeAlso: C2SP signed-note, Signatures.
package protocol NoteKey: Hashable, Sendable {
  /// Name of the signer: no white space, no plus sign.
  var name: String { get }
  /// First four bytes, big-endian, of `SHA-256(name ‖ 0x0A ‖ signature type ‖ key)`.
  var keyID: UInt32 { get }
  /// Whether these bytes, which follow the key id in a signature line, are this key's signature on the text.
  func accepts(_ signature: [UInt8], on text: [UInt8]) -> Bool
}

/// Kinds of signature that are implemented; signatures of any other kind are those of unknown keys.
enum NoteSignatureType: UInt8 {
  /// Ed25519 over the text.
  case ed25519 = 0x01
  /// Ed25519 over a time and the text (C2SP tlog-cosignature).
  case cosignature = 0x04
}

/// The text form of a note's key: `<name>+<key id, 8 hexadecimal digits>+<base64 of type ‖ Ed25519 point>`.
enum NoteKeyText {
  static func keyID(_ name: String, _ type: NoteSignatureType, _ point: [UInt8]) -> UInt32 {
    SHA256.hash(Array(name.utf8) + [0x0A, type.rawValue] + point).bytes.prefix(4).reduce(0) { $0 << 8 | UInt32($1) }
  }

  static func write(_ name: String, _ type: NoteSignatureType, _ key: PublicKey) -> String {
    let point = key.rawEd25519 ?? []
    return "\(name)+\(Hex.encode(bigEndianBytes(keyID(name, type, point))))+\(Base64.encode([type.rawValue] + point))"
  }

  /// - Throws: `ledger.verifier_key` (fact `reason`).
  static func check(_ name: String, _ key: PublicKey) throws(CausewayError) {
    guard SignedNote.isKeyName(name) else { throw malformed("name") }
    guard key.rawEd25519 != nil else { throw malformed("algorithm") }
  }

  /// - Throws: `ledger.verifier_key` (fact `reason`).
  static func read(_ text: String, _ type: NoteSignatureType) throws(CausewayError) -> (name: String, key: PublicKey) {
    // The base64 part may hold plus signs; the name and the id cannot.
    let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3 else { throw malformed("not name+id+key") }
    guard let bytes = Base64.decode(parts[2]), bytes.first == type.rawValue, bytes.count == 33 else { throw malformed("algorithm") }
    let (name, point) = (String(parts[0]), Array(bytes.dropFirst()))
    guard SignedNote.isKeyName(name) else { throw malformed("name") }
    guard parts[1].utf8.elementsEqual(Hex.encode(bigEndianBytes(keyID(name, type, point))).utf8) else { throw malformed("key id") }
    do {
      return (name, try PublicKey(rawEd25519: point))
    } catch {
      throw malformed("key")
    }
  }

  private static func malformed(_ reason: String) -> CausewayError { CausewayError("ledger.verifier_key", facts: ["reason": reason]) }
}

extension SignedNote {
  /// The signatures of known keys, all of them checked. Signatures of others are not looked at.
  ///
  /// - Throws: `ledger.note_signature` when one that names a known key is wrong.
  /// - SeeAlso: C2SP signed-note, Signatures.
  package func signatures<Key: NoteKey>(of keys: [Key]) throws(CausewayError) -> [(key: Key, signature: Signature)] {
    var found: [(key: Key, signature: Signature)] = []
    for signature in signatures {
      let known = keys.filter { $0.keyID == signature.keyID && $0.name.hasSameBytes(as: signature.name) }
      guard !known.isEmpty else { continue }
      guard let key = known.first(where: { $0.accepts(signature.bytes, on: text) }) else { throw CausewayError("ledger.note_signature") }
      found.append((key, signature))
    }
    return found
  }

  /// Checks that at least one of these keys has signed, and none of them wrongly.
  ///
  /// - Throws: `ledger.note_signature`; `ledger.note_unknown_key` when there is no signature of a known key.
  package func verify(keys: [some NoteKey]) throws(CausewayError) {
    guard !(try signatures(of: keys)).isEmpty else { throw CausewayError("ledger.note_unknown_key") }
  }
}
