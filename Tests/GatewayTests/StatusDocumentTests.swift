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

/// Statuses between gateways are documents of the corridor's status profile: what is wrong with one is refused with its code and its place.
@Suite struct StatusOnTheWireTests {
  private static let other = "00112233445566778899aabbccddeeff"

  /// - Returns: the receipt for a status of China's side about a case that Singapore has read, after `change`.
  private func answer(
    _ world: World, _ declared: Acknowledgement, sequence: Int, kind: MessageKind = .status, profile: VersionedName? = nil,
    _ change: (String) throws -> [UInt8]
  ) async throws -> String {
    let envelope = try await world.envelope(of: declared.messageID)
    let payload = try change(String(decoding: try status(.accepted, of: .export, declared.clearanceID), as: UTF8.self))
    let header = envelope.header.with(
      messageID: envelope.header.another, kind: kind, sequence: sequence,
      payload: PayloadDescription(payload, mediaType: "application/json"), profile: profile)
    return try await world.line.carry(try sealed(header, payload: payload, salt: envelope.salt), from: "CN", to: "SG")
  }

  /// Each hostile document beside its twin: refused, with its number used up and nothing else changed; then the twin is taken.
  @Test func hostileDocuments() async throws {
    let world = try await World()
    let declared = try await world.declare()
    try await world.run()
    func replacing(_ old: String, _ new: String) -> (String) throws -> [UInt8] {
      { text in
        let changed = text.replacingOccurrences(of: old, with: new)
        try #require(changed != text, "\(old) in \(text)")
        return Array(changed.utf8)
      }
    }
    let json = VersionedName(id: "uncefact.cdar.json", version: "d23b")
    let cases: [(change: (String) throws -> [UInt8], profile: VersionedName, code: String, pointer: String?)] = [
      ({ Array($0.utf8.dropLast()) }, json, "parse.json_syntax", nil),
      (
        replacing("\"exchangedDocument\":", "\"acknowledgementDocument\":[],\"exchangedDocument\":"), json, "parse.json_duplicate_member",
        nil
      ),
      (replacing("\"accepted\"", "\"cleared\""), json, "validate.not_listed", "/acknowledgementDocument/0/processConditionCode"),
      (replacing("\"accepted\"", "\"released\""), json, "clearance.illegal_transition", nil),
      (
        replacing(declared.clearanceID, Self.other), json, "verify.status_mismatch",
        "/exchangedDocumentContext/businessProcessSpecifiedDocumentContextParameter/0/id"
      ),
      (
        replacing("\"830\"", "\"929\""), json, "verify.status_mismatch",
        "/acknowledgementDocument/0/referenceReferencedDocument/0/typeCode"
      ),
      (
        replacing(
          "\"exchangedDocument\":{", "\"exchangedDocument\":{\"issuer\":{\"postalTradeAddress\":{\"countryId\":{\"content\":\"SG\"}}},"),
        json, "verify.status_mismatch", "/exchangedDocument/issuer/postalTradeAddress/countryId"
      ),
      (
        replacing("\"revisionId\":[{\"content\":\"1\"}]", "\"revisionId\":[{\"content\":\"2\"}]"), json, "verify.status_mismatch",
        "/acknowledgementDocument/0/referenceReferencedDocument/0/revisionId/0"
      ),
      (replacing("\"processConditionCode\":{\"content\":\"accepted\"},", ""), json, "validate.missing", nil),
      (replacing("09:00:00Z\",\"processCondition", "09:00:00\",\"processCondition"), json, "verify.status_zone", nil),
      (
        replacing("\"exchangedDocument\":{", "\"exchangedDocument\":{" + (0...1000).map { "\"x\($0)\":1," }.joined()), json,
        "validate.too_many_unknown", nil
      ),
      ({ Array(($0 + String(repeating: " ", count: 1 << 20)).utf8) }, json, "receive.too_large", "/payload/size"),
      ({ Array($0.utf8) }, VersionedName(id: "uncefact.cdar.xml", version: "d23b"), "verify.profile_unknown", "/profile"),
      ({ Array($0.utf8) }, VersionedName(id: "uncefact.cdar.json", version: "d99z"), "verify.profile_unknown", "/profile"),
      ({ Array($0.utf8) }, VersionedName(id: "uncefact.xml", version: "d23b"), "verify.profile_unknown", "/profile"),
    ]
    var sequence = 1
    let before = try await world.clearance(declared.clearanceID, at: "SG")
    let inbox = try await world.sg.inboxItems(after: 0, limit: 100).count
    for one in cases {
      sequence += 1
      let receipt = try await answer(world, declared, sequence: sequence, profile: one.profile, one.change)
      #expect(try reasons(of: receipt) == [one.code])
      if let pointer = one.pointer {
        #expect(try content(of: receipt)["reasons"]?.array?.first?["pointer"]?.string == pointer)
      }
      #expect(try await world.entries(at: "SG").last?.draft.kind == "message.refused")
    }
    let after = try await world.clearance(declared.clearanceID, at: "SG")
    #expect(after.export == before.export && after.import == before.import && after.timeline == before.timeline)
    #expect(after.receivedSequence == sequence)
    #expect(try await world.sg.inboxItems(after: 0, limit: 100).count == inbox, "nothing of it is handed over")
    let twin = try await answer(world, declared, sequence: sequence + 1) { Array($0.utf8) }
    #expect(try content(of: twin)["outcome"]?.string == "accepted")
    #expect(try await world.clearance(declared.clearanceID, at: "SG").export.status == .accepted)
    #expect(try await world.isSound("SG"))
  }

