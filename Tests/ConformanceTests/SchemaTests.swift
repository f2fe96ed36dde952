import Declarations
import Formats
import Foundation
import Primitives
import Testing

@testable import Translation

/// The XML Schema beside each profile is generated from its structure, and says the same of a document as our own validation does.
///
/// `CAUSEWAY_RECORD=1` writes the files anew; a run that records fails.
@Suite struct SchemaTests {
  static let profiles = Repository.profiles.filter { $0.syntax == .xml && $0.document.hasDirection }.map(\.id)
  static let isRecording = ProcessInfo.processInfo.environment["CAUSEWAY_RECORD"] == "1"

  static func folder(_ profile: Profile) -> URL { Repository.root.appending(path: "schemas/profiles/\(profile.id)/\(profile.version)") }

  static func schema(_ profile: Profile) throws -> XMLFormat.Schema {
    let files = profile.schemaFiles.map { ($0.name, Array($0.text.utf8)) }
    return try XMLFormat.Schema(compiling: "schema.xsd", files: [String: [UInt8]](uniqueKeysWithValues: files))
  }

  @Test(arguments: profiles)
  func theCommittedSchemaIsTheGeneratedOne(_ name: String) throws {
    let profile = try Repository.translator().profile(name)
    let folder = Self.folder(profile)
    let generated = profile.schemaFiles
    if Self.isRecording {
      for file in generated { try Data(file.text.utf8).write(to: folder.appending(path: file.name)) }
      Issue.record("recorded \(generated.count) files of \(name); run again without CAUSEWAY_RECORD")
      return
    }
    for file in generated {
      #expect(try String(contentsOf: folder.appending(path: file.name), encoding: .utf8) == file.text, "\(file.name) is stale")
    }
    let committed = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasPrefix("schema") }.sorted()
    #expect(committed == generated.map(\.name).sorted())
  }

  @Test(arguments: Repository.profiles.filter { $0.syntax != .xml }) func otherSyntaxesHaveNoXMLSchema(_ profile: Profile) {
    #expect(profile.schemaFiles.map(\.name) == (profile.syntax == .json ? ["schema.json"] : []))
  }
}

extension SchemaTests {
  /// What our own validation of the structure refuses; content beyond the structure is not compared.
  static func ours(_ bytes: [UInt8], _ profile: Profile) -> [Problem] {
    problems {
      let translator = try Repository.translator()
      let bound = try BoundDocument(try translator.parse(bytes, as: profile), to: profile.structure)
      let plan = try Translator.variant(of: bound, profile: profile)
      let errors = StructureValidator.check(bound, profile: profile, variant: plan, on: nil).filter { $0.severity == .error }
      if !errors.isEmpty { throw CausewayError(problems: errors) }
    }
  }

  static func theirs(_ bytes: [UInt8], _ profile: Profile, _ schema: XMLFormat.Schema) throws -> [Problem] {
    try XMLFormat.parse(bytes, schema: schema, encodings: profile.encodings).problems
  }

  /// Samples that are read and would not be written: older names and orders, those of converters, marks of null. The schema is that of what is
  /// written.
  static let onlyRead = [
    Sample(profile: "cn.decmessage", name: "export-version-3.1.xml"), Sample(profile: "asycuda.sad", name: "import-converter.xml"),
    Sample(profile: "asycuda.sad", name: "import-null-marks.xml"),
  ]

  @Test(arguments: profiles) func samplesAreValidByBoth(_ name: String) throws {
    let profile = try Repository.translator().profile(name)
    let schema = try Self.schema(profile)
    let samples = Sample.all(name)
    #expect(samples.count >= 2)
    for sample in samples {
      let bytes = try sample.bytes()
      #expect(Self.ours(bytes, profile) == [], "\(sample.name)")
      #expect(try Self.theirs(bytes, profile, schema).isEmpty != Self.onlyRead.contains(sample), "\(sample.name)")
    }
  }

  /// What the schema has against them is names and their order, and nulls where it has texts, nothing else.
  @Test(arguments: onlyRead) func theyDifferInNamesOnly(_ sample: Sample) throws {
    let profile = try Repository.translator().profile(sample.profile)
    let found = try Self.theirs(try sample.bytes(), profile, try Self.schema(profile))
    let document = try Repository.translator().parse(try sample.bytes(), as: profile)
    let nodes = (0..<Int32(document.count)).map { Document.NodeID(index: $0) }
    let nulls = Set(nodes.filter(document.isNull).map(document.pointer))
    let allowed: Set<ErrorCode> = ["validate.schema_element", "validate.schema_more"]
    #expect(!found.isEmpty && found.allSatisfy { allowed.contains($0.code) || nulls.contains($0.pointer ?? "") })
  }

