import AttackCases
import Foundation
import Primitives
import TestSupport
import Testing

@testable import XMLTree

@Suite struct XMLSchemaTests {
  static func schema(_ body: String) -> [UInt8] {
    Array("<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'>\(body)</xs:schema>".utf8)
  }

  static let order = schema(
    """
    <xs:element name='Order'><xs:complexType><xs:sequence>
    <xs:element name='Line' maxOccurs='50'><xs:complexType><xs:sequence>
    <xs:element name='Code'><xs:simpleType><xs:restriction base='xs:string'>
    <xs:pattern value='[0-9]{6}([0-9]{2})?'/></xs:restriction></xs:simpleType></xs:element>
    <xs:element name='Quantity' type='xs:decimal'/>
    <xs:element name='Name' nillable='true' minOccurs='0'><xs:simpleType><xs:restriction base='xs:string'>
    <xs:maxLength value='5'/></xs:restriction></xs:simpleType></xs:element>
    </xs:sequence><xs:attribute name='unit' use='required'/></xs:complexType></xs:element>
    </xs:sequence></xs:complexType></xs:element>
    """)

  private func problems(_ document: String, _ schema: [UInt8] = order) throws -> [Problem] {
    try XMLSchema(compiling: schema).validate(XMLTree.parse(Array(document.utf8)))
  }

  @Test func validDocument() throws {
    let document = "<Order><Line unit='KGM'><Code>123456</Code><Quantity>1.50</Quantity><Name>中文名称长</Name></Line></Order>"
    #expect(try problems(document) == [])
  }

