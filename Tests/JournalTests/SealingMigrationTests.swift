import CSQLite
import Foundation
import JSONTree
import Journal
import Primitives
import Testing
import Trust

@testable import JournalSQLite

/// A journal that an earlier version wrote, in plain.
@Suite struct SealingMigrationTests {
  private func execute(_ path: String, _ sql: String) throws {
    var handle: OpaquePointer?
    try #require(sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nil) == SQLITE_OK)
    defer { sqlite3_close_v2(handle) }
    let code = sqlite3_exec(handle, sql, nil, nil, nil)
    try #require(code == SQLITE_OK, "\(String(cString: sqlite3_errmsg(handle)))")
  }

  private func text(_ text: String) -> String { "x'\(Hex.encode(Array(text.utf8)))'" }

  private func first(_ path: String, orphan: Bool = false) throws {
    let id = Sample.id(1).text
    let document = "<Price>PLAINSECRET</Price>"
    let digest = SHA256.hash(document).hex
    try execute(
      path,
      """
      \(Migration.all[0].sql)
      PRAGMA application_id = \(Migration.applicationID);
      PRAGMA user_version = 1;
      INSERT INTO message (id, direction, clearance, kind, corridor, partner, state, versions, created, updated, revision, header, signature, details)
      VALUES ('\(id)', 1, 'clearance-1', 'declaration', 'CN-SG', 'SG', 'received', '{}', 1, 1, 3, x'', x'', \(text("{\"ucr\":\"PLAINSECRET\"}")));
      INSERT INTO payload (owner, kind, media_type, digest, byte_count, created, bytes)
      VALUES ('\(orphan ? "nobody" : id)', 'source', 'application/xml', x'\(digest)', \(document.utf8.count), 1, \(text(document)));
      INSERT INTO clearance (id, ucr, corridor, side, status, created, updated, revision, state)
      VALUES ('clearance-1', 'PLAINSECRET', 'CN-SG', 'export', 'in_progress', 1, 1, 2, \(text("{\"salt\":\"PLAINSECRET\"}")));
      INSERT INTO idempotency (subject, key, request, created, outcome)
      VALUES ('trader', 'PLAINSECRET', x'\(digest)', 1, \(text("{\"clearanceId\":\"clearance-1\"}")));
      """)
  }

  private func holds(_ folder: TemporaryFolder, _ text: String) throws -> Bool {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).contains { name in
      try Data(contentsOf: URL(filePath: folder.file(name))).range(of: Data(text.utf8)) != nil
    }
  }

  private static let clearanceOf: @Sendable (IdempotencyRecord) -> String? = {
    (try? JSONValue.parse($0.outcome))?["clearanceId"]?.string
  }

  @Test func isSealedByTheCommandAndNotByItself() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("journal.sqlite")
    try first(path)
    let store = try SQLiteStore(path: path)
    await #expect(throws: CausewayError("journal.not_sealed")) { try await SealingStore.open(store, key: StoreKind.storageKey) }
    #expect(try holds(folder, "PLAINSECRET"))
    #expect(try await SealingStore.seal(store, key: StoreKind.storageKey, clearanceOf: Self.clearanceOf) == 3)
    #expect(try !holds(folder, "PLAINSECRET"))
    let sealed = try await SealingStore.open(store, key: StoreKind.storageKey)
    let (message, payload, clearance, request) = try await sealed.read { reader throws(CausewayError) in
      (
        try reader.message(Sample.id(1)), try reader.payload(owner: Sample.id(1).text, kind: "source"),
        try reader.clearance(corridor: "CN-SG", side: "export", ucr: "PLAINSECRET"),
        try reader.idempotency(subject: "trader", key: "PLAINSECRET")
      )
    }
    #expect(message?.details == Array("{\"ucr\":\"PLAINSECRET\"}".utf8) && message?.revision == 4)
    #expect(payload?.bytes == Array("<Price>PLAINSECRET</Price>".utf8) && payload?.clearance == "clearance-1")
    #expect(clearance?.state == Array("{\"salt\":\"PLAINSECRET\"}".utf8) && clearance?.ucr == "PLAINSECRET")
    #expect(request?.clearance == "clearance-1" && request?.request == payload?.digest)
    await sealed.close()
  }

  /// Nothing is left half sealed: what belongs to no clearance, and so has no key, stops it.
  @Test func allOrNothing() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("journal.sqlite")
    try first(path, orphan: true)
    let store = try SQLiteStore(path: path)
    await #expect { try await SealingStore.seal(store, key: StoreKind.storageKey, clearanceOf: Self.clearanceOf) } throws: {
      ($0 as? CausewayError)?.code == "journal.constraint"
    }
    await #expect(throws: CausewayError("journal.not_sealed")) { try await SealingStore.open(store, key: StoreKind.storageKey) }
    #expect(try await store.read { reader throws(CausewayError) in try reader.message(Sample.id(1)) }?.details.first == 0x7B)
    await store.close()
  }
}
