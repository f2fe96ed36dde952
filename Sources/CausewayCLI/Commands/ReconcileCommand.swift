import ArgumentParser
import JSONTree
import Primitives

extension LedgerCommand {
  /// Compares a corridor-day with the partner, through the running gateway.
  struct Reconcile: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Let a running gateway compare a corridor-day with its partner's. Exit 0 when nothing differs, 65 when something does.")

    @OptionGroup var gateway: GatewayOptions
    @Option(help: "The corridor, for example CN-SG.") var corridor: String
    @Option(help: "The day in UTC on which the messages were sealed, for example 2026-11-29.") var day: String
    @Flag(help: "The result as JSON.") var json = false

    func run() async throws {
      try await Console.reportingErrors {
        let result = try await gateway.client().call("POST", "/v1/reconciliations?corridor=\(corridor)&day=\(day)")
        let findings = result["findings"]?.array ?? []
        if json {
          Console.write(result.serialized(pretty: true) + [0x0A])
        } else {
          for finding in findings { Console.line(Self.line(finding)) }
          Console.line(Self.summary(result))
        }
        if !findings.isEmpty || result["complete"]?.bool != true { throw ExitStatus.dataRefused }
      }
    }

    private static func line(_ finding: JSONValue) -> String {
      func text(_ name: String) -> String { finding[name]?.string ?? "" }
      let subject = finding["messageId"]?.string.map { "message   \($0)" } ?? "clearance \(text("clearanceId"))"
      return "\(text("kind").padded(to: 17))\(subject)  \(text("state")) since \(text("firstSeen"))"
    }

    private static func summary(_ result: JSONValue) -> String {
      func number(_ value: JSONValue?) -> String { value?.int.map(String.init) ?? "?" }
      let all = result["complete"]?.bool == true ? "" : "; not everything was compared, there are more"
      return "\(number(result["differences"])) differences in \(number(result["own"]?["items"])) items here and "
        + "\(number(result["partner"]?["items"])) at the partner, \(number(result["closed"])) closed, "
        + "\(number(result["bytes"])) bytes exchanged in \(number(result["questions"])) questions\(all)"
    }
  }
}
