package import Ledger
package import Primitives

extension JournalReader {
  /// Verifies the stored ledger: every entry, leaf hash, subtree and checkpoint, the head, and what is kept of the last archive.
  ///
  /// Of entries whose bytes are in an archive, the stored leaf hashes have to lead to the signed root, and the archive's state to be that of them.
  /// - Parameters:
  ///   - origin: the ledger that is meant, and `keys` its keys: from the configuration, not from the store.
  ///   - state: where an earlier verification has got to, see ``believed(_:origin:keys:)``; nil for the whole ledger.
  ///   - passed: called now and then at a checkpoint up to which everything is as it was signed for, and at the end of a sound ledger.
  ///   - progress: called now and then with how many entries have been read, and how many there should be.
  /// - Throws: `journal.storage` when the store itself cannot be read; damage is reported, not thrown.
  /// - Complexity: O(*n*) time, O(log *n*) memory besides findings.
  package func auditLedger(
    origin: String, keys: [VerifierKey], from state: BelievedState? = nil, passed: (AuditState) -> Void = { _ in },
    progress: (Int, Int) -> Void = { _, _ in }
  ) throws(CausewayError) -> AuditReport {
    let rows = CheckpointRows(reader: self, origin: origin, keys: keys, from: state.map { $0.state.size + 1 } ?? 0)
    let nodes = NodeRows(reader: self)
    var audit = LedgerAudit(
      from: state?.state ?? AuditState(), of: state?.checkpoint,
      storedNode: { node throws(CausewayError) in try nodes.hash(node) }, nextCheckpoint: { () throws(CausewayError) in try rows.next() })
    let size = try? ledgerHead().size
    let (archive, archiveFlaw) = try checkedArchive(origin: origin, keys: keys)
    var (next, lastPassed) = (state?.state.size ?? 0, state?.state.size ?? 0)
    while true {
      let start = next
      try eachEntry(from: start, limit: 1000) { row throws(CausewayError) in
        if row.isEmptied, row.index < archive.end {
          try audit.addHash(row.leafHash, index: row.index)
          if let state = archive.manifest?.state, state.size == audit.tree.size { audit.pass(state) }
        } else {
          try audit.add(
            row.bytes,
            stored: LedgerAudit.Stored(index: row.index, leaf: row.leafHash, message: row.message.map { .text($0) } ?? .none))
        }
        rows.compareTime(size: audit.tree.size, time: audit.lastTime)
        if audit.tree.size >= lastPassed + Self.passedInterval, rows.flaws.isEmpty, archiveFlaw == nil, let state = audit.state {
          passed(state)
          lastPassed = state.size
        }
        next = row.index + 1
      }
      guard next > start else { break }
      progress(next, size ?? next)
    }
    let end = audit.state
    var report = try audit.finish()
    for flaw in rows.flaws + [archiveFlaw].compactMap({ $0 }) { report.note(flaw) }
    if report.isSound, try ledgerNodeCount() != LedgerHead.nodeCount(size: audit.tree.size) {
      report.note(AuditFinding(.tree, index: audit.tree.size, field: "surplus subtrees"))
    }
    if report.isSound, !isHead(audit) { report.note(AuditFinding(.tree, index: audit.tree.size, field: "head")) }
    if report.isSound, let manifest = archive.manifest, !leads(to: manifest, keys) {
      report.note(AuditFinding(.archive, index: manifest.start, field: "checkpoint"))
    }
    if report.isSound, let end { passed(end) }
    return report
  }

  /// Entries between two calls of `passed`, at least.
  private static var passedInterval: Int { 10_000 }

  private func isHead(_ audit: LedgerAudit) -> Bool {
    guard let head = try? ledgerHead(), head.tree == audit.tree, head.lastTime == audit.lastTime else { return false }
    guard head.size > 0 else { return head.lastHash == Entry.genesis }
    guard let last = try? entries(from: head.size - 1, limit: 1).first else { return false }
    return head.lastHash == MerkleTree.leafHash(last.bytes)
  }

  /// Whether the checkpoint of an archive is one of this ledger's history.
  private func leads(to manifest: ArchiveManifest, _ keys: [VerifierKey]) -> Bool {
    guard let signed = try? SignedCheckpoint.verify(manifest.note, origin: manifest.origin, keys: keys) else { return false }
    return (try? root(size: signed.size)) == signed.root
  }

