import Declarations
import Primitives
import YAMLTree

/// Compiles `mapping.yaml` against structure, dictionary and code tables. Collects all problems with file, line and reason; compiles
/// nothing unless there are none.
struct MappingCompiler {
  let structure: Structure
  let dictionary: ElementDictionary
  let codes: CodeLibrary
  let kind: DocumentKind
  var problems: [Problem] = []
  private var seen: Set<String> = []
  /// By structure node: some rule of some variant reads, writes or tests it.
  var used: [Bool]
  /// By structure node: some rule can write it.
  var written: [Bool]
  private var local: [String?]
  /// Places of rules in the files, and of those that found their place in at least one variant.
  private var pathFailures: [YAMLPlace: (node: YAMLNode, reason: String)] = [:]
  private var pathSuccesses: Set<YAMLPlace> = []
  /// Rules and groups that count in some variant, and those that were passed over in some.
  var reached: Set<YAMLPlace> = []
  var skipped: [YAMLPlace: YAMLNode] = [:]
  /// Of rules that an extension changed: where it did.
  var blames: [YAMLPlace: YAMLPlace] = [:]
  /// What direction and economy are read from: written ahead of the rules.
  private var heads: Set<Int> = []
  var variant = Variant(direction: .export, shape: nil)
  /// By structure node: the conversion of a rule compiled so far, for `scaledBy`.
  var conversionsAt: [Int: [CodeTable]] = [:]

  static func compile(
    _ root: YAMLNode, kind: DocumentKind, structure: Structure, dictionary: ElementDictionary, codes: CodeLibrary
  ) throws(CausewayError) -> MappingPlan {
    var compiler = MappingCompiler(kind: kind, structure: structure, dictionary: dictionary, codes: codes)
    return try compiler.run(root)
  }

  private init(kind: DocumentKind, structure: Structure, dictionary: ElementDictionary, codes: CodeLibrary) {
    self.kind = kind
    self.structure = structure
    self.dictionary = dictionary
    self.codes = codes
    used = Array(repeating: false, count: structure.count)
    written = used
    local = Array(repeating: nil, count: structure.count)
  }

  mutating func refuse(_ node: YAMLNode, _ reason: String) { refuse(node.blame, reason) }

  private mutating func refuse(_ written: YAMLPlace, _ reason: String) {
    let place = blames[written] ?? written
    guard seen.insert("\(place) \(reason)").inserted else { return }
    problems.append(Problem("profile.mapping_invalid", pointer: place.file, line: place.line, facts: ["reason": reason]))
  }

  // MARK: The whole

  private mutating func run(_ root: YAMLNode) throws(CausewayError) -> MappingPlan {
    try root.allow(kind.hasDirection ? ["direction", "economy", "rules", "local"] : ["shapes", "rules", "local"])
    let (direction, economy, variants) = try head(root)
    let rules = try root.required("rules").list()
    guard let rootElement = dictionary.root(of: kind) else {
      throw CausewayError(
        "profile.mapping_invalid", pointer: root.file, line: root.line, facts: ["reason": "the dictionary has no \(kind)"])
    }
    var plans: [VariantPlan] = []
    for variant in variants {
      self.variant = variant
      let node = variant.shape.map { structure.shapeNodes[$0] } ?? 0
      let path = Path(isAbsolute: true, steps: [], target: node)
      let plan = group(rules, element: rootElement, path: path, key: nil, split: nil, filters: [], place: root.place)
      plans.append(finish(plan, variant: variant))
    }
    for (place, failure) in pathFailures where !pathSuccesses.contains(place) { refuse(failure.node, failure.reason) }
    for (place, node) in skipped where !reached.contains(place) {
      refuse(node, "no document has this rule: its direction and shape and those around it exclude each other")
    }
    for entry in try root["local"]?.list() ?? [] { markLocal(entry) }
    checkCoverage(plans)
    guard problems.isEmpty else {
      throw CausewayError(problems: problems.sorted { ($0.line ?? 0) < ($1.line ?? 0) })
    }
    return MappingPlan(direction: direction, economy: economy, variants: plans, local: local)
  }

