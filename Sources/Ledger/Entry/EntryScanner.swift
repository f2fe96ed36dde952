import Primitives

/// What an audit needs of an entry.
struct ScannedEntry {
  let index: Int
  let time: Instant
  let previous: Digest
  /// Text of the message's id; nil when it names none.
  let message: ArraySlice<UInt8>?
}

extension ScannedEntry {
  /// Reads an entry of any shape.
  ///
  /// - Throws: as ``Entry/init(parsing:)``.
  init(_ bytes: [UInt8]) throws(CausewayError) {
    if let scanned = EntryScanner.scan(bytes) {
      self = scanned
      return
    }
    let parsed = try Entry(parsing: bytes)
    self.init(
      index: parsed.index, time: parsed.time, previous: parsed.previous,
      message: (parsed.draft.messageID?.text.utf8).map { Array($0)[...] })
  }
}

/// Reads the usual shape of an entry in one pass over its bytes, without building anything: exactly the members of an entry in
/// canonical order and form, no escapes, in `extra` only plain texts and whole numbers.
///
/// Whatever it accepts is what ``Entry/init(parsing:)`` accepts, with the same values; what it does not recognise is left to that.
/// A test holds the two together on whole and on damaged entries.
struct EntryScanner {
  private let bytes: [UInt8]
  private var position = 0

  private init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// - Returns: nil when the bytes are of another shape, or no entry at all.
  static func scan(_ bytes: [UInt8]) -> ScannedEntry? {
    guard bytes.count <= Entry.largestByteCount else { return nil }
    var scanner = EntryScanner(bytes)
    return scanner.entry()
  }

  private mutating func entry() -> ScannedEntry? {
    guard take("{\"actor\":\""), token(upTo: 256) else { return nil }
    var claimed: Instant?
    if take(",\"claimed\":\"") {
      claimed = time()
      guard claimed != nil else { return nil }
    }
    if take(",\"corridor\":\"") { guard token(upTo: 64) else { return nil } }
    if take(",\"extra\":{\"") { guard extra() else { return nil } }
    if take(",\"fields\":\"") { guard digest() else { return nil } }
    guard take(",\"index\":"), let index = index(), take(",\"kind\":\""), kind() else { return nil }
    var message: ArraySlice<UInt8>?
    if take(",\"message\":\"") {
      guard messageID() else { return nil }
      message = bytes[(position - 37)..<(position - 1)]
    }
    if take(",\"payload\":\"") { guard digest() else { return nil } }
    guard take(",\"previous\":\"") else { return nil }
    let start = position
    guard digest() else { return nil }
    let previous = value(at: start)
    if take(",\"reasons\":[\"") {
      var count = 1
      guard kind() else { return nil }
      while take(",\"") {
        count += 1
        guard count <= 64, kind() else { return nil }
      }
      guard take("]") else { return nil }
    }
    if take(",\"subject\":\"") { guard digest() else { return nil } }
    guard take(",\"time\":\""), let time = time(), time != claimed, take(",\"v\":1") else { return nil }
    if take(",\"versions\":{\"") {
      var last: Range<Int>?
      var count = 0
      repeat {
        count += 1
        guard count <= 32, let name = name(after: last), take(":\""), token(upTo: 256) else { return nil }
        last = name
      } while take(",\"")
      guard take("}") else { return nil }
    }
    guard take("}"), position == bytes.count else { return nil }
    return ScannedEntry(index: index, time: time, previous: previous, message: message)
  }

  @inline(__always)
  private mutating func take(_ text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    guard position + count <= bytes.count else { return false }
    let start = position
    let isThere = unsafe bytes.withUnsafeBufferPointer { given in
      let expected = unsafe text.utf8Start
      var offset = 0
      while offset < count, unsafe expected[offset] == given[start + offset] { offset += 1 }
      return offset == count
    }
    if isThere { position += count }
    return isThere
  }

  /// The members of `extra` behind the first quotation mark: names of ASCII by rising bytes, which is the canonical order of such
  /// names, each with a plain text or a whole number.
  private mutating func extra() -> Bool {
    var last: Range<Int>?
    var count = 0
    repeat {
      count += 1
      guard count <= 100, let name = name(after: last), take(":") else { return false }
      guard take("\"\"") || (take("\"") ? token(upTo: Entry.largestByteCount) : wholeNumber() != nil) else { return false }
      last = name
    } while take(",\"")
    return take("}")
  }

  /// The name of a member that stands behind another, and the quotation mark behind it.
  private mutating func name(after last: Range<Int>?) -> Range<Int>? {
    let start = position
    guard token(upTo: 64) else { return nil }
    let name = start..<(position - 1)
    if let last { guard bytes[last].lexicographicallyPrecedes(bytes[name]) else { return nil } }
    return name
  }

