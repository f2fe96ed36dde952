import Declarations
import JSONTree
import Primitives
import Testing
import YAMLTree

@testable import Translation

/// A structure or a mapping that says how it differs from another one.
@Suite struct ExtensionTests {
  private static let structure = """
    root: Doc
    types:
      Party:
        - {name: Name, card: 1, type: text 70}
        - {name: Code, card: 0..1, type: id 10}
      Old:
        - {name: Code, card: 0..1, type: id 10}
    tree:
      - {name: Flag, card: 1, type: code 1, values: [E, I]}
      - name: Buyer
        card: 0..1
        use: Party
      - name: Box
        card: 0..1
        children:
          - {name: A, card: 1, type: text 5}
          - {name: B, card: 1, type: text 5}
    """

  private static let mapping = """
    direction: {at: Flag, values: {E: EX, I: IM}}
    economy: CN
    rules:
      - {at: Flag, const: E, direction: export}
      - {at: Mass, element: M, unit: {at: Unit, write: KGM}}
      - group: GoodsItem
        at: Items/Item
        rules:
          - {at: Code, element: C, convert: [a, b]}
          - {at: Text, element: T, convert: [a, b]}
    local:
      - {reason: one, at: [X, Y]}
      - {reason: two, at: Z}
    """

  private static func node(_ text: String, _ file: String) throws(CausewayError) -> YAMLNode {
    try YAMLDocument.parse(Array(text.utf8), file: file)
  }

  /// `text` beside the base, which it extends as `../base/s.yaml`.
  private static func resolved(_ text: String, _ part: Extension.Part) throws -> YAMLNode {
    try Extension.resolved(try node("extends: ../base/s.yaml\n" + text, "own/s.yaml"), part) { path throws(CausewayError) in
      guard path.hasSameBytes(as: "base/s.yaml") else { throw CausewayError("config.file_missing", pointer: path) }
      return try node(part == .structure ? structure : mapping, path)
    }
  }

  private static func same(_ text: String, _ expected: String, _ part: Extension.Part) throws {
    let found = try resolved(text, part)
    #expect(found.holdsSame(as: try node(expected, "expected.yaml")), "\(found)")
  }

  // MARK: Structures

