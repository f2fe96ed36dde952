import Exchange
import JSONTree
import Journal
import Logging
import Primitives
import Trust

extension GatewayNode {
  /// Step 9: sends what is due, the oldest of each clearance first, several partners and clearances at a time.
  ///
  /// - Returns: how many deliveries were tried.
  func deliverDue(limit: Int = 16) async throws(CausewayError) -> Int {
    let now = clock.now()
    let due = try await journal.read { reader throws(CausewayError) in
      try reader.dueDeliveries(channel: Self.partnerChannel, at: now, limit: limit)
    }
    await withTaskGroup(of: Void.self) { group in
      for delivery in due { group.addTask { await deliver(delivery) } }
    }
    return due.count
  }

  /// One attempt. What goes wrong is written down with the delivery; nothing is thrown away.
  private func deliver(_ delivery: OutboxRecord) async {
    do throws(CausewayError) {
      let (message, envelope) = try await sealedEnvelope(of: delivery)
      guard clock.now() < envelope.header.expires else { throw CausewayError("deliver.expired") }
      guard let partner = registry.participant(delivery.destination) else { throw CausewayError("deliver.partner_unknown") }
      let answer = try await partners.send(envelope, to: partner)
      probe(.outboundDelivered)
      let receipt = try VerifiedReceipt.verify(answer, for: SentEnvelope(envelope), registry: registry, at: clock.now())
      try await settle(delivery, message, receipt)
      probe(.outboundReceipted)
    } catch {
      await postpone(delivery, error)
    }
  }

  private func sealedEnvelope(of delivery: OutboxRecord) async throws(CausewayError) -> (MessageRecord, SealedEnvelope) {
    let (message, wire, clearance) = try await journal.read { reader throws(CausewayError) in
      (
        try reader.message(delivery.messageID), try reader.payload(owner: delivery.messageID.text, kind: PayloadKind.wire.rawValue),
        try reader.clearance(delivery.orderKey)
      )
    }
    guard let message, let wire, let clearance,
      let salt = Hex.decode(try Clearance(json: try JSONValue.parse(clearance.state)).salt).flatMap(UCRCommitment.Salt.init)
    else { throw CausewayError("deliver.incomplete") }
    let envelope = try SealedEnvelope.restore(
      headerBytes: message.header, signature: String(decoding: message.signature, as: UTF8.self), salt: salt, payload: wire.bytes)
    return (message, envelope)
  }

  /// Again later: exponential backoff with jitter, so that a partner that comes back is not met by everything at once.
  private func postpone(_ delivery: OutboxRecord, _ error: CausewayError) async {
    let settings = configuration.delivery
    var next = delivery
    next.attempts += 1
    next.lastError = error.code
    let isHopeless = ["deliver.expired", "deliver.incomplete", "deliver.partner_unknown"].contains(error.code)
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
    } catch {
      logger.error("delivery could not be postponed", metadata: ["gw.code": "\(error.code)"])
    }
  }
}
