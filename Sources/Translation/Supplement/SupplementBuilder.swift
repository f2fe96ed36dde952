import Declarations
import Primitives

/// Finds the required leaves of a finished draft that are not filled.
struct SupplementBuilder {
  let draft: Draft
  let profile: Profile
  let plan: VariantPlan
  /// Why an element did not arrive.
  struct Failure {
    let reason: Reason
    let candidates: [String]
    /// The candidates are codes of the target: writing failed. Those of reading are canonical ones.
    let isWriting: Bool
  }

  /// Why elements did not arrive, by place; asked about those for which the answer is `true` only. The innermost explanation wins.
  var failures: ((ElementIndex) -> Bool) -> [ElementPath: Failure] = { _ in [:] }
  /// By element: it stayed with the other side, or the release policy kept it, wherever it stood. Empty: nothing did.
  var ownSide: [Bool] = []
  var withheld: [Bool] = []
  var steps: (Int32) -> [ElementPath.Step] = { _ in [] }

  /// A required leaf that is not filled, below a node of the draft.
  private struct Place {
    let leaf: Int
    let parent: Int32
    /// The leaf whose attribute it is, when that is missing as well.
    let holder: Int?
  }

  func request() -> SupplementRequest {
    var missing = missingPlaces()
    // In the order of the document.
    missing.sort { (draft.nodes[Int($0.parent)].output, $0.leaf) < (draft.nodes[Int($1.parent)].output, $1.leaf) }
    var isAsked = [Bool](repeating: false, count: missing.isEmpty ? 0 : profile.dictionary.elements.count)
    for place in missing { for use in plan.uses[place.leaf] { for element in use.rule.elements { isAsked[Int(element.raw)] = true } } }
    let failures = missing.isEmpty ? [:] : failures { isAsked[Int($0.raw)] }
    var isFailed = [Bool](repeating: false, count: isAsked.count)
    for path in failures.keys { isFailed[Int(path.element.raw)] = true }
    // Leaves of one parent follow each other.
    var paths = DraftPaths(draft, plan: plan)
    var parent: (node: Int32, path: [UInt8], steps: [ElementPath.Step]) = (-1, [], [])
    var items: [SupplementRequest.Item] = []
    items.reserveCapacity(missing.count)
    for place in missing {
      if place.parent != parent.node {
        parent = (place.parent, paths.path(of: place.parent), instance(around: place.parent))
      }
      items.append(item(place, in: parent.path, parent.steps, failures, isFailed))
    }
    return SupplementRequest(
      profile: profile.name, direction: draft.variant.direction, shape: draft.variant.shape.map { draft.structure.shapes[$0] }, items: items
    )
  }

  /// In the order of the draft's nodes.
  private func missingPlaces() -> [Place] {
    let nodes = draft.nodes
    let required = plan.requirements.leaves
    var missing: [Place] = []
    var states = [State](repeating: .absent, count: draft.structure.count)
    for index in nodes.indices where nodes[index].output >= 0 && nodes[index].structure >= 0 {
      let structure = Int(nodes[index].structure)
      guard !required[structure].isEmpty else { continue }
      Self.forEachChild(of: index, in: nodes) { child, structure in
        if states[structure] != .filled { states[structure] = Self.isFilled(nodes[child]) ? .filled : .empty }
      }
      for leaf in required[structure] where states[leaf] != .filled {
        missing.append(Place(leaf: leaf, parent: Int32(index), holder: nil))
        // The attributes that the leaf will need: asked with it, not in a second round. A leaf that is there is visited itself.
        guard states[leaf] == .absent else { continue }
        for attribute in required[leaf] { missing.append(Place(leaf: attribute, parent: Int32(index), holder: leaf)) }
      }
      Self.forEachChild(of: index, in: nodes) { _, structure in states[structure] = .absent }
    }
    return missing
  }

  /// The group instance that a node was written for, or that stands around it.
  private func instance(around node: Int32) -> [ElementPath.Step] {
    var current = node
    while current >= 0 {
      let record = draft.nodes[Int(current)].group
      if record >= 0 { return steps(draft.groups[Int(record)].instance) }
      current = draft.nodes[Int(current)].parent
    }
    return []
  }

  /// What stands in the place of a leaf, under one parent.
  private enum State { case absent, empty, filled }

