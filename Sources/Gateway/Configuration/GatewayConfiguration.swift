import Exchange
package import Primitives
package import Trust
import YAMLTree

/// What an operator says in `gateway.yaml` (schemas/configuration.schema.json). Paths are relative to the file's own folder.
package struct GatewayConfiguration: Sendable {
  /// Economy that this gateway serves: the participant id in the registry, for example `CN`.
  package let economy: String
  /// Folder of the journal, unless ``journal`` says where else it is. Created when it does not exist.
  package let data: String
  /// URI of a PostgreSQL database that several gateways of the economy share; nil: a file in ``data``, for this gateway alone.
  package let journal: String?
  /// Folder of the dictionary, code lists, profiles and policies.
  package private(set) var schemas: String?
  package private(set) var registry: RegistryFiles
  package let keys: KeyFiles
  package let inside: Listener
  package let partner: Listener
  package let principals: Principals
  package let corridors: [CorridorSettings]
  package let handover: [Handover]
  package let delivery: DeliverySettings
  package let witnessing: WitnessingSettings
  /// nil: no time-stamps are asked for.
  package let timestamping: TimestampingSettings?
  package let replay: ReplaySettings
  package let limits: Limits
  /// What partners may send; see ``quota(of:)``.
  package let quotas: [QuotaSettings]
  /// The hour in UTC, 0…23, after which the day before is compared with each partner; nil: only when somebody asks for it.
  package let reconciliationHour: Int?
  /// In the order in which they are asked. Empty: nothing is ever erased by itself.
  package let retention: [RetentionRule]
  /// Folders of the archives of the own ledger: entries are read there that are no longer in the journal.
  package let archives: [String]

  package struct RegistryFiles: Sendable {
    package let document: String
    /// PEM of the public key that signs the registry.
    package let key: String

    package init(document: String, key: String) {
      self.document = document
      self.key = key
    }
  }

  package struct KeyFiles: Sendable {
    package let tlsCertificate: String
    package let tlsKey: String
    /// PEM of the certification authorities whose partner certificates are accepted at all; the registry then decides.
    package let partnerAuthorities: String
    package let signingCertificate: String
    package let signingKey: String
    package let ledgerKey: String
    /// The key with which the data keys of the journal are wrapped.
    package let storageKey: StorageKeyLocation
    /// Cosigns the ledgers of partners; nil when this gateway witnesses none.
    package let witnessKey: String?
  }

  package struct Listener: Sendable {
    package let host: String
    package let port: Int
  }

  /// What this gateway does in one corridor of the registry.
  package struct CorridorSettings: Sendable {
    package let id: String
    /// Release policy for what this gateway sends in the corridor.
    package let policy: String?
    /// Local profiles in which declarations may be handed in for this corridor.
    package let accepts: [String]
    /// Local profile, and shape of it, in which inbound declarations are handed over.
    package let handsOver: String?
    package let shape: String?
    /// Local profile in which a further revision is handed over when this side has lodged already; nil: `handsOver`.
    package let handsOverAmended: String?
    /// Profiles in which the local customs' own answers may be handed in as statuses.
    package let acceptsStatus: [String]
    /// Profile in which the partner's statuses and refusals are handed over; nil: the one in which they travel.
    package let handsOverStatus: String?
    /// Profiles in which requests to amend or cancel a declaration may be handed in.
    package let acceptsAmendment: [String]
    /// Profile, and shape of it, in which the partner's requests are handed over; nil: the one in which they travel.
    package let handsOverAmendment: String?
    package let amendmentShape: String?
    /// Which of the declarations that this gateway sends go first when several are due.
    package let priorities: [PriorityRule]
  }

  /// How inbound documents reach the local single window, besides the inbox that can always be pulled.
  package enum Handover: Sendable {
    case folder(path: String)
    case webhook(url: String, token: Redacted<String>?)
  }

  package struct DeliverySettings: Sendable {
    package let firstRetrySeconds: Int
    package let longestRetrySeconds: Int
    package let attempts: Int
    package let timeoutSeconds: Int
    /// How long an envelope may be on its way before the partner refuses it.
    package let expirySeconds: Int
  }

  /// What happens while the witnesses of the own ledger do not answer.
  package struct WitnessingSettings: Sendable {
    /// How long a checkpoint may wait for a witness before the debt is recorded.
    package let graceSeconds: Int
    /// How long a checkpoint may be without its quorum before nothing new is taken in.
    package let longestDebtSeconds: Int
  }

  /// How an authority's time-stamps on the own ledger's checkpoints are come by.
  package struct TimestampingSettings: Sendable {
    package let url: String
    /// PEM of the certification authorities under which time-stamps are believed.
    package let authorities: String
    /// How long an entry may wait for a time-stamp; afterwards the debt is recorded.
    package let everySeconds: Int
    /// How long an entry may wait before it is an alarm. Nothing is stopped by it.
    package let longestDebtSeconds: Int
  }

  /// What is replayed without anybody asking for it.
  package struct ReplaySettings: Sendable {
    /// What goes wrong on the way: what a partner has said stays said, whatever a rule says.
    static let codesOfTheWay: [ErrorCode] = [
      "deliver.unreachable", "deliver.timeout", "deliver.transfer", "deliver.tls", "deliver.peer_identity", "deliver.address_refused",
      "deliver.response_too_large", "deliver.no_receipt", "deliver.expired",
    ]
    /// Codes of the way under which deliveries died that go again when the partner answers.
    package let whenPartnerReturns: [ErrorCode]
  }

  package struct Limits: Sendable {
    /// Of one request.
    package let bodyBytes: Int
    /// Of all requests that a listener reads or answers at a time; twice ``bodyBytes`` when less is stated.
    package let bodiesBytes: Int
    /// How many messages of one corridor may be taken in and not be delivered; then nothing new is taken in for it.
    package let undeliveredMessages: Int
  }

  /// Reads the file's text.
  ///
  /// - Parameters:
  ///   - file: the name to show in problems.
  ///   - folder: what relative paths start from.
  /// - Throws: every problem at once: `config.yaml_invalid`, `config.key_missing`, `config.key_unknown`, `config.type`, `config.range`, `config.token_form`,
  ///   `key.hsm_uri`, `key.hsm_pin_value`.
  package static func parse(_ bytes: [UInt8], file: String, folder: String) throws(CausewayError) -> GatewayConfiguration {
    var reader = SettingsReader(try YAMLDocument.parse(bytes, file: file), at: "")
    let configuration = GatewayConfiguration(&reader, folder: folder)
    let problems = reader.finish()
    guard let configuration, problems.isEmpty else { throw CausewayError(problems: problems) }
    return configuration
  }

  private init?(_ reader: inout SettingsReader, folder: String) {
    func path(_ text: String) -> String { text.hasPrefix("/") ? text : folder + "/" + text }
    let economy = reader.string("economy")
    let data = reader.string("data").map(path)
    let journal = reader.optionalString("journal")
    if let journal, !journal.hasPrefix("postgresql://"), !journal.hasPrefix("postgres://") {
      reader.refuse("journal", "config.type", ["expected": "postgresql:// URI"])
    }
    self.journal = journal
    schemas = reader.optionalString("schemas").map(path)
    let registry = reader.section("registry") { section in
      let (document, key) = (section.string("document"), section.string("key"))
      return document.flatMap { document in key.map { RegistryFiles(document: path(document), key: path($0)) } }
    }
    let keys = reader.section("keys") { section -> KeyFiles? in
      let names = ["tlsCertificate", "tlsKey", "partnerAuthorities", "signingCertificate", "signingKey", "ledgerKey"]
      let paths = names.map { section.string($0).map(path) }
      let all = paths.compactMap { $0 }
      let witnessKey = section.optionalString("witnessKey").map(path)
      guard let storageKey = Self.storageKey(&section, path), all.count == names.count else { return nil }
      return KeyFiles(
        tlsCertificate: all[0], tlsKey: all[1], partnerAuthorities: all[2], signingCertificate: all[3], signingKey: all[4],
        ledgerKey: all[5], storageKey: storageKey, witnessKey: witnessKey)
    }
    let inside = Self.listener(&reader, "inside")
    let partner = Self.listener(&reader, "partner")
    let principals = reader.sections("tokens", Principal.init(reading:))
    corridors = reader.sections("corridors") { section in
      let id = section.string("id")
      let (policy, accepts) = (section.optionalString("policy"), section.strings("accepts", default: []))
      let (handsOver, shape) = (section.optionalString("handsOver"), section.optionalString("shape"))
      let acceptsStatus = section.strings("acceptsStatus", default: [])
      let handsOverStatus = section.optionalString("handsOverStatus")
      let acceptsAmendment = section.strings("acceptsAmendment", default: [])
      let handsOverAmendment = section.optionalString("handsOverAmendment")
      let (handsOverAmended, amendmentShape) = (section.optionalString("handsOverAmended"), section.optionalString("amendmentShape"))
      let priorities = section.sections("priorities", required: false, PriorityRule.init(reading:))
      return id.map {
        CorridorSettings(
          id: $0, policy: policy, accepts: accepts ?? [], handsOver: handsOver, shape: shape,
          handsOverAmended: handsOverAmended, acceptsStatus: acceptsStatus ?? [],
          handsOverStatus: handsOverStatus, acceptsAmendment: acceptsAmendment ?? [], handsOverAmendment: handsOverAmendment,
          amendmentShape: amendmentShape, priorities: priorities)
      }
    }
    handover = reader.sections("handover", required: false) { section in
      let (folder, url, token) = (section.optionalString("folder"), section.optionalString("webhook"), section.optionalString("token"))
      if let folder, url == nil { return .folder(path: path(folder)) }
      if let url, folder == nil { return .webhook(url: url, token: token.map(Redacted.init)) }
      section.refuse("folder", "config.handover_form")
      return nil
    }
    let standard = DeliverySettings(
      firstRetrySeconds: 1, longestRetrySeconds: 300, attempts: 500, timeoutSeconds: 30, expirySeconds: 86_400)
    delivery =
      reader.section("delivery", required: false) { section in
        let first = section.integer("firstRetrySeconds", in: 1...3600, default: standard.firstRetrySeconds)
        let longest = section.integer("longestRetrySeconds", in: 1...86_400, default: standard.longestRetrySeconds)
        let attempts = section.integer("attempts", in: 1...100_000, default: standard.attempts)
        let timeout = section.integer("timeoutSeconds", in: 1...600, default: standard.timeoutSeconds)
        let expiry = section.integer("expirySeconds", in: 60...259_200, default: standard.expirySeconds)
        guard let first, let longest, let attempts, let timeout, let expiry else { return nil }
        return DeliverySettings(
          firstRetrySeconds: first, longestRetrySeconds: longest, attempts: attempts, timeoutSeconds: timeout, expirySeconds: expiry)
      } ?? standard
    let usual = WitnessingSettings(graceSeconds: 60, longestDebtSeconds: 86_400)
    witnessing =
      reader.section("witnessing", required: false) { section in
        let grace = section.integer("graceSeconds", in: 1...3600, default: usual.graceSeconds)
        let longest = section.integer("longestDebtSeconds", in: 60...2_592_000, default: usual.longestDebtSeconds)
        return grace.flatMap { grace in longest.map { WitnessingSettings(graceSeconds: grace, longestDebtSeconds: $0) } }
      } ?? usual
    timestamping = reader.section("timestamping", required: false) { Self.timestamping(&$0, path) }
    replay =
      reader.section("replay", required: false) { section in
        let names = section.strings("whenPartnerReturns") ?? []
        let known = ReplaySettings.codesOfTheWay
        let codes = names.compactMap { name in known.first { $0.rawValue.hasSameBytes(as: name) } }
        if codes.count != names.count {
          section.refuse("whenPartnerReturns", "config.type", ["expected": known.map(\.rawValue).joined(separator: "|")])
        }
        return ReplaySettings(whenPartnerReturns: codes)
      } ?? ReplaySettings(whenPartnerReturns: [])
    limits =
      reader.section("limits", required: false, Self.limits)
      ?? Limits(bodyBytes: 16 << 20, bodiesBytes: 256 << 20, undeliveredMessages: 100_000)
    quotas = reader.sections("quotas", required: false, QuotaSettings.init(reading:))
    reconciliationHour = reader.section("reconciliation", required: false) { $0.integer("hour", in: 0...23) }
    retention = reader.sections("retention", required: false, RetentionRule.init(reading:))
    archives = (reader.strings("archives", default: []) ?? []).map(path)
    guard let economy, let data, let registry, let keys, let inside, let partner else { return nil }
    self.economy = economy
    self.data = data
    self.registry = registry
    self.keys = keys
    self.inside = inside
    self.partner = partner
    self.principals = Principals(principals)
  }

  private static func limits(_ section: inout SettingsReader) -> Limits? {
    let body = section.integer("bodyBytes", in: 1024...(256 << 20), default: 16 << 20)
    let bodies = section.integer("bodiesBytes", in: 2048...(16 << 30), default: 256 << 20)
    let undelivered = section.integer("undeliveredMessages", in: 1...10_000_000, default: 100_000)
    guard let body, let bodies, let undelivered else { return nil }
    return Limits(bodyBytes: body, bodiesBytes: max(bodies, 2 * body), undeliveredMessages: undelivered)
  }

  private static func timestamping(_ section: inout SettingsReader, _ path: (String) -> String) -> TimestampingSettings? {
    let (url, authorities) = (section.string("url"), section.string("authorities").map(path))
    let every = section.integer("everySeconds", in: 1...604_800, default: 3600)
    let longest = section.integer("longestDebtSeconds", in: 60...31_536_000, default: 86_400)
    if let url, !TimeStampClient.isPlain(url) { section.refuse("url", "timestamp.url") }
    guard let url, let authorities, let every, let longest else { return nil }
    return TimestampingSettings(url: url, authorities: authorities, everySeconds: every, longestDebtSeconds: longest)
  }

  private static func listener(_ reader: inout SettingsReader, _ key: String) -> Listener? {
    reader.section(key) { section in
      let (host, port) = (section.string("host"), section.integer("port", in: 1...65_535))
      return host.flatMap { host in port.map { Listener(host: host, port: $0) } }
    }
  }

  private static func storageKey(_ section: inout SettingsReader, _ path: (String) -> String) -> StorageKeyLocation? {
    guard let text = section.string("storageKey") else { return nil }
    do throws(CausewayError) {
      return try StorageKeyLocation(text, path: path)
    } catch {
      section.refuse("storageKey", error.code, error.problems[0].facts)
      return nil
    }
  }

  /// The same with a rule set in place of the files that it names.
  package func with(schemas: String, registryDocument: String) -> GatewayConfiguration {
    var other = self
    other.schemas = schemas
    other.registry = RegistryFiles(document: registryDocument, key: registry.key)
    return other
  }

  package func corridor(_ id: String) -> CorridorSettings? { corridors.first { ByteString($0.id) == ByteString(id) } }
}
