package import JSONTree
import Primitives

/// What changes between two versions of a profile: in its data, and for messages that were tried with both.
package struct ProfileDifference: Sendable {
  /// What a change means for those who send or receive documents of the format.
  package enum Effect: String, Sendable, CaseIterable {
    /// What was valid, listed or carried may not be any more.
    case narrower
    /// What was not may be now.
    case wider
    /// Neither is sure, or both.
    case other

    static func of(isNarrower: Bool, isWider: Bool) -> Effect { isNarrower == isWider ? .other : isNarrower ? .narrower : .wider }
  }

  package enum Kind: String, Sendable, CaseIterable {
    /// A line of `profile.yaml`, the root, a namespace, or how direction and economy are read.
    case head
    case gone, new, renamed, moved
    /// Children of one parent stand in another order.
    case order
    case required, optional, cardinality, type, pattern, values
    /// The code lists of a leaf are others.
    case lists
    /// An element has a place now, has none any more, or is read or written otherwise.
    case carried
    case notCarried = "not_carried"
    case mapping
    case ruleNew = "rule_new"
    case ruleGone = "rule_gone"
    case rule
    /// Codes of one list.
    case codes
    /// Lines of one conversion table.
    case table
  }

  package struct Change: Hashable, Sendable {
    package let kind: Kind
    package let effect: Effect
    /// Structure path of the first version (of what is new: of the second), id of a rule, a list or a table, or key of `profile.yaml`;
    /// nil: the change is of an element.
    package var path: String?
    /// Path in the second version, when it is another.
    package var to: String?
    /// Dictionary id.
    package var element: String?
    /// Directions and shapes that it concerns; empty: all.
    package var only: [String] = []
    package var before: String?
    package var after: String?
    /// Codes of a list or a table.
    package var gone: [String] = []
    package var new: [String] = []
    package var changed: [String] = []
  }

  /// `id@version`.
  package let before: String
  package let after: String
  package internal(set) var changes: [Change]
  /// nil: nothing was tried.
  package var trial: MessageTrial?
}

extension ProfileDifference {
  /// The stable JSON form (`schemas/profile-difference.schema.json`).
  package var json: JSONValue {
    var object = JSONObject([
      ("version", 1), ("before", .string(before)), ("after", .string(after)),
      (
        "counts",
        .object(
          JSONObject(
            Effect.allCases.compactMap { effect in
              let count = changes.count { $0.effect == effect }
              return count > 0 ? (effect.rawValue, .number(JSONNumber(count))) : nil
            }))
      ), ("changes", .array(changes.map(\.json))),
    ])
    if let trial { object["trial"] = trial.json }
    return .object(object)
  }

  /// For people: a line for each change, then what messages say.
  package var lines: [String] {
    var lines = changes.map(\.line)
    let counts = Effect.allCases.map { effect in "\(changes.count { $0.effect == effect }) \(effect.rawValue)" }
    lines.append("\(before) to \(after): \(changes.count) changes, \(counts.joined(separator: ", "))")
    if let trial { lines += trial.lines }
    return lines
  }
}

extension ProfileDifference.Change {
  fileprivate var json: JSONValue {
    var object = JSONObject([("kind", .string(kind.rawValue)), ("effect", .string(effect.rawValue))])
    for (name, text) in [("path", path), ("to", to), ("element", element), ("before", before), ("after", after)] {
      if let text { object[name] = .string(text) }
    }
    for (name, texts) in [("only", only), ("gone", gone), ("new", new), ("changed", changed)] where !texts.isEmpty {
      object[name] = .array(texts.map(JSONValue.string))
    }
    return .object(object)
  }

  fileprivate var line: String {
    var text = [effect.rawValue, kind.rawValue, path, element].compactMap { $0 }.joined(separator: "  ")
    if let to { text += " to \(to)" }
    if !only.isEmpty { text += " in \(only.joined(separator: ", "))" }
    if before != nil || after != nil { text += ": \(before ?? "nothing") to \(after ?? "nothing")" }
    for (name, codes) in [("gone", gone), ("new", new), ("changed", changed)] where !codes.isEmpty {
      let rest = codes.count - 12
      text += "; \(name) \(codes.prefix(12).joined(separator: " "))" + (rest > 0 ? " and \(rest) more" : "")
    }
    return text
  }
}
