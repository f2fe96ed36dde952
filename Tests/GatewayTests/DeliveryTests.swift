import Exchange
import JSONTree
import Journal
import JournalSQLite
import Ledger
import Primitives
import Synchronization
import Testing
import Translation
import Trust

@testable import Gateway

@Suite struct DeliveryTests {
  /// Each pause lies between half of and the whole ceiling, which doubles up to the longest pause.
  @Test func backoffGrowsWithJitter() async throws {
    let world = try await World(settings: "delivery: {firstRetrySeconds: 2, longestRetrySeconds: 20, attempts: 12}")
    let declared = try await world.declare()
    world.line.fail { _ in .lost }
    var pauses: Set<Int64> = []
    for attempt in 0..<11 {
      #expect(try await world.cn.deliverDue() == 1)
      let delivery = try #require(try await world.delivery(of: declared.messageID, at: "CN"))
      #expect(delivery.attempts == attempt + 1)
      #expect(delivery.lastError == "deliver.no_receipt")
      let pause = delivery.due.milliseconds - world.clock.now().milliseconds
      let ceiling = Int64(min(20, 2 << attempt)) * 1000
      #expect((ceiling / 2...ceiling).contains(pause), "attempt \(attempt): \(pause) ms")
      pauses.insert(pause)
      #expect(try await world.cn.deliverDue() == 0, "not before it is due")
      world.clock.advance(seconds: 20)
    }
    #expect(pauses.count > 5, "pauses are spread")
    #expect(try await world.message(declared.messageID, at: "CN").state == "sealed")
    _ = try await world.cn.deliverDue()
    #expect(try #require(try await world.delivery(of: declared.messageID, at: "CN")).isDead)
    world.clock.advance(seconds: 3600)
    #expect(try await world.cn.deliverDue() == 0)
    let view = try await world.cn.message(declared.messageID, waitSeconds: 0)
    #expect(view["state"]?.string == "dead")
    #expect(view["reason"]?.string == "deliver.no_receipt")
    let metrics = await world.cn.metricsText()
    #expect(metrics.contains("gateway_outbox_dead 1\n"))
    #expect(metrics.contains("gateway_outbox_waiting 0\n"))
    #expect(metrics.contains("gateway_delivery_failures_total{code=\"deliver.no_receipt\"} 12\n"))
  }

  /// What was put off by a clock that ran ahead goes when the clock is right again, not only when the time has come round.
  @Test func aClockThatWasSetBackKeepsNothingWaiting() async throws {
    let world = try await World(settings: "delivery: {firstRetrySeconds: 2, longestRetrySeconds: 20}")
    let declared = try await world.declare()
    world.clock.advance(seconds: 7200)
    world.line.fail { _ in .lost }
    for _ in 0..<CircuitBreaker.threshold {
      #expect(try await world.cn.deliverDue() == 1)
      world.clock.advance(seconds: 20)
    }
    #expect(!world.cn.circuits["SG"].isClosed)
    world.line.fail { _ in nil }
    world.clock.advance(seconds: -7200)
    #expect(try await world.cn.deliverDue() == 1)
    #expect(try await world.message(declared.messageID, at: "CN").state == "delivered")
    #expect(world.cn.circuits["SG"].isClosed)
  }

