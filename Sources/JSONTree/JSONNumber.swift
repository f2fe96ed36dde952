package import Primitives

/// A JSON number as its text: `24000.00` stays `24000.00`.
///
/// - Invariant: `lexeme` is a number by the grammar of RFC 8259 §6 (ASCII, no leading zeros, no plus sign).
package struct JSONNumber: Hashable, Sendable, CustomStringConvertible {
  package let lexeme: String

  package init(_ value: Int) { lexeme = String(value) }

  /// - Parameter lexeme: any text.
  /// - Returns: nil unless the whole text is one JSON number.
  package init?(lexeme: String) {
    let bytes = Array(lexeme.utf8)
    guard let shape = NumberShape(bytes, at: 0), shape.end == bytes.count else { return nil }
    self.lexeme = lexeme
  }

  init(unchecked lexeme: String) { self.lexeme = lexeme }

  package var description: String { lexeme }

  /// nil when written with a fraction or an exponent, or when it does not fit.
  package var int: Int? { Int(lexeme) }
  package var int64: Int64? { Int64(lexeme) }
  /// nil when written with an exponent, or when it does not fit `ExactDecimal`.
  package var decimal: ExactDecimal? { ExactDecimal(lexeme) }

  /// Whether every reader sees the same number, that is: it survives IEEE 754 double precision.
  ///
  /// Integers within ±(2^53 − 1), also when they are written with a fraction or an exponent; otherwise at most 17 significant digits, and a
  /// magnitude that neither overflows nor becomes zero.
  /// - SeeAlso: RFC 7493 §2.2.
  package var isInteroperable: Bool {
    let bytes = Array(lexeme.utf8)
    return NumberShape(bytes, at: 0)?.isInteroperable(in: bytes) ?? false
  }
}

/// Where a number ends and what it is made of, found in one pass over its bytes.
struct NumberShape {
  private(set) var start: Int
  private(set) var end: Int
  private(set) var isInteger = true
  private(set) var hasExponent = false

  /// - Returns: nil when no number by the grammar of RFC 8259 §6 starts there.
  init?(_ bytes: [UInt8], at start: Int) {
    self.start = start
    var index = start
    let count = bytes.count
    func digits() -> Bool {
      let first = index
      while index < count, bytes[index] &- 0x30 < 10 { index += 1 }
      return index > first
    }
    if index < count, bytes[index] == 0x2D { index += 1 }
    guard index < count else { return nil }
    if bytes[index] == 0x30 {
      index += 1
    } else {
      guard digits() else { return nil }
    }
    if index < count, bytes[index] == 0x2E {
      isInteger = false
      index += 1
      guard digits() else { return nil }
    }
    if index < count, bytes[index] | 0x20 == 0x65 {
      isInteger = false
      hasExponent = true
      index += 1
      if index < count, bytes[index] == 0x2B || bytes[index] == 0x2D { index += 1 }
      guard digits() else { return nil }
    }
    end = index
  }

  func isInteroperable(in bytes: [UInt8]) -> Bool {
    if !hasExponent, end - start <= 15 { return true }
    let text = String(decoding: bytes[start..<end], as: UTF8.self)
    if isInteger {
      guard let value = Int64(text) else { return false }
      return value.magnitude < 1 << 53
    }
    var significant = 0
    var zeros = 0
    for index in start..<end {
      let byte = bytes[index]
      if byte | 0x20 == 0x65 { break }
      guard byte &- 0x30 < 10 else { continue }
      if byte != 0x30 {
        significant += zeros + 1
        zeros = 0
      } else if significant > 0 {
        zeros += 1
      }
    }
    guard significant > 0 else { return true }
    guard significant <= 17, let value = Double(text) else { return false }
    return value.isFinite && value != 0 && !value.printsAsLargeInteger
  }
}

extension Double {
  /// Whether ECMAScript prints the number as an integer beyond ±(2^53 − 1): without an exponent it does so below 10^21.
  var printsAsLargeInteger: Bool { magnitude >= 0x1p53 && magnitude < 1e21 }
}
