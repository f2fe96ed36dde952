import Exchange
import Foundation
import JSONTree
import Journal
import Ledger
import Policy
import Primitives
import Synchronization
import Testing
import Translation
import Trust
import YAMLTree

@testable import Gateway

/// A rule set holds from one moment on, as a whole, and the ledger says so.
@Suite struct ActivationTests {
  /// Rule sets in memory.
  private final class Sets: RuleSets {
    let configured = SHA256.hash(Array("configured".utf8))
    private let all = Mutex<[Digest: GatewayRules]>([:])
    private let line: Line
    let shown = Mutex<Digest?>(nil)

    init(_ line: Line) { self.line = line }

    func put(_ name: String, _ make: (Digest) throws -> GatewayRules) throws -> Digest {
      let set = SHA256.hash(Array(name.utf8))
      let rules = try make(set)
      all.withLock { $0[set] = rules }
      return set
    }

    func staged() -> [Digest] { all.withLock { Array($0.keys) }.sorted { $0.hex < $1.hex } }

    func load(_ set: Digest) throws(CausewayError) -> GatewayRules {
      guard let rules = all.withLock({ $0[set] }) else { throw CausewayError("config.rule_set_missing") }
      return rules
    }

    func partners(_ rules: GatewayRules) -> any PartnerTransport { Line.End(line: line, sender: rules.configuration.economy) }
    func show(_ active: Digest?) { shown.withLock { $0 = active } }
  }

  private func body(_ set: Digest, _ reason: String = "CHANGE-1") -> [UInt8] {
    JSONValue.object(["set": .string(set.hex), "reason": .string(reason)]).serialized()
  }

  /// The rules of China's gateway under the second version of its policy, which withholds the description of the goods.
  private func stricter(_ rules: GatewayRules, _ set: Digest, registry: VerifiedRegistry? = nil) throws -> GatewayRules {
    let file = "\(Economies.schemas)/policies/cn-sg-clearance.yaml"
    let text = try String(contentsOfFile: file, encoding: .utf8)
    let changed = try ReleasePolicy(
      configuration: try YAMLDocument.parse(
        Array(
          text.replacing("version: \"1\"", with: "version: \"2\"").replacing("  - Commodity.Description.Local\n", with: "").utf8),
        file: file), dictionary: rules.profiles.dictionary)
    return try GatewayRules(
      configuration: rules.configuration, registry: registry ?? rules.registry, profiles: rules.profiles,
      policies: rules.policies.values.filter { $0.id != changed.id } + [changed], set: set)
  }

  private func usual(_ rules: GatewayRules, _ set: Digest) throws -> GatewayRules {
    try GatewayRules(
      configuration: rules.configuration, registry: rules.registry, profiles: rules.profiles, policies: Array(rules.policies.values),
      set: set)
  }

  private func activations(_ world: World) async throws -> [Entry] {
    try await world.entries(at: "CN").filter { $0.draft.kind == "rules.activated" }
  }

  private func code(_ body: () async throws -> Void) async -> ErrorCode? {
    do {
      try await body()
      return nil
    } catch { return (error as? CausewayError)?.code }
  }

  @Test func whatBeginsAfterItGoesByTheNewSetAndBackAgain() async throws {
    let world = try await World()
    let sets = Sets(world.line)
    let running = RunningGateway(world.cn, sets: sets)
    let before = world.cn.rules
    let strict = try sets.put("strict") { try stricter(before, $0) }
    let former = try sets.put("former") { try usual(before, $0) }
    let first = try await world.declare(1)
    // Handed in before, translated after: it begins its translation by the new set.
    let second = try await world.cn.submit(
      Submission(body: Economies.declaration(2), profile: nil, corridor: "CN-SG", ucr: nil, clearanceID: nil, idempotencyKey: nil),
      by: world.customs)
    let answer = try await running.activate(body(strict), by: world.customs)
    #expect(answer["active"]?.string == strict.hex && answer["from"]?.string == sets.configured.hex)
    #expect(running.node.rules.set == strict && sets.shown.withLock { $0 } == strict)
    world.put(running.node)
    _ = try await world.cn.translateReceived()
    #expect(try await world.message(first.messageID, at: "CN").versions["policy"] == "cn-sg-clearance/1")
    let message = try await world.message(second.messageID, at: "CN")
    #expect(message.versions["policy"] == "cn-sg-clearance/2" && message.versions["rules"] == strict.hex)
    // What was sealed before goes out as it was sealed, and both arrive.
    try await world.run()
    for id in [first.messageID, second.messageID] {
      #expect(try await world.message(id, at: "CN").state == MessageState.delivered.rawValue)
    }
    let entries = try await world.entries(at: "CN")
    #expect(entries.first { $0.draft.messageID?.text == second.messageID }?.draft.versions["rules"] == strict.hex)
    #expect(entries.first { $0.draft.messageID?.text == first.messageID }?.draft.versions["rules"] == nil)

    // Once more is nothing; another gateway process finds the same set after a restart.
    _ = try await running.activate(body(strict), by: world.customs)
    #expect(try await world.cn.journal.read { reader throws(CausewayError) in try GatewayRules.active(reader) } == strict)
    _ = try await running.activate(body(former, "CHANGE-1 taken back"), by: world.customs)
    world.put(running.node)
    let third = try await world.declare(3)
    #expect(try await world.message(third.messageID, at: "CN").versions["policy"] == "cn-sg-clearance/1")
    let recorded = try await activations(world)
    #expect(recorded.map(\.draft.actor) == ["customs", "customs"])
    #expect(recorded.map { $0.draft.extra["from"]?.string } == [sets.configured.hex, strict.hex])
    #expect(recorded.map { $0.draft.extra["to"]?.string } == [strict.hex, former.hex])
    #expect(recorded.last?.draft.extra["reason"]?.string == "CHANGE-1 taken back")
    #expect(try await world.isSound("CN"))
  }

