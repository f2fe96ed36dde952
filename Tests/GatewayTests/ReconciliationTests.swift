import CSQLite
import Exchange
import Foundation
import JSONTree
import Journal
import Ledger
import Primitives
import TestSupport
import Testing
import Trust

@testable import Gateway

extension World {
  /// Reconciles all days since the beginning, as one economy.
  ///
  /// - Returns: the findings, as `kind id`.
  func reconcile(at economy: String = "CN", corridor: String = "CN-SG") async throws -> Set<String> {
    var found: Set<String> = []
    for day in days {
      let result = try await self[economy].reconcile(corridor: corridor, day: day, by: "tester")
      #expect(result["complete"]?.bool == true)
      for finding in result["findings"]?.array ?? [] { found.insert(Self.named(finding)) }
    }
    return found
  }

  static func named(_ item: JSONValue) -> String {
    "\(item["kind"]?.string ?? "") \(item["messageId"]?.string ?? item["clearanceId"]?.string ?? "")"
  }

  /// From the start of the world's clock until now, `YYYY-MM-DD`.
  var days: [String] {
    let last = clock.now().day
    var days: [String] = []
    var time = Economies.start
    while !days.contains(last) {
      days.append(time.day)
      time = time.adding(seconds: 86_400)
    }
    return days
  }

  /// Later than anything is still settling.
  func settle() { clock.advance(seconds: GatewayNode.settlingSeconds + 1) }

  /// Work items as they are listed, as `kind id state`.
  func workItems(at economy: String = "CN", state: String? = nil) async throws -> [String] {
    let list = try await self[economy].workItems(corridor: nil, day: nil, state: state, after: nil)
    return (list["workItems"]?.array ?? []).map { "\(Self.named($0)) \($0["state"]?.string ?? "")" }
  }

  /// Somebody else's hand in the journal of an economy, while its gateway is down.
  func tamper(_ economy: String, _ sql: String) async throws {
    await stop(economy)
    try Self.execute(path(economy) + "/journal.sqlite", sql)
    try await start(economy)
  }

  static func execute(_ path: String, _ sql: String) throws {
    var handle: OpaquePointer?
    try #require(sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK)
    defer { sqlite3_close_v2(handle) }
    let code = sqlite3_exec(handle, sql, nil, nil, nil)
    try #require(code == SQLITE_OK, "\(String(cString: sqlite3_errmsg(handle)))")
  }

  /// A declaration that both sides have cleared.
  func clear(_ number: Int) async throws -> Acknowledgement {
    let declared = try await declare(number)
    try await run()
    let id = declared.clearanceID
    try await report("lodged", on: id, at: "SG")
    for status in ["accepted", "released"] {
      for economy in ["CN", "SG"] { try await report(status, on: id, at: economy) }
    }
    try await run()
    return declared
  }
}

