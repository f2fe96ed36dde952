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

/// A partner's request is looked at before its receipt is signed.
@Suite struct AmendmentOnTheWireTests {
  private static let other = "00112233445566778899aabbccddeeff"

  /// The receipt for a request of China's side after `change`, under the next number.
  private func answer(
    _ world: World, _ id: String, sequence: Int, _ type: String = "1", kind: MessageKind = .amendment, revision: Int = 1,
    profile: VersionedName? = nil, _ change: (String) throws -> [UInt8]
  ) async throws -> String {
    let declared = try #require(world.line.sent.first?.envelope)
    let clearance = try await world.clearance(id, at: "CN")
    let document = try valid(AmendmentDocumentTests.request(type), as: "cn.decmod")
    let bound = document.declaration.bound(to: clearance, economy: "CN", function: document.declaration.text("Amendment.FunctionCode"))
    let written = try Translator(world.cn.profiles).write(
      document, released: bound, to: try #require(world.cn.profiles["uncefact.amendment.json"]), options: .init(makesComplement: false))
    let payload = try change(String(decoding: try written.bytes(), as: UTF8.self))
    let header = declared.header.with(
      messageID: declared.header.another, kind: kind, sequence: sequence, revision: revision,
      payload: PayloadDescription(payload, mediaType: "application/json"),
      profile: profile ?? VersionedName(id: "uncefact.amendment.json", version: "d23b"))
    return try await world.line.carry(try sealed(header, payload: payload, salt: declared.salt), from: "CN", to: "SG")
  }

  /// Each hostile document beside its twin: refused with a receipt and on the ledger, with its number used up and nothing else changed.
  @Test func hostileDocuments() async throws {
    let (world, id) = try await AmendmentDocumentTests.accepted()
    func replacing(_ old: String, _ new: String) -> (String) throws -> [UInt8] {
      { text in
        let changed = text.replacingOccurrences(of: old, with: new)
        try #require(changed != text, "\(old) in \(text)")
        return Array(changed.utf8)
      }
    }
    let json = VersionedName(id: "uncefact.amendment.json", version: "d23b")
    let same: (String) throws -> [UInt8] = { Array($0.utf8) }
    let cases:
      [(
        name: String, type: String, kind: MessageKind, revision: Int, profile: VersionedName, change: (String) throws -> [UInt8],
        code: String
      )] = [
        ("cut off", "1", .amendment, 1, json, { Array($0.utf8.dropLast()) }, "parse.json_syntax"),
        (
          "unknown member", "1", .amendment, 1, json, replacing("\"exchangedDocument\":{", "\"x\":1,\"exchangedDocument\":{"),
          "validate.unknown_element"
        ),
        ("another clearance", "1", .amendment, 1, json, replacing(id, Self.other), "verify.amendment_mismatch"),
        ("another side", "1", .amendment, 1, json, replacing("\"830\"", "\"929\""), "verify.amendment_mismatch"),
        ("another economy", "1", .amendment, 1, json, replacing("\"CN\"", "\"SG\""), "verify.amendment_mismatch"),
        (
          "another declaration", "1", .amendment, 1, json, replacing(AmendmentDocumentTests.number, "310120260000000043"),
          "verify.amendment_mismatch"
        ),
        ("a cancellation as an amendment", "2", .amendment, 1, json, same, "verify.amendment_mismatch"),
        ("an amendment as a withdrawal", "1", .withdrawal, 1, json, same, "verify.amendment_mismatch"),
        ("another revision in the header", "1", .amendment, 2, json, same, "verify.amendment_mismatch"),
        (
          "no such revision", "1", .amendment, 2, json,
          replacing("\"revisionId\":[{\"content\":\"1\"}]", "\"revisionId\":[{\"content\":\"2\"}]"), "clearance.illegal_revision"
        ),
        ("too large", "1", .amendment, 1, json, { Array(($0 + String(repeating: " ", count: 1 << 20)).utf8) }, "receive.too_large"),
        (
          "another syntax", "1", .amendment, 1, VersionedName(id: "uncefact.amendment.xml", version: "d23b"), same, "verify.profile_unknown"
        ),
        ("a national form", "1", .amendment, 1, VersionedName(id: "cn.decmod", version: "5.0"), same, "verify.profile_unknown"),
      ]
    let before = try await world.clearance(id, at: "SG")
    var sequence = before.receivedSequence
    let inbox = try await world.sg.inboxItems(after: 0, limit: 100).count
    for one in cases {
      sequence += 1
      let receipt = try await answer(
        world, id, sequence: sequence, one.type, kind: one.kind, revision: one.revision, profile: one.profile, one.change)
      let found = try Set(reasons(of: receipt))
      #expect(found == [one.code], "\(one.name)")
      #expect(try await world.entries(at: "SG").last?.draft.kind == "message.refused", "\(one.name)")
    }
    let after = try await world.clearance(id, at: "SG")
    #expect(after.export == before.export && after.import == before.import && after.timeline == before.timeline)
    #expect(after.receivedSequence == sequence)
    #expect(try await world.sg.inboxItems(after: 0, limit: 100).count == inbox, "nothing of it is handed over")
    let twin = try await answer(world, id, sequence: sequence + 1, "1", same)
    #expect(try content(of: twin)["outcome"]?.string == "accepted")
    #expect(try await world.sg.inboxItems(after: 0, limit: 100).count == inbox + 1)
    #expect(try await world.isSound("SG"))
  }

  /// A clearance that is withdrawn takes no requests any more, and one that nobody has declared takes none at all.
  @Test func withdrawnAndUnknown() async throws {
    let (world, id) = try await AmendmentDocumentTests.accepted()
    let before = try await world.clearance(id, at: "CN")
    _ = try await world.cn.withdraw(id, by: world.customs)
    try await world.run()
    let next = try await world.clearance(id, at: "SG").receivedSequence + 1
    for (offset, kind) in [MessageKind.amendment, .withdrawal].enumerated() {
      let receipt = try await answer(world, id, sequence: next + offset, kind == .amendment ? "1" : "2", kind: kind) { Array($0.utf8) }
      #expect(try reasons(of: receipt) == ["clearance.already_final"])
    }
    #expect(before.export.status == .accepted)
    let declared = try #require(world.line.sent.first?.envelope)
    let unknown = try #require(ClearanceID(Self.other))
    for kind in [MessageKind.amendment, .withdrawal, .status] {
      let header = declared.header.with(messageID: declared.header.another, kind: kind, clearance: unknown, sequence: 1)
      let message = try sealed(header, payload: declared.payload, salt: declared.salt)
      #expect(try reasons(of: try await world.line.carry(message, from: "CN", to: "SG")) == ["clearance.unknown"])
      #expect(try await world.entries(at: "SG").last?.draft.reasons == ["clearance.unknown"])
      // A later one may have overtaken its declaration: it comes again.
      let later = try sealed(
        declared.header.with(messageID: declared.header.another, kind: kind, clearance: unknown, sequence: 2), payload: declared.payload,
        salt: declared.salt)
      await #expect(throws: CausewayError("receive.early")) { try await world.line.carry(later, from: "CN", to: "SG") }
    }
    #expect(try await world.sg.clearanceRecord(Self.other) == nil)
    #expect(try await world.isSound("SG"))
  }

  /// Twice under one id: one receipt, one document.
  @Test func twice() async throws {
    let (world, id) = try await AmendmentDocumentTests.accepted()
    world.line.fail { $0.header.kind == .amendment ? .twice : nil }
    let message = try await AmendmentDocumentTests.submit(world, AmendmentDocumentTests.request("1"), on: id)
    try await world.run()
    #expect(try await world.message(message.id.text, at: "CN").state == "delivered")
    #expect(try await world.sg.inboxItems(after: 0, limit: 100).count { $0.record.kind == "amendment" } == 1)
  }
}

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
