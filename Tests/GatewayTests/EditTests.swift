import Exchange
import JSONTree
import Journal
import Ledger
import Primitives
import Testing
import Trust

@testable import Gateway

/// A failed document is changed by two people, and the one that was handed in stays.
@Suite struct EditTests {
  /// A declaration that is refused for one value, and the same without that mistake.
  private static let right = Economies.declaration(7)
  private static let wrong = Array(String(decoding: right, as: UTF8.self).replacing("<GrossWet>", with: "<GrossWet>x").utf8)
  private static let author = Principal(name: "author", roles: [.operate], tokenHash: "")
  private static let second = Principal(name: "second", roles: [.operate], tokenHash: "")

  private static func refused(_ world: World) async throws -> String {
    #expect(right != wrong)
    let declared = try await world.cn.submit(
      Submission(body: wrong, profile: nil, corridor: "CN-SG", ucr: nil, clearanceID: nil, idempotencyKey: nil), by: world.customs)
    _ = try await world.cn.translateReceived()
    #expect(try await world.message(declared.messageID, at: "CN").state == "refused")
    return declared.messageID
  }

  private static func approval(_ bytes: [UInt8]) -> [UInt8] { Array("{\"sha256\": \"\(SHA256.hash(bytes).hex)\"}".utf8) }

