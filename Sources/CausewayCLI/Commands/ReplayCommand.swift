import ArgumentParser
import JSONTree
import Primitives

extension MessagesCommand {
  /// Replays what failed.
  struct Replay: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Replay messages that failed: one, a cause, or all that fit conditions. Says first what it would do.",
      discussion: """
        Without --dry-run the dry run comes first all the same, and the replay begins only if it still finds as many messages. It goes on in the
        gateway, whatever becomes of this command; --watch shows how far it has come.
        """)

    @OptionGroup var gateway: GatewayOptions
    @Option(help: "Id of a message; may be given several times.") var id: [String] = []
    @OptionGroup var selection: Selection
    @Flag(help: "Say what would be done, and do nothing.") var dryRun = false
    @Flag(help: "Show the progress until it has ended. With --job of one that runs.") var watch = false
    @Option(help: "Id of a replay: to watch, pause, resume or abort it.") var job: String?
    @Flag(help: "Pause the replay of --job.") var pause = false
    @Flag(help: "Resume it.") var resume = false
    @Flag(help: "Abort it: what it has put back goes on, the rest stays as it is.") var abort = false

    func validate() throws {
      let controls = [pause, resume, abort].count { $0 }
      let hasSelection = !id.isEmpty || !selection.members.members.isEmpty
      guard (job == nil) == hasSelection, controls <= 1, controls == 0 || job != nil, job == nil || !dryRun else {
        throw ValidationError("Give --id, --code or another condition; or --job with --watch, --pause, --resume or --abort.")
      }
    }

    func run() async throws {
      try await Console.reportingErrors {
        let client = try gateway.client()
        guard let job = try await started(client) else { return }
        guard watch else {
          Console.write(job.serialized(pretty: true) + [0x0A])
          return
        }
        Console.write(try await end(of: job, client).serialized(pretty: true) + [0x0A])
      }
    }

    /// - Returns: the replay that was begun or is named; nil after a dry run.
    private func started(_ client: InsideClient) async throws(CausewayError) -> JSONValue? {
      if let job {
        let control = pause ? "pause" : resume ? "resume" : abort ? "abort" : nil
        guard let control else { return try await client.call("GET", "/v1/replays/\(job)") }
        return try await client.call("POST", "/v1/replays/\(job)/\(control)")
      }
      var conditions = selection.members
      if !id.isEmpty { conditions["messages"] = .array(id.map(JSONValue.string)) }
      var question = conditions
      question["dryRun"] = true
      let preview = try await client.call("POST", "/v1/replays", body: JSONValue.object(question).serialized())
      if dryRun {
        Console.write(preview.serialized(pretty: true) + [0x0A])
        return nil
      }
      Console.note(Self.summary(preview))
      conditions["expected"] = preview["selected"]
      return try await client.call("POST", "/v1/replays", body: JSONValue.object(conditions).serialized())
    }

    /// Follows a replay until it does not run any more.
    private func end(of job: JSONValue, _ client: InsideClient) async throws(CausewayError) -> JSONValue {
      var job = job
      while job["state"]?.string == "running", let id = job["id"]?.string {
        Console.progress(Self.summary(job))
        job = try await client.call("GET", "/v1/replays/\(id)?wait=5&seen=\(job["processed"]?.int ?? 0)")
      }
      Console.progressEnds()
      return job
    }

    private static func summary(_ replay: JSONValue) -> String {
      let actions = (replay["actions"]?.object?.members ?? []).map { "\($0.name) \($0.value.int ?? 0)" }
      return "\(replay["processed"]?.int ?? 0) of \(replay["selected"]?.int ?? 0): \(actions.joined(separator: ", "))"
    }
  }
}
