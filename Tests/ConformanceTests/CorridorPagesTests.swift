import Declarations
import Foundation
import Policy
import Primitives
import Testing
import YAMLTree

@testable import Translation

/// The pages of `docs/corridors/`: for each release policy, what becomes of each element on its way. Nothing that generated declarations do
/// contradicts them.
///
/// `CAUSEWAY_RECORD=1` writes the pages anew; a run that records fails.
@Suite struct CorridorPagesTests {
  /// The format of each economy that a corridor's pages speak of.
  static let formats = ["CN": "cn.decmessage", "SG": "sg.tradenet", "MY": "my.kastam", "FR": "eu.eucdm", "GB": "wco.dms"]
  static let declarations = 25

  static let policies: [String] = {
    let folder = Repository.root.appending(path: "schemas/policies").path
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix("-clearance.yaml") }.map { String($0.dropLast(5)) }.sorted()
  }()

  @Test func everyPolicyHasAPageAndEveryPageAPolicy() throws {
    let pages = try FileManager.default.contentsOfDirectory(atPath: Repository.root.appending(path: "docs/corridors").path)
    let expected = Self.policies.map { $0.split(separator: "-").prefix(2).joined(separator: "-").uppercased() + ".md" }
    #expect(Set(pages) == Set(expected + ["README.md"]))
    let overview = try String(contentsOf: Repository.root.appending(path: "docs/corridors/README.md"), encoding: .utf8)
    for page in expected { #expect(overview.contains("(\(page))"), "the overview does not name \(page)") }
  }

  @Test(arguments: policies)
  func thePageIsFreshAndTrue(_ name: String) throws {
    let translator = try Repository.translator()
    let file = Repository.root.appending(path: "schemas/policies/\(name).yaml").path
    let policy = try ReleasePolicy(configuration: try YAMLDocument.load(file), dictionary: translator.library.dictionary)
    let from = try translator.profile(try #require(Self.formats[policy.from]))
    let to = try translator.profile(try #require(Self.formats[policy.to]))
    let matrix = try translator.lossMatrix(
      from: from, to: to, withheld: Set(policy.withheld(of: "declaration")), declarations: Self.declarations,
      release: { declaration throws(CausewayError) in try policy.release(declaration).declaration })
    #expect(matrix.contradictions == [])
    let page = matrix.page(
      title: "\(policy.from) → \(policy.to)",
      command: "causeway profiles prove \(from.id) \(to.id) --policy \(name) --declarations \(Self.declarations) --page")
    let place = Repository.root.appending(path: "docs/corridors/\(policy.from)-\(policy.to).md")
    if SchemaTests.isRecording {
      try FileManager.default.createDirectory(at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(page.utf8).write(to: place)
      Issue.record("recorded \(place.lastPathComponent); run again without CAUSEWAY_RECORD")
      return
    }
    #expect(try String(contentsOf: place, encoding: .utf8) == page, "\(place.lastPathComponent) is stale")
  }
}
