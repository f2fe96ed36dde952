import COpenSSL
package import Primitives
import Synchronization

/// SHA-256 (FIPS 180-4) by OpenSSL.
///
/// The algorithm is fetched once, because OpenSSL 3 otherwise looks it up for each digest, which costs more than hashing
/// a Merkle node; contexts are kept and reused for the same reason.
package enum SHA256 {
  package static func hash(_ bytes: UnsafeRawBufferPointer) -> Digest {
    DigestContext.withReused { $0.digest(bytes) }
  }

  package static func hash(_ bytes: [UInt8]) -> Digest {
    bytes.withUnsafeBytes { hash($0) }
  }

  package static func hash(_ bytes: some Collection<UInt8>) -> Digest {
    bytes.withContiguousStorageIfAvailable { hash(UnsafeRawBufferPointer($0)) } ?? hash(Array(bytes))
  }

  /// Digest of the UTF-8 bytes of a text.
  package static func hash(_ text: String) -> Digest { hash(text.utf8) }

  /// `SHA-256(prefix ‖ bytes)`: a leaf of an RFC 6962 tree has the prefix 0x00.
  package static func hash(prefix: UInt8, _ bytes: [UInt8]) -> Digest {
    bytes.withUnsafeBytes { hash(prefix: prefix, $0) }
  }

  package static func hash(prefix: UInt8, _ bytes: UnsafeRawBufferPointer) -> Digest {
    DigestContext.withReused { context in
      context.start()
      withUnsafeBytes(of: prefix) { context.update($0) }
      context.update(bytes)
      return context.finish()
    }
  }

  /// `SHA-256(prefix ‖ left ‖ right)`: an inner node of an RFC 6962 tree has the prefix 0x01. One pass over 65 bytes.
  package static func hash(prefix: UInt8, _ left: Digest, _ right: Digest) -> Digest {
    withUnsafeTemporaryAllocation(byteCount: 65, alignment: 8) { buffer in
      buffer[0] = prefix
      left.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: buffer[1..<33]).copyMemory(from: $0) }
      right.withUnsafeBytes { UnsafeMutableRawBufferPointer(rebasing: buffer[33..<65]).copyMemory(from: $0) }
      return hash(UnsafeRawBufferPointer(buffer))
    }
  }

  /// A digest over bytes that come in pieces. Not Sendable: one owner at a time.
  package final class Hasher {
    private let context = DigestContext()

    package init() { context.start() }

    package func update(_ bytes: UnsafeRawBufferPointer) { context.update(bytes) }

    package func update(_ bytes: some Collection<UInt8>) {
      if bytes.withContiguousStorageIfAvailable({ context.update(UnsafeRawBufferPointer($0)) }) == nil {
        Array(bytes).withUnsafeBytes { context.update($0) }
      }
    }

    /// The digest of all that was given; the hasher then starts anew.
    package func finish() -> Digest {
      let digest = context.finish()
      context.start()
      return digest
    }
  }
}

/// Owner of one `EVP_MD_CTX` for SHA-256.
private final class DigestContext {
  private let pointer = OpenSSL.require(EVP_MD_CTX_new(), "EVP_MD_CTX_new")

  init() { OpenSSL.require(EVP_DigestInit_ex2(pointer, Algorithm.sha256.pointer, nil), "EVP_DigestInit_ex2") }

  deinit { EVP_MD_CTX_free(pointer) }

  /// Without naming the algorithm again: that it is the same would be found out at a cost.
  func start() { OpenSSL.require(EVP_DigestInit_ex2(pointer, nil, nil), "EVP_DigestInit_ex2") }

  func update(_ bytes: UnsafeRawBufferPointer) {
    OpenSSL.require(EVP_DigestUpdate(pointer, bytes.baseAddress, bytes.count), "EVP_DigestUpdate")
  }

  func finish() -> Digest {
    Digest { OpenSSL.require(EVP_DigestFinal_ex(pointer, $0.baseAddress, nil), "EVP_DigestFinal_ex") }
  }

  func digest(_ bytes: UnsafeRawBufferPointer) -> Digest {
    start()
    update(bytes)
    return finish()
  }

  /// Lends a context that nobody else holds. As many exist as digests were ever computed at the same moment.
  static func withReused<Result>(_ body: (DigestContext) -> Result) -> Result {
    let context = idle.withLock { $0.contexts.popLast() } ?? DigestContext()
    defer { idle.withLock { $0.contexts.append(context) } }
    return body(context)
  }

  /// Sendable by hand: a context leaves the list before it is used and comes back after, so one thread has it at a time.
  private struct Idle: @unchecked Sendable {
    var contexts: [DigestContext] = []
  }

  private static let idle = Mutex(Idle())
}

/// A fetched `EVP_MD`, kept for the life of the process. Sendable by hand: OpenSSL never changes it after the fetch.
struct Algorithm: @unchecked Sendable {
  let pointer: OpaquePointer

  static let sha256 = Algorithm(pointer: OpenSSL.require(EVP_MD_fetch(nil, "SHA256", nil), "EVP_MD_fetch"))
}
