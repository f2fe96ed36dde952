internal import CLibXML2
package import Primitives

/// Owner of one parsed XML document: the one parse that signature checks, validation and mapping all look at.
///
/// Made only by ``parse(_:limits:encodings:)``, so a tree that exists is well-formed, namespace-well-formed, without a DOCTYPE and within
/// its limits. No entity is substituted but the five of XML, no file or address is ever opened.
///
/// - Important: not `Sendable`. Reading can allocate inside libxml2 (the `xml` prefix), so one tree belongs to one task at a time.
///   Different trees are independent of each other.
package final class XMLTree {
  let document: xmlDocPtr
  /// What the bytes were received in; the tree itself is UTF-8.
  package let encoding: TextEncoding
  /// Number of elements, at least 1.
  package let elementCount: Int
  /// Elements, attributes, namespace declarations, comments and processing instructions.
  package let nodeCount: Int

  private init(document: xmlDocPtr, encoding: TextEncoding, elementCount: Int, nodeCount: Int) {
    self.document = document
    self.encoding = encoding
    self.elementCount = elementCount
    self.nodeCount = nodeCount
  }

  deinit { xmlFreeDoc(document) }

  /// Parses a document.
  ///
  /// Comments, and processing instructions beside the root, are in the tree and have no effect; a text that a comment interrupts is one
  /// text.
  ///
  /// - Parameters:
  ///   - bytes: the document as received.
  ///   - encodings: what it may be encoded in; anything else is refused.
  /// - Throws: codes `parse.*` (see `ErrorCatalogue.xmlTree`), each with the line and, in its facts, the column; the first thing wrong
  ///   wins.
  /// - Complexity: O(bytes) for every input within the limits.
  package static func parse(
    _ bytes: [UInt8], limits: XMLLimits = .standard, encodings: [TextEncoding] = [.utf8]
  ) throws(CausewayError) -> XMLTree {
    LibXML2.start()
    let source = try XMLSource(bytes, limits: limits, encodings: encodings)
    let counts = try XMLPrescan.check(source.bytes, from: source.body, limits: limits)
    return try XMLTree(source, elementCount: counts.elements, nodeCount: counts.nodes)
  }

  /// - Throws: `parse.malformed`, `parse.namespace`, `parse.out_of_memory`.
  convenience init(_ source: XMLSource, elementCount: Int, nodeCount: Int) throws(CausewayError) {
    guard let context = xmlNewParserCtxt() else { throw CausewayError("parse.out_of_memory") }
    defer { xmlFreeParserCtxt(context) }
    let reports = LibXML2.Reports()
    context.pointee._private = Unmanaged.passUnretained(reports).toOpaque()
    context.pointee.sax.pointee.serror = { context, report in
      guard let context, let report, let reports = context.assumingMemoryBound(to: xmlParserCtxt.self).pointee._private else { return }
      Unmanaged<LibXML2.Reports>.fromOpaque(reports).takeUnretainedValue().add(report.pointee)
    }
    // The encoding is decided and the bytes are UTF-8: the declared one must not be applied again.
    let options = [XML_PARSE_NONET, XML_PARSE_IGNORE_ENC, XML_PARSE_NOCDATA, XML_PARSE_COMPACT, XML_PARSE_BIG_LINES]
      .reduce(Int32(0)) { $0 | Int32($1.rawValue) }
    let parsed = source.bytes.withUnsafeBytes { raw in
      let start = raw.baseAddress?.advanced(by: source.start).assumingMemoryBound(to: CChar.self)
      return xmlCtxtReadMemory(context, start, Int32(raw.count - source.start), nil, nil, options)
    }
    let sound = context.pointee.wellFormed == 1 && context.pointee.nsWellFormed == 1 && reports.first == nil
    guard let parsed, sound, parsed.pointee.intSubset == nil, parsed.pointee.extSubset == nil, xmlDocGetRootElement(parsed) != nil else {
      xmlFreeDoc(parsed)
      throw reports.parseError
    }
    self.init(document: parsed, encoding: source.encoding, elementCount: elementCount, nodeCount: nodeCount)
  }
}

/// What is process-wide about libxml2, and the capture of its reports.
enum LibXML2 {
  private static let started: Void = {
    xmlInitParser()
    xmlSchemaInitTypes()
    XMLSchemaFiles.install()
  }()

  static func start() { _ = started }

  /// The first error-level report of one operation. Warnings do not count.
  final class Reports {
    struct Report {
      let domain: Int32
      let code: Int32
      let line: Int
      let column: Int
      let file: String?
      /// libxml2's own words: kept only for schemas, which are not a trader's data.
      let text: String?
    }

    private(set) var first: Report?
    private let keepsText: Bool

    init(keepsText: Bool = false) { self.keepsText = keepsText }

    func add(_ error: xmlError) {
      guard first == nil, error.level == XML_ERR_ERROR || error.level == XML_ERR_FATAL else { return }
      first = Report(
        domain: error.domain, code: error.code, line: Int(error.line), column: Int(error.int2),
        file: keepsText ? error.file.map { String(cString: $0) } : nil,
        text: keepsText ? error.message.map { String(cString: $0) } : nil)
    }

    /// Receives what the library reports on this thread outside of any context; without it such reports go to the standard error stream.
    /// Hold on to the object until ``stopListening()``.
    func listenOnThisThread() {
      xmlSetStructuredErrorFunc(Unmanaged.passUnretained(self).toOpaque()) { reports, report in
        guard let reports, let report else { return }
        Unmanaged<LibXML2.Reports>.fromOpaque(reports).takeUnretainedValue().add(report.pointee)
      }
    }

    static func stopListening() { xmlSetStructuredErrorFunc(nil, nil) }

    /// libxml2's own number is kept and not its message, which quotes the document.
    var parseError: CausewayError {
      guard let first else { return CausewayError("parse.malformed", facts: ["detail": "document"]) }
      let code: ErrorCode = first.domain == XML_FROM_NAMESPACE.rawValue ? "parse.namespace" : "parse.malformed"
      let facts = ["detail": "libxml2_\(first.code)", "column": String(first.column)]
      return CausewayError(code, line: first.line, facts: facts)
    }
  }
}
