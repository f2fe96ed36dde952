internal import CLibXML2
package import Primitives

/// A compiled XML Schema (XSD 1.0): compiled once, used for any number of documents on any number of threads.
///
/// Schemas are checked before they are compiled: a pattern whose time explodes is refused, and where one has a pattern whose time grows
/// with the square of the text, documents get a budget for it (``patternBudget``). libxml2 cannot be interrupted, so the work is bounded
/// before it starts.
///
/// Files that a schema includes or imports come from the caller; nothing is fetched, and what a document says in `xsi:schemaLocation` is
/// ignored.
///
/// - Important: `@unchecked Sendable`: libxml2 does not write to a schema after compiling it; what a validation changes is in its own
///   context.
package final class XMLSchema: @unchecked Sendable {
  private let schema: xmlSchemaPtr
  private let hasQuadraticPattern: Bool

  /// Sum of the squares of the lengths in bytes of all texts and attribute values, for a schema with a quadratic pattern. A matcher takes
  /// some nanoseconds for each unit; ten thousand texts of a hundred bytes just fit.
  package static let patternBudget = 100_000_000

  deinit { xmlSchemaFree(schema) }

  /// Compiles a schema of one file.
  package convenience init(compiling bytes: [UInt8]) throws(CausewayError) {
    try self.init(compiling: "schema.xsd", files: ["schema.xsd": bytes])
  }

  /// Compiles a schema of several files.
  ///
  /// - Parameters:
  ///   - root: path of the main file.
  ///   - files: the bytes of every file by its path; `schemaLocation` is resolved against the path of the file that it stands in.
  /// - Throws: `profile.schema_invalid`, `profile.schema_pattern`, `profile.schema_occurs`, `profile.schema_identity`,
  ///   with the file and the line.
  package init(compiling root: String, files: [String: [UInt8]]) throws(CausewayError) {
    LibXML2.start()
    var isQuadratic = false
    for (name, bytes) in files.sorted(by: { ByteString($0.key) < ByteString($1.key) }) {
      if try XMLSchemaLint.check(bytes, name: name) { isQuadratic = true }
    }
    hasQuadraticPattern = isQuadratic
    let reports = LibXML2.Reports(keepsText: true)
    reports.listenOnThisThread()
    defer { LibXML2.Reports.stopListening() }
    let compiled: xmlSchemaPtr? = XMLSchemaFiles.offering(files) {
      guard let context = xmlSchemaNewParserCtxt(XMLSchemaFiles.normalized(root)) else { return nil }
      defer { xmlSchemaFreeParserCtxt(context) }
      xmlSchemaSetParserStructuredErrors(
        context,
        { reports, report in
          guard let reports, let report else { return }
          Unmanaged<LibXML2.Reports>.fromOpaque(reports).takeUnretainedValue().add(report.pointee)
        }, Unmanaged.passUnretained(reports).toOpaque())
      return xmlSchemaParse(context)
    }
    guard let compiled, reports.first == nil else {
      xmlSchemaFree(compiled)
      let facts = ["file": reports.first?.file ?? root, "detail": reports.first.map { "libxml2_\($0.code)" } ?? "root"]
      throw CausewayError("profile.schema_invalid", line: reports.first?.line, facts: facts, underlying: reports.first?.text)
    }
    schema = compiled
  }

  /// Checks a document, all of it: every problem at once, in document order.
  ///
  /// - Parameter limit: how many problems to name at most; the last one then says that there are more.
  /// - Returns: empty when the document is valid. Codes `validate.schema_*`, each with pointer and line; never a value of the document.
  /// - Complexity: O(nodes + bytes of text), and within ``patternBudget`` for patterns.
  package func validate(_ tree: XMLTree, limit: Int = 200) -> [Problem] {
    if hasQuadraticPattern {
      let cost = XMLTextCost()
      guard (try? tree.walk(cost)) != nil, cost.sum <= Self.patternBudget else {
        return [Problem("validate.schema_text_length", pointer: XMLTree.pointer(to: xmlDocGetRootElement(tree.document)), line: 1)]
      }
    }
    guard let context = xmlSchemaNewValidCtxt(schema) else { return [Problem("validate.schema_failed")] }
    defer { xmlSchemaFreeValidCtxt(context) }
    let findings = XMLSchemaFindings(limit: limit)
    xmlSchemaSetValidStructuredErrors(
      context,
      { findings, report in
        guard let findings, let report else { return }
        Unmanaged<XMLSchemaFindings>.fromOpaque(findings).takeUnretainedValue().add(report.pointee)
      }, Unmanaged.passUnretained(findings).toOpaque())
    let result = xmlSchemaValidateDoc(context, tree.document)
    // A "no" without a reason, or a failure inside the library, is never taken for a "yes".
    if result != 0, findings.problems.isEmpty { return [Problem("validate.schema_failed", facts: ["detail": "libxml2_\(result)"])] }
    return findings.problems
  }
}

/// Adds up the squares of the lengths of all texts and attribute values.
private final class XMLTextCost: XMLTreeSink {
  private(set) var sum = 0
  private var length = 0

  func symbol(_ name: Span<UInt8>) -> Int32 { 0 }
  func namespace(_ uri: String) -> Int32 { 0 }
  func open(symbol: Int32, namespace: Int32, line: Int, isLeaf: Bool?) { length = 0 }
  func attribute(symbol: Int32, namespace: Int32, value: Span<UInt8>, line: Int) { sum += value.count * value.count }

