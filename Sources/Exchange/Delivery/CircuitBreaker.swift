package import Primitives

/// Whether a partner is tried at all: after several failures of the transport in a row it is left alone for a while, and then asked with one
/// message whether it is back.
///
/// A pure value; whoever delivers to the partner owns it. Nothing that the partner answers is a failure here, a refusal least of all, and
/// neither is a partner that is closed by its own timetable.
package struct CircuitBreaker: Hashable, Sendable {
  package enum State: Hashable, Sendable {
    /// Everything goes. `failures`: in a row.
    case closed(failures: Int)
    /// Nothing goes before that time. `openings`: in a row; 0 when the partner has asked for it.
    case open(until: Instant, openings: Int)
    /// One message is under way to find out.
    case halfOpen(openings: Int)
  }

  /// How one attempt ended, for the partner as a whole.
  package enum Event: Hashable, Sendable {
    /// The partner answered, whatever it said.
    case answered
    case failed
    /// Nothing was sent.
    case notTried
    /// The partner asked to be left alone until then.
    case askedToWait(until: Instant)
  }

  /// Failures in a row that open the circuit.
  package static let threshold = 5
  /// No circuit is open for longer: what says so was said by a clock that has been set back since.
  package static let longestPauseSeconds = 300

  package private(set) var state: State = .closed(failures: 0)

  package init() {}

  package var isClosed: Bool { if case .closed = state { true } else { false } }

  /// Whether the partner answers, but wants to be left alone for now.
  package var isAskedToWait: Bool {
    switch state {
    case .open(_, openings: 0), .halfOpen(openings: 0): true
    default: false
    }
  }

  /// Whether ``admit(_:at:)`` would let anything go.
  package func mayAdmit(at now: Instant) -> Bool {
    switch state {
    case .closed: true
    case .halfOpen: false
    case .open(let until, _): Self.isOver(until, at: now)
    }
  }

  /// How many of `wanted` messages may be sent now. Each one that may must be followed by ``apply(_:at:backoff:chance:)``.
  ///
  /// - Parameter wanted: at least 1.
  package mutating func admit(_ wanted: Int, at now: Instant) -> Int {
    switch state {
    case .closed: return wanted
    case .halfOpen: return 0
    case .open(let until, let openings):
      guard Self.isOver(until, at: now) else { return 0 }
      state = .halfOpen(openings: openings)
      return 1
    }
  }

  /// - Parameter chance: 0…1, for the pause while the circuit is open.
  package mutating func apply(_ event: Event, at now: Instant, backoff: Backoff, chance: Double) {
    switch (event, state) {
    // Sent before the partner asked to be left alone: its wish holds.
    case (.answered, .open(_, openings: 0)): break
    case (.answered, _): state = .closed(failures: 0)
    case (.failed, .closed(let failures)):
      state = failures + 1 < Self.threshold ? .closed(failures: failures + 1) : opened(after: 0, at: now, backoff, chance)
    case (.failed, .halfOpen(let openings)): state = opened(after: openings, at: now, backoff, chance)
    // Sent before the circuit opened: says nothing new.
    case (.failed, .open), (.notTried, .closed), (.notTried, .open): break
    case (.notTried, .halfOpen(let openings)): state = .open(until: now, openings: openings)
    case (.askedToWait(let until), .open(let before, let openings)): state = .open(until: max(until, before), openings: openings)
    case (.askedToWait(let until), _): state = .open(until: until, openings: 0)
    }
  }

  private static func isOver(_ until: Instant, at now: Instant) -> Bool {
    until <= now || until > now.adding(seconds: Int64(longestPauseSeconds))
  }

  private func opened(after openings: Int, at now: Instant, _ backoff: Backoff, _ chance: Double) -> State {
    .open(until: now.adding(milliseconds: backoff.pause(after: openings, chance: chance)), openings: openings + 1)
  }
}
