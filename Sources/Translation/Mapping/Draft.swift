import Declarations
import Formats
import Primitives

/// A document under construction or change: a tree of nodes that know their place in the structure.
///
/// Nodes are added in any order and come out in structure order; instances of one repeated node keep the order in which they were added.
struct Draft {
  struct Node {
    /// Structure node; -1 for a name that the structure does not know.
    let structure: Int32
    let parent: Int32
    /// nil: an element without text.
    var text: String?
    /// What few nodes have.
    private var rest: Rest?
    /// A fixed value: does not keep an optional parent alive.
    var isWeak = false
    /// Stays although it holds nothing.
    var isKept = false
    /// Explicitly null, as long as it has no text and no child element.
    var isNull = false
    /// Holds a constant that tells its parent from the like: there whenever the parent is.
    var isQualifier = false
    var isRemoved = false
    /// The text came from a complement.
    var isRestored = false
    var firstChild: Int32 = -1
    var lastChild: Int32 = -1
    var nextSibling: Int32 = -1
    /// Document node of the source that the text came from.
    var origin: Int32 = -1
    /// Index into `groups`.
    var group: Int32 = -1
    /// Place in the document that `finish` builds.
    var output: Int32 = -1

    init(structure: Int32, parent: Int32) {
      self.structure = structure
      self.parent = parent
    }

    /// XML: white space that is all the content of an element that holds others, as long as none comes.
    var space: String? {
      get { rest?.space }
      set { rest = Rest(space: newValue, name: name, namespace: namespace) }
    }
    /// Another name than the structure's.
    var name: String? {
      get { rest?.name }
      set { rest = Rest(space: space, name: newValue, namespace: namespace) }
    }
    var namespace: String? {
      get { rest?.namespace }
      set { rest = Rest(space: space, name: name, namespace: newValue) }
    }

    private final class Rest: Sendable {
      let space: String?
      let name: String?
      let namespace: String?

      init(space: String?, name: String?, namespace: String?) {
        self.space = space
        self.name = name
        self.namespace = namespace
      }
    }
  }

  let structure: Structure
  let plan: VariantPlan
  var variant: Variant { plan.variant }
  var nodes: [Node]
  /// The group instances that were written, with the plan they were written by.
  var groups: [(plan: GroupPlan, group: Group, instance: Int32)] = []
  /// JSON: what the structure does not know, by the node that stands for it.
  var subtrees: [Int32: Document] = [:]
  /// The URI of each namespace as it is written; empty: none.
  var namespaces: [String]

  init(structure: Structure, plan: VariantPlan) {
    self.structure = structure
    self.plan = plan
    namespaces = structure.namespaces.map(\.uri)
    nodes = [Node(structure: 0, parent: -1)]
    nodes.reserveCapacity(256)
  }

  /// A draft that holds what a document holds.
  init(_ bound: BoundDocument, structure: Structure, plan: VariantPlan) {
    self.init(structure: structure, plan: plan)
    let document = bound.document
    var map = [Int32](repeating: -1, count: document.count)
    map[0] = 0
    var whole: Document.Subtrees?
    if document.syntax == .xml, !document.name(document.root).hasSameBytes(as: structure[0].name) {
      nodes[0].name = document.name(document.root)
    }
    for index in 1..<Int32(max(document.count, 1)) {
      let id = Document.NodeID(index: index)
      let binding = bound.binding[Int(index)]
      guard binding != BoundDocument.content, let parent = document.parent(id), map[Int(parent.index)] >= 0 else { continue }
      let node = append(Int(binding < 0 ? -1 : binding), to: map[Int(parent.index)])
      map[Int(index)] = node
      if binding < 0 || !document.name(id).hasSameBytes(as: structure[Int(binding)].name), document.syntax == .xml || binding < 0 {
        nodes[Int(node)].name = (document.kind(id) == .attribute ? "@" : "") + document.name(id)
        nodes[Int(node)].namespace = document.namespace(id)
      }
      if binding < 0, document.syntax == .json {
        // With all below it, numbers and arrays too.
        let unknown = whole ?? Document.Subtrees(of: document)
        whole = unknown
        subtrees[node] = unknown.subtree(id)
        map[Int(index)] = -1
        nodes[Int(node)].isKept = true
        continue
      }
      if let text = bound.utf8(index).map({ String(decoding: $0, as: UTF8.self) }) {
        if binding < 0 || structure[Int(binding)].isLeaf { nodes[Int(node)].text = text } else { nodes[Int(node)].space = text }
      }
      let hasChild = document.children(id).contains { _ in true }
      if nodes[Int(node)].text == nil, !hasChild { nodes[Int(node)].isKept = true }
      if document.isNull(id) { (nodes[Int(node)].isKept, nodes[Int(node)].isNull) = (true, true) }
    }
    if document.syntax == .xml { namespaces = structure.uris(root: document.namespace(document.root) ?? "") }
  }

