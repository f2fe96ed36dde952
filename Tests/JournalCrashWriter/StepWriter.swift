import Foundation
import Journal
import JournalPostgres
import JournalSQLite
import Ledger
import Primitives
import Trust

/// What a gateway does with its journal for each message, one step after the other, each step as often as it is asked for and with one effect:
/// documents come in from the single window and go out, messages come in from a partner and are handed over.
///
/// Prints a line for each change of which it was told that it is durable. Begins with what an earlier life has left.
struct StepWriter: Sendable {
  /// The numbers under which the fault library counts.
  enum Step: UInt32, CaseIterable, Sendable {
    case start = 1
    case outboundReceived, outboundSealed, outboundReceipted, inboundRecorded, inboundHandedOver, inboxAcknowledged, close

    var name: String {
      switch self {
      case .start: "start"
      case .outboundReceived: "outbound.received"
      case .outboundSealed: "outbound.sealed"
      case .outboundReceipted: "outbound.receipted"
      case .inboundRecorded: "inbound.recorded"
      case .inboundHandedOver: "inbound.handed_over"
      case .inboxAcknowledged: "inbox.acknowledged"
      case .close: "close"
      }
    }
  }

  static let partner = "partner.SG"
  let journal: Journal
  let clock = SystemTime()

  /// - Parameter location: a file, or the URI of a database.
  static func open(_ location: String, signer: CheckpointSigner, storageKey: FileKeyEncryptionKey) async throws(CausewayError) -> StepWriter
  {
    enter(.start)
    let store: any JournalStore
    if location.hasPrefix("postgresql:") {
      store = try await PostgresStore(try PostgresURI(location), readerCount: 1)
    } else {
      store = try SQLiteStore(path: location, readerCount: 1)
    }
    do throws(CausewayError) {
      let sealed = try await SealingStore.open(store, key: storageKey)
      return StepWriter(journal: try await Journal.open(sealed, signer: signer, clock: SystemTime()))
    } catch {
      await store.close()
      throw error
    }
  }

  func close() async {
    Self.enter(.close)
    await journal.close()
  }

  // MARK: The work

  /// Carries on with every message that an earlier life has begun.
  func resume() async throws(CausewayError) {
    let messages = try await read { reader throws(CausewayError) in
      try reader.messages(MessageQuery(states: ["received", "sealed", "recorded"], limit: 1000))
    }
    for message in messages {
      if message.direction == .outbound { try await carryOn(outbound: message.id) } else { try await handOver(message.id) }
    }
    let documents = try await read { reader throws(CausewayError) in
      try reader.inbox(consumer: "local", after: 0, clearance: nil, acknowledged: false, limit: 1000)
    }
    for document in documents { try await acknowledge(document) }
  }

  /// A document of the single window's, under its idempotency key, handed in twice.
  func outbound(_ number: Int) async throws(CausewayError) {
    let id = try await receive(number)
    guard try await receive(number) == id else { throw CausewayError("journal.conflict") }
    try await carryOn(outbound: id)
  }

  /// A message of the partner's, which comes twice.
  func inbound(_ number: Int) async throws(CausewayError) {
    let id = Self.partnersID(number)
    for _ in 0..<2 { try await record(number, id) }
    try await handOver(id)
    let documents = try await read { reader throws(CausewayError) in
      try reader.inbox(consumer: "local", after: 0, clearance: Self.clearance(number), acknowledged: false, limit: 10)
    }
    for document in documents { try await acknowledge(document) }
  }

  private func carryOn(outbound id: MessageID) async throws(CausewayError) {
    guard let message = try await message(id) else { throw CausewayError("journal.not_found") }
    if message.state == "received" { try await seal(message) }
    try await settle(id)
  }

  // MARK: Its steps

  private func receive(_ number: Int) async throws(CausewayError) -> MessageID {
    Self.enter(.outboundReceived)
    let now = clock.now()
    // Another one each time: whoever keeps two has two of them.
    let id = SecureRandom.messageID(at: now)
    let document = Self.document(number)
    let message = MessageRecord(
      id: id, direction: .outbound, clearance: Self.clearance(number), kind: "declaration", corridor: "CN-SG", partner: "SG",
      state: "received", details: Array("{}".utf8), created: now)
    let change = Change(operations: [
      .putIdempotency(
        IdempotencyRecord(
          subject: "window", key: "key:\(number)", request: SHA256.hash(document), outcome: Array(id.text.utf8),
          clearance: message.clearance, created: now)),
      .putMessage(message, expecting: .absent), .putPayload(Self.payload("source", of: id, document, at: now)),
    ])
    var known = id
    switch try await commit(change) {
    case .committed: break
    case .conflict(.idempotencyKey(let earlier)):
      guard let first = MessageID(String(decoding: earlier.outcome, as: UTF8.self)) else { throw CausewayError("journal.row_invalid") }
      known = first
    case .conflict: throw CausewayError("journal.conflict")
    }
    tell(.outboundReceived, number, known)
    return known
  }

