import Exchange
import Primitives
import Synchronization

/// The circuit breaker of each partner, as far as this process has tried to reach it. What is owed to a partner is in the journal; this only says
/// whether trying now makes sense.
final class PartnerCircuits: Sendable {
  private let breakers = Mutex<[ByteString: CircuitBreaker]>([:])
  /// When nothing for a partner was found to be too old.
  private let nothingOld = Mutex<[ByteString: Instant]>([:])

  /// For how long nobody looks again: among many that wait the oldest are not found for nothing. Seconds.
  private static let ageCheck: Int64 = 10

  subscript(_ partner: String) -> CircuitBreaker {
    get { breakers.withLock { $0[ByteString(partner)] ?? CircuitBreaker() } }
  }

  /// Whether to look for what has become too old while a partner is left alone.
  func isAgeCheckDue(_ partner: String, at now: Instant) -> Bool {
    nothingOld.withLock { $0[ByteString(partner)].map { now < $0 || $0.adding(seconds: Self.ageCheck) <= now } ?? true }
  }

  func noteNothingOld(_ partner: String, at now: Instant) { nothingOld.withLock { $0[ByteString(partner)] = now } }

  /// Asks or tells the breaker of one partner, at one moment.
  func update<Result: Sendable>(_ partner: String, _ body: (inout CircuitBreaker) -> Result) -> Result {
    breakers.withLock { body(&$0[ByteString(partner), default: CircuitBreaker()]) }
  }
}
