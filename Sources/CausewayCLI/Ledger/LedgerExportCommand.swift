import ArgumentParser
import Journal
import Ledger
import Primitives

/// Writes the whole ledger in the layout that any web server can host and `causeway-verify` checks.
struct LedgerExportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "export",
    abstract: "Write the ledger to a folder as C2SP tlog-tiles, or extend the export that is there.",
    discussion: """
      Any web server can host the folder. An earlier export is extended after it was found to be a beginning of this ledger; its full tiles are
      not touched, and its checkpoint is replaced last. Exit 70 when the export is of another history.
      """)

  @OptionGroup var source: LedgerCommand.Source
  @OptionGroup var archives: LedgerCommand.Archives
  @Option(help: "The folder.") var output: String

  func run() async throws {
    try await Console.reportingErrors {
      let opened = try await source.open(archives)
      let log = StaticLog(folder: output, origin: opened.key.name, keys: opened.keys)
      let lock = try log.lock()
      defer { lock.release() }
      let old = try log.checkpoint()
      let new = try await opened.store.read { reader throws(CausewayError) in try Self.export(reader, to: log, from: old) }
      await opened.store.close()
      Console.progressEnds()
      Console.line(
        "\(new.size - (old?.size ?? 0)) entries written, \(new.size) in all; verify with: causeway-verify --key '\(opened.key)' \(output)")
    }
  }

  /// - Returns: the checkpoint that the export ends with now.
  /// - Throws: `ledger.history_conflict`; `ledger.data_damaged` when an entry is not the one that was hashed, `ledger.archived` when it is not in
  ///   the journal: nothing of its bundle is written.
  static func export(
    _ reader: any JournalReader, to log: StaticLog, from old: SignedCheckpoint?
  ) throws(CausewayError) -> SignedCheckpoint {
    guard let note = try reader.latestNote() else { throw CausewayError("journal.not_found", facts: ["what": "checkpoint"]) }
    let new = try SignedCheckpoint.verify(note, origin: log.origin, keys: log.keys)
    if let old {
      guard old.size <= new.size else { throw LedgerCommand.conflict(old.size, new.size, "it is smaller") }
      guard try reader.root(size: old.size) == old.root else {
        throw LedgerCommand.conflict(old.size, new.size, "another root at size \(old.size)")
      }
      if old.note == new.note { return new }
    }
    var writer = try StaticLogWriter(extending: log, from: old)
    while writer.size < new.size {
      let rows = try reader.entries(from: writer.size, limit: min(1000, new.size - writer.size))
      for row in rows {
        guard row.index == writer.size else { throw damaged(writer.size) }
        try reader.check(row)
        try writer.append(row.bytes)
      }
      guard !rows.isEmpty else { throw damaged(writer.size) }
      Console.progress("\(writer.size) of \(new.size) entries")
    }
    try writer.finish(new)
    return new
  }

  private static func damaged(_ index: Int) -> CausewayError {
    CausewayError("ledger.data_damaged", facts: ["index": String(index), "field": "entry"])
  }
}
