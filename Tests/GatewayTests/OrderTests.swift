import Exchange
import JSONTree
import Journal
import Ledger
import Primitives
import Testing
import Trust

@testable import Gateway

/// Order within a case: what overtakes waits, what is not legal is refused with a signed receipt, and both sides agree afterwards.
@Suite struct OrderTests {
  @Test func amendmentBeforeTheOriginal() async throws {
    let world = try await World()
    let declared = try await world.declare(1)
    let amendment = try await world.amend(declared.clearanceID, 2)
    let early = ReceivedEnvelope(try await world.envelope(of: amendment.messageID))
    await #expect(throws: CausewayError("receive.early")) { try await world.line.carry(early, from: "CN", to: "SG") }
    #expect(try await world.messages(at: "SG").isEmpty)
    #expect(try await world.entries(at: "SG").isEmpty)
    _ = try await world.line.carry(ReceivedEnvelope(try await world.envelope(of: declared.messageID)), from: "CN", to: "SG")
    let receipt = try await world.line.carry(early, from: "CN", to: "SG")
    #expect(try content(of: receipt)["outcome"]?.string == "accepted")
    try await world.run()
    for economy in ["CN", "SG"] {
      let clearance = try await world.clearance(declared.clearanceID, at: economy)
      #expect(clearance.export == Side(revision: 2, status: .declared))
      #expect(clearance.import?.revision == 2)
    }
  }

  @Test func firstMessageThatIsNoFirstRevision() async throws {
    let world = try await World()
    let envelope = try await world.envelope(of: world.declare().messageID)
    let message = try sealed(
      envelope.header.with(messageID: envelope.header.another, revision: 7), payload: envelope.payload, salt: envelope.salt,
      fieldsSecret: envelope.fieldsSecret)
    let receipt = try await world.line.carry(message, from: "CN", to: "SG")
    #expect(try reasons(of: receipt) == ["clearance.illegal_revision"])
    #expect(try await world.sg.clearanceRecord(envelope.header.clearance.text) == nil)
    let genuine = try await world.line.carry(ReceivedEnvelope(envelope), from: "CN", to: "SG")
    #expect(try content(of: genuine)["outcome"]?.string == "accepted")
  }

  @Test func withdrawnTwice() async throws {
    let world = try await World()
    let id = try await world.declare().clearanceID
    try await world.run()
    _ = try await world.cn.withdraw(id, by: world.customs)
    await #expect(throws: CausewayError("clearance.already_final")) { try await world.cn.withdraw(id, by: world.customs) }
    try await world.run()
    for economy in ["CN", "SG"] {
      let clearance = try await world.clearance(id, at: economy)
      #expect(clearance.outcome == .withdrawn)
      #expect(clearance.import?.status == .withdrawn)
    }
    let sent = try #require(world.line.sent.first { $0.envelope.header.kind == .withdrawal }?.envelope)
    let again = sent.header.with(messageID: sent.header.another, sequence: sent.header.sequence + 1)
    let other = try status(.withdrawn, of: .export, id) + [0x20]
    let changed = again.with(payload: PayloadDescription(other, mediaType: "application/json"))
    let receipt = try await world.line.carry(try sealed(changed, payload: other, salt: sent.salt), from: "CN", to: "SG")
    #expect(try reasons(of: receipt) == ["clearance.already_final"])
    #expect(try await world.entries(at: "SG").last?.draft.reasons == ["clearance.already_final"])
  }

  /// The import side has released while the withdrawal was on its way: refused, and the export side is back where it was.
  @Test func withdrawalThatComesTooLate() async throws {
    let world = try await World()
    let id = try await world.declare().clearanceID
    try await world.run()
    try await world.report("accepted", on: id, at: "CN")
    for step in ["lodged", "accepted"] { try await world.report(step, on: id, at: "SG") }
    try await world.run()
    try await world.report("released", on: id, at: "SG")
    _ = try await world.cn.withdraw(id, by: world.customs)
    try await world.run()
    for economy in ["CN", "SG"] {
      let clearance = try await world.clearance(id, at: economy)
      #expect(clearance.export.status == .accepted)
      #expect(clearance.import?.status == .released)
    }
    let withdrawal = try #require(try await world.messages(at: "CN").first { $0.kind == "withdrawal" })
    #expect(withdrawal.state == "refused_by_partner")
    let view = try await world.cn.message(withdrawal.id.text, waitSeconds: 0)
    #expect(view["problems"]?["reasons"]?.array?.first?["code"]?.string == "clearance.already_final")
  }

