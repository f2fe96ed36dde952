import Foundation
import JSONTree
import Primitives
import Testing

@testable import CausewayCLI

/// What single windows hand in besides declarations of one format: requests to amend and cancel, other versions, and EDIFACT with its answers.
@Suite(.serialized, .oneAtATime, .runningWorld) struct RequestDocumentTests {
  private static let number = "310120260000000042"

  private static func request(_ type: String) -> [UInt8] {
    Array(
      """
      <DecModMessage><DecModSeqNo>M20261119000000071</DecModSeqNo><DecModType>\(type)</DecModType><EntryId>\(number)</EntryId>\
      <DecModNote>第1项单价应更正</DecModNote><IeFlag>E</IeFlag><Items><Item><No>1</No><FieldCode>DECL_PRICE</FieldCode>\
      <FieldName>单价</FieldName><OldValue>7.8000</OldValue><NewValue>8.7000</NewValue></Item></Items></DecModMessage>
      """.utf8)
  }

  private func submit(_ world: World, _ id: String, _ type: String) async throws -> JSONValue {
    let answer = try await world.china.answer("POST", "/v1/clearances/\(id)/amendments?profile=cn.decmod", body: Self.request(type))
    #expect(answer.status == 202)
    return try await world.china.receipted(try #require(answer.body["messageId"]?.string))
  }

  private func document(_ window: PatientWindow, of id: String, kind: String) async throws -> String? {
    var found: String?
    for _ in 0..<3 {
      try await window.takeDocuments { item in
        guard item["clearanceId"]?.string == id, item["kind"]?.string == kind, let text = item["document"]?.string else { return }
        found = String(decoding: try #require(Base64.decode(text)), as: UTF8.self)
      }
    }
    return found
  }

  @Test func amendedAnsweredAndCancelled() async throws {
    let world = try World.running
    let id = try await world.china.declare(try World.declaration(number: 310), key: "requests").clearance
    try await world.singapore.waitFor(id, "import", "supplement_requested")
    let accepted = Array(#"{"status":"accepted","registrationId":"\#(Self.number)"}"#.utf8)
    #expect(try await world.china.answer("POST", "/v1/clearances/\(id)/status", body: accepted).status == 202)
    try await world.singapore.waitFor(id, "export", "accepted")

    let amendment = try await submit(world, id, "1")
    #expect(amendment["state"]?.string == "delivered" && amendment["kind"]?.string == "amendment")
    #expect(amendment["versions"]?["source"]?.string == "cn.decmod/5.0")
    let told = try JSONValue.parse(Array(try #require(try await document(world.singapore, of: id, kind: "amendment")).utf8))
    #expect(told["exchangedDocument"]?["purposeCode"]?.array?.first?["content"]?.string == "4")
    #expect(!String(decoding: told.serialized(), as: UTF8.self).contains("8.7000"), "values stay at home")
    #expect(try await world.singapore.clearance(id)["export"]?["revision"]?.int == 1)

    let result = Array(
      "<HzApprovalResult><DestResourceId>M20261119000000071</DestResourceId><FeedbackResults>1</FeedbackResults></HzApprovalResult>".utf8)
    #expect(try await world.china.answer("POST", "/v1/clearances/\(id)/status?profile=cn.decmodresult", body: result).status == 202)
    try await world.quiet()
    let answer = try #require(try await document(world.singapore, of: id, kind: "status"))
    #expect(answer.contains("M20261119000000071") && answer.contains("<ram:ProcessConditionCode>accepted</ram:ProcessConditionCode>"))

    let cancellation = try await submit(world, id, "2")
    #expect(cancellation["state"]?.string == "delivered" && cancellation["kind"]?.string == "withdrawal")
    for window in [world.china, world.singapore] { try await window.waitFor(id) { $0["outcome"]?.string == "withdrawn" } }
    #expect(try await document(world.singapore, of: id, kind: "withdrawal")?.contains("CNL") == true)
    let late = try await world.china.answer("POST", "/v1/clearances/\(id)/amendments?profile=cn.decmod", body: Self.request("1") + [0x20])
    let refused = try await world.china.translated(try #require(late.body["messageId"]?.string))
    #expect(refused["problems"]?["reasons"]?.array?.first?["code"]?.string == "clearance.already_final")
    try await world.quiet()
    for site in world.sites { #expect(try World.run(["ledger", "verify", "--config", site.configuration]).status == 0) }
  }

  /// The same message as JSON and, for who asks in EDIFACT, as the CONTRL that answers it.
  @Test func edifactIsAnsweredInEDIFACT() async throws {
    let world = try World.running
    let sample = try Files.read(World.repository + "schemas/profiles/edifact.cusdec/d96b/samples/export-textiles-12-items.edi")
    let bad = Array(String(decoding: sample, as: UTF8.self).replacing(#/UNZ\+1\+/#, with: "UNZ+7+").utf8)
    for (body, state, action) in [(sample, "sealed", "+7'"), (bad, "refused", "+4+")] {
      let made = try await world.china.answer("POST", "/v1/declarations?profile=edifact.cusdec&corridor=CN-SG", body: body)
      let message = try #require(made.body["messageId"]?.string)
      let view = try await world.china.translated(message)
      #expect(view["state"]?.string == state || view["state"]?.string == "delivered" && state == "sealed")
      #expect(view["documents"]?.array?.contains(.string("contrl")) == true)
      let path = world.cn.inside.base + "/v1/messages/\(message)"
      for (accept, isEDIFACT) in [
        ("application/EDIFACT", true), ("application/json, application/edifact;q=0.5", true), ("application/json", false), ("*/*", false),
      ] {
        let answer = try await HTTPClient.send("GET", path, token: world.cn.token.exposed, headers: ["Accept": accept])
        #expect(answer.status == 200)
        let text = String(decoding: answer.body, as: UTF8.self)
        #expect(text.hasPrefix("UN") == isEDIFACT, "\(accept)")
        if isEDIFACT {
          #expect(text.contains("CONTRL") && text.contains(action))
          #expect(try await world.cn.inside.bytes("/v1/messages/\(message)/documents/contrl") == answer.body)
        }
      }
    }
  }
}
