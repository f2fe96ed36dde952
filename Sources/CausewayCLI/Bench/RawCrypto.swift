import COpenSSL
import Glibc
import Primitives

/// OpenSSL as it is, algorithms and contexts made once: the floor of signing, verifying, sending, encrypting at rest and committing to fields.
final class RawCrypto {
  private let sha256: OpaquePointer
  private let digesting: OpaquePointer
  private let signing: OpaquePointer
  private let verifying: OpaquePointer
  private let cipher: OpaquePointer
  private let ciphering: OpaquePointer
  private let sockets: (Int32, Int32)
  private let storing: Storing
  private let authenticating: OpaquePointer
  private let checkpointKey: OpaquePointer
  private let checkpointing: OpaquePointer
  private var digest = [UInt8](repeating: 0, count: 32)
  private var signature = [UInt8](repeating: 0, count: 80)
  private var signatureLength = 0
  private var checkpointSignature = [UInt8](repeating: 0, count: 64)
  /// Size of a TLS record.
  private static let record = 16 << 10
  private let plain = UnsafeMutablePointer<UInt8>.allocate(capacity: record + 16)
  private let sealed = UnsafeMutablePointer<UInt8>.allocate(capacity: record + 16)
  private let key = [UInt8](repeating: 7, count: 16)
  private let nonce = [UInt8](repeating: 9, count: 12)

