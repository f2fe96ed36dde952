package import Primitives

/// UN/EDIFACT interchanges, syntax versions 1 to 4, batch (ISO 9735): bytes ⇄ ``Document``.
///
/// ```
/// Interchange               UNB … UNZ
///   UNB                     a segment: a node with its tag as name
///     S001                  a composite: a node with the components below
///       0001                a data element: a leaf
///   FunctionalGroup         UNG … UNE, where there is one
///   Message                 UNH … UNT
///     UNH, BGM …
///     SG1                   a segment group: a node for each time it occurs
///       RFF …
/// ```
/// With a ``MessageGrammar`` nodes have the names that it gives; the standard's own are best. Without one there are no segment groups, and
/// data elements and components are named by their position (`1`, `2` …).
///
/// An empty data element has no node. Where one name takes several positions, or is repeated, an empty one before a filled one is a node with
/// the text "". Trailers (UNT, UNE, UNZ) have no node: they are checked when read, and made when written. A node's line is the number of its
/// segment in the interchange, UNB being 1.
///
/// What writing does not give back: the service string advice (UNA) and its characters, line breaks between segments, separators before a
/// segment terminator or a larger separator, release characters that release nothing, zeros before a count, a decimal comma (it becomes a
/// point, in data elements that the grammar calls numeric).
/// - SeeAlso: ISO 9735-1, -2, -3 (version 4, 2002); ISO 9735:1988 with Amendment 1 (version 3).
/// - Important: not implemented: interactive EDI (ISO 9735-3), security (parts 5 to 7, 9), associated data (part 8), ISO 2022 extension.
package enum EDIFACTFormat {
  /// Names of the nodes that are no segments.
  package enum Names {
    package static let interchange = "Interchange"
    package static let group = "FunctionalGroup"
    package static let message = "Message"
  }

  /// What was read of an interchange.
  package struct Reading: Sendable {
    /// nil when something is wrong.
    package let document: Document?
    package let envelope: InterchangeEnvelope
    /// In the order of the interchange.
    package let findings: [SyntaxFinding]
  }

  /// Reads an interchange as far as it can be read, with everything that is wrong with its syntax.
  ///
  /// - Parameter grammar: the directory of the messages; nil: any message, without segment groups.
  /// - Complexity: O(bytes × size of the grammar's longest group), O(bytes) without a grammar.
  package static func read(_ bytes: [UInt8], grammar: MessageGrammar? = nil, limits: EDIFACTLimits = .standard) -> Reading {
    var reader = InterchangeReader(bytes, grammar: grammar, limits: limits)
    return reader.run()
  }

  /// Parses an interchange.
  ///
  /// - Throws: `parse.edifact_*`: all problems, at most as many as the limits say.
  /// - Complexity: as ``read(_:grammar:limits:)``.
  package static func parse(_ bytes: [UInt8], grammar: MessageGrammar? = nil, limits: EDIFACTLimits = .standard) throws(CausewayError)
    -> Document
  {
    let reading = read(bytes, grammar: grammar, limits: limits)
    guard let document = reading.document else { throw CausewayError(problems: reading.findings.map(\.problem)) }
    return document
  }
}
