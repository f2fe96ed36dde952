import Declarations
import Formats
import Primitives
import YAMLTree

/// The tree of a format's document: every element and attribute with its cardinality and type. The one source of the profile's schema.
///
/// A flat table in written order (preorder): a node's subtree is `node ..< end`, so a set of slots for a subtree is a plain array.
/// - Invariant: node 0 is the root; a parent comes before its children; attributes come before elements under one parent.
final class Structure: Sendable {
  struct Namespace: Sendable {
    let prefix: String
    /// The one that is written.
    let uri: String
    /// Also read.
    let accept: [String]

    func accepts(_ other: String) -> Bool { uri.hasSameBytes(as: other) || accept.contains { $0.hasSameBytes(as: other) } }
  }

  /// What a node is in the JSON form.
  enum JSONKind: String, Sendable { case string, number, boolean, object, array }

  /// What is asked of every node of every document: numbers in a row, which copy without counting references and lie close together.
  struct Outline: Sendable {
    let nameID: Int32
    let jsonNameID: Int32
    let namespace: Int32
    let parent: Int32
    let end: Int32
    /// `Int32.max`: no limit.
    let max: Int32
    let isAttribute: Bool
    let isLeaf: Bool
    /// The root of one of several shapes.
    let isShape: Bool
    /// Other names are read too.
    let hasOthers: Bool

    init(_ node: Node) {
      nameID = node.nameID
      jsonNameID = node.jsonNameID
      namespace = Int32(node.namespace)
      parent = Int32(node.parent)
      end = Int32(node.end)
      max = Int32(clamping: node.max)
      isAttribute = node.isAttribute
      isLeaf = node.isLeaf
      isShape = node.shape != nil
      hasOthers = !node.alsoIDs.isEmpty
    }

    var isRepeated: Bool { max > 1 }
  }

  /// A class, so that looking at one node copies one reference.
  final class Node: Sendable {
    let name: String
    /// Number of the name among the structure's names.
    let nameID: Int32
    let isAttribute: Bool
    /// The name as paths have it: `@` before an attribute's.
    let step: String
    /// Index into `namespaces`, -1: none.
    let namespace: Int
    let parent: Int
    /// One past the last node of the subtree.
    let end: Int
    let min: Int
    /// `Int.max`: no limit.
    let max: Int
    /// nil: an element that holds others.
    let type: LeafType?
    /// The type as the structure file writes it; empty: it has none.
    let notation: String
    /// Code lists; a text fits when one of them has it.
    let lists: [String]
    let codes: [CodeList]
    /// Any text of the type may stand here.
    let isFree: Bool
    let pattern: TextPattern?
    let values: [String]
    let en: String
    let zh: String
    /// The root of one of several shapes of the document; siblings that are shapes exclude each other.
    let shape: Int?
    /// Directions (`import`, `export`) and shapes in which it is required although `min` is 0.
    let requiredIn: [String]
    let jsonName: String
    let jsonNameID: Int32
    let json: JSONKind?
    /// In JSON an array even when it occurs once.
    let jsonArray: Bool
    /// Other names of the node, of other versions of the format: read, never written.
    let also: [String]
    let alsoIDs: [Int32]
    /// EDIFACT: what repeats stands in one position, behind the repetition character; otherwise each has a position of its own.
    let repeatsInPlace: Bool
    /// Has attributes: a JSON leaf is then an object with `content`.
    let hasAttributes: Bool
    let place: YAMLPlace
    let isLeaf: Bool
    let isRepeated: Bool

    init(_ row: Row, hasAttributes: Bool) {
      name = row.name
      nameID = row.nameID
      isAttribute = row.isAttribute
      step = (row.isAttribute ? "@" : "") + row.name
      namespace = row.namespace
      parent = row.parent
      end = row.end
      min = row.min
      max = row.max
      type = row.type
      notation = row.type?.notation ?? ""
      lists = row.lists
      codes = row.codes
      isFree = row.lists.isEmpty && row.values.isEmpty && row.pattern == nil
      pattern = row.pattern
      values = row.values
      en = row.en
      zh = row.zh
      shape = row.shape
      requiredIn = row.requiredIn
      jsonName = row.jsonName
      jsonNameID = row.jsonNameID
      json = row.json
      jsonArray = row.jsonArray
      also = row.also
      alsoIDs = row.alsoIDs
      repeatsInPlace = row.repeatsInPlace
      place = row.place
      isLeaf = row.type != nil
      isRepeated = row.max > 1
      self.hasAttributes = hasAttributes
    }
  }

