import Declarations
import Formats
import Primitives

/// Finds what does not come back by itself: compares the original with what writing back the partner's document gives.
struct ComplementMaker {
  private let source: BoundDocument
  private let returned: Draft
  private let profile: Profile
  private let structure: Structure
  private let plan: VariantPlan
  /// By node of the partner's document: node of the original that its text came from.
  private let origins: [Int32]
  /// The keyed path of the place that is being compared, as UTF-8.
  private var place: [UInt8] = []
  /// JSON: what the structure does not know.
  private lazy var unknown = Document.Subtrees(of: source.document)
  private var entries: [Complement.Entry] = []
  private var counts: [(path: String, count: Int)] = []
  private var orders: [(path: String, order: [Int])] = []
  /// How many values that came back were taken out so far, and how many elements are kept although nothing else would keep them.
  private var removed = 0
  private var kept = 0
  /// By node of the original: a leaf that does not come back as it was.
  private(set) var changed: [Bool]

  /// - Parameter returned: the finished draft of writing back.
  static func make(
    source: BoundDocument, returned: Draft, profile: Profile, plan: VariantPlan, economy: String, origins: [Int32]
  ) -> (complement: Complement, changed: [Bool]) {
    var maker = ComplementMaker(source: source, returned: returned, profile: profile, plan: plan, origins: origins)
    maker.compare(0, 0, in: 0)
    let variant = plan.variant
    var namespace: String?
    if source.document.syntax == .xml {
      let uri = source.document.namespace(source.document.root) ?? ""
      let written = profile.structure[0].namespace < 0 ? "" : profile.structure.namespaces[profile.structure[0].namespace].uri
      if !uri.hasSameBytes(as: written) { namespace = uri }
    }
    var complement = Complement(
      profile: profile.name, direction: variant.direction, economy: economy, shape: variant.shape.map { profile.structure.shapes[$0] },
      namespace: namespace,
      counts: maker.counts, orders: maker.orders, entries: maker.entries)
    let name = source.document.name(source.document.root)
    if source.document.syntax == .xml, !name.hasSameBytes(as: profile.structure[0].name) { complement.root = name }
    return (complement, maker.changed)
  }

  private init(source: BoundDocument, returned: Draft, profile: Profile, plan: VariantPlan, origins: [Int32]) {
    self.source = source
    self.returned = returned
    self.profile = profile
    structure = profile.structure
    self.plan = plan
    self.origins = origins
    changed = Array(repeating: false, count: source.document.count)
  }

  // MARK: Comparing

  /// Goes on one step further down; ``leave(_:)`` comes back.
  ///
  /// - Returns: the length of the path so far.
  private mutating func enter(_ name: String, _ selector: KeyedPath.Selector = .only) -> Int {
    let length = place.count
    KeyedPath.append(name, selector, to: &place)
    return length
  }

  private mutating func leave(_ length: Int) { place.removeSubrange(length...) }

  private var path: String { String(decoding: place, as: UTF8.self) }

