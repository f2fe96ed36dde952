import Journal
import Ledger
import Primitives
import Trust

/// What must hold of a journal after everything that may happen to it: nothing promised is lost, nothing has taken effect twice, every receipt is
/// provable, the ledger is sound.
struct JournalInvariants: Sendable {
  let promises: [Promise]
  let key: VerifierKey
  /// Whether a life without faults has come to its end: then nothing is left to do either.
  let isFinished: Bool

  func violations(_ reader: any JournalReader) throws(CausewayError) -> [String] {
    let report = try reader.auditLedger(origin: key.name, keys: [key])
    // Nothing else can be asked of it then.
    guard report.isSound else { return ["the ledger is not sound: \(report.findings)"] }
    var found: [String] = []
    let messages = try all(reader)
    let entries = try entries(reader)
    found += try lost(reader, messages, entries)
    found += try doubled(reader, messages, entries)
    for message in messages.values {
      guard let receipt = message.receipt, message.direction == .inbound else { continue }
      do throws(CausewayError) {
        try prove(receipt, of: message, reader)
      } catch {
        found.append("\(message.id): its receipt is not proven: \(error)")
      }
    }
    if isFinished {
      for message in messages.values where !["delivered", "handled"].contains(message.state) {
        found.append("\(message.id): \(message.state), and nothing is left to do")
      }
      if try reader.deliveryCount(channel: "partner.SG", dead: false) > 0 { found.append("deliveries are left") }
      let waiting = try reader.inbox(consumer: "local", after: 0, clearance: nil, acknowledged: false, limit: 10)
      if !waiting.isEmpty { found.append("documents wait") }
    }
    return found
  }

  private typealias Entries = [String: [(index: Int, kind: String, payload: Digest?)]]

  private func all(_ reader: any JournalReader) throws(CausewayError) -> [String: MessageRecord] {
    var messages: [String: MessageRecord] = [:]
    var after: Int64 = 0
    while true {
      let page = try reader.messages(MessageQuery(after: after, limit: 1000))
      for message in page { messages[message.id.text] = message }
      guard let last = page.last else { return messages }
      after = last.position
    }
  }

  private func entries(_ reader: any JournalReader) throws(CausewayError) -> Entries {
    var entries: Entries = [:]
    try reader.eachEntry(from: 0, limit: 1_000_000) { stored throws(CausewayError) in
      let draft = try Entry(parsing: stored.bytes).draft
      entries[draft.messageID?.text ?? "", default: []].append((stored.index, draft.kind, draft.payloadDigest))
    }
    return entries
  }

  private func lost(
    _ reader: any JournalReader, _ messages: [String: MessageRecord], _ entries: Entries
  ) throws(CausewayError) -> [String] {
    var found: [String] = []
    for promise in promises {
      func miss(_ what: String) { found.append("\(promise.step) of \(promise.number), \(promise.id): \(what)") }
      guard let message = messages[promise.id.text] else {
        miss("no such message")
        continue
      }
      let ofMessage = entries[promise.id.text] ?? []
      switch promise.step {
      case "outbound.received":
        let known = try reader.idempotency(subject: "window", key: "key:\(promise.number)")
        if known.map({ String(decoding: $0.outcome, as: UTF8.self) }) != promise.id.text { miss("its key leads elsewhere") }
        if try reader.payload(owner: promise.id.text, kind: "source") == nil { miss("no document") }
      case "outbound.sealed":
        if !ofMessage.contains(where: { $0.kind == "declaration.sent" && "\($0.index)" == promise.fact }) { miss("no entry there") }
        if try reader.payload(owner: promise.id.text, kind: "wire")?.digest != message.payloadDigest { miss("another payload") }
      case "outbound.receipted":
        if message.receipt.map({ SHA256.hash($0).hex }) != promise.fact { miss("another receipt") }
        if !ofMessage.contains(where: { $0.kind == "receipt.received" }) { miss("no entry of the receipt") }
      case "inbound.recorded":
        if message.receipt.map({ SHA256.hash($0).hex }) != promise.fact { miss("another receipt") }
        if try reader.payload(owner: promise.id.text, kind: "wire")?.digest != message.payloadDigest { miss("another payload") }
      case "inbound.handed_over":
        if message.state != "handled" { miss("not handed over") }
        if try documents(of: message, reader).isEmpty { miss("no document for the local side") }
      case "inbox.acknowledged":
        if try documents(of: message, reader).contains(where: { $0.acknowledged == nil }) { miss("not acknowledged") }
      default: miss("no such step")
      }
    }
    return found
  }

  private func doubled(
    _ reader: any JournalReader, _ messages: [String: MessageRecord], _ entries: Entries
  ) throws(CausewayError) -> [String] {
    var found: [String] = []
    // Each submission, and each message of the partner's, has a clearance of its own here.
    for (clearance, alike) in Dictionary(grouping: messages.values, by: \.clearance) where alike.count > 1 {
      found.append("\(clearance): \(alike.count) messages for one submission")
    }
    for (id, ofMessage) in entries {
      for (kind, alike) in Dictionary(grouping: ofMessage, by: \.kind) where alike.count > 1 {
        found.append("\(id): \(kind) at \(alike.map(\.index))")
      }
      if messages[id] == nil { found.append("\(id): an entry without its message") }
    }
    for message in messages.values {
      let documents = try documents(of: message, reader)
      if documents.count > 1 { found.append("\(message.id): handed over \(documents.count) times") }
      let (isSealed, isSent) = (!message.header.isEmpty, entries[message.id.text] != nil)
      if isSealed != isSent { found.append("\(message.id): sealed without its entry, or the other way round") }
      let isOwed = try reader.delivery(channel: "partner.SG", messageID: message.id) != nil
      if isOwed != (message.state == "sealed") {
        found.append("\(message.id): \(message.state), and its delivery is \(isOwed ? "" : "not ")owed")
      }
    }
    return found
  }

  private func documents(of message: MessageRecord, _ reader: any JournalReader) throws(CausewayError) -> [InboxRecord] {
    var documents: [InboxRecord] = []
    for isAcknowledged in [false, true] {
      documents += try reader.inbox(consumer: "local", after: 0, clearance: message.clearance, acknowledged: isAcknowledged, limit: 10)
    }
    return documents
  }

  /// The receipt names an entry and a signed checkpoint: the entry is the message's, is under that checkpoint, and the ledger leads to it.
  private func prove(_ receipt: [UInt8], of message: MessageRecord, _ reader: any JournalReader) throws(CausewayError) {
    let line = receipt.prefix { $0 != 0x0A }
    guard let index = Int(String(decoding: line, as: UTF8.self)), let entry = try reader.entries(from: index, limit: 1).first else {
      throw CausewayError("journal.not_found")
    }
    let checkpoint = try SignedCheckpoint.verify(Array(receipt.dropFirst(line.count + 1)), origin: key.name, keys: [key])
    let draft = try Entry(parsing: entry.bytes).draft
    guard draft.messageID == message.id, draft.payloadDigest == message.payloadDigest, draft.kind == "declaration.received" else {
      throw CausewayError("ledger.proof_mismatch")
    }
    try reader.inclusionProof(index: index, size: checkpoint.size).verify(entry: entry.bytes, in: checkpoint)
  }
}
