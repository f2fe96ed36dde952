import Declarations
import JSONTree
import Primitives
import Testing

@testable import Translation

/// The loss matrix: worked out from data alone, and right about what then happens.
@Suite struct ProofTests {
  private func matrix(_ from: String, _ to: String, withheld: Set<String> = [], declarations: Int = 0) throws -> LossMatrix {
    let translator = try Schemas.translator()
    return try translator.lossMatrix(
      from: try translator.profile(from), to: try translator.profile(to), withheld: withheld, declarations: declarations,
      release: { declaration in
        var released = declaration
        for id in withheld { if let element = declaration.dictionary[id: id] { released[element] = nil } }
        return released
      })
  }

  private func row(_ matrix: LossMatrix, _ element: String) throws -> LossMatrix.Row {
    try #require(matrix.rows.first { $0.element == element }, "the matrix has no \(element)")
  }

  @Test(arguments: [
    ("cn.decmessage", "uncefact.xml"), ("cn.decmessage", "sg.tradenet"), ("sg.tradenet", "cn.decmessage"), ("sg.tradenet", "uncefact.json"),
    ("uncefact.xml", "uncefact.json"),
  ])
  func generatedDeclarationsDoNotContradictIt(_ from: String, _ to: String) throws {
    let matrix = try matrix(from, to, declarations: 15)
    #expect(matrix.contradictions == [])
    #expect(matrix.rows.contains { !$0.seen.isEmpty })
  }

  /// By hand, from the tables and mappings.
  @Test func itSaysWhatAReaderOfTheMappingsWouldSay() throws {
    let matrix = try matrix("cn.decmessage", "sg.tradenet", withheld: ["Declaration.DepartureDate", "Consignee.Name.Latin"])
    let expected: [(String, LossMatrix.Class)] = [
      ("TransportDocument.ID", .carried), ("Origin.CountryCode", .lossy), ("BorderTransportMeans.ModeCode", .lossy),
      ("Declaration.InvoiceAmount", .computed), ("InvoiceLine.UnitPrice", .missing), ("Commodity.NationalCode", .ownSide),
      ("Declaration.TypeCode", .swapped), ("Declaration.DepartureDate", .withheld), ("InvoiceDocument.ID", .supplement),
      ("Exporter.Name.Latin", .missing), ("Commodity.Brand", .lossy),
    ]
    for (element, kind) in expected { #expect(try row(matrix, element).class == kind, "\(element)") }
    // The consignee's name would have been the importer's: withheld, it has to be asked for.
    #expect(try row(matrix, "Importer.Name.Latin").class == .supplement)
    #expect(try row(try self.matrix("cn.decmessage", "sg.tradenet"), "Importer.Name.Latin").class == .swapped)
    let mode = try row(matrix, "BorderTransportMeans.ModeCode")
    #expect(mode.codes == LossMatrix.Codes(lossless: 5, lossy: 1, open: 12))
    #expect(mode.conditions.contains(.codeNoPeer))
    #expect(try row(matrix, "Commodity.Brand").conditions.contains(.notASCII))
  }

  /// A mapping that does something else than the matrix says is found.
  @Test(arguments: [
    ("Origin.CountryCode", LossMatrix.Class.carried), ("GoodsItem.SequenceNumeric", .missing), ("Declaration.TypeCode", .withheld),
    ("InvoiceLine.UnitPrice", .carried),
  ])
  func aWrongMatrixIsContradicted(_ element: String, _ kind: LossMatrix.Class) throws {
    let translator = try Schemas.translator()
    let source = try translator.profile("cn.decmessage")
    var wrong = try matrix("cn.decmessage", "sg.tradenet")
    let position = try #require(wrong.rows.firstIndex { $0.element == element })
    wrong.rows[position].class = kind
    var confirmation = LossConfirmation(wrong, translator.library.dictionary)
    let valid = try translator.valid(try source.sample(seed: 3, direction: .export), source.name)
    confirmation.add(try translator.write(valid, to: try translator.profile("sg.tradenet")).report, seed: 3)
    #expect(Set(confirmation.contradictions.map(\.element)) == [element])
  }

  @Test func itHasAJSONFormAndAPage() throws {
    let matrix = try matrix("cn.decmessage", "sg.tradenet", declarations: 2)
    #expect(matrix.json["rows"]?.array?.count == matrix.rows.count)
    #expect(matrix.json["counts"]?.object?.members.reduce(0) { $0 + ($1.value.int ?? 0) } == matrix.rows.count)
    let page = matrix.page(title: "A", command: "b")
    for row in matrix.rows { #expect(page.contains("| " + (row.element ?? "—"))) }
  }

  // MARK: One value

  @Test func oneValueIsExplainedWithRuleTableAndTexts() throws {
    let translator = try Schemas.translator()
    let valid = try translator.valid(try Schemas.sample("cn.decmessage/5.0/samples/export-minimal.xml"), "cn.decmessage")
    let there = try translator.write(valid, to: try translator.profile("sg.tradenet"))
    let found = try #require(try there.explanations(of: "GoodsItem[1].Origin.CountryCode", from: valid).first)
    #expect(found.source?.place == "/DecMessage/DecLists/DecList/DestinationCountry")
    #expect(found.source?.text == "CHN")
    #expect(found.target?.text == "CN")
    #expect(found.table == "cn-country-to-iso@2018-08")
    #expect(found.source?.rule?.hasPrefix("mapping.yaml:") == true)
    #expect(
      try there.explanations(of: "Origin.CountryCode", from: valid).count
        == valid.declaration.root.count(
          try #require(valid.declaration.dictionary[id: "GoodsItem"])))
    #expect(problems { _ = try there.explanations(of: "Origin.Country", from: valid) }.map(\.code) == ["write.element_unknown"])
  }

  @Test func aChargeThatTheTargetTakesOtherwiseIsToldToHaveNoPlace() throws {
    let translator = try Schemas.translator()
    let bytes = try replacing(
      try Schemas.sample("cn.decmessage/5.0/samples/export-textiles-12-items.xml"), "<FeeMark>3</FeeMark>", "<FeeMark>2</FeeMark>")
    let valid = try translator.valid(bytes, "cn.decmessage")
    let there = try translator.write(valid, to: try translator.profile("sg.tradenet"))
    let found = try #require(try there.explanations(of: "FreightCharge.Amount", from: valid).first)
    #expect(found.action == .notCarried)
    #expect(found.reason == .noPlace)
  }
}
