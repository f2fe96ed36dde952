import COpenSSL
import Primitives

/// The one place where OpenSSL's per-thread error queue is emptied, so that no old error explains a new failure.
enum OpenSSL {
  /// Turns a failed call into an error; the queue's texts become `underlying` (for the log, never for partners).
  static func failure(_ code: ErrorCode, pointer: String? = nil, facts: [String: String] = [:]) -> CausewayError {
    CausewayError(code, pointer: pointer, facts: facts, underlying: drain())
  }

  /// Empties the queue after a "no" that needs no explanation, such as a signature that does not verify.
  static func discardErrors() { ERR_clear_error() }

  /// - Returns: the queued errors, oldest first, separated by `; `, or nil when there were none.
  private static func drain() -> String? {
    var texts: [String] = []
    while true {
      let number = ERR_get_error()
      guard number != 0 else { break }
      texts.append(
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { buffer in
          ERR_error_string_n(number, buffer.baseAddress, buffer.count)
          return String(cString: buffer.baseAddress!)
        })
    }
    return texts.isEmpty ? nil : texts.joined(separator: "; ")
  }

  /// For calls that fail only when memory is exhausted or the library is broken: nothing sensible can follow.
  static func require<Value>(_ value: Value?, _ call: StaticString) -> Value {
    guard let value else { fatalError("OpenSSL: \(call) failed: \(drain() ?? "no reason given")") }
    return value
  }

  /// As ``require(_:_:)-value`` for calls that answer 1 on success.
  static func require(_ result: Int32, _ call: StaticString) {
    guard result == 1 else { fatalError("OpenSSL: \(call) failed: \(drain() ?? "no reason given")") }
  }

  /// The DER bytes that an `i2d_…` function writes, or nil when it fails.
  static func der(_ encode: (UnsafeMutablePointer<UnsafeMutablePointer<UInt8>?>?) -> Int32) -> [UInt8]? {
    let length = encode(nil)
    guard length > 0 else { return nil }
    return [UInt8](unsafeUninitializedCapacity: Int(length)) { buffer, count in
      var cursor = buffer.baseAddress
      count = max(0, Int(encode(&cursor)))
    }
  }

  /// The text that a `PEM_write_bio_…` function writes, or nil when it fails.
  static func text(_ write: (OpaquePointer) -> Int32) -> String? {
    let bio = require(BIO_new(BIO_s_mem()), "BIO_new")
    defer { BIO_free_all(bio) }
    guard write(bio) == 1 else { return nil }
    let length = BIO_ctrl_pending(bio)
    let bytes = [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
      count = max(0, Int(BIO_read(bio, buffer.baseAddress, Int32(length))))
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// Compares in time that depends only on the lengths.
package func constantTimeEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
  left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
}
