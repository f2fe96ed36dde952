import COpenSSL
package import Primitives

/// A private key that signs. It lives in OpenSSL and is cleared there when the object goes.
package final class PrivateKey: Sendable, CustomStringConvertible {
  package let kind: KeyKind
  package let publicKey: PublicKey
  let handle: KeyHandle

  private init(owning pointer: OpaquePointer) throws(CausewayError) {
    let handle = KeyHandle(owning: pointer)
    guard let spki = OpenSSL.der({ i2d_PUBKEY(pointer, $0) }) else { throw OpenSSL.failure("key.malformed") }
    publicKey = try PublicKey(spki: spki)
    kind = publicKey.kind
    self.handle = handle
  }

  /// A new key pair.
  ///
  /// - Throws: `key.generation` when OpenSSL cannot make one.
  package static func generate(_ kind: KeyKind) throws(CausewayError) -> PrivateKey {
    let type = kind == .p256 ? EVP_PKEY_EC : EVP_PKEY_ED25519
    guard let context = EVP_PKEY_CTX_new_id(type, nil) else { throw OpenSSL.failure("key.generation") }
    defer { EVP_PKEY_CTX_free(context) }
    var pointer: OpaquePointer?
    guard EVP_PKEY_keygen_init(context) == 1,
      kind == .ed25519 || EVP_PKEY_CTX_set_ec_paramgen_curve_nid(context, NID_X9_62_prime256v1) == 1,
      EVP_PKEY_keygen(context, &pointer) == 1, let pointer
    else { throw OpenSSL.failure("key.generation") }
    return try PrivateKey(owning: pointer)
  }

  /// Reads one unencrypted PKCS #8 key (PEM `PRIVATE KEY`, RFC 5958).
  ///
  /// - Throws: `key.malformed` when it is none; `key.unsupported` when it is neither P-256 nor Ed25519;
  ///   `key.mismatch` when the private and the public half do not belong together.
  package convenience init(pem: String) throws(CausewayError) {
    let der = try PEM.singleBlock(pem, label: "PRIVATE KEY")
    let pointer = der.withUnsafeBufferPointer { buffer in
      var cursor = buffer.baseAddress
      return d2i_AutoPrivateKey(nil, &cursor, buffer.count)
    }
    guard let pointer else { throw OpenSSL.failure("key.malformed") }
    try self.init(owning: pointer)
    try checkConsistency()
  }

  /// The key in PKCS #8 PEM, unencrypted: write it only to a file that its owner alone can read (mode 0600).
  package func pem() -> Redacted<String> {
    let text = OpenSSL.text { PEM_write_bio_PKCS8PrivateKey($0, handle.pointer, nil, nil, 0, nil, nil) }
    return Redacted(OpenSSL.require(text, "PEM_write_bio_PKCS8PrivateKey"))
  }

  /// Signs `message`: ES256 as `r ‖ s`, or Ed25519. Shape of the signature: 64 bytes.
  ///
  /// - Throws: `key.signing` when OpenSSL, or the security module behind it, cannot sign.
  package func sign(_ message: [UInt8]) throws(CausewayError) -> [UInt8] {
    let signature =
      switch kind {
      case .p256: signP256(SHA256.hash(message))
      case .ed25519: signEd25519(message)
      }
    guard let signature, signature.count == 64 else { throw OpenSSL.failure("key.signing") }
    return signature
  }

  /// Never shows the key.
  package var description: String { "private key \(publicKey.fingerprint.hex)" }

  private func signP256(_ digest: Digest) -> [UInt8]? {
    let der = handle.withContext(.sign) { context in
      // An ECDSA signature on a 256-bit curve is at most 72 bytes in DER.
      [UInt8](unsafeUninitializedCapacity: 80) { buffer, count in
        var length = 80
        let result = digest.withUnsafeBytes { EVP_PKEY_sign(context, buffer.baseAddress, &length, $0.baseAddress, $0.count) }
        count = result == 1 ? length : 0
      }
    }
    return ECDSASignature.raw(der: der)
  }

  private func signEd25519(_ message: [UInt8]) -> [UInt8]? {
    let context = OpenSSL.require(EVP_MD_CTX_new(), "EVP_MD_CTX_new")
    defer { EVP_MD_CTX_free(context) }
    guard EVP_DigestSignInit(context, nil, nil, nil, handle.pointer) == 1 else { return nil }
    return [UInt8](unsafeUninitializedCapacity: 64) { buffer, count in
      var length = 64
      let result = EVP_DigestSign(context, buffer.baseAddress, &length, message, message.count)
      count = result == 1 ? length : 0
    }
  }

  /// A PKCS #8 file may carry a public key of its own; signing with a pair that does not match leaks the private key.
  private func checkConsistency() throws(CausewayError) {
    let probe = Array("causeway key check".utf8)
    guard publicKey.verify(try sign(probe), probe) else { throw CausewayError("key.mismatch") }
  }
}
