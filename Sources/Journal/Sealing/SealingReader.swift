import Ledger
import Primitives
import Trust

/// Answers a reader's questions from a store in which business data is sealed.
///
/// Sealed: details of messages, bytes and digests of payloads, reference and state of clearances, keys and answers of repeated requests
/// (docs/data-protection.md). All else is the store's own. Each question may throw, besides what the store throws, `journal.data_key_missing`,
/// `journal.data_key_damaged`, `journal.sealed_misplaced` and `journal.sealed_damaged`.
protocol OpeningReader: JournalReader {
  var sealed: any JournalReader { get }
  var vault: Vault { get }
}

struct SealingReader: OpeningReader {
  let sealed: any JournalReader
  let vault: Vault
}

// MARK: - What is opened

extension OpeningReader {
  func message(_ id: MessageID) throws(CausewayError) -> MessageRecord? { try opened(try sealed.message(id)) }

  func message(_ direction: Direction, businessKey: String) throws(CausewayError) -> MessageRecord? {
    try opened(try sealed.message(direction, businessKey: businessKey))
  }

  func messages(_ query: MessageQuery) throws(CausewayError) -> [MessageRecord] {
    try sealed.messages(query).map { message throws(CausewayError) in try opened(message) }
  }

  func payload(owner: String, kind: String) throws(CausewayError) -> PayloadRecord? {
    try sealed.payload(owner: owner, kind: kind).map { payload throws(CausewayError) in try opened(payload) }
  }

  func payloadSummary(owner: String, kind: String) throws(CausewayError) -> PayloadSummary? {
    try payload(owner: owner, kind: kind).map(PayloadSummary.init)
  }

  /// Opens each: the digest of a payload is sealed with it.
  func payloads(owner: String) throws(CausewayError) -> [PayloadSummary] {
    try sealed.payloads(owner: owner).map { summary throws(CausewayError) in
      guard let payload = try payloadSummary(owner: owner, kind: summary.kind) else {
        throw CausewayError("journal.not_found", facts: ["what": "payload"])
      }
      return payload
    }
  }

  func clearance(_ id: String) throws(CausewayError) -> ClearanceRecord? { try opened(try sealed.clearance(id)) }

  func clearance(corridor: String, side: String, ucr: String) throws(CausewayError) -> ClearanceRecord? {
    try opened(try sealed.clearance(corridor: corridor, side: side, ucr: vault.index("clearance.ucr", ucr)))
  }

  func clearances(_ query: ClearanceQuery) throws(CausewayError) -> [ClearanceRecord] {
    var query = query
    query.ucr = query.ucr.map { vault.index("clearance.ucr", $0) }
    return try sealed.clearances(query).map { clearance throws(CausewayError) in try opened(clearance) }
  }

  func idempotency(subject: String, key: String) throws(CausewayError) -> IdempotencyRecord? {
    guard let record = try sealed.idempotency(subject: subject, key: vault.index("idempotency.key", subject, key)) else { return nil }
    guard let clearance = record.clearance else { throw CausewayError("journal.constraint", underlying: "request without a clearance") }
    let content = try opened(record.outcome, of: clearance, in: record.place)
    guard content.count >= 32, let request = Digest(Array(content[..<32])) else {
      throw CausewayError("journal.row_invalid", facts: ["table": "idempotency", "column": "outcome"])
    }
    return IdempotencyRecord(
      subject: subject, key: key, request: request, outcome: Array(content[32...]), clearance: clearance, created: record.created)
  }

  private func opened(_ message: MessageRecord?) throws(CausewayError) -> MessageRecord? {
    guard let message else { return nil }
    return try opened(message) as MessageRecord
  }

  private func opened(_ message: MessageRecord) throws(CausewayError) -> MessageRecord {
    guard !message.details.isEmpty else { return message }
    var record = message
    record.details = try opened(message.details, of: message.clearance, in: message.place(revision: message.revision))
    return record
  }

  private func opened(_ payload: PayloadRecord) throws(CausewayError) -> PayloadRecord {
    guard let clearance = payload.clearance else { throw CausewayError("journal.constraint", underlying: "payload without a clearance") }
    let content = try opened(payload.bytes, of: clearance, in: payload.place)
    guard content.count >= 32, let digest = Digest(Array(content[..<32])) else {
      throw CausewayError("journal.row_invalid", facts: ["table": "payload", "column": "bytes"])
    }
    return PayloadRecord(
      owner: payload.owner, kind: payload.kind, mediaType: payload.mediaType, digest: digest, bytes: Array(content[32...]),
      clearance: clearance, created: payload.created)
  }

