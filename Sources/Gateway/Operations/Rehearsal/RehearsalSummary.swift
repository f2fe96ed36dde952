package import JSONTree
import Journal
import Primitives

/// What a rehearsal has found in all its messages.
package struct RehearsalSummary: Sendable {
  private var verdicts: [RehearsedMessage.Verdict: Int] = [:]
  private var skipped: [RecordedMessage.Skip: Int] = [:]
  /// Messages by dictionary id.
  private var newlyDisclosed: [ByteString: Int] = [:]
  private var newlyWithheld: [ByteString: Int] = [:]
  private var elements: [ByteString: Int] = [:]
  /// Messages by the code for which they are refused now and were not.
  private var newCodes: [ByteString: Int] = [:]
  private var versions: (before: Versions, after: Versions) = (Versions(), Versions())
  /// Behind which place to go on, when the limit was reached.
  package internal(set) var next: Int64?

  private struct Versions: Sendable {
    var profiles: Set<ByteString> = []
    var policies: Set<ByteString> = []

    mutating func add(_ outcome: RehearsedOutcome) {
      if let profile = outcome.profile { profiles.insert(ByteString(profile)) }
      if let policy = outcome.policy { policies.insert(ByteString(policy)) }
    }

    var json: JSONValue {
      func list(_ names: Set<ByteString>) -> JSONValue { .array(names.sorted().map { .string($0.string) }) }
      return ["profiles": list(profiles), "policies": list(policies)]
    }
  }

  /// Messages that were rehearsed or skipped.
  var count: Int { rehearsed + skipped.values.reduce(0, +) }
  package var rehearsed: Int { verdicts.values.reduce(0, +) }
  package func count(_ verdict: RehearsedMessage.Verdict) -> Int { verdicts[verdict] ?? 0 }

  mutating func skip(_ reason: RecordedMessage.Skip) { skipped[reason, default: 0] += 1 }

  mutating func add(_ message: RehearsedMessage) {
    verdicts[message.verdict, default: 0] += 1
    for element in message.newlyDisclosed { newlyDisclosed[ByteString(element), default: 0] += 1 }
    for element in message.newlyWithheld { newlyWithheld[ByteString(element), default: 0] += 1 }
    for element in Set(message.differences.compactMap { $0.element.map { ByteString($0) } }) { elements[element, default: 0] += 1 }
    let known = Set(message.before.refusals.map(\.code))
    for code in Set(message.after.refusals.map(\.code)) where !known.contains(code) { newCodes[ByteString(code.rawValue), default: 0] += 1 }
    versions.before.add(message.before)
    versions.after.add(message.after)
  }

  package var json: JSONValue {
    func number(_ count: Int) -> JSONValue { .number(JSONNumber(count)) }
    func counts(_ counts: [ByteString: Int]) -> JSONValue {
      .object(JSONObject(counts.sorted { $0.key < $1.key }.map { ($0.key.string, number($0.value)) }))
    }
    return .object([
      "rehearsed": number(rehearsed),
      "verdicts": .object(JSONObject(RehearsedMessage.Verdict.allCases.map { ($0.rawValue, number(count($0))) })),
      "skipped": .object(JSONObject(RecordedMessage.Skip.allCases.map { ($0.rawValue, number(skipped[$0] ?? 0)) })),
      "newlyDisclosed": counts(newlyDisclosed), "newlyWithheld": counts(newlyWithheld), "elements": counts(elements),
      "newCodes": counts(newCodes), "before": versions.before.json, "after": versions.after.json,
      "next": next.map { number(Int($0)) } ?? .null,
    ])
  }

  /// For people.
  package var lines: [String] {
    func list(_ title: String, _ counts: [ByteString: Int], _ unit: String) -> [String] {
      counts.sorted { $0.value != $1.value ? $0.value > $1.value : $0.key < $1.key }.map { "\(title)  \($0.key)  \(unit) \($0.value)" }
    }
    var lines = list("refused now   ", newCodes, "in")
    lines += list("leaves now    ", newlyDisclosed, "in")
    lines += list("withheld now  ", newlyWithheld, "in")
    lines += list("differs       ", elements, "in")
    lines += skipped.sorted { $0.key.rawValue < $1.key.rawValue }.map { "not rehearsed   \($0.key.rawValue)  \($0.value)" }
    let words = RehearsedMessage.Verdict.allCases.map { "\(count($0)) \($0.rawValue.replacing("_", with: " "))" }
    lines.append("\(rehearsed) messages: \(words.joined(separator: ", "))")
    if let next { lines.append("there are more: --after \(next)") }
    return lines
  }
}
