import Declarations
import Formats
import Primitives
import Testing

@testable import Translation

/// What a partner changed in the document that it was sent: it is taken over, or it is told why not; what was kept at home gives way.
@Suite struct PartnerChangeTests {
  private let textiles = "cn.decmessage/5.0/samples/export-textiles-12-items.xml"

  /// The sample at the partner's, one value changed there, and written home again.
  ///
  /// - Parameter withheld: elements of items that the release policy keeps at home.
  private func changing(_ path: String, to text: String, at target: String, withheld: [String] = []) throws -> (
    home: ValidDocument, back: Translation
  ) {
    let translator = try Schemas.translator()
    let home = try translator.valid(try Schemas.sample(textiles), "cn.decmessage")
    var released = home.declaration
    let items = try #require(released.dictionary[id: "GoodsItem"])
    for id in withheld {
      let element = try #require(released.dictionary[id: id])
      for position in 0..<released.root.count(items) { released.root.modify(items, at: position) { $0[element] = nil } }
    }
    let there = try translator.write(home, released: released, to: try translator.profile(target))
    let partner = try translator.valid(try there.bytes(), target, isDraft: true)
    let place = try #require(ElementPath(path, in: partner.declaration.dictionary))
    var value = try #require(partner.declaration[place], "the partner has no \(path)")
    value.text = text
    let altered = partner.declaration.setting(place, value)
    return (
      home,
      try translator.write(
        partner, released: altered, to: home.profile, options: .init(complement: there.complement, makesComplement: false))
    )
  }

  // MARK: Values that follow from others

  @Test(arguments: [
    ("Declaration.InvoiceAmount", "1.00"), ("Declaration.InvoiceCurrency", "EUR"), ("Declaration.GoodsItemQuantity", "11"),
    ("Declaration.ContainerIndicator", "false"),
  ])
  func aChangedTotalIsToldNotSwallowed(_ path: String, _ text: String) throws {
    let (_, back) = try changing(path, to: text, at: "uncefact.xml")
    let entry = try #require(back.report.entries.first { $0.path == path })
    #expect(entry.action == .notCarried)
    #expect(entry.reason == .conflict)
  }

  @Test(arguments: [
    "Declaration.InvoiceAmount", "Declaration.InvoiceCurrency", "Declaration.GoodsItemQuantity", "Declaration.ContainerIndicator",
  ])
  func anUnchangedTotalIsImplied(_ path: String) throws {
    let translator = try Schemas.translator()
    let home = try translator.valid(try Schemas.sample(textiles), "cn.decmessage")
    let hub = try translator.valid(try translator.write(home, to: try translator.profile("uncefact.xml")).bytes(), "uncefact.xml")
    let place = try #require(ElementPath(path, in: hub.declaration.dictionary))
    let same = try #require(hub.declaration[place]?.text)
    let scaled = path == "Declaration.InvoiceAmount" ? String(same.dropLast()) : same
    #expect(scaled == same || ExactDecimal(scaled) == ExactDecimal(same))
    let (_, back) = try changing(path, to: scaled, at: "uncefact.xml")
    #expect(back.report.entries.first { $0.path == path }?.action == .implied)
  }

  /// A value that one item lacks is not called common to all.
  @Test func oneItemWithoutItsCurrencyLeavesTheWholeWithoutOne() throws {
    let translator = try Schemas.translator()
    let sample = try Schemas.sample(textiles)
    #expect(try translator.valid(sample, "cn.decmessage").declaration[id: "Declaration.InvoiceCurrency"]?.text == "USD")
    let less = try replacing(sample, "<TradeCurr>USD</TradeCurr>", "<TradeCurr/>")
    let declaration = try translator.valid(less, "cn.decmessage", isDraft: true).declaration
    #expect(declaration[id: "Declaration.InvoiceCurrency"] == nil)
    #expect(declaration[id: "Declaration.InvoiceAmount"] == nil)
  }

