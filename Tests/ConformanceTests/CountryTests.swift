import Declarations
import Formats
import Primitives
import Testing

@testable import Translation

/// The two item countries change places in a Chinese export declaration: `OriginCountry` is where the goods go, `DestinationCountry` where
/// they come from. Field by field they would make a plausible and wrong import declaration.
@Suite struct CountryTests {
  @Test func originAndDestinationAreSwappedInAnExport() throws {
    let message = try ChineseMessage.export().item("OriginCountry", "SGP").item("DestinationCountry", "CHN")
    let values = try message.read()
    #expect(values["GoodsItem[1].Origin.CountryCode"] == "CN")
    #expect(values["GoodsItem[1].ItemDestination.CountryCode"] == "SG")
    #expect(values["ExportCountry.Code"] == "CN" && values["DestinationCountry.Code"] == "SG")
    let hub = try message.translated(to: "uncefact.xml")
    let item = try #require(hub.document.find("SpecifiedSupplyChainConsignment", "IncludedSupplyChainConsignmentItem"))
    #expect(hub.document.find("OriginTradeCountry", "ID", from: item).flatMap(hub.document.text) == "CN")
    #expect(hub.document.find("DestinationTradeCountry", "ID", from: item).flatMap(hub.document.text) == "SG")
  }

  @Test func originAndDestinationStayInAnImport() throws {
    let message = try ChineseMessage.import()
    let values = try message.read()
    #expect(values["GoodsItem[1].Origin.CountryCode"] == "SG" && values["GoodsItem[3].Origin.CountryCode"] == "DE")
    #expect(values["GoodsItem[1].ItemDestination.CountryCode"] == "CN")
    #expect(values["ExportCountry.Code"] == "SG" && values["DestinationCountry.Code"] == "CN")
  }

  @Test func theImporterGetsTheOriginOfTheExport() throws {
    let message = try ChineseMessage.export()
    let draft = try message.translated(to: "sg.tradenet")
    #expect(draft.text("InboundMessage", "InPayment", "Item", "OriginCountry") == "CN")
    #expect(draft.declaration[id: "Declaration.TypeCode"]?.text == "IM")
  }

  @Test func anExportFromAbroadBecomesAnImportWithItsOriginInPlace() throws {
    let outward = try Sample(profile: "sg.tradenet", name: "outward-machine-parts.xml").bytes()
    let translator = try Repository.translator()
    let origin = try #require(try translator.valid(outward, "sg.tradenet").values["GoodsItem[1].Origin.CountryCode"])
    let draft = try translator.translate(outward, "sg.tradenet", "cn.decmessage")
    #expect(draft.text("DecHead", "IEFlag") == "I")
    let code = try #require(draft.text("DecLists", "DecList", "OriginCountry"))
    let table = try #require(try Repository.library.get().codes.conversion("cn-country-to-iso"))
    #expect(table.forward(code) == .mapped(origin, .exact))
  }

  /// An export that says the goods are destined for China while they go abroad was filled in without the swap.
  @Test func anUnswappedExportIsRefused() throws {
    let swapped = try ChineseMessage.export().item("OriginCountry", "CHN").item("DestinationCountry", "SGP")
    let found = swapped.problems()
    #expect(found.contains { $0.facts["rule"] == "cn.item_countries_not_swapped" && $0.severity == .error })
    #expect(found.first { $0.facts["rule"] != nil }?.pointer == "/DecMessage/DecLists/DecList/OriginCountry")
    #expect(try ChineseMessage.export().problems() == [])
    // Goods that stay in the country, between zones, are destined for China and need no swap.
    let inside = swapped.item("DestinationCountry", "CHN").head("TradeCountry", "CHN")
    #expect(!inside.findings().contains("cn.item_countries_not_swapped"))
  }

  @Test func anImportOfChineseOriginIsDoubtedAndNotRefused() throws {
    let doubtful = try ChineseMessage.import().item("OriginCountry", "CHN")
    #expect(doubtful.problems() == [])
    #expect(doubtful.findings().contains("cn.item_origin_not_swapped"))
    #expect(!(try ChineseMessage.import().findings().contains("cn.item_origin_not_swapped")))
  }

  // MARK: A code means nothing without its list

  /// 304 is Germany in the old Chinese list and Greenland in ISO 3166; 132 is Singapore and Cabo Verde; 116 Japan and Cambodia.
  @Test(arguments: [
    ("304", "DE"), ("132", "SG"), ("116", "JP"), ("142", "CN"), ("122", "MY"), ("110", "HK"), ("303", "GB"), ("502", "US"), ("112", "ID"),
  ])
  func oldNumericCountriesAreNotISONumeric(_ old: String, _ iso: String) throws {
    let message = try ChineseMessage.export().item("DestinationCountry", old)
    let values = try message.read(on: "2018-07-01")
    #expect(values["GoodsItem[1].Origin.CountryCode"] == iso)
    let hub = try message.translated(to: "uncefact.xml")
    let entry = try #require(hub.entries(from: "/DestinationCountry").first)
    #expect(entry.from == old && entry.to == iso && entry.table?.hasPrefix("cn-country-old-to-iso@") ?? false)
  }

  @Test func oldCodesHaveEnded() throws {
    let message = try ChineseMessage.export().item("DestinationCountry", "304")
    #expect(message.problems(on: "2018-07-31") == [])
    #expect(message.problems(on: "2026-11-20").map(\.code) == ["validate.not_listed"])
    #expect(try ChineseMessage.export().item("DestinationCountry", "DEU").problems(on: "2026-11-20") == [])
  }

