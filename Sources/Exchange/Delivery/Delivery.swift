package import Primitives

/// One message on its way to a partner: how often it was tried, when it may go again, and whether it still goes at all.
///
/// A pure value. The outbox holds one for each message that is owed; each event is applied to what the outbox holds, and the outcome is written
/// back before anything else happens. All attempts carry the same envelope under the same id: the partner knows by it what it has seen.
/// The model test (Tests/ModelTests) explores this very value.
package struct Delivery: Hashable, Sendable {
  package enum Standing: Hashable, Sendable {
    case waiting
    /// The partner's receipt is there, whatever it says.
    case settled
    /// Waits for a person, and no longer holds up what is behind it.
    case givenUp
  }

  package enum Event: Hashable, Sendable {
    /// The partner's receipt for this very message has been verified.
    case receipt
    /// An attempt came to nothing, or could not be made.
    case failure(ErrorCode)
    /// A person or a rule wants it tried again.
    case replay
  }

  /// What an operator sets.
  package struct Terms: Hashable, Sendable {
    package let backoff: Backoff
    /// The attempt after which a delivery is given up. At least 1.
    package let attempts: Int

    package init(backoff: Backoff, attempts: Int) {
      self.backoff = backoff
      self.attempts = attempts
    }
  }

  package private(set) var standing: Standing
  /// Since it was last sent on its way, by its sealing or by a replay.
  package private(set) var attempts: Int
  /// Not before.
  package private(set) var due: Instant
  package private(set) var lastFailure: ErrorCode?

  package init(standing: Standing = .waiting, attempts: Int = 0, due: Instant, lastFailure: ErrorCode? = nil) {
    self.standing = standing
    self.attempts = attempts
    self.due = due
    self.lastFailure = lastFailure
  }

  /// Whether it may be sent, as far as its time to live is concerned.
  ///
  /// One that was given up for its age and is replayed is asked about once: the partner answers with the receipt that it gave in time, or
  /// signs that the message is too old. Only then is it known what became of it.
  package func mayGo(at now: Instant, expires: Instant) -> Bool { now < expires || lastFailure == Self.expired }

  /// - Parameter chance: 0…1, for the pause before the next attempt.
  package mutating func apply(_ event: Event, at now: Instant, terms: Terms, chance: Double) {
    guard standing != .settled else { return }
    switch event {
    case .receipt: standing = .settled
    case .failure(let code):
      due = now.adding(milliseconds: terms.backoff.pause(after: attempts, chance: chance))
      attempts += 1
      lastFailure = code
      if Self.isHopeless(code) || attempts >= terms.attempts { standing = .givenUp }
    case .replay:
      standing = .waiting
      attempts = 0
      due = now
    }
  }

  package static let expired: ErrorCode = "deliver.expired"

  /// The partner answered that it takes nothing now and when it will again (429 or 503 with `Retry-After`). That is no attempt that failed: the
  /// delivery stays as it is, and its partner is left alone, see ``CircuitBreaker/Event/askedToWait(until:)``.
  package static let askedToWait: ErrorCode = "deliver.asked_to_wait"

  /// What cannot be put together again as it was sealed, its secret or its payload being gone, never will be; nor does what is too old, or what
  /// belongs to a case that the partner does not have, become better by waiting.
  package static func isHopeless(_ code: ErrorCode) -> Bool {
    [expired, "deliver.incomplete", "deliver.partner_unknown", "clearance.turned_away", "seal.payload_mismatch"].contains(code)
  }

  /// Whether a failure says that the partner cannot be reached, rather than something about this message.
  package static func isOfTransport(_ code: ErrorCode) -> Bool {
    [
      "deliver.unreachable", "deliver.address_refused", "deliver.peer_identity", "deliver.tls", "deliver.timeout",
      "deliver.response_too_large", "deliver.transfer", "deliver.no_receipt",
    ].contains(code)
  }
}

/// What goes out when a message is to go again by a person's will.
///
/// As long as there is no receipt nobody here knows whether the partner has the message: a lost answer and a lost message look alike. Under a new
/// id its effect could come twice, and the receipt for the first would be no receipt for the second.
package enum Resending: Hashable, Sendable {
  /// The partner has signed that it took the message: there is nothing to do.
  case nothing
  /// The same bytes under the same id.
  case sameEnvelope
  /// The partner has signed that it did not take it: the same content goes in a new envelope, with the next number of the case.
  case newEnvelope

  /// - Parameter isAccepted: what the partner's receipt says; nil: there is none.
  package init(isAccepted: Bool?) {
    self =
      switch isAccepted {
      case true?: .nothing
      case false?: .newEnvelope
      case nil: .sameEnvelope
      }
  }
}
