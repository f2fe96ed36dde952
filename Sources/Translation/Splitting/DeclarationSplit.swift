package import Declarations
import JSONTree
import Primitives

/// A declaration divided into parts of a few goods items each, and the way back.
///
/// Items keep their order and are numbered anew in each part. Totals of the parts add up to the totals of the whole, exactly.
package struct DeclarationSplit: Sendable {
  /// What became of one total.
  package struct Division: Sendable {
    /// Dictionary id.
    package let element: String
    /// Dictionary id of the items' number that it was divided by; nil: counted, or nothing to divide by, so that no part has it.
    package let by: String?
    package let isDivided: Bool
  }

  /// In order; each a whole declaration of its own.
  package let parts: [Declaration]
  /// By part, by item: the item's number in the whole declaration.
  package let numbers: [[String]]
  package let divisions: [Division]
  /// Elements whose value in a part is not the value of the whole.
  let changed: Set<ElementIndex>

  /// Which item went where, and what totals were divided by.
  var json: JSONObject {
    JSONObject([
      ("version", 1),
      ("parts", .array(numbers.map { .array($0.map { .string($0) }) })),
      (
        "divisions",
        .array(
          divisions.map { division in
            var object = JSONObject([("element", .string(division.element)), ("divided", .bool(division.isDivided))])
            if let by = division.by { object["by"] = .string(by) }
            return .object(object)
          })
      ),
    ])
  }
}

extension SplittingRules {
  /// Divides a declaration into parts of at most `limit` items.
  ///
  /// - Precondition: `limit` is positive.
  /// - Complexity: O(values × 2 + parts × values outside the items).
  func split(_ declaration: Declaration, limit: Int) -> DeclarationSplit {
    let dictionary = declaration.dictionary
    let items = declaration.root.groups(self.items)
    let starts = Array(stride(from: 0, to: max(items.count, 1), by: limit))
    let ranges: [Range<Int>] = starts.map { start in start..<min(start + limit, items.count) }
    let numbers = numbers(of: items)
    var place: [ByteString: (part: Int, number: Int)] = [:]
    for (part, range) in ranges.enumerated() {
      for index in range { place[ByteString(numbers[index])] = (part, index - range.lowerBound + 1) }
    }
    var roots = ranges.map { _ in declaration.root }
    var changed: Set<ElementIndex> = [number]
    for (part, range) in ranges.enumerated() {
      let own = range.map { index in
        var item = items[index]
        item[number] = Value(String(index - range.lowerBound + 1), origin: item[number]?.origin ?? -1)
        return item
      }
      roots[part].setGroups(self.items, own)
    }
    var divisions: [DeclarationSplit.Division] = []
    for total in totals {
      guard let value = declaration.root[total.element], value.isFilled,
        total.condition.map({ declaration.root.text($0.element)?.hasSameBytes(as: $0.text) ?? false }) ?? true
      else { continue }
      changed.insert(total.element)
      let division = divide(value, total, items, ranges, dictionary)
      divisions.append(
        .init(
          element: dictionary[total.element].id, by: division.by.map { dictionary[$0.element].id }, isDivided: division.shares != nil))
      for part in roots.indices {
        roots[part][total.element] = division.shares.map { Value($0[part], origin: value.origin) }
      }
    }
    for reference in references {
      changed.insert(reference.element)
      for part in roots.indices { follow(reference, in: &roots[part], part: part, place) }
    }
    for share in shares {
      changed.insert(share.element)
      divide(share, declaration.root, items, numbers, place, &roots)
    }
    return DeclarationSplit(
      parts: roots.map { Declaration(root: $0, in: dictionary) }, numbers: ranges.map { $0.map { numbers[$0] } }, divisions: divisions,
      changed: changed)
  }

  // MARK: Numbers of items

  /// What the items are called by; their places where they are not told apart by their numbers.
  private func numbers(of items: [Group]) -> [String] {
    var numbers: [String] = []
    var seen: Set<ByteString> = []
    for (index, item) in items.enumerated() {
      let text = item.text(number) ?? String(index + 1)
      seen.insert(ByteString(text))
      numbers.append(text)
    }
    return seen.count == items.count ? numbers : items.indices.map { String($0 + 1) }
  }

  /// The item's number of a basis: of the item, or the sum over a group in it; nil when it has none.
  private func weight(_ basis: Basis, of item: Group) -> ExactDecimal? {
    guard !basis.groups.isEmpty else { return item.text(basis.element).flatMap { ExactDecimal($0) } }
    guard !Compute.instances(item, basis.groups[...]).isEmpty else { return nil }
    return Compute.sum(basis.groups, basis.element).evaluate(in: item).flatMap { ExactDecimal($0) }
  }

