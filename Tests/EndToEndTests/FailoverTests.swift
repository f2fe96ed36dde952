import Exchange
import Foundation
import JSONTree
import Journal
import Ledger
import Primitives
import Synchronization
import TestSupport
import Testing
import Trust

@testable import CausewayCLI

/// Two gateways of one economy on a PostgreSQL with a synchronous standby, under load: a gateway is killed, then the primary with everything it had begun, and the
/// standby takes its place. What was acknowledged is there, once.
@Suite(.serialized, .oneAtATime) struct FailoverTests {
  /// What is told while the lanes work.
  private final class Progress: Sendable {
    private let state = Mutex((cleared: [String](), isOver: false, outage: Duration.zero))

    var cleared: [String] { state.withLock { $0.cleared } }
    var isOver: Bool { state.withLock { $0.isOver } }
    func clear(_ id: String) { state.withLock { $0.cleared.append(id) } }
    func end() { state.withLock { $0.isOver = true } }
    /// The longest time until a node has acknowledged something again.
    var outage: Duration { state.withLock { $0.outage } }
    func serve(after outage: Duration) { state.withLock { $0.outage = max($0.outage, outage) } }

    /// Waits until so many more are through.
    func more(_ count: Int, _ what: String) async throws {
      let target = cleared.count + count
      let deadline = ContinuousClock.now + .seconds(240)
      while cleared.count < target {
        guard ContinuousClock.now < deadline else { throw CausewayError("deliver.timeout", facts: ["what": what]) }
        try await Task.sleep(for: .milliseconds(20))
      }
    }
  }

  /// Hands a declaration in at the one node or the other, under the same key, until one of them has acknowledged it.
  private func declare(
    _ number: Int, at nodes: [DemoWorld.Site]
  ) async throws -> (message: String, clearance: String) {
    let document = try World.declaration(number: number)
    let deadline = ContinuousClock.now + .seconds(240)
    for turn in 0... {
      do throws(CausewayError) {
        let answer = try await nodes[(number + turn) % nodes.count].inside.call(
          "POST", "/v1/declarations?profile=cn.decmessage&corridor=CN-SG", headers: ["Idempotency-Key": "failover-\(number)"],
          body: document)
        if let message = answer["messageId"]?.string, let clearance = answer["clearanceId"]?.string { return (message, clearance) }
        throw CausewayError("deliver.answer")
      } catch {
        guard PatientWindow.passing.contains(error.code), ContinuousClock.now < deadline else { throw error }
      }
      try await Task.sleep(for: .milliseconds(20))
    }
    throw CausewayError("deliver.answer")
  }

  @Test func nothingThatWasAcknowledgedIsLostWithThePrimary() async throws {
    let primary = try PostgresServer(settings: ["synchronous_standby_names=standby"])
    let standby = try PostgresServer(standbyOf: primary)
    // They end with the objects.
    defer { withExtendedLifetime((primary, standby)) {} }
    try primary.execute("CREATE DATABASE causeway", in: "postgres")
    let world = try World(
      journal: "postgresql://causeway@/causeway?host=\(primary.folder),\(standby.folder)&target_session_attrs=read-write")
    defer { world.end() }
    let second = try world.secondNode()
    try await world.startBoth()
    try await world.start(second)
    let nodes = [world.cn, second]
    let progress = Progress()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for lane in 0..<3 {
        group.addTask {
          var number = lane
          while !progress.isOver {
            progress.clear(try await world.clear(try await declare(number, at: nodes)))
            number += 3
          }
        }
      }
      group.addTask {
        while !progress.isOver { try await world.singapore.takeDocuments() }
      }
      group.addTask {
        defer { progress.end() }
        try await progress.more(2, "before anything")
        world.process(second)?.kill()
        try await progress.more(2, "with one node")
        try await world.start(second)
        try await progress.more(1, "with both nodes")
        #expect(try primary.execute("SELECT sync_state FROM pg_stat_replication", in: "postgres") == ["sync"])
        try primary.kill()
        try standby.promote()
        let promoted = ContinuousClock.now
        // Acknowledged by the new primary: with a commit of its own.
        for node in nodes {
          let ids = try await declare(node.folder == second.folder ? 900_001 : 900_000, at: [node])
          progress.serve(after: ContinuousClock.now - promoted)
          progress.clear(try await world.clear(ids))
        }
        try await progress.more(2, "after the promotion")
      }
      try await group.waitForAll()
    }
    print("service at both nodes \(progress.outage) after the promotion; \(progress.cleared.count) clearances")
    #expect(progress.outage < .seconds(60))
    try await world.quiet()
    try await world.expectOneEffect(progress.cleared)
    try await expectProvable(world)
    for node in nodes { #expect(world.process(node)?.isRunning == true) }
  }

  /// Every receipt that the partner holds says where the ledger has its message, and under which root: so it is.
  private func expectProvable(_ world: World) async throws {
    let receipts = try await world.journal(world.sg) { reader throws(CausewayError) in
      try reader.messages(MessageQuery(direction: .outbound, limit: 1000)).map { ($0.id, $0.receipt) }
    }
    #expect(!receipts.isEmpty)
    var claims: [(id: MessageID, index: Int, size: Int, root: [UInt8])] = []
    for (id, receipt) in receipts {
      let parts = String(decoding: try #require(receipt), as: UTF8.self).split(separator: ".", omittingEmptySubsequences: false)
      let content = try #require(Base64.decode(parts[1], .url))
      let position = try #require(try JSONValue.parse(content)["ledger"])
      let index = try #require(position["index"]?.int)
      let lines = try #require(position["checkpoint"]?.string).split(separator: "\n", omittingEmptySubsequences: false)
      let size = try #require(Int(lines[1]))
      let root = try #require(Base64.decode(lines[2], .standard))
      claims.append((id, index, size, root))
    }
    let held = try await world.journal(world.cn) { [claims] reader throws(CausewayError) in
      try claims.map { claim throws(CausewayError) in
        (
          try reader.entry(claim.index)?.draft.messageID,
          try MerkleTree.root(size: claim.size) { node throws(CausewayError) in try reader.existing(node) }.bytes
        )
      }
    }
    for (claim, (id, root)) in zip(claims, held) {
      #expect(claim.index < claim.size && id == claim.id)
      #expect(root == claim.root, "\(claim.id): the root of \(claim.size) entries")
    }
  }
}
