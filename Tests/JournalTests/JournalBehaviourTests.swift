import Journal
import JournalSQLite
import Ledger
import Primitives
import Synchronization
import Testing
import Trust

/// What a journal means, whatever it is stored in. Written once; runs for each kind of store.
@Suite struct JournalBehaviourTests {
  @Test(arguments: StoreKind.all) func aChangeIsThereAfterItWasCommitted(_ kind: StoreKind) async throws {
    let fixture = try JournalFixture(kind)
    let journal = try await fixture.open()
    let outcome = try await journal.commit(
      Change(
        preconditions: [.messageAbsent(Sample.id(1)), .businessKeyFree(.inbound, "k1")],
        operations: [
          .putMessage(Sample.message(1, key: "k1"), expecting: .absent), .putPayload(Sample.payload(1)),
          .putClearance(Sample.clearance(1), expecting: .absent), .enqueue(Sample.delivery(1)),
        ],
        entries: [Sample.draft(1), Sample.draft(1)]))
    let committed = try #require(outcome.committed)
    #expect(committed.entries.map(\.index) == [0, 1] && committed.checkpoint.size == 2 && committed.assignedIDs.count == 1)
    #expect(committed.entries[1].previous == committed.entries[0].leafHash)
    await journal.close()

    let again = try await fixture.open()
    try await again.read { reader throws(CausewayError) in
      let message = try reader.message(Sample.id(1))
      #expect(message?.revision == 1 && message?.position == 1 && message?.businessKey == "k1" && message?.sequence == 1)
      #expect(message?.header == Array("header 1".utf8) && message?.versions == ["policy": "3", "profile": "cn.decmessage/1"])
      #expect(message?.payloadDigest == SHA256.hash("payload 1") && message?.receipt == nil && message?.created == Sample.now)
      #expect(try reader.message(.inbound, businessKey: "k1")?.id == Sample.id(1))
      #expect(try reader.message(.outbound, businessKey: "k1") == nil)
      #expect(try reader.payload(owner: Sample.id(1).text, kind: "raw")?.bytes == Array("payload 1".utf8))
      #expect(try reader.payloads(owner: Sample.id(1).text).map(\.byteCount) == [9])
      #expect(try reader.clearance("clearance-1")?.revision == 1)
      #expect(try reader.clearance(corridor: "CN-SG", side: "import", ucr: "UCR1")?.id == "clearance-1")
      #expect(try reader.delivery(channel: "partner", messageID: Sample.id(1))?.id == committed.assignedIDs[0])
      #expect(try reader.entryIndices(message: Sample.id(1)) == [0, 1])
      #expect(try reader.entry(1) == committed.entries[1])
      #expect(try reader.entry(2) == nil)
      let stored = try reader.latestCheckpoint()
      #expect(stored?.note == committed.checkpoint.note)
      let proof = try reader.inclusionProof(index: 0, size: 2)
      try proof.verify(entry: committed.entries[0].bytes, in: committed.checkpoint)
    }
    #expect(try await again.audit().isSound)
    await again.close()
  }

  /// D11: a duplicate gets the same receipt bytes again, and leaves no trace.
  @Test(arguments: StoreKind.all) func aDuplicateMeetsTheRowThatIsThere(_ kind: StoreKind) async throws {
    let journal = try await JournalFixture(kind).open()
    func receive(_ number: Int, key: String) async throws -> Change.Outcome {
      try await journal.commit(
        Change(
          preconditions: [.messageAbsent(Sample.id(number)), .businessKeyFree(.inbound, key)],
          operations: [.putMessage(Sample.message(number, key: key), expecting: .absent)], entries: [Sample.draft(number)],
          finish: { recorded, _ in
            let receipt = Array("receipt at \(recorded.entries[0].index) of \(recorded.checkpoint.size)".utf8)
            return .init(operations: [.recordReceipt(Sample.id(number), receipt, state: "receipted", at: Sample.now)], result: receipt)
          }))
    }
    let first = try #require(try await receive(1, key: "k1").committed)
    #expect(first.result == Array("receipt at 0 of 1".utf8))
    guard case .message(let sameID) = try await receive(1, key: "k1").conflict else { throw CausewayError("journal.not_found") }
    #expect(sameID?.receipt == first.result && sameID?.state == "receipted" && sameID?.revision == 2)
    guard case .businessKey(let sameEffect) = try await receive(2, key: "k1").conflict else { throw CausewayError("journal.not_found") }
    #expect(sameEffect.id == Sample.id(1) && sameEffect.receipt == first.result)
    _ = try #require(try await receive(2, key: "k2").committed)
    let size = try await journal.read { reader throws(CausewayError) in try reader.ledgerHead().size }
    #expect(size == 2)
    #expect(try await journal.audit().isSound)
    await journal.close()
  }

