import COpenSSL
package import Primitives
import Synchronization

/// A symmetric key of 256 bits. Its bytes stand in memory of their own and are overwritten when the last user lets go of it.
///
/// One key is used for one thing: to seal data, to wrap other keys, or to hash. Sendable: nothing changes the bytes once they are there.
package final class SecretKey: @unchecked Sendable, CustomStringConvertible, CustomReflectable {
  package static let byteCount = 32
  /// What ``seal(_:context:)`` adds: nonce and tag.
  package static let sealOverhead = nonceByteCount + tagByteCount
  fileprivate static let nonceByteCount = 12
  fileprivate static let tagByteCount = 16
  /// AES-256-GCM takes more (SP 800-38D); OpenSSL's lengths are 32 bits wide.
  fileprivate static let largestByteCount = 1 << 30

  private let memory: UnsafeMutableRawBufferPointer

  /// - Parameter fill: writes all 32 bytes.
  fileprivate init(_ fill: (UnsafeMutableRawBufferPointer) -> Void) {
    memory = .allocate(byteCount: Self.byteCount, alignment: 8)
    fill(memory)
  }

  deinit {
    OPENSSL_cleanse(memory.baseAddress, memory.count)
    memory.deallocate()
  }

  /// A new key from OpenSSL's generator for private values.
  package static func random() -> SecretKey {
    SecretKey { OpenSSL.require(RAND_priv_bytes($0.baseAddress, Int32($0.count)), "RAND_priv_bytes") }
  }

  /// Copies the bytes. The copy is overwritten in the end; the given bytes are the caller's.
  ///
  /// - Returns: nil unless there are 32 bytes.
  convenience init?(bytes: [UInt8]) {
    guard bytes.count == Self.byteCount else { return nil }
    self.init { $0.copyBytes(from: bytes) }
  }

  /// As ``init(bytes:)`` for bytes that the caller overwrites.
  convenience init?(copying bytes: UnsafeRawBufferPointer) {
    guard bytes.count == Self.byteCount else { return nil }
    self.init { $0.copyMemory(from: bytes) }
  }

  /// Compares in time that does not depend on the bytes.
  package func hasSameBytes(as other: SecretKey) -> Bool {
    CRYPTO_memcmp(memory.baseAddress, other.memory.baseAddress, Self.byteCount) == 0
  }

  /// Lends the bytes to whoever wraps the key. No copy may be kept.
  func withBytes(_ body: (UnsafeRawBufferPointer) -> Void) { body(UnsafeRawBufferPointer(memory)) }

  /// Encrypts and authenticates with AES-256-GCM (SP 800-38D) under a random nonce of 96 bits. A key seals at most 2³² times.
  ///
  /// - Parameter context: is authenticated, not encrypted, and has to be the same at opening: names the place that the data belongs to.
  /// - Returns: nonce (12 bytes) ‖ ciphertext ‖ tag (16 bytes).
  package func seal(_ plaintext: [UInt8], context: [UInt8]) -> [UInt8] {
    plaintext.withUnsafeBytes { seal($0, context: context) }
  }

  private func seal(_ plaintext: UnsafeRawBufferPointer, context: [UInt8]) -> [UInt8] {
    precondition(plaintext.count <= Self.largestByteCount && context.count <= Self.largestByteCount, "at most 1 GiB")
    return CipherContext.withReused { cipher in
      [UInt8](unsafeUninitializedCapacity: plaintext.count + Self.sealOverhead) { buffer, count in
        let nonce = UnsafeMutableBufferPointer(rebasing: buffer[..<Self.nonceByteCount])
        let body = UnsafeMutableBufferPointer(rebasing: buffer[Self.nonceByteCount...])
        OpenSSL.require(RAND_bytes(nonce.baseAddress, Int32(nonce.count)), "RAND_bytes")
        cipher.encrypt(plaintext, to: body, key: UnsafeRawBufferPointer(memory), nonce: nonce.baseAddress, context: context)
        count = plaintext.count + Self.sealOverhead
      }
    }
  }

  /// - Returns: what was sealed with this key and context; nil when it was not, or was changed since.
  package func open(_ sealed: [UInt8], context: [UInt8]) -> [UInt8]? {
    open(sealed[...], context: context)
  }

  package func open(_ sealed: ArraySlice<UInt8>, context: [UInt8]) -> [UInt8]? {
    guard sealed.count >= Self.sealOverhead, sealed.count - Self.sealOverhead <= Self.largestByteCount else { return nil }
    var isAuthentic = false
    let plaintext = [UInt8](unsafeUninitializedCapacity: sealed.count - Self.sealOverhead) { buffer, count in
      isAuthentic = open(sealed, into: UnsafeMutableRawBufferPointer(buffer), context: context)
      count = isAuthentic ? sealed.count - Self.sealOverhead : 0
    }
    return isAuthentic ? plaintext : nil
  }

  /// Writes what does not authenticate over again before anybody sees it.
  private func open(_ sealed: ArraySlice<UInt8>, into output: UnsafeMutableRawBufferPointer, context: [UInt8]) -> Bool {
    sealed.withUnsafeBufferPointer { sealed in
      CipherContext.withReused { cipher in
        let isAuthentic = cipher.decrypt(
          UnsafeBufferPointer(rebasing: sealed[Self.nonceByteCount...]), to: output, key: UnsafeRawBufferPointer(memory),
          nonce: sealed.baseAddress, context: context)
        if !isAuthentic { OPENSSL_cleanse(output.baseAddress, sealed.count - Self.sealOverhead) }
        return isAuthentic
      }
    }
  }

  /// Seals another key; no copy of it stays behind.
  func seal(_ key: SecretKey, context: [UInt8]) -> [UInt8] { seal(UnsafeRawBufferPointer(key.memory), context: context) }

  /// As ``open(_:context:)-swift.method`` for a key; no copy of it stays behind.
  func openKey(_ sealed: [UInt8], context: [UInt8]) -> SecretKey? {
    guard sealed.count == Self.byteCount + Self.sealOverhead else { return nil }
    var isAuthentic = false
    let key = SecretKey { isAuthentic = open(sealed[...], into: $0, context: context) }
    return isAuthentic ? key : nil
  }

  /// HMAC-SHA-256 (FIPS 198-1).
  package func mac(_ message: [UInt8]) -> Digest { HMACKey.Authenticator(UnsafeRawBufferPointer(memory)).code(of: message) }

  /// The bytes, for whoever writes the key to a file that its owner alone can read.
  var exposed: [UInt8] { [UInt8](memory) }

  /// Never shows the key.
  package var description: String { "secret key" }
  package var customMirror: Mirror { Mirror(self, children: [:]) }
}

