import Exchange
import Foundation
import Journal
import JournalPostgres
import Ledger
import Logging
import Primitives
import TestSupport
import Testing
import Trust

@testable import Gateway

/// Two gateways of one economy on one PostgreSQL journal: they share the work, and when they do the same all the same, it has one effect.
@Suite struct TwoNodesTests {
  /// Lets senders go on in pairs: neither sends before the other one is about to.
  private actor Meeting {
    private var waiting: CheckedContinuation<Void, Never>?

    func meet() async {
      if let other = waiting {
        waiting = nil
        other.resume()
      } else {
        await withCheckedContinuation { waiting = $0 }
      }
    }
  }

  private struct MeetingTransport: PartnerTransport {
    let meeting: Meeting
    let end: Line.End

    func send(_ envelope: SealedEnvelope, to partner: Participant) async throws(CausewayError) -> String {
      await meeting.meet()
      return try await end.send(envelope, to: partner)
    }

    func ask(_ method: String, _ path: String, body: [UInt8]?, of partner: Participant) async throws(CausewayError) -> PartnerAnswer {
      try await end.ask(method, path, body: body, of: partner)
    }
  }

  /// A journal whose processes claim nothing: what each would do after its claims were lost.
  private struct Unclaimed: JournalStore {
    let inner: any JournalStore

    func write<Result: Sendable>(
      _ body: @Sendable (any JournalTransaction) throws(CausewayError) -> Result
    ) async throws(CausewayError) -> Result { try await inner.write(body) }
    func read<Result: Sendable>(
      _ body: @Sendable (any JournalReader) throws(CausewayError) -> Result
    ) async throws(CausewayError) -> Result { try await inner.read(body) }
    func scrub() async throws(CausewayError) { try await inner.scrub() }
    func close() async { await inner.close() }
  }

