package import JSONTree
package import Primitives
package import Trust

/// What an evidence file proves, and what of it does not hold.
package struct EvidenceReport: Sendable {
  /// Whose word it is that a document belongs to its message.
  package enum Warrant: String, Sendable {
    /// Digest in the header: the sender's.
    case envelope
    /// Digest in an entry that is proven to be in the maker's log.
    case ledger
    /// Only the signature of the file's maker.
    case maker
  }

  package struct Document: Sendable {
    package let kind: String
    /// `enclosed`, `withheld` or `erased`.
    package let status: String
    package let warrant: Warrant
  }

  package struct Message: Sendable {
    package let id: MessageID
    package let state: String
    package let documents: [Document]
    /// Kinds of the entries that are proven to be in the maker's log, with their indices.
    package let entries: [(kind: String, index: Int)]
  }

  package struct TimeStamp: Sendable {
    /// Before which the entries were there, by the authority's clock.
    package let time: Instant
    /// Of the checkpoint.
    package let size: Int
    /// Indices, rising.
    package let entries: [Int]
    /// Whether one of the authorities that the verifier was given has signed it; without any nobody has looked.
    package let isVerified: Bool
  }

  /// nil when the file is malformed or its registry does not hold.
  package internal(set) var maker: String?
  package internal(set) var made: Instant?
  package internal(set) var clearance: String?
  /// What the messages count for, as their headers say; nil when no header holds.
  package internal(set) var mode: Corridor.Mode?
  package internal(set) var registryVersion: Int?
  package internal(set) var messages: [Message] = []
  /// The checkpoints to which entries were proven, each once, in the order of the file.
  package internal(set) var checkpoints: [FinalCheckpoint] = []
  /// Those to whose checkpoints entries were proven, in the order of the file.
  package internal(set) var timeStamps: [TimeStamp] = []
  /// Codes `evidence.*` with JSON Pointers into the file.
  package internal(set) var findings: [Problem] = []

  package var isSound: Bool { findings.isEmpty }

  package var json: JSONValue {
    [
      "checkpoints": .array(checkpoints.map(Self.json)), "clearance": clearance.map { .string($0) } ?? .null,
      "findings": .array(
        findings.map { ["at": .string($0.pointer ?? ""), "code": .string($0.code.rawValue), "reason": .string($0.facts["reason"] ?? "")] }),
      "made": made.map { .string($0.rfc3339) } ?? .null, "maker": maker.map { .string($0) } ?? .null,
      "messages": .array(messages.map(Self.json)), "mode": mode.map { .string($0.rawValue) } ?? .null,
      "registry": registryVersion.map { .number(JSONNumber($0)) } ?? .null,
      "sound": .bool(isSound),
      "timeStamps": .array(
        timeStamps.map { stamp in
          [
            "entries": .array(stamp.entries.map { .number(JSONNumber($0)) }), "size": .number(JSONNumber(stamp.size)),
            "time": .string(stamp.time.rfc3339), "verified": .bool(stamp.isVerified),
          ]
        }),
    ]
  }

  /// One line a fact, for people.
  package var lines: [String] {
    var lines: [String] = []
    if let mode, mode != .production { lines.append("mode \(mode.rawValue): nothing is cleared by this") }
    for message in messages {
      lines.append("message \(message.id.text) \(message.state)")
      for document in message.documents { lines.append("  \(document.kind) \(document.status), by the \(document.warrant.rawValue)") }
      for entry in message.entries { lines.append("  \(entry.kind), entry \(entry.index)") }
    }
    for final in checkpoints {
      let times = final.cosignatures.map { ", seen by \($0.key.name) \($0.time.rfc3339)" }.joined()
      lines.append("checkpoint \(final.checkpoint.size) of \(final.checkpoint.origin)\(times)")
    }
    for stamp in timeStamps {
      let word = stamp.isVerified ? "verified" : "imprint fits, signature not checked"
      let entries = stamp.entries.map(String.init).joined(separator: ", ")
      lines.append("time-stamp on checkpoint \(stamp.size), \(word): entries \(entries) existed before \(stamp.time.rfc3339)")
    }
    for finding in findings {
      lines.append("\(finding.code) at \(finding.pointer ?? "")\(finding.facts["reason"].map { ": \($0)" } ?? "")")
    }
    let who = "clearance \(clearance ?? "?"), made by \(maker ?? "?") \(made?.rfc3339 ?? "?"), registry version \(registryVersion ?? 0)"
    return lines + [isSound ? "sound: \(who)" : "not sound: \(findings.count) findings; \(who)"]
  }

  private static func json(_ final: FinalCheckpoint) -> JSONValue {
    let times = final.cosignatures.map { JSONValue.array([.string($0.key.name), .number(JSONNumber(Int($0.time.milliseconds / 1000)))]) }
    return [
      "cosigned": .array(times), "origin": .string(final.checkpoint.origin), "root": .string(final.checkpoint.root.hex),
      "size": .number(JSONNumber(final.checkpoint.size)),
    ]
  }

  private static func json(_ message: Message) -> JSONValue {
    [
      "documents": .object(
        JSONObject(message.documents.map { ($0.kind, .array([.string($0.status), .string($0.warrant.rawValue)])) })),
      "entries": .array(message.entries.map { .array([.string($0.kind), .number(JSONNumber($0.index))]) }),
      "id": .string(message.id.text), "state": .string(message.state),
    ]
  }

  /// Runs a check; notes what it throws, with the place in the file.
  mutating func attempt<Result>(
    _ code: ErrorCode, _ place: String, _ check: () throws(CausewayError) -> Result
  ) -> Result? {
    do throws(CausewayError) {
      return try check()
    } catch {
      note(code, place, error.problems[0].facts["reason"] ?? error.code.rawValue)
      return nil
    }
  }

  mutating func note(_ code: ErrorCode, _ place: String, _ reason: String) {
    findings.append(Problem(code, pointer: place, facts: ["reason": reason]))
  }
}