  /// 1 to `limit` printable ASCII characters that need no escape, and the quotation mark behind them.
  private mutating func token(upTo limit: Int) -> Bool {
    let start = position
    skipPlainWords()
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      if byte == 0x22 { return position - 1 > start && position - 1 - start <= limit }
      guard byte >= 0x20, byte < 0x7F, byte != 0x5C else { return false }
    }
    return false
  }

  /// Goes on by eight bytes as long as all of them are printable ASCII that needs no escape.
  private mutating func skipPlainWords() {
    let from = position
    position = unsafe bytes.withUnsafeBytes { given in
      var offset = from
      while offset + 8 <= given.count, Self.isPlain(unsafe given.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) { offset += 8 }
      return offset
    }
  }

  /// 1 in each byte of a word.
  private static let ones: UInt64 = 0x0101_0101_0101_0101

  private static func isPlain(_ word: UInt64) -> Bool {
    // The high bit of each byte tells: below 0x20; zero, after the character that is looked for was taken away; 0x7F or more.
    let (quote, escape) = (word ^ (ones &* 0x22), word ^ (ones &* 0x5C))
    let others = (word &- ones &* 0x20) & ~word | (quote &- ones) & ~quote | (escape &- ones) & ~escape | (word &+ ones) | word
    return others & (ones << 7) == 0
  }

  private static func isHexadecimal(_ word: UInt64) -> Bool {
    // The high bit of each byte tells, as long as none is set before: at least `0` and not `:` or more, at least `a` and not `g` or more.
    let digits = (word &+ ones &* 0x50) & ~(word &+ ones &* 0x46) | (word &+ ones &* 0x1F) & ~(word &+ ones &* 0x19)
    return digits & ~word & (ones << 7) == ones << 7
  }

  /// Dotted lower-case words, and the quotation mark behind them.
  private mutating func kind() -> Bool {
    let start = position
    var last: UInt8 = 0x2E
    while position < bytes.count {
      let byte = bytes[position]
      position += 1
      switch byte {
      case 0x61...0x7A: break
      case 0x30...0x39, 0x5F: guard position - 1 > start else { return false }
      case 0x2E: guard last != 0x2E else { return false }
      case 0x22: return last != 0x2E && position - 1 - start <= 64
      default: return false
      }
      last = byte
    }
    return false
  }

  /// 64 lower-case hexadecimal digits, and the quotation mark behind them.
  private mutating func digest() -> Bool {
    guard position + 65 <= bytes.count else { return false }
    let start = position
    let isHexadecimal = unsafe bytes.withUnsafeBytes { given in
      var offset = start
      while offset < start + 64, Self.isHexadecimal(unsafe given.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) { offset += 8 }
      return offset == start + 64
    }
    guard isHexadecimal else { return false }
    position += 64
    return take("\"")
  }

  /// - Precondition: ``digest()`` has seen hexadecimal digits there.
  private func value(at start: Int) -> Digest {
    unsafe Digest { value in
      for offset in 0..<32 {
        unsafe value[offset] = Self.value(bytes[start + 2 * offset]) << 4 | Self.value(bytes[start + 2 * offset + 1])
      }
    }
  }

  /// - Precondition: a lower-case hexadecimal digit.
  private static func value(_ digit: UInt8) -> UInt8 { (digit & 15) + 9 * (digit >> 6) }

  /// A UUID of version 7, and the quotation mark behind it.
  private mutating func messageID() -> Bool {
    guard position + 37 <= bytes.count else { return false }
    let (start, version, variant) = (position, bytes[position + 14], bytes[position + 19])
    guard version == 0x37, variant == 0x38 || variant == 0x39 || variant == 0x61 || variant == 0x62 else { return false }
    let isForm = unsafe bytes.withUnsafeBytes { given in
      func word(_ offset: Int) -> UInt64 { unsafe given.loadUnaligned(fromByteOffset: start + offset, as: UInt64.self) }
      func half(_ offset: Int) -> UInt64 { UInt64(unsafe given.loadUnaligned(fromByteOffset: start + offset, as: UInt32.self)) }
      let hyphens = unsafe given[start + 8] == 0x2D && given[start + 13] == 0x2D && given[start + 18] == 0x2D && given[start + 23] == 0x2D
      return hyphens && Self.isHexadecimal(word(0)) && Self.isHexadecimal(half(9) | half(14) << 32)
        && Self.isHexadecimal(half(19) | half(24) << 32) && Self.isHexadecimal(word(28))
    }
    guard isForm else { return false }
    position += 36
    return take("\"")
  }

  private mutating func index() -> Int? {
    guard let value = wholeNumber(), value < MerkleTree.largestSize else { return nil }
    return value
  }

  /// 0 or up to 15 digits that do not begin with 0: below 2⁵³, so that every reader sees the same number.
  private mutating func wholeNumber() -> Int? {
    let start = position
    var value = 0
    while position < bytes.count, position - start < 16, bytes[position] &- 0x30 < 10 {
      value = value * 10 + Int(bytes[position] - 0x30)
      position += 1
    }
    guard position > start, position - start < 16, position - start == 1 || bytes[start] != 0x30 else { return nil }
    return value
  }

  /// `yyyy-mm-ddThh:mm:ss.mmmZ`, and the quotation mark behind it.
  private mutating func time() -> Instant? {
    guard let year = number(4), take("-"), let month = number(2), take("-"), let day = number(2), take("T"),
      let hour = number(2), hour < 24, take(":"), let minute = number(2), minute < 60, take(":"),
      let second = number(2), second < 60, take("."), let millisecond = number(3), take("Z\""),
      let days = CivilDate.toDays(year: year, month: month, day: day)
    else { return nil }
    return Instant(milliseconds: ((days * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + millisecond)
  }

  private mutating func number(_ width: Int) -> Int64? {
    guard position + width <= bytes.count else { return nil }
    var value: Int64 = 0
    for _ in 0..<width {
      let digit = bytes[position] &- 0x30
      guard digit < 10 else { return nil }
      value = value * 10 + Int64(digit)
      position += 1
    }
    return value
  }
}
