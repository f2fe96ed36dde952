import ArgumentParser
import JSONTree
import Primitives
import Trust

/// The signed registry of participants and corridors.
struct RegistryCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "registry", abstract: "Sign, show and check the registry.", subcommands: [Sign.self, Show.self, Check.self])

  /// Signs a draft.
  struct Sign: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Sign a draft (schemas/registry.schema.json) with the registry's key.")

    @Argument(help: "The draft: the JSON object that stands in the member `registry`.") var draft: String
    @Option(help: "PEM of the registry's private key.") var key: String

    func run() async throws {
      try await Console.reportingErrors {
        let content = try Registry.readDraft(try Files.read(draft))
        Console.write(try Registry.sign(content, key: try PrivateKey(pem: try Files.text(key))))
      }
    }
  }

  /// What both readers of a registry take.
  struct Source: ParsableArguments {
    @Argument(help: "The signed registry.") var file: String
    @Option(help: "PEM of the public key that signs it.") var key: String

    func verified() throws(CausewayError) -> VerifiedRegistry {
      try Registry.verify(try Files.read(file), keys: [try PublicKey(pem: try Files.text(key))])
    }
  }

  /// Shows a registry whose signature holds.
  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Show participants, certificates and corridors. Refuses a registry that does not verify.")

    @OptionGroup var source: Source
    @Flag(help: "The verified content as JSON.") var json = false

    func run() async throws {
      try await Console.reportingErrors {
        let registry = try source.verified()
        if json {
          Console.write(registry.content.json.serialized(pretty: true) + [0x0A])
          return
        }
        Console.line("version \(registry.version), issued \(registry.content.issued.rfc3339)")
        for participant in registry.content.participants {
          Console.line("\(participant.id)  \(participant.nameEN) \(participant.nameZH)  \(participant.endpoint)")
          for entry in participant.certificates {
            Console.line(
              "    \(entry.role.rawValue.padded(to: 8)) \(entry.notBefore.rfc3339) – \(entry.notAfter.rfc3339)  \(entry.certificate.keyID)")
          }
          for key in participant.ledger.keys { Console.line("    ledger   \(key.verifierKey)") }
        }
        for corridor in registry.content.corridors {
          Console.line(
            "\(corridor.id)  \(corridor.mode.rawValue)  wire \(corridor.wire)  policy \(corridor.releasePolicy)  purpose \(corridor.purpose)"
          )
        }
      }
    }
  }

  /// Checks the signature and the content.
  struct Check: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check signature and content: every problem at once. Exit 0 when it is sound.")

    @OptionGroup var source: Source

    func run() async throws {
      try await Console.reportingErrors {
        let registry = try source.verified()
        Console.line(
          "sound: version \(registry.version), \(registry.content.participants.count) participants, \(registry.content.corridors.count) corridors"
        )
      }
    }
  }
}
