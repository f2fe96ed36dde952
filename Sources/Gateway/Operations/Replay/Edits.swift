package import JSONTree
import Journal
import Ledger
package import Primitives
import Translation
import Trust

// A failed document is changed by two people: one proposes, another approves, and then it is replayed. The document as it was handed in stays.
extension GatewayNode {
  /// Proposes another document in place of the one that a failed message begins with. A later proposal takes the place of an earlier one.
  ///
  /// - Parameters:
  ///   - document: in the profile of the first one.
  ///   - reason: 1 to 200 printable ASCII characters: it stands on the ledger, so it names a case and no business data.
  /// - Returns: what `schemas/edit.schema.json` describes.
  /// - Throws: `receive.not_found`, `receive.empty`, `edit.form`, `edit.unchanged`; why the message cannot begin anew: `replay.*`,
  ///   `clearance.erased`; `journal.*`.
  package func proposeEdit(
    of text: String, _ document: [UInt8], reason: String, by principal: Principal
  ) async throws(CausewayError) -> JSONValue {
    guard (1...200).contains(reason.utf8.count), reason.utf8.allSatisfy({ (0x20..<0x7F).contains($0) }) else {
      throw CausewayError("edit.form")
    }
    guard !document.isEmpty else { throw CausewayError("receive.empty") }
    let (subject, original) = try await editable(text)
    let current = original.edited ?? original.source
    let digest = SHA256.hash(document)
    guard digest != current.digest else { throw CausewayError("edit.unchanged") }
    var message = subject.message
    let now = clock.now()
    let edit = Edit(actor: principal.name, reason: reason, time: now, digest: digest, original: current.digest)
    message.details = try Self.details(message, ["edit": edit.json])
    let outcome = try await journal.commit(
      Change(
        operations: [
          .putMessage(message, expecting: .revision(message.revision)),
          .replacePayload(payload(.proposed, of: message.id, mediaType: current.mediaType, document, at: now)),
        ],
        entries: [entry("edit.proposed", edit, of: message, actor: principal.name)]))
    guard outcome.committed != nil else { throw CausewayError("journal.conflict") }
    return try await self.edit(of: text)
  }

  /// The proposal that waits, with the places at which it differs and what would come of it.
  ///
  /// - Throws: `receive.not_found`, `edit.none`; as ``proposeEdit(of:_:reason:by:)``.
  package func edit(of text: String) async throws(CausewayError) -> JSONValue {
    let (subject, original) = try await editable(text)
    let (edit, proposed) = try await proposal(of: subject.message)
    let action = subject.action(at: clock.now())
    var view = edit.json.object ?? [:]
    view["messageId"] = .string(subject.message.id.text)
    view["action"] = .string(action.word)
    let name = try JSONValue.parse(subject.message.details)["profile"]?.string ?? ""
    let current = original.edited ?? original.source
    view["difference"] = profiles[name, for: current.bytes].map { difference(from: current.bytes, to: proposed.bytes, as: $0) } ?? .null
    view["translation"] = try await translationPreview(subject.message, action, edited: proposed.bytes).map(JSONValue.object) ?? .null
    return .object(view)
  }

  /// Approves a proposal and replays the message with it, in one transaction.
  ///
  /// - Parameter body: JSON `{"sha256"}`: the digest of the proposal that was looked at.
  /// - Returns: `{"messageId", "action", "replacedBy"}`.
  /// - Throws: `receive.not_found`, `parse.json_*`, `edit.none`, `edit.other_document`, `edit.own`; as ``proposeEdit(of:_:reason:by:)``.
  package func approveEdit(of text: String, _ body: [UInt8], by principal: Principal) async throws(CausewayError) -> JSONValue {
    var fields = JSONFields(try JSONValue.parse(body))
    let digest = fields.string("sha256", "64 hexadecimal digits") { Digest(hex: $0) }
    let problems = fields.finish()
    guard problems.isEmpty, let digest else { throw CausewayError(problems: problems) }
    var (subject, original) = try await editable(text)
    let (edit, proposed) = try await proposal(of: subject.message)
    guard digest == edit.digest, digest == proposed.digest else { throw CausewayError("edit.other_document") }
    guard !edit.actor.hasSameBytes(as: principal.name) else { throw CausewayError("edit.own") }
    let now = clock.now()
    let id = subject.message.id
    let action = subject.action(at: now)
    let edited = payload(.edited, of: id, mediaType: proposed.mediaType, proposed.bytes, at: now)
    var approved = edit.json.object ?? [:]
    approved["approvedBy"] = .string(principal.name)
    var message = subject.message
    message.details = try Self.details(message, ["edited": .object(approved)], without: "edit")
    subject.message = message
    original.edited = edited
    var change = try change(
      replaying: subject, action, document: original, by: ReplayOrder(id: "edit.\(digest.hex)", actor: principal.name), at: now)
    change.operations += [.replacePayload(edited), .erasePayload(owner: id.text, kind: PayloadKind.proposed.rawValue)]
    change.entries.insert(
      entry("edit.approved", edit, of: message, actor: principal.name, differing: difference(original.source, proposed, message)), at: 0)
    guard try await journal.commit(change).committed != nil else { throw CausewayError("journal.conflict") }
    bell.ring()
    var view: JSONObject = ["messageId": .string(id.text), "action": .string(action.word)]
    view["replacedBy"] = change.entries.compactMap { $0.extra["replacedBy"] }.first
    return .object(view)
  }