  /// - Parameter partners: nil: the line.
  private func node(
    _ world: World, _ database: String, claims: Bool = true, registry: VerifiedRegistry = Economies.shared.registry,
    partners: (any PartnerTransport)? = nil
  ) async throws -> GatewayNode {
    let (shared, party) = (Economies.shared, Economies.shared["CN"])
    var terms = PostgresStore.Terms()
    // Nobody shows here that a node is alive, and the machine may be busy.
    terms.silenceSeconds = 3600
    let store = try await PostgresStore(try PostgresURI(try PostgresCluster.shared.database(database)), terms: terms)
    let journal = try await Journal.open(
      try await SealingStore.open(claims ? store : Unclaimed(inner: store), key: World.storageKey),
      signer: try CheckpointSigner(origin: party.origin, key: party.ledgerKey), clock: world.clock)
    return try GatewayNode(
      configuration: try World.configuration("CN"), registry: registry, profiles: shared.profiles, policies: shared.policies,
      journal: journal, signer: GatewayNode.Signer(key: party.signingKey, keyID: party.signing.keyID),
      partners: partners ?? Line.End(line: world.line, sender: "CN"), webhooks: world.webhooks,
      clock: world.clock, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  @Test func aDeliveryThatBothNodesMakeHasOneEffect() async throws {
    let world = try await World(["SG"])
    let database = "gateway-\(UUID().uuidString)"
    let meeting = MeetingTransport(meeting: Meeting(), end: Line.End(line: world.line, sender: "CN"))
    let first = try await node(world, database, claims: false, partners: meeting)
    let second = try await node(world, database, claims: false, partners: meeting)
    world.put(first)
    for number in 1...3 {
      let declared = try await first.submit(
        Submission(
          body: Economies.declaration(number), profile: nil, corridor: "CN-SG", ucr: nil, clearanceID: nil, idempotencyKey: nil),
        by: world.customs)
      // Both translate at once; one of them makes the envelope.
      async let left = first.translateReceived()
      async let right = second.translateReceived()
      _ = try await (left, right)
      // Both have found the same delivery, and send it at the same moment.
      async let one = first.deliverDue()
      async let other = second.deliverDue()
      let tried = try await [one, other]
      #expect(tried == [1, 1])
      let sent = world.line.sent.suffix(2)
      #expect(sent.count == 2 && Set(sent.map(\.envelope.header.messageID.text)) == [declared.messageID])
      #expect(sent.first?.answer != nil && sent.first?.answer == sent.last?.answer, "the same receipt bytes")
      let message = try await world.message(declared.messageID, at: "CN")
      #expect(message.state == "delivered" && message.receipt == sent.first?.answer.map { Array($0.utf8) })
      #expect(try await world.delivery(of: declared.messageID, at: "CN") == nil)
    }
    for economy in ["CN", "SG"] { #expect(try await world.messages(at: economy).count == 3) }
    for (economy, kinds) in [("CN", ["sent", "receipt.received"]), ("SG", ["received"])] {
      let entries = try await world.entries(at: economy)
      for kind in kinds { #expect(entries.count { $0.draft.kind.hasSuffix(kind) } == 3, "\(economy) \(kind)") }
      #expect(try await world.isSound(economy))
    }
    for node in [first, second] {
      #expect(await node.journal.fault == nil)
      await node.journal.close()
    }
  }
  private func declare(_ number: Int, at node: GatewayNode, _ world: World) async throws -> (clearanceID: String, messageID: String) {
    let declared = try await node.submit(
      Submission(
        body: Economies.declaration(number), profile: nil, corridor: "CN-SG", ucr: nil, clearanceID: nil, idempotencyKey: nil),
      by: world.customs)
    return (declared.clearanceID, declared.messageID)
  }

  /// Nothing is done twice: no translation that meets the other's row, no envelope that is sent a second time.
  @Test func nodesShareTheWork() async throws {
    let world = try await World(["SG"])
    let database = "gateway-\(UUID().uuidString)"
    let nodes = [try await node(world, database), try await node(world, database)]
    world.put(nodes[0])
    for number in 1...40 { _ = try await declare(number, at: nodes[number % 2], world) }
    func together(_ step: @escaping @Sendable (GatewayNode) async throws(CausewayError) -> Int) async throws -> Int {
      try await withThrowingTaskGroup(of: Int.self) { group in
        for node in nodes { group.addTask { try await step(node) } }
        return try await group.reduce(0, +)
      }
    }
    var (translated, delivered) = (0, 0)
    for _ in 0..<20 where translated < 40 {
      translated += try await together { node throws(CausewayError) in try await node.translateReceived() }
    }
    for _ in 0..<20 where delivered < 40 { delivered += try await together { node throws(CausewayError) in try await node.deliverDue() } }
    #expect(translated == 40 && delivered == 40)
    #expect(world.line.sent.count == 40)
    for node in nodes {
      #expect(await node.journal.statistics.conflicts == 0)
      await node.journal.close()
    }
  }

  /// A transport that sends when it is let.
  private struct GatedTransport: PartnerTransport {
    let arrived = AsyncStream<Void>.makeStream()
    let gate = AsyncStream<Void>.makeStream()
    let end: Line.End

    func send(_ envelope: SealedEnvelope, to partner: Participant) async throws(CausewayError) -> String {
      arrived.continuation.yield()
      for await _ in gate.stream { break }
      return try await end.send(envelope, to: partner)
    }

    func ask(_ method: String, _ path: String, body: [UInt8]?, of partner: Participant) async throws(CausewayError) -> PartnerAnswer {
      try await end.ask(method, path, body: body, of: partner)
    }
  }

  /// While one node sends the first message of a clearance, the other sends neither that one nor the next, but those of other clearances; also when these stand
  /// behind more than it looks at first.
  @Test func orderHoldsOverBothNodes() async throws {
    let world = try await World(["SG"])
    let database = "gateway-\(UUID().uuidString)"
    let gated = GatedTransport(end: Line.End(line: world.line, sender: "CN"))
    let (slow, quick) = (try await node(world, database, partners: gated), try await node(world, database))
    world.put(slow)
    let declared = try await declare(1, at: slow, world)
    _ = try await slow.translateReceived()
    async let sending = slow.deliverDue(to: "SG", limit: 1)
    for await _ in gated.arrived.stream { break }
    _ = try await quick.withdraw(declared.clearanceID, by: world.customs)
    let other = try await declare(2, at: quick, world)
    _ = try await quick.translateReceived()
    #expect(try await quick.deliverDue(to: "SG", limit: 1) == 1)
    #expect(try await quick.deliverDue(to: "SG", limit: 1) == 0)
    #expect(world.line.sent.map(\.envelope.header.messageID.text) == [other.messageID])
    gated.gate.continuation.yield()
    #expect(try await sending == 1)
    #expect(try await quick.deliverDue(to: "SG", limit: 1) == 1)
    let sent = world.line.sent.filter { $0.envelope.header.messageID.text != other.messageID }
    #expect(sent.map(\.envelope.header.sequence) == [1, 2] && sent.map(\.envelope.header.kind) == [.declaration, .withdrawal])
    for node in [slow, quick] { await node.journal.close() }
  }

  /// The debt of a witness that answers neither node is recorded once, and so is its end.
  @Test func aDebtThatBothNodesFindIsRecordedOnce() async throws {
    let registry = Economies.shared.witnessed
    let world = try await World(["SG"], registry: registry)
    let database = "gateway-\(UUID().uuidString)"
    let first = try await node(world, database, claims: false, registry: registry)
    let second = try await node(world, database, claims: false, registry: registry)
    world.put(first)
    let witness = try #require(first.witnesses.first { $0.id == "SG" })
    _ = try await declare(1, at: first, world)
    _ = try await first.translateReceived()
    world.line.cutOff(["SG"])
    world.clock.advance(seconds: Int64(first.configuration.witnessing.graceSeconds) + 1)
    func both() async throws {
      async let left = first.askToCosign(witness)
      async let right = second.askToCosign(witness)
      _ = try await (left, right)
    }
    for _ in 0..<3 { try await both() }
    world.line.cutOff([])
    for _ in 0..<3 { try await both() }
    let kinds = try await world.entries(at: "CN").map(\.draft.kind)
    #expect(kinds.count { $0 == "witness.debt" } == 1 && kinds.count { $0 == "witness.repaid" } == 1)
    for node in [first, second] { await node.journal.close() }
  }
}
