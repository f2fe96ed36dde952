import Declarations
import Exchange
import JSONTree
import Journal
import Ledger
import Primitives
import Translation
import Trust

extension GatewayNode {
  /// Inbound step 4 for every recorded message that waits.
  ///
  /// - Returns: how many there were.
  func translateRecorded() async throws(CausewayError) -> Int {
    try await forEachNext(.inbound, .recorded) { message throws(CausewayError) in
      if message.kind == MessageKind.withdrawal.rawValue {
        try await followWithdrawal(message)
      } else {
        try await draft(message)
      }
    }
  }

  /// A declaration or amendment: the local draft, the supplement request, and the status message that says so.
  private func draft(_ message: MessageRecord) async throws(CausewayError) {
    let (wire, header, secret, record) = try await recorded(message)
    let clearance = try Clearance(record)
    var draft: Draft = try draft(of: wire.bytes, header, clearance, secret)
    if case .written(let ucr, _) = draft, try await isUsed(ucr, by: clearance) {
      draft = .refused([Problem("clearance.ucr_in_use", element: "Declaration.UCR")])
    }
    probe(.inboundTranslated)
    let wasLodged = clearance.isLodged
    try await update(clearance: message.clearance, from: record) { [draft] clearance, now throws(CausewayError) in
      // Lodged meanwhile: what is written depends on it.
      guard clearance.isLodged == wasLodged else { throw CausewayError("journal.conflict") }
      var change = ClearanceChange(preconditions: [.message(message.id, in: [MessageState.recorded.rawValue])])
      change.operations = [.setMessageState(message.id, MessageState.handled.rawValue, reason: nil, at: now)]
      // The entry of the receipt holds the sender's root: whoever reads the ledger is told that it was not found right, whatever becomes of the rest.
      if case .refused(let problems) = draft, problems.contains(where: { $0.code == "verify.fields_root" }) {
        change.entries = [
          EntryDraft(
            kind: "fields.refused", corridor: header.corridor, subject: header.ucrCommitment, messageID: message.id,
            payloadDigest: header.payload.sha256, actor: economy, reasons: ["verify.fields_root"])
        ]
      }
      // Withdrawn or amended again meanwhile: nothing to draft any more.
      let revision = header.revision ?? 1
      guard clearance.export.status != .withdrawn, revision == clearance.export.revision, clearance.import?.status.isFinal != true else {
        return change
      }
      var status = SideStatus.refused
      var reasons: [StatusMessage.Reason] = []
      switch draft {
      case .written(let ucr, let local):
        clearance.identify(ucr: ucr)
        status = local.isComplete ? .prefilled : .supplementRequested
        change.operations += [
          .putPayload(payload(.local, of: message.id, mediaType: local.profile.mediaType, local.bytes, at: now)),
          .putPayload(payload(.report, of: message.id, json: local.report, at: now)),
          .putPayload(payload(.supplement, of: message.id, local.request, at: now)),
        ]
        change.operations += handOver(.declaration, of: message, clearance: clearance.id, payloadKind: .local, at: now)
      case .refused(let problems):
        reasons = problems.prefix(StatusMessage.limitReasons).map(StatusMessage.Reason.init)
        let stored: JSONValue = ["outcome": "refused", "by": .string(economy), "reasons": .array(problems.map(Self.json))]
        change.operations.append(.putPayload(payload(.problems, of: message.id, stored, at: now)))
      }
      if let problem = clearance.apply(.revision(revision, status), on: .import, at: now) { throw CausewayError(problem) }
      let said = StatusMessage(
        clearanceID: clearance.id, side: .import, revision: revision, status: status, effective: now, reasons: reasons)
      change.outgoing = [try statusOutgoing(said, in: clearance, inReplyTo: message.id, at: now)]
      return change
    }
  }
}

/// What became of the partner's declaration in the local format.
enum Draft: Sendable {
  case written(ucr: String, LocalDraft)
  case refused([Problem])
}

