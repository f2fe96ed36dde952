import Declarations
import Formats
import Foundation
import JSONTree
import Primitives
import Testing

@testable import Translation

/// Documents of the kind `status`: what customs and single windows answer, there and back through the hub's acknowledgement.
@Suite struct StatusTests {
  static let hub = ["uncefact.cdar.xml", "uncefact.cdar.json"]
  static let national = [
    "wco.dms.response", "cn.decresponse", "cn.decresult", "cn.decdata", "cn.decmodresult", "sg.response", "edifact.cusres",
    "edifact.cusres@d96b",
  ]

  struct Answer: Sendable, CustomTestStringConvertible {
    let profile: String
    let name: String
    let bytes: [UInt8]
    var testDescription: String { "\(profile) \(name)" }
  }

  /// Every document in the samples folders of the profiles.
  static let samples: [Answer] = {
    guard let library = try? Repository.library.get() else { return [] }
    return library.profiles.filter { $0.document == "status" }.flatMap { profile in
      Sample.all(Repository.name(profile)).compactMap { sample in
        (try? sample.bytes()).map { Answer(profile: sample.profile, name: sample.name, bytes: $0) }
      }
    }
  }()

  static func sample(_ profile: String, _ name: String) throws -> [UInt8] {
    try #require(samples.first { $0.profile == profile && $0.name == name }, "\(profile) has no \(name)").bytes
  }

  static let folder = Repository.shared.appending(path: "samples/uk-cds").path
  static let hasNotifications = FileManager.default.fileExists(atPath: folder)

  /// The published notifications, by file: every document with a `Response` in `MetaData`.
  static let notifications: [(name: String, bytes: [UInt8])] = {
    let names = (FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []).sorted()
    return names.filter { $0.hasSuffix(".xml") }.compactMap { name in
      guard let data = FileManager.default.contents(atPath: folder + "/" + name), data.firstRange(of: Data("Response".utf8)) != nil,
        let document = try? XMLFormat.parse([UInt8](data)), document.name(document.root).hasSuffix("MetaData"),
        document.first("Response", of: document.root) != nil
      else { return nil }
      return (name, [UInt8](data))
    }
  }()

  /// There and back. The hub's document lacks nothing and breaks no rule.
  static func trip(_ bytes: [UInt8], _ from: String, _ to: String, _ comment: String) throws {
    let trip = try RoundTripTests.trip(bytes, from, to)
    #expect(trip.original.document.differences(from: trip.back) == [], "\(comment)")
    #expect(trip.there.report.unmentionedSourceLeaves == [], "\(comment)")
    if hub.contains(to) {
      #expect(trip.there.supplement.isEmpty, "\(comment)")
      #expect(trip.there.problems.filter { $0.severity == .error } == [], "\(comment)")
    }
    _ = try RoundTripTests.lost(trip, comment)
  }

  @Test func theProfilesAreOfTheirKind() throws {
    let library = try Repository.library.get()
    #expect(Set(library.profiles.filter { $0.document == "status" }.map(Repository.name)) == Set(Self.hub + Self.national))
    #expect(library.profiles.allSatisfy { ($0.known == nil) == ($0.document != .declaration) })
    #expect(Set(Self.samples.map(\.profile)) == Set(Self.hub + Self.national))
  }

  @Test(arguments: samples, hub) func samplesComeBack(_ sample: Answer, _ to: String) throws {
    try Self.trip(sample.bytes, sample.profile, to, sample.name)
  }

  @Test(.enabled(if: hasNotifications), arguments: hub)  // the published notifications are not part of this repository
  func everyPublishedNotificationComesBack(_ to: String) throws {
    #expect(Self.notifications.count == 243)
    for (name, bytes) in Self.notifications {
      let found = problems { try Self.trip(bytes, "wco.dms.response", to, name) }
      #expect(found.isEmpty, "\(name): \(found.map { "\($0.code) \($0.pointer ?? "")" })")
    }
  }

  @Test(arguments: national + hub, hub) func generatedDocumentsComeBack(_ from: String, _ to: String) throws {
    let profile = try Repository.translator().profile(from)
    for seed in 0..<UInt64(60) { try Self.trip(try profile.sample(seed: seed), from, to, "seed \(seed)") }
  }

