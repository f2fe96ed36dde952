import JSONTree
import Primitives
import Trust

// What the parties of a message have signed, read for what evidence is about. The gateway itself reads more of both (Exchange).
// docs/protocol.md

/// An envelope header.
struct EvidenceHeader {
  static let signatureType = "causeway-envelope+jws"

  /// SHA-256 of the header's bytes.
  let digest: Digest
  let messageID: MessageID
  /// One of ``kinds``.
  let kind: String
  let corridor: String
  let mode: Corridor.Mode
  let clearance: String
  let sender: String
  let recipient: String
  let created: Instant
  let sequence: Int
  let commitment: Digest
  let payload: Digest
  let payloadSize: Int

  static let kinds = ["declaration", "amendment", "withdrawal", "status"]

  /// Reads the header and checks its signature.
  ///
  /// - Throws: `evidence.envelope` when a member that is needed here is not there; the codes of `JWS.verify` and `VerifiedRegistry.signingKey`.
  init(_ json: JSONValue, signature: String, registry: VerifiedRegistry) throws(CausewayError) {
    guard json["version"]?.int == 1, let id = json["messageId"]?.string.flatMap({ MessageID($0) }),
      let kind = Self.kinds.first(where: { json["kind"]?.string?.hasSameBytes(as: $0) ?? false }),
      let corridor = json["corridor"]?.string, let mode = Self.mode(json["mode"]), let clearance = json["clearance"]?.string,
      let sender = json["sender"]?.string,
      let recipient = json["recipient"]?.string, let created = SignedTime.read(json["created"]), let sequence = json["sequence"]?.int,
      let commitment = json["ucrCommitment"]?.string.flatMap({ Digest(hex: $0) }),
      let payload = json["payload"]?["sha256"]?.string.flatMap({ Digest(hex: $0) }), let size = json["payload"]?["size"]?.int
    else { throw CausewayError("evidence.envelope", facts: ["reason": "members"]) }
    let bytes = try json.canonical()
    _ = try JWS.verify(signature, detachedPayload: bytes, expectedType: Self.signatureType) { keyID throws(CausewayError) in
      try registry.signingKey(participant: sender, keyID: keyID, at: created)
    }
    digest = SHA256.hash(bytes)
    messageID = id
    self.kind = kind
    self.corridor = corridor
    self.mode = mode
    self.clearance = clearance
    self.sender = sender
    self.recipient = recipient
    self.created = created
    self.sequence = sequence
    self.commitment = commitment
    self.payload = payload
    payloadSize = size
  }
}

extension EvidenceHeader {
  /// Written only where it is not production.
  private static func mode(_ value: JSONValue?) -> Corridor.Mode? {
    guard let value else { return .production }
    return [Corridor.Mode.test, .pilot].first { value.string?.hasSameBytes(as: $0.rawValue) ?? false }
  }
}

/// A receipt.
struct EvidenceReceipt {
  static let signatureType = "causeway-receipt+jws"
  /// How far the recipient's clock may be behind the sender's, in seconds.
  static let clockSkew: Int64 = 300
  private static let limits = JSONLimits(bytes: 256 << 10, depth: 4, members: 64, values: 8192)

  let isAccepted: Bool
  /// In the recipient's ledger, as it says.
  let index: Int?

  /// Reads a receipt and checks that the recipient of a message has signed it for that message.
  ///
  /// - Throws: `evidence.receipt` (fact `reason`); the codes of `JWS.verify`, `VerifiedRegistry.signingKey` and `SignedCheckpoint.verify`.
  init(_ compact: String, for header: EvidenceHeader, registry: VerifiedRegistry, keyring: LedgerKeyring) throws(CausewayError) {
    let parts = compact.utf8.split(separator: 0x2E, omittingEmptySubsequences: false)
    // The time stands inside what is signed. It is read first only to pick the key that held then.
    guard parts.count == 3, let unverified = Base64.decode(String(decoding: parts[1], as: UTF8.self), .url),
      let received = SignedTime.read(try JSONValue.parseCanonical(unverified, limits: Self.limits)["receivedAt"])
    else { throw Self.wrong("receivedAt") }
    let signed = try JWS.verify(compact, detachedPayload: nil, expectedType: Self.signatureType) { keyID throws(CausewayError) in
      try registry.signingKey(participant: header.recipient, keyID: keyID, at: received)
    }
    let json = try JSONValue.parseCanonical(signed.payload, limits: Self.limits)
    func names(_ member: String, _ text: String) -> Bool { json[member]?.string?.hasSameBytes(as: text) ?? false }
    guard json["version"]?.int == 1 else { throw Self.wrong("version") }
    guard names("receiver", header.recipient) else { throw Self.wrong("receiver") }
    guard names("sender", header.sender) else { throw Self.wrong("sender") }
    guard json["messageId"] == nil || names("messageId", header.messageID.text) else { throw Self.wrong("messageId") }
    guard names("envelope", header.digest.hex) else { throw Self.wrong("envelope") }
    guard names("payload", header.payload.hex) else { throw Self.wrong("payload") }
    guard received >= header.created.adding(seconds: -Self.clockSkew) else { throw Self.wrong("receivedAt") }
    isAccepted = names("outcome", "accepted")
    guard isAccepted || names("outcome", "refused") else { throw Self.wrong("outcome") }
    guard let position = json["ledger"] else {
      guard !isAccepted else { throw Self.wrong("ledger") }
      index = nil
      return
    }
    guard let place = position["index"]?.int, let note = position["checkpoint"]?.string,
      let origin = registry.participant(header.recipient)?.ledger.origin
    else { throw Self.wrong("ledger") }
    let checkpoint = try SignedCheckpoint.verify(
      Array(note.utf8), origin: origin, keys: keyring.logKeys(origin: origin, at: received) ?? [])
    guard (0..<checkpoint.size).contains(place) else { throw Self.wrong("ledger") }
    index = place
  }

  private static func wrong(_ member: String) -> CausewayError { CausewayError("evidence.receipt", facts: ["reason": member]) }
}

private enum SignedTime {
  /// RFC 3339 in the one spelling that gateways write: UTC with milliseconds.
  static func read(_ value: JSONValue?) -> Instant? {
    guard let text = value?.string, let instant = Instant(rfc3339: text), instant.rfc3339.hasSameBytes(as: text) else { return nil }
    return instant
  }
}
