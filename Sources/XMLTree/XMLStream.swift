internal import CLibXML2
package import Primitives

/// Parses a document into a sink without keeping a tree: for who reads it once and checks neither schema nor signature on it.
///
/// What it accepts, and what the sink receives, are those of ``XMLTree/parse(_:limits:encodings:)`` with ``XMLTree/walk(_:)``, except that
/// the sink is not told in advance which elements are leaves.
package enum XMLStream {
  /// - Parameter sink: makes the sink; it gets the number of nodes to expect. It is called again when something is wrong.
  /// - Returns: the sink that has received the whole document.
  /// - Throws: as ``XMLTree/parse(_:limits:encodings:)`` and ``XMLTree/walk(_:)``.
  /// - Complexity: O(bytes) for every input within the limits; memory of the text that is being read.
  package static func parse<Sink: XMLTreeSink>(
    _ bytes: [UInt8], limits: XMLLimits = .standard, encodings: [TextEncoding] = [.utf8], into sink: (Int) -> Sink
  ) throws(CausewayError) -> Sink {
    LibXML2.start()
    let source = try XMLSource(bytes, limits: limits, encodings: encodings)
    let counts = try XMLPrescan.check(source.bytes, from: source.body, limits: limits)
    let receiver = sink(counts.nodes)
    if run(source, into: receiver) { return receiver }
    // A stream knows no places: a tree tells where it is wrong, and decides whether it is.
    let tree = try XMLTree(source, elementCount: counts.elements, nodeCount: counts.nodes)
    let second = sink(counts.nodes)
    try tree.walk(second)
    return second
  }

  /// - Returns: false when the library or the sink refused the document.
  private static func run(_ source: XMLSource, into sink: any XMLTreeSink) -> Bool {
    guard let context = xmlNewParserCtxt() else { return false }
    defer { xmlFreeParserCtxt(context) }
    let events = XMLEvents(sink)
    context.pointee._private = Unmanaged.passUnretained(events).toOpaque()
    XMLEvents.listen(&context.pointee.sax.pointee)
    // As for a tree; and without a DOCTYPE the only entities to put in are the five of XML and characters by number.
    let options = [XML_PARSE_NONET, XML_PARSE_IGNORE_ENC, XML_PARSE_NOCDATA, XML_PARSE_NOENT].reduce(Int32(0)) { $0 | Int32($1.rawValue) }
    source.bytes.withUnsafeBytes { raw in
      let start = raw.baseAddress?.advanced(by: source.start).assumingMemoryBound(to: CChar.self)
      _ = xmlCtxtReadMemory(context, start, Int32(raw.count - source.start), nil, nil, options)
    }
    return context.pointee.wellFormed == 1 && context.pointee.nsWellFormed == 1 && !events.isRefused
  }
}

/// What libxml2 tells while it parses, handed to a sink.
private final class XMLEvents {
  private let sink: any XMLTreeSink
  /// Unchecked: the sink, which is called while it changes, does not know of this object.
  @exclusivity(unchecked) private var names = XMLNameCache()
  private(set) var isRefused = false

  init(_ sink: any XMLTreeSink) { self.sink = sink }

  static func listen(_ handler: inout xmlSAXHandler) {
    handler = xmlSAXHandler()
    handler.initialized = UInt32(XML_SAX2_MAGIC)
    handler.startElementNs = { context, name, _, uri, _, _, count, _, attributes in
      guard let name else { return }
      XMLEvents.tell(context) { events, parser throws(CausewayError) in
        try events.open(
          name, uri, UnsafeBufferPointer(start: attributes, count: 5 * Int(count)), line: Int(parser.pointee.input.pointee.line))
      }
    }
    handler.endElementNs = { context, _, _, _ in
      XMLEvents.tell(context) { events, _ throws(CausewayError) in try events.sink.close() }
    }
    handler.characters = { context, text, count in
      XMLEvents.tell(context) { events, _ throws(CausewayError) in
        try events.sink.text(UnsafeBufferPointer(start: text, count: Int(count)).span)
      }
    }
    // The same function, or the library guesses which white space matters.
    handler.ignorableWhitespace = handler.characters
    handler.serror = { context, report in
      guard let report, report.pointee.level == XML_ERR_ERROR || report.pointee.level == XML_ERR_FATAL else { return }
      XMLEvents.tell(context) { events, _ throws(CausewayError) in events.isRefused = true }
    }
  }

  private static func tell(
    _ context: UnsafeMutableRawPointer?, _ body: (XMLEvents, xmlParserCtxtPtr) throws(CausewayError) -> Void
  ) {
    guard let parser = context?.assumingMemoryBound(to: xmlParserCtxt.self), let opaque = parser.pointee._private else { return }
    // The caller of the parser holds the object; there is an event for every few bytes.
    Unmanaged<XMLEvents>.fromOpaque(opaque)._withUnsafeGuaranteedRef { events in
      guard !events.isRefused else { return }
      do throws(CausewayError) {
        try body(events, parser)
      } catch {
        events.isRefused = true
        xmlStopParser(parser)
      }
    }
  }

  /// - Parameter attributes: five pointers each: name, prefix, URI, begin and end of the value.
  private func open(
    _ name: UnsafePointer<xmlChar>, _ uri: UnsafePointer<xmlChar>?, _ attributes: UnsafeBufferPointer<UnsafePointer<xmlChar>?>, line: Int
  ) throws(CausewayError) {
    try sink.open(symbol: names.symbol(name, sink), namespace: names.namespace(uri, sink), line: line, isLeaf: nil)
    for first in stride(from: 0, to: attributes.count, by: 5) {
      guard let name = attributes[first], let start = attributes[first + 3], let end = attributes[first + 4] else { continue }
      try sink.attribute(
        symbol: names.symbol(name, sink), namespace: names.namespace(attributes[first + 2], sink),
        value: UnsafeBufferPointer(start: start, count: end - start).span, line: line)
    }
  }
}
