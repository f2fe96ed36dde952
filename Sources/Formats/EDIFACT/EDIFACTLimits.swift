/// What one interchange may be at most. Each is checked while reading, so that nothing is kept of what is too much.
package struct EDIFACTLimits: Sendable {
  /// Size as received, in bytes.
  package var bytes = 16 << 20
  /// Segments of the interchange, service segments included.
  package var segments = 250_000
  /// Messages of the interchange.
  package var messages = 10_000
  /// Nodes of the document, and data elements that hold something.
  package var elements = 1_000_000
  /// One segment with its terminator, in bytes.
  package var segment = 64 << 10
  /// Separators of one segment.
  package var separators = 4096
  /// Problems that are looked for; reading ends with the last.
  package var problems = 100

  package init() {}
  package static let standard = EDIFACTLimits()
}
