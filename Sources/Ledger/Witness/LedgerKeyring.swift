package import Primitives
package import Trust

/// The keys of logs and witnesses that a registry names, decoded once (decoding a key costs more than a verification), and who
/// makes a checkpoint final.
package struct LedgerKeyring: Sendable {
  private struct Dated<Key: Sendable>: Sendable {
    let key: Key
    let period: Period
  }

  private let registry: VerifiedRegistry
  private let logs: [ByteString: (membership: Period, keys: [Dated<VerifierKey>])]
  private let witnesses: [ByteString: (membership: Period, keys: [Dated<CosignerKey>])]

  /// - Throws: `ledger.verifier_key`; not for a registry that was verified.
  package init(_ registry: VerifiedRegistry) throws(CausewayError) {
    self.registry = registry
    var logs: [ByteString: (Period, [Dated<VerifierKey>])] = [:]
    var witnesses: [ByteString: (Period, [Dated<CosignerKey>])] = [:]
    for participant in registry.content.participants {
      logs[ByteString(participant.ledger.origin)] = (
        participant.membership,
        try participant.ledger.keys.map { key throws(CausewayError) in
          Dated(key: try VerifierKey(parsing: key.verifierKey), period: key.period)
        }
      )
      witnesses[ByteString(participant.id)] = (
        participant.membership,
        try (participant.witness?.keys ?? []).map { key throws(CausewayError) in
          Dated(key: try CosignerKey(parsing: key.verifierKey), period: key.period)
        }
      )
    }
    self.logs = logs
    self.witnesses = witnesses
  }

  /// The keys of a log that held at that time; nil when no member at that time has such a log.
  package func logKeys(origin: String, at instant: Instant) -> [VerifierKey]? {
    guard let log = logs[ByteString(origin)], log.membership.contains(instant) else { return nil }
    return log.keys.filter { $0.period.contains(instant) }.map(\.key)
  }

  /// The keys with which a participant cosigned at that time.
  package func cosignerKeys(of participant: String, at instant: Instant) -> [CosignerKey] {
    guard let witness = witnesses[ByteString(participant)], witness.membership.contains(instant) else { return [] }
    return witness.keys.filter { $0.period.contains(instant) }.map(\.key)
  }

  /// Who makes a checkpoint of one log final in one corridor: participants other than the log's own, and how many of them. A quorum of 0
  /// when nobody witnesses: then the log's own signature is all there is.
  package func witnessing(of corridor: Corridor, log owner: String) -> (quorum: Int, participants: [String]) {
    func isOther(_ id: String) -> Bool { ByteString(id) != ByteString(owner) }
    if let agreed = corridor.witnesses { return (agreed.quorum, agreed.participants.filter(isOther)) }
    let others = [corridor.from, corridor.to].filter { isOther($0) && registry.participant($0)?.witness != nil }
    return (others.count, others)
  }

  /// What makes a checkpoint of a participant's log final in a corridor, by the keys that hold at a time.
  ///
  /// - Parameters:
  ///   - owner: whose log; one end of the corridor.
  ///   - needsQuorum: false for the same logs and witnesses, of whom none need to have cosigned.
  package func policy(of corridor: Corridor, log owner: Participant, at instant: Instant, needsQuorum: Bool = true) -> LogPolicy {
    let (logs, quorum, members) = policyParts(of: corridor, log: owner, at: instant)
    return LogPolicy(logs: logs, quorum: needsQuorum ? quorum : 0, of: members)
  }

  /// The same as a C2SP tlog-policy file.
  package func policyText(of corridor: Corridor, log owner: Participant, at instant: Instant) -> String {
    let (logs, quorum, members) = policyParts(of: corridor, log: owner, at: instant)
    return LogPolicy.text(logs: logs, quorum: quorum, of: members)
  }

  private func policyParts(of corridor: Corridor, log owner: Participant, at instant: Instant) -> (
    [VerifierKey], Int, [(name: String, keys: [CosignerKey])]
  ) {
    let witnessing = witnessing(of: corridor, log: owner.id)
    let members = witnessing.participants.map { (name: $0, keys: cosignerKeys(of: $0, at: instant)) }
    return (logKeys(origin: owner.ledger.origin, at: instant) ?? [], witnessing.quorum, members)
  }
}
