import Foundation
import FoundationNetworking
import Gateway
import JSONTree
import Primitives

/// Plain HTTP for the commands that speak to a running gateway and for webhooks.
struct HTTPClient: Sendable {
  struct Answer: Sendable {
    let status: Int
    let body: [UInt8]
  }

  /// - Throws: `deliver.unreachable` when there is no answer.
  static func send(
    _ method: String, _ url: String, token: String?, headers: [String: String] = [:], body: [UInt8]? = nil, timeoutSeconds: Double = 40
  ) async throws(CausewayError) -> Answer {
    guard let address = URL(string: url), ["http", "https"].contains(address.scheme) else { throw CausewayError("config.url_form") }
    var request = URLRequest(url: address, timeoutInterval: timeoutSeconds)
    request.httpMethod = method
    request.httpBody = body.map { Data($0) }
    if let token { request.setValue("Bearer \(token)", forHTTPHeaderField: "Authorization") }
    for (name, value) in headers { request.setValue(value, forHTTPHeaderField: name) }
    do {
      let (data, response) = try await URLSession.shared.data(for: request)
      return Answer(status: (response as? HTTPURLResponse)?.statusCode ?? 0, body: [UInt8](data))
    } catch {
      throw CausewayError("deliver.unreachable", underlying: String(describing: error))
    }
  }
}

/// Calls an economy's own systems back with inbox documents.
struct WebhookClient: WebhookTransport {
  func post(url: String, token: Redacted<String>?, body: [UInt8]) async throws(CausewayError) {
    let answer = try await HTTPClient.send("POST", url, token: token?.exposed, headers: ["Content-Type": "application/json"], body: body)
    guard (200..<300).contains(answer.status) else { throw CausewayError("deliver.webhook", facts: ["status": String(answer.status)]) }
  }
}

/// The inside API of one gateway, as its single window uses it.
struct InsideClient: Sendable {
  /// For example `http://127.0.0.1:8081`.
  let base: String
  let token: String

  /// - Throws: what the gateway answered, as the problems that its problem details name; `deliver.unreachable`.
  func call(_ method: String, _ path: String, headers: [String: String] = [:], body: [UInt8]? = nil) async throws(CausewayError)
    -> JSONValue
  {
    let answer = try await HTTPClient.send(method, base + path, token: token, headers: headers, body: body)
    let value = answer.body.isEmpty ? JSONValue.null : try JSONValue.parse(answer.body)
    guard (200..<300).contains(answer.status) else { throw Self.error(value, status: answer.status) }
    return value
  }

  /// A document, byte for byte.
  func bytes(_ path: String) async throws(CausewayError) -> [UInt8] {
    let answer = try await HTTPClient.send("GET", base + path, token: token)
    guard (200..<300).contains(answer.status) else {
      throw Self.error((try? JSONValue.parse(answer.body)) ?? .null, status: answer.status)
    }
    return answer.body
  }

  private static func error(_ value: JSONValue, status: Int) -> CausewayError {
    let problems = (value["problems"]?.array ?? []).compactMap { problem in
      problem["code"]?.string.map {
        Problem(
          ErrorCode(rawValue: $0), pointer: problem["pointer"]?.string, line: problem["line"]?.int, element: problem["element"]?.string)
      }
    }
    return problems.isEmpty ? CausewayError("deliver.answer", facts: ["status": String(status)]) : CausewayError(problems: problems)
  }
}
