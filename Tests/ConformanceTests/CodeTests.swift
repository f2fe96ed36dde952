import Declarations
import Formats
import Foundation
import Primitives
import Testing

@testable import Translation

/// Codes that look alike and are not: modes of transport, packages, terms of delivery, ports, currencies. Nothing is passed through, nothing
/// is guessed; what has no peer is reported, kept at home and asked for.
@Suite struct CodeTests {
  private func mode(_ code: String) throws -> String? {
    try ChineseMessage.export().head("TrafMode", code).read()["BorderTransportMeans.ModeCode"]
  }

  // MARK: Modes of transport

  /// Chinese 2 is sea; Recommendation 19 has rail there. Every digit from 2 to 5 is another valid mode on the other side.
  @Test(arguments: [("2", "1"), ("3", "2"), ("4", "3"), ("5", "4"), ("6", "5"), ("G", "7"), ("9", "0")])
  func modesAreConverted(_ chinese: String, _ rec19: String) throws {
    #expect(try mode(chinese) == rec19)
    let hub = try ChineseMessage.export().head("TrafMode", chinese).translated(to: "uncefact.xml")
    let entry = try #require(hub.entries(from: "/TrafMode").first)
    #expect(entry.from == chinese && entry.to == rec19 && (entry.action == .converted || entry.action == .lossy))
    #expect(chinese != rec19)
  }

  @Test(arguments: ["0", "1", "7", "8", "H", "T", "W", "X", "Y", "Z", "L"])
  func domesticZonesAndTravellersAreNoModes(_ code: String) throws {
    #expect(try mode(code) == nil)
    let draft = try ChineseMessage.export().head("TrafMode", code).translated(to: "sg.tradenet")
    #expect(draft.entries(from: "/TrafMode").contains { $0.action == .notCarried && $0.reason == .codeNoPeer })
    #expect(draft.asked("/ModeCode")?.reason == .codeNoPeer)
    #expect(draft.text("InboundMessage", "InPayment", "Transport", "InwardTransport", "TransportMeans", "TransportMode", "ModeCode") == nil)
  }

  @Test func aKnownModeIsNotAskedFor() throws {
    let draft = try ChineseMessage.export().head("TrafMode", "2").translated(to: "sg.tradenet")
    #expect(draft.asked("/ModeCode") == nil)
    #expect(draft.text("InboundMessage", "InPayment", "Transport", "InwardTransport", "TransportMeans", "TransportMode", "ModeCode") == "1")
  }

  @Test(arguments: ["10", "A", "R"])
  func unknownModesAreRefused(_ code: String) throws {
    #expect(try ChineseMessage.export().head("TrafMode", code).problems().contains { $0.pointer == "/DecMessage/DecHead/TrafMode" })
  }

  /// Inland waterway is Chinese 2 as well; the partner's word wins over the sender's usual case.
  @Test func inlandWaterwayIsWrittenAsWater() throws {
    let codes = try Repository.library.get().codes
    let table = try #require(codes.conversion("cn-transport-mode-to-rec19"))
    #expect(table.reverse("8") == table.reverse("1"))
    #expect(table.forward("2") == .mapped("1", .lossy))
  }

  // MARK: Packages

  @Test(arguments: [
    ("22", "CT"), ("23", "4C"), ("29", "BX"), ("32", "1G"), ("39", "DR"), ("06", "BG"), ("92", "PX"), ("93", "PX"), ("01", "NE"),
    ("2", "CT"), ("5", "PX"),
  ])
  func packagesAreConverted(_ chinese: String, _ rec21: String) throws {
    #expect(try ChineseMessage.export().head("WrapType", chinese).read()["Declaration.TotalPackageTypeCode"] == rec21)
  }

  /// Offered is what Singapore has of them, by its own codes.
  @Test(arguments: [
    ("99", ["PK", "ZZ"], ["PKG"]), ("33", ["1D", "2C"], ["DRM"]), ("04", ["CX", "CY", "CA"], ["CYL"]),
    ("7", ["NE", "BX", "PK", "ZZ"], ["BOX", "PKG"]),
  ])
  func packagesWithSeveralPeersAreAskedFor(_ code: String, _ peers: [String], _ offered: [String]) throws {
    let message = try ChineseMessage.export().head("WrapType", code)
    #expect(try message.read()["Declaration.TotalPackageTypeCode"] == nil)
    let codes = try Repository.library.get().codes
    let table = try #require(codes.conversion(code.utf8.count == 1 ? "cn-packaging-old-to-rec21" : "cn-packaging-to-rec21"))
    #expect(table.forward(code) == .ambiguous(peers))
    let item = try #require(try message.translated(to: "sg.tradenet").asked("/TotalOuterPack/@unitCode"))
    #expect(item.reason == .codeAmbiguous && item.candidates == offered)
  }

  @Test(arguments: ["00", "98"])
  func bulkAndNoPackageAreNotGuessed(_ code: String) throws {
    #expect(try ChineseMessage.export().head("WrapType", code).read()["Declaration.TotalPackageTypeCode"] == nil)
  }

  /// Singapore's three letters are a list of their own: CTN is the carton CT of Recommendation 21.
  @Test func theOuterPackIsSingaporesOwnCode() throws {
    let draft = try ChineseMessage.export().translated(to: "sg.tradenet")
    #expect(draft.text("InboundMessage", "InPayment", "Summary", "TotalOuterPack", "@unitCode") == "CTN")
    #expect(draft.asked("/TotalOuterPack/@unitCode") == nil)
  }

