import Foundation
import Journal
import JournalPostgres
import JournalSQLite
import Ledger
import Primitives
import TestSupport
import Testing
import Trust

/// A journal that lives through many lives of `JournalCrashWriter steps`, and what was promised in them.
actor StepJournal {
  enum Store: String, Sendable, CaseIterable {
    case sqlite = "SQLite"
    case postgres = "PostgreSQL"
  }

  /// Names of the steps by the numbers under which the fault library counts; see `StepWriter.Step`.
  static let steps = [
    "outside", "start", "outbound.received", "outbound.sealed", "outbound.receipted", "inbound.recorded", "inbound.handed_over",
    "inbox.acknowledged", "close",
  ]
  static let start = 1
  static let close = 8
  static let workingSteps = 2...7

  nonisolated let folder: TemporaryFolder
  nonisolated let store: Store
  nonisolated let control: FaultControl
  private let signer: CheckpointSigner
  private let storageKey = FileKeyEncryptionKey.generate()
  private(set) var promises: [Promise] = []
  private var next = 1

  init(_ store: Store) throws {
    self.store = store
    folder = try TemporaryFolder()
    control = try FaultControl(file: folder.file("control"))
    let key = try PrivateKey.generate(.ed25519)
    signer = try CheckpointSigner(origin: "gateway.cn.example/ledger", key: key)
    try key.pem().exposed.write(toFile: folder.file("key.pem"), atomically: true, encoding: .utf8)
    try storageKey.pem().exposed.write(toFile: folder.file("storage-key.pem"), atomically: true, encoding: .utf8)
  }

  nonisolated var location: String {
    get throws { store == .sqlite ? folder.file("journal.sqlite") : try folder.postgres.text }
  }

  /// Arms the control for this journal's files, or for its database's connections.
  nonisolated func arm(_ fault: FaultControl.Fault) {
    control.arm(fault, path: "journal.sqlite", port: FaultControl.localSockets)
  }

  /// One life of the writer with so many new messages.
  func live(messages count: Int, lanes: Int = 1) async throws -> Life {
    let writer = try #require(CrashTests.writer)
    let first = next
    next += count
    let arguments = ["steps", try location, folder.file("key.pem"), folder.file("storage-key.pem"), "\(first)", "\(count)", "\(lanes)"]
    let life = try await Life.run(writer, arguments, environment: try control.environment)
    promises += life.lines.compactMap(Promise.init)
    return life
  }

  /// What does not hold.
  func violations(isFinished: Bool) async throws -> [String] {
    let store: any JournalStore =
      switch self.store {
      case .sqlite: try SQLiteStore(readingFrom: folder.file("journal.sqlite"))
      case .postgres: try await PostgresStore(readingFrom: try folder.postgres)
      }
    let sealed = try await SealingStore.open(store, key: storageKey)
    let invariants = JournalInvariants(promises: promises, key: signer.verifierKey, isFinished: isFinished)
    let found = try await sealed.read { reader throws(CausewayError) in try invariants.violations(reader) }
    await sealed.close()
    return found
  }

  func open() async throws -> Journal {
    let store: any JournalStore =
      switch self.store {
      case .sqlite: try SQLiteStore(path: folder.file("journal.sqlite"))
      case .postgres: try await PostgresStore(try folder.postgres)
      }
    return try await Journal.open(
      try await SealingStore.open(store, key: storageKey), signer: signer, clock: HandClock(Instant(milliseconds: 1_900_000_000_000)))
  }

  func promise(_ promise: Promise) { promises.append(promise) }
  func forgetPromises(_ isMeant: (Promise) -> Bool) { promises.removeAll(where: isMeant) }
}

/// What the writer was told is durable: one line of its output.
struct Promise: Sendable, Hashable {
  let step: String
  let number: Int
  let id: MessageID
  /// Index of the entry, or SHA-256 of the receipt.
  let fact: String

  init(step: String, number: Int, id: MessageID, fact: String) {
    (self.step, self.number, self.id, self.fact) = (step, number, id, fact)
  }

  init?(_ line: String) {
    let words = line.split(separator: " ").map(String.init)
    guard words.count == 5, words[0] == "ack", let number = Int(words[2]), let id = MessageID(words[3]) else { return nil }
    self.init(step: words[1], number: number, id: id, fact: words[4])
  }
}
