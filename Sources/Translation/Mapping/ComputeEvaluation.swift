import Declarations
import Primitives

extension Compute {
  /// The value for a group instance, or nil when it does not follow: a number missing among the addends makes no sum.
  func evaluate(in group: Group, position: Int = 0) -> String? {
    switch self {
    case .when(let value, let condition): return condition.evaluate(in: group) == nil ? nil : value.evaluate(in: group)
    case .position: return String(position + 1)
    case .count(let chain): return String(Self.instances(group, chain[...]).count)
    case .exists(let chain): return Self.instances(group, chain[...]).isEmpty ? "false" : "true"
    case .first(let chain, let element): return Self.instances(group, chain[...]).lazy.compactMap { $0.text(element) }.first
    case .same(let chain, let element):
      // One that is missing may be another one: nothing is the same then.
      var common: String?
      for instance in Self.instances(group, chain[...]) {
        guard let text = instance.text(element) else { return nil }
        guard common == nil || common?.hasSameBytes(as: text) == true else { return nil }
        common = text
      }
      return common
    case .sum(let chain, let element):
      var sum: ExactDecimal?
      for instance in Self.instances(group, chain[...]) {
        guard let text = instance.text(element), let number = ExactDecimal(text) else { return nil }
        guard let previous = sum else {
          sum = number
          continue
        }
        guard let next = previous.adding(number) else { return nil }
        sum = next
      }
      return sum?.description
    }
  }

  static func instances(_ group: Group, _ chain: ArraySlice<ElementIndex>) -> [Group] {
    guard let first = chain.first else { return [group] }
    let groups = group.groups(first)
    return chain.count == 1 ? groups : groups.flatMap { instances($0, chain.dropFirst()) }
  }
}

extension ExactDecimal {
  /// The exact quotient with at most `limit` decimals, or nil when there is none.
  func divided(by divisor: ExactDecimal, limit: Int) -> ExactDecimal? {
    guard divisor.mantissa != 0 else { return nil }
    let target = max(limit, scale)
    guard let dividend = rescaled(to: target) else { return nil }
    var numerator = dividend.mantissa
    for _ in 0..<divisor.scale {
      let (product, overflow) = numerator.multipliedReportingOverflow(by: 10)
      if overflow { return nil }
      numerator = product
    }
    guard numerator % divisor.mantissa == 0 else { return nil }
    guard let quotient = ExactDecimal(mantissa: numerator / divisor.mantissa, scale: target) else { return nil }
    let plain = quotient.normalized
    return plain.scale <= limit ? plain.rescaled(to: max(plain.scale, min(scale, limit))) : nil
  }
}
