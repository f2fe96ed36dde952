import Exchange

@testable import Gateway

// What the two gateways do with messages that arrive.
extension Model {
  func importerSteps(_ state: ModelState, _ index: Int, _ steps: inout [ModelStep]) {
    let now = state[index]
    if now.importerSlot == 0 {
      for message in ModelMessage.exported where now.isSent(message) && decision(now, message) != .later {
        steps.append(arriving(state, index, message))
      }
    } else {
      importerReceives(state, index, &steps)
    }
    if let step = clearing(state, index) { steps.append(step) }
    // The importer's own message.
    if now.importerHand {
      var next = state
      next[index].set(.released, ModelRules.afterFailure[now.delivery(.released).rawValue])
      next[index].importerHand = false
      steps.append(step(.init(kind: .timeout, message: .released, index: index), next))
      for isAccepted in [true, false] where now.hasReceipt(.released, isAccepted) {
        steps.append(settlingReleased(state, index, isAccepted))
      }
    } else if now.delivery(.released).isWaiting {
      steps.append(sendingReleased(state, index))
    } else if now.delivery(.released).isGivenUp, let next = replayed(now, .released) {
      var whole = state
      whole[index] = next
      steps.append(step(.init(kind: .replay, message: .released, index: index), whole))
    }
  }

  func arriving(_ state: ModelState, _ index: Int, _ message: ModelMessage) -> ModelStep {
    var next = state
    next[index].importerSlot = message.rawValue &+ 1
    return step(.init(kind: .arrive, message: message, index: index), next)
  }

  func sendingReleased(_ state: ModelState, _ index: Int) -> ModelStep {
    var next = state
    next[index].send(.released)
    next[index].importerHand = true
    return step(.init(kind: .send, message: .released, index: index), next)
  }

  func settlingReleased(_ state: ModelState, _ index: Int, _ isAccepted: Bool) -> ModelStep {
    var next = state
    next[index].set(.released, isAccepted ? ModelRules.afterReceipt[state[index].delivery(.released).rawValue] : .refused)
    next[index].importerHand = false
    return step(.init(kind: .settle, message: .released, index: index), next)
  }

  /// What is known of a message from the exporter decides.
  func decision(_ now: ModelCase, _ message: ModelMessage) -> Arrival.Decision {
    let known: Arrival.Known = now.record(message) == nil ? .nothing : .same(isReceipted: true)
    let alike: ModelMessage? = message == .amendment ? .resent : message == .resent ? .amendment : nil
    let arrival = Arrival(
      known: known, isEffectReceipted: alike.flatMap { now.record($0) }.map { rules.remembersEffect($0) } ?? false,
      order: MessageOrder(of: message.sequence, after: now.importer &>> 4 & 3))
    return now.isExpired(message) ? arrival.decisionWhenRefused : rules.arrival(arrival)
  }

  /// The message in the slot takes its next step: it is dealt with in one write, then its receipt leaves.
  func importerReceives(_ state: ModelState, _ index: Int, _ steps: inout [ModelStep]) {
    let now = state[index]
    if now.importerSlot > 3 {
      let message = ModelMessage(rawValue: now.importerSlot &- 4)!
      steps.append(answering(state, index, message, now.record(message)!, isDone: true))
      return
    }
    let message = ModelMessage(rawValue: now.importerSlot &- 1)!
    // Asked again: the write holds only if nothing has changed since the message arrived, and then the decision is the same one.
    let decision = decision(now, message)
    let (dealt, violation) = dealing(now, message, decision)
    if rules.isAnsweredAtOnce(decision) {
      if let outcome = dealt.record(message) {
        let step = answering(state, index, message, outcome, isDone: decision.isAnsweredAtOnce)
        if step.state != state { steps.append(step) }
      }
      if decision.isAnsweredAtOnce {
        if dealt.record(message) == nil {
          var next = state
          next[index].importerSlot = 0
          steps.append(step(.init(kind: .unusable, message: message, index: index), next))
        }
        return
      }
    }
    var next = state
    next[index] = dealt
    next[index].importerSlot = dealt.record(message) == nil ? 0 : message.rawValue &+ 4
    steps.append(step(.init(kind: .commit, message: message, index: index), next, violation: violation))
  }

