import JSONTree
package import Primitives
package import Trust

/// What a message between two gateways is about.
package enum MessageKind: String, Sendable, CaseIterable {
  case declaration, amendment, withdrawal, status

  /// Whether the destination's side may send it to the declaring side too; the others go with the corridor only.
  package var travelsBothWays: Bool { self == .status }

  /// The kind of document that a corridor has to allow for this message: amending and withdrawing come with declaring.
  package var documentKind: String {
    switch self {
    case .declaration, .amendment, .withdrawal: "declaration"
    case .status: rawValue
    }
  }
}

/// A named document at a version, such as a release policy or a profile. Both are tokens, see ``EnvelopeHeader/isToken(_:)``.
package struct VersionedName: Hashable, Sendable {
  package let id: String
  package let version: String

  package init(id: String, version: String) {
    self.id = id
    self.version = version
  }
}

/// What the header says about the payload, which travels beside it as opaque bytes.
package struct PayloadDescription: Hashable, Sendable {
  /// `type/subtype` with optional parameters: 3 to 128 printable ASCII characters.
  package let mediaType: String
  /// Length of the payload in bytes. 0 to 2^53 − 1.
  package let size: Int
  package let sha256: Digest
  /// Root of the tree of salted field commitments, for later disclosure of single fields; nil when the message has none.
  package let fieldsRoot: Digest?

  package init(mediaType: String, size: Int, sha256: Digest, fieldsRoot: Digest?) {
    self.mediaType = mediaType
    self.size = size
    self.sha256 = sha256
    self.fieldsRoot = fieldsRoot
  }
}

