import Primitives

/// Which edition of which code list a value was taken from.
package final class CodeListVersion: Hashable, Sendable, CustomStringConvertible {
  package let list: String
  package let version: String
  /// `list@version`, as reports have it.
  package let description: String

  package init(list: String, version: String) {
    self.list = list
    self.version = version
    description = "\(list)@\(version)"
  }

  package static func == (left: CodeListVersion, right: CodeListVersion) -> Bool {
    left === right || (left.list.hasSameBytes(as: right.list) && left.version.hasSameBytes(as: right.version))
  }

  package func hash(into hasher: inout Hasher) {
    for byte in list.utf8 { hasher.combine(byte) }
    for byte in version.utf8 { hasher.combine(byte) }
  }
}

/// One value of a declaration: canonical text, where it came from, and how it was received.
///
/// A value is in one of three states: filled, empty (`text` is empty) or explicitly null; absence is that there is no value.
package struct Value: Hashable, Sendable {
  /// The canonical lexical form (`ElementType`); empty when the value is empty or null.
  package var text: String
  /// The text as received, when reading it changed it (code conversion, date format, number form); nil when `text` is what was received.
  package var received: String?
  /// Edition of the code list of `text`.
  package var list: CodeListVersion?
  /// Index of the node of the source document that it was read from; -1 when it was not read from one.
  package var origin: Int32
  package var isNull: Bool

  package init(_ text: String, origin: Int32 = -1, received: String? = nil, list: CodeListVersion? = nil) {
    self.text = text
    self.received = received
    self.list = list
    self.origin = origin
    isNull = false
  }

  /// An explicit null.
  package static func null(origin: Int32 = -1) -> Value {
    var value = Value("", origin: origin)
    value.isNull = true
    return value
  }

  /// Neither empty nor null.
  package var isFilled: Bool { !text.utf8.isEmpty }
}

/// Equality is of bytes: canonically equivalent texts that differ in bytes are different values.
extension Value {
  package static func == (left: Self, right: Self) -> Bool {
    left.origin == right.origin && left.list == right.list && left.hasSameContent(as: right)
      && (left.received == nil) == (right.received == nil) && (left.received ?? "").hasSameBytes(as: (right.received ?? ""))
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(ByteString(text))
    hasher.combine(isNull)
  }

  /// Whether state and canonical text agree, wherever the values came from.
  package func hasSameContent(as other: Value) -> Bool {
    isNull == other.isNull && text.hasSameBytes(as: other.text)
  }
}
