package import JSONTree
package import Primitives

/// One place where a ledger is not what was signed.
package struct AuditFinding: Hashable, Sendable {
  /// What kind of thing is broken.
  package enum Damage: String, Sendable, CaseIterable {
    /// The entry's bytes are not the ones that were recorded.
    case data
    /// The entry is missing, surplus, or stands in another's place.
    case index
    /// The entry's link to the one before is not the one that was recorded.
    case chain
    /// A stored hash of the tree is not the hash of what is under it.
    case tree
    /// A checkpoint is not of this log, not signed by it, or not of these entries.
    case checkpoint
  }

  package let damage: Damage
  /// The entry that is concerned; for a subtree its first entry; for a checkpoint its size.
  package let index: Int
  /// Which part: a member's name, `entry`, `leaf hash`, `subtree 3/5`, or what is wrong with the place.
  package let field: String

  package init(_ damage: Damage, index: Int, field: String) {
    self.damage = damage
    self.index = index
    self.field = field
  }

  /// The finding as a problem: `ledger.<damage>_damaged`, pointer `/entries/<index>`.
  package var problem: Problem {
    let code: ErrorCode =
      switch damage {
      case .data: "ledger.data_damaged"
      case .index: "ledger.index_damaged"
      case .chain: "ledger.chain_damaged"
      case .tree: "ledger.tree_damaged"
      case .checkpoint: "ledger.checkpoint_damaged"
      }
    return Problem(code, pointer: "/entries/\(index)", facts: ["index": String(index), "field": field])
  }

  package var json: JSONValue {
    ["damage": .string(damage.rawValue), "field": .string(field), "index": .number(JSONNumber(index))]
  }
}

/// What a full verification of a ledger has found.
package struct AuditReport: Hashable, Sendable {
  /// Entries that were read.
  package var entryCount = 0
  /// Their bytes.
  package var byteCount = 0
  /// Checkpoints whose signature and root were checked.
  package var checkpointCount = 0
  /// The checkpoint that the whole was compared with; nil when there was none that verifies.
  package var checkpoint: Checkpoint?
  /// By index, the first ``mostFindings`` of them.
  package var findings: [AuditFinding] = []
  /// All findings, also those that are not listed.
  package var findingCount = 0

  package static let mostFindings = 100

  package init() {}

  /// Adds what was found outside of the entries, for example at a store's own rows.
  package mutating func note(_ finding: AuditFinding) {
    findingCount += 1
    let place = findings.firstIndex { $0.index > finding.index } ?? findings.endIndex
    findings.insert(finding, at: place)
    if findings.count > Self.mostFindings { findings.removeLast() }
  }

  /// Whether every entry is the one that was signed for.
  package var isSound: Bool { findingCount == 0 && checkpoint != nil }

  /// `{"bytes":…,"checkpoint":{"origin":…,"root":…,"size":…},"checkpoints":…,"entries":…,"findings":[…],"sound":true}`
  package var json: JSONValue {
    var head: JSONValue = .null
    if let checkpoint {
      head = [
        "origin": .string(checkpoint.origin), "root": .string(checkpoint.root.hex), "size": .number(JSONNumber(checkpoint.size)),
      ]
    }
    return [
      "bytes": .number(JSONNumber(byteCount)), "checkpoint": head, "checkpoints": .number(JSONNumber(checkpointCount)),
      "entries": .number(JSONNumber(entryCount)), "findingCount": .number(JSONNumber(findingCount)),
      "findings": .array(findings.map(\.json)), "sound": .bool(isSound),
    ]
  }
}
