import ArgumentParser
import Gateway
import JSONTree
import Primitives
import Trust

/// By what a gateway decides, as one: dictionary, code lists, profiles, policies, defaults and registry.
struct RulesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rules", abstract: "Stage and activate profiles, policies, code lists and registry, all of them as one set.",
    subcommands: [Stage.self, List.self, Activate.self])

  struct Stage: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check a set, copy it beside the gateway's journal and print its digest. Nothing changes for the gateway.",
      discussion: """
        What is not named is taken as it holds now. The set that holds now is staged with it, so that there is a way back. Of gateways on one journal \
        each machine needs the set before it is activated.
        """)

    @Option(help: "The gateway's configuration file.") var config: String
    @Option(help: "Folder of schemas.") var schemas: String?
    @Option(help: "Digest of a staged set from which the schemas are taken.") var schemasOf: String?
    @Option(help: "Signed registry.") var registry: String?

    func validate() throws {
      if schemas != nil, schemasOf != nil { throw ValidationError("Give one of --schemas and --schemas-of.") }
    }

    func run() async throws {
      try await Console.reportingErrors {
        let now = try Composition.configuration(at: config)
        let present = try Files.schemas(now.schemas)
        _ = try RuleSetFolder.stage(now, schemas: present, registry: now.registry.document)
        let folder = try schemasOf.map { digest throws(CausewayError) in
          let path = RuleSetFolder.folder(now) + "/" + digest + "/schemas"
          guard Digest(hex: digest) != nil, Files.exists(path) else { throw CausewayError("config.rule_set_missing", pointer: path) }
          return path
        }
        let rules = try RuleSetFolder.stage(now, schemas: folder ?? schemas ?? present, registry: registry ?? now.registry.document)
        Console.line(rules.set?.hex ?? "")
      }
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show which set holds, and which are staged, as JSON.")

    @OptionGroup var gateway: GatewayOptions

    func run() async throws {
      try await Console.reportingErrors {
        Console.write(try await gateway.client().call("GET", "/v1/rules").serialized(pretty: true) + [0x0A])
      }
    }
  }

  struct Activate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Activate a staged set in a running gateway, for everything that begins from then on; a former one likewise.",
      discussion: "Recorded on the ledger: who, from which set to which, and the reason. Needs a token with the role activate.")

    @OptionGroup var gateway: GatewayOptions
    @Argument(help: "Digest of the set, as rules stage prints it.") var set: String
    @Option(help: "Why: names a change or a ticket. At most 200 printable ASCII characters, which stand on the ledger.") var reason: String

    func run() async throws {
      try await Console.reportingErrors {
        let body = JSONValue.object(["set": .string(set), "reason": .string(reason)]).serialized()
        let answer = try await gateway.client().call("POST", "/v1/rules/activations", body: body)
        Console.write(answer.serialized(pretty: true) + [0x0A])
      }
    }
  }
}
