import Foundation
import Primitives
import Synchronization
import TestSupport
import Testing

/// Points at which something goes wrong in a life of `JournalCrashWriter steps`, one after the other, and what must hold after each.
///
/// Each point has a life with its fault, and one without that finishes what is left; then everything that was ever promised is checked. A
/// journal goes through some dozen points, so that each meets what the ones before have left.
struct StepPoints: Sendable {
  typealias Fault = FaultControl.Fault

  struct Point: Sendable {
    let fault: Fault
    /// New messages in the life that is struck, and how many at a time.
    var messages = 2
    var lanes = 1
    /// Whether the fault goes away by itself a moment after it struck.
    var isRelieved = false
  }

  /// How many calls a life without faults makes, by kind and step.
  struct Survey: Sendable {
    private let calls: [FaultControl.Kind: [Int]]

    init(_ control: FaultControl) {
      let steps = StepJournal.steps.indices
      calls = Dictionary(
        uniqueKeysWithValues: FaultControl.Kind.allCases.map { kind in (kind, steps.map { control.calls(kind, step: $0) }) })
    }

    func calls(_ kind: FaultControl.Kind, _ step: Int) -> Int { calls[kind]?[step] ?? 0 }
    func calls(_ kind: FaultControl.Kind) -> Int { calls[kind]?.reduce(0, +) ?? 0 }
  }

  /// What happened, by class.
  final class Tally: Sendable {
    private let counts = Mutex<[String: Int]>([:])
    func count(_ name: String) { counts.withLock { $0[name, default: 0] += 1 } }
    var all: [String: Int] { counts.withLock { $0 } }
    var total: Int { all.values.reduce(0, +) }

    func report(_ title: String) {
      print("\(title): \(total)")
      for (name, count) in all.sorted(by: { $0.key < $1.key }) { print("  \(name)  \(count)") }
    }
  }

  private static let pointsOfJournal = 24
  let store: StepJournal.Store
  let tally = Tally()

  /// What a life without faults does.
  static func survey(_ store: StepJournal.Store, messages: Int = 2, lanes: Int = 1) async throws -> Survey {
    let journal = try StepJournal(store)
    // The first life makes the journal: later ones are what points are about.
    try #require(try await journal.live(messages: 2).end == .exit(0))
    journal.control.count(path: "journal.sqlite", port: FaultControl.localSockets)
    let life = try await journal.live(messages: messages, lanes: lanes)
    try #require(life.end == .exit(0), "\(life.errors)")
    try #require(try await journal.violations(isFinished: true) == [])
    return Survey(journal.control)
  }

  /// Goes through the points, two at a time.
  func run(_ points: [Point]) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for half in 0..<2 {
        group.addTask {
          let mine = points.enumerated().filter { $0.offset % 2 == half }.map(\.element)
          for start in stride(from: 0, to: mine.count, by: Self.pointsOfJournal) {
            let journal = try StepJournal(store)
            try #require(try await journal.live(messages: 2).end == .exit(0))
            for point in mine[start..<min(start + Self.pointsOfJournal, mine.count)] {
              // What is broken once breaks everything behind it too.
              guard try await go(through: point, journal) else { break }
            }
          }
        }
      }
      try await group.waitForAll()
    }
  }

  private func go(through point: Point, _ journal: StepJournal) async throws -> Bool {
    let name = "\(store.rawValue) \(point.fault)\(point.lanes > 1 ? ", \(point.lanes) at a time" : "")"
    journal.arm(point.fault)
    async let _: Void = point.isRelieved ? relieve(journal.control) : ()
    let life = try await journal.live(messages: point.messages, lanes: point.lanes)
    let (hits, step) = (journal.control.hits, StepJournal.steps[journal.control.hitStep])
    journal.control.disarm()
    expect(life, point, hits, name)
    let after = try await journal.live(messages: 0)
    #expect(after.end == .exit(0), "\(name): the next life ends with \(after.lines.last ?? ""), \(after.errors)")
    let violations = try await journal.violations(isFinished: after.end == .exit(0))
    #expect(violations == [], "\(name)")
    if hits > 0 { tally.count("\(store.rawValue) \(point.fault.effect.isKill ? step : "\(point.fault.kind) \(point.fault.effect)")") }
    return violations.isEmpty && after.end == .exit(0)
  }

  /// How a life may end: as it was told to; otherwise with a code, or with nothing amiss.
  private func expect(_ life: Life, _ point: Point, _ hits: Int, _ name: String) {
    let code = life.lines.last.flatMap { $0.hasPrefix("error journal.") ? $0 : nil }
    if point.fault.effect.isKill {
      #expect(life.end == (hits == 0 ? .exit(0) : .signal(SIGKILL)), "\(name): \(life)")
    } else {
      #expect(life.end == .exit(0) && code == nil || [.exit(70), .exit(75)].contains(life.end) && code != nil, "\(name): \(life)")
      // What is no failure must be none.
      if [.half, .error(EINTR)].contains(point.fault.effect) {
        #expect(life.end == .exit(0) && !life.lines.contains { $0.hasPrefix("again") }, "\(name): \(life)")
      }
    }
  }

  private func relieve(_ control: FaultControl) async {
    while control.hits == 0, (try? await Task.sleep(for: .milliseconds(5))) != nil {}
    try? await Task.sleep(for: .milliseconds(100))
    control.disarm()
  }
}
