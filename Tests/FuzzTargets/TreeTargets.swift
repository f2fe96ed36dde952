import Formats
import JSONTree
import Primitives
import XMLTree

extension FuzzTarget {
  /// XML: a tree has one canonical form and is read again from it; a document is the same from the tree and from the stream, and is written
  /// and read again as the same.
  static let xml = FuzzTarget("xml", mutation: DocumentMutation.ofXML) { bytes in
    guard let tree = try outcome({ () throws(CausewayError) in try XMLTree.parse(bytes, encodings: TextEncoding.allCases) }) else { return }
    if let canonical = try outcome({ () throws(CausewayError) in try tree.canonical(comments: true) }) {
      let again = try result("canonical form parsed") { () throws(CausewayError) in try XMLTree.parse(canonical) }
      try require(again.elementCount == tree.elementCount, "the canonical form has other elements")
      let twice = try result("canonical form of it") { () throws(CausewayError) in try again.canonical(comments: true) }
      try require(twice == canonical, "the canonical form has another one")
    }
    for mark in [nil, "null"] {
      let options = XMLFormat.Options(nullMark: mark)
      let read = try outcome { () throws(CausewayError) in try XMLFormat.document(of: tree, options: options) }
      let streamed = try outcome { () throws(CausewayError) in
        try XMLFormat.parse(bytes, encodings: TextEncoding.allCases, options: options)
      }
      try require((read == nil) == (streamed == nil), "a document from the tree and none from the stream, or the other way")
      guard let document = read, let streamed else { continue }
      try require(document.isSame(as: streamed), "the stream gives another document")
      for indent in [false, true] {
        let written = try result("written") { () throws(CausewayError) in try XMLFormat.write(document, nullMark: mark, indent: indent) }
        let again = try result("parsed again") { () throws(CausewayError) in try XMLFormat.parse(written, options: options) }
        try require(document.differences(from: again).isEmpty, "read again: \(document.differences(from: again, limit: 3))")
        let twice = try result("written again") { () throws(CausewayError) in
          try XMLFormat.write(again, nullMark: mark, indent: indent)
        }
        try require(twice == written, "written again it differs")
      }
    }
  }

  /// JSON: a value is written and read again as the same value, in each spelling; the same for documents.
  static let json = FuzzTarget("json", mutation: DocumentMutation.ofJSON) { bytes in
    let value = try outcome { () throws(CausewayError) in try JSONValue.parse(bytes) }
    let document = try outcome { () throws(CausewayError) in try JSONFormat.parse(bytes) }
    try require((value == nil) == (document == nil), "a value and no document, or the other way")
    guard let value, let document else { return }
    for pretty in [false, true] {
      let again = try result("parsed again") { () throws(CausewayError) in try JSONValue.parse(value.serialized(pretty: pretty)) }
      try require(again == value, "read again it is another value")
    }
    let canonical = try result("canonical form") { () throws(CausewayError) in try value.canonical() }
    let again = try result("canonical form parsed") { () throws(CausewayError) in try JSONValue.parseCanonical(canonical) }
    try require(
      try result("canonical form of it") { () throws(CausewayError) in try again.canonical() } == canonical, "another canonical form")
    for indent in [false, true] {
      let written = try result("document written") { () throws(CausewayError) in try JSONFormat.write(document, indent: indent) }
      let again = try result("document parsed again") { () throws(CausewayError) in try JSONFormat.parse(written) }
      try require(document.differences(from: again).isEmpty, "read again: \(document.differences(from: again, limit: 3))")
    }
  }

  /// UN/EDIFACT, without a directory and with that of the customs declaration: an interchange is written and read again as the same one,
  /// and the answer to it is itself an interchange without fault.
  static let edifact = FuzzTarget("edifact", mutation: DocumentMutation.ofEDIFACT) { bytes in
    for grammar in [nil, Repository.grammar] {
      let reading = EDIFACTFormat.read(bytes, grammar: grammar)
      try check(reading.findings.map(\.problem))
      try require((reading.document == nil) == !reading.findings.isEmpty, "a document in spite of findings, or neither")
      let stamp = SyntaxReport.Stamp(reference: "1", time: Instant(milliseconds: 1_795_250_700_000))
      if let answer = SyntaxReport.answer(to: reading.envelope, findings: reading.findings, stamp: stamp) {
        let found = EDIFACTFormat.read(answer).findings
        try require(found.isEmpty, "the answer is refused: \(found.first?.code.rawValue ?? "")")
      }
      guard let document = reading.document else { continue }
      let written = try result("written") { () throws(CausewayError) in try EDIFACTFormat.write(document, grammar: grammar) }
      let again = try result("parsed again") { () throws(CausewayError) in try EDIFACTFormat.parse(written, grammar: grammar) }
      try require(document.differences(from: again).isEmpty, "read again: \(document.differences(from: again, limit: 3))")
      let twice = try result("written again") { () throws(CausewayError) in try EDIFACTFormat.write(again, grammar: grammar) }
      try require(twice == written, "written again it differs")
    }
  }
}

extension Document {
  /// Whether both have the same nodes in the same order, each in the same line.
  fileprivate func isSame(as other: Document) -> Bool {
    count == other.count && differences(from: other).isEmpty
      && (0..<Int32(count)).allSatisfy { index in
        let id = NodeID(index: index)
        return name(id) == other.name(id) && line(id) == other.line(id) && parent(id) == other.parent(id) && kind(id) == other.kind(id)
      }
  }
}
