package import Primitives
import Trust

extension LogPolicy {
  package static let largestByteCount = 64 << 10
  /// Most logs, witnesses and groups together.
  package static let mostLines = 256

  /// Reads a policy file.
  ///
  /// - Throws: `ledger.policy_invalid` (facts `line`, counted from 1, and `reason`).
  /// - SeeAlso: C2SP tlog-policy, Policy file syntax and structure.
  package init(parsing bytes: [UInt8]) throws(CausewayError) {
    var reader = PolicyReader()
    guard bytes.count <= Self.largestByteCount else { throw PolicyReader.invalid(1, "too large") }
    guard bytes.last == 0x0A else { throw PolicyReader.invalid(1, "no final line feed") }
    for (offset, line) in bytes.dropLast().split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
      try reader.read(line, number: offset + 1)
    }
    guard let quorum = reader.quorum else { throw PolicyReader.invalid(1, "no quorum") }
    self.init(logs: reader.logs, witnesses: reader.witnesses, quorum: quorum)
  }
}

/// Reads the lines of a policy one after the other. Names are octets and are compared as such.
private struct PolicyReader {
  var logs: [VerifierKey] = []
  var witnesses: [CosignerKey] = []
  /// Outer nil: not read yet; inner nil: `none`.
  var quorum: LogPolicy.Rule??

  private var rules: [[UInt8]: LogPolicy.Rule] = [:]
  /// Names that are a member of some group already.
  private var members: Set<[UInt8]> = []
  private var line = 0

  static func invalid(_ line: Int, _ reason: String) -> CausewayError {
    CausewayError("ledger.policy_invalid", facts: ["line": String(line), "reason": reason])
  }

  mutating func read(_ text: ArraySlice<UInt8>, number: Int) throws(CausewayError) {
    line = number
    guard text.allSatisfy({ $0 == 0x09 || ($0 >= 0x20 && $0 != 0x7F) }) else { throw Self.invalid(line, "control character") }
    let items = text.split { $0 == 0x20 || $0 == 0x09 }.map { Array($0) }
    guard let first = items.first, first.first != 0x23 else { return }
    guard logs.count + rules.count < LogPolicy.mostLines else { throw Self.invalid(line, "more than \(LogPolicy.mostLines) definitions") }
    switch String(decoding: first, as: UTF8.self) {
    case "log": try log(items)
    case "witness": try witness(items)
    case "group": try group(items)
    case "quorum": try quorum(items)
    default: throw Self.invalid(line, "unknown keyword")
    }
  }

  private mutating func log(_ items: [[UInt8]]) throws(CausewayError) {
    guard (2...3).contains(items.count) else { throw Self.invalid(line, "log <vkey> [<url>]") }
    let key = try key(items[1]) { text throws(CausewayError) in try VerifierKey(parsing: text) }
    guard !logs.contains(where: { $0.publicKey.spki == key.publicKey.spki }) else { throw Self.invalid(line, "log twice") }
    logs.append(key)
  }

  private mutating func witness(_ items: [[UInt8]]) throws(CausewayError) {
    guard (3...4).contains(items.count) else { throw Self.invalid(line, "witness <name> <vkey> [<url>]") }
    let key = try key(items[2]) { text throws(CausewayError) in try CosignerKey(parsing: text) }
    guard !witnesses.contains(where: { $0.publicKey.spki == key.publicKey.spki }) else { throw Self.invalid(line, "witness twice") }
    try define(items[1], .witness(witnesses.count))
    witnesses.append(key)
  }

  private mutating func group(_ items: [[UInt8]]) throws(CausewayError) {
    guard items.count >= 4 else { throw Self.invalid(line, "group <name> all|any|<k> <name>...") }
    var found: [LogPolicy.Rule] = []
    for name in items.dropFirst(3) {
      guard let rule = rules[name] else { throw Self.invalid(line, "member not defined before") }
      guard members.insert(name).inserted else { throw Self.invalid(line, "member of two groups, or twice of one") }
      found.append(rule)
    }
    let count: Int
    switch String(decoding: items[2], as: UTF8.self) {
    case "all": count = found.count
    case "any": count = 1
    default:
      guard let number = DecimalText.read(items[2]), (1...found.count).contains(number) else { throw Self.invalid(line, "threshold") }
      count = number
    }
    try define(items[1], .group(count: count, found))
  }

  private mutating func quorum(_ items: [[UInt8]]) throws(CausewayError) {
    guard items.count == 2 else { throw Self.invalid(line, "quorum <name>") }
    guard quorum == nil else { throw Self.invalid(line, "quorum twice") }
    if items[1] == Self.none {
      quorum = .some(nil)
    } else {
      guard let rule = rules[items[1]] else { throw Self.invalid(line, "quorum not defined before") }
      quorum = rule
    }
  }

  private static let none = Array("none".utf8)

  private mutating func define(_ name: [UInt8], _ rule: LogPolicy.Rule) throws(CausewayError) {
    guard name != Self.none, rules[name] == nil else { throw Self.invalid(line, "name defined twice") }
    rules[name] = rule
  }

  private func key<Key>(_ text: [UInt8], _ read: (String) throws(CausewayError) -> Key) throws(CausewayError) -> Key {
    do throws(CausewayError) {
      guard let text = String(validating: text, as: UTF8.self) else { throw Self.invalid(line, "key") }
      return try read(text)
    } catch {
      throw Self.invalid(line, "key: \(error.problems[0].facts["reason"] ?? "malformed")")
    }
  }
}
