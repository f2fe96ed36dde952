import Formats
import Primitives

/// A place in a document in the format's own names, by which repeated elements are found again after others came or went:
/// `DecLists/DecList[GNo=3]/GModel`, `DecCopLimits/DecCopLimit[2]/EntQualifNo`, `DecUsers/DecUser[+1]/UseOrgPersonCode` (an instance that only the
/// sending side holds, with its position in the original), `DecHead/?NewField` (a name that the structure does not know).
struct KeyedPath: Hashable, Sendable {
  enum Selector: Hashable, Sendable {
    case only
    /// Names below the instance, and the text there.
    case key(String, String)
    case position(Int)
    case added(Int)
  }

  struct Segment: Hashable, Sendable {
    let name: String
    let selector: Selector

    /// A name that the structure does not know.
    var isUnknown: Bool { name.utf8.first == 0x3F }
    /// The same of an element: an attribute is `?@Name`.
    var isUnknownElement: Bool { isUnknown && name.utf8.dropFirst().first != 0x40 }
  }

  var segments: [Segment] = []

  func appending(_ name: String, _ selector: Selector = .only) -> KeyedPath {
    KeyedPath(segments: segments + [Segment(name: name, selector: selector)])
  }

  var description: String {
    var text: [UInt8] = []
    for segment in segments { Self.append(segment.name, segment.selector, to: &text) }
    return String(decoding: text, as: UTF8.self)
  }

  /// A path that starts like another and has room for what mostly follows.
  static func begin(with outer: [UInt8]) -> [UInt8] {
    var text: [UInt8] = []
    text.reserveCapacity(outer.count + 48)
    text += outer
    return text
  }

  /// Writes one more segment behind those that are there.
  static func append(_ name: String, _ selector: Selector, to text: inout [UInt8]) {
    if !text.isEmpty { text.append(0x2F) }
    // A name that the structure does not know may be any text of a JSON member.
    if name.utf8.first == 0x3F { appendEscaped(name, to: &text) } else { text.append(contentsOf: name.utf8) }
    switch selector {
    case .only: return
    case .key(let path, let value):
      text.append(0x5B)
      text.append(contentsOf: path.utf8)
      text.append(0x3D)
      appendEscaped(value, to: &text)
    case .position(let position):
      text.append(0x5B)
      text.append(decimal: position)
    case .added(let position):
      text.append(contentsOf: "[+".utf8)
      text.append(decimal: position)
    }
    text.append(0x5D)
  }

  /// `[`, `]`, `/` and `%` as `%5B`, `%5D`, `%2F`, `%25`.
  private static func appendEscaped(_ value: String, to text: inout [UInt8]) {
    for byte in value.utf8 {
      switch byte {
      case 0x5B: text.append(contentsOf: "%5B".utf8)
      case 0x5D: text.append(contentsOf: "%5D".utf8)
      case 0x2F: text.append(contentsOf: "%2F".utf8)
      case 0x25: text.append(contentsOf: "%25".utf8)
      default: text.append(byte)
      }
    }
  }

  init(segments: [Segment] = []) { self.segments = segments }

  /// Parses what `description` writes.
  init?(_ text: String) {
    var segments: [Segment] = []
    var rest = text.utf8[...]
    while !rest.isEmpty {
      var end = rest.startIndex
      while end < rest.endIndex, rest[end] != 0x2F, rest[end] != 0x5B { end = rest.index(after: end) }
      let written = rest[..<end]
      guard let name = written.first == 0x3F ? Self.unescaped(written) : String(Substring(written)), !name.isEmpty else { return nil }
      rest = rest[end...]
      guard rest.first == 0x5B else {
        segments.append(Segment(name: name, selector: .only))
        if !rest.isEmpty {
          rest = rest.dropFirst()
          if rest.isEmpty { return nil }
        }
        continue
      }
      guard let close = rest.firstIndex(of: 0x5D) else { return nil }
      let inner = rest[rest.index(after: rest.startIndex)..<close]
      guard let selector = Self.selector(inner) else { return nil }
      segments.append(Segment(name: name, selector: selector))
      rest = rest[rest.index(after: close)...]
      if rest.isEmpty { break }
      guard rest.first == 0x2F else { return nil }
      rest = rest.dropFirst()
      if rest.isEmpty { return nil }
    }
    guard !segments.isEmpty else { return nil }
    self.segments = segments
  }

