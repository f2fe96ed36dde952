/// The small part of the XSD pattern language (XML Schema part 2, appendix F) that profiles use: literals, `.`, `\d`, `[…]`, groups,
/// alternatives and the quantifiers `? * + {n} {n,m}`. Always anchored at both ends.
///
/// Own code, because it is a value (Sendable), never backtracks without bound, and can also make texts that fit.
struct TextPattern: Hashable, Sendable {
  indirect enum Part: Hashable, Sendable {
    case set([ClosedRange<UInt32>], negated: Bool)
    case sequence([Part])
    case choice([Part])
    case many(Part, Int, Int)
  }

  let source: String
  let part: Part
  /// The pattern as runs of characters of which each is told from the next by its first character; nil: it is not so simple.
  private let runs: [Run]?

  private struct Run: Hashable, Sendable {
    let ranges: [ClosedRange<UInt32>]
    let low: Int
    let high: Int

    func holds(_ scalar: UInt32) -> Bool { ranges.contains { $0.contains(scalar) } }
  }

  /// - Returns: nil when the pattern is not of that language.
  init?(_ source: String) {
    self.source = source
    var parser = Parser(text: Array(source.unicodeScalars.map(\.value)))
    guard let part = parser.choice(), parser.position == parser.text.count else { return nil }
    self.part = part
    runs = Self.runs(part)
  }

  private static func runs(_ part: Part) -> [Run]? {
    var parts = [part]
    if case .sequence(let list) = part { parts = list }
    var runs: [Run] = []
    for part in parts {
      switch part {
      case .set(let ranges, false): runs.append(Run(ranges: ranges, low: 1, high: 1))
      case .many(.set(let ranges, false), let low, let high): runs.append(Run(ranges: ranges, low: low, high: high))
      default: return nil
      }
    }
    for (run, next) in zip(runs, runs.dropFirst()) where run.low < run.high {
      guard next.low > 0, !run.ranges.contains(where: { range in next.ranges.contains(where: range.overlaps) }) else { return nil }
    }
    return runs
  }

  /// Whether the whole text fits. The number of steps is bounded; a text that takes more does not fit.
  func matches(_ text: String) -> Bool {
    if let runs { return Self.matches(text, runs) }
    let scalars = text.unicodeScalars.map(\.value)
    var steps = 0
    func run(_ part: Part, _ at: Int, _ then: (Int) -> Bool) -> Bool {
      steps += 1
      guard steps < 100_000 else { return false }
      switch part {
      case .set(let ranges, let negated):
        guard at < scalars.count, ranges.contains(where: { $0.contains(scalars[at]) }) != negated else { return false }
        return then(at + 1)
      case .choice(let parts): return parts.contains { run($0, at, then) }
      case .sequence(let parts): return sequence(parts[...], at, then)
      case .many(let inner, let low, let high): return many(inner, low, high, at, then)
      }
    }
    func sequence(_ parts: ArraySlice<Part>, _ at: Int, _ then: (Int) -> Bool) -> Bool {
      guard let first = parts.first else { return then(at) }
      return run(first, at) { sequence(parts.dropFirst(), $0, then) }
    }
    func many(_ inner: Part, _ low: Int, _ high: Int, _ at: Int, _ then: (Int) -> Bool) -> Bool {
      if high > 0, run(inner, at, { $0 > at && many(inner, max(0, low - 1), high - 1, $0, then) }) { return true }
      return low == 0 && then(at)
    }
    return run(part, 0) { $0 == scalars.count }
  }

  private static func matches(_ text: String, _ runs: [Run]) -> Bool {
    var rest = text.unicodeScalars.makeIterator()
    var next = rest.next()
    for run in runs {
      var count = 0
      while count < run.high, let scalar = next, run.holds(scalar.value) {
        next = rest.next()
        count += 1
      }
      guard count >= run.low else { return false }
    }
    return next == nil
  }

  private struct Parser {
    let text: [UInt32]
    var position = 0
    var peek: UInt32? { position < text.count ? text[position] : nil }

    mutating func choice() -> Part? {
      var parts: [Part] = []
      repeat {
        guard let part = sequence() else { return nil }
        parts.append(part)
      } while take(0x7C)
      return parts.count == 1 ? parts[0] : .choice(parts)
    }

    mutating func take(_ scalar: UInt32) -> Bool {
      guard peek == scalar else { return false }
      position += 1
      return true
    }

    mutating func sequence() -> Part? {
      var parts: [Part] = []
      while let next = peek, next != 0x7C, next != 0x29 {
        guard let atom = atom(), let quantified = quantified(atom) else { return nil }
        parts.append(quantified)
      }
      return parts.count == 1 ? parts[0] : .sequence(parts)
    }

    mutating func atom() -> Part? {
      guard let scalar = peek else { return nil }
      position += 1
      switch scalar {
      case 0x28:
        guard let inner = choice(), take(0x29) else { return nil }
        return inner
      case 0x5B: return set()
      case 0x2E: return .set([0x0A...0x0A, 0x0D...0x0D], negated: true)
      case 0x5C: return escape()
      case 0x2A, 0x2B, 0x3F, 0x7B, 0x7D, 0x5D: return nil
      default: return .set([scalar...scalar], negated: false)
      }
    }

    mutating func escape() -> Part? {
      guard let scalar = peek else { return nil }
      position += 1
      switch scalar {
      case 0x64: return .set([0x30...0x39], negated: false)
      case 0x73: return .set([0x20...0x20, 0x09...0x0A, 0x0D...0x0D], negated: false)
      case 0x53: return .set([0x20...0x20, 0x09...0x0A, 0x0D...0x0D], negated: true)
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: return nil
      default: return .set([scalar...scalar], negated: false)
      }
    }

    mutating func set() -> Part? {
      let negated = take(0x5E)
      var ranges: [ClosedRange<UInt32>] = []
      while let next = peek, next != 0x5D {
        position += 1
        var low = next
        if next == 0x5C {
          guard case .set(let inner, false)? = escape() else { return nil }
          guard inner.count == 1, inner[0].count == 1 else {
            ranges += inner
            continue
          }
          low = inner[0].lowerBound
        }
        if peek == 0x2D, position + 1 < text.count, text[position + 1] != 0x5D {
          position += 1
          guard let high = peek, high >= low else { return nil }
          position += 1
          ranges.append(low...high)
        } else {
          ranges.append(low...low)
        }
      }
      guard take(0x5D), !ranges.isEmpty else { return nil }
      return .set(ranges, negated: negated)
    }

    mutating func quantified(_ part: Part) -> Part? {
      if take(0x3F) { return .many(part, 0, 1) }
      if take(0x2A) { return .many(part, 0, 10_000) }
      if take(0x2B) { return .many(part, 1, 10_000) }
      guard take(0x7B) else { return part }
      guard let low = number() else { return nil }
      var high = low
      if take(0x2C) { high = peek == 0x7D ? 10_000 : number() ?? -1 }
      guard take(0x7D), high >= low else { return nil }
      return .many(part, low, high)
    }

    mutating func number() -> Int? {
      let start = position
      var value = 0
      while let digit = peek, digit >= 0x30, digit <= 0x39, position - start < 5 {
        value = value * 10 + Int(digit - 0x30)
        position += 1
      }
      return position > start ? value : nil
    }
  }
}
