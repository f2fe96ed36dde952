import Exchange
import Primitives
import Synchronization

/// The circuit breaker of each partner, as far as this process has tried to reach it. What is owed to a partner is in the journal; this only says
/// whether trying now makes sense.
final class PartnerCircuits: Sendable {
  private let breakers = Mutex<[ByteString: CircuitBreaker]>([:])

  subscript(_ partner: String) -> CircuitBreaker {
    get { breakers.withLock { $0[ByteString(partner)] ?? CircuitBreaker() } }
  }

  /// Asks or tells the breaker of one partner, at one moment.
  func update<Result: Sendable>(_ partner: String, _ body: (inout CircuitBreaker) -> Result) -> Result {
    breakers.withLock { body(&$0[ByteString(partner), default: CircuitBreaker()]) }
  }
}
