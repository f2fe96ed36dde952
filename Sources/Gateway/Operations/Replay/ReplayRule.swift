import JSONTree
import Journal
import Logging
import Primitives
import Trust

// What died because the partner could not be reached goes again when it answers, where the configuration says so.
extension GatewayNode {
  private static let probeSeconds = 30

  /// Runs until the task is cancelled.
  func keepReplaying(to partner: Participant) async {
    while !Task.isCancelled {
      do throws(CausewayError) {
        _ = try await alone("replay.rule.\(partner.id)", orElse: 0) { () throws(CausewayError) in try await replayWhenBack(partner) }
      } catch {
        logger.error("stage failed", metadata: ["gw.stage": "replay rule", "gw.code": "\(error.code)"])
        metrics.count("gateway_stage_failures_total", [("stage", "replay_rule"), ("code", error.code.rawValue)])
      }
      try? await Task.sleep(for: .seconds(Self.probeSeconds))
    }
  }

  /// Begins a replay for each code of the rule under which messages to the partner have died, when the partner answers. One that has just died
  /// waits for the longest pause between two attempts: the rule goes on where these ended.
  ///
  /// - Returns: how many replays were begun.
  func replayWhenBack(_ partner: Participant) async throws(CausewayError) -> Int {
    let now = clock.now()
    var waiting: [ReplayJob] = []
    for code in configuration.replay.whenPartnerReturns {
      var filter = FailureFilter()
      (filter.code, filter.state, filter.direction, filter.partner) = (code, .dead, .outbound, partner.id)
      filter.until = now.adding(seconds: -Int64(configuration.delivery.longestRetrySeconds))
      let query = filter.query(limit: 1000)
      let (count, isReplaying) = try await journal.read { reader throws(CausewayError) in
        let records = try reader.replays(state: ReplayJob.State.running.rawValue, limit: 1000)
        let jobs = try records.map { record throws(CausewayError) in try ReplayJob(record) }
        return (
          try reader.messageCount(query),
          jobs.contains { $0.filter.code == code && $0.partner.hasSameBytes(as: partner.id) }
        )
      }
      if count > 0, !isReplaying {
        waiting.append(
          ReplayJob(id: Hex.encode(SecureRandom.bytes(16)), filter: filter, actor: economy, partner: partner.id, selected: count, at: now))
      }
    }
    guard !waiting.isEmpty, await answers(partner) else { return 0 }
    for job in waiting { _ = try await begin(job) }
    return waiting.count
  }

  /// Any answer will do.
  private func answers(_ partner: Participant) async -> Bool {
    do throws(CausewayError) {
      _ = try await partners.ask("GET", "/ledger/checkpoint", body: nil, of: partner)
      return true
    } catch {
      return false
    }
  }
}
