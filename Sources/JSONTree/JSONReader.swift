package import Primitives

/// What a JSON text may be at most. Exceeding a limit is refused before anything is built from the text behind it.
package struct JSONLimits: Sendable {
  /// Which numbers are let through.
  package enum Numbers: Sendable {
    /// Every number of the grammar; the lexeme is what counts.
    case any
    /// Only numbers that every reader understands the same, see ``JSONNumber/isInteroperable``.
    case interoperable
  }

  /// Size of the whole text.
  package var bytes: Int
  /// Open arrays and objects at any place; 0 lets only scalars through.
  package var depth: Int
  /// Members of one object.
  package var members: Int
  /// Values in the whole text, containers included.
  package var values: Int
  package var numbers: Numbers

  package init(bytes: Int = 16 << 20, depth: Int = 64, members: Int = 100_000, values: Int = 750_000, numbers: Numbers = .interoperable) {
    self.bytes = bytes
    self.depth = depth
    self.members = members
    self.values = values
    self.numbers = numbers
  }

  package static let standard = JSONLimits()
}

/// Receives a JSON text piece by piece, in document order.
///
/// `line` counts from 1 and is where the piece starts. When reading throws, everything received before is to be thrown away:
/// a repeated member name is found only at the end of its object.
package protocol JSONVisitor {
  mutating func beginObject(line: Int) throws(CausewayError)
  /// The name of the member whose value comes next.
  mutating func member(_ name: String, line: Int) throws(CausewayError)
  mutating func endObject() throws(CausewayError)
  mutating func beginArray(line: Int) throws(CausewayError)
  mutating func endArray() throws(CausewayError)
  /// A string, number, boolean or null; never an array or object.
  mutating func scalar(_ value: JSONValue, line: Int) throws(CausewayError)
}

/// The strict reader of JSON texts. Never traps, never recurses.
///
/// Refused besides what the grammar refuses: a byte order mark, bytes that are not UTF-8 (overlong forms and encoded surrogates
/// among them), escapes of lone surrogates, member names that are equal as bytes after unescaping, numbers as the limits say.
///
/// - SeeAlso: RFC 8259 §2–8; RFC 7493 §2.
package enum JSONReader {
  /// - Throws: `parse.json_too_large`, `parse.json_encoding`, `parse.json_bom`, `parse.json_syntax`, `parse.json_control_character`,
  ///   `parse.json_surrogate`, `parse.json_depth`, `parse.json_members`, `parse.json_values`, `parse.json_number_unsafe`,
  ///   `parse.json_duplicate_member`; and what the visitor throws. Each with the line, and the column in bytes.
  /// - Complexity: O(*n*) in bytes; O(*m* log *m*) for the *m* names of one object.
  package static func read<Visitor: JSONVisitor>(
    _ bytes: [UInt8], limits: JSONLimits = .standard, into visitor: inout Visitor
  ) throws(CausewayError) {
    var scanner = try JSONScanner(bytes, limits: limits)
    try scanner.run(&visitor)
  }
}

/// The state of one reading.
private struct JSONScanner {
  /// An open array or object; `firstName` is -1 for arrays, else where the object's names start in `names`.
  struct Container {
    var firstName: Int
  }

  /// A member name after unescaping: a range of the text, or of `unescaped` when it held an escape.
  struct Name {
    var start: Int
    var end: Int
    var isUnescaped: Bool
    var line: Int
  }

  let bytes: [UInt8]
  let limits: JSONLimits
  var index = 0
  var line = 1
  var lineStart = 0
  var values = 0
  var stack: [Container] = []
  var names: [Name] = []
  var unescaped: [UInt8] = []

  init(_ bytes: [UInt8], limits: JSONLimits) throws(CausewayError) {
    guard bytes.count <= limits.bytes else { throw CausewayError("parse.json_too_large", facts: ["limit": String(limits.bytes)]) }
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { throw CausewayError("parse.json_bom", line: 1) }
    do {
      _ = try UTF8Span(validating: bytes.span)
    } catch {
      throw CausewayError("parse.json_encoding", facts: ["offset": String(error.byteOffsets.lowerBound)])
    }
    self.bytes = bytes
    self.limits = limits
  }

  func failure(_ code: ErrorCode, facts: [String: String] = [:]) -> CausewayError {
    CausewayError(code, line: line, facts: facts.merging(["column": String(index - lineStart + 1)]) { own, _ in own })
  }

  mutating func run<Visitor: JSONVisitor>(_ visitor: inout Visitor) throws(CausewayError) {
    while true {
      try value(&visitor)
      if try !closeFinished(&visitor) { break }
    }
    skipSpace()
    guard index == bytes.count else { throw failure("parse.json_syntax") }
  }

