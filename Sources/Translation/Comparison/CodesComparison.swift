import Declarations
import Primitives

/// The code lists and conversion tables that two versions of a profile use in common: nothing to say when they come from one folder.
struct CodesComparison {
  let before: Profile
  let after: Profile

  func changes() -> [ProfileDifference.Change] {
    let (lists, newLists) = (Self.lists(before), Self.lists(after))
    let (tables, newTables) = (Self.tables(before), Self.tables(after))
    let listChanges = lists.sorted { $0.key < $1.key }.compactMap { id, list in newLists[id].flatMap { compare(list, $0) } }
    let tableChanges = tables.sorted { $0.key < $1.key }.compactMap { id, table in newTables[id].flatMap { compare(table, $0) } }
    return listChanges + tableChanges
  }

  private static func fields(_ profile: Profile) -> [Field] {
    profile.plan.variants.flatMap { plan in plan.uses.flatMap { uses in uses.flatMap { $0.rule.fields + $0.rule.implies.map(\.field) } } }
  }

  /// Of leaves and of mapped elements.
  private static func lists(_ profile: Profile) -> [ByteString: CodeList] {
    var lists: [ByteString: CodeList] = [:]
    for list in profile.structure.nodes.flatMap(\.codes) + fields(profile).compactMap(\.list) { lists[ByteString(list.id)] = list }
    return lists
  }

  private static func tables(_ profile: Profile) -> [ByteString: CodeConversion] {
    var tables: [ByteString: CodeConversion] = [:]
    for table in fields(profile).flatMap(\.conversions) { tables[ByteString(table.conversion.id)] = table.conversion }
    return tables
  }

  private func compare(_ old: CodeList, _ new: CodeList) -> ProfileDifference.Change? {
    let gone = old.entries.filter { new.entry($0.code) == nil }.map(\.code)
    let added = new.entries.filter { old.entry($0.code) == nil }.map(\.code)
    // Names and notes decide nothing.
    let changed = new.entries.filter { entry in
      old.entry(entry.code).map { $0.validFrom != entry.validFrom || $0.validTo != entry.validTo || $0.extra != entry.extra } ?? false
    }
    let wasWhole = old.coverage == .whole
    guard old.version != new.version || !gone.isEmpty || !added.isEmpty || !changed.isEmpty || old.coverage != new.coverage else {
      return nil
    }
    // A code outside a table that holds only a part of the list was no error.
    let isNarrower = new.coverage == .whole && (!gone.isEmpty || !wasWhole) || !changed.isEmpty
    let isWider = wasWhole && (!added.isEmpty || new.coverage != .whole) || !changed.isEmpty
    return .init(
      kind: .codes, effect: .of(isNarrower: isNarrower, isWider: isWider), path: old.id, before: old.version.version,
      after: new.version.version, gone: gone, new: added, changed: changed.map(\.code))
  }

  /// By code of the format; a code that only the way back knows by that of the dictionary.
  private func compare(_ old: CodeConversion, _ new: CodeConversion) -> ProfileDifference.Change? {
    var (gone, added, changed): ([String], [String], [String]) = ([], [], [])
    var seen: Set<ByteString> = []
    func look(_ code: String, _ was: CodeConversion.Outcome, _ now: CodeConversion.Outcome) {
      guard was != now, seen.insert(ByteString(code)).inserted else { return }
      switch (was, now) {
      case (.mapped, .none), (.mapped, .unknown): gone.append(code)
      case (.none, .mapped), (.unknown, .mapped): added.append(code)
      default: changed.append(code)
      }
    }
    for row in old.rows + new.rows { look(row.from, old.forward(row.from), new.forward(row.from)) }
    for row in old.rows + new.rows where !row.to.isEmpty && !seen.contains(ByteString(row.from)) {
      look(row.to, old.reverse(row.to), new.reverse(row.to))
    }
    guard old.version != new.version || !seen.isEmpty else { return nil }
    return .init(
      kind: .table, effect: .of(isNarrower: !gone.isEmpty || !changed.isEmpty, isWider: !added.isEmpty || !changed.isEmpty), path: old.id,
      before: old.version.version, after: new.version.version, gone: gone, new: added, changed: changed)
  }
}
