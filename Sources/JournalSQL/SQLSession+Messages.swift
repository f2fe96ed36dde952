package import Journal
package import Primitives

extension SQLSession {
  package func message(_ id: MessageID) throws(CausewayError) -> MessageRecord? {
    try connection.row(
      """
      SELECT position, id, direction, clearance, kind, corridor, partner, business_key, state, reason, sequence, in_reply_to,
        payload_digest, versions, created, updated, revision, header, signature, receipt, details, envelope_created
      FROM message WHERE id = ?1
      """, .text(id.text), read: Self.message)
  }

  package func message(_ direction: Direction, businessKey: String) throws(CausewayError) -> MessageRecord? {
    try connection.row(
      """
      SELECT position, id, direction, clearance, kind, corridor, partner, business_key, state, reason, sequence, in_reply_to,
        payload_digest, versions, created, updated, revision, header, signature, receipt, details, envelope_created
      FROM message WHERE direction = ?1 AND business_key = ?2
      """, .integer(direction.rawValue), .text(businessKey), read: Self.message)
  }

  package func messages(_ query: MessageQuery) throws(CausewayError) -> [MessageRecord] {
    var sql = """
      SELECT position, id, direction, clearance, kind, corridor, partner, business_key, state, reason, sequence, in_reply_to,
        payload_digest, versions, created, updated, revision, header, signature, receipt, details, envelope_created
      FROM message WHERE TRUE
      """
    var (conditions, values) = Self.conditions(query)
    if let after = query.after {
      conditions += " AND position \(query.newestFirst ? "<" : ">") ?"
      values.append(.integer(after))
    }
    sql += conditions
    sql += " ORDER BY position \(query.newestFirst ? "DESC" : "ASC") LIMIT ?"
    values.append(.integer(query.limit))
    let messages = try connection.rows(assembled: sql, values, Self.message)
    return query.withDetails ? messages : messages.map(\.withoutDetails)
  }

  package func messageGroups(_ query: MessageQuery) throws(CausewayError) -> [MessageGroup] {
    var (conditions, values) = Self.conditions(query)
    values.append(.integer(query.limit))
    let sql = """
      SELECT direction, state, reason, corridor, partner, kind, count(*), min(updated), max(updated), min(created)
      FROM message WHERE TRUE\(conditions)
      GROUP BY direction, state, reason, corridor, partner, kind
      ORDER BY count(*) DESC, state, reason, corridor, partner, kind, direction LIMIT ?
      """
    return try connection.rows(assembled: sql, values) { row throws(CausewayError) in
      MessageGroup(
        direction: try Self.direction(row, 0), state: try row.text(1),
        reason: try row.optional(2, row.text).map { ErrorCode(rawValue: $0) }, corridor: try row.text(3), partner: try row.text(4),
        kind: try row.text(5), count: try row.int(6), first: try row.time(7), last: try row.time(8), oldest: try row.time(9))
    }
  }

  /// All conditions of a query but its place.
  ///
  /// Who goes on behind a place, page by page, walks the table in its order: an expression in the place of a column keeps the database from
  /// looking up all that fits by state, and sorting it, for each page. So it does where a clearance is named, whose messages are few.
  private static func conditions(_ query: MessageQuery) -> (sql: String, values: [SQLValue]) {
    let walks = query.after != nil
    var sql = ""
    var values: [SQLValue] = []
    func add(_ condition: String, _ value: SQLValue?) {
      guard let value else { return }
      sql += " AND \(condition)"
      values.append(value)
    }
    func add(_ column: String, among all: [String]) {
      guard !all.isEmpty else { return }
      sql += " AND \(column) IN (\(repeatElement("?", count: all.count).joined(separator: ", ")))"
      values += all.map { .text($0) }
    }
    add("id", among: query.ids.map(\.text))
    add(walks ? "direction + 0 = ?" : "direction = ?", query.direction.map { .integer($0.rawValue) })
    add("clearance = ?", query.clearance.map { .text($0) })
    add("corridor = ?", query.corridor.map { .text($0) })
    add("partner = ?", query.partner.map { .text($0) })
    add("kind = ?", query.kind.map { .text($0) })
    add("reason = ?", query.reason.map { .text($0.rawValue) })
    add("reason IS DISTINCT FROM ?", query.exceptReason.map { .text($0.rawValue) })
    add(walks || query.clearance != nil ? "state || ''" : "state", among: query.states)
    add("updated >= ?", query.updated.map { .time($0.lowerBound) })
    add("updated <= ?", query.updated.map { .time($0.upperBound) })
    return (sql, values)
  }

