import Foundation
import JSONTree
import Primitives
import Testing

@testable import CausewayCLI

/// What may become of a clearance besides being cleared at once: amended, withdrawn, refused by either side, completed in several goes.
@Suite(.serialized, .oneAtATime, .runningWorld) struct LifeCycleTests {
  private func declared(_ number: Int) async throws -> (world: World, id: String) {
    let world = try World.running
    let ids = try await world.china.declare(try World.declaration(number: number), key: "life-\(number)")
    try await world.singapore.waitFor(ids.clearance, "import", "supplement_requested")
    return (world, ids.clearance)
  }

  private func amend(_ world: World, _ id: String, _ document: [UInt8]) async throws -> (status: Int, message: String) {
    let answer = try await world.china.answer("POST", "/v1/clearances/\(id)/amendments?profile=cn.decmessage", body: document)
    return (answer.status, answer.body["messageId"]?.string ?? "")
  }

  @Test func anAmendmentIsTheNextRevisionOnBothSides() async throws {
    let (world, id) = try await declared(1)
    let amended = try World.declaration(number: 1, replacing: "<PackNo>742<", with: "<PackNo>741<")
    let answer = try await amend(world, id, amended)
    #expect(answer.status == 202)
    #expect(try await world.china.receipted(answer.message)["state"]?.string == "delivered")
    try await world.singapore.waitFor(id) { $0["import"]?["revision"]?.int == 2 }
    let wire = try await world.sg.inside.bytes("/v1/messages/\(answer.message)/documents/wire")
    #expect(String(decoding: wire, as: UTF8.self).contains(">741<"))
    try await world.singapore.answerSupplement(id)
    try await world.finish(id)
    let view = try await world.china.clearance(id)
    #expect(view["export"]?["revision"]?.int == 2 && view["import"]?["revision"]?.int == 2)
    // The same amendment once more is the same submission.
    #expect(try await amend(world, id, amended).message == answer.message)
    // After release there is nothing to amend any more, and this side knows it.
    let late = try await amend(world, id, try World.declaration(number: 1, replacing: "<PackNo>742<", with: "<PackNo>740<"))
    let refused = try await world.china.translated(late.message)
    #expect(refused["state"]?.string == "refused")
    #expect(refused["problems"]?["reasons"]?.array?.first?["code"]?.string == "clearance.already_final")
  }

