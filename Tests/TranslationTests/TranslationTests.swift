import Declarations
import Formats
import JSONTree
import Primitives
import Testing

@testable import Translation

/// The traps of real formats, the report, the supplement, the release policy's effect and the border crossing.
@Suite struct TranslationTests {
  private let textiles = "cn.decmessage/5.0/samples/export-textiles-12-items.xml"
  private let electronics = "cn.decmessage/5.0/samples/export-electronics.gb18030.xml"
  private let imports = "cn.decmessage/5.0/samples/import-machine-parts.xml"
  private let minimal = "cn.decmessage/5.0/samples/export-minimal.xml"

  private func valid(_ path: String, _ old: String? = nil, _ new: String = "") throws -> ValidDocument {
    var bytes = try Schemas.sample(path)
    if let old { bytes = try replacing(bytes, old, new) }
    return try Schemas.translator().valid(bytes, "cn.decmessage")
  }

  private func value(_ declaration: Declaration, _ path: String) -> String? {
    ElementPath(path, in: declaration.dictionary).flatMap { declaration[$0]?.text }
  }

  // MARK: Traps

  @Test func originAndDestinationChangePlacesInAnExport() throws {
    let export = try valid(minimal).declaration
    #expect(value(export, "GoodsItem[1].Origin.CountryCode") == "CN")
    #expect(value(export, "GoodsItem[1].ItemDestination.CountryCode") == "SG")
    let document = try valid(minimal).document
    let held = try #require(document.find("DecLists", "DecList", "OriginCountry"))
    #expect(document.text(held) == "SGP")
    let arriving = try valid(imports)
    let item = try #require(arriving.document.find("DecLists", "DecList", "OriginCountry"))
    #expect(arriving.document.text(item) != "CHN")
    #expect(value(arriving.declaration, "GoodsItem[1].Origin.CountryCode") != "CN")
  }

  @Test func anUnswappedExportIsRefused() throws {
    var bytes = try Schemas.sample(minimal)
    bytes = try replacing(bytes, "<OriginCountry>SGP</OriginCountry>", "<OriginCountry>CHN</OriginCountry>")
    bytes = try replacing(bytes, "<DestinationCountry>CHN</DestinationCountry>", "<DestinationCountry>SGP</DestinationCountry>")
    let found = problems { _ = try Schemas.translator().valid(bytes, "cn.decmessage") }
    #expect(found.first?.code == "validate.swapped")
    #expect(found.first?.pointer == "/DecMessage/DecLists/DecList/OriginCountry")
    #expect(found.first?.element == "ItemDestination.CountryCode")
  }

  @Test(arguments: [("<TrafMode>5", "5", "4"), ("<TrafMode>5", "2", "1"), ("<TrafMode>5", "4", "3"), ("<TrafMode>5", "3", "2")])
  func transportModesLookTheSameAndAreNot(tag: String, code: String, canonical: String) throws {
    let declaration = try valid(minimal, tag, "<TrafMode>" + code).declaration
    #expect(value(declaration, "BorderTransportMeans.ModeCode") == canonical)
  }

  @Test func oldNumericCountriesAreNotISONumbers() throws {
    let declaration = try valid(minimal, "<TradeCountry>SGP", "<TradeCountry>304").declaration
    #expect(value(declaration, "DestinationCountry.Code") == "DE")
  }

  @Test func weightBelowOneKilogramIsRefusedAndOneKilogramIsNot() throws {
    let document = try valid(minimal).document
    let gross = try #require(document.find("DecHead", "GrossWet").flatMap(document.text))
    let net = try #require(document.find("DecHead", "NetWt").flatMap(document.text))
    func bytes(_ weight: String) throws -> [UInt8] {
      let first = try replacing(try Schemas.sample(minimal), "<GrossWet>\(gross)", "<GrossWet>\(weight)")
      return try replacing(first, "<NetWt>\(net)", "<NetWt>\(weight)")
    }
    let found = problems { _ = try Schemas.translator().valid(try bytes("0.4"), "cn.decmessage") }
    #expect(found.filter { $0.severity == .error }.map(\.code) == ["validate.below_minimum", "validate.below_minimum"])
    _ = try Schemas.translator().valid(try bytes("1"), "cn.decmessage")
  }

