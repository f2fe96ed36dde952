import Primitives

/// Entries as lines of text: each entry's bytes and a line feed, in order of index. Canonical JSON escapes line feeds, so the bytes
/// that were hashed are exported and verified unchanged.
package enum EntryLines {
  /// One line.
  package static func line(_ entry: [UInt8]) -> [UInt8] { entry + [0x0A] }

  /// The lines of an exported ledger without their line feeds. A last line without line feed counts; empty lines count too, so
  /// that an audit finds them.
  package static func split(_ text: [UInt8]) -> [[UInt8]] {
    var lines: [[UInt8]] = []
    var start = text.startIndex
    while start < text.endIndex {
      let end = text[start...].firstIndex(of: 0x0A) ?? text.endIndex
      lines.append(Array(text[start..<end]))
      start = end + 1
    }
    return lines
  }

  /// Verifies an exported ledger with nothing but its text and one checkpoint.
  ///
  /// - Parameters:
  ///   - note: the signed checkpoint that the export ends with.
  ///   - origin: the ledger that is meant, and `keys` its keys: pinned by the caller.
  /// - Returns: a report; a checkpoint that does not verify is a finding in it.
  package static func verify(_ text: [UInt8], note: [UInt8], origin: String, keys: [VerifierKey]) -> AuditReport {
    var checkpoints: [SignedCheckpoint] = []
    var flaw: AuditFinding?
    do {
      checkpoints = [try SignedCheckpoint.verify(note, origin: origin, keys: keys)]
    } catch {
      flaw = AuditFinding(.checkpoint, index: 0, field: error.code.rawValue)
    }
    var audit = LedgerAudit(checkpoints: checkpoints)
    for line in split(text) {
      // Without stored subtrees nothing is read, so nothing can fail.
      try? audit.add(line)
    }
    var report = audit.finish()
    if let flaw { report.note(flaw) }
    return report
  }
}
