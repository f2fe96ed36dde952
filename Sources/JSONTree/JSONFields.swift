package import Primitives

/// Reads the members of one JSON object by name and collects everything that is wrong, instead of stopping at the first.
///
/// ```swift
/// var fields = JSONFields(value, at: "/payload", problems: problems)
/// let size = fields.integer("size", in: 0...limit)
/// problems = fields.finish()
/// ```
/// A getter that returns nil for a required member has noted why; `finish` notes the members that nobody asked for.
///
/// Codes: `parse.json_member_missing`, `parse.json_member_type`, `parse.json_member_value`, `parse.json_member_unknown`, each with the
/// JSON Pointer (RFC 6901) of the place.
package struct JSONFields {
  private let object: JSONObject
  private let pointer: String
  private var asked: [String] = []
  private var problems: [Problem]

  /// - Parameters:
  ///   - pointer: JSON Pointer of the object itself; "" is the whole text.
  ///   - problems: what was found before; `finish` gives it back with what was added here.
  package init(_ value: JSONValue, at pointer: String = "", problems: [Problem] = []) {
    self.pointer = pointer
    self.problems = problems
    object = value.object ?? JSONObject()
    if value.object == nil { self.problems.append(Problem("parse.json_member_type", pointer: pointer, facts: ["expected": "object"])) }
  }

  /// The JSON Pointer of a member of this object.
  package func pointer(to name: String) -> String { Self.pointer(pointer, name) }

  /// Appends one reference token to a JSON Pointer, escaped by RFC 6901 §3.
  package static func pointer(_ base: String, _ token: String) -> String {
    var escaped = base + "/"
    for scalar in token.unicodeScalars {
      switch scalar {
      case "~": escaped += "~0"
      case "/": escaped += "~1"
      default: escaped.unicodeScalars.append(scalar)
      }
    }
    return escaped
  }

  /// Any value; nil when absent. Absence is a problem when `required`.
  package mutating func value(_ name: String, required: Bool = true) -> JSONValue? {
    asked.append(name)
    let value = object[name]
    if value == nil, required { problems.append(Problem("parse.json_member_missing", pointer: pointer(to: name))) }
    return value
  }

  package mutating func string(_ name: String, required: Bool = true) -> String? {
    typed(name, required, "string") { $0.string }
  }

  /// A string that `read` turns into a value; nil from `read` is noted as `parse.json_member_value` with `expected`.
  package mutating func string<Value>(_ name: String, required: Bool = true, _ expected: String, _ read: (String) -> Value?) -> Value? {
    guard let text = string(name, required: required) else { return nil }
    guard let value = read(text) else {
      refuse(name, expected)
      return nil
    }
    return value
  }

  package mutating func integer(_ name: String, in range: ClosedRange<Int> = 0...Int.max, required: Bool = true) -> Int? {
    guard let value = typed(name, required, "integer", { $0.int }) else { return nil }
    guard range.contains(value) else {
      refuse(name, "\(range.lowerBound)…\(range.upperBound)")
      return nil
    }
    return value
  }

  package mutating func bool(_ name: String, required: Bool = true) -> Bool? {
    typed(name, required, "boolean") { $0.bool }
  }

  package mutating func array(_ name: String, required: Bool = true) -> [JSONValue]? {
    typed(name, required, "array") { $0.array }
  }

  package mutating func object(_ name: String, required: Bool = true) -> JSONObject? {
    typed(name, required, "object") { $0.object }
  }

  /// Notes that a member's value is not what it should be. `expected` says what should be there; never the value itself.
  package mutating func refuse(_ name: String, _ expected: String) {
    problems.append(Problem("parse.json_member_value", pointer: pointer(to: name), facts: ["expected": expected]))
  }

  /// Runs `read` on the fields of a member object and takes over its problems. nil when absent, no object, or `read` gives nil.
  package mutating func nested<Value>(_ name: String, required: Bool = true, _ read: (inout JSONFields) -> Value?) -> Value? {
    guard let object = object(name, required: required) else { return nil }
    var fields = JSONFields(.object(object), at: pointer(to: name), problems: problems)
    let value = read(&fields)
    problems = fields.finish()
    return value
  }

  /// Runs `read` on each element of a member array of objects and takes over its problems; elements for which it gives nil are left out.
  package mutating func list<Value>(
    _ name: String, required: Bool = true, _ read: (inout JSONFields) -> Value?
  ) -> [Value]? {
    guard let elements = array(name, required: required) else { return nil }
    var values: [Value] = []
    for (index, element) in elements.enumerated() {
      var fields = JSONFields(element, at: Self.pointer(pointer(to: name), String(index)), problems: problems)
      if let value = read(&fields) { values.append(value) }
      problems = fields.finish()
    }
    return values
  }

  /// All problems so far and the members that were never asked for.
  package func finish() -> [Problem] {
    let unknown = object.members.filter { member in !asked.contains { $0.hasSameBytes(as: member.name) } }
    guard !unknown.isEmpty else { return problems }
    // The names of unknown members come from outside and may be payload: only how many there are is said.
    return problems + [Problem("parse.json_member_unknown", pointer: pointer, facts: ["count": String(unknown.count)])]
  }

  private mutating func typed<Value>(_ name: String, _ required: Bool, _ type: String, _ read: (JSONValue) -> Value?) -> Value? {
    guard let value = value(name, required: required) else { return nil }
    guard let typed = read(value) else {
      problems.append(Problem("parse.json_member_type", pointer: pointer(to: name), facts: ["expected": type]))
      return nil
    }
    return typed
  }
}
