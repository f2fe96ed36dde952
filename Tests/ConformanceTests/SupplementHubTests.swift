import Declarations
import Formats
import Foundation
import JSONTree
import Primitives
import TestSupport
import Testing

@testable import Translation

/// Documents of the kinds `supplement` and `accompanying`, which have a hub format and no other: there and back through its two syntaxes.
@Suite struct SupplementHubTests {
  static let kinds = ["supplement", "accompanying"]
  static let hub = kinds.flatMap { ["uncefact.\($0).xml", "uncefact.\($0).json"] }
  static let samples = hub.flatMap(Sample.all)

  private static func other(_ profile: String) -> String {
    profile.hasSuffix(".xml") ? String(profile.dropLast(3)) + "json" : String(profile.dropLast(4)) + "xml"
  }

  @Test(arguments: samples) func samplesComeBack(_ sample: Sample) throws {
    try AmendmentTests.trip(try sample.bytes(), sample.profile, Self.other(sample.profile), sample.name)
  }

  @Test func bothKindsHaveSamples() { #expect(Set(Self.samples.map(\.profile)) == Set(Self.hub)) }

  @Test(arguments: hub) func generatedDocumentsComeBack(_ from: String) throws {
    let profile = try Repository.translator().profile(from)
    for seed in 0..<UInt64(30) { try AmendmentTests.trip(try profile.sample(seed: seed), from, Self.other(from), "seed \(seed)") }
  }

  @Test(arguments: hub) func everyElementHasAPlace(_ name: String) throws {
    let profile = try Repository.translator().profile(name)
    #expect(profile.carriedElements(nil) == profile.dictionary.elements(of: profile.document).filter { !$0.isGroup }.map(\.id))
    // What the library has no place for is told on the page.
    let page = try String(contentsOf: Repository.root.appending(path: "docs/formats/uncefact.\(profile.document).md"), encoding: .utf8)
    for (node, uses) in profile.plan.variants[0].uses.enumerated() {
      let namespace = profile.structure[node].namespace
      guard namespace >= 0, profile.structure.namespaces[namespace].prefix == "ext" else { continue }
      for use in uses { for element in use.rule.elements { #expect(page.contains("`\(profile.dictionary[element].id)`")) } }
    }
  }

  /// `CAUSEWAY_RECORD=1` writes the schemas anew.
  @Test(arguments: kinds) func theCommittedSchemaIsTheGeneratedOne(_ kind: String) throws {
    try SchemaTests().theCommittedSchemaIsTheGeneratedOne("uncefact.\(kind).xml")
  }

  /// What UN/CEFACT publishes takes the documents, generated ones too.
  @Test(.enabled(if: PublishedSchemaTests.hasJudge), arguments: kinds)  // the published schemas are not part of this repository
  func theJSONIsValidAgainstThePublishedSchema(_ kind: String) throws {
    let profile = try Repository.translator().profile("uncefact.\(kind).json")
    let folder = FileManager.default.temporaryDirectory.appending(path: "causeway-\(kind)-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (index, sample) in Sample.all(profile.id).enumerated() {
      try Data(try sample.bytes()).write(to: folder.appending(path: "s\(index).json"))
    }
    for seed in 0..<UInt64(20) { try Data(try profile.sample(seed: seed)).write(to: folder.appending(path: "g\(seed).json")) }
    let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).map { folder.appending(path: $0).path }
    let result = try ChildProcess.run(PublishedSchemaTests.python + [PublishedSchemaTests.judge] + files)
    #expect(files.count > 20)
    #expect(
      result.status == 0,
      "\(result.output.split(separator: "\n").filter { !$0.hasSuffix(": valid") }.prefix(5))")
  }

  @Test func aDocumentOfOneKindIsNotWrittenAsAnother() throws {
    let bytes = try Repository.bytes("schemas/profiles/uncefact.supplement.xml/d23b/samples/request-sg.xml")
    for to in ["uncefact.accompanying.xml", "uncefact.amendment.xml", "uncefact.xml", "uncefact.cdar.xml"] {
      #expect(
        problems { _ = try Repository.translator().translate(bytes, "uncefact.supplement.xml", to) }.map(\.code) == ["write.kind_differs"])
    }
  }

