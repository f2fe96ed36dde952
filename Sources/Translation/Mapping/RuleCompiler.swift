import Declarations
import Primitives
import YAMLTree

/// Rules and groups of a mapping, one variant at a time.
extension MappingCompiler {
  private static let ruleKeys: Set<String> = [
    "at", "also", "element", "direction", "shape", "convert", "const", "compute", "implied", "concat", "otherwise", "lines", "unit", "only",
    "scaledBy", "inverse", "implies", "across", "by", "as",
  ]

  mutating func group(
    _ rules: [YAMLNode], element: ElementIndex, path: Path, key: YAMLNode?, split: String?, filters: [GroupPlan.Filter], place: YAMLPlace
  ) -> GroupPlan {
    var items: [GroupPlan.Item] = []
    for node in rules {
      if node.blame != node.place { blames[node.place] = node.blame }
      do throws(CausewayError) {
        guard try applies(node) else {
          skipped[node.place] = node
          continue
        }
        reached.insert(node.place)
        if node["group"] != nil {
          if let inner = try innerGroup(node, outer: element, context: path.target) { items.append(.group(inner)) }
        } else if let rule = try rule(node, group: element, context: path.target, isSplit: split != nil) {
          items.append(.rule(rule))
        }
      } catch {
        for problem in error.problems { refuse(node, problem.facts["reason"] ?? problem.code.rawValue) }
      }
    }
    markShared(&items, path)
    var keyPlan: (ElementIndex, Path)?
    if let key, case .scalar(let id) = key.content {
      for case .rule(let rule) in items {
        if case .field(let field, _) = rule.kind, let rulePath = rule.path, rulePath.isPlain, dictionary[field.element].id == id {
          keyPlan = (field.element, rulePath)
        }
      }
      if keyPlan == nil { refuse(key, "the key \(id) is not mapped by a plain rule of this group") }
    }
    let all = filters + itemFilters(items, path: path)
    return GroupPlan(
      element: element, path: path, key: keyPlan.map { (element: $0.0, path: $0.1) }, split: split, filters: all, items: items,
      elementCount: dictionary.elements.count, place: place)
  }

  /// Tells rules that write a leaf alone from those that find it there: another rule writes it, or a test of a path sets it.
  private func markShared(_ items: inout [GroupPlan.Item], _ path: Path) {
    var counts: [Int: Int] = [:]
    func countTests(_ path: Path) {
      for step in path.steps {
        for case .equals(let nodes, _) in step.tests { if let leaf = nodes.last { counts[leaf, default: 1] += 1 } }
      }
    }
    countTests(path)
    for item in items {
      switch item {
      case .rule(let rule):
        guard rule.writes, let path = rule.path else { continue }
        counts[path.target, default: 0] += 1
        countTests(path)
      case .group(let inner): countTests(inner.path)
      }
    }
    for index in items.indices {
      guard case .rule(let rule) = items[index], let path = rule.path else { continue }
      items[index] = .rule(rule.sharing(counts[path.target, default: 0] > 1 || !path.isPlain))
    }
  }

  /// Tests in a group's path on a mapped child, and values implied in it, decide on writing which instances go there.
  private func itemFilters(_ items: [GroupPlan.Item], path: Path) -> [GroupPlan.Filter] {
    var filters: [GroupPlan.Filter] = []
    for case .rule(let rule) in items {
      if case .implied(let field, let text) = rule.kind { filters.append(.init(element: field.element, text: text, isEqual: true)) }
      guard case .field(let field, _) = rule.kind, let target = rule.path?.target else { continue }
      for test in path.steps.last?.tests ?? [] {
        switch test {
        case .equals(let nodes, let text) where nodes.last == target: filters.append(filter(field, text, true))
        case .differs(let nodes, let text) where nodes.last == target: filters.append(filter(field, text, false))
        default: break
        }
      }
    }
    return filters
  }

  private func filter(_ field: Field, _ text: String, _ isEqual: Bool) -> GroupPlan.Filter {
    var canonical = text
    if case .mapped(let code, _)? = field.forward(text)?.outcome { canonical = code }
    return GroupPlan.Filter(element: field.element, text: canonical, isEqual: isEqual)
  }

