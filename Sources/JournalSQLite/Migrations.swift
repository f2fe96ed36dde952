import JournalSQL
import Primitives

/// One step of the database's schema. Steps are never changed once released; a new one is added behind them.
struct Migration {
  /// Number and name; the number is what `PRAGMA user_version` holds after the step.
  let name: String
  let sql: String

  /// Marks a database file as a journal (`PRAGMA application_id`): "CWJ1".
  static let applicationID: Int64 = 0x4357_4A31

  static let all = [
    Migration(name: "0001_create_journal", sql: createJournal),
    Migration(name: "0002_add_data_key", sql: addDataKey),
    Migration(name: "0003_reconciliation", sql: reconciliation),
    Migration(name: "0004_create_witnessing", sql: createWitnessing),
    Migration(name: "0005_order_ledger_nodes", sql: orderLedgerNodes),
    Migration(name: "0006_create_archive", sql: archive),
    Migration(name: "0007_create_ledger_timestamp", sql: createLedgerTimestamp),
    Migration(name: "0008_create_replay", sql: createReplay),
    Migration(name: "0009_order_deliveries", sql: orderDeliveries),
    Migration(name: "0010_order_waiting_messages", sql: orderWaitingMessages),
  ]

  /// Brings a database to the newest schema, one transaction per step.
  ///
  /// - Throws: `journal.newer_schema`; `journal.open_failed` when the file is a database of something else.
  static func migrate(_ connection: SQLiteConnection) throws(CausewayError) {
    let version = try check(connection)
    for (offset, migration) in all.enumerated().dropFirst(version) {
      try connection.execute(
        script: """
          BEGIN EXCLUSIVE;
          \(migration.sql)
          PRAGMA application_id = \(applicationID);
          PRAGMA user_version = \(offset + 1);
          COMMIT;
          """)
    }
  }

  /// - Returns: the schema's version; 0 for an empty database.
  /// - Throws: as ``migrate(_:)``.
  static func check(_ connection: SQLiteConnection) throws(CausewayError) -> Int {
    let version = try connection.row("PRAGMA user_version") { row throws(CausewayError) in try row.int(0) } ?? 0
    let application = try connection.row("PRAGMA application_id") { row throws(CausewayError) in try row.int64(0) } ?? 0
    let tables = try connection.row("SELECT count(*) FROM sqlite_schema") { row throws(CausewayError) in try row.int(0) } ?? 0
    guard application == applicationID || tables == 0 else {
      throw CausewayError("journal.open_failed", underlying: "the file is a database of another application")
    }
    guard version <= all.count else {
      throw CausewayError("journal.newer_schema", facts: ["found": String(version), "known": String(all.count)])
    }
    return version
  }

  // Rows by the order in which subtrees become complete (`TreeNode.position`): a commit then changes the last pages only, not those of each level.
  // The sum is that of last leaf >> 1, >> 2 and so on: what is complete before that leaf.
  private static let orderLedgerNodes = """
    CREATE TABLE ordered_node (
      position INTEGER PRIMARY KEY CHECK (position >= 0),
      hash BLOB NOT NULL CHECK (length(hash) = 32)
    ) STRICT;
    INSERT INTO ordered_node (position, hash)
      SELECT \((1...52).map { "(((idx + 1) << level) - 1 >> \($0))" }.joined(separator: " + ")) + level - 1, hash FROM ledger_node;
    DROP TABLE ledger_node;
    ALTER TABLE ordered_node RENAME TO ledger_node;
    """

