import Declarations
import Exchange
import Foundation
import JSONTree
import Journal
import Primitives
import Testing
import Translation
import Trust

@testable import Gateway
@testable import Ledger

@Suite struct DisclosureTests {
  private static let profiles = Economies.shared.profiles

  private func disclosure(
    of message: String, _ elements: [String], at economy: String, _ world: World
  ) async throws -> Disclosure {
    let request = DisclosureRequest(
      message: try #require(MessageID(message)), choices: try elements.map { try DisclosureRequest.Choice($0) })
    return try await world[economy].journal.read { reader throws(CausewayError) in
      try request.disclosure(from: reader, profiles: Self.profiles).disclosure
    }
  }

  private func policy(_ economy: String) throws -> LogPolicy {
    let party = Economies.shared[economy]
    return LogPolicy(log: [try CheckpointSigner(origin: party.origin, key: party.ledgerKey).verifierKey])
  }

  private func fields(of message: String, at economy: String, _ world: World) async throws -> [String: String] {
    let entries = try await world.entries(at: economy).filter { $0.draft.messageID?.text == message }
    return Dictionary(entries.map { ($0.draft.kind, $0.draft.fieldsRoot?.hex ?? "") }) { first, _ in first }
  }

  @Test func bothLedgersHaveTheRootAndEitherSideDiscloses() async throws {
    let world = try await World()
    let declared = try await world.declare()
    try await world.run()
    let amended = try await world.amend(declared.clearanceID, 2)
    try await world.run()
    for (message, kind) in [(declared.messageID, "declaration"), (amended.messageID, "amendment")] {
      let sent = try await fields(of: message, at: "CN", world)
      let received = try await fields(of: message, at: "SG", world)
      let root = try #require(sent["\(kind).sent"])
      #expect(root.utf8.count == 64)
      #expect(received == ["\(kind).received": root])
      for economy in ["CN", "SG"] {
        let file = try await disclosure(of: message, ["Declaration.LRN", "Commodity.HS6@1"], at: economy, world).bytes
        let verified = try Disclosure(parsing: file).verify(by: try policy(economy))
        #expect(verified.entry.draft.kind == (economy == "CN" ? "\(kind).sent" : "\(kind).received"))
        #expect(verified.fields.map(\.name) == ["Declaration.LRN", "Commodity.HS6[1]"])
        #expect(verified.fields.allSatisfy { $0.value?.isEmpty == false })
        #expect(verified.elements.contains { $0.id == "Declaration.OfficeID" && $0.withheld == 1 && $0.isMandatory })
        #expect(throws: CausewayError.self) { try Disclosure(parsing: file).verify(by: try policy(economy == "CN" ? "SG" : "CN")) }
      }
    }
    // Statuses commit to no fields; nothing was refused.
    for economy in ["CN", "SG"] {
      let entries = try await world.entries(at: economy)
      #expect(entries.contains { $0.draft.kind.hasPrefix("status.") && $0.draft.fieldsRoot == nil })
      #expect(!entries.contains { $0.draft.kind == "fields.refused" })
      #expect(try await world.isSound(economy))
    }
  }

  /// A sender that commits to other values than it sent has the receiver's word against it, on both ledgers.
  @Test func aRootOfOtherFieldsIsRefused() async throws {
    let world = try await World()
    let declared = try await world.declare()
    let envelope = try await world.envelope(of: declared.messageID)
    let payload = envelope.header.payload
    let header = envelope.header.with(
      payload: PayloadDescription(
        mediaType: payload.mediaType, size: payload.size, sha256: payload.sha256, fieldsRoot: SHA256.hash("other fields")))
    let forged = try sealed(header, payload: envelope.payload, salt: envelope.salt, fieldsSecret: envelope.fieldsSecret)
    #expect(try content(of: try await world.line.carry(forged, from: "CN", to: "SG"))["outcome"]?.string == "accepted")
    _ = try await world.sg.translateRecorded()
    #expect(try await world.clearance(declared.clearanceID, at: "SG").import?.status == .refused)
    let refused = try #require(try await world.entries(at: "SG").first { $0.draft.kind == "fields.refused" })
    #expect(refused.draft.messageID?.text == declared.messageID)
    #expect(refused.draft.reasons == ["verify.fields_root"])
    // The receiver does not disclose what it did not read so, and the sender hears why.
    await #expect(throws: CausewayError("disclose.root_mismatch")) {
      try await disclosure(of: declared.messageID, ["Declaration.LRN"], at: "SG", world)
    }
    let status = try #require(try await world.messages(at: "SG").first { $0.kind == "status" })
    let said = try statusSaid(in: try await world.envelope(of: status.id.text, at: "SG").payload)
    #expect(said.reasons.map(\.code) == ["verify.fields_root"])
  }

