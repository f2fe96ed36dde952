import Journal
import Logging
import Primitives

// Data that no law asks to be kept any longer is erased; only what a rule of the configuration names.
extension GatewayNode {
  /// How many clearances one round erases at most, so that writers are not held up for long.
  static let mostErasuresPerRound = 32
  /// Pause between two rounds when the last one had nothing to do.
  private static let roundSeconds = 60

  /// Erases what is due until the task is cancelled.
  func keepRetention() async {
    while !Task.isCancelled {
      var count = 0
      do throws(CausewayError) {
        count = try await alone("retention", orElse: 0) { () throws(CausewayError) in
          let count = try await eraseDue()
          await scrub()
          return count
        }
      } catch {
        logger.error("stage failed", metadata: ["gw.stage": "retention", "gw.code": "\(error.code)"])
        metrics.count("gateway_stage_failures_total", [("stage", "retention"), ("code", error.code.rawValue)])
      }
      try? await Task.sleep(for: .seconds(count == 0 ? Self.roundSeconds : 1))
    }
  }

  /// One round: at most ``mostErasuresPerRound`` clearances, the longest ended of each rule first.
  ///
  /// - Returns: how many were erased.
  func eraseDue() async throws(CausewayError) -> Int {
    var count = 0
    for (offset, rule) in configuration.retention.enumerated() {
      for kind in rule.kind.map({ [$0] }) ?? RetentionRule.Kind.allCases {
        let earlier = configuration.retention[..<offset].filter { $0.kind == nil || $0.kind == kind }
        let decided = earlier.compactMap(\.corridor)
        // A rule before this one decides on all of them.
        let isShadowed =
          earlier.contains { $0.corridor == nil } || rule.corridor.map { only in decided.contains { $0.hasSameBytes(as: only) } } ?? false
        if isShadowed { continue }
        count += try await eraseDue(by: rule, kind, except: decided, atMost: Self.mostErasuresPerRound - count)
      }
    }
    return count
  }

  private func eraseDue(
    by rule: RetentionRule, _ kind: RetentionRule.Kind, except corridors: [String], atMost limit: Int
  ) async throws(CausewayError) -> Int {
    guard limit > 0 else { return 0 }
    let now = clock.now()
    let states: [MessageState] = [.refused, .dead, .turnedAway]
    let query = EndedQuery(
      kind: kind == .submission
        ? .noClearance(states: states.map(\.rawValue))
        : .side(kind.rawValue, except: [Clearance.Outcome.inProgress.rawValue]),
      corridor: rule.corridor, exceptCorridors: corridors, until: now.adding(seconds: Int64(-rule.period.leastDays) * 86_400), limit: 1000)
    let ended = try await journal.read { reader throws(CausewayError) in try reader.ended(query) }
    var count = 0
    for clearance in ended where count < limit {
      guard let end = rule.period.end(from: clearance.ended), end <= now else { continue }
      do throws(CausewayError) {
        if try await erase(clearance.clearance, on: .retentionExpired, rule: rule.id, by: economy).isNew { count += 1 }
      } catch  where ["clearance.held", "clearance.not_ended", "receive.not_found"].contains(error.code) {
        // Something has happened to it since it was looked up, or is still to come of it: it has its turn later.
        continue
      }
    }
    return count
  }
}