/// Owner of one `EVP_CIPHER_CTX` for AES-256-GCM.
private final class CipherContext {
  private let pointer = OpenSSL.require(EVP_CIPHER_CTX_new(), "EVP_CIPHER_CTX_new")

  deinit { EVP_CIPHER_CTX_free(pointer) }

  /// Writes ciphertext and tag.
  func encrypt(
    _ plaintext: UnsafeRawBufferPointer, to output: UnsafeMutableBufferPointer<UInt8>, key: UnsafeRawBufferPointer,
    nonce: UnsafePointer<UInt8>?, context: [UInt8]
  ) {
    // The key goes with the schedule that the context keeps of it.
    defer { EVP_CIPHER_CTX_reset(pointer) }
    var length: Int32 = 0
    OpenSSL.require(
      EVP_EncryptInit_ex2(pointer, CipherAlgorithm.aes256GCM.pointer, key.bindMemory(to: UInt8.self).baseAddress, nonce, nil),
      "EVP_EncryptInit_ex2")
    OpenSSL.require(EVP_EncryptUpdate(pointer, nil, &length, context, Int32(context.count)), "EVP_EncryptUpdate")
    OpenSSL.require(
      EVP_EncryptUpdate(
        pointer, output.baseAddress, &length, plaintext.bindMemory(to: UInt8.self).baseAddress, Int32(plaintext.count)),
      "EVP_EncryptUpdate")
    let tag = output.baseAddress?.advanced(by: plaintext.count)
    OpenSSL.require(EVP_EncryptFinal_ex(pointer, tag, &length), "EVP_EncryptFinal_ex")
    OpenSSL.require(EVP_CIPHER_CTX_ctrl(pointer, EVP_CTRL_AEAD_GET_TAG, 16, tag), "EVP_CTRL_AEAD_GET_TAG")
  }

  /// - Parameter sealed: ciphertext and tag.
  func decrypt(
    _ sealed: UnsafeBufferPointer<UInt8>, to output: UnsafeMutableRawBufferPointer, key: UnsafeRawBufferPointer,
    nonce: UnsafePointer<UInt8>?, context: [UInt8]
  ) -> Bool {
    defer { EVP_CIPHER_CTX_reset(pointer) }
    var length: Int32 = 0
    let count = sealed.count - SecretKey.tagByteCount
    OpenSSL.require(
      EVP_DecryptInit_ex2(pointer, CipherAlgorithm.aes256GCM.pointer, key.bindMemory(to: UInt8.self).baseAddress, nonce, nil),
      "EVP_DecryptInit_ex2")
    OpenSSL.require(EVP_DecryptUpdate(pointer, nil, &length, context, Int32(context.count)), "EVP_DecryptUpdate")
    OpenSSL.require(
      EVP_CIPHER_CTX_ctrl(
        pointer, EVP_CTRL_AEAD_SET_TAG, 16, UnsafeMutableRawPointer(mutating: sealed.baseAddress?.advanced(by: count))),
      "EVP_CTRL_AEAD_SET_TAG")
    let plaintext = output.bindMemory(to: UInt8.self).baseAddress
    OpenSSL.require(EVP_DecryptUpdate(pointer, plaintext, &length, sealed.baseAddress, Int32(count)), "EVP_DecryptUpdate")
    var none: UInt8 = 0
    let result = EVP_DecryptFinal_ex(pointer, &none, &length)
    if result != 1 { OpenSSL.discardErrors() }
    return result == 1
  }

  /// Lends a context that nobody else holds. As many exist as were ever in use at the same moment.
  static func withReused<Result>(_ body: (CipherContext) -> Result) -> Result {
    let context = idle.withLock { $0.contexts.popLast() } ?? CipherContext()
    defer { idle.withLock { $0.contexts.append(context) } }
    return body(context)
  }

  /// Sendable by hand: a context leaves the list before it is used and comes back after, so one thread has it at a time.
  private struct Idle: @unchecked Sendable {
    var contexts: [CipherContext] = []
  }

  private static let idle = Mutex(Idle())
}

/// A fetched `EVP_CIPHER`, kept for the life of the process: looking it up each time costs more than sealing a short text.
/// Sendable by hand: OpenSSL never changes it after the fetch.
private struct CipherAlgorithm: @unchecked Sendable {
  let pointer: OpaquePointer

  static let aes256GCM = CipherAlgorithm(pointer: OpenSSL.require(EVP_CIPHER_fetch(nil, "AES-256-GCM", nil), "EVP_CIPHER_fetch"))
}
