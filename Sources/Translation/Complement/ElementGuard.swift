import Declarations
import Primitives

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
    var seen: [ElementIndex] = []
    func add(_ use: LeafUse) {
      if case .computed(_, nil) = use.rule.kind {
        if texts.contains(where: { $0.element == computed }) { return }
        let own = Int(draft.nodes[Int(node)].structure) == leaf ? draft.nodes[Int(node)].text : nil
        texts.append((element: computed, text: own))
        return
      }
      let groups = instances(of: use, at: node, in: draft)
      func add(_ element: ElementIndex) {
        guard !seen.contains(element) else { return }
        seen.append(element)
        let found = groups.count == 1 ? groups[0].text(element) : nil
        let all = groups.count > 1 ? groups.compactMap { $0.text(element) } : []
        texts.append((element: dictionary.id(of: element), text: all.isEmpty ? found : all.joined(separator: ",")))
      }
      for element in use.rule.guarded { add(element) }
      for element in use.rule.guarded { for followed in dictionary.follows(of: element) { add(followed) } }
    }
    for use in plan.uses[leaf] { add(use) }
    for coupled in plan.coupled[leaf] { for use in plan.uses[coupled] { add(use) } }
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
      let now = present.first { $0.element.hasSameBytes(as: guardValue.element) }?.text
      switch (guardValue.text, now) {
      case (nil, nil): return true
      case (let left?, let right?): return left.hasSameBytes(as: right)
      default: return false
      }
    }
  }
}
