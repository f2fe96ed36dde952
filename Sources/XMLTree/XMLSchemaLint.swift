internal import CLibXML2
internal import Primitives

/// Refuses schemas that a sender could use to make validating take very long.
enum XMLSchemaLint {
  /// The most elements that a particle may ask for by number; `unbounded` is always allowed, it needs no counter.
  static let occursLimit = 100_000

  static let limits: XMLLimits = {
    var limits = XMLLimits()
    limits.depth = 128
    return limits
  }()

  /// - Throws: `profile.schema_invalid` when it is not XML, `profile.schema_pattern`, `profile.schema_occurs`, `profile.schema_identity`.
  ///
  /// - Returns: true when the schema has a pattern whose time grows with the square of the text.
  static func check(_ bytes: [UInt8], name: String) throws(CausewayError) -> Bool {
    let tree: XMLTree
    do throws(CausewayError) {
      tree = try XMLTree.parse(bytes, limits: limits)
    } catch {
      throw CausewayError("profile.schema_invalid", line: error.problems[0].line, facts: ["file": name, "detail": error.code.rawValue])
    }
    guard let root = xmlDocGetRootElement(tree.document) else { return false }
    var isQuadratic = false
    var node = root
    while true {
      if node.pointee.type == XML_ELEMENT_NODE {
        if try check(node, name) == .quadratic { isQuadratic = true }
        if let child = node.pointee.children {
          node = child
          continue
        }
      }
      while node != root, node.pointee.next == nil { node = node.pointee.parent }
      if node == root { return isQuadratic }
      node = node.pointee.next
    }
  }

  private static func check(_ node: xmlNodePtr, _ file: String) throws(CausewayError) -> PatternLint.Cost {
    guard let uri = node.pointee.ns?.pointee.href, String(cString: uri).hasSameBytes(as: "http://www.w3.org/2001/XMLSchema") else {
      return .linear
    }
    func refusal(_ code: ErrorCode, _ facts: [String: String]) -> CausewayError {
      CausewayError(code, line: XMLTree.line(of: node), facts: facts.merging(["file": file]) { first, _ in first })
    }
    switch String(cString: node.pointee.name) {
    case "pattern":
      guard let pattern = attribute("value", of: node) else { return .linear }
      let cost = PatternLint.cost(of: pattern)
      if case .refused(let reason) = cost { throw refusal("profile.schema_pattern", ["detail": reason.rawValue]) }
      return cost
    case "key", "unique", "keyref":
      // libxml2 compares each pair of the nodes that such a constraint selects.
      throw refusal("profile.schema_identity", [:])
    default:
      for name in ["minOccurs", "maxOccurs"] {
        guard let text = attribute(name, of: node), !text.hasSameBytes(as: "unbounded") else { continue }
        let digits = text.utf8.allSatisfy { (0x30...0x39).contains($0) || $0 == 0x20 }
        if digits, Int(text.filter { $0 != " " }) ?? Int.max > occursLimit {
          throw refusal("profile.schema_occurs", ["limit": String(occursLimit)])
        }
      }
    }
    return .linear
  }

  private static func attribute(_ name: String, of node: xmlNodePtr) -> String? {
    guard let value = xmlGetNoNsProp(node, name) else { return nil }
    defer { clibxml2_free(value) }
    return String(cString: value)
  }
}
