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

/// The line between the gateways: carries an envelope straight to the other node, unless a test says what goes wrong.
final class Line: Sendable {
  enum Fault: Sendable {
    /// The envelope does not arrive.
    case lost
    /// It arrives, the answer does not.
    case answerLost
    /// It arrives twice; the second answer comes back.
    case twice
    /// It is kept back, and arrives when the test says so.
    case keptBack
    /// Something else arrives.
    case changed(@Sendable (ReceivedEnvelope) -> ReceivedEnvelope)
    /// It arrives over the connection of another participant.
    case over(String)
    /// This comes back instead of the answer; the envelope arrives.
    case answered(@Sendable (String) -> String)
  }

  struct Sent: Sendable {
    let envelope: SealedEnvelope
    let sender: String
    let answer: String?
  }

  private struct State {
    var nodes: [String: GatewayNode] = [:]
    var faults: @Sendable (SealedEnvelope) -> Fault? = { _ in nil }
    var unreachable: Set<String> = []
    var tiles: [String: @Sendable (String) -> [UInt8]?] = [:]
    var sent: [Sent] = []
    var asked: [Asked] = []
    var answers: @Sendable ([UInt8], [UInt8]) -> [UInt8] = { _, answer in answer }
    var keptBack: [(ReceivedEnvelope, String, String)] = []
  }

  private let state = Mutex(State())

  func attach(_ node: GatewayNode) { state.withLock { $0.nodes[node.economy] = node } }
  func fail(_ faults: @escaping @Sendable (SealedEnvelope) -> Fault?) { state.withLock { $0.faults = faults } }
  /// An economy shows these resources of its log instead of its own.
  func show(_ economy: String, _ tiles: @escaping @Sendable (String) -> [UInt8]?) { state.withLock { $0.tiles[economy] = tiles } }
  /// Nobody gets an answer of these to what is not an envelope.
  func cutOff(_ economies: Set<String>) { state.withLock { $0.unreachable = economies } }
  func heal() { fail { _ in nil } }
  var sent: [Sent] { state.withLock { $0.sent } }

  /// What was kept back arrives now, in the order of `indices`, and its answers go nowhere.
  func releaseKeptBack(shuffledWith random: inout SplitMix) async {
    let waiting = state.withLock { state in
      defer { state.keptBack = [] }
      return state.keptBack
    }
    for (envelope, sender, recipient) in waiting.shuffled(using: &random) { _ = try? await carry(envelope, from: sender, to: recipient) }
  }

  /// Arrives at `recipient` over the TLS connection of `sender`.
  func carry(_ received: ReceivedEnvelope, from sender: String, to recipient: String) async throws(CausewayError) -> String {
    guard let node = state.withLock({ $0.nodes[recipient] }) else {
      throw CausewayError("deliver.no_receipt", facts: ["status": "unreachable"])
    }
    return try await node.receive(received, from: try node.identify(tlsCertificate: Economies.shared[sender].tls.der))
  }

  /// As the partner listener answers.
  fileprivate func ask(
    _ method: String, _ path: String, body: [UInt8]?, from sender: String, of partner: String
  ) async throws(CausewayError) -> PartnerAnswer {
    let (node, isCutOff) = state.withLock { ($0.nodes[partner], $0.unreachable.contains(partner)) }
    guard let node, !isCutOff else { throw CausewayError("deliver.unreachable") }
    if path == "/witness/add-checkpoint", let body {
      return switch try await node.addCheckpoint(body, from: sender) {
      case .cosigned(let lines): PartnerAnswer(status: 200, body: lines)
      case .malformed: PartnerAnswer(status: 400, body: [])
      case .forbidden: PartnerAnswer(status: 403, body: [])
      case .unknownLog: PartnerAnswer(status: 404, body: [])
      case .conflict(let size): PartnerAnswer(status: 409, body: Array("\(size)\n".utf8))
      case .inconsistent: PartnerAnswer(status: 422, body: [])
      }
    }
    if path == ReconciliationQuestion.path, let body {
      return PartnerAnswer(status: 200, body: try await reconcile(body, from: sender, with: partner))
    }
    if path.hasPrefix("/ledger/") {
      let resource = String(path.dropFirst("/ledger/".count))
      let bytes = state.withLock { $0.tiles[partner]?(resource) }
      do {
        if let bytes { return PartnerAnswer(status: 200, body: bytes) }
        return PartnerAnswer(status: 200, body: try await node.ledgerTile(at: resource))
      } catch {
        return PartnerAnswer(status: 404, body: [])
      }
    }
    let parts = path.split(separator: "/").map(String.init)
    if parts.count == 3, parts[0] == "witness", let note = try await node.witnessedCheckpoint(originDigest: parts[1]) {
      return PartnerAnswer(status: 200, body: note)
    }
    return PartnerAnswer(status: 404, body: [])
  }

  fileprivate func send(_ envelope: SealedEnvelope, from sender: String, to recipient: String) async throws(CausewayError) -> String {
    let answer = try await answer(to: envelope, from: sender, to: recipient)
    state.withLock { $0.sent.append(Sent(envelope: envelope, sender: sender, answer: answer)) }
    guard let answer else { throw CausewayError("deliver.no_receipt", facts: ["status": "none"]) }
    return answer
  }

