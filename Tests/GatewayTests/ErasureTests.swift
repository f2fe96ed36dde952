import Exchange
import Foundation
import JSONTree
import Journal
import JournalSQLite
import Ledger
import Primitives
import Testing
import Trust

@testable import Gateway

@Suite struct ErasureTests {
  private let officer = Principal(name: "data officer", roles: [.compliance], tokenHash: "")

  private func erase(_ id: String, at economy: String = "CN", in world: World, _ ground: String = "subject_request") async throws
    -> JSONValue
  {
    try await world[economy].erase(Array("{\"ground\":\"\(ground)\"}".utf8), of: id, by: officer)
  }

  private func code(_ body: () async throws -> Void) async -> ErrorCode? {
    do {
      try await body()
      return nil
    } catch { return (error as? CausewayError)?.code }
  }

  /// A declaration that both sides have released, and nothing is owed of.
  private func cleared(_ world: World, _ number: Int = 1) async throws -> Acknowledgement {
    let declared = try await world.declare(number)
    try await world.run()
    let id = declared.clearanceID
    try await world.report("lodged", on: id, at: "SG")
    for economy in ["CN", "SG"] { try await world.report("accepted", on: id, at: economy) }
    for economy in ["CN", "SG"] { try await world.report("released", on: id, at: economy) }
    try await world.run()
    #expect(try await world.clearance(id, at: "CN").outcome == .cleared)
    return declared
  }

  private func key(_ id: String, at economy: String = "CN", in world: World) async throws -> DataKeyRecord {
    try #require(try await world[economy].journal.read { reader throws(CausewayError) in try reader.dataKey(id) })
  }

  // MARK: What goes and what stays

  @Test func documentsAreGoneAndProofsStay() async throws {
    let world = try await World()
    let declared = try await cleared(world)
    let id = declared.clearanceID
    let commitment = try await world.clearance(id, at: "CN").commitment
    let wrapped = try #require(try await key(id, in: world).wrapped)
    let before = try await world.messages(at: "CN")
    #expect(before.count > 4)

    let answer = try await erase(id, in: world)
    #expect(answer["ground"]?.string == "subject_request" && answer["repeated"] == false)
    let entry = try #require(try await world.entries(at: "CN").last)
    #expect(entry.draft.kind == "data.erased" && entry.draft.actor == "data officer" && entry.draft.subject?.hex == commitment)
    #expect(entry.draft.extra["ground"]?.string == "subject_request" && entry.draft.extra["messages"]?.int == before.count)
    #expect(try #require(entry.draft.extra["payloads"]?.int) > 4)

    // Asked again, the same is said and nothing is recorded.
    let again = try await erase(id, in: world, "court_order")
    #expect(again["ground"]?.string == "subject_request" && again["repeated"] == true && again["erased"] == answer["erased"])
    #expect(try await world.entries(at: "CN").count == entry.index + 1)

    // Documents are gone, with the reason.
    for kind in ["source", "wire", "report", "complement"] {
      #expect(await code { _ = try await world.cn.document(of: declared.messageID, kind: kind) } == "clearance.erased", "\(kind)")
    }
    #expect(await code { _ = try await world.cn.supplement(of: id) } == "clearance.erased")
    #expect(await code { try await world.report("released", on: id, at: "CN") } == "clearance.erased")
    #expect(await code { _ = try await world.cn.withdraw(id, by: world.customs) } == "clearance.erased")
    #expect(await code { try await world.amend(id, 2) } == "clearance.erased")
    #expect(try RawFiles(world.path("CN")).forms(of: wrapped).isEmpty)

    // Messages, receipts and the ledger are as they were.
    let view = try await world.cn.clearance(id, waitSeconds: 0, seen: nil)
    #expect(view["erasure"]?["ground"]?.string == "subject_request" && view["outcome"]?.string == "cleared" && view["ucr"] == nil)
    #expect(view["messages"]?.array?.count == before.count)
    #expect(try await world.cn.clearances()["clearances"]?.array?.first?["erasure"] == view["erasure"])
    let message = try await world.cn.message(declared.messageID, waitSeconds: 0)
    #expect(message["receipt"]?.string == world.line.sent.first?.answer && message["erasure"] == view["erasure"])
    #expect(message["documents"] == [])
    for (old, new) in zip(before, try await world.messages(at: "CN")) {
      #expect(old.id == new.id && old.header == new.header && old.signature == new.signature && old.receipt == new.receipt)
      #expect(old.state == new.state && new.details.isEmpty)
    }
    #expect(try await world.isSound("CN"))
    // Inbox, handing over and the partner's side go on.
    #expect(try await world.cn.inbox(waitSeconds: 0, by: world.customs)["items"] == [])
    #expect(try await world.clearance(id, at: "SG").outcome == .cleared)
    try await world.restart("CN")
    #expect(await code { _ = try await world.cn.document(of: declared.messageID, kind: "source") } == "clearance.erased")
  }