  private static func selector(_ text: Substring.UTF8View) -> Selector? {
    if let equals = text.firstIndex(of: 0x3D) {
      guard equals > text.startIndex, let value = unescaped(text[text.index(after: equals)...]) else { return nil }
      return .key(String(Substring(text[..<equals])), value)
    }
    let isAdded = text.first == 0x2B
    guard let number = Int(Substring(isAdded ? text.dropFirst() : text)), number > 0, number < 1_000_000, text.first != 0x2D else {
      return nil
    }
    return isAdded ? .added(number) : .position(number)
  }

  /// What ``appendEscaped(_:to:)`` wrote.
  private static func unescaped(_ text: Substring.UTF8View) -> String? {
    var bytes: [UInt8] = []
    var rest = text
    while let byte = rest.first {
      rest = rest.dropFirst()
      guard byte == 0x25 else {
        bytes.append(byte)
        continue
      }
      let pair = String(Substring(rest.prefix(2)))
      guard pair.utf8.count == 2, let value = UInt8(pair, radix: 16) else { return nil }
      bytes.append(value)
      rest = rest.dropFirst(2)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}

extension Draft {
  /// The text below a node down a path of structure nodes.
  func text(below node: Int32, _ path: Path) -> String? {
    var current = node
    for step in path.steps {
      current = first(step.node, of: current)
      guard current >= 0 else { return nil }
    }
    return nodes[Int(current)].text
  }

  /// Instances of a structure node that come out, under one parent.
  func living(_ structureNode: Int, of parent: Int32, name: String? = nil) -> [Int32] {
    instances(structureNode, of: parent, name: name).filter { nodes[Int($0)].output >= 0 }
  }

  /// How a node is named in a keyed path, and the selector among its siblings.
  func segment(_ node: Int32, plan: VariantPlan) -> KeyedPath.Segment {
    let entry = nodes[Int(node)]
    guard entry.structure >= 0 else { return .init(name: "?" + (entry.name ?? ""), selector: .only) }
    let kind = structure[Int(entry.structure)]
    let name = kind.step
    guard kind.isRepeated else { return .init(name: name, selector: .only) }
    let siblings = living(Int(entry.structure), of: entry.parent)
    guard let index = siblings.firstIndex(of: node) else { return .init(name: name, selector: .position(1)) }
    return .init(name: name, selector: selectors(of: siblings, plan: plan)[index])
  }

  /// The selectors of instances under one parent, in their order: by key where it tells them apart, by position otherwise.
  ///
  /// - Complexity: O(instances).
  func selectors(of siblings: [Int32], plan: VariantPlan) -> [KeyedPath.Selector] {
    var selectors = siblings.indices.map { KeyedPath.Selector.position($0 + 1) }
    guard let kind = siblings.first.map({ Int(nodes[Int($0)].structure) }), kind >= 0, let key = plan.groupAt[kind]?.key else {
      return selectors
    }
    let texts = siblings.map { text(below: $0, key.path) ?? "" }
    var counts: [ByteString: Int] = [:]
    for text in texts { counts[ByteString(text), default: 0] += 1 }
    let name = structure.path(key.path.target, from: kind)
    for (index, text) in texts.enumerated() where !text.isEmpty && counts[ByteString(text)] == 1 { selectors[index] = .key(name, text) }
    return selectors
  }

}

/// Makes the keyed paths of many nodes, all of which come out, as UTF-8: those around them are made once.
struct DraftPaths {
  private let draft: Draft
  private let plan: VariantPlan
  /// By node; empty: not made yet, or the root.
  private var paths: [[UInt8]]

  init(_ draft: Draft, plan: VariantPlan) {
    self.draft = draft
    self.plan = plan
    paths = Array(repeating: [], count: draft.nodes.count)
  }

  mutating func path(of node: Int32) -> [UInt8] {
    guard node > 0, paths[Int(node)].isEmpty else { return paths[Int(node)] }
    let parent = draft.nodes[Int(node)].parent
    let structureNode = Int(draft.nodes[Int(node)].structure)
    let outer = path(of: parent)
    guard structureNode >= 0, draft.structure[structureNode].isRepeated else {
      return add(draft.segment(node, plan: plan), to: outer, for: node)
    }
    // All instances at once: each one's selector is found among all of them.
    let siblings = draft.living(structureNode, of: parent)
    let selectors = draft.selectors(of: siblings, plan: plan)
    let name = draft.structure[structureNode].step
    for (sibling, selector) in zip(siblings, selectors) { _ = add(.init(name: name, selector: selector), to: outer, for: sibling) }
    return paths[Int(node)]
  }

  private mutating func add(_ segment: KeyedPath.Segment, to outer: [UInt8], for node: Int32) -> [UInt8] {
    var path = KeyedPath.begin(with: outer)
    KeyedPath.append(segment.name, segment.selector, to: &path)
    paths[Int(node)] = path
    return path
  }
}
