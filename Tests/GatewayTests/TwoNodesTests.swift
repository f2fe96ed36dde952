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

/// Two gateways of one economy on one PostgreSQL journal, which do the same work at the same time: what they write has one effect.
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

  private func node(_ world: World, _ database: String, _ meeting: Meeting) async throws -> GatewayNode {
    let (shared, party) = (Economies.shared, Economies.shared["CN"])
    let store = try await PostgresStore(try PostgresURI(try PostgresCluster.shared.database(database)))
    let journal = try await Journal.open(
      try await SealingStore.open(store, key: World.storageKey),
      signer: try CheckpointSigner(origin: party.origin, key: party.ledgerKey), clock: world.clock)
    return try GatewayNode(
      configuration: try World.configuration("CN"), registry: shared.registry, profiles: shared.profiles, policies: shared.policies,
      journal: journal, signer: GatewayNode.Signer(key: party.signingKey, keyID: party.signing.keyID),
      partners: MeetingTransport(meeting: meeting, end: Line.End(line: world.line, sender: "CN")), webhooks: world.webhooks,
      clock: world.clock, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  @Test func aDeliveryThatBothNodesMakeHasOneEffect() async throws {
    let world = try await World(["SG"])
    let (database, meeting) = ("gateway-\(UUID().uuidString)", Meeting())
    let (first, second) = (try await node(world, database, meeting), try await node(world, database, meeting))
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
}
