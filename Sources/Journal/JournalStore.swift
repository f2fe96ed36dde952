package import Ledger
package import Primitives

/// Where a journal keeps its rows. What the journal means by a change is the same for every store.
///
/// Contract: when ``write(_:)`` returns, everything the body wrote is durable (survives power loss) and visible to every later
/// ``read(_:)``; when it throws, nothing of it is. Bodies run one at a time, over all processes that share the store, on a thread that may
/// block. Reads see one moment, and neither wait for the writer nor hold it up.
package protocol JournalStore: Sendable {
  /// Runs the body in one write transaction and commits it. The body is run again only when nothing of the run before was committed.
  ///
  /// - Throws: what the body throws; `journal.storage_full`, `journal.busy`, `journal.unreachable`, `journal.storage`; `journal.commit_failed` when it is
  ///   not known whether the transaction is durable, and the store cannot tell any more; `journal.commit_unknown` when it will be seen with the next one; `journal.read_only`; `journal.closed`.
  func write<Result: Sendable>(
    _ body: @Sendable (any JournalTransaction) throws(CausewayError) -> Result
  ) async throws(CausewayError) -> Result

  /// Runs the body on one snapshot.
  ///
  /// - Throws: what the body throws; `journal.storage`, `journal.busy`, `journal.unreachable`, `journal.closed`.
  func read<Result: Sendable>(
    _ body: @Sendable (any JournalReader) throws(CausewayError) -> Result
  ) async throws(CausewayError) -> Result

  /// Sees to it that nothing of what was overwritten or removed is left in the store's own files.
  ///
  /// - Throws: `journal.busy` while somebody reads an older state: again later; `journal.storage`, `journal.read_only`, `journal.closed`.
  func scrub() async throws(CausewayError)

  /// Whether other processes may write to the store at the same time.
  var isShared: Bool { get }

  /// Takes names, each of which stands for something to work on, so that one worker at a time of all processes has it: until it is given back, or the process is
  /// gone or has shown no sign of life for a while (``keepClaims()``). It spares work, and is no lock: a process that was cut off may go on for a moment.
  ///
  /// - Returns: those that nobody had, in their order, at most `limit`.
  /// - Throws: `journal.unreachable`, `journal.busy`, `journal.closed`.
  func claim(_ names: [String], atMost limit: Int) async throws(CausewayError) -> [String]

  /// Gives names back; those that were lost are left alone.
  func release(_ names: [String]) async

  /// Says that the process is there. To be called every five seconds while there are claims.
  func keepClaims() async

  /// Ends the use of the store. Waits for what is running.
  func close() async
}

