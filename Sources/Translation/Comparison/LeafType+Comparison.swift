extension LeafType {
  /// Whether each text that may stand in a leaf of the other type may stand in one of this type.
  ///
  /// White space around a value, which only a plain text counts, is left out of account.
  func takesAll(of other: LeafType) -> Bool {
    switch (self, other) {
    case (.text(let most, let upper), .text(let length, let isUpper)): length <= most && (!upper || isUpper)
    case (.text(let most, false), .id(let length)), (.text(let most, false), .code(let length)),
      (.text(let most, false), .base64(let length)),
      (.text(let most, false), .integer(let length)), (.id(let most), .id(let length)), (.id(let most), .code(let length)),
      (.id(let most), .integer(let length)), (.code(let most), .code(let length)), (.code(let most), .integer(let length)),
      (.base64(let most), .base64(let length)), (.integer(let most), .integer(let length)):
      length <= most
    case (.decimal(let most, let places), .decimal(let digits, let scale)): scale <= places && digits - scale <= most - places
    case (.decimal(let most, let places), .integer(let digits)): digits <= most - places
    case (.date(let patterns), .date(let others)), (.datetime(let patterns), .datetime(let others)):
      patterns == others
        || !patterns.isCanonical && !others.isCanonical && patterns.zone == others.zone
          && others.alternatives.allSatisfy(patterns.alternatives.contains)
    default: self == other
    }
  }
}
