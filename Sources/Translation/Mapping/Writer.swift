import Declarations
import Primitives

/// Writes a declaration by a variant's plan.
struct Writer {
  let profile: Profile
  let structure: Structure
  let plan: VariantPlan
  let day: String?
  var draft: Draft
  private(set) var events: [WriteEvent] = []
  private(set) var instances: [InstanceEntry] = []
  private var tables = UsedTables()
  private var candidates: [[String]] = []
  /// Rules that name a position in what groups make, and constants: after everything else.
  private(set) var deferred: [(rule: RulePlan, context: Int32, group: Group, instance: Int32, isRoot: Bool)] = []

  /// - Parameter day: the day that lists with periods of validity are asked about.
  static func write(_ declaration: Declaration, profile: Profile, plan: VariantPlan, on day: String?) -> Writing {
    var writer = Writer(profile: profile, plan: plan, day: day)
    writer.run(declaration)
    return Writing(
      draft: writer.draft, events: writer.events, instances: writer.instances, tables: writer.tables, candidates: writer.candidates)
  }

  private init(profile: Profile, plan: VariantPlan, day: String?) {
    self.profile = profile
    structure = profile.structure
    self.plan = plan
    self.day = day
    draft = Draft(structure: profile.structure, plan: plan)
    events.reserveCapacity(256)
  }

  mutating func run(_ declaration: Declaration) {
    instances.append(.init(parent: -1, element: plan.root.element, position: 0))
    var context: Int32 = 0
    if let shape = plan.variant.shape { context = container(structure.shapeNodes[shape]) }
    var rest = declaration.root
    if let known = profile.known { writeHead(&rest, known) }
    write(plan.root, rest, at: context, instance: 0)
    for entry in deferred { writeDeferred(entry.rule, entry.group, entry.context, entry.instance, isRoot: entry.isRoot) }
  }

  /// A node and those above it, made.
  mutating func container(_ node: Int) -> Int32 {
    let parent = Int(structure.outline[node].parent)
    guard parent >= 0 else { return 0 }
    let above = container(parent)
    let found = draft.first(node, of: above)
    let id = found >= 0 ? found : draft.append(node, to: above)
    draft.nodes[Int(id)].isKept = true
    return id
  }

  mutating func writeHead(_ root: inout Group, _ known: Profile.KnownElements) {
    let direction = root[known.type]
    root[known.type] = nil
    var target: Int32 = -1
    if case .value(let path, let values, _) = profile.plan.direction,
      let text = values.first(where: { $0.direction == plan.variant.direction })?.text
    {
      target = reach(path, 0) ?? -1
      if target >= 0 {
        draft.nodes[Int(target)].text = text
        draft.nodes[Int(target)].origin = direction?.origin ?? -1
      }
    }
    note(known.type, 0, direction?.origin ?? -1, target, target < 0 ? .implied : .copied)
    let economy = root[known.economy]
    root[known.economy] = nil
    target = -1
    if case .at(let path) = profile.plan.economy, let text = economy?.text, !text.isEmpty {
      target = reach(path, 0) ?? -1
      if target >= 0 {
        draft.nodes[Int(target)].text = text
        draft.nodes[Int(target)].origin = economy?.origin ?? -1
      }
    }
    note(known.economy, 0, economy?.origin ?? -1, target, target < 0 ? .implied : .copied)
  }

  mutating func note(
    _ element: ElementIndex, _ instance: Int32, _ origin: Int32, _ target: Int32, _ action: Action, _ reason: Reason? = nil,
    _ table: CodeListVersion? = nil, _ candidates: [String] = []
  ) {
    if !candidates.isEmpty { self.candidates.append(candidates) }
    events.append(
      WriteEvent(
        element: element, instance: instance, origin: origin, target: target, action: action, reason: reason,
        table: tables.number(of: table),
        candidates: candidates.isEmpty ? -1 : Int32(self.candidates.count - 1)))
  }

  // MARK: Groups

