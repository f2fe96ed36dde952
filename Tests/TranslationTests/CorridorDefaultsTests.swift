import Declarations
import JSONTree
import Primitives
import Testing
import YAMLTree

@testable import Translation

/// Values that two economies agreed on for a corridor: they fill what is absent, and nothing else.
@Suite struct CorridorDefaultsTests {
  private static let port = """
    version: "1"
    corridor: {from: CN, to: SG}
    profiles: [sg.tradenet]
    defaults:
      - {element: LoadingLocation.ID, value: CNWGQ, shape: [InPayment, InNonPayment], reason: the pilot's only port}
    """

  /// The repository's library with other defaults.
  private static func translator(_ text: String) throws -> Translator {
    let shipped = try Schemas.library.get()
    let root = try YAMLDocument.parse(Array(text.utf8), file: "defaults.yaml")
    let corridor = try root.required("corridor")
    let id = "\(try corridor.required("from").string())-\(try corridor.required("to").string())".lowercased()
    let defaults = try CorridorDefaults.load(
      root, id: id, dictionary: shipped.dictionary, codes: shipped.codes, profiles: shipped.profiles)
    return Translator(
      ProfileLibrary(
        dictionary: shipped.dictionary, codes: shipped.codes, profiles: shipped.profiles, crossing: shipped.crossing,
        splitting: shipped.splitting, editions: shipped.editions, defaults: [defaults]))
  }

  /// A Chinese export declaration with another text in the place of loading.
  private static func declared(_ element: String, _ translator: Translator) throws -> ValidDocument {
    let bytes = try replacing(
      try Schemas.sample("cn.decmessage/5.0/samples/export-textiles-12-items.xml"), "<EntyPortCode>311002</EntyPortCode>", element)
    return try translator.valid(bytes, "cn.decmessage", isDraft: true)
  }

  private func loading(_ translation: Translation) -> TranslationReport.Entry? {
    translation.report.entries.first { $0.element == "LoadingLocation.ID" && $0.target != nil && $0.action != .missing }
  }

  // MARK: What is shipped

  @Test func aDraftTakesWhatWasAgreedAndTheReportSaysSo() throws {
    let translator = try Schemas.translator()
    let valid = try translator.valid(try Schemas.sample("cn.decmessage/5.0/samples/export-minimal.xml"), "cn.decmessage")
    let there = try translator.write(valid, to: try translator.profile("sg.tradenet"))
    let entry = try #require(there.report.entries.first { $0.action == .defaulted })
    #expect(entry.element == "Declaration.CategoryCode" && entry.reason == .agreed && entry.source == nil)
    #expect(entry.target?.hasSuffix("/Header/DeclarationType") ?? false)
    #expect(there.report.counts[.defaulted] == 1)
    #expect(text(there.report.serialized()).contains(#""defaults":"cn-sg@1""#))
    #expect(!there.supplement.items.contains { $0.path.hasSuffix("/DeclarationType") })
    let told = try there.explanations(of: "Declaration.CategoryCode", from: valid).first { $0.action == .defaulted }
    #expect(told?.source == nil && told?.target?.text == "GST")
    #expect(told?.agreed?.line == "defaults/cn-sg.yaml:7")
    #expect(told?.text.contains("defaulted, agreed, defaults/cn-sg.yaml:7 (") ?? false)
    #expect(told?.json["agreed"]?["reason"]?.string == told?.agreed?.reason)
  }

  /// The sender's own kind of declaration is another one: it stays at home, and does not keep the default away.
  @Test func whatBelongsToTheSendersSideSaysNothingOfTheReceivers() throws {
    let translator = try Schemas.translator()
    let valid = try translator.valid(try Schemas.sample("cn.decmessage/5.0/samples/export-textiles-12-items.xml"), "cn.decmessage")
    let there = try translator.write(valid, to: try translator.profile("sg.tradenet"))
    let entries = there.report.entries.filter { $0.element == "Declaration.CategoryCode" }
    #expect(entries.map(\.action.rawValue).sorted() == ["defaulted", "not_carried"])
    #expect(entries.contains { $0.reason == .ownSide && $0.source?.hasSuffix("/EntryType") ?? false })
  }

