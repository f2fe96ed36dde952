import Exchange
import JSONTree
import Journal
import Ledger
import Primitives
import Trust

/// What one change of a clearance brings with it: writes, ledger entries and messages to the partner.
struct ClearanceChange: Sendable {
  var operations: [Change.Operation] = []
  var preconditions: [Change.Precondition] = []
  var entries: [EntryDraft] = []
  var outgoing: [Outgoing] = []
  var finish: (@Sendable (Change.Recorded, any JournalReader) throws(CausewayError) -> Change.Finish)?
}

/// Something to say to the partner about a clearance: steps 7 and 8 make a sealed, recorded message of it.
struct Outgoing: Sendable {
  var id: MessageID
  var kind: MessageKind
  var revision: Int
  var mediaType: String
  var payload: [UInt8]
  var profile: VersionedName
  var policy: VersionedName
  /// nil: the message commits to no fields.
  var fields: FieldCommitment?
  var inReplyTo: MessageID?
  /// The profile by which the local document behind it was read; nil when there is none.
  var source: VersionedName?
  /// The message as it was received from the local side; nil for a message that begins here.
  var submitted: MessageRecord?
  /// The expired message in whose place it stands.
  var replays: MessageID?
  /// Higher goes first among what is due.
  var priority = 0
}

extension GatewayNode {
  /// How often a change begins again because somebody else was faster, before it gives up (`journal.contended`).
  static let mostRounds = 64

  /// Changes a clearance that exists: reads it, lets `body` decide, commits everything in one transaction, and begins again when
  /// somebody else was faster.
  ///
  /// - Parameter known: the clearance as it was read a moment ago; nil: it is read first.
  /// - Throws: `receive.not_found`, `journal.*`, and what `body` throws.
  @discardableResult
  func update(
    clearance id: String, from known: ClearanceRecord? = nil,
    _ body: @Sendable (inout Clearance, Instant) async throws(CausewayError) -> ClearanceChange
  ) async throws(CausewayError) -> Change.Committed {
    var known = known
    for _ in 0..<Self.mostRounds {
      if known == nil { known = try await clearanceRecord(id) }
      guard let record = known else { throw CausewayError("receive.not_found") }
      var clearance = try Clearance(record)
      let now = clock.now()
      let change = try await body(&clearance, now)
      switch try await commit(change, clearance, created: record.created, expecting: .revision(record.revision), at: now) {
      case .committed(let committed): return committed
      case .conflict(.clearance): known = nil
      case .conflict: throw CausewayError("journal.conflict")
      }
    }
    throw CausewayError("journal.contended")
  }

  /// Creates a clearance together with everything that belongs to its first step.
  func create(_ clearance: Clearance, _ change: ClearanceChange, at now: Instant) async throws(CausewayError) -> Change.Outcome {
    try await commit(change, clearance, created: now, expecting: .absent, at: now)
  }

  /// Seals what goes out and commits everything together.
  func commit(
    _ change: ClearanceChange, _ clearance: Clearance, created: Instant, expecting: Change.Expectation, at now: Instant
  ) async throws(CausewayError) -> Change.Outcome {
    var clearance = clearance
    var operations = change.operations
    var entries = change.entries
    for outgoing in change.outgoing {
      let sealed = try seal(outgoing, for: &clearance, at: now)
      probe(.outboundSealed)
      operations += record(sealed, outgoing, clearance, at: now)
      entries.append(entry(for: sealed, source: outgoing.source))
    }
    // A clearance whose declaration has not been read yet, or was turned away, stands under its own id, and the reference is free for
    // another declaration; no UCR has that form.
    let reference = clearance.isTurnedAway ? "refused:\(clearance.id)" : clearance.ucr ?? "unread:\(clearance.id)"
    let record = ClearanceRecord(
      id: clearance.id, ucr: reference, corridor: clearance.corridor, side: clearance.ownSide.rawValue,
      status: clearance.outcome.rawValue, state: clearance.stored.serialized(), created: created, updated: now)
    operations.append(.putClearance(record, expecting: expecting))
    let outcome = try await journal.commit(
      Change(preconditions: change.preconditions, operations: operations, entries: entries, finish: change.finish))
    if case .committed = outcome {
      if !change.outgoing.isEmpty { probe(.outboundRecorded) }
      bell.ring(for: Self.work(in: operations))
    }
    return outcome
  }

  /// For whom what was written is work.
  private static func work(in operations: [Change.Operation]) -> Bell.Topics {
    operations.reduce(into: .news) { topics, operation in
      switch operation {
      case .putMessage(let message, _):
        if message.state.hasSameBytes(as: MessageState.received.rawValue) { topics.insert(.received) }
        if message.state.hasSameBytes(as: MessageState.recorded.rawValue) { topics.insert(.recorded) }
      case .enqueue, .reschedule, .dequeue: topics.insert(.deliveries)
      case .putInbox: topics.insert(.documents)
      default: break
      }
    }
  }
}
