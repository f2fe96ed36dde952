import Declarations
import Primitives
import YAMLTree

extension CorridorDefaults {
  /// Reads one file and holds it against the dictionary and the formats that it names.
  ///
  /// - Parameter id: the file's name without its ending.
  /// - Throws: `config.yaml_invalid`, `profile.defaults_invalid` with file, line and reason, all entries at once.
  static func load(
    _ root: YAMLNode, id: String, dictionary: ElementDictionary, codes: CodeLibrary, profiles known: [Profile]
  ) throws(CausewayError) -> CorridorDefaults {
    try root.allow(["version", "corridor", "profiles", "defaults"])
    let corridor = try root.required("corridor")
    try corridor.allow(["from", "to"])
    let from = try corridor.required("from").string()
    let to = try corridor.required("to").string()
    guard id.hasSameBytes(as: "\(from)-\(to)".lowercased()) else {
      throw refusal(corridor, "the file is named by its corridor: \("\(from)-\(to)".lowercased()).yaml")
    }
    guard !from.hasSameBytes(as: to) else { throw refusal(corridor, "a corridor leads from one economy to another") }
    let list = try root.required("profiles")
    let names = try list.strings()
    let targets = known.filter { profile in names.contains { $0.hasSameBytes(as: profile.id) } }
    for name in names where !targets.contains(where: { $0.id.hasSameBytes(as: name) }) {
      throw refusal(list, "there is no profile \(name)")
    }
    for target in targets where !target.economy.hasSameBytes(as: to) || target.known == nil {
      throw refusal(list, "\(target.id) is no declaration of \(to)")
    }
    var problems: [Problem] = []
    var entries: [Entry] = []
    for node in try root.required("defaults").list() {
      do throws(CausewayError) {
        let entry = try entry(node, dictionary: dictionary, codes: codes)
        for target in targets { try check(entry, node, target) }
        for other in entries where other.element == entry.element && overlaps(other, entry) {
          throw refusal(node, "line \(other.line) gives \(dictionary[entry.element].id) a value already")
        }
        entries.append(entry)
      } catch { problems += error.problems }
    }
    guard problems.isEmpty else { throw CausewayError(problems: problems) }
    return CorridorDefaults(
      id: id, version: try root.required("version").string(), from: from, to: to, profiles: names, entries: entries)
  }

  private static func refusal(_ node: YAMLNode, _ reason: String) -> CausewayError {
    CausewayError("profile.defaults_invalid", pointer: node.file, line: node.line, facts: ["reason": reason])
  }

  private static func overlaps(_ left: Entry, _ right: Entry) -> Bool {
    (left.direction == nil || right.direction == nil || left.direction == right.direction)
      && (left.shapes.isEmpty || right.shapes.isEmpty || left.shapes.contains { right.shapes.contains($0) })
  }

  /// An element that two economies may agree on, and a canonical value of it.
  private static func entry(_ node: YAMLNode, dictionary: ElementDictionary, codes: CodeLibrary) throws(CausewayError) -> Entry {
    try node.allow(["element", "value", "direction", "shape", "reason"])
    let id = try node.required("element").string()
    guard let element = dictionary[id: id], !dictionary[element].isGroup else {
      throw refusal(node, "the dictionary has no element \(id)")
    }
    guard dictionary[element].isAgreeable else {
      throw refusal(node, "\(id) is for the declarant to state: two economies do not agree on it (column `agreed` of the dictionary)")
    }
    let value = try node.required("value").string()
    guard let canonical = dictionary[element].type.canonical(value), canonical.hasSameBytes(as: value), !value.isEmpty else {
      throw refusal(node, "\(value) is no canonical value of \(id)")
    }
    // Where a list is not whole, validation passes what it does not have; what is agreed stands on it.
    if let list = dictionary[element].list.flatMap({ codes.list($0) }), !list.contains(value) {
      throw refusal(node, "the code list \(list.id) has no \(value)")
    }
    let word = try node["direction"]?.string()
    let direction = Direction.allCases.first { $0.word == word }
    guard word == nil || direction != nil else { throw refusal(node, "direction is export or import") }
    return Entry(
      element: element, value: value, direction: direction, shapes: try node["shape"]?.strings() ?? [],
      reason: try node.required("reason").string(), line: node.line)
  }

  /// Whether the receiver's format has a place that takes the value as it is.
  private static func check(_ entry: Entry, _ node: YAMLNode, _ profile: Profile) throws(CausewayError) {
    let id = profile.dictionary[entry.element].id
    for shape in entry.shapes where !profile.structure.shapes.contains(shape) {
      throw refusal(node, "\(profile.name) has no shape \(shape)")
    }
    var isPlaced = false
    for plan in profile.plan.variants where entry.holds(in: plan.variant, of: profile.structure) {
      let uses = plan.uses.enumerated().flatMap { leaf, uses in uses.map { (leaf: leaf, rule: $0.rule) } }
      for (leaf, rule) in uses where rule.writes && rule.elements.contains(entry.element) {
        guard case .field(let field, _) = rule.kind else {
          let why = if case .computed = rule.kind { "is computed there" } else { "has no place of its own there" }
          throw refusal(node, "\(id) \(why) (\(profile.name), \(profile.structure.path(leaf)))")
        }
        isPlaced = true
        let lists = profile.structure[leaf].codes
        guard let text = text(entry.value, field, leaf, rule, profile), profile.structure.violation(of: leaf, text: text) == nil,
          lists.isEmpty || lists.contains(where: { $0.contains(String(decoding: text, as: UTF8.self)) })
        else {
          throw refusal(node, "\(profile.structure.path(leaf)) of \(profile.name) does not take \(entry.value), or not without loss")
        }
      }
    }
    guard isPlaced else { throw refusal(node, "\(profile.name) has no place for \(id) there") }
  }

  private static func text(_ value: String, _ field: Field, _ leaf: Int, _ rule: RulePlan, _ profile: Profile) -> ArraySlice<UInt8>? {
    if let table = field.conversions.first {
      guard case .mapped(let code, .exact) = table.reverse(value) else { return nil }
      return Array(code.utf8)[...]
    }
    guard let type = rule.type ?? profile.structure[leaf].type, case .exact(let text) = type.write(value, of: field.type) else {
      return nil
    }
    return Array(text.utf8)[...]
  }
}
