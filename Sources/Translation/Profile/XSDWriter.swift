import Formats
import Primitives

/// Writes a structure as XML Schema: `schema.xsd` for the namespace of the root, `schema.<prefix>.xsd` for each other one.
///
/// An element in another namespace than its parent is a group in the file of its own namespace: a local element of a group belongs to the
/// namespace of the file, so that the same name can have one type here and another there.
struct XSDWriter {
  private let structure: Structure
  private let name: String
  private let keepsEmpties: Bool
  /// By namespace: definitions in the order in which they were needed, their names by their text, and the namespaces they refer to.
  private var definitions: [[String]]
  private var names: [[String: String]]
  private var taken: [Set<String>]
  private var imports: [Set<Int>]

  init(_ profile: Profile) {
    structure = profile.structure
    name = profile.name
    keepsEmpties = profile.empties == .keep
    let count = max(profile.structure.namespaces.count, 1)
    definitions = Array(repeating: [], count: count)
    names = Array(repeating: [:], count: count)
    taken = Array(repeating: [], count: count)
    imports = Array(repeating: [], count: count)
  }

  mutating func files() -> [Profile.SchemaFile] {
    let root = element(0, occurs: "", in: 0, 1)
    var files: [Profile.SchemaFile] = []
    for index in definitions.indices {
      let body = (index == 0 ? root : []) + definitions[index]
      guard !body.isEmpty else { continue }
      files.append(.init(name: fileName(index), text: (head(index) + body + ["</xs:schema>", ""]).joined(separator: "\n")))
    }
    return files
  }

  private func fileName(_ namespace: Int) -> String {
    namespace == 0 ? "schema.xsd" : "schema.\(prefix(namespace)).xsd"
  }

  private func head(_ namespace: Int) -> [String] {
    var lines = [
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>", "<!-- Generated from structure.yaml of \(name) by `causeway profiles schema`. -->",
    ]
    var schema = "<xs:schema xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" elementFormDefault=\"qualified\""
    guard !structure.namespaces.isEmpty else { return lines + [schema + ">"] }
    let uri = Self.escaped(structure.namespaces[namespace].uri)
    schema += " targetNamespace=\"\(uri)\" xmlns=\"\(uri)\""
    let imported = imports[namespace].sorted()
    for other in imported { schema += "\n  xmlns:\(prefix(other))=\"\(Self.escaped(structure.namespaces[other].uri))\"" }
    lines.append(schema + ">")
    for other in imported {
      lines.append("  <xs:import namespace=\"\(Self.escaped(structure.namespaces[other].uri))\" schemaLocation=\"\(fileName(other))\"/>")
    }
    return lines
  }

  private func prefix(_ namespace: Int) -> String {
    let prefix = structure.namespaces[namespace].prefix
    return prefix.isEmpty ? "n\(namespace)" : prefix
  }

  // MARK: Elements

  private func occurs(_ node: Int) -> String {
    let entry = structure[node]
    let min = entry.shape == nil && isRequired(node) ? Swift.max(entry.min, 1) : entry.shape == nil ? entry.min : 1
    let low = min == 1 ? "" : " minOccurs=\"\(min)\""
    return low + (entry.max == 1 ? "" : " maxOccurs=\"\(entry.max == .max ? "unbounded" : String(entry.max))\"")
  }

  /// In each document that has the parent; what one direction asks for is not.
  private func isRequired(_ node: Int) -> Bool {
    let entry = structure[node]
    return entry.min > 0 || structure.shape(of: node).map { entry.requiredIn.contains(structure.shapes[$0]) } ?? false
  }

  private mutating func particle(_ node: Int, in file: Int, _ depth: Int) -> [String] {
    let own = max(structure[node].namespace, 0)
    guard own != file else { return element(node, occurs: occurs(node), in: file, depth) }
    let body = ["    <xs:sequence>"] + element(node, occurs: "", in: own, 3) + ["    </xs:sequence>"]
    let group = define("xs:group", structure[node].name, body, in: own)
    imports[file].insert(own)
    return [Self.indent(depth) + "<xs:group ref=\"\(prefix(own)):\(group)\"\(occurs(node))/>"]
  }

