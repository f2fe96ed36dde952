import Declarations
package import Exchange
import Formats
import JSONTree
package import Journal
package import Ledger
package import Logging
package import Policy
package import Primitives
package import Translation
package import Trust

/// One gateway: everything its steps work with. A value that many tasks share; what changes lives in the journal.
///
/// The steps are extensions of it, in the order of the message path: `Outbound/`, `Inbound/`.
package struct GatewayNode: Sendable, RulesInForce {
  package private(set) var rules: GatewayRules
  package let journal: Journal
  package let signer: Signer
  package private(set) var partners: any PartnerTransport
  package let webhooks: any WebhookTransport
  package let clock: any WallClock
  package let logger: Logger
  package let metrics = Metrics()
  /// Rings when the journal holds new work or something new to show.
  package let bell = Bell()
  let reconciliationSets = ReconciliationSets()
  let probe: StepProbe
  /// Cosigns the ledgers of others; nil when this gateway witnesses none.
  let cosigner: Cosigner?
  /// nil when no time-stamps are asked for.
  let timeStamps: TimeStampSource?
  private(set) var keyring: LedgerKeyring
  private(set) var finality = Finality()
  let checkpoints = VerifiedCheckpoints()
  let circuits = PartnerCircuits()
  let quotas = PartnerQuotas()
  let backlog = Backlog()

  /// The key with which this gateway signs envelopes and receipts, and its name in the registry.
  package struct Signer: Sendable {
    package let key: PrivateKey
    package let keyID: String

    package init(key: PrivateKey, keyID: String) {
      self.key = key
      self.keyID = keyID
    }
  }

  /// - Throws: as `GatewayRules.init`; `config.witness_key`.
  package init(
    configuration: GatewayConfiguration, registry: VerifiedRegistry, profiles: ProfileLibrary, policies: [ReleasePolicy], journal: Journal,
    signer: Signer, cosigner: Cosigner? = nil, timeStamps: TimeStampSource? = nil, partners: any PartnerTransport,
    webhooks: any WebhookTransport, clock: any WallClock,
    logger: Logger,
    probe: @escaping StepProbe = { _ in }
  ) throws(CausewayError) {
    try self.init(
      rules: try GatewayRules(configuration: configuration, registry: registry, profiles: profiles, policies: policies), journal: journal,
      signer: signer, cosigner: cosigner, timeStamps: timeStamps, partners: partners, webhooks: webhooks, clock: clock, logger: logger,
      probe: probe)
  }

  /// - Throws: `config.witness_key`; `ledger.*` for a key of the registry that is none.
  package init(
    rules: GatewayRules, journal: Journal, signer: Signer, cosigner: Cosigner? = nil, timeStamps: TimeStampSource? = nil,
    partners: any PartnerTransport, webhooks: any WebhookTransport, clock: any WallClock, logger: Logger,
    probe: @escaping StepProbe = { _ in }
  ) throws(CausewayError) {
    self.rules = rules
    self.journal = journal
    self.signer = signer
    self.cosigner = cosigner
    self.timeStamps = timeStamps
    keyring = try LedgerKeyring(rules.registry)
    self.partners = partners
    self.webhooks = webhooks
    self.clock = clock
    self.logger = logger
    self.probe = probe
    try checkWitness()
  }

  /// The same gateway, with all that it knows and counts, by other rules.
  ///
  /// - Throws: `config.witness_key`; `ledger.*` for a key of the registry that is none.
  func working(by rules: GatewayRules, partners: any PartnerTransport) throws(CausewayError) -> GatewayNode {
    var other = self
    other.rules = rules
    other.partners = partners
    other.keyring = try LedgerKeyring(rules.registry)
    // What was final by the witnesses of the old registry may not be by those of the new one.
    other.finality = Finality()
    try other.checkWitness()
    return other
  }

  private func checkWitness() throws(CausewayError) {
    if let cosigner, !keyring.cosignerKeys(of: economy, at: clock.now()).contains(cosigner.key) {
      throw CausewayError("config.witness_key", pointer: "/keys/witnessKey")
    }
  }
}

/// What carries a sealed envelope to a partner and brings back its answer.
package protocol PartnerTransport: Sendable {
  /// - Returns: the receipt as the partner signed it, unverified.
  /// - Throws: `deliver.*` when there was no answer that could be a receipt: the delivery is tried again.
  func send(_ envelope: SealedEnvelope, to partner: Participant) async throws(CausewayError) -> String
  /// Asks for something else than a receipt: a checkpoint, a tile, a cosignature, the answer of a reconciliation.
  ///
  /// - Parameter path: starts with `/`.
  /// - Returns: whatever was answered.
  /// - Throws: `deliver.*` when there was no answer.
  func ask(_ method: String, _ path: String, body: [UInt8]?, of partner: Participant) async throws(CausewayError) -> PartnerAnswer
}

