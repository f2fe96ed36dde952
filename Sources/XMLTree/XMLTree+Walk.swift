internal import CLibXML2
package import Primitives

extension XMLTree {
  /// Walks the whole tree once, without recursion.
  ///
  /// - Throws: what the sink throws, with the pointer and line of the element added.
  /// - Complexity: O(nodes + bytes of text).
  package func walk(_ sink: any XMLTreeSink) throws(CausewayError) {
    guard let root = xmlDocGetRootElement(document) else { return }
    var names = XMLNameCache()
    var node = root
    var entering = true
    while true {
      do throws(CausewayError) {
        if entering {
          try visit(node, sink, &names)
          if node.pointee.type == XML_ELEMENT_NODE, let child = node.pointee.children {
            node = child
            continue
          }
        }
        if node.pointee.type == XML_ELEMENT_NODE { try sink.close() }
      } catch {
        throw located(error, node)
      }
      if node == root { return }
      if let next = node.pointee.next {
        node = next
        entering = true
      } else {
        // A child of an element always has a parent below the root.
        node = node.pointee.parent
        entering = false
      }
    }
  }

  private func visit(_ node: xmlNodePtr, _ sink: any XMLTreeSink, _ names: inout XMLNameCache) throws(CausewayError) {
    switch node.pointee.type {
    case XML_ELEMENT_NODE:
      let line = Self.line(of: node)
      var isLeaf = true
      var child = node.pointee.children
      while let current = child, isLeaf {
        isLeaf = current.pointee.type != XML_ELEMENT_NODE
        child = current.pointee.next
      }
      let symbol = names.symbol(node.pointee.name, sink)
      try sink.open(symbol: symbol, namespace: names.namespace(node.pointee.ns?.pointee.href, sink), line: line, isLeaf: isLeaf)
      var attribute = node.pointee.properties
      while let current = attribute {
        let symbol = names.symbol(current.pointee.name, sink)
        let namespace = names.namespace(current.pointee.ns?.pointee.href, sink)
        let value = UnsafeBufferPointer(cString: current.pointee.children?.pointee.content)
        if let rest = current.pointee.children?.pointee.next {
          try sink.attribute(symbol: symbol, namespace: namespace, value: joined(value, rest).span, line: line)
        } else {
          try sink.attribute(symbol: symbol, namespace: namespace, value: value.span, line: line)
        }
        attribute = current.pointee.next
      }
    case XML_TEXT_NODE, XML_CDATA_SECTION_NODE:
      try sink.text(UnsafeBufferPointer(cString: node.pointee.content).span)
    case XML_COMMENT_NODE:
      break
    default:
      // The pre-scan lets nothing else through; if something else is here, the two disagree about the document.
      throw CausewayError("parse.malformed", facts: ["detail": "node_type"])
    }
  }

  private func joined(_ first: UnsafeBufferPointer<UInt8>, _ rest: xmlNodePtr) -> [UInt8] {
    var value = Array(first)
    var next: xmlNodePtr? = rest
    while let current = next {
      value += UnsafeBufferPointer(cString: current.pointee.content)
      next = current.pointee.next
    }
    return value
  }

  private func located(_ error: CausewayError, _ node: xmlNodePtr) -> CausewayError {
    CausewayError(
      problems: error.problems.map { problem in
        var problem = problem
        problem.pointer = problem.pointer ?? Self.pointer(to: node)
        problem.line = problem.line ?? Self.line(of: node)
        return problem
      })
  }

  // MARK: Places

  /// Line of a node from 1. libxml2 keeps 16 bits in the node and the rest, for long documents, in its neighbours.
  static func line(of node: xmlNodePtr) -> Int {
    let line = Int(node.pointee.line)
    return line < 65_535 ? line : xmlGetLineNo(node)
  }

  /// The node's path in the form of `Document.pointer`: `/DecMessage/DecLists/DecList[3]/GQty`, `…/@unitCode`.
  static func pointer(to node: xmlNodePtr) -> String {
    var steps: [String] = []
    var current: xmlNodePtr? = node
    while let place = current, place.pointee.type != XML_DOCUMENT_NODE {
      if place.pointee.type == XML_ELEMENT_NODE {
        steps.append(step(place))
      } else if place.pointee.type == XML_ATTRIBUTE_NODE {
        steps.append("@" + String(cString: place.pointee.name))
      }
      current = place.pointee.parent
    }
    return "/" + steps.reversed().joined(separator: "/")
  }

  private static func step(_ node: xmlNodePtr) -> String {
    let name = String(cString: node.pointee.name)
    var position = 0
    var count = 0
    var sibling = node.pointee.parent?.pointee.children
    while let current = sibling {
      if current.pointee.type == XML_ELEMENT_NODE, xmlStrEqual(current.pointee.name, node.pointee.name) == 1 {
        count += 1
        if current == node { position = count }
      }
      sibling = current.pointee.next
    }
    return count > 1 ? "\(name)[\(position)]" : name
  }
}

extension UnsafeBufferPointer<UInt8> {
  /// Up to the terminating zero; empty for nil.
  init(cString text: UnsafePointer<xmlChar>?) {
    self.init(start: text, count: text.map { Int(xmlStrlen($0)) } ?? 0)
  }
}
