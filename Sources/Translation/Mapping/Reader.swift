package import Declarations
import Formats
import Primitives

/// What reading did with one leaf of the source document.
struct ReadMark: Sendable {
  var action: Action
  var reason: Reason?
  /// The table that converted it: number in the reading's tables; -1: none.
  var table: Int16 = -1
  /// The leaf whose value this one is part of (a further line, a unit); -1: stands for itself.
  var via: Int32 = -1
  var element: ElementIndex?
  /// Another element, which has the leaf's code as it stands: a table gave the first.
  var unconverted: ElementIndex?
  /// A complete list does not have the code: the sender's mistake.
  var isRefused = false
}

/// Why an element is absent although the source has something in its place.
package struct ReadFailure: Sendable {
  package let reason: Reason
  /// Document node.
  let node: Int32
  /// Canonical codes to choose from, when a code has several peers.
  package let candidates: [String]
}

/// A declaration as read, with what happened to each leaf.
package struct Reading: Sendable {
  package let declaration: Declaration
  let variant: Variant
  /// nil: documents of the kind have none.
  package var direction: Direction? { variant.direction }
  /// Empty: it is not said.
  package let economy: String
  /// By document node.
  let marks: [ReadMark?]
  /// What the marks name by number.
  let tables: UsedTables
  package let failures: [ElementPath: ReadFailure]
}

/// Reads a bound document into a declaration by a variant's plan. One instance reads one document.
struct Reader {
  private let bound: BoundDocument
  private let structure: Structure
  private let dictionary: ElementDictionary
  private var marks: [ReadMark?]
  private var tables = UsedTables()
  private var failures: [ElementPath: ReadFailure] = [:]
  private var steps: [ElementPath.Step] = []
  /// Of the instances that are being read, the innermost last (``enter(_:_:)``).
  private var slots: [Int32] = []

  static func read(_ bound: BoundDocument, profile: Profile, variant: VariantPlan) -> Reading {
    var reader = Reader(bound: bound, structure: profile.structure, dictionary: profile.dictionary)
    return reader.run(profile: profile, plan: variant)
  }

  private init(bound: BoundDocument, structure: Structure, dictionary: ElementDictionary) {
    self.bound = bound
    self.structure = structure
    self.dictionary = dictionary
    marks = Array(repeating: nil, count: bound.document.count)
    slots.reserveCapacity(2 * structure.count)
  }

  private mutating func run(profile: Profile, plan: VariantPlan) -> Reading {
    let context = plan.variant.shape.flatMap { bound.binding.firstIndex(of: Int32(structure.shapeNodes[$0])) } ?? 0
    var root = read(plan.root, at: Int32(context)) ?? Group(plan.root.element)
    let economy = profile.known.map { readHead(&root, profile, plan.variant, $0) } ?? ""
    markConstants(plan)
    return Reading(
      declaration: Declaration(root: root, in: dictionary), variant: plan.variant, economy: economy, marks: marks, tables: tables,
      failures: failures)
  }

  /// Direction and economy, which are known before the rules are.
  ///
  /// - Returns: the economy; empty when the document does not say it.
  private mutating func readHead(
    _ root: inout Group, _ profile: Profile, _ variant: Variant, _ known: Profile.KnownElements
  ) -> String {
    let plan = profile.plan
    if let direction = variant.direction {
      var directionNode: Int32 = -1
      if case .value(let path, _, _) = plan.direction, let node = bound.matches(path, from: 0).first {
        directionNode = node
        marks[Int(node)] = ReadMark(action: .copied, reason: nil, element: known.type)
      }
      root[known.type] = Value(direction.rawValue, origin: directionNode)
    }
    switch plan.economy {
    case .fixed(let code):
      root[known.economy] = Value(code)
      return code
    case .at(let path):
      guard let node = bound.matches(path, from: 0).first, let text = bound.filled(node) else { return "" }
      let economy = String(decoding: LeafType.trimmed(text), as: UTF8.self)
      if let list = dictionary[known.economy].list.flatMap({ profile.codes.list($0) }), !list.accepts(economy) {
        marks[Int(node)] = ReadMark(
          action: .notCarried, reason: .codeUnknown, table: tables.number(of: list.version), element: known.economy, isRefused: true)
        return ""
      }
      root[known.economy] = Value(economy, origin: node)
      marks[Int(node)] = ReadMark(action: .copied, reason: nil, element: known.economy)
      return economy
    case nil: return ""
    }
  }

