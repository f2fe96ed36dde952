import Declarations
import Primitives

/// A date or a date with time, as the digits that were written; nothing is added that was not there.
struct CivilTime: Hashable, Sendable {
  var year: Int64 = 0
  var month: Int64 = 1
  var day: Int64 = 1
  /// nil: a date without time.
  var time: Time?
  /// Minutes east of UTC; nil: local time.
  var zone: Int?

  struct Time: Hashable, Sendable {
    var hour: Int64 = 0
    var minute: Int64 = 0
    var second: Int64 = 0
    /// Digits behind the second, without the point.
    var fraction = ""
  }

  /// `YYYY-MM-DD` or RFC 3339 with or without zone (the dictionary's canonical forms).
  var canonical: String {
    let date = "\(Self.pad(year, 4))-\(Self.pad(month, 2))-\(Self.pad(day, 2))"
    guard let time else { return date }
    // Zeros at the end of a fraction say nothing: `.00` and none are one moment and have one canonical text.
    var digits = time.fraction.utf8[...]
    while digits.last == 0x30 { digits = digits.dropLast() }
    let fraction = digits.isEmpty ? "" : "." + String(Substring(digits))
    let clock = "\(Self.pad(time.hour, 2)):\(Self.pad(time.minute, 2)):\(Self.pad(time.second, 2))"
    return "\(date)T\(clock)\(fraction)\(zone.map(Self.zoneText) ?? "")"
  }

  init() {}

  /// Parses a canonical date or datetime.
  init?(canonical text: String) {
    let bytes = Array(text.utf8)
    func number(_ from: Int, _ count: Int) -> Int64? {
      guard from + count <= bytes.count else { return nil }
      var value: Int64 = 0
      for byte in bytes[from..<(from + count)] {
        guard byte >= 0x30, byte <= 0x39 else { return nil }
        value = value * 10 + Int64(byte - 0x30)
      }
      return value
    }
    guard bytes.count >= 10, let year = number(0, 4), let month = number(5, 2), let day = number(8, 2),
      CivilDate.toDays(year: year, month: month, day: day) != nil
    else { return nil }
    (self.year, self.month, self.day) = (year, month, day)
    if bytes.count == 10 { return }
    guard bytes.count >= 19, let hour = number(11, 2), let minute = number(14, 2), let second = number(17, 2) else { return nil }
    var time = Time(hour: hour, minute: minute, second: second)
    var end = 19
    if end < bytes.count, bytes[end] == 0x2E {
      let start = end + 1
      end = start
      while end < bytes.count, bytes[end] >= 0x30, bytes[end] <= 0x39 { end += 1 }
      time.fraction = String(decoding: bytes[start..<end], as: UTF8.self)
    }
    self.time = time
    if end == bytes.count { return }
    if bytes[end] == 0x5A {
      zone = 0
    } else {
      guard let hours = number(end + 1, 2), let minutes = number(end + 4, 2) else { return nil }
      zone = Int(hours * 60 + minutes) * (bytes[end] == 0x2D ? -1 : 1)
    }
  }

  /// The same moment as seen in another zone; nil when this is a local time or a date.
  func moved(to newZone: Int) -> CivilTime? {
    guard let zone, let time, let days = CivilDate.toDays(year: year, month: month, day: day) else { return nil }
    let minutes = (days * 24 + time.hour) * 60 + time.minute + Int64(newZone - zone)
    let newDay = minutes >= 0 ? minutes / 1440 : (minutes - 1439) / 1440
    let rest = minutes - newDay * 1440
    var moved = self
    let (year, month, day) = CivilDate.fromDays(newDay)
    (moved.year, moved.month, moved.day) = (year, Int64(month), Int64(day))
    moved.time = Time(hour: rest / 60, minute: rest % 60, second: time.second, fraction: time.fraction)
    moved.zone = newZone
    return moved
  }

  static func pad(_ value: Int64, _ width: Int) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
  }

  static func zoneText(_ zone: Int) -> String {
    guard zone != 0 else { return "Z" }
    return "\(zone < 0 ? "-" : "+")\(pad(Int64(abs(zone) / 60), 2)):\(pad(Int64(abs(zone) % 60), 2))"
  }

  static func zone(_ text: some StringProtocol) -> Int? {
    let bytes = Array(text.utf8)
    if bytes == [0x5A] { return 0 }
    guard bytes.count == 6, bytes[0] == 0x2B || bytes[0] == 0x2D, bytes[3] == 0x3A,
      let hours = Int(String(decoding: bytes[1...2], as: UTF8.self)),
      let minutes = Int(String(decoding: bytes[4...5], as: UTF8.self)), hours < 24, minutes < 60
    else { return nil }
    return (hours * 60 + minutes) * (bytes[0] == 0x2D ? -1 : 1)
  }
}

