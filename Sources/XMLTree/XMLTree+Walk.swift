internal import CLibXML2
package import Primitives

/// Receives a tree in document order. Names come once each and are numbers from then on.
package protocol XMLTreeSink {
  /// A local name that has not come before: the sink's number for it.
  mutating func symbol(_ name: Span<UInt8>) -> Int32
  /// A namespace URI: the sink's number for it; it may come more than once.
  mutating func namespace(_ uri: String) -> Int32
  /// An element opens. Its attributes come next, then its texts and elements, then `close`.
  ///
  /// - Parameters:
  ///   - namespace: −1 for none.
  ///   - isLeaf: it has no child elements.
  mutating func open(symbol: Int32, namespace: Int32, line: Int, isLeaf: Bool) throws(CausewayError)
  mutating func attribute(symbol: Int32, namespace: Int32, value: Span<UInt8>, line: Int) throws(CausewayError)
  /// A piece of the open element's text; comments may stand between two pieces.
  mutating func text(_ text: Span<UInt8>) throws(CausewayError)
  mutating func close() throws(CausewayError)
}

extension XMLTree {
  /// Walks the whole tree once, without recursion.
  ///
  /// - Throws: what the sink throws, with the pointer and line of the element added.
  /// - Complexity: O(nodes + bytes of text).
  package func walk<Sink: XMLTreeSink>(_ sink: inout Sink) throws(CausewayError) {
    guard let root = xmlDocGetRootElement(document) else { return }
    var names = NameCache()
    var node = root
    var entering = true
    while true {
      do throws(CausewayError) {
        if entering {
          try visit(node, &sink, &names)
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

  private func visit<Sink: XMLTreeSink>(
    _ node: xmlNodePtr, _ sink: inout Sink, _ names: inout NameCache
  ) throws(CausewayError) {
    switch node.pointee.type {
    case XML_ELEMENT_NODE:
      let line = Self.line(of: node)
      var isLeaf = true
      var child = node.pointee.children
      while let current = child, isLeaf {
        isLeaf = current.pointee.type != XML_ELEMENT_NODE
        child = current.pointee.next
      }
      let symbol = names.symbol(node.pointee.name, &sink)
      try sink.open(symbol: symbol, namespace: names.namespace(node.pointee.ns, &sink), line: line, isLeaf: isLeaf)
      var attribute = node.pointee.properties
      while let current = attribute {
        let symbol = names.symbol(current.pointee.name, &sink)
        let namespace = names.namespace(current.pointee.ns, &sink)
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

/// Numbers for names by the address of their bytes: libxml2 keeps each name of a document once, so equal names have equal addresses.
private struct NameCache {
  private var keys = [UInt](repeating: 0, count: 256)
  private var values = [Int32](repeating: 0, count: 256)
  private var used = 0

  mutating func symbol<Sink: XMLTreeSink>(_ name: UnsafePointer<xmlChar>, _ sink: inout Sink) -> Int32 {
    let key = UInt(bitPattern: name)
    if let known = find(key) { return known }
    return insert(key, sink.symbol(UnsafeBufferPointer(cString: name).span))
  }

  mutating func namespace<Sink: XMLTreeSink>(_ namespace: UnsafeMutablePointer<xmlNs>?, _ sink: inout Sink) -> Int32 {
    guard let namespace, let uri = namespace.pointee.href else { return -1 }
    let key = UInt(bitPattern: namespace)
    if let known = find(key) { return known }
    return insert(key, sink.namespace(String(cString: uri)))
  }

  private func slot(_ key: UInt) -> Int {
    let mask = keys.count - 1
    var slot = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
    while keys[slot] != 0, keys[slot] != key { slot = (slot + 1) & mask }
    return slot
  }

  private func find(_ key: UInt) -> Int32? {
    let slot = slot(key)
    return keys[slot] == key ? values[slot] : nil
  }

  private mutating func insert(_ key: UInt, _ value: Int32) -> Int32 {
    if used * 2 >= keys.count {
      let old = zip(keys, values).filter { $0.0 != 0 }
      keys = [UInt](repeating: 0, count: keys.count * 4)
      values = [Int32](repeating: 0, count: keys.count)
      for (key, value) in old {
        let slot = slot(key)
        keys[slot] = key
        values[slot] = value
      }
    }
    let slot = slot(key)
    keys[slot] = key
    values[slot] = value
    used += 1
    return value
  }
}
