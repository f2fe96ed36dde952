package import Primitives

/// Where something stands in a file.
package struct YAMLPlace: Hashable, Sendable, CustomStringConvertible {
  package let file: String
  /// From 1.
  package let line: Int

  package init(file: String, line: Int) {
    self.file = file
    self.line = line
  }

  package var description: String { "\(file):\(line)" }
}

/// A node of a YAML document as neutral data: text, list or map, with the place it stands in.
///
/// Scalars stay the text that was written: nothing turns `NO` into a boolean, `1.10` into a number or `041` into 41. What a text means is
/// decided by who asks (`string`, `integer`, `flag`).
package struct YAMLNode: Sendable {
  package enum Content: Sendable {
    case scalar(String)
    case sequence([YAMLNode])
    case mapping([Member])
    /// Nothing, `~` or `null` without quotes.
    case null
  }

  package struct Member: Sendable {
    package let key: String
    /// Line of the key, from 1.
    package let line: Int
    package let value: YAMLNode

    package init(key: String, line: Int, value: YAMLNode) {
      self.key = key
      self.line = line
      self.value = value
    }
  }

  package let content: Content
  /// Name of the file, for messages.
  package let file: String
  /// From 1.
  package let line: Int

  package init(_ content: Content, file: String, line: Int) {
    self.content = content
    self.file = file
    self.line = line
  }

  /// Where the node was written, whatever was changed in it since.
  package var place: YAMLPlace { YAMLPlace(file: file, line: line) }

  /// Where what is wrong with it is put right: the change that another file made to a member, or the node itself.
  package var blame: YAMLPlace {
    guard case .mapping(let members) = content, let change = members.first(where: { !$0.value.file.hasSameBytes(as: file) }) else {
      return place
    }
    return change.value.place
  }

  package var isNull: Bool { if case .null = content { true } else { false } }

  /// What is wrong here: `config.yaml_invalid` with file, line and reason.
  package func problem(_ reason: String) -> Problem {
    Problem("config.yaml_invalid", pointer: blame.file, line: blame.line, facts: ["reason": reason])
  }

  package func error(_ reason: String) -> CausewayError { CausewayError(problem(reason)) }

  // What follows throws `config.yaml_invalid` when the node is of another shape.

  /// The text of a scalar; may be empty when it is quoted.
  package func string() throws(CausewayError) -> String {
    guard case .scalar(let text) = content else { throw error("a text is expected here") }
    return text
  }

  /// A whole number, written in decimal digits.
  package func integer() throws(CausewayError) -> Int {
    guard case .scalar(let text) = content, let value = Int(text), text.utf8.first != 0x2B else {
      throw error("a whole number is expected here")
    }
    return value
  }

  /// `true` or `false`.
  package func flag() throws(CausewayError) -> Bool {
    switch content {
    case .scalar("true"): return true
    case .scalar("false"): return false
    default: throw error("true or false is expected here")
    }
  }

  package func list() throws(CausewayError) -> [YAMLNode] {
    guard case .sequence(let nodes) = content else { throw error("a list is expected here") }
    return nodes
  }

  /// A list of texts; a single text counts as a list of one.
  package func strings() throws(CausewayError) -> [String] {
    switch content {
    case .scalar(let text): return [text]
    case .sequence(let nodes):
      var texts: [String] = []
      for node in nodes { texts.append(try node.string()) }
      return texts
    case .mapping, .null: throw error("a text or a list of texts is expected here")
    }
  }

  package func members() throws(CausewayError) -> [Member] {
    guard case .mapping(let members) = content else { throw error("a map is expected here") }
    return members
  }

  /// The value of a key of a map, or nil when the key is not there, its value is null, or this is no map.
  package subscript(_ key: String) -> YAMLNode? {
    guard case .mapping(let members) = content else { return nil }
    guard let member = members.first(where: { $0.key.hasSameBytes(as: key) }), !member.value.isNull else { return nil }
    return member.value
  }

  /// The value of a key that must be there.
  package func required(_ key: String) throws(CausewayError) -> YAMLNode {
    _ = try members()
    guard let value = self[key] else { throw error("\(key) is missing") }
    return value
  }

  /// Refuses keys other than those named, so that a misspelt key is not silently without effect.
  package func allow(_ keys: Set<String>) throws(CausewayError) {
    for member in try members() where !keys.contains(member.key) {
      let reason = "the key \(member.key) is not known here"
      throw CausewayError("config.yaml_invalid", pointer: member.value.file, line: member.line, facts: ["reason": reason])
    }
  }
}
