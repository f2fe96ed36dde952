/// Position of an element in the dictionary it was loaded from. Order is dictionary order.
///
/// - Invariant: 0 ≤ raw < number of elements of that dictionary.
package struct ElementIndex: Hashable, Comparable, Sendable {
  package let raw: Int16

  package init(raw: Int16) { self.raw = raw }

  package static func < (left: Self, right: Self) -> Bool { left.raw < right.raw }
}

/// Kind of document that an element occurs in (`declaration`, `supplement`, `status` …). The dictionary's data define which
/// kinds there are.
package struct DocumentKind: RawRepresentable, Hashable, Sendable, ExpressibleByStringLiteral, CustomStringConvertible {
  package let rawValue: String
  package init(rawValue: String) { self.rawValue = rawValue }
  package init(stringLiteral value: String) { rawValue = value }
  package var description: String { rawValue }

  package static let declaration: DocumentKind = "declaration"
  package static let status: DocumentKind = "status"
  package static let amendment: DocumentKind = "amendment"

  /// Whether a document of the kind stands on one side of the border: it then has a direction and an economy, and is mirrored when it
  /// crosses. Any other is the same document on both sides.
  package var hasDirection: Bool { self == .declaration }
}

/// How often an element may occur in one instance of its group: `1`, `0..1`, `0..99`, `1..n`, `0` (not used in that direction).
package struct Cardinality: Hashable, Sendable, CustomStringConvertible {
  package let min: Int
  /// nil: no upper limit.
  package let max: Int?

  /// - Precondition: 0 ≤ min ≤ max.
  package init(min: Int, max: Int?) {
    precondition(min >= 0 && min <= max ?? Int.max, "a cardinality has its limits in order")
    self.min = min
    self.max = max
  }

  /// - Returns: nil unless the text is one of the shapes above.
  package init?(_ text: some StringProtocol) {
    let bytes = Array(text.utf8)
    var position = 0
    func number() -> Int? {
      let start = position
      var value = 0
      while position < bytes.count, position - start < 6, bytes[position] >= 0x30, bytes[position] <= 0x39 {
        value = value * 10 + Int(bytes[position] - 0x30)
        position += 1
      }
      return position > start ? value : nil
    }
    guard let low = number() else { return nil }
    if position == bytes.count {
      self.init(min: low, max: low)
      return
    }
    guard bytes.count - position >= 3, bytes[position] == 0x2E, bytes[position + 1] == 0x2E else { return nil }
    position += 2
    if bytes[position] == 0x6E, position + 1 == bytes.count {
      self.init(min: low, max: nil)
      return
    }
    guard let high = number(), position == bytes.count, high >= low else { return nil }
    self.init(min: low, max: high)
  }

  package var isRequired: Bool { min > 0 }
  package var isUsed: Bool { max != 0 }

  package var description: String {
    guard let max else { return "\(min)..n" }
    return max == min ? "\(min)" : "\(min)..\(max)"
  }
}

/// One line of the canonical dictionary: what everything else refers to by `id`.
package struct Element: Sendable {
  package let index: ElementIndex
  /// For example `Origin.CountryCode`. ASCII letters, digits and dots; group ids have no dot.
  package let id: String
  /// The group whose instances hold it; nil for the root of a document kind.
  package let group: ElementIndex?
  package let type: ElementType
  /// How often it occurs in an export declaration (and in documents that have no direction).
  package let export: Cardinality
  /// How often it occurs in an import declaration.
  package let `import`: Cardinality
  /// Id of the code list of its canonical values.
  package let list: String?
  /// UN/ECE Rec 20 code of the unit that its values are in.
  package let unit: String?
  /// Elements of the same group that a value of this one was stated with: when the partner changes one of them, a value of this one that stayed
  /// at home is not put back.
  package internal(set) var follows: [ElementIndex]
  /// Says something about a natural person: a release policy must name it one by one.
  package let isPersonal: Bool
  /// Two economies may agree on a value of it for their corridor: it is no statement that only the declarant can make.
  package let isAgreeable: Bool
  /// Row of the crosswalk of declaration formats that it belongs to; empty for kinds outside the crosswalk.
  package let crosswalkRows: [Int]
  /// WCO data element id, such as `R031`.
  package let wcoID: String?
  package let documents: [DocumentKind]
  package let en: String
  package let zh: String

  package var isGroup: Bool { type == .group }
}
