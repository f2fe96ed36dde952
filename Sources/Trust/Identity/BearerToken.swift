package import Primitives

/// Access tokens of the inside interface. The token itself is shown once; only a salted digest is kept.
package enum BearerToken {
  /// A new token: `cwt_` and 43 characters of base64url, 256 random bits.
  package static func generate() -> Redacted<String> {
    Redacted(prefix + Base64.encode(SecureRandom.bytes(32), .url))
  }

  /// The form to keep: `sha256:<salt, 32 hex digits>:<SHA-256(salt ‖ token), 64 hex digits>`.
  ///
  /// One fast digest is enough because a token is 256 random bits: there is nothing to guess. The salt keeps equal tokens of two
  /// entries from being seen as equal.
  package static func stored(_ token: String) -> String {
    let salt = SecureRandom.bytes(16)
    return "sha256:\(Hex.encode(salt)):\(digest(salt, token).hex)"
  }

  /// Whether `token` is the one that `stored` was made from. Compares in constant time; a malformed `stored` matches nothing.
  package static func verify(_ token: String, against stored: String) -> Bool {
    guard let (salt, expected) = split(stored), token.utf8.count <= 256 else { return false }
    return constantTimeEqual(digest(salt, token).bytes, expected.bytes)
  }

  /// Whether the text has the form that ``stored(_:)`` gives; for checking a configuration.
  package static func isStored(_ text: String) -> Bool { split(text) != nil }

  private static let prefix = "cwt_"

  private static func split(_ stored: String) -> (salt: [UInt8], digest: Digest)? {
    let parts = stored.utf8.split(separator: 0x3A, omittingEmptySubsequences: false).map { Substring($0) }
    guard parts.count == 3, parts[0].utf8.elementsEqual("sha256".utf8), let salt = Hex.decode(parts[1]), salt.count == 16,
      let digest = Digest(hex: parts[2])
    else { return nil }
    return (salt, digest)
  }

  private static func digest(_ salt: [UInt8], _ token: String) -> Digest { SHA256.hash(salt + Array(token.utf8)) }
}
