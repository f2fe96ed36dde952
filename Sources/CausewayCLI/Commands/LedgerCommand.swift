import ArgumentParser
import Gateway
import JSONTree
import Journal
import JournalSQLite
import Ledger
import Primitives
import Trust

/// The append-only ledger of a gateway. Reads the journal beside a running gateway or without one.
struct LedgerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ledger", abstract: "Verify, show, prove and reconcile the ledger.",
    subcommands: [Verify.self, Show.self, Prove.self, CheckpointCommand.self, Export.self, Reconcile.self])

  /// Which ledger.
  struct Source: ParsableArguments {
    @Option(help: "The gateway's configuration file.") var config: String

    /// The journal for reading, and the key of its log by the registry.
    func open() throws(CausewayError) -> (store: SQLiteStore, key: VerifierKey) {
      let configuration = try Composition.configuration(at: config)
      let registry = try Composition.registry(configuration.registry)
      guard let participant = registry.participant(configuration.economy) else {
        throw CausewayError("config.economy_unknown", facts: ["economy": configuration.economy])
      }
      guard let text = try registry.ledgerKeys(of: participant.id, at: SystemClock().now()).first else {
        throw CausewayError("config.ledger_key_missing", facts: ["economy": configuration.economy])
      }
      return (try SQLiteStore(readingFrom: configuration.data + "/journal.sqlite"), try VerifierKey(parsing: text))
    }
  }

  /// Checks everything.
  struct Verify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check every entry, the chain, the tree and the checkpoints. Exit 0 when sound, 70 when not, naming the index.")

    @OptionGroup var source: Source
    @Flag(help: "The report as JSON.") var json = false

    func run() async throws {
      try await Console.reportingErrors {
        let (store, key) = try source.open()
        let report = try await store.read { reader throws(CausewayError) in
          try reader.auditLedger(origin: key.name, keys: [key]) { count, size in Console.progress("\(count) of \(size) entries") }
        }
        await store.close()
        if Console.isWatched { Console.progress("") }
        if json {
          Console.write(report.json.serialized(pretty: true) + [0x0A])
        } else if report.isSound {
          Console.line("sound: \(report.entryCount) entries, root \(report.checkpoint?.root.hex ?? "")")
        } else {
          for finding in report.findings {
            Console.line("entry \(finding.index): \(finding.damage.rawValue) damaged (\(finding.field))")
          }
          Console.line("not sound: \(report.findingCount) findings in \(report.entryCount) entries")
        }
        if !report.isSound { throw ExitStatus.fault }
      }
    }
  }

  /// Shows entries.
  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Show entries, one canonical JSON object a line.")

    @OptionGroup var source: Source
    @Option(help: "First index.") var from = 0
    @Option(help: "How many.") var count = 100

    func run() async throws {
      try await Console.reportingErrors {
        let store = try source.open().store
        let (from, count) = (from, count)
        let entries = try await store.read { reader throws(CausewayError) in try reader.entries(from: from, limit: count) }
        for entry in entries { Console.write(entry.bytes + [0x0A]) }
        await store.close()
      }
    }
  }

  /// Proves that an entry is in the tree.
  struct Prove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the proof that an entry is in the latest checkpoint's tree (RFC 9162): entry, path and signed checkpoint.")

    @OptionGroup var source: Source
    @Argument(help: "Index of the entry.") var index: Int

    func run() async throws {
      try await Console.reportingErrors {
        let store = try source.open().store
        let index = index
        let proof = try await store.read { reader throws(CausewayError) -> JSONValue in
          guard let checkpoint = try reader.latestCheckpoint(), let entry = try reader.entries(from: index, limit: 1).first,
            entry.index == index
          else { throw CausewayError("ledger.proof_index") }
          return [
            "entry": .string(String(decoding: entry.bytes, as: UTF8.self)),
            "proof": try reader.inclusionProof(index: index, size: checkpoint.size).json,
            "checkpoint": .string(String(decoding: checkpoint.note, as: UTF8.self)),
          ]
        }
        Console.write(proof.serialized(pretty: true) + [0x0A])
        await store.close()
      }
    }
  }

  /// Shows the latest checkpoint.
  struct CheckpointCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "checkpoint", abstract: "Print the latest signed checkpoint (C2SP tlog-checkpoint).")

    @OptionGroup var source: Source

    func run() async throws {
      try await Console.reportingErrors {
        let store = try source.open().store
        let checkpoint = try await store.read { reader throws(CausewayError) in try reader.latestCheckpoint() }
        Console.write(checkpoint?.note ?? [])
        await store.close()
      }
    }
  }

  /// Writes the whole ledger for archives and `causeway-verify`.
  struct Export: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write the whole ledger to a folder, for archives and for causeway-verify: entries.jsonl and the signed checkpoint.")

    @OptionGroup var source: Source
    @Option(help: "The folder. Files that are there are not overwritten.") var output: String

    func run() async throws {
      try await Console.reportingErrors {
        let (store, key) = try source.open()
        guard !Files.exists(output + "/checkpoint") else { throw CausewayError("config.file_exists", pointer: output) }
        let (lines, note) = try await store.read { reader throws(CausewayError) -> ([UInt8], [UInt8]) in
          guard let stored = try reader.latestCheckpoint() else { throw CausewayError("ledger.proof_index") }
          var lines: [UInt8] = []
          try LedgerCommand.forEachEntry(reader, upTo: stored.size) { entry throws(CausewayError) in lines += EntryLines.line(entry.bytes) }
          return (lines, stored.note)
        }
        try Files.write(lines, to: output + "/entries.jsonl")
        try Files.write(note, to: output + "/checkpoint")
        Console.line("verify with: causeway-verify --key '\(key)' \(output)")
        await store.close()
      }
    }
  }

  /// All entries in order, a page at a time, so that memory stays small.
  static func forEachEntry(
    _ reader: any JournalReader, upTo size: Int?, _ body: (StoredEntry) throws(CausewayError) -> Void
  ) throws(CausewayError) {
    var from = 0
    while true {
      let page = try reader.entries(from: from, limit: 1000)
      for entry in page where size.map({ entry.index < $0 }) ?? true { try body(entry) }
      guard let last = page.last, size.map({ last.index < $0 - 1 }) ?? true else { return }
      from = last.index + 1
    }
  }
}
