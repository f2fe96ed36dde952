import CSQLite
import Foundation
import JSONTree
import Journal
import JournalSQLite
import Ledger
import Primitives
import Testing
import Trust

/// What lies in the files of a sealed journal, and what becomes of it when somebody changes them.
@Suite struct SealingStoreTests {
  private static let sealed = StoreKind.all[1]

  /// Words that stand in every sealed column, and the text that they are taken from.
  private static let secrets = ["PAYLOADSECRET", "DETAILSECRET", "UCRSECRET", "STATESECRET", "KEYSECRET", "ANSWERSECRET"]

  private func message(_ number: Int) -> MessageRecord {
    var message = Sample.message(number)
    message.clearance = "clearance-\(number)"
    message.details = Array("{\"reference\":\"DETAILSECRET\(number)\"}".utf8)
    return message
  }

  private func clearance(_ number: Int) -> ClearanceRecord {
    ClearanceRecord(
      id: "clearance-\(number)", ucr: "UCRSECRET\(number)", corridor: "CN-SG", side: "export", status: "cleared",
      state: Array("{\"salt\":\"STATESECRET\(number)\"}".utf8), created: Sample.now)
  }

  private func payload(_ number: Int, kind: String = "wire") -> PayloadRecord {
    let bytes = Array("<Price>PAYLOADSECRET\(number)</Price>".utf8)
    return PayloadRecord(
      owner: Sample.id(number).text, kind: kind, mediaType: "application/xml", digest: SHA256.hash(bytes), bytes: bytes, created: Sample.now
    )
  }

  private func request(_ number: Int) -> IdempotencyRecord {
    IdempotencyRecord(
      subject: "trader", key: "KEYSECRET\(number)", request: SHA256.hash("REQUESTSECRET\(number)"),
      outcome: Array("{\"clearanceId\":\"clearance-\(number)\",\"a\":\"ANSWERSECRET\"}".utf8), clearance: "clearance-\(number)",
      created: Sample.now)
  }

  private func change(_ number: Int) -> Change {
    Change(
      operations: [
        .putIdempotency(request(number)), .putMessage(message(number), expecting: .absent), .putPayload(payload(number)),
        .putPayload(payload(number, kind: "source")), .putClearance(clearance(number), expecting: .absent),
      ], entries: [Sample.draft(number)])
  }

