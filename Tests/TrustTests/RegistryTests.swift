import JSONTree
import Primitives
import Testing
import Trust

@Suite struct RegistryTests {
  let pki: TestPKI
  var now: Instant { TestPKI.now }
  var key: PublicKey { pki.registryKey.publicKey }

  init() throws { pki = try TestPKI() }

  /// The codes of a content that is refused, in order; empty when it is accepted.
  func codes(_ change: (inout RegistryContent) -> Void) -> [String] {
    var content = pki.content
    change(&content)
    do {
      _ = try Registry.sign(content, key: pki.registryKey)
      return []
    } catch {
      return error.problems.map { "\($0.code) \($0.pointer ?? "")" }
    }
  }

  /// Signs any JSON as if it were a registry.
  func signed(_ registry: JSONValue, key: PrivateKey? = nil, type: String = Registry.type) throws -> [UInt8] {
    let key = key ?? pki.registryKey
    let signature = try JWS.sign(
      payload: registry.canonical(), type: type, keyID: key.publicKey.fingerprint.hex, key: key, detached: true)
    return (["registry": registry, "signature": .string(signature)] as JSONValue).serialized()
  }

  @Test func signedAndVerified() throws {
    let bytes = try Registry.sign(pki.content, key: pki.registryKey)
    let registry = try Registry.verify(bytes, keys: [key], previousVersion: 7)
    #expect(registry.content == pki.content)
    #expect(registry.version == 7)
    #expect(registry.participant("CN")?.nameZH == "CN海关")
    #expect(registry.participant("FR") == nil)
    let corridor = try #require(registry.corridor("CN-SG"))
    #expect(corridor.deadlineSeconds == ["receipt": 60, "clearance": 172_800])
    #expect(corridor.profiles["import"] == "sg.tradenet")
    #expect(corridor.settings["contact"]?.string == "duty officer")
    #expect(corridor.suites == [.es256, .edDSA])
    #expect(registry.corridor("SG-CN")?.suites == [.es256])
    #expect(registry.corridor("SG-MY") == nil)
    #expect(try registry.ledgerKeys(of: "CN", at: now) == [pki.cn.verifierKey(pki.cn.ledgerKey.publicKey)])
    #expect(try registry.certificates(of: "SG", role: .tls, at: now) == [pki.sg.tls])
  }

  @Test func writingAndReadingADraftIsTheSame() throws {
    #expect(try Registry.readDraft(pki.content.json.serialized(pretty: true)) == pki.content)
  }

  /// White space and member order are not signed; anything else is.
  @Test func layoutIsFreeContentIsNot() throws {
    let bytes = try Registry.sign(pki.content, key: pki.registryKey)
    let document = try JSONValue.parse(bytes)
    #expect(try Registry.verify(document.serialized(), keys: [key]).content == pki.content)
    let text = String(decoding: bytes, as: UTF8.self)
    let altered = Array(text.replacing("gateway.sg.example:8443", with: "gateway.sg.example:8444").utf8)
    #expect(throws: CausewayError("verify.jws_signature")) { try Registry.verify(altered, keys: [key]) }
  }

  /// P-08: a registry that nobody with the right signed.
  @Test func forgedRegistries() throws {
    let bytes = try Registry.sign(pki.content, key: pki.registryKey)
    #expect(throws: CausewayError("registry.signer_unknown")) { try Registry.verify(bytes, keys: [pki.cn.signingKey.publicKey]) }
    #expect(throws: CausewayError("registry.signer_unknown")) { try Registry.verify(bytes, keys: []) }
    let other = try PrivateKey.generate(.p256)
    #expect(try Registry.verify(bytes, keys: [other.publicKey, key]).version == 7, "two keys hold while the key is rolled over")

    // A participant adds itself: it can sign with its own key, or name the registry's key and sign with its own.
    let registry = pki.content.json
    #expect(throws: CausewayError("registry.signer_unknown")) { try Registry.verify(signed(registry, key: pki.sg.signingKey), keys: [key]) }
    let borrowed = try JWS.sign(
      payload: registry.canonical(), type: Registry.type, keyID: key.fingerprint.hex, key: pki.sg.signingKey, detached: true)
    let document: JSONValue = ["registry": registry, "signature": .string(borrowed)]
    #expect(throws: CausewayError("verify.jws_signature")) { try Registry.verify(document.serialized(), keys: [key]) }
    #expect(throws: CausewayError("verify.jws_type")) { try Registry.verify(signed(registry, type: "causeway-receipt+jws"), keys: [key]) }
    #expect(try Registry.verify(signed(registry), keys: [key]).content == pki.content)
  }

