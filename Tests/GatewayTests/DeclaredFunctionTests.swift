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

/// Declarations that say they change an earlier one, or take it back.
@Suite struct DeclaredFunctionTests {
  private static func cusdec(_ function: String) throws -> [UInt8] {
    let text = String(
      decoding: try DocumentVersionTests.sample("edifact.cusdec/d96b/samples/export-textiles-12-items.edi"), as: UTF8.self)
    let changed = text.replacing(#/BGM\+830\+?([^+']*)(\+[0-9]+)?'/#) { "BGM+830+\($0.1)+\(function)'" }
    try #require(changed != text || function == "9")
    return Array(changed.utf8)
  }

  /// Handed in as new it would be another declaration: refused. An original is none of it.
  @Test(arguments: ["4", "5", "1", "3"]) func withoutAClearance(_ function: String) async throws {
    let world = try await World(corridors: AmendmentDocumentTests.corridors)
    func submit(_ function: String) async throws -> Acknowledgement {
      let made = try await world.cn.submit(
        Submission(
          body: try Self.cusdec(function), profile: "edifact.cusdec", corridor: "CN-SG", ucr: nil, clearanceID: nil, idempotencyKey: nil),
        by: world.customs)
      _ = try await world.cn.translateReceived()
      return made
    }
    let refused = try await submit(function)
    let view = try await world.cn.message(refused.messageID, waitSeconds: 0)
    #expect(view["problems"]?["reasons"]?.array?.compactMap { $0["code"]?.string } == ["receive.clearance_unnamed"])
    #expect(try await world.cn.clearanceRecord(refused.clearanceID) == nil)
    #expect(try await world.message(try await submit("9").messageID, at: "CN").state == "sealed")
  }

  /// At its clearance, an amendment is the next revision: a draft gives way to it; what is lodged already is not declared a second time.
  @Test(arguments: [(false, "supplement_requested", []), (true, "refused", ["write.amendment"])])
  func ofAClearance(_ isLodged: Bool, _ status: String, _ codes: [String]) async throws {
    let world = try await World(corridors: AmendmentDocumentTests.corridors)
    let made = try await world.cn.submit(
      Submission(
        body: try Self.cusdec("9"), profile: "edifact.cusdec", corridor: "CN-SG", ucr: nil, clearanceID: nil, idempotencyKey: nil),
      by: world.customs)
    _ = try await world.cn.translateReceived()
    try await world.run()
    let id = made.clearanceID
    #expect(try await world.clearance(id, at: "SG").import?.status == .supplementRequested)
    if isLodged {
      try await world.report("lodged", on: id, at: "SG")
      try await world.run()
    }
    let amended = try await AmendmentDocumentTests.submit(world, try Self.cusdec("5"), "edifact.cusdec", on: id)
    #expect(amended.state == "sealed" && amended.kind == "amendment")
    try await world.run()
    for economy in ["CN", "SG"] {
      let clearance = try await world.clearance(id, at: economy)
      #expect(clearance.export.revision == 2)
      #expect(clearance.import == Side(revision: 2, status: try #require(SideStatus(rawValue: status))))
    }
    let view = try await world.sg.message(amended.id.text, waitSeconds: 0)
    #expect(view["problems"]?["reasons"]?.array?.compactMap { $0["code"]?.string } ?? [] == codes)
  }

  /// While nothing is lodged here, this side's customs has seen no original: whatever the partner amends, the draft is one. In a form that states the
  /// function too, which would otherwise amend what is not there.
  @Test func anAmendmentBeforeAnythingIsLodged() async throws {
    var corridors = AmendmentDocumentTests.corridors
    corridors["SG"] = "[{id: CN-SG, handsOver: edifact.cusdec}]"
    let world = try await World(corridors: corridors)
    let made = try await world.cn.submit(
      Submission(
        body: try Self.cusdec("9"), profile: "edifact.cusdec", corridor: "CN-SG", ucr: nil, clearanceID: nil, idempotencyKey: nil),
      by: world.customs)
    _ = try await world.cn.translateReceived()
    try await world.run()
    for (revision, function) in [(2, "4"), (3, "5")] {
      let amended = try await AmendmentDocumentTests.submit(world, try Self.cusdec(function), "edifact.cusdec", on: made.clearanceID)
      #expect(amended.state == "sealed" && amended.kind == "amendment")
      try await world.run()
      let clearance = try await world.clearance(made.clearanceID, at: "SG")
      #expect(clearance.import?.revision == revision && clearance.import?.status != .refused)
      let item = try #require(try await AmendmentDocumentTests.item(world, "declaration"))
      #expect(item.json["revision"]?.int == revision)
      let text = String(decoding: try #require(item.payload).bytes, as: UTF8.self)
      #expect(text.contains(#/BGM\+830[^']*\+9'/#), "\(text.prefix(400))")
    }
  }

  /// With a form for amended declarations: under the number of Singapore's own permit, whatever the amended declaration calls itself. What is lodged
  /// stays lodged until customs refuses it.
  @Test(arguments: [true, false]) func ofWhatIsLodgedInTheOwnForm(_ saysSo: Bool) async throws {
    var corridors = AmendmentDocumentTests.corridors
    corridors["SG"] =
      "[{id: CN-SG, handsOver: sg.tradenet, shape: InPayment, handsOverAmended: sg.tradenet.update, acceptsStatus: [sg.response]}]"
    let (world, id) = try await AmendmentDocumentTests.accepted(corridors)
    try await world.report("lodged", on: id, at: "SG", ",\"registrationId\":\"IG6C000002X\"")
    try await world.run()
    for revision in 2...3 {
      let body = saysSo ? try Self.cusdec(revision == 2 ? "4" : "5") : Economies.declaration(revision)
      let made = try await AmendmentDocumentTests.submit(world, body, saysSo ? "edifact.cusdec" : "cn.decmessage", on: id)
      #expect(made.state == "sealed")
      try await world.run()
      #expect(try await world.clearance(id, at: "SG").import?.revision == revision)
      #expect(try await world.clearance(id, at: "SG").import?.status == .supplementRequested)
      let item = try #require(try await AmendmentDocumentTests.item(world, "declaration"))
      #expect(item.json["revision"]?.int == revision)
      let text = String(decoding: try #require(item.payload).bytes, as: UTF8.self)
      #expect(text.contains("UpdatePermitNumber>IG6C000002X<"), "\(text.prefix(2000))")
      let asked = try await world.sg.supplement(of: id)
      #expect(asked["profile"]?.string == "sg.tradenet.update@4.1")
      #expect(asked["items"]?.array?.contains { $0["element"]?.string == "Declaration.ID" } == false)
      await #expect(throws: CausewayError("receive.supplement_incomplete")) {
        try await world.sg.answerSupplement(of: id, with: Array("{\"items\":[]}".utf8), by: world.customs)
      }
    }
    #expect(try await world.isSound("SG"))
  }

  /// A partner's declaration that says it takes back is no amendment of what is lodged here, though it comes as one: it is refused. Its twin, which
  /// says nothing, is one.
  @Test(arguments: [("1", ["write.cancellation"]), ("9", [])]) func aCancellationThatComesAsAnAmendment(
    _ function: String, _ codes: [String]
  )
    async throws
  {
    var corridors = AmendmentDocumentTests.corridors
    corridors["SG"] = "[{id: CN-SG, handsOver: sg.tradenet, shape: InPayment, handsOverAmended: sg.tradenet.update}]"
    let (world, id) = try await AmendmentDocumentTests.accepted(corridors)
    try await world.report("lodged", on: id, at: "SG", ",\"registrationId\":\"IG6C000002X\"")
    try await world.run()
    let sent = try #require(world.line.sent.first?.envelope)
    let translator = Translator(Economies.shared.profiles)
    let said = try valid(sent.payload, as: "uncefact.xml")
    var changed = said.declaration
    changed[try #require(changed.dictionary[id: "Declaration.FunctionCode"])] = Value(function)
    let payload = try translator.write(said, released: changed, to: said.profile, options: .init(makesComplement: false)).bytes()
    let header = sent.header.with(
      messageID: sent.header.another, kind: .amendment, sequence: try await world.clearance(id, at: "SG").receivedSequence + 1, revision: 2,
      payload: PayloadDescription(payload, mediaType: sent.header.payload.mediaType))
    let receipt = try await world.line.carry(try sealed(header, payload: payload, salt: sent.salt), from: "CN", to: "SG")
    #expect(try content(of: receipt)["outcome"]?.string == "accepted")
    _ = try await world.sg.translateRecorded()
    let clearance = try await world.clearance(id, at: "SG")
    #expect(clearance.import?.revision == 2 && clearance.import?.status == (codes.isEmpty ? .supplementRequested : .refused))
    let view = try await world.sg.message(header.messageID.text, waitSeconds: 0)
    #expect(view["problems"]?["reasons"]?.array?.compactMap { $0["code"]?.string } ?? [] == codes)
    #expect(try await world.isSound("SG"))
  }

  /// A declaration that takes its clearance's own back is the withdrawal.
  @Test func aCancellationOfAClearance() async throws {
    let (world, id) = try await AmendmentDocumentTests.accepted()
    let message = try await AmendmentDocumentTests.submit(world, try Self.cusdec("1"), "edifact.cusdec", on: id)
    #expect(message.state == "sealed" && message.kind == "withdrawal")
    #expect(message.versions["source"] == "edifact.cusdec/d96b")
    try await world.run()
    for economy in ["CN", "SG"] { #expect(try await world.clearance(id, at: economy).outcome == .withdrawn) }
    #expect(try await AmendmentDocumentTests.item(world, "withdrawal") != nil)
    #expect(try await world.isSound("CN"))
  }
}
