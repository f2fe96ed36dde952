import Declarations
import Formats
import Foundation
import Primitives
import TestSupport
import Testing

@testable import Translation

/// The hub format holds the whole dictionary, in both syntaxes, and its JSON is what UN/CEFACT published.
@Suite struct HubFormatTests {
  static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
  static let day = "2026-11-20"
  static let shared =
    ProcessInfo.processInfo.environment["CAUSEWAY_SHARED"].map { URL(filePath: $0) }
    ?? root.deletingLastPathComponent().appending(path: "shared")
  static let judge = shared.appending(path: "scripts/uncefact-validate.py").path
  static let hasJudge = FileManager.default.fileExists(atPath: judge)

  /// Loaded once for all tests.
  static let loaded = Result {
    let schemas = root.appending(path: "schemas").path
    let csv = [UInt8](try Data(contentsOf: root.appending(path: "schemas/canonical/dictionary.csv")))
    let dictionary = try ElementDictionary.load(csv: csv, file: "dictionary.csv")
    let codes = try CodeLibrary.load(folder: schemas + "/codelists")
    let profiles = try ["uncefact.xml", "uncefact.json"].map {
      try ProfileLibrary.load(profile: "\(schemas)/profiles/\($0)/d23b", dictionary: dictionary, codes: codes)
    }
    if !hasJudge { print("not run: the check against the published schemas, ../shared is absent") }
    return (dictionary: dictionary, xml: profiles[0], json: profiles[1])
  }

  let dictionary: ElementDictionary
  let xml: Profile
  let json: Profile

  init() throws { (dictionary, xml, json) = try Self.loaded.get() }

  /// Elements of a declaration, without groups.
  var leafs: [String] {
    dictionary.elements.filter { !$0.isGroup && $0.documents.contains("declaration") }.map(\.id)
  }

  /// Elements whose place is in the extension namespace.
  var extensions: Set<String> {
    var found: Set<String> = []
    for variant in xml.plan.variants {
      for (node, uses) in variant.uses.enumerated() where xml.structure[node].namespace >= 0 {
        guard xml.structure.namespaces[xml.structure[node].namespace].prefix == "ext" else { continue }
        for use in uses { for element in use.rule.elements { found.insert(dictionary[element].id) } }
      }
    }
    return found
  }

  func document(_ name: String, _ profile: Profile) throws -> Document {
    let isJSON = profile.id == json.id
    let file = Self.root.appending(path: "schemas/profiles/\(profile.id)/d23b/samples/\(name).\(isJSON ? "json" : "xml")")
    let bytes = [UInt8](try Data(contentsOf: file))
    return isJSON ? try JSONFormat.parse(bytes) : try XMLFormat.parse(bytes)
  }

  func read(_ document: Document, _ profile: Profile, _ direction: Direction) throws -> Declaration {
    let plan = try #require(profile.plan.variants.first { $0.variant.direction == direction })
    return Reader.read(try BoundDocument(document, to: profile.structure), profile: profile, variant: plan).declaration
  }

  func written(_ declaration: Declaration, _ profile: Profile, _ direction: Direction) throws -> Document {
    let plan = try #require(profile.plan.variants.first { $0.variant.direction == direction })
    var writing = Writer.write(declaration, profile: profile, plan: plan, on: Self.day)
    return writing.draft.finish(syntax: profile.id == json.id ? .json : .xml)
  }

  func values(_ declaration: Declaration) -> [String: String] {
    var values: [String: String] = [:]
    declaration.walk { path, value in if value.isFilled { values[path.description(in: dictionary)] = value.text } }
    return values
  }

  @Test func everyElementOfADeclarationHasItsPlace() {
    let carried = Set(xml.carriedElements(.export)).union(xml.carriedElements(.import))
      .union(["Declaration.TypeCode", "Declaration.EconomyCode"])  // read and written ahead of the rules
    #expect(leafs.filter { !carried.contains($0) } == [])
    #expect(leafs.count > 200)
  }