extension RulesInForce {
  /// Parses, validates and reads the partner's declaration, holds it against its envelope, and writes the local draft. Pure.
  ///
  /// - Throws: `receive.corridor_unknown`: this side takes no declarations in the corridor.
  func draft(
    of bytes: [UInt8], _ header: EnvelopeHeader, _ clearance: Clearance, _ secret: HMACKey?
  ) throws(CausewayError) -> Draft {
    guard let settings = configuration.corridor(header.corridor), let corridor = registry.corridor(header.corridor),
      settings.handsOver != nil
    else { throw CausewayError("receive.corridor_unknown") }
    do throws(CausewayError) {
      guard let wire = profile(of: header, agreed: corridor.wire) else {
        throw CausewayError("verify.profile_unknown", pointer: "/profile")
      }
      let translator = Translator(profiles)
      let day = header.created.day
      let valid = try translator.validate(try translator.parse(bytes, as: wire), as: wire, on: day)
      if let secret {
        let fields = try valid.declaration.fieldTree(profile: header.profile, secret: secret)
        guard fields.root == header.payload.fieldsRoot else { throw CausewayError("verify.fields_root") }
      }
      let ucr = valid.declaration[id: "Declaration.UCR"]?.text ?? ""
      guard let salt = Hex.decode(clearance.salt).flatMap(UCRCommitment.Salt.init),
        UCRCommitment(ucr: ucr, salt: salt).digest == header.ucrCommitment
      else { throw CausewayError(Problem("verify.ucr_commitment", element: "Declaration.UCR")) }
      return .written(ucr: ucr, try localDraft(of: valid, clearance, settings, day: day))
    } catch {
      return .refused(error.problems)
    }
  }
}

extension GatewayNode {
  private func isUsed(_ ucr: String, by clearance: Clearance) async throws(CausewayError) -> Bool {
    let other = try await journal.read { reader throws(CausewayError) in
      try reader.clearance(corridor: clearance.corridor, side: clearance.ownSide.rawValue, ucr: ucr)
    }
    return other.map { ByteString($0.id) != ByteString(clearance.id) } ?? false
  }

  /// The partner has withdrawn: this side follows, unless it is done already, and says so.
  private func followWithdrawal(_ message: MessageRecord) async throws(CausewayError) {
    let (wire, header, _, record) = try await recorded(message)
    let isRequest = isRequest(header)
    let document = isRequest ? try requestDocument(wire.bytes, header) : try statusDocument(wire.bytes, header)
    try await update(clearance: message.clearance, from: record) { clearance, now throws(CausewayError) in
      var change = ClearanceChange(preconditions: [.message(message.id, in: [MessageState.recorded.rawValue])])
      change.operations = [.setMessageState(message.id, MessageState.handled.rawValue, reason: nil, at: now)]
      change.operations +=
        isRequest
        ? handOver(request: document, of: message, clearance: clearance, at: now)
        : handOver(.withdrawal, document, of: message, clearance: clearance, at: now)
      guard let side = clearance.import, clearance.apply(.status(.withdrawn, registrationID: nil), on: .import, at: now) == nil else {
        return change
      }
      let status = StatusMessage(clearanceID: clearance.id, side: .import, revision: side.revision, status: .withdrawn, effective: now)
      change.outgoing = [try statusOutgoing(status, in: clearance, inReplyTo: message.id, at: now)]
      return change
    }
  }

  /// What step 3 has stored of a message: its bytes, its header, what opens its fields root, if it has one, and its clearance.
  ///
  /// - Throws: `receive.not_found`; `journal.not_found` too when it has a fields root that cannot be opened any more.
  private func recorded(
    _ message: MessageRecord
  ) async throws(CausewayError) -> (wire: PayloadRecord, header: EnvelopeHeader, secret: HMACKey?, clearance: ClearanceRecord) {
    let (wire, fields, clearance) = try await journal.read { reader throws(CausewayError) in
      func payload(_ kind: PayloadKind) throws(CausewayError) -> PayloadRecord? {
        try reader.payload(owner: message.id.text, kind: kind.rawValue)
      }
      return (try payload(.wire), try payload(.fields), try reader.clearance(message.clearance))
    }
    guard let wire else { throw CausewayError("journal.not_found", facts: ["what": "wire"]) }
    let header = try EnvelopeHeader.parse(message.header)
    let secret = fields.flatMap { HMACKey($0.bytes) }
    guard secret != nil || header.payload.fieldsRoot == nil else { throw CausewayError("journal.not_found", facts: ["what": "fields"]) }
    guard let clearance else { throw CausewayError("receive.not_found") }
    return (wire, header, secret, clearance)
  }
}
