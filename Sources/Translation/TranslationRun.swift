import Declarations
import Formats
import Primitives

/// One translation: crossing, writing, complement, checking, supplement, report, in this order.
struct TranslationRun {
  let library: ProfileLibrary
  let source: ValidDocument
  let target: Profile
  let options: Translator.Options
  /// The released declaration that this one is a part of, and the elements whose values in a part are not those of the whole; nil: it is whole.
  var part: (whole: Declaration, changed: Set<ElementIndex>)?

  func translate(_ released: Declaration) throws(CausewayError) -> Translation {
    let count = released.root.count(library.splitting.items)
    guard count <= target.itemLimit else {
      throw CausewayError("write.item_limit", facts: ["profile": target.name, "limit": String(target.itemLimit), "count": String(count)])
    }
    var crossed = cross(released)
    var computed = part?.changed ?? []
    // What was released says something else of an earlier document than the source.
    if let function = released.functionElement, !released.functionCode.hasSameBytes(as: source.declaration.functionCode) {
      computed.insert(function)
    }
    if !computed.isEmpty, crossed.swapped.isEmpty { crossed.swapped = Array(repeating: nil, count: target.dictionary.elements.count) }
    for element in computed { crossed.swapped[Int(element.raw)] = .computed }
    let plan = try Self.plan(target, crossed.declaration, shape: options.shape ?? options.complement?.shape)
    var withheld = withheldValues(part?.whole ?? released)
    if options.isMirrored {
      crossed.left += withheld
      withheld = []
    }
    let filled = fill(&crossed, withheld, plan)
    var writing = Writer.write(crossed.declaration, profile: target, plan: plan, on: options.day)
    if let filled { writing.leaveOut(filled) }
    var skipped: [(path: String, reason: Reason)] = []
    if let complement = options.complement {
      guard complement.profile.hasSameBytes(as: target.name), complement.direction == plan.variant.direction,
        complement.shape == plan.variant.shape.map({ target.structure.shapes[$0] })
      else { throw CausewayError("write.complement_profile", facts: ["expected": complement.profile]) }
      _ = writing.draft.finish(syntax: target.syntax)
      (writing.draft, skipped) = ComplementApplier.apply(complement, to: writing.draft, profile: target, plan: plan)
    }
    let document = writing.draft.finish(syntax: target.syntax)
    let bound = target.syntax != .json ? BoundDocument(document, of: writing.draft) : try BoundDocument(document, to: target.structure)
    let back = Reader.read(bound, profile: target, variant: plan)
    if let code = changedFunction(of: crossed.declaration, in: back.declaration) {
      throw CausewayError(code, facts: ["profile": target.name])
    }
    var problems = StructureValidator.check(bound, profile: target, variant: plan, on: options.day, isDraft: true)
    problems += Translator.ruleProblems(back.declaration, profile: target, plan: plan, document: document)
    var complement: Complement?
    var changed: [Bool] = []
    if options.makesComplement {
      (complement, changed) = try makeComplement(back, writing)
    }
    let editions = editions(released, crossed)
    let supplement = compared(supplement(writing, plan, crossed, withheld), editions)
    let report = report(writing, bound, crossed, withheld, changed, supplement, skipped, editions, filled)
    return Translation(
      profile: target, document: document, declaration: crossed.declaration, report: report, complement: complement, supplement: supplement,
      problems: problems, plan: plan)
  }

  // MARK: Crossing

  private func cross(_ declaration: Declaration) -> Crossing.Result {
    let economy = source.reading.economy
    // The hub's format takes both sides' declarations; a complement says which side its original was on.
    let wanted = options.complement.map(\.economy) ?? (target.isHub ? economy : target.economy)
    guard let known = target.known, let direction = source.reading.direction, !economy.isEmpty, !wanted.isEmpty,
      !wanted.hasSameBytes(as: economy)
    else { return Crossing.Result(declaration: declaration) }
    return library.crossing.mirror(declaration, direction: direction.mirrored, economy: wanted, known: known)
  }

