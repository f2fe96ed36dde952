import Foundation
import Journal
import JournalSQLite
import Ledger
import Primitives
import TestSupport
import Testing
import Trust

/// attacks L-10, L-11, L-15, systematically: the n-th system call of a kind fails, or the process ends at it.
@Suite(.serialized) struct StepPointTests {
  /// As many as the environment asks for.
  private static func extent(_ name: String, _ usual: Int) -> Int {
    ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? usual
  }

  /// 500 faults and 300 ends in each run, of which the rest is in the tests of whole gateways.
  private static let faults = extent("CAUSEWAY_FAULTS", 500)
  private static let kills = extent("CAUSEWAY_KILLS", 300)

  /// `count` of them, the same in each run.
  private static func some<Element>(_ all: [Element], _ count: Int, seed: UInt64) -> [Element] {
    var random = SplitMix(state: seed)
    var chosen: [Element] = []
    while chosen.count < count, !all.isEmpty { chosen += all.shuffled(using: &random).prefix(count - chosen.count) }
    return chosen
  }

  // MARK: Faults

  @Test func aFailingSystemCallBreaksNoPromiseOnSQLite() async throws {
    let survey = try await StepPoints.survey(.sqlite)
    var classes: [[StepPoints.Point]] = []
    let effects: [(FaultControl.Kind, [FaultControl.Effect])] = [
      (.write, [.error(EIO), .error(ENOSPC), .half, .error(EINTR)]), (.sync, [.error(EIO), .error(ENOSPC)]),
      (.truncate, [.error(EIO)]), (.open, [.error(EMFILE), .error(EIO)]), (.read, [.error(EIO)]), (.allocate, [.error(ENOMEM)]),
    ]
    for (kind, effects) in effects {
      for effect in effects {
        for isForEver in [false, true] {
          // A call that is interrupted for ever is never done.
          if isForEver, effect == .error(EINTR) { continue }
          classes.append(
            StepJournal.steps.indices.dropFirst().flatMap { step in
              (0..<survey.calls(kind, step)).map {
                StepPoints.Point(fault: .init(kind, effect, at: $0 + 1, isForEver: isForEver, step: step))
              }
            })
        }
      }
    }
    #expect(classes.allSatisfy { !$0.isEmpty }, "each kind of call is made")
    let wanted = Self.faults * 4 / 5
    let each = wanted / classes.count + 1
    let points = classes.enumerated().flatMap { Self.some($1, each, seed: UInt64($0)) }
    let run = StepPoints(store: .sqlite)
    try await run.run(points.shuffledAlike())
    run.tally.report("faults")
    #expect(run.tally.total >= wanted * 9 / 10, "points that were reached")
  }

  @Test func aFailingSystemCallBreaksNoPromiseOnPostgreSQL() async throws {
    let survey = try await StepPoints.survey(.postgres)
    var classes: [[StepPoints.Point]] = []
    let effects: [(FaultControl.Kind, [FaultControl.Effect])] = [
      (.send, [.error(ECONNRESET), .error(EPIPE), .half, .error(EINTR)]),
      (.receive, [.error(ECONNRESET), .error(ETIMEDOUT), .half, .error(EINTR)]),
      (.connect, [.error(ECONNREFUSED)]), (.allocate, [.error(ENOMEM)]),
    ]
    for (kind, effects) in effects {
      for effect in effects {
        for isForEver in [false, true] where !isForEver || effect != .error(EINTR) {
          classes.append(
            StepJournal.steps.indices.dropFirst().flatMap { step in
              (0..<survey.calls(kind, step)).map {
                StepPoints.Point(
                  fault: .init(kind, effect, at: $0 + 1, isForEver: isForEver, step: step), isRelieved: isForEver && effect != .half)
              }
            })
        }
      }
    }
    #expect(classes.allSatisfy { !$0.isEmpty }, "each kind of call is made")
    let wanted = Self.faults / 4
    let each = wanted / classes.count + 1
    let points = classes.enumerated().flatMap { Self.some($1, each, seed: UInt64(100 + $0)) }
    let run = StepPoints(store: .postgres)
    try await run.run(points.shuffledAlike())
    run.tally.report("faults")
    #expect(run.tally.total >= wanted * 9 / 10, "points that were reached")
  }

  // MARK: Ends

