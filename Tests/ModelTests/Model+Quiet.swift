import Exchange

@testable import Gateway

// The network has become quiet: nothing is lost any more, the oldest things come first, and a person replays what was given up.
extension Model {
  /// How often the person replays before what is still not delivered counts as lost.
  static let replays = 3

  /// The one next step; nil: nothing is left to do.
  func quietStep(from state: ModelState) -> ModelStep? {
    for index in 0..<clearances {
      let now = state[index]
      if now.importerSlot != 0 {
        var steps: [ModelStep] = []
        importerReceives(state, index, &steps)
        return steps.last
      }
      if now.exporterSlot != 0 { return exporterReceives(state, index) }
      if now.exporterHand != 0 { return quietAnswer(state, index, ModelMessage(rawValue: now.exporterHand &- 1)!) }
      if now.importerHand {
        for isAccepted in [true, false] where now.hasReceipt(.released, isAccepted) {
          return settlingReleased(state, index, isAccepted)
        }
        var next = state
        next[index].exporterSlot = 1
        return step(.init(kind: .arrive, message: .released, index: index), next)
      }
    }
    for index in 0..<clearances {
      if let step = send(state, index) { return step }
      if state[index].delivery(.released).isWaiting { return sendingReleased(state, index) }
    }
    return state.quiet <= Self.replays ? replayingAll(state) : nil
  }

  private func quietAnswer(_ state: ModelState, _ index: Int, _ message: ModelMessage) -> ModelStep {
    for isAccepted in [true, false] where state[index].hasReceipt(message, isAccepted) {
      return settling(state, index, message, isAccepted)
    }
    return otherAnswer(state, index, message) ?? arriving(state, index, message)
  }

  private func replayingAll(_ state: ModelState) -> ModelStep? {
    var next = state
    for index in 0..<clearances {
      for message in ModelMessage.all where next[index].delivery(message).isGivenUp {
        if message != .released, isTurnedAway(next[index]) { continue }
        if let replayed = replayed(next[index], message) { next[index] = replayed }
      }
    }
    guard next != state else { return nil }
    next.quiet += 1
    return ModelStep(action: .init(kind: .replay), state: next, violation: nil)
  }

  /// What is wrong once nothing is left to do: something is not delivered, or the two sides do not agree.
  func disagreement(in state: ModelState) -> String? {
    for index in 0..<clearances {
      if let found = disagreement(in: state[index]) { return "clearance \(index + 1): \(found)" }
    }
    return nil
  }

  private func disagreement(in now: ModelCase) -> String? {
    guard now.delivery(.declaration) != .absent else { return nil }
    let exporter = exporter(now)
    if exporter.isTurnedAway {
      return now.importer & 1 == 1 ? "the exporter holds a refusal, and the importer a clearance" : nil
    }
    guard let importer = importer(now) else { return "the importer has no clearance" }
    if exporter.export != importer.export { return "the two gateways hold different export sides" }
    if exporter.import != importer.import { return "the two gateways hold different import sides" }
    for message in ModelMessage.all {
      let delivery = now.delivery(message)
      if delivery.isWaiting || delivery.isGivenUp { return "\(message) is never delivered" }
    }
    if exporter.beforeProposal != nil { return "a proposal is never answered" }
    if exporter.sentSequence != importer.receivedSequence || importer.sentSequence != exporter.receivedSequence {
      return "the two gateways count differently"
    }
    return nil
  }
}