  // MARK: Kept values that were stated with a changed one

  private func item(_ document: Document, _ name: String) throws -> String? {
    let item = try #require(document.find("DecLists", "DecList"))
    return document.children(item, named: name).first.flatMap { document.text($0) }
  }

  @Test func anotherQuantityTakesThePriceAndTheTransactionQuantityWithIt() throws {
    let (home, back) = try changing("GoodsItem[1].StatutoryQuantity.Value", to: "7", at: "sg.tradenet")
    #expect(try item(home.document, "GQty")?.isEmpty == false)
    for name in ["GQty", "DeclPrice", "DeclTotal"] {
      #expect(try item(back.document, name) ?? "" == "", "\(name) belongs to the quantity that was changed")
    }
    // The other items are untouched.
    let items = try #require(back.document.find("DecLists"))
    let second = back.document.children(items, named: "DecList")[1]
    #expect(back.document.children(second, named: "GQty").first.flatMap { back.document.text($0) }?.isEmpty == false)
    #expect(back.report.entries.contains { $0.reason == .changedByPartner && ($0.target ?? "").hasSuffix("/GQty") })
  }

  @Test func anotherHeadingTakesTheNationalDigitsWithIt() throws {
    let kept = ["Commodity.NationalCode", "Commodity.DeclarationElements"]
    let (home, back) = try changing("GoodsItem[1].Commodity.HS6", to: "610910", at: "uncefact.xml", withheld: kept)
    let (_, changed) = try changing("GoodsItem[1].Commodity.HS6", to: "620520", at: "uncefact.xml", withheld: kept)
    #expect(try item(home.document, "CodeTS")?.hasPrefix("610910") == true)
    #expect(try item(back.document, "CodeTS") == item(home.document, "CodeTS"))
    #expect(try item(back.document, "GModel") == item(home.document, "GModel"))
    #expect(try item(changed.document, "CodeTS") ?? "" == "")
    #expect(try item(changed.document, "GModel") ?? "" == "")
  }
}

/// Several invoices and one set of terms in the dictionary.
@Suite struct SeveralInvoicesTests {
  private let sample = "sg.tradenet/4.1/samples/in-payment-textiles.xml"

  /// The sample with a second invoice after the first.
  private func valid(
    _ currency: String = "USD", terms: String = "FOB", freight: String = "<cbc:Amount currencyID=\"USD\">100.00</cbc:Amount>"
  )
    throws -> ValidDocument
  {
    let second = """
      </cac:Invoice><cac:Invoice><cbc:InvoiceNumber>YL-2</cbc:InvoiceNumber><cbc:InvoiceDate>20260310</cbc:InvoiceDate>\
      <cac:SupplierManufacturerParty><cbc:Name>SHANGHAI YUNLI TEXTILES IMPORT AND EXPORT CO LTD</cbc:Name></cac:SupplierManufacturerParty>\
      <cbc:UnitPriceTermType>\(terms)</cbc:UnitPriceTermType><cac:TotalInvoiceValue><cbc:Amount currencyID="\(currency)">1430.50</cbc:Amount>\
      <cbc:ExchangeRate>1.348200</cbc:ExchangeRate></cac:TotalInvoiceValue><cac:FreightCharge>\(freight)</cac:FreightCharge></cac:Invoice>
      """
    return try Schemas.translator().valid(try replacing(try Schemas.sample(sample), "</cac:Invoice>", second), "sg.tradenet")
  }

  private func value(_ document: ValidDocument, _ id: String) -> String? { document.declaration[id: id]?.text }

  @Test func amountsInOneCurrencyAreAddedUpAndCommonTermsAreRead() throws {
    let both = try valid()
    #expect(value(both, "Declaration.InvoiceAmount") == "60000.50")
    #expect(value(both, "Declaration.InvoiceCurrency") == "USD")
    #expect(value(both, "FreightCharge.Amount") == "2300.00")
    #expect(value(both, "InsuranceCharge.Amount") == "175.71")
    #expect(value(both, "TradeTerms.ConditionCode") == "FOB")
    #expect(value(both, "Seller.Name") == "SHANGHAI YUNLI TEXTILES IMPORT AND EXPORT CO LTD")
  }

