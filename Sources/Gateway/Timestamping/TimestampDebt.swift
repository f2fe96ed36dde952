import JSONTree
import Journal
import Ledger
import Logging
import Primitives

// What the time-stamp authority owes this ledger while it gives no time-stamps. The debt is recorded once when it begins and once when it is
// repaid. It is bounded by an alarm and stops nothing: entries are as sound without time-stamps, only their age is not attested by others.
extension GatewayNode {
  private static let debtName = "timestamp.debt"

  /// Records that entries have waited longer than the interval, unless that stands there already; raises the alarm when they have waited
  /// longer than the configuration allows.
  ///
  /// - Parameter size: what was time-stamped last.
  func oweTimestamp(
    since size: Int, because code: ErrorCode, _ settings: GatewayConfiguration.TimestampingSettings
  ) async throws(CausewayError) {
    let now = clock.now()
    let (debt, oldest) = try await journal.read { reader throws(CausewayError) in
      (try reader.value(Self.debtName), try reader.checkpoint(coveringSize: size + 1)?.time)
    }
    guard let oldest, oldest.adding(seconds: Int64(settings.everySeconds)) <= now else { return }
    if oldest.adding(seconds: Int64(settings.longestDebtSeconds)) <= now {
      logger.critical("time-stamps have been missing for too long", metadata: ["gw.code": "\(code)", "gw.size": "\(size)"])
      metrics.count("gateway_ledger_alarms_total", [("kind", "timestamp.overdue")])
    }
    guard debt == nil else { return }
    let content: JSONValue = ["from": .number(JSONNumber(size)), "since": .string(oldest.rfc3339)]
    // Another gateway on the journal may have found the same.
    let outcome = try await journal.commit(
      Change(
        preconditions: [.value(Self.debtName, nil)], operations: [.setValue(Self.debtName, content.serialized())],
        entries: [EntryDraft(kind: "timestamp.debt", actor: economy, reasons: [code], extra: ["from": .number(JSONNumber(size))])]))
    if outcome.committed != nil { metrics.count("gateway_timestamp_debts_total") }
  }

  /// What ends the debt, if there is one.
  ///
  /// - Parameter size: what is time-stamped now.
  func timestampRepayment(upTo size: Int) async throws(CausewayError) -> Change {
    let debt = try await journal.read { reader throws(CausewayError) in try reader.value(Self.debtName) }
    guard let debt else { return Change() }
    let content = try JSONValue.parse(debt)
    var extra: JSONObject = ["size": .number(JSONNumber(size))]
    for name in ["from", "since"] { extra[name] = content[name] }
    return Change(
      preconditions: [.value(Self.debtName, debt)], operations: [.setValue(Self.debtName, nil)],
      entries: [EntryDraft(kind: "timestamp.repaid", actor: economy, extra: extra)])
  }

  /// How long the oldest entry without a time-stamp has waited, in seconds; 0 when there is none, nil when none are asked for.
  func timestampWait() async throws(CausewayError) -> Int? {
    guard timeStamps != nil else { return nil }
    let oldest = try await journal.read { reader throws(CausewayError) in
      try reader.checkpoint(coveringSize: (try reader.latestTimestamp()?.size ?? 0) + 1)?.time
    }
    return oldest.map { max(0, Int((clock.now().milliseconds - $0.milliseconds) / 1000)) } ?? 0
  }

  /// For `/health`: the last time-stamp, since when there is a debt, and whether that is an alarm; null when none are asked for.
  func timestampHealth() async throws(CausewayError) -> JSONValue {
    guard let timeStamps else { return .null }
    let (last, debt) = try await journal.read { reader throws(CausewayError) in
      (try reader.latestTimestamp(), try reader.value(Self.debtName))
    }
    let isOverdue = try await timestampWait() ?? 0 >= timeStamps.settings.longestDebtSeconds
    return [
      "debtSince": try debt.map { debt throws(CausewayError) in try JSONValue.parse(debt)["since"] ?? .null } ?? .null,
      "isOverdue": .bool(isOverdue), "size": .number(JSONNumber(last?.size ?? 0)), "time": last.map { .string($0.time.rfc3339) } ?? .null,
    ]
  }
}
