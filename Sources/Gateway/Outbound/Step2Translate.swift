import Declarations
import Exchange
import JSONTree
import Journal
import Ledger
import Policy
import Primitives
import Translation
import Trust

extension GatewayNode {
  /// Steps 2 to 8 for every document that waits.
  ///
  /// - Returns: how many there were.
  func translateReceived() async throws(CausewayError) -> Int {
    let messages = try await nextMessages(.outbound, .received)
    try await forEach(messages) { message throws(CausewayError) in try await translate(message) }
    return messages.count
  }

  private func translate(_ message: MessageRecord) async throws(CausewayError) {
    let (source, clearance) = try await journal.read { reader throws(CausewayError) in
      (try reader.payload(owner: message.id.text, kind: PayloadKind.source.rawValue), try reader.clearance(message.clearance))
    }
    guard let source else { throw CausewayError("journal.not_found", facts: ["what": "source"]) }
    let details = try JSONValue.parse(message.details)
    let amended = try clearance.flatMap { record throws(CausewayError) in try Clearance(json: try JSONValue.parse(record.state)).ucr }
    let translated: Translated
    do throws(CausewayError) {
      translated = try translation(of: source.bytes, message, details, amended: amended)
    } catch {
      return try await refuse(message, source, error.problems)
    }
    probe(.outboundTranslated)
    do throws(CausewayError) {
      try await dispatch(message, translated)
    } catch  where error.isBusinessRefusal {
      return try await refuse(message, source, error.problems)
    }
  }

  /// What steps 2 to 6 make of a local document.
  private struct Translated: Sendable {
    var ucr: String
    var wire: Translation
    var bytes: [UInt8]
    var release: ReleasedDeclaration
  }

  /// Steps 2 to 6. Pure: the same bytes give the same result, or the same problems.
  private func translation(of bytes: [UInt8], _ message: MessageRecord, _ details: JSONValue, amended: String?) throws(CausewayError)
    -> Translated
  {
    guard let corridor = registry.corridor(message.corridor), let settings = configuration.corridor(message.corridor),
      let policy = settings.policy.flatMap({ policies[$0] }), let local = details["profile"]?.string.flatMap({ profiles[$0] }),
      let wire = profiles[corridor.wire]
    else { throw CausewayError("receive.corridor_unknown") }
    let translator = Translator(profiles)
    let day = message.created.day
    let valid = try translator.validate(try translator.parse(bytes, as: local), as: local, on: day)
    var declaration = valid.declaration
    let stated = declaration[id: "Declaration.UCR"]?.text ?? ""
    // An amendment is about the consignment of its clearance, whatever it says of itself.
    let issued = UCR.issued(
      economy: economy, exporter: declaration[id: "Exporter.ID"]?.text ?? "",
      localReference: declaration[id: "Declaration.LRN"]?.text ?? "",
      clearanceID: message.clearance, at: message.created)
    let ucr = amended ?? details["ucr"]?.string ?? (stated.isEmpty ? issued : stated)
    guard UCR.isWellFormed(ucr) else { throw CausewayError(Problem("receive.ucr_form", element: "Declaration.UCR")) }
    if let element = profiles.dictionary[id: "Declaration.UCR"] { declaration[element] = Value(ucr) }
    let release = try policy.release(declaration)
    let written = try translator.write(valid, released: release.declaration, to: wire, options: .init(day: day)).complete()
    return Translated(ucr: ucr, wire: written, bytes: try written.bytes(), release: release)
  }

  /// Steps 7 and 8: a new clearance, or the next revision of one.
  private func dispatch(_ message: MessageRecord, _ translated: Translated) async throws(CausewayError) {
    let isNew = message.kind == MessageKind.declaration.rawValue
    let complement = translated.wire.complement?.serialized() ?? JSONValue.null.serialized()
    @Sendable func change(revision: Int, at now: Instant) -> ClearanceChange {
      ClearanceChange(
        operations: [
          .putPayload(payload(.report, of: message.id, json: translated.wire.report.serialized(), at: now)),
          .putPayload(payload(.complement, of: message.id, json: complement, at: now)),
        ],
        preconditions: [.message(message.id, in: [MessageState.received.rawValue])],
        outgoing: [
          Outgoing(
            id: message.id, kind: isNew ? .declaration : .amendment, revision: revision, mediaType: translated.wire.profile.mediaType,
            payload: translated.bytes, profile: VersionedName(id: translated.wire.profile.id, version: translated.wire.profile.version),
            policy: VersionedName(id: translated.release.policyID, version: translated.release.policyVersion), submitted: message)
        ])
    }
    guard isNew else {
      try await update(clearance: message.clearance) { clearance, now throws(CausewayError) in
        let revision = clearance.export.revision + 1
        if let problem = clearance.apply(.revision(revision, .declared), on: .export, at: now, messageID: message.id.text) {
          throw CausewayError(problem)
        }
        return change(revision: revision, at: now)
      }
      return
    }
    let now = clock.now()
    let salt = UCRCommitment.Salt.random()
    let clearance = Clearance(
      id: message.clearance, ucr: translated.ucr, salt: Hex.encode(salt.bytes.exposed),
      commitment: UCRCommitment(ucr: translated.ucr, salt: salt).digest.hex, corridor: message.corridor, ownSide: .export,
      declared: now, messageID: message.id.text)
    switch try await create(clearance, change(revision: 1, at: now), at: now) {
    case .committed: break
    case .conflict(.clearance): throw CausewayError(Problem("clearance.ucr_in_use", element: "Declaration.UCR"))
    case .conflict: throw CausewayError("journal.conflict")
    }
  }

  /// The sender's document is refused: every problem is kept for the sender, their codes go on the ledger.
  private func refuse(_ message: MessageRecord, _ source: PayloadRecord, _ problems: [Problem]) async throws(CausewayError) {
    let now = clock.now()
    let stored: JSONValue = ["outcome": "refused", "by": .string(economy), "reasons": .array(problems.map(Self.json))]
    _ = try await journal.commit(
      Change(
        preconditions: [.message(message.id, in: [MessageState.received.rawValue])],
        operations: [
          .setMessageState(message.id, MessageState.refused.rawValue, reason: problems[0].code, at: now),
          .putPayload(payload(.problems, of: message.id, stored, at: now)),
        ],
        entries: [
          EntryDraft(
            kind: "\(message.kind).refused", corridor: message.corridor, messageID: message.id, payloadDigest: source.digest,
            actor: economy,
            reasons: Array(Set(problems.map(\.code))).sorted { $0.rawValue < $1.rawValue }.prefix(64).map { $0 })
        ]))
    metrics.count("gateway_refused_documents_total", [("code", problems[0].code.rawValue)])
    bell.ring()
  }
}

extension Translation {
  /// Itself, when it is complete and right: the reader would refuse it otherwise.
  ///
  /// - Throws: what the target's rules say against it; `write.required_missing` for everything that it lacks.
  func complete() throws(CausewayError) -> Translation {
    let problems =
      problems.filter { $0.severity == .error }
      + supplement.items.map { Problem("write.required_missing", pointer: $0.path, element: $0.element) }
    guard problems.isEmpty else { throw CausewayError(problems: problems) }
    return self
  }
}

extension CausewayError {
  /// Whether the clearance says no: the sender's to know, not a failure of this gateway.
  fileprivate var isBusinessRefusal: Bool { code.rawValue.hasPrefix("clearance.") && code != "clearance.unreadable" }
}
