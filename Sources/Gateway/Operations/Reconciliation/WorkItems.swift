package import JSONTree
import Journal
import Ledger
package import Primitives

// What a person should look into. Work items are found by reconciliation; they change no message and no clearance.
extension GatewayNode {
  /// Longest note, in bytes.
  static let limitNote = 1000

  /// Work items in the order in which they were found, at most 200; `next` is where to go on, as `after`.
  ///
  /// - Parameter state: `open`, `resolved`, `closed`; nil is any.
  /// - Throws: `work_item.state_unknown`.
  package func workItems(
    corridor: String?, day: String?, state: String?, after: Int64?
  ) async throws(CausewayError) -> JSONValue {
    let known = state.map { WorkItemRecord.State(rawValue: $0) }
    if case .some(nil) = known { throw CausewayError("work_item.state_unknown") }
    let query = WorkItemQuery(corridor: corridor, day: day, state: known ?? nil, after: after, limit: 200)
    let items = try await journal.read { reader throws(CausewayError) in try reader.workItems(query) }
    var view: JSONObject = ["workItems": .array(try items.map { item throws(CausewayError) in try Self.json(item) })]
    if items.count == query.limit, let last = items.last { view["next"] = .number(JSONNumber(Int(last.position))) }
    return .object(view)
  }

  /// A person has dealt with an item. Who and which stands on the ledger; the note does not.
  ///
  /// - Parameter body: JSON `{"note"}`, 1 to 1000 bytes.
  /// - Throws: `parse.json_*`, `receive.not_found`, `work_item.not_open`, `journal.*`.
  package func resolve(workItem id: String, _ body: [UInt8], by principal: Principal) async throws(CausewayError) -> JSONValue {
    var fields = JSONFields(try JSONValue.parse(body))
    let note = fields.string("note", "1 to \(Self.limitNote) bytes") { (1...Self.limitNote).contains($0.utf8.count) ? $0 : nil }
    let problems = fields.finish()
    guard problems.isEmpty, let note else { throw CausewayError(problems: problems) }
    for _ in 0..<Self.mostRounds {
      let found = try await journal.read { reader throws(CausewayError) in try reader.workItem(id) }
      guard var item = found else { throw CausewayError("receive.not_found") }
      guard item.state == .open else { throw CausewayError("work_item.not_open") }
      item.state = .resolved
      (item.ended, item.endedBy, item.note) = (clock.now(), principal.name, note)
      let entry = EntryDraft(
        kind: "work_item.resolved", corridor: item.corridor, messageID: MessageID(item.subject), actor: principal.name,
        extra: ["workItem": .string(item.id), "difference": .string(item.kind), "day": .string(item.day)])
      let change = Change(operations: [.putWorkItem(item, expecting: .revision(item.revision))], entries: [entry])
      switch try await journal.commit(change) {
      case .committed: return try Self.json(item)
      case .conflict(.workItem): continue
      case .conflict: throw CausewayError("journal.conflict")
      }
    }
    throw CausewayError("journal.contended")
  }

  static func json(_ item: WorkItemRecord) throws(CausewayError) -> JSONValue {
    let details = try JSONValue.parse(item.details)
    var object: JSONObject = [
      "id": .string(item.id), "corridor": .string(item.corridor), "day": .string(item.day), "kind": .string(item.kind),
    ]
    object[MessageID(item.subject) == nil ? "clearanceId" : "messageId"] = .string(item.subject)
    object["state"] = .string(item.state.rawValue)
    object["firstSeen"] = .string(item.firstSeen.rfc3339)
    object["lastSeen"] = .string(item.lastSeen.rfc3339)
    object["ended"] = item.ended.map { .string($0.rfc3339) }
    object["endedBy"] = item.endedBy.map { .string($0) }
    object["note"] = item.note.map { .string($0) }
    object["own"] = details["own"] ?? .null
    object["partner"] = details["partner"] ?? .null
    return .object(object)
  }
}
