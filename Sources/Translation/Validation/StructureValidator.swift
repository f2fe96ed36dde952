import Declarations
import Formats
import Primitives

/// Checks a bound document against its structure: names, cardinality, order, types, lengths, code lists, patterns, required leaves.
/// Reports everything that is wrong at once.
struct StructureValidator {
  private let bound: BoundDocument
  private let profile: Profile
  private let structure: Structure
  private let variant: VariantPlan
  private let day: String?
  private(set) var problems: [Problem] = []

  /// - Parameters:
  ///   - day: lists with periods of validity are asked about it.
  ///   - isDraft: what is missing is not a problem: it is asked for in a supplement.
  static func check(_ bound: BoundDocument, profile: Profile, variant: VariantPlan, on day: String?, isDraft: Bool = false) -> [Problem] {
    var validator = StructureValidator(bound: bound, profile: profile, structure: profile.structure, variant: variant, day: day)
    validator.run(isDraft: isDraft)
    return validator.problems
  }

  /// Most problems that are listed; a document with more is wrong enough, and listing them all would be the sender's weapon.
  static let limit = 1000

  private mutating func run(isDraft: Bool) {
    let document = bound.document
    let bindings = bound.binding
    let outline = structure.outline
    var counts = [Int32](repeating: 0, count: structure.count)
    var empties = counts
    for index in 0..<Int32(document.count) {
      let binding = Int(bindings[Int(index)])
      if binding == Int(BoundDocument.content) {
        let id = Document.NodeID(index: index)
        if document.scalar(id) != .string || document.isArrayElement(id) || document.utf8(id) == nil {
          add("validate.json_kind", index, facts: ["expected": "string"])
        }
      }
      guard binding >= 0 else { continue }
      guard problems.count < Self.limit else { return addMore() }
      if bound.isJSON, let kind = wrongKind(index, structure[binding]) {
        add("validate.json_kind", index, facts: ["expected": kind])
        continue
      }
      let node = outline[binding]
      if node.isLeaf { checkLeaf(index, binding) }
      guard Int(node.end) > binding + 1 || !node.isLeaf else { continue }
      if !node.isLeaf, bound.isFilled[Int(index)], document.hasText(.init(index: index)) {
        add("validate.unexpected_text", index)
      }
      checkChildren(index, binding, &counts, &empties, isDraft)
    }
    for (parent, name) in document.emptyMembers where bound.binding[Int(parent.index)] >= 0 {
      guard problems.count < Self.limit else { return addMore() }
      problems.append(Problem("validate.empty", pointer: document.pointer(parent) + "/" + name, line: document.line(parent)))
    }
    // A few elements of a later version are kept; thousands are no declaration.
    guard bound.unknownNodes.count <= Self.limit else {
      return problems.append(Problem("validate.too_many_unknown", facts: ["limit": String(Self.limit)]))
    }
    for index in bound.unknownNodes {
      guard problems.count < Self.limit else { return addMore() }
      reportUnknown(index)
    }
  }

  private mutating func addMore() {
    let isRefused = problems.contains { $0.severity == .error }
    problems.append(Problem("validate.more_problems", severity: isRefused ? .error : .warning, facts: ["limit": String(Self.limit)]))
  }

  private mutating func add(_ code: ErrorCode, _ node: Int32, severity: Problem.Severity = .error, facts: [String: String] = [:]) {
    let id = Document.NodeID(index: node)
    let binding = Int(bound.binding[Int(node)])
    let element = binding >= 0 ? variant.uses[binding].first?.rule.elements.first.map { profile.dictionary[$0].id } : nil
    problems.append(
      Problem(code, severity: severity, pointer: bound.document.pointer(id), line: bound.document.line(id), element: element, facts: facts))
  }

  /// What the format has in the place of a JSON value of another kind; nil when the kind is right. A value of another kind could be read, and
  /// would come back as something else.
  private func wrongKind(_ index: Int32, _ node: Structure.Node) -> String? {
    let document = bound.document
    let id = Document.NodeID(index: index)
    if index != 0, document.isArrayElement(id) != node.jsonArray { return node.jsonArray ? "array" : "single value" }
    if document.isNull(id) { return !node.isLeaf || profile.empties == .keep ? "value" : nil }
    guard node.isLeaf, !node.isJSONObject else {
      return document.isArray(id) || document.utf8(id) != nil ? "object" : nil
    }
    if document.utf8(id) != nil, document.scalar(id) == node.jsonScalar { return nil }
    return switch node.jsonScalar {
    case .number: "number"
    case .bool: "boolean"
    default: "string"
    }
  }

