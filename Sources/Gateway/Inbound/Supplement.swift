import Exchange
package import JSONTree
import Journal
import Ledger
package import Primitives
import Translation
import Trust

// What the destination's side adds: facts that the declaration did not hold.
extension GatewayNode {
  /// What is missing in the local draft of a clearance, in the local format's own terms.
  ///
  /// - Throws: `receive.not_found` when there is no draft.
  package func supplement(of id: String) async throws(CausewayError) -> JSONValue {
    let (message, request, _) = try await localDraft(of: id)
    var view = try JSONValue.parse(request.bytes).object ?? [:]
    view["clearanceId"] = .string(id)
    view["messageId"] = .string(message.id.text)
    return .object(view)
  }

  /// Completes the local draft with the answers and hands it over to be lodged. All or nothing.
  ///
  /// - Parameter body: JSON `{"items": [{"path", "value"}]}`, paths as in the request.
  /// - Throws: a problem for each answer that is wrong and each item that is still missing, with its path; `clearance.*`.
  package func answerSupplement(of id: String, with body: [UInt8], by principal: Principal) async throws(CausewayError) -> JSONValue {
    let answers = try Self.answers(body)
    let (message, request, local) = try await localDraft(of: id)
    guard let profile = try profiles[SupplementRequest(json: JSONValue.parse(request.bytes)).profile] else {
      throw CausewayError("receive.not_found")
    }
    let translator = Translator(profiles)
    let day = clock.now().day
    let supplied = try translator.supply(answers, to: try translator.parse(local.bytes, as: profile), profile: profile, on: day)
    let open =
      supplied.remaining.items.map { Problem("receive.supplement_incomplete", pointer: $0.path, element: $0.element) }
      + supplied.problems.filter { $0.severity == .error }
    guard open.isEmpty else { throw CausewayError(problems: open) }
    let completed = supplied.bytes
    let report = try await report(of: message, with: answers, asked: request)
    let revision = try EnvelopeHeader.parse(message.header).revision ?? 1
    try await update(clearance: id) { clearance, now throws(CausewayError) in
      guard let side = clearance.import else { throw CausewayError("receive.not_found") }
      // Amended since the caller looked: the answers belong to another draft.
      guard revision == side.revision else {
        throw CausewayError("clearance.illegal_revision", facts: ["expected": String(side.revision), "found": String(revision)])
      }
      if let problem = clearance.problem(withReporting: .lodged) { throw CausewayError(problem) }
      if let problem = clearance.apply(.status(.lodged, registrationID: nil), on: .import, at: now) { throw CausewayError(problem) }
      let status = StatusMessage(clearanceID: id, side: .import, revision: side.revision, status: .lodged, effective: now)
      let outgoing = try statusOutgoing(status, in: clearance, inReplyTo: message.id, at: now)
      var change = ClearanceChange(outgoing: [outgoing])
      change.operations = [
        .replacePayload(payload(.local, of: message.id, mediaType: profile.mediaType, completed, at: now)),
        .replacePayload(payload(.report, of: message.id, report, at: now)),
      ]
      change.operations += handOver(.lodgement, of: message, clearance: clearance.id, payloadKind: .local, at: now)
      change.entries = [
        EntryDraft(
          kind: "supplement.answered", corridor: clearance.corridor, messageID: message.id, payloadDigest: SHA256.hash(completed),
          actor: principal.name, extra: ["items": .number(JSONNumber(answers.count))])
      ]
      return change
    }
    probe(.supplementAnswered)
    return try await clearance(id, waitSeconds: 0, seen: nil)
  }

  /// The draft's translation report with where the supplied values came from, so that every element of the complete document has its
  /// provenance.
  private func report(
    of message: MessageRecord, with answers: [SupplementAnswer], asked request: PayloadRecord
  ) async throws(CausewayError) -> JSONValue {
    let stored = try await journal.read { reader throws(CausewayError) in
      try reader.payload(owner: message.id.text, kind: PayloadKind.report.rawValue)
    }
    guard let stored else { throw CausewayError("journal.not_found", facts: ["what": "report"]) }
    let items = try SupplementRequest(json: try JSONValue.parse(request.bytes)).items
    return try Self.report(
      stored.bytes,
      supplementedAt: answers.map { answer in
        (path: answer.path, element: items.first { ByteString($0.path) == ByteString(answer.path) }?.element)
      })
  }

  /// A draft's report with an entry for each value that was supplied.
  static func report(_ bytes: [UInt8], supplementedAt places: [(path: String, element: String?)]) throws(CausewayError) -> JSONValue {
    var report = try JSONValue.parse(bytes).object ?? [:]
    let supplied = places.map { place -> JSONValue in
      var entry: JSONObject = ["action": .string(Action.supplemented.rawValue), "target": .string(place.path)]
      entry["element"] = place.element.map(JSONValue.string)
      return .object(entry)
    }
    report["entries"] = .array((report["entries"]?.array ?? []) + supplied)
    return .object(report)
  }

  private static func answers(_ body: [UInt8]) throws(CausewayError) -> [SupplementAnswer] {
    var fields = JSONFields(try JSONValue.parse(body))
    let answers = fields.list("items") { item -> SupplementAnswer? in
      let (path, value) = (item.string("path"), item.string("value"))
      return path.flatMap { path in value.map { SupplementAnswer(path: path, value: $0) } }
    }
    let problems = fields.finish()
    guard problems.isEmpty, let answers else { throw CausewayError(problems: problems) }
    return answers
  }

  /// The message with the latest draft, its supplement request and its local document.
  private func localDraft(of id: String) async throws(CausewayError) -> (MessageRecord, PayloadRecord, PayloadRecord) {
    let found = try await journal.read { reader throws(CausewayError) -> (MessageRecord, PayloadRecord, PayloadRecord)? in
      if let erasure = try reader.dataKey(id)?.erasure { throw CausewayError(erasure.problem) }
      let messages = try reader.messages(
        MessageQuery(
          direction: .inbound, clearance: id, states: [MessageState.handled.rawValue], newestFirst: true, limit: 1000,
          withDetails: false))
      for message in messages {
        if let request = try reader.payload(owner: message.id.text, kind: PayloadKind.supplement.rawValue),
          let local = try reader.payload(owner: message.id.text, kind: PayloadKind.local.rawValue)
        {
          return (message, request, local)
        }
      }
      return nil
    }
    guard let found else { throw CausewayError("receive.not_found") }
    return found
  }
}
