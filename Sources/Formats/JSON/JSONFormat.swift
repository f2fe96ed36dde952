package import JSONTree
package import Primitives

/// JSON documents (RFC 8259): bytes ⇄ ``Document``.
///
/// A member is an element, an array is repeated elements of the member's name. What the shape of a document cannot tell is kept beside
/// it: whether a scalar was a string, number or boolean, whether an only child was an array of one, and members whose array is empty.
package enum JSONFormat {
  /// Parses a JSON text.
  ///
  /// - Throws: `parse.json_*`, see `ErrorCatalogue.jsonTree`.
  /// - Complexity: O(bytes).
  package static func parse(_ bytes: [UInt8], limits: JSONLimits = .standard) throws(CausewayError) -> Document {
    var reader = JSONDocumentReader(expectedNodes: bytes.count / 16, expectedText: bytes.count / 3)
    try JSONReader.read(bytes, limits: limits, into: &reader)
    return reader.builder.finish()
  }

  /// Writes a document.
  ///
  /// Children of the same name become one array, at the place of the first; a single child becomes an array when it is marked as an
  /// element of one. Attributes are members like any other. A leaf is written as the scalar it is marked as; a node with neither text nor
  /// children is `{}`.
  ///
  /// - Parameter indent: two spaces a level.
  /// - Throws: `write.illegal_number`, `write.mixed_content`, each with a pointer.
  /// - Complexity: O(nodes + bytes).
  package static func write(_ document: Document, indent: Bool = false) throws(CausewayError) -> [UInt8] {
    var writer = JSONDocumentWriter(document, indent: indent)
    try writer.value(document.root)
    if indent { writer.output.append(0x0A) }
    return writer.output
  }
}

/// Turns the events of a JSON text into calls of a builder.
struct JSONDocumentReader: JSONVisitor {
  private enum Container {
    case object
    /// An array that is the value of a member: its elements are nodes, it is none.
    case member(name: String)
    /// An array that is the root or an element of an array: a node of its own.
    case array
  }

  var builder: DocumentBuilder
  private var stack: [Container] = []
  private var memberName = ""
  /// By open array that is the value of a member: the number of its name, so that it is looked up once; -1: no element yet.
  private var elementSymbols: [Int32] = []
  /// The number of the empty name; -1: none has come.
  private var emptySymbol: Int32 = -1

  init(expectedNodes: Int, expectedText: Int) {
    builder = DocumentBuilder(syntax: .json, expectedNodes: expectedNodes, expectedText: expectedText)
  }

  /// Opens the node of the value that comes next.
  private mutating func open(line: Int) {
    switch stack.last {
    case .member(let name):
      let top = elementSymbols.count - 1
      if elementSymbols[top] < 0 { elementSymbols[top] = builder.symbol(name) }
      builder.open(symbol: elementSymbols[top], namespace: -1, line: line, inArray: true)
    case .object: builder.open(name: memberName, line: line)
    case .array:
      if emptySymbol < 0 { emptySymbol = builder.symbol("") }
      builder.open(symbol: emptySymbol, namespace: -1, line: line, inArray: true)
    case nil: builder.open(name: "", line: line)
    }
  }

  mutating func beginObject(line: Int) {
    open(line: line)
    stack.append(.object)
  }

  mutating func member(_ name: String, line: Int) { memberName = name }

  mutating func endObject() {
    stack.removeLast()
    builder.close()
  }

  mutating func beginArray(line: Int) {
    if case .object = stack.last {
      stack.append(.member(name: memberName))
      elementSymbols.append(-1)
    } else {
      open(line: line)
      builder.array()
      stack.append(.array)
    }
  }

  mutating func endArray() {
    switch stack.removeLast() {
    case .member(let name): if elementSymbols.removeLast() < 0 { builder.emptyArray(name: name) }
    case .array, .object: builder.close()
    }
  }

  mutating func scalar(_ value: JSONValue, line: Int) {
    open(line: line)
    switch value {
    case .string(let text): builder.text(text)
    case .number(let number): builder.text(number.lexeme, scalar: .number)
    case .bool(let value): builder.text(value ? "true" : "false", scalar: .bool)
    case .null, .array, .object: builder.null()
    }
    builder.close()
  }
}
