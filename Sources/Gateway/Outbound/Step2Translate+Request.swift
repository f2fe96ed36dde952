import Declarations
import Exchange
import JSONTree
import Journal
import Ledger
import Policy
import Primitives
import Translation
import Trust

// A local document that asks to amend or cancel goes the same steps as a declaration (docs/decisions/0010).
extension GatewayNode {
  /// A request as it travels.
  struct WireRequest: Sendable {
    var request: AmendmentRequest
    /// The revision that it speaks about.
    var revision: Int
    var wire: Translation
    var bytes: [UInt8]
    var policy: VersionedName
  }
}

extension RulesInForce {
  /// Steps 4 to 6 of a request.
  ///
  /// - Throws: `receive.clearance_unnamed`, `receive.amendments_not_agreed`, `receive.amendment_function`; `receive.amendment_foreign` for each
  ///   value that speaks of another declaration; `write.*`.
  func request(_ valid: ValidDocument, _ local: GatewayNode.LocalDocument) throws(CausewayError) -> GatewayNode.WireRequest {
    guard let clearance = local.clearance else { throw CausewayError("receive.clearance_unnamed") }
    guard let wire = amendmentProfile(of: clearance.corridor),
      let policy = registry.corridor(clearance.corridor)?.amendmentPolicy.flatMap({ policies[$0] })
    else { throw CausewayError("receive.amendments_not_agreed") }
    try check(valid, isAbout: clearance, local.references)
    let request = try AmendmentRequest(reading: valid)
    let release = try policy.release(valid.declaration)
    let bound = release.declaration.bound(
      to: clearance, economy: economy, function: valid.declaration.text("Amendment.FunctionCode"))
    let written = try Translator(profiles).write(valid, released: bound, to: wire, options: .init(day: local.day)).complete()
    let bytes = try written.bytes()
    guard bytes.count <= AmendmentRequest.limitBytes else { throw CausewayError("receive.too_large") }
    return GatewayNode.WireRequest(
      request: request, revision: clearance.export.revision, wire: written, bytes: bytes,
      policy: VersionedName(id: release.policyID, version: release.policyVersion))
  }

  private func check(_ document: ValidDocument, isAbout clearance: Clearance, _ references: [String]) throws(CausewayError) {
    var expected = [
      ("Amendment.ClearanceID", [clearance.id]), ("Amendment.EconomyCode", [economy]),
      ("Amendment.DirectionCode", [clearance.ownSide.direction.rawValue]), ("Amendment.LRN", references),
      ("Amendment.RegistrationID", clearance.export.registrationID.map { [$0] } ?? []),
    ]
    // A national system counts the versions of its own declaration.
    if document.profile.isHub { expected.append(("Amendment.Revision", [String(clearance.export.revision)])) }
    let problems = expected.compactMap { element, known -> Problem? in
      let found = ByteString(document.declaration.text(element))
      guard found != ByteString(""), !known.isEmpty, !known.contains(where: { ByteString($0) == found }) else { return nil }
      return document.problem("receive.amendment_foreign", element)
    }
    guard problems.isEmpty else { throw CausewayError(problems: problems) }
  }
}

extension GatewayNode {
  /// Steps 7 and 8 of a request: one to amend changes nothing yet, one to cancel is the export side's withdrawal.
  func dispatch(_ local: LocalDocument, _ request: WireRequest) async throws(CausewayError) {
    let kind = request.request.messageKind
    try await update(clearance: local.message.clearance) { clearance, now throws(CausewayError) in
      // Amended, or an amendment refused, since it was read: it is read again.
      guard clearance.export.revision == request.revision else { throw CausewayError("journal.conflict") }
      var change = change(by: local, request.wire, at: now)
      if request.request.isCancellation {
        change.entries = [try withdrawal(by: local, &clearance, at: now)]
      } else if let problem = clearance.problem(withRequestFor: request.revision) {
        throw CausewayError(problem)
      }
      change.outgoing = [
        Outgoing(
          id: local.message.id, kind: kind, revision: request.revision, mediaType: request.wire.profile.mediaType, payload: request.bytes,
          profile: request.wire.profile.versioned, policy: request.policy, source: local.profile?.versioned, submitted: local.message)
      ]
      return change
    }
  }

  /// Steps 7 and 8 of a declaration that takes back that of its clearance: the withdrawal, told as a status.
  func dispatchCancellation(_ local: LocalDocument) async throws(CausewayError) {
    try await update(clearance: local.message.clearance) { clearance, now throws(CausewayError) in
      guard let profile = statusProfile(of: clearance.corridor) else { throw CausewayError("seal.corridor_gone") }
      var change = change(by: local, nil, at: now)
      change.entries = [try withdrawal(by: local, &clearance, at: now)]
      let said = Self.withdrawn(clearance, at: now)
      let tree = try said.declaration(in: profiles, economy: economy, id: local.message.id, issued: now)
      var outgoing = outgoing(said, id: local.message.id, try Translator(profiles).write(tree, as: profile, on: now.day), profile)
      outgoing.source = local.profile?.versioned
      outgoing.submitted = local.message
      change.outgoing = [outgoing]
      return change
    }
  }

  /// Withdraws the export side, and says on the ledger who did it.
  private func withdrawal(by local: LocalDocument, _ clearance: inout Clearance, at now: Instant) throws(CausewayError) -> EntryDraft {
    let message = local.message
    if let problem = clearance.apply(
      .status(.withdrawn, registrationID: nil), on: .export, at: now, messageID: message.id.text)
    {
      throw CausewayError(problem)
    }
    return EntryDraft(
      kind: "side.reported", corridor: clearance.corridor, messageID: message.id, payloadDigest: local.source.digest,
      actor: local.details["submittedBy"]?.string ?? economy, claimedTime: now, extra: Self.facts(of: Self.withdrawn(clearance, at: now)))
  }

  private static func withdrawn(_ clearance: Clearance, at now: Instant) -> StatusMessage {
    StatusMessage(clearanceID: clearance.id, side: .export, revision: clearance.export.revision, status: .withdrawn, effective: now)
  }
}