  private static let createWitnessing = """
    CREATE TABLE witnessed (
      origin TEXT PRIMARY KEY,
      size INTEGER NOT NULL CHECK (size >= 0),
      root BLOB NOT NULL CHECK (length(root) = 32),
      time INTEGER NOT NULL,
      note BLOB NOT NULL
    ) STRICT;

    CREATE TABLE cosignature (
      size INTEGER NOT NULL CHECK (size >= 0),
      witness TEXT NOT NULL,
      key_id INTEGER NOT NULL,
      time INTEGER NOT NULL,
      line BLOB NOT NULL,
      PRIMARY KEY (size, witness, key_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX cosignature_witness ON cosignature (witness, size);

    CREATE TABLE fraud_proof (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      origin TEXT NOT NULL,
      found INTEGER NOT NULL,
      note BLOB NOT NULL
    ) STRICT;
    CREATE INDEX fraud_proof_origin ON fraud_proof (origin);

    ALTER TABLE peer_checkpoint ADD COLUMN compared INTEGER NOT NULL DEFAULT 0 CHECK (compared IN (0, 1));
    CREATE INDEX peer_checkpoint_compared ON peer_checkpoint (origin, compared, size);
    """

  // Times are milliseconds since 1970 in UTC. Text compares as bytes (BINARY is SQLite's default collation). Tables are STRICT:
  // a column holds what it says.
  private static let createJournal = """
    CREATE TABLE message (
      position INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL UNIQUE,
      direction INTEGER NOT NULL CHECK (direction IN (0, 1)),
      clearance TEXT NOT NULL,
      kind TEXT NOT NULL,
      corridor TEXT NOT NULL,
      partner TEXT NOT NULL,
      business_key TEXT,
      state TEXT NOT NULL,
      reason TEXT,
      sequence INTEGER,
      in_reply_to TEXT,
      payload_digest BLOB CHECK (length(payload_digest) = 32),
      versions TEXT NOT NULL,
      created INTEGER NOT NULL,
      updated INTEGER NOT NULL,
      revision INTEGER NOT NULL CHECK (revision > 0),
      header BLOB NOT NULL,
      signature BLOB NOT NULL,
      receipt BLOB,
      details BLOB NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX message_business_key ON message (direction, business_key) WHERE business_key IS NOT NULL;
    CREATE INDEX message_clearance ON message (clearance, position);
    CREATE INDEX message_state ON message (direction, kind, state, reason);

    CREATE TABLE payload (
      owner TEXT NOT NULL,
      kind TEXT NOT NULL,
      media_type TEXT NOT NULL,
      digest BLOB NOT NULL CHECK (length(digest) = 32),
      byte_count INTEGER NOT NULL,
      created INTEGER NOT NULL,
      bytes BLOB NOT NULL CHECK (length(bytes) = byte_count),
      UNIQUE (owner, kind)
    ) STRICT;

    CREATE TABLE delivery (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      channel TEXT NOT NULL,
      message TEXT NOT NULL,
      destination TEXT NOT NULL,
      order_key TEXT NOT NULL,
      priority INTEGER NOT NULL,
      due INTEGER NOT NULL,
      attempts INTEGER NOT NULL CHECK (attempts >= 0),
      last_error TEXT,
      dead INTEGER NOT NULL CHECK (dead IN (0, 1)),
      created INTEGER NOT NULL,
      UNIQUE (channel, message)
    ) STRICT;
    CREATE INDEX delivery_due ON delivery (channel, due) WHERE dead = 0;
    CREATE INDEX delivery_order ON delivery (channel, order_key, id) WHERE dead = 0;

    CREATE TABLE clearance (
      position INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL UNIQUE,
      ucr TEXT NOT NULL,
      corridor TEXT NOT NULL,
      side TEXT NOT NULL,
      status TEXT NOT NULL,
      created INTEGER NOT NULL,
      updated INTEGER NOT NULL,
      revision INTEGER NOT NULL CHECK (revision > 0),
      state BLOB NOT NULL,
      UNIQUE (ucr, corridor, side)
    ) STRICT;
    CREATE INDEX clearance_status ON clearance (status, position);

    CREATE TABLE idempotency (
      subject TEXT NOT NULL,
      key TEXT NOT NULL,
      request BLOB NOT NULL CHECK (length(request) = 32),
      created INTEGER NOT NULL,
      outcome BLOB NOT NULL,
      PRIMARY KEY (subject, key)
    ) STRICT;

    CREATE TABLE inbox (
      sequence INTEGER PRIMARY KEY AUTOINCREMENT,
      consumer TEXT NOT NULL,
      clearance TEXT NOT NULL,
      kind TEXT NOT NULL,
      message TEXT,
      payload_owner TEXT NOT NULL,
      payload_kind TEXT NOT NULL,
      created INTEGER NOT NULL,
      acknowledged INTEGER
    ) STRICT;
    CREATE INDEX inbox_waiting ON inbox (consumer, sequence) WHERE acknowledged IS NULL;

    CREATE TABLE peer_checkpoint (
      origin TEXT NOT NULL,
      size INTEGER NOT NULL CHECK (size >= 0),
      root BLOB NOT NULL CHECK (length(root) = 32),
      received INTEGER NOT NULL,
      note BLOB NOT NULL,
      PRIMARY KEY (origin, size)
    ) STRICT;

    CREATE TABLE stored_value (
      name TEXT PRIMARY KEY,
      value BLOB NOT NULL
    ) STRICT;

    CREATE TABLE ledger_entry (
      idx INTEGER PRIMARY KEY CHECK (idx >= 0),
      leaf BLOB NOT NULL CHECK (length(leaf) = 32),
      message TEXT,
      bytes BLOB NOT NULL
    ) STRICT;
    CREATE INDEX ledger_entry_message ON ledger_entry (message, idx) WHERE message IS NOT NULL;

    CREATE TABLE ledger_node (
      level INTEGER NOT NULL CHECK (level > 0),
      idx INTEGER NOT NULL CHECK (idx >= 0),
      hash BLOB NOT NULL CHECK (length(hash) = 32),
      PRIMARY KEY (level, idx)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE ledger_head (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      size INTEGER NOT NULL CHECK (size >= 0),
      last_time INTEGER,
      last_hash BLOB NOT NULL CHECK (length(last_hash) = 32),
      frontier BLOB NOT NULL
    ) STRICT;

    CREATE TABLE ledger_checkpoint (
      size INTEGER PRIMARY KEY CHECK (size >= 0),
      time INTEGER NOT NULL,
      root BLOB NOT NULL CHECK (length(root) = 32),
      note BLOB NOT NULL
    ) STRICT;
    """

