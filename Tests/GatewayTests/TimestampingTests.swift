import Foundation
import JSONTree
import Journal
import JournalSQLite
import Ledger
import Logging
import Primitives
import Synchronization
import TestSupport
import Testing
import Trust

@testable import Gateway

/// Time-stamps on the own ledger's checkpoints, and what the outage of their authority does: it is written down, and stops nothing.
@Suite struct TimestampingTests {
  /// An authority that can be out of reach.
  private final class Transport: TimeStampTransport {
    let authority: TimeStampAuthority
    private let state = Mutex((isDown: false, questions: 0))

    init(_ settings: [String: String] = [:]) throws { authority = try TimeStampAuthority(settings: settings) }

    var isDown: Bool {
      get { state.withLock(\.isDown) }
      set { state.withLock { $0.isDown = newValue } }
    }
    var questions: Int { state.withLock(\.questions) }

    func ask(_ request: [UInt8]) async throws(CausewayError) -> [UInt8] {
      state.withLock { $0.questions += 1 }
      if isDown { throw CausewayError("timestamp.no_answer", facts: ["reason": "deliver.unreachable"]) }
      do { return try authority.answer(request) } catch { throw CausewayError("timestamp.no_answer", underlying: "\(error)") }
    }
  }

  /// A gateway whose clock is right, as the authority's is.
  private struct Stamped {
    let world: World
    let transport: Transport
    let source: TimeStampSource
    var node: GatewayNode { world.sg }

    init(settings: String = "") async throws {
      transport = try Transport()
      let text = "timestamping: {url: \"http://127.0.0.1:1/tsa\", authorities: tsa.pem\(settings)}"
      let configured = try #require(try World.configuration("SG", settings: text).timestamping)
      source = TimeStampSource(
        settings: configured, authorities: [try Certificate(pem: transport.authority.authority)], transport: transport)
      world = try await World(["SG"], timeStamps: source)
      let now = Int64(Date.now.timeIntervalSince1970)
      world.clock.advance(seconds: now - Economies.start.milliseconds / 1000)
    }

    func record() async throws { _ = try await node.journal.commit(Change(entries: [EntryDraft(kind: "test", actor: "SG")])) }
    func stamp() async throws -> GatewayNode.Stamping { try await node.stampNewest(from: source) }
    func kinds() async throws -> [String] { try await world.entries(at: "SG").map(\.draft.kind) }
    func timestamps() async throws -> [TimestampRecord] {
      try await node.journal.read { reader throws(CausewayError) in
        var found: [TimestampRecord] = []
        while let next = try reader.timestamp(coveringSize: (found.last?.size ?? 0) + 1) { found.append(next) }
        return found
      }
    }
    func health() async throws -> JSONValue { try #require(await node.health()["timestamps"]) }
    func metrics() async -> [String] { await node.metricsText().split(separator: "\n").map(String.init) }
  }

  @Test func theNewestCheckpointIsStampedOnceInAnInterval() async throws {
    let stamped = try await Stamped()
    #expect(try await stamped.stamp() == .nothingDue, "an empty ledger has no checkpoint")
    try await stamped.record()
    try await stamped.record()
    #expect(try await stamped.stamp() == .stamped)
    let first = try await stamped.timestamps()
    #expect(first.map(\.size) == [2])
    // The token is over the checkpoint as the log signed it, and is the authority's.
    let stored = try #require(try await stamped.node.journal.read { reader throws(CausewayError) in try reader.latestCheckpoint() })
    let token = try TimeStampToken(der: first[0].token)
    #expect(token.imprint == SHA256.hash(stored.note) && token.latest == first[0].time)
    _ = try token.verify(stamping: SHA256.hash(stored.note), authorities: [try Certificate(pem: stamped.transport.authority.authority)])
    #expect(try await stamped.stamp() == .nothingDue, "nothing new")
    try await stamped.record()
    #expect(try await stamped.stamp() == .nothingDue, "not yet")
    #expect(stamped.transport.questions == 1)
    let health = try await stamped.health()
    #expect(health["size"] == 2 && health["time"]?.string == first[0].time.rfc3339 && health["debtSince"] == .null)
    #expect(try await stamped.kinds() == ["test", "test", "test"], "a time-stamp is no entry")
    let metrics = await stamped.metrics()
    #expect(metrics.contains("gateway_timestamps_total 1") && metrics.contains("gateway_timestamp_wait_seconds 0"))
  }

  @Test func anIntervalLaterTheNextOneIsDue() async throws {
    let stamped = try await Stamped(settings: ", everySeconds: 60")
    try await stamped.record()
    #expect(try await stamped.stamp() == .stamped)
    try await stamped.record()
    stamped.world.clock.advance(seconds: 70)
    #expect(try await stamped.stamp() == .stamped)
    #expect(try await stamped.timestamps().map(\.size) == [1, 2])
    // After a restart it is known what was stamped.
    try await stamped.world.restart("SG")
    #expect(try await stamped.stamp() == .nothingDue)
  }

