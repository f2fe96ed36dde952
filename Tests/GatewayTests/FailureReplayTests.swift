import Exchange
import Foundation
import JSONTree
import Journal
import JournalSQLite
import Ledger
import Logging
import Primitives
import TestSupport
import Testing
import Trust

@testable import Gateway

/// What failed, found by its cause and done again: the same operation as the first time, once in effect.
@Suite struct FailureReplayTests {
  static let once = "delivery: {attempts: 1, expirySeconds: 600}"
  static let other = Principal(name: "second", roles: Set(Role.allCases), tokenHash: "")

  static func body(_ text: String) -> [UInt8] { Array(text.utf8) }

  /// Declarations whose delivery has died.
  static func dead(_ world: World, _ numbers: ClosedRange<Int>) async throws -> [Acknowledgement] {
    var all: [Acknowledgement] = []
    world.line.fail { _ in .lost }
    for number in numbers { all.append(try await world.declare(number)) }
    while try await tryAll(world) > 0 {}
    world.line.heal()
    forgetFailures(world)
    return all
  }

  /// Delivers what is due as if Singapore had been left alone for long enough.
  static func tryAll(_ world: World) async throws -> Int {
    forgetFailures(world)
    return try await world.cn.deliverDue()
  }

  static func forgetFailures(_ world: World) { world.cn.circuits.update("SG") { $0 = CircuitBreaker() } }

  /// Everything that replays have to do, and what follows from it.
  static func settle(_ world: World) async throws {
    for _ in 0..<100 {
      let pages = try await world.cn.runReplays() + world.sg.runReplays()
      try await world.run()
      if pages == 0 { return }
    }
  }

  static func start(_ world: World, _ text: String) async throws -> JSONValue {
    try await world.cn.replay(body(text), by: world.customs)
  }

  /// Replays, and everything that follows.
  static func replay(_ world: World, _ text: String) async throws -> JSONValue {
    let id = try #require(try await start(world, text)["id"]?.string)
    try await settle(world)
    return try await world.cn.replay(id, waitSeconds: 0, seen: nil)
  }

  static func inbound(_ world: World) async throws -> [MessageRecord] {
    try await world.messages(at: "SG", MessageQuery(direction: .inbound, limit: 1000)).filter {
      $0.kind == "declaration" && $0.state != MessageState.turnedAway.rawValue
    }
  }

  /// China's gateway as it was while the corridor was not configured, on the same journal.
  static func lacking(_ world: World) throws -> GatewayNode {
    let cn = world.cn
    return try GatewayNode(
      configuration: try World.parsed("CN", corridors: "[]"), registry: cn.registry, profiles: cn.profiles,
      policies: Economies.shared.policies, journal: cn.journal, signer: cn.signer, partners: Line.End(line: world.line, sender: "CN"),
      webhooks: world.webhooks, clock: world.clock, logger: cn.logger)
  }

  /// What does not hold to a schema of `schemas/`.
  static func errors(_ value: JSONValue, _ name: String) throws -> [String] {
    let file = URL(filePath: "\(Economies.schemas)/\(name).schema.json")
    return try JSONSchema([UInt8](try Data(contentsOf: file))).errors(in: value)
  }

  // MARK: - Failures

