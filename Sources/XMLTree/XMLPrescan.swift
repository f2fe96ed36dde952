internal import Primitives

/// One pass over the bytes before libxml2 sees them: refuses what must not reach it and what would cost it more than linear time.
///
/// It follows the grammar closely enough to know where every tag, comment and section begins and ends, and refuses where it cannot, so that
/// nothing is hidden from it. Names, matching of tags and duplicate attributes are left to libxml2.
///
/// - Complexity: O(bytes); each byte is looked at once here and once by the UTF-8 check before.
/// - SeeAlso: XML 1.0 (fifth edition) §2.2 (characters), §2.4 to §2.8, §3.1, §4.1.
struct XMLPrescan {
  /// The document; valid while ``check(_:from:limits:)`` runs. Every read is behind a comparison with `end`.
  private let bytes: UnsafeBufferPointer<UInt8>
  private let end: Int
  private let limits: XMLLimits
  private let classes: UnsafeBufferPointer<UInt8>
  private var at: Int
  private var sawRoot = false
  /// Namespace declarations of each open element, outermost first; its count is the depth.
  private var declarations: [Int] = []
  private var inScope = 0
  private var elements = 0
  private var nodes = 0

  /// Looks through a document.
  ///
  /// - Parameters:
  ///   - bytes: valid UTF-8.
  ///   - start: where the prolog starts, behind the XML declaration.
  /// - Returns: the number of elements, and of nodes: elements, attributes, namespace declarations, comments, sections and instructions.
  /// - Throws: `parse.doctype`, `parse.entity`, `parse.illegal_character`, `parse.processing_instruction`, `parse.text_outside_root`,
  ///   `parse.content_before_declaration`, `parse.empty`, `parse.malformed`, `parse.namespace`, and for limits `parse.depth`,
  ///   `parse.attributes`, `parse.namespaces`, `parse.name_length`, `parse.nodes`, `parse.text_length`.
  static func check(_ bytes: [UInt8], from start: Int, limits: XMLLimits) throws(CausewayError) -> (elements: Int, nodes: Int) {
    try bytes.withUnsafeBufferPointer { bytes throws(CausewayError) in
      try classes.withUnsafeBufferPointer { classes throws(CausewayError) in
        var scan = XMLPrescan(bytes, classes, from: start, limits: limits)
        try scan.run()
        return (scan.elements, scan.nodes)
      }
    }
  }

  private init(_ bytes: UnsafeBufferPointer<UInt8>, _ classes: UnsafeBufferPointer<UInt8>, from start: Int, limits: XMLLimits) {
    self.bytes = bytes
    self.classes = classes
    end = bytes.count
    at = start
    self.limits = limits
    declarations.reserveCapacity(limits.depth)
  }

  private mutating func run() throws(CausewayError) {
    while true {
      if declarations.isEmpty { try space() } else { try text() }
      guard at < end else { break }
      try markup()
    }
    guard declarations.isEmpty else { throw malformed("unclosed_element") }
    guard sawRoot else { throw error("parse.empty") }
  }

  // MARK: Between tags

  private mutating func space() throws(CausewayError) {
    while at < end, Self.isSpace(bytes[at]) { at += 1 }
    if at < end, bytes[at] != 0x3C { throw error(bytes[at] < 0x20 ? "parse.illegal_character" : "parse.text_outside_root") }
  }

  private mutating func text() throws(CausewayError) {
    let start = at
    while at < end {
      skip(until: Class.text)
      guard at < end else { return }
      switch textClass(bytes[at]) {
      case Class.less:
        try limit(at - start, limits.text, "parse.text_length")
        return
      case Class.ampersand: try reference()
      default: try character()
      }
    }
  }

  /// Past a byte that may be part of a character which XML does not have: U+FFFE and U+FFFF, or a control character.
  private mutating func character() throws(CausewayError) {
    let byte = bytes[at]
    if byte == 0xEF {
      if self[1] == 0xBF, self[2] >= 0xBE { throw error("parse.illegal_character") }
    } else if textClass(byte) == Class.control {
      throw error("parse.illegal_character")
    }
    at += 1
  }

  /// One of the five entities that need no DTD, or a reference to a character that XML has.
  private mutating func reference() throws(CausewayError) {
    var length = 1
    while length <= 40, self[length] != 0x3B {
      guard self[length] > 0x20, self[length] != 0x3C, self[length] != 0x26 else { throw malformed("reference") }
      length += 1
    }
    guard self[length] == 0x3B else { throw error("parse.entity") }
    let name = bytes[(at + 1)..<(at + length)]
    if name.first == 0x23 {
      let hexadecimal = name.dropFirst().first == 0x78
      let digits = name.dropFirst(hexadecimal ? 2 : 1)
      guard !digits.isEmpty, digits.allSatisfy({ Self.digit($0) < (hexadecimal ? 16 : 10) }) else { throw malformed("reference") }
      let value = digits.reduce(UInt64(0)) { min($0, 0x11_0000) * (hexadecimal ? 16 : 10) + UInt64(Self.digit($1)) }
      guard Self.isCharacter(value) else { throw error("parse.illegal_character") }
    } else {
      guard Self.entities.contains(where: { $0.elementsEqual(name) }) else { throw error("parse.entity") }
    }
    at += length + 1
  }

