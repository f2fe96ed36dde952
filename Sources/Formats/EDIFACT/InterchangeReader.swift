internal import Primitives

/// Reads one interchange: its characters, its envelope with counts and references, and the tree of its messages.
///
/// - SeeAlso: ISO 9735-1 §7, §8 and annex C (service segments).
struct InterchangeReader: Sendable {
  let grammar: MessageGrammar?
  let limits: EDIFACTLimits
  var scanner: SegmentScanner
  var characters = ServiceCharacters()
  var placer: SegmentPlacer?
  var builder = DocumentBuilder(syntax: .edifact)
  /// The builder's numbers for the names of a row of the grammar, once they are needed.
  var symbols: [RowSymbols?]
  private(set) var findings: [SyntaxFinding] = []
  var envelope = InterchangeEnvelope()
  private var isOver = false
  private var hasByteOrderMark = false
  private var filledElements = 0
  /// It is known that what follows does not exceed the limits of segments and elements by itself.
  private var hasLookedAhead = false

  /// Where reading is.
  var place = SyntaxFinding.Place()
  var isInMessage = false
  var isInGroup = false
  /// UNZ has come.
  var isEnded = false
  /// Of the present message: data element 0062, and whether its body is passed over because it is of another type.
  var messageReference: [UInt8] = []
  var isSkipped = false
  /// What messages were called so far, in the present group or in the interchange.
  var references: Set<[UInt8]> = []
  /// Of the present group: data element 0048, its messages so far, and the type of the first.
  var groupReference: [UInt8] = []
  var groupMessages = 0
  var groupType: String?
  /// Messages outside groups so far.
  var looseMessages = 0

  init(_ bytes: [UInt8], grammar: MessageGrammar?, limits: EDIFACTLimits) {
    self.grammar = grammar
    self.limits = limits
    scanner = SegmentScanner(bytes, at: 0, characters: characters, repertoire: .header, limits: limits)
    placer = grammar.map(SegmentPlacer.init)
    symbols = Array(repeating: nil, count: grammar?.nodes.count ?? 0)
  }

  mutating func run() -> EDIFACTFormat.Reading {
    if begin() {
      while !isOver, readSegment() {}
    }
    var document: Document?
    if findings.isEmpty {
      builder.close()
      document = builder.finish()
    }
    return .init(document: document, envelope: envelope, findings: findings)
  }

  // MARK: Findings

  mutating func note(_ code: ErrorCode, _ syntax: SyntaxCode, element: Int = 0, component: Int = 0, facts: [String: String] = [:]) {
    var place = place
    place.element = element
    place.component = component
    add(SyntaxFinding(code, syntax, place, facts: facts))
  }

  /// Something about the interchange as a whole, after which nothing more can be read.
  mutating func stop(_ code: ErrorCode, _ syntax: SyntaxCode, service: String? = nil, facts: [String: String] = [:]) {
    var place = SyntaxFinding.Place()
    place.number = self.place.number
    place.service = service
    add(SyntaxFinding(code, syntax, place, facts: facts))
    isOver = true
  }

  private mutating func add(_ finding: SyntaxFinding) {
    guard !isOver else { return }
    findings.append(finding)
    guard findings.count >= limits.problems else { return }
    isOver = true
    findings.append(SyntaxFinding("parse.edifact_more_problems", .unspecified, facts: ["limit": String(limits.problems)]))
  }

  // MARK: Beginning

  /// UNA and the first look at UNB, which says what its own bytes mean.
  private mutating func begin() -> Bool {
    let bytes = scanner.bytes
    guard bytes.count <= limits.bytes else {
      stop("parse.edifact_too_large", .unspecified, facts: ["limit": String(limits.bytes)])
      return false
    }
    hasByteOrderMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
    var at = hasByteOrderMark ? 3 : 0
    let hasAdvice = bytes[at...].starts(with: "UNA".utf8)
    if hasAdvice {
      do throws(SyntaxFinding) {
        characters = try ServiceCharacters(advice: bytes[(at + 3)..<min(at + 9, bytes.count)])
      } catch {
        // Who sent it may still be readable with the characters of the standard, so that it can be answered.
        if bytes[at...].dropFirst(9).starts(with: "UNB+".utf8) { readHeader(at: at + 9) }
        add(error)
        return false
      }
      at += 9
      while at < bytes.count, bytes[at] == 0x0A || bytes[at] == 0x0D { at += 1 }
    }
    guard bytes[at...].starts(with: "UNB".utf8) else {
      stop("parse.edifact_start", .missing, service: "UNB")
      return false
    }
    guard at + 3 < bytes.count, bytes[at + 3] == characters.element else {
      stop("parse.edifact_start", .invalidServiceCharacter, service: "UNB")
      return false
    }
    guard isSegment(readHeader(at: at), service: "UNB") else { return false }
    guard let version = scanner.value(1, 2).flatMap({ $0.count == 1 ? $0.first : nil }), (0x31...0x34).contains(version) else {
      add(SyntaxFinding("parse.edifact_syntax_unknown", .versionNotSupported, .service("UNB", element: 1, component: 2)))
      return false
    }
    envelope.version = Int(version - 0x30)
    guard let repertoire = CharacterRepertoire(identifier: envelope.syntax, version: envelope.version) else {
      add(SyntaxFinding("parse.edifact_syntax_unknown", .versionNotSupported, .service("UNB", element: 1, component: 1)))
      return false
    }
    if !hasAdvice { characters = .standard(version: envelope.version) }
    if envelope.version < 4 { characters.repetition = nil }
    if hasByteOrderMark, !repertoire.isUTF8 {
      stop("parse.edifact_character", .invalidCharacter, service: "UNB", facts: ["set": envelope.syntax])
      return false
    }
    scanner.configure(characters, repertoire, at: at)
    builder.open(name: EDIFACTFormat.Names.interchange, line: 1)
    return true
  }

