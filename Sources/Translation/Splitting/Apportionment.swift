import Primitives

/// Dividing a number so that the shares add up to it exactly (largest remainders; the earlier share wins a tie).
enum Apportionment {
  /// - Parameters:
  ///   - weights: not negative.
  ///   - scale: decimals of the shares; at least those of the total.
  /// - Returns: a share for each weight; nil when the weights are all zero, one is negative, or the numbers are too large to be exact.
  /// - Complexity: O(n log n).
  static func shares(of total: ExactDecimal, by weights: [ExactDecimal], scale: Int) -> [ExactDecimal]? {
    let common = weights.map(\.scale).max() ?? 0
    let parts = weights.compactMap { $0.rescaled(to: common)?.mantissa }
    guard parts.count == weights.count, parts.allSatisfy({ $0 >= 0 }), let whole = total.rescaled(to: max(scale, total.scale)) else {
      return nil
    }
    var sum: Int128 = 0
    for part in parts {
      let (next, overflow) = sum.addingReportingOverflow(part)
      if overflow { return nil }
      sum = next
    }
    guard sum > 0 else { return nil }
    let units = Int128(whole.mantissa.magnitude)
    var shares: [Int128] = []
    var remainders: [(remainder: Int128, index: Int)] = []
    for (index, part) in parts.enumerated() {
      let (product, overflow) = units.multipliedReportingOverflow(by: part)
      if overflow { return nil }
      shares.append(product / sum)
      remainders.append((product % sum, index))
    }
    let left = Int(units - shares.reduce(0, +))
    for (_, index) in remainders.sorted(by: { ($1.remainder, $0.index) < ($0.remainder, $1.index) }).prefix(left) { shares[index] += 1 }
    return shares.map { ExactDecimal(mantissa: whole.mantissa < 0 ? -$0 : $0, scale: whole.scale) }.reduce(into: [ExactDecimal]?([])) {
      guard let share = $1 else {
        $0 = nil
        return
      }
      $0?.append(share)
    }
  }
}
