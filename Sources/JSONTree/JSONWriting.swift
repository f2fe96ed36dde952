package import Primitives

extension JSONValue {
  /// The text of this tree: member order and number lexemes kept, strings escaped as little as the grammar allows.
  ///
  /// - Parameter pretty: two spaces per level and one member per line, a final newline; otherwise no white space.
  package func serialized(pretty: Bool = false) -> [UInt8] {
    var writer = JSONWriter(pretty: pretty)
    writer.value(self)
    return writer.finish()
  }

  /// The canonical form of RFC 8785: members sorted by UTF-16 code units, numbers as ECMAScript prints them, no white space.
  ///
  /// - Throws: `write.json_number_unsafe` for a number that is not the same for every reader (an integer beyond ±(2^53 − 1), or a
  ///   magnitude that overflows or becomes zero); `write.json_duplicate_member`.
  /// - SeeAlso: RFC 8785 §3.2; RFC 7493 §2.2.
  package func canonical() throws(CausewayError) -> [UInt8] {
    var text: [UInt8] = []
    try writeCanonical(into: &text)
    return text
  }

  private func writeCanonical(into text: inout [UInt8]) throws(CausewayError) {
    switch self {
    case .array(let elements):
      text.append(0x5B)
      for (index, element) in elements.enumerated() {
        if index > 0 { text.append(0x2C) }
        try element.writeCanonical(into: &text)
      }
      text.append(0x5D)
    case .object(let object):
      let members = object.members.sorted { JSONText.precedesInUTF16($0.name, $1.name) }
      text.append(0x7B)
      for (index, member) in members.enumerated() {
        if index > 0 {
          guard !member.name.hasSameBytes(as: members[index - 1].name) else { throw CausewayError("write.json_duplicate_member") }
          text.append(0x2C)
        }
        JSONText.append(string: member.name, to: &text)
        text.append(0x3A)
        try member.value.writeCanonical(into: &text)
      }
      text.append(0x7D)
    case .number(let number): text += try number.canonicalText().utf8
    case .string(let string): JSONText.append(string: string, to: &text)
    case .bool, .null: text += serialized()
    }
  }
}

extension JSONNumber {
  /// The number as ECMAScript prints it.
  func canonicalText() throws(CausewayError) -> String {
    if let value = int64 {
      guard value.magnitude < 1 << 53 else { throw CausewayError("write.json_number_unsafe") }
      return String(value)
    }
    let isInteger = lexeme.utf8.allSatisfy { $0 != 0x2E && $0 | 0x20 != 0x65 }
    guard !isInteger, let value = Double(lexeme), value.isFinite, !value.printsAsLargeInteger else {
      throw CausewayError("write.json_number_unsafe")
    }
    if value == 0, !lexeme.utf8.prefix(while: { $0 | 0x20 != 0x65 }).allSatisfy({ !(0x31...0x39).contains($0) }) {
      throw CausewayError("write.json_number_unsafe")
    }
    return JSONText.ecmaScript(value)
  }
}