  @Test func expiredMessageIsDeadAndNotSent() async throws {
    let world = try await World(settings: "delivery: {expirySeconds: 60}")
    let declared = try await world.declare()
    world.clock.advance(seconds: 60)
    _ = try await world.cn.deliverDue()
    #expect(world.line.sent.isEmpty)
    #expect(try await world.message(declared.messageID, at: "CN").state == "dead")
    #expect(try await world.message(declared.messageID, at: "CN").reason == "deliver.expired")
    // The ledger says so, and the local single window is told.
    let entry = try #require(try await world.entries(at: "CN").last?.draft)
    #expect(entry.kind == "message.expired" && entry.reasons == ["deliver.expired"])
    #expect(entry.messageID?.text == declared.messageID)
    let item = try #require(try await world.cn.inboxItems(after: 0, limit: 10).first)
    #expect(item.record.kind == "expiry")
    let notice = try valid(try #require(item.payload).bytes).declaration
    #expect(notice.text("Status.Code").isEmpty, "nothing is said of the partner's side")
    #expect(notice.text("Status.EconomyCode") == "CN")
    let view = try await world.cn.message(declared.messageID, waitSeconds: 0)
    #expect(view["problems"]?["outcome"]?.string == "expired")
    #expect(view["problems"]?["reasons"]?.array?.first?["code"]?.string == "deliver.expired")
    #expect(try await world.clearance(declared.clearanceID, at: "CN").import == nil)
    let other = try await world.declare(2)
    world.clock.advance(seconds: 59)
    try await world.run()
    #expect(try await world.message(other.messageID, at: "CN").state == "delivered")
  }

  /// A message that fails holds up only what comes after it in its own case.
  @Test func oneCaseDoesNotHoldUpAnother() async throws {
    let world = try await World()
    let bad = try await world.declare(1)
    let good = try await world.declare(2)
    try await world.report("accepted", on: bad.clearanceID, at: "CN")
    let id = bad.clearanceID
    world.line.fail { $0.header.clearance.text == id ? .lost : nil }
    for _ in 0..<3 {
      _ = try await world.cn.deliverDue()
      world.clock.advance(seconds: 10)
    }
    #expect(try await world.message(good.messageID, at: "CN").state == "delivered")
    #expect(world.line.sent.filter { $0.envelope.header.clearance.text == id }.allSatisfy { $0.envelope.header.sequence == 1 })
  }

  /// A stopped journal takes nothing over and promises nothing; the partner keeps its message.
  @Test func faultedJournalAcceptsNothing() async throws {
    let world = try await World()
    let first = try await world.declare(1)
    try await world.run()
    let waiting = try await world.declare(2)
    await world.stop("SG")
    let store = try SQLiteStore(path: world.path("SG") + "/journal.sqlite")
    // An entry is lost from under the head.
    try await store.write { transaction throws(CausewayError) in
      var head = try transaction.ledgerHead()
      head.lastHash = SHA256.hash([1])
      try transaction.save(head)
    }
    await store.close()
    try await world.start("SG")
    #expect(await world.sg.health()["status"]?.string == "faulted")
    let envelope = ReceivedEnvelope(try await world.envelope(of: waiting.messageID))
    await #expect(throws: CausewayError("journal.faulted")) { try await world.line.carry(envelope, from: "CN", to: "SG") }
    _ = try await world.cn.deliverDue()
    #expect(try await world.message(waiting.messageID, at: "CN").state == "sealed")
    // What was receipted before is still answered: reading goes on.
    let known = ReceivedEnvelope(try await world.envelope(of: first.messageID))
    #expect(try content(of: try await world.line.carry(known, from: "CN", to: "SG"))["outcome"]?.string == "accepted")
    #expect(await world.cn.health()["status"]?.string == "ok")
  }

  /// When it cannot be written down that a delivery failed, the worker is told: it would otherwise try again at once, for ever.
  @Test func failureThatCannotBeWrittenDown() async throws {
    let world = try await World()
    try await world.declare()
    let cn = world.cn
    // The journal stops between the attempt and the note of it.
    let node = try GatewayNode(
      configuration: cn.configuration, registry: cn.registry, profiles: cn.profiles, policies: Economies.shared.policies,
      journal: cn.journal,
      signer: cn.signer, partners: StoppingPartner(journal: cn.journal), webhooks: world.webhooks, clock: world.clock, logger: cn.logger)
    await #expect(throws: CausewayError("journal.closed")) { try await node.deliverDue(to: "SG") }
  }

  private struct StoppingPartner: PartnerTransport {
    let journal: Journal

    func send(_ envelope: SealedEnvelope, to partner: Participant) async throws(CausewayError) -> String {
      await journal.close()
      throw CausewayError("deliver.no_receipt")
    }

    func ask(_ method: String, _ path: String, body: [UInt8]?, of partner: Participant) async throws(CausewayError) -> PartnerAnswer {
      throw CausewayError("deliver.unreachable")
    }
  }

  /// What can never be done is set aside with its reason and does not come again; the others are done.
  @Test func poisonedMessageIsSetAside() async throws {
    let world = try await World()
    let now = world.clock.now()
    let outbound = MessageRecord(
      id: SecureRandom.messageID(at: now), direction: .outbound, clearance: "00112233445566778899aabbccddeeff", kind: "declaration",
      corridor: "CN-SG",
      partner: "SG", state: "received", created: now)
    let inbound = MessageRecord(
      id: SecureRandom.messageID(at: now), direction: .inbound, clearance: "00112233445566778899aabbccddeeff", kind: "declaration",
      corridor: "CN-SG",
      partner: "CN", state: "recorded", created: now)
    _ = try await world.cn.journal.commit(Change(operations: [.putMessage(outbound, expecting: .absent)]))
    _ = try await world.sg.journal.commit(Change(operations: [.putMessage(inbound, expecting: .absent)]))
    let declared = try await world.declare()
    try await world.run()
    #expect(try await world.message(declared.messageID, at: "CN").state == "delivered")
    for (economy, id) in [("CN", outbound.id), ("SG", inbound.id)] {
      let message = try await world.message(id.text, at: economy)
      #expect(message.state == "dead")
      #expect(message.reason == "journal.not_found")
    }
    #expect(try await world.sg.translateRecorded() == 0)
  }

  /// A partner that cannot be reached is left alone, and asked with one message whether it is back; then everything goes.
  @Test func circuitBreaker() async throws {
    let world = try await World(settings: "delivery: {firstRetrySeconds: 2, longestRetrySeconds: 20}")
    for number in 1...8 { try await world.declare(number) }
    world.line.fail { _ in .lost }
    #expect(try await world.cn.deliverDue(to: "SG", limit: 5) == 5)
    #expect(await world.cn.health()["partners"]?["SG"]?.string == "unreachable")
    #expect(await world.cn.metricsText().contains("gateway_partners_unreachable 1\n"))
    let tried = world.line.sent.count
    #expect(try await world.cn.deliverDue(to: "SG") == 0)
    #expect(world.line.sent.count == tried)
    world.clock.advance(seconds: 20)
    #expect(try await world.cn.deliverDue(to: "SG") == 1, "one is tried")
    #expect(world.line.sent.count == tried + 1)
    world.line.heal()
    world.clock.advance(seconds: 20)
    #expect(try await world.cn.deliverDue(to: "SG") == 1)
    #expect(await world.cn.health()["partners"]?["SG"]?.string == "reachable")
    try await world.run()
    for message in try await world.messages(at: "CN", MessageQuery(direction: .outbound, limit: 100)) {
      #expect(message.state == "delivered")
    }
  }

  /// A refusal is an answer: the partner is there.
  @Test func refusalsOpenNoCircuit() async throws {
    let world = try await World()
    for number in 1...8 { try await world.declare(number) }
    world.line.fail { _ in .changed { $0.with(signature: String($0.signature.dropLast(4)) + "AAAA") } }
    #expect(try await world.cn.deliverDue(to: "SG") == 8)
    #expect(await world.cn.health()["partners"]?["SG"]?.string == "reachable")
    let messages = try await world.messages(at: "CN", MessageQuery(direction: .outbound, limit: 100))
    #expect(messages.allSatisfy { $0.state == "refused_by_partner" })
  }

  /// Outside of its windows nothing is sent to a partner, and nothing counts as a failure.
  @Test func serviceWindows() async throws {
    // The world begins on Saturday, 21 November 2026, at 09:00 UTC.
    let window = try #require(ServiceWindow(days: [.saturday], start: 10 * 60, end: 11 * 60))
    let world = try await World(
      settings: "delivery: {expirySeconds: 7200}", registry: try Economies.shared.registry(servedBy: "SG", in: [window]))
    let first = try await world.declare(1)
    #expect(try await world.cn.deliverDue() == 0)
    #expect(world.line.sent.isEmpty)
    let waiting = try #require(try await world.delivery(of: first.messageID, at: "CN"))
    #expect(waiting.attempts == 0 && waiting.lastError == nil && waiting.due == Economies.start)
    #expect(await world.cn.health()["partners"]?["SG"]?.string == "closed")
    world.clock.advance(seconds: 3600)
    #expect(try await world.cn.deliverDue() == 1)
    #expect(try await world.message(first.messageID, at: "CN").state == "delivered")
    world.clock.advance(seconds: 3600)
    let second = try await world.declare(2)
    #expect(try await world.cn.deliverDue() == 0, "the end is not contained")
    #expect(world.line.sent.count == 1)
    // What expires while the partner is closed expires.
    world.clock.advance(seconds: 7200)
    #expect(try await world.cn.deliverDue() == 1)
    #expect(try await world.message(second.messageID, at: "CN").reason == "deliver.expired")
    #expect(world.line.sent.count == 1)
  }

  /// What belongs to a class of the corridor's goes first, but never before what is in front of it in its own clearance.
  @Test func priorityClasses() async throws {
    let rules =
      "[{element: Declaration.LRN, startsWith: [I20260000000000007], priority: 5}, {element: Commodity.HS6, startsWith: [03], priority: 9}]"
    let corridors =
      "[{id: CN-SG, policy: cn-sg-clearance, accepts: [cn.decmessage], acceptsStatus: [uncefact.cdar.json], priorities: \(rules)}]"
    let world = try await World(corridors: ["CN": corridors])
    let first = try await world.declare(1)
    world.clock.advance(seconds: 1)
    let urgent = try await world.declare(7)
    let amendment = try await world.amend(first.clearanceID, 7)
    #expect(try #require(try await world.delivery(of: urgent.messageID, at: "CN")).priority == 5)
    #expect(try #require(try await world.delivery(of: first.messageID, at: "CN")).priority == 0)
    #expect(try #require(try await world.delivery(of: amendment.messageID, at: "CN")).priority == 5)
    for _ in 0..<3 { #expect(try await world.cn.deliverDue(to: "SG", limit: 1) == 1) }
    #expect(world.line.sent.map(\.envelope.header.messageID.text) == [urgent.messageID, first.messageID, amendment.messageID])
  }

  @Test func priorityOfNoElement() async throws {
    let corridors =
      "[{id: CN-SG, policy: cn-sg-clearance, accepts: [cn.decmessage], priorities: [{element: Commodity.Colour, startsWith: [red], priority: 1}]}]"
    let error = await #expect(throws: CausewayError.self) { try await World(corridors: ["CN": corridors]) }
    #expect(error?.problems.map(\.code) == ["config.element_unknown"])
    #expect(error?.problems.first?.pointer == "/corridors/0/priorities/0/element")
  }

  /// One partner's backlog has no part in the deliveries to another.
  @Test func partnersHaveQueuesOfTheirOwn() async throws {
    let world = try await World()
    let now = world.clock.now()
    for _ in 0..<40 {
      let id = SecureRandom.messageID(at: now)
      let message = MessageRecord(
        id: id, direction: .outbound, clearance: id.text, kind: "status", corridor: "CN-MY", partner: "MY", state: "sealed", created: now)
      _ = try await world.cn.journal.commit(
        Change(operations: [
          .putMessage(message, expecting: .absent),
          .enqueue(
            OutboxRecord(
              channel: GatewayNode.channel(to: "MY"), messageID: id, destination: "MY", orderKey: id.text, due: now, created: now)),
        ]))
    }
    let declared = try await world.declare()
    #expect(try await world.cn.deliverDue(to: "SG") == 1)
    #expect(try await world.message(declared.messageID, at: "CN").state == "delivered")
  }
}
