import ArgumentParser
import Gateway
import JSONTree
import Primitives

/// Erases what a clearance holds of business data.
struct EraseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "erase",
    abstract: "Erase the data of a clearance, for good. Headers, receipts and the ledger stay, and still verify (docs/data-protection.md).")

  @OptionGroup var gateway: GatewayOptions
  @Option(help: "Id of the clearance.") var clearance: String
  @Option(help: "subject_request, or court_order, which does not wait for the clearance to end.") var ground: String

  func run() async throws {
    try await Console.reportingErrors {
      let body = JSONValue.object(["ground": .string(ground)]).serialized()
      let answer = try await gateway.client().call("POST", "/v1/clearances/\(clearance)/erasure", body: body)
      Console.write(answer.serialized(pretty: true) + [0x0A])
    }
  }
}

/// Legal holds.
struct HoldCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hold", abstract: "Keep the data of a clearance from being erased, whatever ground there is.",
    subcommands: [Set.self, Release.self, List.self])

  /// Which clearance, and why.
  struct Subject: ParsableArguments {
    @Option(help: "Id of the clearance.") var clearance: String
    @Option(help: "Names a case, and no business data: it stands on the ledger. At most 200 printable ASCII characters.") var reason: String

    var body: [UInt8] { JSONValue.object(["reason": .string(reason)]).serialized() }
  }

  struct Set: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Set a hold. One that is there stays as it is.")

    @OptionGroup var gateway: GatewayOptions
    @OptionGroup var subject: Subject

    func run() async throws {
      try await Console.reportingErrors {
        let answer = try await gateway.client().call("POST", "/v1/clearances/\(subject.clearance)/hold", body: subject.body)
        Console.write(answer.serialized(pretty: true) + [0x0A])
      }
    }
  }

  struct Release: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Release a hold. Nothing happens when there is none.")

    @OptionGroup var gateway: GatewayOptions
    @OptionGroup var subject: Subject

    func run() async throws {
      try await Console.reportingErrors {
        let answer = try await gateway.client().call("POST", "/v1/clearances/\(subject.clearance)/hold/release", body: subject.body)
        Console.write(answer.serialized(pretty: true) + [0x0A])
      }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List all holds.")

    @OptionGroup var gateway: GatewayOptions

    func run() async throws {
      try await Console.reportingErrors {
        Console.write(try await gateway.client().call("GET", "/v1/holds").serialized(pretty: true) + [0x0A])
      }
    }
  }
}