  /// (a + b)² − a² for a piece of b bytes behind a: texts in pieces count as one.
  func text(_ text: Span<UInt8>) {
    sum += text.count * (text.count + 2 * length)
    length += text.count
  }

  func close() { length = 0 }
}

/// Turns libxml2's reports on a document into problems.
final class XMLSchemaFindings {
  private(set) var problems: [Problem] = []
  private let limit: Int
  private var lastNode: xmlNodePtr?

  init(limit: Int) { self.limit = limit }

  func add(_ error: xmlError) {
    guard error.level == XML_ERR_ERROR || error.level == XML_ERR_FATAL, problems.count <= limit else { return }
    let node = error.node.map { $0.assumingMemoryBound(to: xmlNode.self) }
    // A value that breaks a facet is reported twice: for the facet, and then for the type as a whole.
    if error.code == Int32(XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_1.rawValue), node == lastNode, problems.last?.facts["facet"] != nil { return }
    lastNode = node
    guard problems.count < limit else {
      problems.append(Problem("validate.schema_more", facts: ["limit": String(limit)]))
      return
    }
    let (code, facts) = Self.meaning(of: error)
    problems.append(
      Problem(code, pointer: node.map(XMLTree.pointer), line: node.map(Self.line), facts: facts))
  }

  private static func line(of node: xmlNodePtr) -> Int {
    // An attribute has no line of its own, and its structure none to read.
    if node.pointee.type == XML_ATTRIBUTE_NODE, let parent = node.pointee.parent { return XMLTree.line(of: parent) }
    return XMLTree.line(of: node)
  }

  /// - SeeAlso: XML Schema Part 1 appendix C, whose validation rules libxml2's codes are named after.
  private static func meaning(of error: xmlError) -> (ErrorCode, [String: String]) {
    let code = xmlParserErrors(UInt32(bitPattern: error.code))
    switch code {
    case XML_SCHEMAV_ELEMENT_CONTENT, XML_SCHEMAV_MISSING, XML_SCHEMAV_NOTEMPTY, XML_SCHEMAV_CVC_COMPLEX_TYPE_2_1,
      XML_SCHEMAV_CVC_COMPLEX_TYPE_2_2, XML_SCHEMAV_CVC_COMPLEX_TYPE_2_3, XML_SCHEMAV_CVC_COMPLEX_TYPE_2_4, XML_SCHEMAV_CVC_TYPE_3_1_2:
      return ("validate.schema_element", expected(error))
    case XML_SCHEMAV_CVC_COMPLEX_TYPE_3_1, XML_SCHEMAV_CVC_COMPLEX_TYPE_3_2_1, XML_SCHEMAV_CVC_COMPLEX_TYPE_3_2_2,
      XML_SCHEMAV_CVC_COMPLEX_TYPE_4, XML_SCHEMAV_CVC_TYPE_3_1_1, XML_SCHEMAV_CVC_AU:
      return ("validate.schema_attribute", [:])
    case XML_SCHEMAV_CVC_ELT_1: return ("validate.schema_root", [:])
    case XML_SCHEMAV_CVC_ELT_3_1, XML_SCHEMAV_CVC_ELT_3_2_1, XML_SCHEMAV_CVC_ELT_3_2_2, XML_SCHEMAV_CVC_ELT_4_1,
      XML_SCHEMAV_CVC_ELT_4_2, XML_SCHEMAV_CVC_ELT_4_3:
      return ("validate.schema_instance", [:])
    case XML_SCHEMAV_CVC_LENGTH_VALID: return value("length")
    case XML_SCHEMAV_CVC_MINLENGTH_VALID: return value("minLength")
    case XML_SCHEMAV_CVC_MAXLENGTH_VALID: return value("maxLength")
    case XML_SCHEMAV_CVC_MININCLUSIVE_VALID: return value("minInclusive")
    case XML_SCHEMAV_CVC_MAXINCLUSIVE_VALID: return value("maxInclusive")
    case XML_SCHEMAV_CVC_MINEXCLUSIVE_VALID: return value("minExclusive")
    case XML_SCHEMAV_CVC_MAXEXCLUSIVE_VALID: return value("maxExclusive")
    case XML_SCHEMAV_CVC_TOTALDIGITS_VALID: return value("totalDigits")
    case XML_SCHEMAV_CVC_FRACTIONDIGITS_VALID: return value("fractionDigits")
    case XML_SCHEMAV_CVC_PATTERN_VALID: return value("pattern")
    case XML_SCHEMAV_CVC_ENUMERATION_VALID: return value("enumeration")
    case XML_SCHEMAV_CVC_FACET_VALID: return value("facet")
    case XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_1, XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_2, XML_SCHEMAV_CVC_DATATYPE_VALID_1_2_3:
      return ("validate.schema_type", [:])
    default: return ("validate.schema_other", ["detail": "libxml2_\(error.code)"])
    }
  }

  private static func value(_ facet: String) -> (ErrorCode, [String: String]) { ("validate.schema_value", ["facet": facet]) }

  /// The element names that the schema expects, which the library's text ends with. They are the schema's, not the document's.
  private static func expected(_ error: xmlError) -> [String: String] {
    guard let message = error.message.map({ String(cString: $0) }), let start = message.firstRange(of: "Expected is ") else { return [:] }
    let list = message[start.upperBound...].drop { $0 != "(" }.dropFirst().prefix { $0 != ")" }
    let names = list.split(separator: ",").compactMap { name in
      name.split(separator: "}").last.map { String($0.filter { $0 != " " }) }
    }
    return names.isEmpty ? [:] : ["expected": names.joined(separator: " ")]
  }
}