  @Test(arguments: profiles) func generatedDocumentsAreValidByBoth(_ name: String) throws {
    let profile = try Repository.translator().profile(name)
    let schema = try Self.schema(profile)
    for seed in 0..<UInt64(Repository.further.contains(name) ? 40 : 150) {
      let bytes = try profile.sample(seed: seed, items: 1 + Int(seed % 3))
      #expect(Self.ours(bytes, profile) == [], "seed \(seed)")
      #expect(try Self.theirs(bytes, profile, schema) == [], "seed \(seed)")
    }
  }

  /// Documents that the gateway writes hold to its own schema, drafts excepted: those lack what is asked for.
  @Test(arguments: 0..<3) func writtenDocumentsAreValidByBoth(_ block: UInt64) throws {
    let translator = try Repository.translator()
    let (source, hub) = (try translator.profile("cn.decmessage"), try translator.profile("uncefact.xml"))
    let schema = try Self.schema(hub)
    for seed in (block * 50)..<(block * 50 + 50) {
      let bytes = try translator.translate(try source.sample(seed: seed, items: 2), "cn.decmessage", "uncefact.xml").bytes()
      #expect(Self.ours(bytes, hub) == [], "seed \(seed)")
      #expect(try Self.theirs(bytes, hub, schema) == [], "seed \(seed)")
    }
  }

  // MARK: Mutations

  /// Where the two differ, and why.
  static func mayDiffer(_ mutation: Mutation, _ profile: Profile) -> Bool {
    switch mutation.kind {
    // `order: free`, `unknown: keep`: senders of this format do both, so it is read; it is not written.
    case .order: profile.isOrderFree
    case .unknownElement, .unknownAttribute: profile.keepsUnknown
    // A date that no calendar has, and a code that no list has: XSD 1.0 knows neither calendars nor our lists.
    case .notInCalendar, .notListed: true
    case .dropped, .tooLong, .wrongType, .blank, .repeated, .notation: false
    }
  }

  private static let mutated =
    [
      ("cn.decmessage", "export-minimal.xml"), ("cn.decmessage", "import-machine-parts.xml"), ("sg.tradenet", "in-payment-textiles.xml"),
      ("sg.tradenet", "outward-machine-parts.xml"), ("sg.tradenet", "in-non-payment-storage.xml"), ("uncefact.xml", "export-cn.xml"),
      ("uncefact.xml", "import-sg.xml"),
    ].map { Sample(profile: $0.0, name: $0.1) }

  /// Of a further format the two shortest samples.
  private static let mutatedFurther = Repository.further.filter(profiles.contains).flatMap { name in
    let sized = Sample.all(name).filter { !onlyRead.contains($0) }.map { (sample: $0, size: (try? $0.bytes().count) ?? .max) }
    return sized.sorted { ($0.size, $0.sample.name) < ($1.size, $1.sample.name) }.prefix(2).map(\.sample)
  }

  @Test(arguments: mutated + mutatedFurther)
  func mutatedDocumentsAreRefusedByBoth(_ sample: Sample) throws {
    let profile = try Repository.translator().profile(sample.profile)
    let schema = try Self.schema(profile)
    let document = try Repository.translator().parse(try sample.bytes(), as: profile)
    var refused: [Mutation.Kind: Int] = [:]
    for mutation in try Mutation.all(of: document, profile) {
      let bytes = try Translator.bytes(mutation.document, profile: profile)
      let ours = Self.ours(bytes, profile)
      let theirs = try Self.theirs(bytes, profile, schema)
      if !ours.isEmpty || !theirs.isEmpty { refused[mutation.kind, default: 0] += 1 }
      if Self.mayDiffer(mutation, profile) { continue }
      #expect(
        ours.isEmpty == theirs.isEmpty, "\(mutation.kind) at \(mutation.pointer): ours \(ours.map(\.code)), theirs \(theirs.map(\.code))")
      if mutation.kind != .repeated, mutation.kind != .dropped {
        #expect(!ours.isEmpty, "\(mutation.kind) at \(mutation.pointer) is accepted")
      }
    }
    // Not each sample has a number with decimals.
    for kind in Mutation.Kind.allCases where !Self.mayDiffer(Mutation(kind: kind, pointer: "", document: document), profile) {
      #expect(refused[kind, default: 0] > 0 || kind == .notation || kind == .blank && profile.empties == .keep, "\(kind) was not tried")
    }
  }
}
