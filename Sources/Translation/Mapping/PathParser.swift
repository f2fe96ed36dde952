import Primitives

/// Parses and resolves the path language of mappings.
///
/// `Name`, `@attr`, `.`; steps separated by `/`; `Name[Child=const]`, `Name[Child!=const]`, `Name[!Child]`, `Name[3]`, several tests one after
/// another; a leading `/` starts at the root element. Constants may stand in single quotes.
struct PathParser {
  struct Failure: Error {
    let reason: String
  }

  let structure: Structure

  /// - Parameter context: the structure node that a relative path starts at.
  func parse(_ text: String, from context: Int) throws(Failure) -> Path {
    let isAbsolute = text.utf8.first == 0x2F
    let body = isAbsolute ? String(text.dropFirst()) : text
    if body == "." { return Path(isAbsolute: false, steps: [], target: context) }
    var steps: [Path.Step] = []
    var node = isAbsolute ? 0 : context
    for piece in try Self.split(body) {
      let (name, tests) = try Self.tests(piece)
      node = try child(name, of: node, in: text)
      var parsed: [Path.Test] = []
      for test in tests { parsed.append(try self.test(test, node: node, text: text)) }
      steps.append(.init(node: node, tests: parsed))
    }
    guard !steps.isEmpty else { throw Failure(reason: "the path is empty") }
    return Path(isAbsolute: isAbsolute, steps: steps, target: node)
  }

  private func child(_ name: String, of node: Int, in text: String) throws(Failure) -> Int {
    let isAttribute = name.utf8.first == 0x40
    let plain = isAttribute ? String(name.dropFirst()) : name
    guard let child = structure.child(plain, isAttribute: isAttribute, of: node) else {
      throw Failure(reason: "the path \(text) is not in the structure: \(structure.path(node)) has no \(name)")
    }
    return child
  }

  private func test(_ test: String, node: Int, text: String) throws(Failure) -> Path.Test {
    if let position = Int(test) {
      guard position > 0, position <= structure[node].max else {
        throw Failure(reason: "the position \(position) in \(text) is out of range")
      }
      return .position(position)
    }
    if test.utf8.first == 0x21 {
      let nodes = try below(node, test.dropFirst(), text)
      guard let last = nodes.last, structure[last].isLeaf else { throw Failure(reason: "the test [\(test)] in \(text) is not understood") }
      return .absent(nodes)
    }
    guard let equals = test.firstIndex(of: "=") else { throw Failure(reason: "the test [\(test)] in \(text) is not understood") }
    let isDifferent = equals > test.startIndex && test[test.index(before: equals)] == "!"
    let left = test[..<(isDifferent ? test.index(before: equals) : equals)]
    var right = test[test.index(after: equals)...]
    if right.utf8.count >= 2, right.utf8.first == 0x27, right.utf8.last == 0x27 { right = right.dropFirst().dropLast() }
    let nodes = try below(node, left, text)
    guard let last = nodes.last, structure[last].isLeaf, !right.isEmpty else {
      throw Failure(reason: "the test [\(test)] in \(text) is not understood")
    }
    return isDifferent ? .differs(nodes, String(right)) : .equals(nodes, String(right))
  }

  /// The nodes of steps below a node.
  private func below(_ node: Int, _ steps: Substring, _ text: String) throws(Failure) -> [Int] {
    var nodes: [Int] = []
    for name in steps.split(separator: "/") { nodes.append(try child(String(name), of: nodes.last ?? node, in: text)) }
    return nodes
  }

  private static func split(_ text: String) throws(Failure) -> [String] {
    var pieces: [String] = []
    var piece: [UInt8] = []
    var depth = 0
    for byte in text.utf8 {
      if byte == 0x5B { depth += 1 }
      if byte == 0x5D { depth -= 1 }
      if byte == 0x2F, depth == 0 {
        pieces.append(String(decoding: piece, as: UTF8.self))
        piece = []
      } else {
        piece.append(byte)
      }
    }
    pieces.append(String(decoding: piece, as: UTF8.self))
    guard depth == 0, pieces.allSatisfy({ !$0.isEmpty }) else { throw Failure(reason: "the path \(text) is malformed") }
    return pieces
  }

  private static func tests(_ piece: String) throws(Failure) -> (String, [String]) {
    guard let open = piece.firstIndex(of: "[") else { return (piece, []) }
    var tests: [String] = []
    var rest = piece[open...]
    while rest.first == "[" {
      guard let close = rest.firstIndex(of: "]") else { throw Failure(reason: "a bracket is not closed in \(piece)") }
      tests.append(String(rest[rest.index(after: rest.startIndex)..<close]))
      rest = rest[rest.index(after: close)...]
    }
    guard rest.isEmpty else { throw Failure(reason: "text after a bracket in \(piece)") }
    return (String(piece[..<open]), tests)
  }
}
