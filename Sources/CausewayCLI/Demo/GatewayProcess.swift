import Foundation
import Primitives

/// One gateway as a process of its own: `causeway serve`.
final class GatewayProcess: @unchecked Sendable {
  // Foundation's Process is not Sendable; it is started once in `init`, and afterwards only asked and signalled, which it allows from any thread.
  private let process = Process()
  let site: DemoWorld.Site

  /// Starts the process. Its log goes to `gateway.log` in the site's folder.
  ///
  /// - Parameters:
  ///   - executable: the program; this one unless a test says otherwise.
  ///   - stopAt: where the process is to end itself as if killed (tests only).
  /// - Throws: `config.process`.
  init(_ site: DemoWorld.Site, executable: String = Files.executable, stopAt: String? = nil) throws(CausewayError) {
    self.site = site
    let log = site.folder + "/gateway.log"
    if !FileManager.default.fileExists(atPath: log) { _ = FileManager.default.createFile(atPath: log, contents: nil) }
    do {
      let handle = try FileHandle(forWritingTo: URL(filePath: log))
      try handle.seekToEnd()
      process.executableURL = URL(filePath: executable)
      process.arguments = ["serve", "--config", site.configuration]
      process.standardError = handle
      process.standardOutput = handle
      process.standardInput = FileHandle.nullDevice
      var environment = ProcessInfo.processInfo.environment
      environment["CAUSEWAY_STOP_AT"] = stopAt
      process.environment = environment
      try process.run()
    } catch {
      throw CausewayError("config.process", underlying: String(describing: error))
    }
  }

  var isRunning: Bool { process.isRunning }

  /// Its exit code; nil while it runs and when a signal ended it.
  var exitCode: Int32? { !process.isRunning && process.terminationReason == .exit ? process.terminationStatus : nil }

  /// The signal that ended it; nil while it runs and when it ended by itself.
  var endingSignal: Int32? { !process.isRunning && process.terminationReason == .uncaughtSignal ? process.terminationStatus : nil }
  var processIdentifier: Int32 { process.processIdentifier }

  /// Waits until the gateway answers.
  ///
  /// - Throws: `deliver.unreachable` when it has ended or does not answer within `seconds`.
  func waitUntilReady(seconds: Int = 30) async throws(CausewayError) {
    // FoundationNetworking may end the process when a request is made in a task that was cancelled.
    for _ in 0..<(seconds * 20) where !Task.isCancelled {
      if let answer = try? await HTTPClient.send("GET", site.inside.base + "/health", token: nil, timeoutSeconds: 2), answer.status == 200 {
        return
      }
      guard isRunning else { break }
      try? await Task.sleep(for: .milliseconds(50))
    }
    throw CausewayError("deliver.unreachable", underlying: "gateway \(site.economy) did not start: see \(site.folder)/gateway.log")
  }

  /// Asks it to finish and waits until it has.
  func stop() {
    if process.isRunning { process.terminate() }
    process.waitUntilExit()
  }

  /// Ends it at once, as `kill -9` does.
  func kill() {
    if process.isRunning { Glibc.kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
  }
}
