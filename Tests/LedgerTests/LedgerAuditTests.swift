import JSONTree
import Ledger
import Primitives
import Testing
import Trust

/// attacks L-01: whatever is changed is found and brought home to the entry.
@Suite struct LedgerAuditTests {
  @Test(arguments: [0, 1, 2, 3, 7, 8, 9, 33]) func aSoundLedgerIsSound(_ count: Int) throws {
    let ledger = try LedgerSamples(count: count, groupSize: 4)
    for report in [
      try ledger.audit(ledger.entries.map(\.bytes)), try ledger.audit(ledger.entries.map(\.bytes), checkpoints: ledger.checkpoints),
      try ledger.auditRows(ledger.rows),
    ] {
      #expect(report.isSound && report.findings.isEmpty)
      #expect(report.entryCount == count && report.byteCount == ledger.entries.reduce(0) { $0 + $1.bytes.count })
      #expect(report.checkpoint?.size == count)
    }
  }

  /// Every byte of every entry, in a mere sequence of entries: only the signed checkpoint and the chain can tell.
  @Test func everyFlippedByteIsNamedInASequence() throws {
    let ledger = try LedgerSamples(count: 5)
    let lines = ledger.entries.map(\.bytes)
    for line in lines.indices {
      for offset in lines[line].indices {
        var changed = lines
        changed[line][offset] ^= offset.isMultiple(of: 3) ? 0x80 : 0x01
        let report = try ledger.audit(changed)
        #expect(!report.isSound)
        #expect(report.findings.map(\.index) == [line], "byte \(offset) of entry \(line): \(report.findings)")
      }
    }
  }

  /// The same with what a store keeps beside the entries.
  @Test func everyFlippedByteIsNamedInAStore() throws {
    let ledger = try LedgerSamples(count: 4, groupSize: 3)
    for row in ledger.rows.indices {
      for offset in ledger.rows[row].bytes.indices {
        var changed = ledger.rows
        changed[row].bytes[offset] ^= 0x01
        let report = try ledger.auditRows(changed)
        #expect(report.findings.map(\.index) == [row] && !report.isSound, "byte \(offset) of row \(row): \(report.findings)")
      }
      for offset in 0..<32 {
        var changed = ledger.rows
        var leaf = changed[row].leaf.bytes
        leaf[offset] ^= 0x10
        changed[row].leaf = Digest(leaf)!
        let report = try ledger.auditRows(changed)
        #expect(report.findings == [AuditFinding(.tree, index: row, field: "leaf hash")])
      }
    }
  }

  @Test func everyDamagedOrMissingSubtreeIsNamed() throws {
    let ledger = try LedgerSamples(count: 13)
    let inner = ledger.nodes.keys.filter { $0.level > 0 }
    #expect(inner.count == 10)
    for node in inner {
      for value in [SHA256.hash("wrong"), nil] {
        var nodes = ledger.nodes
        nodes[node] = value
        let report = try ledger.auditRows(ledger.rows, nodes: nodes)
        #expect(report.findings == [AuditFinding(subtree: node)])
      }
    }
  }

  @Test func removedEntriesAreNamed() throws {
    let ledger = try LedgerSamples(count: 9, groupSize: 4)
    for index in 0..<9 {
      var rows = ledger.rows
      rows.remove(at: index)
      let stored = try ledger.auditRows(rows)
      let stream = try ledger.audit(rows.map(\.bytes))
      #expect(stored.findings == [AuditFinding(.index, index: index, field: "missing")], "\(stored.findings)")
      #expect(stream.findings.map(\.index) == [index] && stream.findings[0].damage == .index, "\(index): \(stream.findings)")
    }
    for kept in 0..<9 {
      let report = try ledger.audit(Array(ledger.entries.map(\.bytes).prefix(kept)))
      #expect(report.findings.map(\.index) == [kept])
    }
  }

  @Test func duplicatedAndInsertedEntriesAreNamed() throws {
    let ledger = try LedgerSamples(count: 9)
    let lines = ledger.entries.map(\.bytes)
    for index in lines.indices {
      var duplicated = lines
      duplicated.insert(lines[index], at: index)
      let report = try ledger.audit(duplicated)
      #expect(report.findings.map(\.index) == [index] && report.findings[0].damage == .index, "\(index): \(report.findings)")

      var garbage = lines
      garbage.insert(Array("not an entry".utf8), at: index)
      #expect(try ledger.audit(garbage).findings.map(\.index) == [index])
    }
    // A well-formed entry of the same index, made by somebody who knows the one before.
    for index in lines.indices {
      var forged = lines
      let entry = try Entry(
        LedgerSamples.draft(77), index: index, now: ledger.entries[index].time, notBefore: nil, previous: ledger.entries[index].previous)
      forged.insert(entry.bytes, at: index)
      let report = try ledger.audit(forged)
      #expect(!report.isSound && report.findings.contains { $0.index == index }, "\(index): \(report.findings)")
      forged = lines
      forged[index] = entry.bytes
      #expect(try ledger.audit(forged).findings.map(\.index) == [index])
    }
  }

