import Declarations
import Primitives
import YAMLTree

/// A place in a document, seen from a context node: the steps down to one structure node.
final class Path: Sendable {
  enum Test: Hashable, Sendable {
    /// The child (steps below the tested node) has that text. Writing sets it.
    case equals([Int], String)
    /// The child has another text, or none. Reading only.
    case differs([Int], String)
    /// The child has no text. Reading only.
    case absent([Int])
    /// That instance, from 1.
    case position(Int)
  }

  struct Step: Sendable {
    let node: Int
    let tests: [Test]
  }

  /// Starts at the root element instead of the context.
  let isAbsolute: Bool
  let steps: [Step]
  /// The structure node that the path leads to; the context itself when there are no steps.
  let target: Int

  /// Without tests, so that a table of slots finds it.
  let isPlain: Bool

  init(isAbsolute: Bool, steps: [Step], target: Int) {
    self.isAbsolute = isAbsolute
    self.steps = steps
    self.target = target
    isPlain = !isAbsolute && steps.allSatisfy(\.tests.isEmpty)
  }
}

/// An element on one side of a rule, with the table between the format's codes and the canonical ones.
///
/// A class like `RulePlan`: what the message path passes along is one reference.
final class Field: Sendable {
  let element: ElementIndex
  let type: ElementType
  /// Reading: the first that knows the code. Writing: the first.
  let conversions: [CodeTable]
  let hasConversion: Bool
  let list: CodeList?
  /// Edition of the canonical list.
  let listVersion: CodeListVersion?

  init(element: ElementIndex, type: ElementType, conversions: [CodeTable], list: CodeList?) {
    self.element = element
    self.type = type
    self.conversions = conversions
    hasConversion = !conversions.isEmpty
    self.list = list
    listVersion = list?.version ?? conversions.first?.conversion.to.version
  }
}

/// A conversion as one reference.
final class CodeTable: Sendable {
  let conversion: CodeConversion
  let version: CodeListVersion

  init(_ conversion: CodeConversion) {
    self.conversion = conversion
    version = conversion.version
  }

  func forward(_ code: String) -> CodeConversion.Outcome { conversion.forward(code) }
  func reverse(_ code: String) -> CodeConversion.Outcome { conversion.reverse(code) }
}

extension Field {
  /// What the tables say about a code of the format; nil without tables.
  func forward(_ code: String) -> (outcome: CodeConversion.Outcome, table: CodeTable)? { Self.forward(code, conversions) }

  static func forward(_ code: String, _ conversions: [CodeTable]) -> (outcome: CodeConversion.Outcome, table: CodeTable)? {
    for conversion in conversions {
      let outcome = conversion.forward(code)
      if outcome != .unknown { return (outcome, conversion) }
    }
    return conversions.first.map { (.unknown, $0) }
  }
}

/// A quantity (or, inverse, a price per unit) whose unit's conversion may change the unit.
final class Scale: Sendable {
  let unit: Path
  let conversions: [CodeTable]
  let isInverse: Bool

  init(unit: Path, conversions: [CodeTable], isInverse: Bool) {
    self.unit = unit
    self.conversions = conversions
    self.isInverse = isInverse
  }
}

/// A value that follows from others. `groups`: from the context's group down to the instances.
indirect enum Compute: Sendable {
  /// The first, provided that the second gives a value.
  case when(Compute, Compute)
  case sum([ElementIndex], ElementIndex)
  case count([ElementIndex])
  case exists([ElementIndex])
  case same([ElementIndex], ElementIndex)
  case first([ElementIndex], ElementIndex)
  /// Number of the instance among those of its group, from 1.
  case position
}

/// One compiled rule of a mapping, good for both directions.
final class RulePlan: Sendable {
  enum Part: Sendable {
    case literal(String)
    /// Without a length: up to the next literal or the end.
    case field(Field, ClosedRange<Int>?)

    var element: ElementIndex? { if case .field(let field, _) = self { field.element } else { nil } }
  }

  struct Unit: Sendable {
    let path: Path
    let written: String
    let factors: [(code: String, factor: ExactDecimal)]
  }