/// Questions to a store. All see the same moment. Each may throw `journal.storage` and `journal.row_invalid`.
///
/// A reader is lent to a closure and must not leave it.
package protocol JournalReader {
  func message(_ id: MessageID) throws(CausewayError) -> MessageRecord?
  func message(_ direction: Direction, businessKey: String) throws(CausewayError) -> MessageRecord?
  /// In the order of arrival, or its reverse.
  func messages(_ query: MessageQuery) throws(CausewayError) -> [MessageRecord]
  func messageCounts() throws(CausewayError) -> [MessageCount]
  /// What a query finds, grouped; the largest groups first. The query's place, order and details do not count, its limit is that of groups.
  func messageGroups(_ query: MessageQuery) throws(CausewayError) -> [MessageGroup]
  /// Messages with an envelope, by the time in its header and then in the order of arrival. O(page) with an index.
  func envelopes(_ query: EnvelopeQuery) throws(CausewayError) -> [EnvelopeRecord]

  func payload(owner: String, kind: String) throws(CausewayError) -> PayloadRecord?
  func payloadSummary(owner: String, kind: String) throws(CausewayError) -> PayloadSummary?
  /// All payloads of one owner, without their bytes, by kind.
  func payloads(owner: String) throws(CausewayError) -> [PayloadSummary]

  func delivery(_ id: Int64) throws(CausewayError) -> OutboxRecord?
  func delivery(channel: String, messageID: MessageID) throws(CausewayError) -> OutboxRecord?
  /// What may go out now: due, not dead, and the first of its order key. Highest priority first, then the longest due.
  ///
  /// - Parameter horizon: nothing is ever put off beyond it. What lies behind it was, by a clock that has been set back since; it counts as due.
  func dueDeliveries(channel: String, at now: Instant, horizon: Instant, limit: Int) throws(CausewayError) -> [OutboxRecord]
  /// When the next delivery that is first of its order key falls due; nil when none is waiting.
  func nextDue(channel: String) throws(CausewayError) -> Instant?
  /// All deliveries of a channel by id, the dead ones or the others.
  func deliveries(channel: String, dead: Bool, after: Int64, limit: Int) throws(CausewayError) -> [OutboxRecord]
  func deliveryCount(channel: String, dead: Bool) throws(CausewayError) -> Int

  func clearance(_ id: String) throws(CausewayError) -> ClearanceRecord?
  func clearance(corridor: String, side: String, ucr: String) throws(CausewayError) -> ClearanceRecord?
  func clearances(_ query: ClearanceQuery) throws(CausewayError) -> [ClearanceRecord]

  func idempotency(subject: String, key: String) throws(CausewayError) -> IdempotencyRecord?
  /// From before requests named their clearance.
  func idempotencyWithoutClearance(limit: Int) throws(CausewayError) -> [IdempotencyRecord]

  func inbox(_ sequence: Int64) throws(CausewayError) -> InboxRecord?
  /// What waits for a consumer behind a sequence number, in order; `clearance` nil is any.
  func inbox(consumer: String, after: Int64, clearance: String?, acknowledged: Bool, limit: Int) throws(CausewayError) -> [InboxRecord]

  func peerCheckpoint(origin: String, size: Int) throws(CausewayError) -> PeerCheckpointRecord?
  /// The largest one known.
  func latestPeerCheckpoint(origin: String) throws(CausewayError) -> PeerCheckpointRecord?

  /// Those that have been compared with each other, or those that have not; the largest first.
  func peerCheckpoints(origin: String, compared: Bool, limit: Int) throws(CausewayError) -> [PeerCheckpointRecord]

  /// What this gateway has cosigned last of another log.
  func witnessed(origin: String) throws(CausewayError) -> WitnessedRecord?
  /// On one checkpoint of this ledger.
  func cosignatures(size: Int) throws(CausewayError) -> [CosignatureRecord]
  /// On the largest checkpoint of this ledger that the witness has cosigned.
  func latestCosignature(witness: String) throws(CausewayError) -> CosignatureRecord?
  /// Sizes below `size` that at least one witness has cosigned, falling.
  func cosignedSizes(before size: Int, limit: Int) throws(CausewayError) -> [Int]
  /// The time-stamp of the smallest checkpoint of at least that size that has one: of all that cover the entry `size - 1` the earliest.
  func timestamp(coveringSize size: Int) throws(CausewayError) -> TimestampRecord?
  /// The one of the largest checkpoint.
  func latestTimestamp() throws(CausewayError) -> TimestampRecord?
  /// Against one log, or all there are, in the order in which they were found; at most 1000.
  func fraudProofs(origin: String?) throws(CausewayError) -> [FraudProofRecord]
  func workItem(_ id: String) throws(CausewayError) -> WorkItemRecord?
  func workItems(_ query: WorkItemQuery) throws(CausewayError) -> [WorkItemRecord]
  func replay(_ id: String) throws(CausewayError) -> ReplayRecord?
  /// Those in a state, the oldest first; or, with nil, all, the newest first.
  func replays(state: String?, limit: Int) throws(CausewayError) -> [ReplayRecord]

  func value(_ name: String) throws(CausewayError) -> [UInt8]?

  func dataKey(_ clearance: String) throws(CausewayError) -> DataKeyRecord?
  /// Those that are not erased, by clearance.
  func dataKeys(after clearance: String, limit: Int) throws(CausewayError) -> [DataKeyRecord]
  /// Those with a legal hold, by clearance.
  func heldDataKeys(after clearance: String, limit: Int) throws(CausewayError) -> [DataKeyRecord]
  func ended(_ query: EndedQuery) throws(CausewayError) -> [EndedClearance]
  /// - Parameter clearance: nil: of those that belong to none.
  func payloadCount(clearance: String?) throws(CausewayError) -> Int

  func ledgerHead() throws(CausewayError) -> LedgerHead
  /// Entries by index from `start`, fewer when there are no more. Damaged rows are handed out as they lie there; those whose bytes are in an
  /// archive without bytes, unless the store was given the archives.
  func entries(from start: Int, limit: Int) throws(CausewayError) -> [StoredEntry]
  /// Lends the same entries one after the other, each in the memory of the one before: for reading many.
  func eachEntry(from start: Int, limit: Int, _ body: (StoredEntry) throws(CausewayError) -> Void) throws(CausewayError)
  /// Indices of the entries that name a message, rising.
  func entryIndices(message: MessageID) throws(CausewayError) -> [Int]
  /// Stored hash of one complete subtree; nil when it is not there. Level 0 is the leaf hash of an entry.
  func node(_ node: TreeNode) throws(CausewayError) -> Digest?
  /// Stored hashes of the subtrees above the leaves by `TreeNode.position` from `start`; fewer when there are no more. nil for what is
  /// no digest.
  func nodes(from start: Int, limit: Int) throws(CausewayError) -> [(position: Int, hash: Digest?)]
  /// Number of stored subtrees above the leaves. O(*n*).
  func ledgerNodeCount() throws(CausewayError) -> Int
  func latestCheckpoint() throws(CausewayError) -> StoredCheckpoint?
  /// The smallest checkpoint of at least that size: the first that covers the entry `size - 1`.
  func checkpoint(coveringSize size: Int) throws(CausewayError) -> StoredCheckpoint?
  /// The last archive that took entries out of the journal; nil when none has.
  func archive() throws(CausewayError) -> StoredArchive?
  /// Checkpoints by size from `start`.
  func checkpoints(from start: Int, limit: Int) throws(CausewayError) -> [StoredCheckpoint]
}

