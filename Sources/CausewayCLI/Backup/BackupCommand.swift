import ArgumentParser
import Foundation
import Gateway
import Ledger
import Primitives
import Trust

/// Copies the journal of a gateway, running or not.
struct BackupCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "backup", abstract: "Copy a gateway's journal as of one moment, verify the copy's ledger, and sign what it is.",
    discussion: """
      Runs beside a working gateway. The copy holds what is sealed as it is sealed: without the storage key it says nothing, so keep that key, the other \
      keys, the registry and the configuration elsewhere. Exit 70, and no backup, when the ledger is not sound.
      """)

  @OptionGroup var source: LedgerCommand.Source
  @Option(help: "The folder to write; it must not be there.") var output: String

  func run() async throws {
    try await Console.reportingErrors {
      let ledger = try source.ledger()
      let configuration = ledger.configuration
      let certificate = try Certificate(pem: try Files.text(configuration.keys.signingCertificate))
      let key = try PrivateKey(pem: try Files.text(configuration.keys.signingKey))
      guard !Files.exists(output) else { throw CausewayError("config.file_exists", pointer: output) }
      let folder = BackupFolder(path: output)
      do {
        try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      } catch {
        throw CausewayError("config.file_unwritable", pointer: output, underlying: String(describing: error))
      }
      do throws(CausewayError) {
        let made = SystemClock().now()
        try await BackupFolder.copyJournal(of: configuration, to: folder.journal)
        let last = try await BackupFolder.verifiedCheckpoint(of: folder.journal, origin: ledger.key, keys: ledger.keys)
        let (count, digest) = try BackupFolder.digest(of: folder.journal)
        let manifest = BackupManifest(
          economy: configuration.economy, made: made, byteCount: count, digest: digest, checkpoint: last.note)
        // Last: a folder without it is no backup.
        try Files.write(try manifest.signed(keyID: certificate.keyID, key: key), to: folder.manifest)
        for path in [folder.journal, folder.manifest, output] { try Files.sync(path) }
        Console.line("backup: \(last.size) entries, \(count) bytes, SHA-256 \(digest.hex)")
      } catch {
        try? FileManager.default.removeItem(atPath: output)
        throw error
      }
    }
  }
}
