import Formats
import Primitives
import Translation

/// Changes documents as documents, so that what comes out is still well-formed and often still valid.
package enum DocumentMutation {
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

  package static func ofTranslation(_ bytes: [UInt8], _ random: inout Chance) -> [UInt8]? {
    guard var way = FuzzTarget.Way(bytes) else { return nil }
    if random.below(16) == 0, let other = ofSample(&random).flatMap(FuzzTarget.Way.init) { way = other }
    var head = way.head
    if random.below(8) == 0, let to = random.pick(Repository.library.profiles) { head = Array("\(way.from.name) \(to.name)\n".utf8) }
    guard let document = try? Repository.translator.parse(way.body, as: way.from) else { return nil }
    var tree = MutableTree(document)
    if random.below(4) == 0, let sample = sample(of: way.from, &random),
      let donor = try? Repository.translator.parse(sample, as: way.from)
    {
      for _ in 0...random.below(3) { tree.graft(MutableTree(donor), &random) }
    }
    let other = changed(tree, &random)
    switch way.from.syntax {
    case .xml: return (try? XMLFormat.write(other, nullMark: way.from.nullMark)).map { head + $0 }
    case .json: return (try? JSONFormat.write(other)).map { head + $0 }
    case .edifact: return (try? EDIFACTFormat.write(other, grammar: way.from.grammar)).map { head + $0 }
    }
  }

  /// A valid document of a profile, of any without a name, on its way to the hub's formats, or now and then to any other.
  package static func ofSample(_ random: inout Chance, from name: String? = nil) -> [UInt8]? {
    let profiles = Repository.library.profiles
    guard let from = name.map({ Repository.library[$0] }) ?? random.pick(profiles), let sample = sample(of: from, &random) else {
      return nil
    }
    let peers = profiles.filter { $0.document == from.document }
    guard let to = random.pick(random.below(4) == 0 ? peers : peers.filter(\.isHub)) else { return nil }
    return Array("\(from.name) \(to.name)\n".utf8) + sample
  }

  private static func sample(of profile: Profile, _ random: inout Chance) -> [UInt8]? {
    let (seed, items, density) = (random.next(), 1 + random.below(3), random.pick([5, 20, 45, 90]))
    return try? profile.sample(seed: seed, items: items, density: density ?? 45)
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

  static func changed(_ document: Document, _ random: inout Chance) -> Document { changed(MutableTree(document), &random) }

  private static func changed(_ tree: MutableTree, _ random: inout Chance) -> Document {
    var tree = tree
    for _ in 0...random.below(3) { change(&tree, &random) }
    return tree.document
  }

  private static func change(_ tree: inout MutableTree, _ random: inout Chance) {
    let count = tree.root.count
    let place = random.below(count)
    let isJSON = tree.syntax == .json
    switch random.below(18) {
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
    case 11:
      // Nothing is left in an element, or white space.
      let text = random.pick(["", " ", "\n  ", "\t"])
      tree.change(place) { node in
        guard node.kind == .element, !node.children.isEmpty || node.text?.isEmpty == true else { return }
        if random.below(2) == 0 { node.children.removeAll { $0.kind == .element } } else { node.children.removeAll() }
        node.text = isJSON ? nil : text
      }
    case 12:
      let text = random.pick(["", "", " "]) ?? ""
      tree.change(place) { $0.blank(text, isNull: random.below(8) == 0) }
    case 13, 14:
      let unknown = unknown(&random, isJSON: isJSON, namespace: tree.node(place).namespace)
      tree.change(place) { node in
        guard node.kind == .element, !isJSON || node.text == nil && !node.isArray else { return }
        if unknown.kind == .element, !isJSON { node.text = nil }
        node.children.insert(unknown, at: random.below(node.children.count + 1))
      }
    case 15:
      guard isJSON else {
        let other = random.pick([nil, nil, "urn:odd", "http://www.chinaport.gov.cn/dec_3_1", tree.root.namespace]) ?? nil
        return tree.change(random.below(2) == 0 ? 0 : place) { $0.rename(other) }
      }
      tree.change(place) { node in
        if node.text != nil {
          let content = MutableTree.Node(name: "content", text: node.text)
          node.text = nil
          node.children = [content]
        } else if random.below(2) == 0 {
          node.emptyMembers.append(random.pick(texts) ?? "")
        } else {
          node.isArrayElement.toggle()
        }
      }
    default:
      tree.change(place) { node in
        guard node.kind == .element else { return }
        node.children.removeAll()
        node.text = nil
        node.scalar = random.below(2) == 0 ? .null : .string
      }
    }
  }

  /// Something that no format knows.
  private static func unknown(_ random: inout Chance, isJSON: Bool, namespace: String?) -> MutableTree.Node {
    let names = isJSON ? ["x", "", "a/b", "content", "@x", "?"] : ["x", "_", "é", "lang", "content"]
    var node = MutableTree.Node(name: random.pick(names) ?? "x", text: random.pick(texts))
    if !isJSON {
      node.namespace = random.pick([nil, namespace, "urn:odd", "http://www.w3.org/XML/1998/namespace"]) ?? nil
      if random.below(2) == 0 { node.kind = .attribute }
    }
    if random.below(3) == 0, node.kind == .element {
      node.text = nil
      node.children = (0..<random.below(3)).map { _ in MutableTree.Node(name: "y", namespace: node.namespace, text: random.pick(texts)) }
      if isJSON { for index in node.children.indices { node.children[index].isArrayElement = true } }
    }
    return node
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
