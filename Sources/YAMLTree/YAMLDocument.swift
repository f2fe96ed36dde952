import FoundationEssentials
package import Primitives
import Yams

/// Reading of YAML: the one place that knows the YAML library.
package enum YAMLDocument {
  /// Bounds of a configuration file.
  package enum Limit {
    package static let bytes = 4 << 20
    package static let depth = 64
  }

  /// Parses one document.
  ///
  /// Refused: more than one document, duplicate keys, keys that are not texts, anchors and aliases, explicit tags of types, texts that
  /// are not UTF-8, more than `Limit` allows.
  /// - Throws: `config.yaml_invalid` with file, line and reason.
  package static func parse(_ bytes: [UInt8], file: String) throws(CausewayError) -> YAMLNode {
    func invalid(_ reason: String, line: Int = 1) -> CausewayError {
      CausewayError("config.yaml_invalid", pointer: file, line: line, facts: ["reason": reason])
    }
    guard bytes.count <= Limit.bytes else { throw invalid("the file has more than \(Limit.bytes) bytes") }
    guard let text = String(validating: bytes, as: UTF8.self) else { throw invalid("the file is not UTF-8") }
    guard flowDepth(bytes) <= Limit.depth else { throw invalid("it is nested more than \(Limit.depth) levels deep") }
    let root: Node
    let parser: Parser
    do {
      parser = try Parser(yaml: text, resolver: .basic, constructor: .default, encoding: .utf8)
      guard let node = try parser.singleRoot() else { throw invalid("the file is empty") }
      root = node
    } catch let error as CausewayError {
      throw error
    } catch let error as YamlError {
      throw invalid(reason(error), line: line(error))
    } catch {
      throw invalid("it cannot be read")
    }
    // The parser owns the anchors; it has to live until every node was looked at.
    return try withExtendedLifetime(parser) { () throws(CausewayError) in try neutral(root, file: file, depth: 1) }
  }

  /// Reads and parses a file.
  ///
  /// - Throws: `config.file_missing`, `config.yaml_invalid`.
  package static func load(_ path: String) throws(CausewayError) -> YAMLNode {
    guard let data = FileManager.default.contents(atPath: path) else { throw CausewayError("config.file_missing", pointer: path) }
    return try parse([UInt8](data), file: path)
  }

  private static func neutral(_ node: Node, file: String, depth: Int) throws(CausewayError) -> YAMLNode {
    let line = node.mark?.line ?? 1
    func invalid(_ reason: String) -> CausewayError {
      CausewayError("config.yaml_invalid", pointer: file, line: line, facts: ["reason": reason])
    }
    guard depth <= Limit.depth else { throw invalid("it is nested more than \(Limit.depth) levels deep") }
    guard node.anchor == nil else { throw invalid("anchors and aliases are not used") }
    switch node {
    case .scalar(let scalar):
      guard hasNoTag(scalar.tag) else { throw invalid("explicit tags are not used") }
      let isNull = scalar.style == .plain && ["", "~", "null"].contains(scalar.string)
      return YAMLNode(isNull ? .null : .scalar(scalar.string), file: file, line: line)
    case .sequence(let sequence):
      guard hasNoTag(sequence.tag) else { throw invalid("explicit tags are not used") }
      var nodes: [YAMLNode] = []
      nodes.reserveCapacity(sequence.count)
      for element in sequence { nodes.append(try neutral(element, file: file, depth: depth + 1)) }
      return YAMLNode(.sequence(nodes), file: file, line: line)
    case .mapping(let mapping):
      guard hasNoTag(mapping.tag) else { throw invalid("explicit tags are not used") }
      var members: [YAMLNode.Member] = []
      members.reserveCapacity(mapping.count)
      for (key, value) in mapping {
        guard case .scalar(let name) = key, key.anchor == nil else { throw invalid("a key is not a text") }
        let value = try neutral(value, file: file, depth: depth + 1)
        members.append(YAMLNode.Member(key: name.string, line: key.mark?.line ?? line, value: value))
      }
      return YAMLNode(.mapping(members), file: file, line: line)
    case .alias: throw invalid("anchors and aliases are not used")
    }
  }

  /// The resolver without rules gives each node the tag of its shape; any other tag was written out. Names are compared: to make a `Tag` costs more than
  /// everything else that is done with a node.
  private static func hasNoTag(_ tag: Tag) -> Bool { ownTags.contains(tag.description) }

  private static let ownTags = Set([Tag.Name.implicit, .nonSpecific, .str, .seq, .map].map(\.rawValue))

  /// Upper bound of the nesting of brackets and of block indentation, counted before the recursive library sees the text.
  private static func flowDepth(_ bytes: [UInt8]) -> Int {
    var depth = 0
    var deepest = 0
    var dashes = 0
    var isLineStart = true
    for byte in bytes {
      switch byte {
      case 0x5B, 0x7B:
        depth += 1
        deepest = max(deepest, depth)
        isLineStart = false
      case 0x5D, 0x7D:
        depth = max(0, depth - 1)
        isLineStart = false
      case 0x0A:
        isLineStart = true
        dashes = 0
      case 0x2D where isLineStart:
        dashes += 1
        deepest = max(deepest, dashes)
      case 0x20: break
      default: isLineStart = false
      }
    }
    return deepest
  }

  private static func line(_ error: YamlError) -> Int {
    switch error {
    case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark.line
    case .duplicatedKeysInMapping(_, let context): context.mark.line
    default: 1
    }
  }

  private static func reason(_ error: YamlError) -> String {
    switch error {
    case .scanner(_, let problem, _, _), .parser(_, let problem, _, _), .composer(_, let problem, _, _): problem
    case .duplicatedKeysInMapping(let duplicates, _): "a key is given twice: \(duplicates.joined(separator: ", "))"
    default: "it is not YAML"
    }
  }
}
