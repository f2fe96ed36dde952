import Primitives
import Testing

@Suite struct ExactDecimalTests {
  @Test(arguments: ["0", "-0.50", "24000.00000", "0.0600", "999999999999999999999999999999.999999", "-1", "12.3"])
  func keepsItsScale(text: String) throws {
    #expect(try #require(ExactDecimal(text)).description == text)
  }

  @Test(arguments: [
    "", "-", ".", "1.", ".5", "+1", "1e3", "1,5", " 1", "1 ", "--1", "1.2.3", "0x10", "１", "1.0000000000000000001",
    String(repeating: "9", count: 37),
  ])
  func refusesOtherForms(text: String) {
    #expect(ExactDecimal(text) == nil)
  }

  @Test func comparesByValue() throws {
    let (a, b) = (try #require(ExactDecimal("24000.00")), try #require(ExactDecimal("24000")))
    #expect(a == b)
    #expect(a.hashValue == b.hashValue)
    #expect(try #require(ExactDecimal("-0.1")) < #require(ExactDecimal("0")))
    #expect(try #require(ExactDecimal("0.000000000000000001")) < #require(ExactDecimal("99999999999999999999999999999999999")))
  }

  @Test func calculatesExactlyOrNotAtAll() throws {
    let (price, quantity) = (try #require(ExactDecimal("0.0600")), try #require(ExactDecimal("24000")))
    #expect(price.multiplied(by: quantity) == ExactDecimal("1440.00"))
    #expect(try #require(ExactDecimal("0.1")).adding(#require(ExactDecimal("0.2"))) == ExactDecimal("0.3"))
    let large = try #require(ExactDecimal(String(repeating: "9", count: 36)))
    #expect(large.adding(ExactDecimal(1)) == nil)
    #expect(large.multiplied(by: large) == nil)
  }

  @Test func roundsHalfAwayFromZeroAndRescalesWithoutLoss() throws {
    #expect(try #require(ExactDecimal("1.005")).rounded(to: 2).description == "1.01")
    #expect(try #require(ExactDecimal("-1.005")).rounded(to: 2).description == "-1.01")
    #expect(try #require(ExactDecimal("1.10")).rescaled(to: 1)?.description == "1.1")
    #expect(try #require(ExactDecimal("1.11")).rescaled(to: 1) == nil)
    #expect(try #require(ExactDecimal("1.1")).rescaled(to: 4)?.description == "1.1000")
  }
}
