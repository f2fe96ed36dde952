import Exchange
import Journal
import Primitives

extension GatewayNode {
  /// Compares the day before of a corridor once a day, and with it the days that have open work items, so that what has been put right is closed.
  ///
  /// - Parameter hour: of the day in UTC, 0…23: not before.
  /// - Returns: how many days were compared; 0 when there is nothing to do now.
  func reconcileDaily(_ corridor: String, afterHour hour: Int) async throws(CausewayError) -> Int {
    let now = clock.now()
    guard let midnight = ReconciliationQuestion.start(of: now.day), now >= midnight.adding(seconds: Int64(hour) * 3600) else { return 0 }
    let yesterday = midnight.adding(milliseconds: -1).day
    let name = "reconciliation.day.\(corridor)"
    let (last, open) = try await journal.read { reader throws(CausewayError) in
      (try reader.value(name), try reader.workItems(WorkItemQuery(corridor: corridor, state: .open, limit: 1000)))
    }
    guard last != Array(yesterday.utf8) else { return 0 }
    let days = Set(open.map { ByteString($0.day) }).union([ByteString(yesterday)]).sorted()
    for day in days { _ = try await reconcile(corridor: corridor, day: day.string, by: economy) }
    _ = try await journal.commit(Change(operations: [.setValue(name, Array(yesterday.utf8))]))
    return days.count
  }
}
