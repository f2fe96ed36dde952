import Exchange
package import JSONTree
import Journal
import Ledger
package import Primitives
import Trust

// What people and single windows see. Views read one snapshot of the journal and never write.
extension GatewayNode {
  /// The latest clearances, newest first; at most 200.
  package func clearances() async throws(CausewayError) -> JSONValue {
    let records = try await journal.read { reader throws(CausewayError) in try reader.clearances(ClearanceQuery(limit: 200)) }
    let shown = try records.map { record throws(CausewayError) in try Self.shown(record) }
    return ["clearances": .array(shown)]
  }

  /// One clearance with its messages.
  ///
  /// - Parameters:
  ///   - seen: number of milestones the caller knows; with `waitSeconds` it answers as soon as there are more.
  /// - Throws: `receive.not_found`.
  package func clearance(_ id: String, waitSeconds: Int, seen: Int?) async throws(CausewayError) -> JSONValue {
    let deadline = ContinuousClock.now + .seconds(waitSeconds)
    while true {
      let rung = bell.rung()
      let (record, messages) = try await journal.read { reader throws(CausewayError) in
        (try reader.clearance(id), try reader.messages(MessageQuery(clearance: id, limit: 1000, withDetails: false)))
      }
      guard record != nil || !messages.isEmpty else { throw CausewayError("receive.not_found") }
      if let record, record.erasure != nil {
        var view = try Self.shown(record).object ?? [:]
        view["messages"] = .array(messages.map(Self.summary))
        return .object(view)
      }
      let clearance = try record.map { record throws(CausewayError) in try Clearance(record) }
      let isNew = clearance.map { $0.timeline.count > (seen ?? -1) } ?? (seen == nil)
      if isNew || ContinuousClock.now >= deadline || Task.isCancelled {
        var view = clearance?.shown.object ?? ["id": .string(id), "outcome": "not_declared"]
        view["messages"] = .array(messages.map(Self.summary))
        return .object(view)
      }
      await bell.wait(after: rung, atMost: min(deadline - ContinuousClock.now, .seconds(5)))
    }
  }

  /// One message: how far it has come, what was wrong with it, and what the partner signed.
  ///
  /// With `waitSeconds` it answers when the message has left the state `received`.
  /// - Throws: `receive.not_found`.
  package func message(_ text: String, waitSeconds: Int) async throws(CausewayError) -> JSONValue {
    guard let id = MessageID(text) else { throw CausewayError("receive.not_found") }
    let deadline = ContinuousClock.now + .seconds(waitSeconds)
    while true {
      let rung = bell.rung()
      let (message, problems, documents, indices, erasure, delivery) = try await journal.read { reader throws(CausewayError) in
        (
          try reader.message(id), try reader.payload(owner: id.text, kind: PayloadKind.problems.rawValue),
          try reader.payloads(owner: id.text),
          try reader.entryIndices(message: id),
          try reader.erasure(ofMessage: id), try self.delivery(of: id, reader)
        )
      }
      guard let message else { throw CausewayError("receive.not_found") }
      if message.state != MessageState.received.rawValue || ContinuousClock.now >= deadline || Task.isCancelled {
        var view = Self.summary(message).object ?? [:]
        view["problems"] = try problems.map { payload throws(CausewayError) in try JSONValue.parse(payload.bytes) } ?? .null
        view["documents"] = .array(documents.filter { PayloadKind(rawValue: $0.kind)?.isDocument == true }.map { .string($0.kind) })
        view["ledgerIndices"] = .array(indices.map { .number(JSONNumber($0)) })
        view["versions"] = .object(
          JSONObject(message.versions.sorted { ByteString($0.key) < ByteString($1.key) }.map { ($0.key, .string($0.value)) }))
        view["erasure"] = erasure.map(Self.json)
        view["delivery"] = delivery.map(Self.json)
        // The chain from what failed to what stands in its place.
        let details = message.details.isEmpty ? JSONValue.null : try JSONValue.parse(message.details)
        for name in ["replays", "replayedBy"] { view[name] = details[name] }
        view["receipt"] = message.receipt.map { .string(String(decoding: $0, as: UTF8.self)) } ?? .null
        return .object(view)
      }
      await bell.wait(after: rung, atMost: min(deadline - ContinuousClock.now, .seconds(5)))
    }
  }

  /// A clearance as it is shown; of one whose data has been erased, what is left.
  private static func shown(_ record: ClearanceRecord) throws(CausewayError) -> JSONValue {
    guard let erasure = record.erasure else { return try Clearance(record).shown }
    return [
      "id": .string(record.id), "corridor": .string(record.corridor), "ownSide": .string(record.side), "outcome": .string(record.status),
      "erasure": json(erasure),
    ]
  }