  /// Takes what was agreed for the corridor where the declaration says nothing. Only a draft for the other side does; what comes back with a
  /// complement is one's own document.
  private func fill(_ crossed: inout Crossing.Result, _ withheld: [LostValue], _ plan: VariantPlan) -> DefaultsTaken? {
    guard target.known != nil, options.complement == nil,
      let defaults = library.defaults(from: source.reading.economy, to: target.economy)
    else { return nil }
    let own = library.crossing.own
    var isSaid = [Bool](repeating: false, count: own.count)
    for failure in source.reading.failures.keys { isSaid[Int(failure.element.raw)] = true }
    for value in withheld { isSaid[Int(value.path.element.raw)] = true }
    let bound = source.bound
    for node in 0..<Int32(bound.document.count) where bound.binding[Int(node)] >= 0 && bound.document.isNull(.init(index: node)) {
      for use in source.plan.uses[Int(bound.binding[Int(node)])] { for element in use.rule.elements { isSaid[Int(element.raw)] = true } }
    }
    // What belongs to the declaring side says nothing of the other side's.
    let places = defaults.fill(&crossed.declaration, for: plan.variant, of: target) { isSaid[Int($0.raw)] && !own[Int($0.raw)] }
    return places.isEmpty ? nil : DefaultsTaken(defaults: defaults, places: places)
  }

  static func plan(_ profile: Profile, _ declaration: Declaration, shape: String?) throws(CausewayError) -> VariantPlan {
    let direction = profile.known.map { known in declaration[known.type].flatMap { Direction(rawValue: $0.text) } ?? .export }
    func unknown(_ shape: String) -> CausewayError {
      CausewayError("write.shape_unknown", facts: ["profile": profile.name, "shape": shape])
    }
    guard case .shapes(let rules) = profile.plan.direction else {
      guard shape == nil, let plan = profile.plan.plan(Variant(direction: direction, shape: nil)) else {
        throw unknown(shape ?? direction?.rawValue ?? "")
      }
      return plan
    }
    var chosen: Int?
    if let shape {
      chosen = profile.structure.shapes.firstIndex { $0.hasSameBytes(as: shape) }
      guard let chosen, rules[chosen].direction == direction else { throw unknown(shape) }
    } else {
      chosen =
        rules.firstIndex { rule in
          guard rule.direction == direction, let when = rule.when, let text = declaration[when.element]?.text else { return false }
          return when.values.contains { $0.hasSameBytes(as: text) }
        } ?? rules.firstIndex { $0.direction == direction && $0.when == nil }
    }
    guard let chosen, let plan = profile.plan.plan(Variant(direction: direction, shape: chosen)) else {
      throw unknown(direction?.rawValue ?? "")
    }
    return plan
  }

  /// Why a document is not written that would do something else to an earlier one than the declaration says: telling it in the report is not enough.
  private func changedFunction(of declaration: Declaration, in written: Declaration) -> ErrorCode? {
    let (does, says) = (declaration.function, written.function)
    // One's own document comes back with what it said, unless the partner has changed that.
    if says == does || options.complement?.function?.hasSameBytes(as: declaration.functionCode) ?? false { return nil }
    return switch (does, says) {
    case (.takesBack, _): "write.cancellation"
    case (.changes, nil) where options.replacesDraft && target.known != nil: nil
    default: "write.amendment"
    }
  }

  // MARK: Complement

  /// Writes back what was written, as the partner's document would be, and keeps what does not come back.
  private func makeComplement(_ back: Reading, _ writing: Writing) throws(CausewayError) -> (Complement, [Bool]) {
    var declaration = back.declaration
    let economy = back.economy
    let home = source.reading.economy
    if let known = source.profile.known, let direction = back.direction, !home.isEmpty, !economy.isEmpty,
      !economy.hasSameBytes(as: home)
    {
      declaration = library.crossing.mirror(declaration, direction: direction.mirrored, economy: home, known: known).declaration
    }
    var returned = Writer.write(declaration, profile: source.profile, plan: source.plan, on: options.day)
    _ = returned.draft.finish(syntax: source.profile.syntax)
    var origins = [Int32](repeating: -1, count: back.marks.count)
    for node in writing.draft.nodes where node.output >= 0 { origins[Int(node.output)] = node.origin }
    var made = ComplementMaker.make(
      source: source.bound, returned: returned.draft, profile: source.profile, plan: source.plan, economy: home, origins: origins)
    if source.declaration.function != back.declaration.function { made.complement.function = back.declaration.functionCode }
    return (made.complement, made.changed)
  }

  // MARK: Editions of commodity codes

  /// The editions that the two sides read commodity codes by, when they are not the same.
  private func editions(_ released: Declaration, _ crossed: Crossing.Result) -> HSEditions.Difference? {
    guard let known = target.known, let economy = crossed.declaration[known.economy]?.text else { return nil }
    return library.editions.difference(in: released, from: source.reading.economy, to: economy, today: options.day)
  }

