import FoundationEssentials
import Glibc
import JSONTree
import Journal
import JournalSQLite
import Ledger
import Primitives
import Synchronization
import Trust

/// What a large ledger costs: appending, verifying, proving, starting. The floors get the same bytes in the same run.
struct LedgerStages {
  let folder: String
  /// Entries of the large ledger, at least ``smallSize``.
  let size: Int
  let isQuick: Bool
  private let signer: CheckpointSigner
  private let crypto: RawCrypto

  /// Entries of the small ledger with which the large one is compared.
  static let smallSize = 1000
  private static let writers = 64
  /// Entries that are appended together while a ledger is made.
  private static let groupSize = 256
  private static let origin = "ledger.bench.causeway.example"

  init(folder: String, size: Int, isQuick: Bool) throws(CausewayError) {
    (self.folder, self.size, self.isQuick) = (folder, size, isQuick)
    signer = try CheckpointSigner(origin: Self.origin, key: try PrivateKey.generate(.ed25519))
    crypto = try RawCrypto()
  }

  /// - Throws: `bench.wrong_result` when a step does not do what it is measured for; `bench.raw_call`; `journal.*`.
  func measure() async throws -> LedgerReport {
    Console.progress("making a ledger of \(size) entries")
    try await make("large", size: size)
    try await make("small", size: min(size, Self.smallSize))
    Console.progress("start")
    let start = try await starts()
    Console.progress("full verification")
    let (verifications, bytes, memory) = try await verify()
    Console.progress("inclusion proofs")
    let proofs = try await proofs()
    Console.progress("appends")
    let rows = try await appends() + [try await appendsBySize()] + verifications
    return LedgerReport(
      processors: ProcessInfo.processInfo.activeProcessorCount, size: size, byteCount: bytes, rows: rows, peakMemory: memory, starts: start,
      proofs: proofs)
  }

  // MARK: The ledgers

  private func path(_ name: String) -> String { "\(folder)/\(name).sqlite" }

