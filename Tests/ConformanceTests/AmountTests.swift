import Formats
import Foundation
import Primitives
import Testing

@testable import Translation

/// Weights, packages, charges, commodity codes and item counts: filling rules that a naive translation breaks, and the checks across fields.
@Suite struct AmountTests {
  // MARK: Weight and packages

  @Test(arguments: ["0.4", "0.99999", "0", "0.00000"])
  func aWeightBelowOneKilogramIsRefused(_ weight: String) throws {
    let found = try ChineseMessage.export().head("GrossWet", weight).head("NetWt", weight).problems()
    #expect(Set(found.compactMap { $0.facts["rule"] }).isSuperset(of: ["cn.gross_mass_minimum", "cn.net_mass_minimum"]))
    #expect(found.contains { $0.pointer == "/DecMessage/DecHead/GrossWet" && $0.facts["limit"] == "1" })
  }

  @Test(arguments: ["1", "1.00000", "1.00001", "19999.5"])
  func aWeightOfOneKilogramIsAccepted(_ weight: String) throws {
    #expect(try ChineseMessage.export().head("GrossWet", weight).problems() == [])
  }

  /// Four hundred grams from abroad are not rounded up behind the sender's back: China's rule is named.
  @Test func aLightParcelIsNotMadeHeavier() throws {
    let hub = String(
      decoding: try ChineseMessage.import().head("GrossWet", "1").head("NetWt", "1").translated(to: "uncefact.xml").bytes(), as: UTF8.self)
    let light = hub.replacingOccurrences(of: #"unitCode="KGM">1<"#, with: #"unitCode="KGM">0.4<"#)
    #expect(light != hub)
    let back = try Repository.translator().translate(Array(light.utf8), "uncefact.xml", "cn.decmessage")
    #expect(back.text("DecHead", "GrossWet") == "0.4")
    #expect(back.problems.contains { $0.facts["rule"] == "cn.gross_mass_minimum" && $0.severity == .error })
  }

  @Test func theNumberOfPackagesIsNeverZero() throws {
    #expect(try ChineseMessage.export().head("PackNo", "0").findings().contains("cn.package_minimum"))
    #expect(!(try ChineseMessage.export().head("PackNo", "1").findings().contains("cn.package_minimum")))
  }

  @Test func netIsNotAboveGross() throws {
    #expect(try ChineseMessage.export().head("NetWt", "1.00001").findings().contains("cn.net_not_above_gross"))
    #expect(!(try ChineseMessage.export().head("GrossWet", "1.00001").findings().contains("cn.net_not_above_gross")))
  }

  // MARK: Charges

  /// One field holds a percentage, an amount per tonne or a total: the mark says which, and only a total is an amount in Singapore.
  @Test(
    arguments: [("1", "0.3", nil, "0.3"), ("2", "15.5", nil, nil), ("3", "2850.00", "2850.00", nil)] as [(String, String, String?, String?)]
  )
  func freightMarks(_ mark: String, _ rate: String, _ amount: String?, _ percent: String?) throws {
    let message = try ChineseMessage.export().head("FeeMark", mark).head("FeeRate", rate).head("FeeCurr", "USD")
    let values = try message.read()
    #expect(values["FreightCharge.BasisCode"] == mark && values["FreightCharge.Amount"].flatMap { ExactDecimal($0) } == ExactDecimal(rate))
    let draft = try message.translated(to: "sg.tradenet")
    func number(_ name: String) -> ExactDecimal? {
      draft.text("InboundMessage", "InPayment", "Invoice", "FreightCharge", name).flatMap { ExactDecimal($0) }
    }
    #expect(number("Amount") == amount.flatMap { ExactDecimal($0) })
    #expect(number("ChargePercent") == percent.flatMap { ExactDecimal($0) })
    if mark == "2" { #expect(draft.entries(from: "/FeeRate").contains { $0.action == .notCarried }) }
  }

  @Test(arguments: [("FeeMark", "4"), ("FeeMark", "0"), ("InsurMark", "2"), ("OtherMark", "2")])
  func marksThatDoNotExistAreRefused(_ field: String, _ mark: String) throws {
    let message = try ChineseMessage.export().head("FeeRate", "1").head("InsurRate", "1").head("OtherRate", "1")
    #expect(message.problems() == [])
    #expect(message.head(field, mark).problems().contains { $0.pointer == "/DecMessage/DecHead/\(field)" })
  }

  @Test func otherChargesKeepTheirSign() throws {
    let message = try ChineseMessage.export().head("OtherMark", "3").head("OtherRate", "-120.50").head("OtherCurr", "CNY")
    #expect(try message.read()["OtherCharge.Amount"] == "-120.50")
    #expect(String(decoding: try message.translated(to: "uncefact.xml").bytes(), as: UTF8.self).contains(">-120.50<"))
  }

  @Test func aChargeAsAnAmountNeedsItsCurrency() throws {
    let message = try ChineseMessage.export().head("FeeMark", "3").head("FeeRate", "1")
    #expect(message.findings().contains("cn.freight_currency"))
    #expect(!message.head("FeeCurr", "USD").findings().contains("cn.freight_currency"))
    #expect(!message.head("FeeMark", "1").findings().contains("cn.freight_currency"))
  }

  // MARK: Commodity codes

  /// Six digits are international. Singapore's two are asked for, with what is known of the code.
  @Test(arguments: [("6109100021", "610910"), ("0301110000", "030111"), ("0000000000", "000000")])
  func commodityCodesAreNeverPaddedOrCut(_ code: String, _ six: String) throws {
    let message = try ChineseMessage.export().item("CodeTS", code)
    let values = try message.read()
    #expect(values["GoodsItem[1].Commodity.HS6"] == six && values["GoodsItem[1].Commodity.NationalCode"] == String(code.dropFirst(6)))
    let draft = try message.translated(to: "sg.tradenet")
    #expect(draft.text("InboundMessage", "InPayment", "Item", "ItemHarmonizedSystemCode") == nil)
    let item = try #require(draft.asked("/ItemHarmonizedSystemCode"))
    #expect(item.reason == .partial && item.known == six && item.candidates == [])
    #expect(!String(decoding: try draft.bytes(), as: UTF8.self).contains(six))
  }

  @Test func eightDigitsFromSingaporeAreNotPaddedToTen() throws {
    let outward = try Sample(profile: "sg.tradenet", name: "outward-machine-parts.xml").bytes()
    let draft = try Repository.translator().translate(outward, "sg.tradenet", "cn.decmessage")
    #expect(draft.text("DecLists", "DecList", "CodeTS") == nil)
    #expect(draft.asked("/CodeTS")?.known?.utf8.count == 6)
  }

  @Test(arguments: ["61091000", "61091000210", "610910002", "6109.10.00", "61091000 1", "610910002A"])
  func codesOfAnotherLengthAreRefused(_ code: String) throws {
    #expect(try ChineseMessage.export().item("CodeTS", code).problems().contains { $0.pointer == "/DecMessage/DecLists/DecList/CodeTS" })
  }

  @Test(arguments: [("61091000", true), ("610910", false), ("6109100021", false), ("ABCDEFGH", false)])
  func theAnswerIsInTheAskersTerms(_ code: String, _ isTaken: Bool) throws {
    let draft = try ChineseMessage.export().translated(to: "sg.tradenet")
    let item = try #require(draft.asked("/ItemHarmonizedSystemCode"))
    let found = problems {
      let supplied = try Repository.translator().supply([.init(path: item.path, value: code)], to: draft.document, profile: draft.profile)
      #expect(!supplied.remaining.items.contains { $0.path == item.path })
    }
    #expect(found.isEmpty == isTaken)
  }

  // MARK: Items

  @Test func fiftyItemsAreTheLimit() throws {
    let fifty = String(decoding: try Sample(profile: "cn.decmessage", name: "export-50-items.xml").bytes(), as: UTF8.self)
    let start = try #require(fifty.range(of: "<DecList>", options: .backwards))
    let end = try #require(fifty.range(of: "</DecLists>"))
    let last = String(fifty[start.lowerBound..<end.lowerBound]).replacingOccurrences(of: "<GNo>50<", with: "<GNo>51<")
    let translator = try Repository.translator()
    #expect(problems { _ = try translator.valid(Array(fifty.utf8), "cn.decmessage") } == [])
    var more = fifty
    more.insert(contentsOf: last, at: end.lowerBound)
    let found = problems { _ = try translator.valid(Array(more.utf8), "cn.decmessage") }
    #expect(found.contains { $0.code == "validate.too_many" && $0.facts["limit"] == "50" })
    #expect(found.contains { $0.facts["rule"] == "cn.items_at_most_fifty" })
  }

  @Test(arguments: ["2", "0", "51"])
  func itemsAreNumberedFromOne(_ number: String) throws {
    #expect(try ChineseMessage.export().item("GNo", number).findings().contains("cn.items_in_sequence"))
    #expect(try ChineseMessage.export().findings() == [])
  }

  // MARK: Checks across fields

  @Test(arguments: [
    ("0.0600", "24000", "1440.00", true), ("3.2500", "2", "6.50", true), ("3.3333", "3", "10.00", true), ("3.2500", "2", "7.50", false),
    ("0.0600", "24000", "1460.00", false),
  ])
  func priceTimesQuantityIsTheTotal(_ price: String, _ quantity: String, _ total: String, _ holds: Bool) throws {
    let message = try ChineseMessage.export().item("DeclPrice", price).item("GQty", quantity).item("DeclTotal", total)
    #expect(message.findings().contains("cn.price_times_quantity") != holds)
    #expect(message.problems() == [])
  }

  @Test(arguments: [("CSQU3054383", true), ("MSKU9070323", true), ("CSQU3054384", false), ("CSQU305438", false)])
  func containerNumbersHaveACheckDigit(_ number: String, _ isSound: Bool) throws {
    let block =
      "<DecContainers><Container><ContainerId>\(number)</ContainerId><ContainerMd>21</ContainerMd><GoodsNo>1</GoodsNo></Container></DecContainers>"
    let message = try ChineseMessage.export().appending(block, before: "<DecSign>")
    #expect(message.findings().contains("cn.container_number") != isSound)
    #expect(message.problems() == [])
  }

  @Test(arguments: [("91310115MA1K4T2789", true), ("91310115MA1K4T2788", false), ("91310115MA1K4T278", false)])
  func socialCreditCodesHaveACheckCharacter(_ code: String, _ isSound: Bool) throws {
    #expect(try ChineseMessage.export().head("TradeCoScc", code).findings().contains("cn.exporter_credit_code") != isSound)
  }

  @Test func transportBySeaNeedsAVoyage() throws {
    let message = try ChineseMessage.export().head("TrafMode", "2")
    #expect(message.findings().contains("cn.sea_voyage"))
    let named = try message.appending("<DecFreeTxt><VoyNo>032S</VoyNo></DecFreeTxt>", before: "<DecSign>")
    #expect(!named.findings().contains("cn.sea_voyage"))
  }
}
