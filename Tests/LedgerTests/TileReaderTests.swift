import Foundation
import Ledger
import Primitives
import TestSupport
import Testing
import Trust

/// attacks L-06 and L-18: whatever a log's resources say, only what leads to the believed root is handed out.
@Suite struct TileReaderTests {
  @Test(arguments: [0, 1, 2, 255, 256, 257, 300, 512, 700]) func aLogIsReadWhole(_ size: Int) throws {
    let entries = TiledLog.short(size)
    let log = try TiledLog(entries)
    var nodes: [TreeNode: Digest] = [:]
    var tree = CompactTree()
    for (index, entry) in entries.enumerated() {
      nodes[TreeNode(level: 0, index: index)] = MerkleTree.leafHash(entry)
      tree.append(MerkleTree.leafHash(entry)) { nodes[$0] = $1 }
    }
    #expect(tree == log.tree)
    var reader = try log.reader()
    #expect(try (0..<(size + 255) / 256).flatMap { try reader.bundle($0) } == entries)
    for (node, hash) in nodes {
      #expect(try reader.node(node) == hash)
    }
    // Tiles made from stored subtrees are the same bytes.
    for (path, bytes) in log.files {
      guard let tile = Tile(path: path), tile.content != .entries else { continue }
      #expect(try Tile.bytes(of: tile.hashes { nodes[$0]! }) == bytes, "\(path)")
    }
    for index in stride(from: 0, to: size, by: 37) {
      let proof = try reader.inclusionProof(index: index)
      try MerkleTree.verifyInclusion(
        leaf: MerkleTree.leafHash(entries[index]), index: index, size: size, proof: proof.hashes, root: tree.root)
    }
    for old in [1, 2, 128, 255, 256, 300, 511, 512] where old <= size {
      let oldRoot = MerkleTree.root(of: entries.prefix(old).map { MerkleTree.leafHash($0) })
      #expect(try reader.root(size: old) == oldRoot)
      let proof = try reader.consistencyProof(from: old)
      try MerkleTree.verifyConsistency(oldSize: old, newSize: size, oldRoot: oldRoot, newRoot: tree.root, proof: proof.hashes)
    }
    for node in [
      TreeNode(level: 0, index: size), TreeNode(level: 53, index: 0), TreeNode(level: 0, index: -1), TreeNode(level: 10, index: 0),
    ] {
      #expect(throws: CausewayError("ledger.proof_index")) { try reader.node(node) }
    }
    #expect(throws: CausewayError("ledger.proof_index")) { try reader.bundle((size + 255) / 256) }
  }

  /// Three levels of tiles.
  @Test func aLargeLogIsReadInTheMiddle() throws {
    let entries = TiledLog.short(65_536 + 256 + 7)
    let log = try TiledLog(entries)
    #expect(log.files.keys.contains("tile/2/000.p/1") && log.files.keys.contains("tile/1/000") && log.files.keys.contains("tile/1/001.p/1"))
    var reader = try log.reader()
    #expect(reader.tiles(forBundle: 77).map(\.path) == ["tile/entries/077", "tile/0/077", "tile/1/000"])
    #expect(try reader.bundle(77) == Array(entries[77 * 256..<78 * 256]))
    #expect(reader.tiles(forBundle: 78).map(\.path) == ["tile/entries/078", "tile/0/078"], "what is verified is not fetched again")
    #expect(reader.tiles(forBundle: 257).map(\.path) == ["tile/entries/257.p/7"])
    #expect(try reader.root(size: 40_000) == MerkleTree.root(of: entries.prefix(40_000).map { MerkleTree.leafHash($0) }))
  }

  @Test(arguments: [(0, 5), (1, 256), (255, 257), (256, 300), (300, 301), (300, 700), (511, 1030)])
  func aLogGoesOnWhereItEnded(_ old: Int, _ new: Int) throws {
    let entries = TiledLog.short(new)
    var grown = try TiledLog(entries.prefix(old))
    var reader = try grown.reader()
    var builder = try TileBuilder(continuing: &reader)
    let untouched = grown.files.filter { Tile(path: $0.key)?.isFull == true }
    for entry in entries.dropFirst(old) {
      try builder.append(entry) { tile, bytes in
        #expect(untouched[tile.path] == nil, "a full tile is written once")
        grown.files[tile.path] = bytes
      }
    }
    try builder.writePartials { grown.files[$0.path] = $1 }
    let whole = try TiledLog(entries)
    #expect(builder.tree == whole.tree)
    for (path, bytes) in whole.files { #expect(grown.files[path] == bytes, "\(path)") }
  }

  /// A log may delete a partial tile once the full one is there.
  @Test func aPartialTileThatIsGoneIsTakenFromTheFullOne() throws {
    let entries = TiledLog.short(600)
    let (old, now) = (try TiledLog(entries.prefix(300)), try TiledLog(entries))
    let files = now.files.merging(old.files.filter { $0.key.hasPrefix("tile/1/") }) { new, _ in new }
    var reader = try TileReader(size: 300, root: old.tree.root) { files[$0.path] }
    #expect(try reader.bundle(1) == Array(entries[256..<300]))
    #expect(try reader.node(TreeNode(level: 2, index: 70)) == MerkleTree.root(of: entries[280..<284].map { MerkleTree.leafHash($0) }))
    // At the level above there is no full tile: the partial one has to be there.
    let without = files.filter { $0.key != "tile/1/000.p/2" }
    let error = #expect(throws: CausewayError("ledger.tile_missing")) {
      try TileReader(size: 600, root: now.tree.root) { without[$0.path] }
    }
    #expect(error?.problems[0].facts["path"] == "tile/1/000.p/2")
  }