  private func answer(to envelope: SealedEnvelope, from sender: String, to recipient: String) async throws(CausewayError) -> String? {
    let received = ReceivedEnvelope(envelope)
    switch state.withLock({ $0.faults })(envelope) {
    case nil: return try await carry(received, from: sender, to: recipient)
    case .lost: return nil
    case .answerLost:
      _ = try await carry(received, from: sender, to: recipient)
      return nil
    case .twice:
      let first = try await carry(received, from: sender, to: recipient)
      let second = try await carry(received, from: sender, to: recipient)
      return first == second ? second : "the two answers differ"
    case .keptBack:
      state.withLock { $0.keptBack.append((received, sender, recipient)) }
      return nil
    case .changed(let change): return try await carry(change(received), from: sender, to: recipient)
    case .over(let other): return try await carry(received, from: other, to: recipient)
    case .answered(let change): return change(try await carry(received, from: sender, to: recipient))
    }
  }

  /// A question and the answer to it, as the bodies went.
  struct Asked: Sendable {
    let question: [UInt8]
    let answer: [UInt8]
  }

  var asked: [Asked] { state.withLock { $0.asked } }
  /// What comes back in place of the answers to reconciliations.
  func answer(_ answers: @escaping @Sendable ([UInt8], [UInt8]) -> [UInt8]) { state.withLock { $0.answers = answers } }

  private func reconcile(_ question: [UInt8], from sender: String, with recipient: String) async throws(CausewayError) -> [UInt8] {
    guard let node = state.withLock({ $0.nodes[recipient] }) else {
      throw CausewayError("reconcile.no_answer", facts: ["status": "unreachable"])
    }
    let peer = try node.identify(tlsCertificate: Economies.shared[sender].tls.der)
    let honest = try await node.answer(reconciliation: question, from: peer)
    return state.withLock { state in
      let answer = state.answers(question, honest)
      state.asked.append(Asked(question: question, answer: answer))
      return answer
    }
  }

  struct End: PartnerTransport {
    let line: Line
    let sender: String

    func send(_ envelope: SealedEnvelope, to partner: Participant) async throws(CausewayError) -> String {
      try await line.send(envelope, from: sender, to: partner.id)
    }

    func ask(_ method: String, _ path: String, body: [UInt8]?, of partner: Participant) async throws(CausewayError) -> PartnerAnswer {
      try await line.ask(method, path, body: body, from: sender, of: partner.id)
    }
  }
}

extension ReceivedEnvelope {
  init(_ sealed: SealedEnvelope) {
    self.init(
      headerBytes: sealed.headerBytes, signature: sealed.signature, salt: sealed.salt, fieldsSecret: sealed.fieldsSecret,
      contentType: sealed.header.payload.mediaType, payload: sealed.payload)
  }

  func with(headerBytes: [UInt8]? = nil, payload: [UInt8]? = nil, salt: UCRCommitment.Salt? = nil, signature: String? = nil)
    -> ReceivedEnvelope
  {
    ReceivedEnvelope(
      headerBytes: headerBytes ?? self.headerBytes, signature: signature ?? self.signature, salt: salt ?? self.salt,
      fieldsSecret: fieldsSecret, contentType: contentType,
      payload: payload ?? self.payload)
  }
}

/// Keeps what was posted; refuses as often as it is told to.
final class WebhookDouble: WebhookTransport {
  private struct State {
    var refusals = 0
    var bodies: [JSONValue] = []
    var tokens: [String?] = []
  }

  private let state = Mutex(State())
  var bodies: [JSONValue] { state.withLock { $0.bodies } }
  var tokens: [String?] { state.withLock { $0.tokens } }
  func refuse(times: Int) { state.withLock { $0.refusals = times } }

  func post(url: String, token: Redacted<String>?, body: [UInt8]) async throws(CausewayError) {
    let document = try JSONValue.parse(body)
    let isRefused = state.withLock { state in
      if state.refusals > 0 {
        state.refusals -= 1
        return true
      }
      state.bodies.append(document)
      state.tokens.append(token?.exposed)
      return false
    }
    if isRefused { throw CausewayError("deliver.webhook") }
  }
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
  /// Corridors of an economy's configuration, where they are not the usual ones.
  private let corridors: [String: String]
  let customs = Principal(name: "customs", roles: Set(Role.allCases), tokenHash: "")

  init(
    _ economies: [String] = ["CN", "SG"], settings: String = "", registry: VerifiedRegistry = Economies.shared.registry,
    corridors: [String: String] = [:]
  ) async throws {
    self.registry = registry
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
  func start(_ economy: String, settings: String = "", isSealed: Bool = true, probe: @escaping StepProbe = { _ in }) async throws {
    let world = Economies.shared
    let party = world[economy]
    try FileManager.default.createDirectory(atPath: path(economy), withIntermediateDirectories: true)
    let store = try SQLiteStore(path: path(economy) + "/journal.sqlite")
    let journal = try await Journal.open(
      isSealed ? try await SealingStore.open(store, key: Self.storageKey) : store,
      signer: try CheckpointSigner(origin: party.origin, key: party.ledgerKey), clock: clock)
    let node = try GatewayNode(
      configuration: try corridors[economy].map { try Self.parsed(economy, corridors: $0, settings: settings) }
        ?? Self.configuration(economy, settings: settings), registry: registry, profiles: world.profiles,
      policies: world.policies,
      journal: journal, signer: GatewayNode.Signer(key: party.signingKey, keyID: party.signing.keyID),
      cosigner: registry.participant(economy)?.witness == nil ? nil : party.cosigner,
      partners: Line.End(line: line, sender: economy), webhooks: webhooks, clock: clock,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, probe: probe)
    nodes.withLock { $0[economy] = node }
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
