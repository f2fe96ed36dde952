import Exchange
package import JSONTree
package import Journal
import Ledger
package import Primitives
package import Trust

/// Names of the journal's values that say by what the gateway decides.
private enum RulesValue {
  /// Hexadecimal digest of the rule set that was activated last.
  static let active = "rules.active"
  /// Version and digest of the newest registry that was ever in use.
  static let registry = "registry.in_use"
}

extension GatewayRules {
  /// The set that was activated last; nil: none ever was, and the files of the configuration count.
  package static func active(_ reader: any JournalReader) throws(CausewayError) -> Digest? {
    guard let bytes = try reader.value(RulesValue.active) else { return nil }
    guard let set = Digest(hex: String(decoding: bytes, as: UTF8.self)) else { throw CausewayError("journal.row_invalid") }
    return set
  }

  /// Remembers the registry in use. An older one, or another one of the same version, is refused from then on.
  ///
  /// - Throws: `registry.version_back`, `registry.version_reused`, `journal.*`.
  package static func pin(
    _ registry: VerifiedRegistry, _ reader: any JournalReader
  ) throws(CausewayError) -> Change.Operation {
    let pinned = "\(registry.version) \(registry.digest.hex)"
    if let known = try reader.value(RulesValue.registry) {
      let text = String(decoding: known, as: UTF8.self)
      guard let version = text.split(separator: " ").first.flatMap({ Int($0) }), version <= registry.version else {
        throw CausewayError("registry.version_back")
      }
      guard version < registry.version || ByteString(text) == ByteString(pinned) else { throw CausewayError("registry.version_reused") }
    }
    return .setValue(RulesValue.registry, Array(pinned.utf8))
  }
}

extension RunningGateway {
  /// What holds, and what could.
  package func rules() -> JSONValue {
    let node = node
    return [
      "active": .string((node.rules.set ?? sets.configured).hex), "configured": .string(sets.configured.hex),
      "registry": .number(JSONNumber(node.registry.version)), "staged": .array(sets.staged().map { .string($0.hex) }),
    ]
  }

  /// Activates a rule set that was staged: for everything that begins from then on. What was begun ends by the rules that it began with.
  ///
  /// The set is loaded and checked whole first. Then one transaction makes it the one that holds and records `rules.activated` on the ledger; a
  /// crash leaves the old set or the new one. A former set is activated in the same way, and that is recorded, too. The set that holds already is
  /// left alone.
  ///
  /// - Parameter body: JSON `{"set", "reason"}`: a digest in hexadecimal, and 1 to 200 printable ASCII characters, which stand on the ledger.
  /// - Throws: `config.rule_set_missing`, `config.rule_set_altered`; everything that is wrong with the set; `rules.changed` when another set was
  ///   activated meanwhile; `rules.ledger_renamed`; `registry.version_back`, `registry.version_reused`; `journal.*`.
  package func activate(_ body: [UInt8], by principal: Principal) async throws(CausewayError) -> JSONValue {
    var fields = JSONFields(try JSONValue.parse(body))
    let set = fields.string("set", "64 hexadecimal digits") { Digest(hex: $0) }
    let reason = fields.string("reason", "1 to 200 printable ASCII characters") { text in
      (1...200).contains(text.utf8.count) && text.utf8.allSatisfy { (0x20..<0x7F).contains($0) } ? text : nil
    }
    let problems = fields.finish()
    guard problems.isEmpty, let set, let reason else { throw CausewayError(problems: problems) }
    let old = node
    let former = old.rules.set
    if former == set { return rules() }
    let new = try old.working(by: try sets.load(set), sets)
    let registry = new.registry
    let entry = EntryDraft(
      kind: "rules.activated", actor: principal.name, versions: ["registry": String(registry.version)],
      extra: ["from": .string((former ?? sets.configured).hex), "to": .string(set.hex), "reason": .string(reason)])
    let outcome = try await old.journal.commit(
      Change(
        entries: [entry],
        finish: { _, reader throws(CausewayError) in
          guard try GatewayRules.active(reader) == former else { throw CausewayError("rules.changed") }
          return Change.Finish(operations: [
            try GatewayRules.pin(registry, reader), .setValue(RulesValue.active, Array(set.hex.utf8)),
          ])
        }))
    guard let committed = outcome.committed else { throw CausewayError("journal.conflict") }
    exchange(for: new)
    new.bell.ring()
    var answer = rules().object ?? [:]
    answer["from"] = .string((former ?? sets.configured).hex)
    answer["entry"] = committed.entries.first.map { .number(JSONNumber($0.index)) }
    return .object(answer)
  }
}

extension GatewayNode {
  /// The same gateway, with all that it knows and counts, by other rules.
  ///
  /// - Throws: `rules.ledger_renamed` when the registry names another ledger than the one that the journal holds; `config.witness_key`; `ledger.*`.
  func working(by rules: GatewayRules, _ sets: any RuleSets) throws(CausewayError) -> GatewayNode {
    guard let name = rules.registry.participant(economy)?.ledger.origin, ByteString(name) == ByteString(journal.verifierKey.name) else {
      throw CausewayError("rules.ledger_renamed")
    }
    return try working(by: rules, partners: sets.partners(rules))
  }
}
