import Exchange
import Foundation
import JSONTree
import Journal
import Ledger
import Primitives
import Testing
import Trust

@testable import Gateway

/// A partner that rewrites its log with its real key; attack L-02. What convicts it is in its own tiles.
@Suite struct RewrittenLogTests {
  /// A log of Singapore's, signed with its real key: hashes only.
  private struct HashLog: Sendable {
    let signer: CheckpointSigner
    var nodes: [TreeNode: Digest] = [:]
    var tree = CompactTree()
    var notes: [Int: SignedCheckpoint] = [:]

    init() throws {
      let party = Economies.shared["SG"]
      signer = try CheckpointSigner(origin: party.origin, key: party.ledgerKey)
    }

    mutating func grow(to size: Int, _ history: String) throws {
      while tree.size < size {
        let (leaf, index) = (SHA256.hash("\(history) \(tree.size)"), tree.size)
        nodes[TreeNode(level: 0, index: index)] = leaf
        tree.append(leaf) { nodes[$0] = $1 }
        notes[tree.size] = try signer.sign(size: tree.size, root: tree.root)
      }
    }

    func tile(_ path: String) -> [UInt8]? {
      guard let tile = Tile(path: path), case .hashes = tile.content else { return nil }
      return (try? tile.hashes { nodes[$0] ?? SHA256.hash("") }).map(Tile.bytes(of:))
    }

    func request(from old: Int, to new: Int) throws -> [UInt8] {
      let proof = old == 0 ? [] : try ConsistencyProof(from: old, to: new) { nodes[$0]! }.hashes
      return WitnessRequest(oldSize: old, proof: proof, note: notes[new]!.note).bytes
    }
  }

  /// Sizes that are powers of two and others, in one tile and in several.
  @Test(arguments: [(1, 2), (2, 3), (3, 7), (4, 5), (8, 300), (7, 300), (256, 600), (257, 600), (255, 256)])
  func isConvicted(old: Int, new: Int) async throws {
    let world = try await World(registry: Economies.shared.witnessed)
    var (honest, rewritten) = (try HashLog(), try HashLog())
    try honest.grow(to: new, "true")
    try rewritten.grow(to: old - 1, "true")
    try rewritten.grow(to: new, "other")
    guard case .cosigned = try await world.cn.addCheckpoint(try honest.request(from: 0, to: old), from: "SG") else {
      Issue.record("the first is cosigned")
      return
    }
    let shown = rewritten
    world.line.show("SG") { shown.tile($0) }
    #expect(try await world.cn.addCheckpoint(try rewritten.request(from: old, to: new), from: "SG") == .inconsistent)
    let record = try #require(try await world.cn.fraudProofs().first)
    let proof = try FraudProof(parsing: record.note)
    #expect(proof.kind == .rewrite)
    #expect(try proof.verdict(keys: [honest.signer.verifierKey]) == .proven)
    // Its twin: the honest continuation at another gateway.
    let other = try await World(registry: Economies.shared.witnessed)
    _ = try await other.cn.addCheckpoint(try honest.request(from: 0, to: old), from: "SG")
    guard case .cosigned = try await other.cn.addCheckpoint(try honest.request(from: old, to: new), from: "SG") else {
      Issue.record("the continuation is cosigned")
      return
    }
    #expect(try await other.cn.fraudProofs().isEmpty)
  }

  /// It shows no tiles, or false ones: refused, and not convicted.
  @Test func isOnlyRefusedWithoutItsTiles() async throws {
    let world = try await World(registry: Economies.shared.witnessed)
    var (honest, rewritten) = (try HashLog(), try HashLog())
    try honest.grow(to: 8, "true")
    try rewritten.grow(to: 20, "other")
    _ = try await world.cn.addCheckpoint(try honest.request(from: 0, to: 8), from: "SG")
    let tiles: [@Sendable (String) -> [UInt8]?] = [
      { _ in [] }, { _ in [UInt8](repeating: 7, count: 32 * 20) }, { [honest] in honest.tile($0) },
    ]
    for shown in tiles {
      world.line.show("SG", shown)
      #expect(try await world.cn.addCheckpoint(try rewritten.request(from: 8, to: 20), from: "SG") == .inconsistent)
    }
    #expect(try await world.cn.fraudProofs().isEmpty)
    // Somebody else who asks does not have us read the log.
    let shown = rewritten
    world.line.show("SG") { shown.tile($0) }
    #expect(try await world.cn.addCheckpoint(try rewritten.request(from: 8, to: 20), from: "MY") == .inconsistent)
    #expect(try await world.cn.fraudProofs().isEmpty)
  }

