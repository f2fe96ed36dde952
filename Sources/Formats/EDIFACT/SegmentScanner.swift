/// Cuts bytes into segments, data elements, repetitions and components, takes away release characters and decodes the texts. One pass; it
/// keeps one segment at a time.
///
/// - Complexity: O(bytes). A segment that is too long or has too many separators ends the reading at its limit.
/// - SeeAlso: ISO 9735-1 §5, §7, §8 (version 4); ISO 9735:1988 §5, §8, §9 (version 3).
struct SegmentScanner: Sendable {
  /// A text of the present segment that is not empty; positions count from 0, the tag is element 0.
  struct Piece: Sendable {
    let element: Int32
    let repetition: Int32
    let component: Int32
    /// In ``text``.
    let start: Int32
    let end: Int32
  }

  enum Step: Sendable {
    case segment
    /// No bytes are left.
    case end
    case unterminated
    case tooLong
    case tooManySeparators
  }

  /// Where a byte of the present segment was that the repertoire does not have.
  struct Illegal: Sendable {
    let element: Int
    let component: Int
  }

  private enum Role: UInt8, Sendable {
    case outside, plain, upper, sequence, component, element, repetition, release, terminator
  }

  let bytes: [UInt8]
  let limits: EDIFACTLimits
  /// Offset of the next segment.
  private(set) var at: Int
  private(set) var start = 0
  private var roles: [Role] = []
  private var repertoire: CharacterRepertoire

  /// Texts of the present segment, UTF-8, one behind the other.
  private(set) var text: [UInt8] = []
  private(set) var pieces: [Piece] = []
  private(set) var illegal: Illegal?

  init(_ bytes: [UInt8], at: Int, characters: ServiceCharacters, repertoire: CharacterRepertoire, limits: EDIFACTLimits) {
    self.bytes = bytes
    self.at = at
    self.limits = limits
    self.repertoire = repertoire
    configure(characters, repertoire, at: at)
  }

  /// Goes on from an offset with other characters.
  mutating func configure(_ characters: ServiceCharacters, _ repertoire: CharacterRepertoire, at offset: Int) {
    at = offset
    self.repertoire = repertoire
    roles = repertoire.roles.map { role in
      switch role {
      case .outside: .outside
      case .plain: .plain
      case .upper: .upper
      case .sequence: .sequence
      }
    }
    roles[Int(characters.component)] = .component
    roles[Int(characters.element)] = .element
    roles[Int(characters.terminator)] = .terminator
    if let release = characters.release { roles[Int(release)] = .release }
    if let repetition = characters.repetition { roles[Int(repetition)] = .repetition }
  }

  /// Reads the next segment. Line breaks in front of it do not count.
  mutating func next() -> Step {
    while at < bytes.count, bytes[at] == 0x0A || bytes[at] == 0x0D { at += 1 }
    guard at < bytes.count else { return .end }
    start = at
    text.removeAll(keepingCapacity: true)
    pieces.removeAll(keepingCapacity: true)
    illegal = nil
    var cursor = Cursor()
    var separators = 0
    let stop = Swift.min(bytes.count, at + limits.segment)
    while at < stop {
      let byte = bytes[at]
      at += 1
      switch roles[Int(byte)] {
      case .plain: text.append(byte)
      case .upper: append(upper: byte)
      case .sequence:
        text.append(byte)
        cursor.hasSequence = true
      case .outside: note(cursor)
      case .component:
        close(&cursor)
        cursor.component += 1
        separators += 1
      case .repetition:
        close(&cursor)
        cursor.component = 0
        cursor.repetition += 1
        separators += 1
      case .element:
        close(&cursor)
        cursor.component = 0
        cursor.repetition = 0
        cursor.element += 1
        separators += 1
      case .release:
        guard at < stop else { continue }
        release(bytes[at], &cursor)
        at += 1
      case .terminator:
        close(&cursor)
        return .segment
      }
      if separators > limits.separators { return .tooManySeparators }
    }
    return at - start >= limits.segment ? .tooLong : .unterminated
  }

  /// How many segments end behind the present one, and how many positions of data elements there are in them up to one that holds something,
  /// as far as the limits matter. Nothing is kept of them, so an interchange that has far too many is refused for a fraction of what reading it
  /// costs.
  func following() -> (segments: Int, places: Int) {
    var (segments, places) = (0, 0)
    // Repetitions of the present element that hold nothing so far.
    var empty = 0
    var holds = false
    var index = at
    while index < bytes.count, segments <= limits.segments, places <= limits.elements {
      let role = roles[Int(bytes[index])]
      index += 1
      switch role {
      case .plain, .upper, .sequence: holds = true
      case .outside: continue
      case .release:
        index += 1
        holds = true
      case .component, .repetition, .element, .terminator:
        if holds { places += 1 + empty }
        if holds || role != .repetition { empty = 0 } else { empty += 1 }
        holds = false
        if role == .terminator { segments += 1 }
      }
    }
    return (segments, places)
  }