  @Test func aWithdrawalEndsBothSides() async throws {
    let (world, id) = try await declared(2)
    #expect(try await world.china.answer("POST", "/v1/clearances/\(id)/withdrawal").status == 202)
    for window in [world.china, world.singapore] { try await window.waitFor(id) { $0["outcome"]?.string == "withdrawn" } }
    try await world.china.waitFor(id, "import", "withdrawn")
    var kinds: [String] = []
    try await world.singapore.takeDocuments { if $0["clearanceId"]?.string == id { kinds.append($0["kind"]?.string ?? "") } }
    #expect(kinds.contains("withdrawal"))
    #expect(try await world.china.answer("POST", "/v1/clearances/\(id)/withdrawal").status == 409)
    #expect(try await world.singapore.answer("POST", "/v1/clearances/\(id)/withdrawal").status == 404, "only who declared withdraws")
    let body = Array(#"{"status":"accepted"}"#.utf8)
    #expect(try await world.singapore.answer("POST", "/v1/clearances/\(id)/status", body: body).status == 409)
  }

  @Test func aRefusalOfTheImportCustomsIsShownAndAnAmendmentMayFollow() async throws {
    let (world, id) = try await declared(3)
    try await world.singapore.answerSupplement(id)
    let body = Array(#"{"status":"refused","reasons":["sg.permit_missing","sg.value_doubt"]}"#.utf8)
    #expect(try await world.singapore.answer("POST", "/v1/clearances/\(id)/status", body: body).status == 202)
    try await world.china.waitFor(id) { $0["outcome"]?.string == "refused" }
    var shown: JSONValue?
    for _ in 0..<5 where shown == nil {
      try await world.china.takeDocuments { item in
        guard item["clearanceId"]?.string == id, let text = item["document"]?.string, let bytes = Base64.decode(text) else { return }
        let answer = try JSONValue.parse(bytes)["acknowledgementDocument"]?.array?.first
        if answer?["processConditionCode"]?["content"]?.string == "refused" { shown = answer }
      }
    }
    let reasons = shown?["referenceReferencedDocument"]?.array?.first?["specifiedDocumentStatus"]?.array
    #expect(
      reasons?.compactMap { $0["reasonCode"]?.array?.first?["content"]?.string } == ["sg.permit_missing", "sg.value_doubt"])
    let answer = try await amend(world, id, try World.declaration(number: 3, replacing: "<PackNo>742<", with: "<PackNo>743<"))
    #expect(answer.status == 202)
    try await world.singapore.waitFor(id) {
      $0["import"]?["revision"]?.int == 2 && $0["import"]?["status"]?.string == "supplement_requested"
    }
    try await world.singapore.answerSupplement(id)
    try await world.finish(id)
  }

  /// Singapore has released and China does not know it yet: the partner's signed receipt refuses the amendment and the withdrawal, and the
  /// sender sees the reasons.
  @Test func whatComesAfterThePartnersReleaseIsRefusedByItsReceipt() async throws {
    let world = try World()
    defer { world.end() }
    // What Singapore cannot deliver at once waits longer than this test.
    let configuration = try Files.text(world.sg.configuration)
    let patient = configuration.replacing("firstRetrySeconds: 1", with: "firstRetrySeconds: 600").replacing(
      "longestRetrySeconds: 1", with: "longestRetrySeconds: 600")
    try Files.write(Array(patient.utf8), to: world.sg.configuration)
    try await world.startBoth()
    var ids: [String] = []
    for number in [4, 5] {
      let declared = try await world.china.declare(try World.declaration(number: number), key: "late-\(number)")
      try await world.singapore.waitFor(declared.clearance, "import", "supplement_requested")
      try await world.singapore.answerSupplement(declared.clearance)
      try await world.singapore.report("accepted", on: declared.clearance)
      try await world.china.waitFor(declared.clearance, "import", "accepted")
      ids.append(declared.clearance)
    }
    try await world.quiet()
    world.process(world.cn)?.stop()
    for id in ids { try await world.singapore.report("released", on: id) }
    try await Task.sleep(for: .seconds(1))
    try await world.start(world.cn)

    let amended = try await amend(world, ids[0], try World.declaration(number: 4, replacing: "<PackNo>742<", with: "<PackNo>744<"))
    let amendment = try await world.china.receipted(amended.message)
    #expect(amendment["state"]?.string == "refused_by_partner")
    #expect(amendment["problems"]?["by"]?.string == "SG")
    #expect(amendment["problems"]?["reasons"]?.array?.compactMap { $0["code"]?.string } == ["clearance.already_final"])
    #expect(amendment["receipt"]?.string?.split(separator: ".").count == 3, "the partner's signature is kept")
    try await world.china.waitFor(ids[0]) { $0["export"]?["revision"]?.int == 1 && $0["beforeProposal"] == .null }

    #expect(try await world.china.answer("POST", "/v1/clearances/\(ids[1])/withdrawal").status == 202)
    try await world.china.waitFor(ids[1]) { $0["beforeProposal"] == .null && $0["export"]?["status"]?.string == "declared" }
    let messages = try await world.china.clearance(ids[1])["messages"]?.array ?? []
    #expect(messages.contains { $0["kind"]?.string == "withdrawal" && $0["state"]?.string == "refused_by_partner" })
    var refusals: Set<String> = []
    for _ in 0..<5 where refusals.count < 2 {
      try await world.china.takeDocuments { if $0["kind"]?.string == "refusal" { refusals.insert($0["clearanceId"]?.string ?? "") } }
    }
    #expect(refusals == Set(ids), "the sender is told")
    for site in world.sites { #expect(try World.run(["ledger", "verify", "--config", site.configuration]).status == 0) }
  }

  @Test func aSupplementIsTakenWholeOrNotAtAll() async throws {
    let (world, id) = try await declared(6)
    let items = try await world.singapore.supplementItems(id)
    let right = PatientWindow.rightAnswers(items)
    let path = "/v1/clearances/\(id)/supplement"
    func problems(_ answers: [(path: String, value: String)]) async throws -> (status: Int, pointers: [String], codes: [String]) {
      let answer = try await world.singapore.answer("POST", path, body: PatientWindow.answers(answers))
      let problems = answer.body["problems"]?.array ?? []
      #expect(problems.allSatisfy { $0["message"]?.string?.isEmpty == false && $0["message_zh"]?.string?.isEmpty == false })
      return (answer.status, problems.compactMap { $0["pointer"]?.string }, problems.compactMap { $0["code"]?.string })
    }
    // Two answers of the wrong form, one for something nobody asked for: three problems at once.
    let date = try #require(items.firstIndex { $0["path"]?.string?.hasSuffix("/ArrivalDate") == true })
    let value = try #require(items.firstIndex { $0["path"]?.string?.hasSuffix("/ItemCIFFOBValue") == true })
    var wrong = right
    wrong[date].value = "tomorrow"
    wrong[value].value = "a lot"
    wrong.append(("InboundMessage/InPayment/NoSuchElement", "1"))
    let refused = try await problems(wrong)
    #expect(refused.status == 422)
    #expect(Set(refused.pointers) == [right[date].path, right[value].path, "InboundMessage/InPayment/NoSuchElement"])
    // Half of them: each that is still missing is named.
    let partly = try await problems(Array(right.prefix(right.count / 2)))
    #expect(partly.status == 422)
    #expect(Set(right.dropFirst(right.count / 2).map(\.path)).isSubset(of: Set(partly.pointers)))
    #expect(partly.codes.contains("receive.supplement_incomplete"))
    #expect(try await world.singapore.answer("POST", path, body: Array("not JSON".utf8)).status == 400)
    #expect(try await problems([]).status == 422)
    // Nothing of all that has changed anything.
    #expect(try await world.singapore.supplementItems(id) == items)
    #expect(try await world.singapore.clearance(id)["import"]?["status"]?.string == "supplement_requested")
    #expect(try await world.singapore.answer("POST", path, body: PatientWindow.answers(right)).status == 202)
    #expect(try await world.singapore.clearance(id)["import"]?["status"]?.string == "lodged")
    try await world.finish(id)
  }

  @Test func whatWasAnswered202SurvivesAPartnerThatIsDown() async throws {
    let world = try World.running
    world.process(world.sg)?.kill()
    let ids = try await world.china.declare(try World.declaration(number: 7), key: "partner-down")
    #expect(try await world.china.translated(ids.message)["state"]?.string == "sealed")
    try await Task.sleep(for: .milliseconds(500))
    world.process(world.cn)?.kill()
    try await world.startBoth()
    #expect(try await world.china.receipted(ids.message)["state"]?.string == "delivered")
  }
}
