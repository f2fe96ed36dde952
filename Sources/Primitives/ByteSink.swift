/// Text in UTF-8 that is put together from many small pieces: a piece costs a comparison and a copy.
@safe package struct ByteSink: ~Copyable {
  /// A stretch of a sink's bytes.
  package struct Piece: Sendable {
    let start: Int32
    let count: Int32
  }

  private var base: UnsafeMutablePointer<UInt8>
  private var capacity: Int
  package private(set) var count = 0

  /// - Parameter capacity: how many bytes it is made for; it grows when there are more.
  package init(capacity: Int) {
    self.capacity = max(capacity, 64)
    unsafe base = .allocate(capacity: self.capacity)
  }

  deinit { unsafe base.deallocate() }

  /// Everything that was added since a sink had `start` bytes.
  package func piece(from start: Int) -> Piece { Piece(start: Int32(start), count: Int32(count - start)) }

  package mutating func append(_ byte: UInt8) {
    reserve(1)
    unsafe base[count] = byte
    count += 1
  }

  /// Adds a text of the source code. It has a name that ``append(string:)`` has not, or a literal would be taken for a `String`.
  package mutating func append(_ text: StaticString) {
    unsafe add(UnsafeRawPointer(text.utf8Start), text.utf8CodeUnitCount)
  }

  package mutating func append(string text: String) { append(text.utf8.span) }

  package mutating func append(_ bytes: [UInt8]) { append(bytes.span) }

  package mutating func append(_ bytes: Span<UInt8>) {
    unsafe bytes.withUnsafeBytes { bytes in
      if let start = bytes.baseAddress { unsafe add(start, bytes.count) }
    }
  }

  package mutating func append(_ piece: Piece, of other: borrowing ByteSink) {
    precondition(Int(piece.start) + Int(piece.count) <= other.count, "a piece belongs to its sink")
    unsafe add(UnsafeRawPointer(other.base + Int(piece.start)), Int(piece.count))
  }

  /// Adds a stretch of its own bytes once more.
  package mutating func append(again piece: Piece) {
    precondition(Int(piece.start) + Int(piece.count) <= count, "a piece belongs to its sink")
    reserve(Int(piece.count))
    unsafe (base + count).update(from: base + Int(piece.start), count: Int(piece.count))
    count += Int(piece.count)
  }

  package mutating func append(decimal number: Int) {
    if number > 9 { append(decimal: number / 10) }
    append(0x30 + UInt8(number % 10))
  }

  /// Adds the 64 lower-case hexadecimal digits of a digest.
  package mutating func append(hex digest: Digest) {
    reserve(64)
    unsafe digest.writeHex(to: UnsafeMutableRawBufferPointer(start: base + count, count: 64))
    count += 64
  }

  /// Adds a stretch of an array.
  ///
  /// - Precondition: the array has it.
  package mutating func append(_ bytes: [UInt8], _ range: Range<Int>) { append(bytes.span.extracting(range)) }

  /// Adds everything to an array and starts anew.
  package mutating func move(to bytes: inout [UInt8]) {
    unsafe bytes.append(contentsOf: UnsafeBufferPointer(start: base, count: count))
    count = 0
  }

  /// Everything that was added.
  package consuming func finish() -> [UInt8] {
    unsafe Array(UnsafeBufferPointer(start: base, count: count))
  }

  private mutating func add(_ start: UnsafeRawPointer, _ length: Int) {
    reserve(length)
    unsafe UnsafeMutableRawPointer(base + count).copyMemory(from: start, byteCount: length)
    count += length
  }

  private mutating func reserve(_ more: Int) {
    if count + more > capacity { grow(count + more) }
  }

  private mutating func grow(_ needed: Int) {
    let size = max(needed, 2 * capacity)
    let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: size)
    unsafe larger.update(from: base, count: count)
    unsafe base.deallocate()
    unsafe base = larger
    capacity = size
  }
}