  @Test func nationalDigitsAreNeitherCutNorPadded() throws {
    let translator = try Schemas.translator()
    let there = try translator.write(try valid(minimal), to: try translator.profile("sg.tradenet"))
    #expect(there.document.find("InboundMessage", "InPayment", "Item", "ItemHarmonizedSystemCode") == nil)
    let item = try #require(there.supplement.items.first { $0.path.hasSuffix("ItemHarmonizedSystemCode") })
    #expect(item.reason == .partial)
    #expect(item.known?.utf8.count == 6)
  }

  @Test func aScaledUnitTakesItsQuantityAndPriceAlong() throws {
    let declaration = try valid(electronics).declaration
    #expect(value(declaration, "GoodsItem[1].TransactionQuantity.UnitCode") == "MIL")
    #expect(value(declaration, "GoodsItem[1].TransactionQuantity.Value") == "12.5")
    #expect(value(declaration, "GoodsItem[2].TransactionQuantity.UnitCode") == "H87")
    #expect(value(declaration, "GoodsItem[2].TransactionQuantity.Value") == "360000")
  }

  @Test func anAmbiguousCodeIsNotGuessed() throws {
    let translator = try Schemas.translator()
    let source = try valid(minimal, "<WrapType>22", "<WrapType>00")
    #expect(value(source.declaration, "Declaration.TotalPackageTypeCode") == nil)
    let there = try translator.write(source, to: try translator.profile("sg.tradenet"))
    #expect(there.report.entries.contains { $0.element == "Declaration.TotalPackageTypeCode" && $0.reason == .codeAmbiguous })
    let item = try #require(there.supplement.items.first { $0.element == "Declaration.TotalPackageTypeCode" })
    #expect(item.reason == .codeAmbiguous)
    // Bulk of one kind or another: Singapore has no such package.
    #expect(item.candidates == [])
    #expect(there.complement?.entries.contains { $0.path == "DecHead/WrapType" && $0.text == "00" } ?? false)
  }

  /// A yes stays a yes through an XML boolean, a JSON boolean and Singapore's 9.
  @Test func indicatorsKeepTheirMeaning() throws {
    let translator = try Schemas.translator()
    let source = try valid(textiles)
    #expect(value(source.declaration, "Declaration.ContainerIndicator") == "true")
    let xml = try translator.write(source, to: try translator.profile("uncefact.xml"))
    #expect(text(try xml.bytes()).contains("ContainerizationIndicator>true<"))
    let json = try JSONValue.parse(try translator.write(source, to: try translator.profile("uncefact.json")).bytes())
    #expect(json["specifiedConsignment"]?.array?.first?["isOrHasContainerization"]?.bool == true)
    let singapore = try translator.write(try translator.valid(try xml.bytes(), "uncefact.xml"), to: try translator.profile("sg.tradenet"))
    #expect(text(try singapore.bytes()).contains("CargoPackingType>9<"))
  }

  /// What the sender's format allows and the dictionary does not take is kept at home, not refused.
  @Test func aValueTooLongForTheDictionaryIsNotTheSendersFault() throws {
    let long = String(repeating: "型", count: 300)
    let source = try valid(textiles, "<GoodsModel/>", "<GoodsModel>\(long)</GoodsModel>")
    let translator = try Schemas.translator()
    let there = try translator.write(source, to: try translator.profile("uncefact.xml"))
    #expect(there.report.entries.contains { $0.element == "Commodity.Model" && $0.reason == .tooLong })
    #expect(there.complement?.entries.contains { $0.text == long } ?? false)
  }

  /// It decides what is written, and no format's list has it.
  @Test func anEconomyThatIsNoneIsRefusedAndItsTwinIsNot() throws {
    let translator = try Schemas.translator()
    let sample = try Schemas.sample("edifact.cusdec/d03b/samples/import-odd-characters.edi")
    for (country, codes) in [("M", ["read.code_unknown"]), ("ZZ", ["read.code_unknown"]), ("SG", [])] {
      let bytes = try replacing(sample, "NAD|CM||||||||MY~", "NAD|CM||||||||\(country)~")
      let found = problems { _ = try translator.valid(bytes, "edifact.cusdec") }.filter { $0.severity == .error }
      #expect(found.map(\.code.rawValue) == codes, "\(country)")
    }
  }

