import Exchange
import JSONTree
import Journal
import Ledger
import Primitives
import Testing
import Trust

@testable import Gateway

/// Test and pilot corridors: their messages say so wherever they are, and nothing in them ever clears.
@Suite struct ModeTests {
  private static let modes = [Corridor.Mode.test, .pilot]

  /// A gateway goes on with another registry.
  private func reopen(_ economy: String, of world: World, _ registry: VerifiedRegistry) throws {
    let node = world[economy]
    world.put(
      try GatewayNode(
        configuration: node.configuration, registry: registry, profiles: node.profiles, policies: Economies.shared.policies,
        journal: node.journal, signer: node.signer, partners: Line.End(line: world.line, sender: economy), webhooks: world.webhooks,
        clock: world.clock, logger: node.logger))
  }

  @Test(arguments: Corridor.Mode.allCases) func onlyProductionClears(mode: Corridor.Mode) async throws {
    let (registry, document) = try Economies.shared.registry(mode)
    let world = try await World(registry: registry)
    let declared = try await world.declareReleased()
    let id = declared.clearanceID
    let isReal = mode == .production
    for economy in ["CN", "SG"] {
      let clearance = try await world.clearance(id, at: economy)
      #expect(clearance.export.status == .released && clearance.import?.status == .released)
      #expect(clearance.outcome == (isReal ? .cleared : .concluded) && clearance.mode == mode)
      #expect(try await world[economy].clearanceRecord(id)?.status == (isReal ? "cleared" : "concluded"))
      let view = try await world[economy].clearance(id, waitSeconds: 0, seen: nil)
      #expect(view["mode"]?.string == mode.rawValue && view["outcome"]?.string == (isReal ? "cleared" : "concluded"))
      // What is handed over to the local single window says it.
      let items = try await world[economy].inboxItems(after: 0, limit: 32)
      #expect(!items.isEmpty && items.allSatisfy { $0.json["mode"]?.string == mode.rawValue })
      // So do the envelopes, and the ledger.
      let messages = try await world.messages(at: economy)
      #expect(try messages.allSatisfy { try EnvelopeHeader.parse($0.header).mode == mode })
      let entries = try await world.entries(at: economy).map(\.draft)
      let travelled = entries.filter { $0.kind.hasSuffix(".sent") || ["declaration.received", "status.received"].contains($0.kind) }
      #expect(travelled.count == messages.count)
      #expect(travelled.allSatisfy { $0.extra["mode"]?.string == (isReal ? nil : mode.rawValue) })
      #expect(try await world.isSound(economy))
    }
    // And evidence of it, to whoever checks it.
    let tests = EvidenceTests()
    try await tests.cosign(world)
    let file = try await evidence(of: id, at: "SG", world, registry, document)
    #expect(tests.verify(file).mode == mode)
    #expect(tests.verify(file).lines.contains { $0.hasPrefix("mode ") } == !isReal)
    try tests.expectAgreement(file, [])
  }

  private func evidence(
    of clearance: String, at economy: String, _ world: World, _ registry: VerifiedRegistry, _ document: [UInt8]
  ) async throws -> [UInt8] {
    let request = try EvidenceRequest(.clearance(clearance))
    let now = world.clock.now()
    let evidence = try await world[economy].journal.read { reader throws(CausewayError) in
      try request.evidence(from: reader, maker: economy, registry: registry, document: String(decoding: document, as: UTF8.self), at: now)
    }
    let party = Economies.shared[economy]
    return try evidence.signed(keyID: party.signing.keyID, key: party.signingKey)
  }

