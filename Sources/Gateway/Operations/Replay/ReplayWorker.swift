import JSONTree
import Journal
import Ledger
import Primitives

// Replays go on page by page. A page is one transaction with the place that the replay has come to, so that each message is dealt with once,
// whenever the process stops and however many processes share the journal.
extension GatewayNode {
  /// Messages of one page, and most bytes of documents that it holds.
  private static let pageMessages = 64
  private static let pageBytes = 8 << 20
  /// A replay waits while so many messages are under way: what it has put back is retried and slowed down like everything else, and a pause has
  /// something to pause.
  private static let mostUnderWay = 256

  /// One page of each replay that runs.
  ///
  /// - Returns: how many pages were done.
  func runReplays() async throws(CausewayError) -> Int {
    let records = try await journal.read { reader throws(CausewayError) in
      try reader.replays(state: ReplayJob.State.running.rawValue, limit: 16)
    }
    var count = 0
    for record in records where try await advance(record) { count += 1 }
    return count
  }

  /// A message, and what is to be done with it.
  struct PlannedReplay: Sendable {
    let subject: ReplaySubject
    let action: ReplayAction
    /// For ``ReplayAction/anew``, where it was asked for.
    var document: ReplayDocument?
  }

  /// - Returns: whether something was done; false while enough is under way.
  private func advance(_ record: ReplayRecord) async throws(CausewayError) -> Bool {
    var job = try ReplayJob(record)
    let now = clock.now()
    let page = try await journal.read { [job] reader throws(CausewayError) -> [PlannedReplay]? in
      try isBusy(job, reader) ? nil : try self.page(of: job, at: now, reader)
    }
    guard let page else { return false }
    var change = Change()
    let order = ReplayOrder(id: job.id, actor: job.actor)
    var actions: [ReplayAction] = []
    for planned in page {
      job.cursor = planned.subject.message.position
      do throws(CausewayError) {
        let part = try self.change(replaying: planned.subject, planned.action, document: planned.document, by: order, at: now)
        change.preconditions += part.preconditions
        change.operations += part.operations
        change.entries += part.entries
        actions.append(planned.action)
      } catch {
        if error.mayPass { throw error }
        actions.append(.nothing(error.code))
      }
    }
    for action in actions { job.count(action) }
    job.updated = now
    if page.isEmpty {
      job.state = .done
      change.entries.append(EntryDraft(kind: "replay.done", actor: job.actor, extra: job.summary))
    }
    change.operations.append(.putReplay(job.record(over: record), expecting: .revision(record.revision)))
    // A conflict: paused, aborted, or a message has been changed since it was read. The next round looks again.
    guard try await journal.commit(change).committed != nil else { return true }
    for action in actions { metrics.count("gateway_replayed_messages_total", [("action", action.word)]) }
    bell.ring()
    return true
  }

  private func page(of job: ReplayJob, at now: Instant, _ reader: any JournalReader) throws(CausewayError) -> [PlannedReplay] {
    var page: [PlannedReplay] = []
    var bytes = 0
    for var planned in try plan(job.query(limit: Self.pageMessages), at: now, reader) {
      if planned.action == .anew { planned.document = try Self.replayDocument(of: planned.subject.message.id, reader) }
      bytes += (planned.document?.source.bytes.count ?? 0) + (planned.document?.edited?.bytes.count ?? 0)
      page.append(planned)
      if bytes > Self.pageBytes { break }
    }
    return page
  }

  /// What is to be done with the messages that a query finds. One that cannot be read holds up no other: nothing is done with it, and why.
  func plan(_ query: MessageQuery, at now: Instant, _ reader: any JournalReader) throws(CausewayError) -> [PlannedReplay] {
    var query = query
    query.withDetails = false
    var revived: Set<MessageID> = []
    return try reader.messages(query).map { listed throws(CausewayError) in
      do throws(CausewayError) {
        let subject = try replaySubject(try reader.message(listed.id) ?? listed, reviving: revived, reader)
        let action = subject.action(at: now)
        if action == .deliver || action == .ask { revived.insert(listed.id) }
        return PlannedReplay(subject: subject, action: action)
      } catch {
        if error.mayPass { throw error }
        return PlannedReplay(subject: ReplaySubject(message: listed), action: .nothing(error.code))
      }
    }
  }

  private func isBusy(_ job: ReplayJob, _ reader: any JournalReader) throws(CausewayError) -> Bool {
    let states = [MessageState.received, .recorded].map(\.rawValue)
    let waiting = try reader.messageCount(MessageQuery(states: states, limit: 1000))
    guard waiting < Self.mostUnderWay else { return true }
    return try reader.deliveryCount(channel: Self.channel(to: job.partner), dead: false) >= Self.mostUnderWay
  }
}
