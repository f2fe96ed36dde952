import Exchange
import JSONTree
import Primitives
import Testing
import Translation
import Trust

@testable import Gateway

extension EnvelopeHeader {
  /// The same header with some members changed.
  func with(
    messageID: MessageID? = nil, kind: MessageKind? = nil, corridor: String? = nil, sender: String? = nil, recipient: String? = nil,
    clearance: ClearanceID? = nil, commitment: Digest? = nil, created: Instant? = nil, expires: Instant? = nil, sequence: Int? = nil,
    revision: Int? = nil, payload: PayloadDescription? = nil, profile: VersionedName? = nil, mode: Corridor.Mode? = nil
  ) -> EnvelopeHeader {
    // A message of another kind comes in that kind's profile.
    let isStatus = kind.map { [.status, .withdrawal].contains($0) } ?? false
    let standard = isStatus ? VersionedName(id: StatusMessage.standardProfile, version: "d23b") : self.profile
    return EnvelopeHeader(
      messageID: messageID ?? self.messageID, kind: kind ?? self.kind, corridor: corridor ?? self.corridor, sender: sender ?? self.sender,
      recipient: recipient ?? self.recipient, clearance: clearance ?? self.clearance, ucrCommitment: commitment ?? ucrCommitment,
      created: created ?? self.created, expires: expires ?? self.expires, inReplyTo: inReplyTo, sequence: sequence ?? self.sequence,
      revision: revision ?? self.revision, payload: payload ?? self.payload, policy: policy, profile: profile ?? standard, purpose: purpose,
      mode: mode ?? self.mode)
  }

  var another: MessageID { SecureRandom.messageID(at: created) }
}

extension PayloadDescription {
  init(_ bytes: [UInt8], mediaType: String) {
    self.init(mediaType: mediaType, size: bytes.count, sha256: SHA256.hash(bytes), fieldsRoot: nil)
  }
}

/// A message with a genuine signature of `party`, whatever it says.
func sealed(
  _ header: EnvelopeHeader, payload: [UInt8], salt: UCRCommitment.Salt, fieldsSecret: HMACKey? = nil, by party: String = "CN"
) throws -> ReceivedEnvelope {
  let party = Economies.shared[party]
  return ReceivedEnvelope(
    try SealedEnvelope.seal(
      header, payload: payload, salt: salt, fieldsSecret: fieldsSecret, keyID: party.signing.keyID, key: party.signingKey))
}

/// The receipt with members changed, signed by `party`.
func resigned(
  _ receipt: String, by party: String, type: String = Receipt.signatureType, _ change: (inout JSONObject) -> Void = { _ in }
) throws -> String {
  var object = try #require(try content(of: receipt).object)
  change(&object)
  let party = Economies.shared[party]
  return try JWS.sign(
    payload: try JSONValue.object(object).canonical(), type: type, keyID: party.signing.keyID, key: party.signingKey, detached: false)
}

/// A status message of Singapore's or China's side as its gateway would write it.
func status(
  _ status: SideStatus, of side: SideKind, _ clearance: String, revision: Int = 1, reasons: [StatusMessage.Reason] = []
) throws -> [UInt8] {
  try document(
    StatusMessage(
      clearanceID: clearance, side: side, revision: revision, status: status, effective: Economies.start, registrationID: nil,
      reasons: reasons))
}

/// A status message in a status profile, without the name of who says it.
func document(_ message: StatusMessage, as profile: String = StatusMessage.standardProfile) throws -> [UInt8] {
  let profiles = Economies.shared.profiles
  let id = try #require(MessageID("019aa5b1-0000-7000-8000-000000000001"))
  let tree = try message.declaration(in: profiles, economy: "", id: id, issued: Economies.start)
  return try Translator(profiles).write(tree, as: try #require(profiles[profile]))
}

/// A document of the kind `status`, valid and read.
func valid(_ bytes: [UInt8], as profile: String = StatusMessage.standardProfile) throws -> ValidDocument {
  let translator = Translator(Economies.shared.profiles)
  let profile = try translator.profile(profile)
  return try translator.validate(try translator.parse(bytes, as: profile), as: profile)
}

/// What a status message says.
func statusSaid(in bytes: [UInt8], as profile: String = StatusMessage.standardProfile) throws -> StatusMessage {
  try StatusMessage(reading: try valid(bytes, as: profile))
}
