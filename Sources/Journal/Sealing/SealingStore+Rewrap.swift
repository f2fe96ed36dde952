package import Primitives
package import Trust

extension SealingStore {
  /// Wraps the keys of a sealed store with another key-encryption key, in one transaction, and clears its files of the old ones. What is sealed
  /// with them stays as it is. Nothing happens when the other key wraps them already, or the store holds nothing yet.
  ///
  /// - Returns: how many keys of clearances there were; nil when nothing was to be done.
  /// - Throws: `journal.storage_key` when neither key is the one it was sealed with, `journal.not_sealed`, `journal.index_key_missing`,
  ///   `journal.data_key_damaged`, `journal.rewrap_check` when the new key does not give back what it wrapped; what keys and store throw. Nothing
  ///   is written then.
  /// - Complexity: three calls of a key for each clearance that is not erased; the store takes no other writes meanwhile.
  package static func rewrap(
    _ inner: any JournalStore, from old: any KeyEncryptionKey, to new: any KeyEncryptionKey
  ) async throws(CausewayError) -> Int? {
    let count = try await inner.write { transaction throws(CausewayError) -> Int? in
      guard let wrapped = try wrappedIndexKey(transaction) else { return nil }
      guard let indexKey = try old.unwrap(wrapped, for: Vault.indexContext) else {
        guard try new.unwrap(wrapped, for: Vault.indexContext) != nil else { throw CausewayError("journal.storage_key") }
        return nil
      }
      try transaction.setValue(StoredValue.indexKey, try checked(indexKey, wrappedWith: new, for: Vault.indexContext))
      var (count, last) = (0, "")
      while true {
        let page = try transaction.dataKeys(after: last, limit: 500)
        for var record in page {
          let context = Vault.context(of: record.clearance)
          guard let wrapped = record.wrapped, let key = try old.unwrap(wrapped, for: context) else {
            throw CausewayError("journal.data_key_damaged", facts: ["clearance": record.clearance])
          }
          record.wrapped = try checked(key, wrappedWith: new, for: context)
          try transaction.update(record)
        }
        guard let end = page.last else { return count }
        (count, last) = (count + page.count, end.clearance)
      }
    }
    if count != nil { try await inner.scrub() }
    return count
  }

  /// The old form goes for good: the new one must open first.
  private static func checked(
    _ key: SecretKey, wrappedWith new: any KeyEncryptionKey, for context: [UInt8]
  ) throws(CausewayError) -> [UInt8] {
    let wrapped = try new.wrap(key, for: context)
    guard let opened = try new.unwrap(wrapped, for: context), opened.hasSameBytes(as: key) else {
      throw CausewayError("journal.rewrap_check")
    }
    return wrapped
  }
}
