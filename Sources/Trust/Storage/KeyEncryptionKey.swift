package import Primitives

/// What the keys of stored data are wrapped with (SP 800-57, key-encryption key): a file, or a key that a hardware security module never hands
/// out. The key itself is asked for by nobody.
package protocol KeyEncryptionKey: Sendable {
  /// Wraps a key so that it may be stored.
  ///
  /// - Parameter context: what the key is for. Wrapped for one thing it cannot be unwrapped for another.
  /// - Throws: what the module behind it throws; a file does not.
  func wrap(_ key: SecretKey, for context: [UInt8]) throws(CausewayError) -> [UInt8]

  /// - Returns: nil when it was wrapped with another key or for another context, or was changed since.
  /// - Throws: as ``wrap(_:for:)``.
  func unwrap(_ wrapped: [UInt8], for context: [UInt8]) throws(CausewayError) -> SecretKey?

  /// Lets go of what the key holds on to outside this process. Nothing is wrapped or unwrapped after it.
  func close()
}

extension KeyEncryptionKey {
  package func close() {}
}

/// A key-encryption key that lies in a file: one PEM block `CAUSEWAY STORAGE KEY` of 32 random bytes, readable by its owner alone.
///
/// Keys are wrapped with AES-256-GCM and not with AES Key Wrap (RFC 3394): that has no place for the context, and without one the wrapped
/// keys of two declarations could be exchanged unseen.
package struct FileKeyEncryptionKey: KeyEncryptionKey {
  private static let label = "CAUSEWAY STORAGE KEY"
  private let key: SecretKey

  private init(_ key: SecretKey) { self.key = key }

  package static func generate() -> FileKeyEncryptionKey { FileKeyEncryptionKey(.random()) }

  /// - Throws: `key.pem`, `key.malformed`.
  package init(pem: String) throws(CausewayError) {
    guard let key = SecretKey(bytes: try PEM.singleBlock(pem, label: Self.label)) else { throw CausewayError("key.malformed") }
    self.key = key
  }

  /// Write it only to a file that its owner alone can read (mode 0600).
  package func pem() -> Redacted<String> { Redacted(PEM.encode(key.exposed, label: Self.label)) }

  package func wrap(_ key: SecretKey, for context: [UInt8]) throws(CausewayError) -> [UInt8] {
    self.key.seal(key, context: context)
  }

  package func unwrap(_ wrapped: [UInt8], for context: [UInt8]) throws(CausewayError) -> SecretKey? {
    key.openKey(wrapped, context: context)
  }
}
