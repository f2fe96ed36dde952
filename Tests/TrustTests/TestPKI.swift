import JSONTree
import Primitives
import Trust

/// Issues keys and certificates in code: one authority, a TLS and a signing certificate, a ledger key, for each economy.
struct TestPKI {
  static let now = Instant(rfc3339: "2026-11-21T09:00:00Z")!
  static let start = now.adding(seconds: -3600)

  struct Party {
    let id: String
    let authority: CertificateAuthority
    let tlsKey: PrivateKey
    let tls: Certificate
    let signingKey: PrivateKey
    let signing: Certificate
    let ledgerKey: PrivateKey

    init(_ id: String) throws {
      self.id = id
      authority = try CertificateAuthority.create(name: "\(id) test authority", from: start, days: 365)
      tlsKey = try PrivateKey.generate(.p256)
      tls = try authority.issue(
        subject: "gateway.\(id.lowercased()).example", key: tlsKey.publicKey, profile: .tls,
        dnsNames: ["gateway.\(id.lowercased()).example", "localhost"], ipAddresses: ["127.0.0.1"], from: start, days: 90)
      signingKey = try PrivateKey.generate(.p256)
      signing = try authority.issue(
        subject: "\(id) customs signing", key: signingKey.publicKey, profile: .signing, from: start, days: 90)
      ledgerKey = try PrivateKey.generate(.ed25519)
    }

    var origin: String { "gateway.\(id.lowercased()).example/ledger" }

    var participant: Participant {
      Participant(
        id: id, nameEN: "\(id) Customs", nameZH: "\(id)海关", endpoint: "https://gateway.\(id.lowercased()).example:8443",
        certificates: [RegisteredCertificate(role: .tls, certificate: tls), RegisteredCertificate(role: .signing, certificate: signing)],
        ledger: RegisteredLedger(origin: origin, keys: [RegisteredLedgerKey(verifierKey: verifierKey(ledgerKey.publicKey))]))
    }

    /// C2SP signed-note verifier key of an Ed25519 key of this party's log.
    func verifierKey(_ key: PublicKey) -> String {
      let bytes = [1] + (key.rawEd25519 ?? [])
      let id = SHA256.hash(Array(origin.utf8) + [0x0A] + bytes).bytes.prefix(4)
      return "\(origin)+\(Hex.encode(id))+\(Base64.encode(bytes))"
    }
  }

  let cn: Party
  let sg: Party
  let registryKey: PrivateKey

  init() throws {
    cn = try Party("CN")
    sg = try Party("SG")
    registryKey = try PrivateKey.generate(.p256)
  }

  var content: RegistryContent {
    RegistryContent(
      version: 7, issued: Self.start, participants: [cn.participant, sg.participant],
      corridors: [
        Corridor(
          from: "CN", to: "SG", mode: .pilot, kinds: ["declaration", "status"], wire: "uncefact.xml", releasePolicy: "cn-sg.clearance",
          purpose: "customs-clearance", deadlineSeconds: ["receipt": 60, "clearance": 172_800],
          profiles: ["export": "cn.decmessage", "import": "sg.tradenet"], settings: ["contact": "duty officer"]),
        Corridor(
          from: "SG", to: "CN", mode: .test, kinds: ["status"], wire: "uncefact.xml", statusWire: "uncefact.cdar.xml",
          releasePolicy: "sg-cn.status",
          purpose: "customs-clearance", suites: [.es256]),
      ])
  }

  func verified(_ content: RegistryContent) throws -> VerifiedRegistry {
    try Registry.verify(Registry.sign(content, key: registryKey), keys: [registryKey.publicKey])
  }
}
