import Exchange
import Journal
import Ledger
import Logging
import Primitives
import Trust

extension GatewayNode {
  /// The participants that this gateway asks to cosign its ledger: the witnesses of its corridors.
  var witnesses: [Participant] {
    var seen: Set<ByteString> = []
    let own = registry.content.corridors.filter { [$0.from, $0.to].contains { ByteString($0) == ByteString(economy) } }
    let ids = own.flatMap { keyring.witnessing(of: $0, log: economy).participants }
    return ids.filter { seen.insert(ByteString($0)).inserted }.compactMap { registry.participant($0) }
  }

  /// Has one witness cosign the newest checkpoint, if it has not yet.
  ///
  /// - Returns: 1 when a cosignature came, 0 when there was nothing to ask or no answer; that is written down as a debt.
  /// - Throws: `journal.*`.
  func askToCosign(_ witness: Participant) async throws(CausewayError) -> Int {
    guard let name = witness.witness?.name, let checkpoint = try await journal.currentCheckpoint(), checkpoint.size > 0 else { return 0 }
    let last = try await journal.read { reader throws(CausewayError) in try reader.latestCosignature(witness: name) }
    guard last?.size ?? 0 < checkpoint.size else { return 0 }
    do throws(CausewayError) {
      let cosignatures = try await cosignatures(on: checkpoint, from: last?.size ?? 0, of: witness)
      var change = try await repayment(to: witness, upTo: checkpoint.size)
      change.operations += cosignatures.map { .putCosignature(CosignatureRecord($0, size: checkpoint.size)) }
      // A conflict: another gateway on the journal has had it cosigned.
      guard try await journal.commit(change).committed != nil else { return 1 }
      metrics.count("gateway_cosignatures_total", [("witness", witness.id)])
      bell.ring(for: .news)
      return 1
    } catch {
      if error.code.rawValue.hasPrefix("journal.") { throw error }
      metrics.count("gateway_cosigning_failures_total", [("witness", witness.id), ("code", error.code.rawValue)])
      try await owe(witness, since: last?.size ?? 0, because: error.code)
      try? await Task.sleep(for: .seconds(1))
      return 0
    }
  }

  /// - Parameter size: what the witness is thought to have cosigned last.
  /// - Throws: `deliver.*`; `witness.refused` (fact `status`); `witness.disagrees` when the witness holds another history to be ours;
  ///   `ledger.note_*` when its answer is no cosignature of its own; `witness.time`.
  private func cosignatures(
    on checkpoint: SignedCheckpoint, from size: Int, of witness: Participant
  ) async throws(CausewayError) -> [Cosignature] {
    var oldSize = size
    for _ in 0..<3 {
      let from = oldSize
      let proof = try await journal.read { reader throws(CausewayError) in
        from == 0 ? [] : try reader.consistencyProof(from: from, to: checkpoint.size).hashes
      }
      let request = WitnessRequest(oldSize: from, proof: proof, note: checkpoint.note)
      let answer = try await partners.ask("POST", "/witness/add-checkpoint", body: request.bytes, of: witness)
      switch answer.status {
      case 200:
        let now = clock.now()
        let found = try checkpoint.cosignatures(in: answer.body, of: keyring.cosignerKeys(of: witness.id, at: now))
        guard found.allSatisfy({ $0.time <= now.adding(seconds: 300) }) else { throw CausewayError("witness.time") }
        return found
      case 409:
        guard answer.body.last == 0x0A, let theirs = Int(String(decoding: answer.body.dropLast(), as: UTF8.self)), theirs >= 0 else {
          throw CausewayError("witness.refused", facts: ["status": "409"])
        }
        guard theirs <= checkpoint.size else {
          try await compareHistory(with: witness)
          throw CausewayError("witness.disagrees")
        }
        if theirs < size {
          // Only a witness that lost its own state falls back; what it cosigned stays cosigned.
          logger.critical("witness has fallen back", metadata: ["gw.partner": "\(witness.id)", "gw.size": "\(theirs)"])
          metrics.count("gateway_ledger_alarms_total", [("kind", "witness.fallen_back")])
        }
        oldSize = theirs
      case 422:
        try await compareHistory(with: witness)
        throw CausewayError("witness.disagrees")
      default: throw CausewayError("witness.refused", facts: ["status": String(answer.status)])
      }
    }
    throw CausewayError("witness.refused", facts: ["status": "409"])
  }

  /// Before the first write after a start: has every witness show what it cosigned of this ledger.
  ///
  /// A journal that was restored from an older copy does not know that it signed more, but its witnesses do. Witnesses that do not answer
  /// hold up nothing: the same comparison comes with the next request to cosign.
  ///
  /// - Parameter limit: how long to wait for them.
  package func compareHistory(atMost limit: Duration = .seconds(5)) async {
    await withTaskGroup(of: Void.self) { group in
      group.addTask { await compareWithAll() }
      group.addTask { try? await Task.sleep(for: limit) }
      await group.next()
      group.cancelAll()
    }
  }

  private func compareWithAll() async {
    await withTaskGroup(of: Void.self) { group in
      for witness in witnesses {
        group.addTask {
          do throws(CausewayError) {
            try await compareHistory(with: witness)
          } catch {
            logger.warning("witness could not be asked", metadata: ["gw.partner": "\(witness.id)", "gw.code": "\(error.code)"])
          }
        }
      }
    }
  }

  /// Compares the own ledger with what a witness holds of it. Only a checkpoint with our own signature says something: then it is
  /// ours, and if the journal does not lead to it, the journal stops writing (`ledger.behind`, `ledger.forked`).
  ///
  /// - Throws: `deliver.*`, `witness.refused`, `journal.*`, and the codes of `SignedCheckpoint.verify`.
  private func compareHistory(with witness: Participant) async throws(CausewayError) {
    let key = journal.verifierKey
    let answer = try await partners.ask("GET", "/witness/\(Self.originDigest(key.name))/checkpoint", body: nil, of: witness)
    if answer.status == 404 { return }
    guard answer.status == 200 else { throw CausewayError("witness.refused", facts: ["status": String(answer.status)]) }
    let theirs = try SignedCheckpoint.verify(
      answer.body, origin: key.name, keys: keyring.logKeys(origin: key.name, at: clock.now()) ?? [key])
    let root = try await journal.read { reader throws(CausewayError) -> Digest? in
      guard theirs.size <= (try reader.ledgerHead()).size else { return nil }
      return try MerkleTree.root(size: theirs.size) { node throws(CausewayError) in try reader.existing(node) }
    }
    guard root != theirs.root else { return }
    let facts = ["size": String(theirs.size), "witness": witness.id]
    let reason = CausewayError(root == nil ? "ledger.behind" : "ledger.forked", facts: facts)
    logger.critical(
      "own ledger is not the one that a witness cosigned",
      metadata: ["gw.code": "\(reason.code)", "gw.partner": "\(witness.id)", "gw.size": "\(theirs.size)"])
    metrics.count("gateway_ledger_alarms_total", [("kind", reason.code.rawValue)])
    await journal.stop(reason)
  }
}