  /// Digits of another edition are no beginning of a national code, only something to compare with.
  private func compared(_ request: SupplementRequest, _ editions: HSEditions.Difference?) -> SupplementRequest {
    guard editions != nil else { return request }
    let code = library.editions.element
    var request = request
    for index in request.items.indices where request.items[index].reason == .partial {
      guard let element = request.items[index].element.flatMap({ target.dictionary[id: $0] }) else { continue }
      if element == code || target.dictionary.follows(of: element).contains(code) { request.items[index].reason = .editionDiffers }
    }
    return request
  }

  // MARK: What did not go

  /// Values that the release policy kept.
  private func withheldValues(_ released: Declaration) -> [LostValue] {
    if released == source.declaration { return [] }
    struct Key: Hashable {
      let element: ElementIndex
      let origin: Int32
    }
    var kept: Set<Key> = []
    var withheld: [LostValue] = []
    released.walk { path, value in kept.insert(Key(element: path.element, origin: value.origin)) }
    source.declaration.walk { path, value in
      if value.isFilled, !kept.contains(Key(element: path.element, origin: value.origin)) {
        withheld.append(LostValue(path: path, origin: value.origin))
      }
    }
    return withheld
  }

  private func supplement(_ writing: Writing, _ plan: VariantPlan, _ crossed: Crossing.Result, _ withheld: [LostValue]) -> SupplementRequest
  {
    var builder = SupplementBuilder(draft: writing.draft, profile: target, plan: plan)
    let reading = source.reading
    builder.failures = { isAsked in
      var failures: [ElementPath: SupplementBuilder.Failure] = [:]
      for (path, failure) in reading.failures where isAsked(path.element) {
        failures[path] = .init(reason: failure.reason, candidates: failure.candidates, isWriting: false)
      }
      for event in writing.events where event.action == .notCarried && isAsked(event.element) {
        guard let reason = event.reason else { continue }
        failures[ElementPath(event.element, in: writing.steps(event.instance))] = .init(
          reason: reason, candidates: writing.candidates(of: event), isWriting: true)
      }
      return failures
    }
    var none: [Bool] { Array(repeating: false, count: target.dictionary.elements.count) }
    let hasCrossed = target.known.map { crossed.declaration.root[$0.economy] != source.declaration.root[$0.economy] } ?? false
    builder.ownSide = hasCrossed ? library.crossing.own : none
    for lost in crossed.left { builder.ownSide[Int(lost.path.element.raw)] = true }
    builder.withheld = none
    for lost in withheld { builder.withheld[Int(lost.path.element.raw)] = true }
    builder.steps = writing.steps
    return builder.request()
  }

  private func report(
    _ writing: Writing, _ bound: BoundDocument, _ crossed: Crossing.Result, _ withheld: [LostValue], _ changed: [Bool],
    _ supplement: SupplementRequest,
    _ skipped: [(path: String, reason: Reason)], _ editions: HSEditions.Difference?, _ filled: DefaultsTaken?
  ) -> TranslationReport {
    // Most messages' reports are stored as what happened and looked at by nobody: entries are made when they are asked for.
    let dictionary = target.dictionary
    let reading = source.reading
    let document = source.bound
    let left = crossed.left
    let swapped = crossed.swapped
    let isPart = part != nil
    let code = library.editions.element
    return TranslationReport(
      source: document, target: bound, dictionary: dictionary, from: source.profile.name, to: target.name, editions: editions,
      defaults: filled
    ) {
      var builder = ReportBuilder(
        reading: reading, source: document, outputs: writing.draft.nodes.map(\.output), swapped: swapped, changed: changed,
        isPart: isPart)
      for lost in withheld { builder.add(lost, .withheld, .withheld) }
      for lost in left { builder.add(lost, .notCarried, .ownSide) }
      builder.add(writing, targetCount: bound.document.count)
      // By position: an item holds a dozen texts, and copying it would count each.
      let items = supplement.items
      for index in items.indices {
        builder.addPlace(items[index].path, items[index].element.flatMap { dictionary[id: $0] }, .missing, items[index].reason)
      }
      for entry in skipped { builder.addPlace(entry.path, nil, .notCarried, entry.reason) }
      if editions != nil { builder.mark(code) }
      if let filled { builder.mark(filled) }
      return builder.content
    }
  }
}