  mutating func write(_ plan: GroupPlan, _ group: Group, at context: Int32, instance: Int32) {
    let record = Int32(draft.groups.count)
    draft.groups.append((plan: plan, group: group, instance: instance))
    draft.nodes[Int(context)].group = record
    // Which instances of a nested group were taken by an earlier rule for the same group, and the entry of the first.
    var lists: [(element: ElementIndex, isTaken: [Bool], first: Int32)] = []
    var qualifiers: [RulePlan] = []
    // Elements with rules for other values of what they imply only: a rate where the format takes an amount.
    var unsuited: [ElementIndex] = []
    var suited: [ElementIndex] = []
    for item in plan.items {
      switch item {
      case .rule(let rule):
        guard rule.writes else { continue }
        guard rule.implies.allSatisfy({ group.text($0.field.element)?.hasSameBytes(as: $0.text) ?? false }) else {
          unsuited += rule.elements
          continue
        }
        if !rule.implies.isEmpty { suited += rule.elements }
        if let path = rule.path, structure.isOnLeaf(path.target), !rule.isConstant {
          qualifiers.append(rule)
        } else {
          write(rule, group, context, instance, isRoot: instance == 0)
        }
      case .group(let inner):
        let list = group.groups(inner.element)
        guard !list.isEmpty else { continue }
        let known = lists.firstIndex { $0.element == inner.element } ?? lists.count
        if known == lists.count {
          lists.append((inner.element, Array(repeating: false, count: list.count), enter(inner.element, list.count, in: instance)))
        }
        writeInstances(inner, list, &lists[known].isTaken, at: context, first: lists[known].first)
      }
    }
    for rule in qualifiers { write(rule, group, context, instance, isRoot: instance == 0) }
    for (position, element) in unsuited.enumerated() where !suited.contains(element) && !unsuited[..<position].contains(element) {
      if let value = group[element], value.isFilled { note(element, instance, value.origin, -1, .notCarried, .noPlace) }
    }
    for list in lists where list.isTaken.contains(false) {
      let instances = group.groups(list.element)
      for (position, isTaken) in list.isTaken.enumerated() where !isTaken {
        dropped(instances[position], list.first + Int32(position), .tooMany)
      }
    }
    let values = group.values
    for index in values.indices where !plan.writable[Int(values[index].element.raw)] && values[index].value.isFilled {
      let member = values[index]
      let isSaid = saysItself(member.element, member.value, plan, group)
      note(
        member.element, instance, member.value.origin, -1, isSaid == true ? .implied : .notCarried,
        isSaid == nil ? .noPlace : isSaid == true ? nil : .conflict)
    }
    for list in group.groups where !plan.writableGroups[Int(list.element.raw)] { dropped(list, in: instance, .noPlace) }
  }

  /// Gives the instances of a nested group their entries.
  ///
  /// - Returns: the first one.
  private mutating func enter(_ element: ElementIndex, _ count: Int, in parent: Int32) -> Int32 {
    let first = Int32(instances.count)
    for position in 0..<count { instances.append(.init(parent: parent, element: element, position: position)) }
    return first
  }

  /// Whether a value that no rule writes is what the format says by itself: by a rule without a place, or by where other values went.
  ///
  /// - Returns: nil: the format says nothing of the element; false: it says something else, so that reading would give another value.
  private func saysItself(_ element: ElementIndex, _ value: Value, _ plan: GroupPlan, _ group: Group) -> Bool? {
    var answer: Bool?
    for rule in plan.stating {
      switch rule.kind {
      case .implied(let field, let text) where field.element == element: answer = value.text.hasSameBytes(as: text)
      case .derived(let field, let compute) where field.element == element:
        guard let text = compute.evaluate(in: group).flatMap({ field.type.canonical($0) }) else { continue }
        answer = field.type.isSame(value.text, text)
      default:
        if rule.implies.contains(where: { $0.field.element == element && value.text.hasSameBytes(as: $0.text) }) { return true }
      }
    }
    return answer
  }

  mutating func dropped(_ group: Group, _ instance: Int32, _ reason: Reason) {
    for member in group.values where member.value.isFilled { note(member.element, instance, member.value.origin, -1, .notCarried, reason) }
    for list in group.groups { dropped(list, in: instance, reason) }
  }

