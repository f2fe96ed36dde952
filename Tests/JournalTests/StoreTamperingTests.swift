import CSQLite
import Foundation
import JSONTree
import Journal
import JournalSQLite
import Ledger
import Primitives
import Synchronization
import TestSupport
import Testing
import Trust

/// attacks L-01: bits flipped in every class of bytes that a journal keeps of its ledger. All are noticed, and damage to an entry is brought
/// home to the entry. `make soak` tries many more.
@Suite struct StoreTamperingTests {
  private static let shards = 4

  @Test(arguments: 0..<shards) func everyFlippedBitIsNoticed(_ shard: Int) async throws {
    let target = try await TamperTarget()
    var chance = SplitMix(state: UInt64(shard) + 1)
    var tally = TamperingTally()
    let count = TamperingExtent.scaled(4_000)
    while tally.total < count {
      let cell = target.cells[Int.random(in: target.cells.indices, using: &chance)]
      guard let flip = target.flip(cell, using: &chance) else { continue }
      try target.run(flip.sql)
      let report = try await target.audit()
      try target.run(flip.undo)
      let isNamed = flip.index.map { index in report.findings.contains { $0.index == index } } ?? true
      tally.count(cell.kind, !report.isSound && isNamed, "\(flip.sql.prefix(200)) \(report.findings)")
      // The twin: put back, it is sound again.
      if tally.total.isMultiple(of: 250) { #expect(try await target.audit().isSound) }
    }
    #expect(tally.missed.isEmpty, "\(tally.missed)")
    #expect(Set(target.cells.map(\.kind)) == Set(tally.tried.keys), "every class was tried: \(tally.line)")
    #expect(try await target.audit().isSound)
    print("shard \(shard): \(tally.total) flips noticed: \(tally.line)")
  }

  /// Rows taken away, put in, exchanged, put over another.
  @Test func everyMovedRowIsNoticed() async throws {
    let target = try await TamperTarget()
    var tally = TamperingTally()
    func check(_ kind: String, _ sql: String, names indices: [Int]) async throws {
      try target.run("SAVEPOINT tamper; " + sql + "; RELEASE tamper;")
      let report = try await target.audit()
      tally.count(kind, !report.isSound && report.findings.contains { indices.contains($0.index) }, "\(sql) \(report.findings)")
      try target.restore()
    }
    let size = target.entries.count
    for index in 0..<size {
      try await check("delete", "DELETE FROM ledger_entry WHERE idx = \(index)", names: [index])
      for other in 0..<size where other != index {
        try await check(
          "duplicate",
          """
          UPDATE ledger_entry SET (bytes, leaf, message) = (SELECT bytes, leaf, message FROM ledger_entry WHERE idx = \(other)) \
          WHERE idx = \(index)
          """, names: [index])
        guard other > index else { continue }
        try await check(
          "swap",
          """
          UPDATE ledger_entry SET idx = 900 WHERE idx = \(index); UPDATE ledger_entry SET idx = \(index) WHERE idx = \(other);
          UPDATE ledger_entry SET idx = \(other) WHERE idx = 900
          """, names: [index, other])
      }
      // All later ones move up, or down onto a gap.
      try await check(
        "insert",
        """
        UPDATE ledger_entry SET idx = idx + 1001 WHERE idx >= \(index); UPDATE ledger_entry SET idx = idx - 1000 WHERE idx > 1000;
        INSERT INTO ledger_entry (idx, leaf, message, bytes) SELECT \(index), leaf, message, bytes FROM ledger_entry WHERE idx = \(index + 1)
        """, names: [index, index + 1])
      try await check(
        "close the gap",
        "DELETE FROM ledger_entry WHERE idx = \(index); UPDATE ledger_entry SET idx = idx - 1 WHERE idx > \(index)", names: [index])
    }
    try await check(
      "reverse", "UPDATE ledger_entry SET idx = -1 - idx; UPDATE ledger_entry SET idx = idx + \(size)", names: Array(0..<size))
    try await check(
      "append", "INSERT INTO ledger_entry (idx, leaf, bytes) SELECT \(size), leaf, bytes FROM ledger_entry WHERE idx = 0", names: [size])
    for node in target.nodes {
      try await check("node delete", "DELETE FROM ledger_node WHERE position = \(node.position)", names: [node.firstLeaf])
    }
    try await check("node insert", "INSERT INTO ledger_node VALUES (77, zeroblob(32))", names: [size])
    try await check("checkpoint delete", "DELETE FROM ledger_checkpoint WHERE size = \(size)", names: Array(0...size))
    try await check("checkpoint delete", "DELETE FROM ledger_checkpoint", names: Array(0...size))
    try await check("head delete", "DELETE FROM ledger_head", names: [size])
    #expect(tally.missed.isEmpty, "\(tally.missed)")
    #expect(tally.total > 140, "\(tally.line)")
    // Twins: the same rows, kept otherwise. And an earlier checkpoint that is gone takes nothing of the history with it.
    for sql in ["VACUUM", "REINDEX", "UPDATE ledger_entry SET bytes = bytes, leaf = leaf", "DELETE FROM ledger_checkpoint WHERE size = 5"] {
      try target.run(sql)
      #expect(try await target.audit().isSound, "\(sql)")
    }
  }

  /// Somebody with another key signs the same heads again, or a history of their own.
  @Test func anotherKeysSignaturesAreNoticed() async throws {
    let target = try await TamperTarget()
    let stranger = try CheckpointSigner(origin: target.fixture.signer.origin, key: .generate(.ed25519))
    for checkpoint in target.checkpoints {
      let signed = try stranger.sign(size: checkpoint.size, root: checkpoint.root)
      try target.run("UPDATE ledger_checkpoint SET note = x'\(Hex.encode(signed.note))' WHERE size = \(checkpoint.size)")
    }
    let report = try await target.audit()
    #expect(
      report.findingCount >= target.checkpoints.count && report.findings.allSatisfy { $0.damage == .checkpoint }, "\(report.findings)")
    // The twin: its own key signs the same heads.
    for checkpoint in target.checkpoints {
      let signed = try target.fixture.signer.sign(size: checkpoint.size, root: checkpoint.root)
      try target.run("UPDATE ledger_checkpoint SET note = x'\(Hex.encode(signed.note))' WHERE size = \(checkpoint.size)")
    }
    #expect(try await target.audit().isSound)
  }