  @Test(arguments: StoreKind.all) func aFreedBusinessKeyCanBeUsedAgain(_ kind: StoreKind) async throws {
    let journal = try await JournalFixture(kind).open()
    _ = try await journal.commit(Change(operations: [.putMessage(Sample.message(1, key: "k"), expecting: .absent)]))
    var failed = Sample.message(1)
    failed.state = "failed"
    failed.reason = "validate.schema"
    let freed = try await journal.commit(Change(operations: [.putMessage(failed, expecting: .revision(1))]))
    #expect(freed.committed != nil)
    let again = try await journal.commit(Change(operations: [.putMessage(Sample.message(2, key: "k"), expecting: .absent)]))
    #expect(again.committed != nil)
    await journal.close()
  }

  @Test(arguments: StoreKind.all) func expectationsHoldOrNothingHappens(_ kind: StoreKind) async throws {
    let journal = try await JournalFixture(kind).open()
    var clearance = Sample.clearance(1)
    #expect(try await journal.commit(Change(operations: [.putClearance(clearance, expecting: .revision(1))])).conflict != nil)
    #expect(try await journal.commit(Change(operations: [.putClearance(clearance, expecting: .absent)])).committed != nil)
    clearance.status = "submitted"
    #expect(try await journal.commit(Change(operations: [.putClearance(clearance, expecting: .revision(1))])).committed != nil)
    // Somebody who read revision 1 comes too late; what came before in the same change is undone with it.
    let late = try await journal.commit(
      Change(
        operations: [.putMessage(Sample.message(7), expecting: .absent), .putClearance(clearance, expecting: .revision(1))],
        entries: [Sample.draft(7)]))
    guard case .clearance(let existing) = late.conflict else { throw CausewayError("journal.not_found") }
    #expect(existing?.revision == 2 && existing?.status == "submitted")
    #expect(try await journal.commit(Change(preconditions: [.clearance("clearance-1", revision: 2)])).committed != nil)
    #expect(try await journal.commit(Change(preconditions: [.clearance("clearance-9", revision: 0)])).committed != nil)
    #expect(try await journal.commit(Change(preconditions: [.clearance("clearance-1", revision: 0)])).conflict != nil)
    let other = ClearanceRecord(
      id: "another", ucr: "UCR1", corridor: "CN-SG", side: "import", status: "open", state: [], created: Sample.now)
    guard case .clearance(let holder) = try await journal.commit(Change(operations: [.putClearance(other, expecting: .absent)])).conflict
    else { throw CausewayError("journal.not_found") }
    #expect(holder?.id == "clearance-1")
    try await journal.read { reader throws(CausewayError) in
      #expect(try reader.message(Sample.id(7)) == nil)
      #expect(try reader.ledgerHead().size == 0)
    }
    await journal.close()
  }