  @Test func nothingAlteredIsHandedOut() throws {
    let entries = TiledLog.short(300)
    let log = try TiledLog(entries)
    var refused = 0
    for (path, bytes) in log.files.sorted(by: { $0.key < $1.key }) {
      var variants: [[UInt8]] = stride(from: 0, to: bytes.count, by: max(1, bytes.count / 61)).map { position in
        var changed = bytes
        changed[position] ^= 1 << UInt8(position % 8)
        return changed
      }
      variants += [[], Array(bytes.dropLast()), Array(bytes.dropLast(32)), bytes + [0], Array(bytes.reversed())]
      for variant in variants {
        var changed = log
        changed.files[path] = variant
        let isRefused: Bool
        do {
          var reader = try changed.reader()
          for (index, range) in [0..<256, 256..<300].enumerated() { try #require(try reader.bundle(index) == Array(entries[range])) }
          isRefused = false
        } catch let error as CausewayError {
          isRefused = ["ledger.tile_malformed", "ledger.tile_mismatch"].contains(error.code)
        }
        #expect(isRefused, "\(path)")
        refused += isRefused ? 1 : 0
      }
    }
    #expect(refused > 300)
    #expect(throws: CausewayError("ledger.tile_mismatch")) {
      try TileReader(size: 300, root: MerkleTree.emptyRoot) { log.files[$0.path] }
    }
    #expect(throws: CausewayError("ledger.tile_missing")) { try TileReader(size: 301, root: log.tree.root) { log.files[$0.path] } }
    #expect(throws: CausewayError("ledger.proof_mismatch")) { try TileReader(size: 0, root: log.tree.root) { log.files[$0.path] } }
    #expect(throws: CausewayError("ledger.proof_index")) { try TileReader(size: -1, root: log.tree.root) { log.files[$0.path] } }
  }

  // Runs only where the published vectors lie beside the repository. A growing log written by transparency-dev/tessera.
  @Test(.enabled(if: SharedData.has("vectors/tlog"))) func anotherImplementationsLogIsReadAtEverySize() throws {
    let folder = "vectors/tlog/tessera-log/testdata/log/"
    let key = try VerifierKey(parsing: "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx")
    for size in 0...15 {
      let signed = try SignedCheckpoint.verify(
        try SharedData.bytes(folder + "checkpoint.\(size)"), origin: "example.com/log/testdata", keys: [key])
      var reader = try TileReader(size: signed.size, root: signed.root) { try? SharedData.bytes(folder + $0.path) }
      #expect(signed.size == size)
      guard size > 0 else { continue }
      let entries = try reader.bundle(0)
      #expect(entries.count == size)
      // Written again, it is the same log.
      let copy = try TiledLog(entries)
      for (path, bytes) in copy.files {
        #expect(try SharedData.bytes(folder + path) == bytes, "\(path)")
      }
      #expect(copy.files.count == 2 && copy.tree.root == signed.root)
    }
  }

  // Runs only where the published vectors lie beside the repository. Tiles of a mirror kept by sunlight, a full one among them; its checkpoint
  // has no signature of the log's, so that its root is taken as it is, and its bundles are no entries.
  @Test(.enabled(if: SharedData.has("vectors/tlog"))) func anotherImplementationsFullTilesAreRead() throws {
    let files = SharedData.files("vectors/tlog/sunlight-skylight/cmd/skylight/testdata/witness/mirror")
    let folder = String(try #require(files.first { $0.hasSuffix("/tile/1/000.p/1") }).dropLast("tile/1/000.p/1".count))
    let checkpoint = try Checkpoint(parsing: try SignedNote(parsing: try SharedData.bytes(folder + "checkpoint")).text)
    #expect(checkpoint.size == 300)
    var reader = try TileReader(size: checkpoint.size, root: checkpoint.root) { try? SharedData.bytes(folder + $0.path) }
    let leaves = try (0..<300).map { try reader.node(TreeNode(level: 0, index: $0)) }
    #expect(MerkleTree.root(of: leaves) == checkpoint.root)
    for index in [0, 100, 255, 256, 299] {
      let proof = try reader.inclusionProof(index: index)
      try MerkleTree.verifyInclusion(leaf: leaves[index], index: index, size: 300, proof: proof.hashes, root: checkpoint.root)
    }
    for index in 0...1 { #expect(throws: CausewayError("ledger.tile_malformed")) { try reader.bundle(index) } }
  }
}
