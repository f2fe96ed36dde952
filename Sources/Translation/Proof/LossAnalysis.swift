import Declarations
import Primitives

/// Works out a loss matrix from two mappings, their code tables and the crossing table. Looks at no document.
struct LossAnalysis {
  let source: Profile
  let target: Profile
  let plan: VariantPlan
  let crossing: Crossing
  let editions: HSEditions
  /// Whether the declaration becomes the other side's on the way.
  let isMirrored: Bool
  /// Elements that the release policy does not let go.
  let withheld: Set<ElementIndex>
  /// What the two economies agreed on.
  private let agreed: [CorridorDefaults.Entry]
  private let from: ElementPlaces
  private let to: ElementPlaces

  /// - Parameter plan: the target's variant.
  init(source: Profile, target: Profile, plan: VariantPlan, library: ProfileLibrary, withheld: Set<ElementIndex>) {
    self.source = source
    self.target = target
    self.plan = plan
    crossing = library.crossing
    editions = library.editions
    self.withheld = withheld
    isMirrored = source.mirrors(in: target)
    agreed =
      isMirrored ? library.defaults(from: source.economy, to: target.economy)?.entries(for: plan.variant, of: target) ?? [] : []
    let direction = isMirrored ? plan.variant.direction?.mirrored : plan.variant.direction
    from = ElementPlaces(
      source.plan.variants.filter { $0.variant.direction == direction }, structure: source.structure, dictionary: source.dictionary)
    to = ElementPlaces([plan], structure: target.structure, dictionary: target.dictionary)
  }

  func rows() -> [LossMatrix.Row] {
    let elements = source.dictionary.elements(of: source.document).filter { !$0.isGroup }
    return elements.compactMap { row($0.index) } + placesOnlyTheTargetKnows()
  }

  // MARK: One element

  private func row(_ element: ElementIndex) -> LossMatrix.Row? {
    let reads = from.reads[Int(element.raw)] + from.impliedBy[Int(element.raw)]
    let writes = to.writes[Int(element.raw)] + to.impliedBy[Int(element.raw)]
    let isRequired = writes.contains { $0.leaf >= 0 && target.structure.isRequired($0.leaf, in: plan.variant) }
    let isHead = element == source.known?.type || element == source.known?.economy
    let origin = isMirrored ? swapOrigin(element) : nil
    let gives = origin.map { from.reads[Int($0.raw)] } ?? reads
    var kind: LossMatrix.Class
    var codes: LossMatrix.Codes?
    var conditions = reads.reduce(into: Set<Reason>()) { $0.formUnion(readingConditions($1)) }
    // EDIFACT: segments that their qualifiers tell apart may each say the element, and differently.
    if source.grammar != nil, Set(reads.map(\.leaf)).count < reads.count { conditions.insert(.conflict) }
    if isHead {
      kind = isMirrored ? .swapped : .carried
    } else if let origin {
      if withheld.contains(origin) {
        guard !writes.isEmpty else { return nil }
        kind = isRequired ? .supplement : .open
      } else {
        kind = writes.isEmpty ? .missing : .swapped
        (codes, conditions) = way(from: gives, to: writes, and: conditions)
      }
      // What the source itself says of the element stays at home all the same.
      if !reads.isEmpty { conditions.insert(withheld.contains(element) ? .withheld : .ownSide) }
    } else if reads.isEmpty {
      guard !writes.isEmpty, writes.contains(where: { $0.leaf >= 0 && !isAlwaysComputed($0) }) || isRequired else { return nil }
      kind = isRequired ? .supplement : .open
    } else if withheld.contains(element) {
      kind = .withheld
    } else if isMirrored, crossing.own[Int(element.raw)] {
      kind = .ownSide
    } else if writes.isEmpty {
      kind = .missing
    } else {
      (codes, conditions) = way(from: gives, to: writes, and: conditions)
      if gives.allSatisfy({ $0.rule.isComputed || $0.leaf < 0 }) || writes.allSatisfy({ $0.rule.isComputed || $0.leaf < 0 }) {
        kind = .computed
      } else if let codes, gives.contains(where: \.field.hasConversion) || writes.contains(where: \.field.hasConversion) {
        kind = codes.lossy == 0 && codes.open == 0 ? .converted : .lossy
      } else {
        kind = conditions.contains(.upperCased) || conditions.contains(.rounded) ? .lossy : .carried
      }
    }
    let agreed = agreed.first { $0.element == element }?.value
    if agreed != nil, [.supplement, .open, .ownSide].contains(kind) {
      // What the source says of its own side stays at home all the same.
      if kind == .ownSide { conditions.insert(.ownSide) }
      kind = .defaulted
    }
    if isMirrored, element == editions.element, editions.mayDiffer(source.economy, target.economy), !gives.isEmpty, !writes.isEmpty {
      conditions.insert(.editionDiffers)
    }
    return LossMatrix.Row(
      element: source.dictionary[element].id, class: kind, source: paths(gives, source.structure), target: paths(writes, target.structure),
      isRequired: isRequired, codes: codes, tables: tables(gives, writes), conditions: conditions.sorted { $0.rawValue < $1.rawValue },
      hasNotation: gives.contains(where: hasNotation), agreed: agreed)
  }

