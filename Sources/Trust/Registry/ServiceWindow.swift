package import Primitives

/// A time of the week, in UTC, at which a participant's gateway takes messages. It comes again every week.
package struct ServiceWindow: Hashable, Sendable {
  package enum Day: String, Sendable, CaseIterable {
    case monday = "mon"
    case tuesday = "tue"
    case wednesday = "wed"
    case thursday = "thu"
    case friday = "fri"
    case saturday = "sat"
    case sunday = "sun"
  }

  /// On which it begins; each once, at least one.
  package let days: [Day]
  /// Minutes after midnight, 0…1439.
  package let start: Int
  /// Minutes after midnight, 1…1440, not contained. Before ``start``: on the next day.
  package let end: Int

  /// nil when a number is out of range, the window is empty, or a day stands twice or none at all.
  package init?(days: [Day], start: Int, end: Int) {
    guard (0..<1440).contains(start), (1...1440).contains(end), start != end, !days.isEmpty, Set(days).count == days.count else {
      return nil
    }
    self.days = days
    self.start = start
    self.end = end
  }

  package func contains(_ instant: Instant) -> Bool {
    let length: Int64 = 86_400_000
    let time = (instant.milliseconds % length + length) % length
    let minute = Int(time / 60_000)
    // 1970-01-01 was a Thursday.
    let number = Int(((instant.milliseconds - time) / length + 3) % 7 + 7)
    func begins(_ number: Int) -> Bool { days.contains(Day.allCases[number % 7]) }
    if start < end { return begins(number) && (start..<end).contains(minute) }
    return begins(number) && minute >= start || begins(number - 1) && minute < end
  }
}

extension Participant {
  /// Whether its gateway takes messages at that time: always, unless it has published when.
  package func isOpen(at instant: Instant) -> Bool {
    serviceWindows.isEmpty || serviceWindows.contains { $0.contains(instant) }
  }
}

/// `hh:mm`, from `00:00` to `24:00`, as minutes after midnight.
enum MinuteText {
  static func write(_ minutes: Int) -> String {
    func padded(_ number: Int) -> String { number < 10 ? "0\(number)" : String(number) }
    return padded(minutes / 60) + ":" + padded(minutes % 60)
  }

  static func read(_ text: String) -> Int? {
    let bytes = Array(text.utf8)
    guard bytes.count == 5, bytes[2] == 0x3A else { return nil }
    let digits = [0, 1, 3, 4].map { Int(bytes[$0]) - 0x30 }
    guard digits.allSatisfy({ (0...9).contains($0) }) else { return nil }
    let (hours, minutes) = (digits[0] * 10 + digits[1], digits[2] * 10 + digits[3])
    return minutes < 60 && hours * 60 + minutes <= 1440 ? hours * 60 + minutes : nil
  }
}
