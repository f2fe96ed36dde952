extension Migration {
  // The time in a header was known until now only inside it: canonical JSON, UTC with milliseconds. What is no such header stays without.
  static let reconciliation = """
    ALTER TABLE message ADD COLUMN envelope_created INTEGER;
    UPDATE message SET envelope_created =
        unixepoch(substr(json_extract(CAST(header AS TEXT), '$.created'), 1, 19)) * 1000
        + CAST(substr(json_extract(CAST(header AS TEXT), '$.created'), 21, 3) AS INTEGER)
      WHERE json_valid(CAST(header AS TEXT));
    CREATE INDEX message_envelope ON message (corridor, envelope_created) WHERE envelope_created IS NOT NULL;

    CREATE TABLE work_item (
      position INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL UNIQUE,
      corridor TEXT NOT NULL,
      day TEXT NOT NULL,
      kind TEXT NOT NULL,
      subject TEXT NOT NULL,
      state TEXT NOT NULL CHECK (state IN ('open', 'resolved', 'closed')),
      details BLOB NOT NULL,
      first_seen INTEGER NOT NULL,
      last_seen INTEGER NOT NULL,
      ended INTEGER,
      ended_by TEXT,
      note TEXT,
      revision INTEGER NOT NULL CHECK (revision > 0)
    ) STRICT;
    CREATE INDEX work_item_state ON work_item (state, position);
    CREATE INDEX work_item_day ON work_item (corridor, day, position);
    """
}
