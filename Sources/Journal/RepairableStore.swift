package import Ledger
package import Primitives

/// A store whose ledger rows can be put right.
///
/// The append door (`JournalTransaction`) only ever adds rows, and takes out the bytes of entries that are in an archive, never a hash, so that no
/// mistake behind it can alter the ledger's past. Putting right means
/// overwriting, hence this second door: no `Journal` has it, and its one user, ``LedgerRepair``, writes only what leads to a root that the
/// log has signed.
package protocol RepairableStore: JournalStore {
  /// As `JournalStore.write(_:)`, with a transaction that overwrites ledger rows. Nobody else may have the journal open for writing.
  func repair<Result: Sendable>(
    _ body: @Sendable (any LedgerRepairTransaction) throws(CausewayError) -> Result
  ) async throws(CausewayError) -> Result
}

/// Overwrites rows of the ledger within one transaction. Other tables are out of reach.
package protocol LedgerRepairTransaction: JournalReader {
  /// Runs the body, undoes whatever it wrote, and returns what it returned.
  func rehearse<Result>(_ body: () throws(CausewayError) -> Result) throws(CausewayError) -> Result

  func overwrite(_ entry: Entry) throws(CausewayError)
  func overwrite(_ node: TreeNode, hash: Digest) throws(CausewayError)
  func overwrite(_ head: LedgerHead) throws(CausewayError)
  func overwrite(_ checkpoint: StoredCheckpoint) throws(CausewayError)
  /// Removes all entries that no ledger of a size has.
  func removeEntries(beyond size: Int) throws(CausewayError)
  /// Removes all subtrees that no ledger of a size has.
  func removeNodes(beyond size: Int) throws(CausewayError)
  func removeCheckpoint(size: Int) throws(CausewayError)
  /// Forgets which archive was the last.
  func removeArchive() throws(CausewayError)
  /// Keeps the ledger's key in a journal that has none: one that begins with a copy.
  func keep(_ key: VerifierKey) throws(CausewayError)
}
