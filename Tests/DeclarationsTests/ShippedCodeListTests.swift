import Primitives
import Testing

@testable import Declarations

/// The tables that the product ships, against facts that are known for certain.
@Suite struct ShippedCodeListTests {
  let library: CodeLibrary
  init() throws { library = try Repository.library() }

  func forward(_ id: String, _ code: String) throws -> CodeConversion.Outcome {
    try #require(library.conversion(id), "\(id)").forward(code)
  }
  func reverse(_ id: String, _ code: String) throws -> CodeConversion.Outcome {
    try #require(library.conversion(id), "\(id)").reverse(code)
  }

  @Test func everyListOfTheDictionaryIsThere() throws {
    for element in try Repository.dictionary().elements {
      if let list = element.list { #expect(library.list(list) != nil, "\(element.id): \(list)") }
    }
  }

  @Test func listsFitTheElementsThatUseThem() throws {
    for element in try Repository.dictionary().elements {
      guard let id = element.list, let list = library.list(id) else { continue }
      let misfits = list.entries.filter { element.type.canonical($0.code) != $0.code }.map(\.code)
      #expect(misfits.isEmpty, "\(element.id): \(misfits.prefix(5))")
    }
  }

  @Test func everyCodeOfAWholeSourceListHasARow() {
    for conversion in library.conversions where conversion.from.coverage == .whole {
      let rows = Set(conversion.rows.map(\.from))
      let missing = conversion.from.entries.map(\.code).filter { !rows.contains($0) }
      #expect(missing.isEmpty, "\(conversion.id): \(missing)")
    }
  }

  @Test func nothingIsMappedBackToACodeThatDoesNotLeadThere() {
    for conversion in library.conversions {
      for code in Set(conversion.rows.map(\.to)) where !code.isEmpty {
        guard case .mapped(let from, _) = conversion.reverse(code) else { continue }
        #expect(conversion.rows.contains { $0.from == from && $0.to == code }, "\(conversion.id): \(code)")
      }
    }
  }

  @Test func anExactWayBackIsExactForthToo() {
    for conversion in library.conversions {
      for code in Set(conversion.rows.map(\.to)) where !code.isEmpty {
        guard case .mapped(let from, .exact) = conversion.reverse(code) else { continue }
        #expect(conversion.forward(from) == .mapped(code, .exact), "\(conversion.id): \(code)")
      }
    }
  }

  @Test func sizesAreThePublishedOnes() throws {
    let sizes = [
      "iso3166-a2": 249, "rec19": 10, "rec20": 1827, "rec21": 405, "incoterms": 11, "untdid1001": 803, "cn-country": 264,
      "cn-currency": 22, "cn-unit": 123, "cn-transport-mode": 18, "cn-container-spec": 8, "cn-duty-mode": 9,
    ]
    for (id, count) in sizes { #expect(library.list(id)?.entries.count == count, "\(id)") }
    #expect(library.list("iso3166-a2")?.extra("alpha3", of: "SG") == "SGP")
    #expect(library.list("iso3166-a2")?.extra("numeric", of: "CN") == "156")
    #expect(library.list("cn-country")?.extra("old", of: "SGP") == "132")
  }

  @Test(arguments: [
    ("142", "CN"), ("132", "SG"), ("122", "MY"), ("305", "FR"), ("110", "HK"), ("303", "GB"), ("502", "US"), ("304", "DE"),
    ("116", "JP"), ("112", "ID"),
  ])
  func oldCountryCodes(old: String, iso: String) throws { #expect(try forward("cn-country-old-to-iso", old) == .mapped(iso, .exact)) }

  @Test(arguments: ["299", "326", "399", "449", "499", "699"])
  func oldCountryCodesThatSplitAreAmbiguous(old: String) throws {
    guard case .ambiguous(let candidates) = try forward("cn-country-old-to-iso", old) else {
      Issue.record("\(old) is ambiguous")
      return
    }
    #expect(candidates.count > 1)
  }

  @Test func countries() throws {
    #expect(try forward("cn-country-to-iso", "CHN") == .mapped("CN", .exact))
    #expect(try forward("cn-country-to-iso", "ZAF") == .mapped("ZA", .exact))
    #expect(library.list("cn-country")?.label("ZAF")?.zh == "南非")
    #expect(try forward("cn-country-to-iso", "ZZZ") == .none)
    #expect(try forward("cn-country-old-to-iso", "701") == .none)
    #expect(try forward("cn-country-to-iso", "142") == .unknown)
    #expect(try reverse("cn-country-to-iso", "SG") == .mapped("SGP", .exact))
    #expect(try forward("cn-country-old-to-cn-country", "399") == .ambiguous(["ALA", "SJM", "GGY", "JEY", "IMN", "ZEU"]))
  }

  @Test func transportModesAreNotPassedThrough() throws {
    for (cn, un) in [("3", "2"), ("4", "3"), ("5", "4"), ("6", "5"), ("G", "7")] {
      #expect(try forward("cn-transport-mode-to-rec19", cn) == .mapped(un, .exact))
      #expect(try reverse("cn-transport-mode-to-rec19", un) == .mapped(cn, .exact))
    }
    #expect(try forward("cn-transport-mode-to-rec19", "2") == .mapped("1", .lossy))
    #expect(try reverse("cn-transport-mode-to-rec19", "1") == .mapped("2", .lossy))
    #expect(try reverse("cn-transport-mode-to-rec19", "8") == .mapped("2", .lossy))
    for zone in ["0", "1", "7", "8", "H", "L", "T", "W", "X", "Y", "Z"] {
      #expect(try forward("cn-transport-mode-to-rec19", zone) == .none, "\(zone)")
    }
    #expect(try reverse("cn-transport-mode-to-rec19", "6") == .none)
  }

  @Test func unitsAreNotGuessed() throws {
    for (cn, un) in [
      ("035", "KGM"), ("070", "TNE"), ("006", "SET"), ("030", "MTR"), ("095", "LTR"), ("054", "MIL"), ("043", "CEN"), ("127", "DZN"),
      ("129", "GRO"), ("084", "CTM"), ("047", "DTN"), ("062", "KWH"),
    ] {
      #expect(try forward("cn-unit-to-rec20", cn) == .mapped(un, .exact), "\(cn)")
      #expect(try reverse("cn-unit-to-rec20", un) == .mapped(cn, .exact), "\(un)")
    }
    #expect(try forward("cn-unit-to-rec20", "007") == .mapped("H87", .exact))
    #expect(try forward("cn-unit-to-rec20", "001") == .mapped("H87", .lossy))
    guard case .ambiguous(let candidates) = try reverse("cn-unit-to-rec20", "H87") else {
      Issue.record("H87 has many CN peers")
      return
    }
    #expect(candidates.count == 28)
    #expect(try forward("cn-unit-to-rec20", "038") == .mapped("H87", .scaled(ExactDecimal(10_000))))
    #expect(try forward("cn-unit-to-rec20", "075") == .mapped("KGM", .scaled(#require(ExactDecimal("0.5")))))
    #expect(try forward("cn-unit-to-rec20", "120") == .none)
    #expect(try forward("cn-unit-to-rec20", "29") == .unknown)
    #expect(try reverse("cn-unit-to-rec20", "PR") == .ambiguous(["019", "025", "026"]))
    #expect(try reverse("cn-unit-to-rec20", "C62") == .none)
  }

  @Test func packagesAndTerms() throws {
    #expect(try forward("cn-packaging-to-rec21", "22") == .mapped("CT", .lossy))
    guard case .ambiguous = try forward("cn-packaging-to-rec21", "00") else {
      Issue.record("the kind of bulk is not known")
      return
    }
    #expect(try reverse("cn-packaging-to-rec21", "VR") == .mapped("00", .lossy))
    #expect(try reverse("cn-packaging-to-rec21", "PX") == .ambiguous(["92", "93"]))
    #expect(try reverse("cn-packaging-to-rec21", "BX") == .ambiguous(["29", "22", "23"]))
    #expect(try forward("cn-transmode-to-incoterms", "2") == .mapped("CFR", .exact))
    #expect(try forward("cn-transmode-to-incoterms", "4") == .none)
    #expect(try reverse("cn-transmode-to-incoterms", "FCA") == .mapped("3", .lossy))
    #expect(try reverse("cn-transmode-to-incoterms", "DDP") == .none)
    #expect(try forward("sg-package-unit-to-rec21", "CTN") == .mapped("CT", .exact))
  }

  @Test func portsAndContainers() throws {
    #expect(try forward("cn-port-to-unlocode", "MYS105") == .mapped("MYPKG", .exact))
    #expect(try forward("cn-port-to-unlocode", "SGP000") == .mapped("SGSIN", .lossy))
    #expect(try forward("cn-port-to-unlocode", "CHN000") == .none)
    #expect(try forward("cn-port-to-unlocode", "ZAF000") == .none)
    #expect(try forward("cn-domestic-port-to-unlocode", "311002") == .mapped("CNYSA", .exact))
    #expect(try forward("cn-container-spec-to-equipment-size", "11") == .mapped("40GP", .exact))
    #expect(try reverse("cn-container-spec-to-equipment-size", "45G1") == .mapped("11", .lossy))
    #expect(try reverse("cn-container-spec-to-equipment-size", "22T0") == .mapped("23", .lossy))
    #expect(try reverse("sg-equipment-length-to-equipment-size", "40GP") == .mapped("40", .lossy))
    #expect(try forward("cn-edoc-to-untdid1001", "00000001") == .mapped("380", .exact))
  }

  @Test func currenciesOutsideTheListHaveNoPeer() throws {
    #expect(try forward("cn-currency-old-to-iso4217", "142") == .mapped("CNY", .exact))
    #expect(try reverse("cn-currency-to-iso4217", "VND") == .none)
    #expect(try reverse("cn-currency-to-iso4217", "XXY") == .unknown)
  }

  @Test func theWholeFolderLoads() {
    #expect(library.lists.count >= 43)
    #expect(library.conversions.count >= 26)
  }
}
