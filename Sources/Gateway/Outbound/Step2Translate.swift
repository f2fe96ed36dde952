import Declarations
import Exchange
import Formats
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
    try await forEachNext(.outbound, .received) { message throws(CausewayError) in try await translate(message) }
  }

  /// A local document that waits, parsed, and what is known of it besides.
  struct LocalDocument: Sendable {
    let message: MessageRecord
    let source: PayloadRecord
    let details: JSONValue
    /// The profile by which it is read: where the submission leaves the version open, the one that the document names itself. nil: there is no such
    /// profile any more.
    let profile: Profile?
    let document: Result<Document, CausewayError>
    /// The one that it amends; nil for a new declaration.
    var clearance: Clearance?
    /// Local references under which the clearance was declared: looked up for a request only.
    var references: [String] = []

    var bytes: [UInt8] { source.bytes }
    var day: String { message.created.day }
  }

  /// What steps 2 to 6 make of a local document.
  enum Translated: Sendable {
    case declaration(WireDeclaration)
    case request(WireRequest)
    /// A declaration that takes the clearance's own back.
    case cancellation

    var translation: Translation? {
      switch self {
      case .declaration(let declaration): declaration.wire
      case .request(let request): request.wire
      case .cancellation: nil
      }
    }
  }

  struct WireDeclaration: Sendable {
    var ucr: String
    /// Local reference number; empty when it has none.
    var reference: String
    var wire: Translation
    var bytes: [UInt8]
    var policy: VersionedName
    var priority: Int
  }

  private func translate(_ message: MessageRecord) async throws(CausewayError) {
    let local = try await localDocument(of: message)
    let translated: Translated
    do throws(CausewayError) {
      translated = try translation(of: local)
    } catch {
      return try await refuse(local, error.problems)
    }
    probe(.outboundTranslated)
    do throws(CausewayError) {
      switch translated {
      case .declaration(let declaration): try await dispatch(local, declaration)
      case .request(let request): try await dispatch(local, request)
      case .cancellation: try await dispatchCancellation(local)
      }
    } catch  where error.isBusinessRefusal {
      return try await refuse(local, error.problems)
    }
  }

  /// - Parameter edited: bytes in place of the stored document, to see what would come of them.
  func localDocument(of message: MessageRecord, edited: [UInt8]? = nil) async throws(CausewayError) -> LocalDocument {
    let (found, stored, record) = try await journal.read { reader throws(CausewayError) in
      let document = try Self.replayDocument(of: message.id, reader)
      return (try reader.message(message.id), document.map { $0.edited ?? $0.source }, try reader.clearance(message.clearance))
    }
    guard let message = found, let stored else { throw CausewayError("journal.not_found", facts: ["what": "source"]) }
    let source = edited.map { payload(.source, of: message.id, mediaType: stored.mediaType, $0, at: stored.created) } ?? stored
    let clearance = try record.map { record throws(CausewayError) in try Clearance(record) }
    var local = try localDocument(message, source, clearance)
    guard local.profile?.document == .amendment else { return local }
    local.references = try await journal.read { reader throws(CausewayError) in
      try Self.references(of: message.clearance, reader)
    }
    return local
  }

  /// Local references under which a clearance was declared.
  static func references(of clearance: String, _ reader: any JournalReader) throws(CausewayError) -> [String] {
    let earlier = try reader.messages(MessageQuery(direction: .outbound, clearance: clearance, limit: 1000))
    return earlier.compactMap { (try? JSONValue.parse($0.details))?["reference"]?.string }
  }
}

extension RulesInForce {
  /// Step 2: a local document, parsed by the profile that its submission names. Pure.
  ///
  /// - Throws: what is wrong with the message's details; what is wrong with the document stands in it.
  func localDocument(
    _ message: MessageRecord, _ source: PayloadRecord, _ clearance: Clearance?
  ) throws(CausewayError) -> GatewayNode.LocalDocument {
    let details = try JSONValue.parse(message.details)
    let name = details["profile"]?.string ?? ""
    let profile: Profile?
    let document: Result<Document, CausewayError>
    do throws(CausewayError) {
      let parsed = try Translator(profiles).parse(source.bytes, as: name)
      (profile, document) = (parsed.profile, .success(parsed.document))
    } catch {
      (profile, document) = (profiles[name, for: source.bytes], .failure(error))
    }
    return GatewayNode.LocalDocument(
      message: message, source: source, details: details, profile: profile, document: document, clearance: clearance)
  }

