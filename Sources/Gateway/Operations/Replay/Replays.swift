package import JSONTree
import Journal
import Ledger
package import Primitives
import Trust

// Replays as an operator begins, watches and ends them. What is durable of one is its row; the worker goes on with whatever is running.
extension GatewayNode {
  /// Begins a replay, or, with `dryRun`, says what one would do.
  ///
  /// - Parameter body: JSON: `dryRun`, `expected` (the number of messages that a dry run has found; it is refused when there are others now), and
  ///   the conditions of ``FailureFilter``, at least one.
  /// - Returns: what `schemas/replay.schema.json` describes; of a dry run, `schemas/replay-preview.schema.json`.
  /// - Throws: `parse.json_*`; `replay.filter_empty`, `replay.several_partners`, `replay.nothing_found`, `replay.selection_changed`; `journal.*`.
  package func replay(_ body: [UInt8], by principal: Principal) async throws(CausewayError) -> JSONValue {
    var fields = JSONFields(try JSONValue.parse(body))
    let isDryRun = fields.bool("dryRun", required: false) ?? false
    let expected = fields.integer("expected", required: false)
    let filter = FailureFilter(reading: &fields)
    let problems = fields.finish()
    guard problems.isEmpty else { throw CausewayError(problems: problems) }
    guard !filter.isEmpty else { throw CausewayError("replay.filter_empty") }
    let job = try await job(filter, by: principal.name)
    if let expected, expected != job.selected {
      throw CausewayError("replay.selection_changed", facts: ["expected": String(expected), "found": String(job.selected)])
    }
    return isDryRun ? try await preview(job) : try await begin(job)
  }

  /// - Throws: `replay.nothing_found`, `replay.several_partners`.
  private func job(_ filter: FailureFilter, by actor: String) async throws(CausewayError) -> ReplayJob {
    let now = clock.now()
    let groups = try await journal.read { reader throws(CausewayError) in
      try reader.messageGroups(filter.query(until: now, limit: 1000))
    }
    // A replay has one destination: what is done for one partner touches no other.
    guard Set(groups.map { ByteString($0.partner) }).count <= 1 else { throw CausewayError("replay.several_partners") }
    let selected = groups.reduce(0) { $0 + $1.count }
    guard let partner = groups.first?.partner, filter.messages.isEmpty || selected == filter.messages.count else {
      throw CausewayError("replay.nothing_found")
    }
    return ReplayJob(
      id: Hex.encode(SecureRandom.bytes(16)), filter: filter, actor: actor, partner: partner, selected: selected, at: now)
  }

  func begin(_ job: ReplayJob) async throws(CausewayError) -> JSONValue {
    let entry = EntryDraft(
      kind: "replay.started", actor: job.actor,
      extra: [
        "replay": .string(job.id), "selected": .number(JSONNumber(job.selected)),
        "filter": .string(SHA256.hash(JSONValue.object(job.filter.json).serialized()).hex),
      ])
    _ = try await journal.commit(Change(operations: [.putReplay(job.record(), expecting: .absent)], entries: [entry]))
    metrics.count("gateway_replays_total")
    bell.ring()
    return job.json
  }

  /// The latest replays, newest first; at most 100.
  package func replays() async throws(CausewayError) -> JSONValue {
    let records = try await journal.read { reader throws(CausewayError) in try reader.replays(state: nil, limit: 100) }
    return ["replays": .array(try records.map { record throws(CausewayError) in try ReplayJob(record).json })]
  }

  /// One replay. With `waitSeconds` it answers when it has come further than `seen` messages, or is not running.
  ///
  /// - Throws: `receive.not_found`.
  package func replay(_ id: String, waitSeconds: Int, seen: Int?) async throws(CausewayError) -> JSONValue {
    let deadline = ContinuousClock.now + .seconds(waitSeconds)
    while true {
      let rung = bell.rung()
      let record = try await journal.read { reader throws(CausewayError) in try reader.replay(id) }
      guard let record else { throw CausewayError("receive.not_found") }
      let job = try ReplayJob(record)
      if job.state != .running || job.processed > seen ?? -1 || ContinuousClock.now >= deadline || Task.isCancelled { return job.json }
      await bell.wait(after: rung, atMost: min(deadline - ContinuousClock.now, .seconds(5)))
    }
  }

  /// What an operator may do with a replay that has not ended.
  package enum ReplayControl: String, Sendable, CaseIterable {
    case pause, resume, abort

    fileprivate var from: Set<ReplayJob.State> {
      switch self {
      case .pause: [.running]
      case .resume: [.paused]
      case .abort: [.running, .paused]
      }
    }

    fileprivate var to: ReplayJob.State {
      switch self {
      case .pause: .paused
      case .resume: .running
      case .abort: .aborted
      }
    }

    fileprivate var entryKind: String {
      switch self {
      case .pause: "replay.paused"
      case .resume: "replay.resumed"
      case .abort: "replay.aborted"
      }
    }
  }

  /// Pauses, resumes or aborts. What has been put back already goes on; a page is done whole or not at all.
  ///
  /// - Throws: `receive.not_found`; `replay.state` when it does not stand so that this could be done; `journal.*`.
  package func control(replay id: String, _ control: ReplayControl, by principal: Principal) async throws(CausewayError) -> JSONValue {
    for _ in 0..<Self.mostRounds {
      let record = try await journal.read { reader throws(CausewayError) in try reader.replay(id) }
      guard let record else { throw CausewayError("receive.not_found") }
      var job = try ReplayJob(record)
      if job.state == control.to { return job.json }
      guard control.from.contains(job.state) else { throw CausewayError("replay.state", facts: ["state": job.state.rawValue]) }
      job.state = control.to
      job.updated = clock.now()
      let entry = EntryDraft(kind: control.entryKind, actor: principal.name, extra: job.summary)
      let change = Change(operations: [.putReplay(job.record(over: record), expecting: .revision(record.revision))], entries: [entry])
      guard try await journal.commit(change).committed != nil else { continue }
      bell.ring()
      return job.json
    }
    throw CausewayError("journal.contended")
  }
}