  @Test func nothingIsTakenOnTheWayToTheHub() throws {
    let translator = try Schemas.translator()
    let valid = try translator.valid(try Schemas.sample("cn.decmessage/5.0/samples/export-minimal.xml"), "cn.decmessage")
    let hub = try translator.write(valid, to: try translator.profile("uncefact.xml"))
    #expect(hub.report.counts[.defaulted] == nil && hub.report.defaults == nil)
    #expect(!text(hub.report.serialized()).contains("defaults"))
    // The receiver's gateway, which writes the draft, takes it.
    let received = try translator.valid(try hub.bytes(), "uncefact.xml")
    #expect(try translator.write(received, to: try translator.profile("sg.tradenet")).report.counts[.defaulted] == 1)
  }

  // MARK: What is absent, and what is not

  @Test(arguments: ["", "<EntyPortCode></EntyPortCode>"])
  func whatIsAbsentOrEmptyIsFilled(_ element: String) throws {
    let translator = try Self.translator(Self.port)
    let there = try translator.write(try Self.declared(element, translator), to: try translator.profile("sg.tradenet"))
    #expect(loading(there)?.action == .defaulted && loading(there)?.source == nil)
    #expect(text(try there.bytes()).contains("LoadingPort>CNWGQ</"))
  }

  @Test(arguments: [
    // Said.
    ("<EntyPortCode>311002</EntyPortCode>", ""),
    // Said in a code that has no peer.
    ("<EntyPortCode>380001</EntyPortCode>", ""),
    // Said to be null.
    (#"<EntyPortCode xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:nil="true"/>"#, ""),
    // Said, and withheld.
    ("<EntyPortCode>311002</EntyPortCode>", "LoadingLocation.ID"),
  ])
  func whatIsSaidIsLeftAlone(_ element: String, _ withheld: String) throws {
    let translator = try Self.translator(Self.port.replacing("CNWGQ", with: "CNNGB"))
    let valid = try Self.declared(element, translator)
    var released = valid.declaration
    if let index = valid.profile.dictionary[id: withheld] { released.root[index] = nil }
    let there = try translator.write(valid, released: released, to: try translator.profile("sg.tradenet"))
    #expect(there.report.counts[.defaulted] == nil)
    #expect(!text(try there.bytes()).contains("CNNGB"))
  }

  @Test func whatComesBackIsTheOriginalAndTheReceiversChangeWins() throws {
    let translator = try Self.translator(Self.port)
    let valid = try Self.declared("", translator)
    let there = try translator.write(valid, to: try translator.profile("sg.tradenet"))
    func back(_ bytes: [UInt8]) throws -> String {
      let answer = try translator.valid(bytes, "sg.tradenet", isDraft: true)
      let home = try translator.write(answer, to: valid.profile, options: .init(complement: there.complement, makesComplement: false))
      return text(try home.bytes())
    }
    #expect(!(try back(try there.bytes()).contains("EntyPortCode")))
    let changed = try replacing(try there.bytes(), ">CNWGQ<", ">CNYSA<")
    #expect(try back(changed).contains("<EntyPortCode>311002<"))
  }

  @Test func eachItemThatSaysNothingIsFilled() throws {
    let translator = try Self.translator(
      """
      version: "3"
      corridor: {from: SG, to: CN}
      profiles: [cn.decmessage]
      defaults:
        - {element: InvoiceLine.Currency, value: USD, direction: import, reason: prices of the pilot are in US dollars}
      """)
    let valid = try translator.valid(try Schemas.sample("sg.tradenet/4.1/samples/outward-machine-parts.xml"), "sg.tradenet")
    let there = try translator.write(valid, to: try translator.profile("cn.decmessage"))
    let items = try #require(valid.profile.dictionary[id: "GoodsItem"])
    let filled = there.report.entries.filter { $0.action == .defaulted }
    #expect(filled.count == valid.declaration.root.count(items) && filled.count > 0)
    #expect(filled.map(\.path) == (1...filled.count).map { "GoodsItem[\($0)].InvoiceLine.Currency" })
    #expect(filled.allSatisfy { $0.table != nil && $0.from == nil && $0.to != nil })
    #expect(!there.supplement.items.contains { $0.element == "InvoiceLine.Currency" })
  }

  @Test func theMatrixCountsIt() throws {
    let translator = try Schemas.translator()
    let (from, to) = (try translator.profile("cn.decmessage"), try translator.profile("sg.tradenet"))
    let matrix = try translator.lossMatrix(from: from, to: to, declarations: 8)
    let row = try #require(matrix.rows.first { $0.element == "Declaration.CategoryCode" })
    #expect(row.class == .defaulted && row.agreed == "GST" && row.isRequired && row.seen[.defaulted] == 8)
    #expect(matrix.counts[.defaulted] == 1 && matrix.contradictions == [])
    #expect(matrix.json["rows"]?.array?.contains { $0["default"]?.string == "GST" } ?? false)
    #expect(matrix.page(title: "CN → SG", command: "x").contains("agreed: `GST`"))
    #expect(try translator.lossMatrix(from: from, to: to, shape: "InNonPayment").counts[.defaulted] == nil)
  }

  // MARK: What is refused

  @Test(arguments: [
    ("element: LoadingLocation.ID", "element: Loading.ID", "the dictionary has no element Loading.ID"),
    ("element: LoadingLocation.ID", "element: Authentication.Indicator", "is for the declarant to state"),
    ("element: LoadingLocation.ID, value: CNWGQ", "element: Commodity.HS6, value: \"620342\"", "is for the declarant to state"),
    ("element: LoadingLocation.ID, value: CNWGQ", "element: Declarant.Name, value: LI", "is for the declarant to state"),
    ("value: CNWGQ", "value: ZZZZZ", "the code list unlocode has no ZZZZZ"),
    ("value: CNWGQ", "value: \"CN WGQ\"", "no canonical value of LoadingLocation.ID"),
    ("shape: [InPayment, InNonPayment]", "shape: Outward", "has no place for LoadingLocation.ID there"),
    ("shape: [InPayment, InNonPayment]", "shape: Inward", "has no shape Inward"),
    ("shape: [InPayment, InNonPayment]", "direction: out", "direction is export or import"),
    ("shape: [InPayment, InNonPayment]", "direction: export", "has no place for LoadingLocation.ID there"),
    ("element: LoadingLocation.ID, value: CNWGQ", "element: Declaration.CategoryCode, value: XXX", "does not take XXX"),
    (
      "element: LoadingLocation.ID, value: CNWGQ", "element: DestinationCountry.Code, value: SG",
      "has no place for DestinationCountry.Code there"
    ),
    ("from: CN", "from: SG", "from one economy to another"),
    ("profiles: [sg.tradenet]", "profiles: [sg.trade]", "there is no profile sg.trade"),
    ("profiles: [sg.tradenet]", "profiles: [my.kastam]", "my.kastam is no declaration of SG"),
    ("profiles: [sg.tradenet]", "profiles: [sg.response]", "sg.response is no declaration of SG"),
    (", reason: the pilot's only port", "", "reason is missing"),
    (
      "  - {element", "  - {element: LoadingLocation.ID, value: CNNGB, direction: import, reason: x}\n  - {element",
      "line 5 gives LoadingLocation.ID a value already"
    ),
  ])
  func aBadDefaultIsRefused(_ old: String, _ new: String, _ reason: String) throws {
    var broken = Self.port
    broken.replaceSubrange(try #require(broken.firstRange(of: old)), with: new)
    let found = problems { _ = try Self.translator(broken) }
    #expect(found.count == 1 && found.first?.pointer == "defaults.yaml" && (found.first?.line ?? 0) > 1, "\(found)")
    #expect(found.first?.facts["reason"]?.contains(reason) ?? false, "\(found.first?.facts["reason"] ?? "")")
  }

  @Test func aFileIsNamedByItsCorridor() throws {
    let shipped = try Schemas.library.get()
    let root = try YAMLDocument.parse(Array(Self.port.utf8), file: "defaults.yaml")
    let found = problems {
      _ = try CorridorDefaults.load(root, id: "sg-cn", dictionary: shipped.dictionary, codes: shipped.codes, profiles: shipped.profiles)
    }
    #expect(found.first?.code == "profile.defaults_invalid" && found.first?.facts["reason"]?.contains("cn-sg.yaml") ?? false)
  }

  /// What only the declarant can state is never agreed on: quantities, values, dates, names, identifiers, claims.
  @Test func onlyCodesThatStateNothingAreAgreeable() throws {
    for element in try Schemas.library.get().dictionary.elements where element.isAgreeable {
      if case .code = element.type {} else { Issue.record("\(element.id) is no code") }
      #expect(!element.isPersonal && element.documents == ["declaration"])
      for word in ["Declarant", "Authentication", "Valuation", "Preference", "Origin", "Commodity", "Procedure", "Licence", "DutyTaxFee"] {
        #expect(!element.id.hasPrefix(word), "\(element.id)")
      }
    }
  }
}
