import Declarations
import Formats
import JSONTree
import Primitives
import Testing

@testable import Translation

/// What writing and writing back make of repeated elements, on profiles of a few elements.
@Suite struct WritingTests {
  /// Items that have a unit and a remark; the unit is a Chinese one.
  private static let units = Toy(
    structure: """
      root: Doc
      tree:
        - {name: Flag, card: 1, type: code 1, values: [E, I]}
        - name: Item
          card: 0..9
          children:
            - {name: Unit, card: 0..1, type: code 3, list: cn-unit}
            - {name: Note, card: 0..1, type: text 20}
            - {name: Model, card: 0..1, type: text 20}
      """,
    mapping: """
      direction: {at: Flag, values: {E: EX, I: IM}}
      economy: CN
      rules:
        - group: GoodsItem
          at: Item
          rules:
            - {at: Unit, element: TransactionQuantity.UnitCode, convert: cn-unit-to-rec20}
            - {at: Model, element: Commodity.Model}
      local:
        - {reason: a remark, at: [Item/Note]}
      """)

  /// Writes a document in the partner's format and back, with the complement.
  private func back(_ text: String, _ home: Profile, _ partner: Profile) throws -> (original: Document, returned: Document) {
    let translator = try Schemas.translator()
    let original = try translator.validate(try translator.parse(Array(text.utf8), as: home), as: home)
    let there = try translator.write(original, to: partner)
    let document = try translator.parse(try there.bytes(), as: partner)
    let complement = try Complement(json: try JSONValue.parse(try #require(there.complement).serialized()))
    let back = try translator.write(
      try translator.validate(document, as: partner, isDraft: true), to: home,
      options: .init(complement: complement, makesComplement: false))
    return (original.document, try translator.parse(try back.bytes(), as: home))
  }

  /// Pieces have many Chinese peers: the unit, and the item that holds nothing else, do not come back by themselves. The item has no place among
  /// those that an item of the complement is counted into.
  @Test func anInstanceThatDoesNotComeOutTakesNoPlace() throws {
    let home = try Self.units.load()
    let partner = try Self.units.breaking("list: cn-unit", "list: rec20").breaking(", convert: cn-unit-to-rec20", "").load()
    let items = ["<Unit>007</Unit>", "<Unit>035</Unit>", "<Note>third</Note>", "<Unit>011</Unit>", "<Unit>095</Unit>", "<Note>last</Note>"]
    for list in [items, Array(items.dropFirst()), [items[2], items[0], items[1], items[2], items[4]]] {
      let text = "<Doc><Flag>E</Flag>" + list.map { "<Item>\($0)</Item>" }.joined() + "</Doc>"
      let (original, returned) = try back(text, home, partner)
      #expect(original.differences(from: returned) == [])
    }
  }

  /// What a code may mean is offered in the codes of the side that is asked, and nothing else is: 副 is a pair or a set, the other side's code for
  /// pieces is one of three.
  @Test func candidatesAreCodesOfTheTarget() throws {
    let asked = try Self.units.breaking("card: 0..1, type: code 3", "card: 1, type: code 3")
    func candidates(_ code: String, _ home: Profile, _ target: Toy) throws -> [String] {
      let text = "<Doc><Flag>E</Flag><Item><Unit>\(code)</Unit><Model>a</Model></Item></Doc>"
      let translator = try Schemas.translator()
      let valid = try translator.validate(try translator.parse(Array(text.utf8), as: home), as: home)
      let supplement = try translator.write(valid, to: try target.load()).supplement
      return try #require(supplement.items.first).candidates
    }
    let chinese = try Self.units.load()
    func units(_ list: String) throws -> Toy {
      try asked.breaking("list: cn-unit", "list: \(list)").breaking("cn-unit-to-rec20", "\(list)-to-rec20")
    }
    let pairs = try candidates("019", chinese, try units("asycuda-unit"))
    #expect(pairs == ["PR", "SET"])
    #expect(try candidates("019", chinese, try units("sg-unit")) == ["SET"])
    let system = try units("asycuda-unit").breaking("card: 1, type: code 3", "card: 0..1, type: code 3").load()
    let pieces = try candidates("NMB", system, asked)
    let table = try #require(try Schemas.library.get().codes.conversion("cn-unit-to-rec20"))
    #expect(pieces.count > 10 && pieces.allSatisfy { table.from.contains($0) })
  }

  /// A leaf that tells the instances of a group apart and is an element of it as well.
  @Test func aTestedLeafIsWrittenOnce() throws {
    let toy = Toy(
      structure: """
        root: Doc
        tree:
          - {name: Flag, card: 1, type: code 1, values: [E, I]}
          - name: Item
            card: 0..9
            children:
              - {name: Kind, card: 1, type: code 3, values: ["705", "740"]}
              - {name: Model, card: 0..1, type: text 20}
        """,
      mapping: """
        direction: {at: Flag, values: {E: EX, I: IM}}
        economy: CN
        rules:
          - group: GoodsItem
            at: Item[Kind=705]
            rules:
              - {at: Kind, element: Commodity.Brand}
              - {at: Model, element: Commodity.Model}
        """)
    let profile = try toy.load()
    let text = "<Doc><Flag>E</Flag><Item><Kind>705</Kind><Model>a</Model></Item><Item><Kind>705</Kind></Item></Doc>"
    let translator = try Schemas.translator()
    let original = try translator.validate(try translator.parse(Array(text.utf8), as: profile), as: profile)
    let there = try translator.write(original, to: profile)
    #expect(there.document.differences(from: original.document) == [])
    #expect(there.problems == [])
    #expect(try #require(there.complement).isEmpty)
  }

  /// The same within a rule's own path, beside a rule for the tested leaf.
  @Test func aLeafTestedOnTheWayIsWrittenOnce() throws {
    let toy = Toy(
      structure: """
        root: Doc
        tree:
          - {name: Flag, card: 1, type: code 1, values: [E, I]}
          - name: Item
            card: 0..9
            children:
              - name: Part
                card: 0..1
                children:
                  - {name: Kind, card: 1, type: code 3, values: ["705", "740"]}
                  - {name: Model, card: 0..1, type: text 20}
        """,
      mapping: """
        direction: {at: Flag, values: {E: EX, I: IM}}
        economy: CN
        rules:
          - group: GoodsItem
            at: Item
            rules:
              - {at: "Part[Kind=705]/Model", element: Commodity.Model}
              - {at: Part/Kind, element: Commodity.Brand}
        """)
    let profile = try toy.load()
    let text = "<Doc><Flag>E</Flag><Item><Part><Kind>705</Kind><Model>a</Model></Part></Item></Doc>"
    let translator = try Schemas.translator()
    let original = try translator.validate(try translator.parse(Array(text.utf8), as: profile), as: profile)
    let there = try translator.write(original, to: profile)
    #expect(there.document.differences(from: original.document) == [])
    #expect(there.problems == [])
  }

  /// The file of a namespace that is written without a prefix has a name, and is found by it.
  @Test func aNamespaceWithoutPrefixHasASchemaFile() throws {
    let toy = Toy(
      structure: """
        root: Doc
        namespaces: [{prefix: d, uri: "urn:d"}, {prefix: "", uri: "urn:plain"}]
        tree:
          - {name: Flag, card: 1, type: code 1, values: [E, I]}
          - {name: Model, ns: "", card: 0..1, type: text 20}
        """,
      mapping: """
        direction: {at: Flag, values: {E: EX, I: IM}}
        economy: CN
        rules: []
        local: [{reason: a remark, at: [Model]}]
        """, rules: "rules: []")
    let files = try toy.load().schemaFiles
    #expect(files.map(\.name) == ["schema.xsd", "schema.n1.xsd"])
    let bytes = [String: [UInt8]](uniqueKeysWithValues: files.map { ($0.name, Array($0.text.utf8)) })
    let schema = try XMLFormat.Schema(compiling: "schema.xsd", files: bytes)
    let text = "<d:Doc xmlns:d='urn:d' xmlns='urn:plain'><d:Flag>E</d:Flag><Model>a</Model></d:Doc>"
    #expect(try XMLFormat.parse(Array(text.utf8), schema: schema).problems == [])
  }
}
