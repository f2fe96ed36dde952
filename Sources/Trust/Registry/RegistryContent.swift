package import JSONTree
package import Primitives

/// What a registry says: who takes part, with which certificates and ledger keys, and what was agreed between them.
///
/// A draft until it is signed (``Registry/sign(_:key:)``), a claim until it is verified
/// (``Registry/verify(_:keys:previousVersion:previousDigest:)``).
/// All periods contain their start and do not contain their end, so that two that touch do not overlap.
///
/// - SeeAlso: `schemas/registry.schema.json`.
package struct RegistryContent: Hashable, Sendable {
  /// Counts up with each change. Range: 1 to 2^53 − 1.
  package var version: Int
  package var issued: Instant
  /// From then on the registry answers no question any more; nil when it holds until it is replaced.
  package var expires: Instant?
  package var participants: [Participant]
  package var corridors: [Corridor]

  package init(version: Int, issued: Instant, expires: Instant? = nil, participants: [Participant], corridors: [Corridor]) {
    self.version = version
    self.issued = issued
    self.expires = expires
    self.participants = participants
    self.corridors = corridors
  }
}

/// A time span: from `start`, to but not including `end`; nil is unbounded.
package struct Period: Hashable, Sendable {
  package var start: Instant?
  package var end: Instant?

  package init(from start: Instant? = nil, to end: Instant? = nil) {
    self.start = start
    self.end = end
  }

  package func contains(_ instant: Instant) -> Bool {
    (start.map { $0 <= instant } ?? true) && (end.map { instant < $0 } ?? true)
  }
}

/// One economy that takes part.
package struct Participant: Hashable, Sendable {
  /// Code of the economy, for example `CN`. 2 to 8 capital letters and digits, a letter first.
  package var id: String
  package var nameEN: String
  package var nameZH: String
  /// Where its gateway takes messages: `https://host[:port][/path]`.
  package var endpoint: String
  /// Membership. Outside of it nothing of the participant is accepted: ending it suspends the economy.
  package var membership: Period
  package var certificates: [RegisteredCertificate]
  package var ledger: RegisteredLedger
  /// How its gateway cosigns the ledgers of others; nil when it witnesses none.
  package var witness: RegisteredWitness?
  /// When its gateway takes messages; empty: always.
  package var serviceWindows: [ServiceWindow]

  package init(
    id: String, nameEN: String, nameZH: String, endpoint: String, membership: Period = Period(),
    certificates: [RegisteredCertificate], ledger: RegisteredLedger, witness: RegisteredWitness? = nil,
    serviceWindows: [ServiceWindow] = []
  ) {
    self.id = id
    self.nameEN = nameEN
    self.nameZH = nameZH
    self.endpoint = endpoint
    self.membership = membership
    self.certificates = certificates
    self.ledger = ledger
    self.witness = witness
    self.serviceWindows = serviceWindows
  }
}

/// What a registered certificate may be used for. One certificate, and one key, has one role.
package enum CertificateRole: String, Sendable, CaseIterable {
  case tls, signing
}

/// A certificate that the registry vouches for, in one role and for one period.
///
/// Several of the same role may be valid at the same time: that is how keys are rolled over.
package struct RegisteredCertificate: Hashable, Sendable {
  package var role: CertificateRole
  package var certificate: Certificate
  /// Both ends are stated, and lie within the certificate's own period.
  package var notBefore: Instant
  package var notAfter: Instant

  /// - Parameters:
  ///   - notBefore: nil for the certificate's own start.
  ///   - notAfter: nil for the certificate's own end.
  package init(role: CertificateRole, certificate: Certificate, notBefore: Instant? = nil, notAfter: Instant? = nil) {
    self.role = role
    self.certificate = certificate
    self.notBefore = notBefore ?? certificate.notBefore
    self.notAfter = notAfter ?? certificate.notAfter
  }

  package var period: Period { Period(from: notBefore, to: notAfter) }
}

/// The log of a participant and the keys that sign its checkpoints.
package struct RegisteredLedger: Hashable, Sendable {
  /// Origin line of the log's checkpoints (C2SP tlog-checkpoint).
  package var origin: String
  /// At least one.
  package var keys: [RegisteredLedgerKey]

  package init(origin: String, keys: [RegisteredLedgerKey]) {
    self.origin = origin
    self.keys = keys
  }
}