  private func opened(_ clearance: ClearanceRecord?) throws(CausewayError) -> ClearanceRecord? {
    guard let clearance else { return nil }
    return try opened(clearance) as ClearanceRecord
  }

  private func opened(_ clearance: ClearanceRecord) throws(CausewayError) -> ClearanceRecord {
    // What the store calls erased is believed only when the key says so, too.
    if clearance.state.isEmpty, let erasure = try sealed.dataKey(clearance.id)?.erasure {
      var record = clearance
      record.erasure = erasure
      return record
    }
    let content = try opened(clearance.state, of: clearance.id, in: clearance.place(revision: clearance.revision))
    guard let end = content.firstIndex(of: 0x0A) else {
      throw CausewayError("journal.row_invalid", facts: ["table": "clearance", "column": "state"])
    }
    return ClearanceRecord(
      id: clearance.id, ucr: String(decoding: content[..<end], as: UTF8.self), corridor: clearance.corridor, side: clearance.side,
      status: clearance.status, state: Array(content[(end + 1)...]), created: clearance.created, updated: clearance.updated
    ).stored(position: clearance.position, revision: clearance.revision)
  }

  private func opened(_ blob: [UInt8], of clearance: String, in place: SealedPlace) throws(CausewayError) -> [UInt8] {
    guard let record = try sealed.dataKey(clearance) else {
      throw CausewayError("journal.data_key_missing", facts: ["clearance": clearance])
    }
    return try vault.open(blob, with: try vault.key(record), in: place)
  }
}

// MARK: - Places

extension MessageRecord {
  /// - Parameter revision: the one that the row has, or will have.
  func place(revision: Int) -> SealedPlace { SealedPlace("message", "details", [id.text, clearance, String(revision)]) }
}

extension PayloadRecord {
  var place: SealedPlace {
    SealedPlace("payload", "bytes", [owner, kind, clearance ?? "", mediaType, String(created.milliseconds)])
  }
}

extension ClearanceRecord {
  /// - Parameter revision: the one that the row has, or will have.
  func place(revision: Int) -> SealedPlace {
    SealedPlace("clearance", "state", [id, ucr, corridor, side, status, String(revision)])
  }
}

extension IdempotencyRecord {
  var place: SealedPlace {
    SealedPlace("idempotency", "outcome", [subject, key, clearance ?? "", String(created.milliseconds)])
  }
}

// MARK: - What is handed on

extension OpeningReader {
  func messageCounts() throws(CausewayError) -> [MessageCount] { try sealed.messageCounts() }
  func messageGroups(_ query: MessageQuery) throws(CausewayError) -> [MessageGroup] { try sealed.messageGroups(query) }

  func delivery(_ id: Int64) throws(CausewayError) -> OutboxRecord? { try sealed.delivery(id) }
  func delivery(channel: String, messageID: MessageID) throws(CausewayError) -> OutboxRecord? {
    try sealed.delivery(channel: channel, messageID: messageID)
  }
  func dueDeliveries(channel: String, at now: Instant, horizon: Instant, limit: Int) throws(CausewayError) -> [OutboxRecord] {
    try sealed.dueDeliveries(channel: channel, at: now, horizon: horizon, limit: limit)
  }
  func nextDue(channel: String) throws(CausewayError) -> Instant? { try sealed.nextDue(channel: channel) }
  func deliveries(channel: String, dead: Bool, after: Int64, limit: Int) throws(CausewayError) -> [OutboxRecord] {
    try sealed.deliveries(channel: channel, dead: dead, after: after, limit: limit)
  }
  func deliveryCount(channel: String, dead: Bool) throws(CausewayError) -> Int { try sealed.deliveryCount(channel: channel, dead: dead) }

  func inbox(_ sequence: Int64) throws(CausewayError) -> InboxRecord? { try sealed.inbox(sequence) }
  func inbox(consumer: String, after: Int64, clearance: String?, acknowledged: Bool, limit: Int) throws(CausewayError) -> [InboxRecord] {
    try sealed.inbox(consumer: consumer, after: after, clearance: clearance, acknowledged: acknowledged, limit: limit)
  }

  func peerCheckpoint(origin: String, size: Int) throws(CausewayError) -> PeerCheckpointRecord? {
    try sealed.peerCheckpoint(origin: origin, size: size)
  }
  func latestPeerCheckpoint(origin: String) throws(CausewayError) -> PeerCheckpointRecord? {
    try sealed.latestPeerCheckpoint(origin: origin)
  }

