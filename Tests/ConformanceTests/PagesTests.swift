import Foundation
import Testing

@testable import Translation

/// The figures on the pages of the formats are those of the profiles.
@Suite struct PagesTests {
  private func page(_ name: String) throws -> String {
    try String(contentsOf: Repository.root.appending(path: "docs/formats/\(name)"), encoding: .utf8)
  }

  /// Leaves of the structure, and those that the mapping does not call local.
  private func leaves(_ profile: Profile) -> (all: Int, mapped: Int) {
    let all = profile.structure.nodes.indices.filter { profile.structure[$0].isLeaf }
    let mapped = all.filter { profile.plan.local[$0] == nil }
    return (all.count, mapped.count)
  }

  @Test(arguments: ["cn.decmessage", "sg.tradenet", "uncefact.xml", "uncefact.json"])
  func theOverviewCountsLeaves(_ name: String) throws {
    let profile = try Repository.translator().profile(name)
    let count = leaves(profile)
    let row = try #require(try page("README.md").split(separator: "\n").first { $0.hasPrefix("| `\(name)` \(profile.version) ") })
    #expect(
      row.split(separator: "|").dropFirst(2).prefix(3).map { $0.filter { $0 != " " } }
        == [count.all, count.mapped, count.all - count.mapped].map(String.init))
  }

  @Test(arguments: ["cn.decmessage", "sg.tradenet"])
  func thePageCountsLeaves(_ name: String) throws {
    let count = leaves(try Repository.translator().profile(name))
    let text = try page("\(name).md").replacing("\n", with: " ")
    #expect(text.contains("\(count.all) leaves"))
    #expect(
      text.firstMatch(of: #/(\d+) (?:leaves have|of them with) a place in the dictionary, (\d+)/#).map { "\($0.1) \($0.2)" }
        == "\(count.mapped) \(count.all - count.mapped)")
  }

  /// Every element of the structure that is named in the table of directions exists.
  @Test func theTableOfDirectionsNamesElements() throws {
    let profile = try Repository.translator().profile("cn.decmessage")
    let names = Set(profile.structure.nodes.map(\.name))
    let rows = try page("cn.decmessage.md").split(separator: "\n").filter { $0.hasPrefix("| `") || $0.hasPrefix("| item") }
    let named = rows.flatMap { $0.split(separator: "|")[0].matches(of: #/`(\w+)`/#).map { String($0.1) } }
    #expect(named.count >= 15)
    #expect(named.filter { !names.contains($0) } == [])
  }
}
