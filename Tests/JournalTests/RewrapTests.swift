import Foundation
import Journal
import JournalSQLite
import Ledger
import Primitives
import Synchronization
import TestSupport
import Testing
import Trust

/// A sealed journal of three clearances, whose key can be changed.
struct SealedJournal {
  let fixture: JournalFixture
  static let secrets = ["PAYLOADSECRET", "DETAILSECRET", "UCRSECRET", "STATESECRET"]

  init(_ key: @escaping @Sendable () throws(CausewayError) -> any KeyEncryptionKey) async throws {
    fixture = try JournalFixture(
      StoreKind(name: "sealed") { try await SealingStore.open(try SQLiteStore(path: $0.file("journal.sqlite")), key: try key()) })
    let journal = try await fixture.open()
    for number in 1...3 { #expect(try await journal.commit(Self.change(number)).committed != nil) }
    await journal.close()
  }

  static func change(_ number: Int) -> Change {
    var message = Sample.message(number)
    message.clearance = "clearance-\(number)"
    message.details = Array("DETAILSECRET\(number)".utf8)
    let payload = Sample.payload(number, text: "PAYLOADSECRET")
    return Change(
      operations: [
        .putMessage(message, expecting: .absent),
        .putPayload(
          PayloadRecord(
            owner: payload.owner, kind: payload.kind, mediaType: payload.mediaType, digest: payload.digest, bytes: payload.bytes,
            created: payload.created)),
        .putClearance(
          ClearanceRecord(
            id: "clearance-\(number)", ucr: "UCRSECRET\(number)", corridor: "CN-SG", side: "export", status: "cleared",
            state: Array("STATESECRET\(number)".utf8), created: Sample.now), expecting: .absent),
      ], entries: [Sample.draft(number)])
  }

  /// What of the three opens with a key; erased ones are left out.
  func opened(with key: any KeyEncryptionKey) async throws -> [String] {
    let store = try await SealingStore.open(try SQLiteStore(path: fixture.path), key: key)
    let journal = try await Journal.open(store, signer: fixture.signer, clock: fixture.clock)
    let found = try await Self.opened(journal)
    #expect(try await journal.audit().isSound)
    await journal.close()
    return found
  }

  static func opened(_ journal: Journal) async throws -> [String] {
    var found: [String] = []
    for number in 1...3 {
      let (message, payload, clearance) = try await journal.read { reader throws(CausewayError) in
        (
          try reader.message(Sample.id(number)), try reader.payload(owner: Sample.id(number).text, kind: "raw"),
          try reader.clearance(corridor: "CN-SG", side: "export", ucr: "UCRSECRET\(number)")
        )
      }
      let texts = [message?.details, payload?.bytes, clearance?.state].compactMap { $0.map { String(decoding: $0, as: UTF8.self) } }
      if texts == ["DETAILSECRET\(number)", "PAYLOADSECRET \(number)", "STATESECRET\(number)"] { found.append("\(number)") }
    }
    return found
  }

  /// The wrapped keys as they lie there, that of the index last.
  func wrappedKeys() async throws -> [[UInt8]] {
    let store = try SQLiteStore(readingFrom: fixture.path)
    let keys = try await store.read { reader throws(CausewayError) in
      var keys = try reader.dataKeys(after: "", limit: 100).compactMap(\.wrapped)
      if let index = try reader.value("journal.index_key") { keys.append(index) }
      return keys
    }
    await store.close()
    return keys
  }

  func holds(_ bytes: some Collection<UInt8>) throws -> Bool {
    try FileManager.default.contentsOfDirectory(atPath: fixture.folder.path).contains {
      try Data(contentsOf: URL(filePath: fixture.folder.file($0))).range(of: Data(bytes)) != nil
    }
  }

  func rewrap(from old: any KeyEncryptionKey, to new: any KeyEncryptionKey) async throws -> Int? {
    let store = try SQLiteStore(path: fixture.path)
    do {
      let count = try await SealingStore.rewrap(store, from: old, to: new)
      await store.close()
      return count
    } catch {
      await store.close()
      throw error
    }
  }
}

/// Changing the storage key: all or nothing, and the old one opens nothing any more.
@Suite struct RewrapTests {
  private let old = FileKeyEncryptionKey.generate()
  private let new = FileKeyEncryptionKey.generate()

  private func sealed() async throws -> SealedJournal {
    let key = old
    return try await SealedJournal { () throws(CausewayError) in key }
  }

  /// A key that fails, or wraps wrongly, after so many times.
  private final class BadKey: KeyEncryptionKey {
    let inner: FileKeyEncryptionKey
    let left: Mutex<Int>
    let isWrong: Bool