  private mutating func innerGroup(_ node: YAMLNode, outer: ElementIndex, context: Int) throws(CausewayError) -> GroupPlan? {
    try node.allow(["group", "at", "key", "split", "rules", "direction", "shape"])
    let id = try node.required("group").string()
    guard let element = dictionary[id: id], dictionary[element].isGroup else { throw node.error("the dictionary has no group \(id)") }
    guard dictionary[element].group == outer else { throw node.error("the group \(id) does not stand in \(dictionary[outer].id)") }
    guard let path = resolve(try node.required("at").string(), from: context, at: node) else { return nil }
    for step in path.steps.dropLast() where structure[step.node].isRepeated && step.tests.isEmpty {
      refuse(node, "the path goes through \(structure.path(step.node)), which may occur more than once")
    }
    let split = try node["split"]?.string()
    if split != nil, !structure[path.target].isLeaf || split == "" {
      throw node.error("only the text of a leaf can be split, by something")
    }
    mark(path, writes: false)
    if !structure[path.target].isLeaf { used[path.target] = false }
    return group(
      try node.required("rules").list(), element: element, path: path, key: node["key"], split: split, filters: [], place: node.place)
  }

  // MARK: One rule

  private mutating func rule(_ node: YAMLNode, group: ElementIndex, context: Int, isSplit: Bool) throws(CausewayError) -> RulePlan? {
    try node.allow(Self.ruleKeys)
    let only = try node["only"]?.string()
    guard only == nil || only == "read" || only == "write" else { throw node.error("only is read or write") }
    let reads = only != "write"
    let writes = only != "read"
    guard let at = try node["at"]?.string() else {
      return RulePlan(place: node.place, path: nil, reads: reads, writes: false, kind: try placeless(node, group))
    }
    guard let path = resolve(at, from: context, at: node) else { return nil }
    guard structure[path.target].isLeaf else { throw node.error("\(at) is not a leaf") }
    var also: [Path] = []
    for text in try node["also"]?.strings() ?? [] { if let path = resolve(text, from: context, at: node) { also.append(path) } }
    for path in also { mark(path, writes: false) }
    let type = try narrowed(node, leaf: path.target)
    let kind = try kind(node, group: group, path: path, context: context)
    let across = try across(node, kind: kind, path: path)
    if case .lines = kind {
      checkUnambiguous(across?.leaf ?? path, at: node, allowsRepeatedTarget: true)
    } else {
      checkUnambiguous(across?.leaf ?? path, at: node, allowsRepeatedTarget: false)
    }
    if case .implied = kind { throw node.error("an implied value has no place") }
    mark(path, writes: writes)
    var implies: [(field: Field, text: String)] = []
    for member in try node["implies"]?.members() ?? [] {
      let field = try field(id: member.key, member.value, group: group, leaf: nil)
      implies.append((field: field, text: try member.value.string()))
    }
    return RulePlan(
      place: node.place, path: path, also: also, reads: reads, writes: writes, kind: kind, type: type, implies: implies,
      across: across)
  }

  /// `across: each|same|sum`, with `by` for a sum: the path goes through one repeated node, and the element stands for all its instances.
  private mutating func across(_ node: YAMLNode, kind: RulePlan.Kind, path: Path) throws(CausewayError) -> RulePlan.Across? {
    guard let word = try node["across"]?.string() else {
      guard node["by"] == nil else { throw node.error("`by` belongs to `across: sum`") }
      return nil
    }
    guard let rule = RulePlan.Across.Rule(rawValue: word) else { throw node.error("across is each, same or sum") }
    switch (kind, rule) {
    case (.field(let field, nil), .sum):
      guard case .decimal = field.type, !field.hasConversion else { throw node.error("only a decimal number can be summed") }
    case (.field(_, nil), _), (.lines, .each), (.lines, .same): break
    default: throw node.error("`across` goes with an element, and with `lines`")
    }
    guard let position = path.steps.firstIndex(where: { structure[$0.node].isRepeated && $0.tests.isEmpty }),
      position < path.steps.count - 1
    else { throw node.error("the path goes through no repeated node") }
    let outer = Array(path.steps[...position])
    let instance = path.steps[position].node
    var by: Path?
    if let text = try node["by"]?.string() {
      guard rule == .sum, let found = resolve(text, from: instance, at: node), structure[found.target].isLeaf else {
        throw node.error("`by` names a leaf below the repeated node, for a sum")
      }
      by = found
    }
    return RulePlan.Across(
      rule: rule, instances: Path(isAbsolute: path.isAbsolute, steps: outer, target: instance),
      leaf: Path(isAbsolute: false, steps: Array(path.steps[(position + 1)...]), target: path.target), by: by)
  }

  /// `as`: the type that a text leaf has for this rule; what is not of it is not read, and reported.
  private func narrowed(_ node: YAMLNode, leaf: Int) throws(CausewayError) -> LeafType? {
    guard let notation = try node["as"]?.string() else { return nil }
    guard let type = LeafType(notation) else { throw node.error("the type `\(notation)` is not known") }
    switch structure[leaf].type {
    case .text, .id, .code: break
    default: throw node.error("\(structure.path(leaf)) has a type of its own")
    }
    guard ["convert", "const", "concat", "lines", "unit", "compute"].allSatisfy({ node[$0] == nil }) else {
      throw node.error("`as` goes with a plain element")
    }
    return type
  }