  init() throws(CausewayError) {
    var key: OpaquePointer?
    guard let maker = EVP_PKEY_CTX_new_id(EVP_PKEY_EC, nil) else { throw Self.failure("EVP_PKEY_CTX_new_id") }
    defer { EVP_PKEY_CTX_free(maker) }
    guard EVP_PKEY_keygen_init(maker) == 1, EVP_PKEY_CTX_set_ec_paramgen_curve_nid(maker, NID_X9_62_prime256v1) == 1,
      EVP_PKEY_keygen(maker, &key) == 1
    else { throw Self.failure("EVP_PKEY_keygen") }
    // The contexts below keep the key.
    defer { EVP_PKEY_free(key) }
    guard let sha256 = EVP_MD_fetch(nil, "SHA256", nil), let digesting = EVP_MD_CTX_new(), let signing = EVP_PKEY_CTX_new(key, nil),
      let verifying = EVP_PKEY_CTX_new(key, nil), let cipher = EVP_CIPHER_fetch(nil, "AES-128-GCM", nil),
      let ciphering = EVP_CIPHER_CTX_new(),
      EVP_PKEY_sign_init(signing) == 1, EVP_PKEY_verify_init(verifying) == 1
    else { throw Self.failure("EVP_PKEY_sign_init") }
    (self.sha256, self.digesting, self.signing, self.verifying) = (sha256, digesting, signing, verifying)
    (self.cipher, self.ciphering) = (cipher, ciphering)
    var pair: [Int32] = [0, 0]
    guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &pair) == 0 else { throw Self.failure("socketpair") }
    sockets = (pair[0], pair[1])
    storing = try Storing()
    authenticating = try Self.authentication()
    (checkpointKey, checkpointing) = try Self.checkpointing()
    try sign([0])
    try signCheckpoint([0])
  }

  deinit {
    EVP_MD_CTX_free(digesting)
    EVP_MD_free(sha256)
    EVP_PKEY_CTX_free(signing)
    EVP_PKEY_CTX_free(verifying)
    EVP_CIPHER_CTX_free(ciphering)
    EVP_CIPHER_free(cipher)
    EVP_MAC_CTX_free(authenticating)
    EVP_MD_CTX_free(checkpointing)
    EVP_PKEY_free(checkpointKey)
    close(sockets.0)
    close(sockets.1)
    plain.deallocate()
    sealed.deallocate()
  }

  /// SHA-256 of the bytes and one ECDSA P-256 signature over it.
  func sign(_ bytes: [UInt8]) throws(CausewayError) {
    try hash(bytes)
    signatureLength = signature.count
    guard EVP_PKEY_sign(signing, &signature, &signatureLength, digest, digest.count) == 1 else { throw Self.failure("EVP_PKEY_sign") }
  }

  /// SHA-256 of the bytes and one check of the signature made last.
  ///
  /// - Precondition: ``sign(_:)`` was last called with the same bytes.
  func verify(_ bytes: [UInt8]) throws(CausewayError) {
    try hash(bytes)
    guard EVP_PKEY_verify(verifying, signature, signatureLength, digest, digest.count) == 1 else { throw Self.failure("EVP_PKEY_verify") }
  }

  /// Carries the bytes from one side to the other as TLS does, record by record: AES-128-GCM, through a socket, AES-128-GCM.
  func carry(_ bytes: [UInt8]) throws(CausewayError) {
    let isDone = bytes.withUnsafeBufferPointer { buffer in
      stride(from: 0, to: buffer.count, by: Self.record).allSatisfy { start in
        let count = min(Self.record, buffer.count - start)
        let tag = sealed + count
        return self.start(encrypting: true) && update(sealed, buffer.baseAddress.map { $0 + start }, count)
          && EVP_CIPHER_CTX_ctrl(ciphering, EVP_CTRL_AEAD_GET_TAG, 16, tag) == 1
          && send(sockets.0, sealed, count + 16, 0) == count + 16
          && recv(sockets.1, sealed, count + 16, Int32(MSG_WAITALL)) == count + 16
          && self.start(encrypting: false) && EVP_CIPHER_CTX_ctrl(ciphering, EVP_CTRL_AEAD_SET_TAG, 16, tag) == 1
          && update(plain, UnsafePointer(sealed), count)
      }
    }
    guard isDone else { throw Self.failure("EVP_CipherUpdate") }
  }

  private func start(encrypting: Bool) -> Bool { EVP_CipherInit_ex2(ciphering, cipher, key, nonce, encrypting ? 1 : 0, nil) == 1 }

  /// One record through the cipher, and its end, which writes nothing in GCM.
  private func update(_ output: UnsafeMutablePointer<UInt8>, _ input: UnsafePointer<UInt8>?, _ count: Int) -> Bool {
    var (length, rest): (Int32, Int32) = (0, 0)
    return EVP_CipherUpdate(ciphering, output, &length, input, Int32(count)) == 1
      && EVP_CipherFinal_ex(ciphering, output + count, &rest) == 1
  }

  /// SHA-256 of the bytes.
  func hash(_ bytes: [UInt8]) throws(CausewayError) {
    var length: UInt32 = 0
    guard EVP_DigestInit_ex2(digesting, sha256, nil) == 1, EVP_DigestUpdate(digesting, bytes, bytes.count) == 1,
      EVP_DigestFinal_ex(digesting, &digest, &length) == 1
    else { throw Self.failure("EVP_Digest") }
  }

  /// HMAC-SHA-256 of a text, with the key that the context has from the beginning.
  func authenticate(_ text: [UInt8]) throws(CausewayError) {
    var length = 0
    guard EVP_MAC_init(authenticating, nil, 0, nil) == 1, EVP_MAC_update(authenticating, text, text.count) == 1,
      EVP_MAC_final(authenticating, &digest, &length, digest.count) == 1
    else { throw Self.failure("EVP_MAC") }
  }

  private static func authentication() throws(CausewayError) -> OpaquePointer {
    // The context keeps the algorithm.
    guard let hmac = EVP_MAC_fetch(nil, "HMAC", nil) else { throw failure("EVP_MAC_fetch") }
    defer { EVP_MAC_free(hmac) }
    let secret = [UInt8](repeating: 5, count: 32)
    guard let context = EVP_MAC_CTX_new(hmac) else { throw failure("EVP_MAC_CTX_new") }
    guard causeway_hmac_sha256_init(context, secret, secret.count) == 1 else { throw failure("EVP_MAC_init") }
    return context
  }

  // MARK: Checkpoints

  /// One Ed25519 signature.
  func signCheckpoint(_ note: [UInt8]) throws(CausewayError) {
    var length = checkpointSignature.count
    guard EVP_DigestSignInit(checkpointing, nil, nil, nil, checkpointKey) == 1,
      EVP_DigestSign(checkpointing, &checkpointSignature, &length, note, note.count) == 1
    else { throw Self.failure("EVP_DigestSign") }
  }

  /// One check of the signature made last.
  ///
  /// - Precondition: ``signCheckpoint(_:)`` was last called with the same bytes.
  func verifyCheckpoint(_ note: [UInt8]) throws(CausewayError) {
    guard EVP_DigestVerifyInit(checkpointing, nil, nil, nil, checkpointKey) == 1,
      EVP_DigestVerify(checkpointing, checkpointSignature, checkpointSignature.count, note, note.count) == 1
    else { throw Self.failure("EVP_DigestVerify") }
  }

  private static func checkpointing() throws(CausewayError) -> (OpaquePointer, OpaquePointer) {
    var key: OpaquePointer?
    guard let maker = EVP_PKEY_CTX_new_id(EVP_PKEY_ED25519, nil) else { throw failure("EVP_PKEY_CTX_new_id") }
    defer { EVP_PKEY_CTX_free(maker) }
    guard EVP_PKEY_keygen_init(maker) == 1, EVP_PKEY_keygen(maker, &key) == 1, let key, let context = EVP_MD_CTX_new() else {
      throw failure("EVP_PKEY_keygen")
    }
    return (key, context)
  }

  // MARK: Encryption at rest

  /// A document as it is stored.
  typealias Sealed = Storing.Sealed

  /// Encrypts a document with AES-256-GCM; what comes of it is not kept.
  func seal(_ bytes: [UInt8]) throws(CausewayError) { try storing.seal(bytes) }

  func sealed(_ bytes: [UInt8]) throws(CausewayError) -> Sealed {
    try storing.seal(bytes)
    return storing.sealed(count: bytes.count)
  }

  /// Decrypts a document and checks that it was not changed.
  func open(_ sealed: Sealed) throws(CausewayError) { try storing.open(sealed) }

  /// AES-256-GCM with one context, key and nonce, and memory for the largest document so far.
  final class Storing {
    struct Sealed {
      var ciphertext: [UInt8]
      let tag: [UInt8]
    }

    private let cipher: OpaquePointer
    private let context: OpaquePointer
    private let key = [UInt8](repeating: 3, count: 32)
    private let nonce = [UInt8](repeating: 4, count: 12)
    private var output: [UInt8] = []
    private var tag = [UInt8](repeating: 0, count: 16)

    init() throws(CausewayError) {
      guard let cipher = EVP_CIPHER_fetch(nil, "AES-256-GCM", nil), let context = EVP_CIPHER_CTX_new() else {
        throw RawCrypto.failure("EVP_CIPHER_fetch")
      }
      (self.cipher, self.context) = (cipher, context)
    }

    deinit {
      EVP_CIPHER_CTX_free(context)
      EVP_CIPHER_free(cipher)
    }

    func seal(_ bytes: [UInt8]) throws(CausewayError) {
      // GCM writes nothing at its end.
      var (length, rest): (Int32, Int32) = (0, 0)
      makeRoom(for: bytes.count)
      guard EVP_EncryptInit_ex2(context, cipher, key, nonce, nil) == 1,
        EVP_EncryptUpdate(context, &output, &length, bytes, Int32(bytes.count)) == 1, EVP_EncryptFinal_ex(context, &tag, &rest) == 1,
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, 16, &tag) == 1
      else { throw RawCrypto.failure("EVP_EncryptUpdate") }
    }

    func sealed(count: Int) -> Sealed { Sealed(ciphertext: Array(output.prefix(count)), tag: tag) }

    func open(_ sealed: Sealed) throws(CausewayError) {
      var (length, rest): (Int32, Int32) = (0, 0)
      makeRoom(for: sealed.ciphertext.count)
      tag = sealed.tag
      guard EVP_DecryptInit_ex2(context, cipher, key, nonce, nil) == 1,
        EVP_DecryptUpdate(context, &output, &length, sealed.ciphertext, Int32(sealed.ciphertext.count)) == 1,
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, 16, &tag) == 1, EVP_DecryptFinal_ex(context, &tag, &rest) == 1
      else { throw RawCrypto.failure("EVP_DecryptUpdate") }
    }

    private func makeRoom(for count: Int) {
      if output.count < count { output = [UInt8](repeating: 0, count: count) }
    }
  }

  fileprivate static func failure(_ call: String) -> CausewayError { CausewayError("bench.raw_call", facts: ["call": call]) }
}
