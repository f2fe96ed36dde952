import Exchange
import Foundation
import JSONTree
import Journal
import Primitives
import Synchronization
import Testing
import Trust

@testable import Gateway

/// A partner is away for an hour while messages for it pile up: what happens meanwhile and when it is back. An hour of the injected clock.
@Suite struct OutageTests {
  /// A way to the partners of which one can be cut off. Counts, and keeps no envelope.
  private final class Way: PartnerTransport {
    private struct State {
      var isCut = true
      var attempts = 0
      var answered = 0
      var underWay = 0
      var mostUnderWay = 0
      var order: [(clearance: ClearanceID, sequence: Int, priority: Int)] = []
    }

    private let line: Line
    private let state = Mutex(State())
    private let priorities: Mutex<[MessageID: Int]> = Mutex([:])

    init(_ line: Line) { self.line = line }

    func heal() { state.withLock { $0.isCut = false } }
    func note(_ priority: Int, of messages: [MessageID]) {
      priorities.withLock { known in for message in messages { known[message] = priority } }
    }
    var attempts: Int { state.withLock { $0.attempts } }
    var mostUnderWay: Int { state.withLock { $0.mostUnderWay } }
    var order: [(clearance: ClearanceID, sequence: Int, priority: Int)] { state.withLock { $0.order } }

    func send(_ envelope: SealedEnvelope, to partner: Participant) async throws(CausewayError) -> String {
      guard partner.id == "SG" else { return try await line.carry(ReceivedEnvelope(envelope), from: "CN", to: partner.id) }
      let isCut = state.withLock { state in
        state.attempts += 1
        state.underWay += 1
        state.mostUnderWay = max(state.mostUnderWay, state.underWay)
        return state.isCut
      }
      defer { state.withLock { $0.underWay -= 1 } }
      if isCut { throw CausewayError("deliver.unreachable") }
      let receipt = try await line.carry(ReceivedEnvelope(envelope), from: "CN", to: partner.id)
      let header = envelope.header
      let priority = priorities.withLock { $0[header.messageID] ?? 0 }
      state.withLock { $0.order.append((header.clearance, header.sequence, priority)) }
      return receipt
    }

    func ask(_ method: String, _ path: String, body: [UInt8]?, of partner: Participant) async throws(CausewayError) -> PartnerAnswer {
      throw CausewayError("deliver.unreachable")
    }
  }

  /// Messages in the queue: 5,000, and as many as `CAUSEWAY_QUEUE` says.
  private static let queued = ProcessInfo.processInfo.environment["CAUSEWAY_QUEUE"].flatMap { Int($0) } ?? 5000
  private static let quota = "quotas: [{messagesPerMinute: 1000000}]"

