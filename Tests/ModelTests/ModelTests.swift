import Exchange
import Foundation
import Primitives
import Testing

@testable import Gateway

/// Everything that can happen between two gateways, explored with the very values by which they decide: in no state is an acknowledged message lost,
/// an effect doubled, an order broken or a second receipt given, and from every state both sides end alike once the network is quiet.
@Suite struct ModelTests {
  /// One clearance: all interleavings up to a depth, or (`make soak`) all there are.
  @Test func oneClearance() throws {
    let depth = ProcessInfo.processInfo.environment["CAUSEWAY_MODEL_DEPTH"].flatMap { Int($0) } ?? 22
    let found = Explorer(Model(rules: ModelRules(), clearances: 1), depth: depth)
    report("one clearance, \(found.isExhaustive ? "every state" : "\(depth) steps")", found)
    #expect(found.violation == nil)
    let isThorough = reached(found)
    #expect(isThorough)
  }

  /// Two clearances, which share the processes that crash and the circuit breaker: all interleavings up to a depth.
  @Test func twoClearances() throws {
    let depth = 13
    let found = Explorer(Model(rules: ModelRules(), clearances: 2), depth: depth)
    report("two clearances, \(depth) steps", found)
    #expect(found.violation == nil)
    #expect(found.states.count >= 1_000_000)
  }

  /// Each planted bug is one decision changed. It is found, with a shortest trace.
  @Test(arguments: PlantedBug.allCases) func plantedBug(bug: PlantedBug) throws {
    var start = bug.beginsWhenDeclared ? declared() : ModelState()
    start.first.isReady = bug != .swallowed
    let found = Explorer(Model(rules: bug.rules, clearances: 1), depth: 30, from: start)
    report("planted bug: \(bug.rawValue)", found)
    let violation = try #require(found.violation)
    #expect(violation.text == bug.violation)
  }

  enum PlantedBug: String, CaseIterable, Sendable {
    case swallowed = "a duplicate of what failed is swallowed"
    case newID = "a retry has a new id"
    case early = "the receipt leaves before the message is durable"
    case overtaking = "an amendment overtakes"
    case doubleClearance = "what is released is amended and cleared again"

    var rules: ModelRules {
      var rules = ModelRules()
      switch self {
      case .swallowed: rules.remembersEffect = { _ in true }
      case .newID: rules.resending = { $0 == true ? .nothing : .newEnvelope }
      case .early: rules.isAnsweredAtOnce = { _ in true }
      case .overtaking: rules.arrival = { $0.decision == .later ? .process : $0.decision }
      case .doubleClearance:
        rules.apply = { clearance, event, side in
          guard clearance.ownSide == .import, case .revision = event, let released = clearance.import, released.status == .released else {
            return clearance.apply(event, on: side, at: ModelRules.start)
          }
          var reopened = clearance.with(import: Side(revision: released.revision, status: .accepted))
          let problem = reopened.apply(event, on: side, at: ModelRules.start)
          if problem == nil { clearance = side == .import ? reopened : reopened.with(import: released) }
          return problem
        }
      }
      return rules
    }

    /// Whether the search begins when both sides hold the declaration, and its sender the receipt.
    var beginsWhenDeclared: Bool { self == .swallowed || self == .newID || self == .doubleClearance }

    /// What it breaks, as the shortest trace shows it.
    var violation: String {
      switch self {
      case .swallowed: "clearance 1: the two gateways hold different export sides"
      case .newID: "clearance 1: amendment is never delivered"
      case .early: "declaration was acknowledged and is lost"
      case .overtaking: "amendment is dealt with out of its turn"
      case .doubleClearance: "one consignment is cleared twice"
      }
    }
  }

  /// The declaration on its straight way.
  private func declared() -> ModelState {
    let model = Model(rules: ModelRules(), clearances: 1)
    var state = ModelState()
    for kind in [ModelAction.Kind.submit, .send, .arrive, .commit, .answer, .settle] {
      var steps: [ModelStep] = []
      model.steps(from: state, &steps)
      if let step = steps.first(where: { $0.action.kind == kind && $0.action.message == .declaration }) { state = step.state }
    }
    #expect(state.first.delivery(.declaration) == .accepted)
    return state
  }

  /// That the search went where things go wrong: a model in which nothing ever fails proves nothing.
  private func reached(_ found: Explorer) -> Bool {
    func some(_ holds: (ModelCase) -> Bool) -> Bool { found.states.contains { holds($0.first) } }
    return some { $0.record(.resent) == true && $0.record(.amendment) == false && $0.delivery(.released) == .accepted }
      && some { $0.delivery(.amendment) == .givenUpForItsAge && $0.record(.amendment) == true }
      && some { $0.delivery(.declaration) == .refused && $0.record(.declaration) == false }
      && some { $0.delivery(.declaration) == .givenUp && $0.delivery(.amendment) == .triedOnce }
      && some { $0.delivery(.amendment) == .refused && $0.record(.released) == true }
  }

  private func report(_ name: String, _ found: Explorer) {
    print(
      "model: \(name): \(found.states.count) distinct states, \(found.quietCount) of them after the network became quiet, "
        + "\(found.stepCount) steps, \(found.violation.map { "violated: \($0.text)" } ?? "no violation")")
    for (number, line) in (found.violation?.trace ?? []).enumerated() { print("  \(number + 1). \(line)") }
  }
}

extension Clearance {
  fileprivate func with(import side: Side) -> Clearance {
    Clearance(
      id: id, ucr: nil, salt: "", commitment: "", corridor: corridor, ownSide: ownSide, export: export, import: side,
      beforeProposal: beforeProposal, sentSequence: sentSequence, receivedSequence: receivedSequence, timeline: [])
  }
}
