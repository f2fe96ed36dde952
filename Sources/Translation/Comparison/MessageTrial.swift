import JSONTree
import Primitives

/// What comes out differently for messages that were tried with two versions of a profile.
///
/// Holds texts of the messages as examples: for the person who has them in hand, never for a log.
package struct MessageTrial: Sendable {
  package enum Way: String, Sendable, CaseIterable {
    /// Out of the format into the partner's.
    case out
    /// From the partner's into the format.
    case `in`
  }

  package enum Kind: String, Sendable, CaseIterable {
    /// Refused by the second version and not by the first; and the other way round.
    case refused, accepted
    /// Refused by both, for a reason that only one has.
    case refusal
    case warning
    /// A canonical value is read otherwise.
    case value
    /// The document that is written holds another text.
    case written
    case report
    /// The supplement asks for it, or does not any more.
    case asked
  }

  package struct Finding: Sendable {
    package let way: Way
    package let kind: Kind
    /// Place without positions: in the document, in the declaration (`value`), keyed in the format (`asked`).
    package let place: String
    /// Code, text or action, that of the first message where there are several; nil: nothing.
    package let before: String?
    package let after: String?
    /// Messages in which it was found.
    package fileprivate(set) var messages: [String]
  }

  /// Profile of the other side.
  package let with: String
  package private(set) var messages: [String] = []
  /// Messages that are refused going out.
  package private(set) var refusedBefore: [String] = []
  package private(set) var refusedAfter: [String] = []
  /// Messages for which anything comes out differently.
  package private(set) var different: [String] = []
  package private(set) var findings: [Finding] = []
  private var index: [Key: Int] = [:]

  private struct Key: Hashable {
    let way: Way
    let kind: Kind
    let place: ByteString
    let detail: ByteString
  }

  init(with partner: String) { with = partner }

  /// Messages that the first version takes and the second refuses.
  package var newlyRefused: [String] {
    let known = Set(refusedBefore.map { ByteString($0) })
    return refusedAfter.filter { !known.contains(ByteString($0)) }
  }

  // MARK: Adding a message

  typealias Outcomes = (MessagePassage.Outcome, MessagePassage.Outcome)

  mutating func add(_ message: String, out: Outcomes, back: Outcomes?) {
    messages.append(message)
    if !out.0.refusals.isEmpty { refusedBefore.append(message) }
    if !out.1.refusals.isEmpty { refusedAfter.append(message) }
    let count = compare(.out, out, message) + (back.map { compare(.in, $0, message) } ?? 0)
    if count > 0 { different.append(message) }
  }

  /// - Returns: how many differences there are.
  private mutating func compare(_ way: Way, _ outcomes: Outcomes, _ message: String) -> Int {
    let (old, new) = outcomes
    var count = 0
    func note(_ kind: Kind, _ place: String, _ before: String?, _ after: String?, isDetailed: Bool) {
      count += 1
      let place = Self.withoutPositions(place)
      let detail = isDetailed ? "\(before ?? "\u{0}")\u{0}\(after ?? "\u{0}")" : "\(before == nil)\(after == nil)"
      let key = Key(way: way, kind: kind, place: ByteString(place), detail: ByteString(detail))
      if let known = index[key] {
        if findings[known].messages.last != message { findings[known].messages.append(message) }
        return
      }
      index[key] = findings.count
      findings.append(Finding(way: way, kind: kind, place: place, before: before, after: after, messages: [message]))
    }
    func compare(_ kind: Kind, _ old: [Problem], _ new: [Problem]) {
      let (was, now) = (Set(old.map(Self.key)), Set(new.map(Self.key)))
      for problem in old where !now.contains(Self.key(problem)) {
        note(kind, problem.pointer ?? "", problem.code.rawValue, nil, isDetailed: true)
      }
      for problem in new where !was.contains(Self.key(problem)) {
        note(kind, problem.pointer ?? "", nil, problem.code.rawValue, isDetailed: true)
      }
    }
    switch (old.refusals.isEmpty, new.refusals.isEmpty) {
    case (true, false): compare(.refused, [], new.refusals)
    case (false, true): compare(.accepted, old.refusals, [])
    case (false, false): compare(.refusal, old.refusals, new.refusals)
    case (true, true):
      compare(.warning, old.warnings, new.warnings)
      func contrast<Text: Equatable>(_ kind: Kind, _ old: [ByteString: Text], _ new: [ByteString: Text], _ text: (Text) -> String) {
        for place in Set(old.keys).union(new.keys).sorted() where old[place] != new[place] {
          note(kind, place.string, old[place].map(text), new[place].map(text), isDetailed: kind == .report)
        }
      }
      contrast(.value, old.values, new.values) { $0 }
      contrast(.written, old.leaves, new.leaves) { $0 }
      contrast(.report, old.report, new.report) { $0.sorted().map(\.string).joined(separator: "; ") }
      contrast(.asked, old.asked, new.asked) { $0 }
    }
    return count
  }

  private static func key(_ problem: Problem) -> ByteString { ByteString("\(problem.code) \(problem.pointer ?? "")") }

  /// `/A/B[3]/C`, `/a/0/b` → `/A/B/C`, `/a/b`: messages differ in how many they have.
  package static func withoutPositions(_ place: String) -> String {
    var text: [UInt8] = []
    var depth = 0
    for byte in place.utf8 {
      if byte == 0x5B { depth += 1 }
      if depth == 0 { text.append(byte) }
      if byte == 0x5D, depth > 0 { depth -= 1 }
    }
    let steps = String(decoding: text, as: UTF8.self).split(separator: "/", omittingEmptySubsequences: false)
    return steps.filter { $0.isEmpty || !$0.utf8.allSatisfy { $0 >= 0x30 && $0 <= 0x39 } }.joined(separator: "/")
  }
}

