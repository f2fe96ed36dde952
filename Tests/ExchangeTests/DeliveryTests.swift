import Exchange
import Primitives
import Testing

/// The values by which messages are sent, sent again and taken in, by events alone.
@Suite struct DeliveryTests {
  let now = Instant(milliseconds: 1_800_000_000_000)
  let terms = Delivery.Terms(backoff: Backoff(firstSeconds: 2, longestSeconds: 20), attempts: 4)

  @Test func pausesDoubleUpToALimit() {
    let backoff = Backoff(firstSeconds: 2, longestSeconds: 20)
    #expect((0..<6).map { backoff.pause(after: $0, chance: 1) } == [2000, 4000, 8000, 16_000, 20_000, 20_000])
    #expect((0..<6).map { backoff.pause(after: $0, chance: 0) } == [1000, 2000, 4000, 8000, 10_000, 10_000])
    #expect(backoff.pause(after: 0, chance: 0.5) == 1500)
    #expect(backoff.pause(after: Int.max, chance: 7) == 20_000, "what is out of range is taken for its end")
    #expect(backoff.pause(after: -1, chance: -7) == 1000)
  }

  @Test func failuresUntilTheBudgetIsSpent() {
    var delivery = Delivery(due: now)
    for attempt in 1...3 {
      delivery.apply(.failure("deliver.timeout"), at: now, terms: terms, chance: 1)
      #expect(delivery.standing == .waiting)
      #expect(delivery.attempts == attempt)
      #expect(delivery.due == now.adding(seconds: 1 << Int64(attempt)))
    }
    delivery.apply(.failure("deliver.timeout"), at: now, terms: terms, chance: 1)
    #expect(delivery.standing == .givenUp)
    #expect(delivery.lastFailure == "deliver.timeout")
  }

  @Test(arguments: ["deliver.expired", "deliver.incomplete", "deliver.partner_unknown", "clearance.turned_away", "seal.payload_mismatch"])
  func hopelessFailures(code: String) {
    var delivery = Delivery(due: now)
    delivery.apply(.failure(ErrorCode(rawValue: code)), at: now, terms: terms, chance: 0)
    #expect(delivery.standing == .givenUp)
    #expect(!Delivery.isOfTransport(ErrorCode(rawValue: code)))
  }

  /// A receipt is the end, whatever comes after it.
  @Test func receiptEndsIt() {
    var delivery = Delivery(due: now)
    delivery.apply(.receipt, at: now, terms: terms, chance: 0)
    let settled = delivery
    #expect(settled.standing == .settled)
    for event in [Delivery.Event.replay, .failure("deliver.expired"), .receipt] {
      delivery.apply(event, at: now, terms: terms, chance: 0)
      #expect(delivery == settled)
    }
  }

  @Test func replayBeginsTheBudgetAgain() {
    var delivery = Delivery(standing: .givenUp, attempts: 4, due: now, lastFailure: "deliver.timeout")
    let later = now.adding(seconds: 60)
    delivery.apply(.replay, at: later, terms: terms, chance: 0)
    #expect(delivery == Delivery(due: later, lastFailure: "deliver.timeout"))
    #expect(delivery.mayGo(at: later, expires: later.adding(milliseconds: 1)))
    #expect(!delivery.mayGo(at: later, expires: later), "at that time it has expired")
  }

  /// What became of a message that expired unanswered is only known when the partner has been asked.
  @Test func expiredAndReplayed() {
    var delivery = Delivery(due: now)
    #expect(!delivery.mayGo(at: now, expires: now))
    delivery.apply(.failure(Delivery.expired), at: now, terms: terms, chance: 0)
    #expect(delivery.standing == .givenUp)
    delivery.apply(.replay, at: now, terms: terms, chance: 0)
    #expect(delivery.mayGo(at: now, expires: now))
    delivery.apply(.failure("deliver.timeout"), at: now, terms: terms, chance: 0)
    #expect(!delivery.mayGo(at: now, expires: now), "asked once")
  }

  /// Only what the partner has signed that it did not take goes under a new id.
  @Test func sameEnvelopeUntilThePartnerHasSpoken() {
    #expect(Resending(isAccepted: nil) == .sameEnvelope)
    #expect(Resending(isAccepted: true) == .nothing)
    #expect(Resending(isAccepted: false) == .newEnvelope)
  }
}

