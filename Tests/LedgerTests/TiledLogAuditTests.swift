import JSONTree
import Ledger
import Primitives
import Testing
import Trust

/// An exported ledger, verified with nothing but its files and a key.
@Suite struct TiledLogAuditTests {
  @Test(arguments: [0, 1, 6, 256, 300]) func aSoundExportVerifies(_ count: Int) throws {
    let ledger = try LedgerSamples(count: count)
    let report = try TiledLog(ledger).audit(ledger)
    #expect(report.isSound && report.entryCount == count && report.findings.isEmpty, "\(report.findings)")
  }

  @Test func damageIsNamedByFileAndIndex() throws {
    let ledger = try LedgerSamples(count: 300)
    let log = try TiledLog(ledger)
    var starts: [Int] = []
    var offset = 0
    for entry in ledger.entries {
      starts.append(offset)
      offset = entry.index == 255 ? 0 : offset + 2 + entry.bytes.count
    }
    for index in [0, 1, 100, 254, 255, 256, 299] {
      let path = index < 256 ? "tile/entries/000" : "tile/entries/001.p/44"
      var changed = log
      changed.files[path]?[starts[index] + 2 + 30] ^= 1
      var report = try changed.audit(ledger)
      #expect(report.findings.map(\.index) == [index] && report.findings[0].damage == .data, "\(index): \(report.findings)")
      #expect(report.findings[0].file == path)
      // Its length.
      for byte in 0...1 {
        changed = log
        changed.files[path]?[starts[index] + byte] ^= 1
        report = try changed.audit(ledger)
        #expect(!report.isSound && report.findings.first?.index == index && report.findings.first?.file == path, "\(report.findings)")
      }
      // Its leaf hash.
      let tile = index < 256 ? "tile/0/000" : "tile/0/001.p/44"
      changed = log
      changed.files[tile]?[index % 256 * 32 + 5] ^= 1
      report = try changed.audit(ledger)
      #expect(report.findings.map(\.index) == [index] && report.findings[0].damage == .tree && report.findings[0].file == tile)
    }
    var changed = log
    changed.files["tile/1/000.p/1"]?[3] ^= 1
    let report = try changed.audit(ledger)
    #expect(report.findings.map(\.field) == ["subtree 8/0"] && report.findings[0].file == "tile/1/000.p/1", "\(report.findings)")
    #expect(report.json["findings"]?.array?.first?["file"]?.string == "tile/1/000.p/1")
  }

  @Test func missingAndSurplusFilesAndBytesAreNamed() throws {
    let ledger = try LedgerSamples(count: 300)
    let log = try TiledLog(ledger)
    for (path, bytes) in log.files {
      var changed = log
      changed.files[path] = nil
      #expect(try changed.audit(ledger).findings.contains { $0.file == path }, "\(path) removed")
      changed.files[path] = bytes + [0]
      #expect(try changed.audit(ledger).findings.contains { $0.file == path }, "\(path) with a byte more")
    }
    // What belongs to another size is not looked at.
    var more = log
    more.files["tile/0/001.p/43"] = [1]
    more.files["tile/entries/001.p/43"] = [1]
    #expect(try more.audit(ledger).isSound)
  }

  /// attacks L-06 and L-17: key and origin come from the caller, and a checkpoint of another log is worth nothing.
  @Test func otherLogsAreNotSound() throws {
    let (ledger, other) = (try LedgerSamples(count: 3), try LedgerSamples(count: 4))
    var foreign = try TiledLog(ledger)
    foreign.files["checkpoint"] = other.head.note
    var mixed = try TiledLog(other)
    mixed.files["checkpoint"] = ledger.head.note
    var none = try TiledLog(ledger)
    none.files["checkpoint"] = nil
    var garbage = try TiledLog(ledger)
    garbage.files["checkpoint"] = []
    for log in [foreign, mixed, none, garbage, try TiledLog(other)] {
      let report = try log.audit(ledger)
      #expect(!report.isSound && report.findingCount > 0)
    }
    let files = try TiledLog(ledger).files
    #expect(try !TiledLogAudit.verify(origin: "gateway.sg.example/ledger", keys: [ledger.signer.verifierKey]) { files[$0] }.isSound)
  }

  @Test func aStateIsReadBackAndGoesOn() throws {
    let ledger = try LedgerSamples(count: 20, groupSize: 4)
    var first = LedgerAudit(checkpoints: ledger.checkpoints)
    var states: [AuditState] = []
    for entry in ledger.entries {
      try first.add(entry.bytes)
      if let state = first.state { states.append(state) }
    }
    #expect(states.map(\.size) == [4, 8, 12, 16, 20])
    for state in states {
      let again = try #require(AuditState(json: state.json))
      #expect(again == state)
      var rest = ledger.checkpoints.filter { $0.size > state.size }[...]
      let believed = ledger.checkpoints.first { $0.size == state.size }
      var audit = LedgerAudit(from: again, of: believed) { rest.popFirst() }
      for entry in ledger.entries.dropFirst(state.size) { try audit.add(entry.bytes) }
      let report = try audit.finish()
      #expect(report.isSound && report.start == state.size && report.entryCount == 20 - state.size && report.checkpoint?.size == 20)
      guard state.size < 20 else { continue }
      var damaged = ledger.entries.map(\.bytes)
      damaged[state.size + 1][25] ^= 1
      rest = ledger.checkpoints.filter { $0.size > state.size }[...]
      var second = LedgerAudit(from: again, of: believed) { rest.popFirst() }
      for line in damaged.dropFirst(state.size) { try second.add(line) }
      #expect(second.state == nil)
      #expect(try second.finish().findings.map(\.index) == [state.size + 1])
    }
  }
}