  /// Reads one scalar, or the opening of containers down to the first scalar or to the closing bracket of an empty container.
  mutating func value<Visitor: JSONVisitor>(_ visitor: inout Visitor) throws(CausewayError) {
    while true {
      skipSpace()
      guard index < bytes.count else { throw failure("parse.json_syntax") }
      values += 1
      guard values <= limits.values, values != limits.values / 4 || values + following() <= limits.values + 1 else {
        throw failure("parse.json_values", facts: ["limit": String(limits.values)])
      }
      switch bytes[index] {
      case 0x7B:
        try open(firstName: names.count)
        try visitor.beginObject(line: line)
        skipSpace()
        if index < bytes.count, bytes[index] == 0x7D { return }
        try member(&visitor)
      case 0x5B:
        try open(firstName: -1)
        try visitor.beginArray(line: line)
        skipSpace()
        if index < bytes.count, bytes[index] == 0x5D { return }
      case 0x22:
        let start = line
        return try visitor.scalar(.string(try string()), line: start)
      case 0x74:
        try literal("true")
        return try visitor.scalar(.bool(true), line: line)
      case 0x66:
        try literal("false")
        return try visitor.scalar(.bool(false), line: line)
      case 0x6E:
        try literal("null")
        return try visitor.scalar(.null, line: line)
      default:
        return try visitor.scalar(.number(try number()), line: line)
      }
    }
  }

  /// How many values there are from the one that begins here on, as far as the limit matters: nothing is kept of them, so a text that has far
  /// too many is refused for a fraction of what reading it costs.
  func following() -> Int {
    var count = 0
    var isWord = false
    var index = index
    while index < bytes.count, count <= limits.values {
      let byte = bytes[index]
      index += 1
      switch byte {
      case 0x22:
        count += 1
        isWord = false
        while index < bytes.count, bytes[index] != 0x22 { index += bytes[index] == 0x5C ? 2 : 1 }
        index += 1
      case 0x5B, 0x7B:
        count += 1
        isWord = false
      case 0x3A:
        // What stood before was a name.
        count -= 1
        isWord = false
      case 0x2C, 0x5D, 0x7D, 0x20, 0x09, 0x0A, 0x0D: isWord = false
      default:
        if !isWord { count += 1 }
        isWord = true
      }
    }
    return count
  }

  /// Closes what ends here. Returns true when a next value is expected, false when the outermost value is complete.
  mutating func closeFinished<Visitor: JSONVisitor>(_ visitor: inout Visitor) throws(CausewayError) -> Bool {
    while let container = stack.last {
      skipSpace()
      guard index < bytes.count else { throw failure("parse.json_syntax") }
      let isArray = container.firstName < 0
      switch bytes[index] {
      case 0x2C:
        index += 1
        if !isArray {
          skipSpace()
          try member(&visitor)
        }
        return true
      case 0x5D where isArray:
        index += 1
        stack.removeLast()
        try visitor.endArray()
      case 0x7D where !isArray:
        index += 1
        try checkNames(from: container.firstName)
        stack.removeLast()
        try visitor.endObject()
      default:
        throw failure("parse.json_syntax")
      }
    }
    return false
  }

  mutating func open(firstName: Int) throws(CausewayError) {
    guard stack.count < limits.depth else { throw failure("parse.json_depth", facts: ["limit": String(limits.depth)]) }
    stack.append(Container(firstName: firstName))
    index += 1
  }

  mutating func member<Visitor: JSONVisitor>(_ visitor: inout Visitor) throws(CausewayError) {
    guard index < bytes.count, bytes[index] == 0x22, let container = stack.last else { throw failure("parse.json_syntax") }
    guard names.count - container.firstName < limits.members else {
      throw failure("parse.json_members", facts: ["limit": String(limits.members)])
    }
    let start = line
    let name = try string(asName: true)
    try visitor.member(name, line: start)
    skipSpace()
    guard index < bytes.count, bytes[index] == 0x3A else { throw failure("parse.json_syntax") }
    index += 1
  }

  mutating func skipSpace() {
    while index < bytes.count {
      switch bytes[index] {
      case 0x20, 0x09, 0x0D: index += 1
      case 0x0A:
        index += 1
        line += 1
        lineStart = index
      default: return
      }
    }
  }

  mutating func literal(_ word: StaticString) throws(CausewayError) {
    for byte in word.description.utf8 {
      guard index < bytes.count, bytes[index] == byte else { throw failure("parse.json_syntax") }
      index += 1
    }
  }

  mutating func number() throws(CausewayError) -> JSONNumber {
    guard let shape = NumberShape(bytes, at: index) else { throw failure("parse.json_syntax") }
    if limits.numbers == .interoperable, !shape.isInteroperable(in: bytes) { throw failure("parse.json_number_unsafe") }
    index = shape.end
    return JSONNumber(unchecked: String(decoding: bytes[shape.start..<shape.end], as: UTF8.self))
  }
}

