import Exchange
import Primitives
import Trust

extension GatewayNode {
  /// Step 7: the signed envelope around a payload, with the next sequence number of the clearance.
  ///
  /// - Throws: `seal.corridor_gone` when the registry no longer holds the corridor; `key.signing`.
  func seal(_ outgoing: Outgoing, for clearance: inout Clearance, at now: Instant) throws(CausewayError) -> SealedEnvelope {
    guard let corridor = registry.corridor(clearance.corridor), let id = ClearanceID(clearance.id),
      let commitment = Digest(hex: clearance.commitment),
      let salt = Hex.decode(clearance.salt).flatMap(UCRCommitment.Salt.init)
    else { throw CausewayError("seal.corridor_gone") }
    let header = EnvelopeHeader(
      messageID: outgoing.id, kind: outgoing.kind, corridor: corridor.id, sender: economy,
      recipient: ByteString(corridor.from) == ByteString(economy) ? corridor.to : corridor.from, clearance: id,
      ucrCommitment: commitment, created: now,
      expires: now.adding(seconds: Int64(configuration.delivery.expirySeconds)), inReplyTo: outgoing.inReplyTo,
      sequence: clearance.nextSequence(), revision: outgoing.revision,
      payload: PayloadDescription(
        mediaType: outgoing.mediaType, size: outgoing.payload.count, sha256: SHA256.hash(outgoing.payload),
        fieldsRoot: outgoing.fields?.root),
      policy: outgoing.policy, profile: outgoing.profile, purpose: corridor.purpose, mode: clearance.mode)
    return try SealedEnvelope.seal(
      header, payload: outgoing.payload, salt: salt, fieldsSecret: outgoing.fields?.secret, keyID: signer.keyID, key: signer.key)
  }
}