  private mutating func placeless(_ node: YAMLNode, _ group: ElementIndex) throws(CausewayError) -> RulePlan.Kind {
    let field = try field(node, group: group, leaf: nil)
    if let text = try node["implied"]?.string() {
      guard field.type.canonical(text) == text else { throw node.error("`\(text)` is not a value of \(dictionary[field.element].id)") }
      return .implied(field, text)
    }
    if let text = try node["compute"]?.string() { return .derived(field, try compute(text, group: group, at: node)) }
    throw node.error("a rule without `at` needs `implied` or `compute`")
  }

  private mutating func kind(_ node: YAMLNode, group: ElementIndex, path: Path, context: Int) throws(CausewayError) -> RulePlan.Kind {
    let leaf = path.target
    if let text = try node["const"]?.string() {
      guard node["element"] == nil else { throw node.error("a constant has no element") }
      if let reason = structure.violation(of: leaf, text: Array(text.utf8)[...]) {
        throw node.error("the constant does not fit \(structure.path(leaf)): \(reason)")
      }
      return .constant(text)
    }
    if let parts = node["concat"] {
      let otherwise: Field? = try node["otherwise"].map { node throws(CausewayError) in
        try self.field(id: try node.string(), node, group: group, leaf: leaf)
      }
      return .concat(try concat(try parts.list(), group: group, leaf: leaf), otherwise: otherwise)
    }
    if let text = try node["compute"]?.string() {
      let compute = try compute(text, group: group, at: node)
      return .computed(compute, node["element"] == nil ? nil : try field(node, group: group, leaf: leaf))
    }
    let field = try field(node, group: group, leaf: leaf)
    if let lines = node["lines"] {
      try lines.allow(["length", "max"])
      let length = try lines.required("length").integer()
      let max = try lines.required("max").integer()
      guard length > 0, max > 0, max <= structure[leaf].max else {
        throw lines.error("more lines than \(structure.path(leaf)) may have, or none")
      }
      return .lines(field, length: length, max: max)
    }
    if let unit = node["unit"] { return .unit(field, try self.unit(unit, context: context, rule: node)) }
    return .field(field, try scale(node, group: group, context: context))
  }

  private mutating func scale(_ node: YAMLNode, group: ElementIndex, context: Int) throws(CausewayError) -> Scale? {
    guard let at = try node["scaledBy"]?.string() else { return nil }
    guard let path = resolve(at, from: context, at: node) else { return nil }
    guard let conversions = conversionsAt[path.target] else { throw node.error("no rule above this one converts \(at)") }
    return Scale(unit: path, conversions: conversions, isInverse: try node["inverse"]?.flag() ?? false)
  }

  private mutating func unit(_ node: YAMLNode, context: Int, rule: YAMLNode) throws(CausewayError) -> RulePlan.Unit {
    try node.allow(["at", "write", "factors"])
    let text = try node.required("at").string()
    guard let path = resolve(text, from: context, at: rule) else { throw node.error("the unit's place \(text) is not in the structure") }
    var factors: [(code: String, factor: ExactDecimal)] = []
    for member in try node["factors"]?.members() ?? [] {
      guard let factor = ExactDecimal(try member.value.string()), factor.mantissa > 0 else {
        throw member.value.error("a factor is a positive number")
      }
      factors.append((code: member.key, factor: factor))
    }
    mark(path, writes: true)
    return RulePlan.Unit(path: path, written: try node.required("write").string(), factors: factors)
  }

  private mutating func concat(_ nodes: [YAMLNode], group: ElementIndex, leaf: Int) throws(CausewayError) -> [RulePlan.Part] {
    var parts: [RulePlan.Part] = []
    var wasOpen = false
    for node in nodes {
      try node.allow(["element", "length", "text", "convert"])
      if let text = try node["text"]?.string() {
        parts.append(.literal(text))
        wasOpen = false
        continue
      }
      guard !wasOpen else { throw node.error("a part without a length must be followed by a literal") }
      let id = try node.required("element").string()
      let field = try field(id: id, node, group: group, leaf: nil)
      guard let length = try node["length"]?.string() else {
        parts.append(.field(field, nil))
        wasOpen = true
        continue
      }
      guard let (low, high) = StructureLoader.cardinality(length), low > 0, high < .max else {
        throw node.error("a length is a number or a range such as 2..4")
      }
      parts.append(.field(field, low...high))
    }
    guard parts.contains(where: { $0.element != nil }) else {
      throw CausewayError("profile.mapping_invalid", facts: ["reason": "no part names an element"])
    }
    return parts
  }

