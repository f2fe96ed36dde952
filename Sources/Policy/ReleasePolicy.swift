package import Declarations
package import Primitives
package import YAMLTree

/// What may leave over one corridor for one purpose: an allow-list of dictionary elements. What is not named stays at home.
///
/// A value: the same policy and the same declaration always give the same release, so that an auditor can replay it.
package struct ReleasePolicy: Sendable {
  package let id: String
  /// Recorded with each message that was released under the policy.
  package let version: String
  /// ISO 3166 alpha-2 codes of the economies that the corridor leads from and to.
  package let from: String
  package let to: String
  /// What the receiver may use the elements for, snake_case.
  package let purpose: String
  package let document: DocumentKind
  package let en: String
  package let zh: String
  package let dictionary: ElementDictionary
  /// Leaves that may leave, in dictionary order; shorthands are expanded.
  package let allowed: [ElementIndex]
  /// Why elements that the policy names as withheld are withheld.
  package let reasons: [ElementIndex: String]
  private let allows: [Bool]

  package func allows(_ element: ElementIndex) -> Bool { allows[Int(element.raw)] }

  /// Ids of all leaves of a document kind that may not leave, in dictionary order.
  package func withheld(of kind: DocumentKind) -> [String] {
    dictionary.elements(of: kind).filter { !$0.isGroup && !allows($0.index) }.map(\.id)
  }

  /// Which required elements the policy withholds, by name.
  ///
  /// - Parameters:
  ///   - required: ids of elements that a format requires of a document on this corridor; ids that are no leaves are passed over.
  ///   - requirer: the profile that requires them, for the message.
  /// - Returns: one `policy.withholds_required` for each, in dictionary order; empty when the policy and the format fit.
  package func problems(required: some Sequence<String>, by requirer: String) -> [Problem] {
    Set(required.compactMap { dictionary[id: $0] }).sorted().filter { !dictionary[$0].isGroup && !allows($0) }.map {
      Problem(
        "policy.withholds_required", element: dictionary[$0].id, facts: ["policy": id, "element": dictionary[$0].id, "profile": requirer])
    }
  }

  /// Takes out of a declaration what may not leave.
  ///
  /// A group instance of which nothing is left is left out. Texts as received are never released, only canonical values.
  /// - Throws: `release.other_document` when the document is of another kind, `release.other_dictionary` when it was read with
  ///   another dictionary.
  /// - Complexity: O(number of values).
  package func release(_ declaration: Declaration) throws(CausewayError) -> ReleasedDeclaration {
    guard declaration.dictionary === dictionary else { throw CausewayError("release.other_dictionary", facts: ["policy": id]) }
    guard dictionary.root(of: document) == declaration.root.element else {
      throw CausewayError("release.other_document", facts: ["policy": id, "document": document.rawValue])
    }
    var withheld: [ReleasedDeclaration.Withheld] = []
    let root = filtered(declaration.root, steps: [], withheld: &withheld)
    return ReleasedDeclaration(declaration: Declaration(root: root, in: dictionary), withheld: withheld, policy: self)
  }

  private func filtered(_ group: Group, steps: [ElementPath.Step], withheld: inout [ReleasedDeclaration.Withheld]) -> Group {
    var result = Group(group.element)
    for member in group.values {
      if allows(member.element) {
        var value = member.value
        value.received = nil
        result[member.element] = value
      } else {
        let path = ElementPath(member.element, in: steps)
        withheld.append(.init(element: dictionary[member.element].id, path: path, isFilled: member.value.isFilled))
      }
    }
    for instances in group.groups {
      for (position, instance) in instances.groups.enumerated() {
        let kept = filtered(instance, steps: steps + [.init(group: instances.element, position: position)], withheld: &withheld)
        if !kept.isEmpty || instance.isEmpty { result.append(kept) }
      }
    }
    return result
  }

  /// Builds a policy from its configuration.
  ///
  /// Keys: `id`, `version`, `corridor: {from, to}`, `purpose`, `document` (default `declaration`), `title: {en, zh}`, `allow` (element ids;
  /// `Group.*` stands for all leaves below a group, or for all leaves whose id starts so), `withhold` (`element`, `reason`).
  /// A shorthand never allows personal data; `withhold` takes elements out of a shorthand.
  /// - Throws: `policy.invalid` with file, line and reason, all problems at once; `config.yaml_invalid` for a wrong shape.
  package init(configuration: YAMLNode, dictionary: ElementDictionary) throws(CausewayError) {
    try configuration.allow(["id", "version", "corridor", "purpose", "document", "title", "allow", "withhold"])
    let corridor = try configuration.required("corridor")
    try corridor.allow(["from", "to"])
    let title = try configuration.required("title")
    try title.allow(["en", "zh"])
    id = try configuration.required("id").string()
    version = try configuration.required("version").string()
    from = try corridor.required("from").string()
    to = try corridor.required("to").string()
    purpose = try configuration.required("purpose").string()
    document = DocumentKind(rawValue: try configuration["document"]?.string() ?? "declaration")
    en = try title.required("en").string()
    zh = try title.required("zh").string()
    self.dictionary = dictionary
    guard dictionary.root(of: document) != nil else {
      throw CausewayError(Self.invalid(configuration["document"] ?? configuration, "the document kind is not known"))
    }
    var reader = AllowListReader(dictionary: dictionary, document: document)
    if let withhold = configuration["withhold"] { for entry in try withhold.list() { try reader.withhold(entry) } }
    for entry in try configuration.required("allow").list() { try reader.allow(entry) }
    try reader.finish()
    allows = reader.allows
    reasons = reader.reasons
    allowed = dictionary.elements.filter { reader.allows[Int($0.index.raw)] }.map(\.index)
  }

  static func invalid(_ node: YAMLNode, _ reason: String) -> Problem {
    Problem("policy.invalid", pointer: node.file, line: node.line, facts: ["reason": reason])
  }
}
