import Exchange
import JSONTree
import Journal
import Ledger
import Primitives
import Testing

@testable import Gateway

/// Quotas of partners (M-11): what is over them is asked to come again, and nothing of it is recorded.
@Suite struct PartnerQuotaTests {
  private static func world() async throws -> World {
    let world = try await World(["CN", "MY"])
    try await world.start("SG", settings: "quotas: [{partner: CN, messagesPerMinute: 5}]")
    return world
  }

  private static func received(_ world: World, from partner: String) async throws -> Int {
    try await world.sg.journal.read { reader throws(CausewayError) in
      var query = MessageQuery(direction: .inbound, states: [MessageState.recorded.rawValue], limit: 1000)
      query.partner = partner
      return try reader.messageGroups(query).reduce(0) { $0 + $1.count }
    }
  }

  /// A hundred times what a minute allows: all of it arrives in the end, each message once, at the pace of the quota; and another partner is
  /// served all the while as if nothing were.
  @Test func aFloodArrivesInTheEndAndHoldsUpNobody() async throws {
    let world = try await Self.world()
    let (cn, my) = (world.cn, world["MY"])
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<500 { group.addTask { try await cn.queue(number, in: "CN-SG") } }
      try await group.waitForAll()
    }
    let first = try await world.entries(at: "SG").count
    var (steps, others) = (0, 0)
    while try await cn.journal.read({ reader throws(CausewayError) in try reader.waitingDeliveries(of: cn) }) > 0, steps < 600 {
      while try await cn.deliverDue(to: "SG") > 0 {}
      let taken = try await Self.received(world, from: "CN")
      #expect(taken <= 5 + 5 * steps / 4, "no more than the quota of the minutes that have passed")
      if steps % 40 == 0 {
        let id = try #require(try await my.queue(steps, in: "MY-SG").first)
        #expect(try await my.deliverDue(to: "SG") == 1)
        #expect(try await world.message(id.text, at: "MY").state == "delivered")
        others += 1
      }
      world.clock.advance(seconds: 15)
      steps += 1
    }
    #expect(steps >= 395, "99 minutes and some")
    #expect(steps < 480, "and not much longer than the quota makes it")
    #expect(try await Self.received(world, from: "CN") == 500)
    let states = try await world.messages(at: "CN", MessageQuery(direction: .outbound, limit: 1000)).map(\.state)
    #expect(states == Array(repeating: "delivered", count: 500))
    let messages = try await world.messages(at: "SG", MessageQuery(direction: .inbound, limit: 1000))
    #expect(messages.count == 500 + others && Set(messages.map(\.clearance)).count == 500 + others && others >= 10)
    // Of what was turned away there is no trace but a count, on either side.
    #expect(try await world.entries(at: "SG").count - first == 500 + others)
    let (sender, receiver) = (await cn.metricsText(), await world.sg.metricsText())
    #expect(!sender.contains("gateway_delivery_failures_total"))
    let asked = try count("gateway_asked_to_wait_total{partner=\"SG\"}", in: sender)
    #expect(asked == (try count("gateway_quota_refusals_total{partner=\"CN\"}", in: receiver)))
    #expect(asked >= 100 && asked <= 16 * steps, "one round at most for each wait")
    #expect(!receiver.contains("partner=\"MY\""))
    for economy in ["CN", "SG"] { #expect(try await world.isSound(economy)) }
  }

  private func count(_ name: String, in metrics: String) throws -> Int {
    let line = try #require(metrics.split(separator: "\n").first { $0.hasPrefix(name + " ") }, "\(name)")
    return try #require(Int(line.dropFirst(name.count + 1)))
  }

  /// The twin: whoever stays within the quota never hears of it.
  @Test func withinTheQuotaNothingIsTurnedAway() async throws {
    let world = try await Self.world()
    for number in 0..<40 {
      try await world.cn.queue(number, in: "CN-SG")
      // A minute's worth at once, and then one in twelve seconds.
      if number >= 5 { world.clock.advance(seconds: 12) }
      #expect(try await world.cn.deliverDue(to: "SG") == 1)
      #expect(await world.cn.health()["partners"]?["SG"]?.string == "reachable")
    }
    #expect(try await Self.received(world, from: "CN") == 40)
    #expect(await !world.cn.metricsText().contains("gateway_asked_to_wait_total"))
    #expect(await !world.sg.metricsText().contains("gateway_quota_refusals_total"))
  }

  /// What a partner asks for is no failure: no attempt is counted, nothing is noted with the message, and one message asks whether it may go on.
  @Test func askedToWait() async throws {
    let world = try await Self.world()
    for number in 0..<8 { try await world.cn.queue(number, in: "CN-SG") }
    #expect(try await world.cn.deliverDue(to: "SG") == 8)
    let waiting = try await world.cn.journal.read { reader throws(CausewayError) in
      try reader.deliveries(channel: GatewayNode.channel(to: "SG"), dead: false, after: 0, limit: 10)
    }
    #expect(waiting.count == 3 && waiting.allSatisfy { $0.attempts == 0 && $0.lastError == nil && $0.due <= world.clock.now() })
    #expect(await world.cn.health()["partners"]?["SG"]?.string == "asks_to_wait")
    let metrics = await world.cn.metricsText()
    #expect(metrics.contains("gateway_partners_unreachable 0\n") && metrics.contains("gateway_partners_asking_to_wait 1\n"))
    world.clock.advance(seconds: 14)
    #expect(try await world.cn.deliverDue(to: "SG") == 0)
    world.clock.advance(seconds: 1)
    #expect(try await world.cn.deliverDue(to: "SG") == 1)
    #expect(await world.cn.health()["partners"]?["SG"]?.string == "reachable")
    // One that would get too old meanwhile is given up in time, as while a partner is out of reach.
    #expect(try await world.cn.deliverDue(to: "SG") == 2)
    world.clock.advance(seconds: 86_400 - 15)
    _ = try await world.cn.deliverDue(to: "SG")
    _ = try await world.cn.deliverDue(to: "SG")
    let states = try await world.messages(at: "CN").map(\.state)
    #expect(states.count { $0 == "delivered" } == 6 && states.count { $0 == "dead" } == 2)
  }