  // MARK: Building

  mutating func append(_ structureNode: Int, to parent: Int32) -> Int32 {
    let id = Int32(nodes.count)
    nodes.append(Node(structure: Int32(structureNode), parent: parent))
    let last = nodes[Int(parent)].lastChild
    if last < 0 { nodes[Int(parent)].firstChild = id } else { nodes[Int(last)].nextSibling = id }
    nodes[Int(parent)].lastChild = id
    return id
  }

  /// Adds an instance so that it is the `position`-th (from 1) of its name.
  mutating func insert(_ structureNode: Int, to parent: Int32, at position: Int, name: String? = nil) -> Int32 {
    var previous: Int32 = -1
    var seen = 0
    var child = nodes[Int(parent)].firstChild
    var before: Int32 = -1
    while child >= 0 {
      if isInstance(child, structureNode, name) {
        seen += 1
        if seen == position {
          before = child
          break
        }
      }
      previous = child
      child = nodes[Int(child)].nextSibling
    }
    guard before >= 0 else { return append(structureNode, to: parent) }
    let id = Int32(nodes.count)
    nodes.append(Node(structure: Int32(structureNode), parent: parent))
    nodes[Int(id)].nextSibling = before
    if previous < 0 { nodes[Int(parent)].firstChild = id } else { nodes[Int(previous)].nextSibling = id }
    return id
  }

  /// Puts some children of a parent into a given order, at the end of its children.
  mutating func order(_ sequence: [Int32], under parent: Int32) {
    var all: [Int32] = []
    var child = nodes[Int(parent)].firstChild
    while child >= 0 {
      if !sequence.contains(child) { all.append(child) }
      child = nodes[Int(child)].nextSibling
    }
    all += sequence
    nodes[Int(parent)].firstChild = all.first ?? -1
    nodes[Int(parent)].lastChild = all.last ?? -1
    for (index, child) in all.enumerated() { nodes[Int(child)].nextSibling = index + 1 < all.count ? all[index + 1] : -1 }
  }

  private func isInstance(_ node: Int32, _ structureNode: Int, _ name: String?) -> Bool {
    guard nodes[Int(node)].structure == Int32(structureNode), !nodes[Int(node)].isRemoved else { return false }
    guard structureNode < 0 else { return true }
    return (nodes[Int(node)].name ?? "").hasSameBytes(as: name ?? "")
  }

  func children(_ parent: Int32) -> [Int32] {
    var found: [Int32] = []
    var child = nodes[Int(parent)].firstChild
    while child >= 0 {
      if !nodes[Int(child)].isRemoved { found.append(child) }
      child = nodes[Int(child)].nextSibling
    }
    return found
  }

  func instances(_ structureNode: Int, of parent: Int32, name: String? = nil) -> [Int32] {
    var found: [Int32] = []
    var child = nodes[Int(parent)].firstChild
    while child >= 0 {
      if isInstance(child, structureNode, name) { found.append(child) }
      child = nodes[Int(child)].nextSibling
    }
    return found
  }

  func first(_ structureNode: Int, of parent: Int32) -> Int32 {
    var child = nodes[Int(parent)].firstChild
    while child >= 0 {
      if nodes[Int(child)].structure == Int32(structureNode), !nodes[Int(child)].isRemoved { return child }
      child = nodes[Int(child)].nextSibling
    }
    return -1
  }

  private func textBelow(_ node: Int32, _ path: [Int]) -> String? {
    var current = node
    for step in path {
      current = first(step, of: current)
      guard current >= 0 else { return nil }
    }
    return nodes[Int(current)].text
  }

  func passes(_ node: Int32, _ tests: [Path.Test]) -> Bool {
    tests.allSatisfy { test in
      switch test {
      case .equals(let path, let text): textBelow(node, path).map { $0.hasSameBytes(as: text) } ?? false
      case .differs(let path, let text): !(textBelow(node, path).map { $0.hasSameBytes(as: text) } ?? false)
      case .absent(let path): textBelow(node, path)?.isEmpty ?? true
      case .position: true
      }
    }
  }

