/// What happened to one element or leaf on its way.
package enum Action: String, Sendable, CaseIterable {
  /// Same value, at most in another notation.
  case copied
  /// By a table, without loss.
  case converted
  /// Carried, but writing it back does not give the same again.
  case lossy
  /// Follows from other values.
  case computed
  /// Stands for the other side's element, because the border was crossed.
  case swapped
  /// Follows from the format or the profile itself.
  case implied
  /// The release policy keeps it at home.
  case withheld
  /// Present in the source, not in the target.
  case notCarried = "not_carried"
  /// The target requires it and nothing gives it.
  case missing
  /// Answered in a supplement.
  case supplemented
  /// Nobody declared it: two economies agreed on it for their corridor.
  case defaulted

  /// Position among all cases.
  var index: Int {
    switch self {
    case .copied: 0
    case .converted: 1
    case .lossy: 2
    case .computed: 3
    case .swapped: 4
    case .implied: 5
    case .withheld: 6
    case .notCarried: 7
    case .missing: 8
    case .supplemented: 9
    case .defaulted: 10
    }
  }
}

/// Why it happened. Stable texts, part of the report's and the supplement request's JSON form.
package enum Reason: String, Sendable, CaseIterable {
  /// The format has it, the dictionary has no peer.
  case local
  /// Present without a value.
  case empty
  case codeUnknown = "code_unknown"
  case codeAmbiguous = "code_ambiguous"
  case codeNoPeer = "code_no_peer"
  case scaled
  case unitUnknown = "unit_unknown"
  case tooLong = "too_long"
  case notASCII = "not_ascii"
  /// A character that the target format cannot hold.
  case character
  case upperCased = "upper_cased"
  case pattern
  case notListed = "not_listed"
  case notOfType = "not_of_type"
  case precision
  case rounded
  case zoneUnknown = "zone_unknown"
  /// The target format has no place for it (in this shape or direction).
  case noPlace = "no_place"
  /// More instances than the target format holds.
  case tooMany = "too_many"
  /// Went into another part of a declaration that was divided.
  case otherPart = "other_part"
  /// Belongs to the declaring side and does not cross.
  case ownSide = "own_side"
  case notDeclared = "not_declared"
  case withheld
  /// Another value stands in the place already.
  case conflict
  /// Lines, parts or lists that cannot be taken apart as they were.
  case reshaped
  /// A unit or qualifier whose value is absent.
  case withoutValue = "without_value"
  /// A fixed value of the format.
  case constant
  /// Written back it would not come out as it was.
  case notReversible = "not_reversible"
  /// The partner's document no longer has the instance that it belonged to.
  case instanceGone = "instance_gone"
  /// Only the first parts of a composed text are known.
  case partial
  /// The other side reads the commodity code by another edition of the Harmonized System.
  case editionDiffers = "edition_differs"
  /// Given back by the complement.
  case complement
  /// The defaults of a corridor say it.
  case agreed
  /// The partner changed the value.
  case changedByPartner = "changed_by_partner"
}
