import Exchange

@testable import Gateway

/// One step of the model, and what it breaks.
struct ModelStep {
  let action: ModelAction
  let state: ModelState
  let violation: String?
}

/// Two gateways and the network between them, as a relation between states.
///
/// What the gateways decide is asked of ``ModelRules``. What is written here is the rest of the world: the network loses, delays, doubles and
/// reorders; a crash loses what is not in the journal; a write is whole or not at all and holds only if what was read before still stands.
struct Model {
  let rules: ModelRules
  /// One or two.
  let clearances: Int

  /// Everything that may happen next.
  func steps(from state: ModelState, _ steps: inout [ModelStep]) {
    for index in 0..<clearances {
      exporterSteps(state, index, &steps)
      importerSteps(state, index, &steps)
      environmentSteps(state, index, &steps)
    }
    var crashed = state
    crashed.breaker = 0
    for index in 0..<clearances { crashed[index].crashExporter() }
    if crashed != state { add(.init(kind: .crashExporter), crashed, &steps) }
    crashed = state
    for index in 0..<clearances { crashed[index].crashImporter() }
    if crashed != state { add(.init(kind: .crashImporter), crashed, &steps) }
    steps.append(becomingQuiet(state))
  }

  func becomingQuiet(_ state: ModelState) -> ModelStep {
    var quiet = state
    quiet.quiet = 1
    return ModelStep(action: .init(kind: .becomeQuiet), state: quiet, violation: nil)
  }

  /// A step that breaks nothing that can be seen in one clearance.
  func add(_ action: ModelAction, _ state: ModelState, _ steps: inout [ModelStep], violation: String? = nil) {
    steps.append(ModelStep(action: action, state: state, violation: violation ?? lost(in: state[action.index])))
  }

  /// No acknowledged message is lost: what the sender holds a receipt for is recorded as the receipt says.
  private func lost(in clearance: ModelCase) -> String? {
    for message in ModelMessage.all {
      switch clearance.delivery(message) {
      case .accepted where clearance.record(message) != true: return "\(message) was acknowledged and is lost"
      case .refused where clearance.record(message) != false: return "\(message) was refused and yet is not refused"
      default: break
      }
    }
    return nil
  }

  // The exporter's gateway, and the importer's where it sends.

  private func exporterSteps(_ state: ModelState, _ index: Int, _ steps: inout [ModelStep]) {
    let now = state[index]
    if now.delivery(.declaration) == .absent {
      var next = state
      next[index].set(.declaration, .waiting)
      add(.init(kind: .submit, message: .declaration, index: index), next, &steps)
      return
    }
    if now.delivery(.amendment) == .absent, let proposed = proposing(now) {
      var next = state
      next[index].exporter = proposed
      next[index].set(.amendment, .waiting)
      add(.init(kind: .submit, message: .amendment, index: index), next, &steps)
    }
    if let step = resend(state, index) { steps.append(step) }
    if now.exporterHand == 0 {
      if let step = send(state, index) { steps.append(step) }
    } else {
      let message = ModelMessage(rawValue: now.exporterHand &- 1)!
      steps.append(failing(state, index, message, .timeout))
      if let step = otherAnswer(state, index, message) { steps.append(step) }
      for isAccepted in [true, false] where now.hasReceipt(message, isAccepted) {
        steps.append(settling(state, index, message, isAccepted))
      }
    }
    if !isTurnedAway(now) {
      for message in ModelMessage.exported where now.delivery(message).isGivenUp {
        if let next = replayed(now, message) {
          var whole = state
          whole[index] = next
          add(.init(kind: .replay, message: message, index: index), whole, &steps)
        }
      }
    }
    // The partner's message.
    if now.exporterSlot == 0, now.isSent(.released) {
      var next = state
      next[index].exporterSlot = 1
      add(.init(kind: .arrive, message: .released, index: index), next, &steps)
    }
    if now.exporterSlot != 0 { steps.append(exporterReceives(state, index)) }
  }

  /// The first message of the clearance that is owed goes, if anything goes.
  func send(_ state: ModelState, _ index: Int) -> ModelStep? {
    let now = state[index]
    guard let message = ModelMessage.exported.first(where: { now.delivery($0).isWaiting }),
      let admitted = ModelRules.breakerAdmitting[state.breaker]
    else { return nil }
    var next = state
    let delivery = now.delivery(message)
    let isTurnedAway = isTurnedAway(now)
    if isTurnedAway || now.isExpired(message) && !ModelRules.mayGoExpired[delivery.rawValue] {
      next[index].set(message, (isTurnedAway ? ModelRules.afterTurningAway : ModelRules.afterExpiry)[delivery.rawValue])
      next.breaker = ModelRules.breakerNotTried[admitted]
      return step(.init(kind: .giveUp, message: message, index: index), next)
    }
    next[index].send(message)
    next[index].exporterHand = message.rawValue &+ 1
    next.breaker = admitted
    return step(.init(kind: .send, message: message, index: index), next)
  }

