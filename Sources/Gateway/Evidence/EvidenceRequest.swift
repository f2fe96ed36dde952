import Exchange
package import Journal
package import Ledger
package import Primitives
package import Trust

/// What evidence is asked for, and what of it stays here.
package struct EvidenceRequest: Sendable {
  package enum Subject: Sendable {
    case clearance(String)
    case message(MessageID)

    fileprivate var message: MessageID? {
      if case .message(let id) = self { id } else { nil }
    }
  }

  private let subject: Subject
  private let withheld: Set<ByteString>

  /// Besides kinds of documents: the UCR and its salt.
  private static let opening = "subject"

  /// - Parameter withheld: kinds of documents of which only the digest is told; `subject` for the UCR and its salt.
  /// - Throws: `evidence.kind_unknown`.
  package init(_ subject: Subject, without withheld: [String] = []) throws(CausewayError) {
    let known = PayloadKind.allCases.map(\.rawValue) + [Self.opening]
    guard withheld.allSatisfy({ kind in known.contains { kind.hasSameBytes(as: $0) } }) else {
      throw CausewayError("evidence.kind_unknown", facts: ["known": known.joined(separator: ", ")])
    }
    self.subject = subject
    self.withheld = Set(withheld.map { ByteString($0) })
  }

  /// Everything that a journal has about it, with proofs to the newest checkpoint that is final, or, for entries behind that, to the newest one.
  ///
  /// - Parameters:
  ///   - maker: the participant whose journal it is.
  ///   - document: the signed registry document that `registry` was read from.
  /// - Throws: `receive.not_found` when there is no such clearance or message; `config.*` when the registry does not have its parties;
  ///   `journal.*`, `ledger.*`.
  package func evidence(
    from reader: any JournalReader, maker: String, registry: VerifiedRegistry, document: String, at now: Instant
  ) throws(CausewayError) -> Evidence {
    let messages = try messages(reader)
    guard let first = messages.first else { throw CausewayError("receive.not_found") }
    guard let owner = registry.participant(maker) else { throw CausewayError("config.economy_unknown", facts: ["economy": maker]) }
    guard let corridor = registry.corridor(first.corridor) else {
      throw CausewayError("config.corridor_unknown", facts: ["corridor": first.corridor])
    }
    let keyring = try LedgerKeyring(registry)
    let prover = try EntryProver(reader, policy: keyring.policy(of: corridor, log: owner, at: now))
    var opening: (salt: Digest, ucr: String)?
    if !withheld.contains(ByteString(Self.opening)), let record = try reader.clearance(first.clearance), record.erasure == nil {
      let clearance = try Clearance(record)
      opening = Digest(hex: clearance.salt).flatMap { salt in clearance.ucr.map { (salt, $0) } }
    }
    var enclosed: [Evidence.Message] = []
    var timeStamps: [[UInt8]] = []
    var stampedSizes: Set<Int> = []
    for message in messages {
      let entries = try reader.entryIndices(message: message.id).sorted().map { index throws(CausewayError) in try prover.entry(index) }
      let recorded = try entries.map { entry, proof throws(CausewayError) in
        let stamped = try prover.stamped(entry.index)
        if let timestamp = stamped?.timestamp, stampedSizes.insert(timestamp.size).inserted { timeStamps.append(timestamp.token) }
        return try Evidence.RecordedEntry(entry, proof: proof, stamped: stamped?.proof)
      }
      enclosed.append(
        try Evidence.Message(
          id: message.id, state: message.state, header: message.header, signature: String(decoding: message.signature, as: UTF8.self),
          receipt: message.receipt.map { String(decoding: $0, as: UTF8.self) },
          documents: try documents(of: message, entries.map(\.entry), reader),
          entries: recorded))
    }
    return Evidence(
      maker: maker, made: now, clearance: .init(id: first.clearance, corridor: corridor.id, opening: opening),
      message: subject.message, messages: enclosed,
      policy: keyring.policyText(of: corridor, log: owner, at: now), registry: document, timeStamps: timeStamps)
  }

  private func messages(_ reader: any JournalReader) throws(CausewayError) -> [MessageRecord] {
    switch subject {
    case .message(let id): return [try reader.message(id)].compactMap { $0 }
    case .clearance(let id):
      var found: [MessageRecord] = []
      while true {
        let page = try reader.messages(MessageQuery(clearance: id, after: found.last?.position, limit: 1000))
        guard !page.isEmpty else { return found }
        found += page
      }
    }
  }

  /// What is stored of a message, and what is no longer stored and still named.
  private func documents(
    of message: MessageRecord, _ entries: [Entry], _ reader: any JournalReader
  ) throws(CausewayError) -> [Evidence.Document] {
    let stored = try reader.payloads(owner: message.id.text)
    var documents: [Evidence.Document] = []
    for summary in stored {
      let content: Evidence.Document.Content
      if withheld.contains(ByteString(summary.kind)) {
        content = .withheld(summary.digest)
      } else if let payload = try reader.payload(owner: message.id.text, kind: summary.kind) {
        content = .enclosed(payload.bytes, payload.digest)
      } else {
        content = .erased(summary.digest)
      }
      documents.append(Evidence.Document(kind: summary.kind, mediaType: summary.mediaType, content: content))
    }
    func note(_ kind: PayloadKind, _ mediaType: String?, _ digest: Digest?) {
      guard let digest, !documents.contains(where: { $0.kind.hasSameBytes(as: kind.rawValue) }) else { return }
      documents.append(Evidence.Document(kind: kind.rawValue, mediaType: mediaType, content: .erased(digest)))
    }
    if !message.header.isEmpty {
      let payload = try EnvelopeHeader.parse(message.header).payload
      note(.wire, payload.mediaType, payload.sha256)
    }
    for entry in entries {
      let kind = entry.draft.kind
      if ["side.reported", "side.answered", "\(message.kind).refused"].contains(where: { kind.hasSameBytes(as: $0) }) {
        note(.source, nil, entry.draft.payloadDigest)
      } else if kind.hasSameBytes(as: "supplement.answered") {
        note(.local, nil, entry.draft.payloadDigest)
      }
    }
    return documents
  }
}