  @Test(arguments: [
    ("", "", ""),
    ("root: Other", "root: Doc", "root: Other"),
    ("types: {Old: ~}", "  Old:\n    - {name: Code, card: 0..1, type: id 10}\n", ""),
    (
      "types: {Old: [{name: New, card: 1, type: id 1}]}", "- {name: Code, card: 0..1, type: id 10}\ntree",
      "- {name: New, card: 1, type: id 1}\ntree"
    ),
    ("types: {More: [{name: New, card: 1, type: id 1}]}", "tree:", "  More: [{name: New, card: 1, type: id 1}]\ntree:"),
    ("tree: [{name: Only, card: 1, type: id 1}]", "TREE", "tree: [{name: Only, card: 1, type: id 1}]"),
    ("change: [{at: Party/Name, type: text 35}]", "type: text 70", "type: text 35"),
    ("change: [{at: Party/Name, type: text 35, en: Name}]", "type: text 70", "en: Name, type: text 35"),
    ("change: [{at: \"*/Code\", card: 1}]", "0..1, type: id 10", "1, type: id 10"),
    ("change: [{at: /Flag, values: ~}]", ", values: [E, I]", ""),
    ("change: [{at: [/Box/A, /Box/B], type: text 9}]", "type: text 5", "type: text 9"),
    ("change: [{at: /Box/A, remove: true}]", "      - {name: A, card: 1, type: text 5}\n", ""),
    ("change: [{at: /Box, add: [{name: C, card: 1, type: id 1}]}]", "text 5}\nEND", "text 5}\n      - {name: C, card: 1, type: id 1}"),
    (
      "change: [{at: /Box, after: A, add: [{name: C, card: 1, type: id 1}]}]", "      - {name: B",
      "      - {name: C, card: 1, type: id 1}\n      - {name: B"
    ),
    (
      "change: [{at: /Box, before: A, add: [{name: C, card: 1, type: id 1}]}]", "      - {name: A",
      "      - {name: C, card: 1, type: id 1}\n      - {name: A"
    ),
    ("change: [{at: /, before: Flag, add: [{name: C, card: 1, type: id 1}]}]", "tree:\n", "tree:\n  - {name: C, card: 1, type: id 1}\n"),
    (
      "change: [{at: Party, after: Name, add: [{name: C, card: 1, type: id 1}]}]", "text 70}\n",
      "text 70}\n    - {name: C, card: 1, type: id 1}\n"
    ),
  ])
  func aStructureIsWhatACopyWithTheChangesWouldBe(_ text: String, _ old: String, _ new: String) throws {
    var expected = Self.structure + "\nEND"
    if old == "TREE" {
      expected = String(expected[..<(try #require(expected.firstRange(of: "tree:"))).lowerBound]) + new
    } else if !old.isEmpty {
      #expect(expected.contains(old))
      expected = expected.replacing(old, with: new)
    }
    try Self.same(text, expected.replacing("\nEND", with: ""), .structure)
  }

  // MARK: Mappings

  @Test(
    arguments: [
      ("", []),
      ("economy: SG", [("economy: CN", "economy: SG")]),
      (
        "under: D",
        [
          ("at: Flag, const", "at: D/Flag, const"), ("at: Mass", "at: D/Mass"), ("at: Unit", "at: D/Unit"), ("at: Items", "at: D/Items"),
          ("[X, Y]", "[D/X, D/Y]"), ("at: Z", "at: D/Z"),
        ]
      ),
      ("change: [{rule: {at: Flag}, set: {const: I, direction: ~}}]", [("const: E, direction: export", "const: I")]),
      ("change: [{rule: {convert: [a, b]}, set: {convert: [b]}}]", [("[a, b]", "[b]")]),
      ("change: [{rule: {at: Code}, set: {at: Kind}}]", [("at: Code", "at: Kind")]),
      ("change: [{rule: {group: GoodsItem}, set: {at: Goods}}]", [("at: Items/Item", "at: Goods")]),
      ("change: [{rule: {at: Code}, remove: true}]", [("      - {at: Code, element: C, convert: [a, b]}\n", "")]),
      (
        "change: [{rule: {at: Text}, before: [{at: N, element: N}]}]",
        [("      - {at: Text", "      - {at: N, element: N}\n      - {at: Text")]
      ),
      (
        "change: [{rule: {at: Code}, after: [{at: N, element: N}]}]",
        [("      - {at: Text", "      - {at: N, element: N}\n      - {at: Text")]
      ),
      ("rules: [{at: N, element: N}]", [("local:", "  - {at: N, element: N}\nlocal:")]),
      ("change: [{local: [Y, Z], remove: true}]", [("[X, Y]", "[X]"), ("  - {reason: two, at: Z}", "")]),
      ("local: [{reason: three, at: [W]}]", [("at: Z}", "at: Z}\n  - {reason: three, at: [W]}")]),
    ] as [(String, [(String, String)])])
  func aMappingIsWhatACopyWithTheChangesWouldBe(_ text: String, _ edits: [(String, String)]) throws {
    var expected = Self.mapping
    for (old, new) in edits {
      #expect(expected.contains(old), "\(old)")
      expected = expected.replacing(old, with: new)
    }
    try Self.same(text, expected, .mapping)
  }

  // MARK: What is refused

  @Test(arguments: [
    ("types: {Odd: ~}", "no type Odd", 2),
    ("change:\n  - {at: /Box/C, type: text 9}", "has no /Box/C", 3),
    ("change:\n  - {at: Party/Box, type: text 9}", "has no Party/Box", 3),
    ("change:\n  - {at: /Box, after: Z, add: []}", "no Z to stand beside", 3),
    ("change:\n  - {at: \"\", type: text 9}", "names nothing", 3),
    ("change:\n  - {at: [/Box/A, /Box/C], remove: true}", "has no /Box/C", 3),
    ("change:\n  - {at: /Box/A, remove: true, type: text 9}", "the key type is not known here", 3),
    ("change:\n  - {type: text 9}", "at is missing", 3),
    ("rules: []", "the key rules is not known here", 2),
  ])
  func aBadExtensionOfAStructureIsRefused(_ text: String, _ reason: String, _ line: Int) throws {
    let found = problems { _ = try Self.resolved(text, .structure) }
    #expect(found.count == 1 && found.first?.pointer == "own/s.yaml" && found.first?.line == line, "\(found)")
    #expect(found.first?.facts["reason"]?.contains(reason) ?? false, "\(found)")
  }

  @Test(arguments: [
    ("change:\n  - {rule: {at: Nowhere}, remove: true}", "no such rule", 3),
    ("change:\n  - {rule: {at: Code, element: T}, remove: true}", "no such rule", 3),
    ("change:\n  - {rule: {}, remove: true}", "by what it holds", 3),
    ("change:\n  - {local: [W], remove: true}", "no such place", 3),
    ("change:\n  - {local: [X]}", "remove is missing", 3),
    ("change:\n  - {set: {at: X}}", "names a rule or a local place", 3),
    ("tree: []", "the key tree is not known here", 2),
  ])
  func aBadExtensionOfAMappingIsRefused(_ text: String, _ reason: String, _ line: Int) throws {
    let found = problems { _ = try Self.resolved(text, .mapping) }
    #expect(found.count == 1 && found.first?.pointer == "own/s.yaml" && found.first?.line == line, "\(found)")
    #expect(found.first?.facts["reason"]?.contains(reason) ?? false, "\(found)")
  }

  /// Each change doubles the rules that the next one finds.
  @Test func changesThatGrowWithoutEndAreRefused() throws {
    let change = "  - {rule: {at: Code}, after: [{at: Code, element: C}]}\n"
    func text(_ count: Int) -> String { "change:\n" + String(repeating: change, count: count) }
    _ = try Self.resolved(text(10), .mapping)
    let found = problems { _ = try Self.resolved(text(60), .mapping) }
    #expect(found.first?.facts["reason"]?.contains("more than 10000 places") ?? false && (found.first?.line ?? 99) < 20, "\(found)")
  }

  @Test func filesThatExtendEachOtherAreRefused() throws {
    let text = "extends: ../own/s.yaml\n"
    let found = problems {
      _ = try Extension.resolved(try Self.node(text, "own/s.yaml"), .mapping) { path throws(CausewayError) in try Self.node(text, path) }
    }
    #expect(found.first?.code == "profile.extension_invalid" && found.first?.facts["reason"]?.contains("extend each other") ?? false)
    #expect(
      problems { _ = try Extension.resolved(try Self.node("extends: s.yaml", "no/m.yaml"), .mapping) }.first?.code == "config.file_missing")
  }

  // MARK: Where a mistake is told

  /// What is wrong with the result is told of the file that says it.
  @Test func aMistakeIsToldOfTheFileThatMakesIt() throws {
    let toy = Toy()
    func problem(structure: String = "", mapping: String = "") throws -> Problem? {
      func part(_ own: String, _ base: String, _ name: String, _ part: Extension.Part) throws -> YAMLNode {
        try Extension.resolved(try Self.node("extends: \(name)\n" + own, "own/\(name)"), part) { _ throws(CausewayError) in
          try Self.node(base, "base/\(name)")
        }
      }
      let library = try Schemas.library.get()
      let found = problems {
        _ = try Profile.make(
          head: try Self.node(toy.head, "profile.yaml"), structure: try part(structure, toy.structure, "structure.yaml", .structure),
          mapping: try part(mapping, toy.mapping, "mapping.yaml", .mapping), rules: nil, dictionary: library.dictionary,
          codes: library.codes)
      }
      return found.first
    }
    #expect(try problem() == nil)
    // The change itself.
    var found = try problem(structure: "change:\n  - at: /Gross\n    type: text x")
    #expect(found?.pointer == "own/structure.yaml" && found?.line == 4)
    found = try problem(structure: "change:\n  - {at: /Gross, tyep: text 5}")
    #expect(found?.pointer == "own/structure.yaml" && found?.line == 3)
    found = try problem(mapping: "change:\n  - {rule: {at: Gross}, set: {at: Net}}\nlocal:\n  - {reason: x, at: [Gross]}")
    #expect(found?.pointer == "own/mapping.yaml" && found?.line == 3)
    found = try problem(mapping: "rules:\n  - {at: Nowhere, element: Declaration.UCR}")
    #expect(found?.pointer == "own/mapping.yaml" && found?.line == 3)
    // What is as it was, and does not fit any more.
    found = try problem(structure: "change:\n  - {at: /Mode, remove: true}")
    #expect(found?.pointer == "base/mapping.yaml" && found?.line == 5)
    // A place of the other file that has no rule any more.
    found = try problem(mapping: "change:\n  - {rule: {at: Mode}, remove: true}")
    #expect(found?.pointer == "base/structure.yaml" && found?.line == 6)
    // Two rules for one place, one of each file: lines alone do not tell them apart.
    found = try problem(mapping: "rules:\n\n\n  - {at: Gross, element: Declaration.TotalNetMassMeasure}")
    #expect(found?.facts["reason"]?.contains("the rule of base/mapping.yaml:4 writes the same place") ?? false)
  }

  // MARK: What is shipped

  @Test func anAmendmentIsExplainedByTheRulesOfTheDeclaration() throws {
    let translator = try Schemas.translator()
    let valid = try translator.valid(try Schemas.sample("sg.tradenet.update/4.1/samples/amend-outward.xml"), "sg.tradenet.update")
    let there = try translator.write(valid, to: try translator.profile("uncefact.xml"))
    let known = try #require(try there.explanations(of: "Declaration.LRN", from: valid).first?.source?.rule)
    #expect(known.hasPrefix("sg.tradenet/4.1/mapping.yaml:"))
    let own = try #require(try there.explanations(of: "Declaration.ID", from: valid).first?.source?.rule)
    #expect(own.hasPrefix("mapping.yaml:"))
  }
}
