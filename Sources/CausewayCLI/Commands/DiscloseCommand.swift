import ArgumentParser
import Gateway
import Journal
import Ledger
import Primitives
import Translation

/// Shows chosen fields of one message, with a proof that the ledger has recorded them.
struct DiscloseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "disclose", abstract: "Show chosen fields of a message to a third party, with a proof from the ledger.",
    discussion: """
      Writes one file that proves, offline, that these fields stood in the message when it was recorded; it names every other element as withheld and shows nothing of it. \
      Commodity.HS6 is every field of that element, Commodity.HS6@7 the one of the seventh goods item, Seal.ID@1 all of the first container, Seal.ID@1.2 the second of them.
      """)

  @OptionGroup var source: LedgerCommand.Source
  @OptionGroup var archives: LedgerCommand.Archives
  @Option(help: "Id of the message: a declaration, or an amendment with one, that was sent or received.") var message: String
  @Option(help: "ELEMENT[@PLACE],… of the dictionary.") var elements: String
  @Option(help: "The file to write; one that is there is not overwritten.") var output: String

  func run() async throws {
    try await Console.reportingErrors {
      guard let id = MessageID(message) else { throw CausewayError("receive.not_found") }
      let choices = try elements.utf8.split(separator: 0x2C, omittingEmptySubsequences: false).map { text throws(CausewayError) in
        try DisclosureRequest.Choice(String(Substring(text)))
      }
      guard !Files.exists(output) else { throw CausewayError("config.file_exists", pointer: output) }
      let profiles = try ProfileLibrary.load(try Files.schemas(try Composition.configuration(at: source.config).schemas))
      let (store, key) = try await source.openSealed(archives)
      let request = DisclosureRequest(message: id, choices: choices)
      let trust = try source.trust()
      let (disclosure, isFinal) = try await store.read { reader throws(CausewayError) in
        try request.disclosure(from: reader, profiles: profiles) { trust.policy(of: $0) }
      }
      await store.close()
      let bytes = try disclosure.bytes
      // Nothing is handed out that would not hold.
      let verified = try Disclosure(parsing: bytes).verify(by: LogPolicy(log: [key]))
      try Files.write(bytes, to: output)
      for field in verified.fields { Console.line("shown: \(field.name)") }
      Console.line("withheld: \(verified.elements.filter { $0.withheld > 0 }.count) elements, by name in the file")
      Console.line(isFinal ? "to a final checkpoint" : "to a checkpoint that no quorum has cosigned yet")
      Console.line("\(bytes.count) bytes; verify with: causeway-verify disclosure --key '\(key)' \(output)")
    }
  }
}
