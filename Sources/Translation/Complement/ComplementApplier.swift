import Declarations
import Formats
import Primitives

/// Puts a complement back into a document written from the partner's: a three-way merge in which the partner's changes win.
struct ComplementApplier {
  private var draft: Draft
  private let profile: Profile
  private let plan: VariantPlan
  private let complement: Complement
  /// Instances made by this complement, by the path that names them.
  private var added: [KeyedPath: Int32] = [:]
  /// Nodes that something is put into, and those around them.
  private var kept: Set<Int32> = [0]
  private var skipped: [(path: String, reason: Reason)] = []

  /// - Parameter draft: finished once, so that it is known what comes out.
  /// - Returns: the merged draft, and the entries that were not applied, with the reason.
  static func apply(_ complement: Complement, to draft: Draft, profile: Profile, plan: VariantPlan) -> (
    draft: Draft, skipped: [(path: String, reason: Reason)]
  ) {
    var applier = ComplementApplier(draft: draft, profile: profile, plan: plan, complement: complement)
    // The complement knows what came out. What did not takes no place among the instances, and does not come back to life beside them.
    for index in draft.nodes.indices where draft.nodes[index].output < 0 { applier.draft.remove(Int32(index)) }
    // Guards and positions are those of the document as written: all are looked up before anything is changed.
    let targets = complement.entries.map { applier.target($0, in: draft) }
    let lists = complement.orders.map { applier.list($0.path, in: draft) }
    for (entry, target) in zip(complement.entries, targets) where entry.text != nil { applier.keep(target) }
    // What goes makes room first: an instance of which nothing is left is not counted where others are put.
    for (entry, target) in zip(complement.entries, targets) where entry.text == nil { applier.apply(entry, target) }
    for (entry, target) in zip(complement.entries, targets) where entry.text != nil { applier.apply(entry, target) }
    for (order, list) in zip(complement.orders, lists) { if let list { applier.reorder(list, order.order) } }
    // Only a name that the structure knows: a complement comes from a file.
    if let name = complement.root, profile.structure[0].also.contains(where: { $0.hasSameBytes(as: name) }) {
      applier.draft.nodes[0].name = name
    }
    if let namespace = complement.namespace { applier.draft.namespaces = profile.structure.uris(root: namespace) }
    return (applier.draft, applier.skipped)
  }

  private enum Target {
    case node(Int32)
    /// The innermost existing node, and the segments to make below it.
    case below(Int32, from: Int)
    case skip(Reason)
    /// An entry's guard does not hold.
    case changed
  }

  private func count(_ path: KeyedPath) -> Int? {
    let text = path.description
    return complement.counts.first { $0.path.hasSameBytes(as: text) }?.count
  }

  private func target(_ entry: Complement.Entry, in original: Draft) -> Target {
    guard let path = KeyedPath(entry.path) else { return .skip(.instanceGone) }
    var node: Int32 = 0
    var index = 0
    var prefix = KeyedPath()
    walk: while index < path.segments.count {
      let segment = path.segments[index]
      guard !segment.isUnknown, let kind = Self.kind(segment, under: Int(original.nodes[Int(node)].structure), profile.structure) else {
        break
      }
      let siblings = original.living(kind, of: node)
      switch segment.selector {
      case .only:
        guard let found = siblings.first else { break walk }
        node = found
      case .added: break walk
      case .position(let position):
        if let count = count(prefix.appending(segment.name)), count != siblings.count { return .skip(.instanceGone) }
        guard position <= siblings.count else { return .skip(.instanceGone) }
        node = siblings[position - 1]
      case .key(_, let text):
        guard let key = plan.groupAt[kind]?.key,
          let found = siblings.first(where: { original.text(below: $0, key.path)?.hasSameBytes(as: text) ?? false })
        else { return .skip(.instanceGone) }
        node = found
      }
      prefix = prefix.appending(segment.name, segment.selector)
      index += 1
    }
    if !entry.guards.isEmpty, let leaf = Self.leaf(path, profile.structure) {
      let present = ElementGuard.texts(leaf, at: node, in: original, plan: plan, dictionary: profile.dictionary)
      guard ElementGuard.hold(entry.guards, present) else { return .changed }
    }
    return index == path.segments.count ? .node(node) : .below(node, from: index)
  }

