import Declarations
import Formats
import Primitives
import YAMLTree

/// Reads `structure.yaml`. Collects all problems, each with file, line and reason.
struct StructureLoader {
  private var problems: [Problem] = []
  private var nodes: [Structure.Row] = []
  private var shapes: [String] = []
  private var shapeNodes: [Int] = []
  private var names: [String] = []
  private var numbers: [ByteString: Int32] = [:]
  private var types: [String: YAMLNode] = [:]
  private var namespaces: [Structure.Namespace] = []
  private let root: YAMLNode
  private let syntax: Document.Syntax
  private let find: (String) -> CodeList?

  /// - Parameter lists: finds a code list.
  static func load(_ root: YAMLNode, syntax: Document.Syntax, lists: @escaping (String) -> CodeList?) throws(CausewayError) -> Structure {
    var loader = StructureLoader(root: root, syntax: syntax, find: lists)
    return try loader.run()
  }

  private init(root: YAMLNode, syntax: Document.Syntax, find: @escaping (String) -> CodeList?) {
    self.root = root
    self.syntax = syntax
    self.find = find
  }

  private static let nodeKeys: Set<String> = [
    "name", "ns", "card", "type", "children", "use", "list", "pattern", "values", "en", "zh", "shape", "required_in", "json", "also",
    "repeat",
  ]

  private mutating func run() throws(CausewayError) -> Structure {
    try root.allow(["root", "also", "namespaces", "types", "tree", "en", "zh"])
    for entry in try root["namespaces"]?.list() ?? [] {
      try entry.allow(["prefix", "uri", "accept"])
      namespaces.append(
        .init(
          prefix: try entry["prefix"]?.string() ?? "", uri: try entry.required("uri").string(), accept: try entry["accept"]?.strings() ?? []
        ))
    }
    for member in try root["types"]?.members() ?? [] { types[member.key] = member.value }
    let name = try root.required("root").string()
    let also = try root["also"]?.strings() ?? []
    nodes.append(
      Structure.Row(
        name: name, nameID: intern(name), isAttribute: false, namespace: namespaces.isEmpty ? -1 : 0, parent: -1, end: 0, min: 1, max: 1,
        type: nil,
        lists: [], codes: [], pattern: nil, values: [], en: text(root, "en"), zh: text(root, "zh"), shape: nil, requiredIn: [],
        jsonName: "", jsonNameID: intern(""),
        json: .object, jsonArray: false, also: also, alsoIDs: also.map { intern($0) }, repeatsInPlace: false, place: root.place))
    for child in try root.required("tree").list() { add(child, parent: 0, using: []) }
    nodes[0].end = nodes.count
    // The name of a JSON text beside attributes is known even when no node has it.
    _ = intern(Structure.content)
    checkSiblings()
    guard problems.isEmpty else { throw CausewayError(problems: problems) }
    return Structure(
      file: root.file, namespaces: namespaces, rows: nodes, shapes: shapes, shapeNodes: shapeNodes, vocabulary: Vocabulary(names),
      isEDIFACT: syntax == .edifact)
  }

  private mutating func refuse(_ node: YAMLNode, _ reason: String) {
    problems.append(Problem("profile.structure_invalid", pointer: node.blame.file, line: node.blame.line, facts: ["reason": reason]))
  }

  private mutating func intern(_ name: String) -> Int32 {
    if let known = numbers[ByteString(name)] { return known }
    let id = Int32(names.count)
    names.append(name)
    numbers[ByteString(name)] = id
    return id
  }

  private func text(_ node: YAMLNode, _ key: String) -> String {
    guard case .scalar(let text)? = node[key]?.content else { return "" }
    return text
  }

  private mutating func add(_ node: YAMLNode, parent: Int, using: [String]) {
    do throws(CausewayError) { try place(node, parent: parent, using: using) } catch { problems += error.problems }
  }

