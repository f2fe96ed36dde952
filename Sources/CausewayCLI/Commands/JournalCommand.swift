import ArgumentParser
import Gateway
import JSONTree
import Journal
import Primitives

/// The journal of a gateway that does not run.
struct JournalCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "journal", abstract: "Look after a gateway's journal.", subcommands: [Seal.self])

  /// Seals a journal that was written before data was sealed.
  struct Seal: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Seal a journal that holds data in plain, with the storage key of the configuration. Stop the gateway, and keep a copy of the key, first."
    )

    @Option(help: "The gateway's configuration file.") var config: String

    func run() async throws {
      try await Console.reportingErrors {
        let configuration = try Composition.configuration(at: config)
        let key = try Composition.storageKey(configuration.keys.storageKey)
        let store = try await Composition.store(configuration)
        let count = try await SealingStore.seal(store, key: key) { record in
          (try? JSONValue.parse(record.outcome))?["clearanceId"]?.string
        }
        await store.close()
        Console.line(count == 0 ? "sealed already" : "sealed: \(count) records")
      }
    }
  }
}