  private func seal(_ message: MessageRecord) async throws(CausewayError) {
    Self.enter(.outboundSealed)
    let now = clock.now()
    guard let number = Int(message.clearance.dropFirst()) else { throw CausewayError("journal.row_invalid") }
    let wire = Self.document(number) + Array(" on the wire".utf8)
    var sealed = message
    sealed.state = "sealed"
    sealed.header = Array("{\"messageId\":\"\(message.id)\"}".utf8)
    sealed.payloadDigest = SHA256.hash(wire)
    sealed.sequence = 1
    sealed.updated = now
    let change = Change(
      preconditions: [.message(message.id, in: ["received"])],
      operations: [
        .putClearance(Self.clearance(number, side: "export", at: now), expecting: .absent),
        .putMessage(sealed, expecting: .revision(message.revision)), .putPayload(Self.payload("wire", of: message.id, wire, at: now)),
        .enqueue(
          OutboxRecord(
            channel: Self.partner, messageID: message.id, destination: "SG", orderKey: message.clearance, due: now, created: now)),
      ], entries: [Self.draft("declaration.sent", message.id, wire)])
    guard let committed = try await commit(change).committed else { return }
    tell(.outboundSealed, number, message.id, "\(committed.entries[0].index)")
  }

  /// The partner's receipt is there: the same bytes whenever it is asked.
  private func settle(_ id: MessageID) async throws(CausewayError) {
    Self.enter(.outboundReceipted)
    let (found, clearance, delivery) = try await read { reader throws(CausewayError) in
      let message = try reader.message(id)
      return (
        message, try message.flatMap { message throws(CausewayError) in try reader.clearance(message.clearance) },
        try reader.delivery(channel: Self.partner, messageID: id)
      )
    }
    guard let found, var clearance, let delivery else { return }
    let now = clock.now()
    let receipt = Self.partnersReceipt(id)
    let expected = clearance.revision
    clearance.status = "delivered"
    clearance.updated = now
    let change = Change(
      preconditions: [.delivery(delivery.id, attempts: delivery.attempts)],
      operations: [
        .recordReceipt(id, receipt, state: "delivered", at: now), .dequeue(delivery.id),
        .putClearance(clearance, expecting: .revision(expected)),
      ], entries: [Self.draft("receipt.received", id, receipt)])
    guard try await commit(change).committed != nil else { return }
    tell(.outboundReceipted, Int(found.clearance.dropFirst()) ?? -1, id, SHA256.hash(receipt).hex)
  }

  /// Message, clearance, ledger entry and receipt in one transaction; a message that is there gets the receipt that it got.
  private func record(_ number: Int, _ id: MessageID) async throws(CausewayError) {
    Self.enter(.inboundRecorded)
    let now = clock.now()
    let wire = Self.document(number)
    let message = MessageRecord(
      id: id, direction: .inbound, clearance: Self.clearance(number), kind: "declaration", corridor: "SG-CN", partner: "SG",
      businessKey: "SG|\(number)", state: "recorded", header: Array("{\"number\":\(number)}".utf8), payloadDigest: SHA256.hash(wire),
      sequence: 1, details: Array("{}".utf8), created: now)
    let change = Change(
      preconditions: [.messageAbsent(id), .businessKeyFree(.inbound, "SG|\(number)")],
      operations: [
        .putMessage(message, expecting: .absent), .putPayload(Self.payload("wire", of: id, wire, at: now)),
        .putClearance(Self.clearance(number, side: "import", at: now), expecting: .absent),
      ], entries: [Self.draft("declaration.received", id, wire)],
      finish: { recorded, _ in
        let receipt = Array("\(recorded.entries[0].index)\n".utf8) + recorded.checkpoint.note
        return .init(operations: [.recordReceipt(id, receipt, state: "recorded", at: now)], result: receipt)
      })
    let receipt: [UInt8]
    switch try await commit(change) {
    case .committed(let committed): receipt = committed.result
    case .conflict(.message(let known?)): receipt = known.receipt ?? []
    case .conflict: throw CausewayError("journal.conflict")
    }
    tell(.inboundRecorded, number, id, SHA256.hash(receipt).hex)
  }

