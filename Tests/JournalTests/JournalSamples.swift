import CSQLite
import Foundation
import Journal
import JournalPostgres
import JournalSQLite
import Ledger
import Primitives
import Synchronization
import TestSupport
import Testing
import Trust

/// One kind of store, as the behaviour tests need it: each test runs once for each kind.
struct StoreKind: Sendable, CustomTestStringConvertible {
  let name: String
  let open: @Sendable (TemporaryFolder) async throws -> any JournalStore

  static let all = [
    StoreKind(name: "SQLite") { try SQLiteStore(path: $0.file("journal.sqlite")) },
    StoreKind(name: "sealed SQLite") { try await SealingStore.open(try SQLiteStore(path: $0.file("journal.sqlite")), key: storageKey) },
    StoreKind(name: "PostgreSQL") { try await PostgresStore($0.postgres) },
    StoreKind(name: "sealed PostgreSQL") { try await SealingStore.open(try await PostgresStore($0.postgres), key: storageKey) },
  ]
  static let postgres = all[2]
  static let storageKey = FileKeyEncryptionKey.generate()

  var testDescription: String { name }
}

/// A folder that goes when the last user has gone, and a database of the same name, which goes with the process.
final class TemporaryFolder: Sendable {
  let path: String
  let name: String

  init() throws {
    name = "journal-\(UUID().uuidString)"
    path = FileManager.default.temporaryDirectory.appendingPathComponent(name).path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Made with the first use.
  var postgres: PostgresURI { get throws { try PostgresURI(try PostgresCluster.shared.database(name)) } }

  func file(_ name: String) -> String { path + "/" + name }
}

/// A clock that is set by hand.
final class HandClock: WallClock {
  private let time: Mutex<Instant>
  init(_ time: Instant = Instant(milliseconds: 1_795_000_000_000)) { self.time = Mutex(time) }
  func now() -> Instant { time.withLock { $0 } }
  func set(_ value: Instant) { time.withLock { $0 = value } }
}

/// A journal in a folder of its own, which can be closed and opened again.
struct JournalFixture {
  let folder: TemporaryFolder
  let kind: StoreKind
  let signer: CheckpointSigner
  let clock = HandClock()
  var limits = Journal.Limits()

  init(_ kind: StoreKind = StoreKind.all[0], folder: TemporaryFolder? = nil, signer: CheckpointSigner? = nil) throws {
    self.kind = kind
    self.folder = try folder ?? TemporaryFolder()
    self.signer = try signer ?? CheckpointSigner(origin: "gateway.cn.example/ledger", key: .generate(.ed25519))
  }

  func open() async throws -> Journal {
    try await Journal.open(try await kind.open(folder), signer: signer, clock: clock, limits: limits)
  }

  var path: String { folder.file("journal.sqlite") }
}

/// Somebody else's hand in the database file.
func tamper(_ path: String, _ sql: String) throws {
  var handle: OpaquePointer?
  try #require(sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK)
  defer { sqlite3_close_v2(handle) }
  sqlite3_busy_timeout(handle, 5_000)
  let code = sqlite3_exec(handle, sql, nil, nil, nil)
  try #require(code == SQLITE_OK, "\(String(cString: sqlite3_errmsg(handle))): \(sql)")
}

enum Sample {
  static let now = Instant(milliseconds: 1_795_000_000_000)

  static func id(_ number: Int) -> MessageID {
    MessageID(at: now.adding(milliseconds: Int64(number)), random: (0..<10).map { UInt8(truncatingIfNeeded: number >> ($0 % 4 * 8)) })
  }

  static func message(_ number: Int, key: String? = nil, direction: Direction = .inbound, state: String = "received") -> MessageRecord {
    MessageRecord(
      id: id(number), direction: direction, clearance: "clearance-\(number % 3)", kind: "declaration", corridor: "CN-SG", partner: "sg",
      businessKey: key, state: state, header: Array("header \(number)".utf8), signature: [1, 2, 3],
      payloadDigest: SHA256.hash("payload \(number)"), sequence: number, versions: ["policy": "3", "profile": "cn.decmessage/1"],
      details: Array("{}".utf8), created: now)
  }

  static func draft(_ number: Int) -> EntryDraft {
    EntryDraft(
      kind: "message.received", corridor: "CN-SG", subject: SHA256.hash("subject \(number)"), messageID: id(number),
      payloadDigest: SHA256.hash("payload \(number)"), actor: "sg", versions: ["policy": "3"])
  }

  static func payload(_ number: Int, kind: String = "raw", text: String = "payload") -> PayloadRecord {
    let bytes = Array("\(text) \(number)".utf8)
    return PayloadRecord(
      owner: id(number).text, kind: kind, mediaType: "application/xml", digest: SHA256.hash(bytes), bytes: bytes,
      clearance: "clearance-\(number % 3)", created: now)
  }

  static func clearance(_ number: Int, status: String = "open") -> ClearanceRecord {
    ClearanceRecord(
      id: "clearance-\(number)", ucr: "UCR\(number)", corridor: "CN-SG", side: "import", status: status,
      state: Array("{\"n\":\(number)}".utf8),
      created: now)
  }

  static func delivery(_ number: Int, order: String = "a", priority: Int = 0, due: Instant = now, channel: String = "partner")
    -> OutboxRecord
  {
    OutboxRecord(
      channel: channel, messageID: id(number), destination: "sg", orderKey: order, priority: priority, due: due, created: now)
  }
}