  /// Steps 2 to 6. Pure: the same bytes give the same result, or the same problems.
  func translation(of local: GatewayNode.LocalDocument) throws(CausewayError) -> GatewayNode.Translated {
    guard let corridor = registry.corridor(local.message.corridor), let settings = configuration.corridor(local.message.corridor),
      let policy = settings.policy.flatMap({ policies[$0] }), let profile = local.profile, let wire = profiles[corridor.wire]
    else { throw CausewayError("receive.corridor_unknown") }
    let translator = Translator(profiles)
    let valid = try translator.validate(try local.document.get(), as: profile, on: local.day)
    guard profile.document == .declaration else { return .request(try request(valid, local)) }
    let function = valid.declaration.function
    if function != nil { try check(valid, amends: local.clearance) }
    guard function != .takesBack else { return .cancellation }
    var declaration = valid.declaration
    let reference = declaration.text("Declaration.LRN")
    let stated = declaration.text("Declaration.UCR")
    // An amendment is about the consignment of its clearance, whatever it says of itself.
    let issued = UCR.issued(
      economy: economy, exporter: declaration.text("Exporter.ID"), localReference: reference, clearanceID: local.message.clearance,
      at: local.message.created)
    let ucr = local.clearance?.ucr ?? local.details["ucr"]?.string ?? (stated.isEmpty ? issued : stated)
    guard UCR.isWellFormed(ucr) else { throw CausewayError(Problem("receive.ucr_form", element: "Declaration.UCR")) }
    if let element = profiles.dictionary[id: "Declaration.UCR"] { declaration[element] = Value(ucr) }
    let release = try policy.release(declaration)
    let written = try translator.write(valid, released: release.declaration, to: wire, options: .init(day: local.day)).complete()
    return .declaration(
      GatewayNode.WireDeclaration(
        ucr: ucr, reference: reference, wire: written, bytes: try written.bytes(),
        policy: VersionedName(id: release.policyID, version: release.policyVersion),
        priority: settings.priorities.priority(of: valid.declaration)))
  }

  /// A declaration that says it changes an earlier one, or takes it back, is about that of its clearance.
  ///
  /// - Throws: `receive.clearance_unnamed`, `receive.amendment_foreign`.
  private func check(_ document: ValidDocument, amends clearance: Clearance?) throws(CausewayError) {
    guard let clearance else { throw CausewayError(document.problem("receive.clearance_unnamed", "Declaration.FunctionCode")) }
    let stated = document.declaration.text("Declaration.ID")
    if let known = clearance.export.registrationID, !stated.isEmpty, ByteString(stated) != ByteString(known) {
      throw CausewayError(document.problem("receive.amendment_foreign", "Declaration.ID"))
    }
  }
}

extension GatewayNode {
  /// Steps 7 and 8: a new clearance, or the next revision of one.
  private func dispatch(_ local: LocalDocument, _ declaration: WireDeclaration) async throws(CausewayError) {
    let isNew = local.message.kind == MessageKind.declaration.rawValue
    var message = local.message
    if !declaration.reference.isEmpty, var details = local.details.object {
      details["reference"] = .string(declaration.reference)
      message.details = JSONValue.object(details).serialized()
    }
    let submitted = message
    let fields = try commitment(to: declaration.bytes, as: declaration.wire.profile)
    @Sendable func change(revision: Int, at now: Instant) -> ClearanceChange {
      var change = self.change(by: local, declaration.wire, at: now)
      change.outgoing = [
        Outgoing(
          id: submitted.id, kind: isNew ? .declaration : .amendment, revision: revision, mediaType: declaration.wire.profile.mediaType,
          payload: declaration.bytes, profile: declaration.wire.profile.versioned, policy: declaration.policy, fields: fields,
          source: local.profile?.versioned, submitted: submitted, priority: declaration.priority)
      ]
      return change
    }
    guard isNew else {
      try await update(clearance: message.clearance) { clearance, now throws(CausewayError) in
        let revision = clearance.export.revision + 1
        if let problem = clearance.apply(.revision(revision, .declared), on: .export, at: now, messageID: submitted.id.text) {
          throw CausewayError(problem)
        }
        return change(revision: revision, at: now)
      }
      return
    }
    let now = clock.now()
    let salt = UCRCommitment.Salt.random()
    let clearance = Clearance(
      id: message.clearance, ucr: declaration.ucr, salt: Hex.encode(salt.bytes.exposed),
      commitment: UCRCommitment(ucr: declaration.ucr, salt: salt).digest.hex, corridor: message.corridor,
      mode: try mode(of: message.corridor), ownSide: .export, declared: now, messageID: message.id.text)
    switch try await create(clearance, change(revision: 1, at: now), at: now) {
    case .committed: break
    case .conflict(.clearance): throw CausewayError(Problem("clearance.ucr_in_use", element: "Declaration.UCR"))
    case .conflict: throw CausewayError("journal.conflict")
    }
  }

