import Exchange
import Foundation
import JSONTree
import Journal
import JournalSQLite
import Ledger
import Logging
import Policy
import Primitives
import Synchronization
import TestSupport
import Testing
import Translation
import Trust
import YAMLTree

@testable import Gateway

/// What does not change between tests: keys, registry, profiles and policies. Made once.
struct Economies: Sendable {
  static let start: Instant = Instant(rfc3339: "2026-11-21T09:00:00.000Z")!
  static let shared: Economies = {
    do { return try Economies() } catch { fatalError("the test world cannot be made: \(error)") }
  }()
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path()
  static let schemas = root + "schemas"

  struct Party: Sendable {
    let id: String
    let tls: Certificate
    let signingKey: PrivateKey
    let signing: Certificate
    let ledgerKey: PrivateKey
    let origin: String
    let cosigner: Cosigner

    init(_ id: String, _ authority: CertificateAuthority) throws {
      self.id = id
      let from = start.adding(seconds: -86_400)
      tls = try authority.issue(
        subject: "gateway \(id)", key: PrivateKey.generate(.p256).publicKey, profile: .tls, ipAddresses: ["127.0.0.1"], from: from, days: 90
      )
      signingKey = try PrivateKey.generate(.p256)
      signing = try authority.issue(subject: "signing \(id)", key: signingKey.publicKey, profile: .signing, from: from, days: 90)
      ledgerKey = try PrivateKey.generate(.ed25519)
      origin = "gateway.\(id.lowercased()).example/ledger"
      cosigner = try Cosigner(name: "witness.\(id.lowercased()).example", key: .generate(.ed25519))
    }

    func participant() throws -> Participant {
      Participant(
        id: id, nameEN: "\(id) customs", nameZH: id, endpoint: "https://gateway.\(id.lowercased()).example:8443",
        certificates: [RegisteredCertificate(role: .tls, certificate: tls), RegisteredCertificate(role: .signing, certificate: signing)],
        ledger: RegisteredLedger(
          origin: origin,
          keys: [RegisteredLedgerKey(verifierKey: try CheckpointSigner(origin: origin, key: ledgerKey).verifierKey.description)]))
    }
  }

  let parties: [String: Party]
  let registry: VerifiedRegistry
  /// The same, with statuses that travel as XML.
  let statusInXML: VerifiedRegistry
  /// The same, with the version of each profile that travels; requests as XML.
  let pinned: VerifiedRegistry
  /// The same, with witnesses: each end of a corridor witnesses the other; of CN-MY two of all.
  let witnessed: VerifiedRegistry
  /// The signed document of it, and the key that signs all registries.
  let witnessedDocument: [UInt8]
  let registryKey: PublicKey
  /// The same, without an agreement on requests to amend or cancel.
  let withoutRequests: VerifiedRegistry
  let profiles: ProfileLibrary
  let policies: [ReleasePolicy]
  private let registrySigner: PrivateKey

  /// The usual registry, in which one participant is open at certain times only.
  func registry(
    servedBy economy: String, in windows: [ServiceWindow], version: Int = 1, issued: Int64 = 0
  ) throws -> VerifiedRegistry {
    var content = registry.content
    content.version = version
    content.issued = content.issued.adding(seconds: issued)
    for index in content.participants.indices where content.participants[index].id == economy {
      content.participants[index].serviceWindows = windows
    }
    return try Registry.verify(try Registry.sign(content, key: registrySigner), keys: [registryKey])
  }

  /// A registry in which the first corridor is in another mode, and participants witness each other's ledgers.
  func registry(_ mode: Corridor.Mode, version: Int = 1) throws -> (registry: VerifiedRegistry, document: [UInt8]) {
    var content = witnessed.content
    content.version = version
    content.corridors[0].mode = mode
    let document = try Registry.sign(content, key: registrySigner)
    return (try Registry.verify(document, keys: [registryKey]), document)
  }