  /// Sets the constants that a step's tests ask for.
  mutating func satisfy(_ tests: [Path.Test], at node: Int32) {
    for case .equals(let path, let text) in tests {
      var current = node
      for step in path {
        let found = first(step, of: current)
        current = found >= 0 ? found : append(step, to: current)
        nodes[Int(current)].isQualifier = true
      }
      if nodes[Int(current)].text == nil {
        nodes[Int(current)].text = text
        nodes[Int(current)].isWeak = true
      }
    }
  }

  /// The node of a step under a parent, made when it is missing and may be made; nil: there are as many as may be.
  ///
  /// - Parameter isGrouped: group rules make the instances of this node; a position does not.
  mutating func reach(_ step: Path.Step, from parent: Int32, isGrouped: Bool = false, isNew: Bool = false) -> Int32? {
    if step.tests.isEmpty {
      if !isNew {
        let found = first(step.node, of: parent)
        if found >= 0 { return found }
      }
      return append(step.node, to: parent)
    }
    for case .position(let position) in step.tests {
      let found = instances(step.node, of: parent)
      if position <= found.count { return found[position - 1] }
      return isGrouped ? nil : append(step.node, to: parent)
    }
    let found = instances(step.node, of: parent)
    if let node = found.first(where: { passes($0, step.tests) }) { return node }
    guard found.count < Int(structure.outline[step.node].max) else { return nil }
    let node = append(step.node, to: parent)
    satisfy(step.tests, at: node)
    return node
  }

  /// The node of a step under a parent, or -1.
  func find(_ step: Path.Step, from parent: Int32) -> Int32 {
    if step.tests.isEmpty { return first(step.node, of: parent) }
    let found = instances(step.node, of: parent)
    for case .position(let position) in step.tests { return position <= found.count ? found[position - 1] : -1 }
    return found.first { passes($0, step.tests) } ?? -1
  }

  mutating func remove(_ node: Int32) { nodes[Int(node)].isRemoved = true }

  // MARK: Finishing

  /// Which nodes come out: those with a text, those that hold one, and required ones under those that come out.
  private func living() -> [Bool] {
    var isLiving = [Bool](repeating: false, count: nodes.count)
    // Children have larger numbers than their parents.
    for index in stride(from: nodes.count - 1, through: 0, by: -1) {
      guard !nodes[index].isRemoved else { continue }
      if nodes[index].isKept || (!nodes[index].isWeak && nodes[index].text != nil) { isLiving[index] = true }
      let parent = Int(nodes[index].parent)
      if isLiving[index], parent >= 0 { isLiving[parent] = true }
    }
    isLiving[0] = true
    for index in nodes.indices.dropFirst() {
      if nodes[index].isRemoved || !isLiving[Int(nodes[index].parent)] {
        isLiving[index] = false
      } else if !isLiving[index] {
        let structureNode = Int(nodes[index].structure)
        isLiving[index] =
          nodes[index].text != nil || nodes[index].isQualifier
          || (structureNode >= 0 && plan.requirements.isRequired[structureNode] && !structure.outline[structureNode].isLeaf)
      }
    }
    return isLiving
  }

  /// Adds the required elements (not leaves) that are missing, so that what must stand in them can be asked for and put there.
  private mutating func completeContainers() {
    var index = 0
    let isLiving = living()
    while index < nodes.count {
      let structureNode = Int(nodes[index].structure)
      if structureNode >= 0, index >= isLiving.count || isLiving[index] {
        for child in plan.requirements.containers[structureNode]
        where first(child, of: Int32(index)) < 0 && !isGiven(up: child, under: Int32(index)) {
          let added = append(child, to: Int32(index))
          nodes[Int(added)].isKept = true
        }
      }
      index += 1
    }
  }

  /// Whether a text stands in a node or below it.
  func holdsText(_ node: Int32) -> Bool {
    nodes[Int(node)].text != nil || children(node).contains { holdsText($0) }
  }

  /// Whether an element was there and was taken out: the original of a complement does without it.
  private func isGiven(up structureNode: Int, under parent: Int32) -> Bool {
    var child = nodes[Int(parent)].firstChild
    while child >= 0 {
      if nodes[Int(child)].structure == Int32(structureNode), nodes[Int(child)].isRemoved { return true }
      child = nodes[Int(child)].nextSibling
    }
    return false
  }

  /// Builds the document. Afterwards `output` of each node tells its place there.
  mutating func finish(syntax: Document.Syntax) -> Document {
    completeContainers()
    let isLiving = living()
    var builder = DocumentBuilder(
      syntax: syntax, vocabulary: structure.vocabulary, expectedNodes: nodes.count, expectedText: nodes.count * 12)
    let uris = namespaces.map { syntax == .xml ? builder.namespaceIndex($0) : -1 }
    for index in nodes.indices { nodes[index].output = -1 }
    emit(0, &builder, isLiving, uris, isJSON: syntax == .json)
    return builder.finish()
  }

