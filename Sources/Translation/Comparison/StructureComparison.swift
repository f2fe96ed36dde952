import Declarations
import Formats
import Primitives

/// Two versions of a structure, node by node.
///
/// A node's peer in the other version has the same name under the parent's peer, or one of the other names that the structure knows (`also`), or
/// stands for the same elements: then it was renamed or moved.
struct StructureComparison {
  let before: Profile
  let after: Profile
  /// By node of the first version: its node in the second; -1: it is gone.
  private(set) var peers: [Int]
  /// By node of the second version: whether the first has it.
  private var isKnown: [Bool]
  /// By node: ids of the elements that stand in its subtree.
  private let elementsBefore: [Set<ByteString>]
  private let elementsAfter: [Set<ByteString>]

  init(_ before: Profile, _ after: Profile) {
    self.before = before
    self.after = after
    peers = Array(repeating: -1, count: before.structure.count)
    isKnown = Array(repeating: false, count: after.structure.count)
    elementsBefore = Self.elements(before)
    elementsAfter = Self.elements(after)
    join(0, 0)
    pairChildren(0, 0)
    pairMoved()
  }

  private static func elements(_ profile: Profile) -> [Set<ByteString>] {
    let structure = profile.structure
    var elements = [Set<ByteString>](repeating: [], count: structure.count)
    for variant in profile.plan.variants {
      for (leaf, uses) in variant.uses.enumerated() {
        for use in uses { for element in use.rule.guarded { elements[leaf].insert(ByteString(profile.dictionary[element].id)) } }
      }
    }
    for node in structure.nodes.indices.reversed() where structure[node].parent >= 0 {
      elements[structure[node].parent].formUnion(elements[node])
    }
    return elements
  }

  // MARK: Peers

  private mutating func join(_ node: Int, _ peer: Int) {
    peers[node] = peer
    isKnown[peer] = true
  }

  private mutating func pairChildren(_ node: Int, _ peer: Int) {
    let (old, new) = (before.structure, after.structure)
    var pairs: [(Int, Int)] = []
    func pair(_ fits: (Int, Int) -> Bool) {
      for child in old.children(node) where !pairs.contains(where: { $0.0 == child }) {
        for candidate in new.children(peer) where old[child].isAttribute == new[candidate].isAttribute && fits(child, candidate) {
          guard !pairs.contains(where: { $0.1 == candidate }) else { continue }
          pairs.append((child, candidate))
          break
        }
      }
    }
    pair { old[$0].name.hasSameBytes(as: new[$1].name) && namespace($0) == newNamespace($1) }
    pair { old[$0].name.hasSameBytes(as: new[$1].name) }
    pair { old[$0].isLeaf == new[$1].isLeaf && (new[$1].goes(by: old[$0].name) || old[$0].goes(by: new[$1].name)) }
    // What stands for the same elements; of an element that holds others, for most of them.
    pair { child, candidate in
      let (mine, other) = (elementsBefore[child], elementsAfter[candidate])
      guard old[child].isLeaf == new[candidate].isLeaf, !mine.isEmpty else { return false }
      return old[child].isLeaf ? mine == other : mine.intersection(other).count * 2 > max(mine.count, other.count)
    }
    for (child, candidate) in pairs { join(child, candidate) }
    for (child, candidate) in pairs { pairChildren(child, candidate) }
  }

  /// Leaves without a peer whose elements have one place left in each version.
  private mutating func pairMoved() {
    func places(_ structure: Structure, _ elements: [Set<ByteString>], _ isFree: (Int) -> Bool) -> [Set<ByteString>: [Int]] {
      let free = structure.nodes.indices.filter { structure[$0].isLeaf && !elements[$0].isEmpty && isFree($0) }
      return Dictionary(grouping: free) { elements[$0] }
    }
    let old = places(before.structure, elementsBefore) { peers[$0] < 0 }
    let new = places(after.structure, elementsAfter) { !isKnown[$0] }
    for (elements, leaves) in old {
      if let found = new[elements], found.count == 1, leaves.count == 1 { join(leaves[0], found[0]) }
    }
  }

  private func namespace(_ node: Int) -> ByteString { Self.prefix(before.structure, node) }
  private func newNamespace(_ node: Int) -> ByteString { Self.prefix(after.structure, node) }

  private static func prefix(_ structure: Structure, _ node: Int) -> ByteString {
    let namespace = structure[node].namespace
    return ByteString(namespace < 0 ? "" : structure.namespaces[namespace].prefix)
  }

  // MARK: Changes

