import ArgumentParser
import Gateway
import JournalSQLite
import Ledger
import Primitives

/// Puts a backup in the place of the journal.
struct RestoreCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "restore", abstract: "Put a backup in the place of a stopped gateway's journal, after verifying it.",
    discussion: """
      A backup that was altered, is another gateway's, or whose ledger does not verify is refused (exit 65 or 70) and nothing is changed. What was recorded \
      after the backup is not in it: the gateway notices from its partners, refuses to write, and catches up with ledger repair --from a mirror or export. \
      Into a PostgreSQL journal only while it is empty.
      """)

  @OptionGroup var source: LedgerCommand.Source
  @Option(help: "The backup's folder.") var from: String
  @Flag(help: "Also where there is a journal: it is kept beside the new one.") var replace = false

  func run() async throws {
    try await Console.reportingErrors {
      let ledger = try source.ledger()
      let configuration = ledger.configuration
      let folder = BackupFolder(path: from)
      let manifest = try BackupManifest(
        verifying: try Files.read(folder.manifest), economy: configuration.economy,
        registry: try Composition.registry(configuration.registry))
      let journal = configuration.data + "/journal.sqlite"
      guard replace || configuration.journal != nil || !Files.exists(journal) else {
        throw CausewayError("config.file_exists", pointer: journal)
      }
      // Read once: what was verified is what is put in place, whatever happens to the backup meanwhile.
      let copy = journal + ".restoring"
      if configuration.journal != nil { try Files.makeFolder(configuration.data) }
      Files.remove(copy)
      do throws(CausewayError) {
        let (count, digest) = try BackupFolder.digest(of: folder.journal, copyingTo: copy)
        guard count == manifest.byteCount, digest == manifest.digest else { throw CausewayError("backup.altered") }
        let last = try await BackupFolder.verifiedCheckpoint(of: copy, origin: ledger.key, keys: ledger.keys)
        guard last.note.hasSameBytes(as: manifest.checkpoint) else { throw CausewayError("backup.altered") }
        if let uri = configuration.journal {
          try await BackupFolder.fill(uri, from: copy, note: last.note, origin: ledger.key, keys: ledger.keys)
          Files.remove(copy)
          return Console.line("restored into the database: \(last.size) entries as of \(manifest.made.rfc3339)")
        }
        let aside = journal + ".before-\(SystemClock().now().milliseconds)"
        let isReplaced = Files.exists(journal)
        try SQLiteStore.install(copy, at: journal, aside: replace ? aside : nil)
        Console.line("restored: \(last.size) entries as of \(manifest.made.rfc3339)")
        if isReplaced { Console.line("the journal that was here: \(aside)") }
      } catch {
        Files.remove(copy)
        throw error
      }
    }
  }
}
