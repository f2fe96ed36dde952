import Declarations
import Formats
import Foundation
import Primitives
import Testing

@testable import Translation

/// Documents of the kind `amendment`: requests to amend or cancel a declaration, there and back through both syntaxes of their hub format.
@Suite struct AmendmentTests {
  static let hub = ["uncefact.amendment.xml", "uncefact.amendment.json"]
  static let national = Repository.profiles.filter { $0.document == "amendment" && !$0.isHub }.map(\.id)
  static let samples = national.flatMap(Sample.all)

  static func trip(_ bytes: [UInt8], _ from: String, _ to: String, _ comment: String) throws {
    let trip = try RoundTripTests.trip(bytes, from, to)
    #expect(trip.original.document.differences(from: trip.back) == [], "\(comment)")
    #expect(trip.there.report.unmentionedSourceLeaves == [], "\(comment)")
    #expect(trip.there.supplement.isEmpty, "\(comment)")
    #expect(trip.there.problems.filter { $0.severity == .error } == [], "\(comment)")
    _ = try RoundTripTests.lost(trip, comment)
  }

  @Test func theProfilesAreThere() {
    #expect(Set(national).isSuperset(of: ["cn.decmod", "sg.tradenet.cancellation", "wco.dms.amendment", "eu.eucdm.invalidation"]))
    #expect(Set(samples.map(\.profile)) == Set(national))
  }

  private var national: [String] { Self.national }
  private var samples: [Sample] { Self.samples }

  @Test(arguments: samples, hub) func samplesComeBack(_ sample: Sample, _ to: String) throws {
    try Self.trip(try sample.bytes(), sample.profile, to, sample.name)
  }

  @Test(arguments: national + hub, hub) func generatedDocumentsComeBack(_ from: String, _ to: String) throws {
    let profile = try Repository.translator().profile(from)
    for seed in 0..<UInt64(30) { try Self.trip(try profile.sample(seed: seed), from, to, "seed \(seed)") }
  }

  /// The published requests to amend or invalidate, by file.
  static let requests: [(name: String, bytes: [UInt8])] = CorpusTests.files.compactMap { name in
    guard let data = FileManager.default.contents(atPath: CorpusTests.folder.appending(path: name).path),
      [">COR<", ">INV<"].contains(where: { data.firstRange(of: Data($0.utf8)) != nil }),
      let document = try? XMLFormat.parse([UInt8](data)), document.find("Declaration") != nil, document.find("Response") == nil
    else { return nil }
    return (name, [UInt8](data))
  }

  @Test(.enabled(if: !CorpusTests.files.isEmpty), arguments: hub)  // the published requests are not part of this repository
  func everyPublishedRequestComesBack(_ to: String) throws {
    #expect(Self.requests.count == 11)
    for (name, bytes) in Self.requests {
      let found = problems { try Self.trip(bytes, "wco.dms.amendment", to, name) }
      #expect(found.isEmpty, "\(name): \(found.map { "\($0.code) \($0.pointer ?? "")" })")
    }
  }

  @Test(arguments: hub) func everyElementHasAPlaceInTheHub(_ name: String) throws {
    let profile = try Repository.translator().profile(name)
    #expect(profile.carriedElements(nil) == profile.dictionary.elements(of: "amendment").filter { !$0.isGroup }.map(\.id))
  }

  /// `CAUSEWAY_RECORD=1` writes the schemas anew.
  @Test(arguments: national + ["uncefact.amendment.xml"]) func theCommittedSchemaIsTheGeneratedOne(_ name: String) throws {
    try SchemaTests().theCommittedSchemaIsTheGeneratedOne(name)
  }

