import Exchange
import JSONTree
import Primitives
import Testing
import Trust

/// Attacks on who says what to whom, when; each beside what must be accepted.
@Suite struct EnvelopeVerificationTests {
  let world = World.shared

  func codes(_ sealed: SealedEnvelope, tls: Economy, at now: Instant = World.now, us: String = "SG") throws -> [String] {
    try world.verdict(ReceivedEnvelope(sealed), tls: tls, at: now, us: us).codes
  }

  @Test func acceptsWhatIsRight() throws {
    let header = world.header()
    let sealed = try world.seal(header, as: world.cn)
    let envelope = try #require(try world.accepted(sealed, tls: world.cn))
    #expect(envelope.header == header)
    #expect(envelope.payload == World.payload)
    #expect(envelope.digest == sealed.digest)
    #expect(envelope.peer.participant == "CN")
    #expect(envelope.keyID == world.cn.signingCertificate.keyID)
    #expect(envelope.concerns(ucr: World.ucr))
    #expect(!envelope.concerns(ucr: "6CN0"))
  }

  /// A corridor has one mode: nothing else is taken, in whatever direction somebody is mistaken.
  @Test func modeOfTheCorridor() throws {
    let world = world
    let key = try PrivateKey.generate(.p256)
    for agreed in Corridor.Mode.allCases {
      let registry = try World.registry(key, [world.cn.participant(), world.sg.participant(), world.my.participant()], mode: agreed)
      for said in Corridor.Mode.allCases {
        let sealed = try world.seal(world.header(mode: said), as: world.cn)
        let verdict = try world.verdict(ReceivedEnvelope(sealed), tls: world.cn, registry: registry)
        #expect(verdict.codes == (said == agreed ? [] : ["verify.corridor_mode"]), "\(said) in \(agreed)")
        // What the sender gets is an answer to this very message.
        if case .refused(let refusal) = verdict { #expect(refusal.isAuthentic) }
      }
    }
  }

  // P-01, P-10
  @Test func certificateOfAnotherParticipant() throws {
    let fromCN = try world.seal(world.header(), as: world.cn)
    #expect(try codes(fromCN, tls: world.my) == ["verify.sender_mismatch"])
    #expect(try codes(try world.seal(world.header(), as: world.my), tls: world.my) == ["verify.sender_mismatch"])
    #expect(try codes(try world.seal(world.header(), as: world.my), tls: world.cn) == ["registry.certificate_unknown"])
    let claimsMY = world.header(corridor: "MY-SG", sender: "MY")
    #expect(try codes(try world.seal(claimsMY, as: world.cn), tls: world.my) == ["registry.certificate_unknown"])
    #expect(try codes(fromCN, tls: world.cn).isEmpty)
  }

  @Test func unknownConnections() throws {
    let stranger = try Economy("CN", world.authority, from: World.now.adding(seconds: -60))
    #expect(throws: CausewayError("registry.certificate_unknown")) {
      try codes(try world.seal(world.header(), as: world.cn), tls: stranger)
    }
    let verifier = EnvelopeVerifier(recipient: "SG", registry: world.registry)
    #expect(throws: CausewayError("registry.certificate_role")) {
      try verifier.identify(tlsCertificate: world.cn.signingCertificate.fingerprint, at: World.now)
    }
    #expect(try verifier.identify(tlsCertificate: world.cn.tlsCertificate.fingerprint, at: World.now).participant == "CN")
  }

  // P-02
  @Test func connectionKeysDoNotSign() throws {
    let header = world.header()
    let sealed = try SealedEnvelope.seal(
      header, payload: World.payload, salt: World.salt, fieldsSecret: World.fieldsSecret, keyID: world.cn.tlsCertificate.keyID,
      key: world.cn.tlsKey)
    #expect(try codes(sealed, tls: world.cn) == ["registry.certificate_role"])
    let borrowedName = try SealedEnvelope.seal(
      header, payload: World.payload, salt: World.salt, fieldsSecret: World.fieldsSecret, keyID: world.cn.signingCertificate.keyID,
      key: world.cn.tlsKey)
    #expect(try codes(borrowedName, tls: world.cn) == ["verify.jws_signature"])
  }

  // P-07
  @Test func keysAreValidForAWhile() throws {
    let end = World.now.adding(seconds: -10)
    let registry = try World.registry(
      world.registryKey, [world.cn.participant(signingUntil: end), world.sg.participant(), world.my.participant()])
    func codes(_ created: Instant) throws -> [String] {
      let sealed = try world.seal(world.header(created: created), as: world.cn)
      return try world.verdict(ReceivedEnvelope(sealed), tls: world.cn, registry: registry).codes
    }
    #expect(try codes(end.adding(seconds: -1)).isEmpty)
    #expect(try codes(end.adding(seconds: 1)) == ["registry.certificate_period"])
  }

  @Test func suspendedParticipants() throws {
    func registry(until end: Instant) throws -> VerifiedRegistry {
      try World.registry(
        world.registryKey, [world.cn.participant(membership: Period(to: end)), world.sg.participant(), world.my.participant()])
    }
    let sealed = try world.seal(world.header(created: World.now.adding(seconds: -60)), as: world.cn)
    #expect(throws: CausewayError("registry.participant_suspended")) {
      try world.verdict(ReceivedEnvelope(sealed), tls: world.cn, registry: try registry(until: World.now.adding(seconds: -1)))
    }
    #expect(
      try world.verdict(ReceivedEnvelope(sealed), tls: world.cn, registry: try registry(until: World.now.adding(seconds: 1))).codes.isEmpty)
  }

  // M-03
  @Test(
    arguments: [
      (-86_400 as Int64, []), (-301, []), (-1, []), (0, []), (1, []), (300, []), (301, ["verify.created_in_future"]),
      (86_400, ["verify.created_in_future"]),
    ] as [(Int64, [String])])
  func clockSkew(seconds: Int64, expected: [String]) throws {
    let created = World.now.adding(seconds: seconds)
    let sealed = try world.seal(world.header(created: created, expires: created.adding(seconds: 2 * 86_400)), as: world.cn)
    // The registry's keys are valid since one day before.
    #expect(try codes(sealed, tls: world.cn) == expected)
  }

  @Test func expiry() throws {
    let created = World.now.adding(seconds: -600)
    func codes(expires: Int64) throws -> [String] {
      try self.codes(
        try world.seal(world.header(created: created, expires: World.now.adding(milliseconds: expires)), as: world.cn), tls: world.cn)
    }
    #expect(try codes(expires: 0).isEmpty)
    #expect(try codes(expires: -1) == ["verify.expired"])
    let lifetime: Int64 = 72 * 3_600_000
    #expect(try codes(expires: lifetime - 600_000).isEmpty)
    #expect(try codes(expires: lifetime - 600_000 + 1) == ["verify.lifetime_too_long"])
  }

  // M-07
  @Test func addresseeIsSigned() throws {
    let forSG = try world.seal(world.header(), as: world.cn)
    // China's message to Singapore, passed on by Singapore to Malaysia, or shown to Malaysia by China itself.
    #expect(try codes(forSG, tls: world.sg, us: "MY") == ["verify.sender_mismatch"])
    #expect(try codes(forSG, tls: world.cn, us: "MY") == ["verify.recipient_mismatch"])
    let toMY = try world.seal(world.header(recipient: "MY"), as: world.cn)
    #expect(try codes(toMY, tls: world.cn, us: "MY") == ["verify.corridor_parties"])
    #expect(try codes(forSG, tls: world.cn, us: "SG").isEmpty)
  }

  @Test func corridors() throws {
    let unknown = try world.seal(world.header(corridor: "CN-MY"), as: world.cn)
    #expect(try codes(unknown, tls: world.cn) == ["verify.corridor_unknown"])
    for kind in MessageKind.allCases {
      let back = try world.seal(world.header(kind: kind, sender: "SG", recipient: "CN"), as: world.sg)
      let expected = kind == .status ? [] : ["verify.corridor_direction"]
      #expect(try codes(back, tls: world.sg, us: "CN") == expected)
      #expect(try codes(try world.seal(world.header(kind: kind), as: world.cn), tls: world.cn).isEmpty)
    }
    // Agreed between Malaysia and Singapore: declarations only, signed with EdDSA.
    let status = try world.seal(world.header(kind: .status, corridor: "MY-SG", sender: "MY"), as: world.my)
    #expect(try codes(status, tls: world.my) == ["verify.corridor_kind", "verify.corridor_suite"])
  }

  @Test func alteredPayload() throws {
    let sealed = try world.seal(world.header(), as: world.cn)
    func codes(_ payload: [UInt8], contentType: String = "application/xml") throws -> [String] {
      let received = ReceivedEnvelope(
        headerBytes: sealed.headerBytes, signature: sealed.signature, salt: sealed.salt, fieldsSecret: sealed.fieldsSecret,
        contentType: contentType, payload: payload)
      return try world.verdict(received, tls: world.cn).codes
    }
    var flipped = World.payload
    flipped[3] ^= 1
    #expect(try codes(flipped) == ["verify.payload_digest"])
    #expect(try codes(World.payload + [0x20]) == ["verify.payload_size", "verify.payload_digest"])
    #expect(try codes([]) == ["verify.payload_size", "verify.payload_digest"])
    #expect(try codes(World.payload, contentType: "application/json") == ["verify.payload_media_type"])
    #expect(try codes(World.payload).isEmpty)
  }

  // W-10, and every byte of the header
  @Test func alteredHeader() throws {
    let sealed = try world.seal(world.header(), as: world.cn)
    for position in sealed.headerBytes.indices {
      var bytes = sealed.headerBytes
      bytes[position] ^= 1
      let received = ReceivedEnvelope(
        headerBytes: bytes, signature: sealed.signature, salt: sealed.salt, fieldsSecret: sealed.fieldsSecret,
        contentType: "application/xml", payload: World.payload)
      #expect(try !world.verdict(received, tls: world.cn).codes.isEmpty, "\(position)")
    }
    let other = try world.seal(world.header(), as: world.cn)
    let swapped = ReceivedEnvelope(
      headerBytes: other.headerBytes, signature: sealed.signature, salt: sealed.salt, fieldsSecret: sealed.fieldsSecret,
      contentType: "application/xml", payload: World.payload
    )
    #expect(try world.verdict(swapped, tls: world.cn).codes == ["verify.jws_signature"])
  }

  // W-01, W-03, W-04, W-05, W-06, M-08
  @Test func otherSignatures() throws {
    let sealed = try world.seal(world.header(), as: world.cn)
    let keyID = world.cn.signingCertificate.keyID
    let parts = sealed.signature.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    func codes(_ signature: String) throws -> [String] {
      let received = ReceivedEnvelope(
        headerBytes: sealed.headerBytes, signature: signature, salt: sealed.salt, fieldsSecret: sealed.fieldsSecret,
        contentType: "application/xml", payload: World.payload)
      return try world.verdict(received, tls: world.cn).codes
    }
    func protected(_ json: String) -> String { "\(Base64.encode(utf8(json), .url))..\(parts[2])" }
    let type = #""kid":"\#(keyID)","typ":"causeway-envelope+jws""#
    let unsigned = Base64.encode(utf8(#"{"alg":"none",\#(type)}"#), .url) + ".."
    #expect(try codes(unsigned).first?.hasPrefix("verify.jws_") == true)
    #expect(try codes(protected(#"{"alg":"HS256",\#(type)}"#)) == ["verify.jws_algorithm"])
    #expect(try codes(protected(#"{"alg":"ES256","jwk":{},\#(type)}"#)) == ["verify.jws_member"])
    #expect(try codes(protected(#"{"alg":"ES256","crit":["b64"],"b64":false,\#(type)}"#)) == ["verify.jws_member"])
    #expect(try codes("\(parts[0]).\(Base64.encode(sealed.headerBytes, .url)).\(parts[2])") == ["verify.jws_payload"])
    #expect(try codes("") == ["verify.jws_malformed"])
    for type in [Receipt.signatureType, Registry.type, "causeway-envelope+jwsx", "jose"] {
      let other = try JWS.sign(payload: sealed.headerBytes, type: type, keyID: keyID, key: world.cn.signingKey, detached: true)
      #expect(try codes(other) == ["verify.jws_type"])
    }
    #expect(try codes(sealed.signature).isEmpty)
  }

  // W-08, M-01: another signature over the same header is the same message.
  @Test func messagesAreNamedByContent() throws {
    let header = world.header()
    let first = try #require(try world.accepted(try world.seal(header, as: world.cn), tls: world.cn))
    let second = try #require(try world.accepted(try world.seal(header, as: world.cn), tls: world.cn))
    #expect(first.signature != second.signature)
    #expect(first.digest == second.digest)
    #expect(first.header.messageID == second.header.messageID)
  }

  @Test func everythingAfterTheSignatureIsToldAtOnce() throws {
    let created = World.now.adding(seconds: 4000)
    let sealed = try world.seal(world.header(recipient: "MY", created: created, expires: created.adding(seconds: 90 * 3600)), as: world.cn)
    let received = ReceivedEnvelope(
      headerBytes: sealed.headerBytes, signature: sealed.signature, salt: sealed.salt, fieldsSecret: sealed.fieldsSecret,
      contentType: "text/plain", payload: [1])
    #expect(
      try world.verdict(received, tls: world.cn).codes == [
        "verify.recipient_mismatch", "verify.corridor_parties", "verify.created_in_future", "verify.lifetime_too_long",
        "verify.payload_size",
        "verify.payload_digest", "verify.payload_media_type",
      ])
  }

  @Test func unreadableHeadersAreRefusedWithoutAnID() throws {
    let received = ReceivedEnvelope(headerBytes: utf8("{}"), signature: "a..b", salt: World.salt, contentType: "text/xml", payload: [])
    guard case .refused(let refusal) = try world.verdict(received, tls: world.cn) else {
      Issue.record("accepted")
      return
    }
    #expect(refusal.header == nil)
    #expect(refusal.envelopeDigest == SHA256.hash("{}"))
    #expect(refusal.problems.count == 15)
  }

  @Test func httpFields() throws {
    let sealed = try world.seal(world.header(), as: world.cn)
    var fields: [String: [String]] = [:]
    for field in sealed.fields { fields[field.name, default: []].append(field.value) }
    func read(_ change: (inout [String: [String]]) -> Void) throws -> ReceivedEnvelope {
      var changed = fields
      change(&changed)
      return try ReceivedEnvelope(field: { changed[$0] ?? [] }, body: World.payload)
    }
    let received = try read { _ in }
    #expect(received.headerBytes == sealed.headerBytes)
    #expect(received.digest == sealed.digest)
    #expect(try world.verdict(received, tls: world.cn).codes.isEmpty)
    let envelope = SealedEnvelope.Field.envelope
    #expect(throws: CausewayError("verify.http_field")) { try read { $0[envelope] = nil } }
    #expect(throws: CausewayError("verify.http_field")) { try read { $0[envelope] = [fields[envelope]![0], fields[envelope]![0]] } }
    #expect(throws: CausewayError("verify.http_field")) { try read { $0[envelope] = ["=" + fields[envelope]![0]] } }
    #expect(throws: CausewayError("verify.http_field")) { try read { $0[SealedEnvelope.Field.salt] = ["00"] } }
    // The secret of the fields root: there with a root, absent without, never doubled or malformed.
    let secret = SealedEnvelope.Field.fieldsSalt
    #expect(try world.verdict(try read { $0[secret] = nil }, tls: world.cn).codes == ["verify.fields_salt"])
    for values in [["00"], [""], [fields[secret]![0], fields[secret]![0]], [fields[secret]![0].uppercased() + "0"]] {
      #expect(throws: CausewayError("verify.http_field"), "\(values)") { try read { $0[secret] = values } }
    }
    do {
      _ = try ReceivedEnvelope(field: { _ in [] }, body: [])
      Issue.record("accepted")
    } catch {
      #expect(error.problems.count == 4)
    }
  }

  @Test func restoring() throws {
    let sealed = try world.seal(world.header(), as: world.cn)
    let restored = try SealedEnvelope.restore(
      headerBytes: sealed.headerBytes, signature: sealed.signature, salt: sealed.salt, fieldsSecret: sealed.fieldsSecret,
      payload: sealed.payload)
    #expect(restored == sealed)
    #expect(throws: CausewayError("seal.payload_mismatch")) {
      try SealedEnvelope.restore(
        headerBytes: sealed.headerBytes, signature: sealed.signature, salt: sealed.salt, fieldsSecret: sealed.fieldsSecret, payload: [])
    }
    #expect(throws: CausewayError("seal.payload_mismatch")) { try world.seal(world.header(), as: world.cn, payload: [1, 2]) }
  }
}
