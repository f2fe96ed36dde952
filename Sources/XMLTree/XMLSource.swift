internal import Primitives

/// The bytes of an XML document after the encoding is decided: UTF-8, without a byte order mark.
///
/// The order of decision: byte order mark, declared encoding, strict UTF-8, and GB18030 only where the caller allows it. What is declared
/// must be what the bytes are.
///
/// - SeeAlso: XML 1.0 (fifth edition) §2.8, §4.3.3, appendix F.
struct XMLSource {
  /// Valid UTF-8.
  let bytes: [UInt8]
  /// Where the document starts: behind the byte order mark.
  let start: Int
  /// Where the prolog starts: behind the XML declaration.
  let body: Int
  /// What the bytes were received in.
  let encoding: TextEncoding

  /// - Throws: `parse.empty`, `parse.too_large`, `parse.encoding_unsupported`, `parse.encoding_mismatch`, `parse.invalid_text`,
  ///   `parse.content_before_declaration`, `parse.xml_version`, `parse.malformed`.
  init(_ received: [UInt8], limits: XMLLimits, encodings: [TextEncoding]) throws(CausewayError) {
    guard received.count <= limits.bytes else { throw CausewayError("parse.too_large", facts: ["limit": String(limits.bytes)]) }
    guard !received.isEmpty else { throw CausewayError("parse.empty", line: 1) }
    let allowed = encodings.map(\.rawValue).joined(separator: " ")
    if Self.isForeign(received) { throw CausewayError("parse.encoding_unsupported", line: 1, facts: ["allowed": allowed]) }

    let mark = received.starts(with: [0xEF, 0xBB, 0xBF])
    start = mark ? 3 : 0
    var declaration = XMLDeclaration(bytes: received, at: start)
    let present = try declaration.parse()
    body = declaration.at

    var declared: TextEncoding?
    if let name = declaration.encoding {
      declared = TextEncoding(ianaName: name)
      if declared == nil { throw CausewayError("parse.encoding_unsupported", line: 1, facts: ["allowed": allowed]) }
    }
    if mark, declared == .gb18030 { throw CausewayError("parse.encoding_mismatch", line: 1) }
    if !present { try Self.refuseStrayStart(received, from: start) }

    let utf8 = TextEncoding.utf8.decode(received)
    if let declared {
      encoding = declared
    } else {
      encoding = mark || utf8.isSuccess || !encodings.contains(.gb18030) ? .utf8 : .gb18030
    }
    guard encodings.contains(encoding) else {
      throw CausewayError("parse.encoding_unsupported", line: 1, facts: ["allowed": allowed])
    }
    if encoding == .utf8 {
      switch utf8 {
      case .success(let valid): bytes = valid
      case .failure(let invalid): throw Position(received, invalid.offset).error("parse.invalid_text", ["encoding": "utf-8"])
      }
      return
    }
    // A character of three or more bytes in text that is UTF-8 throughout is no accident: the sender declared one thing and wrote another.
    // Two-byte sequences prove nothing, short GB18030 texts often happen to be UTF-8.
    if utf8.isSuccess, received.contains(where: { $0 >= 0xE0 }) { throw CausewayError("parse.encoding_mismatch", line: 1) }
    switch TextEncoding.gb18030.decode(received) {
    case .success(let converted): bytes = converted
    case .failure(let invalid): throw Position(received, invalid.offset).error("parse.invalid_text", ["encoding": "gb18030"])
    }
  }

  /// UTF-16, UTF-32 and EBCDIC by their first bytes, with or without a byte order mark.
  private static func isForeign(_ bytes: [UInt8]) -> Bool {
    let first = Array(bytes.prefix(4))
    return first.starts(with: [0xFF, 0xFE]) || first.starts(with: [0xFE, 0xFF]) || first.starts(with: [0x4C, 0x6F, 0xA7, 0x94])
      || first.prefix(2).contains(0)
  }

