import Ledger
import Primitives

/// What preconditions and operations mean, on any store.
struct ChangeRules {
  let transaction: any JournalTransaction
  /// Whether an operation has been carried out: each looks before it writes, so that a conflict before the first leaves nothing to undo.
  private(set) var hasWritten = false

  init(_ transaction: any JournalTransaction) { self.transaction = transaction }

  /// The first precondition that does not hold, with the row that is there instead.
  func firstBroken(_ preconditions: [Change.Precondition]) throws(CausewayError) -> Change.Conflict? {
    for precondition in preconditions {
      if let conflict = try conflict(with: precondition) { return conflict }
    }
    return nil
  }

  private func conflict(with precondition: Change.Precondition) throws(CausewayError) -> Change.Conflict? {
    switch precondition {
    case .messageAbsent(let id):
      return try transaction.message(id).map { .message($0) }
    case .message(let id, let states):
      let message = try transaction.message(id)
      guard let message, states.contains(where: { message.state.hasSameBytes(as: $0) }) else { return .message(message) }
      return nil
    case .businessKeyFree(let direction, let key):
      return try transaction.message(direction, businessKey: key).map { .businessKey($0) }
    case .clearance(let id, let revision):
      let clearance = try transaction.clearance(id)
      return clearance?.revision ?? 0 == revision ? nil : .clearance(clearance)
    case .idempotencyKeyFree(let subject, let key):
      return try transaction.idempotency(subject: subject, key: key).map { .idempotencyKey($0) }
    case .delivery(let id, let attempts):
      let delivery = try transaction.delivery(id)
      return delivery?.attempts == attempts ? nil : .delivery(delivery)
    case .value(let name, let expected):
      let value = try transaction.value(name)
      return value == expected ? nil : .value(value)
    }
  }

  /// Carries out operations in order, up to the first that cannot be.
  ///
  /// - Returns: what stands in the way; the caller undoes what was written so far.
  mutating func carryOut(_ operations: [Change.Operation], assigning ids: inout [Int64]) throws(CausewayError) -> Change.Conflict? {
    for operation in operations {
      if let conflict = try carryOut(operation.naming(clearanceIn: operations), assigning: &ids) { return conflict }
      hasWritten = true
    }
    return nil
  }

  private func carryOut(_ operation: Change.Operation, assigning ids: inout [Int64]) throws(CausewayError) -> Change.Conflict? {
    switch operation {
    case .putMessage(let message, let expectation):
      return try put(message, expectation)
    case .recordReceipt(let id, let receipt, let state, let time):
      return try change(id, at: time) { message in
        guard message.receipt == nil || message.receipt == receipt else { return .receipt(message) }
        message.receipt = receipt
        message.state = state
        return nil
      }
    case .setMessageState(let id, let state, let reason, let time):
      return try change(id, at: time) { message in
        message.state = state
        message.reason = reason
        return nil
      }
    case .putPayload(let payload):
      if let existing = try transaction.payloadSummary(owner: payload.owner, kind: payload.kind) {
        return existing.digest == payload.digest ? nil : .payload(existing)
      }
      try transaction.save(payload)
    case .replacePayload(let payload):
      try transaction.save(payload)
    case .erasePayload(let owner, let kind):
      try transaction.erasePayload(owner: owner, kind: kind)
    case .enqueue(let delivery):
      if let existing = try transaction.delivery(channel: delivery.channel, messageID: delivery.messageID) { return .delivery(existing) }
      ids.append(try transaction.insert(delivery))
    case .reschedule(let delivery):
      guard try transaction.delivery(delivery.id) != nil else { return .delivery(nil) }
      try transaction.update(delivery)
    case .dequeue(let id):
      try transaction.removeDelivery(id)
    case .putClearance(let clearance, let expectation):
      return try put(clearance, expectation)
    case .putIdempotency(let record):
      if let existing = try transaction.idempotency(subject: record.subject, key: record.key) { return .idempotencyKey(existing) }
      try transaction.insert(record)
    case .putInbox(let record):
      ids.append(try transaction.insert(record))
    case .acknowledge(let sequence, let time):
      guard let existing = try transaction.inbox(sequence) else { return .inbox(nil) }
      if existing.acknowledged == nil { try transaction.acknowledgeInbox(sequence, at: time) }
    case .putPeerCheckpoint(let checkpoint):
      if let existing = try transaction.peerCheckpoint(origin: checkpoint.origin, size: checkpoint.size) {
        return existing.root == checkpoint.root ? nil : .peerCheckpoint(existing)
      }
      try transaction.insert(checkpoint)
    case .markCompared(let origin, let sizes):
      for size in sizes { try transaction.markCompared(origin: origin, size: size) }
    case .advanceWitnessed(let witnessed, let from):
      let existing = try transaction.witnessed(origin: witnessed.origin)
      // Also in the same size: two requests at a time must not undo each other.
      guard existing?.state == from, existing?.size ?? 0 <= witnessed.size else { return .witnessed(existing) }
      if existing?.state != witnessed.state { try transaction.save(witnessed) }
    case .putCosignature(let cosignature):
      try transaction.save(cosignature)
    case .putTimestamp(let timestamp):
      guard try transaction.timestamp(coveringSize: timestamp.size)?.size != timestamp.size else { return nil }
      try transaction.insert(timestamp)
    case .putFraudProof(let proof):
      guard !(try transaction.fraudProofs(origin: proof.origin)).contains(where: { $0.note == proof.note }) else { return nil }
      try transaction.insert(proof)
    case .putWorkItem(let item, let expectation):
      let existing = try transaction.workItem(item.id)
      guard expectation.isMet(by: existing?.revision) else { return .workItem(existing) }
      try transaction.save(item.stored(position: existing?.position ?? 0, revision: existing?.revision ?? 0), isNew: existing == nil)
    case .putReplay(let replay, let expectation):
      let existing = try transaction.replay(replay.id)
      guard expectation.isMet(by: existing?.revision) else { return .replay(existing) }
      try transaction.save(replay.stored(position: existing?.position ?? 0, revision: existing?.revision ?? 0), isNew: existing == nil)
    case .eraseData(let clearance, let erasure, let payloads):
      let existing = try transaction.dataKey(clearance)
      guard var key = existing, key.erasure == nil, key.hold == nil, try transaction.payloadCount(clearance: clearance) == payloads else {
        return .dataKey(existing)
      }
      try transaction.eraseData(of: clearance, at: erasure.time)
      key.wrapped = nil
      key.erasure = erasure
      try transaction.update(key)
    case .setHold(let clearance, let hold):
      let existing = try transaction.dataKey(clearance)
      guard var key = existing, key.erasure == nil, (key.hold == nil) != (hold == nil) else { return .dataKey(existing) }
      key.hold = hold
      try transaction.update(key)
    case .archive(let archive, let index):
      try put(archive.manifest, recordedAt: index)
    case .setValue(let name, let value):
      try transaction.setValue(name, value)
    }
    return nil
  }

