import Foundation
import JSONTree
import Primitives
import TestSupport
import Testing

@testable import CausewayCLI

/// Two gateways of one economy on one PostgreSQL journal, and a partner with a file.
@Suite(.serialized, .oneAtATime) struct TwoNodesTests {
  /// Where the second node ends as if killed, one life after the other. The last life is ended at any moment.
  private static let deaths = [
    "outbound.received:2", "outbound.translated:2", "outbound.sealed:2", "outbound.recorded:2", "outbound.delivered:2",
    "outbound.receipted:2",
  ]

  /// Hands a declaration in at a node; when that is gone, at the other one, under the same key, as a single window behind a balancer does.
  private func declare(_ world: World, at node: DemoWorld.Site, number: Int) async throws -> (message: String, clearance: String) {
    let document = try World.declaration(number: number)
    do throws(CausewayError) {
      let answer = try await node.inside.call(
        "POST", "/v1/declarations?profile=cn.decmessage&corridor=CN-SG", headers: ["Idempotency-Key": "two-\(number)"], body: document)
      if let message = answer["messageId"]?.string, let clearance = answer["clearanceId"]?.string { return (message, clearance) }
    } catch {
      guard error.code == "deliver.unreachable" else { throw error }
    }
    return try await world.china.declare(document, key: "two-\(number)")
  }

  @Test func whatAKilledNodeHadBegunTheOtherFinishes() async throws {
    let name = "two-nodes-\(UUID().uuidString)"
    let world = try World(journal: try PostgresCluster.shared.database(name))
    defer {
      world.end()
      PostgresCluster.drop(name)
    }
    let second = try world.secondNode()
    try await world.startBoth()
    let tally = KillTests.Tally(gateways: 1)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        for death in Self.deaths {
          let node = try await world.start(second, stopAt: death)
          let deadline = ContinuousClock.now + .seconds(90)
          while node.isRunning, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(10)) }
          if node.isRunning { Issue.record("the second node did not reach \(death)") }
          node.kill()
          tally.count(death)
        }
        let last = try await world.start(second)
        try await Task.sleep(for: .milliseconds(500))
        last.kill()
        tally.finish()
      }
      for lane in 0..<3 {
        group.addTask {
          var number = lane
          while !tally.isFinished {
            let node = number.isMultiple(of: 2) ? second : world.cn
            tally.clear(try await world.clear(try await declare(world, at: node, number: number)))
            number += 3
          }
        }
      }
      group.addTask {
        while !tally.isFinished { try await world.singapore.takeDocuments() }
      }
      try await group.waitForAll()
    }
    try await world.quiet()
    print("deaths of the second node: \(tally.all.count + 1) over \(tally.cleared.count) clearances")
    try await world.expectOneEffect(tally.cleared)
  }

  /// A caller that waits at one node hears of what the other one has done, and long before it would look by itself.
  @Test func aNodeWakesTheOther() async throws {
    let name = "two-nodes-\(UUID().uuidString)"
    let world = try World(journal: try PostgresCluster.shared.database(name))
    defer {
      world.end()
      PostgresCluster.drop(name)
    }
    let second = try world.secondNode()
    try await world.startBoth()
    try await world.start(second)
    let ids = try await world.china.declare(try World.declaration(number: 1), key: "wake-1")
    // Only what is answered by the node that was not told: the request waits there until the message has gone through the steps.
    let view = try await PatientWindow(site: second).translated(ids.message)
    #expect(view["state"]?.string != "received")
    try await world.singapore.waitFor(ids.clearance, "import", "supplement_requested", "prefilled", "lodged")
    try await world.singapore.answerSupplement(ids.clearance)
    try await PatientWindow(site: second).report("accepted", on: ids.clearance, registrationID: "220120260000123456")
    try await world.china.waitFor(ids.clearance, "export", "accepted")
    try await world.singapore.report("accepted", on: ids.clearance, registrationID: "IG6L1234567")
    try await PatientWindow(site: second).report("released", on: ids.clearance)
    try await world.singapore.report("released", on: ids.clearance)
    for window in [world.china, PatientWindow(site: second), world.singapore] {
      try await window.waitFor(ids.clearance) { $0["outcome"]?.string == "concluded" }
    }
    try await world.quiet()
    try await world.expectOneEffect([ids.clearance])
  }
}
