package import Primitives
package import Trust

/// How old or how far ahead a message may be.
///
/// A message waits in its sender's outbox while the way is interrupted, and is sent again with the same bytes, so that there is one
/// digest to be receipted. It therefore is fresh until it expires, not only in the minutes after it was made; its lifetime is
/// bounded so that the memory of ids, by which a repetition is known, covers every message that can still be accepted.
package struct Freshness: Hashable, Sendable {
  /// How far the sender's clock may be ahead, in seconds.
  package let clockSkew: Int64
  /// Longest time from `created` to `expires`, in seconds.
  package let lifetime: Int64

  package init(clockSkew: Int64 = 300, lifetime: Int64 = 72 * 3600) {
    self.clockSkew = clockSkew
    self.lifetime = lifetime
  }
}

/// A message whose sender, addressee, corridor, time, signature and payload have been checked. Only ``EnvelopeVerifier`` makes one.
package struct VerifiedEnvelope: Sendable {
  package let header: EnvelopeHeader
  package let headerBytes: [UInt8]
  /// SHA-256 of ``headerBytes``.
  package let digest: Digest
  package let signature: String
  /// Name of the sender's key that made the signature.
  package let keyID: String
  package let salt: UCRCommitment.Salt
  /// What opens the header's fields root; nil exactly when it has none.
  package let fieldsSecret: HMACKey?
  package let payload: [UInt8]
  package let peer: AuthenticatedPeer
  package let receivedAt: Instant

  fileprivate init(_ received: ReceivedEnvelope, header: EnvelopeHeader, keyID: String, peer: AuthenticatedPeer, at now: Instant) {
    self.header = header
    headerBytes = received.headerBytes
    digest = received.digest
    signature = received.signature
    self.keyID = keyID
    salt = received.salt
    fieldsSecret = received.fieldsSecret
    payload = received.payload
    self.peer = peer
    receivedAt = now
  }

  /// Whether the message is about the consignment of that UCR. To be checked as soon as the payload has been read.
  package func concerns(ucr: String) -> Bool { UCRCommitment(ucr: ucr, salt: salt).digest == header.ucrCommitment }
}

/// Why a message of a known participant was not accepted: what the refusing receipt says.
package struct EnvelopeRefusal: Sendable {
  package let peer: AuthenticatedPeer
  /// nil when the header could not be read.
  package let header: EnvelopeHeader?
  package let envelopeDigest: Digest
  /// As received.
  package let signature: String
  /// SHA-256 of the payload as received.
  package let payloadDigest: Digest
  /// Not empty.
  package let problems: [Problem]
  /// The signature holds and the payload is the one that was signed: the sender takes the refusal as the answer to this very message.
  package let isAuthentic: Bool
  package let receivedAt: Instant
}

package enum EnvelopeVerdict: Sendable {
  case accepted(VerifiedEnvelope)
  case refused(EnvelopeRefusal)
}

