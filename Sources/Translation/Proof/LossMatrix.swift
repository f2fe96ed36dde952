import Declarations
package import JSONTree
import Primitives

/// What becomes of each element between two formats: known from mappings, code lists and the crossing table before anything is sent.
package struct LossMatrix: Sendable {
  package enum Class: String, Sendable, CaseIterable {
    /// The same value, unless a condition of the row says otherwise.
    case carried
    /// By tables that lose nothing.
    case converted
    /// By tables that lose something for some codes, or a leaf that holds less.
    case lossy
    /// Follows from other values.
    case computed
    /// Stands for the other side's element.
    case swapped
    /// Belongs to the declaring side and does not cross.
    case ownSide = "own_side"
    /// The release policy keeps it.
    case withheld
    /// The target has no place for it.
    case missing
    /// The target requires it and nothing gives it: it is asked for.
    case supplement
    /// The target has an optional place for it, and nothing gives it.
    case open
    /// Nothing gives it, and the two economies agreed on a value.
    case defaulted
  }

  /// How many codes of the source's list arrive how.
  package struct Codes: Hashable, Sendable {
    package internal(set) var lossless = 0
    package internal(set) var lossy = 0
    /// Ambiguous or without a peer: never guessed, asked for where the target requires the place.
    package internal(set) var open = 0

    package var count: Int { lossless + lossy + open }
  }

  package struct Row: Sendable {
    /// Dictionary id; nil: a place of the target that the dictionary does not know.
    package let element: String?
    package internal(set) var `class`: Class
    /// Names from the root down.
    package let source: [String]
    package let target: [String]
    package let isRequired: Bool
    package let codes: Codes?
    /// Tables on the way, `id@version`.
    package let tables: [String]
    /// Why a single value may not arrive, or not as it was.
    package let conditions: [Reason]
    let hasNotation: Bool
    /// What the two economies agreed on for when the declaration says nothing, canonical.
    package internal(set) var agreed: String?
    /// What happened to it in generated declarations.
    package internal(set) var seen: [Action: Int] = [:]
  }

  /// A generated declaration in which something happened that the row of the element rules out.
  package struct Contradiction: Hashable, Sendable {
    package let element: String
    package let predicted: Class
    package let seen: Action
    package let reason: Reason?
    package let seed: UInt64
  }

  package let from: String
  package let to: String
  /// Direction of the target's document; nil: the kind has none.
  package let direction: Direction?
  package let shape: String?
  package internal(set) var rows: [Row]
  package internal(set) var declarations = 0
  package internal(set) var contradictions: [Contradiction] = []

  /// Number of rows by class.
  package var counts: [Class: Int] { rows.reduce(into: [:]) { $0[$1.class, default: 0] += 1 } }
}

extension LossMatrix {
  /// The stable JSON form (`schemas/loss-matrix.schema.json`).
  package var json: JSONValue {
    func list(_ texts: [String]) -> JSONValue { .array(texts.map { .string($0) }) }
    let rows = rows.map { row -> JSONValue in
      var object = JSONObject([("class", .string(row.class.rawValue)), ("required", .bool(row.isRequired))])
      if let element = row.element { object["element"] = .string(element) }
      if let agreed = row.agreed { object["default"] = .string(agreed) }
      if !row.source.isEmpty { object["source"] = list(row.source) }
      if !row.target.isEmpty { object["target"] = list(row.target) }
      if !row.tables.isEmpty { object["tables"] = list(row.tables) }
      if let codes = row.codes {
        object["codes"] = .object(
          JSONObject([("lossless", Self.number(codes.lossless)), ("lossy", Self.number(codes.lossy)), ("open", Self.number(codes.open))]))
      }
      if !row.conditions.isEmpty { object["conditions"] = list(row.conditions.map(\.rawValue)) }
      if !row.seen.isEmpty {
        object["seen"] = .object(
          JSONObject(row.seen.sorted { $0.key.rawValue < $1.key.rawValue }.map { ($0.key.rawValue, Self.number($0.value)) }))
      }
      return .object(object)
    }
    let counts = Class.allCases.compactMap { kind in self.counts[kind].map { (kind.rawValue, Self.number($0)) } }
    var object = JSONObject([
      ("version", 1), ("from", .string(from)), ("to", .string(to)),
      ("counts", .object(JSONObject(counts))), ("declarations", Self.number(declarations)), ("rows", .array(rows)),
    ])
    if let direction { object["direction"] = .string(direction.rawValue) }
    if let shape { object["shape"] = .string(shape) }
    return .object(object)
  }

  private static func number(_ value: Int) -> JSONValue { .number(JSONNumber(value)) }
}
