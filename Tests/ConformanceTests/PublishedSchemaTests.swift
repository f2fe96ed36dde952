import Declarations
import Formats
import Foundation
import Primitives
import TestSupport
import Testing

@testable import Translation

/// The JSON syntax of the hub is valid against the schemas that UN/CEFACT publishes for D23B, and little of it is our own.
///
/// The schemas are not part of this repository. They are looked for beside it, or in `CAUSEWAY_SHARED`.
@Suite struct PublishedSchemaTests {
  static let judge = Repository.shared.appending(path: "scripts/uncefact-validate.py").path
  /// `scripts/setup` makes the environment where the system's Python lacks the judge's packages.
  static let python: [String] = {
    let own = Repository.root.appending(path: ".build/python/bin/python3").path
    return FileManager.default.isExecutableFile(atPath: own) ? [own] : ["python3"]
  }()
  static let hasJudge: Bool = {
    let found = FileManager.default.fileExists(atPath: judge)
    if !found { Repository.note("../shared is absent") }
    return found
  }()

  /// Runs the judge over files, half of them in each of two processes.
  ///
  /// - Returns: what it says of those that are not valid.
  static func refused(_ files: [String]) async throws -> [String] {
    let halves = [Array(files[..<(files.count / 2)]), Array(files[(files.count / 2)...])].filter { !$0.isEmpty }
    return try await withThrowingTaskGroup(of: [String].self) { group in
      for half in halves {
        group.addTask {
          let lines = try ChildProcess.run(python + [judge] + half).output.split(separator: "\n").map(String.init)
          let verdicts = lines.filter { $0.hasSuffix(": valid") || $0.hasSuffix(" errors") }
          guard verdicts.count == half.count else { return ["the judge spoke of \(verdicts.count) files and not of \(half.count)"] }
          return lines.filter { !$0.hasSuffix(": valid") }
        }
      }
      var all: [String] = []
      for try await lines in group { all += lines }
      return all
    }
  }

