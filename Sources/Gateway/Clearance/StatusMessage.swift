import Exchange
import JSONTree
package import Primitives

/// What one gateway tells the other about its own side of a clearance (docs/protocol.md): the payload of kinds `status` and `withdrawal`.
package struct StatusMessage: Sendable, Equatable {
  package static let mediaType = "application/vnd.causeway.status+json"

  package let clearanceID: String
  package let side: SideKind
  package let revision: Int
  package let status: SideStatus
  /// When the status began, by the clock of the side's customs.
  package let effective: Instant
  package let registrationID: String?
  package let reasons: [Reason]

  /// Why a side has refused: codes for machines, a place in the wire document, never payload.
  package struct Reason: Sendable, Equatable {
    package let code: String
    package let pointer: String?

    package init(code: String, pointer: String?) {
      self.code = code
      self.pointer = pointer
    }
  }

  package init(
    clearanceID: String, side: SideKind, revision: Int, status: SideStatus, effective: Instant, registrationID: String? = nil,
    reasons: [Reason] = []
  ) {
    self.clearanceID = clearanceID
    self.side = side
    self.revision = revision
    self.status = status
    self.effective = effective
    self.registrationID = registrationID
    self.reasons = reasons
  }

  /// Canonical JSON (RFC 8785).
  ///
  /// - Throws: nothing in practice: every value has a canonical form.
  package func bytes() throws(CausewayError) -> [UInt8] {
    var object: JSONObject = [
      "version": 1, "clearance": .string(clearanceID), "side": .string(side.rawValue), "revision": .number(JSONNumber(revision)),
      "status": .string(status.rawValue), "effective": .string(effective.rfc3339), "reasons": .array(reasons.map(\.json)),
    ]
    if let registrationID { object["registrationId"] = .string(registrationID) }
    return try JSONValue.object(object).canonical()
  }

  /// Reads a partner's status message. Strict: unknown members are refused, all problems at once.
  ///
  /// - Throws: `parse.json_*`; at most 64 reasons, texts of at most 512 bytes.
  package init(parsing bytes: [UInt8]) throws(CausewayError) {
    var fields = JSONFields(try JSONValue.parse(bytes))
    _ = fields.integer("version", in: 1...1)
    let clearance = fields.string("clearance", "32 hexadecimal digits", ClearanceID.init)
    let side = fields.string("side", "export|import", SideKind.init(rawValue:))
    let revision = fields.integer("revision", in: 1...9999)
    let status = fields.string("status", "status code", SideStatus.init(rawValue:))
    let effective = fields.string("effective", "RFC 3339") { Instant(rfc3339: $0) }
    registrationID = fields.string("registrationId", required: false, "at most 64 bytes") { $0.utf8.count <= 64 ? $0 : nil }
    let reasons = fields.value("reasons")?.array
    var problems = fields.finish()
    let read = (reasons ?? []).prefix(64).compactMap(Reason.init(json:))
    if reasons == nil || read.count != reasons?.count {
      problems.append(Problem("parse.json_member_value", pointer: "/reasons", facts: ["expected": "at most 64 reasons"]))
    }
    guard problems.isEmpty, let clearance, let side, let revision, let status, let effective else {
      throw CausewayError(problems: problems)
    }
    clearanceID = clearance.text
    self.side = side
    self.revision = revision
    self.status = status
    self.effective = effective
    self.reasons = read
  }
}

extension StatusMessage.Reason {
  var json: JSONValue { pointer.map { ["code": .string(code), "pointer": .string($0)] } ?? ["code": .string(code)] }

  init?(json: JSONValue) {
    guard let object = json.object, let code = object["code"]?.string, code.utf8.count <= 64 else { return nil }
    let pointer = object["pointer"]?.string
    guard object.members.count == (pointer == nil ? 1 : 2), (pointer?.utf8.count ?? 0) <= 512 else { return nil }
    self.init(code: code, pointer: pointer)
  }
}