/// Spelling of strings and numbers, the order of names, and white space.
package enum JSONText {
  static func append(string: String, to text: inout [UInt8]) { append(utf8: string.utf8.span, to: &text) }

  /// A string with its quotation marks; escapes as RFC 8785 §3.2.2.2 says: only the quotation mark, the backslash and control characters.
  package static func append(utf8 string: Span<UInt8>, to text: inout [UInt8]) {
    text.append(0x22)
    defer { text.append(0x22) }
    if isPlain(string) {
      unsafe string.withUnsafeBufferPointer { unsafe text.append(contentsOf: $0) }
      return
    }
    for index in string.indices {
      let byte = string[index]
      switch byte {
      case 0x22, 0x5C:
        text.append(0x5C)
        text.append(byte)
      case 0x08: text += [0x5C, 0x62]
      case 0x09: text += [0x5C, 0x74]
      case 0x0A: text += [0x5C, 0x6E]
      case 0x0C: text += [0x5C, 0x66]
      case 0x0D: text += [0x5C, 0x72]
      case 0..<0x20: text += "\\u00\(Hex.encode(CollectionOfOne(byte)))".utf8
      default: text.append(byte)
      }
    }
  }

  /// The same into a sink.
  package static func append(utf8 string: Span<UInt8>, to text: inout ByteSink) {
    if isPlain(string) {
      text.append(0x22)
      text.append(string)
      text.append(0x22)
    } else {
      var escaped: [UInt8] = []
      append(utf8: string, to: &escaped)
      text.append(escaped)
    }
  }

  /// Whether a string is written as it is: most are, and are then copied in one piece.
  private static func isPlain(_ string: Span<UInt8>) -> Bool {
    // Without a way out of the loop it is done for many bytes at a time.
    var special: UInt8 = 0
    for index in string.indices {
      let byte = string[index]
      special |= (byte < 0x20 ? 1 : 0) | (byte == 0x22 ? 1 : 0) | (byte == 0x5C ? 1 : 0)
    }
    return special == 0
  }

  /// A text without white space as one that people read: two spaces per level, one member per line, a final newline.
  package static func indented(_ compact: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(compact.count * 2)
    var depth = 0
    var isInString = false
    var isEscaped = false
    func newLine() {
      text.append(0x0A)
      text.append(contentsOf: repeatElement(0x20, count: 2 * depth))
    }
    for (index, byte) in compact.enumerated() {
      if isInString {
        text.append(byte)
        if !isEscaped, byte == 0x22 { isInString = false }
        isEscaped = !isEscaped && byte == 0x5C
        continue
      }
      switch byte {
      case 0x7B, 0x5B:
        text.append(byte)
        let isEmpty = compact[index + 1] == byte + 2
        if !isEmpty {
          depth += 1
          newLine()
        }
      case 0x7D, 0x5D:
        if compact[index - 1] != byte - 2 {
          depth -= 1
          newLine()
        }
        text.append(byte)
      case 0x2C:
        text.append(byte)
        newLine()
      case 0x3A: text += [0x3A, 0x20]
      default:
        text.append(byte)
        isInString = byte == 0x22
      }
    }
    text.append(0x0A)
    return text
  }

  /// Order of UTF-16 code units, found from UTF-8.
  ///
  /// It differs from the order of bytes only where a supplementary character (lead byte F0 to F4, in UTF-16 a surrogate) meets
  /// one of U+E000 to U+FFFF (lead byte EE or EF): the supplementary one comes first.
  static func precedesInUTF16(_ left: String, _ right: String) -> Bool {
    var a = left.utf8.makeIterator()
    var b = right.utf8.makeIterator()
    while true {
      guard let y = b.next() else { return false }
      guard let x = a.next() else { return true }
      if x != y { return (x >= 0xEE && y >= 0xEE && (x >= 0xF0) != (y >= 0xF0)) ? x > y : x < y }
    }
  }

  /// Number::toString of ECMAScript for radix 10: the shortest digits that give the value back, laid out by magnitude.
  ///
  /// - Precondition: `value` is finite.
  /// - SeeAlso: ECMA-262 §6.1.6.1.20; RFC 8785 §3.2.2.3.
  static func ecmaScript(_ value: Double) -> String {
    precondition(value.isFinite, "no JSON number is infinite")
    if value == 0 { return "0" }
    // Swift prints the same shortest digits; only the layout differs.
    var digits: [UInt8] = []
    var point: Int?
    var exponent = 0
    let printed = Array(value.magnitude.description.utf8)
    var index = 0
    while index < printed.count, printed[index] != 0x65 {
      if printed[index] == 0x2E { point = digits.count } else { digits.append(printed[index]) }
      index += 1
    }
    if index < printed.count { exponent = Int(String(decoding: printed[(index + 1)...], as: UTF8.self)) ?? 0 }
    // 0.d1d2d3… × 10^scale
    var scale = (point ?? digits.count) + exponent
    let leadingZeros = digits.prefix { $0 == 0x30 }.count
    digits.removeFirst(leadingZeros)
    scale -= leadingZeros
    while digits.last == 0x30 { digits.removeLast() }

    let sign = value < 0 ? "-" : ""
    func text(_ part: some Sequence<UInt8>) -> String { String(decoding: Array(part), as: UTF8.self) }
    func zeros(_ count: Int) -> String { String(repeating: "0", count: count) }
    if digits.count <= scale, scale <= 21 { return sign + text(digits) + zeros(scale - digits.count) }
    if 0 < scale, scale <= 21 { return sign + text(digits[..<scale]) + "." + text(digits[scale...]) }
    if -6 < scale, scale <= 0 { return sign + "0." + zeros(-scale) + text(digits) }
    let power = (scale > 0 ? "e+" : "e-") + String((scale - 1).magnitude)
    return sign + text(digits[..<1]) + (digits.count > 1 ? "." + text(digits[1...]) : "") + power
  }
}
