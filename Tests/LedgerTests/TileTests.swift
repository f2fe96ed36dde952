import Ledger
import Primitives
import Testing

/// C2SP tlog-tiles: which resources there are, what they are called and what is in them.
@Suite struct TileTests {
  @Test(arguments: [
    (Tile(.hashes(level: 0), index: 0), "tile/0/000"), (Tile(.hashes(level: 3), index: 1_234_067), "tile/3/x001/x234/067"),
    (Tile(.hashes(level: 63), index: 999), "tile/63/999"), (Tile(.hashes(level: 1), index: 1000, width: 17), "tile/1/x001/000.p/17"),
    (Tile(.entries, index: 5, width: 255), "tile/entries/005.p/255"), (Tile(.entries, index: 56_000_000), "tile/entries/x056/x000/000"),
  ]) func pathsReadBack(_ tile: Tile, _ path: String) {
    #expect(tile.path == path)
    #expect(Tile(path: path) == tile)
  }

  @Test(arguments: [
    "", "tile", "tile/", "tile/0", "tile/0/", "/tile/0/000", "tile/0/000/", "tile//000", "tile/00/000", "tile/64/000", "tile/-1/000",
    "tile/+1/000", "tile/1 /000", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/0/x000", "tile/0/x000/000", "tile/0/001/000",
    "tile/0/x001/x000", "tile/0/X001/000", "tile/0/x01/000", "tile/0/x0001/000", "tile/0/00a", "tile/0/000.p", "tile/0/000.p/",
    "tile/0/000.p/0", "tile/0/000.p/00", "tile/0/000.p/01", "tile/0/000.p/256", "tile/0/000.p/-1", "tile/0/000.p/1/1", "tile/0/000.P/1",
    "tile/0/000.p/1.p/1", "tile/0/000/1", "tile/0/.p/1", "tile/0.p/1", "tile/entries", "tile/Entries/000", "tile/data/000", "tiles/0/000",
    "tile/0/../000", "tile/0/%30%30%30", "tile/0/000?x", "tile/0/٠٠٠", "tile/0/x999/x999/x999/x999/x999/999",
    "tile/0/x001/x001/x001/x001/x001/x001/x001/x001/x001/x001/x001/x001/001", "checkpoint", "tile/0/000\u{0}", "tile/0/000\n",
  ]) func otherPathsAreRefused(_ path: String) { #expect(Tile(path: path) == nil) }

  /// The specification's own example.
  @Test func aTreeOf70000HasTheTilesOfTheSpecification() {
    func widths(_ level: Int) -> [Int] { (0..<400).compactMap { Tile(.hashes(level: level), index: $0, size: 70_000)?.width } }
    #expect(widths(0) == [Int](repeating: 256, count: 273) + [112])
    #expect(widths(1) == [256, 17] && widths(2) == [1] && widths(3).isEmpty)
    #expect((0..<400).compactMap { Tile(.entries, index: $0, size: 70_000)?.width } == widths(0))
    let partials = ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1", "tile/entries/273.p/112"]
    #expect(Tile.partials(size: 70_000).map(\.path) == partials)
    // 256 entries: a full tile and a partial one above it, and no partial bundle.
    #expect(Tile.partials(size: 256).map(\.path) == ["tile/1/000.p/1"] && Tile.partials(size: 0).isEmpty)
    #expect(Tile(.hashes(level: 0), index: 0, size: 0) == nil && Tile(.entries, index: 1, size: 256) == nil)
  }

  @Test func aPartialTileBelongsToItsSizes() {
    #expect(Tile(.hashes(level: 0), index: 1, width: 44).sizes == 300..<301)
    #expect(Tile(.hashes(level: 1), index: 0, width: 2).sizes == 512..<768)
    for size in [1, 255, 256, 300, 511, 512, 65_535, 65_536, 70_000, 1 << 53 - 1] {
      for tile in Tile.partials(size: size) { #expect(tile.sizes.contains(size), "\(tile.path) of \(size)") }
    }
    // Whatever path somebody asks for, this is a number and no crash.
    for level in [6, 7, 8, 63] {
      for index in [0, 1, 1 << 45] { #expect(Tile(.hashes(level: level), index: index, width: 255).sizes.lowerBound >= 0) }
    }
  }

  @Test func aTileOfHashesIsExactlyItsHashes() throws {
    let hashes = (0..<3).map { MerkleTree.leafHash([$0]) }
    let (tile, bytes) = (Tile(.hashes(level: 0), index: 0, width: 3), Tile.bytes(of: hashes))
    #expect(try bytes.count == 96 && tile.hashes(parsing: bytes) == hashes)
    for count in [0, 31, 32, 95] {
      #expect(throws: CausewayError("ledger.tile_malformed")) { try tile.hashes(parsing: Array(bytes.prefix(count))) }
    }
    #expect(throws: CausewayError("ledger.tile_malformed")) { try tile.hashes(parsing: bytes + [0]) }
  }

  @Test func aBundleIsExactlyItsEntries() throws {
    let entries: [[UInt8]] = [[], [1, 2, 3], [UInt8](repeating: 7, count: 65_535), [0]]
    let (tile, bytes) = (Tile(.entries, index: 0, width: 4), EntryBundle.bytes(entries))
    #expect(Array(bytes.prefix(7)) == [0, 0, 0, 3, 1, 2, 3] && bytes[7] == 0xFF && bytes[8] == 0xFF)
    #expect(try tile.entries(parsing: bytes) == entries)
    for count in [0, 1, 2, 3, 4, 6, 7, 8, 9, 40_000, bytes.count - 1] {
      #expect(throws: CausewayError("ledger.tile_malformed"), "\(count)") { try tile.entries(parsing: Array(bytes.prefix(count))) }
    }
    for more in [[0], [0, 0], [0xFF]] as [[UInt8]] {
      #expect(throws: CausewayError("ledger.tile_malformed")) { try tile.entries(parsing: bytes + more) }
    }
    for width in [1, 3, 5, 256] {
      #expect(throws: CausewayError("ledger.tile_malformed")) { try Tile(.entries, index: 0, width: width).entries(parsing: bytes) }
    }
  }
}
