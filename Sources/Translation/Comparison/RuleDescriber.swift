import Declarations

/// Says in words of the mapping language where a compiled rule reads and writes and what it does there, so that rules of two files compare.
struct RuleDescriber {
  let profile: Profile
  /// The path of a structure node.
  let path: (Int) -> String

  /// - Parameter tests: those of the groups around the plan.
  func visit(_ plan: GroupPlan, tests: [String], _ body: (ElementIndex, String) -> Void) {
    let tests = tests + plan.path.steps.flatMap { $0.tests.map(text) }
    if profile.dictionary[plan.element].group != nil {
      var words = [place(plan.node, tests)]
      if let key = plan.key { words.append("key \(profile.dictionary[key.element].id)") }
      if let split = plan.split { words.append("split “\(split)”") }
      body(plan.element, words.joined(separator: ", "))
    }
    for item in plan.items {
      switch item {
      case .group(let inner): visit(inner, tests: tests, body)
      case .rule(let rule):
        let text = describe(rule, tests)
        for element in rule.elements { body(element, text) }
        for (field, value) in rule.implies { body(field.element, text + ", implies \(value)") }
      }
    }
  }

  private func describe(_ rule: RulePlan, _ tests: [String]) -> String {
    var words: [String] = []
    if let path = rule.path { words.append(place(path.target, tests + path.steps.flatMap { $0.tests.map(text) })) }
    words += rule.also.map { "also \(place($0.target, $0.steps.flatMap { $0.tests.map(text) }))" }
    switch rule.kind {
    case .field(let field, let scale):
      words += tables(field)
      if let scale { words.append("scaled by \(path(scale.unit.target))\(scale.isInverse ? ", inverse" : "")") }
    case .constant(let text): words.append("const “\(text)”")
    case .computed(let compute, let field): words += (field.map(tables) ?? []) + ["compute \(self.text(compute))"]
    case .implied(let field, let text): words += tables(field) + ["implied “\(text)”"]
    case .derived(let field, let compute): words += tables(field) + ["compute \(text(compute))"]
    case .concat(let parts, let otherwise):
      words.append("concat " + parts.map(text).joined(separator: " "))
      if let otherwise { words.append("otherwise \(profile.dictionary[otherwise.element].id)") }
    case .lines(let field, let length, let max): words += tables(field) + ["lines \(max) of \(length)"]
    case .unit(let field, let unit):
      words += tables(field) + ["unit \(unit.written) at \(path(unit.path.target))"]
      words += unit.factors.map { "\($0.code) × \($0.factor)" }
    }
    if let type = rule.type { words.append("as \(type.notation)") }
    if let across = rule.across { words.append("across \(across.rule.rawValue)" + (across.by.map { " by \(path($0.target))" } ?? "")) }
    if !rule.reads { words.append("only write") }
    if !rule.writes, rule.path != nil { words.append("only read") }
    return words.joined(separator: ", ")
  }

  private func place(_ node: Int, _ tests: [String]) -> String { path(node) + tests.joined() }

  private func tables(_ field: Field) -> [String] {
    field.conversions.isEmpty ? [] : ["by " + field.conversions.map(\.conversion.id).joined(separator: " or ")]
  }

  private func text(_ part: RulePlan.Part) -> String {
    switch part {
    case .literal(let text): "“\(text)”"
    case .field(let field, let length):
      ([profile.dictionary[field.element].id] + tables(field)).joined(separator: " ")
        + (length.map { "[\($0.lowerBound)..\($0.upperBound)]" } ?? "")
    }
  }

  private func text(_ test: Path.Test) -> String {
    func name(_ nodes: [Int]) -> String { nodes.map { profile.structure[$0].step }.joined(separator: "/") }
    return switch test {
    case .equals(let nodes, let text): "[\(name(nodes))=\(text)]"
    case .differs(let nodes, let text): "[\(name(nodes))!=\(text)]"
    case .absent(let nodes): "[!\(name(nodes))]"
    case .position(let position): "[\(position)]"
    }
  }

  private func text(_ compute: Compute) -> String {
    func ids(_ elements: [ElementIndex]) -> String { elements.map { profile.dictionary[$0].id }.joined(separator: "/") }
    return switch compute {
    case .when(let value, let condition): "\(text(value)) if \(text(condition))"
    case .sum(let groups, let element): "sum(\(ids(groups + [element])))"
    case .count(let groups): "count(\(ids(groups)))"
    case .exists(let groups): "exists(\(ids(groups)))"
    case .same(let groups, let element): "same(\(ids(groups + [element])))"
    case .first(let groups, let element): "first(\(ids(groups + [element])))"
    case .position: "position()"
    }
  }
}
