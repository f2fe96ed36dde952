import Primitives
import Testing

@testable import Declarations

@Suite struct ElementDictionaryTests {
  static let header = "id,group,kind,type,export,import,list,unit,follows,personal,row,wco,documents,en,zh\n"
  static let root = "D,,group,,1,1,,,,,,,declaration,Root,根\n"

  func load(_ rows: String) throws(CausewayError) -> ElementDictionary {
    try ElementDictionary.load(csv: Array((Self.header + rows).utf8), file: "d.csv")
  }

  @Test func loadsTheShippedDictionary() throws {
    let dictionary = try Repository.dictionary()
    #expect(dictionary.kinds.starts(with: ["declaration", "status", "supplement"]))
    let root = try #require(dictionary.root(of: "declaration"))
    #expect(dictionary[root].id == "Declaration")
    let origin = try #require(dictionary[id: "Origin.CountryCode"])
    #expect(dictionary[origin].type == .code(2))
    #expect(dictionary[origin].list == "iso3166-a2")
    #expect(dictionary[origin].group == dictionary[id: "GoodsItem"])
    #expect(dictionary.groups(around: origin).map { dictionary[$0].id } == ["Declaration", "GoodsItem"])
    #expect(dictionary[id: "origin.countrycode"] == nil)
    #expect(dictionary.elements(of: "status").map(\.id).contains("Reason.Code"))
    #expect(dictionary.elements(of: "amendment").map(\.id).contains("Change.NewValue"))
    let item = try #require(dictionary[id: "GoodsItem"])
    #expect(dictionary[item].export == Cardinality(min: 1, max: nil))
    #expect(dictionary.leaves(under: item).contains(try #require(dictionary[id: "Packaging.TypeCode"])))
    #expect(
      Set(dictionary.elements(of: "declaration").filter(\.isPersonal).map(\.id))
        == ["Declarant.ID", "Declarant.Name", "Declarant.Telephone", "Payer.Name"])
    #expect(
      Set(dictionary.elements(of: "amendment").filter(\.isPersonal).map(\.id))
        == ["Applicant.ID", "Applicant.ContactName", "Applicant.ContactTelephone"])
    #expect(dictionary.elements(of: "status").filter(\.isPersonal).isEmpty)
  }

  @Test func coversEveryRowOfTheCrosswalk() throws {
    let rows = Set(try Repository.dictionary().elements(of: "declaration").flatMap(\.crosswalkRows))
    #expect(rows.isSuperset(of: 1...106))
  }

  @Test func anElementMayFollowOneThatStandsBelowIt() throws {
    let dictionary = try load(
      Self.root + "D.A,D,leaf,text 5,1,1,,,D.B,,,,declaration,A,甲\nD.B,D,leaf,text 5,1,1,,,,,,,declaration,B,乙\n")
    let first = try #require(dictionary[id: "D.A"])
    #expect(dictionary[first].follows == [dictionary[id: "D.B"]])
  }

  @Test func addingAKindIsData() throws {
    let dictionary = try load(Self.root + "E,,group,,,,,,,,,,event,Event,事件\nE.Code,E,leaf,code 3,1,1,,,,,,,event,Code,代码\n")
    #expect(dictionary.kinds == ["declaration", "event"])
    #expect(dictionary.root(of: "event") == dictionary[id: "E"])
  }

  @Test(arguments: [
    ("D.A,D,leaf,text 5,1,1,,,,,,,declaration,A,甲\nD.A,D,leaf,text 5,1,1,,,,,,,declaration,A,甲\n", 4, "there already"),
    ("D.A,X,leaf,text 5,1,1,,,,,,,declaration,A,甲\n", 3, "not known above"),
    ("D.A,D,leaf,text five,1,1,,,,,,,declaration,A,甲\n", 3, "type"),
    ("D.A,D,leaf,text 5,2..1,1,,,,,,,declaration,A,甲\n", 3, "cardinality"),
    ("D.A,D,leaf,text 5,0..n,1,,,,,,,declaration,A,甲\n", 3, "at most once"),
    ("D.A,D,leaf,text 5,1,1,,,,yes,,,declaration,A,甲\n", 3, "personal"),
    ("D.A,D,leaf,text 5,1,1,,,,,,,status,A,甲\n", 3, "document kind"),
    ("D.A,D,leaf,text 5,1,1,,,,,,,declaration,A,\n", 3, "name"),
    ("D..A,D,leaf,text 5,1,1,,,,,,,declaration,A,甲\n", 3, "single dots"),
    ("D.A,D,leaf,text 5,1,1,,,D.B,,,,declaration,A,甲\n", 3, "follows names D.B"),
    ("D.A,D,leaf,text 5,1,1,,,D.A,,,,declaration,A,甲\n", 3, "follows names D.A"),
    ("E,,group,,1,1,,,,,,,declaration,E,乙\n", 3, "root already"),
  ])
  func refusesABadRow(rows: String, line: Int, reason: String) {
    let error = #expect(throws: CausewayError.self) { try load(Self.root + rows) }
    #expect(error?.code == "config.dictionary_invalid")
    #expect(error?.problems.first?.line == line)
    #expect(error?.problems.first?.pointer == "d.csv")
    #expect(error?.problems.first?.facts["reason"]?.contains(reason) == true)
  }

  /// Which elements two economies may agree on: a column that a dictionary may do without.
  @Test(
    arguments: [("1", "", nil), ("", "1", nil), ("yes", "", "agreed is 1"), ("1", "1", "personal data")] as [(String, String, String?)])
  func agreedIsOneOrEmptyAndNeverPersonal(agreed: String, personal: String, reason: String?) throws {
    let rows =
      "agreed," + Self.header + ",D,,group,,1,1,,,,,,,declaration,D,报\n\(agreed),D.A,D,leaf,text 5,1,1,,,,\(personal),,,declaration,A,甲\n"
    func load() throws(CausewayError) -> ElementDictionary { try .load(csv: Array(rows.utf8), file: "d.csv") }
    guard let reason else { return #expect(try load().elements[1].isAgreeable == (agreed == "1")) }
    let error = #expect(throws: CausewayError.self) { try load() }
    #expect(error?.problems.first?.facts["reason"]?.contains(reason) == true)
  }

  @Test func namesAllBadRowsAtOnce() {
    let error = #expect(throws: CausewayError.self) {
      try load(Self.root + "D.A,D,leaf,nope,1,1,,,,,,,declaration,A,甲\nD.B,D,leaf,nope,1,1,,,,,,,declaration,A,甲\n")
    }
    #expect(error?.problems.map(\.line) == [3, 4])
  }
}

