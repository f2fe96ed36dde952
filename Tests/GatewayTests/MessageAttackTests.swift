import Exchange
import JSONTree
import Journal
import Ledger
import Primitives
import Testing
import Trust

@testable import Gateway

/// What a participant could try with messages: each attack is refused with a signed receipt and noted on the ledger, each twin accepted.
@Suite struct MessageAttackTests {
  /// Nothing is known of the case at Singapore, and the refusal stands on the ledger.
  private func expectRefused(_ receipt: String, _ codes: [String], _ world: World, actor: String = "CN", kept: Int = 0) async throws {
    #expect(try reasons(of: receipt) == codes)
    let last = try #require(try await world.entries(at: "SG").last?.draft)
    #expect(last.kind == "message.refused")
    #expect(last.actor == actor)
    #expect(last.reasons.map(\.rawValue) == codes)
    #expect(try await world.messages(at: "SG").count == kept)
  }

  private func expectAccepted(_ receipt: String) throws {
    #expect(try content(of: receipt)["outcome"]?.string == "accepted")
  }

  @Test func validCertificateOfAnotherParticipant() async throws {
    let world = try await World()
    let envelope = try await world.envelope(of: world.declare().messageID)
    let stolen = try await world.line.carry(ReceivedEnvelope(envelope), from: "MY", to: "SG")
    try await expectRefused(stolen, ["verify.sender_mismatch"], world, actor: "MY")
    #expect(try content(of: stolen)["sender"]?.string == "MY")
    // MY's own signature on a message that names China, over either connection.
    let signed = try sealed(envelope.header, payload: envelope.payload, salt: envelope.salt, fieldsSecret: envelope.fieldsSecret, by: "MY")
    try await expectRefused(try await world.line.carry(signed, from: "MY", to: "SG"), ["verify.sender_mismatch"], world, actor: "MY")
    try await expectRefused(try await world.line.carry(signed, from: "CN", to: "SG"), ["registry.certificate_unknown"], world)
    try expectAccepted(try await world.line.carry(ReceivedEnvelope(envelope), from: "CN", to: "SG"))
  }

