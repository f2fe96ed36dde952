package import Primitives
package import Trust

/// A store that seals business data before it reaches the store inside, and opens it after: what lies on the disk tells who reads it no more than
/// which messages of which kinds went when, and the ledger.
///
/// Each clearance has a data key of its own, random and stored wrapped by the key-encryption key. Without that wrapped key nothing of the
/// clearance can be read: erasing it erases the data.
package struct SealingStore: JournalStore {
  private let inner: any JournalStore
  private let vault: Vault

  /// Opens a sealed store; makes one of a store that has no messages yet.
  ///
  /// - Throws: `journal.storage_key` when it was sealed with another key-encryption key; `journal.not_sealed` when it holds plain data;
  ///   `journal.index_key_missing`; what the store throws.
  package static func open(_ inner: any JournalStore, key: any KeyEncryptionKey) async throws(CausewayError) -> SealingStore {
    let stored = try await inner.read { reader throws(CausewayError) in try Self.wrappedIndexKey(reader) }
    if let stored { return try SealingStore(inner, key, wrapped: stored) }
    let wrapped = try await inner.write { transaction throws(CausewayError) in
      // Another process that shares the store may have been faster.
      if let stored = try Self.wrappedIndexKey(transaction) { return stored }
      let wrapped = try key.wrap(.random(), for: Vault.indexContext)
      try transaction.setValue(StoredValue.indexKey, wrapped)
      return wrapped
    }
    return try SealingStore(inner, key, wrapped: wrapped)
  }

  private init(_ inner: any JournalStore, _ key: any KeyEncryptionKey, wrapped: [UInt8]) throws(CausewayError) {
    guard let indexKey = try key.unwrap(wrapped, for: Vault.indexContext) else { throw CausewayError("journal.storage_key") }
    self.inner = inner
    vault = Vault(key, indexKey: indexKey)
  }

  /// - Returns: nil for a store that nothing was put into yet.
  static func wrappedIndexKey(_ reader: any JournalReader) throws(CausewayError) -> [UInt8]? {
    if let wrapped = try reader.value(StoredValue.indexKey) { return wrapped }
    let messages = try reader.messages(MessageQuery(limit: 1))
    let clearances = try reader.clearances(ClearanceQuery(limit: 1))
    for clearance in messages.map(\.clearance) + clearances.map(\.id) where try reader.dataKey(clearance) != nil {
      throw CausewayError("journal.index_key_missing")
    }
    guard messages.isEmpty, clearances.isEmpty else { throw CausewayError("journal.not_sealed") }
    return nil
  }

  package func write<Result: Sendable>(
    _ body: @Sendable (any JournalTransaction) throws(CausewayError) -> Result
  ) async throws(CausewayError) -> Result {
    try await inner.write { transaction throws(CausewayError) in try body(SealingTransaction(inner: transaction, vault: vault)) }
  }

  package func read<Result: Sendable>(
    _ body: @Sendable (any JournalReader) throws(CausewayError) -> Result
  ) async throws(CausewayError) -> Result {
    try await inner.read { reader throws(CausewayError) in try body(SealingReader(sealed: reader, vault: vault)) }
  }

  package func scrub() async throws(CausewayError) { try await inner.scrub() }
  package var isShared: Bool { inner.isShared }
  package func claim(_ names: [String], atMost limit: Int) async throws(CausewayError) -> [String] {
    try await inner.claim(names, atMost: limit)
  }
  package func release(_ names: [String]) async { await inner.release(names) }
  package func keepClaims() async { await inner.keepClaims() }
  /// The key-encryption key is closed with the store.
  package func close() async {
    await inner.close()
    vault.close()
  }
}
