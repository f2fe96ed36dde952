import Primitives

/// Canonical lexical forms of the element types. Texts are not empty.
enum Lexical {
  typealias Checked = ElementType.Checked

  /// Without ASCII white space at both ends.
  static func trimmed(_ text: String) -> String {
    let bytes = text.utf8
    guard let first = bytes.first, let last = bytes.last, isSpace(first) || isSpace(last) else { return text }
    guard let start = bytes.firstIndex(where: { !isSpace($0) }), let end = bytes.lastIndex(where: { !isSpace($0) }) else { return "" }
    return String(text[start...end])
  }

  static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

  /// Refuses what XML 1.0 cannot hold, so that a text can cross into every syntax.
  static func text(_ text: String, limit: Int) -> Checked {
    var length = 0
    for scalar in text.unicodeScalars {
      length += 1
      let value = scalar.value
      guard value >= 0x20 || value == 0x09 || value == 0x0A || value == 0x0D, value != 0xFFFE, value != 0xFFFF else {
        return .invalid(Problem("validate.forbidden_character"))
      }
    }
    guard length <= limit else { return tooLong(limit, length) }
    return .valid(text)
  }

  static func code(_ text: String, limit: Int) -> Checked {
    var length = 0
    for scalar in text.unicodeScalars {
      length += 1
      if scalar.value < 0x80, isSpace(UInt8(scalar.value)) { return .invalid(Problem("validate.white_space")) }
      guard scalar.value >= 0x20, scalar.value != 0xFFFE, scalar.value != 0xFFFF else {
        return .invalid(Problem("validate.forbidden_character"))
      }
    }
    guard length <= limit else { return tooLong(limit, length) }
    return .valid(text)
  }

  /// Reads the lexical space of xs:decimal (`+1.50`, `.5`, `5.`), no exponent.
  static func decimal(_ text: String, digits: Int, scale: Int) -> Checked {
    if ElementType.isPlainDecimal(text, digits: digits, scale: scale) { return .valid(text) }
    guard let number = ExactDecimal(text) ?? ExactDecimal(completed(text)) else { return .invalid(Problem("validate.not_decimal")) }
    let fitted = number.scale <= scale ? number : number.rescaled(to: scale)
    guard let fitted, wholeDigits(fitted) <= digits - scale else {
      return .invalid(Problem("validate.too_many_digits", facts: ["digits": String(digits), "scale": String(scale)]))
    }
    let canonical = fitted.description
    return .valid(canonical)
  }

  /// `+1.5` → `1.5`, `.5` → `0.5`, `5.` → `5`; anything else comes back as it is.
  private static func completed(_ text: String) -> String {
    var body = text.utf8[...]
    var sign = ""
    if let first = body.first, first == 0x2B || first == 0x2D {
      body = body.dropFirst()
      if first == 0x2D { sign = "-" }
    }
    guard let point = body.firstIndex(of: 0x2E), body.count > 1 else { return sign + String(Substring(body)) }
    let whole = String(Substring(body[..<point]))
    let fraction = String(Substring(body[body.index(after: point)...]))
    return sign + (whole.isEmpty ? "0" : whole) + (fraction.isEmpty ? "" : "." + fraction)
  }

  private static func wholeDigits(_ number: ExactDecimal) -> Int {
    let written = String(number.mantissa.magnitude).utf8.count - number.scale
    return number.mantissa == 0 ? 0 : max(written, 0)
  }

  static func integer(_ text: String, digits: Int) -> Checked {
    let bytes = text.utf8
    guard !bytes.isEmpty, bytes.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return .invalid(Problem("validate.not_integer")) }
    let significant = bytes.drop { $0 == 0x30 }
    guard significant.count <= digits else {
      return .invalid(Problem("validate.too_many_digits", facts: ["digits": String(digits), "scale": "0"]))
    }
    return .valid(significant.isEmpty ? "0" : String(Substring(significant)))
  }

  static func indicator(_ text: String) -> Checked {
    switch text {
    case "true", "1": .valid("true")
    case "false", "0": .valid("false")
    default: .invalid(Problem("validate.not_indicator"))
    }
  }

  static func date(_ text: String) -> Checked {
    let bytes = Array(text.utf8)
    guard bytes.count == 10, isDate(bytes[0..<10]) else { return .invalid(Problem("validate.not_date")) }
    return .valid(text)
  }

  static func datetime(_ text: String) -> Checked {
    let bytes = Array(text.utf8)
    guard bytes.count >= 19, isDate(bytes[0..<10]), bytes[10] == 0x54 || bytes[10] == 0x74, bytes[13] == 0x3A, bytes[16] == 0x3A,
      let hour = number(bytes[11..<13]), let minute = number(bytes[14..<16]), let second = number(bytes[17..<19]),
      hour < 24, minute < 60, second < 60
    else { return .invalid(Problem("validate.not_datetime")) }
    var end = 19
    if end < bytes.count, bytes[end] == 0x2E {
      end += 1
      let start = end
      while end < bytes.count, bytes[end] >= 0x30, bytes[end] <= 0x39 { end += 1 }
      guard end > start, end - start <= 9 else { return .invalid(Problem("validate.not_datetime")) }
    }
    let zone = bytes[end...]
    switch zone.first {
    case nil: break
    case 0x5A, 0x7A: guard zone.count == 1 else { return .invalid(Problem("validate.not_datetime")) }
    case 0x2B, 0x2D:
      guard zone.count == 6, zone[end + 3] == 0x3A, let hours = number(zone[(end + 1)..<(end + 3)]),
        let minutes = number(zone[(end + 4)..<(end + 6)]), hours < 24, minutes < 60
      else { return .invalid(Problem("validate.not_datetime")) }
    default: return .invalid(Problem("validate.not_datetime"))
    }
    guard bytes[10] == 0x74 || bytes.last == 0x7A else { return .valid(text) }
    var canonical = bytes
    canonical[10] = 0x54
    if canonical[canonical.count - 1] == 0x7A { canonical[canonical.count - 1] = 0x5A }
    return .valid(String(decoding: canonical, as: UTF8.self))
  }

  private static func isDate(_ bytes: ArraySlice<UInt8>) -> Bool {
    let start = bytes.startIndex
    guard bytes[start + 4] == 0x2D, bytes[start + 7] == 0x2D, let year = number(bytes[start..<(start + 4)]),
      let month = number(bytes[(start + 5)..<(start + 7)]), let day = number(bytes[(start + 8)..<(start + 10)])
    else { return false }
    return CivilDate.toDays(year: year, month: month, day: day) != nil
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> Int64? {
    var value: Int64 = 0
    for digit in digits {
      guard digit >= 0x30, digit <= 0x39 else { return nil }
      value = value * 10 + Int64(digit - 0x30)
    }
    return value
  }

  private static func tooLong(_ limit: Int, _ length: Int) -> Checked {
    .invalid(Problem("validate.too_long", facts: ["limit": String(limit), "length": String(length)]))
  }
}
