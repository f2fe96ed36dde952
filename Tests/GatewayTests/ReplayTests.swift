import Exchange
import JSONTree
import Journal
import Ledger
import Primitives
import Testing
import Trust

@testable import Gateway

/// The same again: same bytes get the same receipt and have no second effect; other content under a used name is refused.
@Suite struct ReplayTests {
  @Test func sameBytesWheneverTheyCome() async throws {
    let world = try await World()
    let declared = try await world.declare()
    let envelope = ReceivedEnvelope(try await world.envelope(of: declared.messageID))
    try await world.run()
    let receipt = try #require(world.line.sent.first?.answer)
    let inbox = try await world.sg.inboxItems(after: 0, limit: 100).count
    #expect(inbox == 1)
    let entries = try await world.entries(at: "SG").count
    func again() async throws -> String { try await world.line.carry(envelope, from: "CN", to: "SG") }
    #expect(try await again() == receipt, "at once")
    try await world.restart("SG")
    #expect(try await again() == receipt, "after a restart")
    for hours in [23, 2, 24, 24 * 30] {
      world.clock.advance(seconds: Int64(hours) * 3600)
      #expect(try await again() == receipt, "\(hours) hours later")
    }
    try await world.run()
    #expect(try await world.sg.inboxItems(after: 0, limit: 100).count == inbox)
    #expect(try await world.entries(at: "SG").count == entries)
    #expect(try await world.messages(at: "SG", MessageQuery(direction: .inbound, limit: 100)).count == 1)
  }

  /// The receipt of an expired message is only for those very bytes: expired is expired for everything else.
  @Test func expiredAndNeverSeen() async throws {
    let world = try await World()
    let envelope = try await world.envelope(of: world.declare().messageID)
    world.clock.advance(seconds: 86_401)
    let answer1 = try await world.line.carry(ReceivedEnvelope(envelope), from: "CN", to: "SG")
    #expect(try reasons(of: answer1) == ["verify.expired"])
    #expect(try await world.line.carry(ReceivedEnvelope(envelope), from: "CN", to: "SG") == answer1, "a refusal is given once, too")
    let kept = try await world.message(envelope.header.messageID.text, at: "SG")
    #expect(kept.state == "turned_away" && kept.reason == "verify.expired")
    #expect(try await world.sg.clearanceRecord(envelope.header.clearance.text) == nil)
  }

  /// Its sender has been told that it was refused: a copy that comes when its time has come is not taken after all.
  @Test func refusedForItsTimeAndComesAgain() async throws {
    let world = try await World()
    let envelope = try await world.envelope(of: world.declare().messageID)
    let created = Economies.start.adding(seconds: 301)
    let message = try sealed(
      envelope.header.with(created: created, expires: created.adding(seconds: 3600)), payload: envelope.payload, salt: envelope.salt,
      fieldsSecret: envelope.fieldsSecret)
    let refused = try await world.line.carry(message, from: "CN", to: "SG")
    #expect(try reasons(of: refused) == ["verify.created_in_future"])
    let entries = try await world.entries(at: "SG").count
    world.clock.advance(seconds: 60)
    #expect(try await world.line.carry(message, from: "CN", to: "SG") == refused)
    #expect(try await world.entries(at: "SG").count == entries)
    #expect(try await world.sg.clearanceRecord(envelope.header.clearance.text) == nil)
    let twin = try await world.line.carry(
      try sealed(
        envelope.header.with(messageID: envelope.header.another, created: created, expires: created.adding(seconds: 3600)),
        payload: envelope.payload, salt: envelope.salt, fieldsSecret: envelope.fieldsSecret), from: "CN", to: "SG")
    #expect(try content(of: twin)["outcome"]?.string == "accepted")
  }

  /// The same header under a second valid signature (ECDSA signatures differ each time) is the same message.
  @Test func sameHeaderSignedAgain() async throws {
    let world = try await World()
    let envelope = try await world.envelope(of: world.declare().messageID)
    let first = try await world.line.carry(ReceivedEnvelope(envelope), from: "CN", to: "SG")
    let again = try sealed(envelope.header, payload: envelope.payload, salt: envelope.salt, fieldsSecret: envelope.fieldsSecret)
    #expect(again.signature != envelope.signature)
    #expect(try await world.line.carry(again, from: "CN", to: "SG") == first)
  }

