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
  private var copy: Copy
  /// Size by the head as it was found.
  private var end = 0
  /// The last archive, as the copy's record of it has it; entries of it may be without bytes.
  private var archive: ArchiveManifest?
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
    copy = Copy(source)
    self.copied = copied
  }

  /// - Parameter witnessed: a checkpoint of this log that somebody else has kept; needed when the journal has none left that verifies.
  /// - Throws: `ledger.repair_unvouched` when no checkpoint vouches for the copy; `ledger.history_conflict` when the copy is of another
  ///   history than a checkpoint; `ledger.repair_incomplete` (facts `index`, `field`) when the copy is not enough for a sound ledger; what
  ///   the copy's reader and the store throw. The transaction is then not to be committed.
  /// - Complexity: O(*n*) time; one bundle and one tile a level in memory.
  package mutating func run(witnessed: SignedCheckpoint?) throws(CausewayError) -> RepairReport {
    let (believed, largest) = try believedSize(witnessed)
    archive = try believedArchive(believed)
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
      guard try copy.source.root(size: known.size) == known.root else {
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
      let place = try place(index, row, believed)
      var completed: [(node: TreeNode, hash: Digest)] = []
      head.tree.append(place.leafHash) { completed.append(($0, $1)) }
      head.lastHash = place.leafHash
      head.lastTime = place.time
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

  /// The archive that the journal has recorded last. A row that does not fit its record is removed: the entries come back from the copy then.
  private mutating func believedArchive(_ believed: Int) throws(CausewayError) -> ArchiveManifest? {
    let last = try transaction.lastArchive()
    guard last.isThere else { return nil }
    if let manifest = last.manifest, manifest.origin.hasSameBytes(as: key.name), let stored = try? transaction.archive(), stored.entry >= 0
    {
      // The row of the record may be one of those to be put right.
      var record = last.record
      if stored.entry < believed, let entry = try? copy.entry(stored.entry) { record = entry }
      if let record, manifest.isRecorded(by: record) { return manifest }
    }
    try transaction.removeArchive()
    report.isArchiveForgotten = true
    return nil
  }

  private mutating func place(_ index: Int, _ row: StoredEntry?, _ believed: Int) throws(CausewayError) -> Place {
    if let place = try archivedPlace(index, row, believed) { return place }
    let entry = try index < believed ? believedEntry(index, row) : ownEntry(index, row)
    return Place(leafHash: entry.leafHash, time: entry.time)
  }

  /// What is kept of an entry whose bytes are in an archive; nil for any other, and for one that is not the copy's, as far as the copy has it.
  private mutating func archivedPlace(_ index: Int, _ row: StoredEntry?, _ believed: Int) throws(CausewayError) -> Place? {
    guard let archive, index < archive.end, let row, row.isEmptied, let leaf = row.leafHash else { return nil }
    if index < believed {
      guard try copy.source.node(TreeNode(level: 0, index: index)) == leaf else { return nil }
      if let entry = try? copy.entry(index), !Self.isFoundByMessage(row, entry) { return nil }
    }
    return Place(leafHash: leaf, time: nil)
  }

  /// An entry that the copy vouches for: the row's when it is the same, otherwise the copy's.
  private mutating func believedEntry(_ index: Int, _ row: StoredEntry?) throws(CausewayError) -> Entry {
    let leaf = try copy.source.node(TreeNode(level: 0, index: index))
    if let row, row.isUndamaged, row.leafHash == leaf, let entry = try? Entry(parsing: row.bytes), Self.isFoundByMessage(row, entry) {
      return entry
    }
    let entry = try copy.entry(index)
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
    var copy = copy
    try forEachCheckpoint { row throws(CausewayError) in
      let signed = (try? SignedCheckpoint.verify(row.note, origin: key.name, keys: keys)) ?? known[row.size]
      if let signed, row.size == signed.size, row.root == signed.root, row.note == signed.note,
        row.time == (try time(of: row, &copy)) ?? row.time
      {
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
      guard let time = try lastTime(under: signed.size, &copy) else { throw incomplete(signed.size - 1, "time") }
      try transaction.overwrite(StoredCheckpoint(size: signed.size, root: signed.root, note: signed.note, time: time))
      report.checkpoints.append(signed.size)
    }
  }

  /// The time that a checkpoint's row should have: that of the last entry under it. nil where nothing tells: of the empty ledger, and of entries
  /// in an archive that the copy does not have.
  private func time(of row: StoredCheckpoint, _ copy: inout Copy) throws(CausewayError) -> Instant? {
    row.size == 0 ? nil : try lastTime(under: row.size, &copy)
  }

  /// Time of an entry that is whole by now, or in an archive.
  private func lastTime(under size: Int, _ copy: inout Copy) throws(CausewayError) -> Instant? {
    if let archive, size == archive.end { return archive.state.lastTime }
    do throws(CausewayError) {
      guard let entry = try transaction.entry(size - 1) else { throw incomplete(size - 1, "missing") }
      return entry.time
    } catch  where error.code == "ledger.archived" {
      return (try? copy.entry(size - 1))?.time
    }
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

  /// The copy, with the bundle of it that was read last.
  private struct Copy {
    var source: TileReader
    private var bundle: (index: Int, entries: [[UInt8]])?

    init(_ source: TileReader) { self.source = source }

    mutating func entry(_ index: Int) throws(CausewayError) -> Entry {
      if bundle?.index != index / Tile.fullWidth {
        bundle = (index / Tile.fullWidth, try source.bundle(index / Tile.fullWidth))
      }
      return try Entry(parsing: bundle?.entries[index % Tile.fullWidth] ?? [])
    }
  }

  /// What the ledger's head takes from an entry.
  private struct Place {
    let leafHash: Digest
    let time: Instant?
  }

  private func incomplete(_ index: Int, _ field: String) -> CausewayError {
    CausewayError("ledger.repair_incomplete", facts: ["index": String(index), "field": field])
  }
}