  private mutating func field(_ node: YAMLNode, group: ElementIndex, leaf: Int?) throws(CausewayError) -> Field {
    let field = try field(id: try node.required("element").string(), node, group: group, leaf: leaf)
    if let leaf, !field.conversions.isEmpty { conversionsAt[leaf] = field.conversions }
    return field
  }

  private mutating func field(id: String, _ node: YAMLNode, group: ElementIndex, leaf: Int?) throws(CausewayError) -> Field {
    guard let index = dictionary[id: id], !dictionary[index].isGroup else { throw node.error("the dictionary has no element \(id)") }
    let element = dictionary[index]
    guard element.group == group else {
      throw node.error(
        "\(id) stands in \(element.group.map { dictionary[$0].id } ?? "nothing"), not in \(dictionary[group].id): it needs a group rule")
    }
    var conversions: [CodeTable] = []
    for name in try node["convert"]?.strings() ?? [] {
      guard let table = codes.conversion(name) else { throw node.error("there is no conversion \(name)") }
      conversions.append(CodeTable(table))
      if let list = element.list, table.to.id != list {
        throw node.error("the conversion \(name) leads to \(table.to.id), and \(id) takes \(list)")
      }
      if let leaf, !structure[leaf].lists.isEmpty, !structure[leaf].lists.contains(table.from.id) {
        throw node.error(
          "the conversion \(name) starts from \(table.from.id), and \(structure.path(leaf)) holds \(structure[leaf].lists.joined(separator: ", "))"
        )
      }
    }
    if conversions.isEmpty, let leaf, let type = try narrowed(node, leaf: leaf) ?? structure[leaf].type {
      guard type.suits(element.type) else { throw node.error("\(structure.path(leaf)) is `\(type.notation)`, which cannot hold \(id)") }
      if let list = structure[leaf].lists.first, let wanted = element.list, list != wanted {
        throw node.error("\(structure.path(leaf)) holds \(list) and \(id) takes \(wanted): a conversion is missing")
      }
    }
    return Field(element: index, type: element.type, conversions: conversions, list: element.list.flatMap { codes.list($0) })
  }

  // MARK: Computations

  /// `sum(G.E)`, `count(G)`, `exists(G)`, `same(G.E)`, `first(G.E)`; a second one after ` if `.
  private func compute(_ text: String, group: ElementIndex, at node: YAMLNode) throws(CausewayError) -> Compute {
    if let range = text.firstRange(of: " if ") {
      return .when(
        try compute(String(text[..<range.lowerBound]), group: group, at: node),
        try compute(String(text[range.upperBound...]), group: group, at: node))
    }
    guard let open = text.firstIndex(of: "("), text.last == ")" else { throw node.error("`\(text)` is not understood") }
    let name = text[..<open]
    let argument = String(text[text.index(after: open)...].dropLast())
    switch name {
    case "position": return .position
    case "count": return .count(try chain(argument, from: group, at: node))
    case "exists": return .exists(try chain(argument, from: group, at: node))
    case "sum", "same", "first":
      let (groups, element) = try member(argument, from: group, at: node)
      if name == "sum" {
        switch dictionary[element].type {
        case .decimal, .integer: return .sum(groups, element)
        default: throw node.error("\(argument) is not a number")
        }
      }
      return name == "same" ? .same(groups, element) : .first(groups, element)
    default: throw node.error("the function \(name) is not known")
    }
  }

  private func chain(_ id: String, from group: ElementIndex, at node: YAMLNode) throws(CausewayError) -> [ElementIndex] {
    guard let index = dictionary[id: id], dictionary[index].isGroup else { throw node.error("the dictionary has no group \(id)") }
    let chain = dictionary.groups(around: index) + [index]
    guard let start = chain.firstIndex(of: group) else { throw node.error("\(id) does not stand in \(dictionary[group].id)") }
    return Array(chain[(start + 1)...])
  }

  private func member(_ text: String, from group: ElementIndex, at node: YAMLNode) throws(CausewayError) -> ([ElementIndex], ElementIndex) {
    if let dot = text.firstIndex(of: "."), let index = dictionary[id: String(text[text.index(after: dot)...])], !dictionary[index].isGroup,
      let holder = dictionary[index].group, dictionary[holder].id == text[..<dot]
    {
      return (try chain(dictionary[holder].id, from: group, at: node), index)
    }
    guard let index = dictionary[id: text], !dictionary[index].isGroup, let holder = dictionary[index].group else {
      throw node.error("\(text) names no element of a group")
    }
    return (holder == group ? [] : try chain(dictionary[holder].id, from: group, at: node), index)
  }
}