  private mutating func dropped(_ list: Group.Instances, in parent: Int32, _ reason: Reason) {
    let first = enter(list.element, list.groups.count, in: parent)
    for (position, inner) in list.groups.enumerated() { dropped(inner, first + Int32(position), reason) }
  }

  mutating func writeInstances(_ plan: GroupPlan, _ list: [Group], _ taken: inout [Bool], at context: Int32, first: Int32) {
    if let separator = plan.split { return writeSplit(plan, list, &taken, at: context, first: first, separator) }
    guard let last = plan.path.steps.last else {
      // The group shares the node of the enclosing one.
      guard let position = taken.firstIndex(of: false), accepts(plan, list[position]) else { return }
      taken[position] = true
      let outer = draft.nodes[Int(context)].group
      write(plan, list[position], at: context, instance: first + Int32(position))
      draft.nodes[Int(context)].group = outer
      return
    }
    var parent: Int32 = plan.path.isAbsolute ? 0 : context
    var room = Int(structure.outline[last.node].max)
    var isReached = false
    var ready: [Int32] = []
    for (position, group) in list.enumerated() where !taken[position] && accepts(plan, group) {
      if !isReached {
        for step in plan.path.steps.dropLast() {
          guard let next = draft.reach(step, from: parent) else { return }
          parent = next
        }
        // A rule that names a position may have made the first instances already.
        ready = last.tests.isEmpty ? draft.instances(last.node, of: parent).filter { draft.nodes[Int($0)].group < 0 } : []
        room -= draft.instances(last.node, of: parent).count - ready.count
        isReached = true
      }
      guard room > 0 else { return }
      room -= 1
      taken[position] = true
      let node = ready.isEmpty ? draft.append(last.node, to: parent) : ready.removeFirst()
      draft.satisfy(last.tests, at: node)
      write(plan, group, at: node, instance: first + Int32(position))
    }
  }

  func accepts(_ plan: GroupPlan, _ group: Group) -> Bool {
    plan.filters.allSatisfy { filter in
      (group.text(filter.element).map { $0.hasSameBytes(as: filter.text) } ?? false) == filter.isEqual
    }
  }

  mutating func writeSplit(_ plan: GroupPlan, _ list: [Group], _ taken: inout [Bool], at context: Int32, first: Int32, _ separator: String)
  {
    guard let target = reach(plan.path, context), let type = structure[plan.node].type else { return }
    var pieces: [String] = []
    for (position, group) in list.enumerated() where !taken[position] {
      taken[position] = true
      for case .rule(let rule) in plan.items {
        guard case .field(let field, _) = rule.kind, let value = group[field.element], value.isFilled else { continue }
        switch text(field, value.text, type) {
        case .success(let written):
          pieces.append(written.text)
          note(field.element, first + Int32(position), value.origin, target, written.action, written.reason, written.table)
        case .failure(let refusal):
          note(field.element, first + Int32(position), value.origin, -1, .notCarried, refusal.reason, refusal.table, refusal.candidates)
        }
      }
    }
    let joined = pieces.joined(separator: separator)
    guard !joined.isEmpty, structure.violation(of: plan.node, text: Array(joined.utf8)[...], on: day) == nil else { return }
    draft.nodes[Int(target)].text = joined
    draft.nodes[Int(target)].origin = list.first.flatMap { $0.values.first?.value.origin } ?? -1
  }

  // MARK: Texts

  struct Written {
    let text: String
    let action: Action
    let reason: Reason?
    let table: CodeListVersion?
  }

  struct Refused: Error {
    let reason: Reason
    var table: CodeListVersion?
    var candidates: [String] = []
  }

