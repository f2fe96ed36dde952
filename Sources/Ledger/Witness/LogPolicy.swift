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

  /// One of the logs, cosigned by `quorum` of the members, each of which is known by any of its keys.
  ///
  /// - Precondition: `quorum` is at most the number of members; 0 needs no cosignature. All keys differ.
  package init(logs: [VerifierKey], quorum: Int, of members: [(name: String, keys: [CosignerKey])]) {
    precondition((0...members.count).contains(quorum), "a quorum is met by its members")
    var witnesses: [CosignerKey] = []
    let rules = members.map { member -> Rule in
      let first = witnesses.count
      witnesses += member.keys
      return .group(count: 1, (first..<witnesses.count).map { .witness($0) })
    }
    self.init(logs: logs, witnesses: witnesses, quorum: quorum == 0 ? nil : .group(count: quorum, rules))
  }

  /// The same as a policy file, for everybody who verifies without a registry.
  ///
  /// - Parameter members: names without white space, none of them `none`, `quorum` or another's with `.` and digits.
  package static func text(logs: [VerifierKey], quorum: Int, of members: [(name: String, keys: [CosignerKey])]) -> String {
    var lines = logs.map { "log \($0)" }
    for member in members {
      let names = member.keys.indices.map { "\(member.name).\($0 + 1)" }
      lines += zip(names, member.keys).map { "witness \($0) \($1)" }
      lines.append("group \(member.name) any \(names.joined(separator: " "))")
    }
    if quorum == 0 {
      lines.append("quorum none")
    } else {
      lines.append("group quorum \(quorum) \(members.map(\.name).joined(separator: " "))")
      lines.append("quorum quorum")
    }
    return lines.joined(separator: "\n") + "\n"
  }

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
