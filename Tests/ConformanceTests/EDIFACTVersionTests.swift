import Formats
import Foundation
import Primitives
import Testing

@testable import Translation

/// The directory D.96B beside D.03B: which one is meant, what it carries, and that everything comes back.
@Suite struct EDIFACTVersionTests {
  static let declarations = "edifact.cusdec@d96b"
  static let samples = Sample.all(declarations)

  @Test func theNewerIsMeantWhenNoneIsNamed() throws {
    let library = try Repository.library.get()
    for id in ["edifact.cusdec", "edifact.cusres"] {
      #expect(library.profiles.filter { $0.id == id }.map(\.version) == ["d03b", "d96b"])
      #expect(library[id]?.version == "d03b")
      #expect(library[id + "@d96b"]?.version == "d96b")
    }
  }

  @Test(arguments: ["edifact.cusdec", "edifact.cusres"], ["d03b", "d96b"])
  func theInterchangeNamesItsVersion(_ id: String, _ version: String) throws {
    let library = try Repository.library.get()
    for sample in Sample.all("\(id)@\(version)") {
      #expect(library[id, for: try sample.bytes()]?.version == version, "\(sample.name)")
      #expect(library["\(id)@d03b", for: try sample.bytes()]?.version == "d03b")
    }
  }

  /// Another message, another version, and what is no interchange at all: the default, which refuses it with its own reasons.
  @Test(arguments: ["CUSDEC:D:96A:UN", "CUSCAR:D:96B:UN", "CUSDEC:D:96B", "CUSDEC:D:96B:EU", ""])
  func whatNamesNoVersionIsTheDefault(_ identifier: String) throws {
    let library = try Repository.library.get()
    let bytes = Array("UNB+UNOC:3+S+R+261012:0815+1'UNH+1+\(identifier)'BGM+830'UNT+3+1'UNZ+1+1'".utf8)
    #expect(library["edifact.cusdec", for: bytes]?.version == "d03b")
    #expect(library["edifact.cusdec", for: Array("<xml/>".utf8)]?.version == "d03b")
    #expect(library["cn.decmessage", for: bytes] === library["cn.decmessage"])
    #expect(library["no.such", for: bytes] == nil)
  }