  /// Compares a node of the original with its counterpart; -1: it has none.
  ///
  /// - Parameter outer: the innermost node that exists in what came back, above the counterpart.
  private mutating func compare(_ node: Int32, _ peer: Int32, in outer: Int32) {
    let document = source.document
    let id = Document.NodeID(index: node)
    let binding = Int(source.binding[Int(node)])
    let entry = structure[binding]
    if entry.isLeaf {
      let text = source.utf8(node) ?? []
      let alias =
        document.syntax == .xml && !entry.also.isEmpty && !document.name(id).hasSameBytes(as: entry.name) ? document.name(id) : nil
      let isNull = document.isNull(id)
      let isSame = !isNull && peer >= 0 && returned.nodes[Int(peer)].text.map { text.isUTF8(of: $0) } ?? false
      if !isSame { changed[Int(node)] = true }
      if !isSame || alias != nil {
        add(String(decoding: text, as: UTF8.self), isNull: isNull, alias, binding, peer < 0 ? outer : peer)
      }
      if entry.end == binding + 1, !document.children(id).contains(where: { _ in true }) { return }
    }
    var own: [(kind: Int32, node: Int32)] = []
    var hasChildren = false
    for child in document.children(id) {
      let kind = source.binding[Int(child.index)]
      hasChildren = true
      if kind >= 0 { own.append((kind, child.index)) } else if kind == BoundDocument.unknown { keepUnknown(child.index) }
    }
    var others: [(kind: Int32, node: Int32)] = []
    if peer >= 0 {
      var child = returned.nodes[Int(peer)].firstChild
      while child >= 0 {
        let kind = returned.nodes[Int(child)].structure
        if kind >= 0, returned.nodes[Int(child)].output >= 0 { others.append((kind, child)) }
        child = returned.nodes[Int(child)].nextSibling
      }
    }
    let (removedBefore, keptBefore) = (removed, kept)
    // Without content but white space, or null: what comes back in it is taken out below, unless the partner changes it.
    let space = entry.isLeaf ? "" : document.text(id) ?? ""
    if !entry.isLeaf, node != 0, document.isNull(id) || !space.isEmpty || !hasChildren && (peer < 0 || !others.isEmpty) {
      keep(space, isNull: document.isNull(id))
    }
    Self.sort(&own)
    Self.sort(&others)
    let inner = peer < 0 ? outer : peer
    var left = own[...]
    var right = others[...]
    while let kind = [left.first?.kind, right.first?.kind].compactMap({ $0 }).min() {
      let mine = left.prefix { $0.kind == kind }
      let theirs = right.prefix { $0.kind == kind }
      left = left.dropFirst(mine.count)
      right = right.dropFirst(theirs.count)
      let entry = structure[Int(kind)]
      if entry.isRepeated {
        compareLists(Int(kind), mine.map(\.node), theirs.map(\.node), in: inner, entry.step)
      } else {
        let length = enter(entry.step)
        if let first = mine.first {
          compare(first.node, theirs.first?.node ?? -1, in: inner)
        } else if let extra = theirs.first {
          removeAll(extra.node)
        }
        leave(length)
      }
    }
    // Nothing but constants is left of what came back, and the original has the element with them.
    if !entry.isLeaf, node != 0, peer >= 0, removed > removedBefore, kept == keptBefore, values(peer) == removed - removedBefore {
      keep("", isNull: false)
    }
  }

  /// The element stays although nothing in it does, with the white space that is all it holds.
  private mutating func keep(_ space: String, isNull: Bool) {
    entries.append(.init(path: path, text: space, isNull: isNull, name: nil, guards: []))
    kept += 1
  }

  /// Number of values at a node that came back and below it, constants not counted.
  private func values(_ node: Int32) -> Int {
    let entry = returned.nodes[Int(node)]
    guard entry.output >= 0 else { return 0 }
    return returned.children(node).reduce(entry.text != nil && !entry.isWeak ? 1 : 0) { $0 + values($1) }
  }

  /// By kind; of one kind in the order they came.
  private static func sort(_ list: inout [(kind: Int32, node: Int32)]) {
    for index in list.indices.dropFirst() where list[index].kind < list[index - 1].kind {
      list = list.enumerated().sorted { ($0.element.kind, $0.offset) < ($1.element.kind, $1.offset) }.map(\.element)
      return
    }
  }

  private mutating func compareLists(_ kind: Int, _ own: [Int32], _ others: [Int32], in outer: Int32, _ name: String) {
    // By own instance: the index of its counterpart; -1: it has none.
    var peers = [Int](repeating: -1, count: own.count)
    var isTaken = [Bool](repeating: false, count: others.count)
    if plan.groupAt[kind] != nil || !structure[kind].isLeaf {
      for (index, other) in others.enumerated() {
        if let position = provenance(other, kind).flatMap({ own.firstIndex(of: $0) }), peers[position] < 0 {
          peers[position] = index
          isTaken[index] = true
        }
      }
    }
    // What has no provenance is paired in order, and so are the lines of one text.
    let isList = plan.groupAt[kind] == nil && structure[kind].isLeaf
    var open = own.indices.filter { peers[$0] < 0 }[...]
    for (index, other) in others.enumerated() where !isTaken[index] && (isList || provenance(other, kind) == nil) {
      guard let position = open.popFirst() else { break }
      peers[position] = index
      isTaken[index] = true
    }
    let selectors = returned.selectors(of: others, plan: plan)
    let before = entries.count
    let ordersBefore = orders.count
    var usesPosition = false
    for (position, node) in own.enumerated() {
      if peers[position] < 0 {
        let length = enter(name, .added(position + 1))
        compare(node, -1, in: outer)
        leave(length)
      } else {
        let selector = selectors[peers[position]]
        let start = entries.count
        let length = enter(name, selector)
        compare(node, others[peers[position]], in: outer)
        leave(length)
        if case .position = selector, entries.count > start { usesPosition = true }
      }
    }
    for (index, other) in others.enumerated() where !isTaken[index] {
      let selector = selectors[index]
      if case .position = selector { usesPosition = true }
      let length = enter(name, selector)
      removeAll(other)
      leave(length)
    }
    let order = peers.map { $0 + 1 }
    let carried = order.filter { $0 > 0 }
    let length = enter(name)
    if zip(carried, carried.dropFirst()).contains(where: { $0 > $1 }) {
      orders.append((path: path, order: order))
      usesPosition = true
    }
    if usesPosition, entries.count > before || orders.count > ordersBefore { counts.append((path: path, count: others.count)) }
    leave(length)
  }