  /// Direction and economy, for kinds of documents that have them.
  private mutating func head(
    _ root: YAMLNode
  ) throws(CausewayError) -> (MappingPlan.DirectionRule?, MappingPlan.EconomyRule?, [Variant]) {
    guard kind.hasDirection else {
      for node in structure.nodes where node.requiredIn.contains(where: { !structure.shapes.contains($0) }) {
        problems.append(
          Problem(
            "profile.structure_invalid", pointer: node.place.file, line: node.place.line,
            facts: ["reason": "required_in of \(node.name) names a direction, and the kind \(kind) has none"]))
      }
      guard !structure.shapes.isEmpty else {
        if let node = root["shapes"] { throw node.error("the structure has no shapes") }
        return (nil, nil, [Variant(direction: nil, shape: nil)])
      }
      let (rule, variants) = try shapes(try root.required("shapes"))
      return (rule, nil, variants)
    }
    let (direction, variants) = try direction(try root.required("direction"))
    return (direction, try economy(try root.required("economy")), variants)
  }

  private mutating func direction(_ node: YAMLNode) throws(CausewayError) -> (MappingPlan.DirectionRule, [Variant]) {
    try node.allow(["at", "values", "stated", "shapes"])
    func parsed(_ value: YAMLNode) throws(CausewayError) -> Direction {
      guard let direction = Direction(rawValue: try value.string()) else { throw value.error("a direction is EX or IM") }
      return direction
    }
    if let shapes = node["shapes"] { return try self.shapes(shapes) }
    let path = try absolute(try node.required("at"))
    var values: [(String, Direction)] = []
    for member in try node.required("values").members() { values.append((member.key, try parsed(member.value))) }
    for direction in Direction.allCases where !values.contains(where: { $0.1 == direction }) {
      throw node.error("no value means \(direction.rawValue)")
    }
    guard structure.shapes.isEmpty else { throw node.error("a structure with shapes reads the direction from the shape") }
    let stated = try node["stated"]?.strings() ?? []
    for text in stated where values.contains(where: { $0.0 == text }) { throw node.error("\(text) has a direction and is called stated") }
    return (
      .value(path, values.map { (text: $0.0, direction: $0.1) }, stated: stated),
      Direction.allCases.map { Variant(direction: $0, shape: nil) }
    )
  }

  private func shapes(_ node: YAMLNode) throws(CausewayError) -> (MappingPlan.DirectionRule, [Variant]) {
    var rules = [MappingPlan.ShapeRule?](repeating: nil, count: structure.shapes.count)
    for member in try node.members() {
      guard let shape = structure.shapes.firstIndex(of: member.key) else { throw node.error("the structure has no shape \(member.key)") }
      rules[shape] = try shapeRule(member.value)
    }
    guard !rules.isEmpty, rules.allSatisfy({ $0 != nil }) else {
      throw node.error("each shape of the structure needs \(kind.hasDirection ? "a direction" : "a line")")
    }
    let all = rules.compactMap { $0 }
    return (.shapes(all), all.enumerated().map { Variant(direction: $1.direction, shape: $0) })
  }

  private func shapeRule(_ node: YAMLNode) throws(CausewayError) -> MappingPlan.ShapeRule {
    var direction: Direction?
    if kind.hasDirection {
      let isPlain = if case .scalar = node.content { true } else { false }
      let word = isPlain ? node : try node.required("is")
      direction = Direction(rawValue: try word.string())
      if direction == nil { throw word.error("a direction is EX or IM") }
      if isPlain { return .init(direction: direction, when: nil) }
    }
    try node.allow(kind.hasDirection ? ["is", "when"] : ["when"])
    guard let when = node["when"] else { return .init(direction: direction, when: nil) }
    guard let member = try when.members().first, try when.members().count == 1, let element = dictionary[id: member.key],
      !dictionary[element].isGroup
    else { throw when.error("`when` names one element and its values") }
    return .init(direction: direction, when: (element: element, values: try member.value.strings()))
  }

  private mutating func economy(_ node: YAMLNode) throws(CausewayError) -> MappingPlan.EconomyRule {
    if case .scalar(let code) = node.content { return .fixed(code) }
    try node.allow(["at"])
    return .at(try absolute(try node.required("at")))
  }

