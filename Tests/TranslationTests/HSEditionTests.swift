import Declarations
import Formats
import Primitives
import Testing
import YAMLTree

@testable import Translation

/// Commodity codes that two sides read by different editions of the Harmonized System: never converted, always told.
@Suite struct HSEditionTests {
  // MARK: The table

  @Test(arguments: [
    ("CN", "2016-12-31", nil), ("CN", "2017-01-01", "2017"), ("CN", "2021-12-31", "2017"), ("CN", "2022-01-01", "2022"),
    ("MY", "2022-05-31", "2017"), ("MY", "2022-06-01", "2022"), ("SG", "2017-06-01", nil), ("ZZ", "2022-06-01", nil),
  ])
  func theEditionOfADay(_ economy: String, _ day: String, _ edition: String?) throws {
    #expect(try Schemas.library.get().editions.edition(of: economy, on: day) == edition)
  }

  private static let table = """
    list: hs
    element: Commodity.HS6
    date: Declaration.IssueDateTime
    economies:
      CN: {"2017": "2017-01-01", "2022": "2022-01-01"}
    """

  @Test(arguments: [
    ("Commodity.HS6", "Commodity.HS7", 2, "no such element"), ("Commodity.HS6", "GoodsItem", 2, "no such element"),
    ("2022-01-01", "2022-13-01", 5, "no day"), ("2022-01-01", "2022-1-1", 5, "no day"),
    ("2022-01-01", "2016-01-01", 5, "does not come after"),
    ("2022-01-01", "2017-01-01", 5, "does not come after"), ("list: hs", "lists: hs", 1, "lists is not known"),
  ])
  func aWrongTableIsRefused(_ old: String, _ new: String, _ line: Int, _ reason: String) throws {
    let dictionary = try Schemas.library.get().dictionary
    func load(_ text: String) throws {
      _ = try HSEditions.load(try YAMLDocument.parse(Array(text.utf8), file: "hs-editions.yaml"), dictionary: dictionary)
    }
    try load(Self.table)
    let found = problems { try load(Self.table.replacing(old, with: new)) }
    #expect(found.contains { $0.line == line && ($0.facts["reason"] ?? "").contains(reason) }, "\(found)")
  }

  // MARK: The report

  private func malaysian(on date: String, to: String, today: String? = nil) throws -> Translation {
    let translator = try Schemas.translator()
    var bytes = try Schemas.sample("my.kastam/1.0/samples/k2-export-six-items-shanghai.json")
    let own = try #require(text(bytes).firstMatch(of: #/"date": *"([^"]*)"/#)).1
    bytes = Array(text(bytes).replacing(own, with: date).utf8)
    return try translator.translate(
      bytes, from: try translator.profile("my.kastam"), to: try translator.profile(to), options: .init(day: today))
  }

  private func codes(_ translation: Translation) -> [TranslationReport.Entry] {
    translation.report.entries.filter { $0.element == "Commodity.HS6" && $0.target != nil && $0.action != .missing }
  }

  @Test func codesOfAnotherEditionAreCarriedAsTheyAreAndTold() throws {
    let there = try malaysian(on: "2022-03-01", to: "eu.eucdm")
    #expect(there.report.editions == .init(list: "hs", source: "2017", target: "2022"))
    #expect(text(there.report.serialized()).contains(#""editions":{"list":"hs","source":"2017","target":"2022"}"#))
    let codes = codes(there)
    #expect(codes.count == 6 && codes.allSatisfy { $0.action == .lossy && $0.reason == .editionDiffers })
    // The same document with the same digits, but for its date.
    let later = try malaysian(on: "2022-07-01", to: "eu.eucdm")
    #expect(later.report.editions == nil && !text(later.report.serialized()).contains("editions"))
    #expect(self.codes(later).count == 6 && self.codes(later).allSatisfy { $0.reason != .editionDiffers })
    func digits(_ translation: Translation) -> [String] {
      let nodes = (0..<Int32(translation.document.count)).map { Document.NodeID(index: $0) }
      return nodes.filter { translation.document.name($0) == "harmonizedSystemSubHeadingCode" }.compactMap(translation.document.text)
    }
    #expect(digits(there) == digits(later) && digits(there).count == 6)
  }

  @Test func digitsOfAnotherEditionAreNoBeginningOfANationalCode() throws {
    let there = try malaysian(on: "2022-03-01", to: "cn.decmessage")
    let asked = there.supplement.items.filter { $0.known != nil }
    #expect(asked.count == 6 && asked.allSatisfy { $0.reason == .editionDiffers && $0.known?.utf8.count == 6 })
    let later = try malaysian(on: "2022-07-01", to: "cn.decmessage").supplement.items.filter { $0.known != nil }
    #expect(later.count == 6 && later.allSatisfy { $0.reason == .partial })
  }

  /// Declared before a new edition, handed over after it.
  @Test func theTargetReadsOnTheDayOfTheTranslation() throws {
    #expect(try malaysian(on: "2022-05-30", to: "sg.tradenet", today: "2022-06-02").report.editions?.source == "2017")
    #expect(try malaysian(on: "2022-06-01", to: "sg.tradenet", today: "2022-06-02").report.editions == nil)
    #expect(
      try malaysian(on: "2022-06-01", to: "cn.decmessage", today: "2021-12-31").report.editions
        == .init(list: "hs", source: "2022", target: "2017"))
  }

  @Test func theHubKeepsTheEconomyAndSoTheEdition() throws {
    let translator = try Schemas.translator()
    let hub = try malaysian(on: "2022-03-01", to: "uncefact.json")
    #expect(hub.report.editions == nil && codes(hub).count == 6 && codes(hub).allSatisfy { $0.reason == nil })
    let (wire, local) = (try translator.profile("uncefact.json"), try translator.profile("eu.eucdm"))
    let there = try translator.translate(try hub.bytes(), from: wire, to: local, options: .init(day: "2022-03-01"))
    #expect(there.report.editions?.source == "2017" && codes(there).allSatisfy { $0.reason == .editionDiffers })
  }

  @Test func nothingIsSaidWithoutADayOrOfAnEconomyThatIsNotKnown() throws {
    let translator = try Schemas.translator()
    let bytes = try Schemas.sample("cn.decmessage/5.0/samples/export-minimal.xml")
    func editions(_ to: String, _ day: String?) throws -> HSEditions.Difference? {
      try translator.translate(
        bytes, from: try translator.profile("cn.decmessage"), to: try translator.profile(to), options: .init(day: day)
      ).report.editions
    }
    #expect(try editions("my.kastam", nil) == nil)
    #expect(try editions("my.kastam", "2022-03-01") == .init(list: "hs", source: "2022", target: "2017"))
    #expect(try editions("asycuda.sad", "2022-03-01") == nil)
  }

  @Test func theLossMatrixSaysItBeforehand() throws {
    let translator = try Schemas.translator()
    func conditions(_ to: String) throws -> [Reason] {
      let matrix = try translator.lossMatrix(from: try translator.profile("cn.decmessage"), to: try translator.profile(to))
      return try #require(matrix.rows.first { $0.element == "Commodity.HS6" }).conditions
    }
    #expect(try conditions("my.kastam").contains(.editionDiffers))
    #expect(try !conditions("uncefact.xml").contains(.editionDiffers))
    #expect(try !conditions("eu.eucdm").contains(.editionDiffers))
  }
}
