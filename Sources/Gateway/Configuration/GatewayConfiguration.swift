package import Primitives
import YAMLTree

/// What an operator says in `gateway.yaml` (schemas/configuration.schema.json). Paths are relative to the file's own folder.
package struct GatewayConfiguration: Sendable {
  /// Economy that this gateway serves: the participant id in the registry, for example `CN`.
  package let economy: String
  /// Folder of the journal. Created when it does not exist.
  package let data: String
  /// Folder of the dictionary, code lists, profiles and policies.
  package let schemas: String?
  package let registry: RegistryFiles
  package let keys: KeyFiles
  package let inside: Listener
  package let partner: Listener
  package let principals: Principals
  package let corridors: [CorridorSettings]
  package let handover: [Handover]
  package let delivery: DeliverySettings
  package let witnessing: WitnessingSettings
  package let limits: Limits
  /// The hour in UTC, 0…23, after which the day before is compared with each partner; nil: only when somebody asks for it.
  package let reconciliationHour: Int?
  /// In the order in which they are asked. Empty: nothing is ever erased by itself.
  package let retention: [RetentionRule]

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
    package let storageKey: String
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

  package struct Limits: Sendable {
    package let bodyBytes: Int
  }

  /// Reads the file's text.
  ///
  /// - Parameters:
  ///   - file: the name to show in problems.
  ///   - folder: what relative paths start from.
  /// - Throws: every problem at once: `config.yaml_invalid`, `config.key_missing`, `config.key_unknown`, `config.type`, `config.range`, `config.token_form`.
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
    schemas = reader.optionalString("schemas").map(path)
    let registry = reader.section("registry") { section in
      let (document, key) = (section.string("document"), section.string("key"))
      return document.flatMap { document in key.map { RegistryFiles(document: path(document), key: path($0)) } }
    }
    let keys = reader.section("keys") { section in
      let names = ["tlsCertificate", "tlsKey", "partnerAuthorities", "signingCertificate", "signingKey", "ledgerKey", "storageKey"]
      let paths = names.map { section.string($0).map(path) }
      let all = paths.compactMap { $0 }
      let witnessKey = section.optionalString("witnessKey").map(path)
      return all.count < names.count
        ? nil
        : KeyFiles(
          tlsCertificate: all[0], tlsKey: all[1], partnerAuthorities: all[2], signingCertificate: all[3], signingKey: all[4],
          ledgerKey: all[5], storageKey: all[6], witnessKey: witnessKey)
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
    limits =
      reader.section("limits", required: false) { section in
        section.integer("bodyBytes", in: 1024...(256 << 20), default: 16 << 20).map(Limits.init)
      } ?? Limits(bodyBytes: 16 << 20)
    reconciliationHour = reader.section("reconciliation", required: false) { $0.integer("hour", in: 0...23) }
    retention = reader.sections("retention", required: false, RetentionRule.init(reading:))
    guard let economy, let data, let registry, let keys, let inside, let partner else { return nil }
    self.economy = economy
    self.data = data
    self.registry = registry
    self.keys = keys
    self.inside = inside
    self.partner = partner
    self.principals = Principals(principals)
  }

  private static func listener(_ reader: inout SettingsReader, _ key: String) -> Listener? {
    reader.section(key) { section in
      let (host, port) = (section.string("host"), section.integer("port", in: 1...65_535))
      return host.flatMap { host in port.map { Listener(host: host, port: $0) } }
    }
  }

  package func corridor(_ id: String) -> CorridorSettings? { corridors.first { ByteString($0.id) == ByteString(id) } }
}
