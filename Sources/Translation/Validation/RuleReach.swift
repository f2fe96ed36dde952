import Declarations

/// Whether a rule can say anything: the mapping reads what it looks at, in some document that it is for.
struct RuleReach {
  private let plan: MappingPlan
  private let dictionary: ElementDictionary
  private let codes: CodeLibrary
  /// By variant: elements and groups that reading can give.
  private let given: [Set<ElementIndex>]

  init(_ plan: MappingPlan, structure: Structure, dictionary: ElementDictionary, codes: CodeLibrary) {
    self.plan = plan
    self.dictionary = dictionary
    self.codes = codes
    // Read ahead of the mapping's rules.
    let heads = Profile.KnownElements(dictionary).map { [$0.type, $0.economy] } ?? []
    given = plan.variants.map { variant in
      let places = ElementPlaces([variant], structure: structure, dictionary: dictionary)
      let elements = dictionary.elements.map(\.index).filter { element in
        let index = Int(element.raw)
        return !places.reads[index].isEmpty || !places.impliedBy[index].isEmpty || !places.groups[index].isEmpty
      }
      return Set(elements + heads)
    }
  }

  /// Why a rule is refused; nil: it is not.
  func refusal(of rule: Rule) -> String? {
    let variants = plan.variants.indices.filter { index in
      let variant = plan.variants[index].variant
      return (rule.direction == nil || rule.direction == variant.direction)
        && (rule.shape.isEmpty || variant.shape.map(rule.shape.contains) ?? false)
    }
    guard !variants.isEmpty else { return "no document has this rule: its direction and shape exclude each other" }
    let needed = rule.kind.elements + rule.groups
    for element in needed where !variants.contains(where: { given[$0].contains(element) }) {
      return "the mapping never reads \(dictionary[element].id), so the rule \(rule.kind.asks ? "always" : "never") speaks"
    }
    guard let condition = rule.condition else { return nil }
    guard variants.contains(where: { given[$0].contains(condition.element) }) else {
      return "the mapping never reads \(dictionary[condition.element].id), on which the rule depends"
    }
    guard let list = dictionary[condition.element].list.flatMap({ codes.list($0) }) else { return nil }
    let unknown = (condition.values + condition.notValues).first { !list.accepts($0) }
    return unknown.map { "\($0) is not in \(list.id), the list of \(dictionary[condition.element].id)" }
  }
}

extension Rule.Kind {
  /// What it looks at; of what there may be more than one of the innermost group.
  fileprivate var elements: [ElementIndex] {
    switch self {
    case .sumEquals(let total, let groups, let of, _): [total, of] + groups
    case .productEquals(let factors, let product, _): factors + [product]
    case .notGreater(let lesser, let greater): [lesser, greater]
    case .differs(let element, let other, _), .equals(let element, let other, _): [element] + (other.map { [$0] } ?? [])
    case .form(let element, _), .hsDigits(let element, _), .minimum(let element, _), .required(let element), .pattern(let element, _):
      [element]
    case .count(let groups, _, _): groups
    case .sequence(let groups, let element, _): groups + [element]
    case .countEquals(let element, let groups): [element] + groups
    case .notLater(let earlier, let later): [earlier, later]
    }
  }

  /// Speaks where something is not there.
  fileprivate var asks: Bool {
    switch self {
    case .required: true
    case .count(_, let min, _): min > 0
    default: false
    }
  }
}
