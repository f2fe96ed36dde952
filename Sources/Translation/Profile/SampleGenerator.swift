import Declarations
package import Formats
package import Primitives

/// Makes synthetic documents of a profile that are valid by its structure, code lists and rules: for partners who integrate, for load and
/// for property tests. The same seed gives the same document.
package struct SampleGenerator {
  private let profile: Profile
  private let structure: Structure
  private var random: SplitMix
  private var plan: VariantPlan
  private var draft: Draft
  private var position = 0
  private let items: Int?
  private let density: Int
  /// What rules ask of elements.
  private var sequences: [ElementIndex: Int] = [:]
  private var small: Set<ElementIndex> = []
  private var large: Set<ElementIndex> = []
  private var avoided: [ElementIndex: String] = [:]
  private var forms: [ElementIndex: Rule.Form] = [:]
  private var lengths: [ElementIndex: Int] = [:]
  private var filled: Set<ElementIndex> = []
  private var needed: Set<ElementIndex> = []
  /// EDIFACT: composites and segments around what `filled` names.
  private var around: Set<Int> = []
  /// By structure node: what the mapping asks of an instance to read it, where the structure itself does not list the values.
  private var qualifiers: [Int: [[Path.Test]]] = [:]
  /// What the open instances were made to be.
  private var chosen: [(node: Int, tests: [Path.Test])] = []

  /// - Parameters:
  ///   - items: number of goods items; nil: a few.
  ///   - direction: nil: by the seed.
  ///   - density: how many of a hundred optional places are filled.
  /// - Throws: `write.shape_unknown` when the format has no document of that direction.
  package static func document(
    of profile: Profile, seed: UInt64, items: Int? = nil, direction: Direction? = nil, density: Int = 45
  ) throws(CausewayError) -> Document {
    var random = SplitMix(seed: seed)
    let variants = profile.plan.variants.filter { direction == nil || $0.variant.direction == direction }
    guard !variants.isEmpty else {
      throw CausewayError("write.shape_unknown", facts: ["profile": profile.name, "shape": direction?.rawValue ?? ""])
    }
    let plan = variants[random.below(variants.count)]
    var generator = SampleGenerator(profile: profile, random: random, plan: plan, items: items, density: density)
    return generator.run()
  }

  private init(profile: Profile, random: SplitMix, plan: VariantPlan, items: Int?, density: Int) {
    self.profile = profile
    structure = profile.structure
    self.random = random
    self.plan = plan
    self.items = items
    self.density = density
    draft = Draft(structure: profile.structure, plan: plan)
    for rule in profile.rules {
      switch rule.kind {
      case .sequence(_, let element, let from): sequences[element] = from
      case .notGreater(let lesser, let greater):
        small.insert(lesser)
        large.insert(greater)
      case .differs(let element, nil, let value?): avoided[element] = value
      case .form(let element, let form): forms[element] = form
      case .hsDigits(let element, let allowed): lengths[element] = allowed.first
      case .required(let element): filled.insert(element)
      case .count(let groups, let least, _) where least > 0 && profile.syntax == .edifact:
        if let group = groups.last { needed.insert(group) }
      default: break
      }
    }
    collectQualifiers()
  }

  /// EDIFACT: the tests of the mapping's paths on qualifiers, whose values are free in the structure: without them hardly a segment would be
  /// one that is mapped.
  private mutating func collectQualifiers() {
    guard profile.syntax == .edifact else { return }
    for leaf in plan.uses.indices where plan.uses[leaf].contains(where: { $0.rule.elements.contains(where: filled.contains) }) {
      var node = structure[leaf].parent
      while node > 0, !structure[node].isRepeated, around.insert(node).inserted { node = structure[node].parent }
    }
    func isFree(_ test: Path.Test) -> Bool {
      guard case .equals(let nodes, _) = test, let leaf = nodes.last else { return false }
      return structure[leaf].values.isEmpty && structure[leaf].lists.isEmpty && !structure[leaf].isAttribute
    }
    func add(_ path: Path?) {
      for step in path?.steps ?? [] where structure[step.node].isRepeated {
        let tests = step.tests.filter(isFree)
        if !tests.isEmpty, !qualifiers[step.node, default: []].contains(tests) { qualifiers[step.node, default: []].append(tests) }
      }
    }
    for uses in plan.uses {
      for use in uses {
        add(use.plan.path)
        add(use.rule.path)
      }
    }
  }

  /// The repeated node that the economy stands in.
  private var economyNode: Int? {
    guard case .at(let path) = profile.plan.economy else { return nil }
    return path.steps.first { structure[$0.node].isRepeated }?.node
  }

  private mutating func run() -> Document {
    fill(0, 0)
    if case .value(let path, let values, _) = profile.plan.direction,
      let text = values.first(where: { $0.direction == plan.variant.direction })?.text
    {
      var node: Int32 = 0
      for step in path.steps { node = draft.reach(step, from: node) ?? node }
      draft.nodes[Int(node)].text = text
      draft.nodes[Int(node)].isKept = false
    }
    if case .at(let path) = profile.plan.economy {
      var node: Int32 = 0
      for step in path.steps { node = draft.reach(step, from: node) ?? node }
      draft.nodes[Int(node)].text = "CN"
    }
    return draft.finish(syntax: profile.syntax)
  }

  // MARK: Tree

  private mutating func fill(_ structureNode: Int, _ node: Int32) {
    for child in structure.children(structureNode) {
      let entry = structure[child]
      if let shape = entry.shape, shape != plan.variant.shape { continue }
      if !entry.isRepeated, let made = present(child, in: node) {
        if !entry.isLeaf { fill(child, made) }
        continue
      }
      let isRequired =
        structure.isRequired(child, in: plan.variant) || plan.groupAt[child].map { needed.contains($0.element) } ?? false
        || around.contains(child)
        || plan.uses[child].contains { $0.rule.elements.contains(where: filled.contains) }
      var count = isRequired ? 1 : random.below(100) < density ? 1 : 0
      if entry.isRepeated, count > 0 {
        count = min(entry.max, max(entry.min, 1 + random.below(3)))
        if plan.groupAt[child].map({ profile.dictionary[$0.element].id == "GoodsItem" }) ?? false {
          count = min(entry.max, items ?? 1 + random.below(8))
        }
      }
      if count == 0 {
        if entry.isLeaf, !entry.isAttribute, profile.empties == .keep, structure.repertoire == nil, random.below(2) == 0 {
          let leaf = draft.append(child, to: node)
          draft.nodes[Int(leaf)].text = ""
        }
        continue
      }
      let kinds = count > 0 ? kinds(of: child) : []
      // The economy is written last, and may need an instance of its own.
      if !kinds.isEmpty { count = min(entry.max - (child == economyNode ? 1 : 0), max(entry.min, kinds.count)) }
      for index in 0..<count {
        let outer = position
        if entry.isRepeated { position = index }
        let made = draft.append(child, to: node)
        if entry.isLeaf { draft.nodes[Int(made)].text = text(child) }
        if index < kinds.count {
          draft.satisfy(kinds[index], at: made)
          chosen.append((node: child, tests: kinds[index]))
        }
        if entry.end > child + 1 { fill(child, made) }
        if index < kinds.count { chosen.removeLast() }
        if !entry.isLeaf, draft.children(made).isEmpty { isRequired ? fillFirst(child, made) : draft.remove(made) }
        position = outer
      }
    }
  }

  /// EDIFACT has no way to say that an empty composite is there.
  private mutating func fillFirst(_ structureNode: Int, _ node: Int32) {
    guard structure.repertoire != nil, let first = structure.children(structureNode).first(where: { structure[$0].isLeaf }) else { return }
    let leaf = draft.append(first, to: node)
    draft.nodes[Int(leaf)].text = text(first)
  }

  private func present(_ child: Int, in node: Int32) -> Int32? {
    guard !qualifiers.isEmpty else { return nil }
    let found = draft.first(child, of: node)
    return found < 0 ? nil : found
  }

  /// Some of the kinds of instances that the mapping tells apart, in a random order.
  private mutating func kinds(of node: Int) -> [[Path.Test]] {
    guard var kinds = qualifiers[node] else { return [] }
    for index in kinds.indices.dropFirst() { kinds.swapAt(index, random.below(index + 1)) }
    return Array(kinds.prefix(1 + random.below(kinds.count)))
  }

  /// The rules for a leaf that suit the instances it is in.
  private func uses(_ leaf: Int) -> [LeafUse] {
    plan.uses[leaf].filter { use in
      (use.plan.path.steps + (use.rule.path?.steps ?? [])).allSatisfy { step in
        guard let kinds = qualifiers[step.node], let own = kinds.first(where: { Set($0).isSubset(of: step.tests) }) else { return true }
        return chosen.last { $0.node == step.node }.map { $0.tests == own } ?? true
      }
    }
  }

  // MARK: Leaves

  private mutating func text(_ leaf: Int) -> String {
    let entry = structure[leaf]
    for _ in 0..<40 {
      let candidate = candidate(leaf)
      guard structure.violation(of: leaf, text: Array(candidate.utf8)[...]) == nil, isReadable(candidate, leaf) else { continue }
      return candidate
    }
    return entry.values.first ?? "1"
  }

  /// A text that no rule of the mapping would call unknown or of the wrong type.
  private func isReadable(_ text: String, _ leaf: Int) -> Bool {
    for use in uses(leaf) where use.rule.reads {
      guard case .field(let field, _) = use.rule.kind, let type = use.rule.type ?? structure[leaf].type, use.plan.split == nil else {
        continue
      }
      if !field.conversions.isEmpty {
        guard let (outcome, _) = field.forward(text), outcome != .unknown else { return false }
        if case .mapped(let code, _) = outcome, field.list?.entry(code)?.validTo != nil { return false }
        if let value = avoided[field.element], case .mapped(let code, _) = outcome, code == value { return false }
        continue
      }
      guard let canonical = type.canonical(Array(text.utf8)[...], for: field.type), field.list?.accepts(canonical) ?? true else {
        return false
      }
      if let value = avoided[field.element], canonical == value { return false }
    }
    return true
  }

  private mutating func candidate(_ leaf: Int) -> String {
    let entry = structure[leaf]
    guard let type = entry.type else { return "" }
    let uses = uses(leaf)
    // Of several repertoires only one has all that the texts may hold.
    if structure.repertoire != nil, case .constant(let text)? = uses.first?.rule.kind { return text }
    if !entry.values.isEmpty { return random.element(entry.values) }
    for use in uses {
      switch use.rule.kind {
      case .constant(let text): return text
      case .concat(let parts, _): return joined(parts)
      case .unit(_, let unit) where unit.path.target == leaf:
        return unit.factors.isEmpty || random.below(2) == 0 ? unit.written : random.element(unit.factors).code
      case .field(let field, _):
        if let from = sequences[field.element] { return use.plan.split == nil ? String(from + position) : "1" }
        if use.plan.key?.element == field.element, case .integer = field.type { return String(1 + position) }
        if let length = lengths[field.element] { return (0..<length).map { _ in String(1 + random.below(9)) }.joined() }
        if let form = forms[field.element], let text = identifier(form) { return text }
        if let conversion = field.conversions.first, entry.lists.isEmpty, !conversion.conversion.rows.isEmpty {
          return random.element(conversion.conversion.rows).from
        }
        if entry.lists.isEmpty, let code = field.list.flatMap({ code(of: $0) }) { return code }
        if case .integer = field.type, case .text = type { return String(1 + random.below(90)) }
        if let narrowed = use.rule.type { return plain(narrowed, field.element) }
        if case .decimal = field.type, !isNumeric(type) { return String(1 + random.below(90)) }
      default: break
      }
    }
    if let code = entry.lists.first.flatMap(profile.codes.list).flatMap({ code(of: $0) }) { return code }
    if let pattern = entry.pattern { return text(pattern.part) }
    return plain(type, uses.first?.rule.elements.first)
  }

  /// A code that is valid today and later.
  private mutating func code(of list: CodeList) -> String? {
    guard !list.entries.isEmpty else { return nil }
    for _ in 0..<20 {
      let entry = random.element(list.entries)
      if entry.validTo == nil { return entry.code }
    }
    return nil
  }

  private func isNumeric(_ type: LeafType) -> Bool {
    switch type {
    case .decimal, .integer: true
    default: false
    }
  }

  private mutating func plain(_ type: LeafType, _ element: ElementIndex?) -> String {
    switch type {
    case .text(let limit, let upper): return words(min(limit, 3 + random.below(60)), upper: upper)
    case .id(let limit), .code(let limit): return word(min(limit, 1 + random.below(12)))
    case .base64: return "QUJD"
    case .integer(let digits): return String(1 + random.below(digits < 3 ? 8 : 90))
    case .decimal(let digits, let scale):
      let whole = digits - scale
      var value = 1 + random.below(whole < 3 ? 8 : 89)
      if let element, large.contains(element), whole >= 3 {
        // A total is more than what any number of items adds up to.
        let isTotal = profile.dictionary[element].group == profile.dictionary.root(of: profile.document)
        value += isTotal && whole >= 6 ? 100_000 : 100
      }
      let places = random.below(min(scale, 4) + 1)
      return places == 0 ? String(value) : "\(value).\((0..<places).map { _ in String(random.below(10)) }.joined())"
    case .indicator(let no, let yes): return random.below(2) == 0 ? no : yes
    case .date(let pattern), .datetime(let pattern):
      var time = CivilTime()
      (time.year, time.month, time.day) = (2026, Int64(1 + random.below(12)), Int64(1 + random.below(28)))
      time.time = .init(hour: Int64(random.below(24)), minute: Int64(random.below(60)), second: Int64(random.below(60)))
      time.zone = 480
      if case .exact(let text) = pattern.write(time) { return text }
      if case .lossy(let text, _) = pattern.write(time) { return text }
      return ""
    }
  }

  private mutating func joined(_ parts: [RulePlan.Part]) -> String {
    var text = ""
    for part in parts {
      switch part {
      case .literal(let literal): text += literal
      case .field(let field, let length):
        if let conversion = field.conversions.first, !conversion.conversion.rows.isEmpty {
          text += random.element(conversion.conversion.rows).from
        } else if let list = field.list, let entry = list.entries.first(where: { length?.contains($0.code.utf8.count) ?? true }) {
          text += entry.code
        } else if field.type == .indicator {
          text += random.below(2) == 0 ? "0" : "1"
        } else {
          let count = length.map { $0.lowerBound + random.below($0.count) } ?? 1 + random.below(8)
          text += (0..<count).map { _ in String(1 + random.below(9)) }.joined()
        }
      }
    }
    return text
  }

  private static let latin = ["Steel", "tube", "O'Neill & Sons", "(Pte) Ltd.", "<14>", "\"A\" grade", "100%", "1/2 inch", "N/M"]
  private static let upper = ["STEEL", "TUBE", "PTE LTD", "N/M", "GRADE A", "NO. 7", "100 PCT"]
  private static let chinese = ["钢管", "有限公司", "集成电路", "4|3|用于平板电脑|", "𠮷田", "𬭚光", "无品牌", "（深圳）", "女式针织衫"]

  private mutating func words(_ limit: Int, upper: Bool) -> String {
    var text = ""
    while true {
      let next = upper ? random.element(Self.upper) : random.below(2) == 0 ? random.element(Self.latin) : random.element(Self.chinese)
      let longer = text.isEmpty ? next : text + " " + next
      if longer.unicodeScalars.count > limit { return text.isEmpty ? String(next.unicodeScalars.prefix(max(limit, 1))) : text }
      text = longer
      if random.below(3) == 0 { return text }
    }
  }

  private mutating func word(_ length: Int) -> String {
    let alphabet = Array("0123456789ABCDEFGHJKLMNPQRSTUVWXYZ".utf8)
    return String(decoding: (0..<max(length, 1)).map { _ in alphabet[random.below(alphabet.count)] }, as: UTF8.self)
  }

  /// An identifier with a right check digit, found by trying.
  private mutating func identifier(_ form: Rule.Form) -> String? {
    func digits(_ count: Int) -> String { (0..<count).map { _ in String(random.below(10)) }.joined() }
    switch form {
    case .uen: return digits(8) + "K"
    case .eori: return "DE" + digits(15)
    case .imo:
      let stem = digits(6)
      return (0...9).map { "IMO" + stem + String($0) }.first(where: CheckDigits.imo)
    case .iso6346:
      let stem = "CSWU" + digits(6)
      return (0...9).map { stem + String($0) }.first(where: CheckDigits.iso6346)
    case .uscc:
      let stem = "91440300" + digits(9)
      return "0123456789ABCDEFGHJKLMNPQRTUWXY".map { stem + String($0) }.first(where: CheckDigits.uscc)
    }
  }

  private mutating func text(_ part: TextPattern.Part) -> String {
    switch part {
    case .set(let ranges, false):
      let range = random.element(ranges)
      return Unicode.Scalar(range.lowerBound + UInt32(random.below(range.count))).map { String(Character($0)) } ?? ""
    case .set(_, true): return "A"
    case .sequence(let parts): return parts.map { text($0) }.joined()
    case .choice(let parts): return text(random.element(parts))
    case .many(let inner, let low, let high): return (0..<(low + random.below(min(high - low, 3) + 1))).map { _ in text(inner) }.joined()
    }
  }
}

/// SplitMix64: small, and the same everywhere.
struct SplitMix {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// - Precondition: `limit` is positive.
  mutating func below(_ limit: Int) -> Int { Int(next() % UInt64(limit)) }
  mutating func element<Element>(_ list: [Element]) -> Element { list[below(list.count)] }
}