  /// The children of a node that come out and that the structure knows.
  private static func forEachChild(of node: Int, in nodes: [Draft.Node], _ body: (_ child: Int, _ structure: Int) -> Void) {
    var child = nodes[node].firstChild
    while child >= 0 {
      if nodes[Int(child)].output >= 0, nodes[Int(child)].structure >= 0 { body(Int(child), Int(nodes[Int(child)].structure)) }
      child = nodes[Int(child)].nextSibling
    }
  }

  private static func isFilled(_ node: Draft.Node) -> Bool {
    guard let text = node.text else { return false }
    return !text.utf8.allSatisfy(LeafType.isSpace)
  }

  private func item(
    _ place: Place, in parent: [UInt8], _ steps: [ElementPath.Step], _ failures: [ElementPath: Failure], _ isFailed: [Bool]
  ) -> SupplementRequest.Item {
    let node = draft.structure[place.leaf]
    let name = node.step
    var path = KeyedPath.begin(with: parent)
    if let holder = place.holder.map({ draft.structure[$0] }) {
      KeyedPath.append(holder.name, holder.isRepeated ? .position(1) : .only, to: &path)
    }
    KeyedPath.append(name, node.isRepeated ? .position(1) : .only, to: &path)
    let use = use(of: place.leaf, under: place.parent)
    let (reason, candidates, element) = explanation(use, place.leaf, in: steps, failures, isFailed)
    // A leaf without a list of its own takes the codes of its element as they are.
    var list = node.lists.first
    if list == nil, case .field(let field, _)? = use?.rule.kind, field.conversions.isEmpty { list = field.list?.id }
    return SupplementRequest.Item(
      path: String(decoding: path, as: UTF8.self), element: element.map(profile.dictionary.id(of:)),
      en: node.en.isEmpty ? element.map { profile.dictionary[$0].en } ?? name : node.en,
      zh: node.zh.isEmpty ? element.map { profile.dictionary[$0].zh } ?? name : node.zh, type: node.notation,
      pattern: node.pattern?.source, list: list, values: node.values, reason: reason, candidates: reason == .partial ? [] : candidates,
      known: reason == .partial ? candidates.first : nil)
  }

  /// The rule that a leaf at this place has: among several, one whose tests the elements around it pass.
  private func use(of leaf: Int, under parent: Int32) -> LeafUse? {
    let uses = plan.uses[leaf].filter { !$0.rule.elements.isEmpty }
    guard uses.count > 1 else { return uses.first }
    return uses.first { use in
      (use.plan.path.steps + (use.rule.path?.steps ?? [])).allSatisfy { step in
        var current = parent
        while current >= 0, draft.nodes[Int(current)].structure != Int32(step.node) { current = draft.nodes[Int(current)].parent }
        return current < 0 || draft.passes(current, step.tests)
      }
    } ?? uses.first
  }

  /// - Parameter isFailed: by element: `failures` has one of it.
  private func explanation(
    _ use: LeafUse?, _ leaf: Int, in place: [ElementPath.Step], _ failures: [ElementPath: Failure], _ isFailed: [Bool]
  ) -> (Reason, [String], ElementIndex?) {
    guard let first = use, let main = first.rule.elements.first else { return (.ownSide, [], nil) }
    for element in first.rule.elements.reversed() where isFailed[Int(element.raw)] {
      // What stands further out was meant for all instances in it.
      let around = (0...place.count).reversed().lazy.compactMap { failures[ElementPath(element, in: Array(place.prefix($0)))] }
      if let failure = around.first {
        guard !failure.isWriting, case .field(let field, _) = first.rule.kind, let conversion = field.conversions.first else {
          return (failure.reason, failure.candidates, element)
        }
        return (failure.reason, peers(of: failure.candidates, in: conversion, for: leaf), element)
      }
    }
    for element in first.rule.elements.reversed() {
      let index = Int(element.raw)
      if index < withheld.count, withheld[index] { return (.withheld, [], element) }
      if index < ownSide.count, ownSide[index] { return (.ownSide, [], element) }
    }
    return (.notDeclared, [], main)
  }

  /// The codes that a leaf takes for canonical ones, each once.
  private func peers(of codes: [String], in table: CodeTable, for leaf: Int) -> [String] {
    var peers: [String] = []
    for code in codes {
      switch table.reverse(code) {
      case .mapped(let own, _): peers.append(own)
      case .ambiguous(let own): peers += own
      case .unknown: peers.append(code)
      case .none: break
      }
    }
    return peers.enumerated().filter { index, code in
      !peers[..<index].contains(code) && draft.structure.violation(of: leaf, text: Array(code.utf8)[...]) == nil
    }.map(\.element)
  }
}