  /// Every receipt was true by itself; together with what followed they are not.
  @Test func receiptsOfAnotherHistoryConvict() async throws {
    let world = try await World(registry: Economies.shared.witnessed)
    let partner = try #require(Economies.shared.witnessed.participant("SG"))
    var (honest, fork) = (try HashLog(), try HashLog())
    try honest.grow(to: 40, "true")
    try fork.grow(to: 12, "true")
    try fork.grow(to: 16, "other")
    func receive(_ checkpoint: SignedCheckpoint) async throws {
      _ = try await world.cn.journal.commit(
        Change(operations: [.putPeerCheckpoint(PeerCheckpointRecord(checkpoint, received: world.clock.now()))]))
    }
    let shown = honest
    world.line.show("SG") { shown.tile($0) }
    for size in [3, 8, 13] { try await receive(try #require(honest.notes[size])) }
    #expect(try await world.cn.watch(partner) == 3)
    #expect(try await world.cn.watch(partner) == 0)
    #expect(try await world.cn.fraudProofs().isEmpty)
    try await receive(try #require(fork.notes[16]))
    for size in [20, 40] { try await receive(try #require(honest.notes[size])) }
    world.line.cutOff(["SG"])
    #expect(try await world.cn.watch(partner) == 0)
    world.line.cutOff([])
    #expect(try await world.cn.watch(partner) == 3)
    let proofs = try await world.cn.fraudProofs()
    #expect(proofs.count == 1)
    #expect(try FraudProof(parsing: try #require(proofs.first).note).verdict(keys: [honest.signer.verifierKey]) == .proven)
    #expect(try await world.cn.watch(partner) == 0)
  }

  /// Receipts come in any order: one of another history that is smaller than what has been compared is not passed over.
  @Test func aLateReceiptOfAnotherHistoryConvicts() async throws {
    let world = try await World(registry: Economies.shared.witnessed)
    let partner = try #require(Economies.shared.witnessed.participant("SG"))
    var (honest, fork) = (try HashLog(), try HashLog())
    try honest.grow(to: 30, "true")
    try fork.grow(to: 16, "other")
    let shown = honest
    world.line.show("SG") { shown.tile($0) }
    func receive(_ checkpoint: SignedCheckpoint?) async throws {
      let record = PeerCheckpointRecord(try #require(checkpoint), received: world.clock.now())
      _ = try await world.cn.journal.commit(Change(operations: [.putPeerCheckpoint(record)]))
    }
    for size in [20, 30] { try await receive(honest.notes[size]) }
    #expect(try await world.cn.watch(partner) == 2)
    try await receive(honest.notes[12])
    #expect(try await world.cn.watch(partner) == 1)
    #expect(try await world.cn.fraudProofs().isEmpty)
    try await receive(fork.notes[16])
    #expect(try await world.cn.watch(partner) == 1)
    #expect(try await world.cn.fraudProofs().count == 1)
  }

  /// What it has cosigned of us does not matter here; what we cosigned of it does.
  @Test func receiptsThatContradictWhatWasCosignedConvict() async throws {
    let world = try await World(registry: Economies.shared.witnessed)
    let partner = try #require(Economies.shared.witnessed.participant("SG"))
    var (honest, fork) = (try HashLog(), try HashLog())
    try honest.grow(to: 10, "true")
    try fork.grow(to: 30, "other")
    _ = try await world.cn.addCheckpoint(try honest.request(from: 0, to: 10), from: "SG")
    for size in [20, 30] {
      let checkpoint = try #require(fork.notes[size])
      _ = try await world.cn.journal.commit(
        Change(operations: [.putPeerCheckpoint(PeerCheckpointRecord(checkpoint, received: world.clock.now()))]))
    }
    let shown = fork
    world.line.show("SG") { shown.tile($0) }
    #expect(try await world.cn.watch(partner) == 2)
    #expect(try await world.cn.fraudProofs().count == 1)
  }
}