/// Decides whether a message is what it claims: TLS identity = signer = sender = registry entry, addressed to us, on a corridor
/// between us, in time, and with the payload that was signed.
///
/// - SeeAlso: docs/protocol.md, docs/registry.md.
package struct EnvelopeVerifier: Sendable {
  /// The participant that we are.
  package let recipient: String
  package let freshness: Freshness
  let registry: VerifiedRegistry

  package init(recipient: String, registry: VerifiedRegistry, freshness: Freshness = Freshness()) {
    self.recipient = recipient
    self.registry = registry
    self.freshness = freshness
  }

  /// Checks a message that `peer` sent.
  ///
  /// Until the signature holds, the first thing wrong is the only one told; after that, everything is told at once.
  ///
  /// - Returns: the verified message, or a refusal with these codes: those of ``EnvelopeHeader/parse(_:)``; `verify.sender_mismatch`; the
  ///   `verify.jws_*` codes of `JWS.verify` and the `registry.*` codes of `VerifiedRegistry.signingKey`; then
  ///   `verify.recipient_mismatch`, `verify.corridor_unknown`, `verify.corridor_mode`, `verify.corridor_parties`, `verify.corridor_direction`,
  ///   `verify.corridor_kind`, `verify.corridor_suite`, `verify.created_in_future`, `verify.expired`, `verify.lifetime_too_long`,
  ///   `verify.payload_size`, `verify.payload_digest`, `verify.payload_media_type`, `verify.fields_salt`.
  /// - Complexity: O(*n*) in the payload, one signature verification.
  package func verify(_ received: ReceivedEnvelope, from peer: AuthenticatedPeer, at now: Instant) -> EnvelopeVerdict {
    let payloadDigest = SHA256.hash(received.payload)
    var header: EnvelopeHeader?
    var isAuthentic = false
    do throws(CausewayError) {
      let parsed = try EnvelopeHeader.parse(received.headerBytes)
      header = parsed
      let signature = try authenticate(received, parsed, peer)
      isAuthentic = parsed.payload.sha256 == payloadDigest
      let problems =
        addressProblems(parsed, signature.algorithm) + timeProblems(parsed, now)
        + payloadProblems(parsed.payload, received, payloadDigest)
      guard problems.isEmpty else { throw CausewayError(problems: problems) }
      return .accepted(VerifiedEnvelope(received, header: parsed, keyID: signature.keyID, peer: peer, at: now))
    } catch {
      return .refused(
        EnvelopeRefusal(
          peer: peer, header: header, envelopeDigest: received.digest, signature: received.signature, payloadDigest: payloadDigest,
          problems: error.problems, isAuthentic: isAuthentic, receivedAt: now))
    }
  }

  private func authenticate(
    _ received: ReceivedEnvelope, _ header: EnvelopeHeader, _ peer: AuthenticatedPeer
  ) throws(CausewayError) -> VerifiedJWS {
    guard ByteString(header.sender) == ByteString(peer.participant) else {
      throw CausewayError("verify.sender_mismatch", pointer: "/sender")
    }
    return try JWS.verify(
      received.signature, detachedPayload: received.headerBytes, expectedType: SealedEnvelope.signatureType
    ) { keyID throws(CausewayError) in
      // Only keys of the participant that holds the TLS connection are looked at: a valid key of another one is an unknown key here.
      try registry.signingKey(participant: peer.participant, keyID: keyID, at: header.created)
    }
  }

  private func addressProblems(_ header: EnvelopeHeader, _ algorithm: JWS.Algorithm) -> [Problem] {
    var problems: [Problem] = []
    let (from, to) = (ByteString(header.sender), ByteString(header.recipient))
    // Inside the signature, so that the addressee of a message cannot send it on to somebody else as if it had been meant for them.
    if to != ByteString(recipient) { problems.append(Problem("verify.recipient_mismatch", pointer: "/recipient")) }
    guard let corridor = registry.corridor(header.corridor) else {
      return problems + [Problem("verify.corridor_unknown", pointer: "/corridor")]
    }
    // Whoever tests must not clear anything, and whoever clears must not take a test for it.
    if header.mode != corridor.mode {
      problems.append(
        Problem("verify.corridor_mode", pointer: "/mode", facts: ["agreed": corridor.mode.rawValue, "found": header.mode.rawValue]))
    }
    let (declaring, destination) = (ByteString(corridor.from), ByteString(corridor.to))
    if (from, to) == (destination, declaring) {
      if !header.kind.travelsBothWays { problems.append(Problem("verify.corridor_direction", pointer: "/kind")) }
    } else if (from, to) != (declaring, destination) {
      problems.append(Problem("verify.corridor_parties", pointer: "/corridor"))
    }
    if !corridor.kinds.contains(where: { ByteString($0) == ByteString(header.kind.documentKind) }) {
      problems.append(Problem("verify.corridor_kind", pointer: "/kind"))
    }
    if !corridor.suites.contains(algorithm) {
      problems.append(Problem("verify.corridor_suite", facts: ["algorithm": algorithm.rawValue]))
    }
    return problems
  }

  private func timeProblems(_ header: EnvelopeHeader, _ now: Instant) -> [Problem] {
    var problems: [Problem] = []
    if header.created > now.adding(seconds: freshness.clockSkew) {
      problems.append(Problem("verify.created_in_future", pointer: "/created", facts: ["seconds": String(freshness.clockSkew)]))
    }
    if header.expires < now { problems.append(Problem("verify.expired", pointer: "/expires")) }
    if header.expires > header.created.adding(seconds: freshness.lifetime) {
      problems.append(Problem("verify.lifetime_too_long", pointer: "/expires", facts: ["seconds": String(freshness.lifetime)]))
    }
    return problems
  }

  private func payloadProblems(_ expected: PayloadDescription, _ received: ReceivedEnvelope, _ digest: Digest) -> [Problem] {
    var problems: [Problem] = []
    if expected.size != received.payload.count { problems.append(Problem("verify.payload_size", pointer: "/payload/size")) }
    if expected.sha256 != digest { problems.append(Problem("verify.payload_digest", pointer: "/payload/sha256")) }
    if ByteString(expected.mediaType) != ByteString(received.contentType) {
      problems.append(Problem("verify.payload_media_type", pointer: "/payload/mediaType"))
    }
    // Without its secret a root can never be checked, and whoever asks for a field later would get none.
    if (expected.fieldsRoot == nil) != (received.fieldsSecret == nil) {
      problems.append(Problem("verify.fields_salt", pointer: "/payload/fieldsRoot"))
    }
    return problems
  }
}