  @Test func statusesOutOfOrderAndTwice() async throws {
    let world = try await World()
    let id = try await world.declare().clearanceID
    try await world.run()
    try await world.report("accepted", on: id, at: "CN")
    try await world.report("released", on: id, at: "CN")
    let waiting = try await world.messages(at: "CN", MessageQuery(direction: .outbound, states: ["sealed"], limit: 10))
    var envelopes: [ReceivedEnvelope] = []
    for message in waiting { envelopes.append(ReceivedEnvelope(try await world.envelope(of: message.id.text))) }
    let before = try await world.entries(at: "SG").count
    await #expect(throws: CausewayError("receive.early")) { try await world.line.carry(envelopes[1], from: "CN", to: "SG") }
    #expect(try await world.entries(at: "SG").count == before)
    let first = try await world.line.carry(envelopes[0], from: "CN", to: "SG")
    let repeated = try await world.line.carry(envelopes[0], from: "CN", to: "SG")
    #expect(first == repeated)
    try await world.run()
    #expect(try await world.clearance(id, at: "SG").export.status == .released)
    #expect(try await world.clearance(id, at: "SG").timeline.filter { $0.side == .export }.count == 3)
  }

  /// Each payload that does not fit the case is refused with a receipt, uses up its number and changes nothing else.
  @Test func illegalMessages() async throws {
    let world = try await World()
    let declared = try await world.declare()
    let id = declared.clearanceID
    try await world.run()
    let envelope = try await world.envelope(of: declared.messageID)
    let cases: [(MessageKind, [UInt8], Int, String)] = [
      (.status, try status(.released, of: .export, id), 1, "clearance.illegal_transition"),
      (.status, try status(.accepted, of: .import, id), 1, "verify.status_mismatch"),
      (.status, try status(.accepted, of: .export, "00112233445566778899aabbccddeeff"), 1, "verify.status_mismatch"),
      (.status, try status(.accepted, of: .export, id, revision: 2), 1, "verify.status_mismatch"),
      (.status, try status(.accepted, of: .export, id, revision: 2), 2, "clearance.illegal_revision"),
      (.status, try status(.withdrawn, of: .export, id), 1, "verify.status_mismatch"),
      (.withdrawal, try status(.accepted, of: .export, id), 1, "verify.status_mismatch"),
      (.status, Array("{}".utf8), 1, "validate.missing"), (.status, [0xFF], 1, "parse.json_encoding"),
      (.amendment, envelope.payload, 1, "clearance.illegal_revision"), (.amendment, envelope.payload, 3, "clearance.illegal_revision"),
      (.declaration, envelope.payload + [0x0A], 1, "verify.clearance_exists"),
    ]
    var sequence = 1
    for (kind, payload, revision, code) in cases {
      sequence += 1
      let header = envelope.header.with(
        messageID: envelope.header.another, kind: kind, sequence: sequence, revision: revision,
        payload: PayloadDescription(payload, mediaType: "application/json"))
      let receipt = try await world.line.carry(try sealed(header, payload: payload, salt: envelope.salt), from: "CN", to: "SG")
      let found = try reasons(of: receipt)
      #expect(found.first == code, "\(kind) \(found)")
      #expect(try await world.entries(at: "SG").last?.draft.kind == "message.refused")
    }
    let clearance = try await world.clearance(id, at: "SG")
    #expect(clearance.export == Side(revision: 1, status: .declared))
    #expect(clearance.receivedSequence == sequence)
    let header = envelope.header.with(
      messageID: envelope.header.another, kind: .status, sequence: sequence + 1,
      payload: PayloadDescription(try status(.accepted, of: .export, id), mediaType: "application/json"))
    let legal = try await world.line.carry(
      try sealed(header, payload: try status(.accepted, of: .export, id), salt: envelope.salt), from: "CN", to: "SG")
    #expect(try content(of: legal)["outcome"]?.string == "accepted")
  }

