package import Primitives

// Who of several processes on one journal works on what. It spares work and calls, no more: what is written has preconditions of its own, and is
// right also when a claim was lost without its holder having noticed.
extension JournalStore {
  // A store that one process has for itself.

  package var isShared: Bool { false }
  package func claim(_ names: [String], atMost limit: Int) async throws(CausewayError) -> [String] { Array(names.prefix(limit)) }
  package func release(_ names: [String]) async {}
  package func keepClaims() async {}
}

extension Journal {
  /// Whether other processes may write to the journal at the same time.
  package nonisolated var isShared: Bool { store.isShared }

  /// See `JournalStore.claim`.
  ///
  /// - Throws: `journal.unreachable`, `journal.busy`, `journal.closed`.
  package nonisolated func claim(_ names: [String], atMost limit: Int) async throws(CausewayError) -> [String] {
    try await store.claim(names, atMost: limit)
  }

  package nonisolated func release(_ names: [String]) async { await store.release(names) }

  /// See `JournalStore.keepClaims`.
  package nonisolated func keepClaims() async { await store.keepClaims() }
}
