import Journal
import Ledger
import Primitives
import Testing
import Trust

/// The record families and their questions, for each kind of store.
@Suite struct JournalRecordsTests {
  @Test(arguments: StoreKind.all) func deliveriesKeepTheirOrder(_ kind: StoreKind) async throws {
    let journal = try await JournalFixture(kind).open()
    let (early, late) = (Sample.now, Sample.now.adding(seconds: 10))
    let ids = try #require(
      try await journal.commit(
        Change(operations: [
          .enqueue(Sample.delivery(1, order: "a", due: late)), .enqueue(Sample.delivery(2, order: "a", due: early)),
          .enqueue(Sample.delivery(3, order: "b", due: early)), .enqueue(Sample.delivery(4, order: "c", priority: 5, due: late)),
          .enqueue(Sample.delivery(5, order: "a", due: early, channel: "webhook")),
        ])
      ).committed
    ).assignedIDs
    #expect(ids == ids.sorted() && ids.count == 5)
    func due(_ now: Instant, _ channel: String = "partner") async throws -> [Int64] {
      try await journal.read { reader throws(CausewayError) in
        try reader.dueDeliveries(channel: channel, at: now, horizon: late, limit: 10).map(\.id)
      }
    }
    // The second delivery of "a" waits for the first, which is not due yet.
    #expect(try await due(early) == [ids[2]])
    #expect(try await due(late) == [ids[3], ids[2], ids[0]])
    #expect(try await due(early, "webhook") == [ids[4]])
    let putOffByAClockSetBack = try await journal.read { reader throws(CausewayError) in
      try reader.dueDeliveries(channel: "partner", at: early, horizon: late.adding(milliseconds: -1), limit: 10).map(\.id)
    }
    #expect(putOffByAClockSetBack == [ids[3], ids[2], ids[0]])
    #expect(try await journal.read { reader throws(CausewayError) in try reader.nextDue(channel: "partner") } == early)