  /// The attempt in hand comes to nothing.
  private func failing(_ state: ModelState, _ index: Int, _ message: ModelMessage, _ kind: ModelAction.Kind) -> ModelStep {
    var next = state
    next[index].set(message, ModelRules.afterFailure[state[index].delivery(message).rawValue])
    next[index].exporterHand = 0
    next.breaker = (kind == .timeout ? ModelRules.breakerFailed : ModelRules.breakerAnswered)[state.breaker]
    return step(.init(kind: kind, message: message, index: index), next)
  }

  /// An answer that is no receipt for this message.
  func otherAnswer(_ state: ModelState, _ index: Int, _ message: ModelMessage) -> ModelStep? {
    switch decision(state[index], message) {
    case .later: failing(state, index, message, .early)
    // What was receipted has another id: this receipt is none for what was sent.
    case .repeatEffect(takesNumber: false): failing(state, index, message, .unusable)
    default: nil
    }
  }

  func settling(_ state: ModelState, _ index: Int, _ message: ModelMessage, _ isAccepted: Bool) -> ModelStep {
    var next = state
    let settled = ModelRules.afterReceipt[state[index].delivery(message).rawValue]
    next[index].set(message, isAccepted ? settled : .refused)
    next[index].exporterHand = 0
    next.breaker = ModelRules.breakerAnswered[state.breaker]
    var clearance = exporter(state[index])
    switch (message, isAccepted) {
    case (.declaration, false): _ = rules.apply(&clearance, .revision(clearance.export.revision, .refused), .import)
    case (.amendment, true), (.resent, true): _ = rules.apply(&clearance, .proposalAccepted, .export)
    case (.amendment, false), (.resent, false): _ = rules.apply(&clearance, .proposalRefused, .export)
    default: break
    }
    next[index].exporter = ModelRules.packed(exporter: clearance)
    return step(.init(kind: .settle, message: message, index: index), next)
  }

  /// The clearance with its amendment proposed; nil when that is not allowed now.
  private func proposing(_ now: ModelCase) -> Int? {
    var clearance = exporter(now)
    guard clearance.export.revision == 1, rules.apply(&clearance, .revision(2, .declared), .export) == nil else { return nil }
    return ModelRules.packed(exporter: clearance)
  }

  /// A person sends what came back once more.
  private func resend(_ state: ModelState, _ index: Int) -> ModelStep? {
    let now = state[index]
    guard now.delivery(.amendment) == .refused, now.delivery(.resent) == .absent, rules.resending(false) == .newEnvelope,
      let proposed = proposing(now)
    else { return nil }
    var next = state
    next[index].exporter = proposed
    next[index].set(.resent, .waiting)
    return step(.init(kind: .submit, message: .resent, index: index), next)
  }

  /// A person replays what was given up, of which nobody knows whether the partner has it.
  func replayed(_ now: ModelCase, _ message: ModelMessage) -> ModelCase? {
    var next = now
    switch rules.resending(nil) {
    case .nothing: return nil
    case .sameEnvelope: next.set(message, ModelRules.afterReplay[now.delivery(message).rawValue])
    case .newEnvelope:
      // The model has a second envelope for the amendment only.
      if message == .amendment {
        guard now.delivery(.resent) == .absent else { return nil }
        next.set(.resent, .waiting)
      } else {
        next.set(message, ModelRules.afterReplay[now.delivery(message).rawValue])
      }
    }
    return next
  }

  /// What goes on without either gateway.
  private func environmentSteps(_ state: ModelState, _ index: Int, _ steps: inout [ModelStep]) {
    let now = state[index]
    if !now.isReady {
      var next = state
      next[index].isReady = true
      add(.init(kind: .ready, message: .amendment, index: index), next, &steps)
    }
    for message in ModelMessage.expiring where now.delivery(message) != .absent && !now.isExpired(message) {
      var next = state
      next[index].expire(message)
      add(.init(kind: .expire, message: message, index: index), next, &steps)
    }
  }

  func step(_ action: ModelAction, _ state: ModelState, violation: String? = nil) -> ModelStep {
    ModelStep(action: action, state: state, violation: violation ?? lost(in: state[action.index]))
  }

  // The clearances as they stand.

  func exporter(_ now: ModelCase) -> Clearance {
    var sent = 0
    for message in ModelMessage.exported where now.delivery(message) != .absent { sent += 1 }
    return ModelRules.exporter(now.exporter, sent: sent)
  }

  func importer(_ now: ModelCase) -> Clearance? {
    ModelRules.importer(now.importer, sent: now.delivery(.released) == .absent ? 0 : 1)
  }

  func isTurnedAway(_ now: ModelCase) -> Bool {
    // Only a refused import side can be one of a case that was turned away.
    now.exporter &>> 2 & 3 == ModelCase.ImportSide.refused.rawValue && exporter(now).isTurnedAway
  }
}
