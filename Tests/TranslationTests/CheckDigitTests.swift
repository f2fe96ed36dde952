import Declarations
import Primitives
import Testing

@testable import Translation

/// Identifiers with a form or a check digit, each with a twin that differs in the fault only.
@Suite struct CheckDigitTests {
  @Test(arguments: [
    ("FR73282932000074", true), ("FR73282932000075", false), ("FR7328293200007", false), ("FR35600000000048", true),
    ("DE123456789012345", true),
    ("DE1234567890123456", false), ("de123456789", false), ("DE", false), ("DE12 45", false), ("PL0000001234", true),
  ]) func eori(_ text: String, _ isRight: Bool) { #expect(CheckDigits.eori(text) == isRight) }

  @Test(arguments: [
    ("IMO9074729", true), ("IMO 9074729", true), ("9074729", true), ("9074728", false), ("IMO9074727", false), ("IMO907472", false),
    ("EVER GIVEN", true), ("SQ328", true), ("IMO", false),
  ]) func imo(_ text: String, _ isRight: Bool) { #expect(CheckDigits.imo(text) == isRight) }

  @Test func aStatedNumberIsCompared() throws {
    let translator = try Schemas.translator()
    let sample = try Schemas.sample("sg.tradenet/4.1/samples/in-payment-textiles.xml")
    #expect(try translator.valid(sample, "sg.tradenet").warnings.allSatisfy { $0.code != "validate.count" })
    let text = text(sample)
    let stated = try #require(text.firstMatch(of: #/<cbc:NumberOfItems>(\d+)</#))
    let wrong = try replacing(sample, String(stated.0), "<cbc:NumberOfItems>49<")
    #expect(try translator.valid(wrong, "sg.tradenet").warnings.contains { $0.code == "validate.count" })
  }

  @Test func arrivalBeforeDepartureIsTold() throws {
    let translator = try Schemas.translator()
    let hub = try translator.valid(try Schemas.sample("uncefact.xml/d23b/samples/import-sg.xml"), "uncefact.xml")
    for (departure, isTold) in [("2026-03-16", false), ("2026-03-15", false), ("2026-03-17", true)] {
      var declaration = hub.declaration
      declaration[try #require(declaration.dictionary[id: "Declaration.ArrivalDate"])] = Value("2026-03-16")
      declaration[try #require(declaration.dictionary[id: "Declaration.DepartureDate"])] = Value(departure)
      let written = try translator.write(hub, released: declaration, to: try translator.profile("uncefact.json"))
      #expect(written.problems.contains { $0.code == "validate.date_order" } == isTold, "\(departure)")
    }
  }
}