  @Test func swappedEntriesAreNamed() throws {
    let ledger = try LedgerSamples(count: 8)
    for first in 0..<8 {
      for second in (first + 1)..<8 {
        var lines = ledger.entries.map(\.bytes)
        lines.swapAt(first, second)
        let stream = try ledger.audit(lines)
        #expect(!stream.isSound && stream.findings.first?.index == first, "\(first) \(second): \(stream.findings)")
        var rows = ledger.rows
        (rows[first].bytes, rows[second].bytes) = (rows[second].bytes, rows[first].bytes)
        (rows[first].leaf, rows[second].leaf) = (rows[second].leaf, rows[first].leaf)
        let stored = try ledger.auditRows(rows)
        #expect(
          stored.findings.map(\.index) == [first, second] && stored.findings.allSatisfy { $0.damage == .index }, "\(stored.findings)")
      }
    }
  }

  /// Somebody who can write the store but cannot sign: entries, links, leaves and subtrees all agree with each other.
  @Test func aConsistentRewriteIsFoundByTheSignedRoots() throws {
    let ledger = try LedgerSamples(count: 20, groupSize: 4)
    var forged = LedgerSamples(forkOf: ledger, at: 10)
    try forged.append(LedgerSamples.draft(99))
    for index in 11..<20 { try forged.append(LedgerSamples.draft(index)) }
    forged.checkpoints = ledger.checkpoints
    let report = try forged.auditRows(forged.rows)
    #expect(!report.isSound && report.findings.map(\.index) == [8] && report.findings[0].damage == .data, "\(report.findings)")
  }

  /// attacks L-02: with the key in hand a rewrite looks sound by itself. Only somebody else's copy of a checkpoint shows it.
  @Test func aRewriteWithTheKeyNeedsAWitness() throws {
    let ledger = try LedgerSamples(count: 12, groupSize: 4)
    var forged = LedgerSamples(forkOf: ledger, at: 5)
    for index in 5..<12 { try forged.append(LedgerSamples.draft(index + 50)) }
    try forged.checkpoint()
    #expect(try forged.audit(forged.entries.map(\.bytes)).isSound)
    let withPartnersCopy = try forged.audit(forged.entries.map(\.bytes), checkpoints: [ledger.checkpoints[1], forged.head])
    #expect(!withPartnersCopy.isSound)
  }

  @Test func entriesBeyondTheCheckpointAreNamed() throws {
    let ledger = try LedgerSamples(count: 9, groupSize: 4)
    let report = try ledger.audit(ledger.entries.map(\.bytes), checkpoints: [ledger.checkpoints[1]])
    #expect(report.findings == [AuditFinding(.checkpoint, index: 8, field: "entries that nothing was signed for")])
    #expect(try !ledger.audit(ledger.entries.map(\.bytes), checkpoints: []).isSound)
  }

  /// A writer that signs nonsense is found out although its signature is good.
  @Test func signedNonsenseIsFound() throws {
    let ledger = try LedgerSamples(count: 6)
    var lines = ledger.entries.map(\.bytes)
    lines[3] = try Entry(LedgerSamples.draft(3), index: 3, now: LedgerSamples.start, notBefore: nil, previous: ledger.entries[2].leafHash)
      .bytes
    for (index, line) in lines.enumerated().dropFirst(4) {
      let draft = try Entry(parsing: line).draft
      lines[index] = try Entry(
        draft, index: index, now: ledger.entries[index].time, notBefore: nil, previous: MerkleTree.leafHash(lines[index - 1])
      ).bytes
    }
    let head = try ledger.signer.sign(size: 6, root: MerkleTree.root(of: lines.map { MerkleTree.leafHash($0) }))
    let report = try ledger.audit(lines, checkpoints: [head])
    #expect(report.findings == [AuditFinding(.data, index: 3, field: "time")])
  }

  @Test func findingsBecomeProblemsAndJSON() throws {
    let ledger = try LedgerSamples(count: 5)
    var lines = ledger.entries.map(\.bytes)
    lines[2][20] ^= 1
    let report = try ledger.audit(lines)
    let problem = try #require(report.findings.first).problem
    #expect(problem.code == "ledger.data_damaged" && problem.pointer == "/entries/2" && problem.facts["index"] == "2")
    #expect(report.json["sound"]?.bool == false && report.json["findings"]?.array?.first?["index"]?.int == 2)
    let listed = Set(ErrorCatalogue.ledger.map(\.code))
    for damage in AuditFinding.Damage.allCases {
      #expect(listed.contains(AuditFinding(damage, index: 0, field: "x").problem.code))
    }
  }
}
