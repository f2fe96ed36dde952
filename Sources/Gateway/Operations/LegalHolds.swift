package import JSONTree
import Journal
import Ledger
package import Primitives

// A legal hold keeps the data of a clearance from being erased, whatever ground there is.
extension GatewayNode {
  /// Sets a hold and records `hold.set`. One that is there stays as it is.
  ///
  /// - Parameter body: JSON `{"reason"}`, 1 to 200 printable ASCII characters: it stands on the ledger, so it names a case and no business data.
  /// - Throws: `receive.not_found`, `clearance.erased`, `journal.*`.
  package func setHold(_ body: [UInt8], on id: String, by principal: Principal) async throws(CausewayError) -> JSONValue {
    let reason = try Self.reason(body)
    return try await changeHold(of: id, to: LegalHold(since: clock.now(), reason: reason, actor: principal.name), reason, by: principal)
  }

  /// Releases a hold and records `hold.released`. Nothing happens when there is none.
  ///
  /// - Parameter body: as for ``setHold(_:on:by:)``.
  /// - Throws: as ``setHold(_:on:by:)``.
  package func releaseHold(_ body: [UInt8], on id: String, by principal: Principal) async throws(CausewayError) -> JSONValue {
    try await changeHold(of: id, to: nil, try Self.reason(body), by: principal)
  }

  /// All holds, by clearance.
  package func holds() async throws(CausewayError) -> JSONValue {
    let keys = try await journal.read { reader throws(CausewayError) -> [DataKeyRecord] in
      var keys: [DataKeyRecord] = []
      while true {
        let page = try reader.heldDataKeys(after: keys.last?.clearance ?? "", limit: 1000)
        keys += page
        if page.isEmpty { return keys }
      }
    }
    return ["holds": .array(keys.map(Self.hold))]
  }

  private func changeHold(
    of id: String, to hold: LegalHold?, _ reason: String, by principal: Principal
  ) async throws(CausewayError) -> JSONValue {
    for _ in 0..<Self.mostRounds {
      let (key, record) = try await journal.read { reader throws(CausewayError) in (try reader.dataKey(id), try reader.clearance(id)) }
      guard var key else { throw CausewayError("receive.not_found") }
      if let erasure = key.erasure { throw CausewayError(erasure.problem) }
      if (key.hold == nil) == (hold == nil) { return Self.hold(key) }
      let clearance = try record.map { record throws(CausewayError) in try Clearance(record) }
      let entry = EntryDraft(
        kind: hold == nil ? "hold.released" : "hold.set", corridor: record?.corridor,
        subject: clearance.flatMap { Digest(hex: $0.commitment) }, actor: principal.name,
        extra: ["clearance": .string(id), "reason": .string(reason)])
      let outcome = try await journal.commit(Change(operations: [.setHold(of: id, hold)], entries: [entry]))
      guard outcome.committed != nil else { continue }
      key.hold = hold
      return Self.hold(key)
    }
    throw CausewayError("journal.contended")
  }

  private static func reason(_ body: [UInt8]) throws(CausewayError) -> String {
    var fields = JSONFields(try JSONValue.parse(body))
    let reason = fields.string("reason", "1 to 200 printable ASCII characters") { text in
      (1...200).contains(text.utf8.count) && text.utf8.allSatisfy { (0x20..<0x7F).contains($0) } ? text : nil
    }
    let problems = fields.finish()
    guard problems.isEmpty, let reason else { throw CausewayError(problems: problems) }
    return reason
  }

  private static func hold(_ key: DataKeyRecord) -> JSONValue {
    [
      "clearanceId": .string(key.clearance), "held": key.hold.map { .string($0.since.rfc3339) } ?? .null,
      "reason": key.hold.map { .string($0.reason) } ?? .null, "by": key.hold.map { .string($0.actor) } ?? .null,
    ]
  }
}
