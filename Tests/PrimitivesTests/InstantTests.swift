import Primitives
import Testing

@Suite struct InstantTests {
  @Test(
    arguments: [
      ("1970-01-01T00:00:00.000Z", 0), ("2026-11-21T08:45:00.123Z", 1_795_250_700_123), ("2024-02-29T23:59:59.999Z", 1_709_251_199_999),
      ("1969-12-31T23:59:59.999Z", -1), ("0000-01-01T00:00:00.000Z", -62_167_219_200_000),
      ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
    ] as [(String, Int64)])
  func writesAndReadsRFC3339(text: String, milliseconds: Int64) {
    #expect(Instant(rfc3339: text)?.milliseconds == milliseconds)
    #expect(Instant(milliseconds: milliseconds).rfc3339 == text)
  }

  @Test func takesOffsetsAndFractions() {
    #expect(Instant(rfc3339: "2026-11-21T16:45:00+08:00") == Instant(rfc3339: "2026-11-21T08:45:00Z"))
    #expect(Instant(rfc3339: "2026-11-21T08:45:00.1Z")?.milliseconds == 1_795_250_700_100)
    #expect(Instant(rfc3339: "2026-11-21T08:45:00.1234567Z")?.milliseconds == 1_795_250_700_123)
  }

  @Test(arguments: [
    "", "2026-11-21", "2026-11-21T08:45:00", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T08:60:00Z",
    "2026-11-21T08:45:60Z", "2026-11-21T08:45:00.Z", "2026-11-21T08:45:00Zx", "2026-11-21t08:45:00z", "2026-11-21T08:45:00+24:00",
    "+2026-11-21T08:45:00Z", "２０２６-11-21T08:45:00Z",
  ])
  func refusesOtherForms(text: String) {
    #expect(Instant(rfc3339: text) == nil)
  }

  @Test func everyDayThereAndBack() throws {
    for day in stride(from: -719_528 as Int64, through: 2_932_896, by: 97) {
      let (year, month, dayOfMonth) = CivilDate.fromDays(day)
      #expect(CivilDate.toDays(year: year, month: Int64(month), day: Int64(dayOfMonth)) == day)
    }
  }
}