  @Test func anUnknownCodeIsRefused() throws {
    let bytes = try replacing(try Schemas.sample(minimal), "<TrafMode>5", "<TrafMode>Q")
    #expect(problems { _ = try Schemas.translator().valid(bytes, "cn.decmessage") }.map(\.code).contains("validate.not_listed"))
  }

  // MARK: Validation

  @Test func everythingThatIsWrongIsSaidAtOnce() throws {
    var bytes = try Schemas.sample(minimal)
    bytes = try replacing(bytes, "<TransMode>3", "<TransMode>Z")
    bytes = try replacing(bytes, "<GNo>1", "<GNo>one")
    bytes = try replacing(bytes, "<CustomMaster>", "<CustomMaster>too long ")
    let found = problems { _ = try Schemas.translator().valid(bytes, "cn.decmessage") }
    for code in ["validate.not_listed", "validate.not_integer", "validate.white_space"] as [ErrorCode] {
      let problem = try #require(found.first { $0.code == code }, "\(found.map(\.code))")
      #expect(problem.pointer?.hasPrefix("/DecMessage/") ?? false)
      #expect((problem.line ?? 0) > 0)
      #expect(problem.element != nil)
    }
  }

  @Test func theCatalogueHasEveryCode() throws {
    let known = Set((ErrorCatalogue.translation + ErrorCatalogue.declarations).map(\.code))
    for rule in try Schemas.library.get().profiles.flatMap(\.rules) { #expect(known.contains(rule.code)) }
  }

  @Test func anotherRootOrNamespaceIsRefused() throws {
    let bytes = try Schemas.sample(minimal)
    #expect(problems { _ = try Schemas.translator().valid(bytes, "sg.tradenet") }.map(\.code) == ["parse.root_unknown"])
    let other = try replacing(bytes, "http://www.chinaport.gov.cn/dec", "http://example.org/dec")
    #expect(problems { _ = try Schemas.translator().valid(other, "cn.decmessage") }.map(\.code) == ["parse.namespace_unknown"])
  }

  @Test(arguments: [
    "<NewField>x</NewField>", "<NewField xmlns=''>x</NewField>",
    "<n:NewField xmlns:n='http://www.chinaport.gov.cn/dec' n:a='1'>x</n:NewField>",
  ])
  func anUnknownElementIsKeptWhereTheProfileSaysSo(_ element: String) throws {
    let source = try valid(minimal, "</DecHead>", element + "</DecHead>")
    #expect(source.warnings.contains { $0.code == "validate.unknown_element" })
    let translator = try Schemas.translator()
    let there = try translator.write(source, to: try translator.profile("uncefact.xml"))
    let partner = try translator.valid(try there.bytes(), "uncefact.xml")
    let back = try translator.write(partner, to: source.profile, options: .init(complement: there.complement))
    #expect(source.document.differences(from: try translator.parse(try back.bytes(), as: source.profile)) == [])
    let strict = try replacing(
      try there.bytes(), "</rsm:ExchangedDeclaration>", "<ram:Surprise>1</ram:Surprise></rsm:ExchangedDeclaration>")
    #expect(problems { _ = try translator.valid(strict, "uncefact.xml") }.map(\.code) == ["validate.unknown_element"])
  }

  // MARK: Report, supplement, policy

  /// Independent of the supplement's own computation: what the validator finds missing in the finished document.
  @Test(arguments: Schemas.chineseSamples) func theSupplementIsExactlyWhatIsMissing(_ sample: String) throws {
    let translator = try Schemas.translator()
    let target = try translator.profile("sg.tradenet")
    let there = try translator.write(try valid("cn.decmessage/5.0/samples/" + sample), to: target)
    let bound = try BoundDocument(there.document, to: target.structure)
    let missing = StructureValidator.check(bound, profile: target, variant: try Translator.variant(of: bound, profile: target), on: nil)
    #expect(missing.map(\.code).allSatisfy { $0 == "validate.missing" })
    func plain(_ path: String) -> String {
      var text = ""
      var depth = 0
      for character in path {
        if character == "[" { depth += 1 } else if character == "]" { depth -= 1 } else if depth == 0 { text.append(character) }
      }
      return text
    }
    let expected = missing.map { plain(String(($0.pointer ?? "").dropFirst("/TradenetDeclaration/".count))) }.sorted()
    #expect(there.supplement.items.map { plain($0.path) }.sorted() == expected)
    #expect(Set(there.supplement.items.map(\.path)).count == there.supplement.items.count)
    for item in there.supplement.items {
      #expect(there.report.entries.contains { $0.action == .missing && $0.target == item.path })
      #expect(!item.en.isEmpty && !item.zh.isEmpty)
    }
  }

  @Test func answersFillTheDraftAndWrongOnesAreNamed() throws {
    let translator = try Schemas.translator()
    let target = try translator.profile("sg.tradenet")
    let there = try translator.write(try valid(minimal), to: target)
    let draft = try translator.parse(try there.bytes(), as: target)
    let right = there.supplement.items.map { item in
      let value =
        switch item.type.split(separator: " ")[0] {
        case "date": "20261121"
        case "decimal", "integer": "12"
        case "indicator": "true"
        case "code" where item.path.hasSuffix("ItemHarmonizedSystemCode"): (item.known ?? "") + "00"
        default: item.candidates.first ?? item.values.first ?? item.list.flatMap { target.codes.list($0)?.entries.first?.code } ?? "A1"
        }
      return SupplementAnswer(path: item.path, value: value)
    }
    let half = try translator.supply(Array(right.prefix(3)), to: draft, profile: target)
    #expect(half.remaining.items.count == right.count - 3)
    let whole = try translator.supply(Array(right.dropFirst(3)), to: half.document, profile: target)
    #expect(whole.remaining.isEmpty)
    _ = try translator.valid(whole.bytes, "sg.tradenet")
    let wrong = [
      SupplementAnswer(path: "Nowhere/Else", value: "1"), SupplementAnswer(path: right[0].path, value: String(repeating: "X", count: 99)),
      SupplementAnswer(path: "InboundMessage/InPayment/Header/CommonAccessReference", value: "OUTDEC"),
    ]
    let found = problems { _ = try translator.supply(wrong, to: draft, profile: target) }
    #expect(found.map(\.code) == ["write.answer_unknown", "validate.too_long", "write.answer_not_asked"])
    #expect(found[1].pointer == right[0].path)
    #expect(
      problems { _ = try translator.supply([right[0], right[0]], to: draft, profile: target) }.map(\.code) == ["write.answer_duplicate"])
  }

