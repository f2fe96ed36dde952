package import Ledger
package import Primitives

/// One thing that happens, whole or not at all: what must hold, what is written, what is recorded on the ledger.
///
/// ```swift
/// let outcome = try await journal.commit(Change(
///   preconditions: [.messageAbsent(id), .businessKeyFree(.inbound, key)],
///   operations: [.putMessage(record, expecting: .absent), .putPayload(payload)],
///   entries: [EntryDraft(kind: "message.received", …)],
///   finish: { recorded, _ in
///     let receipt = try sign(index: recorded.entries[0].index, checkpoint: recorded.checkpoint)
///     return .init(operations: [.recordReceipt(id, receipt, state: "receipted", at: now)], result: receipt)
///   }))
/// ```
package struct Change: Sendable {
  package var preconditions: [Precondition]
  /// Carried out in this order.
  package var operations: [Operation]
  /// Appended to the ledger in this order.
  package var entries: [EntryDraft]
  /// Says what else to write once indices and the signed checkpoint are known, in the same transaction.
  ///
  /// Runs on the journal's own thread and holds up everybody: sign and return, nothing slower. It may run more than once, when
  /// another change of the group fails; what it makes is published only by the commit that follows. When it throws, this change
  /// fails with its error and leaves nothing behind.
  package var finish: (@Sendable (Recorded, any JournalReader) throws(CausewayError) -> Finish)?

  package init(
    preconditions: [Precondition] = [], operations: [Operation] = [], entries: [EntryDraft] = [],
    finish: (@Sendable (Recorded, any JournalReader) throws(CausewayError) -> Finish)? = nil
  ) {
    self.preconditions = preconditions
    self.operations = operations
    self.entries = entries
    self.finish = finish
  }

  /// What has to hold when the change's turn comes.
  package enum Precondition: Sendable {
    case messageAbsent(MessageID)
    /// The message is there and in one of these states.
    case message(MessageID, in: [String])
    case businessKeyFree(Direction, String)
    /// The clearance's revision; 0 means that there is no such clearance.
    case clearance(String, revision: Int)
    case idempotencyKeyFree(subject: String, key: String)
    /// The delivery is still owed and was tried that often: no other worker has dealt with it meanwhile.
    case delivery(Int64, attempts: Int)
    /// A value of the gateway's own is what it was; nil: there is none of that name.
    case value(String, [UInt8]?)
  }

  /// What a record must be for a write to go through.
  package enum Expectation: Hashable, Sendable {
    case absent
    /// There, and written that often: nobody has changed it since it was read.
    case revision(Int)
    /// There or not, whatever its revision.
    case any
  }

  /// One write.
  package enum Operation: Sendable {
    case putMessage(MessageRecord, expecting: Expectation)
    /// Sets the receipt, once: a receipt that is there is never replaced by other bytes (conflict).
    case recordReceipt(MessageID, [UInt8], state: String, at: Instant)
    /// Sets state and reason of a message that is there.
    case setMessageState(MessageID, String, reason: ErrorCode?, at: Instant)
    /// A payload that is there is left alone when it is the same bytes, and is a conflict otherwise.
    case putPayload(PayloadRecord)
    /// As `putPayload`, but overwrites.
    case replacePayload(PayloadRecord)
    /// Removes a payload; nothing happens when there is none.
    case erasePayload(owner: String, kind: String)
    case enqueue(OutboxRecord)
    /// Writes due, attempts, priority, last error and death of a delivery that is there.
    case reschedule(OutboxRecord)
    /// Removes a delivery; nothing happens when there is none.
    case dequeue(Int64)
    case putClearance(ClearanceRecord, expecting: Expectation)
    case putIdempotency(IdempotencyRecord)
    case putInbox(InboxRecord)
    /// Marks one document as fetched; once marked it stays as it is.
    case acknowledge(sequence: Int64, at: Instant)
    case putPeerCheckpoint(PeerCheckpointRecord)
    /// A partner's checkpoints of these sizes have been compared with each other.
    case markCompared(origin: String, sizes: [Int])
    /// Replaces what was cosigned last of a log; a conflict unless that is still what the new checkpoint was found to extend.
    case advanceWitnessed(WitnessedRecord, from: WitnessedState?)
    case putCosignature(CosignatureRecord)
    /// Nothing happens when that checkpoint has one.
    case putTimestamp(TimestampRecord)
    /// Nothing happens when the same note is there.
    case putFraudProof(FraudProofRecord)
    case putWorkItem(WorkItemRecord, expecting: Expectation)
    case putReplay(ReplayRecord, expecting: Expectation)
    /// Erases the data of a clearance and its key, for good. A conflict when there is no key any more, when it is held, or when the clearance has
    /// another number of payloads.
    case eraseData(of: String, Erasure, payloads: Int)
    /// Sets or releases (nil) a legal hold. A conflict when there is no key, it is erased, or the hold is as asked for already.
    case setHold(of: String, LegalHold?)
    /// Takes the entries of an archive out of the journal. Only in ``Change/finish``, with the index of the entry of the same change that records it.
    case archive(VerifiedArchive, recordedAt: Int)
    /// A value of the gateway's own, by name; nil removes it.
    case setValue(String, [UInt8]?)
  }

  /// What a change has brought onto the ledger, for ``Change/finish``.
  package struct Recorded: Sendable {
    /// Of this change's drafts, in their order.
    package let entries: [Entry]
    /// Signed over everything up to and including this group; the last one there is when the group recorded nothing.
    package let checkpoint: SignedCheckpoint

    package init(entries: [Entry], checkpoint: SignedCheckpoint) {
      self.entries = entries
      self.checkpoint = checkpoint
    }
  }

  /// The last writes of a change.
  package struct Finish: Sendable {
    package var operations: [Operation]
    /// Handed to whoever committed the change, for example the receipt.
    package var result: [UInt8]

    package init(operations: [Operation] = [], result: [UInt8] = []) {
      self.operations = operations
      self.result = result
    }
  }

  /// What became of a change. Everything in it is durable.
  package enum Outcome: Sendable {
    case committed(Committed)
    /// Something did not hold. Nothing was written; here is what stood in the way.
    case conflict(Conflict)

    package var committed: Committed? {
      if case .committed(let value) = self { value } else { nil }
    }
    package var conflict: Conflict? {
      if case .conflict(let value) = self { value } else { nil }
    }
  }

  package struct Committed: Sendable {
    /// Of this change's drafts, in their order.
    package let entries: [Entry]
    /// As in ``Recorded``.
    package let checkpoint: SignedCheckpoint
    /// Ids that the journal gave to `enqueue` and `putInbox`, in the order of the operations.
    package let assignedIDs: [Int64]
    /// What ``Change/finish`` handed out.
    package let result: [UInt8]
  }

  /// The first thing that did not hold, with the row that is there instead. nil: there is none although one was expected.
  package indirect enum Conflict: Sendable {
    case message(MessageRecord?)
    case businessKey(MessageRecord)
    case receipt(MessageRecord)
    case payload(PayloadSummary)
    case delivery(OutboxRecord?)
    case clearance(ClearanceRecord?)
    case idempotencyKey(IdempotencyRecord)
    case inbox(InboxRecord?)
    case peerCheckpoint(PeerCheckpointRecord)
    case witnessed(WitnessedRecord?)
    case workItem(WorkItemRecord?)
    case replay(ReplayRecord?)
    case dataKey(DataKeyRecord?)
    case value([UInt8]?)
  }
}

extension Change {
  /// Rough size of what the change holds in memory, for the bounds of the queue.
  var weight: Int {
    operations.reduce(512 * (1 + entries.count)) { sum, operation in
      switch operation {
      case .putPayload(let payload), .replacePayload(let payload): sum + payload.bytes.count
      case .putMessage(let message, _): sum + 512 + message.header.count + message.details.count
      case .putClearance(let clearance, _): sum + 256 + clearance.state.count
      default: sum + 256
      }
    }
  }
}
