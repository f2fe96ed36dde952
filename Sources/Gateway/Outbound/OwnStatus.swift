import Declarations
import Exchange
package import JSONTree
import Journal
import Ledger
package import Primitives
import Translation
import Trust

// What this gateway's own side does after the declaration: reported by the local customs or the declarant, told to the partner.
extension GatewayNode {
  /// The local customs has decided: `accepted`, `released`, `refused`, or (import side) `lodged` elsewhere.
  ///
  /// - Parameter body: JSON `{"status", "registrationId"?, "effective"?, "reasons"?: [code]}`.
  /// - Returns: the clearance after the step.
  /// - Throws: `parse.json_*`, `receive.not_found`, `clearance.*`.
  package func report(_ body: [UInt8], on id: String, by principal: Principal) async throws(CausewayError) -> JSONValue {
    var fields = JSONFields(try JSONValue.parse(body))
    let status = fields.string("status", "accepted|released|refused|lodged") {
      SideStatus(rawValue: $0).flatMap { Self.reportable.contains($0) ? $0 : nil }
    }
    let registrationID = fields.string("registrationId", required: false, "at most 35 characters", wellFormedRegistrationID)
    let effective = fields.string("effective", required: false, "RFC 3339") { Instant(rfc3339: $0) }
    let reasons = fields.array("reasons", required: false) ?? []
    let codes = reasons.compactMap(\.string).filter(Self.isReason)
    if codes.count != reasons.count || codes.count > 64 { fields.refuse("reasons", "at most 64 codes of a-z 0-9 _ and points between") }
    let problems = fields.finish()
    guard problems.isEmpty, let status else { throw CausewayError(problems: problems) }
    return try await advance(id, by: principal.name) { clearance, now throws(CausewayError) in
      let time = effective ?? now
      let side = clearance.ownSide
      if let problem = clearance.problem(withReporting: status) { throw CausewayError(problem) }
      if let problem = clearance.apply(.status(status, registrationID: registrationID), on: side, at: time) { throw CausewayError(problem) }
      return StatusMessage(
        clearanceID: clearance.id, side: side, revision: clearance.side(side)?.revision ?? 1, status: status, effective: time,
        registrationID: registrationID, reasons: codes.map { StatusMessage.Reason(code: $0, pointer: nil) })
    }
  }

  /// As the dictionary has it, so that it travels as it was given.
  private func wellFormedRegistrationID(_ text: String) -> String? {
    let element = profiles.dictionary[id: "Status.RegistrationID"].map { profiles.dictionary[$0] }
    return element?.type.canonical(text).flatMap { !$0.isEmpty && ByteString($0) == ByteString(text) ? text : nil }
  }

  /// What partners and ledgers take as a code: at least two words with points between, at most 64 bytes.
  private static func isReason(_ text: String) -> Bool {
    let words = text.utf8.split(separator: 0x2E, omittingEmptySubsequences: false)
    func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }
    return text.utf8.count <= 64 && words.count >= 2 && text.utf8.first.map(isLetter) == true
      && words.allSatisfy { !$0.isEmpty && $0.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || $0 == 0x5F } }
  }

  static let reportable: Set<SideStatus> = [.accepted, .released, .refused, .lodged]

  /// The declarant withdraws. The partner may refuse, when its side has already released.
  ///
  /// - Throws: `receive.not_found`, `clearance.*`.
  package func withdraw(_ id: String, by principal: Principal) async throws(CausewayError) -> JSONValue {
    try await advance(id, by: principal.name) { clearance, now throws(CausewayError) in
      guard clearance.ownSide == .export else { throw CausewayError("receive.not_found") }
      if let problem = clearance.apply(.status(.withdrawn, registrationID: nil), on: .export, at: now) { throw CausewayError(problem) }
      return StatusMessage(
        clearanceID: clearance.id, side: .export, revision: clearance.export.revision, status: .withdrawn, effective: now)
    }
  }

  /// One step of this gateway's own side: clearance, ledger entry of who did it, and the message to the partner, in one transaction.
  private func advance(
    _ id: String, by actor: String,
    _ step: @escaping @Sendable (inout Clearance, Instant) throws(CausewayError) -> StatusMessage
  ) async throws(CausewayError) -> JSONValue {
    try await update(clearance: id) { clearance, now throws(CausewayError) in
      let message = try step(&clearance, now)
      let outgoing = try statusOutgoing(message, in: clearance, at: now)
      var change = ClearanceChange(outgoing: [outgoing])
      change.entries = [
        EntryDraft(
          kind: "side.reported", corridor: clearance.corridor, messageID: outgoing.id, actor: actor, claimedTime: message.effective,
          reasons: message.reasons.map { ErrorCode(rawValue: $0.code) }, extra: Self.facts(of: message))
      ]
      return change
    }
    probe(.statusReported)
    return try await clearance(id, waitSeconds: 0, seen: nil)
  }

  /// What a ledger entry says of a status.
  static func facts(of message: StatusMessage) -> JSONObject {
    var facts: JSONObject = ["clearance": .string(message.clearanceID), "side": .string(message.side.rawValue)]
    facts["status"] = message.status.map { .string($0.rawValue) }
    return facts
  }

  /// A status message as something to seal, in the corridor's status profile.
  ///
  /// - Throws: `seal.corridor_gone`; `write.not_carried`, `validate.*`: the profile cannot say it.
  func statusOutgoing(
    _ message: StatusMessage, in clearance: Clearance, inReplyTo: MessageID? = nil, at now: Instant
  ) throws(CausewayError) -> Outgoing {
    guard let profile = statusProfile(of: clearance.corridor) else { throw CausewayError("seal.corridor_gone") }
    let id = SecureRandom.messageID(at: now)
    let tree = try message.declaration(in: profiles, economy: economy, id: id, issued: now)
    return outgoing(
      message, id: id, try Translator(profiles).write(tree, as: profile, on: now.day), profile, inReplyTo: inReplyTo)
  }

  func outgoing(
    _ message: StatusMessage, id: MessageID, _ bytes: [UInt8], _ profile: Profile, inReplyTo: MessageID? = nil
  ) -> Outgoing {
    Outgoing(
      id: id, kind: message.status == .withdrawn && message.side == .export ? .withdrawal : .status, revision: message.revision,
      mediaType: profile.mediaType, payload: bytes, profile: VersionedName(id: profile.id, version: profile.version),
      policy: Self.statusPolicy, inReplyTo: inReplyTo)
  }

  /// What a status says to the partner is the same in every corridor (docs/protocol.md).
  static let statusPolicy = VersionedName(id: "causeway.status", version: "1")
}

extension RulesInForce {
  /// The profile in which statuses of a corridor travel; nil: the registry has no such corridor any more.
  func statusProfile(of corridor: String) -> Profile? {
    registry.corridor(corridor).flatMap { profiles[$0.statusWire ?? StatusMessage.standardProfile] }
  }
}