/// Writes to a store, within one transaction. Rules between records are the journal's; a store only keeps its keys unique.
///
/// Each may throw, besides what readers throw, `journal.constraint` and `journal.storage_full`.
package protocol JournalTransaction: JournalReader {
  /// Runs the body; when it throws, undoes what it wrote and nothing else.
  func savepoint<Result>(_ body: () throws(CausewayError) -> Result) throws(CausewayError) -> Result

  /// Inserts (`isNew`) or overwrites by id; the revision written is the record's plus one.
  func save(_ message: MessageRecord, isNew: Bool) throws(CausewayError)
  /// Writes what changes of a message on its way: state, reason, receipt, details, time and revision. What else it says stands already: fewer indexes are
  /// touched than by saving it.
  func update(_ message: MessageRecord) throws(CausewayError)
  func save(_ payload: PayloadRecord) throws(CausewayError)
  func erasePayload(owner: String, kind: String) throws(CausewayError)
  func insert(_ delivery: OutboxRecord) throws(CausewayError) -> Int64
  func update(_ delivery: OutboxRecord) throws(CausewayError)
  func removeDelivery(_ id: Int64) throws(CausewayError)
  /// Inserts (`isNew`) or overwrites by id; the revision written is the record's plus one.
  func save(_ clearance: ClearanceRecord, isNew: Bool) throws(CausewayError)
  func insert(_ record: IdempotencyRecord) throws(CausewayError)
  func removeIdempotency(subject: String, key: String) throws(CausewayError)
  func insert(_ record: InboxRecord) throws(CausewayError) -> Int64
  func acknowledgeInbox(_ sequence: Int64, at: Instant) throws(CausewayError)
  func insert(_ checkpoint: PeerCheckpointRecord) throws(CausewayError)
  /// Nothing happens when there is no such checkpoint.
  func markCompared(origin: String, size: Int) throws(CausewayError)
  /// Inserts or overwrites by origin.
  func save(_ witnessed: WitnessedRecord) throws(CausewayError)
  /// Inserts or overwrites by size, witness and key.
  func save(_ cosignature: CosignatureRecord) throws(CausewayError)
  func insert(_ timestamp: TimestampRecord) throws(CausewayError)
  func insert(_ proof: FraudProofRecord) throws(CausewayError)
  /// Inserts (`isNew`) or overwrites by id; the revision written is the record's plus one.
  func save(_ item: WorkItemRecord, isNew: Bool) throws(CausewayError)
  /// Inserts (`isNew`) or overwrites by id; the revision written is the record's plus one.
  func save(_ replay: ReplayRecord, isNew: Bool) throws(CausewayError)
  func setValue(_ name: String, _ value: [UInt8]?) throws(CausewayError)
  func insert(_ key: DataKeyRecord) throws(CausewayError)
  func update(_ key: DataKeyRecord) throws(CausewayError)
  /// Removes what a clearance holds of business data, sealed or not: payloads, state and reference, details of messages, answered requests. Takes its
  /// deliveries out of the outbox and its documents out of the inbox. The messages with their headers and receipts stay.
  func eraseData(of clearance: String, at: Instant) throws(CausewayError)

  func append(_ entries: [Entry]) throws(CausewayError)
  /// Subtrees above the leaves.
  func insert(_ nodes: [(node: TreeNode, hash: Digest)]) throws(CausewayError)
  func save(_ head: LedgerHead) throws(CausewayError)
  func insert(_ checkpoint: StoredCheckpoint) throws(CausewayError)
  /// Takes the bytes of entries out of the journal, and keeps the archive as the last one. Hashes, indices and messages stay.
  func archive(_ entries: Range<Int>, in archive: StoredArchive) throws(CausewayError)
}

