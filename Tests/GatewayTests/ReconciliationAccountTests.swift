import Exchange
import JSONTree
import Journal
import Primitives
import Testing
import Trust

@testable import Gateway

/// What a run makes of what both sides hold, and of the work items that are there.
@Suite struct ReconciliationAccountTests {
  private let subject = ReconciliationSubject.message(MessageID(at: Economies.start, random: [UInt8](repeating: 7, count: 10)))
  private let now = Economies.start

  private func held(_ receipt: String? = "r", isInFlight: Bool = false) -> ReconciliationFacts {
    ReconciliationFacts(
      .message(
        .init(
          sender: "SG", envelope: SHA256.hash("h"), payload: SHA256.hash("p"), receipt: receipt.map { SHA256.hash($0) },
          isAccepted: receipt == nil ? nil : true)), isInFlight: isInFlight)
  }

  private var nothing: ReconciliationFacts { .init(.nothing(isOnLedger: false), isInFlight: false) }

  private func account(
    _ before: ReconciliationFacts, _ after: ReconciliationFacts, _ partner: ReconciliationFacts, isComplete: Bool = true
  ) -> ReconciliationAccount {
    var account = ReconciliationAccount(corridor: "CN-SG", day: "2026-11-21", own: .init(size: 0, fingerprint: SHA256.hash("")))
    account.isComplete = isComplete
    account.add(subject, before: before, after: after, partner: partner, of: "CN")
    return account
  }

  private func items(_ account: ReconciliationAccount, _ known: [WorkItemRecord] = [], at time: Instant? = nil) -> (
    changed: [WorkItemRecord], closed: [WorkItemRecord]
  ) { account.workItems(known: known, at: time ?? now, by: "CN") }

  /// What arrives while the partner is being asked is seen by one of the two looks.
  @Test func whatArrivesMeanwhileIsNoDifference() {
    for (before, after, partner) in [
      (nothing, held(), held()), (held(nil, isInFlight: true), nothing, nothing), (held(nil), held(), held()),
      (nothing, nothing, held(isInFlight: true)), (nothing, nothing, nothing), (held(), held(nil), held()),
    ] {
      #expect(account(before, after, partner).findings.isEmpty)
    }
    #expect(account(nothing, nothing, held()).findings.map(\.difference) == [.notReceived])
    #expect(account(held(), held(), nothing).findings.map(\.difference) == [.notSent])
    #expect(account(held(nil), held(nil), held()).findings.map(\.difference) == [.receiptMissing])
  }

  @Test func whatBecomesOfAnItem() throws {
    let found = account(nothing, nothing, held())
    let new = try #require(items(found).changed.first)
    #expect(new.state == .open && new.kind == "not_received" && new.subject == subject.text && new.firstSeen == now)
    let later = now.adding(seconds: 60)
    let again = try #require(items(found, [new], at: later).changed.first)
    #expect(again.id == new.id && again.firstSeen == now && again.lastSeen == later && again.state == .open)
    // No longer found: closed by this gateway; not by a run that was cut, nor while the message is on its way.
    let gone = account(held(), held(), held())
    let closed = try #require(items(gone, [new], at: later).closed.first)
    #expect(closed.state == .closed && closed.ended == later && closed.endedBy == "CN")
    #expect(items(account(held(), held(), held(), isComplete: false), [new]).closed.isEmpty)
    for moving in [
      account(nothing, nothing, held(isInFlight: true)), account(nothing, held(isInFlight: true), held()),
      account(held(isInFlight: true), held(), held()),
    ] {
      #expect(items(moving, [new]).closed.isEmpty && items(moving, [new]).changed.isEmpty)
    }
    // Closed and found again: open again.
    let reopened = try #require(items(found, [closed], at: later).changed.first)
    #expect(reopened.state == .open && reopened.ended == nil && reopened.endedBy == nil && reopened.firstSeen == now)
    // Resolved: stays so while it is the same, and is neither closed nor taken for closed.
    var resolved = new
    (resolved.state, resolved.ended, resolved.endedBy, resolved.note) = (.resolved, now, "operator", "n")
    let same = try #require(items(found, [resolved], at: later).changed.first)
    #expect(same.state == .resolved && same.endedBy == "operator" && same.lastSeen == later)
    #expect(items(gone, [resolved]).closed.isEmpty)
    let other = try #require(items(account(nothing, nothing, held("another")), [resolved], at: later).changed.first)
    #expect(other.id == new.id && other.state == .open && other.endedBy == nil)
    // An ended item is not ended again.
    #expect(items(gone, [closed]).closed.isEmpty)
  }
}
