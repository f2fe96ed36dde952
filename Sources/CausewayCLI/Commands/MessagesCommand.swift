import ArgumentParser
import Foundation
import JSONTree
import Primitives

/// Messages: one of them, those that failed, and replaying these.
struct MessagesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "messages", abstract: "Show a message; list what failed, by cause; replay it; edit what a failed message begins with.",
    subcommands: [Show.self, Failures.self, Replay.self, Replays.self, Edit.self, Approve.self], defaultSubcommand: Show.self)

  /// Shows one message.
  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show a message: how far it has come, what was wrong, what the partner signed.")

    @OptionGroup var gateway: GatewayOptions
    @Argument(help: "Id of the message.") var id: String
    @Option(help: "Print one stored document instead: source, wire, local, report, complement, supplement, problems, edited, proposed.")
    var document: String?

    func run() async throws {
      try await Console.reportingErrors {
        let client = try gateway.client()
        if let document {
          Console.write(try await client.bytes("/v1/messages/\(id)/documents/\(document)"))
        } else {
          Console.write(try await client.call("GET", "/v1/messages/\(id)").serialized(pretty: true) + [0x0A])
        }
      }
    }
  }

  /// Which messages that failed.
  struct Selection: ParsableArguments {
    @Option(help: "Code under which they failed, for example deliver.no_receipt: the cause.") var code: String?
    @Option(help: "dead, refused, refused_by_partner or turned_away.") var state: String?
    @Option(help: "inbound or outbound.") var direction: String?
    @Option(help: "For example CN-SG.") var corridor: String?
    @Option(help: "For example SG.") var partner: String?
    @Option(help: "declaration, amendment, withdrawal or status.") var kind: String?
    @Option(help: "Failed at this time or later: RFC 3339, UTC.") var since: String?
    @Option(help: "Failed at this time or before.") var until: String?

    var members: JSONObject {
      var object: JSONObject = [:]
      let all = [
        ("code", code), ("state", state), ("direction", direction), ("corridor", corridor), ("partner", partner), ("kind", kind),
        ("since", since), ("until", until),
      ]
      for (name, value) in all { object[name] = value.map(JSONValue.string) }
      return object
    }

    /// As the query of an address, with `?` before it; empty without conditions.
    var query: String {
      let pairs = members.members.map { "\($0.name)=\(Self.escaped($0.value.string ?? ""))" }
      return pairs.isEmpty ? "" : "?" + pairs.joined(separator: "&")
    }

    static func escaped(_ text: String) -> String {
      text.addingPercentEncoding(withAllowedCharacters: CharacterSet(charactersIn: unreserved)) ?? ""
    }

    /// RFC 3986 §2.3.
    private static let unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
  }

  /// Lists what failed, by cause.
  struct Failures: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List what failed, grouped by cause.")

    @OptionGroup var gateway: GatewayOptions
    @OptionGroup var selection: Selection
    @Flag(help: "JSON as the API gives it.") var json = false

    func run() async throws {
      try await Console.reportingErrors {
        let answer = try await gateway.client().call("GET", "/v1/failures\(selection.query)")
        if json {
          Console.write(answer.serialized(pretty: true) + [0x0A])
          return
        }
        for group in answer["failures"]?.array ?? [] {
          func text(_ name: String) -> String { group[name]?.string ?? "–" }
          let count = group["count"]?.int.map(String.init) ?? "?"
          Console.line(
            "\(count.padded(to: 8))\(text("code").padded(to: 30))\(text("state").padded(to: 20))\(text("direction").padded(to: 10))"
              + "\(text("corridor").padded(to: 10))\(text("partner").padded(to: 6))\(text("kind").padded(to: 13))\(text("first")) – \(text("last"))"
          )
          for id in group["samples"]?.array ?? [] { Console.line("        \(id.string ?? "")") }
        }
      }
    }
  }

  /// Lists replays.
  struct Replays: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List the latest replays, or show one.")

    @OptionGroup var gateway: GatewayOptions
    @Argument(help: "Id of a replay.") var id: String?

    func run() async throws {
      try await Console.reportingErrors {
        let answer = try await gateway.client().call("GET", "/v1/replays" + (id.map { "/\($0)" } ?? ""))
        Console.write(answer.serialized(pretty: true) + [0x0A])
      }
    }
  }

  /// Proposes another document.
  struct Edit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Propose another document in place of the one that a failed message begins with, or show the proposal that waits.",
      discussion: "A second person approves it with `causeway messages approve`; then the message is replayed with it.")

    @OptionGroup var gateway: GatewayOptions
    @Argument(help: "Id of the message.") var id: String
    @Argument(help: "The document; - for standard input. Without it the proposal is shown.") var file: String?
    @Option(help: "Stands on the ledger: names a case and no business data. At most 200 printable ASCII characters.") var reason: String?

    func validate() throws {
      guard (file == nil) == (reason == nil) else { throw ValidationError("Give a document and --reason, or neither.") }
    }

    func run() async throws {
      try await Console.reportingErrors {
        let client = try gateway.client()
        var answer: JSONValue
        if let file, let reason {
          let path = "/v1/messages/\(id)/edits?reason=\(Selection.escaped(reason))"
          answer = try await client.call("POST", path, body: try Files.document(file))
        } else {
          answer = try await client.call("GET", "/v1/messages/\(id)/edits")
        }
        Console.write(answer.serialized(pretty: true) + [0x0A])
      }
    }
  }

  /// Approves another person's proposal.
  struct Approve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Approve another person's edit of a failed message, and replay it with that document.")

    @OptionGroup var gateway: GatewayOptions
    @Argument(help: "Id of the message.") var id: String
    @Option(help: "SHA-256 of the proposal that you have looked at, in hexadecimal.") var sha256: String

    func run() async throws {
      try await Console.reportingErrors {
        let body = JSONValue.object(["sha256": .string(sha256)]).serialized()
        let answer = try await gateway.client().call("POST", "/v1/messages/\(id)/edits/approval", body: body)
        Console.write(answer.serialized(pretty: true) + [0x0A])
      }
    }
  }
}
