import CSQLite
import Foundation
import Journal
import JournalPostgres
import Ledger
import Primitives
import TestSupport
import Testing

@testable import JournalSQL
@testable import JournalSQLite

/// Journals copied from one kind of store into the other.
@Suite struct JournalCopyTests {
  /// No table and no column is forgotten, in either store: what a store keeps for itself is named here.
  @Test func everyColumnIsCopied() async throws {
    let known = Set(JournalCopy.tables.flatMap { table in table.columns.map { "\(table.name).\($0)" } })
    let folder = try TemporaryFolder()
    await (try await PostgresStore(try folder.postgres)).close()
    let postgres = try PostgresCluster.shared.execute(
      """
      SELECT table_name || '.' || column_name FROM information_schema.columns
      WHERE table_schema = current_schema() AND table_name NOT IN ('writer', 'journal_schema')
      """, in: folder.name)
    #expect(Set(postgres) == known)
    let numbered = try PostgresCluster.shared.execute(
      "SELECT table_name || '.' || column_name FROM information_schema.columns WHERE table_schema = current_schema() AND is_identity = 'YES'",
      in: folder.name)
    #expect(Set(numbered) == Set(JournalCopy.tables.compactMap { table in table.numbered.map { "\(table.name).\($0)" } }))
    await (try SQLiteStore(path: folder.file("journal.sqlite"))).close()
    let connection = try SQLiteConnection(path: folder.file("journal.sqlite"), mode: .readOnly)
    let sqlite = try connection.rows(
      assembled:
        "SELECT t.name || '.' || c.name FROM sqlite_schema AS t, pragma_table_info(t.name) AS c WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'",
      []
    ) { row throws(CausewayError) in try row.text(0) }
    #expect(Set(sqlite) == known)
  }

  /// From a file into a database, and from there into another file: the same rows, and both go on numbering where the first stopped.
  @Test func thereAndBack() async throws {
    let fixture = try JournalFixture()
    var journal = try await fixture.open()
    func write(_ numbers: Range<Int>) async throws -> [Int64] {
      var ids: [Int64] = []
      for number in numbers {
        let change = Change(
          operations: [
            .putMessage(Sample.message(number, key: "k\(number)"), expecting: .absent), .putPayload(Sample.payload(number)),
            .putClearance(Sample.clearance(number), expecting: .absent), .setValue("v\(number)", number == 0 ? [] : [UInt8(number)]),
            .enqueue(
              OutboxRecord(
                channel: "c", messageID: Sample.id(number), destination: "sg", orderKey: "o\(number)", due: Sample.now, created: Sample.now)
            ),
          ], entries: [Sample.draft(number)])
        ids += try #require(try await journal.commit(change).committed).assignedIDs
      }
      return ids
    }
    #expect(try await write(0..<40) == Array(1...40))
    await journal.close()
    let store = try await PostgresStore(try fixture.folder.postgres)
    let path = fixture.path
    try await store.fill { target throws(CausewayError) in try SQLiteStore.pour(path, into: target) }
    await #expect(throws: CausewayError("backup.not_empty")) {
      try await store.fill { target throws(CausewayError) in try SQLiteStore.pour(path, into: target) }
    }
    let copy = fixture.folder.file("copy.sqlite")
    try await store.lend { source throws(CausewayError) in try SQLiteStore.make(copy, from: source) }
    for table in JournalCopy.tables {
      let both = try [path, copy].map { try dump($0, table) }
      #expect(both[0] == both[1], "\(table.name)")
    }
    #expect(try dump(copy, JournalCopy.tables[0]).count == 40)
    journal = try await Journal.open(store, signer: fixture.signer, clock: fixture.clock)
    #expect(try await write(40..<42) == [41, 42])
    #expect(try await journal.audit().isSound)
    await journal.close()
    journal = try await Journal.open(try SQLiteStore(path: copy), signer: fixture.signer, clock: fixture.clock)
    #expect(try await write(50..<51) == [41])
    #expect(try await journal.audit().isSound)
    await journal.close()
  }

  private func dump(_ path: String, _ table: JournalCopy.Table) throws -> [String] {
    let connection = try SQLiteConnection(path: path, mode: .readOnly)
    let columns = table.columns.map { "quote(\($0))" }.joined(separator: " || ',' || ")
    return try connection.rows(assembled: "SELECT \(columns) FROM \(table.name) ORDER BY 1", []) { row throws(CausewayError) in
      try row.text(0)
    }
  }
}