  func envelopes(_ query: EnvelopeQuery) throws(CausewayError) -> [EnvelopeRecord] { try sealed.envelopes(query) }
  func workItem(_ id: String) throws(CausewayError) -> WorkItemRecord? { try sealed.workItem(id) }
  func workItems(_ query: WorkItemQuery) throws(CausewayError) -> [WorkItemRecord] { try sealed.workItems(query) }
  func replay(_ id: String) throws(CausewayError) -> ReplayRecord? { try sealed.replay(id) }
  func replays(state: String?, limit: Int) throws(CausewayError) -> [ReplayRecord] { try sealed.replays(state: state, limit: limit) }

  func peerCheckpoints(origin: String, compared: Bool, limit: Int) throws(CausewayError) -> [PeerCheckpointRecord] {
    try sealed.peerCheckpoints(origin: origin, compared: compared, limit: limit)
  }
  func witnessed(origin: String) throws(CausewayError) -> WitnessedRecord? { try sealed.witnessed(origin: origin) }
  func cosignatures(size: Int) throws(CausewayError) -> [CosignatureRecord] { try sealed.cosignatures(size: size) }
  func latestCosignature(witness: String) throws(CausewayError) -> CosignatureRecord? { try sealed.latestCosignature(witness: witness) }
  func timestamp(coveringSize size: Int) throws(CausewayError) -> TimestampRecord? { try sealed.timestamp(coveringSize: size) }
  func latestTimestamp() throws(CausewayError) -> TimestampRecord? { try sealed.latestTimestamp() }
  func cosignedSizes(before size: Int, limit: Int) throws(CausewayError) -> [Int] {
    try sealed.cosignedSizes(before: size, limit: limit)
  }
  func fraudProofs(origin: String?) throws(CausewayError) -> [FraudProofRecord] { try sealed.fraudProofs(origin: origin) }

  func value(_ name: String) throws(CausewayError) -> [UInt8]? { try sealed.value(name) }

  func dataKey(_ clearance: String) throws(CausewayError) -> DataKeyRecord? { try sealed.dataKey(clearance) }
  func dataKeys(after: String, limit: Int) throws(CausewayError) -> [DataKeyRecord] { try sealed.dataKeys(after: after, limit: limit) }
  func heldDataKeys(after: String, limit: Int) throws(CausewayError) -> [DataKeyRecord] {
    try sealed.heldDataKeys(after: after, limit: limit)
  }
  func ended(_ query: EndedQuery) throws(CausewayError) -> [EndedClearance] { try sealed.ended(query) }
  func idempotencyWithoutClearance(limit: Int) throws(CausewayError) -> [IdempotencyRecord] {
    try sealed.idempotencyWithoutClearance(limit: limit)
  }
  func payloadCount(clearance: String?) throws(CausewayError) -> Int { try sealed.payloadCount(clearance: clearance) }

  func ledgerHead() throws(CausewayError) -> LedgerHead { try sealed.ledgerHead() }
  func entries(from start: Int, limit: Int) throws(CausewayError) -> [StoredEntry] { try sealed.entries(from: start, limit: limit) }
  func eachEntry(from start: Int, limit: Int, _ body: (StoredEntry) throws(CausewayError) -> Void) throws(CausewayError) {
    try sealed.eachEntry(from: start, limit: limit, body)
  }
  func entryIndices(message: MessageID) throws(CausewayError) -> [Int] { try sealed.entryIndices(message: message) }
  func node(_ node: TreeNode) throws(CausewayError) -> Digest? { try sealed.node(node) }
  func nodes(from start: Int, limit: Int) throws(CausewayError) -> [(position: Int, hash: Digest?)] {
    try sealed.nodes(from: start, limit: limit)
  }
  func ledgerNodeCount() throws(CausewayError) -> Int { try sealed.ledgerNodeCount() }
  func latestCheckpoint() throws(CausewayError) -> StoredCheckpoint? { try sealed.latestCheckpoint() }
  func checkpoint(coveringSize size: Int) throws(CausewayError) -> StoredCheckpoint? { try sealed.checkpoint(coveringSize: size) }
  func archive() throws(CausewayError) -> StoredArchive? { try sealed.archive() }
  func checkpoints(from start: Int, limit: Int) throws(CausewayError) -> [StoredCheckpoint] {
    try sealed.checkpoints(from: start, limit: limit)
  }
}
