package import Journal
package import Ledger
package import Primitives

extension SQLSession {
  package func ledgerHead() throws(CausewayError) -> LedgerHead {
    let head = try connection.row("SELECT size, last_time, last_hash, frontier FROM ledger_head WHERE id = 1") {
      row throws(CausewayError) in
      let frontier = try row.blob(3)
      guard frontier.count.isMultiple(of: 32) else { throw row.invalid(3) }
      let hashes = stride(from: 0, to: frontier.count, by: 32).compactMap { Digest(frontier[$0..<$0 + 32]) }
      guard let tree = CompactTree(size: try row.int(0), frontier: hashes) else { throw row.invalid(0) }
      return LedgerHead(tree: tree, lastHash: try row.digest(2), lastTime: try row.optional(1, row.time))
    }
    guard let head else { throw CausewayError("journal.row_invalid", facts: ["table": "ledger_head", "column": "id"]) }
    return head
  }

  package func save(_ head: LedgerHead) throws(CausewayError) {
    try connection.run(
      """
      INSERT INTO ledger_head (id, size, last_time, last_hash, frontier) VALUES (1, ?1, ?2, ?3, ?4)
      ON CONFLICT (id) DO UPDATE SET size = excluded.size, last_time = excluded.last_time, last_hash = excluded.last_hash,
        frontier = excluded.frontier
      """,
      .integer(head.size), .time(head.lastTime), .digest(head.lastHash), .blob(head.tree.frontier.flatMap(\.bytes)))
  }

  package func entries(from start: Int, limit: Int) throws(CausewayError) -> [StoredEntry] {
    var rows: [StoredEntry] = []
    try eachRow(from: start, limit: limit) { entry throws(CausewayError) in rows.append(entry) }
    return try filled(rows)
  }

  package func eachEntry(from start: Int, limit: Int, _ body: (StoredEntry) throws(CausewayError) -> Void) throws(CausewayError) {
    guard archives != nil else { return try eachRow(from: start, limit: limit, body) }
    for entry in try entries(from: start, limit: limit) { try body(entry) }
  }

  private func eachRow(
    from start: Int, limit: Int, _ body: (StoredEntry) throws(CausewayError) -> Void
  ) throws(CausewayError) {
    var entry = StoredEntry(index: 0, bytes: [], leafHash: nil, message: nil)
    try connection.eachRow(
      "SELECT idx, bytes, leaf, message FROM ledger_entry WHERE idx >= ?1 ORDER BY idx LIMIT ?2", [.integer(start), .integer(limit)]
    ) { row throws(CausewayError) in
      entry.index = try row.int(0)
      row.copyBytes(1, to: &entry.bytes)
      entry.leafHash = row.anyDigest(2)
      if row.isNull(3) {
        entry.message = nil
      } else {
        if entry.message == nil { entry.message = [] }
        row.copyBytes(3, to: &entry.message!)
      }
      try body(entry)
    }
  }

  package func entryIndices(message: MessageID) throws(CausewayError) -> [Int] {
    try connection.rows("SELECT idx FROM ledger_entry WHERE message = ?1 ORDER BY idx", [.text(message.text)]) {
      row throws(CausewayError) in try row.int(0)
    }
  }

  package func append(_ entries: [Entry]) throws(CausewayError) {
    for entry in entries {
      try connection.run(
        "INSERT INTO ledger_entry (idx, leaf, message, bytes) VALUES (?1, ?2, ?3, ?4)",
        .integer(entry.index), .digest(entry.leafHash), .optional(entry.draft.messageID?.text), .blob(entry.bytes))
    }
  }

  package func node(_ node: TreeNode) throws(CausewayError) -> Digest? {
    if node.level == 0 {
      return try connection.row("SELECT leaf FROM ledger_entry WHERE idx = ?1", .integer(node.index)) {
        row throws(CausewayError) in try row.digest(0)
      }
    }
    return try connection.row("SELECT hash FROM ledger_node WHERE position = ?1", .integer(node.position)) {
      row throws(CausewayError) in try row.digest(0)
    }
  }

