import JSONTree
package import Primitives

extension Entry {
  private static let version = 1
  private static let limits = JSONLimits(bytes: largestByteCount, depth: 16, members: 1_000, values: 10_000)

  /// Reads one entry from its bytes. Checks its form, not its place in a log.
  ///
  /// - Throws: `ledger.entry_too_large`; `ledger.entry_invalid` (facts `field`, `expected`) when the bytes are not the canonical
  ///   form of exactly the members of an entry.
  package init(parsing bytes: [UInt8]) throws(CausewayError) {
    guard bytes.count <= Self.largestByteCount else {
      throw CausewayError("ledger.entry_too_large", facts: ["limit": String(Self.largestByteCount)])
    }
    let value: JSONValue
    do {
      value = try JSONValue.parse(bytes, limits: Self.limits)
    } catch {
      throw Self.invalid("entry", "strict JSON", underlying: error)
    }
    guard let object = value.object else { throw Self.invalid("entry", "an object") }
    var fields = EntryFields(object)
    guard fields.take("v")?.int == Self.version else { throw Self.invalid("v", String(Self.version)) }
    let index = try fields.required("index") { $0.int.flatMap { 0..<MerkleTree.largestSize ~= $0 ? $0 : nil } }
    let time = try fields.required("time", Self.instant)
    let previous = try fields.required("previous", Self.digest)
    var draft = EntryDraft(kind: try fields.required("kind", \.string), actor: try fields.required("actor", \.string))
    draft.claimedTime = try fields.optional("claimed", Self.instant)
    draft.corridor = try fields.optional("corridor", \.string)
    draft.subject = try fields.optional("subject", Self.digest)
    draft.messageID = try fields.optional("message") { $0.string.flatMap { MessageID($0) } }
    draft.payloadDigest = try fields.optional("payload", Self.digest)
    draft.fieldsRoot = try fields.optional("fields", Self.digest)
    draft.versions = try fields.optional("versions", Self.texts) ?? [:]
    draft.reasons = try fields.optional("reasons", Self.codes) ?? []
    draft.extra = try fields.optional("extra", Self.extra) ?? [:]
    if let unknown = fields.unread { throw Self.invalid(unknown, "absent") }
    if let (field, expected) = draft.firstFlaw { throw Self.invalid(field, expected) }
    guard draft.claimedTime != time else { throw Self.invalid("claimed", "absent when it equals time") }
    // Rebuilt from what was understood: whatever the reader let pass and would not write itself is found here.
    guard try EntryWriter.bytes(of: draft, index: index, time: time, previous: previous) == bytes else {
      throw Self.invalid("entry", "canonical")
    }
    self.init(unchecked: draft, index: index, time: time, previous: previous, bytes: bytes)
  }

  static func invalid(_ field: String, _ expected: String, underlying: CausewayError? = nil) -> CausewayError {
    CausewayError("ledger.entry_invalid", facts: ["field": field, "expected": expected], underlying: underlying?.description)
  }

  private static func instant(_ value: JSONValue) -> Instant? {
    guard let text = value.string, let instant = Instant(rfc3339: text), ByteString(instant.rfc3339) == ByteString(text) else { return nil }
    return instant
  }

  private static func digest(_ value: JSONValue) -> Digest? { value.string.flatMap { Digest(hex: $0) } }

  private static func texts(_ value: JSONValue) -> [String: String]? {
    guard let object = value.object, !object.members.isEmpty else { return nil }
    var texts: [String: String] = [:]
    for member in object.members {
      guard let text = member.value.string else { return nil }
      texts[member.name] = text
    }
    return texts
  }

  private static func codes(_ value: JSONValue) -> [ErrorCode]? {
    guard let array = value.array, !array.isEmpty else { return nil }
    let codes = array.compactMap { $0.string.map { ErrorCode(rawValue: $0) } }
    return codes.count == array.count ? codes : nil
  }

  private static func extra(_ value: JSONValue) -> JSONObject? {
    guard let object = value.object, !object.members.isEmpty else { return nil }
    return object
  }
}

/// The members of an entry, each taken once, mostly in the order they stand in.
private struct EntryFields {
  private var members: [JSONObject.Member]

  init(_ object: JSONObject) { members = object.members }

  /// Name of a member that nobody took, if it is one that may be named: nothing from outside goes into an error text.
  var unread: String? { members.isEmpty ? nil : "entry member" }

  mutating func take(_ name: String) -> JSONValue? {
    guard let index = members.firstIndex(where: { $0.name.hasSameBytes(as: name) }) else { return nil }
    return members.remove(at: index).value
  }

  mutating func optional<Value>(_ name: String, _ read: (JSONValue) -> Value?) throws(CausewayError) -> Value? {
    guard let value = take(name) else { return nil }
    guard let result = read(value) else { throw Entry.invalid(name, "well-formed") }
    return result
  }

  mutating func required<Value>(_ name: String, _ read: (JSONValue) -> Value?) throws(CausewayError) -> Value {
    guard let result = try optional(name, read) else { throw Entry.invalid(name, "present") }
    return result
  }
}
