import Declarations
import Exchange
import Formats
import JSONTree
import Journal
import Ledger
import Policy
import Primitives
import Translation
import Trust

/// The steps of the message path one by one, each beside the raw library calls that do the same to the same bytes.
struct Stages {
  /// One line of the table.
  struct Row: Sendable {
    let name: String
    let cost: Comparison
    /// What the floor consists of.
    let floor: String
  }

  let input: BenchInput
  let pace: Pace
  let translator: Translator
  let local: Profile
  let wire: Profile
  /// What the partner's economy declares in.
  let partner: Profile
  let policy: ReleasePolicy
  let schema: RawXML.Schema
  let crypto: RawCrypto
  let identity: Identity

  /// Who seals and who verifies.
  struct Identity {
    let signingKey: PrivateKey
    let keyID: String
    let verifier: EnvelopeVerifier
    let peer: AuthenticatedPeer
  }

  /// What one declaration is at each step: what the following steps take.
  struct Steps {
    let document: Document
    let valid: ValidDocument
    let released: Declaration
    let translation: Translation
    /// What travels.
    let payload: [UInt8]
  }

  /// - Throws: what the declaration is refused with.
  func steps() throws(CausewayError) -> Steps {
    let document = try translator.parse(input.bytes, as: local)
    let valid = try translator.validate(document, as: local)
    let released = try policy.release(valid.declaration).declaration
    let translation = try translator.write(valid, released: released, to: wire)
    return Steps(document: document, valid: valid, released: released, translation: translation, payload: try translation.bytes())
  }

  // MARK: The translation wing

  func translationRows(_ steps: Steps) throws -> [Row] {
    let (translator, local, wire, bytes) = (translator, local, wire, input.bytes)
    let tree = try RawXML.Tree(bytes)
    let written = try RawXML.Tree(steps.payload)
    let checked = try translator.check(steps.document, as: local)
    func row(_ name: String, _ floor: String, _ candidate: () throws -> Void, _ raw: () throws -> Void) throws -> Row {
      Row(name: name, cost: try Stopwatch.compare(pace, candidate, floor: raw), floor: floor)
    }
    return [
      try row("parse", "libxml2 parse") {
        consume(try translator.parse(bytes, as: local))
      } _: {
        try RawXML.parseAndFree(bytes)
      },
      try row("validate", "libxml2 schema validation of the tree") {
        consume(try translator.check(steps.document, as: local))
      } _: {
        consume(try schema.validate(tree))
      },
      // The rules across fields look at what was read, and are part of this row.
      try row("read", "libxml2 parse") {
        consume(try translator.read(checked))
      } _: {
        try RawXML.parseAndFree(bytes)
      },
      try row("write", "libxml2 serialise of the written document") {
        let translation = try translator.write(steps.valid, released: steps.released, to: wire)
        consume(try translation.bytes())
        // Both are kept with the message.
        consume(translation.report.serialized())
        consume(translation.complement?.serialized())
      } _: {
        try written.dumpAndFree()
      },
      try row("serialise alone", "libxml2 serialise of the written document") {
        consume(try steps.translation.bytes())
      } _: {
        try written.dumpAndFree()
      },
    ]
  }

  // MARK: From one economy's format into another's

  static let corridorRow = "CN → SG with report"

  /// A declaration of one economy as a draft in another's format, with the report: parsed, checked, read, mirrored, written, checked again.
  ///
  /// - Parameter stylesheet: makes the same draft; nil: the machine has no libxslt.
  /// - Throws: `bench.raw_call` when the drafts are not the same.
  func corridorRows(stylesheet: RawXSLT?, partnerSchema: RawXML.Schema) throws -> [Row] {
    let bytes = input.bytes
    func translate(_ options: Translator.Options) throws(CausewayError) -> Translation {
      try translator.write(try translator.validate(try translator.parse(bytes, as: local), as: local), to: partner, options: options)
    }
    /// What a stylesheet makes as well: the report is made when it is asked for.
    func draft() throws { consume(try translate(.init(makesComplement: false)).bytes()) }
    func plain() throws {
      let translation = try translate(.init(makesComplement: false))
      consume(try translation.bytes())
      consume(translation.report.serialized())
    }
    func whole() throws {
      let translation = try translate(.init())
      consume(try translation.bytes())
      consume(translation.report.serialized())
      consume(translation.complement?.serialized())
      consume(translation.supplement.json.serialized())
    }
    func raw() throws {
      let tree = try RawXML.Tree(bytes)
      consume(try schema.validate(tree))
      consume(try schema.validate(tree))
      try tree.dumpAndFree()
    }
    let floor = "libxml2 parse, two schema validations, serialise"
    var rows = [
      Row(name: Self.corridorRow, cost: try Stopwatch.compare(pace, plain, floor: raw), floor: floor),
      Row(name: "… complement, supplement", cost: try Stopwatch.compare(pace, whole, floor: raw), floor: floor),
    ]
    if let stylesheet, try isSameDraft(stylesheet, try translate(.init(makesComplement: false))) {
      func transform() throws {
        let tree = try RawXML.Tree(bytes)
        consume(try schema.validate(tree))
        let draft = try stylesheet.transform(tree)
        consume(try partnerSchema.validate(draft))
        try draft.dumpAndFree()
      }
      let floor = "libxml2 parse, validate, libxslt transform, validate, serialise"
      rows.append(Row(name: "CN → SG beside XSLT", cost: try Stopwatch.compare(pace, plain, floor: transform), floor: floor))
      rows.append(Row(name: "… without report", cost: try Stopwatch.compare(pace, draft, floor: transform), floor: floor))
    }
    return rows
  }