  private init() throws {
    let authority = try CertificateAuthority.create(name: "Test authority", from: Self.start.adding(seconds: -86_400), days: 365)
    var parties: [String: Party] = [:]
    for id in ["CN", "SG", "MY"] { parties[id] = try Party(id, authority) }
    self.parties = parties
    let key = try PrivateKey.generate(.p256)
    func corridor(_ from: String, _ to: String, _ policy: String) -> Corridor {
      Corridor(
        from: from, to: to, mode: .production, kinds: ["declaration", "amendment", "withdrawal", "status"], wire: "uncefact.xml",
        releasePolicy: policy, purpose: "import_clearance")
    }
    var content = RegistryContent(
      version: 1, issued: Self.start.adding(seconds: -3600), participants: try ["CN", "SG", "MY"].map { try parties[$0]!.participant() },
      corridors: [corridor("CN", "SG", "cn-sg-clearance"), corridor("MY", "SG", "my-sg"), corridor("CN", "MY", "cn-my")])
    withoutRequests = try Registry.verify(try Registry.sign(content, key: key), keys: [key.publicKey])
    content.corridors[0].amendmentPolicy = "cn-sg-amendment"
    registry = try Registry.verify(try Registry.sign(content, key: key), keys: [key.publicKey])
    var other = content
    for index in other.corridors.indices { other.corridors[index].statusWire = "uncefact.cdar.xml" }
    var mutual = content
    for index in mutual.participants.indices {
      let cosigner = parties[mutual.participants[index].id]!.cosigner
      let key = RegisteredLedgerKey(verifierKey: cosigner.key.description)
      mutual.participants[index].witness = RegisteredWitness(name: cosigner.key.name, keys: [key])
    }
    mutual.corridors[2].witnesses = CorridorWitnesses(quorum: 2, participants: ["CN", "MY", "SG"])
    witnessedDocument = try Registry.sign(mutual, key: key)
    registryKey = key.publicKey
    registrySigner = key
    witnessed = try Registry.verify(witnessedDocument, keys: [key.publicKey])
    var exact = content
    exact.corridors[0].wire = "uncefact.xml@d23b"
    exact.corridors[0].statusWire = "uncefact.cdar.json@d23b"
    exact.corridors[0].amendmentWire = "uncefact.amendment.xml@d23b"
    pinned = try Registry.verify(try Registry.sign(exact, key: key), keys: [key.publicKey])
    statusInXML = try Registry.verify(try Registry.sign(other, key: key), keys: [key.publicKey])
    profiles = try ProfileLibrary.load(Self.schemas)
    let dictionary = profiles.dictionary
    policies = try ["cn-sg-clearance", "sg-cn-clearance", "cn-sg-amendment"].map {
      try ReleasePolicy(configuration: try YAMLDocument.load(Self.schemas + "/policies/\($0).yaml"), dictionary: dictionary)
    }
  }

  subscript(_ id: String) -> Party { parties[id]! }

  static let minimal: String = {
    let path = schemas + "/profiles/cn.decmessage/5.0/samples/export-minimal.xml"
    return String(decoding: FileManager.default.contents(atPath: path) ?? Data(), as: UTF8.self)
  }()

  /// A small export declaration; each number is another document.
  static func declaration(_ number: Int) -> [UInt8] {
    let reference = "I2026" + String(String(number + 10_000_000_000_000).dropFirst())
    return Array(minimal.replacingOccurrences(of: "I20260401000000001", with: reference).utf8)
  }
}

/// A clock that only tests move.
final class TestClock: WallClock {
  private let time = Mutex(Economies.start)

  func now() -> Instant { time.withLock { $0 } }
  func advance(seconds: Int64) { time.withLock { $0 = $0.adding(seconds: seconds) } }
}

/// Two gateways, or three, on real journals in a folder of their own.
final class World: Sendable {
  static let storageKey = FileKeyEncryptionKey.generate()

  let folder: String
  let clock = TestClock()
  let line = Line()
  let webhooks = WebhookDouble()
  private let nodes = Mutex<[String: GatewayNode]>([:])
  private let registry: VerifiedRegistry
  private let timeStamps: TimeStampSource?
  /// Corridors of an economy's configuration, where they are not the usual ones.
  private let corridors: [String: String]
  let customs = Principal(name: "customs", roles: Set(Role.allCases), tokenHash: "")