  private func answering(_ state: ModelState, _ index: Int, _ message: ModelMessage, _ isAccepted: Bool, isDone: Bool) -> ModelStep {
    var next = state
    next[index].issue(message, isAccepted)
    if isDone { next[index].importerSlot = 0 }
    let violation = state[index].hasReceipt(message, !isAccepted) ? "\(message) has two different receipts" : nil
    return step(.init(kind: .answer, message: message, index: index), next, violation: violation)
  }

  /// The case after a message has been dealt with as decided, and what that breaks.
  private func dealing(_ now: ModelCase, _ message: ModelMessage, _ decision: Arrival.Decision) -> (ModelCase, violation: String?) {
    var next = now
    var clearance = importer(now)
    let order = MessageOrder(of: message.sequence, after: clearance?.receivedSequence ?? 0)
    func use() {
      clearance?.received(sequence: message.sequence)
      if let clearance { next.importer = ModelRules.packed(importer: clearance) }
    }
    switch decision {
    case .repeatEffect(takesNumber: true):
      use()
      return (next, nil)
    case .refuseReusedNumber:
      next.record(message, false)
      return (next, nil)
    case .process: break
    default: return (next, nil)
    }
    if now.record(message) != nil { return (next, "\(message) is dealt with twice") }
    // Refused by its header: too old. Its turn is over all the same.
    if now.isExpired(message) {
      next.record(message, false)
      if order == .next { use() }
      return (next, nil)
    }
    if order != .next { return (next, "\(message) is dealt with out of its turn") }
    if message == .declaration {
      clearance = ModelRules.clearance(.import, revision: 1, before: nil, importSide: 0, sent: 0, received: 0)
      next.record(message, true)
      use()
      return (next, nil)
    }
    let isAccepted: Bool
    if var changed = clearance, now.isReady, rules.apply(&changed, .revision(2, .declared), .export) == nil {
      _ = rules.apply(&changed, .proposalAccepted, .export)
      clearance = changed
      isAccepted = true
    } else {
      isAccepted = false
    }
    next.record(message, isAccepted)
    use()
    let isDoubled = next.record(.amendment) == true && next.record(.resent) == true
    return (next, isDoubled ? "the amendment takes effect twice" : nil)
  }

  /// The importer's customs goes all the way from reading the newest revision to its release, and the exporter is told.
  func clearing(_ state: ModelState, _ index: Int) -> ModelStep? {
    guard var clearance = importer(state[index]) else { return nil }
    let wasReleased = clearance.import?.status == .released
    guard released(&clearance, revision: clearance.export.revision) else { return nil }
    var next = state
    next[index].importer = ModelRules.packed(importer: clearance)
    next[index].set(.released, .waiting)
    return step(.init(kind: .clear, index: index), next, violation: wasReleased ? "one consignment is cleared twice" : nil)
  }

  private func released(_ clearance: inout Clearance, revision: Int) -> Bool {
    let events: [Clearance.Event] =
      [.revision(revision, .prefilled)] + [.lodged, .accepted, .released].map { .status($0, registrationID: nil) }
    return events.allSatisfy { rules.apply(&clearance, $0, .import) == nil }
  }

  /// The same on the exporter's side, where only the importer's release arrives.
  func exporterReceives(_ state: ModelState, _ index: Int) -> ModelStep {
    let now = state[index]
    var next = state
    let arrival = Arrival(
      known: now.record(.released) == nil ? .nothing : .same(isReceipted: true), isEffectReceipted: false,
      order: MessageOrder(of: 1, after: now.exporter &>> 4 & 1))
    let decision = rules.arrival(arrival)
    if let outcome = now.record(.released), now.exporterSlot == 2 || rules.isAnsweredAtOnce(decision) {
      next[index].exporterSlot = 0
      next[index].issue(.released, outcome)
      return step(.init(kind: .answer, message: .released, index: index), next)
    }
    var clearance = exporter(now)
    let revision = (now.importer &>> 2 & 3) == ModelCase.ImportSide.released2.rawValue ? 2 : 1
    var changed = clearance
    let isAccepted = released(&changed, revision: revision)
    if isAccepted { clearance = changed }
    clearance.received(sequence: 1)
    next[index].exporter = ModelRules.packed(exporter: clearance)
    next[index].record(.released, isAccepted)
    next[index].exporterSlot = 2
    return step(.init(kind: .commit, message: .released, index: index), next)
  }
}
