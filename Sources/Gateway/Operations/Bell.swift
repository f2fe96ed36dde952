import Synchronization

/// Wakes those who wait for new work, without polling and without lost wake-ups: whoever waits says what it has already seen.
package final class Bell: Sendable {
  private struct State {
    var rung = 0
    var nextSleeper = 0
    var sleepers: [Int: CheckedContinuation<Void, Never>] = [:]
  }

  private let state = Mutex(State())

  package init() {}

  /// How often it has rung. Read it before looking for work, and pass it to ``wait(after:atMost:)`` when there was none.
  package var rung: Int { state.withLock { $0.rung } }

  package func ring() {
    let sleepers = state.withLock { state in
      state.rung += 1
      defer { state.sleepers = [:] }
      return state.sleepers.values
    }
    for sleeper in sleepers { sleeper.resume() }
  }

  /// Returns when it has rung more often than `seen`, when the time is over, or when the task is cancelled.
  package func wait(after seen: Int, atMost limit: Duration) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.sleep(after: seen) }
      group.addTask { try? await Task.sleep(for: limit) }
      await group.next()
      group.cancelAll()
    }
  }

  private func sleep(after seen: Int) async {
    let sleeper = state.withLock { state in
      state.nextSleeper += 1
      return state.nextSleeper
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          if state.rung > seen || Task.isCancelled { return true }
          state.sleepers[sleeper] = continuation
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.sleepers.removeValue(forKey: sleeper) }?.resume()
    }
  }
}