  init(
    _ economies: [String] = ["CN", "SG"], settings: String = "", registry: VerifiedRegistry = Economies.shared.registry,
    corridors: [String: String] = [:], timeStamps: TimeStampSource? = nil
  ) async throws {
    self.registry = registry
    self.timeStamps = timeStamps
    self.corridors = corridors
    folder = FileManager.default.temporaryDirectory.appending(path: "gateway-\(UUID().uuidString)").path()
    for economy in economies { try await start(economy, settings: settings) }
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  subscript(_ economy: String) -> GatewayNode { nodes.withLock { $0[economy]! } }
  var cn: GatewayNode { self["CN"] }
  var sg: GatewayNode { self["SG"] }

  func path(_ economy: String) -> String { "\(folder)/\(economy)" }

  /// Opens the journal of an economy and puts its gateway on the line.
  ///
  /// - Parameter isSealed: false for rows that a test writes as SQL.
  func start(
    _ economy: String, settings: String = "", isSealed: Bool = true, storageKey: any KeyEncryptionKey = World.storageKey,
    probe: @escaping StepProbe = { _ in }
  ) async throws {
    let world = Economies.shared
    let party = world[economy]
    try FileManager.default.createDirectory(atPath: path(economy), withIntermediateDirectories: true)
    let store = try SQLiteStore(path: path(economy) + "/journal.sqlite")
    let journal = try await Journal.open(
      isSealed ? try await SealingStore.open(store, key: storageKey) : store,
      signer: try CheckpointSigner(origin: party.origin, key: party.ledgerKey), clock: clock)
    let node = try GatewayNode(
      configuration: try corridors[economy].map { try Self.parsed(economy, corridors: $0, settings: settings) }
        ?? Self.configuration(economy, settings: settings), registry: registry, profiles: world.profiles,
      policies: world.policies,
      journal: journal, signer: GatewayNode.Signer(key: party.signingKey, keyID: party.signing.keyID),
      cosigner: registry.participant(economy)?.witness == nil ? nil : party.cosigner,
      timeStamps: timeStamps, partners: Line.End(line: line, sender: economy), webhooks: webhooks, clock: clock,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, probe: probe)
    put(node)
  }

  /// Another gateway stands for an economy from now on.
  func put(_ node: GatewayNode) {
    nodes.withLock { $0[node.economy] = node }
    line.attach(node)
  }

  func stop(_ economy: String) async { await self[economy].journal.close() }

  func restart(_ economy: String) async throws {
    await stop(economy)
    try await start(economy)
  }

  static func configuration(_ economy: String, settings: String = "") throws -> GatewayConfiguration {
    let standard = [
      "CN": "[{id: CN-SG, policy: cn-sg-clearance, accepts: [cn.decmessage], acceptsStatus: [cn.decresult, uncefact.cdar.json]}]",
      "SG": "[{id: CN-SG, handsOver: sg.tradenet, shape: InPayment, acceptsStatus: [sg.response], handsOverStatus: uncefact.cdar.xml}]",
      "MY": "[]",
    ]
    return try parsed(economy, corridors: standard[economy]!, settings: settings)
  }

  static func parsed(_ economy: String, corridors: String, settings: String = "") throws(CausewayError) -> GatewayConfiguration {
    try GatewayConfiguration.parse(
      Array(text(economy, corridors: corridors, settings: settings).utf8), file: "gateway.yaml", folder: "/etc/gateway")
  }

  static func text(_ economy: String, corridors: String, tokens: String = "[]", settings: String = "") -> String {
    """
    economy: \(economy)
    data: journal
    registry: {document: r, key: k}
    keys: {tlsCertificate: a, tlsKey: b, partnerAuthorities: c, signingCertificate: d, signingKey: e, ledgerKey: f, storageKey: g}
    inside: {host: 127.0.0.1, port: 8080}
    partner: {host: 127.0.0.1, port: 8443}
    tokens: \(tokens)
    corridors: \(corridors)
    \(settings)
    """
  }
}

extension World {
  /// Hands in a declaration and lets the gateway make an envelope of it; nothing is sent yet.
  @discardableResult
  func declare(_ number: Int = 1, ucr: String? = nil) async throws -> Acknowledgement {
    let acknowledgement = try await cn.submit(
      Submission(body: Economies.declaration(number), profile: nil, corridor: "CN-SG", ucr: ucr, clearanceID: nil, idempotencyKey: nil),
      by: customs)
    _ = try await cn.translateReceived()
    return acknowledgement
  }

  /// Hands in a declaration that both sides then accept and release.
  func declareReleased() async throws -> Acknowledgement {
    let declared = try await declare()
    let id = declared.clearanceID
    try await run()
    try await report("accepted", on: id, at: "CN")
    for step in ["lodged", "accepted"] { try await report(step, on: id, at: "SG") }
    try await run()
    for economy in ["CN", "SG"] { try await report("released", on: id, at: economy) }
    try await run()
    return declared
  }

