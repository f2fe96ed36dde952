import Primitives

/// The prefixes that the names of a document are written with.
struct XMLPrefixes {
  typealias Declaration = (uri: String, prefix: String)

  /// By number of the namespace in the document: `prefix:`, empty for the default one.
  private(set) var marks: [[UInt8]] = []
  /// As the root declares them: those that are given first, in their order; the rest in the order of first use.
  private(set) var declarations: [Declaration] = []
  /// `xsi:nil` with the document's prefix; empty when nothing is null.
  private(set) var nilName = ""
  /// Prefixes that stand for a namespace.
  private var taken: Set<ByteString>
  /// How many of `ns1`, `ns2` … were tried.
  private var generated = 0

  /// - Parameters:
  ///   - given: the prefixes of some namespaces; "" makes one the default namespace.
  ///   - marksNulls: below the root a null is told by an element, and not by `xsi:nil`.
  /// - Throws: `write.namespace`.
  init(_ document: Document, _ given: [Declaration], marksNulls: Bool) throws(CausewayError) {
    try Self.check(document.namespaces, given)
    let use = Use(document, marksNulls: marksNulls)
    taken = Set(given.map { ByteString($0.prefix) })
    for (index, uri) in document.namespaces.enumerated() {
      if uri.hasSameBytes(as: XMLFormat.xmlNamespace) {
        marks.append(Array("xml:".utf8))
        continue
      }
      let prefix: String
      if let named = given.first(where: { $0.uri.hasSameBytes(as: uri) }) {
        prefix = named.prefix
      } else if uri.hasSameBytes(as: XMLFormat.schemaInstance), taken.insert("xsi").inserted {
        prefix = "xsi"
      } else {
        prefix = freshPrefix()
      }
      if prefix.isEmpty, use.hasPlainElements || use.byAttributes[index] { throw Self.error("default_namespace") }
      declarations.append((uri, prefix))
      marks.append(prefix.isEmpty ? [] : Array("\(prefix):".utf8))
    }
    if use.hasNil { try nameNil(document.namespaces, given) }
    guard declarations.count > 1 else { return }
    let order = given.map { ByteString($0.uri) }
    declarations = declarations.enumerated().sorted { left, right in
      let a = order.firstIndex(of: ByteString(left.element.uri)) ?? order.count + left.offset
      let b = order.firstIndex(of: ByteString(right.element.uri)) ?? order.count + right.offset
      return a < b
    }.map(\.element)
  }

  private static func check(_ namespaces: [String], _ given: [Declaration]) throws(CausewayError) {
    for (index, (uri, prefix)) in given.enumerated() {
      let isFirst = !given[..<index].contains { $0.prefix.hasSameBytes(as: prefix) || $0.uri.hasSameBytes(as: uri) }
      let isPrefix =
        XMLName.isLocal(prefix) && !prefix.hasSameBytes(as: "xmlns")
        && prefix.hasSameBytes(as: "xml") == uri.hasSameBytes(as: XMLFormat.xmlNamespace)
      guard isFirst, !uri.isEmpty, prefix.isEmpty || isPrefix else { throw error("prefixes") }
    }
    // The reader takes no references in namespace names, so the writer makes none.
    for namespace in namespaces {
      let isPlain = namespace.utf8.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 != 0x26 && $0 != 0x3C && $0 != 0x3E }
      guard isPlain else { throw error("name") }
    }
  }

  private mutating func nameNil(_ namespaces: [String], _ given: [Declaration]) throws(CausewayError) {
    let prefix: String
    if let index = namespaces.firstIndex(where: { $0.hasSameBytes(as: XMLFormat.schemaInstance) }) {
      guard !marks[index].isEmpty else { throw Self.error("default_namespace") }
      nilName = String(decoding: marks[index], as: UTF8.self) + "nil"
      return
    } else if let named = given.first(where: { $0.uri.hasSameBytes(as: XMLFormat.schemaInstance) }), !named.prefix.isEmpty {
      prefix = named.prefix
    } else {
      prefix = taken.insert("xsi").inserted ? "xsi" : freshPrefix()
    }
    declarations.append((XMLFormat.schemaInstance, prefix))
    nilName = "\(prefix):nil"
  }

  private mutating func freshPrefix() -> String {
    while true {
      generated += 1
      let prefix = "ns\(generated)"
      if taken.insert(ByteString(prefix)).inserted { return prefix }
    }
  }

  private static func error(_ detail: String) -> CausewayError { CausewayError("write.namespace", facts: ["detail": detail]) }

  /// What of a document prefixes depend on.
  private struct Use {
    /// An element is in no namespace.
    var hasPlainElements = false
    /// By number of the namespace: an attribute is in it.
    var byAttributes: [Bool]
    /// `xsi:nil` is written.
    var hasNil = false

    init(_ document: Document, marksNulls: Bool) {
      byAttributes = Array(repeating: false, count: document.namespaces.count)
      for node in document.nodes {
        if node.kind == .attribute {
          if node.namespace >= 0 { byAttributes[Int(node.namespace)] = true }
        } else {
          if node.namespace < 0 { hasPlainElements = true }
          // The root has no mark: it is null by the attribute in every format.
          if node.scalar == .null, !marksNulls || node.parent < 0 { hasNil = true }
        }
      }
    }
  }
}