  @Test func proposedApprovedReplayed() async throws {
    let world = try await World()
    let id = try await Self.refused(world)
    let proposal = try await world.cn.proposeEdit(of: id, Self.right, reason: "TICKET-1: trade mode", by: Self.author)
    #expect(proposal["by"]?.string == "author" && proposal["reason"]?.string == "TICKET-1: trade mode")
    #expect(proposal["sha256"]?.string == SHA256.hash(Self.right).hex && proposal["originalSha256"]?.string == SHA256.hash(Self.wrong).hex)
    #expect(try FailureReplayTests.errors(proposal, "edit") == [])
    #expect(proposal["difference"]?["count"]?.int == 1)
    #expect(proposal["difference"]?["paths"]?.array?.first?.string?.hasSuffix("GrossWet") == true)
    #expect(proposal["translation"]?["outcome"]?.string == "translated")
    #expect(try await world.message(id, at: "CN").state == "refused", "it stays a proposal")
    _ = try await world.cn.translateReceived()
    #expect(try await world.message(id, at: "CN").state == "refused")
    let approved = try await world.cn.approveEdit(of: id, Self.approval(Self.right), by: Self.second)
    #expect(approved["action"]?.string == "translate")
    try await world.run()
    let view = try await world.cn.message(id, waitSeconds: 0)
    #expect(view["state"]?.string == "delivered" && view["problems"] == .null)
    #expect(try await world.cn.document(of: id, kind: "source").bytes == Self.wrong, "what was handed in stays")
    #expect(try await world.cn.document(of: id, kind: "edited").bytes == Self.right)
    await #expect(throws: CausewayError("receive.not_found")) { try await world.cn.document(of: id, kind: "proposed") }
    let entries = try await world.entries(at: "CN").map(\.draft).filter { $0.messageID?.text == id }
    #expect(
      entries.map(\.kind) == [
        "declaration.refused", "edit.proposed", "edit.approved", "message.replayed", "declaration.sent", "receipt.received",
      ])
    #expect(entries[1].actor == "author" && entries[2].actor == "second")
    #expect(entries[2].extra["proposedBy"] == "author" && entries[2].extra["reason"] == "TICKET-1: trade mode")
    #expect(entries[2].payloadDigest == SHA256.hash(Self.right) && entries[2].extra["original"]?.string == SHA256.hash(Self.wrong).hex)
    #expect(entries[2].extra["differences"]?.int == 1)
    for entry in entries { #expect(!String(describing: entry).contains("GrossWet>"), "no value on the ledger") }
    #expect(try await world.isSound("CN"))
    // It took effect: no further edit.
    await #expect(throws: CausewayError("replay.settled")) {
      try await world.cn.proposeEdit(of: id, Self.wrong, reason: "again", by: Self.author)
    }
  }

  @Test func fourEyes() async throws {
    let world = try await World()
    let id = try await Self.refused(world)
    await #expect(throws: CausewayError("edit.none")) { try await world.cn.edit(of: id) }
    await #expect(throws: CausewayError("edit.none")) { try await world.cn.approveEdit(of: id, Self.approval(Self.right), by: Self.second) }
    _ = try await world.cn.proposeEdit(of: id, Self.right, reason: "first", by: Self.author)
    await #expect(throws: CausewayError("edit.own")) { try await world.cn.approveEdit(of: id, Self.approval(Self.right), by: Self.author) }
    let twin = Principal(name: "author", roles: Set(Role.allCases), tokenHash: "another token of the same person")
    await #expect(throws: CausewayError("edit.own")) { try await world.cn.approveEdit(of: id, Self.approval(Self.right), by: twin) }
    // Exchanged under the eyes of the second person: what was looked at is not what is there.
    let other = Economies.declaration(8)
    _ = try await world.cn.proposeEdit(of: id, other, reason: "second", by: Self.author)
    await #expect(throws: CausewayError("edit.other_document")) {
      try await world.cn.approveEdit(of: id, Self.approval(Self.right), by: Self.second)
    }
    #expect(try await world.message(id, at: "CN").state == "refused")
    _ = try await world.cn.approveEdit(of: id, Self.approval(other), by: Self.second)
    await #expect(throws: CausewayError("replay.underway")) {
      try await world.cn.approveEdit(of: id, Self.approval(other), by: Self.second)
    }
    try await world.run()
    #expect(try await world.message(id, at: "CN").state == "delivered")
    #expect(try await FailureReplayTests.inbound(world).count == 1)
  }

  @Test func proposalsThatAreNone() async throws {
    let world = try await World(settings: FailureReplayTests.once)
    let id = try await Self.refused(world)
    for reason in ["", "naïve", "line\nbreak", String(repeating: "x", count: 201)] {
      await #expect(throws: CausewayError("edit.form")) {
        try await world.cn.proposeEdit(of: id, Self.right, reason: reason, by: Self.author)
      }
    }
    await #expect(throws: CausewayError("receive.empty")) { try await world.cn.proposeEdit(of: id, [], reason: "x", by: Self.author) }
    await #expect(throws: CausewayError("edit.unchanged")) {
      try await world.cn.proposeEdit(of: id, Self.wrong, reason: "x", by: Self.author)
    }
    for unknown in ["x", SecureRandom.messageID(at: world.clock.now()).text] {
      await #expect(throws: CausewayError("receive.not_found")) {
        try await world.cn.proposeEdit(of: unknown, Self.right, reason: "x", by: Self.author)
      }
    }
    // It may have reached the partner.
    let dead = try #require(try await FailureReplayTests.dead(world, 1...1).first)
    await #expect(throws: CausewayError("replay.may_have_effect")) {
      try await world.cn.proposeEdit(of: dead.messageID, Self.right, reason: "x", by: Self.author)
    }
    // Whatever is proposed is looked at by no parser of the gateway's that could fail: it is refused when it is replayed.
    let shown = try await world.cn.proposeEdit(of: id, [0xFF, 0x00], reason: "x", by: Self.author)
    #expect(shown["difference"] == .null && shown["translation"]?["outcome"]?.string == "refused")
    _ = try await world.cn.approveEdit(of: id, Self.approval([0xFF, 0x00]), by: Self.second)
    _ = try await world.cn.translateReceived()
    #expect(try await world.message(id, at: "CN").state == "refused")
  }

  /// The partner has refused the message: another one, with the edited document, takes its place.
  @Test func afterThePartnersRefusal() async throws {
    let world = try await World()
    let declared = try await world.declare(1, ucr: "6CN0001")
    world.line.fail { _ in .changed { $0.with(signature: String($0.signature.dropLast(4)) + "AAAA") } }
    _ = try await world.cn.deliverDue()
    world.line.heal()
    _ = try await world.cn.proposeEdit(of: declared.messageID, Self.right, reason: "x", by: Self.author)
    let approved = try await world.cn.approveEdit(of: declared.messageID, Self.approval(Self.right), by: Self.second)
    let successor = try #require(approved["replacedBy"]?.string)
    try await world.run()
    #expect(try await world.message(successor, at: "CN").state == "delivered")
    #expect(try await world.cn.document(of: successor, kind: "edited").bytes == Self.right)
    #expect(try await world.cn.document(of: successor, kind: "source").bytes == Economies.declaration(1))
    #expect(try await FailureReplayTests.inbound(world).map(\.id.text) == [successor])
  }
}
