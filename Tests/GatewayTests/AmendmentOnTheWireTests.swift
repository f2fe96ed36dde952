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
      let message = try sealed(header, payload: declared.payload, salt: declared.salt, fieldsSecret: declared.fieldsSecret)
      #expect(try reasons(of: try await world.line.carry(message, from: "CN", to: "SG")) == ["clearance.unknown"])
      #expect(try await world.entries(at: "SG").last?.draft.reasons == ["clearance.unknown"])
      // A later one may have overtaken its declaration: it comes again.
      let later = try sealed(
        declared.header.with(messageID: declared.header.another, kind: kind, clearance: unknown, sequence: 2), payload: declared.payload,
        salt: declared.salt, fieldsSecret: declared.fieldsSecret)
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
