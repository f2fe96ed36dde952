/// One resource of a tiled log: the roots of consecutive complete subtrees of one height, or the entries under such a tile.
///
/// - SeeAlso: C2SP tlog-tiles, Merkle Tree; Log entries.
package struct Tile: Hashable, Sendable {
  package enum Content: Hashable, Sendable {
    /// Roots of complete subtrees of `256^level` leaves. Level 0 is the leaf hashes. 0…63.
    case hashes(level: Int)
    /// A bundle: the entries whose leaf hashes are in the tile of level 0 with the same index and width.
    case entries

    /// Level of the hashes; 0 for entries, which lie under the tiles of level 0.
    package var level: Int { if case .hashes(let level) = self { level } else { 0 } }
  }

  package let content: Content
  /// Place among the tiles of its level, from 0.
  package let index: Int
  /// How many hashes or entries it holds: 256 when it is full, 1…255 in a partial tile.
  package let width: Int

  package static let fullWidth = 256
  /// Hashes of one tile stand this many levels of the binary tree above those of the level below.
  package static let height = 8
  /// Bytes of the largest resource: a full bundle of the longest entries.
  package static let largestByteCount = fullWidth * (2 + Entry.largestByteCount)

  /// - Precondition: level 0…63, index not negative, width 1…256.
  package init(_ content: Content, index: Int, width: Int = fullWidth) {
    precondition((0...63).contains(content.level), "levels are 0 to 63")
    precondition(index >= 0 && (1...Self.fullWidth).contains(width), "an index is not negative, a width 1 to 256")
    self.content = content
    self.index = index
    self.width = width
  }

  /// The tile with that index as a log of `size` entries has it: full, or partial at the right edge.
  ///
  /// - Returns: nil when a log of that size has none: empty tiles do not exist.
  package init?(_ content: Content, index: Int, size: Int) {
    guard index >= 0, (0...63).contains(content.level) else { return nil }
    let count = Self.hashCount(level: content.level, size: size)
    guard index <= count / Self.fullWidth else { return nil }
    let width = min(Self.fullWidth, count - index * Self.fullWidth)
    guard width > 0 else { return nil }
    self.init(content, index: index, width: width)
  }

  package var isFull: Bool { width == Self.fullWidth }
  /// The full tile in the same place.
  package var full: Tile { Tile(content, index: index) }

  /// The sizes of logs whose tile in this place has this width; of a full tile, the first of them alone. Empty when there are none.
  package var sizes: Range<Int> {
    let leaves = 1 << (Self.height * content.level)
    let (first, isTooLarge) = (index * Self.fullWidth + width).multipliedReportingOverflow(by: leaves)
    guard leaves > 0, !isTooLarge, first <= MerkleTree.largestSize else { return 0..<0 }
    return first..<(isFull ? first + 1 : first + leaves)
  }

  /// Number of hashes at a level of a log of `size` entries.
  package static func hashCount(level: Int, size: Int) -> Int { size >> (height * level) }

  /// Number of levels of a log of `size` entries. At most 7.
  package static func levelCount(size: Int) -> Int {
    (0..<8).first { hashCount(level: $0, size: size) == 0 } ?? 8
  }

  /// The partial tiles of a log of `size` entries: at most one at each level, from below, and then the bundle.
  package static func partials(size: Int) -> [Tile] {
    let contents = (0..<levelCount(size: size)).map { Content.hashes(level: $0) } + [.entries]
    return contents.compactMap { content in
      let tile = Tile(content, index: hashCount(level: content.level, size: size) / fullWidth, size: size)
      return tile.flatMap { $0.isFull ? nil : $0 }
    }
  }
}

extension Tile {
  /// Where the tile is, below the log's prefix: `tile/<level>/<index>[.p/<width>]`, `tile/entries/<index>[.p/<width>]`. The index in groups
  /// of three digits, all but the last with an `x` before: `x001/x234/067`.
  package var path: String {
    let name = if case .hashes(let level) = content { String(level) } else { "entries" }
    var groups: [String] = []
    var rest = index
    repeat {
      let digits = String(rest % 1000)
      groups.append((groups.isEmpty ? "" : "x") + String(repeating: "0", count: 3 - digits.utf8.count) + digits)
      rest /= 1000
    } while rest > 0
    return "tile/\(name)/\(groups.reversed().joined(separator: "/"))" + (isFull ? "" : ".p/\(width)")
  }

  /// Reads a path that may come from anybody. Every tile has exactly one.
  ///
  /// - Returns: nil for anything else, and for an index that no log of ``MerkleTree/largestSize`` entries has.
  package init?(path: String) {
    guard path.utf8.count <= 64 else { return nil }
    var parts = Array(path.utf8).split(separator: 0x2F, omittingEmptySubsequences: false)
    guard parts.count >= 3, parts[0].elementsEqual("tile".utf8) else { return nil }
    let content: Content
    if parts[1].elementsEqual("entries".utf8) {
      content = .entries
    } else {
      guard let level = Self.decimal(parts[1], 0...63) else { return nil }
      content = .hashes(level: level)
    }
    parts.removeFirst(2)
    var width = Self.fullWidth
    if parts.count >= 2, parts[parts.count - 2].suffix(2).elementsEqual(".p".utf8) {
      guard let partial = Self.decimal(parts.removeLast(), 1...255) else { return nil }
      width = partial
      parts[parts.count - 1].removeLast(2)
    }
    var index = 0
    for (offset, part) in parts.enumerated() {
      let isLast = offset == parts.count - 1
      let digits = isLast ? part : part.dropFirst()
      guard isLast || part.first == 0x78, digits.count == 3, let group = Self.number(digits) else { return nil }
      guard isLast || offset > 0 || group > 0 else { return nil }
      index = index * 1000 + group
      guard index <= MerkleTree.largestSize / Self.fullWidth else { return nil }
    }
    self.init(content, index: index, width: width)
  }

  /// A number without leading zeroes within a range.
  private static func decimal(_ digits: ArraySlice<UInt8>, _ range: ClosedRange<Int>) -> Int? {
    guard (1...3).contains(digits.count), digits.count == 1 || digits.first != 0x30, let value = number(digits) else { return nil }
    return range.contains(value) ? value : nil
  }

  private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
    guard digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return digits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
  }
}
