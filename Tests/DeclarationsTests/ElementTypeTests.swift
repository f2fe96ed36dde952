import Primitives
import Testing

@testable import Declarations

@Suite struct ElementTypeTests {
  func code(_ type: ElementType, _ text: String) -> ErrorCode? {
    if case .invalid(let problem) = type.check(text) { problem.code } else { nil }
  }

  @Test func parsesTheNotation() {
    #expect(ElementType("decimal 16.6") == .decimal(digits: 16, scale: 6))
    #expect(ElementType("text 400") == .text(400))
    #expect(ElementType("datetime") == .datetime)
    for notation in ["decimal 2.3", "decimal 16", "text", "text 0", "date 3", "integer 99", "", "Text 3", "text  3"] {
      #expect(ElementType(notation) == nil, "\(notation)")
    }
  }

  @Test func decimalsKeepTheirScale() {
    let type = ElementType.decimal(digits: 16, scale: 6)
    #expect(type.canonical("24000.00") == "24000.00")
    #expect(type.canonical("007.50") == "7.50")
    #expect(type.canonical(" 1.5 ") == "1.5")
    #expect(type.canonical("+1.5") == "1.5")
    #expect(type.canonical(".5") == "0.5")
    #expect(type.canonical("5.") == "5")
    #expect(type.canonical("-0.25") == "-0.25")
    #expect(type.canonical("-0.00") == "0.00")
    #expect(type.canonical("0") == "0")
    #expect(type.canonical("00") == "0")
    #expect(type.canonical("0.50") == "0.50")
    #expect(type.canonical("1.0000000") == "1.000000")
    #expect(type.canonical("9999999999.999999") == "9999999999.999999")
    for text in ["1e3", "1,5", "--1", "-", ".", "+", "١", "1 000", "NaN", "0x1"] {
      #expect(code(type, text) == "validate.not_decimal", "\(text)")
    }
    #expect(code(type, "1.0000001") == "validate.too_many_digits")
    #expect(code(type, "10000000000") == "validate.too_many_digits")
    #expect(type.canonical("0000000000000000000001") == "1")
    #expect(ElementType.decimal(digits: 2, scale: 2).canonical("0.05") == "0.05")
  }

  @Test func integersIndicatorsCodes() {
    #expect(ElementType.integer(3).canonical("007") == "7")
    #expect(ElementType.integer(3).canonical("000") == "0")
    #expect(code(.integer(3), "1000") == "validate.too_many_digits")
    #expect(code(.integer(3), "1.0") == "validate.not_integer")
    #expect(code(.integer(3), "-1") == "validate.not_integer")
    #expect(ElementType.indicator.canonical("1") == "true")
    #expect(ElementType.indicator.canonical("false") == "false")
    #expect(code(.indicator, "TRUE") == "validate.not_indicator")
    #expect(ElementType.code(3).canonical(" CTN\n") == "CTN")
    #expect(code(.code(5), "A B") == "validate.white_space")
    #expect(code(.code(2), "ABC") == "validate.too_long")
  }

  @Test func textsCountScalarsAndRefuseControls() {
    #expect(ElementType.text(4).canonical("电池 x") == "电池 x")
    #expect(code(.text(3), "电池 x") == "validate.too_long")
    #expect(ElementType.text(4).canonical(" a ") == " a ")
    #expect(ElementType.id(4).canonical(" ab ") == "ab")
    #expect(ElementType.text(4).canonical("a\r\nb") == "a\r\nb")
    #expect(code(.text(4), "a\u{0}b") == "validate.forbidden_character")
    #expect(code(.text(4), "a\u{FFFE}") == "validate.forbidden_character")
    #expect(ElementType.text(1).canonical("") == "")
  }

  @Test func datesAreLocalAndExist() {
    #expect(ElementType.date.canonical("2024-02-29") == "2024-02-29")
    for text in ["2023-02-29", "20240229", "2024-2-29", "2024-02-29Z", "2024-02-29T00:00:00"] {
      #expect(code(.date, text) == "validate.not_date", "\(text)")
    }
  }

  @Test func dateTimesKeepTheirOffset() {
    let type = ElementType.datetime
    #expect(type.canonical("2026-11-21T08:45:00+08:00") == "2026-11-21T08:45:00+08:00")
    #expect(type.canonical("2026-11-21T08:45:00") == "2026-11-21T08:45:00")
    #expect(type.canonical("2026-11-21t08:45:00.25z") == "2026-11-21T08:45:00.25Z")
    for text in [
      "2026-11-21", "2026-11-21T24:00:00", "2026-11-21T08:45", "2026-11-21T08:45:00+8", "2026-11-21T08:45:00.", "2026-13-01T00:00:00Z",
      "2026-11-21T08:45:00+08:00Z", "2026-11-21T08:45:0é",
    ] {
      #expect(code(type, text) == "validate.not_datetime", "\(text)")
    }
  }

  @Test func aProblemHoldsNoPayload() {
    guard case .invalid(let problem) = ElementType.text(5).check("SECRET-VALUE") else {
      Issue.record("the text is too long")
      return
    }
    #expect(problem.facts == ["limit": "5", "length": "12"])
  }
}
