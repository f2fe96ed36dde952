import Exchange
import Primitives
import Trust

func utf8(_ text: String) -> [UInt8] { Array(text.utf8) }

/// One economy of the test world with its keys.
struct Economy: Sendable {
  let id: String
  let tlsKey: PrivateKey
  let tlsCertificate: Certificate
  let signingKey: PrivateKey
  let signingCertificate: Certificate
  let ledgerKey: String

  init(_ id: String, _ authority: CertificateAuthority, from: Instant) throws {
    self.id = id
    tlsKey = try PrivateKey.generate(.p256)
    tlsCertificate = try authority.issue(
      subject: "\(id) gateway", key: tlsKey.publicKey, profile: .tls, dnsNames: ["localhost"], ipAddresses: ["127.0.0.1"], from: from,
      days: 30)
    signingKey = try PrivateKey.generate(.p256)
    signingCertificate = try authority.issue(subject: "\(id) signing", key: signingKey.publicKey, profile: .signing, from: from, days: 30)
    let origin = "\(id.lowercased()).example/log"
    let key: [UInt8] = [1] + (try PrivateKey.generate(.ed25519).publicKey.rawEd25519 ?? [])
    ledgerKey = "\(origin)+\(Hex.encode(SHA256.hash(utf8(origin) + [0x0A] + key).bytes.prefix(4)))+\(Base64.encode(key))"
  }

  func participant(membership: Period = Period(), signingUntil: Instant? = nil) -> Participant {
    Participant(
      id: id, nameEN: id, nameZH: id, endpoint: "https://gateway.\(id.lowercased()).example", membership: membership,
      certificates: [
        RegisteredCertificate(role: .tls, certificate: tlsCertificate),
        RegisteredCertificate(role: .signing, certificate: signingCertificate, notAfter: signingUntil),
      ], ledger: RegisteredLedger(origin: "\(id.lowercased()).example/log", keys: [RegisteredLedgerKey(verifierKey: ledgerKey)]))
  }
}

/// Three economies, two corridors and the time at which everything happens.
struct World: Sendable {
  static let now: Instant = Instant(rfc3339: "2026-11-21T09:00:00.000Z")!
  static let shared: World = {
    do { return try World() } catch { fatalError("the test world cannot be made: \(error)") }
  }()

  let authority: CertificateAuthority
  let registryKey: PrivateKey
  let cn: Economy
  let sg: Economy
  let my: Economy
  let registry: VerifiedRegistry

  init(at now: Instant = now) throws {
    let start = now.adding(seconds: -86_400)
    authority = try CertificateAuthority.create(name: "Test CA", from: start, days: 60)
    registryKey = try PrivateKey.generate(.p256)
    cn = try Economy("CN", authority, from: start)
    sg = try Economy("SG", authority, from: start)
    my = try Economy("MY", authority, from: start)
    registry = try Self.registry(registryKey, [cn.participant(), sg.participant(), my.participant()])
  }

  static func registry(_ key: PrivateKey, _ participants: [Participant], mode: Corridor.Mode = .production) throws -> VerifiedRegistry {
    func corridor(_ from: String, _ to: String, _ kinds: [String], _ suites: [JWS.Algorithm]) -> Corridor {
      Corridor(
        from: from, to: to, mode: mode, kinds: kinds, wire: "uncefact.xml", releasePolicy: "\(from)-\(to)",
        purpose: "customs-clearance",
        suites: suites)
    }
    let content = RegistryContent(
      version: 1, issued: now.adding(seconds: -3600), participants: participants,
      corridors: [
        corridor("CN", "SG", ["declaration", "status", "supplement"], [.es256, .edDSA]), corridor("MY", "SG", ["declaration"], [.edDSA]),
      ])
    return try Registry.verify(try Registry.sign(content, key: key), keys: [key.publicKey])
  }

  static let payload = utf8("<Declaration>一 two</Declaration>")
  static let clearance = ClearanceID("00112233445566778899aabbccddeeff")!
  static let salt = UCRCommitment.Salt((0..<32).map { UInt8($0) })!
  static let fieldsSecret = HMACKey((32..<64).map { UInt8($0) })!
  static let ucr = "6CN1234567890ABC"

  /// A declaration from China to Singapore, unless told otherwise.
  func header(
    kind: MessageKind = .declaration, corridor: String = "CN-SG", sender: String = "CN", recipient: String = "SG", created: Instant = now,
    expires: Instant? = nil, payload: [UInt8] = payload, mediaType: String = "application/xml", inReplyTo: MessageID? = nil,
    mode: Corridor.Mode = .production
  ) -> EnvelopeHeader {
    EnvelopeHeader(
      messageID: SecureRandom.messageID(at: created), kind: kind, corridor: corridor, sender: sender, recipient: recipient,
      clearance: Self.clearance, ucrCommitment: UCRCommitment(ucr: Self.ucr, salt: Self.salt).digest, created: created,
      expires: expires ?? created.adding(seconds: 3600), inReplyTo: inReplyTo, sequence: 1, revision: 1,
      payload: PayloadDescription(
        mediaType: mediaType, size: payload.count, sha256: SHA256.hash(payload), fieldsRoot: SHA256.hash(payload)),
      policy: VersionedName(id: "CN-SG", version: "1"), profile: VersionedName(id: "uncefact.xml", version: "1.0"),
      purpose: "customs-clearance", mode: mode)
  }

  func seal(_ header: EnvelopeHeader, as economy: Economy, payload: [UInt8] = payload) throws -> SealedEnvelope {
    try SealedEnvelope.seal(
      header, payload: payload, salt: Self.salt, fieldsSecret: Self.fieldsSecret, keyID: economy.signingCertificate.keyID,
      key: economy.signingKey)
  }

  /// What Singapore says to a message that came over a connection of `tls`.
  func verdict(
    _ received: ReceivedEnvelope, tls: Economy, at now: Instant = now, us: String = "SG", registry: VerifiedRegistry? = nil
  ) throws -> EnvelopeVerdict {
    let verifier = EnvelopeVerifier(recipient: us, registry: registry ?? self.registry)
    return verifier.verify(received, from: try verifier.identify(tlsCertificate: tls.tlsCertificate.fingerprint, at: now), at: now)
  }

  func accepted(_ sealed: SealedEnvelope, tls: Economy, at now: Instant = now, us: String = "SG") throws -> VerifiedEnvelope? {
    guard case .accepted(let envelope) = try verdict(ReceivedEnvelope(sealed), tls: tls, at: now, us: us) else { return nil }
    return envelope
  }
}

extension ReceivedEnvelope {
  /// What arrives when nothing happens on the way.
  init(_ sealed: SealedEnvelope) {
    self.init(
      headerBytes: sealed.headerBytes, signature: sealed.signature, salt: sealed.salt, fieldsSecret: sealed.fieldsSecret,
      contentType: sealed.header.payload.mediaType,
      payload: sealed.payload)
  }
}

extension EnvelopeVerdict {
  /// The codes of a refusal; empty when accepted.
  var codes: [String] {
    switch self {
    case .accepted: []
    case .refused(let refusal): refusal.problems.map(\.code.rawValue)
    }
  }
}
