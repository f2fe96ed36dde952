import Primitives
import Testing

@testable import Declarations

@Suite struct CodeListTests {
  static let header = "# source: here\n# version: 1\ncode,zh,en,valid_from,valid_to,note\n"

  func list(_ rows: String, facts: String = "", id: String = "l") throws(CausewayError) -> CodeList {
    try CodeList.load(csv: Array((facts + Self.header + rows).utf8), id: id, file: "l.csv")
  }

  func conversion(_ rows: String) throws -> CodeConversion {
    let a = try list("A,,,,,\nB,,,,,\nC,,,,,\nD,,,,,\n", id: "a")
    let b = try list("X,,,,,\nY,,,,,\nZ,,,,,\n", id: "b")
    let text = "# from: a\n# to: b\n# source: here\n# version: 1\nfrom,to,kind,note\n" + rows
    return try CodeConversion.load(csv: Array(text.utf8), id: "a-to-b", file: "c.csv") { $0 == "a" ? a : $0 == "b" ? b : nil }
  }

  @Test func looksUpCodesAsBytes() throws {
    let list = try list("é,电,E acute,,,\nCT,纸箱,Carton,,,\n")
    #expect(list.contains("é"))
    #expect(!list.contains("e\u{301}"))
    #expect(!list.contains("ct"))
    #expect(!list.contains(""))
    #expect(list.label("CT")?.zh == "纸箱")
    #expect(list.label("XX") == nil)
  }

  @Test func knowsTheDaysOfValidity() throws {
    let list = try list("A,,,2020-01-01,2021-12-31,\nB,,,,,\n")
    #expect(list.standing("A", on: "2019-12-31") == .notValidThen)
    #expect(list.standing("A", on: "2020-01-01") == .listed)
    #expect(list.standing("A", on: "2021-12-31") == .listed)
    #expect(list.standing("A", on: "2022-01-01") == .notValidThen)
    #expect(list.standing("A") == .listed)
    #expect(list.standing("B", on: "1900-01-01") == .listed)
    #expect(!list.accepts("A", on: "2022-01-01"))
  }

  @Test func aPartialTableDoesNotJudgeWhatItDoesNotCover() throws {
    let byPrefix = try list("CNSGH,,,,,\n", facts: "# prefixes: CN SG\n")
    #expect(byPrefix.standing("CNXXX") == .notListed)
    #expect(byPrefix.standing("JPTYO") == .notCovered)
    #expect(byPrefix.accepts("JPTYO") && !byPrefix.contains("JPTYO") && !byPrefix.accepts("CNXXX"))
    let partial = try list("A,,,,,\n", facts: "# coverage: partial\n")
    #expect(partial.standing("Q") == .notCovered)
  }

  @Test(arguments: [
    ("A,,,,,\nA,,,,,\n", 5), ("A B,,,,,\n", 4), (",,,,,\n", 4), ("A,,,2020-02-30,,\n", 4),
  ])
  func refusesABadRow(rows: String, line: Int) {
    let error = #expect(throws: CausewayError.self) { try list(rows) }
    #expect(error?.code == "config.codelist_invalid")
    #expect(error?.problems.first?.line == line)
  }

  @Test func refusesAListWithoutSource() {
    #expect(throws: CausewayError("config.codelist_invalid")) {
      try CodeList.load(csv: Array("code,zh,en,valid_from,valid_to,note\nA,,,,,\n".utf8), id: "l", file: "l.csv")
    }
  }

  @Test func convertsBothWays() throws {
    let table = try conversion("A,X,exact,\nB,X,lossy,\nC,Y,lossy,\nD,,none,\n")
    #expect(table.forward("A") == .mapped("X", .exact))
    #expect(table.forward("B") == .mapped("X", .lossy))
    #expect(table.forward("D") == .none)
    #expect(table.forward("Q") == .unknown)
    #expect(table.reverse("X") == .ambiguous(["A", "B"]))
    #expect(table.reverse("Y") == .mapped("C", .lossy))
    #expect(table.reverse("Z") == .none)
    #expect(table.reverse("Q") == .unknown)
  }

  @Test func aPreferredRowDecidesTheWayBack() throws {
    let table = try conversion("A,X,lossy,\nB,X,preferred,\nC,X,scaled,x1000\nD,Y,exact,\nA,Z,reverse,\n")
    #expect(table.reverse("X") == .mapped("B", .exact))
    #expect(table.forward("B") == .mapped("X", .exact))
    #expect(table.forward("C") == .mapped("X", .scaled(ExactDecimal(1000))))
    #expect(table.reverse("Z") == .mapped("A", .lossy))
    #expect(table.forward("A") == .mapped("X", .lossy))
  }

  @Test func aScaledRowIsNotWalkedBack() throws {
    #expect(try conversion("A,X,scaled,x0.5 note\n").reverse("X") == .none)
    #expect(try conversion("A,X,scaled,x0.5\nB,X,exact,\n").reverse("X") == .mapped("B", .exact))
  }

  @Test func ambiguousRowsNameTheirCandidates() throws {
    let table = try conversion("A,X,ambiguous,\nA,Y,ambiguous,\n")
    #expect(table.forward("A") == .ambiguous(["X", "Y"]))
    #expect(table.reverse("X") == .mapped("A", .lossy))
  }

  @Test(arguments: [
    "A,X,exact,\nA,Y,exact,\n", "A,X,exact,\nA,Y,ambiguous,\n", "A,X,ambiguous,\n", "A,X,exact,\nA,X,reverse,\n", "Q,X,exact,\n",
    "A,Q,exact,\n", "A,,exact,\n", "A,X,none,\n", "A,X,maybe,\n", "A,X,scaled,\n", "A,X,scaled,1000\n", "A,X,scaled,x0\n",
    "A,X,preferred,\nB,X,preferred,\n",
  ])
  func refusesABadTable(rows: String) {
    #expect(throws: CausewayError("config.codelist_invalid")) { try conversion(rows) }
  }

  @Test func refusesATableWithAnUnknownList() {
    let text = "# from: nope\n# to: b\n# source: here\n# version: 1\nfrom,to,kind,note\n"
    #expect(throws: CausewayError("config.codelist_invalid")) {
      try CodeConversion.load(csv: Array(text.utf8), id: "c", file: "c.csv") { _ in nil }
    }
  }
}