  func text(_ field: Field, _ canonical: String, _ type: LeafType) -> Result<Written, Refused> {
    if let conversion = field.conversions.first {
      switch conversion.reverse(canonical) {
      case .mapped(let code, .exact): return .success(.init(text: code, action: .converted, reason: nil, table: conversion.version))
      case .mapped(let code, .lossy), .mapped(let code, .scaled):
        return .success(.init(text: code, action: .lossy, reason: nil, table: conversion.version))
      case .ambiguous(let candidates): return .failure(.init(reason: .codeAmbiguous, table: conversion.version, candidates: candidates))
      case .none: return .failure(.init(reason: .codeNoPeer, table: conversion.version))
      case .unknown: return .failure(.init(reason: .codeUnknown, table: conversion.version))
      }
    }
    switch type.write(canonical, of: field.type) {
    case .exact(let text): return .success(.init(text: text, action: .copied, reason: nil, table: nil))
    case .lossy(let text, let reason): return .success(.init(text: text, action: .lossy, reason: reason, table: nil))
    case .refused(let reason): return .failure(.init(reason: reason))
    }
  }

  mutating func reach(_ path: Path, _ context: Int32, sharesTarget: Bool = true) -> Int32? {
    var node: Int32 = path.isAbsolute ? 0 : context
    for (index, step) in path.steps.enumerated() {
      let isLast = index == path.steps.count - 1
      guard let next = draft.reach(step, from: node, isGrouped: plan.groupAt[step.node] != nil, isNew: isLast && !sharesTarget)
      else { return nil }
      node = next
    }
    return node
  }

  /// Number of instances that a path leads to.
  private func count(_ path: Path, _ context: Int32) -> Int {
    var node: Int32 = path.isAbsolute ? 0 : context
    for step in path.steps.dropLast() {
      node = draft.find(step, from: node)
      guard node >= 0 else { return 0 }
    }
    return draft.instances(path.target, of: node).count
  }

  /// Whether the leaf that an attribute qualifies has a text.
  func hasValue(_ path: Path, _ context: Int32) -> Bool {
    var node: Int32 = path.isAbsolute ? 0 : context
    for step in path.steps.dropLast() {
      let found = draft.find(step, from: node)
      guard found >= 0 else { return false }
      node = found
    }
    return draft.nodes[Int(node)].text != nil
  }

  /// Puts a text into a leaf; the reason when it cannot stand there.
  mutating func place(_ text: String, _ rule: RulePlan, _ path: Path, _ context: Int32, origin: Int32, isTyped: Bool = false) -> Result<
    Int32, Refused
  > {
    // `LeafType.write` gave a text of the type; a list, a pattern, fixed values and the repertoire are looked at here, and a code for white
    // space.
    let leaf = structure[path.target]
    if !leaf.isFree || !(leaf.type?.checksByWriting ?? false) || !isTyped || rule.type != nil || structure.repertoire != nil,
      let reason = structure.violation(of: path.target, text: Array(text.utf8)[...], on: day)
    {
      return .failure(.init(reason: reason))
    }
    if structure.isOnLeaf(path.target), !hasValue(path, context) {
      return .failure(.init(reason: .withoutValue))
    }
    guard let node = reach(path, context, sharesTarget: rule.sharesTarget) else {
      return .failure(.init(reason: .noPlace))
    }
    if let present = draft.nodes[Int(node)].text, !draft.nodes[Int(node)].isWeak {
      return present.hasSameBytes(as: text) ? .success(node) : .failure(.init(reason: .conflict))
    }
    draft.nodes[Int(node)].text = text
    draft.nodes[Int(node)].isWeak = false
    draft.nodes[Int(node)].origin = origin
    return .success(node)
  }

  // MARK: Rules

  mutating func write(_ rule: RulePlan, _ group: Group, _ context: Int32, _ instance: Int32, isRoot: Bool) {
    guard let path = rule.path, let type = rule.type ?? structure[path.target].type else { return }
    if rule.hasPosition || rule.across != nil {
      deferred.append((rule, context, group, instance, isRoot))
      return
    }
    switch rule.kind {
    case .field(let field, _):
      guard let value = group[field.element], value.isFilled else { return }
      write(field, value, type, rule, path, context, instance)
    case .computed(let compute, let field):
      if let field, let value = group[field.element], value.isFilled { return write(field, value, type, rule, path, context, instance) }
      writeComputed(compute, field, type, rule, path, context, instance, group)
    case .constant: deferred.append((rule, context, group, instance, isRoot))
    case .concat(let parts, let otherwise): writeParts(parts, otherwise, type, rule, path, group, context, instance)
    case .lines(let field, let length, let max): writeLines(field, length, max, type, rule, path, group, context, instance)
    case .unit(let field, let unit):
      guard let value = group[field.element], value.isFilled else { return }
      write(field, value, type, rule, path, context, instance)
      guard let event = events.last, event.element == field.element, event.target >= 0 else { return }
      // The unit stands next to the value or on it.
      if let node = reach(unit.path, context) {
        draft.nodes[Int(node)].text = unit.written
      }
    case .implied, .derived: break
    }
  }