  /// Whether one value can be written in several ways that come back as one: blanks around it, zeros before or behind a number.
  private func hasNotation(_ place: ElementPlaces.Place) -> Bool {
    guard place.leaf >= 0, let type = source.structure[place.leaf].type else { return false }
    if case .text = place.field.type { return type.trims }
    return true
  }

  private func isAlwaysComputed(_ place: ElementPlaces.Place) -> Bool {
    if case .computed = place.rule.kind { true } else { false }
  }

  /// The element of the declaring side that this one is filled from when the border is crossed.
  private func swapOrigin(_ element: ElementIndex) -> ElementIndex? {
    for derivation in crossing.derivations {
      switch derivation {
      case .element(let to, let from, let direction, _) where to == element && (direction == nil || direction == plan.variant.direction):
        if !self.from.reads[Int(from.raw)].isEmpty { return from }
      case .group(_, let id, let type, let from, _, let direction)
      where (id == element || type == element) && (direction == nil || direction == plan.variant.direction):
        if !self.from.reads[Int(from.raw)].isEmpty { return from }
      default: break
      }
    }
    return nil
  }

  private func paths(_ places: [ElementPlaces.Place], _ structure: Structure) -> [String] {
    var paths: [String] = []
    for place in places where place.leaf >= 0 {
      let path = structure.path(place.leaf)
      if !paths.contains(path) { paths.append(path) }
    }
    return paths
  }

  private func tables(_ reads: [ElementPlaces.Place], _ writes: [ElementPlaces.Place]) -> [String] {
    var tables: [String] = []
    for table in reads.flatMap({ $0.field.conversions }) + writes.flatMap({ $0.field.conversions.prefix(1) }) {
      let name = table.version.description
      if !tables.contains(name) { tables.append(name) }
    }
    return tables
  }

  // MARK: The way of its values

  private func way(from reads: [ElementPlaces.Place], to writes: [ElementPlaces.Place], and known: Set<Reason>) -> (
    LossMatrix.Codes?, Set<Reason>
  ) {
    var conditions = known
    for write in writes { conditions.formUnion(writingConditions(write, from: reads)) }
    // What only follows from another value's place comes back with that value.
    if writes.allSatisfy({ write in write.rule.fields.allSatisfy { $0.element != write.field.element } }), !writes.isEmpty {
      conditions.formUnion([.noPlace, .notReversible])
    }
    // Instances of its group go to several places, of which not all have it.
    if let write = writes.first, let group = target.dictionary[write.field.element].group,
      to.groups[Int(group.raw)].contains(where: { place in !writes.contains { $0.group == place } })
    {
      conditions.insert(.noPlace)
    }
    // So do the instances of the group around it.
    if let write = writes.first, let group = target.dictionary[write.field.element].group, let outer = target.dictionary[group].group,
      to.groups[Int(outer.raw)].count > to.groups[Int(group.raw)].count
    {
      conditions.insert(.noPlace)
    }
    let room = writes.map(\.room).max() ?? 1
    if reads.contains(where: { $0.room > room }) || reads.count > 1 && reads.contains(where: \.isRepeated) && room < .max {
      conditions.insert(.tooMany)
    }
    guard let write = writes.first(where: { $0.leaf >= 0 }), let read = reads.first(where: { $0.leaf >= 0 }) else {
      return (nil, conditions)
    }
    return (codes(read, write), conditions)
  }