  @Test func aRootAndItsSecretComeTogether() async throws {
    let world = try await World()
    let declared = try await world.declare()
    let envelope = try await world.envelope(of: declared.messageID)
    let received = ReceivedEnvelope(envelope)
    let without = ReceivedEnvelope(
      headerBytes: received.headerBytes, signature: received.signature, salt: received.salt, contentType: received.contentType,
      payload: received.payload)
    #expect(try reasons(of: try await world.line.carry(without, from: "CN", to: "SG")) == ["verify.fields_salt"])
  }

  /// A wrong secret cannot be told from a wrong root: the message is refused, never silently without proof.
  @Test func anotherSecretIsRefused() async throws {
    let world = try await World()
    let declared = try await world.declare()
    let received = ReceivedEnvelope(try await world.envelope(of: declared.messageID))
    let other = ReceivedEnvelope(
      headerBytes: received.headerBytes, signature: received.signature, salt: received.salt, fieldsSecret: .random(),
      contentType: received.contentType, payload: received.payload)
    _ = try await world.line.carry(other, from: "CN", to: "SG")
    _ = try await world.sg.translateRecorded()
    #expect(try await world.clearance(declared.clearanceID, at: "SG").import?.status == .refused)
    #expect(try await world.entries(at: "SG").contains { $0.draft.kind == "fields.refused" })
  }

