import Exchange
import Gateway
import Glibc
import JSONTree
import Journal
import Primitives

/// Two gateways as processes of their own, with mutual TLS and a journal each: how fast declarations go from one to the other.
///
/// The client works on the same processors as the gateways, and costs as little as it can: one look at each journal for all declarations that are on
/// their way, however many there are, a millisecond after the last look, or a fiftieth of the time that the oldest has been on its way when that is more. What
/// it costs is counted and reported.
struct WholePath {
  /// What one run gave.
  struct Figures: Sendable {
    let inFlight: Int
    let declarations: Int
    /// From the first submission until nothing is on its way any more, the statuses that answer the declarations included, in nanoseconds.
    let elapsed: Double
    /// From submission until the receipt is verified at the sender and the draft is with the destination's single window, each, in nanoseconds. Too long
    /// by the pause between two looks at most: a millisecond, or 2 %.
    let latencies: [Double]
    /// From submission until the receipt is verified, each, likewise.
    let receiptLatencies: [Double]
    /// Processor time of both gateways until nothing is on its way any more, in nanoseconds.
    let processorTime: Double
    /// The same of the client, this process.
    let clientTime: Double

    var elapsedEach: Double { elapsed / Double(declarations) }
    var processorTimeEach: Double { processorTime / Double(declarations) }
    var clientTimeEach: Double { clientTime / Double(declarations) }
    func latency(_ rank: Double) -> Double { Stopwatch.percentile(rank, of: latencies) }
    func receiptLatency(_ rank: Double) -> Double { Stopwatch.percentile(rank, of: receiptLatencies) }
  }

  /// Between two looks, at least.
  private static let pause = Duration.milliseconds(1)

  let world: DemoWorld
  private let gateways: [GatewayProcess]
  /// The sender's and the destination's, for reading.
  private let journals: [any JournalStore]

  /// Starts both gateways.
  static func start(_ world: DemoWorld) async throws -> WholePath {
    let gateways = [try GatewayProcess(world.cn), try GatewayProcess(world.sg)]
    var journals: [any JournalStore] = []
    do {
      for gateway in gateways {
        try await gateway.waitUntilReady()
        journals.append(try await Composition.store(reading: try Composition.configuration(at: gateway.site.configuration)))
      }
      return WholePath(world: world, gateways: gateways, journals: journals)
    } catch {
      for journal in journals { await journal.close() }
      for gateway in gateways { gateway.stop() }
      throw error
    }
  }

  func stop() async {
    for journal in journals { await journal.close() }
    for gateway in gateways { gateway.stop() }
  }

  /// Submits a document `count` times, `inFlight` at a time: the next one when an earlier one is receipted and handed over.
  ///
  /// - Throws: `bench.not_delivered` when one is refused or does not come through in a minute; what submitting throws.
  func run(_ document: [UInt8], count: Int, inFlight: Int) async throws -> Figures {
    var idle = try (0..<inFlight).map { _ throws(CausewayError) in try PlainConnection(to: world.cn) }
    let (gatewaysBefore, clientBefore) = (processorTime, Stopwatch.processorTime(of: getpid()))
    let begin = Stopwatch.now()
    let done = try await withThrowingTaskGroup(of: Event.self) { group in
      var (submitted, done, onTheWay) = (0, [Underway](), [Underway]())
      func submit() {
        submitted += 1
        let connection = idle.removeLast()
        group.addTask { .submitted(try await Self.submit(document, over: connection), connection) }
      }
      func wait() {
        let age = onTheWay.map { Stopwatch.now() - $0.begin }.max() ?? 0
        group.addTask {
          try await Task.sleep(for: max(Self.pause, .nanoseconds(Int64(age / 50))))
          return .paused
        }
      }
      while submitted < min(count, inFlight) { submit() }
      wait()
      while done.count < count, let event = try await group.next() {
        switch event {
        case .submitted(let declaration, let connection):
          onTheWay.append(declaration)
          idle.append(connection)
        case .paused:
          try await look(&onTheWay)
          let arrived = onTheWay.filter(\.isDone)
          onTheWay.removeAll(where: \.isDone)
          done += arrived
          for _ in 0..<min(arrived.count, count - submitted) { submit() }
          wait()
        }
      }
      group.cancelAll()
      return done
    }
    try await waitForStatuses()
    return Figures(
      inFlight: inFlight, declarations: count, elapsed: Stopwatch.now() - begin,
      latencies: done.map { max($0.receipted, $0.handedOver) - $0.begin }, receiptLatencies: done.map { $0.receipted - $0.begin },
      processorTime: processorTime - gatewaysBefore, clientTime: Stopwatch.processorTime(of: getpid()) - clientBefore)
  }

