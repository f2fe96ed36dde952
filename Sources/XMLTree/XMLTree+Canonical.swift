internal import CLibXML2
package import Primitives

extension XMLTree {
  /// The whole document in exclusive canonical form: one byte sequence for all spellings of the same tree.
  ///
  /// Exclusive only: the cost of the inclusive form grows with the product of namespace declarations and elements, which a sender chooses.
  ///
  /// - Parameters:
  ///   - comments: keep comments. Never let a sender choose it.
  ///   - inclusivePrefixes: prefixes whose declarations are rendered wherever they are in scope; "#default" for the default namespace.
  /// - Returns: UTF-8, never empty.
  /// - Throws: `parse.canonical_form` when the document has none, for example because a namespace URI is relative.
  /// - Complexity: O(bytes).
  /// - SeeAlso: Exclusive XML Canonicalization 1.0, §1.3, §3, §4.
  package func canonical(comments: Bool = false, inclusivePrefixes: [String] = []) throws(CausewayError) -> [UInt8] {
    let reports = LibXML2.Reports()
    reports.listenOnThisThread()
    defer { LibXML2.Reports.stopListening() }
    var prefixes: [UnsafeMutablePointer<xmlChar>?] = inclusivePrefixes.map { xmlStrdup(Array($0.utf8) + [0]) }
    defer { for prefix in prefixes { clibxml2_free(prefix) } }
    prefixes.append(nil)
    var output: UnsafeMutablePointer<xmlChar>?
    let mode = Int32(XML_C14N_EXCLUSIVE_1_0.rawValue)
    let length = xmlC14NDocDumpMemory(document, nil, mode, &prefixes, comments ? 1 : 0, &output)
    defer { clibxml2_free(output) }
    guard length > 0, let output, reports.first == nil else { throw CausewayError("parse.canonical_form") }
    return Array(UnsafeBufferPointer(start: output, count: Int(length)))
  }
}
