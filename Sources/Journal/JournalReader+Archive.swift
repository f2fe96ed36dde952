package import Ledger
package import Primitives

extension JournalReader {
  /// Holds an entry's bytes, wherever they come from, against the stored leaf hash.
  ///
  /// - Throws: `ledger.archived` (facts `index`, `end`) when they are in an archive that the store was not given; `ledger.data_damaged`.
  package func check(_ row: StoredEntry) throws(CausewayError) {
    if row.isEmptied {
      let end = try lastArchive().end
      if row.index < end { throw CausewayError("ledger.archived", facts: ["index": String(row.index), "end": String(end)]) }
    }
    guard row.isUndamaged else { throw CausewayError("ledger.data_damaged", facts: ["index": String(row.index), "field": "entry"]) }
  }

  /// What the next archive would be: all whole bundles from the end of the last one on, without the newest entries.
  ///
  /// - Parameters:
  ///   - limit: entries from here on are not archived.
  ///   - key: of the ledger that is meant, and `keys` all it ever had.
  /// - Throws: `ledger.archive_nothing` (facts `start`, `kept`); `ledger.archive_damaged` when the last one is not as it was recorded;
  ///   `ledger.archived`, `ledger.data_damaged`.
  package func nextArchive(upTo limit: Int, key: VerifierKey, keys: [VerifierKey]) throws(CausewayError) -> ArchiveManifest {
    let (last, flaw) = try checkedArchive(origin: key.name, keys: keys)
    if let flaw { throw CausewayError(problems: [flaw.problem]) }
    let size = try ledgerHead().size
    let end = max(0, min(limit, size - ArchiveManifest.keptEntryCount)) / Tile.fullWidth * Tile.fullWidth
    guard end > last.end, let entry = try entry(end - 1) else {
      throw CausewayError(
        "ledger.archive_nothing", facts: ["start": String(last.end), "kept": String(ArchiveManifest.keptEntryCount)])
    }
    let tree = try CompactTree(size: end) { node throws(CausewayError) in try existing(node) }
    return try ArchiveManifest(
      origin: key.name, start: last.end, state: AuditState(tree: tree, lastHash: entry.leafHash, lastTime: entry.time),
      note: try archivedCheckpoint(covering: end), previous: last.manifest?.digest ?? .zero)
  }

  /// The newest checkpoint that a witness has cosigned, if it has these entries; otherwise the newest one.
  private func archivedCheckpoint(covering end: Int) throws(CausewayError) -> [UInt8] {
    if let cosigned = try cosignedSizes(before: .max, limit: 1).first, cosigned >= end, let stored = try checkpoint(coveringSize: cosigned),
      stored.size == cosigned
    {
      return stored.note + (try cosignatures(size: cosigned)).flatMap(\.line)
    }
    guard let note = try latestNote() else { throw CausewayError("journal.not_found", facts: ["what": "checkpoint"]) }
    return note
  }

  /// Index of the first entry that is not older than a moment; the ledger's size when there is none. O(log *n*) reads.
  ///
  /// - Throws: `ledger.data_damaged`, `ledger.archived`.
  package func firstIndex(notBefore time: Instant) throws(CausewayError) -> Int {
    var (low, high) = (try lastArchive().end, try ledgerHead().size)
    while low < high {
      let middle = low + (high - low) / 2
      guard let entry = try entry(middle) else {
        throw CausewayError("ledger.data_damaged", facts: ["index": String(middle), "field": "missing"])
      }
      if entry.time < time { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Where the archives of this ledger end, after holding what the store says of them against the entry that records the last one.
  ///
  /// - Parameters:
  ///   - origin: the ledger that is meant, and `keys` its keys.
  /// - Returns: as ``lastArchive()``, with what is wrong; then without a manifest, because nothing vouches for it.
  func checkedArchive(origin: String, keys: [VerifierKey]) throws(CausewayError) -> (archive: LastArchive, flaw: AuditFinding?) {
    let last = try lastArchive()
    func flawed(_ field: String) -> (LastArchive, AuditFinding?) {
      (LastArchive(isThere: true, end: last.end), AuditFinding(.archive, index: last.manifest?.start ?? 0, field: field))
    }
    guard last.isThere else { return (last, nil) }
    guard let manifest = last.manifest else { return flawed("manifest") }
    guard let record = last.record, manifest.isRecorded(by: record) else { return flawed("record") }
    guard manifest.origin.hasSameBytes(as: origin) else { return flawed("origin") }
    guard let signed = try? SignedCheckpoint.verify(manifest.note, origin: origin, keys: keys), signed.size >= manifest.end else {
      return flawed("checkpoint")
    }
    return (last, nil)
  }

  /// The last archive by the ledger's record of it, or, where there is none that can be read, by its manifest.
  package func lastArchive() throws(CausewayError) -> LastArchive {
    let stored: StoredArchive?
    do throws(CausewayError) {
      stored = try archive()
    } catch  where error.code == "journal.row_invalid" {
      return LastArchive(isThere: true)
    }
    guard let stored else { return LastArchive() }
    let manifest = try? ArchiveManifest(parsing: stored.manifest)
    let row = try entries(from: stored.entry, limit: 1).first
    let entry = row.flatMap { $0.index == stored.entry ? try? Entry(parsing: $0.bytes) : nil }
    let record = entry.flatMap { $0.index == stored.entry && ArchiveManifest.recordedEnd($0) != nil ? $0 : nil }
    return LastArchive(
      isThere: true, end: record.flatMap { ArchiveManifest.recordedEnd($0) } ?? manifest?.end ?? 0, manifest: manifest, record: record)
  }
}

/// What is known of the last archive that took entries out of a journal.
package struct LastArchive {
  /// Whether the store says anything of one.
  var isThere = false
  /// Entries below it may be without bytes; 0 when there is none.
  package var end = 0
  package var manifest: ArchiveManifest?
  /// The entry that records it.
  var record: Entry?
}
