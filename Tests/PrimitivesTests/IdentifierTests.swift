import Primitives
import Testing

@Suite struct IdentifierTests {
  @Test func messageIDsAreUUIDsOfVersion7() throws {
    let id = MessageID(at: Instant(milliseconds: 0x0190_1234_5678), random: [UInt8](repeating: 0xFF, count: 10))
    #expect(id.text == "01901234-5678-7fff-bfff-ffffffffffff")
    #expect(MessageID(id.text) == id)
    let later = MessageID(at: Instant(milliseconds: 0x0190_1234_5679), random: [UInt8](repeating: 0, count: 10))
    #expect(id < later, "ids sort by time")
  }

  @Test(arguments: [
    "", "01901234-5678-7FFF-bfff-ffffffffffff", "01901234-5678-4fff-bfff-ffffffffffff", "01901234-5678-7fff-cfff-ffffffffffff",
    "0190123456787fffbfffffffffffffff", "01901234-5678-7fff-bfff-fffffffffffff", "01901234-5678-7fff-bfff-ffffffffffff\n",
    "０1901234-5678-7fff-bfff-fffffffffff",
  ])
  func refusesOtherIDs(text: String) {
    #expect(MessageID(text) == nil)
  }

  @Test func textsCompareAsBytes() {
    let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
    #expect(composed == decomposed, "Swift sees one text here: that is why ByteString exists")
    #expect(ByteString(composed) != ByteString(decomposed))
    #expect(Set([ByteString(composed), ByteString(decomposed)]).count == 2)
    #expect(ByteString("\r\n") < ByteString("a"))
  }

  @Test func redactedValuesDoNotShow() {
    let secret = Redacted("hunter2")
    var dumped = ""
    dump(secret, to: &dumped)
    for text in ["\(secret)", String(reflecting: secret), dumped, "\([secret])"] { #expect(!text.contains("hunter2")) }
    #expect(secret.exposed == "hunter2")
  }

  @Test func problemsFillTheirTexts() {
    let texts = ErrorTexts([ErrorDefinition("validate.test", .refusal, en: "at most {limit} of {limit}", zh: "至多 {limit}")])
    let problem = Problem("validate.test", facts: ["limit": "50"])
    #expect(texts.english(problem) == "at most 50 of 50")
    #expect(texts.chinese(problem) == "至多 50")
    #expect(texts.english(Problem("other.code")) == "other.code")
    #expect(CausewayError(problem) == CausewayError("validate.test"))
  }
}
