import Declarations
import Formats
import Primitives

/// Where goods items stand in the documents of a format.
struct ItemPlaces {
  private let profile: Profile
  private let nodes: Set<Int>

  /// - Parameter items: the dictionary's group of goods items.
  init(_ profile: Profile, items: ElementIndex) {
    self.profile = profile
    let structure = profile.structure
    nodes = Set(profile.plan.variants.flatMap { variant in structure.nodes.indices.filter { variant.groupAt[$0]?.element == items } })
  }

  /// A pointer into a part's document (``Document/pointer(_:)``) or a keyed path (``KeyedPath``), with the item that it passes where it would be in the
  /// whole. A key of an item is its number.
  ///
  /// - Parameters:
  ///   - first: how many items the parts before have.
  ///   - numbers: of the part's items in the whole.
  /// - Returns: nil: it passes no item of the part, or it is no pointer into a document of the format.
  func moved(_ pointer: String, first: Int, numbers: [String]) -> String? {
    let structure = profile.structure
    var steps = pointer.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    // A keyed path has the names of the structure in every syntax.
    let isJSON = profile.syntax == .json && steps.first == ""
    var index = 0
    if steps.first == "" {
      index = 1
      if !isJSON {
        guard steps.count > 1, structure.nodes[0].goes(by: steps[1]) else { return nil }
        index = 2
      }
    }
    var node = 0
    while index < steps.count {
      let (name, selector) = Self.parts(steps[index])
      let child = structure.children(node).first { child in
        isJSON ? structure[child].jsonName.hasSameBytes(as: name) : structure[child].goes(by: name)
      }
      guard let child else { return nil }
      node = child
      guard nodes.contains(child) else {
        index += isJSON && structure[child].jsonArray ? 2 : 1
        continue
      }
      if isJSON {
        guard index + 1 < steps.count, let position = Int(steps[index + 1]), numbers.indices.contains(position) else { return nil }
        steps[index + 1] = String(first + position)
      } else if let equals = selector?.firstIndex(of: "="), let selector {
        guard let number = Int(selector[selector.index(after: equals)...]), numbers.indices.contains(number - 1) else { return nil }
        steps[index] = "\(name)[\(selector[...equals])\(numbers[number - 1])]"
      } else {
        guard let position = selector.map({ Int($0) }) ?? 1, numbers.indices.contains(position - 1) else { return nil }
        steps[index] = "\(name)[\(first + position)]"
      }
      return steps.joined(separator: "/")
    }
    return nil
  }

  /// `Name[selector]`.
  private static func parts(_ step: String) -> (name: String, selector: String?) {
    guard let open = step.firstIndex(of: "["), step.utf8.last == 0x5D else { return (step, nil) }
    return (String(step[..<open]), String(step[step.index(after: open)...].dropLast()))
  }
}