  private enum Event: Sendable {
    case submitted(Underway, PlainConnection)
    case paused
  }

  /// A declaration that was submitted, and when the client saw how far it is: 0 until then.
  private struct Underway: Sendable {
    let id: MessageID
    let begin: Double
    var receipted = 0.0
    var handedOver = 0.0

    var isDone: Bool { receipted > 0 && handedOver > 0 }
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

  private static func submit(_ document: [UInt8], over connection: PlainConnection) async throws(CausewayError) -> Underway {
    // The same document again and again: only its reference makes it another consignment.
    let reference = ClearanceID.random().text.uppercased()
    let begin = Stopwatch.now()
    let answer = try await connection.post(
      "/v1/declarations?profile=cn.decmessage&corridor=CN-SG&ucr=6CN\(reference)", idempotencyKey: reference, document)
    guard let id = answer["messageId"]?.string.flatMap(MessageID.init) else {
      throw CausewayError("bench.not_delivered", facts: ["state": "unknown"])
    }
    return Underway(id: id, begin: begin)
  }

  // MARK: - Looking

  /// One look at each journal, which the gateways do not notice.
  private func look(_ declarations: inout [Underway]) async throws {
    let delivered = try await found(
      declarations.filter { $0.receipted == 0 }, in: journals[0], .delivered, or: [.refused, .refusedByPartner, .dead])
    var now = Stopwatch.now()
    for index in declarations.indices where delivered.contains(declarations[index].id) { declarations[index].receipted = now }
    // Who has no receipt yet has hardly been handed over.
    let handled = try await found(declarations.filter { $0.receipted > 0 && $0.handedOver == 0 }, in: journals[1], .handled, or: [.dead])
    now = Stopwatch.now()
    for index in declarations.indices where handled.contains(declarations[index].id) { declarations[index].handedOver = now }
    if let late = declarations.first, now - late.begin > 60e9 { throw CausewayError("bench.not_delivered", facts: ["state": "waiting"]) }
  }

  /// Those of the declarations that stand in a state.
  ///
  /// - Throws: `bench.not_delivered` when one stands in one of the `failures`, or was handled and no draft came of it.
  private func found(
    _ declarations: [Underway], in journal: any JournalStore, _ state: MessageState, or failures: [MessageState]
  ) async throws(CausewayError) -> Set<MessageID> {
    guard !declarations.isEmpty else { return [] }
    var query = MessageQuery(states: ([state] + failures).map(\.rawValue), limit: declarations.count, withDetails: false)
    query.ids = declarations.map(\.id)
    // Behind nothing: so that the database looks up the ids, and not all that stand in the states.
    query.after = 0
    return try await journal.read { [query] reader throws(CausewayError) in
      let messages = try reader.messages(query)
      for message in messages {
        var problem: String?
        if message.state != state.rawValue {
          problem = [message.state, message.reason?.rawValue].compactMap { $0 }.joined(separator: ", ")
        } else if state == .handled, try reader.payloadSummary(owner: message.id.text, kind: PayloadKind.local.rawValue) == nil {
          problem = "no draft"
        }
        if let problem { throw CausewayError("bench.not_delivered", facts: ["state": problem]) }
      }
      return Set(messages.map(\.id))
    }
  }

  /// Until the destination has nothing left to deliver: every declaration is answered by a status, which is receipted in its turn.
  private func waitForStatuses() async throws {
    let deadline = Stopwatch.now() + 60e9
    let query = MessageQuery(direction: .outbound, states: [MessageState.sealed, .dead].map(\.rawValue), limit: 1, withDetails: false)
    while let status = try await journals[1].read({ reader throws(CausewayError) in try reader.messages(query).first }) {
      guard status.state == MessageState.sealed.rawValue, Stopwatch.now() < deadline else {
        throw CausewayError("bench.not_delivered", facts: ["state": status.state])
      }
      try await Task.sleep(for: Self.pause)
    }
  }
}
