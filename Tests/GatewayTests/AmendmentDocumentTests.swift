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

/// Documents that ask to amend or cancel a declaration, from one single window to the other and back (docs/decisions/0010).
@Suite struct AmendmentDocumentTests {
  static let number = "310120260000000042"
  static let corridors = [
    "CN": """
    [{id: CN-SG, policy: cn-sg-clearance, accepts: [cn.decmessage, edifact.cusdec],
      acceptsAmendment: [cn.decmod, wco.dms.amendment, uncefact.amendment.xml], acceptsStatus: [cn.decresult, cn.decmodresult]}]
    """,
    "SG": "[{id: CN-SG, handsOver: sg.tradenet, shape: InPayment, acceptsStatus: [sg.response, uncefact.cdar.json], "
      + "handsOverAmendment: sg.tradenet.cancellation}]",
  ]

  static func request(_ type: String, number: String = Self.number, ie: String = "E", _ more: String = "") -> [UInt8] {
    Array(
      """
      <DecModMessage><DecModSeqNo>M20261119000000071</DecModSeqNo><DecModType>\(type)</DecModType><EntryId>\(number)</EntryId>\
      <CustomsCode>2248</CustomsCode><DecModNote>第1项单价应更正</DecModNote><IeFlag>\(ie)</IeFlag><EntOpName>沈亦舟</EntOpName>\
      \(more)<Items><Item><No>1</No><FieldCode>DECL_PRICE</FieldCode><FieldName>单价</FieldName><OldValue>7.8000</OldValue>\
      <NewValue>8.7000</NewValue></Item></Items></DecModMessage>
      """.utf8)
  }

  /// A world with a declaration that Singapore has read and China's customs has accepted under its number.
  static func accepted(_ corridors: [String: String] = Self.corridors, registry: VerifiedRegistry = Economies.shared.registry)
    async throws -> (World, String)
  {
    let world = try await World(registry: registry, corridors: corridors)
    let acknowledgement = try await world.cn.submit(
      Submission(
        body: Economies.declaration(1), profile: "cn.decmessage", corridor: "CN-SG", ucr: nil, clearanceID: nil, idempotencyKey: nil),
      by: world.customs)
    _ = try await world.cn.translateReceived()
    try await world.run()
    try await world.report("accepted", on: acknowledgement.clearanceID, at: "CN", ",\"registrationId\":\"\(number)\"")
    try await world.run()
    return (world, acknowledgement.clearanceID)
  }

  static func submit(_ world: World, _ body: [UInt8], _ profile: String = "cn.decmod", on id: String) async throws -> MessageRecord {
    let acknowledgement = try await world.cn.submit(
      Submission(body: body, profile: profile, corridor: nil, ucr: nil, clearanceID: id, idempotencyKey: nil), by: world.customs)
    _ = try await world.cn.translateReceived()
    return try await world.message(acknowledgement.messageID, at: "CN")
  }

  static func refused(_ world: World, _ body: [UInt8], _ profile: String = "cn.decmod", on id: String) async throws -> [String] {
    let message = try await submit(world, body, profile, on: id)
    #expect(message.state == "refused")
    let view = try await world.cn.message(message.id.text, waitSeconds: 0)
    return view["problems"]?["reasons"]?.array?.compactMap { $0["code"]?.string } ?? []
  }

  static func item(_ world: World, _ kind: String, at economy: String = "SG") async throws -> InboxItem? {
    try await world[economy].inboxItems(after: 0, limit: 100).last { $0.record.kind == kind }
  }

  /// What is handed over lacks what only this side can say.
  private func draft(_ bytes: [UInt8], as name: String) throws -> ValidDocument {
    let translator = Translator(Economies.shared.profiles)
    let profile = try translator.profile(name)
    return try translator.validate(try translator.parse(bytes, as: profile), as: profile, isDraft: true)
  }