  @Test func hostileDocuments() throws {
    let text = String(decoding: try Registry.sign(pki.content, key: pki.registryKey), as: UTF8.self)
    let documents: [String] = [
      "", "{}", "[]", "null", #"{"registry":{}}"#, #"{"signature":"a..b"}"#, #"{"registry":{},"signature":7}"#,
      #"{"registry":{},"signature":""}"#, #"{"registry":{},"signature":"a..b","more":1}"#, text + "{}",
      text.replacing(#""registry""#, with: #""registry":{},"registry""#),
      text.replacing(#""version": 7"#, with: #""version": 7,"version": 8"#),
      text.replacing(#""version""#, with: #""vers\u0069on":9,"version""#), String(repeating: "[", count: 100_000),
    ]
    for document in documents {
      #expect(throws: CausewayError.self) { try Registry.verify(Array(document.utf8), keys: [key]) }
    }
    #expect(try Registry.verify(Array(text.utf8), keys: [key]).version == 7)
  }

  @Test func versionsDoNotGoBack() throws {
    let bytes = try Registry.sign(pki.content, key: pki.registryKey)
    #expect(throws: CausewayError("registry.version_back")) { try Registry.verify(bytes, keys: [key], previousVersion: 8) }
    let current = try Registry.verify(bytes, keys: [key], previousVersion: 6)
    #expect(try Registry.verify(bytes, keys: [key], previousVersion: 7, previousDigest: current.digest).version == 7)
    var changed = pki.content
    changed.participants[0].endpoint = "https://gateway2.cn.example"
    let sameVersion = try Registry.sign(changed, key: pki.registryKey)
    #expect(throws: CausewayError("registry.version_reused")) {
      try Registry.verify(sameVersion, keys: [key], previousVersion: 7, previousDigest: current.digest)
    }
  }

  @Test func everyProblemAtOnce() throws {
    let registry: JSONValue = [
      "version": 0, "issued": "yesterday", "color": "red",
      "participants": [
        [
          "id": "cn", "name": ["en": "", "zh": "海\u{202E}关"], "endpoint": "http://gateway.cn.example",
          "certificates": [["role": "admin", "pem": "x", "notBefore": "a", "notAfter": "b"]],
          "ledger": ["origin": "has space", "keys": [["verifierKey": "x+y+z"]]],
        ]
      ],
      "corridors": [["id": "CN-SG", "from": "CN", "to": "SG", "mode": "live", "kinds": [], "wire": "../x", "suites": ["RS256"]]],
    ]
    let error = #expect(throws: CausewayError.self) { try Registry.verify(signed(registry), keys: [key]) }
    let pointers = Set((error?.problems ?? []).compactMap(\.pointer))
    let expected: Set<String> = [
      "/registry", "/registry/version", "/registry/issued", "/registry/participants/0/id", "/registry/participants/0/name/en",
      "/registry/participants/0/name/zh", "/registry/participants/0/endpoint", "/registry/participants/0/certificates/0/role",
      "/registry/participants/0/certificates/0/pem", "/registry/participants/0/certificates/0/notBefore",
      "/registry/participants/0/certificates/0/notAfter", "/registry/participants/0/ledger/origin",
      "/registry/participants/0/ledger/keys/0/verifierKey", "/registry/corridors/0/mode", "/registry/corridors/0/kinds",
      "/registry/corridors/0/wire", "/registry/corridors/0/releasePolicy", "/registry/corridors/0/purpose", "/registry/corridors/0/suites",
    ]
    #expect(pointers == expected)
  }

  /// P-02: each role has its own certificates, when the registry is made and when it is asked.
  @Test func rolesAreNeverMixed() throws {
    let registry = try pki.verified(pki.content)
    #expect(try registry.participant(tlsCertificate: pki.cn.tls.fingerprint, at: now).id == "CN")
    #expect(throws: CausewayError("registry.certificate_role")) {
      try registry.participant(tlsCertificate: pki.cn.signing.fingerprint, at: now)
    }
    #expect(try registry.signingKey(participant: "CN", keyID: pki.cn.signing.keyID, at: now) == pki.cn.signingKey.publicKey)
    #expect(throws: CausewayError("registry.certificate_role")) {
      try registry.signingKey(participant: "CN", keyID: pki.cn.tls.keyID, at: now)
    }
    func refusal(_ position: Int) -> String { "registry.certificate_role /participants/0/certificates/\(position)/role" }
    #expect(codes { $0.participants[0].certificates[0].role = .signing }.contains(refusal(0)))
    #expect(codes { $0.participants[0].certificates[1].role = .tls }.contains(refusal(1)))
    let authority = RegisteredCertificate(role: .signing, certificate: pki.cn.authority.certificate)
    #expect(codes { $0.participants[0].certificates.append(authority) } == [refusal(2)])
  }