  package func envelopes(_ query: EnvelopeQuery) throws(CausewayError) -> [EnvelopeRecord] {
    try connection.rows(
      """
      SELECT id, position, direction, clearance, kind, state, envelope_created, header, payload_digest, receipt
      FROM message WHERE corridor = ?1 AND (envelope_created, position) > (?2, ?3) AND envelope_created < ?4
      ORDER BY envelope_created, position LIMIT ?5
      """,
      [
        .text(query.corridor), .time(query.after?.created ?? query.period.lowerBound), .integer(query.after?.position ?? -1),
        .time(query.period.upperBound), .integer(query.limit),
      ]
    ) { row throws(CausewayError) in
      EnvelopeRecord(
        id: try row.value(0) { MessageID($0) }, position: try row.int64(1), direction: try Self.direction(row, 2),
        clearance: try row.text(3), kind: try row.text(4), state: try row.text(5), created: try row.time(6), header: try row.blob(7),
        payloadDigest: try row.optional(8, row.digest), receipt: try row.optional(9, row.blob))
    }
  }

  package func messageCounts() throws(CausewayError) -> [MessageCount] {
    try connection.rows("SELECT direction, kind, state, reason, count(*) FROM message GROUP BY direction, kind, state, reason") {
      row throws(CausewayError) in
      MessageCount(
        direction: try Self.direction(row, 0), kind: try row.text(1), state: try row.text(2),
        reason: try row.optional(3, row.text).map { ErrorCode(rawValue: $0) }, count: try row.int(4))
    }
  }

  package func save(_ message: MessageRecord, isNew: Bool) throws(CausewayError) {
    let values: [SQLValue] = [
      .text(message.id.text), .integer(message.direction.rawValue), .text(message.clearance), .text(message.kind),
      .text(message.corridor), .text(message.partner), .optional(message.businessKey), .text(message.state),
      .optional(message.reason?.rawValue), message.sequence.map { .integer($0) } ?? .null, .optional(message.inReplyTo?.text),
      .optional(message.payloadDigest?.bytes), .text(VersionsText.write(message.versions)), .time(message.created),
      .time(message.updated), .integer(message.revision + 1), .blob(message.header), .blob(message.signature),
      .optional(message.receipt), .blob(message.details), .time(message.envelopeCreated),
    ]
    if isNew {
      try connection.run(
        """
        INSERT INTO message (id, direction, clearance, kind, corridor, partner, business_key, state, reason, sequence, in_reply_to,
          payload_digest, versions, created, updated, revision, header, signature, receipt, details, envelope_created)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)
        """, values)
    } else {
      try connection.run(
        """
        UPDATE message SET direction = ?2, clearance = ?3, kind = ?4, corridor = ?5, partner = ?6, business_key = ?7, state = ?8,
          reason = ?9, sequence = ?10, in_reply_to = ?11, payload_digest = ?12, versions = ?13, created = ?14, updated = ?15,
          revision = ?16, header = ?17, signature = ?18, receipt = ?19, details = ?20, envelope_created = ?21
        WHERE id = ?1
        """, values)
    }
  }

  package func update(_ message: MessageRecord) throws(CausewayError) {
    try connection.run(
      "UPDATE message SET state = ?2, reason = ?3, updated = ?4, revision = ?5, receipt = ?6, details = ?7 WHERE id = ?1",
      .text(message.id.text), .text(message.state), .optional(message.reason?.rawValue), .time(message.updated),
      .integer(message.revision + 1), .optional(message.receipt), .blob(message.details))
  }