  /// Why a text of the source's leaf may not be read.
  private func readingConditions(_ place: ElementPlaces.Place) -> Set<Reason> {
    guard place.leaf >= 0, let type = source.structure[place.leaf].type else { return [] }
    var conditions: Set<Reason> = []
    switch place.rule.kind {
    // The parts come back together or not at all.
    case .concat: conditions.formUnion([.reshaped, .notReversible])
    // Lines that were not filled come back filled.
    case .lines: conditions.insert(.notReversible)
    case .field(_, .some): conditions.formUnion([.precision, .scaled])
    case .unit: conditions.formUnion([.precision, .scaled, .unitUnknown])
    default: break
    }
    if place.rule.across != nil { conditions.insert(.conflict) }
    if place.field.conversions.contains(where: { $0.conversion.from.coverage != .whole }) { conditions.insert(.codeUnknown) }
    for outcome in place.field.conversions.flatMap({ table in table.conversion.from.entries.map { table.forward($0.code) } }) {
      switch outcome {
      case .ambiguous: conditions.insert(.codeAmbiguous)
      case .none: conditions.insert(.codeNoPeer)
      case .unknown: conditions.insert(.codeUnknown)
      case .mapped: break
      }
    }
    if !place.field.hasConversion {
      switch (type, place.field.type) {
      case (_, let element) where type.isSubsumed(by: element): break
      case (.decimal(let digits, let scale), .decimal(let most, let places)) where digits - scale <= most - places && scale <= places: break
      case (.date, .date), (.indicator, .indicator), (.integer, .text): break
      case (.datetime, .datetime), (.date, .datetime): conditions.insert(.notOfType)
      default: conditions.formUnion([.tooLong, .notOfType, .precision])
      }
    }
    return conditions
  }

  /// Why a value may not stand in the target's leaf, or not as it was.
  private func writingConditions(_ place: ElementPlaces.Place, from reads: [ElementPlaces.Place]) -> Set<Reason> {
    guard place.leaf >= 0, let type = place.rule.type ?? target.structure[place.leaf].type else { return [.conflict] }
    let node = target.structure[place.leaf]
    var conditions: Set<Reason> = []
    switch place.rule.kind {
    case .concat: conditions.formUnion([.partial, .reshaped, .tooLong, .pattern, .notListed])
    case .lines: conditions.formUnion([.tooLong, .reshaped, .pattern])
    case .unit: conditions.insert(.rounded)
    default: break
    }
    if place.rule.across != nil { conditions.insert(.reshaped) }
    // An attribute needs its element, and a value that another one implies needs that one.
    if node.isAttribute { conditions.insert(.withoutValue) }
    if !place.rule.implies.isEmpty { conditions.insert(.noPlace) }
    if place.rule.sharesTarget { conditions.insert(.conflict) }
    if place.field.hasConversion {
      // What the source's format says by itself may have no peer, or several.
      for read in reads {
        guard case .implied(_, let text) = read.rule.kind else { continue }
        switch place.field.conversions.first?.reverse(text) {
        case .ambiguous?: conditions.insert(.codeAmbiguous)
        case .none?, .unknown?: conditions.insert(.codeNoPeer)
        case .mapped?, nil: break
        }
      }
      return conditions
    }
    if target.structure.repertoire != nil { conditions.insert(.character) }
    if node.pattern != nil { conditions.insert(.pattern) }
    if !node.values.isEmpty || !node.lists.isEmpty { conditions.insert(.notListed) }
    if case .code = type { conditions.insert(.notOfType) }
    let lengths = reads.map { place in place.leaf < 0 ? nil : source.structure[place.leaf].type.flatMap(Self.length) }
    let longest = lengths.contains { $0 == nil } ? nil : lengths.compactMap { $0 }.max()
    let most = [longest, Self.length(place.field.type)].compactMap { $0 }.min()
    switch type {
    case .text(let limit, let upper):
      if upper { conditions.formUnion([.upperCased, .notASCII]) }
      if limit < most ?? .max { conditions.insert(.tooLong) }
    case .id(let limit), .code(let limit), .base64(let limit): if limit < most ?? .max { conditions.insert(.tooLong) }
    case .integer: conditions.formUnion([.precision, .tooLong])
    case .decimal(let digits, let scale):
      var fits = false
      if case .decimal(let all, let places) = place.field.type { fits = places <= scale && all - places <= digits - scale }
      let isNarrow = reads.allSatisfy { place in
        guard place.leaf >= 0, case .decimal(let all, let places)? = source.structure[place.leaf].type, place.rule.isPlainNumber else {
          return false
        }
        return places <= scale && all - places <= digits - scale
      }
      if !fits, !isNarrow { conditions.formUnion([.rounded, .tooLong]) }
    case .date, .datetime: conditions.formUnion([.zoneUnknown, .precision, .notOfType])
    case .indicator: break
    }
    return conditions
  }