  // MARK: Markup

  private mutating func markup() throws(CausewayError) {
    switch self[1] {
    case 0x2F: try endTag()
    case 0x3F: try processingInstruction()
    case 0x21:
      if matches("<!--") {
        try comment()
      } else if matches("<![CDATA[") {
        guard !declarations.isEmpty else { throw error("parse.text_outside_root") }
        try section()
      } else if matches("<!DOCTYPE") {
        throw error("parse.doctype")
      } else {
        throw malformed("markup")
      }
    default: try startTag()
    }
  }

  private mutating func startTag() throws(CausewayError) {
    guard !declarations.isEmpty || !sawRoot else { throw malformed("second_root") }
    sawRoot = true
    elements += 1
    try count()
    guard declarations.count < limits.depth else { throw error("parse.depth", limits.depth) }
    at += 1
    _ = try name()
    var attributes = 0
    var declared = 0
    while true {
      let spaced = skipSpace()
      switch self[0] {
      case 0x3E:
        at += 1
        declarations.append(declared)
        return
      case 0x2F:
        guard self[1] == 0x3E else { throw malformed("tag") }
        at += 2
        inScope -= declared
        return
      default:
        guard spaced, at < end else { throw malformed("tag") }
        let isDeclaration = try name()
        if isDeclaration {
          declared += 1
          inScope += 1
          try limit(inScope, limits.namespaces, "parse.namespaces")
        } else {
          attributes += 1
          try limit(attributes, limits.attributes, "parse.attributes")
        }
        try count()
        try value(ofDeclaration: isDeclaration)
      }
    }
  }

  /// A reference in a namespace name is refused: libxml2 keeps it unresolved where it stands for `&`, and names would differ that are
  /// equal.
  private mutating func value(ofDeclaration isDeclaration: Bool) throws(CausewayError) {
    _ = skipSpace()
    guard self[0] == 0x3D else { throw malformed("attribute") }
    at += 1
    _ = skipSpace()
    let quote = self[0]
    guard quote == 0x22 || quote == 0x27 else { throw malformed("attribute") }
    at += 1
    let start = at
    while at < end {
      skipPlain(until: quote)
      guard at < end else { break }
      switch textClass(bytes[at]) {
      case Class.plain:
        try limit(at - start, limits.attributeValue, "parse.text_length")
        at += 1
        return
      case Class.less: throw malformed("attribute")
      case Class.ampersand:
        guard !isDeclaration else { throw error("parse.namespace") }
        try reference()
      default: try character()
      }
    }
    throw malformed("attribute")
  }

  private mutating func endTag() throws(CausewayError) {
    at += 2
    _ = try name()
    _ = skipSpace()
    guard self[0] == 0x3E, let declared = declarations.popLast() else { throw malformed("end_tag") }
    inScope -= declared
    at += 1
  }

  /// Past a name; its characters are checked by libxml2.
  ///
  /// - Returns: true for `xmlns` and `xmlns:…`.
  private mutating func name() throws(CausewayError) -> Bool {
    let start = at
    skip(until: Class.notName)
    // Of what is no part of a name, a blank, `=`, `/` and `>` may follow one.
    if at < end, !Self.isSpace(bytes[at]), bytes[at] != 0x3D, bytes[at] != 0x2F, bytes[at] != 0x3E { throw malformed("name") }
    guard at > start else { throw malformed("name") }
    try limit(at - start, limits.name, "parse.name_length")
    let count = at - start
    guard count >= 5, bytes[start] == 0x78, bytes[start..<(start + 5)].elementsEqual("xmlns".utf8) else { return false }
    return count == 5 || bytes[start + 5] == 0x3A
  }

  /// Two hyphens end a comment or are an error (§2.5): nothing between them is guessed.
  private mutating func comment() throws(CausewayError) {
    try count()
    at += 4
    let start = at
    while at < end {
      skipPlain(until: 0x2D)
      if self[0] == 0x2D, self[1] == 0x2D {
        guard self[2] == 0x3E else { throw malformed("comment_hyphens") }
        try limit(at - start, limits.text, "parse.text_length")
        at += 3
        return
      }
      if at < end { try anyCharacter() }
    }
    throw malformed("comment")
  }

  private mutating func section() throws(CausewayError) {
    try count()
    at += 9
    let start = at
    while at < end {
      skipPlain(until: 0x5D)
      if self[0] == 0x5D, self[1] == 0x5D, self[2] == 0x3E {
        try limit(at - start, limits.text, "parse.text_length")
        at += 3
        return
      }
      if at < end { try anyCharacter() }
    }
    throw malformed("section")
  }