  // MARK: Terms of delivery

  @Test(arguments: [("1", "CIF"), ("2", "CFR"), ("3", "FOB"), ("7", "EXW")])
  func termsAreIncoterms(_ chinese: String, _ term: String) throws {
    #expect(try ChineseMessage.export().head("TransMode", chinese).read()["TradeTerms.ConditionCode"] == term)
  }

  /// Cost and insurance is no Incoterm; market price and pad are none either.
  @Test(arguments: ["4", "5", "6"])
  func termsWithoutPeerAreNotGuessed(_ chinese: String) throws {
    let message = try ChineseMessage.export().head("TransMode", chinese)
    #expect(try message.read()["TradeTerms.ConditionCode"] == nil)
    #expect(try message.translated(to: "uncefact.xml").entries(from: "/TransMode").contains { $0.reason == .codeNoPeer })
  }

  /// Eleven terms fall on four codes. The D terms need a person's choice.
  @Test(arguments: [
    ("CIF", "1"), ("CIP", "1"), ("CFR", "2"), ("CPT", "2"), ("FOB", "3"), ("FCA", "3"), ("FAS", "3"), ("EXW", "7"), ("DAP", nil),
    ("DPU", nil), ("DDP", nil),
  ])
  func incotermsInChina(_ term: String, _ chinese: String?) throws {
    let hub = String(decoding: try ChineseMessage.export().translated(to: "uncefact.xml").bytes(), as: UTF8.self)
    let changed = hub.replacingOccurrences(of: ">FOB<", with: ">\(term)<")
    #expect(term == "FOB" || changed != hub)
    let back = try Repository.translator().translate(Array(changed.utf8), "uncefact.xml", "cn.decmessage")
    #expect(back.text("DecHead", "TransMode") == chinese)
    #expect((back.asked("DecHead/TransMode") != nil) == (chinese == nil))
  }

  // MARK: Ports

  @Test(arguments: [
    ("SGP000", "SGSIN"), ("HKG000", "HKHKG"), ("MYS105", "MYPKG"), ("MYS099", "MYPEN"), ("FRA902", "FRLEH"), ("FRA153", "FRMRS"),
  ])
  func portsAreConverted(_ chinese: String, _ locode: String) throws {
    #expect(try ChineseMessage.export().head("DistinatePort", chinese).read()["UnloadingLocation.ID"] == locode)
  }

  /// Where a code names an economy with one port the conversion is called lossy.
  @Test func theEconomysCodeIsLossy() throws {
    let hub = try ChineseMessage.export().translated(to: "uncefact.xml")
    #expect(hub.entries(from: "/DistinatePort").contains { $0.action == .lossy && $0.from == "SGP000" && $0.to == "SGSIN" })
    let exact = try ChineseMessage.export().head("DistinatePort", "MYS105").translated(to: "uncefact.xml")
    #expect(exact.entries(from: "/DistinatePort").contains { $0.action == .converted })
  }

  /// An economy's code is no port, and a code that our part of the list does not have is not the sender's mistake: both stay at home.
  @Test(arguments: [("MYS000", Reason.codeNoPeer), ("FRA000", .codeNoPeer), ("DEU018", .codeUnknown)])
  func otherPortsAreKeptAndReported(_ code: String, _ reason: Reason) throws {
    let message = try ChineseMessage.export().head("DistinatePort", code)
    let hub = try message.translated(to: "uncefact.xml")
    #expect(hub.entries(from: "/DistinatePort").contains { $0.action == .notCarried && $0.reason == reason })
    #expect(hub.declaration[id: "UnloadingLocation.ID"] == nil)
    let complement = try #require(hub.complement)
    let back = try Repository.translator().translate(try hub.bytes(), "uncefact.xml", "cn.decmessage", complement: complement)
    #expect(back.text("DecHead", "DistinatePort") == code)
  }

  // MARK: Currencies

  @Test func theChineseListHasTwentyTwoCurrencies() throws {
    let codes = try Repository.library.get().codes
    let list = try #require(codes.list("cn-currency"))
    #expect(list.entries.count == 22)
    for entry in list.entries {
      #expect(try ChineseMessage.export().item("TradeCurr", entry.code).read()["GoodsItem[1].InvoiceLine.Currency"] == entry.code)
    }
  }

  @Test(arguments: ["VND", "INR", "AED", "BRL"])
  func otherCurrenciesMustBeConvertedBeforeFiling(_ currency: String) throws {
    #expect(
      try ChineseMessage.export().item("TradeCurr", currency).problems().contains { $0.pointer == "/DecMessage/DecLists/DecList/TradeCurr" }
    )
    // The hub takes it, China is asked: no rate is invented and no other currency written.
    let hub = String(decoding: try ChineseMessage.export().translated(to: "uncefact.xml").bytes(), as: UTF8.self)
    let changed = hub.replacingOccurrences(of: ">USD<", with: ">\(currency)<")
    #expect(changed != hub)
    let back = try Repository.translator().translate(Array(changed.utf8), "uncefact.xml", "cn.decmessage")
    #expect(back.text("DecLists", "DecList", "TradeCurr") == nil)
    #expect(back.asked("/TradeCurr") != nil)
  }
}
