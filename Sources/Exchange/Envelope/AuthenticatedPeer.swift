package import Primitives
import Trust

/// A participant that has shown possession of a TLS key registered for it. Only ``EnvelopeVerifier/identify(tlsCertificate:at:)`` makes one.
package struct AuthenticatedPeer: Hashable, Sendable {
  package let participant: String
  /// SHA-256 of the TLS certificate's DER.
  package let tlsCertificate: Digest

  fileprivate init(participant: String, tlsCertificate: Digest) {
    self.participant = participant
    self.tlsCertificate = tlsCertificate
  }
}

extension EnvelopeVerifier {
  /// Says who is on the other end of a connection. To be asked before anything that the other end sent is looked at.
  ///
  /// - Parameter fingerprint: SHA-256 of the DER of the certificate with which the TLS handshake was made.
  /// - Throws: the `registry.*` codes of `VerifiedRegistry.participant(tlsCertificate:at:)`: answer 403 and read nothing.
  package func identify(tlsCertificate fingerprint: Digest, at now: Instant) throws(CausewayError) -> AuthenticatedPeer {
    let participant = try registry.participant(tlsCertificate: fingerprint, at: now)
    return AuthenticatedPeer(participant: participant.id, tlsCertificate: fingerprint)
  }
}