  @Test func whatIsWithheldStaysAtHome() throws {
    let translator = try Schemas.translator()
    let source = try valid(electronics)
    var released = source.declaration
    let item = try #require(released.dictionary[id: "GoodsItem"])
    let price = try #require(released.dictionary[id: "InvoiceLine.UnitPrice"])
    let exporter = try #require(released.dictionary[id: "Exporter.Name.Local"])
    released[exporter] = nil
    let owner = try #require(released.dictionary[id: "EndParty.Name"])
    released[owner] = nil
    for position in 0..<released.root.count(item) { released.root.modify(item, at: position) { $0[price] = nil } }
    let name = try #require(source.declaration[id: "Exporter.Name.Local"]?.text)
    let there = try translator.write(source, released: released, to: try translator.profile("uncefact.xml"))
    #expect(!text(try there.bytes()).contains(name))
    #expect(there.report.counts[.withheld] == 2 + source.declaration.root.count(item))
    #expect(there.report.unmentionedSourceLeaves == [])
    let partner = try translator.valid(try there.bytes(), "uncefact.xml")
    let back = try translator.write(partner, to: source.profile, options: .init(complement: there.complement))
    #expect(source.document.differences(from: try translator.parse(try back.bytes(), as: source.profile)) == [])
  }

  /// Each leaf that is written is in the report, fixed values included.
  @Test(arguments: ["uncefact.xml", "sg.tradenet"]) func everyWrittenLeafIsMentioned(_ to: String) throws {
    let translator = try Schemas.translator()
    let there = try translator.write(try valid(textiles), to: try translator.profile(to))
    let bound = try BoundDocument(there.document, to: there.profile.structure)
    let mentioned = Set(there.report.entries.compactMap(\.target))
    for leaf in ReportBuilder.leaves(bound) where bound.filled(leaf) != nil {
      let pointer = there.document.pointer(.init(index: leaf))
      #expect(mentioned.contains(pointer), "\(pointer)")
    }
  }

