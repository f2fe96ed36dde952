import CLibXML2
import Primitives

/// libxml2 as it is, without limits, checks or a tree of our own: the floor of reading, checking and writing XML.
enum RawXML {
  /// Parses into libxml2's tree and frees it.
  static func parseAndFree(_ bytes: [UInt8]) throws(CausewayError) { consume(try Tree(bytes)) }

  /// A parsed tree.
  final class Tree {
    let pointer: xmlDocPtr

    init(_ bytes: [UInt8]) throws(CausewayError) {
      let options = [XML_PARSE_NONET, XML_PARSE_NOCDATA, XML_PARSE_COMPACT, XML_PARSE_NOERROR, XML_PARSE_NOWARNING].reduce(Int32(0)) {
        $0 | Int32($1.rawValue)
      }
      let parsed = bytes.withUnsafeBytes { raw in
        xmlReadMemory(raw.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(raw.count), nil, nil, options)
      }
      guard let parsed else { throw CausewayError("bench.raw_call", facts: ["call": "xmlReadMemory"]) }
      pointer = parsed
    }

    init(owning pointer: xmlDocPtr) { self.pointer = pointer }

    deinit { xmlFreeDoc(pointer) }

    /// Name of the root element, without its namespace.
    var rootName: String? { xmlDocGetRootElement(pointer).map { String(cString: $0.pointee.name) } }

    /// The document as text.
    func bytes() -> [UInt8] {
      var memory: UnsafeMutablePointer<xmlChar>?
      var length: Int32 = 0
      xmlDocDumpMemory(pointer, &memory, &length)
      defer { clibxml2_free(memory) }
      return Array(UnsafeBufferPointer(start: memory, count: Int(length)))
    }

    /// Writes the tree into memory and frees that.
    func dumpAndFree() throws(CausewayError) {
      var memory: UnsafeMutablePointer<xmlChar>?
      var length: Int32 = 0
      xmlDocDumpMemory(pointer, &memory, &length)
      clibxml2_free(memory)
      guard length > 0 else { throw CausewayError("bench.raw_call", facts: ["call": "xmlDocDumpMemory"]) }
    }
  }

  /// A compiled XML Schema.
  final class Schema {
    private let schema: xmlSchemaPtr

    init(_ bytes: [UInt8]) throws(CausewayError) {
      let parsed: xmlSchemaPtr? = bytes.withUnsafeBytes { raw in
        let context = xmlSchemaNewMemParserCtxt(raw.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(raw.count))
        defer { xmlSchemaFreeParserCtxt(context) }
        return xmlSchemaParse(context)
      }
      guard let parsed else { throw CausewayError("bench.raw_call", facts: ["call": "xmlSchemaParse"]) }
      schema = parsed
    }

    /// A schema with the files that it imports. Before the product has parsed anything: from then on libxml2 opens no files.
    init(path: String) throws(CausewayError) {
      let context = xmlSchemaNewParserCtxt(path)
      defer { xmlSchemaFreeParserCtxt(context) }
      guard let parsed = xmlSchemaParse(context) else { throw CausewayError("bench.raw_call", facts: ["call": "xmlSchemaParse"]) }
      schema = parsed
    }

    deinit { xmlSchemaFree(schema) }

    /// Checks a tree; what is found is counted by libxml2 and not looked at.
    ///
    /// - Returns: 0 when the tree is valid.
    func validate(_ tree: Tree) throws(CausewayError) -> Int32 {
      guard let context = xmlSchemaNewValidCtxt(schema) else {
        throw CausewayError("bench.raw_call", facts: ["call": "xmlSchemaNewValidCtxt"])
      }
      defer { xmlSchemaFreeValidCtxt(context) }
      xmlSchemaSetValidStructuredErrors(context, { _, _ in }, nil)
      return xmlSchemaValidateDoc(context, tree.pointer)
    }
  }
}
