import TestSupport

/// Repeatable chance: the same seed gives the same choices.
package struct Chance: RandomNumberGenerator, Sendable {
  private var numbers: SplitMix

  package init(seed: UInt64) { numbers = SplitMix(state: seed) }

  package mutating func next() -> UInt64 { numbers.next() }

  /// - Precondition: `count` > 0.
  mutating func below(_ count: Int) -> Int { Int.random(in: 0..<count, using: &self) }

  mutating func pick<Element>(_ elements: [Element]) -> Element? { elements.randomElement(using: &self) }
}