  /// After damage of each class the ledger comes back from its copy, to the root that was signed before.
  @Test func everyClassOfFlippedBitsIsPutRight() async throws {
    let target = try await TamperTarget()
    var chance = SplitMix(state: 99)
    let kinds = Dictionary(grouping: target.cells, by: \.kind)
    for (kind, cells) in kinds.sorted(by: { $0.key < $1.key }) {
      for _ in 0..<2 {
        var flip: TamperTarget.Flip?
        while flip == nil { flip = target.flip(cells[Int.random(in: cells.indices, using: &chance)], using: &chance) }
        try target.run(flip!.sql)
        #expect(try await !target.audit().isSound, "\(kind)")
        let report = try await target.repair()
        #expect(report.root == target.head.root && report.size == target.head.size, "\(kind)")
        let audit = try await target.audit()
        #expect(audit.isSound && audit.checkpoint?.root == target.head.root, "\(kind): \(audit.findings)")
        try target.restore()
      }
    }
    #expect(kinds.count > 20)
  }
}

/// A journal of a few entries with all that it keeps of them, and a hand in its file.
private final class TamperTarget: Sendable {
  /// One stored value.
  struct Cell: Sendable {
    enum Value: Sendable {
      case integer(Int64)
      case text([UInt8])
      case blob([UInt8])
    }

    /// Class of bytes it is counted under.
    let kind: String
    let table: String
    let column: String
    let row: String
    let value: Value
    /// The bytes of it that are altered.
    var range: Range<Int>?
    /// The entry that has to be named.
    var index: Int?
  }

  struct Flip {
    let sql: String
    let undo: String
    let index: Int?
  }

  let fixture: JournalFixture
  let entries: [StoredEntry]
  let nodes: [TreeNode]
  let checkpoints: [StoredCheckpoint]
  let head: SignedCheckpoint
  let cells: [Cell]
  private let files: [String: [UInt8]]
  private let store: SQLiteStore
  private let hand: Hand
  private let pristine: String