  enum Kind: Sendable {
    case field(Field, Scale?)
    case constant(String)
    /// A leaf whose value follows from others; the element, when the rule names one, wins over the computation.
    case computed(Compute, Field?)
    /// The element follows from the format itself.
    case implied(Field, String)
    /// The element follows from other elements.
    case derived(Field, Compute)
    /// `otherwise` takes the whole text when it does not match the parts.
    case concat([Part], otherwise: Field?)
    case lines(Field, length: Int, max: Int)
    case unit(Field, Unit)
  }

  /// One element for all instances of a repeated node, as one set of terms for several invoices.
  struct Across: Sendable {
    enum Rule: String, Sendable {
      /// Every instance has the value, and it is the same.
      case each
      /// Those instances that have a value have the same.
      case same
      /// The sum of the instances' values.
      case sum
    }

    let rule: Rule
    /// From the rule's context to the instances.
    let instances: Path
    /// From an instance to the leaf.
    let leaf: Path
    /// From an instance to what must be the same for a sum to mean something: the currency.
    let by: Path?
  }

  let place: YAMLPlace
  /// nil: the rule has no place in the document.
  let path: Path?
  let also: [Path]
  let reads: Bool
  let writes: Bool
  let kind: Kind
  /// What the leaf's text is taken for here, when that is narrower than the leaf's own type.
  let type: LeafType?
  /// Elements that follow from the presence of the leaf; writing uses the rule only when they have these values.
  let implies: [(field: Field, text: String)]
  /// Instances of a repeated node that share one element: how their values become one.
  let across: Across?
  /// Another rule writes the same node: look before writing.
  let sharesTarget: Bool
  /// The elements that the rule reads and writes.
  let elements: [ElementIndex]
  /// Those, and the elements that it implies: what a complement's entry for the leaf hangs on.
  let guarded: [ElementIndex]
  /// Names a position among repeated nodes.
  let hasPosition: Bool
  let isConstant: Bool

  init(
    place: YAMLPlace, path: Path?, also: [Path] = [], reads: Bool, writes: Bool, kind: Kind, type: LeafType? = nil,
    implies: [(field: Field, text: String)] = [], across: Across? = nil, sharesTarget: Bool = false
  ) {
    self.place = place
    self.path = path
    self.also = also
    self.reads = reads
    self.writes = writes
    self.kind = kind
    self.type = type
    self.implies = implies
    self.across = across
    self.sharesTarget = sharesTarget
    elements = Self.elements(of: kind)
    guarded = elements + implies.map(\.field.element)
    hasPosition = path?.steps.contains { $0.tests.contains { if case .position = $0 { true } else { false } } } ?? false
    isConstant = if case .constant = kind { true } else { false }
  }

  func sharing(_ sharesTarget: Bool) -> RulePlan {
    RulePlan(
      place: place, path: path, also: also, reads: reads, writes: writes, kind: kind, type: type, implies: implies, across: across,
      sharesTarget: sharesTarget)
  }

  private static func elements(of kind: Kind) -> [ElementIndex] {
    switch kind {
    case .field(let field, _), .implied(let field, _), .derived(let field, _), .lines(let field, _, _), .unit(let field, _): [field.element]
    case .computed(_, let field): field.map { [$0.element] } ?? []
    case .concat(let parts, let otherwise): parts.compactMap(\.element) + (otherwise.map { [$0.element] } ?? [])
    case .constant: []
    }
  }
}

/// The rules of one group of elements: how its instances are found in the document and what they hold.
final class GroupPlan: Sendable {
  enum Item: Sendable {
    case rule(RulePlan)
    case group(GroupPlan)
  }

  /// On writing: an instance goes here only if an element has (or has not) a canonical value.
  struct Filter: Sendable {
    let element: ElementIndex
    let text: String
    let isEqual: Bool
  }