  @Test func whatHasNoRoomIsToldInTheOrderOfTheDictionary() throws {
    let translator = try Schemas.translator()
    let source = try translator.valid(try Schemas.sample("wco.dms/2.1/samples/import-corners.xml"), "wco.dms")
    let there = try translator.write(source, to: try translator.profile("cn.decmessage"))
    let groups = there.report.entries.filter { $0.reason == .tooMany }.compactMap { entry in
      entry.path.flatMap { ElementPath($0, in: source.declaration.dictionary)?.steps }.flatMap { $0.count == 1 ? $0[0].group : nil }
    }
    #expect(Set(groups).count > 1)
    #expect(groups == groups.sorted())
  }

  @Test func theReportAndTheRequestHaveAJSONForm() throws {
    let translator = try Schemas.translator()
    let there = try translator.write(try valid(minimal), to: try translator.profile("sg.tradenet"))
    let report = try JSONValue.parse(there.report.serialized())
    #expect(report["entries"]?.array?.count == there.report.entries.count)
    for (written, entry) in zip(report["entries"]?.array ?? [], there.report.entries) {
      func texts(_ name: String) -> String? { written[name]?.string }
      #expect(texts("action") == entry.action.rawValue && texts("reason") == entry.reason?.rawValue)
      #expect(texts("path") == entry.path && texts("element") == entry.element && texts("table") == entry.table)
      #expect(texts("source") == entry.source && texts("target") == entry.target)
      #expect(texts("from") == entry.from && texts("to") == entry.to)
    }
    #expect(report["from"]?.string == "cn.decmessage@5.0")
    let request = try SupplementRequest(json: try JSONValue.parse(there.supplement.json.serialized()))
    #expect(request.items == there.supplement.items)
  }

  // MARK: Crossing

  @Test func theHubKeepsTheSideAndAnotherEconomyMirrorsIt() throws {
    let translator = try Schemas.translator()
    let source = try valid(textiles)
    let hub = try translator.write(source, to: try translator.profile("uncefact.xml"))
    #expect(value(hub.declaration, "Declaration.TypeCode") == "EX")
    let mirrored = try translator.write(source, to: try translator.profile("sg.tradenet"))
    #expect(value(mirrored.declaration, "Declaration.TypeCode") == "IM")
    #expect(mirrored.declaration[id: "Importer.Name.Latin"]?.text == source.declaration[id: "Consignee.Name.Latin"]?.text)
    #expect(mirrored.report.entries.contains { $0.action == .swapped && $0.element == "Importer.Name.Latin" })
    #expect(mirrored.declaration[id: "Commodity.NationalCode"] == nil)
    let viaHub = try translator.write(try translator.valid(try hub.bytes(), "uncefact.xml"), to: try translator.profile("sg.tradenet"))
    #expect(try viaHub.bytes() == mirrored.bytes())
  }

  @Test func aShapeThatDoesNotSuitIsRefused() throws {
    let translator = try Schemas.translator()
    let target = try translator.profile("sg.tradenet")
    let source = try valid(minimal)
    #expect(try translator.write(source, to: target, options: .init(shape: "InNonPayment")).supplement.shape == "InNonPayment")
    #expect(
      problems { _ = try translator.write(source, to: target, options: .init(shape: "Outward")) }.map(\.code) == ["write.shape_unknown"])
    #expect(
      problems { _ = try translator.write(source, to: target, options: .init(shape: "Inward")) }.map(\.code) == ["write.shape_unknown"])
  }

  @Test(arguments: ["cn.decmessage", "sg.tradenet", "uncefact.xml", "uncefact.json"]) func generatedDocumentsAreValidAndReproducible(
    _ name: String
  ) throws {
    let translator = try Schemas.translator()
    let profile = try translator.profile(name)
    for seed in 0..<UInt64(20) {
      let bytes = try profile.sample(seed: seed)
      #expect(try profile.sample(seed: seed) == bytes)
      let errors = problems { _ = try translator.valid(bytes, name) }.filter { $0.severity == .error }
      #expect(errors.isEmpty, "seed \(seed): \(errors.prefix(3).map { "\($0.code) \($0.pointer ?? "")" })")
    }
  }
}
