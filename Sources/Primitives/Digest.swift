/// A SHA-256 digest. Shape: 32 bytes, held inline: ledgers handle them by the million.
package struct Digest: Hashable, Sendable, CustomStringConvertible {
  /// The 32 bytes as they lie in memory.
  private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

  /// 32 zero bytes.
  package static let zero = Digest()

  private init() {}

  /// Takes what `fill` writes into the 32 bytes that it is lent.
  package init(filledBy fill: (UnsafeMutableRawBufferPointer) -> Void) {
    unsafe withUnsafeMutableBytes(of: &words) { unsafe fill($0) }
  }

  /// - Returns: nil unless there are exactly 32 bytes.
  package init?(_ bytes: UnsafeRawBufferPointer) {
    guard bytes.count == 32 else { return nil }
    unsafe withUnsafeMutableBytes(of: &words) { unsafe $0.copyMemory(from: bytes) }
  }

  /// - Returns: nil unless there are exactly 32 bytes.
  package init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == 32 else { return nil }
    unsafe withUnsafeMutableBytes(of: &words) { unsafe $0.copyBytes(from: bytes) }
  }

  /// 64 lower-case hexadecimal digits.
  package init?(hex: some StringProtocol) {
    guard let bytes = Hex.decode(hex) else { return nil }
    self.init(bytes)
  }

  package func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
    unsafe Swift.withUnsafeBytes(of: words) { unsafe body($0) }
  }

  /// A new array of the 32 bytes.
  package var bytes: [UInt8] { unsafe withUnsafeBytes { unsafe Array($0) } }
  /// 64 lower-case hexadecimal digits.
  package var hex: String {
    unsafe String(unsafeUninitializedCapacity: 64) { digits in
      unsafe writeHex(to: UnsafeMutableRawBufferPointer(digits))
      return 64
    }
  }

  /// Writes the 64 digits in ASCII into as many bytes.
  func writeHex(to digits: UnsafeMutableRawBufferPointer) {
    unsafe withUnsafeBytes { bytes in
      for offset in stride(from: 0, to: 32, by: 4) {
        let four = Hex.digits(UInt32(littleEndian: unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
        unsafe digits.storeBytes(of: four.littleEndian, toByteOffset: 2 * offset, as: UInt64.self)
      }
    }
  }

  package var description: String { hex }

  package static func == (left: Self, right: Self) -> Bool { left.words == right.words }
  package func hash(into hasher: inout Hasher) { unsafe withUnsafeBytes { unsafe hasher.combine(bytes: $0) } }
}

/// Identifier of one message between gateways: UUID version 7 (RFC 9562 §5.7), lower-case, 36 characters.
package struct MessageID: Hashable, Comparable, Sendable, CustomStringConvertible {
  package let text: String

  /// - Parameter random: 10 bytes from a cryptographic generator.
  package init(at instant: Instant, random: [UInt8]) {
    precondition(random.count == 10, "a UUIDv7 takes 10 random bytes")
    let time = UInt64(clamping: instant.milliseconds)
    var bytes = (0..<6).map { UInt8(truncatingIfNeeded: time >> UInt64(40 - 8 * $0)) }
    bytes += random
    bytes[6] = bytes[6] & 0x0F | 0x70
    bytes[8] = bytes[8] & 0x3F | 0x80
    let hex = Array(Hex.encode(bytes).utf8)
    let groups = [hex[0..<8], hex[8..<12], hex[12..<16], hex[16..<20], hex[20..<32]]
    text = groups.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "-")
  }

  /// - Returns: nil unless the text is a lower-case UUID of version 7.
  package init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count == 36, bytes[14] == 0x37, [0x38, 0x39, 0x61, 0x62].contains(bytes[19]) else { return nil }
    for (index, byte) in bytes.enumerated() {
      if [8, 13, 18, 23].contains(index) {
        guard byte == 0x2D else { return nil }
      } else {
        guard (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte) else { return nil }
      }
    }
    self.text = text
  }

  package var description: String { text }
  package static func < (left: Self, right: Self) -> Bool { left.text.utf8.lexicographicallyPrecedes(right.text.utf8) }
}

/// A value that must not reach a log, an error or a console by accident: it prints as `redacted`.
package struct Redacted<Value: Sendable>: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  package let exposed: Value
  package init(_ value: Value) { exposed = value }
  package var description: String { "redacted" }
  package var debugDescription: String { "redacted" }
  package var customMirror: Mirror { Mirror(self, children: [:]) }
}