  @Test func anHourAway() async throws {
    let world = try await World(["CN", "MY"])
    try await world.start("SG", settings: Self.quota)
    let way = Way(world.line)
    let usual = world.cn
    let cn = try GatewayNode(
      configuration: usual.configuration, registry: usual.registry, profiles: usual.profiles, policies: Economies.shared.policies,
      journal: usual.journal, signer: usual.signer, partners: way, webhooks: world.webhooks, clock: world.clock, logger: usual.logger)

    let begun = ContinuousClock.now
    let (count, number) = try await Self.fill(cn, way)
    let filled = ContinuousClock.now
    let before = Self.residentBytes()

    // The hour. Another partner's messages go as ever.
    for second in stride(from: 0, to: 3600, by: 5) {
      _ = try await cn.deliverDue(to: "SG")
      if second % 600 == 0 {
        let id = try #require(try await cn.queue(1_000_000 + second, in: "CN-MY").first)
        #expect(try await cn.deliverDue(to: "MY") == 1)
        #expect(try await world.message(id.text, at: "CN").state == "delivered")
      }
      world.clock.advance(seconds: 5)
    }
    let during = way.attempts
    #expect((100...400).contains(during), "a question every half minute or so, whatever waits: \(during)")
    #expect(await cn.health()["partners"]?["SG"]?.string == "unreachable")

    // It is back.
    way.heal()
    world.clock.advance(seconds: 30)
    let drained = ContinuousClock.now
    #expect(try await cn.deliverDue(to: "SG") == 1, "one asks whether it is back")
    var rounds: [Int] = []
    while true {
      var round = try await cn.deliverDue(to: "SG")
      if round == 0 {
        // The few that were tried during the hour wait for their time.
        world.clock.advance(seconds: 300)
        round = try await cn.deliverDue(to: "SG")
        if round == 0 { break }
      }
      rounds.append(round)
      if rounds.count == 20 {
        let id = try #require(try await cn.queue(2_000_000, in: "CN-MY").first)
        #expect(try await cn.deliverDue(to: "MY") == 1, "between two rounds")
        #expect(try await world.message(id.text, at: "CN").state == "delivered")
      }
    }
    let growth = Self.residentBytes() - before

    // No storm: each message once, and never more under way than one round has.
    #expect(way.attempts - during == count)
    #expect(rounds.allSatisfy { $0 <= 16 } && way.mostUnderWay <= 16)
    // All of it, each once, and in the order of its case.
    let order = way.order
    #expect(order.count == count)
    var last: [ClearanceID: Int] = [:]
    for message in order {
      #expect(message.sequence == (last[message.clearance] ?? 0) + 1)
      last[message.clearance] = message.sequence
    }
    #expect(last.count == number)
    // The urgent ones first: within what goes at the same time nobody is before anybody. Those that were tried during the hour are not due yet.
    let urgent = order.prefix { $0.priority == 9 || $0.sequence > 1 }.count
    let expected = number / 12
    #expect(urgent >= expected - 64 - during, "\(urgent) of \(expected)")
    let firstPlain = try #require(order.firstIndex { $0.priority == 0 })
    let between = order[firstPlain...].count { $0.priority == 4 }
    #expect(between <= 64 + during, "\(between) of the class between came behind others")

    let (owed, received) = (
      try await cn.journal.read { reader throws(CausewayError) in
        try reader.deliveryCount(channel: GatewayNode.channel(to: "SG"), dead: false)
      },
      try await world.sg.journal.read { reader throws(CausewayError) in
        try reader.messageGroups(MessageQuery(direction: .inbound, limit: 1000)).reduce(0) { $0 + $1.count }
      }
    )
    #expect(owed == 0 && received == count)
    // Far less than what was queued, and nothing that grows with it.
    #expect(growth < 256 << 20, "\(growth >> 20) MiB more")
    print(
      """
      an hour away with \(count) messages queued: \(during) attempts while away, \(count) when back, at most \(way.mostUnderWay) at a time; \
      queued in \(filled - begun), drained in \(ContinuousClock.now - drained); resident \(before >> 20) MiB, \(growth >> 20) MiB more at the end
      """)
  }

  /// Each fifth case has two messages; one case in twelve is urgent, one in six belongs to a class between. Many at a time, as they come.
  ///
  /// - Returns: how many messages, in how many cases.
  private static func fill(_ node: GatewayNode, _ way: Way) async throws -> (messages: Int, cases: Int) {
    var (messages, cases) = (0, 0)
    while messages < queued {
      let next = cases..<(cases + 64)
      messages += try await withThrowingTaskGroup(of: Int.self) { group in
        for number in next {
          group.addTask {
            let priority = number % 12 == 11 ? 9 : number % 6 == 2 ? 4 : 0
            let ids = try await node.queue(number, in: "CN-SG", priority: priority, isAmended: number % 5 == 0)
            way.note(priority, of: ids)
            return ids.count
          }
        }
        return try await group.reduce(0, +)
      }
      cases = next.upperBound
    }
    return (messages, cases)
  }

  /// Memory of this process that is in use now.
  private static func residentBytes() -> Int {
    let pages = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ").dropFirst().first.flatMap {
      Int($0)
    }
    return (pages ?? 0) * Int(getpagesize())
  }
}
