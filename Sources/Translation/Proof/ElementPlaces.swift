import Declarations
import YAMLTree

/// Where one variant of a mapping reads and writes each element of the dictionary.
struct ElementPlaces {
  struct Place {
    let rule: RulePlan
    let field: Field
    /// Where the group rule around it is written.
    let group: YAMLPlace
    /// Structure node; -1: the rule has no place, the element follows from the format or from other elements.
    let leaf: Int
    /// Instances of the groups around the place that the format has room for, beyond one of each.
    let isRepeated: Bool
    /// The most instances of the innermost group; `Int.max`: no limit.
    let room: Int
  }

  /// By element.
  private(set) var reads: [[Place]]
  private(set) var writes: [[Place]]
  /// By element: the element follows from the presence of a leaf that another element stands in.
  private(set) var impliedBy: [[Place]]
  /// By element: the group rules of a group.
  private(set) var groups: [Set<YAMLPlace>]

  init(_ plans: [VariantPlan], structure: Structure, dictionary: ElementDictionary) {
    reads = Array(repeating: [], count: dictionary.elements.count)
    writes = reads
    impliedBy = reads
    groups = Array(repeating: [], count: dictionary.elements.count)
    for plan in plans { visit(plan.root, room: 1, structure) }
  }

  private mutating func visit(_ plan: GroupPlan, room: Int, _ structure: Structure) {
    groups[Int(plan.element.raw)].insert(plan.place)
    for item in plan.items {
      switch item {
      case .group(let inner):
        let nodes = inner.path.steps.map { structure[$0.node].max }
        visit(inner, room: inner.split == nil ? nodes.max() ?? room : .max, structure)
      case .rule(let rule):
        for field in rule.fields {
          let place = Place(
            rule: rule, field: field, group: plan.place, leaf: rule.path?.target ?? -1, isRepeated: room > 1, room: room)
          if rule.reads { reads[Int(field.element.raw)].append(place) }
          if rule.writes || rule.path == nil { writes[Int(field.element.raw)].append(place) }
        }
        for (field, _) in rule.implies {
          let place = Place(
            rule: rule, field: field, group: plan.place, leaf: rule.path?.target ?? -1, isRepeated: room > 1, room: room)
          impliedBy[Int(field.element.raw)].append(place)
        }
      }
    }
  }
}

extension RulePlan {
  /// The elements of the rule with their tables.
  var fields: [Field] {
    switch kind {
    case .field(let field, _), .implied(let field, _), .derived(let field, _), .lines(let field, _, _), .unit(let field, _): [field]
    case .computed(_, let field): field.map { [$0] } ?? []
    case .concat(let parts, let otherwise):
      parts.compactMap { if case .field(let field, _) = $0 { field } else { nil } } + (otherwise.map { [$0] } ?? [])
    case .constant: []
    }
  }

  /// The value follows from others instead of standing in the document.
  var isComputed: Bool {
    switch kind {
    case .derived, .implied: true
    case .computed(_, nil): true
    default: across?.rule == .sum
    }
  }
}
