import Primitives
import YAMLTree

/// A structure that extends another: its own head, tree and types stand in the place of those there, then its changes are made.
struct StructureExtension {
  let own: YAMLNode

  func extending(_ base: YAMLNode) throws(CausewayError) -> YAMLNode {
    try own.allow(["extends", "root", "also", "namespaces", "types", "tree", "en", "zh", "change"])
    var result = base
    for key in ["root", "also", "namespaces", "tree", "en", "zh"] { if let value = own[key] { result = result.setting(key, value) } }
    if let types = own["types"] {
      for type in try types.members() where type.value.isNull && base["types"]?[type.key] == nil {
        throw Extension.refusal(type.value, "the extended structure has no type \(type.key)")
      }
      result = result.setting("types", (base["types"] ?? types.with(.mapping([]))).setting(try types.members()))
    }
    for change in try own["change"]?.list() ?? [] {
      for place in try change.required("at").strings() { result = try changed(result, place, change) }
    }
    return result
  }

  /// - Parameter place: names from a type, or behind `/` from the root; `*` is any name.
  private func changed(_ root: YAMLNode, _ place: String, _ change: YAMLNode) throws(CausewayError) -> YAMLNode {
    var steps = place.split(separator: "/").map(String.init)[...]
    var found = 0
    var result = root
    if place.hasSameBytes(as: "/") {
      result = root.setting("tree", try added(try root.required("tree"), change, &found))
    } else if steps.isEmpty {
      throw Extension.refusal(change, "the place names nothing")
    } else if place.utf8.first == 0x2F {
      result = root.setting("tree", try changed(try root.required("tree"), steps, change, &found))
    } else {
      let type = steps.removeFirst()
      for member in try root["types"]?.members() ?? [] where type == "*" || member.key.hasSameBytes(as: type) {
        let nodes = steps.isEmpty ? try added(member.value, change, &found) : try changed(member.value, steps, change, &found)
        result = result.setting("types", try result.required("types").setting(member.key, nodes))
      }
    }
    try Extension.check(found, change, lacking: "the extended structure has no \(place)")
    return result
  }

  /// A list of nodes with a change made below it.
  private func changed(
    _ list: YAMLNode, _ steps: ArraySlice<String>, _ change: YAMLNode, _ found: inout Int
  ) throws(CausewayError) -> YAMLNode {
    var nodes: [YAMLNode] = []
    for node in try list.list() {
      guard let name = try node["name"]?.string(), let step = steps.first, step == "*" || name.hasSameBytes(as: step) else {
        nodes.append(node)
        continue
      }
      if steps.count > 1 {
        guard let children = node["children"] else {
          nodes.append(node)
          continue
        }
        nodes.append(node.setting("children", try changed(children, steps.dropFirst(), change, &found)))
      } else if try change["remove"]?.flag() ?? false {
        try change.allow(["at", "remove"])
        found += 1
      } else if change["add"] != nil {
        nodes.append(node.setting("children", try added(node["children"] ?? list.with(.sequence([])), change, &found)))
      } else {
        found += 1
        nodes.append(node.setting(try change.members().filter { $0.key != "at" }))
      }
    }
    return list.with(.sequence(nodes))
  }

  /// A list of nodes with others added: at the end, or behind or before one of them.
  private func added(_ list: YAMLNode, _ change: YAMLNode, _ found: inout Int) throws(CausewayError) -> YAMLNode {
    try change.allow(["at", "add", "after", "before"])
    var nodes = try list.list()
    var position = nodes.count
    if let neighbour = change["after"] ?? change["before"] {
      let name = try neighbour.string()
      guard
        let index = nodes.firstIndex(where: {
          if case .scalar(let text)? = $0["name"]?.content { text.hasSameBytes(as: name) } else { false }
        })
      else { throw Extension.refusal(neighbour, "there is no \(name) to stand beside") }
      position = change["after"] != nil ? index + 1 : index
    }
    nodes.insert(contentsOf: try change.required("add").list(), at: position)
    found += 1
    return list.with(.sequence(nodes))
  }
}