  /// The same three digits stand for a country, a currency and a unit in one message.
  @Test(arguments: [("142", "CN", "CNY"), ("122", "MY", "MYR"), ("132", "SG", "SGD"), ("110", "HK", "HKD")])
  func oneNumberIsThreeThings(_ code: String, _ country: String, _ currency: String) throws {
    let values = try ChineseMessage.export().item("DestinationCountry", code).item("TradeCurr", code).read(on: "2018-07-01")
    #expect(values["GoodsItem[1].Origin.CountryCode"] == country)
    #expect(values["GoodsItem[1].InvoiceLine.Currency"] == currency)
  }

  /// 142 and 122 as units are a bottle and a can: packages, for which Recommendation 20 has no unit.
  @Test(arguments: ["142", "122"])
  func aBottleIsNotACountry(_ unit: String) throws {
    let message = try ChineseMessage.export().item("GUnit", unit)
    #expect(try message.read()["GoodsItem[1].TransactionQuantity.UnitCode"] == nil)
    let hub = try message.translated(to: "uncefact.xml")
    #expect(hub.entries(from: "/GUnit").contains { $0.action == .notCarried && $0.reason == .codeNoPeer })
    #expect(try ChineseMessage.export().item("GUnit", "132").read()["GoodsItem[1].TransactionQuantity.UnitCode"] == "H87")
  }

  /// Alpha-2, ISO numeric and unknown codes are no codes of the Chinese list.
  @Test(arguments: ["DE", "276", "DEUX", "deu", "000"])
  func codesOfOtherListsAreRefused(_ code: String) throws {
    let found = try ChineseMessage.export().item("DestinationCountry", code).problems()
    #expect(found.contains { $0.pointer == "/DecMessage/DecLists/DecList/DestinationCountry" && $0.severity == .error })
  }

  /// One old code that became several: none of them is taken.
  @Test(arguments: ["399", "499", "326"])
  func aCodeWithSeveralPeersIsNotGuessed(_ code: String) throws {
    let message = try ChineseMessage.export().item("DestinationCountry", code)
    #expect(try message.read()["GoodsItem[1].Origin.CountryCode"] == nil)
    let draft = try message.translated(to: "sg.tradenet")
    #expect(draft.entries(from: "/DestinationCountry").contains { $0.reason == .codeAmbiguous })
    let asked = try #require(draft.asked("/OriginCountry"))
    #expect(asked.reason == .codeAmbiguous && asked.candidates.count > 1)
    #expect(draft.text("InboundMessage", "InPayment", "Item", "OriginCountry") == nil)
    #expect(try ChineseMessage.export().translated(to: "sg.tradenet").asked("/OriginCountry") == nil)
  }

  @Test(arguments: ["ZZZ", "ZUN", "ZEU"])
  func aCodeWithoutPeerIsNotGuessed(_ code: String) throws {
    let message = try ChineseMessage.export().item("DestinationCountry", code)
    #expect(try message.read()["GoodsItem[1].Origin.CountryCode"] == nil)
    #expect(try message.translated(to: "uncefact.xml").entries(from: "/DestinationCountry").contains { $0.reason == .codeNoPeer })
  }

  /// The published list holds ZAF twice. South Africa keeps it, and no later row wins.
  @Test func southAfricaIsSouthAfrica() throws {
    #expect(try ChineseMessage.export().item("DestinationCountry", "ZAF").read()["GoodsItem[1].Origin.CountryCode"] == "ZA")
    let list = try #require(try Repository.library.get().codes.list("cn-country"))
    #expect(list.entries.filter { $0.code == "ZAF" }.count == 1)
  }

  @Test func aListWithADuplicateKeyIsRefused() throws {
    func list(_ rows: String) -> [UInt8] {
      Array(("# source: test\n# version: 1\ncode,zh,en,valid_from,valid_to,note\n" + rows).utf8)
    }
    let good = "ZAF,南非,South Africa,,,\nZMB,赞比亚,Zambia,,,\n"
    #expect(try CodeList.load(csv: list(good), id: "x", file: "x.csv").entries.count == 2)
    let found = problems { _ = try CodeList.load(csv: list(good + "ZAF,非洲其他,Africa other,,,\n"), id: "x", file: "x.csv") }
    #expect(found.map(\.code) == ["config.codelist_invalid"] && found.first?.line == 6)
  }

  @Test func aConversionWithADuplicateKeyIsRefusedUnlessItIsMarked() throws {
    let codes = try Repository.library.get().codes
    func conversion(_ rows: String) -> [UInt8] {
      Array(("# from: cn-country\n# to: iso3166-a2\n# source: test\n# version: 1\nfrom,to,kind,note\n" + rows).utf8)
    }
    func load(_ rows: String) -> [Problem] {
      problems { _ = try CodeConversion.load(csv: conversion(rows), id: "x", file: "x.csv") { codes.list($0) } }
    }
    #expect(load("ZAF,ZA,exact,\nDEU,DE,exact,\n") == [])
    #expect(!load("ZAF,ZA,exact,\nZAF,NA,exact,\n").isEmpty)
    #expect(load("ZAF,ZA,ambiguous,\nZAF,NA,ambiguous,\n") == [])
  }
}