  init() async throws {
    fixture = try JournalFixture()
    let journal = try await fixture.open()
    var next = 0
    for count in [2, 3, 4] {
      let drafts = (next..<next + count).map { number in
        var draft = Sample.draft(number)
        draft.fieldsRoot = number.isMultiple(of: 3) ? SHA256.hash("fields \(number)") : nil
        draft.reasons = number == 4 ? ["receive.duplicate"] : []
        draft.claimedTime = number == 5 ? Sample.now.adding(seconds: -5) : nil
        draft.extra = number == 6 ? ["attempt": 2] : [:]
        draft.messageID = number == 7 ? nil : draft.messageID
        return draft
      }
      fixture.clock.set(Sample.now.adding(seconds: Int64(next)))
      _ = try await journal.commit(Change(entries: drafts))
      next += count
    }
    head = try #require(await journal.latestCheckpoint)
    let size = next
    files = try await journal.read { reader throws(CausewayError) in
      var files: [String: [UInt8]] = [:]
      for tile in Tile.partials(size: size) { files[tile.path] = try reader.tile(tile) }
      return files
    }
    let storedHead = try await journal.read { reader throws(CausewayError) in try reader.ledgerHead() }
    entries = try await journal.read { reader throws(CausewayError) in try reader.entries(from: 0, limit: 100) }
    checkpoints = try await journal.read { reader throws(CausewayError) in try reader.checkpoints(from: 0, limit: 100) }
    await journal.close()
    nodes = (1..<8).flatMap { level in (0..<size >> level).map { TreeNode(level: level, index: $0) } }
    cells = try Self.cells(entries, checkpoints, storedHead, nodes)
    store = try SQLiteStore(readingFrom: fixture.path)
    hand = try Hand(fixture.path)
    pristine = ["ledger_entry", "ledger_node", "ledger_head", "ledger_checkpoint"].map {
      "DELETE FROM \($0); INSERT INTO \($0) SELECT * FROM temp.copy_\($0);"
    }.joined()
    for table in ["ledger_entry", "ledger_node", "ledger_head", "ledger_checkpoint"] {
      try hand.run("CREATE TEMP TABLE copy_\(table) AS SELECT * FROM \(table)")
    }
  }

  func run(_ sql: String) throws { try hand.run(sql) }
  func restore() throws { try hand.run("BEGIN; \(pristine) COMMIT;") }

  func audit() async throws -> AuditReport {
    let key = fixture.signer.verifierKey
    return try await store.read { reader throws(CausewayError) in try reader.auditLedger(origin: key.name, keys: [key]) }
  }

  func repair() async throws -> RepairReport {
    let writer = try SQLiteStore(path: fixture.path)
    let (key, head, files) = (fixture.signer.verifierKey, head, files)
    let report = try await writer.repair { transaction throws(CausewayError) in
      let source = try TileReader(size: head.size, root: head.root) { files[$0.path] }
      var repair = LedgerRepair(transaction, key: key, keys: [key], source: source, copied: head)
      return try repair.run(witnessed: head)
    }
    await writer.close()
    return report
  }

  /// - Returns: nil when the altered key is another row's.
  func flip(_ cell: Cell, using chance: inout SplitMix) -> Flip? {
    let (old, new): (String, String)
    switch cell.value {
    case .integer(let value):
      let changed = value ^ (1 << Int64.random(in: 0..<63, using: &chance))
      (old, new) = (String(value), String(changed))
    case .text(let bytes), .blob(let bytes):
      var changed = bytes
      changed[Int.random(in: cell.range ?? bytes.indices, using: &chance)] ^= 1 << UInt8.random(in: 0..<8, using: &chance)
      (old, new) = (literal(cell.value, bytes), literal(cell.value, changed))
    }
    let isKey = ["idx", "position", "size"].contains(cell.column) && cell.table != "ledger_head"
    if isKey, keys.contains(cell.row.replacing("\(cell.column) = \(old)", with: "\(cell.column) = \(new)")) { return nil }
    let moved = isKey ? cell.row.replacing("\(cell.column) = \(old)", with: "\(cell.column) = \(new)") : cell.row
    return Flip(
      sql: "UPDATE \(cell.table) SET \(cell.column) = \(new) WHERE \(cell.row);",
      undo: "UPDATE \(cell.table) SET \(cell.column) = \(old) WHERE \(moved);", index: cell.index)
  }

  private var keys: Set<String> { Set(cells.map(\.row)) }

  private func literal(_ value: Cell.Value, _ bytes: [UInt8]) -> String {
    if case .text = value { return "CAST(x'\(Hex.encode(bytes))' AS TEXT)" }
    return "x'\(Hex.encode(bytes))'"
  }