  /// A partner that sends again what was erased gets the same signed bytes.
  @Test func duplicatesGetTheirReceipts() async throws {
    let world = try await World()
    let declared = try await cleared(world)
    _ = try await erase(declared.clearanceID, in: world)
    _ = try await erase(declared.clearanceID, at: "SG", in: world)
    let sent = world.line.sent
    #expect(sent.count > 4)
    for one in sent {
      let recipient = one.sender == "CN" ? "SG" : "CN"
      #expect(try await world.line.carry(ReceivedEnvelope(one.envelope), from: one.sender, to: recipient) == one.answer)
    }
    for economy in ["CN", "SG"] { #expect(try await world.isSound(economy)) }
  }

  /// What is said about an erased clearance after that is refused, signed, and nothing of it is kept.
  @Test func aNewMessageIsRefused() async throws {
    let world = try await World()
    let declared = try await world.declare()
    let id = declared.clearanceID
    try await world.run()
    _ = try await erase(id, at: "SG", in: world, "court_order")
    let count = try await world.messages(at: "SG").count
    _ = try await world.cn.withdraw(id, by: world.customs)
    try await world.run()
    let answer = try #require(world.line.sent.last?.answer)
    #expect(try reasons(of: answer) == ["verify.clearance_erased"])
    // When and why it was erased is not the partner's to know.
    #expect(try !String(decoding: content(of: answer).serialized(), as: UTF8.self).contains("court_order"))
    #expect(try await world.messages(at: "SG").count == count)
    #expect(try await world.messages(at: "CN").last?.state == "refused_by_partner")
    for economy in ["CN", "SG"] { #expect(try await world.isSound(economy)) }
  }

  /// The gateway no longer knows the declaration: it may be declared again.
  @Test func theSameDocumentIsANewDeclaration() async throws {
    let world = try await World()
    let declared = try await cleared(world)
    #expect(try await world.declare().clearanceID == declared.clearanceID)
    for economy in ["CN", "SG"] { _ = try await erase(declared.clearanceID, at: economy, in: world) }
    let again = try await world.declare()
    #expect(again.clearanceID != declared.clearanceID && !again.repeated)
    try await world.run()
    #expect(try await world.message(again.messageID, at: "CN").state == "delivered")
    #expect(try await world.clearance(again.clearanceID, at: "SG").import?.status == .supplementRequested)
  }

  // MARK: When

  @Test func whatHasNotEndedIsKeptUnlessACourtOrdersIt() async throws {
    let world = try await World()
    let declared = try await world.declare()
    let id = declared.clearanceID
    // In the outbox, and on its way between two sides.
    #expect(await code { _ = try await erase(id, in: world) } == "clearance.not_ended")
    #expect(await code { _ = try await erase("0", in: world) } == "receive.not_found")
    for body in [
      "{}", "{\"ground\":\"retention_expired\"}", "{\"ground\":\"whim\"}", "{\"ground\":1}", "[]", "{\"ground\":\"court_order\",\"x\":1}",
    ] {
      let found = await code { _ = try await world.cn.erase(Array(body.utf8), of: id, by: officer) }
      #expect(found?.rawValue.hasPrefix("parse.json_member") == true, "\(body): \(String(describing: found))")
    }
    #expect(try await key(id, in: world).erasure == nil)
    let answer = try await erase(id, in: world, "court_order")
    #expect(answer["ground"]?.string == "court_order")
    // It is not sent any more, and nothing waits for it.
    #expect(try await world.message(declared.messageID, at: "CN").state == "dead")
    #expect(try await world.delivery(of: declared.messageID, at: "CN") == nil)
    try await world.run()
    #expect(world.line.sent.isEmpty)
    // The others go on.
    let other = try await world.declare(2)
    try await world.run()
    #expect(try await world.message(other.messageID, at: "CN").state == "delivered")
  }

  /// Documents that were erased before the gateway had looked at them hold up nobody.
  @Test func whatWaitsForItsTurnIsSetAside() async throws {
    let world = try await World()
    func submit(_ number: Int) async throws -> Acknowledgement {
      try await world.cn.submit(
        Submission(
          body: Economies.declaration(number), profile: nil, corridor: "CN-SG", ucr: nil, clearanceID: nil, idempotencyKey: nil),
        by: world.customs)
    }
    let (first, second) = (try await submit(1), try await submit(2))
    _ = try await erase(first.clearanceID, in: world, "court_order")
    try await world.run()
    #expect(try await world.message(first.messageID, at: "CN").state == "dead")
    #expect(try await world.message(second.messageID, at: "CN").state == "delivered")
  }

  @Test func aHoldKeepsTheDataWhateverTheGround() async throws {
    let world = try await World()
    let declared = try await cleared(world)
    let id = declared.clearanceID
    let reason = Array("{\"reason\":\"case 12/2026\"}".utf8)
    let hold = try await world.cn.setHold(reason, on: id, by: officer)
    #expect(hold["reason"]?.string == "case 12/2026" && hold["by"]?.string == "data officer")
    #expect(try await world.cn.setHold(Array("{\"reason\":\"other\"}".utf8), on: id, by: officer) == hold)
    for ground in ["subject_request", "court_order"] {
      #expect(await code { _ = try await erase(id, in: world, ground) } == "clearance.held")
    }
    #expect(try await world.cn.holds()["holds"]?.array == [hold])
    #expect(try await world.cn.document(of: declared.messageID, kind: "source").bytes == Economies.declaration(1))
    _ = try await world.cn.releaseHold(Array("{\"reason\":\"closed\"}".utf8), on: id, by: officer)
    _ = try await world.cn.releaseHold(Array("{\"reason\":\"closed\"}".utf8), on: id, by: officer)
    #expect(try await world.cn.holds()["holds"]?.array == [])
    _ = try await erase(id, in: world)
    #expect(await code { _ = try await world.cn.setHold(reason, on: id, by: officer) } == "clearance.erased")
    #expect(await code { _ = try await world.cn.setHold(reason, on: "0", by: officer) } == "receive.not_found")
    for text in ["", String(repeating: "a", count: 201), "案", "a\\u0001"] {
      let found = await code { _ = try await world.cn.setHold(Array("{\"reason\":\"\(text)\"}".utf8), on: id, by: officer) }
      #expect(found == "parse.json_member_value", "\(text)")
    }
    let kinds = try await world.entries(at: "CN").map(\.draft.kind).suffix(3)
    #expect(kinds == ["hold.set", "hold.released", "data.erased"])
    let held = try #require(try await world.entries(at: "CN").first { $0.draft.kind == "hold.set" })
    #expect(held.draft.extra["reason"]?.string == "case 12/2026" && held.draft.subject != nil)
  }

  /// Two at once: one of them does it, and both say the same.
  @Test func twoAtOnceAreOne() async throws {
    let world = try await World()
    let declared = try await cleared(world)
    let answers = try await withThrowingTaskGroup(of: JSONValue.self) { group in
      for _ in 0..<8 { group.addTask { try await erase(declared.clearanceID, in: world) } }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(answers.count { $0["repeated"] == false } == 1)
    #expect(try await world.entries(at: "CN").count { $0.draft.kind == "data.erased" } == 1)
  }

  /// A gateway that ends between the erasure and the clearing of its files clears them when it runs again.
  @Test func clearingTheFilesIsOwedUntilItIsDone() async throws {
    let world = try await World()
    let id = try await cleared(world).clearanceID
    let wrapped = try #require(try await key(id, in: world).wrapped)
    _ = try await world.cn.erase(id, on: .subjectRequest, rule: nil, by: "officer")
    func owed() async throws -> [UInt8]? {
      try await world.cn.journal.read { reader throws(CausewayError) in try reader.value(GatewayNode.scrubOwed) }
    }
    #expect(try await owed() != nil)
    try await world.restart("CN")
    #expect(try await owed() != nil)
    #expect(await world.cn.scrub())
    #expect(try await owed() == nil)
    #expect(try RawFiles(world.path("CN")).forms(of: wrapped).isEmpty)
    #expect(await world.cn.scrub())
  }

  // MARK: The whole ledger after many

  /// 400 declarations, of which 40 are erased: the ledger verifies as a whole, the erased ones' entries are still proven, and neither their keys nor
  /// what was sealed with them is in the files.
  @Test func aTenthIsErasedAndTheWholeLedgerVerifies() async throws {
    let world = try await World(["CN"])
    let node = world.cn
    let count = 400
    for number in 0..<count { try await Self.addCleared(number, to: node, at: world.clock.now()) }
    let erased = (0..<count).filter { $0 % 10 == 3 }
    #expect(erased.count == 40)

    let store = try SQLiteStore(readingFrom: world.path("CN") + "/journal.sqlite")
    let secrets = try await store.read { reader throws(CausewayError) in
      try erased.map { number throws(CausewayError) -> [[UInt8]] in
        let (key, clearance) = (try reader.dataKey(Self.clearanceID(number)), try reader.clearance(Self.clearanceID(number)))
        let payload = try reader.payload(owner: Self.messageID(number).text, kind: "wire")
        return [key?.wrapped, clearance?.state, payload?.bytes].compactMap { $0 }
      }
    }
    await store.close()
    #expect(secrets.allSatisfy { $0.count == 3 })
    var files = try RawFiles(world.path("CN"))
    #expect(secrets.allSatisfy { $0.allSatisfy { files.hold($0.prefix(60)) } })

    for number in erased { _ = try await erase(Self.clearanceID(number), in: world) }
    files = try RawFiles(world.path("CN"))
    #expect(secrets.allSatisfy { !$0.contains { files.hold($0.prefix(60)) } })

    let report = try await node.journal.audit()
    #expect(report.isSound && report.entryCount == count + erased.count)
    let checkpoint = try #require(await node.journal.latestCheckpoint)
    for number in 0..<count {
      let (entry, proof) = try await node.journal.read { reader throws(CausewayError) in
        let index = try reader.entryIndices(message: Self.messageID(number))[0]
        return (try reader.entry(index), try reader.inclusionProof(index: index, size: checkpoint.size))
      }
      try proof.verify(entry: try #require(entry).bytes, in: checkpoint)
      #expect(entry?.draft.payloadDigest == SHA256.hash(Self.wire(number)))
      let isErased = erased.contains(number)
      let found = await code { _ = try await node.document(of: Self.messageID(number).text, kind: "wire") }
      #expect(found == (isErased ? "clearance.erased" : nil))
    }
    // And after a restart, through the files alone.
    try await world.restart("CN")
    #expect(try await world.isSound("CN"))
    #expect(try await world.cn.document(of: Self.messageID(4).text, kind: "wire").bytes == Self.wire(4))
  }

  private static func clearanceID(_ number: Int) -> String {
    String(SHA256.hash("clearance \(number)").hex.prefix(32))
  }

  private static func messageID(_ number: Int) -> MessageID {
    MessageID(at: Economies.start, random: Array(SHA256.hash("message \(number)").bytes.prefix(10)))
  }

  private static func wire(_ number: Int) -> [UInt8] { Array("<declaration><price>\(number).50</price></declaration>".utf8) }

  /// A declaration that went out and was cleared on both sides, as it stands in the journal in the end.
  private static func addCleared(_ number: Int, to node: GatewayNode, at now: Instant) async throws {
    let salt = UCRCommitment.Salt.random()
    let ucr = "6CN\(number)"
    let commitment = UCRCommitment(ucr: ucr, salt: salt).digest
    var clearance = Clearance(
      id: clearanceID(number), ucr: ucr, salt: Hex.encode(salt.bytes.exposed), commitment: commitment.hex, corridor: "CN-SG",
      ownSide: .export, declared: now)
    for event in [Clearance.Event.status(.accepted, registrationID: nil), .status(.released, registrationID: nil)] {
      #expect(clearance.apply(event, on: .export, at: now) == nil)
    }
    #expect(clearance.apply(.revision(1, .prefilled), on: .import, at: now) == nil)
    for status in [SideStatus.lodged, .accepted, .released] {
      #expect(clearance.apply(.status(status, registrationID: nil), on: .import, at: now) == nil)
    }
    #expect(clearance.outcome == .cleared)
    let id = messageID(number)
    let message = MessageRecord(
      id: id, direction: .outbound, clearance: clearance.id, kind: "declaration", corridor: "CN-SG", partner: "SG", state: "delivered",
      header: Array("{}".utf8), payloadDigest: SHA256.hash(wire(number)), details: Array("{\"reference\":\"LRN\(number)\"}".utf8),
      created: now)
    let change = ClearanceChange(
      operations: [
        .putMessage(message, expecting: .absent),
        .putPayload(node.payload(.wire, of: id, mediaType: "application/xml", wire(number), at: now)),
        .putPayload(node.payload(.source, of: id, mediaType: "application/xml", wire(number) + [0x0A], at: now)),
      ],
      entries: [
        EntryDraft(
          kind: "declaration.sent", corridor: "CN-SG", subject: commitment, messageID: id, payloadDigest: SHA256.hash(wire(number)),
          actor: "CN")
      ])
    #expect(try await node.create(clearance, change, at: now).committed != nil)
  }
}
