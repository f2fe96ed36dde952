import Foundation
import Journal
import Primitives
import TestSupport
import Testing

@testable import JournalPostgres

/// What one process of several claims, the others leave alone, until it gives it back or is gone.
@Suite struct PostgresClaimsTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  /// Long enough for a busy machine.
  private func store(silenceSeconds: Int = 3600) async throws -> PostgresStore {
    var terms = PostgresStore.Terms()
    terms.silenceSeconds = silenceSeconds
    return try await PostgresStore(try folder.postgres, terms: terms)
  }

  private func waitForClaim(_ store: PostgresStore, _ name: String) async throws -> Bool {
    let deadline = ContinuousClock.now + .seconds(120)
    while ContinuousClock.now < deadline {
      if try await store.claim([name], atMost: 1) == [name] { return true }
      try await Task.sleep(for: .milliseconds(50))
    }
    return false
  }

  @Test func aNameIsOneWorkers() async throws {
    let (first, second) = (try await store(), try await store())
    #expect(first.isShared)
    #expect(try await first.claim(["a", "b"], atMost: 5) == ["a", "b"])
    #expect(try await second.claim(["a", "b", "c"], atMost: 5) == ["c"])
    #expect(try await first.claim(["a"], atMost: 5) == [], "nor has another worker of the same process")
    // No more than asked for, and in the order of asking, over what others have.
    #expect(try await second.claim(["a", "d", "b", "e", "f"], atMost: 2) == ["d", "e"])
    #expect(try await first.claim(["f"], atMost: 1) == ["f"])
    #expect(try await first.claim([], atMost: 1) == [])
    await first.release(["a", "c", "unknown"])
    #expect(try await second.claim(["a", "b"], atMost: 5) == ["a"])
    #expect(try await first.claim(["c"], atMost: 1) == [], "what another one has cannot be given back for it")
    await first.close()
    #expect(try await waitForClaim(second, "b"))
    await #expect(throws: CausewayError("journal.closed")) { try await first.claim(["x"], atMost: 1) }
    await second.close()
  }

  /// Names that are alike for Swift are two names, and strange ones are names.
  @Test func namesCompareAsBytes() async throws {
    let (first, second) = (try await store(), try await store())
    #expect(try await first.claim(["caf\u{E9}", "x'; DROP TABLE message; --", ""], atMost: 9).count == 3)
    #expect(try await second.claim(["cafe\u{301}", "x'; DROP TABLE message; --", ""], atMost: 9) == ["cafe\u{301}"])
    for store in [first, second] { await store.close() }
  }

  @Test func whatALostSessionHeldIsFree() async throws {
    let (first, second) = (try await store(), try await store())
    #expect(try await first.claim(["a", "b"], atMost: 2) == ["a", "b"])
    try PostgresCluster.shared.execute(
      "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 AND database = (SELECT oid FROM pg_database WHERE datname = '\(folder.name)') AND mode = 'ExclusiveLock'",
      in: "postgres")
    #expect(try await waitForClaim(second, "a"))
    // The first one finds out at its next sign of life, and has nothing any more.
    await first.keepClaims()
    #expect(try await first.claim(["a", "b"], atMost: 2) == ["b"])
    await first.release(["a"])
    #expect(try await first.claim(["a"], atMost: 1) == [])
    for store in [first, second] { await store.close() }
  }

  /// A process that hangs, with its connections open.
  @Test func whoIsSilentLosesItsClaims() async throws {
    let (silent, other) = (try await store(silenceSeconds: 1), try await store())
    #expect(try await silent.claim(["a"], atMost: 1) == ["a"])
    #expect(try await waitForClaim(other, "a"))
    for store in [silent, other] { await store.close() }
  }

  /// A journal in a file has one process: everything is granted, and nothing is kept.
  @Test func aStoreOfOneProcessGrantsEverything() async throws {
    let fixture = try JournalFixture()
    let journal = try await fixture.open()
    #expect(!journal.isShared)
    #expect(try await journal.claim(["a", "b", "c"], atMost: 2) == ["a", "b"])
    #expect(try await journal.claim(["a"], atMost: 2) == ["a"])
    await journal.close()
  }
}
