import JSONTree
import TestSupport
import Testing

/// The judge of JSON documents, by hand: each keyword with what passes and what does not.
@Suite struct JSONSchemaTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let schema: String
    let good: [String]
    let bad: [String]
    var testDescription: String { schema }
  }

  static let cases = [
    Case(schema: #"{"type": "integer"}"#, good: ["1", "1.0", "-3"], bad: ["1.5", "\"1\"", "null"]),
    Case(schema: #"{"type": ["string", "null"]}"#, good: ["\"\"", "null"], bad: ["1", "[]"]),
    Case(schema: #"{"const": 1}"#, good: ["1", "1.0"], bad: ["2", "\"1\"", "true"]),
    Case(schema: #"{"enum": ["a", 2]}"#, good: ["\"a\"", "2"], bad: ["\"b\"", "\"2\""]),
    Case(schema: #"{"minLength": 1, "maxLength": 2}"#, good: ["\"ab\"", "\"𠮷田\"", "7"], bad: ["\"\"", "\"abc\""]),
    Case(schema: #"{"pattern": "^[A-Z]+$"}"#, good: ["\"AB\"", "3"], bad: ["\"Ab\"", "\"\""]),
    Case(schema: #"{"pattern": "b"}"#, good: ["\"abc\""], bad: ["\"ac\""]),
    Case(schema: #"{"pattern": "^\\d$"}"#, good: ["\"1\""], bad: ["\"١\"", "\"11\""]),
    Case(
      schema: #"{"minimum": 1, "exclusiveMaximum": 1000}"#, good: ["1", "999.999", "1e2", "12e-1", "\"x\""],
      bad: ["0.999", "1000", "1E+3", "1e-1"]),
    Case(
      schema: #"{"properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": false}"#,
      good: [#"{"a": "x"}"#, "1"], bad: ["{}", #"{"a": 1}"#, #"{"a": "x", "b": 1}"#]),
    Case(schema: #"{"additionalProperties": {"type": "integer"}}"#, good: ["{}", #"{"a": 1}"#], bad: [#"{"a": "1"}"#]),
    Case(schema: #"{"propertyNames": {"enum": ["a"]}}"#, good: [#"{"a": 1}"#], bad: [#"{"b": 1}"#]),
    Case(
      schema: #"{"items": {"type": "integer"}, "minItems": 1, "maxItems": 2, "uniqueItems": true}"#, good: ["[1]", "[1, 2]"],
      bad: ["[]", "[1, 2, 3]", "[1, 1]", "[\"1\"]"]),
    Case(schema: #"{"oneOf": [{"required": ["a"]}, {"required": ["b"]}]}"#, good: [#"{"a": 1}"#], bad: ["{}", #"{"a": 1, "b": 1}"#]),
    Case(schema: #"{"anyOf": [{"type": "string"}, {"minimum": 3}]}"#, good: ["\"a\"", "3"], bad: ["2"]),
    Case(schema: #"{"allOf": [{"minimum": 1}, {"maximum": 3}]}"#, good: ["2"], bad: ["0", "4"]),
    Case(schema: #"{"not": {"type": "null"}}"#, good: ["1"], bad: ["null"]),
    Case(
      schema: #"{"if": {"properties": {"a": {"const": 1}}}, "then": {"required": ["b"]}, "else": {"required": ["c"]}}"#,
      good: [#"{"a": 1, "b": 2}"#, #"{"a": 2, "c": 2}"#], bad: [#"{"a": 1, "c": 2}"#, #"{"a": 2, "b": 2}"#]),
    Case(
      schema: ##"{"$ref": "#/$defs/n", "$defs": {"n": {"type": "array", "items": {"$ref": "#/$defs/n"}}}}"##, good: ["[[], [[]]]"],
      bad: ["[[1]]"]),
    Case(schema: #"{"properties": {"a": false}}"#, good: ["{}"], bad: [#"{"a": 1}"#]),
  ]

  @Test(arguments: cases) func aKeyword(_ example: Case) throws {
    let schema = try JSONSchema(Array(example.schema.utf8))
    for text in example.good { #expect(try schema.errors(in: try JSONValue.parse(Array(text.utf8))) == [], "\(text)") }
    for text in example.bad { #expect(try schema.errors(in: try JSONValue.parse(Array(text.utf8))) != [], "\(text)") }
  }

  @Test(arguments: [#"{"multipleOf": 2}"#, ##"{"$ref": "#/$defs/none"}"##, #"{"pattern": "("}"#, "3"])
  func whatItDoesNotKnowIsNoPass(_ text: String) throws {
    #expect(throws: JSONSchema.Invalid.self) { try JSONSchema(Array(text.utf8)) }
  }
}