  @Test func whatIsRefusedChangesNothing() async throws {
    let world = try await World()
    let sets = Sets(world.line)
    let running = RunningGateway(world.cn, sets: sets)
    let before = world.cn.rules
    let strict = try sets.put("strict") { try stricter(before, $0) }
    let newer = try sets.put("newer") {
      try stricter(before, $0, registry: try Economies.shared.registry(servedBy: "SG", in: [], version: 2))
    }
    let reused = try sets.put("reused") {
      try stricter(before, $0, registry: try Economies.shared.registry(servedBy: "SG", in: [], version: 2, issued: 1))
    }
    #expect(await code { _ = try await running.activate(body(SHA256.hash([1])), by: world.customs) } == "config.rule_set_missing")
    #expect(await code { _ = try await running.activate(Array("{}".utf8), by: world.customs) } == "parse.json_member_missing")
    #expect(await code { _ = try await running.activate(body(strict, "国"), by: world.customs) } != nil)
    #expect(running.node.rules.set == nil)
    #expect(try await activations(world).isEmpty)
    _ = try await running.activate(body(newer), by: world.customs)
    #expect(running.node.registry.version == 2)
    // A registry never goes back, and a version has one content.
    #expect(await code { _ = try await running.activate(body(strict), by: world.customs) } == "registry.version_back")
    #expect(await code { _ = try await running.activate(body(reused), by: world.customs) } == "registry.version_reused")
    #expect(running.node.rules.set == newer)
    #expect(try await activations(world).count == 1)
    #expect(try await world.cn.journal.read { reader throws(CausewayError) in try GatewayRules.active(reader) } == newer)
  }

  @Test func ofTwoGatewaysOnAJournalTheOtherFollows() async throws {
    let world = try await World()
    let sets = Sets(world.line)
    let (one, other) = (RunningGateway(world.cn, sets: sets), RunningGateway(world.cn, sets: sets))
    let before = world.cn.rules
    let strict = try sets.put("strict") { try stricter(before, $0) }
    let former = try sets.put("former") { try usual(before, $0) }
    _ = try await one.activate(body(strict), by: world.customs)
    // It has not seen it yet: what it would replace is not what holds.
    #expect(await code { _ = try await other.activate(body(former), by: world.customs) } == "rules.changed")
    #expect(try await activations(world).count == 1 && other.node.rules.set == nil)
    let work = Task { () -> ErrorCode? in await code { try await other.work() } }
    for _ in 0..<1200 where other.node.rules.set != strict { try await Task.sleep(for: .milliseconds(50)) }
    #expect(other.node.rules.set == strict)
    // It works by the new set, and follows back again.
    let declared = try await other.node.submit(
      Submission(body: Economies.declaration(7), profile: nil, corridor: "CN-SG", ucr: nil, clearanceID: nil, idempotencyKey: nil),
      by: world.customs)
    var message = try await world.message(declared.messageID, at: "CN")
    for _ in 0..<1200 where message.versions.isEmpty {
      try await Task.sleep(for: .milliseconds(50))
      message = try await world.message(declared.messageID, at: "CN")
    }
    #expect(message.versions["rules"] == strict.hex)
    _ = try await one.activate(body(former), by: world.customs)
    for _ in 0..<1200 where other.node.rules.set != former { try await Task.sleep(for: .milliseconds(50)) }
    #expect(other.node.rules.set == former)
    work.cancel()
    #expect(await work.value == nil)
  }

  @Test func aGatewayThatLacksTheSetEnds() async throws {
    let world = try await World()
    let (sets, lacking) = (Sets(world.line), Sets(world.line))
    let (one, other) = (RunningGateway(world.cn, sets: sets), RunningGateway(world.cn, sets: lacking))
    let before = world.cn.rules
    let strict = try sets.put("strict") { try stricter(before, $0) }
    _ = try await one.activate(body(strict), by: world.customs)
    #expect(await code { try await other.work() } == "config.rule_set_missing")
  }
}