  @Test func anOutageIsADebtAndStopsNothing() async throws {
    let stamped = try await Stamped(settings: ", everySeconds: 60, longestDebtSeconds: 200")
    stamped.transport.isDown = true
    try await stamped.record()
    #expect(try await stamped.stamp() == .failed)
    #expect(try await stamped.kinds() == ["test"], "within the interval it is no debt")
    stamped.world.clock.advance(seconds: 61)
    for _ in 0..<3 { #expect(try await stamped.stamp() == .failed) }
    #expect(try await stamped.kinds() == ["test", "timestamp.debt"], "recorded once")
    let debt = try #require(try await stamped.world.entries(at: "SG").last).draft
    #expect(debt.reasons == ["timestamp.no_answer"] && debt.extra["from"] == 0)
    #expect(try await stamped.health()["isOverdue"] == false)
    #expect(try await stamped.health()["debtSince"]?.string != nil)
    // Beyond the bound it is an alarm; what comes in is still taken in.
    stamped.world.clock.advance(seconds: 150)
    #expect(try await stamped.stamp() == .failed)
    #expect(try await stamped.health()["isOverdue"] == true)
    #expect(await stamped.metrics().contains("gateway_ledger_alarms_total{kind=\"timestamp.overdue\"} 1"))
    #expect(await stamped.metrics().contains("gateway_timestamp_wait_seconds 211"))
    try await stamped.record()
    #expect(await stamped.node.health()["status"] == "ok")
    stamped.transport.isDown = false
    #expect(try await stamped.stamp() == .stamped)
    #expect(try await stamped.kinds() == ["test", "timestamp.debt", "test", "timestamp.repaid"])
    let repaid = try #require(try await stamped.world.entries(at: "SG").last).draft
    #expect(repaid.extra["size"] == 3 && repaid.extra["from"] == 0 && repaid.extra["since"]?.string != nil)
    #expect(try await stamped.timestamps().map(\.size) == [3], "one time-stamp makes up for all that were missed")
    #expect(try await stamped.health()["debtSince"] == .null)
    #expect(try await stamped.world.isSound("SG"))
  }

  /// Whoever is in the authority's place, or has a clock that is wrong, gives nothing that is kept.
  @Test func whatDoesNotHoldIsNotKept() async throws {
    let stamped = try await Stamped()
    let other = try TimeStampAuthority()
    let stranger = TimeStampSource(
      settings: stamped.source.settings, authorities: [try Certificate(pem: other.authority)], transport: stamped.transport)
    try await stamped.record()
    #expect(try await stamped.node.stampNewest(from: stranger) == .failed)
    #expect(await stamped.metrics().contains("gateway_timestamp_failures_total{code=\"timestamp.signature\"} 1"))
    // That it was some time within the last ten minutes.
    let vague = try Transport(["accuracy": "secs:600"])
    let guessing = TimeStampSource(
      settings: stamped.source.settings, authorities: [try Certificate(pem: vague.authority.authority)], transport: vague)
    #expect(try await stamped.node.stampNewest(from: guessing) == .failed)
    #expect(await stamped.metrics().contains("gateway_timestamp_failures_total{code=\"timestamp.clock\"} 1"))
    stamped.world.clock.advance(seconds: 400)
    #expect(try await stamped.stamp() == .failed)
    #expect(await stamped.metrics().contains("gateway_timestamp_failures_total{code=\"timestamp.clock\"} 2"))
    #expect(try await stamped.timestamps().isEmpty)
    stamped.world.clock.advance(seconds: -300)
    #expect(try await stamped.stamp() == .stamped, "the twin: a hundred seconds apart")
  }

  @Test func aGatewayWithoutAnAuthorityHasNoDebt() async throws {
    let world = try await World(["SG"])
    #expect(await world.sg.health()["timestamps"] == .null)
    #expect(await !world.sg.metricsText().contains("gateway_timestamp"))
  }

  @Test func theConfigurationIsChecked() throws {
    func problems(_ settings: String) -> [String] {
      do throws(CausewayError) {
        _ = try World.parsed("SG", corridors: "[]", settings: "timestamping: {\(settings)}")
        return []
      } catch {
        return error.problems.map { "\($0.code) \($0.pointer ?? "")" }
      }
    }
    #expect(problems("url: \"http://tsa.example/\", authorities: a.pem") == [])
    #expect(problems("url: \"https://tsa.example:8080/tsr?x=1\", authorities: a.pem, everySeconds: 60, longestDebtSeconds: 3600") == [])
    for url in [
      "ftp://tsa.example/", "http://", "http:///tsa", "http://user@tsa.example/", "http://tsa.example/#a", "http://tsa.example/ x",
    ] {
      #expect(problems("url: \"\(url)\", authorities: a.pem") == ["timestamp.url /timestamping/url"], "\(url)")
    }
    #expect(problems("url: \"http://tsa.example/\"") == ["config.key_missing /timestamping/authorities"])
    #expect(problems("url: \"http://tsa.example/\", authorities: a.pem, everySeconds: 0") == ["config.range /timestamping/everySeconds"])
    #expect(problems("url: \"http://tsa.example/\", authorities: a.pem, often: 1") == ["config.key_unknown /timestamping/often"])
  }
}
