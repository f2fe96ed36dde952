import Ledger
import Primitives
import Trust

/// Seals business data on its way into a store, with the key of its clearance; makes that key with the first of it.
///
/// Each write of sealed data may throw, besides what the store throws, `journal.erased` and `journal.data_key_damaged`.
struct SealingTransaction: OpeningReader, JournalTransaction {
  let inner: any JournalTransaction
  let vault: Vault

  var sealed: any JournalReader { inner }

  func save(_ message: MessageRecord, isNew: Bool) throws(CausewayError) { try inner.save(try withSealedDetails(message), isNew: isNew) }
  func update(_ message: MessageRecord) throws(CausewayError) { try inner.update(try withSealedDetails(message)) }

  private func withSealedDetails(_ message: MessageRecord) throws(CausewayError) -> MessageRecord {
    var record = message
    // Nothing to seal, no key: messages are noted as well after their clearance's data has been erased.
    if !message.details.isEmpty {
      record.details = vault.seal(
        message.details, with: try key(of: message.clearance, at: message.created), in: message.place(revision: message.revision + 1))
    }
    return record
  }

  func save(_ payload: PayloadRecord) throws(CausewayError) {
    var owner = payload.clearance
    if owner == nil { owner = try clearance(ofMessage: payload.owner) }
    guard let clearance = owner else { throw CausewayError("journal.constraint", underlying: "payload without a clearance") }
    let named = PayloadRecord(
      owner: payload.owner, kind: payload.kind, mediaType: payload.mediaType, digest: payload.digest, bytes: [], clearance: clearance,
      created: payload.created)
    let blob = vault.seal(
      payload.digest.bytes + payload.bytes, with: try key(of: clearance, at: payload.created), in: named.place)
    try inner.save(
      PayloadRecord(
        owner: payload.owner, kind: payload.kind, mediaType: payload.mediaType, digest: Self.name(of: blob), bytes: blob,
        clearance: clearance, created: payload.created))
  }

  func save(_ clearance: ClearanceRecord, isNew: Bool) throws(CausewayError) {
    guard !clearance.ucr.utf8.contains(0x0A) else { throw CausewayError("journal.constraint", underlying: "line break in a reference") }
    let indexed = ClearanceRecord(
      id: clearance.id, ucr: vault.index("clearance.ucr", clearance.ucr), corridor: clearance.corridor, side: clearance.side,
      status: clearance.status, state: [], created: clearance.created, updated: clearance.updated
    ).stored(position: clearance.position, revision: clearance.revision)
    var record = indexed
    record.state = vault.seal(
      Array(clearance.ucr.utf8) + [0x0A] + clearance.state, with: try key(of: clearance.id, at: clearance.updated),
      in: indexed.place(revision: clearance.revision + 1))
    try inner.save(record, isNew: isNew)
  }

  func insert(_ record: IdempotencyRecord) throws(CausewayError) {
    guard let clearance = record.clearance else { throw CausewayError("journal.constraint", underlying: "request without a clearance") }
    // Two requests that are alike may be of two callers: the digest is bound to its key.
    let hidden = vault.index("idempotency.key", record.subject, record.key)
    func stored(_ outcome: [UInt8]) -> IdempotencyRecord {
      IdempotencyRecord(
        subject: record.subject, key: hidden, request: SHA256.hash(hidden), outcome: outcome, clearance: clearance, created: record.created)
    }
    let outcome = vault.seal(
      record.request.bytes + record.outcome, with: try key(of: clearance, at: record.created), in: stored([]).place)
    try inner.insert(stored(outcome))
  }

  /// A digest for the column that has to hold one: of nonce and tag, which are this blob's alone. All of the blob would cost more than sealing it.
  private static func name(of blob: [UInt8]) -> Digest { SHA256.hash(blob.prefix(21) + blob.suffix(16)) }

  private func key(of clearance: String, at now: Instant) throws(CausewayError) -> SecretKey {
    if let record = try inner.dataKey(clearance) { return try vault.key(record) }
    let (key, record) = try vault.makeKey(for: clearance, at: now)
    try inner.insert(record)
    return key
  }

  private func clearance(ofMessage id: String) throws(CausewayError) -> String? {
    guard let id = MessageID(id) else { return nil }
    return try inner.message(id)?.clearance
  }

  func eraseData(of clearance: String, at now: Instant) throws(CausewayError) {
    if let record = try inner.dataKey(clearance) { vault.forget(record) }
    try inner.eraseData(of: clearance, at: now)
  }
}

// MARK: - What is handed on

extension SealingTransaction {
  func savepoint<Result>(_ body: () throws(CausewayError) -> Result) throws(CausewayError) -> Result { try inner.savepoint(body) }

  func erasePayload(owner: String, kind: String) throws(CausewayError) { try inner.erasePayload(owner: owner, kind: kind) }
  func insert(_ delivery: OutboxRecord) throws(CausewayError) -> Int64 { try inner.insert(delivery) }
  func update(_ delivery: OutboxRecord) throws(CausewayError) { try inner.update(delivery) }
  func removeDelivery(_ id: Int64) throws(CausewayError) { try inner.removeDelivery(id) }
  func insert(_ record: InboxRecord) throws(CausewayError) -> Int64 { try inner.insert(record) }
  func acknowledgeInbox(_ sequence: Int64, at now: Instant) throws(CausewayError) { try inner.acknowledgeInbox(sequence, at: now) }
  func insert(_ checkpoint: PeerCheckpointRecord) throws(CausewayError) { try inner.insert(checkpoint) }
  func save(_ item: WorkItemRecord, isNew: Bool) throws(CausewayError) { try inner.save(item, isNew: isNew) }
  func save(_ replay: ReplayRecord, isNew: Bool) throws(CausewayError) { try inner.save(replay, isNew: isNew) }
  func markCompared(origin: String, size: Int) throws(CausewayError) { try inner.markCompared(origin: origin, size: size) }
  func save(_ witnessed: WitnessedRecord) throws(CausewayError) { try inner.save(witnessed) }
  func save(_ cosignature: CosignatureRecord) throws(CausewayError) { try inner.save(cosignature) }
  func insert(_ timestamp: TimestampRecord) throws(CausewayError) { try inner.insert(timestamp) }
  func insert(_ proof: FraudProofRecord) throws(CausewayError) { try inner.insert(proof) }
  func setValue(_ name: String, _ value: [UInt8]?) throws(CausewayError) { try inner.setValue(name, value) }
  func removeIdempotency(subject: String, key: String) throws(CausewayError) {
    try inner.removeIdempotency(subject: subject, key: vault.index("idempotency.key", subject, key))
  }
  func insert(_ key: DataKeyRecord) throws(CausewayError) { try inner.insert(key) }
  func update(_ key: DataKeyRecord) throws(CausewayError) { try inner.update(key) }

  func append(_ entries: [Entry]) throws(CausewayError) { try inner.append(entries) }
  func insert(_ nodes: [(node: TreeNode, hash: Digest)]) throws(CausewayError) { try inner.insert(nodes) }
  func save(_ head: LedgerHead) throws(CausewayError) { try inner.save(head) }
  func insert(_ checkpoint: StoredCheckpoint) throws(CausewayError) { try inner.insert(checkpoint) }
  func archive(_ entries: Range<Int>, in archive: StoredArchive) throws(CausewayError) { try inner.archive(entries, in: archive) }
}
