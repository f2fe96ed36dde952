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
    /// An archive is not the one that the ledger has recorded, or does not continue the one before.
    case archive
  }

  package let damage: Damage
  /// The entry that is concerned; for a subtree its first entry; for a checkpoint its size; for an archive its first entry.
  package let index: Int
  /// Which part: a member's name, `entry`, `leaf hash`, `subtree 3/5`, or what is wrong with the place.
  package let field: String
  /// For a subtree, its level; 0 for a leaf hash and for everything else.
  package let level: Int
  /// The file that is concerned, where the ledger lies in files.
  package var file: String?

  package init(_ damage: Damage, index: Int, field: String) {
    self.damage = damage
    self.index = index
    self.field = field
    level = 0
  }

  /// A stored subtree hash that is not the one over the entries.
  package init(subtree node: TreeNode, field: String? = nil) {
    damage = .tree
    index = node.firstLeaf
    self.field = field ?? "subtree \(node.level)/\(node.index)"
    level = node.level
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
      case .archive: "ledger.archive_damaged"
      }
    return Problem(code, pointer: "/entries/\(index)", facts: ["index": String(index), "field": field])
  }

  package var json: JSONValue {
    var object: JSONObject = ["damage": .string(damage.rawValue), "field": .string(field), "index": .number(JSONNumber(index))]
    if let file { object["file"] = .string(file) }
    return .object(object)
  }

  /// One line for people: `entry 17: data damaged (entry)`, with the file before it where there is one.
  package var line: String {
    "\(file.map { $0 + ": " } ?? "")entry \(index): \(damage.rawValue) damaged (\(field))"
  }
}

/// What a full verification of a ledger has found.
package struct AuditReport: Hashable, Sendable {
  /// How many entries were taken for verified before, and not read.
  package var start = 0
  /// Entries that were read.
  package var entryCount = 0
  /// Their bytes.
  package var byteCount = 0
  /// Entries that are in an archive: only their hashes were verified.
  package var hashedCount = 0
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

  /// Names the file of each finding.
  mutating func locate(_ file: (AuditFinding) -> String?) {
    for index in findings.indices { findings[index].file = file(findings[index]) }
  }

  /// Adds what was found outside of the entries, for example at a store's own rows.
  package mutating func note(_ finding: AuditFinding) {
    findingCount += 1
    let place = findings.firstIndex { $0.index > finding.index } ?? findings.endIndex
    findings.insert(finding, at: place)
    if findings.count > Self.mostFindings { findings.removeLast() }
  }

  /// Adds what was read and found in a part.
  mutating func take(_ part: AuditReport) {
    entryCount += part.entryCount
    byteCount += part.byteCount
    for finding in part.findings { note(finding) }
    findingCount += part.findingCount - part.findings.count
  }

  /// Whether every entry is the one that was signed for.
  package var isSound: Bool { findingCount == 0 && checkpoint != nil }

  /// `{"bytes":…,"checkpoint":{"origin":…,"root":…,"size":…},"checkpoints":…,"entries":…,"findingCount":…,"findings":[…],"from":0,"hashed":0,"sound":true}`
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
      "findings": .array(findings.map(\.json)), "from": .number(JSONNumber(start)),
      "hashed": .number(JSONNumber(hashedCount)), "sound": .bool(isSound),
    ]
  }
}
