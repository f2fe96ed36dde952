import Foundation
import Gateway
import JSONTree
import Journal
import Ledger
import Primitives
import Synchronization
import TestSupport
import Testing

@testable import CausewayCLI

/// `kill -9` at every step of the path, of either gateway, and at any other moment: every clearance finishes, everything takes effect
/// once, both sides hold the same receipts, both ledgers stay sound. One journal is PostgreSQL's, the other one a file.
@Suite(.serialized, .oneAtATime) struct KillTests {
  /// How one life of a gateway ends.
  enum Death: Sendable, CustomStringConvertible {
    case at(StepPoint, Int)
    case after(milliseconds: Int)

    var description: String {
      switch self {
      case .at(let point, let count): "\(point.rawValue):\(count)"
      case .after(let milliseconds): "after \(milliseconds) ms"
      }
    }
  }

  /// What each gateway goes through. A count above 1 lets the first moments of that kind pass, so that messages of every kind are hit.
  static func deaths(of economy: String) -> [Death] {
    var counts: [(StepPoint, ClosedRange<Int>)] = [
      (.outboundSealed, 1...3), (.outboundRecorded, 1...3), (.outboundDelivered, 1...3), (.outboundReceipted, 1...3),
      (.inboundVerified, 1...3), (.inboundRecorded, 1...3), (.inboundHandedOver, 1...2), (.statusReported, 1...2),
    ]
    counts +=
      economy == "CN"
      ? [(.outboundReceived, 1...2), (.outboundTranslated, 1...2)] : [(.inboundTranslated, 1...2), (.supplementAnswered, 1...2)]
    let planned = counts.flatMap { point, range in range.map { Death.at(point, $0) } }
    var random = SplitMix(state: economy == "CN" ? 20_261_121 : 20_261_122)
    // Mixed, so that the two gateways do not walk in step.
    return (0..<rounds).flatMap { _ in
      (planned + (0..<7).map { _ in .after(milliseconds: Int.random(in: 0...900, using: &random)) }).shuffled(using: &random)
    }
  }

  /// Of the kills that are asked for, one in forty is that of a whole gateway; in each run of the tests, one in five.
  private static let rounds = max(1, (ProcessInfo.processInfo.environment["CAUSEWAY_KILLS"].flatMap { Int($0) } ?? 300) / 2500)

  /// Deaths that happened, by economy and kind, and clearances that finished.
  final class Tally: Sendable {
    private let counts = Mutex<[String: Int]>([:])
    private let ids = Mutex<[String]>([])
    private let open: Mutex<Int>

    init(gateways: Int) { open = Mutex(gateways) }

    func count(_ key: String) { counts.withLock { $0[key, default: 0] += 1 } }
    func finish() { open.withLock { $0 -= 1 } }
    var isFinished: Bool { open.withLock { $0 <= 0 } }
    func clear(_ id: String) { ids.withLock { $0.append(id) } }
    var cleared: [String] { ids.withLock { $0 } }
    var all: [String: Int] { counts.withLock { $0 } }
  }

  @Test func everyClearanceFinishesOnceWhereverAGatewayIsKilled() async throws {
    let name = "kills-\(UUID().uuidString)"
    let world = try World(isFolderWatched: true, journal: try PostgresCluster.shared.database(name))
    defer {
      world.end()
      PostgresCluster.drop(name)
    }
    let tally = Tally(gateways: 2)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for site in world.sites { group.addTask { try await live(world, site, tally) } }
      // Several consignments at a time, so that something is always under way when a gateway dies.
      for lane in 0..<3 {
        group.addTask {
          var number = lane
          while !tally.isFinished {
            let id = try await world.clear(try World.declaration(number: number), key: "kill-\(number)")
            tally.clear(id)
            number += 3
          }
        }
      }
      group.addTask {
        while !tally.isFinished { try await world.singapore.takeDocuments() }
      }
      try await group.waitForAll()
    }
    let ids = tally.cleared
    try await world.quiet()
    let kills = tally.all.values.reduce(0, +)
    print("kills: \(kills) over \(ids.count) clearances; the journal of CN is PostgreSQL's, that of SG a file")
    for (key, count) in tally.all.sorted(by: { $0.key < $1.key }) { print("  \(key)  \(count)") }
    #expect(kills >= 60)
    let points = Set(tally.all.keys.compactMap { $0.split(separator: " ").last.map(String.init) })
    #expect(points.isSuperset(of: StepPoint.allCases.map(\.rawValue)), "every point is reached")
    try await expectEachFile(world, ids)
    try await world.expectOneEffect(ids)
    try await DemoRun.verifyLedgers(world.demo)
  }

  /// The lives of one gateway, one after the other; the last one stays.
  private func live(_ world: World, _ site: DemoWorld.Site, _ tally: Tally) async throws {
    for death in Self.deaths(of: site.economy) {
      var stopAt: String?
      if case .at(let point, let count) = death { stopAt = "\(point.rawValue):\(count)" }
      let process = try await world.start(site, stopAt: stopAt)
      if case .after(let milliseconds) = death {
        try await Task.sleep(for: .milliseconds(milliseconds))
        process.kill()
      } else {
        let deadline = ContinuousClock.now + .seconds(60)
        while process.isRunning, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(10)) }
        if process.isRunning {
          Issue.record("\(site.economy) did not reach \(death) within a minute")
          process.kill()
          continue
        }
      }
      #expect(process.endingSignal == SIGKILL, "\(site.economy) \(death)")
      if case .at(let point, _) = death { tally.count("\(site.economy) \(point.rawValue)") } else { tally.count("\(site.economy) any") }
    }
    try await world.start(site)
    tally.finish()
  }

  private func expectEachFile(_ world: World, _ ids: [String]) async throws {
    // Nobody takes documents from the inbox at CN, so all of them come to the folder: a repeated hand-over overwrites its own file.
    let files = try FileManager.default.contentsOfDirectory(atPath: world.cn.folder + "/handover").filter { $0.hasSuffix(".json") }
    #expect(files.count == 4 * ids.count)
    for file in files {
      let item = try JSONValue.parse(try Files.read(world.cn.folder + "/handover/" + file))
      #expect(item["sequence"]?.int.map { "\($0)-status.json" } == file)
    }
  }
}

