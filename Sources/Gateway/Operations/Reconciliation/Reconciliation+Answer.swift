package import Exchange
import Journal
package import Primitives
import Trust

extension GatewayNode {
  /// Answers a partner's question about a corridor-day of which both are ends. Writes nothing.
  ///
  /// - Returns: JSON, see ``ReconciliationAnswer``.
  /// - Throws: `parse.json_*`, `reconcile.corridor_foreign`, `reconcile.busy`, `reconcile.too_many_items`, `journal.*`.
  package func answer(reconciliation body: [UInt8], from peer: AuthenticatedPeer) async throws(CausewayError) -> [UInt8] {
    let question = try ReconciliationQuestion.parse(body)
    let corridor = try reconciledCorridor(question.corridor, with: peer.participant)
    var set: ReconciliationSet?
    if !question.ranges.isEmpty {
      set = try await reconciliationSet(of: corridor.id, on: question.day, isFirst: question.ranges.contains(.all))
    }
    let facts = question.subjects.isEmpty ? [] : try await facts(of: question.subjects, in: corridor.id, with: corridor.partner.id)
    metrics.count("gateway_reconciliation_questions_total", [("corridor", corridor.id)])
    return ReconciliationAnswer(set: set?.summary, ranges: set?.answer(question.ranges) ?? [], facts: facts).bytes(to: question)
  }

  /// - Parameter isFirst: a run begins: the set is to be as new as the ledger.
  func reconciliationSet(of corridor: String, on day: String, isFirst: Bool) async throws(CausewayError) -> ReconciliationSet {
    let size = isFirst ? try await journal.read { reader throws(CausewayError) in try reader.ledgerHead().size } : nil
    return try await reconciliationSets.set(corridor: corridor, day: day, ledgerSize: size, at: clock.now()) {
      () async throws(CausewayError) in
      try await reconciliationSet(of: corridor, on: day)
    }
  }
}
