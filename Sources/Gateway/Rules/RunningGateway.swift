import Exchange
import JSONTree
import Journal
import Logging
package import Primitives
import Synchronization
import Trust

/// Where rule sets lie (docs/operations/rehearsal.md): folders that are named by the digest of everything in them.
package protocol RuleSets: Sendable {
  /// Of the files that the configuration names.
  var configured: Digest { get }
  /// Those that lie here, in the order of their digests. Nothing of them is looked at.
  func staged() -> [Digest]
  /// Reads a set, every byte of which is as its digest says.
  ///
  /// - Throws: `config.rule_set_missing`, `config.rule_set_altered`; what is wrong with the set.
  func load(_ set: Digest) throws(CausewayError) -> GatewayRules
  /// What carries envelopes by these rules.
  func partners(_ rules: GatewayRules) -> any PartnerTransport
  /// Shows other commands which set holds; nil: the files of the configuration. The journal is what counts.
  func show(_ active: Digest?)
}

/// The gateway as it works now: one value, exchanged as a whole when a rule set is activated. Its one owner.
///
/// Whoever begins something takes the value once and ends with it; so nothing is done by two sets of rules.
package final class RunningGateway: Sendable {
  private let current: Mutex<GatewayNode>
  package let sets: any RuleSets
  private let changes = Bell()

  package init(_ node: GatewayNode, sets: any RuleSets) {
    current = Mutex(node)
    self.sets = sets
  }

  package var node: GatewayNode { current.withLock { $0 } }

  /// Does the work of the gateway until the task is cancelled. When other rules are activated, here or by another gateway on the journal, each step
  /// in hand is finished by the rules with which it began; then the work goes on by the new ones.
  ///
  /// - Throws: what is wrong with a set that another gateway has activated: going on without it would be going on by rules that no longer hold.
  package func work() async throws(CausewayError) {
    while !Task.isCancelled {
      let (seen, node) = (changes.rung(), node)
      await withTaskGroup(of: Void.self) { group in
        group.addTask { await node.work() }
        group.addTask { await self.waitForOthers(after: seen) }
        await group.next()
        group.cancelAll()
      }
      try await followOthers()
    }
  }

  /// Returns when other rules hold here, or when another gateway has activated some.
  private func waitForOthers(after seen: Int) async {
    while !Task.isCancelled, changes.rung() == seen {
      await changes.wait(after: seen, atMost: .seconds(1))
      // A journal that does not answer now is asked again.
      if let active = try? await active(), active != node.rules.set { return }
    }
  }

  private func followOthers() async throws(CausewayError) {
    guard !Task.isCancelled, let active = try? await active(), active != node.rules.set else { return }
    exchange(for: try node.working(by: try sets.load(active), sets))
    node.logger.notice("rule set of another gateway holds", metadata: ["gw.rule_set": "\(active.hex)"])
  }

  private func active() async throws(CausewayError) -> Digest? {
    try await node.journal.read { reader throws(CausewayError) in try GatewayRules.active(reader) }
  }

  func exchange(for other: GatewayNode) {
    current.withLock { $0 = other }
    sets.show(other.rules.set)
    changes.ring()
  }
}
