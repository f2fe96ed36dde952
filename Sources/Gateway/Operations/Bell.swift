import Synchronization

/// Wakes those who wait for new work, without polling and without lost wake-ups: whoever waits says for what, and what it has already seen.
package final class Bell: Sendable {
  /// What it rings for. Whoever waits for something else sleeps on: at hundreds of messages a second, looking for work costs as much as some of the work.
  package struct Topics: OptionSet, Sendable {
    package let rawValue: Int

    package init(rawValue: Int) { self.rawValue = rawValue }

    /// Local documents to translate.
    package static let received = Topics(rawValue: 1 << 0)
    /// Messages of partners to translate.
    package static let recorded = Topics(rawValue: 1 << 1)
    /// Deliveries that may be due.
    package static let deliveries = Topics(rawValue: 1 << 2)
    /// Documents for the local single window.
    package static let documents = Topics(rawValue: 1 << 3)
    /// Something to show, or anything else: cases, failures, replays, the ledger.
    package static let news = Topics(rawValue: 1 << 4)
    package static let all: Topics = [.received, .recorded, .deliveries, .documents, .news]

    fileprivate static let count = 5

    /// Numbers of the topics.
    fileprivate var numbers: some Sequence<Int> { (0..<Self.count).lazy.filter { rawValue & 1 << $0 != 0 } }
  }

  private struct Sleeper {
    let topics: Topics
    let continuation: CheckedContinuation<Void, Never>
  }

  private struct State {
    /// How often it has rung for each topic.
    var rung = [Int](repeating: 0, count: Topics.count)
    var nextSleeper = 0
    var sleepers: [Int: Sleeper] = [:]

    func rung(for topics: Topics) -> Int { topics.numbers.reduce(0) { $0 + rung[$1] } }
  }

  private let state = Mutex(State())

  package init() {}

  /// How often it has rung for any of the topics. Read it before looking for work, and pass it to ``wait(for:after:atMost:)`` when there was none.
  package func rung(for topics: Topics = .all) -> Int { state.withLock { $0.rung(for: topics) } }

  package func ring(for topics: Topics = .all) {
    let woken = state.withLock { state -> [Int: Sleeper] in
      for topic in topics.numbers { state.rung[topic] += 1 }
      let woken = state.sleepers.filter { !$0.value.topics.isDisjoint(with: topics) }
      for sleeper in woken.keys { state.sleepers[sleeper] = nil }
      return woken
    }
    for sleeper in woken.values { sleeper.continuation.resume() }
  }

  /// Returns when it has rung for these topics more often than `seen`, when the time is over, or when the task is cancelled.
  package func wait(for topics: Topics = .all, after seen: Int, atMost limit: Duration) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await self.sleep(for: topics, after: seen) }
      group.addTask { try? await Task.sleep(for: limit) }
      await group.next()
      group.cancelAll()
    }
  }

  private func sleep(for topics: Topics, after seen: Int) async {
    let sleeper = state.withLock { state in
      state.nextSleeper += 1
      return state.nextSleeper
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          if state.rung(for: topics) > seen || Task.isCancelled { return true }
          state.sleepers[sleeper] = Sleeper(topics: topics, continuation: continuation)
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      state.withLock { $0.sleepers.removeValue(forKey: sleeper) }?.continuation.resume()
    }
  }
}