  @Test(arguments: StoreKind.all) func receiptsAndPayloadsAreNotReplaced(_ kind: StoreKind) async throws {
    let journal = try await JournalFixture(kind).open()
    let id = Sample.id(1)
    _ = try await journal.commit(
      Change(operations: [
        .putMessage(Sample.message(1), expecting: .absent), .putPayload(Sample.payload(1)),
        .recordReceipt(id, [1], state: "done", at: Sample.now),
      ]))
    func conflict(_ operation: Change.Operation) async throws -> Change.Conflict? {
      try await journal.commit(Change(operations: [operation])).conflict
    }
    #expect(try await conflict(.recordReceipt(id, [1], state: "done", at: Sample.now)) == nil)
    guard case .receipt = try await conflict(.recordReceipt(id, [2], state: "done", at: Sample.now)) else {
      throw CausewayError("journal.not_found")
    }
    guard case .receipt = try await conflict(.putMessage(Sample.message(1), expecting: .any)) else {
      throw CausewayError("journal.not_found")
    }
    guard case .message(nil) = try await conflict(.recordReceipt(Sample.id(2), [2], state: "done", at: Sample.now)) else {
      throw CausewayError("journal.not_found")
    }
    #expect(try await conflict(.putPayload(Sample.payload(1))) == nil)
    guard case .payload = try await conflict(.putPayload(Sample.payload(1, text: "other"))) else {
      throw CausewayError("journal.not_found")
    }
    #expect(try await conflict(.replacePayload(Sample.payload(1, text: "other"))) == nil)
    #expect(try await conflict(.setMessageState(id, "stuck", reason: "deliver.timeout", at: Sample.now.adding(seconds: 1))) == nil)
    #expect(try await conflict(.erasePayload(owner: id.text, kind: "raw")) == nil)
    try await journal.read { reader throws(CausewayError) in
      let message = try reader.message(id)
      #expect(message?.state == "stuck" && message?.reason == "deliver.timeout" && message?.receipt == [1])
      #expect(message?.updated == Sample.now.adding(seconds: 1))
      #expect(try reader.payload(owner: id.text, kind: "raw") == nil)
      #expect(try reader.payloads(owner: id.text).isEmpty)
      #expect(
        try reader.messageCounts() == [
          MessageCount(direction: .inbound, kind: "declaration", state: "stuck", reason: "deliver.timeout", count: 1)
        ])
    }
    await journal.close()
  }

  /// A group holds good and bad changes; each fares on its own.
  @Test(arguments: StoreKind.all) func badChangesDoNotHarmTheirGroup(_ kind: StoreKind) async throws {
    let journal = try await JournalFixture(kind).open()
    let results = await withTaskGroup(of: (Int, Result<Change.Outcome, CausewayError>).self) { group in
      for number in 0..<60 {
        group.addTask {
          do throws(CausewayError) {
            return (number, .success(try await journal.commit(Self.mixed(number))))
          } catch {
            return (number, .failure(error))
          }
        }
      }
      return await group.reduce(into: [:] as [Int: Result<Change.Outcome, CausewayError>]) { $0[$1.0] = $1.1 }
    }
    for number in 0..<60 {
      guard let result = results[number] else { throw CausewayError("journal.not_found") }
      switch number % 5 {
      case 0: #expect(throws: CausewayError("ledger.draft_invalid")) { try result.get() }
      case 1: #expect(throws: CausewayError("receipt.test")) { try result.get() }
      case 2: #expect(try result.get().conflict != nil)
      case 3: #expect(try result.get().conflict != nil)
      default: #expect(try result.get().committed?.entries.count == 1)
      }
    }
    let statistics = await journal.statistics
    #expect(statistics.entries == 12 && statistics.conflicts == 24 && statistics.failures == 24 && statistics.changes == 60)
    let (size, messages) = try await journal.read { reader throws(CausewayError) in
      (try reader.ledgerHead().size, try reader.messages(MessageQuery(limit: 1000)).map(\.id))
    }
    #expect(size == 12 && Set(messages.map(\.text)) == Set((0..<12).map { Sample.id($0 * 5 + 4).text }))
    #expect(try await journal.audit().isSound)
    await journal.close()
  }

  /// What is in the way may show before a change has written anything, or behind its first write. It leaves nothing behind either way.
  @Test(arguments: StoreKind.all) func whatConflictsLeavesNothing(_ kind: StoreKind) async throws {
    let journal = try await JournalFixture(kind).open()
    _ = try await journal.commit(Change(operations: [.putMessage(Sample.message(999), expecting: .absent)]))
    let committed = try await withThrowingTaskGroup(of: Int?.self) { group in
      for number in 0..<30 {
        group.addTask {
          let put = Change.Operation.putMessage(Sample.message(number), expecting: .absent)
          let taken = Change.Operation.putMessage(Sample.message(999), expecting: .absent)
          let operations = [[put], [taken, put], [put, taken]][number % 3]
          let outcome = try await journal.commit(Change(operations: operations, entries: [Sample.draft(number)]))
          guard case .message(let there) = outcome.conflict else { return number }
          #expect(there?.id == Sample.id(999))
          return nil
        }
      }
      return try await group.reduce(into: Set<Int>()) { if let number = $1 { $0.insert(number) } }
    }
    #expect(committed == Set(stride(from: 0, to: 30, by: 3)))
    let (size, messages) = try await journal.read { reader throws(CausewayError) in
      (try reader.ledgerHead().size, try reader.messages(MessageQuery(limit: 1000)).map(\.id.text))
    }
    #expect(size == 10 && Set(messages) == Set((committed.union([999])).map { Sample.id($0).text }) && messages.count == 11)
    #expect(try await journal.audit().isSound)
    await journal.close()
  }

  private static func mixed(_ number: Int) -> Change {
    var change = Change(operations: [.putMessage(Sample.message(number), expecting: .absent)], entries: [Sample.draft(number)])
    switch number % 5 {
    case 0: change.entries[0].actor = "two\nlines"
    case 1: change.finish = { _, _ throws(CausewayError) in throw CausewayError("receipt.test") }
    case 2: change.preconditions = [.message(Sample.id(number), in: ["receipted"])]
    case 3: change.finish = { _, _ in .init(operations: [.recordReceipt(Sample.id(number + 1000), [1], state: "x", at: Sample.now)]) }
    default: break
    }
    return change
  }

  @Test(arguments: StoreKind.all) func sixtyFourWritersShareGroups(_ kind: StoreKind) async throws {
    let fixture = try JournalFixture(kind)
    let journal = try await fixture.open()
    let indices = try await withThrowingTaskGroup(of: [Int].self) { group in
      for writer in 0..<64 {
        group.addTask {
          var indices: [Int] = []
          for step in 0..<6 {
            let number = writer * 100 + step
            let outcome = try await journal.commit(
              Change(
                operations: [
                  .putMessage(Sample.message(number, key: "k\(number)"), expecting: .absent), .putPayload(Sample.payload(number)),
                ],
                entries: [Sample.draft(number)]))
            indices += outcome.committed?.entries.map(\.index) ?? []
          }
          return indices
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    #expect(indices.sorted() == Array(0..<384))
    let statistics = await journal.statistics
    #expect(statistics.changes == 384 && statistics.groups < 384 && statistics.largestGroup > 1 && statistics.queued == 0)
    #expect(try await journal.audit().isSound)
    await journal.close()
    let again = try await fixture.open()
    #expect(await again.fault == nil)
    #expect(await again.latestCheckpoint?.size == 384)
    await again.close()
  }

  /// attacks L-16.
  @Test(arguments: StoreKind.all) func timeNeverDecreasesAlsoAcrossARestart(_ kind: StoreKind) async throws {
    let fixture = try JournalFixture(kind)
    var journal = try await fixture.open()
    _ = try await journal.commit(Change(entries: [Sample.draft(1)]))
    fixture.clock.set(Sample.now.adding(seconds: -3600))
    let back = try #require(try await journal.commit(Change(entries: [Sample.draft(2)])).committed)
    #expect(back.entries[0].time == Sample.now && back.entries[0].draft.claimedTime == Sample.now.adding(seconds: -3600))
    await journal.close()
    journal = try await fixture.open()
    let later = try #require(try await journal.commit(Change(entries: [Sample.draft(3)])).committed)
    #expect(later.entries[0].time == Sample.now)
    #expect(try await journal.audit().isSound)
    await journal.close()
  }

  @Test(arguments: StoreKind.all) func theQueueIsBounded(_ kind: StoreKind) async throws {
    var fixture = try JournalFixture(kind)
    fixture.limits.queuedChanges = 4
    let journal = try await fixture.open()
    let refused = await withTaskGroup(of: Bool.self) { group in
      for number in 0..<300 {
        group.addTask {
          do throws(CausewayError) {
            _ = try await journal.commit(Change(entries: [Sample.draft(number)]))
            return false
          } catch {
            return error.code == "journal.overloaded"
          }
        }
      }
      return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    let size = try await journal.read { reader throws(CausewayError) in try reader.ledgerHead().size }
    #expect(size == 300 - refused)
    #expect(refused > 0)
    #expect(try await journal.commit(Change(entries: [Sample.draft(1)])).committed != nil)
    await journal.close()
  }

  @Test(arguments: StoreKind.all) func closingFinishesWhatWaitsAndRefusesTheRest(_ kind: StoreKind) async throws {
    let journal = try await JournalFixture(kind).open()
    async let first = journal.commit(Change(entries: [Sample.draft(1)]))
    _ = try await first
    await journal.close()
    await #expect(throws: CausewayError("journal.closed")) { try await journal.commit(Change(entries: [Sample.draft(2)])) }
    await #expect(throws: CausewayError("journal.closed")) {
      try await journal.read { reader throws(CausewayError) in try reader.ledgerHead() }
    }
  }

  @Test(arguments: StoreKind.all) func aLedgerKeepsItsNameAndKey(_ kind: StoreKind) async throws {
    let fixture = try JournalFixture(kind)
    await (try await fixture.open()).close()
    for origin in ["gateway.cn.example/ledger", "gateway.sg.example/ledger"] {
      let store = try await kind.open(fixture.folder)
      let other = try CheckpointSigner(origin: origin, key: .generate(.ed25519))
      await #expect(throws: CausewayError("journal.ledger_origin")) {
        _ = try await Journal.open(store, signer: other, clock: fixture.clock)
      }
      await store.close()
    }
    let again = try await fixture.open()
    #expect(await again.fault == nil)
    await again.close()
  }

  /// The receipt of an inbound message names its place in the ledger; both become durable together, and the clearance moves on.
  @Test(arguments: StoreKind.all) func finishSeesTheStateWithinTheTransaction(_ kind: StoreKind) async throws {
    let journal = try await JournalFixture(kind).open()
    let outcome = try await journal.commit(
      Change(
        operations: [.putMessage(Sample.message(1), expecting: .absent), .putClearance(Sample.clearance(1), expecting: .absent)],
        entries: [Sample.draft(1)],
        finish: { recorded, reader throws(CausewayError) in
          guard var message = try reader.message(Sample.id(1)), var clearance = try reader.clearance("clearance-1") else {
            throw CausewayError("journal.not_found")
          }
          let proof = try reader.inclusionProof(index: recorded.entries[0].index, size: recorded.checkpoint.size)
          try proof.verify(entry: recorded.entries[0].bytes, in: recorded.checkpoint)
          message.receipt = recorded.checkpoint.note
          clearance.status = "submitted"
          return .init(
            operations: [
              .putMessage(message, expecting: .revision(message.revision)),
              .putClearance(clearance, expecting: .revision(clearance.revision)),
              .putInbox(
                InboxRecord(
                  consumer: "sw", clearance: "clearance-1", kind: "declaration", messageID: message.id, payloadOwner: message.id.text,
                  payloadKind: "local", created: Sample.now)),
            ], result: [9])
        }))
    let committed = try #require(outcome.committed)
    #expect(committed.result == [9] && committed.assignedIDs == [1])
    try await journal.read { reader throws(CausewayError) in
      #expect(try reader.message(Sample.id(1))?.receipt == committed.checkpoint.note)
      #expect(try reader.clearance("clearance-1")?.status == "submitted")
      #expect(try reader.inbox(1)?.consumer == "sw")
    }
    await journal.close()
  }
}
