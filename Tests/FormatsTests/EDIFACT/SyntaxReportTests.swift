import Primitives
import Testing

@testable import Formats

/// Answers to interchanges, whole.
@Suite struct SyntaxReportTests {
  static let stamp = SyntaxReport.Stamp(reference: "ANSWER1", time: Instant(milliseconds: 1_795_250_700_000))

  private func answer(_ text: String, problems: [Problem] = [], _ grammar: MessageGrammar? = nil) -> String? {
    let reading = SmallMessage.read(text, grammar: grammar)
    let findings =
      reading.findings + SyntaxReport.findings(of: problems, in: reading.document, grammar: grammar)
    return SyntaxReport.answer(to: reading.envelope, findings: findings, stamp: Self.stamp).map { String(decoding: $0, as: UTF8.self) }
  }

  @Test func whatIsSoundIsTaken() {
    #expect(
      answer(SmallMessage.text())
        == "UNB+UNOC:3+RECIPIENT+SENDER:ZZ+261121:0845+ANSWER1'UNH+1+CONTRL:D:3:UN'UCI+REF1+SENDER:ZZ+RECIPIENT+7'UNT+3+1'UNZ+1+ANSWER1'")
    #expect(
      answer(SmallMessage.text(syntax: "UNOY:4"))
        == "UNB+UNOY:4+RECIPIENT+SENDER:ZZ+20261121:0845+ANSWER1'UNH+1+CONTRL:4:1:UN'UCI+REF1+SENDER:ZZ+RECIPIENT+7'UNT+3+1'UNZ+1+ANSWER1'")
  }

  @Test func aTestIsAnsweredAsOne() {
    let text = SmallMessage.text().replacing("+REF1'UNH", with: "+REF1++++++1'UNH")
    #expect(answer(text)?.hasPrefix("UNB+UNOC:3+RECIPIENT+SENDER:ZZ+261121:0845+ANSWER1++++++1'") ?? false)
  }

  @Test func namesAreReleased() {
    let text = SmallMessage.text().replacing("+SENDER:ZZ+", with: "+O?'NEIL ?+ CO:ZZ:?:1+")
    #expect(answer(text)?.contains("+RECIPIENT+O?'NEIL ?+ CO:ZZ:?:1+261121:0845+ANSWER1'") ?? false)
    #expect(answer(text)?.contains("UCI+REF1+O?'NEIL ?+ CO:ZZ:?:1+RECIPIENT+7'") ?? false)
  }

  /// A CONTRL cannot be made of what could not be read, and is no answer to a CONTRL.
  @Test func whatCannotBeAnswered() {
    #expect(answer("") == nil)
    #expect(answer("<xml/>") == nil)
    #expect(answer(SmallMessage.text(reference: "")) == nil)
    #expect(answer(SmallMessage.text(reference: "FIFTEEN.LETTERS")) == nil)
    #expect(answer(SmallMessage.text(reference: "FOURTEEN.LETTE")) != nil)
    #expect(answer(SmallMessage.text().replacing("SENDER", with: String(repeating: "S", count: 36))) == nil)
    let own = SmallMessage.text([["UNH+1+CONTRL:D:3:UN", "UCI+R+S+T+7", "UNT+3+1"]])
    #expect(answer(own) == nil)
  }

  /// A message that cannot be named in UCM turns the interchange back as a whole.
  @Test func messagesWithoutName() {
    #expect(answer(SmallMessage.text([SmallMessage.message(type: "SMALLX:D")]))?.contains("UCI+REF1+SENDER:ZZ+RECIPIENT+4+18'UNT") ?? false)
    #expect(answer(SmallMessage.text([SmallMessage.message(reference: "")]))?.contains("UCI+REF1+SENDER:ZZ+RECIPIENT+4+18'UNT") ?? false)
  }

  @Test func severalErrorsInTheirOrder() throws {
    let body = ["BGM+1+2+3+4", "CST", "XXX", "RFF+ABT:1:2", "UNS+D", "UNS+S"]
    let answer = try #require(answer(SmallMessage.text([SmallMessage.message(body)]), try SmallMessage.grammar()))
    #expect(answer.contains("UCM+1+SMALLX:D:03B:UN+4'UCS+2'UCD+16+5'UCS+4+15'UCS+5'UCD+16+2:3'UNT+9+1'"))
  }

  // MARK: Problems of the structure

  /// What the structure has against a document, by the pointer into its tree.
  static let problems: [(ErrorCode, String, String)] = [
    ("validate.missing", "/Interchange/UNB/S004/0019", "UCI+REF1+SENDER:ZZ+RECIPIENT+4+13+UNB+5:2'"),
    ("validate.missing", "/Interchange/UNB/0020", "UCI+REF1+SENDER:ZZ+RECIPIENT+4+13+UNB+6'"),
    ("validate.not_listed", "/Interchange/Message/UNH/S009/0054", "UCM+1+SMALLX:D:03B:UN+4+12+UNH+3:3'"),
    ("validate.missing", "/Interchange/Message/BGM/1225", "UCS+2'UCD+13+4'"),
    ("validate.too_long", "/Interchange/Message/BGM/C106/1004", "UCS+2'UCD+39+3:1'"),
    ("validate.too_many", "/Interchange/Message/SG1[2]", "UCS+4+36'"),
    ("validate.too_many", "/Interchange/Message/SG2/FTX[2]", "UCS+9+35'"),
    ("validate.too_long", "/Interchange/Message/SG2/FTX[2]/C108/4440[3]", "UCS+9'UCD+39+3:3'"),
    ("validate.missing", "/Interchange/Message/NAD/C082", "UCS+5'UCD+13+3'"),
    ("validate.missing", "/Interchange/Message/NAD/C080/3045", "UCS+5'UCD+13+4:4'"),
    ("validate.pattern", "/Interchange/Message/NAD/3164[2]", "UCS+5'UCD+12+6'"),
    ("validate.not_listed", "/Interchange/Message/NAD/3207[2]", "UCS+5'UCD+12+8'"),
    ("validate.missing", "/Interchange/Message/SG2/MOA", "UCS+9+13'"),
    ("validate.missing", "/Interchange/Message/CNT", "UCS+12+13'"),
    ("validate.not_decimal", "/Interchange/Message/SG2/SG3/MOA/C516/5004", "UCS+11'UCD+37+2:2'"),
    ("validate.missing", "/Interchange/Message/SG1[1]/DTM", "UCS+3+13'"),
  ]

  @Test(arguments: problems) func areNamedByPosition(_ code: ErrorCode, _ pointer: String, _ expected: String) throws {
    let body = [
      "BGM++A1", "RFF", "RFF", "NAD+++a++second++CN*SG", "UNS+D", "LIN", "FTX", "FTX++a:b:c",
      "ALC", "MOA+:x", "UNS+S",
    ]
    let text = SmallMessage.text([SmallMessage.message(body)], syntax: "UNOC:4")
    let grammar = try SmallMessage.grammar()
    let reading = SmallMessage.read(text, grammar: grammar)
    #expect(reading.findings == [])
    let answer = answer(text, problems: [Problem(code, pointer: pointer)], grammar)
    #expect(answer?.contains(expected) ?? false, "\(answer ?? "none")")
  }

  /// Rules across values are answered by another message: for the syntax such an interchange is sound.
  @Test func whatIsNotOfTheSyntax() throws {
    let grammar = try SmallMessage.grammar()
    let other = [
      Problem("validate.sum", pointer: "/Interchange/Message/SG2/MOA/C516/5004"), Problem("validate.missing", pointer: "/nowhere"),
      Problem("validate.too_long", severity: .warning, pointer: "/Interchange/Message/BGM/1225"),
    ]
    #expect(answer(SmallMessage.text(), problems: other, grammar)?.contains("RECIPIENT+7'UNT") ?? false)
  }
}
