import Formats
import Foundation
import Primitives
import Testing

@testable import Translation

/// Statuses as `edifact.cusres` writes them, and its structure, against the directory of UNECE.
@Suite(.enabled(if: UNDirectory.isThere, "needs ../shared and unzip")) struct CUSRESTests {
  static let id = "edifact.cusres"

  static func directory() throws -> UNDirectory { try UNDirectory.cusres.get() }

  /// Another format's status as CUSRES, its questions answered.
  static func translated(_ bytes: [UInt8], from: String) throws -> [UInt8] {
    let translator = try Repository.translator()
    let translation = try translator.translate(bytes, from, id)
    return try translator.supply(
      translation.supplement.items.map { .init(path: $0.path, value: try Answer.text(for: $0)) }, to: translation.document,
      profile: translation.profile
    ).bytes
  }

  @Test func theDirectoryIsRead() throws {
    let directory = try Self.directory()
    func groups(_ part: UNDirectory.Part) -> Int { part.parts.reduce(part.isGroup ? 1 : 0) { $0 + groups($1) } }
    #expect(groups(directory.message) == 16)
    #expect(directory.segments["ERP"]?.map(\.id) == ["C701", "C853"])
    #expect(directory.segments["ERC"]?[0].components.map(\.format) == ["an..8", "an..17", "an..3"])
  }

  @Test func theStructureIsTheDirectory() throws {
    let comparison = try DirectoryComparison(try Repository.translator().profile(Self.id).structure, try Self.directory())
    #expect(comparison.differences == [])
    #expect(comparison.segments.count == 23)
  }

  /// What is asked for beyond the directory of a declaration is not in it: the comparison sees a difference.
  @Test func theComparisonSees() throws {
    let translator = try Repository.translator()
    #expect(try DirectoryComparison(try translator.profile("edifact.cusdec").structure, try CUSDECTests.directory()).differences.count == 2)
    #expect(try !DirectoryComparison(try translator.profile("edifact.cusres@d96b").structure, try Self.directory()).differences.isEmpty)
  }

  @Test(arguments: Sample.all(id)) func samplesKeepTheDirectory(_ sample: Sample) throws {
    let breaches = DirectoryCheck.breaches(of: try sample.bytes(), try Self.directory())
    #expect(breaches == [])
  }

  @Test func generatedStatusesKeepTheDirectory() throws {
    let profile = try Repository.translator().profile(Self.id)
    for seed in UInt64(0)..<60 {
      let breaches = DirectoryCheck.breaches(of: try profile.sample(seed: seed), try Self.directory())
      #expect(breaches == [], "seed \(seed)")
    }
  }

  @Test(arguments: StatusTests.samples.filter { $0.profile != id }) func translatedStatusesKeepTheDirectory(_ sample: StatusTests.Answer)
    throws
  {
    let bytes = try Self.translated(sample.bytes, from: sample.profile)
    let breaches = DirectoryCheck.breaches(of: bytes, try Self.directory())
    #expect(breaches == [])
    #expect(problems { _ = try Repository.translator().valid(bytes, Self.id) }.filter { $0.severity == .error } == [])
  }

  @Test(arguments: (StatusTests.national + StatusTests.hub).filter { $0 != id }) func translatedGeneratedStatusesKeepTheDirectory(
    _ from: String
  ) throws {
    let profile = try Repository.translator().profile(from)
    for seed in UInt64(0)..<20 {
      let breaches = DirectoryCheck.breaches(of: try Self.translated(try profile.sample(seed: seed), from: from), try Self.directory())
      #expect(breaches == [], "\(from) seed \(seed)")
    }
  }

  /// The judge sees what is wrong: one change of a sound answer each.
  @Test(arguments: [
    ("GEI+5+17'", "GEI++17'"), ("GEI+5+17'", "GEI+5+1717'"), ("GEI+5+17'", "ERC+E1'"), ("BGM'", ""), ("BGM'", "BGM'BGM'"),
    ("+CUSRES:", "+CUSDEC:"),
    ("UNT+4+1'", "UNT+5+1'"), ("GEI+5+17'", "GEI+5+17'CST+1'"), ("GEI+5+17'", "GEI+5+17'ERP'ERC'"),
  ]) func theJudgeSees(_ old: String, _ new: String) throws {
    let sample = String(decoding: try StatusTests.sample(Self.id, "minimal.edi"), as: UTF8.self)
    try #require(sample.contains(old))
    #expect(DirectoryCheck.breaches(of: Array(sample.replacing(old, with: new).utf8), try Self.directory()) != [])
  }
}
