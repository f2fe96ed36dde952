package import JSONTree
import Journal
import Ledger
import Logging
package import Primitives
import Trust

/// Why the data of a clearance is erased. The raw values stand on the ledger.
package enum ErasureGround: String, Sendable, CaseIterable {
  /// Whoever the data is about has asked for it.
  case subjectRequest = "subject_request"
  /// A court or authority has ordered it. Does not wait for the clearance to end.
  case courtOrder = "court_order"
  /// A rule of the configuration says that it is time. Only the gateway itself gives this one.
  case retentionExpired = "retention_expired"

  /// What a caller may give.
  package static let callers: [ErasureGround] = [.subjectRequest, .courtOrder]

  var waitsForEnd: Bool { self != .courtOrder }
}

// Erasing is destroying the key of a clearance (docs/data-protection.md). What stays is what proves: headers, signatures, receipts, the ledger.
extension GatewayNode {
  /// What is known of a clearance before its data is erased.
  private struct Erasable: Sendable {
    let key: DataKeyRecord
    /// nil: a document of which no clearance came.
    let record: ClearanceRecord?
    let messages: [MessageRecord]
    let payloads: Int

    /// Messages that something is still to come of.
    var open: [MessageRecord] {
      let states: [MessageState] = [.received, .sealed, .recorded]
      return messages.filter { message in states.contains { message.state == $0.rawValue } }
    }

    var hasEnded: Bool { open.isEmpty && record.map { $0.status != Clearance.Outcome.inProgress.rawValue } ?? true }
  }

  /// Erases the data of a clearance, for good: payloads, state with salt and reference, and the key under which copies of them are sealed. Records
  /// `data.erased` in the same transaction. Once is enough: asked again, it says what was done.
  ///
  /// - Parameter body: JSON `{"ground"}`, one of ``ErasureGround/callers``.
  /// - Throws: `receive.not_found`; `clearance.held`; `clearance.not_ended` unless the ground does not wait; `journal.*`.
  package func erase(_ body: [UInt8], of id: String, by principal: Principal) async throws(CausewayError) -> JSONValue {
    var fields = JSONFields(try JSONValue.parse(body))
    let ground = fields.string("ground", ErasureGround.callers.map(\.rawValue).joined(separator: "|")) { text in
      ErasureGround.callers.first { $0.rawValue.hasSameBytes(as: text) }
    }
    let problems = fields.finish()
    guard problems.isEmpty, let ground else { throw CausewayError(problems: problems) }
    let (erasure, isNew) = try await erase(id, on: ground, rule: nil, by: principal.name)
    await scrub()
    var view = Self.json(erasure).object ?? [:]
    view["clearanceId"] = .string(id)
    view["repeated"] = .bool(!isNew)
    return .object(view)
  }

  /// As ``erase(_:of:by:)``, without clearing the files of the journal after it.
  func erase(
    _ id: String, on ground: ErasureGround, rule: String?, by actor: String
  ) async throws(CausewayError) -> (Erasure, isNew: Bool) {
    for _ in 0..<Self.mostRounds {
      let found = try await erasable(id)
      if let erasure = found.key.erasure { return (erasure, false) }
      if found.key.hold != nil { throw CausewayError("clearance.held") }
      guard found.hasEnded || !ground.waitsForEnd else { throw CausewayError("clearance.not_ended") }
      let now = clock.now()
      let erasure = Erasure(time: now, ground: ground.rawValue, rule: rule)
      let subject = try found.record.flatMap { record throws(CausewayError) in Digest(hex: try Clearance(record).commitment) }
      var extra: JSONObject = [
        "clearance": .string(id), "ground": .string(ground.rawValue), "messages": .number(JSONNumber(found.messages.count)),
        "payloads": .number(JSONNumber(found.payloads)),
      ]
      extra["rule"] = rule.map(JSONValue.string)
      let operations = found.open.map {
        Change.Operation.setMessageState($0.id, MessageState.dead.rawValue, reason: "clearance.erased", at: now)
      }
      let outcome = try await journal.commit(
        Change(
          preconditions: [.clearance(id, revision: found.record?.revision ?? 0)],
          operations: operations + [
            .eraseData(of: id, erasure, payloads: found.payloads),
            .setValue(Self.scrubOwed, Array(SecureRandom.messageID(at: now).text.utf8)),
          ],
          entries: [
            EntryDraft(
              kind: "data.erased", corridor: found.record?.corridor ?? found.messages.first?.corridor, subject: subject, actor: actor,
              extra: extra)
          ]))
      switch outcome {
      case .committed:
        logger.notice("data erased", metadata: ["gw.clearance": "\(id)", "gw.ground": "\(ground.rawValue)"])
        metrics.count("gateway_erasures_total", [("ground", ground.rawValue)])
        bell.ring()
        return (erasure, true)
      // Somebody was faster: held, erased, or written to.
      case .conflict: continue
      }
    }
    throw CausewayError("journal.contended")
  }

  private func erasable(_ id: String) async throws(CausewayError) -> Erasable {
    let found = try await journal.read { reader throws(CausewayError) -> Erasable? in
      guard let key = try reader.dataKey(id) else { return nil }
      var messages: [MessageRecord] = []
      while true {
        let page = try reader.messages(MessageQuery(clearance: id, after: messages.last?.position, limit: 1000, withDetails: false))
        if page.isEmpty { break }
        messages += page
      }
      return Erasable(
        key: key, record: try reader.clearance(id), messages: messages, payloads: try reader.payloadCount(clearance: id))
    }
    guard let found else { throw CausewayError("receive.not_found") }
    return found
  }

  /// Set from the erasure of a key until the journal's files have been cleared of it.
  static let scrubOwed = "erasure.scrub_owed"

  /// Clears the journal's files of erased keys, when there are any. While somebody reads an older state it cannot be done; it is owed then, and
  /// tried again by the worker.
  ///
  /// - Returns: whether nothing is owed any more.
  @discardableResult
  func scrub() async -> Bool {
    do throws(CausewayError) {
      let owed = try await journal.read { reader throws(CausewayError) in try reader.value(Self.scrubOwed) }
      guard let owed else { return true }
      try await journal.scrub()
      // What was erased in the meantime owes its own.
      _ = try await journal.commit(
        Change(finish: { _, reader throws(CausewayError) in
          let isSame = try reader.value(Self.scrubOwed) == owed
          return Change.Finish(operations: isSame ? [.setValue(Self.scrubOwed, nil)] : [])
        }))
      return true
    } catch {
      logger.warning("erased keys are still in the journal's files", metadata: ["gw.code": "\(error.code)"])
      metrics.count("gateway_scrub_failures_total", [("code", error.code.rawValue)])
      return false
    }
  }

  /// What is shown of an erasure.
  static func json(_ erasure: Erasure) -> JSONValue {
    var object: JSONObject = ["erased": .string(erasure.time.rfc3339), "ground": .string(erasure.ground)]
    object["rule"] = erasure.rule.map(JSONValue.string)
    return .object(object)
  }
}

extension Clearance {
  /// The clearance of a row.
  ///
  /// - Throws: `clearance.erased`; `clearance.unreadable`, `parse.json_*`.
  init(_ record: ClearanceRecord) throws(CausewayError) {
    if let erasure = record.erasure { throw CausewayError(erasure.problem) }
    try self.init(json: try JSONValue.parse(record.state))
  }
}

extension Erasure {
  /// What whoever asks for the data is told.
  var problem: Problem { Problem("clearance.erased", facts: ["time": time.rfc3339, "ground": ground]) }
}