  let element: ElementIndex
  /// From the enclosing group's node to an instance.
  let path: Path
  /// The leaf, below an instance, that identifies it, and its element.
  let key: (element: ElementIndex, path: Path)?
  /// One text holds all instances, separated by this.
  let split: String?
  let filters: [Filter]
  let items: [Item]
  /// By element: some rule writes it.
  let writable: [Bool]
  /// By element: some nested plan writes it.
  let writableGroups: [Bool]
  /// Rules that give values without a place of their own.
  let stating: [RulePlan]
  let place: YAMLPlace

  init(
    element: ElementIndex, path: Path, key: (element: ElementIndex, path: Path)?, split: String?, filters: [Filter], items: [Item],
    elementCount: Int, place: YAMLPlace
  ) {
    self.element = element
    self.path = path
    self.key = key
    self.split = split
    self.filters = filters
    self.items = items
    self.place = place
    stating = items.compactMap { item in
      guard case .rule(let rule) = item else { return nil }
      return switch rule.kind {
      case .implied, .derived: rule
      default: rule.implies.isEmpty ? nil : rule
      }
    }
    var writable = [Bool](repeating: false, count: elementCount)
    var writableGroups = writable
    for item in items {
      switch item {
      case .rule(let rule) where rule.writes: for element in rule.elements { writable[Int(element.raw)] = true }
      case .rule: break
      case .group(let plan): writableGroups[Int(plan.element.raw)] = true
      }
    }
    self.writable = writable
    self.writableGroups = writableGroups
  }

  /// The structure node of an instance.
  var node: Int { path.target }
}

/// A leaf's rules with the group plan that they stand in: what a complement's guard and a supplement item look up.
struct LeafUse: Sendable {
  let plan: GroupPlan
  let rule: RulePlan
}

/// The mapping as it is for one direction and shape.
final class VariantPlan: Sendable {
  let variant: Variant
  let root: GroupPlan
  /// By structure node.
  let uses: [[LeafUse]]
  /// By structure node: the plan whose instances stand there (the first of several).
  let groupAt: [GroupPlan?]
  let requirements: Structure.Requirements
  /// By structure node: leaves whose values only hold together, as a quantity, its price and their unit.
  let coupled: [[Int]]
  /// By structure node: the texts that tests of paths set.
  let constants: [[String]]

  init(variant: Variant, structure: Structure, root: GroupPlan, uses: [[LeafUse]], groupAt: [GroupPlan?], constants: [[String]]) {
    self.variant = variant
    self.constants = constants
    self.root = root
    self.uses = uses
    self.groupAt = groupAt
    requirements = Structure.Requirements(structure, variant)
    var families: [Int: [Int]] = [:]
    for (leaf, uses) in uses.enumerated() {
      for use in uses { if case .field(_, let scale?) = use.rule.kind { families[scale.unit.target, default: []].append(leaf) } }
    }
    var coupled = [[Int]](repeating: [], count: structure.count)
    for (unit, leaves) in families {
      let family = leaves + [unit]
      for leaf in family { coupled[leaf] = family.filter { $0 != leaf } }
    }
    self.coupled = coupled
  }
}

/// A compiled mapping: one plan for each direction and shape, or one alone.
struct MappingPlan: Sendable {
  enum DirectionRule: Sendable {
    /// `stated`: texts of documents that do not say their direction, as amendments of some formats: the caller knows it.
    case value(Path, [(text: String, direction: Direction)], stated: [String])
    /// By shape of the structure.
    case shapes([ShapeRule])
  }

  struct ShapeRule: Sendable {
    /// nil: documents of the kind have none.
    let direction: Direction?
    /// Writing takes this shape when an element has one of these values.
    let when: (element: ElementIndex, values: [String])?
  }

  enum EconomyRule: Sendable {
    case fixed(String)
    case at(Path)
  }

  /// nil: documents of the kind have none, and the structure has no shapes: there is one variant.
  let direction: DirectionRule?
  let economy: EconomyRule?
  let variants: [VariantPlan]
  /// By structure node: reason given for having no canonical peer; nil when mapped.
  let local: [String?]

  func plan(_ variant: Variant) -> VariantPlan? { variants.first { $0.variant == variant } }
}
