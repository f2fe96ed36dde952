package import Declarations
package import Formats
package import Primitives

/// One economy's format (or the hub's) for one kind of document, loaded and checked: syntax, structure, mapping, rules.
///
/// Data under `schemas/profiles/<id>/<version>/`; adding an economy adds no code.
package final class Profile: Sendable {
  package enum Empties: String, Sendable { case keep, omit }

  package let id: String
  package let version: String
  /// What its documents are: the root of the dictionary that the mapping starts at.
  package let document: DocumentKind
  /// ISO 3166-1 alpha-2, or `hub`.
  package let economy: String
  package let en: String
  package let zh: String
  package let syntax: Document.Syntax
  package let encodings: [TextEncoding]
  /// Whether senders write elements without a value.
  package let empties: Empties
  /// Children may stand in any order.
  let isOrderFree: Bool
  /// What the structure does not know is kept and reported instead of refused.
  let keepsUnknown: Bool
  /// XML: the child element that marks its parent as an explicit null; nil: the format has no such mark.
  package let nullMark: String?
  /// Most goods items that the format holds.
  package let itemLimit: Int
  package let dictionary: ElementDictionary
  package let codes: CodeLibrary
  let structure: Structure
  /// EDIFACT: where segments and data elements stand.
  package let grammar: MessageGrammar?
  let plan: MappingPlan
  let rules: [Rule]
  /// nil: documents of the kind have neither direction nor economy.
  let known: KnownElements?
  /// Of several versions the one that is meant when none is named.
  package let isDefault: Bool

  package var isHub: Bool { economy == "hub" }
  /// `id@version`, as it is recorded with each message.
  package var name: String { "\(id)@\(version)" }
  /// Shapes of the document, such as InPayment and Outward; empty: it has one.
  package var shapes: [String] { structure.shapes }

  /// Whether a document becomes the other side's document when it is written in another format.
  func mirrors(in target: Profile) -> Bool {
    document.hasDirection && !isHub && !target.isHub && !economy.hasSameBytes(as: target.economy)
  }

  func differs(from source: Profile) -> CausewayError {
    CausewayError("write.kind_differs", facts: ["profile": name, "kind": document.rawValue, "from": source.document.rawValue])
  }

  /// The elements of a declaration that the engine itself decides on.
  struct KnownElements: Sendable {
    let type: ElementIndex
    let economy: ElementIndex

    init?(_ dictionary: ElementDictionary) {
      guard let type = dictionary[id: "Declaration.TypeCode"], let economy = dictionary[id: "Declaration.EconomyCode"] else { return nil }
      self.type = type
      self.economy = economy
    }
  }

  init(
    id: String, version: String, document: DocumentKind, economy: String, en: String, zh: String, syntax: Document.Syntax,
    encodings: [TextEncoding],
    empties: Empties,
    isOrderFree: Bool, keepsUnknown: Bool, nullMark: String?, itemLimit: Int, dictionary: ElementDictionary, codes: CodeLibrary,
    structure: Structure, grammar: MessageGrammar?, plan: MappingPlan, rules: [Rule], known: KnownElements?, isDefault: Bool
  ) {
    self.id = id
    self.version = version
    self.document = document
    self.economy = economy
    self.en = en
    self.zh = zh
    self.syntax = syntax
    self.encodings = encodings
    self.empties = empties
    self.isOrderFree = isOrderFree
    self.keepsUnknown = keepsUnknown
    self.nullMark = nullMark
    self.itemLimit = itemLimit
    self.dictionary = dictionary
    self.codes = codes
    self.structure = structure
    self.grammar = grammar
    self.plan = plan
    self.rules = rules
    self.known = known
    self.isDefault = isDefault
  }

  /// Ids of all elements that the format carries in a direction (nil: the kind has none), in dictionary order: what a release policy is
  /// checked against.
  package func carriedElements(_ direction: Direction?) -> [String] {
    var carried = Set<ElementIndex>()
    for variant in plan.variants where variant.variant.direction == direction {
      for uses in variant.uses { for use in uses where use.rule.writes { carried.formUnion(use.rule.elements) } }
    }
    return carried.sorted().map { dictionary[$0].id }
  }

  /// Ids of elements that some required leaf of the format stands for in a direction (nil: the kind has none).
  package func requiredElements(_ direction: Direction?) -> [String] {
    var required = Set<ElementIndex>()
    for variant in plan.variants where variant.variant.direction == direction {
      for (node, uses) in variant.uses.enumerated() where structure.isRequired(node, in: variant.variant) {
        for use in uses { required.formUnion(use.rule.elements) }
      }
    }
    return required.sorted().map { dictionary[$0].id }
  }
}