/// Proves entries to the checkpoint that says most: the newest final one, or the newest one for entries that it does not have yet.
private struct EntryProver {
  private let reader: any JournalReader
  private let final: (size: Int, note: [UInt8])?
  private let newest: (size: Int, note: [UInt8])

  /// - Throws: `ledger.proof_index` when there is no checkpoint.
  init(_ reader: any JournalReader, policy: LogPolicy) throws(CausewayError) {
    guard let stored = try reader.latestCheckpoint() else { throw CausewayError("ledger.proof_index") }
    self.reader = reader
    final = try reader.finalCheckpoint(policy).map { ($0.checkpoint.size, $0.checkpoint.note) }
    newest = (stored.size, stored.note + (try reader.cosignatures(size: stored.size)).flatMap(\.line))
  }

  func entry(_ index: Int) throws(CausewayError) -> (entry: Entry, proof: LogProof) {
    guard let entry = try reader.entry(index) else { throw CausewayError("ledger.proof_index") }
    let checkpoint = final.flatMap { index < $0.size ? $0 : nil } ?? newest
    let inclusion = try reader.inclusionProof(index: index, size: checkpoint.size)
    return (entry, LogProof(index: index, hashes: inclusion.hashes, note: checkpoint.note))
  }

  /// The earliest time-stamp that covers an entry, and the proof to its checkpoint; nil when there is none yet.
  func stamped(_ index: Int) throws(CausewayError) -> (proof: LogProof, timestamp: TimestampRecord)? {
    guard let timestamp = try reader.timestamp(coveringSize: index + 1),
      let stored = try reader.checkpoint(coveringSize: timestamp.size), stored.size == timestamp.size
    else { return nil }
    let inclusion = try reader.inclusionProof(index: index, size: stored.size)
    return (LogProof(index: index, hashes: inclusion.hashes, note: stored.note), timestamp)
  }
}
