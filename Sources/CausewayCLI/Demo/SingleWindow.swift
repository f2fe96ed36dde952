import JSONTree
import Primitives

/// A small single window with its customs, for the demo: speaks only the inside API, as a real one would.
struct SingleWindow: Sendable {
  let site: DemoWorld.Site

  /// Hands a declaration in.
  ///
  /// - Returns: the clearance's id.
  /// - Throws: the problems that the gateway found, each with its place in the document.
  func declare(_ document: [UInt8], profile: String, corridor: String) async throws(CausewayError) -> String {
    let answer = try await site.inside.call("POST", "/v1/declarations?profile=\(profile)&corridor=\(corridor)", body: document)
    guard let message = answer["messageId"]?.string, let clearance = answer["clearanceId"]?.string else {
      throw CausewayError("deliver.answer")
    }
    while true {
      let view = try await site.inside.call("GET", "/v1/messages/\(message)?wait=20")
      switch view["state"]?.string {
      case "received": continue
      case "refused":
        let problems = (view["problems"]?["reasons"]?.array ?? []).compactMap { reason in
          reason["code"]?.string.map {
            Problem(
              ErrorCode(rawValue: $0), pointer: reason["pointer"]?.string, line: reason["line"]?.int, element: reason["element"]?.string,
              facts: Self.facts(reason["facts"]))
          }
        }
        throw problems.isEmpty ? CausewayError("deliver.answer", facts: ["status": "refused"]) : CausewayError(problems: problems)
      default: return clearance
      }
    }
  }

  private static func facts(_ value: JSONValue?) -> [String: String] {
    Dictionary((value?.object?.members ?? []).compactMap { member in member.value.string.map { (member.name, $0) } }) { first, _ in first }
  }

  /// Customs decides.
  func report(_ status: String, on clearance: String, registrationID: String? = nil) async throws(CausewayError) {
    var body: JSONObject = ["status": .string(status)]
    if let registrationID { body["registrationId"] = .string(registrationID) }
    _ = try await site.inside.call("POST", "/v1/clearances/\(clearance)/status", body: JSONValue.object(body).serialized())
  }

  /// Takes the next document out of the inbox.
  ///
  /// - Returns: the item after it was acknowledged; nil when nothing came within `seconds`.
  func nextDocument(seconds: Int) async throws(CausewayError) -> JSONValue? {
    let inbox = try await site.inside.call("GET", "/v1/inbox?wait=\(seconds)")
    guard let item = inbox["items"]?.array?.first, let sequence = item["sequence"]?.int else { return nil }
    _ = try await site.inside.call("POST", "/v1/inbox/\(sequence)/acknowledgement")
    return item
  }

  func clearance(_ id: String) async throws(CausewayError) -> JSONValue { try await site.inside.call("GET", "/v1/clearances/\(id)") }

  /// Waits until the clearance shows what is asked for.
  ///
  /// - Throws: `deliver.timeout`.
  func waitFor(_ id: String, seconds: Int, _ holds: (JSONValue) -> Bool) async throws(CausewayError) -> JSONValue {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < deadline {
      let view = try await clearance(id)
      if holds(view) { return view }
      let seen = view["timeline"]?.array?.count ?? 0
      _ = try await site.inside.call("GET", "/v1/clearances/\(id)?wait=2&seen=\(seen)")
    }
    throw CausewayError("deliver.timeout")
  }
}