@Suite struct CircuitBreakerTests {
  let now = Instant(milliseconds: 1_800_000_000_000)
  let backoff = Backoff(firstSeconds: 1, longestSeconds: 30)

  private func opened() -> CircuitBreaker {
    var breaker = CircuitBreaker()
    for _ in 0..<CircuitBreaker.threshold { breaker.apply(.failed, at: now, backoff: backoff, chance: 1) }
    return breaker
  }

  @Test func opensAfterFailuresInARow() {
    var breaker = CircuitBreaker()
    for _ in 1..<CircuitBreaker.threshold {
      breaker.apply(.failed, at: now, backoff: backoff, chance: 1)
      #expect(breaker.admit(16, at: now) == 16)
    }
    breaker.apply(.answered, at: now, backoff: backoff, chance: 1)
    #expect(breaker.state == .closed(failures: 0), "an answer, whatever it says, begins the count again")
    #expect(opened().state == .open(until: now.adding(seconds: 1), openings: 1))
  }

  @Test func oneTrialWhenThePauseIsOver() {
    var breaker = opened()
    #expect(breaker.admit(16, at: now.adding(milliseconds: 999)) == 0)
    #expect(breaker.admit(16, at: now.adding(seconds: 1)) == 1)
    #expect(breaker.admit(16, at: now.adding(seconds: 100)) == 0, "while the trial is under way")
    var failed = breaker
    failed.apply(.failed, at: now.adding(seconds: 2), backoff: backoff, chance: 1)
    #expect(failed.state == .open(until: now.adding(seconds: 4), openings: 2), "twice as long")
    var unused = breaker
    unused.apply(.notTried, at: now.adding(seconds: 2), backoff: backoff, chance: 1)
    #expect(unused.admit(16, at: now.adding(seconds: 2)) == 1, "the trial is still to be made")
    breaker.apply(.answered, at: now.adding(seconds: 2), backoff: backoff, chance: 1)
    #expect(breaker.admit(16, at: now.adding(seconds: 2)) == 16)
  }

  @Test func whatWasUnderWayWhenItOpenedSaysNothingNew() {
    var breaker = opened()
    let before = breaker
    breaker.apply(.failed, at: now.adding(seconds: 5), backoff: backoff, chance: 1)
    breaker.apply(.notTried, at: now.adding(seconds: 5), backoff: backoff, chance: 1)
    #expect(breaker == before)
  }

  @Test func aClockThatWasSetBackKeepsNothingWaiting() {
    var breaker = opened()
    let before = now.adding(seconds: -3600)
    #expect(breaker.mayAdmit(at: before) && breaker.admit(16, at: before) == 1)
    var asked = CircuitBreaker()
    asked.apply(.askedToWait(until: now.adding(seconds: 300)), at: now, backoff: backoff, chance: 1)
    #expect(!asked.mayAdmit(at: now) && asked.admit(1, at: now) == 0, "the longest pause holds")
    #expect(asked.admit(1, at: now.adding(seconds: -1)) == 1, "no pause is longer")
  }

  @Test func asksToWait() {
    var breaker = CircuitBreaker()
    breaker.apply(.askedToWait(until: now.adding(seconds: 7)), at: now, backoff: backoff, chance: 1)
    #expect(breaker.admit(1, at: now.adding(seconds: 6)) == 0)
    breaker.apply(.askedToWait(until: now.adding(seconds: 3)), at: now, backoff: backoff, chance: 1)
    #expect(breaker.admit(1, at: now.adding(seconds: 6)) == 0, "the longer one holds")
    #expect(breaker.isAskedToWait && !breaker.mayAdmit(at: now.adding(seconds: 6)))
    // What was under way and was taken does not end the wait.
    breaker.apply(.answered, at: now.adding(seconds: 1), backoff: backoff, chance: 1)
    #expect(breaker.admit(1, at: now.adding(seconds: 6)) == 0)
    #expect(breaker.mayAdmit(at: now.adding(seconds: 7)))
    #expect(breaker.admit(16, at: now.adding(seconds: 7)) == 1, "one asks whether it may go on")
    breaker.apply(.answered, at: now.adding(seconds: 8), backoff: backoff, chance: 1)
    #expect(breaker.admit(16, at: now.adding(seconds: 8)) == 16)
    // It was no failure: the count of failures begins at none.
    var failing = CircuitBreaker()
    for _ in 1..<CircuitBreaker.threshold { failing.apply(.failed, at: now, backoff: backoff, chance: 1) }
    failing.apply(.askedToWait(until: now.adding(seconds: 7)), at: now, backoff: backoff, chance: 1)
    #expect(failing.isAskedToWait)
    #expect(!opened().isAskedToWait && !CircuitBreaker().isAskedToWait)
    // A partner that asks to wait and is then out of reach.
    _ = failing.admit(1, at: now.adding(seconds: 7))
    failing.apply(.failed, at: now.adding(seconds: 7), backoff: backoff, chance: 1)
    #expect(failing.state == .open(until: now.adding(seconds: 8), openings: 1) && !failing.isAskedToWait)
  }
}

