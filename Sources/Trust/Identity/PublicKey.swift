import COpenSSL
package import Primitives
import Synchronization

/// The two kinds of signature key that gateways use.
package enum KeyKind: String, Sendable, CaseIterable {
  /// ECDSA on NIST P-256 with SHA-256 (JWS `ES256`, RFC 7518 §3.4).
  case p256
  /// Ed25519 (JWS `EdDSA`, RFC 8037 §3.1).
  case ed25519
}

/// A public key that verifies signatures.
///
/// Decoding a key costs twice an ECDSA verification in OpenSSL 3: keep the object, do not decode again.
package final class PublicKey: Sendable {
  package let kind: KeyKind
  /// DER `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7), in the one encoding accepted. Length: 91 (P-256) or 44 (Ed25519).
  package let spki: [UInt8]
  /// SHA-256 of ``spki``.
  package let fingerprint: Digest
  let handle: KeyHandle

  /// Accepts exactly one encoding for each kind of key: named curve and uncompressed point for P-256 (so no explicit curve
  /// parameters, no compressed point), RFC 8410 for Ed25519. Points that are not on the curve and Ed25519 keys of small
  /// order, for which anybody could make signatures, are refused.
  ///
  /// - Throws: `key.unsupported` for any other kind of key; `key.malformed` when OpenSSL refuses the point.
  package init(spki: [UInt8]) throws(CausewayError) {
    guard let kind = Self.kind(of: spki) else { throw CausewayError("key.unsupported") }
    if kind == .ed25519, Ed25519SmallOrder.contains(spki.suffix(32)) { throw CausewayError("key.malformed") }
    let pointer = spki.withUnsafeBufferPointer { buffer in
      var cursor = buffer.baseAddress
      return d2i_PUBKEY(nil, &cursor, buffer.count)
    }
    guard let pointer else { throw OpenSSL.failure("key.malformed") }
    self.kind = kind
    self.spki = spki
    fingerprint = SHA256.hash(spki)
    handle = KeyHandle(owning: pointer)
  }

  /// - Parameter rawEd25519: the encoded point of RFC 8032 §5.1.2. Shape: 32 bytes.
  package convenience init(rawEd25519: [UInt8]) throws(CausewayError) {
    guard rawEd25519.count == 32 else { throw CausewayError("key.malformed") }
    try self.init(spki: Self.ed25519Prefix + rawEd25519)
  }

  /// The 32 bytes of the encoded point, or nil for other kinds of key.
  package var rawEd25519: [UInt8]? { kind == .ed25519 ? Array(spki.suffix(32)) : nil }

  /// Reads one PEM `PUBLIC KEY` block.
  package convenience init(pem: String) throws(CausewayError) {
    try self.init(spki: try PEM.singleBlock(pem, label: "PUBLIC KEY"))
  }

  package var pem: String { PEM.encode(spki, label: "PUBLIC KEY") }

  /// Whether `signature` is this key's signature over `message`.
  ///
  /// P-256: `r ‖ s`, 64 bytes; r and s outside 1…n−1 are refused. Both s and n−s are valid by the standard: a message is
  /// identified by its content, never by its signature. Ed25519: 64 bytes, RFC 8032 §5.1.7 without cofactor, S below the
  /// group order. Any other length is refused.
  package func verify(_ signature: [UInt8], _ message: [UInt8]) -> Bool {
    guard signature.count == 64 else { return false }
    let valid =
      switch kind {
      case .p256: verifyP256(signature, SHA256.hash(message))
      case .ed25519: verifyEd25519(signature, message)
      }
    if !valid { OpenSSL.discardErrors() }
    return valid
  }

  private func verifyP256(_ signature: [UInt8], _ digest: Digest) -> Bool {
    guard let der = ECDSASignature.der(raw: signature) else { return false }
    return handle.withContext(.verify) { context in
      digest.withUnsafeBytes { EVP_PKEY_verify(context, der, der.count, $0.baseAddress, $0.count) == 1 }
    }
  }

  private func verifyEd25519(_ signature: [UInt8], _ message: [UInt8]) -> Bool {
    let context = OpenSSL.require(EVP_MD_CTX_new(), "EVP_MD_CTX_new")
    defer { EVP_MD_CTX_free(context) }
    guard EVP_DigestVerifyInit(context, nil, nil, nil, handle.pointer) == 1 else { return false }
    return EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
  }

  private static let p256Prefix: [UInt8] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01,
    0x07, 0x03, 0x42, 0x00, 0x04,
  ]
  private static let ed25519Prefix: [UInt8] = [0x30, 0x2A, 0x30, 0x05, 0x06, 0x03, 0x2B, 0x65, 0x70, 0x03, 0x21, 0x00]

  private static func kind(of spki: [UInt8]) -> KeyKind? {
    if spki.count == 91, spki.starts(with: p256Prefix) { return .p256 }
    if spki.count == 44, spki.starts(with: ed25519Prefix) { return .ed25519 }
    return nil
  }
}

