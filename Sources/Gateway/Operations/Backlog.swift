import Journal
import Primitives
import Synchronization

/// How many messages of each corridor this gateway has taken in and not delivered yet, as far as is needed to say whether it takes in more.
///
/// Counted in the journal at most once a second; in between what was taken in is added and what was delivered is not taken off, so that the
/// bound holds, but for what is being written at that moment. Of several gateways on one journal each sees what the others took in when it counts again.
final class Backlog: Sendable {
  struct Count: Sendable {
    var messages: Int
    var counted: Instant
  }

  private let counts = Mutex<[ByteString: Count]>([:])

  subscript(_ corridor: String) -> Count? { counts.withLock { $0[ByteString(corridor)] } }

  func set(_ corridor: String, _ messages: Int, at now: Instant) {
    counts.withLock { $0[ByteString(corridor)] = Count(messages: messages, counted: now) }
  }

  /// Takes a place, if there is one.
  func take(_ corridor: String, of limit: Int) -> Bool {
    counts.withLock { counts in
      guard let messages = counts[ByteString(corridor)]?.messages, messages < limit else { return false }
      counts[ByteString(corridor)]?.messages += 1
      return true
    }
  }
}

extension GatewayNode {
  /// What is acknowledged and not delivered: taken in, or sealed and in the outbox.
  private static let undelivered = [MessageState.received.rawValue, MessageState.sealed.rawValue]
  /// After which an estimate is counted anew, and after which a caller who was turned away is to come again. Seconds.
  private static let recount: Int64 = 1
  private static let pause = 10

  /// Takes a place in the corridor's backlog for a document that is about to be taken in.
  ///
  /// - Throws: `receive.backlog`: the corridor holds as many undelivered messages as the configuration allows.
  func checkBacklog(of corridor: String) async throws(CausewayError) {
    let (limit, now) = (configuration.limits.undeliveredMessages, clock.now())
    let isOld = backlog[corridor].map { $0.counted.adding(seconds: Self.recount) <= now || now < $0.counted } ?? true
    if isOld { backlog.set(corridor, try await undelivered(in: corridor), at: now) }
    if backlog.take(corridor, of: limit) { return }
    metrics.count("gateway_backlog_refusals_total", [("corridor", corridor)])
    throw CausewayError("receive.backlog", facts: ["limit": String(limit), CausewayError.retryAfter: String(Self.pause)])
  }

  private func undelivered(in corridor: String) async throws(CausewayError) -> Int {
    try await journal.read { reader throws(CausewayError) in
      let query = MessageQuery(direction: .outbound, corridor: corridor, states: Self.undelivered, limit: 1000)
      return try reader.messageCount(query)
    }
  }
}