  private mutating func element(_ node: Int, occurs: String, in file: Int, _ depth: Int) -> [String] {
    let entry = structure[node]
    let pad = Self.indent(depth)
    let note = annotation(entry, depth + 1)
    let attributes = structure.children(node).filter { structure[$0].isAttribute }
    if entry.isLeaf {
      let type = type(of: node, in: file)
      guard !attributes.isEmpty else {
        let tag = "\(pad)<xs:element name=\"\(entry.name)\" type=\"\(type)\"\(occurs)"
        return note.isEmpty ? [tag + "/>"] : [tag + ">"] + note + ["\(pad)</xs:element>"]
      }
      let inner = attributes.flatMap { attribute($0, in: file, depth + 4) }
      return ["\(pad)<xs:element name=\"\(entry.name)\"\(occurs)>"] + note
        + ["\(pad)  <xs:complexType>", "\(pad)    <xs:simpleContent>", "\(pad)      <xs:extension base=\"\(type)\">"] + inner
        + ["\(pad)      </xs:extension>", "\(pad)    </xs:simpleContent>", "\(pad)  </xs:complexType>", "\(pad)</xs:element>"]
    }
    var lines = ["\(pad)<xs:element name=\"\(entry.name)\"\(occurs)>"] + note + ["\(pad)  <xs:complexType>", "\(pad)    <xs:sequence>"]
    var isInChoice = false
    for child in structure.children(node) where !structure[child].isAttribute {
      if (structure[child].shape != nil) != isInChoice {
        lines.append(isInChoice ? "\(pad)      </xs:choice>" : "\(pad)      <xs:choice>")
        isInChoice.toggle()
      }
      lines += particle(child, in: file, depth + (isInChoice ? 4 : 3))
    }
    if isInChoice { lines.append("\(pad)      </xs:choice>") }
    lines.append("\(pad)    </xs:sequence>")
    for child in attributes { lines += attribute(child, in: file, depth + 2) }
    return lines + ["\(pad)  </xs:complexType>", "\(pad)</xs:element>"]
  }

  private mutating func attribute(_ node: Int, in file: Int, _ depth: Int) -> [String] {
    let pad = Self.indent(depth)
    let use = isRequired(node) ? " use=\"required\"" : ""
    let tag = "\(pad)<xs:attribute name=\"\(structure[node].name)\" type=\"\(type(of: node, in: file))\"\(use)"
    let note = annotation(structure[node], depth + 1)
    return note.isEmpty ? [tag + "/>"] : [tag + ">"] + note + ["\(pad)</xs:attribute>"]
  }

  private func annotation(_ entry: Structure.Node, _ depth: Int) -> [String] {
    let parts = [entry.en, entry.zh, entry.lists.isEmpty ? "" : "code list: \(entry.lists.joined(separator: ", "))"].filter { !$0.isEmpty }
    guard !parts.isEmpty else { return [] }
    let text = Self.escaped(parts.joined(separator: " · "))
    return ["\(Self.indent(depth))<xs:annotation><xs:documentation>\(text)</xs:documentation></xs:annotation>"]
  }

  // MARK: Types

  private mutating func type(of leaf: Int, in file: Int) -> String {
    let entry = structure[leaf]
    guard let type = entry.type else { return "xs:string" }
    var name: String
    if !entry.values.isEmpty {
      let body = ["    <xs:restriction base=\"xs:token\">"] + entry.values.map { "      <xs:enumeration value=\"\(Self.escaped($0))\"/>" }
      name = define("xs:simpleType", entry.name, body + ["    </xs:restriction>"], in: file)
    } else if let pattern = entry.pattern {
      name = define("xs:simpleType", entry.name, Self.restriction("xs:token", pattern: pattern.source, Self.facets(type)), in: file)
    } else {
      let (hint, body) = Self.definition(type)
      name = define("xs:simpleType", hint, body, in: file)
    }
    guard keepsEmpties, !isRequired(leaf) else { return name }
    let empty = define("xs:simpleType", "Empty", Self.restriction("xs:token", pattern: nil, ["maxLength": "0"]), in: file)
    return define("xs:simpleType", name + "OrEmpty", ["    <xs:union memberTypes=\"\(name) \(empty)\"/>"], in: file)
  }