  /// - Parameter uris: the builder's numbers of the structure's namespaces.
  private mutating func emit(_ index: Int32, _ builder: inout DocumentBuilder, _ isLiving: [Bool], _ uris: [Int32], isJSON: Bool) {
    // Member by member: a node as a whole holds texts that copying would count.
    let structureNode = nodes[Int(index)].structure
    let entry: Structure.Node? = structureNode >= 0 ? structure[Int(structureNode)] : nil
    if isJSON, let subtree = subtrees[index] {
      nodes[Int(index)].output = Int32(builder.count)
      builder.append(subtree, name: nodes[Int(index)].name ?? "")
      return
    }
    var symbol: Int32
    var isAttribute = entry?.isAttribute ?? false
    var namespace: Int32 = -1
    if let entry, isJSON || nodes[Int(index)].name == nil {
      symbol = isJSON ? entry.jsonNameID : entry.nameID
    } else {
      let name = nodes[Int(index)].name ?? ""
      isAttribute = name.utf8.first == 0x40
      symbol = builder.symbol(isAttribute ? String(name.dropFirst()) : name)
    }
    if !isJSON {
      if let own = nodes[Int(index)].namespace {
        namespace = builder.namespaceIndex(own)
      } else if let entry, entry.namespace >= 0 {
        namespace = uris[entry.namespace]
      }
    }
    if !isJSON, isAttribute {
      nodes[Int(index)].output = Int32(builder.count)
      builder.attribute(symbol: symbol, namespace: namespace, utf8: (nodes[Int(index)].text ?? "").utf8, line: 0)
      return
    }
    nodes[Int(index)].output =
      builder.open(symbol: symbol, namespace: namespace, line: 0, inArray: isJSON && (entry?.jsonArray ?? false)).index
    let text = nodes[Int(index)].text
    if nodes[Int(index)].firstChild < 0, !isJSON {
      if let text = text ?? nodes[Int(index)].space { builder.text(text) } else if nodes[Int(index)].isNull { builder.null() }
      builder.close()
      return
    }
    let children = ordered(index, isLiving)
    if isJSON, let entry, let text, entry.json == .object || entry.hasAttributes || !children.isEmpty {
      builder.open(name: Structure.content)
      builder.text(text)
      builder.close()
    } else if let text, !isJSON || children.isEmpty {
      if isJSON || children.isEmpty { builder.text(text, scalar: isJSON ? entry?.jsonScalar ?? .string : .string) }
    }
    // A value that was filled in since wins.
    if nodes[Int(index)].isNull, text == nil, children.allSatisfy({ !isJSON && isAttributeNode($0) }) { builder.null() }
    for child in children { emit(child, &builder, isLiving, uris, isJSON: isJSON) }
    if !isJSON, let text, !children.isEmpty { builder.text(text) }
    if let space = nodes[Int(index)].space, children.allSatisfy(isAttributeNode) { builder.text(space) }
    builder.close()
  }

  /// Living children: attributes first, then structure order; names that the structure does not know at the end.
  private func ordered(_ index: Int32, _ isLiving: [Bool]) -> [Int32] {
    var found: [Int32] = []
    var isOrdered = true
    var last = Int.min
    var child = nodes[Int(index)].firstChild
    while child >= 0 {
      if isLiving[Int(child)] {
        let rank = rank(child)
        if rank < last { isOrdered = false }
        last = rank
        found.append(child)
      }
      child = nodes[Int(child)].nextSibling
    }
    guard !isOrdered else { return found }
    // Rank above position, in one number each: attributes have negative ranks, unknown names the largest.
    let count = structure.count
    var keys = found.indices.map { position in (min(rank(found[position]), count) + count) << 32 | position }
    keys.sort()
    return keys.map { found[$0 & 0xFFFF_FFFF] }
  }

  private func isAttributeNode(_ index: Int32) -> Bool {
    let structureNode = Int(nodes[Int(index)].structure)
    return structureNode >= 0 ? structure.outline[structureNode].isAttribute : nodes[Int(index)].name?.utf8.first == 0x40
  }

  private func rank(_ index: Int32) -> Int {
    let structureNode = Int(nodes[Int(index)].structure)
    guard structureNode >= 0 else { return nodes[Int(index)].name?.utf8.first == 0x40 ? -1 : Int.max }
    return structure.outline[structureNode].isAttribute ? structureNode - structure.count : structureNode
  }
}