  private static func message(_ row: SQLRow) throws(CausewayError) -> MessageRecord {
    let record = MessageRecord(
      id: try row.value(1) { MessageID($0) }, direction: try direction(row, 2), clearance: try row.text(3), kind: try row.text(4),
      corridor: try row.text(5), partner: try row.text(6), businessKey: try row.optional(7, row.text), state: try row.text(8),
      reason: try row.optional(9, row.text).map { ErrorCode(rawValue: $0) }, header: try row.blob(17), signature: try row.blob(18),
      payloadDigest: try row.optional(12, row.digest), envelopeCreated: try row.optional(21, row.time),
      receipt: try row.optional(19, row.blob), sequence: try row.optional(10, row.int),
      inReplyTo: try row.optional(11) { column throws(CausewayError) in try row.value(column) { MessageID($0) } },
      versions: try row.value(13, VersionsText.read), details: try row.blob(20), created: try row.time(14), updated: try row.time(15))
    return record.stored(position: try row.int64(0), revision: try row.int(16))
  }

  private static func direction(_ row: SQLRow, _ column: Int32) throws(CausewayError) -> Direction {
    guard let direction = Direction(rawValue: try row.int(column)) else { throw row.invalid(column) }
    return direction
  }
}

/// Payloads.
extension SQLSession {
  package func payload(owner: String, kind: String) throws(CausewayError) -> PayloadRecord? {
    try connection.row(
      "SELECT media_type, digest, bytes, created, clearance FROM payload WHERE owner = ?1 AND kind = ?2", .text(owner), .text(kind)
    ) { row throws(CausewayError) in
      PayloadRecord(
        owner: owner, kind: kind, mediaType: try row.text(0), digest: try row.digest(1), bytes: try row.blob(2),
        clearance: try row.optional(4, row.text), created: try row.time(3))
    }
  }

  package func payloadSummary(owner: String, kind: String) throws(CausewayError) -> PayloadSummary? {
    try connection.row(
      "SELECT owner, kind, media_type, digest, byte_count, created FROM payload WHERE owner = ?1 AND kind = ?2",
      .text(owner), .text(kind), read: Self.payloadSummary)
  }

  package func payloads(owner: String) throws(CausewayError) -> [PayloadSummary] {
    try connection.rows(
      "SELECT owner, kind, media_type, digest, byte_count, created FROM payload WHERE owner = ?1 ORDER BY kind", [.text(owner)],
      Self.payloadSummary)
  }

  package func save(_ payload: PayloadRecord) throws(CausewayError) {
    try connection.run(
      """
      INSERT INTO payload (owner, kind, media_type, digest, byte_count, created, bytes, clearance)
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, coalesce(?8, (SELECT clearance FROM message WHERE id = ?1)))
      ON CONFLICT (owner, kind) DO UPDATE SET media_type = excluded.media_type, digest = excluded.digest,
        byte_count = excluded.byte_count, created = excluded.created, bytes = excluded.bytes, clearance = excluded.clearance
      """,
      .text(payload.owner), .text(payload.kind), .text(payload.mediaType), .digest(payload.digest),
      .integer(payload.bytes.count), .time(payload.created), .blob(payload.bytes), .optional(payload.clearance))
  }

  package func erasePayload(owner: String, kind: String) throws(CausewayError) {
    try connection.run("DELETE FROM payload WHERE owner = ?1 AND kind = ?2", .text(owner), .text(kind))
  }

  private static func payloadSummary(_ row: SQLRow) throws(CausewayError) -> PayloadSummary {
    PayloadSummary(
      owner: try row.text(0), kind: try row.text(1), mediaType: try row.text(2), digest: try row.digest(3), byteCount: try row.int(4),
      created: try row.time(5))
  }
}