extension MessageTrial {
  /// Most messages that a finding names.
  private static let most = 10

  var json: JSONValue {
    func number(_ value: Int) -> JSONValue { .number(JSONNumber(value)) }
    return .object(
      JSONObject([
        ("with", .string(with)), ("messages", number(messages.count)), ("refusedBefore", number(refusedBefore.count)),
        ("refusedAfter", number(refusedAfter.count)), ("newlyRefused", .array(newlyRefused.map(JSONValue.string))),
        ("different", number(different.count)),
        (
          "findings",
          .array(
            sorted.map { finding in
              var object = JSONObject([
                ("way", .string(finding.way.rawValue)), ("kind", .string(finding.kind.rawValue)), ("place", .string(finding.place)),
              ])
              if let before = finding.before { object["before"] = .string(before) }
              if let after = finding.after { object["after"] = .string(after) }
              object["messages"] = number(finding.messages.count)
              object["names"] = .array(finding.messages.prefix(Self.most).map(JSONValue.string))
              return .object(object)
            })
        ),
      ]))
  }

  /// Refusals first, then what concerns most messages.
  private var sorted: [Finding] {
    findings.enumerated().sorted { left, right in
      let (a, b) = (Kind.allCases.firstIndex(of: left.element.kind) ?? 0, Kind.allCases.firstIndex(of: right.element.kind) ?? 0)
      let (many, few) = (left.element.messages.count, right.element.messages.count)
      return a != b ? a < b : many != few ? many > few : left.offset < right.offset
    }.map(\.element)
  }

  var lines: [String] {
    var lines = sorted.map { finding in
      let names = finding.messages.prefix(3).joined(separator: ", ") + (finding.messages.count > 3 ? ", …" : "")
      return "\(finding.way.rawValue)  \(finding.kind.rawValue)  \(finding.place): \(finding.before ?? "nothing") to "
        + "\(finding.after ?? "nothing")  in \(finding.messages.count) (\(names))"
    }
    lines.append(
      "\(messages.count) messages with \(with): \(different.count) come out differently, \(refusedAfter.count) are refused (before: \(refusedBefore.count))"
    )
    let refused = newlyRefused
    guard !refused.isEmpty else { return lines }
    let reasons = sorted.filter { $0.kind == .refused && $0.way == .out }.map { finding in
      "\(finding.after ?? "") at \(finding.place) (\(finding.messages.count))"
    }
    lines.append("\(refused.count) of \(messages.count) messages would be refused, because \(reasons.joined(separator: "; "))")
    return lines
  }
}
