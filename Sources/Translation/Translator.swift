package import Declarations
package import Formats
package import Primitives

/// A document whose structure and codes were looked at: what is wrong with them so far. Only ``Translator/check(_:as:on:isDraft:)`` makes one.
package struct CheckedDocument: Sendable {
  let profile: Profile
  let bound: BoundDocument
  let plan: VariantPlan
  let isDraft: Bool
  let problems: [Problem]

  fileprivate init(profile: Profile, bound: BoundDocument, plan: VariantPlan, isDraft: Bool, problems: [Problem]) {
    self.profile = profile
    self.bound = bound
    self.plan = plan
    self.isDraft = isDraft
    self.problems = problems
  }
}

/// A document that was found valid for its profile, with the declaration read from it. Only ``Translator/read(_:)`` makes one.
package struct ValidDocument: Sendable {
  package let profile: Profile
  package let reading: Reading
  /// What is doubtful and not refused.
  package let warnings: [Problem]
  let bound: BoundDocument
  let plan: VariantPlan

  package var document: Document { bound.document }
  package var declaration: Declaration { reading.declaration }

  fileprivate init(profile: Profile, reading: Reading, warnings: [Problem], bound: BoundDocument, plan: VariantPlan) {
    self.profile = profile
    self.reading = reading
    self.warnings = warnings
    self.bound = bound
    self.plan = plan
  }
}

/// A declaration in another format, with the account of it.
package struct Translation: Sendable {
  package let profile: Profile
  package let document: Document
  /// The declaration as it was written: released, and mirrored when it crossed a border.
  package let declaration: Declaration
  package let report: TranslationReport
  /// What stays at home; nil when it was not asked for.
  package let complement: Complement?
  /// What the target still needs; empty when nothing.
  package let supplement: SupplementRequest
  /// What the target's rules say against the document. Errors among them mean that the target would refuse it.
  package let problems: [Problem]
  let plan: VariantPlan

  /// The document in the target's syntax (UTF-8).
  ///
  /// - Throws: codes of the formats' writers.
  package func bytes() throws(CausewayError) -> [UInt8] { try Translator.bytes(document, profile: profile) }
}