  private static func length(_ type: LeafType) -> Int? {
    switch type {
    case .text(let limit, _), .id(let limit), .code(let limit), .base64(let limit), .integer(let limit): limit
    case .decimal(let digits, let scale): digits + (scale > 0 ? 1 : 0) + 1
    default: nil
    }
  }

  private static func length(_ type: ElementType) -> Int? {
    switch type {
    case .text(let limit), .id(let limit), .code(let limit), .integer(let limit): limit
    case .decimal(let digits, let scale): digits + (scale > 0 ? 1 : 0) + 1
    default: nil
    }
  }

  // MARK: Codes

  /// Every code of the source's list, sent the whole way.
  private func codes(_ read: ElementPlaces.Place, _ write: ElementPlaces.Place) -> LossMatrix.Codes? {
    var codes = LossMatrix.Codes()
    if read.field.hasConversion {
      var seen: Set<ByteString> = []
      for table in read.field.conversions {
        for entry in table.conversion.from.entries where seen.insert(ByteString(entry.code)).inserted {
          switch read.field.forward(entry.code)?.outcome {
          case .mapped(let canonical, let fidelity)?:
            count(canonical, write, isExact: fidelity != .lossy, &codes)
          default: codes.open += 1
          }
        }
      }
    } else if let table = write.field.conversions.first {
      for entry in (write.field.list ?? table.conversion.to).entries where entry.validTo == nil {
        count(entry.code, write, isExact: true, &codes)
      }
    } else {
      return nil
    }
    return codes
  }

  private func count(_ canonical: String, _ write: ElementPlaces.Place, isExact: Bool, _ codes: inout LossMatrix.Codes) {
    guard let table = write.field.conversions.first else {
      let fits = target.structure.violation(of: write.leaf, text: Array(canonical.utf8)[...]) == nil
      if fits, isExact { codes.lossless += 1 } else if fits { codes.lossy += 1 } else { codes.open += 1 }
      return
    }
    switch table.reverse(canonical) {
    case .mapped(_, let fidelity):
      if isExact, fidelity == .exact { codes.lossless += 1 } else { codes.lossy += 1 }
    default: codes.open += 1
    }
  }

  // MARK: What only the target knows

  /// Required leaves of the target that no element stands in and that nothing computes.
  private func placesOnlyTheTargetKnows() -> [LossMatrix.Row] {
    let structure = target.structure
    let shape = plan.variant.shape.map { structure.shapeNodes[$0] }
    return structure.nodes.indices.compactMap { leaf in
      guard structure[leaf].isLeaf, structure.isRequired(leaf, in: plan.variant), plan.uses[leaf].isEmpty, !plan.setsByItself(leaf) else {
        return nil
      }
      // In another shape of the document.
      if let other = structure.shape(of: leaf), structure.shapeNodes[other] != shape { return nil }
      return LossMatrix.Row(
        element: nil, class: .supplement, source: [], target: [structure.path(leaf)], isRequired: true, codes: nil, tables: [],
        conditions: [],
        hasNotation: false)
    }
  }
}

extension VariantPlan {
  /// A test of a path sets it when it is written.
  func setsByItself(_ leaf: Int) -> Bool { !constants[leaf].isEmpty }
}

extension RulePlan {
  /// The number in the document is the number of the declaration: nothing scales it.
  var isPlainNumber: Bool {
    switch kind {
    case .field(_, nil), .computed: across == nil
    default: false
    }
  }
}