  private struct Cursor {
    var element: Int32 = 0
    var repetition: Int32 = 0
    var component: Int32 = 0
    var start: Int32 = 0
    var hasSequence = false
  }

  /// A byte behind the release character stands for itself, whatever it is otherwise.
  private mutating func release(_ byte: UInt8, _ cursor: inout Cursor) {
    switch repertoire.roles[Int(byte)] {
    case .outside: note(cursor)
    case .plain: text.append(byte)
    case .upper: append(upper: byte)
    case .sequence:
      text.append(byte)
      cursor.hasSequence = true
    }
  }

  private mutating func append(upper byte: UInt8) {
    let scalar = repertoire.scalars[Int(byte) - 0xA0]
    if scalar < 0x800 {
      text.append(0xC0 | UInt8(truncatingIfNeeded: scalar >> 6))
    } else {
      text.append(0xE0 | UInt8(truncatingIfNeeded: scalar >> 12))
      text.append(0x80 | UInt8(truncatingIfNeeded: scalar >> 6) & 0x3F)
    }
    text.append(0x80 | UInt8(truncatingIfNeeded: scalar) & 0x3F)
  }

  private mutating func close(_ cursor: inout Cursor) {
    let end = Int32(text.count)
    if end > cursor.start {
      if cursor.hasSequence, !isValid(Int(cursor.start)..<Int(end)) { note(cursor) }
      pieces.append(
        Piece(element: cursor.element, repetition: cursor.repetition, component: cursor.component, start: cursor.start, end: end))
    }
    cursor.start = end
    cursor.hasSequence = false
  }

  /// Strict UTF-8; no part of a sequence reaches over a separator.
  private func isValid(_ range: Range<Int>) -> Bool { String(validating: text[range], as: UTF8.self) != nil }

  private mutating func note(_ cursor: Cursor) {
    if illegal == nil { illegal = Illegal(element: Int(cursor.element), component: Int(cursor.component)) }
  }

  // MARK: The present segment

  func utf8(_ piece: Piece) -> ArraySlice<UInt8> { text[Int(piece.start)..<Int(piece.end)] }

  /// The text at a position of an element that is not repeated; nil: empty or absent. Positions count from 1, behind the tag.
  func value(_ element: Int, _ component: Int = 1) -> ArraySlice<UInt8>? {
    for piece in pieces where Int(piece.element) == element && Int(piece.component) == component - 1 && piece.repetition == 0 {
      return utf8(piece)
    }
    return nil
  }

  /// The tag; nil when what stands in its place is not a capital letter and two capital letters or digits.
  var tag: SegmentTag? {
    guard let first = pieces.first, first.element == 0, first.component == 0 else { return nil }
    return SegmentTag(utf8(first))
  }

  /// The tag is followed by components: an explicit indication of nesting.
  var hasNesting: Bool { pieces.contains { $0.element == 0 && ($0.component > 0 || $0.repetition > 0) } }
}

/// The three characters that name a segment, as one number.
struct SegmentTag: Hashable, Sendable {
  let raw: UInt32

  init?(_ bytes: some Collection<UInt8>) {
    guard bytes.count == 3 else { return nil }
    var raw: UInt32 = 0
    for (offset, byte) in bytes.enumerated() {
      guard (0x41...0x5A).contains(byte) || (offset > 0 && (0x30...0x39).contains(byte)) else { return nil }
      raw = raw << 8 | UInt32(byte)
    }
    self.raw = raw
  }

  private init(_ raw: UInt32) { self.raw = raw }

  var text: String { String(decoding: [UInt8(raw >> 16), UInt8(raw >> 8 & 255), UInt8(raw & 255)], as: UTF8.self) }

  static let unb = SegmentTag(0x55_4E42)
  static let ung = SegmentTag(0x55_4E47)
  static let unh = SegmentTag(0x55_4E48)
  static let unt = SegmentTag(0x55_4E54)
  static let une = SegmentTag(0x55_4E45)
  static let unz = SegmentTag(0x55_4E5A)
  static let uns = SegmentTag(0x55_4E53)
}
