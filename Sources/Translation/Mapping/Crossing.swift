import Declarations
import Primitives
import YAMLTree

/// A value that stays behind, by its place.
struct LostValue: Sendable {
  let path: ElementPath
  /// Document node of the source; -1: it was not read from one.
  let origin: Int32
}

/// How a declaration of one side becomes the other side's declaration of the same goods (`schemas/canonical/crossing.yaml`).
struct Crossing: Sendable {
  enum Derivation: Sendable {
    case element(ElementIndex, from: ElementIndex, direction: Direction?, action: Action)
    /// A new instance of a group with the id and the type of a document.
    case group(ElementIndex, id: ElementIndex, type: ElementIndex, from: ElementIndex, code: String, direction: Direction?)
  }

  /// By element: belongs to the declaring side.
  let own: [Bool]
  let derivations: [Derivation]

  static func load(_ root: YAMLNode, dictionary: ElementDictionary) throws(CausewayError) -> Crossing {
    try root.allow(["own", "crosses", "derive"])
    var own = [Bool](repeating: false, count: dictionary.elements.count)
    var mentioned = own
    func element(_ id: String, _ node: YAMLNode) throws(CausewayError) -> ElementIndex {
      guard let index = dictionary[id: id] else { throw node.error("the dictionary has no element \(id)") }
      return index
    }
    for (key, value) in [("own", true), ("crosses", false)] {
      for node in try root[key]?.list() ?? [] {
        let index = try element(try node.string(), node)
        guard !mentioned[Int(index.raw)] else { throw node.error("\(dictionary[index].id) is named twice") }
        own[Int(index.raw)] = value
        mentioned[Int(index.raw)] = true
      }
    }
    for element in dictionary.elements(of: "declaration") where !element.isGroup && !mentioned[Int(element.index.raw)] {
      throw root.error("\(element.id) is in neither `own` nor `crosses`")
    }
    var derivations: [Derivation] = []
    for node in try root["derive"]?.list() ?? [] {
      try node.allow(["element", "group", "from", "type", "direction", "action"])
      let from = try element(try node.required("from").string(), node)
      let word = try node["direction"]?.string()
      let direction = Direction.allCases.first { $0.word == word }
      guard word == nil || direction != nil else { throw node.error("direction is export or import") }
      if let id = try node["group"]?.string() {
        let group = try element(id, node)
        derivations.append(
          .group(
            group, id: try element(id + ".ID", node), type: try element(id + ".TypeCode", node), from: from,
            code: try node.required("type").string(),
            direction: direction))
        continue
      }
      guard let action = Action(rawValue: try node["action"]?.string() ?? "swapped") else { throw node.error("the action is not known") }
      let target = try element(try node.required("element").string(), node)
      guard dictionary[target].group == dictionary[from].group else { throw node.error("both elements stand in the same group") }
      derivations.append(.element(target, from: from, direction: direction, action: action))
    }
    return Crossing(own: own, derivations: derivations)
  }

  struct Result {
    var declaration: Declaration
    /// By element: its value stands for the other side's; nil: it does not. Empty: nothing was crossed.
    var swapped: [Action?] = []
    /// What stayed behind.
    var left: [LostValue] = []
  }

  /// The other side's declaration.
  func mirror(_ declaration: Declaration, direction: Direction, economy: String, known: Profile.KnownElements) -> Result {
    var result = Result(declaration: declaration, swapped: Array(repeating: nil, count: own.count))
    var steps: [ElementPath.Step] = []
    var root = declaration.root
    strip(&root, &steps, &result.left)
    // What another element stands for did not stay behind.
    var moved: [ElementIndex] = []
    for derivation in derivations {
      switch derivation {
      case .element(let target, let from, let wanted, let action):
        guard wanted == nil || wanted == direction, let value = declaration.root[from], value.isFilled, root[target] == nil else {
          continue
        }
        root[target] = value
        result.swapped[Int(target.raw)] = action
        moved.append(from)
      case .group(let group, let id, let type, let from, let code, let wanted):
        guard wanted == nil || wanted == direction, let value = declaration.root[from], value.isFilled else { continue }
        var instance = Group(group)
        instance[type] = Value(code)
        instance[id] = value
        root.append(instance)
        result.swapped[Int(id.raw)] = .swapped
        moved.append(from)
      }
    }
    for (element, text) in [(known.type, direction.rawValue), (known.economy, economy)] {
      root[element] = Value(text, origin: declaration.root[element]?.origin ?? -1)
      result.swapped[Int(element.raw)] = .swapped
      moved.append(element)
    }
    result.declaration.root = root
    result.left.removeAll { $0.path.steps.isEmpty && moved.contains($0.path.element) }
    return result
  }

  /// Takes out what belongs to the declaring side, and instances of which nothing is left.
  ///
  /// - Parameter steps: the place of the group.
  /// - Returns: whether something was taken out.
  @discardableResult
  private func strip(_ group: inout Group, _ steps: inout [ElementPath.Step], _ left: inout [LostValue]) -> Bool {
    var isChanged = false
    let values = group.values
    for index in values.indices where own[Int(values[index].element.raw)] {
      if values[index].value.isFilled {
        left.append(LostValue(path: ElementPath(values[index].element, in: steps), origin: values[index].value.origin))
      }
      isChanged = true
    }
    if isChanged { group.removeValues { own[Int($0.raw)] } }
    for list in group.groups {
      var kept: [Group] = []
      var isListChanged = false
      for (position, instance) in list.groups.enumerated() {
        steps.append(.init(group: list.element, position: position))
        var inner = instance
        if strip(&inner, &steps, &left) { isListChanged = true }
        if inner.isEmpty { isListChanged = true } else { kept.append(inner) }
        steps.removeLast()
      }
      guard isListChanged else { continue }
      group.setGroups(list.element, kept)
      isChanged = true
    }
    return isChanged
  }
}
