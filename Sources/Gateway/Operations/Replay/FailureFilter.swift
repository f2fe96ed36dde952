import JSONTree
import Journal
package import Primitives

/// Which messages that failed: those named, or all that fit every condition given.
package struct FailureFilter: Sendable {
  /// Most messages that are named one by one.
  static let limitMessages = 100

  var messages: [MessageID] = []
  var code: ErrorCode?
  var state: MessageState?
  var direction: Direction?
  var corridor: String?
  var partner: String?
  var kind: String?
  /// When they failed; both ends belong to it.
  var since: Instant?
  var until: Instant?

  package init() {}

  /// The states in which a message has failed.
  static let states: [MessageState] = [.dead, .refused, .refusedByPartner, .turnedAway]

  /// Fields of a JSON object: `messages` (list of ids), `code`, `state`, `direction`, `corridor`, `partner`, `kind`, `since`, `until`. What is
  /// wrong is noted there.
  init(reading fields: inout JSONFields) {
    if let texts = fields.array("messages", required: false) {
      messages = texts.compactMap { $0.string.flatMap(MessageID.init) }
      if messages.count != texts.count || !(1...Self.limitMessages).contains(texts.count) || Set(messages).count != messages.count {
        fields.refuse("messages", "1 to \(Self.limitMessages) ids of messages, each once")
      }
    }
    code = fields.string("code", required: false, "stage.reason") { text in
      let isCode =
        (3...64).contains(text.utf8.count)
        && text.utf8.allSatisfy { byte in
          (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x5F || byte == 0x2E
        }
      return isCode ? ErrorCode(rawValue: text) : nil
    }
    state = fields.string("state", required: false, Self.states.map(\.rawValue).joined(separator: "|")) { text in
      Self.states.first { $0.rawValue.hasSameBytes(as: text) }
    }
    direction = fields.string("direction", required: false, "inbound|outbound") { text in
      Direction.allCases.first { $0.word.hasSameBytes(as: text) }
    }
    func name(_ text: String) -> String? { (1...100).contains(text.utf8.count) ? text : nil }
    corridor = fields.string("corridor", required: false, "1 to 100 bytes", name)
    partner = fields.string("partner", required: false, "1 to 100 bytes", name)
    kind = fields.string("kind", required: false, "1 to 100 bytes", name)
    since = fields.string("since", required: false, "RFC 3339, UTC") { Instant(rfc3339: $0) }
    until = fields.string("until", required: false, "RFC 3339, UTC") { Instant(rfc3339: $0) }
    if let since, let until, since > until { fields.refuse("until", "not before since") }
  }

  /// The same fields from the query of an address.
  ///
  /// - Throws: `parse.json_member_*` with the name of each that is wrong or unknown: a mistyped condition would find too much.
  package init(query: [(name: String, value: String)]) throws(CausewayError) {
    var fields = JSONFields(.object(JSONObject(query.map { ($0.name, .string($0.value)) })))
    if Set(query.map { ByteString($0.name) }).count != query.count { fields.refuse("", "each condition once") }
    self.init(reading: &fields)
    let problems = fields.finish()
    guard problems.isEmpty else { throw CausewayError(problems: problems) }
  }

  /// Without any condition: all that failed.
  var isEmpty: Bool { json.members.isEmpty }

  var json: JSONObject {
    var object: JSONObject = [:]
    if !messages.isEmpty { object["messages"] = .array(messages.map { .string($0.text) }) }
    object["code"] = code.map { .string($0.rawValue) }
    object["state"] = state.map { .string($0.rawValue) }
    object["direction"] = direction.map { .string($0.word) }
    object["corridor"] = corridor.map(JSONValue.string)
    object["partner"] = partner.map(JSONValue.string)
    object["kind"] = kind.map(JSONValue.string)
    object["since"] = since.map { .string($0.rfc3339) }
    object["until"] = until.map { .string($0.rfc3339) }
    return object
  }

  /// What the journal is asked. Messages that are named are found whatever their state; otherwise those in whose place no other stands.
  func query(after position: Int64? = nil, until end: Instant? = nil, limit: Int) -> MessageQuery {
    var query = MessageQuery(
      direction: direction, corridor: corridor,
      states: state.map { [$0.rawValue] } ?? (messages.isEmpty ? Self.states.map(\.rawValue) : []),
      reason: code, after: position, limit: limit)
    query.ids = messages
    query.partner = partner
    query.kind = kind
    if messages.isEmpty { query.exceptReason = "replay.superseded" }
    let last = min(until ?? Self.latest, end ?? Self.latest)
    let first = since ?? Self.earliest
    query.updated = min(first, last)...last
    return query
  }

  private static let earliest = Instant(milliseconds: 0)
  private static let latest = Instant(milliseconds: 253_402_300_799_999)
}

extension Direction {
  var word: String { self == .inbound ? "inbound" : "outbound" }
}