@Suite struct CSVTableTests {
  func parse(_ text: String) throws(CausewayError) -> CSVTable { try CSVTable.parse(Array(text.utf8), file: "t.csv") }

  @Test func readsQuotesFactsAndBothLineEnds() throws {
    let table = try parse("# source: here: there\n# version: 1\na,b\r\n\"x \"\"y\"\"\",\"1,\n2\"\nz,\n")
    #expect(table.facts == ["source": "here: there", "version": "1"])
    #expect(table.columns == ["a", "b"])
    #expect(table.rows.map(\.fields) == [["x \"y\"", "1,\n2"], ["z", ""]])
    #expect(table.rows.map(\.line) == [4, 6])
    #expect(try parse("\u{FEFF}a\nb").rows.map(\.fields) == [["b"]])
  }

  @Test(arguments: [
    ("a,b\n1\n", 2), ("a,b\n1,2,3\n", 2), ("a,b\n\"1,2\n", 2), ("a,b\n1,\"2\"x\n", 2), ("a,b\n1,2\"\n", 2), ("a,b\n\n1,2\n", 2),
    ("a,a\n1,2\n", 1), ("", 1), ("# x\na\n", 1), ("# k: 1\n# k: 2\na\n", 2), ("a,b\n1,2\r3,4\n", 2),
  ])
  func refusesAMalformedTable(text: String, line: Int) {
    let error = #expect(throws: CausewayError.self) { try parse(text) }
    #expect(error?.code == "config.csv_malformed")
    #expect(error?.problems.first?.line == line)
  }

  @Test func refusesTextThatIsNotUTF8() {
    #expect(throws: CausewayError("config.csv_malformed")) { try CSVTable.parse([0x61, 0x0A, 0xFF, 0x0A], file: "t.csv") }
  }
}