  private func filled(_ numbers: ClosedRange<Int> = 1...3) async throws -> JournalFixture {
    let fixture = try JournalFixture(Self.sealed)
    let journal = try await fixture.open()
    for number in numbers { #expect(try await journal.commit(change(number)).committed != nil) }
    await journal.close()
    return fixture
  }

  private func files(_ folder: TemporaryFolder) throws -> [Data] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).map { try Data(contentsOf: URL(filePath: folder.file($0))) }
  }

  private func holds(_ folder: TemporaryFolder, _ bytes: some Collection<UInt8>) throws -> Bool {
    try files(folder).contains { $0.range(of: Data(bytes)) != nil }
  }

  private func tamper(_ path: String, _ sql: String) throws {
    var handle: OpaquePointer?
    try #require(sqlite3_open_v2(path, &handle, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK)
    defer { sqlite3_close_v2(handle) }
    let code = sqlite3_exec(handle, sql, nil, nil, nil)
    try #require(code == SQLITE_OK, "\(String(cString: sqlite3_errmsg(handle))): \(sql)")
  }

  private func code(_ body: () async throws(CausewayError) -> Void) async -> ErrorCode? {
    do throws(CausewayError) {
      try await body()
      return nil
    } catch {
      return error.code
    }
  }

  // MARK: At rest

  @Test func filesHoldNothingInPlainAndTheKeyOpensAll() async throws {
    let fixture = try JournalFixture(Self.sealed)
    let journal = try await fixture.open()
    for number in 1...3 { _ = try await journal.commit(change(number)) }
    // With the write-ahead log, and without.
    for isClosed in [false, true] {
      if isClosed { await journal.close() }
      for secret in Self.secrets { #expect(try !holds(fixture.folder, secret.utf8), "\(secret)") }
      for number in 1...3 {
        #expect(try !holds(fixture.folder, SHA256.hash("REQUESTSECRET\(number)").bytes))
        #expect(try !holds(fixture.folder, SHA256.hash("REQUESTSECRET\(number)").hex.utf8))
        #expect(try !holds(fixture.folder, payload(number).digest.bytes))
      }
      // What is meant to be in plain is found.
      #expect(try holds(fixture.folder, "clearance-2".utf8))
      #expect(try holds(fixture.folder, "header 2".utf8))
    }
    let again = try await fixture.open()
    for number in 1...3 {
      let (message, payload, byID, byUCR, request) = try await again.read { reader throws(CausewayError) in
        (
          try reader.message(Sample.id(number)), try reader.payload(owner: Sample.id(number).text, kind: "wire"),
          try reader.clearance("clearance-\(number)"),
          try reader.clearance(corridor: "CN-SG", side: "export", ucr: "UCRSECRET\(number)"),
          try reader.idempotency(subject: "trader", key: "KEYSECRET\(number)")
        )
      }
      #expect(message?.details == self.message(number).details)
      #expect(payload?.bytes == self.payload(number).bytes && payload?.digest == self.payload(number).digest)
      #expect(byID?.ucr == "UCRSECRET\(number)" && byID?.state == clearance(number).state)
      #expect(byUCR?.id == "clearance-\(number)")
      #expect(request?.outcome == self.request(number).outcome && request?.request == self.request(number).request)
    }
    #expect(
      try await again.read { reader throws(CausewayError) in try reader.clearance(corridor: "CN-SG", side: "export", ucr: "U") } == nil)
    await again.close()
  }

  @Test func aKeyOfAFailedChangeIsNotUsed() async throws {
    let fixture = try JournalFixture(Self.sealed)
    let journal = try await fixture.open()
    var failing = change(1)
    failing.operations.append(.acknowledge(sequence: 99, at: Sample.now))
    #expect(try await journal.commit(failing).conflict != nil)
    #expect(try await journal.read { reader throws(CausewayError) in try reader.dataKey("clearance-1") } == nil)
    // In one group with others, and alone: what is committed opens after a restart.
    async let first = journal.commit(failing)
    async let second = journal.commit(change(1))
    _ = try await (first, second)
    await journal.close()
    let again = try await fixture.open()
    let payload = try await again.read { reader throws(CausewayError) in try reader.payload(owner: Sample.id(1).text, kind: "wire") }
    #expect(payload?.bytes == self.payload(1).bytes)
    await again.close()
  }

  // MARK: Damage

  /// A statement of somebody who can write to the disk, the question that meets it, and the answer.
  struct Damage: Sendable, CustomTestStringConvertible {
    let name: String
    let sql: String
    let code: ErrorCode
    let ask: @Sendable (any JournalReader) throws(CausewayError) -> Void
    var testDescription: String { name }
  }

  private static let askMessage: @Sendable (any JournalReader) throws(CausewayError) -> Void = { reader throws(CausewayError) in
    _ = try reader.message(Sample.id(1))
  }
  private static let askPayload: @Sendable (any JournalReader) throws(CausewayError) -> Void = { reader throws(CausewayError) in
    _ = try reader.payload(owner: Sample.id(1).text, kind: "wire")
  }
  private static let askClearance: @Sendable (any JournalReader) throws(CausewayError) -> Void = { reader throws(CausewayError) in
    _ = try reader.clearance("clearance-1")
  }
  private static let askRequest: @Sendable (any JournalReader) throws(CausewayError) -> Void = { reader throws(CausewayError) in
    _ = try reader.idempotency(subject: "trader", key: "KEYSECRET1")
  }

  private static func exchanged(_ table: String, _ column: String, _ first: String, _ second: String) -> String {
    """
    CREATE TABLE other AS SELECT (SELECT \(column) FROM \(table) WHERE \(second)) AS value, (SELECT \(column) FROM \(table) WHERE \(first)) AS old;
    UPDATE \(table) SET \(column) = (SELECT old FROM other) WHERE \(second);
    UPDATE \(table) SET \(column) = (SELECT value FROM other) WHERE \(first);
    """
  }

  static let damages: [Damage] = {
    let (one, two) = ("id = '\(Sample.id(1).text)'", "id = '\(Sample.id(2).text)'")
    let owner = "owner = '\(Sample.id(1).text)'"
    let lastByte = "CAST(substr(%, 1, length(%) - 1) || CASE substr(%, -1) WHEN x'00' THEN x'01' ELSE x'00' END AS BLOB)"
    func flipped(_ column: String) -> String { lastByte.replacingOccurrences(of: "%", with: column) }
    return [
      Damage(
        name: "details changed", sql: "UPDATE message SET details = \(flipped("details")) WHERE \(one)", code: "journal.sealed_damaged",
        ask: askMessage),
      Damage(
        name: "details in plain", sql: "UPDATE message SET details = CAST('{}' AS BLOB) WHERE \(one)", code: "journal.sealed_damaged",
        ask: askMessage),
      Damage(name: "details exchanged", sql: exchanged("message", "details", one, two), code: "journal.sealed_misplaced", ask: askMessage),
      Damage(
        name: "message of another clearance", sql: "UPDATE message SET clearance = 'clearance-2' WHERE \(one)",
        code: "journal.sealed_misplaced", ask: askMessage),
      Damage(
        name: "older revision claimed", sql: "UPDATE message SET revision = 7 WHERE \(one)", code: "journal.sealed_misplaced",
        ask: askMessage),
      Damage(
        name: "payload changed", sql: "UPDATE payload SET bytes = \(flipped("bytes")) WHERE \(owner)", code: "journal.sealed_damaged",
        ask: askPayload),
      Damage(
        name: "payload exchanged within the message",
        sql: exchanged("payload", "bytes", "\(owner) AND kind = 'wire'", "\(owner) AND kind = 'source'"),
        code: "journal.sealed_misplaced", ask: askPayload),
      Damage(
        name: "media type changed", sql: "UPDATE payload SET media_type = 'text/html' WHERE \(owner)", code: "journal.sealed_misplaced",
        ask: askPayload),
      Damage(
        name: "state changed", sql: "UPDATE clearance SET state = \(flipped("state")) WHERE id = 'clearance-1'",
        code: "journal.sealed_damaged", ask: askClearance),
      Damage(
        name: "state exchanged", sql: exchanged("clearance", "state", "id = 'clearance-1'", "id = 'clearance-2'"),
        code: "journal.sealed_misplaced", ask: askClearance),
      Damage(
        name: "status changed", sql: "UPDATE clearance SET status = 'refused' WHERE id = 'clearance-1'", code: "journal.sealed_misplaced",
        ask: askClearance),
      Damage(
        name: "state removed", sql: "UPDATE clearance SET state = x'' WHERE id = 'clearance-1'", code: "journal.sealed_damaged",
        ask: askClearance),
      Damage(
        name: "answer changed", sql: "UPDATE idempotency SET outcome = \(flipped("outcome"))", code: "journal.sealed_damaged",
        ask: askRequest),
      Damage(
        name: "key removed", sql: "DELETE FROM data_key WHERE clearance = 'clearance-1'", code: "journal.data_key_missing", ask: askPayload),
      Damage(
        name: "key changed", sql: "UPDATE data_key SET wrapped = \(flipped("wrapped")) WHERE clearance = 'clearance-1'",
        code: "journal.data_key_damaged", ask: askPayload),
      Damage(
        name: "keys exchanged", sql: exchanged("data_key", "wrapped", "clearance = 'clearance-1'", "clearance = 'clearance-2'"),
        code: "journal.data_key_damaged", ask: askPayload),
      Damage(
        name: "erasure claimed",
        sql: "UPDATE data_key SET wrapped = NULL, erased = 1, ground = 'court_order' WHERE clearance = 'clearance-1'",
        code: "journal.erased", ask: askPayload),
    ]
  }()

  @Test(arguments: damages) func eachDamageHasItsCodeAndNothingIsServed(_ damage: Damage) async throws {
    let fixture = try await filled()
    let untouched = try await fixture.open()
    #expect(await code { () throws(CausewayError) in try await untouched.read(damage.ask) } == nil)
    await untouched.close()
    try tamper(fixture.path, damage.sql)
    let journal = try await fixture.open()
    #expect(await code { () throws(CausewayError) in try await journal.read(damage.ask) } == damage.code)
    // Another clearance, and the ledger, are not touched by it.
    let other = try await journal.read { reader throws(CausewayError) in try reader.payload(owner: Sample.id(3).text, kind: "wire") }
    #expect(other?.bytes == payload(3).bytes)
    #expect(try await journal.audit().isSound)
    await journal.close()
  }

  /// Every byte of a sealed payload: each is part of what is authenticated, or of what tells its place.
  @Test func everyByteOfABlobCounts() async throws {
    let fixture = try await filled(1...1)
    let plain = try SQLiteStore(readingFrom: fixture.path)
    let blob = try #require(
      try await plain.read { reader throws(CausewayError) in try reader.payload(owner: Sample.id(1).text, kind: "wire") }?.bytes)
    await plain.close()
    let codes: Set<ErrorCode> = ["journal.sealed_damaged", "journal.sealed_misplaced"]
    for index in blob.indices {
      var changed = blob
      changed[index] ^= 1
      try tamper(fixture.path, "UPDATE payload SET bytes = x'\(Hex.encode(changed))' WHERE kind = 'wire'")
      let store = try await SealingStore.open(try SQLiteStore(readingFrom: fixture.path), key: StoreKind.storageKey)
      let found = await code { () throws(CausewayError) in try await store.read(Self.askPayload) }
      #expect(found.map(codes.contains) == true, "byte \(index): \(String(describing: found))")
      await store.close()
    }
    try tamper(fixture.path, "UPDATE payload SET bytes = x'\(Hex.encode(blob))' WHERE kind = 'wire'")
    let store = try await SealingStore.open(try SQLiteStore(readingFrom: fixture.path), key: StoreKind.storageKey)
    #expect(await code { () throws(CausewayError) in try await store.read(Self.askPayload) } == nil)
    await store.close()
  }

  @Test func anotherStorageKeyOpensNothing() async throws {
    let fixture = try await filled()
    for _ in 0..<2 {
      let store = try SQLiteStore(path: fixture.path)
      await #expect(throws: CausewayError("journal.storage_key")) {
        try await SealingStore.open(store, key: FileKeyEncryptionKey.generate())
      }
      await store.close()
    }
    try tamper(fixture.path, "DELETE FROM stored_value WHERE name = 'journal.index_key'")
    let store = try SQLiteStore(path: fixture.path)
    await #expect(throws: CausewayError("journal.index_key_missing")) { try await SealingStore.open(store, key: StoreKind.storageKey) }
    await store.close()
  }

  // MARK: From plain to sealed

  @Test func aPlainJournalIsRefusedUntilItIsSealed() async throws {
    let fixture = try JournalFixture(StoreKind.all[0])
    let plain = try await fixture.open()
    for number in 1...3 {
      var change = change(number)
      let old = request(number)
      change.operations[0] = .putIdempotency(
        IdempotencyRecord(subject: old.subject, key: old.key, request: old.request, outcome: old.outcome, created: old.created))
      _ = try await plain.commit(change)
    }
    await plain.close()
    #expect(try holds(fixture.folder, "PAYLOADSECRET2".utf8))
    let store = try SQLiteStore(path: fixture.path)
    await #expect(throws: CausewayError("journal.not_sealed")) { try await SealingStore.open(store, key: StoreKind.storageKey) }
    let clearanceOf: @Sendable (IdempotencyRecord) -> String? = { (try? JSONValue.parse($0.outcome))?["clearanceId"]?.string }
    #expect(try await SealingStore.seal(store, key: StoreKind.storageKey, clearanceOf: clearanceOf) == 9)
    #expect(try await SealingStore.seal(store, key: StoreKind.storageKey, clearanceOf: clearanceOf) == 0)
    for secret in Self.secrets { #expect(try !holds(fixture.folder, secret.utf8), "\(secret)") }
    let journal = try await Journal.open(
      try await SealingStore.open(store, key: StoreKind.storageKey), signer: fixture.signer, clock: fixture.clock)
    for number in 1...3 {
      let (message, payload, byUCR, request) = try await journal.read { reader throws(CausewayError) in
        (
          try reader.message(Sample.id(number)), try reader.payload(owner: Sample.id(number).text, kind: "source"),
          try reader.clearance(corridor: "CN-SG", side: "export", ucr: "UCRSECRET\(number)"),
          try reader.idempotency(subject: "trader", key: "KEYSECRET\(number)")
        )
      }
      #expect(message?.details == self.message(number).details && payload?.bytes == self.payload(number).bytes)
      #expect(byUCR?.state == clearance(number).state && request?.request == self.request(number).request)
    }
    #expect(try await journal.audit().isSound)
    await journal.close()
  }

  // MARK: Erasure

  @Test func erasureDestroysTheKeyAndIsDoneOnce() async throws {
    let fixture = try await filled()
    let journal = try await fixture.open()
    let wrapped = try #require(try await journal.read { reader throws(CausewayError) in try reader.dataKey("clearance-2") }?.wrapped)
    #expect(try holds(fixture.folder, wrapped))
    let erasure = Erasure(time: Sample.now, ground: "court_order")
    let erase = Change(operations: [.eraseData(of: "clearance-2", erasure, payloads: 2)])
    // Another number of payloads than whoever decided has seen.
    #expect(try await journal.commit(Change(operations: [.eraseData(of: "clearance-2", erasure, payloads: 3)])).conflict != nil)
    #expect(
      try await journal.commit(Change(operations: [.setHold(of: "clearance-2", LegalHold(since: Sample.now, reason: "r", actor: "a"))]))
        .committed != nil)
    #expect(try await journal.commit(erase).conflict != nil)
    #expect(try await journal.commit(Change(operations: [.setHold(of: "clearance-2", nil)])).committed != nil)
    #expect(try await journal.commit(erase).committed != nil)
    guard case .dataKey(let found) = try await journal.commit(erase).conflict else { throw CausewayError("journal.not_found") }
    #expect(found?.erasure == erasure && found?.wrapped == nil)
    try await journal.scrub()
    #expect(try !holds(fixture.folder, wrapped))
    let (message, payloads, clearance, byUCR, request) = try await journal.read { reader throws(CausewayError) in
      (
        try reader.message(Sample.id(2)), try reader.payloads(owner: Sample.id(2).text), try reader.clearance("clearance-2"),
        try reader.clearance(corridor: "CN-SG", side: "export", ucr: "UCRSECRET2"),
        try reader.idempotency(subject: "trader", key: "KEYSECRET2")
      )
    }
    #expect(message?.details == [] && message?.header == self.message(2).header)
    #expect(payloads.isEmpty && byUCR == nil && request == nil)
    #expect(clearance?.erasure == erasure && clearance?.state == [] && clearance?.status == "cleared")
    // Nothing new is sealed for it either.
    #expect(
      await code { () throws(CausewayError) in _ = try await journal.commit(Change(operations: [.putPayload(payload(2))])) }
        == "journal.erased")
    #expect(try await journal.audit().isSound)
    await journal.close()
  }

  /// A reader of an older state keeps the write-ahead log alive: it is said, and can be done later.
  @Test func filesAreNotClearedWhileSomebodyReads() async throws {
    let fixture = try await filled()
    let journal = try await fixture.open()
    _ = try await journal.commit(change(4))
    var handle: OpaquePointer?
    try #require(sqlite3_open_v2(fixture.path, &handle, SQLITE_OPEN_READONLY, nil) == SQLITE_OK)
    try #require(sqlite3_exec(handle, "BEGIN; SELECT count(*) FROM message;", nil, nil, nil) == SQLITE_OK)
    let erasure = Erasure(time: Sample.now, ground: "court_order")
    #expect(try await journal.commit(Change(operations: [.eraseData(of: "clearance-1", erasure, payloads: 2)])).committed != nil)
    #expect(await code { () throws(CausewayError) in try await journal.scrub() } == "journal.busy")
    // It holds up nobody.
    #expect(try await journal.commit(change(5)).committed != nil)
    sqlite3_close_v2(handle)
    try await journal.scrub()
    await journal.close()
  }
}
