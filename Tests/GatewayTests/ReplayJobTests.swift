import Foundation
import JSONTree
import Journal
import Ledger
import Primitives
import Testing
import Trust

@testable import Gateway

/// Replays of many messages: page by page, and through everything that happens in between.
@Suite struct ReplayJobTests {
  private static let all = #"{"code": "deliver.no_receipt"}"#

  @Test func goesOnAfterARestart() async throws {
    let world = try await World(settings: FailureReplayTests.once)
    let dead = try await FailureReplayTests.dead(world, 1...150)
    let id = try #require(try await FailureReplayTests.start(world, Self.all)["id"]?.string)
    #expect(try await world.cn.runReplays() == 1)
    #expect(try await world.cn.replay(id, waitSeconds: 0, seen: nil)["processed"]?.int == 64)
    await world.stop("CN")
    try await world.start("CN", settings: FailureReplayTests.once)
    #expect(try await world.cn.replay(id, waitSeconds: 0, seen: nil)["state"]?.string == "running")
    try await world.run()
    world.clock.advance(seconds: 1)
    // What fails while it runs is not part of it.
    let late = try await FailureReplayTests.dead(world, 151...151)
    try await FailureReplayTests.settle(world)
    let job = try await world.cn.replay(id, waitSeconds: 0, seen: nil)
    #expect(job["state"]?.string == "done" && job["processed"]?.int == 150 && job["actions"]?["deliver"]?.int == 150)
    #expect(try await FailureReplayTests.inbound(world).count == 150)
    for declared in dead { #expect(try await world.message(declared.messageID, at: "CN").state == "delivered") }
    #expect(try await world.message(late[0].messageID, at: "CN").state == "dead")
    #expect(try await world.isSound("CN"))
  }

  @Test func pauseResumeAbort() async throws {
    let world = try await World(settings: FailureReplayTests.once)
    _ = try await FailureReplayTests.dead(world, 1...150)
    let id = try #require(try await FailureReplayTests.start(world, Self.all)["id"]?.string)
    _ = try await world.cn.runReplays()
    #expect(try await world.cn.control(replay: id, .pause, by: world.customs)["state"]?.string == "paused")
    #expect(try await world.cn.control(replay: id, .pause, by: world.customs)["state"]?.string == "paused", "once is enough")
    #expect(try await world.cn.runReplays() == 0, "nothing runs")
    try await FailureReplayTests.settle(world)
    #expect(try await FailureReplayTests.inbound(world).count == 64, "what was put back goes on")
    #expect(try await world.cn.control(replay: id, .resume, by: world.customs)["state"]?.string == "running")
    _ = try await world.cn.runReplays()
    #expect(try await world.cn.control(replay: id, .abort, by: world.customs)["state"]?.string == "aborted")
    for control in [GatewayNode.ReplayControl.pause, .resume] {
      await #expect(throws: CausewayError("replay.state")) { try await world.cn.control(replay: id, control, by: world.customs) }
    }
    try await world.run()
    try await FailureReplayTests.settle(world)
    #expect(try await FailureReplayTests.inbound(world).count == 128)
    #expect(try await world.cn.failures(FailureFilter())["messages"]?.int == 22)
    let entries = try await world.entries(at: "CN").map(\.draft).filter { $0.kind.hasPrefix("replay.") }
    #expect(entries.map(\.kind) == ["replay.started", "replay.paused", "replay.resumed", "replay.aborted"])
    #expect(entries.allSatisfy { $0.actor == "customs" && $0.extra["replay"]?.string == id })
  }

  /// Two processes at the same journal do each page once.
  @Test func twoAtATime() async throws {
    let world = try await World(settings: FailureReplayTests.once)
    _ = try await FailureReplayTests.dead(world, 1...150)
    _ = try await FailureReplayTests.start(world, Self.all)
    let cn = world.cn
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<4 { group.addTask { for _ in 0..<6 { _ = try? await cn.runReplays() } } }
    }
    try await FailureReplayTests.settle(world)
    let replayed = try await world.entries(at: "CN").map(\.draft).filter { $0.kind == "message.replayed" }
    #expect(replayed.count == 150 && Set(replayed.compactMap(\.messageID)).count == 150)
    let job = try await world.cn.replays()["replays"]?.array?.first
    #expect(job?["processed"]?.int == 150 && job?["state"]?.string == "done")
    #expect(try await FailureReplayTests.inbound(world).count == 150)
  }

  /// While much is under way a replay puts nothing more back.
  @Test func waitsForTheOutbox() async throws {
    let world = try await World(settings: FailureReplayTests.once)
    _ = try await FailureReplayTests.dead(world, 1...1)
    for number in 2...257 { try await world.declare(number) }
    _ = try await FailureReplayTests.start(world, Self.all)
    #expect(try await world.cn.runReplays() == 0)
    _ = try await world.cn.deliverDue()
    #expect(try await world.cn.runReplays() == 1)
  }

