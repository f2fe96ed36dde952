import Foundation
import JSONTree
import Journal
import Primitives
import Testing

@testable import CausewayCLI

/// A single window that goes on when its gateway is down: it repeats a call until there is an answer. When the answer to a call that
/// must not be repeated was lost, it looks what became of it.
struct PatientWindow: Sendable {
  let site: DemoWorld.Site

  /// - Throws: what the gateway answered; `deliver.unreachable` when it has been down for a minute.
  func call(_ method: String, _ path: String, headers: [String: String] = [:], body: [UInt8]? = nil) async throws(CausewayError)
    -> JSONValue
  {
    let deadline = ContinuousClock.now + .seconds(60)
    while true {
      do throws(CausewayError) {
        return try await site.inside.call(method, path, headers: headers, body: body)
      } catch {
        guard error.code == "deliver.unreachable", ContinuousClock.now < deadline else { throw error }
        try? await Task.sleep(for: .milliseconds(100))
      }
    }
  }

  /// The raw answer, for calls that must be refused.
  func answer(
    _ method: String, _ path: String, token: String? = nil, headers: [String: String] = [:], body: [UInt8]? = nil
  ) async throws -> (status: Int, body: JSONValue) {
    let answer = try await HTTPClient.send(
      method, site.inside.base + path, token: token ?? site.token.exposed, headers: headers, body: body)
    return (answer.status, answer.body.isEmpty ? .null : try JSONValue.parse(answer.body))
  }

  func clearance(_ id: String) async throws(CausewayError) -> JSONValue { try await call("GET", "/v1/clearances/\(id)") }
  func message(_ id: String) async throws(CausewayError) -> JSONValue { try await call("GET", "/v1/messages/\(id)") }

  /// Hands a declaration in; the key makes a repetition the same submission.
  func declare(_ document: [UInt8], key: String) async throws(CausewayError) -> (message: String, clearance: String) {
    let answer = try await call(
      "POST", "/v1/declarations?profile=cn.decmessage&corridor=CN-SG", headers: ["Idempotency-Key": key], body: document)
    guard let message = answer["messageId"]?.string, let clearance = answer["clearanceId"]?.string else {
      throw CausewayError("deliver.answer")
    }
    return (message, clearance)
  }

  /// Waits until a message has gone through the steps that follow the 202.
  func translated(_ message: String) async throws(CausewayError) -> JSONValue {
    while true {
      let view = try await call("GET", "/v1/messages/\(message)?wait=10")
      if view["state"]?.string != "received" { return view }
    }
  }

  /// Waits until the partner's receipt for a message is there.
  func receipted(_ message: String, seconds: Int = 30) async throws -> JSONValue {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < deadline {
      let view = try await self.message(message)
      if view["receipt"]?.string != nil || view["state"]?.string == "refused" { return view }
      try await Task.sleep(for: .milliseconds(50))
    }
    throw CausewayError("deliver.timeout", facts: ["message": message])
  }

  /// Waits until the clearance shows what is asked for.
  @discardableResult func waitFor(_ id: String, seconds: Int = 60, _ holds: (JSONValue) -> Bool) async throws -> JSONValue {
    let deadline = ContinuousClock.now + .seconds(seconds)
    var last = JSONValue.null
    while ContinuousClock.now < deadline {
      do throws(CausewayError) {
        last = try await clearance(id)
        if holds(last) { return last }
      } catch {
        // Nothing of it may have arrived on this side yet.
        if error.code != "receive.not_found" { throw error }
      }
      try await Task.sleep(for: .milliseconds(50))
    }
    Issue.record("clearance \(id) at \(site.economy) did not get there: \(String(decoding: last.serialized(pretty: true), as: UTF8.self))")
    throw CausewayError("deliver.timeout", facts: ["clearance": id])
  }

  /// Waits for a side to reach a status, or to have gone past it.
  @discardableResult func waitFor(_ id: String, _ side: String, _ statuses: String..., seconds: Int = 60) async throws -> JSONValue {
    try await waitFor(id, seconds: seconds) { $0[side]?["status"]?.string.map(statuses.contains) ?? false }
  }