  /// A request is not written as a declaration, nor as a status.
  @Test(arguments: ["uncefact.xml", "uncefact.cdar.xml", "cn.decmessage"]) func oneKindIsNotTranslatedIntoAnother(_ to: String) throws {
    let bytes = try Repository.bytes("schemas/profiles/cn.decmod/5.0/samples/cancel.gb18030.xml")
    #expect(problems { _ = try Repository.translator().translate(bytes, "cn.decmod", to) }.map(\.code) == ["write.kind_differs"])
  }

  /// Where the declaration is stated anew, an amendment is a declaration with the number of the one that it amends; it stays one on its way.
  @Test(arguments: [("amend-outward.xml", "OD6C000018Z"), ("amend-in-payment.xml", "IG6C000002X")])
  func anAmendedDeclarationIsADeclaration(_ name: String, _ permit: String) throws {
    let translator = try Repository.translator()
    let bytes = try Repository.bytes("schemas/profiles/sg.tradenet.update/4.1/samples/\(name)")
    let there = try translator.translate(bytes, "sg.tradenet.update", "uncefact.json")
    let partner = try translator.valid(try there.bytes(), "uncefact.json")
    #expect(partner.values["Declaration.FunctionCode"] == "4")
    #expect(partner.values["Declaration.ID"] == permit)
    // The other side's declaration is another one: it is not amended by this number.
    let draft = try translator.translate(bytes, "sg.tradenet.update", "cn.decmessage", replacesDraft: true)
    #expect(draft.text("DecHead", "EntryId") == nil)
    #expect(draft.asked("DecSign/OperType") != nil)
  }

  /// The flag and the number make an amendment; without the number nobody knows of which declaration. A draft made of it is a new declaration.
  @Test(arguments: [("eu.eucdm", "export-machinery-amended.xml"), ("eu.eucdm.json", "export-machinery-amended.json")])
  func theFlagMakesAnAmendment(_ profile: String, _ name: String) throws {
    let translator = try Repository.translator()
    let bytes = try Repository.bytes("schemas/profiles/\(profile)/2024/samples/\(name)")
    #expect(try translator.valid(bytes, profile).values["Declaration.FunctionCode"] == "4")
    let text = String(decoding: bytes, as: UTF8.self)
    let unnamed = text.replacing(#/<MRN>.*?<\/MRN>|"MRN": ".*?",/#, with: "")
    #expect(problems { _ = try translator.valid(Array(unnamed.utf8), profile) }.first?.element == "Declaration.ID")
    let unflagged = unnamed.replacing(#/<amendmentTypeFlag>.*?<\/amendmentTypeFlag>|"amendmentTypeFlag": ".*?",/#, with: "")
    #expect(try translator.valid(Array(unflagged.utf8), profile).values["Declaration.FunctionCode"] == "9")
    let draft = try translator.translate(
      try Repository.bytes("schemas/profiles/sg.tradenet.update/4.1/samples/amend-outward.xml"), "sg.tradenet.update", profile,
      replacesDraft: true)
    #expect(!String(decoding: try draft.bytes(), as: UTF8.self).contains("amendmentTypeFlag"))
    #expect(draft.report.entries.contains { $0.element == "Declaration.FunctionCode" && $0.action == .notCarried })
  }

  /// In a format of originals an amendment would become a new declaration: refused, unless it takes the place of a draft that nobody has lodged. An
  /// original goes there, an amendment to where it has a place, and to its own format with what was kept of it.
  @Test(arguments: ["cn.decmessage", "sg.tradenet", "my.kastam", "eu.eucdm", "asycuda.sad"])
  func anAmendmentDoesNotBecomeAnOriginal(_ to: String) throws {
    let translator = try Repository.translator()
    let sample = try Repository.bytes("schemas/profiles/edifact.cusdec/d96b/samples/import-replaced-latin1.edi")
    for function in ["4", "5", "20", "21", "33", "36"] {
      let amended = try Self.replacing("+5'", "+\(function)'", sample)
      #expect(
        problems { _ = try translator.translate(amended, "edifact.cusdec@d96b", to) }.map(\.code) == ["write.amendment"], "\(function)")
      #expect(problems { _ = try translator.translate(amended, "edifact.cusdec@d96b", to, replacesDraft: true) } == [])
      #expect(problems { _ = try translator.translate(amended, "edifact.cusdec@d96b", "uncefact.xml") } == [])
    }
    let original = try Self.replacing("+5'", "+9'", sample)
    #expect(problems { _ = try translator.translate(original, "edifact.cusdec@d96b", to) } == [])
    // Nor is a cancellation excused by the draft that it would replace.
    let cancelled = try Self.replacing("+5'", "+1'", sample)
    #expect(
      problems { _ = try translator.translate(cancelled, "edifact.cusdec@d96b", to, replacesDraft: true) }.map(\.code)
        == ["write.cancellation"])
  }

