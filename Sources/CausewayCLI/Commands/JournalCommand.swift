import ArgumentParser
import Gateway
import JSONTree
import Journal
import Primitives
import Trust

/// The journal of a gateway that does not run.
struct JournalCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "journal", abstract: "Look after a gateway's journal.", subcommands: [Seal.self, Rewrap.self])

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
        key.close()
        Console.line(count == 0 ? "sealed already" : "sealed: \(count) records")
      }
    }
  }

  /// Changes the storage key.
  struct Rewrap: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Wrap the keys of a sealed journal with another storage key. Stop the gateway first; put the new key into its configuration after it."
    )

    @Option(help: "The gateway's configuration file, still with the old key.") var config: String
    @Option(help: "The new key: a file, or a pkcs11: URI (RFC 7512).") var to: String

    func run() async throws {
      try await Console.reportingErrors {
        let configuration = try Composition.configuration(at: config)
        let old = try Composition.storageKey(configuration.keys.storageKey)
        defer { old.close() }
        let new = try Composition.storageKey(try StorageKeyLocation(to))
        defer { new.close() }
        let store = try await Composition.store(configuration)
        let count = try await SealingStore.rewrap(store, from: old, to: new)
        await store.close()
        Console.line(count.map { "wrapped anew: \($0) keys" } ?? "nothing to wrap: the journal is empty, or has that key already")
      }
    }
  }
}
