import Exchange
import JSONTree
import Journal
import Primitives
import Trust

// What this gateway holds of a corridor-day: the messages whose envelope headers were made on that day in UTC, in either direction, and the
// clearances whose accepted declarations are among them. Nothing that the two sides compare depends on when something arrived.
extension GatewayNode {
  /// What has been sent so recently is still settling: it is no difference yet.
  static let settlingSeconds: Int64 = 900
  /// Most items of one corridor-day: a set of that size takes 64 MiB.
  static let limitReconciledItems = 1 << 20

  /// A corridor and the other one of its two ends.
  ///
  /// - Throws: `reconcile.corridor_foreign` when this gateway, or the partner that asks, is none of its ends.
  func reconciledCorridor(_ id: String, with asker: String? = nil) throws(CausewayError) -> (id: String, partner: Participant) {
    guard let corridor = registry.corridor(id) else { throw CausewayError("reconcile.corridor_foreign", facts: ["corridor": id]) }
    let ends = [corridor.from, corridor.to]
    guard let own = ends.firstIndex(where: { ByteString($0) == ByteString(economy) }), let partner = registry.participant(ends[1 - own]),
      asker.map({ ByteString($0) == ByteString(partner.id) }) ?? true
    else { throw CausewayError("reconcile.corridor_foreign", facts: ["corridor": id]) }
    return (corridor.id, partner)
  }

  /// All items of a corridor-day. O(*n*) reads, a page at a time, so that others read in between.
  ///
  /// - Throws: `reconcile.too_many_items`, `journal.*`, `clearance.unreadable`.
  func reconciliationSet(of corridor: String, on day: String) async throws(CausewayError) -> ReconciliationSet {
    guard let start = ReconciliationQuestion.start(of: day) else { throw CausewayError("reconcile.day_form") }
    var query = EnvelopeQuery(corridor: corridor, period: start..<start.adding(seconds: 86_400), limit: 500)
    var builder = ReconciliationSet.Builder()
    while true {
      let (items, last) = try await journal.read { [query] reader throws(CausewayError) in
        let page = try reader.envelopes(query)
        var items: [ReconciliationItem] = []
        for message in page {
          let facts = facts(of: message)
          items.append(ReconciliationItem(.message(message.id), facts.value))
          guard message.kind.hasSameBytes(as: MessageKind.declaration.rawValue), facts.isAccepted == true,
            let id = ClearanceID(message.clearance), case .clearance(let clearance) = try held(of: id, in: corridor, reader)
          else { continue }
          items.append(ReconciliationItem(.clearance(id), clearance.value))
        }
        return (items, page.last)
      }
      for item in items { builder.add(item) }
      guard builder.count <= Self.limitReconciledItems else {
        throw CausewayError("reconcile.too_many_items", facts: ["limit": String(Self.limitReconciledItems)])
      }
      guard let last else { return builder.finish() }
      query.after = last
    }
  }

  /// What this gateway holds of some subjects now.
  func facts(
    of subjects: [ReconciliationSubject], in corridor: String, with partner: String
  ) async throws(CausewayError) -> [ReconciliationFacts] {
    let now = clock.now()
    return try await journal.read { reader throws(CausewayError) in
      try subjects.map { subject throws(CausewayError) in
        switch subject {
        case .message(let id):
          guard let message = try reader.message(id), ByteString(message.corridor) == ByteString(corridor), !message.header.isEmpty else {
            return ReconciliationFacts(.nothing(isOnLedger: try !reader.entryIndices(message: id).isEmpty), isInFlight: false)
          }
          return ReconciliationFacts(
            .message(facts(of: message)), isInFlight: try isInFlight(message, to: partner, at: now, reader))
        case .clearance(let id):
          var isMoving = false
          for message in try reader.messages(MessageQuery(clearance: id.text, corridor: corridor, newestFirst: true, limit: 1000)) {
            if try isInFlight(message, to: partner, at: now, reader) { isMoving = true }
          }
          return ReconciliationFacts(try held(of: id, in: corridor, reader), isInFlight: isMoving)
        }
      }
    }
  }

  /// Whether a message of either direction is recent, or one of ours still in the outbox.
  private func isInFlight(
    _ message: MessageRecord, to partner: String, at now: Instant, _ reader: any JournalReader
  ) throws(CausewayError) -> Bool {
    guard let created = message.envelopeCreated else { return false }
    if created > now.adding(seconds: -Self.settlingSeconds) { return true }
    guard message.direction == .outbound, message.receipt == nil else { return false }
    return try reader.delivery(channel: Self.channel(to: partner), messageID: message.id).map { !$0.isDead } ?? false
  }

  private func facts(of message: MessageRecord) -> ReconciliationFacts.Message {
    ReconciliationFacts.Message(
      sender: message.direction == .outbound ? economy : message.partner, envelope: SHA256.hash(message.header),
      payload: message.payloadDigest, receipt: message.receipt.map { SHA256.hash($0) },
      isAccepted: Self.isAccepted(message.receipt, message.state))
  }

  private func facts(of message: EnvelopeRecord) -> ReconciliationFacts.Message {
    ReconciliationFacts.Message(
      sender: economy, envelope: SHA256.hash(message.header), payload: message.payloadDigest,
      receipt: message.receipt.map { SHA256.hash($0) }, isAccepted: Self.isAccepted(message.receipt, message.state))
  }

  /// What the receipt says. The state was written with it, in one transaction.
  private static func isAccepted(_ receipt: [UInt8]?, _ state: String) -> Bool? {
    guard receipt != nil else { return nil }
    return ![MessageState.turnedAway, .refusedByPartner].contains { state.hasSameBytes(as: $0.rawValue) }
  }

  /// Nothing when there is no such clearance in the corridor, or when the partner has turned it away and holds none.
  private func held(
    of id: ClearanceID, in corridor: String, _ reader: any JournalReader
  ) throws(CausewayError) -> ReconciliationFacts.Held {
    guard let record = try reader.clearance(id.text), ByteString(record.corridor) == ByteString(corridor) else {
      return .nothing(isOnLedger: false)
    }
    guard !record.state.isEmpty else { return .erased }
    let clearance = try Clearance(json: try JSONValue.parse(record.state))
    guard !clearance.isTurnedAway else { return .nothing(isOnLedger: false) }
    func side(_ side: Side) -> ReconciliationFacts.Clearance.Side { .init(status: side.status.rawValue, revision: side.revision) }
    return .clearance(.init(export: side(clearance.export), import: clearance.import.map(side)))
  }
}