  /// A maker of evidence that calls a message of its own one of production afterwards, and signs it anew: one case has one mode.
  @Test func aModeChangedInEvidence() async throws {
    let (registry, document) = try Economies.shared.registry(.pilot)
    let world = try await World(registry: registry)
    let id = try await world.declareReleased().clearanceID
    let tests = EvidenceTests()
    try await tests.cosign(world)
    let file = try await evidence(of: id, at: "CN", world, registry, document)
    try tests.expectAgreement(file, [])
    let last = try #require(try await world.messages(at: "CN").last { $0.direction == .outbound })
    let envelope = try await world.envelope(of: last.id.text)
    let party = Economies.shared["CN"]
    let other = try SealedEnvelope.seal(
      envelope.header.with(mode: .production), payload: envelope.payload, salt: envelope.salt, fieldsSecret: envelope.fieldsSecret,
      keyID: party.signing.keyID, key: party.signingKey)
    var place = ""
    let changed = try tests.changed(file, by: "CN") { json in
      var object = try #require(json.object)
      var messages = try #require(object["messages"]?.array)
      let index = try #require(messages.firstIndex { $0["id"]?.string == last.id.text })
      try #require(index > 0)
      place = "/messages/\(index)/header"
      var message = try #require(messages[index].object)
      message["header"] = try JSONValue.parse(other.headerBytes)
      message["signature"] = .string(other.signature)
      messages[index] = .object(message)
      object["messages"] = .array(messages)
      return .object(object)
    }
    let report = tests.verify(changed)
    #expect(tests.findings(report.json).contains("evidence.envelope \(place)"), "\(tests.findings(report.json))")
    #expect(report.mode == nil && !report.isSound)
    #expect(tests.findings(try tests.python(changed).report) == tests.findings(report.json))
  }

  /// A message of another mode than the corridor's is refused by a signed receipt, whoever of the two is mistaken.
  @Test(arguments: modes) func theTwoSidesMustAgree(mode: Corridor.Mode) async throws {
    let (real, other) = (try Economies.shared.registry(.production).registry, try Economies.shared.registry(mode).registry)
    for (sender, receiver) in [(other, real), (real, other)] {
      let world = try await World(registry: receiver)
      try reopen("CN", of: world, sender)
      let declared = try await world.declare()
      try await world.run()
      let message = try await world.message(declared.messageID, at: "CN")
      #expect(message.state == "refused_by_partner" && message.reason == "verify.corridor_mode")
      let receipt = String(decoding: try #require(message.receipt), as: UTF8.self)
      #expect(try reasons(of: receipt) == ["verify.corridor_mode"])
      #expect(try await world.clearance(declared.clearanceID, at: "CN").isTurnedAway)
      // Nothing of it has come in.
      #expect(try await world.sg.clearanceRecord(declared.clearanceID) == nil)
      #expect(try await world.sg.inboxItems(after: 0, limit: 10).isEmpty)
      #expect(try await world.messages(at: "SG").map(\.state) == ["turned_away"])
      // The twin: once both have the same registry it goes, as a new declaration.
      try reopen("CN", of: world, receiver)
      let again = try await world.declare(2)
      try await world.run()
      #expect(try await world.message(again.messageID, at: "CN").state == "delivered")
    }
  }

  /// A case that began as a test is none of production when the corridor goes over: neither side can go on with it, and it cannot be made one.
  @Test func aCaseKeepsItsMode() async throws {
    let world = try await World(registry: try Economies.shared.registry(.test).registry)
    let declared = try await world.declare()
    try await world.run()
    let real = try Economies.shared.registry(.production, version: 2).registry
    for economy in ["CN", "SG"] { try reopen(economy, of: world, real) }
    try await world.report("accepted", on: declared.clearanceID, at: "CN")
    try await world.run()
    let status = try #require(try await world.messages(at: "CN").last)
    #expect(status.kind == "status" && status.state == "refused_by_partner" && status.reason == "verify.corridor_mode")
    // Nor by a message that calls itself one of production: signed by the partner, and of the right number.
    let envelope = try await world.envelope(of: declared.messageID)
    let header = envelope.header.with(
      messageID: envelope.header.another, kind: .amendment, sequence: 3, revision: 2, mode: .production)
    let forged = try sealed(header, payload: envelope.payload, salt: envelope.salt, fieldsSecret: envelope.fieldsSecret)
    let receipt = try await world.line.carry(forged, from: "CN", to: "SG")
    #expect(try reasons(of: receipt) == ["verify.clearance_mismatch"])
    #expect(try await world.clearance(declared.clearanceID, at: "SG").mode == .test)
    // The twin: what begins now is of production, and clears.
    let other = try await world.declare(2)
    try await world.run()
    #expect(try await world.clearance(other.clearanceID, at: "SG").mode == .production)
  }

  /// Cases of before there were modes are as they were.
  @Test func storedWithoutAMode() async throws {
    let world = try await World()
    let declared = try await world.declare()
    let stored = try await world.clearance(declared.clearanceID, at: "CN").stored
    var object = try #require(stored.object)
    object["mode"] = nil
    #expect(try Clearance(json: .object(object)).mode == .production)
    object["mode"] = "rehearsal"
    #expect(throws: CausewayError("clearance.unreadable")) { try Clearance(json: .object(object)) }
  }
}
