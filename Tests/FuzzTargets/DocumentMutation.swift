import Formats
import Primitives
import Translation

/// Changes documents as documents, so that what comes out is still well-formed and often still valid.
enum DocumentMutation {
  static func ofXML(_ bytes: [UInt8], _ random: inout Chance) -> [UInt8]? {
    guard let document = try? XMLFormat.parse(bytes) else { return nil }
    return try? XMLFormat.write(changed(document, &random))
  }

  static func ofJSON(_ bytes: [UInt8], _ random: inout Chance) -> [UInt8]? {
    guard let document = try? JSONFormat.parse(bytes) else { return nil }
    return try? JSONFormat.write(changed(document, &random))
  }

  /// Counts and references stay right: the writer makes them.
  static func ofEDIFACT(_ bytes: [UInt8], _ random: inout Chance) -> [UInt8]? {
    let grammar = random.below(2) == 0 ? Repository.grammar : nil
    guard let document = try? EDIFACTFormat.parse(bytes, grammar: grammar) else { return nil }
    return try? EDIFACTFormat.write(changed(document, &random), grammar: grammar)
  }

  static func ofTranslation(_ bytes: [UInt8], _ random: inout Chance) -> [UInt8]? {
    guard let way = FuzzTarget.Way(bytes) else { return nil }
    var head = way.head
    if random.below(8) == 0, let to = random.pick(Repository.library.profiles) { head = Array("\(way.from.id) \(to.id)\n".utf8) }
    guard let document = try? Repository.translator.parse(way.body, as: way.from) else { return nil }
    let other = changed(document, &random)
    switch way.from.syntax {
    case .xml: return (try? XMLFormat.write(other, nullMark: way.from.nullMark)).map { head + $0 }
    case .json: return (try? JSONFormat.write(other)).map { head + $0 }
    case .edifact: return (try? EDIFACTFormat.write(other, grammar: way.from.grammar)).map { head + $0 }
    }
  }

  /// Texts that are borders of some type.
  static let texts = [
    "", " ", "0", "-0", "1", "-1", "00", "0.0", "0.00001", "1.50", "1,5", "+1", "1e3", "NaN", "999", "9999999999999",
    "0.999999999999999999",
    "123456789012345678901234567890", "2026-02-29", "20240229", "2024-02-29T24:00:00Z", "2026-12-31T23:59:60Z", "20260101120000",
    "2026-01-01T00:00:00+14:00", "true", "false", "E", "I", "CN", "SG", "GB", "ZZ", "KGM", "EX", "IM", "a", "A B", "中文", "\u{20000}",
    "e\u{301}", "é", "'", "+", ":", "?", "*", "\"", "<&>", "]]>", "~", "|", "/", "\\", "\t", "\n", "\r\n", "\u{A0}", "\u{202E}", "\u{7F}",
    "\u{85}", "\u{FFFD}", " x ", "x ", "000001", "8471300000", "SHENZHEN", String(repeating: "X", count: 300),
  ]

  static func changed(_ document: Document, _ random: inout Chance) -> Document {
    var tree = MutableTree(document)
    for _ in 0...random.below(3) { change(&tree, &random) }
    return tree.document
  }

  private static func change(_ tree: inout MutableTree, _ random: inout Chance) {
    let count = tree.root.count
    let place = random.below(count)
    let isJSON = tree.syntax == .json
    switch random.below(12) {
    case 0...4: text(&tree, count, &random)
    case 5:
      tree.change(place) { node in
        if let child = node.children.indices.randomElement(using: &random) { node.children.remove(at: child) }
      }
    case 6, 7:
      tree.change(place) { node in
        guard let child = node.children.indices.randomElement(using: &random), node.children[child].kind == .element else { return }
        node.children.insert(node.children[child], at: child)
        node.children[child].isArrayElement = isJSON
        node.children[child + 1].isArrayElement = isJSON
      }
    case 8:
      tree.change(place) { node in
        guard let one = node.children.indices.randomElement(using: &random), let two = node.children.indices.randomElement(using: &random)
        else { return }
        node.children.swapAt(one, two)
      }
    case 9:
      let other = tree.node(random.below(count))
      guard other.count < 200, other.kind == .element else { return }
      tree.change(place) { node in
        guard node.kind == .element, node.text == nil else { return }
        node.children.insert(other, at: random.below(node.children.count + 1))
      }
    case 10:
      let other = tree.node(random.below(count))
      tree.change(place) { node in (node.name, node.namespace) = (other.name, other.namespace) }
    default:
      tree.change(place) { node in
        guard node.kind == .element else { return }
        node.children.removeAll()
        node.text = nil
        node.scalar = random.below(2) == 0 ? .null : .string
      }
    }
  }

  /// Another text for some leaf.
  private static func text(_ tree: inout MutableTree, _ count: Int, _ random: inout Chance) {
    let other = tree.node(random.below(count)).text
    for _ in 0..<8 {
      var isDone = false
      tree.change(random.below(count)) { node in
        guard let text = node.text else { return }
        isDone = true
        switch random.below(6) {
        case 0: node.text = other ?? text
        case 1: node.text = text + (random.pick(texts) ?? "")
        case 2: node.text = String(text.dropLast())
        case 3:
          var characters = Array(text)
          guard let position = characters.indices.randomElement(using: &random) else { return }
          characters[position] = random.pick(Array("0123456789AZaz .-+")) ?? "0"
          node.text = String(characters)
        case 4: node.scalar = random.pick([.string, .number, .bool, .string]) ?? .string
        default: node.text = random.pick(texts)
        }
      }
      if isDone { return }
    }
  }
}