  @Test func certificatesThatAreNobodysOrForSigning() async throws {
    let world = try await World()
    #expect(throws: CausewayError("registry.certificate_unknown")) { try world.sg.identify(tlsCertificate: [0x30, 0x00]) }
    #expect(throws: CausewayError("registry.certificate_role")) {
      try world.sg.identify(tlsCertificate: Economies.shared["CN"].signing.der)
    }
    #expect(try world.sg.identify(tlsCertificate: Economies.shared["CN"].tls.der).participant == "CN")
    world.clock.advance(seconds: 91 * 86_400)
    #expect(throws: CausewayError("registry.certificate_period")) { try world.sg.identify(tlsCertificate: Economies.shared["CN"].tls.der) }
  }

  @Test func messageForSomebodyElse() async throws {
    let world = try await World(["CN", "SG", "MY"])
    let envelope = try await world.envelope(of: world.declare().messageID)
    // China sends to Malaysia what it signed for Singapore.
    let misrouted = try await world.line.carry(ReceivedEnvelope(envelope), from: "CN", to: "MY")
    #expect(try reasons(of: misrouted) == ["verify.recipient_mismatch"])
    #expect(try await world.messages(at: "MY").isEmpty)
    // Malaysia passes it on as if it had been meant so, then as its own.
    let passedOn = try await world.line.carry(ReceivedEnvelope(envelope), from: "MY", to: "SG")
    try await expectRefused(passedOn, ["verify.sender_mismatch"], world, actor: "MY")
    let own = try sealed(
      envelope.header.with(sender: "MY"), payload: envelope.payload, salt: envelope.salt, fieldsSecret: envelope.fieldsSecret, by: "MY")
    try await expectRefused(try await world.line.carry(own, from: "MY", to: "SG"), ["verify.corridor_parties"], world, actor: "MY")
    try expectAccepted(try await world.line.carry(ReceivedEnvelope(envelope), from: "CN", to: "SG"))
  }

  /// A participant with a corridor of its own to Singapore meddles with a case between China and Singapore.
  @Test func caseOfOthers() async throws {
    let world = try await World()
    let declared = try await world.declare()
    let envelope = try await world.envelope(of: declared.messageID)
    try await world.run()
    let before = try await world.clearance(declared.clearanceID, at: "SG")
    let payload = try status(.released, of: .export, declared.clearanceID)
    for sequence in [1, before.receivedSequence + 1, 40] {
      let header = envelope.header.with(
        messageID: envelope.header.another, kind: .status, corridor: "MY-SG", sender: "MY", sequence: sequence,
        payload: PayloadDescription(payload, mediaType: "application/json"))
      let receipt = try await world.line.carry(try sealed(header, payload: payload, salt: envelope.salt, by: "MY"), from: "MY", to: "SG")
      #expect(try reasons(of: receipt) == ["verify.clearance_mismatch"])
    }
    #expect(try await world.clearance(declared.clearanceID, at: "SG") == before)
    try await world.report("accepted", on: declared.clearanceID, at: "CN")
    try await world.run()
    #expect(try await world.clearance(declared.clearanceID, at: "SG").export.status == .accepted)
  }

  @Test func alteredOnTheWay() async throws {
    let world = try await World()
    let envelope = try await world.envelope(of: world.declare().messageID)
    let received = ReceivedEnvelope(envelope)
    var payload = envelope.payload
    payload[payload.count / 2] ^= 1
    let altered = try await world.line.carry(received.with(payload: payload), from: "CN", to: "SG")
    try await expectRefused(altered, ["verify.payload_digest"], world)
    let shortened = try await world.line.carry(received.with(payload: Array(envelope.payload.dropLast())), from: "CN", to: "SG")
    try await expectRefused(shortened, ["verify.payload_size", "verify.payload_digest"], world)
    let header = envelope.header.with(revision: 2).canonicalBytes
    try await expectRefused(
      try await world.line.carry(received.with(headerBytes: header), from: "CN", to: "SG"), ["verify.jws_signature"], world)
    try expectAccepted(try await world.line.carry(received, from: "CN", to: "SG"))
  }

  /// What happens on the way is no answer: the sender tries again, and the case goes on.
  @Test(arguments: ["payload", "header", "signature"]) func damageOnTheWayHeals(part: String) async throws {
    let world = try await World()
    let declared = try await world.declare()
    world.line.fail { _ in
      .changed { received in
        switch part {
        case "payload": received.with(payload: received.payload.map { $0 == 0x3E ? 0x3C : $0 })
        case "header": received.with(headerBytes: Array(received.headerBytes.dropLast()))
        default: received.with(signature: String(received.signature.dropLast(4)) + "AAAA")
        }
      }
    }
    _ = try await world.cn.deliverDue()
    let delivery = try await world.delivery(of: declared.messageID, at: "CN")
    if part == "signature" {
      // The refusal names this very envelope and is genuine: it is an answer.
      #expect(try await world.message(declared.messageID, at: "CN").state == "refused_by_partner")
      return
    }
    #expect(delivery?.attempts == 1)
    #expect(try await world.message(declared.messageID, at: "CN").state == "sealed")
    world.line.heal()
    try await world.run()
    #expect(try await world.message(declared.messageID, at: "CN").state == "delivered")
    #expect(try await world.clearance(declared.clearanceID, at: "SG").import != nil)
  }

  /// The salt is not signed; a wrong one does not open the commitment, and the destination says so.
  @Test func alteredSalt() async throws {
    let world = try await World()
    let declared = try await world.declare()
    world.line.fail { _ in .changed { $0.with(salt: UCRCommitment.Salt.random()) } }
    _ = try await world.cn.deliverDue()
    world.line.heal()
    try await world.run()
    for economy in ["CN", "SG"] { #expect(try await world.clearance(declared.clearanceID, at: economy).import?.status == .refused) }
    let answer = try #require(world.line.sent.last { $0.sender == "SG" })
    #expect(try statusSaid(in: answer.envelope.payload).reasons.map(\.code) == ["verify.ucr_commitment"])
    let view = try await world.sg.message(declared.messageID, waitSeconds: 0)
    #expect(view["problems"]?["reasons"]?.array?.first?["code"]?.string == "verify.ucr_commitment")
  }

  @Test func wrongCommitment() async throws {
    let world = try await World()
    let declared = try await world.declare()
    let envelope = try await world.envelope(of: declared.messageID)
    let other = UCRCommitment(ucr: "6CNANOTHER", salt: envelope.salt).digest
    let forged = try sealed(
      envelope.header.with(commitment: other), payload: envelope.payload, salt: envelope.salt, fieldsSecret: envelope.fieldsSecret)
    try expectAccepted(try await world.line.carry(forged, from: "CN", to: "SG"))
    _ = try await world.sg.translateRecorded()
    #expect(try await world.clearance(declared.clearanceID, at: "SG").import?.status == .refused)
    // A later message of the case under another commitment is refused, and its number is used up.
    let payload = try status(.accepted, of: .export, declared.clearanceID)
    let next = envelope.header.with(
      messageID: envelope.header.another, kind: .status, sequence: 2,
      payload: PayloadDescription(payload, mediaType: "application/json"))
    let receipt = try await world.line.carry(try sealed(next, payload: payload, salt: envelope.salt), from: "CN", to: "SG")
    #expect(try reasons(of: receipt) == ["verify.clearance_mismatch"])
    #expect(try await world.clearance(declared.clearanceID, at: "SG").receivedSequence == 2)
  }

  @Test(arguments: [
    (0, 3600, [String]()), (300, 3600, []), (301, 3600, ["verify.created_in_future"]), (86_400, 3600, ["verify.created_in_future"]),
    (-1, 3600, []), (-301, 3600, []), (-3600, 3600, []), (-3601, 3600, ["verify.expired"]), (-86_400, 3600, ["verify.expired"]),
    (-86_400, 172_800, []), (0, 259_200, []), (0, 259_201, ["verify.lifetime_too_long"]),
  ]) func timeWindows(created: Int, lifetime: Int, codes: [String]) async throws {
    let world = try await World()
    let envelope = try await world.envelope(of: world.declare().messageID)
    let time = Economies.start.adding(seconds: Int64(created))
    let header = envelope.header.with(created: time, expires: time.adding(seconds: Int64(lifetime)))
    let receipt = try await world.line.carry(
      try sealed(header, payload: envelope.payload, salt: envelope.salt, fieldsSecret: envelope.fieldsSecret), from: "CN", to: "SG")
    if codes.isEmpty { try expectAccepted(receipt) } else { try await expectRefused(receipt, codes, world, kept: 1) }
  }

  /// Signatures of one purpose shown for another.
  @Test func signaturesOfAnotherPurpose() async throws {
    let world = try await World()
    let envelope = try await world.envelope(of: world.declare().messageID)
    let party = Economies.shared["CN"]
    for type in [Receipt.signatureType, "causeway-registry+jws"] {
      let signature = try JWS.sign(
        payload: envelope.headerBytes, type: type, keyID: party.signing.keyID, key: party.signingKey, detached: true)
      let receipt = try await world.line.carry(ReceivedEnvelope(envelope).with(signature: signature), from: "CN", to: "SG")
      try await expectRefused(receipt, ["verify.jws_type"], world)
    }
    let genuine = try JWS.sign(
      payload: envelope.headerBytes, type: SealedEnvelope.signatureType, keyID: party.signing.keyID, key: party.signingKey, detached: true)
    try expectAccepted(try await world.line.carry(ReceivedEnvelope(envelope).with(signature: genuine), from: "CN", to: "SG"))
  }
}
