import Declarations
import Exchange
import FoundationEssentials
import Gateway
import Glibc
import Journal
import JournalPostgres
import JournalSQLite
import Ledger
import Logging
import Policy
import Primitives
import Translation
import Trust
import YAMLTree

/// Puts a gateway together from its configuration file: the one place that knows every module.
enum Composition {
  /// Everything that a running gateway consists of.
  struct Assembled: Sendable {
    let running: RunningGateway
    /// As it works now.
    var node: GatewayNode { running.node }
    let journal: Journal
    /// Tells of what other gateways have committed; nil when there are none on this journal.
    let listener: PostgresListener?
  }

  /// - Throws: what is wrong with the configuration, the registry, the keys, the profiles or the journal.
  static func assemble(configurationAt path: String, logger: Logger) async throws -> Assembled {
    let configuration = try written(at: path)
    let clock = SystemClock()
    let identity = try identity(configuration.keys)
    var limits = PeerLimits()
    limits.totalMilliseconds = configuration.delivery.timeoutSeconds * 1000
    let sets = try RuleSetFolder(configuration) { [limits] rules in
      RegisteredPartners(registry: rules.registry, identity: identity, limits: limits, clock: clock)
    }
    let store = try await store(configuration)
    let sealed = try await SealingStore.open(store, key: try storageKey(configuration.keys.storageKey))
    // What was activated last holds, whatever the configuration names.
    let active = try await sealed.read { reader throws(CausewayError) in try GatewayRules.active(reader) }
    let rules = try active.map { set throws(CausewayError) in try sets.load(set) } ?? rules(configuration)
    sets.show(active)
    let registry = rules.registry
    let signingCertificate = try Certificate(pem: try Files.text(configuration.keys.signingCertificate))
    let signer = GatewayNode.Signer(
      key: try PrivateKey(pem: try Files.text(configuration.keys.signingKey)), keyID: signingCertificate.keyID)
    let journal = try await openJournal(sealed, configuration, registry: registry, clock: clock)
    try await pin(registry, in: journal)
    let cosigner = try configuration.keys.witnessKey.map { path throws(CausewayError) in
      guard let name = registry.participant(configuration.economy)?.witness?.name else { throw CausewayError("config.witness_key") }
      return try Cosigner(name: name, key: try PrivateKey(pem: try Files.text(path)))
    }
    let node = try GatewayNode(
      rules: rules, journal: journal, signer: signer, cosigner: cosigner, timeStamps: try configuration.timestamping.map(timeStamps),
      partners: sets.partners(rules), webhooks: WebhookClient(), clock: clock, logger: logger, probe: StepStop.probe)
    return Assembled(
      running: RunningGateway(node, sets: sets), journal: journal, listener: (store as? PostgresStore)?.listener())
  }

  /// What the gateway decides by, as the configuration says or as somebody wants to try.
  ///
  /// - Parameters:
  ///   - schemas: in place of the configuration's folder.
  ///   - registry: in place of the configuration's document; signed with the same key.
  /// - Throws: `config.*`, `profile.*`, `policy.*`, `registry.*`.
  static func rules(
    _ configuration: GatewayConfiguration, schemas: String? = nil, registry: String? = nil, set: Digest? = nil
  ) throws(CausewayError) -> GatewayRules {
    let folder = try Files.schemas(schemas ?? configuration.schemas)
    let files = GatewayConfiguration.RegistryFiles(
      document: registry ?? configuration.registry.document, key: configuration.registry.key)
    let profiles = try ProfileLibrary.load(folder)
    return try GatewayRules(
      configuration: configuration, registry: try Self.registry(files), profiles: profiles,
      policies: try policies(in: folder + "/policies", profiles.dictionary), set: set)
  }

  static func identity(_ keys: GatewayConfiguration.KeyFiles) throws(CausewayError) -> PeerIdentity {
    PeerIdentity(
      certificateChain: try Files.text(keys.tlsCertificate), key: Redacted(try Files.text(keys.tlsKey)),
      authorities: try Files.text(keys.partnerAuthorities))
  }

  /// - Throws: `config.timestamp_authorities`, `config.file_missing`, `key.*`, `timestamp.url`.
  private static func timeStamps(_ settings: GatewayConfiguration.TimestampingSettings) throws(CausewayError) -> TimeStampSource {
    TimeStampSource(
      settings: settings, authorities: try timeStampAuthorities(settings.authorities), transport: try TimeStampClient(url: settings.url))
  }

  /// - Throws: `config.timestamp_authorities` when the file holds anything but certificates of authorities; `config.file_missing`, `key.*`.
  static func timeStampAuthorities(_ path: String) throws(CausewayError) -> [Certificate] {
    let certificates = try Certificate.list(pem: try Files.text(path))
    guard !certificates.isEmpty, certificates.allSatisfy(\.isCA) else { throw CausewayError("config.timestamp_authorities", pointer: path) }
    return certificates
  }

  /// What the file says, with the rule set that holds in place of the files that it names: for all that works beside a gateway.
  static func configuration(at path: String) throws(CausewayError) -> GatewayConfiguration {
    let written = try written(at: path)
    let active = RuleSetFolder.link(written)
    guard Files.exists(active + "/set.json") else { return written }
    return written.with(schemas: active + "/schemas", registryDocument: active + "/registry.json")
  }