  func changes() -> [ProfileDifference.Change] {
    var changes: [ProfileDifference.Change] = []
    let (old, new) = (before.structure, after.structure)
    for node in old.nodes.indices {
      let parent = old[node].parent
      guard peers[node] >= 0 else {
        // The outermost speaks for what it holds.
        if parent < 0 || peers[parent] >= 0 { changes.append(gone(node)) }
        continue
      }
      if node > 0 { changes += name(node, peers[node]) }
      changes += compare(node, peers[node])
    }
    for node in new.nodes.indices where !isKnown[node] {
      let parent = new[node].parent
      if parent < 0 || isKnown[parent] { changes.append(added(node)) }
    }
    return changes
  }

  private func gone(_ node: Int) -> ProfileDifference.Change {
    .init(
      kind: .gone, effect: after.keepsUnknown ? .other : .narrower, path: before.structure.path(node),
      element: single(elementsBefore[node]), before: notation(before.structure, node))
  }

  private func added(_ node: Int) -> ProfileDifference.Change {
    let required = variants(after).filter { isRequired(node, after, $0.variant) }.map(\.label)
    return .init(
      kind: .new, effect: required.isEmpty ? .wider : .narrower, path: after.structure.path(node), element: single(elementsAfter[node]),
      only: required.count == variants(after).count ? [] : required,
      after: notation(after.structure, node) + (required.isEmpty ? "" : ", required"))
  }

  private func single(_ elements: Set<ByteString>) -> String? { elements.count == 1 ? elements.first?.string : nil }

  private func notation(_ structure: Structure, _ node: Int) -> String {
    if let type = structure[node].type { return type.notation }
    let leaves = (node..<structure[node].end).count { structure[$0].isLeaf }
    return "\(leaves) leaves"
  }

  private func name(_ node: Int, _ peer: Int) -> [ProfileDifference.Change] {
    let (old, new) = (before.structure[node], after.structure[peer])
    let (path, to) = (before.structure.path(node), after.structure.path(peer))
    guard old.parent >= 0, new.parent >= 0, peers[old.parent] == new.parent else {
      return [.init(kind: .moved, effect: .narrower, path: path, to: to, element: single(elementsBefore[node]))]
    }
    let isRead = before.syntax != .json && new.goes(by: old.name)
    let written: (String, String) = before.syntax == .json ? (old.jsonName, new.jsonName) : (old.name, new.name)
    if !written.0.hasSameBytes(as: written.1) {
      return [
        .init(
          kind: .renamed, effect: isRead ? .other : .narrower, path: path, to: to, element: single(elementsBefore[node]),
          before: written.0, after: written.1)
      ]
    }
    guard namespace(node) != newNamespace(peer), before.syntax == .xml else { return [] }
    return [
      .init(
        kind: .renamed, effect: .narrower, path: path, to: to, element: single(elementsBefore[node]),
        before: "namespace \(namespace(node))", after: "namespace \(newNamespace(peer))")
    ]
  }

  private func compare(_ node: Int, _ peer: Int) -> [ProfileDifference.Change] {
    let (old, new) = (before.structure[node], after.structure[peer])
    var changes: [ProfileDifference.Change] = []
    func add(_ kind: ProfileDifference.Kind, _ effect: ProfileDifference.Effect, _ was: String?, _ now: String?, only: [String] = []) {
      changes.append(
        .init(
          kind: kind, effect: effect, path: before.structure.path(node), element: single(elementsBefore[node]), only: only, before: was,
          after: now))
    }
    let common = variants(before).compactMap { variant in
      variants(after).first { $0.label.hasSameBytes(as: variant.label) }.map { (variant.label, variant.variant, $0.variant) }
    }
    let now = common.filter { !isRequired(node, before, $0.1) && isRequired(peer, after, $0.2) }.map(\.0)
    let noLonger = common.filter { isRequired(node, before, $0.1) && !isRequired(peer, after, $0.2) }.map(\.0)
    if !now.isEmpty { add(.required, .narrower, nil, nil, only: now.count == common.count ? [] : now) }
    if !noLonger.isEmpty { add(.optional, .wider, nil, nil, only: noLonger.count == common.count ? [] : noLonger) }
    if old.max != new.max || max(old.min, 1) != max(new.min, 1) {
      let isNarrower = new.max < old.max || max(new.min, 1) > max(old.min, 1)
      let isWider = new.max > old.max || max(new.min, 1) < max(old.min, 1)
      add(.cardinality, .of(isNarrower: isNarrower, isWider: isWider), Self.cardinality(old), Self.cardinality(new))
    }
    if old.type != new.type {
      let isSame = old.type.map { was in new.type.map { $0.takesAll(of: was) } ?? false } ?? false
      let isBack = new.type.map { now in old.type.map { $0.takesAll(of: now) } ?? false } ?? false
      add(.type, .of(isNarrower: !isSame, isWider: !isBack), notation(before.structure, node), notation(after.structure, peer))
    }
    if before.syntax == .json, old.jsonScalar != new.jsonScalar || old.isJSONObject != new.isJSONObject || old.jsonArray != new.jsonArray {
      add(.type, .narrower, Self.json(old), Self.json(new))
    }
    if old.pattern != new.pattern {
      let effect: ProfileDifference.Effect = old.pattern == nil ? .narrower : new.pattern == nil ? .wider : .other
      add(.pattern, effect, old.pattern?.source, new.pattern?.source)
    }
    changes += values(node, peer)
    if let order = order(node, peer) { changes.append(order) }
    return changes
  }

