import ArgumentParser
import Gateway
import JSONTree
import Journal
import Ledger
import Primitives

/// Checks the ledger in the journal.
struct LedgerVerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Check every entry, the chain, the tree and the checkpoints. Exit 0 when sound, 70 when not, naming the index.",
    discussion: """
      A sound verification leaves in the data folder where it has got to; --since-last goes on there. While a verification runs it leaves the last
      checkpoint that it passed; --resume goes on there after an interruption. Either is believed only when its root is that of a checkpoint that
      the log has signed and the journal holds; otherwise the whole ledger is verified. Entries that are in archives are verified by their hashes
      alone; --archives reads and verifies the archives, too.
      """)

  @OptionGroup var source: LedgerCommand.Source
  @Flag(help: "Only what came after the last sound verification.") var sinceLast = false
  @Flag(help: "Go on with a verification that was interrupted.") var resume = false
  @Flag(help: "The report as JSON.") var json = false
  @Option(parsing: .upToNextOption, help: "Folders of all archives in their order: verify them, too, and the journal with their entries.")
  var archives: [String] = []

  func validate() throws {
    if sinceLast && resume { throw ValidationError("--since-last and --resume exclude each other.") }
  }

  func run() async throws {
    try await Console.reportingErrors {
      let archived: AuditedArchives? = try archives.isEmpty ? nil : verifyArchives()
      // An archive that is not sound is no source of entries.
      let isReadable = archived?.report.isSound == true
      let opened = try await source.open(isReadable ? LedgerCommand.Archives(archives) : nil)
      let files = VerificationFiles(folder: opened.configuration.data)
      let kept = sinceLast ? try files.state(files.sound) : resume ? try files.state(files.passed) : nil
      let (key, keys, isPart) = (opened.key, opened.keys, sinceLast || resume)
      let (report, archiveReport, end) = try await opened.store.read { reader throws(CausewayError) -> Outcome in
        let believed = try kept.flatMap { state throws(CausewayError) in try reader.believed(state, origin: key.name, keys: keys) }
        if isPart, believed == nil {
          Console.note("no earlier verification that a signed checkpoint vouches for: verifying the whole ledger")
        }
        var end: AuditState?
        let report = try reader.auditLedger(
          origin: key.name, keys: keys, from: believed,
          passed: { state in
            end = state
            files.keep(state, as: files.passed)
          }, progress: { count, size in Console.progress("\(count) of \(size) entries") })
        var compared = archived
        compared?.compare(with: try reader.lastArchive())
        return (report, compared?.report, end)
      }
      await opened.store.close()
      Console.progressEnds()
      show(report, archiveReport)
      guard report.isSound, archiveReport?.isSound != false else { throw ExitStatus.fault }
      if let end { files.keep(end, as: files.sound) }
      files.remove(files.passed)
    }
  }

  /// Of the journal and of the archives, and where the verification of the journal has got to.
  private typealias Outcome = (AuditReport, archives: AuditReport?, end: AuditState?)

  private func verifyArchives() throws(CausewayError) -> AuditedArchives {
    let ledger = try source.ledger()
    let audit = try ArchiveFolder.audit(archives, origin: ledger.key.name, keys: ledger.keys)
    return AuditedArchives(report: audit.finish(), last: audit.last)
  }

  private func show(_ report: AuditReport, _ archives: AuditReport?) {
    if json {
      guard var object = report.json.object else { return }
      if let archives { object["archives"] = archives.json }
      return Console.write(JSONValue.object(object).serialized(pretty: true) + [0x0A])
    }
    if let archives { show(archives, of: "archives: ") }
    show(report, of: "")
  }

  private func show(_ report: AuditReport, of what: String) {
    let before = report.start > 0 ? " after \(report.start) verified before" : ""
    let hashed = report.hashedCount > 0 ? ", \(report.hashedCount) archived ones by their hashes" : ""
    for finding in report.findings { Console.line(finding.line) }
    Console.line(
      report.isSound
        ? "\(what)sound: \(report.entryCount) entries\(before)\(hashed), root \(report.checkpoint?.root.hex ?? "")"
        : "\(what)not sound: \(report.findingCount) findings in \(report.entryCount + report.hashedCount) entries\(before)")
  }
}

/// What was found in the archives of a ledger.
private struct AuditedArchives: Sendable {
  var report: AuditReport
  let last: ArchiveManifest?

  /// Holds the last of them against the one that the journal has recorded.
  mutating func compare(with recorded: LastArchive) {
    guard let last, report.isSound else { return }
    if last.end < recorded.end {
      report.note(AuditFinding(.index, index: last.end, field: "no archive up to \(recorded.end - 1)"))
    } else if last != recorded.manifest {
      report.note(AuditFinding(.archive, index: last.start, field: "not the one that the journal has recorded"))
    }
  }
}

/// What verifications leave in the data folder.
private struct VerificationFiles: Sendable {
  let folder: String
  /// End of the last sound verification.
  var sound: String { folder + "/ledger.verified.json" }
  /// Last checkpoint that a running verification has passed.
  var passed: String { folder + "/ledger.verifying.json" }

  /// - Returns: nil when there is no such file, or one of another form.
  func state(_ path: String) throws(CausewayError) -> AuditState? {
    guard Files.exists(path), let json = try? JSONValue.parse(try Files.read(path)) else { return nil }
    return AuditState(json: json)
  }

  /// A folder that cannot be written to only makes the next verification longer.
  func keep(_ state: AuditState, as path: String) {
    do throws(CausewayError) {
      try Files.write(state.json.serialized() + [0x0A], to: path)
    } catch {
      Console.note("not kept: \(error)")
    }
  }

  func remove(_ path: String) { Files.remove(path) }
}