  /// Leaves that only say which of several like elements this one is: writing sets them.
  private mutating func markConstants(_ plan: VariantPlan) {
    for index in marks.indices where marks[index] == nil {
      let binding = Int(bound.binding[index])
      guard binding >= 0, !plan.constants[binding].isEmpty, let text = bound.filled(Int32(index)).map(LeafType.trimmed),
        plan.constants[binding].contains(where: { text.elementsEqual($0.utf8) })
      else { continue }
      marks[index] = ReadMark(action: .implied, reason: .constant)
    }
  }

  // MARK: Groups

  /// Reads one instance; nil when nothing in it has a value.
  private mutating func read(_ plan: GroupPlan, at node: Int32, text: ArraySlice<UInt8>? = nil) -> Group? {
    let frame = enter(node, plan.node)
    defer { leave(frame, plan.node) }
    // Room for what most instances have: growing to it step by step would cost more than reading it.
    var group = Group(plan.element, capacity: min(plan.items.count, 16))
    for item in plan.items {
      switch item {
      case .rule(let rule): if rule.reads { read(rule, plan, &group, node, frame, text) }
      case .group(let inner): readInstances(inner, &group, node, frame)
      }
    }
    guard !group.isEmpty || steps.isEmpty else { return nil }
    for rule in plan.stating {
      switch rule.kind {
      case .implied(let field, let text): if !group.has(field.element) { group[field.element] = Value(text) }
      case .derived(let field, let compute):
        if !group.has(field.element), let text = compute.evaluate(in: group), let canonical = field.type.canonical(text) {
          group[field.element] = Value(canonical)
        }
      default: break
      }
    }
    return group
  }

  /// Makes the slots of a structure node and of those below it: for each the first document node that stands for it, in or below `node`; -1: none.
  ///
  /// - Returns: what leads from the number of a structure node to its slot.
  private mutating func enter(_ node: Int32, _ base: Int) -> Int {
    let frame = slots.count - base
    let end = Int(structure.outline[base].end)
    slots.append(contentsOf: repeatElement(-1, count: end - base))
    for index in Int(node)..<Int(bound.ends[Int(node)]) {
      let binding = Int(bound.binding[index])
      if binding >= base, binding < end, slots[frame + binding] < 0 { slots[frame + binding] = Int32(index) }
    }
    slots[frame + base] = node
    return frame
  }

  private mutating func leave(_ frame: Int, _ base: Int) { slots.removeLast(slots.count - frame - base) }

  private mutating func readInstances(_ plan: GroupPlan, _ group: inout Group, _ context: Int32, _ frame: Int) {
    let nodes = instances(plan.path, context, frame)
    guard !nodes.isEmpty else { return }
    steps.append(.init(group: plan.element, position: 0))
    defer { steps.removeLast() }
    for node in nodes {
      if let separator = plan.split {
        guard let text = bound.filled(node) else {
          noteEmpty(node)
          continue
        }
        for piece in Self.pieces(text, separator) where !piece.isEmpty {
          steps[steps.count - 1] = .init(group: plan.element, position: group.count(plan.element))
          if let instance = read(plan, at: node, text: piece) { group.append(instance) }
        }
      } else {
        steps[steps.count - 1] = .init(group: plan.element, position: group.count(plan.element))
        if let instance = read(plan, at: node) { group.append(instance) }
      }
    }
  }

  private func instances(_ path: Path, _ context: Int32, _ frame: Int) -> [Int32] {
    guard let last = path.steps.last else { return [context] }
    guard path.isPlain else { return bound.matches(path, from: context) }
    if !structure.outline[last.node].isRepeated {
      let node = slots[frame + last.node]
      return node < 0 ? [] : [node]
    }
    let parent = path.steps.count == 1 ? context : slots[frame + path.steps[path.steps.count - 2].node]
    return parent < 0 ? [] : bound.children(parent, boundTo: last.node)
  }

  private static func pieces(_ text: ArraySlice<UInt8>, _ separator: String) -> [ArraySlice<UInt8>] {
    let mark = Array(separator.utf8)
    var pieces: [ArraySlice<UInt8>] = []
    var start = text.startIndex
    var index = start
    while index + mark.count <= text.endIndex {
      if text[index..<(index + mark.count)].elementsEqual(mark) {
        pieces.append(text[start..<index])
        index += mark.count
        start = index
      } else {
        index += 1
      }
    }
    pieces.append(text[start...])
    return pieces.map(LeafType.trimmed)
  }

