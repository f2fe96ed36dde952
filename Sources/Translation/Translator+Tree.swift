package import Declarations
package import Primitives

extension Translator {
  /// Canonical tree → document of a format, for what begins here and was read from no other document. All or nothing: what the format cannot
  /// hold as it stands is a problem, not an entry of a report.
  ///
  /// - Parameter day: `YYYY-MM-DD`; code lists with periods of validity are asked about it.
  /// - Returns: the document in the format's syntax (UTF-8).
  /// - Throws: `write.kind_differs`; `write.shape_unknown`; `write.not_carried` for each value that has no place, or not without loss;
  ///   `validate.*`: what the format's own checks say.
  package func write(_ declaration: Declaration, as profile: Profile, on day: String? = nil) throws(CausewayError) -> [UInt8] {
    let dictionary = profile.dictionary
    guard declaration.root.element == dictionary.root(of: profile.document) else {
      throw CausewayError(
        "write.kind_differs",
        facts: ["profile": profile.name, "kind": profile.document.rawValue, "from": dictionary[declaration.root.element].id])
    }
    let plan = try TranslationRun.plan(profile, declaration, shape: nil)
    var writing = Writer.write(declaration, profile: profile, plan: plan, on: day)
    var problems = writing.events.filter { $0.action == .notCarried || $0.action == .lossy }.map { event in
      Problem(
        "write.not_carried", element: dictionary[event.element].id,
        facts: ["profile": profile.name, "reason": event.reason?.rawValue ?? event.action.rawValue])
    }
    let document = writing.draft.finish(syntax: profile.syntax)
    let bound = try BoundDocument(document, to: profile.structure)
    problems += StructureValidator.check(bound, profile: profile, variant: plan, on: day)
    let back = Reader.read(bound, profile: profile, variant: plan)
    problems += Self.ruleProblems(back.declaration, profile: profile, plan: plan, document: document)
    let errors = problems.filter { $0.severity == .error }
    guard errors.isEmpty else { throw CausewayError(problems: errors) }
    return try Self.bytes(document, profile: profile)
  }
}

extension Translator {
  /// Bytes → canonical declaration, without judging them: for a document that was found valid before, or was written here.
  ///
  /// - Throws: as ``parse(_:as:)-([UInt8],Profile)``; `parse.root_unknown`, `parse.namespace_unknown`, `validate.direction_unknown`,
  ///   `validate.shape_unknown`.
  package func declaration(of bytes: [UInt8], as profile: Profile) throws(CausewayError) -> Declaration {
    let bound = try BoundDocument(try parse(bytes, as: profile), to: profile.structure)
    return Reader.read(bound, profile: profile, variant: try Self.variant(of: bound, profile: profile)).declaration
  }
}
