import Journal
import Primitives
import Testing

/// Time-stamps of checkpoints: the earliest that covers an entry, and one for each checkpoint.
@Suite struct TimestampStoreTests {
  @Test(arguments: StoreKind.all) func theEarliestThatCoversAnEntry(kind: StoreKind) async throws {
    let fixture = try JournalFixture(kind)
    let journal = try await fixture.open()
    func timestamp(_ size: Int, _ byte: UInt8) -> TimestampRecord {
      TimestampRecord(size: size, time: Sample.now.adding(seconds: Int64(size)), token: [0x30, byte])
    }
    func found(_ size: Int) async throws -> [UInt8]? {
      try await journal.read { reader throws(CausewayError) in try reader.timestamp(coveringSize: size) }?.token
    }
    #expect(try await found(1) == nil)
    #expect(try await journal.read { reader throws(CausewayError) in try reader.latestTimestamp() } == nil)
    for (size, byte) in [(7, UInt8(7)), (3, 3), (12, 12)] {
      _ = try await journal.commit(Change(operations: [.putTimestamp(timestamp(size, byte))]))
    }
    // Never replaced: what has been handed out as evidence stays what it is.
    _ = try await journal.commit(Change(operations: [.putTimestamp(timestamp(7, 99))]))
    for (size, byte) in [(1, UInt8(3)), (3, 3), (4, 7), (7, 7), (8, 12), (12, 12)] { #expect(try await found(size) == [0x30, byte]) }
    #expect(try await found(13) == nil)
    let latest = try await journal.read { reader throws(CausewayError) in try reader.latestTimestamp() }
    #expect(latest == timestamp(12, 12))
    await journal.close()
  }
}
