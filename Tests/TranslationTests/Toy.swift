import Declarations
import Primitives
import Testing
import YAMLTree

@testable import Translation

/// A profile small enough to break in one place at a time.
struct Toy {
  var head = "{id: toy, version: '1', economy: CN, syntax: xml, empties: keep, structure: s, mapping: m}"
  var structure = """
    root: Doc
    tree:
      - {name: Flag, card: 1, type: code 1, values: [E, I]}
      - {name: Gross, card: 1, type: decimal 10.3}
      - {name: Note, card: 0..1, type: text 20}
      - {name: Mode, card: 0..1, type: code 1, list: cn-transport-mode}
      - name: Items
        card: 0..1
        children:
          - name: Item
            card: 0..9
            children:
              - {name: No, card: 1, type: integer 3}
              - {name: Code, card: 0..1, type: "code 10"}
    """
  var mapping = """
    direction: {at: Flag, values: {E: EX, I: IM}}
    economy: CN
    rules:
      - {at: Gross, element: Declaration.TotalGrossMassMeasure}
      - {at: Mode, element: BorderTransportMeans.ModeCode, convert: cn-transport-mode-to-rec19}
      - group: GoodsItem
        at: Items/Item
        key: GoodsItem.SequenceNumeric
        rules:
          - {at: No, element: GoodsItem.SequenceNumeric}
          - {at: Code, concat: [{element: Commodity.HS6, length: 6}, {element: Commodity.NationalCode, length: 2..4}]}
    local:
      - {reason: a remark, at: [Note]}
    """
  var rules = "rules: [{kind: max_count, group: GoodsItem, max: 9}]"

  func load(codes: CodeLibrary? = nil) throws -> Profile {
    let library = try Schemas.library.get()
    func parse(_ text: String, _ file: String) throws -> YAMLNode { try YAMLDocument.parse(Array(text.utf8), file: file) }
    return try Profile.make(
      head: parse(head, "profile.yaml"), structure: parse(structure, "structure.yaml"), mapping: parse(mapping, "mapping.yaml"),
      rules: parse(rules, "rules.yaml"), dictionary: library.dictionary, codes: codes ?? library.codes)
  }

  /// Changes one text in one of the files.
  func breaking(_ old: String, _ new: String) throws -> Toy {
    var toy = self
    for path in [\Toy.head, \Toy.structure, \Toy.mapping, \Toy.rules] {
      if let range = toy[keyPath: path].firstRange(of: old) {
        toy[keyPath: path].replaceSubrange(range, with: new)
        return toy
      }
    }
    Issue.record("the toy has no \(old)")
    return toy
  }
}