  private mutating func absolute(_ node: YAMLNode) throws(CausewayError) -> Path {
    let text = try node.string()
    do throws(PathParser.Failure) {
      let path = try PathParser(structure: structure).parse(text.utf8.first == 0x2F ? text : "/" + text, from: 0)
      mark(path, writes: true)
      heads.insert(path.target)
      return path
    } catch { throw node.error(error.reason) }
  }

  private mutating func markLocal(_ node: YAMLNode) {
    do throws(CausewayError) {
      try node.allow(["reason", "at", "shape"])
      let reason = try node.required("reason").string()
      guard let at = node["at"] else { return refuse(node, "`at` is missing") }
      var contexts = structure.shapeNodes.isEmpty ? [0] : structure.shapeNodes
      if let shapes = try node["shape"]?.strings() {
        contexts = contexts.filter { node in structure[node].shape.map { shapes.contains(structure.shapes[$0]) } ?? false }
      }
      let entries = if case .sequence(let list) = at.content { list } else { [at] }
      for entry in entries {
        let text = try entry.string()
        var failure: PathParser.Failure?
        var isFound = false
        for context in contexts {
          do throws(PathParser.Failure) {
            let path = try PathParser(structure: structure).parse(text, from: context)
            isFound = true
            for index in path.target..<structure[path.target].end where !used[index] { local[index] = reason }
            if structure[path.target].isLeaf, used[path.target] { refuse(entry, "\(text) is called local, and a rule maps it") }
          } catch { failure = error }
        }
        if !isFound, let failure { refuse(entry, failure.reason) }
      }
    } catch { problems += error.problems }
  }

  private mutating func checkCoverage(_ plans: [VariantPlan]) {
    for (index, node) in structure.nodes.enumerated() where node.isLeaf {
      guard used[index] || local[index] != nil else {
        refuseStructure(index, "\(structure.path(index)) is neither mapped nor local")
        continue
      }
      guard node.min > 0 || !node.requiredIn.isEmpty, node.en.isEmpty || node.zh.isEmpty else { continue }
      let isUnfillable = plans.contains { plan in
        let isInside = structure.shape(of: index).map { $0 == plan.variant.shape } ?? true
        return isInside && structure.isRequired(index, in: plan.variant) && plan.uses[index].isEmpty && plan.constants[index].isEmpty
      }
      if !written[index] || isUnfillable, !heads.contains(index) {
        refuseStructure(index, "\(structure.path(index)) is required, no rule can fill it, and it has no names (en, zh) to ask for it by")
      }
    }
  }

  private mutating func refuseStructure(_ node: Int, _ reason: String) {
    problems.append(
      Problem("profile.structure_invalid", pointer: structure[node].place.file, line: structure[node].place.line, facts: ["reason": reason])
    )
  }

  func markInner(_ path: Path, _ body: (Int) -> Void) {
    for step in path.steps {
      for test in step.tests {
        switch test {
        case .equals(let nodes, _), .differs(let nodes, _), .absent(let nodes): nodes.last.map(body)
        case .position: break
        }
      }
    }
  }

  mutating func mark(_ path: Path, writes: Bool) {
    var tested: [Int] = []
    markInner(path) { tested.append($0) }
    for node in tested {
      used[node] = true
      written[node] = true
    }
    used[path.target] = true
    if writes { written[path.target] = true }
  }

  // MARK: Paths and scope

  /// Whether a rule or group counts in the present variant.
  mutating func applies(_ node: YAMLNode) throws(CausewayError) -> Bool {
    if let direction = try node["direction"]?.string() {
      guard ["export", "import"].contains(direction) else { throw node.error("direction is export or import") }
      guard let own = variant.direction else { throw node.error("a document of the kind \(kind) has no direction") }
      if direction != own.word { return false }
    }
    if let shapes = try node["shape"]?.strings() {
      for shape in shapes where !structure.shapes.contains(shape) { throw node.error("the structure has no shape \(shape)") }
      guard let shape = variant.shape, shapes.contains(structure.shapes[shape]) else { return false }
    }
    return true
  }

