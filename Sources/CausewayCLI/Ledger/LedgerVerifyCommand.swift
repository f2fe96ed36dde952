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
      the log has signed and the journal holds; otherwise the whole ledger is verified.
      """)

  @OptionGroup var source: LedgerCommand.Source
  @Flag(help: "Only what came after the last sound verification.") var sinceLast = false
  @Flag(help: "Go on with a verification that was interrupted.") var resume = false
  @Flag(help: "The report as JSON.") var json = false

  func validate() throws {
    if sinceLast && resume { throw ValidationError("--since-last and --resume exclude each other.") }
  }

  func run() async throws {
    try await Console.reportingErrors {
      let opened = try await source.open()
      let files = VerificationFiles(folder: opened.configuration.data)
      let kept = sinceLast ? try files.state(files.sound) : resume ? try files.state(files.passed) : nil
      let (key, keys, isPart) = (opened.key, opened.keys, sinceLast || resume)
      let (report, end) = try await opened.store.read { reader throws(CausewayError) in
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
        return (report, end)
      }
      await opened.store.close()
      Console.progressEnds()
      show(report)
      guard report.isSound else { throw ExitStatus.fault }
      if let end { files.keep(end, as: files.sound) }
      files.remove(files.passed)
    }
  }

  private func show(_ report: AuditReport) {
    if json { return Console.write(report.json.serialized(pretty: true) + [0x0A]) }
    let before = report.start > 0 ? " after \(report.start) verified before" : ""
    guard !report.isSound else {
      return Console.line("sound: \(report.entryCount) entries\(before), root \(report.checkpoint?.root.hex ?? "")")
    }
    for finding in report.findings { Console.line(finding.line) }
    Console.line("not sound: \(report.findingCount) findings in \(report.entryCount) entries\(before)")
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
