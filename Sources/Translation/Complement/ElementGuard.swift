import Declarations

/// What a declaration that is being written says about the elements of one leaf, and about those that its value was stated with.
struct ElementGuard {
  /// Stands for a leaf whose text is computed and has no element.
  static let computed = "="

  /// - Parameters:
  ///   - node: the leaf's draft node, or the innermost existing node above it.
  static func texts(_ leaf: Int, at node: Int32, in draft: Draft, plan: VariantPlan, dictionary: ElementDictionary) -> [(
    element: String, text: String?
  )] {
    var texts: [(element: String, text: String?)] = []
    for use in plan.uses[leaf] + plan.coupled[leaf].flatMap({ plan.uses[$0] }) {
      if case .computed(_, nil) = use.rule.kind {
        if texts.contains(where: { $0.element == computed }) { continue }
        let own = Int(draft.nodes[Int(node)].structure) == leaf ? draft.nodes[Int(node)].text : nil
        texts.append((element: computed, text: own))
        continue
      }
      let groups = instances(of: use, at: node, in: draft)
      let own = use.rule.elements + use.rule.implies.map(\.field.element)
      for element in own + own.flatMap({ dictionary[$0].follows }) {
        let id = dictionary[element].id
        guard !texts.contains(where: { $0.element == id }) else { continue }
        let found = groups.compactMap { $0.text(element) }
        texts.append((element: id, text: found.isEmpty ? nil : found.joined(separator: ",")))
      }
    }
    return texts
  }

  /// The group instances that the rule was used on for this place.
  private static func instances(of use: LeafUse, at node: Int32, in draft: Draft) -> [Group] {
    var current = node
    while current >= 0 {
      let record = draft.nodes[Int(current)].group
      if record >= 0 {
        let (plan, group, _) = draft.groups[Int(record)]
        if plan === use.plan { return [group] }
        // A group that shares its node with the enclosing one, or stands in one text, leaves no node of its own.
        for case .group(let inner) in plan.items where inner === use.plan && (inner.split != nil || inner.path.steps.isEmpty) {
          return group.groups(inner.element)
        }
      }
      current = draft.nodes[Int(current)].parent
    }
    return []
  }

  static func hold(_ expected: [(element: String, text: String?)], _ present: [(element: String, text: String?)]) -> Bool {
    expected.allSatisfy { guardValue in
      let now = present.first { $0.element.utf8.elementsEqual(guardValue.element.utf8) }?.text
      switch (guardValue.text, now) {
      case (nil, nil): return true
      case (let left?, let right?): return left.utf8.elementsEqual(right.utf8)
      default: return false
      }
    }
  }
}
