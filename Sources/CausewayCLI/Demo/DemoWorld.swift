import FoundationEssentials
import Gateway
import Glibc
import Ledger
import Primitives
import Trust

/// Two economies on this machine: keys, certificates, registry and configuration files, all made anew in one folder.
///
/// Nothing of it is worth keeping: the certificates end after seven days.
struct DemoWorld: Sendable {
  let folder: String
  let cn: Site
  let sg: Site

  /// One gateway of the demo and how its single window speaks to it.
  struct Site: Sendable {
    let economy: String
    let folder: String
    let insidePort: Int
    let partnerPort: Int
    let token: Redacted<String>

    var configuration: String { folder + "/gateway.yaml" }
    var origin: String { "ledger.\(economy.lowercased()).causeway.example" }
    var inside: InsideClient { InsideClient(base: "http://127.0.0.1:\(insidePort)", token: token.exposed) }
  }

  /// Makes the world in `folder`.
  ///
  /// - Throws: `key.*`, `registry.*`, `config.file_unwritable`, `config.no_port`.
  static func create(in folder: String) throws(CausewayError) -> DemoWorld {
    let ports = try freePorts(4)
    let cn = Site(economy: "CN", folder: folder + "/cn", insidePort: ports[0], partnerPort: ports[1], token: BearerToken.generate())
    let sg = Site(economy: "SG", folder: folder + "/sg", insidePort: ports[2], partnerPort: ports[3], token: BearerToken.generate())
    let corridor = Corridor(
      from: "CN", to: "SG", mode: .test, kinds: ["declaration", "amendment", "withdrawal", "status"], wire: "uncefact.xml",
      amendmentPolicy: "cn-sg-amendment", releasePolicy: "cn-sg-clearance", purpose: "import_clearance")
    try write([(cn, "China", "中国", corridors(of: cn)), (sg, "Singapore", "新加坡", corridors(of: sg))], corridors: [corridor])
    return DemoWorld(folder: folder, cn: cn, sg: sg)
  }

  /// Writes keys, certificates, registry and configuration of each site.
  ///
  /// - Parameters:
  ///   - sites: with their names in English and Chinese, and what stands under `corridors` in the configuration.
  ///   - corridors: those of the registry.
  /// - Throws: `key.*`, `registry.*`, `config.file_unwritable`.
  static func write(
    _ sites: [(site: Site, nameEN: String, nameZH: String, corridors: String)], corridors: [Corridor]
  ) throws(CausewayError) {
    let now = SystemClock().now()
    // A minute back, so that certificates hold on machines whose clocks are a little apart.
    let from = now.adding(seconds: -60)
    let authority = try CertificateAuthority.create(name: "Causeway demo authority", from: from, days: 7)
    let registryKey = try PrivateKey.generate(.p256)
    let participants = try sites.map { site, nameEN, nameZH, _ throws(CausewayError) in
      try participant(site, nameEN, nameZH, authority, from: from)
    }
    let content = RegistryContent(version: 1, issued: now, participants: participants, corridors: corridors)
    let document = try Registry.sign(content, key: registryKey)
    for (site, _, _, corridors) in sites {
      try Files.write(document, to: site.folder + "/registry.json")
      try Files.write(Array(registryKey.publicKey.pem.utf8), to: site.folder + "/registry-key.pem")
      try Files.write(Array(authority.certificate.pem.utf8), to: site.folder + "/authorities.pem")
      try Files.write(Array(configuration(of: site, corridors: corridors).utf8), to: site.configuration)
    }
  }

