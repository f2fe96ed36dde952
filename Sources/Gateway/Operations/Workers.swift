import Journal
import Logging
import Primitives
import Trust

// The tasks that carry messages from state to state. Each looks for work, does it, and sleeps until the bell rings; what it does is
// whole in the journal or not at all, so a task may be stopped between any two steps.
extension GatewayNode {
  /// Runs until the task is cancelled, then finishes the step in hand.
  package func work() async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await loop("outbound", on: .received) { () throws(CausewayError) in try await translateReceived() } }
      group.addTask { await loop("inbound", on: .recorded) { () throws(CausewayError) in try await translateRecorded() } }
      group.addTask {
        // Everything that becomes of a message is news to a replay that runs: it looks by the clock.
        await loop("replay", on: [], atMost: .milliseconds(100), claiming: "replay") { () throws(CausewayError) in try await runReplays() }
      }
      if journal.isShared { group.addTask { await keepClaims() } }
      group.addTask { await keepRetention() }
      if let timeStamps { group.addTask { await keepTimestamping(from: timeStamps) } }
      for partner in partnerIDs {
        group.addTask { await loop("delivery", on: .deliveries) { () throws(CausewayError) in try await deliverDue(to: partner) } }
      }
      for partner in partnerIDs.compactMap({ registry.participant($0) }) {
        group.addTask {
          await loop("watching", claiming: "watching.\(partner.id)", every: .seconds(1)) { () throws(CausewayError) in
            try await watch(partner)
          }
        }
      }
      if !configuration.replay.whenPartnerReturns.isEmpty {
        for partner in partnerIDs.compactMap({ registry.participant($0) }) { group.addTask { await keepReplaying(to: partner) } }
      }
      for witness in witnesses {
        group.addTask {
          await loop("witnessing", claiming: "witnessing.\(witness.id)", every: .milliseconds(100)) { () throws(CausewayError) in
            try await askToCosign(witness)
          }
        }
      }
      for way in configuration.handover {
        group.addTask {
          await loop("handover", on: .documents, claiming: Self.name(of: way)) { () throws(CausewayError) in
            try await handOverDocuments(way)
          }
        }
      }
      if let hour = configuration.reconciliationHour {
        for corridor in configuration.corridors {
          group.addTask {
            // A partner that cannot be asked now is asked again in ten minutes.
            await loop("reconciliation", claiming: "reconciliation.\(corridor.id)", pause: .seconds(600)) { () throws(CausewayError) in
              try await reconcileDaily(corridor.id, afterHour: hour)
            }
          }
        }
      }
    }
  }

  /// - Parameters:
  ///   - topics: what it sleeps for until the bell rings.
  ///   - limit: it looks again after so long, whether or not the bell has rung.
  ///   - claim: what of all gateways on the journal only one does at a time; nil: the step itself claims what it does.
  ///   - pause: after a failure.
  ///   - rest: after a round that did something: what goes for everything that has come since costs little more than what goes for one.
  ///   - step: does what there is to do and says how much it was; 0 means: nothing now.
  private func loop(
    _ stage: String, on topics: Bell.Topics = .news, atMost limit: Duration = .milliseconds(500), claiming claim: String? = nil,
    pause: Duration = .seconds(1), every rest: Duration = .zero,
    _ step: @Sendable () async throws(CausewayError) -> Int
  ) async {
    while !Task.isCancelled {
      let seen = bell.rung(for: topics)
      do throws(CausewayError) {
        let count = if let claim { try await alone(claim, orElse: 0, step) } else { try await step() }
        if count == 0 {
          await bell.wait(for: topics, after: seen, atMost: limit)
        } else if rest > .zero {
          try? await Task.sleep(for: rest)
        }
      } catch {
        logger.error("stage failed", metadata: ["gw.stage": "\(stage)", "gw.code": "\(error.code)"])
        metrics.count("gateway_stage_failures_total", [("stage", stage), ("code", error.code.rawValue)])
        try? await Task.sleep(for: pause)
      }
    }
  }

  /// Does one thing for each message of one state that no other gateway on the journal is doing.
  ///
  /// - Returns: how many there were.
  /// - Throws: as ``forEach(_:_:)``.
  func forEachNext(
    _ direction: Direction, _ state: MessageState, _ body: @escaping @Sendable (MessageRecord) async throws(CausewayError) -> Void
  ) async throws(CausewayError) -> Int {
    try await claiming("\(direction).\(state.rawValue)", atMost: 32, by: \.clearance) { limit throws(CausewayError) in
      try await nextMessages(direction, state, limit: limit)
    } _: { messages throws(CausewayError) in
      try await forEach(messages, body)
      return messages.count
    }
  }

  /// Messages of one state, oldest first, at most one of each clearance, so that their order holds; without their details. A corridor of which more
  /// wait than go at a time leaves a few places to the others.
  func nextMessages(_ direction: Direction, _ state: MessageState, limit: Int) async throws(CausewayError) -> [MessageRecord] {
    let messages = try await journal.read { reader throws(CausewayError) in
      func oldest(_ corridor: String?, _ limit: Int) throws(CausewayError) -> [MessageRecord] {
        try reader.messages(
          MessageQuery(direction: direction, corridor: corridor, states: [state.rawValue], limit: limit, withDetails: false))
      }
      var messages = try oldest(nil, limit)
      guard messages.count == limit else { return messages }
      let served = Set(messages.map { ByteString($0.corridor) })
      for corridor in configuration.corridors.map(\.id) where !served.contains(ByteString(corridor)) { messages += try oldest(corridor, 4) }
      return messages
    }
    var clearances: Set<ByteString> = []
    return messages.filter { clearances.insert(ByteString($0.clearance)).inserted }
  }

  /// Does one thing for each message, several at a time.
  ///
  /// A message that could not be done now stays as it is and is tried again. One that can never be done is set aside as `dead`, with the
  /// reason, for an operator: it would come again at once and hold up the others.
  /// - Throws: the first failure that may pass.
  func forEach(_ messages: [MessageRecord], _ body: @escaping @Sendable (MessageRecord) async throws(CausewayError) -> Void)
    async throws(CausewayError)
  {
    let failures = await withTaskGroup(of: CausewayError?.self) { group -> [CausewayError] in
      for message in messages {
        group.addTask {
          do throws(CausewayError) {
            do throws(CausewayError) {
              try await body(message)
            } catch {
              // Another gateway on the same journal may have done it meanwhile.
              if error.code == "journal.conflict", try await isDone(message) { return nil }
              if error.mayPass { throw error }
              try await setAside(message, error)
            }
            return nil
          } catch {
            return error
          }
        }
      }
      var failures: [CausewayError] = []
      for await failure in group { if let failure { failures.append(failure) } }
      return failures
    }
    if let first = failures.first { throw first }
  }

  /// Whether a message is no longer in the state in which it was found.
  private func isDone(_ message: MessageRecord) async throws(CausewayError) -> Bool {
    let now = try await journal.read { reader throws(CausewayError) in try reader.message(message.id) }
    return now.map { !$0.state.hasSameBytes(as: message.state) } ?? true
  }

  private func setAside(_ message: MessageRecord, _ error: CausewayError) async throws(CausewayError) {
    logger.error("message set aside", metadata: ["gw.message_id": "\(message.id)", "gw.code": "\(error.code)"])
    metrics.count("gateway_dead_messages_total", [("code", error.code.rawValue)])
    _ = try await journal.commit(
      Change(
        preconditions: [.message(message.id, in: [message.state])],
        operations: [.setMessageState(message.id, MessageState.dead.rawValue, reason: error.code, at: clock.now())]))
    bell.ring()
  }
}

extension CausewayError {
  /// Whether the same may go well later: the journal is busy, full or stopped, or a key is out of reach. What is damaged or erased stays so.
  var mayPass: Bool {
    switch code {
    case "journal.not_found", "journal.row_invalid", "journal.erased", "journal.sealed_damaged", "journal.sealed_misplaced",
      "journal.data_key_missing", "journal.data_key_damaged":
      false
    default: code.rawValue.hasPrefix("journal.") || code.rawValue.hasPrefix("key.")
    }
  }
}
