import Synchronization

/// Counts down, from any task.
final class StepCounter: Sendable {
  private let remaining: Atomic<Int>

  init(remaining: Int) { self.remaining = Atomic(remaining) }

  /// Whether this is the last of the stated number.
  func isLast() -> Bool { remaining.subtract(1, ordering: .relaxed).newValue == 0 }
}