    // Given up: it holds up nobody.
    guard var first = try await journal.read({ reader throws(CausewayError) in try reader.delivery(ids[0]) }) else {
      throw CausewayError("journal.not_found")
    }
    #expect(first.attempts == 0)
    first.attempts = 9
    first.isDead = true
    first.lastError = "deliver.refused"
    let change = Change(preconditions: [.delivery(ids[0], attempts: 0)], operations: [.reschedule(first)])
    #expect(try await journal.commit(change).committed != nil)
    guard case .delivery(let existing) = try await journal.commit(change).conflict else { throw CausewayError("journal.not_found") }
    #expect(existing?.attempts == 9 && existing?.isDead == true && existing?.lastError == "deliver.refused")
    #expect(try await due(early) == [ids[1], ids[2]])
    try await journal.read { reader throws(CausewayError) in
      #expect(try reader.deliveries(channel: "partner", dead: true, after: 0, limit: 10).map(\.id) == [ids[0]])
      #expect(try reader.deliveryCount(channel: "partner", dead: false) == 3)
    }
    // One delivery per channel and message; removal is final and may be said twice.
    guard case .delivery = try await journal.commit(Change(operations: [.enqueue(Sample.delivery(2))])).conflict else {
      throw CausewayError("journal.not_found")
    }
    #expect(try await journal.commit(Change(operations: [.dequeue(ids[1]), .dequeue(ids[1])])).committed != nil)
    guard case .delivery(nil) = try await journal.commit(Change(preconditions: [.delivery(ids[1], attempts: 0)])).conflict else {
      throw CausewayError("journal.not_found")
    }
    #expect(try await journal.commit(Change(operations: [.enqueue(Sample.delivery(2))])).committed?.assignedIDs == [ids[4] + 1])
    await journal.close()
  }

  @Test(arguments: StoreKind.all) func inboxIsPulledInOrderAndAcknowledgedOnce(_ kind: StoreKind) async throws {
    let journal = try await JournalFixture(kind).open()
    func record(_ consumer: String, _ clearance: String) -> Change.Operation {
      .putInbox(
        InboxRecord(
          consumer: consumer, clearance: clearance, kind: "status", messageID: nil, payloadOwner: "p", payloadKind: "local",
          created: Sample.now))
    }
    let ids = try #require(
      try await journal.commit(Change(operations: [record("x", "1"), record("y", "1"), record("x", "2"), record("x", "1")])).committed
    ).assignedIDs
    func waiting(after: Int64 = 0, clearance: String? = nil, acknowledged: Bool = false, limit: Int = 10) async throws -> [Int64] {
      try await journal.read { reader throws(CausewayError) in
        try reader.inbox(consumer: "x", after: after, clearance: clearance, acknowledged: acknowledged, limit: limit).map(\.sequence)
      }
    }
    #expect(try await waiting() == [ids[0], ids[2], ids[3]])
    #expect(try await waiting(clearance: "1") == [ids[0], ids[3]])
    #expect(try await waiting(after: ids[0], limit: 1) == [ids[2]])
    let first = Sample.now.adding(seconds: 1)
    for time in [first, first.adding(seconds: 5)] {
      #expect(try await journal.commit(Change(operations: [.acknowledge(sequence: ids[0], at: time)])).committed != nil)
    }
    #expect(try await waiting() == [ids[2], ids[3]])
    #expect(try await waiting(acknowledged: true) == [ids[0]])
    #expect(try await journal.read { reader throws(CausewayError) in try reader.inbox(ids[0])?.acknowledged } == first)
    guard case .inbox(nil) = try await journal.commit(Change(operations: [.acknowledge(sequence: 99, at: first)])).conflict else {
      throw CausewayError("journal.not_found")
    }
    await journal.close()
  }

  @Test(arguments: StoreKind.all) func listsFollowTheirQueries(_ kind: StoreKind) async throws {
    let journal = try await JournalFixture(kind).open()
    for number in 1...9 {
      var message = Sample.message(
        number, direction: number.isMultiple(of: 2) ? .outbound : .inbound, state: number > 6 ? "failed" : "done")
      if number > 7 { message.reason = "validate.schema" }
      _ = try await journal.commit(
        Change(operations: [
          .putMessage(message, expecting: .absent),
          .putClearance(Sample.clearance(number, status: number > 5 ? "held" : "open"), expecting: .absent),
        ]))
    }
    func messages(_ query: MessageQuery) async throws -> [Int] {
      try await journal.read { reader throws(CausewayError) in try reader.messages(query).map { $0.sequence ?? 0 } }
    }
    #expect(try await messages(MessageQuery()) == Array(1...9))
    #expect(try await messages(MessageQuery(newestFirst: true, limit: 2)) == [9, 8])
    #expect(try await messages(MessageQuery(after: 7)) == [8, 9])
    #expect(try await messages(MessageQuery(after: 3, newestFirst: true)) == [2, 1])
    #expect(try await messages(MessageQuery(direction: .outbound, states: ["done"])) == [2, 4, 6])
    #expect(try await messages(MessageQuery(states: ["failed", "done"], reason: "validate.schema")) == [8, 9])
    #expect(try await messages(MessageQuery(clearance: "clearance-1", corridor: "CN-SG")) == [1, 4, 7])
    #expect(try await messages(MessageQuery(clearance: "' OR 1=1 --")) == [])
    func clearances(_ query: ClearanceQuery) async throws -> [String] {
      try await journal.read { reader throws(CausewayError) in try reader.clearances(query).map(\.ucr) }
    }
    #expect(try await clearances(ClearanceQuery(status: "held", newestFirst: false)) == ["UCR6", "UCR7", "UCR8", "UCR9"])
    #expect(try await clearances(ClearanceQuery(after: 3)) == ["UCR2", "UCR1"])
    #expect(try await clearances(ClearanceQuery(ucr: "UCR4", corridor: "CN-SG", side: "import")) == ["UCR4"])
    await journal.close()
  }

  /// attacks 0.8: two texts that look alike and are "equal" to Swift are two keys.
  @Test(arguments: StoreKind.all) func keysCompareAsBytes(_ kind: StoreKind) async throws {
    let journal = try await JournalFixture(kind).open()
    let (composed, decomposed) = ("caf\u{E9}", "cafe\u{301}")
    for (number, key) in [composed, decomposed, "CAF\u{C9}"].enumerated() {
      let record = IdempotencyRecord(
        subject: "trader", key: key, request: SHA256.hash("request \(number)"), outcome: [UInt8(number)], clearance: "clearance-\(number)",
        created: Sample.now)
      let change = Change(
        preconditions: [.idempotencyKeyFree(subject: "trader", key: key)],
        operations: [.putIdempotency(record), .putMessage(Sample.message(number, key: key), expecting: .absent)])
      #expect(try await journal.commit(change).committed != nil)
      guard case .idempotencyKey(let existing) = try await journal.commit(change).conflict else { throw CausewayError("journal.not_found") }
      #expect(existing.outcome == [UInt8(number)] && existing.request == record.request)
    }
    await journal.close()
  }

  /// attacks L-03: two checkpoints of one size with different roots are evidence; the first is kept and handed out.
  @Test(arguments: StoreKind.all) func aPartnersSecondHistoryIsAConflict(_ kind: StoreKind) async throws {
    let journal = try await JournalFixture(kind).open()
    @Sendable func record(_ size: Int, _ root: String) -> PeerCheckpointRecord {
      PeerCheckpointRecord(origin: "sg/ledger", size: size, root: SHA256.hash(root), note: Array(root.utf8), received: Sample.now)
    }
    for (size, root) in [(3, "a"), (7, "b"), (3, "a")] {
      #expect(try await journal.commit(Change(operations: [.putPeerCheckpoint(record(size, root))])).committed != nil)
    }
    guard case .peerCheckpoint(let first) = try await journal.commit(Change(operations: [.putPeerCheckpoint(record(3, "other"))])).conflict
    else { throw CausewayError("journal.not_found") }
    #expect(first == record(3, "a"))
    try await journal.read { reader throws(CausewayError) in
      #expect(try reader.latestPeerCheckpoint(origin: "sg/ledger")?.size == 7)
      #expect(try reader.latestPeerCheckpoint(origin: "fr/ledger") == nil)
      #expect(try reader.peerCheckpoint(origin: "sg/ledger", size: 3) == record(3, "a"))
    }
    await journal.close()
  }

  @Test(arguments: StoreKind.all) func checkpointsCoverEntries(_ kind: StoreKind) async throws {
    let journal = try await JournalFixture(kind).open()
    for number in 0..<3 { _ = try await journal.commit(Change(entries: [Sample.draft(number), Sample.draft(number)])) }
    _ = try await journal.commit(Change(operations: [.setValue("gateway.cursor", [1, 2])]))
    try await journal.read { reader throws(CausewayError) in
      #expect(try reader.checkpoints(from: 0, limit: 10).map(\.size) == [0, 2, 4, 6])
      #expect(try reader.checkpoint(coveringSize: 3)?.size == 4)
      #expect(try reader.checkpoint(coveringSize: 7) == nil)
      let notes = try reader.checkpoints(from: 2, limit: 10)
      let key = journal.verifierKey
      let signed = try notes.map { note throws(CausewayError) in try SignedCheckpoint.verify(note.note, origin: key.name, keys: [key]) }
      try reader.consistencyProof(from: 2, to: 6).verify(from: signed[0], to: signed[2])
      #expect(throws: CausewayError("ledger.proof_index")) { try reader.consistencyProof(from: 2, to: 7) }
      #expect(try reader.value("gateway.cursor") == [1, 2])
      #expect(try reader.value("gateway.other") == nil)
    }
    _ = try await journal.commit(Change(operations: [.setValue("gateway.cursor", nil)]))
    #expect(try await journal.read { reader throws(CausewayError) in try reader.value("gateway.cursor") } == nil)
    await journal.close()
  }
}