/// How a format writes dates or times: one pattern to write, more to read.
///
/// Notation: `yyyyMMdd`, alternatives separated by `|`; letters yyyy MM dd HH mm ss S (digits of the fraction), `XXX` for a zone, `X` for
/// one in two digits (form 304 of UNTDID 2379: `Z`, `+01`), `SST` and `UTC` for the literal zone suffixes that mean +08:00 and Z; every other
/// character stands for itself. ` zone +08:00` at the end names the zone of values that carry none.
struct DatePattern: Hashable, Sendable {
  enum Token: Hashable, Sendable {
    case year, month, day, hour, minute, second, zone, hourZone, singaporeTime, universalTime
    case fraction(Int)
    case literal(UInt8)
  }

  let notation: String
  let alternatives: [[Token]]
  let zone: Int?
  /// `iso`: the canonical form itself, RFC 3339 with any fraction, with a zone or without.
  var isCanonical: Bool { notation == "iso" }

  init?(_ notation: String) {
    self.notation = notation
    if notation == "iso" {
      guard let tokens = Self.tokens(Array("yyyy-MM-ddTHH:mm:ssXXX".utf8)) else { return nil }
      alternatives = [tokens]
      zone = nil
      return
    }
    var patterns = notation[...]
    if let range = notation.firstRange(of: " zone ") {
      guard let zone = CivilTime.zone(notation[range.upperBound...]) else { return nil }
      self.zone = zone
      patterns = notation[..<range.lowerBound]
    } else {
      zone = nil
    }
    var alternatives: [[Token]] = []
    for pattern in patterns.split(separator: "|", omittingEmptySubsequences: false) {
      guard let tokens = Self.tokens(Array(pattern.utf8)) else { return nil }
      alternatives.append(tokens)
    }
    self.alternatives = alternatives
  }

  private static func tokens(_ bytes: [UInt8]) -> [Token]? {
    var tokens: [Token] = []
    var position = 0
    func starts(_ text: StaticString) -> Bool {
      let expected = Array(text.description.utf8)
      return position + expected.count <= bytes.count && Array(bytes[position..<(position + expected.count)]) == expected
    }
    while position < bytes.count {
      if starts("yyyy") {
        tokens.append(.year)
        position += 4
      } else if starts("MM") {
        tokens.append(.month)
        position += 2
      } else if starts("dd") {
        tokens.append(.day)
        position += 2
      } else if starts("HH") {
        tokens.append(.hour)
        position += 2
      } else if starts("mm") {
        tokens.append(.minute)
        position += 2
      } else if starts("SST") {
        tokens.append(.singaporeTime)
        position += 3
      } else if starts("UTC") {
        tokens.append(.universalTime)
        position += 3
      } else if starts("ss") {
        tokens.append(.second)
        position += 2
      } else if starts("XXX") {
        tokens.append(.zone)
        position += 3
      } else if starts("X") {
        tokens.append(.hourZone)
        position += 1
      } else if bytes[position] == 0x53 {
        let start = position
        while position < bytes.count, bytes[position] == 0x53 { position += 1 }
        tokens.append(.fraction(position - start))
      } else {
        tokens.append(.literal(bytes[position]))
        position += 1
      }
    }
    return tokens.contains(.year) && tokens.contains(.month) && tokens.contains(.day) ? tokens : nil
  }

  /// Reads a text by the first alternative that fits it wholly.
  func parse(_ text: ArraySlice<UInt8>) -> CivilTime? {
    if isCanonical {
      let string = String(decoding: text, as: UTF8.self)
      guard ElementType.datetime.canonical(string) ?? ElementType.date.canonical(string) == string else { return nil }
      return CivilTime(canonical: string)
    }
    for tokens in alternatives { if let time = parse(text, tokens) { return time } }
    return nil
  }

