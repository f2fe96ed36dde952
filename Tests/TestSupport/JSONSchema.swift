package import JSONTree
import Primitives

/// A validator of JSON Schema 2020-12 for the keywords that the schemas of this repository use: small enough to be read, so that it can judge.
///
/// A keyword that it does not know is an error of the schema, not a pass. References are to `#/$defs/NAME`; `format` is an annotation.
package final class JSONSchema {
  package struct Invalid: Error, CustomStringConvertible {
    package let description: String
  }

  /// A schema with its inner schemas found.
  private final class Node {
    /// `true` or `false` in the place of a schema.
    var always: Bool?
    var rules: [(keyword: String, rule: JSONValue)] = []
    /// Of `properties` by name; of other keywords with one inner schema by keyword.
    var properties: [String: Node] = [:]
    var inner: [String: Node] = [:]
    var lists: [String: [Node]] = [:]
    var pattern: Regex<AnyRegexOutput>?
  }

  private let root: Node
  private var definitions: [String: Node] = [:]

  private static let annotations: Set<String> = [
    "$schema", "$id", "$comment", "title", "description", "format", "default", "examples", "$defs", "then", "else",
  ]
  private static let ofOne: Set<String> = ["additionalProperties", "propertyNames", "items", "not", "if", "then", "else"]
  private static let ofSeveral: Set<String> = ["allOf", "anyOf", "oneOf"]
  private static let others: Set<String> = [
    "$ref", "type", "const", "enum", "properties", "required", "minItems", "maxItems", "uniqueItems", "minLength", "maxLength", "pattern",
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
  ]

  /// - Throws: ``Invalid`` for a schema with a keyword, reference or pattern that is not understood; what parsing JSON throws.
  package init(_ bytes: [UInt8]) throws {
    let value = try JSONValue.parse(bytes)
    root = try Self.node(value)
    for member in value["$defs"]?.object?.members ?? [] { definitions[member.name] = try Self.node(member.value) }
    for node in [root] + definitions.values { try checkReferences(node) }
  }

  private static func node(_ value: JSONValue) throws -> Node {
    let node = Node()
    node.always = value.bool
    guard node.always == nil else { return node }
    guard let members = value.object?.members else { throw Invalid(description: "\(value) is no schema") }
    for (keyword, rule) in members.map({ ($0.name, $0.value) }) {
      if ofOne.contains(keyword) { node.inner[keyword] = try Self.node(rule) }
      if annotations.contains(keyword) { continue }
      if ofSeveral.contains(keyword) {
        node.lists[keyword] = try (rule.array ?? []).map(Self.node)
      } else if keyword == "properties" {
        for member in rule.object?.members ?? [] { node.properties[member.name] = try Self.node(member.value) }
      } else if keyword == "pattern" {
        // Patterns are those of ECMA-262: not anchored, of characters, digits of ASCII.
        guard let expression = try? Regex(rule.string ?? "(") else { throw Invalid(description: "the pattern \(rule) is not understood") }
        node.pattern = expression.matchingSemantics(.unicodeScalar).asciiOnlyDigits()
      } else if !ofOne.contains(keyword), !others.contains(keyword) {
        throw Invalid(description: "the keyword \(keyword) is not known")
      }
      node.rules.append((keyword, rule))
    }
    return node
  }

  private func checkReferences(_ node: Node) throws {
    for (keyword, rule) in node.rules where keyword == "$ref" { _ = try definition(rule) }
    for inner in Array(node.properties.values) + node.inner.values + node.lists.values.joined() { try checkReferences(inner) }
  }

  private func definition(_ rule: JSONValue) throws -> Node {
    guard let name = rule.string, name.hasPrefix("#/$defs/"), let found = definitions[String(name.dropFirst(8))] else {
      throw Invalid(description: "the reference \(rule) leads nowhere")
    }
    return found
  }

  /// What is wrong with a value: `POINTER keyword`, nothing when it is valid.
  package func errors(in value: JSONValue) throws -> [String] { try check(value, root, "") }

  private func check(_ value: JSONValue, _ node: Node, _ pointer: String) throws -> [String] {
    if let always = node.always { return always ? [] : ["\(pointer) false"] }
    return try node.rules.flatMap { try check(value, $0.keyword, $0.rule, node, pointer) }
  }

  private func check(_ value: JSONValue, _ keyword: String, _ rule: JSONValue, _ node: Node, _ pointer: String) throws -> [String] {
    func failed(unless holds: Bool) -> [String] { holds ? [] : ["\(pointer) \(keyword)"] }
    func passing() throws -> Int { try (node.lists[keyword] ?? []).filter { try check(value, $0, pointer).isEmpty }.count }
    switch keyword {
    case "$ref": return try check(value, definition(rule), pointer)
    case "type":
      let names = rule.array?.compactMap(\.string) ?? [rule.string ?? ""]
      return failed(unless: names.contains { Self.isOfType(value, $0) })
    case "const": return failed(unless: Self.isSame(value, rule))
    case "enum": return failed(unless: rule.array?.contains { Self.isSame(value, $0) } ?? false)
    case "allOf": return try (node.lists[keyword] ?? []).flatMap { try check(value, $0, pointer) }
    case "anyOf": return failed(unless: try passing() > 0)
    case "oneOf": return failed(unless: try passing() == 1)
    case "not": return failed(unless: try node.inner[keyword].map { try !check(value, $0, pointer).isEmpty } ?? false)
    case "if":
      let holds = try node.inner[keyword].map { try check(value, $0, pointer).isEmpty } ?? true
      return try node.inner[holds ? "then" : "else"].map { try check(value, $0, pointer) } ?? []
    default: break
    }
    switch value {
    case .object(let object): return try check(object, keyword, rule, node, pointer)
    case .array(let array):
      switch keyword {
      case "items": return try array.enumerated().flatMap { try check($0.element, node.inner[keyword] ?? node, "\(pointer)/\($0.offset)") }
      case "minItems": return failed(unless: array.count >= rule.int ?? 0)
      case "maxItems": return failed(unless: array.count <= rule.int ?? .max)
      case "uniqueItems": return failed(unless: rule.bool == false || Set(array).count == array.count)
      default: return []
      }
    case .string(let text):
      switch keyword {
      case "minLength": return failed(unless: text.unicodeScalars.count >= rule.int ?? 0)
      case "maxLength": return failed(unless: text.unicodeScalars.count <= rule.int ?? .max)
      case "pattern": return failed(unless: try node.pattern?.firstMatch(in: text) != nil)
      default: return []
      }
    case .number(let number):
      guard let limit = rule.number.flatMap(Self.decimal), keyword.hasSuffix("imum") else { return [] }
      guard let decimal = Self.decimal(number) else { return failed(unless: false) }
      switch keyword {
      case "minimum": return failed(unless: decimal >= limit)
      case "maximum": return failed(unless: decimal <= limit)
      case "exclusiveMinimum": return failed(unless: decimal > limit)
      default: return failed(unless: decimal < limit)
      }
    case .null, .bool: return []
    }
  }

  private func check(_ object: JSONObject, _ keyword: String, _ rule: JSONValue, _ node: Node, _ pointer: String) throws -> [String] {
    switch keyword {
    case "properties":
      return try object.members.flatMap { member in
        try node.properties[member.name].map { try check(member.value, $0, "\(pointer)/\(member.name)") } ?? []
      }
    case "additionalProperties":
      guard let inner = node.inner[keyword] else { return [] }
      return try object.members.filter { node.properties[$0.name] == nil }.flatMap { try check($0.value, inner, "\(pointer)/\($0.name)") }
    case "propertyNames":
      guard let inner = node.inner[keyword] else { return [] }
      return try object.members.flatMap { try check(.string($0.name), inner, "\(pointer)/\($0.name)") }
    case "required":
      return (rule.array ?? []).compactMap(\.string).filter { object[$0] == nil }.map { "\(pointer)/\($0) required" }
    default: return []
    }
  }

  /// A number with its exponent worked out; nil beyond 36 digits.
  private static func decimal(_ number: JSONNumber) -> ExactDecimal? {
    let parts = number.lexeme.split(whereSeparator: { $0 == "e" || $0 == "E" })
    guard parts.count == 2, let exponent = Int(parts[1].hasPrefix("+") ? parts[1].dropFirst() : parts[1]), abs(exponent) < 19 else {
      return number.decimal
    }
    guard let base = ExactDecimal(String(parts[0])), let power = ExactDecimal(mantissa: 1, scale: max(0, -exponent)),
      let factor = exponent < 0 ? power : ExactDecimal("1" + String(repeating: "0", count: exponent))
    else { return nil }
    return base.multiplied(by: factor)
  }

  private static func isOfType(_ value: JSONValue, _ name: String) -> Bool {
    switch (value, name) {
    case (.null, "null"), (.bool, "boolean"), (.number, "number"), (.string, "string"), (.array, "array"), (.object, "object"): true
    case (.number(let number), "integer"): decimal(number)?.normalized.scale == 0
    default: false
    }
  }

  /// Numbers are equal by value, objects in any order.
  private static func isSame(_ left: JSONValue, _ right: JSONValue) -> Bool {
    switch (left, right) {
    case (.number(let left), .number(let right)): decimal(left) == decimal(right)
    case (.array(let left), .array(let right)): left.elementsEqual(right, by: isSame)
    case (.object(let left), .object(let right)):
      left.members.count == right.members.count
        && left.members.allSatisfy { member in right[member.name].map { isSame(member.value, $0) } ?? false }
    default: left == right
    }
  }
}