  /// The numbers of the first basis that all items have.
  private func weights(_ bases: [Basis], _ items: [Group]) -> (basis: Basis, numbers: [ExactDecimal])? {
    for basis in bases {
      let numbers = items.compactMap { weight(basis, of: $0) }
      if numbers.count == items.count, numbers.contains(where: { !$0.isZero }) { return (basis, numbers) }
    }
    return nil
  }

  private func divide(
    _ value: Value, _ total: Total, _ items: [Group], _ ranges: [Range<Int>], _ dictionary: ElementDictionary
  ) -> (shares: [String]?, by: Basis?) {
    if total.isCount { return (ranges.map { String($0.count) }, nil) }
    guard let whole = ExactDecimal(value.text), let (basis, numbers) = weights(total.bases, items) else { return (nil, nil) }
    let sums = ranges.map { range in numbers[range].reduce(ExactDecimal?(ExactDecimal(0))) { sum, number in sum?.adding(number) } }
    let parts = sums.compactMap { $0 }
    guard parts.count == ranges.count else { return (nil, nil) }
    let all = parts.reduce(ExactDecimal?(ExactDecimal(0))) { sum, part in sum?.adding(part) }
    let type = dictionary[total.element].type
    // Where the items account for the total their own sums are the shares, with all their decimals.
    if let all, all == whole {
      let texts = parts.compactMap { type.canonical($0.description) }
      if texts.count == parts.count { return (texts, basis) }
    }
    guard let shares = Apportionment.shares(of: whole, by: parts, scale: whole.scale) else { return (nil, nil) }
    let texts = shares.compactMap { type.canonical($0.description) }
    return texts.count == shares.count ? (texts, basis) : (nil, nil)
  }

  // MARK: References

  private func follow(
    _ reference: Reference, in root: inout Group, part: Int, _ place: [ByteString: (part: Int, number: Int)]
  ) {
    func kept(_ instances: [Group]) -> [Group] {
      instances.compactMap { instance in
        guard let text = instance.text(reference.element) else { return instance }
        guard let target = place[ByteString(text)] else { return part == 0 ? instance : nil }
        guard target.part == part else { return nil }
        var moved = instance
        moved[reference.element] = Value(String(target.number), origin: instance[reference.element]?.origin ?? -1)
        return moved
      }
    }
    guard let holder = reference.holder else { return root.setGroups(reference.group, kept(root.groups(reference.group))) }
    let holders = root.groups(holder).compactMap { instance -> Group? in
      let named = instance.groups(reference.group)
      guard !named.isEmpty else { return instance }
      let mine = kept(named)
      guard !mine.isEmpty else { return nil }
      var moved = instance
      moved.setGroups(reference.group, mine)
      return moved
    }
    root.setGroups(holder, holders)
  }

  /// Divides what an instance of a holder says of all its items among the parts that have some of them.
  private func divide(
    _ share: Share, _ whole: Group, _ items: [Group], _ numbers: [String], _ place: [ByteString: (part: Int, number: Int)],
    _ roots: inout [Group]
  ) {
    guard let holder = share.reference.holder else { return }
    let positions = Dictionary(uniqueKeysWithValues: numbers.enumerated().map { (ByteString($0.element), $0.offset) })
    for instance in whole.groups(holder) {
      guard let value = instance[share.element], let total = ExactDecimal(value.text) else { continue }
      let named = instance.groups(share.reference.group).compactMap { $0.text(share.reference.element) }
      let indices = named.compactMap { positions[ByteString($0)] }
      let owners = named.isEmpty ? Array(roots.indices) : Set(indices.compactMap { place[ByteString(numbers[$0])]?.part }).sorted()
      guard owners.count > 1 else { continue }
      var texts: [Int: String] = [:]
      if let (_, weights) = weights(share.bases, indices.map { items[$0] }), !indices.isEmpty {
        let byPart = owners.map { part in
          zip(indices, weights).reduce(ExactDecimal?(ExactDecimal(0))) { sum, pair in
            place[ByteString(numbers[pair.0])]?.part == part ? sum?.adding(pair.1) : sum
          } ?? ExactDecimal(0)
        }
        if let shares = Apportionment.shares(of: total, by: byPart, scale: total.scale) {
          for (part, share) in zip(owners, shares) { texts[part] = share.description }
        }
      }
      for part in owners {
        let mine = roots[part].groups(holder)
        guard let position = mine.firstIndex(where: { isSame($0, instance, share.reference) }) else { continue }
        roots[part].modify(holder, at: position) { $0[share.element] = texts[part].map { Value($0, origin: value.origin) } }
      }
    }
  }

  func isSame(_ left: Group, _ right: Group, _ reference: Reference) -> Bool {
    guard let key = reference.key, let text = left.text(key), let other = right.text(key) else { return false }
    return text.hasSameBytes(as: other)
  }
}