  private mutating func define(_ kind: String, _ hint: String, _ body: [String], in file: Int) -> String {
    let text = kind + "\n" + body.joined(separator: "\n")
    if let known = names[file][text] { return known }
    var name = hint
    var number = 1
    while !taken[file].insert(kind + name).inserted {
      number += 1
      name = "\(hint).\(number)"
    }
    names[file][text] = name
    definitions[file] += ["  <\(kind) name=\"\(name)\">"] + body + ["  </\(kind)>"]
    return name
  }

  private static func restriction(_ base: String, pattern: String?, _ facets: KeyValuePairs<String, String>) -> [String] {
    var lines = ["    <xs:restriction base=\"\(base)\">"]
    if let pattern { lines.append("      <xs:pattern value=\"\(escaped(pattern))\"/>") }
    for (name, value) in facets { lines.append("      <xs:\(name) value=\"\(value)\"/>") }
    return lines + ["    </xs:restriction>"]
  }

  private static func facets(_ type: LeafType) -> KeyValuePairs<String, String> {
    switch type {
    case .text(let limit, _), .id(let limit), .code(let limit), .base64(let limit): ["maxLength": String(limit)]
    default: [:]
    }
  }

  /// Not only white space.
  private static let filled = #"\s*\S[\s\S]*"#
  private static let upperFilled = "\\s*[!-`{-\u{7F}][\\s!-`{-\u{7F}]*"

  private static func definition(_ type: LeafType) -> (String, [String]) {
    switch type {
    case .text(let limit, let isUpper):
      let body = restriction("xs:string", pattern: isUpper ? upperFilled : filled, ["maxLength": String(limit)])
      return ("\(isUpper ? "UpperText" : "Text")\(limit)", body)
    case .id(let limit): return ("Id\(limit)", restriction("xs:token", pattern: nil, ["minLength": "1", "maxLength": String(limit)]))
    case .base64(let limit):
      return ("Base64.\(limit)", restriction("xs:token", pattern: nil, ["minLength": "1", "maxLength": String(limit)]))
    case .code(let limit): return ("Code\(limit)", restriction("xs:token", pattern: #"\S+"#, ["maxLength": String(limit)]))
    case .decimal(let digits, let scale):
      let bound = "1" + String(repeating: "0", count: digits - scale)
      let facets: KeyValuePairs = ["fractionDigits": String(scale), "minExclusive": "-" + bound, "maxExclusive": bound]
      return ("Decimal\(digits).\(scale)", restriction("xs:decimal", pattern: #"-?[0-9]+(\.[0-9]+)?"#, facets))
    case .integer(let digits):
      return ("Integer\(digits)", restriction("xs:nonNegativeInteger", pattern: "[0-9]+", ["totalDigits": String(digits)]))
    case .indicator(let no, let yes):
      let values = [no, yes].map { "      <xs:enumeration value=\"\(escaped($0))\"/>" }
      return ("Indicator.\(no).\(yes)", ["    <xs:restriction base=\"xs:token\">"] + values + ["    </xs:restriction>"])
    case .date(let pattern): return ("Date", restriction("xs:token", pattern: pattern.expression, [:]))
    case .datetime(let pattern): return ("DateTime", restriction("xs:token", pattern: pattern.expression, [:]))
    }
  }

  // MARK: Text

  private static func indent(_ depth: Int) -> String { String(repeating: "  ", count: depth) }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "\u{7F}": result += "&#x7F;"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
