import Declarations
import Primitives
import YAMLTree

/// How a declaration is divided by its goods items and put together again (`schemas/canonical/splitting.yaml`).
package struct SplittingRules: Sendable {
  /// A number of every item: of the item itself, or of a group in it, whose instances are added up.
  struct Basis: Sendable {
    let groups: [ElementIndex]
    let element: ElementIndex
  }

  struct Total: Sendable {
    let element: ElementIndex
    let isCount: Bool
    let bases: [Basis]
    /// The total is divided only while an element has this value.
    let condition: (element: ElementIndex, text: String)?
  }

  struct Reference: Sendable {
    /// The group that names an item, and the element in it that does.
    let group: ElementIndex
    let element: ElementIndex
    /// The group of the declaration that holds the naming groups; nil: they stand in the declaration itself.
    let holder: ElementIndex?
    /// By what instances of the holder are the same again when parts are joined.
    let key: ElementIndex?
  }

  struct Share: Sendable {
    let element: ElementIndex
    let reference: Reference
    let bases: [Basis]
  }

  /// How answers to parts become one answer.
  struct Answers: Sendable {
    let status: ElementIndex
    /// Codes of the status, the weakest first.
    let weakest: [String]
    /// Those that need no other answer.
    let decides: [String]
    /// What is said of the whole before all parts have answered.
    let whole: [ElementIndex]
    /// A text of the status, and what makes a reason of it.
    let text: ElementIndex
    let reasonText: ElementIndex
    let textKind: [(element: ElementIndex, text: String)]
    let reasons: ElementIndex
    let pointer: ElementIndex
    /// The steps to a place, in a reason; a step of one of the classes names an item by its number.
    let steps: ElementIndex
    let stepClass: ElementIndex
    let stepNumber: ElementIndex
    let itemClasses: [String]
    /// The reason of a part without an answer.
    let unanswered: [(element: ElementIndex, text: String)]
  }

  let items: ElementIndex
  let number: ElementIndex
  let totals: [Total]
  let references: [Reference]
  let shares: [Share]
  let answers: Answers

  /// - Throws: `config.yaml_invalid` and the like with file, line and reason.
  static func load(_ root: YAMLNode, dictionary: ElementDictionary) throws(CausewayError) -> SplittingRules {
    try root.allow(["items", "totals", "references", "shares", "answers"])
    let loader = Loader(dictionary: dictionary)
    let head = try root.required("items")
    try head.allow(["group", "number"])
    let items = try loader.group(try head.required("group"))
    let number = try loader.element(try head.required("number"), in: items)
    var totals: [Total] = []
    for node in try root["totals"]?.list() ?? [] { totals.append(try loader.total(node, items)) }
    var references: [Reference] = []
    for node in try root["references"]?.list() ?? [] { references.append(try loader.reference(node)) }
    var shares: [Share] = []
    for node in try root["shares"]?.list() ?? [] { shares.append(try loader.share(node, items, references)) }
    return SplittingRules(
      items: items, number: number, totals: totals, references: references, shares: shares,
      answers: try loader.answers(try root.required("answers")))
  }

  private struct Loader {
    let dictionary: ElementDictionary

    func group(_ node: YAMLNode) throws(CausewayError) -> ElementIndex {
      let id = try node.string()
      guard let index = dictionary[id: id], dictionary[index].isGroup else { throw node.error("the dictionary has no group \(id)") }
      return index
    }

    func element(_ node: YAMLNode, in group: ElementIndex? = nil) throws(CausewayError) -> ElementIndex {
      let id = try node.string()
      guard let index = dictionary[id: id], !dictionary[index].isGroup else { throw node.error("the dictionary has no element \(id)") }
      guard group == nil || dictionary[index].group == group else { throw node.error("\(id) stands in another group") }
      return index
    }

    private func bases(_ node: YAMLNode, _ items: ElementIndex) throws(CausewayError) -> [Basis] {
      var bases: [Basis] = []
      for node in try node.list() {
        let element = try element(node)
        let chain = dictionary.groups(around: element)
        guard let start = chain.firstIndex(of: items) else { throw node.error("\(dictionary[element].id) is no number of an item") }
        switch dictionary[element].type {
        case .decimal, .integer: bases.append(Basis(groups: Array(chain[(start + 1)...]), element: element))
        default: throw node.error("\(dictionary[element].id) is not a number")
        }
      }
      return bases
    }

    func total(_ node: YAMLNode, _ items: ElementIndex) throws(CausewayError) -> Total {
      try node.allow(["element", "count", "by", "when"])
      var condition: (element: ElementIndex, text: String)?
      if let member = try node["when"]?.members().first {
        guard let element = dictionary[id: member.key] else { throw node.error("the dictionary has no element \(member.key)") }
        condition = (element: element, text: try member.value.string())
      }
      let isCount = try node["count"]?.flag() ?? false
      guard isCount != (node["by"] != nil) else { throw node.error("a total is counted, or divided by something") }
      return Total(
        element: try element(try node.required("element")), isCount: isCount,
        bases: isCount ? [] : try bases(try node.required("by"), items), condition: condition)
    }

    func reference(_ node: YAMLNode) throws(CausewayError) -> Reference {
      try node.allow(["element", "of", "key"])
      let element = try element(try node.required("element"))
      guard let group = dictionary[element].group else { throw node.error("an item is named in a group") }
      var holder: ElementIndex?
      if let of = node["of"] { holder = try self.group(of) }
      guard dictionary[group].group == (holder ?? dictionary.root(of: "declaration")) else {
        throw node.error("the group of \(dictionary[element].id) stands elsewhere")
      }
      var key: ElementIndex?
      if let node = node["key"] { key = try self.element(node, in: holder) }
      return Reference(group: group, element: element, holder: holder, key: key)
    }

    func share(_ node: YAMLNode, _ items: ElementIndex, _ references: [Reference]) throws(CausewayError) -> Share {
      try node.allow(["element", "items", "by"])
      let named = try element(try node.required("items"))
      guard let reference = references.first(where: { $0.element == named }), let holder = reference.holder else {
        throw node.error("`items` names a reference above that stands in a group of the declaration")
      }
      return Share(
        element: try element(try node.required("element"), in: holder), reference: reference,
        bases: try bases(try node.required("by"), items))
    }

    func answers(_ node: YAMLNode) throws(CausewayError) -> Answers {
      try node.allow(["status", "whole", "texts", "reasons", "steps", "unanswered"])
      let (status, reasons) = (try node.required("status"), try node.required("reasons"))
      let steps = try node.required("steps")
      try status.allow(["element", "weakest", "decides"])
      try reasons.allow(["group", "pointer"])
      try steps.allow(["group", "class", "number", "items"])
      let weakest = try status.required("weakest").strings()
      let decides = try status["decides"]?.strings() ?? []
      guard decides.allSatisfy(weakest.contains) else { throw status.error("what decides is one of `weakest`") }
      let (group, places) = (try self.group(try reasons.required("group")), try self.group(try steps.required("group")))
      func fixed(_ node: YAMLNode) throws(CausewayError) -> [(element: ElementIndex, text: String)] {
        var fixed: [(element: ElementIndex, text: String)] = []
        for member in try node.members() {
          guard let element = dictionary[id: member.key], dictionary[element].group == group else {
            throw node.error("\(member.key) is no element of a reason")
          }
          fixed.append((element: element, text: try member.value.string()))
        }
        return fixed
      }
      let (texts, root) = (try node.required("texts"), dictionary[group].group)
      try texts.allow(["of", "as", "with"])
      var whole: [ElementIndex] = []
      for id in try node["whole"]?.list() ?? [] { whole.append(try element(id, in: root)) }
      return Answers(
        status: try element(try status.required("element"), in: root), weakest: weakest, decides: decides, whole: whole,
        text: try element(try texts.required("of"), in: root), reasonText: try element(try texts.required("as"), in: group),
        textKind: try fixed(try texts.required("with")),
        reasons: group, pointer: try element(try reasons.required("pointer"), in: group),
        steps: places, stepClass: try element(try steps.required("class"), in: places),
        stepNumber: try element(try steps.required("number"), in: places), itemClasses: try steps.required("items").strings(),
        unanswered: try fixed(try node.required("unanswered")))
    }
  }
}