  private func make(_ name: String, size: Int) async throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let journal = try await Journal.open(try SQLiteStore(path: path(name)), signer: signer, clock: FixedClock())
    for first in stride(from: 0, to: size, by: Self.groupSize) {
      try await Self.append((first..<min(first + Self.groupSize, size)).map(Self.draft), to: journal)
      if Task.isCancelled { break }
    }
    await journal.close()
  }

  private static func append(_ drafts: [EntryDraft], to journal: Journal) async throws {
    guard try await journal.commit(Change(entries: drafts)).committed != nil else { throw wrong("append") }
  }

  /// What a message leaves on the ledgers: that it was sent, and its receipt. The same for the same index.
  static func draft(_ index: Int) -> EntryDraft {
    let digest = SHA256.hash("message \(index / 2)")
    let time = FixedClock.time.adding(milliseconds: Int64(index / 2))
    let id = MessageID(at: time, random: Array(digest.bytes.prefix(10)))
    guard index.isMultiple(of: 2) else {
      return EntryDraft(
        kind: "receipt.received", corridor: "CN-SG", messageID: id, payloadDigest: digest, actor: "SG", claimedTime: time,
        extra: [
          "outcome": "accepted", "partnerIndex": .number(JSONNumber(index)), "partnerRoot": .string(digest.hex),
          "partnerSize": .number(JSONNumber(index + 1)), "receipt": .string(digest.hex),
        ])
    }
    return EntryDraft(
      kind: "declaration.sent", corridor: "CN-SG", subject: digest, messageID: id, payloadDigest: digest, fieldsRoot: digest, actor: "CN",
      versions: ["policy": "cn-sg-clearance/1", "profile": "uncefact.xml/d23b", "registry": "1", "source": "cn.decmessage/5.0"],
      extra: ["envelope": .string(digest.hex)])
  }

  private static func wrong(_ step: String) -> CausewayError { CausewayError("bench.wrong_result", facts: ["step": step]) }

  // MARK: Start

  /// Times from nothing to a journal that takes changes, with nothing of the file in the system's memory; in nanoseconds.
  private func starts() async throws -> [Double] {
    var times: [Double] = []
    for _ in 0..<(isQuick ? 2 : 9) {
      try forgetFile()
      let begin = Stopwatch.now()
      let journal = try await Journal.open(try SQLiteStore(path: path("large")), signer: signer, clock: FixedClock())
      times.append(Stopwatch.now() - begin)
      let (fault, head) = (await journal.fault, await journal.latestCheckpoint)
      await journal.close()
      guard fault == nil, head?.size == size else { throw Self.wrong("start") }
    }
    return times
  }

  private func forgetFile() throws(CausewayError) {
    let file = open(path("large"), O_RDONLY)
    guard file >= 0, fsync(file) == 0, posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) == 0 else {
      throw CausewayError("bench.raw_call", facts: ["call": "posix_fadvise"])
    }
    close(file)
  }

  // MARK: Verification

  /// What an audit computes, on bytes that lie in memory, and the command that reads all of it from the store. Costs are per entry.
  private func verify() async throws -> (rows: [Stages.Row], byteCount: Int, peakMemory: Int) {
    let store = try SQLiteStore(readingFrom: path("large"))
    let (size, key, rounds) = (size, signer.verifierKey, isQuick ? 1 : 3)
    var (whole, computing, floor): ([Double], [Double], [Double]) = ([], [], [])
    var (bytes, memory) = (0, 0)
    for _ in 0..<rounds {
      let (time, count, peak) = try await store.read { reader throws(CausewayError) in
        var (time, report) = (0.0, AuditReport())
        let peak = try Memory.highest { () throws(CausewayError) in
          time = try Stopwatch.processorTime { () throws(CausewayError) in
            report = try reader.auditLedger(origin: key.name, keys: [key])
          }
        }
        guard report.isSound, report.entryCount == size, report.checkpoint?.size == size else { throw Self.wrong("verification") }
        return (time, report.byteCount, peak)
      }
      whole.append(time)
      (bytes, memory) = (count, max(memory, peak))
      let (audit, hashes) = try await auditTime(store)
      computing.append(audit)
      floor.append(hashes)
    }
    await store.close()
    func row(_ name: String, _ times: [Double], _ floorName: String) -> Stages.Row {
      let cost = Comparison(candidate: Stopwatch.median(times), floor: Stopwatch.median(floor), rounds: rounds)
      return Stages.Row(name: name, cost: cost.divided(by: size), floor: floorName)
    }
    let floorName = "OpenSSL SHA-256 of each entry's bytes, on one core"
    return ([row("parse, chain, tree", computing, floorName), row("ledger verify", whole, floorName)], bytes, memory)
  }

  /// Processor time of parsing all entries and following chain and tree to the signed root, and of hashing their bytes; both without the
  /// reading, page by page of the same bytes.
  private func auditTime(_ store: SQLiteStore) async throws -> (audit: Double, hashes: Double) {
    let note = try await store.read { reader throws(CausewayError) in try reader.latestCheckpoint()?.note ?? [] }
    let signed = try SignedCheckpoint.verify(note, origin: Self.origin, keys: [signer.verifierKey])
    var audit = LedgerAudit(checkpoints: [signed])
    var (time, hashes, next) = (0.0, 0.0, 0)
    while next < size {
      let start = next
      let page = try await store.read { reader throws(CausewayError) in try reader.entries(from: start, limit: 1000).map(\.bytes) }
      time += try Stopwatch.processorTime { () throws(CausewayError) in for bytes in page { try audit.add(bytes) } }
      hashes += try Stopwatch.processorTime { () throws(CausewayError) in for bytes in page { try crypto.hash(bytes) } }
      next += page.count
      guard !page.isEmpty else { throw Self.wrong("verification") }
    }
    guard try audit.finish().isSound else { throw Self.wrong("verification") }
    return (time, hashes)
  }

  // MARK: Proofs

  /// Times of proofs for entries by chance, each from its own snapshot, in nanoseconds.
  private func proofs() async throws -> [Double] {
    let store = try SQLiteStore(readingFrom: path("large"))
    let size = size
    var times: [Double] = []
    for _ in 0..<(isQuick ? 200 : 20_000) {
      let index = Int.random(in: 0..<size)
      let begin = Stopwatch.now()
      let proof = try await store.read { reader throws(CausewayError) in try reader.inclusionProof(index: index, size: size) }
      times.append(Stopwatch.now() - begin)
      if times.count.isMultiple(of: 100) {
        let (entry, note) = try await store.read { reader throws(CausewayError) in
          (try reader.entries(from: index, limit: 1).first?.bytes ?? [], try reader.latestCheckpoint()?.note ?? [])
        }
        try proof.verify(entry: entry, in: try SignedCheckpoint.verify(note, origin: Self.origin, keys: [signer.verifierKey]))
      }
    }
    await store.close()
    return times
  }

  // MARK: Appends

  /// Many writers, each of which waits until its entry is durable before it writes the next; beside the same rows, and beside one plain table.
  /// Costs are per entry.
  private func appends() async throws -> [Stages.Row] {
    let journal = try await Journal.open(try SQLiteStore(path: path("writers")), signer: signer, clock: SystemClock())
    let (rows, plain) = (try RawLedgerRows(path: path("rows")), try RawSQLite(path: path("raw")))
    let each = isQuick ? 2 : 64
    let changes = Self.changes(Self.writers * each)
    var group: [Entry] = []
    for change in changes.prefix(Self.writers) {
      group.append(
        try Entry(
          change.entries[0], index: 1000 + group.count, now: FixedClock.time, notBefore: nil,
          previous: group.last?.leafHash ?? Entry.genesis))
    }
    let entries = group
    let besideRows = try await Stopwatch.compareTotals(rounds: isQuick ? 2 : 12) {
      try await Self.commit(changes, to: journal)
    } floor: {
      for _ in 0..<each { try rows.store(entries) }
    }
    let besidePlain = try await Stopwatch.compareTotals(rounds: isQuick ? 2 : 12) {
      try await Self.commit(changes, to: journal)
    } floor: {
      for _ in 0..<each { try plain.store(entries[0].bytes, count: Self.writers) }
    }
    await journal.close()
    let name = "append, \(Self.writers) writers"
    return [
      Stages.Row(
        name: name, cost: besideRows.divided(by: changes.count),
        floor: "SQLite inserts of the same rows, \(Self.writers) entries a commit, synchronous=FULL"),
      Stages.Row(
        name: "\(name), plain", cost: besidePlain.divided(by: changes.count),
        floor: "SQLite inserts of as many bytes into one table, \(Self.writers) a commit, synchronous=FULL"),
    ]
  }

  /// The same writers at the end of the large ledger and at that of the small one.
  private func appendsBySize() async throws -> Stages.Row {
    let large = try await Journal.open(try SQLiteStore(path: path("large")), signer: signer, clock: SystemClock())
    let small = try await Journal.open(try SQLiteStore(path: path("small")), signer: signer, clock: SystemClock())
    let changes = Self.changes(Self.writers * (isQuick ? 1 : 4))
    let cost = try await Stopwatch.compareTotals(rounds: isQuick ? 2 : 60) {
      try await Self.commit(changes, to: large)
    } floor: {
      try await Self.commit(changes, to: small)
    }
    await large.close()
    await small.close()
    return Stages.Row(
      name: "append at \(size)", cost: cost.divided(by: changes.count),
      floor: "the same to a ledger that begins with \(min(size, Self.smallSize)) entries")
  }

  /// Made beforehand: what is to be recorded is the caller's work.
  private static func changes(_ count: Int) -> [Change] { (0..<count).map { Change(entries: [draft(1000 + $0)]) } }

  /// Writers take their changes from one heap, so that all of them are busy until the end.
  private static func commit(_ changes: [Change], to journal: Journal) async throws {
    let heap = Heap()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<writers {
        group.addTask {
          while true {
            let number = heap.taken.add(1, ordering: .relaxed).oldValue
            guard number < changes.count else { return }
            guard try await journal.commit(changes[number]).committed != nil else { throw wrong("append") }
          }
        }
      }
      try await group.waitForAll()
    }
  }
}

/// Work that several writers share.
private final class Heap: Sendable {
  let taken = Atomic(0)
}

/// A clock that stands still: what is made by it is the same each time.
private struct FixedClock: WallClock {
  static let time = Instant(milliseconds: 1_780_000_000_000)

  func now() -> Instant { Self.time }
}