  /// Resolves a path in the present variant. Without `shape:` a path may be missing in some shapes, but not in all.
  mutating func resolve(_ text: String, from context: Int, at node: YAMLNode) -> Path? {
    do throws(PathParser.Failure) {
      let path = try PathParser(structure: structure).parse(text, from: context)
      pathSuccesses.insert(node.place)
      checkTests(path, at: node)
      return path
    } catch {
      if node["shape"] != nil || structure.shapes.isEmpty {
        refuse(node, error.reason)
      } else {
        if pathFailures[node.place] == nil { pathFailures[node.place] = (node, error.reason) }
      }
      return nil
    }
  }

  /// A test for a text that its leaf does not take selects nothing, ever.
  private mutating func checkTests(_ path: Path, at node: YAMLNode) {
    for test in path.steps.flatMap(\.tests) {
      guard case .equals(let nodes, let text) = test, let leaf = nodes.last,
        let reason = structure.violation(of: leaf, text: Array(text.utf8)[...])
      else { continue }
      refuse(node, "no document passes the test for \(text): \(structure.path(leaf)) does not take it (\(reason.rawValue))")
    }
  }

  /// A leaf must be reached without choosing among repeated nodes.
  mutating func checkUnambiguous(_ path: Path, at node: YAMLNode, allowsRepeatedTarget: Bool) {
    for step in path.steps where structure[step.node].isRepeated && step.tests.isEmpty {
      if allowsRepeatedTarget, step.node == path.target { continue }
      refuse(
        node,
        "the path goes through \(structure.path(step.node)), which may occur more than once: give a test, a position, `lines` or a group")
    }
  }

  // MARK: Finishing a variant

  private mutating func finish(_ root: GroupPlan, variant: Variant) -> VariantPlan {
    var uses = [[LeafUse]](repeating: [], count: structure.count)
    var groupAt = [GroupPlan?](repeating: nil, count: structure.count)
    var writers: [String: YAMLPlace] = [:]
    var constants = [[String]](repeating: [], count: structure.count)
    func note(_ path: Path) {
      for step in path.steps {
        for case .equals(let nodes, let text) in step.tests { if let node = nodes.last { constants[node].append(text) } }
      }
    }
    func visit(_ plan: GroupPlan, _ prefix: String) {
      note(plan.path)
      if groupAt[plan.node] == nil { groupAt[plan.node] = plan }
      for item in plan.items {
        switch item {
        case .group(let inner):
          visit(
            inner,
            prefix
              + "/\(Self.signature(inner.path))#\(inner.filters.map { "\($0.element.raw)\($0.isEqual)\($0.text)" }.joined(separator: ","))\(inner.place)"
          )
        case .rule(let rule):
          guard let path = rule.path else { continue }
          note(path)
          uses[path.target].append(LeafUse(plan: plan, rule: rule))
          if case .unit(_, let unit) = rule.kind { uses[unit.path.target].append(LeafUse(plan: plan, rule: rule)) }
          guard rule.writes else { continue }
          let key = (path.isAbsolute ? "" : prefix) + "/" + Self.signature(path)
          if let other = writers[key], other != rule.place {
            let line = other.file.hasSameBytes(as: rule.place.file) ? "line \(other.line)" : "\(other)"
            refuse(rule.place, "the rule of \(line) writes the same place (\(structure.path(path.target)))")
          }
          writers[key] = rule.place
        }
      }
    }
    visit(root, "")
    return VariantPlan(variant: variant, structure: structure, root: root, uses: uses, groupAt: groupAt, constants: constants)
  }

  private static func signature(_ path: Path) -> String {
    path.steps.map { step in
      "\(step.node)"
        + step.tests.map { test in
          switch test {
          case .equals(let nodes, let text): "[\(nodes)=\(text)]"
          case .differs(let nodes, let text): "[\(nodes)!=\(text)]"
          case .absent(let nodes): "[!\(nodes)]"
          case .position(let position): "[\(position)]"
          }
        }.joined()
    }.joined(separator: "/")
  }
}