  /// Before and after each kind of call of each step, and in the middle of what is written; and anywhere when several work at a time.
  @Test(arguments: StepJournal.Store.allCases) func aProcessThatEndsAnywhereBreaksNoPromise(_ store: StepJournal.Store) async throws {
    let wanted = store == .sqlite ? Self.kills * 6 / 10 : Self.kills * 3 / 10
    let survey = try await StepPoints.survey(store)
    let kinds: [FaultControl.Kind] = store == .sqlite ? [.write, .sync, .read] : [.send, .receive]
    let steps = StepJournal.steps.indices.dropFirst()
    let each = wanted * 3 / 4 / steps.count + 1
    var points: [StepPoints.Point] = []
    for step in steps {
      let all = kinds.flatMap { kind in
        (0..<survey.calls(kind, step)).flatMap { number in
          ([.killBefore, .killAfter] + ([.write, .send].contains(kind) ? [.killHalf] : [])).map {
            StepPoints.Point(fault: .init(kind, $0, at: number + 1, step: step))
          }
        }
      }
      points += Self.some(all, each, seed: UInt64(200 + step))
    }
    let crowd = try await StepPoints.survey(store, messages: 12, lanes: 4)
    var random = SplitMix(state: 300)
    points += (0..<wanted / 4).map { _ in
      StepPoints.Point(
        fault: .init(.any, .killBefore, at: Int.random(in: 1...crowd.calls(.any), using: &random)), messages: 12, lanes: 4)
    }
    let run = StepPoints(store: store)
    try await run.run(points.shuffledAlike())
    run.tally.report("ends by kill -9")
    #expect(run.tally.total >= wanted * 9 / 10, "points that were reached")
    let reached = Set(run.tally.all.keys.compactMap { $0.split(separator: " ").last.map(String.init) })
    #expect(reached.isSuperset(of: StepJournal.steps[StepJournal.workingSteps]), "every step")
  }

  // MARK: The check itself

  /// One more change, and what is found then.
  private func plant(_ writing: Journal, _ journal: StepJournal, _ change: Change, _ sign: String) async throws {
    let committed = try await writing.commit(change).committed
    #expect(committed != nil)
    let violations = try await journal.violations(isFinished: true)
    #expect(violations.contains { $0.contains(sign) }, "\(sign): \(violations)")
  }

  /// A check that finds nothing proves nothing: each kind of violation, planted, is found.
  @Test func whatIsPlantedIsFound() async throws {
    let journal = try StepJournal(.sqlite)
    try #require(try await journal.live(messages: 4).end == .exit(0))
    #expect(try await journal.violations(isFinished: true) == [])
    let promises = await journal.promises
    let (sent, recorded) = (
      try #require(promises.first { $0.step == "outbound.sealed" }), try #require(promises.first { $0.step == "inbound.recorded" })
    )

    // Promises that were not kept.
    let other = Promise(step: "", number: 99, id: MessageID(at: Sample.now, random: Array(0..<10)), fact: "-").id
    for (step, number, id, fact) in [
      ("outbound.received", 99, other, "-"), ("outbound.received", 99, sent.id, "-"), ("outbound.sealed", sent.number, sent.id, "77"),
      ("outbound.receipted", sent.number, sent.id, String(repeating: "0", count: 64)),
      ("inbound.recorded", recorded.number, recorded.id, String(repeating: "0", count: 64)),
      ("inbound.handed_over", sent.number, sent.id, "-"),
    ] {
      let planted = Promise(step: step, number: number, id: id, fact: fact)
      await journal.promise(planted)
      #expect(try await !journal.violations(isFinished: true).isEmpty, "\(planted)")
      await journal.forgetPromises { $0 == planted }
    }
    #expect(try await journal.violations(isFinished: true) == [])

    // Effects that come twice, one after the other; each is a sound change by itself.
    let writing = try await journal.open()
    try await plant(
      writing, journal,
      Change(operations: [
        .putInbox(
          InboxRecord(
            consumer: "local", clearance: "c\(recorded.number)", kind: "declaration", messageID: recorded.id,
            payloadOwner: recorded.id.text,
            payloadKind: "local", created: Sample.now))
      ]), "handed over 2 times")
    try await plant(
      writing, journal,
      Change(entries: [EntryDraft(kind: "declaration.sent", corridor: "CN-SG", messageID: sent.id, actor: "SG")]), "declaration.sent at")
    try await plant(
      writing, journal,
      Change(operations: [
        .putMessage(
          MessageRecord(
            id: other, direction: .outbound, clearance: "c\(sent.number)", kind: "declaration", corridor: "CN-SG", partner: "SG",
            state: "received", created: Sample.now), expecting: .absent)
      ]), "2 messages for one submission")
    await writing.close()

    // What stands in the file is changed behind the journal's back.
    try tamper(journal.folder.file("journal.sqlite"), "UPDATE message SET receipt = substr(receipt, 1, 40) WHERE id = '\(recorded.id)'")
    #expect(try await journal.violations(isFinished: true).contains { $0.contains("not proven") })
    try tamper(journal.folder.file("journal.sqlite"), "UPDATE ledger_entry SET bytes = CAST(bytes || x'20' AS BLOB) WHERE idx = 0")
    #expect(try await journal.violations(isFinished: true).contains { $0.contains("not sound") })
  }
}

extension Array {
  /// In an order that is the same each time.
  fileprivate func shuffledAlike() -> [Element] {
    var random = SplitMix(state: 7)
    return shuffled(using: &random)
  }
}
