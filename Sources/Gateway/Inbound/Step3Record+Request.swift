import Declarations
import Exchange
import Primitives
import Translation
import Trust

// The partner's request to amend or cancel: looked at before its receipt is signed, as a status is.
extension GatewayNode {
  /// Applies a request to the partner's side of the clearance: one to amend changes nothing, one to cancel withdraws it.
  func decide(request envelope: VerifiedEnvelope, _ clearance: inout Clearance) -> Decision {
    let header = envelope.header
    do throws(CausewayError) {
      let document = try requestDocument(envelope.payload, header)
      let request = try AmendmentRequest(reading: document)
      let problems = mismatches(of: document, request, header, clearance)
      guard problems.isEmpty else { return Decision(problems: problems) }
      let revision = header.revision ?? 0
      if let problem = clearance.problem(withRequestFor: revision) { return Decision(problems: [problem]) }
      guard request.isCancellation else { return Decision(document: document, isHandled: true) }
      let problem = clearance.apply(
        .status(.withdrawn, registrationID: nil), on: .export, at: header.created, messageID: header.messageID.text)
      _ = clearance.apply(.proposalAccepted, on: .export, at: header.created)
      return Decision(document: document, problems: problem.map { [$0] } ?? [])
    } catch {
      return Decision(problems: error.problems.filter { $0.severity == .error })
    }
  }
}

extension RulesInForce {
  /// The document of a request: parsed, valid and read.
  ///
  /// - Throws: `receive.too_large`, `verify.profile_unknown`; as `Translator`'s steps.
  func requestDocument(_ bytes: [UInt8], _ header: EnvelopeHeader) throws(CausewayError) -> ValidDocument {
    let agreed = registry.corridor(header.corridor).flatMap { corridor in
      corridor.amendmentPolicy == nil ? nil : corridor.amendmentWire ?? AmendmentRequest.standardProfile
    }
    return try document(bytes, header, agreed: agreed, limit: AmendmentRequest.limitBytes)
  }
}

extension GatewayNode {
  /// All that does not agree with the envelope, or with the number under which the partner's customs has the declaration.
  private func mismatches(
    of document: ValidDocument, _ request: AmendmentRequest, _ header: EnvelopeHeader, _ clearance: Clearance
  ) -> [Problem] {
    func says(_ element: String, _ expected: String) -> Bool { ByteString(document.declaration.text(element)) == ByteString(expected) }
    let number = document.declaration.text("Amendment.RegistrationID")
    let agreements = [
      ("Amendment.ClearanceID", says("Amendment.ClearanceID", header.clearance.text)),
      ("Amendment.EconomyCode", says("Amendment.EconomyCode", header.sender)),
      ("Amendment.DirectionCode", says("Amendment.DirectionCode", clearance.partnerSide.direction.rawValue)),
      ("Amendment.Revision", says("Amendment.Revision", String(header.revision ?? 0))),
      ("Amendment.FunctionCode", request.messageKind == header.kind),
      (
        "Amendment.RegistrationID",
        number.isEmpty || clearance.export.registrationID.map { ByteString($0) == ByteString(number) } ?? true
      ),
    ]
    return agreements.filter { !$0.1 }.map { document.problem("verify.amendment_mismatch", $0.0) }
  }
}