  /// Beside the root a processing instruction is passed over: nothing here ever acts on one. Inside the root it is refused, because it
  /// would split a value in two and no declaration format has any.
  private mutating func processingInstruction() throws(CausewayError) {
    guard declarations.isEmpty else { throw error("parse.processing_instruction") }
    let target = bytes[min(at + 2, end)..<min(at + 5, end)].map { $0 | 0x20 }
    if target.elementsEqual("xml".utf8), Self.isSpace(self[5]) || self[5] == 0x3F { throw error("parse.content_before_declaration") }
    try count()
    at += 2
    let start = at
    while at < end {
      if bytes[at] == 0x3F, self[1] == 0x3E {
        try limit(at - start, limits.attributeValue, "parse.text_length")
        at += 2
        return
      }
      try anyCharacter()
    }
    throw malformed("processing_instruction")
  }

  private mutating func anyCharacter() throws(CausewayError) {
    let kind = textClass(bytes[at])
    if kind == Class.control || kind == Class.special { try character() } else { at += 1 }
  }

  // MARK: Parts

  /// Past the bytes whose class has none of some bits: four at a time, while there are four.
  private mutating func skip(until bits: UInt8) {
    var next = at
    while next + 4 <= end {
      let first = classes[Int(bytes[next])] | classes[Int(bytes[next + 1])]
      let second = classes[Int(bytes[next + 2])] | classes[Int(bytes[next + 3])]
      if (first | second) & bits != 0 { break }
      next += 4
    }
    while next < end, classes[Int(bytes[next])] & bits == 0 { next += 1 }
    at = next
  }

  /// Past the bytes that mean nothing but themselves, and not past `stop`.
  private mutating func skipPlain(until stop: UInt8) {
    var next = at
    while next < end, classes[Int(bytes[next])] & Class.text == Class.plain, bytes[next] != stop { next += 1 }
    at = next
  }

  private func textClass(_ byte: UInt8) -> UInt8 { classes[Int(byte)] & Class.text }

  /// The byte some places ahead; 0, which no document has, behind the end.
  private subscript(_ ahead: Int) -> UInt8 { at + ahead < end ? bytes[at + ahead] : 0 }

  private mutating func skipSpace() -> Bool {
    let start = at
    while at < end, Self.isSpace(bytes[at]) { at += 1 }
    return at > start
  }

  private mutating func matches(_ text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    guard at + count <= end else { return false }
    return text.withUTF8Buffer { $0.elementsEqual(bytes[at..<(at + count)]) }
  }

  private mutating func count() throws(CausewayError) {
    nodes += 1
    try limit(nodes, limits.nodes, "parse.nodes")
  }

  /// The code is made into one only where it is thrown: making it costs more than a tag. Mutating, as ``error(_:_:)`` and ``malformed(_:)``
  /// are, or each call would copy the scan.
  private mutating func limit(_ value: Int, _ limit: Int, _ code: StaticString) throws(CausewayError) {
    if value > limit { throw error(code, limit) }
  }

  private mutating func error(_ code: StaticString, _ limit: Int? = nil) -> CausewayError {
    Position(bytes, at).error(ErrorCode(stringLiteral: code), limit.map { ["limit": String($0)] } ?? [:])
  }

  private mutating func malformed(_ detail: String) -> CausewayError { Position(bytes, at).error("parse.malformed", ["detail": detail]) }

  static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x0A || byte == 0x09 || byte == 0x0D }

  /// XML 1.0 production 2.
  static func isCharacter(_ value: UInt64) -> Bool {
    switch value {
    case 0x09, 0x0A, 0x0D, 0x20...0xD7FF, 0xE000...0xFFFD, 0x1_0000...0x10_FFFF: true
    default: false
    }
  }

  /// Value of a hexadecimal digit; 255 for any other byte.
  private static func digit(_ byte: UInt8) -> UInt8 {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x41 + 10
    case 0x61...0x66: byte - 0x61 + 10
    default: 255
    }
  }

  private static let entities: [[UInt8]] = ["amp", "lt", "gt", "apos", "quot"].map { Array($0.utf8) }

  /// What a byte means: in text (the low four bits), and whether it is no part of a name.
  private enum Class {
    static let text: UInt8 = 0x0F
    /// No bit of ``text``.
    static let plain: UInt8 = 0
    static let control: UInt8 = 1
    static let less: UInt8 = 2
    static let ampersand: UInt8 = 3
    /// First byte of U+F000 to U+FFFF, where U+FFFE and U+FFFF are.
    static let special: UInt8 = 4
    /// Below U+0040 a name has digits, `:`, `-` and `.`; the rest is left to libxml2.
    static let notName: UInt8 = 0x10
  }

  private static let classes: [UInt8] = (0..<256).map { byte in
    let byte = UInt8(byte)
    let isName = byte > 0x3F || (0x30...0x3A).contains(byte) || byte == 0x2D || byte == 0x2E
    let text =
      switch byte {
      case 0x09, 0x0A, 0x0D: Class.plain
      case 0..<0x20: Class.control
      case 0x3C: Class.less
      case 0x26: Class.ampersand
      case 0xEF: Class.special
      default: Class.plain
      }
    return text | (isName ? 0 : Class.notName)
  }
}
