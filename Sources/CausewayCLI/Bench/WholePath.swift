import Exchange
import JSONTree
import Journal
import JournalSQLite
import Primitives

/// Two gateways as processes of their own, with mutual TLS and a journal each: how fast declarations go from one to the other.
struct WholePath {
  /// What one run gave.
  struct Figures: Sendable {
    let inFlight: Int
    let declarations: Int
    /// From the first submission to the last verified receipt, in nanoseconds.
    let elapsed: Double
    /// From submission to verified receipt, each, in nanoseconds.
    let latencies: [Double]
    /// Processor time of both gateways until the last document was ready for the destination's single window, in nanoseconds.
    let processorTime: Double

    var processorTimeEach: Double { processorTime / Double(declarations) }
    func latency(_ rank: Double) -> Double { Stopwatch.percentile(rank, of: latencies) }
  }

  let world: DemoWorld
  private let gateways: [GatewayProcess]
  private let journals: [SQLiteStore]

  /// Starts both gateways.
  static func start(_ world: DemoWorld) async throws -> WholePath {
    let gateways = [try GatewayProcess(world.cn), try GatewayProcess(world.sg)]
    do {
      for gateway in gateways { try await gateway.waitUntilReady() }
      let journals = try gateways.map { try SQLiteStore(readingFrom: $0.site.folder + "/data/journal.sqlite") }
      return WholePath(world: world, gateways: gateways, journals: journals)
    } catch {
      for gateway in gateways { gateway.stop() }
      throw error
    }
  }

  func stop() async {
    for journal in journals { await journal.close() }
    for gateway in gateways { gateway.stop() }
  }

  /// Submits a document `count` times, `inFlight` at a time: the next one when the receipt for an earlier one is verified.
  ///
  /// - Throws: `bench.not_delivered` when one is refused or does not come through in a minute; what submitting throws.
  func run(_ document: [UInt8], count: Int, inFlight: Int) async throws -> Figures {
    let handledBefore = try await handled()
    let processorTimeBefore = processorTime
    let begin = Stopwatch.now()
    let latencies = try await withThrowingTaskGroup(of: [Double].self) { group in
      for worker in 0..<inFlight {
        let share = count / inFlight + (worker < count % inFlight ? 1 : 0)
        group.addTask {
          var latencies: [Double] = []
          for _ in 0..<share { latencies.append(try await Stopwatch.elapsed { try await self.deliver(document) }) }
          return latencies
        }
      }
      return try await group.reduce(into: []) { $0 += $1 }
    }
    let elapsed = Stopwatch.now() - begin
    try await waitUntil { try await self.handled() >= handledBefore + count }
    return Figures(
      inFlight: inFlight, declarations: count, elapsed: elapsed, latencies: latencies, processorTime: processorTime - processorTimeBefore)
  }

  private var processorTime: Double { gateways.map { Stopwatch.processorTime(of: $0.processIdentifier) }.reduce(0, +) }

  /// The document under a local reference of its own, so that it is another declaration. The length stays.
  static func numbered(_ document: [UInt8]) -> [UInt8] {
    let open = Array("<ClientSeqNo>".utf8)
    guard let start = document.firstRange(of: open)?.upperBound, let end = document[start...].firstIndex(of: 0x3C) else { return document }
    let reference = "B" + ClearanceID.random().text.uppercased()
    var copy = document
    copy.replaceSubrange(start..<end, with: reference.utf8.prefix(end - start))
    return copy
  }

  /// One declaration from submission to verified receipt. The state is read from the sender's journal, which costs the gateway nothing.
  private func deliver(_ document: [UInt8]) async throws {
    // The same document again and again: only its reference makes it another consignment.
    let reference = ClearanceID.random().text.uppercased()
    let answer = try await world.cn.inside.call(
      "POST", "/v1/declarations?profile=cn.decmessage&corridor=CN-SG&ucr=6CN\(reference)", headers: ["Idempotency-Key": reference],
      body: document)
    guard let id = answer["messageId"]?.string.flatMap(MessageID.init) else {
      throw CausewayError("bench.not_delivered", facts: ["state": "unknown"])
    }
    try await waitUntil {
      let message = try await self.journals[0].read { reader throws(CausewayError) in try reader.message(id) }
      guard let message, ["received", "sealed", "delivered"].contains(message.state) else {
        let state = message.map { [$0.state, $0.reason?.rawValue].compactMap { $0 }.joined(separator: ", ") }
        throw CausewayError("bench.not_delivered", facts: ["state": state ?? "unknown"])
      }
      return message.state == "delivered"
    }
  }

  /// How many documents the destination has done everything for.
  private func handled() async throws(CausewayError) -> Int {
    let counts = try await journals[1].read { reader throws(CausewayError) in try reader.messageCounts() }
    return counts.reduce(0) { $0 + ($1.direction == .inbound && $1.state == "handled" ? $1.count : 0) }
  }

  private func waitUntil(_ holds: () async throws -> Bool) async throws {
    let deadline = Stopwatch.now() + 60e9
    while !(try await holds()) {
      guard Stopwatch.now() < deadline else { throw CausewayError("bench.not_delivered", facts: ["state": "waiting"]) }
      try await Task.sleep(for: .microseconds(500))
    }
  }
}
