import JSONTree
import Primitives

/// What the demo's importer in Singapore knows: an answer for each fact that the local format may ask for.
enum ImporterFacts {
  /// - Parameter item: one item of a supplement request.
  static func answer(to item: JSONValue) -> String {
    if let candidate = item["candidates"]?.array?.first?.string { return candidate }
    let path = item["path"]?.string ?? ""
    let known = item["known"]?.string ?? ""
    // The importer looks the national digits up; the first of a subheading do for a demo.
    if path.hasSuffix("/ItemHarmonizedSystemCode") { return known.isEmpty ? "62034290" : known + "00" }
    if let fixed = facts.first(where: { path.hasSuffix($0.end) })?.value { return fixed }
    if let value = item["values"]?.array?.first?.string { return value }
    return byType(item["type"]?.string ?? "")
  }

  private static var today: String {
    SystemClock().now().rfc3339.utf8.prefix(10).filter { $0 != 0x2D }.reduce(into: "") { $0.unicodeScalars.append(UnicodeScalar($1)) }
  }

  private static var facts: [(end: String, value: String)] {
    [
      ("/MessageReference", "IPT0000000001"), ("/UniqueReferenceNumber/ID", "201912345K"), ("/UniqueReferenceNumber/SequenceNumeric", "1"),
      ("/DeclarantID", "SGTRADER01"), ("/DeclarationType", "GST"), ("/DeclarationIndicator", "true"), ("/InvoiceNumber", "INV-2026-0042"),
      ("/ReleaseLocation/LocationCode", "KZ"), ("/ReceiptLocation/LocationCode", "JP01"), ("/Telephone", "6561234567"),
      ("/PersonInformation/CodeValue", "S1234567D"), ("/PersonInformation/Name", "TAN MEI LING"),
      ("/ImporterParty/PartyIdentification/ID", "201912345K"), ("/DeclaringAgentParty/PartyIdentification/ID", "198801234D"),
      ("/DeclaringAgentParty/PartyName/Name[1]", "HARBOUR FORWARDING PTE LTD"), ("/SupplierManufacturerParty/Name[1]", "SUPPLIER IN CHINA"),
      ("/GoodsDescription[1]", "GOODS AS PER INVOICE"), ("/ItemCIFFOBValue", "1250.00"), ("/GoodsAndServicesTaxAmount", "112.50"),
      ("/@unitCode", "NMB"), ("/ImporterParty/PartyName/Name[1]", "LION CITY TRADING PTE LTD"),
    ]
  }

  private static func byType(_ type: String) -> String {
    switch type.split(separator: " ").first {
    case "date": today
    case "decimal", "integer": "1"
    case "indicator": "true"
    default: "X"
    }
  }
}