  /// A message that begins anew at its document when it is replayed, and that document.
  private func editable(_ text: String) async throws(CausewayError) -> (ReplaySubject, ReplayDocument) {
    guard let id = MessageID(text) else { throw CausewayError("receive.not_found") }
    let found = try await journal.read { reader throws(CausewayError) -> (ReplaySubject, ReplayDocument?)? in
      guard let message = try reader.message(id) else { return nil }
      let subject = try replaySubject(message, reader)
      return (subject, subject.isErased ? nil : try Self.replayDocument(of: id, reader))
    }
    guard let (subject, document) = found else { throw CausewayError("receive.not_found") }
    switch subject.action(at: clock.now()) {
    case .nothing(let code): throw CausewayError(code)
    case .deliver, .ask: throw CausewayError("replay.may_have_effect")
    case .translate, .anew: break
    }
    guard let document else { throw CausewayError("replay.no_document") }
    return (subject, document)
  }

  private func proposal(of message: MessageRecord) async throws(CausewayError) -> (Edit, PayloadRecord) {
    let proposed = try await journal.read { reader throws(CausewayError) in
      try reader.payload(owner: message.id.text, kind: PayloadKind.proposed.rawValue)
    }
    guard let edit = Edit(try JSONValue.parse(message.details)["edit"]), let proposed else { throw CausewayError("edit.none") }
    return (edit, proposed)
  }

  /// Of the document as it was handed in.
  private func difference(_ original: PayloadRecord, _ proposed: PayloadRecord, _ message: MessageRecord) -> JSONValue {
    let name = (try? JSONValue.parse(message.details))?["profile"]?.string ?? ""
    return profiles[name, for: original.bytes].map { difference(from: original.bytes, to: proposed.bytes, as: $0) } ?? .null
  }

  /// Digests, counts and names; no values.
  private func entry(
    _ kind: String, _ edit: Edit, of message: MessageRecord, actor: String, differing difference: JSONValue? = nil
  ) -> EntryDraft {
    var extra: JSONObject = ["original": .string(edit.original.hex), "reason": .string(edit.reason), "proposedBy": .string(edit.actor)]
    if let difference {
      extra["differences"] = difference["count"]
      extra["difference"] = .string(SHA256.hash(difference.serialized()).hex)
    }
    return EntryDraft(
      kind: kind, corridor: message.corridor, messageID: message.id, payloadDigest: edit.digest, actor: actor, extra: extra)
  }
}

/// A proposal as it stands in the details of its message.
private struct Edit: Sendable {
  let actor: String
  let reason: String
  let time: Instant
  /// SHA-256 of the proposed document, and of the one that it would take the place of.
  let digest: Digest
  let original: Digest

  init(actor: String, reason: String, time: Instant, digest: Digest, original: Digest) {
    self.actor = actor
    self.reason = reason
    self.time = time
    self.digest = digest
    self.original = original
  }

  init?(_ value: JSONValue?) {
    guard let actor = value?["by"]?.string, let reason = value?["reason"]?.string,
      let time = value?["time"]?.string.flatMap(Instant.init(rfc3339:)),
      let digest = value?["sha256"]?.string.flatMap(Digest.init(hex:)),
      let original = value?["originalSha256"]?.string.flatMap(Digest.init(hex:))
    else { return nil }
    self.init(actor: actor, reason: reason, time: time, digest: digest, original: original)
  }

  var json: JSONValue {
    [
      "by": .string(actor), "reason": .string(reason), "time": .string(time.rfc3339), "sha256": .string(digest.hex),
      "originalSha256": .string(original.hex),
    ]
  }
}
