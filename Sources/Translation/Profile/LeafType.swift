import Declarations
import Primitives

/// The data type of a leaf of a format's document: what may stand there, and how a canonical value is read from it and written to it.
///
/// Lengths count Unicode scalars.
enum LeafType: Hashable, Sendable {
  case text(Int, upperASCII: Bool)
  case id(Int)
  case code(Int)
  case decimal(digits: Int, scale: Int)
  case integer(Int)
  case indicator(no: String, yes: String)
  case date(DatePattern)
  case datetime(DatePattern)
  case base64(Int)

  /// Parses the notation of `structure.yaml`: `text 70`, `text 35 upper-ascii`, `decimal 19.5`, `indicator 0/1`, `date yyyyMMdd` …
  init?(_ notation: String) {
    let parts = notation.split(separator: " ", maxSplits: 1).map(String.init)
    guard parts.count == 2 else { return nil }
    func length(_ text: String, _ limit: Int = 10_000_000) -> Int? {
      guard let value = Int(text), value > 0, value <= limit else { return nil }
      return value
    }
    switch parts[0] {
    case "text":
      let words = parts[1].split(separator: " ")
      guard let first = words.first, let limit = length(String(first)), words.count == 1 || (words.count == 2 && words[1] == "upper-ascii")
      else { return nil }
      self = .text(limit, upperASCII: words.count == 2)
    case "id":
      guard let limit = length(parts[1]) else { return nil }
      self = .id(limit)
    case "code":
      guard let limit = length(parts[1]) else { return nil }
      self = .code(limit)
    case "integer":
      guard let limit = length(parts[1], 18) else { return nil }
      self = .integer(limit)
    case "base64":
      guard let limit = length(parts[1]) else { return nil }
      self = .base64(limit)
    case "decimal":
      guard case .decimal(let digits, let scale)? = ElementType(notation) else { return nil }
      self = .decimal(digits: digits, scale: scale)
    case "indicator":
      let values = parts[1].split(separator: "/").map(String.init)
      // The text for no stands first; the other order would turn every answer round, so it is refused.
      guard values.count == 2, values[0] != values[1], !["true", "1", "Y"].contains(values[0]) else { return nil }
      self = .indicator(no: values[0], yes: values[1])
    case "date":
      guard let pattern = DatePattern(parts[1]), !pattern.alternatives[0].contains(.hour) else { return nil }
      self = .date(pattern)
    case "datetime":
      guard let pattern = DatePattern(parts[1]) else { return nil }
      self = .datetime(pattern)
    default: return nil
    }
  }

  var notation: String {
    switch self {
    case .text(let limit, let upper): "text \(limit)\(upper ? " upper-ascii" : "")"
    case .id(let limit): "id \(limit)"
    case .code(let limit): "code \(limit)"
    case .decimal(let digits, let scale): "decimal \(digits).\(scale)"
    case .integer(let digits): "integer \(digits)"
    case .indicator(let no, let yes): "indicator \(no)/\(yes)"
    case .date(let pattern): "date \(pattern.notation)"
    case .datetime(let pattern): "datetime \(pattern.notation)"
    case .base64(let limit): "base64 \(limit)"
    }
  }

  /// Whether what `write` gives passes `check`, whatever the element.
  var checksByWriting: Bool {
    switch self {
    case .code, .base64: false
    default: true
    }
  }

  /// White space around values of this type does not count.
  var trims: Bool {
    if case .text = self { false } else { true }
  }

  static func trimmed(_ text: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    var (start, end) = (text.startIndex, text.endIndex)
    while start < end, isSpace(text[start]) { start += 1 }
    while start < end, isSpace(text[end - 1]) { end -= 1 }
    return text[start..<end]
  }

