package import JSONTree
import Journal
package import Primitives

// What failed, grouped by cause: nothing of it is ever deleted but by erasure.
extension GatewayNode {
  private static let sampleCount = 3

  /// Messages that failed and in whose place no other stands, grouped by code, state, direction, corridor, partner and kind; at most 1000 groups,
  /// the largest first.
  ///
  /// - Returns: what `schemas/failures.schema.json` describes.
  package func failures(_ filter: FailureFilter) async throws(CausewayError) -> JSONValue {
    let now = clock.now()
    let query = filter.query(limit: 1000)
    let (groups, samples) = try await journal.read { reader throws(CausewayError) in
      let groups = try reader.messageGroups(query)
      return (groups, try groups.map { group throws(CausewayError) in try Self.samples(of: group, query, reader) })
    }
    let shown = zip(groups, samples).map { group, ids -> JSONValue in
      [
        "code": group.reason.map { .string($0.rawValue) } ?? .null,
        "stage": group.reason.map { .string($0.stage) } ?? .null,
        "state": .string(group.state), "direction": .string(group.direction.word), "corridor": .string(group.corridor),
        "partner": .string(group.partner), "kind": .string(group.kind), "count": .number(JSONNumber(group.count)),
        "first": .string(group.first.rfc3339), "last": .string(group.last.rfc3339),
        "oldestAgeSeconds": .number(JSONNumber(max(0, Int((now.milliseconds - group.oldest.milliseconds) / 1000)))),
        "samples": .array(ids.map { .string($0.text) }),
      ]
    }
    return ["failures": .array(shown), "messages": .number(JSONNumber(groups.reduce(0) { $0 + $1.count }))]
  }

  /// The oldest of a group.
  private static func samples(
    of group: MessageGroup, _ query: MessageQuery, _ reader: any JournalReader
  ) throws(CausewayError) -> [MessageID] {
    var query = query
    query.direction = group.direction
    query.states = [group.state]
    query.reason = group.reason
    query.corridor = group.corridor
    query.partner = group.partner
    query.kind = group.kind
    query.withDetails = false
    // No reason is no condition: those with one are left out here.
    query.limit = group.reason == nil ? 100 : sampleCount
    return try reader.messages(query).filter { $0.reason == group.reason }.prefix(sampleCount).map(\.id)
  }
}

extension ErrorCode {
  /// The step of which the code speaks: what stands before the first point.
  var stage: String { String(decoding: rawValue.utf8.prefix { $0 != 0x2E }, as: UTF8.self) }
}
