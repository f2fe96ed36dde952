import Declarations
import Primitives
import Testing

@testable import Translation

@Suite struct LeafTypeTests {
  @Test(
    arguments: [
      ("text 5", "五个汉字好", nil), ("text 4", "五个汉字好", "validate.too_long"), ("text 9 upper-ascii", "STEEL-9", nil),
      ("text 9 upper-ascii", "Steel", "validate.not_upper_ascii"), ("text 9 upper-ascii", "É", "validate.not_upper_ascii"),
      ("code 4", "0110", nil),
      ("code 4", "01 10", "validate.white_space"), ("decimal 5.2", "123.45", nil), ("decimal 5.2", "123.450", nil),
      ("decimal 5.2", "1234", "validate.too_many_digits"),
      ("decimal 5.2", "1.234", "validate.too_many_digits"), ("decimal 5.2", "1,2", "validate.not_decimal"),
      ("decimal 5.2", "1e3", "validate.not_decimal"),
      ("decimal 5.2", ".5", "validate.not_decimal"), ("integer 3", "007", nil), ("integer 3", "1000", "validate.too_many_digits"),
      ("integer 3", "-1", "validate.not_integer"),
      ("indicator 0/1", "1", nil), ("indicator 0/1", "true", "validate.not_indicator"), ("date yyyyMMdd", "20240229", nil),
      ("date yyyyMMdd", "20230229", "validate.not_date"),
      ("date yyyyMMdd|yyyy-MM-dd", "2018-07-03", nil), ("datetime yyyyMMddHHmmssSST", "20111006142534SST", nil),
      ("datetime yyyyMMddHHmmss", "20111006242534", "validate.not_datetime"),
    ] as [(String, String, String?)])
  func checks(notation: String, text: String, code: String?) throws {
    let type = try #require(LeafType(notation))
    #expect(type.check(Array(text.utf8)[...])?.code.rawValue == code)
    #expect(type.notation == notation)
  }

