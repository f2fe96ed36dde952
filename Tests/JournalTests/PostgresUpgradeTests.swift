import Journal
import Ledger
import Primitives
import TestSupport
import Testing

@testable import JournalPostgres

/// Two versions of the program on one journal: the newer one, which changes the schema, beside the older one, and back.
@Suite struct PostgresUpgradeTests {
  private let fixture: JournalFixture

  init() throws { fixture = try JournalFixture(.postgres) }

  /// A column and a table that older programs do not know of, and need not.
  private static let additive = PostgresMigration(
    sql: """
      ALTER TABLE message ADD COLUMN weight bigint NOT NULL DEFAULT 0;
      CREATE TABLE later (id bigint PRIMARY KEY);
      """, oldestProgram: PostgresMigration.all.count)
  /// What an older program would stumble over.
  private static let breaking = PostgresMigration(
    sql: "ALTER TABLE message RENAME COLUMN partner TO participant", oldestProgram: PostgresMigration.all.count + 2)

  private func store(_ further: [PostgresMigration] = []) async throws -> PostgresStore {
    var terms = PostgresStore.Terms()
    terms.migrations += further
    return try await PostgresStore(try fixture.folder.postgres, terms: terms)
  }

  private func open(_ further: [PostgresMigration] = []) async throws -> Journal {
    try await Journal.open(try await store(further), signer: fixture.signer, clock: fixture.clock)
  }

  private func write(_ journal: Journal, _ numbers: Range<Int>) async throws {
    for number in numbers {
      let outcome = try await journal.commit(
        Change(
          preconditions: [.messageAbsent(Sample.id(number))],
          operations: [.putMessage(Sample.message(number, key: "k\(number)"), expecting: .absent), .putPayload(Sample.payload(number))],
          entries: [Sample.draft(number)]))
      #expect(outcome.committed != nil)
    }
  }

  private func schema() throws -> [String] {
    try PostgresCluster.shared.execute("SELECT version || ' ' || oldest_program FROM journal_schema", in: fixture.folder.name)
  }

  /// Forward under load, one node after the other, and back again: nothing is lost, and every node reads what every other one wrote.
  @Test func forwardAndBackUnderLoad() async throws {
    let (first, second) = (try await open(), try await open())
    let known = PostgresMigration.all.count
    #expect(try schema() == ["\(known) 1"])
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask { try await write(first, 0..<60) }
      group.addTask {
        try await write(second, 100..<110)
        await second.close()
        let newer = try await open([Self.additive])
        try await write(newer, 110..<120)
        await newer.close()
        // The older program again, on the newer schema, and as a new process.
        let back = try await open()
        try await write(back, 120..<130)
        await back.close()
        let again = try await open([Self.additive])
        try await write(again, 130..<140)
        await again.close()
      }
      try await group.waitForAll()
    }
    #expect(try schema() == ["\(known + 1) \(known)"])
    for journal in [first, try await open(), try await open([Self.additive])] {
      #expect(await journal.fault == nil)
      #expect(try await journal.currentCheckpoint()?.size == 100)
      #expect(try await journal.read { reader throws(CausewayError) in try reader.messages(MessageQuery(limit: 1000)).count } == 100)
      #expect(try await journal.audit().isSound)
      await journal.close()
    }
  }

  /// A step that older programs do not understand is not taken under one of them, and shuts them out once it is taken.
  @Test func aBreakingStepWaitsForTheOlderPrograms() async throws {
    let older = try await open()
    try await write(older, 0..<1)
    await #expect(throws: CausewayError("journal.locked")) { try await store([Self.additive, Self.breaking]) }
    let known = PostgresMigration.all.count
    #expect(try schema() == ["\(known + 1) \(known)"], "the step before it is taken")
    try await write(older, 1..<2)
    await older.close()
    await (try await store([Self.additive, Self.breaking])).close()
    #expect(try schema() == ["\(known + 2) \(known + 2)"])
    for further in [[], [Self.additive]] {
      let error = await #expect(throws: CausewayError.self) { try await store(further) }
      #expect(error?.code == "journal.newer_schema")
      #expect(error?.problems[0].facts == ["found": "\(known + 2)", "known": "\(known + further.count)"])
    }
  }

  /// A newer program does not work on an older schema, as one that only reads finds it.
  @Test func aSchemaThatIsTooOldIsRefusedToReaders() async throws {
    await (try await open()).close()
    try PostgresCluster.shared.execute("UPDATE journal_schema SET version = \(PostgresMigration.all.count - 1)", in: fixture.folder.name)
    await #expect(throws: CausewayError("journal.open_failed")) { try await PostgresStore(readingFrom: try fixture.folder.postgres) }
  }
}
