import Foundation
import JSONTree
import Primitives
import Testing

@testable import CausewayCLI

/// Both customs speak their own language: receipts in, permits in, and each side is told of the other in the hub's.
@Suite(.serialized, .oneAtATime, .runningWorld) struct StatusDocumentTests {
  private static func sample(_ path: String) throws -> [UInt8] { try Files.read(World.repository + "schemas/profiles/" + path) }

  private func documents(_ window: PatientWindow, of id: String, kind: String) async throws -> [String] {
    var found: [String] = []
    for _ in 0..<3 {
      try await window.takeDocuments { item in
        guard item["clearanceId"]?.string == id, item["kind"]?.string == kind, let text = item["document"]?.string else { return }
        found.append(String(decoding: try #require(Base64.decode(text)), as: UTF8.self))
      }
    }
    return found
  }

  @Test func clearedByDocumentsOfBothCustoms() async throws {
    let world = try World.running
    let ids = try await world.china.declare(try World.declaration(number: 300), key: "documents")
    let id = ids.clearance
    try await world.singapore.waitFor(id, "import", "supplement_requested")
    try await world.singapore.answerSupplement(id)
    func report(_ window: PatientWindow, _ document: [UInt8], _ profile: String) async throws -> (status: Int, body: JSONValue) {
      try await window.answer("POST", "/v1/clearances/\(id)/status?profile=\(profile)", body: document)
    }
    let result = "cn.decresult/5.0/samples/"
    for name in ["received", "examined", "inspection", "released", "examined"] {
      #expect(try await report(world.china, try Self.sample(result + name + ".xml"), "cn.decresult").status == 202)
    }
    // What is wrong is named in the customs' own document, and nothing has happened.
    let foreign = try await report(world.singapore, try Self.sample("sg.response/4.1/samples/outward-permit.xml"), "sg.response")
    #expect(foreign.status == 422 && foreign.body["problems"]?.array?.first?["code"]?.string == "receive.status_foreign")
    let broken = try await report(world.singapore, Array("<TradenetResponse>".utf8), "sg.response")
    #expect(broken.status == 400 && broken.body["problems"]?.array?.first?["line"]?.int == 1)
    let other = try await report(world.singapore, try Self.sample(result + "released.xml"), "cn.decresult")
    #expect(other.status == 403 && other.body["type"]?.string == "urn:causeway:error:receive.profile_not_offered")
    #expect(try await world.singapore.clearance(id)["import"]?["status"]?.string == "lodged")

    let permit = World.repository + "schemas/profiles/sg.response/4.1/samples/in-payment-permit.xml"
    let environment = ["CAUSEWAY_URL": world.sg.inside.base, "CAUSEWAY_TOKEN": world.sg.token.exposed]
    let told = try World.run(["status", id, "--document", permit, "--profile", "sg.response"], environment: environment)
    #expect(told.status == 0, "\(told.errors)")
    #expect(try World.run(["status", id, "--document", permit], environment: environment).status == 64)
    for window in [world.china, world.singapore] {
      let view = try await window.waitFor(id) { $0["outcome"]?.string == "concluded" }
      #expect(view["export"]?["registrationId"]?.string == "310120260000000042")
      #expect(view["import"]?["registrationId"]?.string == "IG6C000002X")
    }

    // Singapore asks for XML, China takes what travels; either way it is the partner's side that is told of.
    let atSingapore = try await documents(world.singapore, of: id, kind: "status")
    #expect(atSingapore.count == 2 && atSingapore.allSatisfy { $0.contains("<ram:CountryID>CN</ram:CountryID>") })
    #expect(atSingapore.last?.contains("<ram:ProcessConditionCode>released</ram:ProcessConditionCode>") == true)
    #expect(atSingapore.last?.contains("<ram:ProcessConditionCode>P</ram:ProcessConditionCode>") == true)
    #expect(!atSingapore.joined().contains("报关单"), "texts stay at home")
    let atChina = try await documents(world.china, of: id, kind: "status").map { try JSONValue.parse(Array($0.utf8)) }
    #expect(
      atChina.map { $0["acknowledgementDocument"]?.array?.first?["processConditionCode"]?["content"]?.string } == [
        "supplement_requested", "lodged", "accepted", "released",
      ])
    try await world.quiet()
    for site in world.sites { #expect(try World.run(["ledger", "verify", "--config", site.configuration]).status == 0) }
  }

  /// What came is what was handed in, byte for byte, and the account of what became of it stands beside it.
  @Test func theDocumentIsKeptWithItsAccount() async throws {
    let world = try World.running
    let ids = try await world.china.declare(try World.declaration(number: 301), key: "documents-kept")
    try await world.singapore.waitFor(ids.clearance, "import", "supplement_requested")
    let returned = try Self.sample("cn.decresult/5.0/samples/returned.xml")
    _ = try await world.china.call("POST", "/v1/clearances/\(ids.clearance)/status?profile=cn.decresult", body: returned)
    try await world.singapore.waitFor(ids.clearance) { $0["outcome"]?.string == "refused" }
    let messages = try await world.china.clearance(ids.clearance)["messages"]?.array ?? []
    let message = try #require(
      messages.first { $0["kind"]?.string == "status" && $0["direction"]?.string == "outbound" }?["messageId"]?.string)
    #expect(try await world.cn.inside.bytes("/v1/messages/\(message)/documents/source") == returned)
    let report = try JSONValue.parse(try await world.cn.inside.bytes("/v1/messages/\(message)/documents/report"))
    let text = report["entries"]?.array?.first { $0["element"]?.string == "Status.Text" }
    #expect(text?["action"]?.string == "withheld")
    let wire = try await world.cn.inside.bytes("/v1/messages/\(message)/documents/wire")
    #expect(try await world.sg.inside.bytes("/v1/messages/\(message)/documents/wire") == wire)
  }
}
