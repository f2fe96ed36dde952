import Exchange
import Primitives

@testable import Gateway

/// The decisions that the gateway takes, as the explorer asks for them. Unchanged they are the gateway's own values and nothing else; a planted bug
/// replaces one of them.
struct ModelRules {
  var arrival: (Arrival) -> Arrival.Decision = \.decision
  var isAnsweredAtOnce: (Arrival.Decision) -> Bool = \.isAnsweredAtOnce
  var remembersEffect: (_ isAccepted: Bool) -> Bool = Arrival.remembersEffect
  var resending: (_ isAccepted: Bool?) -> Resending = Resending.init
  var apply: (inout Clearance, Clearance.Event, SideKind) -> Problem? = { $0.apply($1, on: $2, at: ModelRules.start) }

  static let start = Instant(milliseconds: 1_800_000_000_000)
  static let expires = start.adding(seconds: 3600)
  static let terms = Delivery.Terms(backoff: Backoff(firstSeconds: 1, longestSeconds: 60), attempts: 2)

  // The outbox's row to and from its three bits.

  static func delivery(_ delivery: ModelDelivery) -> Delivery {
    switch delivery {
    case .absent, .waiting: Delivery(due: start)
    case .triedOnce: Delivery(attempts: 1, due: start, lastFailure: "deliver.timeout")
    case .givenUp: Delivery(standing: .givenUp, attempts: 2, due: start, lastFailure: "deliver.timeout")
    case .accepted, .refused: Delivery(standing: .settled, due: start)
    case .givenUpForItsAge: Delivery(standing: .givenUp, attempts: 1, due: start, lastFailure: Delivery.expired)
    case .asksOnce: Delivery(due: start, lastFailure: Delivery.expired)
    }
  }

  static func packed(_ delivery: Delivery) -> ModelDelivery {
    switch (delivery.standing, delivery.lastFailure == Delivery.expired) {
    case (.waiting, true): .asksOnce
    case (.waiting, false): delivery.attempts == 0 ? .waiting : .triedOnce
    case (.givenUp, true): .givenUpForItsAge
    case (.givenUp, false): .givenUp
    case (.settled, _): .accepted
    }
  }

  private static func applying(_ event: Delivery.Event, _ delivery: ModelDelivery) -> ModelDelivery {
    var value = Self.delivery(delivery)
    value.apply(event, at: start, terms: terms, chance: 1)
    return packed(value)
  }

  /// The decisions are pure: each is asked once for each input.
  private static func table(_ decide: (ModelDelivery) -> ModelDelivery) -> [ModelDelivery] {
    (0..<8).map { decide(ModelDelivery(rawValue: $0)!) }
  }
  static let afterReceipt = table { applying(.receipt, $0) }
  static let afterReplay = table { applying(.replay, $0) }
  /// Of any passing failure: a timeout, an answer that is no receipt, `receive.early`.
  static let afterFailure = table { applying(.failure("deliver.timeout"), $0) }
  static let afterExpiry = table { applying(.failure(Delivery.expired), $0) }
  static let afterTurningAway = table { applying(.failure("clearance.turned_away"), $0) }

  /// Whether an expired message may be sent all the same.
  static let mayGoExpired = (0..<8).map { delivery(ModelDelivery(rawValue: $0)!).mayGo(at: expires, expires: expires) }

  // The circuit breaker to and from a small number. Its pause ends when the explorer says so.

  static let breakers: [CircuitBreaker] = {
    var all = [CircuitBreaker()]
    func add(_ breaker: CircuitBreaker) { if !all.contains(breaker) { all.append(breaker) } }
    var index = 0
    while index < all.count, index < 64 {
      for event in [CircuitBreaker.Event.answered, .failed, .notTried] {
        var next = all[index]
        next.apply(event, at: start, backoff: Backoff(firstSeconds: 1, longestSeconds: 1), chance: 1)
        add(counted(next))
      }
      var trial = all[index]
      if trial.admit(1, at: pauseEnd) == 1 { add(counted(trial)) }
      index += 1
    }
    return all
  }()
  static let pauseEnd = start.adding(seconds: 3600)