  /// The export side may be done before the importer's gateway has looked at the declaration.
  @Test func exportReleasedBeforeTheImportBegins() async throws {
    let world = try await World()
    let id = try await world.declare().clearanceID
    try await world.report("accepted", on: id, at: "CN")
    try await world.report("released", on: id, at: "CN")
    for _ in 0..<3 { _ = try await world.cn.deliverDue() }
    #expect(try await world.clearance(id, at: "SG").export.status == .released)
    try await world.run()
    for status in ["lodged", "accepted", "released"] { try await world.report(status, on: id, at: "SG") }
    try await world.run()
    for economy in ["CN", "SG"] { #expect(try await world.clearance(id, at: economy).outcome == .cleared) }
  }

  /// The importer's side speaks of the revision that it has read while an amendment, which it will refuse, is on its way.
  @Test func importGoesOnWhileAnAmendmentIsUnderWay() async throws {
    let world = try await World()
    let id = try await world.declare(1).clearanceID
    _ = try await world.cn.deliverDue()
    _ = try await world.sg.translateRecorded()
    for status in ["lodged", "accepted", "released"] { try await world.report(status, on: id, at: "SG") }
    let amendment = try await world.amend(id, 2)
    for _ in 0..<4 { _ = try await world.sg.deliverDue() }
    #expect(try await world.clearance(id, at: "CN").import == Side(revision: 1, status: .released))
    try await world.run()
    #expect(try await world.message(amendment.messageID, at: "CN").state == "refused_by_partner")
    let (cn, sg) = (try await world.clearance(id, at: "CN"), try await world.clearance(id, at: "SG"))
    #expect(cn.export == sg.export && cn.import == sg.import)
    #expect(cn.export == Side(revision: 1, status: .declared))
  }

  /// Singapore has signed that it takes the amendment: it cannot release the version before it, nor a withdrawn one.
  @Test func releaseOfWhatIsNotValidAnyMore() async throws {
    let world = try await World()
    let id = try await world.declare(1).clearanceID
    try await world.run()
    for status in ["lodged", "accepted"] { try await world.report(status, on: id, at: "SG") }
    try await world.run()
    try await world.amend(id, 2)
    _ = try await world.cn.deliverDue()
    await #expect(throws: CausewayError("clearance.illegal_revision")) { try await world.report("released", on: id, at: "SG") }
    _ = try await world.cn.withdraw(id, by: world.customs)
    _ = try await world.cn.deliverDue()
    await #expect(throws: CausewayError("clearance.already_final")) { try await world.report("accepted", on: id, at: "SG") }
    try await world.run()
    for economy in ["CN", "SG"] { #expect(try await world.clearance(id, at: economy).outcome == .withdrawn) }
  }

  /// Answers to the questions about one revision do not complete the draft of the next.
  @Test func supplementOfAnOlderDraft() async throws {
    let world = try await World()
    let id = try await world.declare(1).clearanceID
    try await world.run()
    let first = try await world.sg.supplement(of: id)
    #expect(first["items"]?.array?.isEmpty == false)
    try await world.amend(id, 2)
    try await world.run()
    let second = try await world.sg.supplement(of: id)
    #expect(second["messageId"]?.string != first["messageId"]?.string)
    await #expect(throws: CausewayError.self) {
      try await world.sg.answerSupplement(of: id, with: Array("{\"items\":[]}".utf8), by: world.customs)
    }
    #expect(try await world.clearance(id, at: "SG").import == Side(revision: 2, status: .supplementRequested))
  }

  /// The destination cannot read what came: its reasons reach the sender, signed.
  @Test func documentThatThePartnerCannotRead() async throws {
    let world = try await World()
    let declared = try await world.declare()
    let envelope = try await world.envelope(of: declared.messageID)
    let payload = Array("<rsm:Nothing xmlns:rsm=\"urn:x\"/>".utf8)
    let header = envelope.header.with(payload: PayloadDescription(payload, mediaType: envelope.header.payload.mediaType))
    let receipt = try await world.line.carry(try sealed(header, payload: payload, salt: envelope.salt), from: "CN", to: "SG")
    #expect(try content(of: receipt)["outcome"]?.string == "accepted", "taken over: what is in it is another matter")
    _ = try await world.sg.translateRecorded()
    _ = try await world.sg.deliverDue()
    let clearance = try await world.clearance(declared.clearanceID, at: "CN")
    #expect(clearance.import?.status == .refused)
    #expect(clearance.outcome == .refused)
    let items = try await world.cn.inboxItems(after: 0, limit: 10)
    let item = try #require(items.first { $0.record.kind == "status" })
    let shown = try statusSaid(in: try #require(item.payload).bytes)
    #expect(shown.status == .refused)
    #expect(!shown.reasons.isEmpty)
  }

  /// What is genuine and refused has had its turn; what was damaged on the way has not.
  @Test func numberOfARefusedMessage() async throws {
    let world = try await World()
    let declared = try await world.declare()
    let envelope = try await world.envelope(of: declared.messageID)
    _ = try await world.line.carry(ReceivedEnvelope(envelope), from: "CN", to: "SG")
    let accepted = try status(.accepted, of: .export, declared.clearanceID)
    let header = envelope.header.with(
      messageID: envelope.header.another, kind: .status, sequence: 2,
      payload: PayloadDescription(accepted, mediaType: "application/json"))
    let tooLong = try sealed(header.with(expires: header.created.adding(seconds: 259_201)), payload: accepted, salt: envelope.salt)
    let refused = try await world.line.carry(tooLong, from: "CN", to: "SG")
    #expect(try reasons(of: refused) == ["verify.lifetime_too_long"])
    let next = try sealed(header.with(messageID: envelope.header.another, sequence: 3), payload: accepted, salt: envelope.salt)
    let damaged = try await world.line.carry(next.with(payload: accepted + [0x20]), from: "CN", to: "SG")
    #expect(try reasons(of: damaged) == ["verify.payload_size", "verify.payload_digest"])
    let receipt = try await world.line.carry(next, from: "CN", to: "SG")
    #expect(try content(of: receipt)["outcome"]?.string == "accepted")
    #expect(try await world.clearance(declared.clearanceID, at: "SG").export.status == .accepted)
  }

  /// Refused out of its turn, a message would leave a gap that everything after it waits for.
  @Test func refusedOnlyInItsTurn() async throws {
    let world = try await World()
    let declared = try await world.declare()
    let envelope = try await world.envelope(of: declared.messageID)
    _ = try await world.line.carry(ReceivedEnvelope(envelope), from: "CN", to: "SG")
    func message(_ step: SideStatus, _ sequence: Int, tooLong: Bool = false) throws -> ReceivedEnvelope {
      let payload = try status(step, of: .export, declared.clearanceID)
      var header = envelope.header.with(
        messageID: envelope.header.another, kind: .status, sequence: sequence,
        payload: PayloadDescription(payload, mediaType: "application/json"))
      if tooLong { header = header.with(expires: header.created.adding(seconds: 259_201)) }
      return try sealed(header, payload: payload, salt: envelope.salt)
    }
    let tooLong = try message(.released, 3, tooLong: true)
    let entries = try await world.entries(at: "SG").count
    await #expect(throws: CausewayError("receive.early")) { try await world.line.carry(tooLong, from: "CN", to: "SG") }
    #expect(try await world.entries(at: "SG").count == entries)
    let before = try await world.line.carry(try message(.accepted, 2), from: "CN", to: "SG")
    #expect(try content(of: before)["outcome"]?.string == "accepted")
    #expect(try reasons(of: try await world.line.carry(tooLong, from: "CN", to: "SG")) == ["verify.lifetime_too_long"])
    let after = try await world.line.carry(try message(.released, 4), from: "CN", to: "SG")
    #expect(try content(of: after)["outcome"]?.string == "accepted")
  }

  /// The partner's receipt refuses the declaration itself: the case is closed, what waits behind it is not sent, and the consignment can be
  /// declared again.
  @Test func declarationTurnedAway() async throws {
    let world = try await World()
    let declared = try await world.declare(1, ucr: "6CN0001")
    try await world.report("accepted", on: declared.clearanceID, at: "CN")
    world.line.fail { _ in .changed { $0.with(signature: String($0.signature.dropLast(4)) + "AAAA") } }
    _ = try await world.cn.deliverDue()
    world.line.heal()
    #expect(try await world.message(declared.messageID, at: "CN").state == "refused_by_partner")
    #expect(try await world.clearance(declared.clearanceID, at: "CN").outcome == .refused)
    _ = try await world.cn.deliverDue()
    let waiting = try #require(try await world.messages(at: "CN").first { $0.kind == "status" })
    #expect(waiting.state == "dead")
    #expect(waiting.reason == "clearance.turned_away")
    await #expect(throws: CausewayError("clearance.turned_away")) { try await world.report("released", on: declared.clearanceID, at: "CN") }
    let again = try await world.declare(1, ucr: "6CN0001")
    #expect(!again.repeated && again.clearanceID != declared.clearanceID)
    try await world.run()
    #expect(try await world.clearance(again.clearanceID, at: "SG").import?.status == .supplementRequested)
  }
}
