import Declarations
import Exchange
package import JSONTree
import Journal
import Ledger
package import Primitives
import Translation
import Trust

// The local customs says in a document of its own what it has decided: a receipt, a permit, a notification.
extension GatewayNode {
  /// Reports the status that a document of the local customs holds. The document is translated to the corridor's status profile; free texts,
  /// and the reasons of anything but a refusal, stay at home.
  ///
  /// Customs sends more documents than there are steps, and not one for each step. One that says nothing new (as before, the same again, a
  /// late one) changes nothing and is noted on the ledger; one that says more than the next step (a release where acceptance has not been told)
  /// stands for the steps between as well.
  /// - Parameter name: a profile that the corridor's configuration accepts.
  /// - Returns: the clearance after the step.
  /// - Throws: `receive.not_found`, `receive.profile_not_offered`, `receive.empty`; `parse.*`, `validate.*`; `receive.status_foreign`,
  ///   `receive.status_kind`, `verify.status_zone`; `clearance.*`.
  package func report(
    _ body: [UInt8], in name: String, on id: String, by principal: Principal
  ) async throws(CausewayError) -> JSONValue {
    guard !body.isEmpty else { throw CausewayError("receive.empty") }
    guard let record = try await clearanceRecord(id) else { throw CausewayError("receive.not_found") }
    guard isOffered(name, in: configuration.corridor(record.corridor)?.acceptsStatus ?? []), profiles[name] != nil else {
      throw CausewayError("receive.profile_not_offered")
    }
    let translator = Translator(profiles)
    let day = clock.now().day
    let parsed = try translator.parse(body, as: name)
    let document = try translator.validate(parsed.document, as: parsed.profile, on: day)
    let request = document.declaration.text("Status.RequestID").isEmpty ? nil : try await latestRequest(of: id)
    try await update(clearance: id) { clearance, now throws(CausewayError) in
      try change(of: &clearance, saidBy: document, body, answering: request, by: principal, at: now)
    }
    probe(.statusReported)
    return try await clearance(id, waitSeconds: 0, seen: nil)
  }

  /// The latest request to amend or cancel of a clearance that both sides have taken.
  private func latestRequest(of id: String) async throws(CausewayError) -> MessageID? {
    let messages = try await journal.read { reader throws(CausewayError) in
      try reader.messages(
        MessageQuery(
          clearance: id, states: [MessageState.delivered, .recorded, .handled].map(\.rawValue), newestFirst: true, limit: 1000))
    }
    for message in messages where isRequest(try EnvelopeHeader.parse(message.header)) { return message.id }
    return nil
  }

  private func change(
    of clearance: inout Clearance, saidBy document: ValidDocument, _ body: [UInt8], answering request: MessageID?, by principal: Principal,
    at now: Instant
  ) throws(CausewayError) -> ClearanceChange {
    let side = clearance.ownSide
    let current = clearance.side(side)
    let revision = current?.revision ?? 1
    try check(document, isAbout: clearance, side, revision)
    let declaration = document.declaration
    func text(_ id: String) -> String { declaration[id: id]?.text ?? "" }
    let status = SideStatus(rawValue: text("Status.Code"))
    if let status, !Self.reportable.contains(status) {
      throw CausewayError(document.problem("receive.status_kind", "Status.Code", ["status": status.rawValue]))
    }
    let time = try time(of: document) ?? now
    let number = text("Status.RegistrationID")
    func message(_ status: SideStatus?) -> StatusMessage {
      StatusMessage(
        clearanceID: clearance.id, side: side, revision: revision, status: status, effective: time,
        registrationID: number.isEmpty ? nil : number)
    }
    func entry(_ kind: String, _ message: StatusMessage, _ id: MessageID? = nil) -> EntryDraft {
      EntryDraft(
        kind: kind, corridor: clearance.corridor, messageID: id, payloadDigest: SHA256.hash(body), actor: principal.name, claimedTime: time,
        versions: ["profile": "\(document.profile.id)/\(document.profile.version)"], extra: Self.facts(of: message))
    }
    let steps = status.map { side.steps(from: current?.status, to: $0) } ?? []
    guard let last = steps.last else {
      guard let request, let current else { return ClearanceChange(entries: [entry("side.noted", message(status))]) }
      // The answer to a request that changes nothing by itself: the partner is told what was decided of it.
      let (outgoing, written) = try translated(
        document, saying: message(current.status), answering: request, in: clearance, at: now)
      return ClearanceChange(
        operations: kept(of: document, body, as: outgoing.id, written, at: now),
        entries: [entry("side.answered", message(current.status), outgoing.id)], outgoing: [outgoing])
    }
    if let problem = clearance.problem(withReporting: last) { throw CausewayError(problem) }
    var change = ClearanceChange()
    for step in steps {
      let event = Clearance.Event.status(step, registrationID: number.isEmpty ? nil : number)
      if let problem = clearance.apply(event, on: side, at: time) { throw CausewayError(problem) }
      let message = message(step)
      guard step == last else {
        change.outgoing.append(try statusOutgoing(message, in: clearance, at: now))
        change.entries.append(entry("side.reported", message, change.outgoing.last?.id))
        continue
      }
      let (outgoing, written) = try translated(document, saying: message, answering: request, in: clearance, at: now)
      change.outgoing.append(outgoing)
      var entry = entry("side.reported", message, outgoing.id)
      entry.reasons = Self.recordable(step == .refused ? StatusMessage.reasons(of: declaration).map(\.code) : [])
      change.entries.append(entry)
      change.operations = kept(of: document, body, as: outgoing.id, written, at: now)
    }
    return change
  }

