import Primitives
import YAMLTree

/// A structure or a mapping that extends another one (`extends: FILE`): what it does not say is as it is there.
///
/// The result is the file that a copy with the changes would be. Each part keeps the place that it was written at, so that what is wrong is
/// told of the file that says it; a change that finds nothing to change is refused.
enum Extension {
  enum Part { case structure, mapping }

  /// How many files one extends in turn.
  private static let depth = 4
  /// How many places one change may have: what doubles with each change ends here.
  private static let places = 10_000

  /// - Throws: `config.*`; `profile.extension_invalid` with file, line and reason.
  static func resolved(
    _ root: YAMLNode, _ part: Part, depth: Int = 0, load: (String) throws(CausewayError) -> YAMLNode = YAMLDocument.load
  ) throws(CausewayError) -> YAMLNode {
    guard let extends = root["extends"] else { return root }
    guard depth < Self.depth else { throw refusal(extends, "more than \(Self.depth) files extend each other") }
    let base = try resolved(try load(path(try extends.string(), from: root.file)), part, depth: depth + 1, load: load)
    let whole =
      switch part {
      case .structure: try StructureExtension(own: root).extending(base)
      case .mapping: try MappingExtension(own: root).extending(base)
      }
    return root.with(whole.content)
  }

  static func refusal(_ node: YAMLNode, _ reason: String) -> CausewayError {
    CausewayError("profile.extension_invalid", pointer: node.file, line: node.line, facts: ["reason": reason])
  }

  /// - Parameter found: how many places a change had.
  static func check(_ found: Int, _ change: YAMLNode, lacking reason: String) throws(CausewayError) {
    guard found > 0 else { throw refusal(change, reason) }
    guard found <= places else { throw refusal(change, "it changes more than \(places) places") }
  }

  /// A path that a file gives, without steps up.
  static func path(_ relative: String, from file: String) -> String {
    var steps = file.split(separator: "/", omittingEmptySubsequences: false).dropLast().map(String.init)
    for step in relative.split(separator: "/") {
      if step == "..", let last = steps.last, !["", ".", ".."].contains(last) { steps.removeLast() } else { steps.append(String(step)) }
    }
    return steps.joined(separator: "/")
  }
}

extension YAMLNode {
  /// The same node with other content.
  func with(_ content: Content) -> YAMLNode { YAMLNode(content, file: file, line: line) }

  /// A map with another value of a key, in its place or at the end; nil takes the key out.
  func setting(_ key: String, _ value: YAMLNode?) -> YAMLNode {
    guard case .mapping(var members) = content else { return self }
    let position = members.firstIndex { $0.key.hasSameBytes(as: key) }
    switch (position, value) {
    case (let position?, let value?): members[position] = Member(key: key, line: value.line, value: value)
    case (let position?, nil): members.remove(at: position)
    case (nil, let value?): members.append(Member(key: key, line: value.line, value: value))
    case (nil, nil): break
    }
    return with(.mapping(members))
  }

  /// A map with the values of another one; null takes a key out.
  func setting(_ changes: [Member]) -> YAMLNode {
    changes.reduce(self) { $0.setting($1.key, $1.value.isNull ? nil : $1.value) }
  }

  /// Whether both hold the same, wherever they stand; the order of a map does not count.
  func holdsSame(as other: YAMLNode) -> Bool {
    switch (content, other.content) {
    case (.null, .null): return true
    case (.scalar(let left), .scalar(let right)): return left.hasSameBytes(as: right)
    case (.sequence(let left), .sequence(let right)):
      return left.count == right.count && zip(left, right).allSatisfy { $0.holdsSame(as: $1) }
    case (.mapping(let left), .mapping(let right)):
      return left.count == right.count
        && left.allSatisfy { member in
          right.contains { $0.key.hasSameBytes(as: member.key) && $0.value.holdsSame(as: member.value) }
        }
    default: return false
    }
  }
}
