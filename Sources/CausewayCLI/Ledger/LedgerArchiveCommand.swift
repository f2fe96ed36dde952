import ArgumentParser
import Gateway
import GatewayService
import Journal
import Ledger
import Logging
import Primitives

/// Moves the oldest entries of the ledger out of the journal into an archive, with the gateway stopped.
struct LedgerArchiveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "archive",
    abstract: "Move the oldest entries out of the journal into an archive that anybody can verify; their hashes stay.",
    discussion: """
      The gateway has to be stopped. An archive holds whole bundles of 256 entries, from the end of the archive before on; the newest 1024 entries
      stay in the journal. It is written, made durable, read back and verified whole before anything is taken out; its digest is recorded on the
      ledger in the same transaction. The journal's file does not shrink: its room is used again.
      """)

  @OptionGroup var source: LedgerCommand.Source
  @Option(help: "Only entries below this index.") var upTo: Int?
  @Option(help: "Only entries that are older than this day (UTC), for example 2026-01-01.") var before: String?
  @Option(help: "A new folder for the archive.") var output: String

  func validate() throws {
    guard (upTo == nil) != (before == nil) else { throw ValidationError("One of --up-to and --before is needed.") }
    guard before == nil || moment != nil else { throw ValidationError("--before is a day, for example 2026-01-01.") }
  }

  private var moment: Instant? { before.flatMap { Instant(rfc3339: $0 + "T00:00:00.000Z") } }

  func run() async throws {
    try await Console.reportingErrors {
      let keys = try source.ledger().keys
      let assembled = try await Composition.assemble(configurationAt: source.config, logger: JSONLog.logger(level: .warning))
      let journal = assembled.journal
      do {
        // An entry is written: as before the first one of a running gateway, the witnesses say whether this is the newest ledger there is.
        await assembled.node.compareHistory()
        try await archive(journal, keys, actor: assembled.node.configuration.economy)
      } catch {
        await journal.close()
        throw error
      }
      await journal.close()
    }
  }

  private func archive(_ journal: Journal, _ keys: [VerifierKey], actor: String) async throws {
    if let fault = await journal.fault {
      throw CausewayError("journal.faulted", facts: ["cause": fault.code.rawValue], underlying: fault.description)
    }
    let writer = try ArchiveWriter(output)
    let lock = try FolderLock(output)
    defer { lock.release() }
    let (key, upTo, moment, output) = (journal.verifierKey, upTo, moment, output)
    let (manifest, before) = try await journal.read { reader throws(CausewayError) in
      let limit = try moment.map { moment throws(CausewayError) in try reader.firstIndex(notBefore: moment) } ?? upTo ?? 0
      let manifest = try reader.nextArchive(upTo: limit, key: key, keys: keys)
      try Self.write(manifest, reader, to: writer, keys)
      return (manifest, try reader.lastArchive().manifest)
    }
    var audit = ArchiveAudit(origin: key.name, keys: keys, after: before)
    try audit.add(output) { path throws(CausewayError) in ArchiveFolder(path: output).read(path) }
    Console.progressEnds()
    guard let verified = audit.verified, verified.manifest == manifest else {
      for finding in audit.finish().findings { Console.line(finding.line) }
      Console.line("not sound: nothing was taken out of the journal")
      throw ExitStatus.fault
    }
    let outcome = try await journal.commit(
      Change(entries: [manifest.record(actor: actor)]) { recorded, _ throws(CausewayError) in
        Change.Finish(operations: [.archive(verified, recordedAt: recorded.entries[0].index)])
      })
    guard let index = outcome.committed?.entries.first?.index else { throw CausewayError("journal.constraint") }
    Console.line("archived: entries \(manifest.start) to \(manifest.end - 1) in \(output), recorded as entry \(index)")
  }

  /// - Throws: `ledger.tree_damaged`, `ledger.data_damaged` when stored rows do not agree; `config.file_unwritable`.
  private static func write(
    _ manifest: ArchiveManifest, _ reader: any JournalReader, to folder: ArchiveWriter, _ keys: [VerifierKey]
  ) throws(CausewayError) {
    let size = try SignedCheckpoint.verify(manifest.note, origin: manifest.origin, keys: keys).size
    var writer = folder
    func copy(_ tile: Tile) throws(CausewayError) {
      guard let bytes = try reader.tile(tile) else {
        throw CausewayError("ledger.tree_damaged", facts: ["index": String(tile.index), "field": tile.path])
      }
      try writer.write(bytes, to: tile.path)
    }
    for level in 0..<Tile.levelCount(size: size) {
      var index = 0
      while let tile = Tile(.hashes(level: level), index: index, size: size) {
        try copy(tile)
        index += 1
      }
    }
    for index in manifest.start / Tile.fullWidth..<manifest.end / Tile.fullWidth {
      try copy(Tile(.entries, index: index))
      Console.progress("written: \((index + 1) * Tile.fullWidth - manifest.start) of \(manifest.end - manifest.start) entries")
    }
    try writer.write(manifest.note, to: TiledLogAudit.checkpointPath)
    try writer.sync()
    // A folder with a manifest is a whole archive.
    try writer.write(manifest.bytes, to: ArchiveManifest.path)
    try writer.sync()
  }
}
