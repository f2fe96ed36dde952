import Formats
import Foundation
import Primitives
import YAMLTree

@testable import Translation

/// What a format requires and a document does not have, found a second time and on another way than the supplement builder's: `structure.yaml`
/// read as YAML, and the document walked along it by names.
///
/// Knows nothing of plans, bindings and drafts. For XML and JSON; names of siblings are told apart without their namespaces.
struct RequiredLeaves: Sendable {
  /// A place that waits for a value: the element of the document that has to hold it, and the names from there.
  struct Place: Hashable, CustomStringConvertible {
    let parent: String
    let names: [String]
    var description: String { parent + "//" + names.joined(separator: "/") }
  }

  private struct Node: Sendable {
    /// As in the structure: `@name` for an attribute.
    let name: String
    let json: String
    let isLeaf: Bool
    let least: Int
    let most: Int
    let shape: String?
    let requiredIn: [String]
    let children: [Node]

    var isAttribute: Bool { name.utf8.first == 0x40 }
  }

  private let root: [Node]

  /// - Parameter file: a `structure.yaml`.
  init(file: String) throws {
    let yaml = try Extension.resolved(try YAMLDocument.load(file), .structure)
    let types = try yaml["types"]?.members() ?? []
    func read(_ node: YAMLNode) throws -> Node {
      let name = try node.required("name").string()
      var inner = try node["children"]?.list() ?? []
      if let use = try node["use"]?.string() {
        inner = try (types.first { $0.key.utf8.elementsEqual(use.utf8) }?.value.list() ?? []) + inner
      }
      let card = try node["card"]?.string() ?? "1"
      let bounds = card.split(separator: ".").map(String.init)
      var json = Self.lowerCamel(name.replacing("@", with: ""))
      if let own = node["json"] { json = try (try? own.string()) ?? own["name"]?.string() ?? json }
      return Node(
        name: name, json: json, isLeaf: node["type"] != nil, least: Int(bounds.first ?? "") ?? 1, most: Int(bounds.last ?? "") ?? .max,
        shape: try node["shape"]?.string(), requiredIn: try node["required_in"]?.strings() ?? [], children: try inner.map { try read($0) })
    }
    root = try yaml.required("tree").list().map { try read($0) }
  }

  /// `GrossWeightMeasure` → `grossWeightMeasure`, `ID` → `id`, `SPSCertificate` → `spsCertificate`.
  private static func lowerCamel(_ name: String) -> String {
    let head = name.prefix { $0.isUppercase }
    let rest = name.dropFirst(head.count)
    if head.count > 1, rest.first?.isLowercase ?? false { return head.dropLast().lowercased() + head.suffix(1) + rest }
    return head.lowercased() + rest
  }

  // MARK: What a document lacks

  /// - Parameter direction: `import` or `export`.
  /// - Returns: every required leaf that has no value, in the document's shape, below elements that are there or required.
  func missing(in document: Document, direction: String) -> Set<Place> {
    var found: Set<Place> = []
    let kinds = Set([direction] + shapes(root, document.root, document))
    visit(root, document.root, document, kinds, &found)
    return found
  }

  private func visit(_ children: [Node], _ parent: Document.NodeID, _ document: Document, _ kinds: Set<String>, _ found: inout Set<Place>) {
    for child in children {
      let there = instances(child, parent, document)
      let isRequired = Self.isRequired(child, kinds)
      guard child.isLeaf else {
        for instance in there { visit(child.children, instance, document, kinds, &found) }
        if there.isEmpty, isRequired { absent(child.children, document.pointer(parent), [child.name], kinds, &found) }
        continue
      }
      if isRequired, !there.contains(where: { isFilled($0, document) }) {
        found.insert(Place(parent: document.pointer(parent), names: [child.name]))
      }
      if there.isEmpty, isRequired { absent(child.children, document.pointer(parent), [child.name], kinds, &found) }
      for instance in there { visit(child.children, instance, document, kinds, &found) }
    }
  }