  @Test(arguments: ["text", "text x", "text 5 lower", "decimal 5", "decimal 2.5", "indicator 1", "date yyyy", "money 5", "integer 99", ""])
  func refusesNotation(_ notation: String) { #expect(LeafType(notation) == nil) }

  @Test(arguments: [
    ("datetime yyyyMMddHHmmssSST", "20111006142534SST", "2011-10-06T14:25:34+08:00"),
    ("datetime yyyy-MM-dd HH-mm-ss zone +08:00", "2018-07-03 01-02-03", "2018-07-03T01:02:03+08:00"),
    ("datetime yyyyMMddHHmmssSS|yyyyMMddHHmmss|yyyyMMdd", "2018070311303295", "2018-07-03T11:30:32.95"),
    ("datetime yyyyMMddHHmmss|yyyyMMdd", "20180703", "2018-07-03"),
    ("datetime yyyy-MM-ddTHH:mm:ssXXX", "2018-07-03T11:30:32Z", "2018-07-03T11:30:32Z"),
  ]) func readsAndWritesDates(notation: String, text: String, canonical: String) throws {
    let type = try #require(LeafType(notation))
    #expect(type.canonical(Array(text.utf8)[...], for: .datetime) == canonical)
    if canonical.utf8.count > 10 { #expect(type.write(canonical, of: .datetime) == .exact(text)) }
  }

  @Test func aTimeIsNeverInventedAndAZoneNeverGuessed() throws {
    let singapore = try #require(LeafType("datetime yyyyMMddHHmmssSST"))
    #expect(singapore.write("2026-01-31", of: .datetime) == .refused(.precision))
    #expect(singapore.write("2026-01-31T10:00:00", of: .datetime) == .refused(.zoneUnknown))
    #expect(singapore.write("2026-01-31T20:00:00Z", of: .datetime) == .exact("20260201040000SST"))
    #expect(LeafType("date yyyyMMdd")?.write("2026-01-31T20:00:00Z", of: .datetime) == .lossy("20260131", .precision))
  }

  @Test func numbersAreNeverCut() throws {
    let type = try #require(LeafType("decimal 6.2"))
    #expect(type.write("24000.00", of: .decimal(digits: 16, scale: 6)) == .refused(.tooLong))
    #expect(type.write("2400.00", of: .decimal(digits: 16, scale: 6)) == .exact("2400.00"))
    #expect(type.write("2400.500000", of: .decimal(digits: 16, scale: 6)) == .exact("2400.50"))
    #expect(type.write("0.125", of: .decimal(digits: 16, scale: 6)) == .lossy("0.13", .rounded))
    #expect(LeafType("text 3 upper-ascii")?.write("abc", of: .text(9)) == .lossy("ABC", .upperCased))
    #expect(LeafType("text 3 upper-ascii")?.write("钢", of: .text(9)) == .refused(.notASCII))
    #expect(LeafType("code 6")?.write("8542310000", of: .code(10)) == .refused(.tooLong))
  }

  @Test(arguments: [
    ("[0-9]{8}", "12345678", true), ("[0-9]{8}", "123456789", false), ("[A-Z]{2}(-[0-9]{1,3})?", "SG-12", true),
    ("[A-Z]{2}(-[0-9]{1,3})?", "SG-", false),
    ("a|bc*", "bccc", true), ("(a*)*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac", false), ("[^0-9]+", "钢管", true),
    ("\\d{2}\\.\\d", "12.5", true), ("", "", true),
  ]) func matchesPatterns(pattern: String, text: String, isMatch: Bool) {
    #expect(TextPattern(pattern)?.matches(text) == isMatch)
  }

  @Test(arguments: ["[", "(a", "a{2", "a{3,1}", "*", "\\p{L}", "a)"]) func refusesPatterns(_ pattern: String) {
    #expect(TextPattern(pattern) == nil)
  }

  @Test func checkDigits() {
    #expect(CheckDigits.iso6346("CSQU3054383"))
    #expect(!CheckDigits.iso6346("CSQU3054384"))
    #expect(!CheckDigits.iso6346("CSQU305438"))
    #expect(CheckDigits.uscc("91350100M000100Y43"))
    #expect(!CheckDigits.uscc("91350100M000100Y44"))
    #expect(!CheckDigits.uscc("91350100I000100Y43"))
    for uen in ["197801536N", "53001234A", "T08PQ1234A"] { #expect(CheckDigits.uen(uen)) }
    for uen in ["197801536", "1978015367", "t08PQ1234A", ""] { #expect(!CheckDigits.uen(uen)) }
  }

  @Test func productsAgreeWithinRounding() throws {
    func number(_ text: String) throws -> ExactDecimal { try #require(ExactDecimal(text)) }
    #expect(Rule.isProduct([try number("0.0600"), try number("24000")], try number("1440.00")))
    #expect(Rule.isProduct([try number("0.3333"), try number("3000")], try number("1000.00")))
    #expect(!Rule.isProduct([try number("0.0600"), try number("24000")], try number("1500.00")))
    #expect(!Rule.isProduct([try number("3.25"), try number("2")], [4, nil], try number("7.50"), 2))
    #expect(Rule.isProduct([try number("3.25"), try number("2")], [4, nil], try number("6.50"), 2))
  }

  @Test(arguments: [
    "DecLists/DecList[GNo=3]/GModel", "A/B[2]/@c", "DecUsers/DecUser[+1]/X", "A[K=x%5Dy%2Fz%25]/B", "DecHead/?New[+1]",
    "DecHead/?a%2Fb%5Bc%5D%25[+1]/?@d",
  ]) func keyedPathsAreTheirText(_ text: String) { #expect(KeyedPath(text)?.description == text) }

  /// Members of JSON have names of any text.
  @Test func aNameThatTheStructureDoesNotKnowMayHoldAnything() throws {
    let path = KeyedPath().appending("DecHead").appending("?a/b[c]%2F", .added(1)).appending("?")
    #expect(KeyedPath(path.description) == path)
  }

  @Test(arguments: ["", "/A", "A/", "A//B", "A[", "A[]", "A[0]", "A[-1]", "A[=x]", "A[1]B", "A[K=%zz]"]) func malformedPathsAreRefused(
    _ text: String
  ) {
    #expect(KeyedPath(text) == nil)
  }
}