  /// All that does not agree with the envelope is named at once.
  @Test func everyMismatchIsNamed() async throws {
    let world = try await World()
    let declared = try await world.declare()
    try await world.run()
    let receipt = try await answer(world, declared, sequence: 2, kind: .withdrawal) { text in
      Array(text.replacingOccurrences(of: "\"830\"", with: "\"929\"").replacingOccurrences(of: declared.clearanceID, with: Self.other).utf8)
    }
    let found = try content(of: receipt)["reasons"]?.array?.compactMap { $0["element"]?.string }
    #expect(found == ["Status.ClearanceID", "Status.DirectionCode", "Status.Code"])
  }

  /// A corridor whose registry entry names another profile; the inside has what it wants nevertheless.
  @Test func corridorThatSpeaksXML() async throws {
    let world = try await World(registry: Economies.shared.statusInXML)
    let id = try await world.declare().clearanceID
    try await world.run()
    try await world.report("accepted", on: id, at: "CN", ",\"registrationId\":\"310120260000000042\"")
    try await world.run()
    let sent = try #require(world.line.sent.last { $0.sender == "CN" }?.envelope)
    #expect(sent.header.profile == VersionedName(id: "uncefact.cdar.xml", version: "d23b"))
    #expect(sent.header.payload.mediaType == "application/xml")
    let said = try statusSaid(in: sent.payload, as: "uncefact.cdar.xml")
    #expect(said.status == .accepted && said.registrationID == "310120260000000042" && said.side == .export)
    #expect(try await world.clearance(id, at: "SG").export.registrationID == "310120260000000042")
    let item = try #require(try await world.sg.inboxItems(after: 0, limit: 10).last { $0.record.kind == "status" })
    #expect(try #require(item.payload).bytes == sent.payload, "the same profile: byte for byte")
  }

  /// Handed over in the profile that the configuration names, with the account of the translation.
  @Test func handedOverInTheLocalProfile() async throws {
    let world = try await World()
    let id = try await world.declare().clearanceID
    try await world.run()
    try await world.report("accepted", on: id, at: "CN")
    _ = try await world.cn.withdraw(id, by: world.customs)
    try await world.run()
    for (kind, code) in [("status", SideStatus.accepted), ("withdrawal", .withdrawn)] {
      let item = try #require(try await world.sg.inboxItems(after: 0, limit: 10).first { $0.record.kind == kind })
      let payload = try #require(item.payload)
      #expect(payload.mediaType == "application/xml")
      let document = try valid(payload.bytes, as: "uncefact.cdar.xml")
      #expect(try StatusMessage(reading: document).status == code)
      #expect(document.declaration[id: "Status.EconomyCode"]?.text == "CN")
      let message = try #require(item.record.messageID)
      let wire = try await world.sg.document(of: message.text, kind: "wire")
      #expect(try statusSaid(in: wire.bytes) == (try StatusMessage(reading: document)))
      let report = try JSONValue.parse(try await world.sg.document(of: message.text, kind: "report").bytes)
      #expect(report["entries"]?.array?.allSatisfy { $0["action"]?.string != "not_carried" } == true)
    }
    // China's inside has named none: as it travels.
    let items = try await world.cn.inboxItems(after: 0, limit: 10).filter { $0.record.kind == "status" }
    #expect(!items.isEmpty && items.allSatisfy { $0.payload?.mediaType == "application/json" })
  }
}