  private static func participant(
    _ site: Site, _ nameEN: String, _ nameZH: String, _ authority: CertificateAuthority, from: Instant
  ) throws(CausewayError) -> Participant {
    let (tls, signing) = (try PrivateKey.generate(.p256), try PrivateKey.generate(.p256))
    let (ledger, witness) = (try PrivateKey.generate(.ed25519), try PrivateKey.generate(.ed25519))
    let tlsCertificate = try authority.issue(
      subject: "gateway \(site.economy)", key: tls.publicKey, profile: .tls, ipAddresses: ["127.0.0.1"], from: from, days: 7)
    let signingCertificate = try authority.issue(
      subject: "signing \(site.economy)", key: signing.publicKey, profile: .signing, from: from, days: 7)
    for (name, key) in [("tls", tls), ("signing", signing), ("ledger", ledger), ("witness", witness)] {
      try Files.write(Array(key.pem().exposed.utf8), to: "\(site.folder)/\(name)-key.pem", isSecret: true)
    }
    try Files.write(Array(FileKeyEncryptionKey.generate().pem().exposed.utf8), to: site.folder + "/storage-key.pem", isSecret: true)
    for (name, certificate) in [("tls", tlsCertificate), ("signing", signingCertificate)] {
      try Files.write(Array(certificate.pem.utf8), to: "\(site.folder)/\(name)-certificate.pem")
    }
    let verifierKey = try VerifierKey(name: site.origin, publicKey: ledger.publicKey)
    let cosignerKey = try CosignerKey(name: "witness.\(site.economy.lowercased()).causeway.example", publicKey: witness.publicKey)
    return Participant(
      id: site.economy, nameEN: nameEN, nameZH: nameZH, endpoint: "https://127.0.0.1:\(site.partnerPort)",
      certificates: [
        RegisteredCertificate(role: .tls, certificate: tlsCertificate),
        RegisteredCertificate(role: .signing, certificate: signingCertificate),
      ],
      ledger: RegisteredLedger(origin: site.origin, keys: [RegisteredLedgerKey(verifierKey: verifierKey.description)]),
      witness: RegisteredWitness(name: cosignerKey.name, keys: [RegisteredLedgerKey(verifierKey: cosignerKey.description)]))
  }

  private static func corridors(of site: Site) -> String {
    site.economy == "CN"
      ? """

        - id: CN-SG
          policy: cn-sg-clearance
          accepts: [cn.decmessage, edifact.cusdec]
          acceptsAmendment: [cn.decmod]
          acceptsStatus: [cn.decresponse, cn.decresult, cn.decmodresult]
      """
      : """

        - id: CN-SG
          handsOver: sg.tradenet
          shape: InPayment
          handsOverAmendment: sg.tradenet.cancellation
          acceptsStatus: [sg.response]
          handsOverStatus: uncefact.cdar.xml
      """
  }

  private static func configuration(of site: Site, corridors: String) -> String {
    """
    economy: \(site.economy)
    data: data
    registry: {document: registry.json, key: registry-key.pem}
    keys:
      tlsCertificate: tls-certificate.pem
      tlsKey: tls-key.pem
      partnerAuthorities: authorities.pem
      signingCertificate: signing-certificate.pem
      signingKey: signing-key.pem
      ledgerKey: ledger-key.pem
      witnessKey: witness-key.pem
      storageKey: storage-key.pem
    inside: {host: 127.0.0.1, port: \(site.insidePort)}
    partner: {host: 127.0.0.1, port: \(site.partnerPort)}
    tokens:
      - {name: single-window, hash: "\(BearerToken.stored(site.token.exposed))", roles: [submit, customs, inbox, read, operate, compliance, activate]}
    corridors: \(corridors)
    delivery: {firstRetrySeconds: 1, longestRetrySeconds: 5}

    """
  }

  /// Ports that nobody listens on now. All are held until the last is found, so that they differ.
  static func freePorts(_ count: Int) throws(CausewayError) -> [Int] {
    var sockets: [Int32] = []
    defer { for socket in sockets { close(socket) } }
    var ports: [Int] = []
    for _ in 0..<count {
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      guard descriptor >= 0 else { throw CausewayError("config.no_port") }
      sockets.append(descriptor)
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      let isBound = withUnsafeMutablePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
          bind(descriptor, generic, length) == 0 && getsockname(descriptor, generic, &length) == 0
        }
      }
      guard isBound else { throw CausewayError("config.no_port") }
      ports.append(Int(UInt16(bigEndian: address.sin_port)))
    }
    return ports
  }
}
