/// An exact decimal number that keeps its scale: `24000.00` and `24000` are equal in value and differ in scale.
///
/// - Invariant: |mantissa| < 10^36, 0 ≤ scale ≤ 18; value = mantissa × 10^−scale. No binary floating point anywhere.
package struct ExactDecimal: Sendable, CustomStringConvertible {
  package let mantissa: Int128
  package let scale: Int

  package static let limit: Int128 = 1_000_000_000_000_000_000_000_000_000_000_000_000

  package init?(mantissa: Int128, scale: Int) {
    guard scale >= 0, scale <= 18, mantissa.magnitude < UInt128(Self.limit) else { return nil }
    self.mantissa = mantissa
    self.scale = scale
  }

  package init(_ value: Int) {
    mantissa = Int128(value)
    scale = 0
  }

  /// Parses `-?digits(.digits)?`: no exponent, no plus sign, no spaces, no grouping, at least one digit on each side of the point.
  // Not generic: a generic loop over bytes is not specialised across modules and is many times slower.
  package init?(_ text: String) {
    var mantissa: Int128 = 0
    var scale = -1
    var digits = 0
    var negative = false
    for byte in text.utf8 {
      switch byte {
      case 0x2D where digits == 0 && !negative: negative = true
      case 0x2E where scale < 0 && digits > 0: scale = 0
      case 0x30...0x39:
        digits += 1
        guard digits <= 54 else { return nil }
        mantissa = mantissa * 10 + Int128(byte - 0x30)
        guard mantissa < Self.limit else { return nil }
        if scale >= 0 { scale += 1 }
      default: return nil
      }
    }
    guard digits > 0, scale != 0, scale <= 18 else { return nil }
    self.mantissa = negative ? -mantissa : mantissa
    self.scale = max(scale, 0)
  }

  package var description: String {
    let digits = String(mantissa.magnitude)
    let padded = digits.utf8.count > scale ? digits : String(repeating: "0", count: scale + 1 - digits.utf8.count) + digits
    let sign = mantissa < 0 ? "-" : ""
    guard scale > 0 else { return sign + padded }
    return sign + padded.dropLast(scale) + "." + padded.suffix(scale)
  }

  package var isZero: Bool { mantissa == 0 }

  /// The same value at another scale, or nil when digits would be lost or the number would not fit.
  package func rescaled(to newScale: Int) -> ExactDecimal? {
    if newScale >= scale {
      guard let factor = Self.powerOfTen(newScale - scale) else { return nil }
      let (product, overflow) = mantissa.multipliedReportingOverflow(by: factor)
      return overflow ? nil : ExactDecimal(mantissa: product, scale: newScale)
    }
    guard let factor = Self.powerOfTen(scale - newScale), mantissa % factor == 0 else { return nil }
    return ExactDecimal(mantissa: mantissa / factor, scale: newScale)
  }

  /// The value rounded half away from zero to at most `newScale` decimals.
  package func rounded(to newScale: Int) -> ExactDecimal {
    guard newScale < scale, let factor = Self.powerOfTen(scale - max(newScale, 0)) else { return self }
    let half = factor / 2
    let adjusted = (mantissa + (mantissa < 0 ? -half : half)) / factor
    return ExactDecimal(mantissa: adjusted, scale: max(newScale, 0)) ?? self
  }

  /// Without trailing zeros behind the point.
  package var normalized: ExactDecimal {
    var mantissa = mantissa
    var scale = scale
    while scale > 0, mantissa % 10 == 0 {
      mantissa /= 10
      scale -= 1
    }
    return ExactDecimal(mantissa: mantissa, scale: scale) ?? self
  }

  /// Sum, or nil on overflow.
  package func adding(_ other: ExactDecimal) -> ExactDecimal? {
    let common = max(scale, other.scale)
    guard let left = rescaled(to: common), let right = other.rescaled(to: common) else { return nil }
    return ExactDecimal(mantissa: left.mantissa + right.mantissa, scale: common)
  }

  /// Product, exact, or nil when it does not fit 36 digits or 18 decimals.
  package func multiplied(by other: ExactDecimal) -> ExactDecimal? {
    let left = normalized
    let right = other.normalized
    let (product, overflow) = left.mantissa.multipliedReportingOverflow(by: right.mantissa)
    return overflow ? nil : ExactDecimal(mantissa: product, scale: left.scale + right.scale)
  }

  static func powerOfTen(_ exponent: Int) -> Int128? {
    guard exponent >= 0, exponent <= 36 else { return nil }
    return (0..<exponent).reduce(into: Int128(1)) { result, _ in result *= 10 }
  }
}

/// Equality and order are of the value; the scale does not count.
extension ExactDecimal: Comparable, Hashable {
  package static func == (left: Self, right: Self) -> Bool {
    let (a, b) = (left.normalized, right.normalized)
    return a.mantissa == b.mantissa && a.scale == b.scale
  }

  package static func < (left: Self, right: Self) -> Bool {
    let common = max(left.scale, right.scale)
    if let a = left.rescaled(to: common), let b = right.rescaled(to: common) { return a.mantissa < b.mantissa }
    // One side is too large to be written at the other's scale: compare the whole parts, which then differ.
    let a = left.mantissa / (powerOfTen(left.scale) ?? 1)
    let b = right.mantissa / (powerOfTen(right.scale) ?? 1)
    return a < b
  }

  package func hash(into hasher: inout Hasher) {
    let value = normalized
    hasher.combine(value.mantissa)
    hasher.combine(value.scale)
  }
}
