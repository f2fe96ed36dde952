package import Primitives

extension JSONValue {
  /// Reads one JSON text into a tree.
  ///
  /// - Throws: the codes of ``JSONReader/read(_:limits:into:)``.
  /// - Complexity: O(*n*) in bytes.
  package static func parse(_ bytes: [UInt8], limits: JSONLimits = .standard) throws(CausewayError) -> JSONValue {
    var builder = TreeBuilder()
    try JSONReader.read(bytes, limits: limits, into: &builder)
    return builder.root
  }

  /// As `parse(_:limits:)` of an array; copies the bytes first.
  package static func parse(_ bytes: some Collection<UInt8>, limits: JSONLimits = .standard) throws(CausewayError) -> JSONValue {
    try parse(Array(bytes), limits: limits)
  }

  /// Reads a text that has to be its own canonical form, byte for byte, so that what is signed has exactly one spelling.
  ///
  /// - Throws: as ``parse(_:limits:)-([UInt8],_)``; `parse.json_not_canonical` when the bytes differ from ``canonical()``.
  /// - SeeAlso: RFC 8785.
  package static func parseCanonical(_ bytes: [UInt8], limits: JSONLimits = .standard) throws(CausewayError) -> JSONValue {
    let value = try parse(bytes, limits: limits)
    guard try value.canonical() == bytes else { throw CausewayError("parse.json_not_canonical") }
    return value
  }
}

/// Builds a tree from the reader's pieces.
private struct TreeBuilder: JSONVisitor {
  private enum Open {
    case array([JSONValue])
    case object(JSONObject, name: String)
  }

  private(set) var root = JSONValue.null
  private var stack: [Open] = []

  init() {}

  mutating func beginObject(line: Int) { stack.append(.object(JSONObject(), name: "")) }
  mutating func beginArray(line: Int) { stack.append(.array([])) }
  mutating func endObject() { close() }
  mutating func endArray() { close() }
  mutating func scalar(_ value: JSONValue, line: Int) { add(value) }

  mutating func member(_ name: String, line: Int) {
    guard case .object(let object, _)? = stack.popLast() else { return }
    stack.append(.object(object, name: name))
  }

  private mutating func close() {
    switch stack.popLast() {
    case .array(let elements): add(.array(elements))
    case .object(let object, _): add(.object(object))
    case nil: break
    }
  }

  // The container is taken off the stack while it grows, so that it is not copied.
  private mutating func add(_ value: JSONValue) {
    switch stack.popLast() {
    case .array(var elements):
      elements.append(value)
      stack.append(.array(elements))
    case .object(var object, let name):
      object.members.append(.init(name, value))
      stack.append(.object(object, name: name))
    case nil:
      root = value
    }
  }
}