    init(_ inner: FileKeyEncryptionKey, after count: Int, isWrong: Bool) {
      self.inner = inner
      self.isWrong = isWrong
      left = Mutex(count)
    }

    func wrap(_ key: SecretKey, for context: [UInt8]) throws(CausewayError) -> [UInt8] {
      let isBad = left.withLock { left in
        left -= 1
        return left < 0
      }
      guard isBad else { return try inner.wrap(key, for: context) }
      guard isWrong else { throw CausewayError("key.hsm_call") }
      return try inner.wrap(.random(), for: context)
    }

    func unwrap(_ wrapped: [UInt8], for context: [UInt8]) throws(CausewayError) -> SecretKey? { try inner.unwrap(wrapped, for: context) }
  }

  @Test func theNewKeyOpensAllAndTheOldNothing() async throws {
    let journal = try await sealed()
    let erasing = try await journal.fixture.open()
    let erasure = Erasure(time: Sample.now, ground: "court_order")
    #expect(try await erasing.commit(Change(operations: [.eraseData(of: "clearance-3", erasure, payloads: 1)])).committed != nil)
    await erasing.close()
    let before = try await journal.wrappedKeys()
    #expect(before.count == 3)
    for wrapped in before { #expect(try journal.holds(wrapped)) }

    #expect(try await journal.rewrap(from: old, to: new) == 2)
    #expect(try await journal.opened(with: new) == ["1", "2"])
    await #expect(throws: CausewayError("journal.storage_key")) { try await journal.opened(with: old) }
    // Nor does what the files may still hold of before.
    for wrapped in before { #expect(try !journal.holds(wrapped)) }
    for secret in SealedJournal.secrets { #expect(try !journal.holds(secret.utf8)) }

    // Once more is nothing; a third key is not taken for one of the two.
    let after = try await journal.wrappedKeys()
    #expect(try await journal.rewrap(from: old, to: new) == nil)
    let third = FileKeyEncryptionKey.generate()
    await #expect(throws: CausewayError("journal.storage_key")) { try await journal.rewrap(from: old, to: third) }
    #expect(try await journal.wrappedKeys() == after)
    #expect(try await journal.rewrap(from: new, to: old) == 2)
    #expect(try await journal.opened(with: old) == ["1", "2"])
  }

  @Test(arguments: 0...3, [false, true]) func allOrNothing(_ count: Int, _ isWrong: Bool) async throws {
    let journal = try await sealed()
    let before = try await journal.wrappedKeys()
    let bad = BadKey(new, after: count, isWrong: isWrong)
    await #expect(throws: CausewayError(isWrong ? "journal.rewrap_check" : "key.hsm_call")) { try await journal.rewrap(from: old, to: bad) }
    #expect(try await journal.wrappedKeys() == before)
    #expect(try await journal.opened(with: old) == ["1", "2", "3"])
    #expect(try await journal.rewrap(from: old, to: BadKey(new, after: 4, isWrong: isWrong)) == 3)
    #expect(try await journal.opened(with: new) == ["1", "2", "3"])
  }

  @Test func aDamagedKeyIsNamedAndNothingIsChanged() async throws {
    let journal = try await sealed()
    try tamper(
      journal.fixture.path,
      "UPDATE data_key SET wrapped = (SELECT wrapped FROM data_key WHERE clearance = 'clearance-1') WHERE clearance = 'clearance-2'")
    let before = try await journal.wrappedKeys()
    await #expect {
      try await journal.rewrap(from: old, to: new)
    } throws: { error in
      let error = error as? CausewayError
      return error?.code == "journal.data_key_damaged" && error?.problems[0].facts == ["clearance": "clearance-2"]
    }
    #expect(try await journal.wrappedKeys() == before)
  }

  @Test func whatHoldsNothingAndWhatIsPlain() async throws {
    let empty = try JournalFixture(StoreKind.all[0])
    var store = try SQLiteStore(path: empty.path)
    #expect(try await SealingStore.rewrap(store, from: old, to: new) == nil)
    await store.close()
    let plain = try JournalFixture(StoreKind.all[0])
    let journal = try await plain.open()
    _ = try await journal.commit(Change(operations: [.putMessage(Sample.message(1), expecting: .absent)]))
    await journal.close()
    store = try SQLiteStore(path: plain.path)
    await #expect(throws: CausewayError("journal.not_sealed")) { try await SealingStore.rewrap(store, from: old, to: new) }
    await store.close()
  }
}
