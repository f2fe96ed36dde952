import JSONTree
import Journal
import JournalSQLite
import Ledger
import Primitives
import Testing
import Trust

/// The journal's ledger as a tiled log, and its verification in parts.
@Suite struct LedgerTilesTests {
  private func filled(_ groups: [Int]) async throws -> JournalFixture {
    let fixture = try JournalFixture()
    let journal = try await fixture.open()
    var next = 0
    for count in groups {
      _ = try await journal.commit(Change(entries: (next..<next + count).map { Sample.draft($0) }))
      next += count
    }
    await journal.close()
    return fixture
  }

  private func read<Result: Sendable>(
    _ fixture: JournalFixture, _ body: @Sendable (any JournalReader) throws(CausewayError) -> Result
  ) async throws -> Result {
    let store = try SQLiteStore(readingFrom: fixture.path)
    let result = try await store.read(body)
    await store.close()
    return result
  }

  /// attacks L-13 and L-18: full tiles, and of the partial ones those alone that a signed checkpoint needs.
  @Test func onlyWhatACheckpointNeedsIsServed() async throws {
    let fixture = try await filled([3, 253, 44, 300])
    try await read(fixture) { reader throws(CausewayError) in
      let served = [
        "tile/0/000", "tile/0/000.p/3", "tile/0/001", "tile/0/001.p/44", "tile/0/002.p/88", "tile/1/000.p/1", "tile/1/000.p/2",
        "tile/entries/000", "tile/entries/000.p/3", "tile/entries/001.p/44", "tile/entries/002.p/88",
      ]
      for path in served { #expect(try reader.tile(Tile(path: path)!) != nil, "\(path)") }
      let refused = [
        "tile/0/000.p/2", "tile/0/000.p/4", "tile/0/000.p/255", "tile/0/001.p/43", "tile/0/002.p/87", "tile/0/002.p/89", "tile/0/002",
        "tile/0/003.p/1", "tile/1/000", "tile/1/000.p/3", "tile/2/000.p/1", "tile/63/000.p/1", "tile/63/x035/x184/x372/x088/831",
        "tile/6/x035/x184/x372/x088/831.p/255", "tile/entries/002", "tile/entries/002.p/89", "tile/entries/000.p/44",
      ]
      for path in refused { #expect(try reader.tile(Tile(path: path)!) == nil, "\(path)") }
      // What is served is the log.
      let checkpoint = try reader.latestCheckpoint()!
      var source = try TileReader(size: checkpoint.size, root: checkpoint.root) { tile throws(CausewayError) in try reader.tile(tile) }
      for (index, stored) in try reader.entries(from: 0, limit: 1000).enumerated() {
        #expect(try source.bundle(index / 256)[index % 256] == stored.bytes)
      }
    }
  }

  /// A cache keeps a tile for good: one over damaged rows is not handed out, and the undamaged ones still are.
  @Test(arguments: [
    ("UPDATE ledger_entry SET leaf = zeroblob(32) WHERE idx = 7", "tile/0/000"),
    ("UPDATE ledger_entry SET leaf = zeroblob(32) WHERE idx = 258", "tile/0/001.p/44"),
    ("UPDATE ledger_node SET hash = zeroblob(32) WHERE position = \(TreeNode(level: 8, index: 0).position)", "tile/0/000"),
    ("UPDATE ledger_entry SET bytes = x'00' WHERE idx = 299", "tile/entries/001.p/44"),
    ("DELETE FROM ledger_entry WHERE idx = 0", "tile/entries/000"),
  ]) func damagedRowsAreNotServed(_ sql: String, _ path: String) async throws {
    let fixture = try await filled([300])
    try tamper(fixture.path, sql)
    try await read(fixture) { reader throws(CausewayError) in
      let error = #expect(throws: CausewayError.self) { try reader.tile(Tile(path: path)!) }
      #expect(["ledger.tree_damaged", "ledger.data_damaged", "journal.not_found"].contains(error?.code))
      let others = ["tile/0/000", "tile/0/001.p/44", "tile/entries/000", "tile/entries/001.p/44"]
      #expect(others.contains { (try? reader.tile(Tile(path: $0)!)) != nil })
    }
  }

  /// The journal has stopped writing: its ledger can still be read.
  @Test func aFaultDoesNotStopReading() async throws {
    let fixture = try await filled([300])
    try tamper(fixture.path, "UPDATE ledger_head SET last_hash = zeroblob(32)")
    let journal = try await fixture.open()
    #expect(await journal.fault != nil)
    let tile = try await journal.read { reader throws(CausewayError) in try reader.tile(Tile(.hashes(level: 0), index: 0)) }
    #expect(tile?.count == 8192)
    await journal.close()
  }

  @Test func aVerificationGoesOnWhereOneStopped() async throws {
    let fixture = try await filled([Int](repeating: 500, count: 21) + [3])
    let key = fixture.signer.verifierKey
    let states = try await read(fixture) { reader throws(CausewayError) in
      var states: [AuditState] = []
      #expect(try reader.auditLedger(origin: key.name, keys: [key], passed: { states.append($0) }).isSound)
      return states
    }
    #expect(states.map(\.size) == [10_000, 10_503])
    // Subtrees are read many at a time: each is still held against the one over the entries.
    for node in [TreeNode(level: 1, index: 3000), TreeNode(level: 5, index: 200), TreeNode(level: 13, index: 0)] {
      let place = "position = \(node.position)"
      try tamper(fixture.path, "CREATE TABLE kept AS SELECT * FROM ledger_node WHERE \(place)")
      for damage in ["UPDATE ledger_node SET hash = zeroblob(32) WHERE \(place)", "DELETE FROM ledger_node WHERE \(place)"] {
        try tamper(fixture.path, damage)
        let report = try await read(fixture) { reader throws(CausewayError) in try reader.auditLedger(origin: key.name, keys: [key]) }
        #expect(report.findings == [AuditFinding(subtree: node)], "\(damage)")
      }
      try tamper(fixture.path, "INSERT INTO ledger_node SELECT * FROM kept; DROP TABLE kept")
    }
    for state in states {
      let report = try await read(fixture) { reader throws(CausewayError) in
        let believed = try reader.believed(state, origin: key.name, keys: [key])
        #expect(believed != nil)
        return try reader.auditLedger(origin: key.name, keys: [key], from: believed)
      }
      #expect(report.isSound && report.start == state.size && report.entryCount == 10_503 - state.size)
      #expect(report.checkpoint?.size == 10_503)
    }
    // Damage behind the state is found from there on, damage before it only by the whole.
    try tamper(fixture.path, "UPDATE ledger_entry SET message = NULL WHERE idx IN (5, 10001)")
    let (part, whole) = try await read(fixture) { reader throws(CausewayError) in
      (
        try reader.auditLedger(origin: key.name, keys: [key], from: try reader.believed(states[0], origin: key.name, keys: [key])),
        try reader.auditLedger(origin: key.name, keys: [key])
      )
    }
    #expect(part.findings == [AuditFinding(.index, index: 10_001, field: "message")])
    #expect(whole.findings.map(\.index) == [5, 10_001])
  }

  @Test func aStateThatNothingVouchesForIsNotBelieved() async throws {
    let fixture = try await filled([4, 4])
    let (key, stranger) = (fixture.signer.verifierKey, try JournalFixture().signer.verifierKey)
    try await read(fixture) { reader throws(CausewayError) in
      let entries = try reader.entries(from: 0, limit: 8).map { row throws(CausewayError) in try Entry(parsing: row.bytes) }
      func state(_ count: Int, hash: Digest? = nil, seconds: Int64 = 0) -> AuditState {
        var tree = CompactTree()
        for entry in entries.prefix(count) { tree.append(entry.leafHash) }
        return AuditState(
          tree: tree, lastHash: hash ?? entries[count - 1].leafHash, lastTime: entries[count - 1].time.adding(seconds: seconds))
      }
      var forged = CompactTree()
      for number in 0..<4 { forged.append(SHA256.hash("forged \(number)")) }
      #expect(try reader.believed(state(4), origin: key.name, keys: [key]) != nil)
      #expect(try reader.believed(AuditState(), origin: key.name, keys: [key]) != nil)
      for wrong in [
        state(3), state(4, hash: SHA256.hash("x")), state(4, seconds: 1),
        AuditState(tree: forged, lastHash: entries[3].leafHash, lastTime: entries[3].time),
      ] {
        #expect(try reader.believed(wrong, origin: key.name, keys: [key]) == nil)
      }
      #expect(try reader.believed(state(4), origin: key.name, keys: [stranger]) == nil)
    }
    #expect(AuditState(json: ["v": 1]) == nil && AuditState(json: .null) == nil)
  }
}