  /// What the file says.
  private static func written(at path: String) throws(CausewayError) -> GatewayConfiguration {
    let folder = URL(filePath: path).deletingLastPathComponent().path()
    return try GatewayConfiguration.parse(try Files.read(path), file: path, folder: folder.isEmpty ? "." : folder)
  }

  static func registry(_ files: GatewayConfiguration.RegistryFiles) throws(CausewayError) -> VerifiedRegistry {
    try Registry.verify(try Files.read(files.document), keys: [try PublicKey(pem: try Files.text(files.key))])
  }

  private static func policies(in folder: String, _ dictionary: ElementDictionary) throws(CausewayError) -> [ReleasePolicy] {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasSuffix(".yaml") }.sorted()
    return try names.map { name throws(CausewayError) in
      try ReleasePolicy(configuration: try YAMLDocument.load(folder + "/" + name), dictionary: dictionary)
    }
  }

  /// Remembers the registry in use, so that an older one, or another one of the same version, is refused at the next start.
  ///
  /// - Throws: `registry.version_back`, `registry.version_reused`, `journal.*`.
  private static func pin(_ registry: VerifiedRegistry, in journal: Journal) async throws(CausewayError) {
    // In one transaction: another gateway of the economy may be doing the same.
    _ = try await journal.commit(
      Change(finish: { _, reader throws(CausewayError) in
        .init(operations: [try GatewayRules.pin(registry, reader)])
      }))
  }

  private static func openJournal(
    _ sealed: SealingStore, _ configuration: GatewayConfiguration, registry: VerifiedRegistry, clock: some WallClock
  ) async throws(CausewayError) -> Journal {
    guard let participant = registry.participant(configuration.economy) else {
      throw CausewayError("config.economy_unknown", facts: ["economy": configuration.economy])
    }
    let key = try PrivateKey(pem: try Files.text(configuration.keys.ledgerKey))
    let signer = try CheckpointSigner(origin: participant.ledger.origin, key: key)
    return try await Journal.open(sealed, signer: signer, clock: clock)
  }

  /// The store of a gateway's journal, for reading and writing; made when there is none.
  static func store(_ configuration: GatewayConfiguration) async throws(CausewayError) -> any RepairableStore {
    let archives = ArchiveFolder.entries(of: configuration.archives)
    if let uri = configuration.journal { return try await PostgresStore(try PostgresURI(uri), archives: archives) }
    try Files.makeFolder(configuration.data)
    return try SQLiteStore(path: configuration.data + "/journal.sqlite", archives: archives)
  }

  /// The store of a gateway's journal, for reading, beside a gateway that runs or without one.
  ///
  /// - Parameter archives: where entries are read that were taken out of the journal.
  static func store(
    reading configuration: GatewayConfiguration, archives: ArchivedEntries? = nil
  ) async throws(CausewayError) -> any JournalStore {
    if let uri = configuration.journal { return try await PostgresStore(readingFrom: try PostgresURI(uri), archives: archives) }
    return try SQLiteStore(readingFrom: configuration.data + "/journal.sqlite", archives: archives)
  }

  /// - Throws: `key.file_mode` when others than its owner may read or write the file, or the one with the PIN; `key.pem`, `key.malformed`,
  ///   `config.file_missing`; as `PKCS11KeyEncryptionKey.open`.
  static func storageKey(_ location: StorageKeyLocation) throws(CausewayError) -> any KeyEncryptionKey {
    switch location {
    case .file(let path):
      guard try Files.isPrivate(path) else { throw CausewayError("key.file_mode", pointer: path) }
      return try FileKeyEncryptionKey(pem: try Files.text(path))
    case .module(let uri):
      return try PKCS11KeyEncryptionKey.open(uri) { () throws(CausewayError) in try pin(at: uri.pinPath) }
    }
  }

  /// The PIN in a file: all of it, but for one line break at the end.
  ///
  /// - Throws: `key.file_mode`, `key.hsm_pin_form`, `config.file_missing`.
  static func pin(at path: String) throws(CausewayError) -> Redacted<[UInt8]> {
    guard try Files.isPrivate(path) else { throw CausewayError("key.file_mode", pointer: path) }
    var bytes = try Files.read(path)
    if bytes.last == 0x0A { bytes.removeLast() }
    guard (1...255).contains(bytes.count), !bytes.contains(0x0A) else { throw CausewayError("key.hsm_pin_form", pointer: path) }
    return Redacted(bytes)
  }
}

/// The clock of the machine.
struct SystemClock: WallClock {
  func now() -> Instant { Instant(milliseconds: Int64((Date.now.timeIntervalSince1970 * 1000).rounded(.down))) }
}

/// Lets tests end the process, as `kill -9` would, at a stated moment on the way of a message: `CAUSEWAY_STOP_AT=outbound.sealed:2` stops
/// when that point is reached for the second time. In debug builds only.
enum StepStop {
  static var probe: StepProbe {
    #if DEBUG
      guard let text = ProcessInfo.processInfo.environment["CAUSEWAY_STOP_AT"] else { return { _ in } }
      let parts = text.split(separator: ":")
      let count = StepCounter(remaining: parts.count > 1 ? Int(parts[1]) ?? 1 : 1)
      let point = StepPoint(rawValue: String(parts[0]))
      return { reached in if reached == point, count.isLast() { kill(getpid(), SIGKILL) } }
    #else
      return { _ in }
    #endif
  }
}