  @Test func theExtensionIsSmallAndListedInTheDocumentation() throws {
    #expect(extensions == ["DangerousGoods.ExemptIndicator", "DutyTaxFee.PaymentMethodCode"])
    #expect(extensions.count * 100 < leafs.count * 15)
    let page = try String(contentsOf: Self.root.appending(path: "docs/formats/uncefact.md"), encoding: .utf8)
    let listed = page.split(separator: "\n").filter { $0.contains("| `x-causeway-") || $0.contains("`ext:") }
    for element in extensions { #expect(listed.contains { $0.contains(element) }, "\(element)") }
  }

  @Test func theDocumentationNamesTheSamePlacesAsTheMapping() throws {
    let page = try String(contentsOf: Self.root.appending(path: "docs/formats/uncefact.md"), encoding: .utf8)
    let rows = Set(page.split(separator: "\n").filter { $0.hasPrefix("| ") }.map { $0.split(separator: " ")[1] }.map(String.init))
    #expect(leafs.filter { !rows.contains($0) } == [])
  }

  @Test(arguments: [("export-cn", Direction.export), ("import-sg", Direction.import)])
  func samplesAreValidAndSayTheSameInBothSyntaxes(_ name: String, _ direction: Direction) throws {
    var seen: [[String: String]] = []
    for profile in [xml, json] {
      let document = try document(name, profile)
      let plan = try #require(profile.plan.variants.first { $0.variant.direction == direction })
      let bound = try BoundDocument(document, to: profile.structure)
      #expect(StructureValidator.check(bound, profile: profile, variant: plan, on: Self.day) == [])
      let declaration = try read(document, profile, direction)
      seen.append(values(declaration))
      for other in [xml, json] {
        let again = try read(try written(declaration, other, direction), other, direction)
        #expect(values(again) == values(declaration), "\(profile.id) to \(other.id)")
      }
    }
    #expect(seen[0] == seen[1])
    #expect(seen[0].count > 90)
  }

  /// A name in the local script and one in Latin letters are two instances, told apart by `languageID`, in whatever order they come.
  @Test func namesAreToldApartByLanguage() throws {
    let sample = Self.root.appending(path: "schemas/profiles/uncefact.xml/d23b/samples/export-cn.xml")
    let text = try String(contentsOf: sample, encoding: .utf8)
    let local = "<ram:Name>广州启航灯饰进出口有限公司</ram:Name>"
    let latin = "<ram:Name languageID=\"en\">GUANGZHOU QIHANG LIGHTING IMPORT &amp; EXPORT CO LTD</ram:Name>"
    let pieces = text.components(separatedBy: local)
    #expect(pieces.count == 2)
    let swapped = text.replacingOccurrences(of: local, with: "@").replacingOccurrences(of: latin, with: local)
      .replacingOccurrences(of: "@", with: latin)
    #expect(!text.contains("@") && swapped != text)
    let before = values(try read(try XMLFormat.parse([UInt8](text.utf8)), xml, .export))
    #expect(values(try read(try XMLFormat.parse([UInt8](swapped.utf8)), xml, .export)) == before)
    #expect(before["Exporter.Name.Local"] == "广州启航灯饰进出口有限公司")
    let only = values(try read(try XMLFormat.parse([UInt8](text.replacingOccurrences(of: local, with: "").utf8)), xml, .export))
    #expect(only["Exporter.Name.Local"] == nil && only["Exporter.Name.Latin"] == before["Exporter.Name.Latin"])
  }

  @Test(.enabled(if: HubFormatTests.hasJudge))  // the published schemas are not part of this repository
  func jsonIsValidAgainstThePublishedSchemas() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "causeway-hub-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var files: [String] = []
    for (name, direction) in [("export-cn", Direction.export), ("import-sg", .import)] {
      let declaration = try read(try document(name, xml), xml, direction)
      let file = folder.appending(path: "\(name).json")
      try Data(try JSONFormat.write(try written(declaration, json, direction))).write(to: file)
      files += [file.path, Self.root.appending(path: "schemas/profiles/uncefact.json/d23b/samples/\(name).json").path]
    }
    for seed in 0..<20 {
      let file = folder.appending(path: "generated-\(seed).json")
      let generated = try SampleGenerator.document(of: json, seed: UInt64(seed), direction: seed % 2 == 0 ? .export : .import)
      try Data(try JSONFormat.write(generated)).write(to: file)
      files.append(file.path)
    }
    #expect(try Self.judged(files) == 0)
    // The judge does refuse: a member that the library does not know.
    let bad = folder.appending(path: "bad.json")
    try Data(#"{"exchangedDeclaration":{"typeCode":{"content":"830"},"mood":{"content":"fine"}}}"#.utf8).write(to: bad)
    #expect(try Self.judged([bad.path]) == 1)
  }

  static func judged(_ files: [String]) throws -> Int32 {
    // `scripts/setup` makes an environment of its own where Python lacks what the judge needs.
    let own = root.appending(path: ".build/python/bin/python3").path
    let python = FileManager.default.isExecutableFile(atPath: own) ? [own] : ["python3"]
    return try ChildProcess.run(python + [judge] + files).status
  }
}
