import ArgumentParser
import Gateway
import Journal
import Ledger
import Primitives

/// Puts the ledger in the journal right from a copy, with the gateway stopped.
struct LedgerRepairCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "repair",
    abstract: "Put damaged or missing rows of the ledger right from an export or a partner's mirror; add what a restored backup lacks.",
    discussion: """
      The gateway has to be stopped. The copy is believed only when it continues the largest checkpoint that the journal holds, or the one of
      --checkpoint, and as far as its own signed checkpoint reaches. All is written in one transaction after it was verified as a whole. Only the
      ledger is put right: messages and documents that a backup lacks stay lost. Exit 70 when the copy is not enough or is of another history.
      """)

  @OptionGroup var source: LedgerCommand.Source
  @Option(help: "Folder of the export or mirror.") var from: String
  @Option(help: "A checkpoint of this ledger that a witness has kept.") var checkpoint: String?
  @Flag(help: "Only show what would be changed.") var dryRun = false

  func run() async throws {
    try await Console.reportingErrors {
      let ledger = try source.ledger()
      let copy = StaticLog(folder: from, origin: ledger.key.name, keys: ledger.keys)
      guard let copied = try copy.checkpoint() else {
        throw CausewayError("ledger.tile_missing", facts: ["path": TiledLogAudit.checkpointPath])
      }
      let witnessed = try checkpoint.map { path throws(CausewayError) in
        try SignedCheckpoint.verify(try Files.read(path), origin: copy.origin, keys: copy.keys)
      }
      let store = try await Composition.store(ledger.configuration)
      let isRehearsal = dryRun
      let report = try await store.repair { transaction throws(CausewayError) in
        func run() throws(CausewayError) -> RepairReport {
          var repair = LedgerRepair(
            transaction, key: ledger.key, keys: copy.keys, source: try copy.reader(of: copied), copied: copied)
          return try repair.run(witnessed: witnessed)
        }
        return isRehearsal ? try transaction.rehearse(run) : try run()
      }
      await store.close()
      show(report)
    }
  }

  private func show(_ report: RepairReport) {
    let done = dryRun ? "would be " : ""
    for index in report.entries { Console.line("entry \(index): \(done)put right") }
    if report.entryCount > report.entries.count { Console.line("and \(report.entryCount - report.entries.count) more entries") }
    if report.nodeCount > 0 { Console.line("subtrees: \(report.nodeCount) \(done)written") }
    if report.appended > 0 { Console.line("entries behind the end: \(report.appended) \(done)added") }
    if report.isSurplusRemoved { Console.line("rows that nothing was signed for: \(done)removed") }
    if report.isArchiveForgotten { Console.line("last archive: \(done)forgotten, its entries are in the journal again") }
    if report.isHeadChanged { Console.line("head: \(done)written") }
    for size in report.checkpoints { Console.line("checkpoint \(size): \(done)written") }
    for size in report.removedCheckpoints { Console.line("checkpoint \(size): \(done)removed, later ones cover it") }
    if report.isEmpty { Console.line("nothing to put right") }
    Console.line("sound\(dryRun ? " then" : ""): \(report.size) entries, root \(report.root.hex)")
  }
}
