import JSONTree
package import Primitives

/// What one gateway asks another about a corridor-day: what it holds in some ranges of keys, and what it holds of some subjects.
///
/// The question names no fingerprint of the asker's: whoever answers has to say its own, and cannot repeat what it was told.
///
/// - SeeAlso: docs/protocol.md, schemas/reconciliation-question.schema.json.
package struct ReconciliationQuestion: Hashable, Sendable {
  package static let path = "/v1/reconciliation"
  package static let version = 1
  /// Longest question accepted, in bytes.
  package static let limitBytes = 16 << 10
  /// Most ranges, and most subjects, in one question.
  package static let limitParts = 64

  package let corridor: String
  /// `YYYY-MM-DD`: the day in UTC on which the envelope headers were made.
  package let day: String
  /// By rising key, none within another.
  package let ranges: [KeyPrefix]
  package let subjects: [ReconciliationSubject]

  /// - Precondition: within the limits and order that ``parse(_:)`` checks.
  package init(corridor: String, day: String, ranges: [KeyPrefix] = [], subjects: [ReconciliationSubject] = []) {
    precondition(
      ranges.count <= Self.limitParts && subjects.count <= Self.limitParts && Self.areApart(ranges), "a question keeps to its limits")
    self.corridor = corridor
    self.day = day
    self.ranges = ranges
    self.subjects = subjects
  }

  /// The first moment of a day in UTC; nil unless the text is `YYYY-MM-DD` and there is such a day.
  package static func start(of day: String) -> Instant? {
    guard day.utf8.count == 10 else { return nil }
    return Instant(rfc3339: day + "T00:00:00Z")
  }

  private static func areApart(_ ranges: [KeyPrefix]) -> Bool {
    zip(ranges, ranges.dropFirst()).allSatisfy { $0.digits.lexicographicallyPrecedes($1.digits) && !$0.contains($1) }
  }
}

// The JSON form.
extension ReconciliationQuestion {
  package var bytes: [UInt8] {
    var object: JSONObject = ["version": .number(JSONNumber(Self.version)), "corridor": .string(corridor), "day": .string(day)]
    if !ranges.isEmpty { object["ranges"] = .array(ranges.map { .string($0.text) }) }
    if !subjects.isEmpty { object["subjects"] = .array(subjects.map { .string($0.text) }) }
    return JSONValue.object(object).serialized()
  }

  /// Reads a question as it was received.
  ///
  /// - Throws: the `parse.json_*` codes, with pointers into the question.
  package static func parse(_ bytes: [UInt8]) throws(CausewayError) -> ReconciliationQuestion {
    let value = try JSONValue.parse(bytes, limits: JSONLimits(bytes: limitBytes, depth: 2, members: 8, values: 160))
    var fields = JSONFields(value)
    _ = fields.integer("version", in: version...version)
    let corridor = fields.token("corridor")
    let day = fields.string("day", "YYYY-MM-DD") { start(of: $0) == nil ? nil : $0 }
    let ranges = fields.texts("ranges", "prefixes of at most 64 hexadecimal digits", KeyPrefix.init)
    let subjects = fields.texts("subjects", "ids of messages and clearances", ReconciliationSubject.init)
    if !areApart(ranges) { fields.refuse("ranges", "prefixes in rising order, none within another") }
    let problems = fields.finish()
    guard problems.isEmpty, let corridor, let day else { throw CausewayError(problems: problems) }
    return ReconciliationQuestion(corridor: corridor, day: day, ranges: ranges, subjects: subjects)
  }
}

extension JSONFields {
  /// An array of texts, absent when empty, at most ``ReconciliationQuestion/limitParts``.
  fileprivate mutating func texts<Value>(_ name: String, _ expected: String, _ read: (String) -> Value?) -> [Value] {
    let elements = array(name, required: false) ?? []
    let values = elements.compactMap { $0.string.flatMap(read) }
    if values.count != elements.count { refuse(name, expected) }
    guard elements.count <= ReconciliationQuestion.limitParts else {
      refuse(name, "at most \(ReconciliationQuestion.limitParts)")
      return []
    }
    return values
  }
}