  /// The stylesheet is written for the small declaration: for what it does not know it is no measure.
  private func isSameDraft(_ stylesheet: RawXSLT, _ translation: Translation) throws(CausewayError) -> Bool {
    let draft = try stylesheet.transform(try RawXML.Tree(input.bytes)).bytes()
    return try translator.parse(draft, as: partner).isEquivalent(to: try translator.parse(try translation.bytes(), as: partner))
  }

  /// Most memory that a translation takes at a time, the declaration's own bytes not counted.
  func peakMemory() throws -> Int {
    try Memory.peak {
      let valid = try translator.validate(try translator.parse(input.bytes, as: local), as: local)
      let translation = try translator.write(valid, to: partner, options: .init(makesComplement: false))
      consume(try translation.bytes())
      consume(translation.report.serialized())
    }
  }

  // MARK: The trust wing

  func trustRows(_ payload: [UInt8]) throws -> [Row] {
    let now = SystemClock().now()
    let sealed = try seal(payload, at: now)
    let received = try ReceivedEnvelope(field: { name in sealed.fields.filter { $0.name == name }.map(\.value) }, body: payload)
    let sign = try Stopwatch.compare(pace) {
      consume(try seal(payload, at: now))
    } floor: {
      try crypto.sign(payload)
    }
    let verify = try Stopwatch.compare(pace) {
      guard case .accepted(let envelope) = identity.verifier.verify(received, from: identity.peer, at: now) else {
        throw CausewayError("bench.not_delivered", facts: ["state": "refused"])
      }
      consume(envelope)
    } floor: {
      try crypto.verify(payload)
    }
    return [
      Row(name: "sign", cost: sign, floor: "SHA-256 and ECDSA P-256 sign"),
      Row(name: "verify", cost: verify, floor: "SHA-256 and ECDSA P-256 verify"),
    ]
  }

  private func seal(_ payload: [UInt8], at now: Instant) throws(CausewayError) -> SealedEnvelope {
    let salt = UCRCommitment.Salt.random()
    let header = EnvelopeHeader(
      messageID: SecureRandom.messageID(at: now), kind: .declaration, corridor: "CN-SG", sender: "CN", recipient: "SG",
      clearance: .random(),
      ucrCommitment: UCRCommitment(ucr: "6CN0000000000", salt: salt).digest, created: now, expires: now.adding(seconds: 3600), sequence: 1,
      revision: 1,
      payload: PayloadDescription(mediaType: "application/xml", size: payload.count, sha256: SHA256.hash(payload), fieldsRoot: nil),
      policy: VersionedName(id: policy.id, version: policy.version), profile: VersionedName(id: wire.id, version: wire.version),
      purpose: policy.purpose, mode: .test)
    return try SealedEnvelope.seal(header, payload: payload, salt: salt, keyID: identity.keyID, key: identity.signingKey)
  }

  // MARK: The ledger

  /// A ledger entry with the payload that it names, durable: one at a time, and many that wait for the same commit. Costs are per entry.
  func ledgerRows(_ payload: [UInt8], journal: Journal, floor: RawSQLite) async throws -> [Row] {
    // What a group holds at most decides how many large payloads go together.
    let batch = max(4, min(64, (8 << 20) / payload.count))
    let digest = SHA256.hash(payload)
    let entry = try Self.entryBytes(digest)
    let slow = Pace(seconds: pace.seconds, rounds: pace.rounds.lowerBound...400, warmUp: pace.warmUp)
    let single = try await Stopwatch.compareWaiting(slow) {
      try await append(payload, digest, to: journal)
    } floor: {
      try floor.store(entry, payload)
    }
    let many = try await Stopwatch.compareWaiting(slow) {
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<batch { group.addTask { try await Self.append(payload, digest, to: journal) } }
        try await group.waitForAll()
      }
    } floor: {
      try floor.store(entry, payload, count: batch)
    }
    return [
      Row(name: "ledger append", cost: single, floor: "SQLite insert of the same bytes, synchronous=FULL"),
      Row(
        name: "ledger append, \(batch) at once", cost: many.divided(by: batch),
        floor: "\(batch) SQLite inserts in one commit, synchronous=FULL"),
    ]
  }

  private func append(_ payload: [UInt8], _ digest: Digest, to journal: Journal) async throws {
    try await Self.append(payload, digest, to: journal)
  }

  private static func append(_ payload: [UInt8], _ digest: Digest, to journal: Journal) async throws {
    let now = SystemClock().now()
    let id = SecureRandom.messageID(at: now)
    let record = PayloadRecord(
      owner: id.text, kind: "wire", mediaType: "application/xml", digest: digest, bytes: payload, clearance: "bench", created: now)
    let outcome = try await journal.commit(Change(operations: [.putPayload(record)], entries: [draft(id, digest)]))
    guard outcome.committed != nil else { throw CausewayError("bench.not_delivered", facts: ["state": "conflict"]) }
  }

  private static func draft(_ id: MessageID, _ digest: Digest) -> EntryDraft {
    EntryDraft(
      kind: "declaration.sent", corridor: "CN-SG", subject: digest, messageID: id, payloadDigest: digest, actor: "CN",
      versions: ["policy": "cn-sg-clearance/1", "profile": "uncefact.xml/d23b", "registry": "1"], extra: ["envelope": .string(digest.hex)])
  }

  /// An entry's bytes as the ledger keeps them.
  private static func entryBytes(_ digest: Digest) throws(CausewayError) -> [UInt8] {
    let now = SystemClock().now()
    return try Entry(draft(SecureRandom.messageID(at: now), digest), index: 1000, now: now, notBefore: nil, previous: digest).bytes
  }
}