  private func parse(_ text: ArraySlice<UInt8>, _ tokens: [Token]) -> CivilTime? {
    var result = CivilTime()
    var time = CivilTime.Time()
    var hasTime = false
    var position = text.startIndex
    func digits(_ count: Int) -> Int64? {
      guard position + count <= text.endIndex else { return nil }
      var value: Int64 = 0
      for byte in text[position..<(position + count)] {
        guard byte >= 0x30, byte <= 0x39 else { return nil }
        value = value * 10 + Int64(byte - 0x30)
      }
      position += count
      return value
    }
    for token in tokens {
      switch token {
      case .year:
        guard let value = digits(4) else { return nil }
        result.year = value
      case .month:
        guard let value = digits(2) else { return nil }
        result.month = value
      case .day:
        guard let value = digits(2) else { return nil }
        result.day = value
      case .hour:
        guard let value = digits(2), value < 24 else { return nil }
        time.hour = value
        hasTime = true
      case .minute:
        guard let value = digits(2), value < 60 else { return nil }
        time.minute = value
      case .second:
        guard let value = digits(2), value < 60 else { return nil }
        time.second = value
      case .fraction(let count):
        let start = position
        guard digits(count) != nil else { return nil }
        time.fraction = String(decoding: text[start..<position], as: UTF8.self)
      case .singaporeTime:
        guard text[position...].starts(with: "SST".utf8) else { return nil }
        position += 3
        result.zone = 480
      case .universalTime:
        guard text[position...].starts(with: "UTC".utf8) else { return nil }
        position += 3
        result.zone = 0
      case .zone, .hourZone:
        guard position < text.endIndex else { return nil }
        let isShort = token == .hourZone
        let length = text[position] == 0x5A ? 1 : isShort ? 3 : 6
        guard position + length <= text.endIndex else { return nil }
        let written = String(decoding: text[position..<(position + length)], as: UTF8.self)
        guard let zone = CivilTime.zone(isShort && length == 3 ? written + ":00" : written)
        else { return nil }
        position += length
        result.zone = zone
      case .literal(let byte):
        guard position < text.endIndex, text[position] == byte else { return nil }
        position += 1
      }
    }
    guard position == text.endIndex, CivilDate.toDays(year: result.year, month: result.month, day: result.day) != nil else { return nil }
    if hasTime {
      result.time = time
      if result.zone == nil { result.zone = zone }
    }
    return result
  }

  enum Written: Hashable, Sendable {
    case exact(String)
    case lossy(String, Reason)
    case refused(Reason)
  }

  /// Writes by the first alternative. A time is never invented; a zone is never guessed.
  func write(_ value: CivilTime) -> Written {
    if isCanonical { return .exact(value.canonical) }
    let tokens = alternatives[0]
    let wantsTime = tokens.contains(.hour)
    let namedZone = tokens.contains(.singaporeTime) ? 480 : tokens.contains(.universalTime) ? 0 : nil
    let wantsZone = tokens.contains(.zone) || tokens.contains(.hourZone) || namedZone != nil
    var value = value
    var loss: Reason?
    if wantsTime {
      guard value.time != nil else { return .refused(.precision) }
      // A zone of half hours has no text in two digits; the moment has, as seen from UTC.
      let needsWhole = tokens.contains(.hourZone) && value.zone.map { $0 % 60 != 0 } ?? false
      let target = namedZone ?? (needsWhole ? 0 : zone)
      if let target {
        if value.zone == nil {
          if wantsZone { return .refused(.zoneUnknown) }
        } else if value.zone != target, let moved = value.moved(to: target) {
          value = moved
        }
      } else if value.zone != nil, !wantsZone {
        loss = .precision
      } else if value.zone == nil, wantsZone {
        return .refused(.zoneUnknown)
      }
    } else if value.time != nil {
      loss = .precision
    }
    var text = ""
    let time = value.time ?? CivilTime.Time()
    var writtenFraction = 0
    for token in tokens {
      switch token {
      case .year: text += CivilTime.pad(value.year, 4)
      case .month: text += CivilTime.pad(value.month, 2)
      case .day: text += CivilTime.pad(value.day, 2)
      case .hour: text += CivilTime.pad(time.hour, 2)
      case .minute: text += CivilTime.pad(time.minute, 2)
      case .second: text += CivilTime.pad(time.second, 2)
      case .fraction(let count):
        writtenFraction = count
        text += String(time.fraction.prefix(count)) + String(repeating: "0", count: max(0, count - time.fraction.utf8.count))
      case .zone: text += value.zone.map(CivilTime.zoneText) ?? ""
      case .hourZone: text += value.zone.map { zone in zone == 0 ? "Z" : String(CivilTime.zoneText(zone).prefix(3)) } ?? ""
      case .singaporeTime: text += "SST"
      case .universalTime: text += "UTC"
      case .literal(let byte): text.unicodeScalars.append(Unicode.Scalar(byte))
      }
    }
    if wantsTime, !tokens.contains(.second), time.second != 0 { loss = .precision }
    if wantsTime, time.fraction.utf8.dropFirst(writtenFraction).contains(where: { $0 != 0x30 }) { loss = .precision }
    return loss.map { .lossy(text, $0) } ?? .exact(text)
  }
}
