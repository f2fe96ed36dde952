import Declarations
import Formats
import Foundation
import JSONTree
import Primitives
import TestSupport
import Testing

@testable import Translation

/// The hub's acknowledgement: every element of a status has its place, the JSON is what UN/CEFACT publishes, and a partner can use it.
@Suite struct StatusHubTests {
  @Test(arguments: StatusTests.hub) func everyElementHasAPlace(_ name: String) throws {
    let profile = try Repository.translator().profile(name)
    let leaves = profile.dictionary.elements(of: "status").filter { !$0.isGroup }.map(\.id)
    #expect(leaves.count >= 20)
    #expect(profile.carriedElements(nil) == leaves)
    let reads = profile.plan.variants[0].uses.flatMap { $0 }.filter(\.rule.reads).flatMap(\.rule.elements).map { profile.dictionary[$0].id }
    #expect(Set(reads) == Set(leaves))
    // What the library has no place for is listed on the page.
    let page = try String(contentsOf: Repository.root.appending(path: "docs/formats/uncefact.cdar.md"), encoding: .utf8)
    for (node, uses) in profile.plan.variants[0].uses.enumerated() {
      let namespace = profile.structure[node].namespace
      guard namespace >= 0, profile.structure.namespaces[namespace].prefix == "ext" else { continue }
      for use in uses { for element in use.rule.elements { #expect(page.contains("`\(profile.dictionary[element].id)`")) } }
    }
  }

  /// A status of everything that the dictionary knows, in one syntax and the other.
  @Test func everyElementComesBack() throws {
    let translator = try Repository.translator()
    let xml = """
      <r:CrossDomainAcknowledgementAndResponse xmlns:r="urn:causeway:uncefact:d23b:CrossDomainAcknowledgementAndResponse:1"
        xmlns="urn:causeway:uncefact:d23b:ReusableAggregateBusinessInformationEntity:1" xmlns:e="urn:causeway:uncefact:d23b:Extension:1">
      <r:ExchangedDocumentContext>
      <BusinessProcessSpecifiedDocumentContextParameter><ID>00112233445566778899aabbccddeeff</ID></BusinessProcessSpecifiedDocumentContextParameter>
      </r:ExchangedDocumentContext>
      <r:ExchangedDocument><ID>M-1</ID><IssueDateTime>2026-11-20T08:00:00.5+08:00</IssueDateTime>
      <IssuerTradeParty><PostalTradeAddress><CountryID>MY</CountryID></PostalTradeAddress></IssuerTradeParty></r:ExchangedDocument>
      <r:AcknowledgementDocument><IssueDateTime>2026-11-20T07:59:00Z</IssueDateTime><ProcessConditionCode>refused</ProcessConditionCode>
      <ProcessCondition> 拒绝 &amp; “why” </ProcessCondition>
      <ReferenceReferencedDocument><IssuerAssignedID>L-1</IssuerAssignedID><TypeCode>929</TypeCode><GlobalID>MRN-1</GlobalID>
      <RevisionID>2</RevisionID><ProcessConditionCode>R9</ProcessConditionCode>
      <SpecifiedDocumentStatus><ReasonCode>E1</ReasonCode><Reason>text</Reason><ReasonInformationCode>AFB</ReasonInformationCode>
      <ReasonClassificationCode>error</ReasonClassificationCode><InvalidInformation>/Declaration/Gross</InvalidInformation>
      <SpecifiedDocumentCharacteristic><ID>145</ID><TypeCode>68A</TypeCode><ValueNumeric>3</ValueNumeric></SpecifiedDocumentCharacteristic>
      <e:AgencyCode>JKDM</e:AgencyCode></SpecifiedDocumentStatus>
      <ValidityPeriod><StartDateTime>2026-11-20</StartDateTime><EndDateTime>2026-12-19</EndDateTime></ValidityPeriod>
      <e:WindowID>W-1</e:WindowID><e:RequestID>Q-1</e:RequestID></ReferenceReferencedDocument></r:AcknowledgementDocument></r:CrossDomainAcknowledgementAndResponse>
      """
    let own = try translator.valid(Array(xml.utf8), "uncefact.cdar.xml")
    let leaves = own.profile.dictionary.elements(of: "status").filter { !$0.isGroup }
    #expect(own.values.count == leaves.count)
    try StatusTests.trip(Array(xml.utf8), "uncefact.cdar.xml", "uncefact.cdar.json", "everything")
    let there = try translator.write(own, to: try translator.profile("uncefact.cdar.json"))
    let partner = try translator.valid(try there.bytes(), "uncefact.cdar.json")
    #expect(partner.values == own.values)
    #expect(there.report.entries.filter { $0.action == .notCarried } == [])
  }

  // MARK: The published schema

  /// - Returns: what the judge says of documents that are not valid.
  private func refused(_ documents: [(name: String, bytes: [UInt8])]) throws -> [String] {
    let folder = FileManager.default.temporaryDirectory.appending(path: "causeway-status-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var files: [String] = []
    for (index, document) in documents.enumerated() {
      let file = folder.appending(path: "\(index) \(document.name.split(separator: "/").last ?? "").json")
      try Data(document.bytes).write(to: file)
      files.append(file.path)
    }
    let text = try ChildProcess.run(
      PublishedSchemaTests.python + [PublishedSchemaTests.judge, "--root", "UNECE-CrossDomainAcknowledgementandResponse.json"] + files
    ).output
    let lines = text.split(separator: "\n").map(String.init)
    guard lines.count(where: { $0.hasSuffix(": valid") || $0.hasSuffix(" errors") }) == files.count else { return ["no verdict: \(text)"] }
    return lines.filter { !$0.hasSuffix(": valid") }
  }

  @Test(.enabled(if: PublishedSchemaTests.hasJudge))  // the published schemas are not part of this repository
  func everyStatusIsValidByThePublishedSchema() throws {
    let translator = try Repository.translator()
    var documents: [(name: String, bytes: [UInt8])] = []
    var refusals = 0
    func add(_ name: String, _ bytes: [UInt8], _ from: String) throws {
      guard from != "uncefact.cdar.json" else { return documents.append((name, bytes)) }
      let written = try translator.translate(bytes, from, "uncefact.cdar.json")
      if written.declaration[id: "Status.Code"]?.text == "refused" { refusals += 1 }
      documents.append((name, try written.bytes()))
    }
    for sample in StatusTests.samples { try add(sample.name, sample.bytes, sample.profile) }
    for (name, bytes) in StatusTests.notifications { try add(name, bytes, "wco.dms.response") }
    for name in StatusTests.national + ["uncefact.cdar.xml"] {
      let profile = try translator.profile(name)
      for seed in 0..<UInt64(30) { try add("\(name)-\(seed)", try profile.sample(seed: seed), name) }
    }
    #expect(refusals >= 20, "\(refusals) of \(documents.count)")
    documents += try gatewayRefusals(of: Sample(profile: "cn.decmessage", name: "import-machine-parts.xml"))
    #expect(documents.count >= 450)
    #expect(try refused(documents) == [])
  }

  /// What a gateway says to a sample with one thing wrong, for every tenth of the places and things: the codes and pointers of our own validation.
  private func gatewayRefusals(of sample: Sample) throws -> [(name: String, bytes: [UInt8])] {
    let translator = try Repository.translator()
    let profile = try translator.profile(sample.profile)
    let hub = try translator.profile("uncefact.cdar.json")
    let head = try translator.valid(try StatusTests.sample("cn.decresult", "returned.xml"), "cn.decresult")
    let dictionary = translator.library.dictionary
    func element(_ id: String) throws -> ElementIndex { try #require(dictionary[id: id]) }
    let reason = try element("Reason")
    let ids = try ["Reason.TypeCode", "Reason.Code", "Reason.Pointer"].map { try element($0) }
    var documents: [(name: String, bytes: [UInt8])] = []
    for (index, mutation) in try Mutation.all(of: try translator.parse(try sample.bytes(), as: profile), profile).enumerated()
    where index % 10 == 0 {
      let found = problems { _ = try translator.validate(mutation.document, as: profile) }.filter { $0.severity == .error }
      guard !found.isEmpty else { continue }
      var status = head.declaration
      #expect(status[id: "Status.Code"]?.text == "refused")
      status.root.setGroups(
        reason,
        found.map { problem in
          var group = Group(reason)
          for (id, text) in zip(ids, ["error", problem.code.rawValue, problem.pointer]) { group[id] = text.map { Value($0) } }
          return group
        })
      let written = try translator.write(head, released: status, to: hub, options: .init(makesComplement: false))
      #expect(written.supplement.isEmpty && written.problems.allSatisfy { $0.severity != .error })
      documents.append(("refusal-\(index)", try written.bytes()))
    }
    return documents
  }

  @Test(.enabled(if: PublishedSchemaTests.hasJudge))  // the published schemas are not part of this repository
  func theJudgeRefuses() throws {
    let good = String(
      decoding: try Repository.translator().translate(
        try StatusTests.sample("wco.dms.response", "rejected.xml"), "wco.dms.response", "uncefact.cdar.json"
      ).bytes(), as: UTF8.self)
    let bad = good.replacing("\"processConditionCode\":", with: "\"surprise\":", maxReplacements: 1)
    #expect(bad != good)
    #expect(try !refused([("bad", Array(bad.utf8))]).isEmpty)
    #expect(try refused([("good", Array(good.utf8))]) == [])
  }

  // MARK: What a partner does with it

  /// A status that the partner changed comes back changed; what it has no place for, comes back as it was.
  @Test(arguments: StatusTests.hub) func thePartnersChangeWins(_ hub: String) throws {
    let translator = try Repository.translator()
    let original = try translator.valid(try StatusTests.sample("wco.dms.response", "accepted-with-warnings.xml"), "wco.dms.response")
    let there = try translator.write(original, to: try translator.profile(hub))
    let text = String(decoding: try there.bytes(), as: UTF8.self).replacing("accepted", with: "released", maxReplacements: 1)
      .replacing("Net mass of the item appears low", with: "Net mass is low", maxReplacements: 1)
    let partner = try translator.valid(Array(text.utf8), hub)
    let back = try translator.write(
      partner, to: original.profile, options: .init(complement: there.complement, makesComplement: false))
    let written = String(decoding: try back.bytes(), as: UTF8.self)
    #expect(written.contains("FunctionCode>09<"))
    #expect(written.contains("Description>Net mass is low<"))
    #expect(written.contains("StatementDescription>Net mass of the item appears low<"))
    #expect(written.contains("formatCode=\"304\""))
  }

  /// Another customs' refusal in this side's format: the kind of notification follows from the status, not from the other side's code.
  @Test func aForeignRefusalBecomesALocalNotification() throws {
    let translator = try Repository.translator()
    let hub = try translator.translate(try StatusTests.sample("cn.decresult", "returned.xml"), "cn.decresult", "uncefact.cdar.json").bytes()
    let local = try translator.translate(hub, "uncefact.cdar.json", "wco.dms.response")
    #expect(local.text("Response", "FunctionCode") == "03")
    #expect(local.text("Response", "Declaration", "RejectionDateTime", "DateTimeString") == "20261118162000+08")
    #expect(local.text("Response", "Declaration", "AcceptanceDateTime", "DateTimeString") == nil)
    #expect(local.report.entries.contains { $0.path == "Status.EconomyCode" && $0.action == .notCarried })
    #expect(local.report.entries.contains { $0.path == "Status.NationalCode" && $0.action == .notCarried })
    // The twin: a release has no time of rejection.
    let released = try translator.translate(try StatusTests.sample("cn.decresult", "released.xml"), "cn.decresult", "wco.dms.response")
    #expect(released.text("Response", "FunctionCode") == "09")
    #expect(released.text("Response", "Declaration", "RejectionDateTime", "DateTimeString") == nil)
  }

  /// The shape of a TradeNet response follows from the status.
  @Test func theShapeFollowsFromTheStatus() throws {
    let translator = try Repository.translator()
    func shape(_ profile: String, _ name: String) throws -> String? {
      let hub = try translator.translate(try StatusTests.sample(profile, name), profile, "uncefact.cdar.xml").bytes()
      return try translator.translate(hub, "uncefact.cdar.xml", "sg.response").plan.variant.shape.map {
        try translator.profile("sg.response").shapes[$0]
      }
    }
    #expect(try shape("sg.response", "outward-permit.xml") == "OutwardPermit")
    #expect(try shape("sg.response", "in-payment-permit.xml") == "InPaymentPermit")
    #expect(try shape("cn.decresult", "returned.xml") == "ErrorMessage")
    let other = try StatusTests.sample("sg.response", "error-message.xml")
    let unknown = String(decoding: other, as: UTF8.self).replacing("err:ErrorMessage", with: "err:FeeMessage")
    #expect(problems { _ = try translator.valid(Array(unknown.utf8), "sg.response") }.map(\.code) == ["validate.shape_unknown"])
  }

  /// A status is no declaration.
  @Test func kindsDoNotMix() throws {
    let translator = try Repository.translator()
    let status = try StatusTests.sample("cn.decresult", "released.xml")
    #expect(problems { _ = try translator.translate(status, "cn.decresult", "uncefact.xml") }.map(\.code) == ["write.kind_differs"])
    let declaration = try translator.profile("cn.decmessage").sample(seed: 1)
    #expect(
      problems { _ = try translator.translate(declaration, "cn.decmessage", "uncefact.cdar.xml") }.map(\.code) == ["write.kind_differs"])
    #expect(
      problems {
        _ = try translator.lossMatrix(from: try translator.profile("cn.decmessage"), to: try translator.profile("cn.decresult"))
      }.map(\.code) == ["write.kind_differs"])
  }
}