  /// Fixed values, and which lists there are; what lists hold is compared once for each list.
  private func values(_ node: Int, _ peer: Int) -> [ProfileDifference.Change] {
    let (old, new) = (before.structure[node], after.structure[peer])
    var changes: [ProfileDifference.Change] = []
    let path = before.structure.path(node)
    let (was, now) = (Set(old.values.map { ByteString($0) }), Set(new.values.map { ByteString($0) }))
    if was != now {
      let gone = old.values.filter { !now.contains(ByteString($0)) }
      let added = new.values.filter { !was.contains(ByteString($0)) }
      let isNarrower = was.isEmpty || !now.isEmpty && !gone.isEmpty
      changes.append(
        .init(
          kind: .values, effect: .of(isNarrower: isNarrower, isWider: now.isEmpty || !was.isEmpty && !added.isEmpty), path: path,
          element: single(elementsBefore[node]), gone: gone, new: added))
    }
    if !old.lists.elementsEqual(new.lists, by: { $0.hasSameBytes(as: $1) }) {
      func covers(_ lists: [CodeList], _ others: [CodeList]) -> Bool {
        lists.isEmpty || !others.isEmpty && others.allSatisfy { $0.entries.allSatisfy { code in lists.contains { $0.accepts(code.code) } } }
      }
      changes.append(
        .init(
          kind: .lists, effect: .of(isNarrower: !covers(new.codes, old.codes), isWider: !covers(old.codes, new.codes)), path: path,
          element: single(elementsBefore[node]), before: old.lists.isEmpty ? nil : old.lists.joined(separator: ", "),
          after: new.lists.isEmpty ? nil : new.lists.joined(separator: ", ")))
    }
    return changes
  }

  private func order(_ node: Int, _ peer: Int) -> ProfileDifference.Change? {
    guard before.syntax != .json else { return nil }
    let children = before.structure.children(node).filter { !before.structure[$0].isAttribute && peers[$0] >= 0 }
    let common = children.filter { after.structure[peers[$0]].parent == peer }
    let places = common.map { peers[$0] }
    guard places != places.sorted() else { return nil }
    let now = common.sorted { peers[$0] < peers[$1] }.map { after.structure[peers[$0]].name }
    return .init(
      kind: .order, effect: after.isOrderFree ? .other : .narrower, path: before.structure.path(node),
      before: common.map { before.structure[$0].name }.joined(separator: " "), after: now.joined(separator: " "))
  }

  // MARK: Variants

  /// Shapes by name, or directions; one without a name when there are neither.
  private func variants(_ profile: Profile) -> [(label: String, variant: Variant)] {
    profile.plan.variants.map { (label: profile.label($0.variant), variant: $0.variant) }
  }

  private func isRequired(_ node: Int, _ profile: Profile, _ variant: Variant) -> Bool {
    let structure = profile.structure
    guard structure[node].shape == nil, node > 0 else { return false }
    if let shape = structure.shape(of: node), shape != variant.shape { return false }
    return structure.isRequired(node, in: variant)
  }

  private static func cardinality(_ node: Structure.Node) -> String {
    node.min == node.max ? String(node.min) : "\(node.min)..\(node.max == .max ? "n" : String(node.max))"
  }

  private static func json(_ node: Structure.Node) -> String {
    let kind = node.isLeaf && !node.isJSONObject ? String(describing: node.jsonScalar) : "object"
    return node.jsonArray ? "array of \(kind)" : kind
  }
}

extension Profile {
  /// The name of a variant for people: its shape, else its direction, else nothing.
  func label(_ variant: Variant) -> String { variant.shape.map { structure.shapes[$0] } ?? variant.direction?.word ?? "" }
}