  /// A node while the structure is being read.
  struct Row {
    let name: String
    let nameID: Int32
    let isAttribute: Bool
    let namespace: Int
    let parent: Int
    var end: Int
    let min: Int
    let max: Int
    let type: LeafType?
    let lists: [String]
    let codes: [CodeList]
    let pattern: TextPattern?
    let values: [String]
    let en: String
    let zh: String
    let shape: Int?
    let requiredIn: [String]
    let jsonName: String
    let jsonNameID: Int32
    let json: JSONKind?
    let jsonArray: Bool
    let also: [String]
    let alsoIDs: [Int32]
    let repeatsInPlace: Bool
    let place: YAMLPlace
  }

  let file: String
  let namespaces: [Namespace]
  let nodes: [Node]
  /// By node.
  let outline: [Outline]
  /// Names of shapes in the order of the file; empty: the document has one shape.
  let shapes: [String]
  /// Node of each shape.
  let shapeNodes: [Int]
  /// All names, of the JSON form too; numbered as nodes know them.
  let vocabulary: Vocabulary
  /// Number of the name of the JSON member that holds a text.
  let contentID: Int32
  /// EDIFACT: the characters that can be written; nil: all.
  let repertoire: CharacterRepertoire?

  /// By namespace, the URI that its elements have in a document; empty: they are in none. The root says it for all of them: no document is
  /// partly in one namespace and partly in another that would be accepted as well.
  ///
  /// - Parameter uri: of the root; empty: it is in none.
  func uris(root uri: String) -> [String] {
    namespaces.enumerated().map { index, namespace in
      guard nodes[0].namespace >= 0 else { return namespace.uri }
      if uri.isEmpty { return namespace.accepts("") ? "" : namespace.uri }
      return index == nodes[0].namespace ? uri : namespace.uri
    }
  }

  /// The JSON member that holds the text of a leaf with attributes.
  static let content = "content"

  init(
    file: String, namespaces: [Namespace], rows: [Row], shapes: [String], shapeNodes: [Int], vocabulary: Vocabulary, isEDIFACT: Bool
  ) {
    self.file = file
    self.namespaces = namespaces
    var hasAttributes = [Bool](repeating: false, count: rows.count)
    for row in rows where row.isAttribute { hasAttributes[row.parent] = true }
    nodes = rows.enumerated().map { Node($0.element, hasAttributes: hasAttributes[$0.offset]) }
    outline = nodes.map(Outline.init)
    self.shapes = shapes
    self.shapeNodes = shapeNodes
    self.vocabulary = vocabulary
    contentID = vocabulary.number(of: Self.content) ?? -3
    repertoire = isEDIFACT ? Self.repertoire(rows) : nil
  }

  subscript(_ index: Int) -> Node { nodes[index] }
  var count: Int { nodes.count }

  /// Direct children of a node in written order.
  func children(_ node: Int) -> Children { Children(outline: outline, upcoming: node + 1, end: Int(outline[node].end)) }

  struct Children: Sequence, IteratorProtocol {
    let outline: [Outline]
    var upcoming: Int
    let end: Int

    mutating func next() -> Int? {
      guard upcoming < end else { return nil }
      defer { upcoming = Int(outline[upcoming].end) }
      return upcoming
    }
  }

  func child(_ name: String, isAttribute: Bool, of node: Int) -> Int? {
    for child in children(node) where nodes[child].isAttribute == isAttribute && nodes[child].name.hasSameBytes(as: name) {
      return child
    }
    return nil
  }

  /// Names from the root down: `/DecMessage/DecHead/GrossWet`, `…/@unitCode`.
  func path(_ node: Int, from ancestor: Int = -1) -> String {
    var steps: [String] = []
    var current = node
    while current >= 0, current != ancestor {
      steps.append((nodes[current].isAttribute ? "@" : "") + nodes[current].name)
      current = nodes[current].parent
    }
    return (ancestor < 0 ? "/" : "") + steps.reversed().joined(separator: "/")
  }

  /// Whether `node` lies in the subtree of `ancestor` (a node lies in its own).
  func isInside(_ node: Int, _ ancestor: Int) -> Bool { node >= ancestor && node < Int(outline[ancestor].end) }

