import JSONTree
import Journal
import Ledger
import Primitives
import Trust

// What a witness owes this ledger while it does not answer. The debt is recorded once when it begins and once when it is repaid, and
// it is bounded: when a corridor's quorum is missing for too long, nothing new is taken in.
extension GatewayNode {
  private static func debtName(_ witness: Participant) -> String { "witness.debt.\(witness.id)" }

  /// Records that a witness has not cosigned for longer than the grace period, unless that stands there already.
  ///
  /// - Parameter size: what it cosigned last.
  func owe(_ witness: Participant, since size: Int, because code: ErrorCode) async throws(CausewayError) {
    let now = clock.now()
    let (debt, oldest) = try await journal.read { reader throws(CausewayError) in
      (try reader.value(Self.debtName(witness)), try reader.checkpoint(coveringSize: size + 1)?.time)
    }
    guard debt == nil, let oldest, oldest.adding(seconds: Int64(configuration.witnessing.graceSeconds)) <= now else { return }
    let content: JSONValue = ["from": .number(JSONNumber(size)), "since": .string(oldest.rfc3339)]
    // Another gateway on the journal may have found the same.
    let outcome = try await journal.commit(
      Change(
        preconditions: [.value(Self.debtName(witness), nil)], operations: [.setValue(Self.debtName(witness), content.serialized())],
        entries: [
          EntryDraft(
            kind: "witness.debt", actor: economy, reasons: [code],
            extra: ["from": .number(JSONNumber(size)), "witness": .string(witness.id)])
        ]))
    if outcome.committed != nil { metrics.count("gateway_witness_debts_total", [("witness", witness.id)]) }
  }

  /// What ends a witness's debt, if there is one.
  ///
  /// - Parameter size: what it has cosigned now.
  func repayment(to witness: Participant, upTo size: Int) async throws(CausewayError) -> Change {
    let debt = try await journal.read { reader throws(CausewayError) in try reader.value(Self.debtName(witness)) }
    guard let debt else { return Change() }
    let content = try JSONValue.parse(debt)
    var extra: JSONObject = ["size": .number(JSONNumber(size)), "witness": .string(witness.id)]
    for name in ["from", "since"] { extra[name] = content[name] }
    return Change(
      preconditions: [.value(Self.debtName(witness), debt)], operations: [.setValue(Self.debtName(witness), nil)],
      entries: [EntryDraft(kind: "witness.repaid", actor: economy, extra: extra)])
  }

  /// - Throws: `receive.witness_debt` when the corridor's quorum has been missing for longer than the configuration allows; `journal.*`.
  func checkWitnessDebt(in id: String) async throws(CausewayError) {
    let now = clock.now()
    if finality.isWithinDebt(id, at: now) { return }
    guard let corridor = registry.corridor(id), keyring.witnessing(of: corridor, log: economy).quorum > 0 else { return }
    let final = try await finalCheckpoint(of: corridor)?.checkpoint.size ?? 0
    let oldest = try await journal.read { reader throws(CausewayError) in try reader.checkpoint(coveringSize: final + 1)?.time }
    let limit = configuration.witnessing.longestDebtSeconds
    guard let oldest, oldest.adding(seconds: Int64(limit)) < now else { return finality.noteWithinDebt(id, at: now) }
    throw CausewayError("receive.witness_debt", facts: ["limit": String(limit)])
  }
}
