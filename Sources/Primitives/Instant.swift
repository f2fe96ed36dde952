/// A point in time: milliseconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// - Invariant: representable in RFC 3339, years 0000 to 9999.
package struct Instant: Hashable, Comparable, Sendable {
  package let milliseconds: Int64

  package init(milliseconds: Int64) { self.milliseconds = milliseconds }

  package static func < (left: Self, right: Self) -> Bool { left.milliseconds < right.milliseconds }

  package func adding(milliseconds delta: Int64) -> Instant { Instant(milliseconds: milliseconds + delta) }
  package func adding(seconds: Int64) -> Instant { adding(milliseconds: seconds * 1000) }

  /// The day in UTC, `YYYY-MM-DD`.
  package var day: String { String(rfc3339.prefix(10)) }

  /// RFC 3339 in UTC with milliseconds: `2026-11-21T08:45:00.000Z`, always 24 characters.
  package var rfc3339: String {
    let day = milliseconds.flooredQuotient(by: 86_400_000)
    var rest = milliseconds - day * 86_400_000
    let (year, month, dayOfMonth) = CivilDate.fromDays(day)
    let hour = rest / 3_600_000
    rest %= 3_600_000
    let minute = rest / 60_000
    rest %= 60_000
    return [
      pad(year, 4), "-", pad(Int64(month), 2), "-", pad(Int64(dayOfMonth), 2), "T", pad(hour, 2), ":", pad(minute, 2), ":",
      pad(rest / 1000, 2), ".", pad(rest % 1000, 3), "Z",
    ].joined()
  }

  /// Parses RFC 3339: date, `T`, time with optional fraction (digits past the third are cut), `Z` or `±hh:mm`.
  package init?(rfc3339 text: String) {
    var bytes = text.utf8.makeIterator()
    func digits(_ count: Int) -> Int64? {
      var value: Int64 = 0
      for _ in 0..<count {
        guard let byte = bytes.next(), byte >= 0x30, byte <= 0x39 else { return nil }
        value = value * 10 + Int64(byte - 0x30)
      }
      return value
    }
    func expect(_ byte: UInt8) -> Bool { bytes.next() == byte }
    guard let year = digits(4), expect(0x2D), let month = digits(2), expect(0x2D), let day = digits(2), expect(0x54),
      let hour = digits(2), expect(0x3A), let minute = digits(2), expect(0x3A), let second = digits(2),
      let days = CivilDate.toDays(year: year, month: month, day: day), hour < 24, minute < 60, second < 60
    else { return nil }
    var milliseconds: Int64 = 0
    var next = bytes.next()
    if next == 0x2E {
      var scale: Int64 = 100
      var count = 0
      next = bytes.next()
      while let digit = next, digit >= 0x30, digit <= 0x39 {
        milliseconds += Int64(digit - 0x30) * scale
        scale /= 10
        count += 1
        next = bytes.next()
      }
      guard count > 0 else { return nil }
    }
    var offsetMinutes: Int64 = 0
    switch next {
    case 0x5A: break
    case 0x2B, 0x2D:
      guard let offsetHour = digits(2), expect(0x3A), let offsetMinute = digits(2), offsetHour < 24, offsetMinute < 60 else { return nil }
      offsetMinutes = (offsetHour * 60 + offsetMinute) * (next == 0x2B ? 1 : -1)
    default: return nil
    }
    guard bytes.next() == nil else { return nil }
    self.milliseconds = ((days * 24 + hour) * 60 + minute - offsetMinutes) * 60_000 + second * 1000 + milliseconds
  }
}

/// Where the time comes from. Injected, so that tests and replays are exact.
package protocol WallClock: Sendable {
  func now() -> Instant
}

/// The proleptic Gregorian calendar as day numbers from 1970-01-01.
package enum CivilDate {
  /// - Returns: nil when the day does not exist.
  package static func toDays(year: Int64, month: Int64, day: Int64) -> Int64? {
    guard year >= 0, year <= 9999, month >= 1, month <= 12, day >= 1, day <= daysInMonth(month, year: year) else { return nil }
    let y = month <= 2 ? year - 1 : year
    let era = y.flooredQuotient(by: 400)
    let yearOfEra = y - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  package static func fromDays(_ days: Int64) -> (year: Int64, month: Int, day: Int) {
    let z = days + 719_468
    let era = z.flooredQuotient(by: 146_097)
    let dayOfEra = z - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shifted = (5 * dayOfYear + 2) / 153
    let month = shifted < 10 ? shifted + 3 : shifted - 9
    return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), Int(month), Int(dayOfYear - (153 * shifted + 2) / 5 + 1))
  }

  static func daysInMonth(_ month: Int64, year: Int64) -> Int64 {
    switch month {
    case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
    case 4, 6, 9, 11: 30
    default: 31
    }
  }
}

extension Int64 {
  func flooredQuotient(by divisor: Int64) -> Int64 {
    let quotient = self / divisor
    return self % divisor < 0 ? quotient - 1 : quotient
  }
}

private func pad(_ value: Int64, _ width: Int) -> String {
  let text = String(value)
  return text.utf8.count >= width ? text : String(repeating: "0", count: width - text.utf8.count) + text
}
