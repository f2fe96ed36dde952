import Formats
import Foundation
import Primitives
import Testing

@testable import Translation

/// An export of another economy that became an import declaration of the World Customs Organization's data model is valid against the schemas that
/// are published for it, as soon as it is supplemented. The judge is libxml2.
///
/// The schemas are not part of this repository. They are looked for beside it, or in `CAUSEWAY_SHARED`.
@Suite struct PublishedDMSTests {
  static let folder = Repository.shared.appending(path: "schemas/wco-dms/declaration")
  static let isThere: Bool = {
    let found = FileManager.default.fileExists(atPath: folder.path)
    if !found { Repository.note("../shared/schemas/wco-dms is absent") }
    return found
  }()

  static let schema = Result {
    let names = FileManager.default.enumerator(atPath: folder.path)?.compactMap { $0 as? String }.filter { $0.hasSuffix(".xsd") } ?? []
    var files = try Dictionary(uniqueKeysWithValues: names.map { ($0, [UInt8](try Data(contentsOf: folder.appending(path: $0)))) })
    let both = [
      ("urn:wco:datamodel:WCO:DocumentMetaData-DMS:2", "DocumentMetaData_2_DMS.xsd"),
      ("urn:wco:datamodel:WCO:DEC-DMS:2", "WCO_DEC_2_DMS.xsd"),
    ].map { "<xs:import namespace='\($0.0)' schemaLocation='\($0.1)'/>" }.joined()
    files["all.xsd"] = Array("<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'>\(both)</xs:schema>".utf8)
    return try XMLFormat.Schema(compiling: "all.xsd", files: files)
  }

  /// By the hub, answered in one round.
  static func imported(_ bytes: [UInt8], from: String) throws -> [UInt8] {
    let translator = try Repository.translator()
    let wire = try translator.translate(bytes, from, "uncefact.xml").bytes()
    let draft = try translator.translate(wire, "uncefact.xml", "wco.dms", replacesDraft: true)
    let answers = try draft.supplement.items.map { SupplementAnswer(path: $0.path, value: try Answer.text(for: $0)) }
    let supplied = try translator.supply(answers, to: draft.document, profile: draft.profile)
    #expect(supplied.remaining.isEmpty)
    _ = try translator.valid(supplied.bytes, "wco.dms")
    return supplied.bytes
  }

  static func judge(_ bytes: [UInt8], _ comment: String) throws {
    let found = try XMLFormat.parse(bytes, schema: try schema.get()).problems
    #expect(found == [], "\(comment)")
  }

  @Test(.enabled(if: isThere), arguments: EconomyPairTests.formats.keys.sorted())  // the schemas are not part of this repository
  func exportsBecomeValidImports(_ from: String) throws {
    let profile = try Repository.translator().profile(from)
    var shortest = Int.max
    for seed in 0..<(EconomyPairTests.asked ?? 30) {
      let bytes = try profile.sample(seed: seed, items: 1 + Int(seed % 3), direction: .export, density: seed % 2 == 0 ? 85 : 45)
      let written = try Self.imported(bytes, from: from)
      try Self.judge(written, "\(from) seed \(seed)")
      shortest = min(shortest, written.count)
    }
    #expect(shortest > 1000)
  }

  @Test(.enabled(if: isThere), arguments: Sample.national.filter { EconomyPairTests.formats[$0.profile] != nil })
  func exportSamplesBecomeValidImports(_ sample: Sample) throws {
    let translator = try Repository.translator()
    let source = try translator.valid(try sample.bytes(), sample.profile)
    guard source.reading.direction == .export else { return }
    try Self.judge(try Self.imported(try sample.bytes(), from: sample.profile), "\(sample)")
  }

  /// So are our own samples; and the judge does refuse: an element out of its order, a text that is too long, a date that is none.
  @Test(.enabled(if: isThere)) func theJudgeRefuses() throws {
    for sample in Sample.all("wco.dms") { try Self.judge(try sample.bytes(), sample.name) }
    let bytes = try Self.imported(
      try Repository.translator().profile("cn.decmessage").sample(seed: 0, direction: .export), from: "cn.decmessage")
    let good = String(decoding: bytes, as: UTF8.self)
    for (from, to) in [
      ("<dec:FunctionCode>", "<dec:Surprise/><dec:FunctionCode>"),
      ("<dec:FunctionalReferenceID>", "<dec:FunctionalReferenceID>0123456789012345678901234567890123456789"),
      ("<dec:GoodsItemQuantity>", "<dec:GoodsItemQuantity>x"),
    ] {
      let bad = good.replacing(from, with: to, maxReplacements: 1)
      #expect(bad != good, "\(from)")
      #expect(try !XMLFormat.parse(Array(bad.utf8), schema: try Self.schema.get()).problems.isEmpty, "\(from)")
    }
  }
}
