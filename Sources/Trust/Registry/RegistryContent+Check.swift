package import Primitives

extension RegistryContent {
  /// Everything that is wrong between the parts of a registry, each with a JSON Pointer into it; empty when they fit together.
  /// Whether each part is well-formed is found out when it is read.
  ///
  /// Codes: `registry.duplicate`, `registry.shared_key`, `registry.certificate_role`, `registry.certificate_period`,
  /// `registry.certificate_missing`, `registry.corridor_end`, `registry.endpoint_loopback`, `registry.period`,
  /// `registry.witness_unknown`, `registry.quorum`.
  ///
  /// - Parameter signers: the keys that may sign the registry, which are no participant's.
  package func check(signers: [PublicKey] = []) -> [Problem] {
    var problems: [Problem] = []
    if let expires, expires <= issued { problems.append(Problem("registry.period", pointer: "/expires")) }
    checkParticipants(&problems)
    checkKeys(signers, &problems)
    checkCorridors(&problems)
    return problems
  }

  private func checkParticipants(_ problems: inout [Problem]) {
    var ids: Set<ByteString> = []
    var origins: Set<ByteString> = []
    var witnesses: Set<ByteString> = []
    for (index, participant) in participants.enumerated() {
      let place = "/participants/\(index)"
      if !ids.insert(ByteString(participant.id)).inserted {
        problems.append(Problem("registry.duplicate", pointer: place + "/id", facts: ["what": "participant"]))
      }
      if !origins.insert(ByteString(participant.ledger.origin)).inserted {
        problems.append(Problem("registry.duplicate", pointer: place + "/ledger/origin", facts: ["what": "ledger"]))
      }
      if let witness = participant.witness, !witnesses.insert(ByteString(witness.name)).inserted {
        problems.append(Problem("registry.duplicate", pointer: place + "/witness/name", facts: ["what": "witness"]))
      }
      for role in CertificateRole.allCases where !participant.certificates.contains(where: { $0.role == role }) {
        problems.append(Problem("registry.certificate_missing", pointer: place + "/certificates", facts: ["role": role.rawValue]))
      }
      for (position, entry) in participant.certificates.enumerated() {
        check(entry, at: place + "/certificates/\(position)", &problems)
      }
    }
  }

  private func check(_ entry: RegisteredCertificate, at place: String, _ problems: inout [Problem]) {
    let certificate = entry.certificate
    let fits =
      switch entry.role {
      // One certificate for both directions, or one for each.
      case .tls: certificate.allows(.tlsServer) || certificate.allows(.tlsClient)
      case .signing: certificate.allows(.signing)
      }
    if !fits { problems.append(Problem("registry.certificate_role", pointer: place + "/role", facts: ["role": entry.role.rawValue])) }
    let isInside = certificate.notBefore <= entry.notBefore && entry.notAfter <= certificate.notAfter.adding(seconds: 1)
    if entry.notBefore >= entry.notAfter || !isInside { problems.append(Problem("registry.certificate_period", pointer: place)) }
  }

  /// A certificate stands once. A key belongs to one participant and one role; a renewed certificate may keep its key.
  private func checkKeys(_ signers: [PublicKey], _ problems: inout [Problem]) {
    var certificates: Set<Digest> = []
    var owners = Dictionary(signers.map { ($0.fingerprint, "registry") }, uniquingKeysWith: { first, _ in first })
    func claim(_ key: Digest, _ owner: String, at place: String) {
      if let other = owners.updateValue(owner, forKey: key), !other.hasSameBytes(as: owner) {
        problems.append(Problem("registry.shared_key", pointer: place))
      }
    }
    for (index, participant) in participants.enumerated() {
      for (position, entry) in participant.certificates.enumerated() {
        let place = "/participants/\(index)/certificates/\(position)"
        if !certificates.insert(entry.certificate.fingerprint).inserted {
          problems.append(Problem("registry.duplicate", pointer: place, facts: ["what": "certificate"]))
        }
        claim(entry.certificate.spkiFingerprint, "\(index) \(entry.role.rawValue)", at: place)
      }
      for (position, key) in participant.ledger.keys.enumerated() {
        let publicKey = LedgerKeyText.publicKey(key.verifierKey, of: participant.ledger.origin, .log)
        if let publicKey { claim(publicKey.fingerprint, "\(index) ledger", at: "/participants/\(index)/ledger/keys/\(position)") }
      }
      for (position, key) in (participant.witness?.keys ?? []).enumerated() {
        let publicKey = participant.witness.flatMap { LedgerKeyText.publicKey(key.verifierKey, of: $0.name, .witness) }
        if let publicKey { claim(publicKey.fingerprint, "\(index) witness", at: "/participants/\(index)/witness/keys/\(position)") }
      }
    }
  }

  private func checkCorridors(_ problems: inout [Problem]) {
    let known = Dictionary(participants.map { (ByteString($0.id), $0) }, uniquingKeysWith: { first, _ in first })
    var ids: Set<ByteString> = []
    for (index, corridor) in corridors.enumerated() {
      let place = "/corridors/\(index)"
      if !ids.insert(ByteString(corridor.id)).inserted {
        problems.append(Problem("registry.duplicate", pointer: place + "/id", facts: ["what": "corridor"]))
      }
      if ByteString(corridor.from) == ByteString(corridor.to) { problems.append(Problem("registry.corridor_end", pointer: place + "/to")) }
      if let witnesses = corridor.witnesses {
        for (position, id) in witnesses.participants.enumerated() where known[ByteString(id)]?.witness == nil {
          problems.append(Problem("registry.witness_unknown", pointer: "\(place)/witnesses/of/\(position)"))
        }
        for end in [corridor.from, corridor.to] {
          let count = witnesses.participants.filter { ByteString($0) != ByteString(end) }.count
          guard count < witnesses.quorum else { continue }
          let facts = ["participant": end, "count": String(count)]
          problems.append(Problem("registry.quorum", pointer: place + "/witnesses/quorum", facts: facts))
        }
      }
      for (name, end) in [("from", corridor.from), ("to", corridor.to)] {
        guard let participant = known[ByteString(end)] else {
          problems.append(Problem("registry.corridor_end", pointer: place + "/" + name))
          continue
        }
        if corridor.mode != .test, Endpoint(participant.endpoint)?.isLoopback ?? true {
          problems.append(Problem("registry.endpoint_loopback", pointer: place + "/" + name, facts: ["mode": corridor.mode.rawValue]))
        }
      }
    }
  }
}