  /// What is never sent makes no difference between formats: each into each.
  @Test(arguments: national, national) func samplesComeBackThroughEachOther(_ from: String, _ to: String) throws {
    for sample in Self.samples where sample.profile == from && from != to {
      let found = problems { try Self.trip(sample.bytes, from, to, sample.name) }
      // A draft of another format may be refused for what it lacks, never for what it says.
      #expect(found.allSatisfy { $0.code == "validate.shape_unknown" }, "\(sample.name): \(found.map(\.code))")
    }
  }

  @Test(arguments: national + hub, hub + national) func generatedDocumentsDoNotContradictTheMatrix(_ from: String, _ to: String) throws {
    guard from != to else { return }
    let translator = try Repository.translator()
    let matrix = try translator.lossMatrix(from: try translator.profile(from), to: try translator.profile(to), declarations: 20)
    #expect(matrix.direction == nil)
    #expect(matrix.contradictions == [])
  }

  /// `CAUSEWAY_RECORD=1` writes the schemas anew.
  @Test(arguments: national.filter { !$0.hasPrefix("edifact") } + ["uncefact.cdar.xml"]) func theCommittedSchemaIsTheGeneratedOne(
    _ name: String
  ) throws {
    try SchemaTests().theCommittedSchemaIsTheGeneratedOne(name)
  }

  /// What is written from nothing is valid by the schema that partners get.
  @Test(arguments: ["uncefact.cdar.xml", "cn.decresponse", "cn.decresult", "cn.decdata", "cn.decmodresult", "sg.response"])
  func whatIsWrittenIsValidByTheSchema(_ name: String) throws {
    let translator = try Repository.translator()
    let profile = try translator.profile(name)
    let schema = try SchemaTests.schema(profile)
    for sample in Self.samples {
      let written = try translator.translate(sample.bytes, sample.profile, name)
      guard written.supplement.isEmpty else { continue }
      #expect(try SchemaTests.theirs(try written.bytes(), profile, schema) == [], "\(sample.name)")
    }
    for seed in 0..<UInt64(20) {
      #expect(try SchemaTests.theirs(try profile.sample(seed: seed), profile, schema) == [], "seed \(seed)")
    }
  }

  // MARK: What it means

  struct Meaning: Sendable {
    let profile: String
    let name: String
    let values: [String: String]
    let absent: [String]

    init(_ profile: String, _ name: String, _ values: [String: String], absent: [String] = []) {
      (self.profile, self.name, self.values, self.absent) = (profile, name, values, absent)
    }
  }

