internal import CLibXML2

/// The only door through which libxml2 can load anything beyond the bytes it was given: the files of the schema that is being compiled.
///
/// libxml2 has one external entity loader for the process. It is replaced once, for good, by one that knows only the files that the
/// current thread has offered; every other request, by path or address, fails. So nothing in this process can make libxml2 open a file or
/// a connection.
enum XMLSchemaFiles {
  /// Offers files, by the name under which a schema refers to them, while `body` runs on this thread.
  static func offering<Result>(_ files: [String: [UInt8]], _ body: () throws -> Result) rethrows -> Result {
    let offer = Offer(files)
    return try withExtendedLifetime(offer) { try $current.withValue(offer, operation: body) }
  }

  static func install() {
    xmlSetExternalEntityLoader { url, _, context in
      guard let url, let context else { return nil }
      guard let bytes = XMLSchemaFiles.current?.files[XMLSchemaFiles.normalized(String(cString: url))] else { return nil }
      let buffer = bytes.withUnsafeBytes { raw in
        xmlParserInputBufferCreateMem(raw.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(raw.count), XML_CHAR_ENCODING_NONE)
      }
      guard let buffer else { return nil }
      guard let input = xmlNewIOInputStream(context, buffer, XML_CHAR_ENCODING_NONE) else {
        xmlFreeParserInputBuffer(buffer)
        return nil
      }
      input.pointee.filename = UnsafeRawPointer(xmlStrdup(url.withMemoryRebound(to: xmlChar.self, capacity: 1) { $0 }))
        .map { $0.assumingMemoryBound(to: CChar.self) }
      return input
    }
  }

  /// Without `.` and `..` steps: `a/../b.xsd` is `b.xsd`.
  static func normalized(_ path: String) -> String {
    var steps: [Substring] = []
    for step in path.split(separator: "/", omittingEmptySubsequences: true) {
      switch step {
      case ".": continue
      case "..": if !steps.isEmpty { steps.removeLast() }
      default: steps.append(step)
      }
    }
    return steps.joined(separator: "/")
  }

  private final class Offer: Sendable {
    let files: [String: [UInt8]]
    init(_ files: [String: [UInt8]]) {
      self.files = [String: [UInt8]](files.map { (normalized($0.key), $0.value) }) { first, _ in first }
    }
  }

  @TaskLocal private static var current: Offer?
}
