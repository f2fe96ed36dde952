internal import JSONTree
internal import Primitives

/// Writes the nodes of a document as JSON, appending to one buffer.
struct JSONDocumentWriter {
  private let document: Document
  private let indent: Bool
  private let emptyArrays: [Int32: [Document.EmptyArray]]
  private var level = 0
  var output: [UInt8] = []

  init(_ document: Document, indent: Bool) {
    self.document = document
    self.indent = indent
    emptyArrays = Dictionary(grouping: document.emptyArrays) { $0.parent.index }
    output.reserveCapacity(document.bytes.count + document.count * 16)
  }

  mutating func value(_ id: Document.NodeID) throws(CausewayError) {
    let node = document.nodes[Int(id.index)]
    let hasMembers = node.firstChild >= 0 || emptyArrays[id.index] != nil
    guard node.textLength < 0 || !hasMembers, node.scalar != .null || !hasMembers, node.scalar != .null || node.textLength <= 0 else {
      throw CausewayError("write.mixed_content", pointer: document.pointer(id))
    }
    if node.scalar == .null {
      output += Array("null".utf8)
    } else if let text = document.utf8(id) {
      try scalar(text, node.scalar, id)
    } else if node.isArray {
      try array(Array(document.children(id)))
    } else {
      try object(id)
    }
  }

  private mutating func scalar(_ text: ArraySlice<UInt8>, _ kind: Document.Scalar, _ id: Document.NodeID) throws(CausewayError) {
    switch kind {
    case .string, .null: string(text)
    case .number:
      guard JSONNumber(lexeme: String(decoding: text, as: UTF8.self)) != nil else {
        throw CausewayError("write.illegal_number", pointer: document.pointer(id))
      }
      output += text
    case .bool:
      guard text.elementsEqual("true".utf8) || text.elementsEqual("false".utf8) else {
        throw CausewayError("write.illegal_number", pointer: document.pointer(id))
      }
      output += text
    }
  }

  private mutating func object(_ id: Document.NodeID) throws(CausewayError) {
    // Members in the order of their first node; an empty array stands behind as many nodes as it did when it was read.
    var members: [(name: String, nodes: [Document.NodeID])] = []
    var places: [Int32: Int] = [:]
    var empty = (emptyArrays[id.index] ?? [])[...]
    for (position, child) in document.children(id).enumerated() {
      while let array = empty.first, array.position <= position {
        members.append((array.name, []))
        empty.removeFirst()
      }
      let symbol = document.nodes[Int(child.index)].symbol
      if let place = places[symbol] {
        members[place].nodes.append(child)
      } else {
        places[symbol] = members.count
        members.append((document.name(child), [child]))
      }
    }
    members += empty.map { ($0.name, []) }

    output.append(0x7B)
    level += 1
    for (index, member) in members.enumerated() {
      if index > 0 { output.append(0x2C) }
      newline()
      string(Array(member.name.utf8)[...])
      output.append(0x3A)
      if indent { output.append(0x20) }
      if member.nodes.count == 1, !document.isArrayElement(member.nodes[0]) {
        try value(member.nodes[0])
      } else {
        try array(member.nodes)
      }
    }
    level -= 1
    if !members.isEmpty { newline() }
    output.append(0x7D)
  }

  private mutating func array(_ elements: [Document.NodeID]) throws(CausewayError) {
    output.append(0x5B)
    level += 1
    for (index, element) in elements.enumerated() {
      if index > 0 { output.append(0x2C) }
      newline()
      try value(element)
    }
    level -= 1
    if !elements.isEmpty { newline() }
    output.append(0x5D)
  }

  private mutating func newline() {
    guard indent else { return }
    output.append(0x0A)
    for _ in 0..<level { output += [0x20, 0x20] }
  }

  /// RFC 8259 §7: quotes, backslashes and control characters are escaped, all else stands as it is.
  private mutating func string(_ text: ArraySlice<UInt8>) {
    output.append(0x22)
    var plain = text.startIndex
    for at in text.indices {
      let byte = text[at]
      guard byte < 0x20 || byte == 0x22 || byte == 0x5C else { continue }
      output += text[plain..<at]
      plain = at + 1
      output.append(0x5C)
      switch byte {
      case 0x22, 0x5C: output.append(byte)
      case 0x08: output.append(0x62)
      case 0x09: output.append(0x74)
      case 0x0A: output.append(0x6E)
      case 0x0C: output.append(0x66)
      case 0x0D: output.append(0x72)
      default: output += Array("u00".utf8) + Array(Hex.encode([byte]).utf8)
      }
    }
    output += text[plain...]
    output.append(0x22)
  }
}
