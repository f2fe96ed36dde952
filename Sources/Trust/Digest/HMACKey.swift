import COpenSSL
package import Primitives

/// A secret from which other secrets are derived: HMAC-SHA-256 of a public text tells nothing about the key or about that of another text.
///
/// - SeeAlso: RFC 2104; FIPS 198-1.
package struct HMACKey: Hashable, Sendable {
  /// Shape: 32 bytes.
  package let bytes: Redacted<[UInt8]>

  /// - Returns: nil unless there are exactly 32 bytes.
  package init?(_ bytes: [UInt8]) {
    guard bytes.count == 32 else { return nil }
    self.bytes = Redacted(bytes)
  }

  package static func random() -> HMACKey {
    guard let key = HMACKey(SecureRandom.bytes(32)) else { preconditionFailure("32 bytes were asked for") }
    return key
  }

  package static func == (left: HMACKey, right: HMACKey) -> Bool { left.bytes.exposed == right.bytes.exposed }
  package func hash(into hasher: inout Hasher) { hasher.combine(bytes.exposed) }

  /// Computes codes under one key, one after another. Not Sendable: one owner at a time.
  package final class Authenticator {
    private let context = OpenSSL.require(EVP_MAC_CTX_new(MACAlgorithm.hmac.pointer), "EVP_MAC_CTX_new")

    package init(_ key: HMACKey) { key.bytes.exposed.withUnsafeBytes(begin) }

    /// - Parameter key: is copied, and overwritten with the authenticator.
    init(_ key: UnsafeRawBufferPointer) { begin(key) }

    private func begin(_ key: UnsafeRawBufferPointer) {
      OpenSSL.require(causeway_hmac_sha256_init(context, key.baseAddress, key.count), "EVP_MAC_init")
    }

    deinit { EVP_MAC_CTX_free(context) }

    /// HMAC-SHA-256 of a text.
    package func code(of text: [UInt8]) -> Digest {
      // Under the key that it has: to set it again would cost as much as the code.
      OpenSSL.require(EVP_MAC_init(context, nil, 0, nil), "EVP_MAC_init")
      OpenSSL.require(EVP_MAC_update(context, text, text.count), "EVP_MAC_update")
      return Digest { buffer in
        var count = 0
        OpenSSL.require(EVP_MAC_final(context, buffer.baseAddress, &count, 32), "EVP_MAC_final")
      }
    }
  }
}

/// The fetched `EVP_MAC` of HMAC, kept for the life of the process. Sendable by hand: OpenSSL never changes it after the fetch.
private struct MACAlgorithm: @unchecked Sendable {
  let pointer: OpaquePointer

  static let hmac = MACAlgorithm(pointer: OpenSSL.require(EVP_MAC_fetch(nil, "HMAC", nil), "EVP_MAC_fetch"))
}