  /// Below an element that has to be there and is not.
  private func absent(_ children: [Node], _ parent: String, _ names: [String], _ kinds: Set<String>, _ found: inout Set<Place>) {
    for child in children where Self.isRequired(child, kinds) {
      if child.isLeaf { found.insert(Place(parent: parent, names: names + [child.name])) }
      absent(child.children, parent, names + [child.name], kinds, &found)
    }
  }

  private static func isRequired(_ node: Node, _ kinds: Set<String>) -> Bool {
    if let shape = node.shape { return kinds.contains(shape) }
    return node.least > 0 || node.requiredIn.contains(where: kinds.contains)
  }

  /// The shapes whose elements are there, at whatever depth.
  private func shapes(_ children: [Node], _ parent: Document.NodeID, _ document: Document) -> [String] {
    children.flatMap { child in
      let there = instances(child, parent, document)
      return (there.isEmpty ? [] : child.shape.map { [$0] } ?? []) + there.flatMap { shapes(child.children, $0, document) }
    }
  }

  private func instances(_ node: Node, _ parent: Document.NodeID, _ document: Document) -> [Document.NodeID] {
    if document.syntax == .json { return document.children(parent, named: node.json) }
    guard node.isAttribute else { return document.children(parent, named: node.name) }
    return document.attribute(String(node.name.dropFirst()), of: parent).map { [$0] } ?? []
  }

  private func text(_ node: Document.NodeID, _ document: Document) -> String? {
    document.text(node) ?? (document.syntax == .json ? document.first("content", of: node).flatMap(document.text) : nil)
  }

  private func isFilled(_ node: Document.NodeID, _ document: Document) -> Bool {
    text(node, document)?.contains { !$0.isWhitespace } ?? false
  }

  // MARK: Where a keyed path leads

  /// The place that a path of a supplement item names; nil: it names none, or more than one.
  func place(_ path: String, in document: Document) -> Place? {
    var children = root
    var node = document.root
    let steps = path.matches(of: #/([^\/\[]+)(?:\[([^\]]*)\])?(?:\/|$)/#).map { (String($0.1), $0.2.map(String.init)) }
    for (index, (name, selector)) in steps.enumerated() {
      guard let kind = children.first(where: { $0.name.utf8.elementsEqual(name.utf8) }) else { return nil }
      let there = instances(kind, node, document)
      let isLast = index + 1 == steps.count
      if isLast || there.isEmpty {
        guard there.isEmpty || there.allSatisfy({ !isFilled($0, document) }) else { return nil }
        return Place(parent: document.pointer(node), names: steps[index...].map(\.0))
      }
      guard let chosen = choose(selector, there, kind, document) else { return nil }
      node = chosen
      children = kind.children
    }
    return nil
  }

  private func choose(_ selector: String?, _ there: [Document.NodeID], _ kind: Node, _ document: Document) -> Document.NodeID? {
    guard let selector else { return there.count == 1 ? there[0] : nil }
    guard let equals = selector.firstIndex(of: "=") else {
      return Int(selector).flatMap { there.indices.contains($0 - 1) ? there[$0 - 1] : nil }
    }
    let wanted = selector[selector.index(after: equals)...].replacing("%2F", with: "/").replacing("%5B", with: "[").replacing(
      "%5D", with: "]"
    ).replacing(
      "%25", with: "%")
    let names = selector[..<equals].split(separator: "/").map(String.init)
    let same = there.filter { instance in
      var node = instance
      var children = kind.children
      for name in names {
        guard let next = children.first(where: { $0.name.utf8.elementsEqual(name.utf8) }), let down = instances(next, node, document).first
        else { return false }
        (node, children) = (down, next.children)
      }
      return text(node, document).map { $0.utf8.elementsEqual(wanted.utf8) } ?? false
    }
    return same.count == 1 ? same[0] : nil
  }
}