extension PublicKey: Hashable {
  package static func == (left: PublicKey, right: PublicKey) -> Bool { left.spki == right.spki }
  package func hash(into hasher: inout Swift.Hasher) { hasher.combine(spki) }
}

/// Owner of one `EVP_PKEY` and of the operation contexts made for it.
///
/// Sendable by hand: OpenSSL allows concurrent use of a key that nobody changes, and a context leaves the idle list before
/// it is used and comes back after, so one thread has it at a time.
final class KeyHandle: @unchecked Sendable {
  enum Operation: Int { case sign, verify }

  let pointer: OpaquePointer
  private struct Idle: @unchecked Sendable { var contexts: [OpaquePointer] = [] }
  private let idle = Mutex(Idle())

  init(owning pointer: OpaquePointer) { self.pointer = pointer }

  deinit {
    idle.withLock { for context in $0.contexts { EVP_PKEY_CTX_free(context) } }
    EVP_PKEY_free(pointer)
  }

  /// Lends an ECDSA context, already initialised. A handle is used either for signing or for verifying, never for both.
  func withContext<Result>(_ operation: Operation, _ body: (OpaquePointer) -> Result) -> Result {
    let context = idle.withLock { $0.contexts.popLast() } ?? makeContext(operation)
    defer { idle.withLock { $0.contexts.append(context) } }
    return body(context)
  }

  private func makeContext(_ operation: Operation) -> OpaquePointer {
    let context = OpenSSL.require(EVP_PKEY_CTX_new_from_pkey(nil, pointer, nil), "EVP_PKEY_CTX_new_from_pkey")
    switch operation {
    case .sign: OpenSSL.require(EVP_PKEY_sign_init(context), "EVP_PKEY_sign_init")
    case .verify: OpenSSL.require(EVP_PKEY_verify_init(context), "EVP_PKEY_verify_init")
    }
    OpenSSL.require(EVP_PKEY_CTX_set_signature_md(context, Algorithm.sha256.pointer), "EVP_PKEY_CTX_set_signature_md")
    return context
  }
}

/// The two forms of an ECDSA signature: `r ‖ s` (RFC 7518 §3.4) and DER `SEQUENCE { r INTEGER, s INTEGER }` (RFC 3279 §2.2.3).
enum ECDSASignature {
  /// - Parameter raw: Shape: 64 bytes.
  static func der(raw: [UInt8]) -> [UInt8]? {
    guard raw.count == 64, let signature = ECDSA_SIG_new() else { return nil }
    defer { ECDSA_SIG_free(signature) }
    let (r, s) = raw.withUnsafeBufferPointer { (BN_bin2bn($0.baseAddress, 32, nil), BN_bin2bn($0.baseAddress! + 32, 32, nil)) }
    guard ECDSA_SIG_set0(signature, r, s) == 1 else {
      BN_free(r)
      BN_free(s)
      return nil
    }
    return OpenSSL.der { i2d_ECDSA_SIG(signature, $0) }
  }

  /// - Returns: 64 bytes, or nil when `der` is no signature for a 256-bit curve.
  static func raw(der: [UInt8]) -> [UInt8]? {
    let signature = der.withUnsafeBufferPointer { buffer in
      var cursor = buffer.baseAddress
      return d2i_ECDSA_SIG(nil, &cursor, buffer.count)
    }
    guard let signature else { return nil }
    defer { ECDSA_SIG_free(signature) }
    return [UInt8](unsafeUninitializedCapacity: 64) { buffer, count in
      let r = BN_bn2binpad(ECDSA_SIG_get0_r(signature), buffer.baseAddress, 32)
      let s = BN_bn2binpad(ECDSA_SIG_get0_s(signature), buffer.baseAddress! + 32, 32)
      count = r == 32 && s == 32 ? 64 : 0
    }
  }
}