  /// Many messages of three causes, in small; `CAUSEWAY_REPLAYS=10000` is the whole of it. Zero double effects.
  @Test func threeCauses() async throws {
    let count = ProcessInfo.processInfo.environment["CAUSEWAY_REPLAYS"].flatMap { Int($0) } ?? 60
    let share = count / 3
    let world = try await World(settings: FailureReplayTests.once)
    let cn = world.cn
    // Taken by the partner, the answer lost.
    world.line.fail { _ in .answerLost }
    var taken: [Acknowledgement] = []
    for number in 1...share {
      taken.append(try await world.declare(number))
      _ = try await FailureReplayTests.tryAll(world)
    }
    world.line.heal()
    FailureReplayTests.forgetFailures(world)
    // Never sent, and expired as those before.
    var late: [Acknowledgement] = []
    for number in share + 1...2 * share { late.append(try await world.declare(number)) }
    world.clock.advance(seconds: 3600)
    while try await cn.deliverDue() > 0 {}
    // Refused by a gateway on which the corridor was not configured.
    let lacking = try FailureReplayTests.lacking(world)
    var refused: [Acknowledgement] = []
    for number in 2 * share + 1...3 * share {
      let submission = Submission(
        body: Economies.declaration(number), profile: nil, corridor: "CN-SG", ucr: nil, clearanceID: nil, idempotencyKey: nil)
      refused.append(try await cn.submit(submission, by: world.customs))
    }
    while try await lacking.translateReceived() > 0 {}
    let groups = try await cn.failures(FailureFilter())["failures"]?.array ?? []
    #expect(Set(groups.map { $0["code"]?.string }) == ["deliver.no_receipt", "deliver.expired", "receive.corridor_unknown"])
    #expect(groups.allSatisfy { $0["count"]?.int == share })
    let preview = try await FailureReplayTests.start(world, #"{"dryRun": true, "partner": "SG"}"#)
    #expect(preview["actions"]?["ask"]?.int == 2 * share && preview["actions"]?["translate"]?.int == share)
    #expect(preview["selected"]?.int == 3 * share)
    let id = try #require(try await FailureReplayTests.start(world, #"{"partner": "SG"}"#)["id"]?.string)
    var seen = -1
    while true {
      let job = try await world.cn.replay(id, waitSeconds: 0, seen: nil)
      let processed = try #require(job["processed"]?.int)
      #expect(processed >= seen)
      seen = processed
      guard job["state"]?.string == "running" else { break }
      _ = try await world.cn.runReplays()
      try await world.run()
    }
    #expect(seen == 3 * share)
    // Each declaration has taken effect at the partner once, under its own id or that of its one successor.
    let inbound = try await allInbound(world)
    #expect(inbound.count == 3 * share && Set(inbound.map(\.clearance)).count == inbound.count)
    for declared in taken + refused { #expect(try await world.message(declared.messageID, at: "CN").state == "delivered") }
    for declared in late {
      let successor = try #require(try await cn.message(declared.messageID, waitSeconds: 0)["replayedBy"]?.string)
      #expect(try await world.message(successor, at: "CN").state == "delivered")
    }
    #expect(try await world.cn.failures(FailureFilter())["messages"]?.int == 0)
    for economy in ["CN", "SG"] { #expect(try await world.isSound(economy)) }
  }

  private func allInbound(_ world: World) async throws -> [MessageRecord] {
    var all: [MessageRecord] = []
    while true {
      let page = try await world.messages(at: "SG", MessageQuery(direction: .inbound, after: all.last?.position, limit: 1000))
      if page.isEmpty { return all.filter { $0.kind == "declaration" && $0.state != MessageState.turnedAway.rawValue } }
      all += page
    }
  }

  /// What died for reasons of the way goes again when the partner answers, where the configuration says so.
  @Test func whenThePartnerReturns() async throws {
    let settings = """
      delivery: {attempts: 1, expirySeconds: 7200, longestRetrySeconds: 60}
      replay: {whenPartnerReturns: [deliver.no_receipt]}
      """
    let world = try await World(settings: settings)
    let dead = try await FailureReplayTests.dead(world, 1...3)
    let partner = try #require(world.cn.registry.participant("SG"))
    world.line.cutOff(["SG"])
    #expect(try await world.cn.replayWhenBack(partner) == 0, "just given up")
    world.clock.advance(seconds: 60)
    #expect(try await world.cn.replayWhenBack(partner) == 0, "it does not answer")
    world.line.cutOff([])
    #expect(try await world.cn.replayWhenBack(partner) == 1)
    #expect(try await world.cn.replayWhenBack(partner) == 0, "one is running")
    try await FailureReplayTests.settle(world)
    for declared in dead { #expect(try await world.message(declared.messageID, at: "CN").state == "delivered") }
    let started = try #require(try await world.entries(at: "CN").map(\.draft).first { $0.kind == "replay.started" })
    #expect(started.actor == "CN")
    #expect(try await world.cn.replayWhenBack(partner) == 0)
    let silent = try await World(settings: FailureReplayTests.once)
    _ = try await FailureReplayTests.dead(silent, 1...1)
    silent.clock.advance(seconds: 3600)
    #expect(try await silent.cn.replayWhenBack(partner) == 0, "no rule")
  }

  @Test func rulesThatAreNone() {
    for text in ["replay: {}", "replay: {whenPartnerReturns: [verify.expired]}", "replay: {whenPartnerReturns: deliver.no_receipt}"] {
      #expect(throws: CausewayError.self, "\(text)") { try World.configuration("CN", settings: text) }
    }
  }
}
