package import Primitives

/// A registry whose signature and content were checked. Only ``Registry`` can make one.
///
/// Answers who somebody is, always at a stated time. Nothing in a message or an HTTP header takes part in the answer but as a name to
/// look up: a certificate by its fingerprint, a key by participant and fingerprint.
package struct VerifiedRegistry: Sendable {
  package let content: RegistryContent
  /// SHA-256 of the canonical registry: names exactly this content.
  package let digest: Digest
  private let participantsByID: [ByteString: Int]
  private let certificates: [Digest: Place]

  private struct Place {
    var participant: Int
    var certificate: Int
  }

  /// Only ``Registry`` may call this, after it has verified the signature and checked the content.
  init(verified content: RegistryContent, digest: Digest) {
    self.content = content
    self.digest = digest
    var participantsByID: [ByteString: Int] = [:]
    var certificates: [Digest: Place] = [:]
    for (index, participant) in content.participants.enumerated() {
      participantsByID[ByteString(participant.id)] = index
      for (position, entry) in participant.certificates.enumerated() {
        certificates[entry.certificate.fingerprint] = Place(participant: index, certificate: position)
      }
    }
    self.participantsByID = participantsByID
    self.certificates = certificates
  }

  package var version: Int { content.version }

  /// The participant of that id, whether or not it is a member now.
  package func participant(_ id: String) -> Participant? {
    participantsByID[ByteString(id)].map { content.participants[$0] }
  }

  /// The agreement of that id, for example `CN-SG`.
  package func corridor(_ id: String) -> Corridor? {
    content.corridors.first { ByteString($0.id) == ByteString(id) }
  }

  /// Whose TLS certificate this is.
  ///
  /// - Parameter fingerprint: SHA-256 of the certificate's DER that the other side proved to possess in the handshake.
  /// - Throws: `registry.certificate_unknown`; `registry.certificate_role` when it is registered for signing;
  ///   `registry.certificate_period`; `registry.participant_suspended`; `registry.expired`.
  package func participant(tlsCertificate fingerprint: Digest, at instant: Instant) throws(CausewayError) -> Participant {
    try entry(fingerprint, role: .tls, at: instant).participant
  }

  /// The key with which a participant signs.
  ///
  /// - Parameters:
  ///   - participant: id of the sender that the message names.
  ///   - keyID: SHA-256 of the signing certificate in hexadecimal: the `kid` of the signature.
  /// - Throws: `registry.participant_unknown`; `registry.certificate_unknown` also when the certificate is another participant's;
  ///   `registry.certificate_role` when it is registered for TLS; `registry.certificate_period`; `registry.participant_suspended`;
  ///   `registry.expired`.
  package func signingKey(participant id: String, keyID: String, at instant: Instant) throws(CausewayError) -> PublicKey {
    guard participantsByID[ByteString(id)] != nil else { throw CausewayError("registry.participant_unknown") }
    guard let fingerprint = Digest(hex: keyID) else { throw CausewayError("registry.certificate_unknown") }
    let found = try entry(fingerprint, role: .signing, at: instant)
    guard ByteString(found.participant.id) == ByteString(id) else { throw CausewayError("registry.certificate_unknown") }
    guard let key = found.entry.certificate.publicKey else { throw CausewayError("key.unsupported") }
    return key
  }

  /// A participant's certificates of one role that hold at that time, in the registry's order.
  package func certificates(of id: String, role: CertificateRole, at instant: Instant) throws(CausewayError) -> [Certificate] {
    guard let participant = participant(id) else { throw CausewayError("registry.participant_unknown") }
    try checkMembership(participant, at: instant)
    return participant.certificates.filter { $0.role == role && $0.period.contains(instant) }.map(\.certificate)
  }

  /// The verifier keys (C2SP signed-note) of a participant's log that hold at that time. A checkpoint is judged at the time when it
  /// was made.
  package func ledgerKeys(of id: String, at instant: Instant) throws(CausewayError) -> [String] {
    guard let participant = participant(id) else { throw CausewayError("registry.participant_unknown") }
    return participant.ledger.keys.filter { $0.period.contains(instant) }.map(\.verifierKey)
  }

  private func entry(
    _ fingerprint: Digest, role: CertificateRole, at instant: Instant
  ) throws(CausewayError) -> (participant: Participant, entry: RegisteredCertificate) {
    guard let place = certificates[fingerprint] else { throw CausewayError("registry.certificate_unknown") }
    let participant = content.participants[place.participant]
    let entry = participant.certificates[place.certificate]
    guard entry.role == role else { throw CausewayError("registry.certificate_role", facts: ["role": role.rawValue]) }
    try checkMembership(participant, at: instant)
    guard entry.period.contains(instant) else { throw CausewayError("registry.certificate_period") }
    return (participant, entry)
  }

  private func checkMembership(_ participant: Participant, at instant: Instant) throws(CausewayError) {
    if let expires = content.expires, instant >= expires { throw CausewayError("registry.expired") }
    guard participant.membership.contains(instant) else { throw CausewayError("registry.participant_suspended") }
  }
}
