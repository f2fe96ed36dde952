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
  private var entries: [Complement.Entry] = []
  private var counts: [(path: String, count: Int)] = []
  private var orders: [(path: String, order: [Int])] = []
  /// Leaves of the original that do not come back as they were.
  private(set) var changed: Set<Int32> = []

  /// - Parameter returned: the finished draft of writing back.
  static func make(
    source: BoundDocument, returned: Draft, profile: Profile, plan: VariantPlan, economy: String, origins: [Int32]
  ) -> (complement: Complement, changed: Set<Int32>) {
    var maker = ComplementMaker(source: source, returned: returned, profile: profile, plan: plan, origins: origins)
    maker.compare(0, 0, KeyedPath())
    let variant = plan.variant
    var namespace: String?
    if source.document.syntax == .xml {
      let uri = source.document.namespace(source.document.root) ?? ""
      let written = profile.structure[0].namespace < 0 ? "" : profile.structure.namespaces[profile.structure[0].namespace].uri
      if !uri.utf8.elementsEqual(written.utf8) { namespace = uri }
    }
    let complement = Complement(
      profile: profile.name, direction: variant.direction, economy: economy, shape: variant.shape.map { profile.structure.shapes[$0] }, namespace: namespace,
      counts: maker.counts, orders: maker.orders, entries: maker.entries)
    return (complement, maker.changed)
  }

  private init(source: BoundDocument, returned: Draft, profile: Profile, plan: VariantPlan, origins: [Int32]) {
    self.source = source
    self.returned = returned
    self.profile = profile
    structure = profile.structure
    self.plan = plan
    self.origins = origins
  }

  // MARK: Comparing

  /// Compares a node of the original with its counterpart; -1: it has none.
  private mutating func compare(_ node: Int32, _ peer: Int32, _ path: KeyedPath) {
    let document = source.document
    let id = Document.NodeID(index: node)
    let binding = Int(source.binding[Int(node)])
    let entry = structure[binding]
    if entry.type != nil {
      let text = source.utf8(node).map { String(decoding: $0, as: UTF8.self) } ?? ""
      let other = peer < 0 ? nil : returned.nodes[Int(peer)].text
      let alias = document.syntax == .xml && !document.name(id).utf8.elementsEqual(entry.name.utf8) ? document.name(id) : nil
      if other.map({ !$0.utf8.elementsEqual(text.utf8) }) ?? true {
        changed.insert(node)
        add(path, text, alias, binding, peer)
      } else if alias != nil {
        add(path, text, alias, binding, peer)
      }
      if entry.end == binding + 1 { return }
    }
    var byKind: [Int: [Int32]] = [:]
    var hasChildren = false
    for child in document.children(id) {
      let kind = Int(source.binding[Int(child.index)])
      hasChildren = true
      if kind >= 0 { byKind[kind, default: []].append(child.index) } else if kind == Int(BoundDocument.unknown) { keepUnknown(child.index, path) }
    }
    if entry.type == nil, !hasChildren, peer < 0 || node == 0 {
      if node != 0 { entries.append(.init(path: path.description, text: "", name: nil, guards: [])) }
    }
    for kind in structure.children(binding) {
      let own = byKind[kind] ?? []
      let others = peer < 0 ? [] : returned.living(kind, of: peer)
      guard !own.isEmpty || !others.isEmpty else { continue }
      let name = (structure[kind].isAttribute ? "@" : "") + structure[kind].name
      if structure[kind].isRepeated { compareLists(kind, own, others, path, name) } else {
        if let first = own.first { compare(first, others.first ?? -1, path.appending(name)) } else if let extra = others.first { removeAll(extra, path.appending(name)) }
      }
    }
  }

  private mutating func compareLists(_ kind: Int, _ own: [Int32], _ others: [Int32], _ path: KeyedPath, _ name: String) {
    var peers = [Int32](repeating: -1, count: own.count)
    var isTaken = [Bool](repeating: false, count: others.count)
    if plan.groupAt[kind] != nil || structure[kind].type == nil {
      for (index, other) in others.enumerated() {
        if let position = provenance(other, kind).flatMap({ own.firstIndex(of: $0) }), peers[position] < 0 {
          peers[position] = other
          isTaken[index] = true
        }
      }
    }
    // What has no provenance is paired in order.
    var open = own.indices.filter { peers[$0] < 0 }[...]
    for (index, other) in others.enumerated() where !isTaken[index] && provenance(other, kind) == nil {
      guard let position = open.popFirst() else { break }
      peers[position] = other
      isTaken[index] = true
    }
    let before = entries.count
    let ordersBefore = orders.count
    var usesPosition = false
    for (position, node) in own.enumerated() {
      if peers[position] < 0 {
        compare(node, -1, path.appending(name, .added(position + 1)))
      } else {
        let selector = returned.selector(peers[position], among: others, plan: plan)
        let start = entries.count
        compare(node, peers[position], path.appending(name, selector))
        if case .position = selector, entries.count > start { usesPosition = true }
      }
    }
    for (index, other) in others.enumerated() where !isTaken[index] {
      let selector = returned.selector(other, among: others, plan: plan)
      if case .position = selector { usesPosition = true }
      removeAll(other, path.appending(name, selector))
    }
    let order = peers.map { peer in peer < 0 ? 0 : (others.firstIndex(of: peer) ?? -1) + 1 }
    let carried = order.filter { $0 > 0 }
    if zip(carried, carried.dropFirst()).contains(where: { $0 > $1 }) {
      orders.append((path: path.appending(name).description, order: order))
      usesPosition = true
    }
    if usesPosition, entries.count > before || orders.count > ordersBefore { counts.append((path: path.appending(name).description, count: others.count)) }
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

  private mutating func add(_ path: KeyedPath, _ text: String?, _ alias: String?, _ leaf: Int, _ peer: Int32) {
    let guards = ElementGuard.texts(leaf, at: peer < 0 ? anchor(path) : peer, in: returned, plan: plan, dictionary: profile.dictionary)
    entries.append(.init(path: path.description, text: text, name: alias, guards: guards))
  }

  /// The innermost node on a path that exists in what came back.
  private func anchor(_ path: KeyedPath) -> Int32 { ComplementApplier.innermost(path, in: returned, plan: plan) }

  private mutating func removeAll(_ node: Int32, _ path: KeyedPath) {
    let entry = returned.nodes[Int(node)]
    guard entry.structure >= 0 else { return }
    if entry.text != nil, structure[Int(entry.structure)].isLeaf { add(path, nil, nil, Int(entry.structure), node) }
    for child in returned.children(node) where returned.nodes[Int(child)].output >= 0 {
      let segment = returned.segment(child, plan: plan)
      removeAll(child, path.appending(segment.name, segment.selector))
    }
  }

  private mutating func keepUnknown(_ node: Int32, _ path: KeyedPath) {
    let document = source.document
    let id = Document.NodeID(index: node)
    let isAttribute = document.kind(id) == .attribute
    // Several of one name under one parent are told apart by their position among the unknown ones.
    var position = 0
    if let parent = document.parent(id) {
      for sibling in document.children(parent) where source.binding[Int(sibling.index)] < 0 && document.name(sibling).utf8.elementsEqual(document.name(id).utf8) {
        position += 1
        if sibling == id { break }
      }
    }
    let inner = path.appending("?" + (isAttribute ? "@" : "") + document.name(id), .added(position))
    changed.insert(node)
    entries.append(.init(path: inner.description, text: document.text(id) ?? "", name: document.namespace(id), guards: []))
    for child in document.children(id) { keepUnknown(child.index, inner) }
  }
}
