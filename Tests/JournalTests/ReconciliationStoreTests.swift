import CSQLite
import Journal
import JournalSQL
import Ledger
import Primitives
import Testing
import Trust

@testable import JournalSQLite

/// What reconciliation asks of a store: the sealed messages of a corridor-day in pages, and work items.
@Suite struct ReconciliationStoreTests {
  private func sealed(_ number: Int, at time: Instant?, corridor: String = "CN-SG") -> MessageRecord {
    var message = Sample.message(number)
    message.corridor = corridor
    message.envelopeCreated = time
    message.receipt = number.isMultiple(of: 2) ? [UInt8(number)] : nil
    return message
  }

  @Test(arguments: StoreKind.all) func envelopesInPages(kind: StoreKind) async throws {
    let fixture = try JournalFixture(kind)
    let journal = try await fixture.open()
    let start = Sample.now
    let end = start.adding(seconds: 86_400)
    // Many at one moment, so that a page ends among them; at both ends of the day; elsewhere; not sealed.
    var messages = (0..<23).map { sealed($0, at: start.adding(milliseconds: Int64($0 / 10))) }
    messages += [
      sealed(30, at: start.adding(milliseconds: -1)), sealed(31, at: end.adding(milliseconds: -1)), sealed(32, at: end),
      sealed(33, at: start, corridor: "CN-MY"), sealed(34, at: nil),
    ]
    for message in messages.shuffled() { _ = try await journal.commit(Change(operations: [.putMessage(message, expecting: .absent)])) }
    var query = EnvelopeQuery(corridor: "CN-SG", period: start..<end, limit: 4)
    var found: [EnvelopeRecord] = []
    while true {
      let page = try await journal.read { [query] reader throws(CausewayError) in try reader.envelopes(query) }
      guard let last = page.last else { break }
      found += page
      query.after = last
    }
    #expect(found.map(\.id.text).sorted() == (Array(0..<23) + [31]).map { Sample.id($0).text }.sorted())
    #expect(zip(found, found.dropFirst()).allSatisfy { ($0.created, $0.position) < ($1.created, $1.position) })
    let first = try #require(found.first { $0.id == Sample.id(2) })
    let message = messages[2]
    #expect(first.header == message.header && first.receipt == message.receipt && first.payloadDigest == message.payloadDigest)
    #expect(first.kind == message.kind && first.clearance == message.clearance && first.direction == .inbound && first.state == "received")
    let read = try await journal.read { reader throws(CausewayError) in
      (try reader.message(Sample.id(2)), try reader.message(Sample.id(34)))
    }
    #expect(read.0?.envelopeCreated == message.envelopeCreated && read.1?.envelopeCreated == nil)
    await journal.close()
  }

  private func item(_ number: Int, day: String = "2026-11-21") -> WorkItemRecord {
    WorkItemRecord(
      id: "item-\(number)", corridor: "CN-SG", day: day, kind: "not_received", subject: Sample.id(number).text, details: Array("{}".utf8),
      firstSeen: Sample.now)
  }

  @Test(arguments: StoreKind.all) func workItems(kind: StoreKind) async throws {
    let fixture = try JournalFixture(kind)
    let journal = try await fixture.open()
    let items = [item(1), item(2), item(3, day: "2026-11-22")]
    _ = try await journal.commit(Change(operations: items.map { .putWorkItem($0, expecting: .absent) }))
    let stored = try #require(try await journal.read { reader throws(CausewayError) in try reader.workItem("item-2") })
    #expect(stored == items[1].stored(position: 2, revision: 1))
    var resolved = stored
    (resolved.state, resolved.ended, resolved.endedBy, resolved.note) = (.resolved, Sample.now.adding(seconds: 1), "operator", "seen")
    resolved.lastSeen = Sample.now.adding(seconds: 1)
    _ = try await journal.commit(Change(operations: [.putWorkItem(resolved, expecting: .revision(1))]))
    // From the older revision, or as new: nothing is written.
    for expectation in [Change.Expectation.absent, .revision(1)] {
      let outcome = try await journal.commit(
        Change(operations: [.putWorkItem(item(9), expecting: .absent), .putWorkItem(stored, expecting: expectation)]))
      guard case .conflict(.workItem(let found?)) = outcome else {
        Issue.record("\(outcome)")
        continue
      }
      #expect(found == resolved.stored(position: 2, revision: 2))
    }
    func ids(_ query: WorkItemQuery) async throws -> [String] {
      try await journal.read { reader throws(CausewayError) in try reader.workItems(query) }.map(\.id)
    }
    #expect(try await ids(WorkItemQuery()) == ["item-1", "item-2", "item-3"])
    #expect(try await ids(WorkItemQuery(state: .open)) == ["item-1", "item-3"])
    #expect(try await ids(WorkItemQuery(corridor: "CN-SG", day: "2026-11-21")) == ["item-1", "item-2"])
    #expect(try await ids(WorkItemQuery(corridor: "CN-MY")).isEmpty)
    #expect(try await ids(WorkItemQuery(after: 1, limit: 1)) == ["item-2"])
    await journal.close()
  }

  /// Messages of a journal that an earlier version wrote get the time that their headers state.
  @Test func headersOfEarlierVersions() throws {
    let folder = try TemporaryFolder()
    let connection = try SQLiteConnection(path: folder.file("old.sqlite"), mode: .readWrite)
    try connection.execute(script: Migration.all[0].sql)
    let headers = [
      "{\"created\":\"2026-11-21T09:00:00.123Z\",\"kind\":\"status\"}", "{\"created\":\"1999-12-31T23:59:59.999Z\"}", "",
      "{\"kind\":\"x\"}",
      "no JSON",
    ]
    for (number, header) in headers.enumerated() {
      try connection.run(
        """
        INSERT INTO message (id, direction, clearance, kind, corridor, partner, state, versions, created, updated, revision, header, signature,
          details) VALUES (?1, 0, 'c', 'k', 'CN-SG', 'SG', 's', '{}', 0, 0, 1, ?2, x'', x'')
        """, .text("\(number)"), .blob(Array(header.utf8)))
    }
    let migration = try #require(Migration.all.first { $0.name == "0003_reconciliation" })
    try connection.execute(script: migration.sql)
    let times = try connection.rows("SELECT envelope_created FROM message ORDER BY id") { row throws(CausewayError) in
      try row.optional(0, row.time)
    }
    #expect(times == [Instant(rfc3339: "2026-11-21T09:00:00.123Z"), Instant(rfc3339: "1999-12-31T23:59:59.999Z"), nil, nil, nil])
  }
}
