import ArgumentParser
import FoundationEssentials
import Gateway
import JSONTree
import Primitives

/// Which gateway a client command speaks to.
struct GatewayOptions: ParsableArguments {
  @Option(help: "The gateway's inside API. Also from CAUSEWAY_URL.") var url: String?
  @Option(help: "Instead of an address: the gateway's configuration file, which says where its inside API listens.") var config: String?
  @Option(help: "File that holds the bearer token. Without it the token comes from CAUSEWAY_TOKEN.") var tokenFile: String?

  func client() throws(CausewayError) -> InsideClient {
    let environment = ProcessInfo.processInfo.environment
    let configured = try config.map { path throws(CausewayError) in
      let inside = try Composition.configuration(at: path).inside
      return "http://\(inside.host):\(inside.port)"
    }
    guard let url = url ?? configured ?? environment["CAUSEWAY_URL"] else {
      throw CausewayError("config.key_missing", facts: ["key": "CAUSEWAY_URL"])
    }
    let token = try tokenFile.map { path throws(CausewayError) in try Files.text(path) } ?? environment["CAUSEWAY_TOKEN"]
    guard let token else { throw CausewayError("config.key_missing", facts: ["key": "CAUSEWAY_TOKEN"]) }
    return InsideClient(base: url, token: String(token.unicodeScalars.filter { !$0.properties.isWhitespace }))
  }
}

/// Hands a declaration in, or a document that amends or cancels one.
struct SubmitCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "submit", abstract: "Hand a declaration to a running gateway.")

  @OptionGroup var gateway: GatewayOptions
  @Option(help: "Local profile of the document.") var profile: String
  @Option(help: "Corridor of a new declaration, for example CN-SG.") var corridor: String?
  @Option(help: "Instead of a corridor: id of the clearance that the document amends or cancels.") var clearance: String?
  @Option(help: "Key that makes a repeated submission the same one.") var idempotencyKey: String?
  @Argument(help: "The document; - for standard input.") var file: String

  func validate() throws {
    guard (corridor == nil) != (clearance == nil) else { throw ValidationError("Give --corridor or --clearance.") }
  }

  func run() async throws {
    try await Console.reportingErrors {
      let body = try Files.document(file)
      let path =
        clearance.map { "/v1/clearances/\($0)/amendments?profile=\(profile)" }
        ?? "/v1/declarations?profile=\(profile)&corridor=\(corridor ?? "")"
      let answer = try await gateway.client().call(
        "POST", path, headers: idempotencyKey.map { ["Idempotency-Key": $0] } ?? [:], body: body)
      Console.write(answer.serialized(pretty: true) + [0x0A])
    }
  }
}

/// Reports what the local customs decided.
struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Report a status of the local customs: lodged, accepted, released or refused, or a document that says it.")

  @OptionGroup var gateway: GatewayOptions
  @Argument(help: "Id of the clearance.") var clearance: String
  @Argument(help: "lodged, accepted, released or refused.") var status: String?
  @Option(help: "Registration number that the customs gave.") var registration: String?
  @Option(help: "Instead of a status: a document of the customs, such as a receipt or a permit; - for standard input.") var document:
    String?
  @Option(help: "Profile of the document.") var profile: String?

  func validate() throws {
    guard (status == nil) == (document != nil), (document == nil) == (profile == nil), document == nil || registration == nil else {
      throw ValidationError("Give a status, or --document with its --profile.")
    }
  }

  func run() async throws {
    try await Console.reportingErrors {
      var path = "/v1/clearances/\(clearance)/status"
      var object: JSONObject = [:]
      object["status"] = status.map(JSONValue.string)
      object["registrationId"] = registration.map(JSONValue.string)
      var body = JSONValue.object(object).serialized()
      if let document, let profile {
        path += "?profile=\(profile)"
        body = try Files.document(document)
      }
      let answer = try await gateway.client().call("POST", path, body: body)
      Console.write(answer.serialized(pretty: true) + [0x0A])
    }
  }
}

/// Shows clearances.
struct ClearancesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "clearances", abstract: "List the clearances, or show one with its messages.")

  @OptionGroup var gateway: GatewayOptions
  @Argument(help: "Id of a clearance; without it the latest are listed.") var id: String?
  @Flag(help: "JSON as the API gives it.") var json = false

  func run() async throws {
    try await Console.reportingErrors {
      let answer = try await gateway.client().call("GET", id.map { "/v1/clearances/\($0)" } ?? "/v1/clearances")
      if json || id != nil {
        Console.write(answer.serialized(pretty: true) + [0x0A])
        return
      }
      for clearance in answer["clearances"]?.array ?? [] {
        func text(_ value: JSONValue?) -> String { value?.string ?? "–" }
        Console.line(
          "\(text(clearance["id"]))  \(text(clearance["corridor"]).padded(to: 8))\(text(clearance["outcome"]).padded(to: 13))"
            + "export \(text(clearance["export"]?["status"]).padded(to: 12)) import \(text(clearance["import"]?["status"]))")
      }
    }
  }
}