  @Test func aRequestToAmendTravelsAndChangesNothing() async throws {
    let (world, id) = try await Self.accepted()
    let before = try await (world.clearance(id, at: "CN"), world.clearance(id, at: "SG"))
    let message = try await Self.submit(world, Self.request("1"), on: id)
    #expect(message.state == "sealed" && message.kind == "amendment")
    #expect(message.versions["source"] == "cn.decmod/5.0" && message.versions["policy"] == "cn-sg-amendment/1")
    try await world.run()
    #expect(try await world.message(message.id.text, at: "CN").state == "delivered")
    let sent = try await world.envelope(of: message.id.text)
    #expect(sent.header.kind == .amendment && sent.header.revision == 1)
    #expect(sent.header.profile == VersionedName(id: "uncefact.amendment.json", version: "d23b"))
    // What the policy withholds does not leave: values, free text, people.
    let wire = String(decoding: sent.payload, as: UTF8.self)
    for text in ["8.7000", "7.8000", "更正", "沈"] { #expect(!wire.contains(text), "\(text)") }
    let said = try valid(sent.payload, as: "uncefact.amendment.json").declaration
    let expected = [
      "Amendment.ClearanceID": id, "Amendment.EconomyCode": "CN", "Amendment.DirectionCode": "EX", "Amendment.Revision": "1",
      "Amendment.FunctionCode": "4", "Amendment.RegistrationID": Self.number, "Amendment.RequestID": "M20261119000000071",
      "Amendment.NationalCode": "1", "Amendment.OfficeID": "2248",
    ]
    for (element, text) in expected { #expect(said.text(element) == text, "\(element)") }
    let complement = try JSONValue.parse(try await world.cn.document(of: message.id.text, kind: "complement").bytes)
    #expect(String(decoding: complement.serialized(), as: UTF8.self).contains("8.7000"), "it stays at home")
    for (economy, old) in [("CN", before.0), ("SG", before.1)] {
      let clearance = try await world.clearance(id, at: economy)
      #expect(clearance.export == old.export && clearance.import == old.import && clearance.timeline == old.timeline)
      #expect(clearance.beforeProposal == nil)
    }
    #expect(
      try await world.entries(at: "CN").contains { $0.draft.kind == "amendment.sent" && $0.draft.versions["source"] == "cn.decmod/5.0" })
    #expect(try await world.entries(at: "SG").contains { $0.draft.kind == "amendment.received" && $0.draft.messageID == message.id })
    // Singapore has no form for it (only one to cancel): the hub's, byte for byte.
    let item = try #require(try await Self.item(world, "amendment"))
    #expect(item.payload?.bytes == sent.payload)
    #expect(try await Self.item(world, "withdrawal") == nil)
    #expect(try await world.isSound("CN"))
    #expect(try await world.isSound("SG"))
  }

  /// In the receiving economy's own form, about its own declaration: what is the partner's is not taken for ours.
  @Test func handedOverInTheOwnForm() async throws {
    var corridors = Self.corridors
    corridors["SG"] = "[{id: CN-SG, handsOver: sg.tradenet, shape: InPayment, handsOverAmendment: wco.dms.amendment}]"
    let (world, id) = try await Self.accepted(corridors)
    try await world.report("lodged", on: id, at: "SG", ",\"registrationId\":\"26GBQ8L4X1ZP0000R7\"")
    _ = try await Self.submit(world, Self.request("1"), on: id)
    try await world.run()
    let item = try #require(try await Self.item(world, "amendment"))
    let bytes = try #require(item.payload).bytes
    let said = try draft(bytes, as: "wco.dms.amendment").declaration
    #expect(said.text("Amendment.FunctionCode") == "4" && said.text("Amendment.RegistrationID") == "26GBQ8L4X1ZP0000R7")
    let text = String(decoding: bytes, as: UTF8.self)
    for foreign in [Self.number, "M20261119000000071", "2248", "DECL_PRICE"] { #expect(!text.contains(foreign), "\(foreign)") }
    let report = try JSONValue.parse(try await world.sg.document(of: try #require(item.record.messageID).text, kind: "report").bytes)
    let entries = report["entries"]?.array ?? []
    #expect(entries.contains { $0["element"]?.string == "Amendment.RegistrationID" && $0["reason"]?.string == "own_side" })
    #expect(!entries.contains { $0["action"]?.string == "withheld" }, "nobody has withheld anything here")
  }

  @Test func aRequestToCancelIsTheWithdrawal() async throws {
    let (world, id) = try await Self.accepted()
    try await world.report("lodged", on: id, at: "SG", ",\"registrationId\":\"IG6C000002X\"")
    try await world.run()
    let message = try await Self.submit(world, Self.request("2"), on: id)
    #expect(message.state == "sealed" && message.kind == "withdrawal")
    try await world.run()
    for economy in ["CN", "SG"] {
      let clearance = try await world.clearance(id, at: economy)
      #expect(clearance.outcome == .withdrawn && clearance.import?.status == .withdrawn && clearance.beforeProposal == nil)
    }
    let entry = try #require(try await world.entries(at: "CN").last { $0.draft.kind == "side.reported" }).draft
    #expect(entry.messageID == message.id && entry.actor == "customs" && entry.payloadDigest == SHA256.hash(Self.request("2")))
    let kinds = try await (world.entries(at: "CN").map(\.draft.kind), world.entries(at: "SG").map(\.draft.kind))
    #expect(kinds.0.contains("withdrawal.sent") && kinds.1.contains("withdrawal.received"))
    // Singapore's own form, for Singapore's own permit.
    let item = try #require(try await Self.item(world, "withdrawal"))
    let said = try draft(try #require(item.payload).bytes, as: "sg.tradenet.cancellation").declaration
    #expect(said.text("Amendment.RegistrationID") == "IG6C000002X" && said.text("Amendment.FunctionCode") == "1")
    #expect(try await Self.refused(world, Self.request("1"), on: id) == ["clearance.already_final"])
    #expect(try await Self.refused(world, Self.request("2", "<OperType>C</OperType>"), on: id) == ["clearance.already_final"])
    #expect(try await world.isSound("CN"))
    #expect(try await world.isSound("SG"))
  }

  /// The import side has released meanwhile: the request to cancel is refused as any withdrawal, and everything is as before.
  @Test func aCancellationThatComesTooLate() async throws {
    let (world, id) = try await Self.accepted()
    for step in ["lodged", "accepted"] { try await world.report(step, on: id, at: "SG") }
    try await world.run()
    try await world.report("released", on: id, at: "SG")
    let message = try await Self.submit(world, Self.request("2"), on: id)
    try await world.run()
    #expect(try await world.message(message.id.text, at: "CN").state == "refused_by_partner")
    for economy in ["CN", "SG"] { #expect(try await world.clearance(id, at: economy).export.status == .accepted) }
    let refusal = try #require(try await Self.item(world, "refusal", at: "CN"))
    #expect(try valid(try #require(refusal.payload).bytes).declaration.text("Status.Code").isEmpty)
  }

  /// A refused request leaves an amendment that is on its way alone.
  @Test func aRefusedRequestRollsNothingBack() async throws {
    let (world, id) = try await Self.accepted()
    for step in ["lodged", "accepted"] { try await world.report(step, on: id, at: "SG") }
    try await world.run()
    try await world.report("released", on: id, at: "SG")
    let request = try await Self.submit(world, Self.request("1"), on: id)
    _ = try await world.cn.withdraw(id, by: world.customs)
    world.line.fail { $0.header.kind == .withdrawal ? .lost : nil }
    _ = try await world.cn.deliverDue()
    _ = try await world.cn.deliverDue()
    #expect(try await world.message(request.id.text, at: "CN").state == "refused_by_partner")
    #expect(try await world.clearance(id, at: "CN").beforeProposal?.status == .accepted, "the withdrawal still waits for its receipt")
  }

  /// Documents about something else, and what asks for nothing: refused at home, each beside its twin.
  @Test func foreignDocuments() async throws {
    let (world, id) = try await Self.accepted()
    let sent = world.line.sent.count
    func hub(_ change: (String) -> String) throws -> [UInt8] {
      let translated = try Translator(world.cn.profiles).translate(
        Self.request("1"), from: try #require(world.cn.profiles["cn.decmod"]),
        to: try #require(world.cn.profiles["uncefact.amendment.xml"]), options: .init(makesComplement: false))
      return Array(change(String(decoding: try translated.bytes(), as: UTF8.self)).utf8)
    }
    let reference = "<ram:GlobalID>\(Self.number)</ram:GlobalID>"
    let cases: [(String, [UInt8], String, [String])] = [
      ("number", Self.request("1", number: "310120260000000043"), "cn.decmod", ["receive.amendment_foreign"]),
      ("side", Self.request("1", ie: "I"), "cn.decmod", ["receive.amendment_foreign"]),
      (
        "both", Self.request("2", number: "310120260000000043", ie: "I"), "cn.decmod",
        ["receive.amendment_foreign", "receive.amendment_foreign"]
      ),
      (
        "economy", try DocumentVersionTests.sample("wco.dms.amendment/2.1/samples/amend-two-values.xml"), "wco.dms.amendment",
        ["receive.amendment_foreign", "receive.amendment_foreign"]
      ),
      ("type", Self.request("7"), "cn.decmod", ["validate.not_listed"]),
      ("broken", Array("<DecModMessage>".utf8), "cn.decmod", ["parse.malformed"]),
      (
        "reference",
        try hub {
          $0.replacingOccurrences(
            of: "<ram:ReferenceReferencedDocument>",
            with: "<ram:ReferenceReferencedDocument><ram:IssuerAssignedID>OTHER</ram:IssuerAssignedID>")
        },
        "uncefact.amendment.xml", ["receive.amendment_foreign"]
      ),
      (
        "revision", try hub { $0.replacingOccurrences(of: reference, with: "\(reference)<ram:RevisionID>2</ram:RevisionID>") },
        "uncefact.amendment.xml", ["receive.amendment_foreign"]
      ),
      (
        "function", try hub { $0.replacingOccurrences(of: ">4</ram:PurposeCode>", with: ">9</ram:PurposeCode>") },
        "uncefact.amendment.xml", ["receive.amendment_function"]
      ),
    ]
    for (name, body, profile, codes) in cases {
      let found = try await Self.refused(world, body, profile, on: id)
      #expect(found == codes, "\(name)")
      let entry = try #require(try await world.entries(at: "CN").last).draft
      #expect(entry.kind == "amendment.refused" && entry.reasons == Array(Set(codes)).map { ErrorCode(rawValue: $0) }, "\(name)")
    }
    #expect(world.line.sent.count == sent, "nothing of it leaves")
    for (body, profile) in [(Self.request("1"), "cn.decmod"), (try hub { $0 }, "uncefact.amendment.xml")] {
      #expect(try await Self.submit(world, body, profile, on: id).state == "sealed")
    }
    await #expect(throws: CausewayError("receive.not_found")) {
      try await Self.submit(world, Self.request("1"), on: "00112233445566778899aabbccddeeff")
    }
    // A request is no declaration: it is handed in where the clearance is named.
    await #expect(throws: CausewayError("receive.profile_not_offered")) {
      try await world.cn.submit(
        Submission(
          body: Self.request("1"), profile: "cn.decmod", corridor: "CN-SG", ucr: nil, clearanceID: nil, idempotencyKey: nil),
        by: world.customs)
    }
  }

  /// An agreement may name versions, and another syntax for requests.
  @Test func agreedOnVersions() async throws {
    let (world, id) = try await Self.accepted(registry: Economies.shared.pinned)
    #expect(try await world.clearance(id, at: "SG").import?.status == .supplementRequested, "the declaration has been read")
    let request = try await Self.submit(world, Self.request("1"), on: id)
    let cancellation = try await Self.submit(world, Self.request("2"), on: id)
    try await world.run()
    for message in [request, cancellation] { #expect(try await world.message(message.id.text, at: "CN").state == "delivered") }
    let item = try #require(try await Self.item(world, "amendment"))
    #expect(item.payload?.mediaType == "application/xml")
    #expect(try valid(try #require(item.payload).bytes, as: "uncefact.amendment.xml").declaration.text("Amendment.FunctionCode") == "4")
    for economy in ["CN", "SG"] { #expect(try await world.clearance(id, at: economy).outcome == .withdrawn) }
  }

  /// Where the two economies have not agreed on requests they do not travel, and a configuration that wants them is refused.
  @Test func notAgreed() async throws {
    let registry = Economies.shared.withoutRequests
    await #expect(throws: CausewayError("config.amendments_not_agreed")) {
      try await World(registry: registry, corridors: Self.corridors)
    }
    let (world, id) = try await Self.accepted(
      ["CN": "[{id: CN-SG, policy: cn-sg-clearance, accepts: [cn.decmessage]}]"], registry: registry)
    await #expect(throws: CausewayError("receive.profile_not_offered")) { try await Self.submit(world, Self.request("1"), on: id) }
  }
}