  /// A stored document of a message, byte for byte.
  ///
  /// - Throws: `receive.not_found`, `clearance.erased`.
  package func document(of text: String, kind: String) async throws(CausewayError) -> (bytes: [UInt8], mediaType: String) {
    guard let id = MessageID(text), PayloadKind(rawValue: kind)?.isDocument == true else { throw CausewayError("receive.not_found") }
    let (payload, erasure) = try await journal.read { reader throws(CausewayError) in
      (try reader.payload(owner: id.text, kind: kind), try reader.erasure(ofMessage: id))
    }
    if let erasure { throw CausewayError(erasure.problem) }
    guard let payload else { throw CausewayError("receive.not_found") }
    return (payload.bytes, payload.mediaType)
  }

  /// Whether the parts work: for load balancers and operators.
  package func health() async -> JSONValue {
    let fault = await journal.fault
    let alarms = try? await journal.read { reader throws(CausewayError) in try reader.fraudProofs(origin: nil).count }
    var health: JSONObject = [
      "status": .string(fault == nil ? "ok" : "faulted"), "economy": .string(economy),
      "journal": .string(fault == nil ? "writing" : "faulted"), "ledgerAlarms": alarms.map { .number(JSONNumber($0)) } ?? .null,
    ]
    health["timestamps"] = try? await timestampHealth()
    if let fault { health["fault"] = .string(fault.code.rawValue) }
    // A partner that is out of reach is no reason to take this gateway out of service.
    let now = clock.now()
    health["partners"] = .object(
      JSONObject(
        partnerIDs.map { partner in
          let isOpen = registry.participant(partner)?.isOpen(at: now) ?? true
          let circuit = circuits[partner]
          let word = circuit.isClosed ? "reachable" : circuit.isAskedToWait ? "asks_to_wait" : "unreachable"
          return (partner, .string(isOpen ? word : "closed"))
        }))
    return .object(health)
  }

  /// Counters and gauges, Prometheus text.
  package func metricsText() async -> String {
    let waiting = try? await journal.read { reader throws(CausewayError) in
      var (waiting, dead) = (0, 0)
      for partner in partnerIDs {
        waiting += try reader.deliveryCount(channel: Self.channel(to: partner), dead: false)
        dead += try reader.deliveryCount(channel: Self.channel(to: partner), dead: true)
      }
      return (waiting, dead, try reader.ledgerHead().size)
    }
    let unstamped = try? await timestampWait()
    return metrics.text(
      gauges: (waiting.map {
        [
          ("gateway_outbox_waiting", $0.0), ("gateway_outbox_dead", $0.1), ("gateway_ledger_entries", $0.2),
          ("gateway_partners_unreachable", partnerIDs.count { !circuits[$0].isClosed && !circuits[$0].isAskedToWait }),
          ("gateway_partners_asking_to_wait", partnerIDs.count { circuits[$0].isAskedToWait }),
        ]
      } ?? []) + (unstamped.map { [("gateway_timestamp_wait_seconds", $0)] } ?? []))
  }

  private static func summary(_ message: MessageRecord) -> JSONValue {
    [
      "messageId": .string(message.id.text),
      "direction": .string(message.direction == .inbound ? "inbound" : "outbound"),
      "clearanceId": .string(message.clearance),
      "kind": .string(message.kind),
      "corridor": .string(message.corridor),
      "partner": .string(message.partner),
      "state": .string(message.state),
      "reason": message.reason.map { .string($0.rawValue) } ?? .null,
      "payloadSha256": message.payloadDigest.map { .string($0.hex) } ?? .null,
      "created": .string(message.created.rfc3339),
      "updated": .string(message.updated.rfc3339),
    ]
  }

  private func delivery(of id: MessageID, _ reader: any JournalReader) throws(CausewayError) -> OutboxRecord? {
    guard let message = try reader.message(id), message.direction == .outbound else { return nil }
    return try reader.delivery(channel: Self.channel(to: message.partner), messageID: id)
  }

  private static func json(_ delivery: OutboxRecord) -> JSONValue {
    [
      "attempts": .number(JSONNumber(delivery.attempts)), "due": .string(delivery.due.rfc3339), "givenUp": .bool(delivery.isDead),
      "lastError": delivery.lastError.map { .string($0.rawValue) } ?? .null,
    ]
  }

  /// A problem as it is stored with a message: without texts, which belong to whoever shows it.
  static func json(_ problem: Problem) -> JSONValue {
    var object: JSONObject = ["code": .string(problem.code.rawValue), "severity": .string(problem.severity.rawValue)]
    object["pointer"] = problem.pointer.map(JSONValue.string)
    object["line"] = problem.line.map { .number(JSONNumber($0)) }
    object["element"] = problem.element.map(JSONValue.string)
    if !problem.facts.isEmpty {
      object["facts"] = .object(
        JSONObject(problem.facts.sorted { ByteString($0.key) < ByteString($1.key) }.map { ($0.key, .string($0.value)) }))
    }
    return .object(object)
  }
}

extension JournalReader {
  /// That the data of a message's clearance has been erased; nil: it has not, or there is no such message.
  func erasure(ofMessage id: MessageID) throws(CausewayError) -> Erasure? {
    guard let message = try message(id) else { return nil }
    return try dataKey(message.clearance)?.erasure
  }
}
