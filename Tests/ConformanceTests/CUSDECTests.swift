import Declarations
import Formats
import Foundation
import Primitives
import Testing

@testable import Translation

/// Declarations as `edifact.cusdec` writes them, against the directory of UNECE by a check that shares nothing with our reader and writer;
/// and the profile's structure against the same directory.
@Suite struct CUSDECTests {
  static let id = "edifact.cusdec"
  static let samples = Sample.all(id)
  static let others = (Sample.national + Sample.hub).filter { $0.profile != id }

  static func directory() throws -> UNDirectory { try UNDirectory.cusdec.get() }

  /// A partner's document as CUSDEC, its questions answered.
  static func translated(_ bytes: [UInt8], from: String) throws -> [UInt8] {
    let translator = try Repository.translator()
    let translation = try translator.translate(bytes, from, id)
    return try translator.supply(
      translation.supplement.items.map { .init(path: $0.path, value: try Answer.text(for: $0)) }, to: translation.document,
      profile: translation.profile
    ).bytes
  }

  @Test(.enabled(if: UNDirectory.isThere, "needs ../shared and unzip")) func theDirectoryIsRead() throws {
    let directory = try Self.directory()
    func groups(_ part: UNDirectory.Part) -> Int { part.parts.reduce(part.isGroup ? 1 : 0) { $0 + groups($1) } }
    #expect(groups(directory.message) == 51)
    #expect(directory.segments["NAD"]?.map(\.id) == ["3035", "C082", "C058", "C080", "C059", "3164", "C819", "3251", "3207"])
    #expect(directory.segments["CST"]?.map(\.id) == ["1496", "C246", "C246", "C246", "C246", "C246"])
    #expect(directory.segments["NAD"]?[3].components.map(\.format) == ["an..35", "an..35", "an..35", "an..35", "an..35", "an..3"])
  }

  /// Segments, groups, elements, occurrences, lengths: all of the directory and nothing else.
  @Test(.enabled(if: UNDirectory.isThere, "needs ../shared and unzip")) func theStructureIsTheDirectory() throws {
    let comparison = try DirectoryComparison(try Repository.translator().profile(Self.id).structure, try Self.directory()) {
      place, expected in
      // Asked for beyond the directory: the direction of a declaration, the number of an item.
      switch place {
      case "/BGM": expected[0] = expected[0].replacing("C002 0..1", with: "C002 1..1").replacing("1001 0..1", with: "1001 1..1")
      case "/SG30/CST": expected[0] = expected[0].replacing("1496 0..1", with: "1496 1..1")
      default: break
      }
    }
    #expect(comparison.differences == [])
    #expect(comparison.segments.count == 39)
  }

  @Test(.enabled(if: UNDirectory.isThere, "needs ../shared and unzip"), arguments: samples)
  func samplesKeepTheDirectory(_ sample: Sample) throws {
    let breaches = DirectoryCheck.breaches(of: try sample.bytes(), try Self.directory())
    #expect(breaches == Self.oddities[sample.name] ?? [])
  }

  /// What senders do and the directory does not know: it is read and comes back.
  static let oddities = [
    "import-odd-characters.edi": [
      "FTX at 16, element 4 (C108) ends with empty components", "FTX at 16, element 4 (C108) has 6 components",
      "NAD at 25, element 4 (C080) ends with empty components",
    ]
  ]

  @Test(.enabled(if: UNDirectory.isThere, "needs ../shared and unzip"), arguments: 0..<4)
  func generatedDeclarationsKeepTheDirectory(_ block: UInt64) throws {
    let profile = try Repository.translator().profile(Self.id)
    for seed in (block * 25)..<(block * 25 + 25) {
      let breaches = DirectoryCheck.breaches(of: try profile.sample(seed: seed, items: 1), try Self.directory())
      #expect(breaches == [], "seed \(seed)")
    }
  }

  @Test(.enabled(if: UNDirectory.isThere, "needs ../shared and unzip"), arguments: others)
  func translatedDeclarationsKeepTheDirectory(_ sample: Sample) throws {
    let bytes = try Self.translated(try sample.bytes(), from: sample.profile)
    let breaches = DirectoryCheck.breaches(of: bytes, try Self.directory())
    #expect(breaches == [])
    #expect(problems { _ = try Repository.translator().valid(bytes, Self.id) }.filter { $0.severity == .error } == [])
  }

  @Test(.enabled(if: UNDirectory.isThere, "needs ../shared and unzip"), arguments: Repository.national.filter { $0 != id })
  func translatedGeneratedDeclarationsKeepTheDirectory(_ from: String) throws {
    let profile = try Repository.translator().profile(from)
    for seed in UInt64(0)..<20 {
      let bytes = try Self.translated(try profile.sample(seed: seed, items: 2), from: from)
      let breaches = DirectoryCheck.breaches(of: bytes, try Self.directory())
      #expect(breaches == [], "\(from) seed \(seed)")
    }
  }

  /// The judge sees what is wrong: one change of a sound declaration each.
  @Test(
    .enabled(if: UNDirectory.isThere, "needs ../shared and unzip"),
    arguments: [
      ("BGM+830'", ""), ("BGM+830'", "BGM+830'BGM+830'"), ("BGM+830'", "BGM+8300'"), ("BGM+830'", "BGM+830+'"), ("BGM+830'", "BGM+830:::'"),
      ("CST+1'", "LOC+9+CNSHA'"), ("CST+1'", "CST+A'"), ("CST+1'", "CST+123456'"), ("CST+1'", "CST+1+:122'"),
      ("UNT+11+1'", "UNT+12+1'"), ("UNT+11+1'", "UNT+11+2'"), ("UNZ+1+1'", "UNZ+2+1'"), ("UNS+S'", ""), ("CUSDEC:D:03B", "CUSDEC:D:96B"),
      ("NAD+CM++++++++MY'", "NAD+CM++++++++MYSX'"), ("NAD+CM++++++++MY'", "NAD+++++++++MY'"), ("CST+1'", "CST+1*2'"),
      ("UNZ+1+1'", "UNZ+1+1'X"),
    ]) func theJudgeSees(_ old: String, _ new: String) throws
  {
    let bytes = try Repository.bytes("schemas/profiles/edifact.cusdec/d03b/samples/export-minimal.edi")
    let changed = String(decoding: bytes, as: UTF8.self).replacing(old, with: new)
    #expect(DirectoryCheck.breaches(of: Array(changed.utf8), try Self.directory()) != [])
  }

  /// Beside what is done with every format: more seeds, and the way through this format.
  @Test(arguments: 0..<3, ["uncefact.xml", "sg.tradenet"])
  func generatedDeclarationsComeBack(_ block: UInt64, _ to: String) throws {
    let profile = try Repository.translator().profile(Self.id)
    for seed in (100 + block * 20)..<(120 + block * 20) {
      try RoundTripTests.check(try profile.sample(seed: seed, items: 1), Self.id, to, "seed \(seed)")
    }
  }

  @Test(arguments: others) func otherSamplesComeBack(_ sample: Sample) throws {
    #expect(try RoundTripTests.check(try sample.bytes(), sample.profile, Self.id, sample.name) > 3)
  }

  @Test(arguments: others.filter { !$0.name.hasSuffix(".json") }) func nothingIsSilent(_ sample: Sample) throws {
    try ReportTests.check(try sample.bytes(), sample.profile, Self.id, sample.name)
  }
}
