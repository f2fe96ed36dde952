extension Migration {
  static let createLedgerTimestamp = """
    CREATE TABLE ledger_timestamp (
      size INTEGER PRIMARY KEY CHECK (size > 0),
      time INTEGER NOT NULL,
      token BLOB NOT NULL
    ) STRICT;
    """
}
