import Primitives

/// A JSON value as it was written: member order and number lexemes are kept, nothing is rounded.
///
/// Equality and hashing are of UTF-8 bytes and count member order; compare ``canonical()`` when order does not matter.
///
/// - SeeAlso: RFC 8259; RFC 7493 (I-JSON), whose limits ``JSONLimits`` applies.
package enum JSONValue: Sendable {
  case null
  case bool(Bool)
  case number(JSONNumber)
  case string(String)
  case array([JSONValue])
  case object(JSONObject)
}

extension JSONValue {
  package var isNull: Bool {
    if case .null = self { true } else { false }
  }
  package var bool: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }
  package var number: JSONNumber? {
    if case .number(let value) = self { value } else { nil }
  }
  /// nil unless this is a number written as an integer (no fraction, no exponent) that fits 64 bits.
  package var int: Int? { number?.int }
  package var string: String? {
    if case .string(let value) = self { value } else { nil }
  }
  package var array: [JSONValue]? {
    if case .array(let value) = self { value } else { nil }
  }
  package var object: JSONObject? {
    if case .object(let value) = self { value } else { nil }
  }

  /// The member of that name; nil when this is no object or has no such member. O(*n*) in the object's members.
  package subscript(_ name: String) -> JSONValue? { object?[name] }
}

extension JSONValue: Hashable {
  package static func == (left: Self, right: Self) -> Bool {
    switch (left, right) {
    case (.null, .null): true
    case (.bool(let a), .bool(let b)): a == b
    case (.number(let a), .number(let b)): a == b
    case (.string(let a), .string(let b)): a.hasSameBytes(as: b)
    case (.array(let a), .array(let b)): a == b
    case (.object(let a), .object(let b)): a == b
    default: false
    }
  }

  package func hash(into hasher: inout Hasher) {
    switch self {
    case .null: hasher.combine(0)
    case .bool(let value): hasher.combine(value)
    case .number(let value): hasher.combine(value)
    case .string(let value): hasher.combine(ByteString(value))
    case .array(let value): hasher.combine(value)
    case .object(let value): hasher.combine(value)
    }
  }
}

extension JSONValue: ExpressibleByNilLiteral, ExpressibleByBooleanLiteral, ExpressibleByIntegerLiteral, ExpressibleByStringLiteral,
  ExpressibleByStringInterpolation, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  package init(nilLiteral: ()) { self = .null }
  package init(booleanLiteral value: Bool) { self = .bool(value) }
  package init(integerLiteral value: Int) { self = .number(JSONNumber(value)) }
  package init(stringLiteral value: String) { self = .string(value) }
  package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
  package init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(JSONObject(elements)) }
}

/// The members of a JSON object in the order they were written. Names compare as UTF-8 bytes.
///
/// Small on purpose: look-ups are O(*n*). Whoever looks up many names in a large object builds an index of its own.
package struct JSONObject: Hashable, Sendable {
  package struct Member: Hashable, Sendable {
    package var name: String
    package var value: JSONValue

    package init(_ name: String, _ value: JSONValue) {
      self.name = name
      self.value = value
    }

    package static func == (left: Self, right: Self) -> Bool { left.name.hasSameBytes(as: right.name) && left.value == right.value }

    package func hash(into hasher: inout Hasher) {
      hasher.combine(ByteString(name))
      hasher.combine(value)
    }
  }

  /// No two have the same name when the object was parsed; whoever builds one keeps that true (writing refuses otherwise).
  package var members: [Member]

  package init(members: [Member] = []) { self.members = members }

  package init(_ pairs: [(String, JSONValue)]) { members = pairs.map { Member($0.0, $0.1) } }

  /// Setting nil removes the member; setting a value replaces it in its place or appends it.
  package subscript(_ name: String) -> JSONValue? {
    get { members.first { $0.name.hasSameBytes(as: name) }?.value }
    set {
      let index = members.firstIndex { $0.name.hasSameBytes(as: name) }
      switch (index, newValue) {
      case (let index?, let value?): members[index].value = value
      case (let index?, nil): members.remove(at: index)
      case (nil, let value?): members.append(Member(name, value))
      case (nil, nil): break
      }
    }
  }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  package init(dictionaryLiteral elements: (String, JSONValue)...) { self.init(elements) }
}