/// The signed header of one message between two gateways: who, to whom, about which clearance, under which agreement, and which
/// payload exactly.
///
/// On the wire it is JSON in the canonical form of RFC 8785, so that a header has one spelling and one digest. It holds no business
/// data: the consignment is named by a random ``clearance`` number, for routing, and by ``ucrCommitment``, for proof.
///
/// - SeeAlso: docs/protocol.md; RFC 8785; RFC 9562 §5.7 (message ids); RFC 3339 (times).
package struct EnvelopeHeader: Hashable, Sendable {
  /// Version of this layout, in the member `version`.
  package static let version = 1
  /// Longest header accepted, in bytes.
  package static let limitBytes = 8192

  package let messageID: MessageID
  package let kind: MessageKind
  /// Id of the corridor in the registry. A reply names the same corridor with sender and recipient exchanged.
  package let corridor: String
  /// What the message counts for, as its sender says; the corridor's, or the message is refused. On the wire only `test` and `pilot` are
  /// written: a message for production has the form that it always had.
  package let mode: Corridor.Mode
  package let sender: String
  package let recipient: String
  package let clearance: ClearanceID
  package let ucrCommitment: Digest
  package let created: Instant
  /// The message is not to be acted on after this time. Later than `created`.
  package let expires: Instant
  /// The message that this one answers.
  package let inReplyTo: MessageID?
  /// Position among the sender's messages of this clearance, from 1, without gaps.
  package let sequence: Int
  /// Version of the declaration that the message carries or speaks about, from 1.
  package let revision: Int?
  package let payload: PayloadDescription
  package let policy: VersionedName
  package let profile: VersionedName
  /// What the recipient may use the data for, as the release policy names it.
  package let purpose: String

  /// - Precondition: names are tokens, the media type is of its form, `expires` is after `created`, `sequence` and `revision` are at
  ///   least 1. Whoever takes values from outside checks them before; ``parse(_:)`` does.
  package init(
    messageID: MessageID, kind: MessageKind, corridor: String, sender: String, recipient: String, clearance: ClearanceID,
    ucrCommitment: Digest, created: Instant, expires: Instant, inReplyTo: MessageID? = nil, sequence: Int, revision: Int? = nil,
    payload: PayloadDescription, policy: VersionedName, profile: VersionedName, purpose: String, mode: Corridor.Mode = .production
  ) {
    let names = [corridor, sender, recipient, policy.id, policy.version, profile.id, profile.version, purpose]
    precondition(names.allSatisfy(Self.isToken), "names in a header are tokens")
    precondition(Self.isMediaType(payload.mediaType) && payload.size >= 0, "the payload is described in the stated form")
    precondition(created < expires && sequence >= 1 && (revision ?? 1) >= 1, "times and numbers are in the stated ranges")
    self.messageID = messageID
    self.kind = kind
    self.corridor = corridor
    self.mode = mode
    self.sender = sender
    self.recipient = recipient
    self.clearance = clearance
    self.ucrCommitment = ucrCommitment
    self.created = created
    self.expires = expires
    self.inReplyTo = inReplyTo
    self.sequence = sequence
    self.revision = revision
    self.payload = payload
    self.policy = policy
    self.profile = profile
    self.purpose = purpose
  }

  /// Names of participants, corridors, policies, profiles and purposes: 1 to 100 of `A–Z a–z 0–9 . _ @ / -`, the first a letter or digit,
  /// without `..`; all names that a registry may hold.
  package static func isToken(_ text: String) -> Bool {
    func isAlphanumeric(_ byte: UInt8) -> Bool {
      (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
    return (1...100).contains(text.utf8.count) && text.utf8.first.map(isAlphanumeric) == true
      && text.utf8.allSatisfy { isAlphanumeric($0) || [0x2D, 0x2E, 0x2F, 0x40, 0x5F].contains($0) } && !text.contains("..")
  }

  static func isMediaType(_ text: String) -> Bool {
    let parts = text.utf8.prefix { $0 != 0x3B }.split(separator: 0x2F, omittingEmptySubsequences: false)
    return (3...128).contains(text.utf8.count) && text.utf8.allSatisfy { (0x20...0x7E).contains($0) }
      && parts.count == 2 && parts.allSatisfy { !$0.isEmpty && !$0.contains(0x20) }
  }
}

// The JSON form.
extension EnvelopeHeader {
  /// The bytes that are signed, hashed and sent.
  package var canonicalBytes: [UInt8] {
    func named(_ name: VersionedName) -> JSONValue { ["id": .string(name.id), "version": .string(name.version)] }
    var payload: JSONObject = [
      "mediaType": .string(self.payload.mediaType), "size": .number(JSONNumber(self.payload.size)),
      "sha256": .string(self.payload.sha256.hex),
    ]
    payload["fieldsRoot"] = self.payload.fieldsRoot.map { .string($0.hex) }
    var header: JSONObject = [
      "version": .number(JSONNumber(Self.version)), "messageId": .string(messageID.text), "kind": .string(kind.rawValue),
      "corridor": .string(corridor), "sender": .string(sender), "recipient": .string(recipient), "clearance": .string(clearance.text),
      "ucrCommitment": .string(ucrCommitment.hex), "created": .string(created.rfc3339), "expires": .string(expires.rfc3339),
      "sequence": .number(JSONNumber(sequence)), "payload": .object(payload), "policy": named(policy), "profile": named(profile),
      "purpose": .string(purpose),
    ]
    header["inReplyTo"] = inReplyTo.map { .string($0.text) }
    header["revision"] = revision.map { .number(JSONNumber($0)) }
    if mode != .production { header["mode"] = .string(mode.rawValue) }
    do {
      return try JSONValue.object(header).canonical()
    } catch {
      // The initialiser admits only numbers that JSON can carry, and every name above stands once.
      preconditionFailure("a header always has a canonical form: \(error)")
    }
  }

  /// Reads a header as it was received.
  ///
  /// - Throws: `verify.header_too_large`; the `parse.json_*` codes of the reader; `parse.json_not_canonical`; `verify.header_version` when
  ///   the layout is another one; otherwise everything that is wrong with its members at once, as `parse.json_member_*` with pointers.
  package static func parse(_ bytes: [UInt8]) throws(CausewayError) -> EnvelopeHeader {
    guard bytes.count <= limitBytes else { throw CausewayError("verify.header_too_large", facts: ["limit": String(limitBytes)]) }
    let value = try JSONValue.parseCanonical(bytes, limits: JSONLimits(bytes: limitBytes, depth: 2, members: 32, values: 64))
    var fields = JSONFields(value)
    if let version = value["version"], version != .number(JSONNumber(Self.version)) {
      throw CausewayError("verify.header_version", pointer: "/version", facts: ["supported": String(Self.version)])
    }
    _ = fields.integer("version")
    let messageID = fields.string("messageId", "UUIDv7", MessageID.init)
    let kind = fields.string("kind", "message kind", MessageKind.init(rawValue:))
    let corridor = fields.token("corridor")
    let sender = fields.token("sender")
    let recipient = fields.token("recipient")
    let clearance = fields.string("clearance", "32 hexadecimal digits", ClearanceID.init)
    let commitment = fields.digest("ucrCommitment")
    let created = fields.instant("created")
    let expires = fields.instant("expires")
    if let created, let expires, expires <= created { fields.refuse("expires", "a time after created") }
    let inReplyTo = fields.string("inReplyTo", required: false, "UUIDv7", MessageID.init)
    let sequence = fields.integer("sequence", in: 1...Int(Int32.max))
    let revision = fields.integer("revision", in: 1...Int(Int32.max), required: false)
    let payload = fields.nested("payload") { payload -> PayloadDescription? in
      let mediaType = payload.string("mediaType", "media type") { isMediaType($0) ? $0 : nil }
      let size = payload.integer("size", in: 0...(1 << 53 - 1))
      let digest = payload.digest("sha256")
      let root = payload.digest("fieldsRoot", required: false)
      guard let mediaType, let size, let digest else { return nil }
      return PayloadDescription(mediaType: mediaType, size: size, sha256: digest, fieldsRoot: root)
    }
    let policy = fields.versionedName("policy")
    let profile = fields.versionedName("profile")
    let purpose = fields.token("purpose")
    let mode = fields.string("mode", required: false, "test|pilot") { text in
      [Corridor.Mode.test, .pilot].first { $0.rawValue.hasSameBytes(as: text) }
    }
    let problems = fields.finish()
    guard problems.isEmpty else { throw CausewayError(problems: problems) }
    guard let messageID, let kind, let corridor, let sender, let recipient, let clearance, let commitment, let created, let expires,
      let sequence, let payload, let policy, let profile, let purpose
    else { throw CausewayError("parse.json_member_missing", pointer: "") }
    return EnvelopeHeader(
      messageID: messageID, kind: kind, corridor: corridor, sender: sender, recipient: recipient, clearance: clearance,
      ucrCommitment: commitment, created: created, expires: expires, inReplyTo: inReplyTo, sequence: sequence, revision: revision,
      payload: payload, policy: policy, profile: profile, purpose: purpose, mode: mode ?? .production)
  }
}

// Members that headers and receipts share.
extension JSONFields {
  mutating func token(_ name: String) -> String? {
    string(name, "1 to 100 of A-Z a-z 0-9 . _ @ / -") { EnvelopeHeader.isToken($0) ? $0 : nil }
  }

  mutating func digest(_ name: String, required: Bool = true) -> Digest? {
    string(name, required: required, "64 hexadecimal digits") { Digest(hex: $0) }
  }

  /// Only the one spelling that this gateway writes itself: UTC with milliseconds.
  mutating func instant(_ name: String) -> Instant? {
    string(name, "YYYY-MM-DDThh:mm:ss.sssZ") { text in
      guard let instant = Instant(rfc3339: text), instant.rfc3339.hasSameBytes(as: text) else { return nil }
      return instant
    }
  }

  mutating func versionedName(_ name: String) -> VersionedName? {
    nested(name) { fields in
      let id = fields.token("id")
      let version = fields.token("version")
      guard let id, let version else { return nil }
      return VersionedName(id: id, version: version)
    }
  }
}