extension JournalReader {
  /// How many messages a query finds, in as many groups as its limit allows. Its place and order do not count.
  package func messageCount(_ query: MessageQuery) throws(CausewayError) -> Int { try messageGroups(query).reduce(0) { $0 + $1.count } }

  /// Reads one entry; nil when there is none at that index.
  ///
  /// - Throws: as ``check(_:)``.
  package func entry(_ index: Int) throws(CausewayError) -> Entry? {
    guard let stored = try entries(from: index, limit: 1).first, stored.index == index else { return nil }
    try check(stored)
    return try Entry(parsing: stored.bytes)
  }

  /// The latest checkpoint with the cosignatures that it has so far, as one note; nil when the journal holds none.
  package func latestNote() throws(CausewayError) -> [UInt8]? {
    guard let stored = try latestCheckpoint() else { return nil }
    return stored.note + (try cosignatures(size: stored.size)).flatMap(\.line)
  }

  /// Proof that the entry stands in the tree of `size` entries.
  ///
  /// - Throws: `ledger.proof_index`; `journal.not_found` when a subtree is missing.
  package func inclusionProof(index: Int, size: Int) throws(CausewayError) -> InclusionProof {
    try checkSize(size)
    return try InclusionProof(index: index, size: size) { node throws(CausewayError) in try existing(node) }
  }

  /// Proof that the ledger of `newSize` extends the one of `oldSize`.
  ///
  /// - Throws: as ``inclusionProof(index:size:)``.
  package func consistencyProof(from oldSize: Int, to newSize: Int) throws(CausewayError) -> ConsistencyProof {
    try checkSize(newSize)
    return try ConsistencyProof(from: oldSize, to: newSize) { node throws(CausewayError) in try existing(node) }
  }

  private func checkSize(_ size: Int) throws(CausewayError) {
    guard size <= (try ledgerHead()).size else { throw CausewayError("ledger.proof_index") }
  }

  package func existing(_ node: TreeNode) throws(CausewayError) -> Digest {
    guard let hash = try self.node(node) else {
      throw CausewayError("journal.not_found", facts: ["what": "subtree \(node.level)/\(node.index)"])
    }
    return hash
  }
}
