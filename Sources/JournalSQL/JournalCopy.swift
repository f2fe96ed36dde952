package import Primitives

/// All rows of a journal from one database into another, empty one; of whatever kind each is.
package enum JournalCopy {
  /// A table and its columns, the same in all stores.
  package struct Table: Sendable {
    package let name: String
    package let columns: [String]
    /// The column whose numbers the database gives.
    package let numbered: String?

    fileprivate init(_ name: String, numbered: String? = nil, _ columns: String) {
      self.name = name
      self.numbered = numbered
      self.columns = columns.split(separator: " ").map(String.init)
    }
  }

  /// Every table of a journal, but for what a store keeps for itself.
  package static let tables = [
    Table(
      "message", numbered: "position",
      """
      position id direction clearance kind corridor partner business_key state reason sequence in_reply_to payload_digest \
      envelope_created versions created updated revision header signature receipt details
      """),
    Table("payload", "owner kind media_type digest byte_count created bytes clearance"),
    Table("delivery", numbered: "id", "id channel message destination order_key priority due attempts last_error dead created"),
    Table("clearance", numbered: "position", "position id ucr corridor side status created updated revision state"),
    Table("idempotency", "subject key request created outcome clearance"),
    Table("inbox", numbered: "sequence", "sequence consumer clearance kind message payload_owner payload_kind created acknowledged"),
    Table("peer_checkpoint", "origin size root received note compared"),
    Table("stored_value", "name value"),
    Table("ledger_entry", "idx leaf message bytes"),
    Table("ledger_node", "position hash"),
    Table("ledger_head", "id size last_time last_hash frontier"),
    Table("ledger_checkpoint", "size time root note"),
    Table("data_key", "clearance wrapped created erased ground rule held hold_reason hold_actor"),
    Table(
      "work_item", numbered: "position",
      """
      position id corridor day kind subject state details first_seen last_seen ended ended_by note revision
      """),
    Table("witnessed", "origin size root time note"),
    Table("cosignature", "size witness key_id time line"),
    Table("fraud_proof", numbered: "id", "id origin found note"),
    Table("ledger_archive", "id entry manifest"),
    Table("ledger_timestamp", "size time token"),
    Table("replay", numbered: "position", "position id state details created updated revision"),
  ]

  /// Both sides are in a transaction, the source in one that sees one moment.
  ///
  /// - Returns: how many rows there were.
  /// - Throws: `journal.row_invalid` for a column of another type; what the databases throw.
  @discardableResult
  package static func copy(from source: any SQLConnection, to target: any SQLConnection) throws(CausewayError) -> Int {
    var count = 0
    for table in tables {
      let columns = table.columns.joined(separator: ", ")
      let places = table.columns.map { _ in "?" }.joined(separator: ", ")
      let insert = "INSERT INTO \(table.name) (\(columns)) VALUES (\(places))"
      try source.stream("SELECT \(columns) FROM \(table.name)") { row throws(CausewayError) in
        var values: [SQLValue] = []
        for column in table.columns.indices { values.append(try row.value(Int32(column))) }
        let statement = try target.statement(assembled: insert, values)
        defer { statement.reset() }
        _ = try statement.step()
        count += 1
      }
    }
    return count
  }
}
