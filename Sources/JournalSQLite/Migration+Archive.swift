extension Migration {
  // The last archive that took entries out of the journal; the ones before are named by its manifest. The bytes of their entries are empty.
  static let archive = """
    CREATE TABLE ledger_archive (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      entry INTEGER NOT NULL CHECK (entry > 0),
      manifest BLOB NOT NULL
    ) STRICT;
    """
}