  // MARK: Rules

  private func locate(_ path: Path, _ context: Int32, _ frame: Int) -> Int32 {
    path.isPlain ? slots[frame + path.target] : bound.matches(path, from: context).first ?? -1
  }

  private mutating func read(
    _ rule: RulePlan, _ plan: GroupPlan, _ group: inout Group, _ context: Int32, _ frame: Int, _ piece: ArraySlice<UInt8>?
  ) {
    if let across = rule.across { return readAcross(across, rule, plan, &group, instances(across.instances, context, frame)) }
    guard let path = rule.path else { return }
    read(rule, path, plan, &group, context, frame, piece)
  }

  private mutating func read(
    _ rule: RulePlan, _ path: Path, _ plan: GroupPlan, _ group: inout Group, _ context: Int32, _ frame: Int,
    _ piece: ArraySlice<UInt8>?
  ) {
    if case .lines(let field, let length, _) = rule.kind {
      readLines(field, length, instances(path, context, frame), &group)
      return
    }
    var node = locate(path, context, frame)
    var leaf = path.target
    if !rule.also.isEmpty, node < 0 || bound.filled(node) == nil {
      for other in rule.also {
        let candidate = locate(other, context, frame)
        if candidate >= 0, bound.filled(candidate) != nil {
          if node >= 0 { noteEmpty(node) }
          (node, leaf) = (candidate, other.target)
          break
        }
      }
    }
    guard node >= 0 else { return }
    guard let text = piece ?? bound.filled(node) else {
      noteEmpty(node)
      return
    }
    guard let type = rule.type ?? structure[leaf].type else { return }
    for (field, text) in rule.implies {
      if let present = group[field.element], !present.text.hasSameBytes(as: text) {
        if case .field(let field, _) = rule.kind { fail(field, node, .conflict) }
        return
      }
      group[field.element] = Value(text, origin: node)
    }
    switch rule.kind {
    case .field(let field, let scale):
      if let scale {
        readScaled(field, scale, type, text, node, &group, locate(scale.unit, context, frame))
      } else {
        read(field, type, text, node, &group)
      }
    case .computed(_, let field?): read(field, type, text, node, &group)
    case .constant(let constant):
      let isSame = LeafType.trimmed(text).elementsEqual(constant.utf8)
      marks[Int(node)] = ReadMark(action: isSame ? .implied : .notCarried, reason: .constant)
    case .concat(let parts, let otherwise): readParts(parts, otherwise, type, text, node, &group)
    case .unit(let field, let unit): readUnit(field, unit, type, text, node, locate(unit.path, context, frame), &group)
    case .computed(_, nil): marks[Int(node)] = ReadMark(action: .computed, reason: nil)
    case .lines, .implied, .derived: break
    }
  }

  /// One element from all instances of a repeated node.
  private mutating func readAcross(
    _ across: RulePlan.Across, _ rule: RulePlan, _ plan: GroupPlan, _ group: inout Group, _ nodes: [Int32]
  ) {
    guard let element = rule.elements.first else { return }
    var parts: [Value] = []
    var kinds: Set<[UInt8]> = []
    for node in nodes {
      let base = across.instances.target
      let frame = enter(node, base)
      defer { leave(frame, base) }
      // What the instance alone would say; values that an earlier rule implied are looked at, not made anew.
      var scratch = Group(plan.element)
      for (field, _) in rule.implies { scratch[field.element] = group[field.element] }
      read(rule, across.leaf, plan, &scratch, node, frame, nil)
      guard let value = scratch[element] else { continue }
      for (field, _) in rule.implies { group[field.element] = scratch[field.element] }
      parts.append(value)
      let kind = across.by.map { locate($0, node, frame) } ?? -1
      kinds.insert(kind < 0 ? [] : bound.filled(kind).map { Array(LeafType.trimmed($0)) } ?? [])
    }
    guard let first = parts.first else { return }
    var whole: Value?
    switch across.rule {
    case .each: whole = parts.count == nodes.count && parts.allSatisfy(first.hasSameContent) ? first : nil
    case .same: whole = parts.allSatisfy(first.hasSameContent) ? first : nil
    case .sum:
      let sum = parts.dropFirst().reduce(ExactDecimal(first.text)) { sum, part in ExactDecimal(part.text).flatMap { sum?.adding($0) } }
      if parts.count == 1 {
        whole = first
      } else if kinds.count == 1, let sum, let text = dictionary[element].type.canonical(sum.description) {
        whole = Value(text, origin: first.origin)
      }
    }
    for part in parts where parts.count > 1 || whole == nil {
      marks[Int(part.origin)] = ReadMark(
        action: whole == nil ? .notCarried : across.rule == .sum ? .computed : .copied, reason: whole == nil ? .conflict : nil,
        via: part.origin == first.origin ? -1 : first.origin, element: element)
    }
    if let whole {
      group[element] = whole
    } else {
      failures[ElementPath(element, in: steps)] = ReadFailure(reason: .conflict, node: first.origin, candidates: [])
    }
  }

