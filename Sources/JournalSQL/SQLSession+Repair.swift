package import Journal
package import Ledger
package import Primitives

extension SQLSession: LedgerRepairTransaction {
  package func rehearse<Result>(_ body: () throws(CausewayError) -> Result) throws(CausewayError) -> Result {
    var result: Result?
    do {
      try savepoint { () throws(CausewayError) in
        result = try body()
        throw CausewayError("journal.rehearsed")
      }
    } catch {
      guard error.code == "journal.rehearsed" else { throw error }
    }
    return result!
  }

  package func overwrite(_ entry: Entry) throws(CausewayError) {
    try connection.run(
      """
      INSERT INTO ledger_entry (idx, leaf, message, bytes) VALUES (?1, ?2, ?3, ?4)
      ON CONFLICT (idx) DO UPDATE SET leaf = excluded.leaf, message = excluded.message, bytes = excluded.bytes
      """,
      .integer(entry.index), .digest(entry.leafHash), .optional(entry.draft.messageID?.text), .blob(entry.bytes))
  }

  package func overwrite(_ node: TreeNode, hash: Digest) throws(CausewayError) {
    try connection.run(
      "INSERT INTO ledger_node (position, hash) VALUES (?1, ?2) ON CONFLICT (position) DO UPDATE SET hash = excluded.hash",
      .integer(node.position), .digest(hash))
  }

  package func overwrite(_ head: LedgerHead) throws(CausewayError) { try save(head) }

  package func overwrite(_ checkpoint: StoredCheckpoint) throws(CausewayError) {
    try removeCheckpoint(size: checkpoint.size)
    try insert(checkpoint)
  }

  package func removeEntries(beyond size: Int) throws(CausewayError) {
    try connection.run("DELETE FROM ledger_entry WHERE idx < 0 OR idx >= ?1", .integer(size))
  }

  package func removeNodes(beyond size: Int) throws(CausewayError) {
    try connection.run("DELETE FROM ledger_node WHERE position < 0 OR position >= ?1", .integer(LedgerHead.nodeCount(size: size)))
  }

  package func keep(_ key: VerifierKey) throws(CausewayError) {
    try setValue(StoredValue.verifierKey, Array(key.description.utf8))
  }

  package func removeArchive() throws(CausewayError) { try connection.run("DELETE FROM ledger_archive") }

  package func removeCheckpoint(size: Int) throws(CausewayError) {
    try connection.run("DELETE FROM ledger_checkpoint WHERE size = ?1", .integer(size))
  }
}
