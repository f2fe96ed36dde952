import Exchange
import JSONTree
import Journal
import Ledger
import Primitives
import Trust

extension GatewayNode {
  /// Where deliveries to a partner stand in the outbox: a channel for each, so that one that does not answer holds up nobody else.
  static func channel(to partner: String) -> String { "partner.\(partner)" }

  /// Step 8: what a sealed message writes besides its ledger entry: the message itself, its payload and its place in the outbox.
  func record(_ sealed: SealedEnvelope, _ outgoing: Outgoing, _ clearance: Clearance, at now: Instant) -> [Change.Operation] {
    let header = sealed.header
    var message =
      outgoing.submitted
      ?? MessageRecord(
        id: header.messageID, direction: .outbound, clearance: clearance.id, kind: header.kind.rawValue, corridor: header.corridor,
        partner: header.recipient, state: MessageState.sealed.rawValue,
        details: outgoing.replays.map { JSONValue.object(["replays": .string($0.text)]).serialized() } ?? [], created: now)
    // A document may turn out to be another kind of message than its submission: an amendment that withdraws.
    message.kind = header.kind.rawValue
    message.state = MessageState.sealed.rawValue
    message.header = sealed.headerBytes
    message.signature = Array(sealed.signature.utf8)
    message.payloadDigest = header.payload.sha256
    message.envelopeCreated = header.created
    message.sequence = header.sequence
    message.inReplyTo = header.inReplyTo
    message.versions = versions(of: header, source: outgoing.source)
    message.updated = now
    return [
      .putMessage(message, expecting: outgoing.submitted.map { .revision($0.revision) } ?? .absent),
      .putPayload(payload(.wire, of: header.messageID, mediaType: header.payload.mediaType, sealed.payload, at: now)),
      .enqueue(
        OutboxRecord(
          channel: Self.channel(to: header.recipient), messageID: header.messageID, destination: header.recipient, orderKey: clearance.id,
          priority: outgoing.priority, due: now, created: now)),
    ] + fieldsPayload(sealed.fieldsSecret, of: header.messageID, at: now)
  }

  /// The secret of a fields root, as both sides keep it.
  func fieldsPayload(_ secret: HMACKey?, of id: MessageID, at now: Instant) -> [Change.Operation] {
    guard let secret else { return [] }
    return [.putPayload(payload(.fields, of: id, mediaType: "application/octet-stream", secret.bytes.exposed, at: now))]
  }

  /// The ledger entry of a message that leaves. The payload is named by its digest, the consignment by its commitment.
  func entry(for sealed: SealedEnvelope, source: VersionedName?) -> EntryDraft {
    let header = sealed.header
    return EntryDraft(
      kind: "\(header.kind.rawValue).sent", corridor: header.corridor, subject: header.ucrCommitment, messageID: header.messageID,
      payloadDigest: header.payload.sha256, fieldsRoot: header.payload.fieldsRoot, actor: economy,
      versions: versions(of: header, source: source), extra: Self.extra(sealed.digest, header))
  }

  /// What the entry of a message says besides: its envelope, and that it is none of production.
  static func extra(_ envelope: Digest, _ header: EnvelopeHeader) -> JSONObject {
    var extra: JSONObject = ["envelope": .string(envelope.hex)]
    if header.mode != .production { extra["mode"] = .string(header.mode.rawValue) }
    return extra
  }

  /// - Parameter source: the profile by which the local document was read.
  private func versions(of header: EnvelopeHeader, source: VersionedName?) -> [String: String] {
    var versions = ["policy": Self.name(header.policy), "profile": Self.name(header.profile), "registry": String(registry.version)]
    versions["source"] = source.map(Self.name)
    versions["rules"] = rules.set?.hex
    return versions
  }

  static func name(_ versioned: VersionedName) -> String { "\(versioned.id)/\(versioned.version)" }
}
