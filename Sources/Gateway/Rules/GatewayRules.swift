package import Policy
package import Primitives
package import Translation
package import Trust

/// What decides what becomes of a document: the configuration, the registry, the profiles and the policies. Steps 2 to 6 of either way are
/// functions of them and of the document alone.
///
/// A value. A gateway works by one at a time; a rehearsal holds two against each other.
package struct GatewayRules: Sendable {
  package let configuration: GatewayConfiguration
  package let registry: VerifiedRegistry
  package let profiles: ProfileLibrary
  /// By id.
  package let policies: [String: ReleasePolicy]
  /// The rule set that they are of; nil: of the files that the configuration names.
  package let set: Digest?

  /// - Throws: everything in the configuration that the registry, the profiles or the policies contradict, at once:
  ///   `config.economy_unknown`, `config.corridor_unknown`, `config.corridor_foreign`, `config.profile_unknown`, `config.policy_unknown`,
  ///   `config.policy_corridor`, `config.profile_kind`, `config.profile_elements`, `config.element_unknown`, `config.amendments_not_agreed`,
  ///   `config.partner_unknown`, `config.quota_twice`, `policy.withholds_required`.
  package init(
    configuration: GatewayConfiguration, registry: VerifiedRegistry, profiles: ProfileLibrary, policies: [ReleasePolicy],
    set: Digest? = nil
  ) throws(CausewayError) {
    self.configuration = configuration
    self.registry = registry
    self.profiles = profiles
    self.policies = Dictionary(policies.map { ($0.id, $0) }) { first, _ in first }
    self.set = set
    let problems = contradictions()
    guard problems.isEmpty else { throw CausewayError(problems: problems) }
  }
}

/// Whoever has rules: a gateway, or the rules themselves. The steps that are functions of rules are extensions of it.
package protocol RulesInForce: Sendable {
  var rules: GatewayRules { get }
}

extension GatewayRules: RulesInForce {
  package var rules: GatewayRules { self }
}

extension RulesInForce {
  package var configuration: GatewayConfiguration { rules.configuration }
  package var registry: VerifiedRegistry { rules.registry }
  package var profiles: ProfileLibrary { rules.profiles }
  package var policies: [String: ReleasePolicy] { rules.policies }
  var economy: String { configuration.economy }
}