  /// Customs decides. A status that is there already has been reported by a call whose answer was lost.
  func report(_ status: String, on clearance: String, registrationID: String? = nil) async throws(CausewayError) {
    var body: JSONObject = ["status": .string(status)]
    if let registrationID { body["registrationId"] = .string(registrationID) }
    do throws(CausewayError) {
      _ = try await call("POST", "/v1/clearances/\(clearance)/status", body: JSONValue.object(body).serialized())
    } catch {
      let view = try await self.clearance(clearance)
      guard let side = view["ownSide"]?.string, view[side]?["status"]?.string == status else { throw error }
    }
  }

  func supplementItems(_ clearance: String) async throws(CausewayError) -> [JSONValue] {
    try await call("GET", "/v1/clearances/\(clearance)/supplement")["items"]?.array ?? []
  }

  static func answers(_ items: [(path: String, value: String)]) -> [UInt8] {
    JSONValue.object(["items": .array(items.map { ["path": .string($0.path), "value": .string($0.value)] })]).serialized()
  }

  static func rightAnswers(_ items: [JSONValue]) -> [(path: String, value: String)] {
    items.map { ($0["path"]?.string ?? "", ImporterFacts.answer(to: $0)) }
  }

  /// Answers everything that is missing. A draft that is lodged already has been completed by a call whose answer was lost.
  func answerSupplement(_ clearance: String) async throws(CausewayError) {
    let items = try await supplementItems(clearance)
    do throws(CausewayError) {
      _ = try await call(
        "POST", "/v1/clearances/\(clearance)/supplement", body: Self.answers(Self.rightAnswers(items)))
    } catch {
      let status = try await self.clearance(clearance)["import"]?["status"]?.string
      guard let status, !["supplement_requested", "prefilled"].contains(status) else { throw error }
    }
  }

  /// Takes every document that waits and acknowledges it after it was handled, as an importer's system would.
  ///
  /// - Returns: sequence and kind of each.
  @discardableResult func takeDocuments(_ handle: (JSONValue) async throws -> Void = { _ in }) async throws -> [(
    sequence: Int, kind: String
  )] {
    var taken: [(Int, String)] = []
    for item in try await call("GET", "/v1/inbox?wait=1")["items"]?.array ?? [] {
      let sequence = try #require(item["sequence"]?.int)
      try await handle(item)
      _ = try await call("POST", "/v1/inbox/\(sequence)/acknowledgement")
      taken.append((sequence, item["kind"]?.string ?? ""))
    }
    return taken
  }
}

extension World {
  /// One declaration from the submission to release on both sides.
  ///
  /// - Returns: id of the clearance.
  @discardableResult func clear(_ document: [UInt8], key: String) async throws -> String {
    try await clear(try await china.declare(document, key: key))
  }

  /// The way of a declaration that was handed in.
  @discardableResult func clear(_ ids: (message: String, clearance: String)) async throws -> String {
    let view = try await china.translated(ids.message)
    try #require(view["state"]?.string != "refused", "\(String(decoding: view.serialized(pretty: true), as: UTF8.self))")
    try await singapore.waitFor(ids.clearance, "import", "supplement_requested", "prefilled", "lodged")
    try await singapore.answerSupplement(ids.clearance)
    try await finish(ids.clearance)
    return ids.clearance
  }

  /// Both customs accept and release.
  func finish(_ id: String) async throws {
    try await china.report("accepted", on: id, registrationID: "220120260000123456")
    try await singapore.report("accepted", on: id, registrationID: "IG6L1234567")
    try await china.report("released", on: id)
    try await singapore.report("released", on: id)
    for window in [china, singapore] { try await window.waitFor(id) { $0["outcome"]?.string == "cleared" } }
  }

  /// Waits until nothing is on its way between the gateways any more.
  func quiet() async throws {
    for site in sites {
      for _ in 0..<600 {
        let waiting = try await journal(site) { reader throws(CausewayError) in
          (
            try reader.deliveryCount(channel: "partner.CN", dead: false) + reader.deliveryCount(channel: "partner.SG", dead: false),
            try reader.messages(MessageQuery(states: ["received", "recorded"], limit: 1)).count
          )
        }
        if waiting == (0, 0) { break }
        try await Task.sleep(for: .milliseconds(50))
      }
    }
  }
}
