import JSONTree
import Journal
import Ledger
import Primitives
import Testing

@testable import Gateway

@Suite struct RetentionPeriodTests {
  @Test(arguments: [
    ("2026-11-21T09:00:00.000Z", RetentionPeriod(years: 5), "2031-11-21T09:00:00.000Z"),
    ("2024-02-29T23:59:59.999Z", RetentionPeriod(years: 1), "2025-02-28T23:59:59.999Z"),
    ("2024-02-29T00:00:00.000Z", RetentionPeriod(years: 4), "2028-02-29T00:00:00.000Z"),
    ("2026-08-31T00:00:00.000Z", RetentionPeriod(months: 1), "2026-09-30T00:00:00.000Z"),
    ("2026-12-15T00:00:00.000Z", RetentionPeriod(months: 13), "2028-01-15T00:00:00.000Z"),
    ("2026-01-30T00:00:00.000Z", RetentionPeriod(months: 1, days: 1), "2026-03-01T00:00:00.000Z"),
    ("2026-11-21T09:00:00.000Z", RetentionPeriod(days: 90), "2027-02-19T09:00:00.000Z"),
  ]) func endsByTheCalendar(start: String, period: RetentionPeriod, end: String) throws {
    let from = try #require(Instant(rfc3339: start))
    let found = try #require(period.end(from: from))
    #expect(found.rfc3339 == end)
    #expect(found >= from.adding(seconds: Int64(period.leastDays) * 86_400))
  }

  @Test func beyondTheCalendarIsNever() throws {
    #expect(RetentionPeriod(years: 100).end(from: try #require(Instant(rfc3339: "9950-01-01T00:00:00.000Z"))) == nil)
  }
}

@Suite struct RetentionTests {
  private static let month = "retention: [{id: rule-1, kind: export, corridor: CN-SG, period: {days: 30}, law: 'Customs Law, article 1'}]"

  private func erasure(_ id: String, at economy: String = "CN", in world: World) async throws -> Erasure? {
    try await world[economy].journal.read { reader throws(CausewayError) in try reader.dataKey(id) }?.erasure
  }

  /// Withdrawn on both sides, and nothing is owed of it.
  private func ended(_ world: World, _ number: Int) async throws -> String {
    let declared = try await world.declare(number)
    try await world.run()
    _ = try await world.cn.withdraw(declared.clearanceID, by: world.customs)
    try await world.run()
    #expect(try await world.clearance(declared.clearanceID, at: "CN").outcome == .withdrawn)
    return declared.clearanceID
  }

  @Test func nothingIsErasedWithoutARule() async throws {
    let world = try await World()
    let id = try await ended(world, 1)
    world.clock.advance(seconds: 86_400 * 365 * 100)
    for economy in ["CN", "SG"] { #expect(try await world[economy].eraseDue() == 0) }
    #expect(try await erasure(id, in: world) == nil)
  }

  @Test func whatIsDueIsErasedAndNothingElse() async throws {
    let world = try await World(settings: Self.month)
    let (first, open) = (try await ended(world, 1), try await world.declare(2).clearanceID)
    try await world.run()
    world.clock.advance(seconds: 86_400 * 20)
    let (later, held) = (try await ended(world, 3), try await ended(world, 4))
    _ = try await world.cn.setHold(Array("{\"reason\":\"case\"}".utf8), on: held, by: world.customs)
    #expect(try await world.cn.eraseDue() == 0)
    world.clock.advance(seconds: 86_400 * 11)
    #expect(try await world.cn.eraseDue() == 1)
    let erased = try #require(try await erasure(first, in: world))
    #expect(erased.ground == "retention_expired" && erased.rule == "rule-1" && erased.time == world.clock.now())
    let entry = try #require(try await world.entries(at: "CN").last)
    #expect(entry.draft.kind == "data.erased" && entry.draft.actor == "CN")
    #expect(entry.draft.extra["rule"]?.string == "rule-1" && entry.draft.extra["ground"]?.string == "retention_expired")
    #expect(try await world.cn.eraseDue() == 0)
    world.clock.advance(seconds: 86_400 * 365)
    #expect(try await world.cn.eraseDue() == 1)
    #expect(try await erasure(later, in: world) != nil)
    for id in [open, held] { #expect(try await erasure(id, in: world) == nil) }
    // The rule is about the exporting side.
    #expect(try await world.sg.eraseDue() == 0)
    _ = try await world.cn.releaseHold(Array("{\"reason\":\"closed\"}".utf8), on: held, by: world.customs)
    #expect(try await world.cn.eraseDue() == 1)
    #expect(try await world.isSound("CN"))
  }

  /// By the worker, as a running gateway does it.
  @Test func theWorkerErasesWhatIsDue() async throws {
    let world = try await World(settings: Self.month)
    let id = try await ended(world, 1)
    world.clock.advance(seconds: 86_400 * 31)
    let node = world.cn
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await node.work() }
      for _ in 0..<600 {
        if let found = try? await erasure(id, in: world), found.rule == "rule-1" { break }
        try? await Task.sleep(for: .milliseconds(50))
      }
      group.cancelAll()
    }
    #expect(try await erasure(id, in: world)?.rule == "rule-1")
    #expect(try await world.isSound("CN"))
  }