  /// Anything before `<?xml`, a blank included, is refused by name: published samples have it, and silence about it would be a guess.
  private static func refuseStrayStart(_ bytes: [UInt8], from start: Int) throws(CausewayError) {
    let head = bytes[start..<min(bytes.count, start + 1024)]
    let marker = Array("<?xml".utf8)
    guard let tag = head.firstIndex(of: 0x3C), tag > start, bytes[tag...].starts(with: marker) else { return }
    let after = tag + marker.count
    guard after < bytes.count, XMLPrescan.isSpace(bytes[after]) else { return }
    throw Position(bytes, start).error("parse.content_before_declaration", ["bytes": String(tag - start)])
  }
}

extension Result {
  fileprivate var isSuccess: Bool {
    if case .success = self { return true }
    return false
  }
}

/// `<?xml version="1.0" encoding="…" standalone="…"?>` (XML 1.0 §2.8, production 23).
struct XMLDeclaration {
  let bytes: [UInt8]
  /// Behind the declaration once it is parsed.
  var at: Int
  var encoding: ArraySlice<UInt8>?

  init(bytes: [UInt8], at: Int) {
    self.bytes = bytes
    self.at = at
  }

  /// - Returns: false when there is none.
  mutating func parse() throws(CausewayError) -> Bool {
    let origin = at
    guard take("<?xml"), space() else {
      at = origin
      return false
    }
    guard let version = try value("version") else { throw malformed() }
    guard version.elementsEqual("1.0".utf8) else { throw CausewayError("parse.xml_version", line: 1) }
    var spaced = space()
    if spaced, let name = try value("encoding") {
      encoding = name
      spaced = space()
    }
    if spaced, let standalone = try value("standalone") {
      guard standalone.elementsEqual("yes".utf8) || standalone.elementsEqual("no".utf8) else { throw malformed() }
      _ = space()
    }
    guard take("?>") else { throw malformed() }
    return true
  }

  private func malformed() -> CausewayError { Position(bytes, at).error("parse.malformed", ["detail": "declaration"]) }

  private mutating func take(_ text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    guard at + count <= bytes.count else { return false }
    let matches = text.withUTF8Buffer { $0.elementsEqual(bytes[at..<(at + count)]) }
    if matches { at += count }
    return matches
  }

  private mutating func space() -> Bool {
    let origin = at
    while at < bytes.count, XMLPrescan.isSpace(bytes[at]) { at += 1 }
    return at > origin
  }

  /// `name = "value"`, the value being at most 40 ASCII letters, digits and `._-`.
  private mutating func value(_ name: StaticString) throws(CausewayError) -> ArraySlice<UInt8>? {
    guard take(name) else { return nil }
    _ = space()
    guard take("=") else { throw malformed() }
    _ = space()
    guard at < bytes.count, bytes[at] == 0x22 || bytes[at] == 0x27 else { throw malformed() }
    let quote = bytes[at]
    let first = at + 1
    at = first
    while at < bytes.count, at - first <= 40, bytes[at] != quote {
      switch bytes[at] {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2E, 0x5F, 0x2D: at += 1
      default: throw malformed()
      }
    }
    guard at < bytes.count, bytes[at] == quote, at > first else { throw malformed() }
    at += 1
    return bytes[first..<(at - 1)]
  }
}

/// Line and column, both from 1, of an offset: counted only when something is wrong. Columns are characters.
struct Position {
  let line: Int
  let column: Int

  init(_ bytes: some RandomAccessCollection<UInt8>, _ offset: Int) {
    var line = 1
    var column = 1
    for byte in bytes.prefix(offset) {
      if byte == 0x0A {
        line += 1
        column = 1
      } else if byte & 0xC0 != 0x80 {
        column += 1
      }
    }
    self.line = line
    self.column = column
  }

  func error(_ code: ErrorCode, _ facts: [String: String] = [:]) -> CausewayError {
    CausewayError(code, line: line, facts: facts.merging(["column": String(column)]) { first, _ in first })
  }
}
