import JSONTree
import Journal
import Primitives

/// A replay of many messages that goes on until it is done, paused or aborted: where it stands, as the journal keeps it.
struct ReplayJob: Sendable {
  enum State: String, Sendable, CaseIterable { case running, paused, aborted, done }

  let id: String
  let filter: FailureFilter
  /// A token's subject; the economy when a rule of the configuration began it.
  let actor: String
  /// Its one destination.
  let partner: String
  /// Messages that the filter found when it began. What has failed since is not part of it.
  let selected: Int
  let created: Instant
  var updated: Instant
  var state = State.running
  /// Position of the last message that was looked at.
  var cursor: Int64 = 0
  /// By ``ReplayAction/word``.
  private(set) var counts: [String: Int] = [:]
  /// Why nothing was done, by code.
  private(set) var untouched: [String: Int] = [:]

  init(id: String, filter: FailureFilter, actor: String, partner: String, selected: Int, at now: Instant) {
    self.id = id
    self.filter = filter
    self.actor = actor
    self.partner = partner
    self.selected = selected
    created = now
    updated = now
  }

  mutating func count(_ action: ReplayAction) {
    counts[action.word, default: 0] += 1
    if case .nothing(let code) = action { untouched[code.rawValue, default: 0] += 1 }
  }

  /// Messages that were looked at.
  var processed: Int { counts.values.reduce(0, +) }

  /// The next messages to look at, in the order of arrival.
  func query(limit: Int) -> MessageQuery { filter.query(after: cursor, until: created, limit: limit) }

  // MARK: - As it is kept and shown

  init(_ record: ReplayRecord) throws(CausewayError) {
    let details = try JSONValue.parse(record.details)
    var fields = JSONFields(details["filter"] ?? .null)
    filter = FailureFilter(reading: &fields)
    guard let state = State(rawValue: record.state), let actor = details["by"]?.string, let partner = details["partner"]?.string,
      let selected = details["selected"]?.int,
      let cursor = details["cursor"]?.int, fields.finish().isEmpty
    else { throw CausewayError("journal.row_invalid", facts: ["table": "replay", "column": "details"]) }
    id = record.id
    self.actor = actor
    self.partner = partner
    self.selected = selected
    self.cursor = Int64(cursor)
    self.state = state
    created = record.created
    updated = record.updated
    counts = Self.numbers(details["actions"])
    untouched = Self.numbers(details["untouched"])
  }

  /// As the row is written over one that was read before.
  func record(over stored: ReplayRecord? = nil) -> ReplayRecord {
    var details = facts
    details["cursor"] = .number(JSONNumber(Int(cursor)))
    var record = stored ?? ReplayRecord(id: id, state: state.rawValue, details: [], created: created)
    record.state = state.rawValue
    record.details = JSONValue.object(details).serialized()
    record.updated = updated
    return record
  }

  /// What `schemas/replay.schema.json` describes.
  var json: JSONValue {
    var object: JSONObject = [
      "id": .string(id), "state": .string(state.rawValue), "created": .string(created.rfc3339), "updated": .string(updated.rfc3339),
      "processed": .number(JSONNumber(processed)),
    ]
    for member in facts.members { object[member.name] = member.value }
    return .object(object)
  }

  /// What stands on the ledger when it ends.
  var summary: JSONObject {
    var object: JSONObject = ["replay": .string(id), "selected": .number(JSONNumber(selected))]
    object["actions"] = Self.json(counts)
    return object
  }

  private var facts: JSONObject {
    [
      "by": .string(actor), "partner": .string(partner), "filter": .object(filter.json), "selected": .number(JSONNumber(selected)),
      "actions": Self.json(counts),
      "untouched": Self.json(untouched),
    ]
  }

  static func json(_ numbers: [String: Int]) -> JSONValue {
    .object(JSONObject(numbers.sorted { ByteString($0.key) < ByteString($1.key) }.map { ($0.key, .number(JSONNumber($0.value))) }))
  }

  private static func numbers(_ value: JSONValue?) -> [String: Int] {
    let members = value?.object?.members ?? []
    return Dictionary(members.compactMap { member in member.value.int.map { (member.name, $0) } }) { first, _ in first }
  }
}
