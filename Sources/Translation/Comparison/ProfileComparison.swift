import Declarations
import Formats
package import Primitives

/// Two versions of one profile, of one folder of schemas or of two.
package struct ProfileComparison: Sendable {
  package let before: Profile
  package let after: Profile
  let translatorBefore: Translator
  let translatorAfter: Translator

  /// - Throws: `profile.unknown`, `profile.not_comparable` when the two are no versions of one format.
  package init(_ before: String, of library: ProfileLibrary, with after: String, of other: ProfileLibrary) throws(CausewayError) {
    translatorBefore = Translator(library)
    translatorAfter = Translator(other)
    self.before = try translatorBefore.profile(before)
    self.after = try translatorAfter.profile(after)
    guard self.before.id.hasSameBytes(as: self.after.id), self.before.document == self.after.document,
      self.before.syntax == self.after.syntax
    else {
      throw CausewayError("profile.not_comparable", facts: ["before": self.before.name, "after": self.after.name])
    }
  }

  /// What changes in the data: structure, mapping, rules, code lists and tables. Looks at no document.
  ///
  /// - Complexity: O(nodes × children of one node + rules + codes).
  package func difference() -> ProfileDifference {
    let structure = StructureComparison(before, after)
    return ProfileDifference(
      before: before.name, after: after.name,
      changes: head() + structure.changes() + MappingComparison(before: before, after: after, peers: structure.peers).changes()
        + CodesComparison(before: before, after: after).changes())
  }

  private func head() -> [ProfileDifference.Change] {
    var changes: [ProfileDifference.Change] = []
    func compare(_ key: String, _ was: String, _ now: String, _ effect: ProfileDifference.Effect = .other) {
      guard !was.hasSameBytes(as: now) else { return }
      changes.append(.init(kind: .head, effect: effect, path: key, before: was.isEmpty ? nil : was, after: now.isEmpty ? nil : now))
    }
    let (old, new) = (before.encodings, after.encodings)
    compare(
      "encodings", old.map(\.rawValue).joined(separator: ", "), new.map(\.rawValue).joined(separator: ", "),
      .of(isNarrower: !old.allSatisfy(new.contains), isWider: !new.allSatisfy(old.contains)))
    compare("economy", before.economy, after.economy)
    compare("empties", before.empties.rawValue, after.empties.rawValue, after.empties == .omit ? .narrower : .wider)
    compare(
      "order", before.isOrderFree ? "free" : "strict", after.isOrderFree ? "free" : "strict", after.isOrderFree ? .wider : .narrower)
    compare(
      "unknown", before.keepsUnknown ? "keep" : "refuse", after.keepsUnknown ? "keep" : "refuse", after.keepsUnknown ? .wider : .narrower)
    compare("nulls", before.nullMark ?? "", after.nullMark ?? "")
    func limit(_ profile: Profile) -> String { profile.itemLimit == .max ? "" : String(profile.itemLimit) }
    compare("itemLimit", limit(before), limit(after), after.itemLimit < before.itemLimit ? .narrower : .wider)
    let (root, newRoot) = (before.structure[0], after.structure[0])
    compare("root", root.name, newRoot.name, newRoot.goes(by: root.name) ? .other : .narrower)
    for index in 0..<max(before.structure.namespaces.count, after.structure.namespaces.count) {
      let was = index < before.structure.namespaces.count ? before.structure.namespaces[index] : nil
      let now = index < after.structure.namespaces.count ? after.structure.namespaces[index] : nil
      let isRead = was.map { was in now?.accepts(was.uri) ?? false } ?? true
      compare("namespace \(was?.prefix ?? now?.prefix ?? "")", was?.uri ?? "", now?.uri ?? "", isRead ? .other : .narrower)
    }
    compare("direction", Self.direction(before), Self.direction(after))
    return changes
  }

  private static func direction(_ profile: Profile) -> String {
    let structure = profile.structure
    switch profile.plan.direction {
    case .value(let path, let values, let stated):
      let pairs = values.map { "\($0.text) \($0.direction.word)" } + stated.map { "\($0) stated" }
      return "\(structure.path(path.target)): \(pairs.joined(separator: ", "))"
    case .shapes(let rules):
      return rules.enumerated().map { index, rule in
        let when = rule.when.map { " when \(profile.dictionary[$0.element].id) is \($0.values.joined(separator: ", "))" } ?? ""
        return "\(structure.shapes[index]) \(rule.direction?.word ?? "")\(when)"
      }.joined(separator: "; ")
    case nil: return ""
    }
  }

  // MARK: Trying it

  /// A document of the format, by a name that people know it by.
  package struct Message: Sendable {
    package let name: String
    package let bytes: [UInt8]

    package init(name: String, bytes: [UInt8]) {
      self.name = name
      self.bytes = bytes
    }
  }

  /// Documents as the first version has them, generated: the same each time.
  ///
  /// - Throws: codes of the formats' writers.
  package func generated(_ count: Int) throws(CausewayError) -> [Message] {
    try (0..<UInt64(max(count, 0))).map { seed throws(CausewayError) in
      Message(name: "seed \(seed)", bytes: try before.sample(seed: seed))
    }
  }

  /// Each message goes out with both versions, into the partner's format, and what comes of it with the first goes back in with both.
  ///
  /// - Parameter partner: the other format; nil: the hub's.
  /// - Throws: `profile.unknown`, `write.kind_differs`.
  package func trial(of messages: [Message], with partner: String? = nil, on day: String? = nil) throws(CausewayError) -> MessageTrial {
    let name = partner ?? hub()
    let passages = (
      MessagePassage(translator: translatorBefore, profile: before, partner: try translatorBefore.profile(name), day: day),
      MessagePassage(translator: translatorAfter, profile: after, partner: try translatorAfter.profile(name), day: day)
    )
    guard passages.0.partner.document == before.document, passages.1.partner.document == after.document else {
      throw passages.0.partner.differs(from: before)
    }
    var trial = MessageTrial(with: name)
    for message in messages {
      let out = (passages.0.out(message.bytes), passages.1.out(message.bytes))
      var back: (MessagePassage.Outcome, MessagePassage.Outcome)?
      if let written = out.0.bytes ?? out.1.bytes { back = (passages.0.in(written), passages.1.in(written)) }
      trial.add(message.name, out: out, back: back)
    }
    return trial
  }

  /// The hub's format of the kind that carries most; XML where two carry the same.
  private func hub() -> String {
    let direction: Direction? = before.document.hasDirection ? .export : nil
    let hubs = translatorBefore.library.profiles.filter {
      $0.isHub && $0.document == before.document && !$0.id.hasSameBytes(as: before.id)
    }
    let weighed = hubs.map { (id: $0.id, weight: $0.carriedElements(direction).count * 2 + ($0.syntax == .xml ? 1 : 0)) }
    return weighed.max { $0.weight < $1.weight }?.id ?? before.id
  }
}