package struct RegisteredLedgerKey: Hashable, Sendable {
  /// C2SP signed-note verifier key: `<origin>+<key id>+<base64 of 0x01 ‖ Ed25519 key>`.
  package var verifierKey: String
  package var period: Period

  package init(verifierKey: String, period: Period = Period()) {
    self.verifierKey = verifierKey
    self.period = period
  }
}

/// A witness of other participants' logs and the keys that it cosigns with.
package struct RegisteredWitness: Hashable, Sendable {
  /// Name of the cosigner (C2SP tlog-cosignature).
  package var name: String
  /// At least one; `verifierKey` is `<name>+<key id>+<base64 of 0x04 ‖ Ed25519 key>`.
  package var keys: [RegisteredLedgerKey]

  package init(name: String, keys: [RegisteredLedgerKey]) {
    self.name = name
    self.keys = keys
  }
}

/// Which participants witness the logs of a corridor's two ends, and how many of them make a checkpoint final.
///
/// A log's own participant never counts as a witness of it.
package struct CorridorWitnesses: Hashable, Sendable {
  /// 1 to the number of witnesses that are left when either end is left out.
  package var quorum: Int
  /// Participants with a witness, each once.
  package var participants: [String]

  package init(quorum: Int, participants: [String]) {
    self.quorum = quorum
    self.participants = participants
  }
}

/// An ordered pair of economies and their agreement.
package struct Corridor: Hashable, Sendable {
  /// What its messages count for (docs/protocol.md, Modes).
  package enum Mode: String, Sendable, CaseIterable {
    /// Invented consignments; the partners may be on one machine.
    case test
    /// Real consignments that are cleared another way: both sides compare.
    case pilot
    /// The only one in which a clearance clears.
    case production
  }

  /// `from-to`, for example `CN-SG`.
  package var id: String
  package var from: String
  package var to: String
  package var mode: Mode
  /// Document kinds that may travel, for example `declaration`. At least one.
  package var kinds: [String]
  /// Id of the profile that travels between the gateways, for example `uncefact.xml`.
  package var wire: String
  /// Id of the profile in which statuses and withdrawals travel; nil: the hub's, `uncefact.cdar.json`.
  package var statusWire: String?
  /// Id of the profile in which requests to amend or cancel travel; nil: the hub's, `uncefact.amendment.json`.
  package var amendmentWire: String?
  /// Id of the release policy for requests to amend or cancel; nil: they do not travel.
  package var amendmentPolicy: String?
  /// Id of the release policy that both sides agreed on.
  package var releasePolicy: String
  /// Purpose for which data is released, for example `customs-clearance`.
  package var purpose: String
  /// Signature algorithms accepted in this corridor. At least one.
  package var suites: [JWS.Algorithm]
  /// Agreed times in seconds by name, for example `receipt`. Each 1 to 31 536 000.
  package var deadlineSeconds: [String: Int]
  /// Customs profiles of the two ends by name, for example `export`.
  package var profiles: [String: String]
  /// Who makes a checkpoint of either end final; nil: the other end alone, if it has a witness.
  package var witnesses: CorridorWitnesses?
  /// Anything else the two economies agreed on. Signed with the rest, not interpreted here.
  package var settings: JSONObject

  package init(
    from: String, to: String, mode: Mode, kinds: [String], wire: String, statusWire: String? = nil, amendmentWire: String? = nil,
    amendmentPolicy: String? = nil, releasePolicy: String, purpose: String,
    suites: [JWS.Algorithm] = [.es256, .edDSA], deadlineSeconds: [String: Int] = [:], profiles: [String: String] = [:],
    witnesses: CorridorWitnesses? = nil, settings: JSONObject = JSONObject()
  ) {
    id = "\(from)-\(to)"
    self.from = from
    self.to = to
    self.mode = mode
    self.kinds = kinds
    self.wire = wire
    self.statusWire = statusWire
    self.amendmentWire = amendmentWire
    self.amendmentPolicy = amendmentPolicy
    self.releasePolicy = releasePolicy
    self.purpose = purpose
    self.suites = suites
    self.deadlineSeconds = deadlineSeconds
    self.profiles = profiles
    self.witnesses = witnesses
    self.settings = settings
  }
}