  private mutating func noteEmpty(_ node: Int32) {
    if marks[Int(node)] == nil { marks[Int(node)] = ReadMark(action: .notCarried, reason: .empty) }
  }

  private mutating func fail(
    _ field: Field, _ node: Int32, _ reason: Reason, candidates: [String] = [], table: CodeListVersion? = nil, isRefused: Bool = false
  ) {
    if marks[Int(node)] == nil || marks[Int(node)]?.reason == .empty {
      marks[Int(node)] = ReadMark(
        action: .notCarried, reason: reason, table: tables.number(of: table), element: field.element, isRefused: isRefused)
    }
    failures[ElementPath(field.element, in: steps)] = ReadFailure(reason: reason, node: node, candidates: candidates)
  }

  private mutating func set(
    _ field: Field, _ value: Value, _ node: Int32, _ action: Action, _ reason: Reason? = nil, _ table: CodeListVersion? = nil,
    _ group: inout Group
  ) {
    if let present = group.insert(value, of: field.element) {
      if !present.hasSameContent(as: value) {
        fail(field, node, .conflict)
      } else if marks[Int(node)] == nil {
        marks[Int(node)] = ReadMark(
          action: action, reason: reason, table: tables.number(of: table), via: present.origin == node ? -1 : present.origin,
          element: field.element)
      }
      return
    }
    if let mark = marks[Int(node)], mark.action != .notCarried {
      if action == .copied, mark.element != field.element { marks[Int(node)]?.unconverted = field.element }
      return
    }
    marks[Int(node)] = ReadMark(action: action, reason: reason, table: tables.number(of: table), element: field.element)
  }

  private mutating func read(_ field: Field, _ type: LeafType, _ text: ArraySlice<UInt8>, _ node: Int32, _ group: inout Group) {
    if field.hasConversion {
      let code = String(decoding: LeafType.trimmed(text), as: UTF8.self)
      guard let (outcome, conversion) = field.forward(code) else { return }
      switch outcome {
      case .mapped(let canonical, let fidelity):
        let value = Value(canonical, origin: node, received: code, list: field.listVersion)
        switch fidelity {
        case .exact: set(field, value, node, .converted, nil, conversion.version, &group)
        case .lossy: set(field, value, node, .lossy, nil, conversion.version, &group)
        case .scaled: set(field, value, node, .converted, .scaled, conversion.version, &group)
        }
      case .ambiguous(let candidates): fail(field, node, .codeAmbiguous, candidates: candidates, table: conversion.version)
      case .none: fail(field, node, conversion.conversion.from.contains(code) ? .codeNoPeer : .codeUnknown, table: conversion.version)
      case .unknown: fail(field, node, .codeUnknown, table: conversion.version, isRefused: true)
      }
      return
    }
    guard let canonical = type.canonical(text, for: field.type) else { return fail(field, node, Self.misfit(text, field.type)) }
    if field.listVersion != nil, field.list?.accepts(canonical) == false {
      return fail(field, node, .codeUnknown, table: field.listVersion, isRefused: true)
    }
    set(
      field, Value(canonical, origin: node, received: received(text, canonical), list: field.listVersion), node, .copied, nil, nil, &group)
  }

  /// Why an element does not take a text.
  private static func misfit(_ text: ArraySlice<UInt8>, _ type: ElementType) -> Reason {
    guard case .invalid(let problem) = type.check(String(decoding: text, as: UTF8.self)) else { return .notOfType }
    switch problem.code {
    case "validate.too_long": return .tooLong
    case "validate.too_many_digits": return .precision
    case "validate.not_integer":
      return ExactDecimal(String(decoding: LeafType.trimmed(text), as: UTF8.self)) == nil ? .notOfType : .precision
    default: return .notOfType
    }
  }

