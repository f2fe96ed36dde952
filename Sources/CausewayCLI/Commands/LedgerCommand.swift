import ArgumentParser
import Gateway
import JSONTree
import Journal
import Ledger
import Primitives
import Trust

/// The append-only ledger of a gateway. Reads the journal beside a running gateway or without one.
struct LedgerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ledger", abstract: "Verify, show, prove and reconcile the ledger.",
    subcommands: [
      LedgerVerifyCommand.self, Show.self, Prove.self, CheckpointCommand.self, LedgerExportCommand.self, LedgerMirrorCommand.self,
      LedgerArchiveCommand.self, LedgerRepairCommand.self, LedgerPolicyCommand.self, LedgerFraudCommand.self, Reconcile.self,
    ])

  /// Which ledger.
  struct Source: ParsableArguments {
    @Option(help: "The gateway's configuration file.") var config: String

    /// The journal for reading, and the keys of its log by the registry: the one that holds now, and all it ever had.
    ///
    /// - Parameter archives: where archived entries are read; nil: nowhere, they are without bytes.
    /// - Throws: `config.file_missing` for an archive without its manifest.
    func open(_ archives: Archives? = nil) async throws(CausewayError) -> (
      store: any JournalStore, key: VerifierKey, keys: [VerifierKey], configuration: GatewayConfiguration
    ) {
      let ledger = try ledger()
      for folder in archives?.archives ?? [] where !Files.exists(folder + "/" + ArchiveManifest.path) {
        throw CausewayError("config.file_missing", pointer: folder + "/" + ArchiveManifest.path)
      }
      let folders = archives.map { $0.archives + ledger.configuration.archives } ?? []
      let store = try await Composition.store(reading: ledger.configuration, archives: ArchiveFolder.entries(of: folders))
      return (store, ledger.key, ledger.keys, ledger.configuration)
    }

    /// The journal for reading what is sealed in it, too: with the storage key of the configuration.
    func openSealed(_ archives: Archives) async throws(CausewayError) -> (store: SealingStore, key: VerifierKey) {
      let opened = try await open(archives)
      return (try await SealingStore.open(opened.store, key: try Composition.storageKey(opened.configuration.keys.storageKey)), opened.key)
    }

    /// As ``open()``, without the journal.
    func ledger() throws(CausewayError) -> (key: VerifierKey, keys: [VerifierKey], configuration: GatewayConfiguration) {
      let configuration = try Composition.configuration(at: config)
      let registry = try Composition.registry(configuration.registry)
      guard let participant = registry.participant(configuration.economy) else {
        throw CausewayError("config.economy_unknown", facts: ["economy": configuration.economy])
      }
      guard let text = try registry.ledgerKeys(of: participant.id, at: SystemClock().now()).first else {
        throw CausewayError("config.ledger_key_missing", facts: ["economy": configuration.economy])
      }
      let keys = try participant.ledger.keys.map { key throws(CausewayError) in try VerifierKey(parsing: key.verifierKey) }
      return (try VerifierKey(parsing: text), keys, configuration)
    }
  }

  /// Where archived entries are read, besides the folders that the configuration names.
  struct Archives: ParsableArguments {
    @Option(parsing: .upToNextOption, help: "Folders of archives.") var archives: [String] = []

    init() {}
    init(_ folders: [String]) { archives = folders }
  }

  /// Shows entries.
  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show entries, one canonical JSON object a line.")

    @OptionGroup var source: Source
    @OptionGroup var archives: Archives
    @Option(help: "First index.") var from = 0
    @Option(help: "How many.") var count = 100

    func run() async throws {
      try await Console.reportingErrors {
        let store = try await source.open(archives).store
        let (from, count) = (from, count)
        let entries = try await store.read { reader throws(CausewayError) in
          let rows = try reader.entries(from: from, limit: count)
          for row in rows { try reader.check(row) }
          return rows
        }
        for entry in entries { Console.write(entry.bytes + [0x0A]) }
        await store.close()
      }
    }
  }

  /// Proves that an entry is in the tree.
  struct Prove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the proof that an entry is in the ledger (C2SP tlog-proof); --entry writes the entry's bytes beside it.")

    @OptionGroup var source: Source
    @OptionGroup var archives: Archives
    @Argument(help: "Index of the entry.") var index: Int
    @Option(help: "To the newest checkpoint that is final in this corridor; without it to the newest.") var corridor: String?
    @Option(help: "File for the entry's bytes, as they are hashed.") var entry: String?

    func run() async throws {
      try await Console.reportingErrors {
        let store = try await source.open(archives).store
        let policy = try corridor.map { corridor throws(CausewayError) in try source.trust().required(corridor) }
        let (index, needsBytes) = (index, entry != nil)
        let (bytes, proof) = try await store.read { reader throws(CausewayError) in
          guard let entry = try reader.entries(from: index, limit: 1).first, entry.index == index else {
            throw CausewayError("ledger.proof_index")
          }
          // The proof needs hashes only.
          if needsBytes || !entry.isEmptied { try reader.check(entry) }
          let (proof, isFinal) = try reader.proof(of: index, by: policy)
          guard isFinal || policy == nil else { throw CausewayError("ledger.not_final") }
          return (entry.bytes, proof)
        }
        if let entry { try Files.write(bytes, to: entry) }
        Console.write(proof.bytes)
        await store.close()
      }
    }
  }

  /// Shows the latest checkpoint.
  struct CheckpointCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "checkpoint", abstract: "Print the latest signed checkpoint (C2SP tlog-checkpoint), or the latest final one.")

    @OptionGroup var source: Source
    @Option(help: "The newest checkpoint that is final in this corridor, with its cosignatures.") var corridor: String?

    func run() async throws {
      try await Console.reportingErrors {
        let store = try await source.open().store
        let policy = try corridor.map { corridor throws(CausewayError) in try source.trust().required(corridor) }
        let note = try await store.read { reader throws(CausewayError) -> [UInt8]? in
          guard let policy else { return try reader.latestCheckpoint()?.note }
          guard let final = try reader.finalCheckpoint(policy) else { throw CausewayError("ledger.not_final") }
          return final.checkpoint.note
        }
        Console.write(note ?? [])
        await store.close()
      }
    }
  }

  /// All entries in order, a page at a time, so that memory stays small.
  static func forEachEntry(
    _ reader: any JournalReader, _ body: (StoredEntry) throws(CausewayError) -> Void
  ) throws(CausewayError) {
    var from = 0
    while true {
      let page = try reader.entries(from: from, limit: 1000)
      for entry in page { try body(entry) }
      guard let last = page.last else { return }
      from = last.index + 1
    }
  }

  /// Two checkpoints of one log of which the second does not continue the first.
  static func conflict(_ old: Int, _ new: Int, _ reason: String) -> CausewayError {
    CausewayError("ledger.history_conflict", facts: ["old": String(old), "new": String(new), "reason": reason])
  }
}
