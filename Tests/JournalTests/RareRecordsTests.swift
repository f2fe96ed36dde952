import Journal
import Ledger
import Primitives
import Testing
import Trust

/// Erasure, witnessing, tiles and audit: what a gateway asks of a store seldom, on each kind of store.
@Suite struct RareRecordsTests {
  static let sealed = StoreKind.all.filter { $0.name.hasPrefix("sealed") }

  private func clearance(_ number: Int, side: String = "export", status: String = "cleared") -> ClearanceRecord {
    ClearanceRecord(
      id: "clearance-\(number)", ucr: "UCR\(number)", corridor: number == 3 ? "CN-MY" : "CN-SG", side: side, status: status,
      state: Array("{}".utf8), created: Sample.now, updated: Sample.now.adding(seconds: Int64(number)))
  }

  private func message(_ number: Int, state: String = "handled") -> MessageRecord {
    var message = Sample.message(number, state: state)
    message.clearance = "clearance-\(number)"
    return message
  }

  private func payload(_ number: Int) -> PayloadRecord {
    let bytes = Array("payload \(number)".utf8)
    return PayloadRecord(
      owner: Sample.id(number).text, kind: "wire", mediaType: "application/xml", digest: SHA256.hash(bytes), bytes: bytes,
      created: Sample.now)
  }

  private func request(_ number: Int, names clearance: String?) -> IdempotencyRecord {
    IdempotencyRecord(
      subject: "trader", key: "key-\(number)", request: SHA256.hash("request \(number)"),
      outcome: Array("{\"clearanceId\":\"clearance-\(number)\"}".utf8), clearance: clearance, created: Sample.now)
  }

  /// In PostgreSQL the transactions of other tests have to be waited for.
  private func scrub(_ journal: Journal) async throws {
    for _ in 0..<600 {
      do throws(CausewayError) {
        return try await journal.scrub()
      } catch {
        guard error.code == "journal.busy" else { throw error }
      }
    }
    throw CausewayError("journal.busy")
  }

  @Test(arguments: sealed) func whatHasEndedIsFoundAndErasedOnce(_ kind: StoreKind) async throws {
    let journal = try await JournalFixture(kind).open()
    for number in 1...4 {
      _ = try await journal.commit(
        Change(operations: [
          .putMessage(message(number), expecting: .absent), .putPayload(payload(number)),
          .putIdempotency(request(number, names: "clearance-\(number)")),
          .putClearance(clearance(number, status: number == 4 ? "open" : "cleared"), expecting: .absent),
          .enqueue(Sample.delivery(number, order: "clearance-\(number)")),
        ]))
    }
    // A document of which no clearance came.
    _ = try await journal.commit(
      Change(operations: [.putMessage(message(5, state: "refused"), expecting: .absent), .putPayload(payload(5))]))
    func ended(
      _ kind: EndedQuery.Kind, corridor: String? = nil, except: [String] = [], seconds: Int64 = 100, limit: Int = 10
    ) async throws -> [String] {
      let query = EndedQuery(
        kind: kind, corridor: corridor, exceptCorridors: except, until: Sample.now.adding(seconds: seconds), limit: limit)
      return try await journal.read { reader throws(CausewayError) in try reader.ended(query).map(\.clearance) }
    }
    let ids = (0...5).map { "clearance-\($0)" }
    #expect(try await ended(.side("export", except: ["open"])) == [ids[1], ids[2], ids[3]])
    #expect(try await ended(.side("export", except: [])) == [ids[1], ids[2], ids[3], ids[4]])
    #expect(try await ended(.side("export", except: ["open", "held"]), corridor: "CN-SG") == [ids[1], ids[2]])
    #expect(try await ended(.side("export", except: ["open"]), except: ["CN-SG", "CN-FR"]) == [ids[3]])
    #expect(try await ended(.side("export", except: ["open"]), seconds: 2, limit: 1) == [ids[1]])
    #expect(try await ended(.side("import", except: [])) == [])
    #expect(try await ended(.noClearance(states: ["refused", "dead"])) == [ids[5]])
    #expect(try await ended(.noClearance(states: [])) == [])

    _ = try await journal.commit(
      Change(operations: [.setHold(of: ids[1], LegalHold(since: Sample.now, reason: "r", actor: "a"))]))
    let erasure = Erasure(time: Sample.now.adding(seconds: 9), ground: "retention_expired", rule: "r1")
    #expect(try await journal.commit(Change(operations: [.eraseData(of: ids[1], erasure, payloads: 1)])).conflict != nil, "held")
    #expect(try await journal.commit(Change(operations: [.eraseData(of: ids[2], erasure, payloads: 2)])).conflict != nil)
    #expect(try await journal.commit(Change(operations: [.eraseData(of: ids[2], erasure, payloads: 1)])).committed != nil)
    #expect(try await journal.commit(Change(operations: [.eraseData(of: ids[2], erasure, payloads: 1)])).conflict != nil)
    try await scrub(journal)
    #expect(try await ended(.side("export", except: ["open"])) == [ids[3]])
    try await journal.read { reader throws(CausewayError) in
      #expect(try reader.heldDataKeys(after: "", limit: 10).map(\.clearance) == [ids[1]])
      #expect(try reader.heldDataKeys(after: ids[1], limit: 10).isEmpty)
      let (key, message, clearance) = (try reader.dataKey(ids[2]), try reader.message(Sample.id(2)), try reader.clearance(ids[2]))
      #expect(key?.erasure == erasure && key?.wrapped == nil)
      #expect(message?.details == [] && message?.header == self.message(2).header && message?.revision == 2)
      #expect(clearance?.erasure == erasure && clearance?.state == [] && clearance?.revision == 2)
      #expect(try reader.clearance(corridor: "CN-SG", side: "export", ucr: "UCR2") == nil)
      #expect(try reader.payload(owner: Sample.id(2).text, kind: "wire") == nil)
      #expect(try reader.idempotency(subject: "trader", key: "key-2") == nil)
      #expect(try reader.delivery(channel: "partner", messageID: Sample.id(2)) == nil)
      #expect(try reader.delivery(channel: "partner", messageID: Sample.id(3)) != nil)
      #expect(try reader.payload(owner: Sample.id(3).text, kind: "wire")?.bytes == payload(3).bytes)
      #expect(try reader.payloadCount(clearance: ids[3]) == 1)
      #expect(try reader.payloadCount(clearance: nil) == 0)
    }
    await journal.close()
  }