/// What a partner's gateway answered to ``PartnerTransport/ask(_:_:body:of:)``. Nothing of it is verified.
package struct PartnerAnswer: Sendable {
  package let status: Int
  package let body: [UInt8]

  package init(status: Int, body: [UInt8]) {
    self.status = status
    self.body = body
  }
}

/// How far a message has come. The words stand in the journal.
package enum MessageState: String, Sendable {
  /// Outbound: on disk, nothing done yet.
  case received
  /// Outbound: refused by this gateway's own steps; the problems are stored.
  case refused
  /// Outbound: signed, recorded and in the outbox.
  case sealed
  /// Outbound: the partner's signed receipt accepts it.
  case delivered
  /// Outbound: the partner's signed receipt refuses it.
  case refusedByPartner = "refused_by_partner"
  /// Outbound: given up after the last attempt. Either way: can never be done as things are. Waits for an operator.
  case dead
  /// Inbound: recorded and receipted, waits for the steps behind.
  case recorded
  /// Inbound: everything done.
  case handled
  /// Inbound: receipted with a refusal.
  case turnedAway = "turned_away"
}

/// The documents that the journal keeps of one message.
package enum PayloadKind: String, Sendable, CaseIterable {
  /// Outbound: the local document as handed in; of a status: the answer of the local customs.
  case source
  /// What travels between the gateways.
  case wire
  /// What is handed over to the local single window: the document as written for the destination, the partner's status in the local
  /// profile, and, for a message of ours that was refused, the refusal.
  case local
  case report, complement, supplement, problems
  /// Outbound: the local document as two people have changed it, which is translated instead of `source`; and as one proposes to change it.
  case edited, proposed
  /// Outbound: the answer to the syntax of a local document in EDIFACT.
  case contrl
  /// The secret that opens the fields root of the envelope; 32 bytes. Without it nobody can disclose a field of the message any more.
  case fields

  /// Whether the local side may fetch it.
  var isDocument: Bool { self != .fields }
}

extension Profile {
  var versioned: VersionedName { VersionedName(id: id, version: version) }

  var mediaType: String {
    switch syntax {
    case .xml: "application/xml"
    case .json: "application/json"
    case .edifact: "application/EDIFACT"
    }
  }
}

extension GatewayNode {
  func payload(_ kind: PayloadKind, of id: MessageID, mediaType: String, _ bytes: [UInt8], at now: Instant) -> PayloadRecord {
    PayloadRecord(owner: id.text, kind: kind.rawValue, mediaType: mediaType, digest: SHA256.hash(bytes), bytes: bytes, created: now)
  }

  func payload(_ kind: PayloadKind, of id: MessageID, _ json: JSONValue, at now: Instant) -> PayloadRecord {
    payload(kind, of: id, json: json.serialized(), at: now)
  }

  func payload(_ kind: PayloadKind, of id: MessageID, json bytes: [UInt8], at now: Instant) -> PayloadRecord {
    payload(kind, of: id, mediaType: "application/json", bytes, at: now)
  }

  func clearanceRecord(_ id: String) async throws(CausewayError) -> ClearanceRecord? {
    try await journal.read { reader throws(CausewayError) in try reader.clearance(id) }
  }
}