  @Test func everyProblemAtOnceWithItsPlace() throws {
    let found = try problems(
      """
      <Order>
        <Line unit='KGM'><Code>123456</Code><Quantity>1</Quantity></Line>
        <Line>
          <Code>12345</Code>
          <Quantity>many</Quantity>
          <Name>secret-and-long</Name>
        </Line>
        <Line unit='1' other='2'><Quantity>1</Quantity></Line>
      </Order>
      """)
    #expect(
      found.map(\.code) == [
        "validate.schema_attribute", "validate.schema_value", "validate.schema_type", "validate.schema_value", "validate.schema_attribute",
        "validate.schema_element",
      ])
    #expect(
      found.map(\.pointer) == [
        "/Order/Line[2]", "/Order/Line[2]/Code", "/Order/Line[2]/Quantity", "/Order/Line[2]/Name", "/Order/Line[3]",
        "/Order/Line[3]/Quantity",
      ])
    #expect(found.map(\.line) == [3, 4, 5, 6, 8, 8])
    #expect(found[1].facts == ["facet": "pattern"])
    #expect(found[3].facts == ["facet": "maxLength"])
    #expect(found[5].facts == ["expected": "Code"])
    #expect(!String(describing: found).contains("secret"))
  }

  @Test func wrongRootAndManyProblems() throws {
    #expect(try problems("<Other/>").map(\.code) == ["validate.schema_root"])
    let lines = String(repeating: "<Line unit='1'><Code>1</Code><Quantity>1</Quantity></Line>", count: 50)
    let schema = try XMLSchema(compiling: Self.order)
    let found = try schema.validate(XMLTree.parse(Array("<Order>\(lines)</Order>".utf8)), limit: 10)
    #expect(found.count == 11)
    #expect(found.last?.code == "validate.schema_more")
  }

  /// XP-07: what a document says about where its schema is has no effect; nothing is opened.
  @Test func schemaLocationIsIgnored() throws {
    let xsi = "xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'"
    let line = "<Line unit='1'><Code>123456</Code><Quantity>1</Quantity></Line>"
    #expect(try problems("<Order \(xsi) xsi:noNamespaceSchemaLocation='http://127.0.0.1:1/x.xsd'>\(line)</Order>") == [])
    #expect(try problems("<Order \(xsi) xsi:schemaLocation='urn:x file:///etc/passwd'>\(line)</Order>") == [])
  }

  /// XP-08.
  @Test func typeSubstitutionAndNil() throws {
    let xsi = "xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'"
    func line(_ quantity: String, _ name: String) -> String {
      "<Order \(xsi)><Line unit='1'><Code>123456</Code>\(quantity)\(name)</Line></Order>"
    }
    #expect(try problems(line("<Quantity>1</Quantity>", "<Name xsi:nil='true'/>")) == [])
    #expect(try problems(line("<Quantity xsi:nil='true'/>", "")).first?.code == "validate.schema_instance")
    #expect(try !problems(line("<Quantity xsi:type='xs:string' xmlns:xs='http://www.w3.org/2001/XMLSchema'>x</Quantity>", "")).isEmpty)
    #expect(try problems(line("<Quantity>1</Quantity>", "<Name xsi:nil='true'>x</Name>")).first?.code == "validate.schema_instance")
  }

  @Test func severalFiles() throws {
    let main = Self.schema("<xs:include schemaLocation='../types/t.xsd'/><xs:element name='a' type='T'/>")
    let restriction = "<xs:restriction base='xs:string'><xs:enumeration value='x'/></xs:restriction>"
    let types = Self.schema("<xs:simpleType name='T'>\(restriction)</xs:simpleType>")
    let schema = try XMLSchema(compiling: "main/m.xsd", files: ["main/m.xsd": main, "types/t.xsd": types])
    #expect(try schema.validate(XMLTree.parse(Array("<a>x</a>".utf8))) == [])
    #expect(try schema.validate(XMLTree.parse(Array("<a>y</a>".utf8))).map(\.code) == ["validate.schema_value"])
    #expect(throws: CausewayError("profile.schema_invalid")) { try XMLSchema(compiling: "main/m.xsd", files: ["main/m.xsd": main]) }
  }

  /// A schema cannot reach outside the files that it was given.
  @Test func nothingIsFetched() throws {
    for location in ["http://127.0.0.1:1/x.xsd", "file:///etc/passwd", "/etc/passwd", "../../../../../etc/passwd"] {
      let outside = Self.schema("<xs:include schemaLocation='\(location)'/><xs:element name='a'/>")
      #expect(throws: CausewayError("profile.schema_invalid")) { try XMLSchema(compiling: outside) }
    }
    #expect(throws: Never.self) { try XMLSchema(compiling: Self.schema("<xs:element name='a'/>")) }
  }

  // MARK: XP-09

  @Test(arguments: AttackCase.xmlSchemas) func isRefusedAndItsTwinTaken(_ test: AttackCase) {
    #expect(test.answer(to: test.attack)?.code == test.code)
    #expect(test.answer(to: test.twin) == nil)
  }

  static func pattern(_ text: String) -> [UInt8] {
    schema("<xs:simpleType name='T'><xs:restriction base='xs:string'><xs:pattern value='\(text)'/></xs:restriction></xs:simpleType>")
  }

  @Test(arguments: [
    "(a|aa)+", "(a*)*", "(a+)+", "(a|a)*", "([a-z]+)*", "(a?){40}", "(\\d+\\s?)*", "(.*)*x", "(a|b|ab)*c", "([A-Z]+[A-Z0-9]*)+",
    "((a{1,40})b?)*",
    "(x+x+)+y", "(\\w|[0-9])*", "(a|aa){1,999}", ".*X.*Y.*", "a*a*a*", "(a*b?c?)a*[a-z]*",
    "((((((((((){16}){16}){16}){16}){16}){16}){16}){16}){16}){16}",
    "((((a{16}){16}){16}){16}){16}", "[a", "(a", "a)", "[b-a]", "a{3,2}", "\\p{L", "a**", "\\", "[]", "{", "(((a?){16}b?){16}c?){16}",
  ])
  func refusesSlowPatterns(_ pattern: String) {
    #expect(throws: CausewayError("profile.schema_pattern")) { try XMLSchema(compiling: Self.pattern(pattern)) }
  }

  @Test(arguments: [
    "(a|b)+", "a*", "[0-9]{1,35}", "([a-z]+ )*", "(a?){10}", "(\\d+\\s)*", ".*x", "(a|b|cb)*c", "([A-Z]+[0-9]+)+", "[A-Z]{2}[0-9A-Z]{2,17}",
    "(x+y+)+z", "([^ ]+( [^ ]+)*)?", "\\d{4}-\\d{2}-\\d{2}(T\\d{2}:\\d{2}:\\d{2}(Z|[+\\-]\\d{2}:\\d{2})?)?", "[\\p{L}\\p{N}]{1,70}",
    "([A-Z]{2}[0-9]{3}){1,16}",
    "-?[0-9]+(\\.[0-9]+)?", "[A-Z]{0,35}[A-Z0-9]{0,35}", "\\S(.*\\S)?", "a*b*a*", "(ab)*(ac)*", ".*[^\\s].*", "[^&lt;&gt;&amp;]*",
    "[A-Z-[IO]]{3}", "",
  ])
  func acceptsFastPatterns(_ pattern: String) {
    #expect(throws: Never.self) { try XMLSchema(compiling: Self.pattern(pattern)) }
  }

  @Test(arguments: [
    (".*[^\\s].*", true), ("a*a*", true), ("[A-Z]*[A-Z0-9]*", true), ("(ab)*(ab)*c", true), ("a*b*a*", true), ("a*b+a*", false),
    (
      ".*x",
      false
    ),
    ("(ab)*(ac)*", false), ("[A-Z]{0,35}[A-Z0-9]{0,35}", false),
  ])
  func quadraticPatternsAreKnown(_ pattern: String, _ isQuadratic: Bool) {
    #expect(PatternLint.cost(of: pattern) == (isQuadratic ? .quadratic : .linear))
  }

  /// A schema with such a pattern is used, and long texts are refused before the matcher sees them.
  @Test func quadraticPatternsHaveABudget() throws {
    func document(_ length: Int) throws -> XMLTree {
      let half = String(repeating: "x", count: length / 2)
      return try XMLTree.parse(Array("<a>\(half)<!-- -->\(half)</a>".utf8))
    }
    func schema(_ pattern: String) throws -> XMLSchema {
      let type = "<xs:simpleType><xs:restriction base='xs:string'><xs:pattern value='\(pattern)'/></xs:restriction></xs:simpleType>"
      return try XMLSchema(compiling: Self.schema("<xs:element name='a'>\(type)</xs:element>"))
    }
    #expect(try schema(".*[^\\s].*").validate(document(2000)) == [])
    #expect(try schema(".*[^\\s].*").validate(document(10_002)).map(\.code) == ["validate.schema_text_length"])
    #expect(try schema("[^0-9]*").validate(document(10_002)) == [])
  }

  @Test func occurrencesAndIdentity() {
    func element(_ occurs: String) -> [UInt8] {
      Self.schema("<xs:complexType name='T'><xs:sequence><xs:element name='a' maxOccurs='\(occurs)'/></xs:sequence></xs:complexType>")
    }
    for occurs in ["100001", "4294967296", "99999999999999999999999"] {
      #expect(throws: CausewayError("profile.schema_occurs")) { try XMLSchema(compiling: element(occurs)) }
    }
    for occurs in ["9999", "unbounded"] {
      #expect(throws: Never.self) { try XMLSchema(compiling: element(occurs)) }
    }
    let key = "<xs:element name='a'><xs:complexType/><xs:key name='k'><xs:selector xpath='b'/><xs:field xpath='@c'/></xs:key></xs:element>"
    #expect(throws: CausewayError("profile.schema_identity")) { try XMLSchema(compiling: Self.schema(key)) }
  }

  @Test func badSchemasAreRefusedWithFileAndLine() {
    let text = "<xs:schema xmlns:xs='http://www.w3.org/2001/XMLSchema'>\n<xs:element name='a' type='Missing'/></xs:schema>"
    let error = #expect(throws: CausewayError("profile.schema_invalid")) { try XMLSchema(compiling: Array(text.utf8)) }
    #expect(error?.problems[0].line == 2)
    #expect(error?.problems[0].facts["file"] == "schema.xsd")
    #expect(throws: CausewayError("profile.schema_invalid")) { try XMLSchema(compiling: Array("<a/>".utf8)) }
    #expect(throws: CausewayError("profile.schema_invalid")) { try XMLSchema(compiling: Array("not xml".utf8)) }
    #expect(throws: CausewayError("profile.schema_invalid")) { try XMLSchema(compiling: "absent.xsd", files: [:]) }
    #expect(throws: CausewayError("profile.schema_invalid")) { try XMLSchema(compiling: Array("<!DOCTYPE a><a/>".utf8)) }
  }

  /// One schema on many tasks at once.
  @Test func sharedBetweenTasks() async throws {
    let schema = try XMLSchema(compiling: Self.order)
    let counts = try await withThrowingTaskGroup(of: Int.self) { group in
      for index in 0..<16 {
        group.addTask {
          let code = index.isMultiple(of: 2) ? "123456" : "bad"
          let text = "<Order><Line unit='1'><Code>\(code)</Code><Quantity>1</Quantity></Line></Order>"
          return try (0..<50).reduce(0) { sum, _ in try sum + schema.validate(XMLTree.parse(Array(text.utf8))).count }
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(counts.sorted() == Array(repeating: 0, count: 8) + Array(repeating: 50, count: 8))
  }

  static let hasSchemas = SharedData.has("schemas/wco-dms") && SharedData.has("samples/uk-cds")

  /// A published family of schemas, on published declarations.
  @Test(.enabled(if: hasSchemas, "needs ../shared")) func publishedSchemas() throws {
    var files: [String: [UInt8]] = [:]
    for file in SharedData.files("schemas/wco-dms", extension: "xsd") {
      files[String(file.dropFirst("schemas/wco-dms/".count))] = try SharedData.bytes(file)
    }
    files["all.xsd"] = Self.schema(
      """
      <xs:import namespace='urn:wco:datamodel:WCO:DocumentMetaData-DMS:2' schemaLocation='declaration/DocumentMetaData_2_DMS.xsd'/>
      <xs:import namespace='urn:wco:datamodel:WCO:DEC-DMS:2' schemaLocation='declaration/WCO_DEC_2_DMS.xsd'/>
      """)
    let schema = try XMLSchema(compiling: "all.xsd", files: files)
    var valid = 0
    var invalid = 0
    for file in SharedData.files("samples/uk-cds", extension: "xml") {
      guard let tree = try? XMLTree.parse(SharedData.bytes(file)) else { continue }
      let problems = schema.validate(tree)
      if problems.isEmpty { valid += 1 } else { invalid += 1 }
      #expect(problems.allSatisfy { $0.pointer != nil && $0.line != nil })
    }
    print("uk-cds against wco-dms: \(valid) valid, \(invalid) not")
    #expect(valid > 100)
  }
}