  private static func cells(
    _ entries: [StoredEntry], _ checkpoints: [StoredCheckpoint], _ head: LedgerHead, _ nodes: [TreeNode]
  ) throws -> [Cell] {
    var cells: [Cell] = []
    for entry in entries {
      let row = "idx = \(entry.index)"
      for (member, range) in members(of: entry.bytes) {
        cells.append(
          Cell(
            kind: "entry.\(member)", table: "ledger_entry", column: "bytes", row: row, value: .blob(entry.bytes), range: range,
            index: entry.index))
      }
      cells.append(
        Cell(
          kind: "leaf", table: "ledger_entry", column: "leaf", row: row, value: .blob(entry.leafHash!.bytes), index: entry.index))
      cells.append(
        Cell(kind: "entry index", table: "ledger_entry", column: "idx", row: row, value: .integer(Int64(entry.index)), index: entry.index))
      if let message = entry.message {
        cells.append(
          Cell(kind: "message column", table: "ledger_entry", column: "message", row: row, value: .text(message), index: entry.index))
      }
    }
    for node in nodes {
      let row = "position = \(node.position)"
      let hash = try TreeHash.of(node, entries)
      cells.append(Cell(kind: "node", table: "ledger_node", column: "hash", row: row, value: .blob(hash.bytes), index: node.firstLeaf))
      cells.append(
        Cell(
          kind: "node position", table: "ledger_node", column: "position", row: row, value: .integer(Int64(node.position)),
          index: node.firstLeaf))
    }
    let headValues: [(String, Cell.Value)] = [
      ("size", .integer(Int64(head.size))), ("last_time", .integer(head.lastTime!.milliseconds)), ("last_hash", .blob(head.lastHash.bytes)),
      ("frontier", .blob(head.tree.frontier.flatMap(\.bytes))),
    ]
    for (column, value) in headValues {
      cells.append(Cell(kind: "head.\(column)", table: "ledger_head", column: column, row: "id = 1", value: value))
    }
    for checkpoint in checkpoints {
      let row = "size = \(checkpoint.size)"
      func add(_ column: String, _ value: Cell.Value) {
        cells.append(Cell(kind: "checkpoint.\(column)", table: "ledger_checkpoint", column: column, row: row, value: value))
      }
      add("note", .blob(checkpoint.note))
      add("root", .blob(checkpoint.root.bytes))
      add("size", .integer(Int64(checkpoint.size)))
      // Nothing tells when the empty ledger was signed.
      if checkpoint.size > 0 { add("time", .integer(checkpoint.time.milliseconds)) }
    }
    return cells
  }

  /// The members of an entry with the bytes from their names to the next ones.
  private static func members(of bytes: [UInt8]) -> [(String, Range<Int>)] {
    var starts: [(String, Int)] = []
    var (depth, isText) = (0, false)
    for (offset, byte) in bytes.enumerated() {
      if byte == 0x22 {
        if !isText, depth == 1, bytes[offset - 1] == 0x7B || bytes[offset - 1] == 0x2C {
          let name = bytes[(offset + 1)...].prefix { $0 != 0x22 }
          starts.append((String(decoding: name, as: UTF8.self), offset))
        }
        isText.toggle()
      } else if !isText {
        if byte == 0x7B || byte == 0x5B { depth += 1 }
        if byte == 0x7D || byte == 0x5D { depth -= 1 }
      }
    }
    return starts.enumerated().map { number, start in
      (start.0, (number == 0 ? 0 : start.1)..<(number + 1 < starts.count ? starts[number + 1].1 : bytes.count))
    }
  }

  private enum TreeHash {
    static func of(_ node: TreeNode, _ entries: [StoredEntry]) throws -> Digest {
      let leaves = entries[node.firstLeaf..<node.firstLeaf + 1 << node.level].map { $0.leafHash! }
      return MerkleTree.root(of: leaves)
    }
  }

  /// A second connection to the database, which nothing is durable for.
  private final class Hand: Sendable {
    private let handle: Mutex<OpaquePointer?>

    init(_ path: String) throws {
      var opened: OpaquePointer?
      try #require(sqlite3_open_v2(path, &opened, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK)
      handle = Mutex(opened)
      try run("PRAGMA synchronous = OFF; PRAGMA ignore_check_constraints = ON; PRAGMA busy_timeout = 5000;")
    }

    deinit { handle.withLock { _ = sqlite3_close_v2($0) } }

    func run(_ sql: String) throws {
      try handle.withLock { handle in
        let code = sqlite3_exec(handle, sql, nil, nil, nil)
        try #require(code == SQLITE_OK, "\(String(cString: sqlite3_errmsg(handle))): \(sql.prefix(300))")
      }
    }
  }
}