  @Test func failuresByCause() async throws {
    let world = try await World(settings: Self.once)
    let dead = try await Self.dead(world, 1...5)
    world.clock.advance(seconds: 100)
    let bad = try await world.cn.submit(
      Submission(body: Self.body("<a/>"), profile: nil, corridor: "CN-SG", ucr: nil, clearanceID: nil, idempotencyKey: nil),
      by: world.customs)
    _ = try await world.cn.translateReceived()
    let view = try await world.cn.failures(FailureFilter())
    let groups = try #require(view["failures"]?.array)
    #expect(view["messages"]?.int == 6)
    #expect(try Self.errors(view, "failures") == [])
    #expect(groups.map { $0["code"]?.string } == ["deliver.no_receipt", "parse.root_unknown"])
    let first = try #require(groups.first)
    #expect(first["stage"]?.string == "deliver" && first["state"]?.string == "dead" && first["direction"]?.string == "outbound")
    #expect(first["corridor"]?.string == "CN-SG" && first["partner"]?.string == "SG" && first["kind"]?.string == "declaration")
    #expect(first["count"]?.int == 5 && first["oldestAgeSeconds"]?.int == 100)
    #expect(first["first"]?.string == Economies.start.rfc3339 && first["last"]?.string == Economies.start.rfc3339)
    #expect(first["samples"]?.array?.map(\.string) == dead.prefix(3).map(\.messageID))
    #expect(groups.last?["samples"]?.array?.map(\.string) == [bad.messageID])
    let attempts = try await world.cn.message(dead[0].messageID, waitSeconds: 0)["delivery"]
    #expect(attempts?["attempts"]?.int == 1 && attempts?["givenUp"]?.bool == true)
    #expect(attempts?["lastError"]?.string == "deliver.no_receipt")
    func count(_ query: [(String, String)]) async throws -> Int? {
      try await world.cn.failures(try FailureFilter(query: query.map { (name: $0.0, value: $0.1) }))["messages"]?.int
    }
    #expect(try await count([("code", "deliver.no_receipt")]) == 5)
    #expect(try await count([("state", "refused")]) == 1)
    #expect(try await count([("partner", "MY")]) == 0)
    #expect(try await count([("since", world.clock.now().rfc3339)]) == 1)
    #expect(try await count([("until", Economies.start.rfc3339), ("kind", "declaration")]) == 5)
  }

  /// A mistyped condition would find too much: each is refused, with its name.
  @Test func conditionsThatAreNone() throws {
    for (query, pointer) in [
      ([("cod", "a.b")], ""), ([("code", "A.b")], "/code"), ([("code", "' OR 1=1")], "/code"), ([("state", "sealed")], "/state"),
      ([("direction", "both")], "/direction"), ([("since", "yesterday")], "/since"), ([("corridor", "")], "/corridor"),
      ([("messages", "x")], "/messages"), ([("since", "2026-12-01T00:00:00Z"), ("until", "2026-11-01T00:00:00Z")], "/until"),
      ([("code", "a.b"), ("code", "c.d")], "/"),
    ] {
      let error = #expect(throws: CausewayError.self) { try FailureFilter(query: query.map { (name: $0.0, value: $0.1) }) }
      #expect(error?.problems.compactMap(\.pointer).contains(pointer) == true, "\(query)")
    }
  }

  // MARK: - What is done

