import Foundation
import JSONTree
import Ledger
import Primitives
import Trust

/// A small ledger made by the same code that makes real ones, for tests to break.
struct LedgerSamples {
  let signer: CheckpointSigner
  var entries: [Entry] = []
  var tree = CompactTree()
  var nodes: [TreeNode: Digest] = [:]
  var checkpoints: [SignedCheckpoint] = []

  init(count: Int, groupSize: Int = 1_000_000, origin: String = "gateway.cn.example/ledger") throws {
    signer = try CheckpointSigner(origin: origin, key: .generate(.ed25519))
    for index in 0..<count {
      try append(Self.draft(index))
      if (index + 1).isMultiple(of: groupSize) { try checkpoint() }
    }
    if checkpoints.last?.size != count { try checkpoint() }
  }

  /// An empty one, which the given key signs.
  init(signer: CheckpointSigner) { self.signer = signer }

  mutating func append(_ draft: EntryDraft) throws {
    let entry = try Entry(
      draft, index: entries.count, now: Self.start.adding(seconds: Int64(entries.count)), notBefore: entries.last?.time,
      previous: entries.last?.leafHash ?? Entry.genesis)
    entries.append(entry)
    nodes[TreeNode(level: 0, index: entry.index)] = entry.leafHash
    tree.append(entry.leafHash) { nodes[$0] = $1 }
  }

  mutating func checkpoint() throws { checkpoints.append(try signer.sign(size: tree.size, root: tree.root)) }

  var head: SignedCheckpoint { checkpoints.last! }

  static let start = Instant(milliseconds: 1_795_000_000_000)

  static func draft(_ index: Int) -> EntryDraft {
    EntryDraft(
      kind: index.isMultiple(of: 2) ? "message.sent" : "message.received", corridor: "CN-SG",
      subject: SHA256.hash("subject \(index)"),
      messageID: MessageID(at: start, random: [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: 10)),
      payloadDigest: SHA256.hash("payload \(index)"), fieldsRoot: index.isMultiple(of: 3) ? SHA256.hash("fields \(index)") : nil,
      actor: "gateway.cn", versions: ["policy": "3", "profile": "cn.decmessage/1"],
      reasons: index.isMultiple(of: 5) ? ["receive.duplicate"] : [], extra: index.isMultiple(of: 4) ? ["attempt": 2] : [:])
  }

  func audit(_ lines: [[UInt8]], checkpoints: [SignedCheckpoint]? = nil) throws -> AuditReport {
    var audit = LedgerAudit(checkpoints: checkpoints ?? [head])
    for line in lines { try audit.add(line) }
    return try audit.finish()
  }

  func auditRows(_ rows: [(index: Int, bytes: [UInt8], leaf: Digest)], nodes: [TreeNode: Digest]? = nil) throws -> AuditReport {
    let stored = nodes ?? self.nodes
    var audit = LedgerAudit(checkpoints: checkpoints) { stored[$0] }
    for row in rows { try audit.add(row.bytes, stored: LedgerAudit.Stored(index: row.index, leaf: row.leaf)) }
    return try audit.finish()
  }

  var rows: [(index: Int, bytes: [UInt8], leaf: Digest)] { entries.map { ($0.index, $0.bytes, $0.leafHash) } }
}
