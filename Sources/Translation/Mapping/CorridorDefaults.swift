import Declarations
import Primitives
import YAMLTree

/// The defaults that a draft took, and where.
struct DefaultsTaken: Sendable {
  let defaults: CorridorDefaults
  let places: [ElementPath: CorridorDefaults.Entry]
}

/// Values that two economies have agreed on for a corridor: a draft for the receiver takes them where the declaration says nothing
/// (`schemas/defaults/<from>-<to>.yaml`).
///
/// They are no translation: they fill what is absent, never change what is there, and the report says where they come from.
package struct CorridorDefaults: Sendable {
  struct Entry: Sendable {
    let element: ElementIndex
    /// Canonical.
    let value: String
    /// Of the receiver's document; nil: in both.
    let direction: Direction?
    /// Of the receiver's document; empty: in all that have the place.
    let shapes: [String]
    /// Why the two sides may say it for the declarant.
    let reason: String
    let line: Int

    func holds(in variant: Variant, of structure: Structure) -> Bool {
      guard direction == nil || direction == variant.direction else { return false }
      return shapes.isEmpty || variant.shape.map { shapes.contains(structure.shapes[$0]) } ?? false
    }
  }

  /// `from-to` in lower case.
  let id: String
  let version: String
  let from: String
  let to: String
  /// Ids of the receiver's formats whose drafts take them.
  let profiles: [String]
  let entries: [Entry]

  /// `id@version`, as the report names it.
  package var name: String { "\(id)@\(version)" }

  /// What a document of a format may take.
  func entries(for variant: Variant, of profile: Profile) -> [Entry] {
    guard profiles.contains(where: { $0.hasSameBytes(as: profile.id) }) else { return [] }
    return entries.filter { $0.holds(in: variant, of: profile.structure) }
  }

  /// Fills what is absent, in the instances that are there; an element that the declaration says to be null is not absent.
  ///
  /// - Parameter isSaid: the declaration holds the element, though not for the receiver: it could not be read, or it is withheld.
  /// - Returns: the places that were filled.
  func fill(
    _ declaration: inout Declaration, for variant: Variant, of profile: Profile, unless isSaid: (ElementIndex) -> Bool
  ) -> [ElementPath: Entry] {
    var filled: [ElementPath: Entry] = [:]
    for entry in entries(for: variant, of: profile) where !isSaid(entry.element) {
      let groups = profile.dictionary.groups(around: entry.element).dropFirst()
      Self.fill(&declaration.root, groups, entry, [], &filled)
    }
    return filled
  }

  private static func fill(
    _ group: inout Group, _ path: ArraySlice<ElementIndex>, _ entry: Entry, _ steps: [ElementPath.Step],
    _ filled: inout [ElementPath: Entry]
  ) {
    if let next = path.first {
      for position in 0..<group.count(next) {
        group.modify(next, at: position) {
          fill(&$0, path.dropFirst(), entry, steps + [.init(group: next, position: position)], &filled)
        }
      }
      return
    }
    if let present = group[entry.element], present.isFilled || present.isNull { return }
    group[entry.element] = Value(entry.value)
    filled[ElementPath(entry.element, in: steps)] = entry
  }
}
