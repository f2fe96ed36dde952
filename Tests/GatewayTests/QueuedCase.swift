import Exchange
import Journal
import Primitives
import Trust

@testable import Gateway

/// Cases with sealed messages in the outbox, as steps 2 to 8 leave them, without the time that translating takes. Nobody reads the payload before
/// the receipt.
extension GatewayNode {
  /// - Parameter isAmended: whether an amendment follows the declaration at once.
  /// - Returns: the ids of the messages.
  @discardableResult
  func queue(_ number: Int, in corridor: String, priority: Int = 0, isAmended: Bool = false) async throws -> [MessageID] {
    let now = clock.now()
    let salt = UCRCommitment.Salt.random()
    let ucr = "6\(economy)\(number)"
    var clearance = Clearance(
      id: ClearanceID.random().text, ucr: ucr, salt: Hex.encode(salt.bytes.exposed),
      commitment: UCRCommitment(ucr: ucr, salt: salt).digest.hex, corridor: corridor, ownSide: .export, declared: now)
    var change = ClearanceChange(outgoing: [outgoing(.declaration, revision: 1, number, priority, at: now)])
    if isAmended {
      _ = clearance.apply(.revision(2, .declared), on: .export, at: now)
      change.outgoing.append(outgoing(.amendment, revision: 2, number, priority, at: now))
    }
    guard try await create(clearance, change, at: now).committed != nil else { throw CausewayError("journal.conflict") }
    return change.outgoing.map(\.id)
  }

  private func outgoing(_ kind: MessageKind, revision: Int, _ number: Int, _ priority: Int, at now: Instant) -> Outgoing {
    Outgoing(
      id: SecureRandom.messageID(at: now), kind: kind, revision: revision, mediaType: "application/xml",
      payload: Array("<queued number=\"\(number)\" revision=\"\(revision)\"/>".utf8) + [UInt8](repeating: 0x20, count: 2000),
      profile: VersionedName(id: "uncefact.xml", version: "d23b"), policy: VersionedName(id: "cn-sg-clearance", version: "1"),
      priority: priority)
  }
}
