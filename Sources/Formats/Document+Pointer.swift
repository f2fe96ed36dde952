extension Document {
  /// Where a node stands, in the way a sender can follow it in their own document.
  ///
  /// XML, EDIFACT: local names from the root, `[n]` counted from 1 where the parent has several elements of that local name, `@` before an
  /// attribute: `/DecMessage/DecLists/DecList[3]/GQty`. JSON: RFC 6901, array positions from 0: `/items/2/gqty`; the root is "".
  ///
  /// - Complexity: O(depth); the first one of a document O(nodes). Made when it is asked for, not while parsing.
  package func pointer(_ node: NodeID) -> String {
    var steps: [String] = []
    var current = node
    while let parent = parent(current) {
      steps.append(syntax == .json ? jsonStep(current, in: parent) : xmlStep(current))
      current = parent
    }
    if syntax != .json { steps.append(name(current)) }
    return steps.isEmpty ? "" : "/" + steps.reversed().joined(separator: "/")
  }

  private func xmlStep(_ node: NodeID) -> String {
    if kind(node) == .attribute { return "@" + name(node) }
    let place = siblings.place(of: node, in: self)
    return place.count > 1 ? "\(name(node))[\(place.position)]" : name(node)
  }

  private func jsonStep(_ node: NodeID, in parent: NodeID) -> String {
    if isArray(parent) { return String(siblings.place(of: node, in: self).position - 1) }
    let name = Self.escaped(name(node))
    return isArrayElement(node) ? "\(name)/\(siblings.place(of: node, in: self).position - 1)" : name
  }

  /// RFC 6901 §3: `~` and `/` in a member name.
  static func escaped(_ name: String) -> String {
    guard name.utf8.contains(where: { $0 == 0x7E || $0 == 0x2F }) else { return name }
    var bytes: [UInt8] = []
    for byte in name.utf8 {
      switch byte {
      case 0x7E: bytes += [0x7E, 0x30]
      case 0x2F: bytes += [0x7E, 0x31]
      default: bytes.append(byte)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
