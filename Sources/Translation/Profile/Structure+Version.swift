import Formats
import Primitives

extension Structure {
  /// Whether the document's root has an attribute whose text this structure fixes (`pattern`, `values`), with such a text: messages say their
  /// version there.
  func isStated(by document: Document) -> Bool {
    for child in children(0) where nodes[child].isAttribute && (nodes[child].pattern != nil || !nodes[child].values.isEmpty) {
      guard let attribute = document.attribute(nodes[child].name, of: document.root) else { continue }
      if let text = document.utf8(attribute), !text.isEmpty, violation(of: child, text: text) == nil { return true }
    }
    return false
  }
}
