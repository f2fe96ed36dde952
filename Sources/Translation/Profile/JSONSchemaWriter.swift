import Formats
import JSONTree
import Primitives

/// Writes a structure as JSON Schema (2020-12): `schema.json`. Types of leaves are definitions, what holds others stands in its place.
///
/// Numbers of JSON have a range here and no scale: `multipleOf` is computed with binary fractions and refuses good numbers.
struct JSONSchemaWriter {
  private let structure: Structure
  private let name: String
  private let keepsEmpties: Bool
  private let isOpen: Bool
  /// In the order in which they were needed.
  private var definitions = JSONObject()
  private var names: [JSONValue: String] = [:]

  init(_ profile: Profile) {
    structure = profile.structure
    name = profile.name
    keepsEmpties = profile.empties == .keep
    isOpen = profile.keepsUnknown
  }

  mutating func file() -> Profile.SchemaFile {
    var schema = JSONObject([
      ("$schema", "https://json-schema.org/draft/2020-12/schema"),
      ("$comment", .string("Generated from structure.yaml of \(name) by `causeway profiles schema`.")),
      ("title", .string(name)),
    ])
    schema.members += object(0).members
    schema["$defs"] = .object(definitions)
    return .init(name: "schema.json", text: String(decoding: JSONValue.object(schema).serialized(pretty: true), as: UTF8.self))
  }

  // MARK: Objects

  /// In each document that has the parent; what one direction asks for is not.
  private func isRequired(_ node: Int) -> Bool {
    let entry = structure[node]
    return entry.min > 0 || structure.shape(of: node).map { entry.requiredIn.contains(structure.shapes[$0]) } ?? false
  }

  private mutating func object(_ node: Int) -> JSONObject {
    var properties = JSONObject()
    var required: [JSONValue] = []
    var shapes: [JSONValue] = []
    if structure[node].isLeaf {
      properties[Structure.content] = reference(node, .string)
      required.append(.string(Structure.content))
    }
    for child in structure.children(node) {
      let entry = structure[child]
      properties[entry.jsonName] = .object(member(child))
      if entry.shape != nil {
        shapes.append(["required": [.string(entry.jsonName)]])
      } else if isRequired(child) {
        required.append(.string(entry.jsonName))
      }
    }
    var schema = JSONObject([("type", "object"), ("properties", .object(properties))])
    if !required.isEmpty { schema["required"] = .array(required) }
    // Shapes exclude each other.
    if !shapes.isEmpty { schema["oneOf"] = .array(shapes) }
    if !isOpen { schema["additionalProperties"] = false }
    return schema
  }

  private mutating func member(_ node: Int) -> JSONObject {
    let entry = structure[node]
    var value = JSONObject()
    if entry.isLeaf, !entry.isJSONObject {
      value = reference(node, entry.jsonScalar).object ?? [:]
    } else {
      value = object(node)
    }
    if entry.jsonArray {
      var array = JSONObject([("type", "array"), ("items", .object(value)), ("minItems", .number(JSONNumber(max(entry.min, 1))))])
      if entry.max < .max { array["maxItems"] = .number(JSONNumber(entry.max)) }
      value = array
    }
    let parts = [entry.en, entry.zh, entry.lists.isEmpty ? "" : "code list: \(entry.lists.joined(separator: ", "))"].filter { !$0.isEmpty }
    guard !parts.isEmpty else { return value }
    return JSONObject(members: [.init("description", .string(parts.joined(separator: " · ")))] + value.members)
  }

  // MARK: Types

  private mutating func reference(_ leaf: Int, _ scalar: Document.Scalar) -> JSONValue {
    guard let type = structure[leaf].type else { return true }
    let entry = structure[leaf]
    var (hint, schema) = Self.definition(type, scalar)
    if !entry.values.isEmpty {
      (hint, schema) = (entry.jsonName, ["enum": .array(entry.values.map { Self.value($0, scalar) })])
    } else if let pattern = entry.pattern {
      hint = entry.jsonName
      schema = ["type": "string", "pattern": .string("^(?:\(pattern.source))$")]
      if let limit = Self.limit(type) { schema["maxLength"] = .number(JSONNumber(limit)) }
    }
    if keepsEmpties, !isRequired(leaf), scalar == .string {
      (hint, schema) = (hint + "OrEmpty", ["anyOf": [.object(schema), ["type": "string", "pattern": "^[ \\t\\r\\n]*$"]]])
    }
    return ["$ref": .string("#/$defs/" + define(hint, .object(schema)))]
  }