/// The way of a declaration from one format into another (docs/message-path.md, steps 2, 3, 4 and 6). Pure: no I/O, no clock.
package struct Translator: Sendable {
  package let library: ProfileLibrary

  package init(_ library: ProfileLibrary) { self.library = library }

  /// - Throws: `profile.unknown`.
  package func profile(_ name: String) throws(CausewayError) -> Profile {
    guard let profile = library[name] else { throw CausewayError("profile.unknown", facts: ["profile": name]) }
    return profile
  }

  /// The profile of a document, whose version the document may name itself.
  ///
  /// - Throws: `profile.unknown`.
  package func profile(_ name: String, for bytes: [UInt8]) throws(CausewayError) -> Profile {
    guard let profile = library[name, for: bytes] else { throw CausewayError("profile.unknown", facts: ["profile": name]) }
    return profile
  }

  // MARK: 2 parse

  /// Bytes → document, by the profile's syntax and encodings.
  ///
  /// - Throws: the parsers' codes (`parse.*`).
  package func parse(_ bytes: [UInt8], as profile: Profile) throws(CausewayError) -> Document {
    switch profile.syntax {
    case .xml:
      try XMLFormat.parse(
        bytes, encodings: profile.encodings, options: .init(nullMark: profile.nullMark), vocabulary: profile.structure.vocabulary)
    case .json: try JSONFormat.parse(bytes)
    case .edifact: try EDIFACTFormat.parse(bytes, grammar: profile.grammar)
    }
  }

  /// Bytes → document by the version of the profile that it names itself, as ``profile(_:for:)`` finds it. A document of the default version is parsed
  /// once; in EDIFACT its segments are read for the version before.
  ///
  /// - Throws: `profile.unknown`; the parsers' codes (`parse.*`).
  package func parse(_ bytes: [UInt8], as name: String) throws(CausewayError) -> (document: Document, profile: Profile) {
    let named = try profile(name)
    let profile = named.syntax == .edifact ? try profile(name, for: bytes) : named
    let document = try parse(bytes, as: profile)
    guard let stated = library.version(name, statedBy: document), !stated.name.hasSameBytes(as: profile.name) else {
      return (document, profile)
    }
    return (try parse(bytes, as: stated), stated)
  }

  static func bytes(_ document: Document, profile: Profile) throws(CausewayError) -> [UInt8] {
    switch profile.syntax {
    case .xml:
      var prefixes = profile.structure.namespaces.map { (uri: $0.uri, prefix: $0.prefix) }
      if let uri = document.namespace(document.root), let first = profile.structure.namespaces.first,
        !first.uri.hasSameBytes(as: uri)
      {
        prefixes[0] = (uri: uri, prefix: first.prefix)
      }
      do throws(CausewayError) { return try XMLFormat.write(document, prefixes: prefixes, nullMark: profile.nullMark) } catch {
        // Names that the structure does not know, in no namespace, leave no room for a default one.
        guard error.code == "write.namespace", prefixes.contains(where: \.prefix.isEmpty) else { throw error }
        return try XMLFormat.write(document, prefixes: prefixes.filter { !$0.prefix.isEmpty }, nullMark: profile.nullMark)
      }
    case .json: return try JSONFormat.write(document)
    case .edifact: return try EDIFACTFormat.write(document, grammar: profile.grammar)
    }
  }

  // MARK: 3 validate, 4 read

  /// Document → evidence that it is valid, with everything that is wrong at once otherwise: ``check(_:as:on:isDraft:)`` and ``read(_:)``.
  ///
  /// - Parameters:
  ///   - day: `YYYY-MM-DD`; code lists with periods of validity are asked about it. nil: validity in time does not count.
  ///   - isDraft: what is missing is no problem: the document waits for a supplement.
  ///   - direction: of a document that does not say it itself, as an amendment of some formats.
  /// - Throws: `parse.root_unknown`, `parse.namespace_unknown`, `validate.*`, `read.code_unknown`, `read.unit_unknown`: all problems, errors first.
  package func validate(
    _ document: Document, as profile: Profile, on day: String? = nil, isDraft: Bool = false, direction: Direction? = nil
  ) throws(CausewayError) -> ValidDocument {
    try read(try check(document, as: profile, on: day, isDraft: isDraft, direction: direction))
  }

  /// The first half of validating: every node is known, and every leaf is of its type and on its list. What is wrong is held, not thrown,
  /// so that what reading finds is told with it.
  ///
  /// - Throws: `parse.root_unknown`, `parse.namespace_unknown`, `validate.direction_unknown`, `validate.shape_unknown`; `validate.more_problems` and
  ///   `validate.too_many_unknown` when the document is wrong from end to end.
  package func check(
    _ document: Document, as profile: Profile, on day: String? = nil, isDraft: Bool = false, direction: Direction? = nil
  ) throws(CausewayError) -> CheckedDocument {
    let bound = try BoundDocument(document, to: profile.structure)
    let plan = try Self.variant(of: bound, profile: profile, stated: direction)
    // An amendment or a cancellation that does not say its direction holds what it changes, not a whole declaration.
    let isDraft = isDraft || Self.isUndirected(bound, profile)
    let problems = StructureValidator.check(bound, profile: profile, variant: plan, on: day, isDraft: isDraft)
    // Wrong from end to end: what the values would say does not matter any more.
    if let last = problems.last, last.severity == .error, ["validate.more_problems", "validate.too_many_unknown"].contains(last.code) {
      throw CausewayError(problems: problems)
    }
    return CheckedDocument(profile: profile, bound: bound, plan: plan, isDraft: isDraft, problems: problems)
  }

  /// The second half: the canonical declaration, and the rules across its fields.
  ///
  /// - Throws: `validate.*`, `read.code_unknown`, `read.unit_unknown`: all problems of both halves, errors first.
  package func read(_ checked: CheckedDocument) throws(CausewayError) -> ValidDocument {
    let (profile, bound, plan) = (checked.profile, checked.bound, checked.plan)
    let reading = Reader.read(bound, profile: profile, variant: plan)
    var problems = checked.problems
    problems += Self.problems(of: reading, bound: bound, profile: profile)
    let found = Self.ruleProblems(reading.declaration, profile: profile, plan: plan, document: bound.document)
    problems +=
      checked.isDraft
      ? found.filter { !["validate.too_few", "validate.missing_conditional", "validate.sequence"].contains($0.code) } : found
    let errors = problems.filter { $0.severity == .error }
    guard errors.isEmpty else { throw CausewayError(problems: errors + problems.filter { $0.severity != .error }) }
    return ValidDocument(profile: profile, reading: reading, warnings: problems, bound: bound, plan: plan)
  }

  /// - Parameter stated: the direction, for documents that do not say it themselves.
  static func variant(of bound: BoundDocument, profile: Profile, stated: Direction? = nil) throws(CausewayError) -> VariantPlan {
    var variant: Variant?
    switch profile.plan.direction {
    case .shapes(let rules):
      for (shape, node) in profile.structure.shapeNodes.enumerated() where bound.binding.contains(Int32(node)) {
        variant = Variant(direction: rules[shape].direction, shape: shape)
        break
      }
    case nil: variant = profile.plan.variants.first?.variant
    case .value(let path, let values, let undirected):
      if let node = bound.matches(path, from: 0).first, let text = bound.filled(node).map(LeafType.trimmed) {
        if let value = values.first(where: { text.elementsEqual($0.text.utf8) }) {
          variant = Variant(direction: value.direction, shape: nil)
        } else if let stated, undirected.contains(where: { text.elementsEqual($0.utf8) }) {
          variant = Variant(direction: stated, shape: nil)
        }
      }
    }
    guard let variant, let plan = profile.plan.plan(variant) else {
      throw CausewayError(
        profile.document.hasDirection ? "validate.direction_unknown" : "validate.shape_unknown",
        pointer: bound.document.pointer(bound.document.root), line: bound.document.line(bound.document.root))
    }
    return plan
  }

  /// Whether the document is of those that do not say their direction.
  private static func isUndirected(_ bound: BoundDocument, _ profile: Profile) -> Bool {
    guard case .value(let path, _, let undirected) = profile.plan.direction, !undirected.isEmpty,
      let text = bound.matches(path, from: 0).first.flatMap({ bound.filled($0) }).map(LeafType.trimmed)
    else { return false }
    return undirected.contains { text.elementsEqual($0.utf8) }
  }

  /// Codes and units that a complete list does not have. A code that has several peers or none, and a value that the format allows and the
  /// dictionary does not take, are not the sender's fault: they are reported, kept in the complement and asked for.
  private static func problems(of reading: Reading, bound: BoundDocument, profile: Profile) -> [Problem] {
    var problems: [Problem] = []
    for (index, mark) in reading.marks.enumerated() where problems.count < StructureValidator.limit {
      guard let mark, mark.isRefused else { continue }
      let code: ErrorCode
      switch mark.reason {
      case .codeUnknown: code = "read.code_unknown"
      case .unitUnknown: code = "read.unit_unknown"
      default: continue
      }
      let id = Document.NodeID(index: Int32(index))
      // The structure check has named a text that does not fit already.
      let binding = Int(bound.binding[index])
      if binding >= 0, let text = bound.filled(Int32(index)), profile.structure.violation(of: binding, text: text) != nil { continue }
      problems.append(
        Problem(
          code, pointer: bound.document.pointer(id), line: bound.document.line(id), element: mark.element.map { profile.dictionary[$0].id },
          facts: reading.tables[mark.table].map { ["list": $0.list] } ?? [:]))
    }
    return problems
  }

  static func ruleProblems(_ declaration: Declaration, profile: Profile, plan: VariantPlan, document: Document?) -> [Problem] {
    profile.rules.flatMap { rule in
      rule.findings(in: declaration.root, variant: plan.variant).map { finding in
        let path = ElementPath(finding.element, in: finding.steps).description(in: profile.dictionary)
        let id = finding.node >= 0 ? document.map { ($0.pointer(.init(index: finding.node)), $0.line(.init(index: finding.node))) } : nil
        return Problem(
          finding.code, severity: rule.severity, pointer: id?.0, line: id?.1, element: profile.dictionary[finding.element].id,
          facts: ["rule": rule.id, "path": path, "limit": Self.limit(rule), "en": rule.en, "zh": rule.zh].filter { !$0.value.isEmpty })
      }
    }
  }

  private static func limit(_ rule: Rule) -> String {
    switch rule.kind {
    case .count(_, let min, let max): String(max == .max ? min : max)
    case .minimum(_, let minimum): minimum.description
    default: ""
    }
  }

  // MARK: 6 write

  /// What of a declaration goes where.
  package struct Options: Sendable {
    /// The shape of the target's document; nil: the first that suits.
    package var shape: String?
    /// Put back into the target: it was made when the partner's document was written.
    package var complement: Complement?
    /// Whether to make the complement of the source.
    package var makesComplement = true
    package var day: String?
    /// The result takes the place of a draft that nobody has lodged: an amended declaration may become an original.
    package var replacesDraft = false
    /// The released declaration is the source's as the other side says it: what is not in it belongs to the source's side and was not withheld.
    package var isMirrored = false

    package init(
      shape: String? = nil, complement: Complement? = nil, makesComplement: Bool = true, day: String? = nil, replacesDraft: Bool = false,
      isMirrored: Bool = false
    ) {
      self.shape = shape
      self.complement = complement
      self.makesComplement = makesComplement
      self.day = day
      self.replacesDraft = replacesDraft
      self.isMirrored = isMirrored
    }
  }

  /// Declaration → document of the target's format.
  ///
  /// A declaration keeps its direction in its own economy's format and in the hub's; in another economy's it is mirrored (`crossing.yaml`).
  /// - Parameter released: what the release policy lets go; nil: everything.
  /// - Throws: `write.kind_differs`, `write.shape_unknown`, `write.complement_profile`; `write.cancellation`, `write.amendment`: the format cannot
  ///   say what the document does to an earlier one (``MessageFunction``), or says what it does not do; `write.item_limit`: more goods items than
  ///   the format holds (``writeParts(_:released:to:options:)``).
  package func write(
    _ source: ValidDocument, released: Declaration? = nil, to profile: Profile, options: Options = Options()
  ) throws(CausewayError) -> Translation {
    guard source.profile.document == profile.document else { throw profile.differs(from: source.profile) }
    let run = TranslationRun(library: library, source: source, target: profile, options: options)
    return try run.translate(released ?? source.declaration)
  }

  /// All steps from bytes to the translation.
  ///
  /// - Parameter release: the policy: what may leave.
  /// - Throws: as `parse`, `validate` and `write`.
  package func translate(
    _ bytes: [UInt8], from: Profile, to: Profile, options: Options = Options(), release: ((Declaration) -> Declaration)? = nil
  ) throws(CausewayError) -> Translation {
    let valid = try validate(try parse(bytes, as: from), as: from, on: options.day)
    return try write(valid, released: release?(valid.declaration), to: to, options: options)
  }
}

extension Profile {
  /// A synthetic document in the profile's syntax (``SampleGenerator``).
  ///
  /// - Throws: `write.shape_unknown`, codes of the formats' writers.
  package func sample(
    seed: UInt64, items: Int? = nil, direction: Direction? = nil, density: Int = 45
  ) throws(CausewayError) -> [UInt8] {
    try Translator.bytes(
      try SampleGenerator.document(of: self, seed: seed, items: items, direction: direction, density: density), profile: self)
  }
}
