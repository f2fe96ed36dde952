package import Declarations
import Primitives

/// A class of declarations that goes before others when several are due, for example perishable goods by their commodity codes. The order within a
/// clearance stays.
package struct PriorityRule: Sendable {
  /// Id in the dictionary.
  package let element: String
  /// A declaration belongs to the class when one of its values of the element begins with one of these.
  package let startsWith: [String]
  /// 1…9; higher goes first. What belongs to no class has 0.
  package let priority: Int

  init?(reading section: inout SettingsReader) {
    let (element, startsWith) = (section.string("element"), section.strings("startsWith"))
    let priority = section.integer("priority", in: 1...9)
    guard let element, let startsWith, let priority else { return nil }
    self.element = element
    self.startsWith = startsWith
    self.priority = priority
  }
}

extension [PriorityRule] {
  /// The highest priority of the classes to which a declaration belongs; 0 when there is none.
  package func priority(of declaration: Declaration) -> Int {
    guard !isEmpty else { return 0 }
    let elements = map { declaration.dictionary[id: $0.element] }
    var highest = 0
    declaration.walk { path, value in
      for (rule, element) in zip(self, elements) where rule.priority > highest && element == path.element {
        if rule.startsWith.contains(where: { value.text.utf8.starts(with: $0.utf8) }) { highest = rule.priority }
      }
    }
    return highest
  }
}