  /// The older directory has a code for the part of a country and no text.
  @Test func whatTheOlderDirectoryDoesNotHold() throws {
    let translator = try Repository.translator()
    for direction in [Direction.export, .import] {
      let newer = Set(try translator.profile("edifact.cusdec").carriedElements(direction))
      let older = Set(try translator.profile(Self.declarations).carriedElements(direction))
      #expect(newer.subtracting(older) == ["Exporter.Address.Subdivision", "Consignee.Address.Subdivision"])
      #expect(older.subtracting(newer) == [])
    }
    #expect(
      try translator.profile("edifact.cusres").carriedElements(nil) == translator.profile("edifact.cusres@d96b").carriedElements(nil))
  }

  /// Ten parties have a place in D.96B; who comes after them stays at home and is told.
  @Test func partiesBeyondTheOlderDirectory() throws {
    let translator = try Repository.translator()
    let sample = try #require(Sample.all("edifact.cusdec").first { $0.name == "import-textiles-latin1.edi" })
    let text = String(decoding: try sample.bytes().map { $0 < 0x80 ? $0 : 0x65 }, as: UTF8.self)
      .replacing("NAD+CA+", with: "NAD+FW+F1++FORWARDER'NAD+PR+P1++PAYER'NAD+CA+", maxReplacements: 1)
    let count = try #require(text.firstMatch(of: #/UNT\+(\d+)\+/#)?.1)
    let bytes = Array(text.replacing("UNT+\(count)+", with: "UNT+\((Int(count) ?? 0) + 2)+").utf8)
    func parties(_ translation: Translation) throws -> Int {
      String(decoding: try translation.bytes(), as: UTF8.self).split(separator: "'").count {
        $0.hasPrefix("NAD+") && !$0.hasPrefix("NAD+MF+")
      }
    }
    let newer = try translator.translate(bytes, "edifact.cusdec@d03b", "edifact.cusdec@d03b")
    #expect(try parties(newer) == 12)
    let older = try translator.translate(bytes, "edifact.cusdec@d03b", Self.declarations)
    #expect(try parties(older) == 10)
    #expect(older.report.entries.contains { $0.path == "EndParty.ID" && $0.action == .notCarried })
    _ = try translator.valid(try older.bytes(), Self.declarations, isDraft: true)
    try RoundTripTests.check(bytes, "edifact.cusdec@d03b", Self.declarations, "twelve parties")
  }

  /// What the message is for is its code in UNTDID 1225, in both versions and in the hub; a code of another list is refused.
  @Test(arguments: ["edifact.cusdec", declarations], ["9": "9", "5": "5", "4": "4", "1": "1", "3": "3", "99": nil])
  func theFunctionOfTheMessage(_ profile: String, _ function: (key: String, value: String?)) throws {
    let translator = try Repository.translator()
    let sample = try #require(Sample.all(profile).first { $0.name == "import-cancelled.edi" })
    let changed = String(decoding: try sample.bytes().map { $0 < 0x80 ? $0 : 0x65 }, as: UTF8.self)
      .replacing("+1'", with: "+\(function.key)'", maxReplacements: 1)
    let bytes = Array(changed.utf8)
    guard let hub = function.value else {
      #expect(problems { _ = try translator.valid(bytes, profile) }.map(\.element) == ["Declaration.FunctionCode"])
      return
    }
    let there = try translator.translate(bytes, profile, "uncefact.xml")
    #expect(there.text("ExchangedDocument", "PurposeCode") == hub)
    #expect(there.entries(from: "BGM/1225").map(\.action) == [.copied])
  }

  /// In a format of originals a cancellation would become a new declaration; an original goes there, and a cancellation to where it has a place.
  @Test(arguments: ["edifact.cusdec", declarations], ["sg.tradenet", "my.kastam", "eu.eucdm", "asycuda.sad"])
  func aCancellationDoesNotBecomeAnOriginal(_ profile: String, _ to: String) throws {
    let translator = try Repository.translator()
    let sample = try #require(Sample.all(profile).first { $0.name == "import-cancelled.edi" })
    let cancelled = try sample.bytes()
    #expect(problems { _ = try translator.translate(cancelled, profile, to) }.map(\.code) == ["write.cancellation"])
    let text = String(decoding: cancelled.map { $0 < 0x80 ? $0 : 0x65 }, as: UTF8.self)
    let original = Array(text.replacing("+1'", with: "+9'", maxReplacements: 1).utf8)
    #expect(problems { _ = try translator.translate(original, profile, to) } == [])
    #expect(problems { _ = try translator.translate(cancelled, profile, "uncefact.xml") } == [])
  }

  /// D.96B has no code for a declaration that was withdrawn.
  @Test func aCodeThatTheOlderListDoesNotHave() throws {
    let translator = try Repository.translator()
    let status = try StatusTests.sample("wco.dms.response", "invalidated.xml")
    #expect(
      try String(decoding: translator.translate(status, "wco.dms.response", "edifact.cusres").bytes(), as: UTF8.self).contains("GEI+5+129'")
    )
    let older = try translator.translate(status, "wco.dms.response", "edifact.cusres@d96b")
    #expect(try !String(decoding: older.bytes(), as: UTF8.self).contains("GIS"))
    #expect(older.report.entries.contains { $0.path == "Status.Code" && $0.action == .notCarried })
  }

  @Test(arguments: samples, Repository.ways + ["edifact.cusdec"])
  func samplesComeBack(_ sample: Sample, _ way: String) throws {
    let to = way == "edifact.cusdec" ? way : Repository.end(of: way, from: sample.profile)
    try unlessRefused(way) { try RoundTripTests.check(try sample.bytes(), sample.profile, to, sample.name) }
  }

  @Test(arguments: 0..<3, ["uncefact.xml", "sg.tradenet", "edifact.cusdec"])
  func generatedDeclarationsComeBack(_ block: UInt64, _ to: String) throws {
    let profile = try Repository.translator().profile(Self.declarations)
    for seed in (block * 20)..<(block * 20 + 20) {
      // Some take a declaration back, which a national format refuses.
      try unlessRefused(to.hasPrefix("sg.") ? "national" : to) {
        try RoundTripTests.check(try profile.sample(seed: seed, items: 1), Self.declarations, to, "seed \(seed)")
      }
    }
  }

  @Test(arguments: CUSDECTests.others) func otherSamplesComeBack(_ sample: Sample) throws {
    try RoundTripTests.check(try sample.bytes(), sample.profile, Self.declarations, sample.name)
  }

  @Test(arguments: CUSDECTests.others.filter { !$0.name.hasSuffix(".json") }) func nothingIsSilent(_ sample: Sample) throws {
    try ReportTests.check(try sample.bytes(), sample.profile, Self.declarations, sample.name)
  }
}
