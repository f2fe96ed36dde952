package import Primitives

/// Whom somebody trusts: logs, witnesses, and which of the witnesses must have cosigned before a checkpoint counts.
///
/// - SeeAlso: C2SP tlog-policy.
package struct LogPolicy: Sendable {
  /// A rule that a set of witnesses meets or not.
  indirect enum Rule: Sendable {
    case witness(Int)
    /// At least `count` of the rules.
    case group(count: Int, [Rule])
  }

  /// Any of them may have signed.
  package let logs: [VerifierKey]
  package let witnesses: [CosignerKey]
  /// nil: no cosignature is needed.
  let quorum: Rule?

  init(logs: [VerifierKey], witnesses: [CosignerKey], quorum: Rule?) {
    self.logs = logs
    self.witnesses = witnesses
    self.quorum = quorum
  }

  /// A policy that trusts one log by itself: `quorum none`.
  package init(log keys: [VerifierKey]) { self.init(logs: keys, witnesses: [], quorum: nil) }

  /// Checks that one of the logs has signed the checkpoint and that a quorum has cosigned it.
  ///
  /// - Throws: the codes of `SignedCheckpoint.verify`; `ledger.note_signature` when a known witness's signature is wrong;
  ///   `ledger.quorum_missing` (fact `found`, the number of witnesses that have cosigned).
  package func verify(_ note: [UInt8]) throws(CausewayError) -> FinalCheckpoint {
    let origin = try Checkpoint(parsing: try SignedNote(parsing: note).text).origin
    let keys = logs.filter { $0.name.hasSameBytes(as: origin) }
    guard !keys.isEmpty else { throw CausewayError("ledger.checkpoint_origin") }
    let checkpoint = try SignedCheckpoint.verify(note, origin: origin, keys: keys)
    let cosignatures = try checkpoint.cosignatures(of: witnesses)
    guard isMet(by: cosignatures) else {
      throw CausewayError("ledger.quorum_missing", facts: ["found": String(Set(cosignatures.map(\.key)).count)])
    }
    return FinalCheckpoint(checkpoint, cosignatures)
  }

  /// Whether these witnesses are a quorum.
  func isMet(by cosignatures: [Cosignature]) -> Bool {
    let present = Set(witnesses.indices.filter { index in cosignatures.contains { $0.key == witnesses[index] } })
    func holds(_ rule: Rule) -> Bool {
      switch rule {
      case .witness(let index): present.contains(index)
      case .group(let count, let rules): rules.lazy.filter(holds).prefix(count).count == count
      }
    }
    return quorum.map(holds) ?? true
  }
}

/// A checkpoint that its log has signed and that a policy's quorum of witnesses has cosigned. Only ``LogPolicy`` makes one.
package struct FinalCheckpoint: Hashable, Sendable {
  package let checkpoint: SignedCheckpoint
  /// Of the policy's witnesses.
  package let cosignatures: [Cosignature]

  fileprivate init(_ checkpoint: SignedCheckpoint, _ cosignatures: [Cosignature]) {
    self.checkpoint = checkpoint
    self.cosignatures = cosignatures
  }
}
