package import Ledger
package import Primitives

extension JournalReader {
  /// Verifies the whole stored ledger: every entry, leaf hash, subtree and checkpoint, and the head.
  ///
  /// - Parameters:
  ///   - origin: the ledger that is meant, and `keys` its keys: from the configuration, not from the store.
  ///   - progress: called now and then with how many entries have been read, and how many there should be.
  /// - Throws: `journal.storage` when the store itself cannot be read; damage is reported, not thrown.
  /// - Complexity: O(*n*).
  package func auditLedger(
    origin: String, keys: [VerifierKey], progress: (Int, Int) -> Void = { _, _ in }
  ) throws(CausewayError) -> AuditReport {
    var flaws: [AuditFinding] = []
    let checkpoints = try verifiedCheckpoints(origin, keys, &flaws)
    var audit = LedgerAudit(checkpoints: checkpoints) { node throws(CausewayError) in
      do throws(CausewayError) {
        return try self.node(node)
      } catch  where error.code == "journal.row_invalid" {
        return nil
      }
    }
    var next = 0
    var last: StoredEntry?
    var tree = CompactTree()
    while true {
      let page = try entries(from: next, limit: 1000)
      for row in page {
        try audit.add(row.bytes, storedIndex: row.index, storedLeaf: row.leafHash)
        tree.append(MerkleTree.leafHash(row.bytes))
      }
      guard let final = page.last else { break }
      last = final
      next = final.index + 1
      progress(next, checkpoints.last?.size ?? next)
    }
    var report = audit.finish()
    for flaw in flaws { report.note(flaw) }
    if report.isSound, !isHead(of: tree, last) { report.note(AuditFinding(.tree, index: tree.size, field: "head")) }
    return report
  }

  private func isHead(of tree: CompactTree, _ last: StoredEntry?) -> Bool {
    guard let head = try? ledgerHead() else { return false }
    return head.tree == tree && head.lastHash == last?.leafHash ?? Entry.genesis
      && head.lastTime == last.flatMap { try? Entry(parsing: $0.bytes) }?.time
  }

  private func verifiedCheckpoints(
    _ origin: String, _ keys: [VerifierKey], _ flaws: inout [AuditFinding]
  ) throws(CausewayError) -> [SignedCheckpoint] {
    var verified: [SignedCheckpoint] = []
    var next = 0
    while true {
      let page = try checkpoints(from: next, limit: 1000)
      for row in page {
        do {
          let signed = try SignedCheckpoint.verify(row.note, origin: origin, keys: keys)
          guard signed.size == row.size, signed.root == row.root else {
            flaws.append(AuditFinding(.checkpoint, index: row.size, field: "row"))
            continue
          }
          verified.append(signed)
        } catch {
          flaws.append(AuditFinding(.checkpoint, index: row.size, field: error.code.rawValue))
        }
      }
      guard let final = page.last else { return verified }
      next = final.size + 1
    }
  }
}

extension Journal {
  /// Verifies the whole ledger, see `JournalReader.auditLedger`.
  package nonisolated func audit(progress: @Sendable (Int, Int) -> Void = { _, _ in }) async throws(CausewayError) -> AuditReport {
    let key = verifierKey
    return try await read { reader throws(CausewayError) in
      try reader.auditLedger(origin: key.name, keys: [key], progress: progress)
    }
  }
}
