extension Migration {
  static let createReplay = """
    CREATE TABLE replay (
      position INTEGER PRIMARY KEY AUTOINCREMENT,
      id TEXT NOT NULL UNIQUE,
      state TEXT NOT NULL,
      details BLOB NOT NULL,
      created INTEGER NOT NULL,
      updated INTEGER NOT NULL,
      revision INTEGER NOT NULL CHECK (revision > 0)
    ) STRICT;
    CREATE INDEX replay_state ON replay (state, position);
    """
}
