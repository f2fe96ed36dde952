import Gateway
import Journal
import JournalSQLite
import Ledger
import Primitives

extension DemoRun {
  /// Waits until each side's ledger has a checkpoint that the other has cosigned and that covers everything up to now.
  ///
  /// - Throws: `ledger.not_final` after thirty seconds.
  static func awaitFinalCheckpoints(_ world: DemoWorld) async throws(CausewayError) {
    for site in [world.cn, world.sg] {
      let policy = try LedgerTrust(try Composition.configuration(at: site.configuration)).required("CN-SG")
      let store = try SQLiteStore(readingFrom: site.folder + "/data/journal.sqlite")
      var final: FinalCheckpoint?
      let deadline = ContinuousClock.now + .seconds(30)
      while final == nil, ContinuousClock.now < deadline {
        final = try await store.read { reader throws(CausewayError) in
          guard let last = try reader.latestCheckpoint() else { return nil }
          return try reader.finalCheckpoint(policy, above: last.size - 1)
        }
        if final == nil { try? await Task.sleep(for: .milliseconds(100)) }
      }
      await store.close()
      guard let final else { throw CausewayError("ledger.not_final") }
      let witnesses = final.cosignatures.map(\.key.name).joined(separator: ", ")
      Console.line("Ledger \(site.economy): checkpoint of \(final.checkpoint.size) entries cosigned by \(witnesses)")
    }
  }
}