  @Test func deadDeliveryGoesAgainAsItWas() async throws {
    let world = try await World(settings: Self.once)
    let dead = try await Self.dead(world, 1...3)
    let envelopes = world.line.sent.map(\.envelope.digest)
    let entries = try await world.entries(at: "CN").count
    let preview = try await Self.start(world, #"{"dryRun": true, "code": "deliver.no_receipt"}"#)
    #expect(preview["selected"]?.int == 3 && preview["processed"]?.int == 3)
    #expect(preview["actions"]?["deliver"]?.int == 3)
    #expect(try Self.errors(preview, "replay-preview") == [])
    #expect(preview["messages"]?.array?.map { $0["messageId"]?.string } == dead.map(\.messageID))
    #expect(try await world.entries(at: "CN").count == entries, "a dry run writes nothing")
    #expect(try await world.cn.deliverDue() == 0)
    let job = try await Self.replay(world, #"{"code": "deliver.no_receipt", "expected": 3}"#)
    #expect(job["state"]?.string == "done" && job["processed"]?.int == 3 && job["actions"]?["deliver"]?.int == 3)
    #expect(try Self.errors(job, "replay") == [] && !Self.errors(preview, "replay").isEmpty)
    for declared in dead { #expect(try await world.message(declared.messageID, at: "CN").state == "delivered") }
    let sent = world.line.sent.filter { $0.sender == "CN" && $0.answer != nil }.map(\.envelope.digest)
    #expect(Set(sent) == Set(envelopes) && sent.count == 3, "the same bytes under the same ids")
    #expect(try await Self.inbound(world).count == 3)
    let replayed = try await world.entries(at: "CN").map(\.draft).filter { $0.kind == "message.replayed" }
    #expect(replayed.compactMap(\.messageID?.text) == dead.map(\.messageID))
    #expect(replayed.allSatisfy { $0.actor == "customs" && $0.reasons == ["deliver.no_receipt"] && $0.extra["replay"] == job["id"] })
    let kinds = try await world.entries(at: "CN").map(\.draft.kind).filter { $0.hasPrefix("replay.") }
    #expect(kinds == ["replay.started", "replay.done"])
    #expect(try await world.cn.failures(FailureFilter())["messages"]?.int == 0)
    for economy in ["CN", "SG"] { #expect(try await world.isSound(economy)) }
  }

  /// What took effect is not done again, and its receipt is the one that was given.
  @Test func whatTookEffectStays() async throws {
    let world = try await World()
    let declared = try await world.declare()
    try await world.run()
    let receipt = try #require(world.line.sent.first?.answer)
    let (sent, before) = (world.line.sent.count, try await world.entries(at: "SG").count)
    let named = #""messages": ["\#(declared.messageID)"]"#
    let preview = try await Self.start(world, "{\"dryRun\": true, \(named)}")
    #expect(preview["messages"]?.array?.first?["because"]?.string == "replay.settled")
    #expect(preview["messages"]?.array?.first?["receipt"]?.string == receipt)
    let job = try await Self.replay(world, "{\(named)}")
    #expect(job["actions"]?["nothing"]?.int == 1 && job["untouched"]?["replay.settled"]?.int == 1)
    #expect(world.line.sent.count == sent)
    #expect(try await world.entries(at: "SG").count == before)
    #expect(try await world.cn.message(declared.messageID, waitSeconds: 0)["receipt"]?.string == receipt)
    #expect(try await world.message(declared.messageID, at: "CN").state == "delivered")
  }

  /// The answer was lost and the envelope has expired: asked with the same bytes, the partner gives the receipt that it gave.
  @Test func expiredAndTakenInTime() async throws {
    let world = try await World(settings: Self.once)
    let declared = try await world.declare()
    world.line.fail { _ in .answerLost }
    _ = try await world.cn.deliverDue()
    world.line.heal()
    world.clock.advance(seconds: 3600)
    let first = try #require(try await Self.inbound(world).first)
    let preview = try await Self.start(world, #"{"dryRun": true, "state": "dead"}"#)
    #expect(preview["actions"]?["ask"]?.int == 1)
    _ = try await Self.replay(world, #"{"state": "dead"}"#)
    let message = try await world.message(declared.messageID, at: "CN")
    #expect(message.state == "delivered" && message.reason == nil)
    #expect(message.receipt == first.receipt)
    #expect(try await Self.inbound(world).count == 1)
    #expect(try await world.messages(at: "CN", MessageQuery(direction: .outbound, limit: 10)).count == 1)
  }

  /// It never arrived and has expired: the partner signs so, and only then another message takes its place.
  @Test func expiredAndNeverThere() async throws {
    let world = try await World(settings: Self.once)
    let declared = try #require(try await Self.dead(world, 1...1).first)
    world.clock.advance(seconds: 3600)
    let job = try await Self.replay(world, #"{"partner": "SG"}"#)
    let old = try await world.cn.message(declared.messageID, waitSeconds: 0)
    #expect(old["state"]?.string == "refused_by_partner" && old["reason"]?.string == "replay.superseded")
    #expect(old["problems"]?["reasons"]?.array?.first?["code"]?.string == "verify.expired")
    let successor = try #require(old["replayedBy"]?.string)
    let new = try await world.cn.message(successor, waitSeconds: 0)
    #expect(new["replays"]?.string == declared.messageID && new["state"]?.string == "delivered")
    #expect(try await world.cn.document(of: successor, kind: "source").bytes == Economies.declaration(1))
    #expect(try await Self.inbound(world).map(\.id.text) == [successor])
    let entries = try await world.entries(at: "CN").map(\.draft)
    #expect(entries.contains { $0.kind == "message.replayed" && $0.messageID?.text == declared.messageID && $0.extra["action"] == "ask" })
    let link = try #require(entries.first { $0.kind == "message.replays" })
    #expect(link.messageID?.text == successor && link.extra["replaces"]?.string == declared.messageID && link.extra["replay"] == job["id"])
    // The local side was not told of a refusal that is none.
    #expect(try await world.cn.inboxItems(after: 0, limit: 10).allSatisfy { $0.record.kind != "refusal" })
    #expect(try await world.cn.failures(FailureFilter())["messages"]?.int == 0)
    let again = try await Self.replay(world, "{\"messages\": [\"\(declared.messageID)\"]}")
    #expect(again["untouched"]?["replay.superseded"]?.int == 1)
    #expect(try await Self.inbound(world).count == 1)
    for economy in ["CN", "SG"] { #expect(try await world.isSound(economy)) }
  }

  /// A status that came too late is said again under the next number; the messages go in their order.
  @Test func expiredStatusBehindItsDeclaration() async throws {
    let world = try await World(settings: Self.once)
    let declared = try await world.declare()
    _ = try await world.cn.deliverDue()
    try await world.report("accepted", on: declared.clearanceID, at: "CN")
    world.line.fail { _ in .lost }
    _ = try await world.cn.deliverDue()
    world.line.heal()
    world.clock.advance(seconds: 3600)
    _ = try await Self.replay(world, #"{"kind": "status"}"#)
    let statuses = try await world.messages(at: "CN", MessageQuery(direction: .outbound, limit: 10)).filter { $0.kind == "status" }
    #expect(statuses.map(\.state) == ["refused_by_partner", "delivered"])
    #expect(statuses.map(\.sequence) == [2, 3])
    #expect(try await world.clearance(declared.clearanceID, at: "SG").export.status == .accepted)
    #expect(try await world.cn.message(statuses[1].id.text, waitSeconds: 0)["replays"]?.string == statuses[0].id.text)
  }

  /// What comes behind a failure in its clearance waits for it.
  @Test func behindAFailure() async throws {
    let world = try await World(settings: Self.once)
    let declared = try await world.declare()
    try await world.report("accepted", on: declared.clearanceID, at: "CN")
    world.line.fail { _ in .lost }
    while try await world.cn.deliverDue() > 0 {}
    world.line.heal()
    let alone = try await Self.replay(world, #"{"kind": "status"}"#)
    #expect(alone["untouched"]?["replay.earlier_failed"]?.int == 1)
    #expect(try await Self.inbound(world).isEmpty)
    let both = try await Self.replay(world, #"{"code": "deliver.no_receipt"}"#)
    #expect(both["actions"]?["deliver"]?.int == 2)
    #expect(try await world.clearance(declared.clearanceID, at: "SG").export.status == .accepted)
  }

  /// An expired message is not asked about while an earlier one is given up: its refusal would leave a gap in the partner's numbers.
  @Test func notAskedAheadOfAFailure() async throws {
    let world = try await World(settings: Self.once)
    let declared = try await world.declare()
    try await world.report("accepted", on: declared.clearanceID, at: "CN")
    world.line.fail { _ in .lost }
    while try await world.cn.deliverDue() > 0 {}
    world.clock.advance(seconds: 3600)
    let sent = world.line.sent.count
    // The declaration dies again.
    _ = try await Self.replay(world, #"{"code": "deliver.no_receipt"}"#)
    let status = try #require(try await world.messages(at: "CN").first { $0.kind == "status" })
    #expect(status.state == "dead" && status.reason == "replay.earlier_failed")
    #expect(world.line.sent.count == sent + 1)
    world.line.heal()
    _ = try await Self.replay(world, #"{"state": "dead"}"#)
    #expect(try await Self.inbound(world).count == 1)
    let left = try await world.message(status.id.text, at: "CN")
    #expect(left.state == "dead" && left.reason == "clearance.turned_away")
  }

  /// One that cannot be read any more holds up no other.
  @Test func damagedAmongOthers() async throws {
    let world = try await World(settings: Self.once)
    let dead = try await Self.dead(world, 1...3)
    try await world.tamper("CN", "UPDATE message SET details = zeroblob(60) WHERE id = '\(dead[1].messageID)'")
    let job = try await Self.replay(world, #"{"code": "deliver.no_receipt"}"#)
    #expect(job["state"]?.string == "done" && job["actions"]?["deliver"]?.int == 2 && job["untouched"]?["journal.sealed_damaged"]?.int == 1)
    #expect(try await Self.inbound(world).count == 2)
  }

  /// Handed in again after its refusal, the consignment has been declared: the replay of the first document doubles nothing.
  @Test func handedInAgainMeanwhile() async throws {
    let world = try await World()
    let submission = Submission(
      body: Economies.declaration(1), profile: nil, corridor: "CN-SG", ucr: nil, clearanceID: nil, idempotencyKey: nil)
    let first = try await world.cn.submit(submission, by: world.customs)
    _ = try await Self.lacking(world).translateReceived()
    let second = try await world.cn.submit(submission, by: world.customs)
    try await world.run()
    #expect(first.messageID != second.messageID)
    _ = try await Self.replay(world, #"{"state": "refused"}"#)
    let left = try await world.message(first.messageID, at: "CN")
    #expect(left.state == "refused" && left.reason == "clearance.ucr_in_use")
    #expect(try await Self.inbound(world).map(\.id.text) == [second.messageID])
  }

  /// Refused by this gateway's own steps: the same message begins again at its document, with what is configured now.
  @Test func refusedHereIsTranslatedAnew() async throws {
    let world = try await World(["CN", "SG"])
    let lacking = try Self.lacking(world)
    let declared = try await world.cn.submit(
      Submission(body: Economies.declaration(1), profile: nil, corridor: "CN-SG", ucr: nil, clearanceID: nil, idempotencyKey: nil),
      by: world.customs)
    _ = try await lacking.translateReceived()
    #expect(try await world.message(declared.messageID, at: "CN").state == "refused")
    let preview = try await Self.start(world, #"{"dryRun": true, "state": "refused"}"#)
    let shown = try #require(preview["messages"]?.array?.first)
    #expect(shown["action"]?.string == "translate" && shown["translation"]?["outcome"]?.string == "translated")
    #expect(shown["translation"]?["problemsBefore"]?.array?.first?["code"]?.string == "receive.corridor_unknown")
    #expect(preview["translated"]?["translated"]?.int == 1)
    #expect(try Self.errors(preview, "replay-preview") == [])
    _ = try await Self.replay(world, #"{"state": "refused"}"#)
    let view = try await world.cn.message(declared.messageID, waitSeconds: 0)
    #expect(view["state"]?.string == "delivered" && view["problems"] == .null)
    #expect(view["payloadSha256"] == shown["translation"]?["payloadSha256"], "what the dry run said is what was sent")
    #expect(try await Self.inbound(world).map(\.id.text) == [declared.messageID])
  }

  /// A document that is still wrong is refused again, under the problems of now.
  @Test func refusedAgain() async throws {
    let world = try await World()
    let bad = try await world.cn.submit(
      Submission(body: Self.body("<a/>"), profile: nil, corridor: "CN-SG", ucr: nil, clearanceID: nil, idempotencyKey: nil),
      by: world.customs)
    _ = try await world.cn.translateReceived()
    let preview = try await Self.start(world, #"{"dryRun": true, "state": "refused"}"#)
    #expect(preview["translated"]?["refused"]?.int == 1)
    #expect(try Self.errors(preview, "replay-preview") == [])
    _ = try await Self.replay(world, #"{"state": "refused"}"#)
    #expect(try await world.message(bad.messageID, at: "CN").state == "refused")
    #expect(try await world.cn.message(bad.messageID, waitSeconds: 0)["problems"]?["reasons"]?.array?.count == 1)
    let kinds = try await world.entries(at: "CN").map(\.draft.kind).filter { $0.hasPrefix("declaration.") || $0.hasPrefix("message.") }
    #expect(kinds == ["declaration.refused", "message.replayed", "declaration.refused"])
  }

  /// The partner has refused the declaration: from the same document a new one, once.
  @Test func refusedByThePartner() async throws {
    let world = try await World()
    let declared = try await world.declare(1, ucr: "6CN0001")
    world.line.fail { _ in .changed { $0.with(signature: String($0.signature.dropLast(4)) + "AAAA") } }
    _ = try await world.cn.deliverDue()
    world.line.heal()
    let old = try await world.message(declared.messageID, at: "CN")
    #expect(old.state == "refused_by_partner" && old.reason == "verify.jws_signature")
    let preview = try await Self.start(world, #"{"dryRun": true, "state": "refused_by_partner"}"#)
    let translation = preview["messages"]?.array?.first?["translation"]
    #expect(preview["actions"]?["anew"]?.int == 1)
    #expect(try Self.errors(preview, "replay-preview") == [])
    #expect(translation?["difference"]?["count"]?.int == 0 && translation?["payloadSha256"]?.string == old.payloadDigest?.hex)
    let job = try await Self.replay(world, #"{"state": "refused_by_partner"}"#)
    #expect(job["actions"]?["anew"]?.int == 1)
    let view = try await world.cn.message(declared.messageID, waitSeconds: 0)
    #expect(view["receipt"]?.string.map { Array($0.utf8) } == old.receipt, "its receipt stays")
    let successor = try #require(view["replayedBy"]?.string)
    #expect(try await world.message(successor, at: "CN").state == "delivered")
    #expect(try await world.message(successor, at: "CN").clearance != declared.clearanceID)
    _ = try? await Self.replay(world, #"{"state": "refused_by_partner"}"#)
    #expect(try await Self.inbound(world).map(\.id.text) == [successor])
  }

  /// Set aside before anything was sealed, or on the way in: the same message begins again.
  @Test func setAsideOnTheWayIn() async throws {
    let world = try await World()
    let declared = try await world.declare()
    _ = try await world.cn.deliverDue()
    let inbound = try #require(try await Self.inbound(world).first)
    _ = try await world.sg.journal.commit(
      Change(operations: [.setMessageState(inbound.id, "dead", reason: "journal.row_invalid", at: world.clock.now())]))
    _ = try await world.sg.replay(Self.body(#"{"direction": "inbound", "state": "dead"}"#), by: world.customs)
    try await Self.settle(world)
    #expect(try await world.message(declared.messageID, at: "SG").state == "handled")
    #expect(try await world.clearance(declared.clearanceID, at: "SG").import?.status == .supplementRequested)
  }

  // MARK: - What is refused

  @Test func ordersThatAreNone() async throws {
    let world = try await World(["CN", "SG", "MY"], settings: Self.once)
    let dead = try await Self.dead(world, 1...2)
    let now = world.clock.now()
    let other = MessageRecord(
      id: SecureRandom.messageID(at: now), direction: .outbound, clearance: ClearanceID.random().text, kind: "status", corridor: "CN-MY",
      partner: "MY", state: "dead", reason: "deliver.no_receipt", created: now)
    _ = try await world.cn.journal.commit(Change(operations: [.putMessage(other, expecting: .absent)]))
    for (order, code) in [
      ("{}", "replay.filter_empty"), (#"{"dryRun": true}"#, "replay.filter_empty"),
      (#"{"code": "deliver.no_receipt"}"#, "replay.several_partners"),
      (#"{"code": "deliver.no_receipt", "partner": "SG", "expected": 3}"#, "replay.selection_changed"),
      (#"{"code": "deliver.expired"}"#, "replay.nothing_found"),
      (#"{"messages": ["\#(dead[0].messageID)", "\#(SecureRandom.messageID(at: now).text)"]}"#, "replay.nothing_found"),
      (#"{"messages": []}"#, "parse.json_member_value"), (#"{"messages": ["x"]}"#, "parse.json_member_value"),
      (#"{"messages": ["\#(dead[0].messageID)", "\#(dead[0].messageID)"]}"#, "parse.json_member_value"),
      (#"{"code": "deliver.no_receipt", "all": true}"#, "parse.json_member_unknown"), ("[]", "parse.json_member_type"),
    ] {
      await #expect(throws: CausewayError(ErrorCode(rawValue: code)), "\(order)") { try await Self.start(world, order) }
    }
    #expect(try await world.cn.replays()["replays"]?.array?.isEmpty == true)
    _ = try await Self.replay(world, #"{"code": "deliver.no_receipt", "partner": "SG", "expected": 2}"#)
    #expect(try await world.message(other.id.text, at: "CN").state == "dead", "what goes to another partner is not touched")
    await #expect(throws: CausewayError("receive.not_found")) { try await world.cn.replay("x", waitSeconds: 0, seen: nil) }
    await #expect(throws: CausewayError("receive.not_found")) { try await world.cn.control(replay: "x", .pause, by: world.customs) }
  }

  /// The decision, case by case.
  @Test func decisions() throws {
    let now = Economies.start
    func subject(
      _ state: MessageState, _ direction: Direction = .outbound, kind: String = "declaration",
      _ change: (inout ReplaySubject) -> Void = { _ in }
    ) -> ReplayAction {
      let message = MessageRecord(
        id: SecureRandom.messageID(at: now), direction: direction, clearance: "c", kind: kind, corridor: "CN-SG", partner: "SG",
        state: state.rawValue, created: now)
      var subject = ReplaySubject(message: message)
      subject.hasDocument = true
      change(&subject)
      return subject.action(at: now)
    }
    func delivery(isDead: Bool) -> OutboxRecord {
      OutboxRecord(
        channel: "partner.SG", messageID: SecureRandom.messageID(at: now), destination: "SG", orderKey: "c", due: now, isDead: isDead,
        created: now)
    }
    func sealed(_ subject: inout ReplaySubject) {
      subject.expires = now.adding(seconds: 1)
      subject.delivery = delivery(isDead: true)
    }
    for state in [MessageState.received, .sealed] { #expect(subject(state) == .nothing("replay.underway")) }
    #expect(subject(.recorded, .inbound) == .nothing("replay.underway"))
    for state in [MessageState.delivered, .handled] { #expect(subject(state) == .nothing("replay.settled")) }
    #expect(subject(.turnedAway, .inbound) == .nothing("replay.partners_turn"))
    #expect(subject(.refused) == .translate)
    #expect(subject(.refused) { $0.hasDocument = false } == .nothing("replay.no_document"))
    #expect(subject(.refusedByPartner) == .anew)
    #expect(subject(.refusedByPartner, kind: "status") == .nothing("replay.settled"))
    #expect(subject(.refusedByPartner) { $0.isSuperseded = true } == .nothing("replay.superseded"))
    #expect(subject(.dead) == .translate)
    #expect(subject(.dead, .inbound) == .translate)
    for state in [MessageState.dead, .refused, .refusedByPartner] {
      #expect(subject(state) { $0.isErased = true } == .nothing("clearance.erased"))
    }
    #expect(subject(.dead) { sealed(&$0) } == .deliver)
    #expect(
      subject(.dead) {
        sealed(&$0)
        $0.expires = now
      } == .ask)
    for (change, code) in [
      ({ $0.delivery = nil }, "deliver.incomplete"), ({ $0.delivery = delivery(isDead: false) }, "replay.underway"),
      ({ $0.isPartnerKnown = false }, "deliver.partner_unknown"), ({ $0.isTurnedAway = true }, "clearance.turned_away"),
      ({ $0.isBehindFailure = true }, "replay.earlier_failed"),
    ] as [((inout ReplaySubject) -> Void, String)] {
      let action = subject(.dead) {
        sealed(&$0)
        change(&$0)
      }
      #expect(action == .nothing(ErrorCode(rawValue: code)))
    }
  }
}