  // MARK: Order

  /// Parent, structure node and instances of a list that is to be put in order; nil when the partner changed it.
  private func list(_ text: String, in original: Draft) -> (parent: Int32, kind: Int, instances: [Int32])? {
    guard let path = KeyedPath(text), let last = path.segments.last else { return nil }
    let outer = KeyedPath(segments: path.segments.dropLast())
    let parent = Self.innermost(outer, in: original, plan: plan)
    guard let kind = Self.kind(last, under: Int(original.nodes[Int(parent)].structure), profile.structure) else { return nil }
    let instances = original.living(kind, of: parent)
    return count(path) == instances.count ? (parent, kind, instances) : nil
  }

  private mutating func reorder(_ list: (parent: Int32, kind: Int, instances: [Int32]), _ order: [Int]) {
    guard order.allSatisfy({ $0 <= list.instances.count }) else { return }
    var made = draft.instances(list.kind, of: list.parent).filter { !list.instances.contains($0) }
    var sequence: [Int32] = []
    for position in order {
      if position > 0 { sequence.append(list.instances[position - 1]) } else if !made.isEmpty { sequence.append(made.removeFirst()) }
    }
    draft.order(sequence, under: list.parent)
  }

  private mutating func apply(_ entry: Complement.Entry, _ target: Target) {
    switch target {
    case .skip(let reason): skipped.append((path: entry.path, reason: reason))
    case .changed:
      skipped.append((path: entry.path, reason: .changedByPartner))
    case .node(let node): set(entry, node)
    case .below(let parent, let index):
      guard let path = KeyedPath(entry.path), entry.text != nil else { return }
      var node = parent
      for position in index..<path.segments.count {
        // Elements that the structure does not know stood in a leaf without a value: the one that it has now takes their place. An object of
        // JSON has room for both.
        if profile.syntax != .json, path.segments[position].isUnknownElement, let text = draft.nodes[Int(node)].text, !text.isEmpty {
          skipped.append((path: entry.path, reason: .changedByPartner))
          return
        }
        let prefix = KeyedPath(segments: Array(path.segments[...position]))
        guard let next = make(path.segments[position], prefix, under: node) else {
          skipped.append((path: entry.path, reason: .noPlace))
          return
        }
        node = next
      }
      set(entry, node)
    }
  }

  private mutating func make(_ segment: KeyedPath.Segment, _ prefix: KeyedPath, under parent: Int32) -> Int32? {
    if let known = added[prefix] { return known }
    let made: Int32
    if segment.isUnknown {
      made = draft.append(-1, to: parent)
      draft.nodes[Int(made)].name = String(segment.name.dropFirst())
    } else {
      let structureNode = Int(draft.nodes[Int(parent)].structure)
      guard let kind = Self.kind(segment, under: structureNode, profile.structure) else { return nil }
      if case .added(let position) = segment.selector {
        made = draft.insert(kind, to: parent, at: position)
      } else {
        let found = draft.first(kind, of: parent)
        made = found >= 0 ? found : draft.append(kind, to: parent)
      }
    }
    added[prefix] = made
    return made
  }

  private mutating func keep(_ target: Target) {
    var node: Int32
    switch target {
    case .node(let found), .below(let found, _): node = found
    case .skip, .changed: return
    }
    while kept.insert(node).inserted { node = draft.nodes[Int(node)].parent }
  }

  /// Removes the instances around a removed node that hold nothing any more.
  private mutating func removeEmpty(above node: Int32) {
    var parent = draft.nodes[Int(node)].parent
    while !kept.contains(parent), !holds(parent) {
      let structureNode = Int(draft.nodes[Int(parent)].structure)
      if structureNode >= 0, profile.structure[structureNode].isRepeated { draft.remove(parent) }
      parent = draft.nodes[Int(parent)].parent
    }
  }

