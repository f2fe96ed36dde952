import Declarations
import Formats
import Foundation
import Primitives
import Testing

@testable import Translation

/// Units of quantity. Many Chinese units fall on one unit of Recommendation 20, some are multiples of one, some have none: the quantity
/// keeps its meaning, and the way back never picks a unit by chance.
@Suite struct UnitTests {
  static func table() throws -> CodeConversion { try #require(try Repository.library.get().codes.conversion("cn-unit-to-rec20")) }

  private func message(_ unit: String, _ quantity: String, _ price: String) throws -> ChineseMessage {
    try ChineseMessage.export().item("GUnit", unit).item("GQty", quantity).item("DeclPrice", price)
  }

  /// Unit, quantity and price of the first item as the hub has them.
  private func carried(_ unit: String, _ quantity: String, _ price: String) throws -> [String?] {
    let values = try message(unit, quantity, price).read()
    return ["TransactionQuantity.UnitCode", "TransactionQuantity.Value", "InvoiceLine.UnitPrice"].map { values["GoodsItem[1].\($0)"] }
  }

  @Test(arguments: [
    ("035", "KGM"), ("070", "TNE"), ("036", "GRM"), ("007", "H87"), ("011", "H87"), ("006", "SET"), ("025", "PR"), ("030", "MTR"),
    ("032", "MTK"),
    ("033", "MTQ"), ("095", "LTR"), ("054", "MIL"), ("043", "CEN"), ("127", "DZN"), ("129", "GRO"), ("084", "CTM"), ("047", "DTN"),
    ("062", "KWH"),
  ])
  func unitsAreConverted(_ chinese: String, _ rec20: String) throws {
    #expect(try carried(chinese, "2", "3.25") == [rec20, "2", "3.25"])
  }

  /// Twenty-eight and more count pieces of something. What is counted does not travel: it comes back from the complement, never from a guess.
  @Test func piecesAreNotInvertible() throws {
    let table = try Self.table()
    let pieces = table.rows.filter { $0.to == "H87" && ($0.kind == .exact || $0.kind == .lossy) }.map(\.from)
    #expect(pieces.count >= 28)
    let translator = try Repository.translator()
    for unit in pieces {
      let message = try message(unit, "2", "3.25")
      let hub = try message.translated(to: "uncefact.xml")
      let back = try translator.translate(try hub.bytes(), "uncefact.xml", "cn.decmessage", complement: hub.complement)
      #expect(back.text("DecLists", "DecList", "GUnit") == unit)
      let alone = try translator.translate(try hub.bytes(), "uncefact.xml", "cn.decmessage")
      #expect(alone.text("DecLists", "DecList", "GUnit") == nil, "\(unit)")
      #expect(alone.asked("/GUnit")?.reason == .codeAmbiguous)
    }
    guard case .ambiguous(let candidates) = table.reverse("H87") else {
      Issue.record("H87 has one Chinese unit")
      return
    }
    #expect(candidates.contains("007") && candidates.contains("011"))
  }

  /// Recommendation 20 has a thousand pieces; it has no ten thousand, so the quantity is multiplied and the price divided.
  @Test func multiplesAreMultiplied() throws {
    #expect(try carried("054", "1.5", "4.3333") == ["MIL", "1.5", "4.3333"])
    for (unit, quantity, price, expected) in [
      ("038", "1.5", "40000", ("H87", "15000", "4")), ("075", "3", "10", ("KGM", "1.5", "20")), ("077", "3", "10", ("KGM", "150", "0.2")),
      ("144", "0.5", "20000", ("PR", "5000", "2")),
    ] {
      let found = try carried(unit, quantity, price)
      #expect(found[0] == expected.0, "\(unit)")
      #expect(found[1].flatMap { ExactDecimal($0) } == ExactDecimal(expected.1), "\(unit)")
      #expect(found[2].flatMap { ExactDecimal($0) } == ExactDecimal(expected.2), "\(unit)")
    }
  }

  @Test(arguments: [("038", "1.5", "40000"), ("075", "3", "10"), ("077", "3", "10.0000"), ("054", "1.5", "4.3333")])
  func multiplesComeBack(_ unit: String, _ quantity: String, _ price: String) throws {
    let message = try message(unit, quantity, price)
    let hub = try message.translated(to: "uncefact.xml")
    let back = try Repository.translator().translate(try hub.bytes(), "uncefact.xml", "cn.decmessage", complement: hub.complement)
    let original = try Repository.translator().valid(message.bytes, "cn.decmessage").document
    #expect(original.differences(from: back.document) == [])
  }

  /// A price is divided exactly or not carried: it is never rounded, and comes back as it was.
  @Test func aPriceIsNotRounded() throws {
    let message = try message("038", "1.5", "1.2345")
    let carried = try message.read()["GoodsItem[1].InvoiceLine.UnitPrice"].flatMap { ExactDecimal($0) }
    #expect(carried == nil || carried == ExactDecimal("0.00012345"))
    let hub = try message.translated(to: "uncefact.xml")
    let back = try Repository.translator().translate(try hub.bytes(), "uncefact.xml", "cn.decmessage", complement: hub.complement)
    #expect(back.text("DecLists", "DecList", "DeclPrice") == "1.2345")
  }

  /// 副 is a pair or a set; a bale, a basin and a barrel are packages or nothing at all.
  @Test(arguments: [
    ("019", Reason.codeAmbiguous), ("083", .codeAmbiguous), ("120", .codeNoPeer), ("125", .codeNoPeer), ("029", .codeNoPeer),
    ("031", .codeNoPeer),
  ])
  func unitsThatAreNotGuessed(_ unit: String, _ reason: Reason) throws {
    let hub = try message(unit, "2", "3.25").translated(to: "uncefact.xml")
    #expect(hub.entries(from: "/GUnit").contains { $0.action == .notCarried && $0.reason == reason })
    #expect(!String(decoding: try hub.bytes(), as: UTF8.self).contains("AgreedQuantity unitCode"))
  }

  @Test(arguments: ["09", "7", "KGM", "999"])
  func unitsOfOtherListsAreRefused(_ unit: String) throws {
    #expect(try message(unit, "2", "3.25").problems().contains { $0.pointer == "/DecMessage/DecLists/DecList/GUnit" })
  }

  /// Singapore counts NMB where Recommendation 20 has H87; tonnes and kilograms are one quantity in two units.
  @Test func singaporesUnits() throws {
    let sample = Sample(profile: "sg.tradenet", name: "in-payment-textiles.xml")
    let values = try Repository.translator().valid(try sample.bytes(), "sg.tradenet").values
    let text = String(decoding: try sample.bytes(), as: UTF8.self)
    let weight = try #require(text.firstMatch(of: #/TotalGrossWeight unitCode="TNE">([0-9.]+)</#)).1
    let tonnes = try #require(ExactDecimal(String(weight)))
    let kilograms = try #require(values["Declaration.TotalGrossMassMeasure"].flatMap { ExactDecimal($0) })
    #expect(kilograms == tonnes.multiplied(by: try #require(ExactDecimal("1000"))))
    #expect(text.contains("unitCode=\"NMB\"") && values.contains { $0.key.hasSuffix("StatutoryQuantity.UnitCode") && $0.value == "H87" })
    let draft = try ChineseMessage.export().translated(to: "sg.tradenet")
    #expect(draft.text("InboundMessage", "InPayment", "Item", "ItemQuantity", "HarmonizedSystemQuantity", "@unitCode") == "NMB")
    #expect(draft.text("InboundMessage", "InPayment", "Summary", "TotalGrossWeight", "@unitCode") == "KGM")
  }
}