// Strings and names (RFC 8259 §7).
extension JSONScanner {
  /// Reads the string that starts at `index` (a quotation mark) and, for a member name, remembers its bytes.
  mutating func string(asName: Bool = false) throws(CausewayError) -> String {
    let start = index + 1
    index = endOfPlainRun(from: start)
    if index < bytes.count, bytes[index] == 0x22 {
      if asName { names.append(Name(start: start, end: index, isUnescaped: false, line: line)) }
      index += 1
      return String(decoding: bytes[start..<index - 1], as: UTF8.self)
    }
    let first = unescaped.count
    unescaped += bytes[start..<index]
    while true {
      guard index < bytes.count else { throw failure("parse.json_syntax") }
      switch bytes[index] {
      case 0x22:
        index += 1
        let text = String(decoding: unescaped[first...], as: UTF8.self)
        if asName {
          names.append(Name(start: first, end: unescaped.count, isUnescaped: true, line: line))
        } else {
          unescaped.removeSubrange(first...)
        }
        return text
      case 0x5C:
        try escape()
      case 0..<0x20:
        throw failure("parse.json_control_character")
      default:
        let runStart = index
        index = endOfPlainRun(from: index)
        unescaped += bytes[runStart..<index]
      }
    }
  }

  /// The first quotation mark, backslash or control character at or after `start`, or the end of the text.
  func endOfPlainRun(from start: Int) -> Int {
    let span = bytes.span
    var index = start
    while index < span.count {
      let byte = span[index]
      if byte == 0x22 || byte == 0x5C || byte < 0x20 { break }
      index += 1
    }
    return index
  }

  mutating func escape() throws(CausewayError) {
    guard index + 1 < bytes.count else { throw failure("parse.json_syntax") }
    let symbol = bytes[index + 1]
    let plain: UInt8
    switch symbol {
    case 0x22, 0x5C, 0x2F: plain = symbol
    case 0x62: plain = 0x08
    case 0x66: plain = 0x0C
    case 0x6E: plain = 0x0A
    case 0x72: plain = 0x0D
    case 0x74: plain = 0x09
    case 0x75:
      let unit = try codeUnit(at: index + 2)
      var scalar = UInt32(unit)
      var length = 6
      if unit & 0xFC00 == 0xD800 {
        guard index + 7 < bytes.count, bytes[index + 6] == 0x5C, bytes[index + 7] == 0x75 else { throw failure("parse.json_surrogate") }
        let low = try codeUnit(at: index + 8)
        guard low & 0xFC00 == 0xDC00 else { throw failure("parse.json_surrogate") }
        scalar = 0x10000 + (UInt32(unit & 0x3FF) << 10 | UInt32(low & 0x3FF))
        length = 12
      }
      guard let character = Unicode.Scalar(scalar) else { throw failure("parse.json_surrogate") }
      unescaped.append(contentsOf: character.utf8)
      index += length
      return
    default:
      throw failure("parse.json_syntax")
    }
    unescaped.append(plain)
    index += 2
  }

  /// Four hexadecimal digits of either case.
  func codeUnit(at start: Int) throws(CausewayError) -> UInt16 {
    guard start + 4 <= bytes.count else { throw failure("parse.json_syntax") }
    var unit: UInt16 = 0
    for offset in start..<start + 4 {
      let digit: UInt8
      switch bytes[offset] {
      case let byte where byte &- 0x30 < 10: digit = byte - 0x30
      case let byte where (byte | 0x20) &- 0x61 < 6: digit = (byte | 0x20) - 0x61 + 10
      default: throw failure("parse.json_syntax")
      }
      unit = unit << 4 | UInt16(digit)
    }
    return unit
  }

  /// Refuses two equal names among those of the object that ends here, then forgets them.
  ///
  /// Pairwise for small objects; sorted for large ones, so that neither many names nor chosen hash collisions make it slow.
  mutating func checkNames(from first: Int) throws(CausewayError) {
    let count = names.count - first
    if count > 1 {
      var repeatedLine: Int?
      if count <= 12 {
        search: for right in first + 1..<names.count {
          for left in first..<right where isEqual(names[left], names[right]) {
            repeatedLine = names[right].line
            break search
          }
        }
      } else {
        let sorted = names[first...].sorted { bytes(of: $0).lexicographicallyPrecedes(bytes(of: $1)) }
        for (left, right) in zip(sorted, sorted.dropFirst()) where isEqual(left, right) {
          repeatedLine = max(left.line, right.line)
          break
        }
      }
      if let repeatedLine { throw CausewayError("parse.json_duplicate_member", line: repeatedLine) }
    }
    names.removeSubrange(first...)
  }

  func bytes(of name: Name) -> ArraySlice<UInt8> { name.isUnescaped ? unescaped[name.start..<name.end] : bytes[name.start..<name.end] }

  func isEqual(_ left: Name, _ right: Name) -> Bool {
    left.end - left.start == right.end - right.start && bytes(of: left) == bytes(of: right)
  }
}