  @Test func aRoundIsBounded() async throws {
    let world = try await World(["CN"], settings: "retention: [{id: r, kind: submission, period: {days: 1}, law: x}]")
    for number in 0..<(GatewayNode.mostErasuresPerRound + 3) {
      _ = try await world.cn.submit(
        Submission(
          body: Array("no document \(number)".utf8), profile: nil, corridor: "CN-SG", ucr: nil, clearanceID: nil, idempotencyKey: nil),
        by: world.customs)
    }
    while try await world.cn.translateReceived() > 0 {}
    #expect(try await world.cn.eraseDue() == 0)
    world.clock.advance(seconds: 86_401)
    #expect(try await world.cn.eraseDue() == GatewayNode.mostErasuresPerRound)
    #expect(try await world.cn.eraseDue() == 3)
    #expect(try await world.cn.eraseDue() == 0)
  }

  /// The first rule that fits decides: a longer period for one corridor stands before the one for all.
  @Test func theFirstRuleThatFitsDecides() async throws {
    let rules = """
      retention:
        - {id: long, kind: export, corridor: CN-SG, period: {years: 10}, law: x}
        - {id: short, period: {days: 1}, law: x}
        - {id: shadowed, corridor: CN-SG, period: {days: 1}, law: x}
      """
    let world = try await World(settings: rules)
    let id = try await ended(world, 1)
    world.clock.advance(seconds: 86_400 * 30)
    #expect(try await world.cn.eraseDue() == 0)
    #expect(try await world.sg.eraseDue() == 1)
    #expect(try await erasure(id, at: "SG", in: world)?.rule == "short")
    world.clock.advance(seconds: 86_400 * 365 * 10)
    #expect(try await world.cn.eraseDue() == 1)
    #expect(try await erasure(id, in: world)?.rule == "long")
  }

  @Test func rulesThatSayTooLittleAreRefused() throws {
    func problems(_ rule: String) -> [String] {
      do throws(CausewayError) {
        _ = try World.parsed("CN", corridors: "[]", settings: "retention: [\(rule)]")
        return []
      } catch { return error.problems.map { "\($0.pointer ?? "") \($0.code)" } }
    }
    #expect(problems("{id: a, period: {years: 1}, law: x}").isEmpty)
    #expect(problems("{id: a, period: {}, law: x}") == ["/retention/0/period config.type"])
    #expect(problems("{id: a, law: x}") == ["/retention/0/period config.key_missing"])
    #expect(problems("{id: a, period: {years: 0}, law: x}") == ["/retention/0/period/years config.range"])
    #expect(
      problems("{id: 法, period: {days: 1}, law: x, kind: all}").sorted() == [
        "/retention/0/id config.type", "/retention/0/kind config.type",
      ])
  }
}
