import Gateway
import Hummingbird
package import JSONTree
import NIOCore
package import Primitives

/// HTTP answers of both listeners: JSON bodies, and problem details (RFC 9457) with every problem in English and Chinese.
struct Answers: Sendable {
  /// RFC 1767.
  static let edifact = "application/EDIFACT"

  let texts: ErrorTexts

  static func json(_ value: JSONValue, status: HTTPResponse.Status = .ok) -> Response {
    bytes(value.serialized(), mediaType: "application/json", status: status)
  }

  static func bytes(_ bytes: [UInt8], mediaType: String, status: HTTPResponse.Status = .ok) -> Response {
    Response(
      status: status, headers: [.contentType: mediaType, .cacheControl: "no-store"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }

  /// A coded problem as an HTTP answer. Texts of libraries underneath are not shown.
  func problem(_ error: CausewayError) -> Response {
    let first = error.problems[0]
    let value: JSONValue = [
      "type": .string("urn:causeway:error:\(first.code)"),
      "title": .string(texts.english(first)),
      "title_zh": .string(texts.chinese(first)),
      "status": .number(JSONNumber(Self.status(of: first.code, texts).code)),
      "problems": .array(error.problems.map { $0.json(texts) }),
    ]
    var response = Self.bytes(value.serialized(), mediaType: "application/problem+json", status: Self.status(of: first.code, texts))
    response.headers[.retryAfter] = Self.retryAfter(first)
    return response
  }

  /// After how many seconds to come again, where that can be said. A message that is early, or a fault, is tried again at the caller's own pace.
  private static func retryAfter(_ problem: Problem) -> String? {
    switch problem.code {
    case "receive.over_quota", "receive.backlog", "receive.busy": problem.facts[CausewayError.retryAfter]
    case "journal.overloaded", "reconcile.busy": "1"
    default: nil
    }
  }

  /// A message's view with the texts of its problems; the journal keeps problems without.
  func explained(_ view: JSONValue) -> JSONValue {
    guard var message = view.object, var problems = view["problems"]?.object, let reasons = problems["reasons"]?.array else { return view }
    problems["reasons"] = .array(
      reasons.map { reason in
        guard var explained = reason.object, let code = reason["code"]?.string else { return reason }
        let facts = (reason["facts"]?.object?.members ?? []).compactMap { member in member.value.string.map { (member.name, $0) } }
        let problem = Problem(ErrorCode(rawValue: code), facts: Dictionary(facts) { first, _ in first })
        explained["message"] = .string(texts.english(problem))
        explained["message_zh"] = .string(texts.chinese(problem))
        return .object(explained)
      })
    message["problems"] = .object(problems)
    return .object(message)
  }

  func problem(_ code: ErrorCode) -> Response { problem(CausewayError(code)) }

  private static func status(of code: ErrorCode, _ texts: ErrorTexts) -> HTTPResponse.Status {
    switch code {
    case "receive.token_unknown": return .unauthorized
    case "receive.role_missing", "edit.own", "receive.corridor_unknown", "receive.profile_not_offered", "reconcile.corridor_foreign":
      return .forbidden
    case "receive.not_found", "config.rule_set_missing", "ledger.archived", "replay.nothing_found", "edit.none": return .notFound
    case "receive.too_large": return .contentTooLarge
    case "clearance.erased": return .gone
    case "receive.idempotency_key_reused", "clearance.illegal_transition", "clearance.illegal_revision", "clearance.already_final",
      "clearance.turned_away", "clearance.held", "clearance.not_ended", "work_item.not_open", "replay.state",
      "rules.changed", "rules.ledger_renamed", "config.rule_set_altered", "replay.selection_changed", "replay.settled", "replay.underway",
      "replay.superseded", "replay.may_have_effect",
      "edit.other_document":
      return .conflict
    case "journal.overloaded", "reconcile.busy", "receive.over_quota": return .tooManyRequests
    default: break
    }
    if code.rawValue.hasPrefix("registry.") { return .forbidden }
    if code.rawValue.hasPrefix("parse.") || code == "verify.http_field" { return .badRequest }
    switch texts.kind(of: code) {
    case .refusal: return .unprocessableContent
    case .error, .fault: return .serviceUnavailable
    }
  }
}

extension Problem {
  /// The stable JSON form of a problem, with its texts (`schemas/problem.schema.json`).
  package func json(_ texts: ErrorTexts) -> JSONValue {
    [
      "code": .string(code.rawValue),
      "severity": .string(severity.rawValue),
      "pointer": pointer.map(JSONValue.string) ?? .null,
      "line": line.map { .number(JSONNumber($0)) } ?? .null,
      "element": element.map(JSONValue.string) ?? .null,
      "message": .string(texts.english(self)),
      "message_zh": .string(texts.chinese(self)),
    ]
  }
}