  /// P-01: a valid certificate of another participant.
  @Test func aKeySpeaksOnlyForItsOwner() throws {
    let registry = try pki.verified(pki.content)
    #expect(throws: CausewayError("registry.certificate_unknown")) {
      try registry.signingKey(participant: "CN", keyID: pki.sg.signing.keyID, at: now)
    }
    #expect(try registry.signingKey(participant: "SG", keyID: pki.sg.signing.keyID, at: now) == pki.sg.signingKey.publicKey)
    #expect(throws: CausewayError("registry.participant_unknown")) {
      try registry.signingKey(participant: "FR", keyID: pki.sg.signing.keyID, at: now)
    }
    #expect(throws: CausewayError("registry.participant_unknown")) {
      try registry.signingKey(participant: "cn", keyID: pki.cn.signing.keyID, at: now)
    }
    for keyID in ["", "x", pki.cn.signing.keyID.uppercased(), pki.cn.signing.keyID + " ", pki.cn.signingKey.publicKey.fingerprint.hex] {
      #expect(throws: CausewayError("registry.certificate_unknown")) { try registry.signingKey(participant: "CN", keyID: keyID, at: now) }
    }

    let message = Array("declaration".utf8)
    func verify(signedBy party: TestPKI.Party, sender: String) throws -> VerifiedJWS {
      let compact = try JWS.sign(
        payload: message, type: "causeway-test+jws", keyID: party.signing.keyID, key: party.signingKey, detached: true)
      return try JWS.verify(compact, detachedPayload: message, expectedType: "causeway-test+jws") { keyID throws(CausewayError) in
        try registry.signingKey(participant: sender, keyID: keyID, at: TestPKI.now)
      }
    }
    #expect(try verify(signedBy: pki.sg, sender: "SG").payload == message)
    #expect(throws: CausewayError("registry.certificate_unknown")) { try verify(signedBy: pki.sg, sender: "CN") }
  }

  /// P-03: certificates that look the same: same names and same key identifier from another authority, or same key in another certificate.
  @Test func identityIsTheRegisteredCertificate() throws {
    let registry = try pki.verified(pki.content)
    let twin = try CertificateAuthority.create(name: "CN test authority", from: TestPKI.start, days: 365)
    let lookalike = try twin.issue(
      subject: "gateway.cn.example", key: pki.cn.tlsKey.publicKey, profile: .tls, dnsNames: ["gateway.cn.example"],
      from: TestPKI.start, days: 90)
    #expect(lookalike.subject == pki.cn.tls.subject && lookalike.spkiFingerprint == pki.cn.tls.spkiFingerprint)
    #expect(throws: CausewayError("registry.certificate_unknown")) {
      try registry.participant(tlsCertificate: lookalike.fingerprint, at: now)
    }
    #expect(throws: CausewayError("registry.certificate_unknown")) {
      try registry.participant(tlsCertificate: SHA256.hash("anything"), at: now)
    }
  }

  /// P-07: one millisecond before and after the registered period, and a roll-over with both keys valid.
  @Test func periodsAreExact() throws {
    let newKey = try PrivateKey.generate(.p256)
    let renewed = try pki.cn.authority.issue(
      subject: "CN customs signing", key: newKey.publicKey, profile: .signing, from: TestPKI.start, days: 90)
    var content = pki.content
    content.participants[0].certificates[1].notAfter = now.adding(seconds: 60)
    content.participants[0].certificates.append(
      RegisteredCertificate(role: .signing, certificate: renewed, notBefore: now.adding(seconds: -60)))
    let registry = try pki.verified(content)
    func key(_ certificate: Certificate, _ milliseconds: Int64) throws -> PublicKey {
      try registry.signingKey(participant: "CN", keyID: certificate.keyID, at: now.adding(milliseconds: milliseconds))
    }
    #expect(throws: CausewayError("registry.certificate_period")) { try key(renewed, -60_001) }
    #expect(try key(renewed, -60_000) == newKey.publicKey)
    #expect(try key(pki.cn.signing, 0) == pki.cn.signingKey.publicKey)
    #expect(try registry.certificates(of: "CN", role: .signing, at: now) == [pki.cn.signing, renewed])
    #expect(try key(pki.cn.signing, 59_999) == pki.cn.signingKey.publicKey)
    #expect(throws: CausewayError("registry.certificate_period")) { try key(pki.cn.signing, 60_000) }
    #expect(try key(renewed, 60_000) == newKey.publicKey)
  }

  /// P-07: a suspended economy, and a registry that is no longer good.
  @Test func serviceWindows() throws {
    func open(_ windows: [ServiceWindow], _ time: String) throws -> Bool {
      var participant = pki.content.participants[0]
      participant.serviceWindows = windows
      return participant.isOpen(at: try #require(Instant(rfc3339: "\(time):00Z")))
    }
    #expect(try open([], "2026-11-30T03:00"), "always")
    // 30 November 2026 is a Monday.
    let day = try #require(ServiceWindow(days: [.monday, .tuesday], start: 6 * 60, end: 22 * 60))
    #expect(try open([day], "2026-11-30T06:00"))
    #expect(try open([day], "2026-12-01T21:59"))
    #expect(try !open([day], "2026-11-30T05:59"))
    #expect(try !open([day], "2026-11-30T22:00"), "the end is not contained")
    #expect(try !open([day], "2026-12-02T12:00"))
    let night = try #require(ServiceWindow(days: [.sunday], start: 22 * 60, end: 4 * 60))
    #expect(try open([night], "2026-11-29T22:00"))
    #expect(try open([night], "2026-11-30T03:59"), "it belongs to the day on which it begins")
    #expect(try !open([night], "2026-11-30T04:00"))
    #expect(try !open([night], "2026-11-29T03:00"))
    #expect(try !open([night], "2026-11-30T22:00"))
    #expect(try open([day, night], "2026-11-30T03:00"))
    let whole = try #require(ServiceWindow(days: [.thursday], start: 0, end: 1440))
    #expect(try open([whole], "1970-01-01T00:00") && open([whole], "1970-01-01T23:59") && open([whole], "1969-12-25T12:00"))
    #expect(try !open([whole], "1969-12-31T23:59") && !open([whole], "1970-01-02T00:00"))
    for (start, end) in [(-1, 60), (1440, 60), (60, 60), (60, 1441), (60, 0)] {
      #expect(ServiceWindow(days: [.monday], start: start, end: end) == nil)
    }
    #expect(ServiceWindow(days: [], start: 0, end: 60) == nil)
    #expect(ServiceWindow(days: [.monday, .monday], start: 0, end: 60) == nil)
  }

  @Test func serviceWindowsAsTheyAreWritten() throws {
    func read(_ windows: JSONValue) throws(CausewayError) -> [ServiceWindow] {
      var draft = pki.content.json.object ?? [:]
      var participants = draft["participants"]?.array ?? []
      var first = participants[0].object ?? [:]
      first["serviceWindows"] = windows
      participants[0] = .object(first)
      draft["participants"] = .array(participants)
      return try Registry.readDraft(JSONValue.object(draft).serialized()).participants[0].serviceWindows
    }
    func window(_ days: JSONValue, _ from: String, _ to: String) -> JSONValue {
      [["days": days, "from": .string(from), "to": .string(to)]]
    }
    let written = window(["mon", "sun"], "22:30", "04:05")
    let windows = try read(written)
    #expect(windows == [try #require(ServiceWindow(days: [.monday, .sunday], start: 1350, end: 245))])
    var content = pki.content
    content.participants[0].serviceWindows = windows
    #expect(content.json["participants"]?.array?.first?["serviceWindows"] == written)
    #expect(try Registry.readDraft(content.json.serialized()) == content)
    #expect(try read(window(["sat"], "00:00", "24:00")).count == 1)
    let wrong: [(JSONValue, String)] = [
      (window([], "06:00", "07:00"), "/0/days"), (window(["mon", "mon"], "06:00", "07:00"), "/0/days"),
      (window(["Mon"], "06:00", "07:00"), "/0/days"), (window([1], "06:00", "07:00"), "/0/days"),
      (window(["mon"], "24:00", "07:00"), "/0/from"), (window(["mon"], "6:00", "07:00"), "/0/from"),
      (window(["mon"], "06:60", "07:00"), "/0/from"), (window(["mon"], "+6:00", "07:00"), "/0/from"),
      (window(["mon"], "06:00", "00:00"), "/0/to"), (window(["mon"], "06:00", "24:01"), "/0/to"),
      (window(["mon"], "06:00", "06:00"), "/0/to"), ([], ""),
    ]
    for (value, place) in wrong {
      let error = #expect(throws: CausewayError.self) { try read(value) }
      #expect(error?.problems.first?.pointer == "/participants/0/serviceWindows" + place, "\(error.map { "\($0)" } ?? "")")
    }
  }

  @Test func membershipAndExpiry() throws {
    var content = pki.content
    content.participants[1].membership = Period(from: TestPKI.start, to: now)
    content.expires = now.adding(seconds: 100)
    let registry = try pki.verified(content)
    let before = now.adding(milliseconds: -1)
    #expect(try registry.participant(tlsCertificate: pki.sg.tls.fingerprint, at: before).id == "SG")
    #expect(try registry.signingKey(participant: "SG", keyID: pki.sg.signing.keyID, at: before) == pki.sg.signingKey.publicKey)
    for instant in [now, now.adding(seconds: 50)] {
      #expect(throws: CausewayError("registry.participant_suspended")) {
        try registry.participant(tlsCertificate: pki.sg.tls.fingerprint, at: instant)
      }
      #expect(throws: CausewayError("registry.participant_suspended")) {
        try registry.signingKey(participant: "SG", keyID: pki.sg.signing.keyID, at: instant)
      }
      #expect(throws: CausewayError("registry.participant_suspended")) { try registry.certificates(of: "SG", role: .tls, at: instant) }
      #expect(try registry.participant(tlsCertificate: pki.cn.tls.fingerprint, at: instant).id == "CN")
    }
    #expect(throws: CausewayError("registry.expired")) {
      try registry.participant(tlsCertificate: pki.cn.tls.fingerprint, at: now.adding(seconds: 100))
    }
  }

  @Test func keysBelongToOneParticipantAndRole() throws {
    let (cn, sg) = (pki.cn, pki.sg)
    #expect(codes { _ in } == [])
    #expect(
      codes { $0.participants[1].certificates.append($0.participants[0].certificates[0]) }
        == ["registry.duplicate /participants/1/certificates/2", "registry.shared_key /participants/1/certificates/2"])
    #expect(
      codes { $0.participants[0].certificates.append($0.participants[0].certificates[0]) }
        == ["registry.duplicate /participants/0/certificates/2"])
    // The same key in a certificate of one's own.
    let stolen = try sg.authority.issue(subject: "SG", key: cn.signingKey.publicKey, profile: .signing, from: TestPKI.start, days: 90)
    #expect(
      codes { $0.participants[1].certificates.append(RegisteredCertificate(role: .signing, certificate: stolen)) }
        == ["registry.shared_key /participants/1/certificates/2"])
    let mixed = try cn.authority.issue(subject: "CN", key: cn.tlsKey.publicKey, profile: .signing, from: TestPKI.start, days: 90)
    #expect(
      codes { $0.participants[0].certificates.append(RegisteredCertificate(role: .signing, certificate: mixed)) }
        == ["registry.shared_key /participants/0/certificates/2"])
    // A renewed certificate may keep its key.
    let renewed = try cn.authority.issue(subject: "CN", key: cn.signingKey.publicKey, profile: .signing, from: TestPKI.start, days: 90)
    #expect(codes { $0.participants[0].certificates.append(RegisteredCertificate(role: .signing, certificate: renewed)) } == [])
    let ledgerKey = RegisteredLedgerKey(verifierKey: sg.verifierKey(cn.ledgerKey.publicKey))
    #expect(codes { $0.participants[1].ledger.keys.append(ledgerKey) } == ["registry.shared_key /participants/1/ledger/keys/1"])
  }

  @Test func theRegistrysKeyIsNoParticipants() throws {
    let error = #expect(throws: CausewayError.self) { try Registry.sign(pki.content, key: pki.cn.signingKey) }
    #expect(error?.problems.map(\.pointer) == ["/participants/0/certificates/1"])
    #expect(error?.code == "registry.shared_key")
    #expect(throws: CausewayError("registry.shared_key")) {
      try Registry.verify(signed(pki.content.json, key: pki.cn.signingKey), keys: [pki.cn.signingKey.publicKey])
    }
  }

  @Test func contentThatDoesNotFitTogether() throws {
    #expect(codes { $0.participants[1].id = "CN" }.contains("registry.duplicate /participants/1/id"))
    #expect(codes { $0.participants[0].certificates.remove(at: 1) } == ["registry.certificate_missing /participants/0/certificates"])
    let period = ["registry.certificate_period /participants/0/certificates/0"]
    #expect(codes { $0.participants[0].certificates[0].notAfter = TestPKI.start.adding(seconds: 91 * 86_400) } == period)
    #expect(codes { $0.participants[0].certificates[0].notAfter = TestPKI.start } == period)
    let ledgerKey = ["parse.json_member_value /participants/0/ledger/keys/0/verifierKey"]
    #expect(codes { $0.participants[0].ledger.keys[0].verifierKey += "A" } == ledgerKey)
    #expect(codes { $0.corridors.append($0.corridors[0]) } == ["registry.duplicate /corridors/2/id"])
    #expect(codes { $0.corridors[0].to = "FR" } == ["parse.json_member_value /corridors/0/id"])
    #expect(codes { ($0.corridors[0].id, $0.corridors[0].to) = ("CN-FR", "FR") } == ["registry.corridor_end /corridors/0/to"])
    #expect(codes { ($0.corridors[0].id, $0.corridors[0].to) = ("CN-CN", "CN") } == ["registry.corridor_end /corridors/0/to"])
    #expect(codes { $0.expires = $0.issued } == ["registry.period /expires"])
    #expect(codes { $0.participants[0].endpoint = "https://127.0.0.1:8443" } == ["registry.endpoint_loopback /corridors/0/from"])
    #expect(codes { ($0.participants[0].endpoint, $0.corridors[0].mode) = ("https://localhost:8443", .test) } == [])
  }

  @Test(arguments: [
    "https://gateway.cn.example", "https://gateway.cn.example/", "https://gateway.cn.example:8443/causeway/v1", "https://10.1.2.3:443",
    "https://[2001:db8::1]:8443", "https://[2001:db8:0:0:0:0:0:1]", "https://a", "https://xn--fiqs8s.example",
  ])
  func endpoints(text: String) throws {
    var content = pki.content
    content.participants[0].endpoint = text
    #expect(try Registry.readDraft(content.json.serialized()).participants[0].endpoint == text)
  }

  @Test(arguments: [
    "", "https://", "http://gateway.cn.example", "HTTPS://gateway.cn.example", "ftp://x", "file:///etc/passwd", "//gateway.cn.example",
    "https://user@gateway.cn.example", "https://user:pass@10.0.0.1", "https://gateway.cn.example:0", "https://gateway.cn.example:65536",
    "https://gateway.cn.example:08443", "https://gateway.cn.example:", "https://gateway.cn.example:443:443", "https://GATEWAY.example",
    "https://gateway.cn.example?x=1", "https://gateway.cn.example/#a", "https://gateway.cn.example/%0d%0aX:%20y", "https://a/../b",
    "https://gateway.cn.example/\r\nX: y", "https://gateway .example", "https://-a.example", "https://a..example", "https://.example",
    "https://169.254.169.254", "https://0.0.0.0", "https://224.0.0.1", "https://2130706433", "https://0x7f000001", "https://127.1",
    "https://0177.0.0.1", "https://1.2.3.4.5", "https://256.1.1.1", "https://[::ffff:127.0.0.1]", "https://[::ffff:7f00:1]", "https://[::]",
    "https://[::7f00:1]", "https://[fe80::1]", "https://[fe80::1%25eth0]", "https://[ff02::1]", "https://[64:ff9b::a9fe:a9fe]",
    "https://[1:2:3]", "https://[1:::2]", "https://[1::2::3]", "https://[::1", "https://g\u{E9}.example", "https://gateway\u{3002}example",
    "https://gateway.cn.example\\@evil.example",
  ])
  func endpointsThatAreRefused(text: String) throws {
    var content = pki.content
    content.participants[0].endpoint = text
    let error = #expect(throws: CausewayError.self) { try Registry.readDraft(content.json.serialized()) }
    #expect(error?.problems.map(\.pointer) == ["/participants/0/endpoint"])
  }
}
