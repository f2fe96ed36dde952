import Primitives

/// The forms of names in a registry. All of them are ASCII, so that they look the same wherever they are shown.
enum Identifier {
  /// `[A-Z][A-Z0-9]{1,7}`
  static func isEconomy(_ text: String) -> Bool {
    (2...8).contains(text.utf8.count) && (0x41...0x5A).contains(text.utf8.first ?? 0)
      && text.utf8.allSatisfy { (0x41...0x5A).contains($0) || (0x30...0x39).contains($0) }
  }

  /// `[A-Za-z0-9][A-Za-z0-9._@/-]{0,99}`, without `..`: profile ids, policy ids, kinds, purposes.
  static func isName(_ text: String) -> Bool {
    (1...100).contains(text.utf8.count) && isAlphanumeric(text.utf8.first ?? 0) && !text.contains("..")
      && text.utf8.allSatisfy { isAlphanumeric($0) || [0x2D, 0x2E, 0x2F, 0x40, 0x5F].contains($0) }
  }

  /// A URL without scheme: `[a-z0-9.-]+(:port)?(/[A-Za-z0-9._~-]+)*`. C2SP tlog-checkpoint recommends this form for an origin.
  static func isLogOrigin(_ text: String) -> Bool {
    (1...200).contains(text.utf8.count) && isAlphanumeric(text.utf8.first ?? 0)
      && text.utf8.allSatisfy { isAlphanumeric($0) || [0x2D, 0x2E, 0x2F, 0x3A, 0x5F, 0x7E].contains($0) }
  }

  private static func isAlphanumeric(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }
}

/// The text form of a log's or witness's key: `<name>+<key id>+<base64 of signature type and key>` (C2SP signed-note, verifier keys).
enum LedgerKeyText {
  /// What a key signs. The raw value is the signature type.
  enum Use: UInt8 {
    case log = 0x01
    case witness = 0x04

    var expected: String {
      switch self {
      case .log: "a verifier key of this log"
      case .witness: "a cosigner key of this witness"
      }
    }
  }

  /// - Returns: nil unless the text is an Ed25519 key of the signer with that name, for that use, with its right key id.
  static func publicKey(_ text: String, of name: String, _ use: Use) -> PublicKey? {
    // The base64 part may itself hold plus signs: only the first two separate.
    let parts = text.utf8.split(separator: 0x2B, maxSplits: 2, omittingEmptySubsequences: false).map { Substring($0) }
    guard parts.count == 3, parts[0].utf8.elementsEqual(name.utf8), let keyID = Hex.decode(parts[1]), keyID.count == 4,
      let bytes = Base64.decode(parts[2]), bytes.count == 33, bytes[0] == use.rawValue,
      SHA256.hash(Array(name.utf8) + [0x0A] + bytes).bytes.starts(with: keyID)
    else { return nil }
    return try? PublicKey(rawEd25519: Array(bytes.dropFirst()))
  }
}
