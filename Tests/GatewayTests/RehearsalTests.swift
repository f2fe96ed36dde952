import Foundation
import JSONTree
import Journal
import JournalSQLite
import Policy
import Primitives
import TestSupport
import Testing
import Translation
import Trust
import YAMLTree

@testable import Gateway

/// What new rules would change is shown before they hold, and nothing is written by looking.
@Suite struct RehearsalTests {
  /// The rules of a gateway with texts of the schemas replaced.
  private func edited(_ rules: GatewayRules, _ edits: [(file: String, old: String, new: String)]) throws -> GatewayRules {
    let folder = FileManager.default.temporaryDirectory.appending(path: "rehearsal-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try FileManager.default.copyItem(at: URL(filePath: Economies.schemas), to: folder)
    for edit in edits {
      let place = folder.appending(path: edit.file)
      let text = try String(contentsOf: place, encoding: .utf8)
      try #require(text.contains(edit.old))
      try text.replacing(edit.old, with: edit.new).write(to: place, atomically: true, encoding: .utf8)
    }
    let profiles = try ProfileLibrary.load(folder.path)
    let policies = try rules.policies.keys.map { name in
      try ReleasePolicy(
        configuration: try YAMLDocument.load("\(Economies.schemas)/policies/\(name).yaml"), dictionary: profiles.dictionary)
    }
    return try GatewayRules(configuration: rules.configuration, registry: rules.registry, profiles: profiles, policies: policies)
  }

  /// The rules of China's gateway with another text of its policy.
  private func withPolicy(_ rules: GatewayRules, _ old: String, _ new: String) throws -> GatewayRules {
    let file = "\(Economies.schemas)/policies/cn-sg-clearance.yaml"
    let text = try String(contentsOfFile: file, encoding: .utf8)
    try #require(text.contains(old))
    let changed = try ReleasePolicy(
      configuration: try YAMLDocument.parse(Array(text.replacing(old, with: new).utf8), file: file),
      dictionary: rules.profiles.dictionary)
    let others = rules.policies.values.filter { $0.id != changed.id }
    return try GatewayRules(
      configuration: rules.configuration, registry: rules.registry, profiles: rules.profiles, policies: others + [changed])
  }

  /// Rehearses out of a store that cannot be written to.
  private func rehearse(
    _ world: World, at economy: String, _ before: GatewayRules? = nil, with after: GatewayRules,
    _ filter: Rehearsal.Filter = Rehearsal.Filter()
  ) async throws -> (messages: [RehearsedMessage], summary: JSONValue) {
    let store = try await SealingStore.open(
      try SQLiteStore(readingFrom: world.path(economy) + "/journal.sqlite"), key: World.storageKey)
    var messages: [RehearsedMessage] = []
    let summary = try await Rehearsal(before: before ?? world[economy].rules, after: after).run(store, filter) { messages.append($0) }
    await store.close()
    for message in messages {
      for showsValues in [true, false] {
        #expect(try FailureReplayTests.errors(message.json(showsValues: showsValues), "rehearsal") == [])
      }
    }
    #expect(try FailureReplayTests.errors(summary.json, "rehearsal") == [])
    return (messages, summary.json)
  }

  private func world(declarations: ClosedRange<Int> = 1...3) async throws -> World {
    let world = try await World()
    for number in declarations { try await world.declare(number) }
    try await world.run()
    return world
  }

  private func places(_ message: RehearsedMessage, _ kind: RehearsedMessage.Difference.Kind) -> [String] {
    message.differences.filter { $0.kind == kind }.map(\.place)
  }

  @Test func whereNothingChangesAllIsTheSame() async throws {
    let world = try await world()
    let before = try await (world.entries(at: "CN").count, world.messages(at: "CN").map(\.revision))
    let cn = try await rehearse(world, at: "CN", with: world.cn.rules)
    // Three declarations went out, and Singapore's statuses came in.
    #expect(cn.messages.filter { $0.message.direction == .outbound }.count == 3)
    #expect(cn.messages.filter { $0.message.direction == .inbound }.count >= 3)
    #expect(cn.messages.allSatisfy { $0.verdict == .same && $0.differences.isEmpty })
    #expect(cn.summary["elements"] == [:] && cn.summary["newlyDisclosed"] == [:] && cn.summary["next"] == .null)
    let sg = try await rehearse(world, at: "SG", with: world.sg.rules)
    #expect(sg.messages.filter { $0.message.kind == "declaration" }.count == 3)
    #expect(sg.messages.allSatisfy { $0.verdict == .same })
    #expect((sg.summary["skipped"]?["own_status"]?.int ?? 0) >= 3)
    let after = try await (world.entries(at: "CN").count, world.messages(at: "CN").map(\.revision))
    #expect(before == after, "looking writes nothing")
  }

  @Test func aMappingThatChanges() async throws {
    let world = try await world()
    let mapping = "profiles/cn.decmessage/5.0/mapping.yaml"
    let after = try edited(
      world.cn.rules,
      [
        (mapping, "{at: GName, element: Commodity.Description.Local}", "{at: GName, element: Commodity.Other}"),
        (mapping, "{at: GoodsSpec, element: Commodity.Specification}", "{at: GoodsSpec, element: Commodity.Description.Local}"),
        (mapping, "{at: GName, element: Commodity.Other}", "{at: GName, element: Commodity.Specification}"),
      ])
    var filter = Rehearsal.Filter()
    filter.direction = .outbound
    let found = try await rehearse(world, at: "CN", with: after, filter)
    #expect(found.messages.map(\.verdict) == [.changed, .changed, .changed])
    let message = try #require(found.messages.first)
    #expect(message.newlyDisclosed == ["Commodity.Specification"] && message.newlyWithheld == [])
    let written = message.differences.filter { $0.kind == .written }
    #expect(written.contains { $0.element == "Commodity.Description.Local" && $0.before == "棉制针织男式T恤衫样品" && $0.after == nil })
    #expect(written.contains { $0.element == "Commodity.Specification" && $0.before == nil && $0.after == "棉制针织男式T恤衫样品" })
    #expect(written.allSatisfy { $0.place.contains("SpecifiedTradeProduct") }, "\(written.map(\.place))")
    let text = String(decoding: message.json(showsValues: false).serialized(), as: UTF8.self)
    #expect(!text.contains("棉") && text.contains("Commodity.Specification"), "no payload values unless asked for")
    #expect(String(decoding: message.json(showsValues: true).serialized(), as: UTF8.self).contains("棉"))
    #expect(found.summary["newlyDisclosed"]?["Commodity.Specification"]?.int == 3)
    #expect(found.summary["verdicts"]?["changed"]?.int == 3 && found.summary["rehearsed"]?.int == 3)
  }

  @Test func aPolicyThatChanges() async throws {
    let world = try await world()
    let stricter = try withPolicy(world.cn.rules, "  - Commodity.Description.Local\n", "")
    let found = try await rehearse(world, at: "CN", with: stricter)
    let changed = found.messages.filter { $0.verdict == .changed }
    #expect(changed.count == 3 && changed.allSatisfy { $0.message.direction == .outbound })
    #expect(changed.allSatisfy { $0.newlyWithheld == ["Commodity.Description.Local"] && $0.newlyDisclosed == [] })
    #expect(found.summary["newlyWithheld"]?["Commodity.Description.Local"]?.int == 3)
    // The other way round the same element leaves.
    let back = try await rehearse(world, at: "CN", stricter, with: world.cn.rules)
    #expect(back.summary["newlyDisclosed"]?["Commodity.Description.Local"]?.int == 3)
    #expect(back.summary["newlyWithheld"] == [:])
  }

  @Test func aCodeListThatChangesOnBothSides() async throws {
    let world = try await world()
    let lists = "codelists/conversions/"
    let edits = [
      (lists + "cn-transport-mode-to-rec19.csv", "5,4,exact,\n6,5,exact,", "5,5,exact,\n6,4,exact,"),
      (lists + "sg-transport-mode-to-rec19.csv", "4,4,exact,\n5,5,exact,", "4,5,exact,\n5,4,exact,"),
    ]
    let cn = try await rehearse(world, at: "CN", with: try edited(world.cn.rules, edits))
    let out = cn.messages.filter { $0.verdict != .same }
    #expect(out.count == 3 && out.allSatisfy { $0.verdict == .changed && $0.message.direction == .outbound })
    #expect(out.allSatisfy { places($0, .written).count == 1 && places($0, .written)[0].hasSuffix("ModeCode") })
    #expect(out.allSatisfy { $0.differences.first { $0.kind == .written }?.after == "5" })
    let sg = try await rehearse(world, at: "SG", with: try edited(world.sg.rules, edits))
    let received = sg.messages.filter { $0.message.kind == "declaration" }
    #expect(received.count == 3 && received.allSatisfy { $0.verdict == .changed && $0.message.direction == .inbound })
    #expect(received.allSatisfy { $0.newlyDisclosed == [] && $0.newlyWithheld == [] }, "nothing leaves with what comes in")
  }

  @Test func whatIsRefusedAndTakenAnew() async throws {
    let world = try await world(declarations: 1...2)
    let strict = try edited(
      world.cn.rules, [("profiles/cn.decmessage/5.0/structure.yaml", "{name: BillNo, card: 0..1", "{name: BillNo, card: 1")])
    var filter = Rehearsal.Filter()
    filter.kind = "declaration"
    let found = try await rehearse(world, at: "CN", with: strict, filter)
    #expect(found.messages.map(\.verdict) == [.newlyRefused, .newlyRefused])
    #expect(found.messages[0].after.refusals.contains { $0.pointer == "/DecMessage/DecHead/BillNo" })
    #expect(found.summary["newCodes"]?["validate.missing"]?.int == 2)
    let back = try await rehearse(world, at: "CN", strict, with: world.cn.rules, filter)
    #expect(back.messages.map(\.verdict) == [.newlyAccepted, .newlyAccepted])
    let same = try await rehearse(world, at: "CN", strict, with: strict, filter)
    #expect(same.messages.map(\.verdict) == [.refused, .refused])
  }

  @Test func itGoesOnWhereItStoppedAndSkipsWhatIsErased() async throws {
    let world = try await world(declarations: 1...5)
    var filter = Rehearsal.Filter()
    filter.direction = .outbound
    filter.limit = 2
    var seen: [MessageID] = []
    var rounds = 0
    while rounds < 10 {
      rounds += 1
      let found = try await rehearse(world, at: "CN", with: world.cn.rules, filter)
      seen += found.messages.map(\.message.id)
      guard let next = found.summary["next"]?.int else { break }
      filter.after = Int64(next)
    }
    #expect(rounds == 3 && seen.count == 5 && Set(seen).count == 5)
    filter.after = nil
    filter.limit = .max
    filter.since = world.clock.now().adding(seconds: 1)
    #expect(try await rehearse(world, at: "CN", with: world.cn.rules, filter).messages.isEmpty)
    filter.since = Economies.start
    filter.until = world.clock.now()
    #expect(try await rehearse(world, at: "CN", with: world.cn.rules, filter).messages.count == 5)
    filter.corridor = "CN-MY"
    #expect(try await rehearse(world, at: "CN", with: world.cn.rules, filter).messages.isEmpty)

    let clearance = try await world.message(seen[0].text, at: "CN").clearance
    _ = try await world.cn.erase(Array(#"{"ground":"court_order"}"#.utf8), of: clearance, by: world.customs)
    let left = try await rehearse(world, at: "CN", with: world.cn.rules)
    #expect(!left.messages.contains { $0.message.clearance == clearance })
    #expect((left.summary["skipped"]?["erased"]?.int ?? 0) >= 1)
  }
}