  private func handOver(_ id: MessageID) async throws(CausewayError) {
    Self.enter(.inboundHandedOver)
    guard let message = try await message(id), message.state == "recorded", let number = Int(message.clearance.dropFirst()) else { return }
    let now = clock.now()
    let change = Change(
      preconditions: [.message(id, in: ["recorded"])],
      operations: [
        .setMessageState(id, "handled", reason: nil, at: now),
        .putPayload(Self.payload("local", of: id, Self.document(number) + Array(" here".utf8), at: now)),
        .putInbox(
          InboxRecord(
            consumer: "local", clearance: message.clearance, kind: "declaration", messageID: id, payloadOwner: id.text,
            payloadKind: "local",
            created: now)),
      ])
    guard try await commit(change).committed != nil else { return }
    tell(.inboundHandedOver, number, id)
  }

  private func acknowledge(_ document: InboxRecord) async throws(CausewayError) {
    Self.enter(.inboxAcknowledged)
    let outcome = try await commit(Change(operations: [.acknowledge(sequence: document.sequence, at: clock.now())]))
    guard outcome.committed != nil, let id = document.messageID else { return }
    tell(.inboxAcknowledged, Int(document.clearance.dropFirst()) ?? -1, id)
  }

  // MARK: How

  /// What may pass is tried again, as a gateway does; what may not is told to whoever started this.
  private func commit(_ change: Change) async throws(CausewayError) -> Change.Outcome {
    try await patiently { () throws(CausewayError) in try await journal.commit(change) }
  }

  private func read<Result: Sendable>(
    _ body: @Sendable (any JournalReader) throws(CausewayError) -> Result
  ) async throws(CausewayError) -> Result {
    try await patiently { () throws(CausewayError) in try await journal.read(body) }
  }

  private func message(_ id: MessageID) async throws(CausewayError) -> MessageRecord? {
    try await read { reader throws(CausewayError) in try reader.message(id) }
  }

  private func patiently<Result>(_ body: () async throws(CausewayError) -> Result) async throws(CausewayError) -> Result {
    var turn = 0
    while true {
      do throws(CausewayError) {
        return try await body()
      } catch {
        turn += 1
        guard turn < 4, ["journal.storage_full", "journal.busy", "journal.unreachable"].contains(error.code) else { throw error }
        print("again \(error.code)")
      }
    }
  }

  private func tell(_ step: Step, _ number: Int, _ id: MessageID, _ fact: String = "-") {
    print("ack \(step.name) \(number) \(id) \(fact)")
    fflush(nil)
  }

  private static func enter(_ step: Step) { faultStep?(step.rawValue) }

  /// The fault library, when it is loaded.
  private static let faultStep: (@convention(c) (UInt32) -> Void)? = {
    guard let symbol = dlsym(nil, "fault_step") else { return nil }
    return unsafeBitCast(symbol, to: (@convention(c) (UInt32) -> Void).self)
  }()

  private static func clearance(_ number: Int) -> String { "c\(number)" }

  private static func clearance(_ number: Int, side: String, at now: Instant) -> ClearanceRecord {
    ClearanceRecord(
      id: clearance(number), ucr: "6CN\(number)", corridor: side == "export" ? "CN-SG" : "SG-CN", side: side, status: "declared",
      state: Array("{\"number\":\(number)}".utf8), created: now)
  }

  private static func document(_ number: Int) -> [UInt8] {
    Array("declaration \(number) ".utf8) + [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: 500 + number * 97 % 3000)
  }

  private static func payload(_ kind: String, of id: MessageID, _ bytes: [UInt8], at now: Instant) -> PayloadRecord {
    PayloadRecord(
      owner: id.text, kind: kind, mediaType: "application/octet-stream", digest: SHA256.hash(bytes), bytes: bytes, created: now)
  }

  private static func draft(_ kind: String, _ id: MessageID, _ payload: [UInt8]) -> EntryDraft {
    EntryDraft(kind: kind, corridor: "CN-SG", messageID: id, payloadDigest: SHA256.hash(payload), actor: "SG")
  }

  private static func partnersID(_ number: Int) -> MessageID {
    MessageID(
      at: Instant(milliseconds: 1_795_000_000_000 + Int64(number)), random: Array(SHA256.hash("partner \(number)").bytes.prefix(10)))
  }

  private static func partnersReceipt(_ id: MessageID) -> [UInt8] { Array("receipt of \(id)".utf8) }
}