  private static func replacing(_ old: String, _ new: String, _ bytes: [UInt8]) throws -> [UInt8] {
    let text = String(decoding: bytes.map { $0 < 0x80 ? $0 : 0x65 }, as: UTF8.self)
    let changed = text.replacing(old, with: new, maxReplacements: 1)
    try #require(changed != text || old == new)
    return Array(changed.utf8)
  }

  /// A form of cancellations cannot hold a request to amend, which would come out as a cancellation.
  @Test(arguments: ["sg.tradenet.cancellation", "eu.eucdm.invalidation"]) func aRequestToAmendDoesNotBecomeACancellation(_ to: String)
    throws
  {
    let translator = try Repository.translator()
    let amends = try Repository.bytes("schemas/profiles/cn.decmod/5.0/samples/amend-price.xml")
    #expect(problems { _ = try translator.translate(amends, "cn.decmod", to) }.map(\.code) == ["write.amendment"])
    #expect(problems { _ = try translator.translate(amends, "cn.decmod", to, replacesDraft: true) }.map(\.code) == ["write.amendment"])
    let cancels = try Repository.bytes("schemas/profiles/cn.decmod/5.0/samples/cancel.gb18030.xml")
    #expect(problems { _ = try translator.translate(cancels, "cn.decmod", to) } == [])
    #expect(problems { _ = try translator.translate(amends, "cn.decmod", "wco.dms.amendment") } == [])
  }

  @Test func aCancellationIsNoAmendmentAndTheOtherWayRound() throws {
    let translator = try Repository.translator()
    for (profile, sample) in [
      ("sg.tradenet.update", "sg.tradenet.cancellation/4.1/samples/cancel-outward.xml"),
      ("sg.tradenet", "sg.tradenet.cancellation/4.1/samples/cancel-outward.xml"),
      ("sg.tradenet.cancellation", "sg.tradenet.update/4.1/samples/amend-outward.xml"),
      ("sg.tradenet", "sg.tradenet.update/4.1/samples/amend-outward.xml"),
      ("sg.tradenet.update", "sg.tradenet/4.1/samples/outward-machine-parts.xml"),
    ] {
      let bytes = try Repository.bytes("schemas/profiles/\(sample)")
      #expect(!problems { _ = try translator.valid(bytes, profile) }.isEmpty, "\(profile) \(sample)")
    }
  }

  // MARK: What it means

