import Declarations
import Primitives
import YAMLTree

/// Reads `rules.yaml`.
struct RuleLoader {
  let dictionary: ElementDictionary
  let structure: Structure
  let kind: DocumentKind
  let reach: RuleReach?

  /// - Parameter plan: the mapping, to find rules that can never speak or always do; nil: it is wrong itself.
  static func load(
    _ root: YAMLNode, kind: DocumentKind, dictionary: ElementDictionary, structure: Structure, plan: MappingPlan?, codes: CodeLibrary
  ) throws(CausewayError) -> [Rule] {
    try root.allow(["rules"])
    let reach = plan.map { RuleReach($0, structure: structure, dictionary: dictionary, codes: codes) }
    let loader = RuleLoader(dictionary: dictionary, structure: structure, kind: kind, reach: reach)
    var rules: [Rule] = []
    var problems: [Problem] = []
    for node in try root.required("rules").list() {
      do throws(CausewayError) { rules.append(try loader.rule(node)) } catch {
        problems += error.problems.map { Problem("profile.rule_invalid", pointer: $0.pointer, line: $0.line, facts: $0.facts) }
      }
    }
    guard problems.isEmpty else { throw CausewayError(problems: problems) }
    return rules
  }

  private static let common: Set<String> = ["kind", "id", "direction", "shape", "severity", "group", "when", "en", "zh"]
  private static let own: [String: Set<String>] = [
    "sum_equals": ["total", "of", "tolerance"], "product_equals": ["factors", "product", "decimals"], "not_greater": ["lesser", "greater"],
    "differs": ["element", "other", "value"], "equals": ["element", "other", "value"], "iso6346": ["element"], "uscc": ["element"],
    "uen": ["element"],
    "hs_digits": ["element", "digits"], "mass_minimum": ["element", "value"], "max_count": ["max"], "min_count": ["min"],
    "conditional_required": ["element"], "sequence": ["element", "from"], "eori": ["element"], "imo": ["element"],
    "count_equals": ["element"], "not_later": ["earlier", "later"], "pattern": ["element", "pattern"],
  ]

  private func rule(_ node: YAMLNode) throws(CausewayError) -> Rule {
    let name = try node.required("kind").string()
    guard let own = Self.own[name] else { throw node.error("the kind \(name) is not known") }
    try node.allow(Self.common.union(own))
    var groups: [ElementIndex] = []
    let group: ElementIndex? = try node["group"].map { node throws(CausewayError) in try self.group(node) }
    let countsInstances = ["max_count", "min_count", "count_equals"].contains(name)
    if let group, !countsInstances, name != "sum_equals" { groups = chain(group) }
    var kind: Rule.Kind
    switch name {
    case "sum_equals":
      guard let group else { throw node.error("group is missing") }
      kind = .sumEquals(
        total: try element(node, "total"), groups: chain(group), of: try element(node, "of"),
        tolerance: try decimal(node, "tolerance") ?? ExactDecimal(0))
    case "product_equals":
      var factors: [ElementIndex] = []
      for id in try node.required("factors").strings() { factors.append(try element(id, node)) }
      var decimals: [ElementIndex: Int] = [:]
      for member in try node["decimals"]?.members() ?? [] { decimals[try element(member.key, member.value)] = try member.value.integer() }
      kind = .productEquals(factors: factors, product: try element(node, "product"), decimals: decimals)
    case "not_greater": kind = .notGreater(lesser: try element(node, "lesser"), greater: try element(node, "greater"))
    case "differs", "equals":
      let other: ElementIndex? = node["other"] == nil ? nil : try element(node, "other")
      let value = try node["value"]?.string()
      guard (other == nil) != (value == nil) else { throw node.error("give `other` or `value`") }
      let first = try element(node, "element")
      kind = name == "differs" ? .differs(first, other: other, value: value) : .equals(first, other: other, value: value)
    case "hs_digits":
      var lengths: [Int] = []
      for text in try node.required("digits").strings() {
        guard let length = Int(text) else { throw node.error("digits is a list of numbers") }
        lengths.append(length)
      }
      kind = .hsDigits(try element(node, "element"), lengths)
    case "mass_minimum":
      guard let minimum = try decimal(node, "value") else { throw node.error("value is missing") }
      kind = .minimum(try element(node, "element"), minimum)
    case "max_count", "min_count":
      guard let group else { throw node.error("group is missing") }
      kind = .count(
        groups: chain(group), min: name == "min_count" ? try node.required("min").integer() : 0,
        max: name == "max_count" ? try node.required("max").integer() : .max)
    case "count_equals":
      guard let group else { throw node.error("group is missing") }
      kind = .countEquals(try element(node, "element"), groups: chain(group))
    case "not_later": kind = .notLater(earlier: try element(node, "earlier"), later: try element(node, "later"))
    case "pattern":
      guard let pattern = TextPattern(try node.required("pattern").string()) else { throw node.error("the pattern is not understood") }
      kind = .pattern(try element(node, "element"), pattern)
    case "conditional_required": kind = .required(try element(node, "element"))
    case "sequence":
      let element = try element(node, "element")
      kind = .sequence(groups: dictionary[element].group.map(chain) ?? [], element: element, from: try node["from"]?.integer() ?? 1)
      groups = []
    default:
      guard let form = Rule.Form(rawValue: name) else { throw node.error("the kind \(name) is not known") }
      kind = .form(try element(node, "element"), form)
    }
    let severity = try node["severity"]?.string() ?? "error"
    guard let level = Problem.Severity(rawValue: severity) else { throw node.error("severity is error or warning") }
    var direction: Direction?
    if let word = try node["direction"]?.string() {
      guard let known = Direction.allCases.first(where: { $0.word == word }) else { throw node.error("direction is export or import") }
      guard self.kind.hasDirection else { throw node.error("a document of the kind \(self.kind) has no direction") }
      direction = known
    }
    var shapes: [Int] = []
    for name in try node["shape"]?.strings() ?? [] {
      guard let shape = structure.shapes.firstIndex(of: name) else { throw node.error("the structure has no shape \(name)") }
      shapes.append(shape)
    }
    if group == nil, !countsInstances, let holder = mainElement(kind).flatMap({ dictionary[$0].group }) { groups = chain(holder) }
    if case .sequence = kind { groups = [] }
    let rule = Rule(
      id: try node["id"]?.string() ?? "\(name):\(node.line)", kind: kind, severity: level, groups: groups, condition: try condition(node),
      direction: direction,
      shape: shapes, en: try node["en"]?.string() ?? "", zh: try node["zh"]?.string() ?? "")
    if let reason = reach?.refusal(of: rule) { throw node.error(reason) }
    return rule
  }