  private func change(
    _ id: MessageID, at time: Instant, _ edit: (inout MessageRecord) -> Change.Conflict?
  ) throws(CausewayError) -> Change.Conflict? {
    guard var message = try transaction.message(id) else { return .message(nil) }
    if let conflict = edit(&message) { return conflict }
    message.updated = time
    try transaction.update(message)
    return nil
  }

  /// - Throws: `journal.constraint` unless the archive goes on from the last one, is recorded, and leaves the newest entries alone;
  ///   `journal.read_back` when the hashes that stay are not those of its entries. Its maker has seen to all that: here nothing may be taken out by
  ///   mistake.
  private func put(_ manifest: ArchiveManifest, recordedAt index: Int) throws(CausewayError) {
    let last = try transaction.archive().map { stored throws(CausewayError) in try ArchiveManifest(parsing: stored.manifest) }
    guard manifest.start == last?.end ?? 0, manifest.previous == last?.digest ?? .zero,
      manifest.end + ArchiveManifest.keptEntryCount <= index, let entry = try transaction.entry(index), manifest.isRecorded(by: entry)
    else { throw CausewayError("journal.constraint", underlying: "the archive is not the next one") }
    try transaction.archive(manifest.start..<manifest.end, in: StoredArchive(entry: index, manifest: manifest.bytes))
    var tree = last?.state.tree ?? CompactTree()
    while tree.size < manifest.end {
      let rows = try transaction.entries(from: tree.size, limit: min(1000, manifest.end - tree.size))
      for row in rows {
        guard row.index == tree.size, let leaf = row.leafHash else { break }
        tree.append(leaf)
      }
      guard let last = rows.last, last.index == tree.size - 1 else {
        throw CausewayError("journal.read_back", facts: ["index": String(tree.size)])
      }
    }
    guard tree == manifest.state.tree else { throw CausewayError("journal.read_back", facts: ["index": String(manifest.start)]) }
  }

  private func put(_ message: MessageRecord, _ expectation: Change.Expectation) throws(CausewayError) -> Change.Conflict? {
    let existing = try transaction.message(message.id)
    guard expectation.isMet(by: existing?.revision) else { return .message(existing) }
    if let existing, let receipt = existing.receipt, receipt != message.receipt { return .receipt(existing) }
    if let key = message.businessKey, let holder = try transaction.message(message.direction, businessKey: key), holder.id != message.id {
      return .businessKey(holder)
    }
    let record = message.stored(position: existing?.position ?? 0, revision: existing?.revision ?? 0)
    try transaction.save(record, isNew: existing == nil)
    return nil
  }

  private func put(_ clearance: ClearanceRecord, _ expectation: Change.Expectation) throws(CausewayError) -> Change.Conflict? {
    let existing = try transaction.clearance(clearance.id)
    guard expectation.isMet(by: existing?.revision) else { return .clearance(existing) }
    if existing == nil,
      let holder = try transaction.clearance(corridor: clearance.corridor, side: clearance.side, ucr: clearance.ucr)
    {
      return .clearance(holder)
    }
    let record = clearance.stored(position: existing?.position ?? 0, revision: existing?.revision ?? 0)
    try transaction.save(record, isNew: existing == nil)
    return nil
  }
}

extension Change.Operation {
  /// A payload whose message is written in the same change, before it or behind it, with the clearance of that message.
  fileprivate func naming(clearanceIn operations: [Change.Operation]) -> Change.Operation {
    func named(_ payload: PayloadRecord) -> PayloadRecord {
      guard payload.clearance == nil else { return payload }
      for case .putMessage(let message, _) in operations where message.id.text.hasSameBytes(as: payload.owner) {
        return PayloadRecord(
          owner: payload.owner, kind: payload.kind, mediaType: payload.mediaType, digest: payload.digest, bytes: payload.bytes,
          clearance: message.clearance, created: payload.created)
      }
      return payload
    }
    return switch self {
    case .putPayload(let payload): .putPayload(named(payload))
    case .replacePayload(let payload): .replacePayload(named(payload))
    default: self
    }
  }
}

extension Change.Expectation {
  func isMet(by revision: Int?) -> Bool {
    switch self {
    case .absent: revision == nil
    case .revision(let expected): revision == expected
    case .any: true
    }
  }
}
