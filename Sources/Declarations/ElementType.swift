package import Primitives

/// The data type of an element, and with it the one canonical lexical form of its values.
///
/// Lengths count Unicode scalars. An empty text is no value but a state (present, empty) and fits every type.
package enum ElementType: Hashable, Sendable {
  case group
  case text(Int)
  /// Identifier: like text, but white space around it does not count.
  case id(Int)
  /// Like `id`, and no white space inside.
  case code(Int)
  /// At most `digits` digits, of which at most `scale` behind the point. Canonical: `-?digits(.digits)?`, no leading zeros, scale kept.
  case decimal(digits: Int, scale: Int)
  /// Not negative, at most that many digits; canonical without leading zeros.
  case integer(Int)
  /// Canonical: `true` or `false`; `1` and `0` are read.
  case indicator
  /// Canonical: `YYYY-MM-DD`. Has no time zone and gets none.
  case date
  /// Canonical: `YYYY-MM-DDThh:mm:ss`, up to nine fraction digits, then `Z` or `±hh:mm` as received, or nothing: a local time stays local.
  case datetime

  /// Parses the dictionary's notation: `text 400`, `id 35`, `code 2`, `decimal 16.6`, `integer 5`, `indicator`, `date`, `datetime`.
  package init?(_ notation: String) {
    let parts = notation.split(separator: " ", omittingEmptySubsequences: false)
    func length() -> Int? {
      guard parts.count == 2, let value = Int(parts[1]), value > 0 else { return nil }
      return value
    }
    switch parts[0] {
    case "text":
      guard let limit = length() else { return nil }
      self = .text(limit)
    case "id":
      guard let limit = length() else { return nil }
      self = .id(limit)
    case "code":
      guard let limit = length() else { return nil }
      self = .code(limit)
    case "integer":
      guard let limit = length(), limit <= 18 else { return nil }
      self = .integer(limit)
    case "decimal":
      guard parts.count == 2 else { return nil }
      let numbers = parts[1].split(separator: ".", omittingEmptySubsequences: false)
      guard numbers.count == 2, let digits = Int(numbers[0]), let scale = Int(numbers[1]),
        digits > 0, digits <= 36, scale >= 0, scale <= 18, scale <= digits
      else { return nil }
      self = .decimal(digits: digits, scale: scale)
    case "indicator" where parts.count == 1: self = .indicator
    case "date" where parts.count == 1: self = .date
    case "datetime" where parts.count == 1: self = .datetime
    default: return nil
    }
  }

  /// What checking a text gave: its canonical form, or why it is not of the type.
  package enum Checked: Hashable, Sendable {
    case valid(String)
    /// Code and limits only; the caller adds pointer, line and element.
    case invalid(Problem)
  }

  /// Checks a text and brings it into the canonical form.
  ///
  /// Problems: `validate.too_long`, `validate.forbidden_character`, `validate.white_space`, `validate.not_decimal`,
  /// `validate.too_many_digits`, `validate.not_integer`, `validate.not_indicator`, `validate.not_date`, `validate.not_datetime`.
  /// - Complexity: O(length); a text that is canonical already is returned as it is.
  package func check(_ text: String) -> Checked {
    if text.utf8.isEmpty { return .valid(text) }
    switch self {
    case .group: return .invalid(Problem("validate.group_has_text"))
    case .text(let limit): return Lexical.text(text, limit: limit)
    case .id(let limit): return Lexical.text(Lexical.trimmed(text), limit: limit)
    case .code(let limit): return Lexical.code(Lexical.trimmed(text), limit: limit)
    case .decimal(let digits, let scale): return Lexical.decimal(Lexical.trimmed(text), digits: digits, scale: scale)
    case .integer(let digits): return Lexical.integer(Lexical.trimmed(text), digits: digits)
    case .indicator: return Lexical.indicator(Lexical.trimmed(text))
    case .date: return Lexical.date(Lexical.trimmed(text))
    case .datetime: return Lexical.datetime(Lexical.trimmed(text))
    }
  }

  /// Whether two canonical texts mean the same: numbers by value, whatever their scale, everything else byte by byte.
  package func isSame(_ left: String, _ right: String) -> Bool {
    if case .decimal = self, let left = ExactDecimal(left), let right = ExactDecimal(right) { return left == right }
    return left.hasSameBytes(as: right)
  }

  /// The canonical form, or nil when the text is not of the type.
  package func canonical(_ text: String) -> String? {
    if case .valid(let canonical) = check(text) { canonical } else { nil }
  }

  /// Whether a text is a canonical decimal, without a sign, that fits: the usual case, without arithmetic.
  package static func isPlainDecimal(_ text: String, digits: Int, scale: Int) -> Bool {
    let startsWithZero = text.utf8.first == 0x30
    var whole = 0
    var fraction = -1
    for byte in text.utf8 {
      switch byte {
      case 0x30...0x39:
        if fraction >= 0 {
          fraction += 1
        } else {
          guard whole == 0 || !startsWithZero else { return false }
          whole += 1
        }
      case 0x2E where fraction < 0 && whole > 0: fraction = 0
      default: return false
      }
    }
    return whole > 0 && whole <= digits - scale && fraction != 0 && fraction <= scale
  }
}
