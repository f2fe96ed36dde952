import JSONTree
import Primitives
package import Trust

/// Checks an evidence file with nothing but the registry's key.
///
/// - SeeAlso: docs/evidence.md, Checking a file.
package struct EvidenceVerifier {
  private let evidence: Evidence
  private let registry: VerifiedRegistry
  private let keyring: LedgerKeyring
  private let corridor: Corridor
  private let policy: LogPolicy
  /// The same logs and witnesses, without a quorum.
  private let unwitnessed: LogPolicy
  private let acceptsUnwitnessed: Bool
  private let origin: String

  /// - Parameters:
  ///   - keys: the registry's keys, pinned by the caller and never taken from the file.
  ///   - timeStampAuthorities: certification authorities whose time-stamps are believed; nil: signatures of time-stamps are not looked at.
  ///   - acceptsUnwitnessed: takes the log's own signature where its witnesses have not cosigned.
  /// - Returns: what holds, and everything that does not: `evidence.malformed`, `evidence.registry`, `evidence.signature`, `evidence.policy`,
  ///   `evidence.message`, `evidence.envelope`, `evidence.subject`, `evidence.receipt`, `evidence.state`, `evidence.document`,
  ///   `evidence.entry`, `evidence.proof`, `evidence.not_final`, `evidence.timestamp`, `evidence.incomplete`.
  /// - Complexity: O(*n*) in bytes; some 100 µs for each signature.
  package static func verify(
    _ bytes: [UInt8], registryKeys keys: [PublicKey], timeStampAuthorities: [Certificate]? = nil, acceptsUnwitnessed: Bool = false
  ) -> EvidenceReport {
    var report = EvidenceReport()
    guard let (evidence, payload, signature) = read(bytes, &report) else { return report }
    let registry = report.attempt("evidence.registry", "/registry") { () throws(CausewayError) in
      let registry = try Registry.verify(Array(evidence.registry.utf8), keys: keys)
      return (registry, try LedgerKeyring(registry))
    }
    guard let registry else { return report }
    guard let maker = registry.0.participant(evidence.maker) else {
      report.note("evidence.registry", "/by", "unknown")
      return report
    }
    guard let corridor = registry.0.corridor(evidence.clearance.corridor),
      [corridor.from, corridor.to].contains(where: { $0.hasSameBytes(as: maker.id) })
    else {
      report.note("evidence.registry", "/clearance/corridor", "unknown")
      return report
    }
    (report.maker, report.made, report.clearance) = (maker.id, evidence.made, evidence.clearance.id)
    report.registryVersion = registry.0.version
    _ = report.attempt("evidence.signature", "/signature") { () throws(CausewayError) in
      try JWS.verify(signature, detachedPayload: payload, expectedType: Evidence.signatureType) { keyID throws(CausewayError) in
        try registry.0.signingKey(participant: maker.id, keyID: keyID, at: evidence.made)
      }
    }
    if !registry.1.policyText(of: corridor, log: maker, at: evidence.made).hasSameBytes(as: evidence.policy) {
      report.note("evidence.policy", "/policy", "not the registry's")
    }
    EvidenceVerifier(
      evidence: evidence, registry: registry.0, keyring: registry.1, corridor: corridor,
      policy: registry.1.policy(of: corridor, log: maker, at: evidence.made),
      unwitnessed: registry.1.policy(of: corridor, log: maker, at: evidence.made, needsQuorum: false),
      acceptsUnwitnessed: acceptsUnwitnessed, origin: maker.ledger.origin
    ).checkMessages(TimeStampCheck(evidence.timeStamps, authorities: timeStampAuthorities, &report), &report)
    return report
  }

  private static func read(_ bytes: [UInt8], _ report: inout EvidenceReport) -> (Evidence, payload: [UInt8], signature: String)? {
    do throws(CausewayError) {
      let json = try JSONValue.parseCanonical(bytes, limits: Evidence.limits)
      var fields = JSONFields(json)
      let signature = fields.string("signature")
      let evidence = Evidence(reading: &fields)
      let problems = fields.finish()
      guard problems.isEmpty, let signature, let evidence, var object = json.object else { throw CausewayError(problems: problems) }
      object["signature"] = nil
      return (evidence, try JSONValue.object(object).canonical(), signature)
    } catch {
      for problem in error.problems { report.note("evidence.malformed", problem.pointer ?? "", problem.code.rawValue) }
      return nil
    }
  }

  private func checkMessages(_ timeStamps: TimeStampCheck, _ report: inout EvidenceReport) {
    var timeStamps = timeStamps
    var known: Set<MessageID> = []
    var modes: Set<Corridor.Mode> = []
    var numbers: [ByteString: [Int]] = [:]
    for (position, message) in evidence.messages.enumerated() {
      let place = "/messages/\(position)"
      if !known.insert(message.id).inserted { report.note("evidence.message", "\(place)/id", "twice") }
      if let header = check(message, at: place, &timeStamps, &report) {
        numbers[ByteString(header.sender), default: []].append(header.sequence)
        modes.insert(header.mode)
        // One case has one mode, or a test could pass for what it was not.
        if modes.count > 1 { report.note("evidence.envelope", "\(place)/header", "mode") }
      }
    }
    report.mode = modes.count == 1 ? modes.first : nil
    timeStamps.finish(&report)
    guard evidence.message == nil else { return }
    for sequence in numbers.values where sequence.sorted() != Array(1...sequence.count) {
      report.note("evidence.incomplete", "/messages", "sequence")
    }
  }

  /// - Returns: the header, when it holds.
  private func check(
    _ message: Evidence.Message, at place: String, _ timeStamps: inout TimeStampCheck, _ report: inout EvidenceReport
  ) -> EvidenceHeader? {
    let header = message.envelope.flatMap { envelope in
      report.attempt("evidence.envelope", place + "/header") { () throws(CausewayError) in
        let header = try EvidenceHeader(envelope.header, signature: envelope.signature, registry: registry)
        try check(header, isOf: message)
        return header
      }
    }
    if let header, let opening = evidence.clearance.opening {
      let commitment = SHA256.hash(Array("causeway/ucr/v1\n".utf8) + opening.salt.bytes + Array(opening.ucr.utf8))
      if commitment != header.commitment { report.note("evidence.subject", place + "/header", "ucrCommitment") }
    }
    let receipt = header.flatMap { header in
      message.receipt.flatMap { compact in
        report.attempt("evidence.receipt", place + "/receipt") { () throws(CausewayError) in
          try EvidenceReceipt(compact, for: header, registry: registry, keyring: keyring)
        }
      }
    }
    let entries = checkEntries(of: message, header, at: place, &timeStamps, &report)
    let documents = checkDocuments(of: message, header, entries, at: place, &report)
    report.messages.append(
      .init(
        id: message.id, state: message.state, documents: documents,
        entries: entries.filter(\.isProven).map { ($0.entry.draft.kind, $0.entry.index) }))
    // What did not verify has been told; a state is judged by what did.
    let isReadable = (header == nil) == (message.envelope == nil) && (receipt == nil) == (message.receipt == nil)
    guard isReadable || (message.envelope == nil && message.receipt != nil) else { return header }
    checkState(of: message, header, receipt, entries.map(\.entry), at: place, &report)
    return header
  }

  private func check(_ header: EvidenceHeader, isOf message: Evidence.Message) throws(CausewayError) {
    func require(_ holds: Bool, _ member: String) throws(CausewayError) {
      if !holds { throw CausewayError("evidence.envelope", facts: ["reason": member]) }
    }
    try require(header.messageID == message.id, "messageId")
    try require(header.clearance.hasSameBytes(as: evidence.clearance.id), "clearance")
    try require(header.corridor.hasSameBytes(as: corridor.id), "corridor")
    let ends = [ByteString(corridor.from), ByteString(corridor.to)]
    let parties = [ByteString(header.sender), ByteString(header.recipient)]
    try require(parties == ends || parties == ends.reversed(), "sender")
  }

  private func checkDocuments(
    of message: Evidence.Message, _ header: EvidenceHeader?, _ entries: [CheckedEntry], at place: String, _ report: inout EvidenceReport
  ) -> [EvidenceReport.Document] {
    let recorded = Set(entries.filter(\.isProven).compactMap(\.entry.draft.payloadDigest))
    let hasWire = message.documents.contains { $0.kind.hasSameBytes(as: "wire") }
    if hasWire != (message.envelope != nil) { report.note("evidence.document", place + "/documents", "wire") }
    return message.documents.enumerated().map { position, document in
      let isWire = document.kind.hasSameBytes(as: "wire")
      var flaw: String?
      if case .enclosed(let bytes, let digest) = document.content {
        if SHA256.hash(bytes) != digest { flaw = "sha256" }
        if isWire, let header, bytes.count != header.payloadSize { flaw = "size" }
      }
      if isWire, let header, document.digest != header.payload { flaw = "payload" }
      if let flaw { report.note("evidence.document", "\(place)/documents/\(position)", flaw) }
      let isSigned = isWire && header?.payload == document.digest
      return .init(
        kind: document.kind, status: document.status,
        warrant: flaw == nil && isSigned ? .envelope : flaw == nil && recorded.contains(document.digest) ? .ledger : .maker)
    }
  }

  private struct CheckedEntry {
    let entry: Entry
    let isProven: Bool
  }

  /// The entries that hold; those whose proof holds too are marked.
  private func checkEntries(
    of message: Evidence.Message, _ header: EvidenceHeader?, at place: String, _ timeStamps: inout TimeStampCheck,
    _ report: inout EvidenceReport
  ) -> [CheckedEntry] {
    var found: [CheckedEntry] = []
    var last = -1
    for (position, recorded) in message.entries.enumerated() {
      let place = "\(place)/entries/\(position)"
      let entry = report.attempt("evidence.entry", place + "/entry") { () throws(CausewayError) in
        let entry = try Entry(parsing: try recorded.json.canonical())
        try check(entry, isOf: message, header)
        guard entry.index == recorded.proof.index, entry.index > last else { throw Self.wrong("index") }
        return entry
      }
      if let entry { last = entry.index }
      let final = report.attempt("evidence.proof", place + "/proof") { () throws(CausewayError) in
        try recorded.proof.verify(entry: try recorded.json.canonical(), policy: unwitnessed)
      }
      if let final {
        if !report.checkpoints.contains(final) { report.checkpoints.append(final) }
        if !acceptsUnwitnessed, !policy.isMet(by: final.cosignatures) {
          report.note("evidence.not_final", place + "/proof", "\(final.cosignatures.count) cosignatures")
        }
      }
      if let stamped = recorded.stamped {
        _ = report.attempt("evidence.timestamp", place + "/stamped") { () throws(CausewayError) in
          guard stamped.index == recorded.proof.index else { throw TimeStampCheck.wrong("index") }
          try timeStamps.check(stamped, of: try recorded.json.canonical(), origin: origin)
        }
      }
      if let entry { found.append(CheckedEntry(entry: entry, isProven: final != nil)) }
    }
    return found
  }

  private func check(_ entry: Entry, isOf message: Evidence.Message, _ header: EvidenceHeader?) throws(CausewayError) {
    let draft = entry.draft
    guard draft.messageID == message.id else { throw Self.wrong("message") }
    func has(_ member: String, _ digest: Digest) -> Bool { draft.extra[member]?.string?.hasSameBytes(as: digest.hex) ?? false }
    let isReceipt = draft.kind.hasSameBytes(as: "receipt.received")
    let kind = EvidenceHeader.kinds.first { kind in ["sent", "received"].contains { draft.kind.hasSameBytes(as: "\(kind).\($0)") } }
    // Other kinds speak of the message, and some of somebody else's that has its id.
    guard isReceipt || kind != nil else { return }
    guard let header else { throw Self.wrong("kind") }
    guard draft.payloadDigest == header.payload else { throw Self.wrong("payload") }
    if isReceipt {
      guard let receipt = message.receipt, has("receipt", SHA256.hash(Array(receipt.utf8))) else { throw Self.wrong("receipt") }
    } else {
      guard kind?.hasSameBytes(as: header.kind) ?? false else { throw Self.wrong("kind") }
      guard draft.subject == header.commitment else { throw Self.wrong("subject") }
      guard draft.corridor?.hasSameBytes(as: header.corridor) ?? false else { throw Self.wrong("corridor") }
      guard has("envelope", header.digest) else { throw Self.wrong("envelope") }
    }
  }

  private static func wrong(_ member: String) -> CausewayError { CausewayError("evidence.entry", facts: ["reason": member]) }

  /// Whether the state fits what is signed, and the entries that it requires are there.
  private func checkState(
    of message: Evidence.Message, _ header: EvidenceHeader?, _ receipt: EvidenceReceipt?, _ entries: [Entry], at place: String,
    _ report: inout EvidenceReport
  ) {
    let isSender = header?.sender.hasSameBytes(as: evidence.maker)
    let fits: Bool
    switch (message.state, isSender, receipt?.isAccepted) {
    case (let state, nil, nil): fits = ["received", "refused", "dead"].contains { state.hasSameBytes(as: $0) } && message.receipt == nil
    case (let state, true?, nil): fits = ["sealed", "dead"].contains { state.hasSameBytes(as: $0) }
    case (let state, true?, true?): fits = state.hasSameBytes(as: "delivered")
    case (let state, true?, false?): fits = state.hasSameBytes(as: "refused_by_partner")
    case (let state, false?, true?): fits = ["recorded", "handled", "dead"].contains { state.hasSameBytes(as: $0) }
    case (let state, false?, false?): fits = state.hasSameBytes(as: "turned_away")
    default: fits = false
    }
    guard fits else { return report.note("evidence.state", place + "/state", "does not fit header and receipt") }
    guard let header, let isSender else { return }
    func isThere(_ kind: String, at index: Int? = nil, naming envelope: Digest? = nil) -> Bool {
      entries.contains { entry in
        entry.draft.kind.hasSameBytes(as: kind) && (index == nil || entry.index == index)
          && (envelope.map { entry.draft.payloadDigest == header.payload && entry.draft.extra["envelope"] == .string($0.hex) } ?? true)
      }
    }
    let isComplete =
      switch (isSender, receipt?.isAccepted) {
      case (true, nil): isThere("\(header.kind).sent")
      case (true, _): isThere("\(header.kind).sent") && isThere("receipt.received")
      case (false, false?): isThere("message.refused", at: receipt?.index, naming: header.digest)
      case (false, _): isThere("\(header.kind).received", at: receipt?.index)
      }
    if !isComplete { report.note("evidence.incomplete", place + "/entries", "entry") }
  }
}