  private func kept(
    of document: ValidDocument, _ body: [UInt8], as id: MessageID, _ written: Translation, at now: Instant
  ) -> [Change.Operation] {
    [
      .putPayload(payload(.source, of: id, mediaType: document.profile.mediaType, body, at: now)),
      .putPayload(payload(.report, of: id, json: written.report.serialized(), at: now)),
    ]
  }

  /// The document in the corridor's status profile, with what the gateway knows and customs does not say.
  private func translated(
    _ document: ValidDocument, saying message: StatusMessage, answering request: MessageID?, in clearance: Clearance, at now: Instant
  ) throws(CausewayError) -> (Outgoing, Translation) {
    guard let wire = statusProfile(of: clearance.corridor) else { throw CausewayError("seal.corridor_gone") }
    let id = SecureRandom.messageID(at: now)
    let own = try message.declaration(in: profiles, economy: economy, id: id, issued: now)
    let released = document.declaration.releasedStatus(completedBy: own, withReasons: message.status == .refused)
    let written = try Translator(profiles).write(
      document, released: released, to: wire, options: .init(makesComplement: false, day: now.day)
    ).complete()
    let bytes = try written.bytes()
    guard bytes.count <= StatusMessage.limitBytes else { throw CausewayError("receive.too_large") }
    var outgoing = outgoing(message, id: id, bytes, wire, inReplyTo: request)
    outgoing.kind = .status
    outgoing.source = document.profile.versioned
    return (outgoing, written)
  }

  /// - Throws: `receive.status_foreign` for each value that speaks of something else.
  private func check(
    _ document: ValidDocument, isAbout clearance: Clearance, _ side: SideKind, _ revision: Int
  ) throws(CausewayError) {
    var expected = [
      ("Status.ClearanceID", clearance.id), ("Status.EconomyCode", economy), ("Status.DirectionCode", side.direction.rawValue),
    ]
    // A national system counts the versions of its own declaration.
    if document.profile.isHub { expected.append(("Status.Revision", String(revision))) }
    let problems = expected.compactMap { id, expected -> Problem? in
      guard let found = document.declaration[id: id], found.isFilled, ByteString(found.text) != ByteString(expected) else { return nil }
      return document.problem("receive.status_foreign", id)
    }
    guard problems.isEmpty else { throw CausewayError(problems: problems) }
  }

  /// Since when the status holds; when the document does not say it, the time of the document; nil when it has none that is a point in time.
  private func time(of document: ValidDocument) throws(CausewayError) -> Instant? {
    let stated = document.declaration[id: "Status.EffectiveDateTime"]
    guard let stated, stated.isFilled else { return document.declaration[id: "Status.IssueDateTime"].flatMap { Instant(rfc3339: $0.text) } }
    guard let time = Instant(rfc3339: stated.text) else {
      throw CausewayError(document.problem("verify.status_zone", "Status.EffectiveDateTime"))
    }
    return time
  }
}

extension Declaration {
  /// What of a status of the local customs leaves: the status itself, in both codes, its time, and the numbers of declaration and request; of a refusal its
  /// reasons, without texts and without places in a document that the partner does not have.
  ///
  /// - Parameter own: what the gateway says of the same status; it completes the document, and its values count where the two could differ.
  fileprivate func releasedStatus(completedBy own: Declaration, withReasons: Bool) -> Declaration {
    func elements(_ ids: [String]) -> [ElementIndex] { ids.compactMap { dictionary[id: $0] } }
    var released = own
    for element in elements(["Status.Code", "Status.NationalCode", "Status.EffectiveDateTime", "Status.RegistrationID", "Status.RequestID"])
    {
      if let value = self[element], value.isFilled { released[element] = value }
    }
    guard withReasons, let reason = dictionary[id: "Reason"], let code = dictionary[id: "Reason.Code"] else { return released }
    let kept = elements(["Reason.TypeCode", "Reason.AgencyCode", "Reason.CategoryCode", "Reason.Code"])
    for original in root.groups(reason) where original.text(code) != nil {
      var instance = Group(reason)
      for element in kept { instance[element] = original[element] }
      // The steps of the WCO data model mean the same everywhere.
      for place in elements(["ReasonPlace"]) { instance.setGroups(place, original.groups(place)) }
      released.root.append(instance)
    }
    return released
  }
}