  private func mainElement(_ kind: Rule.Kind) -> ElementIndex? {
    switch kind {
    case .sumEquals(let element, _, _, _), .productEquals(_, let element, _), .notGreater(let element, _), .differs(let element, _, _),
      .equals(let element, _, _), .form(let element, _), .hsDigits(let element, _), .minimum(let element, _), .required(let element),
      .notLater(_, let element), .pattern(let element, _):
      element
    case .count, .sequence, .countEquals: nil
    }
  }

  private func condition(_ node: YAMLNode) throws(CausewayError) -> Rule.Condition? {
    guard let when = node["when"] else { return nil }
    try when.allow(["element", "in", "notIn", "absent"])
    return .init(
      element: try element(when, "element"), values: try when["in"]?.strings() ?? [], notValues: try when["notIn"]?.strings() ?? [],
      isAbsent: try when["absent"]?.flag() ?? false)
  }

  private func group(_ node: YAMLNode) throws(CausewayError) -> ElementIndex {
    guard let index = dictionary[id: try node.string()], dictionary[index].isGroup else {
      throw node.error("the dictionary has no such group")
    }
    guard dictionary[index].documents.contains(kind) else { throw node.error("\(dictionary[index].id) does not occur in the kind \(kind)") }
    return index
  }

  /// From below the root down to the group.
  private func chain(_ group: ElementIndex) -> [ElementIndex] { Array((dictionary.groups(around: group) + [group]).dropFirst()) }

  private func element(_ node: YAMLNode, _ key: String) throws(CausewayError) -> ElementIndex {
    try element(try node.required(key).string(), node)
  }

  private func element(_ id: String, _ node: YAMLNode) throws(CausewayError) -> ElementIndex {
    guard let index = dictionary[id: id], !dictionary[index].isGroup else { throw node.error("the dictionary has no element \(id)") }
    guard dictionary[index].documents.contains(kind) else { throw node.error("\(id) does not occur in the kind \(kind)") }
    return index
  }

  private func decimal(_ node: YAMLNode, _ key: String) throws(CausewayError) -> ExactDecimal? {
    guard let node = node[key] else { return nil }
    guard let number = ExactDecimal(try node.string()) else { throw node.error("\(key) is a number") }
    return number
  }
}