  @Test func sameIDOtherContent() async throws {
    let world = try await World()
    let envelope = try await world.envelope(of: world.declare().messageID)
    _ = try await world.line.carry(ReceivedEnvelope(envelope), from: "CN", to: "SG")
    let other = envelope.payload + [0x0A]
    let header = envelope.header.with(payload: PayloadDescription(other, mediaType: envelope.header.payload.mediaType))
    let receipt = try await world.line.carry(try sealed(header, payload: other, salt: envelope.salt), from: "CN", to: "SG")
    #expect(try reasons(of: receipt) == ["verify.message_id_reused"])
    let entry = try #require(try await world.entries(at: "SG").last).draft
    #expect(entry.extra["firstEnvelope"]?.string == envelope.digest.hex)
    #expect(entry.extra["envelope"]?.string == SHA256.hash(header.canonicalBytes).hex)
    #expect(entry.payloadDigest == SHA256.hash(other))
    let kept = try await world.message(envelope.header.messageID.text, at: "SG")
    #expect(kept.payloadDigest == envelope.header.payload.sha256)
  }

  /// The partner takes the id of a message of ours that it has not answered yet.
  @Test func idOfAMessageOfOurs() async throws {
    let world = try await World()
    let declared = try await world.declare()
    _ = try await world.cn.deliverDue()
    _ = try await world.sg.translateRecorded()
    let waiting = try #require(try await world.messages(at: "SG", MessageQuery(direction: .outbound, limit: 1)).first)
    #expect(waiting.receipt == nil)
    let envelope = try await world.envelope(of: declared.messageID)
    let payload = try status(.accepted, of: .export, declared.clearanceID)
    let header = envelope.header.with(
      messageID: waiting.id, kind: .status, sequence: 2, payload: PayloadDescription(payload, mediaType: "application/json"))
    let receipt = try await world.line.carry(try sealed(header, payload: payload, salt: envelope.salt), from: "CN", to: "SG")
    #expect(try reasons(of: receipt) == ["verify.message_id_reused"])
    try await world.run()
    #expect(try await world.message(waiting.id.text, at: "SG").state == "delivered")
  }

  /// The same in effect under a new id: one effect, the receipt that was given, and what comes after it is not held up.
  @Test func sameEffectUnderANewID() async throws {
    let world = try await World()
    let declared = try await world.declare()
    let envelope = try await world.envelope(of: declared.messageID)
    let receipt = try await world.line.carry(ReceivedEnvelope(envelope), from: "CN", to: "SG")
    let repeated = try sealed(
      envelope.header.with(messageID: envelope.header.another), payload: envelope.payload, salt: envelope.salt,
      fieldsSecret: envelope.fieldsSecret)
    #expect(try await world.line.carry(repeated, from: "CN", to: "SG") == receipt)
    let accepted = try status(.accepted, of: .export, declared.clearanceID)
    func message(_ payload: [UInt8], _ sequence: Int) throws -> ReceivedEnvelope {
      let header = envelope.header.with(
        messageID: envelope.header.another, kind: .status, sequence: sequence,
        payload: PayloadDescription(payload, mediaType: "application/json"))
      return try sealed(header, payload: payload, salt: envelope.salt)
    }
    let first = try await world.line.carry(try message(accepted, 2), from: "CN", to: "SG")
    await #expect(throws: CausewayError("receive.early")) { try await world.line.carry(try message(accepted, 4), from: "CN", to: "SG") }
    #expect(try await world.line.carry(try message(accepted, 3), from: "CN", to: "SG") == first)
    let released = try await world.line.carry(
      try message(try status(.released, of: .export, declared.clearanceID), 4), from: "CN", to: "SG")
    #expect(try content(of: released)["outcome"]?.string == "accepted")
    let clearance = try await world.clearance(declared.clearanceID, at: "SG")
    #expect(clearance.export.status == .released)
    #expect(clearance.timeline.filter { $0.side == .export }.map(\.status) == [.declared, .accepted, .released])
  }

  /// What was refused has no effect that a second attempt could repeat: it is looked at anew.
  @Test func sameEffectAfterARefusal() async throws {
    let world = try await World()
    let declared = try await world.declare()
    let envelope = try await world.envelope(of: declared.messageID)
    _ = try await world.line.carry(ReceivedEnvelope(envelope), from: "CN", to: "SG")
    func send(_ status: [UInt8], _ sequence: Int) async throws -> String {
      let header = envelope.header.with(
        messageID: envelope.header.another, kind: .status, sequence: sequence,
        payload: PayloadDescription(status, mediaType: "application/json"))
      return try await world.line.carry(try sealed(header, payload: status, salt: envelope.salt), from: "CN", to: "SG")
    }
    let released = try status(.released, of: .export, declared.clearanceID)
    let answer2 = try await send(released, 2)
    #expect(try reasons(of: answer2) == ["clearance.illegal_transition"])
    let answer3 = try await send(try status(.accepted, of: .export, declared.clearanceID), 3)
    #expect(try reasons(of: answer3).isEmpty)
    let answer4 = try await send(released, 4)
    #expect(try reasons(of: answer4).isEmpty)
  }

