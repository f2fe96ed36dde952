import Exchange
package import Journal
package import Primitives

/// Recorded messages of a gateway, run through the rules that hold and through those that are to hold, side by side: what would change, before it
/// does. Nothing is sent and nothing is written.
///
/// One message at a time: memory does not grow with their number.
package struct Rehearsal: Sendable {
  /// Which messages. All conditions hold together.
  package struct Filter: Sendable {
    package var corridor: String?
    package var direction: Direction?
    package var kind: String?
    /// When they arrived; both ends belong to it.
    package var since: Instant?
    package var until: Instant?
    /// Only messages behind this place in the journal: where an earlier rehearsal has stopped.
    package var after: Int64?
    /// Most messages that are rehearsed.
    package var limit = Int.max

    package init() {}
  }

  private let before: GatewayRules
  private let after: GatewayRules

  package init(before: GatewayRules, after: GatewayRules) {
    self.before = before
    self.after = after
  }

  /// - Parameter show: is given each message that was rehearsed, in the order of the journal.
  /// - Returns: the account of all.
  /// - Throws: `journal.*`.
  package func run(
    _ store: any JournalStore, _ filter: Filter, show: (RehearsedMessage) throws -> Void
  ) async throws -> RehearsalSummary {
    var summary = RehearsalSummary()
    // What arrives from now on has been worked on by the rules that hold, and is not waited for.
    let newest = try await store.read { reader throws(CausewayError) in
      try reader.messages(MessageQuery(newestFirst: true, limit: 1, withDetails: false)).first?.position
    }
    guard let newest else { return summary }
    var place = filter.after
    while true {
      let query = filter.query(after: place)
      let page = try await store.read { reader throws(CausewayError) in try reader.messages(query) }
      for message in page where message.position <= newest {
        guard filter.includes(message) else {
          place = message.position
          continue
        }
        guard summary.count < filter.limit else {
          summary.next = place ?? 0
          return summary
        }
        switch try await store.read({ reader throws(CausewayError) in try RecordedMessage.read(message.id, reader) }) {
        case .failure(let skip): summary.skip(skip)
        case .success(let recorded):
          let rehearsed = RehearsedMessage(recorded.message, before: before.outcome(of: recorded), after: after.outcome(of: recorded))
          summary.add(rehearsed)
          try show(rehearsed)
        }
        place = message.position
      }
      guard let last = page.last, last.position < newest else { return summary }
      place = last.position
    }
  }
}

extension Rehearsal.Filter {
  fileprivate func query(after place: Int64?) -> MessageQuery {
    var query = MessageQuery(direction: direction, corridor: corridor, after: place, limit: 256, withDetails: false)
    query.kind = kind
    // A message is never changed before it has arrived.
    if let since { query.updated = since...max(since, Instant(milliseconds: 253_402_300_799_999)) }
    return query
  }

  fileprivate func includes(_ message: MessageRecord) -> Bool {
    (since.map { message.created >= $0 } ?? true) && (until.map { message.created <= $0 } ?? true)
  }
}