  /// A partner that asks for a year is heard for five minutes.
  @Test func aWaitHasAnEnd() throws {
    let settings = try World.configuration("CN").delivery
    #expect(settings.wait(asked: "31536000") == 300)
    #expect(settings.wait(asked: "7") == 7)
    #expect(settings.wait(asked: "0") == 1 && settings.wait(asked: nil) == 1)
  }

  @Test func quotasOfTheConfiguration() throws {
    let one = try World.configuration(
      "SG", settings: "quotas: [{messagesPerMinute: 7, megabytesPerMinute: 2}, {partner: CN, messagesPerMinute: 5}]")
    #expect(one.quota(of: "MY") == Quota(messagesPerMinute: 7, bytesPerMinute: 2 << 20))
    #expect(one.quota(of: "CN") == Quota(messagesPerMinute: 5, bytesPerMinute: 2 << 30))
    #expect(try World.configuration("SG").quota(of: "CN") == Quota(messagesPerMinute: 30_000, bytesPerMinute: 2 << 30))
  }
}

/// What is taken in and not delivered has a bound.
@Suite struct BacklogTests {
  @Test func nothingNewIsTakenInBeyondTheBound() async throws {
    let world = try await World(settings: "limits: {undeliveredMessages: 5}")
    world.line.fail { _ in .lost }
    var accepted: [Acknowledgement] = []
    for number in 1...5 { accepted.append(try await world.declare(number)) }
    let refusal = CausewayError("receive.backlog", facts: ["limit": "5", "seconds": "10"])
    for number in 6...8 { await #expect(throws: refusal) { try await world.declare(number) } }
    #expect(try await world.messages(at: "CN").count == 5, "nothing of it is kept")
    #expect(await world.cn.metricsText().contains("gateway_backlog_refusals_total{corridor=\"CN-SG\"} 3\n"))
    // It is the same later, as long as nothing is delivered; and what belongs to cases that were begun goes on.
    world.clock.advance(seconds: 60)
    await #expect(throws: refusal) { try await world.declare(6) }
    try await world.report("accepted", on: accepted[0].clearanceID, at: "CN")
    world.line.heal()
    try await world.run()
    for one in accepted { #expect(try await world.message(one.messageID, at: "CN").state == "delivered") }
    // Counted anew at most once a second.
    world.clock.advance(seconds: 1)
    let late = try await world.declare(6)
    try await world.run()
    #expect(try await world.message(late.messageID, at: "CN").state == "delivered")
  }

  /// The twin: as many as one likes, one after the other.
  @Test func whatIsDeliveredTakesNoPlace() async throws {
    let world = try await World(settings: "limits: {undeliveredMessages: 2}")
    for number in 1...8 {
      try await world.declare(number)
      try await world.run()
      world.clock.advance(seconds: 1)
    }
    #expect(try await world.messages(at: "SG", MessageQuery(direction: .inbound, limit: 100)).count { $0.kind == "declaration" } == 8)
    #expect(await !world.cn.metricsText().contains("gateway_backlog_refusals_total"))
  }

  @Test func eachCorridorHasABacklogOfItsOwn() {
    let backlog = Backlog()
    let now = Economies.start
    backlog.set("CN-SG", 1, at: now)
    backlog.set("CN-MY", 0, at: now)
    #expect(backlog.take("CN-SG", of: 2))
    #expect(!backlog.take("CN-SG", of: 2))
    #expect(backlog.take("CN-MY", of: 2))
    #expect(!backlog.take("CN-FR", of: 2), "not counted yet")
  }
}

/// One corridor's queue does not hold up another's.
@Suite struct FairShareTests {
  @Test func aLongQueueLeavesPlacesToOtherCorridors() async throws {
    let corridors = ["CN-SG", "MY-SG"].map { "{id: \($0), handsOver: sg.tradenet, shape: InPayment}" }.joined(separator: ", ")
    let world = try await World(["CN", "SG", "MY"], corridors: ["SG": "[\(corridors)]"])
    for number in 0..<80 { try await world.cn.queue(number, in: "CN-SG") }
    while try await world.cn.deliverDue(to: "SG") > 0 {}
    let late = try #require(try await world["MY"].queue(1, in: "MY-SG").first)
    #expect(try await world["MY"].deliverDue(to: "SG") == 1)
    _ = try await world.sg.translateRecorded()
    #expect(try await world.message(late.text, at: "SG").state != "recorded", "with the first of the others")
    let waiting = try await world.messages(at: "SG", MessageQuery(direction: .inbound, states: ["recorded"], limit: 100))
    #expect(waiting.count == 80 - 32 && waiting.allSatisfy { $0.partner == "CN" })
    // The twin: alone, a corridor has all the places, and each message goes once.
    while try await world.sg.translateRecorded() > 0 {}
    #expect(try await world.messages(at: "SG", MessageQuery(direction: .inbound, states: ["recorded"], limit: 100)).isEmpty)
  }
}