  /// Decides whether a verification may go on where an earlier one stopped.
  ///
  /// - Returns: nil unless the state's root is that of a checkpoint that the log has signed and the journal holds, and the last entry is the
  ///   one that the state names.
  package func believed(_ state: AuditState, origin: String, keys: [VerifierKey]) throws(CausewayError) -> BelievedState? {
    guard let row = try? checkpoint(coveringSize: state.size), row.size == state.size,
      let signed = try? SignedCheckpoint.verify(row.note, origin: origin, keys: keys),
      signed.size == state.size, signed.root == state.tree.root
    else { return nil }
    if state.size > 0 {
      guard let last = try entries(from: state.size - 1, limit: 1).first, last.index == state.size - 1,
        MerkleTree.leafHash(last.bytes) == state.lastHash, (try? Entry(parsing: last.bytes))?.time == state.lastTime
      else { return nil }
    }
    return BelievedState(state: state, checkpoint: signed)
  }
}

/// Where an earlier verification has got to, with the signed checkpoint that it was believed for.
package struct BelievedState: Hashable, Sendable {
  package let state: AuditState
  package let checkpoint: SignedCheckpoint

  fileprivate init(state: AuditState, checkpoint: SignedCheckpoint) {
    self.state = state
    self.checkpoint = checkpoint
  }
}

/// The subtrees of a journal as an audit asks for them, in the order of their completion: read many at a time.
private final class NodeRows {
  private static let pageSize = 1024
  private let reader: any JournalReader
  /// By rising position.
  private var page: [(position: Int, hash: Digest?)] = []
  /// The positions that the page tells about: one of them without a row is missing.
  private var range = 0..<0

  init(reader: any JournalReader) { self.reader = reader }

  /// - Returns: nil when there is no such row, or no digest in it.
  func hash(_ node: TreeNode) throws(CausewayError) -> Digest? {
    let position = node.position
    if !range.contains(position) {
      page = try reader.nodes(from: position, limit: Self.pageSize)
      range = position..<(page.count < Self.pageSize ? .max : page[page.count - 1].position + 1)
    }
    // Without a gap before it, a row stands as far behind the first as its position does.
    let offset = position - range.lowerBound
    if offset < page.count, page[offset].position == position { return page[offset].hash }
    return page.first { $0.position == position }?.hash
  }
}

/// The checkpoints of a journal by rising size, each verified when it is taken, and what is wrong with their rows.
private final class CheckpointRows {
  private let reader: any JournalReader
  private let origin: String
  private let keys: [VerifierKey]
  private var page: ArraySlice<StoredCheckpoint> = []
  private var start: Int
  /// Times of the checkpoints that the entries have not reached, by rising size.
  private var times: [(size: Int, time: Instant)] = []
  private(set) var flaws: [AuditFinding] = []

  init(reader: any JournalReader, origin: String, keys: [VerifierKey], from start: Int) {
    self.reader = reader
    self.origin = origin
    self.keys = keys
    self.start = start
  }

  func next() throws(CausewayError) -> SignedCheckpoint? {
    while let row = try nextRow() {
      do {
        let signed = try SignedCheckpoint.verify(row.note, origin: origin, keys: keys)
        guard signed.size == row.size, signed.root == row.root else {
          flaws.append(AuditFinding(.checkpoint, index: row.size, field: "row"))
          continue
        }
        times.append((row.size, row.time))
        return signed
      } catch {
        flaws.append(AuditFinding(.checkpoint, index: row.size, field: error.code.rawValue))
      }
    }
    return nil
  }

  /// A checkpoint has the time of the last entry under it; nothing says when an empty log was signed, or an entry recorded of which only the hash
  /// is there.
  func compareTime(size: Int, time: Instant?) {
    while let first = times.first, first.size <= size {
      times.removeFirst()
      guard first.size == size, size > 0, let time, first.time != time else { continue }
      flaws.append(AuditFinding(.checkpoint, index: size, field: "time"))
    }
  }

  private func nextRow() throws(CausewayError) -> StoredCheckpoint? {
    if page.isEmpty {
      do throws(CausewayError) {
        page = try reader.checkpoints(from: start, limit: 1000)[...]
      } catch  where error.code == "journal.row_invalid" {
        flaws.append(AuditFinding(.checkpoint, index: start, field: "row"))
        return nil
      }
    }
    guard let row = page.popFirst() else { return nil }
    start = row.size + 1
    return row
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