  // A wrapped key or the fact of its erasure, never both. Payloads and answered requests name their clearance, so that they go with it.
  private static let addDataKey = """
    CREATE TABLE data_key (
      clearance TEXT PRIMARY KEY,
      wrapped BLOB,
      created INTEGER NOT NULL,
      erased INTEGER,
      ground TEXT,
      rule TEXT,
      held INTEGER,
      hold_reason TEXT,
      hold_actor TEXT,
      CHECK ((wrapped IS NULL) = (erased IS NOT NULL)),
      CHECK ((erased IS NULL) = (ground IS NULL)),
      CHECK (erased IS NULL OR held IS NULL),
      CHECK ((held IS NULL) = (hold_reason IS NULL) AND (held IS NULL) = (hold_actor IS NULL))
    ) STRICT;
    CREATE INDEX data_key_held ON data_key (clearance) WHERE held IS NOT NULL;

    ALTER TABLE payload ADD COLUMN clearance TEXT;
    UPDATE payload SET clearance = (SELECT clearance FROM message WHERE message.id = payload.owner);
    CREATE INDEX payload_clearance ON payload (clearance);

    ALTER TABLE idempotency ADD COLUMN clearance TEXT;
    CREATE INDEX idempotency_clearance ON idempotency (clearance);

    CREATE INDEX clearance_updated ON clearance (side, updated);
    CREATE INDEX message_updated ON message (state, updated);
    """
}