  @Test func whatTheInvoicesDoNotHaveInCommonStaysAtHome() throws {
    let other = try valid("EUR", terms: "CIF")
    for id in ["Declaration.InvoiceAmount", "Declaration.InvoiceCurrency", "TradeTerms.ConditionCode"] { #expect(value(other, id) == nil) }
    let rate = try valid(freight: "<cbc:ChargePercent>2200.00</cbc:ChargePercent>")
    #expect(value(rate, "FreightCharge.Amount") == "2200.00")
    #expect(value(rate, "FreightCharge.BasisCode") == "3")
    let report = try Schemas.translator().write(other, to: try Schemas.translator().profile("uncefact.xml")).report
    #expect(report.unmentionedSourceLeaves == [])
    let told = report.entries.filter { $0.reason == .conflict }.compactMap(\.element)
    #expect(Set(told).isSuperset(of: ["Declaration.InvoiceAmount", "Declaration.InvoiceCurrency", "TradeTerms.ConditionCode"]))
  }

  @Test(arguments: ["USD", "EUR"]) func bothInvoicesComeBackAndAChangeOfTheSumIsNotOverruled(_ currency: String) throws {
    let translator = try Schemas.translator()
    let home = try valid(currency)
    let there = try translator.write(home, to: try translator.profile("uncefact.xml"))
    let hub = try translator.valid(try there.bytes(), "uncefact.xml")
    let back = try translator.write(hub, to: home.profile, options: .init(complement: there.complement))
    #expect(home.document.differences(from: try translator.parse(try back.bytes(), as: home.profile)) == [])
    guard currency == "USD" else { return }
    let amount = try #require(ElementPath("Declaration.InvoiceAmount", in: hub.declaration.dictionary))
    var changed = try #require(hub.declaration[amount])
    changed.text = "61000.00"
    let altered = hub.declaration.setting(amount, changed)
    let again = try translator.write(hub, released: altered, to: home.profile, options: .init(complement: there.complement))
    let bytes = text(try again.bytes())
    #expect(!bytes.contains("58570.00") && !bytes.contains("1430.50"))
    // How the new total is spread over the two is asked for.
    #expect(again.report.entries.contains { $0.element == "Declaration.InvoiceAmount" && $0.reason == .reshaped })
    #expect(again.supplement.items.filter { $0.path.hasSuffix("TotalInvoiceValue/Amount") }.count == 2)
  }
}

/// One text over several lines.
@Suite struct LinesTests {
  @Test(arguments: [
    ("ABCDEFGHIJ", ["ABCDEFGHIJ"]), ("ABCDEFGHIJK", ["ABCDEFGHIJ", "K"]), ("ABCDE FGHI JKL", ["ABCDE", "FGHI JKL"]),
    ("ABCDEFGHI JKL", ["ABCDEFGHI", "JKL"]), ("ABC EFGHIJ KLM", ["ABC", "EFGHIJ KLM"]), ("AB  EFGHIJKLM", ["AB  EFGHIJ", "KLM"]),
  ])
  func aLineEndsWhereASpaceMayBeLost(_ whole: String, _ lines: [String]) {
    #expect(Writer.lines(whole, 10) == lines)
    // Joined as they are read: a full line goes on in the next one.
    let joined = lines.dropLast().map { $0.count == 10 ? $0 : $0 + " " }.joined() + (lines.last ?? "")
    #expect(joined == whole)
  }

  @Test(arguments: ["ABCDEFGHIJ KLM", "ABCDEFGH  JKLM", "ABCDEFGHI  JKLM"]) func noLineIsMadeThatLosesASpace(_ whole: String) {
    #expect(Writer.lines(whole, 10) == nil)
  }
}