  @Test(arguments: StoreKind.all) func witnessesAndWhatTheySaw(_ kind: StoreKind) async throws {
    let journal = try await JournalFixture(kind).open()
    func root(_ text: String) -> Digest { SHA256.hash(text) }
    func line(_ size: Int, _ witness: String, _ text: String) -> Change.Operation {
      .putCosignature(CosignatureRecord(size: size, witness: witness, keyID: .max, line: Array(text.utf8), time: Sample.now))
    }
    let first = WitnessedRecord(origin: "sg", size: 4, root: root("a"), note: [1], time: Sample.now)
    let next = WitnessedRecord(origin: "sg", size: 9, root: root("b"), note: [2], time: Sample.now)
    let proofs = ["sg", "my"].map { FraudProofRecord(origin: $0, found: Sample.now, note: Array($0.utf8)) }
    #expect(
      try await journal.commit(
        Change(operations: [
          line(2, "w1", "old"), line(2, "w1", "new"), line(2, "w2", "x"), line(5, "w1", "y"), .advanceWitnessed(first, from: nil),
          .putFraudProof(proofs[0]), .putFraudProof(proofs[1]), .putFraudProof(proofs[0]),
          .putPeerCheckpoint(PeerCheckpointRecord(origin: "sg", size: 3, root: root("c"), note: [3], received: Sample.now)),
          .putPeerCheckpoint(PeerCheckpointRecord(origin: "sg", size: 7, root: root("d"), note: [4], received: Sample.now)),
          .markCompared(origin: "sg", sizes: [7, 99]),
        ])
      ).committed != nil)
    #expect(try await journal.commit(Change(operations: [.advanceWitnessed(next, from: nil)])).conflict != nil)
    #expect(try await journal.commit(Change(operations: [.advanceWitnessed(next, from: first.state)])).committed != nil)
    try await journal.read { reader throws(CausewayError) in
      #expect(try reader.cosignatures(size: 2).map(\.line) == [Array("new".utf8), Array("x".utf8)])
      #expect(try reader.cosignatures(size: 2).first?.keyID == .max)
      #expect(try reader.latestCosignature(witness: "w1")?.size == 5)
      #expect(try reader.cosignedSizes(before: 6, limit: 10) == [5, 2])
      #expect(try reader.cosignedSizes(before: .max, limit: 1) == [5])
      #expect(try reader.witnessed(origin: "sg")?.state == next.state)
      #expect(try reader.witnessed(origin: "fr") == nil)
      #expect(try reader.fraudProofs(origin: nil).map(\.origin) == ["sg", "my"])
      #expect(try reader.fraudProofs(origin: "my").map(\.note) == [Array("my".utf8)])
      #expect(try reader.peerCheckpoints(origin: "sg", compared: true, limit: 10).map(\.size) == [7])
      #expect(try reader.peerCheckpoints(origin: "sg", compared: false, limit: 10).map(\.size) == [3])
    }
    await journal.close()
  }

  @Test(arguments: StoreKind.all) func tilesAndAuditOfALargerLedger(_ kind: StoreKind) async throws {
    let fixture = try JournalFixture(kind)
    let journal = try await fixture.open()
    var next = 0
    for count in [3, 253, 44, 300] {
      _ = try await journal.commit(Change(entries: (next..<next + count).map { Sample.draft($0) }))
      next += count
    }
    try await journal.read { reader throws(CausewayError) in
      guard let checkpoint = try reader.latestCheckpoint() else { throw CausewayError("journal.not_found") }
      var source = try TileReader(size: checkpoint.size, root: checkpoint.root) { tile throws(CausewayError) in try reader.tile(tile) }
      for (index, stored) in try reader.entries(from: 0, limit: 1000).enumerated() {
        #expect(try source.bundle(index / 256)[index % 256] == stored.bytes)
      }
      #expect(try reader.nodes(from: 0, limit: 10_000).count == LedgerHead.nodeCount(size: 600))
      #expect(try reader.ledgerNodeCount() == LedgerHead.nodeCount(size: 600))
      #expect(try reader.entries(from: .min, limit: 1).first?.index == 0)
    }
    #expect(try await journal.audit().isSound)
    await journal.close()
  }
}