  static let meanings = [
    Meaning(
      "wco.dms.response", "cleared.xml",
      [
        "Status.Code": "released", "Status.NationalCode": "09", "Status.EffectiveDateTime": "2026-10-12T08:15:30Z",
        "Status.RegistrationID": "26GBCAUSEWAY000AR1", "Status.LRN": "CW-IM-2026-00042", "Reason[1].Code": "A2",
        "Reason[1].CategoryCode": "AFB", "Reason[1].TypeCode": "information",
      ]),
    Meaning(
      "wco.dms.response", "accepted-with-warnings.xml",
      [
        "Status.Code": "accepted", "Status.EffectiveDateTime": "2026-10-12T07:12:03Z", "Status.IssueDateTime": "2026-10-12T07:12:05Z",
        "Reason[1].ReasonPlace[3].SequenceNumeric": "3", "Reason[1].ReasonPlace[3].SectionCode": "68A",
      ]),
    // An hour east of Greenwich is not Greenwich.
    Meaning(
      "wco.dms.response", "rejected.xml",
      ["Status.Code": "refused", "Status.NationalCode": "03", "Status.EffectiveDateTime": "2026-06-12T16:27:28+01:00"]),
    Meaning(
      "wco.dms.response", "duties.xml", ["Status.NationalCode": "13", "Reason[1].Code": "4", "Reason[1].TypeCode": "state"],
      absent: ["Status.Code"]),
    Meaning("wco.dms.response", "invalidated.xml", ["Status.Code": "withdrawn", "Status.NationalCode": "10"]),
    Meaning(
      "wco.dms.response", "corrected.xml",
      ["Status.Revision": "2", "Reason[1].TypeCode": "change", "Reason[1].ReasonPlace[4].ElementID": "L017"],
      absent: ["Status.Code"]),
    // Success, and an error all the same: both are told.
    Meaning(
      "cn.decresponse", "success-with-error-text.xml",
      ["Status.Code": "lodged", "Status.NationalCode": "0", "Status.Text": "第2项商品缺少A证", "Status.LRN": "CW2026111800000043"]),
    // No public list says what 1 means.
    Meaning("cn.decresponse", "failure.gb18030.xml", ["Status.NationalCode": "1"], absent: ["Status.Code", "Status.WindowID"]),
    Meaning("cn.decresult", "received.xml", ["Status.Code": "lodged"], absent: ["Status.RegistrationID"]),
    // Examined is not released.
    Meaning("cn.decresult", "examined.xml", ["Status.Code": "accepted", "Status.RegistrationID": "310120260000000042"]),
    Meaning("cn.decresult", "inspection.xml", ["Status.NationalCode": "C"], absent: ["Status.Code"]),
    Meaning("cn.decresult", "released.xml", ["Status.Code": "released", "Status.EffectiveDateTime": "2026-11-20T08:00:05+08:00"]),
    // Neither is the code made of the text, nor the text left out because of the code.
    Meaning(
      "cn.decresult", "released-with-doubt.xml",
      ["Status.Code": "released", "Status.NationalCode": "P", "Status.Text": "放行；错误：第2项商品法定第二数量与净重不符"]),
    Meaning(
      "cn.decdata", "received.gb2312.xml",
      ["Status.Code": "lodged", "Status.WindowID": "000000001398600042", "Status.EffectiveDateTime": "2026-03-18T15:03:22+08:00"],
      absent: ["Status.RegistrationID", "Reason[1].Text"]),
    Meaning(
      "cn.decdata", "released.xml",
      ["Status.Code": "released", "Status.RegistrationID": "310120260000000042"],
      absent: ["Reason[1].Text"]),
    Meaning("cn.decresult", "returned.xml", ["Status.Code": "refused", "Status.Text": "  第1项商品归类有误\n请修改后重新申报  "]),
    // The answer to a request names the request; no public list says what a result means.
    Meaning(
      "cn.decmodresult", "examined.xml", ["Status.RequestID": "M20261119000000071", "Status.NationalCode": "1", "Status.Text": "审核通过"],
      absent: ["Status.Code", "Status.WindowID", "Status.RegistrationID"]),
    Meaning(
      "sg.response", "outward-permit.xml",
      [
        "Status.Code": "released", "Status.DirectionCode": "EX", "Status.ValidTo": "2026-03-29", "Status.NationalCode": "OUTPMT",
        "Status.EffectiveDateTime": "2026-03-16T10:42:10+08:00", "Reason[1].CategoryCode": "CA", "Reason[1].AgencyCode": "IE",
        "Reason[3].CategoryCode": "SC", "Reason[3].Code": "Z02",
        "Reason[1].Text":
          "APPROVED BY THE CONTROLLING AGENCY SUBJECT TO THE LICENCE               BEING PRESENTED AT THE CHECKPOINT"
          + String(repeating: " ", count: 37),
      ]),
    Meaning(
      "sg.response", "outward-cancelled.xml",
      [
        "Status.Code": "withdrawn", "Status.DirectionCode": "EX", "Status.RegistrationID": "OD6C000018Z",
        "Status.RequestID": "CWT26031700003",
      ], absent: ["Status.LRN"]),
    Meaning(
      "sg.response", "in-payment-amended.xml",
      [
        "Status.Code": "released", "Status.DirectionCode": "IM", "Status.RegistrationID": "IG6C000002X", "Status.NationalCode": "IPTUPT",
        "Status.ValidTo": "2026-04-24", "Reason[1].Code": "Z02",
      ]),
    // Money back changes nothing for the goods.
    Meaning("sg.response", "in-payment-refund.xml", ["Status.DirectionCode": "IM"], absent: ["Status.Code", "Status.RegistrationID"]),
    Meaning("sg.response", "in-payment-permit.xml", ["Status.DirectionCode": "IM", "Status.RegistrationID": "IG6C000002X"]),
    Meaning(
      "sg.response", "error-message.xml",
      ["Status.Code": "refused", "Reason[2].Code": "E17001", "Reason[1].Pointer": "#"], absent: ["Status.DirectionCode"]),
    Meaning(
      "edifact.cusres", "released-export.edi",
      [
        "Status.Code": "released", "Status.DirectionCode": "EX", "Status.EconomyCode": "CN", "Status.LRN": "CW-EX-2026-00042",
        "Status.Revision": "2", "Status.RegistrationID": "310120260000000042", "Status.WindowID": "I20260000000000042",
        "Status.IssueDateTime": "2026-11-20T00:02:15Z", "Status.EffectiveDateTime": "2026-11-20T00:00:05Z",
        "Status.ValidFrom": "2026-11-20", "Status.ValidTo": "2026-12-19", "Status.Text": "货物已放行，请在有效期内出境。",
      ]),
    Meaning(
      "edifact.cusres", "refused-with-errors.edi",
      [
        "Status.Code": "refused", "Status.DirectionCode": "IM", "Reason[1].TypeCode": "error", "Reason[1].Code": "E1207",
        "Reason[1].ReasonPlace[1].SectionCode": "68A", "Reason[1].ReasonPlace[1].SequenceNumeric": "3", "Reason[3].Pointer": "MEA",
        "Reason[4].Text": "Déclarant non agréé", "Reason[5].Code": "G7", "Reason[6].TypeCode": "information",
        "Reason[7].TypeCode": "state", "Reason[7].Code": "6",
      ], absent: ["Reason[3].ReasonPlace[1].SectionCode"]),
    // Accepted, and what else is said; a code of another agency is none of ours.
    Meaning(
      "edifact.cusres", "accepted-to-be-examined.edi",
      [
        "Status.Code": "accepted", "Status.DirectionCode": "IM", "Reason[1].TypeCode": "condition", "Reason[2].Code": "5",
        "Reason[3].Code": "807", "Reason[3].AgencyCode": "ZZZ",
      ]),
    // Two that say the same are one; what stands below the single declarations is not told.
    Meaning("edifact.cusres", "several-declarations.edi", ["Status.Code": "accepted"], absent: ["Status.RegistrationID"]),
    Meaning("edifact.cusres", "national-codes.edi", ["Status.NationalCode": "8", "Status.Revision": "2"], absent: ["Status.Code"]),
    Meaning("edifact.cusres", "minimal.edi", ["Status.Code": "lodged"], absent: ["Status.LRN"]),
    Meaning(
      "edifact.cusres@d96b", "released-import.edi",
      ["Status.Code": "released", "Status.DirectionCode": "IM", "Status.EffectiveDateTime": "2026-10-12T08:15:00"]),
    Meaning(
      "edifact.cusres@d96b", "refused-with-errors.edi",
      [
        "Status.Code": "refused", "Reason[1].ReasonPlace[1].SequenceNumeric": "2", "Reason[2].Pointer": "LOC",
        "Reason[1].Text": "Goods code not known on that day, see the tariff of the year and its amendments",
      ], absent: ["Status.DirectionCode"]),
  ]

  @Test(arguments: meanings.indices) func samplesMeanWhatCustomsSays(_ index: Int) throws {
    let meaning = Self.meanings[index]
    let translator = try Repository.translator()
    let own = try translator.valid(try Self.sample(meaning.profile, meaning.name), meaning.profile)
    for to in Self.hub {
      let there = try translator.write(own, to: try translator.profile(to))
      let partner = try translator.valid(try there.bytes(), to)
      for values in [own.values, partner.values] {
        for (path, text) in meaning.values {
          #expect(values[path] == text, "\(meaning.name) \(to) \(path)")
        }
        for path in meaning.absent { #expect(values[path] == nil, "\(meaning.name) \(to) \(path)") }
      }
    }
  }
}
