import Exchange
import JSONTree
import Journal
import Logging
import Primitives
import Trust

extension GatewayNode {
  /// The ids of all other participants, in the registry's order.
  var partnerIDs: [String] { registry.content.participants.map(\.id).filter { ByteString($0) != ByteString(economy) } }

  /// Step 9: sends what is due to one partner, the oldest of each clearance first, several clearances at a time.
  ///
  /// - Returns: how many deliveries were tried.
  /// - Throws: `journal.*` when it could not be written down what became of a delivery: trying on at once would flood the partner.
  func deliverDue(to partner: String, limit: Int = 16) async throws(CausewayError) -> Int {
    let now = clock.now()
    let due = try await journal.read { reader throws(CausewayError) in
      try reader.dueDeliveries(channel: Self.channel(to: partner), at: now, limit: limit)
    }
    let failures = await withTaskGroup(of: CausewayError?.self) { group -> [CausewayError] in
      for delivery in due { group.addTask { await deliver(delivery) } }
      var failures: [CausewayError] = []
      for await failure in group { if let failure { failures.append(failure) } }
      return failures
    }
    if let first = failures.first { throw first }
    return due.count
  }

  /// One attempt. What goes wrong is written down with the delivery; nothing is thrown away.
  ///
  /// - Returns: why it could not be written down.
  private func deliver(_ delivery: OutboxRecord) async -> CausewayError? {
    do throws(CausewayError) {
      let (message, envelope) = try await sealedEnvelope(of: delivery)
      try await checkExpiry(of: envelope, message)
      guard let partner = registry.participant(delivery.destination) else { throw CausewayError("deliver.partner_unknown") }
      let answer = try await partners.send(envelope, to: partner)
      probe(.outboundDelivered)
      let receipt = try VerifiedReceipt.verify(answer, for: SentEnvelope(envelope), registry: registry, at: clock.now())
      try await settle(delivery, message, receipt)
      probe(.outboundReceipted)
      return nil
    } catch {
      return await postpone(delivery, error)
    }
  }

  private func sealedEnvelope(of delivery: OutboxRecord) async throws(CausewayError) -> (MessageRecord, SealedEnvelope) {
    let (message, wire, record, fields) = try await journal.read { reader throws(CausewayError) in
      (
        try reader.message(delivery.messageID), try reader.payload(owner: delivery.messageID.text, kind: PayloadKind.wire.rawValue),
        try reader.clearance(delivery.orderKey), try reader.payload(owner: delivery.messageID.text, kind: PayloadKind.fields.rawValue)
      )
    }
    guard let message, let wire, let record else { throw CausewayError("deliver.incomplete") }
    let clearance = try Clearance(record)
    guard !clearance.isTurnedAway else { throw CausewayError("clearance.turned_away") }
    guard let salt = Hex.decode(clearance.salt).flatMap(UCRCommitment.Salt.init) else { throw CausewayError("deliver.incomplete") }
    let envelope = try SealedEnvelope.restore(
      headerBytes: message.header, signature: String(decoding: message.signature, as: UTF8.self), salt: salt,
      fieldsSecret: fields.flatMap { HMACKey($0.bytes) }, payload: wire.bytes)
    return (message, envelope)
  }

  /// Again later: exponential backoff with jitter, so that a partner that comes back is not met by everything at once.
  private func postpone(_ delivery: OutboxRecord, _ error: CausewayError) async -> CausewayError? {
    let settings = configuration.delivery
    var next = delivery
    next.attempts += 1
    next.lastError = error.code
    // What cannot be put together again as it was sealed, its secret or its payload being gone, never will be.
    let isHopeless = [
      "deliver.expired", "deliver.incomplete", "deliver.partner_unknown", "clearance.turned_away", "seal.payload_mismatch",
    ].contains(error.code)
    next.isDead = isHopeless || next.attempts >= settings.attempts
    let ceiling = min(settings.longestRetrySeconds, settings.firstRetrySeconds << min(delivery.attempts, 20)) * 1000
    next.due = clock.now().adding(milliseconds: Int64(Int.random(in: ceiling / 2...ceiling)))
    logger.warning(
      "delivery failed",
      metadata: [
        "gw.message_id": "\(delivery.messageID)", "gw.partner": "\(delivery.destination)", "gw.code": "\(error.code)",
        "gw.attempt": "\(next.attempts)",
      ])
    metrics.count("gateway_delivery_failures_total", [("code", error.code.rawValue)])
    var operations: [Change.Operation] = [.reschedule(next)]
    if next.isDead {
      operations.append(.setMessageState(delivery.messageID, MessageState.dead.rawValue, reason: error.code, at: clock.now()))
    }
    do throws(CausewayError) {
      _ = try await journal.commit(
        Change(preconditions: [.delivery(delivery.id, attempts: delivery.attempts)], operations: operations))
      if next.isDead { bell.ring() }
      return nil
    } catch {
      logger.error("delivery could not be postponed", metadata: ["gw.code": "\(error.code)"])
      return error
    }
  }
}