  @discardableResult
  func amend(_ id: String, _ number: Int) async throws -> Acknowledgement {
    let acknowledgement = try await cn.submit(
      Submission(body: Economies.declaration(number), profile: nil, corridor: nil, ucr: nil, clearanceID: id, idempotencyKey: nil),
      by: customs)
    _ = try await cn.translateReceived()
    return acknowledgement
  }

  func report(_ status: String, on id: String, at economy: String, _ more: String = "") async throws {
    _ = try await self[economy].report(Array("{\"status\":\"\(status)\"\(more)}".utf8), on: id, by: customs)
  }

  /// Everything that can be done now, until nothing is left; what waits for a retry gets its time.
  func run(rounds: Int = 40) async throws {
    for _ in 0..<rounds {
      var done = 0
      for node in nodes.withLock({ Array($0.values) }) {
        done += try await node.translateReceived()
        done += try await node.translateRecorded()
        done += try await node.deliverDue()
      }
      if done == 0 {
        var isWaiting = false
        for node in nodes.withLock({ Array($0.values) }) {
          let waiting = try await node.journal.read { reader throws(CausewayError) in
            try reader.waitingDeliveries(of: node)
          }
          if waiting > 0 { isWaiting = true }
        }
        if !isWaiting { return }
        clock.advance(seconds: 300)
      }
    }
  }

  func clearance(_ id: String, at economy: String) async throws -> Clearance {
    let record = try #require(try await self[economy].clearanceRecord(id))
    return try Clearance(json: try JSONValue.parse(record.state))
  }

  func message(_ id: String, at economy: String) async throws -> MessageRecord {
    let found = try await self[economy].journal.read { reader throws(CausewayError) in
      try MessageID(id).flatMap { id throws(CausewayError) in try reader.message(id) }
    }
    return try #require(found)
  }

  func messages(at economy: String, _ query: MessageQuery = MessageQuery(limit: 1000)) async throws -> [MessageRecord] {
    try await self[economy].journal.read { reader throws(CausewayError) in try reader.messages(query) }
  }

  func entries(at economy: String) async throws -> [Entry] {
    let stored = try await self[economy].journal.read { reader throws(CausewayError) in try reader.entries(from: 0, limit: 100_000) }
    return try stored.map { try Entry(parsing: $0.bytes) }
  }

  func delivery(of message: String, at economy: String) async throws -> OutboxRecord? {
    let id = try #require(MessageID(message))
    return try await self[economy].journal.read { reader throws(CausewayError) in
      for partner in ["CN", "SG", "MY"] {
        if let found = try reader.delivery(channel: GatewayNode.channel(to: partner), messageID: id) { return found }
      }
      return nil
    }
  }

  func isSound(_ economy: String) async throws -> Bool { try await self[economy].journal.audit().findingCount == 0 }

  /// The envelope of a message as the gateway made it.
  func envelope(of message: String, at economy: String = "CN") async throws -> SealedEnvelope {
    let record = try await self.message(message, at: economy)
    let (wire, fields) = try await self[economy].journal.read { reader throws(CausewayError) in
      (try reader.payload(owner: message, kind: "wire"), try reader.payload(owner: message, kind: "fields"))
    }
    let salt = try #require(Hex.decode(try await clearance(record.clearance, at: economy).salt).flatMap(UCRCommitment.Salt.init))
    return try SealedEnvelope.restore(
      headerBytes: record.header, signature: String(decoding: record.signature, as: UTF8.self), salt: salt,
      fieldsSecret: fields.flatMap { HMACKey($0.bytes) }, payload: try #require(wire).bytes)
  }
}

extension JournalReader {
  func waitingDeliveries(of node: GatewayNode) throws(CausewayError) -> Int {
    var count = 0
    for partner in node.partnerIDs { count += try deliveryCount(channel: GatewayNode.channel(to: partner), dead: false) }
    return count
  }
}

extension GatewayNode {
  /// One round of deliveries to everybody.
  @discardableResult
  func deliverDue() async throws(CausewayError) -> Int {
    var count = 0
    for partner in partnerIDs { count += try await deliverDue(to: partner) }
    return count
  }
}

/// A receipt taken apart without looking at its signature.
func content(of receipt: String) throws -> JSONValue {
  let parts = receipt.split(separator: ".", omittingEmptySubsequences: false)
  return try JSONValue.parse(try #require(Base64.decode(parts[1], .url)))
}

func reasons(of receipt: String) throws -> [String] {
  try content(of: receipt)["reasons"]?.array?.compactMap { $0["code"]?.string } ?? []
}
