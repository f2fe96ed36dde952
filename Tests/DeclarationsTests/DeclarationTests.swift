import Primitives
import Testing

@testable import Declarations

@Suite struct DeclarationTests {
  let dictionary: ElementDictionary
  init() throws { dictionary = try Repository.dictionary() }

  func index(_ id: String) throws -> ElementIndex { try #require(dictionary[id: id]) }

  func sample(items: Int) throws -> Declaration {
    var declaration = try #require(Declaration(in: dictionary))
    declaration[try index("Declaration.UCR")] = Value("5CN123")
    let (item, number, origin) = (try index("GoodsItem"), try index("GoodsItem.SequenceNumeric"), try index("Origin.CountryCode"))
    for position in 0..<items {
      var group = Group(item)
      group[origin] = Value("CN", received: "CHN")
      group[number] = Value(String(position + 1))
      declaration.root.append(group)
    }
    return declaration
  }

  @Test func valuesAreFoundWhateverTheOrderOfWriting() throws {
    var group = Group(try index("GoodsItem"))
    let leaves = dictionary.children(of: try index("GoodsItem")).filter { !dictionary[$0].isGroup }
    for leaf in leaves.shuffled() { group[leaf] = Value(dictionary[leaf].id) }
    #expect(group.values.map(\.element) == leaves)
    for leaf in leaves { #expect(group[leaf]?.text == dictionary[leaf].id) }
    for leaf in leaves.shuffled() { group[leaf] = nil }
    #expect(group.isEmpty)
    group[leaves[3]] = nil
    #expect(group[leaves[3]] == nil)
  }

  @Test func absenceHasThreeStates() throws {
    var group = Group(try index("GoodsItem"))
    let leaf = try index("Commodity.Brand")
    #expect(group[leaf] == nil)
    group[leaf] = Value("")
    #expect(group[leaf]?.isFilled == false && group[leaf]?.isNull == false)
    group[leaf] = .null()
    #expect(group[leaf]?.isNull == true)
    #expect(!Value("").hasSameContent(as: .null()))
    #expect(group.text(leaf) == nil)
  }

  @Test func valuesCompareAsBytes() {
    #expect(Value("é") != Value("e\u{301}"))
    #expect(!Value("é").hasSameContent(as: Value("e\u{301}")))
    #expect(Value("x", origin: 1).hasSameContent(as: Value("x", origin: 2, received: "y")))
    #expect(Value("x", received: nil) != Value("x", received: ""))
  }

  @Test func pathsAreWrittenAndParsed() throws {
    let item = ElementPath.Step(group: try index("GoodsItem"), position: 2)
    let equipment = ElementPath.Step(group: try index("TransportEquipment"), position: 0)
    let seal = ElementPath.Step(group: try index("Seal"), position: 1)
    let paths: [(ElementPath, String)] = [
      (ElementPath(try index("Origin.CountryCode"), in: [item]), "GoodsItem[3].Origin.CountryCode"),
      (ElementPath(try index("GoodsItem.SequenceNumeric"), in: [item]), "GoodsItem[3].SequenceNumeric"),
      (ElementPath(try index("Seal.ID"), in: [equipment, seal]), "TransportEquipment[1].Seal[2].ID"),
      (ElementPath(try index("Declaration.LRN.Date")), "Declaration.LRN.Date"),
      (ElementPath(try index("GoodsItem"), in: [item]), "GoodsItem[3]"),
    ]
    for (path, text) in paths {
      #expect(path.description(in: dictionary) == text)
      #expect(ElementPath(text, in: dictionary) == path)
    }
    for text in [
      "GoodsItem[0].Origin.CountryCode", "GoodsItem[1]", "GoodsItem[1].", "GoodsItem[1]x", "GoodsItem.Origin.CountryCode",
      "Seal[1].ID", "GoodsItem[1].Seal[1].ID", "GoodsItem[1].Declaration.UCR", "Origin.CountryCode", "Nope", "", "GoodsItem[1",
      "GoodsItem[99999999999999999999].Origin.CountryCode",
    ]
    where text != "GoodsItem[1]" {
      #expect(ElementPath(text, in: dictionary) == nil, "\(text)")
    }
  }

  @Test func everyLeafHasAPathThatReadsBack() throws {
    for element in dictionary.elements(of: "declaration") where !element.isGroup {
      let steps = dictionary.groups(around: element.index).dropFirst().map { ElementPath.Step(group: $0, position: 4) }
      let path = ElementPath(element.index, in: Array(steps))
      #expect(ElementPath(path.description(in: dictionary), in: dictionary) == path, "\(element.id)")
    }
  }

  @Test func walkVisitsEveryValueWithItsPath() throws {
    let declaration = try sample(items: 3)
    var visited: [String] = []
    declaration.walk { path, value in
      visited.append("\(path.description(in: dictionary))=\(value.text)")
      #expect(declaration[path] == value)
    }
    #expect(visited.count == declaration.count)
    #expect(visited.first == "Declaration.UCR=5CN123")
    #expect(visited.last == "GoodsItem[3].Origin.CountryCode=CN")
  }

  @Test func instancesAreChangedInPlaceAndReplaced() throws {
    var declaration = try sample(items: 2)
    let (item, origin) = (try index("GoodsItem"), try index("Origin.CountryCode"))
    declaration.root.modify(item, at: 1) { $0[origin] = Value("MY") }
    #expect(declaration.root.groups(item).map { $0.text(origin) } == ["CN", "MY"])
    #expect(!declaration.root.hasSameContent(as: try sample(items: 2).root))
    declaration.root.setGroups(item, [])
    #expect(declaration.root.count(item) == 0)
    #expect(declaration.count == 1)
  }

  @Test func aDocumentOfAnUnknownKindIsNotMade() {
    #expect(Declaration("voyage", in: dictionary) == nil)
    #expect(Declaration("status", in: dictionary) != nil)
  }
}