  // MARK: A request that was really made

  /// What a draft asks for goes out as a document, its answer comes back as one, and the draft is complete.
  @Test(arguments: ["uncefact.supplement.xml", "uncefact.supplement.json"])
  func aRequestAndItsAnswerGoThroughTheHub(_ name: String) throws {
    let translator = try Repository.translator()
    let (hub, target) = (try translator.profile(name), try translator.profile("sg.tradenet"))
    let source = try translator.valid(
      try Repository.bytes("schemas/profiles/cn.decmessage/5.0/samples/export-textiles-12-items.xml"), "cn.decmessage")
    let there = try translator.write(source, to: target)
    let asked = there.supplement.items
    #expect(asked.count > 20)
    var request = SupplementDocument(.request(there.supplement))
    request.number = "SUP-1"
    request.economy = "SG"
    request.localReference = "IPT0000000001"
    request.issued = "2026-11-20T09:00:00+08:00"
    let sent = try translator.write(try request.document(in: translator.library.dictionary), as: hub)
    let received = try SupplementDocument(try translator.valid(sent, name).declaration)
    guard case .request(let copy) = received.content else { return #expect(Bool(false), "it is no request") }
    #expect(copy.json == there.supplement.json)
    #expect(received.number == "SUP-1" && received.economy == "SG" && received.localReference == "IPT0000000001")
    #expect(received.issued == "2026-11-20T09:00:00+08:00" && received.requestNumber == nil)

    var answer = SupplementDocument(
      .answer(profile: copy.profile, copy.items.map { .init(path: $0.path, value: Self.answer(to: $0, target)) }))
    answer.requestNumber = received.number
    let returned = try translator.write(try answer.document(in: translator.library.dictionary), as: hub)
    let read = try SupplementDocument(try translator.valid(returned, name).declaration)
    guard case .answer(let profile, let answers) = read.content else { return #expect(Bool(false), "it is no answer") }
    #expect(profile == "sg.tradenet@4.1" && read.requestNumber == "SUP-1" && answers.count == asked.count)
    let supplied = try translator.supply(answers, to: try translator.parse(try there.bytes(), as: target), profile: target)
    #expect(supplied.remaining.isEmpty)
  }

  private static func answer(to item: SupplementRequest.Item, _ target: Profile) -> String {
    switch item.type.split(separator: " ")[0] {
    case "date": "20261121"
    case "decimal", "integer": "12"
    case "indicator": "true"
    case "code" where item.path.hasSuffix("ItemHarmonizedSystemCode"): (item.known ?? "620342") + "00"
    default: item.candidates.first ?? item.values.first ?? item.list.flatMap { target.codes.list($0)?.entries.first?.code } ?? "A1"
    }
  }

  @Test(
    arguments: [
      ("<ram:PurposeCode>13<", "<ram:PurposeCode>11<", nil),
      ("<ram:ReasonCode>partial<", "<ram:ReasonCode>whim<", "SupplementItem[1].ReasonCode"),
      ("<ram:Location>InboundMessage/InPayment/Item[ItemSequenceNumeric=1]/", "<ram:Location>Item[", "SupplementItem[1].Path"),
    ] as [(String, String, String?)])
  func aDocumentThatIsNoRequestIsNamed(_ old: String, _ new: String, _ place: String?) throws {
    let text = String(decoding: try Repository.bytes("schemas/profiles/uncefact.supplement.xml/d23b/samples/request-sg.xml"), as: UTF8.self)
    #expect(text.contains(old))
    let valid = try Repository.translator().valid(Array(text.replacing(old, with: new).utf8), "uncefact.supplement.xml")
    let found = problems { _ = try SupplementDocument(valid.declaration) }
    #expect(found.map(\.pointer) == (place.map { [$0] } ?? []))
    #expect(found.allSatisfy { $0.code == "write.supplement_invalid" })
  }
}
