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

/// A format has several versions: a document is read by the one that it names itself, and the records say which it was.
@Suite struct DocumentVersionTests {
  static func sample(_ path: String) throws -> [UInt8] {
    [UInt8](try #require(FileManager.default.contents(atPath: "\(Economies.schemas)/profiles/\(path)")))
  }

  private static func world(_ accepts: String, status: String = "[]") async throws -> World {
    try await World(
      corridors: ["CN": "[{id: CN-SG, policy: cn-sg-clearance, accepts: \(accepts), acceptsStatus: \(status)}]"])
  }

  private func submit(_ world: World, _ body: [UInt8], _ profile: String?) async throws -> MessageRecord {
    let acknowledgement = try await world.cn.submit(
      Submission(body: body, profile: profile, corridor: "CN-SG", ucr: nil, clearanceID: nil, idempotencyKey: nil), by: world.customs)
    _ = try await world.cn.translateReceived()
    return try await world.message(acknowledgement.messageID, at: "CN")
  }

  /// Each document beside the version by which it is read, with the same configuration.
  @Test(arguments: [
    ("edifact.cusdec/d96b/samples/export-textiles-12-items.edi", "edifact.cusdec", "edifact.cusdec/d96b"),
    ("edifact.cusdec/d03b/samples/export-textiles-12-items.edi", "edifact.cusdec", "edifact.cusdec/d03b"),
    ("cn.decmessage/3.1/samples/export-knitwear.xml", "cn.decmessage", "cn.decmessage/3.1"),
    ("cn.decmessage/5.0/samples/export-minimal.xml", "cn.decmessage", "cn.decmessage/5.0"),
    ("edifact.cusdec/d96b/samples/export-textiles-12-items.edi", "edifact.cusdec@d96b", "edifact.cusdec/d96b"),
  ]) func theVersionThatTheDocumentNames(_ path: String, _ profile: String, _ version: String) async throws {
    let world = try await Self.world("[cn.decmessage, edifact.cusdec]")
    // Country codes of 2018 are no codes of today.
    let text = String(decoding: try Self.sample(path), as: UTF8.self)
    let today = text.replacing(#/(Country|AreaCode)>(122|132)</#) { "\($0.1)>MYS<" }.replacing(
      "DestinationCountry>142<", with: "DestinationCountry>CHN<")
    let message = try await submit(world, Array(today.utf8), profile)
    #expect(message.state == "sealed", "\(message.reason.map(\.rawValue) ?? "")")
    #expect(message.versions["source"] == version)
    #expect(message.versions["profile"] == "uncefact.xml/d23b")
    let entry = try #require(try await world.entries(at: "CN").last { $0.draft.kind == "declaration.sent" }).draft
    #expect(entry.versions["source"] == version)
    let view = try await world.cn.message(message.id.text, waitSeconds: 0)
    #expect(view["versions"]?["source"]?.string == version)
    try await world.run()
    #expect(try await world.message(message.id.text, at: "CN").state == "delivered")
    #expect(try await world.isSound("CN"))
  }

  /// A configuration that names a version takes that one alone.
  @Test func onlyTheVersionThatIsConfigured() async throws {
    let world = try await Self.world("[edifact.cusdec@d03b]")
    let older = try Self.sample("edifact.cusdec/d96b/samples/export-textiles-12-items.edi")
    let refused = try await submit(world, older, nil)
    #expect(refused.state == "refused")
    let entry = try #require(try await world.entries(at: "CN").last).draft
    #expect(entry.kind == "declaration.refused" && entry.versions["source"] == "edifact.cusdec/d03b")
    #expect(try await world.cn.message(refused.id.text, waitSeconds: 0)["problems"]?["profile"]?.string == "edifact.cusdec/d03b")
    for profile in ["edifact.cusdec@d96b", "edifact.cusdec", "edifact.cusdec@d99z"] {
      await #expect(throws: CausewayError("receive.profile_not_offered"), "\(profile)") { try await submit(world, older, profile) }
    }
    let taken = try await submit(world, try Self.sample("edifact.cusdec/d03b/samples/export-textiles-12-items.edi"), nil)
    #expect(taken.state == "sealed")
  }

  /// The answers of customs have versions, too.
  @Test(arguments: ["d96b", "d03b"]) func statuses(_ version: String) async throws {
    let world = try await Self.world("[cn.decmessage]", status: "[edifact.cusres]")
    let id = try await world.declare().clearanceID
    try await world.run()
    let samples = ["d96b": "released-import.edi", "d03b": "released-export.edi"]
    let text = String(decoding: try Self.sample("edifact.cusres/\(version)/samples/\(try #require(samples[version]))"), as: UTF8.self)
    let body = Array(
      text.replacing("NAD+CM++++++++ZA", with: "NAD+CM++++++++CN").replacing("GIS+23:109", with: "GIS+22:109")
        .replacing(":2+11'", with: ":1+11'").replacing("DTM+204:202610120815:203", with: "DTM+204:20261012081500UTC:304").utf8)
    _ = try await world.cn.report(body, in: "edifact.cusres", on: id, by: world.customs)
    let entry = try #require(try await world.entries(at: "CN").last { $0.draft.kind == "side.reported" }).draft
    #expect(entry.versions["profile"] == "edifact.cusres/\(version)")
    #expect(try await world.clearance(id, at: "CN").export.status == .released)
  }
}

/// Who speaks EDIFACT is answered in EDIFACT: a CONTRL takes the interchange or turns it back, beside the problems.
@Suite struct SyntaxAnswerTests {
  private func contrl(_ world: World, _ body: [UInt8]) async throws -> (state: String, text: String?, message: String) {
    let acknowledgement = try await world.cn.submit(
      Submission(body: body, profile: "edifact.cusdec", corridor: "CN-SG", ucr: nil, clearanceID: nil, idempotencyKey: nil),
      by: world.customs)
    _ = try await world.cn.translateReceived()
    let view = try await world.cn.message(acknowledgement.messageID, waitSeconds: 0)
    let isThere = view["documents"]?.array?.contains(.string("contrl")) == true
    let answer = isThere ? try await world.cn.document(of: acknowledgement.messageID, kind: "contrl") : nil
    if let answer { #expect(answer.mediaType == "application/EDIFACT") }
    return (view["state"]?.string ?? "", answer.map { String(decoding: $0.bytes, as: UTF8.self) }, acknowledgement.messageID)
  }

  @Test func takenOrTurnedBack() async throws {
    let world = try await World(
      corridors: ["CN": "[{id: CN-SG, policy: cn-sg-clearance, accepts: [cn.decmessage, edifact.cusdec]}]"])
    let good = try DocumentVersionTests.sample("edifact.cusdec/d96b/samples/export-textiles-12-items.edi")
    let text = String(decoding: good, as: UTF8.self)
    let taken = try await contrl(world, good)
    #expect(taken.state == "sealed")
    let answer = try #require(taken.text)
    #expect(answer.contains("UNH+1+CONTRL:D:3:UN'") && answer.contains("+7'") && !answer.contains("+4+"))
    let reference = String(taken.message.uppercased().filter { $0 != "-" }.suffix(14))
    #expect(answer.contains("+\(reference)'"), "the answer's own reference is that of the message")
    #expect(try await AmendmentDocumentTests.item(world, "contrl", at: "CN") == nil, "nobody has asked")
    // The count of segments in UNT is wrong: the syntax is, and the problem is told both ways.
    let count = try #require(text.firstMatch(of: #/UNT\+(\d+)\+/#)?.1)
    let miscounted = try await contrl(world, Array(text.replacing("UNT+\(count)+", with: "UNT+9999+").utf8))
    #expect(miscounted.state == "refused")
    #expect(try #require(miscounted.text).contains("UCM+"), "\(miscounted.text ?? "")")
    #expect(try #require(miscounted.text).contains("+4+"))
    let problems = try await world.cn.message(miscounted.message, waitSeconds: 0)["problems"]?["reasons"]?.array
    #expect(problems?.isEmpty == false)
    // Data element 0031: the sender asks for an answer, and gets it with what else is handed over.
    for (body, action) in [(text, "+7'"), (text.replacing("UNT+\(count)+", with: "UNT+9998+"), "+4+")] {
      let head = try #require(body.firstMatch(of: #/UNB\+[^']*/#)?.output)
      let elements = head.split(separator: "+", omittingEmptySubsequences: false).count
      let asking = body.replacing(head, with: head + String(repeating: "+", count: 10 - elements) + "1", maxReplacements: 1)
      let asked = try await contrl(world, Array(asking.utf8))
      let item = try #require(try await AmendmentDocumentTests.item(world, "contrl", at: "CN"))
      #expect(item.record.messageID?.text == asked.message && asked.text?.contains(action) == true)
      #expect(item.payload.map { String(decoding: $0.bytes, as: UTF8.self) } == asked.text)
      #expect(item.json["mediaType"]?.string == "application/EDIFACT")
    }
    // No interchange at all: there is nobody to answer to.
    let noise = try await contrl(world, Array("UNB+".utf8))
    #expect(noise.state == "refused" && noise.text == nil)
    #expect(try await world.isSound("CN"))
  }

  /// Nobody else is answered so.
  @Test func notInOtherSyntaxes() async throws {
    let world = try await World()
    let message = try await world.declare().messageID
    let view = try await world.cn.message(message, waitSeconds: 0)
    #expect(view["documents"]?.array?.contains(.string("contrl")) == false)
    await #expect(throws: CausewayError("receive.not_found")) { try await world.cn.document(of: message, kind: "contrl") }
  }
}