@Suite struct ArrivalTests {
  private func decision(_ known: Arrival.Known, effect: Bool = false, _ order: MessageOrder?, erased: Bool = false) -> Arrival.Decision {
    Arrival(known: known, isEffectReceipted: effect, order: order, isErased: erased).decision
  }

  @Test func numbers() {
    #expect([1, 2, 3, 4].map { MessageOrder(of: $0, after: 2) } == [.repeated, .repeated, .next, .early])
    #expect(MessageOrder(of: 1, after: 0) == .next)
  }

  /// What was receipted gets the same bytes, whatever else is the case.
  @Test func sameMessage() {
    for order in [MessageOrder.next, .repeated, .early, nil] {
      for effect in [true, false] {
        for erased in [true, false] {
          #expect(decision(.same(isReceipted: true), effect: effect, order, erased: erased) == .repeatReceipt)
          #expect(decision(.other, effect: effect, order, erased: erased) == .refuseReusedID)
        }
      }
    }
  }

  @Test func whatCameToNothingIsTriedAgain() {
    #expect(decision(.same(isReceipted: false), .next) == .process)
    #expect(decision(.same(isReceipted: false), effect: true, .next) == .process)
    #expect(decision(.same(isReceipted: false), .early) == .later)
  }

  @Test func newMessage() {
    #expect(decision(.nothing, .next) == .process)
    #expect(decision(.nothing, nil) == .process)
    #expect(decision(.nothing, .early) == .later)
    #expect(decision(.nothing, .repeated) == .refuseReusedNumber)
    #expect(decision(.nothing, .next, erased: true) == .refuseErased)
    #expect(decision(.nothing, .early, erased: true) == .refuseErased, "it would come again for ever")
  }

  @Test func sameEffect() {
    #expect(decision(.nothing, effect: true, .next) == .repeatEffect(takesNumber: true))
    #expect(decision(.nothing, effect: true, .repeated) == .repeatEffect(takesNumber: false))
    #expect(decision(.nothing, effect: true, .early) == .later)
    #expect(decision(.nothing, effect: true, .next, erased: true) == .repeatEffect(takesNumber: false))
    #expect(Arrival.remembersEffect(isAccepted: true))
    #expect(!Arrival.remembersEffect(isAccepted: false))
  }

  /// The answer waits for the disk unless nothing of it is new.
  @Test func answeredAtOnce() {
    let decisions: [Arrival.Decision] = [
      .process, .repeatReceipt, .repeatEffect(takesNumber: true), .repeatEffect(takesNumber: false), .refuseReusedID, .refuseReusedNumber,
      .refuseErased, .later,
    ]
    #expect(decisions.map(\.isAnsweredAtOnce) == [false, true, false, true, false, false, false, false])
  }

  @Test func refusedByItsHeader() {
    for order in [MessageOrder.next, .repeated, .early, nil] {
      let known = Arrival(known: .same(isReceipted: true), isEffectReceipted: false, order: order)
      #expect(known.decisionWhenRefused == .repeatReceipt)
      let new = Arrival(known: .nothing, isEffectReceipted: false, order: order)
      #expect(new.decisionWhenRefused == (order == .early ? .later : .process), "refused in its turn, so that its number is used up")
      let erased = Arrival(known: .nothing, isEffectReceipted: false, order: order, isErased: true)
      #expect(erased.decisionWhenRefused == .process)
    }
  }
}
