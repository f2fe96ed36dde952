import Exchange
import JSONTree
import Journal
import Ledger
import Logging
import Primitives
import Trust

extension RulesInForce {
  /// The ids of all other participants, in the registry's order.
  var partnerIDs: [String] { registry.content.participants.map(\.id).filter { ByteString($0) != ByteString(economy) } }
}

extension GatewayNode {
  /// Step 9: sends what is due to one partner, the oldest of each clearance first, several clearances at a time.
  ///
  /// - Returns: how many deliveries were tried; 0 too while the partner is left alone, because it could not be reached or has asked for it.
  /// - Throws: `journal.*` when it could not be written down what became of a delivery: trying on at once would flood the partner.
  func deliverDue(to partner: String, limit: Int = 16) async throws(CausewayError) -> Int {
    let now = clock.now()
    guard registry.participant(partner)?.isOpen(at: now) ?? true, circuits[partner].mayAdmit(at: now) else {
      return try await giveUpExpired(to: partner, at: now)
    }
    let horizon = now.adding(seconds: Int64(configuration.delivery.longestRetrySeconds))
    return try await claiming(Self.channel(to: partner), atMost: limit, by: \.orderKey) { limit throws(CausewayError) in
      try await journal.read { reader throws(CausewayError) in
        try reader.dueDeliveries(channel: Self.channel(to: partner), at: now, horizon: horizon, limit: limit)
      }
    } _: { due throws(CausewayError) in
      try await deliver(due, to: partner, at: now)
    }
  }

  /// - Returns: how many were tried.
  private func deliver(_ due: [OutboxRecord], to partner: String, at now: Instant) async throws(CausewayError) -> Int {
    guard !due.isEmpty else { return 0 }
    let admitted = due.prefix(circuits.update(partner) { $0.admit(due.count, at: now) })
    if admitted.isEmpty { return try await giveUpExpired(to: partner, at: now) }
    let failures = await withTaskGroup(of: CausewayError?.self) { group -> [CausewayError] in
      for delivery in admitted { group.addTask { await deliver(delivery) } }
      var failures: [CausewayError] = []
      for await failure in group { if let failure { failures.append(failure) } }
      return failures
    }
    if let first = failures.first { throw first }
    return admitted.count
  }

  /// What gets too old while the partner is left alone is given up in time. All messages of a gateway live equally long: the oldest go first.
  ///
  /// - Returns: how many were given up.
  private func giveUpExpired(to partner: String, at now: Instant) async throws(CausewayError) -> Int {
    guard circuits.isAgeCheckDue(partner, at: now) else { return 0 }
    let oldest = try await journal.read { reader throws(CausewayError) in
      try reader.deliveries(channel: Self.channel(to: partner), dead: false, after: 0, limit: 16)
    }
    var count = 0
    for delivery in oldest where delivery.created.adding(seconds: Int64(configuration.delivery.expirySeconds)) <= now {
      let message = try await journal.read { reader throws(CausewayError) in try reader.message(delivery.messageID) }
      guard let message, !Delivery(delivery).mayGo(at: now, expires: try EnvelopeHeader.parse(message.header).expires) else { continue }
      if let failure = await postpone(delivery, CausewayError(Delivery.expired)) { throw failure }
      count += 1
    }
    if count == 0 { circuits.noteNothingOld(partner, at: now) }
    return count
  }

  /// One attempt. What goes wrong is written down with the delivery; nothing is thrown away.
  ///
  /// - Returns: why it could not be written down.
  private func deliver(_ delivery: OutboxRecord) async -> CausewayError? {
    var outcome = CircuitBreaker.Event.notTried
    let failure: CausewayError?
    do throws(CausewayError) {
      let (message, envelope) = try await sealedEnvelope(of: delivery)
      try await checkExpiry(of: delivery, envelope, message)
      guard let partner = registry.participant(delivery.destination) else { throw CausewayError("deliver.partner_unknown") }
      let answer: String
      do throws(CausewayError) {
        answer = try await partners.send(envelope, to: partner)
        outcome = .answered
      } catch {
        outcome = Delivery.isOfTransport(error.code) ? .failed : .answered
        throw error
      }
      probe(.outboundDelivered)
      let receipt = try VerifiedReceipt.verify(answer, for: SentEnvelope(envelope), registry: registry, at: clock.now())
      try await settle(delivery, message, envelope.header, receipt)
      probe(.outboundReceipted)
      failure = nil
    } catch  where error.code == Delivery.askedToWait {
      // Nothing happened to the message: it stays due, and goes when its partner wants it.
      outcome = .askedToWait(until: clock.now().adding(seconds: configuration.delivery.wait(asked: error.problems[0].facts["seconds"])))
      metrics.count("gateway_asked_to_wait_total", [("partner", delivery.destination)])
      failure = nil
    } catch {
      failure = await postpone(delivery, error)
    }
    note(outcome, of: delivery.destination)
    return failure
  }

