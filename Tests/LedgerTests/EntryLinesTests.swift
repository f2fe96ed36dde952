import Ledger
import Primitives
import Testing
import Trust

@Suite struct EntryLinesTests {
  private func text(_ ledger: LedgerSamples) -> [UInt8] { ledger.entries.flatMap { EntryLines.line($0.bytes) } }

  private func verify(_ text: [UInt8], _ ledger: LedgerSamples, note: [UInt8]? = nil, origin: String? = nil) -> AuditReport {
    EntryLines.verify(
      text, note: note ?? ledger.head.note, origin: origin ?? ledger.signer.origin, keys: [ledger.signer.verifierKey])
  }

  @Test(arguments: [0, 1, 6]) func aSoundExportVerifies(_ count: Int) throws {
    let ledger = try LedgerSamples(count: count)
    let report = verify(text(ledger), ledger)
    #expect(report.isSound && report.entryCount == count)
    #expect(verify(Array(text(ledger).dropLast()), ledger).isSound)
  }

  @Test func damageIsNamed() throws {
    let ledger = try LedgerSamples(count: 6)
    for index in 0..<6 {
      var lines = ledger.entries.map { EntryLines.line($0.bytes) }
      lines[index][30] ^= 1
      #expect(verify(Array(lines.joined()), ledger).findings.map(\.index) == [index])
      lines = ledger.entries.map { EntryLines.line($0.bytes) }
      lines.insert([0x0A], at: index)
      #expect(verify(Array(lines.joined()), ledger).findings.map(\.index) == [index])
    }
  }

  /// attacks L-06 and L-17: key and origin come from the caller, and a checkpoint of another log is worth nothing.
  @Test func otherLogsAreNotSound() throws {
    let (ledger, other) = (try LedgerSamples(count: 3), try LedgerSamples(count: 3))
    for report in [
      verify(text(ledger), ledger, note: other.head.note), verify(text(other), ledger, note: other.head.note),
      verify(text(ledger), ledger, origin: "gateway.sg.example/ledger"), verify(text(ledger), ledger, note: []),
      verify([], ledger),
    ] {
      #expect(!report.isSound && report.findingCount > 0)
    }
  }
}