  private mutating func reportUnknown(_ node: Int32) {
    let id = Document.NodeID(index: node)
    if bound.document.namespace(id)?.hasSameBytes(as: BoundDocument.instanceNamespace) ?? false { return }
    add("validate.unknown_element", node, severity: profile.keepsUnknown ? .warning : .error)
  }

  private mutating func checkLeaf(_ index: Int32, _ binding: Int) {
    guard let type = structure[binding].type else { return }
    guard let text = bound.filled(index) else {
      let document = bound.document
      // An object of JSON whose text is left out is as empty as one whose text is.
      let isEmpty =
        bound.utf8(index) != nil || document.isNull(.init(index: index)) || bound.isJSON && structure[binding].isJSONObject
      if isEmpty, profile.empties == .omit { add("validate.empty", index) }
      return
    }
    if var problem = type.check(text) {
      let id = Document.NodeID(index: index)
      problem.pointer = bound.document.pointer(id)
      problem.line = bound.document.line(id)
      problem.element = variant.uses[binding].first?.rule.elements.first.map { profile.dictionary[$0].id }
      problems.append(problem)
      return
    }
    switch structure.exclusion(from: binding, text: text, on: day) {
    case .notListed?:
      let lists = structure[binding].lists
      add(
        "validate.not_listed", index,
        facts: ["list": lists.isEmpty ? structure[binding].values.joined(separator: ", ") : lists.joined(separator: ", ")])
    case .pattern?: add("validate.pattern", index, facts: ["pattern": structure[binding].pattern?.source ?? ""])
    default: break
    }
  }

  /// - Parameters:
  ///   - counts: by structure node, all 0: instances that fill a place.
  ///   - empties: the same for leaves without a value.
  private mutating func checkChildren(
    _ index: Int32, _ binding: Int, _ counts: inout [Int32], _ empties: inout [Int32], _ isDraft: Bool
  ) {
    var last: Int32 = -1
    var shapes = 0
    let bindings = bound.binding
    let isFilled = bound.isFilled
    let outline = structure.outline
    for child in bound.document.children(.init(index: index)) {
      let kind = bindings[Int(child.index)]
      guard kind >= 0 else { continue }
      let entry = outline[Int(kind)]
      // An empty element does not fill its place, but in the place of one there are no two.
      if !entry.isLeaf || isFilled[Int(child.index)] { counts[Int(kind)] += 1 } else { empties[Int(kind)] += 1 }
      if entry.max == 1, empties[Int(kind)] > 0, empties[Int(kind)] + counts[Int(kind)] == 2, counts[Int(kind)] < 2 {
        add("validate.too_many", child.index, facts: ["limit": "1"])
      }
      if entry.isShape { shapes += 1 }
      if !bound.isJSON, !profile.isOrderFree, !entry.isAttribute {
        if kind < last { add("validate.order", child.index) }
        last = max(last, kind)
      }
      if counts[Int(kind)] == entry.max &+ 1, entry.max < .max {
        add("validate.too_many", child.index, facts: ["limit": String(entry.max)])
      }
    }
    if shapes > 1 { add("validate.too_many", index, facts: ["limit": "1"]) }
    let requirements = variant.requirements
    func report(_ child: Int) {
      let id = Document.NodeID(index: index)
      let name = (structure[child].isAttribute ? "@" : "") + structure[child].name
      problems.append(
        Problem(
          "validate.missing",
          pointer: bound.document.pointer(id) + "/" + (bound.isJSON ? structure[child].jsonName : name),
          line: bound.document.line(id), element: variant.uses[child].first?.rule.elements.first.map { profile.dictionary[$0].id },
          facts: ["name": name]))
    }
    if !isDraft {
      for child in requirements.leaves[binding] where counts[child] == 0 { report(child) }
      for child in requirements.containers[binding] where counts[child] == 0 { report(child) }
    }
    for child in bound.document.children(.init(index: index)) {
      let kind = bindings[Int(child.index)]
      if kind >= 0 { (counts[Int(kind)], empties[Int(kind)]) = (0, 0) }
    }
  }
}
