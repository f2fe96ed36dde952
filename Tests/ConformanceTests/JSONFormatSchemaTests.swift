import Declarations
import Formats
import Foundation
import JSONTree
import Primitives
import TestSupport
import Testing

@testable import Translation

/// The JSON Schema beside each profile of JSON documents is generated from its structure, and says the same of a document as our own validation
/// does; a judge of other people's making (`jsonschema` for Python), where it is installed, says the same as ours.
///
/// `CAUSEWAY_RECORD=1` writes the files anew; a run that records fails.
@Suite struct JSONFormatSchemaTests {
  static let profiles = Repository.profiles.filter { $0.syntax == .json }.map(\.id)

  static func schema(_ profile: Profile) throws -> JSONSchema {
    try JSONSchema(Array(try #require(profile.schemaFiles.first).text.utf8))
  }

  @Test(arguments: profiles) func theCommittedSchemaIsTheGeneratedOne(_ name: String) throws {
    let profile = try Repository.translator().profile(name)
    let place = SchemaTests.folder(profile).appending(path: "schema.json")
    let generated = try #require(profile.schemaFiles.first)
    if SchemaTests.isRecording {
      try Data(generated.text.utf8).write(to: place)
      Issue.record("recorded the schema of \(name); run again without CAUSEWAY_RECORD")
      return
    }
    #expect(try String(contentsOf: place, encoding: .utf8) == generated.text, "schema.json of \(name) is stale")
  }

  // MARK: Documents

  private static func theirs(_ bytes: [UInt8], _ schema: JSONSchema) throws -> [String] {
    try schema.errors(in: try JSONValue.parse(bytes))
  }

  private static func ours(_ bytes: [UInt8], _ profile: Profile) -> [Problem] { SchemaTests.ours(bytes, profile) }

  @Test(arguments: profiles) func samplesAreValidByBoth(_ name: String) throws {
    let profile = try Repository.translator().profile(name)
    let schema = try Self.schema(profile)
    let samples = Sample.all(name)
    #expect(samples.count >= 2)
    for sample in samples {
      #expect(Self.ours(try sample.bytes(), profile) == [], "\(sample.name)")
      #expect(try Self.theirs(try sample.bytes(), schema) == [], "\(sample.name)")
    }
  }

  @Test(arguments: profiles) func generatedDocumentsAreValidByBoth(_ name: String) throws {
    let profile = try Repository.translator().profile(name)
    let schema = try Self.schema(profile)
    for seed in 0..<UInt64(30) {
      let bytes = try profile.sample(seed: seed, items: profile.document.hasDirection ? 1 + Int(seed % 3) : nil)
      #expect(Self.ours(bytes, profile) == [], "seed \(seed)")
      #expect(try Self.theirs(bytes, schema) == [], "seed \(seed)")
    }
  }

  /// Documents that the gateway writes in the hub's format hold to its schema, from each format.
  @Test(arguments: Repository.national) func writtenDocumentsAreValid(_ from: String) throws {
    let translator = try Repository.translator()
    let schema = try Self.schema(try translator.profile("uncefact.json"))
    for seed in 500..<UInt64(504) {
      let bytes = try translator.profile(from).sample(seed: seed, items: 2)
      let written = try translator.translate(bytes, from, "uncefact.json")
      // A draft lacks what is asked for.
      let errors = try Self.theirs(try written.bytes(), schema).filter { !$0.hasSuffix(" required") }
      #expect(errors == [], "seed \(seed)")
    }
  }

  // MARK: Mutations

  /// Where the two differ, and why.
  private static func mayDiffer(_ mutation: Mutation, _ profile: Profile) -> Bool {
    switch mutation.kind {
    case .unknownElement, .unknownAttribute: profile.keepsUnknown
    // JSON Schema knows neither calendars nor our lists, and of a number neither its notation nor, soundly, its scale.
    case .notInCalendar, .notListed, .notation: true
    case .dropped, .tooLong, .wrongType, .blank, .repeated, .order: false
    }
  }

  private static func mutations(_ name: String, samples: Int = 2) throws -> [(mutation: Mutation, bytes: [UInt8])] {
    let profile = try Repository.translator().profile(name)
    let sized = Sample.all(name).map { (sample: $0, size: (try? $0.bytes().count) ?? .max) }
    return try sized.sorted { ($0.size, $0.sample.name) < ($1.size, $1.sample.name) }.prefix(samples).flatMap { sample, _ in
      let document = try Repository.translator().parse(try sample.bytes(), as: profile)
      return try Mutation.all(of: document, profile).map { ($0, try Translator.bytes($0.document, profile: profile)) }
    }
  }

  @Test(arguments: profiles) func mutatedDocumentsAreRefusedByBoth(_ name: String) throws {
    let profile = try Repository.translator().profile(name)
    let schema = try Self.schema(profile)
    var refused: [Mutation.Kind: Int] = [:]
    for (mutation, bytes) in try Self.mutations(name) {
      let ours = Self.ours(bytes, profile)
      let theirs = try Self.theirs(bytes, schema)
      if !ours.isEmpty || !theirs.isEmpty { refused[mutation.kind, default: 0] += 1 }
      if Self.mayDiffer(mutation, profile) { continue }
      #expect(ours.isEmpty == theirs.isEmpty, "\(mutation.kind) at \(mutation.pointer): ours \(ours.map(\.code)), theirs \(theirs)")
    }
    for kind: Mutation.Kind in [.dropped, .tooLong, .repeated, .blank] { #expect(refused[kind, default: 0] > 0, "\(kind) was not tried") }
    #expect(refused.values.reduce(0, +) > 20)
  }

  // MARK: A judge of other people's making

  static let hasJudge: Bool = {
    let found = (try? ChildProcess.run(PublishedSchemaTests.python + ["-c", "import jsonschema"]).status) == 0
    if !found { Repository.note("the Python package jsonschema is absent") }
    return found
  }()

  /// Reads a schema and documents, one a line; says for each whether it is valid.
  private static let script = """
    import json, sys
    from jsonschema import Draft202012Validator
    lines = open(sys.argv[1], encoding="utf-8").read().split("\\n")
    schema = json.loads(lines[0])
    Draft202012Validator.check_schema(schema)
    judge = Draft202012Validator(schema)
    for line in lines[1:]:
        if line:
            print("valid" if judge.is_valid(json.loads(line)) else "invalid")
    """

  private static func verdicts(_ schema: String, _ documents: [[UInt8]]) throws -> [Bool] {
    let file = FileManager.default.temporaryDirectory.appending(path: "causeway-judge-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    let lines = try [JSONValue.parse(Array(schema.utf8)).serialized()] + documents
    try Data(lines.joined(separator: [0x0A])).write(to: file)
    return try ChildProcess.run(PublishedSchemaTests.python + ["-c", script, file.path]).output.split(separator: "\n").map { $0 == "valid" }
  }

  @Test(.enabled(if: hasJudge), arguments: profiles)
  func anotherJudgeSaysTheSame(_ name: String) throws {
    let profile = try Repository.translator().profile(name)
    let text = try #require(profile.schemaFiles.first).text
    let schema = try Self.schema(profile)
    let good = try (0..<UInt64(20)).map { seed in try profile.sample(seed: seed) }
    let goodVerdicts = try Self.verdicts(text, good)
    #expect(goodVerdicts.count == good.count && goodVerdicts.allSatisfy { $0 })
    let mutated = try Self.mutations(name, samples: 1)
    let verdicts = try Self.verdicts(text, mutated.map(\.bytes))
    #expect(verdicts.count == mutated.count)
    for (verdict, (mutation, bytes)) in zip(verdicts, mutated) {
      #expect(verdict == (try Self.theirs(bytes, schema).isEmpty), "\(mutation.kind) at \(mutation.pointer)")
    }
    #expect(verdicts.contains(false))
  }

  /// The schemas of what commands answer are schemas, by another judge too.
  @Test(.enabled(if: hasJudge)) func theSchemasAreSchemas() throws {
    let folder = Repository.root.appending(path: "schemas")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".schema.json") }
    #expect(names.count >= 12)
    for name in names {
      let text = try String(contentsOf: folder.appending(path: name), encoding: .utf8)
      #expect(try Self.verdicts(text, [Array("[]".utf8)]) == [false], "\(name)")
    }
  }
}