  static func write(_ documents: [(name: String, bytes: [UInt8])], _ body: ([String]) async throws -> Void) async throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "causeway-published-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    var files: [String] = []
    for (name, bytes) in documents {
      let file = folder.appending(path: name + ".json")
      try Data(bytes).write(to: file)
      files.append(file.path)
    }
    try await body(files)
  }

  @Test(.enabled(if: hasJudge))  // the published schemas are not part of this repository
  func everySampleIsValid() async throws {
    let translator = try Repository.translator()
    var documents = try Sample.national.map {
      ($0.profile + " " + $0.name, try translator.translate(try $0.bytes(), $0.profile, "uncefact.json").bytes())
    }
    for sample in Sample.hub {
      let bytes = try sample.bytes()
      documents.append(
        (
          sample.profile + " " + sample.name,
          sample.profile == "uncefact.json" ? bytes : try translator.translate(bytes, sample.profile, "uncefact.json").bytes()
        ))
    }
    #expect(documents.count >= 14)
    try await Self.write(documents) {
      let refused = try await Self.refused($0)
      #expect(refused == [])
    }
  }

  @Test(.enabled(if: hasJudge))  // the published schemas are not part of this repository
  func generatedDeclarationsAreValid() async throws {
    let translator = try Repository.translator()
    var documents: [(name: String, bytes: [UInt8])] = []
    let sources = (0..<UInt64(500)).map { ($0 % 4 == 3 ? "sg.tradenet" : "cn.decmessage", $0) }
    let further = Repository.further.flatMap { from in (0..<UInt64(10)).map { (from, $0) } }
    for (from, seed) in sources + further {
      let bytes = try translator.profile(from).sample(seed: seed, items: seed % 10 == 0 ? nil : 1)
      documents.append(("\(from)-\(seed)", try translator.translate(bytes, from, "uncefact.json").bytes()))
    }
    try await Self.write(documents) {
      let refused = try await Self.refused($0)
      #expect(refused == [])
    }
  }

  /// The judge does refuse: what the library does not know, and a value that is not of its type.
  @Test(.enabled(if: hasJudge))  // the published schemas are not part of this repository
  func theJudgeRefuses() async throws {
    let good = String(decoding: try ChineseMessage.export().translated(to: "uncefact.json").bytes(), as: UTF8.self)
    let bad = [
      good.replacingOccurrences(of: "\"specifiedConsignment\"", with: "\"surprise\": 1, \"specifiedConsignment\""),
      good.replacingOccurrences(of: "\"isOrHasContainerization\":false", with: "\"isOrHasContainerization\":\"no\""),
    ]
    #expect(!bad.contains(good))
    try await Self.write([("a", Array(bad[0].utf8))]) {
      let refused = try await Self.refused($0)
      #expect(!refused.isEmpty)
    }
    try await Self.write([("b", Array(bad[1].utf8))]) {
      let refused = try await Self.refused($0)
      #expect(!refused.isEmpty)
    }
    try await Self.write([("c", Array(good.utf8))]) {
      let refused = try await Self.refused($0)
      #expect(refused == [])
    }
  }

  // MARK: The extension point

  /// Elements of a declaration that have their place in our own namespace, in either direction.
  @Test func theExtensionHoldsLessThanFifteenPercent() throws {
    let hub = try Repository.translator().profile("uncefact.xml")
    var all: Set<String> = []
    var own: Set<String> = []
    for variant in hub.plan.variants {
      for (node, uses) in variant.uses.enumerated() {
        let namespace = hub.structure[node].namespace
        for use in uses where use.rule.writes {
          let ids = use.rule.elements.map { hub.dictionary[$0].id }
          all.formUnion(ids)
          if namespace >= 0, hub.structure.namespaces[namespace].prefix == "ext" { own.formUnion(ids) }
        }
      }
    }
    // Read and written ahead of the rules.
    all.formUnion(["Declaration.TypeCode", "Declaration.EconomyCode"])
    #expect(own.count * 100 < all.count * 15)
    let page = try String(contentsOf: Repository.root.appending(path: "docs/formats/uncefact.md"), encoding: .utf8)
    let stated = try #require(page.firstMatch(of: #/(\w+) of the (\d+) elements \((\d+\.\d) %\)/#))
    let words = ["Two": 2, "Three": 3, "Four": 4, "Five": 5]
    #expect(words[String(stated.1)] == own.count)
    #expect(Int(stated.2) == all.count)
    #expect(Double(stated.3) == (Double(own.count) * 1000 / Double(all.count)).rounded() / 10)
    for id in own { #expect(page.contains(id)) }
  }

  /// In a document, too: members whose name begins with `x-`, among all that hold a value.
  @Test func documentsHoldFewExtensions() throws {
    let translator = try Repository.translator()
    var (members, own) = (0, 0)
    for seed in 0..<UInt64(100) {
      let bytes = try translator.profile("cn.decmessage").sample(seed: seed, items: 2)
      let document = try translator.translate(bytes, "cn.decmessage", "uncefact.json").document
      for index in 1..<Int32(document.count) where document.text(.init(index: index)) != nil {
        members += 1
        if document.name(.init(index: index)).hasPrefix("x-") { own += 1 }
      }
    }
    #expect(members > 1000 && own > 0 && own * 100 < members * 15)
  }

  /// Containers are packed or not: the same yes in every format.
  @Test func containersAreTheSameYesEverywhere() throws {
    let translator = try Repository.translator()
    let with = try ChineseMessage.textiles()
    let without = try ChineseMessage.export()
    for (message, xml, json, singapore) in [(with, "true", "true", "9"), (without, "false", "false", "5")] {
      let bytes = message.bytes
      let inXML = String(decoding: try translator.translate(bytes, "cn.decmessage", "uncefact.xml").bytes(), as: UTF8.self)
      #expect(inXML.contains("ContainerizationIndicator>\(xml)<"))
      #expect(
        String(decoding: try translator.translate(bytes, "cn.decmessage", "uncefact.json").bytes(), as: UTF8.self).contains(
          "\"isOrHasContainerization\":\(json)"))
      #expect(
        try translator.translate(bytes, "cn.decmessage", "sg.tradenet").text("InboundMessage", "InPayment", "Cargo", "CargoPackingType")
          == singapore)
    }
  }
}
