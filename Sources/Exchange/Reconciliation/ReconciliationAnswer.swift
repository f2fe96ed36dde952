import JSONTree
package import Primitives

/// What a gateway says it holds of a corridor-day: something for each part of the question, in the question's order; where ranges are asked
/// for, the size and fingerprint of the whole set, too. Digests, ids, kinds and statuses; no business data.
///
/// An answer is not signed and proves nothing. What follows from it is at most a finding to look into, never a change of state.
///
/// - SeeAlso: docs/protocol.md, schemas/reconciliation-answer.schema.json.
package struct ReconciliationAnswer: Hashable, Sendable {
  /// Longest answer accepted, in bytes: 64 lists of 32 items, and 64 subjects.
  package static let limitBytes = 256 << 10

  /// What is in one range.
  package enum Range: Hashable, Sendable {
    /// Fingerprints of its 16 parts.
    case split([Digest])
    /// All its items by rising key, at most ``ReconciliationSet/listed``.
    case items([ReconciliationItem])
  }

  /// The whole set.
  package struct Summary: Hashable, Sendable {
    /// In items.
    package let size: Int
    package let fingerprint: Digest

    package init(size: Int, fingerprint: Digest) {
      self.size = size
      self.fingerprint = fingerprint
    }
  }

  /// nil when no ranges were asked for.
  package let set: Summary?
  package let ranges: [Range]
  package let facts: [ReconciliationFacts]

  package init(set: Summary?, ranges: [Range], facts: [ReconciliationFacts]) {
    self.set = set
    self.ranges = ranges
    self.facts = facts
  }
}

// The JSON form.
extension ReconciliationAnswer {
  package func bytes(to question: ReconciliationQuestion) -> [UInt8] {
    var object: JSONObject = ["version": .number(JSONNumber(ReconciliationQuestion.version))]
    object["set"] = set.map { ["size": .number(JSONNumber($0.size)), "fingerprint": Self.json($0.fingerprint)] }
    if !ranges.isEmpty { object["ranges"] = .array(zip(question.ranges, ranges).map(Self.json)) }
    if !facts.isEmpty { object["facts"] = .array(zip(question.subjects, facts).map { $1.json(of: $0) }) }
    return JSONValue.object(object).serialized()
  }

  private static func json(_ prefix: KeyPrefix, _ range: Range) -> JSONValue {
    switch range {
    case .split(let parts): ["prefix": .string(prefix.text), "split": .array(parts.map(json))]
    case .items(let items):
      [
        "prefix": .string(prefix.text),
        "items": .array(items.map { .array([.string($0.subject.text), json($0.value)]) }),
      ]
    }
  }

  /// base64url: a fingerprint takes 43 characters instead of 64.
  static func json(_ digest: Digest) -> JSONValue { .string(Base64.encode(digest.bytes, .url)) }

  static func digest(_ text: String) -> Digest? { Base64.decode(text, .url).flatMap { Digest($0) } }

  /// Reads what came back. It has to have exactly the parts of the question, and each part has to be possible.
  ///
  /// - Throws: the `parse.json_*` codes; `reconcile.answer_invalid` with the part that answers something else.
  package static func parse(_ bytes: [UInt8], to question: ReconciliationQuestion) throws(CausewayError) -> ReconciliationAnswer {
    let value = try JSONValue.parse(bytes, limits: JSONLimits(bytes: limitBytes, depth: 5, members: 16, values: 8192))
    var fields = JSONFields(value)
    _ = fields.integer("version", in: ReconciliationQuestion.version...ReconciliationQuestion.version)
    let set = fields.nested("set", required: !question.ranges.isEmpty) { set -> Summary? in
      let size = set.integer("size", in: 0...Int(Int32.max))
      let fingerprint = set.string("fingerprint", "SHA-256 in base64url", digest)
      return size.flatMap { size in fingerprint.map { Summary(size: size, fingerprint: $0) } }
    }
    let ranges = fields.list("ranges", required: !question.ranges.isEmpty) { readRange(&$0) } ?? []
    let facts = fields.list("facts", required: !question.subjects.isEmpty) { ReconciliationFacts.read(&$0) } ?? []
    let problems = fields.finish()
    guard problems.isEmpty else { throw CausewayError(problems: problems) }
    guard ranges.map(\.prefix) == question.ranges else { throw invalid("ranges") }
    for (prefix, range) in ranges where !isPossible(range, prefix) { throw invalid("range \(prefix.text)") }
    guard facts.map(\.subject) == question.subjects, facts.allSatisfy({ $0.facts.isPossible(of: $0.subject) }) else {
      throw invalid("facts")
    }
    return ReconciliationAnswer(set: set, ranges: ranges.map(\.range), facts: facts.map(\.facts))
  }

  private static func readRange(_ fields: inout JSONFields) -> (prefix: KeyPrefix, range: Range)? {
    let prefix = fields.string("prefix", "hexadecimal digits", KeyPrefix.init)
    let (split, list) = (fields.array("split", required: false), fields.array("items", required: false))
    guard let prefix else { return nil }
    switch (split, list) {
    case (let split?, nil):
      let parts = split.compactMap { $0.string.flatMap(digest) }
      if split.count != 16 || parts.count != 16 { fields.refuse("split", "16 fingerprints") }
      return (prefix, .split(parts))
    case (nil, let list?):
      let items = list.compactMap(readItem)
      if items.count != list.count { fields.refuse("items", "pairs of an id and a SHA-256 in base64url") }
      return (prefix, .items(items))
    default:
      fields.refuse("items", "either items or a split")
      return nil
    }
  }

  private static func readItem(_ value: JSONValue) -> ReconciliationItem? {
    guard let pair = value.array, pair.count == 2, let subject = pair[0].string.flatMap(ReconciliationSubject.init),
      let value = pair[1].string.flatMap(digest)
    else { return nil }
    return ReconciliationItem(subject, value)
  }

  private static func isPossible(_ range: Range, _ prefix: KeyPrefix) -> Bool {
    switch range {
    case .split: return !prefix.isWholeKey
    case .items(let items):
      let keys = items.map(\.subject.key)
      return items.count <= ReconciliationSet.listed && keys.allSatisfy { prefix.place(of: $0[...]) == 0 }
        && zip(keys, keys.dropFirst()).allSatisfy { $0.lexicographicallyPrecedes($1) }
    }
  }

  static func invalid(_ part: String) -> CausewayError { CausewayError("reconcile.answer_invalid", facts: ["part": part]) }
}
