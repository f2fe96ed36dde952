import Primitives
import YAMLTree

/// Reads one map of the configuration file by key and collects everything that is wrong, instead of stopping at the first.
///
/// A reader that returns nil for a required key has noted why; ``finish()`` notes the keys that nobody asked for.
struct SettingsReader {
  private let node: YAMLNode
  /// Where the map stands, for example `/delivery`; "" is the whole file.
  private let path: String
  private var asked: Set<String> = []
  private(set) var problems: [Problem] = []

  init(_ node: YAMLNode, at path: String) {
    self.node = node
    self.path = path
    if case .mapping = node.content { return }
    note("config.type", nil, node.line, ["expected": "map"])
  }

  mutating func string(_ key: String, default value: String? = nil) -> String? {
    guard let found = take(key, required: value == nil) else { return value }
    guard let text = try? found.string(), !text.isEmpty else { return mistyped(key, found, "text") }
    return text
  }

  mutating func optionalString(_ key: String) -> String? {
    guard let found = take(key, required: false) else { return nil }
    guard let text = try? found.string(), !text.isEmpty else { return mistyped(key, found, "text") }
    return text
  }

  mutating func integer(_ key: String, in range: ClosedRange<Int>, default value: Int? = nil) -> Int? {
    guard let found = take(key, required: value == nil) else { return value }
    guard let number = try? found.integer() else { return mistyped(key, found, "integer") }
    guard range.contains(number) else {
      note("config.range", key, found.line, ["minimum": String(range.lowerBound), "maximum": String(range.upperBound)])
      return nil
    }
    return number
  }

  mutating func strings(_ key: String, default value: [String]? = nil) -> [String]? {
    guard let found = take(key, required: value == nil) else { return value }
    guard (try? found.list()) != nil, let texts = try? found.strings() else { return mistyped(key, found, "list of texts") }
    return texts
  }

  /// A map below this one, read by `body`. Returns nil when it is absent.
  mutating func section<Value>(_ key: String, required: Bool = true, _ body: (inout SettingsReader) -> Value?) -> Value? {
    guard let found = take(key, required: required) else { return nil }
    return read(found, at: "\(path)/\(key)", body)
  }

  /// A list of maps, each read by `body`.
  mutating func sections<Value>(_ key: String, required: Bool = true, _ body: (inout SettingsReader) -> Value?) -> [Value] {
    guard let found = take(key, required: required) else { return [] }
    guard let nodes = try? found.list() else {
      note("config.type", key, found.line, ["expected": "list"])
      return []
    }
    return nodes.enumerated().compactMap { read($1, at: "\(path)/\(key)/\($0)", body) }
  }

  /// Notes a problem with a key's value that only the caller can see.
  mutating func refuse(_ key: String, _ code: ErrorCode, _ facts: [String: String] = [:]) {
    note(code, key, node[key]?.line ?? node.line, facts)
  }

  /// - Returns: all problems of this map and of those below it.
  mutating func finish() -> [Problem] {
    if case .mapping(let members) = node.content {
      for member in members where !asked.contains(member.key) { note("config.key_unknown", member.key, member.line, [:]) }
    }
    return problems
  }

  private mutating func read<Value>(_ found: YAMLNode, at path: String, _ body: (inout SettingsReader) -> Value?) -> Value? {
    var reader = SettingsReader(found, at: path)
    let value = body(&reader)
    problems += reader.finish()
    return value
  }

  private mutating func take(_ key: String, required: Bool) -> YAMLNode? {
    asked.insert(key)
    let found = node[key]
    if found == nil, required { note("config.key_missing", key, node.line, [:]) }
    return found
  }

  private mutating func mistyped<Value>(_ key: String, _ found: YAMLNode, _ expected: String) -> Value? {
    note("config.type", key, found.line, ["expected": expected])
    return nil
  }

  private mutating func note(_ code: ErrorCode, _ key: String?, _ line: Int, _ facts: [String: String]) {
    let pointer = key.map { "\(path)/\($0)" } ?? path
    problems.append(Problem(code, pointer: pointer, line: line, facts: facts.merging(["key": key ?? path]) { old, _ in old }))
  }
}
