package import JSONTree
import Journal
import Primitives

/// What changes for one recorded message when the rules change.
package struct RehearsedMessage: Sendable {
  package enum Verdict: String, Sendable, CaseIterable {
    case same, changed
    case newlyRefused = "newly_refused"
    case newlyAccepted = "newly_accepted"
    /// By both, for the same reasons.
    case refused
    /// By both, for reasons that differ.
    case refusedOtherwise = "refused_otherwise"
  }

  /// One thing that is otherwise.
  struct Difference: Hashable, Sendable {
    enum Kind: String, Sendable {
      /// Another text in the document that is written, one more, or one fewer.
      case written
      /// Something else becomes of the element, by the translation report.
      case account
      /// The destination is asked for it, or is not any more.
      case asked
      /// Against the draft.
      case warning
    }
    let kind: Kind
    let element: String?
    /// A pointer into the document for `written` and `warning`; else a place of the declaration or the format.
    let place: String
    /// nil: it was not there, or is not there any more.
    let before: String?
    let after: String?
  }

  /// Most differences that are told of one message.
  static let limitDifferences = 50

  let message: MessageRecord
  package let verdict: Verdict
  let before: RehearsedOutcome
  let after: RehearsedOutcome
  let differences: [Difference]
  /// Elements that leave and did not, and that the policy keeps and did not: outbound only.
  let newlyDisclosed: [String]
  let newlyWithheld: [String]

  init(_ message: MessageRecord, before: RehearsedOutcome, after: RehearsedOutcome) {
    self.message = message
    self.before = before
    self.after = after
    switch (before.refusals.isEmpty, after.refusals.isEmpty) {
    case (true, false): (verdict, differences) = (.newlyRefused, [])
    case (false, true): (verdict, differences) = (.newlyAccepted, [])
    case (false, false):
      verdict = Set(before.refusals.map(Self.key)) == Set(after.refusals.map(Self.key)) ? .refused : .refusedOtherwise
      differences = []
    case (true, true):
      differences = Self.differences(before, after)
      verdict = differences.isEmpty ? .same : .changed
    }
    let isComparable = message.direction == .outbound && before.refusals.isEmpty && after.refusals.isEmpty
    newlyDisclosed = isComparable ? after.carried.subtracting(before.carried).sorted().map(\.string) : []
    newlyWithheld = isComparable ? after.withheld.subtracting(before.withheld).sorted().map(\.string) : []
  }

  private static func key(_ problem: Problem) -> ByteString {
    ByteString("\(problem.code) \(problem.pointer ?? "") \(problem.element ?? "")")
  }

  private static func differences(_ before: RehearsedOutcome, _ after: RehearsedOutcome) -> [Difference] {
    var found: [Difference] = []
    func contrast<Item: Equatable>(
      _ kind: Difference.Kind, _ old: [ByteString: Item], _ new: [ByteString: Item], _ element: (Item) -> String?, _ text: (Item) -> String
    ) {
      for place in Set(old.keys).union(new.keys).sorted() where old[place] != new[place] {
        let (was, now) = (old[place], new[place])
        found.append(
          Difference(
            kind: kind, element: now.flatMap(element) ?? was.flatMap(element), place: place.string, before: was.map(text),
            after: now.map(text)))
      }
    }
    // The same text at the same place, of whatever element: nobody who reads the document sees a difference.
    contrast(
      .written, before.leaves.filter { after.leaves[$0.key]?.text.hasSameBytes(as: $0.value.text) != true },
      after.leaves.filter { before.leaves[$0.key]?.text.hasSameBytes(as: $0.value.text) != true }, \.element, \.text)
    contrast(.account, before.accounts, after.accounts, \.element, \.text)
    contrast(.asked, before.asked, after.asked, { $0.isEmpty ? nil : $0 }, { _ in "asked" })
    func warnings(_ outcome: RehearsedOutcome) -> [ByteString: Problem] {
      Dictionary(outcome.warnings.map { (key($0), $0) }) { first, _ in first }
    }
    let (was, now) = (warnings(before), warnings(after))
    for key in Set(was.keys).symmetricDifference(now.keys).sorted() {
      guard let problem = now[key] ?? was[key] else { continue }
      found.append(
        Difference(
          kind: .warning, element: problem.element, place: problem.pointer ?? "", before: was[key]?.code.rawValue,
          after: now[key]?.code.rawValue))
    }
    return found
  }

  /// - Parameter showsValues: whether the texts of the documents are told; otherwise only that they differ, and where.
  package func json(showsValues: Bool) -> JSONValue {
    var object: JSONObject = [
      "messageId": .string(message.id.text), "position": .number(JSONNumber(Int(message.position))),
      "direction": .string(message.direction.word), "corridor": .string(message.corridor), "kind": .string(message.kind),
      "state": .string(message.state), "verdict": .string(verdict.rawValue),
    ]
    if !before.refusals.isEmpty { object["problemsBefore"] = Self.json(before.refusals) }
    if !after.refusals.isEmpty { object["problems"] = Self.json(after.refusals) }
    if !newlyWithheld.isEmpty { object["newlyWithheld"] = .array(newlyWithheld.map(JSONValue.string)) }
    if !newlyDisclosed.isEmpty { object["newlyDisclosed"] = .array(newlyDisclosed.map(JSONValue.string)) }
    if !differences.isEmpty {
      object["differences"] = .array(differences.prefix(Self.limitDifferences).map { $0.json(showsValues: showsValues) })
      object["count"] = .number(JSONNumber(differences.count))
    }
    return .object(object)
  }

  private static func json(_ problems: [Problem]) -> JSONValue { .array(problems.prefix(limitDifferences).map(GatewayNode.json)) }
}

extension RehearsedMessage.Difference {
  private var change: String { before == nil ? "added" : after == nil ? "removed" : "changed" }

  fileprivate func json(showsValues: Bool) -> JSONValue {
    var object: JSONObject = ["kind": .string(kind.rawValue), "change": .string(change), "place": .string(place)]
    object["element"] = element.map(JSONValue.string)
    guard showsValues || kind != .written else { return .object(object) }
    object["before"] = before.map(JSONValue.string)
    object["after"] = after.map(JSONValue.string)
    return .object(object)
  }
}
