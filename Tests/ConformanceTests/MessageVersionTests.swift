import Formats
import Foundation
import Primitives
import Testing

@testable import Translation

/// Two versions of one message, loaded at once: `cn.decmessage@3.1` and `cn.decmessage@5.0`.
@Suite struct MessageVersionTests {
  static let old = "cn.decmessage@3.1"
  static let new = "cn.decmessage@5.0"
  static let samples = ["export-knitwear.xml", "import-machine-parts.gb18030.xml"]

  private func sample(_ name: String) throws -> [UInt8] { try Repository.bytes("schemas/profiles/cn.decmessage/3.1/samples/\(name)") }

  @Test func theDefaultIsMeantWhenNoneIsNamed() throws {
    let library = try Repository.library.get()
    #expect(library["cn.decmessage"]?.version == "5.0")
    #expect(library[Self.old]?.version == "3.1")
    #expect(library[Self.new]?.version == "5.0")
    #expect(library["cn.decmessage@4"] == nil)
  }

  @Test(arguments: samples, Repository.hub + [new]) func samplesComeBack(_ name: String, _ to: String) throws {
    let trip = try RoundTripTests.trip(try sample(name), Self.old, to)
    #expect(trip.original.document.differences(from: trip.back) == [])
    #expect(trip.there.report.unmentionedSourceLeaves == [])
  }

  @Test(arguments: Repository.hub + [new]) func generatedDocumentsComeBack(_ to: String) throws {
    let profile = try Repository.translator().profile(Self.old)
    for seed in 0..<UInt64(10) {
      let trip = try RoundTripTests.trip(try profile.sample(seed: seed), Self.old, to)
      #expect(trip.original.document.differences(from: trip.back) == [], "seed \(seed)")
    }
  }

  @Test func theNewerVersionComesBackFromTheOlder() throws {
    for name in ["import-machine-parts.xml", "export-minimal.xml", "export-electronics.gb18030.xml"] {
      let trip = try RoundTripTests.trip(try Repository.bytes("schemas/profiles/cn.decmessage/5.0/samples/\(name)"), Self.new, Self.old)
      #expect(trip.original.document.differences(from: trip.back) == [], "\(name)")
    }
  }

  /// The same declaration in both versions says the same.
  @Test func bothVersionsSayTheSame() throws {
    let translator = try Repository.translator()
    let old = try translator.valid(try sample("import-machine-parts.gb18030.xml"), Self.old).values
    let new = try translator.valid(try Repository.bytes("schemas/profiles/cn.decmessage/5.0/samples/import-machine-parts.xml"), Self.new)
      .values
    // Numbers that were written without their last zeros, and what the older version has no place for.
    let differing = Set(old.keys).union(new.keys).filter { path in
      guard let one = old[path], let other = new[path] else {
        return !path.hasSuffix("InspectionID") && !path.hasPrefix("SupportingDocument")
      }
      guard let left = ExactDecimal(one), let right = ExactDecimal(other) else { return one != other }
      return left != right
    }
    #expect(differing.sorted().filter { !$0.hasPrefix("Declaration.TotalPackageTypeCode") } == [])
  }

  @Test func namesAndCodesAreThoseOfTheVersion() throws {
    let translator = try Repository.translator()
    let there = try translator.translate(try sample("export-knitwear.xml"), Self.old, Self.new)
    #expect(there.text("DecHead", "TradeCoScc") == "91310115MA1K4T2789")
    #expect(there.text("DecHead", "TradeCountry") == "MYS")
    #expect(there.text("DecHead", "FeeMark") == "3")
    #expect(there.text("DecContainers", "Container", "GoodsContaWt") == "214.6")
    #expect(there.text("DecContainers", "Container", "ContainerWt") == nil)
    let back = try translator.translate(
      try Repository.bytes("schemas/profiles/cn.decmessage/5.0/samples/import-machine-parts.xml"), Self.new, Self.old)
    #expect(back.text("@Version") == "3.1")
    #expect(back.text("DecHead", "TradeCodeScc") == "91310000MA1FL3R663")
    #expect(back.text("DecHead", "TradeCountry") == "132")
    #expect(back.text("DecHead", "CiqEntyPortCode") == "311002")
    #expect(back.text("DecContainers", "Container", "ContainerWt") != nil)
  }

  /// Named by its id alone, a format is that of the version that the document says.
  @Test(arguments: [("3.1", "3.1"), ("3.2", "3.1"), ("5.0", "5.0"), ("4.8", "5.0"), ("", "5.0")])
  func theDocumentSaysItsVersion(_ stated: String, _ version: String) throws {
    let translator = try Repository.translator()
    let text = String(decoding: try sample("export-knitwear.xml"), as: UTF8.self)
    for attribute in ["Version", "version"] {
      let bytes = Array(text.replacing("Version=\"3.1\"", with: "\(attribute)=\"\(stated)\"").utf8)
      #expect(try translator.profile("cn.decmessage", for: bytes).version == version)
      #expect(try translator.profile(Self.new, for: bytes).version == "5.0")
      #expect(try translator.profile(Self.old, for: bytes).version == "3.1")
    }
  }

  @Test func aDocumentThatSaysNoVersionIsOfTheDefault() throws {
    let translator = try Repository.translator()
    let silent = try sample("import-machine-parts.gb18030.xml")
    #expect(try translator.profile("cn.decmessage", for: silent).version == "5.0")
    #expect(try translator.profile("cn.decmessage", for: Array("no document".utf8)).version == "5.0")
    #expect(problems { _ = try translator.profile("cn.nothing", for: silent) }.map(\.code) == ["profile.unknown"])
  }

  /// What a message says of its version counts.
  @Test(arguments: ["3.1", "3", "5.0", "4.8", "31"]) func anotherVersionIsRefused(_ version: String) throws {
    let text = String(decoding: try sample("export-knitwear.xml"), as: UTF8.self)
    let bytes = Array(text.replacing("Version=\"3.1\"", with: "Version=\"\(version)\"").utf8)
    let found = problems { _ = try Repository.translator().valid(bytes, Self.old) }
    #expect(found.map(\.code) == (version.hasPrefix("3") && version != "31" ? [] : ["validate.pattern"]))
    #expect(found.allSatisfy { $0.pointer == "/DecMessage/@Version" })
    #expect(problems { _ = try Repository.translator().valid(bytes, Self.new) } == [])
  }
}
