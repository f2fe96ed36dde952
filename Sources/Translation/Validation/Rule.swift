import Declarations
import Primitives

/// One rule across fields, over dictionary elements (`rules.yaml`). A class, so that looking at one copies a reference.
final class Rule: Sendable {
  enum Kind: Sendable {
    case sumEquals(total: ElementIndex, groups: [ElementIndex], of: ElementIndex, tolerance: ExactDecimal)
    /// `decimals`: which of the numbers are rounded, and to how many decimals; empty: each to the decimals it is given with.
    case productEquals(factors: [ElementIndex], product: ElementIndex, decimals: [ElementIndex: Int])
    case notGreater(lesser: ElementIndex, greater: ElementIndex)
    case differs(ElementIndex, other: ElementIndex?, value: String?)
    case equals(ElementIndex, other: ElementIndex?, value: String?)
    case form(ElementIndex, Form)
    case hsDigits(ElementIndex, [Int])
    case minimum(ElementIndex, ExactDecimal)
    case count(groups: [ElementIndex], min: Int, max: Int)
    case required(ElementIndex)
    case sequence(groups: [ElementIndex], element: ElementIndex, from: Int)
    /// A number that says how many instances there are.
    case countEquals(ElementIndex, groups: [ElementIndex])
    /// Two dates in this order; the same day is in order.
    case notLater(earlier: ElementIndex, later: ElementIndex)
    case pattern(ElementIndex, TextPattern)
  }

  enum Form: String, Sendable { case iso6346, uscc, uen, eori, imo }

  struct Condition: Sendable {
    let element: ElementIndex
    let values: [String]
    let notValues: [String]
    let isAbsent: Bool
  }

  let id: String
  let kind: Kind
  let severity: Problem.Severity
  /// Evaluated in each instance of the innermost; empty: in the root.
  let groups: [ElementIndex]
  let condition: Condition?
  let direction: Direction?
  let shape: [Int]
  let en: String
  let zh: String

  init(
    id: String, kind: Kind, severity: Problem.Severity, groups: [ElementIndex], condition: Condition?, direction: Direction?, shape: [Int],
    en: String, zh: String
  ) {
    self.id = id
    self.kind = kind
    self.severity = severity
    self.groups = groups
    self.condition = condition
    self.direction = direction
    self.shape = shape
    self.en = en
    self.zh = zh
  }
}

/// Where a rule found something wrong.
struct RuleFinding: Sendable {
  let rule: Rule
  let element: ElementIndex
  let steps: [ElementPath.Step]
  /// Document node; -1: the element is absent or was not read from a place.
  let node: Int32
  let code: ErrorCode
}

extension Rule {
  var code: ErrorCode {
    switch kind {
    case .sumEquals: "validate.sum"
    case .productEquals: "validate.product"
    case .notGreater: "validate.greater"
    case .differs: "validate.swapped"
    case .equals: "validate.not_equal"
    case .form(_, .iso6346): "validate.container_number"
    case .form(_, .uscc): "validate.credit_code"
    case .form(_, .uen): "validate.uen"
    case .form(_, .eori): "validate.eori"
    case .form(_, .imo): "validate.imo_number"
    case .countEquals: "validate.count"
    case .notLater: "validate.date_order"
    case .pattern: "validate.pattern"
    case .hsDigits: "validate.hs_digits"
    case .minimum: "validate.below_minimum"
    case .count(_, _, let max): max == .max ? "validate.too_few" : "validate.too_many"
    case .required: "validate.missing_conditional"
    case .sequence: "validate.sequence"
    }
  }

  /// Everything that a declaration does against the rule.
  func findings(in root: Group, variant: Variant) -> [RuleFinding] {
    if let direction, direction != variant.direction { return [] }
    if !shape.isEmpty, !(variant.shape.map(shape.contains) ?? false) { return [] }
    var found: [RuleFinding] = []
    var chain = [root]
    var steps: [ElementPath.Step] = []
    visit(&chain, &steps) { chain, steps in
      guard let group = chain.last, holds(condition, chain) else { return }
      check(group, chain, steps, &found)
    }
    return found
  }

  /// Visits every instance of the innermost of `groups`, with those around it.
  private func visit(
    _ chain: inout [Group], _ steps: inout [ElementPath.Step], _ body: ([Group], [ElementPath.Step]) -> Void
  ) {
    guard steps.count < groups.count, let group = chain.last else { return body(chain, steps) }
    let next = groups[steps.count]
    for (position, instance) in group.groups(next).enumerated() {
      chain.append(instance)
      steps.append(.init(group: next, position: position))
      visit(&chain, &steps, body)
      chain.removeLast()
      steps.removeLast()
    }
  }

  private func holds(_ condition: Condition?, _ chain: [Group]) -> Bool {
    guard let condition else { return true }
    let text = chain.reversed().lazy.compactMap { $0.text(condition.element) }.first
    if condition.isAbsent { return text == nil }
    guard let text else { return false }
    func contains(_ values: [String]) -> Bool { values.contains { $0.hasSameBytes(as: text) } }
    return (condition.values.isEmpty || contains(condition.values)) && !contains(condition.notValues)
  }

