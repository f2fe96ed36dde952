/// A regular expression of XML Schema as a tree.
///
/// - SeeAlso: XML Schema Part 2 appendix F.
indirect enum PatternSyntax {
  case empty
  /// One character of a set.
  case one(CharacterSet)
  case sequence([PatternSyntax])
  case choice([PatternSyntax])
  /// - Parameter most: nil for without end.
  case repeated(PatternSyntax, least: Int, most: Int?)

  /// Characters as ranges of scalar values, sorted, not touching. Categories of Unicode are taken larger than they are, never smaller.
  struct CharacterSet: Equatable {
    var ranges: [ClosedRange<UInt32>]

    static let all = CharacterSet([0...0x10_FFFF])

    init(_ ranges: [ClosedRange<UInt32>]) {
      var merged: [ClosedRange<UInt32>] = []
      for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
        if let last = merged.last, range.lowerBound <= last.upperBound + 1 {
          merged[merged.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
        } else {
          merged.append(range)
        }
      }
      self.ranges = merged
    }

    init(_ characters: String) { self.init(characters.unicodeScalars.map { $0.value...$0.value }) }

    func union(_ other: CharacterSet) -> CharacterSet { CharacterSet(ranges + other.ranges) }

    var complement: CharacterSet {
      var result: [ClosedRange<UInt32>] = []
      var next: UInt32 = 0
      for range in ranges {
        if range.lowerBound > next { result.append(next...(range.lowerBound - 1)) }
        next = range.upperBound + 1
      }
      if next <= 0x10_FFFF { result.append(next...0x10_FFFF) }
      return CharacterSet(result)
    }

    func intersection(_ other: CharacterSet) -> CharacterSet {
      var result: [ClosedRange<UInt32>] = []
      for left in ranges {
        for right in other.ranges where left.overlaps(right) { result.append(left.clamped(to: right)) }
      }
      return CharacterSet(result)
    }

    func overlaps(_ other: CharacterSet) -> Bool {
      var left = ranges[...]
      var right = other.ranges[...]
      while let a = left.first, let b = right.first {
        if a.overlaps(b) { return true }
        if a.upperBound < b.upperBound { left.removeFirst() } else { right.removeFirst() }
      }
      return false
    }
  }

  /// - Returns: nil when the text is not in the syntax.
  init?(_ text: String) {
    var parser = PatternParser(text)
    guard let tree = parser.choice(), parser.isAtEnd, !parser.hasEmptyRange else { return nil }
    self = tree
  }
}

private struct PatternParser {
  private let scalars: [UInt32]
  private var at = 0
  private var depth = 0
  /// A range such as `b-a`, which is an error and not an empty set.
  private(set) var hasEmptyRange = false

  init(_ text: String) { scalars = text.unicodeScalars.map(\.value) }

