/// Writes a JSON text piece by piece, without a tree of values in between.
///
/// The caller keeps the order: in an object a name before each value, every container closed. Names are not looked at for being repeated.
package struct JSONWriter {
  private var bytes: [UInt8] = []
  private let isPretty: Bool
  private var depth = 0
  /// Nothing stands yet in the innermost open container.
  private var isFirst = true
  private var isAfterName = false

  /// - Parameter pretty: two spaces per level and one member per line, a final newline; otherwise no white space.
  package init(pretty: Bool = false) { isPretty = pretty }

  /// The text, once everything is closed.
  ///
  /// - Precondition: every container is closed.
  package consuming func finish() -> [UInt8] {
    precondition(depth == 0, "a JSON text is finished when its containers are closed")
    return isPretty ? JSONText.indented(bytes) : bytes
  }

  package mutating func beginObject() { begin(0x7B) }
  package mutating func endObject() { end(0x7D) }
  package mutating func beginArray() { begin(0x5B) }
  package mutating func endArray() { end(0x5D) }

  package mutating func name(_ name: String) {
    separate()
    JSONText.append(string: name, to: &bytes)
    bytes.append(0x3A)
    isAfterName = true
  }

  package mutating func string(_ string: String) {
    separate()
    JSONText.append(string: string, to: &bytes)
  }

  package mutating func number(_ value: Int) { lexeme(String(value)) }
  package mutating func bool(_ value: Bool) { lexeme(value ? "true" : "false") }
  package mutating func null() { lexeme("null") }

  /// A member; without a value nothing is written.
  package mutating func member(_ name: String, _ string: String?) {
    guard let string else { return }
    self.name(name)
    self.string(string)
  }

  package mutating func member(_ name: String, _ number: Int) {
    self.name(name)
    self.number(number)
  }

  package mutating func member(_ name: String, _ bool: Bool) {
    self.name(name)
    self.bool(bool)
  }

  package mutating func value(_ value: JSONValue) {
    switch value {
    case .array(let elements):
      beginArray()
      for element in elements { self.value(element) }
      endArray()
    case .object(let object):
      beginObject()
      for member in object.members {
        name(member.name)
        self.value(member.value)
      }
      endObject()
    case .string(let string): self.string(string)
    case .number(let number): lexeme(number.lexeme)
    case .bool(let value): bool(value)
    case .null: null()
    }
  }

  private mutating func lexeme(_ text: String) {
    separate()
    bytes.append(contentsOf: text.utf8)
  }

  private mutating func begin(_ bracket: UInt8) {
    separate()
    bytes.append(bracket)
    depth += 1
    isFirst = true
  }

  private mutating func end(_ bracket: UInt8) {
    depth -= 1
    bytes.append(bracket)
    isFirst = false
  }

  /// What stands before a name or a value.
  private mutating func separate() {
    guard !isAfterName else {
      isAfterName = false
      return
    }
    guard depth > 0 else { return }
    if !isFirst { bytes.append(0x2C) }
    isFirst = false
  }
}
