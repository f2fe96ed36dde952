package import JSONTree
package import Primitives
import Trust

/// The form in which the journal keeps a clearance, and the API shows it without the salt. Times RFC 3339, statuses by their codes.
extension Clearance {
  package var stored: JSONValue {
    var object = shown.object ?? [:]
    object["salt"] = .string(salt)
    object["commitment"] = .string(commitment)
    return .object(object)
  }

  package var shown: JSONValue {
    .object([
      "id": .string(id),
      "ucr": ucr.map(JSONValue.string) ?? .null,
      "corridor": .string(corridor),
      "mode": .string(mode.rawValue),
      "ownSide": .string(ownSide.rawValue),
      "outcome": .string(outcome.rawValue),
      "export": export.json,
      "import": `import`?.json ?? .null,
      "beforeProposal": beforeProposal?.json ?? .null,
      "sentSequence": .number(JSONNumber(sentSequence)),
      "receivedSequence": .number(JSONNumber(receivedSequence)),
      "timeline": .array(timeline.map(\.json)),
    ])
  }

  /// - Throws: `clearance.unreadable` when the value is not one that ``stored`` wrote.
  package init(json: JSONValue) throws(CausewayError) {
    guard let id = json["id"]?.string, let salt = json["salt"]?.string, let commitment = json["commitment"]?.string,
      let corridor = json["corridor"]?.string, let mode = Self.mode(json["mode"]),
      let ownSide = json["ownSide"]?.string.flatMap(SideKind.init), let export = json["export"].flatMap(Side.init(json:)),
      let sent = json["sentSequence"]?.int, let received = json["receivedSequence"]?.int,
      let milestones = json["timeline"]?.array
    else { throw CausewayError("clearance.unreadable") }
    let timeline = milestones.compactMap(Milestone.init(json:))
    guard timeline.count == milestones.count else { throw CausewayError("clearance.unreadable") }
    self.init(
      id: id, ucr: json["ucr"]?.string, salt: salt, commitment: commitment, corridor: corridor, mode: mode, ownSide: ownSide,
      export: export,
      import: json["import"].flatMap(Side.init(json:)),
      beforeProposal: json["beforeProposal"].flatMap(Side.init(json:)), sentSequence: sent, receivedSequence: received, timeline: timeline)
  }
}

extension Clearance {
  /// Before cases had a mode, all were as in production.
  private static func mode(_ value: JSONValue?) -> Corridor.Mode? {
    guard let value else { return .production }
    return value.string.flatMap { Corridor.Mode(rawValue: $0) }
  }
}

extension Side {
  var json: JSONValue {
    .object([
      "revision": .number(JSONNumber(revision)), "status": .string(status.rawValue),
      "registrationId": registrationID.map(JSONValue.string) ?? .null,
    ])
  }

  init?(json: JSONValue) {
    guard let revision = json["revision"]?.int, let status = json["status"]?.string.flatMap(SideStatus.init) else { return nil }
    self.init(revision: revision, status: status, registrationID: json["registrationId"]?.string)
  }
}

extension Clearance.Milestone {
  var json: JSONValue {
    .object([
      "time": .string(time.rfc3339), "side": .string(side.rawValue), "status": .string(status.rawValue),
      "revision": .number(JSONNumber(revision)), "messageId": messageID.map(JSONValue.string) ?? .null,
    ])
  }

  init?(json: JSONValue) {
    guard let time = json["time"]?.string.flatMap({ Instant(rfc3339: $0) }), let side = json["side"]?.string.flatMap(SideKind.init),
      let status = json["status"]?.string.flatMap(SideStatus.init), let revision = json["revision"]?.int
    else { return nil }
    self.init(time: time, side: side, status: status, revision: revision, messageID: json["messageId"]?.string)
  }
}
