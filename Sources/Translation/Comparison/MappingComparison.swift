import Declarations
import Primitives

/// Two versions of a mapping and its rules, element by element. Paths are those of the second version, so that a renamed place is no other mapping.
struct MappingComparison {
  let before: Profile
  let after: Profile
  let peers: [Int]

  func changes() -> [ProfileDifference.Change] { elements() + rules() }

  // MARK: Elements

  private func elements() -> [ProfileDifference.Change] {
    let old = descriptions(before) { node in peers[node] < 0 ? before.structure.path(node) : after.structure.path(peers[node]) }
    let new = descriptions(after) { after.structure.path($0) }
    var changes: [ProfileDifference.Change] = []
    let common = old.keys.filter { new[$0] != nil }.sorted()
    for id in Set(old.values.flatMap(\.keys)).union(new.values.flatMap(\.keys)).sorted() {
      // What is the same in several variants is said once.
      var found: [(change: ProfileDifference.Change, labels: [String])] = []
      for label in common {
        let (was, now) = (old[label]?[id] ?? [], new[label]?[id] ?? [])
        guard was != now else { continue }
        let kind: ProfileDifference.Kind = was.isEmpty ? .carried : now.isEmpty ? .notCarried : .mapping
        let change = ProfileDifference.Change(
          kind: kind, effect: was.isEmpty ? .wider : now.isEmpty ? .narrower : .other, element: id.string, before: Self.text(was - now),
          after: Self.text(now - was))
        if let index = found.firstIndex(where: { $0.change == change }) {
          found[index].labels.append(label.string)
        } else {
          found.append((change, [label.string]))
        }
      }
      changes += found.map { change, labels in
        var change = change
        change.only = labels.count == common.count ? [] : labels
        return change
      }
    }
    return changes
  }

  private static func text(_ descriptions: [String]) -> String? {
    descriptions.isEmpty ? nil : descriptions.joined(separator: "; ")
  }

  /// By variant, by element or group: its places, each with what the rule there does.
  private func descriptions(_ profile: Profile, _ path: @escaping (Int) -> String) -> [ByteString: [ByteString: [String]]] {
    var all: [ByteString: [ByteString: [String]]] = [:]
    for plan in profile.plan.variants {
      var found: [ByteString: [String]] = [:]
      let describer = RuleDescriber(profile: profile, path: path)
      describer.visit(plan.root, tests: []) { found[ByteString(profile.dictionary[$0].id), default: []].append($1) }
      all[ByteString(profile.label(plan.variant))] = found
    }
    return all
  }

  // MARK: Rules across fields

  private func rules() -> [ProfileDifference.Change] {
    let (old, new) = (Self.rules(before), Self.rules(after))
    var changes: [ProfileDifference.Change] = []
    for (id, rule) in old.sorted(by: { $0.key < $1.key }) {
      guard let other = new[id] else {
        changes.append(.init(kind: .ruleGone, effect: rule.isError ? .wider : .other, path: id.string, before: rule.text))
        continue
      }
      if !rule.text.hasSameBytes(as: other.text) {
        changes.append(.init(kind: .rule, effect: .other, path: id.string, before: rule.text, after: other.text))
      }
    }
    for (id, rule) in new.sorted(by: { $0.key < $1.key }) where old[id] == nil {
      changes.append(.init(kind: .ruleNew, effect: rule.isError ? .narrower : .other, path: id.string, after: rule.text))
    }
    return changes
  }

  /// By id; a rule without one of its own goes by what it says, since lines move.
  private static func rules(_ profile: Profile) -> [ByteString: (text: String, isError: Bool)] {
    var rules: [ByteString: (text: String, isError: Bool)] = [:]
    for rule in profile.rules {
      let text = describe(rule, profile)
      let hasID = !(rule.id.split(separator: ":").last?.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } ?? false)
      rules[ByteString(hasID ? rule.id : text)] = (text, rule.severity == .error)
    }
    return rules
  }

  private static func describe(_ rule: Rule, _ profile: Profile) -> String {
    var parts = [describe(rule.kind, profile.dictionary), rule.severity.rawValue]
    if let direction = rule.direction { parts.append(direction.word) }
    if !rule.shape.isEmpty { parts.append(rule.shape.map { profile.structure.shapes[$0] }.joined(separator: ", ")) }
    if !rule.groups.isEmpty { parts.append("in " + describe(rule.groups, profile.dictionary)) }
    if let condition = rule.condition { parts.append("when " + describe(condition, profile.dictionary)) }
    return parts.joined(separator: ", ")
  }

  /// The parts of a value with the ids of elements in place of their numbers, which are those of one dictionary.
  private static func describe(_ value: Any, _ dictionary: ElementDictionary) -> String {
    switch value {
    case let element as ElementIndex: return dictionary[element].id
    case let pattern as TextPattern: return pattern.source
    case let number as ExactDecimal: return number.description
    default: break
    }
    let mirror = Mirror(reflecting: value)
    guard !mirror.children.isEmpty else { return mirror.displayStyle == .collection ? "" : String(describing: value) }
    var parts = mirror.children.map { child in
      let text = describe(child.value, dictionary)
      return child.label.map { $0.utf8.first == 0x2E || $0 == "some" ? text : "\($0): \(text)" } ?? text
    }
    if mirror.displayStyle == .dictionary || mirror.displayStyle == .set { parts.sort() }
    return mirror.displayStyle == .optional ? parts.joined() : "(" + parts.joined(separator: ", ") + ")"
  }
}

extension [String] {
  /// Those that the other list does not have.
  fileprivate static func - (left: [String], right: [String]) -> [String] {
    let others = Set(right.map { ByteString($0) })
    return left.filter { !others.contains(ByteString($0)) }
  }
}
