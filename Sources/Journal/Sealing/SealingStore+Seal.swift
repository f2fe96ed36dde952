package import Primitives
package import Trust

extension SealingStore {
  /// Seals what a store holds in plain, in one transaction, and clears its files of the rest. Nothing happens when it is sealed already.
  ///
  /// - Parameter clearanceOf: the clearance that a request of a caller has brought about, by the answer that is kept.
  /// - Returns: how many messages, clearances and requests there were.
  /// - Throws: `journal.storage_key`, `journal.index_key_missing`; `journal.constraint` when something belongs to no clearance; what the store
  ///   throws.
  package static func seal(
    _ inner: any JournalStore, key: any KeyEncryptionKey, clearanceOf: @Sendable (IdempotencyRecord) -> String?
  ) async throws(CausewayError) -> Int {
    do {
      _ = try await open(inner, key: key)
      return 0
    } catch  where error.code == "journal.not_sealed" {}
    let count = try await inner.write { transaction throws(CausewayError) in
      let indexKey = SecretKey.random()
      try transaction.setValue(StoredValue.indexKey, try key.wrap(indexKey, for: Vault.indexContext))
      return try SealingTransaction(inner: transaction, vault: Vault(key, indexKey: indexKey)).sealAll(clearanceOf)
    }
    try await inner.scrub()
    return count
  }
}

extension SealingTransaction {
  fileprivate func sealAll(_ clearanceOf: (IdempotencyRecord) -> String?) throws(CausewayError) -> Int {
    var count = 0
    var position: Int64?
    while true {
      let page = try inner.messages(MessageQuery(after: position, limit: 1000))
      for message in page {
        if !message.details.isEmpty { try save(message, isNew: false) }
        for summary in try inner.payloads(owner: message.id.text) {
          if let payload = try inner.payload(owner: summary.owner, kind: summary.kind) { try save(payload) }
        }
      }
      count += page.count
      guard let last = page.last else { break }
      position = last.position
    }
    position = nil
    while true {
      let page = try inner.clearances(ClearanceQuery(after: position, newestFirst: false, limit: 1000))
      for clearance in page { try save(clearance, isNew: false) }
      count += page.count
      guard let last = page.last else { break }
      position = last.position
    }
    while true {
      let page = try inner.idempotencyWithoutClearance(limit: 1000)
      for record in page {
        try inner.removeIdempotency(subject: record.subject, key: record.key)
        try insert(
          IdempotencyRecord(
            subject: record.subject, key: record.key, request: record.request, outcome: record.outcome, clearance: clearanceOf(record),
            created: record.created))
      }
      count += page.count
      if page.isEmpty { break }
    }
    guard try inner.payloadCount(clearance: nil) == 0 else {
      throw CausewayError("journal.constraint", underlying: "payload without a clearance")
    }
    return count
  }
}
