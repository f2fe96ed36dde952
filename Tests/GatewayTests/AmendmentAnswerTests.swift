import Declarations
import Exchange
import Foundation
import JSONTree
import Journal
import Ledger
import Primitives
import Testing
import Translation
import Trust

@testable import Gateway

/// What customs decides of a request is told to the other side, whether it changes the status or not.
@Suite struct AmendmentAnswerTests {
  private static let result = Array(
    "<HzApprovalResult><DestResourceId>M20261119000000071</DestResourceId><FeedbackResults>1</FeedbackResults><ResultNote>同意</ResultNote></HzApprovalResult>"
      .utf8)

  @Test func answeredByTheDeclaringSide() async throws {
    let (world, id) = try await AmendmentDocumentTests.accepted()
    // Nothing to answer yet: noted at home.
    _ = try await world.cn.report(Self.result, in: "cn.decmodresult", on: id, by: world.customs)
    #expect(try await world.entries(at: "CN").last?.draft.kind == "side.noted")
    let request = try await AmendmentDocumentTests.submit(world, AmendmentDocumentTests.request("1"), on: id)
    try await world.run()
    let before = try await world.clearance(id, at: "SG")
    _ = try await world.cn.report(Self.result, in: "cn.decmodresult", on: id, by: world.customs)
    #expect(try await world.entries(at: "CN").contains { $0.draft.kind == "side.answered" })
    try await world.run()
    let sent = try #require(world.line.sent.last { $0.sender == "CN" }?.envelope)
    #expect(sent.header.kind == .status && sent.header.inReplyTo == request.id)
    let said = try valid(sent.payload).declaration
    let expected = [
      "Status.RequestID": "M20261119000000071", "Status.NationalCode": "1", "Status.Code": "accepted", "Status.DirectionCode": "EX",
      "Status.ClearanceID": id,
    ]
    for (element, text) in expected { #expect(said.text(element) == text, "\(element)") }
    #expect(!String(decoding: sent.payload, as: UTF8.self).contains("同意"))
    let answered = try #require(try await world.messages(at: "CN").first { $0.id == sent.header.messageID })
    #expect(answered.state == "delivered")
    let item = try #require(try await AmendmentDocumentTests.item(world, "status"))
    #expect(item.record.messageID == sent.header.messageID)
    let after = try await world.clearance(id, at: "SG")
    #expect(after.export == before.export && after.timeline == before.timeline, "the case is as it was")
    #expect(try await world.cn.document(of: sent.header.messageID.text, kind: "source").bytes == Self.result)
    #expect(try await world.isSound("CN"))
    #expect(try await world.isSound("SG"))
  }

  /// A status of the hub that repeats where its side stands and names a request.
  private static func hub(_ status: SideStatus, of side: SideKind, _ id: String, request: String) throws -> [UInt8] {
    let profiles = Economies.shared.profiles
    let said = StatusMessage(clearanceID: id, side: side, revision: 1, status: status, effective: Economies.start)
    let message = try #require(MessageID("019aa5b1-0000-7000-8000-000000000001"))
    var tree = try said.declaration(in: profiles, economy: side == .export ? "CN" : "SG", id: message, issued: Economies.start)
    tree[try #require(profiles.dictionary[id: "Status.RequestID"])] = Value(request)
    return try Translator(profiles).write(tree, as: try #require(profiles["uncefact.cdar.json"]))
  }

  @Test func answeredByTheOtherSide() async throws {
    let (world, id) = try await AmendmentDocumentTests.accepted()
    try await world.report("lodged", on: id, at: "SG")
    let request = try await AmendmentDocumentTests.submit(world, AmendmentDocumentTests.request("1"), on: id)
    try await world.run()
    let before = try await world.clearance(id, at: "CN")
    _ = try await world.sg.report(
      try Self.hub(.lodged, of: .import, id, request: "SG-7"), in: "uncefact.cdar.json", on: id, by: world.customs)
    try await world.run()
    let sent = try #require(world.line.sent.last { $0.sender == "SG" }?.envelope)
    #expect(sent.header.inReplyTo == request.id)
    let item = try #require(try await AmendmentDocumentTests.item(world, "status", at: "CN"))
    #expect(item.record.messageID == sent.header.messageID)
    #expect(try valid(try #require(item.payload).bytes).declaration.text("Status.RequestID") == "SG-7")
    let after = try await world.clearance(id, at: "CN")
    #expect(after.import == before.import && after.timeline == before.timeline)
    #expect(try await world.isSound("SG"))
  }

  /// An answer repeats the status of its side and answers a message; what does only one of them is refused as before.
  @Test func whatIsNoAnswer() async throws {
    let (world, id) = try await AmendmentDocumentTests.accepted()
    let declared = try #require(world.line.sent.first?.envelope)
    let sequence = try await world.clearance(id, at: "SG").receivedSequence
    let payloads = [
      try status(.accepted, of: .export, id), try Self.hub(.accepted, of: .export, id, request: "M1"),
    ]
    for (offset, payload) in payloads.enumerated() {
      let header = declared.header.with(
        messageID: declared.header.another, kind: .status, sequence: sequence + 1 + offset,
        payload: PayloadDescription(payload, mediaType: "application/json"))
      let receipt = try await world.line.carry(try sealed(header, payload: payload, salt: declared.salt), from: "CN", to: "SG")
      #expect(try reasons(of: receipt) == ["clearance.illegal_transition"])
    }
  }
}