@Suite struct ReconciliationTests {
  /// The benign twin of all that follows: cleared, amended, withdrawn, refused by either side, late, twice, in flight.
  @Test func nothingDiffersThatIsTheSame() async throws {
    let world = try await World()
    _ = try await world.clear(1)
    let amended = try await world.declare(2)
    try await world.run()
    try await world.amend(amended.clearanceID, 3)
    let withdrawn = try await world.declare(4)
    try await world.run()
    _ = try await world.cn.withdraw(withdrawn.clearanceID, by: world.customs)
    let refused = try await world.declare(5)
    try await world.run()
    try await world.report("refused", on: refused.clearanceID, at: "SG")
    world.line.fail { _ in .twice }
    _ = try await world.declare(6)
    try await world.run()
    // Altered on the way: the recipient keeps nothing of it but its ledger entry, the sender the signed refusal.
    world.line.fail { _ in .changed { $0.with(payload: [0x3C]) } }
    let altered = try await world.declare(7)
    try await world.run()
    world.line.heal()
    let last = try await world.message(altered.messageID, at: "CN")
    for at in ["CN", "SG"] { #expect(try await world.reconcile(at: at) == [], "settling") }
    world.settle()
    for at in ["CN", "SG"] { #expect(try await world.reconcile(at: at) == [], "\(last.state)") }
    // Sealed and waiting in the outbox, however long.
    world.line.fail { _ in .lost }
    _ = try await world.declare(8)
    try await world.report("accepted", on: amended.clearanceID, at: "CN")
    _ = try await world.cn.deliverDue()
    world.settle()
    for at in ["CN", "SG"] { #expect(try await world.reconcile(at: at) == [], "in the outbox") }
    #expect(try await world.workItems() == [])
  }

  @Test func equalDaysCostOneQuestion() async throws {
    let world = try await World()
    _ = try await world.clear(1)
    world.settle()
    let before = world.line.asked.count
    let result = try await world.cn.reconcile(corridor: "CN-SG", day: "2026-11-21", by: "tester")
    #expect(world.line.asked.count - before == 1)
    #expect(result["questions"]?.int == 1)
    #expect(result["own"] == result["partner"])
    #expect(try #require(result["own"]?["items"]?.int) > 5)
    let empty = try await world.cn.reconcile(corridor: "CN-SG", day: "2026-11-20", by: "tester")
    #expect(empty["own"]?["items"]?.int == 0 && empty["differences"]?.int == 0)
  }

  @Test func droppedByTheRecipient() async throws {
    let world = try await World()
    let declared = try await world.clear(1)
    try await world.tamper("SG", "DELETE FROM message WHERE id = '\(declared.messageID)'")
    for at in ["CN", "SG"] { #expect(try await world.reconcile(at: at) == [], "so recent that it may still be coming") }
    world.settle()
    // The clearance stands alike on both sides: only the message is missing.
    let expected: Set = ["not_received \(declared.messageID)"]
    #expect(try await world.reconcile(at: "CN") == expected)
    #expect(try await world.reconcile(at: "SG") == expected)
  }

  @Test func droppedByTheSender() async throws {
    let world = try await World()
    let declared = try await world.clear(1)
    world.settle()
    let status = try #require(
      try await world.messages(at: "CN").last { $0.direction == .outbound && $0.id.text != declared.messageID })
    try await world.tamper("CN", "DELETE FROM message WHERE id = '\(status.id)'")
    for at in ["CN", "SG"] { #expect(try await world.reconcile(at: at) == ["not_sent \(status.id)"]) }
  }

  @Test func neverDelivered() async throws {
    let world = try await World(settings: "delivery: {attempts: 2}")
    world.line.fail { _ in .lost }
    let declared = try await world.declare()
    try await world.run()
    #expect(try await world.message(declared.messageID, at: "CN").state == "dead")
    world.settle()
    for at in ["CN", "SG"] { #expect(try await world.reconcile(at: at) == ["not_received \(declared.messageID)"]) }
  }

  @Test func otherContent() async throws {
    let world = try await World()
    let first = try await world.clear(1)
    let second = try await world.clear(2)
    world.settle()
    try await world.tamper(
      "SG",
      """
      UPDATE message SET payload_digest = zeroblob(32) WHERE id = '\(first.messageID)';
      UPDATE message SET header = CAST(replace(CAST(header AS TEXT), 'import_clearance', 'statistics') AS BLOB) WHERE id = '\(second.messageID)';
      """)
    let expected: Set = ["content_differs \(first.messageID)", "content_differs \(second.messageID)"]
    for at in ["CN", "SG"] { #expect(try await world.reconcile(at: at) == expected) }
  }

  @Test func receipts() async throws {
    let world = try await World()
    let first = try await world.clear(1)
    let second = try await world.clear(2)
    world.settle()
    try await world.tamper(
      "CN",
      """
      UPDATE message SET receipt = NULL, state = 'dead' WHERE id = '\(first.messageID)';
      UPDATE message SET receipt = x'7B7D', state = 'refused_by_partner' WHERE id = '\(second.messageID)';
      """)
    let expected: Set = ["receipt_missing \(first.messageID)", "outcome_differs \(second.messageID)"]
    for at in ["CN", "SG"] { #expect(try await world.reconcile(at: at) == expected) }
  }

  @Test func clearedOnOneSideOnly() async throws {
    let world = try await World()
    let declared = try await world.clear(1)
    _ = try await world.clear(2)
    world.settle()
    try await world.change(declared.clearanceID, at: "SG") { $0["import"] = ["revision": 1, "status": "accepted", "registrationId": nil] }
    for at in ["CN", "SG"] { #expect(try await world.reconcile(at: at) == ["status_differs \(declared.clearanceID)"]) }
    let item = try #require(
      try await world.cn.workItems(corridor: "CN-SG", day: "2026-11-21", state: "open", after: nil)["workItems"]?.array?.first)
    #expect(item["own"]?["import"]?["status"]?.string == "released")
    #expect(item["partner"]?["import"]?["status"]?.string == "accepted")
    #expect(item["messageId"] == nil)
    func errors(_ value: JSONValue, _ name: String) throws -> [String] {
      let path = Economies.schemas + "/\(name).schema.json"
      return try JSONSchema([UInt8](try #require(FileManager.default.contents(atPath: path)))).errors(in: value)
    }
    #expect(try errors(item, "work-item") == [])
    let result = try await world.cn.reconcile(corridor: "CN-SG", day: "2026-11-21", by: "tester")
    #expect(try errors(result, "reconciliation") == [])
    #expect(result["findings"]?.array?.count == 1)
  }

  /// One side has erased the data of a clearance, as its law says; the other may still hold it.
  @Test func erasedDataIsNoDifference() async throws {
    let world = try await World()
    let declared = try await world.clear(1)
    world.settle()
    _ = try await world.sg.erase(Array(#"{"ground": "subject_request"}"#.utf8), of: declared.clearanceID, by: world.customs)
    for at in ["CN", "SG"] { #expect(try await world.reconcile(at: at) == []) }
  }

  // MARK: Every day

  @Test func theDayBeforeOnceADay() async throws {
    let world = try await World(settings: "reconciliation: {hour: 2}")
    let node = world.cn
    #expect(node.configuration.reconciliationHour == 2)
    let declared = try await world.clear(1)
    world.settle()
    let item = "status_differs \(declared.clearanceID)"
    try await world.change(declared.clearanceID, at: "SG") { $0["import"] = ["revision": 1, "status": "lodged", "registrationId": nil] }
    #expect(try await node.reconcileDaily("CN-SG", afterHour: 2) == 1, "of the day before that nothing is known")
    #expect(try await node.reconcileDaily("CN-SG", afterHour: 2) == 0)
    // 2026-11-22T01:00 is too early, an hour later it is time.
    world.clock.advance(seconds: Instant(rfc3339: "2026-11-22T01:00:00Z")!.milliseconds / 1000 - world.clock.now().milliseconds / 1000)
    #expect(try await node.reconcileDaily("CN-SG", afterHour: 2) == 0)
    #expect(try await world.workItems() == [])
    world.clock.advance(seconds: 3600)
    #expect(try await node.reconcileDaily("CN-SG", afterHour: 2) == 1)
    #expect(try await world.workItems() == ["\(item) open"])
    // The next day also looks again at the day that has an open item.
    try await world.change(declared.clearanceID, at: "SG") { $0["import"] = ["revision": 1, "status": "released", "registrationId": nil] }
    world.clock.advance(seconds: 86_400)
    #expect(try await node.reconcileDaily("CN-SG", afterHour: 2) == 2)
    #expect(try await world.workItems() == ["\(item) closed"])
    let runs = try await world.entries(at: "CN").filter { $0.draft.kind == "reconciliation.done" }
    #expect(runs.allSatisfy { $0.draft.actor == "CN" })
    // A partner that cannot be asked: the day is not done.
    world.clock.advance(seconds: 86_400)
    world.line.answer { _, _ in [] }
    await #expect(throws: CausewayError("reconcile.answer_invalid")) { try await node.reconcileDaily("CN-SG", afterHour: 2) }
    world.line.answer { _, answer in answer }
    #expect(try await node.reconcileDaily("CN-SG", afterHour: 2) == 1)
  }

  // MARK: Work items

  @Test func aWorkItemIsOneHoweverOftenItIsFound() async throws {
    let world = try await World(settings: "delivery: {attempts: 2}")
    world.line.fail { _ in .lost }
    let declared = try await world.declare()
    try await world.run()
    world.settle()
    let day = Economies.start.day
    let (cn, name) = (world.cn, "not_received \(declared.messageID)")
    for round in 1...3 {
      let result = try await cn.reconcile(corridor: "CN-SG", day: day, by: "tester")
      #expect(result["differences"]?.int == 1 && result["closed"]?.int == 0, "round \(round)")
      world.clock.advance(seconds: 60)
    }
    #expect(try await world.workItems() == ["\(name) open"])
    let item = try #require(try await cn.workItems(corridor: nil, day: nil, state: nil, after: nil)["workItems"]?.array?.first)
    let (first, last) = (item["firstSeen"]?.string, item["lastSeen"]?.string)
    #expect(first != last)
    // Each run is one entry, with both sides' sets as they were.
    let runs = try await world.entries(at: "CN").filter { $0.draft.kind == "reconciliation.done" }
    #expect(runs.count == 3)
    #expect(runs[0].draft.actor == "tester" && runs[0].draft.corridor == "CN-SG")
    #expect(runs[0].draft.extra["differences"]?.int == 1 && runs[0].draft.extra["day"]?.string == day)
    #expect(runs[0].draft.extra["own"]?["fingerprint"]?.string != runs[0].draft.extra["partner"]?["fingerprint"]?.string)
    #expect(try await world.isSound("CN"))
    // The partner has written nothing.
    #expect(try await world.entries(at: "SG").isEmpty)
  }

  /// What was lost arrives after all: the next run closes the item, and nothing else about it changed.
  @Test func aLaterDeliveryClosesTheItem() async throws {
    let world = try await World(settings: "delivery: {attempts: 2}")
    world.line.fail { _ in .keptBack }
    let declared = try await world.declare()
    try await world.run()
    world.settle()
    let name = "not_received \(declared.messageID)"
    #expect(try await world.reconcile() == [name])
    world.line.heal()
    var random = SplitMix(state: 1)
    await world.line.releaseKeptBack(shuffledWith: &random)
    world.settle()
    // It has arrived, its receipt has not come back: that is another difference.
    let missing = "receipt_missing \(declared.messageID)"
    #expect(try await world.reconcile().contains(missing))
    #expect(try await world.workItems(state: "closed") == ["\(name) closed"])
    let answer = try #require(try await world.message(declared.messageID, at: "SG").receipt)
    _ = try await world.cn.journal.commit(
      Change(
        operations: [.recordReceipt(MessageID(declared.messageID)!, answer, state: "delivered", at: world.clock.now())],
        entries: [EntryDraft(kind: "receipt.received", actor: "tester")]))
    try await world.run()
    world.settle()
    #expect(try await world.reconcile() == [])
    #expect(Set(try await world.workItems(state: "closed")).isSuperset(of: ["\(name) closed", "\(missing) closed"]))
    #expect(try await world.workItems(state: "open") == [])
    let closed = try await world.cn.workItems(corridor: nil, day: nil, state: "closed", after: nil)["workItems"]?.array?.first
    #expect(closed?["endedBy"]?.string == "CN")
  }

  @Test func whatAPersonHasResolved() async throws {
    let world = try await World()
    let declared = try await world.clear(1)
    world.settle()
    try await world.change(declared.clearanceID, at: "SG") { $0["import"] = ["revision": 1, "status": "accepted", "registrationId": nil] }
    let name = "status_differs \(declared.clearanceID)"
    #expect(try await world.reconcile() == [name])
    let list = try await world.cn.workItems(corridor: nil, day: nil, state: "open", after: nil)
    let id = try #require(list["workItems"]?.array?.first?["id"]?.string)
    let operating = Principal(name: "operator", roles: [.operate], tokenHash: "")
    for body in ["", "{}", "{\"note\":\"\"}", "{\"note\":1}", "{\"note\":\"\(String(repeating: "n", count: 1001))\"}"] {
      await #expect(throws: CausewayError.self) { try await world.cn.resolve(workItem: id, Array(body.utf8), by: operating) }
    }
    await #expect(throws: CausewayError("receive.not_found")) {
      try await world.cn.resolve(workItem: "none", Array("{\"note\":\"n\"}".utf8), by: operating)
    }
    let note = "told Singapore by phone"
    let resolved = try await world.cn.resolve(workItem: id, Array("{\"note\":\"\(note)\"}".utf8), by: operating)
    #expect(resolved["state"]?.string == "resolved" && resolved["endedBy"]?.string == "operator" && resolved["note"]?.string == note)
    let entries = try await world.entries(at: "CN")
    #expect(entries.last?.draft.kind == "work_item.resolved" && entries.last?.draft.actor == "operator")
    #expect(!entries.contains { String(decoding: $0.bytes, as: UTF8.self).contains(note) }, "a note may name people")
    await #expect(throws: CausewayError("work_item.not_open")) {
      try await world.cn.resolve(workItem: id, Array("{\"note\":\"n\"}".utf8), by: operating)
    }
    // The same again stays resolved; something else about it does not.
    world.clock.advance(seconds: 60)
    #expect(try await world.reconcile() == [name])
    #expect(try await world.workItems() == ["\(name) resolved"])
    try await world.change(declared.clearanceID, at: "SG") { $0["import"] = ["revision": 1, "status": "lodged", "registrationId": nil] }
    #expect(try await world.reconcile() == [name])
    #expect(try await world.workItems() == ["\(name) open"])
    await #expect(throws: CausewayError("work_item.state_unknown")) {
      try await world.cn.workItems(corridor: nil, day: nil, state: "new", after: nil)
    }
  }

  // MARK: Who may ask, and what a partner may do

  @Test func onlyTheTwoEndsCompare() async throws {
    let world = try await World(["CN", "SG", "MY"])
    _ = try await world.clear(1)
    func peer(_ id: String) throws -> AuthenticatedPeer { try world.sg.identify(tlsCertificate: Economies.shared[id].tls.der) }
    func question(_ corridor: String) -> [UInt8] {
      ReconciliationQuestion(corridor: corridor, day: "2026-11-21", ranges: [.all]).bytes
    }
    #expect(try await !world.sg.answer(reconciliation: question("CN-SG"), from: peer("CN")).isEmpty)
    for (corridor, asker) in [("CN-SG", "MY"), ("CN-MY", "CN"), ("CN-MY", "MY"), ("XX-SG", "CN"), ("MY-SG", "CN"), ("CN-SG", "SG")] {
      await #expect(throws: CausewayError("reconcile.corridor_foreign"), "\(corridor) \(asker)") {
        try await world.sg.answer(reconciliation: question(corridor), from: peer(asker))
      }
    }
    await #expect(throws: CausewayError("reconcile.corridor_foreign")) {
      try await world.cn.reconcile(corridor: "MY-SG", day: "2026-11-21", by: "tester")
    }
    await #expect(throws: CausewayError("reconcile.day_form")) {
      try await world.cn.reconcile(corridor: "CN-SG", day: "2026-11-31", by: "tester")
    }
  }

  /// A message or clearance of another corridor is nothing to the partner of this one.
  @Test func otherCorridorsAreNotTold() async throws {
    let world = try await World(["CN", "SG", "MY"])
    let declared = try await world.clear(1)
    let asker = try world.sg.identify(tlsCertificate: Economies.shared["MY"].tls.der)
    let subjects: [ReconciliationSubject] = [.message(MessageID(declared.messageID)!), .clearance(ClearanceID(declared.clearanceID)!)]
    let question = ReconciliationQuestion(corridor: "MY-SG", day: "2026-11-21", ranges: [.all], subjects: subjects)
    let body = try await world.sg.answer(reconciliation: question.bytes, from: asker)
    let answer = try ReconciliationAnswer.parse(body, to: question)
    #expect(answer.set?.size == 0)
    #expect(answer.facts.allSatisfy { if case .nothing = $0.held { !$0.isInFlight } else { false } })
  }

  /// Whatever a partner answers, the run ends, and no message and no clearance is another than before.
  @Test func aLyingPartnerChangesNothing() async throws {
    let world = try await World()
    let declared = try await world.clear(1)
    world.settle()
    let before = (try await world.clearance(declared.clearanceID, at: "CN"), try await world.messages(at: "CN").map(\.revision))
    let lies: [@Sendable ([UInt8], [UInt8]) -> [UInt8]] = [
      { _, _ in [] }, { _, _ in Array("{}".utf8) }, { question, _ in question },
      { _, answer in Array(String(decoding: answer, as: UTF8.self).replacing("\"fingerprint\":\"", with: "\"fingerprint\":\"A").utf8) },
      { _, answer in answer.dropLast() + [0x5D] }, { _, _ in [UInt8](repeating: 0x20, count: 1 << 20) },
    ]
    for lie in lies {
      world.line.answer(lie)
      await #expect(throws: CausewayError("reconcile.answer_invalid")) {
        try await world.cn.reconcile(corridor: "CN-SG", day: "2026-11-21", by: "tester")
      }
    }
    #expect(try await world.workItems() == [])
    // It denies everything: that gives findings, and an honest answer closes them.
    world.line.answer { question, _ in
      guard let question = try? ReconciliationQuestion.parse(question) else { return [] }
      let nothing = ReconciliationSet([])
      return ReconciliationAnswer(
        set: nothing.summary, ranges: nothing.answer(question.ranges),
        facts: question.subjects.map { _ in ReconciliationFacts(.nothing(isOnLedger: false), isInFlight: false) }
      ).bytes(to: question)
    }
    let found = try await world.reconcile()
    #expect(found.contains("not_received \(declared.messageID)") && found.contains("status_differs \(declared.clearanceID)"))
    world.line.answer { _, answer in answer }
    #expect(try await world.reconcile() == [])
    #expect(try await world.workItems(state: "open") == [])
    let after = (try await world.clearance(declared.clearanceID, at: "CN"), try await world.messages(at: "CN").map(\.revision))
    #expect(before == after)
  }

  /// Questions of one run read the day once; many at a time do not read it at the same time.
  @Test func manyQuestionsAtOnce() async throws {
    let world = try await World()
    _ = try await world.clear(1)
    world.settle()
    let node = world.cn
    try await withThrowingTaskGroup(of: JSONValue.self) { group in
      for _ in 0..<16 { group.addTask { try await node.reconcile(corridor: "CN-SG", day: "2026-11-21", by: "tester") } }
      for try await result in group { #expect(result["differences"]?.int == 0) }
    }
  }
}

extension World {
  /// Changes the stored state of a clearance, as no step of a gateway would.
  func change(_ id: String, at economy: String, _ edit: (inout JSONObject) -> Void) async throws {
    let record = try #require(try await self[economy].clearanceRecord(id))
    var state = try #require(try JSONValue.parse(record.state).object)
    edit(&state)
    var changed = record
    changed.state = JSONValue.object(state).serialized()
    _ = try await self[economy].journal.commit(
      Change(operations: [.putClearance(changed, expecting: .any)], entries: [EntryDraft(kind: "test.tampered", actor: "tester")]))
  }
}
