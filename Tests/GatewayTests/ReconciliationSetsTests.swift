import Exchange
import Primitives
import Synchronization
import Testing
import Trust

@testable import Gateway

/// Which sets are kept for how long, and how many wait for one.
@Suite struct ReconciliationSetsTests {
  private final class Counter: Sendable {
    let made = Mutex(0)

    func set(_ size: Int = 1) -> ReconciliationSet {
      made.withLock { $0 += 1 }
      return ReconciliationSet((0..<size).map { _ in ReconciliationItem(.clearance(.random()), SHA256.hash("x")) })
    }

    var count: Int { made.withLock { $0 } }
  }

  /// How many run at the same moment.
  private final class Running: Sendable {
    private let state = Mutex((now: 0, most: 0))

    func begin() { state.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) } }
    func end() { state.withLock { $0.now -= 1 } }
    var most: Int { state.withLock { $0.most } }
  }

  private let now = Economies.start

  @Test func aSetIsKeptForTheQuestionsOfARun() async throws {
    let (sets, counter) = (ReconciliationSets(), Counter())
    func ask(_ day: String, size: Int?, at time: Instant, _ corridor: String = "CN-SG") async throws -> Digest {
      try await sets.set(corridor: corridor, day: day, ledgerSize: size, at: time) { counter.set() }.fingerprint
    }
    let first = try await ask("2026-11-21", size: 7, at: now)
    #expect(try await ask("2026-11-21", size: nil, at: now.adding(seconds: 500)) == first, "a later question")
    #expect(try await ask("2026-11-21", size: 7, at: now.adding(seconds: 500)) == first, "a run while nothing was written")
    #expect(counter.count == 1)
    let second = try await ask("2026-11-21", size: 8, at: now.adding(seconds: 500))
    #expect(second != first, "a run after something was written")
    #expect(try await ask("2026-11-21", size: nil, at: now.adding(seconds: 1101)) != second, "long after")
    #expect(counter.count == 3)
    _ = try await ask("2026-11-22", size: nil, at: now)
    _ = try await ask("2026-11-21", size: nil, at: now, "CN-MY")
    #expect(counter.count == 5)
  }

  @Test func onlyTheLastFewAreKept() async throws {
    let (sets, counter) = (ReconciliationSets(), Counter())
    func ask(_ day: Int) async throws {
      _ = try await sets.set(corridor: "CN-SG", day: String(day), ledgerSize: nil, at: now) { counter.set() }
    }
    for day in [1, 2, 3, 4, 1, 5] { try await ask(day) }
    #expect(counter.count == 5)
    // The second was the one that nobody had asked for longest.
    try await ask(1)
    #expect(counter.count == 5)
    try await ask(2)
    #expect(counter.count == 6)
  }

  @Test func oneIsMadeAtATimeAndFewWait() async throws {
    let (sets, bell, running) = (ReconciliationSets(), Bell(), Running())
    let calls = ReconciliationSets.limitWaiting + 8
    let results = await withTaskGroup(of: Bool.self) { group in
      for call in 0..<calls {
        group.addTask {
          do throws(CausewayError) {
            _ = try await sets.set(corridor: "CN-SG", day: String(call), ledgerSize: nil, at: Economies.start) {
              running.begin()
              await bell.wait(after: 0, atMost: .seconds(30))
              running.end()
              return ReconciliationSet([])
            }
            return true
          } catch {
            #expect(error.code == "reconcile.busy")
            return false
          }
        }
      }
      // Those that may not wait come back at once; then the others get their turns.
      var results: [Bool] = []
      for await result in group {
        results.append(result)
        if results.count == calls - ReconciliationSets.limitWaiting - 1 { bell.ring() }
      }
      return results
    }
    #expect(results.count { $0 } == ReconciliationSets.limitWaiting + 1)
    #expect(running.most == 1)
    // After that there is room again.
    _ = try await sets.set(corridor: "CN-SG", day: "x", ledgerSize: nil, at: now) { ReconciliationSet([]) }
  }

  @Test func aFailureIsNotKept() async throws {
    let sets = ReconciliationSets()
    await #expect(throws: CausewayError("journal.closed")) {
      try await sets.set(corridor: "CN-SG", day: "d", ledgerSize: nil, at: now) { () throws(CausewayError) in
        throw CausewayError("journal.closed")
      }
    }
    let set = try await sets.set(corridor: "CN-SG", day: "d", ledgerSize: nil, at: now) { ReconciliationSet([]) }
    #expect(set.count == 0)
  }
}
