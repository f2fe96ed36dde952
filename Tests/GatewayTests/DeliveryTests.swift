import Exchange
import JSONTree
import Journal
import JournalSQLite
import Ledger
import Primitives
import Synchronization
import Testing
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

  @Test func expiredMessageIsDeadAndNotSent() async throws {
    let world = try await World(settings: "delivery: {expirySeconds: 60}")
    let declared = try await world.declare()
    world.clock.advance(seconds: 60)
    _ = try await world.cn.deliverDue()
    #expect(world.line.sent.isEmpty)
    #expect(try await world.message(declared.messageID, at: "CN").state == "dead")
    #expect(try await world.message(declared.messageID, at: "CN").reason == "deliver.expired")
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