extension GatewayRules {
  /// Everything in the configuration that the registry, the profiles or the policies contradict.
  func contradictions() -> [Problem] {
    var problems: [Problem] = []
    func note(_ code: ErrorCode, _ pointer: String, _ facts: [String: String] = [:]) {
      problems.append(Problem(code, pointer: pointer, facts: facts))
    }
    func profile(_ name: String, _ kind: DocumentKind, _ pointer: String) -> Profile? {
      guard let profile = profiles[name] else {
        note("config.profile_unknown", pointer, ["profile": name])
        return nil
      }
      guard profile.document == kind else {
        note("config.profile_kind", pointer, ["profile": name, "kind": kind.rawValue])
        return nil
      }
      return profile
    }
    var limited: Set<ByteString?> = []
    for (index, settings) in configuration.quotas.enumerated() {
      let pointer = "/quotas/\(index)/partner"
      if let partner = settings.partner, !partnerIDs.contains(where: { ByteString($0) == ByteString(partner) }) {
        note("config.partner_unknown", pointer, ["partner": partner])
      }
      if !limited.insert(settings.partner.map { ByteString($0) }).inserted { note("config.quota_twice", pointer) }
    }
    if registry.participant(economy) == nil { note("config.economy_unknown", "/economy", ["economy": economy]) }
    for (index, settings) in configuration.corridors.enumerated() {
      let pointer = "/corridors/\(index)"
      guard let corridor = registry.corridor(settings.id) else {
        note("config.corridor_unknown", pointer + "/id", ["corridor": settings.id])
        continue
      }
      guard ByteString(corridor.from) == ByteString(economy) || ByteString(corridor.to) == ByteString(economy) else {
        note("config.corridor_foreign", pointer + "/id", ["corridor": settings.id, "economy": economy])
        continue
      }
      for name in [corridor.wire] + settings.accepts + (settings.handsOver.map { [$0] } ?? []) { _ = profile(name, .declaration, pointer) }
      for name in settings.acceptsStatus { _ = profile(name, .status, pointer) }
      for (number, rule) in settings.priorities.enumerated() where profiles.dictionary[id: rule.element] == nil {
        note("config.element_unknown", "\(pointer)/priorities/\(number)/element", ["element": rule.element])
      }
      let requests = settings.acceptsAmendment + (settings.handsOverAmendment.map { [$0] } ?? [])
      for name in requests { _ = profile(name, .amendment, pointer) }
      if !requests.isEmpty {
        if corridor.amendmentPolicy == nil { note("config.amendments_not_agreed", pointer, ["corridor": corridor.id]) }
        if let wire = profile(corridor.amendmentWire ?? AmendmentRequest.standardProfile, .amendment, pointer) {
          let carried = Set(wire.carriedElements(nil))
          for element in AmendmentRequest.elements where !carried.contains(element) {
            note("config.profile_elements", pointer, ["profile": wire.name, "element": element])
          }
        }
      }
      if !settings.acceptsAmendment.isEmpty, let id = corridor.amendmentPolicy {
        if let policy = policies[id], policy.document == .amendment {
          if ByteString(policy.from) != ByteString(corridor.from) || ByteString(policy.to) != ByteString(corridor.to) {
            note("config.policy_corridor", pointer, ["policy": id, "corridor": corridor.id])
          }
        } else {
          note("config.policy_unknown", pointer, ["policy": id])
        }
      }
      for name in [corridor.statusWire ?? StatusMessage.standardProfile] + (settings.handsOverStatus.map { [$0] } ?? []) {
        guard let profile = profile(name, .status, pointer) else { continue }
        // A status without its clearance, its side or its economy would be taken for another one's.
        let carried = Set(profile.carriedElements(nil))
        for element in StatusMessage.elements where !carried.contains(element) {
          note("config.profile_elements", pointer, ["profile": name, "element": element])
        }
      }
      guard ByteString(corridor.from) == ByteString(economy) else {
        guard let name = settings.handsOver else {
          note("config.key_missing", pointer + "/handsOver", ["key": "handsOver"])
          continue
        }
        if let amended = settings.handsOverAmended { _ = profile(amended, .declaration, pointer) }
        let shapes = [
          (name, settings.shape, "shape"), (settings.handsOverAmended, settings.shape, "shape"),
          (settings.handsOverAmendment, settings.amendmentShape, "amendmentShape"),
        ]
        for case (let name?, let shape?, let key) in shapes {
          guard let profile = profiles[name], !profile.shapes.contains(where: { ByteString($0) == ByteString(shape) }) else { continue }
          note("write.shape_unknown", "\(pointer)/\(key)", ["profile": profile.name, "shape": shape])
        }
        continue
      }
      guard let policy = settings.policy.flatMap({ policies[$0] }), ByteString(policy.id) == ByteString(corridor.releasePolicy) else {
        note("config.policy_unknown", pointer + "/policy", ["policy": corridor.releasePolicy])
        continue
      }
      if ByteString(policy.from) != ByteString(corridor.from) || ByteString(policy.to) != ByteString(corridor.to) {
        note("config.policy_corridor", pointer + "/policy", ["policy": policy.id, "corridor": corridor.id])
      }
      // A required element that may not leave would make every message invalid: named here, before the first one.
      if let wire = profiles[corridor.wire] { problems += policy.problems(required: wire.requiredElements(.export), by: wire.name) }
    }
    return problems
  }
}
