import Primitives
import YAMLTree

/// A mapping that extends another: the other's paths are put below `under`, then its changes are made, then its own rules and its own local
/// places are added.
struct MappingExtension {
  let own: YAMLNode

  func extending(_ base: YAMLNode) throws(CausewayError) -> YAMLNode {
    try own.allow(["extends", "under", "direction", "economy", "shapes", "change", "rules", "local"])
    var result = base
    for key in ["direction", "economy", "shapes"] { if let value = own[key] { result = result.setting(key, value) } }
    if let under = own["under"] { result = try moved(result, under: try under.string()) }
    for change in try own["change"]?.list() ?? [] { result = try changed(result, change) }
    for key in ["rules", "local"] {
      guard let more = own[key] else { continue }
      let list = result[key] ?? more.with(.sequence([]))
      result = result.setting(key, list.with(.sequence(try list.list() + (try more.list()))))
    }
    return result
  }

  // MARK: Below another node

  /// Paths that begin at the document's or the shape's node begin below another one; those that start with `/` stay.
  private func moved(_ root: YAMLNode, under step: String) throws(CausewayError) -> YAMLNode {
    func moved(_ path: YAMLNode) throws(CausewayError) -> YAMLNode {
      if case .sequence(let paths) = path.content {
        var all: [YAMLNode] = []
        for path in paths { all.append(try moved(path)) }
        return path.with(.sequence(all))
      }
      let text = try path.string()
      return text.utf8.first == 0x2F ? path : path.with(.scalar(text == "." ? step : step + "/" + text))
    }
    func each(_ list: YAMLNode, _ keys: [String]) throws(CausewayError) -> YAMLNode {
      var nodes: [YAMLNode] = []
      for var node in try list.list() {
        for key in keys { if let path = node[key] { node = node.setting(key, try moved(path)) } }
        if let unit = node["unit"], let path = unit["at"] { node = node.setting("unit", unit.setting("at", try moved(path))) }
        nodes.append(node)
      }
      return list.with(.sequence(nodes))
    }
    var result = root
    if let rules = root["rules"] { result = result.setting("rules", try each(rules, ["at", "also", "scaledBy"])) }
    if let local = root["local"] { result = result.setting("local", try each(local, ["at"])) }
    return result
  }

  // MARK: Changes

  private func changed(_ root: YAMLNode, _ change: YAMLNode) throws(CausewayError) -> YAMLNode {
    try change.allow(["rule", "local", "set", "remove", "before", "after"])
    var found = 0
    var result = root
    if let selector = change["rule"] {
      result = root.setting("rules", try changed(try root.required("rules"), selector, change, &found))
    } else if let local = change["local"] {
      guard try change.required("remove").flag(), let list = root["local"] else {
        throw Extension.refusal(change, "a local place is removed, or another one is added under `local`")
      }
      result = root.setting("local", try removed(try local.strings(), from: list, &found))
    } else {
      throw Extension.refusal(change, "a change names a rule or a local place")
    }
    try Extension.check(found, change, lacking: "the extended mapping has no such \(change["rule"] == nil ? "place" : "rule")")
    return result
  }

  /// Every rule and group, however deep, that has the values of the selector.
  private func changed(
    _ list: YAMLNode, _ selector: YAMLNode, _ change: YAMLNode, _ found: inout Int
  ) throws(CausewayError) -> YAMLNode {
    let wanted = try selector.members()
    guard !wanted.isEmpty else { throw Extension.refusal(selector, "a change names the rule by what it holds") }
    var nodes: [YAMLNode] = []
    for node in try list.list() {
      var node = node
      if let inner = node["rules"] { node = node.setting("rules", try changed(inner, selector, change, &found)) }
      guard wanted.allSatisfy({ member in node[member.key].map { $0.holdsSame(as: member.value) } ?? false }) else {
        nodes.append(node)
        continue
      }
      found += 1
      nodes += try change["before"]?.list() ?? []
      if try !(change["remove"]?.flag() ?? false) { nodes.append(node.setting(try change["set"]?.members() ?? [])) }
      nodes += try change["after"]?.list() ?? []
    }
    return list.with(.sequence(nodes))
  }

  private func removed(_ paths: [String], from list: YAMLNode, _ found: inout Int) throws(CausewayError) -> YAMLNode {
    var missing = paths
    var entries: [YAMLNode] = []
    for entry in try list.list() {
      let places = try entry.required("at")
      let all = if case .sequence(let nodes) = places.content { nodes } else { [places] }
      var kept: [YAMLNode] = []
      for place in all {
        let text = try place.string()
        if paths.contains(where: { $0.hasSameBytes(as: text) }) {
          missing.removeAll { $0.hasSameBytes(as: text) }
        } else {
          kept.append(place)
        }
      }
      if kept.count == all.count {
        entries.append(entry)
      } else if !kept.isEmpty {
        entries.append(entry.setting("at", places.with(.sequence(kept))))
      }
    }
    if missing.isEmpty { found += 1 }
    return list.with(.sequence(entries))
  }
}