  private mutating func define(_ hint: String, _ schema: JSONValue) -> String {
    if let known = names[schema] { return known }
    var name = hint
    var number = 1
    while definitions[name] != nil {
      number += 1
      name = "\(hint).\(number)"
    }
    names[schema] = name
    definitions[name] = schema
    return name
  }

  private static func value(_ text: String, _ scalar: Document.Scalar) -> JSONValue {
    switch scalar {
    case .number: JSONNumber(lexeme: text).map { .number($0) } ?? .string(text)
    case .bool: .bool(text == "true")
    case .string, .null: .string(text)
    }
  }

  private static func limit(_ type: LeafType) -> Int? {
    switch type {
    case .text(let limit, _), .id(let limit), .code(let limit), .base64(let limit): limit
    default: nil
    }
  }

  /// A character that is not white space.
  private static let filled = #"[^ \t\r\n]"#
  private static let upper = #"[\t\n\r -`{-\u007f]"#
  private static let upperFilled = #"[!-`{-\u007f]"#

  private static func definition(_ type: LeafType, _ scalar: Document.Scalar) -> (String, JSONObject) {
    func string(_ pattern: String, _ limit: Int? = nil) -> JSONObject {
      var schema = JSONObject([("type", "string"), ("pattern", .string(pattern))])
      if let limit { schema["maxLength"] = .number(JSONNumber(limit)) }
      return schema
    }
    let isNumber = scalar == .number
    if scalar == .bool { return ("Boolean", ["type": "boolean"]) }
    switch type {
    case .text(let limit, let isUpper):
      guard !isNumber else { break }
      return isUpper ? ("UpperText\(limit)", string("^\(upper)*\(upperFilled)\(upper)*$", limit)) : ("Text\(limit)", string(filled, limit))
    case .id(let limit): if !isNumber { return ("Id\(limit)", string(filled, limit)) }
    case .base64(let limit): if !isNumber { return ("Base64.\(limit)", string(filled, limit)) }
    case .code(let limit): if !isNumber { return ("Code\(limit)", string("^\(filled)+$", limit)) }
    case .decimal(let digits, let scale):
      let bound = "1" + String(repeating: "0", count: digits - scale)
      guard !isNumber else {
        return (
          "Decimal\(digits).\(scale)",
          ["type": "number", "exclusiveMinimum": value("-" + bound, .number), "exclusiveMaximum": value(bound, .number)]
        )
      }
      let whole = digits == scale ? "0+" : "(0+|0*[1-9][0-9]{0,\(digits - scale - 1)})"
      let fraction = scale == 0 ? #"(\.0+)?"# : #"(\.[0-9]{1,\#(scale)}0*)?"#
      return ("DecimalText\(digits).\(scale)", string("^-?\(whole)\(fraction)$"))
    case .integer(let digits):
      guard !isNumber else {
        let most = String(repeating: "9", count: digits)
        return ("Integer\(digits)", ["type": "integer", "minimum": 0, "maximum": value(most, .number)])
      }
      return ("IntegerText\(digits)", string("^(0+|0*[1-9][0-9]{0,\(digits - 1)})$"))
    case .indicator(let no, let yes): return ("Indicator.\(no).\(yes)", ["enum": [value(no, scalar), value(yes, scalar)]])
    case .date(let pattern), .datetime(let pattern):
      guard !isNumber else { break }
      let hint = if case .date = type { "Date" } else { "DateTime" }
      let clock = #"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]+)?(Z|[+\-]([01][0-9]|2[0-3]):[0-5][0-9])?"#
      let expression = pattern.isCanonical ? "[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])(\(clock))?" : pattern.expression
      return (hint, string("^(?:\(expression))$"))
    }
    return ("Number", ["type": "number"])
  }
}