  static let meanings: [StatusTests.Meaning] = [
    .init(
      "cn.decmod", "amend-price.xml",
      [
        "Amendment.FunctionCode": "4", "Amendment.NationalCode": "1", "Amendment.DirectionCode": "EX", "Amendment.EconomyCode": "CN",
        "Amendment.RegistrationID": "310120260000000042", "Amendment.RequestID": "M20261119000000071",
        "Amendment.IssueDateTime": "2026-11-19T09:41:07+08:00", "Change[1].OldValue": "7.8000", "Change[1].NewValue": "8.7000",
        "Change[3].NewName": "新加坡", "Change[4].NewValue": "  两行备注 <14>\n第二行  ",
      ], absent: ["Change[4].OldValue", "Change[1].OldName"]),
    .init(
      "cn.decmod", "cancel.gb18030.xml",
      [
        "Amendment.FunctionCode": "1", "Amendment.NationalCode": "2", "Amendment.DirectionCode": "IM", "Trader.Name": "上海𠮷云栎纺织进出口有限公司",
        "Amendment.IssueDateTime": "2026-11-20T16:30:15+08:00",
      ], absent: ["Amendment.RequestID", "Change[1].SequenceNumeric"]),
    .init(
      "sg.tradenet.cancellation", "cancel-outward.xml",
      [
        "Amendment.FunctionCode": "1", "Amendment.NationalCode": "CNL", "Amendment.DirectionCode": "EX", "Amendment.EconomyCode": "SG",
        "Amendment.RegistrationID": "OD6C000018Z", "Amendment.ReplacementID": "OD6C000021T", "Amendment.ID": "CWT26031700003",
        "Amendment.SequenceNumeric": "1", "AmendmentReason[1].Code": "05", "Amendment.IssueDateTime": "2026-03-17T11:05:00+08:00",
      ]),
    .init(
      "wco.dms.amendment", "amend-different-reasons.xml",
      [
        "Amendment.FunctionCode": "4", "Amendment.NationalCode": "COR", "Amendment.ID": "CW-COR-2026-0008", "Amendment.EconomyCode": "GB",
        "Amendment.RegistrationID": "26GBCAUSEWAY000AR1", "AmendmentReason[2].Text": "Second invoice", "Change[1].ReasonCode": "21",
        "Change[1].ChangePlace[3].SectionCode": "27A", "Change[1].ChangePlace[3].ElementID": "R014", "Change[2].ReasonCode": "32",
      ], absent: ["Amendment.LRN", "Amendment.DirectionCode", "Change[1].ChangePlace[3].SequenceNumeric"]),
    .init(
      "wco.dms.amendment", "invalidate.xml",
      [
        "Amendment.FunctionCode": "1", "AmendmentReason[1].Text": "Declared twice & not needed", "Change[1].ReasonCode": "1",
        "Applicant.ID": "GB427168118378",
      ], absent: ["Change[1].ChangePlace[1].SectionCode"]),
    .init(
      "eu.eucdm.invalidation", "invalidate-export.xml",
      [
        "Amendment.FunctionCode": "1", "Amendment.DirectionCode": "EX", "Amendment.EconomyCode": "FR", "Amendment.OfficeID": "FR004200",
        "Amendment.RegistrationID": "26FR00420000551EA7", "Amendment.IssueDateTime": "2026-06-04T09:14:30+02:00",
        "AmendmentReason[1].Text": "Déclarée deux fois & non exportée", "Applicant.ID": "FR73282932000074",
      ], absent: ["Amendment.LRN"]),
    .init(
      "sg.tradenet.cancellation", "cancel-in-non-payment.xml",
      ["Amendment.FunctionCode": "1", "Amendment.DirectionCode": "IM", "Amendment.RegistrationID": "IN6D000007P"],
      absent: ["AmendmentReason[1].Code", "Applicant.ID"]),
  ]

  @Test(arguments: meanings.indices) func samplesMeanWhatTheDeclarantAsks(_ index: Int) throws {
    let meaning = Self.meanings[index]
    let translator = try Repository.translator()
    let own = try translator.valid(try Sample(profile: meaning.profile, name: meaning.name).bytes(), meaning.profile)
    for to in Self.hub {
      let there = try translator.write(own, to: try translator.profile(to))
      let partner = try translator.valid(try there.bytes(), to)
      for values in [own.values, partner.values] {
        for (path, text) in meaning.values { #expect(values[path] == text, "\(meaning.name) \(to) \(path)") }
        for path in meaning.absent { #expect(values[path] == nil, "\(meaning.name) \(to) \(path)") }
      }
    }
  }
}