  /// Openings in a row only make the pause longer, and how long it is makes no difference here.
  private static func counted(_ breaker: CircuitBreaker) -> CircuitBreaker {
    guard !breaker.isClosed else { return breaker }
    var once = CircuitBreaker.opened
    if case .halfOpen = breaker.state { _ = once.admit(1, at: pauseEnd) }
    return once
  }

  private static func after(_ event: CircuitBreaker.Event) -> [Int] {
    breakers.map { breaker in
      var value = breaker
      value.apply(event, at: start, backoff: Backoff(firstSeconds: 1, longestSeconds: 1), chance: 1)
      return breakers.firstIndex(of: counted(value))!
    }
  }
  static let breakerAnswered = after(.answered)
  static let breakerFailed = after(.failed)
  static let breakerNotTried = after(.notTried)

  /// The breaker after it let one message go, now or when its pause is over; nil: it lets none go.
  static let breakerAdmitting = breakers.map { breaker -> Int? in
    for time in [start, pauseEnd] {
      var value = breaker
      if value.admit(1, at: time) == 1 { return breakers.firstIndex(of: counted(value))! }
    }
    return nil
  }
}

extension CircuitBreaker {
  fileprivate static var opened: CircuitBreaker {
    var breaker = CircuitBreaker()
    for _ in 0..<threshold {
      breaker.apply(.failed, at: ModelRules.start, backoff: Backoff(firstSeconds: 1, longestSeconds: 1), chance: 1)
    }
    return breaker
  }
}

// The clearance to and from its bits.
extension ModelRules {
  /// Exporter, six bits: revision − 1, whether a proposal is open, import side (2), last number received, unused.
  static func exporter(_ bits: Int, sent: Int) -> Clearance {
    let revision = bits & 1 + 1
    return clearance(
      .export, revision: revision, before: bits & 2 == 0 ? nil : Side(revision: 1, status: .declared),
      importSide: bits &>> 2 & 3, sent: sent, received: bits &>> 4 & 1)
  }

  static func packed(exporter clearance: Clearance) -> Int {
    clearance.export.revision - 1 | (clearance.beforeProposal == nil ? 0 : 2) | packed(clearance.import) &<< 2
      | clearance.receivedSequence &<< 4
  }

  /// Importer, six bits: whether there is one, revision − 1, import side (2), last number received (2).
  static func importer(_ bits: Int, sent: Int) -> Clearance? {
    guard bits & 1 == 1 else { return nil }
    return clearance(
      .import, revision: bits &>> 1 & 1 + 1, before: nil, importSide: bits &>> 2 & 3, sent: sent, received: bits &>> 4 & 3)
  }

  static func packed(importer clearance: Clearance) -> Int {
    1 | (clearance.export.revision - 1) &<< 1 | packed(clearance.import) &<< 2 | clearance.receivedSequence &<< 4
  }

  static func clearance(
    _ own: SideKind, revision: Int, before: Side?, importSide: Int, sent: Int, received: Int
  ) -> Clearance {
    let importSide: Side? =
      switch ModelCase.ImportSide(rawValue: importSide)! {
      case .none: nil
      case .released1: Side(revision: 1, status: .released)
      case .released2: Side(revision: 2, status: .released)
      case .refused: Side(revision: 1, status: .refused)
      }
    return Clearance(
      id: "c", ucr: nil, salt: "", commitment: "", corridor: "X-M", ownSide: own, export: Side(revision: revision, status: .declared),
      import: importSide, beforeProposal: before, sentSequence: sent, receivedSequence: received, timeline: [])
  }

  private static func packed(_ side: Side?) -> Int {
    let packed: ModelCase.ImportSide =
      switch (side?.status, side?.revision) {
      case (.released, 1): .released1
      case (.released, _): .released2
      case (.refused, _): .refused
      default: .none
      }
    return packed.rawValue
  }
}
