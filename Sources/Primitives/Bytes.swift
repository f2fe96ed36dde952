/// Text that is compared, ordered and hashed as its UTF-8 bytes.
///
/// Swift's `String ==` is canonical equivalence, so two different byte sequences can be "equal". Identifiers, partner codes,
/// keys and anything that an attacker may choose are kept in this type when they are compared.
package struct ByteString: Hashable, Comparable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
  package let string: String

  package init(_ string: String) { self.string = string }
  package init(stringLiteral value: String) { string = value }

  package var description: String { string }

  package static func == (left: Self, right: Self) -> Bool { left.string.hasSameBytes(as: right.string) }
  package static func < (left: Self, right: Self) -> Bool { left.string.utf8.lexicographicallyPrecedes(right.string.utf8) }

  package func hash(into hasher: inout Hasher) {
    unsafe string.utf8.span.withUnsafeBytes { unsafe hasher.combine(bytes: $0) }
  }
}

extension String {
  /// Equality of UTF-8 bytes: `String ==` would merge canonically equivalent texts. Not generic, as `elementsEqual` is.
  package func hasSameBytes(as other: String) -> Bool { utf8.span.isUTF8(of: other) }
}

extension [UInt8] {
  /// Adds the decimal digits of a number that is not negative.
  package mutating func append(decimal number: Int) {
    if number > 9 { append(decimal: number / 10) }
    append(0x30 + UInt8(number % 10))
  }
}

extension Span<UInt8> {
  /// Whether these are the UTF-8 bytes of a text.
  package func isUTF8(of text: String) -> Bool { hasSameBytes(as: text.utf8.span) }

  /// Not generic, as `elementsEqual` is.
  package func hasSameBytes(as other: Span<UInt8>) -> Bool {
    guard count == other.count else { return false }
    for index in indices where self[index] != other[index] { return false }
    return true
  }
}

extension ArraySlice<UInt8> {
  /// Whether these are the UTF-8 bytes of a text.
  package func isUTF8(of text: String) -> Bool { span.isUTF8(of: text) }
}

/// Lower-case hexadecimal (RFC 4648 §8).
package enum Hex {
  package static func encode(_ bytes: some Sequence<UInt8>) -> String { encode(array: Array(bytes)) }

  // Not generic: a generic loop over bytes is not specialised across modules and is many times slower.
  private static func encode(array bytes: [UInt8]) -> String {
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count * 2)
    for byte in bytes {
      text.append(digit(byte >> 4))
      text.append(digit(byte & 15))
    }
    return String(decoding: text, as: UTF8.self)
  }

  private static func digit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x61 + value - 10 }

  /// Eight digits for four bytes at once, the first byte and digit lowest.
  static func digits(_ bytes: UInt32) -> UInt64 {
    var spread = UInt64(bytes)
    spread = (spread | spread << 16) & 0x0000_FFFF_0000_FFFF
    spread = (spread | spread << 8) & 0x00FF_00FF_00FF_00FF
    let nibbles = spread >> 4 & 0x000F_000F_000F_000F | (spread & 0x000F_000F_000F_000F) << 8
    let areLetters = (nibbles + 0x0606_0606_0606_0606) >> 4 & 0x0101_0101_0101_0101
    return nibbles + 0x3030_3030_3030_3030 + areLetters * 0x27
  }

  /// - Returns: nil unless the text is an even number of lower-case hexadecimal digits.
  package static func decode(_ text: some StringProtocol) -> [UInt8]? {
    let digits = Array(text.utf8)
    guard digits.count.isMultiple(of: 2) else { return nil }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(digits.count / 2)
    for index in stride(from: 0, to: digits.count, by: 2) {
      guard let high = value(digits[index]), let low = value(digits[index + 1]) else { return nil }
      bytes.append(high << 4 | low)
    }
    return bytes
  }

  private static func value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case 0x30...0x39: digit - 0x30
    case 0x61...0x66: digit - 0x61 + 10
    default: nil
    }
  }
}

/// Base64 (RFC 4648 §4) and base64url without padding (§5). Decoding is strict: no white space, no stray trailing bits,
/// exact padding; so each byte string has one text and a signature cannot be given a second form.
package enum Base64 {
  package enum Alphabet: Sendable { case standard, url }

  package static func encode(_ bytes: some Collection<UInt8>, _ alphabet: Alphabet = .standard) -> String {
    encode(array: Array(bytes), alphabet)
  }

  /// - Returns: nil when the text is not the one canonical encoding of some bytes.
  package static func decode(_ text: some StringProtocol, _ alphabet: Alphabet = .standard) -> [UInt8]? {
    decode(array: Array(text.utf8), alphabet)
  }

  // Not generic: a generic loop over bytes is not specialised across modules and is many times slower.
  private static func encode(array bytes: [UInt8], _ alphabet: Alphabet) -> String {
    let symbols = alphabet == .standard ? standardTable : urlTable
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    var index = 0
    while index + 2 < bytes.count {
      let group = Int(bytes[index]) << 16 | Int(bytes[index + 1]) << 8 | Int(bytes[index + 2])
      text.append(symbols[group >> 18])
      text.append(symbols[group >> 12 & 63])
      text.append(symbols[group >> 6 & 63])
      text.append(symbols[group & 63])
      index += 3
    }
    let rest = bytes.count - index
    if rest > 0 {
      let group = Int(bytes[index]) << 16 | (rest == 2 ? Int(bytes[index + 1]) << 8 : 0)
      text.append(symbols[group >> 18])
      text.append(symbols[group >> 12 & 63])
      if rest == 2 { text.append(symbols[group >> 6 & 63]) }
      if alphabet == .standard { text.append(contentsOf: repeatElement(0x3D, count: 3 - rest)) }
    }
    return String(decoding: text, as: UTF8.self)
  }

  private static func decode(array symbols: [UInt8], _ alphabet: Alphabet) -> [UInt8]? {
    var count = symbols.count
    if alphabet == .standard {
      guard count.isMultiple(of: 4) else { return nil }
      var padding = 0
      while padding < 2, count > 0, symbols[count - 1] == 0x3D {
        count -= 1
        padding += 1
      }
      guard (4 - count % 4) % 4 == padding else { return nil }
    }
    guard count % 4 != 1 else { return nil }
    let values = alphabet == .standard ? standardValues : urlValues
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count * 3 / 4)
    var buffer: UInt32 = 0
    var bits: UInt32 = 0
    for index in 0..<count {
      let value = values[Int(symbols[index])]
      guard value < 64 else { return nil }
      buffer = (buffer << 6 | UInt32(value)) & 0xFFFF
      bits += 6
      if bits >= 8 {
        bits -= 8
        bytes.append(UInt8(truncatingIfNeeded: buffer >> bits))
      }
    }
    guard buffer & (1 << bits - 1) == 0 else { return nil }
    return bytes
  }

  private static let standardTable = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
  private static let urlTable = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)

  private static let standardValues = values(of: standardTable)
  private static let urlValues = values(of: urlTable)

  /// The value of each byte as a symbol; 255 for bytes that are none.
  private static func values(of table: [UInt8]) -> [UInt8] {
    var values = [UInt8](repeating: 255, count: 256)
    for (value, symbol) in table.enumerated() { values[Int(symbol)] = UInt8(value) }
    return values
  }
}