  var isAtEnd: Bool { at == scalars.count }
  private var next: UInt32? { at < scalars.count ? scalars[at] : nil }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next == character.value else { return false }
    at += 1
    return true
  }

  mutating func choice() -> PatternSyntax? {
    guard depth < 64 else { return nil }
    depth += 1
    defer { depth -= 1 }
    var branches: [PatternSyntax] = []
    repeat {
      guard let branch = sequence() else { return nil }
      branches.append(branch)
    } while take("|")
    return branches.count == 1 ? branches[0] : .choice(branches)
  }

  private mutating func sequence() -> PatternSyntax? {
    var pieces: [PatternSyntax] = []
    while let character = next, character != 0x7C, character != 0x29 {
      guard let atom = atom(), let piece = quantified(atom) else { return nil }
      pieces.append(piece)
    }
    return pieces.count == 1 ? pieces[0] : pieces.isEmpty ? .empty : .sequence(pieces)
  }

  private mutating func quantified(_ atom: PatternSyntax) -> PatternSyntax? {
    if take("?") { return .repeated(atom, least: 0, most: 1) }
    if take("*") { return .repeated(atom, least: 0, most: nil) }
    if take("+") { return .repeated(atom, least: 1, most: nil) }
    guard take("{") else { return atom }
    guard let least = number() else { return nil }
    if take("}") { return .repeated(atom, least: least, most: least) }
    guard take(",") else { return nil }
    if take("}") { return .repeated(atom, least: least, most: nil) }
    guard let most = number(), most >= least, take("}") else { return nil }
    return .repeated(atom, least: least, most: most)
  }

  private mutating func number() -> Int? {
    var value = 0
    let start = at
    while let character = next, (0x30...0x39).contains(character), value < 1_000_000_000 {
      value = value * 10 + Int(character - 0x30)
      at += 1
    }
    return at > start ? value : nil
  }

  private mutating func atom() -> PatternSyntax? {
    guard let character = next else { return nil }
    at += 1
    switch Unicode.Scalar(character) {
    case "(":
      guard let inner = choice(), take(")") else { return nil }
      return inner
    case "[": return set().map(PatternSyntax.one)
    case ".": return .one(PatternSyntax.CharacterSet("\n\r").complement)
    case "\\": return escape().map(PatternSyntax.one)
    case "?", "*", "+", "{", "}", "]": return nil
    default: return .one(.init([character...character]))
    }
  }

  /// Behind the opening bracket of a class.
  private mutating func set() -> PatternSyntax.CharacterSet? {
    let negated = take("^")
    var result = PatternSyntax.CharacterSet([])
    var isFirst = true
    while let character = next {
      if character == 0x5D, !isFirst {
        at += 1
        return negated ? result.complement : result
      }
      if character == 0x2D, at + 1 < scalars.count, scalars[at + 1] == 0x5B {
        // Subtraction: what is taken away is kept, which makes the set larger than it is.
        at += 2
        guard set() != nil, take("]") else { return nil }
        return negated ? result.complement : result
      }
      isFirst = false
      at += 1
      if character == 0x5C {
        guard let escaped = escape() else { return nil }
        // A single escaped character may begin a range.
        if let single = escaped.ranges.first, escaped.ranges.count == 1, single.count == 1, let range = range(from: single.lowerBound) {
          result = result.union(.init([range]))
        } else {
          result = result.union(escaped)
        }
      } else {
        result = result.union(.init([range(from: character) ?? character...character]))
      }
    }
    return nil
  }

  /// `-x` behind a character of a class.
  private mutating func range(from low: UInt32) -> ClosedRange<UInt32>? {
    guard next == 0x2D, at + 1 < scalars.count, scalars[at + 1] != 0x5D, scalars[at + 1] != 0x5B else { return nil }
    let mark = at
    at += 2
    var high = scalars[at - 1]
    if high == 0x5C {
      guard let escaped = escape(), let single = escaped.ranges.first, single.count == 1 else {
        at = mark
        return nil
      }
      high = single.lowerBound
    }
    guard high >= low else {
      hasEmptyRange = true
      return nil
    }
    return low...high
  }

  /// Behind a backslash.
  private mutating func escape() -> PatternSyntax.CharacterSet? {
    guard let character = next else { return nil }
    at += 1
    let beyond: ClosedRange<UInt32> = 0x80...0x10_FFFF
    let digits = PatternSyntax.CharacterSet([0x30...0x39])
    let letters = PatternSyntax.CharacterSet([0x41...0x5A, 0x61...0x7A, beyond])
    let space = PatternSyntax.CharacterSet("\t\n\r ")
    switch Unicode.Scalar(character) {
    case "n": return .init("\n")
    case "r": return .init("\r")
    case "t": return .init("\t")
    case "s": return space
    case "S": return space.complement
    case "d": return digits
    case "D": return digits.complement
    case "w": return letters.union(digits).union(.init("$+<=>^`|~"))
    case "W": return letters.union(digits).complement.union(.init([beyond]))
    case "i": return letters.union(.init("_:"))
    case "c": return letters.union(digits).union(.init("_:.-"))
    case "I", "C": return .all
    case "p", "P":
      guard take("{") else { return nil }
      var name: [UInt32] = []
      while let character = next, character != 0x7D {
        name.append(character)
        at += 1
      }
      guard take("}") else { return nil }
      if character == 0x50 { return .all }
      if name.first == 0x4C { return letters }
      if name.first == 0x4E { return digits.union(.init([beyond])) }
      return .all
    default: return .init([character...character])
    }
  }
}
