import Foundation
import Journal
import Ledger
import Primitives
import TestSupport
import Testing

@testable import JournalPostgres

/// A journal whose way to the database is cut, between transactions and at a commit.
@Suite struct PostgresPartitionTests {
  private let fixture: JournalFixture

  init() throws { fixture = try JournalFixture(.postgres) }

  private func cutOff() async throws -> (Journal, CuttingProxy) {
    let cut = try CuttingProxy(to: PostgresCluster.shared.socketPath)
    let uri = try cut.uri(of: try fixture.folder.postgres)
    var terms = PostgresStore.Terms()
    terms.longestDoubtSeconds = 1
    return (try await Journal.open(try await PostgresStore(uri, terms: terms), signer: fixture.signer, clock: fixture.clock), cut)
  }

  private func change(_ number: Int) -> Change {
    Change(
      preconditions: [.messageAbsent(Sample.id(number))],
      operations: [.putMessage(Sample.message(number, key: "k\(number)"), expecting: .absent)],
      entries: [Sample.draft(number)])
  }

  /// One node is cut off; the other one goes on, and the first one, when the way is open again, goes on from there.
  @Test func aNodeThatIsCutOffComesBack() async throws {
    let (near, cut) = try await cutOff()
    defer { cut.stop() }
    let far = try await fixture.open()
    #expect(try await near.commit(change(1)).committed != nil)
    #expect(try await near.claim(["work"], atMost: 1) == ["work"])
    cut.part()
    await #expect(throws: CausewayError("journal.unreachable")) { try await near.commit(change(2)) }
    await #expect(throws: CausewayError("journal.unreachable")) {
      try await near.read { reader throws(CausewayError) in try reader.ledgerHead().size }
    }
    await near.keepClaims()
    await #expect(throws: CausewayError("journal.unreachable")) { try await near.claim(["work"], atMost: 1) }
    for number in 3...4 { #expect(try await far.commit(change(number)).committed != nil) }
    var taken: [String] = []
    let deadline = ContinuousClock.now + .seconds(60)
    while taken.isEmpty, ContinuousClock.now < deadline { taken = try await far.claim(["work"], atMost: 1) }
    #expect(taken == ["work"], "the other one takes over")
    cut.heal()
    #expect(try await near.commit(change(2)).committed?.entries.map(\.index) == [3])
    #expect(try await near.claim(["work"], atMost: 1) == [])
    for journal in [near, far] {
      #expect(await journal.fault == nil)
      #expect(try await journal.currentCheckpoint()?.size == 4)
      #expect(try await journal.audit().isSound)
      await journal.close()
    }
  }

  /// Lost at the commit, and no server answers for longer than is waited: nobody is told that it took effect or that it did not, and the journal goes on
  /// when the way is open again.
  @Test func aCommitOfWhichNothingIsKnownStopsNothing() async throws {
    let (journal, cut) = try await cutOff()
    defer { cut.stop() }
    #expect(try await journal.commit(change(1)).committed != nil)
    cut.cutAfterNextCommit(forGood: true)
    await #expect(throws: CausewayError("journal.commit_unknown")) { try await journal.commit(change(2)) }
    #expect(await journal.fault == nil)
    await #expect(throws: CausewayError("journal.unreachable")) { try await journal.commit(change(3)) }
    cut.heal()
    // It had taken effect: whoever asks again meets it.
    #expect(try await journal.commit(change(2)).conflict != nil)
    #expect(try await journal.commit(change(3)).committed?.entries.map(\.index) == [2])
    #expect(try await journal.audit().isSound)
    await journal.close()
  }

  /// The server hangs, and its connections stay open: it is given up, as one that is gone is, and what was not committed can be committed when it is back.
  @Test func aServerThatHangsIsGivenUp() async throws {
    let server = try PostgresServer()
    defer { withExtendedLifetime(server) {} }
    try server.execute("CREATE DATABASE causeway", in: "postgres")
    var terms = PostgresStore.Terms()
    (terms.patienceSeconds, terms.longestDoubtSeconds) = (2, 1)
    let uri = try PostgresURI("postgresql://causeway@/causeway?host=\(server.folder)&connect_timeout=2")
    let journal = try await Journal.open(try await PostgresStore(uri, terms: terms), signer: fixture.signer, clock: fixture.clock)
    #expect(try await journal.commit(change(1)).committed != nil)
    try server.freeze()
    // Also when something fails on the way: a frozen server does not end.
    defer { try? server.thaw() }
    let error = await #expect(throws: CausewayError.self) { try await journal.commit(change(2)) }
    #expect(error?.code == "journal.unreachable")
    await #expect(throws: CausewayError.self) {
      try await journal.read { reader throws(CausewayError) in try reader.message(Sample.id(1)) }
    }
    #expect(await journal.fault == nil)
    try server.thaw()
    #expect(try await journal.commit(change(2)).committed?.entries.map(\.index) == [1])
    #expect(try await journal.audit().isSound)
    await journal.close()
  }

  /// Somebody cuts short the wait for the standby: the commit is not believed until one behind it has not been cut short.
  @Test func aCommitThatDidNotReachTheStandbyIsWaitedFor() async throws {
    let server = try PostgresServer()
    // It ends with the object.
    defer { withExtendedLifetime(server) {} }
    try server.execute("CREATE DATABASE causeway", in: "postgres")
    let journal = try await Journal.open(
      try await PostgresStore(try PostgresURI(server.uri("causeway"))), signer: fixture.signer, clock: fixture.clock)
    #expect(try await journal.commit(change(1)).committed != nil)
    func demand(_ standby: String) throws {
      try server.execute("ALTER SYSTEM SET synchronous_standby_names = '\(standby)'", in: "postgres")
      try server.execute("SELECT pg_reload_conf()", in: "postgres")
    }
    // Also when something fails on the way: what waits for the standby would wait for ever.
    defer { try? demand("") }
    try demand("absent")
    var isDemanded = false
    let deadline = ContinuousClock.now + .seconds(60)
    while !isDemanded, ContinuousClock.now < deadline {
      isDemanded = try server.execute("SHOW synchronous_standby_names", in: "postgres") == ["absent"]
    }
    async let outcome = journal.commit(change(2))
    var cancelled = 0
    // The commit itself, and the one that is to make sure of it.
    while cancelled < 2, ContinuousClock.now < deadline {
      cancelled += try server.execute(
        "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' AND wait_event = 'SyncRep'",
        in: "postgres"
      ).count
      try await Task.sleep(for: .milliseconds(100))
    }
    #expect(cancelled >= 2)
    try demand("")
    #expect(try await outcome.committed?.entries.map(\.index) == [1])
    #expect(await journal.fault == nil)
    #expect(try await journal.commit(change(3)).committed?.entries.map(\.index) == [2])
    await journal.close()
  }
}