  @Test func usedNumber() async throws {
    let world = try await World()
    let declared = try await world.declare()
    let envelope = try await world.envelope(of: declared.messageID)
    try await world.run()
    let payload = try status(.accepted, of: .export, declared.clearanceID)
    let header = envelope.header.with(
      messageID: envelope.header.another, kind: .status, sequence: 1,
      payload: PayloadDescription(payload, mediaType: "application/json"))
    let message = try sealed(header, payload: payload, salt: envelope.salt)
    let receipt = try await world.line.carry(message, from: "CN", to: "SG")
    #expect(try reasons(of: receipt) == ["verify.sequence_reused"])
    #expect(try await world.line.carry(message, from: "CN", to: "SG") == receipt, "a refusal is given once, too")
    try await world.report("accepted", on: declared.clearanceID, at: "CN")
    try await world.run()
    #expect(try await world.clearance(declared.clearanceID, at: "SG").export.status == .accepted)
  }

  @Test func secondDeclarationOfTheSameConsignment() async throws {
    let world = try await World()
    let declared = try await world.declare(1, ucr: "6CN0001")
    try await world.run()
    // China's own gateway refuses it to its sender.
    let second = try await world.declare(2, ucr: "6CN0001")
    let view = try await world.cn.message(second.messageID, waitSeconds: 0)
    #expect(view["state"]?.string == "refused")
    #expect(view["problems"]?["reasons"]?.array?.first?["code"]?.string == "clearance.ucr_in_use")
    // A gateway that does not look would be told by Singapore.
    let envelope = try await world.envelope(of: declared.messageID)
    let other = try #require(ClearanceID("00112233445566778899aabbccddeeff"))
    let payload = envelope.payload + [0x0A]
    let header = envelope.header.with(
      messageID: envelope.header.another, clearance: other,
      payload: PayloadDescription(payload, mediaType: envelope.header.payload.mediaType))
    _ = try await world.line.carry(try sealed(header, payload: payload, salt: envelope.salt), from: "CN", to: "SG")
    _ = try await world.sg.translateRecorded()
    #expect(try await world.clearance(other.text, at: "SG").import?.status == .refused)
    let sent = try #require(try await world.messages(at: "SG", MessageQuery(direction: .outbound, clearance: other.text, limit: 1)).first)
    let wire = try await world.sg.document(of: sent.id.text, kind: "wire")
    #expect(try statusSaid(in: wire.bytes).reasons.map(\.code) == ["clearance.ucr_in_use"])
    #expect(try await world.clearance(declared.clearanceID, at: "SG").import?.status == .supplementRequested)
  }

  @Test func sameDocumentHandedInAgain() async throws {
    let world = try await World()
    func submit(_ number: Int, _ key: String?) async throws -> Acknowledgement {
      try await world.cn.submit(
        Submission(body: Economies.declaration(number), profile: nil, corridor: "CN-SG", ucr: nil, clearanceID: nil, idempotencyKey: key),
        by: world.customs)
    }
    let first = try await submit(1, nil)
    let again = try await submit(1, nil)
    #expect(again.messageID == first.messageID && again.repeated && !first.repeated)
    let keyed = try await submit(2, "k-1")
    #expect(try await submit(2, "k-1").messageID == keyed.messageID)
    await #expect(throws: CausewayError("receive.idempotency_key_reused")) { try await submit(3, "k-1") }
    #expect(try await submit(3, "k-2").repeated == false)
  }

  @Test func refusedDocumentHandedInAgain() async throws {
    let world = try await World()
    func submit(_ key: String?) async throws -> Acknowledgement {
      let acknowledgement = try await world.cn.submit(
        Submission(body: Array("<no/>".utf8), profile: nil, corridor: "CN-SG", ucr: nil, clearanceID: nil, idempotencyKey: key),
        by: world.customs)
      _ = try await world.cn.translateReceived()
      return acknowledgement
    }
    let first = try await submit(nil)
    #expect(try await world.message(first.messageID, at: "CN").state == "refused")
    let second = try await submit(nil)
    #expect(!second.repeated && second.messageID != first.messageID)
    let keyed = try await submit("k")
    #expect(try await submit("k").messageID == keyed.messageID, "a key of the caller's own names one submission")
  }
}
