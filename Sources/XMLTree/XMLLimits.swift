/// What one XML document may be at most. Checked before libxml2 sees a byte, because some of its work grows with the square of these.
package struct XMLLimits: Sendable {
  /// Size as received, in bytes.
  package var bytes = 16 << 20
  /// Elements inside each other, the root being 1. Below libxml2's own 256.
  package var depth = 64
  /// Attributes of one element, namespace declarations not counted.
  package var attributes = 64
  /// Namespace declarations in scope at one element: those of the element and of all around it.
  package var namespaces = 256
  /// Length of an element or attribute name with its prefix, in bytes.
  package var name = 256
  /// Elements, attributes, namespace declarations, comments and processing instructions together.
  package var nodes = 400_000
  /// One run of text, one CDATA section or one comment, in bytes. Below libxml2's own 10 000 000.
  package var text = 8 << 20
  /// One attribute value, in bytes.
  package var attributeValue = 64 << 10

  package init() {}
  package static let standard = XMLLimits()
}