  /// Whether a node is an attribute of a leaf.
  func isOnLeaf(_ node: Int) -> Bool { outline[node].isAttribute && outline[Int(outline[node].parent)].isLeaf }

  /// The shape that a node belongs to, or nil when it stands outside the shapes.
  func shape(of node: Int) -> Int? { shapeNodes.firstIndex { isInside(node, $0) } }

  /// Why a text cannot stand in a leaf; nil when it can. The text is not empty.
  ///
  /// - Parameter day: `YYYY-MM-DD`, for lists with periods of validity.
  func violation(of leaf: Int, text: ArraySlice<UInt8>, on day: String? = nil) -> Reason? {
    let node = nodes[leaf]
    guard let type = node.type else { return .notOfType }
    if let problem = type.check(text) {
      switch problem.code {
      case "validate.too_long", "validate.too_many_digits": return .tooLong
      case "validate.not_upper_ascii": return .notASCII
      default: return .notOfType
      }
    }
    if let repertoire, !repertoire.holds(text) { return .character }
    return exclusion(from: leaf, text: text, on: day)
  }

  /// Why a text of the leaf's type cannot stand there: fixed values, code lists and pattern; nil when it can.
  func exclusion(from leaf: Int, text: ArraySlice<UInt8>, on day: String? = nil) -> Reason? {
    let node = nodes[leaf]
    guard !node.isFree, let type = node.type else { return nil }
    let string = String(decoding: type.trims ? LeafType.trimmed(text) : text, as: UTF8.self)
    if !node.values.isEmpty, !node.values.contains(where: { $0.hasSameBytes(as: string) }) { return .notListed }
    if !node.lists.isEmpty, !node.codes.contains(where: { $0.accepts(string, on: day) }) { return .notListed }
    if let pattern = node.pattern, !pattern.matches(string) { return .pattern }
    return nil
  }

  /// Which nodes must be there, as tables.
  final class Requirements: Sendable {
    let isRequired: [Bool]
    /// By node: required children that are leaves, and those that are not.
    let leaves: [[Int]]
    let containers: [[Int]]

    init(_ structure: Structure, _ variant: Variant) {
      isRequired = structure.nodes.indices.map { structure.isRequired($0, in: variant) }
      var leaves = [[Int]](repeating: [], count: structure.count)
      var containers = leaves
      for (index, node) in structure.nodes.enumerated() where node.parent >= 0 && isRequired[index] {
        if node.isLeaf { leaves[node.parent].append(index) } else { containers[node.parent].append(index) }
      }
      self.leaves = leaves
      self.containers = containers
    }
  }

  /// Whether the node must be there, in a document of a direction and shape, when its parent is there.
  func isRequired(_ node: Int, in variant: Variant) -> Bool {
    let entry = nodes[node]
    if let shape = entry.shape { return shape == variant.shape }
    if entry.min > 0 { return true }
    guard !entry.requiredIn.isEmpty else { return false }
    if let direction = variant.direction, entry.requiredIn.contains(direction.word) { return true }
    return variant.shape.map { entry.requiredIn.contains(shapes[$0]) } ?? false
  }
}

extension Structure.Node {
  /// Whether the node is written or read by a name.
  func goes(by name: String) -> Bool { self.name.hasSameBytes(as: name) || also.contains { $0.hasSameBytes(as: name) } }

  /// A leaf whose value is an object with `content`.
  var isJSONObject: Bool { json == .object || hasAttributes }

  /// How a plain leaf's text is written in JSON; `content` is always a string, so that a number keeps its scale.
  var jsonScalar: Document.Scalar {
    switch json {
    case .string?: return .string
    case .number?: return .number
    case .boolean?: return .bool
    case .object?, .array?, nil:
      switch type {
      case .decimal, .integer: return .number
      case .indicator("false", "true"): return .bool
      default: return .string
      }
    }
  }
}

/// Which side of the border a declaration is made on.
package enum Direction: String, Sendable, CaseIterable {
  case export = "EX"
  case `import` = "IM"

  var word: String { self == .export ? "export" : "import" }
  package var mirrored: Direction { self == .export ? .import : .export }
}

/// Direction and shape of a document; chosen before anything is mapped.
struct Variant: Hashable, Sendable {
  /// nil: documents of the kind have none.
  let direction: Direction?
  /// Index into `Structure.shapes`; nil: the format has one shape.
  let shape: Int?
}
