import Declarations
package import Formats
package import Primitives

/// A target document after answers were put into it.
package struct Supplied: Sendable {
  package let document: Document
  package let bytes: [UInt8]
  /// What is still missing.
  package let remaining: SupplementRequest
  /// What the target's rules say against the document.
  package let problems: [Problem]

  /// Nothing is missing and nothing is wrong.
  package var isComplete: Bool { remaining.isEmpty && problems.allSatisfy { $0.severity != .error } }
}

extension Translator {
  /// Puts answers, in the target's own terms, into a draft document.
  ///
  /// - Throws: `write.answer_unknown`, `write.answer_not_asked`, `write.answer_duplicate` and `validate.*`: each wrong answer, with the item's path as
  ///   pointer. Nothing is taken unless every answer is right; answers may come in parts.
  package func supply(
    _ answers: [SupplementAnswer], to document: Document, profile: Profile, on day: String? = nil
  ) throws(CausewayError) -> Supplied {
    let bound = try BoundDocument(document, to: profile.structure)
    let plan = try Self.variant(of: bound, profile: profile)
    var draft = Draft(bound, structure: profile.structure, plan: plan)
    _ = draft.finish(syntax: profile.syntax)
    let asked = SupplementBuilder(draft: draft, profile: profile, plan: plan).request()
    var problems: [Problem] = []
    var places: [(node: Int32, from: Int, path: KeyedPath, value: String)] = []
    var seen: Set<ByteString> = []
    for answer in answers {
      guard let path = KeyedPath(answer.path), let leaf = ComplementApplier.leaf(path, profile.structure), profile.structure[leaf].isLeaf
      else {
        problems.append(Problem("write.answer_unknown", pointer: answer.path))
        continue
      }
      guard seen.insert(ByteString(answer.path)).inserted else {
        problems.append(Problem("write.answer_duplicate", pointer: answer.path))
        continue
      }
      guard let item = asked.items.first(where: { $0.path.hasSameBytes(as: answer.path) }) else {
        problems.append(Problem("write.answer_not_asked", pointer: answer.path))
        continue
      }
      if var problem = Self.check(answer.value, leaf, profile, day) {
        problem.pointer = answer.path
        problem.element = item.element
        problems.append(problem)
        continue
      }
      let node = ComplementApplier.innermost(path, in: draft, plan: plan)
      var depth = 0
      var current = node
      while current > 0 {
        depth += 1
        current = draft.nodes[Int(current)].parent
      }
      places.append((node: node, from: depth, path: path, value: answer.value))
    }
    guard problems.isEmpty else { throw CausewayError(problems: problems) }
    for place in places {
      var node = place.node
      for segment in place.path.segments[place.from...] {
        guard let kind = ComplementApplier.kind(segment, under: Int(draft.nodes[Int(node)].structure), profile.structure) else { break }
        let found = draft.first(kind, of: node)
        node = found >= 0 && !profile.structure[kind].isRepeated ? found : draft.append(kind, to: node)
      }
      draft.nodes[Int(node)].text = place.value
      draft.nodes[Int(node)].isWeak = false
    }
    let supplied = draft.finish(syntax: profile.syntax)
    let after = try BoundDocument(supplied, to: profile.structure)
    let reading = Reader.read(after, profile: profile, variant: plan)
    let found =
      StructureValidator.check(after, profile: profile, variant: plan, on: day, isDraft: true)
      + Self.ruleProblems(reading.declaration, profile: profile, plan: plan, document: supplied)
    return Supplied(
      document: supplied, bytes: try Self.bytes(supplied, profile: profile),
      remaining: SupplementBuilder(draft: draft, profile: profile, plan: plan).request(),
      problems: found)
  }

  private static func check(_ value: String, _ leaf: Int, _ profile: Profile, _ day: String?) -> Problem? {
    let text = Array(value.utf8)[...]
    guard !LeafType.trimmed(text).isEmpty else { return Problem("validate.empty") }
    guard ElementType.text(.max).canonical(value) != nil else { return Problem("validate.forbidden_character") }
    if let problem = profile.structure[leaf].type?.check(text) { return problem }
    switch profile.structure.violation(of: leaf, text: text, on: day) {
    case .notListed?:
      let lists = profile.structure[leaf].lists
      return Problem(
        "validate.not_listed", facts: ["list": (lists.isEmpty ? profile.structure[leaf].values : lists).joined(separator: ", ")])
    case .character?: return Problem("validate.forbidden_character")
    case .pattern?: return Problem("validate.pattern", facts: ["pattern": profile.structure[leaf].pattern?.source ?? ""])
    default: return nil
    }
  }
}