  /// - Throws: `seal.corridor_gone`.
  private func mode(of corridor: String) throws(CausewayError) -> Corridor.Mode {
    guard let corridor = registry.corridor(corridor) else { throw CausewayError("seal.corridor_gone") }
    return corridor.mode
  }

  /// What every local document leaves in the journal when it goes out: the account of its translation, what of it stays at home, and the answer to
  /// its syntax.
  func change(by local: LocalDocument, _ wire: Translation?, at now: Instant) -> ClearanceChange {
    let id = local.message.id
    var change = ClearanceChange(preconditions: [.message(id, in: [MessageState.received.rawValue])])
    // Of an earlier try: the ledger keeps its codes.
    if local.message.revision > 1 { change.operations = [.erasePayload(owner: id.text, kind: PayloadKind.problems.rawValue)] }
    if let wire {
      change.operations += [
        .putPayload(payload(.report, of: id, json: wire.report.serialized(), at: now)),
        .putPayload(payload(.complement, of: id, json: wire.complement?.serialized() ?? JSONValue.null.serialized(), at: now)),
      ]
    }
    change.operations += syntaxAnswer(to: local, at: now)
    return change
  }

  /// The CONTRL that answers a document in EDIFACT, whether it is taken or turned back; handed over when the sender asks for it. The same document
  /// has the same answer; an edited one may have another.
  private func syntaxAnswer(to local: LocalDocument, at now: Instant) -> [Change.Operation] {
    guard let profile = local.profile, profile.syntax == .edifact else { return [] }
    // The last 14 digits of a message id are random.
    let reference = String(decoding: local.message.id.text.utf8.filter { $0 != 0x2D }.suffix(14), as: UTF8.self).uppercased()
    let answer = Translator(profiles).syntaxAnswer(
      to: local.bytes, as: profile, on: local.day, stamp: .init(reference: reference, time: local.message.created))
    guard let answer else { return [] }
    var operations: [Change.Operation] = [
      .replacePayload(payload(.contrl, of: local.message.id, mediaType: profile.mediaType, answer, at: now))
    ]
    if EDIFACTFormat.read(local.bytes).envelope.asksForAnswer {
      operations += handOver(.contrl, of: local.message, clearance: local.message.clearance, payloadKind: .contrl, at: now)
    }
    return operations
  }

  /// The sender's document is refused: every problem is kept for the sender, their codes go on the ledger.
  private func refuse(_ local: LocalDocument, _ problems: [Problem]) async throws(CausewayError) {
    let now = clock.now()
    let message = local.message
    let source = local.profile?.versioned
    var stored: JSONObject = ["outcome": "refused", "by": .string(economy), "reasons": .array(problems.map(Self.json))]
    stored["profile"] = source.map { .string(Self.name($0)) }
    _ = try await journal.commit(
      Change(
        preconditions: [.message(message.id, in: [MessageState.received.rawValue])],
        operations: [
          .setMessageState(message.id, MessageState.refused.rawValue, reason: problems[0].code, at: now),
          .replacePayload(payload(.problems, of: message.id, .object(stored), at: now)),
        ] + syntaxAnswer(to: local, at: now),
        entries: [
          EntryDraft(
            kind: "\(message.kind).refused", corridor: message.corridor, messageID: message.id, payloadDigest: local.source.digest,
            actor: economy, versions: source.map { ["source": Self.name($0)] } ?? [:],
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