  package func insert(_ nodes: [(node: TreeNode, hash: Digest)]) throws(CausewayError) {
    for (node, hash) in nodes {
      try connection.run(
        "INSERT INTO ledger_node (position, hash) VALUES (?1, ?2)", .integer(node.position), .digest(hash))
    }
  }

  package func nodes(from start: Int, limit: Int) throws(CausewayError) -> [(position: Int, hash: Digest?)] {
    try connection.rows(
      "SELECT position, hash FROM ledger_node WHERE position >= ?1 ORDER BY position LIMIT ?2", [.integer(start), .integer(limit)]
    ) { row throws(CausewayError) in (try row.int(0), row.anyDigest(1)) }
  }

  package func ledgerNodeCount() throws(CausewayError) -> Int {
    try connection.count("SELECT count(*) FROM ledger_node")
  }

  package func latestCheckpoint() throws(CausewayError) -> StoredCheckpoint? {
    try connection.row(
      "SELECT size, root, note, time FROM ledger_checkpoint ORDER BY size DESC LIMIT 1", read: Self.checkpoint)
  }

  package func checkpoint(coveringSize size: Int) throws(CausewayError) -> StoredCheckpoint? {
    try connection.row(
      "SELECT size, root, note, time FROM ledger_checkpoint WHERE size >= ?1 ORDER BY size LIMIT 1", .integer(size),
      read: Self.checkpoint)
  }

  package func checkpoints(from start: Int, limit: Int) throws(CausewayError) -> [StoredCheckpoint] {
    try connection.rows(
      "SELECT size, root, note, time FROM ledger_checkpoint WHERE size >= ?1 ORDER BY size LIMIT ?2",
      [.integer(start), .integer(limit)], Self.checkpoint)
  }

  package func insert(_ checkpoint: StoredCheckpoint) throws(CausewayError) {
    try connection.run(
      "INSERT INTO ledger_checkpoint (size, time, root, note) VALUES (?1, ?2, ?3, ?4)",
      .integer(checkpoint.size), .time(checkpoint.time), .digest(checkpoint.root), .blob(checkpoint.note))
  }

  package func archive() throws(CausewayError) -> StoredArchive? {
    try connection.row("SELECT entry, manifest FROM ledger_archive WHERE id = 1") { row throws(CausewayError) in
      StoredArchive(entry: try row.int(0), manifest: try row.blob(1))
    }
  }

  package func archive(_ entries: Range<Int>, in archive: StoredArchive) throws(CausewayError) {
    // Deleted and put back: a row that is only made shorter would keep its page from being used again.
    for start in stride(from: entries.lowerBound, to: entries.upperBound, by: 1024) {
      let end = min(start + 1024, entries.upperBound)
      let rows = try connection.rows(
        "SELECT idx, leaf, message FROM ledger_entry WHERE idx >= ?1 AND idx < ?2", [.integer(start), .integer(end)]
      ) { row throws(CausewayError) in (try row.int(0), try row.digest(1), try row.optional(2, row.text)) }
      try connection.run("DELETE FROM ledger_entry WHERE idx >= ?1 AND idx < ?2", .integer(start), .integer(end))
      for (index, leaf, message) in rows {
        try connection.run(
          "INSERT INTO ledger_entry (idx, leaf, message, bytes) VALUES (?1, ?2, ?3, ?4)", .integer(index), .digest(leaf),
          .optional(message), .blob([]))
      }
    }
    try connection.run(
      """
      INSERT INTO ledger_archive (id, entry, manifest) VALUES (1, ?1, ?2)
      ON CONFLICT (id) DO UPDATE SET entry = excluded.entry, manifest = excluded.manifest
      """, .integer(archive.entry), .blob(archive.manifest))
  }

  private static func checkpoint(_ row: SQLRow) throws(CausewayError) -> StoredCheckpoint {
    StoredCheckpoint(size: try row.int(0), root: try row.digest(1), note: try row.blob(2), time: try row.time(3))
  }
}
