import AttackCases
import Primitives
import Testing

@testable import Formats

/// Attack XP-14: interchanges that break the syntax. Each is refused with its code and answered by a CONTRL that names the right one; each
/// stands beside a twin that must be accepted.
@Suite struct EDIFACTHostileTests {
  struct Attack: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// What is replaced by what.
    let from: String
    let to: String
    let code: ErrorCode
    /// What the answer says; nil: there is none.
    let answer: String?

    init(_ name: String, _ from: String, _ to: String, _ code: String, _ answer: String?) {
      testDescription = name
      self.from = from
      self.to = to
      self.code = ErrorCode(rawValue: "parse.edifact_" + code)
      self.answer = answer
    }
  }

  static let uci = "UCI+REF1+SENDER:ZZ+RECIPIENT+"
  static let ucm = "UCM+1+SMALLX:D:03B:UN+4"

  /// The message with its header and trailer.
  static let whole = SmallMessage.message().map { $0 + "'" }.joined()

  static let attacks: [Attack] = [
    .init("UNA: equal characters", "UNA:+.? '", "UNA++.? '", "service_characters", uci + "4+20+UNA'"),
    .init("UNA: release is separator", "UNA:+.? '", "UNA:+.+ '", "service_characters", uci + "4+20+UNA'"),
    .init("UNA: a letter", "UNA:+.? '", "UNA:A.? '", "service_characters", uci + "4+20+UNA'"),
    .init("UNA: a line end", "UNA:+.? '", "UNA:+.? \n", "service_characters", uci + "4+20+UNA'"),
    .init("UNA: a decimal mark of its own", "UNA:+.? '", "UNA:+;? '", "decimal_mark", uci + "4+19+UNA'"),
    .init("UNA: not the separators of UNB", "UNA:+.? '", "UNA:!.? '", "start", nil),
    .init("UNB: another beginning", "UNB+", "UNB*", "start", nil),
    .init("UNB: interactive", "UNB+", "UIB+", "start", nil),
    .init("UNB: unknown version", "UNOC:3", "UNOC:5", "syntax_unknown", uci + "4+2+UNB+2:2'"),
    .init("UNB: unknown identifier", "UNOC:3", "UNOZ:3", "syntax_unknown", uci + "4+2+UNB+2:1'"),
    .init("UNB: an identifier with a byte too many", "UNOC:3", "UNO\u{E9}C:3", "syntax_unknown", uci + "4+2+UNB+2:1'"),
    .init("UNB: a version with a byte too many", "UNOC:3", "UNOC:3\u{E9}", "syntax_unknown", uci + "4+2+UNB+2:2'"),
    .init("UNB: no sender", "SENDER:ZZ", "", "missing", nil),
    .init("UNB: no date", "261121:0845", "", "missing", uci + "4+13+UNB+5:1'"),
    .init("UNB: twice", "UNH+1+", "UNB+UNOC:3+S+R+261121:0845+1'UNH+1+", "outside", uci + "4+33'"),
    .init("release at the end", "UNZ+1+REF1'", "UNZ+1+REF1?'", "unterminated", uci + "4+13+UNZ'"),
    .init("release as last byte", "UNZ+1+REF1'", "UNZ+1+REF1?", "unterminated", uci + "4+13+UNZ'"),
    .init("last segment without end", "UNZ+1+REF1'", "UNZ+1+REF1", "unterminated", uci + "4+13+UNZ'"),
    .init("a segment without end", "LIN+1'", "LIN+1", "constituents", ucm + "+29+UNT+2'UCS+5'UCD+16+3'"),
    .init("UNZ: none", "UNZ+1+REF1'", "", "missing", uci + "4+13+UNZ'"),
    .init("UNZ: wrong count", "UNZ+1+", "UNZ+2+", "count", uci + "4+29+UNZ+2'"),
    .init("UNZ: a count that is none", "UNZ+1+", "UNZ+one+", "count", uci + "4+37+UNZ+2'"),
    .init("UNZ: a count beyond numbers", "UNZ+1+", "UNZ+99999999999999999999+", "count", uci + "4+29+UNZ+2'"),
    .init("UNZ: another reference", "UNZ+1+REF1", "UNZ+1+REF2", "reference", uci + "4+28+UNZ+3'"),
    .init("UNZ: a reference that looks the same", "UNZ+1+REF1", "UNZ+1+ref1", "reference", uci + "4+28+UNZ+3'"),
    .init("behind UNZ: another message", "UNZ+1+REF1'", "UNZ+1+REF1'UNH+2+", "unterminated", uci + "4+13+UNZ'"),
    .init("behind UNZ: another interchange", "UNZ+1+REF1'", "UNZ+1+REF1'UNB+UNOC:3'", "after_end", uci + "4+33'"),
    .init("UNT: none", "UNT+10+1'", "", "missing", ucm + "+13+UNT'"),
    .init("UNT: wrong count", "UNT+10+", "UNT+11+", "count", ucm + "+29+UNT+2'"),
    .init("UNT: another reference", "UNT+10+1", "UNT+10+2", "reference", ucm + "+28+UNT+3'"),
    .init("UNT: twice", "UNT+10+1'", "UNT+10+1'UNT+10+1'", "outside", uci + "4+33'"),
    .init("no message", whole, "", "empty", uci + "4+32+UNZ'"),
    .init("a segment before UNH", "UNH+1+", "BGM+929'UNH+1+", "outside", uci + "4+33'"),
    .init("another message type", "+SMALLX:D", "+ORDERS:D", "message_type", "UCM+1+ORDERS:D:03B:UN+4+14+UNH+3:1'"),
    .init("a segment that the message does not have", "RFF+ABT:1'", "DGS+ABT:1'", "unexpected", ucm + "'UCS+3+15'"),
    .init("a segment in another section", "RFF+ABT:1'", "FTX+ABT:1'", "unexpected", ucm + "'UCS+3+15'"),
    .init("a tag in small letters", "RFF+ABT:1'", "rff+ABT:1'", "tag", ucm + "'UCS+3+15'"),
    .init("a tag that is none", "RFF+ABT:1'", "+ABT:1'", "tag", ucm + "'UCS+3+15'"),
    .init("an empty segment", "RFF+ABT:1'", "'", "tag", ucm + "'UCS+3+15'"),
    .init("a blank before a tag", "RFF+ABT:1'", " RFF+ABT:1'", "tag", ucm + "'UCS+3+15'"),
    .init("explicit nesting", "RFF+ABT:1'", "RFF:1+ABT:1'", "nesting", ucm + "'UCS+3+34'"),
    .init("too many data elements", "RFF+ABT:1'", "RFF+ABT:1+2'", "constituents", ucm + "'UCS+3'UCD+16+3'"),
    .init("too many components", "RFF+ABT:1'", "RFF+ABT:1:2'", "constituents", ucm + "'UCS+3'UCD+16+2:3'"),
    .init("a line break in a segment", "RFF+ABT:1'", "RFF+A\nBT:1'", "character", ucm + "'UCS+3'UCD+21+2:1'"),
  ]

  static let benign = "UNA:+.? '" + SmallMessage.text()

  /// The answer's time: 2026-11-21T08:45Z.
  static func answer(_ reading: EDIFACTFormat.Reading) -> String? {
    let stamp = SyntaxReport.Stamp(reference: "ANSWER1", time: Instant(milliseconds: 1_795_250_700_000))
    return SyntaxReport.answer(to: reading.envelope, findings: reading.findings, stamp: stamp).map { String(decoding: $0, as: UTF8.self) }
  }

  @Test func theBenignTwinIsTaken() throws {
    let reading = SmallMessage.read(Self.benign, grammar: try SmallMessage.grammar())
    #expect(reading.findings == [])
    #expect(try #require(Self.answer(reading)).contains(Self.uci + "7'UNT"))
  }

  @Test(arguments: attacks) func isRefusedAndAnswered(_ attack: Attack) throws {
    let text = Self.benign.replacing(attack.from, with: attack.to)
    #expect(text != Self.benign)
    // What must be there is looked at by the structure when there is a grammar: without one, here.
    let grammar = attack.code == "parse.edifact_missing" ? nil : try SmallMessage.grammar()
    let reading = SmallMessage.read(text, grammar: grammar)
    #expect(reading.document == nil)
    #expect(reading.findings.first?.code == attack.code)
    let answer = Self.answer(reading)
    if let expected = attack.answer {
      #expect(answer?.contains(expected) ?? false, "\(answer ?? "none")")
      // The answer is itself an interchange without fault.
      #expect(answer.map { SmallMessage.read($0).findings } == [])
    } else {
      #expect(answer == nil, "\(answer ?? "")")
    }
  }

  /// The same without a directory, floods among them; and what is no container here.
  @Test(arguments: AttackCase.edifact + AttackCase.containers) func isRefusedAndItsTwinTaken(_ test: AttackCase) {
    #expect(test.attack != test.twin)
    #expect(test.answer(to: test.attack)?.code == test.code)
    #expect(test.answer(to: test.twin) == nil)
  }

  // MARK: Several messages and groups

  private func codes(_ lines: [String]) -> (codes: [ErrorCode], answer: String) {
    let reading = SmallMessage.read(lines.map { $0 + "'" }.joined())
    return (reading.findings.map(\.code), Self.answer(reading) ?? "")
  }

  @Test func duplicateReferences() {
    let twice = codes(["UNB+UNOC:3+S+R+261121:0845+1"] + SmallMessage.message() + SmallMessage.message() + ["UNZ+2+1"])
    #expect(twice.codes == ["parse.edifact_duplicate"])
    // The message that is not at fault is turned back with the rest, because nothing of the interchange is taken.
    #expect(twice.answer.contains("UCI+1+S+R+7'UCM+1+SMALLX:D:03B:UN+4+18'UCM+1+SMALLX:D:03B:UN+4+26+UNH+2'"))
    let other = SmallMessage.message(type: "SMALLX:D:04A:UN")
    // Version 4 tells messages apart by type as well.
    #expect(codes(["UNB+UNOC:4+S+R+20261121:0845+1"] + SmallMessage.message() + other + ["UNZ+2+1"]).codes == [])
    #expect(codes(["UNB+UNOC:3+S+R+261121:0845+1"] + SmallMessage.message() + other + ["UNZ+2+1"]).codes == ["parse.edifact_duplicate"])
    #expect(
      codes(["UNB+UNOC:3+S+R+261121:0845+1"] + SmallMessage.message() + SmallMessage.message(reference: "2") + ["UNZ+2+1"]).codes == [])
  }

  @Test func groups() {
    let unb = "UNB+UNOC:3+S+R+261121:0845+1"
    let ung = "UNG+SMALLX+S+R+261121:0845+G1+UN+D:03B"
    let message = SmallMessage.message()
    #expect(codes([unb, ung] + message + ["UNE+1+G1", "UNZ+1+1"]).codes == [])
    let empty = codes([unb, ung, "UNE+0+G1", "UNZ+1+1"])
    #expect(empty.codes == ["parse.edifact_empty"] && empty.answer.contains("UCI+1+S+R+7'UCF+G1+S+R+4+32+UNE'"))
    let count = codes([unb, ung] + message + ["UNE+2+G1", "UNZ+1+1"])
    #expect(count.codes == ["parse.edifact_count"] && count.answer.contains("UCF+G1+S+R+4+29+UNE+2'"))
    let reference = codes([unb, ung] + message + ["UNE+1+G2", "UNZ+1+1"])
    #expect(reference.codes == ["parse.edifact_reference"] && reference.answer.contains("UCF+G1+S+R+4+28+UNE+3'"))
    let open = codes([unb, ung] + message + ["UNZ+1+1"])
    #expect(open.codes == ["parse.edifact_missing"] && open.answer.contains("UCF+G1+S+R+4+13+UNE'"))
    let mixed = codes([unb, ung] + message + ["UNE+1+G1"] + SmallMessage.message(reference: "2") + ["UNZ+1+1"])
    #expect(mixed.codes == ["parse.edifact_mixed"] && mixed.answer.contains("UCM+2+SMALLX:D:03B:UN+4+30+UNH'"))
    let types = codes([unb, ung] + message + SmallMessage.message(reference: "2", type: "ORDERS:D:96A:UN") + ["UNE+2+G1", "UNZ+1+1"])
    #expect(types.codes == ["parse.edifact_types_mixed"] && types.answer.contains("UCM+2+ORDERS:D:96A:UN+4+31+UNH+3:1'"))
    let inner = codes([unb, ung] + message + ["FTX+1", "UNE+1+G1", "UNZ+1+1"])
    #expect(inner.codes == ["parse.edifact_outside"] && inner.answer.contains("UCF+G1+S+R+4+33'"))
  }

  @Test func groupsWhereNoneAreTaken() throws {
    let parts: [MessageGrammar.Part] = [
      .segment(.init("UNB", min: 1, max: 1, elements: (1...5).map { .init("e\($0)", components: [.init("1"), .init("2")]) }))
    ]
    let grammar = try MessageGrammar(.init("Interchange", min: 1, max: 1, parts: parts))
    let text = "UNB+UNOC:3+S+R+261121:0845+1'UNG+A+S+R+261121:0845+G1+UN+D:03B'UNE+0+G1'UNZ+1+1'"
    let reading = SmallMessage.read(text, grammar: grammar)
    #expect(reading.findings.first?.syntax == .envelopeNotSupported)
  }

  // MARK: Size

  @Test func limits() {
    func codes(_ text: String, _ change: (inout EDIFACTLimits) -> Void) -> [ErrorCode] {
      var limits = EDIFACTLimits.standard
      change(&limits)
      return SmallMessage.read(text, limits: limits).findings.map(\.code)
    }
    let text = SmallMessage.text()
    let longest = text.split(separator: "'").map(\.utf8.count).max() ?? 0
    #expect(codes(text) { $0.bytes = text.utf8.count } == [])
    #expect(codes(text) { $0.bytes = text.utf8.count - 1 } == ["parse.edifact_too_large"])
    #expect(codes(text) { $0.segment = longest + 1 } == [])
    #expect(codes(text) { $0.segment = longest } == ["parse.edifact_segment_too_long"])
    #expect(codes(text) { $0.segments = 12 } == [])
    #expect(codes(text) { $0.segments = 11 } == ["parse.edifact_too_many"])
    let three = SmallMessage.text((1...3).map { SmallMessage.message(reference: "\($0)") })
    #expect(codes(three) { $0.messages = 3 } == [])
    #expect(codes(three) { $0.messages = 2 } == ["parse.edifact_too_many"])
    #expect(codes(text) { $0.elements = 80 } == [])
    #expect(codes(text) { $0.elements = 40 } == ["parse.edifact_too_many"])
    #expect(codes(text) { $0.separators = 8 } == [])
    #expect(codes(text) { $0.separators = 5 } == ["parse.edifact_segment_too_long"])
  }

  /// The count of what follows is exact: no interchange at the limit is refused, none with more segments is read.
  @Test func limitsOfWhatFollows() throws {
    let body = ["BGM+929+A?'1?+2*B", "FTX+A***B:C::D+?*+*E", "DTM+137:2026", "FTX++++?'", "RFF+ABC:1"]
    let messages = (1...6).map { SmallMessage.message(body, reference: "\($0)") }
    let text = SmallMessage.text(messages, syntax: "UNOC:4").replacing("RFF", with: "\r\nRFF")
    let document = try #require(SmallMessage.read(text).document)
    let segments = 2 + 7 * messages.count
    for limit in 1...document.count * 10 {
      var limits = EDIFACTLimits()
      limits.segments = limit
      let found = SmallMessage.read(text, limits: limits).findings.map(\.code)
      #expect(found == (limit < segments ? ["parse.edifact_too_many"] : []), "\(limit) of \(segments) segments")
      limits = EDIFACTLimits()
      limits.elements = limit
      let isRead = SmallMessage.read(text, limits: limits).document != nil
      #expect(isRead || limit < document.count, "\(limit) of \(document.count) nodes")
    }
  }

  /// Megabytes of one segment, of separators, of releases, of line breaks, of short segments: reading ends at the limit of a segment
  /// or goes through once.
  @Test func muchOfOneKind() {
    let head = "UNB+UNOC:4+S+R+20261121:0845+1'UNH+1+SMALLX:D:03B:UN'"
    func first(_ piece: String, _ tag: String = "FTX+") -> ErrorCode? {
      SmallMessage.read(head + tag + String(repeating: piece, count: (2 << 20) / piece.utf8.count - 100)).findings.first?.code
    }
    #expect(first("A") == "parse.edifact_segment_too_long")
    #expect(first("+") == "parse.edifact_segment_too_long")
    #expect(first("a*") == "parse.edifact_segment_too_long")
    #expect(first("??") == "parse.edifact_segment_too_long")
    #expect(first("\n", "FTX'") == "parse.edifact_missing")
    #expect(first("FTX'", "") == "parse.edifact_too_many")
    #expect(first("FTX+a****************************************************************b'", "") == "parse.edifact_too_many")
    #expect(first("'", "FTX'") == "parse.edifact_tag")
  }

  @Test func manyProblemsAreListedUpToALimit() throws {
    let grammar = try SmallMessage.grammar()
    let body = ["BGM"] + Array(repeating: "XXX", count: 50_000)
    let reading = SmallMessage.read(SmallMessage.text([SmallMessage.message(body)]), grammar: grammar)
    #expect(reading.findings.count == EDIFACTLimits.standard.problems + 1)
    #expect(reading.findings.last?.code == "parse.edifact_more_problems")
    let outside = SmallMessage.read(SmallMessage.text([]) + String(repeating: "UNH'", count: 3))
    #expect(outside.findings.map(\.code) == ["parse.edifact_empty", "parse.edifact_after_end"])
  }

  /// No value of the interchange is in what is said about it.
  @Test func nothingOfTheContentIsInAProblem() {
    for attack in Self.attacks {
      for problem in SmallMessage.read(Self.benign.replacing(attack.from, with: attack.to)).findings.map(\.problem) {
        #expect(problem.facts.values.allSatisfy { Int($0) != nil || ["UNA", "UNB", "UNH", "UNT", "UNZ", "UNOC"].contains($0) })
        #expect(SyntaxFinding(problem)?.problem == problem)
      }
    }
  }
}