extension World {
  /// Clearances that went all the way, and nothing twice: the same messages and receipts on both sides, one hand-over of each document, sound
  /// ledgers.
  func expectOneEffect(_ ids: [String]) async throws {
    #expect(Set(ids).count == ids.count)
    let (china, singapore) = (try await Traces.read(self, cn, ids), try await Traces.read(self, sg, ids))
    for (side, traces) in [("CN", china), ("SG", singapore)] {
      #expect(traces.clearances.sorted() == ids.sorted(), "\(side): one clearance for each declaration")
      #expect(Set(traces.ucrs).count == ids.count, "\(side): one consignment each")
    }
    for id in ids {
      let (left, right) = (china.messages[id] ?? [:], singapore.messages[id] ?? [:])
      #expect(left.count == 7 && Set(left.keys) == Set(right.keys), "\(id): the same seven messages on both sides")
      for (message, one) in left {
        let other = try #require(right[message])
        #expect(one.kind == other.kind && one.digest == other.digest && one.digest != nil)
        #expect(one.receipt != nil && one.receipt == other.receipt, "\(message): one receipt, the same bytes")
        #expect(Set([one.state, other.state]) == ["delivered", "handled"], "\(message): \(one.state), \(other.state)")
      }
      #expect(left.values.map(\.kind).sorted() == ["declaration"] + Array(repeating: "status", count: 6))
      #expect(china.inbox[id]?.sorted() == Array(repeating: "status", count: 4), "\(id): what CN was handed")
      #expect(singapore.inbox[id]?.sorted() == ["declaration", "lodgement", "status", "status"], "\(id): what SG was handed")
    }
    for traces in [china, singapore] {
      for (message, kinds) in traces.entries {
        #expect(
          kinds.filter { $0.hasSuffix(".sent") || $0.hasSuffix(".received") && $0 != "receipt.received" }.count == 1, "\(message): \(kinds)"
        )
        #expect(kinds.filter { $0 == "receipt.received" }.count <= 1, "\(message): \(kinds)")
      }
    }
    for site in sites {
      let verified = try Self.run(["ledger", "verify", "--config", site.configuration])
      #expect(verified.status == 0, "\(verified.output)")
    }
  }
}

/// What a gateway's journal holds about some clearances.
struct Traces: Sendable {
  struct Message: Sendable {
    let kind: String
    let state: String
    let digest: Digest?
    let receipt: [UInt8]?
  }

  var clearances: [String] = []
  var ucrs: [String] = []
  /// By clearance, by message id.
  var messages: [String: [String: Message]] = [:]
  /// Kinds of the documents handed to the local side, by clearance.
  var inbox: [String: [String]] = [:]
  /// Kinds of the ledger entries, by message id.
  var entries: [String: [String]] = [:]

  static func read(_ world: World, _ site: DemoWorld.Site, _ ids: [String]) async throws -> Traces {
    try await world.journal(site) { reader throws(CausewayError) in
      var traces = Traces()
      let records = try reader.clearances(ClearanceQuery(limit: 1000))
      traces.clearances = records.map(\.id)
      traces.ucrs = records.map(\.ucr)
      for id in ids {
        var messages: [String: Message] = [:]
        for record in try reader.messages(MessageQuery(clearance: id, limit: 1000)) {
          messages[record.id.text] = Message(kind: record.kind, state: record.state, digest: record.payloadDigest, receipt: record.receipt)
        }
        traces.messages[id] = messages
        let waiting = try reader.inbox(consumer: "local", after: 0, clearance: id, acknowledged: false, limit: 1000)
        let taken = try reader.inbox(consumer: "local", after: 0, clearance: id, acknowledged: true, limit: 1000)
        traces.inbox[id] = (waiting + taken).map(\.kind)
      }
      var from = 0
      while let page = Optional(try reader.entries(from: from, limit: 1000)), let last = page.last {
        for stored in page {
          let draft = try Entry(parsing: stored.bytes).draft
          if let message = draft.messageID { traces.entries[message.text, default: []].append(draft.kind) }
        }
        from = last.index + 1
      }
      return traces
    }
  }
}