  @Test func afterErasureNothingIsDisclosedAndWhatWasStaysProven() async throws {
    let world = try await World()
    let declared = try await world.declare()
    try await world.run()
    let file = try await disclosure(of: declared.messageID, ["Declaration.LRN"], at: "CN", world).bytes
    for (economy, kind) in [("CN", "fields"), ("SG", "wire")] {
      _ = try await world[economy].journal.commit(Change(operations: [.erasePayload(owner: declared.messageID, kind: kind)]))
      await #expect(throws: CausewayError("disclose.erased")) {
        try await disclosure(of: declared.messageID, ["Declaration.LRN"], at: economy, world)
      }
    }
    _ = try Disclosure(parsing: file).verify(by: try policy("CN"))
    #expect(try await world.isSound("CN"))
  }

  /// A secret that is gone before the message went out: the delivery is given up and shown, not sent without.
  @Test func nothingIsSentWithoutItsSecret() async throws {
    let world = try await World()
    let declared = try await world.declare()
    _ = try await world.cn.journal.commit(Change(operations: [.erasePayload(owner: declared.messageID, kind: "fields")]))
    try await world.run(rounds: 3)
    #expect(try await world.message(declared.messageID, at: "CN").state == "dead")
    #expect(try await world.messages(at: "SG").isEmpty)
  }

  @Test func whatIsAskedForIsThere() async throws {
    let world = try await World()
    let declared = try await world.declare()
    try await world.run()
    for elements in [["Declaration.Nonsense"], ["Commodity.HS6@2"], ["Declaration.LRN@1"], ["Declaration.LRN", "Seal.ID"]] {
      await #expect(throws: CausewayError("disclose.element_absent"), "\(elements)") {
        try await disclosure(of: declared.messageID, elements, at: "CN", world)
      }
    }
    await #expect(throws: CausewayError("disclose.choice_form")) { try await disclosure(of: declared.messageID, [], at: "CN", world) }
    for text in ["", "@1", "A.B@", "A.B@0", "A.B@x", "A.B@1@2", "A.B@1..2"] {
      #expect(throws: CausewayError("disclose.choice_form"), "\(text)") { try DisclosureRequest.Choice(text) }
    }
    let status = try #require(try await world.messages(at: "SG").first { $0.kind == "status" })
    await #expect(throws: CausewayError("disclose.not_committed")) {
      try await disclosure(of: status.id.text, ["Status.Code"], at: "SG", world)
    }
    // The secret is no document of the message for the local side.
    #expect(try await world.cn.message(declared.messageID, waitSeconds: 0)["documents"]?.array?.contains("fields") == false)
    await #expect(throws: CausewayError("receive.not_found")) { try await world.cn.document(of: declared.messageID, kind: "fields") }
  }

  /// Three elements of one goods item, or of the declaration, out of 50 items, from a ledger of a thousand entries whose checkpoint two
  /// witnesses have cosigned: under 4096 bytes.
  @Test(arguments: [
    ["Commodity.HS6@7", "Origin.CountryCode@7", "InvoiceLine.ItemChargeAmount@7"],
    ["GoodsItem.SequenceNumeric@33", "StatutoryQuantity.Value@33", "Commodity.Description.Latin@33"],
    ["Declaration.LRN", "Declaration.TotalGrossMassMeasure", "BorderTransportMeans.ID"],
    ["Declaration.TypeCode", "Exporter.ID", "Declaration.MarksNumbers"],
  ])
  func threeElementsOfFiftyItemsAreSmall(elements: [String]) async throws {
    let world = try await World()
    let path = Economies.schemas + "/profiles/cn.decmessage/5.0/samples/export-50-items.xml"
    let body = [UInt8](try #require(FileManager.default.contents(atPath: path)))
    func fill(_ count: Int) async throws {
      let drafts = (0..<count).map { EntryDraft(kind: "test.filler", actor: "CN", extra: ["number": .number(JSONNumber($0))]) }
      _ = try await world.cn.journal.commit(Change(entries: drafts))
    }
    try await fill(500)
    let declared = try await world.cn.submit(
      Submission(body: body, profile: nil, corridor: "CN-SG", ucr: nil, clearanceID: nil, idempotencyKey: nil), by: world.customs)
    try await world.run()
    try await fill(500)
    let plain = try await disclosure(of: declared.messageID, elements, at: "CN", world)
    let witnesses = try ["SG", "MY"].map { try Cosigner(name: "gateway.\($0.lowercased()).example/witness", key: .generate(.ed25519)) }
    let party = Economies.shared["CN"]
    let log = try CheckpointSigner(origin: party.origin, key: party.ledgerKey).verifierKey
    let checkpoint = try SignedCheckpoint.verify(plain.proof.note, origin: party.origin, keys: [log])
    let request = WitnessRequest(oldSize: 0, proof: [], note: checkpoint.note)
    guard case .cosign(let advance) = try request.judge(logs: { _ in [log] }, latest: { _ in nil }) else {
      Issue.record("not cosigned")
      return
    }
    let note = checkpoint.adding(try witnesses.map { try $0.cosign(advance, at: Economies.start) }).note
    var file = try #require(try JSONValue.parse(try plain.bytes).object)
    let proof = LogProof(index: plain.proof.index, hashes: plain.proof.hashes, note: note).bytes
    file["proof"] = .string(String(decoding: proof, as: UTF8.self))
    let bytes = try JSONValue.object(file).canonical()
    let text = "log \(log)\nwitness A \(witnesses[0].key)\nwitness B \(witnesses[1].key)\ngroup both all A B\nquorum both\n"
    let verified = try Disclosure(parsing: bytes).verify(by: try LogPolicy(parsing: Array(text.utf8)))
    #expect(verified.checkpoint.checkpoint.size > 1000)
    #expect(verified.elements.first { $0.id == "Commodity.HS6" }?.count == 50)
    #expect(Set(verified.fields.map(\.element)).count == 3)
    #expect(bytes.count < 4096, "\(elements): \(bytes.count)")
  }
}