  private func check(_ group: Group, _ chain: [Group], _ steps: [ElementPath.Step], _ found: inout [RuleFinding]) {
    func number(_ element: ElementIndex) -> ExactDecimal? { group.text(element).flatMap { ExactDecimal($0) } }
    func report(_ element: ElementIndex, _ node: Int32? = nil, steps inner: [ElementPath.Step]? = nil) {
      found.append(RuleFinding(rule: self, element: element, steps: inner ?? steps, node: node ?? group[element]?.origin ?? -1, code: code))
    }
    switch kind {
    case .sumEquals(let total, let groups, let of, let tolerance):
      guard let expected = number(total), let text = Compute.sum(groups, of).evaluate(in: group), let sum = ExactDecimal(text) else {
        return
      }
      if !Self.isNear(expected, sum, tolerance) { report(total) }
    case .productEquals(let factors, let product, let decimals):
      let numbers = factors.map(number)
      guard let expected = number(product), numbers.allSatisfy({ $0 != nil }) else { return }
      func scale(_ element: ElementIndex, _ number: ExactDecimal?) -> Int? { decimals.isEmpty ? number?.scale : decimals[element] }
      let scales = zip(factors, numbers).map { scale($0, $1) }
      if !Self.isProduct(numbers.compactMap { $0 }, scales, expected, scale(product, expected)) { report(product) }
    case .notGreater(let lesser, let greater):
      guard let small = number(lesser), let large = number(greater) else { return }
      if small > large { report(lesser) }
    case .differs(let element, let other, let value):
      guard let text = group.text(element), let against = other.flatMap({ group.text($0) }) ?? value else { return }
      if text.hasSameBytes(as: against) { report(element) }
    case .equals(let element, let other, let value):
      guard let text = group.text(element), let against = other.flatMap({ group.text($0) }) ?? value else { return }
      if !text.hasSameBytes(as: against) { report(element) }
    case .form(let element, let form):
      guard let text = group.text(element) else { return }
      let isRight =
        switch form {
        case .iso6346: CheckDigits.iso6346(text)
        case .uscc: CheckDigits.uscc(text)
        case .uen: CheckDigits.uen(text)
        case .eori: CheckDigits.eori(text)
        case .imo: CheckDigits.imo(text)
        }
      if !isRight { report(element) }
    case .hsDigits(let element, let lengths):
      guard let text = group.text(element) else { return }
      if !text.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) || !lengths.contains(text.utf8.count) { report(element) }
    case .minimum(let element, let minimum):
      guard let value = number(element) else { return }
      if value < minimum { report(element) }
    case .count(let groups, let min, let max):
      let count = Compute.instances(group, groups[...]).count
      if count < min || count > max, let last = groups.last { report(last) }
    case .required(let element): if group.text(element) == nil { report(element) }
    case .countEquals(let element, let groups):
      guard let stated = number(element) else { return }
      if stated != ExactDecimal(Compute.instances(group, groups[...]).count) { report(element) }
    case .notLater(let earlier, let later):
      // Canonical dates sort as texts; a time of day does not count.
      guard let first = group.text(earlier)?.utf8.prefix(10), let last = group.text(later)?.utf8.prefix(10) else { return }
      if last.lexicographicallyPrecedes(first) { report(later) }
    case .pattern(let element, let pattern):
      if let text = group.text(element), !pattern.matches(text) { report(element) }
    case .sequence(let groups, let element, let from):
      for (position, instance) in Compute.instances(group, groups[...]).enumerated() {
        guard let text = instance.text(element), !text.hasSameBytes(as: String(from + position)), let last = groups.last else {
          continue
        }
        report(element, instance[element]?.origin, steps: steps + [.init(group: last, position: position)])
      }
    }
  }

  static func isNear(_ left: ExactDecimal, _ right: ExactDecimal, _ tolerance: ExactDecimal) -> Bool {
    guard let negative = ExactDecimal(mantissa: -right.mantissa, scale: right.scale), let difference = left.adding(negative),
      let size = ExactDecimal(mantissa: Int128(difference.mantissa.magnitude), scale: difference.scale)
    else { return false }
    return size <= tolerance
  }

  /// Whether `product` can be the product of the factors, each of which was rounded to the decimals that it is given with.
  static func isProduct(_ factors: [ExactDecimal], _ product: ExactDecimal) -> Bool {
    isProduct(factors, factors.map(\.scale), product, product.scale)
  }

  /// - Parameter scales: decimals that each factor was rounded to; nil: it is exact.
  static func isProduct(_ factors: [ExactDecimal], _ scales: [Int?], _ product: ExactDecimal, _ productScale: Int?) -> Bool {
    guard let exact = factors.dropFirst().reduce(factors.first, { $0?.multiplied(by: $1) }) else { return true }
    func half(_ scale: Int) -> ExactDecimal? { ExactDecimal(mantissa: 5, scale: min(scale + 1, 18)) }
    // Half a unit of the product's last place, and of each factor's times the other factors.
    guard var tolerance = productScale.map(half) ?? ExactDecimal(0) else { return true }
    for index in factors.indices {
      guard let scale = scales[index] else { continue }
      var share = half(scale)
      for (other, factor) in factors.enumerated() where other != index {
        share = share?.multiplied(by: ExactDecimal(mantissa: Int128(factor.mantissa.magnitude), scale: factor.scale) ?? factor)
      }
      guard let share, let sum = tolerance.adding(share) else { return true }
      tolerance = sum
    }
    return isNear(product, exact, tolerance)
  }
}