  /// The first look at UNB.
  @discardableResult
  private mutating func readHeader(at offset: Int) -> SegmentScanner.Step {
    var header = characters
    header.repetition = nil
    scanner.configure(header, .header, at: offset)
    let step = scanner.next()
    if case .segment = step { readHeader() }
    return step
  }

  mutating func readHeader() {
    envelope.syntax = string(1)
    envelope.sender = components(2)
    envelope.recipient = components(3)
    envelope.reference = string(5)
    envelope.asksForAnswer = string(9) == "1"
    envelope.isTest = string(11) == "1"
  }

  func string(_ element: Int, _ component: Int = 1) -> String {
    scanner.value(element, component).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  func components(_ element: Int) -> [String] {
    var texts: [String] = []
    for piece in scanner.pieces where Int(piece.element) == element && piece.repetition == 0 {
      while texts.count < Int(piece.component) { texts.append("") }
      texts.append(String(decoding: scanner.utf8(piece), as: UTF8.self))
    }
    return texts
  }

  // MARK: Segments

  /// Whether a segment came; otherwise reading is over.
  ///
  /// - Parameter service: the segment that is missing when the last one has no end.
  private mutating func isSegment(_ step: SegmentScanner.Step, service: String) -> Bool {
    switch step {
    case .segment: return true
    case .end: finish()
    case .unterminated: stop("parse.edifact_unterminated", .missing, service: service)
    case .tooLong: stop("parse.edifact_segment_too_long", .unspecified, facts: ["limit": String(limits.segment)])
    case .tooManySeparators: stop("parse.edifact_segment_too_long", .unspecified, facts: ["limit": String(limits.separators)])
    }
    return false
  }

  private mutating func readSegment() -> Bool {
    let step = scanner.next()
    place.number += 1
    guard isSegment(step, service: "UNZ") else { return false }
    filledElements += scanner.pieces.count
    var (segments, elements) = (place.number, max(filledElements, builder.count))
    if !hasLookedAhead, segments > limits.segments / 8 || elements > limits.elements / 8 {
      hasLookedAhead = true
      let rest = scanner.following()
      segments += rest.segments
      elements += rest.places
    }
    guard segments <= limits.segments, elements <= limits.elements else {
      let limit = segments > limits.segments ? limits.segments : limits.elements
      stop("parse.edifact_too_many", .unspecified, facts: ["limit": String(limit)])
      return false
    }
    guard !isEnded else {
      stop("parse.edifact_after_end", .outsideMessage)
      return false
    }
    dispatch()
    return !isOver
  }

  private mutating func dispatch() {
    place.service = nil
    guard let tag = scanner.tag else {
      if isInMessage { place.segment += 1 } else { place.segment = 0 }
      if scanner.illegal == nil { note("parse.edifact_tag", .notSupported) } else { checkCharacters() }
      return
    }
    switch tag {
    case .unb where place.number == 1: beginInterchange()
    case .ung: beginGroup()
    case .unh: beginMessage()
    case .unt: endMessage()
    case .une: endGroup()
    case .unz: endInterchange()
    default:
      guard isInMessage else {
        place.segment = 0
        return note("parse.edifact_outside", .outsideMessage)
      }
      place.segment += 1
      checkCharacters()
      if tag == .uns { require([(1, 0)]) }
      if !isSkipped { add(tag) }
    }
  }

  /// The repertoire, and no explicit nesting.
  mutating func checkCharacters() {
    if scanner.hasNesting { note("parse.edifact_nesting", .nestingIndicator) }
    guard let illegal = scanner.illegal else { return }
    let isExtension = envelope.syntax.hasSameBytes(as: "UNOX")
    let isComposite = illegal.component > 0 || scanner.pieces.contains { Int($0.element) == illegal.element && $0.component > 0 }
    note(
      "parse.edifact_character", isExtension ? .characterSetNotSupported : .invalidCharacter, element: illegal.element,
      component: isComposite ? illegal.component + 1 : 0, facts: ["set": envelope.syntax])
  }

  /// With a grammar what must be there is looked at with the rest of the structure. Component 0: a stand-alone data element.
  mutating func require(_ positions: [(element: Int, component: Int)]) {
    guard grammar == nil else { return }
    for (element, component) in positions where scanner.value(element, max(component, 1)) == nil {
      note("parse.edifact_missing", .missing, element: element, component: component)
    }
  }
}