/// What the partner's receipt refuses comes back to the inside as a status document.
@Suite struct RefusalDocumentTests {
  private func refusal(_ world: World, at economy: String = "CN") async throws -> (InboxItem, Declaration) {
    let item = try #require(try await world[economy].inboxItems(after: 0, limit: 100).last { $0.record.kind == "refusal" })
    let document = try valid(try #require(item.payload).bytes)
    return (item, document.declaration)
  }

  @Test func ofADeclaration() async throws {
    let world = try await World()
    let declared = try await world.declare()
    world.line.fail { _ in .changed { $0.with(signature: String($0.signature.dropLast(4)) + "AAAA") } }
    _ = try await world.cn.deliverDue()
    let (item, said) = try await refusal(world)
    #expect(item.payload?.mediaType == "application/json")
    let expected = [
      "Status.ID": declared.messageID, "Status.ClearanceID": declared.clearanceID, "Status.EconomyCode": "SG", "Status.DirectionCode": "IM",
      "Status.Revision": "1", "Status.Code": "refused", "Status.EffectiveDateTime": "2026-11-21T09:00:00Z",
    ]
    for (id, text) in expected { #expect(said[id: id]?.text == text) }
    #expect(StatusMessage.reasons(of: said).map(\.code) == ["verify.jws_signature"])
    let view = try await world.cn.message(declared.messageID, waitSeconds: 0)
    #expect(view["problems"]?["reasons"]?.array?.count == 1, "the reasons with their facts stay with the message")
  }

  /// Everything is as before: the document names no status, and says why.
  @Test func ofAWithdrawal() async throws {
    let world = try await World()
    let id = try await world.declare().clearanceID
    try await world.run()
    for step in ["lodged", "accepted", "released"] { try await world.report(step, on: id, at: "SG") }
    _ = try await world.cn.withdraw(id, by: world.customs)
    try await world.run()
    let (_, said) = try await refusal(world)
    #expect(said[id: "Status.Code"] == nil)
    #expect(StatusMessage.reasons(of: said).map(\.code) == ["clearance.already_final"])
  }
}

/// The local customs' own documents become statuses of this side.
@Suite struct CustomsDocumentTests {
  private static func sample(_ path: String) throws -> String {
    String(decoding: try #require(FileManager.default.contents(atPath: "\(Economies.schemas)/profiles/\(path)")), as: UTF8.self)
  }

  private static func receipt(_ channel: String, _ more: String = "") -> [UInt8] {
    Array(
      """
      <DEC_RESULT><CUS_CIQ_NO>E20260000000000042</CUS_CIQ_NO><ENTRY_ID>310120260000000042</ENTRY_ID>\
      <NOTICE_DATE>2026-11-20 08:00:05</NOTICE_DATE><CHANNEL>\(channel)</CHANNEL><NOTE>第1项商品缺少A证</NOTE>\(more)</DEC_RESULT>
      """.utf8)
  }

  private func report(_ world: World, _ body: [UInt8], _ profile: String = "cn.decresult", on id: String, at economy: String = "CN")
    async throws
  {
    _ = try await world[economy].report(body, in: profile, on: id, by: world.customs)
  }

  /// Several receipts for a step, some for none, and late ones: the case goes on as customs means it.
  @Test func receiptsOfChina() async throws {
    let world = try await World()
    let id = try await world.declare().clearanceID
    try await world.run()
    for channel in ["7", "L", "C"] { try await report(world, Self.receipt(channel), on: id) }
    #expect(try await world.clearance(id, at: "CN").export == Side(revision: 1, status: .declared))
    for channel in ["J", "G", "L"] { try await report(world, Self.receipt(channel), on: id) }
    try await world.run()
    #expect(
      try await world.clearance(id, at: "SG").export
        == Side(revision: 1, status: .accepted, registrationID: "310120260000000042"))
    for channel in ["P", "R", "J"] { try await report(world, Self.receipt(channel), on: id) }
    try await world.run()
    let timeline = try await world.clearance(id, at: "SG").timeline.filter { $0.side == .export }
    #expect(timeline.map(\.status) == [.declared, .accepted, .released])
    #expect(timeline.last?.time == Instant(rfc3339: "2026-11-20T08:00:05+08:00"))
    let kinds = try await world.entries(at: "CN").map(\.draft.kind)
    #expect(kinds.count { $0 == "side.reported" } == 2 && kinds.count { $0 == "side.noted" } == 7)
    let noted = try #require(try await world.entries(at: "CN").first { $0.draft.kind == "side.noted" }).draft
    #expect(noted.payloadDigest == SHA256.hash(Self.receipt("7")) && noted.actor == "customs")
    #expect(noted.versions["profile"] == "cn.decresult/5.0")
  }

  /// What leaves is the status in both codes, its time and the number; the text stays, and the document itself is kept with the account.
  @Test func whatLeaves() async throws {
    let world = try await World()
    let id = try await world.declare().clearanceID
    try await world.run()
    try await report(world, Self.receipt("E"), on: id)
    try await world.run()
    let sent = try #require(world.line.sent.last { $0.sender == "CN" }?.envelope)
    #expect(!String(decoding: sent.payload, as: UTF8.self).contains("第"))
    let said = try valid(sent.payload).declaration
    let expected = [
      "Status.ID": sent.header.messageID.text, "Status.ClearanceID": id, "Status.EconomyCode": "CN", "Status.DirectionCode": "EX",
      "Status.Revision": "1", "Status.Code": "refused", "Status.NationalCode": "E", "Status.RegistrationID": "310120260000000042",
      "Status.EffectiveDateTime": "2026-11-20T08:00:05+08:00", "Status.IssueDateTime": "2026-11-21T09:00:00Z",
    ]
    var found: [String: String] = [:]
    said.walk { path, value in found[said.dictionary[path.element].id] = value.text }
    #expect(found == expected)
    let document = { (kind: String) in try await world.cn.document(of: sent.header.messageID.text, kind: kind) }
    #expect(try await document("source").bytes == Self.receipt("E"))
    let entries = try JSONValue.parse(try await document("report").bytes)["entries"]?.array ?? []
    func action(_ element: String) -> String? { entries.first { $0["element"]?.string == element }?["action"]?.string }
    #expect(action("Status.Text") == "withheld")
    #expect(action("Status.WindowID") == "withheld")
    #expect(action("Status.Code") == "converted")
    let entry = try #require(try await world.entries(at: "CN").last { $0.draft.kind == "side.reported" }).draft
    #expect(entry.payloadDigest == SHA256.hash(Self.receipt("E")) && entry.messageID == sent.header.messageID)
  }

  /// A permit is the only answer of its customs: acceptance, and lodging elsewhere, have come before it.
  @Test func permitOfSingapore() async throws {
    let world = try await World()
    let id = try await world.declare().clearanceID
    try await world.run()
    #expect(try await world.clearance(id, at: "SG").import?.status == .supplementRequested)
    let permit = try Self.sample("sg.response/4.1/samples/in-payment-permit.xml")
    try await report(world, Array(permit.utf8), "sg.response", on: id, at: "SG")
    try await report(world, Array(permit.utf8), "sg.response", on: id, at: "SG")
    try await world.run()
    for economy in ["SG", "CN"] {
      let clearance = try await world.clearance(id, at: economy)
      #expect(
        clearance.timeline.filter { $0.side == .import }.map(\.status) == [.supplementRequested, .lodged, .accepted, .released])
      #expect(clearance.import?.registrationID == "IG6C000002X")
    }
    #expect(try await world.isSound("SG"))
    #expect(try await world.isSound("CN"))
  }

  @Test func refusalOfSingapore() async throws {
    let world = try await World()
    let id = try await world.declare().clearanceID
    try await world.run()
    let message = try Self.sample("sg.response/4.1/samples/error-message.xml")
    try await report(world, Array(message.utf8), "sg.response", on: id, at: "SG")
    try await world.run()
    #expect(try await world.clearance(id, at: "CN").import?.status == .refused)
    let item = try #require(try await world.cn.inboxItems(after: 0, limit: 10).last { $0.record.kind == "status" })
    let said = try statusSaid(in: try #require(item.payload).bytes)
    #expect(said.reasons == [.init(code: "E10123", pointer: nil), .init(code: "E17001", pointer: nil)])
    #expect(!String(decoding: try #require(item.payload).bytes, as: UTF8.self).contains("DUPLICATE"))
    #expect(try await world.isSound("SG"))
  }

  /// Documents of something else, and what is no document at all: refused, and nothing has happened.
  @Test func refused() async throws {
    let world = try await World()
    let id = try await world.declare().clearanceID
    try await world.run()
    let outward = try Self.sample("sg.response/4.1/samples/outward-permit.xml")
    let silent = Array(String(decoding: Self.receipt("J"), as: UTF8.self).replacingOccurrences(of: "<CHANNEL>J</CHANNEL>", with: "").utf8)
    let hub = StatusMessage(clearanceID: id, side: .export, revision: 1, status: .accepted, effective: Economies.start)
    func said(_ side: SideKind = .export, _ revision: Int = 1, _ clearance: String? = nil, _ status: SideStatus = .accepted) throws
      -> [UInt8]
    {
      try document(
        StatusMessage(clearanceID: clearance ?? id, side: side, revision: revision, status: status, effective: Economies.start))
    }
    let cases: [(String, [UInt8], String, String)] = [
      ("CN", Self.receipt("D"), "cn.decresult", "receive.status_kind"), ("CN", [], "cn.decresult", "receive.empty"),
      ("CN", Array("<DEC_RESULT>".utf8), "cn.decresult", "parse.malformed"), ("CN", silent, "cn.decresult", "validate.missing"),
      ("CN", Self.receipt("J"), "cn.decresponse", "receive.profile_not_offered"),
      ("CN", Self.receipt("J"), "cn.none", "receive.profile_not_offered"),
      ("CN", Self.receipt("J"), "uncefact.cdar.json", "parse.json_syntax"),
      ("CN", Self.receipt("J"), "sg.response", "receive.profile_not_offered"),
      ("SG", Array(outward.utf8), "sg.response", "receive.status_foreign"),
      ("CN", try said(.import), "uncefact.cdar.json", "receive.status_foreign"),
      ("CN", try said(.export, 2), "uncefact.cdar.json", "receive.status_foreign"),
      ("CN", try said(.export, 1, "00112233445566778899aabbccddeeff"), "uncefact.cdar.json", "receive.status_foreign"),
      ("CN", try said(.export, 1, nil, .declared), "uncefact.cdar.json", "receive.status_kind"),
    ]
    let before = try await (world.entries(at: "CN").count, world.entries(at: "SG").count)
    for (economy, body, profile, code) in cases {
      await #expect(throws: CausewayError(ErrorCode(rawValue: code)), "\(profile)") {
        try await report(world, body, profile, on: id, at: economy)
      }
    }
    await #expect(throws: CausewayError("receive.not_found")) { try await report(world, Self.receipt("J"), on: "none") }
    #expect(try await (world.entries(at: "CN").count, world.entries(at: "SG").count) == before)
    try await report(world, try document(hub), "uncefact.cdar.json", on: id)
    #expect(try await world.clearance(id, at: "CN").export.status == .accepted)
    // What the rules of the case do not allow is refused by them.
    try await report(world, Self.receipt("P"), on: id)
    await #expect(throws: CausewayError("clearance.already_final")) { try await report(world, Self.receipt("E"), on: id) }
  }
}