  private mutating func place(_ node: YAMLNode, parent: Int, using: [String]) throws(CausewayError) {
    try node.allow(Self.nodeKeys)
    let written = try node.required("name").string()
    let isAttribute = written.utf8.first == 0x40
    let name = isAttribute ? String(written.dropFirst()) : written
    guard !name.isEmpty else { return refuse(node, "the name is empty") }
    // Validation looks for one of what is required, so more than one cannot be asked for.
    guard let (low, high) = Self.cardinality(try node["card"]?.string() ?? "1"), low <= 1 else {
      return refuse(node, "the cardinality of \(written) is not of the form 1, 0..1 or 1..n")
    }
    var type: LeafType?
    if let notation = try node["type"]?.string() {
      type = LeafType(notation)
      if type == nil { return refuse(node, "the type `\(notation)` of \(written) is not known") }
    }
    var pattern: TextPattern?
    if let source = try node["pattern"]?.string() {
      pattern = TextPattern(source)
      if pattern == nil { refuse(node, "the pattern of \(written) is outside the pattern language") }
    }
    let lists = try node["list"]?.strings() ?? []
    for list in lists where find(list) == nil { refuse(node, "the code list \(list) of \(written) is not known") }
    let values = try node["values"]?.strings() ?? []
    if let type { checkTaken(node, written, type, pattern, lists: lists, values: values) }
    var namespace = isAttribute ? -1 : nodes[parent].namespace
    if let prefix = try node["ns"]?.string() {
      guard let index = namespaces.firstIndex(where: { $0.prefix == prefix }) else {
        return refuse(node, "the prefix \(prefix) of \(written) is not declared")
      }
      namespace = index
    }
    let (jsonName, json, isArray) = try json(node, name)
    var shape: Int?
    if let name = try node["shape"]?.string() {
      guard !shapes.contains(name) else { return refuse(node, "the shape \(name) is there already") }
      shape = shapes.count
      shapes.append(name)
      shapeNodes.append(nodes.count)
    }
    let also = try node["also"]?.strings() ?? []
    let index = nodes.count
    let innerList = try node["children"]?.list()
    let use = try node["use"]?.string()
    let hasInner = innerList != nil || use != nil
    if isAttribute, hasInner || type == nil { return refuse(node, "the attribute \(written) needs a type and has no children") }
    if type == nil, !hasInner { return refuse(node, "\(written) has neither a type nor children") }
    nodes.append(
      Structure.Row(
        name: name, nameID: intern(name), isAttribute: isAttribute, namespace: namespace, parent: parent, end: index + 1,
        min: shape == nil ? low : 0, max: high, type: type, lists: lists, codes: lists.compactMap(find), pattern: pattern, values: values,
        en: text(node, "en"), zh: text(node, "zh"),
        shape: shape, requiredIn: try node["required_in"]?.strings() ?? [], jsonName: jsonName, jsonNameID: intern(jsonName), json: json,
        jsonArray: high > 1 || isArray,
        also: also, alsoIDs: also.map { intern($0) }, repeatsInPlace: try node["repeat"]?.flag() ?? false, place: node.blame))
    if let use {
      guard let named = types[use] else { return refuse(node, "the type \(use) is not among `types`") }
      guard !using.contains(use) else { return refuse(node, "the type \(use) contains itself") }
      for child in try named.list() { add(child, parent: index, using: using + [use]) }
    }
    for child in innerList ?? [] { add(child, parent: index, using: using) }
    nodes[index].end = nodes.count
    if type != nil {
      for child in (index + 1)..<max(index + 1, nodes.count) where !nodes[child].isAttribute {
        return refuse(node, "\(written) has a text and child elements")
      }
    }
  }

  /// A fixed value that the type or the pattern does not take, and a list of which they take no code, could never be there.
  private mutating func checkTaken(
    _ node: YAMLNode, _ name: String, _ type: LeafType, _ pattern: TextPattern?, lists: [String], values: [String]
  ) {
    func fits(_ text: String) -> Bool { type.check(Array(text.utf8)[...]) == nil && pattern?.matches(text) ?? true }
    for value in values where !fits(value) { refuse(node, "the value \(value) of \(name) is not of its type or pattern") }
    for list in lists.compactMap(find) where !list.entries.isEmpty && !list.entries.contains(where: { fits($0.code) }) {
      refuse(node, "no code of the list \(list.id) is of the type or pattern of \(name)")
    }
  }

  private func json(_ node: YAMLNode, _ name: String) throws(CausewayError) -> (String, Structure.JSONKind?, Bool) {
    let plain = Self.lowerCamel(name)
    guard let json = node["json"] else { return (plain, nil, false) }
    if case .scalar(let text) = json.content { return (text, nil, false) }
    try json.allow(["name", "type", "array"])
    var kind: Structure.JSONKind?
    if let text = try json["type"]?.string() {
      kind = Structure.JSONKind(rawValue: text)
      if kind == nil { throw json.error("the JSON type \(text) is none of string, number, boolean, object, array") }
    }
    return (try json["name"]?.string() ?? plain, kind, try json["array"]?.flag() ?? false)
  }

  /// `GrossWeightMeasure` → `grossWeightMeasure`, `ID` → `id`, `SPSCertificate` → `spsCertificate`.
  static func lowerCamel(_ name: String) -> String {
    let bytes = Array(name.utf8)
    func isUpper(_ index: Int) -> Bool { index < bytes.count && bytes[index] >= 0x41 && bytes[index] <= 0x5A }
    var result = bytes
    for index in bytes.indices {
      guard isUpper(index), index == 0 || isUpper(index + 1) || index + 1 == bytes.count else { break }
      result[index] += 32
    }
    return String(decoding: result, as: UTF8.self)
  }

  static func cardinality(_ text: String) -> (Int, Int)? {
    if let exact = Int(text), exact > 0 { return (exact, exact) }
    guard let range = text.firstRange(of: ".."), let low = Int(text[..<range.lowerBound]), low >= 0 else { return nil }
    let upper = text[range.upperBound...]
    if upper == "n" { return (low, .max) }
    guard let high = Int(upper), high >= low, high > 0 else { return nil }
    return (low, high)
  }

  private mutating func checkSiblings() {
    var seen: [Int: [(Int32, Bool, Int)]] = [:]
    for node in nodes where node.parent >= 0 {
      let key = (node.nameID, node.isAttribute, node.namespace)
      if seen[node.parent, default: []].contains(where: { $0 == key }) {
        problems.append(
          Problem(
            "profile.structure_invalid", pointer: node.place.file, line: node.place.line,
            facts: ["reason": "\(node.name) stands twice under one parent"]))
      }
      seen[node.parent, default: []].append(key)
    }
    for node in nodes where !node.requiredIn.allSatisfy({ ["import", "export"].contains($0) || shapes.contains($0) }) {
      problems.append(
        Problem(
          "profile.structure_invalid", pointer: node.place.file, line: node.place.line,
          facts: ["reason": "required_in of \(node.name) names no direction or shape"]))
    }
  }
}
