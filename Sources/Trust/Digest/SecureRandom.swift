import COpenSSL
package import Primitives

/// Random bytes from OpenSSL's generator (SP 800-90A), seeded by the operating system.
package enum SecureRandom {
  /// Cannot fail for a caller's reason; without random numbers the process ends, because nothing may be signed then.
  package static func bytes(_ count: Int) -> [UInt8] {
    precondition(count >= 0 && count <= 1 << 20, "0 to 1 MiB of random bytes at a time")
    return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
      OpenSSL.require(RAND_bytes(buffer.baseAddress, Int32(count)), "RAND_bytes")
      initialized = count
    }
  }

  /// A new message identifier (UUIDv7) for the given time.
  package static func messageID(at instant: Instant) -> MessageID { MessageID(at: instant, random: bytes(10)) }
}