  static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D }

  /// Number of Unicode scalars of UTF-8 bytes.
  static func length(_ text: some Sequence<UInt8>) -> Int { text.reduce(0) { $0 + ($1 & 0xC0 == 0x80 ? 0 : 1) } }

  // MARK: Checking

  /// What is wrong with a text that stands in such a leaf: code and limits, no place. Texts are not empty.
  ///
  /// - Complexity: O(length), no allocation unless something is wrong.
  func check(_ raw: ArraySlice<UInt8>) -> Problem? {
    let text = trims ? Self.trimmed(raw) : raw
    func tooLong(_ limit: Int) -> Problem? {
      guard text.count > limit else { return nil }
      let length = Self.length(text)
      return length > limit ? Problem("validate.too_long", facts: ["limit": String(limit), "length": String(length)]) : nil
    }
    switch self {
    case .text(let limit, let upper):
      if upper, text.contains(where: { $0 >= 0x80 || ($0 >= 0x61 && $0 <= 0x7A) }) { return Problem("validate.not_upper_ascii") }
      return tooLong(limit)
    case .id(let limit), .base64(let limit): return tooLong(limit)
    case .code(let limit):
      if text.contains(where: Self.isSpace) { return Problem("validate.white_space") }
      return tooLong(limit)
    case .decimal(let digits, let scale): return Self.checkDecimal(text, digits, scale)
    case .integer(let digits):
      guard !text.isEmpty, text.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else { return Problem("validate.not_integer") }
      let significant = text.drop { $0 == 0x30 }.count
      return significant > digits ? Problem("validate.too_many_digits", facts: ["digits": String(digits), "scale": "0"]) : nil
    case .indicator(let no, let yes):
      return text.elementsEqual(no.utf8) || text.elementsEqual(yes.utf8) ? nil : Problem("validate.not_indicator")
    case .date(let pattern): return pattern.parse(text) == nil ? Problem("validate.not_date", facts: ["pattern": pattern.notation]) : nil
    case .datetime(let pattern):
      return pattern.parse(text) == nil ? Problem("validate.not_datetime", facts: ["pattern": pattern.notation]) : nil
    }
  }

  private static func checkDecimal(_ text: ArraySlice<UInt8>, _ digits: Int, _ scale: Int) -> Problem? {
    var rest = text
    if rest.first == 0x2D { rest = rest.dropFirst() }
    var whole = 0
    var significant = 0
    while let digit = rest.first, digit >= 0x30, digit <= 0x39 {
      whole += 1
      if significant > 0 || digit != 0x30 { significant += 1 }
      rest = rest.dropFirst()
    }
    var fraction = 0
    var kept = 0
    if rest.first == 0x2E {
      rest = rest.dropFirst()
      while let digit = rest.first, digit >= 0x30, digit <= 0x39 {
        fraction += 1
        if digit != 0x30 { kept = fraction }
        rest = rest.dropFirst()
      }
      guard fraction > 0 else { return Problem("validate.not_decimal") }
    }
    guard rest.isEmpty, whole > 0 else { return Problem("validate.not_decimal") }
    guard significant <= digits - scale, kept <= scale else {
      return Problem("validate.too_many_digits", facts: ["digits": String(digits), "scale": String(scale)])
    }
    return nil
  }

  // MARK: Reading

  /// Whether values of an element can stand in such a leaf at all.
  func suits(_ element: ElementType) -> Bool {
    switch (self, element) {
    case (_, .group), (.base64, _): false
    case (.text, .indicator), (.id, .indicator), (.code, .indicator): false
    case (.text, .date), (.id, .date), (.code, .date), (.text, .datetime), (.id, .datetime), (.code, .datetime): false
    case (.text, _), (.id, _), (.code, _): true
    case (.decimal, .decimal), (.decimal, .integer), (.integer, .decimal), (.integer, .integer): true
    case (.decimal, .text), (.decimal, .id), (.integer, .text), (.integer, .id), (.integer, .code), (.decimal, .code): true
    case (.indicator, .indicator): true
    case (.date, .date), (.date, .datetime), (.datetime, .datetime), (.datetime, .date), (.date, .text), (.datetime, .text): true
    default: false
    }
  }

  /// Whether each text that passes `check` is also a canonical value of the element, so that nothing more has to be looked at.
  func isSubsumed(by element: ElementType) -> Bool {
    switch (self, element) {
    case (.text(let a, _), .text(let b)), (.id(let a), .text(let b)), (.code(let a), .text(let b)), (.id(let a), .id(let b)),
      (.code(let a), .id(let b)), (.code(let a), .code(let b)):
      a <= b
    default: false
    }
  }

  /// The canonical text for an element, or nil when the text has none (too long for the element, not of its type).
  func canonical(_ raw: ArraySlice<UInt8>, for element: ElementType) -> String? {
    let text = trims ? Self.trimmed(raw) : raw
    switch self {
    case .text, .id, .code, .base64:
      let string = String(decoding: text, as: UTF8.self)
      return isSubsumed(by: element) ? string : element.canonical(string)
    case .integer:
      let digits = text.drop { $0 == 0x30 }
      let string = digits.isEmpty ? "0" : String(decoding: digits, as: UTF8.self)
      return element.canonical(string)
    case .decimal:
      let string = String(decoding: text, as: UTF8.self)
      guard case .integer = element else { return element.canonical(string) }
      return ExactDecimal(string)?.rescaled(to: 0).flatMap { element.canonical($0.description) }
    case .indicator(_, let yes): return text.elementsEqual(yes.utf8) ? "true" : "false"
    case .date(let pattern), .datetime(let pattern):
      guard var time = pattern.parse(text) else { return nil }
      if element == .date {
        time.time = nil
        time.zone = nil
      }
      return time.canonical
    }
  }

  // MARK: Writing

  enum Written: Hashable, Sendable {
    case exact(String)
    case lossy(String, Reason)
    case refused(Reason)
  }

  /// The text for this leaf from a canonical value. Never cuts, never pads, never guesses.
  func write(_ canonical: String, of element: ElementType) -> Written {
    switch self {
    case .text(let limit, let upper):
      guard upper, canonical.utf8.contains(where: { $0 >= 0x80 || ($0 >= 0x61 && $0 <= 0x7A) }) else { return fitted(canonical, limit) }
      guard canonical.utf8.allSatisfy({ $0 < 0x80 }) else { return .refused(.notASCII) }
      let text = String(decoding: canonical.utf8.map { $0 >= 0x61 && $0 <= 0x7A ? $0 - 32 : $0 }, as: UTF8.self)
      guard case .exact = fitted(text, limit) else { return .refused(.tooLong) }
      return .lossy(text, .upperCased)
    case .id(let limit), .code(let limit), .base64(let limit): return fitted(canonical, limit)
    case .integer(let digits):
      guard let number = ExactDecimal(canonical), let whole = number.rescaled(to: 0), whole.mantissa >= 0 else {
        return .refused(.precision)
      }
      let text = whole.description
      return text.utf8.count <= digits ? .exact(text) : .refused(.tooLong)
    case .decimal(let digits, let scale):
      if ElementType.isPlainDecimal(canonical, digits: digits, scale: scale) { return .exact(canonical) }
      guard let number = ExactDecimal(canonical) else { return .refused(.notOfType) }
      let exact = number.scale <= scale ? number : number.rescaled(to: scale)
      let fitted = exact ?? number.rounded(to: scale)
      let whole = fitted.isZero ? 0 : max(0, String(fitted.mantissa.magnitude).utf8.count - fitted.scale)
      guard whole <= digits - scale else { return .refused(.tooLong) }
      return exact == nil ? .lossy(fitted.description, .rounded) : .exact(fitted.description)
    case .indicator(let no, let yes): return .exact(canonical == "true" ? yes : no)
    case .date(let pattern), .datetime(let pattern):
      guard let time = CivilTime(canonical: canonical) else { return .refused(.notOfType) }
      return switch pattern.write(time) {
      case .exact(let text): .exact(text)
      case .lossy(let text, let reason): .lossy(text, reason)
      case .refused(let reason): .refused(reason)
      }
    }
  }

  private func fitted(_ text: String, _ limit: Int) -> Written {
    text.utf8.count <= limit || Self.length(text.utf8) <= limit ? .exact(text) : .refused(.tooLong)
  }
}