  mutating func write(
    _ field: Field, _ value: Value, _ type: LeafType, _ rule: RulePlan, _ path: Path, _ context: Int32, _ instance: Int32
  ) {
    switch text(field, value.text, type) {
    case .failure(let refused):
      note(field.element, instance, value.origin, -1, .notCarried, refused.reason, refused.table, refused.candidates)
    case .success(let written):
      switch place(written.text, rule, path, context, origin: value.origin, isTyped: !field.hasConversion) {
      case .success(let node): note(field.element, instance, value.origin, node, written.action, written.reason, written.table)
      case .failure(let refused): note(field.element, instance, value.origin, -1, .notCarried, refused.reason, written.table)
      }
    }
  }

  mutating func writeComputed(
    _ compute: Compute, _ field: Field?, _ type: LeafType, _ rule: RulePlan, _ path: Path, _ context: Int32, _ instance: Int32,
    _ group: Group
  ) {
    guard let canonical = compute.evaluate(in: group, position: instances[Int(instance)].position) else { return }
    let element = field?.type ?? (canonical == "true" || canonical == "false" ? ElementType.indicator : .decimal(digits: 36, scale: 18))
    var written = canonical
    switch type {
    case .text, .code, .id: break
    default:
      switch type.write(canonical, of: element) {
      case .exact(let text), .lossy(let text, _): written = text
      case .refused: return
      }
    }
    guard case .success(let node) = place(written, rule, path, context, origin: -1) else { return }
    note(field?.element ?? plan.root.element, instance, -1, node, .computed)
  }

  mutating func writeDeferred(_ rule: RulePlan, _ group: Group, _ context: Int32, _ instance: Int32, isRoot: Bool) {
    guard let path = rule.path, let type = rule.type ?? structure[path.target].type else { return }
    if let across = rule.across, count(across.instances, context) > 1 {
      // Which part of the value belongs to which instance is not known.
      for element in rule.elements {
        if let value = group[element], value.isFilled { note(element, instance, value.origin, -1, .notCarried, .reshaped) }
      }
      return
    }
    switch rule.kind {
    case .constant(let text):
      if structure.outline[path.target].isAttribute {
        // On the element that carries it, when that is there.
        var node: Int32 = path.isAbsolute ? 0 : context
        for step in path.steps.dropLast() {
          node = draft.first(step.node, of: node)
          guard node >= 0 else { return }
        }
        let parent = node
        for last in path.steps.suffix(1) {
          let found = draft.first(last.node, of: parent)
          let node = found >= 0 ? found : draft.append(last.node, to: parent)
          guard draft.nodes[Int(node)].text == nil else { return }
          draft.nodes[Int(node)].text = text
          draft.nodes[Int(node)].isWeak = parent != 0
        }
      } else if let node = reach(path, context), draft.nodes[Int(node)].text == nil {
        draft.nodes[Int(node)].text = text
        draft.nodes[Int(node)].isWeak = !isRoot
      }
    case .field(let field, _):
      guard let value = group[field.element], value.isFilled else { return }
      write(field, value, type, rule, path, context, instance)
    case .computed(let compute, let field):
      if let field, let value = group[field.element], value.isFilled { return write(field, value, type, rule, path, context, instance) }
      writeComputed(compute, field, type, rule, path, context, instance, group)
    case .lines(let field, let length, let max): writeLines(field, length, max, type, rule, path, group, context, instance)
    case .concat(let parts, let otherwise): writeParts(parts, otherwise, type, rule, path, group, context, instance)
    case .unit, .implied, .derived: break
    }
  }
}
