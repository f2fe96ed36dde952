package import Ledger
package import Primitives

/// Puts the rows of a stored ledger right from a copy of it: an export or a partner's mirror.
///
/// The copy is believed as far as its own checkpoint reaches, which this log has signed, and only when it holds the history that the
/// journal's largest checkpoint, or one that a witness has kept, is of. What is then wrong is put right row by row, entries behind the end
/// are added, and the whole is verified before anything is committed.
package struct LedgerRepair {
  private let transaction: any LedgerRepairTransaction
  private let key: VerifierKey
  private let keys: [VerifierKey]
  private let copied: SignedCheckpoint
  private var source: TileReader
  /// The bundle of the copy that was read last.
  private var bundle: (index: Int, entries: [[UInt8]])?
  /// Size by the head as it was found.
  private var end = 0
  private var report = RepairReport()

  /// - Parameters:
  ///   - key: the ledger that is meant, by its key now, and `keys` all it ever had: from the configuration.
  ///   - source: the copy, as read by its checkpoint `copied`.
  package init(
    _ transaction: any LedgerRepairTransaction, key: VerifierKey, keys: [VerifierKey], source: TileReader, copied: SignedCheckpoint
  ) {
    self.transaction = transaction
    self.key = key
    self.keys = keys
    self.source = source
    self.copied = copied
  }

  /// - Parameter witnessed: a checkpoint of this log that somebody else has kept; needed when the journal has none left that verifies.
  /// - Throws: `ledger.repair_unvouched` when no checkpoint vouches for the copy; `ledger.history_conflict` when the copy is of another
  ///   history than a checkpoint; `ledger.repair_incomplete` (facts `index`, `field`) when the copy is not enough for a sound ledger; what
  ///   the copy's reader and the store throw. The transaction is then not to be committed.
  /// - Complexity: O(*n*) time; one bundle and one tile a level in memory.
  package mutating func run(witnessed: SignedCheckpoint?) throws(CausewayError) -> RepairReport {
    let (believed, largest) = try believedSize(witnessed)
    try repairEntries(believed: believed, size: max(believed, largest))
    try repairCheckpoints(believed: believed, witnessed)
    if try transaction.value(StoredValue.verifierKey) == nil { try transaction.keep(key) }
    let audit = try transaction.auditLedger(origin: key.name, keys: keys)
    guard audit.isSound, let checkpoint = audit.checkpoint else {
      throw incomplete(audit.findings.first?.index ?? 0, audit.findings.first?.field ?? "checkpoint")
    }
    report.size = checkpoint.size
    report.root = checkpoint.root
    return report
  }

  // MARK: What is believed

  /// - Returns: how many entries of the copy are believed, and the size of the largest checkpoint there is besides the copy's.
  private mutating func believedSize(_ witnessed: SignedCheckpoint?) throws(CausewayError) -> (believed: Int, largest: Int) {
    var largest = witnessed?.size ?? 0
    var within: SignedCheckpoint?
    let (origin, keys, end) = (key.name, keys, copied.size)
    try forEachCheckpoint { row throws(CausewayError) in
      guard let signed = try? SignedCheckpoint.verify(row.note, origin: origin, keys: keys) else { return }
      largest = max(largest, signed.size)
      if signed.size <= end, signed.size > within?.size ?? 0 { within = signed }
    }
    var believed = 0
    for known in [within, witnessed].compactMap({ $0 }) where known.size > 0 && known.size <= copied.size {
      guard try source.root(size: known.size) == known.root else {
        throw CausewayError(
          "ledger.history_conflict",
          facts: ["old": String(known.size), "new": String(copied.size), "reason": "another root at size \(known.size)"])
      }
      believed = max(believed, known.size)
    }
    guard believed > 0 else { throw CausewayError("ledger.repair_unvouched") }
    return (largest <= copied.size ? copied.size : believed, largest)
  }

  // MARK: Entries and tree

  private mutating func repairEntries(believed: Int, size: Int) throws(CausewayError) {
    var head = LedgerHead()
    var page: ArraySlice<StoredEntry> = []
    let isEmpty = try transaction.entries(from: 0, limit: 1).isEmpty
    end = (try? transaction.ledgerHead().size) ?? (isEmpty ? 0 : size)
    while head.size < size {
      let index = head.size
      if page.isEmpty { page = try transaction.entries(from: index, limit: 1000)[...] }
      let row = page.first?.index == index ? page.popFirst() : nil
      let entry = try index < believed ? believedEntry(index, row) : ownEntry(index, row)
      var completed: [(node: TreeNode, hash: Digest)] = []
      head.tree.append(entry.leafHash) { completed.append(($0, $1)) }
      head.lastHash = entry.leafHash
      head.lastTime = entry.time
      for (node, hash) in completed where (try? transaction.node(node)) != hash {
        try transaction.overwrite(node, hash: hash)
        report.nodeCount += 1
      }
    }
    let first = try transaction.entries(from: .min, limit: 1).first
    for surplus in [first, try transaction.entries(from: size, limit: 1).first].compactMap({ $0 }) where !(0..<size).contains(surplus.index)
    {
      try removeSurplus(surplus, behind: head)
    }
    if try transaction.ledgerNodeCount() != LedgerHead.nodeCount(size: size) {
      try transaction.removeNodes(beyond: size)
      report.isSurplusRemoved = true
    }
    if (try? transaction.ledgerHead()) != head {
      try transaction.overwrite(head)
      report.isHeadChanged = true
    }
  }

  /// An entry that the copy vouches for: the row's when it is the same, otherwise the copy's.
  private mutating func believedEntry(_ index: Int, _ row: StoredEntry?) throws(CausewayError) -> Entry {
    let leaf = try source.node(TreeNode(level: 0, index: index))
    if let row, row.isUndamaged, row.leafHash == leaf, let entry = try? Entry(parsing: row.bytes), Self.isFoundByMessage(row, entry) {
      return entry
    }
    if bundle?.index != index / Tile.fullWidth {
      bundle = (index / Tile.fullWidth, try source.bundle(index / Tile.fullWidth))
    }
    let entry = try Entry(parsing: bundle?.entries[index % Tile.fullWidth] ?? [])
    try transaction.overwrite(entry)
    // Behind the old end nothing is put right: it is new here.
    if row == nil, index >= end { report.appended += 1 } else { note(index) }
    return entry
  }

  /// An entry behind the end of the copy: nobody else has it, so that only what is kept beside it can be put right.
  private mutating func ownEntry(_ index: Int, _ row: StoredEntry?) throws(CausewayError) -> Entry {
    guard let row else { throw incomplete(index, "missing") }
    guard let entry = try? Entry(parsing: row.bytes) else { throw incomplete(index, "entry") }
    if row.leafHash != entry.leafHash || !Self.isFoundByMessage(row, entry) {
      try transaction.overwrite(entry)
      note(index)
    }
    return entry
  }

  private static func isFoundByMessage(_ row: StoredEntry, _ entry: Entry) -> Bool {
    row.message == entry.draft.messageID.map { Array($0.text.utf8) }
  }

  /// Rows behind every checkpoint are removed, unless they go on where the ledger ends: then a checkpoint over them is missing, and they
  /// may be all there is.
  private mutating func removeSurplus(_ row: StoredEntry, behind head: LedgerHead) throws(CausewayError) {
    if row.index == head.size, let entry = try? Entry(parsing: row.bytes), entry.index == head.size, entry.previous == head.lastHash {
      throw incomplete(head.size, "no checkpoint over it")
    }
    try transaction.removeEntries(beyond: head.size)
    report.isSurplusRemoved = true
  }

  private mutating func note(_ index: Int) {
    report.entryCount += 1
    if report.entries.count < RepairReport.mostListed { report.entries.append(index) }
  }

  // MARK: Checkpoints

  private mutating func repairCheckpoints(believed: Int, _ witnessed: SignedCheckpoint?) throws(CausewayError) {
    var known: [Int: SignedCheckpoint] = [:]
    if let witnessed { known[witnessed.size] = witnessed }
    if believed == copied.size { known[copied.size] = copied }
    var rows: [StoredCheckpoint] = []
    try forEachCheckpoint { row throws(CausewayError) in
      let signed = (try? SignedCheckpoint.verify(row.note, origin: key.name, keys: keys)) ?? known[row.size]
      if let signed, row.size == signed.size, row.root == signed.root, row.note == signed.note, row.time == (try time(of: row)) {
        known[row.size] = nil
      } else {
        rows.append(row)
      }
    }
    for row in rows {
      let signed = (try? SignedCheckpoint.verify(row.note, origin: key.name, keys: keys)) ?? known[row.size]
      if signed?.size != row.size {
        try transaction.removeCheckpoint(size: row.size)
        report.removedCheckpoints.append(row.size)
      }
      if let signed { known[signed.size] = signed }
    }
    for signed in known.values.sorted(by: { $0.size < $1.size }) where signed.size > 0 {
      guard let last = try transaction.entry(signed.size - 1) else { throw incomplete(signed.size - 1, "missing") }
      try transaction.overwrite(StoredCheckpoint(size: signed.size, root: signed.root, note: signed.note, time: last.time))
      report.checkpoints.append(signed.size)
    }
  }

  /// The time that a checkpoint's row should have: that of the last entry under it. Nothing tells when the empty ledger was signed.
  private func time(of row: StoredCheckpoint) throws(CausewayError) -> Instant? {
    row.size == 0 ? row.time : try transaction.entry(row.size - 1)?.time
  }

  private func forEachCheckpoint(_ body: (StoredCheckpoint) throws(CausewayError) -> Void) throws(CausewayError) {
    var next = 0
    while true {
      let page = try transaction.checkpoints(from: next, limit: 1000)
      for row in page { try body(row) }
      guard let last = page.last else { return }
      next = last.size + 1
    }
  }

  private func incomplete(_ index: Int, _ field: String) -> CausewayError {
    CausewayError("ledger.repair_incomplete", facts: ["index": String(index), "field": field])
  }
}