  private func received(_ text: ArraySlice<UInt8>, _ canonical: String) -> String? {
    text.isUTF8(of: canonical) ? nil : String(decoding: text, as: UTF8.self)
  }

  private mutating func readScaled(
    _ field: Field, _ scale: Scale, _ type: LeafType, _ text: ArraySlice<UInt8>, _ node: Int32, _ group: inout Group, _ unit: Int32
  ) {
    guard unit >= 0, let code = bound.filled(unit),
      let (outcome, conversion) = Field.forward(String(decoding: LeafType.trimmed(code), as: UTF8.self), scale.conversions),
      case .mapped(_, .scaled(let factor)) = outcome
    else { return read(field, type, text, node, &group) }
    guard let plain = type.canonical(text, for: .decimal(digits: 36, scale: 18)), let number = ExactDecimal(plain) else {
      return fail(field, node, .notOfType)
    }
    var limit = 18
    if case .decimal(_, let scale) = field.type { limit = scale }
    let result = scale.isInverse ? number.divided(by: factor, limit: limit) : number.multiplied(by: factor)
    guard let result, let canonical = field.type.canonical(result.description) else { return fail(field, node, .precision) }
    set(field, Value(canonical, origin: node, received: plain), node, .converted, .scaled, conversion.version, &group)
  }

  private mutating func readUnit(
    _ field: Field, _ unit: RulePlan.Unit, _ type: LeafType, _ text: ArraySlice<UInt8>, _ node: Int32, _ unitNode: Int32,
    _ group: inout Group
  ) {
    var factor: ExactDecimal?
    if unitNode >= 0, let code = bound.filled(unitNode).map(LeafType.trimmed), !code.elementsEqual(unit.written.utf8) {
      guard let entry = unit.factors.first(where: { code.elementsEqual($0.code.utf8) }) else {
        marks[Int(unitNode)] = ReadMark(action: .notCarried, reason: .unitUnknown, element: field.element, isRefused: true)
        return fail(field, node, .unitUnknown)
      }
      factor = entry.factor
    }
    if unitNode >= 0 {
      marks[Int(unitNode)] = ReadMark(
        action: factor == nil ? .copied : .converted, reason: factor == nil ? nil : .scaled, via: node, element: field.element)
    }
    guard let factor else { return read(field, type, text, node, &group) }
    guard let plain = type.canonical(text, for: .decimal(digits: 36, scale: 18)), let number = ExactDecimal(plain),
      let product = number.multiplied(by: factor),
      let canonical = field.type.canonical(product.description)
    else { return fail(field, node, .precision) }
    set(field, Value(canonical, origin: node, received: plain), node, .converted, .scaled, nil, &group)
  }

  private mutating func readLines(_ field: Field, _ length: Int, _ nodes: [Int32], _ group: inout Group) {
    var text = ""
    var first: Int32 = -1
    var wasFull = true
    for node in nodes {
      guard let line = bound.filled(node) else {
        noteEmpty(node)
        continue
      }
      if first < 0 {
        first = node
      } else {
        if !wasFull { text += " " }
        marks[Int(node)] = ReadMark(action: .copied, reason: nil, via: first, element: field.element)
      }
      text += String(decoding: line, as: UTF8.self)
      wasFull = LeafType.length(line) == length
    }
    guard first >= 0 else { return }
    guard let canonical = field.type.canonical(text) else { return fail(field, first, .notOfType) }
    set(field, Value(canonical, origin: first), first, .copied, nil, nil, &group)
  }

  private mutating func readParts(
    _ parts: [RulePlan.Part], _ otherwise: Field?, _ type: LeafType, _ text: ArraySlice<UInt8>, _ node: Int32, _ group: inout Group
  ) {
    guard let values = ConcatCodec.split(LeafType.trimmed(text), parts) else {
      if let otherwise { return read(otherwise, type, text, node, &group) }
      if case .field(let field, _)? = parts.first(where: { $0.element != nil }) { fail(field, node, .reshaped) }
      return
    }
    let table = values.lazy.compactMap { $0.field.conversions.first }.first?.version
    for (field, canonical) in values {
      set(field, Value(canonical, origin: node), node, table == nil ? .copied : .converted, nil, table, &group)
    }
  }
}