  /// Something that is no constant stands at a node or below it.
  private func holds(_ node: Int32) -> Bool {
    let entry = draft.nodes[Int(node)]
    guard !entry.isRemoved else { return false }
    if entry.isKept || (!entry.isWeak && entry.text != nil) { return true }
    var child = entry.firstChild
    while child >= 0 {
      if holds(child) { return true }
      child = draft.nodes[Int(child)].nextSibling
    }
    return false
  }

  private mutating func set(_ entry: Complement.Entry, _ node: Int32) {
    guard let text = entry.text else {
      draft.nodes[Int(node)].text = nil
      draft.nodes[Int(node)].isRemoved = !draft.holdsText(node)
      removeEmpty(above: node)
      return
    }
    let structureNode = Int(draft.nodes[Int(node)].structure)
    if structureNode < 0 {
      draft.nodes[Int(node)].isRestored = true
      if profile.syntax == .json {
        draft.nodes[Int(node)].isKept = true
        return restoreJSON(text, entry.path, node)
      }
      draft.nodes[Int(node)].namespace = entry.name
      draft.nodes[Int(node)].text = text.isEmpty ? nil : text
      draft.nodes[Int(node)].isKept = true
      draft.nodes[Int(node)].isNull = entry.isNull
      return
    }
    if profile.structure[structureNode].isLeaf {
      draft.nodes[Int(node)].text = entry.isNull ? nil : text
      draft.nodes[Int(node)].isNull = entry.isNull
      draft.nodes[Int(node)].isKept = entry.isNull
      draft.nodes[Int(node)].isWeak = false
      draft.nodes[Int(node)].isRestored = true
      draft.nodes[Int(node)].name = entry.name
    } else {
      if !text.isEmpty, LeafType.trimmed(Array(text.utf8)[...]).isEmpty { draft.nodes[Int(node)].space = text }
      draft.nodes[Int(node)].isKept = true
      draft.nodes[Int(node)].isNull = entry.isNull
      draft.nodes[Int(node)].isRestored = entry.isNull
    }
  }

  /// A member that the structure does not know, from the JSON of its value.
  private mutating func restoreJSON(_ text: String, _ path: String, _ node: Int32) {
    guard let document = try? JSONFormat.parse(Array(text.utf8)) else {
      draft.remove(node)
      skipped.append((path: path, reason: .noPlace))
      return
    }
    // An element of an array was kept as an array of one.
    let element = document.isArray(document.root) ? document.children(document.root).first { _ in true } : nil
    draft.subtrees[node] = element.map { Document.Subtrees(of: document).subtree($0) } ?? document
  }

  // MARK: Paths

  static func kind(_ segment: KeyedPath.Segment, under structureNode: Int, _ structure: Structure) -> Int? {
    guard structureNode >= 0 else { return nil }
    let isAttribute = segment.name.utf8.first == 0x40
    return structure.child(isAttribute ? String(segment.name.dropFirst()) : segment.name, isAttribute: isAttribute, of: structureNode)
  }

  /// The structure node that a path leads to.
  static func leaf(_ path: KeyedPath, _ structure: Structure) -> Int? {
    var node = 0
    for segment in path.segments {
      guard let next = kind(segment, under: node, structure) else { return nil }
      node = next
    }
    return node
  }

  /// The innermost node on a path that exists in a finished draft.
  static func innermost(_ path: KeyedPath, in draft: Draft, plan: VariantPlan) -> Int32 {
    var node: Int32 = 0
    for segment in path.segments {
      guard !segment.isUnknown, let kind = kind(segment, under: Int(draft.nodes[Int(node)].structure), draft.structure) else { return node }
      let siblings = draft.living(kind, of: node)
      var next: Int32?
      switch segment.selector {
      case .only: next = siblings.first
      case .position(let position): next = position <= siblings.count ? siblings[position - 1] : nil
      case .key(_, let text):
        if let key = plan.groupAt[kind]?.key {
          next = siblings.first { draft.text(below: $0, key.path)?.hasSameBytes(as: text) ?? false }
        }
      case .added: next = nil
      }
      guard let next else { return node }
      node = next
    }
    return node
  }
}