  private func note(_ outcome: CircuitBreaker.Event, of partner: String) {
    let (before, after) = circuits.update(partner) { breaker in
      let before = breaker
      breaker.apply(outcome, at: clock.now(), backoff: configuration.delivery.probing, chance: Double.random(in: 0...1))
      return (before, breaker)
    }
    if before.isClosed != after.isClosed {
      let change = after.isClosed ? "closed" : after.isAskedToWait ? "opened at the partner's wish" : "opened"
      logger.notice("circuit \(change)", metadata: ["gw.partner": "\(partner)"])
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

  /// Writes down an attempt that came to nothing.
  private func postpone(_ record: OutboxRecord, _ error: CausewayError) async -> CausewayError? {
    var delivery = Delivery(record)
    delivery.apply(.failure(error.code), at: clock.now(), terms: configuration.delivery.terms, chance: Double.random(in: 0...1))
    let isDead = delivery.standing == .givenUp
    logger.warning(
      "delivery failed",
      metadata: [
        "gw.message_id": "\(record.messageID)", "gw.partner": "\(record.destination)", "gw.code": "\(error.code)",
        "gw.attempt": "\(delivery.attempts)",
      ])
    metrics.count("gateway_delivery_failures_total", [("code", error.code.rawValue)])
    var change = Change(
      preconditions: [.delivery(record.id, attempts: record.attempts)], operations: [.reschedule(record.with(delivery))])
    if isDead {
      change.operations.append(.setMessageState(record.messageID, MessageState.dead.rawValue, reason: error.code, at: clock.now()))
    }
    do throws(CausewayError) {
      if isDead, error.code == Delivery.expired { try await addNotice(ofExpired: record, to: &change) }
      _ = try await journal.commit(change)
      if isDead { bell.ring() }
      return nil
    } catch {
      logger.error("delivery could not be postponed", metadata: ["gw.code": "\(error.code)"])
      return error
    }
  }
}

extension GatewayNode {
  /// A message that expired before the partner answered: an entry on the ledger says so, under the next signed checkpoint, and the local single
  /// window is told. Whether the partner has the message is not known.
  private func addNotice(ofExpired delivery: OutboxRecord, to change: inout Change) async throws(CausewayError) {
    let (message, record) = try await journal.read { reader throws(CausewayError) in
      (try reader.message(delivery.messageID), try reader.clearance(delivery.orderKey))
    }
    guard let message else { return }
    change.entries.append(
      EntryDraft(
        kind: "message.expired", corridor: message.corridor, messageID: message.id, payloadDigest: message.payloadDigest, actor: economy,
        reasons: [Delivery.expired], extra: ["attempts": .number(JSONNumber(delivery.attempts))]))
    guard let record, record.erasure == nil else { return }
    change.operations += handOver(expiryOf: message, clearance: try Clearance(record), at: clock.now())
  }
}

// The outbox's row and the value that decides about it.

extension Delivery {
  init(_ record: OutboxRecord) {
    self.init(
      standing: record.isDead ? .givenUp : .waiting, attempts: record.attempts, due: record.due, lastFailure: record.lastError)
  }
}

extension OutboxRecord {
  func with(_ delivery: Delivery) -> OutboxRecord {
    var record = self
    record.attempts = delivery.attempts
    record.due = delivery.due
    record.lastError = delivery.lastFailure
    record.isDead = delivery.standing == .givenUp
    return record
  }
}

extension GatewayConfiguration.DeliverySettings {
  var terms: Delivery.Terms {
    Delivery.Terms(backoff: Backoff(firstSeconds: firstRetrySeconds, longestSeconds: longestRetrySeconds), attempts: attempts)
  }

  /// For how many seconds a partner is left alone that asks for it: five minutes at most, whatever it says.
  func wait(asked seconds: String?) -> Int64 {
    Int64(min(max(seconds.flatMap { Int($0) } ?? 1, 1), CircuitBreaker.longestPauseSeconds))
  }

  /// How often a partner that could not be reached is asked whether it is back: at least twice a minute.
  var probing: Backoff { Backoff(firstSeconds: firstRetrySeconds, longestSeconds: min(longestRetrySeconds, 30)) }
}