  /// The node of the original, of a kind, that something below a written node came from.
  private func provenance(_ node: Int32, _ kind: Int) -> Int32? {
    let entry = returned.nodes[Int(node)]
    if entry.text != nil, entry.origin >= 0, Int(entry.origin) < origins.count {
      var current = origins[Int(entry.origin)]
      while current >= 0 {
        if Int(source.binding[Int(current)]) == kind { return current }
        current = source.document.parent(.init(index: current))?.index ?? -1
      }
    }
    for child in returned.children(node) { if let found = provenance(child, kind) { return found } }
    return nil
  }

  // MARK: Entries

  private mutating func add(_ text: String?, isNull: Bool = false, _ alias: String?, _ leaf: Int, _ place: Int32) {
    let guards = ElementGuard.texts(leaf, at: place, in: returned, plan: plan, dictionary: profile.dictionary)
    entries.append(.init(path: path, text: text, isNull: isNull, name: alias, guards: guards))
  }

  private mutating func removeAll(_ node: Int32) {
    let entry = returned.nodes[Int(node)]
    guard entry.structure >= 0 else { return }
    guard returned.holdsText(node) else {
      // Made because the format requires it; the original does without.
      return entries.append(.init(path: path, text: nil, isNull: false, name: nil, guards: []))
    }
    if entry.text != nil, structure[Int(entry.structure)].isLeaf {
      add(nil, nil, Int(entry.structure), node)
      if !entry.isWeak { removed += 1 }
    }
    for child in returned.children(node) where returned.nodes[Int(child)].output >= 0 {
      let segment = returned.segment(child, plan: plan)
      let length = enter(segment.name, segment.selector)
      removeAll(child)
      leave(length)
    }
  }

  private mutating func keepUnknown(_ node: Int32) {
    let document = source.document
    let id = Document.NodeID(index: node)
    let isAttribute = document.kind(id) == .attribute
    // Several of one name under one parent are told apart by their position among the unknown ones.
    var position = 0
    if let parent = document.parent(id) {
      for sibling in document.children(parent)
      where source.binding[Int(sibling.index)] < 0 && document.name(sibling).hasSameBytes(as: document.name(id)) {
        position += 1
        if sibling == id { break }
      }
    }
    let length = enter("?" + (isAttribute ? "@" : "") + document.name(id), .added(position))
    if document.syntax == .json { return keepUnknownJSON(node, length) }
    changed[Int(node)] = true
    // One that only holds others, in no namespace, is made for them.
    let hasChildren = document.children(id).contains { _ in true }
    if document.text(id) != nil || document.namespace(id) != nil || document.isNull(id) || !hasChildren {
      entries.append(
        .init(path: path, text: document.text(id) ?? "", isNull: document.isNull(id), name: document.namespace(id), guards: []))
    }
    for child in document.children(id) { keepUnknown(child.index) }
    leave(length)
  }

  /// A member of JSON as the JSON of its value, so that numbers, arrays and what is empty stay what they are.
  private mutating func keepUnknownJSON(_ node: Int32, _ length: Int) {
    for inner in node..<source.ends[Int(node)] { changed[Int(inner)] = true }
    let subtree = unknown.subtree(.init(index: node))
    // A document that was parsed can be written.
    if var text = try? JSONFormat.write(subtree) {
      if subtree.isArrayElement(subtree.root) { text = [0x5B] + text + [0x5D] }
      entries.append(.init(path: path, text: String(decoding: text, as: UTF8.self), isNull: false, name: nil, guards: []))
    }
    leave(length)
  }
}
