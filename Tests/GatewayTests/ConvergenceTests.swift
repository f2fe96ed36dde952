import Exchange
import JSONTree
import Journal
import Primitives
import Synchronization
import TestSupport
import Testing

@testable import Gateway

/// Random cases over a bad line: whatever is lost, late, doubled or overtaken, both gateways end with the same two sides.
@Suite struct ConvergenceTests {
  /// One pair of gateways carries all cases of a chunk, one after the other; each seed is one case.
  @Test(arguments: 0..<6) func bothSidesEndAlike(chunk: UInt64) async throws {
    let world = try await World()
    var outcomes: Set<String> = []
    for seed in (chunk * 52)..<(chunk * 52 + 52) { outcomes.insert(try await walk(world, seed)) }
    #expect(outcomes.isSuperset(of: ["in_progress", "refused", "withdrawn"]), "the cases are not alike")
    #expect(try await world.isSound("CN"))
    #expect(try await world.isSound("SG"))
    world.settle()
    for economy in ["CN", "SG"] { #expect(try await world.reconcile(at: economy) == [], "what went well is no difference") }
  }

  private func walk(_ world: World, _ seed: UInt64) async throws -> String {
    var random = SplitMix(state: seed &* 0x9E37)
    let faults = SplitMix(state: seed ^ 0xFACE)
    let dice = Dice(faults)
    world.line.fail { _ in
      switch dice.roll(10) {
      case 0: .lost
      case 1: .answerLost
      case 2: .twice
      case 3: .keptBack
      default: nil
      }
    }
    let number = Int(seed) * 100
    let id = try await world.declare(number).clearanceID
    for step in 1...Int.random(in: 4...24, using: &random) {
      // What is not allowed now is refused to the caller and changes nothing.
      switch Int.random(in: 0..<12, using: &random) {
      case 0: _ = try? await world.amend(id, number + step)
      case 1: if Bool.random(using: &random) { _ = try? await world.cn.withdraw(id, by: world.customs) }
      case 2: try? await world.report("accepted", on: id, at: "CN", ",\"registrationId\":\"E\(step)\"")
      case 3: try? await world.report("released", on: id, at: "CN")
      case 4: try? await world.report("refused", on: id, at: "CN")
      case 5: try? await world.report("lodged", on: id, at: "SG")
      case 6: try? await world.report("accepted", on: id, at: "SG", ",\"registrationId\":\"I\(step)\"")
      case 7: try? await world.report("released", on: id, at: "SG")
      case 8: try? await world.report("refused", on: id, at: "SG")
      default: break
      }
      switch Int.random(in: 0..<6, using: &random) {
      case 0: _ = try await world.cn.deliverDue()
      case 1: _ = try await world.sg.deliverDue()
      case 2: _ = try await world.sg.translateRecorded()
      case 3: world.clock.advance(seconds: 400)
      case 4: await world.line.releaseKeptBack(shuffledWith: &random)
      default: break
      }
    }
    try await world.run(rounds: 400)
    await world.line.releaseKeptBack(shuffledWith: &random)
    world.line.heal()
    try await world.run(rounds: 400)
    let (cn, sg) = (try await world.clearance(id, at: "CN"), try await world.clearance(id, at: "SG"))
    #expect(cn.export == sg.export, "seed \(seed)")
    #expect(cn.import == sg.import, "seed \(seed)")
    #expect(cn.outcome == sg.outcome, "seed \(seed)")
    #expect(cn.beforeProposal == nil, "seed \(seed)")
    #expect(cn.sentSequence == sg.receivedSequence, "seed \(seed)")
    #expect(sg.sentSequence == cn.receivedSequence, "seed \(seed)")
    let unfinished =
      try await world.messages(at: "SG", MessageQuery(clearance: id, states: ["recorded", "sealed", "dead"], limit: 100))
      + world.messages(at: "CN", MessageQuery(clearance: id, states: ["received", "recorded", "sealed", "dead"], limit: 100))
    #expect(unfinished.isEmpty, "seed \(seed): \(unfinished.map { "\($0.kind) \($0.state)" })")
    return cn.outcome.rawValue
  }
}

/// A seeded generator that concurrent callers share.
final class Dice: Sendable {
  private let generator: Mutex<SplitMix>

  init(_ generator: SplitMix) { self.generator = Mutex(generator) }

  func roll(_ sides: Int) -> Int { generator.withLock { Int.random(in: 0..<sides, using: &$0) } }
}
