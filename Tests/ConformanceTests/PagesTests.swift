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

  /// The cells of a profile's row in the overview.
  private func row(_ profile: Profile) throws -> [Substring] {
    let rows = try page("README.md").split(separator: "\n")
    let row = try #require(rows.first { $0.hasPrefix("| `\(profile.id)` \(profile.version) ") }, "the overview has no \(profile.name)")
    return row.split(separator: "|")
  }

  @Test(arguments: Repository.profiles.map(\.id) + Repository.versions)
  func theOverviewCountsLeaves(_ name: String) throws {
    let profile = try Repository.translator().profile(name)
    let count = leaves(profile)
    #expect(
      try row(profile).dropFirst(2).prefix(3).map { $0.filter { $0 != " " } }
        == [count.all, count.mapped, count.all - count.mapped].map(String.init))
  }

  @Test(arguments: Set(Repository.national + StatusTests.national + AmendmentTests.national + Repository.versions).sorted())
  func thePageCountsLeaves(_ name: String) throws {
    let profile = try Repository.translator().profile(name)
    let count = leaves(profile)
    let link = try #require(try row(profile).last { $0.contains("](") }?.firstMatch(of: #/\]\(([^)]+)\)/#)).1
    let text = try page(String(link)).replacing("\n", with: " ")
    #expect(text.contains("\(count.all) leaves"))
    // Formats that share a page say it one after the other.
    let stated = text.matches(of: #/(\d+) (?:leaves have|of them with) a place in the dictionary, (\d+)/#).map { "\($0.1) \($0.2)" }
    #expect(stated.contains("\(count.mapped) \(count.all - count.mapped)"))
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
